//! Countries by the cities, postal codes and telephone numbers on a page.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::LazyLock,
};

use super::{postal, tables::COUNTRIES};
use crate::{
    knowledge,
    understand::{
        parties::blocks::is_others,
        sheet::{Cell, Sheet},
    },
};

/// Country by city, both as `data/cities.tsv` has them.
static CITIES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let rows = knowledge::lines(include_str!("../data/cities.tsv"));
    let rows = rows.filter_map(|line| line.split_once('\t'));
    rows.flat_map(|(country, names)| names.split(';').map(move |name| (name, country))).collect()
});

/// The longest name of a city, in words.
const WORDS: usize = 4;
/// Cities of a country beyond so many say no more.
const ENOUGH: usize = 2;
/// A telephone number with the country's calling code weighs as much as two cities: nobody prints another's.
const TELEPHONE: usize = 2;
/// Digits of an international number (ITU-T E.164), and the fewest that are one.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// How much cities, postal codes and telephone numbers, but the recipient's, speak for each country (ISO 3166-1).
pub(super) fn weights(sheet: &Sheet) -> HashMap<&'static str, usize> {
    let theirs = sheet.blocks();
    let mut cities: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut called, mut coded) = (BTreeSet::new(), BTreeSet::new());
    for (r, row) in sheet.rows.iter().enumerate() {
        for (c, cell) in row.cells.iter().enumerate() {
            if is_others(theirs, (r, c)) {
                continue;
            }
            for (country, city) in named(cell) {
                cities.entry(country).or_default().insert(city);
            }
            called.extend(calling(&cell.text));
            coded.extend(postal::countries(&cell.text));
        }
    }
    let mut weights: HashMap<&'static str, usize> = HashMap::new();
    for country in COUNTRIES.iter() {
        let said = cities.get(country.code).map_or(0, |c| c.len().min(ENOUGH))
            + if called.contains(country.code) { TELEPHONE } else { 0 }
            + usize::from(coded.contains(country.code));
        if said > 0 {
            weights.insert(country.code, said);
        }
    }
    weights
}

/// Whether a folded text is the name of a city and nothing else but figures and a state's two letters: `Las Vegas, NV`.
#[must_use]
pub fn is_city(folded: &str) -> bool {
    let words: Vec<&str> = words(folded).filter(|w| !w.bytes().all(|b| b.is_ascii_digit())).collect();
    let city =
        |words: &[&str]| (1..=WORDS).contains(&words.len()) && CITIES.contains_key(words.join(" ").as_str());
    city(&words) || matches!(words.as_slice(), [city_of @ .., state] if state.len() == 2 && city(city_of))
}

/// States and provinces, as `data/states.tsv` has them.
static STATES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let rows = knowledge::lines(include_str!("../data/states.tsv")).filter_map(|l| l.split_once('\t'));
    rows.flat_map(|(_, names)| names.split("; ")).collect()
});

/// Whether a folded text is a town with its state and nothing else but figures: `Vancouver, British Columbia`.
#[must_use]
pub fn with_state(folded: &str) -> bool {
    let Some((town, behind)) = folded.split_once(',') else { return false };
    let letters = |text: &str| {
        let letters = words(text).filter(|w| !w.bytes().all(|b| b.is_ascii_digit()));
        letters.collect::<Vec<_>>().join(" ")
    };
    let (town, state) = (letters(town), letters(behind));
    let zip = words(behind).any(|w| w.len() == 5 && w.bytes().all(|b| b.is_ascii_digit()));
    let known = zip || state.len() > 2 || CITIES.contains_key(town.as_str());
    !town.is_empty() && known && STATES.contains(&state.as_str())
}

fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty())
}

/// The cities that a cell names, the longest names first; what is written all small names none.
fn named(cell: &Cell) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    if !cell.text.contains(char::is_uppercase) {
        return found;
    }
    let words: Vec<&str> = words(&cell.folded).collect();
    let mut at = 0;
    while at < words.len() {
        let longest = (1..=WORDS.min(words.len() - at)).rev().find_map(|n| {
            let name = words[at..at + n].join(" ");
            CITIES.get(name.as_str()).map(|country| (n, *country, name))
        });
        if let Some((n, country, name)) = longest {
            found.push((country, name));
            at += n;
        } else {
            at += 1;
        }
    }
    found
}

/// Countries whose calling code a number begins with: `+34 958 55 01 01`.
fn calling(text: &str) -> Vec<&'static str> {
    let numbers = text.match_indices('+').filter_map(|(at, _)| {
        let behind = &text[at + 1..];
        let inner = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
        let run = &behind[..behind.find(|c| !inner(c)).unwrap_or(behind.len())];
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        let begins = behind.starts_with(|c: char| ('1'..='9').contains(&c));
        (begins && DIGITS.contains(&digits.len())).then_some(digits)
    });
    numbers.filter_map(|digits| country_called(&digits)).collect()
}

/// The country (ISO 3166-1) that a telephone number, as its digits with the calling code, can only be of.
#[must_use]
pub fn country_called(digits: &str) -> Option<&'static str> {
    let codes = COUNTRIES.iter().filter_map(|c| Some((c.calling?, c.code)));
    codes.filter(|(code, _)| digits.starts_with(code)).max_by_key(|(code, _)| code.len()).map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::sheet::drawn;

    #[test]
    fn cities_and_telephones_say_a_country() {
        let sheet = drawn(&[
            &[(0.1, "U Fleku")],
            &[(0.1, "Kremencova 11, Praha 1")],
            &[(0.1, "Tel. +420 224 934 019")],
            &[(0.1, "Bill to:")],
            &[(0.1, "Monte Verde GmbH")],
            &[(0.1, "10115 Berlin")],
        ]);
        let found = weights(&sheet);
        assert_eq!(found.get("CZ"), Some(&3));
        assert_eq!(found.get("DE"), None, "the recipient's city says nothing of the issuer");
    }

    #[test]
    fn what_is_no_city() {
        for text in ["como", "NICE", "total", "date", "Mobile"] {
            assert!(!is_city(&text.to_lowercase()), "{text}");
        }
        assert!(
            is_city("buenos aires") && is_city("praha 1") && is_city("hong kong") && is_city("las vegas, nv")
        );
        assert!(with_state("vancouver, british columbia") && with_state("seattle, wa 98101"));
        assert!(!with_state("washington") && !with_state("cafe oregon"));
        assert!(calling("1 + 34 = 35").is_empty() && calling("+1 (714) 555-0100").is_empty());
        assert_eq!(calling("Tel (+52) 55 1234 5678 / +34 958550101"), ["MX", "ES"]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = (weights(&drawn(&[&[(0.1, text.as_str())]])), is_city(&text));
        }
    }
}
