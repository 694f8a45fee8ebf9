//! What a person types, in the form that a field keeps: dates ISO 8601, amounts decimal with a point, currencies
//! ISO 4217. What can be taken in two ways is asked for again.

use time::{Date, Month, macros::format_description};

use crate::{document::Kind, fields::FieldName};

/// Longest value of a field, characters.
pub const VALUE_CHARS: usize = 500;

const CURRENCIES: &str = include_str!("currencies.txt");

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A day.
    Date,
    /// An amount of money.
    Amount,
    /// A currency.
    Currency,
    /// Anything else.
    Text,
}

impl Form {
    /// Of a field.
    #[must_use]
    pub fn of(name: FieldName) -> Self {
        match name {
            FieldName::Currency => Self::Currency,
            _ if name.is_date() => Self::Date,
            _ if name.is_amount() => Self::Amount,
            _ => Self::Text,
        }
    }

    /// How to write it, for an empty input.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Date => "2026-05-31",
            Self::Amount => "1234.56",
            Self::Currency => "EUR",
            Self::Text => "",
        }
    }
}

/// The value a field keeps of what was typed.
///
/// # Errors
/// What to write instead.
pub fn typed(kind: Kind, name: FieldName, text: &str) -> Result<String, String> {
    let text = text.trim();
    if name.is_list() {
        return Err("a list is taken away with null, or stays as it was read".to_owned());
    }
    let choices = name.choices(kind);
    if !choices.is_empty() {
        let known = choices.iter().find(|choice| **choice == text.to_lowercase());
        return known
            .map(|choice| (*choice).to_owned())
            .ok_or_else(|| format!("write one of {}", choices.join(", ")));
    }
    if text.chars().count() > VALUE_CHARS {
        return Err(format!("at most {VALUE_CHARS} characters"));
    }
    match Form::of(name) {
        Form::Date => date(text).ok_or_else(|| "write a date as 2026-05-31".to_owned()),
        Form::Amount => amount(text),
        Form::Currency => currency(text).ok_or_else(|| "write an ISO 4217 code, as EUR".to_owned()),
        Form::Text => Ok(text.to_owned()),
    }
}

/// `2026-05-31`, `31/05/2026`, `31.5.2026`; not `05/06/2026`, which is two days.
fn date(text: &str) -> Option<String> {
    let iso = format_description!("[year]-[month]-[day]");
    if let Ok(date) = Date::parse(text, iso) {
        return date.format(iso).ok();
    }
    let parts: Vec<u16> = text.split(['/', '.', '-', ' ']).map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let [a, b, year] = parts.as_slice() else { return None };
    let day_first = *a > 12 || a == b;
    let (day, month) = if day_first { (*a, *b) } else { (*b, *a) };
    if *year < 1000 || (day <= 12 && a != b) {
        return None;
    }
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::from(*year), month, u8::try_from(day).ok()?).ok()?;
    date.format(iso).ok()
}

