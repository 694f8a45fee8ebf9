//! Promises of the first ledger: what came is counted once, by whichever road; it stays accounted for whatever becomes of it;
//! and where a document goes behind the ledger's back, it comes out false and says which.

use acuse_conversation::wording::Telling;
use acuse_pipeline::{document::Sha256, part::Part};
use time::{Duration, OffsetDateTime, Time};
use uuid::Uuid;

use super::{
    door::{Sample, delivery, photo},
    erasure::behind,
    given::{brought, upload},
    road::begin,
};
use crate::{
    Catalog, DocumentId, Intake,
    arrivals::{ArrivalLedger, UNBALANCED},
    inbound::{InboundDelivery, InboundItem, InboundMessage, Recorded},
    keys::{KeyMade, Scope},
    names::{MessageId, Source, Stage, micros, now},
    split::Split,
    stages::Step,
    tallies::DAY,
    uploads::{Accepted, IdempotencyKey, Upload},
};

/// The number that every [`photo`] is sent to.
pub(super) const NUMBER: &str = "106540352242922";

/// The noon of a day on which nothing else of the run came.
pub(super) fn noon(days_ago: i64) -> OffsetDateTime {
    now().replace_time(Time::MIDNIGHT) - Duration::days(days_ago) + Duration::hours(12)
}

async fn of_day(catalog: &Catalog, noon: OffsetDateTime) -> ArrivalLedger {
    catalog.arrival_ledger(Some(noon), Some(noon + Duration::SECOND)).await.unwrap()
}

/// `files = documents + answers + not documents + lost`.
fn sums(ledger: ArrivalLedger) -> [u64; 5] {
    [ledger.files, ledger.documents, ledger.answers, ledger.not_documents, ledger.lost]
}

pub(super) async fn comes(catalog: &Catalog, at: OffsetDateTime, items: Vec<InboundItem>) -> Recorded {
    let inbound = InboundDelivery { received_at: at, ..delivery(items) };
    Intake::spawn(catalog.clone()).record(inbound).await.unwrap()
}

pub(super) fn voice(sample: &Sample) -> InboundMessage {
    InboundMessage { kind: "audio".into(), media: None, answer: Some(Telling::NotAFile), ..photo(sample) }
}

/// What of a document other tables name goes with it, by a hand.
pub(super) async fn taken_away(catalog: &Catalog, id: DocumentId) {
    for sql in ["DELETE FROM timeline WHERE document_id = $1", "DELETE FROM documents WHERE id = $1"] {
        behind(catalog, sql.to_owned(), id.0).await;
    }
}

/// One file less was counted, by a hand.
pub(super) async fn uncounted(catalog: &Catalog, at: OffsetDateTime, number: &str, source: Source) {
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "INSERT INTO arrivals (day, phone_number_id, source, lane, files) VALUES ($1, $2, $3, 0, -1) \
         ON CONFLICT (day, phone_number_id, source, lane) DO UPDATE SET files = arrivals.files - 1",
        micros(at) / DAY,
        number,
        source.as_str()
    )
    .unwrap();
    tx.commit().await.unwrap();
}

async fn open_incidents(catalog: &Catalog, kind: &str) -> u64 {
    let open = catalog.incidents_by_kind().await.unwrap();
    open.iter().find(|(of, _)| of == kind).map_or(0, |(_, count)| *count)
}

pub(super) async fn what_came_is_counted_once(catalog: &Catalog) {
    assert!(catalog.arrival_ledger(None, None).await.unwrap().balanced, "with all that came before this");
    let at = noon(900);
    let (seen, spoken) = (Sample::new(), Sample::new());
    let both = || vec![InboundItem::Message(photo(&seen)), InboundItem::Message(voice(&spoken))];
    tokio::join!(comes(catalog, at, both()), comes(catalog, at, both()));
    let text = InboundMessage { kind: "text".into(), media: None, ..photo(&Sample::new()) };
    let mut others = both();
    others.extend([InboundItem::Message(text), InboundItem::Echo(photo(&Sample::new()))]);
    comes(catalog, at, others).await;
    assert_eq!(sums(of_day(catalog, at).await), [2, 1, 0, 1, 0], "however often it is delivered");

    let mut doors = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let catalog = catalog.clone();
        doors.spawn(async move {
            comes(&catalog, at, vec![InboundItem::Message(photo(&Sample::new()))]).await;
            catalog.add_up_arrivals().await.unwrap();
        });
    }
    doors.join_all().await;
    catalog.add_up_arrivals().await.unwrap();
    assert_eq!(sums(of_day(catalog, at).await), [10, 9, 0, 1, 0], "by many at once");

    let name = format!("arrivals-{}", Uuid::now_v7());
    let made =
        catalog.create_key(&name, &Sha256::of(name.as_bytes()), &[Scope::DocumentsWrite]).await.unwrap();
    let KeyMade::Made(api_key) = made else { panic!("{made:?}") };
    let key = IdempotencyKey { api_key, key: "one".into(), request: Sha256::of(b"request") };
    let first = catalog.accept_upload(&upload(at), Some(&key)).await.unwrap();
    let again = catalog.accept_upload(&upload(at), Some(&key)).await.unwrap();
    assert!(matches!((first, again), (Accepted::New(new), Accepted::Replayed(old)) if new == old));
    let imported = brought(catalog, &Upload { source: Source::Import, ..upload(at) }).await;
    assert_eq!(
        sums(of_day(catalog, at).await),
        [12, 11, 0, 1, 0],
        "an upload once, however often it is asked for"
    );

    begin(catalog, imported, Stage::Read).await;
    let parts = [Part::pages(1, 2), Part::pages(3, 3)].map(Result::unwrap).to_vec();
    let split = Split::of_file(parts, 3).unwrap();
    assert_eq!(catalog.split(imported, &split).await.unwrap(), Step::Taken);
    let Accepted::New(uploaded) = first else { panic!("{first:?}") };
    behind(catalog, "UPDATE documents SET answers = id WHERE id = $1".to_owned(), uploaded.0).await;
    let ledger = of_day(catalog, at).await;
    assert_eq!(sums(ledger), [12, 10, 1, 1, 0], "parts came with their file, and an answer has its place");
    assert!(ledger.balanced);
    assert_eq!(catalog.verify_tallies(Duration::ZERO).await.unwrap(), []);
    assert_eq!(of_day(catalog, at - Duration::DAY).await.files, 0, "none the day before");
}

