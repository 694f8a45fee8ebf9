//! What is prepared ahead: the next review of a person's view is reserved for them while they look at another, for a
//! short time, so that its page and picture are there when they come to it. And the way to take back what somebody
//! holds and does not come back to.

use serde_json::json;
use uuid::Uuid;

use super::{
    claims::held_by,
    shown::Shown,
    table::Table,
    take::{Take, take_first},
};
use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, ReviewId, Stage, micros},
    timeline,
};

impl Catalog {
    /// Reserves for `who` what [`Catalog::claim_next`] will give them after `after`; what was reserved for them before in
    /// this table is it still, and in no other any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reserve_next(
        &self,
        table: &Table,
        after: ReviewId,
        who: &str,
        lease: std::time::Duration,
    ) -> Result<Option<DocumentId>, CatalogError> {
        let shown = Shown::open_to(self, table, who).await?;
        let mut tx = self.writing().await?;
        let until = tx.now() + time::Duration::try_from(lease).unwrap_or(time::Duration::MINUTE);
        let mut found = None;
        for from in [Some(after), None] {
            if found.is_none() {
                found = take_first(&mut tx, &shown, Take::Ahead(after), from, until).await?;
            }
        }
        execute!(
            tx,
            "UPDATE reviews SET claimed_by = NULL, claim_expires_at = NULL, reserved = FALSE \
             WHERE claimed_by = $1 AND reserved AND resolved_at IS NULL AND document_id <> $2",
            who,
            // No document has that one.
            found.map_or(Uuid::nil(), |id| id.0)
        )?;
        tx.commit().await?;
        Ok(found)
    }

    /// Keeps what is reserved for a person who is still at work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_reserved(&self, who: &str, lease: std::time::Duration) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let until = present + time::Duration::try_from(lease).unwrap_or(time::Duration::MINUTE);
        execute!(
            tx,
            "UPDATE reviews SET claim_expires_at = $2 \
             WHERE claimed_by = $1 AND reserved AND resolved_at IS NULL AND claim_expires_at > $3",
            who,
            micros(until),
            micros(present)
        )?;
        tx.commit().await
    }

    /// What a person holds now, what they came to last first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_reviews_of(&self, who: &str) -> Result<Vec<DocumentId>, CatalogError> {
        let mut tx = self.reading().await?;
        held_by(&mut tx, who).await
    }

    /// Takes a review back from whoever holds it: they can decide it no more, also where nobody has it since. Whose it
    /// was; none where nobody held it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_back_review(&self, id: ReviewId, by: &str) -> Result<Option<String>, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        let held = optional!(
            tx,
            (String, Uuid),
            "SELECT claimed_by, document_id FROM reviews \
             WHERE id = $1 AND resolved_at IS NULL AND claimed_by IS NOT NULL AND claim_expires_at > $2",
            id.0,
            present
        )?;
        let Some((from, document)) = held else { return Ok(None) };
        let taken = execute!(
            tx,
            "UPDATE reviews SET claimed_by = NULL, claim_expires_at = NULL, reserved = FALSE, fence = fence + 1 \
             WHERE id = $1 AND claimed_by = $2 AND resolved_at IS NULL",
            id.0,
            from.as_str()
        )?;
        if taken != 1 {
            return Ok(None);
        }
        let document = DocumentId(document);
        let detail = json!({ "by": by, "from": from.strip_prefix("user:").unwrap_or(&from) });
        audit::write(&mut tx, by, "taken_back", Some(document), &detail).await?;
        timeline::note(&mut tx, document, Stage::Done, "taken_back", detail).await?;
        tx.commit().await?;
        Ok(Some(from))
    }
}
