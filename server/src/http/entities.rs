//! `/v1/entities`: who we are.

use acuse_storage::{
    entities::{Entity, NewEntity},
    keys::Scope,
    names::EntityId,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;

use super::auth::Caller;
use crate::{checked, extract::Body, listing::Listing, problem::Problem, state::App};

/// What is said of a firm of ours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewEntityBody {
    id: Option<EntityId>,
    name: String,
    #[serde(default)]
    tax_ids: Vec<String>,
    #[serde(default)]
    accounts: Vec<String>,
    #[serde(default)]
    phone_number_ids: Vec<String>,
}

/// `GET /v1/entities`.
pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Listing<Entity>>, Problem> {
    caller.require(Scope::Admin)?;
    Ok(Json(Listing { data: app.catalog.entities().await?, next: None }))
}

/// `POST /v1/entities`: adds a firm of ours, or with its `id` says anew what it is.
pub async fn save(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<NewEntityBody>,
) -> Result<(StatusCode, Json<Entity>), Problem> {
    caller.require(Scope::Admin)?;
    let NewEntityBody { id, name, tax_ids, accounts, phone_number_ids } = body;
    let new = checked::entity(NewEntity { name, tax_ids, accounts, phone_number_ids })
        .map_err(Problem::Unprocessable)?;
    let saved = app.catalog.save_entity(id, &new, &caller.actor).await?;
    let entity = saved.ok_or(Problem::NotFound("entity"))?;
    Ok((if id.is_some() { StatusCode::OK } else { StatusCode::CREATED }, Json(entity)))
}
