//! Work mode: one document after another, without a list. A GET takes nothing; *fetch next* takes the most urgent that is
//! free, and while a person looks at it the one after it is prepared under a short reservation.

use std::time::Duration;

use acuse_storage::{DocumentId, ReviewId, keys::Scope};
use askama::Template;
use axum::{
    Form, Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

use super::{
    Frame, Shown, page,
    queue::{Chip, Row, chips, lines_of},
    queue_view::QueueView,
    session::Person,
    typed::Typed,
};
use crate::{
    access::{self, rights::Right},
    extract::{Id, Params},
    problem::Problem,
    review::LEASE,
    state::App,
};

/// How long the next one is kept for a person who does not come to it, unless their page says that they still work.
pub(super) const RESERVED: Duration = Duration::from_secs(120);

/// Something that a person holds.
struct Held {
    href: String,
    title: String,
    who: String,
}

#[derive(Template)]
#[template(path = "work.html")]
struct Work {
    frame: Frame,
    view: QueueView,
    /// Address and name of those that it can narrow to.
    saved: Vec<(String, String)>,
    reasons: Vec<Chip>,
    held: Vec<Held>,
    /// What would be fetched now.
    first: Option<Row>,
}

/// `GET /work`: what is next in this view. It takes nothing.
pub async fn show(State(app): State<App>, person: Person, Params(view): Params<QueueView>) -> Shown {
    Shown(render(&app, &person, view).await)
}

async fn render(app: &App, person: &Person, view: QueueView) -> Result<Response, Problem> {
    person.caller.require(Scope::ReviewsWrite)?;
    let view = view.of_anybody();
    let found = app.catalog.review_table(&view.open_to(person), None, 1).await?.data;
    let first = match found.into_iter().next() {
        Some((review, document)) => {
            let seen = access::list(app, &person.caller, vec![document]).await?;
            seen.first().map(|seen| Row::of_review(&review, seen, None, "", app.catalog.now()))
        }
        None => None,
    };
    let saved = app.catalog.saved_views(&person.caller.actor).await?;
    Ok(page(&Work {
        saved: saved.into_iter().filter_map(|v| Some((QueueView::kept(&v.query)?.query(), v.name))).collect(),
        reasons: chips(app, person).await?,
        held: held(app, person).await?,
        first,
        frame: Frame::of(app, person, "work").await?,
        view,
    }))
}

/// What the person holds, what they came to last first.
async fn held(app: &App, person: &Person) -> Result<Vec<Held>, Problem> {
    let mut documents = Vec::new();
    for id in app.catalog.held_reviews_of(&person.caller.actor).await? {
        documents.extend(app.catalog.document_for(person.caller.access(), id).await?);
    }
    let held = |row: Row| Held { href: row.href, title: row.title, who: row.who };
    Ok(lines_of(app, person, documents).await?.into_iter().map(held).collect())
}

/// `POST /work`: takes the first document of a view that nobody holds, the most urgent unless it has another order.
pub async fn fetch_next(
    State(app): State<App>,
    person: Person,
    Form(form): Form<Vec<(String, String)>>,
) -> Shown {
    let typed = Typed(form);
    Shown(
        async {
            person.caller.require(Scope::ReviewsWrite)?;
            person.check_form(typed.get("csrf").unwrap_or_default())?;
            let view = QueueView::typed(&typed).of_anybody();
            let next =
                app.catalog.claim_next(&view.table(&person), None, &person.caller.actor, LEASE).await?;
            let to = match next {
                Some(id) => format!("/documents/{id}{}", view.query()),
                None => format!("/work{}", view.query()),
            };
            Ok(Redirect::to(&to).into_response())
        }
        .await,
    )
}

/// What is prepared ahead.
#[derive(Serialize)]
pub struct Ahead {
    path: String,
}

/// `POST /review/{document id}/ahead`: reserves what comes after this document in the view; nothing where nothing does.
///
/// # Errors
/// When the catalog fails or the form is of another session.
pub async fn ahead(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let typed = Typed(form);
    person.caller.require(Scope::ReviewsWrite)?;
    person.check_form(typed.get("csrf").unwrap_or_default())?;
    let none = || StatusCode::NO_CONTENT.into_response();
    let Some(review) = app.catalog.open_review_of(id).await? else { return Ok(none()) };
    if review.claimed_by.as_ref() != Some(&person.caller.actor) {
        return Ok(none());
    }
    let view = QueueView::typed(&typed);
    let actor = &person.caller.actor;
    let next = app.catalog.reserve_next(&view.table(&person), review.id, actor, RESERVED).await?;
    Ok(match next.filter(|next| *next != id) {
        Some(next) => Json(Ahead { path: format!("/documents/{next}{}", view.query()) }).into_response(),
        None => none(),
    })
}

/// `POST /reviews/{id}/take-back`: a supervisor takes a review from whoever holds it.
pub async fn take_back(
    State(app): State<App>,
    person: Person,
    Id(id): Id<ReviewId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Shown {
    let typed = Typed(form);
    Shown(
        async {
            person.must(Right::Supervise)?;
            person.check_form(typed.get("csrf").unwrap_or_default())?;
            let (review, _) = crate::review::of(&app, &person.caller, id).await?;
            if app.catalog.take_back_review(id, &person.caller.actor).await?.is_none() {
                return Err(Problem::Conflict("nobody holds it any more".to_owned()));
            }
            let only = QueueView::typed(&typed).query();
            let to = match typed.get("back") {
                Some("document") => format!("/documents/{}{only}", review.document_id),
                _ => format!("/{only}"),
            };
            Ok(Redirect::to(&to).into_response())
        }
        .await,
    )
}
