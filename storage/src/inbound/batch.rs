//! One transaction for many deliveries: each table is written once, with all rows at a time.

mod documents;
mod messages;
mod sorted;

use acuse_conversation::wording::Telling;
use acuse_pipeline::document::Sha256;
use time::OffsetDateTime;
use uuid::Uuid;

use messages::save_messages;
use sorted::Sorted;

use super::{InboundDelivery, InboundItem, InboundMessage, Outcome, Recorded, identity::Contacts, statuses};
use crate::{
    accounts, alerts,
    arrivals::Brought,
    cases::Came,
    consents,
    error::{CatalogError, Chain},
    fair::{Quota, Senders},
    names::{ContactId, DocumentId, cut, micros},
    numbers,
    parts::Part,
    sql::Tx,
    timeline::{self, Entry},
};

/// A delivery's row.
struct Delivered<'a> {
    id: Uuid,
    delivery: &'a InboundDelivery,
}

/// An item, and the place of its delivery in the batch.
#[derive(Clone, Copy)]
struct Placed<'a> {
    place: usize,
    token_ref: &'a str,
    delivery: Uuid,
    received_at: OffsetDateTime,
    item: &'a InboundItem,
}

/// A message on its way into the table.
struct NewMessage<'a> {
    placed: Placed<'a>,
    id: Uuid,
    contact: Option<ContactId>,
    direction: &'static str,
    message: &'a InboundMessage,
}

impl NewMessage<'_> {
    /// What of a file it brings; none of an echo, which nobody sent to us.
    fn brings(&self) -> Option<Brought> {
        let said = self.message;
        let is_answered = matches!(said.answer, Some(Telling::NotAFile | Telling::Sticker));
        match (self.direction, &said.media) {
            ("in", Some(_)) => Some(Brought::Document),
            ("in", None) if is_answered => Some(Brought::Other),
            _ => None,
        }
    }
}

/// A document on its way into the table.
struct NewDocument<'a> {
    id: DocumentId,
    of: &'a NewMessage<'a>,
    task_id: String,
    read_after: Option<OffsetDateTime>,
    deadline: OffsetDateTime,
    waits: Option<Waits>,
}

/// For which part that is away a document waits from the beginning, its place among those that do, and when it comes by
/// itself.
#[derive(Clone, Copy)]
struct Waits {
    part: Part,
    place: i64,
    at: OffsetDateTime,
}

impl NewDocument<'_> {
    fn came(&self, senders: &Senders) -> Option<Came<'_>> {
        let message = self.of.message;
        let contact = self.of.contact?;
        Some(Came {
            contact,
            phone_number_id: &message.phone_number_id,
            document: self.id,
            wamid: &message.wamid,
            person: senders.person(contact),
        })
    }
}

/// Records a batch in the caller's transaction; one result a delivery, in order.
pub(super) async fn record(
    tx: &mut Tx,
    quota: Quota,
    deliveries: &[InboundDelivery],
) -> Result<Vec<Recorded>, CatalogError> {
    let rows: Vec<Delivered<'_>> =
        deliveries.iter().map(|delivery| Delivered { id: Uuid::now_v7(), delivery }).collect();
    let mut recorded = vec![Recorded::default(); deliveries.len()];
    save_deliveries(tx, &rows).await?;
    let items: Vec<Placed<'_>> = rows
        .iter()
        .enumerate()
        .flat_map(|(place, row)| {
            let (delivery, received_at) = (row.id, row.delivery.received_at);
            let token_ref = row.delivery.token_ref.as_str();
            row.delivery.items.iter().map(move |item| Placed {
                place,
                token_ref,
                delivery,
                received_at,
                item,
            })
        })
        .collect();
    let unread = rows.iter().filter(|r| r.delivery.outcome != Outcome::Understood).count();
    save_items(tx, (&items, quota), unread, &mut recorded).await?;
    Ok(recorded)
}

