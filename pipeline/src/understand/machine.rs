//! What machines say of a document, which weighs more than what its page looks like: an e-invoice's XML, a code's
//! content.

use time::Date;

use super::{
    classify::Classified,
    codes, dates,
    extract::{self, Findings},
    formats::einvoice,
    identity, mrz, numbers,
    proofs::vouched,
    reconcile,
    scorer::Signed,
    sheet::Sheet,
};
use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
    reading::Evidence,
    reason::{Reason, ReasonCode},
};

/// All that machines say of one document.
pub struct Machine {
    xml: Option<einvoice::Einvoice>,
    /// What an XML is that is no bill.
    no_invoice: Option<Reason>,
    code: Option<codes::Code>,
}

impl Machine {
    /// What is attached to a document, and what its codes hold.
    #[must_use]
    pub fn of(evidence: &Evidence, sheet: &Sheet, today: Date) -> Self {
        let (xml, no_invoice) = match einvoice::find(&evidence.attachments, today) {
            Some(einvoice::Attached::Invoice(xml)) => (Some(xml), None),
            Some(einvoice::Attached::Other(reason)) => (None, Some(reason)),
            None => (None, None),
        };
        let code = codes::find(&evidence.barcodes).or_else(|| codes::printed(sheet));
        Self { xml, no_invoice, code }
    }

    /// The fields that a page prints with those over them that a machine says, and what speaks against filing them.
    #[must_use]
    pub fn over_print(
        self,
        found: &Findings<'_>,
        classified: &mut Classified,
    ) -> (Fields, Vec<Signed>, Vec<Reason>) {
        let mut failed: Vec<Reason> =
            self.no_invoice.into_iter().chain(self.xml.iter().flat_map(|x| x.reasons.clone())).collect();
        let (mut fields, signs, reasons) = from_print(classified.kind, found);
        failed.extend(reasons);
        if let Some(payee) = self.code.as_ref().and_then(|c| c.payee.as_deref()) {
            classified.because.extend(vouched::weigh_payee(&mut fields, payee));
        }
        let code = self.code.map(|c| (c.fields, c.what));
        for (sure, by) in code.into_iter().chain(self.xml.map(|x| (x.fields, "the XML"))) {
            let sure = named_for(classified.kind, sure);
            let (over, reasons, agreed) =
                reconcile::lay_over(fields, sure, by, &|name, value| printed(found.sheet, name, value));
            fields = over;
            failed.extend(reasons);
            classified.because.extend(agreed);
        }
        print_number_in_full(&mut fields, found.sheet);
        vouched::drop_impossible_tax(&mut fields);
        (fields, signs, failed)
    }
}

/// The fields that a kind of document has, as its page prints them.
fn from_print(kind: Kind, found: &Findings<'_>) -> (Fields, Vec<Signed>, Vec<Reason>) {
    let (fields, signs) = match kind {
        Kind::Invoice => extract::invoice(found),
        Kind::Receipt => extract::receipt(found),
        Kind::Id => {
            let (fields, reasons) = extract::id(found);
            return (fields, Vec::new(), reasons);
        }
        Kind::Other => (Fields::new(), Vec::new()),
    };
    (fields, signs, Vec::new())
}

/// The kind, where something says it outright: an XML, what an XML says that it is no bill, a card's code.
pub fn outright(classified: &mut Classified, machine: &Machine, sheet: &Sheet) {
    if let Some(xml) = &machine.xml {
        classified.kind = xml.kind;
        classified.confidence = 0.99;
        classified.because.insert(0, format!("it carries {} as XML", xml.dialect));
        classified.because.extend(xml.notes.iter().cloned());
    } else if machine.no_invoice.as_ref().is_some_and(|reason| reason.code == ReasonCode::NotADocument) {
        classified.kind = Kind::Other;
        classified.confidence = 0.99;
    } else if let Some(code) = &machine.code
        && code.fields.contains_key(&FieldName::DocumentNumber)
    {
        classified.kind = Kind::Id;
        classified.confidence = 0.99;
        classified.because.insert(0, format!("it carries an {}", code.what));
    } else if matches!(classified.kind, Kind::Invoice | Kind::Receipt)
        && let Some(sure) = vouched::acknowledges_payment(sheet)
    {
        classified.kind = Kind::Receipt;
        classified.confidence = classified.confidence.max(sure);
        classified.because.insert(0, "it calls itself a receipt and says that it was paid".to_owned());
    } else if classified.kind == Kind::Id && identity::unmistakable(sheet) {
        classified.confidence = classified.confidence.max(0.95);
    }
}

/// The probability that it is an ID. The classifier's, unless something says more: an invoice's XML that it is none, a
/// card's code that it is one; a zone for machines and what only cards print make it real whatever else the page says.
#[must_use]
pub fn id_probability(classified: &Classified, machine: &Machine, zone: &mrz::Zone, sheet: &Sheet) -> f32 {
    let from_code = machine.code.as_ref().is_some_and(|c| c.fields.contains_key(&FieldName::DocumentNumber));
    match zone {
        _ if machine.xml.is_some() => 0.0,
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

/// Gives a number that no XML says the form in which the page prints it.
fn print_number_in_full(fields: &mut Fields, sheet: &Sheet) {
    let number = fields.get_mut(&FieldName::Number).filter(|field| field.source != Source::Xml);
    let Some(field) = number else { return };
    if let Some((full, page, bbox)) = numbers::in_full(sheet, &field.value) {
        field.value = full.into();
        (field.page, field.bbox) = (Some(page), Some(bbox));
    }
}

/// Whether the page prints a number, an id or a day anywhere.
fn printed(sheet: &Sheet, name: FieldName, value: &str) -> bool {
    if name.is_date() {
        let is_it = |date: Date| dates::iso(date) == value;
        let mut all = sheet.rows.iter().flat_map(|row| dates::dates(&row.folded, dates::Order::Unknown));
        return all.any(|found| is_it(found.date) || found.other.is_some_and(is_it));
    }
    let wanted = reconcile::bare(value);
    let wanted = wanted.trim_start_matches('0');
    sheet.rows.iter().any(|row| {
        let mut words = row.folded.split(|c: char| !c.is_alphanumeric());
        words.any(|word| word.trim_start_matches('0') == wanted)
            || (wanted.len() >= LONG && reconcile::bare(&row.folded).contains(wanted))
    })
}

/// A number this long does not stand inside another by chance.
const LONG: usize = 6;
