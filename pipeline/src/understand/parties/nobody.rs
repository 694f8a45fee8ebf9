//! What names nobody, so that another line must be the name.

use super::{
    labels,
    names::{only_articles, tokens},
    words::{BIND_ROLE, CONTACT, LEGAL, ROLES, SALE, SHORT_LEGAL},
};
use crate::understand::{payment, places::cities, sheet::fold, tax_ids::schemes::LABELS};

/// Words of the longest phrase of those a line is made of.
const PHRASE: usize = 4;

/// What names nobody at all, so that another line must be the name: a number, a town with its code or its state, words that
/// only name roles, numbers, forms, fares or how it was paid, the label of a party, an article alone. What was misread, or
/// looks like an address, may still be the name.
pub(super) fn is_nobody(name: &str) -> bool {
    let folded = fold(name);
    let digits = folded.chars().filter(char::is_ascii_digit).count();
    let letters = folded.chars().filter(|c| c.is_alphabetic()).count();
    letters < 2
        || digits > letters
        || ends_in_zip(&folded)
        || begins_with_code(&folded)
        || only_roles(&folded)
        || only_labels(name)
        || only_articles(name)
        || only_sale(&folded)
        || labels::is_label(&folded)
        || cities::with_state(&folded)
}

/// "(2300) - Villa Alta - Santa Fe": a postal code in brackets before its town.
fn begins_with_code(folded: &str) -> bool {
    let code = folded.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(code, _)| code);
    code.is_some_and(|code| (4..=5).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit()))
}

/// "Seattle, Washington 98101-2007": a town, its state and a zip code.
fn ends_in_zip(folded: &str) -> bool {
    let last = folded.split_whitespace().next_back().unwrap_or_default();
    let zip = last.split('-').next().unwrap_or_default();
    folded.contains(',') && zip.len() == 5 && zip.bytes().all(|b| b.is_ascii_digit())
}

/// "PRESTADOR / FORNECEDOR", "Datos del emisor": every word names a role or binds two.
fn only_roles(folded: &str) -> bool {
    let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).peekable();
    words.peek().is_some() && words.all(|w| ROLES.contains(&w) || BIND_ROLE.contains(&w))
}

/// "ZONE 1", "Adult Single", "Take away", "Debit Mastercard": how something is sold or paid, and nothing else but figures and
/// lone letters; how it is sold may name a town, as fares do: "De ZONE BRUXELLES".
fn only_sale(folded: &str) -> bool {
    let lone = |w: &&str| w.chars().count() < 2 || w.bytes().all(|b| b.is_ascii_digit());
    let parts = |c: char| !c.is_alphanumeric() && c != '-';
    let words: Vec<&str> = folded.split(parts).filter(|w| !w.is_empty() && !lone(w)).collect();
    let sold = |phrase: &str| SALE.contains(&phrase);
    let fare = |phrase: &str| sold(phrase) || BIND_ROLE.contains(&phrase) || cities::is_city(phrase);
    (!words.is_empty() && made_of(&words, |phrase| sold(phrase) || payment::says_how(phrase)))
        || (words.iter().any(|w| sold(w)) && made_of(&words, fare))
}

/// Whether words are nothing but such phrases, the longest taken first.
fn made_of(words: &[&str], is: impl Fn(&str) -> bool) -> bool {
    let mut at = 0;
    while at < words.len() {
        let most = PHRASE.min(words.len() - at);
        let Some(long) = (1..=most).rev().find(|n| is(&words[at..at + n].join(" "))) else { return false };
        at += long;
    }
    true
}

/// "d.o.o. OIB", "VAT Reg": legal forms and the names of numbers, without a firm's.
fn only_labels(name: &str) -> bool {
    let words = tokens(name);
    let form = |w: &str| LEGAL.contains(&w) || SHORT_LEGAL.contains(&w);
    let label = |w: &str| CONTACT.contains(&w) || LABELS.iter().any(|l| l.sure && l.label == w);
    words.iter().any(|w| label(&w.plain)) && words.iter().all(|w| form(&w.plain) || label(&w.plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_nobody() {
        for name in [
            "ZONE 1",
            "Adult Single",
            "Take away",
            "De ZONE BRUXELLES",
            "Zona Madrid",
            "Debit Mastercard",
            "Visa Debit",
            "CONTACTLESS",
            "Kartenzahlung kontaktlos",
            "Die Zahlung erfolgte",
            "Purchase",
            "Sans contact",
            "Waiter",
            "EST.",
            "Addition",
            "Réservation",
        ] {
            assert!(is_nobody(name), "{name}");
        }
        for name in [
            "Zone Fitness",
            "Nube Take Away",
            "In-N-Out",
            "Card Factory",
            "Bruxelles Nube",
            "American Apparel",
            "Nube Contactless",
            "Casablanca",
            "Cash Nube",
            "Fantasia",
        ] {
            assert!(!is_nobody(name), "{name}");
        }
    }
}
