//! What Acuse tells senders: queued with the outcome it tells of, sent in order per contact, never twice on purpose.
//!
//! A row goes `queued` → `sending` ([`crate::dispatch`], right before the call) → `sent` → `delivered`; or `unknown` (it may have left: a status of
//! the channel that carries the row's id settles it, or a person is told when its time comes); or `refused` (a status
//! said that it failed; what follows is decided as for a refused call); or it ends `failed` or `window_closed`, and
//! then an incident names it ([`crate::incidents`]); or `withdrawn`. [`crate::message_ledger`] counts them.

mod shape;

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

pub use shape::Payload;
pub(crate) use shape::{Shape, queue_as};

use crate::{
    cases,
    catalog::Catalog,
    error::CatalogError,
    incidents,
    names::{
        CaseId, ContactId, DocumentId, OutboxId, at, clean, cut, json as parsed, maybe_at, micros, number,
        word, words,
    },
    notices,
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
/// How long a message that was accepted waits for its delivery before a person is told.
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
     next_attempt_at, expires_at, error_code, error, created_at, kind, category, payload";

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
    let leads = tx.policies().is_some();
    if reply.is_none() && !leads {
        return Ok(());
    }
    let found = optional!(
        tx,
        (Option<Uuid>, Option<String>, String, Uuid, String),
        "SELECT contact_id, phone_number_id, source, COALESCE(part_of, id), stage FROM documents WHERE id = $1",
        document.0
    )?;
    let Some((Some(contact), number, source, first_of_file, stage)) = found else { return Ok(()) };
    let contact = ContactId(contact);
    if source != "whatsapp" {
        return Ok(());
    }
    let known = match reply {
        Some(reply) if reply.purpose == Purpose::InReview => knows(tx, first_of_file).await?,
        _ => false,
    };
    let reply = reply.filter(|_| !known);
    if let Some(number) = number.as_deref().filter(|_| leads && stage == "done") {
        return cases::at_rest(tx, document, first_of_file, (contact, number), reply).await;
    }
    let Some(reply) = reply else { return Ok(()) };
    let saying = Saying {
        document: Some(document),
        case: None,
        contact,
        phone_number_id: number.as_deref(),
        category: None,
    };
    queue(tx, saying, reply).await
}

/// About what a message is, and to whom.
#[derive(Clone, Copy)]
pub(crate) struct Saying<'a> {
    pub document: Option<DocumentId>,
    pub case: Option<CaseId>,
    pub contact: ContactId,
    pub phone_number_id: Option<&'a str>,
    /// What consent it needs; none for an answer.
    pub category: Option<&'a str>,
}

/// Queues one message and its task, unless the same was queued before.
pub(crate) async fn queue(tx: &mut Tx, saying: Saying<'_>, reply: &NewReply) -> Result<(), CatalogError> {
    queue_as(tx, saying, reply, &Shape::default()).await.map(drop)
}

