//! The first ledger, from what came: each message with a file and each upload that was accepted stands as a document or as
//! the answer to what was asked about one, or it is no document and was answered. What is none of these is lost, and listed.
//!
//! Two hands write its rows (migration 0068), one a day, number and source, so that it can come out false: the roads in
//! count the files that come, the database itself the documents, with every change of one. Erasure
//! leaves a document's row and pruning these, so what came stays accounted for.

pub(crate) mod counts;
mod list;
pub(crate) mod lost;

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;

pub use list::{Arrival, ArrivalPlace};
pub use lost::Lost;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    incidents,
    names::{Source, micros, number, word, words},
    sql::{Tx, alone},
    tallies::{DAY, PARTED, day_of},
};

words! {
    /// What of a file a message brought.
    Brought, "brought file" {
        /// One that is a document.
        Document = "document",
        /// A voice note, a video or a sticker: it is answered.
        Other = "other",
    }
}

/// Where all files are that came, over whole days of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ArrivalLedger {
    /// Messages with a file, and uploads that were accepted; each once, however often it was delivered.
    pub files: u64,
    /// Documents that came; of a file that was split, one.
    pub documents: u64,
    /// Answers that were joined to another document.
    pub answers: u64,
    /// Voice notes, videos and stickers.
    pub not_documents: u64,
    /// Files for which nothing stands, of each day, number and source by itself.
    pub lost: u64,
    /// Whether each file is in one of the places above, and none is lost.
    pub balanced: bool,
}

/// The same, with what is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arrivals {
    /// How many.
    #[serde(flatten)]
    pub sums: ArrivalLedger,
    /// What is lost, as far as it is known; at most 100.
    pub lost_files: Vec<Lost>,
}

/// The incident: its kind.
pub const UNBALANCED: &str = "arrivals_unbalanced";
/// Lost files that it names.
const NAMED: usize = 20;
/// Days, numbers and sources that are set right at once; the next run takes the rest.
const MOST: i64 = 1_000;
/// Of PostgreSQL: one sets right at a time.
const LOCK: i64 = 0x61_63_75_73_65_03;
/// Files for which nothing stands, of rows that are summed up; fewer than none where more stands than was counted.
const MISSING: &str = "SUM(files - not_documents - documents - answers)";

/// The whole days of a span: the first, and the one after the last.
fn days(from: Option<OffsetDateTime>, to: Option<OffsetDateTime>) -> (i64, i64) {
    let first = from.map_or(0, |from| micros(from).div_euclid(DAY));
    let after = to.map_or(i64::MAX, |to| {
        let to = micros(to);
        to.div_euclid(DAY) + i64::from(to.rem_euclid(DAY) != 0)
    });
    (first, after)
}

const T: &str = "arrivals";

/// What came of all days, off the counts that the database keeps; none where some of it does not come out even, which has to
/// be looked at day by day.
async fn totals(tx: &mut Tx) -> Result<Option<ArrivalLedger>, CatalogError> {
    let all = |place: &str| {
        let totals = counts::TOTALS;
        format!("(SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM {totals} WHERE place = '{place}')")
    };
    let text = format!(
        "SELECT {}, {}, {}, {}, {}",
        all("files"),
        all("documents"),
        all("answers"),
        all("not_documents"),
        all("uneven")
    );
    let (files, documents, answers, not_documents, uneven) =
        one!(tx, (i64, i64, i64, i64, i64), sqlx::AssertSqlSafe(text.clone()))?;
    if uneven != 0 || files != documents + answers + not_documents {
        return Ok(None);
    }
    Ok(Some(ArrivalLedger {
        files: number(T, "files", files)?,
        documents: number(T, "documents", documents)?,
        answers: number(T, "answers", answers)?,
        not_documents: number(T, "not_documents", not_documents)?,
        lost: 0,
        balanced: true,
    }))
}

/// One statement, and so one instant.
async fn sums(tx: &mut Tx, (first, after): (i64, i64)) -> Result<ArrivalLedger, CatalogError> {
    let all = |what: &str| format!("CAST(COALESCE(SUM({what}), 0) AS BIGINT)");
    let text = format!(
        "SELECT {}, {}, {}, {}, {}, {} FROM (SELECT SUM(files) AS files, SUM(documents) AS documents, \
           SUM(answers) AS answers, SUM(not_documents) AS not_documents, {MISSING} AS missing \
         FROM arrivals WHERE day >= $1 AND day < $2 GROUP BY day, phone_number_id, source) daily",
        all("files"),
        all("documents"),
        all("answers"),
        all("not_documents"),
        all("CASE WHEN missing > 0 THEN missing END"),
        all("CASE WHEN missing < 0 THEN -missing END"),
    );
    let (files, documents, answers, not_documents, lost, uncounted) =
        one!(tx, (i64, i64, i64, i64, i64, i64), sqlx::AssertSqlSafe(text.clone()), first, after)?;
    Ok(ArrivalLedger {
        files: number(T, "files", files)?,
        documents: number(T, "documents", documents)?,
        answers: number(T, "answers", answers)?,
        not_documents: number(T, "not_documents", not_documents)?,
        lost: number(T, "files", lost)?,
        balanced: lost == 0 && uncounted == 0,
    })
}

/// All there are off the counts of all days, where those come out even.
async fn of_span(
    tx: &mut Tx,
    from: Option<OffsetDateTime>,
    to: Option<OffsetDateTime>,
) -> Result<ArrivalLedger, CatalogError> {
    if from.is_none()
        && to.is_none()
        && let Some(totals) = totals(tx).await?
    {
        return Ok(totals);
    }
    sums(tx, days(from, to)).await
}

