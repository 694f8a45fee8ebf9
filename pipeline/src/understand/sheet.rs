//! A document laid out for extraction: lines cut into cells, so that columns do not read as one sentence.

use std::{ops::Range, sync::OnceLock};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::parties::blocks::{Block, blocks};
use crate::{
    fields::{PageBox, Source},
    reading::{Evidence, Line, PageText, Word},
};

/// Lower case without accents: what labels are compared in. Strokes that Unicode does not take for accents go too (`ł`, `ø`).
#[must_use]
pub fn fold(text: &str) -> String {
    let bare = |c: char| match c {
        'ł' => 'l',
        'ø' => 'o',
        'ı' => 'i',
        _ => c,
    };
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).map(bare).collect()
}

/// A run of words without a wide gap: one column's entry on one line.
#[derive(Debug, Clone)]
pub struct Cell {
    /// As printed.
    pub text: String,
    /// [`fold`] of it.
    pub folded: String,
    /// On the upright page.
    pub bbox: PageBox,
    /// Mean of its words.
    pub confidence: f32,
    /// Median height of its words: a slanted line's box is taller than its letters.
    pub height: f32,
}

/// Mean confidence under which the text of a later page is no text: the front of a thin slip seen from behind.
const SHOWS_THROUGH: f32 = 0.75;

/// Whether a page is a back through which the front shows: hardly a letter is sure.
fn shows_through(page: &PageText) -> bool {
    let sure: f32 = page.lines.iter().map(|l| l.confidence).sum();
    page.number > 1 && page.source == Source::Ocr && sure < SHOWS_THROUGH * page.lines.len() as f32
}

/// One printed line.
#[derive(Debug, Clone)]
pub struct Row {
    /// One-based.
    pub page: u32,
    /// Left to right; never empty.
    pub cells: Vec<Cell>,
    /// As they were read, left to right.
    pub words: Vec<Word>,
    /// The whole line.
    pub text: String,
    /// [`fold`] of it.
    pub folded: String,
    /// Around the line.
    pub bbox: PageBox,
    /// How it was read.
    pub source: Source,
    /// 0..=1.
    pub confidence: f32,
}

impl Row {
    /// How surely the words within `bbox` were read: the least sure of those with a digit, for one wrong digit makes
    /// another date or sum; the mean of the rest where there are none.
    #[must_use]
    pub fn digits_read(&self, bbox: PageBox) -> f32 {
        let within =
            |w: &&Word| (w.bbox[0] + w.bbox[2]) / 2.0 >= bbox[0] && (w.bbox[0] + w.bbox[2]) / 2.0 <= bbox[2];
        let digits =
            self.words.iter().filter(within).filter(|w| w.text.contains(|c: char| c.is_ascii_digit()));
        digits.map(|w| w.confidence).reduce(f32::min).unwrap_or(self.confidence)
    }

    /// The box of the words that hold these bytes of the cell's folded text; the cell's where there are none.
    #[must_use]
    pub fn around(&self, cell: &Cell, bytes: Range<usize>) -> PageBox {
        let (left, right) = (cell.bbox[0], cell.bbox[2]);
        let mut from = 0;
        let held = self.words.iter().filter(|w| w.bbox[0] >= left && w.bbox[2] <= right).filter(|word| {
            let to = from + fold(&word.text).len();
            let holds = from < bytes.end && to > bytes.start;
            from = to + 1;
            holds
        });
        held.map(|w| w.bbox)
            .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
            .unwrap_or(cell.bbox)
    }
}

/// What is left of a confidence in a number whose digits were read so surely: of the true dates and sums of 60 real
/// receipts none was read below 0.92, and misread digits mostly are.
#[must_use]
pub fn doubt(digits_read: f32) -> f32 {
    (digits_read.max(0.3) / 0.93).min(1.0).powi(2)
}

/// All lines of a document, top to bottom, page after page.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// The lines.
    pub rows: Vec<Row>,
    /// [`fold`] of everything, lines parted by newlines.
    pub folded: String,
    /// Found when they are first asked for: ids, places, parties and accounts all ask.
    blocks: OnceLock<Vec<Block>>,
}

/// A gap this many times the line's height parts two columns.
const COLUMN_GAP: f32 = 1.3;

fn around(words: &[Word]) -> PageBox {
    words.iter().fold([1.0, 1.0, 0.0, 0.0], |b, w| {
        [b[0].min(w.bbox[0]), b[1].min(w.bbox[1]), b[2].max(w.bbox[2]), b[3].max(w.bbox[3])]
    })
}

fn cell(words: &[Word]) -> Cell {
    let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
    let confidence = words.iter().map(|w| w.confidence).sum::<f32>() / words.len().max(1) as f32;
    let height = median_height(words).unwrap_or_default();
    Cell { folded: fold(&text), text, bbox: around(words), confidence, height }
}

fn median_height(words: &[Word]) -> Option<f32> {
    let mut heights: Vec<f32> = words.iter().map(|w| w.bbox[3] - w.bbox[1]).collect();
    heights.sort_by(f32::total_cmp);
    heights.get(heights.len() / 2).copied()
}

