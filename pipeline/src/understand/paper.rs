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
            Word {
                text: word.to_owned(),
                bbox: [left, top, right, top + step * 0.6],
                confidence: 0.98,
                doubtful: Vec::new(),
            }
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

/// A page of `lines` in a fixed pitch, well read: three spaces or more part columns.
pub fn typed(source: Source, aspect: f32, lines: &[&str]) -> Evidence {
    let widest = lines.iter().map(|l| l.chars().count()).max().unwrap_or_default();
    let usual = if aspect < 0.6 { 40 } else { 90 };
    let (wide, step) = (0.9 / widest.max(usual) as f32, 0.95 / lines.len().max(30) as f32);
    let high = (0.6 * step).min(0.012);
    let line = |(n, line): (usize, &&str)| {
        let top = 0.02 + step * n as f32;
        let (mut at, mut words) = (0, Vec::new());
        for piece in line.split(' ') {
            let long = piece.chars().count();
            let bbox = [0.05 + at as f32 * wide, top, 0.05 + (at + long) as f32 * wide, top + high];
            if long > 0 {
                words.push(Word { text: piece.to_owned(), bbox, confidence: 0.99, doubtful: Vec::new() });
            }
            at += long + 1;
        }
        let (first, last) = (words.first()?.bbox, words.last()?.bbox);
        let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        let bbox = [first[0], first[1], last[2], last[3]];
        Some(Line { text, bbox, confidence: 0.99, words })
    };
    let lines = lines.iter().enumerate().filter_map(line).collect();
    let media_type = if source == Source::Text { "application/pdf" } else { "image/jpeg" }.to_owned();
    let sharpness = (source == Source::Ocr).then_some(0.9);
    let page = PageText { number: 1, source, aspect, lines, quarter_turns: 0, sharpness };
    Evidence { media_type, pages: vec![page], ..Evidence::default() }
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
