//! Where a backfill stands: a row by name, moved on in the transaction that did the work, so a process that ends in
//! between loses nothing and does nothing twice.

use uuid::Uuid;

use crate::{error::CatalogError, names::micros, sql::Tx};

/// After which id it goes on and up to which; `None` where it is over, or never began. Of two processes one goes on from
/// here, the other after it.
pub(crate) async fn place(tx: &mut Tx, name: &str) -> Result<Option<(Uuid, Uuid)>, CatalogError> {
    let sql = tx.pick(
        "SELECT at_id, upto_id FROM backfills WHERE name = $1 AND finished_at IS NULL",
        "SELECT at_id, upto_id FROM backfills WHERE name = $1 AND finished_at IS NULL FOR UPDATE",
    );
    let row = optional!(tx, (Option<Uuid>, Uuid), sql, name)?;
    Ok(row.map(|(at, upto)| (at.unwrap_or(Uuid::nil()), upto)))
}

/// Up to which id it has come, for who only asks; `None` where it is over, or never began.
pub(crate) async fn reached(tx: &mut Tx, name: &str) -> Result<Option<Uuid>, CatalogError> {
    let sql = "SELECT at_id FROM backfills WHERE name = $1 AND finished_at IS NULL";
    let row = optional!(tx, (Option<Uuid>,), sql, name)?;
    Ok(row.map(|(at,)| at.unwrap_or(Uuid::nil())))
}

/// It dealt with these ids, in their order; with none it is over. Whether there may be more.
pub(crate) async fn moved(tx: &mut Tx, name: &str, ids: &[Uuid]) -> Result<bool, CatalogError> {
    let ended = ids.is_empty().then(|| micros(tx.now()));
    execute!(
        tx,
        "UPDATE backfills SET at_id = COALESCE($2, at_id), done = done + $3, finished_at = $4 WHERE name = $1",
        name,
        ids.last().copied(),
        i64::try_from(ids.len()).unwrap_or(i64::MAX),
        ended
    )?;
    Ok(ended.is_none())
}
