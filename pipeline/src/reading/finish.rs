//! The answer: pages cut out and set level with the boxes on them, encoded; words, text and reasons.

use super::{
    Evidence, Line, Normalized, Outcome, PagePicture, PageText, Reading, SeenWord, Understanding,
    escalate::codes_on,
    received::{self, Change},
    road::Sense,
};
use crate::{
    diagnostic::{self, guarded},
    document::Kind,
    fields::Source,
    intake,
    limits::Limits,
    page,
    part::Part,
    reason::ReasonCode,
};

/// The reading of a file whose pages were made sense of.
pub(super) fn finish(mut normalized: Normalized, sense: Sense, limits: &Limits) -> Reading {
    let Sense { evidence, mut understanding, fingerprint } = sense;
    let mut words = seen_words(&evidence);
    let notes = level(&mut normalized, &evidence, &mut understanding, &mut words);
    keep_turned(&mut normalized, &evidence);
    // Whoever doubts the file doubts its parts; and no page may be in none of them.
    let whole =
        normalized.reasons.is_empty() && Part::split(&understanding.parts, 1..=normalized.page_count).is_ok();
    let parts = if whole { understanding.parts } else { Vec::new() };
    let mut reasons = normalized.reasons;
    reasons.extend(understanding.reasons);
    let mut pages = Vec::new();
    for page in &normalized.pages {
        match intake::encode::page(&page.rgb) {
            Ok(picture) => {
                let received = normalized.received.remove(&page.number);
                let changed = received.is_some();
                pages.push(PagePicture { changed, received: received.unwrap_or_default(), ..picture });
            }
            Err(reason) => reasons.push(reason.with("page", page.number)),
        }
    }
    received::fit(&mut pages, limits);
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
/// Most characters of a word that are told apart as hard to read: with more of them it is the word.
const MOST_DOUBTFUL: usize = 8;

/// The characters that were hard to read, or all of their word: its own confidence, a mean, may say nothing of them.
fn told_apart(doubtful: &[[f32; 2]]) -> Vec<[f32; 2]> {
    if doubtful.len() > MOST_DOUBTFUL { vec![[0.0, 1.0]] } else { doubtful.to_vec() }
}

/// The words of all pages, where they were read.
fn seen_words(evidence: &Evidence) -> Vec<SeenWord> {
    let words = evidence.pages.iter().flat_map(|page| {
        page.lines.iter().flat_map(|line| &line.words).map(|word| SeenWord {
            page: page.number,
            text: word.text.chars().take(WORD_CHARS).collect(),
            bbox: word.bbox,
            confidence: word.confidence,
            doubtful: told_apart(&word.doubtful),
        })
    });
    words.take(MOST_WORDS).collect()
}

/// A word in as many digits as a pixel needs; none of what a cut left off the page.
fn rounded(word: SeenWord) -> Option<SeenWord> {
    let digits = |value: f32| (value.clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0;
    let bbox = word.bbox.map(digits);
    let [x0, y0, x1, y1] = bbox;
    let doubtful: Vec<_> = word.doubtful.iter().map(|span| span.map(digits)).collect();
    (x1 > x0 && y1 > y0).then(|| SeenWord { bbox, confidence: digits(word.confidence), doubtful, ..word })
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
        let codes = codes_on(&evidence.barcodes, page.number);
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
        let change = Change::of(&levelled, quarter_turns(&evidence.pages, page.number));
        received::keep(&mut normalized.received, &normalized.media_type, page, change);
        page.rgb = levelled.rgb;
    }
    notes
}

/// Quarter turns that set a page upright.
fn quarter_turns(pages: &[PageText], number: u32) -> u8 {
    pages.iter().find(|page| page.number == number).map_or(0, |page| page.quarter_turns)
}

/// Keeps the pages as they came that nothing happened to but that they were turned.
fn keep_turned(normalized: &mut Normalized, evidence: &Evidence) {
    for page in &normalized.pages {
        let turns = quarter_turns(&evidence.pages, page.number);
        if !turns.is_multiple_of(4) {
            let change = Change::Turned(turns);
            received::keep(&mut normalized.received, &normalized.media_type, page, change);
        }
    }
}

/// Lines by page, a form feed between pages.
fn plain_text(evidence: &Evidence) -> String {
    let page = |lines: &[Line]| lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
    evidence.pages.iter().map(|p| page(&p.lines)).collect::<Vec<_>>().join("\u{c}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_word_with_many_characters_that_were_hard_to_read_it_is_all() {
        let hard = [[0.1, 0.2]; MOST_DOUBTFUL + 1];
        assert_eq!(told_apart(&hard), [[0.0, 1.0]]);
        assert_eq!(told_apart(&hard[1..]), hard[1..]);
    }

    #[test]
    fn a_word_is_kept_where_it_stands_on_the_page() {
        let word = |bbox| SeenWord {
            page: 1,
            text: "TOTAL".into(),
            bbox,
            confidence: 0.987_654,
            doubtful: vec![[0.333_333, 0.5]],
        };
        let kept = rounded(word([0.123_456, 0.2, 0.345_678, 1.2])).unwrap();
        assert_eq!((kept.bbox, kept.confidence), ([0.1235, 0.2, 0.3457, 1.0], 0.9877));
        assert_eq!(kept.doubtful, [[0.3333, 0.5]]);
        assert!(rounded(word([-0.4, 0.2, -0.1, 0.3])).is_none(), "a cut left it off the page");
    }
}