fn cells(line: &Line, aspect: f32) -> Vec<Cell> {
    // A slanted line's box is taller than its letters; its words' boxes are closer to them.
    let height = median_height(&line.words).unwrap_or(line.bbox[3] - line.bbox[1]);
    let gap = COLUMN_GAP * height / aspect.max(0.01);
    let mut cut = vec![];
    let mut start = 0;
    for (i, pair) in line.words.windows(2).enumerate() {
        if let [a, b] = pair
            && b.bbox[0] - a.bbox[2] > gap
        {
            cut.push(cell(&line.words[start..=i]));
            start = i + 1;
        }
    }
    if start < line.words.len() {
        cut.push(cell(&line.words[start..]));
    }
    cut
}

impl Sheet {
    /// Usual height of letters, in heights of the page.
    #[must_use]
    pub fn usual_height(&self) -> f32 {
        let mut heights: Vec<f32> = self.rows.iter().flat_map(|r| &r.cells).map(|c| c.height).collect();
        heights.sort_by(f32::total_cmp);
        heights.get(heights.len() / 2).copied().unwrap_or(0.02).max(0.001)
    }

    /// Lays out the text of all pages.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let mut rows = Vec::new();
        for page in evidence.pages.iter().filter(|p| !shows_through(p)) {
            for line in page.lines.iter().filter(|l| !l.text.trim().is_empty()) {
                let mut cells = cells(line, page.aspect);
                if cells.is_empty() {
                    let folded = fold(&line.text);
                    cells.push(Cell {
                        text: line.text.clone(),
                        folded,
                        bbox: line.bbox,
                        confidence: line.confidence,
                        height: line.bbox[3] - line.bbox[1],
                    });
                }
                rows.push(Row {
                    page: page.number,
                    cells,
                    words: line.words.clone(),
                    folded: fold(&line.text),
                    text: line.text.clone(),
                    bbox: line.bbox,
                    source: page.source,
                    confidence: line.confidence,
                });
            }
        }
        let folded = rows.iter().map(|r| r.folded.as_str()).collect::<Vec<_>>().join("\n");
        Self { rows, folded, blocks: OnceLock::new() }
    }

    /// Whose corner of the page is which: the labelled and addressed blocks, in reading order.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        self.blocks.get_or_init(|| blocks(self))
    }

    /// Whether any of `words` stands in the text, as whole words.
    #[must_use]
    pub fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|w| has_phrase(&self.folded, w))
    }

    /// How many of `words` stand in the text, as whole words.
    #[must_use]
    pub fn count_said(&self, words: &[&str]) -> usize {
        words.iter().filter(|w| has_phrase(&self.folded, w)).count()
    }
}

/// Whether `phrase` stands in `text` with no letter or digit right before or after it.
#[must_use]
pub fn has_phrase(text: &str, phrase: &str) -> bool {
    find_phrase(text, phrase).is_some()
}

/// Byte offset of the first such place.
#[must_use]
pub fn find_phrase(text: &str, phrase: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find(phrase).map(|i| i + from) {
        let end = at + phrase.len();
        let before = text[..at].chars().next_back();
        let after = text[end..].chars().next();
        let edge = |c: Option<char>, own: Option<char>| {
            !(c.is_some_and(char::is_alphanumeric) && own.is_some_and(char::is_alphanumeric))
        };
        if edge(before, phrase.chars().next()) && edge(after, phrase.chars().next_back()) {
            return Some(at);
        }
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// A page drawn from lines of (left edge, text) cells, for tests.
#[cfg(test)]
pub(crate) fn drawn(lines: &[&[(f32, &str)]]) -> Sheet {
    let mut placed_lines = Vec::new();
    for (row, cells) in lines.iter().enumerate() {
        let top = 0.05 + row as f32 * 0.02;
        placed_lines.push(cells.iter().map(|(left, text)| (*left, top, 14.0, *text)).collect());
    }
    placed(&placed_lines)
}

/// A page drawn from (left edge, top, size in thousandths of the page, text), for tests; what shares a top is one line.
#[cfg(test)]
pub(crate) fn letter(cells: &[(f32, f32, f32, &str)]) -> Sheet {
    placed(&cells.chunk_by(|a, b| (a.1 - b.1).abs() < f32::EPSILON).map(<[_]>::to_vec).collect::<Vec<_>>())
}

#[cfg(test)]
fn placed(lines: &[Vec<(f32, f32, f32, &str)>]) -> Sheet {
    use crate::reading::PageText;
    let line = |cells: &Vec<(f32, f32, f32, &str)>| {
        let mut words = Vec::new();
        for (left, top, size, text) in cells {
            let mut x = *left;
            words.extend(text.split(' ').map(|text| {
                let right = x + text.chars().count() as f32 * 0.008;
                let bbox = [x, *top, right, top + size / 1_000.0];
                x = right + 0.006;
                Word { text: text.to_owned(), bbox, confidence: 0.99, doubtful: Vec::new() }
            }));
        }
        let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        Line { text, bbox: around(&words), confidence: 0.99, words }
    };
    let lines = lines.iter().map(line).collect();
    let (source, aspect) = (Source::Ocr, 0.7);
    let page = PageText { number: 1, source, aspect, lines, quarter_turns: 0, sharpness: None };
    Sheet::of(&Evidence { pages: vec![page], ..Evidence::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_stand_alone() {
        assert!(has_phrase("sub total: 9", "total"));
        assert!(!has_phrase("subtotal 9", "total"));
        assert!(has_phrase("factura nº 3", "factura"));
        assert!(!has_phrase("1total", "total"));
        assert_eq!(fold("Factura Nº · Año"), "factura no · ano");
    }
}
