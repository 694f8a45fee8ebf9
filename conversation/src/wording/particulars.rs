//! What of the fields is repeated to a sender, made fit for a message.

use acuse_pipeline::fields::{FieldName, Fields};
use minijinja::context;
use time::{Date, macros::format_description};

use crate::{book::say, language::Language};

fn first<'a>(fields: &'a Fields, names: &[FieldName]) -> Option<&'a str> {
    names.iter().find_map(|name| fields.get(name)).map(|f| f.value.as_str())
}

/// Whom a bill is from.
fn party(fields: &Fields) -> Option<&str> {
    first(fields, &[FieldName::IssuerName, FieldName::MerchantName])
}

/// What it comes to, as people write it; and its currency.
fn total(fields: &Fields, language: Language) -> Option<(String, &str)> {
    let total = first(fields, &[FieldName::Total])?;
    let amount = match total.matches('.').count() {
        1 => total.replace('.', &say(language, "decimal_mark", context! {})),
        _ => total.to_owned(),
    };
    Some((amount, first(fields, &[FieldName::Currency]).unwrap_or_default()))
}

/// Issuer, number, date and total, as far as they were read; never a number of a tax office or a bank.
#[must_use]
pub fn particulars(fields: &Fields, language: Language) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(name) = party(fields) {
        parts.push(plain(name));
    }
    if let Some(number) = first(fields, &[FieldName::Number]) {
        parts.push(say(language, "number", context! { number => plain(number) }));
    }
    if let Some(date) = first(fields, &[FieldName::IssueDate, FieldName::Date]) {
        let parsed = Date::parse(date, format_description!("[year]-[month]-[day]"));
        parts.push(parsed.map_or_else(|_| plain(date), |date| date_in_words(date, language)));
    }
    if let Some((amount, currency)) = total(fields, language) {
        parts.push(plain(&say(language, "total", context! { amount, currency })));
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Issuer and total, for a line of a list.
#[must_use]
pub fn in_short(fields: &Fields, language: Language) -> Vec<String> {
    let total = total(fields, language).map(|(amount, currency)| format!("{amount} {currency}"));
    let parts = party(fields).map(str::to_owned).into_iter().chain(total);
    parts.map(|part| plain(&part)).filter(|part| !part.is_empty()).collect()
}

/// Longest value repeated to a sender, characters.
pub(super) const VALUE_CHARS: usize = 60;

/// A stranger's text, fit for a message: one line, no control or formatting characters, no link, not long.
pub(crate) fn plain(value: &str) -> String {
    let kept: String = value
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| c.is_alphanumeric() || " .,-&'ºª€$/()#+°".contains(*c))
        .take(VALUE_CHARS)
        .collect();
    let single: Vec<&str> = kept
        .split(' ')
        .filter(|word| !word.is_empty() && !word.contains("//") && !word.starts_with("www."))
        .collect();
    single.join(" ")
}

/// A day as people write it.
pub(crate) fn date_in_words(date: Date, language: Language) -> String {
    let month = say(language, &format!("month.{}", u8::from(date.month())), context! {});
    say(language, "date", context! { day => date.day(), month, year => date.year() })
}
