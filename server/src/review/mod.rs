//! A person's decision, from the API or the desk: one way for both, and of neither.
//!
//! What they [`ask`] for is checked and put in the catalog's terms ([`prepare`], the fields by [`correct`]), decided, and told to
//! the sender; or there is a [`refusal`], and nothing changed. What they [`put_off`] is nobody else's next. What
//! a program says, in one body, goes by [`resolve()`].

pub mod ask;
pub mod correct;
mod later;
pub mod prepare;
pub mod refusal;
pub mod resolve;
mod standing;

use std::time::Duration;

use acuse_pipeline::document::Status;
use acuse_storage::{
    Document, DocumentId, ReviewId,
    reviews::{Resolved, Review},
};

pub use ask::{Ask, Asked, Decided, Verdict, Whose};
pub use correct::{alike, carried};
pub use later::put_off;
pub(crate) use prepare::{amended, is_warned, prepared};
pub use refusal::{Fault, Refusal};
pub use resolve::{Decide, NewFields, resolve, values};

use crate::{
    access::{self, Caller},
    problem::Problem,
    state::App,
};
use prepare::noted;
use refusal::fault;

/// How long a claim lasts unless renewed.
pub const LEASE: Duration = Duration::from_secs(15 * 60);

/// A review that `caller` may decide, with its document.
///
/// # Errors
/// 404 where it does not exist for them; 403 where its document is withheld from them.
pub async fn of(app: &App, caller: &Caller, id: ReviewId) -> Result<(Review, Document), Problem> {
    let review = app.catalog.review(id).await?.ok_or(Problem::NotFound("review"))?;
    let document = app.catalog.document_for(caller.access(), review.document_id).await?;
    let document = document.ok_or(Problem::NotFound("review"))?;
    access::permit(caller, &document)?;
    Ok((review, document))
}

/// Decides a review.
///
/// # Errors
/// Faults and warnings of what was said; 404 and 409 when the review is gone, held by another, or its document changed.
pub async fn decide(app: &App, caller: &Caller, id: ReviewId, ask: Ask) -> Result<Decided, Refusal> {
    let (review, document) = of(app, caller, id).await?;
    if review.resolved_at.is_some() {
        return Err(Problem::Conflict("this review is decided already".to_owned()).into());
    }
    let message = noted(ask.message.as_deref()).map_err(Refusal::Faults)?;
    let (by, decision) = prepared(app, caller, &document, ask).await?;
    let mut reply = app.reply_to_decision(&document, &decision).await?;
    if let (Some(reply), Some(message)) = (&mut reply, message) {
        reply.body = message;
    }
    Ok(told(app.catalog.decide_review(id, &by, &decision, reply.as_ref()).await?)?)
}

/// Decides a filed or rejected document anew.
///
/// # Errors
/// As [`decide`].
pub async fn decide_again(app: &App, caller: &Caller, id: DocumentId, ask: Ask) -> Result<Decided, Refusal> {
    let document = access::open(app, caller, id).await?;
    if ask.verdict != Verdict::Correct {
        return Err(Refusal::Faults(fault("a document that is filed or rejected is corrected or reopened")));
    }
    let (by, decision) = prepared(app, caller, &document, ask).await?;
    let reply = app.reply_to_decision(&document, &decision).await?;
    Ok(told(app.catalog.decide_again(id, &by, &decision, reply.as_ref()).await?)?)
}

/// What to do about a document that somebody else decided a moment ago.
pub(crate) fn still_held(secs: u64) -> Problem {
    Problem::Conflict(format!(
        "somebody decided this a moment ago and can still take it back: try again in {secs} seconds"
    ))
}

pub(crate) fn told(resolved: Resolved) -> Result<Decided, Problem> {
    match resolved {
        Resolved::Done(status) => Ok(Decided { status, documents: Vec::new(), asked: None }),
        Resolved::Split(documents) => Ok(Decided { status: Status::Processing, documents, asked: None }),
        Resolved::HeldBy(by) => Err(Problem::Conflict(format!("{by} holds this review"))),
        Resolved::LeaseLost => Err(Problem::Conflict(
            "somebody else has had this review since you took it; look again".to_owned(),
        )),
        Resolved::Changed(version) => Err(Problem::Changed(version)),
        Resolved::Withheld => Err(Problem::Withheld),
        // It waits still, for somebody else.
        Resolved::AnotherIsAsked => Ok(Decided::waiting(Some(Asked::Person))),
        Resolved::NotTheirOwnSecond => Err(Problem::Conflict(
            "you gave an answer already: this document needs another person's".to_owned(),
        )),
        Resolved::NeedsFourEyes => Err(Problem::Conflict(
            "a rule wants two persons for this document: reopen it, and each says what is right".to_owned(),
        )),
        // What they said stands, and an approver is asked.
        Resolved::ApproverIsAsked => Ok(Decided::waiting(Some(Asked::Approver))),
        Resolved::NoPerson => Err(Problem::Conflict(
            "a rule wants two persons for this document, and a key is none: both decide at the desk".to_owned(),
        )),
        Resolved::DecidedByTwo => Err(Problem::Conflict(
            "a rule wants two persons for this document: change it by deciding on it, and another says the same"
                .to_owned(),
        )),
        Resolved::StillHeld { secs } => Err(still_held(secs)),
        Resolved::AlreadyResolved => Err(Problem::Conflict("this review is decided already".to_owned())),
        Resolved::Missing => Err(Problem::NotFound("review")),
    }
}
