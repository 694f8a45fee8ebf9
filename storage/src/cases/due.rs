//! Timers: a case whose deadline has come, and whom it has yet to show that we have what they sent.

use acuse_conversation::{Event, Kind};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Held, Near, approve, ask, collect::schedule, get, happens, hold_contact_of, team, wake};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{CaseId, ContactId, CustomerId, maybe_at, micros},
    queue::{Push, Queue, push},
};

/// Two ticks, and that an answer is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nod {
    /// To whom.
    pub contact: ContactId,
    /// From which of our numbers.
    pub phone_number_id: String,
    /// For which message.
    pub wamid: String,
}

/// What a task found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turn {
    /// The deadline had come.
    pub stepped: bool,
    /// Somebody is to see that we have what they sent; said once.
    pub nod: Option<Nod>,
}

/// Rows one sweep looks at; the next one takes the rest.
const MOST: i64 = 1_000;

impl Catalog {
    /// A task comes to a case: if its deadline has come, it takes its step; if not, a task comes then.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn case_turn(&self, id: CaseId) -> Result<Turn, CatalogError> {
        let mut tx = self.writing().await?;
        hold_contact_of(&mut tx, id).await?;
        let Some(held) = get(&mut tx, id).await?.filter(|held| held.case.is_open()) else {
            return Ok(Turn::default());
        };
        let nod = take_nod(&mut tx, &held).await?;
        let mut turn = Turn { stepped: false, nod };
        match held.case.due_at {
            Some(at) if at <= tx.now() => {
                let decides = (held.case.kind == Kind::Approval).then_some(held.id);
                let is_withheld = held.case.kind == Kind::Ask && held.subject == ask::WITHHELD;
                let owes = (held.case.kind == Kind::Collection).then(|| held.subject.parse().ok()).flatten();
                let contact = held.contact;
                happens(&mut tx, held, Uuid::now_v7(), Event::Due { at }).await?;
                if let Some(customer) = owes {
                    schedule(&mut tx, CustomerId(customer), Near::Held(contact)).await?;
                }
                if let Some(case) = decides {
                    approve::escalate(&mut tx, case).await?;
                }
                if is_withheld {
                    ask::left_unseen(&mut tx, id).await?;
                }
                turn.stepped = true;
            }
            Some(at) => wake(&mut tx, &held, at).await?,
            None => turn.stepped = team::turn(&mut tx, &held).await?,
        }
        tx.commit().await?;
        Ok(turn)
    }

    /// Pushes a task for every case whose deadline has passed and that no task will serve.
    pub(crate) async fn sweep_cases(&self, before: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let text = format!(
            "SELECT c.id, COALESCE(c.due_at, c.answer_by) FROM cases c LEFT JOIN {} j ON j.id = c.task_id \
             WHERE (c.due_at <= $1 OR (c.due_at IS NULL AND c.answer_by <= $1 AND c.escalated_at IS NULL)) \
             AND (j.id IS NULL OR NOT {}) ORDER BY 2 LIMIT {MOST}",
            tx.jobs(),
            tx.live()
        );
        let rows = all!(tx, (Uuid, Option<i64>), sqlx::AssertSqlSafe(text.clone()), micros(before))?;
        let swept = rows.len() as u64;
        for (id, due) in rows {
            // Twice is harmless: a task that finds nothing due does nothing.
            let task = Push::case(CaseId(id), maybe_at("cases", "due_at", due)?)?;
            execute!(tx, "UPDATE cases SET task_id = $2 WHERE id = $1", id, task.task_id.as_str())?;
            push(&mut tx, Queue::Case, vec![task]).await?;
        }
        team::end_incidents(&mut tx).await?;
        tx.commit().await?;
        Ok(swept)
    }
}

async fn take_nod(tx: &mut crate::sql::Tx, held: &Held) -> Result<Option<Nod>, CatalogError> {
    let Some(wamid) = held.nod.clone() else { return Ok(None) };
    execute!(tx, "UPDATE cases SET nod = NULL WHERE id = $1", held.id.0)?;
    Ok(Some(Nod { contact: held.contact, phone_number_id: held.phone_number_id.clone(), wamid }))
}
