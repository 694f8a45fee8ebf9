//! How a review ends: one transaction for the decision and all that follows from it.

mod decision;

use acuse_pipeline::{
    document::{Kind, Status},
    fields::Fields,
    reason::{Reason, ReasonCode},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub use decision::{Deciding, Decision, Overridden, Resolved};

use super::{
    Resolution,
    approval::waits_for_approval,
    four_eyes::{self, Said},
    hold::{self, Effects, Outcome, Was},
    lookup,
};
use crate::{
    abstention,
    access::{Access, decided},
    audit, cases,
    catalog::Catalog,
    documents::{self, Document, Extracted, FieldFacts, as_corrected, keep_words},
    entities,
    error::CatalogError,
    merges,
    names::{CustomerId, DocumentId, ReviewId, Stage, clean_maybe, json as parsed, micros, to_json},
    outbox::NewReply,
    sql::{Tx, again},
    stages::mark_filed,
    timeline,
};

impl Catalog {
    /// Decides a review for good, as somebody who sees IDs: see [`Catalog::decide_review`].
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn resolve_review(
        &self,
        id: ReviewId,
        who: &str,
        seen_version: Option<i64>,
        decision: &Decision,
        reply: Option<&NewReply>,
    ) -> Result<Resolved, CatalogError> {
        self.decide_review(
            id,
            &Deciding { who, seen_version, sees_ids: true, ..Deciding::default() },
            decision,
            reply,
        )
        .await
    }

    /// Decides a review. Nobody else may hold it, and with `seen_version` the document must be as the reviewer saw
    /// it. Files, rejects or splits the document, writes timeline and audit, and lets the world hear of it: at once, or
    /// when the hold ends. Nothing is said of a split, since each part tells its own result in time.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn decide_review(
        &self,
        id: ReviewId,
        by: &Deciding<'_>,
        decision: &Decision,
        reply: Option<&NewReply>,
    ) -> Result<Resolved, CatalogError> {
        again(|| self.try_decide(id, by, decision, reply)).await
    }

    async fn try_decide(
        &self,
        id: ReviewId,
        by: &Deciding<'_>,
        decision: &Decision,
        reply: Option<&NewReply>,
    ) -> Result<Resolved, CatalogError> {
        let mut tx = self.writing().await?;
        let document = match close(&mut tx, id, by, closing(decision, by)).await? {
            Ok(document) => document,
            Err(why) => return Ok(why),
        };
        let document =
            documents::lookup(&mut tx, document).await?.ok_or(CatalogError::Missing { what: "document" })?;
        if document.status != Status::InReview || by.seen_version.is_some_and(|v| v != document.version) {
            return Ok(Resolved::Changed(document.version));
        }
        if Access::new(by.sees_ids).withholds(document.sensitivity) {
            return Ok(Resolved::Withheld);
        }
        match four_eyes::said(&mut tx, id, &document, by, decision).await? {
            Said::Enough if waits_for_approval(&mut tx, (id, &document), by, decision, reply).await? => {
                tx.commit().await?;
                Ok(Resolved::ApproverIsAsked)
            }
            Said::Enough => {
                // What was asked about it as it was may have ended just now.
                let known = documents::lookup(&mut tx, document.id).await?;
                let version = known.map_or(document.version, |known| known.version);
                carry_out(tx, id, Document { version, ..document }, by, decision, reply).await
            }
            Said::Own => Ok(Resolved::NotTheirOwnSecond),
            Said::Nobodys => Ok(Resolved::NoPerson),
            Said::NotEnough => {
                tx.commit().await?;
                Ok(Resolved::AnotherIsAsked)
            }
        }
    }
}

