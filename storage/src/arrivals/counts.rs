//! The counts of what came: kept by the roads in, each connection for itself, added up by the sweep, and what of them the
//! database keeps now and then held against the documents themselves.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::Brought;
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{Source, micros},
    sql::Tx,
    tallies::{DAY, MOST, Parted, day_of, places},
};

/// Where the counts of all days together stand, with how many rows of a day do not come out even.
pub(crate) const TOTALS: &str = "arrival_totals";

/// Files as they come in, by day, number and source: how many, and how many of them are no documents.
#[derive(Debug, Default)]
pub(crate) struct Counted(BTreeMap<(i64, String, Source), (i64, i64)>);

impl Counted {
    /// One more; `number` is empty for what came without one of ours.
    pub(crate) fn add(&mut self, at: OffsetDateTime, number: String, source: Source, brought: Brought) {
        let (files, others) = self.0.entry((micros(at) / DAY, number, source)).or_default();
        *files += 1;
        *others += i64::from(brought == Brought::Other);
    }

    /// Writes them down, in the transaction that takes the files in. The same order in every process, and on PostgreSQL rows
    /// of the connection's own, so that nobody waits.
    pub(crate) async fn save(self, tx: &mut Tx) -> Result<(), CatalogError> {
        let sql = tx.pick(
            "INSERT INTO arrivals (day, phone_number_id, source, lane, files, not_documents) \
             VALUES ($1, $2, $3, 0, $4, $5) ON CONFLICT (day, phone_number_id, source, lane) DO UPDATE \
             SET files = arrivals.files + excluded.files, not_documents = arrivals.not_documents + excluded.not_documents",
            "INSERT INTO arrivals (day, phone_number_id, source, lane, files, not_documents) \
             VALUES ($1, $2, $3, pg_backend_pid(), $4, $5) ON CONFLICT (day, phone_number_id, source, lane) DO UPDATE \
             SET files = arrivals.files + excluded.files, not_documents = arrivals.not_documents + excluded.not_documents",
        );
        for ((day, number, source), (files, others)) in self.0 {
            execute!(tx, sql, day, number.as_str(), source.as_str(), files, others)?;
        }
        Ok(())
    }
}

/// What of a number and source was counted, in words.
pub(super) fn place(source: &str, number: &str, what: &str) -> String {
    let of = if number.is_empty() { source } else { number };
    format!("arrivals: {what} of {of}")
}

/// How many documents and answers are missing from the counts of a day, number and source (less than none: too many).
#[derive(Debug)]
pub(crate) struct Miscounted {
    day: i64,
    number: String,
    source: String,
    documents: i64,
    answers: i64,
}

impl Miscounted {
    /// What was wrong, each count by itself.
    pub(crate) fn parted(&self) -> Result<Vec<Parted>, CatalogError> {
        let mut parted = Vec::new();
        for (what, missing) in [("documents", self.documents), ("answers", self.answers)] {
            if missing != 0 {
                let day = Some(day_of("arrivals", self.day)?);
                parted.push(Parted { day, place: place(&self.source, &self.number, what), missing });
            }
        }
        Ok(parted)
    }
}

/// Counts that are not what is there. One statement, and so one instant, sees both.
pub(crate) async fn miscounted(tx: &mut Tx) -> Result<Vec<Miscounted>, CatalogError> {
    let text = format!(
        "SELECT day, number, source, CAST(SUM(documents) AS BIGINT), CAST(SUM(answers) AS BIGINT) FROM ( \
             SELECT d.received_at / {DAY} AS day, COALESCE(d.phone_number_id, '') AS number, d.source AS source, \
               COUNT(*) - COUNT(d.answers) AS documents, COUNT(d.answers) AS answers \
             FROM documents d WHERE d.part_of IS NULL GROUP BY 1, 2, 3 \
             UNION ALL SELECT day, phone_number_id, source, -documents, -answers FROM arrivals) counted \
         GROUP BY day, number, source HAVING SUM(documents) <> 0 OR SUM(answers) <> 0 ORDER BY 1, 2, 3 LIMIT {MOST}"
    );
    let rows = all!(tx, (i64, String, String, i64, i64), sqlx::AssertSqlSafe(text.clone()))?;
    let parsed =
        |(day, number, source, documents, answers)| Miscounted { day, number, source, documents, answers };
    Ok(rows.into_iter().map(parsed).collect())
}

/// Sets counts right: what is missing stays missing whatever was counted since, so it is added.
pub(crate) async fn add(tx: &mut Tx, wrong: &Miscounted) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO arrivals (day, phone_number_id, source, lane, documents, answers) VALUES ($1, $2, $3, 0, $4, $5) \
         ON CONFLICT (day, phone_number_id, source, lane) DO UPDATE \
         SET documents = arrivals.documents + excluded.documents, answers = arrivals.answers + excluded.answers",
        wrong.day,
        wrong.number.as_str(),
        wrong.source.as_str(),
        wrong.documents,
        wrong.answers
    )
    .map(drop)
}

/// Places whose counts of all days are not what the days come to, and how many are missing from each. One statement sees both.
pub(crate) async fn parted_totals(tx: &mut Tx) -> Result<Vec<(String, i64)>, CatalogError> {
    let of_days = ["files", "not_documents", "documents", "answers"]
        .map(|place| format!("SELECT '{place}' AS place, {place} AS n FROM arrivals"))
        .join(" UNION ALL ");
    let text = format!(
        "SELECT place, CAST(SUM(n) AS BIGINT) FROM ({of_days} \
             UNION ALL SELECT 'uneven', CASE WHEN files <> not_documents + documents + answers THEN 1 ELSE 0 END FROM arrivals \
             UNION ALL SELECT place, -count FROM {TOTALS}) counted \
         GROUP BY place HAVING SUM(n) <> 0 ORDER BY place"
    );
    all!(tx, (String, i64), sqlx::AssertSqlSafe(text.clone()))
}

impl Catalog {
    /// Adds up what each connection counted for itself.
    pub(crate) async fn add_up_arrivals(&self) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        if tx.is_sqlite() {
            return Ok(());
        }
        execute!(
            tx,
            "WITH of_lanes AS (SELECT day, phone_number_id, source, lane FROM arrivals WHERE lane <> 0 \
                 ORDER BY day, phone_number_id, source, lane LIMIT $1 FOR UPDATE SKIP LOCKED), \
             gone AS (DELETE FROM arrivals a USING of_lanes o WHERE a.day = o.day \
                 AND a.phone_number_id = o.phone_number_id AND a.source = o.source AND a.lane = o.lane RETURNING a.*) \
             INSERT INTO arrivals (day, phone_number_id, source, lane, files, not_documents, documents, answers) \
             SELECT day, phone_number_id, source, 0, SUM(files)::bigint, SUM(not_documents)::bigint, \
               SUM(documents)::bigint, SUM(answers)::bigint \
             FROM gone GROUP BY day, phone_number_id, source ORDER BY day, phone_number_id, source \
             ON CONFLICT (day, phone_number_id, source, lane) DO UPDATE SET files = arrivals.files + excluded.files, \
               not_documents = arrivals.not_documents + excluded.not_documents, \
               documents = arrivals.documents + excluded.documents, answers = arrivals.answers + excluded.answers",
            MOST
        )?;
        tx.commit().await?;
        // As with the counts of documents, let go of before the totals are added up.
        let mut tx = self.writing().await?;
        places::add_up(&mut tx, TOTALS, &["place"]).await?;
        tx.commit().await
    }
}
