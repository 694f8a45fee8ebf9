//! What a page sends by itself while somebody has it open: what they type, and that they are still there.

use acuse_storage::DocumentId;
use axum::{
    Form, Json,
    extract::{FromRequest, FromRequestParts, Request, State},
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
    Id(id): Id<DocumentId>,
    ByItself { person, typed }: ByItself,
) -> Result<StatusCode, Problem> {
    let lost = || Problem::Conflict("somebody else has it now".to_owned());
    let review = app.catalog.open_review_of(id).await?.ok_or_else(lost)?;
    let fence = typed.number("fence").unwrap_or(review.fence);
    let kept = app.catalog.renew_review(review.id, &person.caller.actor, fence, LEASE).await?;
    kept.ok_or_else(lost)?;
    app.catalog.keep_reserved(&person.caller.actor, RESERVED).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /review/{document id}/draft`: keeps what is typed, as it is typed. 205 where nothing of it differs from what stands;
/// 403 with what the form must carry where they have signed in anew.
pub async fn draft(
    State(app): State<App>,
    Id(id): Id<DocumentId>,
    ByItself { person, typed }: ByItself,
) -> Result<StatusCode, Problem> {
    let document = access::open(&app, &person.caller, id).await?;
    let is_kept = keep(&app, &person, &document, &typed).await?;
    Ok(if is_kept { StatusCode::NO_CONTENT } else { StatusCode::RESET_CONTENT })
}

/// What a page sends by itself, and whose session it is of: this one's, or nothing is done with it.
pub struct ByItself {
    person: Person,
    typed: Typed,
}

impl FromRequest<App> for ByItself {
    type Rejection = Response;
    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let person =
            Person::from_request_parts(&mut parts, app).await.map_err(IntoResponse::into_response)?;
        let headers = parts.headers.clone();
        let request = Request::from_parts(parts, body);
        let Form(form) = Form::<Vec<(String, String)>>::from_request(request, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let typed = Typed(form);
        match of_an_earlier_session(&person, &headers, &typed).map_err(IntoResponse::into_response)? {
            Some(anew) => Err((StatusCode::FORBIDDEN, Json(anew)).into_response()),
            None => Ok(Self { person, typed }),
        }
    }
}

/// What the forms of a page must carry since its person signed in anew beside it.
#[derive(Serialize)]
struct Anew {
    csrf: String,
}

/// Nothing, where the form is of this session. To a page of our own whose person is this one it is said what it must carry
/// now: it sends the form again with it. No other site's page can read an answer of ours.
fn of_an_earlier_session(
    person: &Person,
    headers: &HeaderMap,
    typed: &Typed,
) -> Result<Option<Anew>, Problem> {
    let Err(other) = person.check_form(typed.get("csrf").unwrap_or_default()) else { return Ok(None) };
    if is_cross_site(headers) || typed.get("user") != Some(person.user.name.as_str()) {
        return Err(other);
    }
    Ok(Some(Anew { csrf: person.csrf.clone() }))
}
