//! A merchant's postal address: the lines under its name.

use super::{
    Named,
    names::{looks_like_address, says_other},
};
use crate::understand::sheet::{Row, Sheet, has_phrase};

/// Words of the lines that end an address.
const STOP: &[&str] = &[
    "tel",
    "tele",
    "telefono",
    "telephone",
    "fax",
    "phone",
    "gst",
    "date",
    "fecha",
    "invoice",
    "receipt",
    "www",
    "nif",
    "rfc",
    "nit",
    "cnpj",
    "vat",
    "email",
    "e-mail",
    "site",
    "cashier",
    "shopping hours",
    "tax",
    "reg",
];

/// The lines under the merchant that read like an address, joined.
#[must_use]
pub fn address(sheet: &Sheet, merchant: &Named) -> Option<Named> {
    let at = sheet.rows.iter().position(|r| {
        r.page == merchant.page && r.bbox[1] <= merchant.bbox[1] + 0.001 && r.bbox[3] > merchant.bbox[1]
    })?;
    let stops = |r: &Row| {
        STOP.iter().any(|w| has_phrase(&r.folded, w)) || r.folded.contains('@') || says_other(&r.text)
    };
    let under: Vec<&Row> =
        sheet.rows.iter().skip(at + 1).take(9).filter(|r| r.bbox[1] >= merchant.bbox[3] - 0.01).collect();
    let first =
        under.iter().position(|r| looks_like_address(&r.folded) && !stops(r) && !is_registration(r))?;
    let lines: Vec<&Row> = under
        .into_iter()
        .skip(first)
        .take_while(|r| !stops(r) && !is_phone(r) && !is_registration(r))
        .take(6)
        .collect();
    // The last line of an address still reads like one, or is a place's name alone.
    let head = lines.first()?;
    let name = lines.iter().map(|r| r.text.trim().trim_end_matches(',')).collect::<Vec<_>>().join(", ");
    let bbox = lines.iter().fold(head.bbox, |b, r| {
        [b[0].min(r.bbox[0]), b[1].min(r.bbox[1]), b[2].max(r.bbox[2]), b[3].max(r.bbox[3])]
    });
    Some(Named { name, confidence: 0.7, page: head.page, bbox })
}

fn is_phone(row: &Row) -> bool {
    let digits = row.folded.chars().filter(char::is_ascii_digit).count();
    digits >= 8 && row.folded.chars().filter(|c| c.is_alphabetic()).count() <= 3
}

fn is_registration(row: &Row) -> bool {
    let text = row.folded.trim();
    text.starts_with('(') && text.ends_with(')') && text.chars().filter(char::is_ascii_digit).count() >= 4
}
