//! What an operator leans on: one trace a document, an API that is what its description says, a stop that loses
//! nothing.

use std::time::{Duration, Instant};

use acuse_tests::{
    collector::Collector,
    stack::{Api, wait},
};
use serde_json::Value;

use crate::world::{ALL, World, documents, person, post};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_from_webhook_to_reply() {
    let mut world = World::new().await;
    let collector = Collector::start().await.unwrap();
    world.place = world.place.with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url);
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    post(&api, &world.invoice(&person(1), 301)).await;
    api.at_rest(1, Duration::from_secs(90)).await.unwrap();
    assert!(world.graph.wait_for_sent(1, Duration::from_secs(30)).await);
    let id: uuid::Uuid = documents(&api).await[0]["id"].as_str().unwrap().parse().unwrap();
    let expected = ["received", "job", "reply"];
    let names = wait("the spans", Duration::from_secs(60), || async {
        let names = collector.names_in_trace(id.as_bytes(), &expected);
        // The webhook, three stages and the reply.
        Ok((names.len() == expected.len() && collector.count(id.as_bytes()) >= 5).then_some(names))
    })
    .await
    .unwrap();
    assert_eq!(names, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_the_api_and_a_stop_loses_nothing() {
    let world = World::new().await;
    let mut server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    every_described_address_answers(&api).await;
    for n in 0..6 {
        post(&api, &world.invoice(&person(n), 310 + u64::from(n))).await;
    }
    // In the middle of six documents: what is in hand is finished or handed back.
    let status = server.stop(Duration::from_secs(60)).unwrap();
    assert!(status.success(), "{status}: {}", world.place.log("serve"));
    let _again = world.place.start("serve-again", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let ledger = api.at_rest(6, Duration::from_secs(180)).await.unwrap();
    assert_eq!(ledger.received, 6);
    assert_eq!(documents(&api).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_server_that_has_ended() {
    let world = World::new().await;
    let place = world.place.clone().with("ACUSE_UNDO_SECS", "3601");
    let asked = Instant::now();
    let _server = place.start("serve", &["serve"]).unwrap();
    let ended = Api::connect(&place, &[]).await.unwrap_err().to_string();
    assert!(ended.contains("serve has ended") && ended.contains("ACUSE_UNDO_SECS"), "{ended}");
    assert!(asked.elapsed() < Duration::from_secs(60), "{:?}", asked.elapsed());
    // It comes up again, and is waited for.
    let _again = world.place.start("again", &["serve"]).unwrap();
    Api::connect(&world.place, ALL).await.unwrap();
}

/// Each path and method of `/openapi.json` is there (a stranger is refused, not lost), and nothing that DESIGN names is
/// missing from it.
async fn every_described_address_answers(api: &Api) {
    let described = api.get("/openapi.json").await.unwrap();
    let paths = described["paths"].as_object().unwrap();
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys().filter(|m| *m != "parameters") {
            let verb: reqwest::Method = method.to_uppercase().parse().unwrap();
            let address =
                path.replace("{id}", "0197f1c2-0000-7000-8000-000000000000").replace("{ref}", "C-1");
            let address = address.replace("{name}", "not_found");
            let answer = api.without_key(verb, &address).send().await.unwrap();
            let status = answer.status().as_u16();
            let probes = ["/openapi.json", "/healthz", "/readyz", "/metrics"];
            let pages = ["/docs", "/problems", "/problems/{name}"];
            let open = probes.iter().chain(&pages).any(|p| p == path);
            match path.as_str() {
                "/webhooks/whatsapp" => assert!([401, 403].contains(&status), "{method} {path}: {status}"),
                "/v1/links/{link}" => assert_eq!(status, 404, "{method} {path}: no link of ours"),
                _ if open => assert_eq!(status, 200, "{method} {path}"),
                _ => {
                    assert_eq!(status, 401, "{method} {path}");
                    let problem: Value = answer.json().await.unwrap();
                    assert!(
                        problem["type"].is_string() && problem["title"].is_string(),
                        "RFC 9457: {problem}"
                    );
                }
            }
        }
    }
    for path in [
        "/v1/documents",
        "/v1/documents/{id}/content",
        "/v1/documents/{id}/timeline",
        "/v1/reviews/{id}/resolve",
        "/v1/customers",
        "/v1/ledger",
        "/v1/events",
    ] {
        assert!(paths.contains_key(path), "{path} is not described");
    }
}
