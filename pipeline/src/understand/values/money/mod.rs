//! Amounts as people print them: `1.234,56`, `1,234.56`, `$ 1.234.567`, `RM9.00`, `12 .50`, `(120,00)`, `−€ 5.00`, `12,--`.

mod amount;
mod figures;
mod mend;
mod sign;
#[cfg(test)]
mod tests;
mod whole;

pub use amount::{Amount, plain};
use figures::{Number, ends_in_cents, numbers, value};
pub use figures::{Style, style_in, style_of};
pub use mend::{Spaces, join_thousands, mend};
pub use sign::{Minus, without_sign};
use sign::{behind_sign, minus};
pub use whole::{dashed, ends_dashed};

/// What a number looked like: whether it had decimals, a currency sign, a per-cent sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its value.
    pub amount: Amount,
    /// It was printed with two (or three) decimals.
    pub decimals: bool,
    /// A currency sign or code touched it.
    pub signed: bool,
    /// How it was printed as less than nothing.
    pub minus: Minus,
    /// One mark and three digits: thousands or thousandths, as far as its text says.
    pub ambiguous: bool,
    /// It was a rate.
    pub percent: bool,
    /// It was printed with a mark between thousands.
    pub grouped: bool,
    /// Byte range in the text.
    pub at: (usize, usize),
}

const SIGNS: &[&str] = &[
    "r$", "us$", "mx$", "s/.", "s/", "$", "€", "£", "¥", "₹", "rm", "usd", "eur", "gbp", "mxn", "cop", "brl",
    "ars", "clp", "pen", "myr", "chf", "inr", "cad", "aud", "sgd", "jpy", "dkk", "sek", "nok", "kr", "₡",
    "tl", "zł", "zl", "rs",
];

/// Every number in `text` that can be an amount, left to right. Places are those of [`mend`]ed text.
#[must_use]
pub fn amounts(text: &str, style: Style) -> Vec<Seen> {
    amounts_in(text, style, 2)
}

/// The same where the currency has `digits` places.
#[must_use]
pub fn amounts_in(text: &str, style: Style, digits: u32) -> Vec<Seen> {
    let joined = mend(text);
    let text = joined.as_str();
    // Letters whose small form has another length stay as they are: places in both texts must be the same.
    let small = |c: char| match c.to_lowercase().collect::<Vec<_>>().as_slice() {
        [one] if one.len_utf8() == c.len_utf8() => *one,
        _ => c,
    };
    let lower: String = text.chars().map(small).collect();
    numbers(text).into_iter().filter_map(|at| seen(text, &lower, at, style, digits)).collect()
}

/// The number at `at`, if it can be an amount; `lower` is the text in small letters.
fn seen(text: &str, lower: &str, (start, end): (usize, usize), style: Style, digits: u32) -> Option<Seen> {
    let (before, after) = (lower[..start].trim_end(), lower[end..].trim_start());
    let token = &text[start..end];
    let own_sign = without_sign(before).1;
    let behind = !is_of_next(&lower[end..])
        && (SIGNS.iter().any(|s| after.starts_with(s)) || behind_sign(after).len() < after.len());
    let signed = own_sign || behind || SIGNS.iter().any(|s| before.ends_with(s));
    let inside_word = lower[..start].chars().next_back().is_some_and(|c| c.is_alphabetic() || c == '#');
    let symbol = (own_sign && token.contains(['.', ',', '\''])) || SIGNS.iter().any(|s| before.ends_with(s));
    if (inside_word && !symbol) || is_part(text, before, (start, end)) {
        return None;
    }
    let Number { mut amount, mut decimals, ambiguous } = value(token, style, digits)?;
    // `.40`: less than one, printed without its zero.
    if text[..start].ends_with('.')
        && end - start == 2
        && !text[..start - 1].ends_with(|c: char| c.is_alphanumeric())
    {
        (amount.scale, decimals) = (2, true);
    }
    // In Swiss print `-.50` is half a franc, elsewhere half a dollar less.
    let lead = text[..start].strip_suffix('.').filter(|_| decimals);
    let dashed = lead.is_some_and(|lead| lead.ends_with(['-', '\u{2013}', '\u{2014}']));
    let grouped = token.bytes().filter(|b| !b.is_ascii_digit()).count() > usize::from(amount.scale > 0);
    let minus = match minus(&lower[..start], &lower[end..], decimals || grouped || signed) {
        Minus::No if dashed => Minus::Doubtful,
        minus => minus,
    };
    let dash =
        before.ends_with('-') && !before.trim_end_matches('-').ends_with(|c: char| c.is_ascii_alphanumeric());
    if minus == Minus::Sure || (minus == Minus::Doubtful && dash) {
        amount.mantissa = -amount.mantissa;
    }
    let percent = after.starts_with('%');
    Some(Seen { amount, decimals, signed, minus, ambiguous, percent, grouped, at: (start, end) })
}

/// Whether the currency behind a number touches the next: of `2 €5.00` two are no euros.
fn is_of_next(behind: &str) -> bool {
    let rest = behind.trim_start();
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    rest.len() < behind.len() && SIGNS.iter().any(|sign| rest.strip_prefix(sign).is_some_and(digit))
}

/// Whether a number is part of something else: times, dates, fractions, references (`12:30`, `3/4`), a hidden card.
fn is_part(text: &str, before: &str, (start, end): (usize, usize)) -> bool {
    let glued = |c: Option<char>| c.is_some_and(|c| matches!(c, ':' | '/' | '*' | '#'));
    let next = text[end..].chars().next();
    let previous = text[..start].chars().next_back();
    (glued(next) && text[end + 1..].starts_with(|c: char| c.is_ascii_digit()))
        || (glued(previous)
            && !before.ends_with("s/")
            && text[..start - 1].ends_with(|c: char| c.is_ascii_digit()))
        || (previous == Some('*') && !is_filled(&text[start..end]))
        // `79.201.13-8`: an id that is written as an amount is whose point was misread.
        || (ends_in_cents(&text[start..end], '.')
            && text[end..].strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
}

/// `*59,50`: stars before an amount keep anybody from writing digits there; before the end of a card's number they hide the
/// others.
fn is_filled(token: &str) -> bool {
    let places = token.rsplit_once(['.', ',']).map(|(_, places)| places.len());
    places == Some(2)
}
