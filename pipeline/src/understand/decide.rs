//! Whether a document may be filed without a person: reasons against, the gravest first.

use super::{
    classify::Classified, extract::Findings, identity::says_expiry, mrz::Zone, places::scripts, whole,
};
use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
    reading::Evidence,
    reason::{LETTERS, Reason, ReasonCode},
};

/// Least probability of an ID's kind. Cross-validated, no document whose label is undisputed was taken for another kind
/// above 0.6; judged by weights that never saw their layout, no invented papers above 0.87, but for a card that was then
/// taken for no document at all.
const KIND: f32 = 0.9;

/// Least probability of a bill's kind and of each field it must have, however sure the rest is: more likely right than
/// wrong. Whether it is filed is decided by the whole (see [`whole`]).
const OF_BILL: f32 = 0.6;

/// What a person is told to look at first in a bill that is not sure enough as a whole: what is less sure than this.
const TOLD: f32 = 0.95;

/// Least confidence of what an ID must have.
const OF_ID: f32 = 0.9;
/// The same of its dates and the rest.
const OF_ID_REST: f32 = 0.8;

/// Least confidence of a field whose kind must have it.
#[must_use]
pub fn least(kind: Kind, name: FieldName) -> f32 {
    match (kind, name) {
        // Which way the money goes is said by rules.
        (_, FieldName::Type) => 0.8,
        (Kind::Invoice | Kind::Receipt, _) => OF_BILL,
        (_, FieldName::DocumentNumber | FieldName::Surname | FieldName::GivenNames) => OF_ID,
        _ => OF_ID_REST,
    }
}

/// What a bill's sum is made of.
const SUMMED: &[FieldName] = {
    use FieldName::{Discount, Rounding, Subtotal, Tax, Tip, Total, Withheld};
    &[Subtotal, Discount, Tip, Tax, Withheld, Rounding, Total]
};

/// Fewer letters than this are no document's.
const FEW_LETTERS: usize = 20;
/// Sharpness below which a picture counts as blurred, unless its letters were read all the same: plain drawings look
/// soft too.
const BLURRED: f32 = 0.15;
/// Mean confidence of letters that were read all the same.
const SURE: f32 = 0.9;
/// Mean confidence of the letters below which most words are guesses; of 264 real documents none read in earnest was
/// below 0.85.
const GUESSED: f32 = 0.75;

/// How well the pictures could be read.
struct Legible {
    sharpness: Option<f32>,
    read: Option<f32>,
}

impl Legible {
    fn of(evidence: &Evidence) -> Self {
        let lines = evidence.pages.iter().filter(|p| p.source == Source::Ocr).flat_map(|p| &p.lines);
        let (letters, sure) = lines.fold((0.0, 0.0), |(letters, sure), line| {
            let n = line.text.chars().count() as f32;
            (letters + n, sure + n * line.confidence)
        });
        Self {
            sharpness: evidence.pages.iter().filter_map(|p| p.sharpness).reduce(f32::min),
            read: (letters >= FEW_LETTERS as f32).then(|| sure / letters),
        }
    }

    /// Why a new photo should be asked for, if it should.
    fn unreadable(&self) -> Option<Reason> {
        let blurred = self.sharpness.is_some_and(|s| s < BLURRED) && self.read.is_none_or(|r| r < SURE);
        if !blurred && self.read.is_none_or(|r| r >= GUESSED) {
            return None;
        }
        let mut reason =
            Reason::new(ReasonCode::Unreadable, "The picture is too blurred to read; ask for a new photo.");
        if let Some(sharpness) = self.sharpness {
            reason = reason.with("sharpness", f64::from(sharpness));
        }
        if let Some(read) = self.read {
            reason = reason.with("confidence", f64::from(read));
        }
        Some(reason)
    }
}

