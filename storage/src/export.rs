//! What is in the books, line by line, for accounting: the one engine behind every export.
//!
//! [`Books`] are the database at one instant: [`Books::page`] gives the lines a page at a time by key, so that a year is
//! never in memory, and [`Books::missing`] counts what stands beside them at that same instant. All of it passes [`Access`]: what is withheld from the caller
//! is no line, and is counted without looking at its date, or the count would tell it.

mod books;
mod exact;
mod line;
mod totals;

use acuse_conversation::Clock;
use acuse_pipeline::{document::Kind, fields::Fields};
use time::Date;
use uuid::Uuid;

pub use books::Books;
pub use exact::Exact;
pub use line::{Around, Line, TaxLine};
pub use totals::{CurrencySums, Missing, Sums, Totals};

use crate::{
    access::{Access, Sensitivity},
    error::CatalogError,
    names::{CustomerId, DocumentId, EntityId, at, json, maybe_at, micros, number, word, words},
    sql::Tx,
    tallies::DAY,
};

words! {
    /// By which date a span takes its documents.
    By, "by" {
        /// The date on the paper.
        IssueDate = "issue_date",
        /// When it came.
        Received = "received",
    }
}

/// A span of days: from one (included) to another (not included).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// By which date.
    pub by: By,
    /// The first day.
    pub from: Option<Date>,
    /// The day after the last.
    pub to: Option<Date>,
    /// When the first day begins and the day after the last, in a row's microseconds.
    moments: (i64, i64),
}

impl Span {
    /// Days on the paper, which are of no place; what could be of them is counted by UTC, from a day before.
    #[must_use]
    pub fn dated(from: Option<Date>, to: Option<Date>) -> Self {
        Self::of(By::IssueDate, (from, to), &Clock::default())
    }

    /// Days on which something came, as this clock counts them.
    #[must_use]
    pub fn received(from: Option<Date>, to: Option<Date>, clock: &Clock) -> Self {
        Self::of(By::Received, (from, to), clock)
    }

    fn of(by: By, (from, to): (Option<Date>, Option<Date>), clock: &Clock) -> Self {
        let at = |day: Date| micros(clock.moment(day, 0));
        Self { by, from, to, moments: (from.map_or(i64::MIN, at), to.map_or(i64::MAX, at)) }
    }

    /// The same as the dates of rows stand, digits only.
    pub(crate) fn days(&self) -> (String, String) {
        let text = |day: Date| format!("{:04}{:02}{:02}", day.year(), u8::from(day.month()), day.day());
        (self.from.map_or_else(|| "0".to_owned(), text), self.to.map_or_else(|| "99999999".to_owned(), text))
    }
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportCursor {
    day: String,
    moment: i64,
    id: Uuid,
}

/// One document of the books.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// What accounting takes of it.
    pub line: Line,
    /// All that was read of it.
    pub fields: Fields,
    /// Whether the view of it is to be written down.
    pub sensitivity: Sensitivity,
}

macro_rules! unheld {
    () => {
        "NOT EXISTS (SELECT 1 FROM holds h WHERE h.document_id = d.id)"
    };
}

/// No decision on a document can still be taken back: until then, whoever counts does not hear of it.
pub(crate) const UNHELD: &str = unheld!();

/// What a document of the books is: filed, no copy, a bill, and no decision on it that can still be taken back.
pub(crate) const IN_THE_BOOKS: &str = concat!(
    "d.status = 'filed' AND d.duplicate_of IS NULL AND d.kind IN ('invoice', 'receipt') AND ",
    unheld!()
);

macro_rules! doubted_id {
    () => {
        "d.kind = 'id' AND d.sensitivity_by IS NULL \
         AND (COALESCE(d.id_probability, 0) < 0.9 OR d.findings LIKE '%\"multiple_documents\"%')"
    };
}

/// What was taken for an ID, and nobody who sees IDs said so, nor what only IDs have (a zone for machines, a code) or a
/// probability that is worth as much; or what holds an ID among other documents. It may be a bill, or hold one. So is the
/// index `documents_books_doubted`.
pub(crate) const DOUBTED_ID: &str = doubted_id!();

/// A bill, or what may be one.
pub(crate) const MAY_BE_A_BILL: &str = concat!("(d.kind IS NULL OR d.kind <> 'id' OR (", doubted_id!(), "))");

