//! What vouches for the party that was found, and what speaks against it: the signs the trained scorer weighs.

use super::{
    Named, brands,
    candidates::{Candidate, Page},
    looks::{is_price, looks_like_address, says_contact},
    names::{core, firm, only_trade, says_other, tokens},
    nobody::is_nobody,
    words::{SPEECH, STUB, STUB_END, before},
};
use crate::{
    fields::Source,
    reading::is_unread,
    understand::{
        places::{cities, scripts},
        scorer::{Signs, yes},
        sheet::{Row, fold},
    },
};

/// The most that a name is believed that cannot be one: an address, a label, letters that could not be read.
const NO_NAME: f32 = 0.05;
/// The most that a name is believed of which letters seem to be lost or misread.
const MISREAD: f32 = 0.7;

/// The most that a name is believed that stands beside the tax id of somebody else, that is a city's, or whose letters are of
/// a script that was not read.
const OTHERS: f32 = 0.3;

/// The most that the only party of an invoice is believed, which may be whom it is to.
const LONE: f32 = 0.7;

/// The signs of `top`, shown as `shown`; `lead` over the next other name. `told_apart`: whether somebody else is named as
/// the recipient; `None` on a receipt.
pub(super) fn signs(
    page: &Page<'_>,
    top: &Candidate,
    shown: &Candidate,
    lead: f32,
    told_apart: Option<bool>,
) -> Signs {
    let name = shown.name.as_str();
    let row = page.sheet.rows.get(shown.at.0);
    let cell = row.and_then(|r| r.cells.get(shown.at.1));
    let above = page.above(shown.at.0);
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let words = name.split_whitespace().count();
    let site = top.site.unwrap_or_default();
    let form = firm(name) > 0.9;
    let brand = is_brand(name);
    let vouched = form || brand || site > 0.5 || top.labelled || top.again > 0 || top.mentions > 0;
    let invoice = told_apart.is_some();
    let speech = tokens(name).iter().filter(|w| SPEECH.contains(&w.plain.as_str())).count();
    let below = page.below(shown.at, 5);
    let address = below.iter().take(3).any(|c| looks_like_address(&c.folded));
    let contact = below.iter().any(|c| says_contact(&c.folded));
    let mut signs = vec![
        ("lead", lead),
        ("site", site),
        ("form", yes(form)),
        ("trade", yes(!form && firm(name) > 0.1)),
        ("brand", yes(brand)),
        ("vouched", yes(vouched)),
        ("first", yes(above == 0)),
        ("row", above.min(10) as f32 / 10.0),
        ("size", cell.map_or(1.0, |c| c.height / page.usual).clamp(0.0, 3.0)),
        ("alone", yes(row.is_some_and(|r| r.cells.len() == 1))),
        ("digits", digits.min(4) as f32),
        ("one_word", yes(words == 1)),
        ("many_words", yes(words > 4)),
        ("short", yes(letters <= 4)),
        ("small", yes(name.starts_with(char::is_lowercase))),
        ("says_other", yes(says_other(name))),
        ("no_name", yes(cannot_be(name))),
        ("address", yes(looks_like_address(&fold(name)))),
        ("read", cell.map_or(0.5, |c| c.confidence)),
        ("text", yes(row.is_some_and(|r| r.source == Source::Text))),
        ("invoice", yes(invoice)),
        ("told_apart", yes(told_apart == Some(true))),
        ("invoice_vouched", yes(invoice && vouched)),
        ("foreign", yes(scripts::unread(page.sheet).is_some())),
        ("receipted", yes(is_receipted(page, name))),
        ("ids", page.ids.len().min(3) as f32),
        ("priced", yes(row.is_some_and(|r| r.cells.iter().any(|c| is_price(&c.folded))))),
        ("city", yes(cities::is_city(&fold(name)))),
        ("only_trade", yes(only_trade(name))),
        ("depth", shown.bbox[1].clamp(0.0, 1.0)),
        ("speech", if form || brand { 0.0 } else { speech.min(2) as f32 / 2.0 }),
        ("above_address", yes(address)),
        ("above_contact", yes(contact)),
        ("largest", cell.map_or(0.0, |c| c.height / tallest(page).max(c.height))),
        ("centred", yes((shown.bbox[0] + shown.bbox[2] - 1.0).abs() < 0.1)),
        ("left", shown.bbox[0].clamp(0.0, 1.0)),
        ("upper", yes(name.chars().filter(|c| c.is_uppercase()).count() * 10 > letters * 7)),
    ];
    signs.extend(weighed(top));
    signs
}

