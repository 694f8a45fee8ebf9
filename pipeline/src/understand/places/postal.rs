//! Countries by the shapes of postal codes: `65-096 Zielona Góra`, `Toronto ON M5G 1M7`.

use std::{collections::BTreeSet, sync::LazyLock};

use crate::knowledge;

struct Shapes {
    country: &'static str,
    /// A town must follow, for other figures have the shape too.
    town: bool,
    shapes: Vec<&'static str>,
}

static SHAPES: LazyLock<Vec<Shapes>> = LazyLock::new(|| {
    let rows = knowledge::lines(include_str!("../data/postal_codes.tsv"));
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let (country, town) = (cells.next()?, cells.next()? == "town");
        Some(Shapes { country, town, shapes: cells.next()?.split(';').collect() })
    };
    rows.filter_map(row).collect()
});

/// Letters of the shortest town that is looked for behind a code.
const TOWN: usize = 3;

/// Countries (ISO 3166-1) whose postal codes stand in a text.
pub(super) fn countries(text: &str) -> BTreeSet<&'static str> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '|' | '.'))
        .filter(|w| !w.is_empty())
        .collect();
    let mut found = BTreeSet::new();
    for at in 0..words.len() {
        for n in 1..=2.min(words.len() - at) {
            let shape = shape(&words[at..at + n].join(" "));
            let town = words.get(at + n).is_some_and(|w| {
                w.chars().filter(|c| c.is_alphabetic()).count() >= TOWN && w.starts_with(char::is_uppercase)
            });
            let fits = |s: &&Shapes| (town || !s.town) && s.shapes.contains(&shape.as_str());
            found.extend(SHAPES.iter().filter(fits).map(|s| s.country));
        }
    }
    found
}

fn shape(text: &str) -> String {
    let class = |c: char| match c {
        c if c.is_ascii_digit() => '9',
        c if c.is_ascii_uppercase() => 'A',
        c => c,
    };
    text.chars().map(class).collect()
}

/// States by the first figure of their zip codes, as `data/zip_codes.tsv` has them.
static ZIPS: LazyLock<Vec<(&'static str, Vec<&'static str>)>> = LazyLock::new(|| {
    let rows = knowledge::lines(include_str!("../data/zip_codes.tsv"));
    rows.filter_map(|line| line.split_once('\t'))
        .map(|(first, of)| (first, of.split("; ").collect()))
        .collect()
});

/// Whether a number is a zip code of a state, both folded: `98052` of `wa`, `10001-2007` of (New) `york`; "Din In 33624" is
/// no town in Indiana.
pub(super) fn is_zip_of(zip: &str, state: &str) -> bool {
    let zip = zip.split('-').next().unwrap_or_default();
    let five = zip.len() == 5 && zip.bytes().all(|b| b.is_ascii_digit());
    five && ZIPS.iter().any(|(first, states)| zip.starts_with(first) && states.contains(&state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zip_codes_of_their_state() {
        assert!(is_zip_of("98052", "wa") && is_zip_of("10001-2007", "york") && is_zip_of("43004", "ohio"));
        assert!(!is_zip_of("33624", "in") && !is_zip_of("9805", "wa") && !is_zip_of("9805a", "wa"));
    }

    #[test]
    fn shapes_that_one_country_has() {
        for (text, country) in [
            ("Montreal, QC H3B 4G8", "CA"),
            ("645 Bay Street Toronto ON M5G1M7", "CA"),
            ("1 Lothian Rd, Edinburgh EH3 9AF", "GB"),
            ("Damrak 1, 1012 LG Amsterdam", "NL"),
            ("Rio de Janeiro 20031-170", "BR"),
            ("1250-096 Lisboa", "PT"),
            ("65-096 Zielona", "PL"),
        ] {
            assert_eq!(countries(text).into_iter().collect::<Vec<_>>(), [country], "{text}");
        }
        for text in ["12-345 6,00", "2019 PM 10:12", "Order 1234-567", "98101-2007", "RT0001"] {
            assert!(countries(text).is_empty(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = countries(&text);
        }
    }
}
