//! What a sender was asked for where no case keeps the time: of a part of a file, of what came over the API or from a
//! folder, or where no conversation is led. A week later a person sees it again.

use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, Stage, micros},
    timeline,
};

/// As long as a sender is awaited.
const PATIENCE: Duration = Duration::days(7);

impl Catalog {
    /// Gives back to reviewers what senders were asked for a week ago, nobody reminds them of, and did not come; how many,
    /// at most 200.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_unanswered(&self) -> Result<u64, CatalogError> {
        let rows = {
            let mut tx = self.reading().await?;
            let present = tx.now();
            all!(
                tx,
                (Uuid, i64),
                "SELECT d.id, d.version FROM documents d JOIN reviews r ON r.document_id = d.id AND r.resolved_at IS NULL \
                 WHERE d.status = 'in_review' AND d.waits_for = 'sender' AND d.erased_at IS NULL AND r.opened_at <= $1 \
                 AND NOT EXISTS (SELECT 1 FROM case_documents cd JOIN cases c ON c.id = cd.case_id \
                   WHERE cd.document_id = d.id AND c.kind = 'ask' \
                   AND c.state IN ('gathering', 'working', 'waiting', 'human')) \
                 ORDER BY r.opened_at, d.id LIMIT 200",
                micros(present.saturating_sub(PATIENCE))
            )?
        };
        if rows.is_empty() {
            return Ok(0);
        }
        let mut tx = self.writing().await?;
        let (present, mut ended) = (tx.now(), 0);
        for (id, version) in rows {
            let moved = execute!(
                tx,
                "UPDATE documents SET waits_for = 'reviewer', version = version + 1, updated_at = $3 \
                 WHERE id = $1 AND version = $2 AND status = 'in_review' AND waits_for = 'sender'",
                id,
                version,
                micros(present)
            )?;
            if moved == 1 {
                timeline::note(&mut tx, DocumentId(id), Stage::Done, "not_answered", json!({})).await?;
                ended += 1;
            }
        }
        tx.commit().await?;
        Ok(ended)
    }
}
