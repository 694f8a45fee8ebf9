//! A PDF's own text, page by page: glyphs as the interpreter places them → words → lines.
//!
//! The content stream says which glyph stands where, not what a word is. Glyphs are put in rows by baseline, sorted
//! along them and cut into words at the gaps. Only what a reader of the page can see counts: invisible text (an
//! earlier OCR's guess, or something hidden on purpose) and text off the page are left out. Fake bold, the same
//! glyph printed twice at one spot, counts once.

use std::sync::Arc;

use hayro::{
    hayro_interpret::{
        BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
        InterpreterSettings, SoftMask, TransformExt,
        font::{Glyph as PdfGlyph, GlyphRun},
        hayro_cmap::BfString,
        interpret_page,
    },
    hayro_syntax::{Pdf, page::Page},
    kurbo::{Affine, BezPath, Point as KurboPoint, Rect},
};

use super::{
    geometry::Strip,
    layout::{self, Run},
};
use crate::{
    diagnostic::{Diagnostic, guarded},
    fields::Source,
    limits::Limits,
    reading::{Line, PageText, Word, is_unread},
};

/// Glyph space: hayro scales all fonts to this many units an em.
const EM: f64 = 1_000.0;
/// A gap wider than this share of the font size is a space.
const SPACE: f32 = 0.17;
/// A gap wider than this many font sizes starts another run.
const GAP: f32 = 1.5;
/// Baselines of one row differ by less than this share of the font size.
const BASELINE: f32 = 0.25;
/// A page covered by pictures to this share with little text is a scan with a stamp on it.
const PICTURE_SHARE: f64 = 0.5;
/// Fewer letters and digits than this are no text layer.
const FEW_LETTERS: usize = 24;
/// On a page that is mostly a picture the text layer must hold more than this to count.
const FEW_ON_PICTURE: usize = 240;
/// A photo printed to PDF from a viewer: a picture on part of the page, and hardly more than header and footer.
const SMALL_PICTURE_SHARE: f64 = 0.12;
const FEW_BESIDE_PICTURE: usize = 80;

/// The text layer of each page of a PDF; a page without one has no lines. Empty when the PDF cannot be opened.
///
/// A page whose layer cannot be had is left out, and OCR reads it; `told` gets the cause.
#[must_use]
pub fn layers(bytes: &[u8], limits: &Limits, told: &mut Vec<Diagnostic>) -> Vec<PageText> {
    const STAGE: &str = "layer";
    let opened = guarded(STAGE, None, || Pdf::new(Arc::new(bytes.to_vec())));
    let pdf = match opened {
        Ok(Ok(pdf)) => pdf,
        Ok(Err(error)) => {
            let cause = format!("opening it: {error:?}");
            told.push(Diagnostic { stage: STAGE.to_owned(), page: None, cause, panicked: false }.tamed());
            return Vec::new();
        }
        Err(panicked) => {
            told.push(panicked);
            return Vec::new();
        }
    };
    let mut left = limits.text_chars as usize;
    let mut layers = Vec::new();
    for (page, number) in pdf.pages().iter().zip(1..=limits.pages) {
        match guarded(STAGE, Some(number), || page_layer(page, &pdf, number, left)) {
            Ok(text) => {
                left -= text.lines.iter().map(|l| l.text.len()).sum::<usize>().min(left);
                layers.push(text);
            }
            Err(panicked) => told.push(panicked),
        }
    }
    layers
}

/// Whether a layer can be believed: enough letters, hardly any that mean nothing.
#[must_use]
pub fn layer_is_sound(page: &PageText) -> bool {
    let (mut letters, mut garbage, mut all) = (0, 0, 0);
    for c in page.lines.iter().flat_map(|line| line.text.chars()) {
        all += usize::from(c != ' ');
        letters += usize::from(c.is_alphanumeric());
        garbage += usize::from(is_unread(c));
    }
    letters >= FEW_LETTERS && garbage * 12 <= all && letters * 2 >= all
}

