//! One error for every call: what was being done, what came back, and what to do about it.

use std::{fmt, time::Duration};

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use super::{Call, ErrorClass};
use crate::limits::RETRY_AFTER_MAX;

/// Somebody asks for less and says no time.
const QUIET: Duration = Duration::from_secs(60);

/// A call to the Graph API, or a download, that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("{call} failed ({})", class.as_str())]
pub struct GraphError {
    /// What was being done.
    pub call: Call,
    /// What to do about it.
    pub class: ErrorClass,
    /// What happened.
    #[source]
    pub cause: Cause,
}

/// What happened to a call.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// Meta answered with an error.
    #[error("{0}")]
    Refused(Refused),
    /// No connection could be made: nothing was sent.
    #[error("no connection")]
    Connect(#[source] reqwest::Error),
    /// The connection broke, or the body ended early.
    #[error("the connection broke")]
    Broken(#[source] reqwest::Error),
    /// No answer within the time-out.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// A success whose body is not what Meta documents.
    #[error("the answer was not understood: {0}")]
    NotUnderstood(&'static str),
    /// A redirect where none belongs, or too many.
    #[error("redirected to {0}")]
    Redirected(String),
    /// The bytes are on a host that is not on the list.
    #[error("host {0} is not allowed: if it is Meta's, add it to ACUSE_MEDIA_HOSTS")]
    HostNotAllowed(String),
    /// Not https, and not loopback.
    #[error("{0} is neither https nor loopback")]
    NotHttps(String),
    /// More bytes than the cap.
    #[error("larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The cap.
        limit_bytes: u64,
    },
    /// Fewer bytes than promised.
    #[error("{got_bytes} of {promised_bytes} bytes came")]
    Truncated {
        /// What the header promised.
        promised_bytes: u64,
        /// What came.
        got_bytes: u64,
    },
    /// What we were about to send breaks a rule of Meta's.
    #[error("{0}")]
    Invalid(&'static str),
}

/// An error as Meta answers it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// Meta's code; none when the answer was not Meta's JSON (a gateway's page).
    pub code: Option<i64>,
    /// Meta's subcode.
    pub subcode: Option<i64>,
    /// Meta's sentence; may hold a number or id, so it belongs in the timeline, not in the log.
    pub message: Option<String>,
    /// For Meta's support.
    pub trace_id: Option<String>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(code) = self.code {
            write!(f, ", code {code}")?;
        }
        if let Some(subcode) = self.subcode {
            write!(f, ", subcode {subcode}")?;
        }
        if let Some(trace_id) = &self.trace_id {
            write!(f, ", trace {trace_id}")?;
        }
        Ok(())
    }
}

impl GraphError {
    pub(super) fn new(call: Call, class: ErrorClass, cause: Cause) -> Self {
        Self { call, class, cause }
    }

    /// Meta's code, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        self.refused().and_then(|r| r.code)
    }

    /// Meta's subcode, if it gave one.
    #[must_use]
    pub fn subcode(&self) -> Option<i64> {
        self.refused().and_then(|r| r.subcode)
    }

    /// Meta's answer, if it was an answer.
    #[must_use]
    pub fn refused(&self) -> Option<&Refused> {
        match &self.cause {
            Cause::Refused(refused) => Some(refused),
            _ => None,
        }
    }

    /// A failure of the connection. A send that may have arrived is [`ErrorClass::Unknown`].
    pub(super) fn of_transport(call: Call, error: reqwest::Error, waited: Duration) -> Self {
        // The URL of a download is a secret by itself.
        let error = error.without_url();
        let class = match call {
            Call::Send if !error.is_connect() => ErrorClass::Unknown,
            _ => ErrorClass::Retry,
        };
        let cause = if error.is_connect() {
            Cause::Connect(error)
        } else if error.is_timeout() {
            Cause::TimedOut(waited)
        } else {
            Cause::Broken(error)
        };
        Self { call, class, cause }
    }

    /// An answer that is not a success.
    pub(super) fn of_answer(call: Call, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let refused = read_refusal(status, body);
        let class = classify(call, &refused, retry_after(headers));
        Self { call, class, cause: Cause::Refused(refused) }
    }
}

