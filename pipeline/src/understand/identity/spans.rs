//! Where the labels of an identity document stand.
//!
//! Labels are small, in several languages, glued to numbers and values, and OCR slips in them most: they are compared
//! without blanks, accents and marks, long ones with a letter or two amiss. All labels are looked for, also of fields
//! that nobody wants: a value ends where the next label begins.

use super::{
    glued::glued,
    labels::{BEFORE_DIGITS, CODES, LABELS, What},
};
use crate::{
    reading::Word,
    understand::sheet::{Row, Sheet, fold},
};

/// Whose numbering a licence follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbering {
    None,
    America,
    Europe,
}

/// A label on a row: words and characters from (`word`, `char`) to `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub what: What,
    pub row: usize,
    pub start: (usize, usize),
    pub end: (usize, usize),
    /// Left end on the page.
    pub x0: f32,
    /// Letter by letter as it should be.
    pub exact: bool,
    /// Nothing but the number of a licence's field.
    pub code: bool,
}

/// One letter or digit of a row, folded, and where it stands.
#[derive(Clone, Copy)]
struct Letter {
    char: char,
    word: usize,
    at: usize,
    /// Nothing, or a mark, stands before it.
    first: bool,
}

fn letters(words: &[Word]) -> Vec<Letter> {
    let mut out: Vec<Letter> = Vec::new();
    for (word, w) in words.iter().enumerate() {
        let mut first = true;
        for (at, c) in w.text.chars().enumerate() {
            let mut folded =
                fold(c.encode_utf8(&mut [0; 4])).chars().filter(|c| c.is_alphanumeric()).collect::<Vec<_>>();
            if folded.is_empty() {
                first = true;
            }
            for char in folded.drain(..) {
                out.push(Letter { char, word, at, first });
                first = false;
            }
        }
    }
    out
}

/// Letters and digits of a label; `rn` and `m` are one, as OCR has it.
fn squash(text: impl Iterator<Item = char>) -> String {
    text.filter(|c| c.is_alphanumeric()).collect::<String>().replace("rn", "m")
}

/// All labels, row by row, left to right.
pub(super) fn spans(sheet: &Sheet, numbering: Numbering) -> Vec<Span> {
    let labels: Vec<(What, String)> =
        LABELS.iter().flat_map(|(what, texts)| texts.iter().map(|t| (*what, squash(t.chars())))).collect();
    let mut out = Vec::new();
    for (row, r) in sheet.rows.iter().enumerate() {
        let letters = letters(&r.words);
        let mut i = 0;
        while let Some(letter) = letters.get(i) {
            let after_code = out
                .last()
                .is_some_and(|s: &Span| s.row == row && s.code && s.end == (letter.word, letter.at));
            let fresh = letter.first || after_code;
            let found = if fresh { label_at(&letters[i..], &labels) } else { None }
                .filter(|(_, length, _)| counts(&letters[i..], *length, numbering));
            let coded =
                if letter.at == 0 && found.is_none() { code_at(&letters, i, r, numbering) } else { None };
            let Some((what, length, exact)) = found.or(coded) else {
                i += 1;
                continue;
            };
            let end = letters.get(i + length - 1).map_or((letter.word, letter.at), |l| (l.word, l.at + 1));
            let span = Span {
                what,
                row,
                start: (letter.word, letter.at),
                end,
                x0: x_of(r, letter.word, letter.at),
                exact,
                code: coded.is_some(),
            };
            push(&mut out, span, r);
            i += length;
        }
    }
    if numbering == Numbering::America {
        out.extend(glued(sheet, &out));
        out.sort_by_key(|s| (s.row, s.start));
    }
    out
}

/// Two labels of one field, one behind the other, are one label in two languages.
fn push(out: &mut Vec<Span>, span: Span, row: &Row) {
    if let Some(last) = out.last_mut()
        && last.row == span.row
        && last.what == span.what
        && nothing_between(&text_between(row, last.end, span.start))
    {
        last.end = span.end;
        last.exact |= span.exact;
        last.code &= span.code;
        return;
    }
    // `4b EXP`: the number and the word say the same, or the word says it better.
    if let Some(last) = out.last_mut()
        && last.row == span.row
        && last.code
        && !span.code
        && text_between(row, last.end, span.start).trim_matches(|c: char| !c.is_alphanumeric()).is_empty()
    {
        let what = if span.what == What::Other { span.what } else { last.what };
        *last = Span { what, end: span.end, code: false, exact: span.exact, ..*last };
        return;
    }
    out.push(span);
}

/// Marks and the number of a footnote, as in `Nom/Surname (1)`.
fn nothing_between(text: &str) -> bool {
    !text.contains(char::is_alphabetic) && text.chars().filter(char::is_ascii_digit).count() <= 2
}

/// What stands on a row between two places.
pub(super) fn text_between(row: &Row, from: (usize, usize), to: (usize, usize)) -> String {
    let mut text = String::new();
    for (i, word) in row.words.iter().enumerate().skip(from.0).take((to.0 + 1).saturating_sub(from.0)) {
        let skip = if i == from.0 { from.1 } else { 0 };
        let stop = if i == to.0 { to.1 } else { usize::MAX };
        text.extend(word.text.chars().take(stop).skip(skip));
        text.push(' ');
    }
    text
}

