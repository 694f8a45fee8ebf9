//! Words around the numbers of documents: the lists of `data/number_words.tsv`, by role.

use std::sync::LazyLock;

use crate::knowledge::{self, Phrases};

/// The words of a role.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/number_words.tsv"), role)
}

/// What stands before the letters of a number.
pub(super) static SERIES: Phrases = LazyLock::new(|| of("series"));
/// What stands before the till's part of a number.
pub(super) static TILL: Phrases = LazyLock::new(|| of("till"));
/// A second word for number between a label and its number.
pub(super) static AGAIN: Phrases = LazyLock::new(|| of("again"));
/// A word for number that touches it.
pub(super) static GLUED: Phrases = LazyLock::new(|| of("glued"));
/// What stands before a number of nine figures that needs no other label.
pub(super) static SIGN: Phrases = LazyLock::new(|| of("sign"));
/// Short words that are no prefix of a number behind them: "SÉRIE 001".
pub(super) static NO_PREFIX: Phrases = LazyLock::new(|| of("no_prefix"));
/// Units behind a count: "1uds".
pub(super) static UNITS: Phrases = LazyLock::new(|| of("unit"));
/// What a note of transport calls itself: the papers of the goods are named on it, with keys of their own.
pub(in crate::understand) static FREIGHT: Phrases = LazyLock::new(|| of("freight"));
/// What says of a number that it is an earlier paper's.
pub(super) static EARLIER: Phrases = LazyLock::new(|| of("earlier"));
/// Words for a date that share a label with a number.
pub(super) static DATES: Phrases = LazyLock::new(|| of("date"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_words() {
        let text = include_str!("../data/number_words.tsv");
        let lists = [&SERIES, &TILL, &AGAIN, &GLUED, &SIGN, &NO_PREFIX, &UNITS, &DATES, &FREIGHT, &EARLIER];
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
    }
}
