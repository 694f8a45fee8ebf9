//! Cases: one open matter between a contact and one of our numbers, as a row. What happens to it is
//! [`acuse_conversation::step`]; here each step is one transaction with its effects: the row, what is said (the outbox),
//! the timer (a row with its time, pushed as a task), and what becomes of the documents.
//!
//! Whoever steps a case holds its contact first: steps of one contact come one after the other, in every process.

mod approve;
mod ask;
mod authorize;
mod choose;
mod collect;
mod due;
mod filter;
mod flow;
mod gather;
mod held;
mod inbox;
mod locks;
mod memory;
mod notes;
mod save;
mod speak;
mod support;
mod team;
mod told;
mod written;

use acuse_conversation::{Effect, Event, Happened, Kind, Say, State, Who, step};
use uuid::Uuid;

pub(crate) use approve::{
    ask as ask_approver, ask_again as ask_approver_again, can_be_answered as can_approver_answer,
    close as close_approval, forget as forget_approval, is_asked as is_approver_asked,
    late as approval_is_late,
};
pub use ask::{Answer, Asking, Joined, PASSWORD, Question};
pub(crate) use ask::{
    By, Worded, ask_for_unseen, ask_password, asked, decided, is_password, keep_password, password_came,
    password_used, passwords_are_awaited, who_is_asked,
};
pub use authorize::CHECK as AUTHORIZATION;
pub(crate) use authorize::{greeted, released};
pub(crate) use choose::{Tapped, tapped};
pub(crate) use collect::{
    Near, matched, may_be_billed, reminded_by, schedule, settled, thank, unheard, unsay,
};
pub use collect::{UNBILLED, UNSEEN};
pub use due::{Nod, Turn};
pub use filter::{CaseCursor, CaseFilter};
pub use flow::{Flow, FlowCount, FlowDay, FlowTime, Measure, Span};
pub(crate) use gather::{Came, at_rest, came};
use held::{About, COLUMNS, Held, OPEN, Row, find, find_or_open, get, subject_of, unknown};
pub use inbox::{Act, Acted, Listed};
use locks::hold_contact_of;
pub(crate) use locks::{hold_contact, hold_contacts, hold_document, hold_document_for};
pub use notes::{NOTE_CHARS, Note};
use save::{save, wake};
pub(crate) use speak::{Person, by_day, person};
pub(crate) use support::{Heard, heard, is_with_a_person};
pub use team::OVERDUE;
pub(crate) use told::{Matter, case_of, tell_closed, tell_erased};
pub use written::Templated;

use crate::{
    consents::Category,
    error::CatalogError,
    names::{CaseId, ContactId, OutboxId},
    sql::Tx,
};

/// Something happens to a case: its row and all that follows are written. Whoever calls holds the contact. Without
/// policies nothing happens to any.
async fn happens(tx: &mut Tx, held: Held, name: Uuid, event: Event) -> Result<(), CatalogError> {
    let Some(policies) = tx.policies() else { return Ok(()) };
    let policy = policies.of(held.case.kind).clone().in_zone(held.person.zone());
    let happened = Happened { id: name.as_u128(), event };
    let (case, effects) = step(held.case.clone(), happened, &policy, tx.now());
    if case == held.case {
        return Ok(());
    }
    let before = held.case.state;
    let held = save(tx, held, case, &effects).await?;
    for effect in effects {
        carry_out(tx, &held, &held.person, effect).await?;
        #[cfg(debug_assertions)]
        carried_out(effect);
    }
    keep_promise(tx, &held, &held.person, (before, event)).await
}

/// What a case's team has promised, as a person begins to have it, goes on, or has it no more.
async fn keep_promise(
    tx: &mut Tx,
    held: &Held,
    person: &Person,
    (before, event): (State, Event),
) -> Result<(), CatalogError> {
    let is_theirs =
        matches!(event, Event::File | Event::Words | Event::Missed | Event::Secret | Event::Choice);
    match (before == State::Human, held.case.state == State::Human) {
        (false, true) if event != Event::AgentTook => team::assign(tx, held, person).await,
        (true, true) if is_theirs => team::awaits(tx, held, person).await,
        (true, false) => team::over(tx, held.id).await,
        _ => Ok(()),
    }
}

