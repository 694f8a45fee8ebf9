//! Names that the page's own site or e-mail address spells, where no line's own name agrees with it: a logo that was not read
//! leaves `www.nube.com`, and `NUBE` among other words.

use super::{
    blocks::is_others,
    candidates::{Candidate, Page},
    looks::{is_price, looks_like_address},
    web::{self, Site},
};
use crate::understand::{
    reconcile::bare,
    sheet::{Cell, Row},
};

/// A site that says a name as well as this says it.
const AGREES: f32 = 0.4;
/// A site that says so much of a name vouches for it.
const VOUCHES: f32 = 0.6;
/// Weight of a site's name that lines say among other words, and of one that only the site spells.
const SAID: f32 = 0.4;
const SPELT: f32 = 0.2;
/// Letters of the shortest name that lines say, and of the shortest that only a site spells.
const LETTERS: usize = 3;
const ALONE: usize = 6;
/// Words of the longest name.
const WORDS: usize = 4;
/// Depth of the page down to which a site is the shop's own; below stand surveys, and who made the till.
const HEAD: f32 = 0.45;
/// Rows above a site among which its address stands.
const NEAR: usize = 4;

/// Adds the names that sites spell and no candidate agrees with, and notes at those that other lines gave what the sites say;
/// they are not sorted.
pub(super) fn add(page: &Page<'_>, found: &mut Vec<Candidate>, invoice: bool) {
    let own: Vec<&Site> = page.sites.iter().filter(|s| is_own(page, s)).collect();
    for candidate in found.iter_mut().filter(|c| c.site.is_none()) {
        let best = own.iter().filter_map(|s| s.agreement(&candidate.name)).reduce(f32::max);
        candidate.site = best.filter(|agreement| *agreement >= VOUCHES);
    }
    let mut seen: Vec<&str> = Vec::new();
    for site in &own {
        let agrees = |c: &Candidate| site.agreement(&c.name).is_some_and(|a| a >= AGREES);
        if seen.contains(&site.name.as_str()) || found.iter().any(agrees) {
            continue;
        }
        seen.push(&site.name);
        let said = said(page, &site.name);
        // A buyer's address stands in the head of an invoice, too.
        let spelt = || spelt(page, site).filter(|_| !invoice && is_lone(&own, site));
        let candidate = match said.first() {
            Some((name, at, cell)) => {
                Some(Candidate { again: said.len(), ..Candidate::within(name.clone(), *at, cell.bbox, SAID) })
            }
            None => spelt(),
        };
        found.extend(candidate.map(|c| Candidate { site: Some(1.0), proofs: 1, ..c }));
    }
}

/// Whether a site of the first page is neither somebody else's, nor a state's, nor one that everybody is found on.
fn is_own(page: &Page<'_>, site: &Site) -> bool {
    let Some(row) = page.sheet.rows.get(site.row).filter(|row| row.page == 1 && !site.mailbox) else {
        return false;
    };
    let cell = row.cells.iter().position(|c| web::label(&c.text, site).is_some());
    cell.is_some_and(|c| !is_others(page.blocks, (site.row, c))) && !web::is_anybodys(&site.name)
}

/// Whether the page has no other site.
fn is_lone(own: &[&Site], site: &Site) -> bool {
    own.iter().all(|other| other.name == site.name)
}

/// The places where lines say a site's name among other words, as they print it, but beside prices; a line each.
fn said<'p>(page: &Page<'p>, name: &str) -> Vec<(String, (usize, usize), &'p Cell)> {
    if name.chars().count() < LETTERS {
        return Vec::new();
    }
    let rows = page.sheet.rows.iter().enumerate().filter(|(_, row)| row.page == 1 && !priced(row));
    let in_row = |(r, row): (usize, &'p Row)| {
        let mut cells = row.cells.iter().enumerate().filter(|(c, _)| !is_others(page.blocks, (r, *c)));
        cells.find_map(|(c, cell)| Some((printed(&cell.text, name)?, (r, c), cell)))
    };
    rows.filter_map(in_row).collect()
}

