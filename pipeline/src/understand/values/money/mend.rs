//! Numbers as they were meant: marks of one kind, gaps closed, letters that are figures.

use super::{
    figures::numbers,
    sign::{behind_sign, without_sign},
    whole::with_cents,
};
use crate::understand::values::currency;

/// The many dashes and apostrophes of numbers as one each: `−5` is `-5`, `42’987.56` is `42'987.56`.
fn plain_marks(chars: &mut [char]) {
    for i in 0..chars.len() {
        let digit = |c: Option<&char>| c.is_some_and(char::is_ascii_digit);
        let next = chars.get(i + 1);
        match chars[i] {
            '\u{2019}' | '\u{2018}' | '\u{2bc}' | '\u{2032}' | '\u{b4}' | '`' => {
                let before = i.checked_sub(1).and_then(|b| chars.get(b));
                if digit(before) && digit(next) {
                    chars[i] = '\'';
                }
            }
            // Catalan print: `42·987,56`.
            '\u{b7}' | '\u{22c5}' => {
                let before = i.checked_sub(1).and_then(|b| chars.get(b));
                let group = (1..=3).all(|n| digit(chars.get(i + n))) && !digit(chars.get(i + 4));
                if digit(before) && group {
                    chars[i] = '\'';
                }
            }
            '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => chars[i] = '-',
            // A dash that touches what follows, or ends what is a number, is meant for a minus.
            '\u{2010}'..='\u{2014}' => {
                let opens = digit(next) || next.is_some_and(|c| currency::is_currency_symbol(*c));
                let ends = i > 0 && digit(chars.get(i - 1)) && next.is_none_or(|c| c.is_whitespace());
                // `– 250,00 €` with nothing before it parts no label from its amount.
                let money = |c: &char| c.is_ascii_digit() || currency::is_currency_symbol(*c);
                let leads = chars[..i].iter().all(|c| c.is_whitespace())
                    && next == Some(&' ')
                    && chars.get(i + 2).is_some_and(money);
                if opens || ends || leads {
                    chars[i] = '-';
                }
            }
            _ => {}
        }
    }
}

/// A sign in the place of the mark: `10€42` is `10,42`, and in escudos `1.250$00` is `1.250,00`. A dollar that no group
/// stands before is the price behind a number of pieces: `3$45`.
fn marks_by_sign(chars: &mut [char]) {
    for i in 1..chars.len() {
        let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
        let grouped = i >= 5 && (i - 3..i).all(digit) && chars[i - 4] == '.' && digit(i - 5);
        let stands = chars[i] == '€' || (chars[i] == '$' && grouped);
        let two = digit(i + 1) && digit(i + 2) && !digit(i + 3);
        let ends = !matches!(chars.get(i + 3), Some('.' | ',' | '\''));
        if stands && digit(i - 1) && two && ends {
            chars[i] = ',';
        }
    }
}

