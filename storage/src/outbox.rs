//! What Acuse tells senders: queued with the outcome it tells of, sent in order to each person from each of our numbers
//! (a [`Line`]), never twice on purpose.
//!
//! A row goes `queued` → `sending` ([`crate::dispatch`], right before the call) → `sent` → `delivered`; or `unknown` (it may have left: a status of
//! the channel that carries the row's id settles it, or a person is told when its time comes); or `refused` (its call
//! was, or a status said that it failed; what follows is decided alike); or it ends `failed` or `window_closed`, and
//! then an incident names it ([`crate::incidents`]); or `withdrawn`. [`crate::message_ledger`] counts them.

mod line;
mod saying;
mod settle;
mod shape;
mod telling;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

pub use shape::Payload;
pub(crate) use shape::{Shape, queue_as};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    message_ledger::OPEN,
    names::{
        AttachmentId, ContactId, DocumentId, OutboxId, at, json as parsed, maybe_at, micros, number, word,
        words,
    },
    sql::Tx,
};

pub use line::{Line, NextReply};
pub(crate) use line::{Wait, goes_on_behind, line_of, move_lines, release, release_of, wake};
pub(crate) use saying::{Saying, is_window_open, may_be_repeated, openly, queue, queue_reply, times_said};
pub use settle::HeldFor;
pub(crate) use settle::supersede;

words! {
    /// Where a message to a sender stands.
    OutboxState, "outbox state" {
        /// Waits for its turn.
        Queued = "queued",
        /// A worker has it in hand.
        Sending = "sending",
        /// The channel accepted it.
        Sent = "sent",
        /// It may have left; nobody knows.
        Unknown = "unknown",
        /// A status said that it failed; what follows is to be decided.
        Refused = "refused",
        /// A device of the sender has it.
        Delivered = "delivered",
        /// It will not be sent; an incident tells a person of it.
        Failed = "failed",
        /// The 24-hour window had closed; an incident tells a person of it.
        WindowClosed = "window_closed",
        /// It was taken back before it left.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// In what shape a message is sent.
    MessageKind, "message kind" {
        /// Free text.
        Text = "text",
        /// A template of Meta's.
        Template = "template",
        /// Text with buttons.
        Buttons = "buttons",
        /// A file.
        Media = "media",
    }
}

words! {
    /// What a message is about. A document has at most one message of each purpose and nonce.
    Purpose, "purpose" {
        /// Filed: what was read.
        Filed = "filed",
        /// A person will look at it.
        InReview = "in_review",
        /// Please send it again.
        SendAgain = "send_again",
        /// The same as an earlier one.
        Duplicate = "duplicate",
        /// The same file again, though another was asked for.
        SameAgain = "same_again",
        /// A person refused it.
        Rejected = "rejected",
        /// Its content is withheld from us: please send it as a normal photo.
        SendNormally = "send_normally",
        /// They send very much: all is kept, and read little by little.
        ManyFiles = "many_files",
        /// So many files came together.
        Received = "received",
        /// What became of files that came together.
        Summary = "summary",
        /// Something that was asked for is still waited for.
        Reminder = "reminder",
        /// What came is no file that can be read.
        NotAFile = "not_a_file",
        /// What a person writes.
        Reply = "reply",
        /// No more notices, as was asked.
        Stopped = "stopped",
        /// Notices again, as was asked.
        Started = "started",
        /// What is asked about a document, by a person or a program.
        Question = "question",
        /// An answer is kept.
        Noted = "noted",
        /// A tap on a choice that changes nothing.
        TapRefused = "tap_refused",
        /// News that we send of our own accord.
        Notice = "notice",
        /// What is owed.
        Collection = "collection",
        /// Thanks for what was paid.
        Paid = "paid",
        /// An approval that is asked for.
        Approval = "approval",
        /// A decision is on record.
        Decided = "decided",
        /// An answer to what somebody asked about.
        Support = "support",
        /// The privacy notice.
        Privacy = "privacy",
        /// Whether an identity document may be read, and what is said to the answer.
        Authorization = "authorization",
    }
}

/// A message to queue with an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReply {
    /// What it is about.
    pub purpose: Purpose,
    /// Its text.
    pub body: String,
    /// ISO 639-1 of the text.
    pub language: String,
    /// What makes it another message of the same purpose, said on purpose; empty for the one there can be.
    pub nonce: String,
}

/// Why a message was taken back whose time was over.
pub const TOO_LATE: &str = "too late";
/// How long an answer is worth sending: inside Meta's 24 hours, with a margin.
pub const ANSWER_LIFE: Duration = Duration::hours(23);
/// How long a message that may have left waits for a status before a person is told.
pub const UNKNOWN_LIFE: Duration = Duration::hours(1);
/// How long a message that was accepted waits for its delivery before a person is told, where nobody says otherwise
/// ([`Catalog::with_sent_life`]).
pub const SENT_LIFE: Duration = Duration::hours(72);

