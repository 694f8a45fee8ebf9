//! What an alert says: one incident, many at once (a digest), or a test.

use acuse_pipeline::document::Sha256;
use acuse_storage::incidents::{
    Incident, Severity, kinds,
    news::{News, What},
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Incidents that a digest names; it counts the others.
const NAMED: usize = 20;
/// Longest particular, characters.
const PARTICULAR: usize = 200;

/// A message to a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The same at each try.
    pub id: String,
    /// A line.
    pub subject: String,
    /// The whole, in plain words.
    pub text: String,
    /// The whole, for programs.
    pub json: Value,
}

fn when(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default()
}

/// What happened, in a word that a person reads.
fn happened(what: What) -> &'static str {
    match what {
        What::Opened => "New",
        What::Reminder => "Still open",
        What::Acknowledged => "Acknowledged",
        What::Resolved => "Resolved",
        What::Test => "Test",
    }
}

/// The incident's cause in a few words, where it has some.
fn particular(incident: &Incident) -> Option<String> {
    let known = ["reason", "why", "error", "what"];
    let text = known.iter().find_map(|member| incident.detail.get(member)?.as_str())?;
    Some(text.chars().filter(|c| !c.is_control()).take(PARTICULAR).collect())
}

fn headline(what: What, incident: &Incident) -> String {
    let title = kinds::kind(&incident.kind).title;
    let subject: String = incident.subject.chars().filter(|c| !c.is_control()).take(80).collect();
    let about = if subject.is_empty() { String::new() } else { format!(": {subject}") };
    format!("[{}] {}: {title}{about}", incident.severity, happened(what))
}

fn paragraph(what: What, incident: &Incident) -> String {
    let mut lines = vec![headline(what, incident)];
    lines.extend(particular(incident));
    lines.push(format!(
        "Since {}, seen {} times, last {}.",
        when(incident.opened_at),
        incident.count,
        when(incident.last_seen_at)
    ));
    match what {
        What::Resolved => lines.extend(incident.resolved_at.map(|at| format!("Over since {}.", when(at)))),
        What::Acknowledged => {
            lines.extend(incident.acked_by.as_ref().map(|who| format!("{who} knows of it.")));
        }
        _ => lines.push(format!("What ends it: {}", kinds::kind(&incident.kind).ended_by)),
    }
    lines.join("\n")
}

fn as_json(what: What, incident: &Incident) -> Value {
    let known = kinds::kind(&incident.kind);
    json!({
        "happened": what, "id": incident.id, "kind": incident.kind, "subject": incident.subject,
        "severity": incident.severity, "state": incident.state, "title": known.title, "ended_by": known.ended_by,
        "ends_itself": known.ends_itself, "count": incident.count, "opened_at": when(incident.opened_at),
        "last_seen_at": when(incident.last_seen_at), "acked_by": incident.acked_by,
        "resolved_at": incident.resolved_at.map(when),
    })
}

fn envelope(kind: &str, now: OffsetDateTime, data: &Value) -> Value {
    json!({ "type": kind, "timestamp": when(now), "data": data })
}

/// One piece of news.
#[must_use]
pub fn one(news: &News, now: OffsetDateTime) -> Message {
    let kind = format!("incident.{}", news.what);
    Message {
        id: format!("inc_{}", news.id.0.simple()),
        subject: headline(news.what, &news.incident),
        text: format!("{}\n\nThe desk's page Incidents has it.\n", paragraph(news.what, &news.incident)),
        json: envelope(&kind, now, &as_json(news.what, &news.incident)),
    }
}

/// Many at once. Its id is made of what it tells, so that a second try of the same is known as such.
#[must_use]
pub fn digest(news: &[News], now: OffsetDateTime) -> Message {
    let ids: Vec<u8> = news.iter().flat_map(|n| *n.id.0.as_bytes()).collect();
    let id: String = Sha256::of(&ids).to_string().chars().take(32).collect();
    let grave = news.iter().map(|n| n.incident.severity).max().unwrap_or(Severity::Info);
    let count = |what| news.iter().filter(|n| n.what == what).count();
    let sums: Vec<String> = What::ALL
        .iter()
        .map(|what| (count(*what), happened(*what).to_lowercase()))
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    let subject = format!("[{grave}] {} incidents: {}", news.len(), sums.join(", "));
    // The gravest are the ones that are named.
    let mut named: Vec<&News> = news.iter().collect();
    named.sort_by_key(|n| std::cmp::Reverse(n.incident.severity));
    named.truncate(NAMED);
    let more = news.len() - named.len();
    let mut text = format!("{subject}\n\n");
    for n in &named {
        text.push_str(&headline(n.what, &n.incident));
        text.push('\n');
    }
    if more > 0 {
        text.push_str(&format!("… and {more} more.\n"));
    }
    text.push_str("\nThe desk's page Incidents has them all.\n");
    let data = json!({
        "count": news.len(), "more": more,
        "incidents": named.iter().map(|n| as_json(n.what, &n.incident)).collect::<Vec<_>>(),
    });
    Message { id: format!("dig_{id}"), subject, text, json: envelope("incident.digest", now, &data) }
}

/// Somebody tries the route.
#[must_use]
pub fn test(route: &str, who: &str, id: &str, now: OffsetDateTime) -> Message {
    let text = format!("{who} tries the route {route:?}. Nothing is wrong.\n");
    let data = json!({ "route": route, "by": who });
    Message {
        id: id.to_owned(),
        subject: format!("[test] Acuse can be heard: {route}"),
        text,
        json: envelope("incident.test", now, &data),
    }
}