fn read_refusal(status: StatusCode, body: &[u8]) -> Refused {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = body.get("error").unwrap_or(&Value::Null);
    let number = |key: &str| error.get(key).and_then(Value::as_i64);
    let text = |key: &str| error.get(key).and_then(Value::as_str).map(|s| s.chars().take(500).collect());
    let details = error.pointer("/error_data/details").or_else(|| error.get("error_data"));
    Refused {
        status: status.as_u16(),
        code: number("code"),
        subcode: number("error_subcode"),
        message: details.and_then(Value::as_str).map(|s| s.chars().take(500).collect()).or(text("message")),
        trace_id: text("fbtrace_id"),
    }
}

fn classify(call: Call, refused: &Refused, told: Option<Duration>) -> ErrorClass {
    let Some(code) = refused.code else { return not_metas(call, refused.status, told) };
    if call == Call::Lookup && (code, refused.subcode) == (100, Some(33)) {
        return ErrorClass::MediaGone;
    }
    match (ErrorClass::of_code(code), told) {
        (Some(ErrorClass::Wait { .. } | ErrorClass::Retry), Some(retry_after)) => {
            ErrorClass::Wait { retry_after }
        }
        (Some(class), _) => class,
        (None, _) => by_status(refused.status, told),
    }
}

/// An answer without Meta's error object: of whoever stands in front of Graph (a gateway, a proxy, a captive portal),
/// whatever its status says, or of the host of the bytes, which speaks by the status alone. It says nothing of the
/// token, the message or the file: Graph is asked whether it is there.
fn not_metas(call: Call, status: u16, told: Option<Duration>) -> ErrorClass {
    match (call, status) {
        // The byte URL lives five minutes; Meta says to look the id up again on 404. The look-up, not one
        // file's URL, is what may condemn the token and pause the channel.
        (Call::Download, 401 | 403 | 404 | 410) => ErrorClass::MediaUrlExpired,
        // It is the size of this file that does not pass there.
        (Call::Upload, 413) => ErrorClass::OutboundMedia,
        (_, 429) => ErrorClass::Wait { retry_after: told.unwrap_or(QUIET) },
        // A gateway that gave up may have handed the message on before.
        (Call::Send, 500 | 502 | 504) => ErrorClass::Unknown,
        _ => ErrorClass::Retry,
    }
}

/// For a code of Meta's that we do not know.
fn by_status(status: u16, told: Option<Duration>) -> ErrorClass {
    match (status, told) {
        (429, _) => ErrorClass::Wait { retry_after: told.unwrap_or(QUIET) },
        (408 | 425 | 500..=999, Some(retry_after)) => ErrorClass::Wait { retry_after },
        (408 | 425 | 500..=999, None) => ErrorClass::Retry,
        _ => ErrorClass::Permanent,
    }
}

