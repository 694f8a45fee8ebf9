//! Approvals that nobody decided in their time: nobody is asked any more, those who follow the feed hear so, and a person
//! has it: at the desk where a document waits for it, else in the inbox, where they say yes or no.

use serde_json::json;
use uuid::Uuid;

use super::{decision::told, get};
use crate::{
    cases,
    catalog::Catalog,
    error::CatalogError,
    names::{ApprovalId, micros},
};

/// Approvals that one sweep ends; the next one takes the rest.
const MOST: i64 = 500;

impl Catalog {
    /// Ends the approvals whose time is over; how many.
    pub(crate) async fn end_late_approvals(&self) -> Result<u64, CatalogError> {
        let mut tx = self.reading().await?;
        let present = micros(tx.now());
        let rows = all!(
            tx,
            (Uuid,),
            "SELECT id FROM approvals WHERE state = 'asked' AND due_at <= $1 ORDER BY id LIMIT $2",
            present,
            MOST
        )?;
        drop(tx);
        let mut ended = 0;
        for (id,) in rows {
            ended += u64::from(self.end_late(ApprovalId(id)).await?);
        }
        Ok(ended)
    }

    async fn end_late(&self, id: ApprovalId) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let Some(approval) = get(&mut tx, id).await? else { return Ok(false) };
        // Before its row: whoever decides holds the contact first.
        cases::approval_is_late(&mut tx, id, approval.document_id.is_none()).await?;
        let present = micros(tx.now());
        let mine = execute!(
            tx,
            "UPDATE approvals SET state = 'expired', decided_at = $2 WHERE id = $1 AND state = 'asked' AND due_at <= $2",
            id.0,
            present
        )?;
        if mine != 1 {
            // Somebody decided meanwhile.
            return Ok(false);
        }
        told(&mut tx, &approval, "approval.expired", &json!({ "approval_id": id })).await?;
        tx.commit().await?;
        Ok(true)
    }
}
