//! `/v1/documents`: what came, what it says, what happened to it.

use acuse_storage::{
    CustomerId, Document, DocumentFilter, DocumentId, documents::Page, keys::Scope, names::ContactId,
};
use axum::{Json, extract::State};
use serde::Deserialize;

use super::{
    auth::Caller,
    extract::{Id, Params, limit, time, word},
    problem::Problem,
    view::{DocumentView, EntryView, Listing},
};
use crate::{access, app::App};

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    /// A status; `duplicate` documents are listed under none.
    pub status: Option<String>,
    /// A kind.
    pub kind: Option<String>,
    /// A customer's id.
    pub customer_id: Option<String>,
    /// A contact's id.
    pub contact_id: Option<String>,
    /// Received at or after.
    pub from: Option<String>,
    /// Received before.
    pub to: Option<String>,
    /// In file name, caption, fields or text.
    pub q: Option<String>,
    /// The last id of the page before.
    pub after: Option<String>,
    /// Page size.
    pub limit: Option<u32>,
}

/// One page of documents for a caller, newest first. What is withheld is not searched.
///
/// # Errors
/// 400 for a filter that cannot be.
pub async fn find(app: &App, caller: &Caller, query: Query) -> Result<Page<Document, DocumentId>, Problem> {
    let filter = DocumentFilter {
        status: word("status", query.status.as_deref())?,
        kind: word("kind", query.kind.as_deref())?,
        customer_id: word::<CustomerId>("customer_id", query.customer_id.as_deref())?,
        contact_id: word::<ContactId>("contact_id", query.contact_id.as_deref())?,
        from: time("from", query.from.as_deref())?,
        to: time("to", query.to.as_deref())?,
        q: query.q.filter(|q| !q.trim().is_empty()),
        access: caller.access().clone(),
    };
    let after = word::<DocumentId>("after", query.after.as_deref())?;
    Ok(app.catalog.documents(&filter, after, limit(query.limit)?).await?)
}

/// `GET /v1/documents`.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<DocumentView>>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let page = find(&app, &caller, query).await?;
    let seen = access::look_at(&app, &caller, page.data, "list").await?;
    let data = seen.into_iter().map(DocumentView::new).collect();
    Ok(Json(Listing { data, next: page.next.map(|id| id.to_string()) }))
}

/// `GET /v1/documents/{id}`.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DocumentId>,
) -> Result<Json<DocumentView>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    Ok(Json(DocumentView::new(access::look(&app, &caller, id, "fields").await?)))
}

/// `GET /v1/documents/{id}/timeline`, oldest first.
pub async fn timeline(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DocumentId>,
) -> Result<Json<Listing<EntryView>>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let withheld = access::look(&app, &caller, id, "timeline").await?.is_withheld();
    let entries = app.catalog.timeline(id).await?;
    Ok(Json(Listing { data: entries.into_iter().map(|e| EntryView::new(e, withheld)).collect(), next: None }))
}
