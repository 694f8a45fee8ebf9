//! Files that come together: one case gathers them, and what became of them is said together.

use acuse_conversation::{Event, Kind};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    About, COLUMNS, Held, OPEN, Person, Row, ask, collect, find_or_open, get, happens, hold_contact,
};
use crate::{
    error::CatalogError,
    names::{CaseId, ContactId, CustomerId, DocumentId, micros, to_json},
    outbox::NewReply,
    sql::Tx,
};

/// A file that has just come in.
pub(crate) struct Came<'a> {
    pub contact: ContactId,
    pub phone_number_id: &'a str,
    pub document: DocumentId,
    /// The channel's id of its message, for the ticks.
    pub wamid: &'a str,
    /// Who sent it.
    pub person: Person,
}

/// The subject of what is said after all was said.
const LATER: &str = "later";

/// Files came: each joins the case of its sender's burst. Whoever calls holds the contacts, whose rows it has just written.
pub(crate) async fn came(tx: &mut Tx, mut files: Vec<Came<'_>>) -> Result<(), CatalogError> {
    if tx.policies().is_none() {
        return Ok(());
    }
    files.sort_by_key(|file| (file.contact.0, file.document.0));
    for file in files {
        let of = (file.contact, file.phone_number_id);
        let (burst, withheld) = what_goes_on(tx, of).await?;
        let held = match burst {
            // Where it begins another burst of that case, its sender is yet to see so too.
            Some(held) => Held { nod: Some(file.wamid.to_owned()), ..held },
            None => begins(&file, tx.now()),
        };
        let id = held.id;
        happens(tx, held, file.document.0, Event::File).await?;
        execute!(
            tx,
            "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'came') ON CONFLICT DO NOTHING",
            id.0,
            file.document.0
        )?;
        if let Some(held) = withheld {
            ask::came_after_all(tx, held, of, file.document).await?;
        }
    }
    Ok(())
}

/// The burst that a file begins; its sender is yet to see that we have it.
fn begins(file: &Came<'_>, present: OffsetDateTime) -> Held {
    let about = About {
        contact: file.contact,
        phone_number_id: file.phone_number_id,
        kind: Kind::Documents,
        subject: "",
    };
    Held { nod: Some(file.wamid.to_owned()), ..Held::fresh(about, file.person.clone(), present) }
}

/// A sender's burst, and the question for what was withheld from us, as far as they are open: of both at once.
async fn what_goes_on(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
) -> Result<(Option<Held>, Option<Held>), CatalogError> {
    let text = format!(
        "SELECT {COLUMNS} FROM cases WHERE contact_id = $1 AND phone_number_id = $2 AND state IN {OPEN} \
         AND ((kind = 'documents' AND subject = '') OR (kind = 'ask' AND subject = '{}'))",
        ask::WITHHELD
    );
    let rows = all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), contact.0, phone_number_id)?;
    let (mut burst, mut withheld) = (None, None);
    for row in rows {
        let held = Held::try_from(row)?;
        let place = if held.case.kind == Kind::Documents { &mut burst } else { &mut withheld };
        *place = Some(held);
    }
    Ok((burst, withheld))
}

/// A document that came over the channel is at rest, and this is what its sender is told: with what came together with
/// it, or with what else is known only now.
pub(crate) async fn at_rest(
    tx: &mut Tx,
    document: DocumentId,
    first_of_file: Uuid,
    (contact, phone_number_id): (ContactId, &str),
    reply: Option<&NewReply>,
) -> Result<(), CatalogError> {
    hold_contact(tx, contact).await?;
    ask::at_rest(tx, document, contact).await?;
    let Some(held) = burst_of(tx, document, first_of_file).await? else {
        return later(tx, document, (contact, phone_number_id), reply).await;
    };
    rests(tx, &held, document, reply).await?;
    tell_of_rest(tx, held).await
}

/// A burst hears how many of its files are still worked on.
async fn tell_of_rest(tx: &mut Tx, held: Held) -> Result<(), CatalogError> {
    let (left,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM documents d WHERE d.stage <> 'done' AND (d.id IN (SELECT cd.document_id \
           FROM case_documents cd WHERE cd.case_id = $1 AND cd.role = 'came') OR d.part_of IN (SELECT cd.document_id \
           FROM case_documents cd WHERE cd.case_id = $1 AND cd.role = 'came'))",
        held.id.0
    )?;
    let left = u32::try_from(left).unwrap_or(u32::MAX);
    happens(tx, held, Uuid::now_v7(), Event::DocumentAtRest { left }).await
}

/// A person gave a case back: what came to rest while they had it is told of, a question that was answered meanwhile is none
/// any more, and of what is owed the next stage is looked for. Whoever calls holds the contact.
pub(super) async fn goes_on(tx: &mut Tx, id: CaseId) -> Result<(), CatalogError> {
    let Some(held) = get(tx, id).await? else { return Ok(()) };
    match held.case.kind {
        Kind::Documents => tell_of_rest(tx, held).await,
        Kind::Ask => ask::goes_on(tx, held).await,
        Kind::Collection => match held.subject.parse() {
            Ok(customer) => {
                collect::schedule(tx, CustomerId(customer), collect::Near::Held(held.contact)).await
            }
            Err(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The open case that gathers this document or the file that it is a part of.
async fn burst_of(tx: &mut Tx, document: DocumentId, first: Uuid) -> Result<Option<Held>, CatalogError> {
    let text = format!(
        "SELECT {COLUMNS} FROM cases WHERE kind = 'documents' AND subject <> '{LATER}' AND state IN {OPEN} AND id IN \
         (SELECT cd.case_id FROM case_documents cd WHERE cd.role = 'came' AND cd.document_id IN ($1, $2)) \
         ORDER BY id DESC LIMIT 1"
    );
    optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), document.0, first)?.map(Held::try_from).transpose()
}

/// Keeps what is told of a document; what was told of it before is told anew.
async fn rests(
    tx: &mut Tx,
    held: &Held,
    document: DocumentId,
    reply: Option<&NewReply>,
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    let told = reply.map(|reply| to_json("a reply", reply)).transpose()?;
    execute!(
        tx,
        "INSERT INTO case_documents (case_id, document_id, role, told, rested_at) VALUES ($1, $2, 'came', $3, $4) \
         ON CONFLICT (case_id, document_id, role) DO UPDATE SET told = excluded.told, rested_at = excluded.rested_at, \
         told_at = NULL",
        held.id.0,
        document.0,
        told,
        present
    )
    .map(drop)
}

async fn later(
    tx: &mut Tx,
    document: DocumentId,
    (contact, phone_number_id): (ContactId, &str),
    reply: Option<&NewReply>,
) -> Result<(), CatalogError> {
    if reply.is_none() {
        return Ok(());
    }
    let about = About { contact, phone_number_id, kind: Kind::Documents, subject: LATER };
    let held = find_or_open(tx, about).await?;
    rests(tx, &held, document, reply).await?;
    happens(tx, held, Uuid::now_v7(), Event::Later).await
}
