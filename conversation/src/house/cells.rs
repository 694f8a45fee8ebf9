//! The cells of a line of rules, and what is wrong with one.

use acuse_pipeline::{checks::is_currency, document, reason::ReasonCode};
use time::Duration;

use super::{Answer, Approve, Owes, Rule, Sum};
use crate::{
    case::Kind,
    hours::{Clock, Summer},
    language::Language,
};

/// Longest text of a message, characters (Meta's limit).
const ANSWER_CHARS: usize = 4_096;

/// What a cell says; `-` says nothing.
pub(super) fn any(cell: &str) -> Option<&str> {
    Some(cell).filter(|cell| !cell.is_empty() && *cell != "-")
}

pub(super) fn zone(name: &str) -> Result<Clock, &'static str> {
    Clock::of_zone(name).ok_or("a clock is a place that IANA names, such as Europe/Madrid")
}

pub(super) fn clock(minutes: &str, summer: &str) -> Result<Clock, &'static str> {
    let minutes = minutes.parse::<i32>().ok().filter(|m| (-14 * 60..=14 * 60).contains(m));
    let summer = match any(summer) {
        None => Summer::None,
        Some("eu") => Summer::Eu,
        Some("us") => Summer::Us,
        Some(_) => return Err("clocks go forward as in eu or us, or - for never"),
    };
    let minutes = minutes.ok_or("a clock is a place such as Europe/Madrid, or so many minutes from UTC")?;
    Ok(Clock::Offset { minutes, summer })
}

pub(super) fn rule([kind, reason, number, language, from, team]: [&str; 6]) -> Result<Rule, &'static str> {
    let reason = any(reason).map(|word| {
        ReasonCode::ALL.iter().copied().find(|code| code.as_str() == word).ok_or("there is no such reason")
    });
    Ok(Rule {
        kind: any(kind).map(|word| Kind::of(word).ok_or("there is no such kind of case")).transpose()?,
        reason: reason.transpose()?,
        number: any(number).map(str::to_owned),
        language: any(language).map(spoken).transpose()?,
        from: any(from).map(sum).transpose()?,
        team: team.to_owned(),
    })
}

pub(super) fn owes(currency: &str, from: &str, days: &str) -> Result<Owes, &'static str> {
    Ok(Owes {
        currency: any(currency).map(code).transpose()?,
        from: any(from).map_or(Ok(0), |text| amount(text).ok_or("an amount is a decimal such as 100.00"))?,
        days: days.parse::<u16>().map(i64::from).map_err(|_| "a bill is due so many days after its own")?,
    })
}

/// The most that a receipt may settle by itself, in a currency that there is.
pub(super) fn cap(text: &str) -> Result<Sum, &'static str> {
    if text.starts_with('-') {
        return Err("a cap is 0 or more, such as 500.00 EUR");
    }
    let cap = sum(text)?;
    if is_currency(&cap.currency) { Ok(cap) } else { Err("a cap is in a currency of ISO 4217, such as EUR") }
}

pub(super) fn approve(
    [kind, from, how, number, hours, approvers]: [&str; 6],
) -> Result<Approve, &'static str> {
    let kind = any(kind).map(|word| {
        document::Kind::ALL
            .iter()
            .copied()
            .find(|k| k.as_str() == word)
            .ok_or("there is no such kind of document")
    });
    let approvers: Vec<String> = approvers.split(',').map(digits).filter(|phone| !phone.is_empty()).collect();
    if approvers.is_empty() {
        return Err("an approval names phone numbers, a comma between two");
    }
    let hours = hours.parse::<u16>().ok().filter(|h| *h > 0).ok_or("an approval lasts so many hours")?;
    Ok(Approve {
        kind: kind.transpose()?,
        from: sum(from)?,
        any: match how {
            "any" => true,
            "order" => false,
            _ => return Err("approvers are asked in order, or any of them"),
        },
        number: any(number).ok_or("an approval is asked from one of our numbers")?.to_owned(),
        approvers,
        lasts: Duration::hours(i64::from(hours)),
    })
}

/// An answer; `\n` in its text begins a line.
pub(super) fn answer(key: &str, language: &str, text: &str) -> Result<Answer, &'static str> {
    if key.is_empty() || key.chars().count() > 60 {
        return Err("an answer has a name of 1 to 60 characters");
    }
    let text = text.replace("\\n", "\n").trim().to_owned();
    if text.is_empty() || text.chars().count() > ANSWER_CHARS {
        return Err("an answer has 1 to 4096 characters");
    }
    Ok(Answer { key: key.to_owned(), language: spoken(language)?, text })
}

fn spoken(tag: &str) -> Result<Language, &'static str> {
    Language::of_tag(tag).ok_or("languages are es, en, pt")
}

fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

fn code(text: &str) -> Result<String, &'static str> {
    let is_code = text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
    if is_code { Ok(text.to_owned()) } else { Err("a currency is three capital letters, such as EUR") }
}

fn sum(text: &str) -> Result<Sum, &'static str> {
    let (number, currency) = text.split_once(' ').ok_or("an amount names its currency, such as 1000 EUR")?;
    Ok(Sum {
        amount: amount(number).ok_or("an amount is a decimal such as 1000.00")?,
        currency: code(currency)?,
    })
}

/// A decimal with a point, in ten-thousandths.
fn amount(text: &str) -> Option<i64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || rest.len() > 4 || !plain(whole) || !plain(rest) {
        return None;
    }
    let rest = format!("{rest:0<4}").parse::<i64>().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(10_000)?.checked_add(rest)
}
