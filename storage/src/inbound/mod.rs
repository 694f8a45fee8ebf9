//! The door: webhook deliveries become rows, many in one commit.
//!
//! [`Intake::record`] answers only after the commit. A single task gathers what waits at that moment (it never waits
//! for more), writes it with a few set-based statements in one transaction, and answers everyone. One `fsync` so
//! carries a whole batch: under load the disk's commit rate is not the limit, and when idle a delivery waits for
//! nobody. If a batch fails, each delivery is tried alone, and then each of its items alone, so that what cannot be
//! stored harms only itself; its raw delivery is kept either way.

mod batch;
mod identity;
mod secrets;
mod statuses;

use std::time::Duration;

use acuse_conversation::wording::Telling;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use crate::{
    catalog::Catalog,
    documents::DeclaredFile,
    error::{CatalogError, Chain},
    fair::Quota,
    names::{AliasKind, DocumentId, words},
};

words! {
    /// How much of a delivery was understood.
    Outcome, "delivery outcome" {
        /// All of it.
        Understood = "understood",
        /// Some items; the rest only in the raw body.
        Partly = "partly",
        /// Nothing but the raw body.
        NotUnderstood = "not_understood",
    }
}

/// One webhook, its signature already verified.
#[derive(Debug, Clone)]
pub struct InboundDelivery {
    /// The raw bytes.
    pub body: Vec<u8>,
    /// Which secret matched: `current` or `previous`.
    pub signed_with: String,
    /// Which token goes with that secret: a number that is named for the first time uses it.
    pub token_ref: String,
    /// When its first byte came.
    pub received_at: OffsetDateTime,
    /// What it says, in order.
    pub items: Vec<InboundItem>,
    /// How much of it was understood.
    pub outcome: Outcome,
}

/// One thing that a delivery says.
#[derive(Debug, Clone)]
pub enum InboundItem {
    /// Someone sent a message.
    Message(InboundMessage),
    /// Our own message, sent from another device: kept, but no document and no open window.
    Echo(InboundMessage),
    /// A message of ours got on.
    Status(InboundStatus),
    /// Someone goes by another name now.
    AliasChange {
        /// The name that is no longer theirs.
        old: (AliasKind, String),
        /// The new one.
        new: (AliasKind, String),
        /// When.
        at: OffsetDateTime,
    },
    /// Somebody turned WhatsApp's own switch for marketing.
    Preference {
        /// Who.
        identity: Identity,
        /// For which of our numbers.
        phone_number_id: String,
        /// Whether they want no more.
        stop: bool,
        /// When.
        at: OffsetDateTime,
    },
    /// A template, account or other event: kept raw; an incident when it is trouble or nobody knows what it is.
    Event {
        /// The webhook field.
        field: String,
        /// What it says, in a few words, for the operator.
        detail: String,
        /// Whether Acuse knows the field.
        known: bool,
        /// Whether somebody must look: what could be done before can be done no more.
        is_trouble: bool,
        /// What of ours is to be asked for anew.
        changed: Changed,
    },
    /// The channel reports an error beside the messages.
    ValueError {
        /// Its code.
        code: i64,
        /// What it says.
        message: String,
    },
}

/// What an event says has changed at the channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// Nothing that is kept here.
    #[default]
    Nothing,
    /// The templates of this account.
    Templates(String),
    /// The account, or one of its numbers.
    Account,
}

/// By which names a sender goes. Any may be absent, all may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// WhatsApp id (a phone number without `+`), verbatim.
    pub wa_id: Option<String>,
    /// Business-scoped user id.
    pub bsuid: Option<String>,
    /// Parent business-scoped user id.
    pub parent_bsuid: Option<String>,
    /// Profile name.
    pub name: Option<String>,
    /// Meta's hash of the key by which their telephone is known.
    pub identity_key_hash: Option<String>,
    /// ISO 639-1, where known.
    pub language: Option<String>,
}

