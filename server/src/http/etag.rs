//! `ETag`, `If-None-Match`, `If-Match`: an answer is named by what it says, so that what has not changed is not sent
//! again, and what changed meanwhile is not overwritten.
//!
//! The tag of a document also says its version (`"7-…"`), which is all that `If-Match` compares: what a caller may see
//! of a document is no part of what they may change.

use acuse_pipeline::document::Sha256;
use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::Problem;

/// Longest answer that is gathered to be named; a page of 200 documents is well below.
const MOST_BYTES: usize = 8 << 20;
/// Hexadecimal digits of a hash in a tag.
const DIGITS: usize = 32;

/// The version of the document that an answer shows.
#[derive(Debug, Clone, Copy)]
pub struct Version(pub i64);

/// The tag of something kept under this hash.
#[must_use]
pub fn of_hash(hash: &Sha256) -> String {
    format!("\"{}\"", &hash.to_string()[..DIGITS])
}

/// Whether one of the tags that a caller has is this one. Compared weakly, as RFC 9110 wants it for `If-None-Match`.
#[must_use]
pub fn has(headers: &HeaderMap, tag: &str) -> bool {
    let plain = |tag: &str| tag.trim().strip_prefix("W/").unwrap_or(tag.trim()).to_owned();
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|had| had.trim() == "*" || plain(had) == tag)
}

/// 304: the caller has it already.
#[must_use]
pub fn unchanged(tag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    if let Ok(value) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// Names every JSON answer to a GET, and leaves it out where the caller has it.
pub async fn named(request: Request, next: Next) -> Response {
    // An answer to HEAD has lost its body by now, and with it what would name it.
    let asked = (request.method() == Method::GET).then(|| request.headers().clone());
    let is_change = request.method() == Method::PATCH;
    let response = next.run(request).await;
    let json =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes() == b"application/json");
    let short = response.body().size_hint().exact().is_some_and(|n| n <= MOST_BYTES as u64);
    if response.status() != StatusCode::OK || !json || !short || (asked.is_none() && !is_change) {
        return response;
    }
    let version = response.extensions().get::<Version>().copied();
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, MOST_BYTES).await else {
        return Problem::Internal(anyhow::anyhow!("an answer could not be gathered")).into_response();
    };
    let tag = of_hash(&Sha256::of(&bytes));
    let tag = match version {
        Some(Version(version)) => format!("\"{version}-{}", &tag[1..]),
        None => tag,
    };
    if asked.is_some_and(|headers| has(&headers, &tag)) {
        return unchanged(&tag);
    }
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// What a change was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Whatever is there (`If-Match: *`).
    Any,
    /// This version.
    Version(i64),
}

impl Precondition {
    /// The version that the caller saw, out of `If-Match`.
    ///
    /// # Errors
    /// 428 without one, 422 where it is no tag of a document.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut lines = headers.get_all(header::IF_MATCH).iter();
        let line = lines.next().ok_or(Problem::PreconditionRequired)?;
        let tag = line.to_str().unwrap_or_default().trim();
        if tag == "*" && lines.next().is_none() {
            return Ok(Self::Any);
        }
        let inner = tag.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or_default();
        let version = inner.split('-').next().and_then(|v| v.parse().ok());
        match version {
            Some(version) if lines.next().is_none() => Ok(Self::Version(version)),
            _ => {
                let how = "If-Match: send the ETag of GET /v1/documents/{id} unchanged, e.g. \"7-…\"";
                Err(Problem::Unprocessable(how.to_owned()))
            }
        }
    }

    /// The version, if it is one.
    #[must_use]
    pub fn version(self) -> Option<i64> {
        match self {
            Self::Any => None,
            Self::Version(version) => Some(version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_precondition_is_a_version_anything_or_refused() {
        let of = |value| Precondition::of(&with(header::IF_MATCH, value));
        assert_eq!(of("\"7-00ff\"").unwrap(), Precondition::Version(7));
        assert_eq!(of("\"12\"").unwrap(), Precondition::Version(12));
        assert_eq!(of("*").unwrap(), Precondition::Any);
        for bad in ["7", "W/\"7-00\"", "\"x-7\"", "\"7\", \"8\"", ""] {
            assert!(matches!(of(bad), Err(Problem::Unprocessable(_))), "{bad}");
        }
        assert!(matches!(Precondition::of(&HeaderMap::new()), Err(Problem::PreconditionRequired)));
    }

    #[test]
    fn a_tag_that_the_caller_has_is_found_in_the_list() {
        let found = |value| has(&with(header::IF_NONE_MATCH, value), "\"ab\"");
        assert!(found("\"ab\"") && found("\"x\", W/\"ab\"") && found("*"));
        assert!(!found("\"abc\"") && !found("ab"));
    }
}
