//! What was there before there was a [`super::Rule`] is scored anew, in small steps, from the text that was kept.

use acuse_pipeline::understand::from_text;
use uuid::Uuid;

use super::settle;
use crate::{
    catalog::Catalog,
    documents::StoredPage,
    error::CatalogError,
    names::{DocumentId, micros, number},
};

/// The backfill of sensitivity.
pub const SENSITIVITY: &str = "sensitivity";

/// How far one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// Rows done.
    pub done: u64,
    /// Of so many.
    pub total: u64,
    /// Whether it is over.
    pub finished: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    text: Option<String>,
    pages: String,
}

impl Catalog {
    /// How far a backfill is; none where there was nothing to do.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn backfill(&self, name: &str) -> Result<Option<Backfill>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(
            tx,
            (i64, i64, Option<i64>),
            "SELECT done, total, finished_at FROM backfills WHERE name = $1",
            name
        )?;
        row.map(|(done, total, finished)| {
            Ok(Backfill {
                done: number("backfills", "done", done)?,
                total: number("backfills", "total", total)?,
                finished: finished.is_some(),
            })
        })
        .transpose()
    }

    /// Scores the next `batch` documents that were there before; whether there are more. Where it stands is committed
    /// with what it did, so a process that ends in between loses nothing and does nothing twice.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn score_what_was_there(&self, batch: u32) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        let place = optional!(
            tx,
            (Option<Uuid>, Uuid),
            "SELECT at_id, upto_id FROM backfills WHERE name = $1 AND finished_at IS NULL",
            SENSITIVITY
        )?;
        let Some((at_id, upto_id)) = place else { return Ok(false) };
        // COALESCE, or SQLite goes through all of a kind for each batch and not from where the one before ended.
        let rows = all!(
            tx,
            Row,
            "SELECT id, version, text, pages FROM documents \
             WHERE id > $1 AND id <= $2 AND sensitivity = 'unknown' AND COALESCE(kind, '') IN ('invoice', 'receipt') \
             ORDER BY id LIMIT $3",
            at_id.unwrap_or(Uuid::nil()),
            upto_id,
            i64::from(batch.clamp(1, 500))
        )?;
        drop(tx);
        let Some(last) = rows.last().map(|row| row.id) else { return self.end_backfill(at_id).await };
        let done = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        // Understanding takes a while; it is done before the writer is held.
        let scored = tokio::task::spawn_blocking(move || rows.iter().map(score).collect::<Vec<_>>())
            .await
            .map_err(|_| CatalogError::Contention)?;
        let mut tx = self.writing().await?;
        let moved = execute!(
            tx,
            "UPDATE backfills SET at_id = $3, done = done + $4 WHERE name = $1 \
             AND COALESCE(at_id, $5) = COALESCE($2, $5) AND finished_at IS NULL",
            SENSITIVITY,
            at_id,
            last,
            done,
            Uuid::nil()
        )?;
        if moved != 1 {
            return Ok(true);
        }
        for (id, version, probability) in scored {
            let same = execute!(
                tx,
                "UPDATE documents SET id_probability = $3 WHERE id = $1 AND version = $2 AND id_probability IS NULL",
                id,
                version,
                probability
            )?;
            if same == 1 {
                settle(&mut tx, &self.rule, DocumentId(id)).await?;
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn end_backfill(&self, at_id: Option<Uuid>) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        execute!(
            tx,
            "UPDATE backfills SET finished_at = $3 WHERE name = $1 AND COALESCE(at_id, $4) = COALESCE($2, $4)",
            SENSITIVITY,
            at_id,
            micros(present),
            Uuid::nil()
        )?;
        tx.commit().await?;
        Ok(false)
    }
}

/// The probability that it is an ID, as its text says. Of a document without text nobody knows.
fn score(row: &Row) -> (Uuid, i64, Option<f64>) {
    let pages: Vec<StoredPage> = serde_json::from_str(&row.pages).unwrap_or_default();
    let aspect = pages.first().filter(|p| p.height > 0).map_or(0.7, |p| p.width as f32 / p.height as f32);
    let text = row.text.as_deref().unwrap_or_default();
    let probability = (!text.trim().is_empty()).then(|| from_text::id_probability(text, aspect));
    (row.id, row.version, probability.map(f64::from))
}
