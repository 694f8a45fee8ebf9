//! Lines: how many tasks a burst costs, what stands aside, and two numbers of one person.

use acuse_fixtures::graph::{Fault, Options, OtherNumber, Point};
use acuse_storage::{
    inbound::Identity,
    outbox::{OutboxState, Purpose},
};
use acuse_workers::jobs::{self, boundary::die_at, reply::reply_to};
use futures_util::FutureExt;
use time::{Duration, OffsetDateTime};

use crate::world::{Waiting, World, clock, pass, set};

/// Takes reply tasks off the queue as they become due, until none is left; how many there were.
async fn runs_all(world: &World) -> usize {
    let mut ran = 0;
    loop {
        let (next,): (Option<i64>,) = world
            .queue
            .one("SELECT MIN(run_at) FROM Jobs WHERE status = 'Pending' AND job_type = 'reply'", &[])
            .await;
        let Some(next) = next.and_then(|secs| OffsetDateTime::from_unix_timestamp(secs).ok()) else {
            return ran;
        };
        set(next.max(clock()));
        let (id, job): (String, Vec<u8>) = world
            .queue
            .one(
                "UPDATE Jobs SET status = 'Running' WHERE id = (SELECT id FROM Jobs WHERE status = 'Pending' \
             AND job_type = 'reply' AND run_at <= $1 ORDER BY run_at, id LIMIT 1) RETURNING id, job",
                &[(clock().unix_timestamp()).into()],
            )
            .await;
        let task: acuse_storage::queue::ReplyTask = serde_json::from_slice(&job).unwrap();
        let _ended = jobs::reply::reply(&world.env, &task.line().unwrap()).await;
        world.queue.run("DELETE FROM Jobs WHERE id = $1", &[id.into()]).await;
        ran += 1;
        assert!(ran < 1_000, "it finds no end");
    }
}

/// Somebody to whom `count` messages wait.
async fn burst(world: &World, count: usize) -> Vec<Waiting> {
    let who = Identity { wa_id: Some("34600999888".into()), ..Identity::default() };
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(world.waits_from(who.clone()).await);
    }
    all
}

#[tokio::test]
async fn eighty_messages_to_one_person_cost_one_task_each_turn() {
    let world = World::new().await;
    burst(&world, 80).await;
    let began = clock();
    let ran = runs_all(&world).await;
    assert_eq!(world.graph.sent().len(), 80);
    // 45 at once, five to a task; then one every six seconds.
    assert!(ran <= 49, "{ran} tasks");
    assert!((clock() - began).whole_seconds() <= 36 * 6, "and none waits for longer than it must");
    world.balances("all have left").await;
}

#[tokio::test]
async fn what_waits_for_a_paused_template_holds_up_nothing_else() {
    let token = Options::default().access_token;
    let more_numbers = vec![OtherNumber {
        phone_number_id: "2002".into(),
        account_id: "102".into(),
        access_token: token,
        display_phone_number: "+34 600 000 002".into(),
    }];
    let world = World::with(Options { more_numbers, ..Options::default() }).await;
    world.approves_a_template().await;
    let who = Identity { wa_id: Some("34600999777".into()), ..Identity::default() };
    let first = world.waits_from(who.clone()).await;
    let id = world.message(first).await.id;
    let for_days = async |id: uuid::Uuid| {
        world
            .queue
            .run(
                "UPDATE outbox SET expires_at = $2 WHERE id = $1",
                &[id.into(), ((clock() + Duration::days(5)).unix_timestamp() * 1_000_000).into()],
            )
            .await;
    };
    for_days(id.0).await;
    // The day is over, and Meta has paused the template.
    pass(Duration::hours(25));
    world.graph.fail(Point::Send, None, Fault::error(400, 132_015, None), 1);
    world.runs(first).await;
    let waits = world.message(first).await;
    assert_eq!((waits.state, waits.error_code), (OutboxState::Queued, Some(132_015)));
    world.balances("its template is paused").await;
    // They write to another number of ours, where no template is needed.
    let other = world.waits_at("2002", who.clone()).await;
    world.runs(other).await;
    assert_eq!(world.message(other).await.state, OutboxState::Sent, "another line goes on");
    // They write to the first number again: all of it goes at once, in its order.
    let second = world.waits_from(who).await;
    let before = world.graph.sent().len();
    runs_all(&world).await;
    let (one, two) = (world.message(first).await, world.message(second).await);
    assert_eq!((one.state, two.state), (OutboxState::Sent, OutboxState::Sent));
    let sent: Vec<_> = world.graph.sent()[before..].iter().filter_map(|m| m.callback_data.clone()).collect();
    assert_eq!(sent, [one.id.to_string(), two.id.to_string()]);
    assert_eq!(world.graph.sent().last().unwrap().body["type"], "text", "and needs no template");
    world.balances("in the end").await;
}