fn page_layer(page: &Page<'_>, pdf: &Pdf, number: u32, max_glyphs: usize) -> PageText {
    let (width, height) = page.render_dimensions();
    let mut glyphs = Glyphs { max_glyphs, page: (width, height), ..Glyphs::default() };
    let cache = InterpreterCache::new();
    let area = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let start = page.initial_transform(true).to_kurbo();
    let mut context = Context::new(start, area, &cache, pdf.xref(), InterpreterSettings::default());
    interpret_page(page, &mut context, &mut glyphs);
    let text = assemble(number, glyphs.found, (width, height));
    let letters = text.lines.iter().flat_map(|l| l.text.chars()).filter(|c| c.is_alphanumeric()).count();
    let share = glyphs.pictures / f64::from((width * height).max(1.0));
    if (share > PICTURE_SHARE && letters < FEW_ON_PICTURE)
        || (share > SMALL_PICTURE_SHARE && letters < FEW_BESIDE_PICTURE)
    {
        PageText { lines: Vec::new(), ..text }
    } else {
        text
    }
}

/// One visible glyph in page units (points, y down).
#[derive(Debug, Clone)]
struct Glyph {
    text: String,
    /// Start of its baseline.
    start: (f32, f32),
    /// Direction of its baseline.
    u: (f32, f32),
    advance: f32,
    size: f32,
}

/// Collects what is drawn.
#[derive(Default)]
struct Glyphs {
    found: Vec<Glyph>,
    max_glyphs: usize,
    page: (f32, f32),
    /// Area of drawn pictures, square points.
    pictures: f64,
}

impl Device<'_> for Glyphs {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, mode: &DrawMode) {
        if matches!(mode, DrawMode::Invisible) {
            return;
        }
        for glyph in run.glyphs() {
            if self.found.len() >= self.max_glyphs {
                return;
            }
            let advance = match &**glyph {
                PdfGlyph::Outline(g) => g.advance_width(),
                PdfGlyph::Type3(g) => g.advance_width(),
            };
            let text = match glyph.as_unicode() {
                Some(BfString::Char(c)) => c.to_string(),
                Some(BfString::String(s)) => s,
                None => UNREAD.to_string(),
            };
            let text = letters(&text, || is_blank(glyph));
            let transform = props.transform * glyph.transform();
            if let Some(glyph) = place(text, advance.unwrap_or(EM as f32 / 2.0), transform)
                && (0.0..=self.page.0).contains(&glyph.start.0)
                && (0.0..=self.page.1).contains(&glyph.start.1)
            {
                self.found.push(glyph);
            }
        }
    }

    fn draw_image(&mut self, image: Image<'_, '_>, props: ImageDrawProps<'_>) {
        // The transform is that of one of the picture's pixels.
        let pixels = f64::from(image.width()) * f64::from(image.height());
        self.pictures += props.transform.determinant().abs() * pixels;
    }
}

/// Stands for a glyph that no letter is known for.
const UNREAD: char = '\u{fffd}';

/// What a glyph says that its font gives this text: ink is a sign, though the font may say that it is none, and a sign that
/// nobody knows may be a minus; without ink it is a gap.
fn letters(text: &str, is_blank: impl Fn() -> bool) -> String {
    let none = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}');
    if !text.contains(|c: char| none(c) || is_unread(c)) {
        return text.to_owned();
    }
    let blank = is_blank();
    let letter = |c: char| match c {
        c if !none(c) && !is_unread(c) => Some(c),
        _ if blank => is_unread(c).then_some(' '),
        '\u{ad}' => Some('-'),
        _ => Some(UNREAD),
    };
    text.chars().filter_map(letter).collect()
}

/// Whether nothing is drawn for a glyph.
fn is_blank(glyph: &PdfGlyph<'_>) -> bool {
    matches!(glyph, PdfGlyph::Outline(outlined) if outlined.outline().is_empty())
}

