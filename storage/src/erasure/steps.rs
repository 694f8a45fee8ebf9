//! An erasure's way through its rows: documents, few at a time, then the person; and once more, where something came to them
//! meanwhile.

use uuid::Uuid;

use super::{Receipt, begun, document, is_held, keep_counts, of_subject, people, with_files};
use crate::{catalog::Catalog, error::CatalogError, key_file::ErasedKind, names::DocumentId, sql::Tx};

/// Documents erased in one transaction: few, so that no webhook waits for it.
const AT_ONCE: i64 = 20;

/// Whether somebody has documents that say something still.
async fn has_documents(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<bool, CatalogError> {
    let text =
        format!("SELECT 1 FROM documents d WHERE {} AND d.erased_at IS NULL LIMIT 1", of_subject(kind));
    Ok(optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()), id)?.is_some())
}

/// Whether what was erased says something still, or again.
pub(super) async fn is_left(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<bool, CatalogError> {
    Ok(has_documents(tx, kind, id).await? || people::is_left(tx, kind, id).await?)
}

impl Catalog {
    /// Goes on with an erasure until its rows say nothing any more.
    pub(crate) async fn go_on(&self, erasure: Uuid) -> Result<Receipt, CatalogError> {
        loop {
            let mut tx = self.writing().await?;
            let (found, mut counts) = begun(&mut tx, erasure).await?;
            let (kind, subject) = (found.kind, found.subject);
            // What was on its way to them when their rows went has come since: it goes too, but for what a hold keeps.
            if counts.rows_done
                && (!is_left(&mut tx, kind, subject).await? || is_held(&mut tx, kind, subject).await?)
            {
                return Ok(found);
            }
            let which = if counts.whole_file { with_files(kind) } else { of_subject(kind).to_owned() };
            let text = format!(
                "SELECT d.id FROM documents d WHERE {which} AND d.erased_at IS NULL ORDER BY d.id LIMIT {AT_ONCE}"
            );
            let next = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), subject)?;
            for (id,) in &next {
                document::erase(&mut tx, DocumentId(*id), &found, &mut counts).await?;
            }
            let is_end = (next.len() as i64) < AT_ONCE;
            counts.rows_done = is_end && kind == ErasedKind::Document;
            keep_counts(&mut tx, erasure, &counts).await?;
            tx.commit().await?;
            if counts.rows_done {
                return Ok(Receipt { counts: counts.into(), ..found });
            }
            if is_end && let Some(erased) = self.erase_person(&found).await? {
                return Ok(erased);
            }
        }
    }

    /// A contact or a customer, once their documents are erased: first what others' rows say of them, while it is known what
    /// they are called, then their own. None where there is more of them by now.
    async fn erase_person(&self, whom: &Receipt) -> Result<Option<Receipt>, CatalogError> {
        let mut tx = self.reading().await?;
        let ids = people::ids(&mut tx, whom.kind, whom.subject).await?;
        drop(tx);
        let elsewhere = self.forget_elsewhere(whom).await?;
        let mut tx = self.writing().await?;
        people::alone(&mut tx, whom.kind, whom.subject).await?;
        let (found, mut counts) = begun(&mut tx, whom.id).await?;
        // Another process may have been quicker.
        if counts.rows_done {
            return Ok(Some(found));
        }
        for (what, count) in elsewhere {
            counts.add(what, count);
        }
        // Who turned out to be them since has documents, and names that others' rows say.
        let is_more = people::ids(&mut tx, found.kind, found.subject).await? != ids
            || has_documents(&mut tx, found.kind, found.subject).await?;
        if !is_more {
            people::erase(&mut tx, &found, &mut counts).await?;
            counts.rows_done = true;
        }
        keep_counts(&mut tx, found.id, &counts).await?;
        tx.commit().await?;
        Ok((!is_more).then(|| Receipt { counts: counts.into(), ..found }))
    }
}
