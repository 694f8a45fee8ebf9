//! Beside the ledgers: of a span how much came, how long what waits has waited, how long each stage took, and how reviews
//! ended by reason. What stands behind each of these numbers is listed (`behind`) by the statements that count it.

pub mod behind;

use std::collections::BTreeMap;

use acuse_pipeline::reason::ReasonCode;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::Access,
    catalog::Catalog,
    error::CatalogError,
    names::{micros, number, word, words},
    sql::Tx,
    tallies::{DAY, PLACE, day_of},
};

/// Documents, and reviews, of which it is measured how long they took: the latest of a span.
const MEASURED: u32 = 1_000;
/// Reviews of which it is counted how they ended: the latest of a span.
const COUNTED: u32 = 5_000;
/// Up to which age what waits is counted together; the last count is of what is older.
pub const AGES: [Duration; 4] = [Duration::HOUR, Duration::DAY, Duration::days(3), Duration::WEEK];

words! {
    /// What takes a document time.
    Timed, "stage" {
        /// Until its file is here.
        Fetch = "fetch",
        /// Until it is understood.
        Read = "read",
        /// Until it comes to rest.
        Link = "link",
        /// Until a person has decided.
        Review = "review",
    }
}

/// How many documents that came on a day are in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    /// The day, UTC.
    pub day: Date,
    /// A word of the ledger.
    pub place: String,
    /// How many.
    pub count: u64,
}

/// How long a stage took: half of them no longer than the median, nine of ten no longer than the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageTime {
    /// Which.
    pub stage: Timed,
    /// Of how many.
    pub count: u64,
    /// Seconds.
    pub median_secs: u64,
    /// Seconds.
    pub p90_secs: u64,
}

/// How many reviews with a reason ended one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Why it waited.
    pub code: ReasonCode,
    /// How it ended: `approved`, `corrected`, `rejected`, …
    pub resolution: String,
    /// How many; one that waited for two reasons is counted with both.
    pub count: u64,
}

/// What is measured of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throughput {
    /// When it was measured.
    pub at: OffsetDateTime,
    /// What came in it, day by day.
    pub days: Vec<DayCount>,
    /// What waits now, by its age: see [`AGES`].
    pub waiting: [u64; AGES.len() + 1],
    /// How long the stages took of what came in it, and reviews that ended in it.
    pub stages: Vec<StageTime>,
    /// How reviews ended in it.
    pub ended: Vec<Ended>,
}

impl Throughput {
    /// Since when what is counted in a place of `waiting` waits: then or later, and before then.
    #[must_use]
    pub fn since(&self, place: usize) -> (Option<OffsetDateTime>, Option<OffsetDateTime>) {
        let back = |place: usize| AGES.get(place).map(|age| self.at - *age);
        (back(place), place.checked_sub(1).and_then(back))
    }
}

impl Catalog {
    /// What is measured of `from ..< to`, of the documents that exist for a caller.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn throughput(
        &self,
        access: &Access,
        from: OffsetDateTime,
        to: OffsetDateTime,
    ) -> Result<Throughput, CatalogError> {
        let mut tx = self.reading().await?;
        let (at, reach) = (tx.now(), access.reach(&tx, "d"));
        let of = (joined(access), reach.as_str());
        let span = (micros(from), micros(to));
        let days = days(&mut tx, access, &reach, span).await?;
        let waiting = waiting(&mut tx, access, of, at).await?;
        let mut stages = stages(&mut tx, &reach, span).await?;
        stages.extend(reviews(&mut tx, of, span).await?);
        Ok(Throughput { at, days, waiting, stages, ended: ended(&mut tx, of, span).await? })
    }
}

/// The document of a review `r`. Where all exist for the caller, it is not asked for.
fn joined(access: &Access) -> &'static str {
    if access.is_bound() { "JOIN documents d ON d.id = r.document_id" } else { "" }
}

