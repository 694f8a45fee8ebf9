//! What else an operator looks at: all documents, the ledger.

use acuse_pipeline::document::{Kind, Status};
use acuse_storage::{ContactId, CustomerId, ledger::Ledger, message_ledger::MessageLedger};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use url::form_urlencoded;

use super::{
    Frame, Shown, labels, page,
    queue::{PAGE, Row},
    session::Person,
};
use crate::{
    access,
    app::App,
    http::{
        documents::{self, Query},
        extract::{Params, time},
        problem::Problem,
    },
};

#[derive(Template)]
#[template(path = "documents.html")]
struct Documents {
    frame: Frame,
    q: String,
    status: String,
    kind: String,
    statuses: Vec<(&'static str, &'static str)>,
    kinds: Vec<(&'static str, &'static str)>,
    kept: Vec<Kept>,
    rows: Vec<Row>,
    next: Option<String>,
}

/// What the form asks for itself.
const ASKED: &[&str] = &["q", "status", "kind"];

/// A filter that the form does not ask for.
struct Kept {
    name: String,
    value: String,
    label: String,
    said: String,
    /// The list without it.
    without: String,
}

/// `GET /documents`.
pub async fn documents(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(render_documents(&app, &person, query).await)
}

async fn render_documents(app: &App, person: &Person, mut query: Query) -> Result<Response, Problem> {
    let text = |v: &Option<String>| v.clone().unwrap_or_default();
    let (q, status, kind) = (text(&query.q), text(&query.status), text(&query.kind));
    let narrowing = query.narrowing();
    query.limit = Some(PAGE);
    let (rows, next) = rows(app, person, query).await?;
    let next = next.map(|after| address(narrowing.iter().chain([&("after".to_owned(), after)])));
    let frame = Frame::of(app, person, "documents").await?;
    let kept = kept(app, person, &frame, &narrowing).await?;
    Ok(page(&Documents {
        statuses: Status::ALL.iter().map(|s| (s.as_str(), labels::status(*s))).collect(),
        kinds: Kind::ALL.iter().map(|k| (k.as_str(), labels::kind(Some(*k)))).collect(),
        q,
        status,
        kind,
        kept,
        rows,
        next,
        frame,
    }))
}

/// A list of documents that is narrowed so.
fn address<'a>(narrowing: impl IntoIterator<Item = &'a (String, String)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in narrowing {
        query.append_pair(name, value);
    }
    format!("/documents?{}", query.finish())
}

/// What the list is narrowed to and the form does not ask for: it is kept when somebody searches within it.
async fn kept(
    app: &App,
    person: &Person,
    frame: &Frame,
    narrowing: &[(String, String)],
) -> Result<Vec<Kept>, Problem> {
    let mut kept = Vec::new();
    for (name, value) in narrowing.iter().filter(|(name, _)| !ASKED.contains(&name.as_str())) {
        let of = name.strip_suffix("_id").unwrap_or(name);
        kept.push(Kept {
            label: frame.t(&labels::label(of)).to_owned(),
            said: named(app, person, name, value).await?.unwrap_or_else(|| value.clone()),
            without: address(narrowing.iter().filter(|(other, _)| other != name)),
            name: name.clone(),
            value: value.clone(),
        });
    }
    Ok(kept)
}

/// What somebody is called of whom only documents are listed, if they exist for the person.
async fn named(app: &App, person: &Person, name: &str, value: &str) -> Result<Option<String>, Problem> {
    let access = person.caller.access();
    if name == "customer_id"
        && let Ok(id) = value.parse::<CustomerId>()
        && app.catalog.reaches_customer(access, id).await?
    {
        return Ok(app.catalog.customer(id).await?.map(|customer| customer.name));
    }
    if name == "contact_id"
        && let Ok(id) = value.parse::<ContactId>()
        && app.catalog.reaches_contact(access, id).await?
    {
        return Ok(app.catalog.contact(id).await?.and_then(|contact| contact.name));
    }
    Ok(None)
}

/// One place of the ledger.
struct Part {
    label: &'static str,
    tone: &'static str,
    count: u64,
    href: String,
    /// On a scale of a thousand.
    x: u64,
    width: u64,
}

fn places(ledger: &Ledger) -> Vec<Part> {
    let counts = [
        ("filed", "filed", ledger.filed),
        ("in review", "in_review", ledger.in_review),
        ("rejected", "rejected", ledger.rejected),
        ("duplicate", "duplicate", ledger.duplicate),
        ("processing", "processing", ledger.processing),
    ];
    let all = ledger.received.max(1);
    let mut before = 0;
    counts
        .into_iter()
        .map(|(label, tone, count)| {
            let x = before * 1000 / all;
            before += count;
            let href = match tone {
                "in_review" => "/".to_owned(),
                "duplicate" => "/documents".to_owned(),
                status => format!("/documents?status={status}"),
            };
            Part { label, tone, count, href, x, width: before * 1000 / all - x }
        })
        .collect()
}

/// Documents as lines, and where the next page begins.
pub(super) async fn rows(
    app: &App,
    person: &Person,
    query: Query,
) -> Result<(Vec<Row>, Option<String>), Problem> {
    let found = documents::find(app, &person.caller, query).await?;
    let ids: Vec<_> = found.data.iter().map(|d| d.id).collect();
    let parties = app.catalog.parties_of(&ids).await?;
    let seen = access::list(app, &person.caller, found.data).await?;
    let now = app.catalog.now();
    let row = |d: &access::Sight| Row::of(d, parties.get(&d.id), (d.received_at, now), None);
    Ok((seen.iter().map(row).collect(), found.next.map(|after| after.to_string())))
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    frame: Frame,
    received: u64,
    balanced: bool,
    parts: Vec<Part>,
    /// Of all messages; none for whoever sees a part of the documents only.
    messages: Option<MessageLedger>,
    from: String,
    to: String,
}

/// Query of the ledger.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Span {
    from: String,
    to: String,
}

/// `GET /ledger`.
pub async fn ledger(State(app): State<App>, person: Person, Params(span): Params<Span>) -> Shown {
    Shown(
        async {
            let (from, to) = (time("from", Some(&span.from))?, time("to", Some(&span.to))?);
            let ledger = app.catalog.ledger_for(person.caller.access(), from, to).await?;
            let messages = if person.caller.access().is_bound() {
                None
            } else {
                Some(app.catalog.message_ledger(app.catalog.now()).await?)
            };
            Ok(page(&LedgerPage {
                frame: Frame::of(&app, &person, "ledger").await?,
                received: ledger.received,
                balanced: ledger.balanced,
                parts: places(&ledger),
                messages,
                from: span.from,
                to: span.to,
            }))
        }
        .await,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_filled_exactly() {
        let ledger = Ledger {
            received: 7,
            filed: 3,
            in_review: 1,
            rejected: 1,
            duplicate: 1,
            processing: 1,
            balanced: true,
        };
        let parts = places(&ledger);
        assert_eq!(parts.iter().map(|p| p.width).sum::<u64>(), 1000);
        assert!(parts.windows(2).all(|w| w[0].x + w[0].width == w[1].x));
    }
}
