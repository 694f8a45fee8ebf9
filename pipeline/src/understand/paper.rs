//! Invented pages for tests: lines of text laid out one under the other.

use crate::{
    fields::Source,
    reading::{Evidence, Line, PageText, Word},
};

/// A photo of `lines`, evenly spaced, crisp and well read.
pub fn photo(aspect: f32, lines: &[&str]) -> Evidence {
    let step = 1.0 / (lines.len() as f32 + 2.0);
    let line = |(at, text): (usize, &&str)| {
        let top = step * (at as f32 + 1.0);
        let mut x = 0.1;
        let words = text.split(' ').map(|word| {
            let (left, right) = (x, x + 0.012 * word.len() as f32);
            x = right + 0.012;
            Word { text: word.to_owned(), bbox: [left, top, right, top + step * 0.6], confidence: 0.98 }
        });
        let words: Vec<Word> = words.collect();
        Line { text: (*text).to_owned(), bbox: [0.1, top, x, top + step * 0.6], confidence: 0.98, words }
    };
    Evidence {
        media_type: "image/jpeg".to_owned(),
        pages: vec![PageText {
            number: 1,
            source: Source::Ocr,
            aspect,
            lines: lines.iter().enumerate().map(line).collect(),
            quarter_turns: 0,
            sharpness: Some(0.9),
        }],
        ..Evidence::default()
    }
}

/// The same, read with this confidence and this sharp.
pub fn seen(mut evidence: Evidence, confidence: f32, sharpness: f32) -> Evidence {
    for page in &mut evidence.pages {
        page.sharpness = Some(sharpness);
        for line in &mut page.lines {
            line.confidence = confidence;
            line.words.iter_mut().for_each(|w| w.confidence = confidence);
        }
    }
    evidence
}
