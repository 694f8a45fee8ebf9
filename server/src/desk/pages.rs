//! All documents, narrowed as somebody asks.

use acuse_pipeline::document::{Kind, Status};
use acuse_storage::{ContactId, CustomerId};
use askama::Template;
use axum::{extract::State, response::Response};
use url::form_urlencoded;

use super::{
    Frame, Shown, labels, page,
    queue::{PAGE, Row, lines_of},
    session::Person,
};
use crate::{
    documents::{self, Query},
    extract::Params,
    problem::Problem,
    state::App,
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

/// Documents as lines, and where the next page begins.
pub(super) async fn rows(
    app: &App,
    person: &Person,
    query: Query,
) -> Result<(Vec<Row>, Option<String>), Problem> {
    let found = documents::find(app, &person.caller, query).await?;
    Ok((lines_of(app, person, found.data).await?, found.next.map(|after| after.to_string())))
}
