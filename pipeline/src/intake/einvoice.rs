//! Electronic invoices as XML: which dialect, and as UTF-8.
//!
//! Only the first element is looked at here, with a parser that knows no entities; what the invoice says is
//! understanding's work.

use quick_xml::{
    NsReader,
    events::Event,
    name::{Namespace, ResolveResult},
};

/// Markup may hold this much before its root element (comments, processing instructions).
const PROLOG_BYTES: usize = 64 << 10;
/// … and this many events.
const PROLOG_EVENTS: usize = 64;

/// The XML dialects that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// OASIS UBL 2: invoice, credit note or debit note.
    Ubl,
    /// UN/CEFACT Cross Industry Invoice (Factur-X, ZUGFeRD, XRechnung).
    Cii,
    /// Mexico's CFDI.
    Cfdi,
    /// UBL's AttachedDocument, the envelope Colombia's DIAN uses.
    AttachedDocument,
    /// GS1's StandardBusinessDocument, the envelope Peppol uses.
    Envelope,
    /// Another document of the same families: an order, a delivery note.
    Other(&'static str),
}

impl Dialect {
    /// As a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ubl => "UBL invoice",
            Self::Cii => "CII invoice",
            Self::Cfdi => "CFDI invoice",
            Self::AttachedDocument => "DIAN attached document",
            Self::Envelope => "standard business document",
            Self::Other(name) => name,
        }
    }
}

/// Whether this is markup at all: an XML declaration or an element, in any of the encodings we know.
pub(super) fn is_markup(bytes: &[u8]) -> bool {
    let head = utf8(bytes.get(..64).unwrap_or(bytes));
    head.trim_start().starts_with('<')
}

/// The dialect of an e-invoice, or the name of the root element of other XML.
pub(super) fn dialect(bytes: &[u8]) -> Result<Dialect, Option<String>> {
    let text = utf8(bytes.get(..PROLOG_BYTES).unwrap_or(bytes));
    let mut reader = NsReader::from_str(&text);
    for _ in 0..PROLOG_EVENTS {
        match reader.read_resolved_event() {
            Ok((namespace, Event::Start(root) | Event::Empty(root))) => {
                let local = String::from_utf8_lossy(root.local_name().as_ref()).into_owned();
                let namespace = match namespace {
                    ResolveResult::Bound(Namespace(uri)) => String::from_utf8_lossy(uri).into_owned(),
                    _ => String::new(),
                };
                return known(&namespace, &local).ok_or(Some(local.chars().take(64).collect()));
            }
            Ok((_, Event::Eof)) | Err(_) => return Err(None),
            Ok(_) => {}
        }
    }
    Err(None)
}

fn known(namespace: &str, local: &str) -> Option<Dialect> {
    let ubl = namespace.starts_with("urn:oasis:names:specification:ubl:schema:xsd:");
    match local {
        "AttachedDocument" if ubl => Some(Dialect::AttachedDocument),
        "Invoice" | "CreditNote" | "DebitNote" if ubl => Some(Dialect::Ubl),
        "CrossIndustryInvoice" | "CrossIndustryDocument"
            if namespace.starts_with("urn:un:unece:uncefact:data:") || namespace.starts_with("urn:ferd:") =>
        {
            Some(Dialect::Cii)
        }
        "StandardBusinessDocument"
            if namespace == "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader" =>
        {
            Some(Dialect::Envelope)
        }
        "SCRDMCCBDACIOMessageStructure" if namespace.starts_with("urn:un:unece:uncefact:data:") => {
            Some(Dialect::Other("Order-X order"))
        }
        "Order" if ubl => Some(Dialect::Other("UBL order")),
        "OrderResponse" if ubl => Some(Dialect::Other("UBL order response")),
        "DespatchAdvice" if ubl => Some(Dialect::Other("UBL despatch advice")),
        "ApplicationResponse" if ubl => Some(Dialect::Other("UBL application response")),
        "Reminder" if ubl => Some(Dialect::Other("UBL reminder")),
        "Statement" if ubl => Some(Dialect::Other("UBL statement")),
        "Comprobante" if namespace.starts_with("http://www.sat.gob.mx/cfd/") => Some(Dialect::Cfdi),
        _ => None,
    }
}

/// The XML as UTF-8, whatever it was written in: UTF-8, UTF-16 (by its byte order mark) or Latin-1.
///
/// The declaration inside still names the old encoding; our parser does not look at it.
pub(super) fn utf8(bytes: &[u8]) -> String {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit);
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ if latin1(bytes) => bytes.iter().copied().map(char::from).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Declared as Latin-1 or its Windows cousin, which differ only in punctuation we do not need.
fn latin1(bytes: &[u8]) -> bool {
    let head = bytes.get(..128).unwrap_or(bytes).to_ascii_lowercase();
    let says = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
    head.starts_with(b"<?xml") && (says(b"iso-8859-1") || says(b"windows-1252"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_dialects() {
        let of = |xml: &str| dialect(xml.as_bytes());
        assert_eq!(
            of(
                "<?xml version='1.0'?><!-- hi --><Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'/>"
            ),
            Ok(Dialect::Ubl)
        );
        assert_eq!(
            of(
                "<a:AttachedDocument xmlns:a='urn:oasis:names:specification:ubl:schema:xsd:AttachedDocument-2'>"
            ),
            Ok(Dialect::AttachedDocument)
        );
        assert_eq!(
            of(
                "<rsm:CrossIndustryInvoice xmlns:rsm='urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100'>"
            ),
            Ok(Dialect::Cii)
        );
        assert_eq!(
            of("<cfdi:Comprobante xmlns:cfdi='http://www.sat.gob.mx/cfd/4' Version='4.0'/>"),
            Ok(Dialect::Cfdi)
        );
        assert_eq!(
            of(
                "<h:StandardBusinessDocument xmlns:h='http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader'/>"
            ),
            Ok(Dialect::Envelope)
        );
        assert_eq!(
            of(
                "<rsm:SCRDMCCBDACIOMessageStructure xmlns:rsm='urn:un:unece:uncefact:data:SCRDMCCBDACIOMessageStructure:100'/>"
            ),
            Ok(Dialect::Other("Order-X order"))
        );
        assert_eq!(of("<Invoice/>"), Err(Some("Invoice".into())));
        assert_eq!(of("<svg xmlns='http://www.w3.org/2000/svg'/>"), Err(Some("svg".into())));
        assert_eq!(of("no markup"), Err(None));
        assert_eq!(of(""), Err(None));
    }

    #[test]
    fn reads_other_encodings() {
        let xml = "<cfdi:Comprobante xmlns:cfdi='http://www.sat.gob.mx/cfd/3' Nombre='Peña'/>";
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(xml.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!(is_markup(&utf16));
        assert_eq!(dialect(&utf16), Ok(Dialect::Cfdi));
        assert_eq!(utf8(&utf16), xml);
        assert_eq!(
            utf8(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>Pe\xf1a</a>").matches('ñ').count(),
            1
        );
    }
}
