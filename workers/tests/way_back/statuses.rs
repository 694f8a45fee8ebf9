//! Statuses in any order, twice, and after the end; and messages to those who are hard to reach.

use acuse_storage::{
    inbound::{Identity, InboundItem, InboundStatus},
    outbox::{OutboxMessage, OutboxState},
};
use time::Duration;

use crate::world::{Waiting, World, clock, pass};

/// Nobody can be reached there.
const UNDELIVERABLE: i64 = 131_026;
/// The template is paused.
const TEMPLATE_PAUSED: i64 = 132_015;

/// Something is wrong at Meta's for a moment.
const TRANSIENT: i64 = 131_000;

/// The account is locked.
const LOCKED: i64 = 131_031;

/// All orders of what came.
fn orders(of: &[&'static str]) -> Vec<Vec<&'static str>> {
    if of.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let rest: Vec<_> = of[..at].iter().chain(&of[at + 1..]).copied().collect();
        orders(&rest).into_iter().map(move |rest| [vec![of[at]], rest].concat()).collect::<Vec<_>>()
    };
    (0..of.len()).flat_map(first).collect()
}

/// Each status comes twice, and a worker looks at what it left, before the next one comes.
async fn hears(world: &World, of: Waiting, order: &[&str], what: &str) -> OutboxMessage {
    for status in order {
        for _ in 0..2 {
            world.status(of, status, (*status == "failed").then_some(UNDELIVERABLE)).await;
            world.balances(&format!("{what}, at {status}")).await;
        }
        world.runs(of).await;
        world.balances(&format!("{what}, after {status}")).await;
    }
    let ledger = world.env.catalog.ledger(None, None).await.unwrap();
    assert!(ledger.balanced, "{what}: {ledger:?}");
    world.message(of).await
}

/// What Meta says of a failure reaches the person who is told of it.
#[tokio::test]
async fn a_failed_status_is_told_in_metas_words() {
    let world = World::new().await;
    let of = world.waits().await;
    world.runs(of).await;
    let message = world.message(of).await;
    let status = InboundStatus {
        wamid: message.wamid.clone().unwrap(),
        status: "failed".into(),
        recipient: "34".into(),
        at: clock(),
        callback: Some(message.id.to_string()),
        error_code: Some(UNDELIVERABLE),
        error: Some("Message undeliverable: an old version of WhatsApp".into()),
        raw: "{}".into(),
    };
    world.record(InboundItem::Status(status)).await;
    world.runs(of).await;
    let told = world.told(&world.message(of).await).await.unwrap();
    let words = told.detail["error"].as_str().unwrap();
    assert!(words.contains("an old version of WhatsApp") && words.contains("131026"), "{words}");
}

/// A failure that names no code says nothing of our token: it is told of, and nothing is paused.
#[tokio::test]
async fn a_failed_status_without_a_code_pauses_nothing() {
    let world = World::new().await;
    let of = world.waits().await;
    world.runs(of).await;
    world.status(of, "failed", None).await;
    world.runs(of).await;
    let message = world.message(of).await;
    assert_eq!(message.state, OutboxState::Failed, "{message:?}");
    assert_eq!(world.told(&message).await.map(|i| i.kind).as_deref(), Some("message_failed"));
    assert!(!world.send_paused().await, "others go on");
    world.balances("it is told of").await;
}

#[tokio::test]
async fn statuses_in_any_order_and_twice_end_the_same() {
    let world = World::new().await;
    for order in orders(&["sent", "delivered", "read", "failed"]) {
        let what = format!("{order:?}");
        let of = world.waits().await;
        let before = world.graph.sent().len();
        world.runs(of).await;
        let message = hears(&world, of, &order, &what).await;
        assert_eq!(message.state, OutboxState::Delivered, "{what}: a device has it");
        assert_eq!(world.told(&message).await, None, "{what}: nobody is told of what arrived");
        assert_eq!(world.graph.sent().len(), before + 1, "{what}: it left once");
    }
    for order in orders(&["sent", "failed"]) {
        let what = format!("{order:?}");
        let of = world.waits().await;
        world.runs(of).await;
        let message = hears(&world, of, &order, &what).await;
        assert_eq!(message.state, OutboxState::Failed, "{what}");
        let told = world.told(&message).await.map(|i| i.kind);
        assert_eq!(told.as_deref(), Some("contact_unreachable"), "{what}: a person is told");
    }
}

/// What Meta says late of a try that is known to have failed takes nothing from the next one.
#[tokio::test]
async fn a_late_status_of_a_try_that_failed_does_not_stand_for_the_next() {
    for late in [Late::BeforeTheNext, Late::WhileItLeaves] {
        let world = World::new().await;
        let of = world.waits().await;
        world.runs(of).await;
        let first = world.message(of).await;
        world.status(of, "failed", Some(TRANSIENT)).await;
        world.runs(of).await;
        assert_eq!(world.message(of).await.state, OutboxState::Queued, "{late:?}: it is to go again");
        pass(Duration::MINUTE);
        if late == Late::WhileItLeaves {
            // Its worker has it in hand, and Meta has not answered yet.
            let sql = "UPDATE outbox SET state = 'sending', wamid = NULL WHERE id = $1";
            world.queue.run(sql, &[first.id.0.into()]).await;
        }
        let status = InboundStatus {
            wamid: first.wamid.clone().unwrap(),
            status: "sent".into(),
            recipient: "34".into(),
            at: clock(),
            callback: Some(first.id.to_string()),
            error_code: None,
            error: None,
            raw: "{}".into(),
        };
        world.record(InboundItem::Status(status)).await;
        if late == Late::WhileItLeaves {
            assert_eq!(world.message(of).await.state, OutboxState::Sending, "nobody knows of this one yet");
            world.env.catalog.reply_sent(first.id, "wamid.second").await.unwrap();
        } else {
            world.runs(of).await;
            assert_eq!(world.graph.sent().len(), 2, "it went again");
        }
        let message = world.message(of).await;
        assert_eq!(message.state, OutboxState::Sent, "{late:?}");
        assert_ne!(message.wamid, first.wamid, "{late:?}: what counts is what becomes of the second");
        world.status(of, "failed", Some(UNDELIVERABLE)).await;
        world.runs(of).await;
        let told = world.told(&world.message(of).await).await.map(|i| i.kind);
        assert_eq!(told.as_deref(), Some("contact_unreachable"), "{late:?}: its failure is heard");
        world.balances("in the end").await;
    }
}

/// When a status of an earlier try comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    BeforeTheNext,
    WhileItLeaves,
}

