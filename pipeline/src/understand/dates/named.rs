//! Dates whose month is a word.

use super::{
    Match, date,
    months::{joins, month},
    token::{Token, tokens},
    year,
};

/// `12 de marzo de 2024`, `12-Mar-24`, `March 12, 2024`, `12. März 2024`.
pub(super) fn named(tokens: &[(Token<'_>, usize)]) -> Option<Match> {
    let mut parts: Vec<(Option<u8>, u32, usize, usize)> = Vec::new();
    for (i, (token, _)) in tokens.iter().enumerate().take(12) {
        match token {
            Token::Number(n, d) => parts.push((None, *n, *d, i)),
            Token::Word(w) if i > 0 && joins(w) => {}
            Token::Word(w) => {
                let rest = tokens.get(i + 1..).unwrap_or_default();
                // "3 x 2024" are three.
                let marked = w.len() > 1 || matches!(tokens.get(1), Some((Token::Mark('.' | '/' | '-'), _)));
                let numeral =
                    || (parts.len() == 1 && marked && before_year(rest)).then(|| roman(w)).flatten();
                parts.push((Some(month(w).or_else(numeral)?), 0, 0, i));
            }
            Token::Mark(' ' | ',' | '.' | '-' | '/' | '\'' | '\u{2019}') if i > 0 => {}
            Token::Mark(_) => break,
        }
        if parts.len() == 3 {
            break;
        }
    }
    let [a, b, c] = parts.as_slice() else { return None };
    let used = c.3 + 1;
    match (a, b, c) {
        ((None, d, dd, _), (Some(m), ..), (None, y, yd, _)) if *dd <= 2 => {
            Some((date(year(*y, *yd), u32::from(*m), *d)?, None, true, used))
        }
        ((None, y, 4, _), (Some(m), ..), (None, d, ..)) => {
            Some((date(year(*y, 4), u32::from(*m), *d)?, None, true, used))
        }
        ((Some(m), ..), (None, d, dd, _), (None, y, yd, _)) if *dd <= 2 => {
            Some((date(year(*y, *yd), u32::from(*m), *d)?, None, true, used))
        }
        _ => None,
    }
}

/// `12. XI. 2024`, `3/IV/2024`: the month in figures of Rome, as Polish, Hungarian, Italian and Spanish offices write it.
fn roman(word: &str) -> Option<u8> {
    const MONTHS: [&str; 12] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"];
    (1..).zip(MONTHS).find(|(_, figures)| *figures == word).map(|(month, _)| month)
}

/// Whether the next number is a year in full.
fn before_year(tokens: &[(Token<'_>, usize)]) -> bool {
    let next = tokens.iter().map(|t| &t.0).find(|t| !matches!(t, Token::Mark(' ' | '.' | '-' | '/')));
    matches!(next, Some(Token::Number(_, 4)))
}

/// Whether a date is written as Americans do, `March 12, 2024`: month, day, comma, year.
#[must_use]
pub fn written_month_first(folded: &str) -> bool {
    let tokens = tokens(folded);
    (0..tokens.len()).any(|i| {
        let named = matches!(&tokens[i].0, Token::Word(w) if month(w).is_some());
        let rest: Vec<&Token<'_>> = tokens[i + 1..]
            .iter()
            .map(|(t, _)| t)
            .filter(|t| !matches!(t, Token::Mark(' ' | '.')))
            .take(3)
            .collect();
        named && matches!(rest[..], [Token::Number(1..=31, 1 | 2), Token::Mark(','), Token::Number(_, 4)])
    })
}
