//! The whole reader in one pure function: bytes → [`Reading`].
//!
//! sniff → normalize → text and codes → understand → encode, in that order; a file that cannot be opened leaves as
//! [`Reading::refused`]. It runs inside the sandboxed child; nothing here touches a disk or the network.

use std::time::Duration;

use crate::{
    diagnostic::{self, guarded},
    document::Kind,
    effort::{Effort, Until},
    fields::Source,
    intake,
    limits::Limits,
    page,
    part::Part,
    reading::{
        Declared, Evidence, Fingerprint, Line, Normalized, Outcome, PagePixels, Reading, SeenWord, StageTime,
        Understanding,
    },
    reason::{Reason, ReasonCode},
    settle::{self, Looks, settle},
    text::{self, Models, OcrOptions},
    understand::opinion::Place,
};

/// A second look takes this many times as long as the first: more pixels, smaller print.
const CLOSER_COSTS: u64 = 3;
/// Percent of the file's time after which no further text is read in the first look, and in the second. What is left
/// is for encoding and for the parent's own clock.
const FIRST_PERCENT: u64 = 55;
const SECOND_PERCENT: u64 = 75;

/// Reads one file.
#[must_use]
pub fn read(bytes: &[u8], declared: &Declared, limits: &Limits, models: &Models) -> Reading {
    read_with(bytes, declared, limits, models, &mut |_| ())
}

/// Reads one file; `tell` hears each stage as it begins: `sniff`, `decode`, `ocr`, `understand`, `encode`.
#[must_use]
pub fn read_with(
    bytes: &[u8],
    declared: &Declared,
    limits: &Limits,
    models: &Models,
    tell: &mut dyn FnMut(&str),
) -> Reading {
    let mut clock = Clock::new(limits);
    tell("sniff");
    let sniffed = match clock.time("sniff", || intake::sniff(bytes, declared, limits)) {
        Ok(sniffed) => sniffed,
        Err(reason) => return refused("application/octet-stream", reason, clock),
    };
    let media_type = sniffed.format.media_type();
    tell("decode");
    let mut normalized = match clock.time("decode", || intake::normalize(sniffed, bytes, limits)) {
        Ok(normalized) => normalized,
        Err(reason) => return refused(media_type, reason, clock),
    };
    clock.time("decode", || take_layers(&mut normalized, bytes, limits));
    if let Some(part) = &declared.part {
        part.keep_pages(&mut normalized);
    }
    let sense = make_sense(&mut normalized, declared, limits, models, &mut clock, tell);
    tell("encode");
    let started = Effort::begin();
    let reading = finish(normalized, sense, limits);
    clock.add("encode", started);
    Reading { timings: clock.spent, ..reading }
}

/// Sniffs and decodes, with a PDF's own text: all that comes before OCR.
///
/// # Errors
/// Why the file cannot be opened.
pub fn open(bytes: &[u8], declared: &Declared, limits: &Limits) -> Result<Normalized, Reason> {
    let sniffed = intake::sniff(bytes, declared, limits)?;
    let mut normalized = intake::normalize(sniffed, bytes, limits)?;
    take_layers(&mut normalized, bytes, limits);
    Ok(normalized)
}

/// A PDF's own text.
fn take_layers(normalized: &mut Normalized, bytes: &[u8], limits: &Limits) {
    if normalized.layers.is_empty() && normalized.media_type == "application/pdf" {
        normalized.layers = text::layers(bytes, limits, &mut normalized.diagnostics);
    }
}

/// What was made of a file.
struct Sense {
    evidence: Evidence,
    understanding: Understanding,
    /// Of the first page as it was sent, upright: a cut that another photo of it did not get must not make it another
    /// picture.
    fingerprint: Option<Fingerprint>,
}

/// Text and its meaning; looks a second time, closer, where time allows.
fn make_sense(
    normalized: &mut Normalized,
    declared: &Declared,
    limits: &Limits,
    models: &Models,
    clock: &mut Clock,
    tell: &mut dyn FnMut(&str),
) -> Sense {
    let options = OcrOptions { until: Some(clock.at_percent(FIRST_PERCENT)), ..OcrOptions::default() };
    if let Some(part) = declared.part.as_ref().filter(|part| part.bbox().is_some()) {
        clock.time("ocr", || cut_out(part, normalized, &options, models));
    }
    let (mut evidence, times) = text::gather(normalized, &options, limits, models, tell);
    times.into_iter().for_each(|time| clock.spend(&time.stage, Duration::from_millis(time.duration_ms)));
    evidence.sender_country.clone_from(&declared.sender_country);
    let fingerprint = normalized.pages.first().map(|page| intake::fingerprint::fingerprint(&page.rgb));
    tell("understand");
    let started = Effort::begin();
    let mut looks = InTime {
        until: clock.at_percent(SECOND_PERCENT),
        closer_takes: second_look(&evidence, clock),
        normalized,
        models,
        tell,
        closer: None,
        spent: Duration::ZERO,
    };
    let (evidence, understanding) = settle(evidence, limits, &mut looks);
    let looked = looks.spent;
    clock.spend("ocr", looked);
    clock.spend("understand", started.spent().saturating_sub(looked));
    Sense { evidence, understanding, fingerprint }
}

