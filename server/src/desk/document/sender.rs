//! The sender beside the document: how long they may be answered, what they were asked for and what came back, and what
//! was last said. It is fetched by whoever opens it, once the page is painted; what is withheld in the conversation is
//! withheld here, by the same code.

use acuse_storage::{
    Document, DocumentId,
    cases::CaseFilter,
    names::{ContactId, WaitsFor},
    timeline::TimelineEntry,
};
use askama::Template;
use axum::{extract::State, response::Response};
use serde_json::Value;
use time::OffsetDateTime;

use super::super::{
    Frame, Shown,
    contacts::{Line, Open, thread, windows},
    labels, page,
    session::Person,
};
use crate::{access, contacts::place, extract::Id, problem::Problem, state::App};

/// Messages that are shown; all of them are one link away.
const LATEST: u32 = 20;
/// Open questions of one contact among which the document's is sought.
const QUESTIONS: u32 = 50;

#[derive(Template)]
#[template(path = "sender.html")]
struct Beside {
    frame: Frame,
    name: String,
    phone: String,
    whole: String,
    /// Where the document stands in the conversation.
    place: Option<String>,
    windows: Vec<Open>,
    asked: Option<Asked>,
    lines: Vec<Line>,
}

/// What they were asked for last, and what came back.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    what: &'static str,
    by: String,
    at: String,
    clock: String,
    /// Whether an answer is awaited.
    is_open: bool,
    /// When it goes on by itself.
    due: Option<String>,
    answers: Vec<Answer>,
}

/// One answer.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    at: String,
    clock: String,
    /// What they wrote or chose; empty where it was something else.
    words: String,
    /// What it was, where it is not said in their words.
    what: &'static str,
    /// Where the file is.
    file: Option<String>,
}

/// `GET /documents/{id}/sender`.
pub async fn show(State(app): State<App>, person: Person, Id(id): Id<DocumentId>) -> Shown {
    Shown(render(&app, &person, id).await)
}

async fn render(app: &App, person: &Person, id: DocumentId) -> Result<Response, Problem> {
    let document = access::look(app, &person.caller, id, "sender").await?;
    let contact = document.contact_id.ok_or(Problem::NotFound("conversation"))?;
    let number = document.phone_number_id.clone();
    let now = app.catalog.now();
    let (contact, lines, _) = thread(app, person, (contact, number.as_deref()), None, LATEST).await?;
    let open = windows(app, contact.id, now).await?.into_iter();
    let open = open.filter(|w| number.as_ref().is_none_or(|number| *number == w.number));
    let timeline = app.catalog.timeline_for(person.caller.access(), id).await?;
    let due = due(app, person, &document, contact.id).await?;
    Ok(page(&Beside {
        windows: open.collect(),
        asked: asked(&timeline, &document, document.is_file_withheld(), now)
            .map(|asked| Asked { due: due.map(labels::full), ..asked }),
        place: place(&document),
        whole: format!("/contacts/{}", contact.id),
        name: contact.name.unwrap_or_else(|| "—".to_owned()),
        phone: contact.phone.unwrap_or_default(),
        lines,
        frame: Frame { tongue: person.tongue, ..Frame::default() },
    }))
}

/// When the question goes on by itself, as long as it is open.
async fn due(
    app: &App,
    person: &Person,
    document: &Document,
    contact: ContactId,
) -> Result<Option<OffsetDateTime>, Problem> {
    if document.waits_for != Some(WaitsFor::Sender) {
        return Ok(None);
    }
    let filter = CaseFilter {
        state: Some("open".to_owned()),
        kind: Some("ask".to_owned()),
        contact: Some(contact),
        ..CaseFilter::default()
    };
    let subject = document.id.to_string();
    let cases = app.catalog.cases(person.caller.access(), &filter, QUESTIONS).await?;
    Ok(cases.into_iter().find(|case| case.subject == subject).and_then(|case| case.due_at))
}

/// The last question of a document's timeline, with its answers; of what is withheld without what was said.
fn asked(
    timeline: &[TimelineEntry],
    document: &Document,
    withheld: bool,
    now: OffsetDateTime,
) -> Option<Asked> {
    let last = timeline.iter().rposition(|entry| entry.event == "asked")?;
    let (question, after) = timeline.get(last..)?.split_first()?;
    let answers = after.iter().filter(|entry| entry.event == "answered");
    let text = |key: &str| question.detail.get(key).and_then(Value::as_str);
    let by = text("by").filter(|_| !withheld).unwrap_or_default();
    Some(Asked {
        what: wanted(text("expects").unwrap_or_default()),
        by: by.strip_prefix("user:").unwrap_or(by).to_owned(),
        at: labels::full(question.at),
        clock: labels::clock(question.at, now),
        is_open: document.waits_for == Some(WaitsFor::Sender),
        due: None,
        answers: answers.filter_map(|entry| answer(entry, withheld, now)).collect(),
    })
}

/// What of a timeline is an answer of the sender's: another person's, where two are asked, is none.
fn answer(entry: &TimelineEntry, withheld: bool, now: OffsetDateTime) -> Option<Answer> {
    let text = |key: &str| entry.detail.get(key).and_then(Value::as_str);
    let said = text("words").or_else(|| text("choice"));
    let what = match (said, text("document_id")) {
        (Some(_), _) if withheld => "It is or may be an ID: its words need the right to see IDs.",
        (Some(_), _) => "",
        (None, Some(_)) => "A file",
        (None, None) if entry.detail.get("password").is_some() => "A password",
        (None, None) if entry.detail.get("authorized").is_some() => "An authorization",
        (None, None) => return None,
    };
    Some(Answer {
        at: labels::full(entry.at),
        clock: labels::clock(entry.at, now),
        words: said.filter(|_| !withheld).unwrap_or_default().to_owned(),
        what,
        file: text("document_id").map(|id| format!("/documents/{id}")),
    })
}

/// What is expected, as a person says it.
fn wanted(expects: &str) -> &'static str {
    match expects {
        "side" => "The other side of the card",
        "page" => "The page that is missing",
        "password" => "The password of the file",
        "words" => "An answer in words",
        "choice" => "A choice",
        _ => "Another file",
    }
}
