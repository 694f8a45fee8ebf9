//! How the channel is, asked of Meta by the watch; and two numbers of two accounts, each with a token of its own.

use acuse_fixtures::graph::{FakeGraph, Fault, Options, OtherNumber, Point};
use acuse_storage::{
    DocumentId, Stage,
    numbers::{About, Direction, Number},
    outbox::OutboxState,
};
use acuse_whatsapp::{Graph, GraphConfig, Secret};
use acuse_workers::{
    jobs::{self, reply::reply_to},
    watch,
};
use serde_json::json;
use time::Duration;

use crate::{
    outages::minutes,
    talk::{leading, passes, photo},
    world::{World, clock, pass},
};

const RECEIPT: &str = "receipt\nmerchant_name=Bar Sol\ndate=2026-05-03\ntotal=45.00\ncurrency=EUR";

async fn open(world: &World) -> Vec<(String, String)> {
    let all = world.env.catalog.incidents(None, None, 500).await.unwrap();
    all.into_iter().map(|i| (i.kind, i.subject)).collect()
}

async fn is_open(world: &World, kind: &str) -> bool {
    open(world).await.iter().any(|(k, _)| k == kind)
}

async fn look(world: &World) {
    pass(Duration::minutes(6));
    watch::look(&world.env).await.unwrap();
}

/// A world whose number has told its account.
async fn world() -> World {
    let world = World::new().await;
    let account = world.graph.options().account_id.clone();
    world.sends_to(&world.number(), Some(&account), RECEIPT).await;
    // Nobody works here, and a lane that stands still is another's test.
    world.queue.run("DELETE FROM Jobs", &[]).await;
    look(&world).await;
    assert_eq!(open(&world).await, [], "all is well");
    world
}

#[tokio::test]
async fn what_meta_says_of_a_number_is_kept_and_told() {
    let world = world().await;
    let row = async || -> Number { world.env.catalog.numbers().await.unwrap().remove(0) };
    assert_eq!(
        (row().await.status.as_deref(), row().await.tier.as_deref()),
        (Some("CONNECTED"), Some("TIER_1K"))
    );
    world.graph.set_number(&world.number(), json!({ "status": "RESTRICTED", "quality_rating": "RED" }));
    watch::look(&world.env).await.unwrap();
    assert!(!is_open(&world, "number_unwell").await, "Meta is not asked every minute");
    look(&world).await;
    assert!(is_open(&world, "number_unwell").await && is_open(&world, "number_quality").await);
    assert_eq!(row().await.quality.as_deref(), Some("RED"));
    world.graph.set_number(&world.number(), json!({}));
    look(&world).await;
    assert_eq!(open(&world).await, [], "they end by themselves");
}

#[tokio::test]
async fn an_account_whose_webhooks_nobody_gets_is_told_of() {
    let world = world().await;
    let account = world.graph.options().account_id.clone();
    world.graph.subscribe(&account, false);
    look(&world).await;
    assert_eq!(open(&world).await, [("webhooks_unsubscribed".to_owned(), account.clone())]);
    world.graph.subscribe(&account, true);
    look(&world).await;
    assert_eq!(open(&world).await, []);
}

#[tokio::test]
async fn a_token_that_ends_is_told_of_two_weeks_before_and_one_that_is_dead_at_once() {
    let world = world().await;
    let token = world.graph.options().access_token.clone();
    world.graph.expire_token(&token, (clock() + Duration::days(20)).unix_timestamp());
    look(&world).await;
    assert_eq!(open(&world).await, []);
    pass(Duration::days(7));
    look(&world).await;
    assert!(is_open(&world, "token_expiring").await);
    let told = format!("{:?}", world.env.catalog.incidents(None, None, 500).await.unwrap());
    assert!(!told.contains(&token), "never the token itself");
    world.graph.revoke(&token);
    look(&world).await;
    assert!(is_open(&world, "token_unwell").await);
    world.graph.restore(&token);
    world.graph.expire_token(&token, 0);
    look(&world).await;
    assert!(!is_open(&world, "token_unwell").await && !is_open(&world, "token_expiring").await);
}

