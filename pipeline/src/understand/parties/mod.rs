//! Who issued a document, and to whom.
//!
//! The way of the data: [`blocks`] says whose corner each line stands in; every line that may be a name is weighed in
//! [`mod@candidates`] by its look ([`names`]), its place, its block and the sites and e-mails that agree ([`web`]); the best
//! one is taken, as sure as its evidence and its lead over the next.

pub mod address;
pub mod blocks;
pub mod brands;
pub mod candidates;
pub mod labels;
pub mod looks;
pub mod names;
mod signs;
pub mod tidy;
pub mod web;
mod words;

use self::{
    blocks::{Block, Side},
    candidates::{Candidate, INVOICE, Page, RECEIPT, candidates},
};
use super::{scorer::Signs, sheet::Sheet, tax_ids::TaxId};
use crate::fields::PageBox;

pub use self::address::address;

/// A name and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// As printed.
    pub name: String,
    /// Probability that it is the one sought.
    pub confidence: f32,
    /// One-based page.
    pub page: u32,
    /// On the upright page.
    pub bbox: PageBox,
    /// What vouches for it, and what speaks against it; empty for a recipient.
    pub signs: Signs,
}

impl Named {
    /// The most that it is believed, whatever a trained scorer gives its signs.
    #[must_use]
    pub fn most(&self) -> f32 {
        signs::most(self)
    }
}

/// The merchant of a receipt: it stands on top, often in larger letters.
#[must_use]
pub fn merchant(sheet: &Sheet, ids: &[TaxId]) -> Option<Named> {
    let blocks = blocks::blocks(sheet);
    let sites = web::sites(sheet);
    let page = Page::of(sheet, &blocks, &sites, ids);
    let found = candidates(&page, RECEIPT, &recipients(&blocks));
    best(&page, &found, None, |top, lead| {
        let base = -1.2 + 1.6 * top.score + 1.6 * lead + 0.35 * top.proofs as f32;
        base - 0.25 * top.at.0.saturating_sub(3) as f32
    })
}

/// The issuer of an invoice.
#[must_use]
pub fn issuer(sheet: &Sheet, ids: &[TaxId]) -> Option<Named> {
    let blocks = blocks::blocks(sheet);
    let sites = web::sites(sheet);
    let page = Page::of(sheet, &blocks, &sites, ids);
    let found = candidates(&page, INVOICE, &recipients(&blocks));
    // Where nobody is named as the recipient, a lone name may be the recipient's.
    let told_apart =
        blocks.iter().any(|b| matches!(b.side, Side::Recipient | Side::Issuer) && b.name.is_some());
    let two = told_apart || other_addressee(&page, &found).is_some();
    best(&page, &found, Some(two), |top, lead| {
        let base = -2.2 + 1.6 * top.score + 1.6 * lead + 0.5 * top.proofs as f32;
        match (two, top.proofs) {
            (true, _) | (_, 3..) => base,
            (false, 2) => base - 0.9,
            (false, _) => base.min(0.2),
        }
    })
}

/// Every name that may be the issuer's or merchant's, the likeliest by rules first, with its signs: to learn from.
#[must_use]
pub fn candidates_of(sheet: &Sheet, ids: &[TaxId], invoice: bool) -> Vec<Named> {
    let blocks = blocks::blocks(sheet);
    let sites = web::sites(sheet);
    let page = Page::of(sheet, &blocks, &sites, ids);
    let found = candidates(&page, if invoice { INVOICE } else { RECEIPT }, &recipients(&blocks));
    let told_apart =
        blocks.iter().any(|b| matches!(b.side, Side::Recipient | Side::Issuer) && b.name.is_some());
    let two = told_apart || other_addressee(&page, &found).is_some();
    let named = |(n, c): (usize, &Candidate)| {
        let rival = found.iter().filter(|o| o.core != c.core).map(|o| o.score).fold(0.0, f32::max);
        let mut signs = signs::signs(&page, c, c, (c.score - rival).clamp(-2.0, 1.0), invoice.then_some(two));
        signs.push(("rank", n.min(8) as f32 / 8.0));
        Named { name: c.name.clone(), confidence: c.score, page: c.page, bbox: c.bbox, signs }
    };
    found.iter().enumerate().map(named).collect()
}

