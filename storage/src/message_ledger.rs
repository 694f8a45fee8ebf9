//! The second promise, counted: every message that we meant to send is delivered, on its way, with a person, or
//! withdrawn. Each place is counted by itself, none as what is left over, so that the sum can come out wrong.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{micros, number},
    outbox::UNKNOWN_LIFE,
    sql::Tx,
    tallies::places,
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

/// Where messages are counted by their places.
pub(crate) const TALLIES: &str = "message_tallies";
/// The states of a message (under `o`) that is not sent, or perhaps, as the index `outbox_contact` names them.
const UNSENT: &str = "o.state IN ('queued', 'sending', 'unknown', 'refused')";
/// The states of a message (under `o`) that has not come to its end, as the index `outbox_open` names them.
pub(crate) const OPEN: &str =
    "o.state IN ('queued', 'sending', 'refused', 'sent', 'unknown', 'failed', 'window_closed')";
/// Of a message that the ledger counts.
const COUNTED: &str = "o.created_at >= (SELECT at FROM marks WHERE name = 'message_ledger_from')";

impl Catalog {
    /// Counts the messages: what ended off the counts that the database keeps, what is open one by one, each by the index of
    /// those that can be there: what was sent long ago and never came is looked at no more. One statement, and so one
    /// instant, sees all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn message_ledger(&self, present: OffsetDateTime) -> Result<MessageLedger, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT t.queued, t.delivered, u.unsent + s.sent, n.told, t.withdrawn FROM \
             (SELECT {queued} AS queued, {delivered} AS delivered, {withdrawn} AS withdrawn FROM message_tallies) t, \
             (SELECT COUNT(CASE WHEN j.id IS NOT NULL AND {live} THEN 1 END) AS unsent FROM {unsent} LEFT JOIN reply_lines l ON l.contact_id = o.contact_id \
               AND l.phone_number_id = COALESCE(o.phone_number_id, '') LEFT JOIN {jobs} j ON j.id = l.task_id \
               WHERE {UNSENT} AND o.state <> 'unknown' AND {COUNTED}) u, \
             (SELECT COUNT(*) AS sent FROM {sent} WHERE o.state IN ('sent', 'unknown') AND o.sent_at > $3 \
               AND o.sent_at > CASE o.state WHEN 'sent' THEN $1 ELSE $2 END AND {COUNTED}) s, \
             (SELECT COUNT(DISTINCT o.id) AS told FROM {incidents} JOIN incident_messages m ON m.incident_id = i.id \
               JOIN outbox o ON o.id = m.outbox_id \
               WHERE i.state <> 'resolved' AND o.state IN ('failed', 'window_closed') AND {COUNTED}) n",
            queued = tally("all"),
            delivered = tally("delivered"),
            withdrawn = tally("withdrawn"),
            unsent = tx.pick("outbox o INDEXED BY outbox_contact", "outbox o"),
            sent = tx.pick("outbox o INDEXED BY outbox_sent", "outbox o"),
            incidents = tx.pick("incidents i INDEXED BY incidents_live", "incidents i"),
            live = tx.live(),
            jobs = tx.jobs(),
        );
        // A message that may have left is told of within its time and a sweep.
        let unknown_since = micros(present - UNKNOWN_LIFE - UNKNOWN_LIFE);
        let sent_since = micros(present.saturating_sub(self.sent_life));
        let (queued, delivered, on_its_way, told, withdrawn) = one!(
            tx,
            (i64, i64, i64, i64, i64),
            sqlx::AssertSqlSafe(text.clone()),
            sent_since,
            unknown_since,
            sent_since.min(unknown_since)
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

    /// Adds up what each connection counted for itself.
    pub(crate) async fn add_up_message_tallies(&self) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        if tx.is_sqlite() {
            return Ok(());
        }
        places::add_up(&mut tx, TALLIES, &["place"]).await?;
        tx.commit().await
    }
}

/// What the lanes of a place add up to.
fn tally(place: &str) -> String {
    format!("CAST(COALESCE(SUM(CASE WHEN place = '{place}' THEN count END), 0) AS BIGINT)")
}

/// Places whose counts are not what is there, and how many are missing from each. One statement sees both.
pub(crate) async fn parted(tx: &mut Tx) -> Result<Vec<(String, i64)>, CatalogError> {
    let text = format!(
        "SELECT place, CAST(SUM(n) AS BIGINT) FROM ( \
             SELECT o.state AS place, CAST(COUNT(*) AS BIGINT) AS n FROM outbox o \
             WHERE o.state IN ('delivered', 'withdrawn') AND {COUNTED} GROUP BY 1 \
             UNION ALL SELECT 'all', COUNT(*) FROM outbox o WHERE {COUNTED} \
             UNION ALL SELECT place, -count FROM message_tallies) counted \
         GROUP BY place HAVING SUM(n) <> 0 ORDER BY place"
    );
    all!(tx, (String, i64), sqlx::AssertSqlSafe(text.clone()))
}
