//! Decisions that can be taken back: the decision commits at once, and what the world hears of it (the event, the
//! message, the parts of a split on their road) is inserted when the hold ends, never earlier with a time from which it
//! counts, so that nobody who follows the feed steps over it.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::Fields,
    reason::Reason,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    answered::{self, Answered, Told},
    drafts,
    resolve::write_fields,
};
use crate::{
    abstention, access, approvals, audit,
    cases::{self, By},
    catalog::Catalog,
    customers,
    documents::{self, Document, FieldFacts},
    error::CatalogError,
    events,
    names::{CustomerId, DocumentId, ReviewId, Stage, at, json, maybe_at, micros, number, to_json, word},
    outbox::{self, NewReply},
    periods, quality,
    queue::{Push, Queue, push},
    split::{Split, take_apart},
    sql::{Tx, again},
    stages::{open_review, push_stage},
    timeline, vendors,
};

/// A decision that can still be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Of which document.
    pub document_id: DocumentId,
    /// Until when.
    pub until: OffsetDateTime,
    /// What was decided: a word of [`super::Resolution`]; `answered` where somebody else is waited for before it is done.
    pub resolution: String,
    /// The decisions that were made together with it, and how many can be taken back.
    pub batch: Option<(Uuid, u64)>,
}

/// What became of taking a decision back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// The document stands as before the decision.
    Done(Status),
    /// Somebody else decided it.
    NotYours,
    /// There is nothing to take back (any more).
    TooLate,
}

/// What of a document a decision changes, as it was.
#[derive(Serialize, Deserialize)]
pub(super) struct Was {
    status: String,
    kind: Option<Kind>,
    fields: Fields,
    #[serde(default)]
    field_facts: FieldFacts,
    customer_id: Option<CustomerId>,
    filed_at: Option<i64>,
    reasons: Vec<Reason>,
    awaits_customer: bool,
    waits_for: Option<String>,
}

impl Was {
    pub(super) async fn of(tx: &mut Tx, document: &Document) -> Result<Self, CatalogError> {
        let (awaits_customer, waits_for) = one!(
            tx,
            (bool, Option<String>),
            "SELECT awaits_customer, waits_for FROM documents WHERE id = $1",
            document.id.0
        )?;
        Ok(Self {
            status: document.status.as_str().to_owned(),
            kind: document.kind,
            fields: document.fields.clone(),
            field_facts: document.field_facts.clone(),
            customer_id: document.customer_id,
            filed_at: document.filed_at.map(micros),
            reasons: document.reasons.clone(),
            awaits_customer,
            waits_for,
        })
    }
}

/// What the world hears of a decision.
#[derive(Serialize, Deserialize)]
pub(super) enum Outcome {
    /// It is in the books.
    Filed,
    /// What the books say was changed.
    Corrected,
    /// A person refused it.
    Rejected,
    /// Its sender was asked for another, for these reasons.
    AskedAgain(Vec<Reason>),
    /// It goes round again.
    Again,
    /// It is several documents.
    Split(Split),
    /// It is this one come again.
    Duplicate(DocumentId),
    /// It is not done: somebody else is waited for.
    Answered(Answered),
}

/// An outcome with its particulars and its message.
#[derive(Serialize, Deserialize)]
pub(super) struct Effects {
    pub outcome: Outcome,
    pub said: Map<String, Value>,
    pub reply: Option<NewReply>,
    /// Whether memory learns of it, once it is told.
    #[serde(default)]
    pub teaches: bool,
    /// Whether what would have been filed was wrong, where it says so.
    #[serde(default)]
    pub found: Option<bool>,
}

/// Lets the world hear of a decision, or whoever is waited for; the ids of a split's documents.
pub(super) async fn settle(
    tx: &mut Tx,
    document: DocumentId,
    effects: Effects,
) -> Result<Vec<DocumentId>, CatalogError> {
    let (answered, told) = match effects {
        Effects { outcome: Outcome::Answered(answered), said, reply, teaches, found } => {
            (answered, Told { said, reply, teaches, found })
        }
        effects => return tell(tx, document, effects).await,
    };
    let next = answered.next;
    match answered::told(tx, document, answered, told).await? {
        Some(effects) => tell(tx, document, effects).await,
        None => {
            // An approver's row carries what the person said, of which nobody hears yet.
            if next != answered::Next::Approver {
                events::tell_reassigned(tx, &[document]).await?;
            }
            Ok(Vec::new())
        }
    }
}