/// A second name with an address under it, on the upper half of the page: who the letter is to, though nothing says so.
fn other_addressee<'a>(page: &Page<'_>, found: &'a [Candidate]) -> Option<&'a Candidate> {
    let top = found.first()?;
    found.iter().skip(1).find(|c| {
        let below = page.below(c.at, 4);
        let small = c.name.split_whitespace().filter(|w| w.starts_with(char::is_lowercase)).count();
        c.core != top.core
            && !looks::looks_like_address(&super::sheet::fold(&c.name))
            && (top.bbox[1]..0.45).contains(&c.bbox[1])
            && small <= 1
            && below.first().is_some_and(|line| line.folded.chars().any(|d| d.is_ascii_digit()))
            && below.iter().any(|line| looks::postal(&line.folded))
    })
}

/// The recipient of an invoice: the name in the block that is labelled or placed as theirs.
#[must_use]
pub fn recipient(sheet: &Sheet) -> Option<Named> {
    let blocks = blocks::blocks(sheet);
    let of = |side: Side| blocks.iter().filter(move |b| b.side == side && b.page == 1);
    let block = of(Side::Recipient)
        .filter(|b| b.name.is_some())
        .max_by(|a, b| weight(a).total_cmp(&weight(b)))
        .or_else(|| of(Side::Delivery).find(|b| b.name.is_some()));
    let Some(block) = block else {
        let sites = web::sites(sheet);
        let page = Page::of(sheet, &blocks, &sites, &[]);
        let found = candidates(&page, INVOICE, &[]);
        let other = other_addressee(&page, &found)?;
        let (name, page, bbox) = (other.name.clone(), other.page, other.bbox);
        return Some(Named { name, confidence: 0.55, page, bbox, signs: Vec::new() });
    };
    let name = block.name.clone()?;
    let (page, bbox) = (block.page, block.bbox);
    Some(Named { confidence: weight(block).clamp(0.3, 0.9), name, page, bbox, signs: Vec::new() })
}

fn weight(block: &Block) -> f32 {
    let lines = block.cells.len().min(5) as f32;
    let labelled = if block.person { 0.4 } else { 0.63 };
    labelled
        + 0.04 * lines
        + if block.name.as_deref().is_some_and(|n| names::firm(n) > 0.9) { 0.05 } else { 0.0 }
}

fn recipients(blocks: &[Block]) -> Vec<String> {
    let theirs = |b: &&Block| matches!(b.side, Side::Recipient | Side::Delivery);
    blocks.iter().filter(theirs).filter_map(|b| b.name.clone()).collect()
}

/// The best candidate; its confidence is the logistic of `log_odds` of it and its lead over the next other name.
fn best(
    page: &Page<'_>,
    found: &[Candidate],
    told_apart: Option<bool>,
    log_odds: impl Fn(&Candidate, f32) -> f32,
) -> Option<Named> {
    let top = found.first()?;
    // Its own words alone are no other name: a town in it, the name without its branch.
    let kin = |c: &Candidate| {
        c.core == top.core
            || (top.core.len() >= 4 && c.core.starts_with(&top.core))
            || (c.core.len() >= 4 && top.core.ends_with(&c.core))
    };
    let rival = found.iter().find(|c| !kin(c)).map_or(0.0, |c| c.score);
    let lead = (top.score - rival).clamp(0.0, 1.0);
    // A site of another name, or a capital misread as a small letter, leaves a doubt.
    let other_site = top.site.is_some_and(|s| s < 0.3);
    let most: f32 = if other_site { 0.88 } else { 0.98 };
    let small = top.name.starts_with(char::is_lowercase) && top.name.contains(" ");
    let log_odds = log_odds(top, lead) - if small { 1.5 } else { 0.0 };
    let confidence = (1.0 / (1.0 + (-log_odds).exp())).clamp(0.05, most);
    let shown = printed(found, top);
    let signs = signs::signs(page, top, shown, lead, told_apart);
    Some(Named { name: shown.name.clone(), confidence, page: shown.page, bbox: shown.bbox, signs })
}

