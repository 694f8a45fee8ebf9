//! All names that may be the issuer's or merchant's, and the likeliest of them.

use super::{
    Named,
    blocks::{Side, whose},
    candidates::{Candidate, INVOICE, Page, RECEIPT, candidates},
    mentioned,
    names::{self, kin},
    other_addressee, recipients, signs, sited, voiced, web,
};
use crate::understand::{
    scorer::{Scorers, yes},
    sheet::Sheet,
    tax_ids::TaxId,
};

/// The scorer that takes one of several names.
const CHOICE: &str = "choice";
/// Log odds beyond which one name's lead over the others says no more.
const LEAD: f32 = 5.0;
/// Candidates beyond so many are never the one.
const MOST: usize = 40;

/// A site that says so much of a name is the site of whom it names.
const OWN_SITE: f32 = 0.5;

/// A name that may be the one, and what two printings of it have in common.
#[derive(Debug, Clone)]
struct Weighed {
    named: Named,
    core: String,
    /// It stands in the corner of whom an invoice is to, and nothing says that it is the issuer's.
    theirs: bool,
}

/// Every name that may be the issuer's or merchant's.
#[derive(Debug, Clone, Default)]
pub struct Options {
    weighed: Vec<Weighed>,
}

impl Options {
    /// Weighs the names of the first page: an invoice's issuer, or a receipt's merchant.
    #[must_use]
    pub fn of(sheet: &Sheet, ids: &[TaxId], invoice: bool) -> Self {
        let blocks = sheet.blocks();
        let sites = web::sites(sheet);
        let page = Page::of(sheet, blocks, &sites, ids);
        let mut found = candidates(&page, if invoice { INVOICE } else { RECEIPT }, &recipients(blocks));
        // Where nobody is named as the recipient, a lone name may be the recipient's.
        let named = |side: Side| blocks.iter().any(|b| b.side == side && b.name.is_some());
        let two = named(Side::Recipient) || named(Side::Issuer) || other_addressee(&page, &found).is_some();
        let told_apart = invoice.then_some(two);
        voiced::add(&page, &mut found);
        sited::add(&page, &mut found, invoice);
        mentioned::add(&page, &mut found);
        found.truncate(MOST);
        let weigh = |(rank, c): (usize, &Candidate)| weighed(&page, &found, rank, c, told_apart);
        Self { weighed: found.iter().enumerate().map(weigh).collect() }
    }

    /// All of them, the likeliest by rules first.
    pub fn iter(&self) -> impl Iterator<Item = &Named> {
        self.weighed.iter().map(|w| &w.named)
    }

    /// The likeliest: by the trained scorer, else by rules; what cannot be a name, and whom the bill is to, only where nothing
    /// else is there. Its signs say how it leads the others.
    #[must_use]
    pub fn best(&self, scorers: &Scorers) -> Option<Named> {
        let odds: Vec<f32> = match scorers.get(CHOICE) {
            Some(scorer) => self.iter().map(|n| scorer.odds(&n.signs)).collect(),
            None => (0..self.weighed.len()).map(|n| -(n as f32)).collect(),
        };
        let nobody: Vec<bool> =
            self.weighed.iter().map(|w| w.theirs || signs::names_nobody(&w.named)).collect();
        let none = nobody.iter().all(|nobody| *nobody);
        let can_be: Vec<bool> = nobody.iter().map(|nobody| none || !nobody).collect();
        let first = can_be.iter().position(|can| *can)?;
        let likelier = |a: &usize, b: &usize| odds[*a].total_cmp(&odds[*b]).then(b.cmp(a));
        let at = (0..odds.len()).filter(|n| can_be[*n]).max_by(likelier)?;
        let (own, top) = (odds[at], &self.weighed[at]);
        // Its own words alone are no other name: a town in it, the name without its branch.
        let rivals =
            self.weighed.iter().zip(&odds).zip(&can_be).filter(|(_, can)| **can).map(|(rival, _)| rival);
        let others = rivals.filter(|(w, _)| !kin(&top.core, &w.core));
        let others: f32 = others.map(|(_, o)| (o - own).exp()).sum();
        let mut named = top.named.clone();
        named.signs.push(("choice", (-others.max(1e-6).ln()).clamp(-LEAD, LEAD)));
        named.signs.push(("rules_choice", yes(at == first)));
        Some(named)
    }
}

