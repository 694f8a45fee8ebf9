//! PDF: pages drawn by `hayro`.

use std::sync::Arc;

use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::InterpreterSettings,
    hayro_syntax::{DecryptionError, LoadPdfError, Pdf, page::Page},
    render,
    vello_cpu::color::palette::css::WHITE,
};
use image::RgbImage;

use crate::{
    intake::{Opened, guard, refusal},
    limits::Limits,
    reading::PagePixels,
    reason::{Reason, ReasonCode},
};

/// Opens a PDF and draws every page.
pub(super) fn open(bytes: &[u8], limits: &Limits) -> Result<Opened, Reason> {
    guard::caught("PDF", || {
        let pdf = Pdf::new(Arc::new(bytes.to_vec())).map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
                Reason::new(ReasonCode::Encrypted, "The PDF needs a password.")
            }
            other => refusal::corrupt("PDF", &format!("{other:?}")),
        })?;
        let count = pdf.pages().len() as u64;
        if count > limits.pages.into() {
            return Err(refusal::too_large("pages", limits.pages.into(), count));
        }
        let cache = RenderCache::new();
        let mut pages = Vec::new();
        for (page, number) in pdf.pages().iter().zip(1..) {
            pages.push(PagePixels { number, rgb: draw(page, &cache, limits)? });
        }
        Ok(Opened { page_count: count as u32, pages, ..Opened::default() })
    })
}

fn draw<'a>(page: &'a Page<'a>, cache: &RenderCache<'a>, limits: &Limits) -> Result<RgbImage, Reason> {
    let (width, height) = page.render_dimensions();
    let scale = (limits.page_side_px as f32 / width.max(height).max(1.0)).min(200.0 / 72.0);
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let pixmap = render(page, cache, &InterpreterSettings::default(), &RenderSettings::default(), &settings);
    let (w, h) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
    let rgb = pixmap.data().iter().flat_map(|p| [p.r, p.g, p.b]).collect();
    RgbImage::from_raw(w, h, rgb).ok_or_else(|| refusal::corrupt("PDF", "a page of the wrong size was drawn"))
}
