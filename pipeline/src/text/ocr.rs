//! One page of pixels into lines: find the runs of text, set the page upright, read the runs, lay them out.
//!
//! The page is turned in place when its text stands on its side or head, so that the stored picture and the boxes
//! agree. A slight slope is left in the picture and only allowed for.

use image::{RgbImage, imageops};

use super::{
    ctc::{self, Glyph},
    detect::{self, Found},
    geometry::Strip,
    layout::{self, Run},
    models::{InferError, Models},
    recognize, sharpness,
};
use crate::{
    fields::Source,
    reading::budget::Until,
    reading::{PagePixels, PageText, Word},
};

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OcrOptions {
    /// Long side in pixels at which text is searched. 960 is the best trade on receipts; 1,280 finds small print.
    pub long_side_px: u32,
    /// After this no further run is read; `None` reads all.
    pub until: Option<Until>,
}

impl Default for OcrOptions {
    fn default() -> Self {
        Self { long_side_px: 960, until: None }
    }
}

/// What a page says, and how much of it was not read for want of time.
pub(super) struct Seen {
    pub text: PageText,
    pub unread_runs: usize,
}

/// A run read with a lower mean confidence is texture, not text.
const RUN_MIN: f32 = 0.5;
/// A character read with less confidence is shown to whoever looks at its word.
const UNSURE: f32 = 0.9;
/// Runs read first, to see which way is up.
const SAMPLE: usize = 6;
/// Mean confidence of the sample above which the page is not tried on its head.
const SURELY_UP: f32 = 0.88;
/// A page is set on its head only for this much sense, in at least so many characters: photos of no document stay
/// as they were sent.
const FLIPPED_MIN: f32 = 0.7;
const FEW_LETTERS: usize = 8;
/// Runs up or down a page that make it lie on its side.
const FEW_RUNS: usize = 3;
/// Fewer runs than this are hardly any text.
const FEW_STRIPS: usize = 3;
/// Long side at which such a page is looked at again at most: the detector's memory grows with the area.
const MOST_PX: f32 = 1_600.0;
/// A side shorter than this after scaling makes a long receipt's print too small: look closer.
const SHORT_SIDE_PX: f32 = 480.0;

/// Reads one page; turns its pixels upright on the way.
///
/// # Errors
/// When a network cannot be run, out of memory for instance.
pub fn read_page(
    page: &mut PagePixels,
    options: &OcrOptions,
    models: &Models,
) -> Result<PageText, InferError> {
    see(page, options, models).map(|seen| seen.text)
}

/// [`read_page`], saying what was left out.
pub(super) fn see(page: &mut PagePixels, options: &OcrOptions, models: &Models) -> Result<Seen, InferError> {
    if page.rgb.width() < 8 || page.rgb.height() < 8 {
        return Ok(Seen { text: text_of(page, Vec::new(), 0, None), unread_runs: 0 });
    }
    let mut turns = 0;
    let mut found = look(&page.rgb, options, models)?;
    if stands_on_its_side(&found) {
        page.rgb = imageops::rotate90(&page.rgb);
        turns = 1;
        found = look(&page.rgb, options, models)?;
    }
    let mut strips: Vec<Strip> = found.iter().map(|f| f.strip).collect();
    strips.sort_by(|a, b| b.width.total_cmp(&a.width));
    let mut read = recognize::read(&page.rgb, strips.get(..SAMPLE).unwrap_or(&strips), models)?;
    if let Some(flipped) = on_its_head(&page.rgb, &strips, &read, models)? {
        let (w, h) = (page.rgb.width() as f32, page.rgb.height() as f32);
        page.rgb = imageops::rotate180(&page.rgb);
        turns += 2;
        for strip in &mut strips {
            strip.center = (w - strip.center.0, h - strip.center.1);
        }
        read = flipped;
    }
    straighten(&mut strips, SAMPLE);
    let rest = strips.get(SAMPLE..).unwrap_or_default();
    for strip in rest {
        if options.until.is_some_and(|until| until.is_over()) {
            break;
        }
        read.extend(recognize::read(&page.rgb, std::slice::from_ref(strip), models)?);
    }
    let unread_runs = strips.len().saturating_sub(read.len());
    let crispness = sharpness::of(&page.rgb, &strips);
    let runs = strips.iter().zip(&read).filter_map(|(strip, glyphs)| run(strip, glyphs, &page.rgb)).collect();
    Ok(Seen { text: text_of(page, runs, turns, crispness), unread_runs })
}