/// Off the counts, where a caller sees all; else document by document.
async fn days(
    tx: &mut Tx,
    access: &Access,
    reach: &str,
    (from, to): (i64, i64),
) -> Result<Vec<DayCount>, CatalogError> {
    let (text, from, to) = if access.is_bound() {
        let text = format!(
            "SELECT d.received_at / {DAY}, {PLACE}, CAST(COUNT(*) AS BIGINT) FROM documents d \
             WHERE d.received_at >= $1 AND d.received_at < $2 AND {reach} GROUP BY 1, 2 ORDER BY 1, 2"
        );
        (text, from, to)
    } else {
        let text = "SELECT day, place, CAST(SUM(count) AS BIGINT) FROM tallies WHERE day >= $1 AND day < $2 \
                    AND place <> 'received' GROUP BY day, place HAVING SUM(count) <> 0 ORDER BY day, place";
        (text.to_owned(), from.div_euclid(DAY), to.div_euclid(DAY) + i64::from(to.rem_euclid(DAY) != 0))
    };
    let rows = all!(tx, (i64, String, i64), sqlx::AssertSqlSafe(text.clone()), from, to)?;
    rows.into_iter()
        .map(|(day, place, count)| {
            let day = day_of("tallies", day)?.date();
            Ok(DayCount { day, place, count: number("tallies", "count", count)? })
        })
        .collect()
}

/// The oldest are what is left of all that waits, which is counted already: they would be most of it, and of no age that
/// changes. Who is bound has their own counted, one by one.
async fn waiting(
    tx: &mut Tx,
    access: &Access,
    (joined, reach): (&str, &str),
    present: OffsetDateTime,
) -> Result<[u64; AGES.len() + 1], CatalogError> {
    let younger = |(place, age): (usize, &Duration)| {
        format!("WHEN r.opened_at >= {} THEN {place}", micros(present - *age))
    };
    let ages: Vec<String> = AGES.iter().enumerate().map(younger).collect();
    let (oldest, which) = (AGES.len(), ages.join(" "));
    let counted = format!(
        "SELECT CAST(CASE {which} ELSE {oldest} END AS BIGINT) AS age, CAST(COUNT(*) AS BIGINT) AS n FROM reviews r \
         {joined} WHERE r.resolved_at IS NULL AND {reach}"
    );
    let text = if access.is_bound() {
        format!("{counted} GROUP BY 1")
    } else {
        let young = AGES.last().map_or(i64::MAX, |age| micros(present - *age));
        format!(
            "WITH young AS ({counted} AND r.opened_at >= {young} GROUP BY 1) SELECT age, n FROM young \
             UNION ALL SELECT {oldest}, CAST((SELECT COALESCE(SUM(t.count), 0) FROM waiting_tallies t \
               WHERE t.member = 'sensitivity') - (SELECT COALESCE(SUM(n), 0) FROM young) AS BIGINT)"
        )
    };
    let mut waiting = [0; AGES.len() + 1];
    for (place, count) in all!(tx, (i64, i64), sqlx::AssertSqlSafe(text.clone()))? {
        let place = usize::try_from(place).unwrap_or(AGES.len());
        if let Some(known) = waiting.get_mut(place) {
            // It may be less than none where counts and rows parted, until they are set right.
            *known = u64::try_from(count).unwrap_or_default();
        }
    }
    Ok(waiting)
}

/// A time that one of the machine's stages took of a document; it may go through one more than once.
struct Run {
    stage: Timed,
    document: Uuid,
    /// Which of the document's.
    nth: u32,
    took: i64,
}

/// How long the machine's stages took, each until the next began, with all waiting.
async fn runs(tx: &mut Tx, reach: &str, (from, to): (i64, i64)) -> Result<Vec<Run>, CatalogError> {
    // Crossed, or SQLite might go through the timeline and look for the few in it.
    let text = format!(
        "SELECT t.document_id, t.event, t.at FROM (SELECT d.id FROM documents d WHERE d.received_at >= $1 \
           AND d.received_at < $2 AND {reach} ORDER BY d.received_at DESC, d.id DESC LIMIT {MEASURED}) latest \
         CROSS JOIN timeline t WHERE t.document_id = latest.id \
         AND t.event IN ('received', 'fetched', 'read', 'filed', 'in_review') ORDER BY t.document_id, t.seq"
    );
    let rows = all!(tx, (Uuid, String, i64), sqlx::AssertSqlSafe(text.clone()), from, to)?;
    let mut of_document: BTreeMap<Uuid, Vec<(String, i64)>> = BTreeMap::new();
    for (document, event, when) in rows {
        of_document.entry(document).or_default().push((event, when));
    }
    let mut runs = Vec::new();
    for (document, events) in of_document {
        let steps = (0..).zip(steps(&events));
        runs.extend(steps.map(|(nth, (stage, took))| Run { stage, document, nth, took }));
    }
    Ok(runs)
}

