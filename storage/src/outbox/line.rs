//! Lines: what waits for one person from one of our numbers leaves in order, through one pair of hands at a time.
//!
//! Each line has a row, and in it the one task that waits to serve it ([`wake`]). Whoever queues a message and whoever
//! serves the line touch that row first, so that a task which is taken off the queue a moment before a message is
//! queued still finds it, and one that has looked already is followed by another.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{COLUMNS, OutboxMessage, Row, T};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{ContactId, maybe_at, micros},
    outbox::HeldFor,
    queue::{Push, Queue, push, whole_secs},
    sql::Tx,
};

/// A person and one of our numbers: messages between them leave in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// To whom.
    pub contact: ContactId,
    /// From which of our numbers (`phone_number_id`); empty where none is known.
    pub number: String,
}

/// What waits in a line.
#[derive(Debug, Clone, PartialEq)]
pub enum NextReply {
    /// This one is yours until the lease ends; settle it with one of the `reply_*` functions.
    Send(Box<OutboxMessage>),
    /// The first in line may not go before this time; those behind it wait.
    NotBefore(OffsetDateTime),
    /// Another worker has this line in hand.
    Busy,
    /// Nothing waits.
    Empty,
}

/// The priority of a task behind whose line no answer stands.
const BEHIND: i32 = -1;

/// How long a line may be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Not at all.
    None,
    /// Until then.
    Until(OffsetDateTime),
}

pub(crate) fn line_of((contact, number): (Uuid, String)) -> Line {
    Line { contact: ContactId(contact), number }
}

/// Touches a line's row, which makes others on the same line wait for this transaction; the task that was pushed last.
pub(super) async fn hold(tx: &mut Tx, line: &Line) -> Result<Option<String>, CatalogError> {
    let (task,) = one!(
        tx,
        (Option<String>,),
        "INSERT INTO reply_lines (contact_id, phone_number_id) VALUES ($1, $2) \
         ON CONFLICT (contact_id, phone_number_id) DO UPDATE SET phone_number_id = excluded.phone_number_id \
         RETURNING task_id",
        line.contact.0,
        line.number.as_str()
    )?;
    Ok(task)
}

/// What a line's task is worth at this time (whole seconds) among those of other lines: answers go before what we say of
/// ourselves. What stands aside until later raises nothing.
async fn priority_at(tx: &mut Tx, line: &Line, secs: i64) -> Result<i32, CatalogError> {
    let (first,) = one!(
        tx,
        (Option<i64>,),
        "SELECT MIN(priority) FROM outbox WHERE contact_id = $1 AND COALESCE(phone_number_id, '') = $2 \
         AND state IN ('queued', 'sending', 'refused', 'unknown') AND (not_before IS NULL OR not_before <= $3)",
        line.contact.0,
        line.number.as_str(),
        secs.saturating_mul(1_000_000)
    )?;
    Ok(if first.unwrap_or_default() > 0 { BEHIND } else { 0 })
}

/// Sees to it that one task waits to serve a line, due when the wait is over at the latest, and before others' if an
/// answer stands in it. One that waits for longer or is worth less is replaced; one that a worker has taken may have
/// looked already, and is followed by another.
pub(crate) async fn wake(tx: &mut Tx, line: &Line, wait: Wait) -> Result<(), CatalogError> {
    let mut run_at = match wait {
        Wait::None => None,
        Wait::Until(at) => Some(at),
    };
    let waiting = hold(tx, line).await?;
    let due = whole_secs(run_at, tx.now());
    let mut priority = priority_at(tx, line, due).await?;
    if let Some(task) = waiting {
        let waits = tx.pick(
            "SELECT run_at, CAST(COALESCE(priority, 0) AS BIGINT) FROM Jobs \
             WHERE id = $1 AND status = 'Pending' AND lock_by IS NULL",
            "SELECT CAST(EXTRACT(EPOCH FROM run_at) AS BIGINT), CAST(COALESCE(priority, 0) AS BIGINT) FROM apalis.jobs \
             WHERE id = $1 AND status = 'Pending'",
        );
        if let Some((waits_until, worth)) = optional!(tx, (i64, i64), waits, task.as_str())? {
            if waits_until <= due {
                priority = priority_at(tx, line, waits_until).await?;
                if i64::from(priority) <= worth {
                    return Ok(());
                }
                // It takes the other's place, and its time.
                run_at = OffsetDateTime::from_unix_timestamp(waits_until).ok();
            }
            let gone = tx.pick(
                "DELETE FROM Jobs WHERE id = $1 AND status = 'Pending' AND lock_by IS NULL",
                "DELETE FROM apalis.jobs WHERE id = $1 AND status = 'Pending'",
            );
            execute!(tx, gone, task.as_str())?;
        }
    }
    let task = Push { priority, ..Push::reply(line, run_at)? };
    execute!(
        tx,
        "UPDATE reply_lines SET task_id = $3 WHERE contact_id = $1 AND phone_number_id = $2",
        line.contact.0,
        line.number.as_str(),
        task.task_id.as_str()
    )?;
    push(tx, Queue::Reply, vec![task]).await
}