async fn tell(tx: &mut Tx, document: DocumentId, effects: Effects) -> Result<Vec<DocumentId>, CatalogError> {
    if !matches!(effects.outcome, Outcome::AskedAgain(_)) {
        cases::decided(tx, document).await?;
    }
    match effects.outcome {
        Outcome::Filed | Outcome::Corrected if effects.teaches => vendors::learn(tx, document).await?,
        _ => vendors::forget(tx, document).await?,
    }
    match effects.found {
        Some(wrong) if effects.teaches => abstention::found(tx, document, wrong).await?,
        // Whoever put it right, it was filed wrong.
        Some(true) => quality::found(tx, document, true).await?,
        _ => {}
    }
    let kind = match effects.outcome {
        Outcome::Split(split) => {
            return take_apart(tx, document, &split, Stage::Done, effects.said).await;
        }
        // Of what is not done nobody hears.
        Outcome::Answered(_) => return Ok(Vec::new()),
        Outcome::Filed => "document.filed",
        Outcome::Corrected => "document.corrected",
        Outcome::Rejected => "document.rejected",
        Outcome::Duplicate(first) => {
            let again = json!({ "document_id": document });
            timeline::note(tx, first, Stage::Done, "sent_again", again).await?;
            "document.duplicate"
        }
        Outcome::AskedAgain(reasons) => {
            // A new review, so that it can be asked again or decided; until then the sender is awaited.
            open_review(tx, document, Stage::Link, &reasons).await?;
            let sql = "UPDATE documents SET waits_for = 'sender' WHERE id = $1 AND status = 'in_review'";
            execute!(tx, sql, document.0)?;
            cases::asked(tx, document, By::Person).await?;
            "document.asked_again"
        }
        Outcome::Again => {
            let found =
                documents::lookup(tx, document).await?.ok_or(CatalogError::Missing { what: "document" })?;
            push_stage(tx, document, found.stage, None).await?;
            "document.processing"
        }
    };
    events::tell(tx, kind, document, Value::Object(effects.said)).await?;
    outbox::queue_reply(tx, document, effects.reply.as_ref()).await?;
    Ok(Vec::new())
}

/// Keeps a decision's effects until the hold ends.
pub(super) async fn hold(
    tx: &mut Tx,
    review: ReviewId,
    by: (&str, OffsetDateTime),
    was: &Was,
    (document, version): (DocumentId, i64),
    effects: &Effects,
) -> Result<(), CatalogError> {
    let (who, until) = by;
    let task = Push::document(document, Some(until))?;
    execute!(
        tx,
        "INSERT INTO holds (document_id, review_id, decided_by, held_until, document_version, was, effects, task_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        document.0,
        review.0,
        who,
        micros(until),
        version,
        to_json("was", was)?,
        to_json("effects", effects)?,
        task.task_id.as_str()
    )?;
    push(tx, Queue::Hold, vec![task]).await
}

/// Before a document is decided anew: the decision of the same person is told first, the new one being another; of what
/// somebody else can still take back, seconds until they cannot.
pub(super) async fn end_own(
    tx: &mut Tx,
    document: DocumentId,
    who: &str,
) -> Result<Option<u64>, CatalogError> {
    cases::hold_document(tx, document).await?;
    let present = tx.now();
    let others = optional!(
        tx,
        (i64,),
        "SELECT held_until FROM holds WHERE document_id = $1 AND decided_by <> $2 AND held_until > $3",
        document.0,
        who,
        micros(present)
    )?;
    let Some((until,)) = others else { return end(tx, document, None).await.map(|_| None) };
    let left = at("holds", "held_until", until)? - present;
    Ok(Some(u64::try_from(left.whole_seconds()).unwrap_or_default().saturating_add(1)))
}

