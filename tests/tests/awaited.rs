//! `Prefer: wait`: the answer to an upload waits until the document is at rest, or until its time is over; and what is waited
//! for is shown as any other look would show it, to a repeated request too.

use std::time::Duration;

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Catalog, CustomerId, DocumentId,
    access::Binding,
    customers::NewCustomer,
    keys::{KeyMade, Scope},
};
use acuse_tests::stack::{Api, Place, wait};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{
    withheld::{OPEN, bill, passport, read},
    world::{ALL, Alone},
};

/// Longest time until what was sent is there.
const PATIENCE: Duration = Duration::from_secs(60);
/// A key that is bound to one customer, and then to another.
const BOUND: &str = "acuse_a-key-that-loses-what-it-reached";

/// A file that is sent and waited for; whether it was waited for.
async fn awaited(api: &Api, name: &str, secs: u32) -> (u16, bool, Value) {
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n{name}\r\n--b--\r\n"
    );
    let request = api.request(Method::POST, "/v1/documents").header("Idempotency-Key", name);
    let request = request.header("Prefer", format!("wait={secs}"));
    let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=b").body(body);
    let answer = request.send().await.unwrap();
    let waited = answer.headers().get("preference-applied").is_some_and(|applied| applied == "wait");
    (answer.status().as_u16(), waited, answer.json().await.unwrap())
}

/// The newest document, once there is one that is not among those of before.
async fn came(api: &Api, before: &[DocumentId]) -> DocumentId {
    wait("a document", PATIENCE, || async {
        let listed = api.get("/v1/documents?limit=1").await?;
        let id: Option<DocumentId> = listed["data"][0]["id"].as_str().and_then(|id| id.parse().ok());
        Ok(id.filter(|id| !before.contains(id)))
    })
    .await
    .unwrap()
}

async fn an_end_is_waited_for(api: &Api, catalog: &Catalog) -> Vec<DocumentId> {
    let asked = tokio::spawn({
        let api = api.clone();
        async move { awaited(&api, "awaited", 60).await }
    });
    let id = came(api, &[]).await;
    read(catalog, id, &bill(41)).await;
    let (status, waited, told) = asked.await.unwrap();
    assert!(status == 201 && waited, "{status} {told}");
    assert_eq!((&told["id"], &told["status"]), (&json!(id), &json!("filed")), "its end: {told}");
    assert_eq!(told["fields"]["merchant_name"]["value"], json!(OPEN), "and what was read: {told}");
    let (status, _, again) = awaited(api, "awaited", 60).await;
    assert_eq!((status, &again["id"]), (200, &json!(id)), "a repeat is answered at once");

    // Nobody reads it: its time is over, and it is as it is.
    let (status, waited, told) = awaited(api, "left", 1).await;
    assert!(status == 201 && waited, "{status} {told}");
    assert_eq!(told["status"], json!("received"), "{told}");
    vec![id, told["id"].as_str().unwrap().parse().unwrap()]
}

/// What was waited for is an ID, for who may not see any.
async fn an_id_is_withheld_from_who_waits(
    place: &Place,
    catalog: &Catalog,
    all: &Api,
    before: &[DocumentId],
) {
    let narrow = Api::connect(place, &["documents:read", "documents:write"]).await.unwrap();
    let asked = tokio::spawn({
        let narrow = narrow.clone();
        async move { awaited(&narrow, "an ID", 60).await }
    });
    let id = came(all, before).await;
    read(catalog, id, &passport(42)).await;
    let (status, _, told) = asked.await.unwrap();
    assert_eq!((status, &told["withheld"]), (201, &json!(true)), "{told}");
    assert!(!told.to_string().contains("ZEEDLEMANN"), "{told}");
    let (status, _, told) = awaited(&narrow, "an ID", 60).await;
    assert!(status == 200 && !told.to_string().contains("ZEEDLEMANN"), "{status} {told}");
}

async fn customer(catalog: &Catalog, name: &str) -> CustomerId {
    let new = NewCustomer { name: name.into(), external_id: Some(name.into()), ..NewCustomer::default() };
    catalog.upsert_customers(&[new]).await.unwrap()[0].id().unwrap()
}

/// A key that sent something and lost its reach since: a repeat of its own request tells it nothing of that any more.
async fn who_lost_reach_waits_for_nothing(all: &Api, catalog: &Catalog) {
    let (hers, others) = (customer(catalog, "hers").await, customer(catalog, "others").await);
    let scopes = [Scope::DocumentsRead, Scope::DocumentsWrite];
    let hash = Sha256::of(BOUND.as_bytes());
    let made = catalog.create_bound_key("bound", &hash, &scopes, &[Binding::Customer(hers)]).await.unwrap();
    let Ok(KeyMade::Made(key)) = made else { panic!("{made:?}") };
    let bound = all.with_key(BOUND);
    let (status, _, sent) = awaited(&bound, "reached", 1).await;
    assert_eq!((status, &sent["customer_id"]), (201, &json!(hers)), "{sent}");
    assert_eq!(awaited(&bound, "reached", 1).await.0, 200, "a repeat, while it is reached");
    catalog.bind_key(key, &[Binding::Customer(others)]).await.unwrap().unwrap();
    let (status, _, told) = awaited(&bound, "reached", 1).await;
    assert_eq!((status, &told["type"]), (404, &json!("urn:acuse:problem:not_found")), "{told}");
    assert!(!told.to_string().contains(sent["id"].as_str().unwrap()), "{told}");
}

async fn ends_are_waited_for(place: &Place, catalog: &Catalog) {
    let _server = place.start("web", &["web"]).unwrap();
    let all = Api::connect(place, ALL).await.unwrap();
    let before = an_end_is_waited_for(&all, catalog).await;
    an_id_is_withheld_from_who_waits(place, catalog, &all, &before).await;
    who_lost_reach_waits_for_nothing(&all, catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_are_waited_for_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    ends_are_waited_for(&alone.place, &alone.catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_are_waited_for_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    ends_are_waited_for(&alone.place, &alone.catalog).await;
}
