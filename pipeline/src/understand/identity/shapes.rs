//! What a name, a number, a day, a sex look like in print: the first such words of a run of words.

use time::Date;

use super::words::{FEMALE, MALE, SMALL};
use crate::{
    fields::PageBox,
    understand::{
        dates::{Order, dates, iso},
        sheet::{Sheet, fold},
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
            && (capital(&t.text) || SMALL.contains(&t.text.as_str()))
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
    // `ANYTOWN CA 95818` is where somebody lives.
    if tokens.get(end).is_some_and(|t| is_postal_code(&t.text)) {
        return None;
    }
    let name = tokens.get(..end)?.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ");
    let name = name.trim_end_matches(['.', '-']).to_owned();
    ((2..=60).contains(&letters(&name)) && letters(&first.text) >= 2).then_some((name, 0..end))
}

/// Five digits, or five and four, as the United States and many others write them.
pub(super) fn is_postal_code(text: &str) -> bool {
    let (head, tail) = text.split_once('-').unwrap_or((text, ""));
    let all = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    head.len() == 5 && all(head) && matches!(tail.len(), 0 | 4) && all(tail)
}

/// A document's number: a word with four digits or more that is no date, or groups that make one number.
pub(super) fn number_like(tokens: &[Token]) -> Option<(String, std::ops::Range<usize>)> {
    let plain = |t: &str| t.chars().all(|c| c.is_ascii_alphanumeric() || "-./".contains(c));
    for (i, token) in tokens.iter().enumerate().take(4) {
        let rest = tokens.get(i..).unwrap_or_default();
        if let Some((number, size)) = portuguese(rest).or_else(|| grouped(rest)) {
            return Some((number, i..i + size));
        }
        let value = token.text.trim_matches(|c: char| !c.is_alphanumeric());
        let digits = digits(value);
        // Some licences are mostly letters: `WDLABCD456DG`; so are new French and German cards, always nine characters.
        let lettered = value.len() == 9 && digits >= 2 && !value.contains(|c: char| c.is_ascii_lowercase());
        if (digits >= 4 || (digits >= 3 && value.len() >= 8) || lettered)
            && value.len() <= 20
            && plain(value)
            && dates(&fold(value), Order::DayFirst).is_empty()
        {
            return Some((value.to_owned(), i..i + 1));
        }
    }
    None
}

fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}

/// `12 345 678`, `M 123 456 789 012`, `A1234 56789 01235`: groups of two to five, the first perhaps with a letter.
fn grouped(tokens: &[Token]) -> Option<(String, usize)> {
    let first = tokens.first()?;
    let head: &str = first.text.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(&first.text);
    let lettered = head.len() < first.text.len();
    if digits(head) != head.len() || head.len() > 5 || (head.len() < 2 && !lettered) {
        return None;
    }
    let near = |pair: &[Token]| {
        matches!(pair, [a, b] if a.row == b.row && b.bbox[0] - a.bbox[2] < 0.04
            && (2..=5).contains(&b.text.len()) && digits(&b.text) == b.text.len())
    };
    let size = 1 + tokens.windows(2).take(5).take_while(|pair| near(pair)).count();
    let group: Vec<&str> = tokens.iter().take(size).map(|t| t.text.as_str()).collect();
    let joined = group.concat();
    (size >= 2 && digits(&joined) >= 7 && !spaced_date(&group)).then_some((joined, size))
}

