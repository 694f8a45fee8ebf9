//! A second opinion: the same pixels cut out a little wider, higher or lower, and read again.
//!
//! A digit that the recogniser is sure of comes out the same each time. One that it only guesses (8 or 3, in a small or
//! much recompressed picture) may be given with every sign of certainty in one cut and turn over in the next.

use image::RgbImage;

use super::{
    ctc::Glyph,
    geometry::Strip,
    models::{InferError, Models},
    recognize,
};
use crate::{
    fields::PageBox,
    reading::{Line, PageText, Word},
};

/// What each cut adds to the width and the height of the words, in heights: tight and roomy ones, none so narrow or so
/// low that it would touch a character.
const CUTS: [(f32, f32); 5] = [(0.3, 0.2), (0.5, -0.12), (0.3, 0.4), (1.0, 0.3), (1.0, 0.15)];

/// What stands in `bbox` on the page, once for each cut. A word with digits is as sure as the least sure of them.
///
/// # Errors
/// When the network cannot be run, out of memory for instance.
pub fn reread(
    page: &RgbImage,
    text: &PageText,
    bbox: PageBox,
    models: &Models,
) -> Result<Vec<Line>, InferError> {
    let strip = strip(page, text, bbox);
    let cut = |(wider, higher): (f32, f32)| Strip {
        width: strip.width + wider * strip.height,
        height: strip.height * (1.0 + higher),
        ..strip
    };
    let read = recognize::read(page, &CUTS.map(cut), models)?;
    Ok(read.iter().map(|glyphs| line(glyphs, bbox)).collect())
}

/// The leaning rectangle of the words in a box: as steep as the line they stand on.
fn strip(page: &RgbImage, text: &PageText, bbox: PageBox) -> Strip {
    let (w, h) = (page.width() as f32, page.height() as f32);
    let middle = |b: PageBox| ((b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0);
    let (x, y) = middle(bbox);
    let holds = |b: PageBox| (b[0]..=b[2]).contains(&x) && (b[1]..=b[3]).contains(&y);
    let slope = text.lines.iter().find(|l| holds(l.bbox)).and_then(|line| {
        let (first, last) = (middle(line.words.first()?.bbox), middle(line.words.last()?.bbox));
        let (dx, dy) = ((last.0 - first.0) * w, (last.1 - first.1) * h);
        // Between words side by side the heights of their letters make more of a slope than the line does.
        (dx > 3.0 * (bbox[3] - bbox[1]) * h).then(|| (dy / dx).clamp(-0.5, 0.5))
    });
    let slope = slope.unwrap_or(0.0);
    let long = slope.hypot(1.0);
    let (width, height) = ((bbox[2] - bbox[0]) * w, (bbox[3] - bbox[1]) * h);
    // The upright box around a leaning word is higher than its letters.
    let letters = (height - width * slope.abs()).max(0.6 * height);
    Strip { center: (x * w, y * h), u: (1.0 / long, slope / long), width, height: letters }
}

fn line(glyphs: &[Glyph], bbox: PageBox) -> Line {
    let words = glyphs.split(|g| g.char == ' ').filter(|part| !part.is_empty()).map(|part| {
        let digits = part.iter().filter(|g| g.char.is_ascii_digit());
        let all = part.iter().map(|g| g.confidence).sum::<f32>() / part.len() as f32;
        Word {
            text: part.iter().map(|g| g.char).collect(),
            bbox,
            confidence: digits.map(|g| g.confidence).reduce(f32::min).unwrap_or(all),
            doubtful: Vec::new(),
        }
    });
    let words: Vec<Word> = words.collect();
    let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
    let confidence = words.iter().map(|w| w.confidence).reduce(f32::min).unwrap_or_default();
    Line { text, bbox, confidence, words }
}