/// Cuts a part out of its page, set upright as it was when someone said where the part is.
fn cut_out(part: &Part, normalized: &mut Normalized, options: &OcrOptions, models: &Models) {
    for page in &mut normalized.pages {
        // A page that cannot be read is as upright as it will be.
        let turned = text::looked("ocr", page.number, || text::read_page(page, options, models));
        normalized.diagnostics.extend(turned.err());
        part.cut(page);
    }
}

/// Looks at the pixels again while there is time.
struct InTime<'a> {
    normalized: &'a mut Normalized,
    models: &'a Models,
    until: Until,
    closer_takes: Duration,
    tell: &'a mut dyn FnMut(&str),
    closer: Option<PagePixels>,
    spent: Duration,
}

impl Looks for InTime<'_> {
    fn closer(&mut self, first: &Evidence, kind: Kind) -> Option<Evidence> {
        if !self.until.leaves(self.closer_takes) {
            return None;
        }
        let started = Effort::begin();
        (self.tell)("ocr");
        let closely = OcrOptions { until: Some(self.until), ..settle::CLOSELY };
        let seen = settle::closer(self.normalized, first, kind, &closely, self.models);
        self.spent += started.spent();
        let seen = seen.unwrap_or_else(|why| self.untold(why))?;
        self.closer = Some(seen.page);
        Some(seen.evidence)
    }

    fn adopt(&mut self) {
        if let Some(closer) = self.closer.take()
            && let Some(page) = self.normalized.pages.iter_mut().find(|p| p.number == closer.number)
        {
            *page = closer;
        }
    }

    fn again(&mut self, seen: &Evidence, place: Place) -> Vec<Line> {
        if self.until.is_over() {
            return Vec::new();
        }
        let started = Effort::begin();
        let lines = settle::again(self.normalized, seen, place, self.models);
        self.spent += started.spent();
        lines.unwrap_or_else(|why| self.untold(why))
    }
}

impl InTime<'_> {
    /// A look that failed sees nothing; why, is kept.
    fn untold<T: Default>(&mut self, why: diagnostic::Diagnostic) -> T {
        self.normalized.diagnostics.push(why);
        T::default()
    }
}

/// How long another look at the first page will take, by what the pages took so far.
fn second_look(evidence: &Evidence, clock: &Clock) -> Duration {
    let pages = evidence.pages.iter().filter(|page| page.source == Source::Ocr).count().max(1) as u64;
    let ocr = clock.spent.iter().find(|t| t.stage == "ocr").map_or(0, |t| t.duration_ms);
    Duration::from_millis(ocr / pages * CLOSER_COSTS)
}

fn finish(mut normalized: Normalized, sense: Sense, limits: &Limits) -> Reading {
    let Sense { evidence, mut understanding, fingerprint } = sense;
    let mut words = seen_words(&evidence);
    let notes = level(&mut normalized, &evidence, &mut understanding, &mut words);
    // Whoever doubts the file doubts its parts; and no page may be in none of them.
    let whole =
        normalized.reasons.is_empty() && Part::split(&understanding.parts, 1..=normalized.page_count).is_ok();
    let parts = if whole { understanding.parts } else { Vec::new() };
    let mut reasons = normalized.reasons;
    reasons.extend(understanding.reasons);
    let mut pages = Vec::new();
    for page in &normalized.pages {
        match intake::encode::page(&page.rgb) {
            Ok(picture) => pages.push(picture),
            Err(reason) => reasons.push(reason.with("page", page.number)),
        }
    }
    let first = normalized.pages.first();
    Reading {
        media_type: normalized.media_type,
        outcome: if reasons.is_empty() { Outcome::Accepted } else { Outcome::Review },
        reasons,
        parts,
        kind: Some(understanding.kind),
        confidence: understanding.confidence,
        id_probability: understanding.id_probability,
        language: understanding.language,
        fields: understanding.fields,
        text: plain_text(&evidence),
        words: words.into_iter().filter_map(rounded).collect(),
        page_count: normalized.page_count,
        pages,
        thumbnail: first
            .and_then(|page| intake::encode::thumbnail(&page.rgb, limits.thumbnail_side_px).ok())
            .unwrap_or_default(),
        fingerprint,
        notes,
        because: understanding.because,
        doubts: understanding.doubts,
        diagnostics: normalized.diagnostics.into_iter().take(diagnostic::MOST).collect(),
        timings: Vec::new(),
    }
}

/// Most words kept of a document: what more there is, nobody points at.
const MOST_WORDS: usize = 20_000;
/// Longest word kept, characters.
const WORD_CHARS: usize = 200;