/// Everything that speaks against filing; empty when nothing does.
#[must_use]
pub fn reasons(
    evidence: &Evidence,
    found: &Findings<'_>,
    classified: &Classified,
    fields: &Fields,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let legible = Legible::of(evidence);
    if let Some(reason) = not_a_document(evidence, found, classified, &legible) {
        return vec![reason];
    }
    if let Some((check, left, right)) = &found.sums.contradiction
        && classified.kind != Kind::Id
        && fields.get(&FieldName::Total).is_none_or(|t| t.source != Source::Xml)
    {
        reasons.push(
            Reason::new(ReasonCode::ChecksFailed, format!("{check} does not hold: {left} against {right}."))
                .with("check", check.as_str())
                .with("left", left.as_str())
                .with("right", right.as_str())
                .about(SUMMED),
        );
    }
    if let Zone::Unread { page } = found.zone {
        reasons.push(
            Reason::new(
                ReasonCode::ChecksFailed,
                "There is a machine readable zone, but its check digits do not agree.",
            )
            .with("check", super::mrz::UNREAD)
            .with("page", *page),
        );
    }
    missing(classified.kind, found, fields, &mut reasons);
    // A field nobody could have read is not missing from the paper: a better photo may show it.
    if reasons.iter().any(|r| r.code == ReasonCode::MissingFields) {
        reasons.splice(0..0, legible.unreadable());
    }
    if classified.kind == Kind::Id {
        expired(found, fields, &mut reasons);
    }
    let sure = whole::probability(classified, fields, found.scorers);
    let unsure = sure < whole::threshold(found.scorers);
    let script = scripts::unread(found.sheet);
    doubtful(classified, fields, unsure.then_some(sure), script, &mut reasons);
    reasons
}

/// Why it is none of the documents that are read, if it is none.
fn not_a_document(
    evidence: &Evidence,
    found: &Findings<'_>,
    classified: &Classified,
    legible: &Legible,
) -> Option<Reason> {
    let letters = found.sheet.folded.chars().filter(|c| c.is_alphanumeric()).count();
    if letters < FEW_LETTERS && evidence.attachments.is_empty() {
        return Some(legible.unreadable().unwrap_or_else(|| {
            let reason = Reason::new(ReasonCode::NotADocument, "There is next to no text on it.");
            // Only of a picture that was looked at can a better one be asked for.
            let looked_at = evidence.media_type.starts_with("image/") && !evidence.pages.is_empty();
            if looked_at { reason.with(LETTERS, letters) } else { reason }
        }));
    }
    if classified.kind == Kind::Other {
        return Some(legible.unreadable().unwrap_or_else(|| {
            Reason::new(
                ReasonCode::NotADocument,
                "It reads like none of invoice, receipt or identity document.",
            )
            .with("kind", "other")
            .with("confidence", f64::from(classified.confidence))
        }));
    }
    None
}

