//! Conversations through the fake Graph, by a clock: albums, asks that are answered, answered wrongly, late and never, a
//! stop in the middle, a sender who changes their name, and a worker that dies at every step.

use std::panic::AssertUnwindSafe;

use acuse_conversation::{Policies, wording::Telling};
use acuse_pipeline::document::Status;
use acuse_storage::{
    ContactId, Document, DocumentId, Intake, Stage,
    inbound::{Identity, InboundItem, InboundMedia, InboundMessage},
    names::{AliasKind, WaitsFor},
    queue::{CaseTask, DocumentTask, ReplyTask},
};
use acuse_workers::jobs::{self, boundary::die_at};
use futures_util::FutureExt;
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::world::{World, clock, set};

/// Nine in the morning in Spain, where the senders are.
const MORNING: OffsetDateTime = datetime!(2026-09-01 08:00 UTC);

pub fn receipt(total: &str) -> String {
    format!("receipt\nmerchant_name=Bar Sol\ndate=2026-05-03\ntotal={total}\ncurrency=EUR")
}

/// A world that leads conversations.
pub async fn leading() -> World {
    let mut world = World::new().await;
    set(MORNING);
    world.env.catalog = world.env.catalog.with_policies(Some(Policies::ours().unwrap()));
    world.intake = Intake::spawn(world.env.catalog.clone());
    world
}

pub fn message(world: &World, who: &str, wamid: &str) -> InboundMessage {
    InboundMessage {
        answer: None,
        identity: Identity { wa_id: Some(who.to_owned()), ..Identity::default() },
        phone_number_id: world.number(),
        waba_id: None,
        wamid: wamid.to_owned(),
        kind: "image".into(),
        sent_at: clock(),
        body: None,
        reply_to: None,
        tap: None,
        media: None,
        raw: "{}".into(),
    }
}

pub async fn photo(world: &World, who: &str, file: &str) -> DocumentId {
    let media_id = world.graph.upload_media(file.as_bytes().to_vec(), "image/jpeg");
    let media = Some(InboundMedia { media_id: Some(media_id), ..InboundMedia::default() });
    let wamid = format!("wamid.{}", DocumentId::generate());
    let message = InboundMessage { media, ..message(world, who, &wamid) };
    world.record(InboundItem::Message(message)).await.unwrap()
}

pub async fn writes(world: &World, who: &str, words: &str) {
    let wamid = format!("wamid.{}", DocumentId::generate());
    let message =
        InboundMessage { kind: "text".into(), body: Some(words.into()), ..message(world, who, &wamid) };
    world.record(InboundItem::Message(message)).await;
}

/// Takes the next task that is due off the queue and runs it; a worker that dies leaves it to another.
async fn one_task(world: &World) -> bool {
    let taken: Option<(String, String, Vec<u8>)> = world.queue.maybe("UPDATE Jobs SET status = 'Running' WHERE id = (SELECT id FROM Jobs WHERE status = 'Pending' AND run_at <= $1 \
         ORDER BY priority DESC, run_at, id LIMIT 1) RETURNING id, job_type, job", &[(clock().unix_timestamp()).into()]).await;
    let Some((id, lane, job)) = taken else { return false };
    let (env, document) = (&world.env, || serde_json::from_slice::<DocumentTask>(&job).unwrap().document_id);
    let work = async {
        match lane.as_str() {
            "fetch" => {
                let _ended = jobs::document(env, Stage::Fetch, document()).await;
            }
            "read" => {
                let _ended = jobs::document(env, Stage::Read, document()).await;
            }
            "link" => {
                let _ended = jobs::document(env, Stage::Link, document()).await;
            }
            "hold" => {
                let _ended = jobs::hold::hold(env, document()).await;
            }
            "case" => {
                let task: CaseTask = serde_json::from_slice(&job).unwrap();
                let _ended = jobs::case::case(env, task.case_id).await;
            }
            _ => {
                let task: ReplyTask = serde_json::from_slice(&job).unwrap();
                let _ended = jobs::reply::reply(env, &task.line().unwrap()).await;
            }
        }
    };
    let died = AssertUnwindSafe(work).catch_unwind().await.is_err();
    let after = if died {
        "UPDATE Jobs SET status = 'Pending' WHERE id = $1"
    } else {
        "DELETE FROM Jobs WHERE id = $1"
    };
    world.queue.run(after, &[id.into()]).await;
    if died {
        // Its lease has to end before another may go on.
        set(clock() + Duration::seconds(46));
    }
    true
}