pub(crate) const COLUMNS: &str = "d.id, d.version, d.kind, d.fields, d.doc_date, d.customer_id, d.entity_id, \
     d.direction, d.source, d.received_at, d.filed_at, d.sensitivity";

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: Uuid,
    version: i64,
    kind: String,
    fields: String,
    doc_date: Option<String>,
    customer_id: Option<Uuid>,
    entity_id: Option<Uuid>,
    direction: Option<String>,
    source: String,
    received_at: i64,
    filed_at: Option<i64>,
    sensitivity: String,
}

const T: &str = "documents";

impl Row {
    fn cursor(&self) -> ExportCursor {
        ExportCursor { day: self.doc_date.clone().unwrap_or_default(), moment: self.received_at, id: self.id }
    }
}

impl TryFrom<Row> for Exported {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let fields: Fields = json(T, "fields", &row.fields)?;
        let around = Around {
            document_id: DocumentId(row.id),
            version: row.version,
            kind: word::<Kind>(T, "kind", &row.kind)?,
            customer_id: row.customer_id.map(CustomerId),
            entity_id: row.entity_id.map(EntityId),
            direction: row.direction,
            source: word(T, "source", &row.source)?,
            received_at: at(T, "received_at", row.received_at)?,
            filed_at: maybe_at(T, "filed_at", row.filed_at)?,
        };
        Ok(Self {
            line: Line::of(around, &fields),
            fields,
            sensitivity: word(T, "sensitivity", &row.sensitivity)?,
        })
    }
}

/// SQLite takes the index on status, which nearly every row has, unless it is told; PostgreSQL counts.
fn by_index(tx: &Tx, index: &str) -> String {
    if tx.is_sqlite() { format!(" INDEXED BY {index}") } else { String::new() }
}

/// A page of the books in a transaction; `besides` is one more condition on the rows, of ours.
pub(crate) async fn page(
    tx: &mut Tx,
    (access, span): (&Access, Span),
    besides: &str,
    after: Option<&ExportCursor>,
    limit: u32,
) -> Result<(Vec<Exported>, Option<ExportCursor>), CatalogError> {
    let (column, index) = match span.by {
        By::IssueDate => ("d.doc_date", "documents_books"),
        By::Received => ("d.received_at", "documents_books_received"),
    };
    let by = by_index(tx, index);
    let text = format!(
        "SELECT {COLUMNS} FROM documents d{by} WHERE ({column}, d.id) > ($1, $2) AND {column} < $3 AND {IN_THE_BOOKS} \
         AND {reach} AND {told}{besides} ORDER BY {column}, d.id LIMIT $4",
        reach = access.reach(tx, "d"),
        told = access.told("d")
    );
    let id = after.map_or(Uuid::nil(), |cursor| cursor.id);
    let limit = i64::from(limit.clamp(1, 5_000));
    let rows = match span.by {
        By::IssueDate => {
            let (from, to) = span.days();
            let from = after.map_or(from, |cursor| cursor.day.clone());
            all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), from.as_str(), id, to.as_str(), limit)?
        }
        By::Received => {
            let (from, to) = span.moments;
            let from = after.map_or(from, |cursor| cursor.moment);
            all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), from, id, to, limit)?
        }
    };
    let full = rows.len() as i64 == limit;
    let next = rows.last().filter(|_| full).map(Row::cursor);
    let lines = rows.into_iter().map(Exported::try_from).collect::<Result<_, _>>()?;
    Ok((lines, next))
}

/// The line of a document, if it is in the books and dated within the span, whoever asks.
pub(crate) async fn line_of(tx: &mut Tx, id: DocumentId, span: Span) -> Result<Option<Line>, CatalogError> {
    let text = format!(
        "SELECT {COLUMNS} FROM documents d WHERE d.id = $1 AND d.doc_date >= $2 AND d.doc_date < $3 AND {IN_THE_BOOKS}"
    );
    let (from, to) = span.days();
    let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0, from.as_str(), to.as_str())?;
    Ok(row.map(Exported::try_from).transpose()?.map(|exported| exported.line))
}

/// What of a span is not among the lines that a caller gets, in a transaction.
pub(crate) async fn missing(tx: &mut Tx, access: &Access, span: Span) -> Result<Missing, CatalogError> {
    let (waits, undated) = count_waiting(tx, access, span).await?;
    let held = count_held(tx, access, span).await?;
    let withheld = if access.sees_ids() { 0 } else { count_withheld(tx, access, span).await? };
    let filed_undated = if span.by == By::Received {
        0
    } else {
        let text = format!(
            "SELECT COUNT(*) FROM documents d{} WHERE d.doc_date IS NULL AND {IN_THE_BOOKS} AND {} AND {}",
            by_index(tx, "documents_books_undated"),
            access.reach(tx, "d"),
            access.told("d")
        );
        counted(one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()))?.0)?
    };
    Ok(Missing { waiting: waits + held, undated, held, withheld, filed_undated })
}

