//! Webhooks out: order per document, tries, replay, ends, and what a key may not see.

use std::{collections::HashMap, time::Duration as StdDuration};

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Catalog, DocumentId,
    altered::Altered,
    events::{EventFilter, Followed},
    keys::{KeyMade, Scope},
    names::{EndpointId, KeyId},
    webhooks::{Endpoint, EndpointChange, Filter, NewEndpoint, log::Delivery},
};
use acuse_workers::{
    Env,
    outgoing::{sign::Secret, webhooks},
    watch,
};
use time::Duration;

use crate::{
    receiver::{Came, Receiver},
    world::{World, clock, pass},
};

async fn world() -> World {
    let mut world = World::new().await;
    world.posts_to_this_machine();
    world
}

async fn key(env: &Env, name: &str) -> KeyId {
    let hash = Sha256::of(name.as_bytes());
    match env.catalog.create_key(name, &hash, &[Scope::DocumentsRead]).await.unwrap() {
        KeyMade::Made(id) => id,
        KeyMade::NameTaken => panic!("a new name"),
    }
}

async fn endpoint(env: &Env, key_id: KeyId, url: &str, filter: Filter) -> (EndpointId, Secret) {
    endpoint_in(&env.catalog, key_id, url, filter).await
}

async fn endpoint_in(catalog: &Catalog, key_id: KeyId, url: &str, filter: Filter) -> (EndpointId, Secret) {
    let secret = Secret::generate();
    let new = NewEndpoint {
        url: url.to_owned(),
        description: "books".to_owned(),
        secret: secret.expose(),
        filter,
        key_id,
    };
    (catalog.add_webhook_endpoint(&new).await.unwrap().unwrap(), secret)
}

async fn deliver(env: &Env) {
    webhooks::deliver(env).await.unwrap();
}

fn about(came: &Came) -> String {
    came.json()["data"]["document_id"].as_str().unwrap_or_default().to_owned()
}

/// What came, by document, in the order in which it came.
fn by_document(came: &[Came]) -> HashMap<String, Vec<String>> {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for c in came {
        all.entry(about(c)).or_default().push(c.json()["data"]["cursor"].as_str().unwrap().to_owned());
    }
    all
}

/// What the feed says of each document, in its order.
async fn feed(env: &Env) -> HashMap<String, Vec<String>> {
    let Followed::Page { events, .. } =
        env.catalog.follow(None, &EventFilter::default(), 1000).await.unwrap()
    else {
        panic!("from the beginning")
    };
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for event in events {
        let id = event.document_id.map(|d| d.to_string()).unwrap_or_default();
        all.entry(id).or_default().push(event.cursor.to_string());
    }
    all
}

