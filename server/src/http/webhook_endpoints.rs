//! `/v1/webhook-endpoints`: who is told of every change. An endpoint has the rights of the key that made it, and is
//! shown to that key and to admins.

use acuse_pipeline::document::Kind;
use acuse_storage::{
    CustomerId,
    events::KINDS,
    keys::Scope,
    names::{EndpointId, KeyId, WebhookId},
    webhooks::{
        Endpoint, EndpointChange, Filter, MOST_ENDPOINTS, NewEndpoint,
        log::{Delivery, Line},
    },
};
use acuse_workers::outgoing::{sign::Secret, webhooks};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::auth::Caller;
use crate::{
    etag::{Precondition, Version, altered},
    extract::{Body, Id, Params, cursor, limit, time, word},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// What it is called where it is not as it was seen, or not there.
const WHAT: &str = "webhook endpoint";
/// Most customers of a filter.
const CUSTOMERS: usize = 100;

/// An endpoint; its secret is shown when it is made, never again.
#[derive(Debug, Serialize)]
pub struct EndpointView {
    id: EndpointId,
    url: String,
    description: String,
    types: Vec<String>,
    document_kinds: Vec<Kind>,
    customers: Vec<CustomerId>,
    enabled: bool,
    disabled_reason: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    failing_since: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<Endpoint> for EndpointView {
    fn from(e: Endpoint) -> Self {
        Self {
            id: e.id,
            url: e.url,
            description: e.description,
            types: e.filter.types,
            document_kinds: e.filter.document_kinds,
            customers: e.filter.customers,
            enabled: e.enabled,
            disabled_reason: e.disabled_reason,
            failing_since: e.failing_since,
            created_at: e.created_at,
        }
    }
}

/// Which events an endpoint is for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointBody {
    url: Option<String>,
    description: Option<String>,
    types: Option<Vec<String>>,
    document_kinds: Option<Vec<Kind>>,
    customers: Option<Vec<CustomerId>>,
    enabled: Option<bool>,
}

impl EndpointBody {
    /// The filter, what is not said as it was.
    fn filter(&mut self, before: Filter) -> Result<Filter, Problem> {
        let filter = Filter {
            types: self.types.take().unwrap_or(before.types),
            document_kinds: self.document_kinds.take().unwrap_or(before.document_kinds),
            customers: self.customers.take().unwrap_or(before.customers),
        };
        if let Some(odd) = filter.types.iter().find(|t| !KINDS.contains(&t.as_str())) {
            let odd: String = odd.chars().take(40).collect();
            return Err(Problem::BadRequest(format!("types: {odd:?} is none of {}", KINDS.join(", "))));
        }
        if filter.customers.len() > CUSTOMERS || filter.document_kinds.len() > Kind::ALL.len() {
            return Err(Problem::BadRequest(format!("customers: at most {CUSTOMERS}; each kind once")));
        }
        Ok(filter)
    }
}

fn checked(app: &App, url: &str) -> Result<String, Problem> {
    let url = url.trim();
    app.outgoing.guard().url(url).map_err(|e| Problem::Unprocessable(format!("url: {e}")))?;
    Ok(url.to_owned())
}

/// The key that asks, which must be one.
fn key(caller: &Caller) -> Result<KeyId, Problem> {
    caller.require(Scope::DocumentsRead)?;
    caller.key.ok_or(Problem::Unauthorized)
}

/// An endpoint that this caller may see.
async fn own(app: &App, caller: &Caller, id: EndpointId) -> Result<Endpoint, Problem> {
    let key = key(caller)?;
    let found = app.catalog.webhook_endpoint(id).await?;
    found.filter(|e| e.key_id == key || caller.has(Scope::Admin)).ok_or(Problem::NotFound(WHAT))
}

async fn audit(app: &App, caller: &Caller, action: &str, id: EndpointId) -> Result<(), Problem> {
    Ok(app.catalog.audit(&caller.actor, action, None, &json!({ "endpoint": id })).await?)
}

/// `GET /v1/webhook-endpoints`.
pub async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Listing<EndpointView>>, Problem> {
    let key = key(&caller)?;
    let of = Some(key).filter(|_| !caller.has(Scope::Admin));
    let data = app.catalog.webhook_endpoints(of).await?.into_iter().map(EndpointView::from).collect();
    Ok(Json(Listing { data, next: None }))
}

/// `POST /v1/webhook-endpoints`: the answer has the secret, which is not shown again.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Body(mut body): Body<EndpointBody>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let key_id = key(&caller)?;
    let url = body.url.take().ok_or_else(|| Problem::BadRequest("url: where is it?".to_owned()))?;
    let secret = Secret::generate().expose();
    let new = NewEndpoint {
        url: checked(&app, &url)?,
        description: body.description.take().unwrap_or_default(),
        secret: secret.clone(),
        filter: body.filter(Filter::default())?,
        key_id,
    };
    let id =
        app.catalog.add_webhook_endpoint(&new).await?.ok_or_else(|| {
            Problem::Conflict(format!("there are {MOST_ENDPOINTS} webhook endpoints already"))
        })?;
    if body.enabled == Some(false) {
        let change = EndpointChange { enabled: Some(false), ..EndpointChange::default() };
        app.catalog.change_webhook_endpoint((id, None), &change).await?;
    }
    audit(&app, &caller, "webhook_endpoint_made", id).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "url": new.url, "secret": secret }))))
}

