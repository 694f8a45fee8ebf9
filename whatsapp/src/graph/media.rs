//! Media: an id into a URL that lives five minutes, and that URL into a stream of bytes under a cap.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, stream};
use reqwest::{Method, Response, Url, header};
use serde_json::Value;
use tokio::time::Instant;

use super::{Call, Cause, ErrorClass, Graph, GraphError, not_understood, read_capped, redirect_host};
use crate::{MediaId, limits, webhook};

/// What Meta knows of one media object. The URL is a secret by itself: it is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaInfo {
    /// The id asked for.
    pub id: MediaId,
    /// Where the bytes are, for five minutes; needs the token too.
    pub url: Url,
    /// As the sender's client declared it.
    pub mime_type: Option<String>,
    /// What the bytes hash to.
    pub sha256: Option<[u8; 32]>,
    /// How many there are.
    pub size_bytes: Option<u64>,
}

impl std::fmt::Debug for MediaInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaInfo")
            .field("id", &self.id)
            .field("host", &self.url.host_str())
            .field("mime_type", &self.mime_type)
            .field("size_bytes", &self.size_bytes)
            .finish_non_exhaustive()
    }
}

/// The pieces of a download. After an error it ends.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, GraphError>> + Send>>;

/// A download under way.
pub struct Download {
    /// What the header says of the type.
    pub content_type: Option<String>,
    /// What the header says of the size; the cap is enforced whatever it says.
    pub size_bytes: Option<u64>,
    /// The bytes, capped in size and time.
    pub bytes: ByteStream,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

impl Graph {
    /// Looks a media id up. Ask anew for each attempt: the URL lives five minutes.
    ///
    /// `phone_number_id`, where known, makes Meta refuse ids of another number.
    ///
    /// # Errors
    /// [`ErrorClass::MediaGone`] when the id is no more; the rest by its class.
    pub async fn media(&self, id: &MediaId, phone_number_id: Option<&str>) -> Result<MediaInfo, GraphError> {
        let mut request = self.request(Method::GET, [id.as_str()]);
        if let Some(number) = phone_number_id {
            request = request.query(&[("phone_number_id", number)]);
        }
        let answer = self.call(Call::Lookup, request).await?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str);
        let url = text("url").and_then(|url| url.parse().ok());
        Ok(MediaInfo {
            id: id.clone(),
            url: url.ok_or_else(|| not_understood(Call::Lookup, "no url"))?,
            mime_type: text("mime_type").map(str::to_owned),
            sha256: text("sha256").and_then(webhook::sha256),
            size_bytes: webhook::size_bytes(&answer, "file_size"),
        })
    }

    /// Streams the bytes of `media`, at most `limit_bytes` of them.
    ///
    /// # Errors
    /// [`ErrorClass::MediaUrlExpired`]: look it up again. [`ErrorClass::HostNotAllowed`] and
    /// [`ErrorClass::MediaTooLarge`]: to a person. The stream fails with the same type.
    pub async fn download(&self, media: &MediaInfo, limit_bytes: u64) -> Result<Download, GraphError> {
        if media.size_bytes.is_some_and(|size| size > limit_bytes) {
            return Err(too_large(limit_bytes));
        }
        let deadline = Instant::now() + self.config.download_timeout;
        let opened = tokio::time::timeout_at(deadline, self.open(&media.url)).await;
        let response = opened.map_err(|_| timed_out(self.config.download_timeout))??;
        let size_bytes = response.content_length();
        if size_bytes.is_some_and(|size| size > limit_bytes) {
            return Err(too_large(limit_bytes));
        }
        let content_type = response.headers().get(header::CONTENT_TYPE);
        Ok(Download {
            content_type: content_type.and_then(|t| t.to_str().ok()).map(str::to_owned),
            size_bytes,
            bytes: capped(Pull {
                response,
                deadline,
                config: (self.config.idle_timeout, self.config.download_timeout),
                promised_bytes: size_bytes.or(media.size_bytes),
                got_bytes: 0,
                limit_bytes,
            }),
        })
    }

    /// Opens the URL; follows redirects to allowed hosts, without the token.
    async fn open(&self, url: &Url) -> Result<Response, GraphError> {
        let mut url = url.clone();
        for hop in 0..=limits::REDIRECTS {
            self.hosts
                .check(&url)
                .map_err(|cause| GraphError::new(Call::Download, ErrorClass::HostNotAllowed, cause))?;
            let mut request = self.http.get(url.clone());
            if hop == 0 {
                request = request.bearer_auth(self.config.access_token.expose());
            }
            let response = request.send().await;
            let response = response
                .map_err(|e| GraphError::of_transport(Call::Download, e, self.config.idle_timeout))?;
            let (status, headers) = (response.status(), response.headers());
            if status.is_success() {
                return Ok(response);
            }
            if !status.is_redirection() {
                return Err(refused(response, hop).await);
            }
            let location = headers.get(header::LOCATION).and_then(|l| l.to_str().ok());
            url = location.and_then(|l| response.url().join(l).ok()).ok_or_else(|| {
                let cause = Cause::Redirected(redirect_host(&response));
                GraphError::new(Call::Download, ErrorClass::Retry, cause)
            })?;
        }
        let host = url.host_str().unwrap_or("nowhere").to_owned();
        Err(GraphError::new(Call::Download, ErrorClass::Retry, Cause::Redirected(host)))
    }
}

/// A byte URL's refusal. Past a redirect no token came along, so it says nothing about ours.
async fn refused(response: Response, hop: usize) -> GraphError {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = read_capped(response).await.unwrap_or_default();
    let mut error = GraphError::of_answer(Call::Download, status, &headers, &body);
    if hop > 0 {
        error.class = ErrorClass::Retry;
    }
    error
}

/// The state of a stream being pulled.
struct Pull {
    response: Response,
    deadline: Instant,
    /// The idle and the whole time-out.
    config: (Duration, Duration),
    promised_bytes: Option<u64>,
    got_bytes: u64,
    limit_bytes: u64,
}

fn capped(pull: Pull) -> ByteStream {
    Box::pin(stream::try_unfold(pull, |mut pull| async move {
        let piece = pull.next().await?;
        Ok(piece.map(|piece| (piece, pull)))
    }))
}

impl Pull {
    async fn next(&mut self) -> Result<Option<Bytes>, GraphError> {
        let (idle, whole) = self.config;
        let pulled = tokio::time::timeout_at(self.deadline, self.response.chunk()).await;
        let piece = pulled
            .map_err(|_| timed_out(whole))?
            .map_err(|e| GraphError::of_transport(Call::Download, e, idle))?;
        let Some(piece) = piece else { return self.finish() };
        self.got_bytes += piece.len() as u64;
        if self.got_bytes > self.limit_bytes {
            return Err(too_large(self.limit_bytes));
        }
        Ok(Some(piece))
    }

    /// Without a length in the header, a cut connection looks like the end; the look-up knew the size.
    fn finish(&self) -> Result<Option<Bytes>, GraphError> {
        match self.promised_bytes {
            Some(promised_bytes) if promised_bytes != self.got_bytes => {
                let cause = Cause::Truncated { promised_bytes, got_bytes: self.got_bytes };
                Err(GraphError::new(Call::Download, ErrorClass::Retry, cause))
            }
            _ => Ok(None),
        }
    }
}

fn too_large(limit_bytes: u64) -> GraphError {
    GraphError::new(Call::Download, ErrorClass::MediaTooLarge, Cause::TooLarge { limit_bytes })
}

fn timed_out(waited: Duration) -> GraphError {
    GraphError::new(Call::Download, ErrorClass::Retry, Cause::TimedOut(waited))
}
