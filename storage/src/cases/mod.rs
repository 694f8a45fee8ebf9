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
mod inbox;
mod memory;
mod notes;
mod speak;
mod support;
mod team;
mod written;

use acuse_conversation::{
    Case, Effect, Event, Expects, Happened, Kind, Say, State, Who, step, zone_of_phone,
};
use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use approve::{
    ask as ask_approver, close as close_approval, forget as forget_approval, late as approval_is_late,
};
pub use ask::{Answer, Asking, Joined, PASSWORD, Question};
pub(crate) use ask::{
    By, Worded, ask_for_unseen, asked, decided, is_password, keep_password, password_came, password_used,
    passwords_are_awaited,
};
pub use authorize::CHECK as AUTHORIZATION;
pub(crate) use authorize::{greeted, released};
pub(crate) use choose::{Tapped, tapped};
pub use collect::UNBILLED;
pub(crate) use collect::{matched, may_be_billed, schedule, settled, thank};
pub use due::{Nod, Turn};
pub use filter::{CaseCursor, CaseFilter};
pub use flow::{Flow, FlowCount, FlowDay, FlowTime, Measure, Span};
pub(crate) use gather::{Came, at_rest, came};
pub use inbox::{Act, Acted, Listed};
pub use notes::{NOTE_CHARS, Note};
pub(crate) use speak::{by_day, person};
pub(crate) use support::{Heard, heard};
pub use team::OVERDUE;
pub use written::Templated;

use crate::{
    consents::Category,
    documents,
    error::CatalogError,
    names::{CaseId, ContactId, DocumentId, OutboxId, at, maybe_at, micros, number as count},
    queue::{Push, Queue, push},
    sql::Tx,
};

const T: &str = "cases";
const COLUMNS: &str = "id, contact_id, phone_number_id, kind, subject, state, expects, due_at, version, created_at, \
     memory, task_at";
/// In which states a case is not over.
const OPEN: &str = "('gathering', 'working', 'waiting', 'human')";

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    contact_id: Uuid,
    phone_number_id: String,
    kind: String,
    subject: String,
    state: String,
    expects: Option<String>,
    due_at: Option<i64>,
    version: i64,
    created_at: i64,
    memory: String,
    task_at: Option<i64>,
}

/// A case in the hands of a transaction.
pub(crate) struct Held {
    pub id: CaseId,
    pub contact: ContactId,
    pub phone_number_id: String,
    pub subject: String,
    pub case: Case,
    /// As the row was.
    version: i64,
    /// When its task runs.
    task_at: Option<OffsetDateTime>,
}

/// What a case is about, whatever a merge put behind it so that two of one person go on beside each other.
fn subject_of(text: &str) -> &str {
    text.split_once('+').map_or(text, |(subject, _)| subject)
}

fn unknown(column: &'static str, word: &str) -> CatalogError {
    CatalogError::ImpossibleRow { table: T, column, why: format!("no word of ours: {word:.32}") }
}

impl TryFrom<Row> for Held {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        let began = at(T, "created_at", row.created_at)?;
        let mut case = Case::new(Kind::of(&row.kind).ok_or_else(|| unknown("kind", &row.kind))?, began);
        case.state = State::of(&row.state).ok_or_else(|| unknown("state", &row.state))?;
        case.expects = match row.expects.as_deref() {
            Some(word) => Some(Expects::of(word).ok_or_else(|| unknown("expects", word))?),
            None => None,
        };
        case.due_at = maybe_at(T, "due_at", row.due_at)?;
        case.version = count(T, "version", row.version)?;
        memory::recall(&mut case, &row.memory)?;
        Ok(Self {
            id: CaseId(row.id),
            contact: ContactId(row.contact_id),
            phone_number_id: row.phone_number_id,
            subject: subject_of(&row.subject).to_owned(),
            case,
            version: row.version,
            task_at: maybe_at(T, "task_at", row.task_at)?,
        })
    }
}

