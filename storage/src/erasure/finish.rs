//! The end of erasures, which no transaction reaches: keys leave the key file, objects leave the store, and the database
//! lets go of what its files still have of emptied rows. Everything here may be cut off and is done again.

use serde_json::json;
use uuid::Uuid;

use super::{Counts, Receipt, people, receipt};
use crate::{
    attachments, audit,
    catalog::{BUSY, Catalog, Pools},
    error::CatalogError,
    key_file::{Erased, ErasedKind, KeyFileError},
    names::{DocumentId, json as parse, micros, to_json},
    objects::{ObjectError, Objects},
    sql::again,
    words::{self, Index},
};

/// One that is not finished: its id, what it is of, and its terms.
type Open = (Uuid, String, Uuid, String);

/// Erasures finished at once: one rewrite of the key file, one scrub.
const AT_ONCE: i64 = 50;
/// Tries at emptying the log before it is left to the next run.
const ATTEMPTS: u32 = 20;
/// Objects listed at once.
const LISTED: i32 = 1_000;
/// When the file was first rewritten without what earlier versions left in it.
const VACUUMED: &str = "vacuumed";
/// Tables of PostgreSQL that an erasure empties rows of.
const EMPTIED: &str = "VACUUM documents, document_fts, document_fts_waiting, customer_fts, contact_fts, page_words, \
     messages, deliveries, message_statuses, outbox, reviews, timeline, events, audit_details, drafts, period_rows, \
     contacts, contact_aliases, customers, customer_aliases, attachments, media_uploads, notices, cases, case_notes, \
     choices, holds, obligations, obligation_payments, idempotency_keys, saved_views, review_reasons, period_adjustments, \
     incidents, legal_holds, approvals, opinions, document_versions, case_secrets, case_documents, consents, \
     quality_checks, webhook_deliveries, vendor_signs, vendor_papers, vendor_recalls, document_untold";

