//! Two of the data's documents in one file, page after page: is the second seen, and where it begins?
//!
//! Made of the stored evidence of the originals, so it costs understanding only. The same document twice in one file is
//! one document.

use std::fmt;

use acuse_pipeline::{
    limits::Limits,
    reading::{Barcode, Evidence, PageText, Understanding},
    reason::ReasonCode,
    understand::understand,
};
use serde::Serialize;

/// Partners that each document is put together with.
const PARTNERS: usize = 4;

/// What became of the files.
#[derive(Debug, Default, Serialize)]
pub struct Several {
    /// Of two different documents.
    pub files: usize,
    /// Parted without a person, at the right page.
    pub parted: usize,
    /// Shown to a person, with the right page.
    pub proposed: usize,
    /// In front of a person for another reason, or with another page.
    pub held: usize,
    /// Parted without a person at another page.
    pub parted_wrong: usize,
    /// Filed as one: the second is lost.
    pub lost: Vec<String>,
    /// Of the same document twice.
    pub twice: usize,
    /// Of those, taken for two.
    pub twice_parted: Vec<String>,
}

impl Several {
    /// Puts every document behind some others, by their paths.
    pub fn of(documents: &[(&str, &Evidence)]) -> Self {
        let mut all = Self::default();
        for (at, (name, evidence)) in documents.iter().enumerate() {
            for partner in 1..=PARTNERS {
                // Far apart in the list, so that they are of different sources and kinds.
                let Some((other, next)) = documents.get((at * 7 + partner * 13 + 1) % documents.len()) else {
                    continue;
                };
                if name != other {
                    all.add(evidence, next, &format!("{name} + {other}"));
                }
            }
            let understood = understand(&behind(evidence, evidence), &Limits::default());
            all.twice += 1;
            all.twice_parted.extend(several(&understood).then(|| (*name).to_owned()));
        }
        all
    }

    fn add(&mut self, first: &Evidence, next: &Evidence, names: &str) {
        let understood = understand(&behind(first, next), &Limits::default());
        let begins = first.pages.len() as u64 + 1;
        let reason = understood.reasons.iter().find(|r| r.code == ReasonCode::MultipleDocuments);
        let documents = reason.and_then(|r| r.detail.get("documents")?.as_array());
        let right = documents.is_some_and(|d| d.len() == 2 && d[1]["first_page"].as_u64() == Some(begins));
        self.files += 1;
        match (understood.reasons.is_empty(), understood.parts.is_empty(), right) {
            (true, ..) => self.lost.push(names.to_owned()),
            (_, false, true) => self.parted += 1,
            (_, false, false) => self.parted_wrong += 1,
            (_, _, true) => self.proposed += 1,
            _ => self.held += 1,
        }
    }
}

fn several(understood: &Understanding) -> bool {
    understood.reasons.iter().any(|r| r.code == ReasonCode::MultipleDocuments)
}

/// The pages of one behind those of the other.
fn behind(first: &Evidence, next: &Evidence) -> Evidence {
    let before = first.pages.iter().map(|page| page.number).max().unwrap_or_default();
    let mut both = first.clone();
    both.pages.extend(next.pages.iter().map(|p| PageText { number: p.number + before, ..p.clone() }));
    both.barcodes.extend(next.barcodes.iter().map(|b| Barcode { page: b.page + before, ..b.clone() }));
    both
}

impl fmt::Display for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "two documents in one file {}: parted by itself {}, proposed to a person {}, held otherwise {}, parted at another page {}, filed as one {}",
            self.files,
            self.parted,
            self.proposed,
            self.held,
            self.parted_wrong,
            self.lost.len()
        )?;
        self.lost.iter().try_for_each(|lost| writeln!(f, "    lost: {lost}"))?;
        write!(
            f,
            "the same document twice in one file {}: taken for two {}",
            self.twice,
            self.twice_parted.len()
        )?;
        self.twice_parted.iter().try_for_each(|name| write!(f, "\n    parted: {name}"))
    }
}
