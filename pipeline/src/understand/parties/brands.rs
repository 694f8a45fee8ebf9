//! A gazetteer of brands: names that shops of the world carry on their signs.

use std::{collections::HashSet, sync::LazyLock};

use crate::understand::surer::bare;

static BRANDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("../data/brands.txt").lines().filter(|l| !l.starts_with('#') && !l.is_empty()).collect()
});

/// Whether a name, blanks and marks aside, is a brand's: `A L D I` is, `Aldi Talk` is not.
#[must_use]
pub fn is_brand(name: &str) -> bool {
    BRANDS.contains(bare(name).as_str())
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
            BRANDS.contains(whole.into_iter().collect::<String>().as_str())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