/// Their phone is not known, as it is of those who hide it behind a name.
#[tokio::test]
async fn who_has_a_user_id_and_no_phone_is_answered_there() {
    let world = World::new().await;
    let user = "ES.13491208655302741918";
    let of = world.waits_from(Identity { bsuid: Some(user.into()), ..Identity::default() }).await;
    world.runs(of).await;
    let sent = world.graph.sent();
    let last = sent.last().unwrap();
    assert_eq!((last.to.as_deref(), last.recipient.as_deref()), (None, Some(user)));
    let message = hears(&world, of, &["sent", "delivered"], "a user id").await;
    assert_eq!(message.state, OutboxState::Delivered);
}

/// Brazil's ninth digit, Mexico's 1 and Argentina's 9: the answer goes to the form they wrote under, and its status comes
/// back under either.
#[tokio::test]
async fn both_forms_of_a_phone_are_answered() {
    let world = World::new().await;
    for (one, other) in [
        ("5511987654321", "551187654321"),
        ("5215512345678", "525512345678"),
        ("5491123456789", "541123456789"),
    ] {
        let mut contacts = Vec::new();
        for phone in [one, other] {
            let of = world.waits_from(Identity { wa_id: Some(phone.into()), ..Identity::default() }).await;
            world.runs(of).await;
            let to = world.graph.sent().last().unwrap().to.clone().unwrap();
            assert_eq!(to.trim_start_matches('+'), phone, "the form they wrote under last");
            let message = hears(&world, of, &["sent", "delivered"], phone).await;
            assert_eq!(message.state, OutboxState::Delivered);
            contacts.push(of.contact);
            pass(Duration::MINUTE);
        }
        assert_eq!(contacts[0], contacts[1], "{one} and {other} are one person");
    }
}

/// Meta takes 4,096 characters, however many bytes they are; what is longer is refused here, and a person is told.
#[tokio::test]
async fn the_longest_text_goes_and_a_longer_one_is_told_of() {
    let world = World::new().await;
    for (chars, state) in [(4_096, OutboxState::Sent), (4_097, OutboxState::Failed)] {
        let of = world.waits().await;
        let message = world.message(of).await;
        world
            .queue
            .run(
                "UPDATE outbox SET body = $2 WHERE id = $1",
                &[message.id.0.into(), ("ñ".repeat(chars)).into()],
            )
            .await;
        world.runs(of).await;
        let message = world.message(of).await;
        assert_eq!(message.state, state, "{chars}: {message:?}");
        assert_eq!(world.told(&message).await.is_some(), state == OutboxState::Failed, "{chars}");
        world.balances(&format!("{chars} characters")).await;
    }
}

