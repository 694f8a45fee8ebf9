//! The conversation with a contact: messages both ways in order, the documents that they brought, and what became of
//! what we sent. Who may see what is said here once, for the API and the desk: a message about a document that is
//! withheld from the reader has no words, nor has what was said of a bill that is, and one about a document that does not
//! exist for them is not there.

mod owed;
mod people;

use acuse_pipeline::document::{Kind, Status};
use acuse_whatsapp::graph::FileType;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use people::reach;
pub use people::{Consent, Listed, Window};

use crate::{
    access::{Access, Sensitivity},
    catalog::Catalog,
    documents::{StoredObject, key},
    error::CatalogError,
    names::{AttachmentId, ContactId, DocumentId, at, micros, number, sha256, word, words},
};

words! {
    /// Which way a message went.
    Way, "way" {
        /// From the contact.
        In = "in",
        /// From us.
        Out = "out",
        /// From us, typed on another device.
        Echo = "echo",
    }
}

/// The document that a message brought or is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct About {
    /// Which one.
    pub id: DocumentId,
    /// What became of it.
    pub status: Status,
    /// What kind it is; absent where it is withheld.
    pub kind: Option<Kind>,
    /// Whether what it says is kept from the reader.
    pub withheld: bool,
    /// Whether others may not see it: who reads its words is in the audit trail.
    #[serde(skip)]
    pub is_sensitive: bool,
}

/// The file that a message of ours brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentFile {
    /// Which one.
    pub id: AttachmentId,
    /// `image/jpeg`, `image/png`, `application/pdf`.
    pub media_type: String,
    /// What it is called.
    pub filename: Option<String>,
    /// The document that it shows; absent where a person of us sent it.
    pub document_id: Option<DocumentId>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Its id.
    pub id: Uuid,
    /// Which way it went.
    pub way: Way,
    /// When, by the channel's clock where it has one.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// `text`, `image`, `document`, `template`, …
    pub r#type: String,
    /// Our number.
    pub phone_number_id: Option<String>,
    /// Its text or caption; absent where it is withheld.
    pub text: Option<String>,
    /// The document.
    pub document: Option<About>,
    /// The file that it brings, of what we sent; absent where it is withheld or was erased.
    pub file: Option<SentFile>,
    /// Of what we sent: `queued`, `sending`, `sent`, `unknown`, `refused`, `delivered`, `read`, `failed`,
    /// `window_closed`, `withdrawn`.
    pub state: Option<String>,
    /// Why it failed, in the channel's words.
    pub error: Option<String>,
}

/// A place in a conversation: older than this message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// When it was.
    pub at: OffsetDateTime,
    /// Which one.
    pub id: Uuid,
}

impl Before {
    /// Before it is all there is.
    pub(crate) const ALL: (i64, Uuid) = (i64::MAX, Uuid::max());

    /// The same as rows have it, in microseconds; without one all is before it.
    pub(crate) fn place(before: Option<Self>) -> (i64, Uuid) {
        before.map_or(Self::ALL, |before| (micros(before.at), before.id))
    }
}

/// The rank from which on a status says that somebody has read it (see `inbound::statuses`).
const READ: i64 = 4;

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    way: String,
    sent_at: i64,
    kind: String,
    phone_number_id: Option<String>,
    body: Option<String>,
    document_id: Option<Uuid>,
    status: Option<String>,
    document_kind: Option<String>,
    sensitivity: Option<String>,
    /// It stands beside what may not be for everybody's eyes.
    is_beside: bool,
    state: Option<String>,
    status_rank: i64,
    error: Option<String>,
    file_id: Option<Uuid>,
    file_type: Option<String>,
    file_name: Option<String>,
    file_of: Option<Uuid>,
}

