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
}
