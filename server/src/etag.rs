//! `ETag`, `If-None-Match`, `If-Match`: an answer is named by what it says, so that what has not changed is not sent
//! again, and what changed meanwhile is not overwritten.
//!
//! The tag of what can be changed (a document, a customer, an endpoint) also says its version (`"7-…"`), which is all that `If-Match`
//! compares: what a caller may see of it is no part of what they may change. A customer's version is when it last changed.

use acuse_pipeline::document::Sha256;
use acuse_storage::altered::Altered;
use axum::{
    body::{Body, HttpBody},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use time::OffsetDateTime;

use crate::problem::Problem;

/// Longest answer that is gathered to be named; a page of 200 documents is well below.
const MOST_BYTES: usize = 8 << 20;
/// Hexadecimal digits of a hash in a tag.
const DIGITS: usize = 32;

/// The version of what an answer shows.
#[derive(Debug, Clone, Copy)]
pub struct Version(pub i64);

impl Version {
    /// Of what has no other version than when it last changed: microseconds since 1970, as a row keeps them.
    #[must_use]
    pub fn of_change(at: OffsetDateTime) -> Self {
        Self(i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX))
    }
}

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

/// Names every JSON answer to a GET or a PATCH, and a document that was just made; and leaves it out where the caller has it. HEAD is answered as GET is; what its
/// answer says is left out by the router, outside of here.
pub async fn named(mut request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
        // Only of GET is there a part (RFC 9110, 14.2).
        request.headers_mut().remove(header::RANGE);
    }
    let asked = (request.method() == Method::GET).then(|| request.headers().clone());
    let is_change = request.method() == Method::PATCH;
    let response = next.run(request).await;
    let json =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes() == b"application/json");
    let short = response.body().size_hint().exact().is_some_and(|n| n <= MOST_BYTES as u64);
    let version = response.extensions().get::<Version>().copied();
    let is_named = match response.status() {
        StatusCode::OK => asked.is_some() || is_change || version.is_some(),
        StatusCode::CREATED => version.is_some(),
        _ => false,
    };
    if !is_named || !json || !short {
        return response;
    }
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

