//! Reads files as the product does, and keeps what was read of each by its content.
//!
//! Kept is the evidence, not its meaning: an edit under `understand/` is scored in seconds; an edit under `text/`,
//! `intake/`, `page/` or `reading/` (or other models) begins anew, because their source is part of the key.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use acuse_pipeline::{
    document::Kind,
    intake::encode,
    limits::Limits,
    reading::{
        Declared, Evidence, Line, Normalized, StageTime, Understanding,
        escalate::{self, Looks, escalate},
        open, verify,
    },
    reason::Reason,
    text::{self, Models, OcrOptions},
    understand::digit_check::Place,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Date, OffsetDateTime};

use crate::copies::Copy;

const THUMBNAIL_PX: u32 = 360;

/// What a file showed before anyone said what it means.
#[derive(Serialize, Deserialize)]
pub enum Seen {
    Refused(Reason),
    Opened(Box<Opened>),
}

#[derive(Serialize, Deserialize)]
pub struct Opened {
    evidence: Evidence,
    /// The second look, once it was asked for.
    closer: Option<Evidence>,
    /// What was read again, by its place.
    #[serde(default)]
    again: BTreeMap<String, Vec<Line>>,
    /// Reasons of the intake.
    pub reasons: Vec<Reason>,
    /// When it was first read, both cores busy.
    pub timings: Vec<StageTime>,
    /// A small JPEG of the first page.
    #[serde(default)]
    pub thumbnail: Vec<u8>,
}

pub struct Reader {
    models: Models,
    limits: Limits,
    cache: PathBuf,
    today: Date,
}

impl Reader {
    /// A reader with the models of a folder, keeping evidence under `cache`.
    pub fn new(models: &Path, cache: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let mut hash = Sha256::new();
        for folder in ["src/text", "src/intake", "src/page", "src/reading"] {
            hash_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut hash)?;
        }
        for entry in sorted(models)? {
            hash.update(entry.file_name().unwrap_or_default().as_encoded_bytes());
            hash.update(fs::metadata(&entry)?.len().to_le_bytes());
        }
        let cache = cache.join(&hex::encode(hash.finalize())[..16]);
        fs::create_dir_all(&cache)?;
        Ok(Self {
            models: Models::load(models)?,
            limits: Limits::default(),
            cache,
            today: OffsetDateTime::now_utc().date(),
        })
    }

    /// Reads a copy of a file: `None` where it has no such copy.
    pub fn read(&self, bytes: &[u8], copy: Copy) -> io::Result<Option<(Seen, Option<Understanding>)>> {
        let key = format!("{}-{}.json", hex::encode(Sha256::digest(bytes)), copy.name());
        let path = self.cache.join(key);
        let kept = fs::read(&path).ok().and_then(|kept| serde_json::from_slice(&kept).ok());
        let (mut seen, mut news) = match kept {
            Some(seen) => (seen, false),
            None => match copy.of(bytes) {
                Some(bytes) => (self.see(&bytes), true),
                None => return Ok(None),
            },
        };
        let understood = match &mut seen {
            Seen::Refused(_) => None,
            Seen::Opened(opened) => {
                let Opened { evidence, closer, again, timings, .. } = opened.as_mut();
                let open = || self.opened(copy.of(bytes)?);
                let mut looks = Kept {
                    open,
                    reader: self,
                    closer,
                    again,
                    timings,
                    first: None,
                    adopted: false,
                    news: false,
                };
                let (_, understood) = escalate(evidence.clone(), &self.limits, &mut looks, self.today);
                news |= looks.news;
                Some(understood)
            }
        };
        if news {
            fs::write(&path, serde_json::to_vec(&seen)?)?;
        }
        Ok(Some((seen, understood)))
    }

    fn see(&self, bytes: &[u8]) -> Seen {
        let started = Instant::now();
        let mut normalized = match open(bytes, &Declared::default(), &self.limits) {
            Ok(normalized) => normalized,
            Err(reason) => return Seen::Refused(reason),
        };
        let duration_ms = started.elapsed().as_millis() as u64;
        let mut timings = vec![StageTime { stage: "decode".to_owned(), duration_ms }];
        let (evidence, times) =
            text::gather(&mut normalized, &OcrOptions::default(), &self.limits, &self.models, &mut |_| ());
        timings.extend(times);
        let first = normalized.pages.first();
        let thumbnail = first.and_then(|p| encode::thumbnail(&p.rgb, THUMBNAIL_PX).ok()).unwrap_or_default();
        Seen::Opened(Box::new(Opened {
            evidence,
            closer: None,
            again: BTreeMap::new(),
            reasons: normalized.reasons,
            timings,
            thumbnail,
        }))
    }

    fn opened(&self, bytes: Vec<u8>) -> Option<Normalized> {
        open(&bytes, &Declared::default(), &self.limits).ok()
    }
}

