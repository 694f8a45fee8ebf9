//! Promises on the road.

use std::collections::BTreeSet;

use acuse_pipeline::{
    diagnostic::Diagnostic,
    document::{Kind, Sha256, Status},
    fields::{Field, FieldName, Fields, Source as FieldSource},
    reading::Fingerprint,
    reason::{Reason, ReasonCode},
};
use time::Duration;
use uuid::Uuid;

use super::door::{Sample, delivery, photo, received};
use crate::{
    Catalog, ContactId, DocumentId, Intake, StoredObject,
    events::{Event, EventCursor, EventFilter, Followed},
    inbound::InboundItem,
    names::{Stage, now},
    objects::ObjectKey,
    outbox::{NewReply, NextReply, OutboxState, Purpose},
    queue::Queue,
    stages::{Begun, Fetched, ReadFacts, Step},
};

pub(super) fn original(id: DocumentId, bytes: &[u8]) -> Fetched {
    let sha256 = Sha256::of(bytes);
    Fetched {
        original: StoredObject {
            key: ObjectKey::original(id, &sha256),
            sha256,
            size_bytes: bytes.len() as u64,
        },
        media_type: Some("image/jpeg".into()),
    }
}

pub(super) fn field(value: &str) -> Field {
    Field { value: value.into(), confidence: 0.9, page: Some(1), bbox: None, source: FieldSource::Ocr }
}

pub(super) fn facts(number: &str) -> ReadFacts {
    ReadFacts {
        part: None,
        media_type: "image/jpeg".into(),
        page_count: 1,
        pages: Vec::new(),
        thumbnail_key: None,
        kind: Some(Kind::Invoice),
        confidence: 0.97,
        id_probability: Some(0.0002),
        sure: Some(0.9),
        language: Some("es".into()),
        fields: Fields::from([
            (FieldName::IssuerName, field("Café São José, S.L.")),
            (FieldName::Number, field(number)),
            (FieldName::IssueDate, field("2026-03-01")),
            (FieldName::Total, field("45.00")),
        ]),
        text: format!("Factura {number}\0 total 45,00 €"),
        words: Vec::new(),
        fingerprint: Some(Fingerprint(u64::MAX - 1)),
        recalled: None,
        notes: vec!["declared image/png".into()],
        findings: Vec::new(),
        diagnostics: Vec::new(),
        duration_ms: 12,
    }
}

pub(super) fn reply(purpose: Purpose) -> NewReply {
    NewReply { purpose, body: "Recibido".into(), language: "es".into(), nonce: String::new() }
}

pub(super) async fn begin(catalog: &Catalog, id: DocumentId, stage: Stage) -> crate::Document {
    match catalog.begin(id, stage).await.unwrap() {
        Begun::Go(document) => *document,
        other => panic!("{id} at {stage}: {other:?}"),
    }
}

/// As far as `link`: of these bytes, read as these facts.
pub(super) async fn read_as(
    catalog: &Catalog,
    id: DocumentId,
    bytes: &[u8],
    facts: &ReadFacts,
) -> crate::Document {
    begin(catalog, id, Stage::Fetch).await;
    assert_eq!(catalog.fetched(id, &original(id, bytes)).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Read).await;
    assert_eq!(catalog.read(id, facts).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Link).await
}

/// As far as `link`, as a bill of this number.
pub(super) async fn to_link(catalog: &Catalog, id: DocumentId, number: &str) {
    read_as(catalog, id, number.as_bytes(), &facts(number)).await;
}

/// In front of a person, who does not know the customer.
pub(super) async fn to_review(catalog: &Catalog, id: DocumentId) {
    to_link(catalog, id, &id.to_string()).await;
    let reasons = [Reason::new(ReasonCode::UnknownCustomer, "nobody known")];
    let step =
        catalog.into_review(id, Stage::Link, &reasons, None, Some(&reply(Purpose::InReview))).await.unwrap();
    assert_eq!(step, Step::Taken);
}

