//! The one archive that is read: an e-invoice's XML with the PDF that shows it, and nothing else.
//!
//! This is how Colombian issuers send invoices (DIAN). Any other archive is refused unread.

use std::io::{Cursor, Read};

use zip::{CompressionMethod, ZipArchive, result::ZipError};

use crate::{
    intake::{einvoice, refusal},
    limits::Limits,
    reading::Attachment,
    reason::{Reason, ReasonCode},
};

/// What the archive holds.
pub(super) struct Pair {
    /// The e-invoice.
    pub xml: Attachment,
    /// Its picture.
    pub pdf: Vec<u8>,
}

/// Opens the archive if it is exactly one e-invoice and one PDF.
pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Pair, Reason> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    if archive.len() != 2 || archive.offset() != 0 || !ends_with_its_directory(bytes, archive.comment().len())
    {
        return Err(other(archive.len()));
    }
    let (mut xml, mut pdf) = (None, None);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|e| damaged(&e))?;
        let name = entry.name().map(std::borrow::Cow::into_owned).unwrap_or_default();
        if !entry.is_file()
            || !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated)
        {
            return Err(other(2));
        }
        // Claimed sizes are not believed: the reader itself is capped.
        let unfolded = capped(&mut entry, bytes.len(), limits)?;
        if unfolded.starts_with(b"%PDF-") {
            pdf = Some(unfolded);
        } else if einvoice::is_markup(&unfolded) && einvoice::dialect(&unfolded).is_ok() {
            if unfolded.len() as u64 > limits.xml_bytes {
                return Err(refusal::too_large(
                    "bytes of XML",
                    "xml_bytes",
                    limits.xml_bytes,
                    unfolded.len() as u64,
                ));
            }
            xml = Some(Attachment { name: base_name(&name), bytes: einvoice::utf8(&unfolded).into_bytes() });
        }
    }
    match (xml, pdf) {
        (Some(xml), Some(pdf)) => Ok(Pair { xml, pdf }),
        _ => Err(other(2)),
    }
}

/// Nothing rides behind the archive: its end record (22 bytes and the comment) ends the file.
fn ends_with_its_directory(bytes: &[u8], comment: usize) -> bool {
    let record = bytes.len().checked_sub(22 + comment);
    record.and_then(|at| bytes.get(at..)).is_some_and(|end| end.starts_with(b"PK\x05\x06"))
}

fn capped(entry: &mut impl Read, packed: usize, limits: &Limits) -> Result<Vec<u8>, Reason> {
    let cap = limits.stream_bytes.min(limits.original_bytes);
    let mut unfolded = Vec::new();
    entry
        .take(cap + 1)
        .read_to_end(&mut unfolded)
        .map_err(|e| refusal::corrupt("ZIP archive", &e.to_string()))?;
    let size = unfolded.len() as u64;
    if size > cap {
        return Err(refusal::bomb("bytes or more in an archive", "stream_bytes", cap, size));
    }
    let ratio = size / (packed as u64).max(1);
    if size > 1 << 20 && ratio > limits.stream_ratio.into() {
        return Err(refusal::bomb("times its size", "stream_ratio", limits.stream_ratio.into(), ratio));
    }
    Ok(unfolded)
}

/// The last part of a name: names are data, never paths.
pub(super) fn base_name(name: &str) -> String {
    name.rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(255)
        .collect()
}

fn damaged(error: &ZipError) -> Reason {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            Reason::new(ReasonCode::Encrypted, "The archive needs a password.")
        }
        other => refusal::corrupt("ZIP archive", &other.to_string()),
    }
}

fn other(files: usize) -> Reason {
    refusal::unsupported("a ZIP archive that is not one e-invoice with its PDF").with("files", files)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use super::*;

    pub(in crate::intake) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    pub(in crate::intake) const CFDI: &[u8] = b"<cfdi:Comprobante xmlns:cfdi='http://www.sat.gob.mx/cfd/4'/>";

    #[test]
    fn takes_one_invoice_and_its_pdf() {
        let pair =
            open(&zip(&[("x/../a.xml", CFDI), ("a.pdf", b"%PDF-1.4")]), &Limits::default()).ok().unwrap();
        assert_eq!(pair.xml, Attachment { name: "a.xml".into(), bytes: CFDI.to_vec() });
        assert_eq!(pair.pdf, b"%PDF-1.4");
    }

    #[test]
    fn refuses_everything_else() {
        let refused = |files: &[(&str, &[u8])]| open(&zip(files), &Limits::default()).err().unwrap().code;
        assert_eq!(refused(&[("a.xml", CFDI)]), ReasonCode::UnsupportedType);
        assert_eq!(
            refused(&[("a.xml", CFDI), ("a.pdf", b"%PDF-1.4"), ("b.exe", b"MZ")]),
            ReasonCode::UnsupportedType
        );
        assert_eq!(refused(&[("a.xml", b"<a/>"), ("a.pdf", b"%PDF-1.4")]), ReasonCode::UnsupportedType);
        assert_eq!(open(b"PK\x03\x04 cut", &Limits::default()).err().unwrap().code, ReasonCode::Corrupt);
    }

    #[test]
    fn caps_what_unfolds() {
        let limits = Limits { stream_bytes: 1 << 20, ..Limits::default() };
        let bomb = zip(&[("a.xml", CFDI), ("a.pdf", &vec![0; 2 << 20])]);
        assert_eq!(open(&bomb, &limits).err().unwrap().code, ReasonCode::DecompressionBomb);
    }
}
