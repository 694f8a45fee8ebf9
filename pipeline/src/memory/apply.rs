//! What memory says, laid over a reading, which is then judged again.

use serde_json::Value;

use super::{
    Recall, SignKind, Vendor,
    paper::shape,
    signs::{is_proven, tax_id_key},
};
use crate::{
    document::Kind,
    fields::{Field, FieldName, Source},
    reading::{Outcome, Reading},
    reason::{Reason, ReasonCode},
    understand::{classify::Classified, decide, scorer::Scorers, whole},
};

/// How sure a party is that memory names.
const SURE: f32 = 0.99;

/// The most that a number is believed which looks like none of its vendor's.
const DOUBTED: f32 = 0.5;

/// The check that a changed account fails.
pub const IBAN: &str = "iban";

/// Lays what memory says over what was read. A party that a machine wrote (XML, a code) stays as it is. Where that was all
/// that was doubtful by `scorers`, nothing holds the document any more; a changed account always does.
pub fn apply(recall: &Recall, reading: &mut Reading, scorers: &Scorers) {
    let bill = matches!(reading.kind, Some(Kind::Invoice | Kind::Receipt));
    if let Some(vendor) = recall.vendor.as_ref().filter(|_| bill)
        && name_vendor(vendor, reading)
    {
        judge_again(reading, scorers);
    }
    if let Some(changed) = &recall.changed_iban {
        let message = format!(
            "{} was paid to {} before; this asks for payment to {}. Ask the vendor by a way you know.",
            changed.name,
            changed.old.join(", "),
            changed.new.join(", ")
        );
        let reason = Reason::new(ReasonCode::ChecksFailed, message)
            .with("check", IBAN)
            .with("left", changed.old.join(", "))
            .with("right", changed.new.join(", "));
        reading.reasons.insert(0, reason);
        reading.outcome = Outcome::Review;
    }
}

/// Writes the party's fields; whether memory had a say.
fn name_vendor(vendor: &Vendor, reading: &mut Reading) -> bool {
    let (name, legal, tax_id) = match reading.kind {
        Some(Kind::Invoice) => (FieldName::IssuerName, FieldName::IssuerLegalName, FieldName::IssuerTaxId),
        _ => (FieldName::MerchantName, FieldName::MerchantLegalName, FieldName::MerchantTaxId),
    };
    let by_machine = |f: &Field| matches!(f.source, Source::Xml | Source::Barcode);
    if reading.fields.get(&name).is_some_and(by_machine) {
        return false;
    }
    set(reading, name, &vendor.name);
    if let Some(known) = &vendor.legal_name {
        set(reading, legal, known);
    }
    // A chain's shops share a domain and may not share a tax id.
    let of_one = [SignKind::TaxId, SignKind::Iban, SignKind::Phone].iter().any(|k| vendor.by.contains(k));
    if let Some(known) = vendor.tax_id.as_ref().filter(|_| of_one) {
        let read = reading.fields.get(&tax_id).map(|f| f.value.to_string());
        if read.is_none_or(|read| tax_id_key(&read) == tax_id_key(known) || !is_proven(&read)) {
            set(reading, tax_id, known);
        }
    }
    doubt_number(vendor, reading);
    let by: Vec<&str> = vendor.by.iter().map(|kind| kind.as_str()).collect();
    reading.because.push(format!("a known vendor: {} papers, by {}", vendor.papers, by.join(", ")));
    true
}

/// A number that looks like none of the vendor's is hardly its number.
fn doubt_number(vendor: &Vendor, reading: &mut Reading) {
    let Some(known) = &vendor.number_shape else { return };
    let printed = |f: &&mut Field| matches!(f.source, Source::Ocr | Source::Text);
    if let Some(number) = reading.fields.get_mut(&FieldName::Number).filter(printed)
        && shape(&number.value) != *known
    {
        number.confidence = number.confidence.min(DOUBTED);
        reading.because.push("its number looks like none of its vendor's".to_owned());
    }
}

/// Writes a value where it was read, or where nothing was.
fn set(reading: &mut Reading, name: FieldName, value: &str) {
    let source = reading.fields.values().next().map_or(Source::Ocr, |f| f.source);
    let field = reading.fields.entry(name).or_insert_with(|| Field::unplaced(value, SURE, source));
    field.value = value.into();
    field.confidence = field.confidence.max(SURE);
}

/// Decides again with what memory added: what was missing and is there, and what was doubtful.
fn judge_again(reading: &mut Reading, scorers: &Scorers) {
    let Some(kind) = reading.kind else { return };
    let fields = &reading.fields;
    let script = reading.reasons.iter().find_map(|r| Some(r.detail.get("script")?.as_str()?.to_owned()));
    reading.reasons.retain_mut(|reason| match reason.code {
        ReasonCode::MissingFields => still_missing(reason, |name| fields.contains_key(&name)),
        ReasonCode::LowConfidence => !reason.detail.contains_key("confidence"),
        _ => true,
    });
    let classified = Classified {
        kind,
        confidence: reading.confidence,
        id_probability: reading.id_probability.unwrap_or(1.0),
        because: Vec::new(),
        doubts: reading.doubts.clone(),
    };
    let sure = whole::probability(&classified, fields, scorers);
    let unsure = (sure < whole::threshold(scorers)).then_some(sure);
    decide::doubtful(&classified, fields, unsure, script.as_deref(), &mut reading.reasons);
    if reading.reasons.is_empty() {
        reading.outcome = Outcome::Accepted;
        reading.fields.retain(|name, field| whole::is_filed(kind, *name, field));
    }
}

/// Takes out of a reason what is not missing any more; whether anything is left of it.
fn still_missing(reason: &mut Reason, has: impl Fn(FieldName) -> bool) -> bool {
    let Some(Value::Array(names)) = reason.detail.get_mut("missing") else { return true };
    names.retain(|name| !name.as_str().and_then(|n| n.parse().ok()).is_some_and(&has));
    let left: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    let (message, is_left) = (format!("Not found: {}.", left.join(", ")), !left.is_empty());
    reason.message = message;
    is_left
}
