//! From bytes to upright pages and a PDF's own text.

use super::{
    Declared, Normalized,
    received::{self, Change},
};
use crate::{
    intake,
    limits::Limits,
    part::Part,
    reason::Reason,
    text::{self, Models, OcrOptions},
};

/// Sniffs and decodes, with a PDF's own text: all that comes before OCR.
///
/// # Errors
/// Why the file cannot be opened.
pub fn open(bytes: &[u8], declared: &Declared, limits: &Limits) -> Result<Normalized, Reason> {
    let sniffed = intake::sniff(bytes, declared, limits)?;
    let mut normalized = intake::normalize(sniffed, bytes, limits)?;
    take_layers(&mut normalized, bytes, limits);
    Ok(normalized)
}

/// A PDF's own text.
pub(super) fn take_layers(normalized: &mut Normalized, bytes: &[u8], limits: &Limits) {
    if normalized.layers.is_empty() && normalized.media_type == "application/pdf" {
        normalized.layers = text::layers(bytes, limits, &mut normalized.diagnostics);
    }
}

/// Cuts a part out of its page, set upright as it was when someone said where the part is; out of the picture as it came
/// where they said so of that.
pub(super) fn cut_out(part: &Part, normalized: &mut Normalized, options: &OcrOptions, models: &Models) {
    for page in &mut normalized.pages {
        if !part.is_as_it_came() {
            // A page that cannot be read is as upright as it will be.
            let turned = text::looked("ocr", page.number, || text::read_page(page, options, models));
            normalized.diagnostics.extend(turned.err());
        }
        received::keep(&mut normalized.received, &normalized.media_type, page, Change::Cut);
        part.cut(page);
    }
}