async fn find(env: &Env, id: EndpointId) -> Endpoint {
    env.catalog.webhook_endpoint(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn every_change_arrives_in_order_whatever_the_receiver_does() {
    let world = world().await;
    let (env, receiver) = (&world.env, Receiver::start().await);
    let key = key(env, "k").await;
    let (id, secret) = endpoint(env, key, &format!("{}/x", receiver.url), Filter::default()).await;
    let mut documents = Vec::new();
    for _ in 0..12 {
        documents.push(world.waits().await.document);
    }
    // One document's events are refused, as are a third of all at random.
    let stubborn = documents[3].to_string();
    let refused = stubborn.clone();
    receiver.answers(move |came| {
        let fails = about(came) == refused || rand_of(came).is_multiple_of(3);
        (if fails { 503 } else { 200 }, StdDuration::ZERO)
    });
    let mut taken: Vec<Came> = Vec::new();
    for _ in 0..60 {
        deliver(env).await;
        let came = receiver.came();
        assert!(came.iter().all(|c| c.is_signed_by(&secret.expose())));
        taken.extend(came.into_iter().filter(|c| about(c) != stubborn && !rand_of(c).is_multiple_of(3)));
        pass(Duration::minutes(5));
    }
    let mut expected = feed(env).await;
    let held_back = expected.remove(&stubborn).unwrap();
    let log = env.catalog.webhook_log(id, Some(Delivery::Queued), None, 100).await.unwrap();
    assert!(log.len() >= held_back.len(), "they wait: {log:?}");
    // What random refuses for ever is refused by its id; all others are complete and in order.
    for (document, cursors) in by_document(&taken) {
        let whole = &expected[&document];
        assert_eq!(cursors, whole[..cursors.len()], "{document}");
    }
    receiver.says(200);
    for _ in 0..40 {
        pass(Duration::minutes(30));
        deliver(env).await;
    }
    taken.extend(receiver.came());
    expected.insert(stubborn, held_back);
    assert_eq!(by_document(&taken), expected, "in the end all of it, each once, in order");
    assert!(env.catalog.webhook_log(id, Some(Delivery::Queued), None, 10).await.unwrap().is_empty());
}

/// A number that is the same at each try of the same event.
fn rand_of(came: &Came) -> u32 {
    came.header("webhook-id").bytes().map(u32::from).sum()
}

#[tokio::test]
async fn what_does_not_arrive_in_three_days_is_told_and_replayed() {
    let world = world().await;
    let (env, receiver) = (&world.env, Receiver::start().await);
    let key = key(env, "k").await;
    let (id, _) = endpoint(env, key, &receiver.url, Filter::default()).await;
    world.waits().await;
    // A redirect is not followed.
    receiver.says(307);
    deliver(env).await;
    pass(Duration::days(3));
    deliver(env).await;
    let open = |kind: &'static str| async move {
        env.catalog.incidents(None, None, 100).await.unwrap().iter().any(|i| i.kind == kind)
    };
    assert!(open("webhook_undelivered").await);
    let came = receiver.came();
    assert!(came.iter().all(|c| c.path == "/"), "{came:?}");
    let lost = env.catalog.webhook_log(id, Some(Delivery::Undelivered), None, 10).await.unwrap();
    assert_eq!(lost.len(), 1);
    receiver.says(200);
    pass(Duration::hours(5));
    deliver(env).await;
    let later = receiver.came();
    assert!(!later.is_empty(), "its successors go on");
    assert!(env.catalog.replay_webhook(id, lost[0].id).await.unwrap());
    deliver(env).await;
    let again = receiver.came();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].header("webhook-id"), format!("msg_{}", lost[0].id.0.simple()), "by the same id");
    assert!(!open("webhook_undelivered").await);
    // All of it since a time.
    assert!(env.catalog.replay_webhooks_since(id, clock() - Duration::days(30)).await.unwrap());
    deliver(env).await;
    assert_eq!(by_document(&receiver.came()), feed(env).await);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_or_silent_is_disabled() {
    let world = world().await;
    let (env, gone, silent) = (&world.env, Receiver::start().await, Receiver::start().await);
    let key = key(env, "k").await;
    let (a, _) = endpoint(env, key, &gone.url, Filter::default()).await;
    let (b, _) = endpoint(env, key, &silent.url, Filter::default()).await;
    gone.says(410);
    silent.says(500);
    world.waits().await;
    deliver(env).await;
    assert!(!find(env, a).await.enabled && find(env, b).await.enabled);
    for _ in 0..6 {
        pass(Duration::days(1));
        deliver(env).await;
    }
    assert!(!find(env, b).await.enabled);
    let told = env.catalog.incidents(None, None, 100).await.unwrap();
    assert_eq!(told.iter().filter(|i| i.kind == "webhook_disabled").count(), 2);
    gone.came();
    gone.says(200);
    let change = EndpointChange { enabled: Some(true), ..EndpointChange::default() };
    assert_eq!(env.catalog.change_webhook_endpoint((a, None), &change).await.unwrap(), Altered::Done);
    deliver(env).await;
    assert_eq!(by_document(&gone.came()), feed(env).await, "it goes on where it stood");
}

#[tokio::test]
async fn a_slow_endpoint_slows_no_other_and_filters_hold() {
    let world = world().await;
    let (env, slow, quick) = (&world.env, Receiver::start().await, Receiver::start().await);
    slow.answers(|_| (200, StdDuration::from_secs(10)));
    let key = key(env, "k").await;
    endpoint(env, key, &slow.url, Filter::default()).await;
    let only = Filter { types: vec!["document.in_review".to_owned()], ..Filter::default() };
    endpoint(env, key, &quick.url, only).await;
    for _ in 0..5 {
        world.waits().await;
    }
    let started = std::time::Instant::now();
    let quick_done = async {
        let mut seen = 0;
        while seen < 5 {
            seen += quick.came().len();
            tokio::time::sleep(StdDuration::from_millis(20)).await;
        }
        started.elapsed()
    };
    let all_done = async {
        deliver(env).await;
        started.elapsed()
    };
    let (whole, took) = tokio::join!(all_done, quick_done);
    assert!(took < whole && whole > StdDuration::from_secs(9), "{took:?} of {whole:?}");
}

