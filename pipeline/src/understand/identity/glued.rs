//! California's `DL`, `LN` and `FN`, which OCR joins to their values.

use super::{labels::What, spans::Span};
use crate::{
    reading::Word,
    understand::sheet::{Row, Sheet},
};

/// Labels joined to their values, of fields for which no other label was found.
pub(super) fn glued(sheet: &Sheet, found: &[Span]) -> Vec<Span> {
    let has = |what| found.iter().any(|s| s.what == what);
    let mut out = Vec::new();
    if !has(What::Surname) && !has(What::Given) {
        out.extend(names(sheet).into_iter().flatten());
    }
    if !has(What::Number) {
        out.extend(number(sheet));
    }
    out
}

fn span(what: What, row: usize, word: usize, r: &Row) -> Option<Span> {
    let x0 = r.words.get(word)?.bbox[0];
    Some(Span { what, row, start: (word, 0), end: (word, 2), x0, exact: true, code: false })
}

/// Believed where both names begin so, one under the other.
fn names(sheet: &Sheet) -> Option<[Span; 2]> {
    let begins = |word: &Word, label: &str| {
        word.text.len() >= 4
            && word.text.starts_with(label)
            && word.text.chars().all(|c| c.is_ascii_uppercase())
    };
    sheet.rows.windows(2).enumerate().find_map(|(row, pair)| {
        let [upper, lower] = pair else { return None };
        let a = upper.words.iter().position(|w| begins(w, "LN"))?;
        let x = upper.words.get(a)?.bbox[0];
        let b = lower.words.iter().position(|w| begins(w, "FN") && (w.bbox[0] - x).abs() < 0.02)?;
        Some([span(What::Surname, row, a, upper)?, span(What::Given, row + 1, b, lower)?])
    })
}

/// Believed where the digits of a number follow.
fn number(sheet: &Sheet) -> Option<Span> {
    let is = |w: &Word| {
        let rest = w.text.strip_prefix("DL").unwrap_or_default();
        (7..=9).contains(&rest.len())
            && rest.chars().all(|c| c.is_ascii_alphanumeric())
            && rest.chars().filter(char::is_ascii_digit).count() >= 6
    };
    sheet.rows.iter().enumerate().find_map(|(row, r)| {
        let at = r.words.iter().position(is)?;
        span(What::Number, row, at, r)
    })
}
