//! A letter of a name that was misread or lost, where the page says the name elsewhere in plainer print: `LDL` over
//! `lidl.co.uk`, `KEA` over `IKEA Nube`.

use std::collections::BTreeMap;

use super::{
    blocks::is_others,
    brands,
    candidates::{BRAND_ROWS, Candidate, Page},
    looks::is_price,
    names::{core, only_trade, stem, tokens},
    support::Lines,
};
use crate::understand::sheet::{Cell, fold};

/// Letters of the shortest brand that says a name, and of the shortest site that is no brand's.
const BRAND: usize = 4;
const SITE: usize = 5;
/// Letters of the shortest name that is mended, and of the shortest word that is mended at the head of one.
const NAME: usize = 3;
const HEAD: usize = 5;
/// A site says it, or so many lines say it: then one letter of it may have been read for another.
const LINES: usize = 2;

/// What says a name.
#[derive(Debug, Clone, Copy, Default)]
struct Witness {
    brand: bool,
    /// How surely the site was read; none where no site says it.
    site: Option<f32>,
    /// Lines that say it in words.
    lines: usize,
}

/// How one word becomes another by one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    /// That letter was read for another.
    Other(usize),
    /// It and the next changed places.
    Swapped(usize),
    /// A letter before it was lost.
    Lost(usize),
    /// It was read and is not there.
    Added(usize),
}

/// Mends the names of which one letter is not as the page's sites say it, or a brand in running text, or the only brand that a
/// long name in the head of the page can be.
pub(super) fn mend(page: &Page<'_>, found: &mut [Candidate]) {
    let lines = Lines::of(page);
    let witnesses = witnesses(page, &lines);
    for candidate in found.iter_mut().filter(|c| !is_attested(page, &lines, c)) {
        let Some(cell) = page.sheet.rows.get(candidate.at.0).and_then(|r| r.cells.get(candidate.at.1)) else {
            continue;
        };
        let mended =
            witnesses.iter().find_map(|(said, witness)| mended(&candidate.name, cell, said, *witness));
        let head = Some(candidate.name.as_str()).filter(|_| candidate.at.0 < BRAND_ROWS);
        if let Some(name) = mended.or_else(|| head.and_then(long_brand)) {
            candidate.core = core(&name);
            candidate.name = name;
        }
    }
}

/// Whether a name is a brand's, or the page says it again as it is: nothing of it is mended.
fn is_attested(page: &Page<'_>, lines: &Lines, candidate: &Candidate) -> bool {
    let own = candidate.core.as_str();
    let again = || lines.saying(own).any(|row| row != candidate.at.0);
    own.chars().count() < NAME
        || only_trade(&candidate.name)
        || brands::is_brand(&candidate.name)
        || brands::is_brand(own)
        || page.sites.iter().any(|s| s.agreement(&candidate.name).is_some_and(|a| a > 0.5))
        || again()
}

/// The sites and brands that the page says, but in the recipient's corner and beside prices, by their squeezed names.
fn witnesses(page: &Page<'_>, lines: &Lines) -> BTreeMap<String, Witness> {
    let mut found: BTreeMap<String, Witness> = BTreeMap::new();
    let others = |row: usize| (0..page.sheet.rows[row].cells.len()).any(|c| is_others(page.blocks, (row, c)));
    for site in page.sites.iter().filter(|s| !s.mailbox && s.row < page.sheet.rows.len() && !others(s.row)) {
        let brand = brands::is_sure(&site.name);
        let least = if brand { BRAND } else { SITE };
        if site.name.chars().count() >= least {
            let read = page.sheet.rows[site.row].confidence;
            let witness = found.entry(site.name.clone()).or_default();
            witness.brand = brand;
            witness.site = Some(witness.site.map_or(read, |before| before.max(read)));
            if !brand {
                witness.lines = lines.saying(&site.name).filter(|row| !others(*row)).count();
            }
        }
    }
    let rows = page.sheet.rows.iter().enumerate().filter(|(_, row)| row.page == 1);
    for (r, row) in rows.filter(|(r, row)| !others(*r) && !row.cells.iter().any(|c| is_price(&c.folded))) {
        let mut here: Vec<String> = tokens(&row.text).into_iter().map(|w| w.plain).collect();
        here.sort();
        here.dedup();
        for word in here.into_iter().filter(|w| w.chars().count() >= BRAND && brands::is_sure(w)) {
            // A site's own line says no more than the site.
            if !page.sites.iter().any(|s| s.row == r && s.name == word) {
                let witness = found.entry(word).or_default();
                witness.brand = true;
                witness.lines += 1;
            }
        }
    }
    found
}