/// So much time passes, and all that is due meanwhile runs at its time.
pub async fn passes(world: &World, wait: Duration) {
    let until = clock() + wait;
    loop {
        while one_task(world).await {}
        world.balances("while it goes on").await;
        let (next,): (Option<i64>,) =
            world.queue.one("SELECT MIN(run_at) FROM Jobs WHERE status = 'Pending'", &[]).await;
        let next = next.and_then(|secs| OffsetDateTime::from_unix_timestamp(secs).ok());
        match next.filter(|next| *next <= until) {
            Some(next) => set(next.max(clock())),
            None => break,
        }
    }
    set(until.max(clock()));
}

pub fn said(world: &World) -> Vec<String> {
    world.graph.sent().into_iter().filter_map(|message| message.text).collect()
}

async fn document(world: &World, id: DocumentId) -> Document {
    world.env.catalog.document(id).await.unwrap().unwrap()
}

async fn contact(world: &World, id: DocumentId) -> ContactId {
    document(world, id).await.contact_id.unwrap()
}

#[tokio::test]
async fn an_album_of_ten_costs_two_messages_in_any_order() {
    for order in [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [9, 3, 7, 1, 0, 8, 2, 6, 4, 5]] {
        let world = leading().await;
        for n in order {
            photo(&world, "34600111222", &receipt(&format!("{n}1.00"))).await;
            set(clock() + Duration::milliseconds(400));
        }
        passes(&world, Duration::seconds(7)).await;
        assert!(said(&world).is_empty(), "not one message a photo: {:?}", said(&world));
        assert_eq!(world.graph.read_receipts().len(), 1, "they see at once that we have it");
        // A straggler, after the burst seemed to be over.
        photo(&world, "34600111222", &receipt("99.00")).await;
        passes(&world, Duration::minutes(10)).await;
        let said = said(&world);
        assert!(said.len() <= 2, "{said:#?}");
        let summary = said.last().unwrap();
        assert!(summary.contains("11 archivos") && summary.contains("11. "), "{summary}");
        assert!(world.env.catalog.ledger(None, None).await.unwrap().balanced);
    }
}

#[tokio::test]
async fn one_photo_is_answered_once() {
    let world = leading().await;
    photo(&world, "34600111222", &receipt("45.00")).await;
    passes(&world, Duration::hours(2)).await;
    assert_eq!(said(&world).len(), 1, "{:?}", said(&world));
}

#[tokio::test]
async fn an_ask_is_answered_by_a_photo() {
    let world = leading().await;
    let first = photo(&world, "34600111222", "unreadable\nfirst").await;
    passes(&world, Duration::minutes(1)).await;
    assert_eq!(document(&world, first).await.waits_for, Some(WaitsFor::Sender), "no reviewer is asked");
    // The very same file again is no answer.
    photo(&world, "34600111222", "unreadable\nfirst").await;
    passes(&world, Duration::minutes(1)).await;
    assert!(said(&world)[1].contains("es el mismo"), "{:?}", said(&world));
    assert_eq!(document(&world, first).await.waits_for, Some(WaitsFor::Sender), "the question stays open");
    let answer = photo(&world, "34600111222", &receipt("45.00")).await;
    passes(&world, Duration::hours(30)).await;
    let (first, answer) = (document(&world, first).await, document(&world, answer).await);
    assert_eq!(answer.duplicate_of, Some(first.id), "it lands on the same document");
    assert!(first.fields.values().any(|field| field.value == "45.00"), "which is read anew: {first:?}");
    assert!(first.waits_for != Some(WaitsFor::Sender));
    assert_eq!(said(&world).len(), 3, "and no reminder comes: {:#?}", said(&world));
    assert!(world.env.catalog.ledger(None, None).await.unwrap().balanced);
}

