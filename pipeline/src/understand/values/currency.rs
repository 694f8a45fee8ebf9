//! Currencies: ISO 4217 (`data/currencies.tsv`) and how people write them (`data/currency_signs.tsv`).

use std::sync::LazyLock;

use super::words::DOLLAR;
use crate::{knowledge, understand::money::dashed};

const CURRENCIES: &str = include_str!("../data/currencies.tsv");
const SIGNS: &str = include_str!("../data/currency_signs.tsv");

/// A currency of ISO 4217.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Currency {
    /// Its code.
    pub code: &'static str,
    /// Places behind the point.
    pub digits: u32,
    /// Where it is used, ISO 3166-1 alpha-2.
    pub countries: Vec<&'static str>,
    /// Whether its code speaks for it wherever it stands; otherwise only beside an amount.
    pub alone: bool,
}

/// Where a sign speaks for a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Wherever it stands.
    Mark,
    /// Wherever it stands as a whole word.
    Word,
    /// Right before an amount, or alone in brackets.
    Prefix,
    /// Right before or behind an amount.
    Beside,
    /// Right behind an amount.
    Behind,
    /// As `Beside`, where the country agrees.
    Home,
}

impl Stand {
    /// Whether such a sign may stand right before (`before`) or behind an amount, with nothing else to vouch for it.
    fn may_stand(self, before: bool) -> bool {
        match self {
            Self::Prefix => before,
            Self::Behind => !before,
            Self::Home => false,
            Self::Mark | Self::Word | Self::Beside => true,
        }
    }
}

/// A way to write a currency, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// Folded.
    pub text: &'static str,
    /// Where it speaks.
    pub stand: Stand,
    /// Codes; more than one where the country must tell.
    pub codes: Vec<&'static str>,
}

/// All currencies.
pub static ALL: LazyLock<Vec<Currency>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let (code, digits) = (cells.next()?, cells.next()?.parse().ok()?);
        let countries = cells.next()?.split(',').collect();
        Some(Currency { code, digits, countries, alone: cells.next()? == "alone" })
    };
    knowledge::lines(CURRENCIES).filter_map(row).collect()
});

/// All signs, the longest first: `rd$` before `$`.
pub static MARKS: LazyLock<Vec<Sign>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let text = cells.next()?;
        let stand = match cells.next()? {
            "mark" => Stand::Mark,
            "word" => Stand::Word,
            "prefix" => Stand::Prefix,
            "behind" => Stand::Behind,
            "home" => Stand::Home,
            _ => Stand::Beside,
        };
        Some(Sign { text, stand, codes: cells.next()?.split(' ').collect() })
    };
    let mut signs: Vec<Sign> = knowledge::lines(SIGNS).filter_map(row).collect();
    signs.sort_by_key(|s| std::cmp::Reverse(s.text.len()));
    signs
});

/// The code of a currency that there is, in capitals.
#[must_use]
pub fn known(code: &str) -> Option<&'static str> {
    get(code).map(|c| c.code)
}

/// The currency of a code.
#[must_use]
pub fn get(code: &str) -> Option<&'static Currency> {
    ALL.iter().find(|c| c.code.eq_ignore_ascii_case(code))
}

/// Places behind the point of a currency; two where it is not known.
#[must_use]
pub fn digits(code: Option<&str>) -> u32 {
    code.and_then(get).map_or(2, |c| c.digits)
}

/// What stands beside an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// Nothing that is a currency's.
    Nothing,
    /// A sign or code of these currencies; of one of them where there are several.
    Known(Vec<&'static str>),
    /// A dollar, which needs a country.
    Dollar,
    /// A currency's sign that we do not know.
    Unknown(String),
}

/// The currency that stands right before or behind the number at `at` of a folded text; `text` is the same as printed,
/// for codes are printed in capitals.
#[must_use]
pub fn beside(text: &str, at: (usize, usize)) -> Beside {
    let before = text
        .get(..at.0)
        .unwrap_or_default()
        .trim_end_matches(|c: char| c.is_whitespace() || "-−–+(:".contains(c));
    let behind = text.get(at.1..).unwrap_or_default();
    // `500,- Kč`: the dashes are its cents.
    let after = behind[dashed(behind).unwrap_or(0)..]
        .trim_start_matches(|c: char| c.is_whitespace() || "-−–)".contains(c));
    let (left, right) = (last_token(before), first_token(after));
    let sides = [(left, true), (right, false)];
    for (token, is_before) in sides {
        let found = sign(token, is_before);
        if found != Beside::Nothing {
            return found;
        }
    }
    Beside::Nothing
}

/// What a token is, right before (`is_before`) or behind an amount.
fn sign(token: &str, is_before: bool) -> Beside {
    let folded = crate::understand::sheet::fold(token);
    let folded = folded.trim_end_matches(['.', ',', ':', ';', '*']);
    if folded.is_empty() {
        return Beside::Nothing;
    }
    if token.len() >= 3
        && let Some(code) = known(token.trim_end_matches(['.', ',', ':']))
        && token.chars().all(|c| !c.is_lowercase())
    {
        return Beside::Known(vec![code]);
    }
    let whole = |s: &&Sign| s.text.trim_end_matches('.') == folded && s.stand.may_stand(is_before);
    if let Some(sign) = MARKS.iter().find(whole) {
        return Beside::Known(sign.codes.clone());
    }
    if folded == "$" || DOLLAR.contains(&folded) {
        return Beside::Dollar;
    }
    let symbol = |c: char| is_currency_symbol(c);
    if folded.chars().any(symbol) {
        // `TOTAL$`, `$:`: the sign is the part that counts.
        let mark = MARKS.iter().find(|s| s.stand == Stand::Mark && folded.contains(s.text));
        return match mark {
            Some(sign) => Beside::Known(sign.codes.clone()),
            None if folded.contains('$') && folded.chars().filter(|c| c.is_alphabetic()).count() == 0 => {
                Beside::Dollar
            }
            None => Beside::Unknown(folded.chars().take(8).collect()),
        };
    }
    Beside::Nothing
}