/// The name as a witness has it, where they differ by one letter: the whole of it before its legal form, or its first word.
fn mended(name: &str, cell: &Cell, said: &str, witness: Witness) -> Option<String> {
    let words = tokens(name);
    let whole = words.get(stem(&words, name).checked_sub(1)?)?.end;
    let head = words.first().filter(|w| witness.brand && w.plain.chars().count() >= HEAD).map(|w| w.end);
    std::iter::once(whole).chain(head).find_map(|end| {
        let part = &name[..end];
        let to: Vec<char> = said.chars().collect();
        let slip = slip(&letters(part).map(|(_, letter)| letter).collect::<Vec<_>>(), &to)?;
        trusted(part, cell, slip, &to, witness)
            .then(|| format!("{}{}", patched(part, slip, &to), &name[end..]))
    })
}

/// The name as the one long brand has it from which it differs by one letter: `COLID STONE CREAMERY`. So long a name is hardly
/// another's.
pub(super) fn long_brand(name: &str) -> Option<String> {
    let words = tokens(name);
    let whole = words.get(stem(&words, name).checked_sub(1)?)?.end;
    let part = Some(&name[..whole]).filter(|part| part.is_ascii() && !brands::is_brand(part))?;
    let own: Vec<char> = letters(part).map(|(_, letter)| letter).collect();
    let mut alike = brands::LONG_ONES.iter().filter_map(|brand| Some((slip(&own, brand)?, brand)));
    let (slip, brand) = alike.next()?;
    alike.next().is_none().then(|| format!("{}{}", patched(part, slip, brand), &name[whole..]))
}

/// Whether a witness is surer than the name. A brand's letter may be lost from a logo; that another was read for it is said by
/// a site or by two lines. A site that nobody knows was at least read better, or two lines say it; it says nothing of accents
/// that it lacks.
fn trusted(part: &str, cell: &Cell, slip: Slip, to: &[char], witness: Witness) -> bool {
    if witness.brand {
        return matches!(slip, Slip::Lost(_)) || witness.site.is_some() || witness.lines >= LINES;
    }
    // "Muller" and mueller.de are one.
    let umlaut = matches!(slip, Slip::Lost(at) if to.get(at) == Some(&'e')
        && at.checked_sub(1).and_then(|before| to.get(before)).is_some_and(|c| matches!(c, 'a' | 'o' | 'u')));
    let surer = witness.site.is_some_and(|read| cell.confidence < read) || witness.lines >= LINES;
    part.is_ascii() && !umlaut && surer
}

/// The letters and digits of a text, folded, and which of its characters they are.
fn letters(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let own = |c: char| fold(c.encode_utf8(&mut [0; 4])).chars().next().unwrap_or(c);
    text.chars().enumerate().filter(|(_, c)| c.is_alphanumeric()).map(move |(at, c)| (at, own(c)))
}

/// The one letter by which two words differ. None is lost or added at the end: there names bend.
fn slip(from: &[char], to: &[char]) -> Option<Slip> {
    let same = from.iter().zip(to).take_while(|(a, b)| a == b).count();
    match (&from[same..], &to[same..]) {
        ([_, f @ ..], [_, t @ ..]) if f == t => Some(Slip::Other(same)),
        ([a, b, f @ ..], [c, d, t @ ..]) if (a, b) == (d, c) && f == t => Some(Slip::Swapped(same)),
        (f, [_, t @ ..]) if f == t && !f.is_empty() => Some(Slip::Lost(same)),
        ([_, f @ ..], t) if f == t && !t.is_empty() => Some(Slip::Added(same)),
        _ => None,
    }
}