impl Catalog {
    /// Lets every document go round again that waits in front of a reviewer for this reason first, that nobody holds,
    /// and that this caller may decide on; how many.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn retry_all(
        &self,
        access: &Access,
        reason: ReasonCode,
        who: &str,
    ) -> Result<u64, CatalogError> {
        let rows = {
            let mut tx = self.reading().await?;
            let present = tx.now();
            let text = format!(
                "SELECT r.id, r.reasons FROM reviews r JOIN documents d ON d.id = r.document_id \
                 WHERE r.resolved_at IS NULL AND d.status = 'in_review' AND d.waits_for = 'reviewer' \
                 AND (r.claimed_by IS NULL OR r.claim_expires_at <= $1) AND {} AND {} ORDER BY r.id LIMIT 10000",
                access.reach(&tx, "d"),
                access.told("d")
            );
            all!(tx, (Uuid, String), sqlx::AssertSqlSafe(text.clone()), micros(present))?
        };
        let mut done = 0;
        for (id, reasons) in rows {
            let reasons: Vec<Reason> = parsed("reviews", "reasons", &reasons)?;
            if reasons.first().is_some_and(|first| first.code == reason) {
                let decision = Decision::Retry { note: None };
                let resolved = self.resolve_review(ReviewId(id), who, None, &decision, None).await?;
                done += u64::from(matches!(resolved, Resolved::Done(_)));
            }
        }
        Ok(done)
    }
}

/// Closes a review in the name of who decides, which nobody else may hold; of which document it is, or why not. The
/// document and its sender are held before.
pub(super) async fn close(
    tx: &mut Tx,
    id: ReviewId,
    by: &Deciding<'_>,
    (resolution, note): (Resolution, Option<&str>),
) -> Result<Result<DocumentId, Resolved>, CatalogError> {
    let about = optional!(tx, (Uuid,), "SELECT document_id FROM reviews WHERE id = $1", id.0)?;
    let Some((document,)) = about else { return Ok(Err(Resolved::Missing)) };
    // Before its review, as whoever answers for its sender takes them.
    cases::hold_document(tx, DocumentId(document)).await?;
    let present = micros(tx.now());
    let row = optional!(
        tx,
        (Uuid,),
        "UPDATE reviews SET resolved_at = $3, resolved_by = $2, resolution = $4, note = $5 \
         WHERE id = $1 AND resolved_at IS NULL AND ($6 IS NULL OR fence = $6) \
           AND (claimed_by IS NULL OR claimed_by = $2 OR claim_expires_at <= $3) RETURNING document_id",
        id.0,
        by.who,
        present,
        resolution.as_str(),
        clean_maybe(note),
        by.fence
    )?;
    if let Some((document,)) = row {
        return Ok(Ok(DocumentId(document)));
    }
    Ok(Err(match lookup(tx, id).await? {
        None => Resolved::Missing,
        Some(review) if review.resolved_at.is_some() => Resolved::AlreadyResolved,
        Some(review) => match review.claimed_by {
            Some(other) if other != by.who => Resolved::HeldBy(other),
            _ => Resolved::LeaseLost,
        },
    }))
}

/// How a decision closes its review, and with which words.
pub(super) fn closing<'a>(decision: &'a Decision, by: &'a Deciding<'_>) -> (Resolution, Option<&'a str>) {
    let beside = by.note.as_deref();
    match decision {
        Decision::Approve { .. } => (Resolution::Approved, beside),
        Decision::Correct { .. } => (Resolution::Corrected, beside),
        Decision::Reject { note } => (Resolution::Rejected, Some(note.as_str())),
        Decision::AskAgain { note } => (Resolution::AskedAgain, Some(note.as_str())),
        Decision::Split { note, .. } => (Resolution::Split, note.as_deref()),
        Decision::Retry { note } => (Resolution::Retried, note.as_deref()),
        Decision::Duplicate { note, .. } => (Resolution::Duplicate, note.as_deref()),
    }
}

