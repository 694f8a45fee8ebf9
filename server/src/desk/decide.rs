//! What a person does with a document, from the desk's form: nothing they typed is lost, whatever comes of it.

use acuse_conversation::Expects;
use acuse_pipeline::document::Kind;
use acuse_storage::{
    CustomerId, Document, DocumentId, Stage,
    cases::Question,
    customers::{NewCustomer, Saving, Upserted},
    keys::Scope,
    reviews::{Claim, Reopened, Review, Undone},
};
use axum::{
    Form, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use serde_json::json;
use time::{Date, Duration, OffsetDateTime, macros::format_description};

use super::{
    Undo, document, login, queue_view::QueueView, session::Person, split_form, trouble, typed::Typed,
    undo_bar, work::RESERVED,
};
use crate::{
    access, cases, checked, customers,
    extract::{Id, word},
    problem::Problem,
    review::{self, Ask, Fault, LEASE, Refusal, Verdict, Whose},
    state::App,
};

/// `POST /review/{document id}`.
pub async fn decide(
    State(app): State<App>,
    headers: HeaderMap,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let typed = Typed(form);
    let person = match Person::of(&app, &headers).await {
        Ok(Some(person)) => person,
        Ok(None) => return login::interrupted(&app, &headers, id, &typed),
        Err(problem) => return trouble(problem, &format!("/documents/{id}")),
    };
    match act(&app, &person, id, &typed).await {
        // A page that has prepared the next one asks only where to go on.
        Ok(to) if headers.contains_key("x-desk") => went(&app, &person, to)
            .await
            .unwrap_or_else(|problem| trouble(problem, &format!("/documents/{id}"))),
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

async fn went(app: &App, person: &Person, to: String) -> Result<Response, Problem> {
    let undo = Undo::of(app, person).await?;
    Ok(Json(Went { to, undo: undo_bar(person, undo) }).into_response())
}

async fn act(app: &App, person: &Person, id: DocumentId, typed: &Typed) -> Result<String, Refusal> {
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
            let verdict = if action == "assign" { Verdict::Assign } else { Verdict::Postpone };
            let (until, to) = (until(typed, app.catalog.now()), typed.get("to"));
            let note = typed.get("memo");
            review::put_off(app, &person.caller, review.id, (verdict, until, to), note).await?;
            return onward(app, person, &review, typed, None).await;
        }
        "ask_password" => {
            ask_password(app, person, &review, typed).await?;
            return onward(app, person, &review, typed, None).await;
        }
        "memo" => return memo(app, person, &document, typed).await.map(|()| here),
        "new_customer" => return new_customer(app, person, &document, typed).await.map(|()| here),
        "skip" => {
            app.catalog.release_review(review.id, &person.caller.actor).await?;
            return onward(app, person, &review, typed, None).await;
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
    onward(app, person, &review, typed, beside).await
}

/// Keeps a note in the timeline; nothing is decided.
async fn memo(app: &App, person: &Person, document: &Document, typed: &Typed) -> Result<(), Refusal> {
    let memo = typed.get("memo").filter(|m| !m.is_empty());
    let memo = memo.ok_or_else(|| Problem::BadRequest("note: write something".to_owned()))?;
    let said: String = memo.chars().take(500).collect();
    let detail = json!({ "by": person.caller.actor, "note": said });
    app.catalog.note(document.id, Stage::Done, "noted", detail).await?;
    rest(app, person, document, &typed.without(&["memo"])).await
}

/// Asks the sender for what opens the file, and gives the document back: it waits for them.
async fn ask_password(app: &App, person: &Person, review: &Review, typed: &Typed) -> Result<(), Refusal> {
    let (who, access) = (&person.caller.actor, person.caller.access());
    let holds = review.claimed_by.as_ref() == Some(who) && typed.number("fence") == Some(review.fence);
    if !holds {
        return Err(Problem::Conflict("you do not hold this review".to_owned()).into());
    }
    let question = Question { expects: Expects::Password, text: String::new(), choices: Vec::new() };
    let about = (review.document_id, Some(seen(typed)?));
    cases::told(app.catalog.ask_about(access, about, who, &question).await?)?;
    app.catalog.release_review(review.id, who).await?;
    Ok(())
}

/// What is left of a draft once some of it is done.
async fn rest(app: &App, person: &Person, document: &Document, typed: &Typed) -> Result<(), Refusal> {
    if typed.differs(document) {
        return Ok(keep(app, person, document, typed).await?);
    }
    Ok(app.catalog.discard_draft(document.id, &person.caller.actor).await?)
}

/// Adds a customer and chooses them for the document; filed it is when that is decided.
async fn new_customer(app: &App, person: &Person, document: &Document, typed: &Typed) -> Result<(), Refusal> {
    if person.caller.access().is_bound() {
        return Err(Problem::Bound.into());
    }
    let list =
        |name: &str| typed.get(name).filter(|v| !v.is_empty()).map(str::to_owned).into_iter().collect();
    let new = NewCustomer {
        name: typed.get("new_name").unwrap_or_default().to_owned(),
        phones: list("new_phone"),
        tax_ids: list("new_tax_id"),
        ..NewCustomer::default()
    };
    checked::customer(&new).map_err(Problem::Unprocessable)?;
    let taken = || {
        Problem::Conflict("phone or tax id is another customer's: choose them, or leave it out".to_owned())
    };
    if !customers::known_otherwise(app, &new).await?.is_empty() {
        return Err(taken().into());
    }
    let saving = Saving::adding(&person.caller.actor);
    let saved = app.catalog.save_customers(std::slice::from_ref(&new), &saving).await?;
    let id = saved.first().and_then(Upserted::id).ok_or_else(taken)?;
    let mut typed = typed.without(&["customer_id"]);
    typed.0.push(("customer_id".to_owned(), id.to_string()));
    rest(app, person, document, &typed).await
}

/// `1d`, `3d`, `7d`, or the morning of a day.
fn until(typed: &Typed, now: OffsetDateTime) -> Option<OffsetDateTime> {
    if let Some(day) = typed.get("until_day").filter(|day| !day.is_empty()) {
        let date = Date::parse(day, format_description!("[year]-[month]-[day]")).ok()?;
        return Some(date.with_hms(6, 0, 0).ok()?.assume_utc());
    }
    let days: i64 = typed.get("until")?.strip_suffix('d')?.parse().ok()?;
    now.checked_add(Duration::days(days.clamp(0, 366)))
}

/// A verdict, and what it is because of where the button says.
fn verdict(action: &str) -> Result<Verdict, Problem> {
    Ok(match action.split(':').next().unwrap_or_default() {
        "retry" => Verdict::Retry,
        "duplicate" => Verdict::Duplicate,
        "approve" => Verdict::Approve,
        "correct" => Verdict::Correct,
        "reject" => Verdict::Reject,
        "ask_again" => Verdict::AskAgain,
        "split" => Verdict::Split,
        _ => return Err(Problem::BadRequest("choose what to do with it".to_owned())),
    })
}

/// Keeps what was typed, so that no failure and no way out loses it.
async fn keep(app: &App, person: &Person, document: &Document, typed: &Typed) -> Result<(), Problem> {
    let Some(form) = typed.draft().filter(|_| typed.differs(document)) else { return Ok(()) };
    let seen = typed.number("version").unwrap_or(document.version);
    Ok(app.catalog.save_draft(document.id, &person.caller.actor, seen, &form).await?)
}

async fn take(app: &App, person: &Person, review: &Review) -> Result<(), Refusal> {
    match app.catalog.claim_review(review.id, &person.caller.actor, LEASE).await? {
        Claim::Held { .. } => Ok(()),
        Claim::HeldBy { by, .. } => Err(Problem::Conflict(format!("{by} holds this review")).into()),
        Claim::Resolved => Err(Problem::Conflict("this review is decided already".to_owned()).into()),
        Claim::Missing => Err(Problem::NotFound("review").into()),
    }
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
        return review::decide_again(app, &person.caller, document.id, ask).await.map(drop);
    }
    let (who, until) = (&person.caller.actor, app.catalog.now() + LEASE);
    let note = typed.get("note").unwrap_or_default();
    match app.catalog.reopen(document.id, who, Some(seen(typed)?), note, until).await? {
        Reopened::Waits(_) => Ok(()),
        Reopened::Changed(_) => {
            Err(Problem::Conflict("the document changed meanwhile; look again".to_owned()).into())
        }
        Reopened::NotAtRest => {
            Err(Problem::Conflict("only what is filed or rejected, and no duplicate, is reopened".to_owned())
                .into())
        }
        Reopened::Missing => Err(Problem::NotFound("document").into()),
    }
}

/// Every decision names the version that it is about.
fn seen(typed: &Typed) -> Result<i64, Problem> {
    typed
        .number("version")
        .ok_or_else(|| Problem::BadRequest("version: say which version you looked at".to_owned()))
}

fn asked(verdict: Verdict, document: &Document, typed: &Typed) -> Result<Ask, Refusal> {
    let deciding = matches!(verdict, Verdict::Approve | Verdict::Correct);
    let kind = word::<Kind>("kind", typed.get("kind"))?.filter(|_| deciding);
    let said = |name: &str| typed.get(name).filter(|n| !n.is_empty()).map(str::to_owned);
    Ok(Ask {
        verdict,
        kind,
        fields: kind.map(|kind| typed.changes(kind, document)).unwrap_or_default(),
        whose: match typed.get("customer_id").filter(|_| deciding) {
            None => Whose::Keep,
            Some("") => Whose::Nobody,
            Some(id) => word::<CustomerId>("customer", Some(id))?.map_or(Whose::Keep, Whose::Customer),
        },
        parts: if verdict == Verdict::Split {
            Some(split_form::said(typed.get("parts").unwrap_or_default())?)
        } else {
            None
        },
        note: match verdict {
            Verdict::Reject => rejection(typed).or_else(|| said("reject_note")).or_else(|| said("note")),
            Verdict::AskAgain => {
                let own = typed.get("ask_text").filter(|text| Some(*text) != typed.get("ask_default"));
                said("note").or_else(|| own.filter(|text| !text.is_empty()).map(str::to_owned))
            }
            _ => said("note"),
        },
        message: (verdict == Verdict::AskAgain).then(|| said("ask_text")).flatten(),
        duplicate_of: match verdict {
            Verdict::Duplicate => word::<DocumentId>("duplicate_of", named(typed, "duplicate:"))?,
            _ => None,
        },
        because: said("because"),
        seen_version: Some(seen(typed)?),
        fence: typed.number("fence"),
        held_until: None,
    })
}

/// What the button names behind its action.
fn named<'a>(typed: &'a Typed, action: &str) -> Option<&'a str> {
    typed.get("action")?.strip_prefix(action)
}

