//! Pauses for which nothing waits: no file and no message comes by to be their probe, and so the watch asks.
//!
//! It asks the thing that failed. For fetching that is the number and one of its files, by its token. For sending it is the
//! token, where nothing but that was refused; what billing, spam or a permission closed, only a message that goes proves
//! open.

use time::{Duration, OffsetDateTime};

use super::{Direction, pause::LAST_PROBE};
use crate::{catalog::Catalog, error::CatalogError, names::micros};

/// Whoever sent a file longer ago than Meta keeps any has none there.
const FILES_KEPT: Duration = Duration::days(8);

/// A pause whose probe is due, and for which nothing waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdlePause {
    /// Of which of our numbers.
    pub number: String,
    /// What is paused.
    pub direction: Direction,
    /// Which token the number uses.
    pub token_ref: String,
}

impl Catalog {
    /// The pauses that the watch may probe now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn idle_pauses(&self, present: OffsetDateTime) -> Result<Vec<IdlePause>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut found = Vec::new();
        for direction in Direction::ALL {
            let rows = all!(
                tx,
                (String, String),
                match direction {
                    Direction::Fetch =>
                        "SELECT phone_number_id, token_ref FROM numbers WHERE fetch_paused \
                         AND (COALESCE(fetch_probe_at, 0) <= $1 OR fetch_probe_at > $2) \
                         AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.stage = 'fetch' \
                           AND d.phone_number_id = numbers.phone_number_id) ORDER BY phone_number_id LIMIT 1000",
                    Direction::Send =>
                        "SELECT phone_number_id, token_ref FROM numbers \
                         WHERE send_paused AND send_by_token AND NOT send_needs_delivery \
                         AND (COALESCE(send_probe_at, 0) <= $1 OR send_probe_at > $2) \
                         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.phone_number_id = numbers.phone_number_id \
                           AND o.state IN ('queued', 'sending', 'refused', 'unknown')) \
                         ORDER BY phone_number_id LIMIT 1000",
                },
                micros(present),
                micros(present.saturating_add(LAST_PROBE))
            )?;
            let of = |(number, token_ref)| IdlePause { number, direction: *direction, token_ref };
            found.extend(rows.into_iter().map(of));
        }
        Ok(found)
    }

    /// Meta's id of the last file that came to a number and is not gone yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_media(
        &self,
        number: &str,
        present: OffsetDateTime,
    ) -> Result<Option<String>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(
            tx,
            (String,),
            "SELECT media_id FROM documents WHERE received_at > $2 AND phone_number_id = $1 AND media_id IS NOT NULL \
             AND media_deadline > $3 ORDER BY received_at DESC LIMIT 1",
            number,
            micros(present - FILES_KEPT),
            micros(present)
        )?;
        Ok(row.map(|(media_id,)| media_id))
    }
}
