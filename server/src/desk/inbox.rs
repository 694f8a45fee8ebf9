//! The inbox: cases that a person has, or is to have; take one, write, hand it back, close it. What was said stands beside
//! the one that is opened (`case`).

mod acts;
mod case;
mod file;
mod filter;
mod receipts;

use acuse_storage::{
    accounts::Pickable,
    approvals::Approval,
    cases::{CaseCursor, Listed},
    keys::Scope,
};
use askama::Template;
use axum::extract::State;
use time::OffsetDateTime;
use url::form_urlencoded;

use super::{Frame, Shown, labels, language::Tongue, page, session::Person};
use crate::{extract::Params, problem::Problem, state::App};

use filter::Query;
use receipts::{Paying, paying};

pub use acts::act;
pub use case::{note, show};
pub use file::{FORM_BYTES, send as send_file};
pub use receipts::receipt;

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
    is_open: bool,
    team: Option<String>,
    /// By when its team answers, in words, and whether that is over.
    answer: Option<(String, String, bool)>,
    payments: Vec<Paying>,
    /// What whoever holds it says yes or no to, nobody else being left who could be asked.
    asks: Option<String>,
    /// The templates by which they may be written to.
    templates: Vec<Pickable>,
    /// Saved answers: which, and what it is called.
    answers: Vec<(String, String)>,
    /// What stands in the box to answer in.
    draft: String,
    /// Where its forms lead back: `case` is a page of its own, and else it is the list that somebody asked for.
    back: String,
}

impl Row {
    /// Whether whoever looks holds it, so that they may write.
    fn is_mine_to_write(&self) -> bool {
        self.is_human && self.mine
    }

    /// Whether what they write arrives, too.
    fn may_be_answered(&self) -> bool {
        self.is_mine_to_write() && self.window.as_ref().is_some_and(|(_, is_open)| *is_open)
    }

    fn of(case: Listed, who: &str, tongue: Tongue, now: OffsetDateTime) -> Self {
        Self {
            id: case.id.to_string(),
            contact: format!("/contacts/{}", case.contact_id),
            name: case.contact_name.unwrap_or_else(|| "—".to_owned()),
            kind: tongue.t(&labels::label(&case.kind)).to_owned(),
            state: tongue.t(&labels::case_state(&case.state)).to_owned(),
            documents: case.documents.iter().map(|id| format!("/documents/{id}")).collect(),
            mine: case.assignee.as_deref() == Some(who),
            holder: case.assignee,
            version: case.version,
            at: labels::full(case.updated_at),
            ago: labels::ago(case.updated_at, now),
            window: case.window_closes_at.map(|at| (labels::full(at), at > now)),
            is_human: case.state == "human",
            is_open: matches!(case.state.as_str(), "gathering" | "working" | "waiting" | "human"),
            team: case.team,
            answer: case.answer_by.map(|at| {
                let left = if at > now { labels::ago(now - (at - now), now) } else { labels::ago(at, now) };
                (labels::full(at), left, at <= now)
            }),
            payments: Vec::new(),
            asks: None,
            templates: Vec::new(),
            answers: Vec::new(),
            draft: String::new(),
            back: String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    frame: Frame,
    rows: Vec<Row>,
    show: &'static str,
    teams: Vec<Team>,
    next: Option<String>,
    may_write: bool,
}

/// `GET /inbox`: what waits for a person; `show=mine`, `unassigned`, `team` (with its name), `due` within the hour, `late`
/// for what was promised and is over, `open` for all that is not over, or `flow` for what a number of the flow counts.
pub async fn list(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(
        async {
            person.caller.require(Scope::MessagesRead)?;
            let who = person.caller.actor.clone();
            let now = app.catalog.now();
            let (show, filter) = query.filter(&who, now)?;
            let found = app.catalog.cases(person.caller.access(), &filter, PAGE).await?;
            let full = found.len() >= PAGE as usize;
            let next = found
                .last()
                .filter(|_| full)
                .map(|case| format!("/inbox?{}&after={}", query.list(show), CaseCursor::of(case)));
            let frame = Frame::of(&app, &person, "inbox").await?;
            let mut rows = Vec::with_capacity(found.len());
            for case in found {
                rows.push(Row { back: query.here(show), ..row_of(&app, &person, case).await? });
            }
            let teams =
                app.catalog.house().await?.teams().iter().map(|team| Team::of(&team.name, &query)).collect();
            let may_write = person.caller.has(Scope::MessagesWrite);
            Ok(page(&Inbox { rows, may_write, show, teams, next, frame }))
        }
        .await,
    )
}

/// A case with all that this person can do with it.
async fn row_of(app: &App, person: &Person, case: Listed) -> Result<Row, Problem> {
    let payments = paying(app, person, &case).await?;
    let asks = asked(app, person, &case).await?;
    let number = case.phone_number_id.clone();
    let row = Row::of(case, &person.caller.actor, person.tongue, app.catalog.now());
    let templates =
        if row.is_mine_to_write() { app.catalog.templates_of_number(&number).await? } else { Vec::new() };
    Ok(Row { payments, asks, templates, ..row })
}

/// What of no document is to be approved, where that is for whoever holds its case to say.
async fn asked(app: &App, person: &Person, case: &Listed) -> Result<Option<String>, Problem> {
    let is_theirs = case.assignee.as_deref() == Some(person.caller.actor.as_str());
    if !is_theirs || !person.caller.has(Scope::ReviewsWrite) {
        return Ok(None);
    }
    let Some(id) = case.approval() else { return Ok(None) };
    let approval = app.catalog.approval(person.caller.access(), id).await?;
    Ok(approval.filter(Approval::is_a_persons).map(|approval| approval.question))
}

/// A team, as one looks for its cases.
struct Team {
    name: String,
    href: String,
    is_shown: bool,
}

impl Team {
    fn of(name: &str, query: &Query) -> Self {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("show", "team").append_pair("team", name);
        Self {
            name: name.to_owned(),
            href: format!("/inbox?{}", pairs.finish()),
            is_shown: query.show == "team" && query.team == name,
        }
    }
}