/// Looks again at the pixels of a copy, unless it did so before.
struct Kept<'a, F> {
    open: F,
    reader: &'a Reader,
    closer: &'a mut Option<Evidence>,
    again: &'a mut BTreeMap<String, Vec<Line>>,
    timings: &'a mut Vec<StageTime>,
    first: Option<(Evidence, Kind)>,
    adopted: bool,
    news: bool,
}

impl<F: Fn() -> Option<Normalized>> Kept<'_, F> {
    /// The copy's pixels, turned as they were when it was seen.
    fn upright(&self, seen: &Evidence) -> Option<Normalized> {
        let mut normalized = (self.open)()?;
        for page in &mut normalized.pages {
            let turned = seen.pages.iter().find(|p| p.number == page.number).map_or(0, |p| p.quarter_turns);
            page.rgb = encode::rotated(std::mem::take(&mut page.rgb), turned);
        }
        Some(normalized)
    }

    fn spent(&mut self, stage: &str, started: Instant) {
        let duration_ms = started.elapsed().as_millis() as u64;
        self.timings.push(StageTime { stage: stage.to_owned(), duration_ms });
        self.news = true;
    }
}

impl<F: Fn() -> Option<Normalized>> Looks for Kept<'_, F> {
    fn closer(&mut self, first: &Evidence, kind: Kind) -> Option<Evidence> {
        self.first = Some((first.clone(), kind));
        if self.closer.is_none() {
            let normalized = self.upright(first)?;
            let started = Instant::now();
            let models = &self.reader.models;
            let seen = escalate::closer(&normalized, first, kind, &escalate::CLOSELY, models);
            *self.closer = seen.ok().flatten().map(|seen| seen.evidence);
            self.spent("closer look", started);
        }
        self.closer.clone()
    }

    fn adopt(&mut self) {
        self.adopted = true;
    }

    fn reread(&mut self, seen: &Evidence, place: Place) -> Vec<Line> {
        let key = format!("{} {:?}", place.page, place.bbox);
        if let Some(kept) = self.again.get(&key) {
            return kept.clone();
        }
        let Some(mut normalized) = self.upright(seen) else { return Vec::new() };
        if let (true, Some((first, kind))) = (self.adopted, &self.first) {
            // The pixels of the closer look are not kept: it is taken once more.
            let models = &self.reader.models;
            let Some(closer) = self
                .upright(first)
                .and_then(|n| escalate::closer(&n, first, *kind, &escalate::CLOSELY, models).ok()?)
            else {
                return Vec::new();
            };
            normalized.pages.retain(|page| page.number != closer.page.number);
            normalized.pages.push(closer.page);
        }
        let started = Instant::now();
        let lines = verify::reread(&normalized, seen, place, &self.reader.models).unwrap_or_default();
        self.spent("second opinion", started);
        self.again.insert(key, lines.clone());
        lines
    }
}

impl Opened {
    pub fn pages(&self) -> usize {
        self.evidence.pages.len().max(1)
    }

    /// Of the first look.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}

fn hash_tree(folder: &Path, hash: &mut Sha256) -> io::Result<()> {
    for entry in sorted(folder)? {
        if entry.is_dir() {
            hash_tree(&entry, hash)?;
        } else {
            hash.update(fs::read(&entry)?);
        }
    }
    Ok(())
}
