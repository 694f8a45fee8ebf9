//! Codes on a page: QR, PDF417 and the common one-dimensional ones.
//!
//! One pass finds one code; the place is then painted over and the page looked at again, until nothing is found or
//! the time is up. Without "try harder": on a page of 2,000 pixels that reads as many codes for a tenth of the time.

use std::{collections::HashSet, time::Duration};

use image::RgbImage;
use rxing::{BarcodeFormat, DecodeHints, RXingResult, helpers::detect_in_luma_slice_with_hints};

use crate::{
    diagnostic::{Diagnostic, guarded},
    reading::budget::Effort,
    reading::{Barcode, PagePixels},
};

/// Codes kept from one page.
const MAX_CODES: usize = 8;
/// Work on one page; a search under way is finished.
const MAX_TIME: Duration = Duration::from_millis(1_500);
/// Longest text of one code; PDF417, the roomiest, holds 1,850 characters.
const MAX_CHARS: usize = 4_000;

/// What is looked for, a pass each: two dimensions before one, whose patterns also occur by chance.
const PASSES: [&[BarcodeFormat]; 3] = [
    &[BarcodeFormat::QR_CODE],
    &[BarcodeFormat::PDF_417],
    &[BarcodeFormat::CODE_128, BarcodeFormat::EAN_13, BarcodeFormat::CODE_39, BarcodeFormat::ITF],
];

/// All codes found on a page. A decoder that gives up finds nothing; one that panics is told in `told`.
#[must_use]
pub fn find(page: &PagePixels, told: &mut Vec<Diagnostic>) -> Vec<Barcode> {
    find_by(page, decode, told)
}

/// [`find`], by another decoder.
fn find_by(
    page: &PagePixels,
    decode: impl Fn(&[u8], u32, u32, &[BarcodeFormat]) -> Option<RXingResult>,
    told: &mut Vec<Diagnostic>,
) -> Vec<Barcode> {
    let (width, height) = page.rgb.dimensions();
    if width < 32 || height < 32 {
        return Vec::new();
    }
    let until = Effort::begin().until(MAX_TIME);
    let mut luma = grey(&page.rgb);
    let mut found: Vec<Barcode> = Vec::new();
    for formats in PASSES {
        while found.len() < MAX_CODES && !until.is_over() {
            // rxing panics on some noise.
            let decoded = guarded("barcode", Some(page.number), || decode(&luma, width, height, formats));
            let Some(result) = decoded.unwrap_or_else(|panicked| {
                told.push(panicked);
                None
            }) else {
                break;
            };
            let area = area(&result, width, height);
            paint_over(&mut luma, width as usize, area);
            let [x0, y0, x1, y1] = area.map(|v| v as f32);
            let (w, h) = (width as f32, height as f32);
            let code = Barcode {
                page: page.number,
                symbology: name(result.getBarcodeFormat()).to_owned(),
                text: result.getText().chars().take(MAX_CHARS).collect(),
                bbox: [x0 / w, y0 / h, x1 / w, y1 / h],
            };
            if found.iter().any(|f| f.text == code.text && f.symbology == code.symbology) {
                break;
            }
            found.push(code);
        }
    }
    found
}

fn grey(rgb: &RgbImage) -> Vec<u8> {
    rgb.pixels()
        .map(|p| ((u32::from(p[0]) * 77 + u32::from(p[1]) * 150 + u32::from(p[2]) * 29) >> 8) as u8)
        .collect()
}

fn decode(luma: &[u8], width: u32, height: u32, formats: &[BarcodeFormat]) -> Option<RXingResult> {
    let mut hints = DecodeHints {
        PossibleFormats: Some(formats.iter().copied().collect::<HashSet<_>>()),
        TryHarder: Some(false),
        ..DecodeHints::default()
    };
    // Not the generic readers: these are compiled once, optimised, inside rxing.
    detect_in_luma_slice_with_hints(luma, width, height, None, &mut hints).ok()
}

