//! What a sender wrote with a file, as far as it names something that can be looked up: an order, a bill, a customer's name
//! in the books. It is what somebody claims: it helps to say whose a paper is, and where a reviewer looks; it fills no field.

use super::{folded, unaccented};
use crate::{
    fields::{FieldName, Fields},
    knowledge,
};

const BEFORE_NAMES: &str = include_str!("before_names.txt");

/// Words that are looked at.
const WORDS: usize = 20;
/// Letters and digits of the longest.
const LONGEST: usize = 64;
/// Of a word that is all digits at least so many, and of one with letters: shorter ones are anybody's.
const DIGITS: usize = 6;
const MIXED: usize = 4;
/// Fields in which a number stands that somebody would write beside a photo.
const NUMBERS: [FieldName; 5] = [
    FieldName::Number,
    FieldName::OrderNumber,
    FieldName::PaymentReference,
    FieldName::DocumentNumber,
    FieldName::SupportNumber,
];

/// The words of a text that may name something, each once, as they are written.
#[must_use]
pub fn names(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '"' | '«' | '»');
    for word in text.split(ends) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let plain = folded(word);
        let (all, digits) = (plain.chars().count(), plain.chars().filter(char::is_ascii_digit).count());
        let least = if digits == all { DIGITS } else { MIXED };
        if digits > 0 && (least..=LONGEST).contains(&all) && !found.iter().any(|known| known == word) {
            found.push(word.to_owned());
            if found.len() == WORDS {
                break;
            }
        }
    }
    found
}

/// Pieces of a text that may be the name of somebody, without what stands before a name.
const PIECES: usize = 3;
/// Longest of them, characters.
const PIECE_CHARS: usize = 80;

/// What in a text may be the name of whom a paper is for: its pieces, as they are written.
#[must_use]
pub fn called(text: &str) -> Vec<String> {
    let ends = |c: char| matches!(c, ',' | ';' | ':' | '\n' | '(' | ')' | '!' | '?');
    let pieces = text.split(ends).map(str::trim).filter(|piece| piece.chars().count() <= PIECE_CHARS);
    let names = pieces.map(|piece| {
        let plain = unaccented(piece);
        let before = knowledge::lines(BEFORE_NAMES).filter(|words| {
            plain.strip_prefix(words).is_some_and(|rest| rest.starts_with(char::is_whitespace))
        });
        let words = before.map(|words| words.split_whitespace().count()).max().unwrap_or_default();
        piece.split_whitespace().skip(words).collect::<Vec<_>>().join(" ")
    });
    names.filter(|name| !name.is_empty()).take(PIECES).collect()
}

/// Whether a word stands on a paper, and in which of its fields, if in one.
#[must_use]
pub fn stands(word: &str, fields: &Fields, text: &str) -> Option<Option<FieldName>> {
    let plain = folded(word);
    let is_in =
        |name: &FieldName| fields.get(name).is_some_and(|field| folded(&field.value.to_string()) == plain);
    if let Some(name) = NUMBERS.into_iter().find(|name| is_in(name)) {
        return Some(Some(name));
    }
    text.split_whitespace().any(|printed| folded(printed) == plain).then_some(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Field, Source};

    #[test]
    fn only_what_can_be_looked_up_is_a_name() {
        let said = "Hola! Pedido #471100, cliente C-1042 (factura 12 de 3/5): F-102. C-1042";
        assert_eq!(names(said), ["471100", "C-1042", "F-102"]);
        assert!(names("gracias, van 3 fotos de 2026").is_empty());
        assert_eq!(names(&"A1B2 ".repeat(9)).len(), 1);
        let many: String = (0..90).map(|n| format!("A{n:05} ")).collect();
        assert_eq!(names(&many).len(), WORDS);
    }

    #[test]
    fn a_name_is_told_from_what_stands_before_it() {
        assert_eq!(called("Para Café Uno"), ["Café Uno"]);
        assert_eq!(
            called("Buenas, del cliente Ferretería Sur\nGracias"),
            ["Buenas", "Ferretería Sur", "Gracias"]
        );
        assert_eq!(called("Paraíso S.A."), ["Paraíso S.A."]);
        assert!(called(&"x".repeat(90)).is_empty() && called(" , ").is_empty());
    }

    #[test]
    fn where_it_stands_on_the_paper_is_known() {
        let field = |value: &str| Field::unplaced(value, 1.0, Source::Ocr);
        let fields = Fields::from([(FieldName::OrderNumber, field("47-1100"))]);
        assert_eq!(stands("471100", &fields, ""), Some(Some(FieldName::OrderNumber)));
        assert_eq!(stands("c-1042", &fields, "CLIENTE: C1042 Madrid"), Some(None));
        assert_eq!(stands("F-102", &fields, "F-1021"), None);
    }
}
