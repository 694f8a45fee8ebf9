//! Electronic invoices: what their XML says, checked, in the design's field names.
//!
//! Bytes become a `tree` (no entities, no DTD, capped); the dialect's module reads its own paths into a `bill`: `cii`
//! (Factur-X, ZUGFeRD, XRechnung), `ubl` (Peppol, DIAN also inside its AttachedDocument, SUNAT), `cfdi` (Mexico).
//! `check` holds its sums against each other, `fields` gives them the sign of their type. The XML is the truth; the page
//! is checked against it.

mod bill;
mod cfdi;
mod check;
mod cii;
mod decimal;
mod fields;
pub mod tree;
mod types;
mod ubl;

use crate::{
    fields::{FieldName, Fields},
    reading::Attachment,
    reason::{Reason, ReasonCode},
};
use bill::Bill;
use time::Date;
use tree::Node;

/// What an XML says.
#[derive(Debug, Clone, PartialEq)]
pub struct Einvoice {
    /// As a person calls the dialect.
    pub dialect: &'static str,
    /// Its fields, each with source `xml`.
    pub fields: Fields,
    /// What speaks against filing it: sums that do not add up, a type whose sign is not sure.
    pub reasons: Vec<Reason>,
}

/// What the XML of a file is.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// An e-invoice.
    Invoice(Einvoice),
    /// Something else that machines send: an order, a payslip, a payment.
    Other(Reason),
}

/// What a dialect's module reads.
pub(super) enum Read {
    /// A bill.
    Bill(Box<Bill>),
    /// No bill, but what is said here.
    Other(String),
}

/// A bill may be dated this many days ahead: offices write tomorrow's.
const AHEAD: time::Duration = time::Duration::days(3);

/// The first attachment that is an invoice; else what the first of the others is.
#[must_use]
pub fn find(attachments: &[Attachment], today: Date) -> Option<Found> {
    let mut other = None;
    for attachment in attachments {
        match read(&attachment.bytes, today) {
            Some(Found::Invoice(invoice)) => return Some(Found::Invoice(invoice)),
            found => other = other.or(found),
        }
    }
    other
}

/// Reads one XML; `None` when it is none of the formats that we know.
#[must_use]
pub fn read(bytes: &[u8], today: Date) -> Option<Found> {
    let xml = String::from_utf8_lossy(bytes);
    match tree::parse(&xml) {
        Ok(root) => of(&root, 0, today),
        Err(refused) => Some(Found::Other(
            Reason::new(ReasonCode::ChecksFailed, format!("Its e-invoice could not be read: {refused}."))
                .with("check", "the XML is well formed"),
        )),
    }
}

fn of(root: &Node, depth: u8, today: Date) -> Option<Found> {
    let (dialect, read) = match root.name.as_str() {
        "CrossIndustryInvoice" | "CrossIndustryDocument" => ("CII", cii::read(root)),
        "Invoice" | "CreditNote" | "DebitNote" => ("UBL", ubl::read(root)),
        "Comprobante" => ("CFDI", cfdi::read(root)),
        "AttachedDocument" if depth == 0 => return attached(root, today),
        "StandardBusinessDocument" if depth == 0 => {
            return root.children.iter().find_map(|inner| of(inner, depth + 1, today));
        }
        other => {
            let (_, name) = OTHERS.iter().find(|(root, _)| *root == other)?;
            return Some(Found::Other(no_invoice(name)));
        }
    };
    let bill = match read {
        Read::Bill(bill) => *bill,
        Read::Other(name) => return Some(Found::Other(no_invoice(&name))),
    };
    Some(Found::Invoice(settled(bill, dialect, today)))
}

/// Other documents of the same families, by their root.
const OTHERS: &[(&str, &str)] = &[
    ("SCRDMCCBDACIOMessageStructure", "an order (Order-X)"),
    ("Order", "an order (UBL)"),
    ("OrderResponse", "an order's confirmation (UBL)"),
    ("DespatchAdvice", "a delivery note (UBL)"),
    ("ApplicationResponse", "an answer to a document (UBL)"),
    ("Reminder", "a reminder (UBL)"),
    ("Statement", "a statement (UBL)"),
];

fn no_invoice(name: &str) -> Reason {
    Reason::new(
        ReasonCode::NotADocument,
        format!("Its XML is {name}: none of invoice, receipt or identity document."),
    )
    .with("xml", name)
}

/// Colombia's envelope holds the invoice as text, and what the DIAN answered to it; an envelope in an envelope is
/// nobody's invoice.
fn attached(root: &Node, today: Date) -> Option<Found> {
    let text = root.text_at(&["Attachment", "ExternalReference", "Description"])?;
    let inner = tree::parse(text).ok().and_then(|inner| of(&inner, 1, today));
    let Some(Found::Invoice(mut invoice)) = inner else {
        return inner.or_else(|| {
            let message = "The envelope's own document could not be read.";
            let reason = Reason::new(ReasonCode::ChecksFailed, message);
            Some(Found::Other(reason.with("check", "the envelope holds an invoice")))
        });
    };
    invoice.dialect = "DIAN AttachedDocument";
    invoice.reasons.extend(refused(root));
    Some(Found::Invoice(invoice))
}

/// The DIAN's answer in the envelope, where it is a refusal (response code 04).
fn refused(root: &Node) -> Option<Reason> {
    let answers = root.all("ParentDocumentLineReference").filter_map(|line| {
        line.text_at(&["DocumentReference", "Attachment", "ExternalReference", "Description"])
    });
    let codes = answers.filter_map(|xml| tree::parse(xml).ok()).filter_map(|answer| {
        answer.text_at(&["DocumentResponse", "Response", "ResponseCode"]).map(str::to_owned)
    });
    codes.into_iter().any(|code| code == "04").then(|| {
        Reason::new(ReasonCode::ChecksFailed, "The DIAN refused this document (response code 04).")
            .with("check", "accepted by the DIAN")
            .with("left", "04")
            .with("right", "02")
    })
}

/// Checks a bill and gives it its fields.
fn settled(mut bill: Bill, dialect: &'static str, today: Date) -> Einvoice {
    check::check(&mut bill);
    let last = super::super::dates::iso(today.saturating_add(AHEAD));
    if let Some(issued) = bill.issue_date.clone().filter(|issued| *issued > last) {
        bill.broken
            .push(bill::Broken { check: "issue date ≤ today".to_owned(), left: issued, right: last });
    }
    let (fields, mut reasons) = fields::fields(bill);
    if !fields.contains_key(&FieldName::Total) && reasons.is_empty() {
        let message = "The XML says no total.";
        reasons.push(Reason::new(ReasonCode::ChecksFailed, message).with("check", "the XML says a total"));
    }
    Einvoice { dialect, fields, reasons }
}

/// `2024-05-01`, `2024-05-01T10:00:00`, `20240501` to ISO 8601.
fn date(text: &str) -> Option<String> {
    let text = text.trim().get(..10).unwrap_or(text.trim());
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let plain = text.len() == 8 && digits.len() == 8
        || text.len() == 10 && digits.len() == 8 && text.get(4..5) == Some("-");
    let (y, m, d) = (digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
    let month = time::Month::try_from(m.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(y.parse().ok()?, month, d.parse().ok()?).ok()?;
    plain.then(|| format!("{y}-{m}-{d}"))
}

#[cfg(test)]
mod tests;
