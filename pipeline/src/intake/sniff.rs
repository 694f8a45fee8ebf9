//! What the content is: by structure, never by name.

use crate::{
    intake::{
        archive,
        einvoice::{self, Dialect},
        foreign, guard,
        polyglot::{self, PDF_HEADER_WITHIN, find},
        refusal,
    },
    limits::Limits,
    reading::Declared,
    reason::Reason,
    signature::cms,
};

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JFIF, EXIF, MPO; baseline and progressive.
    Jpeg,
    /// PNG, and APNG's first frame.
    Png,
    /// VP8, VP8L, VP8X; an animation's first frame.
    Webp,
    /// GIF87a, GIF89a; an animation's first frame.
    Gif,
    /// TIFF and BigTIFF, all pages.
    Tiff,
    /// HEIC and HEIF with an HEVC picture.
    Heif,
    /// JPEG 2000: JP2 and bare codestreams.
    Jp2,
    /// Windows bitmap.
    Bmp,
    /// Any version.
    Pdf,
    /// A bare XML e-invoice.
    Invoice(Dialect),
    /// An XML e-invoice in a signed file (CMS), bare or as base64.
    SignedInvoice(Dialect),
    /// An archive of one XML e-invoice and its PDF.
    InvoiceZip,
}

impl Format {
    /// The media type of the content.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Tiff => "image/tiff",
            Self::Heif => "image/heic",
            Self::Jp2 => "image/jp2",
            Self::Bmp => "image/bmp",
            Self::Pdf => "application/pdf",
            Self::Invoice(_) => "application/xml",
            Self::SignedInvoice(_) => "application/pkcs7-mime",
            Self::InvoiceZip => "application/zip",
        }
    }

    /// As a person calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
            Self::Tiff => "TIFF",
            Self::Heif => "HEIC",
            Self::Jp2 => "JPEG 2000",
            Self::Bmp => "BMP",
            Self::Pdf => "PDF",
            Self::Invoice(dialect) | Self::SignedInvoice(dialect) => dialect.name(),
            Self::InvoiceZip => "ZIP archive",
        }
    }

    /// Whether a claimed media type means this format.
    fn is_claimed_by(self, media_type: &str) -> bool {
        let claimed = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        claimed == self.media_type()
            || matches!(
                (self, claimed.as_str()),
                (_, "" | "application/octet-stream")
                    | (Self::Jpeg, "image/jpg" | "image/pjpeg" | "image/mpo")
                    | (Self::Heif, "image/heif" | "image/heic-sequence" | "image/heif-sequence")
                    | (Self::Jp2, "image/jpx" | "image/jpeg2000" | "image/j2k" | "image/j2c")
                    | (Self::Bmp, "image/x-bmp" | "image/x-ms-bmp")
                    | (Self::Invoice(_), "text/xml")
                    | (Self::SignedInvoice(_), "application/x-pkcs7-mime" | "application/pkcs7-signature")
                    | (Self::InvoiceZip, "application/x-zip-compressed")
            )
    }
}

/// The media type of a picture that every browser shows as it is; `None` of all else.
#[must_use]
pub fn shown_by_browsers(media_type: &str) -> Option<&'static str> {
    let shown = [Format::Jpeg, Format::Png, Format::Webp, Format::Gif, Format::Bmp];
    shown.map(Format::media_type).into_iter().find(|known| *known == media_type)
}

/// A file whose type is known and is one that we read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sniffed {
    /// What the content is.
    pub format: Format,
    /// Harmless oddities, one sentence each.
    pub notes: Vec<String>,
}

/// Says what `bytes` are, by content alone; `declared` only makes a note when it differs.
///
/// # Errors
/// `unsupported_type` for what is not read, `type_mismatch` for a file that is two types at once, `corrupt` for
/// an empty file, `too_large`, or what opening the e-invoice archive found.
pub fn sniff(bytes: &[u8], declared: &Declared, limits: &Limits) -> Result<Sniffed, Reason> {
    let size = bytes.len() as u64;
    if size > limits.original_bytes {
        return Err(refusal::too_large("bytes", "original_bytes", limits.original_bytes, size));
    }
    if bytes.is_empty() {
        return Err(refusal::corrupt("file", "it is empty"));
    }
    guard::caught("file", || {
        let format = format_of(bytes, limits)?;
        let mut notes = polyglot::check(format, bytes)?;
        if let Some(claimed) = &declared.media_type
            && !format.is_claimed_by(claimed)
        {
            let claimed: String = claimed.chars().filter(|c| !c.is_control()).take(100).collect();
            notes.push(format!("Declared {claimed}, is {}.", format.media_type()));
        }
        Ok(Sniffed { format, notes })
    })
}

