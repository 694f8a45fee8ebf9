//! What is asked of a sender, one case a document: what they can mend themselves is asked of them first.

use acuse_conversation::{Event, Expects, Kind, MOST_ASKS, asks_of, said, stand_ins};
use acuse_pipeline::reason::Reason;
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use super::{
    About, COLUMNS, Held, OPEN, Row, authorize, find_or_open, happens, hold_contact,
    speak::{self, Person},
    subject_of,
};
use crate::{
    consents::{self, Category, Word},
    error::CatalogError,
    events,
    names::{CaseId, ContactId, DocumentId, Stage, json as json_of, micros},
    outbox::{self, Payload, Purpose},
    sql::Tx,
    stages::push_stage,
    timeline,
};

mod answer;
mod matching;
mod question;
mod secret;
mod withheld;

pub use answer::{Answer, Joined};
pub use question::{Asking, Question};
pub(crate) use question::{ask_password, who_is_asked};
pub(super) use question::{can_be_chosen, chosen, quoted, worded};
pub use secret::PASSWORD;
pub(crate) use secret::{
    Worded, answered as password_came, are_awaited as passwords_are_awaited, is_password,
    keep as keep_password, used as password_used,
};
pub(crate) use withheld::{WITHHELD, ask_for_unseen};
pub(super) use withheld::{came as came_after_all, left as left_unseen};

/// How long an answer is one: a tap on the buttons of a question, and what comes after the asking ended in front of a person.
pub(super) const COMES_BACK: Duration = Duration::days(30);

/// By how much a reminder may come sooner: it is said a little after its time, and the next one is counted from there.
const A_LITTLE: Duration = Duration::MINUTE;

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    /// The policy, for these reasons.
    Policy(&'a [Reason]),
    /// A person.
    Person,
}

impl By<'_> {
    /// What would mend it, if whoever asks may ask that.
    fn expects(self) -> Option<Expects> {
        match self {
            Self::Policy(reasons) => reasons.first().and_then(asks_of),
            Self::Person => Some(Expects::File),
        }
    }
}

/// A document in review is asked for again of its sender, if that may help; which time that is, from 0. It waits for
/// them then and for nobody else.
pub(crate) async fn asked(
    tx: &mut Tx,
    document: DocumentId,
    by: By<'_>,
) -> Result<Option<u32>, CatalogError> {
    let Some(expects) = by.expects().filter(|_| tx.policies().is_some()) else { return Ok(None) };
    let row = optional!(
        tx,
        (Option<Uuid>, Option<String>, String, Option<String>),
        "SELECT contact_id, phone_number_id, source, part FROM documents WHERE id = $1",
        document.0
    )?;
    // A part is no file of its own that another could take the place of.
    let Some((Some(contact), Some(number), source, None)) = row else { return Ok(None) };
    let (times,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM timeline WHERE document_id = $1 AND event = 'asked'",
        document.0
    )?;
    let times = u32::try_from(times).unwrap_or(u32::MAX);
    let too_often = matches!(by, By::Policy(_)) && times >= MOST_ASKS;
    if source != "whatsapp" || too_often {
        return Ok(None);
    }
    hold_contact(tx, ContactId(contact)).await?;
    let sql = "UPDATE documents SET waits_for = 'sender' WHERE id = $1 AND status = 'in_review'";
    if execute!(tx, sql, document.0)? != 1 {
        // It was decided meanwhile: its sender is asked for nothing.
        return Ok(None);
    }
    let subject = document.to_string();
    let about = About {
        contact: ContactId(contact),
        phone_number_id: &number,
        kind: Kind::Ask,
        subject: subject.as_str(),
    };
    let held = find_or_open(tx, about).await?;
    link(tx, held.id, document).await?;
    let detail = json!({ "case_id": held.id, "expects": expects.as_str(), "time": times.saturating_add(1) });
    timeline::note(tx, document, Stage::Done, "asked", detail).await?;
    happens(tx, held, Uuid::now_v7(), Event::Asked(expects)).await?;
    Ok(Some(times))
}

/// The document is what a case asks about.
async fn link(tx: &mut Tx, case: CaseId, document: DocumentId) -> Result<(), CatalogError> {
    execute!(
        tx,
        "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'asked') ON CONFLICT DO NOTHING",
        case.0,
        document.0
    )
    .map(drop)
}

