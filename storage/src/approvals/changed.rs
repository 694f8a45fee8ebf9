//! Approvals whose document is decided, or says something else by now. Nobody is asked any more what cannot be answered:
//! whoever taps is told that it is over, no reminder leaves, and those who follow the feed hear so. What somebody asked about
//! is asked anew, of the same approvers, where the document waits still and comes to more, in another currency or for
//! somebody else; what a rule wants, the rule asks when it is to be filed.

use acuse_pipeline::document::Status;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Approval, Asking, Cover, UNASKED, Worth, begin, get, not_askable, told};
use crate::{
    access::Access,
    cases, documents,
    error::CatalogError,
    incidents,
    names::{ApprovalId, DocumentId, micros},
    sql::Tx,
};

/// Of this document, those that nobody decided.
const OPEN: &str = "document_id = $1 AND state = 'asked'";

/// An approval that nobody decided.
struct Open {
    id: ApprovalId,
    by_rule: bool,
    cover: Cover,
}

async fn open_of(tx: &mut Tx, document: DocumentId) -> Result<Vec<Open>, CatalogError> {
    type Row = (Uuid, bool, Option<i64>, Option<String>, Option<String>);
    let text = format!("SELECT id, by_rule, up_to, currency, payee FROM approvals WHERE {OPEN} ORDER BY id");
    let rows = all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), document.0)?;
    let open = |(id, by_rule, up_to, currency, payee)| Open {
        id: ApprovalId(id),
        by_rule,
        cover: Cover { up_to, currency, payee },
    };
    Ok(rows.into_iter().map(open).collect())
}

/// Whether somebody asked about a document and an approver has it still: nobody files it past them. Where the last of them
/// let the time pass, a person has it.
pub(super) async fn is_asked(tx: &mut Tx, document: DocumentId) -> Result<bool, CatalogError> {
    let present = micros(tx.now());
    let text = format!(
        "SELECT id FROM approvals WHERE {OPEN} AND NOT by_rule AND (due_at IS NULL OR due_at > $2) ORDER BY id"
    );
    let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), document.0, present)?;
    for (id,) in rows {
        if cases::is_approver_asked(tx, ApprovalId(id)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A document changed: what was asked about it is over with it, or is looked at anew.
pub(crate) async fn document_changed(
    tx: &mut Tx,
    document: DocumentId,
    kind: &str,
) -> Result<(), CatalogError> {
    match kind {
        "document.filed" | "document.corrected" | "document.rejected" | "document.duplicate"
        | "document.split" | "document.erased" => end_all(tx, document).await,
        "document.in_review" | "document.amended" => look_again(tx, document).await,
        _ => Ok(()),
    }
}

/// Nobody is asked about a document any more.
pub(super) async fn end_all(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    for open in open_of(tx, document).await? {
        end(tx, open.id).await?;
    }
    Ok(())
}

/// Ends what was asked of something else than what a document in review says by now.
pub(crate) async fn look_again(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    let open = open_of(tx, document).await?;
    if open.is_empty() {
        return Ok(());
    }
    let known = documents::lookup(tx, document).await?.filter(|known| known.status == Status::InReview);
    let Some(known) = known else { return Ok(()) };
    let worth = Worth::of(known.kind, &known.fields);
    for one in open {
        if one.cover.is_of(worth.as_ref()) {
            if !one.by_rule && cases::is_approver_asked(tx, one.id).await? {
                waits_before_reviewers(tx, document).await?;
            }
            continue;
        }
        let before = end(tx, one.id).await?;
        if let Some(before) = before.filter(|_| !one.by_rule) {
            repeat(tx, document, (&before, worth.as_ref())).await?;
        }
    }
    Ok(())
}

/// Read anew, it waits for its approver as before.
async fn waits_before_reviewers(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE documents SET waits_for = 'approver', version = version + 1, updated_at = $2 \
         WHERE id = $1 AND status = 'in_review' AND waits_for = 'reviewer'",
        document.0,
        present
    )
    .map(drop)
}

/// Ends an approval that nobody decided; as it was.
async fn end(tx: &mut Tx, id: ApprovalId) -> Result<Option<Approval>, CatalogError> {
    // Before its row: whoever decides holds the contact first.
    cases::close_approval(tx, id).await?;
    let present = micros(tx.now());
    // Of what the document says next, it says nothing: nobody let the time pass.
    let mine = execute!(
        tx,
        "UPDATE approvals SET state = 'expired', decided_at = $2, up_to = NULL WHERE id = $1 AND state = 'asked'",
        id.0,
        present
    )?;
    let Some(approval) = get(tx, id).await?.filter(|_| mine == 1) else { return Ok(None) };
    told(tx, &approval, "approval.expired", &json!({ "approval_id": id })).await?;
    Ok(Some(approval))
}

/// Asks what somebody wanted to be asked once more, of the document as it is now, until the same time. Where none of the
/// approvers may be asked any more, a person decides.
async fn repeat(
    tx: &mut Tx,
    document: DocumentId,
    (before, worth): (&Approval, Option<&Worth>),
) -> Result<(), CatalogError> {
    let present: OffsetDateTime = tx.now();
    if before.due_at.is_some_and(|due| due <= present) {
        return Ok(());
    }
    let number = before.phone_number_id.as_str();
    let mut approvers = Vec::with_capacity(before.approvers.len());
    for contact in &before.approvers {
        if not_askable(tx, &Access::whole(), (&[*contact], number)).await?.is_none() {
            approvers.push(*contact);
        }
    }
    if approvers.is_empty() {
        let detail = json!({ "document_id": document, "phone_number_id": number });
        return incidents::open(tx, UNASKED, &document.to_string(), &detail, 1, present).await.map(drop);
    }
    let (by,) = one!(tx, (String,), "SELECT asked_by FROM approvals WHERE id = $1", before.id.0)?;
    let asking = Asking {
        document: Some(document),
        question: &before.question,
        approvers: &approvers,
        mode: before.mode,
        number,
        due_at: before.due_at,
        by: &by,
        by_rule: false,
        cover: worth.map(Worth::cover).unwrap_or_default(),
    };
    begin(tx, &asking).await.map(drop)
}
