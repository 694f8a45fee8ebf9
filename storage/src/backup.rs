//! Copies of the catalog that are whole: one instant of it, taken while it goes on, with the objects of that instant.

use std::path::Path;

use uuid::Uuid;

use crate::{
    catalog::{Catalog, Pools},
    documents::{StoredPage, key},
    error::CatalogError,
    names::{json, micros},
    objects::ObjectKey,
    sql::Tx,
};

/// Documents whose keys are read at once.
const PAGE: i64 = 1_000;

/// One instant of the catalog, held open.
pub struct Snapshot {
    tx: Tx,
    /// What `pg_dump --snapshot` takes; none on SQLite.
    pub name: Option<String>,
}

type KeyRow = (Uuid, Option<String>, String, Option<String>);

/// The objects that some documents name.
pub(crate) struct Named {
    /// How many documents that are.
    pub documents: i64,
    pub keys: Vec<ObjectKey>,
}

/// The objects that the next `most` documents after one name, up to another; and the last of these documents.
pub(crate) async fn named(
    tx: &mut Tx,
    after: Option<Uuid>,
    upto: Option<Uuid>,
    most: i64,
) -> Result<(Named, Option<Uuid>), CatalogError> {
    let rows = all!(
        tx,
        KeyRow,
        "SELECT id, original_key, pages, thumbnail_key FROM documents WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3",
        after.unwrap_or(Uuid::nil()),
        upto.unwrap_or(Uuid::max()),
        most
    )?;
    let last = rows.last().map(|row| row.0);
    let mut named = Named { documents: rows.len() as i64, keys: Vec::new() };
    for (_, original, pages, thumbnail) in rows {
        for text in [original, thumbnail].into_iter().flatten() {
            named.keys.push(key("original_key", &text)?);
        }
        let pages: Vec<StoredPage> = json("documents", "pages", &pages)?;
        named.keys.extend(pages.into_iter().flat_map(StoredPage::keys));
    }
    let versions = all!(
        tx,
        (String, String, Option<String>),
        "SELECT original_key, pages, thumbnail_key FROM document_versions WHERE document_id > $1 AND document_id <= $2",
        after.unwrap_or(Uuid::nil()),
        last.unwrap_or(Uuid::nil())
    )?;
    for (original, pages, thumbnail) in versions {
        for text in [Some(original), thumbnail].into_iter().flatten() {
            named.keys.push(key("original_key", &text)?);
        }
        let pages: Vec<StoredPage> = json("document_versions", "pages", &pages)?;
        named.keys.extend(pages.into_iter().flat_map(StoredPage::keys));
    }
    // Behind the last document there may still be what persons sent.
    let end = if named.documents < most { upto.unwrap_or(Uuid::max()) } else { last.unwrap_or(Uuid::nil()) };
    let attached = all!(
        tx,
        (String,),
        "SELECT object_key FROM attachments WHERE id > $1 AND id <= $2 AND document_id IS NULL AND object_key IS NOT NULL",
        after.unwrap_or(Uuid::nil()),
        end
    )?;
    for (text,) in attached {
        named.keys.push(key("object_key", &text)?);
    }
    Ok((named, last))
}

impl Snapshot {
    /// The objects that this instant names, of some documents after the cursor; and the next cursor, if there may be more.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn objects(
        &mut self,
        after: Option<Uuid>,
    ) -> Result<(Vec<ObjectKey>, Option<Uuid>), CatalogError> {
        let (named, last) = named(&mut self.tx, after, None, PAGE).await?;
        Ok((named.keys, last.filter(|_| named.documents == PAGE)))
    }
}

impl Catalog {
    /// Copies a SQLite catalog as it is at this instant into a new file, while it goes on.
    ///
    /// # Errors
    /// When the file is there already or cannot be written, or the catalog is none of SQLite.
    pub async fn copy_into(&self, path: &Path) -> Result<(), CatalogError> {
        let Pools::Sqlite { writer, .. } = &self.pools else {
            return Err(CatalogError::Missing { what: "SQLite file" });
        };
        let path = path.display().to_string();
        sqlx::query("VACUUM INTO $1")
            .bind(path)
            .execute(writer)
            .await
            .map(drop)
            .map_err(|source| CatalogError::Statement { doing: "copy the database", at: "backup", source })
    }

    /// Holds this instant open until it is dropped.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn snapshot(&self) -> Result<Snapshot, CatalogError> {
        let mut tx = self.reading_one_instant().await?;
        let name = if !tx.is_sqlite() {
            execute!(tx, "SET LOCAL idle_in_transaction_session_timeout = 0")?;
            Some(one!(tx, (String,), "SELECT pg_export_snapshot()")?.0)
        } else {
            None
        };
        Ok(Snapshot { tx, name })
    }

    /// Whether nothing of ours is in this database yet. It must not be migrated.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_blank(&self) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        let sql = tx.pick(
            "SELECT COUNT(*) FROM sqlite_master",
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'",
        );
        Ok(one!(tx, (i64,), sql)?.0 == 0)
    }

    /// Gives the feed another name: what was put back from a copy is another feed, wherever it is put. Every cursor of
    /// before is foreign.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn feed_starts_over(&self) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        execute!(
            tx,
            "UPDATE feed SET epoch = epoch + 1, name = $1, since = $2 WHERE id = 1",
            rand::random::<i64>(),
            micros(present)
        )?;
        tx.commit().await
    }
}