/// Whether a folded token is how a currency is written; `before`: right before an amount. Letters alone (`l`) are one there
/// only.
#[must_use]
pub fn is_sign(token: &str, before: bool) -> bool {
    let token = token.trim_end_matches(['.', ',', ':', ';']);
    if token.is_empty() || token.len() > 8 {
        return false;
    }
    let code = || token.len() == 3 && get(token).is_some_and(|c| c.alone);
    let listed = || {
        MARKS.iter().any(|s| {
            s.stand != Stand::Word && s.text.trim_end_matches('.') == token && s.stand.may_stand(before)
        })
    };
    token == "$" || code() || listed()
}

/// Whether a folded text ends in a currency's sign or code.
#[must_use]
pub fn ends_with_sign(text: &str) -> bool {
    is_sign(last_token(text.trim_end()).trim_start_matches('-'), true)
}

/// Whether what stands right before the number at `at` is a letter alone.
#[must_use]
pub fn single_letter(text: &str, at: (usize, usize)) -> bool {
    let token = last_token(text.get(..at.0).unwrap_or_default().trim_end());
    token.trim_end_matches('.').chars().count() == 1 && token.starts_with(char::is_alphabetic)
}

/// Unicode's currency symbols (general category Sc).
#[must_use]
pub fn is_currency_symbol(c: char) -> bool {
    matches!(c, '$' | '¢'..='¥' | '\u{58f}' | '\u{60b}' | '\u{9f2}' | '\u{9f3}' | '\u{9fb}' | '\u{af1}' | '\u{bf9}'
        | '\u{e3f}' | '\u{17db}' | '\u{20a0}'..='\u{20cf}' | '\u{a838}' | '\u{fdfc}' | '\u{fe69}' | '\u{ff04}'
        | '\u{ffe0}' | '\u{ffe1}' | '\u{ffe5}' | '\u{ffe6}')
}

/// The token that ends a text; none that hangs on a digit (`4228B/`).
fn last_token(text: &str) -> &str {
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| !c.is_whitespace() && !c.is_ascii_digit() && !"()[]:=".contains(*c))
        .last();
    let Some((start, _)) = start else { return "" };
    if text[..start].ends_with(|c: char| c.is_ascii_digit()) { "" } else { &text[start..] }
}

fn first_token(text: &str) -> &str {
    let end = text
        .char_indices()
        .find(|(_, c)| c.is_whitespace() || c.is_ascii_digit() || "()[]:=".contains(*c))
        .map_or(text.len(), |(i, _)| i);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_every_sign_means_a_currency() {
        let rows = |text: &str| knowledge::lines(text).count();
        assert_eq!(ALL.len(), rows(CURRENCIES));
        assert_eq!(MARKS.len(), rows(SIGNS));
        for sign in MARKS.iter() {
            assert!(sign.codes.iter().all(|c| known(c).is_some()), "{sign:?}");
        }
    }

    #[test]
    fn three_places_and_none() {
        for code in ["TND", "KWD", "BHD", "OMR", "JOD", "LYD", "IQD"] {
            assert_eq!(digits(Some(code)), 3, "{code}");
        }
        assert_eq!((digits(Some("JPY")), digits(Some("EUR")), digits(None)), (0, 2, 2));
    }

    #[test]
    fn what_stands_beside_an_amount() {
        let at = |text: &str| {
            let start = text.find(|c: char| c.is_ascii_digit()).expect("a digit");
            let end = text.rfind(|c: char| c.is_ascii_digit()).expect("a digit") + 1;
            beside(text, (start, end))
        };
        for (text, code) in [
            ("Total ₡12 500,00", "CRC"),
            ("Total Q 1,250.00", "GTQ"),
            ("Total L 1,250.00", "HNL"),
            ("TOTAL B/. 12.50", "PAB"),
            ("RD$ 1,250.00", "DOP"),
            ("$U 1.250,00", "UYU"),
            ("Gs. 125.000", "PYG"),
            ("S/ 12.50", "PEN"),
            ("Celkem 1 250,00 Kč", "CZK"),
            ("Ukupno 1.250,00 kn", "HRK"),
            ("1 250 Ft", "HUF"),
            ("1.250,00 лв.", "BGN"),
            ("₪ 125.00", "ILS"),
            ("125,00 ₴", "UAH"),
            ("1 234,500 TND", "TND"),
            ("TOTAL PEN 25.00", "PEN"),
            ("-1.250,00 zł", "PLN"),
            ("Celkem 500,- Kč", "CZK"),
            ("1.250,– Ft", "HUF"),
        ] {
            assert_eq!(at(text), Beside::Known(vec![code]), "{text}");
        }
        assert_eq!(at("Total kr 125,00"), Beside::Known(vec!["SEK", "NOK", "DKK", "ISK"]));
        assert_eq!(at("¥ 1250"), Beside::Known(vec!["JPY", "CNY"]));
        assert_eq!(at("Total: $ 12.50"), Beside::Dollar);
        assert_eq!(at("Total ₠ 12.50"), Beside::Unknown("₠".to_owned()));
        assert_eq!(at("Total 12.50 A"), Beside::Nothing);
    }
}
