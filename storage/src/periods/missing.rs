//! What of a closed month is not among the lines that a caller gets of it.

use super::{LATE, Period, PeriodPart};
use crate::{
    access::Access,
    error::CatalogError,
    export::{self, Missing},
    names::{micros, number},
    sql::Tx,
};

/// Of the frozen lines what was missing when the month was closed; of what came or changed since, what is missing now. What
/// was missing then was counted of all documents: whoever does not see all is told of what is missing now of what they reach,
/// and of what of it waited then and came late.
pub(crate) async fn missing(
    tx: &mut Tx,
    (access, period): (&Access, &Period),
    part: PeriodPart,
) -> Result<Missing, CatalogError> {
    if part == PeriodPart::Rows && access.sees_all() {
        return Ok(period.totals.missing);
    }
    let mut missing = export::missing(tx, access, period.month.span()).await?;
    if part == PeriodPart::Rows {
        missing.waiting += count_that_waited(tx, access, period).await?;
    }
    // Which days they are of is not told, so they are counted by when they came. What has left the books since is in no such
    // count, and its line is kept from the caller all the same.
    if missing.withheld == 0 && keeps_a_line(tx, access, period, part).await? {
        missing.withheld = 1;
    }
    Ok(missing)
}

/// Late documents that had come when the month was closed.
async fn count_that_waited(tx: &mut Tx, access: &Access, period: &Period) -> Result<u64, CatalogError> {
    let text = format!(
        "SELECT COUNT(*) FROM period_adjustments a JOIN documents d ON d.id = a.document_id \
         WHERE a.period_id = $1 AND a.reason = '{LATE}' AND d.received_at <= $2 AND {} AND {}",
        access.reach(tx, "d"),
        access.told("d")
    );
    let (count,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), period.id, micros(period.closed_at))?;
    number("period_adjustments", "seq", count)
}

/// Whether there is a line in the caller's reach that may not be told to them.
async fn keeps_a_line(
    tx: &mut Tx,
    access: &Access,
    period: &Period,
    part: PeriodPart,
) -> Result<bool, CatalogError> {
    if access.sees_ids() {
        return Ok(false);
    }
    let (entries, which) = match part {
        PeriodPart::Rows => ("period_rows", String::new()),
        PeriodPart::Late => ("period_adjustments", format!(" AND p.reason = '{LATE}'")),
        PeriodPart::Adjustments => ("period_adjustments", format!(" AND p.reason <> '{LATE}'")),
    };
    let text = format!(
        "SELECT 1 FROM {entries} p JOIN documents d ON d.id = p.document_id \
         WHERE p.period_id = $1{which} AND NOT ({}) AND {} LIMIT 1",
        access.told("d"),
        access.reach(tx, "d")
    );
    Ok(optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()), period.id)?.is_some())
}
