//! Amounts as people print them: `1.234,56`, `1,234.56`, `$ 1.234.567`, `RM9.00`, `12 .50`.

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
    "tl", "zł", "rs",
];

/// The number style of a text, by its unmistakable numbers.
#[must_use]
pub fn style_of(text: &str) -> Style {
    let (mut point, mut comma) = (0_i32, 0_i32);
    for token in numbers(text) {
        match separators(&text[token.0..token.1]) {
            (Some('.'), 2, _) => point += 1,
            (Some(','), 2, _) => comma += 1,
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

/// Reads one digit run in a document of `style`; `None` where it cannot be an amount.
fn value(token: &str, style: Style) -> Option<(Amount, bool)> {
    if token.len() > 18 {
        return None;
    }
    let digits: String = token.chars().filter(char::is_ascii_digit).collect();
    let mantissa: i64 = digits.parse().ok()?;
    let (last, behind, count) = separators(token);
    let thousands = |sep: char| {
        let mut groups = token.split(sep);
        let first = groups.next().map_or(0, str::len);
        (1..=3).contains(&first) && groups.all(|g| g.len() == 3)
    };
    let scale = match (last, behind, count) {
        (None, ..) => 0,
        (Some(sep), _, n) if n > 1 && token.matches(sep).count() == n => {
            // One kind of separator again and again: thousands, or an id or a date.
            if !thousands(sep) {
                return None;
            }
            0
        }
        (Some('\''), ..) => 0,
        (Some(_), 1 | 2, _) => behind,
        (Some('.'), 3, 1) if style == Style::Point => 3,
        (Some(','), 3, 1) if style == Style::Comma => 3,
        (Some(sep), 3, 1) if thousands(sep) => 0,
        (Some(_), 3 | 4, _) => behind,
        _ => return None,
    };
    Some((Amount { mantissa, scale: u32::try_from(scale).ok()? }, scale == 2))
}

/// Every number in `text` that can be an amount, left to right. Places are those of [`mend`]ed text.
#[must_use]
pub fn amounts(text: &str, style: Style) -> Vec<Seen> {
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
        let signed = SIGNS.iter().any(|s| before.ends_with(s) || after.starts_with(s));
        let symbol = SIGNS.iter().any(|s| before.ends_with(s));
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
            || previous == Some('*')
        {
            continue;
        }
        let token = &text[start..end];
        let Some((mut amount, mut decimals)) = value(token, style) else { continue };
        // `.40`: less than one, printed without its zero.
        if previous == Some('.')
            && end - start == 2
            && !text[..start - 1].ends_with(|c: char| c.is_alphanumeric())
        {
            (amount.scale, decimals) = (2, true);
        }
        if before.ends_with('-')
            && !before.trim_end_matches('-').ends_with(|c: char| c.is_ascii_alphanumeric())
        {
            amount.mantissa = -amount.mantissa;
        }
        let grouped = token.bytes().filter(|b| !b.is_ascii_digit()).count() > usize::from(amount.scale > 0);
        seen.push(Seen {
            amount,
            decimals,
            signed,
            percent: after.starts_with('%'),
            grouped,
            at: (start, end),
        });
    }
    seen
}

/// Mends what OCR does to numbers: gaps (`12 .50`, `1,234. 56`) are closed, an `O` among digits is a zero (`RMO.65`).
/// Mending what is mended changes nothing.
#[must_use]
pub fn mend(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
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

/// Closes the gaps between thousands in documents that part them so: `1 892,16`. `rate` says whether a number may be a
/// rate that stands before the amount (`TVA 20 315,36`).
#[must_use]
pub fn join_thousands(text: &str, rate: impl Fn(&str) -> bool) -> String {
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
        let decimals = bytes.get(last) == Some(&b',') && digits(last + 1) == 2;
        let plain = end - start <= 3 && groups[0].bytes().all(|b| b.is_ascii_digit());
        if fresh && plain && decimals && groups.len() > 1 && !(groups.len() == 2 && rate(groups[0])) {
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
    fn what_ocr_does_to_numbers() {
        assert_eq!(read("RMO.65", Style::Point), ["0.65"]);
        assert_eq!(read("rm1.5O and 2.o5", Style::Point), ["1.50", "2.05"]);
        assert_eq!(read("CHANGE RM .40", Style::Point), ["0.40"]);
        assert_eq!(mend("5o piso, no.12 O.C. JUMBO"), "5o piso, no.12 O.C. JUMBO");
    }

    #[test]
    fn thousands_parted_by_spaces() {
        let join = |text: &str| join_thousands(text, |rate| rate == "20");
        assert_eq!(join("total ht 1 892,16 €"), "total ht 1892,16 €");
        assert_eq!(join("1 234 567,00"), "1234567,00");
        assert_eq!(join("tva 20 315,36"), "tva 20 315,36");
        assert_eq!(join("12 34,50 tel 01 234 567"), "12 34,50 tel 01 234 567");
        assert_eq!(join("1 892,16 315,36"), "1892,16 315,36");
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
            let _ = join_thousands(&text, |_| false);
            proptest::prop_assert_eq!(mend(&mend(&text)), mend(&text));
            let _ = plain(&text);
        }
    }
}
