//! The fields of each kind, from what was found.

use time::{Date, Duration};

use super::{
    amounts::{Sums, Valued},
    dates::{self, iso},
    identity,
    mrz::Zone,
    numbers, parties,
    places::Place,
    sheet::{Row, Sheet, find_phrase, has_phrase},
    tax_ids::{self, TaxId},
    vocabulary::{DATE, DUE_DATE, ISSUE_DATE, OTHER_DATE},
};
use crate::{
    fields::{Field, FieldName, Fields, PageBox, Source},
    reason::{Reason, ReasonCode},
};

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
}

impl Found<'_> {
    fn source(&self, page: u32) -> Source {
        self.sheet.rows.iter().find(|r| r.page == page).map_or(Source::Ocr, |r| r.source)
    }

    fn field(&self, value: String, confidence: f32, page: u32, bbox: PageBox) -> Field {
        // What OCR was unsure of is not surer for being labelled.
        let read = self
            .sheet
            .rows
            .iter()
            .find(|r| r.page == page && r.bbox[1] <= bbox[1] + 0.001 && r.bbox[3] >= bbox[3] - 0.001)
            .map_or(1.0, |r| r.confidence);
        let doubt = if read < 0.9 { read.max(0.3) / 0.9 } else { 1.0 };
        Field {
            value,
            confidence: confidence * doubt,
            page: Some(page),
            bbox: Some(bbox),
            source: self.source(page),
        }
    }
}

fn put_amount(found: &Found<'_>, fields: &mut Fields, name: FieldName, valued: Option<Valued>) {
    if let Some(v) = valued {
        fields.insert(name, found.field(v.amount.to_decimal(), v.confidence, v.page, v.bbox));
    }
}

fn put_money(found: &Found<'_>, fields: &mut Fields) {
    put_amount(found, fields, FieldName::Total, found.sums.total);
    put_amount(found, fields, FieldName::Subtotal, found.sums.subtotal);
    put_amount(found, fields, FieldName::Tax, found.sums.tax);
    if let Some((code, confidence)) = found.place.currency {
        let field =
            Field { value: code.to_owned(), confidence, page: None, bbox: None, source: found.source(1) };
        fields.insert(FieldName::Currency, field);
    }
}

struct Dated {
    date: Date,
    confidence: f32,
    page: u32,
    bbox: PageBox,
}

fn boxed(row: &Row) -> PageBox {
    row.cells
        .iter()
        .find(|c| !dates::dates(&c.folded, dates::Order::DayFirst).is_empty())
        .map_or(row.bbox, |c| c.bbox)
}

/// The date of issue: its own label first, then a plain one, then the first plausible date.
fn issue_date(found: &Found<'_>) -> Option<Dated> {
    let sheet = found.sheet;
    let mut best: Option<(f32, Dated)> = None;
    let oldest = found.today - Duration::days(365 * 25);
    for (i, row) in sheet.rows.iter().enumerate() {
        for at in dates::dates(&row.folded, found.place.order) {
            if at.date < oldest || at.date > found.today + Duration::days(7) {
                continue;
            }
            let before = row.folded.get(..at.at).unwrap_or_default();
            let above = i.checked_sub(1).and_then(|a| sheet.rows.get(a)).filter(|a| a.page == row.page);
            let says = |words: &[&str], text: &str| words.iter().any(|w| has_phrase(text, w));
            let near = last_words(before, 30);
            let header = above.map_or("", |a| a.folded.as_str());
            let mut score: f32 = 0.5 - i as f32 / sheet.rows.len().max(1) as f32 * 0.15;
            if says(OTHER_DATE, near) && !says(ISSUE_DATE, near) {
                score -= 0.6;
            } else if says(ISSUE_DATE, near) {
                score += 0.6;
            } else if says(DATE, near) {
                score += 0.4;
            } else if near.trim().is_empty()
                && says(ISSUE_DATE, header)
                && column_says(row, above, at.at, ISSUE_DATE)
            {
                score += 0.5;
            } else if near.trim().is_empty() && says(DATE, header) && !says(OTHER_DATE, header) {
                score += 0.3;
            } else if near.trim().is_empty()
                && says(OTHER_DATE, header)
                && column_says(row, above, at.at, OTHER_DATE)
            {
                score -= 0.4;
            }
            if dates::clock(&row.folded).is_some() {
                score += 0.2;
            }
            if at.plain {
                score += 0.1;
            }
            let mut confidence = (0.55 + 0.35 * score).clamp(0.2, 0.98);
            if at.other.is_some() && found.place.order == dates::Order::Unknown {
                confidence = confidence.min(0.6);
            }
            let better = best.as_ref().is_none_or(|(s, _)| score > *s);
            if better {
                best = Some((score, Dated { date: at.date, confidence, page: row.page, bbox: boxed(row) }));
            }
        }
    }
    let (score, mut dated) = best?;
    // The only date there is needs no label.
    let distinct = distinct_dates(found);
    if distinct == 1 {
        dated.confidence = dated.confidence.max(0.9_f32.min(dated.confidence + 0.2));
    } else if score < 0.75 {
        dated.confidence = dated.confidence.min(0.75);
    }
    Some(dated)
}