#[tokio::test]
async fn templates_come_from_meta_and_one_that_is_paused_is_told_of() {
    let world = world().await;
    let account = world.graph.options().account_id.clone();
    let template = |n: usize, status: &str| {
        json!({ "id": n.to_string(), "name": format!("acuse_t{n}"), "language": "es", "category": "UTILITY",
            "status": status, "quality_score": { "score": "GREEN" }, "rejected_reason": "NONE",
            "components": [{ "type": "BODY", "text": "Hola {{1}}" }] })
    };
    world.graph.set_templates(&account, (0..130).map(|n| template(n, "APPROVED")).collect());
    look(&world).await;
    assert_eq!(world.env.catalog.our_templates().await.unwrap().len(), 0, "asked for an hour ago at most");
    pass(Duration::HOUR);
    look(&world).await;
    assert_eq!(world.env.catalog.our_templates().await.unwrap().len(), 130, "all pages of them");
    assert!(!is_open(&world, "template_unusable").await);
    world.graph.set_templates(&account, vec![template(0, "PAUSED"), template(1, "APPROVED")]);
    pass(Duration::HOUR);
    look(&world).await;
    assert!(is_open(&world, "template_unusable").await);
    world.graph.set_templates(&account, vec![template(1, "APPROVED")]);
    pass(Duration::HOUR);
    look(&world).await;
    assert!(!is_open(&world, "template_unusable").await, "it is no more");
    let mut advertises = template(1, "APPROVED");
    advertises["category"] = json!("MARKETING");
    world.graph.set_templates(&account, vec![advertises]);
    pass(Duration::HOUR);
    look(&world).await;
    assert!(is_open(&world, "template_unusable").await, "what it is needs another consent");
}

/// Whether media is gone or not to be seen is asked of the number, and Meta has no time for that just now.
#[tokio::test]
async fn a_number_that_cannot_be_asked_just_now_is_not_paused() {
    for code in [4, 80_007, 130_429, 131_000] {
        let world = World::new().await;
        let id = world.sends(RECEIPT).await;
        world.graph.fail(Point::Lookup, None, Fault::media_gone(), 1);
        world.graph.fail(Point::Probe, None, Fault::error(400, code, None), 1);
        jobs::document(&world.env, Stage::Fetch, id).await;
        assert_eq!(open(&world).await, [], "{code}: nobody is to mend a permission");
        let document = world.env.catalog.document(id).await.unwrap().unwrap();
        assert_eq!(document.stage, Stage::Fetch, "{code}: it waits: {document:?}");
        minutes(&world, 20, &[id]).await;
        let document = world.env.catalog.document(id).await.unwrap().unwrap();
        assert_eq!(document.stage, Stage::Done, "{code}: and goes on: {document:?}");
    }
}

/// Only a token that sees the number is told that a file of it is gone: that it was the probe ends the pause, for it may be
/// the last file that waits.
#[tokio::test]
async fn a_probe_whose_file_is_gone_ends_the_pause_all_the_same() {
    let world = World::new().await;
    let id = world.sends(RECEIPT).await;
    world.graph.fail(Point::Lookup, None, Fault::token_expired(), 1);
    jobs::document(&world.env, Stage::Fetch, id).await;
    assert!(is_open(&world, "fetch_paused").await);
    world.graph.fail(Point::Lookup, None, Fault::media_gone(), 1);
    minutes(&world, 5, &[id]).await;
    let document = world.env.catalog.document(id).await.unwrap().unwrap();
    assert_eq!(document.stage, Stage::Done, "a person has it: {document:?}");
    assert!(!is_open(&world, "fetch_paused").await, "Meta answered");
}

/// Minutes pass, and each the watch looks.
async fn watched(world: &World, minutes: u32) {
    for _ in 0..minutes {
        pass(Duration::MINUTE);
        watch::look(&world.env).await.unwrap();
    }
}

/// A world to which a file came, was read and answered: nothing waits in it.
async fn at_rest() -> World {
    let world = World::new().await;
    let id = world.sends(RECEIPT).await;
    minutes(&world, 1, &[id]).await;
    assert!(answered(&world, id).await);
    world
}

