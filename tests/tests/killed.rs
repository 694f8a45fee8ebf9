//! Whoever is told of changes and dies at random is told of every one all the same: a follower of the feed that goes on
//! from the cursor it kept, and a receiver of webhooks that is away now and then.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use acuse_pipeline::fields::FieldName;
use acuse_storage::{
    Catalog, DocumentId,
    reviews::{Deciding, Decision, Resolved},
};
use acuse_tests::{
    free_port,
    stack::{Api, Place},
};
use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::runtime::{Builder, Runtime};

use crate::{
    books::{filed, invoice},
    world::{ALL, Alone},
};

const DOCUMENTS: u64 = 100;
const CHANGES: u64 = 50;
/// Longest that all of it may take on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(600);

/// Numbers of no order, from a seed that a failure prints.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// What somebody was told, in order: of which document, which version. The same again is what dying costs.
#[derive(Debug, Default)]
struct Told {
    events: Vec<(DocumentId, i64)>,
    cursor: Option<String>,
    unsigned: usize,
}

impl Told {
    /// Of each document the versions in the order in which they were told first.
    fn by_document(&self) -> BTreeMap<DocumentId, Vec<i64>> {
        let mut all: BTreeMap<DocumentId, Vec<i64>> = BTreeMap::new();
        for (document, version) in &self.events {
            let seen = all.entry(*document).or_default();
            if !seen.contains(version) {
                seen.push(*version);
            }
        }
        all
    }

    fn count(&self) -> u64 {
        self.by_document().values().map(|v| v.len() as u64).sum()
    }
}

type Shared = Arc<Mutex<Told>>;

fn event(value: &Value) -> Option<(DocumentId, i64)> {
    Some((value["document_id"].as_str()?.parse().ok()?, value["version"].as_i64()?))
}

fn is_signed(secret: &str, headers: &HeaderMap, body: &str) -> bool {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let key = BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    header("webhook-signature") == format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

/// A process of its own, as far as dying goes: with it die all its tasks, wherever they are.
struct Life(Option<Runtime>);

impl Life {
    fn of(work: impl Future<Output = ()> + Send + 'static) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(work);
        Self(Some(runtime))
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn receiver(port: u16, secret: String, told: Shared) -> Life {
    let take = move |headers: HeaderMap, body: String| {
        let (secret, told) = (secret.clone(), told.clone());
        async move {
            {
                let mut told = told.lock().unwrap();
                told.unsigned += usize::from(!is_signed(&secret, &headers, &body));
                let body: Value = serde_json::from_str(&body).unwrap();
                told.events.extend(event(&body["data"]));
            }
            // It may die here, with the event taken and no answer given.
            tokio::time::sleep(Duration::from_millis(2)).await;
            StatusCode::NO_CONTENT
        }
    };
    Life::of(async move {
        let listener = loop {
            match tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        axum::serve(listener, Router::new().route("/hook", post(take))).await.unwrap();
    })
}

fn follower(api: Api, told: Shared) -> Life {
    Life::of(async move {
        loop {
            let cursor = told.lock().unwrap().cursor.clone().unwrap();
            let path = format!("/v1/events?after={cursor}&wait=1&limit=50");
            let Ok(page) = api.get(&path).await else { continue };
            let events: Vec<_> = page["data"].as_array().unwrap().iter().filter_map(event).collect();
            told.lock().unwrap().events.extend(events);
            // It may die here, with the events dealt with and the cursor not yet kept.
            tokio::time::sleep(Duration::from_millis(5)).await;
            told.lock().unwrap().cursor = Some(page["next"].as_str().unwrap().to_owned());
        }
    })
}

/// 5,000 corrections, one after the other, in an order in which documents alternate.
async fn change(catalog: Catalog, documents: Vec<DocumentId>) {
    for round in 0..CHANGES {
        for (n, id) in (0..).zip(&documents) {
            let mut facts = invoice(n + 1, "Proveedor", "2021-03-01", "invoice", "9.99");
            let total = format!("{}.{round:02}", n + 10);
            facts.fields.get_mut(&FieldName::Total).unwrap().value = total.as_str().into();
            let correct = Decision::Correct { kind: None, fields: facts.fields, customer_id: None };
            let by = Deciding { who: "ana", sees_ids: true, ..Deciding::default() };
            let done = catalog.amend(*id, &by, &correct).await.unwrap();
            assert!(matches!(done, Resolved::Done(_)), "{done:?}");
        }
    }
}

async fn nobody_misses_a_change(place: &Place, catalog: &Catalog) {
    let place = place.clone().with("ACUSE_OUTGOING_NETWORKS", "127.0.0.0/8");
    let _web = place.start("web", &["web"]).unwrap();
    let api = Api::connect(&place, ALL).await.unwrap();
    let mut documents = Vec::new();
    for n in 0..DOCUMENTS {
        let facts = invoice(n + 1, "Proveedor", "2021-03-01", "invoice", "9.99");
        documents.push(filed(catalog, &api, &facts).await);
    }
    let port = free_port().unwrap();
    let endpoint = json!({ "url": format!("http://127.0.0.1:{port}/hook") });
    let made = api.request(Method::POST, "/v1/webhook-endpoints").json(&endpoint).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let secret = made["secret"].as_str().unwrap().to_owned();
    let head = api.get("/v1/events?after=head").await.unwrap()["next"].as_str().unwrap().to_owned();
    let _work = place.start("work", &["work"]).unwrap();

    let (received, followed) = (Shared::default(), Shared::default());
    followed.lock().unwrap().cursor = Some(head);
    let seed = u64::from_le_bytes(uuid::Uuid::now_v7().as_bytes()[8..].try_into().unwrap()) | 1;
    let mut chance = Chance(seed);
    let changes = tokio::spawn(change(catalog.clone(), documents.clone()));
    let mut lives =
        (receiver(port, secret.clone(), received.clone()), follower(api.clone(), followed.clone()));
    let (since, all) = (Instant::now(), DOCUMENTS * CHANGES);
    let mut deaths = 0;
    let counts = || [&received, &followed].map(|told| told.lock().unwrap().count());
    while counts() != [all; 2] {
        assert!(since.elapsed() < PATIENCE, "seed {seed}: {:?} of {all} after {deaths} deaths", counts());
        tokio::time::sleep(Duration::from_millis(100 + chance.below(900))).await;
        // Once all is said, both live: what is left comes by itself.
        if changes.is_finished() {
            continue;
        }
        deaths += 1;
        if chance.below(2) == 0 {
            drop(lives.0);
            tokio::time::sleep(Duration::from_millis(chance.below(300))).await;
            lives.0 = receiver(port, secret.clone(), received.clone());
        } else {
            drop(lives.1);
            lives.1 = follower(api.clone(), followed.clone());
        }
    }
    changes.await.unwrap();
    for (who, told) in [("receiver", &received), ("follower", &followed)] {
        let told = told.lock().unwrap();
        assert_eq!(told.unsigned, 0, "{who}, seed {seed}");
        for (document, versions) in told.by_document() {
            assert!(versions.is_sorted(), "{who}, seed {seed}: {document} in the order {versions:?}");
            assert_eq!(versions.len() as u64, CHANGES, "{who}, seed {seed}: {document}");
        }
    }
    assert!(deaths > 5, "seed {seed}: nobody died in time to prove anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_misses_a_change_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    nobody_misses_a_change(&alone.place, &alone.catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_misses_a_change_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    nobody_misses_a_change(&alone.place, &alone.catalog).await;
}
