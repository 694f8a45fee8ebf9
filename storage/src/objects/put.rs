//! Putting: bytes are hashed on their way out and never stand in memory whole. What comes slowly has no place among what is
//! worked on: it is gathered, and worked on by the [`STEP`].

use acuse_pipeline::document::Sha256;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use sha2::Digest;

use super::{
    ObjectError, ObjectKey, Objects, STALL,
    apart::Apart,
    failed,
    sealed::{Sealer, Unopened},
    upload::Upload,
};
use crate::{documents::StoredObject, names::DocumentId};

/// Bytes of one part, and of the longest object that is put in one request. S3 wants parts of 5 MiB or more.
const PART: usize = 8 << 20;
/// Bytes that are hashed and sealed at a time.
const STEP: usize = 1 << 20;

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
        let work = self.begun(key.document())?;
        let length = bytes.len();
        let work = self.apart.work(length, move || work.take(&bytes, true)).await?.map_err(unsealed)?;
        let sha256 = work.sha256();
        self.put_stored(key, work.over.freeze(), media_type).await?;
        Ok(StoredObject { key: key.clone(), sha256, size_bytes: length as u64 })
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
        let checksum = self.checksum(&bytes).await?;
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key.as_str())
            .content_type(media_type)
            .checksum_sha256(checksum)
            .body(ByteStream::from(bytes));
        let sent = if self.is_reached_from_outside {
            put.send().await
        } else {
            // The checksum is signed. To sign the bytes too would hash them twice more, once in one go on this thread.
            put.customize().disable_payload_signing().send().await
        };
        sent.map(drop).map_err(failed("putting an object"))
    }

    /// What is to be done with the bytes of an object of this document.
    fn begun(&self, document: Option<DocumentId>) -> Result<Work, ObjectError> {
        let (Some(keys), Some(document)) = (&self.keys, document) else { return Ok(Work::default()) };
        let erased = || ObjectError::Erased { key: format!("of {document}") };
        let key = keys.document_key(document).ok_or_else(erased)?;
        let mut over = BytesMut::new();
        let sealer = Sealer::begin(document, &key, rand::random(), &mut over).map_err(unsealed)?;
        Ok(Work { sealer: Some(sealer), over, ..Work::default() })
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
        let mut parts = Parts {
            source: Box::pin(source),
            ended: false,
            work: self.begun(Some(document))?,
            apart: self.apart.clone(),
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

fn unsealed(_: Unopened) -> ObjectError {
    ObjectError::Service { doing: "sealing an object", why: "the cipher refused".to_owned() }
}

/// What is done with bytes on their way: they are hashed as they came, and sealed where there is a sealer.
#[derive(Default)]
struct Work {
    sealer: Option<Sealer>,
    over: BytesMut,
    hash: sha2::Sha256,
}

impl Work {
    /// Takes the next bytes, which may be the last ones.
    fn take(mut self, bytes: &[u8], is_end: bool) -> Result<Self, Unopened> {
        self.hash.update(bytes);
        match &mut self.sealer {
            Some(sealer) => sealer.push(bytes, &mut self.over)?,
            None => self.over.extend_from_slice(bytes),
        }
        if is_end && let Some(sealer) = self.sealer.take() {
            sealer.end(&mut self.over)?;
        }
        Ok(self)
    }

    /// Of the bytes as they came.
    fn sha256(&self) -> Sha256 {
        Sha256(self.hash.clone().finalize().into())
    }
}

/// A stream cut into parts of [`PART`] bytes, sealed where there is a sealer; the last one is shorter. Hash and size are
/// of the bytes as they came.
struct Parts<S: Stream> {
    source: std::pin::Pin<Box<S>>,
    ended: bool,
    work: Work,
    apart: Apart,
    size: u64,
    limit: u64,
}

impl<S: Stream> Parts<S> {
    /// What it was, once all of it has come.
    fn stored(&self, name: impl Fn(&Sha256) -> ObjectKey) -> StoredObject {
        let sha256 = self.work.sha256();
        StoredObject { key: name(&sha256), sha256, size_bytes: self.size }
    }
}

impl<S, E> Parts<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    async fn next(&mut self) -> Result<Bytes, ObjectError> {
        while self.work.over.len() < PART && !self.ended {
            let came = self.gathered().await?;
            let (work, is_end) = (std::mem::take(&mut self.work), self.ended);
            let done = self.apart.work(came.len(), move || work.take(&came, is_end)).await?;
            self.work = done.map_err(unsealed)?;
        }
        let length = self.work.over.len().min(PART);
        Ok(self.work.over.split_to(length).freeze())
    }

    /// The next bytes, at least a [`STEP`] of them unless they end.
    async fn gathered(&mut self) -> Result<BytesMut, ObjectError> {
        let mut came = BytesMut::new();
        while came.len() < STEP {
            let next = tokio::time::timeout(STALL, self.source.next()).await;
            let Some(bytes) = next.map_err(|_| ObjectError::Stalled)? else {
                self.ended = true;
                break;
            };
            let bytes = bytes.map_err(|error| ObjectError::Source(error.into()))?;
            self.size += bytes.len() as u64;
            if self.size > self.limit {
                return Err(ObjectError::TooLarge { limit: self.limit });
            }
            came.extend_from_slice(&bytes);
        }
        Ok(came)
    }
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use futures_util::stream;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        time::timeout,
    };

    use super::{
        super::{Credentials, EmbeddedS3, S3Config},
        *,
    };

    /// Long enough for what does not wait, and short enough to wait for.
    const SOON: Duration = Duration::from_millis(300);
    const LONG: usize = 7 << 20;

    fn file(bytes: usize) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
        stream::iter([Ok(Bytes::from(vec![7_u8; bytes]))])
    }

    async fn with_one_place(folder: &std::path::Path) -> (EmbeddedS3, Objects) {
        let s3 = EmbeddedS3::start(folder).await.unwrap();
        let mut objects = Objects::connect(&s3.config("files")).within_this_process();
        objects.apart = Apart::with(1);
        objects.ensure_bucket().await.unwrap();
        (s3, objects)
    }

    #[tokio::test]
    async fn a_long_file_waits_until_there_is_a_place_to_work_on_it_and_a_short_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let (_s3, objects) = with_one_place(folder.path()).await;
        let held = objects.apart.0.clone().acquire_owned().await.unwrap();
        let mut long = pin!(objects.put_original(DocumentId::generate(), file(LONG), 8 << 20));
        assert!(timeout(SOON, long.as_mut()).await.is_err(), "it waits");
        objects.put_original(DocumentId::generate(), file(1_000), 8 << 20).await.unwrap();
        drop(held);
        let stored = long.await.unwrap();
        assert_eq!(stored.sha256, Sha256::of(&vec![7_u8; LONG]));
        assert_eq!(objects.get_verified(&stored, 8 << 20).await.unwrap().len(), LONG);
    }

    #[tokio::test]
    async fn who_sends_slowly_has_no_place() {
        let folder = tempfile::tempdir().unwrap();
        let (_s3, objects) = with_one_place(folder.path()).await;
        let slow = file(2 << 20).chain(stream::pending());
        let mut slow = pin!(objects.put_original(DocumentId::generate(), slow, 8 << 20));
        assert!(timeout(SOON, slow.as_mut()).await.is_err());
        objects.put_original(DocumentId::generate(), file(LONG), 8 << 20).await.unwrap();
        assert!(timeout(SOON, slow).await.is_err(), "it was not over yet");
    }

    #[tokio::test]
    async fn an_s3_in_this_process_gets_a_signed_checksum_and_no_signed_bytes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let objects = Objects::connect(&S3Config {
            endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
            bucket: "files".to_owned(),
            region: "us-east-1".to_owned(),
            credentials: Credentials::new("key", "secret"),
        });
        let objects = objects.within_this_process();
        let heard = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut said = Vec::new();
            while !said.windows(4).any(|end| end == b"\r\n\r\n") {
                assert!(socket.read_buf(&mut said).await.unwrap() > 0);
            }
            socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            (String::from_utf8_lossy(&said).to_ascii_lowercase(), socket)
        };
        let key = ObjectKey::incoming();
        let put = objects.put_stored(&key, Bytes::from_static(b"bytes"), "text/plain");
        let (put, (head, _socket)) = tokio::join!(put, heard);
        put.unwrap();
        assert!(head.contains("x-amz-content-sha256: unsigned-payload"), "{head}");
        assert!(head.contains("x-amz-checksum-sha256;"), "the checksum is signed: {head}");
    }
}
