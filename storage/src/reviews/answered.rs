//! What a person said of a document where somebody else is waited for before it is done: another person, an approver, or its
//! sender, who is to say a password. Nobody hears of it before it can no longer be taken back, and until then the document
//! waits in front of nobody.

use acuse_pipeline::document::Status;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Deciding, Decision, Resolution,
    hold::{self, Effects, Outcome, Was},
    resolve::{changes, close, said},
};
use crate::{
    abstention,
    access::{Access, decided},
    approvals::{self, Worth},
    audit,
    cases::{self, Asking},
    catalog::Catalog,
    documents::{self, Document},
    error::CatalogError,
    events,
    names::{DocumentId, ReviewId, Stage, micros},
    outbox::NewReply,
    sql::Tx,
    stages::mark_filed,
    timeline, vendors,
};

/// Who is waited for next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Next {
    /// Another person.
    Person,
    /// Whoever approves what comes to so much.
    Approver,
    /// The sender, who is asked for the password of their file.
    Password,
}

/// An answer, as it is kept until it is told.
#[derive(Serialize, Deserialize)]
pub(super) struct Answered {
    review: ReviewId,
    /// Who is waited for.
    pub(super) next: Next,
    who: String,
    sees_ids: bool,
    /// The status it was at rest with; none where it waited.
    from: Option<String>,
}

impl Answered {
    pub(super) fn new(review: ReviewId, by: &Deciding<'_>, next: Next) -> Self {
        Self { review, next, who: by.who.to_owned(), sees_ids: by.sees_ids, from: None }
    }

    /// Nothing but that somebody is waited for.
    pub(super) fn alone(self) -> Effects {
        let outcome = Outcome::Answered(self);
        Effects { outcome, said: Map::new(), reply: None, teaches: false, found: None }
    }

    /// With what the world hears if nobody has to be waited for any more by then.
    pub(super) fn deciding(
        self,
        document: &Document,
        by: &Deciding<'_>,
        decision: &Decision,
        reply: Option<&NewReply>,
    ) -> Effects {
        let from = Some(document.status).filter(|status| *status != Status::InReview);
        let said = said(self.review, by, decision, document);
        let outcome = Outcome::Answered(Self { from: from.map(|status| status.as_str().to_owned()), ..self });
        let found = abstention::is_wrong(document, decision);
        Effects { outcome, said, reply: reply.cloned(), teaches: by.teaches, found }
    }
}

/// Opens a review again, free for others.
pub(super) async fn open_again(tx: &mut Tx, review: ReviewId) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE reviews SET resolved_at = NULL, resolved_by = NULL, resolution = NULL, note = NULL, claimed_by = NULL, \
         claim_expires_at = NULL, reserved = FALSE, handed_to = NULL, postponed_until = NULL, changed = NULL, batch = NULL, \
         fence = fence + 1 WHERE id = $1",
        review.0
    )
    .map(drop)
}

/// Writes down that somebody answered and who is waited for. What was said is told nobody.
pub(super) async fn note(
    tx: &mut Tx,
    review: ReviewId,
    document: DocumentId,
    who: &str,
    waits_for: &str,
) -> Result<(), CatalogError> {
    let detail = json!({ "review_id": review, "by": who, "waits_for": waits_for });
    audit::write(tx, who, "answered", Some(document), &detail).await?;
    timeline::note(tx, document, Stage::Done, "answered", detail).await
}

/// Keeps a decision that an approver is to be asked about until it can no longer be taken back. What it says of the document
/// is written; its review is over meanwhile.
pub(super) async fn keep_for_approver(
    tx: &mut Tx,
    (review, document): (ReviewId, &Document),
    by: &Deciding<'_>,
    decision: &Decision,
    was: &Was,
    effects: &Effects,
) -> Result<(), CatalogError> {
    let Some(until) = by.held_until else { return Ok(()) };
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE documents SET waits_for = 'approver', version = version + 1, updated_at = $2 WHERE id = $1",
        document.id.0,
        present
    )?;
    execute!(tx, "UPDATE reviews SET changed = $2 WHERE id = $1", review.0, changes(document, by, decision))?;
    let found =
        documents::lookup(tx, document.id).await?.ok_or(CatalogError::Missing { what: "document" })?;
    hold::hold(tx, review, (by.who, until), was, (document.id, found.version), effects).await
}

