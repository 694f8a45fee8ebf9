//! Promises of what the ledgers count: behind each number stand as many files, or messages, page by page and each once; none
//! of another day, and none that is not counted.

use acuse_pipeline::part::Part;
use serde_json::json;
use time::{Duration, OffsetDateTime, Time};
use uuid::Uuid;

use super::{
    arrivals::{NUMBER, comes, noon, taken_away, uncounted, voice},
    channel::waiting,
    door::{Sample, photo},
    erasure::behind,
    given::{brought, upload},
    road::begin,
};
use crate::{
    Catalog, ContactId,
    arrivals::{Arrival, ArrivalLedger, ArrivalPlace},
    conversation::Before,
    inbound::InboundItem,
    message_ledger::{CountedMessage, MessageLedger, MessagePlace},
    names::{Source, Stage, micros, now},
    outbox::{OutboxState, UNKNOWN_LIFE},
    split::Split,
    stages::Step,
    uploads::Upload,
};

/// All pages of a list, which is in its order and has nothing twice.
macro_rules! pages {
    ($id:expr, |$before:ident| $page:expr) => {{
        let id = $id;
        let (mut all, mut $before) = (Vec::new(), None);
        loop {
            let page = $page.await.unwrap();
            let Some(last) = page.last().map(|last| Before { at: last.at, id: id(last) }) else { break };
            $before = Some(last);
            all.extend(page);
        }
        assert!(all.windows(2).all(|two| (two[0].at, id(&two[0])) > (two[1].at, id(&two[1]))), "{all:?}");
        all
    }};
}

async fn files(catalog: &Catalog, place: ArrivalPlace, day: OffsetDateTime) -> Vec<Arrival> {
    let days = (Some(day), Some(day + Duration::DAY));
    pages!(|file: &Arrival| file.id, |before| catalog.arrived(place, days, before, 2))
}

async fn messages(catalog: &Catalog, place: MessagePlace, present: OffsetDateTime) -> Vec<CountedMessage> {
    let id = |message: &CountedMessage| message.id.0;
    pages!(id, |before| catalog.counted_messages(place, present, before, 7))
}

fn numbers(ledger: ArrivalLedger) -> [(ArrivalPlace, u64); 5] {
    [
        (ArrivalPlace::Files, ledger.files),
        (ArrivalPlace::Documents, ledger.documents),
        (ArrivalPlace::Answers, ledger.answers),
        (ArrivalPlace::NotDocuments, ledger.not_documents),
        (ArrivalPlace::Lost, ledger.lost),
    ]
}

/// A day on which came what has each place, at its first instant and its last; and the same just before it and after it.
async fn a_day(catalog: &Catalog, day: OffsetDateTime) {
    let both = || {
        let (seen, spoken) = (Sample::new(), Sample::new());
        vec![InboundItem::Message(photo(&seen)), InboundItem::Message(voice(&spoken))]
    };
    let last = Duration::DAY - Duration::MICROSECOND;
    for at in [day - Duration::MICROSECOND, day, day + last, day + Duration::DAY] {
        comes(catalog, at, both()).await;
    }
    let noon = day + Duration::hours(12);
    let answer = brought(catalog, &upload(noon)).await;
    behind(catalog, "UPDATE documents SET answers = id WHERE id = $1".to_owned(), answer.0).await;
    let whole = brought(catalog, &Upload { source: Source::Import, ..upload(noon) }).await;
    begin(catalog, whole, Stage::Read).await;
    let parts = [Part::pages(1, 2), Part::pages(3, 3)].map(Result::unwrap).to_vec();
    let split = Split::of_file(parts, 3).unwrap();
    assert_eq!(catalog.split(whole, &split).await.unwrap(), Step::Taken);
}

