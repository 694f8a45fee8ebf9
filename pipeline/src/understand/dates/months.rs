//! Names of months, as `data/months.tsv` has them.

use std::{collections::HashMap, sync::LazyLock};

use crate::knowledge;

struct Names {
    /// `None`: different months in different languages.
    months: HashMap<&'static str, Option<u8>>,
    joins: Vec<&'static str>,
    /// As OCR reads them, and as they are.
    misread: Vec<(String, String)>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { months: HashMap::new(), joins: Vec::new(), misread: Vec::new() };
    for line in knowledge::lines(include_str!("../data/months.tsv")) {
        let Some((language, cells)) = line.split_once('\t') else { continue };
        match language {
            "join" => {
                names.joins.extend(cells.split_whitespace());
                continue;
            }
            "nought" => {
                let stems = cells.split_whitespace().filter_map(|stem| stem.strip_prefix('o'));
                let slip = |stem: &str| [' ', '-'].map(|by| (format!("{by}0{stem}"), format!("{by}o{stem}")));
                names.misread.extend(stems.flat_map(slip));
                continue;
            }
            _ => {}
        }
        for (month, forms) in (1..=12).zip(cells.split(';')) {
            for form in forms.split_whitespace().filter(|form| *form != "-") {
                let known = names.months.entry(form).or_insert(Some(month));
                *known = known.filter(|known| *known == month);
            }
        }
    }
    names
});

/// The month of a (folded) name.
pub(super) fn month(word: &str) -> Option<u8> {
    NAMES.months.get(word).copied().flatten()
}

/// Whether a (folded) word may stand between the parts of a date.
pub(super) fn joins(word: &str) -> bool {
    NAMES.joins.contains(&word)
}

/// How OCR reads the beginnings of months with a nought for their O (behind a blank or a hyphen), and what they are.
pub(super) fn misread() -> &'static [(String, String)] {
    &NAMES.misread
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::sheet::fold;

    #[test]
    fn every_language_has_twelve_months_as_they_are_folded() {
        for line in knowledge::lines(include_str!("../data/months.tsv")) {
            let (language, cells) = line.split_once('\t').unwrap();
            let words = matches!(language, "join" | "nought");
            assert!(words || cells.split(';').count() == 12, "{language}");
            assert_eq!(fold(cells), cells, "{language}");
        }
    }

    #[test]
    fn a_month_of_two_meanings_is_none() {
        assert_eq!(month("listopada"), None);
        assert_eq!(
            (month("listopadu"), month("pazdziernika"), month("marcius")),
            (Some(11), Some(10), Some(3))
        );
    }
}