/// Where the document is after a decision, and what the world hears. Nothing begins on a
/// split's documents while it is held: see [`Catalog::begin`].
fn outcome(decision: &Decision, document: &Document) -> (Status, Outcome) {
    match decision {
        Decision::Correct { .. } if document.status == Status::Filed => (Status::Filed, Outcome::Corrected),
        Decision::Approve { .. } | Decision::Correct { .. } => (Status::Filed, Outcome::Filed),
        Decision::Reject { .. } => (Status::Rejected, Outcome::Rejected),
        Decision::AskAgain { .. } => (Status::InReview, Outcome::AskedAgain(document.reasons.clone())),
        Decision::Retry { .. } => (Status::Processing, Outcome::Again),
        Decision::Duplicate { of, .. } => (Status::Filed, Outcome::Duplicate(*of)),
        Decision::Split { split, .. } => (Status::Processing, Outcome::Split(split.clone())),
    }
}

/// What a decision says in the timeline, the audit and the event; never a field's value.
pub(super) fn said(
    id: ReviewId,
    by: &Deciding<'_>,
    decision: &Decision,
    document: &Document,
) -> Map<String, Value> {
    let (resolution, note) = closing(decision, by);
    let mut said = Map::new();
    said.insert("review_id".to_owned(), json!(id));
    said.insert("by".to_owned(), json!(by.who));
    said.insert("resolution".to_owned(), json!(resolution));
    if let Some(note) = note.filter(|n| !n.is_empty()) {
        said.insert("note".to_owned(), json!(note));
    }
    if let Decision::Correct { fields, kind, .. } = decision {
        let value = |fields: &Fields, name| fields.get(name).map(|f| f.value.clone());
        let changed: std::collections::BTreeSet<_> = fields
            .keys()
            .chain(document.fields.keys())
            .filter(|name| value(fields, name) != value(&document.fields, name))
            .collect();
        said.insert("fields_changed".to_owned(), json!(changed));
        if let Some(kind) = kind.filter(|k| Some(*k) != document.kind) {
            said.insert("kind".to_owned(), json!({ "from": document.kind, "to": kind }));
        }
    }
    if let Decision::Duplicate { of, .. } = decision {
        said.insert("duplicate_of".to_owned(), json!(of));
    }
    if let Some(over) = &by.overridden {
        said.insert("overridden".to_owned(), json!(over.checks));
        said.insert("because".to_owned(), json!(over.because));
    }
    said
}

/// Makes a decision true in the transaction that closed its review, and commits it.
pub(super) async fn carry_out(
    mut tx: Tx,
    id: ReviewId,
    document: Document,
    by: &Deciding<'_>,
    decision: &Decision,
    reply: Option<&NewReply>,
) -> Result<Resolved, CatalogError> {
    if Access::new(by.sees_ids).withholds(document.sensitivity) {
        return Ok(Resolved::Withheld);
    }
    let was = Was::of(&mut tx, &document).await?;
    let (status, outcome) = outcome(decision, &document);
    let stage = match (status, &document.original) {
        (Status::Processing, Some(_)) => Stage::Read,
        // Its file was never kept: it is fetched.
        (Status::Processing, None) => Stage::Fetch,
        _ => Stage::Done,
    };
    let present = tx.now();
    let moved = execute!(
        tx,
        "UPDATE documents SET status = $3, stage = $5, version = version + 1, updated_at = $4, reasons = '[]', \
         awaits_customer = FALSE, attempts = 0, next_attempt_at = NULL, \
         waits_for = CASE WHEN $3 = 'in_review' THEN 'sender' END WHERE id = $1 AND version = $2",
        document.id.0,
        document.version,
        status.as_str(),
        micros(present),
        stage.as_str()
    )?;
    if moved != 1 {
        let now_at = documents::lookup(&mut tx, document.id).await?.map_or(0, |d| d.version);
        return Ok(Resolved::Changed(now_at));
    }
    let (resolution, _) = closing(decision, by);
    let said = said(id, by, decision, &document);
    let detail = Value::Object(said.clone());
    audit::write(&mut tx, by.who, resolution.as_str(), Some(document.id), &detail).await?;
    write_decision(&mut tx, &document, by, decision).await?;
    let is_split = matches!(outcome, Outcome::Split(_));
    if !is_split || by.held_until.is_some() {
        let event = if is_split { "decided" } else { resolution.as_str() };
        timeline::note(&mut tx, document.id, Stage::Done, event, detail).await?;
    }
    execute!(tx, "UPDATE reviews SET changed = $2 WHERE id = $1", id.0, changes(&document, by, decision))?;
    let found = abstention::is_wrong(&document, decision);
    let effects = Effects { outcome, said, reply: reply.cloned(), teaches: by.teaches, found };
    let split = match by.held_until {
        Some(until) => {
            let at = (document.id, document.version + 1);
            hold::hold(&mut tx, id, (by.who, until), &was, at, &effects).await?;
            Vec::new()
        }
        None => hold::settle(&mut tx, document.id, effects).await?,
    };
    tx.commit().await?;
    Ok(if split.is_empty() { Resolved::Done(status) } else { Resolved::Split(split) })
}

