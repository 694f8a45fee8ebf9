//! Counts of documents by day and place, which the database keeps with every change (migration 0015): added up, and now
//! and then held against the documents themselves. The counts of all days together stand beside them (migration 0075), or
//! the whole ledger would take longer with every day.

pub(crate) mod places;

use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::{
    access::Access,
    arrivals::counts,
    catalog::Catalog,
    error::CatalogError,
    incidents, message_ledger,
    names::{at, micros, number},
    reviews::waiting,
    sql::Tx,
};

/// A day of UTC, in microseconds.
pub(crate) const DAY: i64 = 86_400_000_000;
/// Counts and documents parted.
pub(crate) const PARTED: &str = "counts_parted";
/// Where a document is, of a row `d`.
pub(crate) const PLACE: &str = "CASE WHEN d.duplicate_of IS NOT NULL THEN 'duplicate' \
     WHEN d.status = 'received' THEN 'processing' ELSE d.status END";
/// Where the counts of all days together stand.
const TOTALS: &str = "tally_totals";
/// Days that an incident names.
const NAMED: usize = 20;
/// Rows one sweep adds up or sets right; the next one takes the rest.
pub(crate) const MOST: i64 = 10_000;

/// A count that was wrong: the day, the place, and how many were missing from it (less than none: too many).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parted {
    /// Of UTC; none of a count that has no days: of messages, and of all days together.
    pub day: Option<OffsetDateTime>,
    /// A word of the ledger; of all days together with `all: ` before it (of what came with `all that came: `), of messages with `messages: `, of what came with
    /// `arrivals: `; a sensitivity or a reason of what waits with `waiting: `.
    pub place: String,
    /// To be added.
    pub missing: i64,
}

