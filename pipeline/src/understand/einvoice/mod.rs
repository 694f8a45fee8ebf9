//! Electronic invoices: what their XML says, in the design's field names.
//!
//! Bytes become a `tree` (no entities, no DTD, capped); the dialect's module reads its own paths: `cii`
//! (Factur-X, ZUGFeRD, XRechnung), `ubl` (also inside DIAN's AttachedDocument), `cfdi` (Mexico). The XML is the
//! truth; the page is checked against it.

mod cfdi;
mod cii;
pub mod tree;
mod ubl;

use super::money;
use crate::{
    fields::{Field, FieldName, Fields, Source},
    reading::Attachment,
};
use tree::Node;

/// What an XML says.
#[derive(Debug, Clone, PartialEq)]
pub struct Einvoice {
    /// As a person calls the dialect.
    pub dialect: &'static str,
    /// Its fields, each with source `xml`.
    pub fields: Fields,
}

/// A value of an XML that its format allows: taken as sure, for the issuer wrote it for machines.
const SURE: f32 = 0.99;

/// The first attachment that is an invoice.
#[must_use]
pub fn find(attachments: &[Attachment]) -> Option<Einvoice> {
    attachments.iter().find_map(|a| read(&a.bytes))
}

/// Reads one XML; `None` when it is not well formed, or not an invoice we know.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Einvoice> {
    let xml = String::from_utf8_lossy(bytes);
    of(&tree::parse(&xml).ok()?, 0)
}

fn of(root: &Node, depth: u8) -> Option<Einvoice> {
    let (dialect, fields) = match root.name.as_str() {
        "CrossIndustryInvoice" | "CrossIndustryDocument" => ("CII", cii::fields(root)),
        "Invoice" | "CreditNote" | "DebitNote" => ("UBL", ubl::fields(root)),
        "Comprobante" => ("CFDI", cfdi::fields(root)?),
        // The envelope's description holds the invoice as text; an envelope in an envelope is nobody's invoice.
        "AttachedDocument" if depth == 0 => {
            let inner = root.at(&["Attachment", "ExternalReference", "Description"])?;
            let inner = of(&tree::parse(&inner.text).ok()?, depth + 1)?;
            return Some(Einvoice { dialect: "DIAN AttachedDocument", ..inner });
        }
        _ => return None,
    };
    fields.contains_key(&FieldName::Total).then_some(Einvoice { dialect, fields })
}

fn put(fields: &mut Fields, name: FieldName, value: Option<impl Into<String>>) {
    if let Some(value) = value.map(Into::into).filter(|v: &String| !v.is_empty()) {
        let value: String = value.chars().take(300).collect();
        fields.insert(
            name,
            Field { value: value.into(), confidence: SURE, page: None, bbox: None, source: Source::Xml },
        );
    }
}

fn put_amount(fields: &mut Fields, name: FieldName, value: Option<&str>) {
    put(fields, name, value.and_then(amount));
}

/// `xs:decimal` to at least two decimals: `100`, `100.5`, `100.0000`.
fn amount(text: &str) -> Option<String> {
    let (sign, digits) = text.trim().strip_prefix('-').map_or(("", text.trim()), |d| ("-", d));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let part = part.trim_end_matches('0');
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let plain = format!("{sign}{whole}.{part:0<2}");
    // Past a cent it must still be an amount.
    money::plain(&plain).map(|_| plain)
}

/// `2024-05-01`, `2024-05-01T10:00:00`, `20240501` to ISO 8601.
fn date(text: &str) -> Option<String> {
    let text = text.trim().get(..10).unwrap_or(text.trim());
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let plain = text.len() == 8 && digits.len() == 8
        || text.len() == 10 && digits.len() == 8 && text.get(4..5) == Some("-");
    let (y, m, d) = (digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
    let month = time::Month::try_from(m.parse::<u8>().ok()?).ok()?;
    time::Date::from_calendar_date(y.parse().ok()?, month, d.parse().ok()?).ok()?;
    plain.then(|| format!("{y}-{m}-{d}"))
}

fn currency(text: &str) -> Option<String> {
    (text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic())).then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests;
