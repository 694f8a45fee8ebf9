//! Every code of Meta's has its exact end, and a worker's death at any step loses and doubles nothing.

use std::{
    collections::{BTreeSet, HashSet},
    mem::discriminant,
    ops::Range,
    panic::AssertUnwindSafe,
};

use acuse_fixtures::graph::{Fault, Point};
use acuse_storage::outbox::OutboxState;
use acuse_whatsapp::ErrorClass;
use acuse_workers::jobs::{
    boundary::{BOUNDARIES, die_at},
    reply::reply_to,
};
use futures_util::FutureExt;

use crate::world::{Waiting, Way, World, clock, pass, set};

/// What `whatsapp.md` says the sender does about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Again and again, the first time not before so many seconds; delivered once Meta lets it, told when its time
    /// is over.
    Retried(i64),
    /// Once more; then it is told.
    Once(&'static str),
    /// The number sends nothing until its probe passes; then it is delivered.
    Paused,
    /// The approved template of its purpose, else a person.
    Template,
    /// Nobody can be reached there: told, and noted on the contact.
    Unreachable,
    /// A person's list.
    Told(&'static str),
    /// Told, and nothing of marketing ever again.
    OptedOut,
}

fn table() -> Vec<(i64, End)> {
    let mut table = Vec::new();
    let mut add = |codes: &[i64], end| table.extend(codes.iter().map(|code| (*code, end)));
    add(&[130_429], End::Retried(1));
    add(&[131_056], End::Retried(1));
    add(&[4, 80_007], End::Retried(60));
    add(&[1, 2, 131_000, 131_016, 133_004], End::Retried(1));
    add(&[131_057], End::Retried(60));
    add(&[131_048, 131_064], End::Paused);
    add(&[131_026, 131_030], End::Unreachable);
    add(&[131_047], End::Template);
    add(&[131_049, 130_472], End::Told("message_held_back"));
    add(&[130_403], End::Told("contact_blocked"));
    add(&[131_050], End::OptedOut);
    add(&[131_051, 131_052, 131_062], End::Told("message_failed"));
    add(&[131_053], End::Once("message_failed"));
    add(&OF_TEMPLATES, End::Told("template_refused"));
    add(&[132_015], End::Retried(3 * 3_600));
    add(&[131_045, 133_010], End::Paused);
    add(&[133_000, 133_005, 133_006, 133_008, 133_009, 133_015, 133_016], End::Paused);
    add(&[0, 3, 10, 190, 131_005], End::Paused);
    add(&PERMISSIONS.collect::<Vec<_>>(), End::Paused);
    add(&[368, 131_031, 130_497, 131_042], End::Paused);
    add(&[100, 131_008, 131_009, 131_021, 135_000, 137_000], End::Told("message_failed"));
    // Meta has more codes than its page.
    add(&[999_999], End::Told("message_failed"));
    table
}

/// What Meta says where a permission is missing.
const PERMISSIONS: Range<i64> = 200..300;

/// Of a template, or of a Flow that one opens.
const OF_TEMPLATES: [i64; 9] =
    [132_000, 132_012, 132_018, 132_001, 132_005, 132_007, 132_016, 132_068, 132_069];

#[test]
fn the_table_has_every_code_that_is_known() {
    let table: BTreeSet<i64> = table().into_iter().map(|(code, _)| code).collect();
    let known = (0..=1_000_000).filter(|code| ErrorClass::of_code(*code).is_some());
    let missing: Vec<i64> = known.filter(|code| !table.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let classes: HashSet<_> = PERMISSIONS.map(ErrorClass::of_code).collect();
    assert_eq!(classes.len(), 1, "{classes:?}");
}

/// A hundred codes of one class: each goes one of the two ways, the first and the last of them both.
fn walks(code: i64, way: Way) -> bool {
    let is_inner = PERMISSIONS.contains(&code) && code != PERMISSIONS.start && code != PERMISSIONS.end - 1;
    !is_inner || (code % 2 == 0) == (way == Way::Call)
}

async fn ends(world: &World, code: i64, way: Way, end: End) {
    let what = format!("{code} by {way:?}");
    let began = clock();
    let (of, message) = world.goes_through(code, way, 1).await;
    let took = (clock() - began).whole_seconds();
    let told = world.told(&message).await.map(|i| i.kind);
    let unreachable = world.env.catalog.contact(of.contact).await.unwrap().unwrap().unreachable_at.is_some();
    assert_eq!(unreachable, end == End::Unreachable, "{what}: noted on the contact");
    match end {
        End::Retried(least) => {
            assert_eq!((message.state, told), (OutboxState::Delivered, None), "{what}");
            assert!(took >= least, "{what}: tried again after {took} s");
        }
        End::Once(_) | End::Paused => {
            assert_eq!((message.state, told), (OutboxState::Delivered, None), "{what}");
        }
        End::Template => {
            assert_eq!((message.state, told), (OutboxState::Delivered, None), "{what}: our clock said open");
        }
        End::Unreachable => {
            assert_eq!(message.state, OutboxState::Failed, "{what}");
            assert_eq!(told.as_deref(), Some("contact_unreachable"), "{what}");
        }
        End::Told(kind) => {
            assert_eq!((message.state, told.as_deref()), (OutboxState::Failed, Some(kind)), "{what}");
        }
        End::OptedOut => {
            assert_eq!(told.as_deref(), Some("contact_opted_out"), "{what}");
            let row: (String, String) = world
                .queue
                .one("SELECT category, state FROM consents WHERE contact_id = $1", &[of.contact.0.into()])
                .await;
            assert_eq!(row, ("marketing".into(), "withdrawn".into()), "{what}");
        }
    }
    assert!(!world.send_paused().await, "{what}: it is over");
    pass(time::Duration::MINUTE);
}

#[tokio::test]
async fn every_code_of_meta_has_its_exact_end_as_a_refused_call() {
    let world = World::new().await;
    for (code, end) in table().into_iter().filter(|(code, _)| walks(*code, Way::Call)) {
        ends(&world, code, Way::Call, end).await;
    }
}

#[tokio::test]
async fn every_code_of_meta_has_the_same_end_as_a_failed_status() {
    let world = World::new().await;
    for (code, end) in table().into_iter().filter(|(code, _)| walks(*code, Way::Status)) {
        ends(&world, code, Way::Status, end).await;
    }
}

#[tokio::test]
async fn what_never_gets_better_is_tried_until_its_time_is_over_and_then_told() {
    let world = World::new().await;
    let mut classes = HashSet::new();
    for (code, end) in table().into_iter().filter(|(code, _)| !(201..299).contains(code)) {
        let kind = match end {
            End::Retried(_) | End::Paused => "message_expired",
            End::Once(kind) => kind,
            End::Template => "message_window_closed",
            _ => continue,
        };
        let (began, of) = (clock(), world.waits().await);
        // For a rate nobody waits longer than a minute, so that 23 hours of it are many tries; and of each class the first
        // code shows that even those find an end.
        let is_first = classes.insert(ErrorClass::of_code(code).map(|class| discriminant(&class)));
        let long = is_first && !matches!(code, 130_429 | 131_056);
        let lives = time::Duration::hours(if long { 23 } else { 2 });
        let until = (began + lives).unix_timestamp_nanos() / 1_000;
        let id = world.message(of).await.id;
        let sql = "UPDATE outbox SET expires_at = $2 WHERE id = $1";
        world.queue.run(sql, &[id.0.into(), i64::try_from(until).unwrap().into()]).await;
        let message = world.ends(of, code, Way::Call, u32::MAX).await;
        let told = world.told(&message).await.map(|i| i.kind);
        assert_eq!(told.as_deref(), Some(kind), "{code}: {message:?}");
        if kind == "message_expired" {
            assert_eq!((clock() - began).whole_minutes(), lives.whole_minutes(), "{code}: at once");
        }
        assert_eq!(world.send_paused().await, end == End::Paused, "{code}");
        let rate: (i64,) = world.queue.one("SELECT rate_per_s FROM numbers", &[]).await;
        assert_eq!(rate.0 < 80, code == 130_429, "{code}: the number's rate");
        // What ends a pause or a lowered rate is that something goes.
        pass(time::Duration::HOUR);
        let waiting = world.waits().await;
        for _ in 0..12 {
            world.runs(waiting).await;
            pass(time::Duration::MINUTE);
            if code == 130_429 {
                world.runs(world.waits().await).await;
            }
        }
        assert!(!world.send_paused().await, "{code}: the probe passed");
        world.status(waiting, "delivered", None).await;
        if code == 130_429 {
            let rate: (i64,) = world.queue.one("SELECT rate_per_s FROM numbers", &[]).await;
            assert_eq!(rate.0, 80, "success restores it");
        }
        pass(time::Duration::days(4));
        world.env.catalog.tell_unconfirmed(clock()).await.unwrap();
    }
}

/// The number slows for 130429 and the pair for 131056: the message that met them goes as soon as these allow, and its own
/// attempts are not counted.
#[tokio::test]
async fn ten_refusals_for_rates_delay_a_message_by_minutes() {
    let world = World::new().await;
    let of = world.waits().await;
    let began = clock();
    for code in [130_429, 131_056] {
        world.graph.fail(Point::Send, None, Fault::error(400, code, None), 5);
    }
    for _ in 0..20 {
        world.runs(of).await;
        world.balances("refused for a rate").await;
        if let Some(at) = world.message(of).await.next_attempt_at {
            set(at.max(clock()));
        }
    }
    let message = world.message(of).await;
    assert_eq!((message.state, message.attempts), (OutboxState::Sent, 1), "{message:?}");
    let took = clock() - began;
    assert!(took < time::Duration::minutes(5), "{took}");
    let (refused, rate): (i64, i64) = world
        .queue
        .one(
            "SELECT w.pair_refused, n.rate_per_s FROM windows w JOIN numbers n \
             ON n.phone_number_id = w.phone_number_id WHERE w.contact_id = $1",
            &[of.contact.0.into()],
        )
        .await;
    assert!(refused == 5 && rate < 80, "the pair and the number have slowed: {refused}, {rate}");
}

/// Refusals for a rate are no reason to doubt a window less, and a template that Meta says is shut out too ends at once.
#[tokio::test]
async fn a_window_is_doubted_once_and_no_template_is_tried_for_ever() {
    let world = World::new().await;
    world.graph.fail(Point::Send, None, Fault::error(400, 130_429, None), 1);
    let (_, message) = world.goes_through(131_047, Way::Call, 1).await;
    assert_eq!(message.state, OutboxState::Delivered, "our clock says open: as it is, once more");
    world.approves_a_template().await;
    let of = world.waits().await;
    world.closes_the_window(of).await;
    let before = world.graph.requests().len();
    let message = world.ends(of, 131_047, Way::Call, u32::MAX).await;
    assert_eq!(message.state, OutboxState::WindowClosed);
    assert_eq!(world.told(&message).await.map(|i| i.kind).as_deref(), Some("message_window_closed"));
    assert!(world.graph.requests().len() - before <= 2, "one doubt, and no more");
}

#[tokio::test]
async fn a_closed_window_takes_the_approved_template_and_a_bad_template_is_blocked() {
    let world = World::new().await;
    world.approves_a_template().await;
    // Meta says closed though our clock says open: one more try, then the template.
    let (_, message) = world.goes_through(131_047, Way::Call, 2).await;
    assert_eq!(message.state, OutboxState::Delivered);
    let sent = world.graph.sent();
    assert_eq!(sent.last().unwrap().body["template"]["name"], "acuse_in_review");
    // Our own clock.
    let of = world.waits().await;
    world.runs(of).await;
    let late = world.waits().await;
    let held = world.message(late).await;
    world.queue.run("UPDATE outbox SET expires_at = NULL WHERE id = $1", &[held.id.0.into()]).await;
    pass(time::Duration::hours(25));
    world.runs(late).await;
    assert_eq!(world.message(late).await.state, OutboxState::Sent);
    assert_eq!(world.graph.sent().last().unwrap().body["type"], "template");
    // The template is wrong: its owner is told, and it stands in for nothing more.
    world.status(late, "failed", Some(132_001)).await;
    world.runs(late).await;
    let told = world.told(&world.message(late).await).await.unwrap();
    assert_eq!(told.kind, "template_refused");
    let row: (String,) = world.queue.one("SELECT status FROM templates", &[]).await;
    assert_eq!(row.0, "BLOCKED");
    world.status(of, "delivered", None).await;
    world.balances("in the end").await;
}

/// Of a message that went by a template its code stands on the template, which is sent no more, and its owner is told.
#[tokio::test]
async fn every_code_of_templates_is_noted_on_the_template_that_was_sent() {
    let world = World::new().await;
    world.approves_a_template().await;
    for way in [Way::Call, Way::Status] {
        for code in OF_TEMPLATES.into_iter().chain([132_015]) {
            let what = format!("{code} by {way:?}");
            world.queue.run("UPDATE templates SET status = 'APPROVED', paused_until = NULL", &[]).await;
            let of = world.waits().await;
            world.closes_the_window(of).await;
            let (began, before) = (clock(), world.graph.sent().len());
            let message = world.ends(of, code, way, 1).await;
            let (status,): (String,) = world.queue.one("SELECT status FROM templates", &[]).await;
            let told = world.told(&message).await.map(|incident| incident.kind);
            let sent = world.graph.sent();
            assert!(sent[before..].iter().all(|m| m.body["type"] == "template"), "{what}");
            if code == 132_015 {
                assert_eq!((message.state, told), (OutboxState::Delivered, None), "{what}: after its pause");
                assert!(clock() - began >= time::Duration::hours(3), "{what}");
                assert_eq!(status, "APPROVED", "{what}");
            } else {
                assert_eq!(message.state, OutboxState::Failed, "{what}");
                assert_eq!(told.as_deref(), Some("template_refused"), "{what}");
                assert_eq!(status, "BLOCKED", "{what}");
            }
        }
    }
}

/// In what shape a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    AsText,
    /// With choices.
    WithButtons,
    ByTemplate,
}

impl Goes {
    /// What Meta calls it.
    fn kind(self) -> &'static str {
        match self {
            Self::AsText => "text",
            Self::WithButtons => "interactive",
            Self::ByTemplate => "template",
        }
    }

    /// An answer that waits, in this shape.
    async fn waits(self, world: &World) -> Waiting {
        let of = world.waits().await;
        match self {
            Self::AsText => {}
            Self::WithButtons => {
                let id = world.message(of).await.id;
                let payload = r#"{"choices":[["yes","Sí"],["no","No"]]}"#.to_owned();
                let sql = "UPDATE outbox SET kind = 'buttons', payload = $2 WHERE id = $1";
                world.queue.run(sql, &[id.0.into(), payload.into()]).await;
            }
            Self::ByTemplate => world.closes_the_window(of).await,
        }
        of
    }
}

