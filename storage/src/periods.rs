//! Closed months. Closing freezes a month's lines and a hash over them; what comes or changes afterwards is said beside
//! them, dated, and never rewrites them: documents that are filed late, and adjustments of those that were there or came.
//!
//! Every change of a document writes an event, those of many at once too, and `adjust` runs with each: a late document's line
//! is frozen as it came, and what accounting would now book otherwise is taken back and said anew, in the transaction of the
//! change.

mod late;
mod missing;
mod page;

use std::{collections::BTreeMap, fmt, str::FromStr};

use acuse_pipeline::document::Sha256;
use serde::Serialize;
use sha2::Digest;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

pub(crate) use missing::missing;
pub(crate) use page::page;
pub use page::{Entry, PeriodCursor, PeriodLine, PeriodPart};

use crate::{
    access::Access,
    audit,
    catalog::Catalog,
    error::CatalogError,
    export::{self, Exported, Line, Missing, Span, Sums, Totals},
    names::{DocumentId, at, json, micros, sha256, to_json},
    sql::Tx,
};

/// A month of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: Date,
}

/// What is no month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a month: write e.g. 2026-05")]
pub struct NotAMonth;

impl Month {
    /// Its days, by the date on the paper.
    #[must_use]
    pub fn span(self) -> Span {
        Span::dated(Some(self.first), Some(self.end()))
    }

    /// The first day of the next month.
    #[must_use]
    pub fn end(self) -> Date {
        let (year, month) = (self.first.year(), self.first.month());
        let year = if month == time::Month::December { year + 1 } else { year };
        Date::from_calendar_date(year, month.next(), 1).unwrap_or(Date::MAX)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let (year, month) = text.split_once('-').ok_or(NotAMonth)?;
        let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(NotAMonth);
        }
        let month: u8 = month.parse().map_err(|_| NotAMonth)?;
        let month = time::Month::try_from(month).map_err(|_| NotAMonth)?;
        let year = year.parse().map_err(|_| NotAMonth)?;
        let first = Date::from_calendar_date(year, month, 1).map_err(|_| NotAMonth)?;
        Ok(Self { first })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), u8::from(self.first.month()))
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// A closed month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Period {
    /// Its id.
    pub id: Uuid,
    /// Which month.
    pub month: Month,
    /// When it was closed.
    #[serde(with = "time::serde::rfc3339")]
    pub closed_at: OffsetDateTime,
    /// By whom.
    pub closed_by: String,
    /// By whose clock it was over; none of a month that was closed when all went by UTC.
    pub zone: Option<String>,
    /// Over its lines, each as JSON and a line feed, in their order.
    pub sha256: Sha256,
    /// Over the SHA-256 of each line (its JSON, without the line feed), in their order: it can still be made when one of them
    /// was erased, of which its hash is kept. None of a month that was closed before there was one.
    pub lines_sha256: Option<Sha256>,
    /// Rows and sums then, and what was missing then.
    pub totals: Totals,
}

/// What became of a wish to close a month.
#[derive(Debug, Clone, PartialEq)]
pub enum Closing {
    /// It is closed now.
    Closed(Period),
    /// It was closed before.
    Already(Period),
    /// It is not over yet.
    NotOver,
    /// Something of it is missing, and nobody said to close it all the same.
    Incomplete(Box<Totals>),
}

/// What came to a closed month afterwards.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Afterwards {
    /// Documents that were filed later.
    pub late: Sums,
    /// What adjustments take back and say anew.
    pub adjustments: Sums,
    /// What is of the month, or could be, and waits now.
    pub missing: Missing,
}

/// Lines written at once.
const CHUNK: u32 = 1_000;

type PeriodRow = (Uuid, String, i64, String, String, Vec<u8>, Option<Vec<u8>>, Option<String>);

const COLUMNS: &str = "id, month, closed_at, closed_by, totals, sha256, lines_sha256, zone";

/// Why an adjustment is there that is none: the line of a document as it was when it came to a month that was closed.
pub(crate) const LATE: &str = "late";

fn period(row: PeriodRow) -> Result<Period, CatalogError> {
    let (id, month, closed_at, closed_by, totals, hash, of_lines, zone) = row;
    Ok(Period {
        id,
        month: month.parse().map_err(|error: NotAMonth| CatalogError::ImpossibleRow {
            table: "periods",
            column: "month",
            why: error.to_string(),
        })?,
        closed_at: at("periods", "closed_at", closed_at)?,
        closed_by,
        zone,
        sha256: sha256("periods", "sha256", &hash)?,
        lines_sha256: of_lines.map(|hash| sha256("periods", "lines_sha256", &hash)).transpose()?,
        totals: json("periods", "totals", &totals)?,
    })
}

