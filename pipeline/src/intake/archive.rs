//! The one archive that is read: an e-invoice's XML, with the PDF that shows it and its annexes where it has them.
//!
//! This is how Colombian issuers send invoices (DIAN), packed by all kinds of programs: the XML alone, in folders, with
//! what a Mac or Windows leaves beside files. Any other archive is refused unread.

use std::io::{Cursor, Read};

use zip::{CompressionMethod, ZipArchive, result::ZipError};

use crate::{
    intake::{einvoice, polyglot::find, refusal},
    limits::Limits,
    reading::Attachment,
    reason::{Reason, ReasonCode},
    signature::{Seal, cms},
};

/// What the archive holds.
pub(super) struct Packed {
    /// The e-invoice.
    pub xml: Attachment,
    /// Its dialect.
    pub dialect: einvoice::Dialect,
    /// What the signature around it says, where there is one.
    pub seal: Option<Seal>,
    /// Its picture.
    pub pdf: Option<Vec<u8>>,
    /// Names of what lies beside them and is not read.
    pub annexes: Vec<String>,
}

/// An invoice with its picture and a few annexes has no more entries; folders and leavings count.
const MOST_ENTRIES: usize = 40;

/// What else may lie beside an e-invoice: pictures and papers that run nothing.
const ANNEXES: &[&str] = &["pdf", "xml", "png", "jpg", "jpeg", "txt", "csv", "xlsx", "docx"];

/// Opens the archive if it is one e-invoice with what belongs to it.
pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Packed, Reason> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let entries = archive.len();
    if entries > MOST_ENTRIES
        || archive.offset() != 0
        || !ends_with_its_directory(bytes, archive.comment().len())
    {
        return Err(other(entries));
    }
    let (mut xmls, mut pdfs, mut annexes) = (Vec::new(), Vec::new(), Vec::new());
    let mut unfolded_bytes = 0;
    for index in 0..entries {
        let mut entry = archive.by_index(index).map_err(|e| damaged(&e))?;
        let name = entry.name().map(std::borrow::Cow::into_owned).unwrap_or_default();
        if entry.is_dir() || left_behind(&name) {
            continue;
        }
        if !entry.is_file()
            || !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated)
        {
            return Err(other(entries));
        }
        // Claimed sizes are not believed: the reader itself is capped.
        let unfolded = capped(&mut entry, bytes.len(), limits)?;
        if is_fork(&name, &unfolded) {
            continue;
        }
        unfolded_bytes += unfolded.len() as u64;
        let cap = limits.stream_bytes.min(limits.original_bytes);
        if unfolded_bytes > cap {
            return Err(refusal::bomb("bytes or more in an archive", "stream_bytes", cap, unfolded_bytes));
        }
        let name = base_name(&name);
        let signed = cms::open(&unfolded);
        let (unfolded, seal) = signed.map_or((unfolded, None), |s| (s.content, Some(s.seal)));
        let dialect = einvoice::is_markup(&unfolded).then(|| einvoice::dialect(&unfolded).ok()).flatten();
        if unfolded.starts_with(b"%PDF-") {
            pdfs.push((name, unfolded));
        } else if let Some(dialect) = dialect {
            xmls.push(Xml { name, bytes: einvoice::utf8(&unfolded).into_bytes(), dialect, seal });
        } else if is_annex(&name, &unfolded) {
            annexes.push(name);
        } else {
            return Err(other(entries));
        }
    }
    packed(xmls, pdfs, annexes, entries, limits)
}

type Entries = Vec<(String, Vec<u8>)>;

/// An XML of the archive, as UTF-8.
struct Xml {
    name: String,
    bytes: Vec<u8>,
    dialect: einvoice::Dialect,
    seal: Option<Seal>,
}

