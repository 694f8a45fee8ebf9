//! The page in its photo: found, cut out, and set level.
//!
//! Text is read where it stands in the photo, leaning as it does; what a person is shown afterwards is the page alone,
//! seen from the front, with every box moved along. Where the paper's edges are not plain to see, a page whose lines
//! lean is turned level as a whole. The original is kept as it was sent, so nothing is lost by a cut.

mod find;
mod quad;
#[cfg(test)]
mod tests;

use image::{Rgb, RgbImage};
use quad::{Point, Projection, Quad};

use crate::{fields::PageBox, reading::PageText};

/// Kept around the paper, as a share of its shorter side: its edge is part of the proof.
const MARGIN: f64 = 0.01;
/// An edge of the paper this near to the frame's (share of the longer side) is the frame's.
const FRAME: f64 = 0.02;
/// Lean of lines, in radians, that is left as it is: hardly to be seen.
const LEVEL: f64 = 0.012;
/// Lean of print on its paper that happens: a receipt torn off at an angle.
const CROOKED: f64 = 0.04;
/// Lean that is more than a crooked page: text that runs up it.
const STEEPEST: f64 = 0.5;
/// Lines long enough to lean on, at least.
const FEW_LINES: usize = 4;

/// What a note of a cut ends with.
const CUT: &str = "was cut out of its photo; the original shows all.";

/// What a reviewer is told of a page that was cut.
#[must_use]
pub fn cut_note(number: u32) -> String {
    format!("Page {number} {CUT}")
}

/// Whether a note tells of a page that was cut: then the picture is not all that was sent.
#[must_use]
pub fn is_cut_note(note: &str) -> bool {
    note.starts_with("Page ") && note.ends_with(CUT)
}

/// A page cut out and levelled.
#[derive(Debug)]
pub struct Levelled {
    /// Its pixels.
    pub rgb: RgbImage,
    /// Whether it was cut out of its surroundings, or only turned.
    pub cut_out: bool,
    /// From fractions of the old page to fractions of this one.
    map: Projection,
}

impl Levelled {
    /// What a reviewer is told of a page that was cut.
    #[must_use]
    pub fn note(&self, number: u32) -> Option<String> {
        self.cut_out.then(|| cut_note(number))
    }

    /// Where a box of the old page stands on this one.
    #[must_use]
    pub fn place(&self, bbox: PageBox) -> PageBox {
        let [x0, y0, x1, y1] = bbox.map(f64::from);
        // The middles of its edges: around a leaning word the corners of the box stand off.
        let middle = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
        let edges = [(x0, middle.1), (x1, middle.1), (middle.0, y0), (middle.0, y1)].map(|p| self.map.of(p));
        let around = edges.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, p| {
            [b[0].min(p.0), b[1].min(p.1), b[2].max(p.0), b[3].max(p.1)]
        });
        around.map(|v| v.clamp(0.0, 1.0) as f32)
    }
}

/// The page of a photo, where it lies crooked or small in it; `None` where it is well as it is. No cut loses a word, or
/// a code of those `codes` stand for.
///
/// A page is not `cut_out` where its own print may look like the edge of paper, as the bands of a card do: it is only
/// turned then.
#[must_use]
pub fn level(rgb: &RgbImage, text: &PageText, codes: &[PageBox], cut_out: bool) -> Option<Levelled> {
    let size = (f64::from(rgb.width()), f64::from(rgb.height()));
    let lines = leaning(text, size);
    let papers = if cut_out { find::papers(rgb, text) } else { Vec::new() };
    // Of those that hold all that was read the closest: a larger one took some of the table for paper.
    let cuts = papers.into_iter().filter_map(|quad| cut(quad, text, codes, &lines, size));
    match cuts.min_by(|a, b| a.area().total_cmp(&b.area())) {
        Some(quad) => warp(rgb, &quad, true),
        None => warp(rgb, &turned(&lines, size)?, false),
    }
}

/// A line from the middle of its first word to the middle of its last, in pixels.
type Run = (Point, Point);

/// Lines of several words, long enough to tell how they lean.
fn leaning(text: &PageText, (w, h): (f64, f64)) -> Vec<Run> {
    let middle = |b: PageBox| (f64::from(b[0] + b[2]) / 2.0 * w, f64::from(b[1] + b[3]) / 2.0 * h);
    let runs = text.lines.iter().filter_map(|line| {
        let (first, last) = (line.words.first()?, line.words.last()?);
        let (a, b) = (middle(first.bbox), middle(last.bbox));
        let height = f64::from(first.bbox[3] - first.bbox[1]) * h;
        (b.0 - a.0 > 5.0 * height).then_some((a, b))
    });
    runs.collect()
}

/// The median lean in radians; `None` with hardly any lines.
fn lean(runs: impl Iterator<Item = Run>) -> Option<f64> {
    let mut leans: Vec<f64> = runs.map(|(a, b)| (b.1 - a.1).atan2(b.0 - a.0)).collect();
    leans.sort_by(f64::total_cmp);
    (leans.len() >= FEW_LINES).then(|| leans.get(leans.len() / 2).copied()).flatten()
}

