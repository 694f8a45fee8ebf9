//! Documents that wait for a part that is away. None of them asks for it: whoever probes it wakes them when it answers, a
//! few at a time and in the order of their tasks ([`crate::queue`]: whose media is gone first, inside what fairness
//! allows). That is found out from the rows, so that a worker that dies in between loses nothing: the next look goes on.
//! Their tasks come by themselves only much later, in case nobody looks.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Part;
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, Stage, micros, word},
    queue::whole_secs,
    sql::Tx,
    stages::{Step, Until, put_off},
};

/// Of what waits for a part before anything was tried.
pub(crate) const AWAY: &str = "a part of ours is away";
/// Who waits for a part and is not woken comes by itself after this long, or up to twice as long.
const UNWOKEN: Duration = Duration::hours(2);
/// So long before media is gone it is tried once more, however much longer was to be waited.
const JUST_BEFORE: Duration = Duration::seconds(30);

/// Documents that are woken in one commit: few, so that no webhook waits for it.
const AT_ONCE: i64 = 200;
/// One wakes so long after the one before: more than the lanes take, and little of the writer. Should the part go away
/// again, no more than a few thousand have been woken in vain.
const APART: Duration = Duration::microseconds(2_500);

type Waiting = (Uuid, Option<String>);

/// No wait, whoever asked for it, outlasts the media, which is gone then, while there is time for one more attempt.
#[must_use]
pub fn before_it_is_gone(
    at: OffsetDateTime,
    gone: Option<OffsetDateTime>,
    present: OffsetDateTime,
) -> OffsetDateTime {
    let last = gone.map(|gone| gone - JUST_BEFORE).filter(|last| present < *last);
    last.map_or(at, |last| at.min(last))
}

/// When a document that waits for a part comes by itself, should nobody wake it: hours later, each at a time of its own, by
/// what is random in its id.
pub(crate) fn unwoken(
    id: DocumentId,
    gone: Option<OffsetDateTime>,
    present: OffsetDateTime,
) -> OffsetDateTime {
    let [.., high, low] = id.0.into_bytes();
    let share = f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX);
    before_it_is_gone(present.saturating_add(UNWOKEN * (1.0 + share)), gone, present)
}

/// The part that is away of those that a file needs to be fetched.
pub(crate) async fn keeps_from_fetching(tx: &mut Tx) -> Result<Option<Part>, CatalogError> {
    let names = Part::TO_FETCH.iter().map(|part| format!("'{part}'")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "SELECT name FROM parts WHERE name IN ({names}) AND away_since IS NOT NULL ORDER BY name LIMIT 1"
    );
    let row = optional!(tx, (String,), sqlx::AssertSqlSafe(text.clone()))?;
    row.map(|(name,)| word("parts", "name", &name)).transpose()
}

impl Catalog {
    /// A task comes to a document whose part is known to be away: it waits for that without being begun, as
    /// [`Catalog::wait_for_part`] lets it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn await_part(&self, id: DocumentId, stage: Stage, part: Part) -> Result<Step, CatalogError> {
        put_off(self.writing().await?, (id, stage), (AWAY, Until::Back(part)), false).await
    }

    /// Undoes the count of an attempt that failed for a part of ours that is away: the document is woken when that is back
    /// ([`Catalog::wake_waiting`]), and comes by itself hours later, or just before its media is gone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wait_for_part(
        &self,
        id: DocumentId,
        stage: Stage,
        (part, cause): (Part, &str),
    ) -> Result<Step, CatalogError> {
        put_off(self.writing().await?, (id, stage), (cause, Until::Back(part)), true).await
    }

    /// Wakes the next that wait for a part, unless that is away still: the first of them then, each other a little after
    /// the one before. When the next after them may be; none: nobody waits for it, or it is away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wake_waiting(
        &self,
        part: Part,
        from: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>, CatalogError> {
        // The writer is asked for only where there is something to write.
        if next_for(&mut self.reading().await?, part, "").await?.is_empty() {
            return Ok(None);
        }
        let mut tx = self.writing().await?;
        // Another process may wake some of them at this moment: those are left to it.
        let alone = tx.pick("", "FOR UPDATE OF d SKIP LOCKED");
        let rows = next_for(&mut tx, part, alone).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut next = from;
        let mut woken = Vec::with_capacity(rows.len());
        for (id, task) in rows {
            woken.push((id, task, next));
            next = next.saturating_add(APART);
        }
        wake(&mut tx, &woken).await?;
        tx.commit().await?;
        Ok(Some(next))
    }
}

/// The next that wait for a part that is there.
async fn next_for(tx: &mut Tx, part: Part, alone: &str) -> Result<Vec<Waiting>, CatalogError> {
    let text = format!(
        "SELECT d.id, d.task_id FROM documents d WHERE d.waits_part = $1 \
         AND NOT EXISTS (SELECT 1 FROM parts p WHERE p.name = $1 AND p.away_since IS NOT NULL) \
         ORDER BY d.wake_place, d.id LIMIT {AT_ONCE} {alone}"
    );
    all!(tx, Waiting, sqlx::AssertSqlSafe(text.clone()), part.as_str())
}

/// Each is due at its time, and so is its task, in the place that it had; one whose task is lost is the sweep's.
async fn wake(tx: &mut Tx, woken: &[(Uuid, Option<String>, OffsetDateTime)]) -> Result<(), CatalogError> {
    let present = tx.now();
    insert!(
        tx,
        // One that went on without being woken says so no more.
        "UPDATE documents SET waits_part = NULL, wake_place = NULL, updated_at = v.column3, \
         next_attempt_at = CASE WHEN documents.stage = 'done' OR documents.next_attempt_at < v.column2 \
           THEN documents.next_attempt_at ELSE v.column2 END FROM (VALUES ",
        3,
        ") AS v WHERE documents.id = v.column1",
        woken,
        |q, (id, _, at)| q.bind(*id).bind(micros(*at)).bind(micros(present))
    )?;
    let tasks: Vec<(&str, i64)> = woken
        .iter()
        .filter_map(|(_, task, at)| Some((task.as_deref()?, whole_secs(Some(*at), present))))
        .collect();
    let (head, tail) = if tx.is_sqlite() {
        (
            "UPDATE Jobs SET run_at = v.column2 FROM (VALUES ",
            ") AS v WHERE Jobs.id = v.column1 AND Jobs.status = 'Pending' AND Jobs.lock_by IS NULL \
             AND Jobs.run_at > v.column2",
        )
    } else {
        (
            "UPDATE apalis.jobs AS j SET run_at = to_timestamp(v.column2) FROM (VALUES ",
            ") AS v WHERE j.id = v.column1 AND j.status = 'Pending' AND j.run_at > to_timestamp(v.column2)",
        )
    };
    insert!(tx, head, 2, tail, &tasks, |q, (task, secs)| q.bind(*task).bind(*secs))
}
