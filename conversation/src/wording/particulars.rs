//! What of the fields is repeated to a sender, made fit for a message.

use acuse_pipeline::fields::{FieldName, Fields};
use minijinja::context;
use time::{Date, macros::format_description};

use super::book::say;
use crate::language::Language;

/// Issuer, number, date and total, as far as they were read.
pub(super) fn particulars(fields: &Fields, language: Language) -> Vec<String> {
    use FieldName::{Currency, IssueDate, IssuerName, MerchantName, Number, Total};
    let first =
        |names: &[FieldName]| names.iter().find_map(|name| fields.get(name)).map(|f| f.value.as_str());
    let mut parts = Vec::new();
    if let Some(name) = first(&[IssuerName, MerchantName]) {
        parts.push(plain(name));
    }
    if let Some(number) = first(&[Number]) {
        parts.push(say(language, "number", context! { number => plain(number) }));
    }
    if let Some(date) = first(&[IssueDate, FieldName::Date]) {
        let parsed = Date::parse(date, format_description!("[year]-[month]-[day]"));
        parts.push(parsed.map_or_else(|_| plain(date), |date| date_in_words(date, language)));
    }
    if let Some(total) = first(&[Total]) {
        let amount = match total.matches('.').count() {
            1 => total.replace('.', &say(language, "decimal_mark", context! {})),
            _ => total.to_owned(),
        };
        let currency = first(&[Currency]).unwrap_or_default();
        parts.push(plain(&say(language, "total", context! { amount, currency })));
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Longest value repeated to a sender, characters.
pub(super) const VALUE_CHARS: usize = 60;

/// A stranger's text, fit for a message: one line, no control or formatting characters, no link, not long.
pub(super) fn plain(value: &str) -> String {
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
pub(super) fn date_in_words(date: Date, language: Language) -> String {
    let month = say(language, &format!("month.{}", u8::from(date.month())), context! {});
    say(language, "date", context! { day => date.day(), month, year => date.year() })
}
