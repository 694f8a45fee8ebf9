//! The documents of a batch: their rows, words, lines on the timeline and events.

use serde_json::json;

use super::NewDocument;
use crate::{
    documents::keep_words,
    error::CatalogError,
    events::{self, NewEvent},
    names::{Stage, clean, clean_maybe, cut, micros},
    parts::AWAY,
    sql::Tx,
    timeline::{self, Entry},
};

pub(super) async fn save_documents(tx: &mut Tx, documents: &[NewDocument<'_>]) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    insert!(
        tx,
        "INSERT INTO documents (id, contact_id, message_id, source, phone_number_id, media_id, declared_type, \
         declared_filename, caption, declared_sha256, sent_at, received_at, media_deadline, status, stage, last_error, \
         task_id, updated_at, read_after, next_attempt_at, waits_part, wake_place) VALUES ",
        22,
        "",
        documents,
        |q, d| {
            let message = d.of.message;
            let media = message.media.as_ref();
            let declared = media.map(|m| &m.declared);
            let error = media.and_then(|m| m.error.as_deref()).or(d.waits.map(|_| AWAY));
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
                .bind(error.map(|t| cut(t, 500)))
                .bind(d.task_id.as_str())
                .bind(present)
                .bind(d.read_after.map(micros))
                .bind(d.waits.map(|waits| micros(waits.at)))
                .bind(d.waits.map(|waits| waits.part.as_str()))
                .bind(d.waits.map(|waits| waits.place))
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
    tell(tx, documents).await
}

/// That they were received is noted, and told to those who follow the feed.
async fn tell(tx: &mut Tx, documents: &[NewDocument<'_>]) -> Result<(), CatalogError> {
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