/// The reason that the button names.
fn rejection(typed: &Typed) -> Option<String> {
    document::why_rejected(named(typed, "reject:")?).map(str::to_owned)
}

/// What is shown next to a document before it is decided: what it is sorted by may be another thing afterwards. In the queue's
/// own order nothing of it changes.
async fn beside(
    app: &App,
    person: &Person,
    review: &Review,
    typed: &Typed,
) -> Result<Option<DocumentId>, Refusal> {
    let shown = QueueView::typed(typed).open_to(person);
    if shown.is_queue() {
        return Ok(None);
    }
    Ok(app.catalog.neighbour(&shown, review, true).await?)
}

/// The one beside, or the next document of what is shown that nobody else holds, taken; the queue when there is none.
async fn onward(
    app: &App,
    person: &Person,
    from: &Review,
    typed: &Typed,
    beside: Option<DocumentId>,
) -> Result<String, Refusal> {
    let view = QueueView::typed(typed);
    let actor = &person.caller.actor;
    let next = match taken(app, actor, beside).await? {
        None => app.catalog.claim_next(&view.table(person), Some(from.id), actor, LEASE).await?,
        taken => taken,
    };
    let only = view.query();
    Ok(next
        .filter(|id| *id != from.document_id)
        .map_or_else(|| format!("/{only}"), |id| format!("/documents/{id}{only}")))
}

