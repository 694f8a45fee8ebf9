//! One transaction for many deliveries: each table is written once, with all rows at a time.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use acuse_conversation::Intent;
use acuse_pipeline::document::Sha256;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    Changed, InboundDelivery, InboundItem, InboundMessage, Outcome, Recorded, identity::Contacts, statuses,
};
use crate::{
    accounts, alerts,
    arrivals::{Brought, counts},
    cases::{self, Came},
    consents,
    documents::keep_words,
    error::{CatalogError, Chain},
    events::{self, NewEvent},
    fair::{Quota, Senders},
    names::{ContactId, DocumentId, Source, Stage, clean, clean_maybe, cut, micros},
    numbers,
    outbox::{self, NewReply, Purpose, Saying},
    queue::{Push, Queue, push},
    sql::Tx,
    timeline::{self, Entry},
};

/// An answer of the same purpose is not said again within this time.
const ANSWERED_ONCE_IN: Duration = Duration::hours(1);

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
        let is_answered = said.answer.as_ref().is_some_and(|reply| reply.purpose == Purpose::NotAFile);
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
}

impl NewDocument<'_> {
    fn came(&self) -> Option<Came<'_>> {
        let message = self.of.message;
        Some(Came {
            contact: self.of.contact?,
            phone_number_id: &message.phone_number_id,
            document: self.id,
            wamid: &message.wamid,
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
    let mut messages = Vec::new();
    let mut told: Vec<(ContactId, Entry)> = Vec::new();
    let mut switched = Vec::new();
    let mut counted: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut named: BTreeMap<String, numbers::Seen> = BTreeMap::new();
    let mut changed: BTreeSet<&Changed> = BTreeSet::new();
    if unread > 0 {
        counted.insert(("delivery_not_understood".to_owned(), String::new()), unread as i64);
    }
    for placed in items {
        match placed.item {
            InboundItem::Message(message) | InboundItem::Echo(message) => {
                let inbound = matches!(placed.item, InboundItem::Message(_));
                let seen = numbers::Seen {
                    token_ref: cut(placed.token_ref, 64),
                    waba_id: message.waba_id.as_deref().map(|id| cut(id, 64)),
                    at: placed.received_at,
                };
                named.insert(cut(&message.phone_number_id, 64), seen);
                let contact = contacts.resolve(
                    &message.identity,
                    &message.phone_number_id,
                    inbound.then_some(message.sent_at),
                );
                let direction = if inbound { "in" } else { "echo" };
                messages.push(NewMessage {
                    placed: *placed,
                    id: Uuid::now_v7(),
                    contact,
                    direction,
                    message,
                });
            }
            InboundItem::Preference { identity, phone_number_id, stop, at } => {
                let intent = if *stop { Intent::Stop } else { Intent::Start };
                if let Some(contact) = contacts.resolve(identity, phone_number_id, None) {
                    switched.push((contact, phone_number_id, intent, *at));
                }
            }
            InboundItem::AliasChange { old, new, at } => {
                let contact = contacts.rename(old, new);
                let detail = json!({ "kind": new.0, "old": old.1, "new": new.1 });
                let entry =
                    Entry { document: None, contact: None, at: *at, stage: None, event: "renamed", detail };
                told.push((contact, entry));
            }
            InboundItem::Event { field, detail, known, is_trouble, changed: what } => {
                changed.insert(what);
                if *known && !is_trouble {
                    continue;
                }
                let kind = if *known { "channel_event" } else { "unknown_field" };
                *counted.entry((kind.to_owned(), clean(&format!("{field}: {detail}")))).or_default() += 1;
            }
            InboundItem::ValueError { code, message } => {
                *counted
                    .entry(("channel_error".to_owned(), clean(&format!("{code} {message}"))))
                    .or_default() += 1;
            }
            InboundItem::Status(_) => {}
        }
    }
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
        InboundItem::Status(status) => Some((p.place, status)),
        _ => None,
    });
    statuses::save(tx, statuses.collect(), recorded).await?;
    let counted: Vec<_> = counted.into_iter().map(|((kind, detail), times)| (kind, detail, times)).collect();
    alerts::count(tx, &counted).await
}