fn priced(row: &Row) -> bool {
    row.cells.iter().any(|c| is_price(&c.folded))
}

/// The words of a text that spell a name, with a capital among them; a site's own word is none.
fn printed(text: &str, name: &str) -> Option<String> {
    let words: Vec<&str> = text.split(char::is_whitespace).filter(|w| !w.is_empty()).collect();
    let spells = |run: &&[&str]| {
        !run.iter().any(|word| web::is_site(word))
            && run.iter().any(|word| word.contains(char::is_uppercase))
            && bare(&run.join(" ")) == name
    };
    let run = (1..=WORDS).find_map(|n| words.windows(n).find(spells))?;
    Some(run.join(" ").trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
}

/// The name that only a site in the head of the page spells, near an address and above all prices.
fn spelt(page: &Page<'_>, site: &Site) -> Option<Candidate> {
    let rows = &page.sheet.rows;
    let row = rows.get(site.row).filter(|row| row.bbox[1] < HEAD)?;
    let near = rows.get(site.row.saturating_sub(NEAR)..site.row)?;
    let headed = near.iter().any(|row| looks_like_address(&row.folded));
    if !headed || site.name.chars().count() < ALONE || rows.iter().take(site.row + 1).any(priced) {
        return None;
    }
    let place =
        row.cells.iter().enumerate().find_map(|(c, cell)| Some((c, cell, web::label(&cell.text, site)?)));
    let (c, cell, name) = place?;
    Some(Candidate::within(name, (site.row, c), cell.bbox, SPELT))
}

#[cfg(test)]
mod tests {
    use crate::understand::{parties::Options, sheet::drawn};

    fn names(invoice: bool, lines: &[&[(f32, &str)]]) -> Vec<String> {
        Options::of(&drawn(lines), &[], invoice).iter().map(|n| n.name.clone()).collect()
    }

    #[test]
    fn a_name_among_other_words_that_the_site_spells() {
        let lines = |foot, site| {
            names(
                false,
                &[
                    &[(0.3, "12 High Street")],
                    &[(0.1, "Total"), (0.7, "4.50")],
                    &[(0.1, foot)],
                    &[(0.1, site)],
                ],
            )
        };
        let has = |names: Vec<String>, name: &str| names.iter().any(|n| n == name);
        assert!(has(lines("Conditions of carriage of NRV apply", "www.nrv.be"), "NRV"));
        assert!(has(lines("ask at any Nube Roja counter", "info@nube-roja.com"), "Nube Roja"));
        for (foot, site) in [
            ("ask at any counter", "www.nube-roja.com"),
            ("the nube roja of our dreams is here", "www.nube-roja.com"),
            ("find us on Facebook today", "www.facebook.com/nuberoja"),
            ("Secretaría de Nube Roja", "www.nuberoja.gob.mx"),
        ] {
            let found = lines(foot, site);
            let spelt =
                |n: &String| n.eq_ignore_ascii_case("nube roja") || n.eq_ignore_ascii_case("facebook");
            assert!(!found.iter().any(spelt), "{foot}: {found:?}");
        }
    }

    #[test]
    fn a_name_that_only_the_site_in_the_head_spells() {
        let head = [
            &[(0.3, "Avda. de la Luna, 75 Local 3")][..],
            &[(0.3, "18100 Villa Alta")],
            &[(0.3, "e-mail: tienda@NubeRoja.com")],
        ];
        let found = |invoice, more: &[&[(f32, &str)]]| {
            let lines: Vec<&[(f32, &str)]> = more.iter().chain(&head).copied().collect();
            names(invoice, &lines)
        };
        let has = |names: Vec<String>| names.iter().any(|n| n == "NubeRoja");
        assert!(has(found(false, &[])));
        assert!(!has(found(true, &[])), "a buyer's, perhaps");
        assert!(!has(found(false, &[&[(0.3, "Nube Roja S.L.")]])), "a line says it");
        assert!(!has(found(false, &[&[(0.1, "Coffee"), (0.7, "4.50")]])), "below the goods");
    }
}
