//! The queue: what a task says, and how it is pushed in the transaction that makes it true.
//!
//! apalis stores and hands out tasks. Attempts and back-off are ours (see [`crate::stages`]), because a task that
//! apalis retries comes back at once, and one that it gives up tells nobody.

mod tasks;

use apalis_core::task::{builder::TaskBuilder, task_id::TaskId};
use serde::Serialize;
use time::OffsetDateTime;

pub use tasks::{CaseTask, DocumentTask, ReplyTask, TASK_VERSION};

use crate::{
    catalog::{Catalog, Pools},
    error::CatalogError,
    names::{CaseId, DocumentId, Stage, maybe_at, words},
    outbox::Line,
    sql::{Both, Tx},
};

words! {
    /// A lane of work.
    Queue, "queue" {
        /// [`DocumentTask`]: download the media.
        Fetch = "fetch",
        /// [`DocumentTask`]: understand the document.
        Read = "read",
        /// [`DocumentTask`]: find its customer and decide.
        Link = "link",
        /// [`ReplyTask`]: send what waits in one line.
        Reply = "reply",
        /// [`DocumentTask`]: the time to take a decision back is over.
        Hold = "hold",
        /// [`CaseTask`]: the deadline of a case has come.
        Case = "case",
    }
}

impl Queue {
    /// The lane of a stage; `None` for a document at rest.
    #[must_use]
    pub fn of(stage: Stage) -> Option<Self> {
        match stage {
            Stage::Fetch => Some(Self::Fetch),
            Stage::Read => Some(Self::Read),
            Stage::Link => Some(Self::Link),
            Stage::Done => None,
        }
    }
}

/// An apalis backend for one lane, by database.
pub enum Backend<T> {
    /// apalis-sqlite.
    Sqlite(apalis_sqlite::SqliteStorage<T>),
    /// apalis-postgres.
    Postgres(apalis_postgres::PostgresStorage<T>),
}

/// How a worker takes tasks out of its lane.
#[derive(Debug, Clone)]
pub struct LaneConfig {
    /// Tasks taken at once.
    pub batch_size: usize,
    /// How often a worker says that it lives.
    pub heartbeat: std::time::Duration,
    /// Heartbeats missed before its tasks go to another.
    pub missed_heartbeats: usize,
}

impl Default for LaneConfig {
    fn default() -> Self {
        Self { batch_size: 8, heartbeat: std::time::Duration::from_secs(5), missed_heartbeats: 4 }
    }
}

/// How deep a lane is and how long its oldest due task waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneDepth {
    /// Which lane.
    pub queue: Queue,
    /// Tasks waiting or in hand.
    pub depth: u64,
    /// Seconds since the oldest waiting task was due; 0 when none is.
    pub oldest_age_secs: u64,
}

/// Longest time a task keeps its place before apalis counts it as spent. Our own rows end retries long before.
const MAX_ATTEMPTS: usize = 25;

/// Media that Meta keeps for less than this goes before everything that it keeps for longer.
const GONE_SOON: time::Duration = time::Duration::DAY;
/// Deadlines that are nearer to each other are taken for the same.
const DEADLINE_STEP: time::Duration = time::Duration::minutes(5);
/// From here deadlines are counted.
const DEADLINES_FROM: OffsetDateTime = time::macros::datetime!(2025-01-01 00:00 UTC);
/// How many steps there are: forty years of them.
pub(crate) const DEADLINES: i32 = 1 << 22;
/// How many of a sender's are counted, of what is gone soon and of the rest; beyond that all are the last of theirs.
const MOST_BEHIND_SOON: i32 = 1 << 8;
const MOST_BEHIND: i32 = 1 << 9;

/// One task on its way into the queue's table.
pub(crate) struct Push {
    pub task_id: String,
    pub payload: Vec<u8>,
    pub run_at: Option<OffsetDateTime>,
    /// Of those that are due the highest goes first; 0 by default.
    pub priority: i32,
}

