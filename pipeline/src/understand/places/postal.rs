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
            let code = words[at..at + n].join(" ");
            let town = words.get(at + n).is_some_and(|w| {
                w.chars().filter(|c| c.is_alphabetic()).count() >= TOWN && w.starts_with(char::is_uppercase)
            });
            let fits =
                |s: &&Shapes| (town || !s.town) && s.shapes.iter().any(|shape| has_shape(&code, shape));
            found.extend(SHAPES.iter().filter(fits).map(|s| s.country));
        }
    }
    found
}

/// Whether a text has a shape: `A` a capital, `9` a digit, anything else, and what stands in quotes, itself.
fn has_shape(text: &str, shape: &str) -> bool {
    let mut left = text.chars();
    for (quoted, part) in shape.split('\'').enumerate().map(|(n, part)| (n % 2 == 1, part)) {
        for class in part.chars() {
            let fits = |c: char| match class {
                'A' if !quoted => c.is_ascii_uppercase(),
                '9' if !quoted => c.is_ascii_digit(),
                _ => c == class,
            };
            if !left.next().is_some_and(fits) {
                return false;
            }
        }
    }
    left.next().is_none()
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

    #[test]
    fn letters_that_a_shape_names_itself() {
        assert!(has_shape("AD500", "'AD'999") && has_shape("LV-1010", "'LV'-9999"));
        for text in ["BD500", "AD50", "AD5000", "ad500", "9D500"] {
            assert!(!has_shape(text, "'AD'999"), "{text}");
        }
        assert!(has_shape("M5G 1M7", "A9A 9A9") && !has_shape("M5G 1M7", "'A'9A 9A9"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = countries(&text);
        }
    }
}
