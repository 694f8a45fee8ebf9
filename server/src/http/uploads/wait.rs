//! `Prefer: wait=N` (RFC 7240): the answer waits until the document has come to rest, for N seconds at most.

use std::time::Duration;

use acuse_pipeline::document::Status;
use acuse_storage::{Document, DocumentId};
use axum::http::HeaderMap;
use tokio::{sync::Semaphore, time::Instant};

use crate::{problem::Problem, state::App};

/// Longest wait.
const MOST: u64 = 60;
/// How often it is looked whether it is at rest.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Requests that wait at once; one more is answered at once, which RFC 7240 allows.
static WAITING: Semaphore = Semaphore::const_new(100);

/// How long the client would wait: `wait=10` among its preferences, of which others are none of ours.
#[must_use]
pub fn preferred(headers: &HeaderMap) -> Option<Duration> {
    let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
    let each = lines.flat_map(|line| line.split([',', ';']));
    let wait =
        each.filter_map(|p| p.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))?;
    let secs: u64 = wait.1.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(secs.min(MOST))).filter(|d| !d.is_zero())
}

/// The document once it is at rest, or when the time is over; whether it was waited for.
pub(super) async fn until_at_rest(
    app: &App,
    id: DocumentId,
    wait: Option<Duration>,
) -> Result<(Document, bool), Problem> {
    let place = WAITING.try_acquire();
    let until = Instant::now() + wait.unwrap_or_default();
    loop {
        let document = app.catalog.document(id).await?.ok_or(Problem::NotFound("document"))?;
        let moves = matches!(document.status, Status::Received | Status::Processing);
        let at_rest = !moves || document.duplicate_of.is_some();
        if at_rest || place.is_err() || Instant::now() + LOOK_EVERY > until {
            return Ok((document, wait.is_some() && place.is_ok()));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_read_and_capped() {
        let of = |text: &'static str| {
            preferred(&HeaderMap::from_iter([("prefer".parse().unwrap(), text.parse().unwrap())]))
        };
        assert_eq!(of("respond-async, Wait=10"), Some(Duration::from_secs(10)));
        assert_eq!(of("wait=\"9999\""), Some(Duration::from_secs(MOST)));
        assert!(of("wait").is_none() && of("wait=0").is_none() && of("wait=-1").is_none());
    }
}
