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
use differ::{Relation, Standing, alone, is_card, relation, standing};

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
    /// The parts to split the file into, where each is surely another and would be filed by itself; otherwise empty.
    pub sure: Vec<Part>,
    /// One of them is an ID.
    pub has_id: bool,
}

/// One of the documents.
struct One {
    part: Part,
    /// What it says by itself.
    said: Understanding,
    /// What it is to the one before; the first is another than nothing.
    relation: Relation,
}

impl One {
    fn why(&self) -> &str {
        match &self.relation {
            Relation::Maybe(why) | Relation::Other(why) => why,
            Relation::Same | Relation::Unknown => "",
        }
    }
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
    if found.len() < 2 {
        return None;
    }
    let plain = |one: &One| one.said.reasons.is_empty() && matches!(one.relation, Relation::Other(_));
    // What is attached to the whole file may belong to any of them.
    let sure = found.len() <= MAX_PARTS && evidence.attachments.is_empty() && found.iter().all(plain);
    Some(Several {
        reason: told(&found),
        sure: if sure { found.iter().map(|one| one.part).collect() } else { Vec::new() },
        has_id: found.iter().any(|one| one.said.kind == Kind::Id),
    })
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
        sender_country: evidence.sender_country.clone(),
        ..Evidence::default()
    }
}

/// Pages that are one document.
struct Run {
    pages: RangeInclusive<u32>,
    /// What the pages that are more than terms and empty backs say, the first before the others.
    head: Option<Understanding>,
    /// What all of it says, while it is one page.
    said: Option<Understanding>,
    relation: Relation,
}

impl Run {
    fn goes_on(&mut self, page: u32, said: Understanding) {
        self.pages = *self.pages.start()..=page;
        self.said = None;
        if standing(&said) == Standing::Nothing {
            return;
        }
        match &mut self.head {
            Some(head) if head.kind == said.kind => {
                said.fields.into_iter().for_each(|(name, field)| {
                    head.fields.entry(name).or_insert(field);
                });
            }
            Some(_) => {}
            none => *none = Some(said),
        }
    }
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
        let relation = match runs.last().map(|run| &run.head) {
            None => Relation::Other(String::new()),
            Some(None) => Relation::Unknown,
            Some(Some(head)) => match relation(head, &said, false) {
                Relation::Unknown => alone(head, &said).map_or(Relation::Unknown, Relation::Maybe),
                relation => relation,
            },
        };
        match (runs.last_mut(), &relation) {
            (Some(run), Relation::Same | Relation::Unknown) => run.goes_on(page.number, said),
            _ => {
                let stands = standing(&said) != Standing::Nothing || is_card(&said) || !runs.is_empty();
                let head = stands.then(|| said.clone());
                runs.push(Run { pages: page.number..=page.number, head, said: Some(said), relation });
            }
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
        let said = run.said.unwrap_or_else(|| read(&on_pages(evidence, run.pages)));
        Some(One { part, said, relation: run.relation })
    };
    runs.into_iter().filter_map(one).collect()
}

/// Papers that lie on one photo.
fn on_photo(page: &PageText, evidence: &Evidence, read: &impl Fn(&Evidence) -> Understanding) -> Vec<One> {
    let two = |first: &Block, second: &Block, cut: Cut| {
        matches!(
            beside(&read(&first.evidence), &read(&second.evidence), cut),
            Relation::Maybe(_) | Relation::Other(_)
        )
    };
    let blocks = blocks::cut(page, &evidence.barcodes, &two).unwrap_or_default();
    let mut found: Vec<One> = Vec::new();
    for block in blocks {
        let said = read(&block.evidence);
        let relation = found.last().map_or(Relation::Other(String::new()), |before| {
            // Papers of a second row are no neighbours of the one before: what parts them is a cut that was made.
            match beside(&before.said, &said, Cut::Gutter) {
                Relation::Same | Relation::Unknown => Relation::Maybe("it lies apart".to_owned()),
                relation => relation,
            }
        });
        if let Ok(part) = Part::place(page.number, block.bbox) {
            found.push(One { part, said, relation });
        }
    }
    found
}

/// What a block of a photo is to the one it was cut from.
fn beside(first: &Understanding, second: &Understanding, cut: Cut) -> Relation {
    let standings = [first, second].map(standing);
    let hidden = is_card(first) != is_card(second) && standings.contains(&Standing::Document);
    if standings.contains(&Standing::Nothing) && !hidden || !standings.contains(&Standing::Document) {
        return Relation::Unknown;
    }
    let relation = relation(first, second, cut == Cut::Band);
    // A gutter through all lines of a photo is already much: no bill has two totals side by side.
    let own = |said: &Understanding| {
        said.fields.get(&FieldName::Total).is_some_and(|f: &Field| f.confidence >= TOTAL)
    };
    if relation == Relation::Unknown && cut == Cut::Gutter && own(first) && own(second) {
        return Relation::Maybe("it has a total of its own".to_owned());
    }
    relation
}

/// What a reviewer is told.
fn told(found: &[One]) -> Reason {
    let (mut said, mut documents) = (Vec::new(), Vec::new());
    for one in found.iter().take(MAX_PARTS) {
        let kind = one.said.kind;
        let mut document = serde_json::json!({ "kind": kind, "first_page": one.part.range().start(), "last_page": one.part.range().end() });
        if let Some(bbox) = one.part.bbox() {
            document["box"] = serde_json::json!(bbox);
        }
        if let Some(number) = one.said.fields.get(&FieldName::Number) {
            document["number"] = number.value.as_str().into();
        }
        if !one.why().is_empty() {
            document["why"] = one.why().into();
        }
        documents.push(document);
        let pages = one.part.range();
        let place = match (one.part.bbox(), pages.start() == pages.end()) {
            (Some(_), _) => String::new(),
            (None, true) => format!(" on page {}", pages.start()),
            (None, false) => format!(" on pages {} to {}", pages.start(), pages.end()),
        };
        let why = if one.why().is_empty() { String::new() } else { format!(" ({})", one.why()) };
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
