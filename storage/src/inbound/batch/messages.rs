//! The messages of a batch, and what each of them begins.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use acuse_conversation::{Intent, wording::Telling};
use time::Duration;
use uuid::Uuid;

use super::{NewDocument, NewMessage, Waits, documents::save_documents};
use crate::{
    arrivals::{Brought, counts},
    cases, consents,
    error::CatalogError,
    fair::{Quota, Senders},
    inbound::Recorded,
    names::{DocumentId, Source, clean, clean_maybe, cut, micros},
    numbers,
    outbox::{self, NewReply, Purpose, Saying},
    parts::{self, Part},
    queue::{Push, Queue, push},
    sql::Tx,
};

/// An answer of the same purpose is not said again within this time.
const ANSWERED_ONCE_IN: Duration = Duration::hours(1);

pub(super) async fn save_messages(
    tx: &mut Tx,
    messages: &[NewMessage<'_>],
    quota: Quota,
    recorded: &mut [Recorded],
) -> Result<(), CatalogError> {
    let new = insert(tx, messages).await?;
    let mut documents = Vec::new();
    let mut pushes = Vec::new();
    let present = tx.now();
    let (kept, away) = of_the_channel(tx, messages, &new).await?;
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
            let comes = away.map(|_| parts::unwoken(id, Some(deadline), present));
            let task = Push::document(id, comes)?.behind(ahead).before(deadline, present);
            let waits = away.zip(comes).map(|(part, at)| Waits { part, place: task.wake_place(), at });
            documents.push(NewDocument {
                id,
                of: message,
                task_id: task.task_id.clone(),
                read_after,
                deadline,
                waits,
            });
            pushes.push(task);
            result.new_documents.push(id);
        }
    }
    save_documents(tx, &documents).await?;
    files_of(messages, &new).save(tx).await?;
    push(tx, Queue::Fetch, pushes).await?;
    cases::came(tx, documents.iter().filter_map(|d| d.came(&senders)).collect()).await?;
    senders.save(tx).await?;
    for document in documents.iter().filter(|d| d.read_after.is_some()) {
        let media = document.of.message.media.as_ref();
        answer(tx, document.of, media.and_then(|m| m.over_quota)).await?;
    }
    for message in messages.iter().filter(|m| m.direction == "in" && new.contains(&m.id)) {
        if let Some(contact) = message.contact {
            cases::greeted(tx, (contact, &clean(&message.message.phone_number_id))).await?;
        }
        answer(tx, message, message.message.answer).await?;
        heard(tx, message).await?;
    }
    Ok(())
}

/// For how long which number's media is kept, and the part that is away without which none can be fetched; nobody asks where
/// no file came.
async fn of_the_channel(
    tx: &mut Tx,
    messages: &[NewMessage<'_>],
    new: &HashSet<Uuid>,
) -> Result<(BTreeMap<String, Duration>, Option<Part>), CatalogError> {
    if !messages.iter().any(|m| new.contains(&m.id) && m.brings() == Some(Brought::Document)) {
        return Ok((BTreeMap::new(), None));
    }
    Ok((numbers::retentions(tx).await?, parts::keeps_from_fetching(tx).await?))
}

/// Writes messages down; which of them are new.
async fn insert(tx: &mut Tx, messages: &[NewMessage<'_>]) -> Result<HashSet<Uuid>, CatalogError> {
    let rows = values!(
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
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
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
    if matches!(said.answer, Some(Telling::SendNormally)) {
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

/// Queues what is answered to a message at once, in the language of whoever sent it; to many of them once.
async fn answer(
    tx: &mut Tx,
    message: &NewMessage<'_>,
    telling: Option<Telling<'static>>,
) -> Result<(), CatalogError> {
    let (Some(telling), Some(contact)) = (telling, message.contact) else { return Ok(()) };
    let language = cases::person(tx, contact).await?.language;
    let reply = NewReply::telling(telling, language, String::new());
    // What can be sent is no answer to whoever speaks with a person.
    let number = clean(&message.message.phone_number_id);
    if reply.purpose == Purpose::NotAFile && cases::is_with_a_person(tx, (contact, &number)).await? {
        return Ok(());
    }
    let lately = tx.now() - ANSWERED_ONCE_IN;
    if outbox::times_said(tx, (contact, &number), reply.purpose, lately).await? > 0 {
        return Ok(());
    }
    let saying = Saying {
        document: None,
        case: None,
        contact,
        phone_number_id: Some(&message.message.phone_number_id),
        category: None,
    };
    outbox::queue(tx, saying, &reply).await
}
