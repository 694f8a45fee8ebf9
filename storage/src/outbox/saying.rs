//! How a message comes into the outbox: with the outcome it tells of, or as a case says it.

use acuse_conversation::{language::Language, wording::Telling};
use acuse_pipeline::{document::Kind, fields::Fields};
use acuse_whatsapp::policy::Window;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{NewReply, Purpose, Shape, queue_as};
use crate::{
    access::Sensitivity,
    cases,
    error::CatalogError,
    names::{CaseId, ContactId, DocumentId, micros},
    sql::Tx,
};

/// Queues the message of an outcome and its task. A document without a contact to answer, or with a message of that
/// purpose already, gets none. That a person will look is said once of a file: its parts tell their results only.
pub(crate) async fn queue_reply(
    tx: &mut Tx,
    document: DocumentId,
    reply: Option<&NewReply>,
) -> Result<(), CatalogError> {
    let leads = tx.policies().is_some();
    if reply.is_none() && !leads {
        return Ok(());
    }
    let found = optional!(
        tx,
        (Option<Uuid>, Option<String>, String, Uuid, String, Option<String>, String),
        "SELECT contact_id, phone_number_id, source, COALESCE(part_of, id), stage, kind, sensitivity FROM documents \
         WHERE id = $1",
        document.0
    )?;
    let Some((Some(contact), number, source, first_of_file, stage, kind, sensitivity)) = found else {
        return Ok(());
    };
    let contact = ContactId(contact);
    if source != "whatsapp" {
        return Ok(());
    }
    let known = match reply {
        Some(reply) if reply.purpose == Purpose::InReview => knows(tx, first_of_file).await?,
        _ => false,
    };
    let open = reply.filter(|_| !known).map(|reply| openly(reply.clone(), kind.as_deref(), &sensitivity));
    let reply = open.as_ref();
    if let Some(number) = number.as_deref().filter(|_| leads && stage == "done") {
        return cases::at_rest(tx, document, first_of_file, (contact, number), reply).await;
    }
    let Some(reply) = reply else { return Ok(()) };
    let saying = Saying {
        document: Some(document),
        case: None,
        contact,
        phone_number_id: number.as_deref(),
        category: None,
    };
    queue(tx, saying, reply).await
}

/// Whether what was read of a document may be repeated in a chat: of what not everybody may see nothing is, alone as in a list.
pub(crate) fn may_be_repeated(sensitivity: &str) -> bool {
    sensitivity == Sensitivity::Open.as_str()
}

/// What is said of a document, without what was read of it where that may not be repeated, however it was put together.
pub(crate) fn openly(reply: NewReply, kind: Option<&str>, sensitivity: &str) -> NewReply {
    if reply.purpose != Purpose::Filed || may_be_repeated(sensitivity) {
        return reply;
    }
    let kind = kind.and_then(|kind| kind.parse().ok()).unwrap_or(Kind::Other);
    let language = Language::of_tag(&reply.language).unwrap_or(Language::Es);
    let body = Telling::Filed { kind, fields: &Fields::new() }.text(language);
    NewReply { body, ..reply }
}

/// About what a message is, and to whom.
#[derive(Clone, Copy)]
pub(crate) struct Saying<'a> {
    pub document: Option<DocumentId>,
    pub case: Option<CaseId>,
    pub contact: ContactId,
    pub phone_number_id: Option<&'a str>,
    /// What consent it needs; none for an answer.
    pub category: Option<&'a str>,
}

/// Queues one message and its task, unless the same was queued before.
pub(crate) async fn queue(tx: &mut Tx, saying: Saying<'_>, reply: &NewReply) -> Result<(), CatalogError> {
    queue_as(tx, saying, reply, &Shape::default()).await.map(drop)
}

/// Whether a contact wrote to a number so lately that it may answer in words of its own.
pub(crate) async fn is_window_open(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
) -> Result<bool, CatalogError> {
    let since = micros(Window::opened_after(tx.now()));
    let (open,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM windows w WHERE w.contact_id = $1 AND w.phone_number_id = $2 AND w.last_inbound_at > $3",
        contact.0,
        phone_number_id,
        since
    )?;
    Ok(open > 0)
}

/// How often a contact was sent a message of this purpose by a number of ours later than then.
pub(crate) async fn times_said(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    purpose: Purpose,
    since: OffsetDateTime,
) -> Result<i64, CatalogError> {
    let (said,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM outbox WHERE contact_id = $1 AND purpose = $2 AND created_at > $3 \
         AND phone_number_id = $4",
        contact.0,
        purpose.as_str(),
        micros(since),
        phone_number_id
    )?;
    Ok(said)
}

/// Whether a sender has been told that a person looks at something in this file.
async fn knows(tx: &mut Tx, first_of_file: Uuid) -> Result<bool, CatalogError> {
    let (told,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM outbox o JOIN documents d ON d.id = o.document_id \
         WHERE o.purpose = $2 AND (d.id = $1 OR d.part_of = $1)",
        first_of_file,
        Purpose::InReview.as_str()
    )?;
    Ok(told > 0)
}
