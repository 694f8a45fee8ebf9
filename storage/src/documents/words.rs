//! What of documents is searched, and how what was there before comes into the index step by step.

use uuid::Uuid;

use super::{
    DeclaredFile, Document,
    row::{COLUMNS, DocumentRow},
    search_text, text_of,
};
use crate::{
    backfills,
    catalog::Catalog,
    error::CatalogError,
    names::micros,
    sql::Tx,
    words::{DOCUMENTS, tokens},
};
use acuse_pipeline::fields::Fields;

/// The backfill of what was there before this index.
pub const SEARCH: &str = "search";

/// The backfill of the words of line items, of what was there before they were kept.
pub const LINES: &str = "search_lines";

/// Keeps the words of a document, in place of those that were kept.
pub(crate) async fn keep(
    tx: &mut Tx,
    place: (Uuid, i64),
    declared: &DeclaredFile,
    fields: &Fields,
    text: &str,
) -> Result<(), CatalogError> {
    DOCUMENTS.keep(tx, place, &tokens(&search_text(declared, fields, text))).await
}

impl Catalog {
    /// Keeps the words of the next `batch` documents that were there before this index; whether there are more. Where it
    /// stands is committed with what it did, so a process that ends in between loses nothing and does nothing twice.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn keep_words_of_what_was_there(&self, batch: u32) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let Some((after, upto_id)) = backfills::place(&mut tx, SEARCH).await? else { return Ok(false) };
        let rows = all!(
            tx,
            (Uuid, i64, Option<String>),
            "SELECT id, received_at, search FROM documents WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3",
            after,
            upto_id,
            i64::from(batch.clamp(1, 500))
        )?;
        for (id, received_at, text) in &rows {
            // What was read or decided since has its words, and no text here.
            let Some(text) = text else { continue };
            let same =
                execute!(tx, "UPDATE documents SET search = NULL WHERE id = $1 AND search IS NOT NULL", *id)?;
            if same == 1 {
                DOCUMENTS.keep(&mut tx, (*id, *received_at), &tokens(text)).await?;
            }
        }
        let ids: Vec<Uuid> = rows.iter().map(|(id, ..)| *id).collect();
        let more = backfills::moved(&mut tx, SEARCH, &ids).await?;
        tx.commit().await?;
        Ok(more)
    }

    /// Keeps the words of the line items of the next `batch` documents that were there before those were searched, when all
    /// else of what was there is kept; whether there are more.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn keep_words_of_lines(&self, batch: u32) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        if backfills::place(&mut tx, SEARCH).await?.is_some() {
            return Ok(true);
        }
        let Some((after, upto_id)) = backfills::place(&mut tx, LINES).await? else { return Ok(false) };
        let text = format!("SELECT {COLUMNS} FROM documents WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3");
        let limit = i64::from(batch.clamp(1, 500));
        let rows = all!(tx, DocumentRow, sqlx::AssertSqlSafe(text.clone()), after, upto_id, limit)?;
        let mut ids = Vec::with_capacity(rows.len());
        for row in rows {
            let document = Document::try_from(row)?;
            ids.push(document.id.0);
            if document.fields.values().all(|field| field.value.entries().is_empty()) {
                continue;
            }
            let text = text_of(&mut tx, document.id).await?;
            let place = (document.id.0, micros(document.received_at));
            keep(&mut tx, place, &document.searched_names(), &document.fields, &text).await?;
        }
        let more = backfills::moved(&mut tx, LINES, &ids).await?;
        tx.commit().await?;
        Ok(more)
    }
}
