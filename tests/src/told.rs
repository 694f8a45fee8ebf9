//! What somebody was told of changes, as the lines that their process left (`acuse-test-told`).

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

/// The file of what was told.
pub const LINES: &str = "told";
/// The file of the cursor that was kept.
pub const CURSOR: &str = "cursor";
/// A line for a body that nobody signed.
pub const UNSIGNED: &str = "unsigned";

/// The line of an event of a document.
#[must_use]
pub fn line(event: &Value) -> Option<String> {
    Some(format!("{} {}\n", event["document_id"].as_str()?, event["version"].as_i64()?))
}

/// What was told so far: of each document its versions, in the order in which they were told first; the same again is what
/// dying costs.
#[derive(Debug, Default)]
pub struct Told {
    /// Versions by document.
    pub by_document: BTreeMap<String, Vec<i64>>,
    /// Lines, with what was told again.
    pub lines: usize,
    /// Bodies that nobody signed.
    pub unsigned: usize,
}

impl Told {
    /// Reads what a process wrote into its folder.
    ///
    /// # Panics
    /// When a line is no line.
    #[must_use]
    #[allow(clippy::panic)]
    pub fn read(folder: &Path) -> Self {
        let mut told = Self::default();
        for line in std::fs::read_to_string(folder.join(LINES)).unwrap_or_default().lines() {
            told.lines += 1;
            if line == UNSIGNED {
                told.unsigned += 1;
                continue;
            }
            let parsed = line.split_once(' ').and_then(|(id, version)| Some((id, version.parse().ok()?)));
            let Some((document, version)) = parsed else { panic!("{line:?} is no line") };
            let seen = told.by_document.entry(document.to_owned()).or_default();
            if !seen.contains(&version) {
                seen.push(version);
            }
        }
        told
    }

    /// How many different changes.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_document.values().map(Vec::len).sum()
    }
}
