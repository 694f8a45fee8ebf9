//! `acuse read PATH…`: one answer a file, in input order. No server, no database.
//!
//! Files are read in the sandbox, as many at once as `ACUSE_READ_CONCURRENCY` says; answers wait for those before.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use acuse_pipeline::{
    document::Kind,
    fields::Fields,
    reading::{Declared, Outcome, Reading},
    reason::{Reason, ReasonCode},
};
use acuse_workers::sandbox::Sandbox;
use anyhow::Context;
use clap::Args;
use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{config::Config, services};

mod picture;

/// What to read, and how to tell it.
#[derive(Args)]
pub struct Read {
    /// Files or folders (walked in name order; hidden files are left out).
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Also tell the evidence for the decision (on stderr with --json).
    #[arg(long)]
    explain: bool,
    /// Draw the first page with the boxes of what was read (one file).
    #[arg(long, value_name = "OUT.png")]
    picture: Option<PathBuf>,
}

/// One line of the answer, as DESIGN fixes it.
#[derive(Serialize)]
struct Line<'a> {
    path: String,
    outcome: Outcome,
    reason: Option<ReasonCode>,
    media_type: &'a str,
    pages: u32,
    kind: Kind,
    confidence: f32,
    fields: &'a Fields,
    duration_ms: u64,
}

/// A file and what is said of it.
struct Done {
    path: PathBuf,
    reading: Reading,
    duration_ms: u64,
    /// The world failed, not the file.
    failed: bool,
}

impl Read {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let paths = walk(&self.paths);
        if self.picture.is_some() && paths.len() != 1 {
            anyhow::bail!("--picture draws one file; name one");
        }
        let sandbox = services::sandbox(&config.reading).await?;
        let progress = Progress::new(paths.len());
        let mut answers =
            stream::iter(paths).map(|path| read_one(&sandbox, path)).buffered(config.reading.concurrency);
        let mut all_done = true;
        while let Some(done) = answers.next().await {
            progress.step(&done);
            all_done &= !done.failed;
            self.tell(&done)?;
            if let Some(out) = &self.picture {
                picture::draw(&done.reading, out)
                    .with_context(|| format!("cannot draw {}", out.display()))?;
            }
        }
        progress.finish();
        Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn tell(&self, done: &Done) -> anyhow::Result<()> {
        let reading = &done.reading;
        let line = if self.json {
            serde_json::to_string(&Line {
                path: done.path.to_string_lossy().into_owned(),
                outcome: reading.outcome,
                reason: reading.reasons.first().map(|r| r.code),
                media_type: &reading.media_type,
                pages: reading.page_count,
                // What could not be opened is no kind we know.
                kind: reading.kind.unwrap_or(Kind::Other),
                confidence: reading.confidence,
                fields: &reading.fields,
                duration_ms: done.duration_ms,
            })?
        } else {
            in_words(done)
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}").context("cannot write the answer")?;
        if self.explain {
            let text = explained(reading);
            if self.json {
                eprint!("{}\n{text}", done.path.display());
            } else {
                write!(out, "{text}")?;
            }
        }
        Ok(())
    }
}

async fn read_one(sandbox: &Sandbox, path: PathBuf) -> Done {
    let started = Instant::now();
    let (reading, failed) = match attempt(sandbox, &path).await {
        Ok(reading) => (reading, false),
        Err(error) => {
            let message = format!("{error:#}");
            eprintln!("acuse: {}: {message}", path.display());
            (Reading::refused("application/octet-stream", Reason::new(ReasonCode::Unreadable, message)), true)
        }
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Done { path, reading, duration_ms, failed }
}

async fn attempt(sandbox: &Sandbox, path: &Path) -> anyhow::Result<Reading> {
    let meta = tokio::fs::metadata(path).await.context("cannot look at it")?;
    anyhow::ensure!(meta.is_file(), "is no file");
    let file = tokio::fs::File::open(path).await.context("cannot open it")?;
    let filename = path.file_name().map(|n| n.to_string_lossy().into_owned());
    let declared = Declared { filename, ..Declared::default() };
    Ok(sandbox.read(file, meta.len(), &declared).await?)
}

/// Files in the order they were named; folders in name order, all the way down. Links to folders are not followed.
pub fn walk(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk_folder(path, &mut files);
        } else {
            files.push(path.clone());
        }
    }
    files
}

