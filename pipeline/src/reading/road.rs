//! The whole reader in one pure function: bytes → [`Reading`].
//!
//! sniff → normalize → text and codes → understand → encode, in that order; a file that cannot be opened leaves as
//! [`Reading::refused`]. It runs inside the sandboxed child; nothing here touches a disk or the network.

use std::time::Duration;

use time::OffsetDateTime;

use super::{
    Declared, Evidence, Fingerprint, Line, Normalized, PagePixels, Reading, Understanding,
    budget::{Budget, Effort, Until},
    escalate::{self, Looks, escalate},
    finish::finish,
    open::{cut_out, take_layers},
    received::{self, Change},
    verify,
};
use crate::{
    diagnostic,
    document::Kind,
    fields::Source,
    intake,
    limits::Limits,
    reason::Reason,
    text::{self, Models, OcrOptions},
    understand::digit_check::Place,
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
    let mut budget = Budget::new(limits);
    tell("sniff");
    let sniffed = match budget.time("sniff", || intake::sniff(bytes, declared, limits)) {
        Ok(sniffed) => sniffed,
        Err(reason) => return refused("application/octet-stream", reason, budget),
    };
    let media_type = sniffed.format.media_type();
    tell("decode");
    let mut normalized = match budget.time("decode", || intake::normalize(sniffed, bytes, limits)) {
        Ok(normalized) => normalized,
        Err(reason) => return refused(media_type, reason, budget),
    };
    budget.time("decode", || take_layers(&mut normalized, bytes, limits));
    if let Some(part) = &declared.part {
        part.keep_pages(&mut normalized);
    }
    let sense = make_sense(&mut normalized, declared, limits, models, &mut budget, tell);
    tell("encode");
    let started = Effort::begin();
    let reading = finish(normalized, sense, limits);
    budget.add("encode", started);
    Reading { timings: budget.spent, ..reading }
}

/// What was made of a file.
pub(super) struct Sense {
    pub(super) evidence: Evidence,
    pub(super) understanding: Understanding,
    /// Of the first page as it was sent, upright: a cut that another photo of it did not get must not make it another
    /// picture.
    pub(super) fingerprint: Option<Fingerprint>,
}

/// Text and its meaning; looks a second time, closer, where time allows.
fn make_sense(
    normalized: &mut Normalized,
    declared: &Declared,
    limits: &Limits,
    models: &Models,
    budget: &mut Budget,
    tell: &mut dyn FnMut(&str),
) -> Sense {
    let options = OcrOptions { until: Some(budget.at_percent(FIRST_PERCENT)), ..OcrOptions::default() };
    if let Some(part) = declared.part.as_ref().filter(|part| part.bbox().is_some()) {
        budget.time("ocr", || cut_out(part, normalized, &options, models));
    }
    let (mut evidence, times) = text::gather(normalized, &options, limits, models, tell);
    times.into_iter().for_each(|time| budget.spend(&time.stage, Duration::from_millis(time.duration_ms)));
    evidence.sender_country.clone_from(&declared.sender_country);
    let fingerprint = normalized.pages.first().map(|page| intake::fingerprint::fingerprint(&page.rgb));
    tell("understand");
    let started = Effort::begin();
    let mut looks = InTime {
        until: budget.at_percent(SECOND_PERCENT),
        closer_takes: second_look(&evidence, budget),
        normalized,
        models,
        tell,
        closer: None,
        spent: Duration::ZERO,
    };
    let (evidence, understanding) = escalate(evidence, limits, &mut looks, OffsetDateTime::now_utc().date());
    let looked = looks.spent;
    budget.spend("ocr", looked);
    budget.spend("understand", started.spent().saturating_sub(looked));
    Sense { evidence, understanding, fingerprint }
}

/// Looks at the pixels again while there is time.
struct InTime<'a> {
    normalized: &'a mut Normalized,
    models: &'a Models,
    until: Until,
    closer_takes: Duration,
    tell: &'a mut dyn FnMut(&str),
    /// The page as it was looked at, and what was done to it for that.
    closer: Option<(PagePixels, Option<Change>)>,
    spent: Duration,
}

impl Looks for InTime<'_> {
    fn closer(&mut self, first: &Evidence, kind: Kind) -> Option<Evidence> {
        if !self.until.leaves(self.closer_takes) {
            return None;
        }
        let started = Effort::begin();
        (self.tell)("ocr");
        let closely = OcrOptions { until: Some(self.until), ..escalate::CLOSELY };
        let seen = escalate::closer(self.normalized, first, kind, &closely, self.models);
        self.spent += started.spent();
        let seen = seen.unwrap_or_else(|why| self.untold(why))?;
        self.closer = Some((seen.page, seen.change));
        Some(seen.evidence)
    }

    fn adopt(&mut self) {
        let Some((closer, change)) = self.closer.take() else { return };
        let Normalized { pages, received, media_type, .. } = &mut *self.normalized;
        let Some(page) = pages.iter_mut().find(|page| page.number == closer.number) else { return };
        if let Some(change) = change {
            received::keep(received, media_type, page, change);
        }
        *page = closer;
    }

    fn reread(&mut self, seen: &Evidence, place: Place) -> Vec<Line> {
        if self.until.is_over() {
            return Vec::new();
        }
        let started = Effort::begin();
        let lines = verify::reread(self.normalized, seen, place, self.models);
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
fn second_look(evidence: &Evidence, budget: &Budget) -> Duration {
    let pages = evidence.pages.iter().filter(|page| page.source == Source::Ocr).count().max(1) as u64;
    let ocr = budget.spent.iter().find(|t| t.stage == "ocr").map_or(0, |t| t.duration_ms);
    Duration::from_millis(ocr / pages * CLOSER_COSTS)
}

fn refused(media_type: &str, reason: Reason, budget: Budget) -> Reading {
    Reading { timings: budget.spent, ..Reading::refused(media_type, reason) }
}
