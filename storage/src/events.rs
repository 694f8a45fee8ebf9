//! The change feed: every change of a document or customer, in an order in which a reader can never miss one.
//!
//! On SQLite one writer numbers events in commit order. On PostgreSQL a lower number may commit after a higher one, so
//! a reader that remembers "the last number I saw" would step over it. There each row carries its transaction's id,
//! the feed is ordered by (epoch, transaction, number), and a reader sees only transactions older than every one still
//! open (`pg_snapshot_xmin`): whatever commits later sorts after all that was shown. A transaction left open delays the
//! feed; it cannot break it.
//!
//! Databases are restored, copied and moved, and then the same numbers mean other events, or none. So a cursor names
//! the feed it is of, which gets another name whenever the cluster, the table or the file is another
//! (`Catalog::feed_is`), and carries the random mark of the event it stands on. An older copy put back in place of a newer one has no such event,
//! or, once it has grown past it, one with another mark. Either way the reader is told to start over; it never waits
//! for what will not come.

mod cursor;
mod told;

use std::collections::{BTreeSet, HashSet};

use acuse_pipeline::document::Kind;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

pub use cursor::{EventCursor, NotACursor};
use cursor::{Place, Veil};
pub(crate) use told::{NewEvent, tell, tell_reassigned, write};

use crate::{
    access::Access,
    cases,
    catalog::Catalog,
    error::CatalogError,
    names::{CustomerId, DocumentId, at, json, micros, word},
    sql::{Bind, Query, Tx},
};

/// What a page of the feed holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these kinds; all when empty.
    pub kinds: Vec<String>,
}

/// Where a reader stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Followed {
    /// The next events, oldest first, and the cursor to ask with the next time.
    Page {
        /// The events.
        events: Vec<Event>,
        /// After the last one, or after all that the filter left out.
        next: EventCursor,
    },
    /// This feed never gave that cursor: the reader must start over.
    Foreign,
}

/// The first event of a document: nothing was told of it before.
const RECEIVED: &str = "document.received";
/// A document says something else, or is somebody else's, and stands where it stood.
const AMENDED: &str = "document.amended";

/// Every kind of event there is.
pub const KINDS: &[&str] = &[
    RECEIVED,
    "document.processing",
    "document.filed",
    "document.in_review",
    "document.rejected",
    "document.corrected",
    AMENDED,
    "document.duplicate",
    "document.asked_again",
    "document.split",
    "document.erased",
    "customer.created",
    "customer.updated",
    "customer.merged",
    "customer.deleted",
    "notice.delivered",
    "notice.read",
    "notice.failed",
    "notice.expired",
    "notice.withdrawn",
    "approval.approved",
    "approval.refused",
    "approval.expired",
    "obligation.held",
    "obligation.paid",
    "obligation.opened",
    "case.opened",
    "case.closed",
];

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Its place.
    #[serde(serialize_with = "as_text")]
    pub cursor: EventCursor,
    /// When.
    pub at: OffsetDateTime,
    /// One of [`KINDS`].
    pub kind: String,
    /// Which document.
    pub document_id: Option<DocumentId>,
    /// The document's version with this change.
    pub version: Option<i64>,
    /// What kind of document it was then.
    pub document_kind: Option<Kind>,
    /// Whose the document was then, or which customer.
    pub customer_id: Option<CustomerId>,
    /// Which members differ from what the feed told before; but `version`, `updated_at` and `withheld`.
    pub changed: Vec<String>,
    /// The particulars; never a field of a document.
    pub data: Value,
}

fn as_text<S: serde::Serializer>(cursor: &EventCursor, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(cursor)
}

/// The feed as it is now.
pub(crate) struct Feed {
    epoch: i64,
    name: i64,
    veil: Veil,
}

impl Feed {
    /// The cursor after an event of this feed.
    fn cursor(&self, seq: i64, mark: i64) -> EventCursor {
        let veiled = self.veil.over(seq, (self.name, mark));
        EventCursor(Place::Veiled { feed: self.name, veiled, mark })
    }
}

/// Where a row stands in the order: epoch, transaction, number.
pub(crate) type Position = (i64, i64, i64);