/// What came of all days is read off counts that the database keeps: they are what the days come to, and where they are not,
/// somebody hears, and they are right again.
pub(super) async fn what_came_of_all_days_is_counted(catalog: &Catalog) {
    let all = async || catalog.arrival_ledger(None, None).await.unwrap();
    let by_day = async || catalog.arrival_ledger(Some(OffsetDateTime::UNIX_EPOCH), None).await.unwrap();
    catalog.add_up_arrivals().await.unwrap();
    let before = all().await;
    assert_eq!(before, by_day().await);
    assert!(before.balanced && before.files > 0);
    let more = async |places: &str| {
        let mut tx = catalog.writing().await.unwrap();
        let text =
            format!("UPDATE arrival_totals SET count = count + 2 WHERE lane = 0 AND place IN ({places})");
        execute!(tx, sqlx::AssertSqlSafe(text.clone())).unwrap();
        tx.commit().await.unwrap();
    };
    more("'files'").await;
    assert_eq!(all().await, before, "what does not come out even is looked at by the day");
    more("'documents'").await;
    assert_eq!(all().await.files, before.files + 2, "what does is read off the counts");
    let parted = catalog.verify_tallies(Duration::ZERO).await.unwrap();
    let told: Vec<_> = parted.iter().map(|wrong| (wrong.place.as_str(), wrong.missing)).collect();
    assert_eq!(told, [("all that came: documents", -2), ("all that came: files", -2)]);
    assert_eq!((all().await, by_day().await), (before, before));
    assert!(catalog.resolve_incidents("counts_parted", None).await.unwrap() >= 1);
}

pub(super) async fn what_is_lost_is_listed(catalog: &Catalog) {
    let at = noon(905);
    let (kept, lost, spoken) = (Sample::new(), Sample::new(), Sample::new());
    comes(catalog, at, vec![InboundItem::Message(photo(&kept)), InboundItem::Message(voice(&spoken))]).await;
    let gone = comes(catalog, at, vec![InboundItem::Message(photo(&lost))]).await.new_documents[0];
    let message = catalog.document(gone).await.unwrap().unwrap().message_id.unwrap();
    taken_away(catalog, gone).await;
    is_lost(catalog, at, message).await;

    // The time of all that came on that day is over: what is lost stays, without its words.
    let there = async || {
        let mut tx = catalog.reading().await.unwrap();
        let text = "SELECT COUNT(*), COUNT(CASE WHEN raw = '{}' THEN 1 END) FROM messages \
                    WHERE received_at >= $1 AND received_at < $2";
        one!(tx, (i64, i64), text, micros(at), micros(at + Duration::SECOND)).unwrap()
    };
    assert_eq!(there().await, (3, 0));
    while catalog.prune_channel(Duration::days(903), 500).await.unwrap().total() > 0 {}
    assert_eq!(there().await, (2, 1));
    is_lost(catalog, at, message).await;

    assert!(!catalog.watch_arrivals().await.unwrap().sums.balanced);
    let mut tx = catalog.reading().await.unwrap();
    let text = "SELECT detail FROM incidents WHERE kind = $1 AND state = 'open'";
    let (told,) = one!(tx, (String,), text, UNBALANCED).unwrap();
    drop(tx);
    assert!(told.contains(&message.to_string()), "by its name: {told}");
    uncounted(catalog, at, NUMBER, Source::Whatsapp).await;
    assert!(catalog.watch_arrivals().await.unwrap().sums.balanced);
    assert_eq!(open_incidents(catalog, UNBALANCED).await, 0, "it ends when the ledger balances");
    a_lost_upload_is_listed(catalog).await;
}

