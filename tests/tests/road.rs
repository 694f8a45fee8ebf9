//! The whole road, as one process: documents go in as webhooks, and each is filed, in review or a duplicate.

use std::time::Duration;

use acuse_fixtures::{
    Country, Form, Kind, Spec, demo_customers_csv, demo_set, generate,
    graph::{Fault, Inbound, MediaType, Point, Said},
    hostile,
};
use acuse_tests::stack::Api;
use serde_json::{Value, json};

use crate::world::{ALL, World, documents, person, post};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_trouble_is_retried_or_told() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();

    // Gone for good: a person must know, and so must the sender.
    let gone = world.graph.upload_media(b"x".to_vec(), "image/jpeg");
    world.graph.forget_media(&gone);
    post(&api, &world.graph.webhook_for(&[Inbound::media(person(1), &gone, "image/jpeg", None)])).await;
    // Meta could not take it: no id at all.
    post(
        &api,
        &world.graph.webhook_for(&[Inbound::new(person(2), Said::MediaFailed(Some(MediaType::Image)))]),
    )
    .await;
    // The world fails twice, then works: nobody needs to know.
    let webhook = world.invoice(&person(3), 72);
    world.graph.fail(Point::Lookup, None, Fault::unavailable(), 2);
    post(&api, &webhook).await;
    // A voice note is a document too: nobody can read it, so a person hears it.
    post(&api, &world.file(&person(4), b"OggS not really".to_vec(), "audio/ogg", "note.ogg")).await;

    let ledger = api.at_rest(4, Duration::from_secs(120)).await.unwrap();
    assert_eq!(ledger.received, 4);
    let reviews = api.list("/v1/reviews").await.unwrap();
    let unavailable = reviews.iter().filter(|r| r.to_string().contains("media_unavailable")).count();
    assert_eq!(unavailable, 2, "{reviews:#?}");
    assert!(
        world.graph.wait_for_sent(4, Duration::from_secs(30)).await,
        "every sender hears: {:?}",
        world.graph.sent()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_token_pauses_the_channel_and_burns_nothing() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    world.graph.fail(Point::Lookup, None, Fault::token_expired(), 1);
    world.graph.fail(Point::Probe, None, Fault::token_expired(), 1000);
    post(&api, &world.invoice(&person(1), 73)).await;
    acuse_tests::stack::wait("/readyz to say so", Duration::from_secs(30), || async {
        let answer = api.request(reqwest::Method::GET, "/readyz").send().await?;
        // Still 200: webhooks must come in, or they would be lost while the token is mended.
        let (status, text) = (answer.status(), answer.text().await?);
        Ok((status == 200 && text.contains("paused")).then_some(()))
    })
    .await
    .unwrap();
    let waiting = api.ledger().await.unwrap();
    assert_eq!((waiting.received, waiting.processing), (1, 1), "it waits, it is not given up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_files_end_in_review_with_the_true_reason() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let files = hostile();
    for (n, file) in (0_u32..).zip(&files) {
        let name = format!("{n:02}-{}", file.name);
        post(&api, &world.file(&person(n), file.bytes.clone(), &file.declared_type, &name)).await;
    }
    let count = files.len() as u64;
    let ledger = api.at_rest(count, Duration::from_secs(240)).await.unwrap();
    assert_eq!(ledger.received, count);
    let documents = documents(&api).await;
    let mut wrong = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let name = format!("{n:02}-{}", file.name);
        let document = documents.iter().find(|d| d.to_string().contains(&name));
        let Some(document) = document else { panic!("{name} is not in the list") };
        // The same bytes under two names: the second is linked to the first.
        if document["duplicate_of"].is_string() {
            continue;
        }
        let told = document.to_string();
        if !file.expected_reasons.is_empty() && !file.expected_reasons.iter().any(|r| told.contains(r)) {
            wrong.push(format!("{name}: expected {:?}: {told}", file.expected_reasons));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bill_in_other_bytes_is_a_duplicate_of_its_sender_alone() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let bill = generate(77, &Spec::new(Kind::Invoice, Country::Es, Form::PdfText));
    // A comment behind its end: other bytes, the same paper.
    let copy = |n: u32| [bill.bytes.clone(), format!("\n% {n}\n").into_bytes()].concat();
    let send = |who: u32, n: u32| world.file(&person(who), copy(n), &bill.media_type, &format!("{n}.pdf"));
    post(&api, &send(1, 1)).await;
    api.at_rest(1, Duration::from_secs(60)).await.unwrap();
    post(&api, &send(1, 2)).await;
    let ledger = api.at_rest(2, Duration::from_secs(60)).await.unwrap();
    assert_eq!(ledger.duplicate, 1, "{ledger:?}");
    post(&api, &send(2, 3)).await;
    post(&api, &world.invoice(&person(1), 78)).await;
    let ledger = api.at_rest(4, Duration::from_secs(60)).await.unwrap();
    assert_eq!(ledger.duplicate, 1, "another sender's and another bill are none: {ledger:?}");
    let documents = documents(&api).await;
    let twice: Vec<&Value> =
        documents.iter().filter(|d| d["reasons"].to_string().contains("possible_duplicate")).collect();
    assert_eq!(twice.len(), 1, "{documents:#?}");
    assert!(twice[0].to_string().contains("3.pdf"), "{documents:#?}");
    assert!(world.graph.wait_for_sent(4, Duration::from_secs(30)).await, "every sender hears");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_set_is_accounted_for() {
    let world = World::new().await;
    let customers = world.folder.path().join("customers.csv");
    std::fs::write(&customers, demo_customers_csv()).unwrap();
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    world.place.run(&["customers", "import", customers.to_str().unwrap()]).unwrap();
    let set = demo_set();
    for item in &set {
        let sender = acuse_fixtures::graph::Sender::phone(item.sender.wa_id, item.sender.name);
        post(&api, &world.file(&sender, item.bytes.clone(), &item.media_type, &item.filename)).await;
    }
    let sent: usize = set.iter().map(|item| item.documents).sum();
    let ledger = api.at_rest(sent as u64, Duration::from_secs(600)).await.unwrap();
    assert_eq!(ledger.received, sent as u64, "files of several documents part by themselves");
    assert_eq!(ledger.duplicate, 1);
    assert!(ledger.filed > 0, "{ledger:?}");
    assert!(
        world.graph.wait_for_sent(set.len(), Duration::from_secs(60)).await,
        "every sender hears of every document"
    );
    the_desk_decides(&api).await;
    ids_need_their_scope(&world, &api).await;
}

/// A reviewer takes a document; another cannot; the decision files it.
async fn the_desk_decides(api: &Api) {
    let reviews = api.list("/v1/reviews").await.unwrap();
    let review = reviews.first().expect("something waits");
    let id = review["id"].as_str().unwrap();
    let act = |verb: &'static str, body: Value| {
        api.request(reqwest::Method::POST, &format!("/v1/reviews/{id}/{verb}")).json(&body).send()
    };
    assert!(act("claim", json!({})).await.unwrap().status().is_success());
    let before = api.ledger().await.unwrap();
    let done = act("resolve", json!({ "decision": "reject", "note": "not ours" })).await.unwrap();
    let (status, text) = (done.status(), done.text().await.unwrap());
    assert!(status.is_success(), "{status} {text}");
    let again = act("resolve", json!({ "decision": "approve" })).await.unwrap();
    assert_eq!(again.status(), 409, "a decision is made once");
    let after = api.ledger().await.unwrap();
    assert_eq!(after.rejected, before.rejected + 1);
}

/// Without `ids:read` an ID's picture and fields are withheld.
async fn ids_need_their_scope(world: &World, api: &Api) {
    let ids = api.list("/v1/documents?kind=id").await.unwrap();
    let id =
        ids.iter().find(|d| d["fields"].as_object().is_some_and(|f| !f.is_empty())).expect("an ID was read");
    let id = id["id"].as_str().unwrap();
    let narrow = Api::connect(&world.place, &["documents:read"]).await.unwrap();
    let shown = narrow.get(&format!("/v1/documents/{id}")).await.unwrap();
    assert!(shown["fields"].as_object().is_none_or(serde_json::Map::is_empty), "{shown}");
    let content = |api: &Api| {
        api.request(reqwest::Method::GET, &format!("/v1/documents/{id}/content?variant=thumbnail")).send()
    };
    assert_eq!(content(&narrow).await.unwrap().status(), 403);
    let wide = content(api).await.unwrap();
    assert_eq!(wide.status(), 200);
    assert_eq!(wide.headers()["x-content-type-options"], "nosniff");
}
