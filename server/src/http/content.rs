//! `/v1/documents/{id}/content`: the bytes of a document, to whom they may be shown.

use acuse_storage::DocumentId;
use axum::{extract::State, http::HeaderMap, response::Response};

use super::auth::Caller;
use crate::{
    content::{Query, serve},
    extract::{Id, Params},
    problem::Problem,
    state::App,
};

/// `GET /v1/documents/{id}/content?variant=original|normalized|received|thumbnail|text|xml&page=N&presign=true`.
pub async fn of_document(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DocumentId>,
    Params(query): Params<Query>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    serve(&app, &caller, id, &query, &headers).await
}
