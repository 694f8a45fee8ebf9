//! The rows of one document, emptied in the caller's transaction.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::Sha256,
    fields::{Field, FieldName, Fields},
};
use serde_json::json;
use uuid::Uuid;

use super::{Counts, Keep, Receipt, holds};
use crate::{
    approvals, attachments, documents,
    error::CatalogError,
    events, export,
    export::Line,
    key_file::ErasedKind,
    names::{DocumentId, Stage, json as parse, micros, to_json},
    periods::{LATE, Month, NotAMonth},
    sql::Tx,
    timeline, uploads,
    words::DOCUMENTS,
};

/// What names nobody.
const IMPERSONAL: &[FieldName] = &[
    FieldName::Type,
    FieldName::IssueDate,
    FieldName::Date,
    FieldName::DueDate,
    FieldName::Currency,
    FieldName::Subtotal,
    FieldName::Discount,
    FieldName::Tip,
    FieldName::Tax,
    FieldName::Taxes,
    FieldName::Withheld,
    FieldName::Rounding,
    FieldName::Total,
    FieldName::Paid,
    FieldName::AmountDue,
];

/// Rows about a document that are emptied, each under what it is called in a receipt. `$1` is the document.
const EMPTIED: &[(&str, &str)] = &[(
    "deliveries",
    "UPDATE deliveries SET body = $2 WHERE id IN (SELECT m.delivery_id FROM messages m \
        JOIN documents d ON d.message_id = m.id WHERE d.id = $1 \
        UNION SELECT m.delivery_id FROM messages m JOIN case_messages cm ON cm.message_id = m.id \
        JOIN case_documents cd ON cd.case_id = cm.case_id WHERE cd.document_id = $1)",
)];