async fn save_messages(
    tx: &mut Tx,
    messages: &[NewMessage<'_>],
    quota: Quota,
    recorded: &mut [Recorded],
) -> Result<(), CatalogError> {
    let new: HashSet<Uuid> = values!(
        tx,
        (Uuid,),
        "INSERT INTO messages (id, delivery_id, contact_id, phone_number_id, wamid, direction, type, sent_at, \
         received_at, body, reply_to, raw, file) VALUES ",
        13,
        " ON CONFLICT (phone_number_id, wamid) DO NOTHING RETURNING id",
        messages,
        |q, m| q
            .bind(m.id)
            .bind(m.placed.delivery)
            .bind(m.contact.map(|c| c.0))
            .bind(clean(&m.message.phone_number_id))
            .bind(clean(&m.message.wamid))
            .bind(m.direction)
            .bind(cut(&m.message.kind, 64))
            .bind(micros(m.message.sent_at))
            .bind(micros(m.placed.received_at))
            .bind(clean_maybe(m.message.body.as_deref()))
            .bind(clean_maybe(m.message.reply_to.as_deref()))
            .bind(clean(&m.message.raw))
            .bind(m.brings().map(Brought::as_str))
    )?
    .into_iter()
    .map(|(id,)| id)
    .collect();
    let mut documents = Vec::new();
    let mut pushes = Vec::new();
    let present = tx.now();
    let kept = if new.is_empty() { BTreeMap::new() } else { numbers::retentions(tx).await? };
    let mut senders = Senders::load(tx, quota, &senders_of(messages, &new)).await?;
    for message in messages {
        let Some(result) = recorded.get_mut(message.placed.place) else { continue };
        if !new.contains(&message.id) {
            result.duplicates += 1;
            continue;
        }
        result.new_messages += 1;
        if message.brings() == Some(Brought::Document) {
            let id = DocumentId::generate();
            let (ahead, read_after) = senders.one_more(message.contact);
            let kept = kept.get(&message.message.phone_number_id).copied().unwrap_or(numbers::MEDIA_KEPT);
            let sent_at = message.message.sent_at;
            let deadline = sent_at.checked_add(kept).unwrap_or(sent_at);
            let task = Push::document(id, None)?.behind(ahead).before(deadline, present);
            documents.push(NewDocument {
                id,
                of: message,
                task_id: task.task_id.clone(),
                read_after,
                deadline,
            });
            pushes.push(task);
            result.new_documents.push(id);
        }
    }
    files_of(messages, &new).save(tx).await?;
    save_documents(tx, &documents).await?;
    push(tx, Queue::Fetch, pushes).await?;
    cases::came(tx, documents.iter().filter_map(NewDocument::came).collect()).await?;
    senders.save(tx).await?;
    for document in documents.iter().filter(|d| d.read_after.is_some()) {
        let media = document.of.message.media.as_ref();
        answer(tx, document.of, media.and_then(|m| m.over_quota.as_ref())).await?;
    }
    for message in messages.iter().filter(|m| m.direction == "in" && new.contains(&m.id)) {
        if let Some(contact) = message.contact {
            cases::greeted(tx, (contact, &clean(&message.message.phone_number_id))).await?;
        }
        answer(tx, message, message.message.answer.as_ref()).await?;
        heard(tx, message).await?;
    }
    Ok(())
}

/// What a whole message of a word means is done.
async fn heard(tx: &mut Tx, message: &NewMessage<'_>) -> Result<(), CatalogError> {
    let said = message.message;
    let Some(contact) = message.contact else { return Ok(()) };
    let number = clean(&said.phone_number_id);
    if said.body.as_deref() == Some(cases::PASSWORD)
        && cases::password_came(tx, (&number, &clean(&said.wamid)), message.id).await?
    {
        return Ok(());
    }
    if said.media.is_some() {
        return Ok(());
    }
    if let Some(payload) = said.tap.as_deref() {
        let (id, phone_number_id) = (message.id, number.as_str());
        let identity_key_hash = said.identity.identity_key_hash.as_deref();
        let tapped = cases::Tapped { id, contact, phone_number_id, payload, identity_key_hash };
        if cases::tapped(tx, tapped).await? {
            return Ok(());
        }
    }
    if said.answer.as_ref().is_some_and(|reply| reply.purpose == Purpose::SendNormally) {
        return cases::ask_for_unseen(tx, (contact, &number), message.id).await;
    }
    let message = cases::Heard {
        id: message.id,
        contact,
        phone_number_id: &number,
        kind: &said.kind,
        words: said.body.as_deref(),
        reply_to: said.reply_to.as_deref(),
    };
    cases::heard(tx, message).await?;
    let words =
        said.body.as_deref().filter(|_| matches!(said.kind.as_str(), "text" | "button" | "interactive"));
    let Some(intent) = words.and_then(Intent::of) else { return Ok(()) };
    consents::said(tx, contact, &number, intent, said.sent_at).await
}

/// The files among the messages that are new, to be counted.
fn files_of(messages: &[NewMessage<'_>], new: &HashSet<Uuid>) -> counts::Counted {
    let mut files = counts::Counted::default();
    for message in messages.iter().filter(|m| new.contains(&m.id)) {
        if let Some(brought) = message.brings() {
            let number = clean(&message.message.phone_number_id);
            files.add(message.placed.received_at, number, Source::Whatsapp, brought);
        }
    }
    files
}

/// Who sent the files among the messages that are new, each once and always in the same order.
fn senders_of(messages: &[NewMessage<'_>], new: &HashSet<Uuid>) -> Vec<Uuid> {
    let files =
        messages.iter().filter(|m| m.direction == "in" && m.message.media.is_some() && new.contains(&m.id));
    let senders: BTreeSet<Uuid> = files.filter_map(|m| m.contact.map(|c| c.0)).collect();
    senders.into_iter().collect()
}

/// Queues what is answered to a message at once; to many of them once.
async fn answer(tx: &mut Tx, message: &NewMessage<'_>, reply: Option<&NewReply>) -> Result<(), CatalogError> {
    let (Some(reply), Some(contact)) = (reply, message.contact) else { return Ok(()) };
    if outbox::said_since(tx, contact, reply.purpose, tx.now() - ANSWERED_ONCE_IN).await? {
        return Ok(());
    }
    let saying = Saying {
        document: None,
        case: None,
        contact,
        phone_number_id: Some(&message.message.phone_number_id),
        category: None,
    };
    outbox::queue(tx, saying, reply).await
}

async fn save_documents(tx: &mut Tx, documents: &[NewDocument<'_>]) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    insert!(
        tx,
        "INSERT INTO documents (id, contact_id, message_id, source, phone_number_id, media_id, declared_type, \
         declared_filename, caption, declared_sha256, sent_at, received_at, media_deadline, status, stage, last_error, \
         task_id, updated_at, read_after) VALUES ",
        19,
        "",
        documents,
        |q, d| {
            let message = d.of.message;
            let media = message.media.as_ref();
            let declared = media.map(|m| &m.declared);
            q.bind(d.id.0)
                .bind(d.of.contact.map(|c| c.0))
                .bind(d.of.id)
                .bind("whatsapp")
                .bind(clean(&message.phone_number_id))
                .bind(media.and_then(|m| clean_maybe(m.media_id.as_deref())))
                .bind(declared.and_then(|f| f.media_type.as_deref()).map(|t| cut(t, 256)))
                .bind(declared.and_then(|f| f.filename.as_deref()).map(|t| cut(t, 512)))
                .bind(declared.and_then(|f| clean_maybe(f.caption.as_deref())))
                .bind(declared.and_then(|f| f.sha256).map(|h| h.0.to_vec()))
                .bind(micros(message.sent_at))
                .bind(micros(d.of.placed.received_at))
                .bind(micros(d.deadline))
                .bind("received")
                .bind("fetch")
                .bind(media.and_then(|m| m.error.as_deref()).map(|t| cut(t, 500)))
                .bind(d.task_id.as_str())
                .bind(present)
                .bind(d.read_after.map(micros))
        }
    )?;
    for d in documents {
        // Most photos come without a name or a caption.
        let media = d.of.message.media.as_ref();
        if let Some(declared) =
            media.map(|m| &m.declared).filter(|f| f.filename.is_some() || f.caption.is_some())
        {
            let place = (d.id.0, micros(d.of.placed.received_at));
            keep_words(tx, place, declared, &Default::default(), "").await?;
        }
    }
    let entries: Vec<Entry> = documents
        .iter()
        .map(|d| Entry {
            document: Some(d.id),
            contact: d.of.contact,
            at: d.of.placed.received_at,
            stage: Some(Stage::Fetch),
            event: "received",
            detail: json!({
                "source": "whatsapp", "wamid": d.of.message.wamid, "type": d.of.message.kind,
                "error": d.of.message.media.as_ref().and_then(|m| m.error.as_deref()),
            }),
        })
        .collect();
    timeline::write(tx, &entries).await?;
    let told: Vec<NewEvent> = documents
        .iter()
        .map(|d| NewEvent {
            kind: "document.received",
            document: Some(d.id),
            data: json!({ "source": "whatsapp", "contact_id": d.of.contact }),
        })
        .collect();
    events::write(tx, &told).await
}
