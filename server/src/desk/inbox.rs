//! The inbox: cases that a person has, or is to have; take one, write, hand it back, close it. The thread itself is the
//! contact's page.

use acuse_storage::{
    CaseId, CustomerId, DocumentId,
    cases::{Act, CaseFilter, Listed},
    keys::Scope,
    names::ObligationId,
    obligations::{ObligationFilter, ObligationState},
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
        obligations,
        problem::Problem,
    },
};

/// Cases of one page.
const PAGE: u32 = 50;

/// A receipt that may pay what is owed.
struct Paying {
    obligation: String,
    document: String,
    number: String,
    amount: String,
    doubts: Vec<&'static str>,
}

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
    payments: Vec<Paying>,
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
            payments: Vec::new(),
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
            let mut rows = Vec::with_capacity(found.len());
            for case in found {
                let payments = paying(&app, &person, &case).await?;
                rows.push(Row { payments, ..Row::of(case, &who, tongue, now) });
            }
            Ok(page(&Inbox { rows, may_write: person.caller.has(Scope::MessagesWrite), show, next, frame }))
        }
        .await,
    )
}

/// Receipts that wait for a person to say whether they pay what this case's customer owes.
async fn paying(app: &App, person: &Person, case: &Listed) -> Result<Vec<Paying>, Problem> {
    let Some(customer) =
        (case.kind == "collection").then(|| case.subject.parse::<CustomerId>().ok()).flatten()
    else {
        return Ok(Vec::new());
    };
    let held = ObligationFilter {
        customer: Some(customer),
        state: Some(ObligationState::Held),
        ..ObligationFilter::default()
    };
    let owed = app.catalog.obligations(person.caller.access(), &held, PAGE).await?;
    let mut found = Vec::new();
    for one in owed {
        for payment in one.payments.iter().filter(|payment| payment.state == "proposed") {
            found.push(Paying {
                obligation: one.id.to_string(),
                document: payment.document_id.to_string(),
                number: one.number.clone(),
                amount: format!("{} {}", payment.amount, one.currency),
                doubts: payment.doubts.iter().map(|doubt| words::doubt(doubt)).collect(),
            });
        }
    }
    Ok(found)
}

/// What the form of a receipt carries.
#[derive(Deserialize)]
pub struct Receipt {
    csrf: String,
    document: DocumentId,
    pays: bool,
}

/// `POST /inbox/receipts/{id}`: whether a receipt pays an obligation.
pub async fn receipt(
    State(app): State<App>,
    person: Person,
    Id(id): Id<ObligationId>,
    Form(form): Form<Receipt>,
) -> Shown {
    Shown(
        async {
            person.check_form(&form.csrf)?;
            let settled = obligations::settle(&app, &person.caller, id, form.document, form.pays).await;
            settled.map(|_| Redirect::to("/inbox").into_response())
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