pub(super) async fn a_document_goes_its_road_once(catalog: &Catalog) {
    let id = received(catalog, &Sample::new()).await;
    let document = begin(catalog, id, Stage::Fetch).await;
    assert_eq!((document.status, document.attempts), (Status::Processing, 1));
    assert_eq!(catalog.begin(id, Stage::Read).await.unwrap(), Begun::Moved, "not its turn");
    let fetched = original(id, b"bytes");
    assert_eq!(catalog.fetched(id, &fetched).await.unwrap(), Step::Taken);
    assert_eq!(catalog.fetched(id, &fetched).await.unwrap(), Step::Stale, "a task that runs twice");
    begin(catalog, id, Stage::Read).await;
    let failed = Diagnostic {
        stage: "ocr".into(),
        page: Some(2),
        cause: "running the OCR detector".into(),
        panicked: false,
    };
    let read = ReadFacts { diagnostics: vec![failed], ..facts("F-1") };
    assert_eq!(catalog.read(id, &read).await.unwrap(), Step::Taken);
    assert_eq!(catalog.read(id, &facts("F-2")).await.unwrap(), Step::Stale);
    begin(catalog, id, Stage::Link).await;
    let told = reply(Purpose::Filed);
    assert_eq!(catalog.filed(id, Stage::Link, None, Some(&told)).await.unwrap(), Step::Taken);
    assert_eq!(catalog.filed(id, Stage::Link, None, Some(&told)).await.unwrap(), Step::Stale);
    assert_eq!(catalog.begin(id, Stage::Link).await.unwrap(), Begun::Moved);
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!((document.status, document.stage), (Status::Filed, Stage::Done));
    assert_eq!(document.original.as_ref(), Some(&fetched.original));
    assert_eq!(document.fields, facts("F-1").fields);
    assert_eq!(document.fingerprint, facts("F-1").fingerprint);
    assert!(document.filed_at.is_some());
    let events: Vec<String> = catalog.timeline(id).await.unwrap().into_iter().map(|e| e.event).collect();
    assert_eq!(events, ["received", "fetched", "read", "filed"]);
    let told = catalog.timeline(id).await.unwrap();
    let read = told.iter().find(|e| e.event == "read").unwrap();
    assert_eq!(
        read.detail["diagnostics"],
        serde_json::json!([{ "stage": "ocr", "page": 2, "cause": "running the OCR detector" }])
    );
    assert_eq!(catalog.replies_about(id).await.unwrap().len(), 1, "one message an outcome");
    let text = catalog.document_text(id).await.unwrap().unwrap();
    assert!(text.starts_with("Factura F-1") && !text.contains('\0'));
}

pub(super) async fn a_step_that_does_not_commit_leaves_nothing(catalog: &Catalog) {
    let id = received(catalog, &Sample::new()).await;
    begin(catalog, id, Stage::Fetch).await;
    let before = catalog.document(id).await.unwrap();
    let lanes = catalog.lanes().await.unwrap();
    {
        let mut tx = catalog.writing().await.unwrap();
        execute!(tx, "UPDATE documents SET stage = 'read', version = version + 1 WHERE id = $1", id.0)
            .unwrap();
        crate::stages::push_stage(&mut tx, id, Stage::Read, None).await.unwrap();
        crate::timeline::note(&mut tx, id, Stage::Fetch, "fetched", serde_json::json!({})).await.unwrap();
        // The worker dies here.
    }
    assert_eq!(catalog.document(id).await.unwrap(), before);
    let depth =
        |lanes: &[crate::queue::LaneDepth]| lanes.iter().find(|l| l.queue == Queue::Read).unwrap().depth;
    assert_eq!(depth(&catalog.lanes().await.unwrap()), depth(&lanes));
    assert_eq!(catalog.timeline(id).await.unwrap().len(), 1);
}

pub(super) async fn retries_wait_and_are_counted(catalog: &Catalog) {
    let id = received(catalog, &Sample::new()).await;
    begin(catalog, id, Stage::Fetch).await;
    let due = now() + Duration::hours(1);
    assert_eq!(catalog.retry(id, Stage::Fetch, "503", due).await.unwrap(), Step::Taken);
    assert_eq!(catalog.begin(id, Stage::Fetch).await.unwrap(), Begun::NotDue);
    assert_eq!(
        catalog.retry(id, Stage::Fetch, "503 again", now() - Duration::seconds(1)).await.unwrap(),
        Step::Taken
    );
    let document = begin(catalog, id, Stage::Fetch).await;
    assert_eq!((document.attempts, document.last_error.as_deref()), (2, Some("503 again")));
    // A paused channel burns no attempt.
    let later = now() - Duration::seconds(1);
    assert_eq!(catalog.postpone(id, Stage::Fetch, "paused", later).await.unwrap(), Step::Taken);
    assert_eq!(begin(catalog, id, Stage::Fetch).await.attempts, 2);
    let reasons = [Reason::new(ReasonCode::RetriesExhausted, "gave up")];
    assert_eq!(catalog.into_review(id, Stage::Fetch, &reasons, None, None).await.unwrap(), Step::Taken);
    assert_eq!(catalog.retry(id, Stage::Fetch, "late", due).await.unwrap(), Step::Stale);
    let over = now() + Duration::days(8);
    assert!(catalog.media_expiring(over).await.unwrap().iter().all(|d| d.id != id));
}