fn missing(kind: Kind, found: &Findings<'_>, fields: &Fields, reasons: &mut Vec<Reason>) {
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

fn expired(found: &Findings<'_>, fields: &Fields, reasons: &mut Vec<Reason>) {
    let today = super::dates::iso(found.today);
    let outlived = match found.zone {
        Zone::Read(zone) => zone.mrz.outlived().map(super::dates::iso),
        _ => None,
    };
    let printed = fields.get(&FieldName::ExpiryDate).map(|f| f.value.to_string());
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

/// What of a bill is to be looked at that is not sure enough as a whole: what is doubtful, or else the least sure.
fn least_sure(classified: &Classified, fields: &Fields) -> Vec<(&'static str, f32)> {
    let required = FieldName::required(classified.kind).iter();
    let mut sure: Vec<(&'static str, f32)> =
        required.filter_map(|n| fields.get(n).map(|f| (n.as_str(), f.confidence))).collect();
    sure.push(("kind", classified.confidence));
    sure.sort_by(|a, b| a.1.total_cmp(&b.1));
    let doubtful = sure.iter().filter(|(_, p)| *p < TOLD).count().max(1);
    sure.truncate(doubtful);
    sure
}

/// Adds what is not sure enough; `sure` is the probability of a bill that is not sure enough as a whole, `script` the one in
/// which letters were seen that no model of ours reads.
pub(crate) fn doubtful(
    classified: &Classified,
    fields: &Fields,
    sure: Option<f32>,
    script: Option<&str>,
    reasons: &mut Vec<Reason>,
) {
    let bill = matches!(classified.kind, Kind::Invoice | Kind::Receipt);
    let mut doubts = serde_json::Map::new();
    if classified.confidence < if bill { OF_BILL } else { KIND } {
        doubts.insert("kind".to_owned(), f64::from(classified.confidence).into());
    }
    let id = [FieldName::GivenNames, FieldName::ExpiryDate];
    let names = id.iter().filter(|_| classified.kind == Kind::Id);
    // What an XML's type leaves open it says itself.
    let own = |f: &Field| f.source != Source::Xml;
    let bill_type = fields.get(&FieldName::Type).is_some_and(own).then_some(&FieldName::Type);
    for name in FieldName::required(classified.kind).iter().chain(names).chain(bill_type) {
        if let Some(field) = fields.get(name)
            && field.confidence < least(classified.kind, *name)
        {
            doubts.insert(name.as_str().to_owned(), f64::from(field.confidence).into());
        }
    }
    if let Some(sure) = sure.filter(|_| bill) {
        for (name, confidence) in least_sure(classified, fields) {
            doubts.insert(name.to_owned(), f64::from(confidence).into());
        }
        doubts.insert("document".to_owned(), f64::from(sure).into());
    }
    if !doubts.is_empty() {
        let names: Vec<&str> = doubts.keys().map(String::as_str).filter(|n| *n != "document").collect();
        let letters =
            script.map(|s| format!("Its letters seem to be {s}, which are not read. ")).unwrap_or_default();
        let message = format!("{letters}Not sure enough of: {}.", names.join(", "));
        let mut reason = Reason::new(ReasonCode::LowConfidence, message);
        if let Some(script) = script {
            reason = reason.with("script", script);
        }
        reason.detail.insert("confidence".to_owned(), doubts.into());
        reasons.push(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        limits::Limits,
        understand::{
            paper::{photo, seen},
            understand,
        },
    };

    const RECEIPT: &[&str] = &[
        "PANADERIA EL SOL S.L.",
        "Calle Mayor 3, 41001 Sevilla",
        "NIF: B12345674",
        "Factura simplificada 00412",
        "12/03/2024 10:31",
        "2 BARRA RUSTICA 2,40",
        "1 CAFE CON LECHE 1,60",
        "TOTAL 4,00 €",
        "EFECTIVO 5,00 €",
        "CAMBIO 1,00 €",
        "Gracias por su visita",
    ];

    fn codes(evidence: &Evidence) -> Vec<ReasonCode> {
        understand(evidence, &Limits::default()).reasons.iter().map(|r| r.code).collect()
    }

    #[test]
    fn a_plain_receipt_is_filed() {
        assert_eq!(codes(&photo(0.45, RECEIPT)), []);
    }

    #[test]
    fn what_a_receipt_lacks_is_named() {
        let undated: Vec<&str> = RECEIPT.iter().copied().filter(|l| !l.contains("2024")).collect();
        let understood = understand(&photo(0.45, &undated), &Limits::default());
        assert_eq!(understood.reasons[0].code, ReasonCode::MissingFields);
        assert_eq!(understood.reasons[0].detail["missing"], serde_json::json!(["date"]));
    }

    #[test]
    fn a_blur_asks_for_a_new_photo_and_a_view_is_no_document() {
        assert_eq!(codes(&seen(photo(0.7, &[]), 0.0, 0.05)), [ReasonCode::Unreadable]);
        assert_eq!(codes(&photo(1.5, &[])), [ReasonCode::NotADocument]);
        let undated: Vec<&str> = RECEIPT.iter().copied().filter(|l| !l.contains("2024")).collect();
        let guessed = seen(photo(0.45, &undated), 0.6, 0.4);
        assert_eq!(codes(&guessed)[..2], [ReasonCode::Unreadable, ReasonCode::MissingFields]);
    }

    #[test]
    fn what_was_read_badly_is_not_filed() {
        let codes = codes(&seen(photo(0.45, RECEIPT), 0.5, 0.4));
        assert!(codes.contains(&ReasonCode::LowConfidence), "{codes:?}");
    }

    #[test]
    fn a_soft_drawing_that_reads_well_is_filed() {
        assert_eq!(codes(&seen(photo(0.45, RECEIPT), 0.98, 0.1)), []);
    }
}
