//! Which country an identity document is of, and what nationalities are called on it.

use std::sync::LazyLock;

use super::{states, types::STATE_CARD};
use crate::{
    knowledge,
    understand::sheet::{Sheet, fold, has_phrase},
};

/// A line of `data/id_countries.tsv`.
struct Country {
    /// ISO 3166-1 alpha-3.
    code: &'static str,
    /// Given names come first, by custom and on documents.
    given_first: bool,
    /// What the authority calls itself.
    names: Vec<&'static str>,
    /// What a national is called, by first letters.
    nationals: Vec<&'static str>,
}

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let [code, order, names, nationals] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let (names, nationals) = (names.split("; ").collect(), nationals.split("; ").collect());
        Some(Country { code, given_first: order == "given", names, nationals })
    };
    knowledge::lines(include_str!("../data/id_countries.tsv")).filter_map(row).collect()
});

/// Whether given names come first in a country (alpha-3).
pub(super) fn given_first(code: &str) -> bool {
    COUNTRIES.iter().any(|c| c.code == code && c.given_first)
}

/// The lines in which an authority names itself, folded.
pub(super) fn head(sheet: &Sheet) -> String {
    sheet.rows.iter().take(4).map(|r| r.folded.as_str()).collect::<Vec<_>>().join("\n")
}

/// The document's country (alpha-3) and how sure that is.
pub(super) fn issuing(sheet: &Sheet, kind: Option<&str>) -> Option<(&'static str, f32)> {
    // An authority names itself at the top; places of birth and nationalities stand further down.
    let full =
        |names: &[&str]| names.iter().filter(|n| n.contains(' ')).any(|n| has_phrase(&sheet.folded, n));
    let head = head(sheet);
    let state = || states::state(&head).is_some();
    match kind {
        Some("driver_license") if state() || has_phrase(&head, "usa") => return Some(("USA", 0.93)),
        Some("national_id") if state() && sheet.says(&STATE_CARD) => return Some(("USA", 0.93)),
        // No other country's card says so.
        Some("social_security") => return Some(("USA", 0.9)),
        _ => {}
    }
    if let Some(country) = COUNTRIES.iter().find(|c| full(&c.names)) {
        return Some((country.code, 0.93));
    }
    let named = |c: &&Country| c.names.iter().any(|n| has_phrase(&head, n));
    COUNTRIES.iter().find(named).map(|c| (c.code, 0.85))
}

/// The alpha-3 code that a printed nationality means.
pub(super) fn nationality(text: &str) -> Option<&'static str> {
    let folded = fold(text);
    let folded = folded.trim();
    let called = |national: &&str| {
        folded.split_whitespace().any(|w| w.starts_with(national)) || folded.starts_with(national)
    };
    let means = |c: &&Country| {
        c.code.eq_ignore_ascii_case(folded)
            || c.names.iter().any(|n| has_phrase(folded, n))
            || c.nationals.iter().any(called)
    };
    COUNTRIES.iter().find(means).map(|c| c.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_file_is_a_country() {
        let lines = knowledge::lines(include_str!("../data/id_countries.tsv"));
        assert_eq!(lines.count(), COUNTRIES.len());
        for (at, country) in COUNTRIES.iter().enumerate() {
            let code = country.code;
            assert!(code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()), "{code}");
            assert!(COUNTRIES[..at].iter().all(|c| c.code != code), "{code} stands twice");
            assert!(country.names.iter().chain(&country.nationals).all(|w| fold(w) == *w), "{code}");
        }
        assert!(given_first("ESP") && !given_first("MYS") && !given_first("XXX"));
    }
}