/// `12345678 9 ZZ4`: number, check digit, version and its check digit of the Portuguese card.
fn portuguese(tokens: &[Token]) -> Option<(String, usize)> {
    let [number, check, version, ..] = tokens else { return None };
    let is = |t: &Token, letters: usize, size: usize| {
        t.text.len() == size
            && t.text.chars().take(letters).all(|c| c.is_ascii_uppercase())
            && t.text.chars().skip(letters).all(|c| c.is_ascii_digit())
    };
    (is(number, 0, 8) && is(check, 0, 1) && is(version, 2, 3))
        .then(|| (format!("{}{}{}", number.text, check.text, version.text), 3))
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
    if found.is_empty()
        && let Some(once) = months_once(&words)
    {
        let found = dates(&fold(&once), order);
        let date = found.first().filter(|d| d.other.is_none() || order != Order::Unknown)?.date;
        return plausible(date, today, born).map(|d| (iso(d), 0..words.len().min(4)));
    }
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

/// The order of day and month that some date of the page leaves no choice in; with points between it is the day first.
pub(super) fn order_shown(sheet: &Sheet) -> Order {
    let mut shown = Order::Unknown;
    for word in sheet.rows.iter().flat_map(|r| &r.words) {
        let parts: Vec<&str> = word.text.split(['/', '-', '.']).collect();
        let [a, b, year] = parts.as_slice() else { continue };
        let (Ok(a), Ok(b), 4) = (a.parse::<u8>(), b.parse::<u8>(), year.len()) else { continue };
        let order = if (13..=31).contains(&a) || (b <= 12 && word.text.contains('.')) {
            Order::DayFirst
        } else if (13..=31).contains(&b) {
            Order::MonthFirst
        } else {
            continue;
        };
        if shown != Order::Unknown && shown != order {
            return Order::Unknown;
        }
        shown = order;
    }
    shown
}

/// `01 FEB / FEB 1990`: the month in two languages, said once; or a mark of time read for a point, as in `31.12:2030`.
fn months_once(words: &[&str]) -> Option<String> {
    let parts: Vec<&str> =
        words.iter().flat_map(|w| w.split(['/', ':'])).filter(|p| !p.is_empty()).take(5).collect();
    let word = |p: &str| p.chars().all(char::is_alphabetic);
    let mut kept: Vec<&str> = Vec::new();
    for part in parts {
        if !(word(part) && kept.last().is_some_and(|last| word(last))) {
            kept.push(part);
        }
    }
    let joined = kept.join(if kept.iter().any(|k| word(k)) { " " } else { "." });
    (joined != words.join(" ")).then_some(joined)
}

/// The end of a year that stands alone, or ends a span of years: `2021 - 2031`.
pub(super) fn year_like(tokens: &[Token], today: Date) -> Option<(String, std::ops::Range<usize>)> {
    let years: Vec<(usize, i32)> = tokens
        .iter()
        .enumerate()
        .take(3)
        .flat_map(|(i, t)| t.text.split('-').map(move |part| (i, part)))
        .filter(|(_, part)| part.len() == 4)
        .filter_map(|(i, part)| Some((i, part.parse().ok()?)))
        .collect();
    let (at, year) = years.iter().max_by_key(|(_, year)| *year)?;
    (1990..=today.year() + 60).contains(year).then(|| (format!("{year}-12-31"), 0..at + 1))
}

/// Nobody is born tomorrow; two digits of a year may mean the century before.
fn plausible(date: Date, today: Date, born: bool) -> Option<Date> {
    if !born {
        return (date.year() >= today.year() - 30 && date.year() <= today.year() + 60).then_some(date);
    }
    let date = if date > today { date.replace_year(date.year() - 100).ok()? } else { date };
    (date <= today && date.year() > today.year() - 125).then_some(date)
}

/// M, F or X. In Mexico H is a man and M a woman.
pub(super) fn sex_like(tokens: &[Token], mexican: bool) -> Option<(String, std::ops::Range<usize>)> {
    tokens.iter().take(3).enumerate().find_map(|(i, token)| {
        let word = fold(&token.text);
        let sex = match word.trim_matches(|c: char| !c.is_alphabetic()) {
            "m" if mexican => "F",
            "h" if mexican => "M",
            word if MALE.contains(&word) => "M",
            word if FEMALE.contains(&word) => "F",
            "x" => "X",
            _ => return None,
        };
        Some((sex.to_owned(), i..i + 1))
    })
}
