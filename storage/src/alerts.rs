//! Things an operator should know of: counted, not logged away.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{at, cut, maybe_at, micros, now, number},
    sql::Tx,
};

/// One kind of trouble and how often it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// `unknown_field`, `media_deadline`, `channel_paused`, …
    pub kind: String,
    /// What it is about.
    pub detail: String,
    /// How often.
    pub count: u64,
    /// First time.
    pub first_seen: OffsetDateTime,
    /// Last time.
    pub last_seen: OffsetDateTime,
    /// When an operator put it aside; comes back when it happens again.
    pub resolved_at: Option<OffsetDateTime>,
}

/// Longest detail of an alert, characters.
const DETAIL_CHARS: usize = 300;

/// Counts alerts in the caller's transaction. `(kind, detail, times)`, each pair once.
pub(crate) async fn count(tx: &mut Tx, alerts: &[(String, String, i64)]) -> Result<(), CatalogError> {
    let present = micros(now());
    insert!(
        tx,
        "INSERT INTO alerts (kind, detail, count, first_seen, last_seen) VALUES ",
        5,
        " ON CONFLICT (kind, detail) DO UPDATE SET count = alerts.count + excluded.count, \
         last_seen = excluded.last_seen, resolved_at = NULL",
        alerts,
        |q, (kind, detail, times)| q
            .bind(cut(kind, 64))
            .bind(cut(detail, DETAIL_CHARS))
            .bind(*times)
            .bind(present)
            .bind(present)
    )
    .map(drop)
}

impl Catalog {
    /// Counts one more of this kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn alert(&self, kind: &str, detail: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        count(&mut tx, &[(kind.to_owned(), detail.to_owned(), 1)]).await?;
        tx.commit().await
    }

    /// Puts alerts of a kind aside (all details).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resolve_alerts(&self, kind: &str) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let touched = execute!(
            tx,
            "UPDATE alerts SET resolved_at = $2 WHERE kind = $1 AND resolved_at IS NULL",
            kind,
            micros(now())
        )?;
        tx.commit().await?;
        Ok(touched)
    }

    /// How many alerts are open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_open_alerts(&self) -> Result<u64, CatalogError> {
        let mut tx = self.reading().await?;
        let (count,) = one!(tx, (i64,), "SELECT COUNT(*) FROM alerts WHERE resolved_at IS NULL")?;
        number("alerts", "resolved_at", count)
    }

    /// Alerts, the latest first; only open ones unless `resolved` too.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn alerts(&self, resolved: bool) -> Result<Vec<Alert>, CatalogError> {
        let mut tx = self.reading().await?;
        all!(
            tx,
            (String, String, i64, i64, i64, Option<i64>),
            "SELECT kind, detail, count, first_seen, last_seen, resolved_at FROM alerts \
             WHERE ($1 OR resolved_at IS NULL) ORDER BY last_seen DESC LIMIT 500",
            resolved
        )?
        .into_iter()
        .map(|(kind, detail, times, first, last, done)| {
            Ok(Alert {
                kind,
                detail,
                count: number("alerts", "count", times)?,
                first_seen: at("alerts", "first_seen", first)?,
                last_seen: at("alerts", "last_seen", last)?,
                resolved_at: maybe_at("alerts", "resolved_at", done)?,
            })
        })
        .collect()
    }
}
