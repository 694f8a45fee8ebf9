//! The promise, counted: every document that was sent is in exactly one place.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    access::Access,
    catalog::Catalog,
    error::CatalogError,
    names::{micros, number},
};

/// Where all documents are. One statement counts them, so the sum holds at every instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// All that came, from the commit of their first webhook on.
    pub received: u64,
    /// In the books.
    pub filed: u64,
    /// In front of a person.
    pub in_review: u64,
    /// Refused by a person.
    pub rejected: u64,
    /// Linked to the first of their kind (and counted nowhere else).
    pub duplicate: u64,
    /// On the road.
    pub processing: u64,
    /// Whether the parts make the whole.
    pub balanced: bool,
}

impl Catalog {
    /// Counts the documents received in `from ..< to`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger(
        &self,
        from: Option<OffsetDateTime>,
        to: Option<OffsetDateTime>,
    ) -> Result<Ledger, CatalogError> {
        self.ledger_for(&Access::whole(), from, to).await
    }

    /// The same of the documents that exist for a caller.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_for(
        &self,
        access: &Access,
        from: Option<OffsetDateTime>,
        to: Option<OffsetDateTime>,
    ) -> Result<Ledger, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT COUNT(*), \
                    COUNT(CASE WHEN status = 'filed' AND duplicate_of IS NULL THEN 1 END), \
                    COUNT(CASE WHEN status = 'in_review' AND duplicate_of IS NULL THEN 1 END), \
                    COUNT(CASE WHEN status = 'rejected' AND duplicate_of IS NULL THEN 1 END), \
                    COUNT(CASE WHEN duplicate_of IS NOT NULL THEN 1 END), \
                    COUNT(CASE WHEN status IN ('received', 'processing') AND duplicate_of IS NULL THEN 1 END) \
             FROM documents d WHERE ($1 IS NULL OR received_at >= $1) AND ($2 IS NULL OR received_at < $2) AND {}",
            access.reach(&tx, "d")
        );
        let (received, filed, in_review, rejected, duplicate, processing) = one!(
            tx,
            (i64, i64, i64, i64, i64, i64),
            sqlx::AssertSqlSafe(text.clone()),
            from.map(micros),
            to.map(micros)
        )?;
        let count = |value| number("documents", "status", value);
        Ok(Ledger {
            received: count(received)?,
            filed: count(filed)?,
            in_review: count(in_review)?,
            rejected: count(rejected)?,
            duplicate: count(duplicate)?,
            processing: count(processing)?,
            balanced: received == filed + in_review + rejected + duplicate + processing,
        })
    }
}
