//! From a stranger's bytes to upright pages.
//!
//! [`sniff`] says what the content *is*, by structure and never by name, and refuses what we do not read.
//! [`normalize`] opens it under [`Limits`] and hands on plain sRGB pages, with embedded e-invoice XML beside
//! them. [`encode`] makes the stored copies: JPEG pages and a thumbnail that carry no metadata, because they
//! are drawn from pixels alone.
//!
//! All of this runs in a sandboxed child under an address-space limit; the checks here are the inner layer of
//! two, and the one that can name the limit that was broken.

mod archive;
mod colour;
pub(crate) mod einvoice;
pub mod encode;
mod fax;
pub mod fingerprint;
mod foreign;
mod guard;
mod heif;
mod jp2;
mod mend;
mod pdf;
mod picture;
mod polyglot;
mod refusal;
pub(crate) mod scale;
mod sniff;
#[cfg(test)]
mod tests;
mod tiff;

pub use einvoice::Dialect;
pub use sniff::{Format, Sniffed, shown_by_browsers, sniff};

use std::collections::BTreeMap;

use crate::{
    diagnostic::Diagnostic,
    limits::Limits,
    reading::{Attachment, Normalized, PagePixels},
    reason::{Reason, ReasonCode},
    signature::Seal,
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
        Format::Jpeg | Format::Png | Format::Webp | Format::Gif | Format::Bmp => {
            picture::open(sniffed.format, bytes, limits)?
        }
        Format::Tiff => tiff::open(bytes, limits)?,
        Format::Heif => heif::open(bytes, limits)?,
        Format::Jp2 => jp2::open(bytes, limits)?,
        Format::Pdf => pdf::open(bytes, limits)?,
        Format::Invoice(dialect) => invoice(dialect, bytes),
        Format::SignedInvoice(_) => {
            let (dialect, signed) = sniff::signed(bytes, limits)?;
            let mut opened = invoice(dialect, &signed.content);
            sealed(signed.seal, &mut opened);
            opened
        }
        Format::InvoiceZip => packed(archive::open(bytes, limits)?, limits)?,
    };
    let mut notes = sniffed.notes;
    notes.extend(opened.notes);
    Ok(Normalized {
        media_type: sniffed.format.media_type().to_owned(),
        page_count: opened.page_count,
        pages: opened.pages,
        received: BTreeMap::new(),
        layers: Vec::new(),
        attachments: opened.attachments,
        notes,
        reasons: opened.reasons,
        diagnostics: opened.diagnostics,
    })
}

/// An e-invoice out of its archive: with the pages of its PDF, or alone.
fn packed(packed: archive::Packed, limits: &Limits) -> Result<Opened, Reason> {
    let mut opened = match &packed.pdf {
        Some(pdf) => pdf::open(pdf, limits)?,
        None => Opened { notes: vec![format!("{}.", packed.dialect.name())], ..Opened::default() },
    };
    opened.attachments.insert(0, packed.xml);
    if let Some(seal) = packed.seal {
        sealed(seal, &mut opened);
    }
    if !packed.annexes.is_empty() {
        let names: Vec<&str> = packed.annexes.iter().map(String::as_str).take(10).collect();
        opened.notes.push(format!(
            "{} more in the archive, not read: {}.",
            packed.annexes.len(),
            names.join(", ")
        ));
    }
    Ok(opened)
}

/// A bare XML e-invoice: no pages, itself the attachment, as UTF-8.
fn invoice(dialect: Dialect, bytes: &[u8]) -> Opened {
    let xml = Attachment { name: "invoice.xml".to_owned(), bytes: einvoice::utf8(bytes).into_bytes() };
    Opened { attachments: vec![xml], notes: vec![format!("{}.", dialect.name())], ..Opened::default() }
}

/// What the signature around an e-invoice says. It makes nothing surer, for nobody vouches for the signer; a broken one
/// is a person's to judge.
fn sealed(seal: Seal, opened: &mut Opened) {
    match seal {
        Seal::Intact => opened.notes.push("Its signature is intact; the signer was not checked.".to_owned()),
        Seal::Unknown => opened.notes.push("Its signature could not be checked.".to_owned()),
        Seal::Broken => opened.reasons.push(
            Reason::new(
                ReasonCode::ChecksFailed,
                "Its signature is broken: the content is not what was signed.",
            )
            .with("check", "the signature fits the content"),
        ),
    }
}

/// What one kind of container yields.
#[derive(Default)]
struct Opened {
    page_count: u32,
    pages: Vec<PagePixels>,
    attachments: Vec<Attachment>,
    notes: Vec<String>,
    reasons: Vec<Reason>,
    diagnostics: Vec<Diagnostic>,
}
