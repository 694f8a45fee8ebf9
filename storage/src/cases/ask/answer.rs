//! The answer to what was asked: a file that takes the place of the one that was of no use, on the same document. Both
//! are kept.

use acuse_conversation::{Event, Expects, asks_of};
use serde_json::json;
use uuid::Uuid;

use super::{
    COLUMNS, COMES_BACK, Held, Row, about, happens, hold_contact,
    matching::{Asked, reasons_of, which},
};
use crate::{
    catalog::Catalog,
    documents::Document,
    error::CatalogError,
    events,
    names::{ContactId, DocumentId, Stage, micros},
    sql::Tx,
    stages::{Fetched, leave, push_stage},
    timeline,
    words::DOCUMENTS,
};

/// What a file is to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is the answer about this document.
    To {
        /// Which one.
        document: DocumentId,
        /// How we know: `reply` (they answered our message), `match` (it says the same), `only` (nothing else was asked
        /// for).
        taken: &'static str,
        /// It is put behind what is there, and does not replace it.
        adds: bool,
    },
    /// It is a file that stood for this document before: no answer.
    Same(DocumentId),
}

/// Whether an answer took its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Joined {
    /// The document is read anew; the file is kept beside it.
    Done,
    /// One of the two had moved on.
    Moved,
}

impl Catalog {
    /// What a document that was read is to what its sender was asked for.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn answers(&self, document: &Document) -> Result<Option<Answer>, CatalogError> {
        let (Some(contact), Some(number), Some(original), None) =
            (document.contact_id, &document.phone_number_id, &document.original, &document.part)
        else {
            return Ok(None);
        };
        let mut tx = self.reading().await?;
        if tx.policies().is_none() {
            return Ok(None);
        }
        let asked = open_to(&mut tx, document, (contact, number)).await?;
        if asked.is_empty() {
            return Ok(None);
        }
        for (id, ..) in &asked {
            if stood_before(&mut tx, *id, &original.sha256.0).await? {
                return Ok(Some(Answer::Same(DocumentId(*id))));
            }
        }
        let Some((document, taken)) = which(&mut tx, document, &asked).await? else { return Ok(None) };
        let adds = expected(&mut tx, document, (contact, number)).await?.is_some_and(Expects::adds);
        Ok(Some(Answer::To { document, taken, adds }))
    }

    /// A file takes the place of the one that was of no use: the document is read anew, as a new version; the file that
    /// stood for it is kept, and so is the row of the answer, which says whose it is.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn join_answer(
        &self,
        answer: &Document,
        to: DocumentId,
        taken: &str,
        fetched: &Fetched,
    ) -> Result<Joined, CatalogError> {
        let Some(contact) = answer.contact_id else { return Ok(Joined::Moved) };
        let mut tx = self.writing().await?;
        // Before either document: a timer of theirs comes from the contact to what it asks about.
        hold_contact(&mut tx, contact).await?;
        if !leave(&mut tx, answer.id, Stage::Link, "filed", Stage::Done).await? {
            return Ok(Joined::Moved);
        }
        if !replace(&mut tx, answer.id, to, fetched).await? {
            return Ok(Joined::Moved);
        }
        execute!(
            tx,
            "UPDATE documents SET duplicate_of = $2, answers = $2, \
             customer_id = (SELECT f.customer_id FROM documents f WHERE f.id = $2) WHERE id = $1",
            answer.id.0,
            to.0
        )?;
        stands_for(&mut tx, answer.id, to).await?;
        if let Some(held) = latest(&mut tx, to).await? {
            answered(&mut tx, held, (answer.id, to)).await?;
        }
        let said = json!({ "document_id": answer.id, "taken": taken });
        timeline::note(&mut tx, to, Stage::Done, "answered", said).await?;
        let said = json!({ "duplicate_of": to, "answers": to, "taken": taken });
        timeline::note(&mut tx, answer.id, Stage::Link, "answers", said.clone()).await?;
        events::tell(&mut tx, "document.duplicate", answer.id, said).await?;
        events::tell(&mut tx, "document.processing", to, json!({ "answered_by": answer.id })).await?;
        push_stage(&mut tx, to, Stage::Read, None).await?;
        tx.commit().await?;
        Ok(Joined::Done)
    }
}

