//! What is asked of a sender, one case a document: what they can mend themselves is asked of them first.

use acuse_conversation::{Event, Expects, Kind, MOST_ASKS, mended_by, said};
use acuse_pipeline::reason::Reason;
use serde_json::json;
use uuid::Uuid;

use super::{
    About, COLUMNS, Held, OPEN, Row, find_or_open, happens, hold_contact,
    speak::{self, Person},
};
use crate::{
    error::CatalogError,
    names::{ContactId, DocumentId, Stage, micros},
    outbox::{self, Purpose},
    sql::Tx,
    timeline,
};

mod answer;

pub use answer::{Answer, Joined};

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
            Self::Policy(reasons) => reasons.first().and_then(|reason| mended_by(reason.code.as_str())),
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
    execute!(tx, "UPDATE documents SET waits_for = 'sender' WHERE id = $1", document.0)?;
    let subject = document.to_string();
    let about = About {
        contact: ContactId(contact),
        phone_number_id: &number,
        kind: Kind::Ask,
        subject: subject.as_str(),
    };
    let held = find_or_open(tx, about).await?;
    execute!(
        tx,
        "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'asked') ON CONFLICT DO NOTHING",
        held.id.0,
        document.0
    )?;
    let detail = json!({ "case_id": held.id, "expects": expects.as_str(), "time": times.saturating_add(1) });
    timeline::note(tx, document, Stage::Done, "asked", detail).await?;
    happens(tx, held, Uuid::now_v7(), Event::Asked(expects)).await?;
    Ok(Some(times))
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

/// The asking ended without an answer, visibly: a person sees the document.
pub(super) async fn left_to_a_person(tx: &mut Tx, held: &Held) -> Result<(), CatalogError> {
    let Ok(document) = held.subject.parse::<DocumentId>() else { return Ok(()) };
    let present = micros(tx.now());
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
    Ok(())
}

/// All that is open is asked for in one message; whichever case is due first says it.
pub(super) async fn remind(tx: &mut Tx, held: &Held, person: &Person) -> Result<(), CatalogError> {
    let present = tx.now();
    let recently = present - time::Duration::HOUR;
    if outbox::said_since(tx, held.contact, Purpose::Reminder, recently).await?
        || !can_be_said(tx, held, present).await?
    {
        return Ok(());
    }
    let open = all!(
        tx,
        (String,),
        "SELECT subject FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND kind = 'ask' \
         AND state = 'waiting' ORDER BY id LIMIT 20",
        held.contact.0,
        held.phone_number_id.as_str()
    )?;
    let mut items = Vec::new();
    for (document,) in open {
        items.extend(speak::asked_for(tx, &document).await?);
    }
    if items.is_empty() {
        return Ok(());
    }
    let body = said::reminder(&items, person.language);
    speak::say(tx, held, person, (Purpose::Reminder, Some("utility")), body).await
}

/// Whether a reminder can leave at all: inside the window, or by a template that Meta approved. One that cannot is
/// nobody's to deliver by hand: the asking ends in front of a person.
async fn can_be_said(tx: &mut Tx, held: &Held, present: time::OffsetDateTime) -> Result<bool, CatalogError> {
    let (said,) = one!(
        tx,
        (i64,),
        "SELECT (SELECT COUNT(*) FROM windows w WHERE w.contact_id = $1 AND w.phone_number_id = $2 \
           AND w.last_inbound_at > $3) + (SELECT COUNT(*) FROM templates t WHERE t.name = $4 \
           AND t.status = 'APPROVED' AND (t.paused_until IS NULL OR t.paused_until <= $5))",
        held.contact.0,
        held.phone_number_id.as_str(),
        micros(present - outbox::ANSWER_LIFE),
        format!("acuse_{}", Purpose::Reminder.as_str()),
        micros(present)
    )?;
    Ok(said > 0)
}
