//! What the rest of the page says of each name: whether it stands there again, its sites, who is paid, and who else it is.

use super::{
    blocks::Side,
    candidates::{Candidate, Page},
    names::{core, form},
};
use crate::understand::sheet::{Row, fold};

/// A name shorter than this is said where a word begins with it; readers glue long ones to the words before.
const GLUED: usize = 8;
/// Letters of the shortest name that is looked for.
const LETTERS: usize = 4;

/// A line without what parts its words.
struct Squeezed {
    text: String,
    /// Where its words begin, in bytes.
    starts: Vec<usize>,
}

impl Squeezed {
    fn of(row: &Row) -> Self {
        let (mut text, mut starts) = (String::new(), Vec::new());
        for word in fold(&row.text).split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
            starts.push(text.len());
            text.push_str(word);
        }
        Self { text, starts }
    }

    fn says(&self, own: &str) -> bool {
        self.starts.iter().any(|at| self.text[*at..].starts_with(own))
            || (own.chars().count() >= GLUED && self.text.contains(own))
    }
}

/// The lines of a page in which names are looked for.
pub(super) struct Lines(Vec<Squeezed>);

impl Lines {
    /// All lines of the page.
    pub(super) fn of(page: &Page<'_>) -> Self {
        Self(page.sheet.rows.iter().map(Squeezed::of).collect())
    }

    /// The rows that say a name, squeezed as [`core()`] does.
    pub(super) fn saying<'a>(&'a self, own: &'a str) -> impl Iterator<Item = usize> + 'a {
        let says = move |(row, line): (usize, &Squeezed)| line.says(own).then_some(row);
        self.0.iter().enumerate().filter_map(says)
    }
}

/// Agreement: the name again elsewhere, the site or e-mail, who is to be paid, and the recipient's name against it.
pub(super) fn support(page: &Page<'_>, found: &mut [Candidate], recipients: &[String]) {
    let cores: Vec<(String, (usize, usize))> = found.iter().map(|c| (c.core.clone(), c.at)).collect();
    let lines = Lines::of(page);
    for candidate in found.iter_mut() {
        repeated(page, &lines, &cores, candidate);
        let own = page.sites.iter().filter(|s| !in_recipients(page, s.row) || recipients.is_empty());
        candidate.site = own.filter_map(|s| s.agreement(&candidate.name)).reduce(f32::max);
        let site = candidate.site.unwrap_or_default();
        candidate.score += 0.7 * site;
        candidate.proofs += u32::from(site > 0.5);
        let theirs = recipients.iter().any(|r| same_party(r, &candidate.name, &candidate.core));
        if theirs && site < 0.9 {
            candidate.score -= 1.5;
        }
    }
}

/// Other lines that say it again, but what is a longer name of its own.
fn repeated(page: &Page<'_>, lines: &Lines, cores: &[(String, (usize, usize))], candidate: &mut Candidate) {
    let own = candidate.core.as_str();
    if own.chars().count() < LETTERS {
        return;
    }
    let longer =
        |row: usize| cores.iter().any(|(c, at)| at.0 == row && c.len() > own.len() && !c.starts_with(own));
    let others =
        lines.saying(own).filter(|row| *row != candidate.at.0 && !in_recipients(page, *row) && !longer(*row));
    let again = others.count();
    let begins = cores.iter().any(|(c, at)| *at != candidate.at && c.len() > own.len() && c.starts_with(own));
    candidate.again = again;
    candidate.score += 0.2 * again.min(2) as f32 + if begins { 0.1 } else { 0.0 };
    candidate.proofs += u32::from(again > 0);
}

fn in_recipients(page: &Page<'_>, row: usize) -> bool {
    page.blocks
        .iter()
        .filter(|b| matches!(b.side, Side::Recipient | Side::Delivery))
        .any(|b| b.cells.iter().any(|(r, _)| *r == row))
}

/// Whether a candidate is the recipient's name; another legal form makes another firm of the same name.
fn same_party(recipient: &str, name: &str, own: &str) -> bool {
    let theirs = core(recipient);
    if theirs == own && form(recipient).is_some_and(|r| form(name).is_some_and(|n| n != r)) {
        return false;
    }
    let shorter = theirs.len().min(own.len());
    shorter >= 4 && (theirs.starts_with(own) || own.starts_with(&theirs))
}

#[cfg(test)]
mod tests {
    use crate::understand::{parties::Options, sheet::drawn};

    /// The most that a sign says of a name, wherever it stands.
    fn sign(invoice: bool, lines: &[&[(f32, &str)]], name: &str, sign: &str) -> f32 {
        let options = Options::of(&drawn(lines), &[], invoice);
        let named = options.iter().filter(|n| n.name == name).flat_map(|n| n.signs.clone());
        named.filter(|(n, _)| *n == sign).map(|(_, value)| value).reduce(f32::max).unwrap()
    }

    #[test]
    fn a_short_name_is_said_where_a_word_begins_with_it() {
        let again = |line| {
            sign(false, &[&[(0.3, "NURO")], &[(0.1, "12 High Street")], &[(0.1, line)]], "NURO", "again")
        };
        assert!(again("Visit Nuro online") > 0.5 && again("www.nuro.com/menu") > 0.5);
        assert!(again("Menuro special") < 0.5 && again("Visit us online") < 0.5);
        let long = [&[(0.3, "NUBE ROJA")][..], &[(0.1, "Shop: MeinNubeRoja")]];
        assert!(sign(false, &long, "NUBE ROJA", "again") > 0.5);
    }

    #[test]
    fn a_balance_with_its_sum_is_no_brand() {
        let most = |cells: &[(f32, &str)]| {
            let options = Options::of(&drawn(&[&[(0.1, "Nube Tram")], cells]), &[], false);
            options.iter().find(|n| n.name == "New balance").unwrap().most()
        };
        assert!(most(&[(0.1, "New balance"), (0.7, "25.00")]) < 0.1);
        assert!(most(&[(0.1, "New balance")]) > 0.1);
    }
}
