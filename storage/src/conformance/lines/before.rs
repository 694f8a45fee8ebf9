//! What waited before there were lines, for the walk through all versions (`upgrade`).

use time::Duration;
use uuid::Uuid;

use super::{take, tasks};
use crate::{
    Catalog, ContactId,
    names::{micros, now},
    outbox::Line,
};

/// A message waits for somebody, and a task of theirs for it, as it was before there were lines.
pub(in crate::conformance) async fn waits_before_there_were_lines(
    catalog: &Catalog,
    contact: ContactId,
) -> Uuid {
    let (id, task) = (Uuid::now_v7(), r#"{"version":1,"contact_id":"@"}"#.replace('@', &contact.to_string()));
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "INSERT INTO outbox (id, contact_id, purpose, body, language, state, created_at, updated_at, nonce) \
         VALUES ($1, $2, 'reply', 'ok', 'es', 'queued', $3, $3, 'before lines')",
        id,
        contact.0,
        // PostgreSQL rounds the instant that the ledger counts from to a second, which may be the next one.
        micros(now() + Duration::SECOND)
    )
    .unwrap();
    let sql = tx.pick(
        "INSERT INTO Jobs (job, id, job_type, max_attempts, run_at, metadata) VALUES ($1, 'before', 'reply', 25, 0, '{}')",
        "INSERT INTO apalis.jobs (job, id, job_type, max_attempts) VALUES ($1, 'before', 'reply', 25)",
    );
    execute!(tx, sql, task.as_bytes()).unwrap();
    execute!(tx, "UPDATE contacts SET reply_task_id = 'before' WHERE id = $1", contact.0).unwrap();
    tx.commit().await.unwrap();
    id
}

/// It stands in the line of the number its contact wrote to, with the task that was there.
pub(in crate::conformance) async fn what_waited_stands_in_its_line(
    catalog: &Catalog,
    contact: ContactId,
    id: Uuid,
) {
    let lines = catalog.lines_of(contact).await.unwrap();
    assert_eq!(lines, [Line { contact, number: "1001".into() }]);
    let ledger = catalog.message_ledger(now()).await.unwrap();
    assert_eq!(
        (ledger.on_its_way, ledger.balanced),
        (1, true),
        "the task of before is behind it: {ledger:?}"
    );
    let waiting = tasks(catalog, contact).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].1.line(), None, "a worker serves all of the contact's lines by it");
    let message = take(catalog, &lines[0]).await;
    assert_eq!(message.id.0, id);
    catalog.reply_withdrawn(message.id, "tried").await.unwrap();
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "DELETE FROM outbox WHERE id = $1", id).unwrap();
    tx.commit().await.unwrap();
}
