//! How an approval is decided: by a tap of an approver's, while it counts. It is in the trail, on the document and in the
//! feed; so is the end of one that nobody decided.

use acuse_pipeline::document::Status;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Approval, ApprovalState, by_rule, changed::is_asked, get};
use crate::{
    access::Access,
    audit, cases,
    catalog::Catalog,
    documents,
    error::CatalogError,
    events::{self, NewEvent},
    names::{ApprovalId, ContactId, Stage, cut, micros},
    reviews::four_eyes,
    sql::Tx,
    timeline,
};

/// What an answer to an approval counts for at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// It decides, until then (`None`: it has no end of its own).
    Until(Option<OffsetDateTime>),
    /// For nothing yet: its document is read anew, or what was decided of it can be taken back.
    InAMoment,
    /// It is asked no more.
    Over,
}

/// Whether an answer to an approval counts.
pub(crate) async fn counting(tx: &mut Tx, id: ApprovalId) -> Result<Counting, CatalogError> {
    let present = tx.now();
    let is_asked = |a: &Approval| {
        a.state == ApprovalState::Asked && a.due_at.is_none_or(|due: OffsetDateTime| due > present)
    };
    let Some(open) = get(tx, id).await?.filter(is_asked) else { return Ok(Counting::Over) };
    let Some(document) = open.document_id else { return Ok(Counting::Until(open.due_at)) };
    let sql = "SELECT 1 FROM holds WHERE document_id = $1";
    if optional!(tx, (i32,), sql, document.0)?.is_some() {
        return Ok(Counting::InAMoment);
    }
    Ok(match documents::lookup(tx, document).await?.map(|known| known.status) {
        Some(Status::InReview) => Counting::Until(open.due_at),
        Some(Status::Processing) => Counting::InAMoment,
        _ => Counting::Over,
    })
}

/// An approver said yes or no: whether that decides it.
pub(crate) async fn decide(
    tx: &mut Tx,
    id: ApprovalId,
    approves: bool,
    (contact, message): (ContactId, Uuid),
) -> Result<bool, CatalogError> {
    let Some(approval) = get(tx, id).await? else { return Ok(false) };
    let present = micros(tx.now());
    let state = if approves { ApprovalState::Approved } else { ApprovalState::Refused };
    let mine = execute!(
        tx,
        "UPDATE approvals SET state = $2, decided_by = $3, decided_at = $4, message_id = $5 \
         WHERE id = $1 AND state = 'asked'",
        id.0,
        state.as_str(),
        contact.0,
        present,
        message
    )?;
    if mine != 1 {
        return Ok(false);
    }
    let detail = json!({ "approval_id": id, "message_id": message, "contact_id": contact });
    let who = format!("contact:{contact}");
    audit::write(tx, &who, state.as_str(), approval.document_id, &detail).await?;
    let kind = if approves { "approval.approved" } else { "approval.refused" };
    told(tx, &approval, kind, &detail).await?;
    if let Some(document) = approval.document_id.filter(|_| approves)
        && !is_asked(tx, document).await?
    {
        by_rule::goes_on(tx, document, &who).await?;
    }
    Ok(true)
}

/// A person of ours who has its case says yes or no in the place of approvers of whom none is left, or who let its time pass;
/// whether that is theirs to say ([`Approval::is_a_persons`]). Of a document they decide that.
pub(crate) async fn decide_instead(
    tx: &mut Tx,
    id: ApprovalId,
    approves: bool,
    who: &str,
) -> Result<bool, CatalogError> {
    let Some(approval) = get(tx, id).await? else { return Ok(false) };
    let present = micros(tx.now());
    let state = if approves { ApprovalState::Approved } else { ApprovalState::Refused };
    let mine = execute!(
        tx,
        "UPDATE approvals SET state = $2, decided_by_person = $3, decided_at = $4 \
         WHERE id = $1 AND document_id IS NULL \
           AND ((state = 'asked' AND left_at IS NOT NULL) OR (state = 'expired' AND due_at <= decided_at))",
        id.0,
        state.as_str(),
        cut(who, 200),
        present
    )?;
    if mine != 1 {
        return Ok(false);
    }
    let detail = json!({ "approval_id": id });
    audit::write(tx, who, state.as_str(), None, &detail).await?;
    let kind = if approves { "approval.approved" } else { "approval.refused" };
    told(tx, &approval, kind, &detail).await?;
    cases::close_approval(tx, id).await?;
    Ok(true)
}