/// Records one delivery item by item: what cannot be stored is left to the raw body and an alert.
pub(super) async fn record_by_item(
    tx: &mut Tx,
    quota: Quota,
    delivery: &InboundDelivery,
) -> Result<Recorded, CatalogError> {
    let row = Delivered { id: Uuid::now_v7(), delivery };
    save_deliveries(tx, std::slice::from_ref(&row)).await?;
    let mut recorded = vec![Recorded::default()];
    for item in &delivery.items {
        execute!(tx, "SAVEPOINT item")?;
        let placed = Placed {
            place: 0,
            token_ref: &delivery.token_ref,
            delivery: row.id,
            received_at: delivery.received_at,
            item,
        };
        let before = recorded.clone();
        if let Err(error) = save_items(tx, (&[placed], quota), 0, &mut recorded).await {
            if error.is_unavailable() {
                return Err(error);
            }
            execute!(tx, "ROLLBACK TO SAVEPOINT item")?;
            recorded = before;
            if let Some(first) = recorded.first_mut() {
                first.refused_items += 1;
            }
            tracing::error!(delivery_id = %row.id, error = %Chain(&error), "item refused; raw delivery kept");
            let detail = format!("delivery {}: {error}", row.id);
            alerts::count(tx, &[("item_refused".to_owned(), detail, 1)]).await?;
        }
        execute!(tx, "RELEASE SAVEPOINT item")?;
    }
    let refused = recorded.first().is_some_and(|r| r.refused_items > 0);
    if refused {
        execute!(tx, "UPDATE deliveries SET outcome = 'partly' WHERE id = $1", row.id)?;
    }
    Ok(recorded.pop().unwrap_or_default())
}

async fn save_deliveries(tx: &mut Tx, rows: &[Delivered<'_>]) -> Result<(), CatalogError> {
    insert!(
        tx,
        "INSERT INTO deliveries (id, received_at, signed_with, outcome, sha256, body) VALUES ",
        6,
        "",
        rows,
        |q, row| q
            .bind(row.id)
            .bind(micros(row.delivery.received_at))
            .bind(cut(&row.delivery.signed_with, 32))
            .bind(row.delivery.outcome.as_str())
            .bind(Sha256::of(&row.delivery.body).0.to_vec())
            .bind(&row.delivery.body[..])
    )
    .map(drop)
}

async fn save_items(
    tx: &mut Tx,
    (items, quota): (&[Placed<'_>], Quota),
    unread: usize,
    recorded: &mut [Recorded],
) -> Result<(), CatalogError> {
    let present = tx.now();
    let all: Vec<&InboundItem> = items.iter().map(|p| p.item).collect();
    let mut contacts = Contacts::load(tx, &all).await?;
    let Sorted { mut messages, told, switched, counted, named, changed } =
        Sorted::of(items, unread, &mut contacts);
    numbers::seen(tx, &named).await?;
    accounts::changed(tx, &changed).await?;
    contacts.save(tx, present).await?;
    for message in &mut messages {
        message.contact = message.contact.map(|c| contacts.settled(c));
    }
    // The same order in every process, so that two of them cannot block each other.
    messages.sort_by(|a, b| {
        (&a.message.phone_number_id, &a.message.wamid).cmp(&(&b.message.phone_number_id, &b.message.wamid))
    });
    save_messages(tx, &messages, quota, recorded).await?;
    let told: Vec<Entry> = told
        .into_iter()
        .map(|(contact, entry)| Entry { contact: Some(contacts.settled(contact)), ..entry })
        .collect();
    timeline::write(tx, &told).await?;
    for (contact, number, intent, at) in switched {
        consents::switched(tx, contacts.settled(contact), &cut(number, 64), intent, at).await?;
    }
    let statuses = items.iter().filter_map(|p| match p.item {
        InboundItem::Status(status) => Some((p.place, p.delivery, status)),
        _ => None,
    });
    statuses::save(tx, statuses.collect(), recorded).await?;
    let counted: Vec<_> = counted.into_iter().map(|((kind, detail), times)| (kind, detail, times)).collect();
    alerts::count(tx, &counted).await
}
