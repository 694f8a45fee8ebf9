//! The harness in this process: the whole road without a socket, a process or a wait; and it knows what was forgotten.

use acuse_fixtures::graph::{Inbound, MediaType, Said, Sender};
use acuse_tests::in_process::InProcess;
use serde_json::Value;
use time::Duration;

async fn photo(acuse: &InProcess, text: &str) {
    let media_id = acuse.world.graph.upload_media(text.as_bytes().to_vec(), "image/jpeg");
    let said = Said::Media { kind: MediaType::Image, media_id, caption: None, filename: None };
    let webhook = acuse.world.graph.webhook_for(&[Inbound::new(Sender::phone("34600000001", "Ana"), said)]);
    assert_eq!(acuse.webhook(&webhook).await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_goes_the_whole_road_in_one_process() {
    let acuse = InProcess::start().await.unwrap();
    photo(&acuse, "receipt\nmerchant_name=Bar Sol\ndate=2026-05-03\ntotal=45.00\ncurrency=EUR\nnumber=7")
        .await;
    let ledger = acuse.get("/v1/ledger").await.unwrap();
    assert_eq!((&ledger["processing"], &ledger["balanced"]), (&1.into(), &true.into()), "{ledger}");
    let came = &ledger["arrivals"];
    assert_eq!(
        (&came["files"], &came["documents"], &came["lost"]),
        (&1.into(), &1.into(), &0.into()),
        "{ledger}"
    );
    assert_eq!(came["balanced"], true, "{ledger}");
    acuse.run_jobs(Duration::HOUR).await.unwrap();
    let ledger = acuse.get("/v1/ledger").await.unwrap();
    assert_eq!((&ledger["processing"], &ledger["balanced"]), (&0.into(), &true.into()), "{ledger}");
    assert_eq!(ledger["in_review"], acuse.reviews().await.unwrap().len(), "{ledger}");
    assert_eq!(acuse.world.graph.sent().len(), 1, "its sender hears of it");
    let messages: Value = acuse.get("/v1/ledger/messages").await.unwrap();
    assert_eq!((&messages["queued"], &messages["balanced"]), (&1.into(), &true.into()), "{messages}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "tasks are left behind")]
async fn a_task_that_nobody_ran_fails_the_test() {
    let acuse = InProcess::start().await.unwrap();
    photo(&acuse, "receipt\ntotal=45.00").await;
    drop(acuse);
}

/// As much as Meta sends at once is taken, and more is refused before it is held in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_of_three_megabytes_is_taken() {
    let acuse = InProcess::start().await.unwrap();
    let many = |each: usize| {
        let said = |n: u32| Said::Text(format!("{n} {}", "x".repeat(each)));
        let all: Vec<Inbound> =
            (0..1_000).map(|n| Inbound::new(Sender::phone("34600000001", "Ana"), said(n))).collect();
        acuse.world.graph.webhook_for(&all)
    };
    let overhead = many(0).body.len() / 1_000;
    let largest = many(3_000 - overhead - 1);
    assert!((2_990_000..=3_000_000).contains(&largest.body.len()), "{}", largest.body.len());
    assert_eq!(acuse.webhook(&largest).await.unwrap(), 200);
    let contacts = acuse.get("/v1/contacts").await.unwrap();
    let id = contacts["data"][0]["id"].as_str().unwrap().to_owned();
    let said = acuse.get(&format!("/v1/contacts/{id}/messages?limit=100")).await.unwrap();
    assert_eq!(said["data"].as_array().unwrap().len(), 100, "its messages are there");
    assert_eq!(acuse.webhook(&many(3_400)).await.unwrap(), 413);
    acuse.run_jobs(Duration::hours(2)).await.unwrap();
}
