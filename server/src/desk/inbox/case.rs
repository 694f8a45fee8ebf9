//! One case: what was said with its contact over its number, its documents, what we noted on it, and the box to answer in,
//! into which a saved answer can be put. The place of each message on the contact's page is one link away.

use acuse_conversation::language::Language;
use acuse_storage::{
    CaseId,
    cases::{Listed, Note},
    contacts::Contact,
    keys::Scope,
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use time::OffsetDateTime;

use super::{Row, Team, acts::Did, filter::Query, row_of};
use crate::{
    cases,
    desk::{
        Frame, Shown,
        contacts::{Line, PAGE, thread},
        labels, page,
        queue::{Row as DocumentRow, lines_of},
        session::Person,
    },
    extract::{Id, Params},
    problem::Problem,
    state::App,
};

/// A note as it is shown.
struct Noted {
    by: String,
    at: String,
    ago: String,
    /// None where it may tell of an ID that the reader may not see.
    text: Option<String>,
}

impl Noted {
    fn of(note: Note, now: OffsetDateTime) -> Self {
        Self { at: labels::full(note.at), ago: labels::ago(note.at, now), by: note.by, text: note.text }
    }
}

#[derive(Template)]
#[template(path = "case.html")]
struct Case {
    frame: Frame,
    r: Row,
    teams: Vec<Team>,
    may_write: bool,
    rows: Vec<DocumentRow>,
    lines: Vec<Line>,
    older: Option<String>,
    /// Where the latest are, if not here.
    latest: Option<String>,
    notes: Vec<Noted>,
}

/// Query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Page {
    after: Option<String>,
}

/// `GET /inbox/{id}`.
pub async fn show(
    State(app): State<App>,
    person: Person,
    Id(id): Id<CaseId>,
    Params(query): Params<Page>,
) -> Shown {
    Shown(render(&app, &person, id, query.after.as_deref(), String::new()).await)
}

/// The page of a case, with what is typed in the box.
async fn render(
    app: &App,
    person: &Person,
    id: CaseId,
    after: Option<&str>,
    draft: String,
) -> Result<Response, Problem> {
    let (case, notes) = cases::look(app, &person.caller, id).await?;
    let with = (case.contact_id, Some(case.phone_number_id.as_str()));
    let (contact, lines, older) = thread(app, person, with, after, PAGE).await?;
    let rows = documents_of(app, person, &case).await?;
    let house = app.catalog.house().await?;
    let now = app.catalog.now();
    let row = row_of(app, person, case).await?;
    let answers = if row.is_mine_to_write() { offered(&house, &contact) } else { Vec::new() };
    Ok(page(&Case {
        r: Row { draft, answers, back: "case".to_owned(), ..row },
        teams: house.teams().iter().map(|team| Team::of(&team.name, &Query::default())).collect(),
        may_write: person.caller.has(Scope::MessagesWrite),
        rows,
        lines,
        older: older.map(|after| format!("/inbox/{id}?after={after}")),
        latest: after.map(|_| format!("/inbox/{id}")),
        notes: notes.into_iter().map(|note| Noted::of(note, now)).collect(),
        frame: Frame::of(app, person, "inbox").await?,
    }))
}

/// What is often answered: which, and what it is called; those in the contact's language first.
fn offered(house: &acuse_conversation::House, contact: &Contact) -> Vec<(String, String)> {
    let theirs = Language::choose(contact.language.as_deref(), contact.phone.as_deref(), None);
    let offer = |answer: &acuse_conversation::Answer| {
        let language = answer.language.as_str();
        (format!("{language} {}", answer.key), format!("{} · {language}", answer.key))
    };
    house.answers(theirs).into_iter().map(offer).collect()
}

/// The documents of a case, as far as this person may see them.
async fn documents_of(app: &App, person: &Person, case: &Listed) -> Result<Vec<DocumentRow>, Problem> {
    let mut documents = Vec::with_capacity(case.documents.len());
    for id in &case.documents {
        documents.extend(app.catalog.document_for(person.caller.access(), *id).await?);
    }
    lines_of(app, person, documents).await
}

/// The page once more, with a saved answer in the box, behind what is typed there.
///
/// # Errors
/// 404 where there is no such answer or case.
pub(super) async fn filled(app: &App, person: &Person, id: CaseId, form: &Did) -> Result<Response, Problem> {
    let house = app.catalog.house().await?;
    let answer = form.answer.split_once(' ').and_then(|(language, key)| {
        let language = Language::of_tag(language)?;
        house.answer(key, language)
    });
    let answer = answer.ok_or(Problem::NotFound("answer"))?;
    let typed = form.text.trim_end();
    let draft = if typed.is_empty() { answer.text.clone() } else { format!("{typed}\n{}", answer.text) };
    render(app, person, id, None, draft).await
}

/// What the form of a note carries.
#[derive(Deserialize)]
pub struct NewNote {
    csrf: String,
    text: String,
}

/// `POST /inbox/{id}/notes`: words among ourselves.
pub async fn note(
    State(app): State<App>,
    person: Person,
    Id(id): Id<CaseId>,
    Form(form): Form<NewNote>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            cases::write_note(&app, &person.caller, id, &form.text).await?;
            Ok(Redirect::to(&format!("/inbox/{id}#notes")).into_response())
        }
        .await,
    )
}