fn walk_folder(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            eprintln!("acuse: {}: {error}", folder.display());
            return;
        }
    };
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk_folder(&entry.path(), files),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            Ok(_) if entry.path().is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}

fn in_words(done: &Done) -> String {
    let reading = &done.reading;
    let what = match (reading.outcome, reading.reasons.first()) {
        (Outcome::Accepted, _) => "accepted".to_owned(),
        (Outcome::Review, Some(reason)) => format!("review: {} ({})", reason.code, reason.message),
        (Outcome::Review, None) => "review".to_owned(),
    };
    let kind = reading.kind.map_or("-", Kind::as_str);
    let mut text = format!(
        "{}\n  {kind} {:.2} · {what} · {} ms",
        done.path.display(),
        reading.confidence,
        done.duration_ms
    );
    for (name, field) in &reading.fields {
        text.push_str(&format!("\n  {name}: {} ({:.2}, {})", field.value, field.confidence, field.source));
    }
    text
}

fn explained(reading: &Reading) -> String {
    let mut text = String::new();
    let because = reading.because.iter().map(|b| ("because", b.clone()));
    let notes = reading.notes.iter().map(|n| ("note", n.clone()));
    let reasons = reading.reasons.iter().map(|r| {
        let detail = serde_json::to_string(&r.detail).unwrap_or_default();
        ("reason", format!("{}: {} {detail}", r.code, r.message))
    });
    let split = (!reading.parts.is_empty()).then(|| {
        ("split", format!("it would be split by itself into its {} documents", reading.parts.len()))
    });
    let failed = reading.diagnostics.iter().map(|d| ("failed", d.to_string()));
    for (head, line) in because.chain(notes).chain(reasons).chain(split).chain(failed) {
        text.push_str(&format!("    {head}: {line}\n"));
    }
    let times: Vec<_> = reading.timings.iter().map(|t| format!("{} {} ms", t.stage, t.duration_ms)).collect();
    if !times.is_empty() {
        text.push_str(&format!("    time: {}\n", times.join(", ")));
    }
    text
}

/// A bar on a terminal, a line now and then elsewhere; always on stderr.
struct Progress {
    bar: Option<ProgressBar>,
    all: usize,
    done: std::cell::Cell<usize>,
}

impl Progress {
    fn new(all: usize) -> Self {
        let bar = (std::io::stderr().is_terminal() && all > 1).then(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {eta} {wide_msg}");
            ProgressBar::new(all as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, all, done: std::cell::Cell::new(0) }
    }

    fn step(&self, done: &Done) {
        let count = self.done.get() + 1;
        self.done.set(count);
        match &self.bar {
            Some(bar) => {
                bar.set_message(
                    done.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
                );
                bar.inc(1);
            }
            None if self.all > 1 && (count.is_multiple_of(25) || count == self.all) => {
                eprintln!("read {count} of {}", self.all);
            }
            None => {}
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_in_name_order_and_hidden_files_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("b")).unwrap();
        for name in ["c.jpg", "a.pdf", ".hidden", "b/z", "b/y"] {
            std::fs::write(at(name), b"x").unwrap();
        }
        let walked = walk(&[at("c.jpg"), folder.path().to_owned(), at("missing")]);
        let expected = [at("c.jpg"), at("a.pdf"), at("b/y"), at("b/z"), at("c.jpg"), at("missing")];
        assert_eq!(walked, expected);
    }

    #[test]
    fn a_line_has_the_members_of_the_design() {
        let reading = Reading::refused("image/jpeg", Reason::new(ReasonCode::Corrupt, "cut"));
        let line = Line {
            path: "a.jpg".into(),
            outcome: reading.outcome,
            reason: reading.reasons.first().map(|r| r.code),
            media_type: &reading.media_type,
            pages: 0,
            kind: Kind::Other,
            confidence: 0.0,
            fields: &reading.fields,
            duration_ms: 1,
        };
        let text = serde_json::to_string(&line).unwrap();
        let expected = r#"{"path":"a.jpg","outcome":"review","reason":"corrupt","media_type":"image/jpeg","pages":0,"kind":"other","confidence":0.0,"fields":{},"duration_ms":1}"#;
        assert_eq!(text, expected);
    }
}
