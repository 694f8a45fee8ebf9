//! What is lost, by name: a message that brought a document which is not there, and an upload of which only the event is
//! left that told of it.

use serde::Serialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Differing, differing};
use crate::{
    error::CatalogError,
    names::{ContactId, DocumentId, MessageId, Source, at, json as parse, micros},
    sql::Tx,
    tallies::{DAY, day_of},
};

/// Lost files that are listed.
pub const LISTED: usize = 100;
/// Days, numbers and sources that are looked through for them, the latest first.
const PLACES: i64 = 20;
/// An upload's event is written when it is accepted, its day counts from its first byte.
const ACCEPTED_WITHIN: Duration = Duration::HOUR;

/// A file that came, and that nothing stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// How it came.
    pub source: Source,
    /// The message that brought it.
    pub message_id: Option<MessageId>,
    /// The document that it was, where it did not come by a message.
    pub document_id: Option<DocumentId>,
    /// Who sent it.
    pub contact_id: Option<ContactId>,
    /// When: by the channel's clock, or when it was accepted.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// `image`, `document`, …: the message's type; of an upload `document`.
    pub kind: String,
}

/// What is lost of these days.
pub(super) async fn of_days(tx: &mut Tx, days: (i64, i64)) -> Result<Vec<Lost>, CatalogError> {
    let mut found: Vec<Lost> = Vec::new();
    for place in differing(tx, days, "> 0", PLACES).await? {
        for lost in of_place(tx, &place).await? {
            if found.len() < LISTED && !found.contains(&lost) {
                found.push(lost);
            }
        }
    }
    Ok(found)
}

/// What is lost of a day, number and source.
pub(crate) async fn of_place(tx: &mut Tx, place: &Differing) -> Result<Vec<Lost>, CatalogError> {
    let begins = place.day.saturating_mul(DAY);
    if place.source == Source::Whatsapp {
        messages(tx, &place.number, begins).await
    } else {
        uploads(tx, place.source, begins).await
    }
}

async fn messages(tx: &mut Tx, number: &str, begins: i64) -> Result<Vec<Lost>, CatalogError> {
    // A number has messages of all days: its index is not the one to go by.
    let text = format!(
        "SELECT m.id, m.contact_id, m.sent_at, m.type FROM messages m \
         WHERE m.file = 'document' AND m.received_at >= $1 AND m.received_at < $2 AND m.phone_number_id || '' = $3 \
           AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.message_id = m.id) \
         ORDER BY m.received_at, m.id LIMIT {LISTED}"
    );
    type Row = (Uuid, Option<Uuid>, i64, String);
    let ends = begins.saturating_add(DAY);
    let rows = all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), begins, ends, number)?;
    rows.into_iter()
        .map(|(message, contact, sent, kind)| {
            Ok(Lost {
                source: Source::Whatsapp,
                message_id: Some(MessageId(message)),
                document_id: None,
                contact_id: contact.map(ContactId),
                at: at("messages", "sent_at", sent)?,
                kind,
            })
        })
        .collect()
}

async fn uploads(tx: &mut Tx, source: Source, begins: i64) -> Result<Vec<Lost>, CatalogError> {
    // Most documents of all days have such an event: its kind is not what to go by.
    let text = format!(
        "SELECT e.document_id, e.at, e.data FROM events e \
         WHERE e.kind || '' = 'document.received' AND e.at >= $1 AND e.at < $2 \
           AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = e.document_id) ORDER BY e.at LIMIT {LISTED}"
    );
    let ends = micros(day_of("arrivals", begins / DAY + 1)? + ACCEPTED_WITHIN);
    let rows = all!(tx, (Option<Uuid>, i64, String), sqlx::AssertSqlSafe(text.clone()), begins, ends)?;
    let mut found = Vec::new();
    for (document, when, data) in rows {
        let data: Value = parse("events", "data", &data)?;
        let came_so = data["source"].as_str().is_none_or(|said| said == source.as_str());
        // A part of a file that was split came with the file.
        if came_so && data["part_of"].is_null() {
            let contact = data["contact_id"].as_str().and_then(|id| id.parse().ok());
            found.push(Lost {
                source,
                message_id: None,
                document_id: document.map(DocumentId),
                contact_id: contact,
                at: at("events", "at", when)?,
                kind: "document".to_owned(),
            });
        }
    }
    Ok(found)
}
