//! What waits for our numbers: for the people who look after them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{catalog::Catalog, error::CatalogError, names::number as counted};

/// What waits for a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Documents whose files are yet to be fetched.
    pub documents: u64,
    /// Messages that are yet to be sent.
    pub messages: u64,
    /// Of those, how many wait because the number has written to as many people first in a day as Meta lets it.
    pub tier: u64,
}

impl Catalog {
    /// What waits, by number.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn numbers_waiting(&self) -> Result<BTreeMap<String, Waiting>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (String, i64, i64, i64),
            "SELECT w.number, SUM(w.documents), SUM(w.messages), SUM(w.tier) FROM ( \
               SELECT d.phone_number_id AS number, 1 AS documents, 0 AS messages, 0 AS tier FROM documents d \
               WHERE d.stage = 'fetch' AND d.stage <> 'done' AND d.phone_number_id IS NOT NULL \
               UNION ALL SELECT o.phone_number_id AS number, 0 AS documents, 1 AS messages, \
                 CASE WHEN o.held_for = 'tier' THEN 1 ELSE 0 END AS tier FROM outbox o \
               WHERE o.state IN ('queued', 'sending', 'unknown', 'refused') AND o.phone_number_id IS NOT NULL) w \
             GROUP BY w.number ORDER BY w.number LIMIT 1000"
        )?;
        let read = |(number, documents, messages, tier)| {
            let documents = counted("documents", "count", documents)?;
            let messages = counted("outbox", "count", messages)?;
            Ok((number, Waiting { documents, messages, tier: counted("outbox", "count", tier)? }))
        };
        rows.into_iter().map(read).collect()
    }
}
