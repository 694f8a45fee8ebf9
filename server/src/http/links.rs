//! `/v1/links`: who has a link needs no key.

use acuse_storage::keys::Scope;
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
/// 404 where it is no link of ours, or its time is over; 403 where what it leads to is withheld by now.
pub async fn follow(
    State(app): State<App>,
    Id(link): Id<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = app.objects.keys().and_then(|keys| {
        let link = links::read(keys, &link, app.catalog.now())?;
        Some((link.caller(keys), link))
    });
    let (caller, link) = found.ok_or(Problem::NotFound("link, or its five minutes are over"))?;
    caller.require(Scope::DocumentsRead)?;
    let query = Query { variant: link.variant, page: link.page, presign: false };
    content::serve(&app, &caller, link.document, &query, &headers).await
}
