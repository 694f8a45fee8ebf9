//! Electronic invoices: what their XML says, checked, in the design's field names.
//!
//! Bytes become a `tree` (no entities, no DTD, capped); the dialect's module reads its own paths into a `bill`: `cii`
//! (Factur-X, ZUGFeRD, XRechnung), `ubl` (Peppol, DIAN also inside its AttachedDocument, SUNAT), `cfdi` and `payment` (Mexico), `nfe`,
//! `cte` and `nfse` (Brazil), `dte` (Chile), `sri` (Ecuador), `facturae` (Spain), `fatturapa` (Italy). `keys` are the
//! numbers that authorities make of a document's own. `check` holds its sums against each other, `fields` gives them the
//! sign of their type. The XML is the truth; the page is checked against it.

mod bill;
mod cfdi;
mod check;
mod cii;
mod cte;
mod decimal;
mod dte;
mod facturae;
mod fatturapa;
mod fields;
pub mod keys;
mod nfe;
mod nfse;
mod payment;
mod sri;
pub mod tree;
mod types;
mod ubl;

use crate::{
    document::Kind,
    fields::{FieldName, Fields},
    intake::einvoice::of_root,
    reading::Attachment,
    reason::{Reason, ReasonCode},
    signature::{self, Seal},
    understand::reconcile,
};
use bill::Bill;
use time::Date;
use tree::Node;

/// What an XML says.
#[derive(Debug, Clone, PartialEq)]
pub struct Einvoice {
    /// As a person calls the dialect.
    pub dialect: &'static str,
    /// An invoice; a receipt where it is what a till gives to whoever buys.
    pub kind: Kind,
    /// Its fields, each with source `xml`.
    pub fields: Fields,
    /// What speaks against filing it: sums that do not add up, a type whose sign is not sure.
    pub reasons: Vec<Reason>,
    /// What a person may want to know besides.
    pub notes: Vec<String>,
}

/// What the XML of a file is.
#[derive(Debug, Clone, PartialEq)]
pub enum Attached {
    /// An e-invoice.
    Invoice(Einvoice),
    /// Something else that machines send: an order, a payslip, a payment.
    Other(Reason),
}

/// What a dialect's module reads.
pub(super) enum Read {
    /// A bill.
    Bill(Box<Bill>),
    /// More than one in one XML.
    Several(Vec<Bill>),
    /// No bill, but what is said here.
    Other(String),
}

/// A bill may be dated this many days ahead: offices write tomorrow's.
const AHEAD: time::Duration = time::Duration::days(3);

/// The first attachment that is an invoice, and whether another is another one; else what the first of the others is.
#[must_use]
pub fn find(attachments: &[Attachment], today: Date) -> Option<Attached> {
    let (mut first, mut other): (Option<Einvoice>, Option<Attached>) = (None, None);
    for attachment in attachments {
        match (read(&attachment.bytes, today), &mut first) {
            (Some(Attached::Invoice(next)), Some(first)) => {
                let reason = another(first, &next);
                first.reasons.extend(reason);
            }
            (Some(Attached::Invoice(invoice)), none) => *none = Some(invoice),
            (found, _) => other = other.or(found),
        }
    }
    first.map(Attached::Invoice).or(other)
}

/// That a second XML is no other form of the first: it has another number or another total.
fn another(first: &Einvoice, next: &Einvoice) -> Option<Reason> {
    let differs = |name: &FieldName| match (first.fields.get(name), next.fields.get(name)) {
        (Some(a), Some(b)) => !reconcile::same_value(*name, &a.value, &b.value),
        _ => false,
    };
    let name = [FieldName::Number, FieldName::Total].into_iter().find(differs)?;
    let said = |e: &Einvoice| e.fields.get(&name).map(|f| f.value.to_string()).unwrap_or_default();
    let message = format!("It carries two e-invoices: {name} {} and {}.", said(first), said(next));
    Some(Reason::new(ReasonCode::MultipleDocuments, message).with("documents", 2))
}

/// Reads one XML; `None` when it is none of the formats that we know.
#[must_use]
pub fn read(bytes: &[u8], today: Date) -> Option<Attached> {
    let xml = String::from_utf8_lossy(bytes);
    match tree::parse(&xml) {
        Ok(root) => {
            let mut found = of(&root, 0, today)?;
            if let Attached::Invoice(invoice) = &mut found {
                sealed(invoice, &xml, &root);
            }
            Some(found)
        }
        Err(refused) => Some(Attached::Other(
            Reason::new(ReasonCode::ChecksFailed, format!("Its e-invoice could not be read: {refused}."))
                .with("check", "the XML is well formed"),
        )),
    }
}

/// What the signatures in the XML say, and in what it wraps. Nobody vouches for the signer, so that one which is whole makes
/// nothing surer; a broken one is a person's to judge.
fn sealed(invoice: &mut Einvoice, xml: &str, root: &Node) {
    let wrapped = match root.name.as_str() {
        "AttachedDocument" => root.at(&["Attachment", "ExternalReference", "Description"]),
        "autorizacion" => root.child("comprobante"),
        _ => None,
    };
    let texts = std::iter::once(xml).chain(wrapped.map(|w| w.text.as_str()));
    let said = match texts.filter_map(signature::xml::verify).reduce(Seal::and) {
        None => return,
        Some(Seal::Intact) => "its signature is intact; the signer was not checked",
        Some(Seal::Unknown) => "its signature could not be checked",
        Some(Seal::Broken) => {
            let message = "Its signature is broken: the content is not what was signed.";
            let reason = Reason::new(ReasonCode::ChecksFailed, message);
            invoice.reasons.push(reason.with("check", "the signature fits the content"));
            return;
        }
    };
    invoice.notes.push(said.to_owned());
}

