//! Approvals whose document is decided, or says something else by now. Nobody is asked any more what cannot be answered:
//! whoever taps is told that it is over, no reminder leaves, and those who follow the feed hear so. What somebody asked about
//! is asked anew, of the same approvers, where the document waits still and comes to more, in another currency or for
//! somebody else; what a rule wants, the rule asks when it is to be filed. For whom it waits follows who has what is open.

use acuse_pipeline::document::Status;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    Approval, ApprovalState, Counting, UNASKED,
    ask::{Asking, begin, not_askable},
    decision::{counting, told},
    get,
    worth::{Cover, Worth},
};
use crate::{
    access::Access,
    cases, documents,
    error::CatalogError,
    incidents,
    names::{ApprovalId, DocumentId, WaitsFor, micros},
    sql::Tx,
};

/// An approval that nobody decided.
struct Open {
    id: ApprovalId,
    by_rule: bool,
    /// Microseconds.
    due_at: Option<i64>,
    /// Since when nobody is left who could be asked; microseconds.
    left_at: Option<i64>,
    cover: Cover,
}

async fn open_of(tx: &mut Tx, document: DocumentId) -> Result<Vec<Open>, CatalogError> {
    type Row = (Uuid, bool, Option<i64>, Option<i64>, Option<i64>, Option<String>, Option<String>);
    let sql = "SELECT id, by_rule, due_at, left_at, up_to, currency, payee FROM approvals \
         WHERE document_id = $1 AND state = 'asked' ORDER BY id";
    let rows = all!(tx, Row, sql, document.0)?;
    let open = |(id, by_rule, due_at, left_at, up_to, currency, payee)| Open {
        id: ApprovalId(id),
        by_rule,
        due_at,
        left_at,
        cover: Cover { up_to, currency, payee },
    };
    Ok(rows.into_iter().map(open).collect())
}

/// Whether an approver is waited for in one of these still.
async fn is_with_approver(tx: &mut Tx, open: &[Open]) -> Result<bool, CatalogError> {
    for one in open {
        if one.left_at.is_none() && cases::can_approver_answer(tx, one.id).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether somebody asked about a document and an approver has it still: nobody files it past them. Where the last of them
/// let the time pass, a person has it.
pub(super) async fn is_asked(tx: &mut Tx, document: DocumentId) -> Result<bool, CatalogError> {
    let present = micros(tx.now());
    let mut open = open_of(tx, document).await?;
    open.retain(|one| !one.by_rule && one.due_at.is_none_or(|due| due > present));
    is_with_approver(tx, &open).await
}

/// Nobody is left who could be asked: its document is a reviewer's, and the buttons count until its time is over or it is
/// decided.
pub(crate) async fn left_to_reviewers(tx: &mut Tx, id: ApprovalId) -> Result<(), CatalogError> {
    let Some(approval) = get(tx, id).await?.filter(|a| a.state == ApprovalState::Asked) else {
        return Ok(());
    };
    if cases::is_approver_asked(tx, id).await? {
        return Ok(());
    }
    // The approval before its document, as whoever decides it.
    let present = micros(tx.now());
    let sql = "UPDATE approvals SET left_at = $2 WHERE id = $1 AND state = 'asked' AND left_at IS NULL";
    execute!(tx, sql, id.0, present)?;
    let Some(document) = approval.document_id else { return Ok(()) };
    let open = open_of(tx, document).await?;
    if is_with_approver(tx, &open).await? {
        return Ok(());
    }
    waits_instead(tx, document, (WaitsFor::Approver, WaitsFor::Reviewer)).await
}

/// A person of ours has an approver's conversation in hand. What somebody asked about is a reviewer's meanwhile, since nobody
/// reminds of it. What a rule wants is not: whoever takes a conversation files nothing past the approver by that.
pub(crate) async fn taken(tx: &mut Tx, id: ApprovalId) -> Result<(), CatalogError> {
    let row = optional!(tx, (bool,), "SELECT by_rule FROM approvals WHERE id = $1", id.0)?;
    match row {
        Some((false,)) => left_to_reviewers(tx, id).await,
        _ => Ok(()),
    }
}

/// The approver is reminded again: the document waits for them as before.
pub(crate) async fn waited_for_again(tx: &mut Tx, id: ApprovalId) -> Result<(), CatalogError> {
    let Some(approval) = get(tx, id).await?.filter(|a| a.state == ApprovalState::Asked) else {
        return Ok(());
    };
    let sql = "UPDATE approvals SET left_at = NULL WHERE id = $1 AND state = 'asked'";
    let is_asked = execute!(tx, sql, id.0)? == 1;
    match approval.document_id.filter(|_| is_asked) {
        Some(document) => waits_instead(tx, document, (WaitsFor::Reviewer, WaitsFor::Approver)).await,
        None => Ok(()),
    }
}

/// A document in review that waits for the one waits for the other.
async fn waits_instead(
    tx: &mut Tx,
    document: DocumentId,
    (before, now): (WaitsFor, WaitsFor),
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE documents SET waits_for = $4, version = version + 1, updated_at = $2 \
         WHERE id = $1 AND status = 'in_review' AND waits_for = $3",
        document.0,
        present,
        before.as_str(),
        now.as_str()
    )
    .map(drop)
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
        "document.in_review" | "document.amended" => {
            look_again(tx, document).await?;
            answered_in_vain(tx, document).await
        }
        _ => Ok(()),
    }
}

/// Whoever answered what is asked about a document while no answer counted is asked again, where one counts by now.
pub(crate) async fn answered_in_vain(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    for open in open_of(tx, document).await? {
        if matches!(counting(tx, open.id).await?, Counting::Until(_)) {
            cases::ask_approver_again(tx, open.id).await?;
        }
    }
    Ok(())
}

/// Nobody is asked about a document any more.
async fn end_all(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    for open in open_of(tx, document).await? {
        end(tx, open.id).await?;
    }
    Ok(())
}

/// A document is erased: nobody is asked about it any more, nor reminded, and nothing stays of what was asked. How many
/// messages.
pub(crate) async fn forget_of_document(tx: &mut Tx, document: DocumentId) -> Result<u64, CatalogError> {
    end_all(tx, document).await?;
    let mut messages = 0;
    let sql = "SELECT id FROM approvals WHERE document_id = $1 ORDER BY id";
    for (id,) in all!(tx, (Uuid,), sql, document.0)? {
        messages += cases::forget_approval(tx, ApprovalId(id)).await?;
    }
    Ok(messages)
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
            if !one.by_rule && is_with_approver(tx, std::slice::from_ref(&one)).await? {
                // Read anew, it waits for its approver as before.
                waits_instead(tx, document, (WaitsFor::Reviewer, WaitsFor::Approver)).await?;
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
