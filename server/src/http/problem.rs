//! The one error type of the HTTP side, and the one place it becomes an answer (RFC 9457).
//!
//! A 4xx says what to do differently. A 5xx says only an id; the cause is in the log under that id.

use acuse_pipeline::{checks::Warning, fields::FieldName};
use acuse_storage::customers::TakenAlias;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::problems::{self, Kind};

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No key, or one we do not know (any more).
    #[error("a valid API key is needed: Authorization: Bearer <key>")]
    Unauthorized,
    /// A webhook that nobody we know has signed.
    #[error("the signature does not match the body")]
    BadSignature,
    /// The key or user lacks a scope.
    #[error("the key lacks the scope {scope}")]
    Forbidden {
        /// The scope that would have done.
        scope: &'static str,
    },
    /// The person's role at the desk does not have it.
    #[error("your role does not let you do that")]
    NotYours,
    /// It is or may be an ID, and the caller may not see IDs.
    #[error("this document is or may be an ID: that needs the scope ids:read")]
    Withheld,
    /// The key or person is bound to some of what there is, and this would reach past it.
    #[error("this caller is bound to some customers, entities or teams, and that concerns all")]
    Bound,
    /// There is no such thing, or the caller may not know that there is.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The request cannot be understood; says what to send instead.
    #[error("{0}")]
    BadRequest(String),
    /// The request is as described and cannot be processed; says what to send instead.
    #[error("{0}")]
    Unprocessable(String),
    /// The request is understood, and cannot be done as things stand.
    #[error("{0}")]
    Conflict(String),
    /// A change without the version it was made of.
    #[error("say which version you change: If-Match with the ETag of GET /v1/documents/{{id}}")]
    PreconditionRequired,
    /// What was changed is not what is there.
    #[error("the document changed meanwhile (version {version}); look again")]
    Stale {
        /// Its version now.
        version: i64,
    },
    /// No byte of the range is there.
    #[error("that range is not in the content, which has {size_bytes} bytes")]
    RangeNotSatisfiable {
        /// How many bytes there are.
        size_bytes: u64,
    },
    /// Names that were given are other customers'.
    #[error("{}", taken_text(.0))]
    Taken(Vec<TakenAlias>),
    /// The place in the feed is of another time or another database.
    #[error(
        "this feed never gave that cursor: the database was restored, replaced or moved, or the cursor is of another \
         server. Start over: take GET /v1/events?after=head and keep its `next`, read GET /v1/documents and \
         GET /v1/customers to their end, then follow from that `next`. Or follow from the first event, without `after`"
    )]
    ForeignCursor,
    /// Something speaks against a decision; said again with a reason, it is done.
    #[error("{} To do it all the same, say why in `because`.", .0.iter().map(|w| w.message.as_str()).collect::<Vec<_>>().join(" "))]
    Unproven(Vec<Warning>),
    /// The body exceeds the cap.
    #[error("the body is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The cap.
        limit_bytes: u64,
    },
    /// Wrong content type.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// Method not known here.
    #[error("this address does not take that method")]
    MethodNotAllowed,
    /// A file's URL that was not fetched; says why, without the URL.
    #[error("{0}")]
    NotFetched(String),
    /// The client took too long, or the answer did.
    #[error("the request took too long")]
    Timeout,
    /// Too many tries.
    #[error("too many attempts; wait a minute")]
    TooManyRequests,
    /// A key's rate is used up, or an address tried too many bad keys.
    #[error("too many requests; wait {retry_after_secs} s")]
    RateLimited {
        /// When there is room again.
        retry_after_secs: u64,
    },
    /// Too much is being done at once; the caller should try again soon.
    #[error("{0}; try again in a few seconds")]
    Busy(&'static str),
    /// A search was broken off because its time was over.
    #[error("that search took too long and was broken off; narrow it, by a time (from, to) or a status")]
    TooSlow,
    /// A part we need is away; the caller should try again.
    #[error("{0}")]
    Unavailable(&'static str),
    /// Our fault. The chain goes to the log, never to the caller.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

/// What the caller reads.
#[derive(Debug, Serialize)]
struct Body {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    /// The page that says what this type means.
    help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warned>,
}

/// What is whose, in words.
fn taken_text(taken: &[TakenAlias]) -> String {
    let each: Vec<_> = taken.iter().map(|t| format!("{} of customer {}", t.member, t.owner)).collect();
    let on_purpose =
        if taken.iter().all(|t| t.member == "external_id") { "" } else { ", or say ?reassign=true" };
    format!(
        "what was given is already among the {}: change or merge that customer{on_purpose}",
        each.join(", ")
    )
}

/// What speaks against a decision.
#[derive(Debug, Serialize)]
struct Warned {
    check: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<FieldName>,
    message: String,
}

impl Warned {
    fn of(warning: &Warning) -> Self {
        Self { check: warning.check, field: warning.field, message: warning.message.clone() }
    }
}

/// What would wait for somebody to answer, where nobody is led to an answer.
pub const NOT_LED: &str = "conversations are not led here (ACUSE_POLICIES=off), so nothing would come of it: unset ACUSE_POLICIES, \
     or let it name a file of policies, start the server again and hand it in again";

impl Problem {
    /// Which kind it is. The one exhaustive match.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        match self {
            Self::Unauthorized => &problems::UNAUTHORIZED,
            Self::BadSignature => &problems::BAD_SIGNATURE,
            Self::Forbidden { .. } | Self::NotYours => &problems::FORBIDDEN,
            Self::Withheld => &problems::WITHHELD,
            Self::Bound => &problems::BOUND,
            Self::NotFound(_) => &problems::NOT_FOUND,
            Self::BadRequest(_) => &problems::BAD_REQUEST,
            Self::Unprocessable(_) => &problems::UNPROCESSABLE,
            Self::Conflict(_) => &problems::CONFLICT,
            Self::PreconditionRequired => &problems::PRECONDITION_REQUIRED,
            Self::Stale { .. } => &problems::STALE,
            Self::RangeNotSatisfiable { .. } => &problems::RANGE_NOT_SATISFIABLE,
            Self::Taken(_) => &problems::TAKEN,
            Self::ForeignCursor => &problems::FOREIGN_CURSOR,
            Self::Unproven(_) => &problems::UNPROVEN,
            Self::TooLarge { .. } => &problems::TOO_LARGE,
            Self::UnsupportedMediaType(_) => &problems::UNSUPPORTED_MEDIA_TYPE,
            Self::MethodNotAllowed => &problems::METHOD_NOT_ALLOWED,
            Self::NotFetched(_) => &problems::NOT_FETCHED,
            Self::Timeout => &problems::TIMEOUT,
            Self::TooManyRequests => &problems::TOO_MANY_REQUESTS,
            Self::RateLimited { .. } => &problems::RATE_LIMITED,
            Self::Busy(_) => &problems::BUSY,
            Self::TooSlow => &problems::QUERY_TIMEOUT,
            Self::Unavailable(_) => &problems::UNAVAILABLE,
            Self::Internal(_) => &problems::INTERNAL,
        }
    }

    /// The HTTP status this problem answers with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.kind().status
    }

    /// Logs a 5xx with its whole chain and gives back the id to tell the caller.
    pub fn log(&self) -> Option<Uuid> {
        let status = self.status();
        if !status.is_server_error() {
            return None;
        }
        let id = Uuid::now_v7();
        match self {
            Self::Internal(cause) => {
                let chain = cause.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
                tracing::error!(problem_id = %id, error = chain, "request failed");
            }
            other => tracing::warn!(problem_id = %id, error = %other, "request refused"),
        }
        Some(id)
    }
}

