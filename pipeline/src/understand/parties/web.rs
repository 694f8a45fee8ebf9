//! Web sites and e-mail addresses on the page: whose name they carry.

use std::sync::LazyLock;

use super::{
    names::{core, tokens},
    words::ARTICLES,
};
use crate::{
    knowledge::{self, Phrases},
    understand::{
        reconcile::bare,
        sheet::{Sheet, fold},
    },
};

/// The parts of a role in `data/web_names.tsv`.
fn of(role: &str) -> Vec<&'static str> {
    knowledge::phrases(include_str!("../data/web_names.tsv"), role)
}

/// Mail providers: their addresses say nothing of the firm.
static MAIL: Phrases = LazyLock::new(|| of("mail"));
/// Second-level parts that are no names: "acme.co.uk", "acme.com.mx".
static SECOND: Phrases = LazyLock::new(|| of("second"));
/// Parts of the domains of states.
static PUBLIC: Phrases = LazyLock::new(|| of("public"));
/// Top-level parts by which a word is known for a site.
static TOP: Phrases = LazyLock::new(|| of("top"));

/// Sites that everybody is found on, and surveys: nobody is called by them who issues a bill there.
static ANYBODYS: Phrases = LazyLock::new(|| of("anybodys"));

/// A domain's own name and the row that says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Without hyphens and top-level parts: `nuberoja` of `www.nube-roja.com.mx`.
    pub name: String,
    /// It is the mailbox's name, `nuberoja` of `nuberoja@gmail.com`: it may say a name, and mostly says none.
    pub mailbox: bool,
    /// Index of the row.
    pub row: usize,
    /// Left edge of its cell.
    pub left: f32,
}

/// Every site and address of the sheet.
#[must_use]
pub fn sites(sheet: &Sheet) -> Vec<Site> {
    let mut out = Vec::new();
    for (row, line) in sheet.rows.iter().enumerate() {
        for cell in &line.cells {
            for word in words(&cell.folded) {
                let left = cell.bbox[0];
                out.extend(site(word).map(|name| Site { name, mailbox: false, row, left }));
                out.extend(mailbox(word).map(|name| Site { name, mailbox: true, row, left }));
            }
        }
    }
    out
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '|' | '<' | '>'))
}

fn host(word: &str) -> Option<&str> {
    let host = word.rsplit('@').next().unwrap_or(word);
    let host = host.rsplit("//").next().unwrap_or(host);
    host.split(['/', '?', ':']).find(|h| h.contains('.')).map(|h| h.trim_matches('.'))
}

/// Whether a word is a site or an e-mail address.
pub(super) fn is_site(word: &str) -> bool {
    word.contains('@') || words(&fold(word)).any(|w| site(w).is_some())
}

/// Whether a domain's own name is of those that everybody is found on.
pub(super) fn is_anybodys(name: &str) -> bool {
    ANYBODYS.contains(&name)
}

/// A site's own name as a text prints it, `Nube-Roja` of `www.Nube-Roja.com`; none where the site is a state's.
pub(super) fn label(text: &str, own: &Site) -> Option<String> {
    let host = words(text).find(|w| site(&fold(w)).as_ref() == Some(&own.name)).and_then(host)?;
    if host.split('.').any(|part| PUBLIC.contains(&fold(part).as_str())) {
        return None;
    }
    host.split('.').find(|part| bare(part) == own.name).map(str::to_owned)
}

fn site(word: &str) -> Option<String> {
    let mail = word.contains('@');
    let host = host(word)?;
    let parts: Vec<&str> = host.split('.').filter(|p| !p.is_empty() && *p != "www").collect();
    let top = parts.last()?;
    let sure = mail || word.contains("www.") || word.contains("http");
    if parts.len() < 2 || !(TOP.contains(top) || (sure && top.len() <= 6)) {
        return None;
    }
    let name = parts.iter().rev().skip(1).find(|p| !SECOND.contains(p))?;
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    (letters >= 2 && !MAIL.contains(&name.as_str())).then_some(name)
}

/// The letters before the `@`, where there are enough for a name.
fn mailbox(word: &str) -> Option<String> {
    let (name, host) = word.split_once('@')?;
    let letters: String = name.chars().filter(|c| c.is_alphabetic()).collect();
    (host.contains('.') && letters.chars().count() >= 5).then_some(letters)
}

