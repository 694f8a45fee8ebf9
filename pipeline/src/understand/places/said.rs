//! How often, and how well, a page says each currency: by codes and signs, beside amounts or alone.

use crate::understand::{
    money::{dashed, ends_dashed},
    sheet::Sheet,
    values::currency::{self as coins, Sign, Stand},
};

/// How often, and how well, each currency is said.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Codes with their points, the most first.
    pub counts: Vec<(&'static str, usize)>,
    /// Points of signs that may be several currencies, or that we do not know.
    pub unclear: usize,
}

impl Said {
    fn add(&mut self, code: &'static str, points: usize) {
        match self.counts.iter_mut().find(|(c, _)| *c == code) {
            Some(entry) => entry.1 += points,
            None => self.counts.push((code, points)),
        }
    }
}

pub(super) fn said(sheet: &Sheet, home: Option<&'static str>) -> Said {
    let mut said = Said::default();
    for sign in coins::MARKS.iter() {
        let points: usize = sheet.rows.iter().map(|r| stands(&r.folded, sign)).sum();
        if points == 0 {
            continue;
        }
        let agrees = home.filter(|home| sign.codes.contains(home));
        match (sign.codes.as_slice(), agrees) {
            (_, Some(home)) => said.add(home, points),
            // A letter or two are no sign but where the country has them.
            (_, None) if sign.stand == Stand::Prefix && sign.text.len() == 1 => {}
            (_, None) if sign.stand == Stand::Home => {}
            ([code], None) => said.add(code, points),
            // A sign that stands nowhere beside an amount is a slip: "GST ¥81614 3374".
            _ if points < 3 => {}
            _ => said.unclear += points,
        }
    }
    for row in &sheet.rows {
        for (code, points) in codes(&row.text) {
            // Among the codes are words: they count where the country agrees, or where no chance puts them twice.
            let meant = || !word_like(code.code) || (is_no_word(code.code) && beside_twice(sheet, code.code));
            if code.alone || home == Some(code.code) || (points > 1 && meant()) {
                said.add(code.code, points);
            }
        }
        said.unclear += 3 * unknown_signs(&row.text);
    }
    said.counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    said
}

/// Codes that tills print as words or abbreviations of their own.
pub(super) fn word_like(code: &str) -> bool {
    const WORDS: &[&str] = &[
        "ALL", "ANG", "ARS", "BAM", "BOB", "CAD", "COP", "COU", "CUP", "DOP", "FKP", "GEL", "LAK", "MAD",
        "MOP", "MUR", "NAD", "PAB", "PEN", "RON", "SAR", "SEK", "SOS", "TOP", "TRY", "USN", "UYI", "WST",
    ];
    WORDS.contains(&code)
}

/// Whether a code that tills also print as an abbreviation is no word of any language, so that it says a currency where it
/// stands beside amounts again and again.
fn is_no_word(code: &str) -> bool {
    ["CAD", "GEL", "RON", "SAR", "SEK"].contains(&code)
}

/// Whether a code stands beside amounts on two lines.
fn beside_twice(sheet: &Sheet, code: &str) -> bool {
    let beside = |text: &str| codes(text).iter().any(|(c, points)| c.code == code && *points > 1);
    sheet.rows.iter().filter(|r| beside(&r.text)).nth(1).is_some()
}

/// Codes of ISO 4217 in a line: 3 points beside an amount, 1 elsewhere if they speak alone.
pub(super) fn codes(text: &str) -> Vec<(&'static coins::Currency, usize)> {
    let mut found: Vec<(&'static coins::Currency, usize)> = Vec::new();
    for (at, word) in words(text) {
        let Some(code) = coins::get(word) else { continue };
        let beside = amount_begins(&text[at + word.len()..]) || amount_ends(&text[..at]);
        let printed = word.bytes().all(|b| b.is_ascii_uppercase()) || code.alone;
        let points = match (beside && printed, code.alone) {
            (true, _) => 3,
            (false, true) => 1,
            _ => continue,
        };
        match found.iter_mut().find(|(c, _)| c.code == code.code) {
            Some(entry) => entry.1 = entry.1.max(points),
            None => found.push((code, points)),
        }
    }
    found
}

/// Words of three letters, with where they begin; a number may touch them, a letter may not.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let runs = text.split(|c: char| !c.is_alphabetic()).filter(|w| w.len() == 3 && w.is_ascii());
    runs.map(move |w| (w.as_ptr() as usize - text.as_ptr() as usize, w))
}

