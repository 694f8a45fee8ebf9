//! The desk's words: names of things, reasons and events, times and sizes as people read them.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Fields},
    reason::ReasonCode,
};
use serde_json::Value;
use time::{OffsetDateTime, macros::format_description};

/// `issuer_tax_id` as "Issuer tax id".
#[must_use]
pub fn label(word: &str) -> String {
    let mut text = word.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// Why a person looks at a receipt before it pays anything.
#[must_use]
pub fn doubt(word: &str) -> &'static str {
    match word {
        "payee" => "It does not say that it was paid to us",
        "reference" => "Its reference is missing or was used before",
        "amount" => "It is not the amount that is owed",
        "currency" => "It is in another currency than what is owed, or says none",
        "ambiguous" => "It may be for another bill",
        _ => "Above what settles by itself",
    }
}

/// Where a case stands, as people say it.
#[must_use]
pub fn case_state(word: &str) -> String {
    if word == "expired" { "No answer came".to_owned() } else { label(word) }
}

/// Kinds as people call them.
#[must_use]
pub fn kind(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Invoice) => "Invoice",
        Some(Kind::Receipt) => "Receipt",
        Some(Kind::Id) => "ID document",
        Some(Kind::Other) => "Other document",
        None => "Document",
    }
}

/// Statuses as people call them.
#[must_use]
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Received => "Received",
        Status::Processing => "Processing",
        Status::Filed => "Filed",
        Status::InReview => "In review",
        Status::Rejected => "Rejected",
    }
}

/// How grave a reason is: `bad` (the file), `warn` (what was read), `cool` (to whom it belongs).
#[must_use]
pub fn tone(code: ReasonCode) -> &'static str {
    use ReasonCode::{
        ActiveContent, AmbiguousCustomer, ChecksFailed, Corrupt, DecompressionBomb, Encrypted, Expired,
        LowConfidence, Malware, MediaUnavailable, MissingFields, MultipleDocuments, NotADocument,
        PossibleDuplicate, RetriesExhausted, TooLarge, TypeMismatch, UnknownCustomer, Unreadable,
        UnsupportedType,
    };
    match code {
        UnsupportedType | TypeMismatch | Corrupt | Encrypted | TooLarge | DecompressionBomb
        | ActiveContent | Malware | MediaUnavailable | RetriesExhausted => "bad",
        Unreadable | LowConfidence | NotADocument | MissingFields | ChecksFailed | Expired => "warn",
        MultipleDocuments | UnknownCustomer | AmbiguousCustomer | PossibleDuplicate => "cool",
    }
}

/// What a document is called in a list. An ID's fields are not shown in lists.
#[must_use]
pub fn title(document_kind: Option<Kind>, fields: &Fields) -> String {
    let value = |name| fields.get(&name).map(|f| f.value.as_str());
    let party = match document_kind {
        Some(Kind::Invoice) => value(FieldName::IssuerName),
        Some(Kind::Receipt) => value(FieldName::MerchantName),
        _ => None,
    };
    match (party, value(FieldName::Total)) {
        (Some(party), Some(total)) => {
            format!("{party} · {total} {}", value(FieldName::Currency).unwrap_or_default()).trim().to_owned()
        }
        (Some(party), None) => party.to_owned(),
        (None, _) => kind(document_kind).to_owned(),
    }
}

/// Time since, in the largest unit that fits.
#[must_use]
pub fn ago(since: OffsetDateTime, now: OffsetDateTime) -> String {
    let secs = (now - since).whole_seconds().max(0);
    match secs {
        0..60 => "now".to_owned(),
        60..3_600 => format!("{} min", secs / 60),
        3_600..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} days", secs / 86_400),
    }
}

/// Hour and minute, with the day when it is another one. UTC.
#[must_use]
pub fn clock(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let same_day = at.date() == now.date();
    let text = if same_day {
        at.format(format_description!("[hour]:[minute]:[second]"))
    } else {
        at.format(format_description!("[day] [month repr:short] [hour]:[minute]"))
    };
    text.unwrap_or_default()
}

/// Day, hour and minute, where no script makes them local: UTC, and says so.
#[must_use]
pub fn minute(at: OffsetDateTime) -> String {
    at.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC")).unwrap_or_default()
}

/// Full time for `datetime=` and tooltips.
#[must_use]
pub fn full(at: OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

/// Bytes as people read them.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KB", bytes / 1_024),
        _ => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
    }
}

/// A particular as one line of text; `None` for what is no plain value.
#[must_use]
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.chars().take(300).collect()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Array(items) => {
            let words: Option<Vec<String>> = items.iter().take(20).map(plain).collect();
            words.filter(|w| !w.is_empty()).map(|w| w.join(", "))
        }
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    #[test]
    fn words_read_as_words() {
        assert_eq!(label("issuer_tax_id"), "Issuer tax id");
        assert_eq!(size(1_572_864), "1.5 MB");
        let now = time::macros::datetime!(2026-09-01 12:00 UTC);
        assert_eq!(ago(now - Duration::hours(30), now), "30 h");
        assert_eq!(ago(now + Duration::hours(1), now), "now");
        assert_eq!(title(Some(Kind::Id), &Fields::new()), "ID document");
    }
}
