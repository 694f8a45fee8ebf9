//! `/v1/incident-routes`: where incidents are told.

use acuse_storage::{
    incidents::{
        Severity,
        routes::{Medium, NewRoute, Route},
    },
    keys::Scope,
    names::RouteId,
};
use acuse_workers::outgoing::alerts;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::auth::Caller;
use crate::{
    checked,
    etag::{Precondition, Version, altered},
    extract::{Body, Id},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// What it is called where it is not as it was seen, or not there.
const WHAT: &str = "route";
/// Half an hour.
const AGAIN: u64 = 1_800;

/// A route, without what may be secret of its target.
#[derive(Debug, Serialize)]
pub struct RouteView {
    id: RouteId,
    name: String,
    medium: Medium,
    place: String,
    secret_ref: Option<String>,
    kinds: Vec<String>,
    min_severity: Severity,
    again_after_secs: u64,
    enabled: bool,
    failures: u32,
    last_error: Option<String>,
}

impl From<Route> for RouteView {
    fn from(r: Route) -> Self {
        Self {
            id: r.id,
            place: r.place(),
            name: r.name,
            medium: r.medium,
            secret_ref: r.secret_ref,
            kinds: r.kinds,
            min_severity: r.min_severity,
            again_after_secs: r.again_after_secs,
            enabled: r.enabled,
            failures: r.failures,
            last_error: r.last_error,
        }
    }
}

/// A route to be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRouteBody {
    name: String,
    medium: Medium,
    target: String,
    secret_ref: Option<String>,
    #[serde(default)]
    kinds: Vec<String>,
    min_severity: Option<Severity>,
    again_after_secs: Option<u64>,
}

/// `GET /v1/incident-routes`.
pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Listing<RouteView>>, Problem> {
    caller.require(Scope::Admin)?;
    let data = app.catalog.incident_routes().await?.into_iter().map(RouteView::from).collect();
    Ok(Json(Listing { data, next: None }))
}

/// `POST /v1/incident-routes`.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(body): Body<NewRouteBody>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    caller.require(Scope::Admin)?;
    let new = NewRoute {
        name: body.name.trim().to_owned(),
        medium: body.medium,
        target: body.target.trim().to_owned(),
        secret_ref: body.secret_ref.map(|r| r.to_ascii_lowercase()),
        kinds: body.kinds,
        min_severity: body.min_severity.unwrap_or(Severity::Warning),
        again_after_secs: body.again_after_secs.unwrap_or(AGAIN),
    };
    checked::route(&app.outgoing, &new).map_err(Problem::Unprocessable)?;
    let made = app.catalog.add_incident_route(&new).await?;
    let id = made.ok_or_else(|| Problem::Conflict("there is a route of that name already".to_owned()))?;
    audit(&app, &caller, "incident_route_made", id).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "name": new.name }))))
}

/// A route.
async fn known(app: &App, id: RouteId) -> Result<Route, Problem> {
    let routes = app.catalog.incident_routes().await?;
    routes.into_iter().find(|route| route.id == id).ok_or(Problem::NotFound(WHAT))
}

/// `GET /v1/incident-routes/{id}`.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<RouteId>,
) -> Result<(Extension<Version>, Json<RouteView>), Problem> {
    caller.require(Scope::Admin)?;
    let route = known(&app, id).await?;
    Ok((Extension(Version(route.version)), Json(route.into())))
}

/// What of a route is to be another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    enabled: bool,
}

/// `PATCH /v1/incident-routes/{id}`: silences a route, or has it told again; with `If-Match` only as it was seen.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<RouteId>,
    headers: HeaderMap,
    Body(change): Body<Change>,
) -> Result<(Extension<Version>, Json<Value>), Problem> {
    caller.require(Scope::Admin)?;
    let seen = Precondition::if_given(&headers)?.version();
    altered(app.catalog.enable_incident_route((id, seen), change.enabled).await?, WHAT)?;
    audit(&app, &caller, "incident_route_changed", id).await?;
    let route = known(&app, id).await?;
    Ok((Extension(Version(route.version)), Json(json!({ "id": id, "enabled": route.enabled }))))
}

/// `DELETE /v1/incident-routes/{id}`; with `If-Match` only as it was seen.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<RouteId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.require(Scope::Admin)?;
    let seen = Precondition::if_given(&headers)?.version();
    altered(app.catalog.remove_incident_route((id, seen)).await?, WHAT)?;
    audit(&app, &caller, "incident_route_removed", id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/incident-routes/{id}/test`: sends a test message, and says whether it was taken.
pub async fn test(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<RouteId>,
) -> Result<Json<Value>, Problem> {
    caller.require(Scope::Admin)?;
    let route = known(&app, id).await?;
    let now = app.catalog.now();
    let sent = alerts::test(&app.catalog, &app.outgoing, &route, &caller.actor, now).await?;
    Ok(Json(json!({ "taken": sent.is_ok(), "error": sent.err() })))
}

async fn audit(app: &App, caller: &Caller, action: &str, id: RouteId) -> Result<(), Problem> {
    Ok(app.catalog.audit(&caller.actor, action, None, &json!({ "route": id })).await?)
}