fn said(row: Row, access: &Access) -> Result<Said, CatalogError> {
    const T: &str = "messages";
    // What a document that may not be seen is about may stand in any text beside it.
    let sensitivity: Option<Sensitivity> =
        row.sensitivity.map(|s| word("documents", "sensitivity", &s)).transpose()?;
    let withheld = sensitivity.is_some_and(|s| access.withholds(s)) || (row.is_beside && !access.sees_ids());
    let kind = row.document_kind.filter(|_| !withheld);
    let about = match (row.document_id, row.status) {
        (Some(id), Some(status)) => Some(About {
            id: DocumentId(id),
            status: word("documents", "status", &status)?,
            kind: kind.map(|k| word("documents", "kind", &k)).transpose()?,
            withheld,
            is_sensitive: sensitivity != Some(Sensitivity::Open),
        }),
        _ => None,
    };
    let file = row.file_id.zip(row.file_type).filter(|_| !withheld);
    let rank = row.status_rank;
    Ok(Said {
        id: row.id,
        way: word(T, "direction", &row.way)?,
        at: at(T, "sent_at", row.sent_at)?,
        r#type: row.kind,
        phone_number_id: row.phone_number_id,
        text: row.body.filter(|t| !withheld && !t.is_empty()),
        document: about,
        file: file.map(|(id, media_type)| SentFile {
            id: AttachmentId(id),
            media_type,
            filename: row.file_name,
            document_id: row.file_of.map(DocumentId),
        }),
        // What went wrong before it arrived after all is no failure of it.
        error: row.error.filter(|_| row.state.as_deref() != Some("delivered")),
        state: row.state.map(|s| if s == "delivered" && rank >= READ { "read".to_owned() } else { s }),
    })
}

/// Under which condition what is said in this case stands beside what may not be for everybody's eyes: a question, its
/// answer and what is said of a case tell of its documents.
fn beside(case: &str) -> String {
    format!(
        "(d.part IS NOT NULL OR EXISTS (SELECT 1 FROM case_documents cd JOIN documents x \
         ON x.id = cd.document_id WHERE cd.case_id = {case} AND (x.sensitivity <> 'open' OR x.part IS NOT NULL)))"
    )
}

/// The same of the document whose picture a message brings (under `ad`).
const SHOWN_BESIDE: &str = "(ad.id IS NOT NULL AND (ad.sensitivity <> 'open' OR ad.part IS NOT NULL))";