/// Whether something was changed, or went.
///
/// # Errors
/// 412 where it was seen in another version, 404 where there is none.
pub fn altered(altered: Altered, what: &'static str) -> Result<(), Problem> {
    match altered {
        Altered::Done => Ok(()),
        Altered::Stale(version) => Err(Problem::Stale { what, version }),
        Altered::Missing => Err(Problem::NotFound(what)),
    }
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
    /// The version that the caller saw, out of `If-Match`; whatever is there where they do not say.
    ///
    /// # Errors
    /// 422 where it is no tag of what can be changed.
    pub fn if_given(headers: &HeaderMap) -> Result<Self, Problem> {
        if headers.contains_key(header::IF_MATCH) { Self::of(headers) } else { Ok(Self::Any) }
    }

    /// The version that the caller saw, out of `If-Match`.
    ///
    /// # Errors
    /// 428 without one, 422 where it is no tag of what can be changed.
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
                let how = "If-Match: send the ETag of what you read unchanged, e.g. \"7-…\"";
                Err(Problem::Unprocessable(how.to_owned()))
            }
        }
    }

    /// The version that the caller saw of a document, out of `If-Match` or out of the body, which may say it too.
    ///
    /// # Errors
    /// 422 where the two are not the same.
    pub fn or_said(self, said: Option<i64>) -> Result<Option<i64>, Problem> {
        match (self.version(), said) {
            (Some(seen), Some(said)) if seen != said => Err(Problem::Unprocessable(
                "version: another than If-Match says; send one of them".to_owned(),
            )),
            (seen, said) => Ok(seen.or(said)),
        }
    }

    /// Before something is done about a document of this version.
    ///
    /// # Errors
    /// 412 where the caller saw another.
    pub fn holds_of(self, version: i64) -> Result<(), Problem> {
        match self {
            Self::Version(seen) if seen != version => Err(Problem::Stale { what: "document", version }),
            Self::Any | Self::Version(_) => Ok(()),
        }
    }

    /// What became of it: that the document changed in the very meantime is a 412 too, where it was `If-Match` that said what
    /// the caller saw.
    ///
    /// # Errors
    /// As it was refused.
    pub fn told<T>(self, done: Result<T, Problem>) -> Result<T, Problem> {
        match (self, done) {
            (Self::Version(_), Err(Problem::Changed(version))) => {
                Err(Problem::Stale { what: "document", version })
            }
            (_, done) => done,
        }
    }

    /// When it had last changed that the caller saw (see [`Version::of_change`]), if they say.
    #[must_use]
    pub fn changed_at(self) -> Option<OffsetDateTime> {
        let micros = self.version()?;
        // No row has a time that is none: nothing is as the caller saw it.
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000);
        Some(at.unwrap_or(OffsetDateTime::UNIX_EPOCH))
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
    use axum::{Json, Router, middleware, routing::get};
    use tower::ServiceExt;

    use super::*;

    async fn asked(request: Request) -> Response {
        let shown = || async { Json(serde_json::json!({ "balanced": true })) };
        let part = |headers: HeaderMap| async move { headers.contains_key(header::RANGE).to_string() };
        let router = Router::new().route("/v1/documents", get(shown)).route("/v1/events", get(part));
        router.layer(middleware::from_fn(named)).oneshot(request).await.unwrap()
    }

    fn to(method: Method, path: &str, (name, value): (header::HeaderName, &HeaderValue)) -> Request {
        Request::builder().method(method).uri(path).header(name, value).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn head_is_answered_as_get_is() {
        let none = (header::IF_NONE_MATCH, &HeaderValue::from_static("\"none\""));
        let (whole, head) = (
            asked(to(Method::GET, "/v1/documents", none.clone())).await,
            asked(to(Method::HEAD, "/v1/documents", none)).await,
        );
        assert!(whole.headers().contains_key(header::ETAG));
        for name in [header::ETAG, header::CONTENT_LENGTH, header::CONTENT_TYPE] {
            assert_eq!(head.headers().get(&name), whole.headers().get(&name), "{name}");
        }
        let tag = (header::IF_NONE_MATCH, &head.headers()[header::ETAG]);
        assert_eq!(asked(to(Method::HEAD, "/v1/documents", tag)).await.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(axum::body::to_bytes(head.into_body(), 1).await.unwrap().len(), 0);
        let range = (header::RANGE, &HeaderValue::from_static("bytes=0-1"));
        let length = |said: &Response| said.headers()[header::CONTENT_LENGTH].to_str().unwrap().to_owned();
        let (part, head) = (
            asked(to(Method::GET, "/v1/events", range.clone())).await,
            asked(to(Method::HEAD, "/v1/events", range)).await,
        );
        assert_eq!((length(&part), length(&head)), ("true".len().to_string(), "false".len().to_string()));
    }

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
        assert_eq!(Precondition::if_given(&HeaderMap::new()).unwrap(), Precondition::Any);
        assert!(Precondition::if_given(&with(header::IF_MATCH, "7")).is_err(), "what is said is not ignored");
    }

    #[test]
    fn of_a_document_the_header_or_the_body_says_what_was_seen() {
        let (seen, any) = (Precondition::Version(7), Precondition::Any);
        assert_eq!((seen.or_said(None).unwrap(), seen.or_said(Some(7)).unwrap()), (Some(7), Some(7)));
        assert_eq!((any.or_said(Some(6)).unwrap(), any.or_said(None).unwrap()), (Some(6), None));
        assert!(
            matches!(seen.or_said(Some(6)), Err(Problem::Unprocessable(_))),
            "which of them is not guessed"
        );
        assert!(matches!(seen.holds_of(8), Err(Problem::Stale { version: 8, .. })));
        assert!(seen.holds_of(7).is_ok() && any.holds_of(8).is_ok());
        let changed = || Err::<(), _>(Problem::Changed(8));
        assert!(matches!(seen.told(changed()), Err(Problem::Stale { version: 8, .. })));
        assert!(matches!(any.told(changed()), Err(Problem::Changed(8))), "the body said it: that is a 409");
    }

    #[test]
    fn when_something_changed_is_its_version() {
        let at = time::macros::datetime!(2026-09-01 12:00:00.123456 UTC);
        assert_eq!(Precondition::Version(Version::of_change(at).0).changed_at(), Some(at));
        assert_eq!(Precondition::Any.changed_at(), None);
        let never = Precondition::Version(i64::MAX).changed_at();
        assert_eq!(never, Some(OffsetDateTime::UNIX_EPOCH), "as nothing is");
    }

    #[test]
    fn a_tag_that_the_caller_has_is_found_in_the_list() {
        let found = |value| has(&with(header::IF_NONE_MATCH, value), "\"ab\"");
        assert!(found("\"ab\"") && found("\"x\", W/\"ab\"") && found("*"));
        assert!(!found("\"abc\"") && !found("ab"));
    }
}
