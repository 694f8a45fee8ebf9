//! A question to the API's own router, in this process, with the assistant's key.

use axum::{Router, body::Body, extract::FromRequestParts};
use http::{HeaderValue, Request, header, request::Parts};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{access::Caller, client_address::Peer, problem::Problem, state::App};

/// Largest answer that is passed on.
const MOST_BYTES: usize = 4 << 20;

/// Who asks: the bearer, and where the request came from.
#[derive(Clone)]
pub struct Key {
    bearer: HeaderValue,
    peer: Option<Peer>,
}

impl Key {
    /// Of a request over HTTP.
    #[must_use]
    pub fn of(parts: &Parts) -> Option<Self> {
        let bearer = parts.headers.get(header::AUTHORIZATION)?.clone();
        Some(Self { bearer, peer: parts.extensions.get::<Peer>().copied() })
    }

    /// Of the process.
    #[must_use]
    pub fn new(key: &str) -> Option<Self> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.trim())).ok()?;
        bearer.set_sensitive(true);
        Some(Self { bearer, peer: None })
    }

    fn request(&self, uri: &str) -> Result<Request<Body>, http::Error> {
        let mut request = Request::get(uri).body(Body::empty())?;
        request.headers_mut().insert(header::AUTHORIZATION, self.bearer.clone());
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        Ok(request)
    }

    /// Whose key it is.
    ///
    /// # Errors
    /// As any request with it.
    pub async fn caller(&self, app: &App) -> Result<Caller, Problem> {
        let request = self.request("/v1/reviews").map_err(|e| Problem::Internal(e.into()))?;
        Caller::from_request_parts(&mut request.into_parts().0, app).await
    }
}

/// What was answered.
pub struct Answer {
    /// Whether it is what was asked for.
    pub is_good: bool,
    /// JSON; a text stands in `text`.
    pub body: Value,
}

impl Answer {
    /// A refusal.
    #[must_use]
    pub fn refused(problem: &Problem) -> Self {
        Self { is_good: false, body: problem.example() }
    }
}

/// Asks.
pub async fn get(router: &Router, key: &Key, uri: &str) -> Answer {
    let request = match key.request(uri) {
        Ok(request) => request,
        Err(error) => return Answer::refused(&Problem::BadRequest(error.to_string())),
    };
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let is_good = response.status().is_success();
    let bytes = match axum::body::to_bytes(response.into_body(), MOST_BYTES).await {
        Ok(bytes) => bytes,
        Err(_) => return Answer::refused(&Problem::TooLarge { limit_bytes: MOST_BYTES as u64 }),
    };
    let body =
        serde_json::from_slice(&bytes).unwrap_or_else(|_| json!({ "text": String::from_utf8_lossy(&bytes) }));
    Answer { is_good, body }
}
