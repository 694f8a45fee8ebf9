//! `/v1/approvals`: decisions that somebody is asked for in the chat.

use acuse_storage::{
    ContactId, DocumentId,
    approvals::{Approval, ApprovalState, Approving, Mode, NewApproval},
    keys::Scope,
    names::ApprovalId,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use time::OffsetDateTime;

use super::auth::Caller;
use crate::{
    access,
    extract::{Body, Id, Params, cursor, limit, word},
    listing::Listing,
    problem::{NOT_LED, Problem},
    state::App,
};

/// Longest question, characters; what is read off the document stands beside it.
const QUESTION_CHARS: usize = 500;
/// Most approvers of one.
const APPROVERS: usize = 10;
/// Why it is asked on, or was before.
const NOT_CANCELLED: &str = "it is decided already, or a rule wants it of an approver who can still answer";

/// Body of an approval.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    document_id: Option<DocumentId>,
    question: Option<String>,
    approvers: Vec<ContactId>,
    mode: Option<Mode>,
    phone_number_id: String,
    #[serde(default, with = "time::serde::rfc3339::option")]
    due_at: Option<OffsetDateTime>,
}

/// `POST /v1/approvals`.
///
/// # Errors
/// 400 for what cannot be asked, 404 where document or contact do not exist, 409 where they may not be asked.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Approval>), Problem> {
    caller.require(Scope::ReviewsWrite)?;
    caller.require(Scope::MessagesWrite)?;
    let bad = |text: String| Err(Problem::Unprocessable(text));
    let question = new.question.as_deref().unwrap_or_default().trim().to_owned();
    if question.chars().count() > QUESTION_CHARS {
        return bad(format!("question: at most {QUESTION_CHARS} characters"));
    }
    if question.is_empty() && new.document_id.is_none() {
        return bad("question: say what is to be approved, or name a document".to_owned());
    }
    let distinct: std::collections::BTreeSet<ContactId> = new.approvers.iter().copied().collect();
    if distinct.is_empty() || distinct.len() != new.approvers.len() || distinct.len() > APPROVERS {
        return bad(format!("approvers: 1 to {APPROVERS}, each another"));
    }
    let asked = NewApproval {
        document: new.document_id,
        question,
        approvers: new.approvers,
        mode: new.mode.unwrap_or(Mode::Order),
        phone_number_id: new.phone_number_id,
        due_at: new.due_at,
    };
    match asked.document {
        Some(document) => drop(access::open(&app, &caller, document).await?),
        // It would not be there for whoever asks, and would say anything to anybody.
        None if caller.access().is_bound() => return Err(Problem::Bound),
        None => {}
    }
    match app.catalog.ask_for_approval(caller.access(), &asked, &caller.actor).await? {
        Approving::Asked(approval) => Ok((StatusCode::CREATED, Json(*approval))),
        Approving::NotLed => Err(Problem::Conflict(NOT_LED.to_owned())),
        Approving::NoDocument => Err(Problem::NotFound("document")),
        Approving::NotInReview => {
            Err(Problem::Conflict("only of a document in review it is asked".to_owned()))
        }
        Approving::NoContact(_) => Err(Problem::NotFound("contact")),
        Approving::NoConsent(contact) => Err(Problem::Conflict(format!(
            "approver {contact} never agreed (utility) to be written to from this number"
        ))),
        Approving::NoNumber => bad("phone_number_id is none of our numbers".to_owned()),
    }
}

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    state: Option<String>,
    document_id: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/approvals`.
///
/// # Errors
/// Without the scope `messages:read`, and for a word that is none.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<Approval>>, Problem> {
    caller.require(Scope::MessagesRead)?;
    let state = word::<ApprovalState>("state", query.state.as_deref())?;
    let document = word::<DocumentId>("document_id", query.document_id.as_deref())?;
    let after = cursor::<ApprovalId>(query.after.as_deref())?;
    let most = limit(query.limit)?;
    let data = app.catalog.approvals(caller.access(), (state, document), after, most).await?;
    shown(&app, &caller, &data).await?;
    Ok(Json(Listing::of(data, most, |one| one.id)))
}

/// `GET /v1/approvals/{id}`.
///
/// # Errors
/// 404 where there is none for this caller.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
) -> Result<Json<Approval>, Problem> {
    caller.require(Scope::MessagesRead)?;
    told(&app, &caller, id).await.map(Json)
}

/// An approval as this caller may see it; that they are shown it is written down first.
async fn told(app: &App, caller: &Caller, id: ApprovalId) -> Result<Approval, Problem> {
    let one = app.catalog.approval(caller.access(), id).await?.ok_or(Problem::NotFound("approval"))?;
    shown(app, caller, std::slice::from_ref(&one)).await?;
    Ok(one)
}

/// What is asked may quote the document that it is about.
async fn shown(app: &App, caller: &Caller, approvals: &[Approval]) -> Result<(), Problem> {
    let asking = approvals.iter().filter(|one| !one.question.is_empty());
    let about: Vec<DocumentId> = asking.filter_map(|one| one.document_id).collect();
    access::quoting(app, caller, "approval", &about).await
}

/// `POST /v1/approvals/{id}/cancel`: nobody is asked any more.
///
/// # Errors
/// 404 where there is none for this caller, 409 where it is decided, or a rule wants it of an approver who can still answer.
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
) -> Result<Json<Approval>, Problem> {
    caller.require(Scope::ReviewsWrite)?;
    caller.require(Scope::MessagesWrite)?;
    if let Some(known) = app.catalog.approval(caller.access(), id).await?
        && let Some(document) = known.document_id
    {
        access::open(&app, &caller, document).await?;
    }
    match app.catalog.cancel_approval(caller.access(), id, &caller.actor).await? {
        None => Err(Problem::NotFound("approval")),
        Some(false) => Err(Problem::Conflict(NOT_CANCELLED.to_owned())),
        Some(true) => told(&app, &caller, id).await.map(Json),
    }
}