async fn stages(tx: &mut Tx, reach: &str, span: (i64, i64)) -> Result<Vec<StageTime>, CatalogError> {
    let runs = runs(tx, reach, span).await?;
    let of = |stage: Timed| {
        let took = runs.iter().filter(|run| run.stage == stage).map(|run| run.took);
        figures(stage, took.collect())
    };
    Ok([Timed::Fetch, Timed::Read, Timed::Link].into_iter().filter_map(of).collect())
}

/// What each stage of one document took, until it first came to rest: what comes after is a person's time.
fn steps(events: &[(String, i64)]) -> Vec<(Timed, i64)> {
    let mut found = Vec::new();
    let mut before = None;
    for (event, when) in events {
        let stage = match event.as_str() {
            "received" => None,
            "fetched" => Some(Timed::Fetch),
            "read" => Some(Timed::Read),
            _ => Some(Timed::Link),
        };
        if let (Some(stage), Some(before)) = (stage, before) {
            found.push((stage, when - before));
        }
        if stage == Some(Timed::Link) {
            break;
        }
        before = Some(*when);
    }
    found
}

/// Reviews that ended in a span, the latest first.
fn resolved(columns: &str, (joined, reach): (&str, &str), most: u32) -> String {
    format!(
        "SELECT {columns} FROM reviews r {joined} WHERE r.resolved_at IS NOT NULL AND r.resolved_at >= $1 \
         AND r.resolved_at < $2 AND {reach} ORDER BY r.resolved_at DESC, r.id DESC LIMIT {most}"
    )
}

async fn reviews(
    tx: &mut Tx,
    of: (&str, &str),
    (from, to): (i64, i64),
) -> Result<Option<StageTime>, CatalogError> {
    let text = resolved("r.resolved_at - r.opened_at", of, MEASURED);
    let rows = all!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), from, to)?;
    Ok(figures(Timed::Review, rows.into_iter().map(|(took,)| took).collect()))
}

async fn ended(tx: &mut Tx, of: (&str, &str), (from, to): (i64, i64)) -> Result<Vec<Ended>, CatalogError> {
    let text = format!(
        "SELECT x.code, COALESCE(l.resolution, ''), CAST(COUNT(*) AS BIGINT) FROM ({}) l \
         JOIN review_reasons x ON x.review_id = l.id GROUP BY 1, 2 ORDER BY 1, 2",
        resolved("r.id, r.resolution", of, COUNTED)
    );
    let rows = all!(tx, (String, String, i64), sqlx::AssertSqlSafe(text.clone()), from, to)?;
    rows.into_iter()
        .map(|(code, resolution, count)| {
            let code = word("review_reasons", "code", &code)?;
            Ok(Ended { code, resolution, count: number("review_reasons", "code", count)? })
        })
        .collect()
}

/// Microseconds as whole seconds.
fn secs(micros: i64) -> u64 {
    u64::try_from(micros / 1_000_000).unwrap_or_default()
}

/// The figures of what took so many microseconds each; none of nothing.
fn figures(stage: Timed, mut took: Vec<i64>) -> Option<StageTime> {
    took.sort_unstable();
    let secs = |place: usize| took.get(place).copied().map(secs);
    let all = took.len();
    Some(StageTime {
        stage,
        count: u64::try_from(all).unwrap_or(u64::MAX),
        median_secs: secs(all.saturating_sub(1) / 2)?,
        p90_secs: secs((all * 9).div_ceil(10).saturating_sub(1))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_takes_until_the_next_begins_and_a_persons_time_is_no_stage_of_it() {
        let events = |all: &[(&str, i64)]| {
            all.iter().map(|(event, when)| ((*event).to_owned(), *when)).collect::<Vec<_>>()
        };
        let road = events(&[("received", 1), ("fetched", 4), ("read", 9), ("in_review", 11), ("filed", 99)]);
        assert_eq!(steps(&road), [(Timed::Fetch, 3), (Timed::Read, 5), (Timed::Link, 2)]);
        let upload = events(&[("received", 1), ("read", 5), ("filed", 6)]);
        assert_eq!(steps(&upload), [(Timed::Read, 4), (Timed::Link, 1)]);
        assert!(steps(&events(&[("fetched", 4)])).is_empty(), "nobody knows when it began");
    }

    #[test]
    fn half_and_nine_of_ten() {
        let took = (1..=10).rev().map(|secs| secs * 1_000_000).collect();
        let read = figures(Timed::Read, took).unwrap();
        assert_eq!((read.count, read.median_secs, read.p90_secs), (10, 5, 9));
        assert!(figures(Timed::Read, Vec::new()).is_none());
    }
}