fn place(text: String, advance: f32, transform: Affine) -> Option<Glyph> {
    let origin = transform * KurboPoint::ZERO;
    let end = transform * KurboPoint::new(f64::from(advance), 0.0);
    let em_along = transform * KurboPoint::new(EM, 0.0) - origin;
    let em_up = transform * KurboPoint::new(0.0, EM) - origin;
    let (length, size) = (em_along.hypot(), em_up.hypot());
    if !(length.is_finite() && size.is_finite()) || length <= 0.0 || size < 0.5 {
        return None;
    }
    Some(Glyph {
        text: plain(&text),
        start: (origin.x as f32, origin.y as f32),
        u: ((em_along.x / length) as f32, (em_along.y / length) as f32),
        advance: (end - origin).hypot() as f32,
        size: size as f32,
    })
}

/// Ligatures as their letters, every kind of space as a space, soft hyphens and joiners gone.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{fb00}' => out.push_str("ff"),
            '\u{fb01}' => out.push_str("fi"),
            '\u{fb02}' => out.push_str("fl"),
            '\u{fb03}' => out.push_str("ffi"),
            '\u{fb04}' => out.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => out.push_str("st"),
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => {}
            c if c.is_whitespace() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Rows, words, lines. The page is turned so that most of its text reads across.
fn assemble(number: u32, glyphs: Vec<Glyph>, (width, height): (f32, f32)) -> PageText {
    let mut counts = [0_usize; 4];
    for glyph in &glyphs {
        counts[quadrant(glyph.u)] += 1;
    }
    let main = (0..4).max_by_key(|q| (counts[*q], 4 - *q)).unwrap_or(0);
    // Text that runs down the page (quadrant 1) is level after three quarter turns clockwise.
    let turns = (4 - main) % 4;
    let (w, h) = if turns % 2 == 0 { (width, height) } else { (height, width) };
    let mut by_quadrant: [Vec<Glyph>; 4] = Default::default();
    for mut glyph in glyphs {
        for _ in 0..turns {
            // A quarter turn clockwise of the page with y down: (x, y) → (height − y, x).
            glyph.u = (-glyph.u.1, glyph.u.0);
        }
        glyph.start = match turns {
            1 => (height - glyph.start.1, glyph.start.0),
            2 => (width - glyph.start.0, height - glyph.start.1),
            3 => (glyph.start.1, width - glyph.start.0),
            _ => glyph.start,
        };
        by_quadrant[quadrant(glyph.u)].push(glyph);
    }
    let mut lines: Vec<Line> = Vec::new();
    for glyphs in by_quadrant {
        lines.extend(layout::lines(runs(glyphs, (w, h))));
    }
    PageText {
        number,
        source: Source::Text,
        aspect: w / h.max(1.0),
        lines,
        quarter_turns: turns as u8,
        sharpness: None,
    }
}

/// 0 across, 1 down, 2 upside down, 3 up.
fn quadrant(u: (f32, f32)) -> usize {
    match (u.0.abs() >= u.1.abs(), u.0 >= 0.0, u.1 >= 0.0) {
        (true, true, _) => 0,
        (false, _, true) => 1,
        (true, false, _) => 2,
        (false, _, false) => 3,
    }
}

