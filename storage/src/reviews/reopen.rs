//! Filed and rejected documents that a person takes up again: as a new version, with the trail of the earlier ones.

use acuse_pipeline::{
    document::Status,
    reason::{Reason, ReasonCode},
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    Deciding, Decision, Resolution, Resolved,
    answered::{Answered, Next, keep_for_approver},
    approval::{waits_for_approval, worth, write_answer},
    four_eyes,
    hold::{self, Was},
    resolve::{carry_out, close, closing, said},
};
use crate::{
    access::Access,
    approvals, audit,
    catalog::Catalog,
    documents::{self, Document},
    error::CatalogError,
    events,
    names::{DocumentId, ReviewId, Stage, clean_maybe, micros, to_json},
    outbox::NewReply,
    sql::{Tx, again},
    stages::open_review,
    timeline, vendors,
};

/// What became of taking a document up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reopened {
    /// It waits for a person now.
    Waits(ReviewId),
    /// It changed since it was looked at; its version now.
    Changed(i64),
    /// Somebody else decided it a moment ago and can take that back for so many seconds more.
    StillHeld {
        /// Seconds, one at the least.
        secs: u64,
    },
    /// It is neither filed nor rejected, it was erased, or it is an answer whose page is in the document that was asked about.
    NotAtRest,
    /// There is no such document.
    Missing,
}

/// The document, if it is at rest and as it was seen.
async fn at_rest(
    tx: &mut Tx,
    id: DocumentId,
    (who, seen_version): (&str, Option<i64>),
) -> Result<Result<Document, Reopened>, CatalogError> {
    if let Some(secs) = hold::end_own(tx, id, who).await? {
        return Ok(Err(Reopened::StillHeld { secs }));
    }
    let Some(document) = documents::lookup(tx, id).await? else { return Ok(Err(Reopened::Missing)) };
    if seen_version.is_some_and(|seen| seen != document.version) {
        return Ok(Err(Reopened::Changed(document.version)));
    }
    let rests = matches!(document.status, Status::Filed | Status::Rejected) && document.erased_at.is_none();
    Ok(if rests { Ok(document) } else { Err(Reopened::NotAtRest) })
}

/// Whether its page went into the document whose question it answered.
async fn is_answer(tx: &mut Tx, id: DocumentId) -> Result<bool, CatalogError> {
    let sql = "SELECT 1 FROM documents WHERE id = $1 AND answers IS NOT NULL";
    Ok(optional!(tx, (i32,), sql, id.0)?.is_some())
}

impl Catalog {
    /// Puts a filed or rejected document in front of a person again: in front of `who`, until `until`. A duplicate is none
    /// then: nobody need take the word of whoever said so.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn reopen(
        &self,
        id: DocumentId,
        who: &str,
        seen_version: Option<i64>,
        note: &str,
        until: OffsetDateTime,
    ) -> Result<Reopened, CatalogError> {
        let mut tx = self.writing().await?;
        let reopened = reopen(&mut tx, id, (who, seen_version), note, until).await?;
        if matches!(reopened, Reopened::Waits(_)) {
            tx.commit().await?;
        }
        Ok(reopened)
    }

    /// Decides a document that is at rest anew, with the same trail as one that waited; no duplicate, which says what the first
    /// says.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn decide_again(
        &self,
        id: DocumentId,
        by: &Deciding<'_>,
        decision: &Decision,
        reply: Option<&NewReply>,
    ) -> Result<Resolved, CatalogError> {
        again(|| self.try_decide_again(id, by, decision, reply)).await
    }

    /// The same, once.
    pub(super) async fn try_decide_again(
        &self,
        id: DocumentId,
        by: &Deciding<'_>,
        decision: &Decision,
        reply: Option<&NewReply>,
    ) -> Result<Resolved, CatalogError> {
        let mut tx = self.writing().await?;
        let document = match at_rest(&mut tx, id, (by.who, by.seen_version)).await? {
            Ok(document) if document.duplicate_of.is_none() => document,
            Ok(_) => return Ok(Resolved::AlreadyResolved),
            Err(Reopened::Changed(version)) => return Ok(Resolved::Changed(version)),
            Err(Reopened::StillHeld { secs }) => return Ok(Resolved::StillHeld { secs }),
            Err(Reopened::Missing) => return Ok(Resolved::Missing),
            Err(_) => return Ok(Resolved::AlreadyResolved),
        };
        if four_eyes::needs_another(&mut tx, &document, by, decision).await? {
            return Ok(Resolved::NeedsFourEyes);
        }
        if let Some(worth) = worth(&document, decision)
            && approvals::is_missing(&mut tx, id, Some(&worth)).await?
        {
            return waits_again(tx, document, by, decision, reply).await;
        }
        let (review, present) = (ReviewId::generate(), micros(tx.now()));
        let (resolution, note) = closing(decision, by);
        execute!(
            tx,
            "INSERT INTO reviews (id, document_id, stage, reasons, opened_at, due_at, resolved_at, resolved_by, \
             resolution, note) VALUES ($1, $2, 'done', $3, $4, $4, $4, $5, $6, $7)",
            review.0,
            id.0,
            to_json("reasons", &document.reasons)?,
            present,
            by.who,
            resolution.as_str(),
            clean_maybe(note)
        )?;
        carry_out(tx, review, document, by, decision, reply).await
    }
}