/// A message.
#[derive(Debug, Clone)]
pub struct InboundMessage {
    /// Who sent it (for an echo: to whom).
    pub identity: Identity,
    /// Our number's id.
    pub phone_number_id: String,
    /// The business account of the number, where the channel says so.
    pub waba_id: Option<String>,
    /// The channel's id of it, unique per number.
    pub wamid: String,
    /// `text`, `image`, `document`, `reaction`, …
    pub kind: String,
    /// By the channel's clock.
    pub sent_at: OffsetDateTime,
    /// Text worth showing on the timeline.
    pub body: Option<String>,
    /// The wamid it answers or reacts to.
    pub reply_to: Option<String>,
    /// The payload of the choice that was tapped.
    pub tap: Option<String>,
    /// What makes it a document.
    pub media: Option<InboundMedia>,
    /// What is answered at once, in their language and at most once an hour: that its content is withheld from us, or that
    /// it is nothing that can be read.
    pub answer: Option<Telling<'static>>,
    /// The message as it came, JSON.
    pub raw: String,
}

/// The media of a message: always a document, also when it cannot be had.
#[derive(Debug, Clone, Default)]
pub struct InboundMedia {
    /// The channel's id of it. None when the channel reports an error instead: the `fetch` stage then finds nothing to
    /// fetch and opens a review.
    pub media_id: Option<String>,
    /// What is claimed of it.
    pub declared: DeclaredFile,
    /// The channel's error, in words.
    pub error: Option<String>,
    /// What is said, at most once an hour, to a sender who sends more than the quota.
    pub over_quota: Option<Telling<'static>>,
}

/// A status of a message of ours.
#[derive(Debug, Clone)]
pub struct InboundStatus {
    /// Which message.
    pub wamid: String,
    /// `sent`, `delivered`, `read`, `played`, `failed`, …
    pub status: String,
    /// To whom.
    pub recipient: String,
    /// By the channel's clock.
    pub at: OffsetDateTime,
    /// Our callback data: an outbox id.
    pub callback: Option<String>,
    /// Error code of a failure.
    pub error_code: Option<i64>,
    /// Its words.
    pub error: Option<String>,
    /// As it came, JSON.
    pub raw: String,
}

/// What a committed delivery brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Documents that did not exist before.
    pub new_documents: Vec<DocumentId>,
    /// Messages that did not exist before.
    pub new_messages: u32,
    /// Messages and statuses that were known already.
    pub duplicates: u32,
    /// Items that could not be stored; their raw delivery is.
    pub refused_items: u32,
}

/// A delivery that is not committed. The caller answers 503, and the channel sends it again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IntakeError {
    /// More deliveries wait than the door can hold.
    #[error("the intake is full")]
    Full,
    /// No commit within the time a webhook may take. It may still commit; a redelivery then changes nothing.
    #[error("no commit in time")]
    TimedOut,
    /// The catalog could not commit.
    #[error("the catalog did not commit: {0}")]
    NotCommitted(String),
    /// The writer is gone.
    #[error("the intake has stopped")]
    Stopped,
}

/// Deliveries that may wait at the door.
const WAITING: usize = 4_096;
/// Most deliveries in one commit.
const BATCH: usize = 256;
/// Most items in one commit.
const ITEMS: usize = 1_024;
/// Longest wait for room at the door.
const ROOM: Duration = Duration::from_secs(2);
/// Longest wait for the commit. Meta's own time-out is unpublished; observers say 3 to 20 seconds.
const COMMIT: Duration = Duration::from_secs(10);
/// Times that a batch is tried when it meets another process's transaction.
const CONTENTION_TRIES: u32 = 4;

struct Waiting {
    delivery: InboundDelivery,
    answer: oneshot::Sender<Result<Recorded, IntakeError>>,
}

/// The door. Cheap to clone; the writer ends when the last clone is dropped, after writing what waits.
#[derive(Debug, Clone)]
pub struct Intake {
    door: mpsc::Sender<Waiting>,
}

impl Intake {
    /// Starts the writer on the current runtime; senders may send as much as they like.
    #[must_use]
    pub fn spawn(catalog: Catalog) -> Self {
        Self::spawn_with(catalog, Quota::NONE)
    }

    /// Starts the writer with a quota for each sender.
    #[must_use]
    pub fn spawn_with(catalog: Catalog, quota: Quota) -> Self {
        let (door, waiting) = mpsc::channel(WAITING);
        tokio::spawn(write(Writer { catalog, quota }, waiting));
        Self { door }
    }

