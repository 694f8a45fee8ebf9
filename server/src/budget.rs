//! How much is done at once, for whom: webhooks, the API and the desk each have their own share, so that none of them
//! can use up another's. Files on their way in are counted by their bytes.

pub mod good_keys;
pub mod rates;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use good_keys::GoodKeys;
use rates::Rates;

use crate::{client_address::TrustedProxies, problem::Problem, state::App};

/// Largest JSON or form body.
pub const JSON_BYTES: usize = 1 << 20;
/// Largest body of a webhook: Meta's own cap (whatsapp.md section 1, Meta's webhooks overview).
pub const WEBHOOK_BYTES: usize = 3 << 20;
/// Longest time for a file to come in or go out: 100 MB at 1.5 Mbit/s.
pub const FILE_TIMEOUT: Duration = Duration::from_secs(600);

/// Requests at once that Meta's webhooks may have.
const WEBHOOKS: usize = 256;
/// Requests at once of the API; a follower that waits is one.
const API: usize = 512;
/// Requests at once of the desk and the operator's pages.
const DESK: usize = 128;
/// Bytes of files that may be in memory at once, on their way into the store.
const UPLOAD_BYTES: usize = 96 << 20;
/// Most memory one file takes on its way: a part being sent, and the next one being gathered.
const FILE_BYTES: usize = 20 << 20;
/// Longest wait for a file's turn.
const UPLOAD_TURN: Duration = Duration::from_secs(20);

/// The place of a request whose body may hold a file, until it is answered. It stands before the body among what a handler
/// takes, behind the caller.
#[derive(Debug)]
pub struct Turn {
    _held: Option<OwnedSemaphorePermit>,
}

impl FromRequestParts<App> for Turn {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        app.budget.body(declared(&parts.headers)).await
    }
}

/// How many bytes a request says that it has.
pub fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn declared_or_most(bytes: Option<u64>) -> usize {
    bytes.and_then(|n| usize::try_from(n).ok()).unwrap_or(FILE_BYTES)
}

/// What is shared out.
#[derive(Debug)]
pub struct Budget {
    webhooks: Arc<Semaphore>,
    api: Arc<Semaphore>,
    desk: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    /// Whose forwarded headers are believed.
    pub trusted: TrustedProxies,
    /// Whether `/metrics` is on an address of its own, and not here.
    pub metrics_apart: bool,
    /// How often keys may ask.
    pub rates: Rates,
    /// Which keys are good, where an address is limited.
    pub good_keys: GoodKeys,
}

impl Budget {
    /// A budget with so many requests a second for each key.
    #[must_use]
    pub fn new(trusted: TrustedProxies, rate_per_s: u32, metrics_apart: bool) -> Self {
        Self {
            webhooks: Arc::new(Semaphore::new(WEBHOOKS)),
            api: Arc::new(Semaphore::new(API)),
            desk: Arc::new(Semaphore::new(DESK)),
            uploads: Arc::new(Semaphore::new(UPLOAD_BYTES >> 10)),
            trusted,
            metrics_apart,
            rates: Rates::new(rate_per_s),
            good_keys: GoodKeys::default(),
        }
    }

    /// A place for a file of so many bytes (as declared), when its turn comes.
    ///
    /// # Errors
    /// 503 when too many files come in at once.
    pub async fn upload(&self, declared_bytes: Option<u64>) -> Result<OwnedSemaphorePermit, Problem> {
        // Twice: what is gathered, and what is being sent of it.
        self.room(declared_or_most(declared_bytes).saturating_mul(2).clamp(64 << 10, FILE_BYTES)).await
    }

    async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let permits = u32::try_from(bytes >> 10).unwrap_or(u32::MAX);
        let turn = tokio::time::timeout(UPLOAD_TURN, self.uploads.clone().acquire_many_owned(permits)).await;
        turn.ok().and_then(Result::ok).ok_or(Problem::Busy("too many files come in at once"))
    }

    /// A place for a body that may hold a file, when its turn comes; small ones need none.
    ///
    /// # Errors
    /// As [`Budget::upload`].
    async fn body(&self, declared_bytes: Option<u64>) -> Result<Turn, Problem> {
        if declared_bytes.is_some_and(|bytes| bytes <= JSON_BYTES as u64) {
            return Ok(Turn { _held: None });
        }
        // Three times: the body as it came, its text, and the file in that.
        let bytes = declared_or_most(declared_bytes).min(FILE_BYTES).saturating_mul(3);
        Ok(Turn { _held: Some(self.room(bytes).await?) })
    }

    fn share(&self, path: &str) -> Option<&Arc<Semaphore>> {
        match path.split('/').nth(1) {
            Some("webhooks") => Some(&self.webhooks),
            Some("v1" | "openapi.json" | "docs" | "problems") => Some(&self.api),
            // Whoever watches must see that it is busy.
            Some("healthz" | "readyz" | "metrics") => None,
            _ => Some(&self.desk),
        }
    }
}

/// Around everything: a request has its place in its share, or is told to come back.
pub async fn shared(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(share) = app.budget.share(request.uri().path()) else { return next.run(request).await };
    match share.clone().try_acquire_owned() {
        Ok(_place) => next.run(request).await,
        Err(_) => Problem::Busy("too many requests are being answered").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_wait_their_turn_and_then_are_told() {
        let budget = Budget::new(TrustedProxies::default(), 1, false);
        let mut places = Vec::new();
        let soon = Duration::from_millis(50);
        while let Ok(place) = tokio::time::timeout(soon, budget.upload(Some(7 << 20))).await {
            places.push(place.unwrap());
        }
        assert_eq!(places.len(), UPLOAD_BYTES / (14 << 20), "not 150");
        assert!(budget.body(Some(2_000)).await.is_ok(), "words wait for no file");
        assert!(
            tokio::time::timeout(soon, budget.body(Some(13 << 20))).await.is_err(),
            "a file in words waits"
        );
        places.pop();
        assert!(budget.upload(Some(7 << 20)).await.is_ok());
        places.clear();
        let bodies = [budget.body(Some(13 << 20)).await.unwrap(), budget.body(Some(13 << 20)).await.unwrap()];
        let third = tokio::time::timeout(soon, budget.body(Some(13 << 20)));
        assert!(third.await.is_err(), "each stands there three times until it is read");
        drop(bodies);
        assert!(budget.body(None).await.is_ok(), "and one that does not say how long it is has room");
    }
}