pub(super) async fn a_duplicate_counts_once(catalog: &Catalog) {
    let before = catalog.ledger(None, None).await.unwrap();
    let (first, second) = (received(catalog, &Sample::new()).await, received(catalog, &Sample::new()).await);
    let same = first.to_string();
    to_link(catalog, first, &same).await;
    assert_eq!(catalog.filed(first, Stage::Link, None, None).await.unwrap(), Step::Taken);
    begin(catalog, second, Stage::Fetch).await;
    let fetched = original(second, same.as_bytes());
    let found = catalog
        .earlier_with_sha256(&fetched.original.sha256, second)
        .await
        .unwrap()
        .pop()
        .expect("the first");
    assert_eq!(found.id, first);
    assert_eq!(catalog.earlier_with_sha256(&fetched.original.sha256, first).await.unwrap(), Vec::new());
    let told = reply(Purpose::Duplicate);
    let step = catalog.duplicate_of(second, Stage::Fetch, first, Some(&fetched), Some(&told)).await.unwrap();
    assert_eq!(step, Step::Taken);
    let after = catalog.ledger(None, None).await.unwrap();
    assert_eq!((after.filed - before.filed, after.duplicate - before.duplicate), (1, 1));
    assert!(after.balanced);
    assert!(catalog.timeline(first).await.unwrap().iter().any(|e| e.event == "sent_again"));
    // The same numbers in another file: only possibly the same.
    let third = received(catalog, &Sample::new()).await;
    begin(catalog, third, Stage::Fetch).await;
    assert_eq!(catalog.fetched(third, &original(third, b"other bytes")).await.unwrap(), Step::Taken);
    begin(catalog, third, Stage::Read).await;
    let mut again = facts(&same);
    again.fingerprint = None;
    assert_eq!(catalog.read(third, &again).await.unwrap(), Step::Taken);
    let document = catalog.document(third).await.unwrap().unwrap();
    let maybe = catalog.possible_duplicates(&document).await.unwrap();
    assert!(maybe.iter().any(|d| d.id == first) && maybe.iter().all(|d| d.id != third && d.id != second));
}

pub(super) async fn a_picture_nearly_alike_is_found(catalog: &Catalog) {
    let seed = Uuid::now_v7().as_u128() as u64 | 1;
    let with = async |picture: u64| {
        let id = received(catalog, &Sample::new()).await;
        begin(catalog, id, Stage::Fetch).await;
        assert_eq!(catalog.fetched(id, &original(id, id.to_string().as_bytes())).await.unwrap(), Step::Taken);
        begin(catalog, id, Stage::Read).await;
        let mut facts = facts(&id.to_string());
        facts.fingerprint = Some(Fingerprint(picture));
        facts.fields = Fields::new();
        assert_eq!(catalog.read(id, &facts).await.unwrap(), Step::Taken);
        catalog.document(id).await.unwrap().unwrap()
    };
    let first = with(seed).await;
    // One bit in each of three quarters, the sign among them; and eleven bits spread over all four.
    let near = with(seed ^ (1 << 63 | 1 << 40 | 1 << 20)).await;
    let far = with(seed ^ 0x8421_0421_0021_0041).await;
    // Six bits, of which each quarter has some.
    let nearly = with(near.fingerprint.unwrap().0 ^ 0x0003_0003_0001_0001).await;
    let found: Vec<_> = catalog.possible_duplicates(&near).await.unwrap().iter().map(|d| d.id).collect();
    assert!(found.contains(&first.id) && !found.contains(&far.id) && !found.contains(&near.id), "{found:?}");
    assert!(found.contains(&nearly.id), "{found:?}");
}

pub(super) async fn the_sweep_finds_what_a_crash_left(catalog: &Catalog) {
    let id = received(catalog, &Sample::new()).await;
    let quick = -Duration::seconds(1);
    catalog.sweep_older_than(quick).await.unwrap();
    let calm = catalog.sweep_older_than(quick).await.unwrap();
    assert_eq!((calm.documents, calm.lines), (0, 0), "nothing to do twice");
    let mut tx = catalog.writing().await.unwrap();
    let jobs = tx.jobs();
    let text = format!("DELETE FROM {jobs} WHERE id = (SELECT task_id FROM documents WHERE id = $1)");
    assert_eq!(execute!(tx, sqlx::AssertSqlSafe(text.clone()), id.0).unwrap(), 1);
    tx.commit().await.unwrap();
    let (one, other) = tokio::join!(catalog.sweep_older_than(quick), catalog.sweep_older_than(quick));
    assert_eq!(one.unwrap().documents + other.unwrap().documents, 1, "once, though two swept");
    assert_eq!(catalog.vacuum_tasks(std::time::Duration::ZERO).await.unwrap(), 0, "live tasks stay");
}

/// What waits for somebody who knows one number of ours.
pub(super) async fn next_of(catalog: &Catalog, contact: ContactId, lease: std::time::Duration) -> NextReply {
    match catalog.lines_of(contact).await.unwrap().as_slice() {
        [] => NextReply::Empty,
        [line] => catalog.next_reply(line, lease).await.unwrap(),
        lines => panic!("one line: {lines:?}"),
    }
}

