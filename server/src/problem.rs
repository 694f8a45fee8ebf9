//! Why something was not done: the one error type of the web side, for the API, the desk and what both use. How it becomes
//! an answer is `response`'s matter.
//!
//! A 4xx says what to do differently. A 5xx says only an id; the cause is in the log under that id.

mod examples;
pub mod kinds;
mod response;

use acuse_pipeline::checks::Warning;
use acuse_storage::{CatalogError, customers::TakenAlias, error::Chain, objects::ObjectError};
use http::StatusCode;
use uuid::Uuid;

use kinds::Kind;

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
    /// The form does not carry the session's token.
    #[error("this form is from another session: go back, reload and try again")]
    OtherSession,
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
    /// What a body says it was made of (`version`) is not what is there.
    #[error("the document changed meanwhile (version {0}); look again")]
    Changed(i64),
    /// A change without the version it was made of.
    #[error("say which version you change: If-Match with the ETag of GET /v1/documents/{{id}}")]
    PreconditionRequired,
    /// What was changed is not what is there.
    #[error("the {what} changed meanwhile (version {version}); look again")]
    Stale {
        /// What it is.
        what: &'static str,
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

/// What would wait for somebody to answer, where nobody is led to an answer.
pub const NOT_LED: &str = "conversations are not led here (ACUSE_POLICIES=off), so nothing would come of it: unset ACUSE_POLICIES, \
     or let it name a file of policies, start the server again and hand it in again";

impl Problem {
    /// Which kind it is. The one exhaustive match.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        match self {
            Self::Unauthorized => &kinds::UNAUTHORIZED,
            Self::BadSignature => &kinds::BAD_SIGNATURE,
            Self::Forbidden { .. } | Self::NotYours | Self::OtherSession => &kinds::FORBIDDEN,
            Self::Withheld => &kinds::WITHHELD,
            Self::Bound => &kinds::BOUND,
            Self::NotFound(_) => &kinds::NOT_FOUND,
            Self::BadRequest(_) => &kinds::BAD_REQUEST,
            Self::Unprocessable(_) => &kinds::UNPROCESSABLE,
            Self::Conflict(_) | Self::Changed(_) => &kinds::CONFLICT,
            Self::PreconditionRequired => &kinds::PRECONDITION_REQUIRED,
            Self::Stale { .. } => &kinds::STALE,
            Self::RangeNotSatisfiable { .. } => &kinds::RANGE_NOT_SATISFIABLE,
            Self::Taken(_) => &kinds::TAKEN,
            Self::ForeignCursor => &kinds::FOREIGN_CURSOR,
            Self::Unproven(_) => &kinds::UNPROVEN,
            Self::TooLarge { .. } => &kinds::TOO_LARGE,
            Self::UnsupportedMediaType(_) => &kinds::UNSUPPORTED_MEDIA_TYPE,
            Self::MethodNotAllowed => &kinds::METHOD_NOT_ALLOWED,
            Self::NotFetched(_) => &kinds::NOT_FETCHED,
            Self::Timeout => &kinds::TIMEOUT,
            Self::TooManyRequests => &kinds::TOO_MANY_REQUESTS,
            Self::RateLimited { .. } => &kinds::RATE_LIMITED,
            Self::Busy(_) => &kinds::BUSY,
            Self::TooSlow => &kinds::QUERY_TIMEOUT,
            Self::Unavailable(_) => &kinds::UNAVAILABLE,
            Self::Internal(_) => &kinds::INTERNAL,
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

impl From<anyhow::Error> for Problem {
    fn from(cause: anyhow::Error) -> Self {
        Self::Internal(cause)
    }
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        if error.is_unavailable() {
            tracing::error!(error = %Chain(&error), "the catalog is out of reach");
            return Self::Unavailable("the catalog is out of reach; try again");
        }
        if error.is_over_budget() {
            tracing::warn!(error = %Chain(&error), "a statement was broken off");
            return Self::TooSlow;
        }
        if error.is_contention() {
            tracing::warn!(error = %Chain(&error), "two requests met again and again");
            return Self::Busy("others write the same at this moment");
        }
        if matches!(error, CatalogError::NoTurn) {
            return Self::Busy("too many searches or exports are under way");
        }
        if matches!(error, CatalogError::Unindexed) {
            return Self::Busy("after an update the index of names is still being built");
        }
        Self::Internal(anyhow::Error::new(error))
    }
}

impl From<ObjectError> for Problem {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::TooLarge { limit } => Self::TooLarge { limit_bytes: limit },
            ObjectError::Stalled => Self::Timeout,
            ObjectError::NoSuchRange { size_bytes } => Self::RangeNotSatisfiable { size_bytes },
            ObjectError::Erased { .. } => Self::NotFound("content of this document: it was erased"),
            error @ ObjectError::Service { .. } => {
                tracing::error!(error = %Chain(&error), "the objects are out of reach");
                Self::Unavailable("the objects are out of reach; try again")
            }
            error => Self::Internal(anyhow::Error::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_an_example_and_a_name_of_its_own() {
        let shown: Vec<&str> = Problem::examples().iter().map(|p| p.kind().name).collect();
        let all: Vec<&str> = kinds::ALL.iter().map(|kind| kind.name).collect();
        assert_eq!(shown, all);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }
}
