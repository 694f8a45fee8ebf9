//! What the evidence means, with a second look at the pixels where the first does not settle it: a closer one at a page
//! that lacks what its kind must have, and one more reading of the digits that would be filed.

use time::OffsetDateTime;

use crate::{
    document::Kind,
    fields::{FieldName, Source},
    limits::Limits,
    reading::{Evidence, Line, Normalized, Understanding},
    text::{self, Models, OcrOptions},
    understand::{
        mrz,
        opinion::{self, Place},
        understand,
    },
};

/// How a page that gave too little is looked at the second time: closer.
pub const CLOSELY: OcrOptions = OcrOptions { long_side_px: 1_280, until: None };

/// Another look at a document's pixels.
pub trait Looks {
    /// The document's pages read anew, closer; `None` for want of time.
    fn closer(&mut self, first: &Evidence) -> Option<Evidence>;
    /// What stands at a place, read again in several cuts; nothing for want of time.
    fn again(&mut self, seen: &Evidence, place: Place) -> Vec<Line>;
}

/// What the evidence means. Where a picture did not give what its kind must have, a closer look is asked for and the
/// better of the two stands; what would then be filed has its digits read again.
pub fn settle(first: Evidence, limits: &Limits, looks: &mut impl Looks) -> (Evidence, Understanding) {
    let understood = understand(&first, limits);
    let (evidence, understood) = better(first, understood, limits, looks);
    let places = opinion::worth(&understood);
    if places.is_empty() {
        return (evidence, understood);
    }
    let today = OffsetDateTime::now_utc().date();
    let mut weighed = evidence;
    let mut doubted = false;
    for place in places {
        let again = looks.again(&weighed, place);
        doubted |= opinion::weigh(&mut weighed, place, &again, today);
    }
    if doubted {
        let understood = understand(&weighed, limits);
        return (weighed, understood);
    }
    (weighed, understood)
}

fn better(
    first: Evidence,
    understood: Understanding,
    limits: &Limits,
    looks: &mut impl Looks,
) -> (Evidence, Understanding) {
    if !worth_a_closer_look(&first, &understood) {
        return (first, understood);
    }
    let Some(second) = looks.closer(&first) else { return (first, understood) };
    let again = understand(&second, limits);
    if found(&again) > found(&understood) { (second, again) } else { (first, understood) }
}

/// What stands at a place of a document's upright pages, in several cuts; nothing where it cannot be read.
#[must_use]
pub fn again(normalized: &Normalized, seen: &Evidence, place: Place, models: &Models) -> Vec<Line> {
    let page = normalized.pages.iter().find(|page| page.number == place.page);
    let text = seen.pages.iter().find(|page| page.number == place.page);
    let (Some(page), Some(text)) = (page, text) else { return Vec::new() };
    text::read_again(&page.rgb, text, place.bbox, models).unwrap_or_else(|error| {
        tracing::warn!(page = place.page, error = &error as &dyn std::error::Error, "words not read again");
        Vec::new()
    })
}

/// A receipt or invoice read from pixels, legible, that lacks a field its kind must have.
fn worth_a_closer_look(evidence: &Evidence, understanding: &Understanding) -> bool {
    let from_pixels = evidence.pages.first().is_some_and(|p| p.source == Source::Ocr && p.lines.len() >= 5);
    let missed = match understanding.kind {
        Kind::Receipt | Kind::Invoice => !understanding.fields.contains_key(&FieldName::Total),
        Kind::Id => zone_unread(understanding),
        Kind::Other => false,
    };
    from_pixels && missed
}

/// Whether a zone was seen that could not be read.
fn zone_unread(understanding: &Understanding) -> bool {
    understanding.reasons.iter().any(|r| r.detail.get("check").is_some_and(|c| c == mrz::UNREAD))
}

/// Required fields that were found.
fn found(understanding: &Understanding) -> usize {
    let required = FieldName::required(understanding.kind);
    required.iter().filter(|name| understanding.fields.contains_key(name)).count()
}
