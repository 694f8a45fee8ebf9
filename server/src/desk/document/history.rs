//! What happened to a document, and what else is known of it.

use acuse_storage::{Document, timeline::TimelineEntry};
use serde_json::Value;
use time::OffsetDateTime;

use super::super::{labels, language::Tongue, queue::who};
use crate::{app::App, http::problem::Problem};

/// One entry of the timeline.
pub struct Happened {
    pub at: String,
    pub clock: String,
    pub title: String,
    pub actor: String,
    pub detail: String,
    pub tone: &'static str,
}

/// An entry as it is shown; of what is withheld no particulars.
#[must_use]
pub fn happened(entry: TimelineEntry, withheld: bool, tongue: Tongue, now: OffsetDateTime) -> Happened {
    let text = |key: &str| entry.detail.get(key).and_then(Value::as_str).map(str::to_owned);
    let details = entry.detail.as_object().into_iter().flatten();
    let plain = details
        .filter(|(key, _)| !key.ends_with("_id") && !matches!(key.as_str(), "by" | "wamid" | "sha256"))
        .filter_map(|(key, value)| {
            Some(format!("{}: {}", tongue.t(&labels::label(key)), labels::plain(value)?))
        });
    let tone = match entry.event.as_str() {
        "filed" | "approved" | "corrected" => "good",
        "in_review" | "retry" | "asked_again" | "postponed" => "warn",
        "rejected" | "failed" => "bad",
        _ => "",
    };
    let actor = text("by").map(|by| tongue.f("by {}", by.strip_prefix("user:").unwrap_or(&by)));
    Happened {
        at: labels::full(entry.at),
        clock: labels::clock(entry.at, now),
        title: labels::label(&entry.event),
        actor: actor.unwrap_or_default(),
        detail: if withheld { String::new() } else { plain.take(8).collect::<Vec<_>>().join(" · ") },
        tone,
    }
}

/// What its sender wrote with it: its caption, and words beside it, each once. It may name an order or whose it is. Of
/// what is withheld only a caption that the reader has all the same.
#[must_use]
pub fn spoken(caption: Option<&str>, timeline: &[TimelineEntry], withheld: bool) -> Vec<String> {
    let beside = timeline.iter().filter(|entry| entry.event == "said_beside" && !withheld);
    let beside = beside.filter_map(|entry| entry.detail.get("text").and_then(Value::as_str));
    let mut all: Vec<String> = Vec::new();
    for words in caption.into_iter().chain(beside).map(str::trim).filter(|words| !words.is_empty()) {
        if !all.iter().any(|known| known == words) {
            all.push(words.to_owned());
        }
    }
    all
}

/// What is known of it beside what it says.
///
/// # Errors
/// When the catalog fails.
pub async fn facts(app: &App, document: &Document) -> Result<Vec<(&'static str, String)>, Problem> {
    let mut facts = vec![
        ("From", who(app, document).await?),
        ("Received", labels::full(document.received_at)),
        ("By way of", labels::label(document.source.as_str())),
    ];
    facts.extend(document.declared.caption.clone().map(|c| ("Caption", c)));
    facts.extend(document.language.clone().map(|l| ("Language", l)));
    facts.extend(document.confidence.map(|c| ("Kind is sure", format!("{:.0} %", c * 100.0))));
    facts.extend(document.duplicate_of.map(|first| ("Duplicate of", first.to_string())));
    facts.extend(document.last_error.clone().map(|e| ("Last error", e)));
    if !document.notes.is_empty() {
        facts.push(("Notes", document.notes.join("; ")));
    }
    facts.push(("Id", document.id.to_string()));
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_beside_a_photo_is_shown_once_and_not_of_what_is_withheld() {
        let entry = |event: &str, text: &str| TimelineEntry {
            at: OffsetDateTime::UNIX_EPOCH,
            stage: None,
            event: event.to_owned(),
            detail: json!({ "text": text }),
        };
        let timeline = [
            entry("said_beside", "Pedido 4711, para Café Uno"),
            entry("answered", "no"),
            entry("said_beside", "Pedido 4711, para Café Uno"),
        ];
        assert_eq!(
            spoken(Some(" El recibo "), &timeline, false),
            ["El recibo", "Pedido 4711, para Café Uno"]
        );
        assert!(spoken(None, &timeline, true).is_empty());
    }
}
