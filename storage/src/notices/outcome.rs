//! What a notice comes to when its message moves, and what those who follow the feed hear of it.

use serde_json::json;
use uuid::Uuid;

use super::{NoticeState, T};
use crate::{
    error::CatalogError,
    events::{self, NewEvent},
    names::{OutboxId, clean_maybe, micros, word},
    outbox::{self, OutboxState},
    sql::Tx,
};

/// A message moved: whether it is a notice's, and what that has come to.
pub(crate) async fn moved(tx: &mut Tx, message: OutboxId) -> Result<(), CatalogError> {
    let row = optional!(
        tx,
        (Uuid, Uuid, String, String, String, Option<String>, Option<i64>),
        "SELECT n.id, n.contact_id, COALESCE(n.client_key, n.idempotency_key), n.state, o.state, o.error, \
         (SELECT MAX(s.rank) FROM message_statuses s WHERE s.wamid = o.wamid) \
         FROM notices n JOIN outbox o ON o.id = n.outbox_id WHERE n.outbox_id = $1",
        message.0
    )?;
    let Some((id, contact, key, was, state, error, rank)) = row else { return Ok(()) };
    let was: NoticeState = word(T, "state", &was)?;
    let is = stands(word("outbox", "state", &state)?, error.as_deref(), rank.unwrap_or_default());
    if was == is || was == NoticeState::Read {
        return Ok(());
    }
    let present = micros(tx.now());
    let why = error.filter(|_| is == NoticeState::Failed);
    execute!(
        tx,
        "UPDATE notices SET state = $2, error = $3, updated_at = $4 WHERE id = $1",
        id,
        is.as_str(),
        clean_maybe(why.as_deref()),
        present
    )?;
    let kind = match is {
        NoticeState::Queued | NoticeState::Sent => return Ok(()),
        NoticeState::Delivered => "notice.delivered",
        NoticeState::Read => "notice.read",
        NoticeState::Failed => "notice.failed",
        NoticeState::Expired => "notice.expired",
        NoticeState::Withdrawn => "notice.withdrawn",
    };
    let data = json!({ "notice_id": id, "contact_id": contact, "idempotency_key": key, "error": why });
    events::write(tx, &[NewEvent { kind, document: None, data }]).await
}

/// Where a notice stands by its message.
fn stands(message: OutboxState, error: Option<&str>, rank: i64) -> NoticeState {
    /// Rank of the status that says they looked.
    const READ: i64 = 4;
    match message {
        _ if rank >= READ => NoticeState::Read,
        OutboxState::Delivered => NoticeState::Delivered,
        OutboxState::Sent => NoticeState::Sent,
        OutboxState::Failed | OutboxState::WindowClosed => NoticeState::Failed,
        OutboxState::Withdrawn if error == Some(outbox::TOO_LATE) => NoticeState::Expired,
        OutboxState::Withdrawn => NoticeState::Withdrawn,
        OutboxState::Queued | OutboxState::Sending | OutboxState::Unknown | OutboxState::Refused => {
            NoticeState::Queued
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_stands_where_its_message_does() {
        let table = [
            (OutboxState::Queued, None, 0, NoticeState::Queued),
            (OutboxState::Refused, None, 2, NoticeState::Queued),
            (OutboxState::Sent, None, 1, NoticeState::Sent),
            (OutboxState::Delivered, None, 3, NoticeState::Delivered),
            (OutboxState::Delivered, None, 4, NoticeState::Read),
            (OutboxState::Failed, Some("x"), 2, NoticeState::Failed),
            (OutboxState::WindowClosed, Some("x"), 0, NoticeState::Failed),
            (OutboxState::Withdrawn, Some(outbox::TOO_LATE), 0, NoticeState::Expired),
            (OutboxState::Withdrawn, Some("opted out"), 0, NoticeState::Withdrawn),
        ];
        for (message, error, rank, notice) in table {
            assert_eq!(stands(message, error, rank), notice, "{message} {error:?} {rank}");
        }
    }
}