/// Ends the hold on a document, if there is one that was due at `due`.
async fn end(tx: &mut Tx, document: DocumentId, due: Option<OffsetDateTime>) -> Result<bool, CatalogError> {
    cases::hold_document(tx, document).await?;
    let row = optional!(
        tx,
        (String, String, i64, Uuid),
        "DELETE FROM holds WHERE document_id = $1 AND ($2 IS NULL OR held_until <= $2) \
         RETURNING effects, decided_by, document_version, review_id",
        document.0,
        due.map(micros)
    )?;
    let Some((effects, who, version, review)) = row else { return Ok(false) };
    // Before its review waits again, which is then decided no more.
    drafts::discard_decided(tx, document, &who, (version, review)).await?;
    settle(tx, document, json("holds", "effects", &effects)?).await?;
    approvals::answered_in_vain(tx, document).await?;
    Ok(true)
}

impl Catalog {
    /// The time to take a decision back is over: its event and its message are written, once, whoever asks and however
    /// often. Whether this call did it.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn end_hold(&self, document: DocumentId) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let ended = end(&mut tx, document, Some(present)).await?;
        if !ended {
            let early =
                optional!(tx, (i64,), "SELECT held_until FROM holds WHERE document_id = $1", document.0)?;
            // This machine's clock is behind that of the one that decided.
            if let Some((until,)) = early {
                push_hold(&mut tx, document, at("holds", "held_until", until)?).await?;
            }
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// The decision of a person that they made last, of those that can still be taken back; one before it may be so for longer.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn held_by(&self, who: &str) -> Result<Option<Held>, CatalogError> {
        let mut tx = self.reading().await?;
        let present = tx.now();
        let row = optional!(
            tx,
            (Uuid, i64, String, Option<Uuid>, i64),
            "SELECT h.document_id, h.held_until, \
             CASE WHEN d.status = 'in_review' AND r.resolution <> 'asked_again' THEN 'answered' ELSE r.resolution END, \
             h.batch, (SELECT COUNT(*) FROM holds o WHERE o.batch = h.batch AND o.held_until > $2) \
             FROM holds h JOIN reviews r ON r.id = h.review_id JOIN documents d ON d.id = h.document_id \
             WHERE h.decided_by = $1 AND h.held_until > $2 ORDER BY r.resolved_at DESC, r.id DESC LIMIT 1",
            who,
            micros(present)
        )?;
        row.map(|(document, until, resolution, batch, together)| {
            Ok(Held {
                document_id: DocumentId(document),
                until: at("holds", "held_until", until)?,
                resolution,
                batch: match batch {
                    Some(batch) => Some((batch, number("holds", "batch", together)?)),
                    None => None,
                },
            })
        })
        .transpose()
    }

