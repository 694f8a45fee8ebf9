//! Statuses of the messages we sent: kept in any order, orphans too, and settled against the outbox.

use std::collections::HashSet;

use serde_json::json;
use uuid::Uuid;

use super::{InboundStatus, Recorded};
use crate::{
    error::CatalogError,
    names::{ContactId, DocumentId, clean, cut, micros, now},
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

pub(super) async fn save(
    tx: &mut Tx,
    mut statuses: Vec<(usize, &InboundStatus)>,
    recorded: &mut [Recorded],
) -> Result<(), CatalogError> {
    statuses.sort_by(|(_, a), (_, b)| {
        (&a.wamid, &a.status, &a.recipient).cmp(&(&b.wamid, &b.status, &b.recipient))
    });
    let mut new: HashSet<(String, String, String)> = values!(
        tx,
        (String, String, String),
        "INSERT INTO message_statuses (wamid, status, recipient, rank, at, error_code, error, raw) VALUES ",
        8,
        " ON CONFLICT (wamid, status, recipient) DO NOTHING RETURNING wamid, status, recipient",
        &statuses,
        |q, (_, s)| q
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
    for (place, status) in statuses {
        if new.remove(&(clean(&status.wamid), clean(&status.status), clean(&status.recipient))) {
            settle(tx, status).await?;
        } else if let Some(result) = recorded.get_mut(place) {
            result.duplicates += 1;
        }
    }
    Ok(())
}

/// Tells the outbox message that a status is about, if it is one of ours.
async fn settle(tx: &mut Tx, status: &InboundStatus) -> Result<(), CatalogError> {
    let callback = status.callback.as_deref().and_then(|c| Uuid::parse_str(c).ok());
    let found = optional!(
        tx,
        (Uuid, Option<Uuid>, Uuid, String),
        "SELECT id, document_id, contact_id, purpose FROM outbox WHERE wamid = $1 OR id = $2 LIMIT 1",
        clean(&status.wamid),
        callback
    )?;
    let Some((id, document, contact, purpose)) = found else { return Ok(()) };
    let failed = status.status == "failed";
    let error = status.error.as_deref().map(|e| cut(e, 500));
    // A failure counts only while no device has it. A status of any kind proves that the message left.
    execute!(
        tx,
        "UPDATE outbox SET wamid = COALESCE(wamid, $2), lease_until = NULL, next_attempt_at = NULL, updated_at = $3, \
         state = CASE WHEN $4 AND NOT EXISTS (SELECT 1 FROM message_statuses s WHERE s.wamid = $2 AND s.rank >= $5) \
                 THEN 'failed' ELSE 'sent' END, error = CASE WHEN $4 THEN $6 ELSE error END \
         WHERE id = $1 AND (state IN ('queued', 'sending', 'sent', 'unknown') OR ($7 AND state = 'failed'))",
        id,
        clean(&status.wamid),
        micros(now()),
        failed,
        DELIVERED,
        error.as_deref(),
        rank(&status.status) >= DELIVERED
    )?;
    let entry = Entry {
        document: document.map(DocumentId),
        contact: Some(ContactId(contact)),
        at: status.at,
        stage: None,
        event: "reply_status",
        detail: json!({
            "status": status.status, "purpose": purpose, "wamid": status.wamid, "code": status.error_code,
            "error": error,
        }),
    };
    timeline::write(tx, &[entry]).await
}