/// The end of an erasure could not be reached; the sweep tries again.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The database failed.
    #[error("finishing an erasure: the catalog")]
    Catalog(#[from] CatalogError),
    /// The key file cannot be written.
    #[error("finishing an erasure: the key file")]
    Keys(#[from] KeyFileError),
    /// The store failed.
    #[error("finishing an erasure: the store")]
    Objects(#[from] ObjectError),
}

/// How much of the end is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Finishing {
    /// All of it.
    #[default]
    Whole,
    /// Objects are deleted, and neither keys nor what the files have: what a test must be able to tell apart.
    #[cfg(feature = "conformance")]
    WithoutShredding,
}

impl Catalog {
    /// Finishes what was begun: keys, objects, and what the database's files still have. The receipts of what was finished
    /// now, at most 50.
    ///
    /// # Errors
    /// When the database, the store or the key file fails; what was done stands, and the next run goes on.
    pub async fn finish_erasures(
        &self,
        objects: &Objects,
        how: Finishing,
    ) -> Result<Vec<Receipt>, EraseError> {
        let mut tx = self.reading().await?;
        let mut open = all!(
            tx,
            Open,
            "SELECT id, kind, subject, counts FROM erasures WHERE finished_at IS NULL ORDER BY at LIMIT $1",
            AT_ONCE
        )?;
        drop(tx);
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let mut of_each = Vec::new();
        for (id, _, subject, _) in &mut open {
            // What was cut off in the middle of its rows, or came to them since; whoever they turned out to be goes too.
            let erasure = *id;
            *subject = again(|| self.go_on(erasure)).await?.subject;
            let mut tx = self.reading().await?;
            let sql = "SELECT document_id FROM erasure_documents WHERE erasure_id = $1";
            let mut ids: Vec<DocumentId> =
                all!(tx, (Uuid,), sql, *id)?.into_iter().map(|(id,)| DocumentId(id)).collect();
            ids.extend(attachments::folders_of_erasure(&mut tx, *id).await?);
            of_each.push(ids);
        }
        if how == Finishing::Whole {
            self.shred_keys(objects, &open, &of_each).await?;
        }
        let mut deleted = Vec::new();
        for ids in &of_each {
            let mut count = 0;
            for id in ids {
                count += objects.delete_of(*id).await?;
            }
            deleted.push(count);
        }
        if how == Finishing::Whole {
            self.scrub().await?;
        }
        let mut finished = Vec::new();
        for ((id, ..), objects) in open.iter().zip(deleted) {
            finished.push(self.end_erasure(*id, objects).await?);
        }
        if how == Finishing::Whole {
            // The commit of the end stands in the log too.
            self.scrub().await?;
        }
        Ok(finished)
    }

    async fn shred_keys(
        &self,
        objects: &Objects,
        open: &[Open],
        of_each: &[Vec<DocumentId>],
    ) -> Result<(), EraseError> {
        let Some(keys) = objects.keys() else { return Ok(()) };
        let at = self.now();
        let mut list = Vec::new();
        for ((_, kind, subject, counts), documents) in open.iter().zip(of_each) {
            let keep = parse::<Counts>("erasures", "counts", counts)?.keep;
            let erased = |kind: ErasedKind, id: Uuid| Erased { kind, id, at, keep };
            list.extend(documents.iter().map(|id| erased(ErasedKind::Document, id.0)));
            let kind: ErasedKind = crate::names::word("erasures", "kind", kind)?;
            // A copy of before they were merged has each of them by themselves.
            let mut tx = self.reading().await?;
            let mut whom = people::ids(&mut tx, kind, *subject).await?;
            // An older copy may have a row that this one has not.
            if kind != ErasedKind::Document && !whom.contains(subject) {
                whom.push(*subject);
            }
            list.extend(whom.into_iter().map(|id| erased(kind, id)));
        }
        let forgotten = keys.erase(of_each.concat(), list).await?;
        tracing::info!(forgotten, "took the keys of erased documents out of the key file");
        Ok(())
    }

    async fn end_erasure(&self, id: Uuid, objects: u64) -> Result<Receipt, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        let (text,) = one!(tx, (String,), "SELECT counts FROM erasures WHERE id = $1", id)?;
        let mut counts: Counts = parse("erasures", "counts", &text)?;
        counts.add("objects", objects);
        let ended = execute!(
            tx,
            "UPDATE erasures SET counts = $2, finished_at = $3 WHERE id = $1 AND finished_at IS NULL",
            id,
            to_json("counts", &counts)?,
            present
        )?;
        execute!(tx, "DELETE FROM erasure_documents WHERE erasure_id = $1", id)?;
        let sql =
            "SELECT id, kind, subject, cause, erased_by, at, counts, finished_at FROM erasures WHERE id = $1";
        let done = receipt(one!(tx, super::ReceiptRow, sql, id)?)?;
        // Another process may have been quicker.
        if ended == 0 {
            return Ok(done);
        }
        let detail =
            json!({ "erasure_id": id, "kind": done.kind, "subject": done.subject, "counts": done.counts });
        audit::write(&mut tx, &done.erased_by, "erased", None, &detail).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Makes the database let go of what its files still have of rows that were emptied.
    async fn scrub(&self) -> Result<(), CatalogError> {
        let failed =
            |source| CatalogError::Statement { doing: "scrub what was erased", at: "finish", source };
        match &self.pools {
            Pools::Sqlite { .. } => self.scrub_sqlite().await,
            // Pages are written over in their time: here the catalog relies on the disk.
            Pools::Postgres(pool) => {
                let mut connection = pool.acquire().await.map_err(failed)?;
                sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await.map_err(failed)?;
                let done = sqlx::query(EMPTIED).execute(&mut *connection).await;
                sqlx::query("RESET statement_timeout").execute(&mut *connection).await.map_err(failed)?;
                done.map(drop).map_err(failed)
            }
        }
    }

    async fn scrub_sqlite(&self) -> Result<(), CatalogError> {
        let Pools::Sqlite { writer, .. } = &self.pools else { return Ok(()) };
        let failed =
            |source| CatalogError::Statement { doing: "scrub what was erased", at: "finish", source };
        self.merge_words().await?;
        let mut tx = self.reading().await?;
        let vacuumed = optional!(tx, (i64,), "SELECT at FROM marks WHERE name = $1", VACUUMED)?.is_some();
        drop(tx);
        if !vacuumed {
            // Since then `secure_delete` is on: what earlier versions freed is in the file still.
            sqlx::query("VACUUM").execute(writer).await.map_err(failed)?;
            let mut tx = self.writing().await?;
            let present = micros(tx.now());
            execute!(
                tx,
                "INSERT INTO marks (name, at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                VACUUMED,
                present
            )?;
            tx.commit().await?;
        }
        self.empty_log().await
    }

    /// Moves the log into the file and cuts it to nothing. A reader that is in the middle of something holds it up for a
    /// moment, in which nobody may have to wait for the writer.
    async fn empty_log(&self) -> Result<(), CatalogError> {
        let Pools::Sqlite { writer, .. } = &self.pools else { return Ok(()) };
        let failed = |source| CatalogError::Statement { doing: "empty the log", at: "finish", source };
        for _ in 0..ATTEMPTS {
            let mut connection = writer.acquire().await.map_err(failed)?;
            sqlx::query("PRAGMA busy_timeout = 250").execute(&mut *connection).await.map_err(failed)?;
            let done: Result<(i64, i64, i64), _> =
                sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
            let wait = format!("PRAGMA busy_timeout = {}", BUSY.as_millis());
            sqlx::query(sqlx::AssertSqlSafe(wait)).execute(&mut *connection).await.map_err(failed)?;
            drop(connection);
            if done.map_err(failed)?.0 == 0 {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
        Err(CatalogError::Contention)
    }

    /// Words that were taken out of search stand in its segments until those are merged: piece by piece, so that no
    /// webhook waits for it.
    async fn merge_words(&self) -> Result<(), CatalogError> {
        for merge in words::ALL.map(Index::merge) {
            let mut pages = -64_i64;
            loop {
                let mut tx = self.writing().await?;
                let (before,) = one!(tx, (i64,), "SELECT total_changes()")?;
                execute!(tx, sqlx::AssertSqlSafe(merge.clone()), pages)?;
                let (after,) = one!(tx, (i64,), "SELECT total_changes()")?;
                tx.commit().await?;
                // As FTS5's manual says: fewer than two changes mean that there was nothing to do.
                if after - before < 2 {
                    break;
                }
                pages = 64;
            }
        }
        Ok(())
    }
}

impl Objects {
    /// Deletes every object of a document, named by a row or not; how many there were.
    async fn delete_of(&self, document: DocumentId) -> Result<u64, ObjectError> {
        let (prefix, mut deleted) = (format!("documents/{document}/"), 0);
        loop {
            let page = self.list(&prefix, "", LISTED).await?;
            for object in &page.objects {
                if let Ok(key) = object.key.parse() {
                    self.delete(&key).await?;
                    deleted += 1;
                }
            }
            // A key that is none of ours stays, and is no reason to begin again.
            if !page.more {
                return Ok(deleted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_index_of_words_keeps_those_of_a_row_that_was_emptied() {
        let tables: Vec<&str> = EMPTIED.trim_start_matches("VACUUM ").split(", ").collect();
        // What waits has its words apart (migration 0086).
        for words in ["document_fts", "document_fts_waiting", "customer_fts", "contact_fts", "page_words"] {
            assert!(tables.contains(&words), "{words}");
        }
        // It keeps members as they were until somebody is told of them.
        assert!(tables.contains(&"document_untold"));
    }
}
