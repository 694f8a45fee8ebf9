//! Whether a document may be filed without a person: reasons against, the gravest first.

use super::{classify::Classified, extract::Found, identity::says_expiry, mrz::Zone};
use crate::{
    document::Kind,
    fields::{FieldName, Fields, Source},
    reading::Evidence,
    reason::{Reason, ReasonCode},
};

/// Least probability of the kind itself.
const KIND: f32 = 0.85;

/// Least confidence of a required field.
fn least(name: FieldName) -> f32 {
    match name {
        FieldName::MerchantName | FieldName::IssuerName => 0.62,
        FieldName::Currency => 0.75,
        FieldName::Date | FieldName::IssueDate => 0.68,
        FieldName::Number => 0.72,
        FieldName::DocumentNumber | FieldName::Surname | FieldName::GivenNames => 0.9,
        _ => 0.8,
    }
}

/// Everything that speaks against filing; empty when nothing does.
#[must_use]
pub fn reasons(
    evidence: &Evidence,
    found: &Found<'_>,
    classified: &Classified,
    fields: &Fields,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let letters = found.sheet.folded.chars().filter(|c| c.is_alphanumeric()).count();
    let sharpness = evidence.pages.iter().filter_map(|p| p.sharpness).fold(f32::MAX, f32::min);
    if letters < 20 && evidence.attachments.is_empty() {
        let blurred = sharpness < 0.15;
        reasons.push(if letters > 0 && blurred {
            Reason::new(ReasonCode::Unreadable, "The picture is too blurred to read; ask for a new photo.")
                .with("sharpness", f64::from(sharpness))
        } else {
            Reason::new(ReasonCode::NotADocument, "There is next to no text on it.").with("letters", letters)
        });
        return reasons;
    }
    if classified.kind == Kind::Other {
        reasons.push(
            Reason::new(
                ReasonCode::NotADocument,
                "It reads like none of invoice, receipt or identity document.",
            )
            .with("kind", "other")
            .with("confidence", f64::from(classified.confidence)),
        );
        return reasons;
    }
    if let Some((check, left, right)) = &found.sums.contradiction
        && classified.kind != Kind::Id
        && fields.get(&FieldName::Total).is_none_or(|t| t.source != Source::Xml)
    {
        reasons.push(
            Reason::new(ReasonCode::ChecksFailed, format!("{check} does not hold: {left} against {right}."))
                .with("check", check.as_str())
                .with("left", left.as_str())
                .with("right", right.as_str()),
        );
    }
    if let Zone::Unread { page } = found.zone {
        reasons.push(
            Reason::new(
                ReasonCode::ChecksFailed,
                "There is a machine readable zone, but its check digits do not agree.",
            )
            .with("check", "mrz check digits")
            .with("page", *page),
        );
    }
    missing(classified.kind, found, fields, &mut reasons);
    if classified.kind == Kind::Id {
        expired(found, fields, &mut reasons);
    }
    doubtful(classified, fields, &mut reasons);
    reasons
}

fn missing(kind: Kind, found: &Found<'_>, fields: &Fields, reasons: &mut Vec<Reason>) {
    let mut required = FieldName::required(kind).to_vec();
    if kind == Kind::Id {
        required.push(FieldName::GivenNames);
        // Passports, licences and permits all end one day; other cards where they say so.
        let kind = fields.get(&FieldName::DocumentType).map(|f| f.value.as_str());
        let ends = matches!(kind, Some("passport" | "visa" | "driver_license" | "residence_permit"));
        if ends || (kind.is_some() && says_expiry(found.sheet, found.today)) {
            required.push(FieldName::ExpiryDate);
        }
    }
    let names: Vec<&str> = required.iter().filter(|n| !fields.contains_key(n)).map(|n| n.as_str()).collect();
    if !names.is_empty() {
        let message = format!("Not found: {}.", names.join(", "));
        reasons.push(Reason::new(ReasonCode::MissingFields, message).with("missing", names));
    }
}

fn expired(found: &Found<'_>, fields: &Fields, reasons: &mut Vec<Reason>) {
    let today = super::dates::iso(found.today);
    let outlived = match found.zone {
        Zone::Read(zone) => zone.mrz.outlived().map(super::dates::iso),
        _ => None,
    };
    let printed = fields.get(&FieldName::ExpiryDate).map(|f| f.value.clone());
    let (Some(expiry), known) = (printed.clone().or(outlived), printed.is_some()) else { return };
    if expiry < today {
        let message = if known {
            format!("It expired on {expiry}.")
        } else {
            format!("It prints no expiry, but by its date of issue it ended by {expiry}.")
        };
        reasons.push(
            Reason::new(ReasonCode::Expired, message)
                .with("expiry_date", expiry.as_str())
                .with("today", today),
        );
    }
}

fn doubtful(classified: &Classified, fields: &Fields, reasons: &mut Vec<Reason>) {
    let mut doubts = serde_json::Map::new();
    if classified.confidence < KIND {
        doubts.insert("kind".to_owned(), f64::from(classified.confidence).into());
    }
    let id = [FieldName::GivenNames, FieldName::ExpiryDate];
    let names = id.iter().filter(|_| classified.kind == Kind::Id);
    for name in FieldName::required(classified.kind).iter().chain(names) {
        if let Some(field) = fields.get(name)
            && field.confidence < least(*name)
        {
            doubts.insert(name.as_str().to_owned(), f64::from(field.confidence).into());
        }
    }
    if !doubts.is_empty() {
        let names: Vec<&str> = doubts.keys().map(String::as_str).collect();
        let message = format!("Not sure enough of: {}.", names.join(", "));
        let mut reason = Reason::new(ReasonCode::LowConfidence, message);
        reason.detail.insert("confidence".to_owned(), doubts.into());
        reasons.push(reason);
    }
}
