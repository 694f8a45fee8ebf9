//! `hold`: the time to take a decision back is over, so those who follow the feed and the sender hear of it, once.

use std::time::Instant;

use acuse_storage::DocumentId;
use tracing::Instrument;

use crate::{
    env::Env,
    halt::chain,
    jobs::{Ended, measure},
};

/// Ends the hold on a document's decision.
pub async fn hold(env: &Env, document: DocumentId) -> Ended {
    let span = tracing::info_span!("job", stage = "hold", document_id = %document);
    crate::trace::follow(&span, document);
    async {
        let started = Instant::now();
        let ended = match env.catalog.end_hold(document).await {
            Ok(true) => Ended::Moved,
            Ok(false) => Ended::Stale,
            Err(error) => {
                tracing::error!(error = chain(&error), "the catalog failed; the sweep will find the hold");
                Ended::Lost
            }
        };
        measure("hold", ended.as_str(), started);
        ended
    }
    .instrument(span)
    .await
}