/// Puts what is at rest in front of a person again; whoever calls commits where it waits then.
pub(crate) async fn reopen(
    tx: &mut Tx,
    id: DocumentId,
    (who, seen_version): (&str, Option<i64>),
    note: &str,
    until: OffsetDateTime,
) -> Result<Reopened, CatalogError> {
    let document = match at_rest(tx, id, (who, seen_version)).await? {
        Ok(document) => document,
        Err(why) => return Ok(why),
    };
    if document.duplicate_of.is_some() && is_answer(tx, id).await? {
        return Ok(Reopened::NotAtRest);
    }
    let Some(review) = taken_up(tx, &document, note).await? else {
        return Ok(Reopened::Changed(document.version));
    };
    vendors::forget(tx, id).await?;
    execute!(
        tx,
        "UPDATE reviews SET claimed_by = $2, claim_expires_at = $3, fence = 1 WHERE id = $1",
        review.0,
        who,
        micros(until)
    )?;
    let detail = json!({ "review_id": review, "by": who, "from": document.status, "note": note });
    audit::write(tx, who, "reopened", Some(id), &detail).await?;
    timeline::note(tx, id, Stage::Done, "reopened", detail.clone()).await?;
    events::tell(tx, "document.in_review", id, detail).await?;
    Ok(Reopened::Waits(review))
}

/// What was at rest waits for a person again; none where it moved meanwhile.
async fn taken_up(tx: &mut Tx, document: &Document, note: &str) -> Result<Option<ReviewId>, CatalogError> {
    let present = tx.now();
    let moved = execute!(
        tx,
        "UPDATE documents SET status = 'in_review', waits_for = 'reviewer', filed_at = NULL, duplicate_of = NULL, \
         version = version + 1, updated_at = $3 WHERE id = $1 AND version = $2",
        document.id.0,
        document.version,
        micros(present)
    )?;
    if moved != 1 {
        return Ok(None);
    }
    open_review(tx, document.id, Stage::Done, &reasons(document, note)).await.map(Some)
}

/// What was at rest is changed to what nobody approved: it is as it is to be, and waits for its approver before it is filed
/// again. Where nobody can be asked, it waits for a person, who decides.
async fn waits_again(
    mut tx: Tx,
    document: Document,
    by: &Deciding<'_>,
    decision: &Decision,
    reply: Option<&NewReply>,
) -> Result<Resolved, CatalogError> {
    if Access::new(by.sees_ids).withholds(document.sensitivity) {
        return Ok(Resolved::Withheld);
    }
    let id = document.id;
    let was = Was::of(&mut tx, &document).await?;
    let (resolution, note) = closing(decision, by);
    let Some(review) = taken_up(&mut tx, &document, note.unwrap_or_default()).await? else {
        return Ok(Resolved::Changed(document.version));
    };
    let mut said = said(review, by, decision, &document);
    said.remove("resolution");
    said.insert("from".to_owned(), json!(document.status));
    let detail = Value::Object(said);
    audit::write(&mut tx, by.who, "reopened", Some(id), &detail).await?;
    timeline::note(&mut tx, id, Stage::Done, "reopened", detail.clone()).await?;
    if by.held_until.is_some() {
        // It is nobody's until the approver is asked.
        let anybody = Deciding { fence: None, ..by.clone() };
        if let Err(why) = close(&mut tx, review, &anybody, (resolution, note)).await? {
            return Ok(why);
        }
        write_answer(&mut tx, &document, by, decision).await?;
        let effects = Answered::new(review, by, Next::Approver).deciding(&document, by, decision, reply);
        keep_for_approver(&mut tx, (review, &document), by, decision, &was, &effects).await?;
    } else {
        vendors::forget(&mut tx, id).await?;
        waits_for_approval(&mut tx, (review, &document), by, decision, reply).await?;
        events::tell(&mut tx, "document.in_review", id, detail).await?;
    }
    tx.commit().await?;
    Ok(Resolved::ApproverIsAsked)
}

/// Why it waits again: what the reader had against it, if anything, and who wants it looked at.
fn reasons(document: &Document, note: &str) -> Vec<Reason> {
    let mut reasons = document.findings.clone();
    if reasons.is_empty() {
        let message = if note.is_empty() { "Somebody took it up again.".to_owned() } else { note.to_owned() };
        reasons.push(Reason::new(ReasonCode::LowConfidence, message).with("reopened", true));
    }
    reasons
}

impl Resolution {
    /// Whether the document is in the books after it.
    #[must_use]
    pub fn files(self) -> bool {
        matches!(self, Self::Approved | Self::Corrected)
    }
}