/// What its sender said lets a document in review be read anew; its review ends.
pub(super) async fn read_again(
    tx: &mut Tx,
    id: DocumentId,
    detail: serde_json::Value,
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    let moved = execute!(
        tx,
        "UPDATE documents SET status = 'processing', stage = 'read', version = version + 1, updated_at = $2, \
         attempts = 0, next_attempt_at = NULL, last_error = NULL, waits_for = NULL, awaits_customer = FALSE, \
         reasons = '[]', findings = '[]' WHERE id = $1 AND status = 'in_review' AND original_key IS NOT NULL \
           AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.document_id = $1)",
        id.0,
        present
    )?;
    if moved != 1 {
        return Ok(());
    }
    execute!(
        tx,
        "UPDATE reviews SET resolved_at = $2, resolved_by = 'sender', resolution = 'retried', claimed_by = NULL, \
         claim_expires_at = NULL, postponed_until = NULL, handed_to = NULL \
         WHERE document_id = $1 AND resolved_at IS NULL",
        id.0,
        present
    )?;
    timeline::note(tx, id, Stage::Done, "answered", detail.clone()).await?;
    events::tell(tx, "document.processing", id, detail).await?;
    push_stage(tx, id, Stage::Read, None).await
}

/// The open case that asks for a document.
async fn about(tx: &mut Tx, document: DocumentId) -> Result<Option<Held>, CatalogError> {
    let text = format!(
        "SELECT {COLUMNS} FROM cases WHERE kind = 'ask' AND subject = $1 AND state IN {OPEN} LIMIT 1"
    );
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), document.to_string())?
        .map(Held::try_from)
        .transpose()
}

/// A document that was asked for came to rest: where its answer is what we have, the question is settled.
pub(super) async fn at_rest(
    tx: &mut Tx,
    document: DocumentId,
    contact: ContactId,
) -> Result<(), CatalogError> {
    match about(tx, document).await? {
        Some(held) if held.contact == contact => {
            happens(tx, held, Uuid::now_v7(), Event::DocumentAtRest { left: 0 }).await
        }
        _ => Ok(()),
    }
}

/// A person decided on a document: nothing is asked about it any more.
pub(crate) async fn decided(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    let Some(held) = about(tx, document).await? else { return Ok(()) };
    hold_contact(tx, held.contact).await?;
    happens(tx, held, Uuid::now_v7(), Event::ReviewDecided).await
}

/// A person gave a question back: it waits for its sender again, unless its document has gone on.
pub(super) async fn goes_on(tx: &mut Tx, held: Held) -> Result<(), CatalogError> {
    let is_open = held.case.expects.is_some() && !is_chosen(tx, &held).await?;
    let Ok(document) = held.subject.parse::<DocumentId>() else {
        return if is_open { Ok(()) } else { happens(tx, held, Uuid::now_v7(), Event::ReviewDecided).await };
    };
    let present = micros(tx.now());
    let again = execute!(
        tx,
        "UPDATE documents SET waits_for = 'sender', version = version + 1, updated_at = $2 \
         WHERE id = $1 AND status = 'in_review' AND waits_for = 'reviewer' AND $3",
        document.0,
        present,
        is_open
    )?;
    if again == 1 {
        return events::tell(tx, "document.in_review", document, json!({ "waits_for": "sender" })).await;
    }
    let (waits,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM documents WHERE id = $1 AND status = 'in_review' AND waits_for = 'sender'",
        document.0
    )?;
    if waits > 0 { Ok(()) } else { happens(tx, held, Uuid::now_v7(), Event::ReviewDecided).await }
}

/// Whether the choice that a question waits for was made while a person had it, since it was offered last.
async fn is_chosen(tx: &mut Tx, held: &Held) -> Result<bool, CatalogError> {
    if held.case.expects != Some(Expects::Choice) {
        return Ok(false);
    }
    let (made,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM choices c WHERE c.case_id = $1 \
         AND c.taken_at >= (SELECT MAX(o.created_at) FROM choices o WHERE o.case_id = $1)",
        held.id.0
    )?;
    Ok(made > 0)
}

