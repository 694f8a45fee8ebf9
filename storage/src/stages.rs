//! A document's steps along its road. Each is one transaction: a guarded update (so that a task that runs twice
//! changes nothing the second time), a line on the timeline, an event, the next task, and the message to its sender.

mod facts;

use acuse_pipeline::reason::{Reason, ReasonCode};
pub use facts::{Fetched, ReadFacts};
use facts::{keep_facts, keep_original};
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    abstention,
    access::settle_at_rest,
    approvals,
    cases::{self, By},
    catalog::Catalog,
    documents::{self, Document},
    erasure::without_erased,
    error::CatalogError,
    events, fair, merges,
    names::{CustomerId, DocumentId, ReviewId, Stage, clean, cut, micros, to_json, word},
    outbox::{self, NewReply},
    parts::{Part, unwoken},
    quality,
    queue::{Push, Queue, push},
    reviews::due::due,
    sql::Tx,
    timeline,
};

/// What a task finds when it begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// The document is at this stage and due. Its `attempts` count this one.
    Go(Box<Document>),
    /// It is at this stage, but its next attempt is not due: another task will come. Nothing to do.
    NotDue,
    /// It has moved on (or does not exist): this task is stale. Nothing to do.
    Moved,
}

/// Whether a step was taken, or the document had already moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Taken and committed.
    Taken,
    /// The document was no longer at that stage; nothing changed.
    Stale,
}

/// Longest error text a row keeps, characters.
const ERROR_CHARS: usize = 500;

/// SQL that holds for the documents (under `d`) on their road. Each stage is named beside `<> 'done'`: so SQLite, whose
/// planner has no figures, goes by the index of these, and not through all documents by their order.
pub(crate) fn on_its_road() -> String {
    let stages: Vec<String> =
        Stage::ALL.iter().filter(|stage| **stage != Stage::Done).map(|stage| format!("'{stage}'")).collect();
    format!("d.stage <> 'done' AND d.stage IN ({})", stages.join(", "))
}

/// Moves a document from a stage it must be at; whether it was there.
pub(crate) async fn leave(
    tx: &mut Tx,
    id: DocumentId,
    from: Stage,
    status: &'static str,
    to: Stage,
) -> Result<bool, CatalogError> {
    leave_for(tx, id, from, (status, to, None)).await
}

/// The same, with the task of the stage it moves to, which the caller pushes.
async fn leave_for(
    tx: &mut Tx,
    id: DocumentId,
    from: Stage,
    (status, to, task): (&'static str, Stage, Option<&Push>),
) -> Result<bool, CatalogError> {
    let present = tx.now();
    let touched = execute!(
        tx,
        "UPDATE documents SET status = $3, stage = $4, attempts = 0, next_attempt_at = NULL, last_error = NULL, \
         task_id = $6, waits_for = NULL, version = version + 1, updated_at = $5 \
         WHERE id = $1 AND stage = $2 AND stage <> 'done'",
        id.0,
        from.as_str(),
        status,
        to.as_str(),
        micros(present),
        task.map(|task| task.task_id.as_str())
    )?;
    if touched == 1 && from == Stage::Read && tx.policies().is_some() {
        cases::password_used(tx, id).await?;
    }
    Ok(touched == 1)
}

/// Ends a document's road: its timeline, those who follow the events and its sender hear the same, in one commit.
/// `names` are those of the line on the timeline and of the event.
pub(crate) async fn rest(
    mut tx: Tx,
    id: DocumentId,
    from: Stage,
    names: (&'static str, &'static str),
    detail: serde_json::Value,
    reply: Option<&NewReply>,
) -> Result<Step, CatalogError> {
    timeline::note(&mut tx, id, from, names.0, detail.clone()).await?;
    events::tell(&mut tx, names.1, id, detail).await?;
    outbox::queue_reply(&mut tx, id, reply).await?;
    tx.commit().await?;
    Ok(Step::Taken)
}

/// Pushes the task of the stage a document is now at, and remembers which task that is.
pub(crate) async fn push_stage(
    tx: &mut Tx,
    id: DocumentId,
    stage: Stage,
    run_at: Option<OffsetDateTime>,
) -> Result<(), CatalogError> {
    let Some(queue) = Queue::of(stage) else { return Ok(()) };
    let task = waiting_task(tx, id, stage, run_at).await?;
    execute!(tx, "UPDATE documents SET task_id = $2 WHERE id = $1", id.0, task.task_id.as_str())?;
    push(tx, queue, vec![task]).await
}

/// A stage's task, in its place: behind others of its sender, and what is to be fetched by its deadline too.
pub(crate) async fn waiting_task(
    tx: &mut Tx,
    id: DocumentId,
    stage: Stage,
    run_at: Option<OffsetDateTime>,
) -> Result<Push, CatalogError> {
    placed(Push::document(id, run_at)?, &fair::place(tx, id, stage).await?, tx.now())
}

fn placed(task: Push, place: &fair::Place, present: OffsetDateTime) -> Result<Push, CatalogError> {
    let task = task.behind(place.ahead);
    Ok(match place.deadline {
        Some(deadline) => task.before(deadline, present),
        None => task,
    })
}

/// Until when a task is put off.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// Until then.
    At(OffsetDateTime),
    /// Until a part is back; the row says for which it waits.
    Back(Part),
}