impl Push {
    pub(crate) fn document(id: DocumentId, run_at: Option<OffsetDateTime>) -> Result<Self, CatalogError> {
        Self::of(&DocumentTask::new(id), run_at)
    }

    pub(crate) fn reply(line: &Line, run_at: Option<OffsetDateTime>) -> Result<Self, CatalogError> {
        Self::of(&ReplyTask::new(line), run_at)
    }

    pub(crate) fn case(id: CaseId, run_at: Option<OffsetDateTime>) -> Result<Self, CatalogError> {
        Self::of(&CaseTask::new(id), run_at)
    }

    /// In the order of deadlines, the oldest first, inside what fairness allows. Who waits days loses nothing by letting
    /// others go first: there the place among the sender's own decides, and of the same place the deadline. What is gone
    /// within a day is lost by waiting: it goes before the rest, there the deadline decides, and of the same deadline
    /// the place. Deadlines count from one moment, so that tasks compare whenever they were pushed.
    pub(crate) fn before(self, deadline: OffsetDateTime, present: OffsetDateTime) -> Self {
        let steps = (deadline - DEADLINES_FROM).whole_seconds() / DEADLINE_STEP.whole_seconds();
        let step = i32::try_from(steps.clamp(0, i64::from(DEADLINES) - 1)).unwrap_or_default();
        let behind = self.priority.saturating_neg().max(0);
        let priority = if deadline - present < GONE_SOON {
            (DEADLINES - 1 - step) * MOST_BEHIND_SOON + MOST_BEHIND_SOON - behind.min(MOST_BEHIND_SOON - 1)
        } else {
            -1 - behind.min(MOST_BEHIND - 1) * DEADLINES - step
        };
        Self { priority, ..self }
    }

    fn of<T: Serialize>(task: &T, run_at: Option<OffsetDateTime>) -> Result<Self, CatalogError> {
        let payload =
            serde_json::to_vec(task).map_err(|source| CatalogError::Encode { what: "a task", source })?;
        Ok(Self { task_id: ulid::Ulid::generate().to_string(), payload, run_at, priority: 0 })
    }

    /// Its place among those that wait for a part: the first goes first.
    pub(crate) fn wake_place(&self) -> i64 {
        i64::from(self.priority).saturating_neg()
    }

    /// Behind so many others of the same sender.
    pub(crate) fn behind(self, others: i64) -> Self {
        Self { priority: i32::try_from(others).map_or(i32::MIN, |n| -n), ..self }
    }
}

/// When a task is due, in the whole seconds of the queue: one with a time never before it.
pub(crate) fn whole_secs(run_at: Option<OffsetDateTime>, present: OffsetDateTime) -> i64 {
    let up = run_at.is_some_and(|at| at.nanosecond() > 0);
    run_at.unwrap_or(present).unix_timestamp() + i64::from(up)
}

/// Pushes tasks in the caller's transaction. `run_at` has whole seconds in the queue, so it is rounded up: a task
/// never runs before its time.
pub(crate) async fn push(tx: &mut Tx, queue: Queue, pushes: Vec<Push>) -> Result<(), CatalogError> {
    if pushes.is_empty() {
        return Ok(());
    }
    let present = tx.now();
    let rows: Vec<(Push, i64)> = pushes
        .into_iter()
        .map(|push| {
            let run_at = whole_secs(push.run_at, present);
            (push, run_at)
        })
        .collect();
    if let Both::Postgres(c) = tx.both() {
        let tasks = rows.into_iter().map(|(push, run_at)| {
            TaskBuilder::new(push.payload)
                .task_id(TaskId::from_string(push.task_id))
                .max_attempts(MAX_ATTEMPTS)
                .run_at_timestamp(u64::try_from(run_at).unwrap_or_default())
                // apalis-postgres 1.0.0 cuts it to the low 32 bits, so that a negative one comes out as it was.
                .priority(push.priority as usize)
                .build()
        });
        return apalis_postgres::queries::push_tasks(c, queue.as_str(), tasks.collect())
            .await
            .map_err(|source| CatalogError::Push { queue: queue.as_str(), source: Box::new(source) });
    }
    // The row that apalis-sqlite 1.0.0 writes in `push_tasks`, but all rows at once: it sends one statement a task,
    // and each is a trip to the database's thread and back.
    insert!(
        tx,
        "INSERT INTO Jobs (job, id, job_type, max_attempts, run_at, metadata, priority) VALUES ",
        7,
        "",
        &rows,
        |q, (push, run_at)| q
            .bind(&push.payload[..])
            .bind(push.task_id.as_str())
            .bind(queue.as_str())
            .bind(MAX_ATTEMPTS as i64)
            .bind(*run_at)
            .bind("{}")
            .bind(push.priority)
    )
}

