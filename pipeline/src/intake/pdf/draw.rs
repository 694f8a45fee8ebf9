//! Pages to pixels with `hayro`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, InterpreterWarning},
    hayro_syntax::{Pdf, page::Page},
    render,
    vello_cpu::color::palette::css::WHITE,
};
use image::RgbImage;

use crate::{
    diagnostic::{Diagnostic, guarded},
    intake::refusal,
    limits::Limits,
    reading::PagePixels,
    reading::budget::Effort,
    reason::{Reason, ReasonCode},
};

/// Pixels a point at 200 dpi: enough for OCR, and what scanners make.
const MOST_SCALE: f32 = 200.0 / 72.0;

/// Pages drawn before all others: so many of the first, and of the last.
const FIRST_PAGES: usize = 9;
const LAST_PAGES: usize = 3;

/// Share of the file's whole time after which no further page is begun.
const TIME_SHARE: f32 = 0.4;

/// The pages, as many as the original has, and what could not be drawn of them.
pub(super) struct Drawn {
    pub pages: Vec<PagePixels>,
    pub unreadable: Vec<Reason>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Draws every page; one that fails is a blank page and a reason that names it.
///
/// Fails only when no page at all can be drawn.
pub(super) fn pages(pdf: &Pdf, limits: &Limits) -> Result<Drawn, Reason> {
    let cache = RenderCache::new();
    let lost_image = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&lost_image);
    let settings = InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            if matches!(warning, InterpreterWarning::ImageDecodeFailure) {
                seen.store(true, Ordering::Relaxed);
            }
        }),
        ..InterpreterSettings::default()
    };
    let mut drawn = Drawn { pages: Vec::new(), unreadable: Vec::new(), diagnostics: Vec::new() };
    let mut last = None;
    let begun = Effort::begin();
    let budget = Duration::from_millis(limits.read_ms).mul_f32(TIME_SHARE);
    let pages: Vec<(&Page<'_>, u32)> = pdf.pages().iter().zip(1u32..).collect();
    for (page, number) in ends_first(&pages) {
        if begun.spent() > budget {
            drawn.unreadable.push(out_of_time(number, begun, limits));
            drawn.pages.push(PagePixels { number, rgb: blank(limits) });
            continue;
        }
        lost_image.store(false, Ordering::Relaxed);
        let rgb = match drawing(number, || draw(page, &cache, &settings, limits)) {
            Ok(rgb) => {
                if lost_image.load(Ordering::Relaxed) {
                    drawn.unreadable.push(image_missing(number));
                }
                rgb
            }
            Err((reason, why)) => {
                drawn.unreadable.push(unreadable(number));
                drawn.diagnostics.push(why);
                last = Some(reason);
                blank(limits)
            }
        };
        drawn.pages.push(PagePixels { number, rgb });
    }
    drawn.pages.sort_by_key(|page| page.number);
    match last {
        Some(reason) if drawn.unreadable.len() >= drawn.pages.len() => Err(reason),
        _ => Ok(drawn),
    }
}

/// The first pages and the last before those between: a long bill says who and when on its first page, how much on its
/// last, and time may not reach for all.
fn ends_first<T: Copy>(pages: &[T]) -> impl Iterator<Item = T> {
    let first = pages.len().min(FIRST_PAGES);
    let last = pages.len().saturating_sub(LAST_PAGES).max(first);
    let part = |range: std::ops::Range<usize>| pages.get(range).unwrap_or_default().iter().copied();
    part(0..first).chain(part(last..pages.len())).chain(part(first..last)).collect::<Vec<_>>().into_iter()
}

/// A page drawn, or why it cannot be: for the reviewer where it is the whole file, and for whoever runs this.
fn drawing(
    page: u32,
    draw: impl FnOnce() -> Result<RgbImage, Reason>,
) -> Result<RgbImage, (Reason, Diagnostic)> {
    const STAGE: &str = "draw";
    match guarded(STAGE, Some(page), draw) {
        Ok(Ok(rgb)) => Ok(rgb),
        Ok(Err(reason)) => {
            let cause = reason.message.clone();
            Err((reason, Diagnostic { stage: STAGE.to_owned(), page: Some(page), cause, panicked: false }))
        }
        Err(why) => Err((refusal::corrupt("PDF page", &why.cause), why)),
    }
}

fn unreadable(page: u32) -> Reason {
    Reason::new(ReasonCode::Unreadable, format!("Page {page} cannot be drawn.")).with("page", page)
}

fn out_of_time(page: u32, begun: Effort, limits: &Limits) -> Reason {
    let message = format!("Page {page} is not drawn: the pages before it took too long.");
    Reason::new(ReasonCode::Unreadable, message)
        .with("page", page)
        .with("limit_name", "read_ms")
        .with("limit", limits.read_ms)
        .with("size", u64::try_from(begun.spent().as_millis()).unwrap_or(u64::MAX))
}

fn image_missing(page: u32) -> Reason {
    Reason::new(ReasonCode::Unreadable, format!("An image on page {page} cannot be drawn."))
        .with("page", page)
}

fn blank(limits: &Limits) -> RgbImage {
    let side = limits.page_side_px;
    RgbImage::from_pixel((side * 7 / 10).max(1), side.max(1), image::Rgb([255; 3]))
}

fn draw<'a>(
    page: &'a Page<'a>,
    cache: &RenderCache<'a>,
    interpreter: &InterpreterSettings,
    limits: &Limits,
) -> Result<RgbImage, Reason> {
    let (width, height) = page.render_dimensions();
    let sound = |side: f32| side.is_finite() && side > 0.0;
    if !sound(width) || !sound(height) {
        return Err(refusal::corrupt("PDF page", "it has no size"));
    }
    let scale = (limits.page_side_px as f32 / width.max(height)).min(MOST_SCALE);
    // The renderer cuts a side to whole pixels: aim just past the rounded one, and never below one.
    let whole = |side: f32| ((side * scale).round().max(1.0) + 0.01) / side;
    let settings = PixmapSettings { x_scale: whole(width), y_scale: whole(height), bg_color: WHITE };
    let pixmap = render(page, cache, interpreter, &RenderSettings::default(), &settings);
    let (w, h) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
    let rgb = pixmap.data().iter().flat_map(|p| [p.r, p.g, p.b]).collect();
    RgbImage::from_raw(w, h, rgb)
        .ok_or_else(|| refusal::corrupt("PDF page", "it was drawn at the wrong size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pages_come_before_those_between() {
        let pages: Vec<u32> = (1..=60).collect();
        let order: Vec<u32> = ends_first(&pages).collect();
        assert_eq!(order[8..14], [9, 58, 59, 60, 10, 11]);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, pages, "each once");
        for few in 0..13 {
            assert_eq!(ends_first(&pages[..few]).collect::<Vec<_>>(), pages[..few]);
        }
    }
}
