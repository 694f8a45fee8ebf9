//! What the manifest expects of a file, and whether an answer is right.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::answers::Answer;

/// A row of the manifest.
#[derive(Debug, Deserialize)]
pub struct Expected {
    pub path: String,
    category: String,
    expected: String,
    reason: String,
    allowed: String,
    must_flag: String,
    must_decode: String,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Right,
    Wrong(&'static str),
    /// It took its reader down.
    Crashed,
    /// It was stopped for the time it took.
    TimedOut,
}

impl Fate {
    pub fn column(&self) -> usize {
        match self {
            Self::Right => 0,
            Self::Wrong(_) => 1,
            Self::Crashed => 2,
            Self::TimedOut => 3,
        }
    }
}

/// Reads `manifest.csv`.
pub fn manifest(folder: &Path) -> Result<Vec<Expected>> {
    let path = folder.join("manifest.csv");
    let mut table =
        csv::Reader::from_path(&path).with_context(|| format!("cannot read {}", path.display()))?;
    table.deserialize().map(|row| row.context("a row of manifest.csv")).collect()
}

impl Expected {
    pub fn group(&self) -> String {
        format!("{} {} {}", self.category, self.expected, self.reason).trim_end().to_owned()
    }

    /// Opening a file counts as `accept` or `review` (what it says is not looked at here), refusing to open it as
    /// `reject` or `review`. A file that took its reader down is never right, even where its review would be.
    pub fn judge(&self, answer: Option<&Answer>) -> Fate {
        let Some(answer) = answer else { return Fate::Crashed };
        if answer.crashed() {
            return Fate::Crashed;
        }
        if answer.timed_out() {
            return Fate::TimedOut;
        }
        let allows = |word: &str| self.allowed.split(';').any(|a| a == word);
        let must_decode = self.must_decode == "1";
        if answer.is_opened() {
            if !self.must_flag.is_empty() && !answer.has("active_content") {
                return Fate::Wrong("active content was not found");
            }
            if !allows("accept") && !allows("review") {
                return Fate::Wrong("should have been refused");
            }
            if must_decode && answer.has("corrupt") {
                return Fate::Wrong("another decoder opens all of it");
            }
            return Fate::Right;
        }
        if !allows("reject") && !allows("review") {
            return Fate::Wrong("should not have been refused");
        }
        if must_decode && answer.has("corrupt") {
            return Fate::Wrong("another decoder opens it");
        }
        if self.expected == "reject" && self.reason == "encrypted" && !answer.has("encrypted") {
            return Fate::Wrong("refused, but not as encrypted");
        }
        Fate::Right
    }
}
