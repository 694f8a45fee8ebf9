//! Where a backup lies in an S3: any bucket, under a prefix, with names that are the backup's own.

use std::path::Path;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ObjectError, Objects, S3Config, failed, flowing, missing, upload::Upload};

/// Bytes of one part of a long file.
const PART: usize = 32 << 20;
/// Names listed at once.
const LISTED: i32 = 1_000;

/// A place in a bucket.
#[derive(Debug, Clone)]
pub struct Vault {
    bucket: Objects,
    prefix: String,
}

fn source(error: std::io::Error) -> ObjectError {
    ObjectError::Source(Box::new(error))
}

impl Vault {
    /// A place under `prefix`; nothing is sent yet.
    #[must_use]
    pub fn connect(config: &S3Config, prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Self { bucket: Objects::connect(config), prefix }
    }

    /// Makes sure that the bucket is there.
    ///
    /// # Errors
    /// As [`Objects::ensure_bucket`].
    pub async fn ensure(&self) -> Result<(), ObjectError> {
        self.bucket.ensure_bucket().await
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Puts bytes.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn put(&self, name: &str, bytes: Bytes) -> Result<(), ObjectError> {
        let checksum = self.bucket.checksum(&bytes).await?;
        self.bucket
            .client
            .put_object()
            .bucket(&self.bucket.bucket)
            .key(self.key(name))
            .checksum_sha256(checksum)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map(drop)
            .map_err(failed("putting into the backup"))
    }

    /// Puts a file of any length.
    ///
    /// # Errors
    /// When it cannot be read or S3 fails; then nothing is there under its name.
    pub async fn put_file(&self, name: &str, path: &Path) -> Result<(), ObjectError> {
        let mut file = tokio::fs::File::open(path).await.map_err(source)?;
        let first = part(&mut file).await?;
        if first.len() < PART {
            return self.put(name, first).await;
        }
        let key = self.key(name);
        let mut upload = Upload::begin(&self.bucket, &key, None).await?;
        let done = put_parts(&mut upload, first, &mut file).await;
        if done.is_err() {
            let (client, bucket) = (&self.bucket.client, &self.bucket.bucket);
            let abort = client.abort_multipart_upload().bucket(bucket).key(&key).upload_id(&upload.id);
            if let Err(error) = abort.send().await {
                tracing::warn!(error = %failed("aborting an upload")(error), "cannot clean up after a failed upload");
            }
        }
        done
    }

    /// The first `most` bytes of what is under a name, or all where `most` is none; none where nothing is.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn get(&self, name: &str, most: Option<u64>) -> Result<Option<Bytes>, ObjectError> {
        let range = most.map(|most| format!("bytes=0-{}", most.saturating_sub(1)));
        let asked = self.bucket.client.get_object().bucket(&self.bucket.bucket).key(self.key(name));
        let got = match asked.set_range(range).send().await {
            Ok(got) => got,
            Err(error) if missing(&error) => return Ok(None),
            // An empty one has no first byte.
            Err(error) if error.raw_response().is_some_and(|r| r.status().as_u16() == 416) => {
                return Ok(Some(Bytes::new()));
            }
            Err(error) => return Err(failed("getting from the backup")(error)),
        };
        let (mut flow, mut all) = (flowing(got.body), BytesMut::new());
        while let Some(bytes) = futures_util::StreamExt::next(&mut flow).await.transpose()? {
            all.extend_from_slice(&bytes);
        }
        Ok(Some(all.freeze()))
    }

    /// Writes what is under a name into a file.
    ///
    /// # Errors
    /// When it is not there, the file cannot be written, or S3 fails.
    pub async fn get_file(&self, name: &str, path: &Path) -> Result<(), ObjectError> {
        let asked = self.bucket.client.get_object().bucket(&self.bucket.bucket).key(self.key(name));
        let got = match asked.send().await {
            Ok(got) => got,
            Err(error) if missing(&error) => return Err(ObjectError::Missing(name.to_owned())),
            Err(error) => return Err(failed("getting from the backup")(error)),
        };
        let (mut flow, mut file) = (flowing(got.body), tokio::fs::File::create(path).await.map_err(source)?);
        while let Some(bytes) = futures_util::StreamExt::next(&mut flow).await.transpose()? {
            file.write_all(&bytes).await.map_err(source)?;
        }
        file.flush().await.map_err(source)?;
        file.sync_all().await.map_err(source)
    }

    /// Names that begin with `begin` and come after `after`, a thousand at most, and whether there are more.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn names(&self, begin: &str, after: &str) -> Result<(Vec<String>, bool), ObjectError> {
        let after = if after.is_empty() { String::new() } else { self.key(after) };
        let page = self.bucket.list(&self.key(begin), &after, LISTED).await?;
        let name = |key: String| key.strip_prefix(&self.prefix).map(str::to_owned);
        Ok((page.objects.into_iter().filter_map(|object| name(object.key)).collect(), page.more))
    }

    /// Deletes what is under a name.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn delete(&self, name: &str) -> Result<(), ObjectError> {
        let asked = self.bucket.client.delete_object().bucket(&self.bucket.bucket).key(self.key(name));
        match asked.send().await {
            Ok(_) => Ok(()),
            Err(error) if missing(&error) => Ok(()),
            Err(error) => Err(failed("deleting from the backup")(error)),
        }
    }
}

async fn put_parts(
    upload: &mut Upload<'_>,
    first: Bytes,
    file: &mut tokio::fs::File,
) -> Result<(), ObjectError> {
    let mut next = first;
    while !next.is_empty() {
        upload.part(next).await?;
        next = part(file).await?;
    }
    upload.complete().await
}

/// The next part of a file, shorter at its end.
async fn part(file: &mut tokio::fs::File) -> Result<Bytes, ObjectError> {
    let mut bytes = Vec::new();
    file.take(PART as u64).read_to_end(&mut bytes).await.map_err(source)?;
    Ok(bytes.into())
}
