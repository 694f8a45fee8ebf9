//! Customers and contacts who turned out to be one. The id of whoever was merged away stands for the one that was kept, at
//! every entrance: what is asked by it is asked of them, and what is written under it is theirs.
//!
//! A merge is one level deep, for whoever goes takes along those who were merged into them before: one look at `merged_into`
//! is enough, in SQL too.

use uuid::Uuid;

use crate::{
    error::CatalogError,
    key_file::ErasedKind,
    names::{ContactId, CustomerId},
    sql::Tx,
};

/// Somebody, by their table and the place of their id, and all who were merged into them, as SQL: their ids.
macro_rules! with_merged {
    ($table:literal, $id:literal) => {
        concat!("(SELECT w.id FROM ", $table, " w WHERE w.id = ", $id, " OR w.merged_into = ", $id, ")")
    };
}
pub(crate) use with_merged;

/// For whom an id stands: the one that it was merged into, or itself. One that is nobody's stays as it is.
pub(crate) async fn stands_for(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<Uuid, CatalogError> {
    let sql = match kind {
        ErasedKind::Document => return Ok(id),
        ErasedKind::Contact => "SELECT merged_into FROM contacts WHERE id = $1",
        ErasedKind::Customer => "SELECT merged_into FROM customers WHERE id = $1",
    };
    let row = optional!(tx, (Option<Uuid>,), sql, id)?;
    Ok(row.and_then(|(into,)| into).unwrap_or(id))
}

/// For whom these contacts stand, each once.
pub(crate) async fn contacts_for(tx: &mut Tx, ids: &[ContactId]) -> Result<Vec<ContactId>, CatalogError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let contact = ContactId(stands_for(tx, ErasedKind::Contact, id.0).await?);
        if !found.contains(&contact) {
            found.push(contact);
        }
    }
    Ok(found)
}

/// Steps after which somebody who is being merged is taken as they stand.
const STEPS: u32 = 8;

/// The customer of whom something is written under this id: whoever merges them waits for the end of this transaction, and
/// moves what it wrote.
pub(crate) async fn written_of(tx: &mut Tx, mut id: CustomerId) -> Result<CustomerId, CatalogError> {
    let sql = tx.pick(
        "SELECT merged_into FROM customers WHERE id = $1",
        "SELECT merged_into FROM customers WHERE id = $1 FOR KEY SHARE",
    );
    // Whoever was kept may be merged away at this moment.
    for _ in 0..STEPS {
        let Some((Some(into),)) = optional!(tx, (Option<Uuid>,), sql, id.0)? else { break };
        id = CustomerId(into);
    }
    Ok(id)
}

/// [`written_of`] of somebody who may not be known.
pub(crate) async fn maybe_written_of(
    tx: &mut Tx,
    id: Option<CustomerId>,
) -> Result<Option<CustomerId>, CatalogError> {
    match id {
        Some(id) => written_of(tx, id).await.map(Some),
        None => Ok(None),
    }
}