#[tokio::test]
async fn an_ask_is_answered_by_another_bad_photo_until_a_person_sees_it() {
    let world = leading().await;
    let first = photo(&world, "34600111222", "unreadable\n0").await;
    for n in 1..4 {
        passes(&world, Duration::minutes(2)).await;
        assert_eq!(document(&world, first).await.waits_for, Some(WaitsFor::Sender), "{n}");
        photo(&world, "34600111222", &format!("unreadable\n{n}")).await;
    }
    passes(&world, Duration::minutes(2)).await;
    let document = document(&world, first).await;
    assert_eq!((document.status, document.waits_for), (Status::InReview, Some(WaitsFor::Reviewer)));
    assert_eq!(said(&world).len(), 4, "each is answered: {:#?}", said(&world));
}

#[tokio::test]
async fn an_ask_that_nobody_answers_reminds_by_day_and_ends_in_front_of_a_person() {
    let world = leading().await;
    set(datetime!(2026-09-01 16:00 UTC));
    let first = photo(&world, "34600111222", "unreadable\nfirst").await;
    passes(&world, Duration::hours(4)).await;
    assert_eq!(said(&world).len(), 1);
    passes(&world, Duration::hours(12)).await;
    let reminded = said(&world);
    assert!(reminded.len() == 2 && reminded[1].contains("no se lee bien"), "{reminded:#?}");
    passes(&world, Duration::days(5)).await;
    let told = said(&world);
    assert_eq!(
        told.len(),
        3,
        "20 hours after it once more; then the window is closed, without a template: {told:#?}"
    );
    let left = document(&world, first).await;
    assert_eq!((left.status, left.waits_for), (Status::InReview, Some(WaitsFor::Reviewer)));
    // Who comes back after the close is picked up where they left.
    let late = photo(&world, "34600111222", &receipt("45.00")).await;
    passes(&world, Duration::hours(1)).await;
    assert_eq!(document(&world, late).await.duplicate_of, Some(first));
}

#[tokio::test]
async fn two_asks_share_one_reminder() {
    let world = leading().await;
    for n in 0..2 {
        photo(&world, "34600111222", &format!("unreadable\n{n}")).await;
    }
    passes(&world, Duration::minutes(5)).await;
    let before = said(&world).len();
    passes(&world, Duration::hours(5)).await;
    let said = said(&world);
    assert_eq!(said.len(), before + 1, "{said:#?}");
    assert!(said.last().unwrap().contains("\n2. "), "{said:#?}");
}

/// Whoever answers the reminder that two share has not said which they mean: a file that may be either is neither.
#[tokio::test]
async fn a_reply_to_a_reminder_of_two_says_not_which() {
    let world = leading().await;
    let mut asked = Vec::new();
    for n in 0..2 {
        asked.push(photo(&world, "34600111222", &format!("unreadable\n{n}")).await);
    }
    passes(&world, Duration::hours(5)).await;
    let reminder = world.graph.sent().pop().unwrap();
    assert!(reminder.text.as_deref().is_some_and(|text| text.contains("\n2. ")), "{reminder:?}");
    let media_id = world.graph.upload_media(receipt("45.00").into_bytes(), "image/jpeg");
    let media = Some(InboundMedia { media_id: Some(media_id), ..InboundMedia::default() });
    let reply_to = Some(reminder.message_id);
    let reply = InboundMessage { media, reply_to, ..message(&world, "34600111222", "wamid.reply") };
    let came = world.record(InboundItem::Message(reply)).await.unwrap();
    passes(&world, Duration::minutes(5)).await;
    assert_eq!(document(&world, came).await.duplicate_of, None, "it goes its own road");
    for id in asked {
        assert_eq!(document(&world, id).await.waits_for, Some(WaitsFor::Sender), "the question stays open");
    }
}

