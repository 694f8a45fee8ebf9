//! Things an operator should know of, by kind and detail. They are incidents ([`crate::incidents`]); these are the
//! short ways to open, end and list them.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{catalog::Catalog, error::CatalogError, incidents, names::number, sql::Tx};

/// One kind of trouble and how often it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// `unknown_field`, `media_expiring`, `send_paused`, …
    pub kind: String,
    /// What it is about.
    pub detail: String,
    /// How often.
    pub count: u64,
    /// First time.
    pub first_seen: OffsetDateTime,
    /// Last time.
    pub last_seen: OffsetDateTime,
    /// When it was over; comes back when it happens again.
    pub resolved_at: Option<OffsetDateTime>,
}

/// Counts alerts in the caller's transaction. `(kind, detail, times)`, each pair once.
pub(crate) async fn count(tx: &mut Tx, alerts: &[(String, String, i64)]) -> Result<(), CatalogError> {
    let present = tx.now();
    for (kind, detail, times) in alerts {
        incidents::open(tx, kind, detail, &serde_json::json!({}), *times, present).await?;
    }
    Ok(())
}

impl Catalog {
    /// Counts one more of this kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn alert(&self, kind: &str, detail: &str) -> Result<(), CatalogError> {
        self.open_incident(kind, detail, &serde_json::json!({})).await.map(drop)
    }

    /// How many alerts are open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_open_alerts(&self) -> Result<u64, CatalogError> {
        let mut tx = self.reading().await?;
        let (count,) = one!(tx, (i64,), "SELECT COUNT(*) FROM incidents WHERE state <> 'resolved'")?;
        number("incidents", "state", count)
    }

    /// Alerts that are not over, the latest first; with `resolved` those that are.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn alerts(&self, resolved: bool) -> Result<Vec<Alert>, CatalogError> {
        let state = resolved.then_some(incidents::IncidentState::Resolved);
        let mut found: Vec<Alert> = self
            .incidents(state, None, 500)
            .await?
            .into_iter()
            .map(|i| Alert {
                kind: i.kind,
                detail: i.subject,
                count: i.count,
                first_seen: i.opened_at,
                last_seen: i.last_seen_at,
                resolved_at: i.resolved_at,
            })
            .collect();
        found.sort_by_key(|a| std::cmp::Reverse(a.last_seen));
        Ok(found)
    }
}
