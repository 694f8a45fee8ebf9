//! The fields of each kind, from what was found.

use time::Date;

use super::{
    amounts::{Sums, Valued},
    bill_type,
    dates::{self, iso},
    identity, issued,
    mrz::Zone,
    numbers, parties, payment,
    places::Place,
    scorer::Scorer,
    sheet::{Row, Sheet, doubt},
    tax_ids::{self, TaxId},
};
use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, PageBox, Source},
    reason::{Reason, ReasonCode},
};

/// The most that a name with a letter is believed that nobody could read.
const UNREAD_LETTER: f32 = 0.3;

/// What was found before anyone knew the kind.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    /// The lines.
    pub sheet: &'a Sheet,
    /// Language, country, currency.
    pub place: &'a Place,
    /// Machine readable zone.
    pub zone: &'a Zone,
    /// Tax ids.
    pub ids: &'a [TaxId],
    /// Amounts.
    pub sums: &'a Sums,
    /// For judging dates.
    pub today: Date,
    /// For judging names.
    pub party: &'a Scorer,
}

impl Found<'_> {
    fn source(&self, page: u32) -> Source {
        self.sheet.rows.iter().find(|r| r.page == page).map_or(Source::Ocr, |r| r.source)
    }

    fn field(&self, value: String, confidence: f32, page: u32, bbox: PageBox) -> Field {
        // What OCR was unsure of is not surer for being labelled.
        // The box of a leaning row covers its neighbours' words: the row that has a word there is meant.
        let inside =
            |(x, y): (f32, f32)| (bbox[0]..=bbox[2]).contains(&x) && (bbox[1]..=bbox[3]).contains(&y);
        let has_word = |r: &&Row| {
            r.words.iter().any(|w| inside(((w.bbox[0] + w.bbox[2]) / 2.0, (w.bbox[1] + w.bbox[3]) / 2.0)))
        };
        let covers = |r: &&Row| r.bbox[1] <= bbox[1] + 0.001 && r.bbox[3] >= bbox[3] - 0.001;
        let here = || self.sheet.rows.iter().filter(|r| r.page == page);
        let row = here().find(has_word).or_else(|| here().find(covers));
        let digits = value.bytes().filter(u8::is_ascii_digit).count() >= 3;
        let read = row.map_or(1.0, |r| if digits { r.digits_read(bbox) } else { r.confidence });
        let doubt = if digits { doubt(read) } else { (read.max(0.3) / 0.9).min(1.0) };
        self.weighed(value, confidence * doubt, page, bbox)
    }

    /// A field of which the confidence says all, how its letters were read too.
    fn weighed(&self, value: String, confidence: f32, page: u32, bbox: PageBox) -> Field {
        Field {
            value: value.into(),
            confidence,
            page: Some(page),
            bbox: Some(bbox),
            source: self.source(page),
        }
    }
}

fn put_amount(found: &Found<'_>, fields: &mut Fields, name: FieldName, valued: Option<Valued>) {
    if let Some(v) = valued {
        // How its digits were read is weighed where arithmetic may vouch for them.
        fields.insert(name, found.weighed(v.amount.to_decimal(), v.confidence, v.page, v.bbox));
    }
}

fn put_money(found: &Found<'_>, fields: &mut Fields) {
    put_amount(found, fields, FieldName::Total, found.sums.total);
    put_amount(found, fields, FieldName::Subtotal, found.sums.subtotal);
    put_amount(found, fields, FieldName::Tax, found.sums.tax);
    if let Some((code, confidence)) = found.place.currency {
        let field = Field { value: code.into(), confidence, page: None, bbox: None, source: found.source(1) };
        fields.insert(FieldName::Currency, field);
    }
}

fn put_tax_ids(found: &Found<'_>, fields: &mut Fields, own: FieldName, other: Option<FieldName>) {
    let mut put = |name: FieldName, id: Option<(&TaxId, f32)>| {
        if let Some((id, confidence)) = id {
            fields.insert(name, found.field(id.value.clone(), confidence, id.page, id.bbox));
        }
    };
    put(own, tax_ids::issuers(found.ids));
    if let Some(other) = other {
        put(other, tax_ids::recipients(found.ids));
    }
}

