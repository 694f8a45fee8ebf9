//! From a stranger's bytes to upright pages.
//!
//! [`sniff`] says what the content *is*, by structure and never by name, and refuses what we do not read.
//! [`normalize`] opens it under [`Limits`] and hands on plain sRGB pages, with embedded e-invoice XML beside
//! them. [`encode`] makes the stored copies: JPEG pages and a thumbnail that carry no metadata, because they
//! are drawn from pixels alone.
//!
//! All of this runs in a sandboxed child under an address-space limit; the checks here are the inner layer of
//! two, and the one that can name the limit that was broken.

pub mod encode;
pub mod fingerprint;
mod guard;
mod pdf;
mod picture;
mod refusal;
mod scale;
mod sniff;

pub use sniff::{Format, Sniffed, sniff};

use crate::{
    limits::Limits,
    reading::{Normalized, PagePixels},
    reason::Reason,
};

/// Opens a sniffed file: decoded, scaled to `limits.page_side_px`, upright.
///
/// `bytes` must be the bytes that were sniffed.
///
/// # Errors
/// The reason why the file cannot or must not be opened. What can be opened but needs a person's eye comes back
/// `Ok`, with [`Normalized::reasons`] filled.
pub fn normalize(sniffed: Sniffed, bytes: &[u8], limits: &Limits) -> Result<Normalized, Reason> {
    let opened = match sniffed.format {
        Format::Jpeg | Format::Png | Format::Webp | Format::Gif => {
            picture::open(sniffed.format, bytes, limits)?
        }
        Format::Pdf => pdf::open(bytes, limits)?,
    };
    let mut notes = sniffed.notes;
    notes.extend(opened.notes);
    Ok(Normalized {
        media_type: sniffed.format.media_type().to_owned(),
        page_count: opened.page_count,
        pages: opened.pages,
        layers: Vec::new(),
        attachments: opened.attachments,
        notes,
        reasons: opened.reasons,
    })
}

/// What one kind of container yields.
#[derive(Default)]
struct Opened {
    page_count: u32,
    pages: Vec<PagePixels>,
    attachments: Vec<crate::reading::Attachment>,
    notes: Vec<String>,
    reasons: Vec<Reason>,
}
