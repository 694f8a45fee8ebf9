//! The second promise, counted: every message that we meant to send is delivered, on its way, with a person, or
//! withdrawn. Each place is counted by itself, none as what is left over, so that the sum can come out wrong.

mod list;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{micros, number},
    outbox::UNKNOWN_LIFE,
    sql::Tx,
    tallies::places,
};

pub use list::{CountedMessage, MessagePlace};

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
/// The states of a message (under `o`) that has not come to its end, as the index `outbox_open` names them.
pub(crate) const OPEN: &str =
    "o.state IN ('queued', 'sending', 'refused', 'sent', 'unknown', 'failed', 'window_closed')";
/// The states of one that is to be sent, or may be, as the index `outbox_contact` names them.
const WAITS: &str = "o.state IN ('queued', 'sending', 'unknown', 'refused')";
/// The states of one that was sent, or may be, as the index `outbox_sent` names them.
const TAKEN: &str = "o.state IN ('sent', 'unknown')";
/// Of a message that the ledger counts; with a plus before it SQLite goes by no time of it.
const COUNTED: &str = "o.created_at >= (SELECT at FROM marks WHERE name = 'message_ledger_from')";

/// Messages on their way, of a catalog that gives them so much time: those that were sent after the first of these, and those
/// that may have left after the second. A message that may have left is told of within its time and a sweep.
fn since(present: OffsetDateTime, sent_life: Duration) -> [i64; 2] {
    [present.saturating_sub(sent_life), present - UNKNOWN_LIFE - UNKNOWN_LIFE].map(micros)
}

/// Where messages are that are on their way (what stands after `FROM`): a live task will send them; they were sent after `$1`;
/// they may have left after `$2`.
fn on_its_way(tx: &Tx) -> [String; 3] {
    let (live, jobs) = (tx.live(), tx.jobs());
    [
        format!(
            "outbox o CROSS JOIN reply_lines l CROSS JOIN {jobs} j \
             WHERE {WAITS} AND o.state <> 'unknown' AND +{COUNTED} AND l.contact_id = o.contact_id \
             AND l.phone_number_id = COALESCE(o.phone_number_id, '') AND j.id = l.task_id AND {live}"
        ),
        format!("outbox o WHERE {TAKEN} AND o.state = 'sent' AND o.sent_at > $1 AND +{COUNTED}"),
        format!("outbox o WHERE {TAKEN} AND o.state = 'unknown' AND o.sent_at > $2 AND +{COUNTED}"),
    ]
}

/// Where messages are that a person is told of, once for each incident.
fn told() -> String {
    format!(
        "incidents i CROSS JOIN incident_messages m CROSS JOIN outbox o \
         WHERE i.state <> 'resolved' AND m.incident_id = i.id AND o.id = m.outbox_id \
         AND o.state IN ('failed', 'window_closed') AND +{COUNTED}"
    )
}

impl Catalog {
    /// Counts the messages: what ended off the counts that the database keeps, what is open one by one, each by what it
    /// counts for: one that was sent and not delivered counts for nothing once its time is over, and is not looked at. One
    /// statement, and so one instant, sees all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn message_ledger(&self, present: OffsetDateTime) -> Result<MessageLedger, CatalogError> {
        let mut tx = self.reading().await?;
        let on_its_way = on_its_way(&tx).map(|from| format!("(SELECT COUNT(*) FROM {from})")).join(" + ");
        let text = format!(
            "SELECT t.queued, t.delivered, {on_its_way}, (SELECT COUNT(DISTINCT o.id) FROM {told}), t.withdrawn \
             FROM (SELECT {queued} AS queued, {delivered} AS delivered, {withdrawn} AS withdrawn FROM message_tallies) t",
            told = told(),
            queued = tally("all"),
            delivered = tally("delivered"),
            withdrawn = tally("withdrawn"),
        );
        let [sent_since, unknown_since] = since(present, self.sent_life);
        let (queued, delivered, on_its_way, told, withdrawn) = one!(
            tx,
            (i64, i64, i64, i64, i64),
            sqlx::AssertSqlSafe(text.clone()),
            sent_since,
            unknown_since
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
