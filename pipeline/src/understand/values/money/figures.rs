//! Runs of digits: where they stand, how a document writes them, what they are worth.

use super::Amount;

/// How a document writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// `1,234.56`.
    Point,
    /// `1.234,56`.
    Comma,
    /// No evidence.
    #[default]
    Unknown,
}

/// So many numbers in thousands gainsay one with two places.
const THOUSANDS: i32 = 4;

/// The number style of a text, by its unmistakable numbers.
#[must_use]
pub fn style_of(text: &str) -> Style {
    style_in(text, 2)
}

/// The same where the currency has `digits` places: of three, only those that cannot be thousands say anything.
#[must_use]
pub fn style_in(text: &str, digits: u32) -> Style {
    let (mut point, mut comma) = (0_i32, 0_i32);
    let (mut points_of_three, mut commas_of_three) = (0, 0);
    for (start, end) in numbers(text) {
        let token = &text[start..end];
        let thousandths = || {
            let behind_group = text[..start].ends_with(' ')
                && text[..start].trim_end().ends_with(|c: char| c.is_ascii_digit());
            let kinds = [".", ",", "'"].iter().filter(|m| token.contains(**m)).count();
            digits == 3 && (token.starts_with("0") || kinds > 1 || behind_group)
        };
        match separators(token) {
            (Some('.'), 2, _) => point += 1,
            (Some(','), 2, _) => comma += 1,
            (Some('.'), 3, _) if thousandths() => point += 1,
            (Some(','), 3, _) if thousandths() => comma += 1,
            (Some('.'), 3, 1) if !token.starts_with('0') => points_of_three += 1,
            (Some(','), 3, 1) if !token.starts_with('0') => commas_of_three += 1,
            _ => {}
        }
    }
    // One number among many that are in thousands lost a digit: `82,00` beside `61,000`, `194,000`, `174,600`.
    let lost = |of_two: i32, of_three: i32| digits != 3 && of_two == 1 && of_three >= THOUSANDS;
    if lost(point, points_of_three) && comma == 0 {
        point = 0;
    }
    if lost(comma, commas_of_three) && point == 0 {
        comma = 0;
    }
    match point.cmp(&comma) {
        std::cmp::Ordering::Greater => Style::Point,
        std::cmp::Ordering::Less => Style::Comma,
        std::cmp::Ordering::Equal => Style::Unknown,
    }
}

/// The last separator, the digits behind it, and how many separators there are.
fn separators(token: &str) -> (Option<char>, usize, usize) {
    let last = token.rfind(['.', ',', '\'']).and_then(|i| token[i..].chars().next());
    let behind = token.rfind(['.', ',', '\'']).map_or(0, |i| token.len() - i - 1);
    (last, behind, token.matches(['.', ',', '\'']).count())
}

/// Byte ranges of digit runs with inner separators.
pub(super) fn numbers(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let (mut found, mut i) = (Vec::new(), 0);
    while i < bytes.len() {
        if !bytes[i].is_ascii_digit() {
            i += 1;
            continue;
        }
        let start = i;
        while i < bytes.len() {
            let inner =
                matches!(bytes[i], b'.' | b',' | b'\'') && bytes.get(i + 1).is_some_and(u8::is_ascii_digit);
            if bytes[i].is_ascii_digit() || inner {
                i += 1;
            } else {
                break;
            }
        }
        found.push((start, i));
    }
    found
}

/// Whether groups of three digits stand behind the first, or, as in India, of two and then one of three.
pub(super) fn thousands(token: &str, sep: char) -> bool {
    let groups: Vec<usize> = token.split(sep).map(str::len).collect();
    let (Some((first, rest)), Some(last)) = (groups.split_first(), groups.last()) else { return false };
    let threes = (1..=3).contains(first) && rest.iter().all(|g| *g == 3);
    let lakhs = sep == ','
        && (1..=2).contains(first)
        && rest.len() > 1
        && *last == 3
        && rest[..rest.len() - 1].iter().all(|g| *g == 2);
    threes || lakhs
}

/// Whether groups of three end in one of two: `7.095.51` has a point where its comma was misread.
pub(super) fn ends_in_cents(token: &str, sep: char) -> bool {
    let groups: Vec<usize> = token.split(sep).map(str::len).collect();
    let [first, threes @ .., 2] = groups.as_slice() else { return false };
    (1..=3).contains(first) && !threes.is_empty() && threes.iter().all(|g| *g == 3) && !token.starts_with('0')
}

/// One digit run as an amount.
pub(super) struct Number {
    pub amount: Amount,
    pub decimals: bool,
    pub ambiguous: bool,
}

/// Reads one digit run in a document of `style` whose currency has `digits` places; `None` where it cannot be an amount.
pub(super) fn value(token: &str, style: Style, digits: u32) -> Option<Number> {
    if token.len() > 18 {
        return None;
    }
    let figures: String = token.chars().filter(char::is_ascii_digit).collect();
    let mantissa: i64 = figures.parse().ok()?;
    let (last, behind, count) = separators(token);
    let mut ambiguous = false;
    let own = |sep: char| (sep == '.' && style == Style::Point) || (sep == ',' && style == Style::Comma);
    let scale = match (last, behind, count) {
        (None, ..) => 0,
        (Some(sep), _, n) if n > 1 && token.matches(sep).count() == n => {
            // One kind of separator again and again: thousands, or an id or a date.
            if thousands(token, sep) {
                0
            } else if ends_in_cents(token, sep) {
                2
            } else {
                return None;
            }
        }
        (Some('\''), ..) => 0,
        (Some(_), 1 | 2, _) => behind,
        // Nothing has no thousands.
        (Some(_), 3, 1) if token.starts_with('0') => 3,
        (Some(sep), 3, 1) if own(sep) => 3,
        (Some(sep), 3, 1) if digits == 3 && style == Style::Unknown && thousands(token, sep) => {
            ambiguous = true;
            3
        }
        (Some(sep), 3, 1) if thousands(token, sep) => 0,
        (Some(_), 3 | 4, _) => behind,
        _ => return None,
    };
    let scale = u32::try_from(scale).ok()?;
    let decimals = scale == 2 || (scale == 3 && digits == 3);
    Some(Number { amount: Amount { mantissa, scale }, decimals, ambiguous })
}
