//! Pages drawn on a table: words as dark bars, where the projection puts them.

use super::*;
use crate::{
    fields::Source,
    reading::{Line, Word},
};

const FRAME: (u32, u32) = (900, 1200);
const WOOD: [u8; 3] = [120, 92, 70];
const PAPER: [u8; 3] = [238, 236, 230];

/// Words of 12 lines of 4 on a page, as fractions of it.
fn words() -> Vec<PageBox> {
    let line = |row: u8| (0..4).map(move |column: u8| (f32::from(row), f32::from(column)));
    let place = |(row, column): (f32, f32)| {
        let (x, y) = (0.12 + 0.2 * column, 0.08 + 0.07 * row);
        [x, y, x + 0.14, y + 0.025]
    };
    (0..12).flat_map(line).map(place).collect()
}

/// A photo of the page with its corners there, and what OCR would say of it.
fn photo(corners: [Point; 4], table: impl Fn(u32, u32) -> [u8; 3]) -> (RgbImage, PageText) {
    let out = Projection::of_square(&Quad(corners)).unwrap();
    let back = out.back().unwrap();
    let ink = words();
    let rgb = RgbImage::from_fn(FRAME.0, FRAME.1, |x, y| {
        let (u, v) = back.of((f64::from(x), f64::from(y)));
        let on = |b: &PageBox| {
            (f64::from(b[0])..f64::from(b[2])).contains(&u) && (f64::from(b[1])..f64::from(b[3])).contains(&v)
        };
        let on_paper = (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v);
        Rgb(match on_paper {
            true if ink.iter().any(on) => [40, 40, 44],
            true => PAPER,
            false => table(x, y),
        })
    });
    let lines = ink.chunks(4).map(|line| {
        let words: Vec<Word> = line
            .iter()
            .map(|b| {
                let at = |x: f32, y: f32| {
                    let (x, y) = out.of((f64::from(x), f64::from(y)));
                    (x as f32 / FRAME.0 as f32, y as f32 / FRAME.1 as f32)
                };
                let corners = [at(b[0], b[1]), at(b[2], b[1]), at(b[2], b[3]), at(b[0], b[3])];
                let bbox = corners.iter().fold([1.0_f32, 1.0, 0.0, 0.0], |b, p| {
                    [b[0].min(p.0), b[1].min(p.1), b[2].max(p.0), b[3].max(p.1)]
                });
                Word { text: "word".to_owned(), bbox, confidence: 0.99, doubtful: Vec::new() }
            })
            .collect();
        let bbox = words.first().map_or([0.0; 4], |w| w.bbox);
        Line { text: "word word word word".to_owned(), bbox, confidence: 0.99, words }
    });
    let lines = lines.collect();
    let aspect = FRAME.0 as f32 / FRAME.1 as f32;
    let text = PageText { number: 1, source: Source::Ocr, aspect, lines, quarter_turns: 0, sharpness: None };
    (rgb, text)
}

/// How far, at most, the middle of a word is from where it stands on the page itself, as a fraction.
fn off(levelled: &Levelled, text: &PageText) -> f32 {
    let middle = |b: PageBox| [(b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0];
    let seen = text.lines.iter().flat_map(|l| &l.words).map(|w| middle(levelled.place(w.bbox)));
    let far = seen.zip(words()).map(|(seen, truth)| {
        let truth = middle(truth);
        (seen[0] - truth[0]).abs().max((seen[1] - truth[1]).abs())
    });
    far.fold(0.0, f32::max)
}

/// Wood: a little lighter and darker in streaks.
fn wood(x: u32, y: u32) -> [u8; 3] {
    let streak = (((x / 3) * 7 + y / 40) % 5) as u8 * 4;
    WOOD.map(|v| v + streak)
}

#[test]
fn a_page_seen_from_the_side_is_cut_out_and_seen_from_the_front() {
    for corners in [
        [(220.0, 160.0), (690.0, 220.0), (740.0, 1010.0), (130.0, 960.0)],
        [(260.0, 200.0), (640.0, 200.0), (760.0, 1060.0), (140.0, 1060.0)],
        [(330.0, 110.0), (780.0, 240.0), (570.0, 980.0), (120.0, 850.0)],
    ] {
        let (rgb, text) = photo(corners, wood);
        let levelled = level(&rgb, &text, &[], true).expect("a page on a table");
        assert!(levelled.cut_out);
        assert!(off(&levelled, &text) < 0.025, "{}", off(&levelled, &text));
        let (w, h) = levelled.rgb.dimensions();
        let paper = |x: u32, y: u32| levelled.rgb.get_pixel(x, y).0[2] > 180;
        assert!(paper(w / 30, h / 30) && paper(w - w / 30, h - h / 30), "nothing of the table is left");
        assert!(!level(&rgb, &text, &[], false).is_some_and(|l| l.cut_out), "only where it may be cut");
    }
}

#[test]
fn a_page_that_fills_its_frame_stays_as_it_is() {
    let all = [(0.0, 0.0), (900.0, 0.0), (900.0, 1200.0), (0.0, 1200.0)];
    let (rgb, text) = photo(all, wood);
    assert!(level(&rgb, &text, &[], true).is_none());
}

#[test]
fn a_crooked_scan_without_edges_is_turned_whole() {
    let corners = [(60.0, 40.0), (890.0, 110.0), (800.0, 1190.0), (-30.0, 1120.0)];
    let (rgb, text) = photo(corners, |_, _| PAPER);
    let levelled = level(&rgb, &text, &[], true).expect("a lean to be seen");
    assert!(!levelled.cut_out);
    let heights: Vec<f32> = text.lines[5].words.iter().map(|w| levelled.place(w.bbox)[3]).collect();
    let spread = heights.iter().fold(0.0_f32, |m, h| m.max((h - heights[0]).abs()));
    assert!(spread < 0.005, "{heights:?}");
}

#[test]
fn what_was_read_beside_the_paper_is_not_cut_off() {
    let corners = [(220.0, 160.0), (690.0, 220.0), (740.0, 1010.0), (130.0, 960.0)];
    let (rgb, mut text) = photo(corners, wood);
    let bbox = [0.9, 0.9, 0.97, 0.92];
    let word = Word { text: "TOTAL".to_owned(), bbox, confidence: 0.95, doubtful: Vec::new() };
    assert!(level(&rgb, &text, &[], true).is_some_and(|l| l.cut_out));
    assert!(!level(&rgb, &text, &[bbox], true).is_some_and(|l| l.cut_out), "nor a code");
    text.lines.push(Line { text: "TOTAL".to_owned(), bbox, confidence: 0.95, words: vec![word] });
    assert!(!level(&rgb, &text, &[], true).is_some_and(|l| l.cut_out));
}

#[test]
fn a_band_across_the_print_is_no_table() {
    let (mut rgb, text) = photo([(0.0, 0.0), (900.0, 0.0), (900.0, 1000.0), (0.0, 1000.0)], |_, _| PAPER);
    for (_, y, pixel) in rgb.enumerate_pixels_mut() {
        if y > 1040 {
            *pixel = Rgb([60, 90, 160]);
        }
    }
    assert!(level(&rgb, &text, &[], true).is_none());
}

#[test]
fn hardly_any_pixels_or_text_are_left_alone() {
    let (_, text) = photo([(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)], wood);
    assert!(level(&RgbImage::new(0, 0), &text, &[], true).is_none());
    assert!(level(&RgbImage::new(3, 1), &text, &[], true).is_none());
    let empty = PageText { lines: Vec::new(), ..text };
    assert!(level(&RgbImage::new(900, 1200), &empty, &[], true).is_none());
}
