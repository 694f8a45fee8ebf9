//! Who issued a document, and to whom.
//!
//! The way of the data: [`blocks`] says whose corner each line stands in; every line that may be a name is weighed in
//! [`mod@candidates`] by its look ([`names`]), its place, its block and what the rest of the page says of it (`support`): sites
//! and e-mails that agree ([`web`]), another line that says it again or pays it. A letter that was misread is mended by them
//! (`witnessed`). Names in which the paper thanks or welcomes (`voiced`), that a site spells (`sited`) and brands that lines
//! mention are weighed beside them; of all [`Options`] a trained scorer takes the likeliest.

pub mod address;
mod addressed;
mod assigned;
pub mod blocks;
pub mod brands;
pub mod candidates;
mod heads;
mod inline;
pub mod labels;
mod letter;
pub mod looks;
mod mended;
mod mentioned;
pub mod names;
mod nobody;
mod options;
mod signs;
mod sited;
mod support;
pub mod tidy;
mod voiced;
pub mod web;
mod witnessed;
mod words;

use self::{
    blocks::{Block, Side},
    candidates::{Candidate, INVOICE, Page, candidates},
};
use super::{
    scorer::{Scorers, Signs},
    sheet::Sheet,
    tax_ids::TaxId,
};
use crate::fields::PageBox;

pub use self::{address::address, options::Options};

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
pub fn merchant(sheet: &Sheet, ids: &[TaxId], scorers: &Scorers) -> Option<Named> {
    Options::of(sheet, ids, false).best(scorers)
}

/// The issuer of an invoice.
#[must_use]
pub fn issuer(sheet: &Sheet, ids: &[TaxId], scorers: &Scorers) -> Option<Named> {
    Options::of(sheet, ids, true).best(scorers)
}

/// A second name with an address under it, on the upper half of the page: who the letter is to, though nothing says so.
pub(super) fn other_addressee<'a>(page: &Page<'_>, found: &'a [Candidate]) -> Option<&'a Candidate> {
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
    let blocks = sheet.blocks();
    let of = |side: Side| blocks.iter().filter(move |b| b.side == side && b.page == 1);
    let block = of(Side::Recipient)
        .filter(|b| b.name.is_some())
        .max_by(|a, b| weight(a).total_cmp(&weight(b)))
        .or_else(|| of(Side::Delivery).find(|b| b.name.is_some()));
    let Some(block) = block else {
        let sites = web::sites(sheet);
        let page = Page::of(sheet, blocks, &sites, &[]);
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

pub(super) fn recipients(blocks: &[Block]) -> Vec<String> {
    let theirs = |b: &&Block| matches!(b.side, Side::Recipient | Side::Delivery);
    blocks.iter().filter(theirs).filter_map(|b| b.name.clone()).collect()
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
        assert_eq!(issuer(&sheet, &[], Scorers::committed()).unwrap().name, "Nube Roja Hardware");
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
        assert!(issuer(&sheet, &[], Scorers::committed()).unwrap().confidence < 0.75);
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
        assert_eq!(issuer(&sheet, &[], Scorers::committed()).unwrap().name, "NUBEROJA");
    }

    #[test]
    fn a_merchant_in_two_lines() {
        let sheet = drawn(&[
            &[(0.3, "NUBE ROJA")],
            &[(0.27, "CO. (M) SDN BHD")],
            &[(0.25, "(Co. No. 113000-W)")],
            &[(0.2, "No 8, Jalan Alta 7")],
        ]);
        assert_eq!(merchant(&sheet, &[], Scorers::committed()).unwrap().name, "NUBE ROJA CO. (M) SDN BHD");
    }

    #[test]
    fn an_article_over_the_rest_of_a_sign() {
        let read = |first| {
            let sheet = drawn(&[
                &[(0.3, first)],
                &[(0.3, "NUBE")],
                &[(0.3, "12 High Street")],
                &[(0.3, "Tel. 020 7946 0018")],
            ]);
            merchant(&sheet, &[], Scorers::committed()).unwrap().name
        };
        assert_eq!(read("THE"), "THE NUBE");
        // A tax code in the column of the sign is no article.
        assert_eq!(read("A"), "NUBE");
    }

    #[test]
    fn what_names_nobody_is_not_taken_while_a_name_is_there() {
        let sheet = drawn(&[
            &[(0.3, "d.o.o. OIB"), (0.7, "12345678903")],
            &[(0.3, "NUBE ROJA")],
            &[(0.3, "Riva Alta 4, 21000 Split")],
            &[(0.1, "Riba"), (0.7, "100,00")],
        ]);
        assert_eq!(merchant(&sheet, &[], Scorers::committed()).unwrap().name, "NUBE ROJA");
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
        assert_eq!(merchant(&sheet, &[], Scorers::committed()).unwrap().name, "NUBE ROJA SDN BHD");
    }
}
