//! Files, in any S3: the embedded one, MinIO, Garage, RustFS, AWS.
//!
//! Bytes come as a stream, are hashed while they go out, and never stand in memory whole: up to 8 MiB they are one
//! `PutObject`; longer ones are a multipart upload under a passing key, copied by the server to the key made of their
//! hash. The server checks a SHA-256 of everything we send it.
//!
//! With a key file (`crate::key_file`) each object is sealed by its document's key on the way in and opened on the way
//! out; hashes, lengths and ranges are those of the bytes as they came.

mod apart;
mod config;
mod embedded;
mod key;
mod leftovers;
mod listing;
mod opening;
mod put;
mod ranged;
mod sealed;
mod sealing;
mod upload;
mod vault;

use std::time::Duration;

use acuse_pipeline::document::Sha256;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    presigning::PresigningConfig,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use apart::Apart;
pub use config::{Credentials, S3Config};
pub use embedded::{EmbeddedError, EmbeddedS3};
pub use key::{NotAKey, ObjectKey};
pub use listing::{Listed, ObjectPage};
use opening::{Flow, Looked};
pub use ranged::{ByteRange, NotARange, Ranged};
pub use sealed::is_sealed;
pub use sealing::{SEALING, SealError};
pub use vault::Vault;

use crate::{documents::StoredObject, key_file::KeyFile};

/// Longest wait for the next bytes of an object or of a source.
const STALL: Duration = Duration::from_secs(30);

/// An object operation failed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// S3 refused or did not answer. `why` has its words.
    #[error("S3 failed while {doing}: {why}")]
    Service {
        /// What was being done.
        doing: &'static str,
        /// What it said, with all causes; no secret is in it.
        why: String,
    },
    /// There is no such object.
    #[error("no object {0}")]
    Missing(String),
    /// The object has none of the bytes that were asked for.
    #[error("no byte of that range")]
    NoSuchRange {
        /// How many it has, as it came.
        size_bytes: u64,
    },
    /// Longer than it may be.
    #[error("longer than {limit} bytes")]
    TooLarge {
        /// The cap.
        limit: u64,
    },
    /// The source of the bytes failed.
    #[error("the source of the bytes failed")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No byte came for too long.
    #[error("no byte came for {} seconds", STALL.as_secs())]
    Stalled,
    /// It was erased: nobody has its key any more.
    #[error("object {key} was erased")]
    Erased {
        /// Which.
        key: String,
    },
    /// It is sealed, and does not open with its key: it was changed or cut.
    #[error("object {key} cannot be opened: it was changed, or sealed by another key file")]
    Unopened {
        /// Which.
        key: String,
    },
    /// What came back has another hash than what was kept.
    #[error("object {key} is not what was kept: expected SHA-256 {expected}, got {found}")]
    Altered {
        /// Which.
        key: String,
        /// As the catalog has it.
        expected: Sha256,
        /// As it is.
        found: Sha256,
    },
}

fn failed<E>(doing: &'static str) -> impl Fn(SdkError<E>) -> ObjectError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |error| ObjectError::Service { doing, why: DisplayErrorContext(&error).to_string() }
}

fn missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|r| r.status().as_u16() == 404)
        || matches!(error.code(), Some("NoSuchKey" | "NotFound"))
}

/// The bytes of an answer, as long as they flow.
fn flowing(body: aws_sdk_s3::primitives::ByteStream) -> Flow {
    let flow = futures_util::stream::unfold(Some(body), |body| async {
        let mut body = body?;
        match tokio::time::timeout(STALL, body.next()).await {
            Err(_) => Some((Err(ObjectError::Stalled), None)),
            Ok(None) => None,
            Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(body))),
            Ok(Some(Err(error))) => Some((Err(ObjectError::Source(Box::new(error))), None)),
        }
    });
    // Whoever looks at the first bytes may meet the end there, and ask again.
    Box::pin(flow.fuse())
}

/// One bucket, and the key file by which what goes into it is sealed. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
    keys: Option<KeyFile>,
    is_reached_from_outside: bool,
    apart: Apart,
}

