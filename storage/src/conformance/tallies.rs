//! Promises of the counts: they are what the documents are, at every change, and where they are not somebody hears.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    Access, Catalog,
    ledger::Ledger,
    names::{micros, now},
    tallies::{DAY, Parted},
    throughput::DayCount,
};

/// Counted anew, document by document.
async fn counted(catalog: &Catalog, from: i64, to: i64) -> Ledger {
    let mut tx = catalog.reading().await.unwrap();
    let count = "SELECT COUNT(CASE WHEN $3 = 'received' OR (duplicate_of IS NULL AND (status = $3 \
                 OR ($3 = 'processing' AND status = 'received'))) OR (duplicate_of IS NOT NULL AND $3 = 'duplicate') \
                 THEN 1 END) FROM documents WHERE received_at >= $1 AND received_at < $2";
    let mut of = Vec::new();
    for place in ["received", "filed", "in_review", "rejected", "duplicate", "processing"] {
        let (n,) = one!(tx, (i64,), count, from, to, place).unwrap();
        of.push(u64::try_from(n).unwrap());
    }
    let balanced = of[0] == of[1..].iter().sum::<u64>();
    let [received, filed, in_review, rejected, duplicate, processing] = of[..] else { panic!("six") };
    Ledger { received, filed, in_review, rejected, duplicate, processing, balanced }
}

async fn put(catalog: &Catalog, id: Uuid, received: i64, status: &str) {
    let mut tx = catalog.writing().await.unwrap();
    let stage = if status == "processing" { "read" } else { "done" };
    execute!(
        tx,
        "INSERT INTO documents (id, source, sent_at, received_at, status, stage, updated_at) \
         VALUES ($1, 'api', $2, $2, $3, $4, $2)",
        id,
        received,
        status,
        stage
    )
    .unwrap();
    tx.commit().await.unwrap();
}

/// What came on a day is told by where it is, and what did not come on it is not.
pub(super) async fn what_came_on_a_day_is_told_by_its_place(catalog: &Catalog) {
    let at = micros(now()) / DAY * DAY - 500 * DAY;
    let time = |t: i64| OffsetDateTime::from_unix_timestamp_nanos(i128::from(t) * 1_000).unwrap();
    let (from, to) = (time(at), time(at + DAY));
    let id = Uuid::now_v7();
    put(catalog, id, at + 5, "filed").await;
    let seen = catalog.throughput(&Access::whole(), from, to).await.unwrap();
    assert_eq!(seen.days, [DayCount { day: from.date(), place: "filed".into(), count: 1 }]);
    assert!(seen.ended.is_empty() && seen.stages.is_empty(), "{seen:?}");
    let before = catalog.throughput(&Access::whole(), time(at - DAY), from).await.unwrap();
    assert!(before.days.is_empty(), "none the day before: {before:?}");
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "DELETE FROM documents WHERE id = $1", id).unwrap();
    tx.commit().await.unwrap();
}

async fn agree(catalog: &Catalog, at: i64) {
    for (from, to) in
        [(at - DAY, at + 2 * DAY), (at, at + DAY), (at + 5, at + 7), (at - DAY / 2, at + 1), (0, at + 9)]
    {
        let time = |t| Some(OffsetDateTime::from_unix_timestamp_nanos(i128::from(t) * 1_000).unwrap());
        let ledger = catalog.ledger(time(from), time(to)).await.unwrap();
        assert_eq!(ledger, counted(catalog, from, to).await, "{from} to {to}");
    }
    assert_eq!(catalog.ledger(None, None).await.unwrap(), counted(catalog, 0, i64::MAX).await);
}

/// Every change of a document that moves it is counted, whoever makes it; many at once too.
pub(super) async fn every_change_is_counted(catalog: &Catalog) {
    let at = micros(now()) / DAY * DAY - 400 * DAY;
    let ids: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
    for (n, id) in (0..).zip(&ids) {
        put(catalog, *id, at + n * 2, ["filed", "in_review", "rejected", "processing"][n as usize % 4]).await;
    }
    agree(catalog, at).await;
    let mut changes = tokio::task::JoinSet::new();
    for (n, id) in ids.clone().into_iter().enumerate() {
        let catalog = catalog.clone();
        changes.spawn(async move {
            let mut tx = catalog.writing().await.unwrap();
            let text = [
                "UPDATE documents SET status = 'filed', stage = 'done', version = version + 1 WHERE id = $1",
                "UPDATE documents SET status = 'filed', stage = 'done', duplicate_of = $1 WHERE id = $1",
                "UPDATE documents SET received_at = received_at + 86400000000 WHERE id = $1",
                "DELETE FROM documents WHERE id = $1",
            ][(n + 1) % 4];
            execute!(tx, text, id).unwrap();
            tx.commit().await.unwrap();
            catalog.add_up_tallies().await.unwrap();
        });
    }
    changes.join_all().await;
    catalog.add_up_tallies().await.unwrap();
    agree(catalog, at).await;
    assert_eq!(catalog.verify_tallies(Duration::ZERO).await.unwrap(), []);
    wrong_counts_are_told(catalog, at).await;
    let mut tx = catalog.writing().await.unwrap();
    for id in ids {
        execute!(tx, "DELETE FROM documents WHERE id = $1", id).unwrap();
    }
    tx.commit().await.unwrap();
    agree(catalog, at).await;
}

