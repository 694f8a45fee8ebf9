//! What is changed only as it was seen: rows that count their versions.

use uuid::Uuid;

use crate::{error::CatalogError, sql::Tx};

/// What became of something that was to be changed, or to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Altered {
    /// It is as said.
    Done,
    /// Nothing: it is of this version, and was seen in another.
    Stale(i64),
    /// There is none.
    Missing,
}

/// Holds a row, by a statement that answers its version, to the end of the transaction: whether it may be changed by whoever
/// saw this version, or none.
pub(crate) async fn held(
    tx: &mut Tx,
    sql: &'static str,
    (id, seen): (Uuid, Option<i64>),
) -> Result<Altered, CatalogError> {
    Ok(match optional!(tx, (i64,), sql, id)? {
        None => Altered::Missing,
        Some((version,)) if seen.is_some_and(|seen| seen != version) => Altered::Stale(version),
        Some(_) => Altered::Done,
    })
}
