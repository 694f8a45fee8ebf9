//! What is known of each kind of incident: how grave it is, what it means and what ends it. The knowledge is data.

use std::{collections::HashMap, sync::LazyLock};

use super::Severity;

/// What is known of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// How grave.
    pub severity: Severity,
    /// Whether it ends by itself; else a person resolves it.
    pub ends_itself: bool,
    /// What it means, in a few words of English.
    pub title: &'static str,
    /// What ends it, in a sentence of English.
    pub ended_by: &'static str,
}

/// A kind that is not in the list: somebody should look, and end it.
const OTHER: Kind = Kind {
    severity: Severity::Warning,
    ends_itself: false,
    title: "Something is wrong",
    ended_by: "Look at its particulars, then resolve it.",
};

static KINDS: LazyLock<HashMap<&'static str, Kind>> =
    LazyLock::new(|| include_str!("kinds.tsv").lines().filter_map(line).collect());

fn line(line: &'static str) -> Option<(&'static str, Kind)> {
    let mut cells = line.split('\t');
    let (kind, severity, who) = (cells.next()?, cells.next()?.parse().ok()?, cells.next()?);
    let (title, ended_by) = (cells.next()?, cells.next()?);
    Some((kind, Kind { severity, ends_itself: who == "self", title, ended_by }))
}

/// What is known of a kind.
#[must_use]
pub fn kind(kind: &str) -> Kind {
    KINDS.get(kind).copied().unwrap_or(OTHER)
}

/// Every kind that is known by name.
#[must_use]
pub fn all() -> Vec<&'static str> {
    let mut names: Vec<_> = KINDS.keys().copied().collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let lines = include_str!("kinds.tsv").lines().filter(|l| !l.starts_with('#')).count();
        assert_eq!(KINDS.len(), lines, "a line is malformed or named twice");
        assert!(KINDS.values().all(|k| k.ended_by.ends_with('.') && !k.title.is_empty()));
        assert_eq!(kind("never_heard_of"), OTHER);
    }

    /// Kinds are literals at many places: each that such a call names must be known here.
    #[test]
    fn every_kind_that_is_opened_by_its_name_is_known() {
        let mut files = Vec::new();
        let mut folders = ["src", "../workers/src", "../server/src"]
            .map(|folder| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
            .to_vec();
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() && !path.ends_with("conformance") {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    files.push(path);
                }
            }
        }
        let calls = [
            "open_incident(",
            "incidents::open(",
            "incidents::tell_of(",
            "reply_failed(",
            ".alert(",
            "Finding::new(",
            "Outlook::Told(",
            "Why::NoConsent => (",
            "Why::TooLate => (",
        ];
        let mut named = std::collections::BTreeSet::new();
        for text in files.iter().map(|file| std::fs::read_to_string(file).unwrap()) {
            for after in calls.iter().flat_map(|call| text.split(call).skip(1)) {
                let call = after.split([')', ';']).next().unwrap_or_default();
                let words = call.split('"').skip(1).step_by(2);
                let kinds = words.filter(|word| {
                    word.contains('_') && word.bytes().all(|b| b == b'_' || b.is_ascii_lowercase())
                });
                named.extend(kinds.map(str::to_owned));
            }
        }
        assert!(named.contains("consent_missing") && named.len() >= 15, "{named:?}");
        let unknown: Vec<_> = named.iter().filter(|name| kind(name) == OTHER).collect();
        assert!(unknown.is_empty(), "kinds.tsv lacks {unknown:?}");
    }
}
