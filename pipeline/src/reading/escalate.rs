//! What the evidence means, with a closer look at a page of which something keeps it from being filed.

use time::Date;

use super::{
    Barcode, Evidence, Line, Normalized, PagePixels, Understanding, received::Change, verify::verify,
};
use crate::{
    diagnostic::Diagnostic,
    document::Kind,
    fields::{FieldName, PageBox, Source},
    limits::Limits,
    page,
    reason::{Reason, ReasonCode},
    text::{self, Models, OcrOptions},
    understand::{
        digit_check::{self, Place},
        mrz,
        reconcile::same_value,
        understand_on,
    },
};

/// How a page that gave too little is looked at the second time: closer.
pub const CLOSELY: OcrOptions = OcrOptions { long_side_px: 1_280, until: None };

/// Another look at a document's pixels.
pub trait Looks {
    /// The document's first page read anew, closer; `None` for want of time.
    fn closer(&mut self, first: &Evidence, kind: Kind) -> Option<Evidence>;
    /// From here on the document is what the closer look saw.
    fn adopt(&mut self);
    /// What stands at a place, read again in several cuts; nothing for want of time.
    fn reread(&mut self, seen: &Evidence, place: Place) -> Vec<Line>;
}

/// What the evidence means as of `today`. Where a picture did not give what its kind must have, a closer look is asked for
/// and the better of the two stands; what would then be filed has its digits read again.
pub fn escalate(
    first: Evidence,
    limits: &Limits,
    looks: &mut impl Looks,
    today: Date,
) -> (Evidence, Understanding) {
    let understood = understand_on(&first, limits, today);
    let (evidence, understood) = better(first, understood, limits, looks, today);
    verify(evidence, understood, limits, looks, today)
}

fn better(
    first: Evidence,
    understood: Understanding,
    limits: &Limits,
    looks: &mut impl Looks,
    today: Date,
) -> (Evidence, Understanding) {
    if !worth_a_closer_look(&first, &understood) {
        return (first, understood);
    }
    let Some(second) = looks.closer(&first, understood.kind) else { return (first, understood) };
    let again = understand_on(&second, limits, today);
    if is_several(&again) {
        return (first, of_several(understood, &again));
    }
    if !is_better(&again, &understood) {
        return (first, understood);
    }
    looks.adopt();
    let id_probability = likelier(understood.id_probability, again.id_probability);
    (second, Understanding { id_probability, ..again })
}

/// Of two looks the one that saw more of an ID; what one of them does not know nobody does.
fn likelier(first: Option<f32>, again: Option<f32>) -> Option<f32> {
    Some(first?.max(again?))
}

fn is_several(understood: &Understanding) -> bool {
    understood.reasons.iter().any(|r| r.code == ReasonCode::MultipleDocuments)
}

/// The closer look saw several documents, but on a page that was perhaps cut and levelled: where they lie on the page as
/// it came is for a person to see.
fn of_several(mut first: Understanding, again: &Understanding) -> Understanding {
    first.id_probability = likelier(first.id_probability, again.id_probability);
    if again.kind == Kind::Id && first.kind != Kind::Id {
        first.kind = Kind::Id;
        first.id_probability = Some(1.0);
        first.fields.clear();
    }
    let message = "Seen closer, several documents seem to be in this file.";
    first.reasons.insert(0, Reason::new(ReasonCode::MultipleDocuments, message));
    first
}

/// A page seen closer: what it says, and the pixels that its boxes stand on.
pub struct Closer {
    /// The document's evidence with this page read anew.
    pub evidence: Evidence,
    /// The page, cut out of its photo and level where it could be.
    pub page: PagePixels,
    /// What was done to it for that.
    pub change: Option<Change>,
}

/// Where the codes of a page stand.
#[must_use]
pub fn codes_on(codes: &[Barcode], page: u32) -> Vec<PageBox> {
    codes.iter().filter(|code| code.page == page).map(|code| code.bbox).collect()
}

