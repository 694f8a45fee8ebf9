//! PDF: measured first, then surveyed, then drawn.
//!
//! [`measure`] looks at the raw bytes (nesting, what streams unfold to) before any parser does, and [`traces`] at the
//! names in them. [`survey`] walks every object for active content and embedded files. [`draw`] makes pixels of each page. The stored copy is
//! those pixels, so nothing active can survive in it.

mod draw;
mod measure;
mod survey;
mod traces;
mod unfold;

use std::sync::Arc;

use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf, object::Dict};
use lopdf::{Document, LoadOptions};

use crate::{
    intake::{Opened, guard, polyglot, refusal},
    limits::Limits,
    reason::{Reason, ReasonCode},
};

/// Opens a PDF and draws every page.
pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Opened, Reason> {
    guard::caught("PDF", || {
        let measured = measure::check(bytes, limits)?;
        let pdf = Pdf::new(Arc::new(bytes.to_vec())).map_err(|error| unopened(error, bytes))?;
        let objects = pdf.len() as u64;
        if objects > limits.pdf_objects.into() {
            return Err(refusal::too_large("objects", "pdf_objects", limits.pdf_objects.into(), objects));
        }
        measure::check_opened(&pdf, limits)?;
        let drawable = pdf.pages().len();
        let count = drawable.max(second_opinion(bytes, limits)?);
        if count as u64 > limits.pages.into() {
            return Err(refusal::too_large("pages", "pages", limits.pages.into(), count as u64));
        }
        if drawable == 0 {
            return Err(refusal::corrupt("PDF", "it has no page that can be drawn"));
        }
        let found = survey::survey(&pdf, &measured.traces, limits)?;
        let drawn = draw::pages(&pdf, limits)?;
        let mut opened = Opened {
            page_count: u32::try_from(count).unwrap_or(u32::MAX),
            pages: drawn.pages,
            diagnostics: drawn.diagnostics,
            attachments: found.attachments,
            notes: found.notes,
            reasons: found.active.into_iter().collect(),
        };
        opened.reasons.extend(drawn.unreadable);
        opened.reasons.extend(measured.cut_short.then(cut_short));
        let most = declared(&pdf).unwrap_or(0).max(count as u64);
        if most > drawable as u64 {
            opened.reasons.push(missing(most, drawable));
        }
        Ok(opened)
    })
}

/// Pages by a second reader, so that one which `hayro` passes over is missed; 0 if it cannot tell.
///
/// Fails when it finds the document locked.
fn second_opinion(bytes: &[u8], limits: &Limits) -> Result<usize, Reason> {
    let cap = usize::try_from(limits.stream_bytes).ok();
    let options = LoadOptions { max_decompressed_size: cap, ..LoadOptions::default() };
    let loaded = guard::caught("PDF", || {
        let document = Document::load_mem_with_options(bytes, options)
            .map_err(|error| refusal::corrupt("PDF", &error.to_string()))?;
        let pages = if document.is_encrypted() {
            0
        } else {
            document.page_iter().take(limits.pages as usize + 1).count()
        };
        Ok((pages, locked(&document)))
    });
    match loaded {
        Ok((_, true)) => Err(needs_password("user password")),
        Ok((pages, false)) => Ok(pages),
        Err(_) => Ok(0),
    }
}

/// Whether a user password is set although an empty owner password opened the document (AES-256, revisions 5 and
/// 6). The sender meant it to be locked, and other viewers ask for the password: so do we.
fn locked(document: &Document) -> bool {
    let Some(state) = document.encryption_state.as_ref().filter(|state| state.revision() >= 5) else {
        return false;
    };
    let Ok(dictionary) = state.encode() else { return false };
    let mut probe = Document::new();
    let id = probe.add_object(dictionary);
    probe.trailer.set("Encrypt", id);
    probe.authenticate_raw_user_password(b"").is_err()
}

/// Pages the document says it has. Said by a stranger, so it is only compared, never allocated for.
fn declared(pdf: &Pdf) -> Option<u64> {
    let catalog = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id())?;
    catalog.get::<Dict<'_>>("Pages")?.get::<i32>("Count")?.try_into().ok()
}

/// Which page it is cannot be said: one reader found it, the one that draws did not.
fn missing(pages: u64, drawable: usize) -> Reason {
    let message = format!("The PDF has {pages} pages, but only {drawable} can be drawn.");
    Reason::new(ReasonCode::Unreadable, message).with("pages", pages).with("drawn", drawable)
}

/// Readers mend a lost table, but not what never arrived.
fn cut_short() -> Reason {
    let message = "The PDF is cut short: part of its last page may be missing.";
    Reason::new(ReasonCode::Corrupt, message).with("detected", "PDF")
}

fn unopened(error: LoadPdfError, bytes: &[u8]) -> Reason {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => needs_password("password protected"),
        LoadPdfError::Decryption(other) => needs_password(&format!("{other:?}")),
        // Some encryption is so unusual that the reader sees only damage; the trailer still says what it is.
        LoadPdfError::Invalid if polyglot::find(bytes, b"/Encrypt").is_some() => {
            needs_password("unknown encryption")
        }
        LoadPdfError::Invalid => refusal::corrupt("PDF", "neither its structure nor its objects can be read"),
    }
}

fn needs_password(method: &str) -> Reason {
    Reason::new(ReasonCode::Encrypted, "The PDF needs a password to be opened.").with("error", method)
}