async fn with_lost(tx: &mut Tx, sums: ArrivalLedger, days: (i64, i64)) -> Result<Arrivals, CatalogError> {
    let lost_files = if sums.lost > 0 { lost::of_days(tx, days).await? } else { Vec::new() };
    Ok(Arrivals { sums, lost_files })
}

/// A day, number and source of which more came than stands for it, or less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Differing {
    pub(crate) day: i64,
    pub(crate) number: String,
    pub(crate) source: Source,
    /// Files for which nothing stands; fewer than none where more stands than was counted.
    pub(crate) missing: i64,
}

/// Those that differ so (`> 0`, `< 0`), the latest first.
async fn differing(
    tx: &mut Tx,
    (first, after): (i64, i64),
    how: &str,
    most: i64,
) -> Result<Vec<Differing>, CatalogError> {
    let text = format!(
        "SELECT day, phone_number_id, source, CAST({MISSING} AS BIGINT) FROM arrivals WHERE day >= $1 AND day < $2 \
         GROUP BY day, phone_number_id, source HAVING {MISSING} {how} ORDER BY day DESC, phone_number_id, source LIMIT $3"
    );
    let rows = all!(tx, (i64, String, String, i64), sqlx::AssertSqlSafe(text.clone()), first, after, most)?;
    rows.into_iter()
        .map(|(day, number, source, missing)| {
            Ok(Differing { day, number, source: word("arrivals", "source", &source)?, missing })
        })
        .collect()
}

impl Catalog {
    /// Where all files are that came on the days of `from ..< to`: whole days, the first and the last too.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn arrival_ledger(
        &self,
        from: Option<OffsetDateTime>,
        to: Option<OffsetDateTime>,
    ) -> Result<ArrivalLedger, CatalogError> {
        let mut tx = self.reading().await?;
        of_span(&mut tx, from, to).await
    }

    /// The same, with what is lost.
    ///
    /// # Errors
    /// As [`Catalog::arrival_ledger`].
    pub async fn arrivals(
        &self,
        from: Option<OffsetDateTime>,
        to: Option<OffsetDateTime>,
    ) -> Result<Arrivals, CatalogError> {
        let mut tx = self.reading().await?;
        let sums = of_span(&mut tx, from, to).await?;
        with_lost(&mut tx, sums, days(from, to)).await
    }

    /// The same of all days, each looked at: nothing is taken from the counts of all of them.
    async fn arrivals_by_day(&self) -> Result<Arrivals, CatalogError> {
        let mut tx = self.reading().await?;
        let all = days(None, None);
        let sums = sums(&mut tx, all).await?;
        with_lost(&mut tx, sums, all).await
    }

    /// Tells a person of what is lost, by name, until the ledger balances again; how it stands. Where a document stands for
    /// a file that nobody counted (another version that still runs, a hand), the count of files is set right, and an
    /// incident says so.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn watch_arrivals(&self) -> Result<Arrivals, CatalogError> {
        let mut arrivals = self.arrivals_by_day().await?;
        if !arrivals.sums.balanced {
            self.count_what_nobody_counted().await?;
            arrivals = self.arrivals_by_day().await?;
        }
        if arrivals.sums.lost == 0 {
            self.resolve_incidents(UNBALANCED, None).await?;
        } else {
            let named: Vec<&Lost> = arrivals.lost_files.iter().take(NAMED).collect();
            let detail =
                json!({ "lost": arrivals.sums.lost, "files": arrivals.sums.files, "lost_files": named });
            self.open_incident(UNBALANCED, "", &detail).await?;
        }
        Ok(arrivals)
    }

    async fn count_what_nobody_counted(&self) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        alone(&mut tx, LOCK).await?;
        let mut uncounted = differing(&mut tx, (0, i64::MAX), "< 0", MOST).await?;
        if uncounted.is_empty() {
            return Ok(());
        }
        // In the order in which all others add to these rows.
        uncounted.sort_by(|a, b| {
            (a.day, &a.number, a.source.as_str()).cmp(&(b.day, &b.number, b.source.as_str()))
        });
        let mut named = Vec::new();
        for place in &uncounted {
            // What is missing stays missing whatever was counted since, so it is added, not set.
            execute!(
                tx,
                "INSERT INTO arrivals (day, phone_number_id, source, lane, files) VALUES ($1, $2, $3, 0, $4) \
                 ON CONFLICT (day, phone_number_id, source, lane) DO UPDATE SET files = arrivals.files + excluded.files",
                place.day,
                place.number.as_str(),
                place.source.as_str(),
                -place.missing
            )?;
            let day = day_of("arrivals", place.day)?.date().to_string();
            named.push(json!({ "day": day, "place": place.counted("files"), "missing": -place.missing }));
        }
        named.truncate(NAMED);
        let detail = json!({ "wrong": uncounted.len(), "first": named });
        let present = tx.now();
        incidents::open(&mut tx, PARTED, "", &detail, 1, present).await?;
        tx.commit().await
    }
}

impl Differing {
    /// What of it was counted, in words.
    fn counted(&self, what: &str) -> String {
        counts::place(self.source.as_str(), &self.number, what)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_span_is_of_the_whole_days_that_it_touches() {
        assert_eq!(days(None, None), (0, i64::MAX));
        let (from, to) = (datetime!(1970-01-02 0:00 UTC), datetime!(1970-01-04 0:00 UTC));
        assert_eq!(days(Some(from), Some(to)), (1, 3));
        let second = time::Duration::SECOND;
        assert_eq!(days(Some(from + second), Some(to + second)), (1, 4));
    }
}