#[tokio::test]
async fn a_worker_that_dies_at_any_step_loses_and_doubles_nothing() {
    dies_at_any_step(Goes::AsText).await;
}

#[tokio::test]
async fn a_worker_that_dies_with_choices_in_hand_loses_and_doubles_nothing() {
    dies_at_any_step(Goes::WithButtons).await;
}

#[tokio::test]
async fn a_worker_that_dies_with_a_template_in_hand_loses_and_doubles_nothing() {
    dies_at_any_step(Goes::ByTemplate).await;
}

/// A shape that nothing sends ends in front of a person.
#[tokio::test]
async fn a_file_that_was_to_be_sent_is_told_of() {
    let world = World::new().await;
    let of = world.waits().await;
    let id = world.message(of).await.id;
    world.queue.run("UPDATE outbox SET kind = 'media' WHERE id = $1", &[id.0.into()]).await;
    world.runs(of).await;
    let message = world.message(of).await;
    assert_eq!(message.state, OutboxState::Failed);
    assert_eq!(world.told(&message).await.map(|i| i.kind).as_deref(), Some("message_failed"));
    assert!(world.graph.sent().is_empty());
    world.balances("it is told of").await;
}

async fn dies_at_any_step(goes: Goes) {
    let world = World::new().await;
    world.approves_a_template().await;
    let steps = BOUNDARIES.iter().filter(|b| b.starts_with("reply.") && **b != "reply.refused");
    for boundary in steps {
        for refused in [None, Some(131_000), Some(131_026)] {
            let what = format!("{goes:?}: {boundary}, then {refused:?}");
            let of = goes.waits(&world).await;
            let before = world.graph.sent().len();
            die_at(boundary);
            if let Some(code) = refused {
                // It left, and a status says that it failed; the worker that decides on it dies.
                die_at("reply.settled");
                let died = AssertUnwindSafe(reply_to(&world.env, of.contact)).catch_unwind().await;
                assert!(died.is_err(), "{what}");
                world.status(of, "failed", Some(code)).await;
                die_at(boundary);
            }
            // A worker dies there; its lease ends; others take it over.
            for _ in 0..4 {
                let _died = AssertUnwindSafe(reply_to(&world.env, of.contact)).catch_unwind().await;
                world.balances(&what).await;
                pass(time::Duration::seconds(46));
            }
            let mut message = world.message(of).await;
            let went = world.graph.sent().len() - before;
            match (*boundary, message.state) {
                ("reply.sending" | "reply.sent", OutboxState::Unknown) => {
                    if *boundary == "reply.sent" {
                        world.status(of, "delivered", None).await;
                    } else {
                        pass(time::Duration::minutes(61));
                        world.runs(of).await;
                        message = world.message(of).await;
                        let told = world.told(&message).await.map(|i| i.kind);
                        assert_eq!(told.as_deref(), Some("message_unconfirmed"), "{what}");
                    }
                }
                (_, OutboxState::Sent) => world.status(of, "delivered", None).await,
                (_, OutboxState::Failed) => {
                    assert!(world.told(&message).await.is_some(), "{what}");
                    assert_eq!(refused, Some(131_026), "{what}");
                }
                (_, state) => panic!("{what}: {state:?}"),
            }
            let tries = 1 + usize::from(refused == Some(131_000));
            let lost = usize::from(*boundary == "reply.sending" && refused != Some(131_026));
            assert_eq!(went, tries - lost, "{what}: sent as often as it was meant to be");
            let sent = world.graph.sent();
            assert!(sent[before..].iter().all(|m| m.body["type"] == goes.kind()), "{what}");
            world.balances(&what).await;
            pass(time::Duration::HOUR);
        }
    }
}

#[tokio::test]
async fn a_status_that_is_faster_than_the_answer_is_heard() {
    let world = World::new().await;
    let of = world.waits().await;
    // The second try fails by a status that comes before its answer.
    let (_, first) = world.goes_through(131_000, Way::Status, 1).await;
    assert_eq!(first.state, OutboxState::Delivered);
    world.runs(of).await;
    world.status(of, "failed", Some(131_000)).await;
    world.runs(of).await;
    let message = world.message(of).await;
    assert_eq!(message.state, OutboxState::Queued);
    world.env.catalog.reply_sent(message.id, message.wamid.as_deref().unwrap()).await.unwrap();
    assert_eq!(world.message(of).await.state, OutboxState::Queued, "its failure was heard already");
}
