//! Names of the days of the week, as `data/weekdays.tsv` has them.

use std::{collections::HashMap, sync::LazyLock};

use time::Weekday;

use crate::knowledge;

const DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// `None`: different days in different languages.
static NAMES: LazyLock<HashMap<&'static str, Option<Weekday>>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for line in knowledge::lines(include_str!("../data/weekdays.tsv")) {
        let Some((_, cells)) = line.split_once('\t') else { continue };
        for (day, forms) in DAYS.into_iter().zip(cells.split(';')) {
            for form in forms.split_whitespace().filter(|form| *form != "-") {
                let known = names.entry(form).or_insert(Some(day));
                *known = known.filter(|known| *known == day);
            }
        }
    }
    names
});

/// The day of the week of a (folded) name.
#[must_use]
pub fn weekday(word: &str) -> Option<Weekday> {
    NAMES.get(word).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::sheet::fold;

    #[test]
    fn every_language_has_seven_days_as_they_are_folded() {
        for line in knowledge::lines(include_str!("../data/weekdays.tsv")) {
            let (language, cells) = line.split_once('\t').unwrap();
            assert_eq!(cells.split(';').count(), 7, "{language}");
            assert_eq!(fold(cells), cells, "{language}");
        }
        assert!(NAMES.values().all(Option::is_some), "a day of two meanings");
    }

    #[test]
    fn days_of_many_languages() {
        for word in ["thu", "jueves", "quinta", "donnerstag", "jeudi", "giovedi", "donderdag"] {
            assert_eq!(weekday(word), Some(Weekday::Thursday), "{word}");
        }
        assert_eq!(weekday("noon"), None);
    }
}
