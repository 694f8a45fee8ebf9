//! `/v1/reviews`: what waits for a person, who holds it, and what they decide.

use acuse_storage::{
    ReviewId,
    keys::Scope,
    reviews::{Claim, ReviewFilter},
};
use axum::{Json, extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{auth::Caller, representation::ReviewView};
use crate::{
    access,
    etag::Precondition,
    extract::{Body, Id, Params, cursor, limit, word},
    listing::Listing,
    problem::Problem,
    review::{self, Decide, Decided, LEASE},
    state::App,
};

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    reason: Option<String>,
    kind: Option<String>,
    claimed_by: Option<String>,
    unclaimed: bool,
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/reviews`, the longest waiting first.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<ReviewView>>, Problem> {
    caller.require_one([Scope::DocumentsRead, Scope::ReviewsWrite])?;
    let filter = ReviewFilter {
        reason: word("reason", query.reason.as_deref())?,
        kind: word("kind", query.kind.as_deref())?,
        claimed_by: query.claimed_by,
        unclaimed: query.unclaimed,
        open_to: None,
        access: caller.access().clone(),
        ..ReviewFilter::default()
    };
    let after = cursor::<ReviewId>(query.after.as_deref())?;
    if let Some(after) = after
        && app.catalog.review(after).await?.is_none()
    {
        return Err(Problem::Unprocessable("after: no place that this list gave".to_owned()));
    }
    let page = app.catalog.reviews(&filter, after, limit(query.limit)?).await?;
    let (reviews, documents): (Vec<_>, Vec<_>) = page.data.into_iter().unzip();
    let seen = access::look_at(&app, &caller, documents, "list").await?;
    // What a reason would tell of others to who is bound, being found by it tells too.
    let asked = filter.reason.filter(|_| caller.access().is_bound());
    let views = reviews.into_iter().zip(seen).map(|(r, seen)| ReviewView::new(r, seen));
    let data = views.filter(|view| asked.is_none_or(|reason| view.codes().contains(&reason))).collect();
    Ok(Json(Listing { data, next: page.next.map(|id| id.to_string()) }))
}

/// Answer of a claim.
#[derive(Debug, Serialize)]
pub struct Claimed {
    claimed_by: String,
    #[serde(with = "time::serde::rfc3339")]
    claim_expires_at: OffsetDateTime,
}

/// `POST /v1/reviews/{id}/claim`: takes or renews the lease.
pub async fn claim(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ReviewId>,
) -> Result<Json<Claimed>, Problem> {
    caller.require(Scope::ReviewsWrite)?;
    review::of(&app, &caller, id).await?;
    match app.catalog.claim_review(id, &caller.actor, LEASE).await? {
        Claim::Held { until, .. } => Ok(Json(Claimed { claimed_by: caller.actor, claim_expires_at: until })),
        Claim::HeldBy { by, .. } => Err(Problem::Conflict(format!("{by} holds this review"))),
        Claim::Resolved => Err(Problem::Conflict("this review is decided already".to_owned())),
        Claim::Missing => Err(Problem::NotFound("review")),
    }
}

/// `POST /v1/reviews/{id}/release`: gives the lease back.
pub async fn release(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ReviewId>,
) -> Result<Json<serde_json::Value>, Problem> {
    caller.require(Scope::ReviewsWrite)?;
    review::of(&app, &caller, id).await?;
    if app.catalog.release_review(id, &caller.actor).await? {
        return Ok(Json(serde_json::json!({ "released": true })));
    }
    match app.catalog.review(id).await? {
        None => Err(Problem::NotFound("review")),
        Some(_) => Err(Problem::Conflict("you do not hold this review".to_owned())),
    }
}

/// `POST /v1/reviews/{id}/resolve`; with `If-Match` only as the document was seen.
pub async fn resolve(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ReviewId>,
    headers: HeaderMap,
    Body(said): Body<Decide>,
) -> Result<Json<Decided>, Problem> {
    caller.require(Scope::ReviewsWrite)?;
    let seen = Precondition::if_given(&headers)?;
    let said = said.seen_as(seen)?;
    if seen != Precondition::Any {
        seen.holds_of(review::of(&app, &caller, id).await?.1.version)?;
    }
    seen.told(review::resolve(&app, &caller, id, said).await).map(Json)
}
