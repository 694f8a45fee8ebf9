//! What the content is.

use crate::{intake::refusal, limits::Limits, reading::Declared, reason::Reason};

/// A PDF header may be preceded by this much junk (ISO 32000-1, implementation note 13).
const PDF_HEADER_WITHIN: usize = 1024;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JFIF, EXIF, MPO, any SOF.
    Jpeg,
    /// PNG and APNG.
    Png,
    /// VP8, VP8L, VP8X.
    Webp,
    /// GIF87a, GIF89a.
    Gif,
    /// Any version.
    Pdf,
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
            Self::Pdf => "application/pdf",
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
            Self::Pdf => "PDF",
        }
    }

    /// The decoder in the `image` crate, for those it reads.
    pub(super) fn codec(self) -> Option<image::ImageFormat> {
        match self {
            Self::Jpeg => Some(image::ImageFormat::Jpeg),
            Self::Png => Some(image::ImageFormat::Png),
            Self::Webp => Some(image::ImageFormat::WebP),
            Self::Gif => Some(image::ImageFormat::Gif),
            Self::Pdf => None,
        }
    }
}

/// A file whose type is known and is one that we read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sniffed {
    /// What the content is.
    pub format: Format,
    /// Harmless oddities.
    pub notes: Vec<String>,
}

/// Says what `bytes` are, by content alone; `declared` only makes a note when it differs.
///
/// # Errors
/// `unsupported_type`, `type_mismatch`, `corrupt` or `too_large`.
pub fn sniff(bytes: &[u8], declared: &Declared, limits: &Limits) -> Result<Sniffed, Reason> {
    let size = bytes.len() as u64;
    if size > limits.original_bytes {
        return Err(refusal::too_large("bytes", limits.original_bytes, size));
    }
    let format = format(bytes).ok_or_else(|| refusal::unsupported("unknown"))?;
    let mut notes = Vec::new();
    if let Some(claimed) = &declared.media_type
        && claimed != format.media_type()
    {
        notes.push(format!("Declared {claimed}, is {}.", format.media_type()));
    }
    Ok(Sniffed { format, notes })
}

fn format(bytes: &[u8]) -> Option<Format> {
    let head = bytes.get(..PDF_HEADER_WITHIN + 5).unwrap_or(bytes);
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Format::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::Webp),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        _ if head.windows(5).any(|w| w == b"%PDF-") => Some(Format::Pdf),
        _ => None,
    }
}
