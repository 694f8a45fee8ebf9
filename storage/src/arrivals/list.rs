//! What the first ledger counts, one by one and the latest first: of each of its numbers the files behind it. What came is
//! read off the messages and the uploads, so that what is lost stands among it, and not off the documents alone.

use std::cmp::Reverse;

use acuse_pipeline::document::Status;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    days,
    lost::{self, Asked, Found},
    of_span,
};
use crate::{
    catalog::Catalog,
    conversation::Before,
    error::CatalogError,
    names::{ContactId, DocumentId, MessageId, Source, at, number, word, words},
    sql::{Tx, latest_of},
    tallies::DAY,
};

words! {
    /// A number of the first ledger.
    ArrivalPlace, "place of what came" {
        /// All that came.
        Files = "files",
        /// What stands as a document.
        Documents = "documents",
        /// What was joined to another document, as the answer to what was asked about it.
        Answers = "answers",
        /// Voice notes, videos and stickers.
        NotDocuments = "not_documents",
        /// That for which nothing stands.
        Lost = "lost",
    }
}

/// A file that came. Nothing that it says is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// When we had it, by which its day counts; of an upload that is lost, when it was accepted.
    pub at: OffsetDateTime,
    /// By which name it stands in the list: its message's or its document's.
    pub id: Uuid,
    /// How it came.
    pub source: Source,
    /// The message's type: `image`, `audio`, …; of an upload `document`.
    pub kind: String,
    /// Where the ledger has it; not `files`.
    pub place: ArrivalPlace,
    /// What stands for it, and where that is.
    pub document: Option<(DocumentId, Status)>,
    /// Who sent it.
    pub contact_id: Option<ContactId>,
    /// The message that brought it, and when that was by the channel's clock.
    pub message: Option<(MessageId, OffsetDateTime)>,
}

/// Days, numbers and sources that are looked through for what is lost. Each has lost something, so a page is full long before.
const PLACES: i64 = 1_000;

/// From when on (`$1`), and before which place of the list (`$2`, `$3`).
const OF_DOCUMENTS: &str =
    "AND d.received_at >= $1 AND (d.received_at, d.id) < ($2, $3) ORDER BY d.received_at DESC, d.id DESC";
const OF_MESSAGES: &str =
    "AND m.received_at >= $1 AND (m.received_at, m.id) < ($2, $3) ORDER BY m.received_at DESC, m.id DESC";
/// Documents as the counts have them: of a file that was split, its first part.
const DOCUMENTS: &str = "SELECT d.received_at AS at, d.id AS id, d.source AS source, COALESCE(m.type, 'document') AS kind, \
     CASE WHEN d.answers IS NULL THEN 'documents' ELSE 'answers' END AS place, d.id AS document_id, d.status AS status, \
     d.contact_id AS contact_id, m.id AS message_id, d.sent_at AS sent_at \
     FROM documents d LEFT JOIN messages m ON m.id = d.message_id WHERE d.part_of IS NULL";
/// Messages with a file, and what stands for it.
const MESSAGES: &str = "SELECT m.received_at AS at, m.id AS id, 'whatsapp' AS source, m.type AS kind, \
     CASE WHEN m.file = 'other' THEN 'not_documents' WHEN d.id IS NULL THEN 'lost' \
       WHEN d.answers IS NULL THEN 'documents' ELSE 'answers' END AS place, d.id AS document_id, d.status AS status, \
     m.contact_id AS contact_id, m.id AS message_id, m.sent_at AS sent_at \
     FROM messages m LEFT JOIN documents d ON d.message_id = m.id";