/// The signs that a candidate was weighed by, wherever it is shown.
fn weighed(top: &Candidate) -> [(&'static str, f32); 12] {
    [
        ("score", top.score.clamp(-2.0, 4.0)),
        ("proofs", top.proofs.min(5) as f32),
        ("other_site", yes(top.site.is_some_and(|s| s < 0.3))),
        ("again", top.again.min(2) as f32),
        ("labelled", yes(top.labelled)),
        ("own_id", yes(top.own_id)),
        ("others_id", yes(top.others_id)),
        ("legal_label", yes(top.legal_label)),
        ("mentions", top.mentions.min(3) as f32 / 3.0),
        ("mentioned", yes(top.mentioned)),
        ("mentioned_again", yes(top.mentioned && top.mentions > 1)),
        ("voiced", yes(top.voiced)),
    ]
}

/// Rows from the top among which a name is the largest.
const HEAD: usize = 10;

/// The height of the largest letters in the head of the page.
fn tallest(page: &Page<'_>) -> f32 {
    let head = page.sheet.rows.iter().take(HEAD).flat_map(|r| &r.cells);
    head.filter(|c| c.folded.chars().any(char::is_alphabetic)).map(|c| c.height).fold(f32::EPSILON, f32::max)
}

/// Whether the stub of the page names this issuer.
fn is_receipted(page: &Page<'_>, name: &str) -> bool {
    let behind = |row: &Row, begin: &str| {
        let mut ends = row.folded.match_indices(begin).map(|(at, _)| at + begin.len());
        let rest = ends.find_map(|end| row.folded[end..].strip_prefix(' '))?;
        STUB_END.iter().filter_map(|end| before(rest, end)).min_by_key(|name| name.len()).map(core)
    };
    page.sheet.rows.iter().any(|row| STUB.iter().any(|begin| behind(row, begin) == Some(core(name))))
}

fn is_brand(name: &str) -> bool {
    brands::is_brand(name)
        || (core(name).chars().count() >= 4 && brands::is_brand(&core(name)))
        || brands::with_its_trade(name)
}

/// Whether another line must be the name: it [names nobody](is_nobody), or is a label beside its sum, "New balance 25.00".
pub(super) fn names_nobody(named: &Named) -> bool {
    let says = |sign: &str| named.signs.iter().any(|(name, value)| *name == sign && *value > 0.0);
    is_nobody(&named.name) || (says("says_other") && says("priced"))
}

/// The most that a name is believed, whatever a scorer gives its signs: nothing that cannot be a name is, nor one that
/// stands by another's tax id, nor one whose letters were misread. What vouches for it the scorer weighs.
pub(super) fn most(named: &Named) -> f32 {
    let says = |sign: &str| named.signs.iter().any(|(name, value)| *name == sign && *value > 0.0);
    // "New balance 25.00" is no sign of the brand.
    if cannot_be(&named.name) || says("says_other") && (!says("brand") || says("priced")) {
        NO_NAME
    } else if says("foreign") || says("others_id") || (says("city") && !says("brand")) {
        OTHERS
    } else if says("invoice")
        && !["told_apart", "labelled", "site", "brand", "mentioned_again", "receipted", "voiced"]
            .into_iter()
            .any(says)
    {
        LONE
    } else if misread(&named.name) {
        MISREAD
    } else {
        0.99
    }
}

/// Whether letters of a name seem to be lost or misread: `KEA`, `AISIFIiINIAIG`.
fn misread(name: &str) -> bool {
    let mixed = |word: &str| {
        let letters: Vec<char> = word.chars().collect();
        let upper = letters.iter().filter(|c| c.is_uppercase()).count();
        let sinks = |pair: &[char]| matches!(pair, [a, b] if a.is_uppercase() && b.is_lowercase());
        letters.len() >= 5 && upper * 5 >= letters.len() * 3 && letters.windows(2).skip(2).any(sinks)
    };
    brands::lacks_a_letter(name)
        || name.split(|c: char| !c.is_alphabetic()).any(mixed)
        || lacks_a_capital(name)
}

/// Letters of the shortest word that is no article, and capitals behind it, by which its own was misread.
const SMALL: (usize, usize) = (4, 2);

/// "mube Roja Health Ltd": a first word written small before others that are not.
fn lacks_a_capital(name: &str) -> bool {
    let words: Vec<&str> = name.split_whitespace().filter(|w| !w.starts_with('&')).collect();
    let [first, rest @ ..] = words.as_slice() else { return false };
    first.chars().count() >= SMALL.0
        && first.chars().all(char::is_lowercase)
        && rest.len() >= SMALL.1
        && rest.iter().all(|w| w.starts_with(char::is_uppercase))
        && !is_brand(name)
}

/// What is never a name: a part of an address, letters that could not be read, and what names [nobody](is_nobody).
fn cannot_be(name: &str) -> bool {
    name.contains(is_unread)
        || (looks_like_address(&fold(name)) && firm(name) < 0.9 && !brands::is_brand(name))
        || is_nobody(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_were_misread() {
        for name in ["KEA", "AISIFIiINIAIG", "mube Roja Health & Beauty Ltd"] {
            assert!(misread(name), "{name}");
        }
        for name in [
            "el Sol Rojo",
            "nube roja",
            "smart Nube",
            "McDONALD'S",
            "IKEA",
            "GmbH",
            "Nube Roja GmbH",
            "swissôtel TALLINN",
            "DeLONGHI",
            "NUBE ROJA",
        ] {
            assert!(!misread(name), "{name}");
        }
    }

    #[test]
    fn a_stub_names_the_issuer() {
        let stub = "RECEBEMOS DE Vinicius e Rebeca OS PRODUTOS/SERVIÇOS CONSTANTES DA NOTA FISCAL";
        let sheet = crate::understand::sheet::drawn(&[&[(0.1, stub)], &[(0.1, "Igor e Benjamin Doces")]]);
        let page = Page::of(&sheet, &[], &[], &[]);
        assert!(is_receipted(&page, "Vinicius e Rebeca") && !is_receipted(&page, "Igor e Benjamin Doces"));
    }

    #[test]
    fn what_is_never_a_name() {
        for name in [
            "PRESTADOR / FORNECEDOR",
            "Datos del emisor",
            "Trattendorfer Weg 21",
            "Seattle, Washington 98101-2007",
            "(2300) - RAFAELA - Santa Fe",
            "Caf\u{FFFD} Sol",
            "Caf\u{e0e9} Sol",
            "31-10-2023",
            "d.o.o. OIB",
            "Las Vegas, NV",
            "Vancouver, British Columbia",
            "Lieferadresse",
            "THE",
            "ZONE 1",
            "Adult Single",
            "Take away",
        ] {
            assert!(cannot_be(name), "{name}");
        }
        for name in [
            "Nube Roja",
            "Café Sol",
            "Servicios Lago S.L.",
            "H&M",
            "7-Eleven",
            "The Nube",
            "Cliente Feliz S.L.",
            "Zone Fitness",
            "Nube Take Away",
            "In-N-Out",
        ] {
            assert!(!cannot_be(name), "{name}");
        }
    }

    #[test]
    fn what_was_misread_may_still_be_the_name() {
        for name in ["Caf\u{FFFD} Sol", "Trattendorfer Weg 21"] {
            assert!(cannot_be(name) && !is_nobody(name), "{name}");
        }
        for name in ["d.o.o. OIB", "31-10-2023", "Destinatario", "Las Vegas, NV"] {
            assert!(is_nobody(name), "{name}");
        }
    }
}