/// The asking ended without an answer, visibly: a person sees the document, or those that were held for an authorization.
pub(super) async fn left_to_a_person(tx: &mut Tx, held: &Held) -> Result<(), CatalogError> {
    let documents = match held.subject.parse::<DocumentId>() {
        Ok(document) => vec![document],
        Err(_) if held.subject == authorize::SUBJECT => {
            authorize::held_of(tx, (held.contact, &held.phone_number_id)).await?
        }
        Err(_) => return Ok(()),
    };
    let present = micros(tx.now());
    for document in documents {
        let waited = execute!(
            tx,
            "UPDATE documents SET waits_for = 'reviewer', version = version + 1, updated_at = $2 \
             WHERE id = $1 AND status = 'in_review' AND waits_for = 'sender'",
            document.0,
            present
        )?;
        if waited == 1 {
            let detail = json!({ "case_id": held.id, "state": held.case.state.as_str() });
            timeline::note(tx, document, Stage::Done, "not_answered", detail).await?;
        }
    }
    Ok(())
}

/// Whether a message of ours is about the one question of its case. A reminder may name several, and whoever answers that
/// does not say which they mean.
fn is_of_one(purpose: &str, payload: &str) -> Result<bool, CatalogError> {
    if purpose != Purpose::Reminder.as_str() {
        return Ok(true);
    }
    let payload: Payload = json_of("outbox", "payload", payload)?;
    Ok(payload.names_one)
}

/// All that is open is asked for in one message; whichever case is due first says it.
pub(super) async fn remind(tx: &mut Tx, held: &Held, person: &Person) -> Result<(), CatalogError> {
    let present = tx.now();
    // One chain of reminders, whenever each was asked for: none comes sooner after another than after a question, and what was
    // named in as many as are its own by now, whichever question brought them, is not named once more.
    let least = tx.policies().and_then(|policies| policies.of(Kind::Ask).reminders.iter().min().copied());
    let recently = present - least.unwrap_or(Duration::HOUR) + A_LITTLE;
    let whom = (held.contact, held.phone_number_id.as_str());
    if outbox::times_said(tx, whom, Purpose::Reminder, recently).await? > 0
        || outbox::times_said(tx, whom, Purpose::Reminder, held.case.began_at).await?
            >= i64::from(held.case.turns)
        || !can_be_said(tx, held, present).await?
    {
        return Ok(());
    }
    let (named, items): (Vec<CaseId>, Vec<_>) = waited_for(tx, whom).await?.into_iter().unzip();
    if items.is_empty() {
        return Ok(());
    }
    let body = said::reminder(&items, person.language);
    let mut shape = authorize::with_buttons(tx, whom, person.language, (&items, &body)).await?;
    shape.payload.names_one = named == [held.id];
    speak::say_as(tx, held, person, (Purpose::Reminder, Some("utility")), body, &shape).await
}

/// All that a contact is asked for, by their documents, and in which cases.
pub(super) async fn waited_for(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
) -> Result<Vec<(CaseId, said::Item)>, CatalogError> {
    let open = all!(
        tx,
        (Uuid, String, Option<String>),
        "SELECT id, subject, expects FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND kind = 'ask' \
         AND state = 'waiting' ORDER BY id LIMIT 20",
        contact.0,
        phone_number_id
    )?;
    let mut items = Vec::new();
    for (id, subject, expects) in open {
        let expects = expects.as_deref().and_then(Expects::of).unwrap_or(Expects::File);
        let item = match subject_of(&subject) {
            authorize::SUBJECT => authorize::awaited(tx, (contact, phone_number_id)).await?,
            document => speak::asked_for(tx, document, expects).await?,
        };
        items.extend(item.map(|item| (CaseId(id), item)));
    }
    Ok(items)
}

/// Whether a reminder can leave at all: inside the window, or by any of its templates that Meta approved, to somebody who
/// agreed. One that cannot is nobody's to deliver by hand: the asking ends in front of a person.
async fn can_be_said(tx: &mut Tx, held: &Held, present: time::OffsetDateTime) -> Result<bool, CatalogError> {
    if outbox::is_window_open(tx, (held.contact, &held.phone_number_id)).await? {
        return Ok(true);
    }
    let agreed = consents::latest(tx, held.contact, &held.phone_number_id, Category::Utility).await?;
    if agreed != Some(Word::Granted) {
        return Ok(false);
    }
    for name in stand_ins(Purpose::Reminder.as_str()) {
        let (usable,) = one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM templates t WHERE t.name = $1 AND t.status = 'APPROVED' \
             AND (t.paused_until IS NULL OR t.paused_until <= $2) \
             AND t.waba_id = COALESCE((SELECT n.waba_id FROM numbers n WHERE n.phone_number_id = $3), t.waba_id)",
            name.as_str(),
            micros(present),
            held.phone_number_id.as_str()
        )?;
        if usable > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
