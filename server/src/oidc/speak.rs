//! One request to the provider: by our own client, following nobody elsewhere, for a short time, of a small answer.

use std::time::Duration;

use futures_util::StreamExt;
use openidconnect::{HttpRequest, HttpResponse};

use crate::config::is_safe;

/// Longest wait for one answer.
const WAIT: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(5);
/// Largest answer, bytes: keys and tokens are a few kilobytes.
const ANSWER_BYTES: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// Not reached, or too slow.
    #[error("the provider does not answer")]
    Away(#[from] reqwest::Error),
    /// The provider names an address that passwords must not go to.
    #[error("the provider names an address that is not https")]
    Unsafe,
    /// More than is taken.
    #[error("the provider's answer is larger than {ANSWER_BYTES} bytes")]
    TooLarge,
    /// No answer of HTTP.
    #[error("the provider's answer cannot be understood")]
    Strange(#[from] http::Error),
}

/// The client.
///
/// # Errors
/// When TLS cannot be had.
pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(WAIT)
        .build()
}

/// Asks.
pub(super) async fn ask(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
    let request = reqwest::Request::try_from(request)?;
    if !is_safe(request.url()) {
        return Err(Unanswered::Unsafe);
    }
    let answer = client.execute(request).await?;
    let mut built = http::Response::builder().status(answer.status());
    if let Some(headers) = built.headers_mut() {
        headers.extend(answer.headers().clone());
    }
    let (mut body, mut chunks) = (Vec::new(), answer.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > ANSWER_BYTES {
            return Err(Unanswered::TooLarge);
        }
    }
    Ok(built.body(body)?)
}
