//! Runs of words, wherever they stand, into lines in reading order.
//!
//! A detector finds runs ("TOTAL", far right "45.00"); people read rows. Runs whose middles stand at the same
//! height, seen along the slope of the text, become one [`Line`]; its words keep their own boxes, so that whoever
//! reads columns still sees the gaps. Used for OCR and for a PDF's own text alike.

use super::geometry::Strip;
use crate::{
    fields::PageBox,
    reading::{Line, Word},
};

/// Heights overlap by at least this share of the smaller: same row.
const ROW_OVERLAP: f32 = 0.5;
/// Runs of one row may cover each other sideways by this share of the narrower.
const SIDE_OVERLAP: f32 = 0.4;

/// Words that stand close together on one slope, and the rectangle around them in page units.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub strip: Strip,
    pub words: Vec<Word>,
}

/// Lines top to bottom, words left to right.
pub(super) fn lines(mut runs: Vec<Run>) -> Vec<Line> {
    runs.retain(|run| !run.words.is_empty());
    let lean = lean(&runs);
    let mut placed: Vec<Placed> = runs.into_iter().map(|run| Placed::new(run, lean)).collect();
    placed.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
    let mut rows: Vec<Vec<Placed>> = Vec::new();
    for run in placed {
        // Rows far above cannot match any more: only the last few are worth a look.
        let from = rows.len().saturating_sub(40);
        let best = rows
            .iter()
            .enumerate()
            .skip(from)
            .filter_map(|(i, row)| fit(row, &run).map(|overlap| (i, overlap)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        match best.and_then(|(i, _)| rows.get_mut(i)) {
            Some(row) => row.push(run),
            None => rows.push(vec![run]),
        }
    }
    rows.sort_by(|a, b| middle_of(a).total_cmp(&middle_of(b)));
    rows.into_iter().filter_map(line).collect()
}

/// Slope of the page's text in radians: the median of the runs, the long ones counting more.
pub(super) fn lean(runs: &[Run]) -> f32 {
    let mut angles: Vec<(f32, f32)> = runs
        .iter()
        .filter(|run| run.strip.width > 2.0 * run.strip.height)
        .map(|run| (run.strip.angle(), run.strip.width))
        .collect();
    angles.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = angles.iter().map(|a| a.1).sum::<f32>() / 2.0;
    let mut passed = 0.0;
    for (angle, weight) in angles {
        passed += weight;
        if passed >= half {
            return angle;
        }
    }
    0.0
}

/// A run in coordinates turned so that the page's text is level.
struct Placed {
    run: Run,
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
    /// Rise of its own slope against the page's, per unit of length.
    slope: f32,
}

impl Placed {
    fn new(run: Run, lean: f32) -> Self {
        let (sin, cos) = lean.sin_cos();
        let (x, y) = run.strip.center;
        let (along, down) = (x * cos + y * sin, y * cos - x * sin);
        let (w, h) = (run.strip.width / 2.0, run.strip.height / 2.0);
        // The angle of a short run is mostly noise.
        let long = run.strip.width > 4.0 * run.strip.height;
        let slope = if long { (run.strip.angle() - lean).tan().clamp(-0.3, 0.3) } else { 0.0 };
        Self { run, left: along - w, right: along + w, top: down - h, bottom: down + h, slope }
    }

    fn middle(&self) -> f32 {
        (self.top + self.bottom) / 2.0
    }

    /// Height of its middle line where it would cross `along`, not followed further than a few line heights.
    fn middle_at(&self, along: f32) -> f32 {
        let reach = 8.0 * (self.bottom - self.top);
        let from = (self.left + self.right) / 2.0;
        self.middle() + (along - from).clamp(-reach, reach) * self.slope
    }
}

fn middle_of(row: &[Placed]) -> f32 {
    row.iter().map(Placed::middle).sum::<f32>() / row.len().max(1) as f32
}

/// How well the run fits the row (share of height in common), or `None` when it does not belong.
fn fit(row: &[Placed], run: &Placed) -> Option<f32> {
    let covers = |other: &Placed| {
        let common = other.right.min(run.right) - other.left.max(run.left);
        common > SIDE_OVERLAP * (other.right - other.left).min(run.right - run.left)
    };
    if row.iter().any(covers) {
        return None;
    }
    let distance = |other: &&Placed| (other.left - run.right).max(run.left - other.right).max(0.0);
    let nearest = row.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let seam = if nearest.right < run.left {
        (nearest.right + run.left) / 2.0
    } else {
        (run.right + nearest.left) / 2.0
    };
    let apart = (nearest.middle_at(seam) - run.middle_at(seam)).abs();
    let (a, b) = (nearest.bottom - nearest.top, run.bottom - run.top);
    let common = ((a + b) / 2.0 - apart).min(a.min(b));
    let overlap = common / a.min(b).max(f32::EPSILON);
    (overlap >= ROW_OVERLAP).then_some(overlap)
}

fn line(mut row: Vec<Placed>) -> Option<Line> {
    row.sort_by(|a, b| a.left.total_cmp(&b.left));
    line_of(row.into_iter().flat_map(|placed| placed.run.words).collect())
}

/// A line of these words, in their order; `None` when there is none.
pub(super) fn line_of(words: Vec<Word>) -> Option<Line> {
    let bbox = words.iter().map(|w| w.bbox).reduce(around)?;
    let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
    let letters = |w: &Word| w.text.chars().count() as f32;
    let total: f32 = words.iter().map(letters).sum();
    let confidence = words.iter().map(|w| w.confidence * letters(w)).sum::<f32>() / total.max(1.0);
    Some(Line { text, bbox, confidence, words })
}

fn around(a: PageBox, b: PageBox) -> PageBox {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, x: f32, y: f32, lean: f32) -> Run {
        let (width, height) = (text.len() as f32 * 10.0, 20.0);
        let (sin, cos) = lean.sin_cos();
        // (x, y) is where the run starts on a level page; the page is turned about its origin.
        let (cx, cy) = (x + width / 2.0, y);
        let center = (cx * cos - cy * sin, cx * sin + cy * cos);
        let strip = Strip { center, u: (cos, sin), width, height };
        let words = text
            .split(' ')
            .map(|t| Word {
                text: t.to_owned(),
                bbox: strip.bounds().map(|v| v / 1000.0),
                confidence: 0.9,
                doubtful: Vec::new(),
            })
            .collect();
        Run { strip, words }
    }

    fn texts(runs: Vec<Run>) -> Vec<String> {
        lines(runs).into_iter().map(|l| l.text).collect()
    }

    #[test]
    fn label_and_amount_share_a_line_however_far_apart() {
        for lean in [0.0, 0.15, -0.15] {
            let runs = vec![
                run("45.00", 800.0, 100.0, lean),
                run("TOTAL", 10.0, 102.0, lean),
                run("IVA", 10.0, 70.0, lean),
                run("7.81", 800.0, 71.0, lean),
                run("GRACIAS POR SU COMPRA", 200.0, 140.0, lean),
            ];
            assert_eq!(texts(runs), ["IVA 7.81", "TOTAL 45.00", "GRACIAS POR SU COMPRA"], "lean {lean}");
        }
    }

    #[test]
    fn stacked_runs_never_share_a_line() {
        let runs = vec![run("UNO", 10.0, 100.0, 0.0), run("DOS", 12.0, 108.0, 0.0)];
        assert_eq!(texts(runs), ["UNO", "DOS"]);
    }

    #[test]
    fn a_line_weighs_confidence_by_length() {
        let word = |text: &str, confidence| Word {
            text: text.into(),
            bbox: [0.0, 0.0, 0.1, 0.1],
            confidence,
            doubtful: Vec::new(),
        };
        let line = line_of(vec![word("abc", 1.0), word("d", 0.0)]).unwrap();
        assert_eq!((line.text.as_str(), line.confidence), ("abc d", 0.75));
        assert!(line_of(Vec::new()).is_none());
    }

    #[test]
    fn no_runs_no_lines() {
        assert!(lines(Vec::new()).is_empty());
    }
}