/// One e-invoice, with the PDF of its name, or the first.
fn packed(
    mut xmls: Vec<Xml>,
    mut pdfs: Entries,
    mut annexes: Vec<String>,
    entries: usize,
    limits: &Limits,
) -> Result<Packed, Reason> {
    // An answer or an order beside an invoice is its annex.
    let is_other = |x: &Xml| matches!(x.dialect, einvoice::Dialect::Other(_));
    if xmls.iter().any(|x| !is_other(x)) {
        annexes.extend(xmls.extract_if(.., |x| is_other(x)).map(|x| x.name));
    }
    annexes.extend(without_copies(&mut xmls));
    if xmls.len() > 1 {
        return Err(several(&xmls));
    }
    let Some(xml) = xmls.pop() else { return Err(other(entries)) };
    if xml.bytes.len() as u64 > limits.xml_bytes {
        return Err(refusal::too_large(
            "bytes of XML",
            "xml_bytes",
            limits.xml_bytes,
            xml.bytes.len() as u64,
        ));
    }
    let own = pdfs.iter().position(|(pdf, _)| stem(pdf) == stem(&xml.name)).unwrap_or(0);
    let pdf = (!pdfs.is_empty()).then(|| pdfs.remove(own).1);
    annexes.extend(pdfs.into_iter().map(|(name, _)| name));
    let Xml { name, bytes, dialect, seal } = xml;
    Ok(Packed { xml: Attachment { name, bytes }, dialect, seal, pdf, annexes })
}

/// Takes out what is there twice: the same bytes, signed beside bare, and an invoice beside the envelope that holds it.
fn without_copies(xmls: &mut Vec<Xml>) -> Vec<String> {
    // Signed ones first, then envelopes, then what may hold another: of the same the first stays.
    xmls.sort_by_key(|x| {
        (x.seal.is_none(), x.dialect != einvoice::Dialect::AttachedDocument, std::cmp::Reverse(x.bytes.len()))
    });
    let mut bodies: Vec<Vec<u8>> = xmls.iter().map(|x| body(&x.bytes)).collect();
    let mut copies = Vec::new();
    let mut at = 0;
    while at < xmls.len() {
        let is_copy = xmls.iter().zip(&bodies).take(at).any(|(kept, holds)| {
            find(holds, &bodies[at]).is_some()
                || (kept.dialect == einvoice::Dialect::AttachedDocument
                    && cufe(&xmls[at].bytes).is_some_and(|own| find(&kept.bytes, own).is_some()))
        });
        if is_copy {
            copies.push(xmls.remove(at).name);
            bodies.remove(at);
        } else {
            at += 1;
        }
    }
    copies
}

/// What an XML says, without what programs change on the way: a byte order mark, the declaration, the ends of lines.
fn body(xml: &[u8]) -> Vec<u8> {
    let bare = xml.strip_prefix(b"\xef\xbb\xbf").unwrap_or(xml).trim_ascii();
    let declared = bare.starts_with(b"<?xml").then(|| find(bare, b"?>")).flatten();
    let root = declared.map_or(bare, |end| &bare[end + 2..]);
    root.trim_ascii().iter().copied().filter(|b| *b != b'\r').collect()
}

/// Colombia's unique code of a document, 96 hexadecimal digits: the envelope repeats it.
fn cufe(xml: &[u8]) -> Option<&[u8]> {
    xml.split(|b| !b.is_ascii_hexdigit()).find(|run| run.len() == 96)
}

fn several(xmls: &[Xml]) -> Reason {
    let names: Vec<&str> = xmls.iter().map(|x| x.name.as_str()).take(10).collect();
    let message = format!("The archive holds {} e-invoices: {}.", xmls.len(), names.join(", "));
    Reason::new(ReasonCode::MultipleDocuments, message).with("documents", xmls.len())
}

fn stem(name: &str) -> String {
    let name = name.strip_suffix(".p7m").unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase()
}