#[tokio::test]
async fn secrets_overlap_and_a_void_key_is_told_nothing() {
    let world = world().await;
    let (env, receiver) = (&world.env, Receiver::start().await);
    let key = key(env, "k").await;
    let (id, old) = endpoint(env, key, &receiver.url, Filter::default()).await;
    let new = Secret::generate();
    assert!(env.catalog.rotate_webhook_secret(id, &new.expose()).await.unwrap());
    world.waits().await;
    deliver(env).await;
    let came = receiver.came();
    assert!(came.iter().all(|c| c.is_signed_by(&old.expose()) && c.is_signed_by(&new.expose())));
    pass(Duration::hours(25));
    world.waits().await;
    deliver(env).await;
    let came = receiver.came();
    assert!(!came.is_empty() && came.iter().all(|c| !c.is_signed_by(&old.expose())));
    // An ID, or what may be one, tells only names: the one predicate.
    let first = came[0].json();
    assert!(first["data"]["data"].as_object().unwrap().keys().all(|k| k != "filename"), "{first}");
    let _: DocumentId = about(&came[0]).parse().unwrap();
    assert!(env.catalog.revoke_key("k").await.unwrap());
    world.waits().await;
    deliver(env).await;
    assert!(receiver.came().is_empty() && !find(env, id).await.enabled);
}

#[tokio::test]
async fn what_nothing_signs_is_held_until_something_does() {
    let world = world().await;
    let (env, receiver) = (&world.env, Receiver::start().await);
    let (key, keys) = (key(env, "k").await, world.folder.path().join("acuse.key"));
    // The secret is sealed by a key file that this process has not: it is lost.
    let sealing = world.queue.catalog().await.with_clock(clock);
    sealing.open_key_file(Some(&keys)).await.unwrap();
    let (id, secret) = endpoint_in(&sealing, key, &receiver.url, Filter::default()).await;
    assert!(find(env, id).await.secrets.is_empty());
    world.waits().await;
    let since = clock();
    let unsigned = || async {
        let open = env.catalog.incidents(None, None, 100).await.unwrap();
        open.into_iter().find(|i| i.kind == "webhook_unsigned")
    };
    for _ in 0..8 {
        deliver(env).await;
        pass(Duration::days(1));
    }
    assert!(receiver.came().is_empty(), "nothing leaves unsigned");
    let told = unsigned().await.expect("somebody is told");
    assert_eq!((told.subject, told.opened_at), (id.to_string(), since), "since when");
    let held = find(env, id).await;
    assert!(held.enabled && held.failing_since.is_none(), "to be held is not to fail: {held:?}");
    assert!(env.catalog.webhook_log(id, None, None, 10).await.unwrap().is_empty(), "no try is counted");
    let said = watch::findings(&env.catalog, &env.watch, clock()).await.unwrap();
    let said = said.iter().find(|f| f.kind == "webhook_unsigned").unwrap();
    let day = since.date().to_string();
    assert!(said.is_bad && said.what.contains(&day), "the doctor says since when: {}", said.what);
    watch::look(env).await.unwrap();
    assert!(unsigned().await.is_some(), "a look does not end it");
    // The file is found again.
    env.catalog.open_key_file(Some(&keys)).await.unwrap();
    watch::look(env).await.unwrap();
    assert!(unsigned().await.is_none(), "it ends by itself");
    deliver(env).await;
    let came = receiver.came();
    assert!(came.iter().all(|c| c.is_signed_by(&secret.expose())));
    assert_eq!(by_document(&came), feed(env).await, "nothing is lost");
}

#[tokio::test]
async fn another_secret_ends_the_holding() {
    let world = world().await;
    let (env, receiver) = (&world.env, Receiver::start().await);
    let key = key(env, "k").await;
    let (id, _) = endpoint(env, key, &receiver.url, Filter::default()).await;
    let lost = "UPDATE webhook_endpoints SET secret = 'sealed:1:00'";
    world.queue.run(lost, &[]).await;
    world.waits().await;
    deliver(env).await;
    let open = || async { env.catalog.webhook_unsigned_since(id).await.unwrap() };
    assert!(open().await.is_some());
    let secret = Secret::generate();
    assert!(env.catalog.rotate_webhook_secret(id, &secret.expose()).await.unwrap());
    assert_eq!(open().await, None);
    deliver(env).await;
    let came = receiver.came();
    assert!(!came.is_empty() && came.iter().all(|c| c.is_signed_by(&secret.expose())));
}
