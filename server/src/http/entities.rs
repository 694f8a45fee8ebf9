//! `/v1/entities`: who we are.

use acuse_storage::{
    entities::{Entity, NewEntity},
    keys::Scope,
    names::EntityId,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;

use super::{auth::Caller, extract::Body, problem::Problem, representation::Listing};
use crate::state::App;

/// Longest name, characters.
const NAME: usize = 500;
/// Most values of one kind, and the longest of them in characters.
const VALUES: (usize, usize) = (100, 80);

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

/// Checks a firm before it is kept, for the API and the command line.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check(new: NewEntity) -> Result<NewEntity, String> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME {
        return Err(format!("name: 1 to {NAME} characters"));
    }
    let values = |what: &str, values: Vec<String>| {
        let values: Vec<String> = values.iter().map(|v| v.trim().to_owned()).collect();
        let (most, longest) = VALUES;
        if values.len() > most || values.iter().any(|v| v.is_empty() || v.chars().count() > longest) {
            return Err(format!("{what}: at most {most} values of 1 to {longest} characters"));
        }
        Ok(values)
    };
    Ok(NewEntity {
        name,
        tax_ids: values("tax_ids", new.tax_ids)?,
        accounts: values("accounts", new.accounts)?,
        phone_number_ids: values("phone_number_ids", new.phone_number_ids)?,
    })
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
    let new =
        check(NewEntity { name, tax_ids, accounts, phone_number_ids }).map_err(Problem::Unprocessable)?;
    let saved = app.catalog.save_entity(id, &new, &caller.actor).await?;
    let entity = saved.ok_or(Problem::NotFound("entity"))?;
    Ok((if id.is_some() { StatusCode::OK } else { StatusCode::CREATED }, Json(entity)))
}