/// The words of all pages, where they were read.
fn seen_words(evidence: &Evidence) -> Vec<SeenWord> {
    let words = evidence.pages.iter().flat_map(|page| {
        page.lines.iter().flat_map(|line| &line.words).map(|word| SeenWord {
            page: page.number,
            text: word.text.chars().take(WORD_CHARS).collect(),
            bbox: word.bbox,
            confidence: word.confidence,
        })
    });
    words.take(MOST_WORDS).collect()
}

/// A word in as many digits as a pixel needs; none of what a cut left off the page.
fn rounded(word: SeenWord) -> Option<SeenWord> {
    let digits = |value: f32| (value.clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0;
    let bbox = word.bbox.map(digits);
    let [x0, y0, x1, y1] = bbox;
    (x1 > x0 && y1 > y0).then(|| SeenWord { bbox, confidence: digits(word.confidence), ..word })
}

/// Cuts crooked pages out of their photos and sets them level, and moves the boxes along; the evidence's notes, and one
/// for each cut.
fn level(
    normalized: &mut Normalized,
    evidence: &Evidence,
    understanding: &mut Understanding,
    words: &mut [SeenWord],
) -> Vec<String> {
    let mut notes = evidence.notes.clone();
    if understanding.reasons.iter().any(|r| r.code == ReasonCode::MultipleDocuments) {
        // Whoever parts them must see them all, where the reason says they lie.
        return notes;
    }
    for page in &mut normalized.pages {
        let text = evidence.pages.iter().find(|t| t.number == page.number && t.source == Source::Ocr);
        let codes = settle::codes_on(&evidence.barcodes, page.number);
        let cut_out = understanding.kind != Kind::Id;
        let levelled = guarded("level", Some(page.number), || page::level(&page.rgb, text?, &codes, cut_out));
        let levelled = levelled.unwrap_or_else(|why| {
            normalized.diagnostics.push(why);
            None
        });
        let Some(levelled) = levelled else { continue };
        for field in understanding.fields.values_mut().filter(|field| field.page == Some(page.number)) {
            field.bbox = field.bbox.map(|bbox| levelled.place(bbox));
        }
        for word in words.iter_mut().filter(|word| word.page == page.number) {
            word.bbox = levelled.place(word.bbox);
        }
        notes.extend(levelled.note(page.number));
        page.rgb = levelled.rgb;
    }
    notes
}

/// Lines by page, a form feed between pages.
fn plain_text(evidence: &Evidence) -> String {
    let page = |lines: &[Line]| lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
    evidence.pages.iter().map(|p| page(&p.lines)).collect::<Vec<_>>().join("\u{c}")
}

fn refused(media_type: &str, reason: Reason, clock: Clock) -> Reading {
    Reading { timings: clock.spent, ..Reading::refused(media_type, reason) }
}

/// Where the time goes, and how much there is.
struct Clock {
    begun: Effort,
    all: Duration,
    spent: Vec<StageTime>,
}

impl Clock {
    fn new(limits: &Limits) -> Self {
        Self { begun: Effort::begin(), all: Duration::from_millis(limits.read_ms), spent: Vec::new() }
    }

    /// Where this much of the file's time is spent.
    fn at_percent(&self, percent: u64) -> Until {
        self.begun.until(self.all.mul_f64(percent as f64 / 100.0))
    }

    fn time<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
        let started = Effort::begin();
        let done = work();
        self.add(stage, started);
        done
    }

    /// Adds to the stage's earlier time, if it had any.
    fn add(&mut self, stage: &str, started: Effort) {
        self.spend(stage, started.spent());
    }

    fn spend(&mut self, stage: &str, spent: Duration) {
        let spent = spent.as_millis() as u64;
        match self.spent.iter_mut().find(|t| t.stage == stage) {
            Some(time) => time.duration_ms += spent,
            None => self.spent.push(StageTime { stage: stage.to_owned(), duration_ms: spent }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_kept_where_it_stands_on_the_page() {
        let word = |bbox| SeenWord { page: 1, text: "TOTAL".into(), bbox, confidence: 0.987_654 };
        let kept = rounded(word([0.123_456, 0.2, 0.345_678, 1.2])).unwrap();
        assert_eq!((kept.bbox, kept.confidence), ([0.1235, 0.2, 0.3457, 1.0], 0.9877));
        assert!(rounded(word([-0.4, 0.2, -0.1, 0.3])).is_none(), "a cut left it off the page");
    }

    #[test]
    fn the_clock_adds_up_one_entry_a_stage() {
        let mut clock = Clock::new(&Limits::default());
        clock.time("ocr", || ());
        clock.time("encode", || ());
        clock.time("ocr", || ());
        let stages: Vec<&str> = clock.spent.iter().map(|t| t.stage.as_str()).collect();
        assert_eq!(stages, ["ocr", "encode"]);
    }
}
