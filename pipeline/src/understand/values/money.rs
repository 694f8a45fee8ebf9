//! Amounts as people print them: `1.234,56`, `1,234.56`, `$ 1.234.567`, `RM9.00`, `12 .50`, `(120,00)`, `−€ 5.00`.

use super::currency;

/// A decimal amount: `mantissa / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// All digits, signed.
    pub mantissa: i64,
    /// Digits after the point, 0..=4.
    pub scale: u32,
}

impl Amount {
    /// In ten-thousandths, for comparing amounts of different scales.
    #[must_use]
    pub fn units(self) -> i64 {
        self.mantissa.saturating_mul(10_i64.pow(4 - self.scale.min(4)))
    }

    /// As a decimal string with a point, at least two decimals when it has any.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs().to_string();
        let scale = self.scale as usize;
        if scale == 0 {
            return format!("{sign}{digits}.00");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, part) = padded.split_at(padded.len() - scale);
        format!("{sign}{whole}.{part:0<2}")
    }

    /// Whether two amounts differ by at most `tolerance` ten-thousandths.
    #[must_use]
    pub fn near(self, other: Self, tolerance: i64) -> bool {
        (self.units() - other.units()).abs() <= tolerance
    }
}

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

/// The minus of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Minus {
    /// None.
    #[default]
    No,
    /// A minus, brackets or a word that cannot be anything else; the amount is negative.
    Sure,
    /// A dash that may part a label from its amount, brackets behind a word, an `H`.
    Doubtful,
}

const SIGNS: &[&str] = &[
    "r$", "us$", "mx$", "s/.", "s/", "$", "€", "£", "¥", "₹", "rm", "usd", "eur", "gbp", "mxn", "cop", "brl",
    "ars", "clp", "pen", "myr", "chf", "inr", "cad", "aud", "sgd", "jpy", "dkk", "sek", "nok", "kr", "₡",
    "tl", "zł", "zl", "rs",
];

/// The number style of a text, by its unmistakable numbers.
#[must_use]
pub fn style_of(text: &str) -> Style {
    style_in(text, 2)
}

/// The same where the currency has `digits` places: of three, only those that cannot be thousands say anything.
#[must_use]
pub fn style_in(text: &str, digits: u32) -> Style {
    let (mut point, mut comma) = (0_i32, 0_i32);
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
            _ => {}
        }
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
fn numbers(text: &str) -> Vec<(usize, usize)> {
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
fn thousands(token: &str, sep: char) -> bool {
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

/// One digit run as an amount.
struct Number {
    amount: Amount,
    decimals: bool,
    ambiguous: bool,
}

/// Reads one digit run in a document of `style` whose currency has `digits` places; `None` where it cannot be an amount.
fn value(token: &str, style: Style, digits: u32) -> Option<Number> {
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
            if !thousands(token, sep) {
                return None;
            }
            0
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
fn behind_sign(after: &str) -> &str {
    let bare = after.trim_start();
    let end = bare
        .find(|c: char| c.is_whitespace() || c.is_ascii_digit() || matches!(c, '-' | ')' | ':'))
        .unwrap_or(bare.len());
    if currency::is_sign(&bare[..end], false) { &bare[end..] } else { after }
}

/// Whether a number between `before` and `after`, folded, is less than nothing. `plain`: it has decimals, groups or a
/// currency, so that it is no number of pieces.
fn minus(before: &str, after: &str, plain: bool) -> Minus {
    let (rest, signed) = without_sign(before);
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
        "cr" if plain => Minus::Sure,
        "h" if plain && last(behind, "h") => Minus::Doubtful,
        _ => match word(after).as_str() {
            "cr" if plain => Minus::Sure,
            _ => Minus::No,
        },
    }
}

fn begins_number(text: &str) -> bool {
    text.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

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
    let mut seen = Vec::new();
    for (start, end) in numbers(text) {
        let before = lower[..start].trim_end();
        let after = lower[end..].trim_start();
        let inside_word = lower[..start].chars().next_back().is_some_and(|c| c.is_alphabetic() || c == '#');
        let own_sign = without_sign(before).1;
        let signed = own_sign
            || SIGNS.iter().any(|s| before.ends_with(s) || after.starts_with(s))
            || behind_sign(after).len() < after.len();
        let marked = text[start..end].contains(['.', ',', '\'']);
        let symbol = (own_sign && marked) || SIGNS.iter().any(|s| before.ends_with(s));
        if inside_word && !symbol {
            continue;
        }
        // Times, dates, fractions, references: 12:30, 3/4, 2024-05.
        let glued = |c: Option<char>| c.is_some_and(|c| matches!(c, ':' | '/' | '*' | '#'));
        let next = text[end..].chars().next();
        let previous = text[..start].chars().next_back();
        if (glued(next) && text[end + 1..].starts_with(|c: char| c.is_ascii_digit()))
            || (glued(previous)
                && !before.ends_with("s/")
                && text[..start - 1].ends_with(|c: char| c.is_ascii_digit()))
            || (previous == Some('*') && !is_filled(&text[start..end]))
        {
            continue;
        }
        let token = &text[start..end];
        let Some(Number { mut amount, mut decimals, ambiguous }) = value(token, style, digits) else {
            continue;
        };
        // `.40`: less than one, printed without its zero.
        if previous == Some('.')
            && end - start == 2
            && !text[..start - 1].ends_with(|c: char| c.is_alphanumeric())
        {
            (amount.scale, decimals) = (2, true);
        }
        let grouped = token.bytes().filter(|b| !b.is_ascii_digit()).count() > usize::from(amount.scale > 0);
        let minus = minus(&lower[..start], &lower[end..], decimals || grouped || signed);
        let dash = before.ends_with('-')
            && !before.trim_end_matches('-').ends_with(|c: char| c.is_ascii_alphanumeric());
        if minus == Minus::Sure || (minus == Minus::Doubtful && dash) {
            amount.mantissa = -amount.mantissa;
        }
        seen.push(Seen {
            amount,
            decimals,
            signed,
            minus,
            ambiguous,
            percent: after.starts_with('%'),
            grouped,
            at: (start, end),
        });
    }
    seen
}

/// `*59,50`: stars before an amount keep anybody from writing digits there; before the end of a card's number they hide the
/// others.
fn is_filled(token: &str) -> bool {
    let places = token.rsplit_once(['.', ',']).map(|(_, places)| places.len());
    places == Some(2)
}

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
                if opens || ends {
                    chars[i] = '-';
                }
            }
            _ => {}
        }
    }
}

