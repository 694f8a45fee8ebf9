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
mod told;
mod written;

use std::collections::BTreeSet;

use acuse_conversation::{Case, Effect, Event, Expects, Happened, Kind, Say, State, Who, step};
use time::OffsetDateTime;
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
pub use inbox::{Act, Acted, Listed};
pub use notes::{NOTE_CHARS, Note};
pub(crate) use speak::{Person, by_day, person};
pub(crate) use support::{Heard, heard, is_with_a_person};
pub use team::OVERDUE;
pub(crate) use told::{Matter, case_of, tell_closed, tell_erased};
pub use written::Templated;

use crate::{
    consents::Category,
    contacts::phone_or_country,
    documents,
    error::CatalogError,
    names::{CaseId, ContactId, DocumentId, OutboxId, at, maybe_at, micros, number as count},
    queue::{Push, Queue, push},
    sql::Tx,
};

const T: &str = "cases";
const COLUMNS: &str = concat!(
    "id, contact_id, phone_number_id, kind, subject, state, expects, due_at, version, created_at, memory, task_at, nod, \
     (SELECT p.language FROM contacts p WHERE p.id = cases.contact_id) AS language, (SELECT ",
    phone_or_country!("p"),
    " FROM contacts p WHERE p.id = cases.contact_id) AS phone_or_country"
);
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
    nod: Option<String>,
    language: Option<String>,
    phone_or_country: Option<String>,
}

/// A case in the hands of a transaction.
pub(crate) struct Held {
    pub id: CaseId,
    pub contact: ContactId,
    pub phone_number_id: String,
    pub subject: String,
    pub case: Case,
    /// With whom.
    person: Person,
    /// As the row was.
    version: i64,
    /// When its task runs.
    task_at: Option<OffsetDateTime>,
    /// The message whose sender is yet to see that we have it.
    nod: Option<String>,
    /// Whether it has no row before its first step.
    is_new: bool,
}

impl Held {
    /// A case that begins.
    fn fresh(about: About<'_>, person: Person, present: OffsetDateTime) -> Self {
        Self {
            id: CaseId::generate(),
            contact: about.contact,
            phone_number_id: about.phone_number_id.to_owned(),
            subject: about.subject.to_owned(),
            case: Case::new(about.kind, present),
            person,
            version: 0,
            task_at: None,
            nod: None,
            is_new: true,
        }
    }
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
            person: Person::of(row.language.as_deref(), row.phone_or_country),
            version: row.version,
            task_at: maybe_at(T, "task_at", row.task_at)?,
            nod: row.nod,
            is_new: false,
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

/// The same by one of their cases.
async fn hold_contact_of(tx: &mut Tx, id: CaseId) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE contacts SET updated_at = updated_at WHERE id = (SELECT c.contact_id FROM cases c WHERE c.id = $1)",
        id.0
    )
    .map(drop)
}

/// The same of a document that waits for somebody: its contact's cases and those of whoever is asked about it come first,
/// then the document itself.
pub(crate) async fn hold_document(tx: &mut Tx, id: DocumentId) -> Result<(), CatalogError> {
    hold_document_for(tx, id, &[]).await
}

/// The same for whoever is to be asked about it.
pub(crate) async fn hold_document_for(
    tx: &mut Tx,
    id: DocumentId,
    asked: &[ContactId],
) -> Result<(), CatalogError> {
    let sender = optional!(tx, (Option<Uuid>,), "SELECT contact_id FROM documents WHERE id = $1", id.0)?;
    let mut whom: BTreeSet<Uuid> = asked.iter().map(|contact| contact.0).collect();
    whom.extend(sender.and_then(|(sender,)| sender));
    whom.extend(approve::asked_about(tx, id).await?);
    // In one order, so that of two documents neither waits for the other.
    let whom: Vec<ContactId> = whom.into_iter().map(ContactId).collect();
    hold_contacts(tx, &whom).await?;
    documents::hold(tx, id).await
}

/// Holds these contacts, in the order in which everybody does.
pub(crate) async fn hold_contacts(tx: &mut Tx, whom: &[ContactId]) -> Result<(), CatalogError> {
    let whom: BTreeSet<Uuid> = whom.iter().map(|contact| contact.0).collect();
    for contact in whom {
        hold_contact(tx, ContactId(contact)).await?;
    }
    Ok(())
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
    let person = person(tx, about.contact).await?;
    let mut held = Held::fresh(about, person, tx.now());
    begin(tx, &held, &[], None).await?;
    held.is_new = false;
    Ok(held)
}

/// Writes the row of a case that begins, as it is, and tells of it.
async fn begin(
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

/// The row of a case as it is after a step, with the task that comes to it next; whoever is to see at once that we have
/// what they sent has a task of its own.
async fn save(tx: &mut Tx, held: Held, case: Case, effects: &[Effect]) -> Result<Held, CatalogError> {
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

/// The task that is to come to a case at this time. One that comes earlier, as while a burst goes on, finds out by itself.
fn timer(held: &Held, at: OffsetDateTime, present: OffsetDateTime) -> Result<Option<Push>, CatalogError> {
    if held.task_at.is_some_and(|comes| comes > present && comes <= at) {
        return Ok(None);
    }
    Push::case(held.id, Some(at)).map(Some)
}

/// Sees to it that a task comes at this time.
async fn wake(tx: &mut Tx, held: &Held, at: OffsetDateTime) -> Result<(), CatalogError> {
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
