//! The promise, counted: every document that was sent is in exactly one place.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{access::Access, catalog::Catalog, error::CatalogError, names::micros, tallies};

/// Where all documents are. One statement counts them, so the sum holds at every instant: `received` is counted by
/// itself, not summed up.
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
        let counted = if access.is_bound() {
            tallies::count_reached(&mut tx, access, from.map(micros), to.map(micros)).await?
        } else {
            tallies::count(&mut tx, from.map(micros), to.map(micros)).await?
        };
        let of = |place: &str| counted.iter().find(|(at, _)| at == place).map_or(0, |(_, n)| *n);
        let (received, filed, in_review) = (of("received"), of("filed"), of("in_review"));
        let (rejected, duplicate, processing) = (of("rejected"), of("duplicate"), of("processing"));
        let balanced = received == filed + in_review + rejected + duplicate + processing;
        Ok(Ledger { received, filed, in_review, rejected, duplicate, processing, balanced })
    }
}