async fn of_month(tx: &mut Tx, month: Month) -> Result<Option<Period>, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM periods WHERE month = $1");
    optional!(tx, PeriodRow, sqlx::AssertSqlSafe(text.clone()), month.to_string())?.map(period).transpose()
}

/// What was frozen.
struct Frozen {
    sums: Sums,
    /// Over the lines.
    sha256: Sha256,
    /// Over the hash of each.
    lines_sha256: Sha256,
}

/// Writes the lines of a month; their sums, and the hashes over them.
async fn freeze(tx: &mut Tx, id: Uuid, month: Month) -> Result<Frozen, CatalogError> {
    let (mut hash, mut of_lines) = (sha2::Sha256::new(), sha2::Sha256::new());
    let (mut sums, mut position) = (Sums::default(), 0_i64);
    let mut after = None;
    loop {
        let access = Access::whole();
        let (lines, next) = export::page(tx, (&access, month.span()), "", after.as_ref(), CHUNK).await?;
        let mut rows = Vec::with_capacity(lines.len());
        for Exported { line, .. } in lines {
            let text = to_json("line", &line)?;
            hash.update(text.as_bytes());
            hash.update(b"\n");
            of_lines.update(Sha256::of(text.as_bytes()).0);
            sums.add(&line);
            rows.push((position, line.document_id.0, text));
            position += 1;
        }
        insert!(
            tx,
            "INSERT INTO period_rows (period_id, position, document_id, line) VALUES ",
            4,
            "",
            &rows,
            |q, (position, document, text)| q.bind(id).bind(*position).bind(*document).bind(text.as_str())
        )?;
        match next {
            Some(next) => after = Some(next),
            None => {
                let (sha256, lines_sha256) =
                    (Sha256(hash.finalize().into()), Sha256(of_lines.finalize().into()));
                return Ok(Frozen { sums, sha256, lines_sha256 });
            }
        }
    }
}

/// What a document is now to the closed months that know it, and to the one that it is of: a line that comes late is frozen,
/// and where accounting would book another than was last said, that is taken back and said anew.
pub(crate) async fn adjust(tx: &mut Tx, id: DocumentId, event: &str) -> Result<(), CatalogError> {
    // A month that is being closed at this moment is waited for; see `close`.
    let sql = tx.pick(
        "SELECT period_id, line FROM period_rows WHERE document_id = $1",
        "SELECT period_id, line FROM period_rows WHERE document_id = $1 FOR KEY SHARE",
    );
    let frozen = all!(tx, (Uuid, String), sql, id.0)?;
    let mut last: BTreeMap<Uuid, Option<String>> =
        frozen.into_iter().map(|(period, line)| (period, Some(line))).collect();
    let said = "SELECT period_id, becomes FROM period_adjustments WHERE document_id = $1 ORDER BY seq";
    last.extend(all!(tx, (Uuid, Option<String>), said, id.0)?);
    let late = late::month_of(tx, id).await?.filter(|period| !last.contains_key(period));
    last.extend(late.map(|period| (period, None)));
    if last.is_empty() {
        return Ok(());
    }
    // What can still be taken back is not so yet: the end of its hold tells it.
    if optional!(tx, (i32,), "SELECT 1 FROM holds WHERE document_id = $1", id.0)?.is_some() {
        return Ok(());
    }
    for (period, was) in last {
        let reason =
            if late == Some(period) { LATE } else { event.strip_prefix("document.").unwrap_or(event) };
        say(tx, (period, id), was, reason).await?;
    }
    Ok(())
}

/// Writes down what became of a document in a month, unless it is as was last said.
async fn say(
    tx: &mut Tx,
    (period_id, id): (Uuid, DocumentId),
    was: Option<String>,
    reason: &str,
) -> Result<(), CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM periods WHERE id = $1");
    let of = period(one!(tx, PeriodRow, sqlx::AssertSqlSafe(text.clone()), period_id)?)?;
    let before: Option<Line> = was.as_deref().map(|line| json("period_rows", "line", line)).transpose()?;
    let becomes = export::line_of(tx, id, of.month.span()).await?;
    let same = match (&before, &becomes) {
        (Some(before), Some(becomes)) => !before.differs(becomes),
        (before, becomes) => before.is_none() && becomes.is_none(),
    };
    if same {
        return Ok(());
    }
    let present = tx.now();
    execute!(
        tx,
        "INSERT INTO period_adjustments (period_id, document_id, at, reason, was, becomes) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        period_id,
        id.0,
        micros(present),
        reason,
        was,
        becomes.map(|line| to_json("line", &line)).transpose()?
    )
    .map(drop)
}

