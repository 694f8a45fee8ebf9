//! Where in a photo the paper lies: from the words outwards, as far as nothing changes abruptly.
//!
//! The ink is taken off (a closing over a few pixels of a small copy); what hangs together with the paper around the
//! words, by small steps from pixel to pixel, is paper: light falls off smoothly over it, and ends at its edge. The
//! hull of that region is cut down to the four edges that add the least to it.

use image::{RgbImage, imageops};

use super::quad::{Point, Quad, area, meet, turn};
use crate::{intake, reading::PageText, text::geometry::convex_hull};

/// Long side of the small copy, in pixels.
const SMALL_PX: u32 = 400;
/// Strokes up to twice as thick are taken off, in pixels of the small copy.
const INK_PX: usize = 4;
/// Differences of a colour channel between neighbours at which paper ends, tried one after the other: the soft edge of
/// a shadow stays below the first, paper on a table hardly darker shows at the last.
const EDGES: [u8; 4] = [28, 20, 14, 9];
/// Least share of the frame that a page fills.
const LEAST_AREA: f64 = 0.04;
/// Least share of its four edges that the region fills: paper is square.
const FILLED: f64 = 0.92;
/// Least angle at a corner, in degrees, of a page seen from the side.
const SHARPEST: f64 = 62.0;

/// What may be the page's corners, in pixels of `rgb`, the plainest edges first; nothing for pages that fill their frame.
pub(super) fn papers(rgb: &RgbImage, text: &PageText) -> Vec<Quad> {
    let Some(small) = Small::of(rgb) else { return Vec::new() };
    let scale = (f64::from(rgb.width()) / small.width as f64, f64::from(rgb.height()) / small.height as f64);
    let contrast = small.contrast();
    let quads = EDGES.iter().filter_map(|edge| small.paper(text, &contrast, *edge));
    quads.map(|quad| Quad(quad.0.map(|(x, y)| (x * scale.0, y * scale.1)))).collect()
}

/// A small copy of the page without its ink.
struct Small {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
}

impl Small {
    fn of(rgb: &RgbImage) -> Option<Self> {
        let small = intake::scale::shrink(rgb.clone(), SMALL_PX).ok()?;
        let (width, height) = (small.width() as usize, small.height() as usize);
        if width.min(height) < 4 * INK_PX {
            return None;
        }
        let small = imageops::blur(&small, 0.8);
        let pixels: Vec<[u8; 3]> = small.pixels().map(|p| p.0).collect();
        Some(Self { width, height, pixels }.widest(u8::max).widest(u8::min))
    }

    /// Each pixel the most (or least) of those around it, channel by channel.
    fn widest(self, most: fn(u8, u8) -> u8) -> Self {
        let (width, height) = (self.width, self.height);
        let along = |pixels: &[[u8; 3]], count: usize, at: &dyn Fn(usize) -> usize| -> Vec<[u8; 3]> {
            let pixel = |i: usize| pixels.get(at(i)).copied().unwrap_or_default();
            let around = |i: usize| i.saturating_sub(INK_PX)..(i + INK_PX + 1).min(count);
            let merge = |a: [u8; 3], b: [u8; 3]| [most(a[0], b[0]), most(a[1], b[1]), most(a[2], b[2])];
            (0..count).map(|i| around(i).map(pixel).reduce(merge).unwrap_or_default()).collect()
        };
        let mut rows = Vec::with_capacity(width * height);
        for y in 0..height {
            rows.extend(along(&self.pixels, width, &|x| y * width + x));
        }
        let mut pixels = rows.clone();
        for x in 0..width {
            for (y, pixel) in along(&rows, height, &|y| y * width + x).into_iter().enumerate() {
                if let Some(slot) = pixels.get_mut(y * width + x) {
                    *slot = pixel;
                }
            }
        }
        Self { pixels, ..self }
    }

