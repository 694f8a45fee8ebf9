//! Statuses of the messages we sent: kept in any order, orphans too, and settled against the outbox.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;
use uuid::Uuid;

use super::{InboundStatus, Recorded};
use crate::{
    error::CatalogError,
    incidents,
    names::{ContactId, DocumentId, OutboxId, clean, cut, micros},
    notices, numbers,
    outbox::{self, Wait, line_of, wake},
    sql::Tx,
    timeline::{self, Entry},
};

/// A higher rank tells more. One message may be both delivered and failed (several devices): delivered wins.
fn rank(status: &str) -> i64 {
    match status {
        "sent" => 1,
        "failed" => 2,
        "delivered" => 3,
        "read" => 4,
        "played" => 5,
        _ => 0,
    }
}

const DELIVERED: i64 = 3;
/// States in which a message stands in its line, and holds up those behind it.
const IN_LINE: [&str; 4] = ["queued", "sending", "refused", "unknown"];

/// Statuses, each with the place of its delivery in the batch and that one's id.
pub(super) async fn save(
    tx: &mut Tx,
    mut statuses: Vec<(usize, Uuid, &InboundStatus)>,
    recorded: &mut [Recorded],
) -> Result<(), CatalogError> {
    statuses.sort_by(|(.., a), (.., b)| {
        (&a.wamid, &a.status, &a.recipient).cmp(&(&b.wamid, &b.status, &b.recipient))
    });
    let mut new: HashSet<(String, String, String)> = values!(
        tx,
        (String, String, String),
        "INSERT INTO message_statuses (wamid, status, recipient, rank, at, error_code, error, raw) VALUES ",
        8,
        " ON CONFLICT (wamid, status, recipient) DO NOTHING RETURNING wamid, status, recipient",
        &statuses,
        |q, (.., s)| q
            .bind(clean(&s.wamid))
            .bind(clean(&s.status))
            .bind(clean(&s.recipient))
            .bind(rank(&s.status))
            .bind(micros(s.at))
            .bind(s.error_code)
            .bind(s.error.as_deref().map(|e| cut(e, 500)))
            .bind(clean(&s.raw))
    )?
    .into_iter()
    .collect();
    let mut heard_of = BTreeSet::new();
    for (place, delivery, status) in statuses {
        if new.remove(&(clean(&status.wamid), clean(&status.status), clean(&status.recipient))) {
            heard_of.extend(settle(tx, status, delivery).await?);
        } else if let Some(result) = recorded.get_mut(place) {
            result.duplicates += 1;
        }
    }
    numbers::heard_of(tx, &heard_of).await
}

/// What a status says of a message of ours is its state, where it tells more than what stands there; whether it did.
async fn mark(
    tx: &mut Tx,
    id: Uuid,
    status: &InboundStatus,
    error: Option<&str>,
) -> Result<u64, CatalogError> {
    let present = micros(tx.now());
    // A failure counts only while no device has it, and only of the latest try. A status of any kind proves that the
    // message left; unless that very try is known to have failed, and another is to follow.
    execute!(
        tx,
        "UPDATE outbox SET wamid = COALESCE(wamid, $2), lease_until = NULL, next_attempt_at = NULL, updated_at = $3, \
         sent_at = COALESCE(sent_at, $3), status_rank = CASE WHEN $5 > status_rank THEN $5 ELSE status_rank END, \
         state = CASE WHEN $5 >= $8 THEN 'delivered' WHEN $4 THEN 'refused' ELSE 'sent' END, \
         error = CASE WHEN $4 THEN $6 ELSE error END, error_code = CASE WHEN $4 THEN $7 ELSE error_code END \
         WHERE id = $1 AND CASE WHEN $5 >= $8 THEN state NOT IN ('delivered', 'withdrawn') \
           WHEN $4 THEN state IN ('queued', 'sending', 'sent', 'unknown') AND (wamid IS NULL OR wamid = $2) \
             AND NOT EXISTS (SELECT 1 FROM message_statuses s WHERE s.wamid = $2 AND s.rank >= $8) \
           ELSE state IN ('queued', 'sending', 'unknown') \
             AND NOT EXISTS (SELECT 1 FROM message_statuses s WHERE s.wamid = $2 AND s.status = 'failed') END",
        id,
        clean(&status.wamid),
        present,
        status.status == "failed",
        rank(&status.status),
        error,
        status.error_code,
        DELIVERED
    )
}

/// Tells the outbox message that a status is about, if it is one of ours; from which of our numbers that one went.
async fn settle(tx: &mut Tx, status: &InboundStatus, delivery: Uuid) -> Result<Option<String>, CatalogError> {
    let callback = status.callback.as_deref().and_then(|c| Uuid::parse_str(c).ok());
    let found = optional!(
        tx,
        (Uuid, Option<Uuid>, Uuid, String, String, String, Option<String>, bool),
        "SELECT o.id, o.document_id, o.contact_id, o.purpose, COALESCE(o.phone_number_id, ''), o.state, o.held_for, \
         EXISTS (SELECT 1 FROM erasures e WHERE e.kind = 'contact' AND e.subject IN (o.contact_id, \
           (SELECT k.merged_into FROM contacts k WHERE k.id = o.contact_id))) \
         FROM outbox o WHERE o.wamid = $1 OR o.id = $2 LIMIT 1",
        clean(&status.wamid),
        callback
    )?;
    let Some((id, document, contact, purpose, number, state, held_for, is_erased)) = found else {
        return Ok(None);
    };
    if held_for.is_some_and(|held_for| held_for == outbox::HeldFor::Assessment.as_str()) {
        // Whatever it says, Meta holds it back no more.
        execute!(tx, "UPDATE outbox SET held_for = NULL WHERE id = $1 AND state = 'sent'", id)?;
    }
    let failed = status.status == "failed";
    // Of whoever was erased it says nothing but how it ended.
    let error = status.error.as_deref().filter(|_| !is_erased).map(|e| cut(e, 500));
    let present = tx.now();
    let moved = mark(tx, id, status, error.as_deref()).await?;
    if moved == 1 && failed {
        // What follows is decided where refused calls are.
        wake(tx, &line_of((contact, number.clone())), Wait::None).await?;
    } else if moved == 1 && IN_LINE.contains(&state.as_str()) {
        outbox::goes_on_behind(tx, id).await?;
    }
    if purpose == outbox::Purpose::Notice.as_str() {
        notices::moved(tx, OutboxId(id)).await?;
    }
    if moved == 1 && rank(&status.status) >= DELIVERED {
        incidents::arrived_after_all(tx, id, present).await?;
        numbers::delivered(tx, id).await?;
    }
    let entry = Entry {
        document: document.map(DocumentId),
        contact: Some(ContactId(contact)),
        at: status.at,
        stage: None,
        event: "reply_status",
        detail: json!({
            "status": status.status, "purpose": purpose, "wamid": (!is_erased).then_some(&status.wamid),
            "code": status.error_code, "error": error,
        }),
    };
    timeline::write(tx, &[entry]).await?;
    if is_erased {
        // It names to whom it went.
        execute!(tx, "DELETE FROM message_statuses WHERE wamid = $1", clean(&status.wamid))?;
        execute!(tx, "UPDATE deliveries SET body = $2 WHERE id = $1", delivery, &[][..] as &[u8])?;
    }
    Ok(Some(number))
}
