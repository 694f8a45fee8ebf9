//! All evidence of a document, page by page, the cheapest sure source first.

use std::time::Duration;

use super::{
    Models, OcrOptions, barcodes, layer_is_sound,
    models::InferError,
    ocr::{Seen, see},
};
use crate::{
    diagnostic::{Diagnostic, guarded},
    intake::encode,
    limits::Limits,
    reading::budget::Effort,
    reading::{Evidence, Normalized, PagePixels, PageText, StageTime},
    reason::{Reason, ReasonCode},
};

/// Pages of one file that are read by OCR at most: of more a person looks at the rest.
const MAX_OCR_PAGES: usize = 12;
/// So many of them are the last pages of a longer file: there stands what a long bill comes to.
const LAST_OCR_PAGES: usize = 3;
/// Pages searched for codes: they stand on the first page, or on the last.
const MAX_CODE_PAGES: usize = 4;
/// Share of the file's whole time after which no further page is begun.
const TIME_SHARE: f32 = 0.5;

/// Text and codes of a normalized document; turns its pages upright on the way.
///
/// A page that no engine could read, or not to its end, or that was left out, adds a reason to `normalized`; why it
/// could not be read, and any code or engine that panicked, stands in its `diagnostics`.
/// `tell` hears `ocr` before each page read that way. The times are those of `ocr` and `barcode`.
pub fn gather(
    normalized: &mut Normalized,
    options: &OcrOptions,
    limits: &Limits,
    models: &Models,
    tell: &mut dyn FnMut(&str),
) -> (Evidence, Vec<StageTime>) {
    gather_by(&mut |page, options| see(page, options, models), normalized, options, limits, tell)
}

/// How one page is read.
type Look<'a> = &'a mut dyn FnMut(&mut PagePixels, &OcrOptions) -> Result<Seen, InferError>;

/// [`gather`], by another engine.
fn gather_by(
    look: Look<'_>,
    normalized: &mut Normalized,
    options: &OcrOptions,
    limits: &Limits,
    tell: &mut dyn FnMut(&str),
) -> (Evidence, Vec<StageTime>) {
    let begun = Effort::begin();
    let share = Duration::from_millis(limits.read_ms).mul_f32(TIME_SHARE);
    let until = options.until.unwrap_or_else(|| begun.until(share));
    let options = &OcrOptions { until: Some(until), ..*options };
    let (mut pages, mut barcodes, mut code_time) = (Vec::new(), Vec::new(), Duration::ZERO);
    let (mut unread, mut late) = (Vec::new(), false);
    let chosen = worth_reading(normalized);
    let all = normalized.pages.len();
    for (index, page) in normalized.pages.iter_mut().enumerate() {
        let layer =
            normalized.layers.iter().find(|layer| layer.number == page.number && layer_is_sound(layer));
        if let Some(layer) = layer {
            if layer.quarter_turns != 0 {
                page.rgb = encode::rotated(std::mem::take(&mut page.rgb), layer.quarter_turns);
            }
            pages.push(layer.clone());
        } else if chosen.contains(&page.number) && !until.is_over() {
            tell("ocr");
            match looked("ocr", page.number, || look(page, options)) {
                Ok(seen) => {
                    if seen.unread_runs > 0 {
                        normalized.reasons.push(half_read(page.number, seen.unread_runs, limits));
                    }
                    pages.push(seen.text);
                }
                Err(why) => {
                    normalized.reasons.push(not_read(page.number));
                    normalized.diagnostics.push(why);
                }
            }
        } else {
            late |= chosen.contains(&page.number);
            unread.push(page.number.to_string());
        }
        if (index < MAX_CODE_PAGES || index + 1 == all) && !until.is_over() {
            let started = Effort::begin();
            barcodes.extend(barcodes::find(page, &mut normalized.diagnostics));
            code_time += started.spent();
        }
    }
    if !unread.is_empty() {
        normalized.reasons.push(if late { out_of_time(&unread, limits) } else { too_many(&unread) });
    }
    if cap(&mut pages, limits.text_chars as usize) {
        normalized
            .notes
            .push(format!("Not all text is kept: more than {} bytes (text_chars).", limits.text_chars));
    }
    let ocr_time = begun.spent().saturating_sub(code_time);
    let evidence = Evidence { pages, barcodes, ..beside(normalized) };
    (evidence, vec![time("ocr", ocr_time), time("barcode", code_time)])
}

/// What there is beside pages and codes.
fn beside(normalized: &Normalized) -> Evidence {
    Evidence {
        media_type: normalized.media_type.clone(),
        pages: Vec::new(),
        barcodes: Vec::new(),
        attachments: normalized.attachments.clone(),
        notes: normalized.notes.clone(),
        sender_country: None,
    }
}

fn time(stage: &str, spent: Duration) -> StageTime {
    StageTime { stage: stage.to_owned(), duration_ms: spent.as_millis() as u64 }
}

/// The pages without text of their own that are read: all, or of many the first and the last.
fn worth_reading(normalized: &Normalized) -> Vec<u32> {
    let layered =
        |number| normalized.layers.iter().any(|layer| layer.number == number && layer_is_sound(layer));
    let mut numbers: Vec<u32> =
        normalized.pages.iter().map(|page| page.number).filter(|number| !layered(*number)).collect();
    if numbers.len() > MAX_OCR_PAGES {
        let between = MAX_OCR_PAGES - LAST_OCR_PAGES..numbers.len() - LAST_OCR_PAGES;
        numbers.drain(between);
    }
    numbers
}