/// Which printing of the firm's name to show: in full rather than its first word, and as the letterhead has it.
fn printed<'a>(found: &'a [Candidate], top: &'a Candidate) -> &'a Candidate {
    let legal = |c: &Candidate| names::firm(&c.name) > 0.9;
    let fuller = found.iter().find(|c| {
        !legal(top) && legal(c) && c.core.starts_with(&top.core) && c.core != top.core && c.score > 0.8
    });
    let top = fuller.unwrap_or(top);
    let same = |c: &Candidate| names::form(&c.name).is_none_or(|f| names::form(&top.name) == Some(f));
    let heads = found.iter().filter(|c| c.core == top.core && c.bbox[1] < 0.3 && c.score > 0.8 && same(c));
    heads.min_by(|a, b| a.bbox[1].total_cmp(&b.bbox[1])).unwrap_or(top)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::sheet::drawn;

    #[test]
    fn the_letterhead_not_the_customer() {
        let sheet = drawn(&[
            &[(0.1, "Nube Roja Hardware"), (0.7, "INVOICE")],
            &[(0.1, "12 High Street")],
            &[(0.1, "www.nuberoja.com")],
            &[(0.1, "BILL TO:"), (0.6, "Invoice No: 17")],
            &[(0.1, "Monte Verde Corporation")],
            &[(0.1, "99 Low Street")],
        ]);
        assert_eq!(issuer(&sheet, &[]).unwrap().name, "Nube Roja Hardware");
        assert_eq!(recipient(&sheet).unwrap().name, "Monte Verde Corporation");
    }

    #[test]
    fn a_lone_address_is_nobodys_for_sure() {
        let sheet = drawn(&[
            &[(0.1, "Monte Verde AG")],
            &[(0.1, "Hauptstr. 9")],
            &[(0.1, "12345 Altstadt")],
            &[(0.1, "Invoice R-2024/00001")],
        ]);
        assert!(issuer(&sheet, &[]).unwrap().confidence < 0.75);
    }

    #[test]
    fn the_footer_names_the_issuer() {
        let sheet = drawn(&[
            &[(0.6, "MONTE VERDE")],
            &[(0.6, "Alex Campo")],
            &[(0.6, "27 rue Haute")],
            &[(0.6, "69100 Villebasse")],
            &[(0.1, "Facture n° 2022089000")],
            &[(0.1, "Titulaire du compte : NUBEROJA")],
            &[(0.4, "NUBEROJA")],
            &[(0.2, "contact@nuberoja.fr")],
        ]);
        assert_eq!(issuer(&sheet, &[]).unwrap().name, "NUBEROJA");
    }

    #[test]
    fn a_merchant_in_two_lines() {
        let sheet = drawn(&[
            &[(0.3, "NUBE ROJA")],
            &[(0.27, "CO. (M) SDN BHD")],
            &[(0.25, "(Co. No. 113000-W)")],
            &[(0.2, "No 8, Jalan Alta 7")],
        ]);
        assert_eq!(merchant(&sheet, &[]).unwrap().name, "NUBE ROJA CO. (M) SDN BHD");
    }

    #[test]
    fn the_firm_under_a_shop_sign() {
        let sheet = drawn(&[
            &[(0.2, "ana perez")],
            &[(0.3, "SOL Y MAR @ CENTRO")],
            &[(0.25, "NUBE ROJA SDN BHD (562000-D)")],
            &[(0.2, "7, Jalan Alta 21")],
            &[(0.2, "1 COFFEE"), (0.7, "4.50")],
        ]);
        assert_eq!(merchant(&sheet, &[]).unwrap().name, "NUBE ROJA SDN BHD");
    }
}
