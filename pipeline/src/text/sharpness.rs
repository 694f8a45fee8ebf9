//! How crisp the text of a picture is: 0 (hopelessly blurred) ..= 1.
//!
//! Blur takes the fine detail out of a picture and leaves the coarse contrast. So: the energy of the Laplacian
//! (detail of one pixel) over the variance of brightness, measured where text was found, at the size the text
//! has after it is scaled to a fixed height. The ratio does not change with light or ink.

use image::RgbImage;

use super::geometry::Strip;

/// Rows a strip is sampled at.
const ROWS: usize = 32;
/// Strips looked at; the widest ones tell enough.
const STRIPS: usize = 12;
/// Ratio of detail to contrast at which half of the score is reached; from blurring sharp pages step by step.
const HALF: f32 = 0.12;

/// Sharpness of the text in the strips; `None` without any strip.
pub(super) fn of(page: &RgbImage, strips: &[Strip]) -> Option<f32> {
    let mut widest: Vec<&Strip> = strips.iter().filter(|s| s.height >= 6.0).collect();
    widest.sort_by(|a, b| b.width.total_cmp(&a.width));
    let mut ratios: Vec<f32> = widest.iter().take(STRIPS).filter_map(|strip| ratio(page, strip)).collect();
    ratios.sort_by(f32::total_cmp);
    let median = *ratios.get(ratios.len() / 2)?;
    Some(median / (median + HALF))
}

fn ratio(page: &RgbImage, strip: &Strip) -> Option<f32> {
    let columns = ((ROWS as f32 * strip.width / strip.height.max(1.0)) as usize).clamp(8, 600);
    let mut grey = Vec::with_capacity(columns * ROWS);
    for y in 0..ROWS {
        for x in 0..columns {
            let (px, py) =
                strip.at((x as f32 + 0.5) / columns as f32 - 0.5, (y as f32 + 0.5) / ROWS as f32 - 0.5);
            grey.push(brightness(page, px, py)?);
        }
    }
    let mean = grey.iter().sum::<f32>() / grey.len() as f32;
    let variance = grey.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / grey.len() as f32;
    if variance < 4.0 {
        return None;
    }
    let at = |x: usize, y: usize| grey.get(y * columns + x).copied().unwrap_or(mean);
    let (mut energy, mut count) = (0.0, 0.0);
    for y in 1..ROWS - 1 {
        for x in 1..columns - 1 {
            let laplacian = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4.0 * at(x, y);
            energy += laplacian * laplacian;
            count += 1.0;
        }
    }
    Some(energy / f32::max(count, 1.0) / variance / 4.0)
}

fn brightness(page: &RgbImage, x: f32, y: f32) -> Option<f32> {
    let px = (x.max(0.0) as u32).min(page.width().checked_sub(1)?);
    let py = (y.max(0.0) as u32).min(page.height().checked_sub(1)?);
    let [r, g, b] = page.get_pixel(px, py).0.map(f32::from);
    Some(0.299 * r + 0.587 * g + 0.114 * b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, imageops};

    /// Black bars on paper, as thin as letters.
    fn page() -> RgbImage {
        RgbImage::from_fn(400, 60, |x, y| {
            let ink = (10..50).contains(&y) && (x / 6) % 3 == 0;
            if ink { Rgb([20; 3]) } else { Rgb([235; 3]) }
        })
    }

    #[test]
    fn blur_lowers_it_and_dim_light_does_not() {
        let strip = Strip { center: (200.0, 30.0), u: (1.0, 0.0), width: 380.0, height: 48.0 };
        let score = |page: &RgbImage| of(page, &[strip]).unwrap();
        let crisp = score(&page());
        let scores = [1.0, 2.0, 4.0].map(|sigma| score(&imageops::blur(&page(), sigma)));
        assert!(crisp > scores[0] && scores[0] > scores[1] && scores[1] > scores[2], "{crisp} {scores:?}");
        let dim = RgbImage::from_fn(400, 60, |x, y| Rgb(page().get_pixel(x, y).0.map(|v| v / 3)));
        assert!((score(&dim) - crisp).abs() < 0.05);
    }

    #[test]
    fn nothing_to_look_at_is_no_score() {
        assert_eq!(of(&page(), &[]), None);
        assert_eq!(
            of(&RgbImage::new(0, 0), &[Strip { center: (0.0, 0.0), u: (1.0, 0.0), width: 9.0, height: 9.0 }]),
            None
        );
    }
}