pub(super) async fn each_number_of_what_came_is_as_long_as_its_list(catalog: &Catalog) {
    let day = noon(930).replace_time(Time::MIDNIGHT);
    a_day(catalog, day).await;
    let at = day + Duration::hours(9);
    let gone = comes(catalog, at, vec![InboundItem::Message(photo(&Sample::new()))]).await.new_documents[0];
    let message = catalog.document(gone).await.unwrap().unwrap().message_id.unwrap();
    taken_away(catalog, gone).await;

    let of_day = (Some(day), Some(day + Duration::DAY));
    let ledger = catalog.arrival_ledger(of_day.0, of_day.1).await.unwrap();
    assert_eq!(numbers(ledger).map(|(_, number)| number), [7, 3, 1, 2, 1], "{ledger:?}");
    let all = files(catalog, ArrivalPlace::Files, day).await;
    for (place, number) in numbers(ledger) {
        let listed = files(catalog, place, day).await;
        assert_eq!(listed.len() as u64, number, "{place}: {listed:?}");
        let within = |file: &Arrival| file.at >= day && file.at < day + Duration::DAY;
        assert!(listed.iter().all(within), "{place}: {listed:?}");
        if place != ArrivalPlace::Files {
            assert!(listed.iter().all(|file| file.place == place), "{place}: {listed:?}");
            let among = all.iter().filter(|file| file.place == place).count();
            assert_eq!(among as u64, number, "{place}: {all:?}");
        }
        let stands = [ArrivalPlace::Documents, ArrivalPlace::Answers];
        assert!(listed.iter().all(|file| file.document.is_some() == stands.contains(&file.place)));
        assert!(
            listed.iter().all(|file| file.message.is_some() == (file.source == Source::Whatsapp)),
            "{listed:?}"
        );
    }
    let lost = files(catalog, ArrivalPlace::Lost, day).await;
    assert_eq!(lost[0].message.map(|(id, _)| id), Some(message));
    assert_eq!((lost[0].kind.as_str(), lost[0].contact_id.is_some()), ("image", true));
    assert_eq!(catalog.arrivals_let_go(of_day.0, of_day.1).await.unwrap(), 0);

    // What was spoken is let go with its time: it is counted still, and how many no list has is said.
    while catalog.prune_channel(Duration::days(929), 500).await.unwrap().total() > 0 {}
    let spoken = files(catalog, ArrivalPlace::NotDocuments, day).await;
    assert_eq!(spoken.len(), 0, "{spoken:?}");
    assert_eq!(catalog.arrivals_let_go(of_day.0, of_day.1).await.unwrap(), ledger.not_documents);
    let kept = files(catalog, ArrivalPlace::Files, day).await;
    assert_eq!(kept.len() as u64 + ledger.not_documents, ledger.files);
    uncounted(catalog, at, NUMBER, Source::Whatsapp).await;
    assert!(catalog.arrival_ledger(of_day.0, of_day.1).await.unwrap().balanced);
    an_upload_that_is_lost_stands_among_what_came(catalog).await;
}

async fn an_upload_that_is_lost_stands_among_what_came(catalog: &Catalog) {
    let at = now();
    let gone = brought(catalog, &Upload { source: Source::Import, ..upload(at) }).await;
    taken_away(catalog, gone).await;
    let today = (Some(at), Some(at + Duration::SECOND));
    let lost = catalog.arrived(ArrivalPlace::Lost, today, None, 200).await.unwrap();
    let ids: Vec<_> = lost.iter().map(|file| (file.id, file.source, file.document)).collect();
    assert_eq!(ids, [(gone.0, Source::Import, None)]);
    let came = catalog.arrived(ArrivalPlace::Files, today, None, 200).await.unwrap();
    let places: Vec<_> = came.iter().filter(|file| file.id == gone.0).map(|file| file.place).collect();
    assert_eq!(places, [ArrivalPlace::Lost]);
    uncounted(catalog, at, "", Source::Import).await;
    assert!(catalog.arrival_ledger(None, None).await.unwrap().balanced);
}

fn of_messages(ledger: MessageLedger) -> [(MessagePlace, u64); 5] {
    [
        (MessagePlace::Queued, ledger.queued),
        (MessagePlace::Delivered, ledger.delivered),
        (MessagePlace::OnItsWay, ledger.on_its_way),
        (MessagePlace::Told, ledger.told),
        (MessagePlace::Withdrawn, ledger.withdrawn),
    ]
}

/// Each number at an instant, which is as long as its list.
async fn as_listed(catalog: &Catalog, present: OffsetDateTime) -> [u64; 5] {
    let numbers = of_messages(catalog.message_ledger(present).await.unwrap());
    for (place, number) in numbers {
        let listed = messages(catalog, place, present).await;
        assert_eq!(listed.len() as u64, number, "{place}");
        let is_of = |message: &CountedMessage| match place {
            MessagePlace::Queued => true,
            MessagePlace::Delivered => message.state == OutboxState::Delivered,
            MessagePlace::Withdrawn => message.state == OutboxState::Withdrawn,
            MessagePlace::Told => message.incident.is_some(),
            MessagePlace::OnItsWay => {
                use OutboxState::{Queued, Refused, Sending, Sent, Unknown};
                [Queued, Sending, Refused, Sent, Unknown].contains(&message.state)
            }
        };
        assert!(listed.iter().all(is_of), "{place}: {listed:?}");
    }
    numbers.map(|(_, number)| number)
}