impl Tx {
    /// The queue's table.
    pub(crate) fn jobs(&self) -> &'static str {
        self.pick("Jobs", "apalis.jobs")
    }

    /// A condition on a task `j` that something will still run it.
    pub(crate) fn live(&self) -> &'static str {
        // On SQLite a pending task with a lock is one that no worker will ever take (apalis-sqlite 1.0.0, fetch_next).
        self.pick(
            "((j.status = 'Pending' AND j.lock_by IS NULL) OR j.status IN ('Queued', 'Running') \
              OR (j.status = 'Failed' AND j.attempts < j.max_attempts))",
            "(j.status IN ('Pending', 'Queued', 'Running') OR (j.status = 'Failed' AND j.attempts < j.max_attempts))",
        )
    }
}

impl Catalog {
    // `persist_results` is what makes apalis write that a task is done; without it a task stays in hand for ever.
    /// The apalis backend of a lane; `T` is [`DocumentTask`] or [`ReplyTask`].
    #[must_use]
    pub fn backend<T>(&self, queue: Queue, config: &LaneConfig) -> Backend<T> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => Backend::Sqlite(
                apalis_sqlite::SqliteStorage::new(writer).with_config(
                    apalis_sqlite::Config::default()
                        .queue(queue.as_str())
                        .batch_size(config.batch_size.max(1))
                        .heartbeat_interval(config.heartbeat)
                        .missed_heartbeats(config.missed_heartbeats)
                        .persist_results(true),
                ),
            ),
            Pools::Postgres(pool) => Backend::Postgres(
                apalis_postgres::PostgresStorage::new(pool).with_config(
                    apalis_postgres::Config::default()
                        .queue(queue.as_str())
                        .batch_size(config.batch_size.max(1))
                        .heartbeat_interval(config.heartbeat)
                        .missed_heartbeats(config.missed_heartbeats)
                        .persist_results(true),
                ),
            ),
        }
    }

    /// Depth and oldest age of every lane, for `/metrics`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lanes(&self) -> Result<Vec<LaneDepth>, CatalogError> {
        let mut tx = self.reading().await?;
        let due = tx.pick("j.run_at", "CAST(EXTRACT(EPOCH FROM j.run_at) AS BIGINT)");
        let text = format!(
            "SELECT j.job_type, COUNT(*), MIN(CASE WHEN j.status IN ('Pending', 'Failed') THEN {due} END) \
             FROM {} j WHERE {} GROUP BY j.job_type",
            tx.jobs(),
            tx.live()
        );
        let rows = all!(tx, (String, i64, Option<i64>), sqlx::AssertSqlSafe(text.clone()))?;
        let present = tx.now().unix_timestamp();
        Ok(Queue::ALL
            .iter()
            .map(|&queue| {
                let row = rows.iter().find(|(name, ..)| name == queue.as_str());
                LaneDepth {
                    queue,
                    depth: row.map_or(0, |(_, depth, _)| u64::try_from(*depth).unwrap_or_default()),
                    oldest_age_secs: row
                        .and_then(|(.., due)| *due)
                        .map_or(0, |due| u64::try_from(present - due).unwrap_or_default()),
                }
            })
            .collect())
    }

    /// Whether a task of a lane was done since then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lane_moved_since(&self, queue: Queue, since: OffsetDateTime) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        // `+`, or SQLite goes through all that the lane ever did, by its name, and not by what was done since.
        let text = tx.pick(
            "SELECT CAST(1 AS BIGINT) FROM Jobs j WHERE +j.job_type = $1 AND j.status IN ('Done', 'Failed', 'Killed') \
             AND j.done_at >= $2 LIMIT 1",
            "SELECT CAST(1 AS BIGINT) FROM apalis.jobs j WHERE j.job_type = $1 AND j.done_at >= to_timestamp($2) LIMIT 1",
        );
        let found = optional!(tx, (i64,), text, queue.as_str(), since.unix_timestamp())?;
        Ok(found.is_some())
    }

    /// When a worker, of any process, last said that it lives.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn worker_seen_at(&self) -> Result<Option<OffsetDateTime>, CatalogError> {
        let mut tx = self.reading().await?;
        let text = tx.pick(
            "SELECT MAX(CAST(last_seen AS BIGINT)) FROM Workers",
            "SELECT CAST(MAX(EXTRACT(EPOCH FROM last_seen)) AS BIGINT) FROM apalis.workers",
        );
        let (seen,) = one!(tx, (Option<i64>,), text)?;
        maybe_at("workers", "last_seen", seen.map(|secs| secs.saturating_mul(1_000_000)))
    }

    /// Deletes finished tasks older than `age`; how many. The rows of documents tell their story without them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn vacuum_tasks(&self, age: std::time::Duration) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let secs = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        let before = tx.now().unix_timestamp().saturating_sub(secs);
        // Of SQLite the states that apalis's index of what is done has: without them it is no way there.
        let done = tx.pick(
            "j.status IN ('Done', 'Failed', 'Killed') AND j.done_at <= $1",
            "j.done_at <= to_timestamp($1)",
        );
        let text = format!("DELETE FROM {} AS j WHERE {done} AND NOT {}", tx.jobs(), tx.live());
        let gone = execute!(tx, sqlx::AssertSqlSafe(text.clone()), before)?;
        tx.commit().await?;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-09-01 12:00 UTC);

    /// A task pushed at `present` for what is gone then, behind so many of its sender's.
    fn priority(behind: i64, deadline: OffsetDateTime, present: OffsetDateTime) -> i32 {
        Push::case(CaseId::generate(), None).unwrap().behind(behind).before(deadline, present).priority
    }

    #[test]
    fn tasks_compare_whenever_they_were_pushed() {
        let soon = NOON + Duration::HOUR;
        assert_eq!(priority(3, soon, NOON), priority(3, soon, NOON - Duration::hours(20)));
        assert!(priority(0, soon, NOON - Duration::hours(20)) > priority(0, soon + Duration::HOUR, NOON));
        let week = NOON + Duration::WEEK;
        assert_eq!(priority(3, week, NOON), priority(3, week, NOON - Duration::DAY));
        assert!(priority(0, week, NOON) > priority(0, week + Duration::HOUR, NOON - Duration::DAY));
        assert!(priority(0, week + Duration::HOUR, NOON) > priority(1, week, NOON), "fairness goes first");
        assert!(priority(200, soon, NOON) > priority(0, week, NOON), "but not of what is gone soon");
    }

    #[test]
    fn whatever_is_asked_it_is_a_priority() {
        let far = datetime!(9999-12-31 0:00 UTC);
        for behind in [0, 1, 600, i64::MAX] {
            assert!(priority(behind, far, NOON) < 0);
            assert!(priority(behind, OffsetDateTime::UNIX_EPOCH, NOON) > 0);
        }
        assert_eq!(priority(i64::MAX, far, NOON), i32::MIN);
    }
}