/// Two messages to one person whose window is closed: of one the template is paused, the other's is not.
#[tokio::test]
async fn a_paused_template_sets_aside_its_own_messages_only() {
    let world = World::new().await;
    world.approves_a_template().await;
    world
        .queue
        .run(
            "INSERT INTO templates (waba_id, name, language, category, status, synced_at, paused_until) \
         VALUES ('1', 'acuse_filed', 'es', 'UTILITY', 'APPROVED', 0, $1)",
            &[((clock() + Duration::hours(28)).unix_timestamp() * 1_000_000).into()],
        )
        .await;
    let who = Identity { wa_id: Some("34600999666".into()), ..Identity::default() };
    let paused = world.waits_from(who.clone()).await;
    let goes = world.waits_from(who).await;
    let id = world.message(paused).await.id;
    world
        .queue
        .run("UPDATE outbox SET purpose = $2 WHERE id = $1", &[id.0.into(), (Purpose::Filed.as_str()).into()])
        .await;
    world
        .queue
        .run(
            "UPDATE outbox SET expires_at = $1",
            &[((clock() + Duration::days(5)).unix_timestamp() * 1_000_000).into()],
        )
        .await;
    pass(Duration::hours(25));
    world.runs(goes).await;
    assert_eq!(world.message(goes).await.state, OutboxState::Sent, "what stands before it waits aside");
    assert_eq!(world.message(paused).await.state, OutboxState::Queued);
    world.balances("one waits aside").await;
    runs_all(&world).await;
    assert_eq!(world.message(paused).await.state, OutboxState::Sent, "it goes when its pause is over");
    assert!(world.graph.sent().iter().all(|m| m.body["type"] == "template"));
}

/// A refusal is known, and the worker dies before what follows from it is written down.
#[tokio::test]
async fn a_worker_that_dies_with_a_refusal_in_hand_loses_and_doubles_nothing() {
    for (code, state) in [
        (131_000, OutboxState::Sent),
        (130_429, OutboxState::Sent),
        (131_031, OutboxState::Sent),
        (131_026, OutboxState::Failed),
        (100, OutboxState::Failed),
    ] {
        let world = World::new().await;
        let of = world.waits().await;
        world.graph.fail(Point::Send, None, Fault::error(400, code, None), 1);
        die_at("reply.refused");
        let died = std::panic::AssertUnwindSafe(reply_to(&world.env, of.contact)).catch_unwind().await;
        assert!(died.is_err(), "{code}: it died");
        assert_eq!(world.message(of).await.state, OutboxState::Refused, "{code}: the refusal is known");
        world.balances(&format!("{code}: its worker died")).await;
        for _ in 0..6 {
            pass(Duration::seconds(61));
            world.runs(of).await;
            world.balances(&format!("{code}: others go on")).await;
        }
        let message = world.message(of).await;
        assert_eq!(message.state, state, "{code}: {message:?}");
        assert_eq!(world.told(&message).await.is_some(), state == OutboxState::Failed, "{code}");
        let went = world.graph.sent().len();
        assert_eq!(went, usize::from(state == OutboxState::Sent), "{code}: it was sent once at most");
    }
}

/// Nobody was there to take it, and the worker dies before it says so: that it did not leave is known all the same.
#[tokio::test]
async fn a_worker_that_dies_before_it_says_that_nobody_was_there_loses_nothing() {
    let world = World::new().await;
    let of = world.waits().await;
    world.graph.fail(Point::Send, None, Fault::unavailable(), 1);
    die_at("reply.refused");
    let died = std::panic::AssertUnwindSafe(reply_to(&world.env, of.contact)).catch_unwind().await;
    assert!(died.is_err());
    for _ in 0..3 {
        pass(Duration::seconds(61));
        world.runs(of).await;
        world.balances("others go on").await;
    }
    assert_eq!(world.message(of).await.state, OutboxState::Sent, "nobody need be told");
    assert_eq!(world.graph.sent().len(), 1);
}