/// Nothing comes by that would be the probe of a pause that is over: the watch is it.
#[tokio::test]
async fn a_pause_of_a_token_for_which_nothing_waits_ends_when_it_is_taken_again() {
    let world = at_rest().await;
    let (number, token) = (world.number(), world.graph.options().access_token.clone());
    world.graph.revoke(&token);
    for direction in [Direction::Fetch, Direction::Send] {
        world.env.catalog.pause(About::TokenOf(&number), direction, "190", clock()).await.unwrap();
    }
    watched(&world, 20).await;
    let all = world.env.catalog.incidents(None, None, 500).await.unwrap();
    for kind in ["fetch_paused", "send_paused"] {
        let count = all.iter().find(|i| i.kind == kind).expect("it lasts").count;
        assert!((3..=6).contains(&count), "{kind}: asked at growing gaps: {count}");
    }
    world.graph.restore(&token);
    watched(&world, 35).await;
    assert!(!is_open(&world, "fetch_paused").await && !is_open(&world, "send_paused").await, "by itself");
}

/// A token that sees the number may still not see its files: only a question for what failed ends the pause.
#[tokio::test]
async fn a_pause_of_a_permission_ends_when_a_file_is_seen_again() {
    let world = at_rest().await;
    world.graph.fail(Point::Lookup, None, Fault::error(403, 10, None), u32::MAX);
    let number = world.number();
    world.env.catalog.pause(About::Number(&number), Direction::Fetch, "10", clock()).await.unwrap();
    watched(&world, 10).await;
    assert!(is_open(&world, "fetch_paused").await, "the number is seen, its files are not");
    world.graph.heal();
    watched(&world, 20).await;
    assert!(!is_open(&world, "fetch_paused").await);
}

/// What billing closed nothing proves open but a message that goes; and the incident says so.
#[tokio::test]
async fn a_pause_of_billing_ends_with_a_message_alone() {
    let world = at_rest().await;
    let number = world.number();
    world.env.catalog.pause(About::Number(&number), Direction::Send, "131042", clock()).await.unwrap();
    watched(&world, 70).await;
    let all = world.env.catalog.incidents(None, None, 500).await.unwrap();
    let paused = all.iter().find(|i| i.kind == "send_paused").expect("it lasts");
    assert_eq!((paused.count, &paused.detail["ends_with"]), (1, &json!("a message that goes")));
    let of = world.waits().await;
    world.runs(of).await;
    assert_eq!(world.message(of).await.state, OutboxState::Sent);
    assert!(!is_open(&world, "send_paused").await);
}

/// Whoever may not send may not mark as read either: a message that is marked already is marked once more, and nobody
/// notices. What billing closed it does not open.
#[tokio::test]
async fn a_pause_of_a_permission_or_a_registration_ends_though_nothing_waits() {
    for allow in [FakeGraph::permit as fn(&FakeGraph, &str, bool), FakeGraph::register] {
        let world = leading().await;
        let (number, catalog) = (world.number(), &world.env.catalog);
        photo(&world, "34600111222", RECEIPT).await;
        passes(&world, Duration::minutes(10)).await;
        let marked = world.graph.read_receipts();
        assert_eq!(marked.len(), 1, "they saw that we have it");
        allow(&world.graph, &number, false);
        photo(&world, "34600111333", &RECEIPT.replace("45.00", "46.00")).await;
        passes(&world, Duration::minutes(10)).await;
        assert!(world.send_paused().await, "the answer was refused");
        assert_eq!(world.graph.read_receipts(), marked, "nor was the other's message marked");
        // Nothing waits any more that would be the probe.
        world
            .queue
            .run("UPDATE outbox SET state = 'withdrawn' WHERE state IN ('queued', 'refused')", &[])
            .await;
        let paused = async || {
            let all = catalog.incidents(None, None, 500).await.unwrap();
            all.into_iter().find(|i| i.kind == "send_paused").map(|i| (i.id, i.count))
        };
        let (first, before) = paused().await.expect("it is told of");
        watched(&world, 130).await;
        let (same, after) = paused().await.expect("it lasts");
        assert_eq!(same, first, "it does not come and go");
        assert!((1..=6).contains(&(after - before)), "asked at growing gaps: {before} to {after}");
        assert_eq!(world.graph.read_receipts(), marked);

        allow(&world.graph, &number, true);
        let sent = world.graph.sent().len();
        watched(&world, 62).await;
        assert!(!world.send_paused().await && !is_open(&world, "send_paused").await, "by itself");
        assert_eq!(world.graph.sent().len(), sent, "and nobody was sent anything");
        assert_eq!(world.graph.read_receipts(), [marked[0].clone(), marked[0].clone()]);

        catalog.pause(About::Number(&number), Direction::Send, "131042", clock()).await.unwrap();
        watched(&world, 70).await;
        assert!(world.send_paused().await, "no mark pays a bill");
        assert_eq!(world.graph.read_receipts().len(), 2, "nor is it asked");
    }
}

