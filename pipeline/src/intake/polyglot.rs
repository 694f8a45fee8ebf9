//! Is the file only what it seems to be?
//!
//! A picture ends where its format says; what follows is either an honest trailer (a camera's second picture, a
//! motion photo's film, padding) or another file riding along. The same bytes may also open as a second type from
//! the front (a PDF header within the first kilobyte) or from the end (a ZIP directory).

use crate::{
    intake::{Format, foreign, refusal},
    reason::Reason,
};

/// How far into a file readers look for a PDF header (ISO 32000-1, implementation note 13).
pub(super) const PDF_HEADER_WITHIN: usize = 1024;
/// How much of a trailer is searched for code; what executes begins early.
const SEARCHED: usize = 256 << 10;
/// Pictures that may follow one another in one file (MPO, gain maps).
const MOST_PICTURES: usize = 16;

/// Notes on harmless trailers, or the refusal of a file that is two.
pub(super) fn check(format: Format, bytes: &[u8]) -> Result<Vec<String>, Reason> {
    if format == Format::InvoiceZip {
        return Ok(Vec::new()); // an archive is opened strictly, and holds a PDF by right
    }
    let name = format.name();
    let head = bytes.get(..PDF_HEADER_WITHIN).unwrap_or(bytes);
    let also = |what: &str| Err(refusal::two_faced(name, what));
    if format != Format::Pdf {
        if find(head, b"%PDF-").is_some() {
            return also("a PDF");
        }
        if let Some(code) = foreign::active_text(head) {
            return also(code);
        }
        if script_header(format, bytes) {
            return also("a script");
        }
    }
    for (at, magic, what) in [
        (257, b"ustar", "an archive (tar)"),
        (0x8001, b"CD001", "a disc image"),
        (128, b"DICM\x02", "a DICOM image"),
    ] {
        if bytes.get(at..).is_some_and(|b| b.starts_with(magic)) {
            return also(what);
        }
    }
    let end = end_of(format, bytes).unwrap_or(bytes.len());
    let trailer = bytes.get(end..).unwrap_or_default();
    if foreign::ends_as_zip(if format == Format::Pdf { trailer } else { bytes }) {
        return also("a ZIP archive");
    }
    judge(name, trailer)
}

/// What follows the end of the format.
fn judge(name: &str, trailer: &[u8]) -> Result<Vec<String>, Reason> {
    let mut notes = Vec::new();
    let mut rest = unpadded(trailer);
    let mut pictures = 0;
    while rest.starts_with(&[0xff, 0xd8, 0xff]) && pictures < MOST_PICTURES {
        pictures += 1;
        let end = jpeg_end(rest).unwrap_or(rest.len());
        rest = unpadded(rest.get(end..).unwrap_or_default());
    }
    if pictures > 0 {
        notes.push(format!(
            "{pictures} more picture(s) follow the first (MPO or gain map); only the first is read."
        ));
    }
    if rest.is_empty() {
        return Ok(notes);
    }
    if film(rest) {
        notes.push("A motion photo: its film is not read.".to_owned());
        return Ok(notes);
    }
    let searched = rest.get(..SEARCHED).unwrap_or(rest);
    let rider = foreign::name(rest)
        .or_else(|| find(searched, b"%PDF-").map(|_| "a PDF".to_owned()))
        .or_else(|| foreign::active_text(searched).map(str::to_owned));
    if let Some(rider) = rider {
        return Err(refusal::two_faced(name, &rider).with("trailer_bytes", trailer.len()));
    }
    notes.push(format!("{} unexplained bytes follow the end of the {name}.", rest.len()));
    Ok(notes)
}

/// A motion photo's film: an MP4 right after the picture (Google), or Samsung's trailer, which names its parts.
fn film(rest: &[u8]) -> bool {
    let mp4 = rest.get(4..8) == Some(b"ftyp");
    let samsung = rest.ends_with(b"SEFT")
        && find(rest.get(rest.len().saturating_sub(64 << 10)..).unwrap_or(rest), b"SEFH").is_some();
    mp4 || samsung
}

/// Headers that are a picture to one reader and the start of a script comment to another ("GIFAR" and kin).
fn script_header(format: Format, bytes: &[u8]) -> bool {
    match format {
        Format::Gif => bytes.get(6..8) == Some(b"/*") || bytes.get(6) == Some(&b'='),
        Format::Jpeg => bytes.get(4..6) == Some(b"/*") && find(bytes, b"*/").is_some(),
        _ => false,
    }
}

