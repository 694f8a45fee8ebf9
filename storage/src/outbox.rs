//! What Acuse tells senders: queued with the outcome it tells of, sent in order per contact, never twice on purpose.
//!
//! A row goes `queued` → `sending` (under a lease) → `sent`, or `unknown` (it may have left: a status of the channel
//! that carries the row's id settles it, or it is sent again when its time comes), or `failed`, or `window_closed`.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{ContactId, DocumentId, OutboxId, at, clean, cut, maybe_at, micros, now, number, word, words},
    queue::{Push, Queue, push},
    sql::Tx,
    timeline,
};

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
        /// It will not be sent; the document's timeline says why.
        Failed = "failed",
        /// The 24-hour window had closed.
        WindowClosed = "window_closed",
    }
}

words! {
    /// What a message is about. A document has at most one message of each purpose.
    Purpose, "purpose" {
        /// Filed: what was read.
        Filed = "filed",
        /// A person will look at it.
        InReview = "in_review",
        /// Please send it again.
        SendAgain = "send_again",
        /// The same as an earlier one.
        Duplicate = "duplicate",
        /// A person refused it.
        Rejected = "rejected",
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
}

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
    /// Why it failed last.
    pub error: Option<String>,
    /// When it was queued.
    pub created_at: OffsetDateTime,
}

/// What waits for a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum NextReply {
    /// This one is yours until the lease ends; settle it with one of the `reply_*` functions.
    Send(Box<OutboxMessage>),
    /// The first in line may not go before this time; those behind it wait.
    NotBefore(OffsetDateTime),
    /// Another worker has this contact in hand.
    Busy,
    /// Nothing waits.
    Empty,
}

const COLUMNS: &str = "id, document_id, contact_id, purpose, phone_number_id, body, language, state, wamid, attempts, \
     next_attempt_at, error, created_at";

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
    error: Option<String>,
    created_at: i64,
}

const T: &str = "outbox";

impl TryFrom<Row> for OutboxMessage {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
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
            error: row.error,
            created_at: at(T, "created_at", row.created_at)?,
        })
    }
}

/// Queues the message of an outcome and its task. A document without a contact to answer, or with a message of that
/// purpose already, gets none. That a person will look is said once of a file: its parts tell their results only.
pub(crate) async fn queue_reply(
    tx: &mut Tx,
    document: DocumentId,
    reply: Option<&NewReply>,
) -> Result<(), CatalogError> {
    let Some(reply) = reply else { return Ok(()) };
    let found = optional!(
        tx,
        (Option<Uuid>, Option<String>, String, Uuid),
        "SELECT contact_id, phone_number_id, source, COALESCE(part_of, id) FROM documents WHERE id = $1",
        document.0
    )?;
    let Some((Some(contact), phone_number_id, source, first_of_file)) = found else { return Ok(()) };
    if source != "whatsapp" || reply.purpose == Purpose::InReview && knows(tx, first_of_file).await? {
        return Ok(());
    }
    let present = micros(now());
    let added = execute!(
        tx,
        "INSERT INTO outbox (id, document_id, contact_id, purpose, phone_number_id, body, language, state, \
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, $8) \
         ON CONFLICT (document_id, purpose) DO NOTHING",
        OutboxId::generate().0,
        document.0,
        contact,
        reply.purpose.as_str(),
        phone_number_id.as_deref(),
        clean(&reply.body),
        clean(&reply.language),
        present
    )?;
    if added == 1 { push_reply(tx, ContactId(contact), None).await } else { Ok(()) }
}

/// Whether a sender has been told that a person looks at something in this file.
async fn knows(tx: &mut Tx, first_of_file: Uuid) -> Result<bool, CatalogError> {
    let (told,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM outbox o JOIN documents d ON d.id = o.document_id \
         WHERE o.purpose = $2 AND (d.id = $1 OR d.part_of = $1)",
        first_of_file,
        Purpose::InReview.as_str()
    )?;
    Ok(told > 0)
}

/// Pushes a contact's `reply` task and remembers which it is.
pub(crate) async fn push_reply(
    tx: &mut Tx,
    contact: ContactId,
    run_at: Option<OffsetDateTime>,
) -> Result<(), CatalogError> {
    let task = Push::reply(contact, run_at)?;
    execute!(tx, "UPDATE contacts SET reply_task_id = $2 WHERE id = $1", contact.0, task.task_id.as_str())?;
    push(tx, Queue::Reply, vec![task]).await
}