impl Catalog {
    /// Closes a month that is over at `present`, where the house is: its lines are frozen and hashed. One of which something
    /// is missing is closed only when `despite` says so.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn close_period(
        &self,
        month: Month,
        by: &str,
        despite: bool,
        present: OffsetDateTime,
    ) -> Result<Closing, CatalogError> {
        let clock = self.house().await?.clock().cloned().unwrap_or_default();
        if clock.moment(month.end(), 0) > present {
            return Ok(Closing::NotOver);
        }
        let zone = clock.name();
        let mut tx = self.writing().await?;
        if !tx.is_sqlite() {
            // All lines are of one instant, and whatever changes a document waits or is seen: `adjust` takes the
            // other side of this lock, and the snapshot is taken after it.
            execute!(tx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
            execute!(tx, "LOCK TABLE period_rows IN EXCLUSIVE MODE")?;
        }
        if let Some(closed) = of_month(&mut tx, month).await? {
            return Ok(Closing::Already(closed));
        }
        let id = Uuid::now_v7();
        execute!(
            tx,
            "INSERT INTO periods (id, month, closed_at, closed_by, totals, sha256, zone) \
             VALUES ($1, $2, $3, $4, '{}', $5, $6)",
            id,
            month.to_string(),
            micros(present),
            by,
            &[][..] as &[u8],
            zone.as_str()
        )?;
        let Frozen { sums, sha256, lines_sha256 } = freeze(&mut tx, id, month).await?;
        let missing = export::missing(&mut tx, &Access::whole(), month.span()).await?;
        let totals = Totals::new(sums, missing);
        if !totals.complete && !despite {
            return Ok(Closing::Incomplete(Box::new(totals)));
        }
        execute!(
            tx,
            "UPDATE periods SET totals = $2, sha256 = $3, lines_sha256 = $4 WHERE id = $1",
            id,
            to_json("totals", &totals)?,
            &sha256.0[..],
            &lines_sha256.0[..]
        )?;
        let detail = serde_json::json!({
            "period_id": id, "month": month, "rows": totals.sums.rows, "sha256": sha256, "missing": totals.missing,
        });
        audit::write(&mut tx, by, "period_closed", None, &detail).await?;
        tx.commit().await?;
        Ok(Closing::Closed(Period {
            id,
            month,
            closed_at: present,
            closed_by: by.to_owned(),
            zone: Some(zone),
            sha256,
            lines_sha256: Some(lines_sha256),
            totals,
        }))
    }

    /// The closed months, the latest first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn periods(&self) -> Result<Vec<Period>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!("SELECT {COLUMNS} FROM periods ORDER BY month DESC LIMIT 1200");
        all!(tx, PeriodRow, sqlx::AssertSqlSafe(text.clone()))?.into_iter().map(period).collect()
    }

    /// A closed month, if it is closed.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn period(&self, month: Month) -> Result<Option<Period>, CatalogError> {
        let mut tx = self.reading().await?;
        of_month(&mut tx, month).await
    }

    /// What came to a closed month since.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn period_afterwards(&self, period: &Period) -> Result<Afterwards, CatalogError> {
        let access = Access::whole();
        // Looking at a month is no export, and waits for none.
        let mut tx = self.reading_one_instant().await?;
        let missing = export::missing(&mut tx, &access, period.month.span()).await?;
        let mut afterwards = Afterwards { missing, ..Afterwards::default() };
        for (part, sums) in
            [(PeriodPart::Late, &mut afterwards.late), (PeriodPart::Adjustments, &mut afterwards.adjustments)]
        {
            let mut after = None;
            loop {
                let (lines, next) = page(&mut tx, (&access, period), part, after.as_ref(), CHUNK).await?;
                for line in &lines {
                    sums.add(&line.line);
                }
                match next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(afterwards)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_a_month() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!((month.to_string(), month.end().to_string()), ("2026-12".into(), "2027-01-01".into()));
        for bad in ["2026-13", "2026-1", "26-01", "2026-00", "2026-05-01", "", "+026-05"] {
            assert_eq!(bad.parse::<Month>(), Err(NotAMonth), "{bad:?}");
        }
    }
}
