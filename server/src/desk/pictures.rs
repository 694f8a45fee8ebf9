//! Pages, originals and files that a person sent, for a person at the desk: by the same road as the API's.

use acuse_storage::{DocumentId, keys::Scope, names::AttachmentId};
use axum::{extract::State, http::HeaderMap, response::Response};

use super::session::Person;
use crate::{
    access,
    content::{Query, bytes, picture, serve, tamed},
    extract::{Id, Params},
    problem::Problem,
    state::App,
};

/// `GET /pictures/{id}`: a page, a small picture, or the original as a download.
pub async fn show(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Params(query): Params<Query>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    serve(&app, &person.caller, id, &query, &headers).await
}

/// `GET /pictures/{id}/received?page=N`: the picture as it came, for a person who compares it with what was made of it.
/// What no browser shows was drawn by the reader.
pub async fn received(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Params(query): Params<Query>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let document = access::open(&app, &person.caller, id).await?;
    let Some(kind) = picture(&document) else {
        return serve(&app, &person.caller, id, &query.received(), &headers).await;
    };
    let mut response = serve(&app, &person.caller, id, &Query::default(), &headers).await?;
    tamed(response.headers_mut(), kind, "inline");
    Ok(response)
}

/// `GET /files/{id}`: a file that a person of us sent to a contact, for a person at the desk. It is a download as any other.
pub async fn sent(
    State(app): State<App>,
    person: Person,
    Id(id): Id<AttachmentId>,
) -> Result<Response, Problem> {
    person.caller.require(Scope::MessagesRead)?;
    let found = app.catalog.sent_file(person.caller.access(), id).await?;
    let (stored, file_type) = found.ok_or(Problem::NotFound("file"))?;
    let beside = app.catalog.beside_sent_file(id).await?;
    app.catalog.audit_views(&person.caller.actor, "sent_file", &beside).await?;
    let mut response = bytes(&app, &stored.key, None).await?;
    let disposition = format!("attachment; filename=\"{id}.{}\"", file_type.extension());
    tamed(response.headers_mut(), "application/octet-stream", &disposition);
    Ok(response)
}
