//! The webhook's door: who is let in, and what is kept of what they brought.

use std::time::Duration;

use acuse_fixtures::{
    graph::sign,
    webhooks::{EXAMPLES, SIGNATURE_OF_VECTOR, SIGNATURE_VECTOR},
};
use acuse_tests::stack::{APP_SECRET, Api, VERIFY_TOKEN};

use crate::world::{ALL, World, person};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handshake_signatures_and_every_example() {
    let world = World::new().await;
    let place =
        world.place.clone().with("ACUSE_WHATSAPP_APP_SECRET", &format!("{APP_SECRET},example-secret"));
    let _server = place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&place, ALL).await.unwrap();
    handshake(&api).await;
    signatures(&api).await;
    every_example_is_kept(&api).await;
}

async fn handshake(api: &Api) {
    let ask = |token: &str| {
        let query = format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
        api.request(reqwest::Method::GET, &format!("/webhooks/whatsapp?{query}")).send()
    };
    let right = ask(VERIFY_TOKEN).await.unwrap();
    assert_eq!(right.status(), 200);
    assert_eq!(right.text().await.unwrap(), "1158201444");
    assert_eq!(ask("wrong").await.unwrap().status(), 403);
}

async fn signatures(api: &Api) {
    let before = api.ledger().await.unwrap();
    let vector = SIGNATURE_VECTOR.to_vec();
    // The escaped bytes under the second secret: accepted. The same JSON written again: another body, refused.
    assert_eq!(
        api.webhook(vector.clone(), &format!("sha256={}", SIGNATURE_OF_VECTOR.trim_start_matches("sha256=")))
            .await
            .unwrap(),
        200
    );
    let value: serde_json::Value = serde_json::from_slice(&vector).unwrap();
    let twin = serde_json::to_vec(&value).unwrap();
    assert_ne!(twin, vector);
    assert_eq!(api.webhook(twin, SIGNATURE_OF_VECTOR).await.unwrap(), 401);
    assert_eq!(api.webhook(b"{}".to_vec(), "sha256=00").await.unwrap(), 401);
    assert_eq!(api.webhook(b"{}".to_vec(), "").await.unwrap(), 401);
    // Signed, but nobody understands it: kept, and acknowledged.
    let odd = b"not json at all".to_vec();
    let signature = sign(APP_SECRET, &odd);
    assert_eq!(api.webhook(odd, &signature).await.unwrap(), 200);
    assert_eq!(api.ledger().await.unwrap(), before, "none of these is a document");
}

/// Image, document, video and audio are documents; so is media that Meta itself could not take. The rest is kept
/// without being one.
async fn every_example_is_kept(api: &Api) {
    let before = api.ledger().await.unwrap().received;
    for (name, json) in EXAMPLES {
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        if value.get("entry").is_none() {
            continue;
        }
        for _ in 0..2 {
            let body = json.as_bytes().to_vec();
            let signature = sign(APP_SECRET, &body);
            assert_eq!(api.webhook(body, &signature).await.unwrap(), 200, "{name}");
        }
    }
    let after = api.ledger().await.unwrap().received;
    let media: usize = EXAMPLES
        .iter()
        .map(|(_, json)| {
            // Voice notes and videos are messages, and no documents.
            ["\"image\"", "\"document\""]
                .iter()
                .map(|kind| json.matches(&format!("\"type\": {kind}")).count())
                .sum::<usize>()
                + usize::from(json.contains("131052"))
        })
        .sum();
    assert_eq!(after - before, media as u64, "each media message is one document, though delivered twice");
    let documents = api.list("/v1/documents").await.unwrap();
    assert_eq!(documents.len() as u64, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_message_twenty_times_at_once_is_one_document() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let webhook = world.invoice(&person(1), 71);
    let posts = (0..20).map(|_| {
        let (api, body, signature) = (api.clone(), webhook.body.to_vec(), webhook.signature.clone());
        tokio::spawn(async move { api.webhook(body, &signature).await.unwrap() })
    });
    for post in posts.collect::<Vec<_>>() {
        assert_eq!(post.await.unwrap(), 200);
    }
    let ledger = api.at_rest(1, Duration::from_secs(90)).await.unwrap();
    assert_eq!(ledger.received, 1);
    assert!(world.graph.wait_for_sent(1, Duration::from_secs(20)).await, "the sender hears of it");
    assert_eq!(world.graph.sent().len(), 1, "once");
}
