//! Decisions on many documents at once: each is a decision like any other, and all are taken back together.

use uuid::Uuid;

use super::hold::Undone;
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, micros},
};

/// What became of taking many decisions back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchUndone {
    /// Documents that stand as before.
    pub undone: u64,
    /// Documents of which somebody has heard already, or that have changed since.
    pub too_late: u64,
}

impl Catalog {
    /// Says that the decisions on these documents, which `who` made a moment ago, belong together.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn name_batch(
        &self,
        batch: Uuid,
        who: &str,
        documents: &[DocumentId],
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        for id in documents {
            execute!(
                tx,
                "UPDATE holds SET batch = $1 WHERE document_id = $2 AND decided_by = $3",
                batch,
                id.0,
                who
            )?;
            // Who decides many at once looked at them together: how fast they came says nothing.
            execute!(
                tx,
                "UPDATE reviews SET batch = $1 \
                 WHERE id = (SELECT h.review_id FROM holds h WHERE h.document_id = $2 AND h.batch = $1)",
                batch,
                id.0
            )?;
        }
        tx.commit().await
    }

    /// The documents of a batch whose decisions can still be taken back by `who`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_of_batch(&self, batch: Uuid, who: &str) -> Result<Vec<DocumentId>, CatalogError> {
        let mut tx = self.reading().await?;
        let present = micros(tx.now());
        let rows = all!(
            tx,
            (Uuid,),
            "SELECT document_id FROM holds WHERE batch = $1 AND decided_by = $2 AND held_until > $3 \
             ORDER BY document_id",
            batch,
            who,
            present
        )?;
        Ok(rows.into_iter().map(|(id,)| DocumentId(id)).collect())
    }

    /// Takes all decisions of a batch back that can be: see [`Catalog::undo_decision`].
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn undo_batch(&self, batch: Uuid, who: &str) -> Result<BatchUndone, CatalogError> {
        let mut done = BatchUndone::default();
        for id in self.held_of_batch(batch, who).await? {
            // No lease: nobody is going to look at all of them at once.
            match self.undo_decision(id, who, std::time::Duration::ZERO).await? {
                Undone::Done(_) => done.undone += 1,
                Undone::NotYours | Undone::TooLate => done.too_late += 1,
            }
        }
        Ok(done)
    }
}