/// Runs an engine; its error or its panic, told.
pub(crate) fn looked<T>(
    stage: &str,
    page: u32,
    look: impl FnOnce() -> Result<T, InferError>,
) -> Result<T, Diagnostic> {
    guarded(stage, Some(page), look)?.map_err(|error| Diagnostic::of(stage, Some(page), &error))
}

fn not_read(page: u32) -> Reason {
    Reason::new(ReasonCode::Unreadable, format!("Page {page} could not be read.")).with("page", page)
}

/// Pages that nobody read may say anything, or be another document: a person looks.
fn too_many(unread: &[String]) -> Reason {
    let message = format!(
        "Page {} was not read: more than {MAX_OCR_PAGES} pages have no text of their own.",
        unread.join(", ")
    );
    Reason::new(ReasonCode::Unreadable, message).with("limit_name", "ocr_pages").with("limit", MAX_OCR_PAGES)
}

/// The same, of pages that time did not reach.
fn out_of_time(unread: &[String], limits: &Limits) -> Reason {
    Reason::new(ReasonCode::Unreadable, format!("There was no time left to read page {}.", unread.join(", ")))
        .with("limit_name", "read_ms")
        .with("limit", limits.read_ms)
}

/// Part of a page was left unread: what was found may lack what matters, so a person looks.
fn half_read(page: u32, runs: usize, limits: &Limits) -> Reason {
    let message = format!("Page {page} holds more text than there was time to read.");
    Reason::new(ReasonCode::Unreadable, message)
        .with("page", page)
        .with("lines_left", runs)
        .with("limit_name", "read_ms")
        .with("limit", limits.read_ms)
}

/// A page read anew with other options; `None` if not to its end.
///
/// # Errors
/// Why it cannot be read.
pub fn look_closer(
    page: &mut PagePixels,
    before: &PageText,
    options: &OcrOptions,
    models: &Models,
) -> Result<Option<PageText>, Diagnostic> {
    let seen = looked("reread", page.number, || see(page, options, models))?;
    // The pixels were upright already: a look that turns them is not believed.
    let sound = seen.unread_runs == 0 && seen.text.quarter_turns == 0;
    Ok(sound.then_some(PageText { quarter_turns: before.quarter_turns, ..seen.text }))
}

/// Drops lines past the limit on a document's text; whether it dropped any.
fn cap(pages: &mut [PageText], mut chars: usize) -> bool {
    let mut dropped = false;
    for page in pages {
        page.lines.retain(|line| {
            let fits = line.text.len() <= chars;
            chars -= line.text.len().min(chars);
            dropped |= !fits;
            fits
        });
    }
    dropped
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;
    use crate::fields::Source;

    fn three_pages() -> Normalized {
        let rgb = RgbImage::from_pixel(40, 40, Rgb([255; 3]));
        let page = |number| PagePixels { number, rgb: rgb.clone() };
        Normalized {
            media_type: "image/tiff".to_owned(),
            page_count: 3,
            pages: vec![page(1), page(2), page(3)],
            received: std::collections::BTreeMap::new(),
            layers: Vec::new(),
            attachments: Vec::new(),
            notes: Vec::new(),
            reasons: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    #[test]
    fn of_a_long_scan_the_first_and_the_last_pages_are_read() {
        let mut normalized = three_pages();
        let page = normalized.pages[0].clone();
        normalized.pages = (1..=60).map(|number| PagePixels { number, ..page.clone() }).collect();
        let mut read = Vec::new();
        let mut look = |page: &mut PagePixels, _: &OcrOptions| {
            read.push(page.number);
            Err(InferError::Shape { which: "detector" })
        };
        let options = OcrOptions::default();
        gather_by(&mut look, &mut normalized, &options, &Limits::default(), &mut |_| ());
        assert_eq!(read, [1, 2, 3, 4, 5, 6, 7, 8, 9, 58, 59, 60]);
        assert_eq!(normalized.pages.len(), 60, "all are kept");
        let left = normalized.reasons.last().expect("a person looks at the rest");
        assert!(left.message.contains("Page 10, 11") && left.message.contains("57 was not read"), "{left:?}");
    }

    #[test]
    fn a_page_that_fails_or_panics_is_told_and_costs_no_other() {
        let mut normalized = three_pages();
        let mut look = |page: &mut PagePixels, _: &OcrOptions| match page.number {
            1 => Err(InferError::Shape { which: "detector" }),
            2 => panic!("TOTAL 45,00: secret"),
            number => Ok(Seen {
                text: PageText {
                    number,
                    source: Source::Ocr,
                    aspect: 1.0,
                    lines: Vec::new(),
                    quarter_turns: 0,
                    sharpness: None,
                },
                unread_runs: 0,
            }),
        };
        let options = OcrOptions::default();
        let (evidence, _) = gather_by(&mut look, &mut normalized, &options, &Limits::default(), &mut |_| ());
        assert_eq!(evidence.pages.iter().map(|p| p.number).collect::<Vec<_>>(), [3]);
        let held: Vec<_> = normalized.reasons.iter().map(|r| (r.code, r.detail["page"].clone())).collect();
        assert_eq!(held, [(ReasonCode::Unreadable, 1.into()), (ReasonCode::Unreadable, 2.into())]);
        let told: Vec<_> =
            normalized.diagnostics.iter().map(|d| (d.stage.as_str(), d.page, d.panicked)).collect();
        assert_eq!(told, [("ocr", Some(1), false), ("ocr", Some(2), true)]);
        assert!(normalized.diagnostics[0].cause.contains("detector"), "{:?}", normalized.diagnostics);
        assert!(!normalized.diagnostics[1].cause.contains("secret"), "{:?}", normalized.diagnostics);
    }
}
