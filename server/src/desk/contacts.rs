//! Who writes to us, and the conversation with each: messages both ways in order, what became of what they brought,
//! and whether they may be answered.

use acuse_storage::{
    ContactId,
    contacts::Contact as Known,
    conversation::{Listed, Said, Way},
};
use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use time::OffsetDateTime;
use url::form_urlencoded;

use super::{Frame, Shown, labels, language::Tongue, page, session::Person};
use crate::{
    contacts::{self, WindowView},
    extract::{Id, Params, word},
    problem::Problem,
    state::App,
};

/// Lines of one page.
pub(super) const PAGE: u32 = 50;
/// Lines that follow the one that was asked for.
const CONTEXT: u32 = 15;

struct Row {
    href: String,
    name: String,
    phone: String,
    at: String,
    ago: String,
}

impl Row {
    fn of(contact: Listed, now: OffsetDateTime) -> Self {
        let last = contact.last_message_at.unwrap_or(contact.created_at);
        Self {
            href: format!("/contacts/{}", contact.id),
            name: contact.name.unwrap_or_else(|| "—".to_owned()),
            phone: contact.phone.unwrap_or_default(),
            at: labels::full(last),
            ago: labels::ago(last, now),
        }
    }
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct Contacts {
    frame: Frame,
    q: String,
    rows: Vec<Row>,
    next: Option<String>,
}

/// Query of both pages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    q: String,
    after: Option<String>,
    /// A place in the conversation that is to be on the page, as `contacts::place` writes it.
    around: Option<String>,
}

/// `GET /contacts`.
pub async fn list(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(
        async {
            let after = word::<ContactId>("after", query.after.as_deref())?;
            let now = app.catalog.now();
            let found = contacts::find(&app, &person.caller, Some(&query.q), after, PAGE).await?;
            let next = found.next.map(|after| {
                let pairs = [("q", query.q.as_str()), ("after", after.as_str())];
                let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                format!("/contacts?{text}")
            });
            Ok(page(&Contacts {
                frame: Frame::of(&app, &person, "contacts").await?,
                rows: found.data.into_iter().map(|c| Row::of(c, now)).collect(),
                q: query.q,
                next,
            }))
        }
        .await,
    )
}