fn of(root: &Node, depth: u8, today: Date) -> Option<Attached> {
    let (dialect, name) = of_root(&root.name)?;
    let (called, read) = match dialect {
        "cii" => ("CII", cii::read(root)),
        "ubl" => ("UBL", ubl::read(root)),
        "cfdi" => ("CFDI", cfdi::read(root)),
        "nfe" => (name, nfe::read(root)?),
        "cte" => (name, cte::read(root)?),
        "nfse" => (name, nfse::read(root)?),
        "dte" => (name, dte::read(root)?),
        "sri" => ("SRI", sri::read(root)?),
        "facturae" => ("Facturae", facturae::read(root)?),
        "fatturapa" => ("FatturaPA", fatturapa::read(root)?),
        "attached" if depth == 0 => return attached(root, today),
        "envelope" if depth == 0 => {
            return root.children.iter().find_map(|inner| of(inner, depth + 1, today));
        }
        "other" => return Some(Attached::Other(no_invoice(name))),
        _ => return None,
    };
    Some(match read {
        Read::Bill(bill) => Attached::Invoice(settled(*bill, called, today)),
        Read::Several(bills) => Attached::Invoice(several(bills, called, today)),
        Read::Other(name) => Attached::Other(no_invoice(&name)),
    })
}

fn no_invoice(name: &str) -> Reason {
    Reason::new(
        ReasonCode::NotADocument,
        format!("Its XML is {name}: none of invoice, receipt or identity document."),
    )
    .with("xml", name)
}

/// One bill if there is one; `None` if there is none at all.
fn one_or_several(mut bills: Vec<Bill>) -> Option<Read> {
    match bills.len() {
        0 => None,
        1 => bills.pop().map(|bill| Read::Bill(Box::new(bill))),
        _ => Some(Read::Several(bills)),
    }
}

/// Bills in one XML: what all of them say, and that they are several.
fn several(bills: Vec<Bill>, dialect: &'static str, today: Date) -> Einvoice {
    let count = bills.len();
    let mut all: Vec<Einvoice> = bills.into_iter().map(|bill| settled(bill, dialect, today)).collect();
    let numbers: Vec<String> = all
        .iter()
        .filter_map(|e| e.fields.get(&FieldName::Number))
        .map(|n| n.value.to_string())
        .take(20)
        .collect();
    let mut first = all.swap_remove(0);
    first.fields.retain(|name, field| {
        *name != FieldName::Total
            && all.iter().all(|e| e.fields.get(name).is_some_and(|f| f.value == field.value))
    });
    let message = format!("Its XML holds {count} documents: {}.", numbers.join(", "));
    let reason = Reason::new(ReasonCode::MultipleDocuments, message).with("documents", count);
    first.reasons.insert(0, reason);
    first.reasons.extend(all.into_iter().flat_map(|e| e.reasons));
    first.reasons.truncate(MOST_REASONS);
    first
}

/// Reasons of several bills that are told.
const MOST_REASONS: usize = 20;

/// Colombia's envelope holds the invoice as text, and what the DIAN answered to it; an envelope in an envelope is
/// nobody's invoice.
fn attached(root: &Node, today: Date) -> Option<Attached> {
    let text = root.text_at(&["Attachment", "ExternalReference", "Description"])?;
    let inner = tree::parse(text).ok().and_then(|inner| of(&inner, 1, today));
    let Some(Attached::Invoice(mut invoice)) = inner else {
        return inner.or_else(|| {
            let message = "The envelope's own document could not be read.";
            let reason = Reason::new(ReasonCode::ChecksFailed, message);
            Some(Attached::Other(reason.with("check", "the envelope holds an invoice")))
        });
    };
    invoice.dialect = "DIAN AttachedDocument";
    let said = root.text_at(&["ParentDocumentID"]);
    if let (Some(said), Some(number)) = (said, invoice.fields.get(&FieldName::Number))
        && !number.value.eq_ignore_ascii_case(said.trim())
    {
        let message = format!("The envelope speaks of {said}, the invoice in it is {}.", number.value);
        let reason = Reason::new(ReasonCode::ChecksFailed, message)
            .with("check", "number of the envelope = number of the invoice")
            .with("left", said)
            .with("right", number.value.as_str())
            .about(&[FieldName::Number]);
        invoice.reasons.push(reason);
    }
    invoice.reasons.extend(refused(root));
    Some(Attached::Invoice(invoice))
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
        bill.contradict("issue date ≤ today", &issued, &last);
    }
    let kind = if bill.retail { Kind::Receipt } else { Kind::Invoice };
    let mut notes = std::mem::take(&mut bill.notes);
    if bill.items_left_out > 0 {
        notes.push(format!("{} more lines in the XML are counted and not listed", bill.items_left_out));
    }
    let (fields, mut reasons) = fields::fields(bill);
    if !fields.contains_key(&FieldName::Total) && reasons.is_empty() {
        let message = "The XML says no total.";
        let reason = Reason::new(ReasonCode::ChecksFailed, message).with("check", "the XML says a total");
        reasons.push(reason.about(&[FieldName::Total]));
    }
    Einvoice { dialect, kind, fields, reasons, notes }
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