    /// Commits a delivery.
    ///
    /// # Errors
    /// When it is not known to be committed; nothing of it may be acknowledged then.
    pub async fn record(&self, delivery: InboundDelivery) -> Result<Recorded, IntakeError> {
        let (answer, answered) = oneshot::channel();
        match self.door.send_timeout(Waiting { delivery, answer }, ROOM).await {
            Ok(()) => {}
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => return Err(IntakeError::Full),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => return Err(IntakeError::Stopped),
        }
        match tokio::time::timeout(COMMIT, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(IntakeError::Stopped),
            Err(_) => Err(IntakeError::TimedOut),
        }
    }
}

/// What the writer writes with.
struct Writer {
    catalog: Catalog,
    quota: Quota,
}

async fn write(writer: Writer, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let (deliveries, answers): (Vec<_>, Vec<_>) = batch.drain(..).map(|w| (w.delivery, w.answer)).unzip();
        let mut answers = answers.into_iter();
        for run in runs(&deliveries) {
            for result in record_all(&writer, run).await {
                // A caller that has given up hears nothing; the rows stand.
                let _ = answers.next().map(|answer| answer.send(result));
            }
        }
    }
}

/// Cuts deliveries into runs of at most [`ITEMS`] items (one delivery may have more by itself).
fn runs(deliveries: &[InboundDelivery]) -> impl Iterator<Item = &[InboundDelivery]> {
    let mut rest = deliveries;
    std::iter::from_fn(move || {
        let mut items = 0;
        let fit = rest.iter().take_while(|d| {
            items += d.items.len();
            items <= ITEMS
        });
        let length = fit.count().max(1).min(rest.len());
        let (run, tail) = rest.split_at(length);
        rest = tail;
        (!run.is_empty()).then_some(run)
    })
}

/// One result for each delivery.
async fn record_all(writer: &Writer, deliveries: &[InboundDelivery]) -> Vec<Result<Recorded, IntakeError>> {
    let error = match together(writer, deliveries).await {
        Ok(recorded) => return recorded.into_iter().map(Ok).collect(),
        Err(error) => error,
    };
    if error.is_unavailable() || error.is_contention() {
        tracing::error!(error = %Chain(&error), deliveries = deliveries.len(), "catalog out of reach");
        let refused = IntakeError::NotCommitted(error.to_string());
        return deliveries.iter().map(|_| Err(refused.clone())).collect();
    }
    tracing::warn!(error = %Chain(&error), deliveries = deliveries.len(), "batch refused; trying one by one");
    let mut results = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        results.push(alone(writer, delivery).await);
    }
    results
}

async fn together(writer: &Writer, deliveries: &[InboundDelivery]) -> Result<Vec<Recorded>, CatalogError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let error = match attempt(writer, deliveries).await {
            Ok(recorded) => return Ok(recorded),
            Err(error) => error,
        };
        if tries == CONTENTION_TRIES || !error.is_contention() {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(5 << tries)).await;
    }
}

async fn attempt(writer: &Writer, deliveries: &[InboundDelivery]) -> Result<Vec<Recorded>, CatalogError> {
    let mut tx = writer.catalog.writing().await?;
    let kept = secrets::taken_out(&writer.catalog, &mut tx, deliveries).await?;
    let recorded = batch::record(&mut tx, writer.quota, kept.as_deref().unwrap_or(deliveries)).await?;
    tx.commit().await?;
    Ok(recorded)
}

async fn alone(writer: &Writer, delivery: &InboundDelivery) -> Result<Recorded, IntakeError> {
    let refused = match together(writer, std::slice::from_ref(delivery)).await {
        Ok(mut recorded) => return recorded.pop().ok_or(IntakeError::Stopped),
        Err(error) => error,
    };
    tracing::warn!(error = %Chain(&refused), "delivery refused; trying item by item");
    let by_item = async {
        let mut tx = writer.catalog.writing().await?;
        let kept = secrets::taken_out(&writer.catalog, &mut tx, std::slice::from_ref(delivery)).await?;
        let delivery = kept.as_ref().and_then(|kept| kept.first()).unwrap_or(delivery);
        let recorded = batch::record_by_item(&mut tx, writer.quota, delivery).await?;
        tx.commit().await?;
        Ok::<_, CatalogError>(recorded)
    };
    by_item.await.map_err(|error| {
        tracing::error!(error = %Chain(&error), "delivery not committed");
        IntakeError::NotCommitted(error.to_string())
    })
}
