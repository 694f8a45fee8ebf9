//! Labels that name a party's block: "Sold by", "Remit to", "Bill to", "Ship to", in the languages we read.

use std::sync::LazyLock;

use super::{blocks::Side, words::OTHER_LABEL};
use crate::{
    knowledge::{self, Phrases},
    understand::sheet::Cell,
};

/// The phrases of a role in `data/party_labels.tsv`.
fn phrases(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/party_labels.tsv"), role)
}

static ISSUER: Phrases = LazyLock::new(|| phrases("issuer"));
static PAYEE: Phrases = LazyLock::new(|| phrases("payee"));
static RECIPIENT: Phrases = LazyLock::new(|| phrases("recipient"));
static PERSON: Phrases = LazyLock::new(|| phrases("person"));
static DELIVERY: Phrases = LazyLock::new(|| phrases("delivery"));
static THIRD: Phrases = LazyLock::new(|| phrases("third"));
/// What a paper says, anywhere in a line, when its claim was sold.
pub static ASSIGNED: Phrases = LazyLock::new(|| phrases("assigned"));
/// Words of the names of those who buy claims.
pub static FACTOR: Phrases = LazyLock::new(|| phrases("factor"));

/// A label found in a cell: whose, what stands behind it in the cell, and its left edge.
pub struct Label {
    /// Whose block it heads.
    pub side: Side,
    /// What stands behind it in its cell.
    pub behind: String,
    /// Its left edge.
    pub left: f32,
    /// Whether it asks for a person ("Attn"), not a firm.
    pub person: bool,
}

/// The label a cell says, if any: the longest that it says as a label.
#[must_use]
pub fn labels(cell: &Cell) -> Vec<Label> {
    let text = cell.folded.as_str();
    let mut out: Vec<Label> = Vec::new();
    let all = [
        (Side::Issuer, &ISSUER),
        (Side::Payee, &PAYEE),
        (Side::Recipient, &RECIPIENT),
        (Side::Recipient, &PERSON),
        (Side::Delivery, &DELIVERY),
        (Side::Third, &THIRD),
    ];
    let mut best: Option<(usize, Side, usize, usize)> = None;
    for (side, words) in all {
        for word in words.iter() {
            let Some((at, end)) = says(text, word) else { continue };
            let longer = best.is_none_or(|(len, _, from, _)| (word.len(), from) > (len, at));
            if longer {
                best = Some((word.len(), side, at, end));
            }
        }
    }
    if let Some((len, side, at, end)) = best {
        let skip = text[..end].chars().count();
        let behind: String = cell.text.chars().skip(skip).collect();
        let share = text[..at].chars().count() as f32 / text.chars().count().max(1) as f32;
        let left = cell.bbox[0] + share * (cell.bbox[2] - cell.bbox[0]);
        let person = PERSON.contains(&&text[at..at + len]);
        out.push(Label { side, behind, left, person });
    }
    out
}

/// Whether a folded text is the label of a party's block and nothing else: `Afleveradres`.
#[must_use]
pub fn is_label(folded: &str) -> bool {
    let bare = folded.trim_matches(|c: char| !c.is_alphanumeric() && c != ')');
    [&ISSUER, &PAYEE, &RECIPIENT, &PERSON, &DELIVERY, &THIRD].into_iter().any(|words| words.contains(&bare))
}

/// Where a label ends if the cell says it as a label: alone, before a colon, at its start or its end.
fn says(text: &str, word: &str) -> Option<(usize, usize)> {
    let at = crate::understand::sheet::find_phrase(text, word)?;
    let end = at + word.len();
    let after = &text[end..];
    let rest = after.trim_start_matches([' ', '.', ')']);
    let blank = rest.trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
    let colon = rest.starts_with(':');
    let several = word.contains([' ', '-']);
    let first = text[..at].chars().all(|c| !c.is_alphanumeric());
    let own = match (first, colon, blank) {
        (true, true, _) => true,
        (true, false, true) => {
            word.len() > 2 || text.chars().filter(|c| c.is_alphabetic()).count() == word.len()
        }
        // "Sold to Acme": several words need no colon; "Customer No" is another label.
        (true, false, false) => several && !starts_other(rest),
        (false, true, _) => word.len() >= 5,
        (false, false, true) => several && word.len() >= 7,
        (false, false, false) => false,
    };
    own.then(|| (at, end + (after.len() - rest.len()) + usize::from(colon)))
}

fn starts_other(rest: &str) -> bool {
    OTHER_LABEL.iter().any(|w| crate::understand::sheet::find_phrase(rest, w) == Some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_alone() {
        for text in ["afleveradres", "bill to:", "senor(es)"] {
            assert!(is_label(text), "{text}");
        }
        for text in ["vendedor feliz", "acme", ""] {
            assert!(!is_label(text), "{text}");
        }
    }

    #[test]
    fn every_row_of_the_file_is_read() {
        let lists = [&ISSUER, &PAYEE, &RECIPIENT, &PERSON, &DELIVERY, &THIRD, &ASSIGNED, &FACTOR];
        let text = include_str!("../data/party_labels.tsv");
        knowledge::assert_read(text, &lists);
        knowledge::assert_folded(text);
    }
}