impl Catalog {
    /// What was said with a contact, the latest first, what is older than `before`; only over one of our numbers, where it
    /// is named.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn conversation(
        &self,
        access: &Access,
        contact: ContactId,
        number: Option<&str>,
        before: Option<Before>,
        limit: u32,
    ) -> Result<Vec<Said>, CatalogError> {
        let mut tx = self.reading().await?;
        // Who is bound sees only what is about documents that exist for them.
        let exists = if access.is_bound() {
            format!("d.id IS NOT NULL AND {}", access.reach(&tx, "d"))
        } else {
            "1 = 1".to_owned()
        };
        let document = "d.id AS document_id, d.status, d.kind AS document_kind, d.sensitivity";
        let file =
            "a.id AS file_id, a.media_type AS file_type, a.filename AS file_name, a.document_id AS file_of";
        let over = |table: &str| format!("(CAST($5 AS TEXT) IS NULL OR {table}.phone_number_id = $5)");
        let (heard_over, said_over) = (over("m"), over("o"));
        let (asked, heard) = (
            beside("o.case_id"),
            beside("(SELECT cm.case_id FROM case_messages cm WHERE cm.message_id = m.id)"),
        );
        let of_bill =
            if owed::is_withheld(&mut tx, access, contact).await? { owed::OF_BILLS } else { "1 = 0" };
        let text = format!(
            "SELECT m.id AS id, m.direction AS way, m.sent_at AS sent_at, m.type AS kind, m.phone_number_id AS phone_number_id, \
               m.body AS body, {document}, {heard} AS is_beside, CAST(NULL AS TEXT) AS state, CAST(0 AS BIGINT) AS status_rank, \
               CAST(NULL AS TEXT) AS error, {file} \
             FROM messages m LEFT JOIN documents d ON d.message_id = m.id LEFT JOIN attachments a ON a.id = m.id AND 1 = 0 \
             WHERE m.contact_id = $1 AND (m.sent_at, m.id) < ($2, $3) AND {heard_over} AND {exists} \
             UNION ALL \
             SELECT o.id, 'out', o.created_at, o.kind, o.phone_number_id, o.body, {document}, ({asked} OR {SHOWN_BESIDE} OR {of_bill}), \
               o.state, o.status_rank, o.error, {file} \
             FROM outbox o LEFT JOIN documents d ON d.id = o.document_id \
             LEFT JOIN attachments a ON a.id = o.attachment_id AND a.object_key IS NOT NULL \
             LEFT JOIN documents ad ON ad.id = a.document_id \
             WHERE o.contact_id = $1 AND (o.created_at, o.id) < ($2, $3) AND {said_over} AND {exists} \
             ORDER BY 3 DESC, 1 DESC LIMIT $4"
        );
        let (until, id) = Before::place(before);
        let limit = i64::from(limit.min(500));
        all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), contact.0, until, id, limit, number)?
            .into_iter()
            .map(|row| said(row, access))
            .collect()
    }

    /// A file that a person of us sent to a contact, as far as this reader may see it: its bytes and what they are.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn sent_file(
        &self,
        access: &Access,
        id: AttachmentId,
    ) -> Result<Option<(StoredObject, FileType)>, CatalogError> {
        // Messages that are about no document are not there for whoever is bound.
        if access.is_bound() {
            return Ok(None);
        }
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT a.object_key, a.sha256, COALESCE(a.size_bytes, 0), a.media_type, {} \
             FROM outbox o JOIN attachments a ON a.id = o.attachment_id LEFT JOIN documents d ON d.id = o.document_id \
             WHERE a.id = $1 AND a.document_id IS NULL AND a.object_key IS NOT NULL \
             ORDER BY o.seq LIMIT 1",
            beside("o.case_id")
        );
        type Kept = (String, Vec<u8>, i64, String, bool);
        let Some(row) = optional!(tx, Kept, sqlx::AssertSqlSafe(text.clone()), id.0)? else {
            return Ok(None);
        };
        let (object, hash, size, media_type, is_beside) = row;
        let kind = FileType::of_mime(&media_type).filter(|_| !is_beside || access.sees_ids());
        let Some(kind) = kind else { return Ok(None) };
        let stored = StoredObject {
            key: key("object_key", &object)?,
            sha256: sha256("attachments", "sha256", &hash)?,
            size_bytes: number("attachments", "size_bytes", size)?,
        };
        Ok(Some((stored, kind)))
    }

    /// The documents beside which a person of us sent a file, as far as they may not be for everybody's eyes: that somebody
    /// looks at it is said of these. At most 100.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn beside_sent_file(&self, id: AttachmentId) -> Result<Vec<DocumentId>, CatalogError> {
        let mut tx = self.reading().await?;
        let sql = "SELECT DISTINCT x.id FROM outbox o JOIN case_documents cd ON cd.case_id = o.case_id \
             JOIN documents x ON x.id = cd.document_id \
             WHERE o.attachment_id = $1 AND (x.sensitivity <> 'open' OR x.part IS NOT NULL) ORDER BY x.id LIMIT 100";
        Ok(all!(tx, (Uuid,), sql, id.0)?.into_iter().map(|(id,)| DocumentId(id)).collect())
    }

    /// The place `count` messages later than this one; `None` where there are not as many.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn later_in_conversation(
        &self,
        contact: ContactId,
        than: Before,
        count: u32,
    ) -> Result<Option<Before>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(
            tx,
            (i64, Uuid),
            "SELECT at, id FROM (SELECT m.sent_at AS at, m.id AS id FROM messages m \
               WHERE m.contact_id = $1 AND (m.sent_at, m.id) > ($2, $3) \
             UNION ALL SELECT o.created_at AS at, o.id AS id FROM outbox o \
               WHERE o.contact_id = $1 AND (o.created_at, o.id) > ($2, $3)) AS later \
             ORDER BY at, id LIMIT 1 OFFSET $4",
            contact.0,
            micros(than.at),
            than.id,
            i64::from(count)
        )?;
        row.map(|(when, id)| Ok(Before { at: at("messages", "sent_at", when)?, id })).transpose()
    }
}
