//! Runs the binary and pairs its answers with the files.
//!
//! Standard output has one line a file, in order. With `--explain`, standard error has for each file its path alone
//! on a line and then indented lines; from those come all its reasons with their particulars.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{ChildStderr, Command, Stdio},
};

use acuse_tests::acuse_binary;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::{
    at,
    verdict::Expected,
    watch::{Peaks, Watch},
};

/// A line of standard output.
#[derive(Debug, Deserialize)]
struct Line {
    path: String,
    outcome: String,
    duration_ms: u64,
}

/// What was said of one file.
#[derive(Debug)]
pub struct Answer {
    outcome: String,
    /// `code: message {particulars}`, the gravest first.
    reasons: Vec<String>,
    /// Whether it got past decoding: a refused file has no time for what comes after.
    opened: bool,
    pub duration_ms: u64,
}

impl Answer {
    /// Whether one of its reasons has this code.
    pub fn has(&self, code: &str) -> bool {
        self.reasons.iter().any(|r| r.split(':').next() == Some(code))
    }

    pub fn is_opened(&self) -> bool {
        self.outcome == "accepted" || self.opened
    }

    pub fn crashed(&self) -> bool {
        let words =
            ["broke the program", "something forbidden", "answer nonsense", "nested too deeply to be read"];
        self.reasons.iter().any(|r| words.iter().any(|w| r.contains(w)))
    }

    /// Whether its reader was stopped for the time it took. A long document whose reader stopped by itself, and told
    /// what it had, was not.
    pub fn timed_out(&self) -> bool {
        self.died_with(&[r#""limit_name":"read_ms""#, r#""limit_name":"cpu_secs""#])
    }

    /// Whether it was opened, but not read to its end for want of time.
    pub fn read_in_part(&self) -> bool {
        !self.timed_out() && self.reasons.iter().any(|r| r.contains(r#""limit_name":"read_ms""#))
    }

    /// Whether its reader is known to have died on it.
    pub fn killed(&self) -> bool {
        self.crashed() || self.died_with(&[""])
    }

    /// Whether the parent tells of its reader's death with one of these words.
    fn died_with(&self, words: &[&str]) -> bool {
        let mut death = self.reasons.iter().filter(|r| r.contains("\"elapsed_ms\""));
        death.any(|r| words.iter().any(|w| r.contains(w)))
    }

    pub fn in_words(&self) -> String {
        let reasons: Vec<String> = self.reasons.iter().map(|r| r.chars().take(240).collect()).collect();
        format!("{}, {} ms; {}", self.outcome, self.duration_ms, reasons.join(" | "))
    }
}

/// One answer a row, `None` where none came, and what it took.
pub fn ask(folder: &Path, rows: &[Expected]) -> Result<(Vec<Option<Answer>>, Peaks)> {
    let mut child = Command::new(acuse_binary()?)
        .args(["read", "--json", "--explain"])
        .args(rows.iter().map(|row| at(folder, row)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting acuse read")?;
    let watch = Watch::start(child.id());
    let errors = child.stderr.take().context("no stderr")?;
    let explained = std::thread::spawn(move || explained(errors));
    let mut told: HashMap<String, Line> = HashMap::new();
    for line in BufReader::new(child.stdout.take().context("no stdout")?).lines() {
        let line: Line = serde_json::from_str(&line?).context("an answer that is no JSON")?;
        told.insert(line.path.clone(), line);
        if told.len().is_multiple_of(50) {
            println!("{} of {}", told.len(), rows.len());
        }
    }
    let status = child.wait()?;
    let peaks = watch.end();
    let mut explained = explained.join().ok().context("reading standard error")?;
    ensure!(told.len() == rows.len() || !status.success(), "acuse left files out");
    println!("acuse read: {status}, {} answers to {} files\n", told.len(), rows.len());
    let answers = rows.iter().map(|row| {
        let path = at(folder, row).to_string_lossy().into_owned();
        let line = told.remove(&path)?;
        let (reasons, opened) = explained.remove(&path).unwrap_or_default();
        Some(Answer { outcome: line.outcome, reasons, opened, duration_ms: line.duration_ms })
    });
    Ok((answers.collect(), peaks))
}

/// By path: reasons, and whether decoding succeeded.
fn explained(errors: ChildStderr) -> HashMap<String, (Vec<String>, bool)> {
    let mut by_path: HashMap<String, (Vec<String>, bool)> = HashMap::new();
    let mut path = String::new();
    for line in BufReader::new(errors).lines().map_while(Result::ok) {
        let entry = by_path.entry(path.clone()).or_default();
        if let Some(reason) = line.strip_prefix("    reason: ") {
            entry.0.push(reason.to_owned());
        } else if let Some(times) = line.strip_prefix("    time: ") {
            entry.1 = times.contains("understand");
        } else if line.starts_with('/') || line.starts_with('.') {
            path = line;
        }
    }
    by_path
}