/// What was said, as a line of the conversation.
pub(super) struct Line {
    pub(super) anchor: String,
    /// Its place on the contact's page.
    pub(super) place: String,
    pub(super) ours: bool,
    pub(super) at: String,
    /// In UTC; the page's script puts the reader's own time there.
    pub(super) clock: String,
    pub(super) what: String,
    pub(super) text: Option<String>,
    pub(super) withheld: bool,
    /// Address, title and status of its document.
    pub(super) document: Option<(String, &'static str, &'static str, &'static str)>,
    /// Address and name of the file that it brings, and where a small picture of it is.
    pub(super) file: Option<(String, String, Option<String>)>,
    /// How far it got, in a word and a sign.
    pub(super) state: Option<(String, &'static str)>,
    pub(super) error: Option<String>,
}

/// The sign that people know from their own telephones.
fn ticks(state: &str) -> &'static str {
    match state {
        "sent" => "✓",
        "delivered" | "read" => "✓✓",
        "failed" | "window_closed" => "✗",
        "withdrawn" => "—",
        _ => "…",
    }
}

impl Line {
    fn of(said: Said, contact: ContactId, tongue: Tongue, now: OffsetDateTime) -> Self {
        let withheld = said.document.is_some_and(|d| d.withheld);
        let document = said.document.map(|d| {
            let (kind, status) = (labels::kind(d.kind), labels::status(d.status));
            (format!("/documents/{}", d.id), kind, d.status.as_str(), status)
        });
        let file = said.file.map(|file| {
            let href = match file.document_id {
                Some(document) => format!("/documents/{document}"),
                None => format!("/files/{}", file.id),
            };
            let small = file.document_id.map(|document| format!("/pictures/{document}?variant=thumbnail"));
            (href, file.filename.unwrap_or(file.media_type), small)
        });
        Self {
            anchor: format!("m-{}", said.id),
            place: contacts::place_of(contact, said.at, said.id),
            ours: said.way != Way::In,
            at: labels::full(said.at),
            clock: labels::clock(said.at, now),
            what: tongue.t(&labels::label(&said.r#type)).to_owned(),
            text: said.text,
            withheld,
            document,
            file,
            state: said.state.map(|s| (tongue.t(&labels::label(&s)).to_owned(), ticks(&s))),
            error: said.error,
        }
    }
}

/// A page of what was said with a contact, over one of our numbers where it is named; the latest at the bottom, as on a
/// telephone. Beside it the cursor of what is older.
pub(super) async fn thread(
    app: &App,
    person: &Person,
    with: (ContactId, Option<&str>),
    after: Option<&str>,
    most: u32,
) -> Result<(Known, Vec<Line>, Option<String>), Problem> {
    let now = app.catalog.now();
    let (contact, found) = contacts::conversation(app, &person.caller, with, after, most).await?;
    let line = |said| Line::of(said, contact.id, person.tongue, now);
    let lines = found.data.into_iter().rev().map(line).collect();
    Ok((contact, lines, found.next))
}

/// Until when somebody may be answered freely over one of our numbers.
pub(super) struct Open {
    pub(super) number: String,
    pub(super) until: String,
    /// How long that is to come; none: it is over.
    pub(super) left: Option<String>,
}

/// The windows that a contact has with our numbers.
pub(super) async fn windows(
    app: &App,
    contact: ContactId,
    now: OffsetDateTime,
) -> Result<Vec<Open>, Problem> {
    let open = |window| {
        let view = WindowView::of(window, now);
        let (number, until, is_open) = view.parts();
        let left = is_open.then(|| labels::ago(now, until));
        Open { number: number.to_owned(), until: labels::full(until), left }
    };
    Ok(app.catalog.windows_of(contact).await?.into_iter().map(open).collect())
}

#[derive(Template)]
#[template(path = "contact.html")]
struct Contact {
    frame: Frame,
    name: String,
    phone: String,
    unreachable: Option<String>,
    windows: Vec<Open>,
    /// What for, how it stands, how we know, since when.
    consents: Vec<(String, String, String, String)>,
    lines: Vec<Line>,
    older: Option<String>,
    /// Where the latest are, if not here.
    latest: Option<String>,
}

/// `GET /contacts/{id}`.
pub async fn show(
    State(app): State<App>,
    person: Person,
    Id(id): Id<ContactId>,
    Params(query): Params<Query>,
) -> Shown {
    Shown(render(&app, &person, id, &query).await)
}

async fn render(app: &App, person: &Person, id: ContactId, query: &Query) -> Result<Response, Problem> {
    let now = app.catalog.now();
    let after = match &query.around {
        Some(place) => contacts::later_than(app, &person.caller, id, place, CONTEXT).await?,
        None => query.after.clone(),
    };
    let (contact, lines, older) = thread(app, person, (id, None), after.as_deref(), PAGE).await?;
    let windows = windows(app, contact.id, now).await?;
    let consents = app.catalog.consents_of(contact.id).await?;
    let frame = Frame::of(app, person, "contacts").await?;
    let consent = |c: acuse_storage::conversation::Consent| {
        let (what, how) = (labels::label(&c.category), labels::label(&c.state));
        (frame.t(&what).to_owned(), frame.t(&how).to_owned(), c.source, labels::full(c.at))
    };
    Ok(page(&Contact {
        name: contact.name.unwrap_or_else(|| "—".to_owned()),
        phone: contact.phone.unwrap_or_default(),
        unreachable: contact.unreachable_at.map(labels::full),
        windows,
        consents: consents.into_iter().map(consent).collect(),
        lines,
        latest: after.map(|_| format!("/contacts/{}", contact.id)),
        older: older.map(|after| format!("/contacts/{}?after={after}", contact.id)),
        frame,
    }))
}
