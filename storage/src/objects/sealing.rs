//! What was there before there was a key file is sealed by and by: document by document, where it stands being a row, so
//! that a process that ends in between loses nothing. An object is replaced by itself, sealed, in one request.

use acuse_pipeline::document::Sha256;
use futures_util::StreamExt;
use sha2::Digest;
use uuid::Uuid;

use super::{Looked, ObjectError, ObjectKey, Objects};
use crate::{backup, catalog::Catalog, error::CatalogError, names::micros};

/// The backfill that seals what was there before.
pub const SEALING: &str = "sealing";

/// Larger than any object that is taken in.
const MOST_BYTES: u64 = 1 << 30;

/// Sealing what was there could not go on; it does so later, from where it stands.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The database failed.
    #[error("sealing what was there: the catalog")]
    Catalog(#[from] CatalogError),
    /// The store failed.
    #[error("sealing what was there: the store")]
    Objects(#[from] ObjectError),
}

impl Objects {
    /// Seals an object that is not; whether it was not. One that is not there, or was erased, is left.
    ///
    /// # Errors
    /// When S3 fails, or the object is not what its name says.
    pub async fn seal(&self, key: &ObjectKey) -> Result<bool, ObjectError> {
        let (Some(_), Some(document), Some((hash, drawn))) = (&self.keys, key.document(), key.content())
        else {
            return Ok(false);
        };
        let is_plain = match self.looked(key).await {
            Ok(None) => return Ok(false),
            Ok(Some(Looked::Plain(_))) => true,
            Ok(Some(Looked::Sealed { .. })) | Err(ObjectError::Unopened { .. }) => false,
            Err(error) => return Err(error),
        };
        let found = self.stored_hash(key).await?;
        // A stranger's file may begin as sealed ones do. Then it is what its name says, as it stands.
        if !is_plain && found != hash {
            return Ok(false);
        }
        let media_type = if drawn { "image/jpeg" } else { "application/octet-stream" };
        if found != hash {
            return Err(ObjectError::Altered { key: key.to_string(), expected: hash, found });
        }
        let (_, source) = self.stored(key).await?;
        match self.put_stream(document, |_| key.clone(), media_type, source, MOST_BYTES).await {
            Ok(_) => Ok(true),
            Err(ObjectError::Erased { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Of what stands in the store.
    async fn stored_hash(&self, key: &ObjectKey) -> Result<Sha256, ObjectError> {
        let (_, mut flow) = self.stored(key).await?;
        let mut hash = sha2::Sha256::new();
        while let Some(bytes) = flow.next().await.transpose()? {
            hash.update(&bytes);
        }
        Ok(Sha256(hash.finalize().into()))
    }
}

impl Catalog {
    /// Seals the objects of the next `batch` documents that were there before the key file; whether there are more. An
    /// object that is not what its name says stays as it is; the comparison of rows and objects is not for that.
    ///
    /// # Errors
    /// When the database or the store fails; what was sealed stands.
    pub async fn seal_what_was_there(&self, objects: &Objects, batch: u32) -> Result<bool, SealError> {
        if objects.keys().is_none() {
            return Ok(false);
        }
        let mut tx = self.reading().await?;
        let place = optional!(
            tx,
            (Option<Uuid>, Uuid),
            "SELECT at_id, upto_id FROM backfills WHERE name = $1 AND finished_at IS NULL",
            SEALING
        )?;
        let Some((at_id, upto_id)) = place else { return Ok(false) };
        let (rows, last) =
            backup::named(&mut tx, at_id, Some(upto_id), i64::from(batch.clamp(1, 500))).await?;
        drop(tx);
        let Some(last) = last else {
            let mut tx = self.writing().await?;
            let present = tx.now();
            execute!(tx, "UPDATE backfills SET finished_at = $2 WHERE name = $1", SEALING, micros(present))?;
            tx.commit().await?;
            return Ok(false);
        };
        for key in &rows.keys {
            match objects.seal(key).await {
                Ok(_) => {}
                Err(error @ (ObjectError::Altered { .. } | ObjectError::Missing(_))) => {
                    tracing::error!(%key, %error, "cannot seal an object; it stays as it is");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut tx = self.writing().await?;
        // Another process may have been at the same place; then its word stands.
        execute!(
            tx,
            "UPDATE backfills SET at_id = $3, done = done + $4 WHERE name = $1 \
             AND COALESCE(at_id, $5) = COALESCE($2, $5) AND finished_at IS NULL",
            SEALING,
            at_id,
            last,
            rows.documents,
            Uuid::nil()
        )?;
        tx.commit().await?;
        Ok(true)
    }
}