impl Catalog {
    /// Adds up what each connection counted for itself.
    pub(crate) async fn add_up_tallies(&self) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        if tx.is_sqlite() {
            return Ok(());
        }
        execute!(
            tx,
            "WITH of_lanes AS (SELECT day, place, lane FROM tallies WHERE lane <> 0 ORDER BY day, place, lane \
                 LIMIT $1 FOR UPDATE SKIP LOCKED), \
             gone AS (DELETE FROM tallies t USING of_lanes o \
                 WHERE t.day = o.day AND t.place = o.place AND t.lane = o.lane RETURNING t.day, t.place, t.count) \
             INSERT INTO tallies (day, place, lane, count) \
             SELECT day, place, 0, SUM(count)::bigint FROM gone GROUP BY day, place ORDER BY day, place \
             ON CONFLICT (day, place, lane) DO UPDATE SET count = tallies.count + excluded.count",
            MOST
        )?;
        tx.commit().await?;
        // What was added up is in this connection's lane of the totals too. It is let go of first, so that nobody who counts
        // waits for both.
        let mut tx = self.writing().await?;
        places::add_up(&mut tx, TOTALS, &["place"]).await?;
        tx.commit().await
    }

    /// Counts all documents and messages, and what came of them, and holds the kept counts against them, unless that was done within `every`.
    /// Where they part the counts are set right, an incident is opened, and what was wrong is given back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify_tallies(&self, every: Duration) -> Result<Vec<Parted>, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let due = execute!(
            tx,
            "UPDATE tally_checks SET checked_at = $1 WHERE id = 1 AND checked_at <= $2",
            micros(present),
            micros(present - every)
        )?;
        tx.commit().await?;
        if due != 1 {
            return Ok(Vec::new());
        }
        let mut parted = self.parted_tallies().await?;
        let totals = parted_totals(&mut self.reading().await?).await?;
        let messages = message_ledger::parted(&mut self.reading().await?).await?;
        let arrived = counts::miscounted(&mut self.reading().await?).await?;
        let came = counts::parted_totals(&mut self.reading().await?).await?;
        let waits = waiting::miscounted(&mut self.reading().await?).await?;
        let nothing = [&totals, &messages, &came].iter().all(|wrong| wrong.is_empty());
        let nothing = nothing && arrived.is_empty() && waits.is_empty();
        if parted.is_empty() && nothing {
            return Ok(parted);
        }
        let mut tx = self.writing().await?;
        for wrong in &parted {
            // What is missing stays missing whatever was counted since, so it is added, not set.
            add(&mut tx, wrong).await?;
        }
        // Days before what they come to, in which the sweep adds up last: neither waits for the other in turn.
        for wrong in arrived {
            counts::add(&mut tx, &wrong).await?;
            parted.extend(wrong.parted()?);
        }
        for (table, what, wrong) in [
            (TOTALS, "all", totals),
            (message_ledger::TALLIES, "messages", messages),
            (counts::TOTALS, "all that came", came),
        ] {
            for (place, missing) in wrong {
                places::add(&mut tx, table, &place, missing).await?;
                parted.push(Parted { day: None, place: format!("{what}: {place}"), missing });
            }
        }
        for wrong in waits {
            waiting::add(&mut tx, &wrong).await?;
            let place = format!("waiting: {}", wrong.value);
            parted.push(Parted { day: None, place, missing: wrong.missing });
        }
        let day = |w: &Parted| w.day.map(|day| day.date().to_string());
        let named: Vec<_> = parted
            .iter()
            .take(NAMED)
            .map(|w| json!({ "day": day(w), "place": w.place, "missing": w.missing }))
            .collect();
        let detail = json!({ "wrong": parted.len(), "first": named });
        incidents::open(&mut tx, PARTED, "", &detail, 1, present).await?;
        tx.commit().await?;
        Ok(parted)
    }

    /// One statement, and so one instant, sees both.
    async fn parted_tallies(&self) -> Result<Vec<Parted>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!(
            "SELECT day, place, CAST(SUM(n) AS BIGINT) FROM ( \
                 SELECT d.received_at / {DAY} AS day, {PLACE} AS place, CAST(COUNT(*) AS BIGINT) AS n \
                 FROM documents d GROUP BY 1, 2 \
                 UNION ALL SELECT d.received_at / {DAY}, 'received', COUNT(*) FROM documents d GROUP BY 1 \
                 UNION ALL SELECT day, place, -count FROM tallies) counted \
             GROUP BY day, place HAVING SUM(n) <> 0 ORDER BY day, place LIMIT {MOST}"
        );
        let rows = all!(tx, (i64, String, i64), sqlx::AssertSqlSafe(text.clone()))?;
        rows.into_iter()
            .map(|(day, place, missing)| Ok(Parted { day: Some(day_of("tallies", day)?), place, missing }))
            .collect()
    }
}

/// Places whose counts of all days are not what the days come to, and how many are missing from each. Days are held against
/// the documents, and to set one right counts for all of them as any change of a day does.
async fn parted_totals(tx: &mut Tx) -> Result<Vec<(String, i64)>, CatalogError> {
    let text = format!(
        "SELECT place, CAST(SUM(n) AS BIGINT) FROM (SELECT place, count AS n FROM tallies \
             UNION ALL SELECT place, -count FROM {TOTALS}) counted \
         GROUP BY place HAVING SUM(n) <> 0 ORDER BY place"
    );
    all!(tx, (String, i64), sqlx::AssertSqlSafe(text.clone()))
}

/// When a day, counted from 1970, begins.
pub(crate) fn day_of(table: &'static str, day: i64) -> Result<OffsetDateTime, CatalogError> {
    at(table, "day", day.saturating_mul(DAY))
}

async fn add(tx: &mut Tx, wrong: &Parted) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO tallies (day, place, lane, count) VALUES ($1, $2, 0, $3) \
         ON CONFLICT (day, place, lane) DO UPDATE SET count = tallies.count + excluded.count",
        wrong.day.map_or(0, |day| micros(day) / DAY),
        wrong.place.as_str(),
        wrong.missing
    )
    .map(drop)
}

