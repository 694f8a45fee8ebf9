//! The second promise, counted: every message that we meant to send is delivered, on its way, with a person, or
//! withdrawn. Each place is counted by itself, none as what is left over, so that the sum can come out wrong.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{micros, number},
    outbox::{SENT_LIFE, UNKNOWN_LIFE},
};

/// Where all messages are that were queued since the ledger's first instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MessageLedger {
    /// All that we meant to send.
    pub queued: u64,
    /// A device of theirs has it.
    pub delivered: u64,
    /// A live task will send it, or the channel has it and its time is not over.
    pub on_its_way: u64,
    /// An incident that is not over names it.
    pub told: u64,
    /// Taken back.
    pub withdrawn: u64,
    /// Whether the parts make the whole.
    pub balanced: bool,
}

impl Catalog {
    /// Counts the messages.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn message_ledger(&self, present: OffsetDateTime) -> Result<MessageLedger, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT COUNT(*), COUNT(CASE WHEN o.state = 'delivered' THEN 1 END), \
             COUNT(CASE WHEN (o.state IN ('queued', 'sending', 'refused') AND j.id IS NOT NULL AND {live}) \
               OR (o.state = 'sent' AND o.sent_at > $1) OR (o.state = 'unknown' AND o.sent_at > $2) THEN 1 END), \
             COUNT(CASE WHEN o.state IN ('failed', 'window_closed') AND EXISTS (SELECT 1 FROM incident_messages m \
               JOIN incidents i ON i.id = m.incident_id WHERE m.outbox_id = o.id AND i.state <> 'resolved') THEN 1 END), \
             COUNT(CASE WHEN o.state = 'withdrawn' THEN 1 END) \
             FROM outbox o LEFT JOIN reply_lines l ON l.contact_id = o.contact_id \
               AND l.phone_number_id = COALESCE(o.phone_number_id, '') LEFT JOIN {jobs} j ON j.id = l.task_id \
             WHERE o.created_at >= (SELECT at FROM marks WHERE name = 'message_ledger_from')",
            live = tx.live(),
            jobs = tx.jobs(),
        );
        // A message that may have left is told of within its time and a sweep.
        let unknown_since = present - UNKNOWN_LIFE - UNKNOWN_LIFE;
        let (queued, delivered, on_its_way, told, withdrawn) = one!(
            tx,
            (i64, i64, i64, i64, i64),
            sqlx::AssertSqlSafe(text.clone()),
            micros(present - SENT_LIFE),
            micros(unknown_since)
        )?;
        let count = |value| number("outbox", "state", value);
        Ok(MessageLedger {
            queued: count(queued)?,
            delivered: count(delivered)?,
            on_its_way: count(on_its_way)?,
            told: count(told)?,
            withdrawn: count(withdrawn)?,
            balanced: queued == delivered + on_its_way + told + withdrawn,
        })
    }
}
