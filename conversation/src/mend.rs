//! What a sender can mend, and with what: data, a line a reason.

use acuse_pipeline::{
    document::Kind,
    knowledge,
    reason::{Reason, ReasonCode},
    understand::sheet::fold,
};

use crate::case::Expects;

const OURS: &str = include_str!("mend.tsv");
/// Words with which a page says which of how many it is.
const PAGES: &str = include_str!("pages.tsv");

/// Times that one document is asked for again before a person sees it.
pub const MOST_ASKS: u32 = 3;
/// Set in a reason's detail where something else mends it than another file.
pub const ASKS: &str = "asks";
/// Set in the detail of `encrypted` where a password was tried.
pub const TRIED: &str = "password_tried";

/// With what the sender can mend a document that waits for this reason; `None`: only a person can.
#[must_use]
pub fn mended_by(reason: &str) -> Option<Expects> {
    let mut rows = knowledge::lines(OURS).filter_map(|line| line.split_once('\t'));
    rows.find(|(known, _)| *known == reason).and_then(|(_, expects)| Expects::of(expects))
}

/// The same of a reason as it stands on its document, where something else than another file may mend it.
#[must_use]
pub fn asks_of(reason: &Reason) -> Option<Expects> {
    let told = reason.detail.get(ASKS).and_then(|asks| asks.as_str()).and_then(Expects::of);
    told.or_else(|| mended_by(reason.code.as_str()))
}

/// What is known of a file that is of no use as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lacking<'a> {
    /// What it is.
    pub kind: Option<Kind>,
    /// It is a booklet, whose data stand on one page.
    pub is_booklet: bool,
    /// It is a PDF.
    pub is_pdf: bool,
    /// Its pages.
    pub pages: u32,
    /// Its words.
    pub text: &'a str,
    /// A password could be kept sealed until it is used.
    pub keeps_secrets: bool,
}

/// What mends this reason better than the same file anew: the other side of a card, a page that is missing, a password.
#[must_use]
pub fn needs(code: ReasonCode, file: &Lacking<'_>) -> Option<Expects> {
    match (code, file.kind) {
        (ReasonCode::Encrypted, _) if file.is_pdf && file.keeps_secrets => Some(Expects::Password),
        (ReasonCode::MissingFields, Some(Kind::Id)) if file.pages == 1 && !file.is_booklet => {
            Some(Expects::Side)
        }
        (ReasonCode::MissingFields, Some(Kind::Invoice | Kind::Receipt))
            if lacks_a_page(file.text, file.pages) =>
        {
            Some(Expects::Page)
        }
        _ => None,
    }
}

/// Whether a text says that it has more pages than there are: "Página 1 de 3" on one page.
fn lacks_a_page(text: &str, pages: u32) -> bool {
    let plain = fold(text);
    let words: Vec<&str> = plain
        .split(|c: char| c.is_whitespace() || matches!(c, '.' | ':' | '/' | '(' | ')'))
        .filter(|word| !word.is_empty())
        .collect();
    let known: Vec<&str> = knowledge::lines(PAGES).collect();
    let of = |at: usize| {
        let number = |word: Option<&&str>| word.and_then(|word| word.parse::<u32>().ok());
        let this = number(words.get(at + 1))?;
        // "de", "of" or a stroke, which parts words as a space does.
        let last = number(words.get(at + 2)).or_else(|| number(words.get(at + 3)))?;
        (this >= 1 && this <= last && last <= 99).then_some(last)
    };
    let places = words.iter().enumerate().filter(|(_, word)| known.contains(word));
    places.filter_map(|(at, _)| of(at)).max().is_some_and(|last| last > pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_understood_and_nothing_else_is_mended() {
        for line in knowledge::lines(OURS) {
            let (reason, _) = line.split_once('\t').unwrap();
            assert!(mended_by(reason).is_some(), "{line}");
        }
        for other in ["malware", "possible_duplicate", "missing_fields", ""] {
            assert_eq!(mended_by(other), None);
        }
    }

    #[test]
    fn what_is_missing_is_asked_for_and_not_the_same_again() {
        let card = Lacking { kind: Some(Kind::Id), pages: 1, ..Lacking::default() };
        let bill = Lacking {
            kind: Some(Kind::Invoice),
            pages: 1,
            text: "Factura 7\nPágina 1 de 2\nSubtotal",
            ..Lacking::default()
        };
        let locked = Lacking { is_pdf: true, keeps_secrets: true, ..Lacking::default() };
        let table = [
            (ReasonCode::MissingFields, card, Some(Expects::Side)),
            (ReasonCode::MissingFields, Lacking { pages: 2, ..card }, None),
            (ReasonCode::MissingFields, Lacking { is_booklet: true, ..card }, None),
            (ReasonCode::Unreadable, card, None),
            (ReasonCode::MissingFields, bill, Some(Expects::Page)),
            (ReasonCode::MissingFields, Lacking { pages: 2, ..bill }, None),
            (ReasonCode::MissingFields, Lacking { text: "Page: 1/3", ..bill }, Some(Expects::Page)),
            (ReasonCode::MissingFields, Lacking { text: "pág. 1 del libro", ..bill }, None),
            (ReasonCode::MissingFields, Lacking { text: "folha 3 de 2", ..bill }, None),
            (ReasonCode::Encrypted, locked, Some(Expects::Password)),
            (ReasonCode::Encrypted, Lacking { keeps_secrets: false, ..locked }, None),
            (ReasonCode::Encrypted, Lacking { is_pdf: false, ..locked }, None),
        ];
        for (code, file, expects) in table {
            assert_eq!(needs(code, &file), expects, "{code} {file:?}");
        }
        let reason = Reason::new(ReasonCode::MissingFields, "");
        assert_eq!(asks_of(&reason), None);
        assert_eq!(asks_of(&reason.with(ASKS, "side")), Some(Expects::Side));
        assert_eq!(asks_of(&Reason::new(ReasonCode::Expired, "")), Some(Expects::File));
    }
}
