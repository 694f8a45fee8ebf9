//! Contacts that turn out to be one while one of them is being erased.

use serde_json::json;
use uuid::Uuid;

use super::{Counts, is_held};
use crate::{audit, error::CatalogError, key_file::ErasedKind, names::json as parse, sql::Tx};

/// An erasure of somebody that has not come to its end, and by whose hand.
pub(crate) struct Open {
    id: Uuid,
    by: String,
}

/// Which erasures of `from` are to go on as erasures of `into`, where the caller holds both and `from` becomes part of them
/// ([`go_on_as`]). None where that would take what a hold keeps of the other: they stay two.
pub(crate) async fn may_join(tx: &mut Tx, from: Uuid, into: Uuid) -> Result<Option<Vec<Open>>, CatalogError> {
    let rows = all!(
        tx,
        (Uuid, Uuid, String, String),
        "SELECT id, subject, erased_by, counts FROM erasures WHERE kind = 'contact' AND subject IN ($1, $2)",
        from,
        into
    )?;
    let takes_them = rows.iter().any(|(_, subject, ..)| *subject == into);
    let mut open = Vec::new();
    for (id, _, by, counts) in rows.into_iter().filter(|(_, subject, ..)| *subject == from) {
        // Of whom nothing is left, nothing is to follow.
        if !parse::<Counts>("erasures", "counts", &counts)?.rows_done {
            open.push(Open { id, by });
        }
    }
    if takes_them && is_held(tx, ErasedKind::Contact, from).await?
        || !open.is_empty() && is_held(tx, ErasedKind::Contact, into).await?
    {
        return Ok(None);
    }
    Ok(Some(open))
}

/// What is being erased of `from` goes on as an erasure of all that they are. Behind their documents, as an erasure takes
/// them before its own row.
pub(crate) async fn go_on_as(tx: &mut Tx, open: &[Open], from: Uuid, into: Uuid) -> Result<(), CatalogError> {
    for Open { id, by } in open {
        execute!(tx, "UPDATE erasures SET subject = $2 WHERE id = $1", *id, into)?;
        let detail = json!({ "erasure_id": id, "kind": ErasedKind::Contact, "subject": into, "from": from });
        audit::write(tx, by, "erasure_begun", None, &detail).await?;
    }
    Ok(())
}