/// The code's rectangle in pixels, a little wider than its points; a one-dimensional code has a line only.
fn area(result: &RXingResult, width: u32, height: u32) -> [u32; 4] {
    let (mut x0, mut y0, mut x1, mut y1) = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
    for point in result.getPoints() {
        (x0, x1) = (x0.min(point.x), x1.max(point.x));
        (y0, y1) = (y0.min(point.y), y1.max(point.y));
    }
    if x0 > x1 {
        return [0, 0, width, height];
    }
    let margin = 0.1 * (x1 - x0).max(y1 - y0) + 2.0;
    let within = |v: f32, most: u32| (v.max(0.0) as u32).min(most);
    [
        within(x0 - margin, width),
        within(y0 - margin, height),
        within(x1 + margin, width),
        within(y1 + margin, height),
    ]
}

fn paint_over(luma: &mut [u8], width: usize, [x0, y0, x1, y1]: [u32; 4]) {
    for row in luma.chunks_exact_mut(width.max(1)).take(y1 as usize).skip(y0 as usize) {
        if let Some(part) = row.get_mut(x0 as usize..x1 as usize) {
            part.fill(255);
        }
    }
}

fn name(format: &BarcodeFormat) -> &'static str {
    match format {
        BarcodeFormat::QR_CODE => "qr_code",
        BarcodeFormat::PDF_417 => "pdf_417",
        BarcodeFormat::CODE_128 => "code_128",
        BarcodeFormat::CODE_39 => "code_39",
        BarcodeFormat::EAN_13 => "ean_13",
        BarcodeFormat::ITF => "itf",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    /// Widths of Code 128 C modules for start, "12", "34", check digit and stop (ISO/IEC 15417, table 1).
    fn code_128(page: &mut RgbImage, left: u32, top: u32) {
        // start C = 105, 12 → 12, 34 → 34, check = (105 + 12·1 + 34·2) mod 103 = 82
        let widths = ["211232", "112232", "131123", "121241", "2331112"].concat();
        let (mut x, mut ink) = (left, true);
        for width in widths.bytes().map(|b| u32::from(b - b'0') * 3) {
            for column in x..x + width {
                for row in top..top + 60 {
                    page.put_pixel(column, row, if ink { Rgb([0; 3]) } else { Rgb([255; 3]) });
                }
            }
            x += width;
            ink = !ink;
        }
    }

    #[test]
    fn finds_a_code_and_says_where() {
        let mut rgb = RgbImage::from_pixel(600, 400, Rgb([255; 3]));
        code_128(&mut rgb, 200, 100);
        let codes = find(&PagePixels { number: 2, rgb }, &mut Vec::new());
        assert_eq!(codes.len(), 1, "{codes:?}");
        assert_eq!(
            (codes[0].symbology.as_str(), codes[0].text.as_str(), codes[0].page),
            ("code_128", "1234", 2)
        );
        let [x0, _, x1, _] = codes[0].bbox;
        assert!(x0 > 0.2 && x0 < 0.4 && x1 > 0.5 && x1 < 0.8, "{codes:?}");
    }

    #[test]
    fn a_blank_or_tiny_page_has_none() {
        let mut told = Vec::new();
        for rgb in [RgbImage::from_pixel(800, 800, Rgb([255; 3])), RgbImage::new(0, 0)] {
            assert!(find(&PagePixels { number: 1, rgb }, &mut told).is_empty());
        }
        assert!(told.is_empty(), "nothing found is nothing amiss: {told:?}");
    }

    #[test]
    fn a_decoder_that_panics_is_told_with_its_page() {
        let page = PagePixels { number: 4, rgb: RgbImage::from_pixel(80, 80, Rgb([255; 3])) };
        let mut told = Vec::new();
        assert!(find_by(&page, |_, _, _, _| panic!("a secret"), &mut told).is_empty());
        assert_eq!(told.len(), PASSES.len());
        assert!(told.iter().all(|d| d.stage == "barcode" && d.page == Some(4) && d.panicked), "{told:?}");
    }
}