fn unpadded(bytes: &[u8]) -> &[u8] {
    let padding = |b: &u8| matches!(b, 0 | b' ' | b'\t' | b'\r' | b'\n');
    let start = bytes.iter().position(|b| !padding(b)).unwrap_or(bytes.len());
    // an MP4's first box begins with the zero bytes of its size
    let start =
        if bytes.get(start + 1..start + 5) == Some(b"ftyp") { start.saturating_sub(3) } else { start };
    let rest = bytes.get(start..).unwrap_or_default();
    let erased = rest.iter().position(|&b| b != 0xff).unwrap_or(rest.len());
    if erased > 1 || rest.len() == erased { rest.get(erased..).unwrap_or_default() } else { rest }
}

/// Where the format says the file ends; `None` where it does not say, or the file is cut short.
pub(super) fn end_of(format: Format, bytes: &[u8]) -> Option<usize> {
    match format {
        Format::Jpeg => jpeg_end(bytes),
        Format::Png => png_end(bytes),
        Format::Webp => {
            let size = bytes.get(4..8)?.try_into().map(u32::from_le_bytes).ok()? as usize;
            size.checked_add(8 + size % 2).filter(|&end| end <= bytes.len())
        }
        Format::Gif => gif_end(bytes),
        Format::Heif => Some(boxes_end(bytes)),
        Format::Jp2 => Some(boxes_end(bytes)).filter(|end| *end > 0),
        Format::Pdf => bytes.windows(5).rposition(|w| w == b"%%EOF").map(|at| at + 5),
        Format::Tiff | Format::Bmp | Format::Invoice(_) | Format::SignedInvoice(_) | Format::InvoiceZip => {
            None
        }
    }
}

/// Walks the segments and entropy-coded scans to just past EOI (ITU-T T.81, B.1).
///
/// Once a scan has begun, a marker whose segment would not fit is a damaged byte of that scan: the walk goes on, so
/// that damage in the middle does not hide the end, nor what follows it.
pub(super) fn jpeg_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    let mut in_scan = false;
    loop {
        at += bytes.get(at..)?.iter().position(|&b| b == 0xff)?;
        match *bytes.get(at + 1)? {
            0xd9 => return Some(at + 2),
            0x00..=0xbf | 0xd0..=0xd8 => at += 2, // stuffing, TEM, reserved, restarts: no length
            0xff => at += 1,                      // fill
            marker => {
                let length = bytes.get(at + 2..at + 4)?.try_into().map(u16::from_be_bytes).ok()?;
                let end = at + 2 + usize::from(length.max(2));
                in_scan |= marker == 0xda;
                at = if in_scan && end > bytes.len() { at + 2 } else { end };
            }
        }
    }
}

fn png_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 8;
    loop {
        let length = bytes.get(at..at + 4)?.try_into().map(u32::from_be_bytes).ok()? as usize;
        let kind = bytes.get(at + 4..at + 8)?;
        at = at.checked_add(length)?.checked_add(12)?;
        if kind == b"IEND" {
            return Some(at.min(bytes.len()));
        }
    }
}

fn gif_end(bytes: &[u8]) -> Option<usize> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let blocks = |mut at: usize| -> Option<usize> {
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                return Some(at);
            }
        }
    };
    let mut at = 13 + table(*bytes.get(10)?);
    loop {
        at = match *bytes.get(at)? {
            0x3b => return Some(at + 1),
            0x21 => blocks(at + 2)?,
            0x2c => blocks(at + 10 + table(*bytes.get(at + 9)?) + 1)?,
            _ => return None,
        };
    }
}

/// Just past the last well-formed top-level box (ISO/IEC 14496-12, 4.2).
fn boxes_end(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(size) = box_size(bytes, at) {
        at += size;
    }
    at
}

fn box_size(bytes: &[u8], at: usize) -> Option<usize> {
    let short = bytes.get(at..at + 4)?.try_into().map(u32::from_be_bytes).ok()?;
    if !bytes.get(at + 4..at + 8)?.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
        return None;
    }
    let left = bytes.len() - at;
    let size = match short {
        0 => left,
        1 => usize::try_from(bytes.get(at + 8..at + 16)?.try_into().map(u64::from_be_bytes).ok()?).ok()?,
        n => n as usize,
    };
    (8..=left).contains(&size).then_some(size)
}

/// Where `needle` first occurs.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, _) = needle.split_first()?;
    let mut at = 0;
    while let Some(step) = haystack.get(at..)?.iter().position(|&b| b == first) {
        at += step;
        if haystack.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}
