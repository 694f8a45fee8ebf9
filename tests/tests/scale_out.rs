//! Many processes over PostgreSQL and MinIO: they share the work, and one that dies loses nothing.

use std::time::Duration;

use acuse_tests::{
    minio::Minio,
    postgres::Postgres,
    stack::{Api, wait},
};

use crate::world::{ALL, World, documents, person, post};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_workers_one_killed() {
    let Some(postgres) = Postgres::start().unwrap() else { return };
    let Some(minio) = Minio::start().unwrap() else { return };
    let mut world = World::new().await;
    world.place = world
        .place
        .scaled_out(&postgres.url("acuse"), &minio.endpoint(), "acuse-scale-out")
        .with("ACUSE_READ_CONCURRENCY", "1");
    let count: u32 = std::env::var("ACUSE_CHAOS_DOCUMENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    world.place.run(&["migrate"]).unwrap();
    let _web = world.place.start("web", &["web"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let mut doomed = world.place.start("work-1", &["work"]).unwrap();
    let probes = acuse_tests::free_port().unwrap();
    let second = world.place.clone().with("ACUSE_WORK_LISTEN", &format!("127.0.0.1:{probes}"));
    let _second = second.start("work-2", &["work"]).unwrap();
    let _third = world.place.start("work-3", &["work"]).unwrap();
    for n in 0..count {
        post(&api, &world.invoice(&person(n % 7), 2000 + u64::from(n))).await;
    }
    wait("the middle", Duration::from_secs(300), || async {
        let ledger = api.ledger().await?;
        Ok((ledger.processing <= u64::from(count) * 2 / 3).then_some(()))
    })
    .await
    .unwrap();
    doomed.kill_9().unwrap();
    a_worker_answers_probes(probes).await;
    let ledger = api.at_rest(u64::from(count), Duration::from_secs(600)).await.unwrap();
    assert_eq!(ledger.received, u64::from(count));
    assert_eq!(documents(&api).await.len() as u32, count);
    assert!(world.graph.sent().len() <= count as usize, "nobody hears twice");
}

/// And nothing else.
async fn a_worker_answers_probes(port: u16) {
    let ask = |path: &'static str| reqwest::get(format!("http://127.0.0.1:{port}{path}"));
    for path in ["/healthz", "/readyz"] {
        assert_eq!(ask(path).await.unwrap().status(), 200, "{path}");
    }
    let metrics = ask("/metrics").await.unwrap().text().await.unwrap();
    assert!(metrics.contains("acuse_queue_depth"), "{metrics}");
    assert_eq!(ask("/v1/documents").await.unwrap().status(), 404);
}