/// Whether a contact was sent a message of this purpose since then.
pub(crate) async fn said_since(
    tx: &mut Tx,
    contact: ContactId,
    purpose: Purpose,
    since: OffsetDateTime,
) -> Result<bool, CatalogError> {
    let (said,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM outbox WHERE contact_id = $1 AND purpose = $2 AND created_at >= $3",
        contact.0,
        purpose.as_str(),
        micros(since)
    )?;
    Ok(said > 0)
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

/// Whether a worker has a message to this contact in hand.
async fn in_hand(tx: &mut Tx, contact: ContactId, present: OffsetDateTime) -> Result<bool, CatalogError> {
    let (held,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM outbox WHERE contact_id = $1 AND lease_until > $2 \
         AND state IN ('queued', 'sending', 'refused', 'unknown')",
        contact.0,
        micros(present)
    )?;
    Ok(held > 0)
}

/// When the first of what may not go yet may go.
async fn not_before(tx: &mut Tx, contact: ContactId) -> Result<NextReply, CatalogError> {
    let (first,) = one!(
        tx,
        (Option<i64>,),
        "SELECT MIN(not_before) FROM outbox WHERE contact_id = $1 AND state IN ('queued', 'refused')",
        contact.0
    )?;
    Ok(maybe_at(T, "not_before", first)?.map_or(NextReply::Empty, NextReply::NotBefore))
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
    /// Takes the first message that waits for a contact, for as long as `lease`: answers before what we say of
    /// ourselves, else in the order in which they were queued. One worker at a time has a contact in hand. A message
    /// whose worker died comes back here: as it was, or `sending` if it may have been sent.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn next_reply(
        &self,
        contact: ContactId,
        lease: std::time::Duration,
    ) -> Result<NextReply, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        // Touching the contact's row makes other workers on the same contact wait for this transaction.
        execute!(tx, "UPDATE contacts SET updated_at = $2 WHERE id = $1", contact.0, micros(present))?;
        if in_hand(&mut tx, contact, present).await? {
            return Ok(NextReply::Busy);
        }
        let text = format!(
            "SELECT {COLUMNS} FROM outbox WHERE contact_id = $1 AND (not_before IS NULL OR not_before <= $2) \
             AND (state IN ('queued', 'sending', 'refused') OR (state = 'unknown' AND next_attempt_at <= $2)) \
             ORDER BY priority, seq LIMIT 1"
        );
        let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), contact.0, micros(present))?;
        let Some(message) = row.map(OutboxMessage::try_from).transpose()? else {
            return not_before(&mut tx, contact).await;
        };
        if let Some(at) = message.next_attempt_at.filter(|at| *at > present) {
            return Ok(NextReply::NotBefore(at));
        }
        let until = present + Duration::try_from(lease).unwrap_or(Duration::MINUTE);
        execute!(tx, "UPDATE outbox SET lease_until = $2 WHERE id = $1", message.id.0, micros(until))?;
        tx.commit().await?;
        Ok(NextReply::Send(Box::new(message)))
    }

    /// How many messages were due then already and have not left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn messages_held_since(&self, since: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.reading().await?;
        let (count,) = one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM outbox WHERE state IN ('queued', 'refused') AND created_at < $1 \
             AND (not_before IS NULL OR not_before < $1)",
            micros(since)
        )?;
        number(T, "count", count)
    }

    /// The channel accepted it under this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_sent(&self, id: OutboxId, wamid: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        if settle(&mut tx, id, OutboxState::Sent, Some(wamid), None, None, None).await? {
            crate::dispatch::rate_restored(&mut tx, id).await?;
        }
        tx.commit().await
    }

    /// Nobody knows whether it left. A status that carries its id settles it; if none comes in [`UNKNOWN_LIFE`] it comes
    /// back as `unknown`, and a person is told. It is not sent again: whether twice is worse than never is theirs to say.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_unknown(&self, id: OutboxId, error: &str) -> Result<(), CatalogError> {
        let until = self.now().saturating_add(UNKNOWN_LIFE);
        self.settle(id, OutboxState::Unknown, None, Some(error), None, Some(until)).await
    }

    /// It did not leave; it goes back to the head of its line until `at`. `code` is the channel's, if it gave one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_later(
        &self,
        id: OutboxId,
        error: &str,
        code: Option<i64>,
        at: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        self.settle(id, OutboxState::Queued, None, Some(error), code, Some(at)).await
    }

    /// It was not tried. Back to the head of its line until `at`; no attempt was counted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_postponed(&self, id: OutboxId, at: OffsetDateTime) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let row = optional!(
            tx,
            (Uuid,),
            "UPDATE outbox SET next_attempt_at = $2, lease_until = NULL, updated_at = $3 \
             WHERE id = $1 AND state IN ('queued', 'refused') RETURNING contact_id",
            id.0,
            micros(at),
            micros(present)
        )?;
        let Some((contact,)) = row else { return Ok(()) };
        push_reply(&mut tx, ContactId(contact), Some(at)).await?;
        tx.commit().await
    }

    /// A contact's line goes on at this time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replies_go_on(&self, contact: ContactId, at: OffsetDateTime) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        push_reply(&mut tx, contact, Some(at)).await?;
        tx.commit().await
    }

    /// It will not be sent. In the same commit an incident of this kind tells a person of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_failed(&self, id: OutboxId, kind: &str, error: &str) -> Result<(), CatalogError> {
        self.end(id, OutboxState::Failed, kind, error).await
    }

    /// The 24-hour window has closed. In the same commit an incident tells a person of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_window_closed(&self, id: OutboxId) -> Result<(), CatalogError> {
        let why = "the 24-hour window has closed";
        self.end(id, OutboxState::WindowClosed, "message_window_closed", why).await
    }

    /// It is not to be sent any more, and nobody need be told: its time is over, or it is not wanted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reply_withdrawn(&self, id: OutboxId, why: &str) -> Result<(), CatalogError> {
        self.settle(id, OutboxState::Withdrawn, None, Some(why), None, None).await
    }

    async fn end(
        &self,
        id: OutboxId,
        state: OutboxState,
        kind: &str,
        error: &str,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        if settle(&mut tx, id, state, None, Some(error), None, None).await? {
            let detail = json!({ "error": cut(error, 500) });
            let present = tx.now();
            incidents::tell_of(&mut tx, id.0, kind, &detail, present).await?;
            cases::cannot_speak(&mut tx, id).await?;
        }
        tx.commit().await
    }

    async fn settle(
        &self,
        id: OutboxId,
        state: OutboxState,
        wamid: Option<&str>,
        error: Option<&str>,
        code: Option<i64>,
        again_at: Option<OffsetDateTime>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        settle(&mut tx, id, state, wamid, error, code, again_at).await?;
        tx.commit().await
    }

    /// Notes that a contact cannot be reached over the channel; their next message takes it back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn contact_unreachable(&self, id: ContactId, at: OffsetDateTime) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(tx, "UPDATE contacts SET unreachable_at = $2 WHERE id = $1", id.0, micros(at))?;
        tx.commit().await
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

    /// Tells a person of every message that was accepted and whose delivery nobody confirmed in [`SENT_LIFE`]; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_unconfirmed(&self, present: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let rows = all!(
            tx,
            (Uuid,),
            "UPDATE outbox SET state = 'failed', error = 'delivery not confirmed', updated_at = $2 \
             WHERE id IN (SELECT o.id FROM outbox o WHERE o.state = 'sent' AND o.sent_at <= $1 LIMIT 500) \
             RETURNING id",
            micros(present - SENT_LIFE),
            micros(present)
        )?;
        for (id,) in &rows {
            let detail = json!({ "error": "delivery not confirmed" });
            incidents::tell_of(&mut tx, *id, "message_not_confirmed", &detail, present).await?;
            notices::moved(&mut tx, OutboxId(*id)).await?;
        }
        tx.commit().await?;
        Ok(rows.len() as u64)
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