/// Whether a decision is anything else than filing the document as it was proposed.
pub(super) fn changes(document: &Document, by: &Deciding<'_>, decision: &Decision) -> bool {
    match decision {
        Decision::Approve { customer_id } => {
            let other = customer_id.is_some() && *customer_id != document.customer_id;
            other || by.without_customer && document.customer_id.is_some()
        }
        _ => true,
    }
}

/// The document's own row: kind, fields and whose it is.
async fn write_decision(
    tx: &mut Tx,
    document: &Document,
    by: &Deciding<'_>,
    decision: &Decision,
) -> Result<(), CatalogError> {
    let customer = match decision {
        Decision::Approve { customer_id } => customer_id,
        Decision::Correct { kind, fields, customer_id } => {
            let facts = corrected(tx, document, fields, by.who);
            write_fields(tx, document, kind.or(document.kind), (fields, &facts)).await?;
            customer_id
        }
        Decision::Duplicate { of, .. } => {
            execute!(
                tx,
                "UPDATE documents SET duplicate_of = $2, \
                 customer_id = (SELECT f.customer_id FROM documents f WHERE f.id = $2) WHERE id = $1",
                document.id.0,
                of.0
            )?;
            return Ok(());
        }
        _ => return Ok(()),
    };
    decided(tx, document.id, by.who, by.sees_ids, document.sensitivity).await?;
    mark_filed(tx, document.id, None).await?;
    write_customer(tx, document.id, *customer, by.without_customer).await
}

/// Whose it is, where the person said so.
pub(super) async fn write_customer(
    tx: &mut Tx,
    id: DocumentId,
    customer: Option<CustomerId>,
    is_nobodys: bool,
) -> Result<(), CatalogError> {
    if customer.is_some() || is_nobodys {
        let customer = merges::maybe_written_of(tx, customer).await?;
        execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", id.0, customer.map(|c| c.0))?;
    }
    Ok(())
}

/// The proofs of a document's fields once somebody has put these in their place.
pub(super) fn corrected(tx: &Tx, document: &Document, fields: &Fields, who: &str) -> FieldFacts {
    as_corrected((&document.fields, &document.field_facts), fields, who, tx.now())
}

/// Writes kind, fields and their proofs, and what searches look at.
pub(super) async fn write_fields(
    tx: &mut Tx,
    document: &Document,
    kind: Option<Kind>,
    (fields, facts): (&Fields, &FieldFacts),
) -> Result<(), CatalogError> {
    let text = documents::text_of(tx, document.id).await?;
    let keys = Extracted::from(fields);
    execute!(
        tx,
        "UPDATE documents SET kind = $2, fields = $3, party = $4, number = $5, doc_date = $6, \
         total = $7, currency = $8, search = NULL, field_facts = $9 WHERE id = $1",
        document.id.0,
        kind.map(Kind::as_str),
        to_json("fields", fields)?,
        keys.party.as_deref(),
        keys.number.as_deref(),
        keys.doc_date.as_deref(),
        keys.total.as_deref(),
        keys.currency.as_deref(),
        to_json("field_facts", facts)?
    )?;
    let place = (document.id.0, micros(document.received_at));
    keep_words(tx, place, &document.searched_names(), fields, &text).await?;
    keys.write_for_lists(tx, document.id.0).await?;
    entities::settle(tx, document.id).await
}
