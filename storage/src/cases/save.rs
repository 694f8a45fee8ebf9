//! The row of a case after a step, written with the task that comes to it next.

use acuse_conversation::{Case, Effect, Expects, Kind, Say};
use time::OffsetDateTime;

use super::{held::Held, memory, told};
use crate::{
    error::CatalogError,
    names::micros,
    queue::{Push, Queue, push},
    sql::Tx,
};

/// Writes the row of a case that begins, as it is, and tells of it.
pub(super) async fn begin(
    tx: &mut Tx,
    held: &Held,
    effects: &[Effect],
    task: Option<&Push>,
) -> Result<(), CatalogError> {
    let (present, case) = (micros(tx.now()), &held.case);
    execute!(
        tx,
        "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, expects, due_at, version, memory, \
         policy, policy_version, created_at, updated_at, task_id, task_at, nod, closed_at, answered_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $4, 1, $11, $11, $12, $13, $14, \
           CASE WHEN $15 THEN $11 END, CASE WHEN $16 THEN $11 END)",
        held.id.0,
        held.contact.0,
        held.phone_number_id.as_str(),
        case.kind.as_str(),
        held.subject.as_str(),
        case.state.as_str(),
        case.expects.map(Expects::as_str),
        case.due_at.map(micros),
        held.version,
        memory::written(case)?,
        present,
        task.map(|task| task.task_id.as_str()),
        held.task_at.map(micros),
        held.nod.as_deref(),
        !case.is_open(),
        is_answer(case.kind, effects)
    )?;
    told::tell_opened(tx, held.into()).await
}

/// Whether whoever is awaited has answered: of what they began we, of what we began they.
fn is_answer(kind: Kind, effects: &[Effect]) -> bool {
    effects.iter().any(|effect| match effect {
        Effect::Attach => true,
        Effect::Send(Say::Thanks) => kind == Kind::Collection,
        Effect::Send(_) => kind == Kind::Documents,
        _ => false,
    })
}

/// The row of a case as it is after a step, with the task that comes to it next; whoever is to see at once that we have
/// what they sent has a task of its own.
pub(super) async fn save(
    tx: &mut Tx,
    held: Held,
    case: Case,
    effects: &[Effect],
) -> Result<Held, CatalogError> {
    let wakes = effects.iter().rev().find_map(|effect| match effect {
        Effect::WakeAt(at) => Some(*at),
        _ => None,
    });
    let task = wakes.map(|at| timer(&held, at, tx.now())).transpose()?.flatten();
    let task_at = task.as_ref().and_then(|task| task.run_at).or(held.task_at);
    let mut tasks = Vec::new();
    let held = if held.is_new {
        let held = Held { case, version: held.version + 1, task_at, ..held };
        begin(tx, &held, effects, task.as_ref()).await?;
        Held { is_new: false, ..held }
    } else {
        update(tx, &held, &case, (effects, task.as_ref())).await?;
        Held { case, version: held.version + 1, task_at, ..held }
    };
    if shown(&held, effects).is_some() {
        tasks.push(Push::case(held.id, None)?);
    }
    tasks.extend(task);
    push(tx, Queue::Case, tasks).await?;
    Ok(held)
}

/// The message whose sender is to see, from this step on, that we have it.
fn shown<'a>(held: &'a Held, effects: &[Effect]) -> Option<&'a str> {
    held.nod.as_deref().filter(|_| effects.contains(&Effect::Typing))
}

async fn update(
    tx: &mut Tx,
    held: &Held,
    case: &Case,
    (effects, task): (&[Effect], Option<&Push>),
) -> Result<(), CatalogError> {
    let present = tx.now();
    let saved = execute!(
        tx,
        "UPDATE cases SET state = $3, expects = $4, due_at = $5, memory = $6, version = version + 1, updated_at = $7, \
         closed_at = CASE WHEN $8 THEN $7 END, left_state = CASE WHEN $8 THEN $9 ELSE left_state END, \
         left_expects = CASE WHEN $8 THEN $10 ELSE left_expects END, \
         answered_at = CASE WHEN $11 THEN COALESCE(answered_at, $7) ELSE answered_at END, \
         task_id = COALESCE($12, task_id), task_at = COALESCE($13, task_at), nod = COALESCE($14, nod) \
         WHERE id = $1 AND version = $2",
        held.id.0,
        held.version,
        case.state.as_str(),
        case.expects.map(Expects::as_str),
        case.due_at.map(micros),
        memory::written(case)?,
        micros(present),
        !case.is_open(),
        held.case.state.as_str(),
        held.case.expects.map(Expects::as_str),
        is_answer(case.kind, effects),
        task.map(|task| task.task_id.as_str()),
        task.and_then(|task| task.run_at).map(micros),
        shown(held, effects)
    )?;
    if saved == 1 { Ok(()) } else { Err(CatalogError::Contention) }
}

/// The task that is to come to a case at this time. One that comes earlier, as while a burst goes on, finds out by itself.
fn timer(held: &Held, at: OffsetDateTime, present: OffsetDateTime) -> Result<Option<Push>, CatalogError> {
    if held.task_at.is_some_and(|comes| comes > present && comes <= at) {
        return Ok(None);
    }
    Push::case(held.id, Some(at)).map(Some)
}

/// Sees to it that a task comes at this time.
pub(super) async fn wake(tx: &mut Tx, held: &Held, at: OffsetDateTime) -> Result<(), CatalogError> {
    let Some(task) = timer(held, at, tx.now())? else { return Ok(()) };
    execute!(
        tx,
        "UPDATE cases SET task_id = $2, task_at = $3 WHERE id = $1",
        held.id.0,
        task.task_id.as_str(),
        micros(at)
    )?;
    push(tx, Queue::Case, vec![task]).await
}
