//! Contacts that turn out to be one while one of them is being erased.

use serde_json::json;
use uuid::Uuid;

use super::{Counts, is_held};
use crate::{audit, error::CatalogError, key_file::ErasedKind, names::json as parse, sql::Tx};

/// Whether `from` may become part of `into`, where the caller holds both: what is being erased of one of them goes on as an
/// erasure of all that they are. Where that would take what a hold keeps of the other, they stay two.
pub(crate) async fn may_join(tx: &mut Tx, from: Uuid, into: Uuid) -> Result<bool, CatalogError> {
    let rows = all!(
        tx,
        (Uuid, Uuid, String, String),
        "SELECT id, subject, erased_by, counts FROM erasures WHERE kind = 'contact' AND subject IN ($1, $2)",
        from,
        into
    )?;
    let takes_them = rows.iter().any(|(_, subject, ..)| *subject == into);
    let mut open = Vec::new();
    for (id, _, by, counts) in rows.iter().filter(|(_, subject, ..)| *subject == from) {
        // Of whom nothing is left, nothing is to follow.
        if !parse::<Counts>("erasures", "counts", counts)?.rows_done {
            open.push((*id, by));
        }
    }
    if takes_them && is_held(tx, ErasedKind::Contact, from).await?
        || !open.is_empty() && is_held(tx, ErasedKind::Contact, into).await?
    {
        return Ok(false);
    }
    for (id, by) in open {
        execute!(tx, "UPDATE erasures SET subject = $2 WHERE id = $1", id, into)?;
        let detail = json!({ "erasure_id": id, "kind": ErasedKind::Contact, "subject": into, "from": from });
        audit::write(tx, by, "erasure_begun", None, &detail).await?;
    }
    Ok(true)
}
