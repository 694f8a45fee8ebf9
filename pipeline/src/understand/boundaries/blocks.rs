//! A photo cut into blocks of text that are papers of their own: along a gutter between columns, or a band between rows.

use crate::{
    fields::{PageBox, Source},
    reading::{Barcode, Evidence, Line, PageText, Word},
};

/// Lines with letters that a block must have.
const FEW_LINES: usize = 4;
/// Width of a gutter that parts two papers, as a share of the page.
const GUTTER: f32 = 0.015;
/// Heights of a word that a band must have to part two papers.
const BAND: f32 = 1.2;
/// Cuts tried of a block, the widest first: each costs two understandings.
const TRIED: usize = 3;
/// Cuts within cuts: eight papers on one photo.
const DEEPEST: usize = 3;

/// A block of the page, and what stands on it.
#[derive(Debug)]
pub struct Block {
    /// Where, in fractions of the page. It reaches halfway into the gap beside it, so that no paper is cut.
    pub bbox: PageBox,
    /// What was read there, in fractions of the block.
    pub evidence: Evidence,
}

/// The direction of a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Down the page: one paper left, one right.
    Gutter,
    /// Across the page: one above, one below.
    Band,
}

/// The page cut wherever `two` says that the blocks on both sides are two papers; `None` where it is nowhere cut.
pub fn cut(
    page: &PageText,
    codes: &[Barcode],
    two: &impl Fn(&Block, &Block, Cut) -> bool,
) -> Option<Vec<Block>> {
    if page.source != Source::Ocr {
        return None;
    }
    let blocks = parted(page, codes, [0.0, 0.0, 1.0, 1.0], two, DEEPEST)?;
    (blocks.len() > 1).then_some(blocks)
}

fn parted(
    page: &PageText,
    codes: &[Barcode],
    within: PageBox,
    two: &impl Fn(&Block, &Block, Cut) -> bool,
    deeper: usize,
) -> Option<Vec<Block>> {
    if deeper > 0 {
        for (cut, at) in cuts(page, within) {
            let [x0, y0, x1, y1] = within;
            let sides = match cut {
                Cut::Gutter => [[x0, y0, at, y1], [at, y0, x1, y1]],
                Cut::Band => [[x0, y0, x1, at], [x0, at, x1, y1]],
            };
            let [Some(first), Some(second)] = sides.map(|side| block(page, codes, side)) else { continue };
            if two(&first, &second, cut) {
                let parts = sides.map(|side| parted(page, codes, side, two, deeper - 1));
                return Some(parts.into_iter().flatten().flatten().collect());
            }
        }
    }
    Some(vec![block(page, codes, within)?])
}

/// Where a block may be cut: middles of its gutters and bands, the widest of each first, gutters before bands.
fn cuts(page: &PageText, within: PageBox) -> Vec<(Cut, f32)> {
    let words: Vec<&Word> =
        page.lines.iter().flat_map(|l| &l.words).filter(|w| holds(within, w.bbox)).collect();
    let mut heights: Vec<f32> = words.iter().map(|w| w.bbox[3] - w.bbox[1]).collect();
    heights.sort_by(f32::total_cmp);
    let Some(height) = heights.get(heights.len() / 2).copied() else { return Vec::new() };
    let across = gaps(words.iter().map(|w| (w.bbox[0], w.bbox[2])), GUTTER).into_iter();
    let down = gaps(words.iter().map(|w| (w.bbox[1], w.bbox[3])), BAND * height).into_iter();
    let gutters = across.take(TRIED).map(|at| (Cut::Gutter, at));
    gutters.chain(down.take(TRIED).map(|at| (Cut::Band, at))).collect()
}

/// The middles of the gaps between spans, at least this wide, the widest first.
fn gaps(spans: impl Iterator<Item = (f32, f32)>, least: f32) -> Vec<f32> {
    let mut spans: Vec<(f32, f32)> = spans.collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut end, mut found) = (f32::MAX, Vec::new());
    for (from, to) in spans {
        if from - end >= least {
            found.push((from - end, (from + end) / 2.0));
        }
        end = if end == f32::MAX { to } else { end.max(to) };
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, middle)| middle).collect()
}

/// Whether the middle of a box is within another.
fn holds(outer: PageBox, bbox: PageBox) -> bool {
    let (x, y) = ((bbox[0] + bbox[2]) / 2.0, (bbox[1] + bbox[3]) / 2.0);
    (outer[0]..=outer[2]).contains(&x) && (outer[1]..=outer[3]).contains(&y)
}

/// What stands within a box; `None` where it is too little for a paper.
fn block(page: &PageText, codes: &[Barcode], within: PageBox) -> Option<Block> {
    let (width, height) = (within[2] - within[0], within[3] - within[1]);
    let moved = |b: PageBox| {
        let x = |v: f32| ((v - within[0]) / width.max(f32::EPSILON)).clamp(0.0, 1.0);
        let y = |v: f32| ((v - within[1]) / height.max(f32::EPSILON)).clamp(0.0, 1.0);
        [x(b[0]), y(b[1]), x(b[2]), y(b[3])]
    };
    let lines = page.lines.iter().filter_map(|line| {
        let words = line.words.iter().filter(|w| holds(within, w.bbox));
        let words: Vec<Word> = words.map(|w| Word { bbox: moved(w.bbox), ..w.clone() }).collect();
        let bbox = words.iter().map(|w| w.bbox).reduce(around)?;
        let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        Some(Line { text, bbox, confidence: line.confidence, words })
    });
    let lines: Vec<Line> = lines.collect();
    if lines.iter().filter(|l| l.text.chars().any(char::is_alphabetic)).count() < FEW_LINES {
        return None;
    }
    let here = codes.iter().filter(|code| code.page == page.number && holds(within, code.bbox));
    let barcodes = here.map(|code| Barcode { bbox: moved(code.bbox), ..code.clone() }).collect();
    let aspect = page.aspect * width / height.max(f32::EPSILON);
    let evidence = Evidence {
        media_type: "image/jpeg".to_owned(),
        pages: vec![PageText { lines, aspect, ..page.clone() }],
        barcodes,
        ..Evidence::default()
    };
    Some(Block { bbox: within, evidence })
}

fn around(a: PageBox, b: PageBox) -> PageBox {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}