/// Documents of which this sender was asked for a file, and heard so before this one came, with what else became of theirs or
/// by a question or a reminder: those that wait for them, and those whose asking ended, or could not be gone on with, in front
/// of a person who has not taken them in hand.
async fn open_to(
    tx: &mut Tx,
    document: &Document,
    (contact, number): (ContactId, &str),
) -> Result<Vec<Asked>, CatalogError> {
    let present = tx.now();
    all!(
        tx,
        Asked,
        "SELECT d.id, d.kind, d.number, d.party, d.total, d.fingerprint FROM cases c JOIN case_documents a \
           ON a.case_id = c.id AND a.role = 'asked' JOIN documents d ON d.id = a.document_id \
         WHERE c.contact_id = $1 AND c.phone_number_id = $2 AND c.kind = 'ask' AND d.id <> $3 \
           AND d.status = 'in_review' AND d.part IS NULL \
           AND COALESCE(c.expects, c.left_expects, 'file') NOT IN ('words', 'choice') \
           AND ((c.state IN ('waiting', 'human') AND d.waits_for = 'sender') \
             OR ((c.state = 'human' OR (c.state = 'expired' AND c.closed_at > $5)) AND d.waits_for = 'reviewer' \
               AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.document_id = d.id AND r.resolved_at IS NULL \
                 AND r.claim_expires_at > $6))) \
           AND NOT EXISTS (SELECT 1 FROM case_documents w WHERE w.document_id = d.id AND w.role = 'came' \
             AND w.rested_at IS NOT NULL AND (w.told_at IS NULL OR w.told_at > $4) \
             AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.contact_id = c.contact_id \
               AND o.phone_number_id = c.phone_number_id AND (o.case_id = c.id OR o.purpose = 'reminder') \
               AND o.state IN ('sent', 'delivered') AND o.sent_at >= w.rested_at AND o.sent_at <= $4)) \
         GROUP BY d.id, d.kind, d.number, d.party, d.total, d.fingerprint ORDER BY d.id LIMIT 50",
        contact.0,
        number,
        document.id.0,
        micros(document.received_at),
        micros(present - COMES_BACK),
        micros(present)
    )
}

/// Whether these very bytes are, or were, what stands for a document.
async fn stood_before(tx: &mut Tx, document: Uuid, sha256: &[u8]) -> Result<bool, CatalogError> {
    let (times,) = one!(
        tx,
        (i64,),
        "SELECT (SELECT COUNT(*) FROM documents d WHERE d.id = $1 AND d.original_sha256 = $2) \
         + (SELECT COUNT(*) FROM document_versions v WHERE v.document_id = $1 AND v.original_sha256 = $2)",
        document,
        sha256
    )?;
    Ok(times > 0)
}

