//! Whether a channel is paused: a dead token stops all fetching and sending, and burns no document's attempts.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    alerts,
    catalog::Catalog,
    error::CatalogError,
    names::{at, cut, micros, now},
};

/// Why and since when a channel is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// What an operator should read.
    pub reason: String,
    /// Since when.
    pub since: OffsetDateTime,
}

impl Catalog {
    /// Pauses a channel (`"whatsapp"`) and counts an alert. The first reason and time stay while it lasts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pause_channel(&self, name: &str, reason: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "INSERT INTO channel_state (name, paused, reason, since) VALUES ($1, TRUE, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET paused = TRUE, reason = excluded.reason, since = excluded.since \
             WHERE NOT channel_state.paused",
            name,
            cut(reason, 500),
            micros(now())
        )?;
        alerts::count(&mut tx, &[("channel_paused".to_owned(), format!("{name}: {reason}"), 1)]).await?;
        tx.commit().await
    }

    /// Lets a channel go on; whether it was paused.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resume_channel(&self, name: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let touched =
            execute!(tx, "UPDATE channel_state SET paused = FALSE WHERE name = $1 AND paused", name)?;
        tx.commit().await?;
        if touched == 1 {
            self.resolve_alerts("channel_paused").await?;
        }
        Ok(touched == 1)
    }

    /// The pause, if the channel is paused.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn channel_pause(&self, name: &str) -> Result<Option<Pause>, CatalogError> {
        let mut tx = self.reading().await?;
        optional!(
            tx,
            (String, i64),
            "SELECT reason, since FROM channel_state WHERE name = $1 AND paused",
            name
        )?
        .map(|(reason, since)| Ok(Pause { reason, since: at("channel_state", "since", since)? }))
        .transpose()
    }
}