/// Which matter between whom.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub contact: ContactId,
    pub phone_number_id: &'a str,
    pub kind: Kind,
    pub subject: &'a str,
}

/// Makes other transactions on this contact's cases wait for this one.
pub(crate) async fn hold_contact(tx: &mut Tx, contact: ContactId) -> Result<(), CatalogError> {
    execute!(tx, "UPDATE contacts SET updated_at = updated_at WHERE id = $1", contact.0).map(drop)
}

/// The same of a document that waits for somebody: its contact's cases come first, then the document itself.
pub(crate) async fn hold_document(tx: &mut Tx, id: DocumentId) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE contacts SET updated_at = updated_at \
         WHERE id = (SELECT d.contact_id FROM documents d WHERE d.id = $1)",
        id.0
    )?;
    documents::hold(tx, id).await
}

/// The open case about this, if there is one.
async fn find(tx: &mut Tx, about: About<'_>) -> Result<Option<Held>, CatalogError> {
    let text = format!(
        "SELECT {COLUMNS} FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND kind = $3 AND subject = $4 \
         AND state IN {OPEN}"
    );
    optional!(
        tx,
        Row,
        sqlx::AssertSqlSafe(text.clone()),
        about.contact.0,
        about.phone_number_id,
        about.kind.as_str(),
        about.subject
    )?
    .map(Held::try_from)
    .transpose()
}

/// A case by its id, open or not.
async fn get(tx: &mut Tx, id: CaseId) -> Result<Option<Held>, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM cases WHERE id = $1");
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?.map(Held::try_from).transpose()
}

/// The open case about this; it begins now if there is none.
async fn find_or_open(tx: &mut Tx, about: About<'_>) -> Result<Held, CatalogError> {
    if let Some(open) = find(tx, about).await? {
        return Ok(open);
    }
    let present = tx.now();
    let (id, case) = (CaseId::generate(), Case::new(about.kind, present));
    execute!(
        tx,
        "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, due_at, memory, policy, \
         policy_version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $4, 1, $9, $9)",
        id.0,
        about.contact.0,
        about.phone_number_id,
        about.kind.as_str(),
        about.subject,
        case.state.as_str(),
        case.due_at.map(micros),
        memory::written(&case)?,
        micros(present)
    )?;
    Ok(Held {
        id,
        contact: about.contact,
        phone_number_id: about.phone_number_id.to_owned(),
        subject: about.subject.to_owned(),
        case,
        version: 0,
        task_at: None,
    })
}

/// Something happens to a case: its row and all that follows are written. Whoever calls holds the contact. Without
/// policies nothing happens to any.
async fn happens(tx: &mut Tx, held: Held, name: Uuid, event: Event) -> Result<(), CatalogError> {
    let Some(policies) = tx.policies() else { return Ok(()) };
    let person = person(tx, held.contact).await?;
    let policy = policies.of(held.case.kind).clone().in_zone(zone_of_phone(&person.digits));
    let happened = Happened { id: name.as_u128(), event };
    let (case, effects) = step(held.case.clone(), happened, &policy, tx.now());
    if case == held.case {
        return Ok(());
    }
    let before = held.case.state;
    let held = save(tx, held, case, &effects).await?;
    for effect in effects {
        carry_out(tx, &held, &person, effect).await?;
        #[cfg(debug_assertions)]
        carried_out(effect);
    }
    keep_promise(tx, &held, &person, (before, event)).await
}

