//! What the evidence means: kind, fields, and whether we are sure enough to file.
//!
//! The way of the data: lines become a [`sheet`] of cells; the surest evidence ([`einvoice`], [`codes`], [`mrz`]) is read
//! beside the printed labels ([`amounts`], [`issued`], [`parties`], [`numbers`], [`tax_ids`]); [`classify`] says the kind;
//! [`surer`] lays the sure over the printed and checks one against the other; [`decide`] says whether it may be filed.
//! [`several`] says when a file holds more than one document; [`same`] compares two documents afterwards.

mod account;
pub mod amounts;
pub mod bill_type;
pub mod classify;
pub mod codes;
pub mod dates;
pub mod decide;
pub mod extract;
pub mod features;
pub mod formats;
pub mod from_text;
pub mod identity;
pub mod issued;
pub mod kind_words;
pub mod letters;
pub mod model;
pub mod mrz;
pub mod numbers;
pub mod opinion;
#[cfg(test)]
pub(crate) mod paper;
pub mod parties;
pub mod payment;
pub mod places;
pub mod proofs;
pub mod same;
pub mod scorer;
pub mod several;
pub mod sheet;
pub mod surer;
pub mod tax_ids;
#[cfg(test)]
mod tests;
pub mod values;
pub mod vocabulary;
pub mod whole;

use formats::einvoice;
use proofs::vouched;
use time::{Date, OffsetDateTime};
pub use values::money;

use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
    limits::Limits,
    reading::{Evidence, Understanding},
    reason::{Reason, ReasonCode},
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
        && let Some(several) = several::find(evidence, |piece| understand_alone(piece, today, model))
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
    let mut place = places::place(&sheet, &ids);
    let sums = amounts::sums(&sheet, values::currency::digits(place.currency.map(|c| c.0)));
    if let Some(total) = &sums.total {
        places::hold_against_total(&mut place, &sheet, total);
    }
    if let Some(sender) = &evidence.sender_country {
        places::take_for_senders(&mut place, &sheet, sender);
    }
    let (xml, no_invoice) = match einvoice::find(&evidence.attachments, today) {
        Some(einvoice::Found::Invoice(xml)) => (Some(xml), None),
        Some(einvoice::Found::Other(reason)) => (None, Some(reason)),
        None => (None, None),
    };
    let code = codes::find(&evidence.barcodes).or_else(|| codes::printed(&sheet));
    let mut classified = {
        let seen = features::Seen { evidence, sheet: &sheet, zone: &zone, ids: &ids, sums: &sums };
        classify::classify(&seen, model)
    };
    outright(&mut classified, xml.as_ref(), no_invoice.as_ref(), code.as_ref(), &sheet);
    let id_probability = id_probability(&classified, xml.is_some(), code.as_ref(), &zone, &sheet);
    let found = extract::Found {
        sheet: &sheet,
        place: &place,
        zone: &zone,
        ids: &ids,
        sums: &sums,
        today,
        scorers: &model.scorers,
    };
    // What machines say it is weighs more than what its page looks like.
    let mut failed: Vec<Reason> =
        no_invoice.into_iter().chain(xml.iter().flat_map(|x| x.reasons.clone())).collect();
    let (mut fields, signs) = match classified.kind {
        Kind::Invoice => extract::invoice(&found),
        Kind::Receipt => extract::receipt(&found),
        Kind::Id => {
            let (fields, reasons) = extract::id(&found);
            failed.extend(reasons);
            (fields, Vec::new())
        }
        Kind::Other => (Fields::new(), Vec::new()),
    };
    let mut because = std::mem::take(&mut classified.because);
    if let Some(payee) = code.as_ref().and_then(|c| c.payee.as_deref()) {
        because.extend(vouched::weigh_payee(&mut fields, payee));
    }
    let sure = code.map(|c| (c.fields, c.what)).into_iter().chain(xml.map(|x| (x.fields, "the XML")));
    for (sure, by) in sure {
        let sure = named_for(classified.kind, sure);
        let (over, reasons, agreed) =
            surer::lay_over(fields, sure, by, &|name, value| printed(&sheet, name, value));
        fields = over;
        failed.extend(reasons);
        because.extend(agreed);
    }
    print_number_in_full(&mut fields, &sheet);
    vouched::drop_impossible_tax(&mut fields);
    classified.doubts = vouched::doubts_of_kind(classified.kind, &sheet, &fields);
    if classified.doubts.iter().any(|d| d.forbids()) {
        classified.confidence = classified.confidence.min(DOUBTED);
    }
    because.extend(classified.doubts.iter().map(|d| format!("doubtful: {}", d.told())));
    let sure = whole::probability(&classified, &fields, found.scorers);
    let mut reasons = failed;
    // What a machine says that it is needs no guess beside it.
    let named = classified.kind == Kind::Other && !reasons.is_empty();
    if !named {
        reasons.extend(decide::reasons(evidence, &found, &classified, &fields));
    }
    if reasons.is_empty() {
        // Nobody looks at it again: what is more likely wrong than right is left out.
        fields.retain(|name, field| whole::is_filed(classified.kind, *name, field));
    }
    because.extend(sums.because.iter().cloned());
    Understanding {
        kind: classified.kind,
        confidence: classified.confidence,
        id_probability: Some(id_probability),
        language: place.language.map(str::to_owned),
        fields,
        reasons,
        because,
        parts: Vec::new(),
        whole: Some(sure),
        signs,
        doubts: classified.doubts,
    }
}

