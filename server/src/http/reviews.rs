//! `/v1/reviews`: what waits for a person, who holds it, and what they decide.

use std::{collections::BTreeMap, time::Duration};

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Value},
    part::Part,
};
use acuse_storage::{
    CustomerId, DocumentId, ReviewId,
    keys::Scope,
    reviews::{Claim, Reopened, Review, ReviewFilter, Undone},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    auth::Caller,
    extract::{Body, Checked, Id, Params, cursor, limit, present, word},
    problem::Problem,
    representation::{Listing, ReviewView},
};
use crate::{
    access,
    review::{self, Verdict, Whose},
    state::App,
};

/// How long a claim lasts unless renewed.
pub const LEASE: Duration = Duration::from_secs(15 * 60);
/// Longest time in which an API client can take a decision back.
const MOST_HOLD_SECS: u32 = 3_600;

/// What fields are to be, as somebody says it.
pub type NewFields = BTreeMap<FieldName, Checked<Option<Value>>>;

/// The values of them.
///
/// # Errors
/// 422 for what is no value of a field.
pub fn values(said: NewFields) -> Result<BTreeMap<FieldName, Option<Value>>, Problem> {
    said.into_iter().map(|(name, value)| Ok((name, value.of(&format!("fields.{name}"))?))).collect()
}

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

/// Body of a decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    #[serde(alias = "action", alias = "resolution")]
    decision: Verdict,
    #[serde(default)]
    kind: Option<Kind>,
    /// Name to new value; `null` takes a field away; fields not named stay as they were read.
    #[serde(default)]
    fields: NewFields,
    /// Whose it is; `null` makes it nobody's.
    #[serde(default, deserialize_with = "present")]
    customer_id: Option<Option<CustomerId>>,
    #[serde(default)]
    note: Option<String>,
    /// The document's version when the reviewer looked; a document that changed since is not decided.
    #[serde(default)]
    version: Option<i64>,
    /// With `split`: its documents, by pages or by places on a page.
    #[serde(default)]
    parts: Checked<Option<Vec<Part>>>,
    /// With `retry`: all that wait for the same first reason and that nobody holds go round again, too.
    #[serde(default)]
    all: bool,
    /// Why it is filed against the warnings that an earlier try was answered with.
    #[serde(default)]
    because: Option<String>,
    /// For how long the decision can be taken back; the event and the message wait as long.
    #[serde(default)]
    hold_secs: Option<u32>,
    /// With `duplicate`: the document that came before.
    #[serde(default)]
    duplicate_of: Option<DocumentId>,
    /// With `ask_again`: what the sender is told, word for word.
    #[serde(default)]
    message: Option<String>,
    /// With `postpone`: until when.
    #[serde(default, with = "time::serde::rfc3339::option")]
    until: Option<OffsetDateTime>,
    /// With `assign`: the person's name.
    #[serde(default)]
    to: Option<String>,
}

/// Answer of a decision.
#[derive(Debug, Serialize)]
pub struct Decided {
    status: Status,
    /// Of a split: the documents it became, the first under the id of the whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    documents: Vec<DocumentId>,
}

/// `POST /v1/reviews/{id}/resolve`.
pub async fn resolve(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<ReviewId>,
    Body(body): Body<Decide>,
) -> Result<Json<Decided>, Problem> {
    caller.require(Scope::ReviewsWrite)?;
    let (review, _) = review::of(&app, &caller, id).await?;
    match body.decision {
        Verdict::Undo => return undo(&app, &caller, &review).await,
        Verdict::Reopen => return reopen(&app, &caller, &review, &body).await,
        Verdict::Postpone | Verdict::Assign => return put_off(&app, &caller, &review, &body).await,
        _ => {}
    }
    let again = body.decision == Verdict::Correct && review.resolved_at.is_some();
    if body.all && body.decision != Verdict::Retry {
        return Err(Problem::Unprocessable("all: only with the decision retry".to_owned()));
    }
    let reason = review.reasons.first().map(|r| r.code).filter(|_| body.all);
    let ask = asked(body, app.catalog.now())?;
    let review::Decided { status, documents } = if again {
        review::decide_again(&app, &caller, review.document_id, ask).await?
    } else {
        review::decide(&app, &caller, id, ask).await?
    };
    if let Some(reason) = reason {
        let count = app.catalog.retry_all(caller.access(), reason, &caller.actor).await?;
        tracing::info!(count, reason = reason.as_str(), "documents go round again");
    }
    Ok(Json(Decided { status, documents }))
}

fn asked(body: Decide, now: OffsetDateTime) -> Result<review::Ask, Problem> {
    let hold = body.hold_secs.filter(|secs| *secs > 0);
    if hold.is_some_and(|secs| secs > MOST_HOLD_SECS) {
        return Err(Problem::BadRequest(format!("hold_secs: at most {MOST_HOLD_SECS}")));
    }
    Ok(review::Ask {
        verdict: body.decision,
        kind: body.kind,
        fields: values(body.fields)?,
        whose: match body.customer_id {
            None => Whose::Keep,
            Some(None) => Whose::Nobody,
            Some(Some(id)) => Whose::Customer(id),
        },
        note: body.note,
        seen_version: body.version,
        parts: body.parts.of("parts")?,
        because: body.because,
        duplicate_of: body.duplicate_of,
        message: body.message,
        fence: None,
        held_until: hold.map(|secs| now + time::Duration::seconds(i64::from(secs))),
    })
}

/// Postpones or hands over a review that the caller holds, or that nobody does.
async fn put_off(
    app: &App,
    caller: &Caller,
    review: &Review,
    body: &Decide,
) -> Result<Json<Decided>, Problem> {
    match app.catalog.claim_review(review.id, &caller.actor, LEASE).await? {
        Claim::Held { .. } => {}
        Claim::HeldBy { by, .. } => return Err(Problem::Conflict(format!("{by} holds this review"))),
        Claim::Resolved => return Err(Problem::Conflict("this review is decided already".to_owned())),
        Claim::Missing => return Err(Problem::NotFound("review")),
    }
    let note = body.note.as_deref();
    review::put_off(app, caller, review.id, (body.decision, body.until, body.to.as_deref()), note).await?;
    Ok(Json(Decided { status: Status::InReview, documents: Vec::new() }))
}

async fn undo(app: &App, caller: &Caller, review: &Review) -> Result<Json<Decided>, Problem> {
    match app.catalog.undo_decision(review.document_id, &caller.actor, LEASE).await? {
        Undone::Done(status) => Ok(Json(Decided { status, documents: Vec::new() })),
        Undone::NotYours => Err(Problem::Conflict("somebody else decided it".to_owned())),
        Undone::TooLate => Err(Problem::Conflict("it cannot be taken back any more; reopen it".to_owned())),
    }
}

async fn reopen(
    app: &App,
    caller: &Caller,
    review: &Review,
    body: &Decide,
) -> Result<Json<Decided>, Problem> {
    let note = body.note.as_deref().unwrap_or_default().trim();
    let until = app.catalog.now() + LEASE;
    let id = review.document_id;
    match app.catalog.reopen(id, &caller.actor, body.version, note, until).await? {
        Reopened::Waits(_) => Ok(Json(Decided { status: Status::InReview, documents: Vec::new() })),
        Reopened::Changed(version) => {
            Err(Problem::Conflict(format!("the document changed meanwhile (version {version}); look again")))
        }
        Reopened::NotAtRest => {
            Err(Problem::Conflict("only what is filed or rejected, and no duplicate, is reopened".to_owned()))
        }
        Reopened::Missing => Err(Problem::NotFound("document")),
    }
}