/// The place that a cursor names, if this feed gave it.
async fn position(tx: &mut Tx, feed: &Feed, cursor: EventCursor) -> Result<Option<Position>, CatalogError> {
    let (seq, mark) = match cursor.0 {
        Place::Veiled { feed: name, .. } | Place::After { feed: name, .. } if name != feed.name => {
            return Ok(None);
        }
        Place::Veiled { veiled, mark, .. } => (feed.veil.over(veiled, (feed.name, mark)), mark),
        Place::After { seq, mark, .. } => (seq, mark),
        Place::Old { seq, .. } => (seq, 0),
    };
    if (seq, mark) == (0, 0) && !matches!(cursor.0, Place::Old { .. }) {
        return Ok(Some((-1, 0, 0)));
    }
    let sql = "SELECT epoch, tx, seq, mark FROM events WHERE seq = $1";
    let row = optional!(tx, (i64, i64, i64, i64), sql, seq)?;
    let given = row.filter(|(epoch, of, _, marked)| match cursor.0 {
        Place::Veiled { .. } | Place::After { .. } => mark == *marked,
        Place::Old { tx, .. } => *epoch == 0 && tx == *of,
    });
    Ok(given.map(|(epoch, of, seq, _)| (epoch, of, seq)))
}

/// A row of `events`, as it is shown.
#[derive(sqlx::FromRow)]
pub(crate) struct EventRow {
    seq: i64,
    mark: i64,
    at: i64,
    kind: String,
    document_id: Option<Uuid>,
    version: Option<i64>,
    document_kind: Option<String>,
    customer_id: Option<Uuid>,
    changed: String,
    data: String,
}

/// The columns of an [`EventRow`].
const EVENT: &str = "e.seq, e.mark, e.at, e.kind, e.document_id, e.version, e.document_kind, e.customer_id, e.changed, \
     e.data";

/// The next events after a place (and up to another) that a reader may see already, in the feed's order: `columns` of `e`.
/// Of all kinds where none is named; otherwise each kind is read by its own index, however many events of others stand in
/// between.
pub(crate) async fn next<R>(
    tx: &mut Tx,
    columns: &str,
    feed: &Feed,
    (after, upto): (Position, Option<Position>),
    kinds: &[String],
    limit: i64,
) -> Result<Vec<R>, CatalogError>
where
    R: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
        + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
        + Send
        + Unpin,
{
    let mut query = Query::default();
    let place = tx.pick("e.seq", "e.epoch, e.tx, e.seq");
    for (than, position) in [(">", Some(after)), ("<=", upto)] {
        let Some((epoch, of, seq)) = position else { continue };
        let whole = if tx.is_sqlite() { vec![seq] } else { vec![epoch, of, seq] };
        let whole: Vec<String> = whole.into_iter().map(|n| query.bind(Bind::Number(n))).collect();
        query.and(format!("({place}) {than} ({})", whole.join(", ")));
    }
    if !tx.is_sqlite() {
        let epoch = query.bind(Bind::Number(feed.epoch));
        query.and(format!(
            "(e.epoch < {epoch} OR e.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
        ));
    }
    let within = query.all();
    let text = if kinds.is_empty() {
        format!("SELECT {columns} FROM events e WHERE {within} ORDER BY {place} LIMIT {limit}")
    } else {
        let kinds: BTreeSet<&String> = kinds.iter().collect();
        let of_each = kinds.into_iter().enumerate().map(|(n, kind)| {
            let kind = query.bind(Bind::text(kind));
            format!(
                "SELECT * FROM (SELECT {place} FROM events e WHERE e.kind = {kind} AND {within} \
                 ORDER BY {place} LIMIT {limit}) k{n}"
            )
        });
        let of_each = of_each.collect::<Vec<_>>().join(" UNION ALL ");
        format!(
            "SELECT {columns} FROM ({of_each} ORDER BY {order} LIMIT {limit}) f JOIN events e ON e.seq = f.seq \
             ORDER BY {place}",
            order = tx.pick("seq", "epoch, tx, seq")
        )
    };
    all_of!(tx, R, text, query.binds)
}

pub(crate) fn event(feed: &Feed, row: EventRow) -> Result<Event, CatalogError> {
    Ok(Event {
        cursor: feed.cursor(row.seq, row.mark),
        at: at("events", "at", row.at)?,
        kind: row.kind,
        document_id: row.document_id.map(DocumentId),
        version: row.version,
        document_kind: row.document_kind.map(|k| word("events", "document_kind", &k)).transpose()?,
        customer_id: row.customer_id.map(CustomerId),
        changed: json("events", "changed", &row.changed)?,
        data: json("events", "data", &row.data)?,
    })
}

/// The last event that a reader may see already.
async fn last(tx: &mut Tx, feed: &Feed) -> Result<EventCursor, CatalogError> {
    let sql = tx.pick(
        "SELECT seq, mark FROM events WHERE $1 = $1 AND seq = (SELECT MAX(seq) FROM events)",
        "SELECT seq, mark FROM events \
         WHERE epoch < $1 OR tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
         ORDER BY epoch DESC, tx DESC, seq DESC LIMIT 1",
    );
    let (seq, mark) = optional!(tx, (i64, i64), sql, feed.epoch)?.unwrap_or((0, 0));
    Ok(feed.cursor(seq, mark))
}