/// The first page that was read from pixels read again: alone and level where it can be found in its photo, for rows
/// that lean or fan out pair the wrong words; and closer. `None` if there is none or it is not read to its end.
///
/// # Errors
/// Why it cannot be read.
pub fn closer(
    normalized: &Normalized,
    first: &Evidence,
    kind: Kind,
    options: &OcrOptions,
    models: &Models,
) -> Result<Option<Closer>, Diagnostic> {
    let mut evidence = first.clone();
    let Some(text) = evidence.pages.iter_mut().find(|page| page.source == Source::Ocr) else {
        return Ok(None);
    };
    let Some(page) = normalized.pages.iter().find(|page| page.number == text.number) else { return Ok(None) };
    let codes = codes_on(&first.barcodes, text.number);
    let levelled = page::level(&page.rgb, text, &codes, kind != Kind::Id);
    let barcodes = evidence.barcodes.iter_mut().filter(|code| code.page == text.number);
    if let Some(levelled) = &levelled {
        evidence.notes.extend(levelled.note(text.number));
        barcodes.for_each(|code| code.bbox = levelled.place(code.bbox));
    }
    let change = levelled.as_ref().map(|levelled| Change::of(levelled, text.quarter_turns));
    let rgb = levelled.map_or_else(|| page.rgb.clone(), |levelled| levelled.rgb);
    let mut page = PagePixels { number: text.number, rgb };
    let Some(seen) = text::look_closer(&mut page, text, options, models)? else { return Ok(None) };
    *text = seen;
    Ok(Some(Closer { evidence, page, change }))
}

/// A document read from pixels, legible, of which something keeps it from being filed that a closer look may mend.
fn worth_a_closer_look(evidence: &Evidence, understood: &Understanding) -> bool {
    let from_pixels = evidence.pages.first().is_some_and(|p| p.source == Source::Ocr && p.lines.len() >= 5);
    let unsettled = match understood.kind {
        Kind::Receipt | Kind::Invoice => understood.reasons.iter().any(|r| {
            use ReasonCode::{ChecksFailed, LowConfidence, MissingFields};
            matches!(r.code, MissingFields | LowConfidence | ChecksFailed)
        }),
        Kind::Id => zone_unread(understood),
        Kind::Other => false,
    };
    // Whoever parts several documents must see them all: no look may cut one of them off.
    from_pixels && unsettled && !is_several(understood)
}

/// Whether a zone was seen that could not be read.
fn zone_unread(understood: &Understanding) -> bool {
    understood.reasons.iter().any(|r| r.detail.get("check").is_some_and(|c| c == mrz::UNREAD))
}

/// Whether the second look found more of what the kind must have, or as much and nothing against it.
///
/// What would then be filed is the same kind of document in both; two looks at the same total or day that each are sure
/// of something else leave it to a person, and so does a sum that failed in the first and is not proven in the second.
fn is_better(second: &Understanding, first: &Understanding) -> bool {
    let more = found(second).cmp(&found(first));
    if !second.reasons.is_empty() {
        return more.is_gt();
    }
    let failed = first.reasons.iter().any(|r| r.code == ReasonCode::ChecksFailed);
    let proven = second.fields.get(&FieldName::Total).is_some_and(|t| t.confidence >= digit_check::PROVEN);
    more.is_ge() && second.kind == first.kind && (!failed || proven) && !contradict(second, first)
}

/// Confidence from which a look is sure of a value.
const SURE: f32 = 0.7;

fn contradict(second: &Understanding, first: &Understanding) -> bool {
    let sure = |understood: &Understanding, name| {
        understood.fields.get(name).filter(|f| f.confidence >= SURE).map(|f| f.value.to_string())
    };
    [FieldName::Total, FieldName::Date, FieldName::IssueDate].iter().any(|name| {
        matches!((sure(second, name), sure(first, name)), (Some(a), Some(b)) if !same_value(*name, &a, &b))
    })
}

