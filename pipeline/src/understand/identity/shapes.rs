//! What a name, a number, a day, a sex look like in print: the first such words of a run of words.

use time::Date;

use crate::{
    fields::PageBox,
    understand::{
        dates::{Order, dates, iso},
        sheet::fold,
    },
};

/// One word of a value.
#[derive(Clone)]
pub(super) struct Token {
    pub text: String,
    pub bbox: PageBox,
    pub confidence: f32,
    pub row: usize,
}

/// Adds a word without the marks around it.
pub(super) fn push(tokens: &mut Vec<Token>, text: &str, bbox: PageBox, confidence: f32, row: usize) {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric() && c != '.');
    let text = text.trim_start_matches('.');
    if !text.is_empty() {
        tokens.push(Token { text: text.to_owned(), bbox, confidence, row });
    }
}

/// A name: words of letters, as long as they stand together and keep to one case.
pub(super) fn name_like(tokens: &[Token]) -> Option<(String, std::ops::Range<usize>)> {
    let letters = |t: &str| t.chars().filter(|c| c.is_alphabetic()).count();
    let capital = |t: &str| t.chars().next().is_some_and(char::is_uppercase);
    let first = tokens.first()?;
    // Marks of a gallery of languages, not a name.
    let all_caps = first.text.chars().all(|c| !c.is_lowercase());
    let good = |t: &Token| {
        t.text.chars().all(|c| c.is_alphabetic() || "-'’.".contains(c))
            && capital(&t.text)
            && (!all_caps || t.text.chars().all(|c| !c.is_lowercase()))
    };
    let end = tokens
        .iter()
        .enumerate()
        .take_while(|(i, t)| {
            let near = i
                .checked_sub(1)
                .and_then(|i| tokens.get(i))
                .is_none_or(|p| t.row == p.row && t.bbox[0] - p.bbox[2] < 0.06);
            good(t) && near
        })
        .count();
    let name = tokens.get(..end)?.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
    let name = name.trim_end_matches(['.', '-']).to_owned();
    ((2..=60).contains(&letters(&name)) && letters(&first.text) >= 2).then_some((name, 0..end))
}

/// A document's number: a word with four digits or more that is no date; groups of digits make one number.
pub(super) fn number_like(tokens: &[Token]) -> Option<(String, std::ops::Range<usize>)> {
    let digits = |t: &str| t.chars().filter(char::is_ascii_digit).count();
    let plain = |t: &str| t.chars().all(|c| c.is_ascii_alphanumeric() || "-./".contains(c));
    for (i, token) in tokens.iter().enumerate().take(4) {
        let grouped = |t: &str| (2..=4).contains(&t.len()) && digits(t) == t.len();
        if grouped(&token.text) && tokens.get(i + 1).is_some_and(|t| grouped(&t.text)) {
            let group: Vec<&str> =
                tokens.iter().skip(i).map(|t| t.text.as_str()).take_while(|t| grouped(t)).take(5).collect();
            let joined = group.concat();
            if joined.len() >= 7 && !spaced_date(&group) {
                return Some((joined, i..i + group.len()));
            }
        }
        let value = token.text.trim_matches(|c: char| !c.is_alphanumeric());
        // Some licences are mostly letters: `WDLABCD456DG`.
        if (digits(value) >= 4 || (digits(value) >= 3 && value.len() >= 8))
            && value.len() <= 20
            && plain(value)
            && dates(&fold(value), Order::DayFirst).is_empty()
        {
            return Some((value.to_owned(), i..i + 1));
        }
    }
    None
}

/// `06 07 2010`, as European passports and cards print it.
fn spaced_date(words: &[&str]) -> bool {
    matches!(words, [d, m, y, ..] if d.len() == 2 && m.len() == 2 && y.len() == 4
        && (y.starts_with("19") || y.starts_with("20")) && *m <= "12" && *d <= "31")
}

/// A date: not before birth dates can be, nor after expiries can.
pub(super) fn day_like(
    tokens: &[Token],
    order: Order,
    today: Date,
    born: bool,
) -> Option<(String, std::ops::Range<usize>)> {
    let words: Vec<&str> = tokens.iter().map(|t| t.text.as_str()).collect();
    for i in 0..words.len().min(4) {
        let rest = words.get(i..)?;
        if let [d, m, y, ..] = rest
            && spaced_date(rest)
        {
            let folded = format!("{d}.{m}.{y}");
            let date = dates(&folded, Order::DayFirst).first()?.date;
            return plausible(date, today, born).map(|d| (iso(d), i..i + 3));
        }
    }
    let text = fold(&words.join(" "));
    let found = dates(&text, order);
    let first = found.first().filter(|d| d.other.is_none() || order != Order::Unknown)?;
    // The words from the date's beginning on: three at most.
    let mut at = 0;
    let start = words.iter().position(|w| {
        at += fold(w).len() + 1;
        at > first.at
    })?;
    let whole = words.get(start).is_some_and(|w| !dates(&fold(w), order).is_empty());
    let end = if whole { start + 1 } else { (start + 3).min(words.len()) };
    plausible(first.date, today, born).map(|d| (iso(d), start..end))
}

/// Nobody is born tomorrow; two digits of a year may mean the century before.
fn plausible(date: Date, today: Date, born: bool) -> Option<Date> {
    if !born {
        return (date.year() >= 1950 && date.year() <= today.year() + 60).then_some(date);
    }
    let date = if date > today { date.replace_year(date.year() - 100).ok()? } else { date };
    (date <= today && date.year() > today.year() - 125).then_some(date)
}

/// M, F or X. In Mexico H is a man and M a woman.
pub(super) fn sex_like(tokens: &[Token], mexican: bool) -> Option<(String, std::ops::Range<usize>)> {
    tokens.iter().take(3).enumerate().find_map(|(i, token)| {
        let word = fold(&token.text).to_uppercase();
        let sex = match word.trim_matches(|c: char| !c.is_alphabetic()) {
            "M" if mexican => "F",
            "H" if mexican => "M",
            "M" | "MALE" | "MASCULINO" | "HOMBRE" | "VARON" | "MASC" => "M",
            "F" | "FEMALE" | "FEMENINO" | "FEMININO" | "MUJER" | "FEM" | "W" => "F",
            "X" => "X",
            _ => return None,
        };
        Some((sex.to_owned(), i..i + 1))
    })
}