/// The fields of a receipt.
#[must_use]
pub fn receipt(found: &Found<'_>) -> Fields {
    let mut fields = Fields::new();
    put_money(found, &mut fields);
    if let Some(name) = parties::merchant(found.sheet).map(|n| n.vouched(found.party)) {
        if let Some(address) = parties::address(found.sheet, &name) {
            let field = found.field(address.name, address.confidence, address.page, address.bbox);
            fields.insert(FieldName::MerchantAddress, field);
        }
        let field = found.weighed(name.name, name.confidence, name.page, name.bbox);
        fields.insert(FieldName::MerchantName, field);
    }
    if let Some(d) = issued::issued(found) {
        fields.insert(FieldName::Date, found.field(iso(d.date), d.confidence, d.page, d.bbox));
    }
    if let Some((row, clock)) = found.sheet.rows.iter().find_map(|r| dates::clock(&r.folded).map(|c| (r, c)))
    {
        fields.insert(FieldName::Time, found.field(clock, 0.85, row.page, row.bbox));
    }
    if let Some(n) = numbers::receipt(found.sheet) {
        fields.insert(FieldName::Number, found.field(n.value, n.confidence, n.page, n.bbox));
    }
    put_tax_ids(found, &mut fields, FieldName::MerchantTaxId, None);
    if let Some(p) = payment::paid(found.sheet) {
        fields.insert(
            FieldName::PaymentMethod,
            found.field(p.how.to_owned(), p.confidence, p.row.page, p.row.bbox),
        );
    }
    bill_type::put(found, Kind::Receipt, &mut fields);
    fields
}

/// The fields of an invoice.
#[must_use]
pub fn invoice(found: &Found<'_>) -> Fields {
    let mut fields = Fields::new();
    put_money(found, &mut fields);
    let recipient = parties::recipient(found.sheet);
    if let Some(issuer) = parties::issuer(found.sheet).map(|n| n.vouched(found.party)) {
        let field = found.weighed(issuer.name, issuer.confidence, issuer.page, issuer.bbox);
        fields.insert(FieldName::IssuerName, field);
    }
    if let Some(r) = recipient {
        fields.insert(FieldName::RecipientName, found.field(r.name, r.confidence - 0.1, r.page, r.bbox));
    }
    if let Some(n) = numbers::invoice(found.sheet) {
        fields.insert(FieldName::Number, found.field(n.value, n.confidence, n.page, n.bbox));
    }
    if let Some(d) = issued::issued(found) {
        if let Some(due) = issued::due(found, d.date) {
            fields.insert(FieldName::DueDate, found.field(iso(due.date), due.confidence, due.page, due.bbox));
        }
        fields.insert(FieldName::IssueDate, found.field(iso(d.date), d.confidence, d.page, d.bbox));
    }
    put_tax_ids(found, &mut fields, FieldName::IssuerTaxId, Some(FieldName::RecipientTaxId));
    bill_type::put(found, Kind::Invoice, &mut fields);
    fields
}

/// The fields of an identity document: its zone where it has one, printed labels otherwise; and where both speak, what
/// they contradict each other in.
#[must_use]
pub fn id(found: &Found<'_>) -> (Fields, Vec<Reason>) {
    let (mut fields, reasons) = id_by_all(found);
    for name in [FieldName::Surname, FieldName::GivenNames, FieldName::DocumentNumber] {
        // A letter that nobody could read: what is left is another name.
        if let Some(field) =
            fields.get_mut(&name).filter(|field| field.value.contains(char::REPLACEMENT_CHARACTER))
        {
            field.confidence = field.confidence.min(UNREAD_LETTER);
        }
    }
    (fields, reasons)
}

fn id_by_all(found: &Found<'_>) -> (Fields, Vec<Reason>) {
    let mut printed = identity::from_labels(found.sheet, found.place.order, found.today);
    let Zone::Read(zone) = found.zone else {
        let broken = identity::checked(&mut printed).map(|(rule, number)| {
            Reason::new(ReasonCode::ChecksFailed, format!("The number {number} does not keep {rule}."))
                .with("check", rule)
                .with("left", number)
                .with("right", rule)
        });
        return (printed, broken.into_iter().collect());
    };
    let (fields, against) = identity::with_zone(printed, zone, found.sheet);
    let reasons = against.into_iter().map(|(name, zone, page)| {
        let message = format!("The machine readable zone says {name} {zone}, the page says {page}.");
        Reason::new(ReasonCode::ChecksFailed, message)
            .with("check", format!("{name} of the zone = {name} of the page"))
            .with("left", zone)
            .with("right", page)
    });
    (fields, reasons.collect())
}
