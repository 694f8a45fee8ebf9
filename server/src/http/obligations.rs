//! `/v1/obligations`: what is owed to us, and what a person says of it.

use acuse_storage::{
    ContactId, CustomerId, DocumentId,
    keys::Scope,
    names::ObligationId,
    obligations::{NewObligation, Obligation, ObligationFilter, ObligationState, Owing, Verdict},
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::auth::Caller;
use crate::{
    checked,
    extract::{Body, Id, Params, cursor, limit, word},
    listing::Listing,
    obligations::{after, pays, settle},
    problem::{NOT_LED, Problem},
    state::App,
};

/// Longest reason, characters.
const WHY_CHARS: usize = 500;

/// Body of an obligation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    customer_id: CustomerId,
    number: String,
    amount: String,
    currency: String,
    due: String,
    contact_id: Option<ContactId>,
    phone_number_id: Option<String>,
    document_id: Option<DocumentId>,
}

/// `POST /v1/obligations`: 201 for a new one, 200 for one that was handed in before.
///
/// # Errors
/// 400 for what is none, 404 where the customer does not exist for the caller, 409 where another of that number does.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(new): Body<New>,
) -> Result<Response, Problem> {
    caller.require(Scope::MessagesWrite)?;
    let typed = (new.number.as_str(), new.amount.as_str(), new.currency.as_str(), new.due.as_str());
    let owed = NewObligation {
        contact: new.contact_id,
        phone_number_id: new.phone_number_id,
        document: new.document_id,
        ..checked::obligation(new.customer_id, typed)?
    };
    match app.catalog.add_obligation(caller.access(), &owed, &caller.actor).await? {
        Owing::Added(added) => Ok((StatusCode::CREATED, Json(*added)).into_response()),
        Owing::Before(before) => Ok(Json(*before).into_response()),
        Owing::Differs => {
            Err(Problem::Conflict("this customer has another obligation of that number".to_owned()))
        }
        Owing::NotLed => Err(Problem::Conflict(NOT_LED.to_owned())),
        Owing::NoCustomer => Err(Problem::NotFound("customer")),
        Owing::NoContact => Err(Problem::NotFound("contact")),
        Owing::NotReceivable => Err(Problem::Conflict(
            "the document is no filed invoice of ours that this customer owes (direction receivable)"
                .to_owned(),
        )),
    }
}

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    customer_id: Option<String>,
    state: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/obligations`.
///
/// # Errors
/// Without the scope `messages:read`, and for a word that is none.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<Obligation>>, Problem> {
    caller.require(Scope::MessagesRead)?;
    let filter = ObligationFilter {
        customer: word::<CustomerId>("customer_id", query.customer_id.as_deref())?,
        state: word::<ObligationState>("state", query.state.as_deref())?,
        after: cursor::<ObligationId>(query.after.as_deref())?,
        ..ObligationFilter::default()
    };
    let most = limit(query.limit)?;
    let data = app.catalog.obligations(caller.access(), &filter, most).await?;
    Ok(Json(Listing::of(data, most, |one| one.id)))
}

/// `GET /v1/obligations/{id}`.
///
/// # Errors
/// 404 where there is none for this caller.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ObligationId>,
) -> Result<Json<Obligation>, Problem> {
    caller.require(Scope::MessagesRead)?;
    app.catalog.obligation(caller.access(), id).await?.map(Json).ok_or(Problem::NotFound("obligation"))
}

/// Which receipt.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    document_id: DocumentId,
}

/// Which receipt, and how much of the obligation it pays where it does not say so itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    document_id: DocumentId,
    amount: Option<String>,
}

/// `POST /v1/obligations/{id}/confirm`: the receipt pays what it was proposed for; so much of this obligation, where it is in
/// another currency or says no amount.
///
/// # Errors
/// 403 where the receipt is withheld from them, 404 where nothing is proposed there for this caller, 409 where it is settled, 422 without the amount where it is needed,
/// or with one where it is not.
pub async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ObligationId>,
    Body(receipt): Body<Confirmed>,
) -> Result<Json<Obligation>, Problem> {
    let verdict = pays(receipt.amount.as_deref())?;
    settle(&app, &caller, (id, receipt.document_id), verdict).await.map(Json)
}

/// `POST /v1/obligations/{id}/refuse`: it does not; it is owed as before.
///
/// # Errors
/// As [`confirm`].
pub async fn refuse(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ObligationId>,
    Body(receipt): Body<Receipt>,
) -> Result<Json<Obligation>, Problem> {
    settle(&app, &caller, (id, receipt.document_id), Verdict::Refused).await.map(Json)
}

/// Body of a promise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    until: Option<String>,
}

/// `POST /v1/obligations/{id}/promise`: until when they promised to pay; nobody is reminded before.
///
/// # Errors
/// 404 where there is none for this caller, 409 where it is settled.
pub async fn promise(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ObligationId>,
    Body(said): Body<Promise>,
) -> Result<Json<Obligation>, Problem> {
    caller.require(Scope::MessagesWrite)?;
    let until = said.until.as_deref().map(|until| checked::day("until", until)).transpose()?;
    let settled = app.catalog.promised(caller.access(), id, until, &caller.actor).await?;
    after(&app, &caller, id, settled).await.map(Json)
}

/// Body of a cancellation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    note: String,
}

/// `POST /v1/obligations/{id}/cancel`: it is owed no more.
///
/// # Errors
/// As [`promise`].
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ObligationId>,
    Body(said): Body<Cancel>,
) -> Result<Json<Obligation>, Problem> {
    caller.require(Scope::MessagesWrite)?;
    let note = said.note.trim();
    if note.is_empty() || note.chars().count() > WHY_CHARS {
        return Err(Problem::Unprocessable(format!("note: 1 to {WHY_CHARS} characters")));
    }
    let settled = app.catalog.cancel_obligation(caller.access(), id, note, &caller.actor).await?;
    after(&app, &caller, id, settled).await.map(Json)
}