/// An answer can no longer be taken back: whoever is waited for is asked. The effects of the decision, where nobody has to
/// be any more and the document is filed.
pub(super) async fn told(
    tx: &mut Tx,
    document: DocumentId,
    answered: Answered,
    effects: Told,
) -> Result<Option<Effects>, CatalogError> {
    match answered.next {
        Next::Person => open_again(tx, answered.review).await.map(|()| None),
        Next::Password => {
            open_again(tx, answered.review).await?;
            cases::ask_password(tx, document, &answered.who).await.map(|()| None)
        }
        Next::Approver => ask_approver(tx, document, answered, effects).await,
    }
}

/// What of [`Effects`] is not its outcome.
pub(super) struct Told {
    pub said: Map<String, Value>,
    pub reply: Option<NewReply>,
    pub teaches: bool,
    pub found: Option<bool>,
}

async fn ask_approver(
    tx: &mut Tx,
    document: DocumentId,
    answered: Answered,
    effects: Told,
) -> Result<Option<Effects>, CatalogError> {
    let known = documents::lookup(tx, document).await?.ok_or(CatalogError::Missing { what: "document" })?;
    if answered.from.is_some() {
        vendors::forget(tx, document).await?;
    }
    // What was asked about it as it was is over, or asked anew.
    approvals::look_again(tx, document).await?;
    let worth = Worth::of(known.kind, &known.fields);
    let waits = approvals::holds_back(tx, document, worth.as_ref()).await?;
    let Told { mut said, reply, teaches, found } = effects;
    if waits {
        open_again(tx, answered.review).await?;
        if let Some(from) = answered.from {
            said.remove("resolution");
            said.insert("from".to_owned(), json!(from));
            events::tell(tx, "document.in_review", document, Value::Object(said)).await?;
        }
        return Ok(None);
    }
    // It was approved meanwhile, or nobody can be asked any more: then the person's word is enough, as ever.
    file(tx, &known, &answered, &said).await?;
    let corrected = answered.from.as_deref() == Some(Status::Filed.as_str());
    let outcome = if corrected { Outcome::Corrected } else { Outcome::Filed };
    Ok(Some(Effects { outcome, said, reply, teaches, found }))
}

async fn file(
    tx: &mut Tx,
    document: &Document,
    answered: &Answered,
    said: &Map<String, Value>,
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE documents SET status = 'filed', stage = 'done', version = version + 1, updated_at = $2, attempts = 0, \
         next_attempt_at = NULL, waits_for = NULL WHERE id = $1",
        document.id.0,
        present
    )?;
    decided(tx, document.id, &answered.who, answered.sees_ids, document.sensitivity).await?;
    mark_filed(tx, document.id, None).await?;
    let corrected = said.get("resolution") == Some(&json!(Resolution::Corrected));
    let resolution = if corrected { Resolution::Corrected } else { Resolution::Approved };
    let detail = Value::Object(said.clone());
    audit::write(tx, &answered.who, resolution.as_str(), Some(document.id), &detail).await?;
    timeline::note(tx, document.id, Stage::Done, resolution.as_str(), detail).await
}

impl Catalog {
    /// Asks the sender of a locked file for its password once that can no longer be taken back, at `by.held_until`; the
    /// document waits in front of nobody until then. Nobody else may hold its review. Or why it is not asked.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn ask_password_later(
        &self,
        id: ReviewId,
        by: &Deciding<'_>,
    ) -> Result<Result<(), Asking>, CatalogError> {
        let Some(until) = by.held_until else { return Ok(Err(Asking::NotInReview)) };
        if !self.keeps_secrets() {
            return Ok(Err(Asking::NoKeyFile));
        }
        let mut tx = self.writing().await?;
        let Ok(document) = close(&mut tx, id, by, (Resolution::AskedAgain, None)).await? else {
            return Ok(Err(Asking::NotInReview));
        };
        let document =
            documents::lookup(&mut tx, document).await?.ok_or(CatalogError::Missing { what: "document" })?;
        if by.seen_version.is_some_and(|seen| seen != document.version) {
            return Ok(Err(Asking::Changed(document.version)));
        }
        if document.status != Status::InReview || Access::new(by.sees_ids).withholds(document.sensitivity) {
            return Ok(Err(Asking::NotInReview));
        }
        if let Err(why) = cases::who_is_asked(&mut tx, &document).await? {
            return Ok(Err(why));
        }
        let was = Was::of(&mut tx, &document).await?;
        let at = (document.id, document.version);
        let effects = Answered::new(id, by, Next::Password).alone();
        hold::hold(&mut tx, id, (by.who, until), &was, at, &effects).await?;
        tx.commit().await?;
        Ok(Ok(()))
    }
}