/// What a case's team has promised, as a person begins to have it, goes on, or has it no more.
async fn keep_promise(
    tx: &mut Tx,
    held: &Held,
    person: &speak::Person,
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

/// Whether whoever is awaited has answered: of what they began we, of what we began they.
fn is_answer(kind: Kind, effects: &[Effect]) -> bool {
    effects.iter().any(|effect| match effect {
        Effect::Attach => true,
        Effect::Send(Say::Thanks) => kind == Kind::Collection,
        Effect::Send(_) => kind == Kind::Documents,
        _ => false,
    })
}

/// What a case said will not arrive: a person has it.
pub(crate) async fn cannot_speak(tx: &mut Tx, message: OutboxId) -> Result<(), CatalogError> {
    let row = optional!(tx, (Option<Uuid>,), "SELECT case_id FROM outbox WHERE id = $1", message.0)?;
    let Some((Some(id),)) = row else { return Ok(()) };
    let Some(seen) = get(tx, CaseId(id)).await? else { return Ok(()) };
    hold_contact(tx, seen.contact).await?;
    match get(tx, CaseId(id)).await? {
        Some(held) => happens(tx, held, message.0, Event::SendFailed).await,
        None => Ok(()),
    }
}

/// A contact wants no more of these categories from a number: each of their open cases hears so that says such things. Of a
/// matter that goes on by what they agreed to still, nobody else would know that it had ended.
pub(crate) async fn stopped(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    categories: &[Category],
) -> Result<(), CatalogError> {
    hold_contact(tx, contact).await?;
    let text = format!(
        "SELECT {COLUMNS} FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND state IN {OPEN} ORDER BY id"
    );
    for row in all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), contact.0, phone_number_id)? {
        let held = Held::try_from(row)?;
        let says = if held.case.kind == Kind::Collection { Category::Billing } else { Category::Utility };
        if categories.contains(&says) {
            happens(tx, held, Uuid::now_v7(), Event::OptOut).await?;
        }
    }
    Ok(())
}

async fn save(tx: &mut Tx, held: Held, case: Case, effects: &[Effect]) -> Result<Held, CatalogError> {
    let present = tx.now();
    let saved = execute!(
        tx,
        "UPDATE cases SET state = $3, expects = $4, due_at = $5, memory = $6, version = version + 1, updated_at = $7, \
         closed_at = CASE WHEN $8 THEN $7 END, left_state = CASE WHEN $8 THEN $9 ELSE left_state END, \
         left_expects = CASE WHEN $8 THEN $10 ELSE left_expects END, \
         answered_at = CASE WHEN $11 THEN COALESCE(answered_at, $7) ELSE answered_at END \
         WHERE id = $1 AND version = $2",
        held.id.0,
        held.version,
        case.state.as_str(),
        case.expects.map(Expects::as_str),
        case.due_at.map(micros),
        memory::written(&case)?,
        micros(present),
        !case.is_open(),
        held.case.state.as_str(),
        held.case.expects.map(Expects::as_str),
        is_answer(case.kind, effects)
    )?;
    if saved != 1 {
        return Err(CatalogError::Contention);
    }
    Ok(Held { case, version: held.version + 1, ..held })
}

async fn carry_out(
    tx: &mut Tx,
    held: &Held,
    person: &speak::Person,
    effect: Effect,
) -> Result<(), CatalogError> {
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
        Effect::WakeAt(at) => wake(tx, held, at).await,
        Effect::Assign(Who::Team) | Effect::Tell(_) if held.case.kind == Kind::Ask => {
            ask::left_to_a_person(tx, held).await
        }
        // Ticks are shown where the file came in, what is attached by whoever attaches it, and a message that does not
        // arrive has an incident of its own.
        Effect::Typing | Effect::Attach | Effect::Incident | Effect::Assign(_) | Effect::Tell(_) => Ok(()),
    }
}

/// Sees to it that a task comes at this time. One that comes earlier, as while a burst goes on, finds out by itself.
async fn wake(tx: &mut Tx, held: &Held, at: OffsetDateTime) -> Result<(), CatalogError> {
    let present = tx.now();
    if held.task_at.is_some_and(|comes| comes > present && comes <= at) {
        return Ok(());
    }
    let task = Push::case(held.id, Some(at))?;
    execute!(
        tx,
        "UPDATE cases SET task_id = $2, task_at = $3 WHERE id = $1",
        held.id.0,
        task.task_id.as_str(),
        micros(at)
    )?;
    push(tx, Queue::Case, vec![task]).await
}