    /// Until when a document's last decision can be taken back; exports, obligations and approvals wait for it.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn held_until(&self, document: DocumentId) -> Result<Option<OffsetDateTime>, CatalogError> {
        let mut tx = self.reading().await?;
        let row = optional!(tx, (i64,), "SELECT held_until FROM holds WHERE document_id = $1", document.0)?;
        maybe_at("holds", "held_until", row.map(|(until,)| until))
    }

    /// Takes a decision back: only by whoever decided, only within the hold. The document stands as before, as a new
    /// version, and waits in front of the same person.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn undo_decision(
        &self,
        document: DocumentId,
        who: &str,
        lease: std::time::Duration,
    ) -> Result<Undone, CatalogError> {
        again(|| self.try_undo(document, who, lease)).await
    }

    async fn try_undo(
        &self,
        document: DocumentId,
        who: &str,
        lease: std::time::Duration,
    ) -> Result<Undone, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        cases::hold_document(&mut tx, document).await?;
        let row = optional!(
            tx,
            (Uuid, String),
            "DELETE FROM holds WHERE document_id = $1 AND decided_by = $2 AND held_until > $3 RETURNING review_id, was",
            document.0,
            who,
            micros(present)
        )?;
        let Some((review, was)) = row else {
            let other =
                optional!(tx, (String,), "SELECT decided_by FROM holds WHERE document_id = $1", document.0)?;
            return Ok(if other.is_some_and(|(by,)| by != who) { Undone::NotYours } else { Undone::TooLate });
        };
        let was: Was = json("holds", "was", &was)?;
        let status: Status = word("holds", "was", &was.status)?;
        restore(&mut tx, document, &was).await?;
        execute!(tx, "DELETE FROM opinions WHERE document_id = $1 AND person = $2", document.0, who)?;
        // What the decision said of it is taken back too: the rule speaks again.
        execute!(tx, "UPDATE documents SET sensitivity_by = NULL WHERE id = $1", document.0)?;
        access::settle(&mut tx, &self.rule, document).await?;
        if status == Status::InReview {
            wait_again(&mut tx, review, who, present + time::Duration::try_from(lease).unwrap_or_default())
                .await?;
        } else {
            // It stands as it was drawn.
            quality::found(&mut tx, document, false).await?;
        }
        execute!(tx, "UPDATE reviews SET resolution = 'undone' WHERE id = $1", review)?;
        let detail = json!({ "review_id": review, "by": who });
        audit::write(&mut tx, who, "undone", Some(document), &detail).await?;
        timeline::note(&mut tx, document, Stage::Done, "undone", detail).await?;
        approvals::answered_in_vain(&mut tx, document).await?;
        // The decision nobody heard of; that it became somebody else's meanwhile is so all the same.
        events::tell_reassigned(&mut tx, &[document]).await?;
        // A month that was closed meanwhile is without it: back in the books, it has come late.
        periods::adjust(&mut tx, document, "document.undone").await?;
        tx.commit().await?;
        Ok(Undone::Done(status))
    }
}

/// Puts a document back as it was. Whoever would decide it anew waits for the hold; what else may have happened to it
/// meanwhile (its customer became part of another, an approver said no) takes no decision back from who made it.
async fn restore(tx: &mut Tx, document: DocumentId, was: &Was) -> Result<(), CatalogError> {
    let present = tx.now();
    // One that was merged meanwhile is the one it is part of now.
    let customer = match was.customer_id {
        Some(id) => customers::lookup(tx, id).await?.map(|customer| customer.id),
        None => None,
    };
    execute!(
        tx,
        "UPDATE documents SET status = $2, stage = 'done', duplicate_of = NULL, kind = $3, customer_id = $4, filed_at = $5, reasons = $6, \
         awaits_customer = $7, waits_for = $8, version = version + 1, updated_at = $9 WHERE id = $1",
        document.0,
        was.status.as_str(),
        was.kind.map(Kind::as_str),
        customer.map(|c| c.0),
        was.filed_at,
        to_json("reasons", &was.reasons)?,
        was.awaits_customer,
        was.waits_for.as_deref(),
        micros(present)
    )?;
    let found = documents::lookup(tx, document).await?.ok_or(CatalogError::Missing { what: "document" })?;
    write_fields(tx, &found, was.kind, (&was.fields, &was.field_facts)).await
}

/// Another review in the place of one that was decided, for the same person.
async fn wait_again(tx: &mut Tx, review: Uuid, who: &str, until: OffsetDateTime) -> Result<(), CatalogError> {
    let new = ReviewId::generate();
    execute!(
        tx,
        "INSERT INTO reviews (id, document_id, stage, reasons, opened_at, due_at, claimed_by, claim_expires_at, fence) \
         SELECT $2, document_id, stage, reasons, opened_at, due_at, $3, $4, fence + 1 FROM reviews WHERE id = $1",
        review,
        new.0,
        who,
        micros(until)
    )?;
    execute!(
        tx,
        "INSERT INTO review_reasons (review_id, code) SELECT $2, code FROM review_reasons WHERE review_id = $1",
        review,
        new.0
    )
    .map(drop)
}

/// Pushes the task of a hold and remembers which it is.
pub(crate) async fn push_hold(
    tx: &mut Tx,
    document: DocumentId,
    until: OffsetDateTime,
) -> Result<(), CatalogError> {
    let task = Push::document(document, Some(until))?;
    execute!(tx, "UPDATE holds SET task_id = $2 WHERE document_id = $1", document.0, task.task_id.as_str())?;
    push(tx, Queue::Hold, vec![task]).await
}
