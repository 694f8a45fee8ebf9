//! Where on the page there is text: pixels → probability map → leaning rectangles, one a run of words.
//!
//! The detector is a DB network (differentiable binarisation): it draws a shrunken core of every text run. The
//! core is thresholded, each connected blob gets the smallest rectangle around it, and the rectangle is grown back
//! ("unclipped"). Thresholds are PaddleOCR's for PP-OCRv6.

use acuse_net::Map;
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image, images::ImageRef,
};
use image::RgbImage;

use super::{
    geometry::{Point, Strip},
    models::{InferError, Models},
};

/// A pixel with at least this probability belongs to text.
const PIXEL_MIN: f32 = 0.3;
/// A rectangle whose mean probability is lower is noise.
const BOX_MIN: f32 = 0.5;
/// How far a core grows: area × this ÷ perimeter.
const UNCLIP: f32 = 1.6;
/// Rectangles thinner than this many map pixels are specks.
const THIN_PX: f32 = 3.0;
/// More runs than this on one page is texture, not text.
const MAX_STRIPS: usize = 1_000;

/// One run of text on the page, in page pixels, and how sure the detector is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub strip: Strip,
    pub score: f32,
}

/// Finds the runs of text on a page looked at with a long side of `long_side` pixels.
pub(super) fn find(page: &RgbImage, long_side: u32, models: &Models) -> Result<Vec<Found>, InferError> {
    let (width, height) = page.dimensions();
    let scale = (long_side as f32 / width.max(height).max(1) as f32).min(2.0);
    let to = |side: u32| (((side as f32 * scale / 32.0).round() as u32).max(1)) * 32;
    let (w, h) = (to(width), to(height));
    let Some(small) = resize(page, w, h) else { return Ok(Vec::new()) };
    let probabilities = models.detect(input(&small, w as usize, h as usize))?;
    let (sx, sy) = (width as f32 / w as f32, height as f32 / h as f32);
    let found = strips(&probabilities, w as usize, h as usize);
    Ok(found.into_iter().map(|f| Found { strip: stretched(&f.strip, sx, sy), score: f.score }).collect())
}

/// The rectangle after the map is stretched to the page; `sx` and `sy` differ by rounding only.
fn stretched(strip: &Strip, sx: f32, sy: f32) -> Strip {
    let even = strip.scaled((sx + sy) / 2.0);
    Strip { center: ((strip.center.0 + 0.5) * sx, (strip.center.1 + 0.5) * sy), ..even }
}

fn resize(page: &RgbImage, width: u32, height: u32) -> Option<Vec<u8>> {
    let source = ImageRef::new(page.width(), page.height(), page.as_raw(), PixelType::U8x3).ok()?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    Resizer::new().resize(&source, &mut target, &options).ok()?;
    Some(target.into_vec())
}

/// Blue, green, red in −1..=1.
fn input(rgb: &[u8], width: usize, height: usize) -> Map {
    let mut values = vec![0.0; rgb.len()];
    for (to, from) in values.chunks_exact_mut(3).zip(rgb.chunks_exact(3)) {
        for channel in 0..3 {
            to[channel] = f32::from(from[2 - channel]) / 127.5 - 1.0;
        }
    }
    Map { height, width, channels: 3, values }
}

/// Rectangles of a probability map, in map pixels.
fn strips(map: &[f32], width: usize, height: usize) -> Vec<Found> {
    let mut mask = mask(map, width);
    let mut found = Vec::new();
    for start in 0..mask.len().min(width * height) {
        if mask[start] && found.len() < MAX_STRIPS {
            let outline = outline(&mut mask, start, width);
            if let Some(f) = strip_of(&outline, map, width, height) {
                found.push(f);
            }
        }
    }
    found
}

/// Pixels of text, each grown by one to the right and down so that broken cores join.
fn mask(map: &[f32], width: usize) -> Vec<bool> {
    let mut mask = vec![false; map.len()];
    for (i, p) in map.iter().enumerate() {
        if *p > PIXEL_MIN {
            let last_column = i % width + 1 == width;
            for j in [
                Some(i),
                (!last_column).then_some(i + 1),
                Some(i + width),
                (!last_column).then_some(i + width + 1),
            ] {
                if let Some(pixel) = j.and_then(|j| mask.get_mut(j)) {
                    *pixel = true;
                }
            }
        }
    }
    mask
}