/// A template that was approved when its message left is paused, which only its status says; approved again, it goes.
#[tokio::test]
async fn a_template_paused_in_between_is_waited_for() {
    let world = World::new().await;
    world.approves_a_template().await;
    let of = world.waits().await;
    let id = world.message(of).await.id;
    let until = (clock() + Duration::days(5)).unix_timestamp() * 1_000_000;
    world.queue.run("UPDATE outbox SET expires_at = $2 WHERE id = $1", &[id.0.into(), until.into()]).await;
    pass(Duration::hours(25));
    world.runs(of).await;
    assert_eq!(world.graph.sent().last().unwrap().body["type"], "template");
    world.status(of, "failed", Some(TEMPLATE_PAUSED)).await;
    world.runs(of).await;
    world.balances("its template is paused").await;
    let waits = world.message(of).await;
    assert_eq!(waits.state, OutboxState::Queued, "{waits:?}");
    let again = waits.next_attempt_at.unwrap();
    assert!(again >= clock() + Duration::hours(3), "{again}");
    let before = world.graph.sent().len();
    world.runs(of).await;
    assert_eq!(world.graph.sent().len(), before, "not before the pause is over");
    pass(again - clock() + Duration::MINUTE);
    world.runs(of).await;
    assert_eq!(world.graph.sent().len(), before + 1);
    let message = hears(&world, of, &["sent", "delivered"], "it goes on").await;
    assert_eq!(message.state, OutboxState::Delivered);
}

/// The machine's clock goes back and forth: what waits still goes or is told of, once.
#[tokio::test]
async fn a_clock_that_jumps_loses_and_doubles_nothing() {
    let world = World::new().await;
    for jump in [Duration::hours(-2), Duration::hours(2), Duration::days(2), Duration::days(-2)] {
        let what = format!("the clock jumps by {jump}");
        let (sent, waiting) = (world.waits().await, world.waits().await);
        world.runs(sent).await;
        let before = world.graph.sent().len();
        pass(jump);
        for _ in 0..60 {
            // As the schedule does: a time-out that a jump skipped over is seen then.
            world.env.catalog.tell_unconfirmed(clock()).await.unwrap();
            world.balances(&what).await;
            world.runs(waiting).await;
            world.balances(&what).await;
            pass(Duration::HOUR);
        }
        world.env.catalog.tell_unconfirmed(clock()).await.unwrap();
        let message = world.message(waiting).await;
        let went = world.graph.sent().len() - before;
        let told = world.told(&message).await.is_some();
        assert!(went <= 1, "{what}: doubled");
        assert!(went == 1 || told, "{what}: {message:?}");
        world.status(sent, "delivered", None).await;
        assert_eq!(world.message(sent).await.state, OutboxState::Delivered, "{what}");
        world.balances(&what).await;
    }
}

/// Meta takes what it then refuses: a call that is taken does not end a pause that a status opened, a delivery does.
#[tokio::test]
async fn a_locked_account_that_takes_calls_stays_paused_until_something_arrives() {
    let world = World::new().await;
    let first = world.waits().await;
    world.runs(first).await;
    world.status(first, "failed", Some(LOCKED)).await;
    world.runs(first).await;
    assert!(world.send_paused().await);
    let mut probes = Vec::new();
    for _ in 0..4 {
        let other = world.waits().await;
        let due = clock();
        while world.message(other).await.state != OutboxState::Sent {
            pass(Duration::MINUTE);
            world.runs(other).await;
        }
        probes.push((clock() - due).whole_minutes());
        assert!(world.send_paused().await, "it was taken, and that proves nothing");
        world.status(other, "failed", Some(LOCKED)).await;
        world.runs(other).await;
        assert!(world.send_paused().await);
        world.balances("it was refused again").await;
    }
    assert!(probes.is_sorted() && probes[3] > probes[0], "its probes come at growing gaps: {probes:?}");
    let last = world.waits().await;
    while world.message(last).await.state != OutboxState::Sent {
        pass(Duration::MINUTE);
        world.runs(last).await;
    }
    world.status(last, "delivered", None).await;
    assert!(!world.send_paused().await, "it arrived");
    world.runs(first).await;
    assert_eq!(world.message(first).await.state, OutboxState::Sent, "and what waited goes");
    world.balances("in the end").await;
}
