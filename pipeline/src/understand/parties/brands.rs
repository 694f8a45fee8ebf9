//! A gazetteer of brands: names that shops of the world carry on their signs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use super::{names::tokens, words::TRADE};
use crate::{
    knowledge,
    understand::{reconcile::bare, sheet::Sheet},
};

/// Brands as [`bare`] writes them, and whether a running text may say them of something else.
static BRANDS: LazyLock<HashMap<&'static str, bool>> = LazyLock::new(|| {
    let lines = knowledge::lines(include_str!("../data/brands.txt"));
    lines.map(|l| l.strip_suffix(" *").map_or((l, false), |brand| (brand, true))).collect()
});

/// Whether a name, blanks and marks aside, is a brand's: `A L D I` is, `Aldi Talk` is not.
#[must_use]
pub fn is_brand(name: &str) -> bool {
    BRANDS.contains_key(bare(name).as_str())
}

/// Whether a name is a brand's that a running text can only say of it.
#[must_use]
pub fn is_sure(name: &str) -> bool {
    BRANDS.get(bare(name).as_str()) == Some(&false)
}

/// Whether a name is a brand's with words of its trade: `Supermarket Stokrotka`, `Sklep Żabka`.
#[must_use]
pub fn with_its_trade(name: &str) -> bool {
    let words = tokens(name);
    let is_trade = |word: &str| TRADE.contains(&word);
    let own: Vec<&str> =
        words.iter().filter(|w| !is_trade(&w.plain)).map(|w| &name[w.start..w.end]).collect();
    let own_name = bare(&own.join(" "));
    own.len() < words.len() && own_name.chars().count() >= LETTERS && BRANDS.contains_key(own_name.as_str())
}

/// Names as short as this are looked at for a letter that was lost.
const SHORT: std::ops::RangeInclusive<usize> = 3..=6;

/// Whether a short name is a brand's but for one letter that was not read: `KEA`, `LDL`.
#[must_use]
pub fn lacks_a_letter(name: &str) -> bool {
    let own: Vec<char> = bare(name).chars().collect();
    if !SHORT.contains(&own.len()) || is_brand(name) {
        return false;
    }
    (0..=own.len()).any(|at| {
        ('a'..='z').chain('0'..='9').any(|letter| {
            let mut whole = own.clone();
            whole.insert(at, letter);
            BRANDS.contains_key(whole.into_iter().collect::<String>().as_str())
        })
    })
}

/// Letters and digits of the shortest brand that is known though one of them was misread.
const LONG: usize = 11;

/// The brands, letter by letter, that are so long that hardly another name differs from them by one, and that a running text
/// can only say of them.
pub(super) static LONG_ONES: LazyLock<Vec<Vec<char>>> = LazyLock::new(|| {
    let sure = BRANDS.iter().filter(|(_, common)| !**common);
    let letters = sure.map(|(brand, _)| brand.chars().collect::<Vec<char>>());
    let mut long: Vec<Vec<char>> = letters.filter(|brand| brand.len() >= LONG).collect();
    long.sort();
    long
});

/// A brand that a page names.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    /// As printed where it stands first.
    pub name: String,
    /// Row and cell of that place.
    pub at: (usize, usize),
    /// On how many lines it stands.
    pub lines: usize,
}

/// Words of the longest brand that is looked for in a line.
const WORDS: usize = 4;
/// Letters and digits of the shortest one.
const LETTERS: usize = 5;

/// Brands that lines of the first page name, alone or among other words, by [`bare`]: `Download the McDonald's App`.
#[must_use]
pub fn mentions(sheet: &Sheet, skip: impl Fn((usize, usize)) -> bool) -> BTreeMap<String, Mention> {
    let mut found: BTreeMap<String, Mention> = BTreeMap::new();
    for (r, row) in sheet.rows.iter().enumerate().filter(|(_, row)| row.page == 1) {
        let mut here: Vec<String> = Vec::new();
        for (c, cell) in row.cells.iter().enumerate().filter(|(c, _)| !skip((r, *c))) {
            for (brand, printed) in named(&cell.text) {
                if here.contains(&brand) {
                    continue;
                }
                here.push(brand.clone());
                let first = || Mention { name: printed, at: (r, c), lines: 0 };
                found.entry(brand).or_insert_with(first).lines += 1;
            }
        }
    }
    found
}

/// The brands in a text that it can only mean as such, with how they are printed.
fn named(text: &str) -> Vec<(String, String)> {
    let parts =
        |c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '|' | '/' | '(' | ')' | '<' | '>');
    let words: Vec<&str> = text.split(parts).filter(|w| !w.is_empty() && !w.contains('@')).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let longest = (1..=WORDS.min(words.len() - at)).rev().find_map(|n| {
            let printed = words[at..at + n].join(" ");
            Some((n, brand(&printed)?, printed))
        });
        let Some((n, brand, printed)) = longest else {
            at += 1;
            continue;
        };
        let trimmed = printed.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
        found.push((brand, trimmed));
        at += n;
    }
    found
}

fn brand(printed: &str) -> Option<String> {
    let own = bare(printed);
    let sure = |name: &str| name.chars().count() >= LETTERS && is_sure(name);
    // "Giordano's": the owner's s.
    let without = || own.strip_suffix('s').filter(|o| printed.contains(['\'', '\u{2019}']) && sure(o));
    if sure(&own) { Some(own) } else { without().map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brand_with_its_trade() {
        assert!(with_its_trade("Supermarket Stokrotka") && with_its_trade("SKLEP ŻABKA"));
        assert!(!with_its_trade("Stokrotka") && !with_its_trade("Restaurant Luna"));
    }
    use crate::understand::sheet::drawn;

    #[test]
    fn a_logo_that_lost_a_letter() {
        for name in ["KEA", "LDL", "L DL"] {
            assert!(lacks_a_letter(name), "{name}");
        }
        for name in ["IKEA", "Lidl", "Nube Roja", "ZQ"] {
            assert!(!lacks_a_letter(name), "{name}");
        }
    }

    #[test]
    fn brands_as_they_are_printed() {
        for name in ["A L D I", "Starbucks", "CHICK-FIL-A", "McDonald's", "Éxito"] {
            assert!(is_brand(name), "{name}");
        }
        for name in ["TOTAL", "Ticket", "Mesa 4", "PRESTADOR / FORNECEDOR", "", "Kvitto"] {
            assert!(!is_brand(name), "{name}");
        }
    }

    #[test]
    fn brands_in_what_lines_say() {
        let sheet = drawn(&[
            &[(0.1, "MFY Side 1")],
            &[(0.1, "Download the McDonald's App")],
            &[(0.1, "oss på BURGER KING"), (0.7, "Target")],
            &[(0.1, "www.burgerking.se / Netto 12,00")],
            &[(0.1, "BURGER KING Vasagatan")],
        ]);
        let found = mentions(&sheet, |_| false);
        let lines: Vec<_> = found.iter().map(|(brand, m)| (brand.as_str(), m.lines)).collect();
        assert_eq!(lines, [("burgerking", 2), ("mcdonalds", 1)]);
        assert_eq!(found["mcdonalds"].name, "McDonald's");
        assert!(!mentions(&sheet, |at| at.0 == 1).contains_key("mcdonalds"));
    }
}