/// It ended: its document waits for a reviewer again, or for another where one has spoken, unless somebody else is asked about
/// it; and its timeline and the feed say so.
pub(super) async fn told(
    tx: &mut Tx,
    approval: &Approval,
    kind: &'static str,
    detail: &serde_json::Value,
) -> Result<(), CatalogError> {
    if let Some(document) = approval.document_id {
        let present = micros(tx.now());
        let waits_for = four_eyes::waits_for(tx, document).await?;
        execute!(
            tx,
            "UPDATE documents SET waits_for = $3, version = version + 1, updated_at = $2 \
             WHERE id = $1 AND status = 'in_review' AND waits_for = 'approver' \
               AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.document_id = documents.id AND a.state = 'asked' \
                 AND a.left_at IS NULL)",
            document.0,
            present,
            waits_for
        )?;
        let event = match kind {
            "approval.approved" => "approved_by_approver",
            "approval.refused" => "refused_by_approver",
            _ => "approval_expired",
        };
        timeline::note(tx, document, Stage::Done, event, detail.clone()).await?;
    }
    let data = json!({ "approval_id": approval.id, "document_id": approval.document_id,
        "by": detail.get("contact_id") });
    events::write(tx, &[NewEvent { kind, document: approval.document_id, data }]).await
}

/// Whether a rule waits for the word of an approver who can still give it. Whoever ended that would file what the rule holds back.
pub(crate) async fn is_wanted_by_a_rule(tx: &mut Tx, id: ApprovalId) -> Result<bool, CatalogError> {
    let present = micros(tx.now());
    let sql = "SELECT 1 FROM approvals WHERE id = $1 AND by_rule AND state = 'asked' AND left_at IS NULL \
         AND (due_at IS NULL OR due_at > $2)";
    let is_asked = optional!(tx, (i32,), sql, id.0, present)?.is_some();
    Ok(is_asked && cases::can_approver_answer(tx, id).await?)
}

/// Nobody is asked any more, because somebody of ours says so; whether anybody was.
pub(crate) async fn cancel(tx: &mut Tx, id: ApprovalId, who: &str) -> Result<bool, CatalogError> {
    let Some(approval) = get(tx, id).await? else { return Ok(false) };
    let present = micros(tx.now());
    let sql = "UPDATE approvals SET state = 'expired', decided_at = $2 WHERE id = $1 AND state = 'asked'";
    if execute!(tx, sql, id.0, present)? != 1 {
        return Ok(false);
    }
    let detail = json!({ "approval_id": id });
    audit::write(tx, who, "approval_cancelled", approval.document_id, &detail).await?;
    told(tx, &approval, "approval.expired", &detail).await?;
    cases::close_approval(tx, id).await?;
    Ok(true)
}

impl Catalog {
    /// Nobody is asked any more; whether anybody was. What a rule wants of an approver who can still answer is asked on.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn cancel_approval(
        &self,
        access: &Access,
        id: ApprovalId,
        who: &str,
    ) -> Result<Option<bool>, CatalogError> {
        let Some(seen) = self.approval(access, id).await? else { return Ok(None) };
        let mut tx = self.writing().await?;
        // Contacts, documents, then its row, as everywhere.
        match seen.document_id {
            Some(document) => cases::hold_document(&mut tx, document).await?,
            None => cases::hold_contacts(&mut tx, &seen.approvers).await?,
        }
        if is_wanted_by_a_rule(&mut tx, id).await? {
            return Ok(Some(false));
        }
        let was_asked = cancel(&mut tx, id, who).await?;
        tx.commit().await?;
        Ok(Some(was_asked))
    }
}
