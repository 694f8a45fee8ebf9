//! What waits for our numbers, and why a direction of theirs is paused: for the people who look after them.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use super::Direction;
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{at, number as counted},
};

/// What waits for a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Documents whose files are yet to be fetched.
    pub documents: u64,
    /// Messages that are yet to be sent.
    pub messages: u64,
}

/// Why a direction is paused, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// Why, as it was said first.
    pub reason: String,
    /// Since when.
    pub since: OffsetDateTime,
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
            (String, i64, i64),
            "SELECT w.number, SUM(w.documents), SUM(w.messages) FROM ( \
               SELECT d.phone_number_id AS number, 1 AS documents, 0 AS messages FROM documents d \
               WHERE d.stage = 'fetch' AND d.phone_number_id IS NOT NULL \
               UNION ALL SELECT o.phone_number_id AS number, 0 AS documents, 1 AS messages FROM outbox o \
               WHERE o.state IN ('queued', 'sending', 'refused', 'unknown') AND o.phone_number_id IS NOT NULL) w \
             GROUP BY w.number ORDER BY w.number LIMIT 1000"
        )?;
        let read = |(number, documents, messages)| {
            let documents = counted("documents", "count", documents)?;
            Ok((number, Waiting { documents, messages: counted("outbox", "count", messages)? }))
        };
        rows.into_iter().map(read).collect()
    }

    /// The pauses there are, by number and direction, as their incidents tell of them.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn pauses(&self) -> Result<BTreeMap<(String, Direction), Pause>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut found = BTreeMap::new();
        for direction in [Direction::Fetch, Direction::Send] {
            let rows = all!(
                tx,
                (String, String, i64),
                "SELECT subject, detail, opened_at FROM incidents WHERE kind = $1 AND state <> 'resolved' \
                 ORDER BY subject LIMIT 1000",
                direction.incident()
            )?;
            for (number, detail, since) in rows {
                let detail: serde_json::Value = crate::names::json("incidents", "detail", &detail)?;
                let reason = detail["reason"].as_str().unwrap_or_default().to_owned();
                let since = at("incidents", "opened_at", since)?;
                found.insert((number, direction), Pause { reason, since });
            }
        }
        Ok(found)
    }
}
