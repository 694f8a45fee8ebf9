//! Words beside amounts that say a currency or a minus: the lists of `data/money_words.tsv`, by role.

use std::sync::LazyLock;

use crate::knowledge::{self, Phrases};

/// The words of a role.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/money_words.tsv"), role)
}

/// Names of currencies that are written `$`.
pub(super) static DOLLAR: Phrases = LazyLock::new(|| of("dollar"));
/// What says behind an amount that one has it and does not owe it.
pub(super) static CREDIT: Phrases = LazyLock::new(|| of("credit"));
/// The same where it may be something else.
pub(super) static SIDE: Phrases = LazyLock::new(|| of("side"));
/// Taxes and registers that only others than the United States have.
pub(in crate::understand) static ELSEWHERE: Phrases = LazyLock::new(|| of("elsewhere"));
/// How the United States call the tax that they add to a sum: no more than that.
pub(in crate::understand) static ADDED: Phrases = LazyLock::new(|| of("added"));
/// What says beside it that it is in the sum, or of what paper it is the name.
pub(in crate::understand) static NOT_ADDED: Phrases = LazyLock::new(|| of("not_added"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_words() {
        let text = include_str!("../data/money_words.tsv");
        knowledge::assert_read(text, &[&DOLLAR, &CREDIT, &SIDE, &ELSEWHERE, &ADDED, &NOT_ADDED]);
        knowledge::assert_folded(text);
    }
}
