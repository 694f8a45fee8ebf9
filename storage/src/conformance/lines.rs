//! Promises of the lines: one task waits for each, what stands aside holds up nobody, and what races is not lost.

mod before;
mod pauses;
mod races;
mod waiting;

use time::Duration;
use uuid::Uuid;

use super::{
    channel,
    door::{Sample, delivery, photo, received},
    road::reply,
};
use crate::{
    Catalog, ContactId, Intake,
    inbound::{Identity, InboundItem, InboundMessage},
    names::now,
    outbox::{self, HeldFor, Line, NewReply, NextReply, OutboxMessage, Purpose, Saying},
    queue::ReplyTask,
};

pub(super) use before::{waits_before_there_were_lines, what_waited_stands_in_its_line};
pub(super) use pauses::{
    a_clock_that_went_back_mutes_no_number, a_pause_that_a_status_opened_ends_with_a_delivery,
};
pub(super) use races::{
    no_message_is_lost_when_tasks_race_with_new_ones, what_is_released_waits_for_its_line_first,
    what_stands_behind_goes_on_when_a_status_settles_what_is_in_hand,
};
pub(super) use waiting::{answers_go_before_what_we_say_of_ourselves_to_others, one_task_waits_for_a_line};

const LEASE: std::time::Duration = std::time::Duration::from_secs(60);

/// Somebody, and a number of ours that nobody else knows.
async fn somebody(catalog: &Catalog) -> Line {
    let id = received(catalog, &Sample::new()).await;
    let contact = catalog.document(id).await.unwrap().unwrap().contact_id.unwrap();
    Line { contact, number: format!("n{}", Uuid::now_v7().simple()) }
}

/// Something that is about no document.
fn saying(line: &Line) -> Saying<'_> {
    Saying {
        document: None,
        case: None,
        contact: line.contact,
        phone_number_id: Some(&line.number),
        category: None,
    }
}

async fn say(catalog: &Catalog, line: &Line) {
    let mut tx = catalog.writing().await.unwrap();
    let said = NewReply { nonce: Uuid::now_v7().to_string(), ..reply(Purpose::Reply) };
    outbox::queue(&mut tx, saying(line), &said).await.unwrap();
    tx.commit().await.unwrap();
}

async fn take(catalog: &Catalog, line: &Line) -> OutboxMessage {
    match catalog.next_reply(line, LEASE).await.unwrap() {
        NextReply::Send(message) => *message,
        other => panic!("a message waits: {other:?}"),
    }
}

/// The tasks that wait for a contact's lines, and when they are due, seconds.
async fn tasks(catalog: &Catalog, contact: ContactId) -> Vec<(String, ReplyTask, i64)> {
    let mut tx = catalog.reading().await.unwrap();
    let sql = tx.pick(
        "SELECT id, job, run_at FROM Jobs WHERE job_type = 'reply' AND status = 'Pending' ORDER BY id",
        "SELECT id, job, CAST(EXTRACT(EPOCH FROM run_at) AS BIGINT) FROM apalis.jobs WHERE job_type = 'reply' \
         AND status = 'Pending' ORDER BY id",
    );
    let rows = all!(tx, (String, Vec<u8>, i64), sql).unwrap();
    let read = |(id, job, at): (String, Vec<u8>, i64)| (id, serde_json::from_slice(&job).unwrap(), at);
    rows.into_iter().map(read).filter(|(_, task, _): &(_, ReplyTask, _)| task.contact_id == contact).collect()
}

/// As a worker does; whether the task was still there to be taken.
async fn takes(catalog: &Catalog, task: &str) -> bool {
    let mut tx = catalog.writing().await.unwrap();
    let sql = tx.pick(
        "UPDATE Jobs SET status = 'Running' WHERE id = $1 AND status = 'Pending'",
        "UPDATE apalis.jobs SET status = 'Running' WHERE id = $1 AND status = 'Pending'",
    );
    let taken = execute!(tx, sql, task).unwrap();
    tx.commit().await.unwrap();
    taken == 1
}