fn last_words(text: &str, chars: usize) -> &str {
    let skip = text.chars().count().saturating_sub(chars);
    text.char_indices().nth(skip).map_or("", |(i, _)| &text[i..])
}

/// Whether the cell above the date's own cell says one of `words`.
fn column_says(row: &Row, above: Option<&Row>, at: usize, words: &[&str]) -> bool {
    let mut passed = 0;
    let cell = row.cells.iter().find(|c| {
        passed += c.folded.len() + 1;
        passed > at
    });
    let (Some(cell), Some(above)) = (cell, above) else { return false };
    above
        .cells
        .iter()
        .filter(|c| c.bbox[0] < cell.bbox[2] + 0.02 && c.bbox[2] > cell.bbox[0] - 0.02)
        .any(|c| words.iter().any(|w| has_phrase(&c.folded, w)))
}

fn distinct_dates(found: &Found<'_>) -> usize {
    let mut all: Vec<Date> = found
        .sheet
        .rows
        .iter()
        .flat_map(|r| dates::dates(&r.folded, found.place.order))
        .map(|d| d.date)
        .collect();
    all.sort();
    all.dedup();
    all.len()
}

fn due_date(found: &Found<'_>, issued: Date) -> Option<Dated> {
    for (i, row) in found.sheet.rows.iter().enumerate() {
        let Some((at, len)) =
            DUE_DATE.iter().filter_map(|w| find_phrase(&row.folded, w).map(|at| (at, w.len()))).min()
        else {
            continue;
        };
        let own = dates::dates(row.folded.get(at + len..).unwrap_or_default(), found.place.order);
        let below = found.sheet.rows.get(i + 1).filter(|r| r.page == row.page);
        let hit = own.first().map(|d| (d.date, row)).or_else(|| {
            let below = below?;
            dates::dates(&below.folded, found.place.order).last().map(|d| (d.date, below))
        });
        if let Some((date, row)) = hit
            && date >= issued
            && date < issued + Duration::days(730)
        {
            return Some(Dated { date, confidence: 0.88, page: row.page, bbox: boxed(row) });
        }
    }
    None
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
    if let Some(name) = parties::merchant(found.sheet) {
        if let Some(address) = parties::address(found.sheet, &name) {
            let field = found.field(address.name, address.confidence, address.page, address.bbox);
            fields.insert(FieldName::MerchantAddress, field);
        }
        fields.insert(FieldName::MerchantName, found.field(name.name, name.confidence, name.page, name.bbox));
    }
    if let Some(d) = issue_date(found) {
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
    if let Some((row, how)) = payment(found.sheet) {
        fields.insert(FieldName::PaymentMethod, found.field(how.to_owned(), 0.8, row.page, row.bbox));
    }
    fields
}

/// `card` or `cash`, by the words of the payment.
fn payment(sheet: &Sheet) -> Option<(&Row, &'static str)> {
    const CARD: &[&str] = &[
        "visa",
        "mastercard",
        "amex",
        "tarjeta",
        "card",
        "credit",
        "debit",
        "cartao",
        "maestro",
        "carte",
        "karte",
        "ec-karte",
        "carta",
    ];
    const CASH: &[&str] =
        &["cash", "efectivo", "dinheiro", "especes", "contanti", "bar", "contado", "tendered"];
    let says = |words: &[&str]| sheet.rows.iter().find(|r| words.iter().any(|w| has_phrase(&r.folded, w)));
    says(CARD).map(|r| (r, "card")).or_else(|| says(CASH).map(|r| (r, "cash")))
}

/// The fields of an invoice.
#[must_use]
pub fn invoice(found: &Found<'_>) -> Fields {
    let mut fields = Fields::new();
    put_money(found, &mut fields);
    let recipient = parties::recipient(found.sheet);
    if let Some(issuer) = parties::issuer(found.sheet) {
        fields.insert(
            FieldName::IssuerName,
            found.field(issuer.name, issuer.confidence, issuer.page, issuer.bbox),
        );
    }
    if let Some(r) = recipient {
        fields.insert(FieldName::RecipientName, found.field(r.name, r.confidence - 0.1, r.page, r.bbox));
    }
    if let Some(n) = numbers::invoice(found.sheet) {
        fields.insert(FieldName::Number, found.field(n.value, n.confidence, n.page, n.bbox));
    }
    if let Some(d) = issue_date(found) {
        if let Some(due) = due_date(found, d.date) {
            fields.insert(FieldName::DueDate, found.field(iso(due.date), due.confidence, due.page, due.bbox));
        }
        fields.insert(FieldName::IssueDate, found.field(iso(d.date), d.confidence, d.page, d.bbox));
    }
    put_tax_ids(found, &mut fields, FieldName::IssuerTaxId, Some(FieldName::RecipientTaxId));
    fields
}

/// The fields of an identity document: its zone where it has one, printed labels otherwise; and where both speak, what
/// they contradict each other in.
#[must_use]
pub fn id(found: &Found<'_>) -> (Fields, Vec<Reason>) {
    let printed = identity::from_labels(found.sheet, found.place.order, found.today);
    let Zone::Read(zone) = found.zone else { return (printed, Vec::new()) };
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
