//! What a page sends by itself while somebody has it open: what they type, and that they are still there.

use acuse_storage::DocumentId;
use axum::{
    Form, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::keep;
use crate::{
    access,
    desk::{
        session::{Person, is_cross_site},
        typed::Typed,
        work::RESERVED,
    },
    extract::Id,
    problem::Problem,
    review::LEASE,
    state::App,
};

/// `POST /review/{document id}/beat`: whoever has the page open still works on it. 409 when it is theirs no longer; 403 with
/// what the form must carry where they have signed in anew.
pub async fn beat(
    State(app): State<App>,
    person: Person,
    headers: HeaderMap,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed(form);
    if let Some(anew) = of_an_earlier_session(&person, &headers, &typed)? {
        return Ok(anew);
    }
    let lost = || Problem::Conflict("somebody else has it now".to_owned());
    let review = app.catalog.open_review_of(id).await?.ok_or_else(lost)?;
    let fence = typed.number("fence").unwrap_or(review.fence);
    let kept = app.catalog.renew_review(review.id, &person.caller.actor, fence, LEASE).await?;
    kept.ok_or_else(lost)?;
    app.catalog.keep_reserved(&person.caller.actor, RESERVED).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /review/{document id}/draft`: keeps what is typed, as it is typed. 205 where nothing of it differs from what stands;
/// 403 with what the form must carry where they have signed in anew.
pub async fn draft(
    State(app): State<App>,
    person: Person,
    headers: HeaderMap,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed(form);
    if let Some(anew) = of_an_earlier_session(&person, &headers, &typed)? {
        return Ok(anew);
    }
    let document = access::open(&app, &person.caller, id).await?;
    let is_kept = keep(&app, &person, &document, &typed).await?;
    let status = if is_kept { StatusCode::NO_CONTENT } else { StatusCode::RESET_CONTENT };
    Ok(status.into_response())
}

/// What the forms of a page must carry since its person signed in anew beside it.
#[derive(Serialize)]
struct Anew {
    csrf: String,
}

/// Nothing, where the form is of this session. To a page of our own whose person is this one it is said what it must carry
/// now, and nothing is done: it sends the form again with it. No other site's page can read an answer of ours.
fn of_an_earlier_session(
    person: &Person,
    headers: &HeaderMap,
    typed: &Typed,
) -> Result<Option<Response>, Problem> {
    let Err(other) = person.check_form(typed.get("csrf").unwrap_or_default()) else { return Ok(None) };
    if is_cross_site(headers) || typed.get("user") != Some(person.user.name.as_str()) {
        return Err(other);
    }
    Ok(Some((StatusCode::FORBIDDEN, Json(Anew { csrf: person.csrf.clone() })).into_response()))
}