/// Mends what OCR does to numbers: gaps (`12 .50`, `1,234. 56`) are closed, an `O` among digits is a zero (`RMO.65`).
/// Mending what is mended changes nothing.
#[must_use]
pub fn mend(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    plain_marks(&mut chars);
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
    out
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
        let comma = bytes.get(last) == Some(&b',');
        let joins = (decimals && comma && spaces.sure) || ((decimals || whole) && vouched());
        if fresh && plain && groups.len() > 1 && joins && !(groups.len() == 2 && rate(groups[0])) {
            out.push_str(&text[from..start]);
            out.push_str(&groups.concat());
            from = last;
        }
    }
    out.push_str(&text[from..]);
    out
}

/// Parses a plain decimal such as XML carries (`1234.5`).
#[must_use]
pub fn plain(text: &str) -> Option<Amount> {
    let text = text.trim();
    let (sign, body) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = body.split_once('.').unwrap_or((body, ""));
    if whole.is_empty() || !whole.chars().chain(part.chars()).all(|c| c.is_ascii_digit()) || whole.len() > 14
    {
        return None;
    }
    let part: String = part.chars().take(4).collect();
    let trimmed = if part.len() > 2 { part.trim_end_matches('0') } else { part.as_str() };
    let mantissa: i64 = format!("{whole}{trimmed}").parse().ok()?;
    Some(Amount { mantissa: sign * mantissa, scale: u32::try_from(trimmed.len()).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, style: Style) -> Vec<String> {
        amounts(text, style).iter().map(|s| s.amount.to_decimal()).collect()
    }

    #[test]
    fn numbers_of_both_styles() {
        assert_eq!(read("Total 1.234,56 €", Style::Unknown), ["1234.56"]);
        assert_eq!(read("Total $1,234.56", Style::Unknown), ["1234.56"]);
        assert_eq!(read("$ 1.234.567", Style::Unknown), ["1234567.00"]);
        assert_eq!(read("RM9.00", Style::Point), ["9.00"]);
        assert_eq!(read("12 .50", Style::Point), ["12.50"]);
        assert_eq!(read("1'234.50 CHF", Style::Point), ["1234.50"]);
        assert_eq!(read("2.500", Style::Comma), ["2500.00"]);
        assert_eq!(read("2,500 kg", Style::Comma), ["2.500"]);
        assert_eq!(read("$ 6,54,321.00", Style::Point), ["654321.00"]);
    }

    #[test]
    fn stars_fill_an_amount_and_hide_a_card() {
        assert_eq!(read("EURO *59,50 und ***7,10", Style::Comma), ["59.50", "7.10"]);
        assert!(read("VISA ************2825", Style::Point).is_empty());
    }

    #[test]
    fn what_ocr_does_to_numbers() {
        assert_eq!(read("RMO.65", Style::Point), ["0.65"]);
        assert_eq!(read("rm1.5O and 2.o5", Style::Point), ["1.50", "2.05"]);
        assert_eq!(read("CHANGE RM .40", Style::Point), ["0.40"]);
        assert_eq!(mend("5o piso, no.12 O.C. JUMBO"), "5o piso, no.12 O.C. JUMBO");
    }

    #[test]
    fn thousands_parted_by_spaces() {
        let join = |text: &str| join_thousands(text, Spaces { sure: true, digits: 2 }, |rate| rate == "20");
        assert_eq!(join("total ht 1 892,16 €"), "total ht 1892,16 €");
        assert_eq!(join("1 234 567,00"), "1234567,00");
        assert_eq!(join("tva 20 315,36"), "tva 20 315,36");
        assert_eq!(join("12 34,50 tel 01 234 567"), "12 34,50 tel 01 234 567");
        assert_eq!(join("1 892,16 315,36"), "1892,16 315,36");
    }

    #[test]
    fn gaps_that_a_sign_vouches_for() {
        let join = |text: &str| join_thousands(text, Spaces { sure: false, digits: 2 }, |_| false);
        assert_eq!(join("total ₡12 500,00"), "total ₡12500,00");
        assert_eq!(join("osszesen 12 500 ft"), "osszesen 12500 ft");
        assert_eq!(join("1 234 567.00"), "1234567.00");
        assert_eq!(join("total 3 122.40"), "total 3 122.40");
        assert_eq!(join("2 500"), "2 500");
        let dinar = |text: &str| join_thousands(text, Spaces { sure: true, digits: 3 }, |_| false);
        assert_eq!(dinar("1 234,500 tnd"), "1234,500 tnd");
    }

    /// Every minus × every way to write the number and its currency.
    #[test]
    fn a_minus_in_every_form() {
        for number in ["120,00", "1.120,00", "120.00", "1'120.00", "1’120.00"] {
            let want = if number.len() > 6 { "-1120.00" } else { "-120.00" };
            for text in [
                format!("-{number}"),
                format!("\u{2212}{number}"),
                format!("\u{2013}{number}"),
                format!("total \u{2212}{number} €"),
                format!("total: -{number}"),
                format!("{number}-"),
                format!("{number}\u{2212}"),
                format!("{number}- eur"),
                format!("({number})"),
                format!("(€ {number})"),
                format!("({number} €)"),
                format!("total: ({number})"),
                format!("-€{number}"),
                format!("-€ {number}"),
                format!("\u{2212}$ {number}"),
                format!("€-{number}"),
                format!("€ -{number}"),
                format!("r$ -{number}"),
                format!("rd$-{number}"),
                format!("{number} cr"),
                format!("{number}cr"),
            ] {
                assert_eq!(read(&text, Style::Unknown), [want], "{text}");
            }
            for text in [
                number.to_owned(),
                format!("total ---- {number}"),
                format!("total ...... {number}"),
                format!("{number} dr"),
                format!("a-{number}"),
            ] {
                assert!(!read(&text, Style::Unknown)[0].starts_with('-'), "{text}");
            }
            let doubtful = |text: &str| amounts(text, Style::Unknown)[0].minus;
            for text in [format!("total - {number}"), format!("total ({number})"), format!("{number} h")] {
                assert_eq!(doubtful(&text), Minus::Doubtful, "{text}");
            }
        }
    }

    #[test]
    fn separators_of_every_country() {
        for (text, want) in [
            ("42’987.56", "42987.56"),
            ("42'987.56", "42987.56"),
            ("42ʼ987.56", "42987.56"),
            ("₹ 1,23,456.78", "123456.78"),
            ("₹ 1,23,456", "123456.00"),
            ("12,34,56,789", "123456789.00"),
            ("Q1,250.00", "1250.00"),
            ("B/.1,250.00", "1250.00"),
            ("0,500", "0.500"),
            ("1.234,567", "1234.567"),
        ] {
            assert_eq!(read(&text.to_lowercase(), Style::Unknown), [want], "{text}");
        }
    }

    #[test]
    fn three_places_where_the_currency_has_them() {
        let of = |text: &str| {
            let style = style_in(text, 3);
            amounts_in(text, style, 3)
                .iter()
                .map(|s| (s.amount.to_decimal(), s.ambiguous))
                .collect::<Vec<_>>()
        };
        assert_eq!(of("450,000"), [("450.000".to_owned(), true)]);
        assert_eq!(of("450,000 0,600"), [("450.000".to_owned(), false), ("0.600".to_owned(), false)]);
        assert_eq!(of("1.250 1,234.500"), [("1.250".to_owned(), false), ("1234.500".to_owned(), false)]);
    }

    #[test]
    fn not_amounts() {
        assert!(read("13:59:10", Style::Point).is_empty());
        assert!(read("25/12/2018", Style::Point).is_empty());
        assert!(read("A03066", Style::Point).is_empty());
        assert!(read("1.2.3.4", Style::Point).is_empty());
        assert!(read("****1234", Style::Point).is_empty());
    }

    #[test]
    fn plain_decimals() {
        assert_eq!(plain("1234.5").map(Amount::to_decimal).as_deref(), Some("1234.50"));
        assert_eq!(plain("-3").map(Amount::to_decimal).as_deref(), Some("-3.00"));
        assert_eq!(plain("100.0000").map(Amount::to_decimal).as_deref(), Some("100.00"));
        assert!(plain("1e9").is_none());
        assert!(plain("").is_none());
    }

    #[test]
    fn letters_that_shrink_and_letters_that_grow() {
        assert!(amounts("\u{a7dc}0\u{10b00}\u{23a}", Style::Unknown).len() <= 1);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = amounts(&text, style_of(&text));
            let _ = join_thousands(&text, Spaces { sure: text.len() % 2 == 0, digits: 3 }, |_| false);
            proptest::prop_assert_eq!(mend(&mend(&text)), mend(&text));
            let _ = plain(&text);
        }
    }
}