/// Gives a number that no XML says the form in which the page prints it.
fn print_number_in_full(fields: &mut Fields, sheet: &sheet::Sheet) {
    let number = fields.get_mut(&FieldName::Number).filter(|field| field.source != Source::Xml);
    let Some(field) = number else { return };
    if let Some((full, page, bbox)) = numbers::in_full(sheet, &field.value) {
        field.value = full.into();
        (field.page, field.bbox) = (Some(page), Some(bbox));
    }
}

/// Whether the page prints a number, an id or a day anywhere.
fn printed(sheet: &sheet::Sheet, name: FieldName, value: &str) -> bool {
    if name.is_date() {
        let is_it = |date: Date| dates::iso(date) == value;
        let mut all = sheet.rows.iter().flat_map(|row| dates::dates(&row.folded, dates::Order::Unknown));
        return all.any(|found| is_it(found.date) || found.other.is_some_and(is_it));
    }
    let wanted = surer::bare(value);
    let wanted = wanted.trim_start_matches('0');
    sheet.rows.iter().any(|row| {
        let mut words = row.folded.split(|c: char| !c.is_alphanumeric());
        words.any(|word| word.trim_start_matches('0') == wanted)
            || (wanted.len() >= LONG && surer::bare(&row.folded).contains(wanted))
    })
}

/// A number this long does not stand inside another by chance.
const LONG: usize = 6;

/// The kind, where something says it outright: an XML, what an XML says that it is no bill, a card's code.
fn outright(
    classified: &mut classify::Classified,
    xml: Option<&einvoice::Einvoice>,
    no_invoice: Option<&Reason>,
    code: Option<&codes::Code>,
    sheet: &sheet::Sheet,
) {
    if let Some(xml) = xml {
        classified.kind = xml.kind;
        classified.confidence = 0.99;
        classified.because.insert(0, format!("it carries {} as XML", xml.dialect));
        classified.because.extend(xml.notes.iter().cloned());
    } else if no_invoice.is_some_and(|reason| reason.code == ReasonCode::NotADocument) {
        classified.kind = Kind::Other;
        classified.confidence = 0.99;
    } else if let Some(code) = code
        && code.fields.contains_key(&FieldName::DocumentNumber)
    {
        classified.kind = Kind::Id;
        classified.confidence = 0.99;
        classified.because.insert(0, format!("it carries an {}", code.what));
    } else if classified.kind == Kind::Invoice && vouched::acknowledges_payment(sheet) {
        classified.kind = Kind::Receipt;
        classified.because.insert(0, "it calls itself a receipt and says that it was paid".to_owned());
    } else if classified.kind == Kind::Id && identity::unmistakable(sheet) {
        classified.confidence = classified.confidence.max(0.95);
    }
}

/// The probability that it is an ID. The classifier's, unless something says more: an invoice's XML that it is none, a
/// card's code that it is one; a zone for machines and what only cards print make it real whatever else the page says.
fn id_probability(
    classified: &classify::Classified,
    has_xml: bool,
    code: Option<&codes::Code>,
    zone: &mrz::Zone,
    sheet: &sheet::Sheet,
) -> f32 {
    let from_code = code.is_some_and(|c| c.fields.contains_key(&FieldName::DocumentNumber));
    match zone {
        _ if has_xml => 0.0,
        _ if from_code => 1.0,
        mrz::Zone::Read(_) => classified.id_probability.max(0.95),
        _ if identity::unmistakable(sheet) => classified.id_probability.max(0.95),
        mrz::Zone::Unread { .. } => classified.id_probability.max(0.5),
        mrz::Zone::None => classified.id_probability,
    }
}

/// A code speaks of an issuer; a receipt calls it the merchant. What the kind does not have is dropped.
fn named_for(kind: Kind, fields: Fields) -> Fields {
    let named = |name| match (kind, name) {
        (Kind::Receipt, FieldName::IssuerName) => FieldName::MerchantName,
        (Kind::Receipt, FieldName::IssuerLegalName) => FieldName::MerchantLegalName,
        (Kind::Receipt, FieldName::IssuerTaxId) => FieldName::MerchantTaxId,
        (Kind::Receipt, FieldName::IssueDate) => FieldName::Date,
        (_, name) => name,
    };
    let worded = |name, mut field: Field| {
        if (kind, name) == (Kind::Receipt, FieldName::Type) {
            match field.value.as_str() {
                "credit_note" => field.value = "refund".into(),
                "invoice" | "debit_note" => field.value = "receipt".into(),
                _ => {}
            }
        }
        (named(name), field)
    };
    let fields = fields.into_iter().map(|(name, field)| worded(name, field));
    fields.filter(|(name, _)| FieldName::of(kind).contains(name)).collect()
}