pub(super) async fn replies_leave_in_order_one_at_a_time(catalog: &Catalog) {
    let sample = Sample::new();
    let first = received(catalog, &sample).await;
    let second = received(catalog, &Sample { wamid: Sample::new().wamid, ..sample }).await;
    let contact = catalog.document(first).await.unwrap().unwrap().contact_id.unwrap();
    to_review(catalog, first).await;
    to_review(catalog, second).await;
    let lease = std::time::Duration::from_secs(60);
    let (a, b) = tokio::join!(next_of(catalog, contact, lease), next_of(catalog, contact, lease));
    let taken: Vec<_> = [a, b]
        .into_iter()
        .filter_map(|next| match next {
            NextReply::Send(message) => Some(message),
            other => {
                assert_eq!(other, NextReply::Busy);
                None
            }
        })
        .collect();
    assert_eq!(taken.len(), 1, "one worker at a time");
    assert_eq!(taken[0].document_id, Some(first), "in order");
    catalog.reply_later(taken[0].id, "131056", Some(131_056), now() + Duration::hours(1)).await.unwrap();
    let NextReply::NotBefore(_) = next_of(catalog, contact, lease).await else {
        panic!("the second waits for the first")
    };
    catalog.reply_failed(taken[0].id, "message_failed", "gave up").await.unwrap();
    let NextReply::Send(next) = next_of(catalog, contact, std::time::Duration::ZERO).await else {
        panic!("now the second")
    };
    assert_eq!(next.document_id, Some(second));
    // Its worker dies before it left; the lease has ended, so it comes back as it was.
    let NextReply::Send(again) = next_of(catalog, contact, lease).await else { panic!("comes back") };
    assert_eq!((again.id, again.attempts, again.state), (next.id, 0, OutboxState::Queued));
    catalog.reply_sent(again.id, "wamid.sent").await.unwrap();
    assert_eq!(next_of(catalog, contact, lease).await, NextReply::Empty);
}

pub(super) async fn the_ledger_balances_while_documents_move(catalog: &Catalog) {
    let mut moving = tokio::task::JoinSet::new();
    for n in 0..12 {
        let catalog = catalog.clone();
        moving.spawn(async move {
            let id = received(&catalog, &Sample::new()).await;
            match n % 3 {
                0 => to_link(&catalog, id, &id.to_string()).await,
                1 => to_review(&catalog, id).await,
                _ => {
                    to_link(&catalog, id, &id.to_string()).await;
                    // Two workers file it at once.
                    let (a, b) = tokio::join!(
                        catalog.filed(id, Stage::Link, None, None),
                        catalog.filed(id, Stage::Link, None, None)
                    );
                    let taken = [a.unwrap(), b.unwrap()].iter().filter(|s| **s == Step::Taken).count();
                    assert_eq!(taken, 1);
                }
            }
        });
    }
    let mut looks = 0;
    while !moving.is_empty() {
        let ledger = catalog.ledger(None, None).await.unwrap();
        assert!(ledger.balanced, "{ledger:?}");
        looks += 1;
        while let Some(done) = moving.try_join_next() {
            done.expect("moved");
        }
    }
    assert!(looks > 0);
}

/// The next page of a follower whose cursor is good.
pub(super) async fn next_events(
    catalog: &Catalog,
    cursor: &mut Option<EventCursor>,
    limit: u32,
) -> Vec<Event> {
    let Followed::Page { events, next } =
        catalog.follow(*cursor, &EventFilter::default(), limit).await.unwrap()
    else {
        panic!("a cursor of this feed")
    };
    *cursor = Some(next);
    events
}

pub(super) async fn the_feed_never_skips(catalog: &Catalog) {
    // A reader follows while writers commit in any order; in the end it has seen all, each once.
    let mut cursor = None;
    loop {
        let page = next_events(catalog, &mut cursor, 1000).await;
        if page.is_empty() {
            break;
        }
    }
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let intake = Intake::spawn(catalog.clone());
        writers.spawn(async move {
            let mut made = Vec::new();
            for _ in 0..10 {
                let recorded =
                    intake.record(delivery(vec![InboundItem::Message(photo(&Sample::new()))])).await.unwrap();
                made.extend(recorded.new_documents);
            }
            made
        });
    }
    let mut made = BTreeSet::new();
    let mut seen = Vec::new();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        while let Some(done) = writers.try_join_next() {
            made.extend(done.expect("written"));
        }
        for event in next_events(catalog, &mut cursor, 7).await {
            if event.kind == "document.received" {
                seen.extend(event.document_id);
            }
        }
        if writers.is_empty() && seen.len() >= made.len() {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "saw {} of {}", seen.len(), made.len());
    }
    assert_eq!(made.len(), 80);
    assert_eq!(seen.len(), 80, "each once");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made);
}
