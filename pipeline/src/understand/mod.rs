//! What the evidence means: kind, fields, and whether we are sure enough to file.
//!
//! The way of the data: lines become a [`sheet`] of cells; the surest evidence is read first ([`mrz`], then printed
//! labels: [`amounts`], [`dates`], [`parties`], [`numbers`], [`tax_ids`]); [`classify`] says the kind; [`decide`] says
//! whether it may be filed.

pub mod amounts;
pub mod classify;
pub mod dates;
pub mod decide;
pub mod extract;
pub mod identity;
pub mod money;
pub mod mrz;
pub mod numbers;
pub mod parties;
pub mod places;
pub mod sheet;
pub mod tax_ids;
pub mod vocabulary;

use time::{Date, OffsetDateTime};

use crate::{
    document::Kind,
    limits::Limits,
    reading::{Evidence, Understanding},
};

/// Understands a document as of today (UTC).
#[must_use]
pub fn understand(evidence: &Evidence, limits: &Limits) -> Understanding {
    understand_on(evidence, limits, OffsetDateTime::now_utc().date())
}

/// Understands a document as of `today`, against which expiry and implausible dates are judged.
#[must_use]
pub fn understand_on(evidence: &Evidence, _limits: &Limits, today: Date) -> Understanding {
    let sheet = sheet::Sheet::of(evidence);
    let place = places::place(&sheet);
    let zone = mrz::find(&sheet, today);
    let ids = tax_ids::tax_ids(&sheet);
    let sums = amounts::sums(&sheet);
    let classified = classify::classify(evidence, &sheet, &zone, &ids, &sums);
    let found = extract::Found { sheet: &sheet, place: &place, zone: &zone, ids: &ids, sums: &sums, today };
    let fields = match classified.kind {
        Kind::Invoice => extract::invoice(&found),
        Kind::Receipt => extract::receipt(&found),
        Kind::Id => extract::id(&found),
        Kind::Other => crate::fields::Fields::new(),
    };
    let reasons = decide::reasons(evidence, &found, &classified, &fields);
    let mut because = classified.because;
    because.extend(sums.because.iter().cloned());
    Understanding {
        kind: classified.kind,
        confidence: classified.confidence,
        language: place.language.map(str::to_owned),
        fields,
        reasons,
        because,
    }
}