/// What systems leave beside files: a Mac's resource forks, folder views, thumbnails.
fn left_behind(name: &str) -> bool {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.starts_with("._") || matches!(last, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

/// A Mac's resource fork (AppleDouble, RFC 1740); what else lies in its folder may be the invoice itself.
fn is_fork(name: &str, bytes: &[u8]) -> bool {
    name.split(['/', '\\']).any(|p| p == "__MACOSX") && bytes.starts_with(b"\0\x05\x16\x07")
}

/// A file that is by its name and its beginning none that runs.
fn is_annex(name: &str, bytes: &[u8]) -> bool {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_lowercase()).unwrap_or_default();
    let runs = bytes.starts_with(b"MZ") || bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"#!");
    ANNEXES.contains(&end.as_str()) && !runs
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
    refusal::unsupported("a ZIP archive that is not one e-invoice with what belongs to it")
        .with("files", files)
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

    const OTHER: &[u8] = b"<cfdi:Comprobante xmlns:cfdi='http://www.sat.gob.mx/cfd/4' Folio='2'/>";

    fn opened(files: &[(&str, &[u8])]) -> Packed {
        open(&zip(files), &Limits::default()).ok().unwrap()
    }

    #[test]
    fn takes_one_invoice_with_what_belongs_to_it() {
        let pair = opened(&[("x/../a.xml", CFDI), ("a.pdf", b"%PDF-1.4")]);
        assert_eq!(pair.xml, Attachment { name: "a.xml".into(), bytes: CFDI.to_vec() });
        assert_eq!(pair.pdf.as_deref(), Some(b"%PDF-1.4".as_slice()));
        let alone = opened(&[("a.xml", CFDI)]);
        assert!(alone.pdf.is_none() && alone.annexes.is_empty());
        let fork: &[u8] = b"\0\x05\x16\x07fork";
        let mac = opened(&[
            ("fe/ad.xml", CFDI),
            ("fe/ad.pdf", b"%PDF-1.4"),
            ("__MACOSX/._ad.xml", fork),
            ("__MACOSX/fe/._ad.pdf", fork),
            ("fe/.DS_Store", fork),
        ]);
        assert!(mac.pdf.is_some() && mac.annexes.is_empty());
        let more = opened(&[
            ("plano.pdf", b"%PDF-1.7 plan"),
            ("f1.xml", CFDI),
            ("F1.PDF", b"%PDF-1.4 f1"),
            ("n.txt", b"x"),
        ]);
        assert_eq!(more.pdf.as_deref(), Some(b"%PDF-1.4 f1".as_slice()));
        assert_eq!(more.annexes, ["n.txt", "plano.pdf"]);
    }

    #[test]
    fn refuses_everything_else() {
        let refused = |files: &[(&str, &[u8])]| open(&zip(files), &Limits::default()).err().unwrap().code;
        for files in [
            vec![("a.pdf", b"%PDF-1.4".as_slice())],
            vec![("a.xml", CFDI), ("a.pdf", b"%PDF-1.4"), ("b.exe", b"MZ")],
            vec![("a.xml", CFDI), ("b.pdf", b"MZ")],
            vec![("a.xml", CFDI), ("run.sh", b"#!/bin/sh")],
            vec![("a.xml", b"<a/>".as_slice()), ("a.pdf", b"%PDF-1.4")],
            vec![],
        ] {
            assert_eq!(refused(&files), ReasonCode::UnsupportedType, "{files:?}");
        }
        assert_eq!(refused(&[("a.xml", CFDI), ("b.xml", OTHER)]), ReasonCode::MultipleDocuments);
        let many: Vec<(String, &[u8])> = (0..50).map(|i| (format!("{i}.txt"), b"x".as_slice())).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(n, b)| (n.as_str(), *b)).collect();
        assert_eq!(refused(&many), ReasonCode::UnsupportedType);
        assert_eq!(open(b"PK\x03\x04 cut", &Limits::default()).err().unwrap().code, ReasonCode::Corrupt);
    }

    #[test]
    fn what_is_there_twice_is_one() {
        let twice = opened(&[("a.xml", CFDI), ("copia/a.xml", CFDI)]);
        assert_eq!(twice.annexes, ["a.xml"]);
        let cufe = "ab".repeat(48);
        let invoice = format!(
            "<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'><UUID>{cufe}</UUID></Invoice>"
        );
        let envelope = format!(
            "<AttachedDocument xmlns='urn:oasis:names:specification:ubl:schema:xsd:AttachedDocument-2'><D><![CDATA[<I><UUID>{cufe}</UUID></I>]]></D></AttachedDocument>"
        );
        let both = opened(&[("fv.xml", invoice.as_bytes()), ("ad.xml", envelope.as_bytes())]);
        assert_eq!(
            (both.xml.name.as_str(), both.annexes.as_slice()),
            ("ad.xml", ["fv.xml".to_owned()].as_slice())
        );
        let strange = invoice.replace("ab", "cd");
        let files = [("fv.xml", strange.as_bytes()), ("ad.xml", envelope.as_bytes())];
        let refused = open(&zip(&files), &Limits::default()).err().unwrap();
        assert_eq!(refused.code, ReasonCode::MultipleDocuments);
    }

    #[test]
    fn copies_in_other_folders_and_dresses_are_one() {
        let note = b"<NFe xmlns='http://www.portalfiscal.inf.br/nfe'><infNFe>1</infNFe>\n</NFe>";
        let dressed =
            [&b"\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?>\r\n"[..], &note[..], b"\r\n"].concat();
        let lines = String::from_utf8_lossy(note).replace('\n', "\r\n");
        let answered = [
            b"<?xml version='1.0'?><nfeProc xmlns='http://www.portalfiscal.inf.br/nfe'>".as_slice(),
            note,
            b"<protNFe>100</protNFe></nfeProc>",
        ]
        .concat();
        for files in [
            vec![("a/n.xml", note.as_slice()), ("b/n.xml", note.as_slice()), ("c/m.xml", note.as_slice())],
            vec![("n.xml", note.as_slice()), ("__MACOSX/n.xml", note.as_slice())],
            vec![("n.xml", note.as_slice()), ("utf/n.xml", dressed.as_slice())],
            vec![("n.xml", note.as_slice()), ("dos/n.xml", lines.as_bytes())],
            vec![("n.xml", note.as_slice()), ("n-procNFe.xml", answered.as_slice())],
        ] {
            let packed = opened(&files);
            assert_eq!(packed.annexes.len(), files.len() - 1, "{files:?}");
        }
        let whole = opened(&[("n.xml", note), ("n-procNFe.xml", &answered)]);
        assert_eq!(whole.xml.name, "n-procNFe.xml", "the one that says more");
        // The only one may lie in a Mac's folder.
        assert_eq!(
            opened(&[("__MACOSX/n.xml", note), ("__MACOSX/._n.xml", b"\0\x05\x16\x07")]).xml.bytes,
            note
        );
        let other = String::from_utf8_lossy(note).replace(">1<", ">2<");
        let files = [("a/n.xml", note.as_slice()), ("b/n.xml", other.as_bytes())];
        assert_eq!(open(&zip(&files), &Limits::default()).err().unwrap().code, ReasonCode::MultipleDocuments);
    }

    #[test]
    fn a_picture_that_is_there_twice_is_its_own_annex() {
        let pdf: &[u8] = b"%PDF-1.4 the same";
        let twice = opened(&[("f.xml", CFDI), ("f.pdf", pdf), ("copia/f.pdf", pdf), ("f (1).pdf", pdf)]);
        assert_eq!(twice.pdf.as_deref(), Some(pdf));
        assert_eq!(twice.annexes, ["f.pdf", "f (1).pdf"]);
    }

    #[test]
    fn a_signed_invoice_is_opened_with_its_seal() {
        let signed = opened(&[("f.xml.p7m", cms::tests::EC_DER), ("f_metaDato.xml", b"<FileMetadati/>")]);
        assert_eq!((signed.seal, signed.dialect.name()), (Some(Seal::Intact), "FatturaPA invoice"));
        assert_eq!(signed.annexes, ["f_metaDato.xml"]);
        let bare = cms::open(cms::tests::EC_DER).unwrap().content;
        let both = opened(&[("f.xml", &bare), ("f.xml.p7m", cms::tests::EC_DER)]);
        assert_eq!((both.seal, both.annexes.len()), (Some(Seal::Intact), 1));
    }

    #[test]
    fn caps_what_unfolds() {
        let limits = Limits { stream_bytes: 1 << 20, ..Limits::default() };
        let bomb = zip(&[("a.xml", CFDI), ("a.pdf", &vec![0; 2 << 20])]);
        assert_eq!(open(&bomb, &limits).err().unwrap().code, ReasonCode::DecompressionBomb);
    }
}