/// A document that still waits, taken unless somebody was quicker.
async fn taken(app: &App, who: &str, id: Option<DocumentId>) -> Result<Option<DocumentId>, Refusal> {
    let Some(id) = id else { return Ok(None) };
    let Some(review) = app.catalog.open_review_of(id).await? else { return Ok(None) };
    let claim = app.catalog.claim_review(review.id, who, LEASE).await?;
    Ok(matches!(claim, Claim::Held { .. }).then_some(id))
}

/// `POST /review/{document id}/undo`: takes the person's own decision back.
pub async fn undo(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let back = async {
        person.check_form(Typed(form).get("csrf").unwrap_or_default())?;
        match app.catalog.undo_decision(id, &person.caller.actor, LEASE).await? {
            Undone::Done(_) => Ok(()),
            Undone::NotYours => Err(Problem::Conflict("somebody else decided it".to_owned())),
            Undone::TooLate => {
                Err(Problem::Conflict("it cannot be taken back any more: reopen it on its page".to_owned()))
            }
        }
    };
    match back.await {
        Ok(()) => Redirect::to(&format!("/documents/{id}")).into_response(),
        Err(problem) => trouble(problem, &format!("/documents/{id}")),
    }
}

/// `POST /review/{document id}/beat`: whoever has the page open still works on it. 409 when it is theirs no longer.
pub async fn beat(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<StatusCode, Problem> {
    let typed = Typed(form);
    person.check_form(typed.get("csrf").unwrap_or_default())?;
    let lost = || Problem::Conflict("somebody else has it now".to_owned());
    let review = app.catalog.open_review_of(id).await?.ok_or_else(lost)?;
    let fence = typed.number("fence").unwrap_or(review.fence);
    let kept = app.catalog.renew_review(review.id, &person.caller.actor, fence, LEASE).await?;
    kept.ok_or_else(lost)?;
    app.catalog.keep_reserved(&person.caller.actor, RESERVED).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /review/{document id}/draft`: keeps what is typed, as it is typed.
pub async fn draft(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<StatusCode, Problem> {
    let typed = Typed(form);
    person.check_form(typed.get("csrf").unwrap_or_default())?;
    let document = access::open(&app, &person.caller, id).await?;
    keep(&app, &person, &document, &typed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a refusal says at the top of the page; what it says of fields stands at them.
pub(super) fn general(refusal: &Refusal) -> Vec<String> {
    match refusal {
        Refusal::Problem(problem) => vec![super::sentence(&problem.to_string())],
        Refusal::Faults(faults) => {
            let general = faults.iter().filter(|f| f.field.is_none());
            general.map(|f: &Fault| super::sentence(&f.message)).collect()
        }
        Refusal::Warnings(_) => Vec::new(),
    }
}