fn format_of(bytes: &[u8], limits: &Limits) -> Result<Format, Reason> {
    if let Some(picture) = picture(bytes)? {
        return Ok(picture);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        archive::open(bytes, limits)?;
        return Ok(Format::InvoiceZip);
    }
    let head = bytes.get(..PDF_HEADER_WITHIN + 5).unwrap_or(bytes);
    if let Some(at) = find(head, b"%PDF-") {
        return junk_before(bytes.get(..at).unwrap_or_default(), bytes).map(|()| Format::Pdf);
    }
    if cms::is_signed(bytes) {
        return signed(bytes, limits).map(|(dialect, _)| Format::SignedInvoice(dialect));
    }
    if einvoice::is_markup(bytes) {
        return match einvoice::dialect(bytes) {
            Ok(_) if bytes.len() as u64 > limits.xml_bytes => {
                Err(refusal::too_large("bytes of XML", "xml_bytes", limits.xml_bytes, bytes.len() as u64))
            }
            Ok(dialect) => Ok(Format::Invoice(dialect)),
            Err(Some(root)) => Err(refusal::unsupported(&format!("markup with root element {root}"))),
            Err(None) => Err(refusal::unsupported("text")),
        };
    }
    let detected = foreign::name(bytes).unwrap_or_else(|| "an unknown type".to_owned());
    Err(refusal::unsupported(&detected))
}

/// The e-invoice in a signed file. What else is signed is not read.
pub(super) fn signed(bytes: &[u8], limits: &Limits) -> Result<(Dialect, cms::Opened), Reason> {
    let opened =
        cms::open(bytes).ok_or_else(|| refusal::corrupt("signed file", "it holds no content, or is cut"))?;
    let size = opened.content.len() as u64;
    if size > limits.xml_bytes {
        return Err(refusal::too_large("bytes of XML", "xml_bytes", limits.xml_bytes, size));
    }
    let dialect = einvoice::is_markup(&opened.content).then(|| einvoice::dialect(&opened.content).ok());
    let dialect = dialect.flatten();
    let dialect = dialect.ok_or_else(|| refusal::unsupported("a signed file that holds no e-invoice"))?;
    Ok((dialect, opened))
}

fn picture(bytes: &[u8]) -> Result<Option<Format>, Reason> {
    Ok(Some(match bytes {
        [0xff, 0xd8, 0xff, ..] => Format::Jpeg,
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Format::Png,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Format::Webp,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Format::Gif,
        [b'I', b'I', 42, 0, _, _, _, _, b'C', b'R', ..] => {
            return Err(refusal::unsupported("a camera's raw image"));
        }
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Format::Tiff,
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => Format::Jp2,
        [b'B', b'M', ..] if bitmap_header(bytes) => Format::Bmp,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => return isobmff(bytes).map(Some),
        _ => return Ok(None),
    }))
}

/// Whether the second header of a bitmap has a length that there is: two letters alone begin many a text.
fn bitmap_header(bytes: &[u8]) -> bool {
    let length = bytes.get(14..18).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    matches!(length, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124)
}

/// HEIC and HEIF by their brands (ISO/IEC 23008-12, annex B); films and AVIF share the container.
fn isobmff(bytes: &[u8]) -> Result<Format, Reason> {
    const BRANDS: usize = 64;
    let size = bytes.get(..4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes) as usize;
    let brands = bytes.get(8..size.min(8 + 4 * BRANDS)).unwrap_or_default();
    // the second word is the minor version
    let mut all = brands.chunks_exact(4).enumerate().filter(|(i, _)| *i != 1).map(|(_, brand)| brand);
    let major = brands.get(..4).unwrap_or_default();
    match major {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => Ok(Format::Heif),
        b"mif1" | b"mif2" | b"msf1" | b"miaf" if !all.any(|b| b == b"avif" || b == b"avis") => {
            Ok(Format::Heif)
        }
        b"avif" | b"avis" | b"mif1" | b"msf1" => Err(refusal::unsupported("an AVIF image")),
        _ => Err(refusal::unsupported("a film or sound (ISO base media)")),
    }
}

/// Junk before a PDF's header is tolerated (and noted by its offset) unless it is itself a file.
fn junk_before(prefix: &[u8], bytes: &[u8]) -> Result<(), Reason> {
    if prefix.is_empty() {
        return Ok(());
    }
    let first = foreign::name(bytes).filter(|name| !name.contains("application/pdf"));
    match first.or_else(|| foreign::active_text(prefix).map(str::to_owned)) {
        Some(other) => Err(refusal::two_faced("PDF", &other)),
        None => Ok(()),
    }
}
