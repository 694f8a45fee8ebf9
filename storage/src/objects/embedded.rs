//! An S3 in this very process, for running without one: `s3s-fs` over a folder, on loopback, behind credentials that
//! live as long as the process. The same client talks to it as to any other S3.

mod listing;
mod unfinished;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rand::RngExt;
use s3s::{S3, S3Request, S3Response, S3Result, auth::SimpleAuth, dto, service::S3ServiceBuilder};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, SemaphorePermit},
};

use self::{
    listing::{Found, Wanted},
    unfinished::Unfinished,
};
use super::{
    Credentials, S3Config,
    apart::{self, FEW},
};

/// Longest time a client may take to send its request's head.
const HEAD: Duration = Duration::from_secs(10);

/// The embedded S3 could not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The folder cannot be made or used.
    #[error("cannot use {path} for documents: check that it can be written")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// s3s-fs refuses the folder.
    #[error("cannot serve {path} as S3: {why}")]
    Serve {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No port on loopback.
    #[error("cannot listen on loopback")]
    Listen(#[source] std::io::Error),
}

/// A running S3 on loopback. Stops when dropped.
#[derive(Debug)]
pub struct EmbeddedS3 {
    address: SocketAddr,
    credentials: Credentials,
    /// Turns to write what is long.
    #[cfg(test)]
    turns: Arc<Semaphore>,
    task: tokio::task::JoinHandle<()>,
}

impl EmbeddedS3 {
    /// Serves `folder` (made if need be) on a free port of loopback.
    ///
    /// # Errors
    /// When the folder cannot be used or there is no port.
    pub async fn start(folder: &Path) -> Result<Self, EmbeddedError> {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|source| EmbeddedError::Folder { path: folder.to_owned(), source })?;
        let root = tokio::fs::canonicalize(folder)
            .await
            .map_err(|source| EmbeddedError::Folder { path: folder.to_owned(), source })?;
        let files = s3s_fs::FileSystem::new(&root)
            .map_err(|error| EmbeddedError::Serve { path: folder.to_owned(), why: format!("{error:?}") })?;
        let random = || hex::encode(rand::rng().random::<[u8; 20]>());
        let credentials = Credentials::new(random(), random());
        let turns = Arc::new(Semaphore::new(apart::places()));
        let durable = Durable { files, root, unfinished: Unfinished::default(), turns: turns.clone() };
        let mut builder = S3ServiceBuilder::new(durable);
        builder.set_auth(SimpleAuth::from_single(credentials.access_key(), credentials.secret_key()));
        let service = builder.build();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(EmbeddedError::Listen)?;
        let address = listener.local_addr().map_err(EmbeddedError::Listen)?;
        let task = tokio::spawn(async move {
            loop {
                let socket = match listener.accept().await {
                    Ok((socket, _)) => socket,
                    Err(error) => {
                        // Out of file handles, most likely: let some close.
                        tracing::warn!(%error, "embedded S3 cannot accept");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                };
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEAD)
                    .serve_connection(TokioIo::new(socket), service.clone());
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "embedded S3 connection ended");
                    }
                });
            }
        });
        Ok(Self {
            address,
            credentials,
            #[cfg(test)]
            turns,
            task,
        })
    }

    /// How to reach it.
    #[must_use]
    pub fn config(&self, bucket: &str) -> S3Config {
        S3Config {
            endpoint: Some(format!("http://{}", self.address)),
            bucket: bucket.to_owned(),
            region: "us-east-1".to_owned(),
            credentials: self.credentials.clone(),
        }
    }
}

impl Drop for EmbeddedS3 {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// `s3s-fs`, with each object on the disk before the answer: it renames finished files into place but syncs nothing.
struct Durable {
    files: s3s_fs::FileSystem,
    root: PathBuf,
    unfinished: Unfinished,
    turns: Arc<Semaphore>,
}

impl Durable {
    /// A turn to write so many bytes, or who knows how many. What many wait for the disk to have, the catalog's commits
    /// wait for too, so that not all of them write at once; what is short waits for nobody.
    async fn turn(&self, bytes: Option<i64>) -> Option<SemaphorePermit<'_>> {
        if bytes.is_some_and(|n| usize::try_from(n).is_ok_and(|n| n <= FEW)) {
            return None;
        }
        // They are never closed.
        self.turns.acquire().await.ok()
    }

    async fn sync(&self, bucket: &str, key: &str) -> S3Result<()> {
        let (root, bucket, key) = (self.root.clone(), bucket.to_owned(), key.to_owned());
        let synced = tokio::task::spawn_blocking(move || {
            let file = root.join(&bucket).join(&key);
            std::fs::File::open(&file)?.sync_all()?;
            // A new name is durable when its folder is, and so on up to the root.
            for folder in file.ancestors().skip(1).take_while(|folder| folder.starts_with(&root)) {
                std::fs::File::open(folder)?.sync_all()?;
            }
            std::io::Result::Ok(())
        })
        .await;
        match synced {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(s3s::S3Error::internal_error(error)),
            Err(error) => Err(s3s::S3Error::internal_error(error)),
        }
    }

    /// Reads folders where that does not hold up what else this process does.
    async fn look<T, F>(&self, look: F) -> S3Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Path) -> std::io::Result<T> + Send + 'static,
    {
        let root = self.root.clone();
        match tokio::task::spawn_blocking(move || look(&root)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(s3s::S3Error::internal_error(error)),
            Err(error) => Err(s3s::S3Error::internal_error(error)),
        }
    }
}

fn listed(found: Found) -> dto::Object {
    dto::Object {
        key: Some(found.key),
        size: i64::try_from(found.size_bytes).ok(),
        last_modified: Some(found.modified.into()),
        ..Default::default()
    }
}