fn text_of(page: &PagePixels, runs: Vec<Run>, quarter_turns: u8, sharpness: Option<f32>) -> PageText {
    PageText {
        number: page.number,
        source: Source::Ocr,
        aspect: page.rgb.width() as f32 / page.rgb.height().max(1) as f32,
        lines: layout::lines(runs),
        quarter_turns,
        sharpness,
    }
}

/// Finds the runs, closer where the page is long and narrow, the text fills little of the frame, or hardly any is seen.
fn look(page: &RgbImage, options: &OcrOptions, models: &Models) -> Result<Vec<Found>, InferError> {
    let (w, h) = (page.width() as f32, page.height() as f32);
    let (long, short) = (w.max(h), w.min(h));
    // Beyond the page's own pixels there is nothing more to see.
    let base = options.long_side_px as f32;
    let wanted = (SHORT_SIDE_PX * long / short).min(long).min(2_000.0).max(base);
    let found = detect::find(page, wanted as u32, models)?;
    let closer = match region(&found, w, h) {
        // Worth a second look only if it really magnifies.
        Some(part) if long > wanted && long >= 1.6 * (part[2] - part[0]).max(part[3] - part[1]) => {
            look_into(page, part, options, models)?
        }
        _ => Vec::new(),
    };
    let seen = found.len();
    let best = if closer.len() >= found.len() { closer } else { found };
    // Of the first look: a heading seen closer breaks into runs and says nothing of the rest of the frame.
    let late = options.until.is_some_and(|until| until.is_over());
    let twice = (2.0 * wanted).min(long).min(MOST_PX);
    if seen >= FEW_STRIPS || twice < 1.3 * wanted || late {
        return Ok(best);
    }
    let again = detect::find(page, twice as u32, models)?;
    Ok(if again.len() > best.len() { again } else { best })
}

/// Finds the runs of a part of the page, where they stand on the page.
fn look_into(
    page: &RgbImage,
    [x0, y0, x1, y1]: [f32; 4],
    options: &OcrOptions,
    models: &Models,
) -> Result<Vec<Found>, InferError> {
    let part = imageops::crop_imm(page, x0 as u32, y0 as u32, (x1 - x0) as u32, (y1 - y0) as u32).to_image();
    let mut found = detect::find(&part, options.long_side_px, models)?;
    for f in &mut found {
        f.strip.center.0 += x0.floor();
        f.strip.center.1 += y0.floor();
    }
    Ok(found)
}

/// The part of the page that holds its text, with a margin; `None` when there is none.
///
/// A whole page so far away that its lines run together counts as one run.
fn region(found: &[Found], w: f32, h: f32) -> Option<[f32; 4]> {
    let all = found
        .iter()
        .map(|f| f.strip.bounds())
        .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])?;
    let margin = 0.03 * w.max(h);
    let part = [
        (all[0] - margin).max(0.0),
        (all[1] - margin).max(0.0),
        (all[2] + margin).min(w),
        (all[3] + margin).min(h),
    ];
    (part[2] - part[0] >= 32.0 && part[3] - part[1] >= 32.0).then_some(part)
}

/// Whether most of the text, by length, runs up or down the page.
fn stands_on_its_side(found: &[Found]) -> bool {
    let (mut across, mut down) = (0_usize, 0_usize);
    for Found { strip, .. } in found {
        if strip.width > 1.5 * strip.height {
            across += 1;
        } else if strip.height > 1.5 * strip.width {
            down += 1;
        }
    }
    down > across && down >= FEW_RUNS
}