/// `GET /v1/webhook-endpoints/{id}`.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<EndpointId>,
) -> Result<(Extension<Version>, Json<EndpointView>), Problem> {
    Ok(shown(own(&app, &caller, id).await?))
}

/// An endpoint, named by what it is now.
fn shown(endpoint: Endpoint) -> (Extension<Version>, Json<EndpointView>) {
    (Extension(Version(endpoint.version)), Json(endpoint.into()))
}

/// `PATCH /v1/webhook-endpoints/{id}`: what is named is changed, with `If-Match` only as it was seen. Enabled again, it goes
/// on where it stood.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<EndpointId>,
    headers: HeaderMap,
    Body(mut body): Body<EndpointBody>,
) -> Result<(Extension<Version>, Json<EndpointView>), Problem> {
    let seen = Precondition::if_given(&headers)?.version();
    let before = own(&app, &caller, id).await?;
    let change = EndpointChange {
        url: body.url.take().map(|url| checked(&app, &url)).transpose()?,
        description: body.description.take(),
        enabled: body.enabled,
        filter: Some(body.filter(before.filter)?),
    };
    altered(app.catalog.change_webhook_endpoint((id, seen), &change).await?, WHAT)?;
    audit(&app, &caller, "webhook_endpoint_changed", id).await?;
    Ok(shown(own(&app, &caller, id).await?))
}

/// `DELETE /v1/webhook-endpoints/{id}`; with `If-Match` only as it was seen.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<EndpointId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let seen = Precondition::if_given(&headers)?.version();
    own(&app, &caller, id).await?;
    altered(app.catalog.remove_webhook_endpoint((id, seen)).await?, WHAT)?;
    audit(&app, &caller, "webhook_endpoint_removed", id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/webhook-endpoints/{id}/rotate-secret`: a new secret; the old one signs too for a day.
pub async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<EndpointId>,
) -> Result<Json<Value>, Problem> {
    own(&app, &caller, id).await?;
    let secret = Secret::generate().expose();
    app.catalog.rotate_webhook_secret(id, &secret).await?;
    audit(&app, &caller, "webhook_secret_rotated", id).await?;
    Ok(Json(json!({ "id": id, "secret": secret })))
}

/// `POST /v1/webhook-endpoints/{id}/test`: sends a `webhook.test`, and says what came back.
pub async fn test(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<EndpointId>,
) -> Result<Json<Value>, Problem> {
    let endpoint = own(&app, &caller, id).await?;
    let answer = webhooks::test(&app.outgoing, &endpoint, app.catalog.now()).await;
    let error = answer.failure();
    Ok(Json(json!({ "taken": error.is_none(), "status": answer.status(), "error": error })))
}

/// What is to be sent again: one event, or all since a time.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replay {
    delivery_id: Option<WebhookId>,
    since: Option<String>,
}

/// `POST /v1/webhook-endpoints/{id}/replay`.
pub async fn replay(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<EndpointId>,
    Body(replay): Body<Replay>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    own(&app, &caller, id).await?;
    match (replay.delivery_id, time("since", replay.since.as_deref())?) {
        (Some(one), None) => {
            if !app.catalog.replay_webhook(id, one).await? {
                return Err(Problem::NotFound("delivery"));
            }
        }
        (None, Some(since)) => {
            app.catalog.replay_webhooks_since(id, since).await?;
        }
        _ => return Err(Problem::Unprocessable("say either delivery_id or since".to_owned())),
    }
    audit(&app, &caller, "webhook_replayed", id).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": id, "state": "queued" }))))
}

/// Query of the log.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    state: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/webhook-endpoints/{id}/deliveries`: what was sent and how that went, the latest first.
pub async fn deliveries(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<EndpointId>,
    Params(log): Params<Log>,
) -> Result<Json<Listing<Line>>, Problem> {
    own(&app, &caller, id).await?;
    let state = word::<Delivery>("state", log.state.as_deref())?;
    let after = cursor::<WebhookId>(log.after.as_deref())?;
    let most = limit(log.limit)?;
    let data = app.catalog.webhook_log(id, state, after, most).await?;
    let page = Listing::of(data, most, |l| l.id);
    let data = app.catalog.webhook_log_within(caller.access(), page.data).await?;
    Ok(Json(Listing { data, next: page.next }))
}