/// How many amounts of a line have a currency's sign beside them that is in no list of ours.
fn unknown_signs(text: &str) -> usize {
    let signs = text.char_indices().filter(|(_, c)| coins::is_currency_symbol(*c) && *c != '$');
    let unknown = signs.filter(|(at, c)| {
        let folded = crate::understand::sheet::fold(&c.to_string());
        let known = coins::MARKS.iter().any(|s| folded.contains(s.text));
        let end = at + c.len_utf8();
        !known && (amount_begins(&text[end..]) || amount_ends(&text[..*at]))
    });
    unknown.count()
}

/// 3 where a sign stands beside an amount, 1 where it stands alone, 0 where it does not.
pub(super) fn stands(folded: &str, sign: &Sign) -> usize {
    let text = sign.text;
    let wordy = text.chars().any(char::is_alphabetic);
    let (mut from, mut best) = (0, 0);
    while let Some(at) = folded.get(from..).and_then(|rest| rest.find(text)).map(|i| i + from) {
        let (before, after) = (&folded[..at], &folded[at + text.len()..]);
        let inside = wordy
            && (before.ends_with(char::is_alphabetic)
                || (after.starts_with(char::is_alphabetic) && text.ends_with(char::is_alphabetic)));
        // `rd$` is no `$`, `$u` no `u`.
        let part = before.ends_with('$') || (text.ends_with('/') && after.starts_with('.'));
        let points = match sign.stand {
            _ if inside || (wordy && part && sign.stand != Stand::Mark) => 0,
            _ if !wordy && ends_another(before, text) => 0,
            Stand::Prefix if before.ends_with('(') && after.starts_with(')') => {
                2 * usize::from(text.len() > 1)
            }
            Stand::Prefix => 3 * usize::from(amount_begins(after)),
            Stand::Behind => 3 * usize::from(amount_ends(before)),
            Stand::Beside | Stand::Home => 3 * usize::from(amount_begins(after) || amount_ends(before)),
            Stand::Mark | Stand::Word if amount_begins(after) || amount_ends(before) => 3,
            Stand::Mark | Stand::Word => 1,
        };
        best = best.max(points);
        from = at + text.len();
    }
    best
}

/// Whether a sign is the end of another's, whose letters stand before it: the pound of `eg£` is Egypt's.
fn ends_another(before: &str, sign: &str) -> bool {
    let longer = coins::MARKS.iter().filter(|m| matches!(m.stand, Stand::Mark | Stand::Prefix));
    let mut letters = longer.filter_map(|m| m.text.strip_suffix(sign).filter(|letters| !letters.is_empty()));
    letters.any(|letters| {
        before.strip_suffix(letters).is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
    })
}

/// What parts the digits of an amount.
pub(super) fn parts_digits(c: char) -> bool {
    matches!(c, '.' | ',' | '\'' | '\u{2019}' | '\u{2bc}')
}

/// Whether a number with a decimal or thousands mark, or parted by spaces into thousands, begins the text.
fn amount_begins(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\u{a0}', '.', ':', '-', '\u{2212}', '\u{2013}', '(']);
    let number: String = text.chars().take_while(|c| c.is_ascii_digit() || parts_digits(*c)).collect();
    let whole = number.trim_end_matches(parts_digits);
    let marked = whole.contains(parts_digits) || dashed(&text[whole.len()..]).is_some();
    let behind = &text[number.len()..];
    let spaced = (1..=3).contains(&number.len()) && {
        let mut next = behind.chars().skip(1).take(3);
        behind.starts_with(char::is_whitespace) && next.by_ref().filter(char::is_ascii_digit).count() == 3
    };
    number.starts_with(|c: char| c.is_ascii_digit()) && (marked || spaced)
}

fn amount_ends(text: &str) -> bool {
    if ends_dashed(text) {
        return true;
    }
    let text = text.trim_end_matches([' ', '\u{a0}', ')', '-', '\u{2212}', '\u{2013}']);
    let inner = |c: char| c.is_ascii_digit() || parts_digits(c) || c.is_whitespace();
    let start =
        text.char_indices().rev().take_while(|(_, c)| inner(*c)).last().map_or(text.len(), |(i, _)| i);
    let run = text[start..].trim_start();
    // Only the last number of the run, with what stands before it as its thousands.
    let tail = run.rsplit(char::is_whitespace).next().unwrap_or_default();
    amount_begins(tail)
        || (tail.len() < run.len() && tail.starts_with(|c: char| c.is_ascii_digit()) && {
            let digits: usize = tail.bytes().take_while(u8::is_ascii_digit).count();
            let before = run[..run.len() - tail.len()].trim_end();
            digits == 3 && before.ends_with(|c: char| c.is_ascii_digit())
        })
}
