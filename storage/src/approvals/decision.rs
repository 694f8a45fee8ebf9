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
    names::{ApprovalId, ContactId, Stage, micros},
    sql::Tx,
    timeline,
};

/// Until when an approval that is still asked for counts (`None` inside: it has no end of its own). While its document is
/// read anew, or what was decided of it can be taken back, it counts for nothing.
pub(crate) async fn open_until(
    tx: &mut Tx,
    id: ApprovalId,
) -> Result<Option<Option<OffsetDateTime>>, CatalogError> {
    let present = tx.now();
    let Some(open) = get(tx, id).await?.filter(|a| a.state == ApprovalState::Asked) else { return Ok(None) };
    if let Some(document) = open.document_id {
        let known = documents::lookup(tx, document).await?;
        if known.is_none_or(|known| known.status != Status::InReview) {
            return Ok(None);
        }
        let sql = "SELECT 1 FROM holds WHERE document_id = $1";
        if optional!(tx, (i32,), sql, document.0)?.is_some() {
            return Ok(None);
        }
    }
    Ok(Some(open.due_at).filter(|due| due.is_none_or(|due| due > present)))
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

/// It ended: its document waits for a reviewer again, unless somebody else is asked about it, and its timeline and the feed
/// say so.
pub(super) async fn told(
    tx: &mut Tx,
    approval: &Approval,
    kind: &'static str,
    detail: &serde_json::Value,
) -> Result<(), CatalogError> {
    if let Some(document) = approval.document_id {
        let present = micros(tx.now());
        execute!(
            tx,
            "UPDATE documents SET waits_for = 'reviewer', version = version + 1, updated_at = $2 \
             WHERE id = $1 AND status = 'in_review' AND waits_for = 'approver' \
               AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.document_id = documents.id AND a.state = 'asked')",
            document.0,
            present
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

impl Catalog {
    /// Nobody is asked any more; whether anybody was.
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
        let present = micros(tx.now());
        let sql = "UPDATE approvals SET state = 'expired', decided_at = $2 WHERE id = $1 AND state = 'asked'";
        if execute!(tx, sql, id.0, present)? != 1 {
            return Ok(Some(false));
        }
        let detail = json!({ "approval_id": id });
        audit::write(&mut tx, who, "approval_cancelled", seen.document_id, &detail).await?;
        told(&mut tx, &seen, "approval.expired", &detail).await?;
        cases::close_approval(&mut tx, id).await?;
        tx.commit().await?;
        Ok(Some(true))
    }
}