impl Catalog {
    /// Takes the first message that waits for a contact, for as long as `lease`. One worker at a time has a contact
    /// in hand, so messages leave in the order in which they were queued. A message whose worker died comes back here
    /// with its `attempts` counted; it may have been sent.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn next_reply(
        &self,
        contact: ContactId,
        lease: std::time::Duration,
    ) -> Result<NextReply, CatalogError> {
        let mut tx = self.writing().await?;
        let present = now();
        // Touching the contact's row makes other workers on the same contact wait for this transaction.
        execute!(tx, "UPDATE contacts SET updated_at = $2 WHERE id = $1", contact.0, micros(present))?;
        let text = format!(
            "SELECT {COLUMNS} FROM outbox WHERE contact_id = $1 AND (state IN ('queued', 'sending') \
             OR (state = 'unknown' AND next_attempt_at IS NOT NULL)) ORDER BY seq LIMIT 1"
        );
        let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), contact.0)?;
        let Some(mut message) = row.map(OutboxMessage::try_from).transpose()? else {
            return Ok(NextReply::Empty);
        };
        let until = present + Duration::try_from(lease).unwrap_or(Duration::MINUTE);
        let taken = execute!(
            tx,
            "UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = $3, updated_at = $2 \
             WHERE id = $1 AND (state <> 'sending' OR lease_until <= $2) \
               AND (next_attempt_at IS NULL OR next_attempt_at <= $2)",
            message.id.0,
            micros(present),
            micros(until)
        )?;
        if taken == 1 {
            tx.commit().await?;
            message.attempts += 1;
            return Ok(NextReply::Send(Box::new(message)));
        }
        if message.state == OutboxState::Sending {
            return Ok(NextReply::Busy);
        }
        Ok(message.next_attempt_at.map_or(NextReply::Busy, NextReply::NotBefore))
    }

    /// The channel accepted it under this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_sent(&self, id: OutboxId, wamid: &str) -> Result<(), CatalogError> {
        self.settle(id, OutboxState::Sent, Some(wamid), None, None).await
    }

    /// Nobody knows whether it left. With `again_at` it is sent again then, unless a status settles it first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_unknown(
        &self,
        id: OutboxId,
        error: &str,
        again_at: Option<OffsetDateTime>,
    ) -> Result<(), CatalogError> {
        self.settle(id, OutboxState::Unknown, None, Some(error), again_at).await
    }

    /// It did not leave; it goes back to the head of its line until `at`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_later(
        &self,
        id: OutboxId,
        error: &str,
        at: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        self.settle(id, OutboxState::Queued, None, Some(error), Some(at)).await
    }

    /// It will never be sent.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_failed(&self, id: OutboxId, error: &str) -> Result<(), CatalogError> {
        self.settle(id, OutboxState::Failed, None, Some(error), None).await
    }

    /// The 24-hour window has closed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_window_closed(&self, id: OutboxId) -> Result<(), CatalogError> {
        self.settle(id, OutboxState::WindowClosed, None, Some("the 24-hour window has closed"), None).await
    }

    async fn settle(
        &self,
        id: OutboxId,
        state: OutboxState,
        wamid: Option<&str>,
        error: Option<&str>,
        again_at: Option<OffsetDateTime>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let error = error.map(|e| cut(e, 500));
        let row = optional!(
            tx,
            (Option<Uuid>, Uuid, String),
            "UPDATE outbox SET state = $2, wamid = COALESCE($3, wamid), error = $4, next_attempt_at = $5, \
             lease_until = NULL, updated_at = $6 WHERE id = $1 AND state IN ('queued', 'sending', 'unknown') \
             RETURNING document_id, contact_id, purpose",
            id.0,
            state.as_str(),
            wamid.map(clean),
            error.as_deref(),
            again_at.map(micros),
            micros(now())
        )?;
        let Some((document, contact, purpose)) = row else { return Ok(()) };
        let entry = timeline::Entry {
            document: document.map(DocumentId),
            contact: Some(ContactId(contact)),
            at: now(),
            stage: None,
            event: match state {
                OutboxState::Sent => "reply_sent",
                OutboxState::Unknown => "reply_unknown",
                OutboxState::Failed => "reply_failed",
                OutboxState::WindowClosed => "reply_window_closed",
                OutboxState::Queued | OutboxState::Sending => "reply_later",
            },
            detail: json!({ "outbox_id": id, "purpose": purpose, "wamid": wamid, "error": error }),
        };
        timeline::write(&mut tx, &[entry]).await?;
        if let Some(again) = again_at {
            push_reply(&mut tx, ContactId(contact), Some(again)).await?;
        }
        tx.commit().await
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