/// The bytes of the answer become the document's, on the way to be read; what stood for it is kept as a version.
async fn replace(
    tx: &mut Tx,
    answer: DocumentId,
    to: DocumentId,
    fetched: &Fetched,
) -> Result<bool, CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "INSERT INTO document_versions (document_id, version, original_key, original_sha256, original_bytes, \
         media_type, pages, thumbnail_key, replaced_by, replaced_at) \
         SELECT id, version, original_key, original_sha256, original_bytes, media_type, pages, thumbnail_key, $2, $3 \
         FROM documents WHERE id = $1 AND status = 'in_review' AND original_key IS NOT NULL",
        to.0,
        answer.0,
        present
    )?;
    let original = &fetched.original;
    let replaced = execute!(
        tx,
        "UPDATE documents SET status = 'processing', stage = 'read', version = version + 1, updated_at = $2, \
         attempts = 0, next_attempt_at = NULL, last_error = NULL, waits_for = NULL, awaits_customer = FALSE, \
         reasons = '[]', findings = '[]', notes = '[]', pages = '[]', thumbnail_key = NULL, page_count = NULL, \
         kind = NULL, confidence = NULL, language = NULL, id_probability = NULL, sensitivity = 'unknown', \
         sensitivity_by = NULL, fields = '{}', text = NULL, fingerprint = NULL, party = NULL, number = NULL, \
         doc_date = NULL, total = NULL, currency = NULL, issuer = NULL, issuer_tax_id = NULL, amount = NULL, \
         search = NULL, original_key = $3, original_sha256 = $4, original_bytes = $5, media_type = $6 \
         WHERE id = $1 AND status = 'in_review' \
           AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.document_id = $1)",
        to.0,
        present,
        original.key.as_str(),
        &original.sha256.0[..],
        i64::try_from(original.size_bytes).unwrap_or(i64::MAX),
        fetched.media_type.as_deref()
    )?;
    if replaced != 1 {
        return Ok(false);
    }
    execute!(
        tx,
        "UPDATE reviews SET resolved_at = $2, resolved_by = 'sender', resolution = 'retried', claimed_by = NULL, \
         claim_expires_at = NULL, postponed_until = NULL, handed_to = NULL \
         WHERE document_id = $1 AND resolved_at IS NULL",
        to.0,
        present
    )?;
    execute!(tx, "DELETE FROM page_words WHERE document_id = $1", to.0)?;
    DOCUMENTS.forget(tx, to.0).await?;
    Ok(true)
}

/// What is told of the answer's burst is what becomes of the document.
async fn stands_for(tx: &mut Tx, answer: DocumentId, to: DocumentId) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO case_documents (case_id, document_id, role) \
         SELECT case_id, $2, 'came' FROM case_documents WHERE document_id = $1 AND role = 'came' \
         ON CONFLICT (case_id, document_id, role) DO UPDATE SET told = NULL, rested_at = NULL, told_at = NULL",
        answer.0,
        to.0
    )?;
    execute!(
        tx,
        "UPDATE case_documents SET role = 'answer' WHERE document_id = $1 AND role = 'came'",
        answer.0
    )
    .map(drop)
}

/// What the sender of a document is, or was, asked for: by the latest question, though it ended, else by its first reason.
async fn expected(
    tx: &mut Tx,
    document: DocumentId,
    (contact, number): (ContactId, &str),
) -> Result<Option<Expects>, CatalogError> {
    let asked = optional!(
        tx,
        (Option<String>,),
        "SELECT COALESCE(expects, left_expects) FROM cases WHERE contact_id = $1 AND phone_number_id = $2 \
         AND kind = 'ask' AND subject = $3 ORDER BY id DESC LIMIT 1",
        contact.0,
        number,
        document.to_string()
    )?;
    if let Some(expects) = asked.and_then(|(word,)| word).as_deref().and_then(Expects::of) {
        return Ok(Some(expects));
    }
    Ok(reasons_of(tx, document).await?.first().and_then(asks_of))
}

/// The case that asked, open or ended.
async fn latest(tx: &mut Tx, document: DocumentId) -> Result<Option<Held>, CatalogError> {
    if let Some(open) = about(tx, document).await? {
        return Ok(Some(open));
    }
    let text =
        format!("SELECT {COLUMNS} FROM cases WHERE kind = 'ask' AND subject = $1 ORDER BY id DESC LIMIT 1");
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), document.to_string())?
        .map(Held::try_from)
        .transpose()
}

async fn answered(
    tx: &mut Tx,
    held: Held,
    (answer, to): (DocumentId, DocumentId),
) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'answer') ON CONFLICT DO NOTHING",
        held.id.0,
        answer.0
    )?;
    tracing::info!(case_id = %held.id, document_id = %to, "an ask is answered");
    happens(tx, held, answer.0, Event::File).await
}