/// Mends what OCR does to numbers: gaps (`12 .50`, `1,234. 56`) are closed, an `O` among digits is a zero (`RMO.65`),
/// dashes in the place of cents are none (`12,--`).
/// Mending what is mended changes nothing.
#[must_use]
pub fn mend(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    plain_marks(&mut chars);
    marks_by_sign(&mut chars);
    let mark = |c: Option<&char>| matches!(c, Some('.' | ','));
    for i in 0..chars.len() {
        if !matches!(chars[i], 'O' | 'o') {
            continue;
        }
        let digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
        let zero = |i: usize| digit(i) || matches!(chars.get(i), Some('O' | 'o'));
        let letter = |i: usize| chars.get(i).is_some_and(|c| c.is_alphabetic() && !matches!(c, 'O' | 'o'));
        // `O.65`, alone or behind a currency of two letters: two places behind the mark and no more.
        let alone = i == 0 || !chars[i - 1].is_alphanumeric();
        let currency =
            i > 1 && chars[i - 1].eq_ignore_ascii_case(&'m') && !(i > 2 && chars[i - 3].is_alphabetic());
        let whole = (alone || currency)
            && mark(chars.get(i + 1))
            && digit(i + 2)
            && zero(i + 3)
            && !zero(i + 4)
            && !letter(i + 4);
        // `1.O5`, `1.5O`: behind a mark that follows a digit.
        let first = i > 1 && mark(chars.get(i - 1)) && digit(i - 2) && zero(i + 1) && !letter(i + 2);
        let second =
            i > 2 && digit(i - 1) && mark(chars.get(i - 2)) && digit(i - 3) && !letter(i + 1) && !zero(i + 1);
        if whole || first || second {
            chars[i] = '0';
        }
    }
    let mut out = String::with_capacity(text.len());
    let digit = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
    for (i, c) in chars.iter().enumerate() {
        if *c == ' ' && i > 0 {
            let two_then_end = digit(i + 2) && digit(i + 3) && !digit(i + 4);
            let split_before = digit(i - 1) && mark(chars.get(i + 1)) && two_then_end;
            let split_after = i > 1
                && mark(chars.get(i - 1))
                && digit(i - 2)
                && digit(i + 1)
                && digit(i + 2)
                && !digit(i + 3);
            if split_before || split_after {
                continue;
            }
        }
        out.push(*c);
    }
    with_cents(&out)
}

/// How a document parts its thousands by spaces.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spaces {
    /// It writes a comma before decimals and parts thousands by no mark, so that a gap in `1 892,16` is one.
    pub sure: bool,
    /// Places behind the point of its currency.
    pub digits: u32,
}

/// Closes the gaps between thousands in documents that part them so: `1 892,16`. Where it is not sure that they do, a gap
/// is closed that a currency's sign vouches for (`₡12 500,00`, `12 500 Ft`) or that is not the only one (`1 234 567`).
/// `rate` says whether a number may be a rate that stands before the amount (`TVA 20 315,36`).
#[must_use]
pub fn join_thousands(text: &str, spaces: Spaces, rate: impl Fn(&str) -> bool) -> String {
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in numbers(text) {
        if start < from {
            continue;
        }
        let fresh = !text[..start].trim_end().ends_with(|c: char| c.is_ascii_digit());
        let mut last = end;
        let mut groups = vec![&text[start..end]];
        while bytes.get(last) == Some(&b' ') && digits(last + 1) == 3 {
            groups.push(&text[last + 1..last + 4]);
            last += 4;
        }
        let places = if matches!(bytes.get(last), Some(b',' | b'.')) { digits(last + 1) } else { 0 };
        let decimals = places == 2 || (places == 3 && spaces.digits == 3);
        let whole = places == 0 && !matches!(bytes.get(last), Some(b'/' | b':' | b'%'));
        let plain =
            end - start <= 3 && groups[0].bytes().all(|b| b.is_ascii_digit()) && !groups[0].starts_with('0');
        let behind = if decimals { last + 1 + places } else { last };
        let vouched = || {
            let after = text.get(behind..).unwrap_or_default();
            without_sign(&text[..start]).1 || behind_sign(after).len() < after.len() || groups.len() > 2
        };
        // `1 150,00 150,00`: one piece at a price, and what it comes to.
        let next = text.get(behind..).unwrap_or_default().trim_start();
        let one = groups.len() == 2
            && groups[0] == "1"
            && text.get(end + 1..behind).is_some_and(|price| next.starts_with(price));
        let comma = bytes.get(last) == Some(&b',');
        let joins = (decimals && comma && spaces.sure) || ((decimals || whole) && vouched());
        if fresh && plain && !one && groups.len() > 1 && joins && !(groups.len() == 2 && rate(groups[0])) {
            out.push_str(&text[from..start]);
            out.push_str(&groups.concat());
            from = last;
        }
    }
    out.push_str(&text[from..]);
    out
}
