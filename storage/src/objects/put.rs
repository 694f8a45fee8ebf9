//! Putting: bytes are hashed on their way out and never stand in memory whole.

use acuse_pipeline::document::Sha256;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream::Fuse};
use sha2::Digest;

use super::{
    ObjectError, ObjectKey, Objects, STALL, failed,
    sealed::Sealer,
    upload::{Upload, checksum},
};
use crate::{documents::StoredObject, names::DocumentId};

/// Bytes of one part, and of the longest object that is put in one request. S3 wants parts of 5 MiB or more.
const PART: usize = 8 << 20;

impl Objects {
    /// Keeps bytes that are in memory.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn put_bytes(
        &self,
        key: &ObjectKey,
        bytes: Bytes,
        media_type: &str,
    ) -> Result<StoredObject, ObjectError> {
        let stored =
            StoredObject { key: key.clone(), sha256: Sha256::of(&bytes), size_bytes: bytes.len() as u64 };
        let mut sealed = BytesMut::new();
        let bytes = match self.sealer(key.document(), &mut sealed)? {
            None => bytes,
            Some(mut sealer) => {
                sealer.push(&bytes, &mut sealed).and_then(|()| sealer.end(&mut sealed)).map_err(unsealed)?;
                sealed.freeze()
            }
        };
        self.put_stored(key, bytes, media_type).await?;
        Ok(stored)
    }

    /// Keeps bytes as they stand, which may be sealed already.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn put_stored(
        &self,
        key: &ObjectKey,
        bytes: Bytes,
        media_type: &str,
    ) -> Result<(), ObjectError> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key.as_str())
            .content_type(media_type)
            .checksum_sha256(checksum(&bytes))
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map(drop)
            .map_err(failed("putting an object"))
    }

    /// What seals an object of this document, begun in `out`; none where nothing is sealed.
    fn sealer(
        &self,
        document: Option<DocumentId>,
        out: &mut BytesMut,
    ) -> Result<Option<Sealer>, ObjectError> {
        let (Some(keys), Some(document)) = (&self.keys, document) else { return Ok(None) };
        let erased = || ObjectError::Erased { key: format!("of {document}") };
        let key = keys.document_key(document).ok_or_else(erased)?;
        Sealer::begin(document, &key, rand::random(), out).map(Some).map_err(unsealed)
    }

    /// Keeps the original of a document as it streams in, at most `limit` bytes of it.
    ///
    /// # Errors
    /// When it is longer, its source fails or stalls, or S3 fails; then nothing is left behind.
    pub async fn put_original<S, E>(
        &self,
        document: DocumentId,
        source: S,
        limit: u64,
    ) -> Result<StoredObject, ObjectError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let name = |hash: &Sha256| ObjectKey::original(document, hash);
        self.put_stream(document, name, "application/octet-stream", source, limit).await
    }

    /// Keeps a file of a document as it streams in, under the name that its hash makes.
    pub(super) async fn put_stream<S, E>(
        &self,
        document: DocumentId,
        name: impl Fn(&Sha256) -> ObjectKey,
        media_type: &str,
        source: S,
        limit: u64,
    ) -> Result<StoredObject, ObjectError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut over = BytesMut::new();
        let sealer = self.sealer(Some(document), &mut over)?;
        let mut parts = Parts {
            source: Box::pin(source.fuse()),
            sealer,
            over,
            hash: sha2::Sha256::new(),
            size: 0,
            limit,
        };
        let first = parts.next().await?;
        if first.len() < PART {
            let stored = parts.stored(name);
            self.put_stored(&stored.key, first, media_type).await?;
            return Ok(stored);
        }
        let passing = ObjectKey::incoming();
        let mut upload = Upload::begin(self, passing.as_str(), Some(media_type)).await?;
        match self.put_parts(name, &passing, &mut upload, first, &mut parts).await {
            Ok(stored) => Ok(stored),
            Err(error) => {
                self.abort(&passing, &upload.id).await;
                Err(error)
            }
        }
    }

    async fn put_parts<S, E>(
        &self,
        name: impl Fn(&Sha256) -> ObjectKey,
        passing: &ObjectKey,
        upload: &mut Upload<'_>,
        first: Bytes,
        parts: &mut Parts<S>,
    ) -> Result<StoredObject, ObjectError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut part = first;
        while !part.is_empty() {
            let last = part.len() < PART;
            upload.part(part).await?;
            part = if last { Bytes::new() } else { parts.next().await? };
        }
        upload.complete().await?;
        let stored = parts.stored(name);
        self.client
            .copy_object()
            .bucket(&self.bucket)
            .key(stored.key.as_str())
            .copy_source(format!("{}/{passing}", self.bucket))
            .send()
            .await
            .map_err(failed("moving an object to its place"))?;
        self.delete(passing).await?;
        Ok(stored)
    }

    pub(super) async fn abort(&self, passing: &ObjectKey, upload_id: &str) {
        let aborted = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .key(passing.as_str())
            .upload_id(upload_id)
            .send()
            .await;
        // After completion there is no upload to abort, but an object.
        if aborted.is_err()
            && let Err(error) = self.delete(passing).await
        {
            tracing::warn!(key = %passing, %error, "cannot clean up after a failed upload");
        }
    }
}

fn unsealed(_: super::sealed::Unopened) -> ObjectError {
    ObjectError::Service { doing: "sealing an object", why: "the cipher refused".to_owned() }
}

/// A stream cut into parts of [`PART`] bytes, sealed where there is a sealer; the last one is shorter. Hash and size are
/// of the bytes as they came.
struct Parts<S: Stream> {
    source: std::pin::Pin<Box<Fuse<S>>>,
    sealer: Option<Sealer>,
    over: BytesMut,
    hash: sha2::Sha256,
    size: u64,
    limit: u64,
}

impl<S: Stream> Parts<S> {
    /// What it was, once all of it has come.
    fn stored(&self, name: impl Fn(&Sha256) -> ObjectKey) -> StoredObject {
        let sha256 = Sha256(self.hash.clone().finalize().into());
        StoredObject { key: name(&sha256), sha256, size_bytes: self.size }
    }
}

impl<S, E> Parts<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn next(&mut self) -> Result<Bytes, ObjectError> {
        while self.over.len() < PART {
            let next = tokio::time::timeout(STALL, self.source.next()).await;
            let Some(bytes) = next.map_err(|_| ObjectError::Stalled)? else {
                if let Some(sealer) = self.sealer.take() {
                    sealer.end(&mut self.over).map_err(unsealed)?;
                }
                break;
            };
            let bytes = bytes.map_err(|error| ObjectError::Source(error.into()))?;
            self.size += bytes.len() as u64;
            if self.size > self.limit {
                return Err(ObjectError::TooLarge { limit: self.limit });
            }
            self.hash.update(&bytes);
            match &mut self.sealer {
                Some(sealer) => sealer.push(&bytes, &mut self.over).map_err(unsealed)?,
                None => self.over.extend_from_slice(&bytes),
            }
        }
        let length = self.over.len().min(PART);
        Ok(self.over.split_to(length).freeze())
    }
}
