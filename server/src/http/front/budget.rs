//! How much is done at once, for whom: webhooks, the API and the desk each have their own share, so that none of them
//! can use up another's. Files on their way in are counted by their bytes, and keys by their requests.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use acuse_pipeline::document::Sha256;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    app::App,
    http::{client_address::TrustedProxies, problem::Problem},
};

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
/// Bad keys that an address may try at once, and how many more a second.
const BAD_KEYS: (f64, f64) = (20.0, 0.5);
/// Keys and addresses that are remembered.
const REMEMBERED: usize = 20_000;
/// How much more than its rate a key may send at once, in seconds of its rate.
const BURST_SECS: f64 = 10.0;

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
    rate: f64,
    keys: Mutex<Buckets<Sha256>>,
    strangers: Mutex<Buckets<IpAddr>>,
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
            rate: f64::from(rate_per_s.max(1)),
            keys: Mutex::default(),
            strangers: Mutex::default(),
        }
    }

    /// A place for a file of so many bytes (as declared), when its turn comes.
    ///
    /// # Errors
    /// 503 when too many files come in at once.
    pub async fn upload(&self, declared_bytes: Option<u64>) -> Result<OwnedSemaphorePermit, Problem> {
        let declared = declared_bytes.and_then(|n| usize::try_from(n).ok()).unwrap_or(FILE_BYTES);
        // Twice: what is gathered, and what is being sent of it.
        let bytes = declared.saturating_mul(2).clamp(64 << 10, FILE_BYTES);
        let permits = u32::try_from(bytes >> 10).unwrap_or(u32::MAX);
        let turn = tokio::time::timeout(UPLOAD_TURN, self.uploads.clone().acquire_many_owned(permits)).await;
        turn.ok().and_then(Result::ok).ok_or(Problem::Busy("too many files come in at once"))
    }

    fn share(&self, path: &str) -> Option<&Arc<Semaphore>> {
        match path.split('/').nth(1) {
            Some("webhooks") => Some(&self.webhooks),
            Some("v1" | "openapi.json") => Some(&self.api),
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

/// Around the API: keys have a rate, and an address that tries keys soon tries in vain.
pub async fn metered(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(key) = bearer(request.headers()) else { return next.run(request).await };
    let budget = &app.budget;
    let address = budget.trusted.client_of(request.extensions(), request.headers());
    let present = Instant::now();
    let known = lock(&budget.keys).knows(&key);
    if !known && lock(&budget.strangers).level(&address, BAD_KEYS, present) < 1.0 {
        return Problem::RateLimited { retry_after_secs: wait(1.0, BAD_KEYS.1) }.into_response();
    }
    let size = (budget.rate * BURST_SECS, budget.rate);
    if known && let Err(level) = lock(&budget.keys).take(&key, size, present) {
        let mut refused =
            Problem::RateLimited { retry_after_secs: wait(1.0 - level, budget.rate) }.into_response();
        say(refused.headers_mut(), size, level);
        return refused;
    }
    let mut response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED {
        lock(&budget.keys).forget(&key);
        let _ = lock(&budget.strangers).take(&address, BAD_KEYS, present);
        return response;
    }
    let level = if known {
        lock(&budget.keys).level(&key, size, present)
    } else {
        lock(&budget.keys).take(&key, size, present).unwrap_or_default()
    };
    say(response.headers_mut(), size, level);
    response
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bearer(headers: &HeaderMap) -> Option<Sha256> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Sha256::of(key.trim().as_bytes()))
}

/// Whole seconds until there is enough again.
fn wait(missing: f64, per_second: f64) -> u64 {
    Duration::try_from_secs_f64(missing.max(0.0) / per_second).map_or(60, |d| d.as_secs() + 1)
}

/// `RateLimit-*`, as the IETF's draft first named them.
fn say(headers: &mut HeaderMap, (most, rate): (f64, f64), level: f64) {
    for (name, value) in [
        ("ratelimit-limit", most.to_string()),
        ("ratelimit-remaining", level.max(0.0).floor().to_string()),
        ("ratelimit-reset", wait(most - level, rate).to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// Token buckets: each fills at its rate up to its size.
#[derive(Debug)]
struct Buckets<K>(HashMap<K, (f64, Instant)>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn knows(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    fn forget(&mut self, key: &K) {
        self.0.remove(key);
    }

    /// What is in a bucket of this size and rate now.
    fn level(&self, key: &K, (most, rate): (f64, f64), present: Instant) -> f64 {
        self.0.get(key).map_or(most, |(level, at)| {
            (level + present.saturating_duration_since(*at).as_secs_f64() * rate).min(most)
        })
    }

    /// Takes one; what is left, or as an error what there was.
    fn take(&mut self, key: &K, size: (f64, f64), present: Instant) -> Result<f64, f64> {
        let level = self.level(key, size, present);
        if level < 1.0 {
            return Err(level);
        }
        if self.0.len() >= REMEMBERED && !self.knows(key) {
            self.0.retain(|_, (left, at)| {
                *left + present.saturating_duration_since(*at).as_secs_f64() * size.1 < size.0
            });
            // All of them are at work: forgetting is kinder than growing without end.
            if self.0.len() >= REMEMBERED {
                self.0.clear();
            }
        }
        self.0.insert(key.clone(), (level - 1.0, present));
        Ok(level - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let (mut buckets, start, size) = (Buckets::default(), Instant::now(), (3.0, 2.0));
        for left in [2.0, 1.0, 0.0] {
            assert_eq!(buckets.take(&"k", size, start), Ok(left));
        }
        assert!(buckets.take(&"k", size, start).is_err());
        assert!(buckets.take(&"other", size, start).is_ok(), "each has its own");
        assert_eq!(buckets.take(&"k", size, start + Duration::from_millis(500)), Ok(0.0));
        assert_eq!(wait(0.5, 2.0), 1);
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let (mut buckets, start) = (Buckets::default(), Instant::now());
        for n in 0..REMEMBERED * 2 + 10 {
            let _ = buckets.take(&n, (3.0, 1.0), start);
        }
        assert!(buckets.0.len() <= REMEMBERED);
    }

    #[tokio::test]
    async fn files_wait_their_turn_and_then_are_told() {
        let budget = Budget::new(TrustedProxies::default(), 1, false);
        let mut places = Vec::new();
        let soon = Duration::from_millis(50);
        while let Ok(place) = tokio::time::timeout(soon, budget.upload(Some(7 << 20))).await {
            places.push(place.unwrap());
        }
        assert_eq!(places.len(), UPLOAD_BYTES / (14 << 20), "not 150");
        places.pop();
        assert!(budget.upload(Some(7 << 20)).await.is_ok());
    }
}
