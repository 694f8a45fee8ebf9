//! A second opinion on digits: what would be filed is read again from the same pixels, and what does not come out the
//! same is no longer believed.
//!
//! A year read 2013 for 2018 is a valid date, labelled as it should be and read with confidence: nothing else on most
//! papers contradicts it.

use time::{Date, Duration};

use super::{
    dates::{self, Order},
    sheet::fold,
};
use crate::{
    document::Kind,
    fields::{FieldName, PageBox, Source},
    reading::{Evidence, Line, Understanding, Word},
};

/// A total this sure is vouched for by the arithmetic of its page.
pub const PROVEN: f32 = 0.97;
/// How sure a word is left whose digits came out otherwise the second time; what it holds is then not filed.
const TURNED_OVER: f32 = 0.6;
/// All but one of the readings less sure of a digit than this, or the first: guessed.
const GUESSED: f32 = 0.6;
/// Readings of the same length, at least, that say how sure the digits are.
const FEW: usize = 2;

/// A place on a page whose digits decide what is filed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The field read there.
    pub name: FieldName,
    /// One-based.
    pub page: u32,
    /// Around its words.
    pub bbox: PageBox,
}

/// What of a document that would be filed deserves to be read again.
#[must_use]
pub fn worth(understood: &Understanding) -> Vec<Place> {
    use FieldName::{Date, DocumentNumber, ExpiryDate, IssueDate, Number, Total};
    if !understood.reasons.is_empty() {
        return Vec::new();
    }
    let names: &[FieldName] = match understood.kind {
        Kind::Invoice => &[IssueDate, Number, Total],
        Kind::Receipt => &[Date, Total],
        Kind::Id => &[DocumentNumber, ExpiryDate],
        Kind::Other => &[],
    };
    let place = |name: &FieldName| {
        let field = understood.fields.get(name)?;
        let settled = *name == Total && field.confidence >= PROVEN;
        let (page, bbox) = (field.page?, field.bbox?);
        (field.source == Source::Ocr && !settled).then_some(Place { name: *name, page, bbox })
    };
    names.iter().filter_map(place).collect()
}

/// Lowers how surely the words at a place were read where its other readings say so; whether it did.
pub fn weigh(evidence: &mut Evidence, place: Place, again: &[Line], today: Date) -> bool {
    let Some(page) = evidence.pages.iter_mut().find(|p| p.number == place.page) else { return false };
    let words = page.lines.iter_mut().flat_map(|l| &mut l.words);
    let mut here: Vec<&mut Word> =
        words.filter(|w| within(w.bbox, place.bbox) && w.text.contains(digit)).collect();
    let first = here.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
    let Some(opinion) = opinion(&first, place.name, again, today) else { return false };
    for word in &mut here {
        word.confidence = word.confidence.min(opinion.sure);
    }
    if let Some(rival) = opinion.rival {
        evidence.notes.push(format!("\"{first}\" was read again as \"{rival}\"."));
    }
    true
}

struct Opinion {
    sure: f32,
    rival: Option<String>,
}

/// What the other readings make of the first; `None` when they bear it out.
fn opinion(first: &str, name: FieldName, again: &[Line], today: Date) -> Option<Opinion> {
    let said = digits(first);
    // A cut that lost or caught a character says nothing of the others.
    let same: Vec<&Line> = again.iter().filter(|line| digits(&line.text).len() == said.len()).collect();
    let rival = |line: &&&Line| {
        digits(&line.text) != said
            && least(line).is_some_and(|sure| sure >= GUESSED)
            && possible(name, &line.text, today)
    };
    if let Some(rival) = same.iter().find(rival) {
        return Some(Opinion { sure: TURNED_OVER, rival: Some(rival.text.clone()) });
    }
    let mut sure: Vec<f32> = same.iter().filter_map(|line| least(line)).collect();
    sure.sort_by(f32::total_cmp);
    let second = sure.get(1).copied().filter(|_| sure.len() >= FEW)?;
    (second < GUESSED).then_some(Opinion { sure: second, rival: None })
}

/// Whether a document of today can say so: a date there is, not to come.
fn possible(name: FieldName, text: &str, today: Date) -> bool {
    let past = |found: &dates::DateSeen| found.date <= today + Duration::days(7);
    match name {
        FieldName::Date | FieldName::IssueDate => dates::dates(&fold(text), Order::DayFirst).iter().any(past),
        FieldName::ExpiryDate => !dates::dates(&fold(text), Order::DayFirst).is_empty(),
        _ => true,
    }
}

