//! What the evidence means: kind, fields, and whether we are sure enough to file.
//!
//! The way of the data: lines become a [`sheet`] of cells; the surest evidence ([`einvoice`](formats::einvoice), [`codes`], [`mrz`]) is read
//! beside the printed labels ([`amounts`], [`issued`], [`parties`], [`numbers`], [`tax_ids`]); [`classify`] says the kind;
//! [`reconcile`] lays the sure over the printed and checks one against the other; [`decide`] says whether it may be filed.
//! [`boundaries`] says when a file holds more than one document; [`dedup`] compares two documents afterwards.

mod account;
pub mod amounts;
pub mod bill_type;
pub mod boundaries;
pub mod classify;
pub mod codes;
pub mod dates;
pub mod decide;
pub mod dedup;
pub mod digit_check;
pub mod extract;
pub mod features;
pub mod formats;
pub mod from_text;
pub mod identity;
pub mod issued;
pub mod kind_words;
pub mod letters;
pub mod machine;
pub mod model;
pub mod mrz;
pub mod numbers;
#[cfg(test)]
pub(crate) mod paper;
pub mod parties;
pub mod payment;
pub mod places;
pub mod proofs;
pub mod reconcile;
pub mod scorer;
pub mod sheet;
#[cfg(test)]
mod siblings;
mod tables;
pub mod tax_ids;
#[cfg(test)]
mod tests;
pub mod values;
pub mod whole;

use machine::{Machine, id_probability, outright};
use proofs::vouched;
use time::{Date, OffsetDateTime};
pub use values::money;

use crate::{
    document::Kind,
    fields::{FieldName, Fields, Source},
    limits::Limits,
    reading::{Evidence, Understanding},
};

/// The most that a kind is believed that nothing vouches for.
const DOUBTED: f32 = 0.6;

/// Understands a document as of today (UTC).
#[must_use]
pub fn understand(evidence: &Evidence, limits: &Limits) -> Understanding {
    understand_on(evidence, limits, OffsetDateTime::now_utc().date())
}

/// Understands a document as of `today`, against which expiry and implausible dates are judged.
#[must_use]
pub fn understand_on(evidence: &Evidence, _limits: &Limits, today: Date) -> Understanding {
    understand_by(evidence, today, model::Model::committed())
}

/// The same with a classifier of one's own: training scores each document with weights that never saw it.
#[must_use]
pub fn understand_by(evidence: &Evidence, today: Date, model: &model::Model) -> Understanding {
    let mut whole = understand_alone(evidence, today, model);
    // An e-invoice's XML speaks for the whole file, however many pages show it.
    if whole.fields.get(&FieldName::Total).is_none_or(|total| total.source != Source::Xml)
        && let Some(several) = boundaries::find(evidence, |piece| understand_alone(piece, today, model))
    {
        if several.has_id && whole.kind != Kind::Id {
            // Who may not see an ID may not see the file that holds one.
            whole.id_probability = Some(1.0);
            whole.kind = Kind::Id;
            whole.fields.clear();
        }
        whole.reasons.insert(0, several.reason);
        whole.parts = several.sure;
    }
    whole
}

/// What the evidence means, taken for one document's.
fn understand_alone(evidence: &Evidence, today: Date, model: &model::Model) -> Understanding {
    let sheet = sheet::Sheet::of(evidence);
    let zone = mrz::find(&sheet, today);
    let ids = tax_ids::tax_ids(&sheet);
    let (place, sums) = place_and_sums(evidence, &sheet, &ids);
    let machine = Machine::of(evidence, &sheet, today);
    let mut classified = {
        let seen = features::Seen { evidence, sheet: &sheet, zone: &zone, ids: &ids, sums: &sums };
        classify::classify(&seen, model)
    };
    outright(&mut classified, &machine, &sheet);
    let id_probability = id_probability(&classified, &machine, &zone, &sheet);
    let found = extract::Findings {
        sheet: &sheet,
        place: &place,
        zone: &zone,
        ids: &ids,
        sums: &sums,
        today,
        scorers: &model.scorers,
    };
    let (fields, signs, mut reasons) = machine.over_print(&found, &mut classified);
    doubt_kind(&mut classified, &sheet, &fields);
    let sure = whole::probability(&classified, &fields, found.scorers);
    // What a machine says that it is needs no guess beside it.
    let named = classified.kind == Kind::Other && !reasons.is_empty();
    if !named {
        reasons.extend(decide::reasons(evidence, &found, &classified, &fields));
    }
    let mut because = classified.because;
    because.extend(sums.because.iter().cloned());
    Understanding {
        kind: classified.kind,
        confidence: classified.confidence,
        id_probability: Some(id_probability),
        language: place.language.map(str::to_owned),
        fields: if reasons.is_empty() { whole::filed(classified.kind, fields) } else { fields },
        reasons,
        because,
        parts: Vec::new(),
        whole: Some(sure),
        signs,
        doubts: classified.doubts,
    }
}

/// Where a paper is from, and its amounts in that country's figures.
fn place_and_sums(
    evidence: &Evidence,
    sheet: &sheet::Sheet,
    ids: &[tax_ids::TaxId],
) -> (places::Place, amounts::Sums) {
    let mut place = places::place(sheet, ids);
    let sums = amounts::sums(sheet, values::currency::digits(place.currency.map(|c| c.0)));
    if let Some(total) = &sums.total {
        places::hold_against_total(&mut place, sheet, total);
    }
    if let Some(sender) = &evidence.sender_country {
        places::take_for_senders(&mut place, sheet, sender);
    }
    (place, sums)
}

/// Lowers a kind that the page gives cause to doubt, and says so.
fn doubt_kind(classified: &mut classify::Classified, sheet: &sheet::Sheet, fields: &Fields) {
    classified.doubts = vouched::doubts_of_kind(classified.kind, sheet, fields);
    if classified.doubts.iter().any(|d| d.forbids()) {
        classified.confidence = classified.confidence.min(DOUBTED);
    }
    let told = classified.doubts.iter().map(|d| format!("doubtful: {}", d.told()));
    classified.because.extend(told);
}
