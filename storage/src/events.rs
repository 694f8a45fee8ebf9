//! The change feed: every change of a document or customer, in an order in which a reader can never miss one.
//!
//! On SQLite one writer numbers events in commit order. On PostgreSQL a lower number may commit after a higher one, so
//! a reader that remembers "the last number I saw" would step over it. There each row carries its transaction's id,
//! the feed is ordered by (transaction, number), and a reader sees only transactions older than every one still open
//! (`pg_snapshot_xmin`): whatever commits later sorts after all that was shown. A transaction left open delays the
//! feed; it cannot break it.

use std::{fmt, str::FromStr};

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, at, json, micros, now},
    sql::Tx,
};

/// A place in the feed. Opaque to clients; its text is `TX.SEQ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCursor {
    tx: i64,
    seq: i64,
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.tx, self.seq)
    }
}

/// A cursor that this feed did not hand out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this feed: pass the `next` of an earlier answer, unchanged")]
pub struct NotACursor;

impl FromStr for EventCursor {
    type Err = NotACursor;
    fn from_str(s: &str) -> Result<Self, NotACursor> {
        let (tx, seq) = s.split_once('.').ok_or(NotACursor)?;
        Ok(Self { tx: tx.parse().map_err(|_| NotACursor)?, seq: seq.parse().map_err(|_| NotACursor)? })
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Its place.
    #[serde(serialize_with = "as_text")]
    pub cursor: EventCursor,
    /// When.
    pub at: OffsetDateTime,
    /// `document.received`, `document.filed`, `document.in_review`, `document.rejected`, `document.duplicate`,
    /// `document.processing`, `document.split`, `customer.created`, `customer.updated`.
    pub kind: String,
    /// Which document.
    pub document_id: Option<DocumentId>,
    /// The particulars; never a field of a document.
    pub data: Value,
}

fn as_text<S: serde::Serializer>(cursor: &EventCursor, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(cursor)
}

/// One event on its way into the table.
pub(crate) struct NewEvent {
    pub kind: &'static str,
    pub document: Option<DocumentId>,
    pub data: Value,
}

pub(crate) async fn write(tx: &mut Tx, events: &[NewEvent]) -> Result<(), CatalogError> {
    let present = micros(now());
    insert!(tx, "INSERT INTO events (at, kind, document_id, data) VALUES ", 4, "", events, |q, e| q
        .bind(present)
        .bind(e.kind)
        .bind(e.document.map(|d| d.0))
        .bind(e.data.to_string()))
    .map(drop)
}

pub(crate) async fn tell(
    tx: &mut Tx,
    kind: &'static str,
    document: DocumentId,
    data: Value,
) -> Result<(), CatalogError> {
    write(tx, &[NewEvent { kind, document: Some(document), data }]).await
}

impl Catalog {
    /// Changes after the cursor (from the beginning without one), oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn events(&self, after: Option<EventCursor>, limit: u32) -> Result<Vec<Event>, CatalogError> {
        let mut tx = self.reading().await?;
        let sql = tx.pick(
            "SELECT tx, seq, at, kind, document_id, data FROM events \
             WHERE seq > $2 AND tx >= $1 ORDER BY seq LIMIT $3",
            "SELECT tx, seq, at, kind, document_id, data FROM events \
             WHERE (tx, seq) > ($1, $2) AND tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint \
             ORDER BY tx, seq LIMIT $3",
        );
        let after = after.unwrap_or(EventCursor { tx: 0, seq: 0 });
        all!(
            tx,
            (i64, i64, i64, String, Option<Uuid>, String),
            sql,
            after.tx,
            after.seq,
            i64::from(limit.clamp(1, 1000))
        )?
        .into_iter()
        .map(|(tx, seq, when, kind, document, data)| {
            Ok(Event {
                cursor: EventCursor { tx, seq },
                at: at("events", "at", when)?,
                kind,
                document_id: document.map(DocumentId),
                data: json("events", "data", &data)?,
            })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        let cursor = EventCursor { tx: 7, seq: 42 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in ["", "7", "7.", "a.b", "7.8.9", "99999999999999999999.1"] {
            assert_eq!(bad.parse::<EventCursor>(), Err(NotACursor), "{bad:?}");
        }
    }
}