/// The sample read upside down, when that makes more sense than the right way up.
fn on_its_head(
    page: &RgbImage,
    strips: &[Strip],
    upright: &[Vec<Glyph>],
    models: &Models,
) -> Result<Option<Vec<Vec<Glyph>>>, InferError> {
    let sense = |read: &[Vec<Glyph>]| {
        let all: Vec<Glyph> = read.iter().flatten().copied().collect();
        (ctc::mean_confidence(&all), all.len())
    };
    let (up, _) = sense(upright);
    if upright.is_empty() || up >= SURELY_UP {
        return Ok(None);
    }
    let flipped: Vec<Strip> = strips.iter().take(SAMPLE).map(Strip::upside_down).collect();
    let read = recognize::read(page, &flipped, models)?;
    let (down, letters) = sense(&read);
    Ok((letters >= FEW_LETTERS && down >= FLIPPED_MIN && down > up + 0.03).then_some(read))
}

/// Reads a run that is much higher than its neighbours from the side: text printed up the margin.
fn straighten(strips: &mut [Strip], skip: usize) {
    let mut heights: Vec<f32> = strips.iter().map(|s| s.height.min(s.width)).collect();
    heights.sort_by(f32::total_cmp);
    let usual = heights.get(heights.len() / 2).copied().unwrap_or_default();
    for strip in strips.iter_mut().skip(skip) {
        if strip.height > 2.0 * strip.width && strip.height > 2.5 * usual {
            *strip = strip.on_its_side();
        }
    }
}

/// The run's words with their boxes; `None` when it says nothing we believe.
fn run(strip: &Strip, glyphs: &[Glyph], page: &RgbImage) -> Option<Run> {
    if ctc::mean_confidence(glyphs) < RUN_MIN {
        return None;
    }
    let (w, h) = (page.width() as f32, page.height() as f32);
    let step = pitch(glyphs, strip);
    let words: Vec<Word> = glyphs
        .split(|g| g.char == ' ')
        .filter_map(|part| {
            let (first, last) = (part.first()?, part.last()?);
            let (from, to) = ((first.at - step / 2.0).max(0.0), (last.at + step / 2.0).min(1.0));
            let [x0, y0, x1, y1] = strip.between(from, to).bounds();
            let of_word = |at: f32| ((at - from) / (to - from).max(f32::EPSILON)).clamp(0.0, 1.0);
            let share = |g: &Glyph| [g.at - step / 2.0, g.at + step / 2.0].map(of_word);
            Some(Word {
                text: part.iter().map(|g| g.char).collect(),
                bbox: [x0 / w, y0 / h, x1 / w, y1 / h].map(|v| v.clamp(0.0, 1.0)),
                confidence: ctc::mean_confidence(part),
                doubtful: part.iter().filter(|g| g.confidence < UNSURE).map(share).collect(),
            })
        })
        .collect();
    (!words.is_empty()).then_some(Run { strip: *strip, words })
}

/// Usual width of a character as a fraction of the strip.
fn pitch(glyphs: &[Glyph], strip: &Strip) -> f32 {
    let mut gaps: Vec<f32> = glyphs.windows(2).map(|w| w[1].at - w[0].at).collect();
    gaps.sort_by(f32::total_cmp);
    gaps.get(gaps.len() / 2).copied().unwrap_or(0.6 * strip.height / strip.width.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_hard_to_read_of_a_word_is_its_characters() {
        let strip = Strip { center: (500.0, 50.0), u: (1.0, 0.0), width: 1_000.0, height: 40.0 };
        let read = [('A', 0.99, 0.1), ('B', 0.5, 0.3), (' ', 0.2, 0.5), ('1', 0.95, 0.7), ('2', 0.97, 0.9)];
        let glyphs = read.map(|(char, confidence, at)| Glyph { char, confidence, at });
        let run = run(&strip, &glyphs, &RgbImage::new(1_000, 100)).unwrap();
        let [first, second] = run.words.as_slice() else { panic!("{:?}", run.words) };
        let [[from, to]] = first.doubtful.as_slice() else { panic!("{first:?}") };
        assert!((from - 0.5).abs() < 1e-3 && (to - 1.0).abs() < 1e-3, "{first:?}");
        assert_eq!((second.text.as_str(), second.doubtful.len()), ("12", 0));
    }
}