    /// How much each pixel and its neighbours differ, in the channel that differs most.
    fn contrast(&self) -> Vec<u8> {
        let at = |x: usize, y: usize| self.pixels.get(y * self.width + x).copied().unwrap_or_default();
        let mut contrast = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            for x in 0..self.width {
                let (mut least, mut most) = ([u8::MAX; 3], [u8::MIN; 3]);
                for ny in y.saturating_sub(1)..(y + 2).min(self.height) {
                    for nx in x.saturating_sub(1)..(x + 2).min(self.width) {
                        for (i, value) in at(nx, ny).into_iter().enumerate() {
                            least[i] = least[i].min(value);
                            most[i] = most[i].max(value);
                        }
                    }
                }
                contrast.push(least.iter().zip(&most).map(|(l, m)| m - l).max().unwrap_or_default());
            }
        }
        contrast
    }

    /// The corners of what hangs together with the words, in pixels of this copy.
    fn paper(&self, text: &PageText, contrast: &[u8], edge: u8) -> Option<Quad> {
        let (outline, filled) = outline(&self.region(text, contrast, edge), self.width);
        let quad = clockwise(four(outline)?)?;
        let frame = (self.width * self.height) as f64;
        let sound = quad.area() >= LEAST_AREA * frame
            && filled as f64 >= FILLED * quad.area().min(frame)
            && quad.sharpest() >= SHARPEST;
        sound.then_some(quad)
    }

    /// Which pixels hang together with those under the words, across less contrast than an edge has.
    fn region(&self, text: &PageText, contrast: &[u8], edge: u8) -> Vec<bool> {
        let mut seen = vec![false; self.pixels.len()];
        let mut open: Vec<usize> = Vec::new();
        for word in text.lines.iter().flat_map(|line| &line.words) {
            let (x, y) = ((word.bbox[0] + word.bbox[2]) / 2.0, (word.bbox[1] + word.bbox[3]) / 2.0);
            let x = ((x * self.width as f32) as usize).min(self.width - 1);
            let y = ((y * self.height as f32) as usize).min(self.height - 1);
            open.push(y * self.width + x);
        }
        while let Some(at) = open.pop() {
            let (Some(contrast), Some(slot @ false)) = (contrast.get(at), seen.get_mut(at)) else { continue };
            if *contrast > edge {
                continue;
            }
            *slot = true;
            let x = at % self.width;
            let beside = [
                (x > 0).then(|| at.wrapping_sub(1)),
                (x + 1 < self.width).then_some(at + 1),
                at.checked_sub(self.width),
                Some(at + self.width),
            ];
            open.extend(beside.into_iter().flatten());
        }
        seen
    }
}

/// The convex hull of a region, clockwise from its left, and the pixels that it fills from edge to edge of each row.
fn outline(region: &[bool], width: usize) -> (Vec<Point>, usize) {
    let mut points: Vec<(f32, f32)> = Vec::new();
    let mut filled = 0;
    for (y, row) in region.chunks_exact(width).enumerate() {
        let (first, last) = (row.iter().position(|p| *p), row.iter().rposition(|p| *p));
        if let (Some(first), Some(last)) = (first, last) {
            filled += last + 1 - first;
            for (x, y) in [(first, y), (last + 1, y), (first, y + 1), (last + 1, y + 1)] {
                points.push((x as f32, y as f32));
            }
        }
    }
    let hull = convex_hull(&points).into_iter().map(|(x, y)| (f64::from(x), f64::from(y)));
    (hull.collect(), filled)
}

/// Cuts a hull down to four corners: again and again the edge is given up whose neighbours, made longer until they
/// meet, add the least.
fn four(mut outline: Vec<Point>) -> Option<[Point; 4]> {
    while outline.len() > 4 {
        let n = outline.len();
        let at = |i: usize| outline.get(i % n).copied().unwrap_or_default();
        let without = |i: usize| {
            let (a, b, c, d) = (at(i), at(i + 1), at(i + 2), at(i + 3));
            let corner = meet((a, b), (d, c))?;
            // Beyond the edge, not behind it.
            (turn(b, c, corner) < 0.0).then(|| (area(&[b, corner, c]).abs(), i, corner))
        };
        let (_, i, corner) = (0..n).filter_map(without).min_by(|a, b| a.0.total_cmp(&b.0))?;
        if let Some(slot) = outline.get_mut((i + 1) % n) {
            *slot = corner;
        }
        outline.remove((i + 2) % n);
    }
    outline.try_into().ok()
}

/// The corners from the upper left on: top is the edge that looks up the most.
fn clockwise(corners: [Point; 4]) -> Option<Quad> {
    let quads = (0..4).map(|first| {
        let mut turned = corners;
        turned.rotate_left(first);
        Quad(turned)
    });
    let level = |quad: &Quad| {
        let (a, b) = quad.edges()[0];
        (b.0 - a.0) / (b.0 - a.0).hypot(b.1 - a.1).max(1e-9)
    };
    quads.max_by(|a, b| level(a).total_cmp(&level(b))).filter(|quad| quad.area() > 0.0)
}
