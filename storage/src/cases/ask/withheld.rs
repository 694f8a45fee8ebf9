//! What the channel withholds from us, a photo to be viewed once for instance. It may have been a document, so it is asked
//! for as one that is of no use: with what else is asked for, until a file comes, or in front of a person.

use acuse_conversation::{End, Event, Expects, Kind, State};
use uuid::Uuid;

use super::super::{About, CaseId, Held, find, find_or_open, get, happens, hold_contact};
use crate::{
    error::CatalogError,
    names::{ContactId, DocumentId},
    sql::Tx,
};

/// What such a question is about: there is no document.
pub(crate) const WITHHELD: &str = "withheld";

fn about(contact: ContactId, phone_number_id: &str) -> About<'_> {
    About { contact, phone_number_id, kind: Kind::Ask, subject: WITHHELD }
}

/// A message came whose content is withheld; that it be sent as it can be seen is said by whoever calls.
pub(crate) async fn ask_for_unseen(
    tx: &mut Tx,
    (contact, phone_number_id): (ContactId, &str),
    message: Uuid,
) -> Result<(), CatalogError> {
    if tx.policies().is_none() {
        return Ok(());
    }
    hold_contact(tx, contact).await?;
    let held = find_or_open(tx, about(contact, phone_number_id)).await?;
    happens(tx, held, message, Event::Asked(Expects::File)).await
}

/// A file came: what was withheld is taken for sent. Whoever calls holds the contact.
pub(in super::super) async fn came(
    tx: &mut Tx,
    held: Held,
    (contact, phone_number_id): (ContactId, &str),
    document: DocumentId,
) -> Result<(), CatalogError> {
    happens(tx, held, document.0, Event::File).await?;
    match find(tx, about(contact, phone_number_id)).await? {
        Some(held) => happens(tx, held, Uuid::now_v7(), Event::DocumentAtRest { left: 0 }).await,
        None => Ok(()),
    }
}

/// The asking is over, and nothing came: a person sees the conversation. Whoever calls holds the contact.
pub(in super::super) async fn left(tx: &mut Tx, id: CaseId) -> Result<(), CatalogError> {
    let over = |case: &acuse_conversation::Case| case.state == State::Closed(End::Expired);
    let Some(held) = get(tx, id).await?.filter(|held| over(&held.case)) else { return Ok(()) };
    let support = About {
        contact: held.contact,
        phone_number_id: &held.phone_number_id,
        kind: Kind::Support,
        subject: "",
    };
    let support = find_or_open(tx, support).await?;
    happens(tx, support, id.0, Event::Words).await
}
