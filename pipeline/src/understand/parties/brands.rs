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

#[cfg(test)]
mod tests {
    use super::*;

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
