//! `/v1/ledger`: the sums. Every change in order is [`super::feed`].

use acuse_storage::{keys::Scope, ledger::Ledger};
use axum::{Json, extract::State};
use serde::Deserialize;

use super::{
    auth::Caller,
    extract::{Params, time},
    problem::Problem,
};
use crate::state::App;

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
    Ok(Json(app.catalog.ledger_for(caller.access(), from, to).await?))
}