/// How long Meta asks to wait: `Retry-After` in seconds, or the usage header in minutes.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let seconds = header("retry-after").and_then(|s| s.trim().parse::<u64>().ok());
    let by_usage = || {
        let usage: Value = serde_json::from_str(header("x-business-use-case-usage")?).ok()?;
        let accounts = usage.as_object()?.values().filter_map(Value::as_array).flatten();
        accounts.filter_map(|a| a.get("estimated_time_to_regain_access")?.as_u64()).max()
    };
    let seconds = seconds.or_else(|| by_usage().filter(|m| *m > 0).map(|m| m.saturating_mul(60)))?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(call: Call, status: u16, body: &[u8]) -> ErrorClass {
        class_with(call, status, body, &HeaderMap::new())
    }

    fn class_with(call: Call, status: u16, body: &[u8], headers: &HeaderMap) -> ErrorClass {
        GraphError::of_answer(call, StatusCode::from_u16(status).unwrap(), headers, body).class
    }

    #[test]
    fn metas_own_examples() {
        let gone = include_bytes!("../../../fixtures/api/error-media-gone.json");
        assert_eq!(class(Call::Lookup, 400, gone), ErrorClass::MediaGone);
        assert_eq!(class(Call::Send, 400, gone), ErrorClass::Permanent, "only media can be gone");
        let pair = include_bytes!("../../../fixtures/api/error-pair-limit.json");
        assert_eq!(class(Call::Send, 400, pair), ErrorClass::PairLimit);
        let token = include_bytes!("../../../fixtures/api/error-token-expired.json");
        assert_eq!(class(Call::Lookup, 401, token), ErrorClass::TokenExpired);
        let error = GraphError::of_answer(Call::Lookup, StatusCode::UNAUTHORIZED, &HeaderMap::new(), token);
        assert_eq!((error.code(), error.subcode()), (Some(190), Some(463)));
    }

    #[test]
    fn answers_without_a_code() {
        assert_eq!(class(Call::Download, 404, b""), ErrorClass::MediaUrlExpired);
        assert_eq!(class(Call::Download, 401, b"nope"), ErrorClass::MediaUrlExpired);
        assert_eq!(class(Call::Lookup, 401, b"nope"), ErrorClass::Retry, "Meta says 190 of a token");
        assert_eq!(class(Call::Lookup, 503, b"<html>"), ErrorClass::Retry);
        assert_eq!(class(Call::Send, 503, b"<html>"), ErrorClass::Retry);
        // Whoever stands before Meta gave up: the message may have gone on. One that is not there took nothing.
        for may_have_left in [500, 502, 504] {
            assert_eq!(class(Call::Send, may_have_left, b"<html>"), ErrorClass::Unknown);
            assert_eq!(class(Call::Probe, may_have_left, b"<html>"), ErrorClass::Retry);
        }
    }

    /// A proxy or a captive portal says what it likes in Graph's place.
    #[test]
    fn what_is_not_metas_condemns_nothing() {
        let page = b"<html><h1>Sign in to this network</h1>";
        for status in [300, 400, 401, 403, 404, 405, 407, 408, 410, 418, 451, 503, 511] {
            for call in [Call::Lookup, Call::Upload, Call::Send, Call::MarkRead, Call::Probe] {
                assert_eq!(class(call, status, page), ErrorClass::Retry, "{call}: {status}");
                assert_eq!(class(call, status, b"{}"), ErrorClass::Retry, "{call}: {status}, some JSON");
            }
        }
        assert_eq!(class(Call::Download, 407, page), ErrorClass::Retry);
        assert_eq!(
            class(Call::Upload, 413, page),
            ErrorClass::OutboundMedia,
            "too large for whoever is there"
        );
        assert_eq!(class(Call::Send, 413, page), ErrorClass::Retry);
        // What Meta says with a code that nobody knows is Meta's.
        assert_eq!(class(Call::Send, 400, br#"{"error":{"code":999999}}"#), ErrorClass::Permanent);
        assert_eq!(class(Call::Send, 502, br#"{"error":{"code":999999}}"#), ErrorClass::Retry);
    }

    #[test]
    fn waits_as_long_as_told() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        let wait = |secs| ErrorClass::Wait { retry_after: Duration::from_secs(secs) };
        assert_eq!(class_with(Call::Send, 400, br#"{"error":{"code":4}}"#, &headers), wait(7));
        assert_eq!(class_with(Call::Lookup, 429, b"", &headers), wait(7));
        let usage = r#"{"1":[{"type":"whatsapp","estimated_time_to_regain_access":9}]}"#;
        let headers = HeaderMap::from_iter([(
            "x-business-use-case-usage".parse::<reqwest::header::HeaderName>().unwrap(),
            usage.parse().unwrap(),
        )]);
        assert_eq!(class_with(Call::Send, 400, br#"{"error":{"code":80007}}"#, &headers), wait(540));
        let mut absurd = HeaderMap::new();
        absurd.insert("retry-after", u64::MAX.to_string().parse().unwrap());
        assert_eq!(class_with(Call::Lookup, 429, b"", &absurd), wait(86_400));
    }
}
