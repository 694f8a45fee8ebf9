//! Reminders of what is owed that nobody heard: their time was over before they could leave, as behind a pause or a number's
//! tier, or they were refused. They do not count as said. What came too late is said anew, with what is due by then; what
//! cannot be said at all is a person's.

use acuse_conversation::Next;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::{Matter, Near, hold_contact, next_of, schedule, speak, today};
use crate::{
    cases::{cannot_speak, subject_of},
    error::CatalogError,
    house,
    names::{ContactId, CustomerId, OutboxId, at, micros},
    obligations::open_of,
    outbox::TOO_LATE,
    sql::Tx,
};

/// Of which customer's debts a message reminds, if of any. With whom they are talked of is held from here on: before what is
/// owed, as everywhere.
pub(crate) async fn reminded_by(tx: &mut Tx, message: OutboxId) -> Result<Option<CustomerId>, CatalogError> {
    let row = optional!(
        tx,
        (String, Uuid),
        "SELECT c.subject, o.contact_id FROM outbox o JOIN cases c ON c.id = o.case_id \
         WHERE o.id = $1 AND o.purpose = 'collection' AND c.kind = 'collection'",
        message.0
    )?;
    let Some((subject, contact)) = row else { return Ok(None) };
    let Ok(customer) = subject_of(&subject).parse().map(CustomerId) else { return Ok(None) };
    let near = Near::Contact(ContactId(contact));
    if let Some(contact) = Matter::of(tx, customer).await?.with(near) {
        hold_contact(tx, contact).await?;
    }
    Ok(Some(customer))
}

/// What a message would have reminded of counts as not said. Where a person's day has come meanwhile it is theirs, and is
/// not said once more.
pub(crate) async fn unsay(tx: &mut Tx, customer: CustomerId, message: OutboxId) -> Result<(), CatalogError> {
    let (contact, queued) =
        one!(tx, (Uuid, i64), "SELECT contact_id, created_at FROM outbox WHERE id = $1", message.0)?;
    let zone = speak::person(tx, ContactId(contact)).await?.zone().usual();
    // Of each day there is one message at most.
    let on = today(at("outbox", "created_at", queued)?, zone);
    let begins = |day: Date| -> OffsetDateTime { day.midnight().assume_offset(zone) };
    let present = tx.now();
    execute!(
        tx,
        "UPDATE obligations SET said = said - 1, updated_at = $4 \
         WHERE customer_id = $1 AND said > 0 AND said_at >= $2 AND said_at < $3",
        customer.0,
        micros(begins(on)),
        micros(begins(on.next_day().unwrap_or(on))),
        micros(present)
    )?;
    let rules = house::rules(tx).await?.collecting();
    for open in open_of(tx, customer).await? {
        let was_told = open.said_at.is_some_and(|at| today(at, zone) == on);
        let is_persons =
            matches!(next_of(&rules, &open, zone), Next::Person(day) if day <= today(present, zone));
        if was_told && !is_persons {
            execute!(tx, "UPDATE obligations SET said_at = NULL WHERE id = $1", open.id.0)?;
        }
    }
    Ok(())
}

/// A reminder was taken back before it left, and nobody was told: what is owed is said anew, unless it may not be.
pub(crate) async fn unheard(
    tx: &mut Tx,
    customer: CustomerId,
    (message, why): (OutboxId, &str),
) -> Result<(), CatalogError> {
    unsay(tx, customer, message).await?;
    if why != TOO_LATE {
        // Whoever wants none of its kind hears none of it tomorrow either; of a case that a stop has ended nothing comes.
        cannot_speak(tx, message).await?;
    }
    let (contact,) = one!(tx, (Uuid,), "SELECT contact_id FROM outbox WHERE id = $1", message.0)?;
    schedule(tx, customer, Near::Contact(ContactId(contact))).await
}