/// A message was settled by somebody else than the worker that has it in hand: what stands behind it goes on, whatever
/// becomes of that worker.
pub(crate) async fn goes_on_behind(tx: &mut Tx, message: Uuid) -> Result<(), CatalogError> {
    let row = optional!(
        tx,
        (Uuid, String),
        "SELECT o.contact_id, COALESCE(o.phone_number_id, '') FROM outbox o WHERE o.id = $1 \
         AND EXISTS (SELECT 1 FROM outbox b WHERE b.contact_id = o.contact_id AND b.id <> o.id \
           AND COALESCE(b.phone_number_id, '') = COALESCE(o.phone_number_id, '') AND b.state IN ('queued', 'refused'))",
        message
    )?;
    match row {
        Some(row) => wake(tx, &line_of(row), Wait::None).await,
        None => Ok(()),
    }
}

/// What stood in one person's lines stands in another's now: they turned out to be one.
pub(crate) async fn move_lines(tx: &mut Tx, from: Uuid, into: Uuid) -> Result<(), CatalogError> {
    let lines = all!(tx, (String,), "SELECT phone_number_id FROM reply_lines WHERE contact_id = $1", from)?;
    for (number,) in lines {
        wake(tx, &Line { contact: ContactId(into), number }, Wait::None).await?;
    }
    execute!(tx, "DELETE FROM reply_lines WHERE contact_id = $1", from).map(drop)
}

/// What messages stood aside for is over, in the lines of one of our numbers, or of all.
pub(crate) async fn release(
    tx: &mut Tx,
    held_for: HeldFor,
    number: Option<&str>,
) -> Result<(), CatalogError> {
    let lines = all!(
        tx,
        (Uuid, String),
        "SELECT DISTINCT contact_id, COALESCE(phone_number_id, '') FROM outbox WHERE held_for = $1 AND state = 'queued' \
         AND (CAST($2 AS TEXT) IS NULL OR phone_number_id = $2) ORDER BY 1, 2 LIMIT 10000",
        held_for.as_str(),
        number
    )?;
    for line in lines {
        steps_in(tx, &line_of(line), held_for).await?;
    }
    Ok(())
}

/// The same of some contacts, however many others wait for the same.
pub(crate) async fn release_of(tx: &mut Tx, contacts: &[Uuid], over: &[HeldFor]) -> Result<(), CatalogError> {
    // By the contacts, of whom each has few messages.
    let lines = values!(
        tx,
        (Uuid, String, String),
        "SELECT DISTINCT contact_id, COALESCE(phone_number_id, ''), held_for FROM outbox \
         WHERE state = 'queued' AND COALESCE(held_for, '') <> '' AND contact_id IN (VALUES ",
        1,
        ") ORDER BY 1, 2, 3",
        contacts,
        |q, contact| q.bind(*contact)
    )?;
    for (contact, number, held_for) in lines {
        if let Some(held_for) = over.iter().find(|over| over.as_str() == held_for) {
            steps_in(tx, &line_of((contact, number)), *held_for).await?;
        }
    }
    Ok(())
}