/// Where counts and documents part an incident is opened, and the counts are right again.
async fn wrong_counts_are_told(catalog: &Catalog, at: i64) {
    let mut tx = catalog.writing().await.unwrap();
    let changed = execute!(
        tx,
        "UPDATE tallies SET count = count + 3 WHERE day = $1 AND place = 'filed' AND lane = 0",
        at / DAY
    );
    assert_eq!(changed.unwrap(), 1);
    tx.commit().await.unwrap();
    assert!(!catalog.ledger(None, None).await.unwrap().balanced, "it can come out false");
    assert_eq!(catalog.verify_tallies(Duration::hours(1)).await.unwrap(), [], "not so soon again");
    let parted = catalog.verify_tallies(Duration::ZERO).await.unwrap();
    assert_eq!((parted.len(), parted[0].place.as_str(), parted[0].missing), (1, "filed", -3));
    let mut tx = catalog.reading().await.unwrap();
    let text = "SELECT COUNT(*) FROM incidents WHERE kind = 'counts_parted' AND state = 'open'";
    assert_eq!(one!(tx, (i64,), text).unwrap(), (1,));
    drop(tx);
    agree(catalog, at).await;
    catalog.resolve_incidents("counts_parted", None).await.unwrap();
    // And so where the count of all days is not what the days come to.
    let mut tx = catalog.writing().await.unwrap();
    let text = "UPDATE tally_totals SET count = count - 2 WHERE place = 'filed' AND lane = 0";
    assert_eq!(execute!(tx, text).unwrap(), 1);
    tx.commit().await.unwrap();
    assert!(!catalog.ledger(None, None).await.unwrap().balanced, "it is what the whole ledger is read off");
    let parted = catalog.verify_tallies(Duration::ZERO).await.unwrap();
    let wrong = Parted { day: None, place: "all: filed".to_owned(), missing: 2 };
    assert_eq!(parted, [wrong]);
    agree(catalog, at).await;
    assert_eq!(catalog.resolve_incidents("counts_parted", None).await.unwrap(), 1);
}

/// What ended is read off counts, whoever ended it; where they are wrong the second ledger comes out false, and
/// somebody hears.
pub(super) async fn every_message_is_counted(catalog: &Catalog) {
    let before = catalog.message_ledger(now()).await.unwrap();
    let (document, contact, sample) = super::channel::waiting(catalog).await;
    let message = super::channel::take(catalog, contact).await;
    let wamid = format!("tally.{}", sample.wamid);
    catalog.reply_sent(message.id, &wamid).await.unwrap();
    super::channel::status(catalog, &wamid, Some(&message), "delivered", None).await;
    catalog.add_up_message_tallies().await.unwrap();
    let after = catalog.message_ledger(now()).await.unwrap();
    assert_eq!(
        (after.queued, after.delivered, after.balanced),
        (before.queued + 1, before.delivered + 1, true),
        "{after:?}"
    );
    let behind = async |text: &'static str| {
        let mut tx = catalog.writing().await.unwrap();
        assert!(execute!(tx, text).unwrap() >= 1);
        tx.commit().await.unwrap();
    };
    behind("UPDATE message_tallies SET count = count - 2 WHERE place = 'delivered' AND lane = 0").await;
    assert!(!catalog.message_ledger(now()).await.unwrap().balanced, "it can come out false");
    let parted = catalog.verify_tallies(Duration::ZERO).await.unwrap();
    assert_eq!((parted.len(), parted[0].place.as_str(), parted[0].missing), (1, "messages: delivered", 2));
    assert_eq!(catalog.message_ledger(now()).await.unwrap(), after, "and is right again");
    assert_eq!(catalog.resolve_incidents("counts_parted", None).await.unwrap(), 1);
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "DELETE FROM outbox WHERE id = $1", message.id.0).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(
        catalog.message_ledger(now()).await.unwrap(),
        before,
        "what is pruned counts no more: {document}"
    );
    assert_eq!(catalog.verify_tallies(Duration::ZERO).await.unwrap(), []);
}

pub(super) async fn what_was_there_is_counted(catalog: &Catalog) {
    assert_eq!(catalog.verify_tallies(Duration::ZERO).await.unwrap(), []);
    let ledger = catalog.ledger(None, None).await.unwrap();
    assert!(ledger.balanced && ledger.received > 0, "{ledger:?}");
    assert_eq!(ledger, counted(catalog, 0, i64::MAX).await);
}