impl Problem {
    /// What the caller reads; of a 5xx, under which id it is in the log.
    fn body(&self, id: Option<Uuid>) -> Body {
        let kind = self.kind();
        let detail = match (self, id) {
            (Self::Unavailable(_) | Self::Busy(_) | Self::TooSlow, _) | (_, None) => self.to_string(),
            (_, Some(id)) => format!("Something failed on our side. It is logged as {id}."),
        };
        let conflicts = match self {
            Self::Taken(taken) => taken
                .iter()
                .map(|t| json!({ "member": t.member, "value": t.value, "customer_id": t.owner }))
                .collect(),
            _ => Vec::new(),
        };
        let warnings = match self {
            Self::Unproven(warnings) => warnings.iter().map(Warned::of).collect(),
            _ => Vec::new(),
        };
        let (r#type, help, status) = (kind.uri(), kind.page(), kind.status.as_u16());
        Body { r#type, title: kind.title, status, detail, help, id, conflicts, warnings }
    }

    /// The same as an example: nothing is logged.
    #[must_use]
    pub fn example(&self) -> serde_json::Value {
        let id = self.status().is_server_error().then(Uuid::nil);
        serde_json::to_value(self.body(id)).unwrap_or_default()
    }
}

impl From<anyhow::Error> for Problem {
    fn from(cause: anyhow::Error) -> Self {
        Self::Internal(cause)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let id = self.log();
        let status = self.status();
        let body = self.body(id);
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::RangeNotSatisfiable { size_bytes } => {
                if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size_bytes}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::RateLimited { retry_after_secs } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_secs));
            }
            Self::Busy(_) | Self::TooSlow => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::Unavailable(_) | Self::TooManyRequests => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
            }
            _ => {}
        }
        response
    }
}

mod examples;

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(problem: Problem) -> (StatusCode, String) {
        let response = problem.into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_5xx_gives_an_id_and_no_text_of_the_cause() {
        let cause = anyhow::anyhow!("password=hunter2").context("opening the database");
        let (status, text) = body(Problem::Internal(cause)).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text.contains("\"id\":") && !text.contains("hunter2") && !text.contains("opening"), "{text}");
    }

    #[tokio::test]
    async fn a_4xx_says_what_to_do() {
        let (status, text) = body(Problem::Forbidden { scope: "ids:read" }).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(text.contains("ids:read") && !text.contains("\"id\""), "{text}");
    }

    #[tokio::test]
    async fn who_is_not_in_the_index_yet_is_not_said_to_be_nobody() {
        let (status, text) = body(acuse_storage::CatalogError::Unindexed.into()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.contains("index of names is still being built") && text.contains("try again"), "{text}");
    }

    #[test]
    fn every_kind_has_an_example_and_a_name_of_its_own() {
        let shown: Vec<&str> = Problem::examples().iter().map(|p| p.kind().name).collect();
        let all: Vec<&str> = problems::ALL.iter().map(|kind| kind.name).collect();
        assert_eq!(shown, all);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }
}