/// What was asked for hours later is reminded of with the rest, and not by a chain of its own.
#[tokio::test]
async fn two_asks_of_one_day_share_one_chain_of_reminders() {
    let world = leading().await;
    photo(&world, "34600111222", "unreadable\nfirst").await;
    passes(&world, Duration::hours(2)).await;
    let answer = Some(Telling::SendNormally);
    let unseen = message(&world, "34600111222", "wamid.unseen");
    let unseen = InboundMessage { kind: "unsupported".into(), answer, ..unseen };
    world.record(InboundItem::Message(unseen)).await;
    passes(&world, Duration::minutes(5)).await;
    let before = said(&world).len();
    // Four hours after the first and in the evening, for the morning after its time would be over. What was asked later was
    // named in both, and has no other of its own then.
    for reminders in [2, 2] {
        passes(&world, Duration::hours(12)).await;
        let said = said(&world);
        assert_eq!(said.len(), before + reminders, "{said:#?}");
        assert!(said.last().unwrap().contains("\n2. "), "{said:#?}");
    }
}

#[tokio::test]
async fn a_stop_in_the_middle_ends_reminders_and_nothing_else() {
    let world = leading().await;
    let first = photo(&world, "34600111222", "unreadable\nfirst").await;
    passes(&world, Duration::minutes(1)).await;
    writes(&world, "34600111222", "BAJA").await;
    passes(&world, Duration::hours(20)).await;
    let told = said(&world);
    assert!(told.len() == 2 && told[1].contains("no te enviaremos más avisos"), "{told:#?}");
    let answer = photo(&world, "34600111222", &receipt("45.00")).await;
    passes(&world, Duration::hours(1)).await;
    assert_eq!(document(&world, answer).await.duplicate_of, Some(first), "an answer still is one");
    assert_eq!(said(&world).len(), 3, "and is answered");
}

#[tokio::test]
async fn a_sender_who_changes_their_number_goes_on() {
    let world = leading().await;
    let first = photo(&world, "34600111222", "unreadable\nfirst").await;
    passes(&world, Duration::minutes(1)).await;
    let renamed = InboundItem::AliasChange {
        old: (AliasKind::WaId, "34600111222".into()),
        new: (AliasKind::WaId, "34600999888".into()),
        at: clock(),
    };
    world.record(renamed).await;
    let answer = photo(&world, "34600999888", &receipt("45.00")).await;
    passes(&world, Duration::minutes(5)).await;
    assert_eq!(contact(&world, answer).await, contact(&world, first).await);
    assert_eq!(document(&world, answer).await.duplicate_of, Some(first));
}

#[tokio::test]
async fn words_beside_a_photo_are_evidence_and_others_a_persons() {
    let world = leading().await;
    let first = photo(&world, "34600111222", &receipt("45.00")).await;
    writes(&world, "34600111222", "pedido 4711").await;
    passes(&world, Duration::minutes(5)).await;
    let timeline = world.env.catalog.timeline(first).await.unwrap();
    assert!(format!("{timeline:?}").contains("pedido 4711"));
    writes(&world, "34600111222", "¿a qué hora abren?").await;
    let whole = acuse_storage::Access::whole();
    let open = world.env.catalog.cases(&whole, &Default::default(), 50).await.unwrap();
    assert_eq!(open.iter().map(|case| case.kind.as_str()).collect::<Vec<_>>(), ["support"]);
}

#[tokio::test]
async fn a_worker_that_dies_at_any_step_doubles_and_loses_nothing() {
    for boundary in ["case.taken", "case.stepped", "answer.copied", "reply.taken", "link.decided"] {
        let world = leading().await;
        for n in 0..3 {
            photo(&world, "34600111222", &receipt(&format!("{n}1.00"))).await;
        }
        photo(&world, "34600111222", "unreadable\nfirst").await;
        passes(&world, Duration::seconds(1)).await;
        if !boundary.starts_with("answer") {
            die_at(boundary);
        }
        passes(&world, Duration::minutes(5)).await;
        die_at(boundary);
        let answer = photo(&world, "34600111222", &receipt("77.00")).await;
        passes(&world, Duration::minutes(30)).await;
        let said = said(&world);
        assert!(said.len() <= 3, "{boundary}: {said:#?}");
        assert!(document(&world, answer).await.duplicate_of.is_some(), "{boundary}");
        let different: std::collections::BTreeSet<&String> = said.iter().collect();
        assert!(different.len() == said.len() && said.len() >= 2, "{boundary}: {said:#?}");
        let ledger = world.env.catalog.ledger(None, None).await.unwrap();
        assert!(ledger.balanced && ledger.processing == 0, "{boundary}: {ledger:?}");
    }
}
