//! What stands behind a number of [`super::Throughput`]: the documents that a stage took so long, and the reviews that ended so.
//! They are found by the statements that count them, of as many of the latest.

use std::{cmp::Reverse, fmt, str::FromStr};

use acuse_pipeline::reason::ReasonCode;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{COUNTED, MEASURED, Run, Timed, joined, resolved, runs, secs};
use crate::{
    access::Access,
    catalog::Catalog,
    documents::{self, Document, NotACursor, Page},
    error::CatalogError,
    names::{DocumentId, at, micros, word},
    reviews::Resolution,
    sql::{Bind, Query, Tx},
};

/// What of a review that ended is asked for.
const DECIDED: &str = "r.id, r.document_id, r.opened_at, r.resolved_at, r.resolution";
type Decided = (Uuid, Uuid, i64, i64, Option<String>);

/// A number, by what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Number {
    /// Times that a stage took.
    Took {
        /// Which.
        stage: Timed,
        /// Only those that took no more whole seconds.
        within_secs: Option<u64>,
    },
    /// Reviews that ended.
    Ended {
        /// Why they waited, or one of the reasons.
        code: ReasonCode,
        /// Only those that ended this way: a word of [`Resolution`]; an empty one: nobody said how.
        resolution: Option<String>,
    },
}

/// How a review ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: OffsetDateTime,
    /// How; none where nobody said.
    pub resolution: Option<Resolution>,
}

/// One of what a number counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Of which document; one may be counted more than once.
    pub document: Document,
    /// How long the stage took, or the document waited for a person.
    pub took: Duration,
    /// Of a review, its end.
    pub ended: Option<End>,
}

/// Where a page of what is counted ended: how long the last of it took or when it ended, which it was, and of a document that
/// went through a stage several times, which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedCursor {
    key: i64,
    id: Uuid,
    nth: u32,
}

impl fmt::Display for CountedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, id, nth } = self;
        f.write_str(&URL_SAFE_NO_PAD.encode(format!("counted {key} {} {nth}", id.simple())))
    }
}

impl FromStr for CountedCursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotACursor)?;
        let text = String::from_utf8(bytes).map_err(|_| NotACursor)?;
        let parts: Vec<&str> = text.split(' ').collect();
        let ["counted", key, id, nth] = parts[..] else { return Err(NotACursor) };
        Ok(Self {
            key: key.parse().map_err(|_| NotACursor)?,
            id: id.parse().map_err(|_| NotACursor)?,
            nth: nth.parse().map_err(|_| NotACursor)?,
        })
    }
}

/// One of what is counted, before its document is looked up.
struct Row {
    place: CountedCursor,
    document: Uuid,
    took: i64,
    ended: Option<(i64, Option<String>)>,
}

impl Row {
    /// The longest first.
    fn of_run(run: Run) -> Self {
        let Run { document, nth, took, .. } = run;
        Self { place: CountedCursor { key: took, id: document, nth }, document, took, ended: None }
    }

    fn of_review((id, document, opened, ended, how): Decided) -> Self {
        let place = CountedCursor { key: ended, id, nth: 0 };
        Self { place, document, took: ended - opened, ended: Some((ended, how)) }
    }

    /// A review among times: the longest first.
    fn by_time(self) -> Self {
        Self { place: CountedCursor { key: self.took, ..self.place }, ..self }
    }

    fn end(&self) -> Result<Option<End>, CatalogError> {
        let Some((when, how)) = &self.ended else { return Ok(None) };
        let resolution = how.as_deref().map(|how| word("reviews", "resolution", how)).transpose()?;
        Ok(Some(End { at: at("reviews", "resolved_at", *when)?, resolution }))
    }
}

/// Times that a stage took, the longest first.
async fn took(
    tx: &mut Tx,
    access: &Access,
    (from, to): (i64, i64),
    stage: Timed,
) -> Result<Vec<Row>, CatalogError> {
    let reach = access.reach(tx, "d");
    let mut rows: Vec<Row> = if stage == Timed::Review {
        let text = resolved(DECIDED, (joined(access), reach.as_str()), MEASURED);
        let rows = all!(tx, Decided, sqlx::AssertSqlSafe(text.clone()), from, to)?;
        rows.into_iter().map(|row| Row::of_review(row).by_time()).collect()
    } else {
        let runs = runs(tx, &reach, (from, to)).await?.into_iter();
        runs.filter(|run| run.stage == stage).map(Row::of_run).collect()
    };
    rows.sort_unstable_by_key(|row| Reverse(row.place));
    Ok(rows)
}

