//! What waits, counted for all who look: however many do, the catalog is asked once in a while for those who see
//! everything, and once each for those who see a part.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use acuse_storage::{Access, Catalog, CatalogError};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// How often the catalog is asked.
pub const EVERY: Duration = Duration::from_secs(2);

/// What waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Documents that wait.
    pub waiting: u64,
    /// By reason; one that waits with two is counted with both.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Open incidents.
    pub incidents: u64,
}

impl Counts {
    async fn of(catalog: &Catalog, access: &Access) -> Result<Self, CatalogError> {
        let waiting = catalog.waiting(access).await?.documents;
        let reasons = catalog.count_reasons(access).await?;
        Ok(Self {
            waiting,
            reasons: reasons.into_iter().map(|(code, count)| (code.as_str(), count)).collect(),
            incidents: catalog.count_open_alerts().await?,
        })
    }
}

/// The counts that were asked for last, and the end of all streams.
#[derive(Debug, Default)]
pub struct Live {
    last: Mutex<Option<(Instant, Arc<Counts>)>>,
    over: CancellationToken,
}

impl Live {
    /// Ends every stream, so that the server can end.
    pub fn end(&self) {
        self.over.cancel();
    }

    /// Resolves when every stream is to end.
    pub async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// What waits for somebody who sees this.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn counts(&self, catalog: &Catalog, access: &Access) -> Result<Arc<Counts>, CatalogError> {
        if access.is_bound() {
            return Ok(Arc::new(Counts::of(catalog, access).await?));
        }
        let mut last = self.last.lock().await;
        if let Some((at, counts)) = last.as_ref().filter(|(at, _)| at.elapsed() < EVERY) {
            let _ = at;
            return Ok(counts.clone());
        }
        let counts = Arc::new(Counts::of(catalog, access).await?);
        *last = Some((Instant::now(), counts.clone()));
        Ok(counts)
    }
}
