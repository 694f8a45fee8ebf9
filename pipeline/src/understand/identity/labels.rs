//! The labels that identity documents print, in the languages of our users, and the numbers that licences print instead.

use std::sync::LazyLock;

use crate::knowledge::{self, Phrases};

/// What a label asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Surname,
    /// The second of two surnames that have a label each.
    SecondSurname,
    Given,
    /// Surname and given names, or only the latter where the surname has a label of its own.
    Name,
    Number,
    /// A number of the holder, not of the document: taken where the document shows none of its own.
    Person,
    Birth,
    Expiry,
    Sex,
    Nationality,
    /// Names of father and mother.
    Parents,
    /// Something that is no field of ours.
    Other,
}

impl What {
    /// Whether a person's name is its value.
    pub(super) fn is_name(self) -> bool {
        matches!(self, Self::Surname | Self::SecondSurname | Self::Given | Self::Name)
    }
}

/// The phrases of a role in `data/id_labels.tsv`.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/id_labels.tsv"), role)
}

/// Labels. Of two that begin at one place the longer counts, of two alike the first.
pub(super) static LABELS: [(What, Phrases); 12] = [
    (What::Surname, LazyLock::new(|| of("surname"))),
    (What::SecondSurname, LazyLock::new(|| of("second_surname"))),
    (What::Parents, LazyLock::new(|| of("parents"))),
    (What::Given, LazyLock::new(|| of("given"))),
    (What::Name, LazyLock::new(|| of("name"))),
    (What::Number, LazyLock::new(|| of("number"))),
    (What::Person, LazyLock::new(|| of("person"))),
    (What::Birth, LazyLock::new(|| of("birth"))),
    (What::Expiry, LazyLock::new(|| of("expiry"))),
    (What::Sex, LazyLock::new(|| of("sex"))),
    (What::Nationality, LazyLock::new(|| of("nationality"))),
    (What::Other, LazyLock::new(|| of("other"))),
];

/// Labels too short to count but right before digits, on American cards.
pub(super) static BEFORE_DIGITS: Phrases = LazyLock::new(|| of("before_digits"));

/// The numbered fields of driving licences: AAMVA DL/ID Card Design Standard §D.6 in America, ISO/IEC 18013-1 and
/// Directive 2006/126/EC elsewhere. They differ in where the licence's number stands.
pub(super) const CODES: &[(&str, What, What)] = &[
    ("1", What::Surname, What::Surname),
    ("2", What::Given, What::Given),
    ("3", What::Birth, What::Birth),
    ("4a", What::Other, What::Other),
    ("4b", What::Expiry, What::Expiry),
    ("4c", What::Other, What::Other),
    ("4d", What::Number, What::Other),
    ("5", What::Other, What::Number),
    ("7", What::Other, What::Other),
    ("8", What::Other, What::Other),
    ("9", What::Other, What::Other),
    ("9a", What::Other, What::Other),
    ("10", What::Other, What::Other),
    ("11", What::Other, What::Other),
    ("12", What::Other, What::Other),
    ("15", What::Sex, What::Other),
    ("16", What::Other, What::Other),
    ("17", What::Other, What::Other),
    ("18", What::Other, What::Other),
    ("19", What::Other, What::Other),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_of_the_file_is_read() {
        let text = include_str!("../data/id_labels.tsv");
        let lists: Vec<&Phrases> = LABELS.iter().map(|(_, labels)| labels).chain([&BEFORE_DIGITS]).collect();
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
    }
}
