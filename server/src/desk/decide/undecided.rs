//! What is done with a document that waits without deciding on it: it is taken, something is noted, its sender is asked what
//! opens it, a customer is added, it waits until another day or for somebody else.

use acuse_conversation::Expects;
use acuse_storage::{
    Document, Stage,
    cases::Question,
    customers::{NewCustomer, Saving, Upserted},
    reviews::{Claim, Deciding, Review},
};
use axum::http::HeaderMap;
use serde_json::json;

use super::{
    asked::{seen, until},
    redraft,
};
use crate::{
    cases, checked, customers,
    desk::{
        day_clock,
        session::Person,
        typed::{NEW_CUSTOMER, Typed},
    },
    problem::Problem,
    review::{self, LEASE, Refusal, Verdict},
    state::App,
};

pub(super) async fn take(app: &App, person: &Person, review: &Review) -> Result<(), Refusal> {
    match app.catalog.claim_review(review.id, &person.caller.actor, LEASE).await? {
        Claim::Held { .. } => Ok(()),
        Claim::HeldBy { by, .. } => Err(Problem::Conflict(format!("{by} holds this review")).into()),
        Claim::Resolved => Err(Problem::Conflict("this review is decided already".to_owned()).into()),
        Claim::Missing => Err(Problem::NotFound("review").into()),
    }
}

/// Puts it off until another day, or hands it to somebody.
pub(super) async fn put_off(
    app: &App,
    person: &Person,
    review: &Review,
    headers: &HeaderMap,
    typed: &Typed,
) -> Result<(), Refusal> {
    let verdict = if typed.get("action") == Some("assign") { Verdict::Assign } else { Verdict::Postpone };
    let until = until(typed, app.catalog.now(), &day_clock::of(app, headers).await?);
    let asked = (verdict, until, typed.get("to"));
    review::put_off(app, &person.caller, review.id, asked, typed.get("memo")).await.map_err(Refusal::from)
}

/// Keeps a note in the timeline; nothing is decided.
pub(super) async fn memo(
    app: &App,
    person: &Person,
    document: &Document,
    typed: &Typed,
) -> Result<(), Refusal> {
    let memo = typed.get("memo").filter(|m| !m.is_empty());
    let memo = memo.ok_or_else(|| Problem::BadRequest("note: write something".to_owned()))?;
    let said: String = memo.chars().take(500).collect();
    let detail = json!({ "by": person.caller.actor, "note": said });
    app.catalog.note(document.id, Stage::Done, "noted", detail).await?;
    redraft(app, person, document, &typed.emptied(&["memo"])).await?;
    Ok(())
}

/// Asks the sender for what opens the file, once that can no longer be taken back, and gives the document back: it waits for
/// them.
pub(super) async fn ask_password(
    app: &App,
    person: &Person,
    review: &Review,
    typed: &Typed,
) -> Result<(), Refusal> {
    let (who, access) = (&person.caller.actor, person.caller.access());
    let holds = review.claimed_by.as_ref() == Some(who) && typed.number("fence") == Some(review.fence);
    if !holds {
        return Err(Problem::Conflict("you do not hold this review".to_owned()).into());
    }
    if !app.undo.is_zero() {
        let by = Deciding {
            who: who.as_str(),
            seen_version: Some(seen(typed)?),
            fence: typed.number("fence"),
            sees_ids: access.sees_ids(),
            held_until: Some(app.catalog.now() + app.undo),
            ..Deciding::default()
        };
        return match app.catalog.ask_password_later(review.id, &by).await? {
            Ok(()) => Ok(()),
            Err(why) => cases::told(why).map(drop).map_err(Refusal::from),
        };
    }
    let question = Question { expects: Expects::Password, text: String::new(), choices: Vec::new() };
    let about = (review.document_id, Some(seen(typed)?));
    cases::told(app.catalog.ask_about(access, about, who, &question).await?)?;
    app.catalog.release_review(review.id, who).await?;
    Ok(())
}

/// Adds a customer and chooses them for the document; filed it is when that is decided.
pub(super) async fn new_customer(
    app: &App,
    person: &Person,
    document: &Document,
    typed: &Typed,
) -> Result<(), Refusal> {
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
    let mut typed = typed.without(&["customer_id"]).emptied(NEW_CUSTOMER);
    typed.0.push(("customer_id".to_owned(), id.to_string()));
    redraft(app, person, document, &typed).await?;
    Ok(())
}
