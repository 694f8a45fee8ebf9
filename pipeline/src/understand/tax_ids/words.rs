//! Words about tax ids: the lists of `data/tax_id_words.tsv`, by role.

use std::sync::LazyLock;

use crate::knowledge::{self, Phrases};

/// The phrases of a role.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/tax_id_words.tsv"), role)
}

/// What says before a label that the id is the recipient's.
pub(super) static RECIPIENT: Phrases = LazyLock::new(|| of("recipient"));
/// What says that it is the issuer's.
pub(super) static ISSUER: Phrases = LazyLock::new(|| of("issuer"));
/// What says that it is neither's.
pub(super) static THIRD: Phrases = LazyLock::new(|| of("third"));
/// What may stand between a label and its id.
pub(super) static FILLER: Phrases = LazyLock::new(|| of("filler"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_words() {
        let text = include_str!("../data/tax_id_words.tsv");
        knowledge::assert_read(text, &[&RECIPIENT, &ISSUER, &THIRD, &FILLER]);
        knowledge::assert_folded(text);
    }
}
