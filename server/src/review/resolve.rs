//! A decision as a program says it, with what it takes back, takes up again and puts off: one way for the API and an
//! assistant.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Value},
    part::Part,
};
use acuse_storage::{
    DocumentId, ReviewId,
    keys::Scope,
    reviews::{Claim, Reopened, Review, Undone},
};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::{Ask, Decided, LEASE, Verdict, Whose, decide, decide_again, of, still_held};
use crate::{access::Caller, etag::Precondition, extract::Checked, problem::Problem, state::App};

/// Longest time in which an API client can take a decision back.
const MOST_HOLD_SECS: u32 = 3_600;

/// What fields are to be, as somebody says it.
pub type NewFields = BTreeMap<FieldName, Checked<Option<Value>>>;

/// The values of them.
///
/// # Errors
/// 422 for what is no value of a field.
pub fn values(said: NewFields) -> Result<BTreeMap<FieldName, Option<Value>>, Problem> {
    said.into_iter().map(|(name, value)| Ok((name, value.of(&format!("fields.{name}"))?))).collect()
}

/// Body of a decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    #[serde(alias = "action", alias = "resolution")]
    decision: Verdict,
    #[serde(default)]
    kind: Option<Kind>,
    /// Name to new value; `null` takes a field away; fields not named stay as they were read.
    #[serde(default)]
    fields: NewFields,
    /// Whose it is; `null` makes it nobody's.
    #[serde(default)]
    customer_id: Whose,
    #[serde(default)]
    note: Option<String>,
    /// The document's version when the reviewer looked; a document that changed since is not decided.
    #[serde(default)]
    version: Option<i64>,
    /// With `split`: its documents, by pages or by places on a page.
    #[serde(default)]
    parts: Checked<Option<Vec<Part>>>,
    /// With `retry`: all that wait for the same first reason and that nobody holds go round again, too.
    #[serde(default)]
    all: bool,
    /// Why it is filed against the warnings that an earlier try was answered with.
    #[serde(default)]
    because: Option<String>,
    /// Which of them it is said against, by the names of that answer; all that there are where nobody says which.
    #[serde(default)]
    overrides: Option<Vec<String>>,
    /// For how long the decision can be taken back; the event and the message wait as long.
    #[serde(default)]
    hold_secs: Option<u32>,
    /// With `duplicate`: the document that came before.
    #[serde(default)]
    duplicate_of: Option<DocumentId>,
    /// With `ask_again`: what the sender is told, word for word.
    #[serde(default)]
    message: Option<String>,
    /// With `postpone`: until when.
    #[serde(default, with = "time::serde::rfc3339::option")]
    until: Option<OffsetDateTime>,
    /// With `assign`: the person's name.
    #[serde(default)]
    to: Option<String>,
}

impl Decide {
    /// The same, of the version that `If-Match` names.
    ///
    /// # Errors
    /// 422 where the body names another.
    pub fn seen_as(self, seen: Precondition) -> Result<Self, Problem> {
        Ok(Self { version: seen.or_said(self.version)?, ..self })
    }
}

/// Decides as `said`, or puts it off, takes it back or up again.
///
/// # Errors
/// 403 without `reviews:write` or where the document is withheld, 404 where the review does not exist for the caller, 409 as
/// things stand, 422 for what cannot be kept or is warned of.
pub async fn resolve(app: &App, caller: &Caller, id: ReviewId, said: Decide) -> Result<Decided, Problem> {
    caller.require(Scope::ReviewsWrite)?;
    let (review, _) = of(app, caller, id).await?;
    match said.decision {
        Verdict::Undo => return undo(app, caller, &review).await,
        Verdict::Reopen => return reopen(app, caller, &review, &said).await,
        Verdict::Postpone | Verdict::Assign => return put_off(app, caller, &review, &said).await,
        _ => {}
    }
    let again = said.decision == Verdict::Correct && review.resolved_at.is_some();
    if said.all && said.decision != Verdict::Retry {
        return Err(Problem::Unprocessable("all: only with the decision retry".to_owned()));
    }
    let reason = review.reasons.first().map(|r| r.code).filter(|_| said.all);
    let ask = asked(said, app.catalog.now())?;
    let decided = if again {
        decide_again(app, caller, review.document_id, ask).await?
    } else {
        decide(app, caller, id, ask).await?
    };
    if let Some(reason) = reason {
        let count = app.catalog.retry_all(caller.access(), reason, &caller.actor).await?;
        tracing::info!(count, reason = reason.as_str(), "documents go round again");
    }
    Ok(decided)
}

fn asked(body: Decide, now: OffsetDateTime) -> Result<Ask, Problem> {
    let hold = body.hold_secs.filter(|secs| *secs > 0);
    if hold.is_some_and(|secs| secs > MOST_HOLD_SECS) {
        return Err(Problem::BadRequest(format!("hold_secs: at most {MOST_HOLD_SECS}")));
    }
    Ok(Ask {
        verdict: body.decision,
        kind: body.kind,
        fields: values(body.fields)?,
        whose: body.customer_id,
        note: body.note,
        seen_version: body.version,
        parts: body.parts.of("parts")?,
        because: body.because,
        against: body.overrides,
        duplicate_of: body.duplicate_of,
        message: body.message,
        fence: None,
        held_until: hold.map(|secs| now + Duration::seconds(i64::from(secs))),
    })
}

/// Postpones or hands over a review that the caller holds, or that nobody does.
async fn put_off(app: &App, caller: &Caller, review: &Review, body: &Decide) -> Result<Decided, Problem> {
    match app.catalog.claim_review(review.id, &caller.actor, LEASE).await? {
        Claim::Held { .. } => {}
        Claim::HeldBy { by, .. } => return Err(Problem::Conflict(format!("{by} holds this review"))),
        Claim::Resolved => return Err(Problem::Conflict("this review is decided already".to_owned())),
        Claim::Missing => return Err(Problem::NotFound("review")),
    }
    let note = body.note.as_deref();
    super::put_off(app, caller, review.id, (body.decision, body.until, body.to.as_deref()), note).await?;
    Ok(Decided::waiting(None))
}

async fn undo(app: &App, caller: &Caller, review: &Review) -> Result<Decided, Problem> {
    match app.catalog.undo_decision(review.document_id, &caller.actor, LEASE).await? {
        Undone::Done(status) => Ok(Decided { status, documents: Vec::new(), asked: None }),
        Undone::NotYours => Err(Problem::Conflict("somebody else decided it".to_owned())),
        Undone::TooLate => Err(Problem::Conflict("it cannot be taken back any more; reopen it".to_owned())),
    }
}

async fn reopen(app: &App, caller: &Caller, review: &Review, body: &Decide) -> Result<Decided, Problem> {
    let note = body.note.as_deref().unwrap_or_default().trim();
    let until = app.catalog.now() + LEASE;
    let id = review.document_id;
    match app.catalog.reopen(id, &caller.actor, body.version, note, until).await? {
        Reopened::Waits(_) => Ok(Decided::waiting(None)),
        Reopened::Changed(version) => Err(Problem::Changed(version)),
        Reopened::StillHeld { secs } => Err(still_held(secs)),
        Reopened::NotAtRest => Err(Problem::Conflict(
            "only what is filed or rejected is reopened, and no answer that is part of another document"
                .to_owned(),
        )),
        Reopened::Missing => Err(Problem::NotFound("document")),
    }
}
