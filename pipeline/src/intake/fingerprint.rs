//! A perceptual fingerprint: the same picture sent again, recompressed or scaled, has nearly the same 64 bits.

use image::{RgbImage, imageops};

use crate::{intake::scale, reading::Fingerprint};

/// The picture is reduced to this many luma samples a side before its frequencies are looked at.
const SIDE: usize = 32;
/// Frequencies kept a side.
const KEPT: usize = 8;

/// The DCT fingerprint ("pHash") of a page.
///
/// The page is shrunk to 32×32 luma, its two-dimensional cosine transform taken, and the 8×8 lowest frequencies
/// (without the constant row and column, which only say how bright it is) compared with their median: one bit
/// each, lowest frequency first. Recompression, scaling and slight changes of brightness move few bits: a
/// [`distance`] up to about 6 of 64 is "the same picture"; two different receipts are 20 and more apart. Text
/// documents look alike at this scale, so equality is a hint for a person, never proof. Turned pictures differ:
/// fingerprint the upright page.
#[must_use]
pub fn fingerprint(rgb: &RgbImage) -> Fingerprint {
    let luma = imageops::grayscale(rgb);
    let side = SIDE as u32;
    let Ok(small) =
        scale::resized(luma.as_raw(), luma.dimensions(), (side, side), fast_image_resize::PixelType::U8)
    else {
        return Fingerprint(0); // a picture without pixels
    };
    let kept = low_frequencies(&small);
    let mut sorted = kept;
    sorted.sort_by(f32::total_cmp);
    let median = f32::midpoint(sorted[KEPT * KEPT / 2 - 1], sorted[KEPT * KEPT / 2]);
    let bits = kept.iter().enumerate().fold(0, |bits, (i, &f)| if f > median { bits | 1 << i } else { bits });
    Fingerprint(bits)
}

/// Bits in which two fingerprints differ: 0 (the same) to 64.
#[must_use]
pub fn distance(a: Fingerprint, b: Fingerprint) -> u32 {
    (a.0 ^ b.0).count_ones()
}

/// Coefficients (1..=8)² of the 32×32 DCT-II, row by row. Unscaled: only their order matters.
fn low_frequencies(luma: &[u8]) -> [f32; KEPT * KEPT] {
    let wave =
        |x: usize, u: usize| (std::f32::consts::PI * (2 * x + 1) as f32 * u as f32 / (2 * SIDE) as f32).cos();
    let mut rows = [[0f32; KEPT]; SIDE];
    for (line, row) in luma.chunks_exact(SIDE).zip(&mut rows) {
        for (u, out) in row.iter_mut().enumerate() {
            *out = line.iter().enumerate().map(|(x, &p)| f32::from(p) * wave(x, u + 1)).sum();
        }
    }
    let mut kept = [0f32; KEPT * KEPT];
    for v in 0..KEPT {
        for u in 0..KEPT {
            kept[v * KEPT + u] = rows.iter().enumerate().map(|(y, row)| row[u] * wave(y, v + 1)).sum();
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::encode;

    /// A page with "text lines" whose pattern depends on `seed`.
    fn drawn(seed: u32) -> RgbImage {
        RgbImage::from_fn(600, 800, |x, y| {
            let cell =
                (x / 37).wrapping_mul(2_654_435_761).wrapping_add((y / 23).wrapping_mul(40_503 + seed * 97));
            if (cell >> 7) % 5 < 2 && y % 23 < 12 { image::Rgb([20; 3]) } else { image::Rgb([240; 3]) }
        })
    }

    #[test]
    fn recompressed_and_scaled_is_the_same() {
        for seed in 0..8 {
            let page = drawn(seed);
            let recompressed =
                image::load_from_memory(&encode::thumbnail(&page, 320).unwrap()).unwrap().to_rgb8();
            let near = distance(fingerprint(&page), fingerprint(&recompressed));
            assert!(near <= 6, "seed {seed}: {near} bits");
        }
    }

    #[test]
    fn different_pages_differ() {
        let far = distance(fingerprint(&drawn(1)), fingerprint(&drawn(2)));
        assert!(far >= 12, "{far} bits");
    }

    #[test]
    fn no_pixels_is_zero() {
        assert_eq!(fingerprint(&RgbImage::new(0, 0)), Fingerprint(0));
    }
}