/// What stood aside in a line for one thing stands in it again. The line comes before its messages, as for whoever serves it.
async fn steps_in(tx: &mut Tx, line: &Line, held_for: HeldFor) -> Result<(), CatalogError> {
    hold(tx, line).await?;
    execute!(
        tx,
        // They wrote: whatever Meta said of their window before is over.
        "UPDATE outbox SET not_before = NULL, next_attempt_at = NULL, held_for = NULL, \
           error_code = CASE WHEN held_for = 'stop' THEN NULL ELSE error_code END \
         WHERE contact_id = $1 AND COALESCE(phone_number_id, '') = $2 AND held_for = $3 AND state = 'queued'",
        line.contact.0,
        line.number.as_str(),
        held_for.as_str()
    )?;
    wake(tx, line, Wait::None).await
}

/// Whether a worker has a message of this line in hand.
async fn in_hand(tx: &mut Tx, line: &Line, present: OffsetDateTime) -> Result<bool, CatalogError> {
    let (held,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM outbox WHERE contact_id = $1 AND COALESCE(phone_number_id, '') = $3 \
         AND lease_until > $2 AND state IN ('queued', 'sending', 'refused', 'unknown')",
        line.contact.0,
        micros(present),
        line.number.as_str()
    )?;
    Ok(held > 0)
}

/// When the first of what stands aside may go.
async fn first_aside(
    tx: &mut Tx,
    line: &Line,
    present: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, CatalogError> {
    let (first,) = one!(
        tx,
        (Option<i64>,),
        "SELECT MIN(not_before) FROM outbox WHERE contact_id = $1 AND COALESCE(phone_number_id, '') = $2 \
         AND state IN ('queued', 'refused') AND not_before > $3",
        line.contact.0,
        line.number.as_str(),
        micros(present)
    )?;
    maybe_at(T, "not_before", first)
}

impl Catalog {
    /// The lines in which something waits or waited for a person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lines_of(&self, contact: ContactId) -> Result<Vec<Line>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            (Uuid, String),
            "SELECT contact_id, phone_number_id FROM reply_lines WHERE contact_id = $1 ORDER BY phone_number_id LIMIT 1000",
            contact.0
        )?;
        Ok(rows.into_iter().map(line_of).collect())
    }

    /// Takes the first message that waits in a line, for as long as `lease`: answers before what we say of
    /// ourselves, else in the order in which they were queued, and none that stands aside. One worker at a time has a
    /// line in hand. A message whose worker died comes back here: as it was, or `sending` if it may have been sent.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn next_reply(
        &self,
        line: &Line,
        lease: std::time::Duration,
    ) -> Result<NextReply, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        hold(&mut tx, line).await?;
        if in_hand(&mut tx, line, present).await? {
            return Ok(NextReply::Busy);
        }
        let text = format!(
            "SELECT {COLUMNS} FROM outbox WHERE contact_id = $1 AND COALESCE(phone_number_id, '') = $3 \
             AND (not_before IS NULL OR not_before <= $2) \
             AND (state IN ('queued', 'sending', 'refused') OR (state = 'unknown' AND next_attempt_at <= $2)) \
             ORDER BY priority, seq LIMIT 1"
        );
        let row = optional!(
            tx,
            Row,
            sqlx::AssertSqlSafe(text.clone()),
            line.contact.0,
            micros(present),
            line.number.as_str()
        )?;
        let first_aside = first_aside(&mut tx, line, present).await?;
        let Some(message) = row.map(OutboxMessage::try_from).transpose()? else {
            return Ok(first_aside.map_or(NextReply::Empty, NextReply::NotBefore));
        };
        if let Some(at) = message.next_attempt_at.filter(|at| *at > present) {
            return Ok(NextReply::NotBefore(first_aside.map_or(at, |aside| aside.min(at))));
        }
        let until = present + Duration::try_from(lease).unwrap_or(Duration::MINUTE);
        execute!(tx, "UPDATE outbox SET lease_until = $2 WHERE id = $1", message.id.0, micros(until))?;
        tx.commit().await?;
        Ok(NextReply::Send(Box::new(message)))
    }

    /// A line goes on at this time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn line_goes_on(&self, line: &Line, at: OffsetDateTime) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        wake(&mut tx, line, Wait::Until(at)).await?;
        tx.commit().await
    }
}
