//! The lines of a closed month, those that came late, and its adjustments: a page at a time, as a caller may have them.

use time::OffsetDateTime;
use uuid::Uuid;

use super::Period;
use crate::{
    access::{Access, Sensitivity},
    error::CatalogError,
    export::{self, ExportCursor, Line},
    names::{at, json, word, words},
    sql::Tx,
};

words! {
    /// What of a closed month.
    PeriodPart, "part" {
        /// The lines that were frozen.
        Rows = "rows",
        /// Documents of the month that were filed after it was closed.
        Late = "late",
        /// What became of its lines since.
        Adjustments = "adjustments",
    }
}

words! {
    /// How a line came to be there.
    Entry, "entry" {
        /// Frozen when the month was closed.
        Closed = "closed",
        /// Filed afterwards.
        Late = "late",
        /// Taken back: its amounts have the other sign.
        Reversal = "reversal",
        /// Said anew.
        Restated = "restated",
    }
}

/// A line of a closed month.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodLine {
    /// How it came to be there.
    pub entry: Entry,
    /// When, of what came afterwards.
    pub at: Option<OffsetDateTime>,
    /// The line.
    pub line: Line,
    /// Its text as it was frozen, of which the hash is made.
    pub text: Option<String>,
    /// Whether the view of it is to be written down.
    pub sensitivity: Sensitivity,
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeriodCursor {
    /// Among rows or adjustments.
    At(i64),
    /// Among the late.
    Late(ExportCursor),
}

impl PeriodCursor {
    fn number(after: Option<&Self>) -> i64 {
        match after {
            Some(Self::At(n)) => *n,
            _ => -1,
        }
    }
}

type Page = (Vec<PeriodLine>, Option<PeriodCursor>);

async fn rows(
    tx: &mut Tx,
    access: &Access,
    period: Uuid,
    after: Option<&PeriodCursor>,
    limit: i64,
) -> Result<Page, CatalogError> {
    let text = format!(
        "SELECT p.position, p.line, d.sensitivity FROM period_rows p JOIN documents d ON d.id = p.document_id \
         WHERE p.period_id = $1 AND p.position > $2 AND {} AND {} ORDER BY p.position LIMIT $3",
        access.reach(tx, "d"),
        access.told("d")
    );
    let found = all!(
        tx,
        (i64, String, String),
        sqlx::AssertSqlSafe(text.clone()),
        period,
        PeriodCursor::number(after),
        limit
    )?;
    let next = found.last().filter(|_| found.len() as i64 == limit).map(|row| PeriodCursor::At(row.0));
    let lines = found.into_iter().map(|(_, text, sensitivity)| {
        Ok(PeriodLine {
            entry: Entry::Closed,
            at: None,
            line: json("period_rows", "line", &text)?,
            text: Some(text),
            sensitivity: word("documents", "sensitivity", &sensitivity)?,
        })
    });
    Ok((lines.collect::<Result<_, CatalogError>>()?, next))
}

async fn late(
    tx: &mut Tx,
    access: &Access,
    period: &Period,
    after: Option<&PeriodCursor>,
    limit: u32,
) -> Result<Page, CatalogError> {
    let after = match after {
        Some(PeriodCursor::Late(cursor)) => Some(cursor),
        _ => None,
    };
    let id = crate::access::literal(tx, period.id);
    let besides = format!(
        " AND NOT EXISTS (SELECT 1 FROM period_rows p WHERE p.document_id = d.id AND p.period_id = {id})"
    );
    let (lines, next) = export::page(tx, (access, period.month.span()), &besides, after, limit).await?;
    let lines = lines.into_iter().map(|exported| PeriodLine {
        entry: Entry::Late,
        at: exported.line.filed_at,
        line: exported.line,
        text: None,
        sensitivity: exported.sensitivity,
    });
    Ok((lines.collect(), next.map(PeriodCursor::Late)))
}

type AdjustmentRow = (i64, i64, Option<String>, Option<String>, String);

async fn adjustments(
    tx: &mut Tx,
    access: &Access,
    period: Uuid,
    after: Option<&PeriodCursor>,
    limit: i64,
) -> Result<Page, CatalogError> {
    let text = format!(
        "SELECT a.seq, a.at, a.was, a.becomes, d.sensitivity \
         FROM period_adjustments a JOIN documents d ON d.id = a.document_id \
         WHERE a.period_id = $1 AND a.seq > $2 AND {} AND {} ORDER BY a.seq LIMIT $3",
        access.reach(tx, "d"),
        access.told("d")
    );
    let found = all!(
        tx,
        AdjustmentRow,
        sqlx::AssertSqlSafe(text.clone()),
        period,
        PeriodCursor::number(after),
        limit
    )?;
    let next = found.last().filter(|_| found.len() as i64 == limit).map(|row| PeriodCursor::At(row.0));
    let mut lines = Vec::with_capacity(found.len() * 2);
    for (_, when, was, becomes, sensitivity) in found {
        for (entry, text) in [(Entry::Reversal, was), (Entry::Restated, becomes)] {
            let Some(text) = text else { continue };
            let line: Line = json("period_adjustments", "was", &text)?;
            lines.push(PeriodLine {
                entry,
                at: Some(at("period_adjustments", "at", when)?),
                line: if entry == Entry::Reversal { line.reversed() } else { line },
                text: None,
                sensitivity: word("documents", "sensitivity", &sensitivity)?,
            });
        }
    }
    Ok((lines, next))
}

/// Lines of a closed month that exist for a caller and may be told to them, after the cursor; and the cursor of the next
/// page, if there may be one.
pub(crate) async fn page(
    tx: &mut Tx,
    (access, period): (&Access, &Period),
    part: PeriodPart,
    after: Option<&PeriodCursor>,
    limit: u32,
) -> Result<Page, CatalogError> {
    let most = i64::from(limit.clamp(1, 5_000));
    match part {
        PeriodPart::Rows => rows(tx, access, period.id, after, most).await,
        PeriodPart::Late => late(tx, access, period, after, limit).await,
        PeriodPart::Adjustments => adjustments(tx, access, period.id, after, most).await,
    }
}
