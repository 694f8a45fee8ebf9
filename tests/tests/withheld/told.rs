//! What endpoints of webhooks are told, read where it arrives: of what is withheld from its key an endpoint hears that it
//! changed, and nothing that it says; of what does not exist for its key, nothing at all.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use acuse_storage::{Catalog, keys::Scope};
use acuse_tests::stack::{Api, Place, wait};
use axum::{
    Router,
    http::{StatusCode, Uri},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{bill, bound_to, clean, passport, read, sent};
use crate::world::{ALL, Alone};

/// The key of an endpoint that is bound to one customer, and may see IDs.
const BOUND_KEY: &str = "acuse_a-key-of-an-endpoint-bound-to-one-customer";
/// Longest time until what changed is told.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came to each address.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Vec<(String, String)>>>);

impl Receiver {
    /// Takes whatever comes; where it listens.
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let came = self.clone();
        let router = Router::new().fallback(move |uri: Uri, body: String| {
            came.0.lock().unwrap().push((uri.path().trim_start_matches('/').to_owned(), body));
            std::future::ready(StatusCode::OK)
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        base
    }

    fn told(&self, who: &str) -> Vec<Value> {
        let all = self.0.lock().unwrap();
        let theirs = all.iter().filter(|(to, _)| to == who);
        theirs.map(|(_, body)| serde_json::from_str(body).unwrap()).collect()
    }

    /// Waits until somebody is told of such an event.
    async fn hears(&self, who: &str, kind: &str, about: (&str, &Value)) {
        let is_it = |told: &Value| told["type"] == kind && told["data"][about.0] == *about.1;
        let what = format!("{kind} at {who}");
        wait(&what, PATIENCE, || async { Ok(self.told(who).iter().any(is_it).then_some(())) }).await.unwrap();
    }
}

async fn customer(api: &Api, external: &str, name: &str) -> Value {
    let path = format!("/v1/customers/by-external-id/{external}");
    let made = api.request(Method::PUT, &path).json(&json!({ "name": name })).send().await.unwrap();
    let mut made: Value = made.json().await.unwrap();
    made["id"].take()
}

async fn receivers_are_told_what_their_keys_may_know(place: &Place, catalog: &Catalog) {
    let place = place.clone().with("ACUSE_OUTGOING_NETWORKS", "127.0.0.0/8");
    let _web = place.start("web", &["web"]).unwrap();
    let all = Api::connect(&place, ALL).await.unwrap();
    let narrow = Api::connect(&place, &["documents:read"]).await.unwrap();
    let mine = customer(&all, "mine", "Ana").await;
    let to = mine.as_str().unwrap().parse().unwrap();
    bound_to(catalog, ("endpoint", BOUND_KEY), &[Scope::DocumentsRead, Scope::IdsRead], to).await;
    let receiver = Receiver::default();
    let base = receiver.start().await;
    for (who, api) in [("sees", &all), ("narrow", &narrow), ("bound", &all.with_key(BOUND_KEY))] {
        let endpoint = json!({ "url": format!("{base}/{who}") });
        let made = api.request(Method::POST, "/v1/webhook-endpoints").json(&endpoint).send().await.unwrap();
        assert_eq!(made.status(), 201, "{who}");
    }
    let (secret, open) = (sent(&all, "secret").await, sent(&all, "open").await);
    read(catalog, secret, &passport(51)).await;
    read(catalog, open, &bill(52)).await;
    let fields = json!({ "surname": "ZEEDLEMANN DOS" });
    let change = json!({ "fields": fields, "note": "ZEEDLEMANN of QUILLON", "because": "it is hers" });
    let path = format!("/v1/documents/{secret}");
    let changed =
        all.request(Method::PATCH, &path).header("If-Match", "*").json(&change).send().await.unwrap();
    assert_eq!(changed.status(), 200);
    customer(&all, "mine", "Ana Ruiz").await;

    let _work = place.start("work", &["work"]).unwrap();
    for who in ["sees", "narrow"] {
        receiver.hears(who, "document.amended", ("document_id", &json!(secret))).await;
        receiver.hears(who, "document.filed", ("document_id", &json!(open))).await;
    }
    receiver.hears("bound", "customer.updated", ("customer_id", &mine)).await;
    let text = |who: &str| Value::from(receiver.told(who)).to_string();
    assert!(text("sees").contains("ZEEDLEMANN"), "the test can fail: {}", text("sees"));
    for who in ["narrow", "bound"] {
        clean(&text(who), who);
    }
    let theirs = text("bound");
    for other in [secret, open] {
        assert!(!theirs.contains(&other.to_string()), "nor that there is another's: {theirs}");
    }
    assert!(receiver.told("bound").iter().all(|told| told["data"]["customer_id"] == mine), "{theirs}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receivers_are_told_what_their_keys_may_know_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    receivers_are_told_what_their_keys_may_know(&alone.place, &alone.catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receivers_are_told_what_their_keys_may_know_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    receivers_are_told_what_their_keys_may_know(&alone.place, &alone.catalog).await;
}
