//! Who took a review and who gave it back, in the trail. To renew a lease, and to reserve what comes next, is neither.

use serde_json::json;
use uuid::Uuid;

use crate::{
    audit,
    error::CatalogError,
    names::{DocumentId, micros},
    sql::Tx,
};

/// What a person holds now, what they came to last first; what is only reserved for them is not held.
pub(super) async fn held_by(tx: &mut Tx, who: &str) -> Result<Vec<DocumentId>, CatalogError> {
    let present = micros(tx.now());
    let rows = all!(
        tx,
        (Uuid,),
        "SELECT document_id FROM reviews WHERE claimed_by = $1 AND claim_expires_at > $2 AND resolved_at IS NULL \
         AND NOT reserved ORDER BY claim_expires_at DESC LIMIT 20",
        who,
        present
    )?;
    Ok(rows.into_iter().map(|(id,)| DocumentId(id)).collect())
}

/// Writes that `who` took a document, unless it is among what they `held` before.
pub(super) async fn taken(
    tx: &mut Tx,
    who: &str,
    document: DocumentId,
    held: &[DocumentId],
) -> Result<(), CatalogError> {
    if held.contains(&document) {
        return Ok(());
    }
    audit::write(tx, who, "claimed", Some(document), &json!({})).await
}

/// Writes that `who` gave a document back.
pub(super) async fn given_back(tx: &mut Tx, who: &str, document: DocumentId) -> Result<(), CatalogError> {
    audit::write(tx, who, "given_back", Some(document), &json!({})).await
}