/// Which feed it is.
pub(crate) async fn feed(tx: &mut Tx) -> Result<Feed, CatalogError> {
    let (epoch, name, veil) =
        one!(tx, (i64, i64, Vec<u8>), "SELECT epoch, name, veil FROM feed WHERE id = 1")?;
    Ok(Feed { epoch, name, veil: Veil::new(&veil) })
}

impl Catalog {
    /// Changes after the cursor (from the beginning without one), oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn follow(
        &self,
        after: Option<EventCursor>,
        filter: &EventFilter,
        limit: u32,
    ) -> Result<Followed, CatalogError> {
        // What is committed between the page and the head would be left out for ever.
        let mut tx = self.reading_one_instant().await?;
        let feed = feed(&mut tx).await?;
        let after = after.unwrap_or_else(|| feed.cursor(0, 0));
        let Some(from) = position(&mut tx, &feed, after).await? else { return Ok(Followed::Foreign) };
        let limit = i64::from(limit.clamp(1, 1000));
        let rows: Vec<EventRow> = next(&mut tx, EVENT, &feed, (from, None), &filter.kinds, limit).await?;
        let more = rows.len() as i64 == limit;
        let events = rows.into_iter().map(|row| event(&feed, row)).collect::<Result<Vec<_>, _>>()?;
        let next = match events.last() {
            Some(last) if more || filter.kinds.is_empty() => last.cursor,
            None if filter.kinds.is_empty() => after,
            // What the filter left out needs no second look.
            _ => last(&mut tx, &feed).await?,
        };
        Ok(Followed::Page { events, next })
    }

    /// What of these events exists for whoever has this access, told as far as they may have it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_within(
        &self,
        access: &Access,
        events: Vec<Event>,
    ) -> Result<Vec<Event>, CatalogError> {
        let ids: Vec<DocumentId> = events.iter().filter_map(|e| e.document_id).collect();
        let seen = self.told_of(access, &ids).await?;
        let of_customers = events.iter().filter(|e| e.document_id.is_none());
        let whose: Vec<Uuid> = of_customers.filter_map(|e| e.customer_id.map(|id| id.0)).collect();
        let mine = self.bound_to(access, &whose).await?;
        let within = self.cases_of_events_within(access, &events).await?;
        let told = events.into_iter().filter_map(|mut event| match event.document_id {
            None => {
                let is_mine = match cases::case_of(&event) {
                    Some(case) => within.contains(&case),
                    None => event.customer_id.is_some_and(|id| mine.contains(&id.0)),
                };
                Some(event).filter(|_| !access.is_bound() || is_mine)
            }
            Some(id) => {
                let sensitivity = *seen.get(&id)?;
                event.data = access.particulars(sensitivity, event.data);
                Some(event)
            }
        });
        let mut told: Vec<Event> = told.collect();
        let whose: Vec<Uuid> = told.iter().filter_map(|e| e.customer_id.map(|id| id.0)).collect();
        let details = told.iter_mut().map(|event| &mut event.data).collect();
        let beyond = self.within_reach(access, details, &whose).await?;
        for event in &mut told {
            event.customer_id = event.customer_id.filter(|id| !beyond.contains(&id.0));
        }
        Ok(told)
    }

    /// Of the cases that these events are about, those that exist for a caller who is bound.
    async fn cases_of_events_within(
        &self,
        access: &Access,
        events: &[Event],
    ) -> Result<HashSet<Uuid>, CatalogError> {
        let about: Vec<Uuid> = events.iter().filter_map(cases::case_of).collect();
        if !access.is_bound() || about.is_empty() {
            return Ok(HashSet::new());
        }
        self.cases_within(access, &about).await
    }

    /// The cursor after everything that there is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn feed_head(&self) -> Result<EventCursor, CatalogError> {
        let mut tx = self.reading().await?;
        let feed = feed(&mut tx).await?;
        last(&mut tx, &feed).await
    }

    /// Gives the feed a new name when `identity` (of the cluster and table, or of the file) is another than it was:
    /// then every cursor of before is foreign. Whether it did.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn feed_is(&self, identity: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let renamed = execute!(
            tx,
            "UPDATE feed SET epoch = epoch + 1, name = $2, identity = $1, since = $3 \
             WHERE identity IS NOT NULL AND identity <> $1",
            identity,
            rand::random::<i64>(),
            micros(present)
        )?;
        execute!(tx, "UPDATE feed SET identity = $1 WHERE identity IS NULL", identity)?;
        tx.commit().await?;
        Ok(renamed > 0)
    }
}
