//! Names for what we do not read: what a stranger's bytes are when they are none of ours.

/// Signatures that `infer` lacks, or that it finds only with more context: offset, bytes, name.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"%!PS", "a PostScript program"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"\0asm", "a WebAssembly program"),
    (0, b"\xca\xfe\xba\xbe", "a Java class or Mach-O program"),
    (0, b"!<arch>", "an archive (ar)"),
    (0, b"070701", "an archive (cpio)"),
    (0, b"#!", "a script"),
    (0, b"8BPS", "a Photoshop image"),
    (0, b"BPG\xfb", "a BPG image"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (0, b"\xff\x0a", "a JPEG XL image"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document (OLE)"),
    (0, b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut"),
    (128, b"DICM", "a DICOM image"),
    (257, b"ustar", "an archive (tar)"),
    (0x8001, b"CD001", "a disc image (ISO 9660)"),
];

/// Text that makes a browser or an interpreter run something, in lower case.
const ACTIVE_TEXT: &[&[u8]] = &[b"<!doctype html", b"<html", b"<script", b"<svg", b"<?php", b"<%@"];

/// The name of a known type that starts here, with its article: "a ZIP archive".
pub(super) fn name(bytes: &[u8]) -> Option<String> {
    let known =
        SIGNATURES.iter().find(|(at, magic, _)| bytes.get(*at..).is_some_and(|b| b.starts_with(magic)));
    if let Some((_, _, name)) = known {
        return Some((*name).to_owned());
    }
    if let Some(found) = infer::get(bytes) {
        return Some(format!("a file of type {}", found.mime_type()));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    active_text(text.get(..64).unwrap_or(text)).map(str::to_owned)
}

/// Markup or code anywhere in `bytes` that a browser or server would run.
pub(super) fn active_text(bytes: &[u8]) -> Option<&'static str> {
    let found = ACTIVE_TEXT
        .iter()
        .any(|needle| bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle)));
    found.then_some("HTML or a script")
}

/// A ZIP directory that ends the file: `bytes` opens as an archive, whatever it starts with.
///
/// ZIP is read from its end (APPNOTE 4.3.16), which is how a picture can be a program archive too.
pub(super) fn ends_as_zip(bytes: &[u8]) -> bool {
    const RECORD: usize = 22;
    const LONGEST_COMMENT: usize = 65_535;
    let start = bytes.len().saturating_sub(RECORD + LONGEST_COMMENT);
    let Some(tail) = bytes.get(start..) else { return false };
    tail.windows(RECORD).enumerate().any(|(at, record)| {
        let u16_at = |i: usize| usize::from(record[i]) | usize::from(record[i + 1]) << 8;
        record.starts_with(b"PK\x05\x06") && {
            let entries = u16_at(10);
            let directory_bytes = u16_at(12) | u16_at(14) << 16;
            let end = start + at + RECORD + u16_at(20);
            entries > 0 && directory_bytes >= 46 && directory_bytes <= start + at && end <= bytes.len()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_it_knows() {
        assert_eq!(name(b"%!PS-Adobe-3.0").unwrap(), "a PostScript program");
        assert!(name(b"\n <HTML><body>").is_some());
        assert!(name(b"MZ\x90\0\x03\0\0\0").is_some());
        assert!(name(b"PK\x03\x04\x14\0\0\0").is_some());
        assert_eq!(name(b"plain words"), None);
        assert_eq!(name(b""), None);
    }

    #[test]
    fn finds_code_in_any_case() {
        assert!(active_text(b"xx<ScRiPt>alert(1)").is_some());
        assert!(active_text(b"<x:xmpmeta>").is_none());
    }

    #[test]
    fn finds_a_zip_from_its_end() {
        let mut file = b"\xff\xd8\xff".to_vec();
        file.extend([0; 60]);
        assert!(!ends_as_zip(&file));
        file.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2e\0\0\0\x03\0\0\0\0\0");
        assert!(ends_as_zip(&file));
        assert!(!ends_as_zip(b"PK\x05\x06"));
    }
}