fn least(line: &Line) -> Option<f32> {
    line.words.iter().filter(|w| w.text.contains(digit)).map(|w| w.confidence).reduce(f32::min)
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn within(word: PageBox, place: PageBox) -> bool {
    let (x, y) = ((word[0] + word[2]) / 2.0, (word[1] + word[3]) / 2.0);
    (place[0]..=place[2]).contains(&x) && (place[1]..=place[3]).contains(&y)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::{limits::Limits, reason::ReasonCode, understand::paper::photo, understand::understand_on};

    const TODAY: Date = date!(2026 - 11 - 23);
    const RECEIPT: &[&str] = &[
        "PANADERIA EL SOL S.L.",
        "Calle Mayor 3, 41001 Sevilla",
        "NIF: B12345674",
        "17-06-13 12:56 caja 4",
        "2 BARRA RUSTICA 2,40",
        "1 CAFE CON LECHE 1,60",
        "TOTAL 4,00 €",
        "Gracias por su visita",
    ];

    fn read(text: &str, confidence: f32) -> Line {
        let bbox = [0.0; 4];
        let words = vec![Word { text: text.to_owned(), bbox, confidence, doubtful: Vec::new() }];
        Line { text: text.to_owned(), bbox, confidence, words }
    }

    /// The receipt, and where its date stands.
    fn receipt() -> (Evidence, Place) {
        let evidence = photo(0.45, RECEIPT);
        let understood = understand_on(&evidence, &Limits::default(), TODAY);
        assert_eq!(understood.reasons, []);
        let place = worth(&understood).into_iter().find(|p| p.name == FieldName::Date).expect("a date");
        (evidence, place)
    }

    #[test]
    fn a_year_that_turns_over_is_not_filed() {
        let (mut evidence, place) = receipt();
        assert!(weigh(&mut evidence, place, &[read("17-06-13", 0.98), read("17-06-18", 0.9)], TODAY));
        let understood = understand_on(&evidence, &Limits::default(), TODAY);
        assert_eq!(understood.reasons[0].code, ReasonCode::LowConfidence);
        assert!(understood.reasons[0].detail["confidence"].get("date").is_some());
        assert!(understood.fields[&FieldName::Total].confidence > 0.9, "its neighbours are as they were");
        assert!(evidence.notes[0].contains("17-06-18"), "{:?}", evidence.notes);
    }

    #[test]
    fn the_doubt_finds_its_row_on_a_leaning_page() {
        let (mut evidence, place) = receipt();
        // The upright box of the slanted row above covers the date's.
        evidence.pages[0].lines[2].bbox[3] = place.bbox[3] + 0.02;
        assert!(weigh(&mut evidence, place, &[read("17-06-13", 0.98), read("17-06-18", 0.9)], TODAY));
        let understood = understand_on(&evidence, &Limits::default(), TODAY);
        assert!(understood.reasons.iter().any(|r| r.code == ReasonCode::LowConfidence), "{understood:?}");
    }

    #[test]
    fn what_is_read_the_same_stays() {
        let (mut evidence, place) = receipt();
        let before = evidence.clone();
        // The same, a character lost, one caught from beside, a day there is not and one to come.
        let again = ["17-06-13", "7-06-13", "17-06-13 1", "17-66-13", "17-06-33"].map(|t| read(t, 0.95));
        assert!(!weigh(&mut evidence, place, &again, TODAY));
        assert_eq!(evidence, before);
    }

    #[test]
    fn what_is_guessed_each_time_is_not_filed() {
        let (mut evidence, place) = receipt();
        let once = [read("17-06-13", 0.4), read("17-06-13", 0.95), read("17-06-13", 0.9)];
        assert!(!weigh(&mut evidence, place, &once, TODAY), "one bad cut says nothing");
        assert!(weigh(&mut evidence, place, &[0.4, 0.55, 0.9].map(|c| read("17-06-13", c)), TODAY));
        let understood = understand_on(&evidence, &Limits::default(), TODAY);
        assert_eq!(understood.reasons[0].code, ReasonCode::LowConfidence);
    }

    #[test]
    fn only_what_would_be_filed_is_worth_it() {
        let undated: Vec<&str> = RECEIPT.iter().copied().filter(|l| !l.contains("17-06")).collect();
        let understood = understand_on(&photo(0.45, &undated), &Limits::default(), TODAY);
        assert_eq!(worth(&understood), []);
    }
}
