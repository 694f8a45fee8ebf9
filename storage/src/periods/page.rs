//! The lines of a closed month, those that came late, and its adjustments: a page at a time, as a caller may have them.

use acuse_pipeline::document::Sha256;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{LATE, Period, late};
use crate::{
    access::{Access, Sensitivity},
    error::CatalogError,
    export::{ExportCursor, Line},
    names::{at, json, sha256, word, words},
    sql::Tx,
};

words! {
    /// What of a closed month.
    PeriodPart, "part" {
        /// The lines that were frozen.
        Rows = "rows",
        /// Documents of the month that were filed after it was closed, as they were when they came.
        Late = "late",
        /// What became of either since.
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
    /// The SHA-256 of that text as it was, where the line was erased since; of one that came late, of its JSON.
    pub erased: Option<Sha256>,
    /// Whether the view of it is to be written down.
    pub sensitivity: Sensitivity,
}

impl PeriodLine {
    /// Its text as it was frozen; of an erased one, where whoever asks may have hashes, with that of what it was
    /// (`erased_sha256`), so that the hash over the lines' hashes can still be made.
    #[must_use]
    pub fn frozen(&self, with_hash: bool) -> Option<String> {
        let text = self.text.as_deref()?;
        let erased = self.erased.filter(|_| with_hash).zip(text.strip_prefix('{'));
        Some(match erased {
            Some((hash, members)) => format!("{{\"erased_sha256\":\"{hash}\",{members}"),
            None => text.to_owned(),
        })
    }
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeriodCursor {
    /// Among what was frozen or said.
    At(i64),
    /// Among the late of which nothing was said yet.
    Unsaid(ExportCursor),
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

/// What a line was, of which that was erased.
fn erased_hash(table: &'static str, hash: Option<Vec<u8>>) -> Result<Option<Sha256>, CatalogError> {
    hash.map(|hash| sha256(table, "erased_sha256", &hash)).transpose()
}

type FrozenRow = (i64, String, Option<Vec<u8>>, String);

async fn rows(
    tx: &mut Tx,
    access: &Access,
    period: Uuid,
    after: Option<&PeriodCursor>,
    limit: i64,
) -> Result<Page, CatalogError> {
    let text = format!(
        "SELECT p.position, p.line, p.erased_sha256, d.sensitivity FROM period_rows p JOIN documents d ON d.id = p.document_id \
         WHERE p.period_id = $1 AND p.position > $2 AND {} AND {} ORDER BY p.position LIMIT $3",
        access.reach(tx, "d"),
        access.told("d")
    );
    let found =
        all!(tx, FrozenRow, sqlx::AssertSqlSafe(text.clone()), period, PeriodCursor::number(after), limit)?;
    let next = found.last().filter(|_| found.len() as i64 == limit).map(|row| PeriodCursor::At(row.0));
    let lines = found.into_iter().map(|(_, text, erased, sensitivity)| {
        Ok(PeriodLine {
            entry: Entry::Closed,
            at: None,
            line: json("period_rows", "line", &text)?,
            text: Some(text),
            erased: erased_hash("period_rows", erased)?,
            sensitivity: word("documents", "sensitivity", &sensitivity)?,
        })
    });
    Ok((lines.collect::<Result<_, CatalogError>>()?, next))
}

/// As each came; then those of which nothing was said yet, for a version before this one booked them.
async fn late(
    tx: &mut Tx,
    access: &Access,
    period: &Period,
    after: Option<&PeriodCursor>,
    limit: u32,
) -> Result<Page, CatalogError> {
    let (mut lines, after) = match after {
        Some(PeriodCursor::Unsaid(after)) => (Vec::new(), Some(after)),
        _ => {
            let (found, next) = said(tx, (access, period.id), "=", after, i64::from(limit)).await?;
            let lines = found
                .into_iter()
                .filter_map(|row| one_of(Entry::Late, row.1, row.3, (&row.4, row.5)).transpose());
            let lines = lines.collect::<Result<Vec<_>, CatalogError>>()?;
            if next.is_some() {
                return Ok((lines, next));
            }
            (lines, None)
        }
    };
    // None of those frozen fills a page by itself here, so there is room.
    let room = limit.saturating_sub(u32::try_from(lines.len()).unwrap_or(u32::MAX)).max(1);
    let (unsaid, next) = late::unsaid(tx, (access, period), after, room).await?;
    lines.extend(unsaid.into_iter().map(|exported| PeriodLine {
        entry: Entry::Late,
        at: exported.line.filed_at,
        line: exported.line,
        text: None,
        erased: None,
        sensitivity: exported.sensitivity,
    }));
    Ok((lines, next.map(PeriodCursor::Unsaid)))
}

type AdjustmentRow = (i64, i64, Option<String>, Option<String>, String, Option<Vec<u8>>);

/// What was said of a month since, whose reason `is` (or is not) that it came late.
async fn said(
    tx: &mut Tx,
    (access, period): (&Access, Uuid),
    is: &str,
    after: Option<&PeriodCursor>,
    limit: i64,
) -> Result<(Vec<AdjustmentRow>, Option<PeriodCursor>), CatalogError> {
    let text = format!(
        "SELECT a.seq, a.at, a.was, a.becomes, d.sensitivity, a.erased_sha256 \
         FROM period_adjustments a JOIN documents d ON d.id = a.document_id \
         WHERE a.period_id = $1 AND a.seq > $2 AND a.reason {is} '{LATE}' AND {} AND {} ORDER BY a.seq LIMIT $3",
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
    Ok((found, next))
}

/// One line of what was said, if it says one.
fn one_of(
    entry: Entry,
    when: i64,
    text: Option<String>,
    (sensitivity, erased): (&str, Option<Vec<u8>>),
) -> Result<Option<PeriodLine>, CatalogError> {
    let Some(text) = text else { return Ok(None) };
    let line: Line = json("period_adjustments", "becomes", &text)?;
    Ok(Some(PeriodLine {
        entry,
        at: Some(at("period_adjustments", "at", when)?),
        line: if entry == Entry::Reversal { line.reversed() } else { line },
        text: None,
        erased: erased_hash("period_adjustments", erased)?,
        sensitivity: word("documents", "sensitivity", sensitivity)?,
    }))
}

async fn adjustments(
    tx: &mut Tx,
    access: &Access,
    period: Uuid,
    after: Option<&PeriodCursor>,
    limit: i64,
) -> Result<Page, CatalogError> {
    let (found, next) = said(tx, (access, period), "<>", after, limit).await?;
    let mut lines = Vec::with_capacity(found.len() * 2);
    for (_, when, was, becomes, sensitivity, _) in found {
        for (entry, text) in [(Entry::Reversal, was), (Entry::Restated, becomes)] {
            lines.extend(one_of(entry, when, text, (&sensitivity, None))?);
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
    let limit = limit.clamp(1, 5_000);
    let most = i64::from(limit);
    match part {
        PeriodPart::Rows => rows(tx, access, period.id, after, most).await,
        PeriodPart::Late => late(tx, access, period, after, limit).await,
        PeriodPart::Adjustments => adjustments(tx, access, period.id, after, most).await,
    }
}
