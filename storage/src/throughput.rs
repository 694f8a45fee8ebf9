//! Beside the ledgers: of a span how much came, how long what waits has waited, how long each stage took, and how reviews
//! ended by reason.

use std::collections::BTreeMap;

use acuse_pipeline::reason::ReasonCode;
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::Access,
    catalog::Catalog,
    error::CatalogError,
    names::{micros, number, word},
    sql::Tx,
    tallies::{DAY, PLACE, day_of},
};

/// Documents, and reviews, of which it is measured how long they took: the latest of a span.
const MEASURED: u32 = 1_000;
/// Reviews of which it is counted how they ended: the latest of a span.
const COUNTED: u32 = 5_000;
/// Up to which age what waits is counted together; the last count is of what is older.
pub const AGES: [Duration; 4] = [Duration::HOUR, Duration::DAY, Duration::days(3), Duration::WEEK];

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
    /// `fetch`, `read`, `link`, `review`.
    pub stage: &'static str,
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
    /// What came in it, day by day.
    pub days: Vec<DayCount>,
    /// What waits now, by its age: see [`AGES`].
    pub waiting: [u64; AGES.len() + 1],
    /// How long the stages took of what came in it, and reviews that ended in it.
    pub stages: Vec<StageTime>,
    /// How reviews ended in it.
    pub ended: Vec<Ended>,
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
        let reach = access.reach(&tx, "d");
        // Where all documents exist for the caller, a review's is not asked for.
        let joined = if access.is_bound() { "JOIN documents d ON d.id = r.document_id" } else { "" };
        let of = (joined, reach.as_str());
        let span = (micros(from), micros(to));
        let days = days(&mut tx, access, &reach, span).await?;
        let waiting = waiting(&mut tx, access, of).await?;
        let mut stages = stages(&mut tx, &reach, span).await?;
        stages.extend(reviews(&mut tx, of, span).await?);
        Ok(Throughput { days, waiting, stages, ended: ended(&mut tx, of, span).await? })
    }
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
) -> Result<[u64; AGES.len() + 1], CatalogError> {
    let present = tx.now();
    let younger = |(place, age): (usize, &Duration)| {
        format!("WHEN r.opened_at > {} THEN {place}", micros(present - *age))
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
            "WITH young AS ({counted} AND r.opened_at > {young} GROUP BY 1) SELECT age, n FROM young \
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

/// How long the machine's stages took, each until the next began, with all waiting.
async fn stages(tx: &mut Tx, reach: &str, (from, to): (i64, i64)) -> Result<Vec<StageTime>, CatalogError> {
    let text = format!(
        "SELECT t.document_id, t.event, t.at FROM (SELECT d.id FROM documents d WHERE d.received_at >= $1 \
           AND d.received_at < $2 AND {reach} ORDER BY d.received_at DESC, d.id DESC LIMIT {MEASURED}) latest \
         JOIN timeline t ON t.document_id = latest.id \
         WHERE t.event IN ('received', 'fetched', 'read', 'filed', 'in_review') ORDER BY t.document_id, t.seq"
    );
    let rows = all!(tx, (Uuid, String, i64), sqlx::AssertSqlSafe(text.clone()), from, to)?;
    let mut of_document: BTreeMap<Uuid, Vec<(String, i64)>> = BTreeMap::new();
    for (document, event, when) in rows {
        of_document.entry(document).or_default().push((event, when));
    }
    let mut took: BTreeMap<&'static str, Vec<i64>> = BTreeMap::new();
    for (stage, micros) in of_document.values().flat_map(|events| steps(events)) {
        took.entry(stage).or_default().push(micros);
    }
    let known = ["fetch", "read", "link"].into_iter();
    Ok(known.filter_map(|stage| figures(stage, took.remove(stage)?)).collect())
}

/// What each stage of one document took, until it first came to rest: what comes after is a person's time.
fn steps(events: &[(String, i64)]) -> Vec<(&'static str, i64)> {
    let mut found = Vec::new();
    let mut before = None;
    for (event, when) in events {
        let stage = match event.as_str() {
            "received" => None,
            "fetched" => Some("fetch"),
            "read" => Some("read"),
            _ => Some("link"),
        };
        if let (Some(stage), Some(before)) = (stage, before) {
            found.push((stage, when - before));
        }
        if stage == Some("link") {
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
         AND r.resolved_at < $2 AND {reach} ORDER BY r.resolved_at DESC LIMIT {most}"
    )
}

async fn reviews(
    tx: &mut Tx,
    of: (&str, &str),
    (from, to): (i64, i64),
) -> Result<Option<StageTime>, CatalogError> {
    let text = resolved("r.resolved_at - r.opened_at", of, MEASURED);
    let rows = all!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), from, to)?;
    Ok(figures("review", rows.into_iter().map(|(took,)| took).collect()))
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

/// The figures of what took so many microseconds each; none of nothing.
fn figures(stage: &'static str, mut took: Vec<i64>) -> Option<StageTime> {
    took.sort_unstable();
    let secs =
        |place: usize| took.get(place).map(|micros| u64::try_from(micros / 1_000_000).unwrap_or_default());
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
        assert_eq!(steps(&road), [("fetch", 3), ("read", 5), ("link", 2)]);
        let upload = events(&[("received", 1), ("read", 5), ("filed", 6)]);
        assert_eq!(steps(&upload), [("read", 4), ("link", 1)]);
        assert!(steps(&events(&[("fetched", 4)])).is_empty(), "nobody knows when it began");
    }

    #[test]
    fn half_and_nine_of_ten() {
        let took = (1..=10).rev().map(|secs| secs * 1_000_000).collect();
        let read = figures("read", took).unwrap();
        assert_eq!((read.count, read.median_secs, read.p90_secs), (10, 5, 9));
        assert!(figures("read", Vec::new()).is_none());
    }
}
