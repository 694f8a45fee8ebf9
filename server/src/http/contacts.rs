//! `/v1/contacts`: who writes to us, and what was said. What is withheld of a document has no words here either: the
//! catalog's one predicate decides.

use acuse_storage::{
    ContactId,
    conversation::{Consent, Listed, Said},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::auth::Caller;
use crate::{
    contacts::{WindowView, conversation, find, reached},
    extract::{Id, Params, cursor, limit},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// Query of the contacts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    q: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/contacts`, the latest seen first.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<Listed>>, Problem> {
    let most = limit(query.limit)?;
    let after = cursor::<ContactId>(query.after.as_deref())?;
    Ok(Json(find(&app, &caller, query.q.as_deref(), after, most).await?))
}

/// A contact with all that is known of talking to them.
#[derive(Debug, Serialize)]
pub struct ContactView {
    id: ContactId,
    name: Option<String>,
    phone: Option<String>,
    language: Option<String>,
    customer_id: Option<acuse_storage::CustomerId>,
    #[serde(with = "time::serde::rfc3339::option")]
    unreachable_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    windows: Vec<WindowView>,
    consents: Vec<Consent>,
}

/// `GET /v1/contacts/{id}`.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContactId>,
) -> Result<Json<ContactView>, Problem> {
    let contact = reached(&app, &caller, id).await?;
    let now = app.catalog.now();
    let windows = app.catalog.windows_of(contact.id).await?;
    Ok(Json(ContactView {
        id: contact.id,
        consents: app.catalog.consents_of(contact.id).await?,
        windows: windows.into_iter().map(|w| WindowView::of(w, now)).collect(),
        name: contact.name,
        phone: contact.phone,
        language: contact.language,
        customer_id: contact.customer_id,
        unreachable_at: contact.unreachable_at,
        created_at: contact.created_at,
    }))
}

/// Query of a conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Page {
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/contacts/{id}/messages`: both ways, the latest first.
pub async fn messages(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ContactId>,
    Params(page): Params<Page>,
) -> Result<Json<Listing<Said>>, Problem> {
    let most = limit(page.limit)?;
    Ok(Json(conversation(&app, &caller, (id, None), page.after.as_deref(), most).await?.1))
}