/// Clears the blob at `start` from the mask; gives its leftmost and rightmost pixel of each row.
fn outline(mask: &mut [bool], start: usize, width: usize) -> Vec<Point> {
    let mut rows: std::collections::BTreeMap<usize, (usize, usize)> = std::collections::BTreeMap::new();
    let mut open = vec![start];
    mask[start] = false;
    while let Some(i) = open.pop() {
        let (x, y) = (i % width, i / width);
        let row = rows.entry(y).or_insert((x, x));
        *row = (row.0.min(x), row.1.max(x));
        let (left, right) = (x > 0, x + 1 < width);
        let mut visit = |j: usize| {
            if mask.get(j).copied().unwrap_or(false) {
                mask[j] = false;
                open.push(j);
            }
        };
        for j in [i.checked_sub(width), Some(i), Some(i + width)].into_iter().flatten() {
            visit(j);
            if left {
                visit(j - 1);
            }
            if right {
                visit(j + 1);
            }
        }
    }
    rows.iter().flat_map(|(y, (a, b))| [(*a as f32, *y as f32), (*b as f32, *y as f32)]).collect()
}

fn strip_of(outline: &[Point], map: &[f32], width: usize, height: usize) -> Option<Found> {
    let core = Strip::around(outline)?;
    if core.width.min(core.height) < THIN_PX {
        return None;
    }
    let score = mean_inside(&core, map, width, height);
    if score < BOX_MIN {
        return None;
    }
    let grow = core.width * core.height * UNCLIP / (2.0 * (core.width + core.height));
    let strip = core.grown(grow);
    (strip.width.min(strip.height) >= THIN_PX + 2.0).then_some(Found { strip, score })
}

fn mean_inside(strip: &Strip, map: &[f32], width: usize, height: usize) -> f32 {
    let [x0, y0, x1, y1] = strip.bounds();
    let (mut sum, mut count) = (0.0, 0);
    for y in y0.max(0.0) as usize..=(y1.max(0.0) as usize).min(height.saturating_sub(1)) {
        for x in x0.max(0.0) as usize..=(x1.max(0.0) as usize).min(width.saturating_sub(1)) {
            let (dx, dy) = (x as f32 - strip.center.0, y as f32 - strip.center.1);
            let along = dx * strip.u.0 + dy * strip.u.1;
            let down = dy * strip.u.0 - dx * strip.u.1;
            if along.abs() <= strip.width / 2.0 && down.abs() <= strip.height / 2.0 {
                sum += map.get(y * width + x).copied().unwrap_or(0.0);
                count += 1;
            }
        }
    }
    if count == 0 { 0.0 } else { sum / count as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map_with(blocks: &[(usize, usize, usize, usize)], width: usize, height: usize) -> Vec<f32> {
        let mut map = vec![0.0; width * height];
        for (x0, y0, x1, y1) in blocks {
            for y in *y0..*y1 {
                map[y * width + x0..y * width + x1].fill(0.9);
            }
        }
        map
    }

    #[test]
    fn each_blob_becomes_a_grown_rectangle() {
        let found = strips(&map_with(&[(10, 10, 50, 16), (10, 30, 30, 36)], 64, 64), 64, 64);
        assert_eq!(found.len(), 2);
        let wide = found[0].strip;
        assert!(wide.width > 44.0 && wide.width < 52.0, "{wide:?}");
        assert!(wide.height > 10.0 && wide.height < 16.0, "{wide:?}");
    }

    #[test]
    fn specks_and_faint_smears_are_not_text() {
        let mut map = map_with(&[(5, 5, 7, 7)], 64, 64);
        for value in &mut map[40 * 64..46 * 64] {
            *value = 0.35;
        }
        assert!(strips(&map, 64, 64).is_empty());
    }

    #[test]
    fn a_blob_at_the_edge_does_not_wrap_around() {
        let found = strips(&map_with(&[(40, 10, 64, 16), (0, 17, 20, 24)], 64, 64), 64, 64);
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