/// Puts the task of a document off: of one that began, the count of the attempt is undone, for that never touched it; one
/// that did not begin must be due.
pub(crate) async fn put_off(
    mut tx: Tx,
    (id, stage): (DocumentId, Stage),
    (cause, until): (&str, Until),
    began: bool,
) -> Result<Step, CatalogError> {
    let Some(queue) = Queue::of(stage) else { return Ok(Step::Stale) };
    let (present, place) = (tx.now(), fair::place(&mut tx, id, stage).await?);
    let (next_attempt_at, part) = match until {
        Until::At(at) => (at, None),
        Until::Back(part) => (unwoken(id, place.deadline, present), Some(part)),
    };
    let task = placed(Push::document(id, Some(next_attempt_at))?, &place, present)?;
    let touched = execute!(
        tx,
        "UPDATE documents SET attempts = CASE WHEN $9 AND attempts > 0 THEN attempts - 1 ELSE attempts END, \
         next_attempt_at = $3, last_error = $4, updated_at = $5, task_id = $6, waits_part = $7, wake_place = $8 \
         WHERE id = $1 AND stage = $2 AND stage <> 'done' AND ($9 OR ((next_attempt_at IS NULL OR next_attempt_at <= $5) \
           AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.document_id = $1)))",
        id.0,
        stage.as_str(),
        micros(next_attempt_at),
        cut(cause, ERROR_CHARS),
        micros(present),
        task.task_id.as_str(),
        part.map(Part::as_str),
        part.map(|_| task.wake_place()),
        began
    )?;
    if touched != 1 {
        return Ok(Step::Stale);
    }
    push(&mut tx, queue, vec![task]).await?;
    tx.commit().await?;
    Ok(Step::Taken)
}

/// Opens a review in the caller's transaction; the document must already be `in_review`.
pub(crate) async fn open_review(
    tx: &mut Tx,
    id: DocumentId,
    stage: Stage,
    reasons: &[Reason],
) -> Result<ReviewId, CatalogError> {
    let review = ReviewId::generate();
    let left = without_erased(tx, reasons).await?;
    let reasons: &[Reason] = &left;
    let text = clean(&to_json("reasons", reasons)?);
    let waits =
        reasons.iter().any(|r| matches!(r.code, ReasonCode::UnknownCustomer | ReasonCode::AmbiguousCustomer));
    let present = tx.now();
    let (kind,) = one!(tx, (Option<String>,), "SELECT kind FROM documents WHERE id = $1", id.0)?;
    let kind = kind.map(|kind| word("documents", "kind", &kind)).transpose()?;
    execute!(
        tx,
        "INSERT INTO reviews (id, document_id, stage, reasons, opened_at, due_at) VALUES ($1, $2, $3, $4, $5, $6)",
        review.0,
        id.0,
        stage.as_str(),
        text.as_str(),
        micros(present),
        micros(due(reasons, kind, present))
    )?;
    // Whatever was said of it before, it is asked anew.
    execute!(tx, "DELETE FROM opinions WHERE document_id = $1", id.0)?;
    let codes: std::collections::BTreeSet<&str> = reasons.iter().map(|r| r.code.as_str()).collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    insert!(tx, "INSERT INTO review_reasons (review_id, code) VALUES ", 2, "", &codes[..], |q, code| q
        .bind(review.0)
        .bind(*code))?;
    execute!(
        tx,
        "UPDATE documents SET reasons = $2, awaits_customer = $3, waits_for = 'reviewer' WHERE id = $1",
        id.0,
        text.as_str(),
        waits
    )?;
    Ok(review)
}

fn codes(reasons: &[Reason]) -> Vec<&'static str> {
    reasons.iter().map(|r| r.code.as_str()).collect()
}

