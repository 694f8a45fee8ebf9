//! Promises of whoever searches, to all the others.

use std::time::{Duration, Instant};

use acuse_pipeline::document::Sha256;
use tokio::task::JoinSet;

use crate::{Catalog, CatalogError};

/// A query that would never end.
async fn endless(catalog: Catalog) -> Result<(), CatalogError> {
    let mut tx = catalog.searching().await?;
    let text = tx.pick(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n",
        "SELECT 1::bigint FROM pg_sleep(3600)",
    );
    one!(tx, (i64,), text).map(drop)
}

/// Ten searches that find no end are ended, and meanwhile whoever asks something simple is answered.
pub async fn a_search_ends_and_keeps_nobody_waiting(catalog: &Catalog) {
    let mut searches = JoinSet::new();
    for _ in 0..10 {
        searches.spawn(endless(catalog.clone()));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    catalog.ping().await.unwrap();
    assert!(catalog.key_with_access(&Sha256::of(b"nobody's")).await.unwrap().is_none());
    assert!(catalog.session(&Sha256::of(b"nobody's")).await.unwrap().is_none());
    catalog.ledger(None, None).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(3), "waited behind a search: {:?}", started.elapsed());
    let mut broken_off = 0;
    while let Some(ended) = searches.join_next().await {
        let error = ended.unwrap().expect_err("it has no end");
        assert!(error.is_over_budget() || matches!(error, CatalogError::NoTurn), "{error:?}");
        assert!(!error.is_unavailable(), "the database is there");
        broken_off += usize::from(error.is_over_budget());
    }
    assert!(broken_off >= 4, "{broken_off}");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    // The connections are as good as before.
    for _ in 0..8 {
        catalog.documents(&crate::DocumentFilter::default(), None, 1).await.unwrap();
    }
}