async fn answered(world: &World, id: DocumentId) -> bool {
    let contact = world.env.catalog.document(id).await.unwrap().unwrap().contact_id.unwrap();
    reply_to(&world.env, contact).await;
    let all = world.env.catalog.replies_about(id).await.unwrap();
    all.iter().any(|m| m.wamid.is_some())
}

#[tokio::test]
async fn of_two_accounts_with_two_tokens_one_goes_on_without_the_other() {
    let second = OtherNumber {
        phone_number_id: "700100200300401".into(),
        account_id: "900100200300401".into(),
        access_token: "EAASECONDtoken000000000000000".into(),
        display_phone_number: "15550100002".into(),
    };
    let mut world = World::with(Options { more_numbers: vec![second.clone()], ..Options::default() }).await;
    let mut client = GraphConfig::new(Secret::new(&second.access_token));
    client.url = world.graph.url();
    world.env.graphs.insert("second".into(), Graph::new(client).unwrap());
    world.env.catalog.set_token_ref(&second.phone_number_id, "second").await.unwrap();
    let (first, other) = (world.number(), second.phone_number_id.clone());
    let before = world.sends_to(&other, Some(&second.account_id), &format!("{RECEIPT}\nnumber=0")).await;
    minutes(&world, 1, &[before]).await;
    assert!(answered(&world, before).await, "both are served");

    world.graph.revoke(&second.access_token);
    let mut of_first = Vec::new();
    let mut of_other = Vec::new();
    for n in 0..3 {
        of_first.push(world.sends_to(&first, None, &format!("{RECEIPT}\nnumber=a{n}")).await);
        of_other.push(world.sends_to(&other, None, &format!("{RECEIPT}\nnumber=b{n}")).await);
    }
    let all: Vec<DocumentId> = of_first.iter().chain(&of_other).copied().collect();
    minutes(&world, 30, &all).await;
    for id in &of_first {
        let document = world.env.catalog.document(*id).await.unwrap().unwrap();
        assert_eq!(document.stage, Stage::Done, "{document:?}");
        assert!(answered(&world, *id).await, "documents and replies of the first go on");
    }
    for id in &of_other {
        let document = world.env.catalog.document(*id).await.unwrap().unwrap();
        assert_eq!(document.stage, Stage::Fetch, "and the other's wait: {document:?}");
        assert!(document.attempts <= 1, "{document:?}");
    }
    let paused = world.env.catalog.paused_numbers().await.unwrap();
    assert_eq!(paused.iter().map(|n| n.phone_number_id.as_str()).collect::<Vec<_>>(), [other.as_str()]);
    look(&world).await;
    assert!(open(&world).await.contains(&("token_unwell".to_owned(), "second".to_owned())));

    world.graph.restore(&second.access_token);
    minutes(&world, 80, &all).await;
    look(&world).await;
    for id in &of_other {
        let document = world.env.catalog.document(*id).await.unwrap().unwrap();
        assert_eq!(document.stage, Stage::Done, "{document:?}");
        assert!(answered(&world, *id).await);
    }
    assert!(!is_open(&world, "token_unwell").await && !is_open(&world, "fetch_paused").await);
    world.balances("in the end").await;
}
