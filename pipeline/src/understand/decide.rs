//! Whether a document may be filed without a person: reasons against, the gravest first.

use super::{classify::Classified, extract::Found, identity::says_expiry, mrz::Zone};
use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
    reading::Evidence,
    reason::{Reason, ReasonCode},
    wording::LETTERS,
};

/// Least probability of the kind itself. Cross-validated, no document whose label is undisputed was taken for another
/// kind above 0.6; judged by weights that never saw their layout, no invented papers above 0.87, but for a card that
/// was then taken for no document at all.
const KIND: f32 = 0.9;

/// Least confidence of a required field. The party's is a probability (see `data/weights/party.tsv`); the others come of
/// rules that know the old papers, so they are where errors began on 415 bills that the rules had never seen, each judged
/// by a scorer of parties that saw nothing of its source.
fn least(name: FieldName) -> f32 {
    match name {
        FieldName::MerchantName | FieldName::IssuerName => 0.75,
        FieldName::Total => 0.85,
        FieldName::Currency => 0.88,
        FieldName::Date | FieldName::IssueDate => 0.8,
        FieldName::Number => 0.9,
        FieldName::DocumentNumber | FieldName::Surname | FieldName::GivenNames => 0.9,
        _ => 0.8,
    }
}

/// Least probability that neither the kind nor a required field of a bill is wrong, were they to err apart.
const WHOLE: f32 = 0.6;

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
    found: &Found<'_>,
    classified: &Classified,
    fields: &Fields,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let letters = found.sheet.folded.chars().filter(|c| c.is_alphanumeric()).count();
    let legible = Legible::of(evidence);
    if letters < FEW_LETTERS && evidence.attachments.is_empty() {
        reasons.push(legible.unreadable().unwrap_or_else(|| {
            let reason = Reason::new(ReasonCode::NotADocument, "There is next to no text on it.");
            // Only of a picture that was looked at can a better one be asked for.
            let looked_at = evidence.media_type.starts_with("image/") && !evidence.pages.is_empty();
            if looked_at { reason.with(LETTERS, letters) } else { reason }
        }));
        return reasons;
    }
    if classified.kind == Kind::Other {
        reasons.push(legible.unreadable().unwrap_or_else(|| {
            Reason::new(
                ReasonCode::NotADocument,
                "It reads like none of invoice, receipt or identity document.",
            )
            .with("kind", "other")
            .with("confidence", f64::from(classified.confidence))
        }));
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

/// The least sure field of a bill of which each field is sure enough, and all of them together are not.
fn least_sure_of_all(classified: &Classified, fields: &Fields) -> Option<(FieldName, f32)> {
    let required = FieldName::required(classified.kind).iter();
    let sure: Vec<(FieldName, f32)> =
        required.filter_map(|n| fields.get(n).map(|f| (*n, f.confidence))).collect();
    let whole = classified.confidence * sure.iter().map(|(_, c)| c).product::<f32>();
    let bill = matches!(classified.kind, Kind::Invoice | Kind::Receipt);
    let weakest = sure.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
    weakest.filter(|_| bill && whole < WHOLE)
}

fn doubtful(classified: &Classified, fields: &Fields, reasons: &mut Vec<Reason>) {
    let mut doubts = serde_json::Map::new();
    if classified.confidence < KIND {
        doubts.insert("kind".to_owned(), f64::from(classified.confidence).into());
    }
    let id = [FieldName::GivenNames, FieldName::ExpiryDate];
    let names = id.iter().filter(|_| classified.kind == Kind::Id);
    // What an XML's type leaves open it says itself.
    let own = |f: &Field| f.source != Source::Xml;
    let bill_type = fields.get(&FieldName::Type).is_some_and(own).then_some(&FieldName::Type);
    for name in FieldName::required(classified.kind).iter().chain(names).chain(bill_type) {
        if let Some(field) = fields.get(name)
            && field.confidence < least(*name)
        {
            doubts.insert(name.as_str().to_owned(), f64::from(field.confidence).into());
        }
    }
    if doubts.is_empty()
        && let Some((name, confidence)) = least_sure_of_all(classified, fields)
    {
        doubts.insert(name.as_str().to_owned(), f64::from(confidence).into());
    }
    if !doubts.is_empty() {
        let names: Vec<&str> = doubts.keys().map(String::as_str).collect();
        let message = format!("Not sure enough of: {}.", names.join(", "));
        let mut reason = Reason::new(ReasonCode::LowConfidence, message);
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
        "PANADERIA EL SOL",
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
