//! `/v1/incidents` and `/v1/ledger/messages`: what is wrong until it is not, and where every message of ours is.

use acuse_storage::{
    IncidentId,
    incidents::{Acknowledged, Incident, IncidentState},
    keys::Scope,
    message_ledger::MessageLedger,
};
use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::Caller;
use crate::{
    extract::{Id, Params, cursor, limit, word},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    state: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/incidents`, the oldest first; those that are not over, unless a state is named.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<Incident>>, Problem> {
    caller.require(Scope::Admin)?;
    let state = word::<IncidentState>("state", query.state.as_deref())?;
    let after = cursor::<IncidentId>(query.after.as_deref())?;
    let most = limit(query.limit)?;
    let data = app.catalog.incidents(state, after, most).await?;
    Ok(Json(Listing::of(data, most, |i| i.id)))
}

/// `POST /v1/incidents/{id}/acknowledge`: a person knows of it.
pub async fn acknowledge(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<IncidentId>,
) -> Result<Json<Value>, Problem> {
    caller.require(Scope::Admin)?;
    match app.catalog.acknowledge_incident(id, &caller.actor, app.catalog.now()).await? {
        Acknowledged::Done => Ok(Json(json!({ "state": "acknowledged", "acked_by": caller.actor }))),
        Acknowledged::Resolved => Err(Problem::Conflict("this incident is over already".to_owned())),
        Acknowledged::Missing => Err(Problem::NotFound("incident")),
    }
}

/// `POST /v1/incidents/{id}/resolve`: a person says that it is over. The messages that only it told of are settled.
pub async fn resolve(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<IncidentId>,
) -> Result<Json<Value>, Problem> {
    caller.require(Scope::Admin)?;
    match app.catalog.settle_incident(id, &caller.actor, app.catalog.now()).await? {
        Acknowledged::Done => {
            let detail = json!({ "incident": id, "act": "resolve" });
            app.catalog.audit(&caller.actor, "incident", None, &detail).await?;
            Ok(Json(json!({ "state": "resolved", "resolved_by": caller.actor })))
        }
        Acknowledged::Resolved => Err(Problem::Conflict("this incident is over already".to_owned())),
        Acknowledged::Missing => Err(Problem::NotFound("incident")),
    }
}

/// `GET /v1/ledger/messages`.
pub async fn messages(State(app): State<App>, caller: Caller) -> Result<Json<MessageLedger>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    if caller.access().is_bound() {
        return Err(Problem::Bound);
    }
    Ok(Json(app.catalog.message_ledger(app.catalog.now()).await?))
}
