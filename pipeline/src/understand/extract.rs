//! The fields of each kind, from what was found.

use time::Date;

use super::{
    account,
    amounts::{Sums, Valued},
    bill_type,
    dates::{self, iso},
    identity,
    issued::{self, Dated},
    mrz::Zone,
    numbers::{self, Numbered},
    parties::{self, Named},
    payment,
    places::{self, Place},
    scorer::{Scorers, Signed, Signs, most_by_rules, said, yes},
    sheet::{Row, Sheet, doubt},
    tax_ids::{self, TaxId},
};
use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, PageBox, Source, Value},
    reason::{Reason, ReasonCode},
};

/// The most that a name with a letter is believed that nobody could read.
const UNREAD_LETTER: f32 = 0.3;

/// What was found before anyone knew the kind.
#[derive(Clone, Copy)]
pub struct Findings<'a> {
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
    /// For judging fields.
    pub scorers: &'a Scorers,
}

impl Findings<'_> {
    fn source(&self, page: u32) -> Source {
        self.sheet.rows.iter().find(|r| r.page == page).map_or(Source::Ocr, |r| r.source)
    }

    fn row_at(&self, page: u32, bbox: PageBox) -> Option<&Row> {
        // The box of a leaning row covers its neighbours' words: the row that has a word there is meant.
        let inside =
            |(x, y): (f32, f32)| (bbox[0]..=bbox[2]).contains(&x) && (bbox[1]..=bbox[3]).contains(&y);
        let has_word = |r: &&Row| {
            r.words.iter().any(|w| inside(((w.bbox[0] + w.bbox[2]) / 2.0, (w.bbox[1] + w.bbox[3]) / 2.0)))
        };
        let covers = |r: &&Row| r.bbox[1] <= bbox[1] + 0.001 && r.bbox[3] >= bbox[3] - 0.001;
        let here = || self.sheet.rows.iter().filter(|r| r.page == page);
        here().find(has_word).or_else(|| here().find(covers))
    }

    /// How surely the digits at a place were read.
    fn read(&self, page: u32, bbox: PageBox) -> f32 {
        self.row_at(page, bbox).map_or(1.0, |r| r.digits_read(bbox))
    }

    fn field(&self, value: String, confidence: f32, page: u32, bbox: PageBox) -> Field {
        // What OCR was unsure of is not surer for being labelled.
        let row = self.row_at(page, bbox);
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

/// Fields, and what was weighed of those that a scorer judges.
#[derive(Default)]
struct Extracted {
    fields: Fields,
    signs: Vec<Signed>,
}

impl Extracted {
    fn put(&mut self, name: FieldName, field: Field) {
        self.fields.insert(name, field);
    }

    /// A field as sure as its scorer says.
    fn judged(&mut self, found: &Findings<'_>, name: FieldName, mut field: Field, signs: &Signs) {
        let mut signs = signs.clone();
        signs.extend([("rules", said(field.confidence)), ("from_text", yes(field.source == Source::Text))]);
        let most = most_by_rules(field.confidence);
        let signed = Signed { name, value: field.value.to_string(), signs, most };
        field.confidence = signed.probability(found.scorers).unwrap_or(field.confidence);
        self.signs.push(signed);
        self.put(name, field);
    }

    fn party(&mut self, found: &Findings<'_>, name: FieldName, named: Named) {
        let (most, signs) = (named.most(), named.signs);
        let mut field = found.weighed(named.name, named.confidence.min(most), named.page, named.bbox);
        let signed = Signed { name, value: field.value.to_string(), signs, most };
        field.confidence = signed.probability(found.scorers).unwrap_or(field.confidence);
        self.signs.push(signed);
        self.put(name, field);
    }

    fn money(&mut self, found: &Findings<'_>, day: Option<Date>) {
        // How its digits were read is weighed where arithmetic may vouch for them.
        let field = |v: Valued| found.weighed(v.amount.to_decimal(), v.confidence, v.page, v.bbox);
        let sums = found.sums;
        if let Some(total) = sums.total {
            self.judged(found, FieldName::Total, field(total), &sums.total_signs);
        }
        if let Some(subtotal) = sums.subtotal {
            self.put(FieldName::Subtotal, field(subtotal));
        }
        if let Some(tax) = sums.tax {
            self.judged(found, FieldName::Tax, field(tax), &sums.tax_signs);
        }
        if let Some((code, confidence)) = places::of_its_day(found.place, day) {
            let source = found.source(1);
            let field = Field::unplaced(code, confidence, source);
            self.judged(found, FieldName::Currency, field, &found.place.currency_signs);
        }
    }

    fn number(&mut self, found: &Findings<'_>, number: Option<Numbered>) {
        if let Some(n) = number {
            let field = found.field(n.value, n.confidence, n.page, n.bbox);
            let mut signs = n.signs;
            signs.push(("read", found.read(n.page, n.bbox)));
            self.judged(found, FieldName::Number, field, &signs);
        }
    }

    fn date(&mut self, found: &Findings<'_>, name: FieldName, dated: Dated) {
        let field = found.field(iso(dated.date), dated.confidence, dated.page, dated.bbox);
        let mut signs = dated.signs;
        let read = found.read(dated.page, dated.bbox);
        signs.extend([("read", read), ("misread", yes(read < 0.93))]);
        self.judged(found, name, field, &signs);
    }
}

/// What the total is made of, where equations with it hold.
fn put_breakdown(found: &Findings<'_>, kind: Kind, fields: &mut Fields) {
    let (sums, parts) = (found.sums, &found.sums.breakdown);
    let Some(total) = &sums.total else { return };
    let source = found.source(total.page);
    let mut put = |name: FieldName, value: Value| {
        let field = Field { value, confidence: HELD, page: Some(total.page), bbox: None, source };
        fields.entry(name).or_insert(field);
    };
    for (name, list) in [(FieldName::Taxes, &parts.taxes), (FieldName::LineItems, &parts.lines)] {
        if !list.is_empty() {
            put(name, Value::List(list.clone()));
        }
    }
    let less = [
        (FieldName::Discount, &parts.discount),
        (FieldName::Withheld, &parts.withheld),
        (FieldName::Rounding, &parts.rounding),
        (FieldName::Tip, &parts.tip),
    ];
    for (name, value) in less.into_iter().filter(|(name, _)| FieldName::of(kind).contains(name)) {
        if let Some(value) = value {
            put(name, value.as_str().into());
        }
    }
}

/// How sure a part is of which an equation with the total holds.
const HELD: f32 = 0.9;

fn put_tax_ids(found: &Findings<'_>, fields: &mut Fields, own: FieldName, other: Option<FieldName>) {
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

/// When a receipt was printed: the clock beside its day, else the first there is. On a telephone's picture of its own screen
/// that one would be the telephone's.
fn clock_of<'a>(sheet: &'a Sheet, day: Option<&'a Row>) -> Option<(&'a Row, String)> {
    let mut rows = day.into_iter().chain(&sheet.rows);
    rows.find_map(|row| dates::clock(&row.folded).map(|clock| (row, clock)))
}

/// The fields of a receipt, and what was weighed of them.
#[must_use]
pub fn receipt(found: &Findings<'_>) -> (Fields, Vec<Signed>) {
    let mut out = Extracted::default();
    let dated = issued::issued(found);
    out.money(found, dated.as_ref().map(|d| d.date));
    if let Some(name) = parties::merchant(found.sheet, found.ids, found.scorers) {
        if let Some(address) = parties::address(found.sheet, &name) {
            let field = found.field(address.name, address.confidence, address.page, address.bbox);
            out.put(FieldName::MerchantAddress, field);
        }
        out.party(found, FieldName::MerchantName, name);
    }
    let day = dated.as_ref().and_then(|d| found.row_at(d.page, d.bbox));
    if let Some((row, clock)) = clock_of(found.sheet, day) {
        out.put(FieldName::Time, found.field(clock, 0.85, row.page, row.bbox));
    }
    if let Some(d) = dated {
        out.date(found, FieldName::Date, d);
    }
    out.number(found, numbers::receipt(found.sheet));
    put_tax_ids(found, &mut out.fields, FieldName::MerchantTaxId, None);
    if let Some(p) = payment::paid(found.sheet) {
        let field = found.field(p.how.to_owned(), p.confidence, p.row.page, p.row.bbox);
        out.put(FieldName::PaymentMethod, field);
    }
    put_breakdown(found, Kind::Receipt, &mut out.fields);
    bill_type::put(found, Kind::Receipt, &mut out.fields);
    (out.fields, out.signs)
}

/// The fields of an invoice, and what was weighed of them.
#[must_use]
pub fn invoice(found: &Findings<'_>) -> (Fields, Vec<Signed>) {
    let mut out = Extracted::default();
    let dated = issued::issued(found);
    out.money(found, dated.as_ref().map(|d| d.date));
    if let Some(issuer) = parties::issuer(found.sheet, found.ids, found.scorers) {
        out.party(found, FieldName::IssuerName, issuer);
    }
    if let Some(r) = parties::recipient(found.sheet) {
        out.put(FieldName::RecipientName, found.field(r.name, r.confidence - 0.1, r.page, r.bbox));
    }
    out.number(found, numbers::invoice(found.sheet));
    if let Some(d) = dated {
        if let Some(due) = issued::due(found, d.date) {
            out.put(FieldName::DueDate, found.field(iso(due.date), due.confidence, due.page, due.bbox));
        }
        out.date(found, FieldName::IssueDate, d);
    }
    put_tax_ids(found, &mut out.fields, FieldName::IssuerTaxId, Some(FieldName::RecipientTaxId));
    put_breakdown(found, Kind::Invoice, &mut out.fields);
    let named = [
        (FieldName::Iban, account::account(found.sheet)),
        (FieldName::OrderNumber, numbers::order(found.sheet)),
    ];
    for (name, number) in named {
        if let Some(n) = number {
            out.put(name, found.field(n.value, n.confidence, n.page, n.bbox));
        }
    }
    bill_type::put(found, Kind::Invoice, &mut out.fields);
    (out.fields, out.signs)
}

/// The fields of an identity document: its zone where it has one, printed labels otherwise; and where both speak, what
/// they contradict each other in.
#[must_use]
pub fn id(found: &Findings<'_>) -> (Fields, Vec<Reason>) {
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

fn id_by_all(found: &Findings<'_>) -> (Fields, Vec<Reason>) {
    let mut printed = identity::from_labels(found.sheet, found.place.order, found.today);
    let Zone::Read(zone) = found.zone else {
        let broken = identity::checked(&mut printed).map(|(rule, number)| {
            Reason::new(ReasonCode::ChecksFailed, format!("The number {number} does not keep {rule}."))
                .with("check", rule)
                .with("left", number)
                .with("right", rule)
                .about(&[FieldName::DocumentNumber, FieldName::IssuingCountry, FieldName::DocumentType])
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
            .about(&[name])
    });
    (fields, reasons.collect())
}
