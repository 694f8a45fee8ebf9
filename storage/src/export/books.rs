//! The database at one instant, as an export reads it from its first row to its last: its rows, their sums and what still
//! waits beside them are of one moment, whatever is filed, corrected or erased meanwhile.

use std::collections::HashSet;

use super::{ExportCursor, Exported, Missing, Span};
use crate::{
    access::Access,
    catalog::Catalog,
    documents::{self, Document, DocumentCursor, DocumentFilter, Page},
    error::CatalogError,
    names::DocumentId,
    periods::{self, Period, PeriodCursor, PeriodLine, PeriodPart},
    sql::Tx,
};

/// The database at the instant at which it was first asked. While it is open, PostgreSQL keeps the rows of then and SQLite
/// its write-ahead log, so it is read as fast as it goes and let go of.
pub struct Books {
    tx: Tx,
}

impl Catalog {
    /// Opens the books, when there is a connection for another export.
    ///
    /// # Errors
    /// [`CatalogError::NoTurn`] when too many are open; when the database fails.
    pub async fn books(&self) -> Result<Books, CatalogError> {
        Ok(Books { tx: self.exporting().await? })
    }
}

impl Books {
    /// Lines of the books that exist for a caller and may be told to them, in the order of the span's date, after the
    /// cursor; and the cursor of the next page, if there may be one.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn page(
        &mut self,
        access: &Access,
        span: Span,
        after: Option<&ExportCursor>,
        limit: u32,
    ) -> Result<(Vec<Exported>, Option<ExportCursor>), CatalogError> {
        super::page(&mut self.tx, (access, span), "", after, limit).await
    }

    /// What of a span is not among those lines.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn missing(&mut self, access: &Access, span: Span) -> Result<Missing, CatalogError> {
        super::missing(&mut self.tx, access, span).await
    }

    /// Lines of a closed month that exist for a caller and may be told to them, after the cursor; and the cursor of the
    /// next page, if there may be one.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn period_page(
        &mut self,
        access: &Access,
        period: &Period,
        part: PeriodPart,
        after: Option<&PeriodCursor>,
        limit: u32,
    ) -> Result<(Vec<PeriodLine>, Option<PeriodCursor>), CatalogError> {
        periods::page(&mut self.tx, (access, period), part, after, limit).await
    }

    /// What of a closed month is not among those lines: of its frozen ones what was missing when it was closed, as far as the
    /// caller may know; of what came or changed since, what is missing now.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn period_missing(
        &mut self,
        access: &Access,
        period: &Period,
        part: PeriodPart,
    ) -> Result<Missing, CatalogError> {
        periods::missing(&mut self.tx, (access, period), part).await
    }

    /// A page of a list, as [`Catalog::documents`] gives it.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn documents(
        &mut self,
        filter: &DocumentFilter,
        after: Option<&DocumentCursor>,
        limit: u32,
    ) -> Result<Page<Document, DocumentCursor>, CatalogError> {
        documents::page(&mut self.tx, filter, after, limit).await
    }

    /// What of a list is not among its filed ones, whatever status it is narrowed to.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn missing_of(&mut self, filter: &DocumentFilter) -> Result<Missing, CatalogError> {
        documents::missing(&mut self.tx, filter).await
    }

    /// The documents of which the last decision can still be taken back: few, for seconds each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held(&mut self) -> Result<HashSet<DocumentId>, CatalogError> {
        documents::held(&mut self.tx).await
    }
}
