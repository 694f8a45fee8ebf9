//! Belt and braces: whatever is not at rest has a task that will run. Takes no input and is safe to run twice.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{DocumentId, Stage, at, maybe_at, micros, word},
    outbox::{Wait, line_of, wake},
    queue::{Queue, push},
    reviews::push_hold,
    stages::{on_its_road, waiting_task},
};

/// What a sweep put back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Documents that had no live task.
    pub documents: u64,
    /// Lines of messages that wait with no live task.
    pub lines: u64,
    /// Decisions whose time to be taken back no live task would end.
    pub holds: u64,
    /// Cases whose deadline has passed and that no live task would serve.
    pub cases: u64,
}

/// Rows one sweep looks at; the next one takes the rest.
const MOST: i64 = 1_000;

impl Catalog {
    /// Pushes a task for every document on its road, and every line with a message waiting, that none will serve.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn sweep(&self) -> Result<Swept, CatalogError> {
        self.sweep_older_than(Duration::seconds(30)).await
    }

    /// [`Catalog::sweep`], looking only at rows that did not change for `idle`.
    ///
    /// # Errors
    /// As [`Catalog::sweep`].
    pub async fn sweep_older_than(&self, idle: Duration) -> Result<Swept, CatalogError> {
        let before = self.now() - idle;
        self.add_up_tallies().await?;
        self.add_up_message_tallies().await?;
        self.add_up_arrivals().await?;
        self.add_up_waiting().await?;
        let swept = Swept {
            documents: self.sweep_documents(before).await?,
            lines: self.sweep_lines(before).await?,
            holds: self.sweep_holds(before).await?,
            cases: self.sweep_cases(before).await?,
        };
        self.end_late_approvals().await?;
        self.follow_rules().await?;
        self.look_for_unbilled().await?;
        Ok(swept)
    }

    async fn sweep_documents(&self, before: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let text = format!(
            "SELECT d.id, d.stage, d.task_id, d.next_attempt_at FROM documents d \
             LEFT JOIN {} j ON j.id = d.task_id \
             WHERE {} AND d.updated_at <= $1 AND (j.id IS NULL OR NOT {}) \
               AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.document_id = d.id) ORDER BY d.id LIMIT {MOST}",
            tx.jobs(),
            on_its_road(),
            tx.live()
        );
        let rows = all!(
            tx,
            (Uuid, String, Option<String>, Option<i64>),
            sqlx::AssertSqlSafe(text.clone()),
            micros(before)
        )?;
        let mut swept = 0;
        for (id, stage, seen, next) in rows {
            let stage: Stage = word("documents", "stage", &stage)?;
            let Some(queue) = Queue::of(stage) else { continue };
            let next = maybe_at("documents", "next_attempt_at", next)?;
            let task = waiting_task(&mut tx, DocumentId(id), stage, next).await?;
            // Another sweep may be at the same row: only the one that finds it as it was goes on.
            let mine = execute!(
                tx,
                "UPDATE documents SET task_id = $4 WHERE id = $1 AND stage = $2 AND COALESCE(task_id, '') = $3",
                id,
                stage.as_str(),
                seen.as_deref().unwrap_or_default(),
                task.task_id.as_str()
            )?;
            if mine == 1 {
                push(&mut tx, queue, vec![task]).await?;
                swept += 1;
            }
        }
        tx.commit().await?;
        Ok(swept)
    }

    async fn sweep_holds(&self, before: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let text = format!(
            "SELECT h.document_id, h.held_until FROM holds h LEFT JOIN {} j ON j.id = h.task_id \
             WHERE h.held_until <= $1 AND (j.id IS NULL OR NOT {}) ORDER BY h.held_until LIMIT {MOST}",
            tx.jobs(),
            tx.live()
        );
        let rows = all!(tx, (Uuid, i64), sqlx::AssertSqlSafe(text.clone()), micros(before))?;
        let swept = rows.len() as u64;
        for (id, until) in rows {
            // Twice is harmless here: the row of a hold is deleted once.
            push_hold(&mut tx, DocumentId(id), at("holds", "held_until", until)?).await?;
        }
        tx.commit().await?;
        Ok(swept)
    }

    async fn sweep_lines(&self, before: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let text = format!(
            "SELECT w.contact_id, w.number FROM (SELECT DISTINCT o.contact_id, COALESCE(o.phone_number_id, '') AS number \
               FROM outbox o WHERE o.state IN ('queued', 'sending', 'unknown', 'refused') \
                 AND o.updated_at <= $1 AND (o.state IN ('queued', 'refused') \
                 OR (o.state = 'sending' AND o.lease_until <= $2) OR (o.state = 'unknown' AND o.next_attempt_at <= $2))) w \
             LEFT JOIN reply_lines l ON l.contact_id = w.contact_id AND l.phone_number_id = w.number \
             LEFT JOIN {} j ON j.id = l.task_id WHERE j.id IS NULL OR NOT {} \
             ORDER BY w.contact_id, w.number LIMIT {MOST}",
            tx.jobs(),
            tx.live()
        );
        let present = micros(tx.now());
        let rows = all!(tx, (Uuid, String), sqlx::AssertSqlSafe(text.clone()), micros(before), present)?;
        let swept = rows.len() as u64;
        for line in rows {
            // Twice is harmless here: a line has one task that waits.
            wake(&mut tx, &line_of(line), Wait::None).await?;
        }
        tx.commit().await?;
        Ok(swept)
    }
}
