//! What is lost, by name: a message that brought a document which is not there, and an upload of which only the event is
//! left that told of it.

use std::cmp::Reverse;

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Differing, differing};
use crate::{
    conversation::Before,
    error::CatalogError,
    names::{ContactId, DocumentId, MessageId, Source, at},
    sql::Tx,
    tallies::DAY,
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

/// One of them with its place in a list of what came: when we had it, or accepted it, and by which name.
#[derive(Debug)]
pub(crate) struct Found {
    pub(super) at: i64,
    pub(super) id: Uuid,
    pub(super) lost: Lost,
}

/// Which of them are asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Those before this place.
    pub(crate) before: (i64, Uuid),
    /// So many.
    pub(crate) most: usize,
    /// So many days, numbers and sources are looked through for them, the latest first.
    pub(crate) places: i64,
    /// Not those that a message brought.
    pub(crate) uploads: bool,
}

impl Asked {
    /// The latest there are.
    pub(crate) const LATEST: Self =
        Self { before: Before::ALL, most: LISTED, places: PLACES, uploads: false };
}

/// What is lost of these days, as far as it is named.
pub(super) async fn of_days(tx: &mut Tx, days: (i64, i64)) -> Result<Vec<Lost>, CatalogError> {
    Ok(page(tx, days, &Asked::LATEST).await?.into_iter().map(|found| found.lost).collect())
}

/// What is lost of these days, the latest first.
pub(super) async fn page(
    tx: &mut Tx,
    (first, after): (i64, i64),
    asked: &Asked,
) -> Result<Vec<Found>, CatalogError> {
    let until = asked.before.0.div_euclid(DAY).saturating_add(1).min(after);
    let mut found: Vec<Found> = Vec::new();
    for place in differing(tx, (first, until), "> 0", asked.places).await? {
        if asked.uploads && place.source == Source::Whatsapp {
            continue;
        }
        // Whatever is lost of this day, or of one before it, stands behind a page that is full.
        let is_full = found.len() >= asked.most;
        if is_full && found.last().is_some_and(|last| last.at >= accepted_until(place.day)) {
            break;
        }
        found.extend(of_place(tx, &place, asked).await?);
        found.sort_by_key(|found| Reverse((found.at, found.id)));
        // What was accepted soon after midnight is found of both days.
        found.dedup_by_key(|found| (found.at, found.id));
        found.truncate(asked.most);
    }
    Ok(found)
}

/// Until when what came on a day may have been accepted.
fn accepted_until(day: i64) -> i64 {
    let within = i64::try_from(ACCEPTED_WITHIN.whole_microseconds()).unwrap_or(i64::MAX);
    day.saturating_add(1).saturating_mul(DAY).saturating_add(within)
}

/// What is lost of a day, number and source.
pub(crate) async fn of_place(
    tx: &mut Tx,
    place: &Differing,
    asked: &Asked,
) -> Result<Vec<Found>, CatalogError> {
    if place.source == Source::Whatsapp {
        messages(tx, place, asked).await
    } else {
        uploads(tx, place, asked).await
    }
}

async fn messages(tx: &mut Tx, place: &Differing, asked: &Asked) -> Result<Vec<Found>, CatalogError> {
    // A number has messages of all days: its index is not the one to go by.
    let text = format!(
        "SELECT m.id, m.contact_id, m.received_at, m.sent_at, m.type FROM messages m \
         WHERE m.file = 'document' AND m.received_at >= $1 AND (m.received_at, m.id) < ($2, $3) \
           AND m.phone_number_id || '' = $4 \
           AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.message_id = m.id) \
         ORDER BY m.received_at DESC, m.id DESC LIMIT {}",
        asked.most
    );
    type Row = (Uuid, Option<Uuid>, i64, i64, String);
    let begins = place.day.saturating_mul(DAY);
    let (ends, id) = (begins.saturating_add(DAY), Uuid::nil()).min(asked.before);
    let rows = all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), begins, ends, id, place.number.as_str())?;
    rows.into_iter()
        .map(|(message, contact, received, sent, kind)| {
            let lost = Lost {
                source: Source::Whatsapp,
                message_id: Some(MessageId(message)),
                document_id: None,
                contact_id: contact.map(ContactId),
                at: at("messages", "sent_at", sent)?,
                kind,
            };
            Ok(Found { at: received, id: message, lost })
        })
        .collect()
}

async fn uploads(tx: &mut Tx, place: &Differing, asked: &Asked) -> Result<Vec<Found>, CatalogError> {
    let is_sqlite = tx.is_sqlite();
    let said = |member: &str| {
        if is_sqlite {
            format!("(e.data ->> '$.{member}')")
        } else {
            format!("(CAST(e.data AS jsonb) ->> '{member}')")
        }
    };
    // Most documents of all days have such an event: its kind is not what to go by. A part of a file that was split came
    // with the file.
    let text = format!(
        "SELECT e.document_id, e.at, {contact} FROM events e \
         WHERE e.kind || '' = 'document.received' AND e.at >= $1 AND (e.at, e.document_id) < ($2, $3) \
           AND COALESCE({source}, $4) = $4 AND {part_of} IS NULL \
           AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = e.document_id) \
         ORDER BY e.at DESC, e.document_id DESC LIMIT {most}",
        contact = said("contact_id"),
        source = said("source"),
        part_of = said("part_of"),
        most = asked.most
    );
    let (ends, id) = (accepted_until(place.day), Uuid::nil()).min(asked.before);
    let rows = all!(
        tx,
        (Uuid, i64, Option<String>),
        sqlx::AssertSqlSafe(text.clone()),
        place.day.saturating_mul(DAY),
        ends,
        id,
        place.source.as_str()
    )?;
    rows.into_iter()
        .map(|(document, when, contact)| {
            let lost = Lost {
                source: place.source,
                message_id: None,
                document_id: Some(DocumentId(document)),
                contact_id: contact.and_then(|id| id.parse().ok()),
                at: at("events", "at", when)?,
                kind: "document".to_owned(),
            };
            Ok(Found { at: when, id: document, lost })
        })
        .collect()
}