fn x_of(row: &Row, word: usize, at: usize) -> f32 {
    row.words.get(word).map_or(row.bbox[0], |w| {
        let share = at as f32 / w.text.chars().count().max(1) as f32;
        w.bbox[0] + share * (w.bbox[2] - w.bbox[0])
    })
}

/// The longest label that begins here: what it asks for, its letters on the row, whether it is exact.
fn label_at(letters: &[Letter], labels: &[(What, String)]) -> Option<(What, usize, bool)> {
    let mut best: Option<(What, usize, bool)> = None;
    for (what, label) in labels {
        let size = label.chars().count();
        let slips = match size {
            0..=5 => 0,
            6..=11 => 1,
            _ => 2,
        };
        // `rn` read as `m` and the other way round changes the length too.
        for length in size.saturating_sub(slips)..=size + slips + 1 {
            let Some(part) = letters.get(..length) else { break };
            if part.is_empty() || !ends_well(letters, length, size) {
                continue;
            }
            let read = squash(part.iter().map(|l| l.char));
            let exact = read == *label;
            if (exact || (slips > 0 && close(&read, label, slips)))
                && best.is_none_or(|(_, n, e)| (exact, length) > (e, n))
            {
                best = Some((*what, length, exact));
            }
        }
    }
    best
}

/// Whether a short label stands where it can only be one.
fn counts(letters: &[Letter], length: usize, numbering: Numbering) -> bool {
    let label = squash(letters.iter().take(length).map(|l| l.char));
    if !BEFORE_DIGITS.contains(&label.as_str()) {
        return true;
    }
    let Some(next) = letters.get(length) else { return false };
    let digits = letters.iter().skip(length).filter(|l| l.word == next.word && l.char.is_ascii_digit());
    numbering == Numbering::America && digits.count() >= 2
}

fn close(read: &str, label: &str, slips: usize) -> bool {
    // The first letter is read well more often than any other.
    read.chars().next() == label.chars().next() && strsim::osa_distance(read, label) <= slips
}

/// A label ends at a mark or a blank, or before a number; a long one may run into what follows.
fn ends_well(letters: &[Letter], length: usize, size: usize) -> bool {
    match (letters.get(length - 1), letters.get(length)) {
        (_, None) => true,
        (Some(last), Some(next)) => {
            next.first
                || next.word != last.word
                || (next.char.is_ascii_digit() && !last.char.is_ascii_digit())
                || size >= 12
        }
        (None, _) => false,
    }
}

/// The number of a licence's field here.
fn code_at(letters: &[Letter], i: usize, row: &Row, numbering: Numbering) -> Option<(What, usize, bool)> {
    if numbering == Numbering::None {
        return None;
    }
    let letter = letters.get(i)?;
    let rest = letters.iter().skip(i).take_while(|l| l.word == letter.word).count();
    let text = row.words.get(letter.word)?.text.to_lowercase();
    let (code, america, europe) = CODES
        .iter()
        .rev()
        .find(|(code, ..)| text.strip_prefix(code).is_some_and(|after| ends_code(code, after, numbering)))?;
    // A bare number counts at the start of a column, or before a word; not within an address.
    let alone = rest == code.len();
    let starts = letter.at == 0 && column_starts(row, letter.word);
    // `12 345 678` begins no twelfth field.
    let number_follows = alone
        && row.words.get(letter.word + 1).is_some_and(|w| w.text.starts_with(|c: char| c.is_ascii_digit()));
    if code.len() == 2 && number_follows && code.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let next_is_word =
        row.words.get(letter.word + 1).is_some_and(|w| w.text.starts_with(|c: char| c.is_uppercase()));
    if code.len() == 1 && !starts && !(alone && next_is_word && matches!(*code, "1" | "2" | "3")) {
        return None;
    }
    let what = if numbering == Numbering::America { *america } else { *europe };
    Some((what, code.chars().count(), true))
}

/// Whether a field's number ends before `after`: `1SOUZA`, `4b31.12`, `3.14.07.1981` in Europe; not `15-239`, `12.345`.
fn ends_code(code: &str, after: &str, numbering: Numbering) -> bool {
    let lettered = code.ends_with(|c: char| c.is_alphabetic());
    let mut after = after.chars();
    match (after.next(), after.next()) {
        (None, _) => true,
        (Some('.'), Some(next)) if next.is_ascii_digit() => {
            lettered || (numbering == Numbering::Europe && matches!(code, "3" | "5"))
        }
        (Some('.' | ':' | ')' | '#'), _) => true,
        (Some(c), _) if c.is_ascii_digit() => lettered,
        (Some(c), _) => c.is_alphabetic(),
    }
}

fn column_starts(row: &Row, word: usize) -> bool {
    let (Some(before), Some(this)) =
        (word.checked_sub(1).and_then(|i| row.words.get(i)), row.words.get(word))
    else {
        return true;
    };
    let height = this.bbox[3] - this.bbox[1];
    this.bbox[0] - before.bbox[2] > 0.5 * height
}
