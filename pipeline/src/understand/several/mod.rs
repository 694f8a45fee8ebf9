//! Several documents in one file: invoices page after page, two receipts in one photo, a receipt behind a passport.
//!
//! Each page, or each block of a photo, is understood by itself. One that is a document of its own, and not the one
//! before it, begins the next. A person is told where and why; nobody needs to look where every one of them is plain
//! enough to be filed by itself.

mod blocks;
mod differ;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use blocks::{Block, Cut};
use differ::{Standing, alone, apart, standing};

use crate::{
    document::Kind,
    fields::{Field, FieldName},
    part::{MAX_PARTS, Part},
    reading::{Barcode, Evidence, PageText, Understanding},
    reason::{Reason, ReasonCode},
};

/// Least confidence in the total of each of two papers side by side.
const TOTAL: f32 = 0.6;

/// More than one document in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Several {
    /// Where each seems to begin and end, and why.
    pub reason: Reason,
    /// The parts to split the file into, where each would be filed by itself; otherwise empty.
    pub sure: Vec<Part>,
    /// One of them is an ID.
    pub has_id: bool,
}

/// One of the documents.
struct One {
    part: Part,
    /// What it says by itself.
    said: Understanding,
    /// What parts it from the one before; empty for the first.
    why: String,
}

/// Whether a file seems to hold more than one document; `None` for nearly all. `read` understands a piece of its
/// evidence by itself.
#[must_use]
pub fn find(evidence: &Evidence, read: impl Fn(&Evidence) -> Understanding) -> Option<Several> {
    let found = match evidence.pages.as_slice() {
        [] => return None,
        [page] => on_photo(page, evidence, &read),
        pages => page_after_page(pages, evidence, &read),
    };
    if !(2..=MAX_PARTS).contains(&found.len()) {
        return None;
    }
    let all = found.iter().all(|one| one.said.reasons.is_empty());
    let sure = if all { found.iter().map(|one| one.part).collect() } else { Vec::new() };
    let has_id = found.iter().any(|one| one.said.kind == Kind::Id);
    Some(Several { reason: told(&found), sure, has_id })
}

/// What was found on these pages alone, counted from one again as they will be when they are read alone.
fn on_pages(evidence: &Evidence, pages: RangeInclusive<u32>) -> Evidence {
    let before = pages.start().saturating_sub(1);
    let texts = evidence.pages.iter().filter(|page| pages.contains(&page.number)).cloned();
    let codes = evidence.barcodes.iter().filter(|code| pages.contains(&code.page)).cloned();
    Evidence {
        media_type: evidence.media_type.clone(),
        pages: texts.map(|page| PageText { number: page.number - before, ..page }).collect(),
        barcodes: codes.map(|code| Barcode { page: code.page - before, ..code }).collect(),
        ..Evidence::default()
    }
}

/// Pages that are one document.
struct Run {
    pages: RangeInclusive<u32>,
    /// Of the first page that says which document it is.
    head: Option<Understanding>,
    why: String,
}

/// Each page goes with the document before it, unless it begins another. What comes before the first goes with it.
fn page_after_page(
    pages: &[PageText],
    evidence: &Evidence,
    read: &impl Fn(&Evidence) -> Understanding,
) -> Vec<One> {
    let mut runs: Vec<Run> = Vec::new();
    for page in pages {
        let said = read(&on_pages(evidence, page.number..=page.number));
        let standing = standing(&said);
        let before = runs.last().and_then(|run| run.head.as_ref());
        let why = before.and_then(|before| apart(before, &said).or_else(|| alone(before, &said)));
        match runs.last_mut().filter(|_| why.is_none()) {
            Some(run) => {
                run.pages = *run.pages.start()..=page.number;
                run.head = run.head.take().or((standing != Standing::Nothing).then_some(said));
            }
            None => runs.push(Run {
                pages: page.number..=page.number,
                head: (standing != Standing::Nothing).then_some(said),
                why: why.unwrap_or_default(),
            }),
        }
    }
    if runs.len() < 2 {
        return Vec::new();
    }
    // A page that could not be read goes with those before it.
    let begins: Vec<u32> = runs.iter().skip(1).map(|run| *run.pages.start()).collect();
    for (run, next) in runs.iter_mut().zip(begins) {
        run.pages = *run.pages.start()..=next.saturating_sub(1);
    }
    let one = |run: Run| {
        let part = Part::pages(*run.pages.start(), *run.pages.end()).ok()?;
        Some(One { part, said: read(&on_pages(evidence, run.pages)), why: run.why })
    };
    runs.into_iter().filter_map(one).collect()
}

/// Papers that lie on one photo.
fn on_photo(page: &PageText, evidence: &Evidence, read: &impl Fn(&Evidence) -> Understanding) -> Vec<One> {
    let two = |first: &Block, second: &Block, cut: Cut| {
        parted(&read(&first.evidence), &read(&second.evidence), cut).is_some()
    };
    let blocks = blocks::cut(page, &evidence.barcodes, &two).unwrap_or_default();
    let one = |block: Block| {
        let part = Part::place(page.number, block.bbox).ok()?;
        Some(One { part, said: read(&block.evidence), why: String::new() })
    };
    let mut found: Vec<One> = blocks.into_iter().filter_map(one).collect();
    for at in 1..found.len() {
        if let [before, after] = &mut found[at - 1..=at] {
            after.why = parted(&before.said, &after.said, Cut::Gutter).unwrap_or_default();
        }
    }
    found
}

/// Why two blocks of a photo are two papers.
fn parted(first: &Understanding, second: &Understanding, cut: Cut) -> Option<String> {
    let standings = [first, second].map(standing);
    let stand = standings.contains(&Standing::Document) && !standings.contains(&Standing::Nothing);
    let why = stand.then(|| apart(first, second)).flatten();
    // A gutter through all lines of a photo is already much: no bill has two totals side by side.
    let own = |said: &Understanding| {
        said.fields.get(&FieldName::Total).is_some_and(|f: &Field| f.confidence >= TOTAL)
    };
    why.or_else(|| {
        (cut == Cut::Gutter && own(first) && own(second)).then(|| "it has a total of its own".to_owned())
    })
}

/// What a reviewer is told.
fn told(found: &[One]) -> Reason {
    let (mut said, mut documents) = (Vec::new(), Vec::new());
    for one in found {
        let kind = one.said.kind;
        let mut document = serde_json::json!({ "kind": kind, "first_page": one.part.range().start(), "last_page": one.part.range().end() });
        if let Some(bbox) = one.part.bbox() {
            document["box"] = serde_json::json!(bbox);
        }
        if let Some(number) = one.said.fields.get(&FieldName::Number) {
            document["number"] = number.value.as_str().into();
        }
        if !one.why.is_empty() {
            document["why"] = one.why.as_str().into();
        }
        documents.push(document);
        let pages = one.part.range();
        let place = match (one.part.bbox(), pages.start() == pages.end()) {
            (Some(_), _) => String::new(),
            (None, true) => format!(" on page {}", pages.start()),
            (None, false) => format!(" on pages {} to {}", pages.start(), pages.end()),
        };
        let why = if one.why.is_empty() { String::new() } else { format!(" ({})", one.why) };
        said.push(format!("{}{place}{why}", named(kind)));
    }
    let message = format!("{} documents seem to be in this file: {}.", found.len(), said.join(", "));
    Reason::new(ReasonCode::MultipleDocuments, message).with("documents", documents)
}

fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Invoice => "an invoice",
        Kind::Receipt => "a receipt",
        Kind::Id => "an ID",
        Kind::Other => "something else",
    }
}
