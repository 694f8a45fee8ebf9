//! Pauses for which nothing waits: no file and no message comes by to be their probe, and so the watch asks.
//!
//! It asks the thing that failed. For fetching that is the number and one of its files, by its token. For sending it is a
//! message of before that is marked as read already, where nothing was refused but what such a mark needs too (the token, a
//! permission, the registration); or the token alone. What billing, spam or a lock closed, only a message that goes proves open.

use time::{Duration, OffsetDateTime};

use super::{Direction, probe::LAST_PROBE};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{ContactId, cut, micros},
    sql::Tx,
};

/// Whoever sent a file longer ago than Meta keeps any has none there.
const FILES_KEPT: Duration = Duration::days(8);
/// Meta wants a message marked as read within so long.
const MARKED_WITHIN: Duration = Duration::days(30);

/// A pause whose probe is due, and for which nothing waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdlePause {
    /// Of which of our numbers.
    pub number: String,
    /// What is paused.
    pub direction: Direction,
    /// Which token the number uses.
    pub token_ref: String,
    /// Of sending: nothing but the token was refused, and one that sees the number opens it.
    pub by_token: bool,
    /// Of sending: the channel's id of a message that was marked as read, and may be once more.
    pub marked: Option<String>,
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
            // What waits is named as its indexes name it, or SQLite goes through all that ever came and left.
            let rows = all!(
                tx,
                (String, String, bool),
                match direction {
                    Direction::Fetch =>
                        "SELECT phone_number_id, token_ref, send_by_token FROM numbers WHERE fetch_paused \
                         AND (COALESCE(fetch_probe_at, 0) <= $1 OR fetch_probe_at > $2) \
                         AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.stage = 'fetch' AND d.stage <> 'done' \
                           AND d.phone_number_id = numbers.phone_number_id) ORDER BY phone_number_id LIMIT 1000",
                    Direction::Send =>
                        "SELECT phone_number_id, token_ref, send_by_token FROM numbers \
                         WHERE send_paused AND (send_by_token OR send_by_mark) AND NOT send_needs_delivery \
                         AND (COALESCE(send_probe_at, 0) <= $1 OR send_probe_at > $2) \
                         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.phone_number_id = numbers.phone_number_id \
                           AND o.state IN ('queued', 'sending', 'unknown', 'refused')) \
                         ORDER BY phone_number_id LIMIT 1000",
                },
                micros(present),
                micros(present.saturating_add(LAST_PROBE))
            )?;
            for (number, token_ref, by_token) in rows {
                let direction = *direction;
                let marked = match direction {
                    Direction::Fetch => None,
                    Direction::Send => last_marked(&mut tx, &number, present).await?,
                };
                // Without a message to mark, a permission has no other question than a message that goes.
                if direction == Direction::Fetch || by_token || marked.is_some() {
                    found.push(IdlePause { number, direction, token_ref, by_token, marked });
                }
            }
        }
        Ok(found)
    }

    /// The channel took it that a contact's message was read: they see it from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn marked_read(
        &self,
        contact: ContactId,
        number: &str,
        wamid: &str,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "UPDATE windows SET marked_read = $3 WHERE contact_id = $1 AND phone_number_id = $2",
            contact.0,
            number,
            cut(wamid, 512)
        )?;
        tx.commit().await
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

/// The last message that was marked as read, of whoever wrote to a number last: where a mark is refused, it is not for its age.
async fn last_marked(
    tx: &mut Tx,
    number: &str,
    present: OffsetDateTime,
) -> Result<Option<String>, CatalogError> {
    let row = optional!(
        tx,
        (String,),
        "SELECT marked_read FROM windows WHERE phone_number_id = $1 AND marked_read IS NOT NULL \
         AND last_inbound_at > $2 ORDER BY last_inbound_at DESC LIMIT 1",
        number,
        micros(present - MARKED_WITHIN)
    )?;
    Ok(row.map(|(wamid,)| wamid))
}
