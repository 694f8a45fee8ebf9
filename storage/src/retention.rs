//! How long the channel's own rows live: raw deliveries, statuses, messages and what we sent. Each run takes a small
//! batch of each, and nothing that something open still needs: a document that is not at rest keeps its message and
//! the delivery that brought it, a message on its way keeps its statuses, and one that an incident names stays.

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{catalog::Catalog, error::CatalogError, names::micros, sql::Tx};

/// How many rows went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Bodies of webhooks as they came.
    pub deliveries: u64,
    /// Statuses of messages.
    pub statuses: u64,
    /// Messages that brought no document.
    pub messages: u64,
    /// Messages of documents at rest, which stay as rows without their words.
    pub emptied: u64,
    /// Messages of ours that arrived or were withdrawn.
    pub sent: u64,
}

impl Pruned {
    /// All of them.
    #[must_use]
    pub fn total(self) -> u64 {
        self.deliveries + self.statuses + self.messages + self.emptied + self.sent
    }
}

/// A document (under `d`) that may still need its message.
const OPEN: &str = "d.status NOT IN ('filed', 'rejected')";

/// Deletes or empties by ids that `find` selects: `$1` before when, `$2` how many.
async fn by_ids(
    tx: &mut Tx,
    find: &'static str,
    then: &[&'static str],
    before: OffsetDateTime,
    most: u32,
) -> Result<u64, CatalogError> {
    let ids = all!(tx, (Uuid,), find, micros(before), i64::from(most))?;
    for (id,) in &ids {
        for sql in then {
            execute!(tx, *sql, *id)?;
        }
    }
    Ok(ids.len() as u64)
}

impl Catalog {
    /// Prunes what is older than `age`, at most `most` rows of each kind; what went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_channel(&self, age: Duration, most: u32) -> Result<Pruned, CatalogError> {
        let mut pruned = Pruned::default();
        let mut tx = self.writing().await?;
        let before = tx.now() - age;
        pruned.sent = by_ids(
            &mut tx,
            "SELECT o.id FROM outbox o WHERE o.created_at < $1 AND o.state IN ('delivered', 'withdrawn') \
             AND NOT EXISTS (SELECT 1 FROM incident_messages m JOIN incidents i ON i.id = m.incident_id \
               WHERE m.outbox_id = o.id AND i.state <> 'resolved') ORDER BY o.created_at LIMIT $2",
            &["DELETE FROM incident_messages WHERE outbox_id = $1", "DELETE FROM outbox WHERE id = $1"],
            before,
            most,
        )
        .await?;
        tx.commit().await?;
        let mut tx = self.writing().await?;
        pruned.statuses = execute!(
            tx,
            "DELETE FROM message_statuses WHERE wamid IN (SELECT s.wamid FROM message_statuses s WHERE s.at < $1 \
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.wamid = s.wamid \
               AND o.state NOT IN ('delivered', 'withdrawn')) ORDER BY s.at LIMIT $2) AND at < $1",
            micros(before),
            i64::from(most)
        )?;
        tx.commit().await?;
        let mut tx = self.writing().await?;
        pruned.messages = by_ids(
            &mut tx,
            "SELECT m.id FROM messages m WHERE m.received_at < $1 AND m.raw <> '{}' \
             AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.message_id = m.id) ORDER BY m.received_at LIMIT $2",
            &["DELETE FROM messages WHERE id = $1"],
            before,
            most,
        )
        .await?;
        let emptied = format!(
            "UPDATE messages SET body = NULL, raw = '{{}}', delivery_id = NULL WHERE id IN (SELECT m.id FROM messages m \
             WHERE m.received_at < $1 AND m.raw <> '{{}}' \
             AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.message_id = m.id AND {OPEN}) \
             AND NOT EXISTS (SELECT 1 FROM documents p JOIN documents d ON d.part_of = p.id \
               WHERE p.message_id = m.id AND {OPEN}) ORDER BY m.received_at LIMIT $2)"
        );
        pruned.emptied = execute!(tx, sqlx::AssertSqlSafe(emptied.clone()), micros(before), i64::from(most))?;
        pruned.deliveries = execute!(
            tx,
            "DELETE FROM deliveries WHERE id IN (SELECT r.id FROM deliveries r WHERE r.received_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.delivery_id = r.id) ORDER BY r.received_at LIMIT $2)",
            micros(before),
            i64::from(most)
        )?;
        tx.commit().await?;
        Ok(pruned)
    }
}
