//! What happened to a document, and what else is known of it.

use acuse_pipeline::{fields::FieldName, linking::said};
use acuse_storage::{Document, timeline::TimelineEntry};
use serde_json::Value;
use time::OffsetDateTime;

use super::super::{
    labels,
    language::Tongue,
    queue::{status_label, who},
};
use crate::{access::Sight, problem::Problem, state::App};

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

/// Words of a sender, and those of them that stand on the paper too, each with where.
pub struct Spoken {
    pub words: String,
    pub stands: Vec<(String, String)>,
}

/// Those words which name something, held against the paper: it says so too, or says otherwise.
///
/// # Errors
/// When the catalog fails.
pub async fn held_against(
    app: &App,
    document: &Document,
    all: Vec<String>,
    is_shown: bool,
) -> Result<Vec<Spoken>, Problem> {
    // What is withheld is not found out by what somebody wrote beside it.
    let names: Vec<Vec<String>> =
        all.iter().map(|words| if is_shown { said::names(words) } else { Vec::new() }).collect();
    let text =
        if names.iter().all(Vec::is_empty) { None } else { app.catalog.document_text(document.id).await? };
    let text = text.unwrap_or_default();
    let stands = |word: String| {
        let place = said::stands(&word, &document.fields, &text)?;
        let place = place.map_or_else(|| "On the paper".to_owned(), |name| labels::label(name.as_str()));
        Some((word, place))
    };
    let shown = all.into_iter().zip(names);
    Ok(shown
        .map(|(words, names)| Spoken { words, stands: names.into_iter().filter_map(&stands).collect() })
        .collect())
}

/// Events that say where a document comes to rest, with who brought it there.
pub(in crate::desk) const DECIDED: &[&str] =
    &["filed", "approved", "corrected", "amended", "rejected", "asked_again", "duplicate"];

/// Events after which what was decided before stands no more.
const OPENED: &[&str] = &["reopened", "undone"];

/// What became of it last, and by whom; by itself where nobody is named. Nothing of a decision that was taken back.
fn decided(timeline: &[TimelineEntry], tongue: Tongue) -> Option<String> {
    let says = |entry: &&TimelineEntry, of: &[&str]| of.contains(&entry.event.as_str());
    let last = timeline.iter().rfind(|entry| says(entry, DECIDED) || says(entry, OPENED))?;
    if says(&last, OPENED) {
        return None;
    }
    let what = tongue.t(&labels::label(&last.event)).to_owned();
    let by = last.detail.get("by").and_then(Value::as_str);
    let by = match by {
        Some(by) => tongue.f("by {}", by.strip_prefix("user:").unwrap_or(by)),
        None => tongue.t("by itself").to_owned(),
    };
    Some(format!("{what} {by}"))
}

/// What is known of it beside what it says: whose it is, of when, how much, where it is, who decided, and the rest.
///
/// # Errors
/// When the catalog fails.
pub async fn facts(
    app: &App,
    document: &Sight,
    timeline: &[TimelineEntry],
    tongue: Tongue,
) -> Result<Vec<(&'static str, String)>, Problem> {
    let value = |name: &FieldName| document.fields.get(name).map(|field| field.value.to_string());
    let dated = [FieldName::IssueDate, FieldName::Date].iter().find_map(value);
    let amount = value(&FieldName::Total).map(|total| {
        format!("{total} {}", value(&FieldName::Currency).unwrap_or_default()).trim().to_owned()
    });
    let mut facts = vec![("Whose", who(app, document).await?)];
    facts.extend(dated.map(|date| ("Document date", date)));
    facts.extend(amount.map(|amount| ("Amount", amount)));
    facts.push(("Where it is", tongue.t(status_label(document)).to_owned()));
    facts.extend(decided(timeline, tongue).map(|decided| ("Decided", decided)));
    facts.extend([
        ("Received", labels::full(document.received_at)),
        ("By way of", tongue.t(&labels::label(document.source.as_str())).to_owned()),
    ]);
    facts.extend(document.declared.caption.clone().map(|c| ("Caption", c)));
    facts.extend(document.language.clone().map(|l| ("Language", l)));
    facts.extend(document.confidence.map(|c| ("Kind is sure", format!("{:.0} %", c * 100.0))));
    facts.extend(document.first().map(|first| ("Duplicate of", first.to_string())));
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
    fn who_brought_it_to_rest_is_said() {
        let entry = |event: &str, detail: Value| TimelineEntry {
            at: OffsetDateTime::UNIX_EPOCH,
            stage: None,
            event: event.to_owned(),
            detail,
        };
        let mut timeline = vec![entry("read", json!({})), entry("filed", json!({ "customer_id": "c" }))];
        assert_eq!(decided(&timeline, Tongue::En).as_deref(), Some("Filed by itself"));
        timeline.extend([entry("corrected", json!({ "by": "user:ana" })), entry("told", json!({}))]);
        assert_eq!(decided(&timeline, Tongue::En).as_deref(), Some("Corrected by ana"));
        assert_eq!(decided(&timeline, Tongue::Es).as_deref(), Some("Corregido por ana"));
        assert_eq!(decided(&timeline[..1], Tongue::En), None);
        for opened in ["reopened", "undone"] {
            timeline.push(entry(opened, json!({ "by": "user:eva" })));
            assert_eq!(decided(&timeline, Tongue::En), None, "{opened}: nobody decided it as it is now");
        }
        timeline.push(entry("filed", json!({})));
        assert_eq!(decided(&timeline, Tongue::En).as_deref(), Some("Filed by itself"));
        timeline.extend([entry("reopened", json!({})), entry("duplicate", json!({ "by": "user:eva" }))]);
        assert_eq!(decided(&timeline, Tongue::En).as_deref(), Some("Duplicate by eva"));
    }

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