/// The rows behind a number, but for what is lost and was uploaded; nothing where all of it is found otherwise.
fn rows_of(place: ArrivalPlace, most: u32) -> Option<String> {
    let messages = |file: &str| format!("{MESSAGES} WHERE m.file = '{file}' {OF_MESSAGES} LIMIT {most}");
    let documents = |which: &str| format!("{DOCUMENTS} AND {which} {OF_DOCUMENTS} LIMIT {most}");
    match place {
        ArrivalPlace::Documents => Some(documents("d.answers IS NULL")),
        ArrivalPlace::Answers => Some(documents("d.answers IS NOT NULL")),
        ArrivalPlace::NotDocuments => Some(messages("other")),
        ArrivalPlace::Lost => None,
        ArrivalPlace::Files => {
            let uploaded = Source::ALL.iter().filter(|source| **source != Source::Whatsapp);
            let each = ["document", "other"].map(messages).into_iter();
            let each = each.chain(uploaded.map(|source| documents(&format!("d.source = '{source}'"))));
            Some(latest_of(&each.collect::<Vec<_>>(), most))
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    at: i64,
    id: Uuid,
    source: String,
    kind: String,
    place: String,
    document_id: Option<Uuid>,
    status: Option<String>,
    contact_id: Option<Uuid>,
    message_id: Option<Uuid>,
    sent_at: i64,
}

impl TryFrom<Row> for Arrival {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let sent_at = at("messages", "sent_at", row.sent_at)?;
        let document = match row.document_id.zip(row.status) {
            Some((id, status)) => Some((DocumentId(id), word("documents", "status", &status)?)),
            None => None,
        };
        Ok(Self {
            at: at("messages", "received_at", row.at)?,
            id: row.id,
            source: word("documents", "source", &row.source)?,
            kind: row.kind,
            place: word("messages", "file", &row.place)?,
            document,
            contact_id: row.contact_id.map(ContactId),
            message: row.message_id.map(|id| (MessageId(id), sent_at)),
        })
    }
}

impl TryFrom<Found> for Arrival {
    type Error = CatalogError;

    fn try_from(found: Found) -> Result<Self, CatalogError> {
        let lost = found.lost;
        Ok(Self {
            at: at("messages", "received_at", found.at)?,
            id: found.id,
            source: lost.source,
            kind: lost.kind,
            place: ArrivalPlace::Lost,
            document: None,
            contact_id: lost.contact_id,
            message: lost.message_id.map(|id| (id, lost.at)),
        })
    }
}

/// A page in a transaction, before a place.
async fn page(
    tx: &mut Tx,
    place: ArrivalPlace,
    days: (i64, i64),
    before: (i64, Uuid),
    most: u32,
) -> Result<Vec<Arrival>, CatalogError> {
    let mut found: Vec<Arrival> = Vec::new();
    if let Some(text) = rows_of(place, most) {
        let begins = days.0.saturating_mul(DAY);
        let ends = (days.1.saturating_mul(DAY), Uuid::nil());
        let (until, id) = before.min(ends);
        for row in all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), begins, until, id)? {
            found.push(row.try_into()?);
        }
    }
    if matches!(place, ArrivalPlace::Files | ArrivalPlace::Lost) {
        let asked = Asked {
            before,
            most: most as usize,
            places: PLACES,
            // A message that brought what is lost stands among the messages.
            uploads: place == ArrivalPlace::Files,
        };
        for lost in lost::page(tx, days, &asked).await? {
            found.push(lost.try_into()?);
        }
        found.sort_by_key(|arrival| Reverse((arrival.at, arrival.id)));
        found.truncate(most as usize);
    }
    Ok(found)
}

impl Catalog {
    /// The files behind a number of the ledger of `from ..< to`, the latest first: those before a place in that order, at most
    /// 500.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn arrived(
        &self,
        place: ArrivalPlace,
        (from, to): (Option<OffsetDateTime>, Option<OffsetDateTime>),
        before: Option<Before>,
        limit: u32,
    ) -> Result<Vec<Arrival>, CatalogError> {
        let mut tx = self.reading().await?;
        page(&mut tx, place, days(from, to), Before::place(before), limit.clamp(1, 500)).await
    }

    /// How many voice notes, videos and stickers of `from ..< to` are counted whose messages were let go with their time: no
    /// list has them any more.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn arrivals_let_go(
        &self,
        from: Option<OffsetDateTime>,
        to: Option<OffsetDateTime>,
    ) -> Result<u64, CatalogError> {
        let mut tx = self.reading_one_instant().await?;
        let counted = of_span(&mut tx, from, to).await?.not_documents;
        let (first, after) = days(from, to);
        let (kept,) = one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM messages m WHERE m.file = 'other' AND m.received_at >= $1 AND m.received_at < $2",
            first.saturating_mul(DAY),
            after.saturating_mul(DAY)
        )?;
        Ok(counted.saturating_sub(number("messages", "file", kept)?))
    }
}