/// The same without a second bind.
const EMPTIED_BY_ID: &[(&str, &str)] = &[
    (
        "messages",
        "UPDATE messages SET body = NULL, raw = '{}', delivery_id = NULL \
        WHERE id IN (SELECT message_id FROM documents WHERE id = $1 \
        UNION SELECT cm.message_id FROM case_messages cm JOIN case_documents cd ON cd.case_id = cm.case_id \
        WHERE cd.document_id = $1)",
    ),
    (
        "statuses",
        "UPDATE message_statuses SET raw = '{}', error = NULL \
        WHERE wamid IN (SELECT wamid FROM outbox WHERE document_id = $1 AND wamid IS NOT NULL)",
    ),
    (
        "sent_messages",
        "UPDATE outbox SET body = '', payload = '{}', error = NULL, next_attempt_at = NULL, \
        lease_until = NULL, \
        state = CASE WHEN state IN ('queued', 'refused') THEN 'withdrawn' ELSE state END WHERE document_id = $1",
    ),
    (
        "sent_messages",
        "UPDATE outbox SET body = '', payload = '{}', error = NULL, next_attempt_at = NULL, lease_until = NULL, \
        state = CASE WHEN state IN ('queued', 'refused') THEN 'withdrawn' ELSE state END \
        WHERE COALESCE(case_id, document_id) IN (SELECT case_id FROM case_documents WHERE document_id = $1)",
    ),
    (
        "incidents",
        "UPDATE incidents SET detail = '{}' WHERE id IN (SELECT incident_id FROM incident_messages WHERE outbox_id IN \
        (SELECT id FROM outbox WHERE document_id = $1 UNION SELECT id FROM outbox \
        WHERE COALESCE(case_id, document_id) IN (SELECT case_id FROM case_documents WHERE document_id = $1)))",
    ),
    ("cases", "UPDATE case_documents SET told = NULL WHERE document_id = $1 AND told IS NOT NULL"),
    ("passwords", "DELETE FROM case_secrets WHERE document_id = $1"),
    (
        "notes",
        "DELETE FROM case_notes WHERE case_id IN (SELECT case_id FROM case_documents WHERE document_id = $1)",
    ),
    (
        "choices",
        "UPDATE choices SET options = '[]' WHERE case_id IN (SELECT case_id FROM case_documents WHERE document_id = $1)",
    ),
    ("versions", "DELETE FROM document_versions WHERE document_id = $1"),
    ("vendor_memory", "DELETE FROM vendor_signs WHERE document_id = $1"),
    ("vendor_memory", "DELETE FROM vendor_papers WHERE document_id = $1"),
    ("vendor_memory", "DELETE FROM vendor_recalls WHERE document_id = $1"),
    ("page_words", "DELETE FROM page_words WHERE document_id = $1"),
    ("drafts", "DELETE FROM drafts WHERE document_id = $1"),
    ("undo", "DELETE FROM holds WHERE document_id = $1"),
    ("opinions", "DELETE FROM opinions WHERE document_id = $1"),
    ("approvals", "UPDATE approvals SET question = '', payee = NULL WHERE document_id = $1"),
    (
        "review_reasons",
        "DELETE FROM review_reasons WHERE review_id IN (SELECT id FROM reviews WHERE document_id = $1)",
    ),
    ("reviews", "UPDATE reviews SET reasons = '[]', note = NULL WHERE document_id = $1"),
    // Words beside it are said of what came with it too, and may name whom it names.
    (
        "timeline",
        "UPDATE timeline SET detail = '{}' WHERE event = 'said_beside' AND detail <> '{}' AND document_id <> $1 \
        AND document_id IN (SELECT cd.document_id FROM case_documents own \
        JOIN case_documents cd ON cd.case_id = own.case_id WHERE own.document_id = $1)",
    ),
    ("timeline", "UPDATE timeline SET detail = '{}' WHERE document_id = $1"),
    ("events", "UPDATE events SET data = '{}' WHERE document_id = $1"),
    (
        "webhook_deliveries",
        "UPDATE webhook_deliveries SET last_error = NULL WHERE about = $1 AND last_error IS NOT NULL",
    ),
    ("labels", "UPDATE quality_checks SET answer = NULL WHERE document_id = $1 AND answer IS NOT NULL"),
    (
        "payments",
        "UPDATE obligation_payments SET reference = NULL WHERE document_id = $1 AND reference IS NOT NULL",
    ),
    (
        "audit_details",
        "DELETE FROM audit_details WHERE id IN (SELECT detail_id FROM audit WHERE document_id = $1)",
    ),
];

/// Thanks for what a receipt paid, which name the bills: they stand in no case, and go by the receipt (`$2` begins their nonce).
const THANKS: &str = "UPDATE outbox SET body = '', payload = '{}', error = NULL, next_attempt_at = NULL, lease_until = NULL, \
     state = CASE WHEN state IN ('queued', 'refused') THEN 'withdrawn' ELSE state END \
     WHERE contact_id = (SELECT contact_id FROM documents WHERE id = $1) AND purpose = 'paid' AND nonce LIKE $2";

/// Erases what the rows say of a document. Its keys and objects are left for the end of the erasure.
pub(super) async fn erase(
    tx: &mut Tx,
    id: DocumentId,
    receipt: &Receipt,
    counts: &mut Counts,
) -> Result<(), CatalogError> {
    let Some(document) = documents::lookup(tx, id).await? else { return Ok(()) };
    counts.add("sent_messages", approvals::forget_of_document(tx, id).await?);
    // Before its hold and its reviews, as everywhere.
    documents::hold(tx, id).await?;
    for (what, sql) in EMPTIED {
        counts.add(what, execute!(tx, *sql, id.0, &[][..] as &[u8])?);
    }
    for (what, sql) in EMPTIED_BY_ID {
        counts.add(what, execute!(tx, *sql, id.0)?);
    }
    let subject = id.to_string();
    counts.add("sent_messages", execute!(tx, THANKS, id.0, format!("{subject}%"))?);
    counts.add("idempotency_keys", uploads::forget_keys(tx, id).await?);
    holds::forget(tx, ErasedKind::Document, id.0).await?;
    counts.add("attachments", attachments::forget_of_document(tx, id, receipt.id).await?);
    execute!(tx, "UPDATE incidents SET detail = '{}' WHERE subject = $1", subject)?;
    DOCUMENTS.forget(tx, id.0).await?;
    let fields = if counts.keep == Keep::Amounts { impersonal(&document.fields) } else { Fields::new() };
    empty_row(tx, id, counts.keep, &fields, &receipt.erased_by).await?;
    counts.add("documents", 1);
    counts.add("period_rows", redact_periods(tx, id).await?);
    execute!(
        tx,
        "INSERT INTO erasure_documents (erasure_id, document_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        receipt.id,
        id.0
    )?;
    timeline::note(tx, id, Stage::Done, "erased", json!({ "erasure_id": receipt.id })).await?;
    events::tell(tx, "document.erased", id, json!({})).await?;
    counts.add("obligations", forget_bill(tx, id).await?);
    Ok(())
}

