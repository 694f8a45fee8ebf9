//! `kill -9`, and nothing is lost, nothing is filed twice, the ledger balances.

use std::{os::unix::process::ExitStatusExt, sync::Arc, time::Duration};

use acuse_fixtures::graph::{Fault, Point};
use acuse_tests::stack::{Api, wait};

use tokio::sync::Semaphore;

use crate::world::{ALL, World, documents, person, post};

/// Longest wait for anything here: a machine that does other things is slow, and what is lost never comes.
const PATIENCE: Duration = Duration::from_secs(600);
/// Worlds at once, of two processes each.
const AT_ONCE: usize = 4;

/// Every place between the steps of a stage where the worker may die.
use acuse_workers::jobs::boundary::BOUNDARIES;

/// No answer to a question comes here, no message brings a file, and nobody asks for a person; what happens to them is with
/// the conversations of the workers' tests.
fn is_elsewhere(boundary: &str) -> bool {
    boundary.starts_with("answer.")
        || boundary.starts_with("file.")
        || ["effect.attach", "effect.assign", "effect.incident"].contains(&boundary)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_stage_boundary() {
    // A few side by side: each mostly waits for a dead worker's heartbeats to be missed, but reads a document first.
    let boundaries = || BOUNDARIES.iter().filter(|boundary| !is_elsewhere(boundary));
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let runs: Vec<_> = boundaries()
        .map(|boundary| {
            let turns = turns.clone();
            tokio::spawn(async move {
                let _turn = turns.acquire_owned().await.unwrap();
                killed_at(boundary).await;
            })
        })
        .collect();
    for (run, boundary) in runs.into_iter().zip(boundaries()) {
        run.await.unwrap_or_else(|error| panic!("{boundary}: {error}"));
    }
}

async fn killed_at(boundary: &'static str) {
    let world = World::new().await;
    // With conversations, as it runs by default.
    let place = world.place.clone().with("ACUSE_POLICIES", "");
    if boundary == "reply.refused" {
        world.graph.fail(Point::Send, None, Fault::error(400, 131_000, None), 1);
    }
    let doomed = place.clone().with("ACUSE_CRASH_AT", boundary);
    let mut server = doomed.start("doomed", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let invoice = world.invoice(&person(1), 81);
    let answered =
        api.webhook(invoice.body.to_vec(), &invoice.signature).await.is_ok_and(|status| status == 200);
    let ended = wait("the worker's end", PATIENCE, || {
        let ended = server.ended();
        async move { ended }
    })
    .await
    .unwrap_or_else(|e| panic!("{boundary}: {e}\n{}", world.place.log("doomed")));
    assert_eq!(ended.signal(), Some(9), "{boundary}: {ended}\n{}", world.place.log("doomed"));

    let _server = place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    // What was not answered Meta delivers again.
    if !answered {
        post(&api, &invoice).await;
    }
    let ledger = api
        .at_rest(1, PATIENCE)
        .await
        .unwrap_or_else(|e| panic!("{boundary}: {e}\n{}", world.place.log("serve")));
    assert_eq!(ledger.received, 1, "{boundary}");
    assert_eq!(documents(&api).await.len(), 1, "{boundary}");
    let document = &documents(&api).await[0];
    let id = document["id"].as_str().unwrap();
    let timeline = api.get(&format!("/v1/documents/{id}/timeline")).await.unwrap();
    let times = |event: &str| timeline.to_string().matches(&format!("\"{event}\"")).count();
    assert!(times("filed") + times("in_review") <= 2, "{boundary}: decided twice: {timeline}");
    if boundary != "reply.sending" && boundary != "reply.sent" {
        assert!(world.graph.wait_for_sent(1, PATIENCE).await, "{boundary}: the sender hears of it");
    }
    assert!(world.graph.sent().len() <= 1, "{boundary}: the sender hears of it once");
    let messages = api.get("/v1/ledger/messages").await.unwrap();
    assert_eq!(messages["balanced"], true, "{boundary}: {messages}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_many() {
    let world = World::new().await;
    let count: u32 = std::env::var("ACUSE_CHAOS_DOCUMENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let mut server = world.place.start("first", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    for n in 0..count {
        post(&api, &world.invoice(&person(n % 7), 1000 + u64::from(n))).await;
    }
    wait("the middle", Duration::from_secs(300), || async {
        let ledger = api.ledger().await?;
        Ok((ledger.processing <= u64::from(count) * 2 / 3).then_some(()))
    })
    .await
    .unwrap();
    server.kill_9().unwrap();
    let mut second = world.place.start("second", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let ledger = api.at_rest(u64::from(count), Duration::from_secs(600)).await.unwrap();
    assert_eq!(ledger.received, u64::from(count));
    assert_eq!(documents(&api).await.len() as u32, count);
    // Asked to stop, it stops: nothing in hand is left behind.
    let status = second.stop(Duration::from_secs(40)).unwrap();
    assert!(status.success(), "{status}");
}