impl Catalog {
    /// A task begins on a document; not while the decision that put it there can still be taken back. Counts the attempt durably, so that a worker that dies mid-way is counted too.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn begin(&self, id: DocumentId, stage: Stage) -> Result<Begun, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let touched = execute!(
            tx,
            "UPDATE documents SET status = 'processing', attempts = attempts + 1, waits_part = NULL, \
             wake_place = NULL, updated_at = $3 \
             WHERE id = $1 AND stage = $2 AND stage <> 'done' AND (next_attempt_at IS NULL OR next_attempt_at <= $3) \
             AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.document_id = $1)",
            id.0,
            stage.as_str(),
            micros(present)
        )?;
        let found = documents::lookup(&mut tx, id).await?;
        match found {
            Some(document) if touched == 1 => {
                tx.commit().await?;
                Ok(Begun::Go(Box::new(document)))
            }
            Some(document) if document.stage == stage && stage != Stage::Done => Ok(Begun::NotDue),
            _ => Ok(Begun::Moved),
        }
    }

    /// The original is kept: on to `read`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fetched(&self, id: DocumentId, fetched: &Fetched) -> Result<Step, CatalogError> {
        let mut tx = self.writing().await?;
        let mut task = waiting_task(&mut tx, id, Stage::Read, None).await?;
        if !leave_for(&mut tx, id, Stage::Fetch, ("processing", Stage::Read, Some(&task))).await? {
            return Ok(Step::Stale);
        }
        keep_original(&mut tx, id, fetched).await?;
        let later = fair::read_after(&mut tx, id).await?;
        let mut detail =
            json!({ "size_bytes": fetched.original.size_bytes, "sha256": fetched.original.sha256 });
        if let Some(later) = later {
            detail["read_after"] = json!(later.format(&Rfc3339).unwrap_or_default());
        }
        timeline::note(&mut tx, id, Stage::Fetch, "fetched", detail).await?;
        task.run_at = later;
        push(&mut tx, Queue::Read, vec![task]).await?;
        tx.commit().await?;
        Ok(Step::Taken)
    }

    /// The document is read (or its refusal is known): on to `link`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(&self, id: DocumentId, facts: &ReadFacts) -> Result<Step, CatalogError> {
        let mut tx = self.writing().await?;
        let task = waiting_task(&mut tx, id, Stage::Link, None).await?;
        if !leave_for(&mut tx, id, Stage::Read, ("processing", Stage::Link, Some(&task))).await? {
            return Ok(Step::Stale);
        }
        if !keep_facts(&mut tx, &self.rule, id, facts).await? {
            return Ok(Step::Stale);
        }
        let mut detail = json!({
            "kind": facts.kind, "confidence": facts.confidence, "pages": facts.page_count,
            "findings": codes(&facts.findings), "duration_ms": facts.duration_ms,
        });
        if !facts.diagnostics.is_empty() {
            detail["diagnostics"] = json!(facts.diagnostics);
        }
        timeline::note(&mut tx, id, Stage::Read, "read", detail).await?;
        push(&mut tx, Queue::Link, vec![task]).await?;
        tx.commit().await?;
        Ok(Step::Taken)
    }

    /// The document is in the books. `reply` is what its sender is told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn filed(
        &self,
        id: DocumentId,
        from: Stage,
        customer: Option<CustomerId>,
        reply: Option<&NewReply>,
    ) -> Result<Step, CatalogError> {
        let mut tx = self.writing().await?;
        if !leave(&mut tx, id, from, "filed", Stage::Done).await? {
            return Ok(Step::Stale);
        }
        let customer = merges::maybe_written_of(&mut tx, customer).await?;
        mark_filed(&mut tx, id, customer).await?;
        settle_at_rest(&mut tx, &self.rule, id).await?;
        abstention::filed(&mut tx, id).await?;
        quality::draw(&mut tx, id).await?;
        rest(tx, id, from, ("filed", "document.filed"), json!({ "customer_id": customer }), reply).await
    }

    /// A person must decide. From any stage; `customer` when it is known already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn into_review(
        &self,
        id: DocumentId,
        from: Stage,
        reasons: &[Reason],
        customer: Option<CustomerId>,
        reply: Option<&NewReply>,
    ) -> Result<Step, CatalogError> {
        let mut tx = self.writing().await?;
        if !leave(&mut tx, id, from, "in_review", Stage::Done).await? {
            return Ok(Step::Stale);
        }
        let customer = merges::maybe_written_of(&mut tx, customer).await?;
        execute!(
            tx,
            "UPDATE documents SET customer_id = COALESCE($2, customer_id) WHERE id = $1",
            id.0,
            customer.map(|c| c.0)
        )?;
        let review = open_review(&mut tx, id, from, reasons).await?;
        settle_at_rest(&mut tx, &self.rule, id).await?;
        abstention::held(&mut tx, id, reasons).await?;
        let asked = cases::asked(&mut tx, id, By::Policy(reasons)).await?;
        if approvals::is_all(reasons)
            && let Some(document) = documents::lookup(&mut tx, id).await?
        {
            let worth = approvals::Worth::of(document.kind, &document.fields);
            approvals::holds_back(&mut tx, id, worth.as_ref()).await?;
        }
        // Asked for once more is said once more.
        let nonce = asked.filter(|times| *times > 0).map(|times| times.to_string()).unwrap_or_default();
        let reply = reply.map(|reply| NewReply { nonce, ..reply.clone() });
        let mut detail = json!({ "review_id": review, "reasons": codes(reasons) });
        if asked.is_some() {
            detail["waits_for"] = json!("sender");
        }
        rest(tx, id, from, ("in_review", "document.in_review"), detail, reply.as_ref()).await
    }

    /// The world failed, not the document: try this stage again at `next_attempt_at`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retry(
        &self,
        id: DocumentId,
        stage: Stage,
        cause: &str,
        next_attempt_at: OffsetDateTime,
    ) -> Result<Step, CatalogError> {
        let mut tx = self.writing().await?;
        let Some(queue) = Queue::of(stage) else { return Ok(Step::Stale) };
        let cause = cut(cause, ERROR_CHARS);
        let present = tx.now();
        let task = waiting_task(&mut tx, id, stage, Some(next_attempt_at)).await?;
        let touched = execute!(
            tx,
            "UPDATE documents SET next_attempt_at = $3, last_error = $4, version = version + 1, updated_at = $5, \
             task_id = $6 WHERE id = $1 AND stage = $2 AND stage <> 'done'",
            id.0,
            stage.as_str(),
            micros(next_attempt_at),
            cause.as_str(),
            micros(present),
            task.task_id.as_str()
        )?;
        if touched != 1 {
            return Ok(Step::Stale);
        }
        let detail = json!({ "cause": cause, "next_attempt_at": micros(next_attempt_at) / 1_000_000 });
        timeline::note(&mut tx, id, stage, "retry", detail).await?;
        push(&mut tx, queue, vec![task]).await?;
        tx.commit().await?;
        Ok(Step::Taken)
    }

    /// Undoes the count of an attempt that never touched the document (the whole channel is paused), and waits.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn postpone(
        &self,
        id: DocumentId,
        stage: Stage,
        cause: &str,
        next_attempt_at: OffsetDateTime,
    ) -> Result<Step, CatalogError> {
        put_off(self.writing().await?, (id, stage), (cause, Until::At(next_attempt_at)), true).await
    }

    /// It came before as `first`, in the same bytes or as the same bill: linked to it, kept, and told. `original` where
    /// this stage just kept it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn duplicate_of(
        &self,
        id: DocumentId,
        from: Stage,
        first: DocumentId,
        original: Option<&Fetched>,
        reply: Option<&NewReply>,
    ) -> Result<Step, CatalogError> {
        let mut tx = self.writing().await?;
        if !leave(&mut tx, id, from, "filed", Stage::Done).await? {
            return Ok(Step::Stale);
        }
        if let Some(fetched) = original {
            keep_original(&mut tx, id, fetched).await?;
        }
        execute!(
            tx,
            "UPDATE documents SET duplicate_of = $2, \
             customer_id = (SELECT f.customer_id FROM documents f WHERE f.id = $2) WHERE id = $1",
            id.0,
            first.0
        )?;
        timeline::note(&mut tx, first, Stage::Done, "sent_again", json!({ "document_id": id })).await?;
        let detail = json!({ "duplicate_of": first });
        rest(tx, id, from, ("duplicate", "document.duplicate"), detail, reply).await
    }
}

pub(crate) async fn mark_filed(
    tx: &mut Tx,
    id: DocumentId,
    customer: Option<CustomerId>,
) -> Result<(), CatalogError> {
    let present = tx.now();
    execute!(
        tx,
        "UPDATE documents SET customer_id = COALESCE($2, customer_id), filed_at = $3, reasons = '[]', \
         awaits_customer = FALSE WHERE id = $1",
        id.0,
        customer.map(|c| c.0),
        micros(present)
    )?;
    Ok(())
}
