//! How long the channel's own rows live: raw deliveries, statuses, messages and what we sent. Each run takes a small
//! batch of each, and nothing that something open still needs: a document that is not at rest keeps its message, the
//! delivery that brought it and what was said about it; whoever has an open case, an open document or a legal hold
//! keeps their conversation; a message keeps its statuses; one that an incident names stays, and so does what nobody
//! understood until the incident about it is over.

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{attachments, catalog::Catalog, error::CatalogError, names::micros, sql::Tx};

/// How many rows went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Bodies of webhooks as they came.
    pub deliveries: u64,
    /// Statuses of messages.
    pub statuses: u64,
    /// Messages that brought no document; one whose document is lost stays as a row.
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

/// Something of this person is open, or held by a law, also as who they were before a merge (a row with a `contact_id`, under
/// `@`).
const NEEDED: &str = "(EXISTS (SELECT 1 FROM cases c WHERE c.contact_id = @.contact_id \
       AND c.state IN ('gathering', 'working', 'waiting', 'human')) \
     OR EXISTS (SELECT 1 FROM documents d WHERE d.contact_id = @.contact_id AND d.status NOT IN ('filed', 'rejected')) \
     OR EXISTS (SELECT 1 FROM legal_holds h WHERE (h.kind = 'contact' AND h.subject = @.contact_id) \
       OR (h.kind = 'document' AND h.subject IN (SELECT d.id FROM documents d WHERE d.contact_id = @.contact_id)) \
       OR (h.kind = 'customer' AND h.subject IN (SELECT d.customer_id FROM documents d \
         WHERE d.contact_id = @.contact_id AND d.customer_id IS NOT NULL))) \
     OR EXISTS (SELECT 1 FROM contacts x CROSS JOIN legal_holds h \
       WHERE x.merged_into = @.contact_id AND h.kind = 'contact' AND h.subject = x.id) \
     OR EXISTS (SELECT 1 FROM documents d JOIN customers x ON x.merged_into = d.customer_id \
       JOIN legal_holds h ON h.kind = 'customer' AND h.subject = x.id WHERE d.contact_id = @.contact_id))";

fn needed(of: &str) -> String {
    NEEDED.replace('@', of)
}

/// Deletes or empties by ids that `find` selects: `$1` before when, `$2` how many.
async fn by_ids(
    tx: &mut Tx,
    find: String,
    then: &[&'static str],
    before: OffsetDateTime,
    most: u32,
) -> Result<u64, CatalogError> {
    let ids = all!(tx, (Uuid,), sqlx::AssertSqlSafe(find.clone()), micros(before), i64::from(most))?;
    for (id,) in &ids {
        for sql in then {
            execute!(tx, *sql, *id)?;
        }
    }
    Ok(ids.len() as u64)
}

async fn sent(tx: &mut Tx, before: OffsetDateTime, most: u32) -> Result<u64, CatalogError> {
    let find = format!(
        "SELECT o.id FROM outbox o WHERE o.created_at < $1 AND o.state IN ('delivered', 'withdrawn') \
         AND NOT EXISTS (SELECT 1 FROM incident_messages m JOIN incidents i ON i.id = m.incident_id \
           WHERE m.outbox_id = o.id AND i.state <> 'resolved') \
         AND NOT {} ORDER BY o.created_at LIMIT $2",
        needed("o")
    );
    let then = ["DELETE FROM incident_messages WHERE outbox_id = $1", "DELETE FROM outbox WHERE id = $1"];
    let gone = by_ids(tx, find, &then, before, most).await?;
    attachments::prune(tx, before, most).await?;
    Ok(gone)
}

/// Statuses of messages that are gone, and of earlier tries.
async fn statuses(tx: &mut Tx, before: OffsetDateTime, most: u32) -> Result<u64, CatalogError> {
    execute!(
        tx,
        "DELETE FROM message_statuses WHERE wamid IN (SELECT s.wamid FROM message_statuses s WHERE s.at < $1 \
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.wamid = s.wamid) ORDER BY s.at LIMIT $2) AND at < $1",
        micros(before),
        i64::from(most)
    )
}

async fn messages(tx: &mut Tx, before: OffsetDateTime, most: u32) -> Result<u64, CatalogError> {
    let find = format!(
        "SELECT m.id FROM messages m WHERE m.received_at < $1 AND m.raw <> '{{}}' \
         AND COALESCE(m.file, '') <> 'document' \
         AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.message_id = m.id) \
         AND NOT {} ORDER BY m.received_at LIMIT $2",
        needed("m")
    );
    by_ids(tx, find, &["DELETE FROM messages WHERE id = $1"], before, most).await
}

async fn emptied(tx: &mut Tx, before: OffsetDateTime, most: u32) -> Result<u64, CatalogError> {
    let sql = format!(
        "UPDATE messages SET body = NULL, raw = '{{}}', delivery_id = NULL WHERE id IN (SELECT m.id FROM messages m \
         WHERE m.received_at < $1 AND m.raw <> '{{}}' \
         AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.message_id = m.id AND {OPEN}) \
         AND NOT EXISTS (SELECT 1 FROM documents p JOIN documents d ON d.part_of = p.id \
           WHERE p.message_id = m.id AND {OPEN}) AND NOT {} ORDER BY m.received_at LIMIT $2)",
        needed("m")
    );
    execute!(tx, sqlx::AssertSqlSafe(sql.clone()), micros(before), i64::from(most))
}

async fn deliveries(tx: &mut Tx, before: OffsetDateTime, most: u32) -> Result<u64, CatalogError> {
    execute!(
        tx,
        "DELETE FROM deliveries WHERE id IN (SELECT r.id FROM deliveries r WHERE r.received_at < $1 \
         AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.delivery_id = r.id) \
         AND NOT (r.outcome <> 'understood' AND EXISTS (SELECT 1 FROM incidents i WHERE i.state <> 'resolved' \
           AND i.kind IN ('delivery_not_understood', 'item_refused'))) ORDER BY r.received_at LIMIT $2)",
        micros(before),
        i64::from(most)
    )
}

impl Catalog {
    /// Prunes what is older than `age`, at most `most` rows of each kind; what went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_channel(&self, age: Duration, most: u32) -> Result<Pruned, CatalogError> {
        let before = self.now() - age;
        let mut pruned = Pruned::default();
        let mut tx = self.writing().await?;
        pruned.sent = sent(&mut tx, before, most).await?;
        tx.commit().await?;
        let mut tx = self.writing().await?;
        pruned.statuses = statuses(&mut tx, before, most).await?;
        tx.commit().await?;
        let mut tx = self.writing().await?;
        pruned.messages = messages(&mut tx, before, most).await?;
        pruned.emptied = emptied(&mut tx, before, most).await?;
        pruned.deliveries = deliveries(&mut tx, before, most).await?;
        tx.commit().await?;
        Ok(pruned)
    }
}
