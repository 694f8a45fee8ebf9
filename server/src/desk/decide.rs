//! What a person does with a document, from the desk's form: nothing they typed is lost, whatever comes of it.

mod asked;
mod onward;
mod typing;
mod undecided;

use acuse_storage::{
    Document, DocumentId,
    keys::Scope,
    reviews::{Reopened, Undone},
};
use axum::{
    Form, Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

use super::{Undo, document, login, queue_view::QueueView, session::Person, trouble, typed::Typed, undo_bar};
use crate::{
    access,
    extract::Id,
    problem::Problem,
    review::{self, Fault, LEASE, Refusal, Verdict},
    state::App,
};
use asked::{asked, seen, verdict};
use onward::{beside, onward};
pub use typing::{beat, draft};
use undecided::{ask_password, memo, new_customer, put_off, take};

/// `POST /review/{document id}`.
pub async fn decide(
    State(app): State<App>,
    headers: HeaderMap,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let typed = Typed(form);
    let here = format!("/documents/{id}{}", QueueView::typed(&typed).query());
    let person = match Person::of(&app, &headers).await {
        Ok(Some(person)) => person,
        Ok(None) => return login::interrupted(&app, &headers, id, &typed),
        Err(problem) => return trouble(problem, &here),
    };
    match act(&app, &person, id, (&headers, &typed)).await {
        // A page that has prepared the next one asks only where to go on.
        Ok(to) if headers.contains_key("x-desk") => {
            went(&app, &person, &typed, to).await.unwrap_or_else(|problem| trouble(problem, &here))
        }
        Ok(to) => Redirect::to(&to).into_response(),
        Err(refusal) => document::refused(&app, &person, id, &typed, refusal)
            .await
            .unwrap_or_else(|problem| trouble(problem, "/")),
    }
}

/// Where it goes on, and the way back.
#[derive(Serialize)]
struct Went {
    to: String,
    /// The form that takes the decision back, as it stands on pages.
    undo: String,
}

async fn went(app: &App, person: &Person, typed: &Typed, to: String) -> Result<Response, Problem> {
    let undo = Undo::of(app, person).await?;
    Ok(Json(Went { to, undo: undo_bar(person, undo, QueueView::typed(typed)) }).into_response())
}

async fn act(
    app: &App,
    person: &Person,
    id: DocumentId,
    (headers, typed): (&HeaderMap, &Typed),
) -> Result<String, Refusal> {
    person.caller.require(Scope::ReviewsWrite)?;
    person.check_form(typed.get("csrf").unwrap_or_default())?;
    let document = access::open(app, &person.caller, id).await?;
    let only = QueueView::typed(typed).query();
    let here = format!("/documents/{id}{only}");
    let action = typed.get("action").unwrap_or_default();
    if action == "discard" {
        app.catalog.discard_draft(id, &person.caller.actor).await?;
        return Ok(here);
    }
    keep(app, person, &document, typed).await?;
    if matches!(action, "reopen" | "amend") {
        return at_rest(app, person, &document, typed, action).await.map(|()| here);
    }
    let gone = || Problem::Conflict("this document does not wait for a decision any more".to_owned());
    let review = app.catalog.open_review_of(id).await?.ok_or_else(gone)?;
    match action {
        "take" => return take(app, person, &review).await.map(|()| here),
        "release" => {
            app.catalog.release_review(review.id, &person.caller.actor).await?;
            return Ok(format!("/{only}"));
        }
        "postpone" | "assign" => {
            put_off(app, person, &review, headers, typed).await?;
            // It is kept with that, and not once more with what is decided later.
            redraft(app, person, &document, &typed.emptied(&["memo"])).await?;
            return onward(app, person, &review, typed, None).await;
        }
        "ask_password" => {
            ask_password(app, person, &review, typed).await?;
            return onward(app, person, &review, typed, None).await;
        }
        "memo" => return memo(app, person, &document, typed).await.map(|()| here),
        // To where they are chosen, which is so seen. Not to the field itself: it would take the keys.
        "new_customer" => {
            return new_customer(app, person, &document, typed).await.map(|()| format!("{here}#chosen"));
        }
        "skip" => {
            // Given back once the next is theirs: before that this one would be the next, where it is the last.
            let to = onward(app, person, &review, typed, None).await?;
            app.catalog.release_review(review.id, &person.caller.actor).await?;
            return Ok(to);
        }
        _ => {}
    }
    let verdict = verdict(action)?;
    let mut ask = asked(verdict, &document, typed)?;
    if !app.undo.is_zero() {
        ask.held_until = Some(app.catalog.now() + app.undo);
    }
    let beside = beside(app, person, &review, typed).await?;
    review::decide(app, &person.caller, review.id, ask).await?;
    is_done(app, person, &document).await?;
    onward(app, person, &review, typed, beside).await
}

/// Keeps what was typed, so that no failure and no way out loses it. What was typed back to what stands is kept no more, and
/// does not return. Whether there is a draft now.
pub(super) async fn keep(
    app: &App,
    person: &Person,
    document: &Document,
    typed: &Typed,
) -> Result<bool, Problem> {
    // The form of the parts alone, or one that shows no field, takes nothing of the rest back.
    if !typed.is_whole() && !typed.differs(document) {
        return Ok(true);
    }
    redraft(app, person, document, typed).await
}

/// The draft says what the form says, and is none where that is nothing. Whether there is one.
async fn redraft(app: &App, person: &Person, document: &Document, typed: &Typed) -> Result<bool, Problem> {
    let who = &person.caller.actor;
    let before = app.catalog.draft(document.id, who).await?;
    let was_kept = before.is_some();
    let typed = typed.over(before.map(|draft| draft.form).unwrap_or_default());
    let Some(form) = typed.draft() else { return Ok(was_kept) };
    let differs = typed.differs(document);
    if differs {
        let seen = typed.number("version").unwrap_or(document.version);
        app.catalog.save_draft(document.id, who, seen, &form).await?;
    } else if was_kept {
        app.catalog.discard_draft(document.id, who).await?;
    }
    Ok(differs)
}

/// What was typed is decided, and cannot be taken back: it is offered no more. Where there is a hold, its end does that.
async fn is_done(app: &App, person: &Person, document: &Document) -> Result<(), Problem> {
    if app.undo.is_zero() {
        app.catalog.discard_draft(document.id, &person.caller.actor).await?;
    }
    Ok(())
}

/// Takes up a filed or rejected document again, or corrects it as it stands.
async fn at_rest(
    app: &App,
    person: &Person,
    document: &Document,
    typed: &Typed,
    action: &str,
) -> Result<(), Refusal> {
    if action == "amend" {
        let mut ask = asked(Verdict::Correct, document, typed)?;
        if !app.undo.is_zero() {
            ask.held_until = Some(app.catalog.now() + app.undo);
        }
        review::decide_again(app, &person.caller, document.id, ask).await?;
        return Ok(is_done(app, person, document).await?);
    }
    let (who, until) = (&person.caller.actor, app.catalog.now() + LEASE);
    let note = typed.get("note").unwrap_or_default();
    match app.catalog.reopen(document.id, who, Some(seen(typed)?), note, until).await? {
        Reopened::Waits(_) => Ok(()),
        Reopened::Changed(_) => {
            Err(Problem::Conflict("the document changed meanwhile; look again".to_owned()).into())
        }
        Reopened::StillHeld { secs } => Err(review::still_held(secs).into()),
        Reopened::NotAtRest => Err(Problem::Conflict(
            "only what is filed or rejected is reopened, and no answer that is part of another document"
                .to_owned(),
        )
        .into()),
        Reopened::Missing => Err(Problem::NotFound("document").into()),
    }
}

/// `POST /review/{document id}/undo`: takes the person's own decision back, and leads to the document in the view that the
/// page with the way back was of.
pub async fn undo(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let typed = Typed(form);
    let here = format!("/documents/{id}{}", QueueView::typed(&typed).query());
    let back = async {
        person.check_form(typed.get("csrf").unwrap_or_default())?;
        match app.catalog.undo_decision(id, &person.caller.actor, LEASE).await? {
            Undone::Done(_) => Ok(()),
            Undone::NotYours => Err(Problem::Conflict("somebody else decided it".to_owned())),
            Undone::TooLate => {
                Err(Problem::Conflict("it cannot be taken back any more: reopen it on its page".to_owned()))
            }
        }
    };
    match back.await {
        Ok(()) => Redirect::to(&here).into_response(),
        Err(problem) => trouble(problem, &here),
    }
}

/// What a refusal says at the top of the page; what it says of fields stands at them.
pub(super) fn general(refusal: &Refusal) -> Vec<String> {
    match refusal {
        Refusal::Problem(problem) => {
            let said = problem.to_string();
            // Whoever has it is a colleague here, by their name.
            vec![super::sentence(said.strip_prefix("user:").unwrap_or(&said))]
        }
        Refusal::Faults(faults) => {
            let general = faults.iter().filter(|f| f.field.is_none());
            general.map(|f: &Fault| super::sentence(&f.message)).collect()
        }
        Refusal::Warnings(_) => Vec::new(),
    }
}
