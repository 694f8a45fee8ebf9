//! `/v1/ledger` and `/v1/events`: the sums, and every change in order.

use acuse_storage::{
    DocumentId,
    events::{Event, EventCursor},
    keys::Scope,
    ledger::Ledger,
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::{
    auth::Caller,
    extract::{Params, limit, time, word},
    problem::Problem,
    view::Listing,
};
use crate::app::App;

/// Query of the ledger: received at or after `from`, before `to`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Span {
    from: Option<String>,
    to: Option<String>,
}

/// `GET /v1/ledger`.
pub async fn ledger(
    State(app): State<App>,
    caller: Caller,
    Params(span): Params<Span>,
) -> Result<Json<Ledger>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let (from, to) = (time("from", span.from.as_deref())?, time("to", span.to.as_deref())?);
    Ok(Json(app.catalog.ledger(from, to).await?))
}

/// Query of the feed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Feed {
    after: Option<String>,
    limit: Option<u32>,
}

/// One change.
#[derive(Debug, Serialize)]
pub struct EventView {
    cursor: String,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    kind: String,
    document_id: Option<DocumentId>,
    data: Value,
}

impl From<Event> for EventView {
    fn from(e: Event) -> Self {
        Self {
            cursor: e.cursor.to_string(),
            at: e.at,
            kind: e.kind,
            document_id: e.document_id,
            data: e.data,
        }
    }
}

/// `GET /v1/events?after`: oldest first. `next` is never null once there was an event: ask again with it later.
pub async fn events(
    State(app): State<App>,
    caller: Caller,
    Params(feed): Params<Feed>,
) -> Result<Json<Listing<EventView>>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let after = word::<EventCursor>("after", feed.after.as_deref())?;
    let events = app.catalog.events(after, limit(feed.limit)?).await?;
    let next = events.last().map(|e| e.cursor).or(after).map(|c| c.to_string());
    Ok(Json(Listing { data: events.into_iter().map(EventView::from).collect(), next }))
}