/// Reviews with a reason that ended, the latest first, after a place.
async fn ended(
    tx: &mut Tx,
    access: &Access,
    (from, to): (i64, i64),
    (code, resolution): (ReasonCode, Option<&str>),
    (after, most): (Option<CountedCursor>, usize),
) -> Result<Vec<Row>, CatalogError> {
    let reach = access.reach(tx, "d");
    let mut query = Query { binds: vec![Bind::Number(from), Bind::Number(to)], ..Query::default() };
    query.and("x.review_id = l.id");
    query.holds("x.code =", Some(Bind::text(code.as_str())));
    query.holds("COALESCE(l.resolution, '') =", resolution.map(Bind::text));
    if let Some(after) = after {
        let (key, id) = (query.bind(Bind::Number(after.key)), query.bind(Bind::Id(after.id)));
        query.and(format!("(l.resolved_at, l.id) < ({key}, {id})"));
    }
    let text = format!(
        "SELECT l.id, l.document_id, l.opened_at, l.resolved_at, l.resolution FROM ({}) l CROSS JOIN review_reasons x \
         WHERE {} ORDER BY l.resolved_at DESC, l.id DESC LIMIT {most}",
        resolved(DECIDED, (joined(access), reach.as_str()), COUNTED),
        query.all()
    );
    let binds = query.binds;
    let rows = all_of!(tx, Decided, text, binds)?;
    Ok(rows.into_iter().map(Row::of_review).collect())
}

impl Catalog {
    /// A page of what a number of `from ..< to` counts, of the documents that exist for a caller, after the place where the
    /// page before ended: of times the longest first, of reviews what ended last. All pages are as long as the number.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn counted(
        &self,
        access: &Access,
        (from, to): (OffsetDateTime, OffsetDateTime),
        number: &Number,
        after: Option<CountedCursor>,
        limit: u32,
    ) -> Result<Page<Counted, CountedCursor>, CatalogError> {
        let mut tx = self.reading().await?;
        let (span, limit) = ((micros(from), micros(to)), limit.clamp(1, 500) as usize);
        let mut rows = match number {
            Number::Took { stage, within_secs } => {
                let mut rows = took(&mut tx, access, span, *stage).await?;
                rows.retain(|row| within_secs.is_none_or(|most| secs(row.took) <= most));
                rows.retain(|row| after.is_none_or(|after| row.place < after));
                rows
            }
            Number::Ended { code, resolution } => {
                let so = (*code, resolution.as_deref());
                ended(&mut tx, access, span, so, (after, limit + 1)).await?
            }
        };
        let more = rows.len() > limit;
        rows.truncate(limit);
        let ids: Vec<Uuid> = rows.iter().map(|row| row.document).collect();
        let documents = documents::several(&mut tx, &ids).await?;
        let next = rows.last().filter(|_| more).map(|row| row.place);
        let mut data = Vec::with_capacity(rows.len());
        for row in rows {
            // On PostgreSQL another transaction may commit between the two statements: what it took away is not shown.
            if let Some(document) = documents.get(&DocumentId(row.document)) {
                let (document, took) = (document.clone(), Duration::microseconds(row.took));
                data.push(Counted { document, took, ended: row.end()? });
            }
        }
        Ok(Page { data, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_no_other_text_is_one() {
        for key in [i64::MIN, -1, 1_700_000_000_000_000, i64::MAX] {
            let cursor = CountedCursor { key, id: Uuid::now_v7(), nth: 3 };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        let id = Uuid::now_v7();
        for not in [format!("counted x {id} 0"), format!("counted 1 {id}"), format!("case 1 {id} 0")] {
            assert_eq!(URL_SAFE_NO_PAD.encode(not).parse::<CountedCursor>(), Err(NotACursor));
        }
        assert_eq!(id.to_string().parse::<CountedCursor>(), Err(NotACursor));
    }
}
