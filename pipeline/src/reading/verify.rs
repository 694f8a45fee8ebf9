//! One more reading of the digits that would be filed.

use time::Date;

use super::{Evidence, Line, Normalized, Understanding, escalate::Looks};
use crate::{
    diagnostic::Diagnostic,
    limits::Limits,
    text::{self, Models},
    understand::{
        digit_check::{self, Place},
        understand_on,
    },
};

/// What would be filed has its digits read again; what does not come out the same is no longer believed.
pub(super) fn verify(
    mut evidence: Evidence,
    understood: Understanding,
    limits: &Limits,
    looks: &mut impl Looks,
    today: Date,
) -> (Evidence, Understanding) {
    let mut doubted = false;
    for place in digit_check::worth(&understood) {
        let reread = looks.reread(&evidence, place);
        doubted |= digit_check::weigh(&mut evidence, place, &reread, today);
    }
    if doubted {
        let understood = understand_on(&evidence, limits, today);
        return (evidence, understood);
    }
    (evidence, understood)
}

/// What stands at a place of a document's upright pages, in several cuts.
///
/// # Errors
/// Why it cannot be read.
pub fn reread(
    normalized: &Normalized,
    seen: &Evidence,
    place: Place,
    models: &Models,
) -> Result<Vec<Line>, Diagnostic> {
    let page = normalized.pages.iter().find(|page| page.number == place.page);
    let text = seen.pages.iter().find(|page| page.number == place.page);
    let (Some(page), Some(text)) = (page, text) else { return Ok(Vec::new()) };
    text::looked("reread", place.page, || text::reread(&page.rgb, text, place.bbox, models))
}
