//! What touches a number: its currency, its minus.

use crate::{
    reading::is_unread,
    understand::values::{
        currency,
        words::{CREDIT, SIDE},
    },
};

/// The minus of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Minus {
    /// None.
    #[default]
    No,
    /// A minus, brackets or a word that cannot be anything else; the amount is negative.
    Sure,
    /// A dash that may part a label from its amount, brackets behind a word or of another kind, an `H`.
    Doubtful,
}

/// What stands before a number, without the currency that touches it; and whether it had one.
#[must_use]
pub fn without_sign(before: &str) -> (&str, bool) {
    let bare = before.trim_end();
    let start = bare
        .char_indices()
        .rev()
        .take_while(|(_, c)| !c.is_whitespace() && !c.is_ascii_digit() && !matches!(c, '-' | '(' | ':' | '='))
        .last()
        .map_or(bare.len(), |(i, _)| i);
    // What hangs on a digit is part of a number: `C3B4228B/80`.
    let hangs = bare[..start].ends_with(|c: char| c.is_ascii_digit());
    if !hangs && currency::is_sign(&bare[start..], true) { (&bare[..start], true) } else { (before, false) }
}

/// What stands behind a number, without the currency that touches it.
pub(super) fn behind_sign(after: &str) -> &str {
    let bare = after.trim_start();
    let end = bare
        .find(|c: char| c.is_whitespace() || c.is_ascii_digit() || matches!(c, '-' | ')' | ':'))
        .unwrap_or(bare.len());
    if currency::is_sign(&bare[..end], false) { &bare[end..] } else { after }
}

/// Whether a number between `before` and `after`, folded, is less than nothing. `plain`: it has decimals, groups or a
/// currency, so that it is no number of pieces.
pub(super) fn minus(before: &str, after: &str, plain: bool) -> Minus {
    let (rest, signed) = without_sign(before);
    if [before, rest].into_iter().any(unread_before)
        || [after, behind_sign(after)].into_iter().any(unread_behind)
    {
        return Minus::Doubtful;
    }
    for (text, touches) in [(before, !before.ends_with(' ')), (rest, signed && !rest.ends_with(' '))] {
        let bare = text.trim_end();
        let Some(lead) = bare.strip_suffix('-') else { continue };
        // A range, a number of its own, a line of dashes that leads to the amount.
        if lead.ends_with(|c: char| c.is_alphanumeric()) && !currency::ends_with_sign(lead)
            || lead.ends_with('-')
        {
            return Minus::No;
        }
        return if touches && text.ends_with('-') { Minus::Sure } else { Minus::Doubtful };
    }
    let behind = behind_sign(after);
    let opened = before.trim_end().ends_with('(') || rest.trim_end().ends_with('(');
    if plain && opened && behind.trim_start().starts_with(')') {
        let open = if before.trim_end().ends_with('(') { before } else { rest };
        let lead = open.trim_end().trim_end_matches('(').trim_end();
        let alone = lead.is_empty() || lead.ends_with(':') || currency::ends_with_sign(lead);
        return if alone { Minus::Sure } else { Minus::Doubtful };
    }
    if plain && perhaps(before, rest, (after, behind)) {
        return Minus::Doubtful;
    }
    let ends = |text: &str| text.trim_start().is_empty() || text.starts_with([' ', ')']);
    for text in [after, behind] {
        if plain && text.strip_prefix('-').is_some_and(|rest| ends(rest) && !begins_number(rest)) {
            return Minus::Sure;
        }
    }
    let word =
        |text: &str| -> String { text.trim_start().chars().take_while(|c| c.is_alphabetic()).collect() };
    let last = |text: &str, word: &str| {
        let rest = text.trim_start().trim_start_matches(word).trim();
        rest.is_empty() || currency::is_sign(rest, false)
    };
    match word(behind).as_str() {
        credit if plain && CREDIT.contains(&credit) => Minus::Sure,
        side if plain && SIDE.contains(&side) && last(behind, side) => Minus::Doubtful,
        _ if plain && CREDIT.contains(&word(after).as_str()) => Minus::Sure,
        _ => Minus::No,
    }
}

/// Whether what stands beside a number has a sign in it that no letter is known for: a font may print its minus so.
fn unread_before(text: &str) -> bool {
    let token = text.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
    let after_letter = token.chars().zip(token.chars().skip(1)).filter(|(a, _)| a.is_alphabetic());
    // `factur\u{fffd} 250,00`: at the end of a word it is one of its letters.
    let of_words = after_letter.filter(|(_, b)| is_unread(*b)).count();
    text.ends_with(is_unread) || token.chars().filter(|c| is_unread(*c)).count() > of_words
}

fn unread_behind(text: &str) -> bool {
    let token = text.trim_start().split(char::is_whitespace).next().unwrap_or_default();
    token.contains(is_unread)
}

/// Marks that a bookkeeper may mean a minus by: `[250,00]`, `<250,00>`, `250,00 (-)`.
fn perhaps(before: &str, rest: &str, (after, behind): (&str, &str)) -> bool {
    let between = |open: char, close: char| {
        [before, rest].iter().any(|text| text.trim_end().ends_with(open))
            && [after, behind].iter().any(|text| text.trim_start().starts_with(close))
    };
    between('[', ']')
        || between('<', '>')
        || [after, behind].iter().any(|text| text.trim_start().starts_with("(-)"))
}

fn begins_number(text: &str) -> bool {
    text.trim_start().starts_with(|c: char| c.is_ascii_digit())
}