/// A candidate with its signs and how sure rules alone are of it.
fn weighed(
    page: &Page<'_>,
    found: &[Candidate],
    rank: usize,
    top: &Candidate,
    told_apart: Option<bool>,
) -> Weighed {
    let rival = found.iter().find(|c| !kin(&top.core, &c.core)).map_or(0.0, |c| c.score);
    let lead = (top.score - rival).clamp(-2.0, 1.0);
    let shown = printed(found, top);
    let mut signs = signs::signs(page, top, shown, lead, told_apart);
    signs.push(("rank", rank.min(8) as f32 / 8.0));
    let receipted = signs.iter().any(|(sign, value)| *sign == "receipted" && *value > 0.0);
    let theirs = told_apart.is_some() && !receipted && is_theirs(page, top);
    let confidence = by_rules(top, lead.max(0.0), told_apart);
    let named = Named { name: shown.name.clone(), confidence, page: shown.page, bbox: shown.bbox, signs };
    Weighed { named, core: top.core.clone(), theirs }
}

/// Whether a candidate stands in the corner of whom the bill is to, and neither a label, a tax id, a greeting nor a site says
/// that it is who issued it.
fn is_theirs(page: &Page<'_>, top: &Candidate) -> bool {
    matches!(whose(page.blocks, top.at), Some(Side::Recipient | Side::Delivery))
        && !top.labelled
        && !top.own_id
        && !top.voiced
        && top.site.is_none_or(|site| site < OWN_SITE)
}

/// How sure rules are of a candidate that leads the next by `lead`.
fn by_rules(top: &Candidate, lead: f32, told_apart: Option<bool>) -> f32 {
    let proofs = top.proofs as f32;
    let log_odds = match told_apart {
        None => {
            -1.2 + 1.6 * top.score + 1.6 * lead + 0.35 * proofs - 0.25 * top.at.0.saturating_sub(3) as f32
        }
        Some(two) => {
            let base = -2.2 + 1.6 * top.score + 1.6 * lead + 0.5 * proofs;
            match (two, top.proofs) {
                (true, _) | (_, 3..) => base,
                (false, 2) => base - 0.9,
                (false, _) => base.min(0.2),
            }
        }
    };
    // A site of another name, or a capital misread as a small letter, leaves a doubt.
    let most: f32 = if top.site.is_some_and(|s| s < 0.3) { 0.88 } else { 0.98 };
    let small = top.name.starts_with(char::is_lowercase) && top.name.contains(' ');
    let log_odds = log_odds - if small { 1.5 } else { 0.0 };
    (1.0 / (1.0 + (-log_odds).exp())).clamp(0.05, most)
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
    use crate::understand::{
        parties::{issuer, merchant},
        scorer::Scorers,
        sheet::drawn,
    };

    #[test]
    fn whom_it_is_to_issued_nothing() {
        let sheet = drawn(&[
            &[(0.1, "Bill to:")],
            &[(0.1, "Monte Verde Trading Ltd")],
            &[(0.1, "12 High Street")],
            &[(0.1, "Springfield, NY 10001")],
            &[(0.6, "nube roja")],
        ]);
        assert_eq!(issuer(&sheet, &[], Scorers::committed()).unwrap().name, "nube roja");
    }

    #[test]
    fn a_label_beside_its_sum_is_nobody() {
        let sheet = drawn(&[&[(0.1, "New balance"), (0.7, "25.00")], &[(0.1, "Nube Tram")]]);
        assert_eq!(merchant(&sheet, &[], Scorers::committed()).unwrap().name, "Nube Tram");
    }
}