impl Site {
    /// How well it says a firm's or person's name; none for a mailbox that says no name.
    #[must_use]
    pub fn agreement(&self, name: &str) -> Option<f32> {
        if !self.mailbox {
            return Some(agreement(&self.name, name));
        }
        let said = |w: &str| w.chars().count() >= 5 && self.name.contains(w);
        let words = tokens(name);
        words.iter().any(|w| said(&w.plain)).then_some(0.6)
    }
}

/// How well a domain's name says a firm's name: 1 when they are the same, 0 when they have nothing in common.
#[must_use]
pub fn agreement(site: &str, name: &str) -> f32 {
    let whole = core(name);
    if !whole.is_empty() && whole == site {
        return 1.0;
    }
    if whole.chars().count() < 3 {
        return 0.0;
    }
    let words = tokens(name);
    let first = words.iter().map(|w| w.plain.as_str()).find(|w| !ARTICLES.contains(w));
    let first: String = first.unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect();
    let long = first.chars().count();
    let initials: String = words.iter().filter_map(|w| w.plain.chars().next()).collect();
    if (site.starts_with(&whole) || (whole.starts_with(site) && site.len() >= 4)) && whole.len() >= 4 {
        0.8
    } else if long >= 4 && site.starts_with(&first) {
        0.6
    } else if (long >= 5 && site.contains(&first))
        || (site.len() >= 3 && words.len() >= 3 && initials.starts_with(site))
    {
        0.4
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_of_the_file_is_read() {
        let text = include_str!("../data/web_names.tsv");
        knowledge::assert_read(text, &[&MAIL, &SECOND, &PUBLIC, &TOP, &ANYBODYS]);
        knowledge::assert_folded(text);
    }

    #[test]
    fn names_of_sites() {
        assert_eq!(site("www.nube-roja.com.mx").as_deref(), Some("nuberoja"));
        assert_eq!(site("ventas@nuberoja.es").as_deref(), Some("nuberoja"));
        assert_eq!(site("http://nuberoja.co.uk/x").as_deref(), Some("nuberoja"));
        assert_eq!(site("someone@gmail.com"), None);
        assert_eq!(site("1.234,56"), None);
        assert_eq!(site("S.A."), None);
    }

    #[test]
    fn a_sites_name_as_it_is_printed() {
        let site = |name: &str| Site { name: name.to_owned(), mailbox: false, row: 0, left: 0.0 };
        let printed = |text: &str| label(text, &site("nuberoja"));
        assert_eq!(printed("e-mail: tienda@Nube-Roja.com.mx").as_deref(), Some("Nube-Roja"));
        assert_eq!(printed("WWW.NUBEROJA.ES/hola").as_deref(), Some("NUBEROJA"));
        assert_eq!(printed("www.nuberoja.gob.mx"), None);
        assert_eq!(printed("www.monteverde.es"), None);
        assert!(
            is_site("Info@NubeRoja.es") && is_site("(www.nube.be)") && !is_site("Nube") && !is_site("S.A.")
        );
    }

    #[test]
    fn a_mailbox_says_a_name_or_nothing() {
        let site = |name: &str| Site { name: name.to_owned(), mailbox: true, row: 0, left: 0.0 };
        let mail = mailbox("fcampo7@gmail.com").unwrap();
        assert_eq!((mail.as_str(), site(&mail).agreement("Flor Campos")), ("fcampo", None));
        assert_eq!(site("fcampos").agreement("Flor Campos"), Some(0.6));
        assert_eq!(mailbox("info@nuberoja.es"), None);
        assert_eq!(site("ventas").agreement("Nube Roja S.L."), None);
    }

    #[test]
    fn a_site_says_a_name() {
        assert!(agreement("nuberoja", "Nube Roja, S.L.") > 0.9);
        assert!(agreement("nuberojagroup", "Nube Roja S.L.") > 0.7);
        assert!(agreement("nubes", "Monte Verde S.L.") < 0.1);
        assert!(agreement("nr", "N&R") > 0.9 && agreement("nrs", "N&R") < 0.1);
    }
}
