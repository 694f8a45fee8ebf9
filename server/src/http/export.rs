//! `/v1/export` and `/v1/periods`: the books for accounting, and the months that were closed.

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    keys::Scope,
    periods::{Afterwards, Closing, Month, Period},
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, Version},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::auth::Caller;
use crate::{
    export::{Query, answered},
    extract::{Id, Params},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// `GET /v1/export`.
pub async fn of_key(
    State(app): State<App>,
    caller: Caller,
    version: Version,
    Params(query): Params<Query>,
) -> Result<Response, Problem> {
    caller.require(Scope::DocumentsRead)?;
    answered(&app, &caller, &query, version).await
}

/// A closed month as far as a caller may know it: its sums and its hashes are of all documents, so they are for who sees all.
/// A hash would tell whether a guess of what is withheld is right.
#[derive(Debug, Serialize)]
pub struct PeriodView {
    #[serde(flatten)]
    head: Head,
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<acuse_storage::export::Totals>,
    #[serde(flatten)]
    afterwards: Option<Afterwards>,
}

#[derive(Debug, Serialize)]
struct Head {
    id: uuid::Uuid,
    month: Month,
    #[serde(with = "time::serde::rfc3339")]
    closed_at: OffsetDateTime,
    closed_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Sha256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines_sha256: Option<Sha256>,
}

fn view(caller: &Caller, period: Period, afterwards: Option<Afterwards>) -> PeriodView {
    let Period { id, month, closed_at, closed_by, zone, sha256, lines_sha256, totals } = period;
    let all = caller.access().sees_all();
    let (sha256, lines_sha256) = (Some(sha256).filter(|_| all), lines_sha256.filter(|_| all));
    PeriodView {
        head: Head { id, month, closed_at, closed_by, zone, sha256, lines_sha256 },
        totals: all.then_some(totals),
        afterwards: afterwards.filter(|_| all),
    }
}

/// `GET /v1/periods`, the latest month first.
pub async fn periods(State(app): State<App>, caller: Caller) -> Result<Json<Listing<PeriodView>>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let all = app.catalog.periods().await?;
    Ok(Json(Listing { data: all.into_iter().map(|p| view(&caller, p, None)).collect(), next: None }))
}

/// `GET /v1/periods/{month}`: what was frozen, what came late, what was adjusted.
pub async fn period(
    State(app): State<App>,
    caller: Caller,
    Id(month): Id<Month>,
) -> Result<Json<PeriodView>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let period = app.catalog.period(month).await?.ok_or(Problem::NotFound("closed period"))?;
    let afterwards =
        if caller.access().sees_all() { Some(app.catalog.period_afterwards(&period).await?) } else { None };
    Ok(Json(view(&caller, period, afterwards)))
}

/// Query of closing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Close {
    /// Close it although something of it is missing.
    despite_missing: bool,
}

/// `POST /v1/periods/{month}/close`.
pub async fn close(
    State(app): State<App>,
    caller: Caller,
    Id(month): Id<Month>,
    Params(close): Params<Close>,
) -> Result<Response, Problem> {
    caller.require(Scope::Admin)?;
    if !caller.access().sees_all() {
        return Err(Problem::Bound);
    }
    let present = app.catalog.now();
    match app.catalog.close_period(month, &caller.actor, close.despite_missing, present).await? {
        Closing::Closed(period) => {
            Ok((StatusCode::CREATED, Json(view(&caller, period, None))).into_response())
        }
        Closing::Already(period) => Ok(Json(view(&caller, period, None)).into_response()),
        Closing::NotOver => Err(Problem::Conflict(format!("{month} is not over yet"))),
        Closing::Incomplete(totals) => {
            let missing = totals.missing;
            Err(Problem::Conflict(format!(
                "{month} is not complete: {} documents of it, or that could be, still wait ({} without a date, {} \
                 decided a moment ago), {} are filed without a date, {} lines have no amount. To close it all the \
                 same, say ?despite_missing=true",
                missing.waiting,
                missing.undated,
                missing.held,
                missing.filed_undated,
                totals.sums.without_total
            )))
        }
    }
}
