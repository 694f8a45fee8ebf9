//! What the catalog knows of the key file: its fingerprint, and whose keys must not be in it any more.

use std::path::Path;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Erased, ErasedKind, KeyFile, KeyFileError};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, micros},
    objects::SEALING,
};

/// Erased documents that are read at once.
const PAGE: i64 = 5_000;

/// Runs what waits for the disk where that holds up nobody.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KeyFileError> + Send + 'static,
) -> Result<T, KeyFileError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| CatalogError::Contention)?
}

impl Catalog {
    /// The fingerprint of the key file that this catalog's objects are sealed by; none where they are not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_fingerprint(&self) -> Result<Option<String>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(tx, (String,), "SELECT fingerprint FROM key_file WHERE id = 1")?;
        Ok(row.map(|(fingerprint,)| fingerprint))
    }

    /// Opens the key file of this catalog. One that has none yet gets the file at `path`, made now if need be; what is
    /// there already is sealed by and by. Keys that this copy of the file should not have any more are taken out.
    ///
    /// # Errors
    /// When the file is not there, is another one, or cannot be used; when there is one and no path; when the database
    /// fails.
    pub async fn open_key_file(&self, path: Option<&Path>) -> Result<Option<KeyFile>, KeyFileError> {
        let known = self.key_fingerprint().await?;
        let file = match (known, path) {
            (None, None) => return Ok(None),
            (Some(fingerprint), None) => return Err(KeyFileError::Unnamed { fingerprint }),
            (Some(fingerprint), Some(path)) => {
                let owned = path.to_owned();
                let file = apart(move || KeyFile::open(&owned)).await?;
                let absent =
                    || KeyFileError::Absent { path: path.to_owned(), fingerprint: fingerprint.clone() };
                let file = file.ok_or_else(absent)?;
                known_as(&file, &fingerprint)?;
                file
            }
            (None, Some(path)) => {
                let path = path.to_owned();
                let file = apart(move || KeyFile::open_or_create(&path)).await?;
                // Of two processes that begin at once with a file each, one is told to take the other's.
                let fingerprint = self.adopt(&file.fingerprint()).await?;
                known_as(&file, &fingerprint)?;
                file
            }
        };
        self.forget_erased(&file, OffsetDateTime::UNIX_EPOCH).await?;
        // Another that was opened before stays: it has the same fingerprint.
        let _ = self.keys.set(file.clone());
        self.seal_webhook_secrets().await?;
        Ok(Some(file))
    }

    /// From now on objects are sealed by this file; the fingerprint that counts.
    async fn adopt(&self, fingerprint: &str) -> Result<String, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        execute!(
            tx,
            "INSERT INTO key_file (id, fingerprint, since) VALUES (1, $1, $2) ON CONFLICT (id) DO NOTHING",
            fingerprint,
            present
        )?;
        execute!(
            tx,
            "INSERT INTO backfills (name, upto_id, total) \
             SELECT $1, (SELECT id FROM documents ORDER BY id DESC LIMIT 1), COUNT(*) FROM documents HAVING COUNT(*) > 0 \
             ON CONFLICT (name) DO NOTHING",
            SEALING
        )?;
        let (known,) = one!(tx, (String,), "SELECT fingerprint FROM key_file WHERE id = 1")?;
        tx.commit().await?;
        Ok(known)
    }

    /// Takes the keys of what was erased since then out of this copy of the key file, and those of its own list; how
    /// many it still had. A machine that was away, or whose copy is an older one, catches up with this.
    ///
    /// # Errors
    /// When the database or the file fails.
    pub async fn forget_erased(&self, file: &KeyFile, since: OffsetDateTime) -> Result<usize, KeyFileError> {
        let (mut forgotten, mut after) = (0, Uuid::nil());
        loop {
            let mut tx = self.reading().await?;
            let rows = all!(
                tx,
                (Uuid, i64),
                "SELECT id, erased_at FROM documents WHERE erased_at IS NOT NULL AND erased_at >= $1 AND id > $2 \
                 ORDER BY id LIMIT $3",
                micros(since),
                after,
                PAGE
            )?;
            drop(tx);
            let (end, file) = (rows.len() as i64 != PAGE, file.clone());
            let ids: Vec<DocumentId> = rows.iter().map(|row| DocumentId(row.0)).collect();
            forgotten += apart(move || {
                let listed = file.erasures()?.into_iter().filter(|e| e.kind == ErasedKind::Document && end);
                let all: Vec<DocumentId> = ids.into_iter().chain(listed.map(|e| DocumentId(e.id))).collect();
                file.forget(&all)
            })
            .await?;
            match rows.last() {
                Some(last) if !end => after = last.0,
                _ => return Ok(forgotten),
            }
        }
    }
}

impl KeyFile {
    /// Takes these documents' keys out and appends to the list what was erased, away from the caller's thread.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn erase(
        &self,
        documents: Vec<DocumentId>,
        erased: Vec<Erased>,
    ) -> Result<usize, KeyFileError> {
        let file = self.clone();
        apart(move || {
            // The list first: with it, whatever is cut off here is done by the next look at it.
            file.note(&erased)?;
            file.forget(&documents)
        })
        .await
    }
}

fn known_as(file: &KeyFile, expected: &str) -> Result<(), KeyFileError> {
    let found = file.fingerprint();
    if found == expected {
        return Ok(());
    }
    Err(KeyFileError::Foreign { path: file.path().to_owned(), expected: expected.to_owned(), found })
}
