//! Promises of the lines: one task waits for each, what stands aside holds up nobody, and what races is not lost.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    door::{Sample, delivery, photo, received},
    road::reply,
};
use crate::{
    Catalog, ContactId, Intake,
    dispatch::Paid,
    inbound::{Identity, InboundItem, InboundMessage, InboundStatus},
    names::{micros, now},
    numbers::{About, Direction, May},
    outbox::{self, HeldFor, Line, NewReply, NextReply, OutboxMessage, Purpose, Saying},
    queue::ReplyTask,
};

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

pub(super) async fn one_task_waits_for_a_line(catalog: &Catalog) {
    let line = somebody(catalog).await;
    let other = Line { number: format!("{}-other", line.number), ..line.clone() };
    for _ in 0..80 {
        say(catalog, &line).await;
    }
    say(catalog, &other).await;
    let waiting = tasks(catalog, line.contact).await;
    let mut lines: Vec<_> = waiting.iter().map(|(_, task, _)| task.line().unwrap()).collect();
    lines.sort();
    assert_eq!(lines, [line.clone(), other.clone()], "80 messages of one line, one of another");
    let mine = async || {
        let all = tasks(catalog, line.contact).await;
        all.into_iter().filter(|(_, task, _)| task.line().as_ref() == Some(&line)).collect::<Vec<_>>()
    };
    // It waits for longer than a new message may: it is replaced. It waits for less: it stays.
    let due = mine().await[0].2;
    let message = take(catalog, &line).await;
    assert!(takes(catalog, &mine().await[0].0).await);
    catalog.reply_later(message.id, "131056", Some(131_056), now() + Duration::HOUR).await.unwrap();
    let later = mine().await;
    assert!(later.len() == 1 && later[0].2 > due + 3_000, "{later:?}");
    say(catalog, &line).await;
    let sooner = mine().await;
    assert!(sooner.len() == 1 && sooner[0].2 < due + 60, "{sooner:?}");
    catalog.line_goes_on(&line, now() + Duration::HOUR).await.unwrap();
    assert_eq!(mine().await, sooner);
    // One that a worker has taken may have looked already.
    assert!(takes(catalog, &sooner[0].0).await);
    say(catalog, &line).await;
    assert_eq!(mine().await.len(), 1, "another follows it");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced, "and all of it is on its way");
    for line in [&line, &other] {
        withdraw_all(catalog, line).await;
    }
}

/// The task of a line, and what it is worth among those that are due.
async fn worth(catalog: &Catalog, line: &Line) -> (String, i64) {
    let mut tx = catalog.reading().await.unwrap();
    let sql = tx.pick(
        "SELECT j.id, CAST(j.priority AS BIGINT) FROM Jobs j JOIN reply_lines l ON l.task_id = j.id \
         WHERE l.contact_id = $1 AND l.phone_number_id = $2",
        "SELECT j.id, CAST(j.priority AS BIGINT) FROM apalis.jobs j JOIN reply_lines l ON l.task_id = j.id \
         WHERE l.contact_id = $1 AND l.phone_number_id = $2",
    );
    one!(tx, (String, i64), sql, line.contact.0, line.number.as_str()).unwrap()
}