async fn withdraw_all(catalog: &Catalog, line: &Line) {
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "UPDATE outbox SET state = 'withdrawn' WHERE contact_id = $1 AND phone_number_id = $2 AND state <> 'delivered'",
        line.contact.0,
        line.number.as_str()
    )
    .unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn what_stands_aside_holds_up_nobody(catalog: &Catalog) {
    let line = somebody(catalog).await;
    say(catalog, &line).await;
    say(catalog, &line).await;
    let (first, hours) = (take(catalog, &line).await, now() + Duration::hours(3));
    catalog
        .reply_aside(first.id, "its template is paused", Some(132_015), hours, HeldFor::Template)
        .await
        .unwrap();
    let second = take(catalog, &line).await;
    assert_ne!(second.id, first.id, "the next one goes");
    catalog.reply_sent(second.id, &format!("wamid.{}", second.id)).await.unwrap();
    let NextReply::NotBefore(at) = catalog.next_reply(&line, LEASE).await.unwrap() else {
        panic!("the first waits")
    };
    assert!((at - hours).abs() < Duration::SECOND, "{at}");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced, "it is on its way");
    // They write: the window is open, and no template is needed.
    let who = catalog.contact(line.contact).await.unwrap().unwrap();
    let wa_id = who.alias(crate::names::AliasKind::WaId).map(str::to_owned);
    let identity = Identity { wa_id, ..Identity::default() };
    let message = InboundMessage { identity, phone_number_id: line.number.clone(), ..photo(&Sample::new()) };
    Intake::spawn(catalog.clone()).record(delivery(vec![InboundItem::Message(message)])).await.unwrap();
    assert_eq!(take(catalog, &line).await.id, first.id);
    withdraw_all(catalog, &line).await;
}

pub(super) async fn whoever_turns_out_to_be_another_keeps_what_waits(catalog: &Catalog) {
    let (phone, user) = (Sample::new().wa_id, format!("ES.{}", Uuid::now_v7().simple()));
    let writes = async |wa_id: Option<&str>, bsuid: Option<&str>| {
        let identity = Identity {
            wa_id: wa_id.map(str::to_owned),
            bsuid: bsuid.map(str::to_owned),
            ..Identity::default()
        };
        let message = InboundMessage { identity, ..photo(&Sample::new()) };
        let number = message.phone_number_id.clone();
        let came = delivery(vec![InboundItem::Message(message)]);
        let id = Intake::spawn(catalog.clone()).record(came).await.unwrap().new_documents[0];
        let contact = catalog.document(id).await.unwrap().unwrap().contact_id.unwrap();
        Line { contact, number }
    };
    let line = writes(Some(&phone), None).await;
    say(catalog, &line).await;
    writes(None, Some(&user)).await;
    let mut tx = catalog.writing().await.unwrap();
    let sql = "UPDATE windows SET reached_at = 7, pair_paid_at = 8, pair_refused = 9 WHERE contact_id = $1";
    assert_eq!(execute!(tx, sql, line.contact.0).unwrap(), 1);
    tx.commit().await.unwrap();
    let joined = writes(Some(&phone), Some(&user)).await;
    assert_ne!(joined.contact, line.contact, "the two are one");
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT reached_at, pair_paid_at, pair_refused FROM windows WHERE contact_id = $1";
    let sent = one!(tx, (i64, i64, i64), sql, joined.contact.0).unwrap();
    assert_eq!(sent, (7, 8, 9), "and what either was sent was sent to both");
    drop(tx);
    assert!(catalog.message_ledger(now()).await.unwrap().balanced, "a task waits for it there");
    take(catalog, &joined).await;
    assert_eq!(catalog.next_reply(&line, LEASE).await.unwrap(), NextReply::Empty);
    withdraw_all(catalog, &joined).await;
}

async fn status(catalog: &Catalog, message: &OutboxMessage, status: &str) {
    channel::status(catalog, &format!("wamid.{}", message.id), Some(message), status, None).await;
}