/// What was owed because this bill was filed is withdrawn with it, and is nobody's number any more.
async fn forget_bill(tx: &mut Tx, id: DocumentId) -> Result<u64, CatalogError> {
    let sql = tx.pick(
        "UPDATE obligations SET number = hex(id) WHERE document_id = $1 AND by_rule",
        "UPDATE obligations SET number = id::text WHERE document_id = $1 AND by_rule",
    );
    execute!(tx, sql, id.0)
}

/// Amounts and dates as they were, and not where they stood.
fn impersonal(fields: &Fields) -> Fields {
    let kept = IMPERSONAL.iter().filter_map(|name| fields.get(name).map(|field| (*name, field.clone())));
    kept.map(|(name, field)| (name, Field { page: None, bbox: None, ..field })).collect()
}

async fn empty_row(
    tx: &mut Tx,
    id: DocumentId,
    keep: Keep,
    fields: &Fields,
    by: &str,
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE reviews SET resolved_at = $2, resolved_by = $3, resolution = 'rejected', claimed_by = NULL, \
         claim_expires_at = NULL, postponed_until = NULL, handed_to = NULL \
         WHERE document_id = $1 AND resolved_at IS NULL",
        id.0,
        present,
        by
    )?;
    execute!(
        tx,
        "UPDATE documents SET \
         status = CASE WHEN status IN ('filed', 'rejected') THEN status ELSE 'rejected' END, stage = 'done', \
         waits_for = NULL, awaits_customer = FALSE, next_attempt_at = NULL, task_id = NULL, last_error = NULL, \
         media_id = NULL, declared_type = NULL, declared_filename = NULL, caption = NULL, declared_sha256 = NULL, \
         original_key = NULL, original_sha256 = NULL, original_bytes = NULL, pages = '[]', thumbnail_key = NULL, \
         confidence = NULL, language = NULL, fields = $3, field_facts = '{}', text = NULL, search = NULL, fingerprint = NULL, \
         notes = '[]', findings = '[]', reasons = '[]', party = NULL, number = NULL, issuer = NULL, \
         issuer_tax_id = NULL, id_probability = NULL, erased_at = $2, updated_at = $2, version = version + 1 \
         WHERE id = $1",
        id.0,
        present,
        to_json("fields", fields)?
    )?;
    if keep == Keep::Nothing {
        execute!(
            tx,
            "UPDATE documents SET kind = NULL, doc_date = NULL, total = NULL, currency = NULL, amount = NULL WHERE id = $1",
            id.0
        )?;
    }
    Ok(())
}

/// A document's line as it was frozen, or came late: month, line, and its hash, where it has one already.
type FrozenRow = (Uuid, String, String, Option<Vec<u8>>);

/// What was said of it since: number, month, why, what is taken back and what is said anew, and the same hash.
type SaidRow = (i64, Uuid, String, String, Option<String>, Option<String>, Option<Vec<u8>>);

/// What a month last said of the document, of nobody.
type LastSaid = BTreeMap<Uuid, (String, Option<String>)>;

