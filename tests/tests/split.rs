//! A file that holds several documents, parted by a person: each is read, answered and counted for itself.

use std::time::Duration;

use acuse_fixtures::{Country, Form, Kind, Spec, Template, generate, graph::Sender, together};
use acuse_tests::stack::Api;
use serde_json::{Value, json};

use crate::world::{ALL, World, documents, person, post};

/// Two invoices that have nothing in common, one page each.
fn invoices() -> [(u64, Spec); 2] {
    let spec = Spec::new(Kind::Invoice, Country::Es, Form::PdfText);
    [(501, spec), (502, spec)]
}

async fn resolve(api: &Api, review: &Value, body: Value) -> (u16, Value) {
    let path = format!("/v1/reviews/{}/resolve", review["id"].as_str().unwrap());
    let answer = api.request(reqwest::Method::POST, &path).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Of an attachment nobody knows which invoice it goes with, so the reader is not sure of the parts.
fn unsure() -> Vec<u8> {
    together::pages_with_attachment(&invoices()).bytes
}

fn send(world: &World, sender: &Sender) -> acuse_fixtures::graph::SignedWebhook {
    world.file(sender, unsure(), "application/pdf", "scan.pdf")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_plain_documents_parts_by_itself() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let file = together::pages(&invoices()).bytes;
    post(&api, &world.file(&person(1), file, "application/pdf", "scan.pdf")).await;
    let ledger = api.at_rest(2, Duration::from_secs(90)).await.unwrap();
    assert!(ledger.received == 2 && ledger.balanced, "{ledger:?}");
    let mut all = documents(&api).await;
    all.sort_by_key(|d| d["part"]["first_page"].as_u64());
    for (document, (seed, spec)) in all.iter().zip(invoices()) {
        let truth = generate(seed, &spec).truth.fields;
        for field in ["number", "total"] {
            assert_eq!(document["fields"][field]["value"], truth[field].as_str(), "{document:#}");
        }
    }
    assert_eq!(all[1]["part_of"], all[0]["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_parts_a_file_and_each_document_goes_its_road() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    post(&api, &send(&world, &person(1))).await;
    let ledger = api.at_rest(1, Duration::from_secs(90)).await.unwrap();
    assert_eq!((ledger.received, ledger.in_review), (1, 1), "the reader is not so sure: {ledger:?}");
    let review = api.list("/v1/reviews").await.unwrap().remove(0);
    assert!(review["reasons"].to_string().contains("multiple_documents"), "{review:#}");
    assert_eq!((&review["document"]["part"], &review["document"]["part_of"]), (&Value::Null, &Value::Null));
    let id = review["document_id"].as_str().unwrap().to_owned();
    what_is_no_split_is_refused(&api, &review).await;

    let parts = json!([{ "first_page": 1, "last_page": 1 }, { "first_page": 2 }]);
    let version = review["document"]["version"].as_i64().unwrap();
    let stale = json!({ "decision": "split", "parts": parts, "version": version - 1 });
    assert_eq!(resolve(&api, &review, stale).await.0, 409);
    let decision = json!({ "decision": "split", "parts": parts, "version": version, "note": "two bills" });
    let (status, done) = resolve(&api, &review, decision.clone()).await;
    assert_eq!((status, done["status"].as_str()), (200, Some("processing")), "{done}");
    assert_eq!(resolve(&api, &review, decision).await.0, 409, "a decision is made once");
    let ids: Vec<String> = serde_json::from_value(done["documents"].clone()).unwrap();
    assert_eq!((ids.len(), &ids[0]), (2, &id));

    let ledger = api.at_rest(2, Duration::from_secs(90)).await.unwrap();
    assert_eq!((ledger.received, ledger.duplicate), (2, 0), "{ledger:?}");
    for (n, (id, (seed, spec))) in ids.iter().zip(invoices()).enumerate() {
        let document = api.get(&format!("/v1/documents/{id}")).await.unwrap();
        let truth = generate(seed, &spec).truth.fields;
        for field in ["number", "total"] {
            assert_eq!(document["fields"][field]["value"], truth[field].as_str(), "{document:#}");
        }
        assert_eq!(document["part"], json!({ "first_page": n + 1, "last_page": n + 1 }));
        assert_eq!(document["part_of"].as_str(), (n > 0).then_some(ids[0].as_str()));
        assert_eq!(document["pages"], 1);
        the_content_is_its_own(&api, id).await;
    }
    let timeline = api.get(&format!("/v1/documents/{}/timeline", ids[1])).await.unwrap().to_string();
    assert!(timeline.contains("\"split\"") && timeline.contains(&ids[0]), "{timeline}");
    let events = api.get("/v1/events?limit=200").await.unwrap();
    assert!(
        events["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["kind"] == "document.split" && e["document_id"] == ids[0].as_str())
    );

    // A known sender's are filed, and told one by one; here both wait, and one message was enough for that.
    assert!(world.graph.wait_for_sent(1, Duration::from_secs(30)).await);
    for id in &ids {
        let waits = api.list("/v1/reviews").await.unwrap();
        let review = waits.into_iter().find(|r| r["document_id"] == id.as_str()).expect("waits");
        assert_eq!(resolve(&api, &review, json!({ "decision": "approve" })).await.0, 200);
    }
    assert!(world.graph.wait_for_sent(3, Duration::from_secs(30)).await, "{:?}", world.graph.sent());
    assert_eq!(world.graph.sent().len(), 3, "that someone looks, and two that are filed");

    // The same file from the same sender is its first document; from another, a person looks at both.
    post(&api, &send(&world, &person(1))).await;
    let ledger = api.at_rest(3, Duration::from_secs(60)).await.unwrap();
    assert_eq!((ledger.filed, ledger.duplicate), (2, 1), "{ledger:?}");
    let again = documents(&api).await.into_iter().find(|d| d["duplicate_of"].is_string()).unwrap();
    assert_eq!(again["duplicate_of"], ids[0].as_str(), "the file is its first document");
    post(&api, &send(&world, &person(2))).await;
    let ledger = api.at_rest(4, Duration::from_secs(60)).await.unwrap();
    assert_eq!((ledger.filed, ledger.duplicate, ledger.in_review), (2, 1, 1), "{ledger:?}");
    let waits = documents(&api).await.into_iter().find(|d| d["status"] == "in_review").unwrap();
    assert!(
        waits["reasons"].as_array().unwrap().iter().any(|r| r["code"] == "possible_duplicate"),
        "{waits:#}"
    );
}

async fn what_is_no_split_is_refused(api: &Api, review: &Value) {
    let halves = json!([{ "first_page": 1, "box": [0.0, 0.0, 0.5, 1.0] }, { "first_page": 2 }]);
    for (body, says) in [
        (json!({}), "say which"),
        (json!({ "parts": [{ "first_page": 1 }] }), "from 2 to 50"),
        (json!({ "parts": [{ "first_page": 1 }, { "first_page": 3 }] }), "page 3"),
        (
            json!({ "parts": [{ "first_page": 1, "last_page": 2 }, { "first_page": 2 }] }),
            "more than one part",
        ),
        (json!({ "parts": [{ "first_page": 0 }, { "first_page": 2 }] }), "first_page from 1"),
        (
            json!({ "parts": [{ "first_page": 1 }, { "first_page": 2 }], "kind": "invoice" }),
            "only which parts",
        ),
        (
            json!({ "parts": [{ "first_page": 1, "box": [0.5, 0.0, 0.4, 1.0] }, { "first_page": 2 }] }),
            "four fractions",
        ),
        (json!({ "decision": "approve", "parts": halves }), "only with the decision split"),
    ] {
        let mut body = body;
        if body.get("decision").is_none() {
            body["decision"] = json!("split");
        }
        let (status, problem) = resolve(api, review, body.clone()).await;
        assert_eq!(status, 422, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{body}: {problem}");
    }
    assert_eq!(api.ledger().await.unwrap().in_review, 1, "it waits as it did");
}

/// The original is the whole file as it was sent; the pages are those of the part.
async fn the_content_is_its_own(api: &Api, id: &str) {
    let content = async |query: &str| {
        let path = format!("/v1/documents/{id}/content?{query}");
        let answer = api.request(reqwest::Method::GET, &path).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap())
    };
    let (status, bytes) = content("variant=original").await;
    assert!(status == 200 && bytes == unsure(), "the file as it was sent");
    assert_eq!(content("variant=normalized&page=1").await.0, 200);
    assert_eq!(content("variant=normalized&page=2").await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_page_that_was_read_as_one_is_cut_where_a_person_says() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    post(&api, &world.invoice(&person(1), 503)).await;
    post(&api, &world.file(&person(2), b"OggS not really".to_vec(), "audio/ogg", "note.ogg")).await;
    assert_eq!(api.at_rest(2, Duration::from_secs(90)).await.unwrap().in_review, 2);
    let halves = json!([{ "first_page": 1, "box": [0.0, 0.0, 1.0, 0.5] }, { "first_page": 1, "box": [0.0, 0.5, 1.0, 1.0] }]);
    for review in api.list("/v1/reviews").await.unwrap() {
        let split = json!({ "decision": "split", "parts": halves });
        let (status, answer) = resolve(&api, &review, split).await;
        if review.to_string().contains("unsupported_type") {
            assert_eq!(status, 422, "{answer}");
            assert!(answer["detail"].as_str().unwrap().contains("not opened"), "{answer}");
        } else {
            assert_eq!((status, answer["documents"].as_array().map(Vec::len)), (200, Some(2)), "{answer}");
        }
    }
    api.at_rest(3, Duration::from_secs(90)).await.unwrap();
    let boxes = documents(&api).await.into_iter().filter(|d| d["part"]["box"].is_array());
    assert_eq!(boxes.count(), 2, "the page is shown as it came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_see_ids_may_not_have_a_file_that_holds_one() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let narrow = Api::connect(&world.place, &["documents:read"]).await.unwrap();
    let id = Spec::new(Kind::Id, Country::Es, Form::PdfText).with(Template::Passport);
    let file = together::pages_with_attachment(&[invoices()[0], (504, id)]).bytes;
    post(&api, &world.file(&person(1), file, "application/pdf", "scan.pdf")).await;
    api.at_rest(1, Duration::from_secs(90)).await.unwrap();
    let review = api.list("/v1/reviews").await.unwrap().remove(0);
    assert!(review["reasons"].to_string().contains("multiple_documents"), "{review:#}");
    assert_eq!(review["document"]["kind"], "id", "as long as it is one file it is as secret as its ID");
    let parts = json!([{ "first_page": 1 }, { "first_page": 2 }]);
    assert_eq!(resolve(&api, &review, json!({ "decision": "split", "parts": parts })).await.0, 200);
    api.at_rest(2, Duration::from_secs(90)).await.unwrap();
    let all = documents(&api).await;
    let invoice = all.iter().find(|d| d["kind"] == "invoice").expect("its own page");
    assert!(all.iter().any(|d| d["kind"] == "id"), "{all:#?}");
    let seen = narrow.get(&format!("/v1/documents/{}", invoice["id"].as_str().unwrap())).await.unwrap();
    assert!(seen["filename"].is_null(), "said of the file, not of the invoice: {seen:#}");
    assert_eq!(narrow.list("/v1/documents?q=scan.pdf").await.unwrap(), Vec::<Value>::new());
    let path =
        |variant| format!("/v1/documents/{}/content?variant={variant}", invoice["id"].as_str().unwrap());
    for (api, variant, status) in
        [(&narrow, "normalized", 403), (&narrow, "original", 403), (&api, "original", 200)]
    {
        let answer = api.request(reqwest::Method::GET, &path(variant)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{variant}");
    }
}