/// What Acuse uses of S3; the rest is answered "not implemented".
#[async_trait::async_trait]
impl S3 for Durable {
    async fn put_object(
        &self,
        req: S3Request<dto::PutObjectInput>,
    ) -> S3Result<S3Response<dto::PutObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let _turn = self.turn(req.input.content_length).await;
        let done = self.files.put_object(req).await?;
        self.sync(&bucket, &key).await?;
        Ok(done)
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<dto::CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<dto::CompleteMultipartUploadOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let upload_id = req.input.upload_id.clone();
        let _turn = self.turn(None).await;
        let done = self.files.complete_multipart_upload(req).await?;
        self.sync(&bucket, &key).await?;
        self.unfinished.ended(&upload_id);
        Ok(done)
    }

    async fn copy_object(
        &self,
        req: S3Request<dto::CopyObjectInput>,
    ) -> S3Result<S3Response<dto::CopyObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let _turn = self.turn(None).await;
        let done = self.files.copy_object(req).await?;
        self.sync(&bucket, &key).await?;
        Ok(done)
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<dto::CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<dto::CreateMultipartUploadOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let begun = self.files.create_multipart_upload(req).await?;
        if let Some(upload_id) = &begun.output.upload_id {
            self.unfinished.begun(upload_id, &bucket, &key, crate::names::now().into());
        }
        Ok(begun)
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<dto::ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<dto::ListMultipartUploadsOutput>> {
        let deleted = self.look(|root| unfinished::delete_old(root, crate::names::now().into())).await?;
        if deleted > 0 {
            tracing::info!(deleted, "deleted what uploads of an earlier process left");
        }
        Ok(S3Response::new(self.unfinished.list(req.input)))
    }

    async fn upload_part(
        &self,
        req: S3Request<dto::UploadPartInput>,
    ) -> S3Result<S3Response<dto::UploadPartOutput>> {
        let _turn = self.turn(req.input.content_length).await;
        self.files.upload_part(req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<dto::AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<dto::AbortMultipartUploadOutput>> {
        let upload_id = req.input.upload_id.clone();
        let aborted = self.files.abort_multipart_upload(req).await?;
        self.unfinished.ended(&upload_id);
        Ok(aborted)
    }

    async fn get_object(
        &self,
        req: S3Request<dto::GetObjectInput>,
    ) -> S3Result<S3Response<dto::GetObjectOutput>> {
        self.files.get_object(req).await
    }

    async fn head_object(
        &self,
        req: S3Request<dto::HeadObjectInput>,
    ) -> S3Result<S3Response<dto::HeadObjectOutput>> {
        self.files.head_object(req).await
    }

    async fn delete_object(
        &self,
        req: S3Request<dto::DeleteObjectInput>,
    ) -> S3Result<S3Response<dto::DeleteObjectOutput>> {
        self.files.delete_object(req).await
    }

    async fn create_bucket(
        &self,
        req: S3Request<dto::CreateBucketInput>,
    ) -> S3Result<S3Response<dto::CreateBucketOutput>> {
        self.files.create_bucket(req).await
    }

    async fn head_bucket(
        &self,
        req: S3Request<dto::HeadBucketInput>,
    ) -> S3Result<S3Response<dto::HeadBucketOutput>> {
        self.files.head_bucket(req).await
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<dto::ListObjectsV2Input>,
    ) -> S3Result<S3Response<dto::ListObjectsV2Output>> {
        let input = &req.input;
        if input.delimiter.is_some()
            || input.continuation_token.is_some()
            || input.bucket.contains(['/', '.'])
        {
            return self.files.list_objects_v2(req).await;
        }
        let (input, most) = (req.input, 1_000);
        let asked = input.max_keys.and_then(|n| usize::try_from(n).ok()).unwrap_or(most);
        let wanted = Wanted {
            prefix: input.prefix.clone().unwrap_or_default(),
            after: input.start_after.clone().unwrap_or_default(),
            most: asked.min(most),
        };
        let bucket = input.bucket.clone();
        let (found, more) = self.look(move |root| listing::list(&root.join(bucket), &wanted)).await?;
        let token = more.then(|| found.last().map(|last| last.key.clone())).flatten();
        Ok(S3Response::new(dto::ListObjectsV2Output {
            key_count: i32::try_from(found.len()).ok(),
            max_keys: input.max_keys,
            is_truncated: Some(more),
            contents: Some(found.into_iter().map(listed).collect()),
            next_continuation_token: token,
            name: Some(input.bucket),
            prefix: input.prefix,
            start_after: input.start_after,
            ..Default::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use bytes::Bytes;

    use super::{
        super::{ObjectKey, Objects},
        *,
    };

    #[tokio::test]
    async fn what_is_long_takes_turns_at_the_disk_and_what_is_short_waits_for_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let s3 = EmbeddedS3::start(folder.path()).await.unwrap();
        let objects = Objects::connect(&s3.config("files")).within_this_process();
        objects.ensure_bucket().await.unwrap();
        let all = u32::try_from(apart::places()).unwrap();
        let held = s3.turns.clone().acquire_many_owned(all).await.unwrap();
        let (long, short) = (ObjectKey::incoming(), ObjectKey::incoming());
        let bytes = Bytes::from(vec![7_u8; 1 << 20]);
        let mut put = pin!(objects.put_stored(&long, bytes, "text/plain"));
        let soon = Duration::from_millis(300);
        assert!(tokio::time::timeout(soon, put.as_mut()).await.is_err(), "it waits");
        objects.put_stored(&short, Bytes::from_static(b"short"), "text/plain").await.unwrap();
        assert!(!objects.has(&long).await.unwrap());
        drop(held);
        put.await.unwrap();
        assert!(objects.has(&long).await.unwrap());
    }
}
