//! Brands that lines mention: a slip whose sign was not read still says `Download the McDonald's App`.

use super::{
    blocks::is_others,
    brands,
    candidates::{Candidate, Page},
    names::only_trade,
};
use crate::understand::{places::cities::is_city, reconcile::bare, sheet::fold};

/// Weight of a brand that one line mentions, and of each more.
const MENTIONED: f32 = 0.4;
const AGAIN: f32 = 0.25;

/// Notes at each candidate how many lines mention its brand, and adds the brands that are no line's own name.
pub(super) fn add(page: &Page<'_>, found: &mut Vec<Candidate>) {
    for (brand, mention) in brands::mentions(page.sheet, |at| is_others(page.blocks, at)) {
        let mut own = false;
        for candidate in found.iter_mut() {
            let name = bare(&candidate.name);
            own |= name == brand || candidate.core == brand;
            if name.contains(&brand) {
                candidate.mentions = candidate.mentions.max(mention.lines);
            }
        }
        let (row, cell) = mention.at;
        let Some(cell) = page.sheet.rows.get(row).and_then(|r| r.cells.get(cell)) else { continue };
        if own || (mention.lines == 1 && is_a_persons(&cell.text, &mention.name)) {
            continue;
        }
        let again = mention.lines.saturating_sub(1);
        let score = MENTIONED + AGAIN * again.min(2) as f32;
        found.push(Candidate {
            proofs: u32::from(again > 0),
            again,
            mentions: mention.lines,
            ..Candidate::within(mention.name, mention.at, cell.bbox, score)
        });
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
}

/// Whether a brand is but the first or family name of somebody: `Andrea Schneider`, whom no brand is.
fn is_a_persons(text: &str, brand: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = |word: &&str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase) && letters.as_str().chars().all(char::is_lowercase)
    };
    let others = || words.iter().filter(|w| **w != brand);
    (2..=3).contains(&words.len())
        && !brand.contains(' ')
        && words.iter().all(name)
        && others().count() < words.len()
        && !others().any(|w| is_city(&fold(w)) || only_trade(w))
}

#[cfg(test)]
mod tests {
    use super::is_a_persons;

    #[test]
    fn a_person_is_no_brand() {
        assert!(is_a_persons("Andrea Schneider", "Andrea"));
        for text in ["Andrea Stuttgart", "Andrea 24", "ANDREA SCHNEIDER", "Andrea", "die Andrea Schneider"] {
            assert!(!is_a_persons(text, "Andrea"), "{text}");
        }
    }
}
