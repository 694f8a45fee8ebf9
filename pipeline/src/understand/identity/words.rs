//! Words about persons: the lists of `data/person_words.tsv`, by role.

use std::sync::LazyLock;

use crate::knowledge::{self, Phrases};

/// The words of a role.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/person_words.tsv"), role)
}

/// What belongs to the word of a name that follows.
pub(super) static PARTICLES: Phrases = LazyLock::new(|| of("particle"));
/// What belongs to the surname before it.
pub(super) static SUFFIXES: Phrases = LazyLock::new(|| of("suffix"));
/// Words within a name that are written small.
pub(super) static SMALL: Phrases = LazyLock::new(|| of("small"));
/// Labels that put the surname first.
pub(super) static SURNAME_FIRST: Phrases = LazyLock::new(|| of("surname_first"));
/// What stands before the name of a parent or husband.
pub(super) static CARE_OF: Phrases = LazyLock::new(|| of("care_of"));
/// How the sexes are printed.
pub(super) static MALE: Phrases = LazyLock::new(|| of("male"));
pub(super) static FEMALE: Phrases = LazyLock::new(|| of("female"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_words() {
        let text = include_str!("../data/person_words.tsv");
        let lists = [&PARTICLES, &SUFFIXES, &SMALL, &SURNAME_FIRST, &CARE_OF, &MALE, &FEMALE];
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
    }
}