async fn is_lost(catalog: &Catalog, at: OffsetDateTime, message: MessageId) {
    let arrivals = catalog.arrivals(Some(at), Some(at + Duration::SECOND)).await.unwrap();
    assert_eq!((sums(arrivals.sums), arrivals.sums.balanced), ([3, 1, 0, 1, 1], false));
    let [listed] = &arrivals.lost_files[..] else { panic!("{arrivals:?}") };
    assert_eq!((listed.message_id, listed.kind.as_str()), (Some(message), "image"));
    assert!(listed.contact_id.is_some() && listed.document_id.is_none());
}

async fn a_lost_upload_is_listed(catalog: &Catalog) {
    let at = now();
    let gone = brought(catalog, &upload(at)).await;
    taken_away(catalog, gone).await;
    let arrivals = catalog.arrivals(Some(at), Some(at + Duration::SECOND)).await.unwrap();
    assert_eq!((arrivals.sums.lost, arrivals.sums.balanced), (1, false));
    let ids: Vec<_> = arrivals.lost_files.iter().map(|l| (l.source, l.document_id)).collect();
    assert_eq!(ids, [(Source::Api, Some(gone))]);
    uncounted(catalog, at, "", Source::Api).await;
    assert!(catalog.arrival_ledger(None, None).await.unwrap().balanced);
}

/// A document of which nobody counted the file is no loss: the count is set right, and somebody hears.
pub(super) async fn what_nobody_counted_is_counted(catalog: &Catalog) {
    let at = noon(910);
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "INSERT INTO documents (id, source, sent_at, received_at, status, stage, updated_at) \
         VALUES ($1, 'import', $2, $2, 'filed', 'done', $2)",
        Uuid::now_v7(),
        micros(at)
    )
    .unwrap();
    tx.commit().await.unwrap();
    let ledger = of_day(catalog, at).await;
    assert_eq!(
        (sums(ledger), ledger.balanced),
        ([0, 1, 0, 0, 0], false),
        "it can come out false this way too"
    );
    assert!(catalog.watch_arrivals().await.unwrap().sums.balanced);
    assert_eq!(sums(of_day(catalog, at).await), [1, 1, 0, 0, 0]);
    assert_eq!(open_incidents(catalog, "counts_parted").await, 1);
    catalog.resolve_incidents("counts_parted", None).await.unwrap();
    // Counts of documents that are wrong are found by counting them.
    let behind_it = "UPDATE arrivals SET documents = documents + 2 WHERE phone_number_id = '' AND source = 'import' \
                     AND lane = 0 AND day = $1";
    let mut tx = catalog.writing().await.unwrap();
    assert_eq!(execute!(tx, behind_it, micros(at) / DAY).unwrap(), 1);
    tx.commit().await.unwrap();
    assert!(!of_day(catalog, at).await.balanced);
    let parted = catalog.verify_tallies(Duration::ZERO).await.unwrap();
    let wrong: Vec<_> = parted.iter().map(|p| (p.place.as_str(), p.missing)).collect();
    assert_eq!(wrong, [("arrivals: documents of import", -2)]);
    assert!(of_day(catalog, at).await.balanced);
    catalog.resolve_incidents("counts_parted", None).await.unwrap();
}

/// The last version of the schema in which nobody counted what came.
pub(super) const BEFORE_ARRIVALS: i64 = 67;

/// A voice note that was answered, and a picture that nothing stands for, which is given back.
pub(super) async fn came_before(catalog: &Catalog) -> MessageId {
    let mut tx = catalog.writing().await.unwrap();
    let (spoken, lost) = (Uuid::now_v7(), Uuid::now_v7());
    for (id, kind) in [(spoken, "audio"), (lost, "image")] {
        execute!(
            tx,
            "INSERT INTO messages (id, phone_number_id, wamid, direction, type, sent_at, received_at, raw) \
             VALUES ($1, '1001', $2, 'in', $3, $4, $4, '{}')",
            id,
            format!("wamid.{id}"),
            kind,
            micros(now())
        )
        .unwrap();
    }
    tx.commit().await.unwrap();
    MessageId(lost)
}

/// What was there is counted, and what of it is lost is listed.
pub(super) async fn what_came_before_is_counted(catalog: &Catalog, lost: MessageId) {
    let mut tx = catalog.reading().await.unwrap();
    let text = "SELECT COUNT(*) - COUNT(answers), COUNT(answers) FROM documents WHERE part_of IS NULL";
    let (documents, answers) = one!(tx, (i64, i64), text).unwrap();
    drop(tx);
    let [documents, answers] = [documents, answers].map(|n| u64::try_from(n).unwrap());
    let arrivals = catalog.arrivals(None, None).await.unwrap();
    assert_eq!(sums(arrivals.sums), [documents + answers + 2, documents, answers, 1, 1]);
    assert!(documents > 0);
    let listed: Vec<_> = arrivals.lost_files.iter().map(|l| l.message_id).collect();
    assert_eq!(listed, [Some(lost)]);
}
