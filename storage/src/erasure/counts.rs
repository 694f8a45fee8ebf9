//! What went, by what it was; with it stand the terms of the erasure, for whoever goes on with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Keep;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) keep: Keep,
    pub(super) whole_file: bool,
    /// Whether the rows say nothing any more.
    pub(super) rows_done: bool,
    went: BTreeMap<String, u64>,
}

impl Counts {
    pub(super) fn new(keep: Keep, whole_file: bool) -> Self {
        Self { keep, whole_file, rows_done: false, went: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, what: &str, count: u64) {
        if count > 0 {
            *self.went.entry(what.to_owned()).or_default() += count;
        }
    }
}

impl From<Counts> for BTreeMap<String, u64> {
    fn from(counts: Counts) -> Self {
        counts.went
    }
}