/// A closed month keeps its hash and its sums: of a line that was erased, whether it was closed with the month or came late,
/// the amounts stay, the hash of what it was, and a dated adjustment that says so.
async fn redact_periods(tx: &mut Tx, id: DocumentId) -> Result<u64, CatalogError> {
    let mut last = redact_frozen(tx, id).await?;
    redact_said(tx, id, &mut last).await?;
    let months = last.len();
    for (period, (month, was)) in last {
        say_erased(tx, id, (period, &month), was).await?;
    }
    Ok(months as u64)
}

/// The lines that were closed with a month.
async fn redact_frozen(tx: &mut Tx, id: DocumentId) -> Result<LastSaid, CatalogError> {
    let rows = all!(
        tx,
        FrozenRow,
        "SELECT r.period_id, p.month, r.line, r.erased_sha256 FROM period_rows r JOIN periods p ON p.id = r.period_id \
         WHERE r.document_id = $1",
        id.0
    )?;
    let mut last = LastSaid::new();
    for (period, month, line, erased) in rows {
        let said = redacted(Some(&line))?;
        execute!(
            tx,
            "UPDATE period_rows SET line = $3, erased_sha256 = $4 WHERE period_id = $1 AND document_id = $2",
            period,
            id.0,
            said.as_deref(),
            hash_of(&line, erased)
        )?;
        last.insert(period, (month, said));
    }
    Ok(last)
}

/// Those that came late, and what was said of either since.
async fn redact_said(tx: &mut Tx, id: DocumentId, last: &mut LastSaid) -> Result<(), CatalogError> {
    let rows = all!(
        tx,
        SaidRow,
        "SELECT a.seq, a.period_id, p.month, a.reason, a.was, a.becomes, a.erased_sha256 \
         FROM period_adjustments a JOIN periods p ON p.id = a.period_id WHERE a.document_id = $1 ORDER BY a.seq",
        id.0
    )?;
    for (seq, period, month, reason, was, becomes, erased) in rows {
        let came = becomes.as_deref().filter(|_| reason == LATE);
        let hash = came.map(|line| hash_of(line, erased));
        let (was, said) = (redacted(was.as_deref())?, redacted(becomes.as_deref())?);
        execute!(
            tx,
            "UPDATE period_adjustments SET was = $2, becomes = $3, erased_sha256 = $4 WHERE seq = $1",
            seq,
            was,
            said.as_deref(),
            hash
        )?;
        last.insert(period, (month, said));
    }
    Ok(())
}

/// Of a line as it was before it was first erased.
fn hash_of(line: &str, erased: Option<Vec<u8>>) -> Vec<u8> {
    erased.unwrap_or_else(|| Sha256::of(line.as_bytes()).0.to_vec())
}

/// Takes back what a month last said of the document, and says what there still is of it.
async fn say_erased(
    tx: &mut Tx,
    id: DocumentId,
    (period, month): (Uuid, &str),
    was: Option<String>,
) -> Result<(), CatalogError> {
    let impossible = |why: NotAMonth| CatalogError::ImpossibleRow {
        table: "periods",
        column: "month",
        why: why.to_string(),
    };
    let month: Month = month.parse().map_err(impossible)?;
    let becomes = export::line_of(tx, id, month.span()).await?;
    let present = tx.now();
    execute!(
        tx,
        "INSERT INTO period_adjustments (period_id, document_id, at, reason, was, becomes) \
         VALUES ($1, $2, $3, 'erased', $4, $5)",
        period,
        id.0,
        micros(present),
        was,
        becomes.map(|line| to_json("line", &line)).transpose()?
    )
    .map(drop)
}

fn redacted(line: Option<&str>) -> Result<Option<String>, CatalogError> {
    let Some(line) = line else { return Ok(None) };
    let line: Line = parse("period_rows", "line", line)?;
    to_json("line", &line.of_nobody()).map(Some)
}