/// Required fields that were found.
fn found(understood: &Understanding) -> usize {
    let required = FieldName::required(understood.kind);
    required.iter().filter(|name| understood.fields.contains_key(name)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        reading::{PageText, Word},
        understand::paper::photo,
    };

    const TODAY: Date = time::macros::date!(2026 - 11 - 01);

    const RECEIPT: [&str; 8] = [
        "PANADERIA EL SOL S.L.",
        "Calle Mayor 3, 41001 Sevilla",
        "NIF: B12345674",
        "12/03/2024 10:31",
        "2 BARRA RUSTICA 2,40",
        "1 CAFE CON LECHE 1,60",
        "TOTAL 4,00 €",
        "Gracias por su visita",
    ];

    fn without(line: &str) -> Evidence {
        let lines: Vec<&str> = RECEIPT.iter().copied().filter(|l| !l.starts_with(line)).collect();
        photo(0.45, &lines)
    }

    /// Looks that see what they are told to.
    #[derive(Default)]
    struct Told {
        closer: Option<Evidence>,
        again: Option<&'static str>,
        looked: usize,
        adopted: bool,
    }

    impl Looks for Told {
        fn closer(&mut self, _: &Evidence, _: Kind) -> Option<Evidence> {
            self.looked += 1;
            self.closer.clone()
        }

        fn adopt(&mut self) {
            self.adopted = true;
        }

        fn reread(&mut self, _: &Evidence, place: Place) -> Vec<Line> {
            let said = self.again.filter(|_| place.name == FieldName::Date);
            let line = |text: &str| {
                let word =
                    Word { text: text.to_owned(), bbox: place.bbox, confidence: 0.95, doubtful: Vec::new() };
                Line { text: text.to_owned(), bbox: place.bbox, confidence: 0.95, words: vec![word] }
            };
            said.map(line).into_iter().collect()
        }
    }

    fn settled(first: Evidence, looks: &mut Told) -> Understanding {
        escalate(first, &Limits::default(), looks, TODAY).1
    }

    #[test]
    fn what_would_be_filed_is_not_looked_at_again_as_a_whole() {
        let mut looks = Told::default();
        assert_eq!(settled(photo(0.45, &RECEIPT), &mut looks).reasons, []);
        assert_eq!(looks.looked, 0);
    }

    #[test]
    fn a_closer_look_that_finds_what_is_missing_is_adopted() {
        let mut looks = Told { closer: Some(photo(0.45, &RECEIPT)), ..Told::default() };
        assert_eq!(settled(without("12/03"), &mut looks).reasons, []);
        assert!(looks.adopted);
    }

    #[test]
    fn a_look_that_finds_no_more_changes_nothing() {
        for closer in [None, Some(without("12/03"))] {
            let mut looks = Told { closer, ..Told::default() };
            let understood = settled(without("12/03"), &mut looks);
            assert_eq!(understood.reasons[0].code, ReasonCode::MissingFields);
            assert_eq!((looks.looked, looks.adopted), (1, false));
        }
    }

    #[test]
    fn several_papers_seen_closer_are_a_persons_to_part() {
        let pages = [
            photo(0.45, &RECEIPT),
            photo(0.45, &RECEIPT.map(|l| l.replace("12/03", "14/04")).each_ref().map(String::as_str)),
        ];
        let mut several = without("12/03");
        several.pages =
            (1..).zip(pages).map(|(number, e)| PageText { number, ..e.pages[0].clone() }).collect();
        for page in &mut several.pages[1..] {
            page.lines.iter_mut().for_each(|line| line.text = line.text.replace("4,00", "9,40"));
        }
        let mut looks = Told { closer: Some(several), ..Told::default() };
        let understood = settled(without("12/03"), &mut looks);
        assert_eq!(understood.reasons[0].code, ReasonCode::MultipleDocuments, "{understood:?}");
        assert!(understood.parts.is_empty() && !looks.adopted, "no box of another picture");
    }

    #[test]
    fn looks_that_contradict_each_other_leave_it_to_a_person() {
        let other = RECEIPT.map(|line| line.replace("4,00", "9,00"));
        let other: Vec<&str> = other.iter().map(String::as_str).collect();
        let mut looks = Told { closer: Some(photo(0.45, &other)), ..Told::default() };
        let understood = settled(without("12/03"), &mut looks);
        assert!(!understood.reasons.is_empty() && !looks.adopted, "{understood:?}");
    }

    #[test]
    fn a_digit_that_turns_over_is_not_filed() {
        let mut looks = Told { again: Some("12/03/2021"), ..Told::default() };
        let understood = settled(photo(0.45, &RECEIPT), &mut looks);
        assert_eq!(understood.reasons[0].code, ReasonCode::LowConfidence, "{understood:?}");
    }
}
