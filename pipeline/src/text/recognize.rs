//! What a run of text says: leaning rectangle → strip of 48 rows → characters.
//!
//! Strips go through the network one by one: on one thread a batch is no faster, its padding is work, and a strip's
//! answer would depend on its neighbours.

use acuse_net::Map;
use image::RgbImage;

use super::{
    ctc::{self, Glyph},
    geometry::Strip,
    models::{InferError, Models},
};

/// Height the recogniser was trained on.
const HEIGHT: usize = 48;
/// A wider strip is squeezed: 50 times as wide as high.
const MAX_WIDTH: usize = 2_400;
/// The network halves the width three times; strips are padded to a multiple.
const STEP: usize = 8;

/// Reads the strips; the answer has one entry a strip, in the same order.
pub(super) fn read(
    page: &RgbImage,
    strips: &[Strip],
    models: &Models,
) -> Result<Vec<Vec<Glyph>>, InferError> {
    strips.iter().map(|strip| read_one(page, strip, models)).collect()
}

fn read_one(page: &RgbImage, strip: &Strip, models: &Models) -> Result<Vec<Glyph>, InferError> {
    let width = width_of(strip);
    let padded = width.div_ceil(STEP) * STEP;
    let scores = models.recognize(crop(page, strip, width, padded))?;
    let mut glyphs = ctc::decode(&scores, models.characters());
    if is_zone(&glyphs) {
        // Of what a zone cannot hold (`|`, `«`, small letters) the network's next choice is meant.
        let zone = ctc::decode_among(&scores, models.characters(), in_zone);
        if zone.len() >= ZONE_MIN {
            glyphs = zone;
        }
    }
    let stretch = padded as f32 / width as f32;
    for glyph in &mut glyphs {
        glyph.at = (glyph.at * stretch).min(1.0);
    }
    Ok(glyphs)
}

/// Characters of the shortest line of a machine readable zone (ICAO 9303-5), less some that OCR swallows.
const ZONE_MIN: usize = 26;

/// Fillers in plenty and no words: a line of a machine readable zone.
fn is_zone(glyphs: &[Glyph]) -> bool {
    let count = |of: fn(char) -> bool| glyphs.iter().filter(|g| of(g.char)).count();
    let (fillers, small, blank) =
        (count(|c| matches!(c, '<' | '«' | '‹')), count(char::is_lowercase), count(|c| c == ' '));
    glyphs.len() >= ZONE_MIN && fillers >= 4 && small * 4 <= glyphs.len() && blank <= 3
}

/// The letters of a zone (ICAO 9303-3 §4.3).
fn in_zone(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<'
}

/// Columns of a strip scaled to the recogniser's height.
fn width_of(strip: &Strip) -> usize {
    let width = HEIGHT as f32 * strip.width / strip.height.max(1.0);
    (width.ceil() as usize).clamp(STEP, MAX_WIDTH)
}

/// Samples the strip into a map of `HEIGHT × padded`: blue, green, red in −1..=1; padding is 0.
fn crop(page: &RgbImage, strip: &Strip, width: usize, padded: usize) -> Map {
    let mut out = Map { height: HEIGHT, width: padded, channels: 3, values: vec![0.0; HEIGHT * padded * 3] };
    // Shrinking by more than half with one bilinear tap would skip pixels: take the mean of several taps.
    let taps = ((strip.height / HEIGHT as f32).round() as usize).clamp(1, 4);
    let share = 1.0 / (taps * taps) as f32;
    for (y, row) in out.values.chunks_exact_mut(padded * 3).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(3).take(width).enumerate() {
            let mut sum = [0.0_f32; 3];
            for tap in 0..taps * taps {
                let (tx, ty) = ((tap % taps) as f32, (tap / taps) as f32);
                let along = (x as f32 + (tx + 0.5) / taps as f32) / width as f32 - 0.5;
                let down = (y as f32 + (ty + 0.5) / taps as f32) / HEIGHT as f32 - 0.5;
                let (px, py) = strip.at(along, down);
                let colour = bilinear(page, px - 0.5, py - 0.5);
                for (total, value) in sum.iter_mut().zip(colour) {
                    *total += value;
                }
            }
            for (slot, value) in pixel.iter_mut().zip(sum.iter().rev()) {
                *slot = value * share / 127.5 - 1.0;
            }
        }
    }
    out
}

/// Colour between four pixels; outside the page its edge goes on.
fn bilinear(page: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let (max_x, max_y) = ((page.width().max(1) - 1) as f32, (page.height().max(1) - 1) as f32);
    let (x, y) = (x.clamp(0.0, max_x), y.clamp(0.0, max_y));
    let (x0, y0) = (x as u32, y as u32);
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let (x1, y1) = ((x0 + 1).min(max_x as u32), (y0 + 1).min(max_y as u32));
    let [a, b, c, d] = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| page.get_pixel(x, y).0);
    let mut colour = [0.0; 3];
    for (i, value) in colour.iter_mut().enumerate() {
        let top = f32::from(a[i]) * (1.0 - fx) + f32::from(b[i]) * fx;
        let bottom = f32::from(c[i]) * (1.0 - fx) + f32::from(d[i]) * fx;
        *value = top * (1.0 - fy) + bottom * fy;
    }
    colour
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn a_crop_is_blue_green_red_and_padded_with_zero() {
        let page = RgbImage::from_pixel(100, 60, Rgb([255, 0, 127]));
        let strip = Strip { center: (50.0, 30.0), u: (1.0, 0.0), width: 40.0, height: 24.0 };
        let (width, padded) = (width_of(&strip), 96);
        assert_eq!(width, 80);
        let out = crop(&page, &strip, width, padded).values;
        assert!((out[0] - (127.0 / 127.5 - 1.0)).abs() < 1e-5);
        assert!((out[1] + 1.0).abs() < 1e-5 && (out[2] - 1.0).abs() < 1e-5);
        assert_eq!(out[3 * (padded - 1)..3 * padded], [0.0; 3]);
    }

    #[test]
    fn fillers_make_a_zone_and_prose_does_not() {
        let glyphs = |text: &str| -> Vec<Glyph> {
            text.chars().map(|char| Glyph { char, confidence: 1.0, at: 0.0 }).collect()
        };
        assert!(is_zone(&glyphs("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<")));
        assert!(is_zone(&glyphs("P«UTOER|KSSON«ANNA<MAR|A<<<<<<<<<")));
        assert!(!is_zone(&glyphs("see << the manual >> for all that is said of <tags>")));
        assert!(!is_zone(&glyphs("<<<< SHORT")));
        assert!("AZ09<".chars().all(in_zone) && !"az|« Á".chars().any(in_zone));
    }

    #[test]
    fn a_strip_over_the_edge_repeats_the_edge() {
        let page = RgbImage::from_pixel(10, 10, Rgb([10, 10, 10]));
        assert_eq!(bilinear(&page, -5.0, 50.0), [10.0; 3]);
    }
}