fn counted(count: i64) -> Result<u64, CatalogError> {
    number(T, "status", count)
}

/// SQL for "of this span": by its date where the date is known and may be told to the caller; what has none could be
/// of every span that begins before it came. A day is for papers dated in a time zone ahead of ours.
fn could_be_of(access: &Access, span: Span) -> String {
    let came = came_for(span);
    if span.by == By::Received {
        return came;
    }
    let (first, end) = span.days();
    let told = access.told("d");
    format!(
        "(CASE WHEN d.doc_date IS NOT NULL AND {told} THEN d.doc_date >= '{first}' AND d.doc_date < '{end}' \
         ELSE {came} END)"
    )
}

/// The same of what no date may be told of: only when it came counts.
fn came_for(span: Span) -> String {
    let (from, to) = span.moments;
    match span.by {
        By::Received => format!("(d.received_at >= {from} AND d.received_at < {to})"),
        By::IssueDate => format!("(d.received_at >= {})", from.saturating_sub(DAY)),
    }
}

/// No ID, by what it was taken for.
const NO_ID: &str = "(d.kind IS NULL OR d.kind <> 'id')";

/// Documents that wait, but for IDs; and those of them without a date that may be told. By the date on the paper each of the
/// two is a stretch of an index of its own, and not all that waits. What may be no ID after all has no date that says anything.
async fn count_waiting(tx: &mut Tx, access: &Access, span: Span) -> Result<(u64, u64), CatalogError> {
    let came = came_for(span);
    let doubted = format!("{DOUBTED_ID} AND {came}");
    let doubted = count_waiting_of(tx, access, "documents_books_doubted", &doubted).await?;
    let came = format!("{NO_ID} AND {came}");
    if span.by == By::Received {
        return Ok((count_waiting_of(tx, access, "documents_books_waiting", &came).await? + doubted, 0));
    }
    let told = access.told("d");
    let (first, end) = span.days();
    let dated = format!("{NO_ID} AND d.doc_date >= '{first}' AND d.doc_date < '{end}' AND {told}");
    let dated = count_waiting_of(tx, access, "documents_books_waiting_dated", &dated).await?;
    let undated = format!("(d.doc_date IS NULL OR NOT ({told})) AND {came}");
    let undated = count_waiting_of(tx, access, "documents_books_waiting", &undated).await?;
    Ok((dated + undated + doubted, undated + doubted))
}

async fn count_waiting_of(
    tx: &mut Tx,
    access: &Access,
    index: &str,
    which: &str,
) -> Result<u64, CatalogError> {
    let text = format!(
        "SELECT COUNT(*) FROM documents d{} \
         WHERE d.status IN ('received', 'processing', 'in_review') AND d.duplicate_of IS NULL \
         AND {UNHELD} AND {} AND {which}",
        by_index(tx, index),
        access.reach(tx, "d")
    );
    counted(one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()))?.0)
}

/// Decisions that can still be taken back, whatever they say. They are few, and come first: SQLite, which knows nothing of a
/// table that was empty when it last looked, would go through all documents for them.
async fn count_held(tx: &mut Tx, access: &Access, span: Span) -> Result<u64, CatalogError> {
    let text = format!(
        "SELECT COUNT(*) FROM holds h CROSS JOIN documents d WHERE d.id = h.document_id \
         AND {MAY_BE_A_BILL} AND d.duplicate_of IS NULL AND {} AND {}",
        access.reach(tx, "d"),
        could_be_of(access, span)
    );
    counted(one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()))?.0)
}

/// Of what is withheld the date is not told either.
async fn count_withheld(tx: &mut Tx, access: &Access, span: Span) -> Result<u64, CatalogError> {
    let text = format!(
        "SELECT COUNT(*) FROM documents d{} WHERE {IN_THE_BOOKS} AND d.sensitivity <> 'open' AND {} AND {}",
        by_index(tx, "documents_books_withheld"),
        access.reach(tx, "d"),
        came_for(span)
    );
    counted(one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()))?.0)
}