/// Glyphs of one direction into runs of words that stand close together.
fn runs(mut glyphs: Vec<Glyph>, page: (f32, f32)) -> Vec<Run> {
    let Some(u) = glyphs.first().map(|g| g.u) else { return Vec::new() };
    let along = |g: &Glyph| g.start.0 * u.0 + g.start.1 * u.1;
    let down = |g: &Glyph| g.start.1 * u.0 - g.start.0 * u.1;
    glyphs.sort_by(|a, b| down(a).total_cmp(&down(b)).then(along(a).total_cmp(&along(b))));
    let mut rows: Vec<Vec<Glyph>> = Vec::new();
    for glyph in glyphs {
        match rows.last_mut() {
            Some(row)
                if row.first().is_some_and(|first| {
                    down(&glyph) - down(first) < BASELINE * first.size.min(glyph.size)
                }) =>
            {
                row.push(glyph);
            }
            _ => rows.push(vec![glyph]),
        }
    }
    let mut out = Vec::new();
    for mut row in rows {
        row.sort_by(|a, b| along(a).total_cmp(&along(b)));
        row.dedup_by(|b, a| a.text == b.text && (along(b) - along(a)).abs() < 0.12 * a.size && a.text != " ");
        out.extend(row_runs(&row, page));
    }
    out
}

/// One row, left to right, cut at the gaps.
fn row_runs(row: &[Glyph], page: (f32, f32)) -> Vec<Run> {
    let mut runs: Vec<Vec<Vec<&Glyph>>> = Vec::new();
    let mut fresh = true;
    let mut previous: Option<&Glyph> = None;
    for glyph in row {
        if glyph.text.trim().is_empty() {
            fresh = true;
            continue;
        }
        let gap = previous.map_or(f32::MAX, |p| {
            let (dx, dy) = (glyph.start.0 - p.start.0, glyph.start.1 - p.start.1);
            (dx * p.u.0 + dy * p.u.1 - p.advance) / p.size.max(glyph.size)
        });
        if gap > GAP {
            runs.push(vec![vec![glyph]]);
        } else if let Some(run) = runs.last_mut() {
            match run.last_mut() {
                Some(word) if !fresh && gap <= SPACE => word.push(glyph),
                _ => run.push(vec![glyph]),
            }
        }
        fresh = false;
        previous = Some(glyph);
    }
    runs.iter().filter_map(|words| run_of(words, page)).collect()
}

fn run_of(words: &[Vec<&Glyph>], (w, h): (f32, f32)) -> Option<Run> {
    let strip = strip_of(words.iter().flatten().copied())?;
    let words = spaced_letters(words)
        .iter()
        .filter_map(|word| {
            let [x0, y0, x1, y1] = strip_of(word.iter().copied())?.bounds();
            Some(Word {
                text: word.iter().map(|g| g.text.as_str()).collect::<String>().trim().to_owned(),
                bbox: [x0 / w, y0 / h, x1 / w, y1 / h].map(|v| v.clamp(0.0, 1.0)),
                confidence: 1.0,
                doubtful: Vec::new(),
            })
        })
        .collect();
    Some(Run { strip, words })
}

/// `F A C T U R A` is one word: a run of four and more single letters, nothing else.
fn spaced_letters<'a>(words: &[Vec<&'a Glyph>]) -> Vec<Vec<&'a Glyph>> {
    let single = |w: &Vec<&Glyph>| w.len() == 1 && w.iter().all(|g| g.text.chars().all(char::is_alphabetic));
    if words.len() >= 4 && words.iter().all(single) { vec![words.concat()] } else { words.to_vec() }
}

/// From the first baseline start to the last end, from descender to ascender.
fn strip_of<'a>(glyphs: impl Iterator<Item = &'a Glyph>) -> Option<Strip> {
    let glyphs: Vec<&Glyph> = glyphs.collect();
    let (first, last) = (glyphs.first()?, glyphs.last()?);
    let size = glyphs.iter().map(|g| g.size).fold(0.0, f32::max);
    let u = first.u;
    let (dx, dy) = (last.start.0 - first.start.0, last.start.1 - first.start.1);
    let width = (dx * u.0 + dy * u.1 + last.advance).max(0.1 * size);
    // From 0.22 em under the baseline to 0.78 em above it.
    let (along, up) = (width / 2.0, 0.28 * size);
    let center = (first.start.0 + u.0 * along + u.1 * up, first.start.1 + u.1 * along - u.0 * up);
    Some(Strip { center, u, width, height: size })
}

#[cfg(test)]
mod tests;