/// A text with its slip mended, the letters as large as those about them.
fn patched(text: &str, slip: Slip, to: &[char]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let places: Vec<usize> = letters(text).map(|(place, _)| place).collect();
    let like = |letter: char, model: char| {
        if model.is_uppercase() { letter.to_uppercase().next().unwrap_or(letter) } else { letter }
    };
    match slip {
        Slip::Other(at) => chars[places[at]] = like(to[at], chars[places[at]]),
        Slip::Swapped(at) => {
            for n in [at, at + 1] {
                chars[places[n]] = like(to[n], chars[places[n]]);
            }
        }
        Slip::Lost(at) => {
            let place = places[at];
            let first = chars[place];
            // "Kea": the capital is the lost letter's.
            if at == 0 && places.get(1).is_some_and(|next| chars[*next].is_lowercase()) {
                chars[place] = first.to_lowercase().next().unwrap_or(first);
            }
            chars.insert(place, like(to[at], first));
        }
        Slip::Added(at) => {
            chars.remove(places[at]);
        }
    }
    chars.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::understand::{
        parties::{Options, web},
        sheet::{Sheet, drawn},
    };

    /// The names that are found where the first line was read this surely.
    fn names(read: f32, lines: &[&[(f32, &str)]]) -> Vec<String> {
        let mut sheet = drawn(lines);
        for cell in &mut sheet.rows[0].cells {
            cell.confidence = read;
        }
        Options::of(&sheet, &[], false).iter().map(|n| n.name.clone()).collect()
    }

    #[test]
    fn a_brand_that_lost_a_letter_in_its_logo() {
        let line =
            |logo| names(0.9, &[&[(0.3, logo)], &[(0.1, "12 High Street")], &[(0.1, "IKEA Nube Family")]]);
        assert!(line("KEA").contains(&"IKEA".to_owned()));
        assert!(line("IKFA").contains(&"IKFA".to_owned()), "one line says little of another letter");
        // What was sold is no witness.
        let goods = names(0.9, &[&[(0.3, "KEA")], &[(0.1, "IKEA bag"), (0.7, "2.50")]]);
        assert!(goods.contains(&"KEA".to_owned()) && !goods.contains(&"IKEA".to_owned()));
    }

    #[test]
    fn a_brand_misread_over_its_site() {
        let survey = [(0.1, "Enter survey: lidl.co.uk/say")];
        assert!(names(0.9, &[&[(0.3, "LÁDL")], &survey]).contains(&"LIDL".to_owned()));
        assert!(names(0.9, &[&[(0.3, "Lidl")], &survey]).contains(&"Lidl".to_owned()));
        assert!(names(0.9, &[&[(0.3, "Nube Roja")], &survey]).contains(&"Nube Roja".to_owned()));
    }

    #[test]
    fn a_long_brand_with_one_letter_misread() {
        assert_eq!(long_brand("COLID STONE CREAMERY").as_deref(), Some("COLD STONE CREAMERY"));
        for name in ["COLD STONE CREAMERY", "Cold Stone Creameries", "LDL", "Nube Roja Creamery", ""] {
            assert_eq!(long_brand(name), None, "{name}");
        }
        let sign = [&[(0.3, "COLID STONE")][..], &[(0.3, "CREAMERY,")], &[(0.1, "12 High Street")]];
        assert!(names(0.9, &sign).contains(&"COLD STONE CREAMERY".to_owned()));
    }

    #[test]
    fn a_letter_that_the_site_says_better() {
        let site = [(0.1, "www.nube-roja.com")];
        assert!(names(0.8, &[&[(0.3, "NubeRoia")], &site]).contains(&"NubeRoja".to_owned()));
        assert!(names(0.8, &[&[(0.3, "Nubbe Roja S.L.")], &site]).contains(&"Nube Roja S.L.".to_owned()));
        // Read as well as the site; said twice; another ending; an umlaut.
        assert!(names(0.99, &[&[(0.3, "NubeRoia")], &site]).contains(&"NubeRoia".to_owned()));
        // Two lines say it so, one otherwise.
        let lines = [&[(0.3, "NubeRoia")][..], &site, &[(0.1, "Facebook: nuberoja")]];
        assert!(names(0.99, &lines).contains(&"NubeRoja".to_owned()));
        let twice = [&[(0.3, "NubeRoia")][..], &site, &[(0.1, "NubeRoia Centro")]];
        assert!(names(0.8, &twice).contains(&"NubeRoia".to_owned()));
        assert!(names(0.8, &[&[(0.3, "Nube Rojas")], &site]).contains(&"Nube Rojas".to_owned()));
        let mueller = [(0.1, "www.mueller-nube.de")];
        assert!(names(0.8, &[&[(0.3, "Muller Nube")], &mueller]).contains(&"Muller Nube".to_owned()));
    }

    #[test]
    fn one_letter_apart() {
        let chars = |text: &str| text.chars().collect::<Vec<char>>();
        let apart = |from: &str, to: &str| slip(&chars(from), &chars(to));
        assert_eq!(apart("kea", "ikea"), Some(Slip::Lost(0)));
        assert_eq!(apart("nuberoia", "nuberoja"), Some(Slip::Other(6)));
        assert_eq!(apart("nueb", "nube"), Some(Slip::Swapped(2)));
        assert_eq!(apart("nubbe", "nube"), Some(Slip::Added(3)));
        for (from, to) in
            [("nube", "nube"), ("nube", "nubes"), ("nubes", "nube"), ("nube", "roja"), ("", "n")]
        {
            assert_eq!(apart(from, to), None, "{from} {to}");
        }
        assert_eq!(patched("Kea", Slip::Lost(0), &chars("ikea")), "Ikea");
        assert_eq!(patched("NU BE", Slip::Other(3), &chars("nuba")), "NU BA");
    }

    #[test]
    fn a_recipients_site_says_nothing() {
        let sheet: Sheet =
            drawn(&[&[(0.1, "Nube Roia")], &[(0.1, "Bill to: Monte Verde, monte@nuberoja.com")]]);
        let sites = web::sites(&sheet);
        let page = Page::of(&sheet, sheet.blocks(), &sites, &[]);
        assert!(witnesses(&page, &Lines::of(&page)).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(from in "\\PC{0,12}", to in "[a-z0-9]{0,12}") {
            let own: Vec<char> = letters(&from).map(|(_, letter)| letter).collect();
            let to: Vec<char> = to.chars().collect();
            if let Some(slip) = slip(&own, &to) {
                let _ = patched(&from, slip, &to);
            }
        }
    }
}
