//! A decision that files what comes to more than is filed without an approval: what it says is kept, and an approver is
//! asked first.

use acuse_pipeline::document::Kind;

use super::{
    Deciding, Decision,
    four_eyes::open_again,
    resolve::{corrected, write_fields},
};
use crate::{
    access::decided,
    approvals::{self, Worth},
    documents::Document,
    error::CatalogError,
    names::ReviewId,
    sql::Tx,
};

/// What a document is and comes to if it is filed by this decision; none where it is not, or names no total.
pub(super) fn worth(document: &Document, decision: &Decision) -> Option<Worth> {
    match decision {
        Decision::Approve { .. } => Worth::of(document.kind, &document.fields),
        Decision::Correct { kind, fields, .. } => Worth::of(kind.or(document.kind), fields),
        _ => None,
    }
}

/// Whether an approver is to say something first. Then what the decision says of the document is written, so that nobody
/// types it twice and the approver sees it; and its review is open again.
pub(super) async fn waits_for_approval(
    tx: &mut Tx,
    review: ReviewId,
    document: &Document,
    by: &Deciding<'_>,
    decision: &Decision,
) -> Result<bool, CatalogError> {
    if !matches!(decision, Decision::Approve { .. } | Decision::Correct { .. }) {
        return Ok(false);
    }
    let worth = worth(document, decision);
    if !approvals::is_missing(tx, document.id, worth.as_ref()).await? {
        return Ok(false);
    }
    let customer = match decision {
        Decision::Approve { customer_id } | Decision::Correct { customer_id, .. } => *customer_id,
        _ => None,
    };
    if let Decision::Correct { kind, fields, .. } = decision {
        let facts = corrected(tx, document, fields, by.who);
        let kind = kind.or(document.kind);
        write_fields(tx, document, kind, (fields, &facts)).await?;
        if kind == Some(Kind::Id) {
            decided(tx, document.id, by.who, by.sees_ids, document.sensitivity).await?;
        }
    }
    execute!(
        tx,
        "UPDATE documents SET customer_id = COALESCE($2, customer_id) WHERE id = $1",
        document.id.0,
        customer.map(|c| c.0)
    )?;
    // What was asked about it as it was is over, or asked anew.
    approvals::look_again(tx, document.id).await?;
    if !approvals::holds_back(tx, document.id, worth.as_ref()).await? {
        return Ok(false);
    }
    open_again(tx, review, document.id, by.who, "approver").await?;
    Ok(true)
}