/// Something that we say of ourselves, due then.
async fn mention(catalog: &Catalog, line: &Line, not_before: Option<OffsetDateTime>) {
    let mut tx = catalog.writing().await.unwrap();
    let said = NewReply { nonce: Uuid::now_v7().to_string(), ..reply(Purpose::Notice) };
    let shape = outbox::Shape { not_before, is_behind: true, ..outbox::Shape::default() };
    outbox::queue_as(&mut tx, saying(line), &said, &shape).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn answers_go_before_what_we_say_of_ourselves_to_others(catalog: &Catalog) {
    let (notified, answered) = (somebody(catalog).await, somebody(catalog).await);
    mention(catalog, &notified, None).await;
    say(catalog, &answered).await;
    let (behind, ahead) = (worth(catalog, &notified).await, worth(catalog, &answered).await);
    assert!(ahead.1 > behind.1, "the queue hands out the highest first: {ahead:?}, {behind:?}");
    // Another notice changes nothing; an answer behind it raises the line, whose task is still one.
    mention(catalog, &notified, None).await;
    assert_eq!(worth(catalog, &notified).await, behind);
    say(catalog, &notified).await;
    let raised = worth(catalog, &notified).await;
    assert_eq!(raised.1, ahead.1);
    assert_eq!(tasks(catalog, notified.contact).await.len(), 1, "one took the other's place");
    mention(catalog, &answered, None).await;
    assert_eq!(worth(catalog, &answered).await, ahead, "what stands behind an answer lowers nothing");
    // When the answer has left, what is left is worth less again.
    let message = take(catalog, &notified).await;
    assert_eq!(message.purpose, Purpose::Reply);
    assert!(takes(catalog, &raised.0).await);
    catalog.reply_sent(message.id, &format!("wamid.{}", message.id)).await.unwrap();
    catalog.line_goes_on(&notified, now()).await.unwrap();
    assert_eq!(worth(catalog, &notified).await.1, behind.1);
    for line in [&notified, &answered] {
        withdraw_all(catalog, line).await;
    }
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

/// Whoever serves a line takes its row and then its messages, and so does whoever lets what stands aside go on: neither waits
/// for the other and is waited for.
pub(super) async fn what_is_released_waits_for_its_line_first(catalog: &Catalog) {
    let line = somebody(catalog).await;
    say(catalog, &line).await;
    let (message, hours) = (take(catalog, &line).await, now() + Duration::hours(3));
    catalog.reply_aside(message.id, "not yet", None, hours, HeldFor::Confirmation).await.unwrap();
    let mut serving = catalog.writing().await.unwrap();
    let sql = "UPDATE reply_lines SET phone_number_id = phone_number_id WHERE contact_id = $1 AND phone_number_id = $2";
    assert_eq!(execute!(serving, sql, line.contact.0, line.number.as_str()).unwrap(), 1);
    let releasing = tokio::spawn({
        let (catalog, contact) = (catalog.clone(), line.contact.0);
        async move {
            let mut tx = catalog.writing().await?;
            outbox::release_of(&mut tx, &[contact], &[HeldFor::Confirmation]).await?;
            tx.commit().await
        }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let sql = "UPDATE outbox SET updated_at = updated_at WHERE id = $1";
    assert_eq!(execute!(serving, sql, message.id.0).unwrap(), 1);
    serving.commit().await.unwrap();
    releasing.await.unwrap().unwrap();
    assert_eq!(take(catalog, &line).await.id, message.id);
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

/// What becomes of the worker whose message a status settles.
#[derive(Debug, Clone, Copy)]
enum Hand {
    /// Its call was refused, and it wants the message later.
    Later,
    /// It never made the call.
    NotTried,
    /// It is dead.
    Dead,
}

pub(super) async fn what_stands_behind_goes_on_when_a_status_settles_what_is_in_hand(catalog: &Catalog) {
    for hand in [Hand::Later, Hand::NotTried, Hand::Dead] {
        let line = somebody(catalog).await;
        say(catalog, &line).await;
        say(catalog, &line).await;
        let task = tasks(catalog, line.contact).await;
        assert!(task.len() == 1 && takes(catalog, &task[0].0).await, "{hand:?}: a worker has it");
        let first = take(catalog, &line).await;
        if !matches!(hand, Hand::NotTried) {
            let went = catalog.dispatch(&first, &line.number, |facts| {
                (
                    (),
                    Some(Paid {
                        number: facts.now,
                        pair: facts.now,
                        probe: false,
                        template: None,
                        reaches: false,
                    }),
                )
            });
            went.await.unwrap().expect("it waits");
        }
        status(catalog, &first, "delivered").await;
        // The status' own task is taken too, by somebody who looks before the worker is done.
        if !matches!(hand, Hand::Dead) {
            for (task, ..) in tasks(catalog, line.contact).await {
                assert!(takes(catalog, &task).await);
            }
        }
        let later = now() + Duration::HOUR;
        match hand {
            Hand::Later => catalog.reply_later(first.id, "refused", None, later).await.unwrap(),
            Hand::NotTried => catalog.reply_postponed(first.id, later, None).await.unwrap(),
            Hand::Dead => {}
        }
        let behind = tasks(catalog, line.contact).await;
        assert!(behind.len() == 1 && behind[0].2 < later.unix_timestamp() - 3_000, "{hand:?}: {behind:?}");
        assert!(catalog.message_ledger(now()).await.unwrap().balanced, "{hand:?}: it is on its way");
        assert_ne!(take(catalog, &line).await.id, first.id, "{hand:?}: and goes");
        withdraw_all(catalog, &line).await;
    }
}

const SAYERS: usize = 4;
const SAID: usize = 30;

pub(super) async fn no_message_is_lost_when_tasks_race_with_new_ones(catalog: &Catalog) {
    let line = somebody(catalog).await;
    let all_said = Arc::new(AtomicBool::new(false));
    let ran = Arc::new(AtomicUsize::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (catalog, line, all_said, ran) = (catalog.clone(), line.clone(), all_said.clone(), ran.clone());
        workers.spawn(async move {
            loop {
                let last = all_said.load(Ordering::SeqCst);
                let waiting = tasks(&catalog, line.contact).await;
                if waiting.is_empty() && last {
                    return;
                }
                for (task, _, due) in waiting {
                    // A line that another worker has in hand is looked at again when its lease ends: not here.
                    if due <= now().unix_timestamp() + 1 && takes(&catalog, &task).await {
                        ran.fetch_add(1, Ordering::SeqCst);
                        serve(&catalog, &line).await;
                    }
                }
                tokio::task::yield_now().await;
            }
        });
    }
    let mut sayers = tokio::task::JoinSet::new();
    for _ in 0..SAYERS {
        let (catalog, line) = (catalog.clone(), line.clone());
        sayers.spawn(async move {
            for _ in 0..SAID {
                say(&catalog, &line).await;
            }
        });
    }
    sayers.join_all().await;
    all_said.store(true, Ordering::SeqCst);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(120), workers.join_all()).await;
    assert!(ended.is_ok(), "what waits is served");
    assert_eq!(catalog.next_reply(&line, LEASE).await.unwrap(), NextReply::Empty, "none was lost");
    let ran = ran.load(Ordering::SeqCst);
    assert!(ran <= 2 * SAYERS * SAID + 8, "each message wakes its line once at most: {ran}");
    assert!(catalog.message_ledger(now()).await.unwrap().balanced);
}

/// What a worker does with a line.
async fn serve(catalog: &Catalog, line: &Line) {
    loop {
        match catalog.next_reply(line, LEASE).await.unwrap() {
            NextReply::Send(message) => {
                tokio::task::yield_now().await;
                catalog.reply_withdrawn(message.id, "said").await.unwrap();
            }
            NextReply::Busy => return catalog.line_goes_on(line, now() + Duration::SECOND).await.unwrap(),
            NextReply::NotBefore(at) => return catalog.line_goes_on(line, at).await.unwrap(),
            NextReply::Empty => return,
        }
    }
}

async fn status(catalog: &Catalog, message: &OutboxMessage, status: &str) {
    let status = InboundStatus {
        wamid: format!("wamid.{}", message.id),
        status: status.into(),
        recipient: "34".into(),
        at: now(),
        callback: Some(message.id.to_string()),
        error_code: None,
        error: None,
        raw: "{}".into(),
    };
    let came = delivery(vec![InboundItem::Status(status)]);
    Intake::spawn(catalog.clone()).record(came).await.unwrap();
}

pub(super) async fn a_pause_that_a_status_opened_ends_with_a_delivery(catalog: &Catalog) {
    let line = somebody(catalog).await;
    say(catalog, &line).await;
    say(catalog, &line).await;
    let may = async || catalog.may_go(&line.number, Direction::Send, now()).await.unwrap();
    let sends = async || {
        let message = take(catalog, &line).await;
        let went = catalog.dispatch(&message, &line.number, |facts| {
            let now = facts.now;
            (
                (),
                Some(Paid {
                    number: now,
                    pair: now,
                    probe: facts.paused_until.is_some(),
                    template: None,
                    reaches: false,
                }),
            )
        });
        went.await.unwrap().expect("it waits");
        catalog.reply_sent(message.id, &format!("wamid.{}", message.id)).await.unwrap();
        message
    };
    let before = sends().await;
    catalog.pause_by_status(About::Number(&line.number), "131031: locked", now()).await.unwrap();
    status(catalog, &before, "delivered").await;
    assert!(matches!(may().await, May::NotBefore(_)), "what left before it proves nothing");
    let probe = sends().await;
    assert!(!catalog.probe_taken(&line.number, now()).await.unwrap(), "nor does a call that was taken");
    assert!(matches!(may().await, May::NotBefore(_)));
    status(catalog, &probe, "sent").await;
    assert!(matches!(may().await, May::NotBefore(_)));
    status(catalog, &probe, "delivered").await;
    assert_eq!(may().await, May::Go);
    // A pause that a refused call opened ends with one that is taken, as before.
    catalog.pause(About::Number(&line.number), Direction::Send, "131031: locked", now()).await.unwrap();
    assert!(catalog.probe_taken(&line.number, now()).await.unwrap());
}

pub(super) async fn a_clock_that_went_back_mutes_no_number(catalog: &Catalog) {
    let line = somebody(catalog).await;
    for direction in [Direction::Fetch, Direction::Send] {
        catalog.pause(About::Number(&line.number), direction, "190", now()).await.unwrap();
    }
    let mut tx = catalog.writing().await.unwrap();
    let ahead = micros(now() + Duration::days(300));
    execute!(
        tx,
        "UPDATE numbers SET fetch_probe_at = $2, send_probe_at = $2 WHERE phone_number_id = $1",
        line.number.as_str(),
        ahead
    )
    .unwrap();
    tx.commit().await.unwrap();
    for direction in [Direction::Fetch, Direction::Send] {
        assert_eq!(catalog.may_go(&line.number, direction, now()).await.unwrap(), May::Probe, "{direction}");
        assert!(catalog.resume(&line.number, direction, now()).await.unwrap());
    }
}

/// A message waits for somebody, and a task of theirs for it, as it was before there were lines.
pub(super) async fn waits_before_there_were_lines(catalog: &Catalog, contact: ContactId) -> Uuid {
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
pub(super) async fn what_waited_stands_in_its_line(catalog: &Catalog, contact: ContactId, id: Uuid) {
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
