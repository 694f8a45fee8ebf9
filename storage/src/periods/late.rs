//! Documents of a closed month that came afterwards. Each one's line is frozen when it is first booked, as an adjustment
//! that takes nothing back (`LATE`); what becomes of it since is an adjustment as of any other line.

use uuid::Uuid;

use super::{COLUMNS, LATE, Period, PeriodRow, period};
use crate::{
    access::{Access, literal},
    backfills,
    catalog::Catalog,
    error::CatalogError,
    export::{self, ExportCursor, Exported, IN_THE_BOOKS},
    names::{DocumentId, micros, to_json},
    sql::Tx,
};

/// The backfill of late lines.
const LATE_LINES: &str = "late_lines";
/// Lines frozen at once.
const CHUNK: u32 = 1_000;

/// The closed month that a document of the books is dated in.
pub(super) async fn month_of(tx: &mut Tx, id: DocumentId) -> Result<Option<Uuid>, CatalogError> {
    let text = format!(
        "SELECT p.id FROM documents d JOIN periods p \
         ON p.month = SUBSTR(d.doc_date, 1, 4) || '-' || SUBSTR(d.doc_date, 5, 2) WHERE d.id = $1 AND {IN_THE_BOOKS}"
    );
    let row = optional!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), id.0)?;
    Ok(row.map(|(period,)| period))
}

/// Documents of a month's books of which it says nothing yet.
pub(super) async fn unsaid(
    tx: &mut Tx,
    (access, period): (&Access, &Period),
    after: Option<&ExportCursor>,
    limit: u32,
) -> Result<(Vec<Exported>, Option<ExportCursor>), CatalogError> {
    let id = literal(tx, period.id);
    let besides = format!(
        " AND NOT EXISTS (SELECT 1 FROM period_rows p WHERE p.document_id = d.id AND p.period_id = {id}) \
         AND NOT EXISTS (SELECT 1 FROM period_adjustments a WHERE a.document_id = d.id AND a.period_id = {id})"
    );
    export::page(tx, (access, period.month.span()), &besides, after, limit).await
}

impl Catalog {
    /// Freezes, once, the lines that had come late to months closed before such lines were frozen. Part of bringing the
    /// tables up to date, or the next change of each of them would leave no trace.
    pub(crate) async fn freeze_late_lines(&self) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        if backfills::place(&mut tx, LATE_LINES).await?.is_none() {
            return Ok(());
        }
        let text = format!("SELECT {COLUMNS} FROM periods ORDER BY month");
        for row in all!(tx, PeriodRow, sqlx::AssertSqlSafe(text.clone()))? {
            freeze_late(&mut tx, &period(row)?).await?;
        }
        backfills::moved(&mut tx, LATE_LINES, &[]).await?;
        tx.commit().await
    }
}

async fn freeze_late(tx: &mut Tx, period: &Period) -> Result<(), CatalogError> {
    let access = Access::whole();
    loop {
        // What was frozen is said now, so the next page begins where this one did.
        let (lines, _) = unsaid(tx, (&access, period), None, CHUNK).await?;
        if lines.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(lines.len());
        for Exported { line, .. } in lines {
            let at = micros(line.filed_at.unwrap_or(line.received_at));
            rows.push((line.document_id.0, at, to_json("line", &line)?));
        }
        insert!(
            tx,
            "INSERT INTO period_adjustments (period_id, document_id, at, reason, becomes) VALUES ",
            5,
            "",
            &rows,
            |q, (document, at, text)| q
                .bind(period.id)
                .bind(*document)
                .bind(*at)
                .bind(LATE)
                .bind(text.as_str())
        )?;
    }
}