/// The paper with its margin, where cutting it out is worth it and nothing read would be lost.
fn cut(paper: Quad, text: &PageText, codes: &[PageBox], lines: &[Run], (w, h): (f64, f64)) -> Option<Quad> {
    let (across, down) = paper.size();
    let quad = paper.grown(MARGIN * across.min(down))?;
    let edge = FRAME * w.max(h);
    let within_frame = |(x, y): &Point| (-edge..=w + edge).contains(x) && (-edge..=h + edge).contains(y);
    if !quad.0.iter().all(within_frame) || !lies_on_something(&paper, (w, h), edge) {
        return None;
    }
    let middle = |b: PageBox| (f64::from(b[0] + b[2]) / 2.0 * w, f64::from(b[1] + b[3]) / 2.0 * h);
    let words = text.lines.iter().flat_map(|l| &l.words).map(|word| word.bbox);
    if !words.chain(codes.iter().copied()).all(|bbox| quad.holds(middle(bbox))) {
        return None;
    }
    // The lines must come out level: paper and print lie the same way.
    let back = Projection::of_square(&quad)?.back()?;
    let (across, down) = quad.size();
    let flat = |p: Point| {
        let (u, v) = back.of(p);
        (u * across, v * down)
    };
    let before = lean(lines.iter().copied())?;
    let after = lean(lines.iter().map(|(a, b)| (flat(*a), flat(*b))))?;
    (after.abs() <= (0.5 * before.abs()).max(CROOKED)).then_some(quad)
}

/// Whether something else than paper shows on two opposite sides of it: a print's own bands cross the whole frame.
fn lies_on_something(paper: &Quad, (w, h): (f64, f64), edge: f64) -> bool {
    let [top, right, bottom, left] = paper.edges();
    let both = |(a, b): (Point, Point), inside: &dyn Fn(Point) -> bool| inside(a) && inside(b);
    let across = both(left, &|p| p.0 > edge) && both(right, &|p| p.0 < w - edge);
    let down = both(top, &|p| p.1 > edge) && both(bottom, &|p| p.1 < h - edge);
    across || down
}

/// The whole page turned so that its lines are level.
fn turned(lines: &[Run], (w, h): (f64, f64)) -> Option<Quad> {
    let lean = lean(lines.iter().copied())?;
    if !(LEVEL..=STEEPEST).contains(&lean.abs()) {
        return None;
    }
    let (sin, cos) = lean.sin_cos();
    let (wide, high) = (w * cos + h * sin.abs(), h * cos + w * sin.abs());
    let corner = |along: f64, down: f64| {
        let (a, d) = (along * wide / 2.0, down * high / 2.0);
        (w / 2.0 + a * cos - d * sin, h / 2.0 + a * sin + d * cos)
    };
    Some(Quad([corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)]))
}

/// The quad's pixels as a rectangle as large; what lies outside the photo is paper white.
fn warp(rgb: &RgbImage, quad: &Quad, cut_out: bool) -> Option<Levelled> {
    let (w, h) = (f64::from(rgb.width()), f64::from(rgb.height()));
    let (across, down) = quad.size();
    // No side grows beyond the longer one of the photo, which its limits allowed.
    let shrink = (w.max(h) / across.max(down)).min(1.0);
    let (width, height) = ((across * shrink).round() as u32, (down * shrink).round() as u32);
    if width < 32 || height < 32 {
        return None;
    }
    let out = Projection::of_square(quad)?;
    let levelled = RgbImage::from_fn(width, height, |x, y| {
        let unit = ((f64::from(x) + 0.5) / f64::from(width), (f64::from(y) + 0.5) / f64::from(height));
        let (px, py) = out.of(unit);
        sample(rgb, px - 0.5, py - 0.5)
    });
    let fractions = Quad(quad.0.map(|(x, y)| (x / w, y / h)));
    let map = Projection::of_square(&fractions)?.back()?;
    Some(Levelled { rgb: levelled, cut_out, map })
}

/// Colour between four pixels.
fn sample(rgb: &RgbImage, x: f64, y: f64) -> Rgb<u8> {
    let (right, bottom) = (f64::from(rgb.width()) - 1.0, f64::from(rgb.height()) - 1.0);
    if x < -1.0 || y < -1.0 || x > right + 1.0 || y > bottom + 1.0 {
        return Rgb([255; 3]);
    }
    let (x, y) = (x.clamp(0.0, right), y.clamp(0.0, bottom));
    let (x0, y0) = (x as u32, y as u32);
    let (fx, fy) = ((x - f64::from(x0)) as f32, (y - f64::from(y0)) as f32);
    let (x1, y1) = ((x0 + 1).min(rgb.width() - 1), (y0 + 1).min(rgb.height() - 1));
    let [a, b, c, d] = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| rgb.get_pixel(x, y).0);
    let mut colour = [0; 3];
    for (i, value) in colour.iter_mut().enumerate() {
        let top = f32::from(a[i]) * (1.0 - fx) + f32::from(b[i]) * fx;
        let bottom = f32::from(c[i]) * (1.0 - fx) + f32::from(d[i]) * fx;
        *value = (top * (1.0 - fy) + bottom * fy).round() as u8;
    }
    Rgb(colour)
}