/// A message of the outbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboxMessage {
    /// Sent along as callback data, so that statuses find it.
    pub id: OutboxId,
    /// About which document.
    pub document_id: Option<DocumentId>,
    /// To whom.
    pub contact_id: ContactId,
    /// About what.
    pub purpose: Purpose,
    /// From which of our numbers.
    pub phone_number_id: Option<String>,
    /// Text.
    pub body: String,
    /// ISO 639-1.
    pub language: String,
    /// Where it stands.
    pub state: OutboxState,
    /// The channel's id of it.
    pub wamid: Option<String>,
    /// Times it was taken in hand, this one included.
    pub attempts: u32,
    /// When it may be tried again.
    pub next_attempt_at: Option<OffsetDateTime>,
    /// Until when it is worth sending.
    pub expires_at: Option<OffsetDateTime>,
    /// The channel's code of its last failure, whether a call was refused or a status said so.
    pub error_code: Option<i64>,
    /// In what shape.
    pub kind: MessageKind,
    /// What consent it needs; none for an answer.
    pub category: Option<String>,
    /// The template by which it was sent last, and its language.
    pub template: Option<(String, String)>,
    /// What it carries beside its text.
    pub payload: Payload,
    /// The file it brings.
    pub attachment_id: Option<AttachmentId>,
    /// Times that its file was to be uploaded, the last one included.
    pub upload_attempts: u32,
    /// Why it failed last.
    pub error: Option<String>,
    /// When it was queued.
    pub created_at: OffsetDateTime,
}

const COLUMNS: &str = "id, document_id, contact_id, purpose, phone_number_id, body, language, state, wamid, attempts, \
     next_attempt_at, expires_at, error_code, error, created_at, kind, category, payload, attachment_id, upload_attempts";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    document_id: Option<Uuid>,
    contact_id: Uuid,
    purpose: String,
    phone_number_id: Option<String>,
    body: String,
    language: String,
    state: String,
    wamid: Option<String>,
    attempts: i64,
    next_attempt_at: Option<i64>,
    expires_at: Option<i64>,
    error_code: Option<i64>,
    error: Option<String>,
    created_at: i64,
    kind: String,
    category: Option<String>,
    payload: String,
    attachment_id: Option<Uuid>,
    upload_attempts: i64,
}

const T: &str = "outbox";

impl TryFrom<Row> for OutboxMessage {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let payload: Payload = parsed(T, "payload", &row.payload)?;
        Ok(Self {
            id: OutboxId(row.id),
            document_id: row.document_id.map(DocumentId),
            contact_id: ContactId(row.contact_id),
            purpose: word(T, "purpose", &row.purpose)?,
            phone_number_id: row.phone_number_id,
            body: row.body,
            language: row.language,
            state: word(T, "state", &row.state)?,
            wamid: row.wamid,
            attempts: number(T, "attempts", row.attempts)?,
            next_attempt_at: maybe_at(T, "next_attempt_at", row.next_attempt_at)?,
            expires_at: maybe_at(T, "expires_at", row.expires_at)?,
            error_code: row.error_code,
            error: row.error,
            created_at: at(T, "created_at", row.created_at)?,
            kind: word(T, "kind", &row.kind)?,
            category: row.category,
            template: payload.template.clone(),
            payload,
            attachment_id: row.attachment_id.map(AttachmentId),
            upload_attempts: number(T, "upload_attempts", row.upload_attempts)?,
        })
    }
}

impl Catalog {
    /// How many messages were due then already and have not left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn messages_held_since(&self, since: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT COUNT(*) FROM outbox o WHERE {OPEN} AND o.state IN ('queued', 'refused') AND o.created_at < $1 \
             AND (o.not_before IS NULL OR o.not_before < $1)"
        );
        let (count,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), micros(since))?;
        number(T, "count", count)
    }

    /// When a contact last wrote to this number, by the channel's clock: its 24 hours count from here.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn last_inbound(
        &self,
        contact: ContactId,
        number: &str,
    ) -> Result<Option<OffsetDateTime>, CatalogError> {
        last_inbound(&mut self.reading().await?, contact, number).await
    }

    /// The messages about a document, oldest first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn replies_about(&self, document: DocumentId) -> Result<Vec<OutboxMessage>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!("SELECT {COLUMNS} FROM outbox WHERE document_id = $1 ORDER BY seq LIMIT 100");
        all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), document.0)?
            .into_iter()
            .map(OutboxMessage::try_from)
            .collect()
    }
}

/// When a contact last wrote to this number, by the channel's clock.
pub(crate) async fn last_inbound(
    tx: &mut Tx,
    contact: ContactId,
    number: &str,
) -> Result<Option<OffsetDateTime>, CatalogError> {
    let row = optional!(
        tx,
        (i64,),
        "SELECT last_inbound_at FROM windows WHERE contact_id = $1 AND phone_number_id = $2",
        contact.0,
        number
    )?;
    row.map(|(value,)| at("windows", "last_inbound_at", value)).transpose()
}
