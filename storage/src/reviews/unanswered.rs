//! What a sender was asked for where no case keeps the time: of a part of a file, of what came over the API or from a
//! folder, or where no conversation is led. A week later a person sees it again.

use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::{
    cases,
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, Stage, micros},
    timeline,
};

/// As long as a sender is awaited.
const PATIENCE: Duration = Duration::days(7);

/// No case reminds the sender of a document (under `d`), or has them in front of a person.
const UNMINDED: &str = "NOT EXISTS (SELECT 1 FROM case_documents cd JOIN cases c ON c.id = cd.case_id \
     WHERE cd.document_id = d.id AND c.kind = 'ask' AND c.state IN ('gathering', 'working', 'waiting', 'human'))";

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
            let text = format!(
                "SELECT d.id, d.version FROM documents d JOIN reviews r ON r.document_id = d.id AND r.resolved_at IS NULL \
                 WHERE d.status = 'in_review' AND d.waits_for = 'sender' AND d.erased_at IS NULL AND r.opened_at <= $1 \
                 AND {UNMINDED} ORDER BY r.opened_at, d.id LIMIT 200"
            );
            let before = micros(present.saturating_sub(PATIENCE));
            all!(tx, (Uuid, i64), sqlx::AssertSqlSafe(text.clone()), before)?
        };
        let mut ended = 0;
        for (id, version) in rows {
            ended += u64::from(self.end_one_unanswered(DocumentId(id), version).await?);
        }
        Ok(ended)
    }

    /// One of them, unless it changed since it was found or a case has its sender in hand by now; whether it did. Each by
    /// itself: of the contacts of several documents one is held at a time.
    async fn end_one_unanswered(&self, id: DocumentId, version: i64) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        cases::hold_document(&mut tx, id).await?;
        let present = tx.now();
        let text = format!(
            "UPDATE documents AS d SET waits_for = 'reviewer', version = version + 1, updated_at = $3 \
             WHERE d.id = $1 AND d.version = $2 AND d.status = 'in_review' AND d.waits_for = 'sender' AND {UNMINDED}"
        );
        let moved = execute!(tx, sqlx::AssertSqlSafe(text.clone()), id.0, version, micros(present))?;
        if moved == 1 {
            timeline::note(&mut tx, id, Stage::Done, "not_answered", json!({})).await?;
        }
        tx.commit().await?;
        Ok(moved == 1)
    }
}
