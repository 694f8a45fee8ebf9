//! Which keys are good, for an address that has tried too many that are none: behind one address there may be many
//! people, and who has a good key is nobody else's fault.
//!
//! All hashes of good keys are in memory, as they were a second ago, and only once somebody is being limited: to be told
//! apart from the bad ones then costs a key no look-up, however many bad ones come with it.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

use acuse_pipeline::document::Sha256;
use acuse_storage::{Catalog, error::Chain};
use tokio::sync::Mutex;

/// How long what is known is good for: a key that was made since waits as long at an address that is limited.
const FRESH: Duration = Duration::from_secs(1);

/// What is known of good keys.
#[derive(Debug, Default)]
pub struct GoodKeys {
    hashes: RwLock<HashSet<Sha256>>,
    /// When it was last asked; whoever asks has the lock.
    asked: Mutex<Option<Instant>>,
}

impl GoodKeys {
    /// Whether this is a good key's hash. While another asks the catalog, what was known before counts.
    pub async fn has(&self, catalog: &Catalog, hash: &Sha256, at: Instant) -> bool {
        match self.asked.try_lock() {
            Ok(mut asked) => self.ask(catalog, &mut asked, at).await,
            // The first answer is waited for.
            Err(_) if self.is_unasked() => drop(self.asked.lock().await),
            Err(_) => {}
        }
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).contains(hash)
    }

    fn is_unasked(&self) -> bool {
        self.hashes.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    async fn ask(&self, catalog: &Catalog, asked: &mut Option<Instant>, at: Instant) {
        if asked.is_some_and(|before| at.saturating_duration_since(before) < FRESH) {
            return;
        }
        *asked = Some(at);
        match catalog.key_hashes().await {
            Ok(all) => {
                *self.hashes.write().unwrap_or_else(PoisonError::into_inner) = all.into_iter().collect();
            }
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "cannot tell good keys from bad ones");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use acuse_storage::keys::Scope;

    use super::*;

    #[tokio::test]
    async fn a_good_key_is_known_while_it_is_good() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
        let (good, known, at) = (Sha256::of(b"good"), GoodKeys::default(), Instant::now());
        assert!(!known.has(&catalog, &good, at).await);
        catalog.create_key("k", &good, &[Scope::DocumentsRead]).await.unwrap();
        assert!(!known.has(&catalog, &good, at).await, "a moment ago there was none");
        assert!(known.has(&catalog, &good, at + FRESH).await);
        assert!(!known.has(&catalog, &Sha256::of(b"bad"), at + FRESH).await);
        catalog.revoke_key("k").await.unwrap();
        assert!(!known.has(&catalog, &good, at + FRESH * 2).await);
    }
}
