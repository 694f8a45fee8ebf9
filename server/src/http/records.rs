//! `/v1/ledger`: the sums. Every change in order is [`super::feed`].

use acuse_storage::{arrivals::Arrivals, keys::Scope, ledger::Ledger};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use crate::{
    extract::{Params, time},
    problem::Problem,
    state::App,
};

/// Query of the ledger: received at or after `from`, before `to`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Span {
    from: Option<String>,
    to: Option<String>,
}

/// Where all documents are, and, for who sees all of them, where all files are that came.
#[derive(Debug, Serialize)]
pub struct Sums {
    #[serde(flatten)]
    documents: Ledger,
    arrivals: Option<Arrivals>,
}

/// `GET /v1/ledger`.
pub async fn ledger(
    State(app): State<App>,
    caller: Caller,
    Params(span): Params<Span>,
) -> Result<Json<Sums>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let (from, to) = (time("from", span.from.as_deref())?, time("to", span.to.as_deref())?);
    let documents = app.catalog.ledger_for(caller.access(), from, to).await?;
    let sees_all = !caller.access().is_bound();
    let arrivals = if sees_all { Some(app.catalog.arrivals(from, to).await?) } else { None };
    Ok(Json(Sums { documents, arrivals }))
}