impl Objects {
    /// A client; nothing is sent yet.
    #[must_use]
    pub fn connect(config: &S3Config) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .pool_idle_timeout(Duration::from_secs(20))
            .build_https();
        let credentials = aws_sdk_s3::config::Credentials::new(
            config.credentials.access_key.clone(),
            config.credentials.secret_key.clone(),
            config.credentials.session_token.clone(),
            None,
            "acuse",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(STALL)
            .operation_attempt_timeout(Duration::from_secs(60))
            .operation_timeout(Duration::from_secs(180))
            .build();
        let mut builder = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(config.region.clone()))
            .credentials_provider(credentials)
            .force_path_style(config.endpoint.is_some())
            // We send SHA-256 ourselves; the SDK's trailing checksums break several S3 servers.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .timeout_config(timeouts);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        Self {
            client: Client::from_conf(builder.build()),
            bucket: config.bucket.clone(),
            keys: None,
            is_reached_from_outside: true,
            apart: Apart::of_this_process(),
        }
    }

    /// The same bucket, whose S3 is in this process: who is given a link to it reaches nothing.
    #[must_use]
    pub fn within_this_process(mut self) -> Self {
        self.is_reached_from_outside = false;
        self
    }

    /// Whether others than this process may reach its S3.
    #[must_use]
    pub fn is_reached_from_outside(&self) -> bool {
        self.is_reached_from_outside
    }

    /// The same bucket; from now on what is put is sealed by this file, and what was sealed by it is opened.
    #[must_use]
    pub fn sealed_by(mut self, keys: Option<KeyFile>) -> Self {
        self.keys = keys;
        self
    }

    /// The key file, where what is put is sealed.
    #[must_use]
    pub fn keys(&self) -> Option<&KeyFile> {
        self.keys.as_ref()
    }

    /// Makes sure that the bucket is there and ours, making it if need be.
    ///
    /// # Errors
    /// When it is not, with what to do.
    pub async fn ensure_bucket(&self) -> Result<(), ObjectError> {
        let error = match self.client.head_bucket().bucket(&self.bucket).send().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let advice = |why: &str| ObjectError::Service {
            doing: "looking for the bucket",
            why: format!("bucket {:?}: {why}", self.bucket),
        };
        match error.raw_response().map(|r| r.status().as_u16()) {
            Some(404) => {}
            Some(403) => {
                return Err(advice(
                    "access denied; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and that they may use it",
                ));
            }
            Some(301 | 307 | 400) => {
                return Err(advice(
                    "it is in another region, or the request was refused; check ACUSE_S3_REGION",
                ));
            }
            _ => {
                let context = DisplayErrorContext(&error);
                return Err(advice(&format!("no answer; check ACUSE_S3_ENDPOINT ({context})")));
            }
        }
        match self.client.create_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(()),
            // Another process was quicker.
            Err(error) if matches!(error.code(), Some("BucketAlreadyOwnedByYou")) => Ok(()),
            Err(error) => Err(advice(&format!(
                "it does not exist and cannot be made ({})",
                DisplayErrorContext(&error)
            ))),
        }
    }

    /// Asks S3 for a sign of life (for `/readyz` and `doctor`).
    ///
    /// # Errors
    /// When the bucket does not answer.
    pub async fn ping(&self) -> Result<(), ObjectError> {
        self.client
            .head_bucket()
            .bucket(&self.bucket)
            .send()
            .await
            .map(drop)
            .map_err(failed("looking for the bucket"))
    }

    /// An object as a stream, with its length. No byte for 30 seconds ends it with an error.
    ///
    /// # Errors
    /// When it is not there, was erased or does not open, or S3 fails.
    pub async fn get_stream(
        &self,
        key: &ObjectKey,
    ) -> Result<(u64, impl Stream<Item = Result<Bytes, ObjectError>> + Send + use<>), ObjectError> {
        let (stored, flow) = self.stored(key).await?;
        self.opened(key, stored, flow).await
    }

    /// An object as it stands in the store, sealed or not.
    ///
    /// # Errors
    /// When it is not there or S3 fails.
    pub async fn get_stored(
        &self,
        key: &ObjectKey,
    ) -> Result<(u64, impl Stream<Item = Result<Bytes, ObjectError>> + Send + Unpin + use<>), ObjectError>
    {
        self.stored(key).await
    }

    async fn stored(&self, key: &ObjectKey) -> Result<(u64, Flow), ObjectError> {
        let got = match self.client.get_object().bucket(&self.bucket).key(key.as_str()).send().await {
            Ok(got) => got,
            Err(error) if missing(&error) => return Err(ObjectError::Missing(key.to_string())),
            Err(error) => return Err(failed("getting an object")(error)),
        };
        let length = got.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or_default();
        Ok((length, flowing(got.body)))
    }

    /// An object whole, at most `limit` bytes.
    ///
    /// # Errors
    /// When it is longer, is not there, or S3 fails.
    pub async fn get_bytes(&self, key: &ObjectKey, limit: u64) -> Result<Bytes, ObjectError> {
        let (length, stream) = self.get_stream(key).await?;
        if length > limit {
            return Err(ObjectError::TooLarge { limit });
        }
        let mut stream = std::pin::pin!(stream);
        let mut all = BytesMut::new();
        while let Some(bytes) = stream.next().await.transpose()? {
            if (all.len() + bytes.len()) as u64 > limit {
                return Err(ObjectError::TooLarge { limit });
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }

    /// A kept file whole, and proof that it is what was kept.
    ///
    /// # Errors
    /// As [`Objects::get_bytes`], and when its hash is another.
    pub async fn get_verified(&self, stored: &StoredObject, limit: u64) -> Result<Bytes, ObjectError> {
        let bytes = self.get_bytes(&stored.key, limit).await?;
        let (bytes, found) = self
            .apart
            .work(bytes.len(), move || {
                let found = Sha256::of(&bytes);
                (bytes, found)
            })
            .await?;
        if found == stored.sha256 {
            Ok(bytes)
        } else {
            Err(ObjectError::Altered { key: stored.key.to_string(), expected: stored.sha256, found })
        }
    }

    /// The length of an object as it came, if it is there.
    ///
    /// # Errors
    /// When S3 fails, or it is sealed and was cut.
    pub async fn head(&self, key: &ObjectKey) -> Result<Option<u64>, ObjectError> {
        Ok(self.looked(key).await?.map(|looked| match looked {
            Looked::Plain(length) => length,
            Looked::Sealed { shape, .. } => shape.plain,
        }))
    }

    /// Whether it is there, sealed or not.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn has(&self, key: &ObjectKey) -> Result<bool, ObjectError> {
        Ok(self.stored_bytes(key).await?.is_some())
    }

    /// How many bytes of it the store has.
    async fn stored_bytes(&self, key: &ObjectKey) -> Result<Option<u64>, ObjectError> {
        match self.client.head_object().bucket(&self.bucket).key(key.as_str()).send().await {
            Ok(head) => {
                Ok(Some(head.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or_default()))
            }
            Err(error) if missing(&error) => Ok(None),
            Err(error) => Err(failed("asking for an object")(error)),
        }
    }

    /// Deletes an object; one that is not there is deleted already.
    ///
    /// # Errors
    /// When S3 fails.
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        match self.client.delete_object().bucket(&self.bucket).key(key.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) if missing(&error) => Ok(()),
            Err(error) => Err(failed("deleting an object")(error)),
        }
    }

    /// A URL that anyone may GET for as long as `lasts` (at most 7 days).
    ///
    /// # Errors
    /// When `lasts` is too long.
    pub async fn presigned_get(&self, key: &ObjectKey, lasts: Duration) -> Result<String, ObjectError> {
        let config = PresigningConfig::expires_in(lasts)
            .map_err(|error| ObjectError::Service { doing: "signing a link", why: error.to_string() })?;
        self.client
            .get_object()
            .bucket(&self.bucket)
            .key(key.as_str())
            // Whatever it holds, a browser saves it and shows nothing.
            .response_content_disposition("attachment")
            .response_content_type("application/octet-stream")
            .presigned(config)
            .await
            .map(|request| request.uri().to_owned())
            .map_err(failed("signing a link"))
    }
}
