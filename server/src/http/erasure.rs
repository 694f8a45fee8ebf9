//! Erasing for ever, the receipts of it, and legal holds against it.

use std::time::Duration;

use acuse_storage::{
    DocumentId,
    erasure::{Cause, Finishing, Hold, HoldPlaced, Keep, Receipt, Wish, Wished},
    key_file::ErasedKind,
    keys::Scope,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{Chain, auth::Caller};
use crate::{
    access,
    etag::Precondition,
    extract::{Body, Id, Kinded, Params, cursor, limit},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// Longest wait for keys, objects and files; what takes longer goes on, and the receipt says when it was over.
const FINISHING: Duration = Duration::from_secs(20);

/// Query of the deletion of a document.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    keep: Option<Keep>,
    whole_file: bool,
}

/// Body of an erasure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    kind: ErasedKind,
    id: Uuid,
    /// What stays of bills; as configured where it is not said.
    #[serde(default)]
    keep: Option<Keep>,
    /// Whether other documents of the same files go too.
    #[serde(default)]
    whole_file: bool,
}

/// Query of the receipts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Page {
    after: Option<String>,
    limit: Option<u32>,
}

/// Body of a hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    reason: String,
}

type Answer = (StatusCode, Json<Receipt>);

/// `DELETE /v1/documents/{id}?keep=amounts|nothing&whole_file=true`; with `If-Match` only as it was seen.
///
/// # Errors
/// 404 where there is none for this caller, 412 where it was seen otherwise, 409 under a hold or in one file with others.
pub async fn delete_document(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DocumentId>,
    headers: HeaderMap,
    Params(query): Params<Query>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Erasure)?;
    let seen = Precondition::if_given(&headers)?;
    let asked =
        Asked { kind: ErasedKind::Document, id: id.0, keep: query.keep, whole_file: query.whole_file };
    carry_out(&app, &caller, asked, seen).await
}

/// `POST /v1/erasures`.
///
/// # Errors
/// Without the scope `erasure`, and where there is no such thing.
pub async fn erase(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<Asked>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Erasure)?;
    carry_out(&app, &caller, asked, Precondition::Any).await
}

async fn carry_out(app: &App, caller: &Caller, asked: Asked, seen: Precondition) -> Result<Answer, Problem> {
    match asked.kind {
        ErasedKind::Document => drop(access::reach(app, caller, DocumentId(asked.id)).await?),
        // Whoever erases a person reaches all that is theirs.
        ErasedKind::Contact | ErasedKind::Customer => unbound(caller)?,
    }
    if asked.whole_file {
        unbound(caller)?;
    }
    let wish = Wish {
        kind: asked.kind,
        id: asked.id,
        cause: Cause::Request,
        by: caller.actor.clone(),
        keep: asked.keep.unwrap_or(app.keep),
        whole_file: asked.whole_file,
        seen_version: seen.version(),
    };
    match app.catalog.erase(&wish).await? {
        Wished::Begun(receipt) => finished(app, receipt).await,
        Wished::Already(receipt) => Ok((status(&receipt), Json(receipt))),
        Wished::Missing => Err(Problem::NotFound(asked.kind.as_str())),
        Wished::Changed(version) => seen.told(Err(Problem::Changed(version))),
        Wished::Held(holds) => Err(Problem::Conflict(held(&holds))),
        Wished::WithOthers(others) => Err(Problem::Conflict(format!(
            "{} other documents are in the same file: with whole_file=true they are erased too",
            others.len()
        ))),
    }
}

fn unbound(caller: &Caller) -> Result<(), Problem> {
    if caller.access().is_bound() { Err(Problem::Bound) } else { Ok(()) }
}

fn held(holds: &[Hold]) -> String {
    let first = holds.first().map(|hold| format!(" on {} {}", hold.kind, hold.subject)).unwrap_or_default();
    format!("a legal hold{first} forbids it ({} in all)", holds.len())
}

fn status(receipt: &Receipt) -> StatusCode {
    if receipt.finished_at.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED }
}

/// Keys, objects and files, which go on should the caller go away.
async fn finished(app: &App, receipt: Receipt) -> Result<Answer, Problem> {
    let (catalog, objects) = (app.catalog.clone(), app.objects.clone());
    let finishing =
        tokio::spawn(async move { catalog.finish_erasures(&objects, Finishing::default()).await });
    match tokio::time::timeout(FINISHING, finishing).await {
        Ok(Ok(Ok(_))) => {}
        Ok(Ok(Err(error))) => {
            tracing::error!(error = %Chain(&error), "an erasure is not finished; the workers go on with it");
        }
        Ok(Err(error)) => tracing::error!(%error, "an erasure is not finished; the workers go on with it"),
        Err(_) => tracing::info!("an erasure takes a while; it goes on"),
    }
    let receipt = app.catalog.erasure(receipt.id).await?.unwrap_or(receipt);
    Ok((status(&receipt), Json(receipt)))
}

/// `GET /v1/erasures`, the latest first.
///
/// # Errors
/// Without the scope `erasure`, and where there is no such thing.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(page): Params<Page>,
) -> Result<Json<Listing<Receipt>>, Problem> {
    caller.require(Scope::Erasure)?;
    unbound(&caller)?;
    let most = limit(page.limit)?;
    let data = app.catalog.erasures(cursor::<Uuid>(page.after.as_deref())?, most).await?;
    let next = data.last().filter(|_| data.len() == most as usize).map(|last| last.id.to_string());
    Ok(Json(Listing { data, next }))
}

/// `GET /v1/erasures/{id}`.
///
/// # Errors
/// Without the scope `erasure`, and where there is no such thing.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<Uuid>,
) -> Result<Json<Receipt>, Problem> {
    caller.require(Scope::Erasure)?;
    unbound(&caller)?;
    app.catalog.erasure(id).await?.map(Json).ok_or(Problem::NotFound("erasure"))
}

/// `GET /v1/holds`.
///
/// # Errors
/// Without the scope `erasure`, and where there is no such thing.
pub async fn holds(State(app): State<App>, caller: Caller) -> Result<Json<Listing<Hold>>, Problem> {
    caller.require(Scope::Erasure)?;
    unbound(&caller)?;
    Ok(Json(Listing { data: app.catalog.legal_holds().await?, next: None }))
}

/// `PUT /v1/holds/{document|contact|customer}/{id}`.
///
/// # Errors
/// Without the scope `erasure`, and where there is no such thing.
pub async fn place(
    State(app): State<App>,
    caller: Caller,
    Kinded(kind, id): Kinded<ErasedKind, Uuid>,
    Body(body): Body<Reason>,
) -> Result<StatusCode, Problem> {
    caller.require(Scope::Erasure)?;
    unbound(&caller)?;
    if body.reason.trim().is_empty() {
        return Err(Problem::Unprocessable("reason: say why it is held".to_owned()));
    }
    match app.catalog.place_hold(kind, id, &body.reason, &caller.actor).await? {
        HoldPlaced::Placed => Ok(StatusCode::NO_CONTENT),
        HoldPlaced::Missing => Err(Problem::NotFound(kind.as_str())),
    }
}

/// `DELETE /v1/holds/{document|contact|customer}/{id}`.
///
/// # Errors
/// Without the scope `erasure`, and where there is no such thing.
pub async fn lift(
    State(app): State<App>,
    caller: Caller,
    Kinded(kind, id): Kinded<ErasedKind, Uuid>,
) -> Result<StatusCode, Problem> {
    caller.require(Scope::Erasure)?;
    unbound(&caller)?;
    if app.catalog.lift_hold(kind, id, &caller.actor).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::NotFound("hold"))
    }
}