#[cfg(debug_assertions)]
static CARRIED_OUT: std::sync::OnceLock<fn(&'static str)> = std::sync::OnceLock::new();

/// In a debug build `hears` is told of each effect by the name of its boundary, once it is written and before it is
/// committed: a test ends the process there. The first who asks is told.
#[cfg(debug_assertions)]
pub fn on_effect(hears: fn(&'static str)) {
    CARRIED_OUT.get_or_init(|| hears);
}

/// An effect is written, and not committed yet.
#[cfg(debug_assertions)]
fn carried_out(effect: Effect) {
    let Some(hears) = CARRIED_OUT.get() else { return };
    hears(match effect {
        Effect::Send(_) => "effect.send",
        Effect::Typing => "effect.typing",
        Effect::Attach => "effect.attach",
        Effect::WakeAt(_) => "effect.wake",
        Effect::Assign(_) => "effect.assign",
        Effect::Incident => "effect.incident",
        Effect::Tell(_) => "effect.tell",
    });
}

/// What a case said will not arrive: a person has it.
pub(crate) async fn cannot_speak(tx: &mut Tx, message: OutboxId) -> Result<(), CatalogError> {
    let row = optional!(tx, (Option<Uuid>,), "SELECT case_id FROM outbox WHERE id = $1", message.0)?;
    let Some((Some(id),)) = row else { return Ok(()) };
    let Some(seen) = get(tx, CaseId(id)).await? else { return Ok(()) };
    hold_contact(tx, seen.contact).await?;
    let Some(held) = get(tx, CaseId(id)).await? else { return Ok(()) };
    let asks = held.case.kind == Kind::Approval;
    happens(tx, held, message.0, Event::SendFailed).await?;
    if asks { approve::escalate(tx, CaseId(id)).await } else { Ok(()) }
}

/// A contact wants no more of these categories from a number: each of their open cases hears so that says such things. Of a
/// matter that goes on by what they agreed to still, nobody else would know that it had ended.
pub(crate) async fn stopped(
    tx: &mut Tx,
    of: (ContactId, &str),
    categories: &[Category],
) -> Result<(), CatalogError> {
    each_hears(tx, of, categories, Event::OptOut).await
}

/// They want to hear of these again: what is still open with them reminds again.
pub(crate) async fn resumed(
    tx: &mut Tx,
    of: (ContactId, &str),
    categories: &[Category],
) -> Result<(), CatalogError> {
    each_hears(tx, of, categories, Event::OptIn).await
}

async fn each_hears(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    categories: &[Category],
    event: Event,
) -> Result<(), CatalogError> {
    hold_contact(tx, contact).await?;
    let text = format!(
        "SELECT {COLUMNS} FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND state IN {OPEN} ORDER BY id"
    );
    for row in all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), contact.0, phone_number_id)? {
        let held = Held::try_from(row)?;
        let says = if held.case.kind == Kind::Collection { Category::Billing } else { Category::Utility };
        if categories.contains(&says) && held.case.is_quiet == (event == Event::OptIn) {
            happens(tx, held, Uuid::now_v7(), event).await?;
        }
    }
    Ok(())
}

async fn carry_out(tx: &mut Tx, held: &Held, person: &Person, effect: Effect) -> Result<(), CatalogError> {
    match effect {
        Effect::Send(say) => match (held.case.kind, say) {
            (Kind::Documents, Say::Received(count)) => speak::received(tx, held, person, count).await,
            (Kind::Documents, Say::Summary) => speak::summary(tx, held, person, false).await,
            (Kind::Documents, Say::SummarySoFar) => speak::summary(tx, held, person, true).await,
            (Kind::Ask, Say::Reminder(_)) => ask::remind(tx, held, person).await,
            (Kind::Approval, Say::Reminder(_)) => approve::remind(tx, held, person).await,
            (Kind::Collection, Say::Reminder(_)) => collect::remind(tx, held, person).await,
            (Kind::Support, Say::Question(_)) => support::unclear(tx, held, person).await,
            // What is asked, and that it is settled, is said with what became of the document.
            _ => Ok(()),
        },
        Effect::Assign(Who::Team) if held.case.kind == Kind::Ask => ask::left_to_a_person(tx, held).await,
        Effect::Tell(end) => {
            if held.case.kind == Kind::Ask {
                ask::left_to_a_person(tx, held).await?;
            }
            tell_closed(tx, held.into(), end).await
        }
        Effect::Assign(Who::Agent) if held.case.kind == Kind::Approval => approve::taken(tx, held).await,
        // Ticks are shown where the file came in, what is attached by whoever attaches it, a message that does not arrive
        // has an incident of its own, and the task that comes next was pushed with the row.
        Effect::Typing | Effect::Attach | Effect::WakeAt(_) | Effect::Incident | Effect::Assign(_) => Ok(()),
    }
}
