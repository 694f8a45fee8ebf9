//! The inbox: cases that a person has, or is to have; take one, write, hand it back, close it. The thread itself is the
//! contact's page.

use acuse_storage::{
    CaseId,
    cases::{Act, CaseFilter, Listed},
    keys::Scope,
};
use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect},
};
use serde::Deserialize;
use time::OffsetDateTime;

use super::{Frame, Shown, language::Tongue, page, session::Person, words};
use crate::{
    app::App,
    http::{
        cases,
        extract::{Id, Params, word},
        problem::Problem,
    },
};

/// Cases of one page.
const PAGE: u32 = 50;

struct Row {
    id: String,
    contact: String,
    name: String,
    kind: String,
    state: String,
    documents: Vec<String>,
    holder: Option<String>,
    mine: bool,
    version: i64,
    at: String,
    ago: String,
    /// Until when free text arrives, and whether that is to come.
    window: Option<(String, bool)>,
    is_human: bool,
}

impl Row {
    fn of(case: Listed, who: &str, tongue: Tongue, now: OffsetDateTime) -> Self {
        Self {
            id: case.id.to_string(),
            contact: format!("/contacts/{}", case.contact_id),
            name: case.contact_name.unwrap_or_else(|| "—".to_owned()),
            kind: tongue.t(&words::label(&case.kind)).to_owned(),
            state: tongue.t(&words::label(&case.state)).to_owned(),
            documents: case.documents.iter().map(|id| format!("/documents/{id}")).collect(),
            mine: case.assignee.as_deref() == Some(who),
            holder: case.assignee,
            version: case.version,
            at: words::full(case.updated_at),
            ago: words::ago(case.updated_at, now),
            window: case.window_closes_at.map(|at| (words::full(at), at > now)),
            is_human: case.state == "human",
        }
    }
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    frame: Frame,
    rows: Vec<Row>,
    show: &'static str,
    next: Option<String>,
    may_write: bool,
}

/// Query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    show: String,
    after: Option<String>,
}

/// `GET /inbox`: what waits for a person, `show=mine`, `show=unassigned` or `show=open` for all that is not over.
pub async fn list(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(
        async {
            person.caller.require(Scope::MessagesRead)?;
            let who = person.caller.actor.clone();
            let (show, state, assignee) = match query.show.as_str() {
                "mine" => ("mine", None, Some(who.clone())),
                "unassigned" => ("unassigned", None, Some(String::new())),
                "open" => ("open", Some("open".to_owned()), None),
                _ => ("human", None, None),
            };
            let filter = CaseFilter {
                state,
                assignee,
                after: word::<CaseId>("after", query.after.as_deref())?,
                ..CaseFilter::default()
            };
            let found = app.catalog.cases(person.caller.access(), &filter, PAGE).await?;
            let full = found.len() >= PAGE as usize;
            let next = found.last().filter(|_| full).map(|c| format!("/inbox?show={show}&after={}", c.id));
            let frame = Frame::of(&app, &person, "inbox").await?;
            let (tongue, now) = (frame.tongue, app.catalog.now());
            Ok(page(&Inbox {
                rows: found.into_iter().map(|case| Row::of(case, &who, tongue, now)).collect(),
                may_write: person.caller.has(Scope::MessagesWrite),
                show,
                next,
                frame,
            }))
        }
        .await,
    )
}

/// What a form of the page carries.
#[derive(Deserialize)]
pub struct Did {
    csrf: String,
    act: String,
    version: i64,
    #[serde(default)]
    text: String,
}

/// `POST /inbox/{id}`: take, write, hand back, close.
pub async fn act(State(app): State<App>, person: Person, Id(id): Id<CaseId>, Form(form): Form<Did>) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            let act = match form.act.as_str() {
                "take" => Act::Assign { to: Some(person.caller.actor.clone()), team: None },
                "reply" => cases::text(&form.text)?,
                "return" => Act::Return,
                "close" => Act::Close,
                _ => return Err(Problem::BadRequest("act: take, reply, return or close".to_owned())),
            };
            cases::carry_out(&app, &person.caller, id, form.version, &act).await?;
            Ok(Redirect::to("/inbox").into_response())
        }
        .await,
    )
}
