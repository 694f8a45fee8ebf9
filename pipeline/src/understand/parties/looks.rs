//! What the lines about a name look like: addresses, telephones, registration numbers, prices.

use super::words::{ADDRESS, CONTACT, REGISTRATION, STREET_END, TRADE};
use crate::understand::{money, sheet::has_phrase};

/// Whether a folded line reads like a part of a postal address.
#[must_use]
pub fn looks_like_address(row: &str) -> bool {
    let digits = row.chars().filter(char::is_ascii_digit).count();
    let words = ADDRESS.iter().filter(|w| has_phrase(row, w)).count()
        + usize::from(row.split_whitespace().any(|w| {
            let w = w.trim_matches(|c: char| !c.is_alphabetic());
            w.len() > 5 && STREET_END.iter().any(|e| w.ends_with(e))
        }));
    words >= 1 && digits >= 1
        || words >= 2
        || digits * 3 > row.chars().count()
        || postal(row)
        || numbered(row)
}

/// "161 Raynor Overpass": a house number of three digits or more before two to four words.
fn numbered(row: &str) -> bool {
    let mut words = row.split_whitespace();
    let house =
        words.next().is_some_and(|w| (3..=5).contains(&w.len()) && w.chars().all(|c| c.is_ascii_digit()));
    let rest: Vec<&str> = words.collect();
    let wordy =
        rest.iter().all(|w| w.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | ',' | '\'' | '-')));
    house && (2..=4).contains(&rest.len()) && wordy && !TRADE.iter().any(|t| has_phrase(row, t))
}

/// "80333 Muenchen", "Springfield, NY 10001": a postal code with its town.
#[must_use]
pub fn postal(row: &str) -> bool {
    let words: Vec<&str> = row.split([' ', ',']).filter(|w| !w.is_empty()).collect();
    // "Ring 1, 1010 Wien": behind a street, too.
    let behind = row.split(", ").skip(1).map(|part| part.split(' ').filter(|w| !w.is_empty()));
    let code = |w: &str| {
        let w = w.trim_start_matches(|c: char| c.is_alphabetic()).trim_start_matches('-');
        let bare = w.split('-').next().unwrap_or(w);
        (4..=5).contains(&bare.len()) && bare.chars().all(|c| c.is_ascii_digit())
    };
    let town = |w: &&str| w.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\''));
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return false };
    let mut parts = behind.map(|mut words| (words.next(), words.next()));
    let streets = parts.any(|part| matches!(part, (Some(first), Some(next)) if code(first) && town(&next)));
    // "1516 Brewing Company": a year before a trade is a name.
    let trade = words.get(1).is_some_and(|w| TRADE.contains(w));
    (words.len() >= 2 && code(first) && words.get(1).is_some_and(town) && !trade)
        || streets
        || (words.len() >= 3
            && code(last)
            && words.get(words.len() - 2).is_some_and(|s| s.len() == 2 && town(s)))
}

/// An amount with its decimals at the end of a cell.
#[must_use]
pub fn is_price(folded: &str) -> bool {
    money::mend(folded).split_whitespace().any(|w| {
        let w = w.trim_matches(|c: char| !c.is_ascii_digit());
        let Some(at) = w.rfind(['.', ',']) else { return false };
        let (whole, cents) = (&w[..at], &w[at + 1..]);
        cents.len() == 2
            && cents.chars().all(|c| c.is_ascii_digit())
            && !whole.is_empty()
            && whole.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
    })
}

/// Whether a line gives a way to reach a firm, or its registration.
#[must_use]
pub fn says_contact(folded: &str) -> bool {
    let phone = folded.chars().filter(char::is_ascii_digit).count() >= 9
        && folded.chars().all(|c| {
            c.is_ascii_digit() || c.is_whitespace() || matches!(c, '-' | '(' | ')' | '+' | '.' | '/')
        });
    phone || (folded.contains('@') && folded.contains('.')) || CONTACT.iter().any(|w| has_phrase(folded, w))
}

/// A company's registration number, in brackets or by its label: "(123456-X)", "Co. Reg: 8811-A".
#[must_use]
pub fn is_registration(folded: &str) -> bool {
    let digits = folded.chars().filter(char::is_ascii_digit).count();
    let bracketed = folded.rfind('(').is_some_and(|at| {
        let inside: String = folded[at..].chars().filter(|c| c.is_alphanumeric()).collect();
        let digits = inside.chars().filter(char::is_ascii_digit).count();
        (5..=12).contains(&digits) && inside.len() <= digits + 3
    });
    let labelled = REGISTRATION.iter().any(|w| has_phrase(folded, w));
    let compact: String = folded.chars().filter(|c| !c.is_whitespace()).collect();
    let bare = compact.rsplit_once('-').is_some_and(|(n, x)| {
        (5..=9).contains(&n.len()) && n.chars().all(|c| c.is_ascii_digit()) && x.len() == 1
    });
    bracketed || (labelled && digits >= 4) || bare
}
