//! HTTP: the webhook's door, the API, and the operator's pages. The review desk is [`crate::desk`].
//!
//! A request passes [`around`] (id, span, time limit, metrics), is parsed by [`crate::extract`] and [`auth`] into types,
//! handled by one file a noun, and answers JSON or a [`Problem`].

pub mod amend;
pub mod approvals;
pub mod asks;
pub mod auth;
pub mod cases;
pub mod consents;
pub mod contacts;
pub mod content;
pub mod contract;
pub mod customers;
pub mod documents;
pub mod entities;
pub mod erasure;
pub mod export;
pub mod feed;
pub mod health;
pub mod inbound;
pub mod incident_routes;
pub mod incidents;
pub mod links;
pub mod notices;
pub mod obligations;
pub mod records;
pub mod representation;
pub mod reviews;
pub mod sandbox;
pub mod scopes;
pub mod uploads;
pub mod webhook;
pub mod webhook_endpoints;

use std::{any::Any, time::Duration, time::Instant};

pub use acuse_storage::error::Chain;
use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use metrics::{counter, histogram};
use tracing::Instrument;
use uuid::Uuid;

use crate::{budget::FILE_TIMEOUT, problem::Problem};

/// Longest time a request may take; a webhook's commit has its own, shorter one.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The id of a request, which its answer carries as `X-Request-Id`.
#[derive(Debug, Clone, Copy)]
pub struct RequestId(pub Uuid);

/// What is around every request.
pub async fn around(mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", |m| m.as_str()).to_owned();
    let method = request.method().clone();
    let id = Uuid::now_v7();
    request.extensions_mut().insert(RequestId(id));
    let span = tracing::info_span!("request", request_id = %id, %method, route);
    let started = Instant::now();
    let files = ["/content", "/export", "/reply", "/files", crate::content::links::ROUTE];
    let limit = if route == "/v1/documents" || files.iter().any(|end| route.ends_with(end)) {
        FILE_TIMEOUT
    } else {
        REQUEST_TIMEOUT
    };
    let answered = tokio::time::timeout(limit, next.run(request)).instrument(span.clone()).await;
    let mut response = answered.unwrap_or_else(|_| Problem::Timeout.into_response());
    let duration = started.elapsed();
    let status = response.status().as_u16();
    span.in_scope(|| {
        tracing::debug!(
            status,
            duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
    });
    let labels = [("method", method.as_str().to_owned()), ("route", route), ("status", status.to_string())];
    counter!("acuse_http_requests_total", &labels).increment(1);
    histogram!("acuse_http_request_seconds", &labels[..2]).record(duration.as_secs_f64());
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A handler that panicked: ours to mend, nothing for the caller to read.
pub fn caught(_: Box<dyn Any + Send + 'static>) -> Response {
    Problem::Internal(anyhow::anyhow!("a handler panicked")).into_response()
}

/// Any address we do not have.
pub async fn no_such_address() -> Problem {
    Problem::NotFound("address")
}

/// An address we have, with a method it does not take.
pub async fn wrong_method() -> Problem {
    Problem::MethodNotAllowed
}
