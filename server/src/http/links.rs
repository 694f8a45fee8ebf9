//! `/v1/links`: who has a link needs no key.

use acuse_storage::{Access, keys::Scope, names::KeyId};
use axum::{extract::State, http::HeaderMap, response::Response};

use crate::{
    content::{self, Query, links},
    extract::Id,
    problem::Problem,
    state::App,
};

/// `GET /v1/links/{link}`.
///
/// # Errors
/// 404 where it is no link of ours, its time is over, or the key that it was given to is void or does not reach there any more;
/// 403 where what it leads to is withheld by now.
pub async fn follow(
    State(app): State<App>,
    Id(link): Id<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let gone = || Problem::NotFound("link, or its five minutes are over");
    let keys = app.objects.keys().ok_or_else(gone)?;
    let link = links::read(keys, &link, app.catalog.now()).ok_or_else(gone)?;
    let access = access_of(&app, link.ids, link.key(keys)).await?.ok_or_else(gone)?;
    let caller = link.caller(keys, access);
    caller.require(Scope::DocumentsRead)?;
    let query = Query { variant: link.variant, page: link.page, presign: false };
    content::serve(&app, &caller, link.document, &query, &headers).await
}

/// How far whoever it was given to sees by now; none where their key is void.
async fn access_of(app: &App, sees_ids: bool, key: Option<KeyId>) -> Result<Option<Access>, Problem> {
    let Some(key) = key else { return Ok(Some(Access::new(sees_ids))) };
    let known = app.catalog.access_of_key(key).await?.filter(|(key, _)| key.revoked_at.is_none());
    Ok(known.map(|(_, access)| if sees_ids { access } else { access.without_ids() }))
}
