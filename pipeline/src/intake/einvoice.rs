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

/// What an XML's first element says it is: see the head of the data.
const ROOTS: &str = include_str!("einvoice_roots.tsv");

/// The XML dialects that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// One that says bills, by its name.
    Bill(&'static str),
    /// UBL's AttachedDocument, the envelope Colombia's DIAN uses.
    AttachedDocument,
    /// Another document of the same families: an order, a delivery note.
    Other(&'static str),
}

impl Dialect {
    /// As a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bill(name) | Self::Other(name) => name,
            Self::AttachedDocument => "DIAN attached document",
        }
    }
}

/// The rows of the data: element, namespace, dialect, name.
fn roots() -> impl Iterator<Item = [&'static str; 4]> {
    crate::knowledge::lines(ROOTS).filter_map(|line| {
        let mut cells = line.split('\t');
        Some([cells.next()?, cells.next()?, cells.next()?, cells.next()?])
    })
}

/// Which dialect's reader an element belongs to, and its name, whatever its namespace.
pub(crate) fn of_root(local: &str) -> Option<(&'static str, &'static str)> {
    roots().find(|row| row[0] == local).map(|row| (row[2], row[3]))
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
    let [_, _, dialect, name] = roots().find(|row| row[0] == local && namespace.starts_with(row[1]))?;
    Some(match dialect {
        "other" => Dialect::Other(name),
        "attached" => Dialect::AttachedDocument,
        _ => Dialect::Bill(name),
    })
}

/// The XML as UTF-8, whatever it was written in: UTF-8, UTF-16 (by its byte order mark or its first sign) or Latin-1, also
/// where it calls itself UTF-8 and is not.
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
        [b'<', 0, ..] => wide(bytes, u16::from_le_bytes),
        [0, b'<', ..] => wide(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ if latin1(bytes) => western(bytes),
        _ => std::str::from_utf8(bytes).map_or_else(|_| western(bytes), str::to_owned),
    }
}

/// Windows-1252, which is Latin-1 where that has letters.
fn western(bytes: &[u8]) -> String {
    const PUNCTUATION: &str = "\u{20ac}\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    let letter = |byte: u8| match byte {
        0x80..=0x9f => PUNCTUATION.chars().nth(usize::from(byte - 0x80)).unwrap_or(char::from(byte)),
        _ => char::from(byte),
    };
    bytes.iter().copied().map(letter).collect()
}

/// Declared as Latin-1 or one of its cousins, which differ only in punctuation.
fn latin1(bytes: &[u8]) -> bool {
    let head = bytes.get(..128).unwrap_or(bytes).to_ascii_lowercase();
    let says = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
    head.trim_ascii_start().starts_with(b"<?xml") && (says(b"iso-8859-1") || says(b"windows-1252"))
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
            Ok(Dialect::Bill("UBL invoice"))
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
            Ok(Dialect::Bill("CII invoice"))
        );
        assert_eq!(
            of("<cfdi:Comprobante xmlns:cfdi='http://www.sat.gob.mx/cfd/4' Version='4.0'/>"),
            Ok(Dialect::Bill("CFDI invoice"))
        );
        assert_eq!(
            of(
                "<h:StandardBusinessDocument xmlns:h='http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader'/>"
            ),
            Ok(Dialect::Bill("standard business document"))
        );
        assert_eq!(
            of(
                "<rsm:SCRDMCCBDACIOMessageStructure xmlns:rsm='urn:un:unece:uncefact:data:SCRDMCCBDACIOMessageStructure:100'/>"
            ),
            Ok(Dialect::Other("an order (Order-X)"))
        );
        assert_eq!(
            of("<n:nfeProc xmlns:n='http://www.portalfiscal.inf.br/nfe' versao='4.00'/>"),
            Ok(Dialect::Bill("NF-e"))
        );
        assert_eq!(of("<factura id='comprobante'/>"), Ok(Dialect::Bill("SRI comprobante")));
        assert_eq!(of("<Invoice/>"), Err(Some("Invoice".into())));
        assert_eq!(of("<svg xmlns='http://www.w3.org/2000/svg'/>"), Err(Some("svg".into())));
        assert_eq!(of("no markup"), Err(None));
        assert_eq!(of(""), Err(None));
    }

    #[test]
    fn every_row_is_whole() {
        let lines = crate::knowledge::lines(ROOTS).count();
        assert_eq!(roots().filter(|r| !r[0].is_empty() && !r[3].is_empty()).count(), lines);
    }

    #[test]
    fn reads_other_encodings() {
        let xml = "<cfdi:Comprobante xmlns:cfdi='http://www.sat.gob.mx/cfd/3' Nombre='Peña'/>";
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(xml.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!(is_markup(&utf16));
        assert_eq!(dialect(&utf16), Ok(Dialect::Bill("CFDI invoice")));
        assert_eq!(utf8(&utf16), xml);
        let nameless: Vec<u8> = xml.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((utf8(&nameless).as_str(), dialect(&nameless)), (xml, Ok(Dialect::Bill("CFDI invoice"))));
        for said in ["ISO-8859-1", "UTF-8", "windows-1252"] {
            let head = format!("<?xml version='1.0' encoding='{said}'?><a>");
            let bytes = [head.as_bytes(), b"Pe\xf1a \x80</a>"].concat();
            assert!(utf8(&bytes).ends_with("<a>Peña €</a>"), "{said}");
        }
    }
}