/// Moves a message that is not at its end; whether it was there. A status that came first keeps what it said.
async fn settle(
    tx: &mut Tx,
    id: OutboxId,
    state: OutboxState,
    wamid: Option<&str>,
    error: Option<&str>,
    code: Option<i64>,
    again_at: Option<OffsetDateTime>,
) -> Result<bool, CatalogError> {
    let error = error.map(|e| cut(e, 500));
    let present = tx.now();
    let row = optional!(
        tx,
        (Option<Uuid>, Uuid, String),
        "UPDATE outbox SET state = CASE WHEN $2 = 'sent' AND state = 'refused' THEN state ELSE $2 END, \
         wamid = COALESCE($3, wamid), error = $4, next_attempt_at = $5, \
         error_code = CASE WHEN $2 = 'sent' AND state <> 'refused' THEN NULL ELSE COALESCE($7, error_code) END, \
         sent_at = CASE WHEN $2 IN ('sent', 'unknown') THEN $6 ELSE sent_at END, lease_until = NULL, updated_at = $6 \
         WHERE id = $1 AND state IN ('queued', 'sending', 'unknown', 'refused') \
           AND NOT ($2 = 'sent' AND state = 'queued' AND COALESCE(wamid, '') = COALESCE($3, '-')) \
         RETURNING document_id, contact_id, purpose",
        id.0,
        state.as_str(),
        wamid.map(clean),
        error.as_deref(),
        again_at.map(micros),
        micros(present),
        code
    )?;
    let Some((document, contact, purpose)) = row else { return Ok(false) };
    let entry = timeline::Entry {
        document: document.map(DocumentId),
        contact: Some(ContactId(contact)),
        at: present,
        stage: None,
        event: match state {
            OutboxState::Sent | OutboxState::Delivered => "reply_sent",
            OutboxState::Unknown => "reply_unknown",
            OutboxState::Failed | OutboxState::Refused => "reply_failed",
            OutboxState::WindowClosed => "reply_window_closed",
            OutboxState::Withdrawn => "reply_withdrawn",
            OutboxState::Queued | OutboxState::Sending => "reply_later",
        },
        detail: json!({ "outbox_id": id, "purpose": purpose, "wamid": wamid, "error": error }),
    };
    timeline::write(tx, &[entry]).await?;
    if purpose == Purpose::Notice.as_str() {
        notices::moved(tx, id).await?;
    }
    if let Some(again) = again_at {
        push_reply(tx, ContactId(contact), Some(again)).await?;
    }
    Ok(true)
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
