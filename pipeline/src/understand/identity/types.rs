//! What kind of identity document a page calls itself.

use std::sync::LazyLock;

use crate::{
    knowledge::{self, Phrases},
    understand::sheet::{Sheet, fold, has_phrase},
};

/// The phrases of a role in `data/id_types.tsv`.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/id_types.tsv"), role)
}

/// What stands between number and name of an American social security card, and nowhere else.
pub(super) static ESTABLISHED: Phrases = LazyLock::new(|| of("established"));

/// Type of document, by its words, surest first.
static TYPES: [(&str, Phrases); 5] = [
    ("passport", LazyLock::new(|| of("passport"))),
    ("driver_license", LazyLock::new(|| of("driver_license"))),
    ("residence_permit", LazyLock::new(|| of("residence_permit"))),
    ("social_security", LazyLock::new(|| [of("social_security"), of("established")].concat())),
    ("national_id", LazyLock::new(|| of("national_id"))),
];

/// What cards print besides titles, labels and values.
static CARD: Phrases = LazyLock::new(|| of("card"));
/// Words of [`TYPES`] that alone do not tell.
static WEAK: Phrases = LazyLock::new(|| of("weak"));
/// What a card of the United States says that is no licence, though it names one.
static NO_LICENCE: Phrases = LazyLock::new(|| of("no_licence"));
/// What a card of one of the United States is called that is no licence.
pub(super) static STATE_CARD: Phrases = LazyLock::new(|| of("state_card"));

/// The type of document by its words.
#[must_use]
pub fn document_type(sheet: &Sheet) -> Option<&'static str> {
    let bare = squeezed(&sheet.folded);
    let says = |word: &&str| sheet.says(&[word]) || runs_together(&bare, word);
    let found = TYPES.iter().find(|(_, words)| words.iter().any(says)).map(|(kind, _)| *kind);
    if found == Some("driver_license") && NO_LICENCE.iter().any(says) {
        return Some("national_id");
    }
    found
}

/// How sure the type is: some cards say no more than `ID`, as do papers of other kinds.
pub(super) fn confidence(sheet: &Sheet, kind: &str) -> f32 {
    let bare = squeezed(&sheet.folded);
    let words = TYPES.iter().filter(|(k, _)| *k == kind).flat_map(|(_, words)| words.iter());
    let strong = |word: &&str| !WEAK.contains(word) && (sheet.says(&[word]) || runs_together(&bare, word));
    if words.copied().any(|word| strong(&word)) { 0.9 } else { 0.7 }
}

/// Whether a run of words is the title of a document, or the name of its authority, rather than of its holder.
pub(super) fn is_title(text: &str) -> bool {
    let folded = fold(text);
    let bare = squeezed(&folded);
    let words = TYPES.iter().flat_map(|(_, words)| words.iter()).chain(CARD.iter());
    words.into_iter().any(|w| (w.len() >= 4 && has_phrase(&folded, w)) || runs_together(&bare, w))
}

/// A long phrase is itself also where OCR lost its blanks.
fn runs_together(bare: &str, phrase: &str) -> bool {
    let phrase = squeezed(phrase);
    phrase.len() >= 11 && bare.contains(&phrase)
}

fn squeezed(folded: &str) -> String {
    folded.chars().filter(|c| c.is_alphanumeric() || *c == '\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_of_the_file_is_read() {
        let text = include_str!("../data/id_types.tsv");
        let types = TYPES.iter().map(|(_, words)| words);
        let lists: Vec<&Phrases> = types.chain([&CARD, &WEAK, &NO_LICENCE, &STATE_CARD]).collect();
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
    }
}
