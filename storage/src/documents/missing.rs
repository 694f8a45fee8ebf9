//! What of a list is not among its filed ones, for whoever takes the list away: what waits, what can still be taken back, what
//! is withheld.

use std::collections::HashSet;

use acuse_pipeline::document::Status;
use time::Duration;
use uuid::Uuid;

use super::{DocumentFilter, sums::sums};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    export::{DOUBTED_ID, IN_THE_BOOKS, MAY_BE_A_BILL, Missing, Span, UNHELD},
    names::{DocumentId, number},
    sql::Tx,
};

/// What waits for somebody, as SQL.
const WAITS: &str = "d.status IN ('received', 'processing', 'in_review') AND d.duplicate_of IS NULL";

/// A bill, or what may be one yet, of which nobody has decided for good, as SQL.
fn is_open() -> String {
    format!("{MAY_BE_A_BILL} AND (({WAITS}) OR NOT ({UNHELD}))")
}

/// What of a list is not among its filed ones, in a transaction: counted as [`crate::export::missing`] counts it of a span.
/// By the date on the paper, what has none could be of every span that begins before it came.
pub(crate) async fn missing(tx: &mut Tx, filter: &DocumentFilter) -> Result<Missing, CatalogError> {
    let any = DocumentFilter { status: None, duplicates: false, held: None, ..filter.clone() };
    let (mut waiting, mut held) = (0, 0);
    for sum in sums(tx, &any).await? {
        let waits = matches!(sum.status, Status::Received | Status::Processing | Status::InReview);
        if sum.held {
            held += sum.documents;
        } else if waits && !sum.duplicates {
            waiting += sum.documents;
        }
    }
    let is_dated = any.date_from.is_some() || any.date_to.is_some();
    let timeless = DocumentFilter { date_from: None, date_to: None, ..any.clone() };
    let came = any.date_from.map(|day| day.midnight().assume_utc().saturating_sub(Duration::DAY));
    let could_be = DocumentFilter { from: any.from.or(came), ..timeless.clone() };
    let untold = could_be.untold(tx, &is_open()).await?;
    let (mut undated, mut filed_undated) = (0, 0);
    if is_dated {
        // The date of what may be no ID after all says nothing: one of another day could be of these all the same.
        let (first, end) = Span::dated(any.date_from, any.date_to).days();
        let elsewhere = format!("{DOUBTED_ID} AND NOT (d.doc_date >= '{first}' AND d.doc_date < '{end}')");
        let open = format!("AND (d.doc_date IS NULL OR ({elsewhere})) AND {}", is_open());
        undated = counted(tx, &could_be, &open).await? + untold;
        let filed = format!("AND d.doc_date IS NULL AND {IN_THE_BOOKS}");
        filed_undated = counted(tx, &timeless, &filed).await?;
    }
    let beside = if is_dated { undated } else { untold };
    let withheld = could_be.untold(tx, IN_THE_BOOKS).await?;
    Ok(Missing { waiting: waiting + held + beside, undated, held, withheld, filed_undated })
}

async fn counted(tx: &mut Tx, filter: &DocumentFilter, which: &str) -> Result<u64, CatalogError> {
    let rows: Vec<(i64,)> = filter.aggregated(tx, "SELECT COUNT(*)", which).await?;
    number("documents", "id", rows.first().map_or(0, |(count,)| *count))
}

/// The documents of which the last decision can still be taken back, in a transaction.
pub(crate) async fn held(tx: &mut Tx) -> Result<HashSet<DocumentId>, CatalogError> {
    let rows = all!(tx, (Uuid,), "SELECT document_id FROM holds")?;
    Ok(rows.into_iter().map(|(id,)| DocumentId(id)).collect())
}

impl Catalog {
    /// The documents of which the last decision can still be taken back: few, for seconds each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_documents(&self) -> Result<HashSet<DocumentId>, CatalogError> {
        let mut tx = self.reading().await?;
        held(&mut tx).await
    }
}