/// A message as it is put there.
async fn put(
    catalog: &Catalog,
    contact: ContactId,
    (state, created, sent): (&str, i64, Option<i64>),
) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "INSERT INTO outbox (id, contact_id, purpose, body, language, state, created_at, updated_at, nonce, sent_at) \
         VALUES ($1, $2, 'reply', 'ok', 'es', $3, $4, $4, $5, $6)",
        id,
        contact.0,
        state,
        created,
        id.to_string(),
        sent
    )
    .unwrap();
    tx.commit().await.unwrap();
    id
}

/// An incident names a message.
async fn told_of(catalog: &Catalog, message: Uuid) -> String {
    let subject = Uuid::now_v7().to_string();
    let incident = catalog.open_incident("message_failed", &subject, &json!({})).await.unwrap();
    let mut tx = catalog.writing().await.unwrap();
    let text = "INSERT INTO incident_messages (incident_id, outbox_id) VALUES ($1, $2)";
    execute!(tx, text, incident.0, message).unwrap();
    tx.commit().await.unwrap();
    subject
}

pub(super) async fn each_number_of_the_messages_is_as_long_as_its_list(catalog: &Catalog) {
    let (document, contact, _) = waiting(catalog).await;
    let present = now();
    let before = as_listed(catalog, present).await;
    let way = messages(catalog, MessagePlace::OnItsWay, present).await;
    assert!(way.iter().any(|m| m.contact_id == contact && m.document_id == Some(document)), "{way:?}");
    let mut tx = catalog.reading().await.unwrap();
    let (mark,) = one!(tx, (i64,), "SELECT at FROM marks WHERE name = 'message_ledger_from'").unwrap();
    drop(tx);
    let sent = micros(present - catalog.sent_life);
    let unknown = micros(present - UNKNOWN_LIFE - UNKNOWN_LIFE);
    let mut all = Vec::new();
    for row in [
        // Of each the first is counted, and the other is not: it is older than the ledger, or its time is over.
        ("delivered", mark, None),
        ("delivered", mark - 1, None),
        ("withdrawn", mark, None),
        ("withdrawn", mark - 1, None),
        ("sent", mark, Some(sent + 1)),
        ("sent", mark, Some(sent)),
        ("unknown", mark, Some(unknown + 1)),
        ("unknown", mark, Some(unknown)),
    ] {
        all.push(put(catalog, contact, row).await);
    }
    let mut subjects = Vec::new();
    for (state, created, incidents) in
        [("failed", mark, 2), ("window_closed", mark, 1), ("failed", mark - 1, 1), ("failed", mark, 1)]
    {
        let message = put(catalog, contact, (state, created, None)).await;
        all.push(message);
        for _ in 0..incidents {
            subjects.push(told_of(catalog, message).await);
        }
    }
    let over = subjects.pop().unwrap();
    assert_eq!(catalog.resolve_incidents("message_failed", Some(&over)).await.unwrap(), 1);

    let after = as_listed(catalog, present).await;
    let more: Vec<u64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    // All but the three that are older than the ledger.
    assert_eq!(more, [9, 1, 2, 2, 1]);
    let told = messages(catalog, MessagePlace::Told, present).await;
    let twice: Vec<_> = told.iter().filter(|m| m.id.0 == all[8]).collect();
    let [once] = twice[..] else { panic!("two incidents name it: {told:?}") };
    assert_eq!(once.incident.as_ref().map(|(_, kind)| kind.as_str()), Some("message_failed"));

    for subject in subjects {
        catalog.resolve_incidents("message_failed", Some(&subject)).await.unwrap();
    }
    let mut tx = catalog.writing().await.unwrap();
    for id in all {
        execute!(tx, "DELETE FROM incident_messages WHERE outbox_id = $1", id).unwrap();
        execute!(tx, "DELETE FROM outbox WHERE id = $1", id).unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(as_listed(catalog, present).await, before);
}