/// `10,00 €`, `$10`, `10.00$`, `1.234,5`, `(12.50)`, `-3`.
fn amount(text: &str) -> Result<String, String> {
    let how = || "write an amount as 1234.56".to_owned();
    let (inner, in_brackets) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let is_money = |c: char| c.is_alphabetic() || "$€£¥₹₡₲₪₩₫₴₦₱฿/".contains(c);
    let blank = |c: char| c.is_whitespace() || c == '\'' || c == '’';
    let bare = inner.trim_matches(|c: char| is_money(c) || blank(c));
    let minus = ['-', '−', '–'];
    let is_minus = bare.starts_with(minus) || bare.ends_with(minus) || inner.trim_start().starts_with(minus);
    let digits: String = bare
        .trim_matches(minus)
        .trim_matches(|c: char| is_money(c) || blank(c))
        .chars()
        .filter(|c| !blank(*c))
        .collect();
    let (whole, cents) = decimal(&digits)?;
    if whole.len() > 18 || whole.is_empty() {
        return Err(how());
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    let is_zero = whole == "0" && cents.bytes().all(|b| b == b'0');
    let sign = if (is_minus || in_brackets) && !is_zero { "-" } else { "" };
    Ok(format!("{sign}{whole}.{cents:0<2}"))
}

/// The digits before and behind the point, whichever mark the point is.
fn decimal(text: &str) -> Result<(String, String), String> {
    let how = || "write an amount as 1234.56".to_owned();
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',') {
        return Err(how());
    }
    let grouped = |head: &str, mark: char| {
        let mut groups = head.split(mark);
        let first = groups.next().unwrap_or_default();
        (1..=3).contains(&first.len()) && groups.all(|g| g.len() == 3)
    };
    let Some(at) = text.rfind(['.', ',']) else { return Ok((text.to_owned(), String::new())) };
    let (head, cents) = (&text[..at], &text[at + 1..]);
    let (last, other) = if text.as_bytes()[at] == b'.' { ('.', ',') } else { (',', '.') };
    let plain = |head: &str| head.chars().filter(char::is_ascii_digit).collect::<String>();
    if head.contains(last) {
        // One mark again and again stands between thousands.
        return if !head.contains(other) && grouped(text, last) {
            Ok((plain(text), String::new()))
        } else {
            Err(how())
        };
    }
    let whole =
        if head.contains(other) { grouped(head, other).then(|| plain(head)) } else { Some(plain(head)) };
    let whole = whole.filter(|w| !w.is_empty()).ok_or_else(how)?;
    match cents.len() {
        1 | 2 => Ok((whole, cents.to_owned())),
        // `1.234` is a thousand and more, or one and a little.
        3 if !head.contains(other) && whole != "0" => {
            Err(format!("{text} can be read in two ways: write {whole}{cents}.00 or {whole}.{cents}0"))
        }
        3 | 4 => Ok((whole, cents.to_owned())),
        _ => Err(how()),
    }
}

fn currency(text: &str) -> Option<String> {
    let code = match text {
        "€" => "EUR".to_owned(),
        "£" => "GBP".to_owned(),
        "R$" => "BRL".to_owned(),
        "S/" | "S/." => "PEN".to_owned(),
        _ => text.to_uppercase(),
    };
    is_currency(&code).then_some(code)
}

/// Whether ISO 4217 has this code.
#[must_use]
pub fn is_currency(code: &str) -> bool {
    code.len() == 3 && CURRENCIES.split_whitespace().any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_as_people_type_them() {
        for (text, kept) in [
            ("10,00 €", "10.00"),
            ("$10", "10.00"),
            ("10.00$", "10.00"),
            ("1.234,5", "1234.50"),
            ("1,234.56", "1234.56"),
            ("1.234.567", "1234567.00"),
            ("1 234,50 EUR", "1234.50"),
            ("R$ 12,9", "12.90"),
            ("-3", "-3.00"),
            ("$-3.10", "-3.10"),
            ("(12.50)", "-12.50"),
            ("0.125", "0.125"),
            ("1,234.567", "1234.567"),
            ("007.50", "7.50"),
            ("1234.5600", "1234.5600"),
        ] {
            assert_eq!(amount(text).as_deref(), Ok(kept), "{text}");
        }
        for bad in ["", ".", "€", "1.234", "12.3456.7", "1,23,456.00", "ten", "1e9", "12/10", "1.2.3"] {
            assert!(amount(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_and_currencies_as_people_type_them() {
        assert_eq!(date("31/05/2026").as_deref(), Some("2026-05-31"));
        assert_eq!(date("5.31.2026").as_deref(), Some("2026-05-31"));
        assert_eq!(date("05-05-2026").as_deref(), Some("2026-05-05"));
        for bad in ["05/06/2026", "31/05/26", "2026-02-30", "31/13/2026", "tomorrow"] {
            assert_eq!(date(bad), None, "{bad}");
        }
        assert_eq!(currency("eur").as_deref(), Some("EUR"));
        assert_eq!(currency("€").as_deref(), Some("EUR"));
        assert!(currency("ZZZ").is_none() && currency("$").is_none());
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_as_it_is(text in "[-(]{0,1}[$€ ]{0,2}[0-9.,]{0,9}[$€ )]{0,2}") {
            if let Ok(kept) = amount(&text) {
                // Three places behind the point are asked for again, as they can be read in two ways.
                if kept.rsplit('.').next().is_some_and(|cents| cents.len() != 3) {
                    prop_assert_eq!(amount(&kept), Ok(kept));
                }
            }
        }
    }
}