/// How many documents are in each place, received in `from ..< to`: whole days off the counts, what is left of the first
/// and the last day off the documents; all there are off the counts of all days. One statement, and so one instant, sees
/// both.
pub(crate) async fn count(
    tx: &mut Tx,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<Vec<(String, u64)>, CatalogError> {
    let counts = match (from, to) {
        (None, None) => format!("SELECT place, count AS n FROM {TOTALS}"),
        _ => of_days(&Span::of(from, to)),
    };
    let text = format!("SELECT place, CAST(SUM(n) AS BIGINT) FROM ({counts}) counted GROUP BY place");
    let rows = all!(tx, (String, i64), sqlx::AssertSqlSafe(text.clone()))?;
    rows.into_iter().map(|(place, n)| Ok((place, number("tallies", "count", n)?))).collect()
}

/// SQL of counts by place that add up to those of a span.
fn of_days(span: &Span) -> String {
    let edge = format!("(d.received_at >= {} AND d.received_at < {})", span.head.0, span.head.1);
    let tail = format!("(d.received_at >= {} AND d.received_at < {})", span.tail.0, span.tail.1);
    let mut parts = Vec::new();
    for edge in [edge, tail] {
        parts.push(format!(
            "SELECT {PLACE} AS place, CAST(COUNT(*) AS BIGINT) AS n FROM documents d WHERE {edge} GROUP BY 1"
        ));
        parts.push(format!("SELECT 'received', COUNT(*) FROM documents d WHERE {edge}"));
    }
    parts.push(format!(
        "SELECT place, count FROM tallies WHERE day >= {} AND day < {}",
        span.days.0, span.days.1
    ));
    parts.join(" UNION ALL ")
}

/// The same of the documents that exist for a caller who is bound: those are looked at, one by one.
pub(crate) async fn count_reached(
    tx: &mut Tx,
    access: &Access,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<Vec<(String, u64)>, CatalogError> {
    let mut conditions = vec![access.reach(tx, "d")];
    conditions.extend(from.map(|from| format!("d.received_at >= {from}")));
    conditions.extend(to.map(|to| format!("d.received_at < {to}")));
    let which = conditions.join(" AND ");
    let text = format!(
        "SELECT {PLACE} AS place, CAST(COUNT(*) AS BIGINT) AS n FROM documents d WHERE {which} GROUP BY 1 \
         UNION ALL SELECT 'received', COUNT(*) FROM documents d WHERE {which}"
    );
    let rows = all!(tx, (String, i64), sqlx::AssertSqlSafe(text.clone()))?;
    rows.into_iter().map(|(place, n)| Ok((place, number("documents", "status", n)?))).collect()
}

/// A span of time as whole days, and what is left of the first and the last; each `from ..< to`, numbers alone.
#[derive(Debug, PartialEq, Eq)]
struct Span {
    head: (i64, i64),
    days: (i64, i64),
    tail: (i64, i64),
}

impl Span {
    fn of(from: Option<i64>, to: Option<i64>) -> Self {
        let first = from.map_or(0, |from| from.div_euclid(DAY) + i64::from(from.rem_euclid(DAY) != 0));
        let last = to.map_or(i64::MAX / DAY, |to| to.div_euclid(DAY));
        if first > last {
            // Within one day.
            let all = (from.unwrap_or(0), to.unwrap_or(i64::MAX));
            return Self { head: all, days: (0, 0), tail: (0, 0) };
        }
        Self {
            head: from.map_or((0, 0), |from| (from, first * DAY)),
            days: (first, last),
            tail: to.map_or((0, 0), |to| (last * DAY, to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_days_and_what_is_left_of_them() {
        let span = |from, to| Span::of(from, to);
        assert_eq!(span(None, None), Span { head: (0, 0), days: (0, i64::MAX / DAY), tail: (0, 0) });
        assert_eq!(
            span(Some(DAY + 5), Some(3 * DAY + 7)),
            Span { head: (DAY + 5, 2 * DAY), days: (2, 3), tail: (3 * DAY, 3 * DAY + 7) }
        );
        assert_eq!(span(Some(DAY + 5), Some(DAY + 9)).head, (DAY + 5, DAY + 9));
        let whole = span(Some(DAY), Some(2 * DAY));
        assert!(whole.days == (1, 2) && whole.head.0 >= whole.head.1 && whole.tail.0 >= whole.tail.1);
    }
}
