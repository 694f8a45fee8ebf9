//! What a sender hears, and whose a document is: the cases in which nothing was said, or what was not so.

use std::time::Duration;

use acuse_fixtures::{
    Country, Form, Kind, Spec, generate,
    graph::{Inbound, Said, Sender, SentMessage},
};
use acuse_tests::stack::Api;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{ALL, World, documents, person, post};

const PATIENCE: Duration = Duration::from_secs(90);

/// What was told to `sender`, oldest first.
fn told(world: &World, sender: &Sender) -> Vec<String> {
    let his =
        |m: &SentMessage| m.to.as_deref().map(|to| to.trim_start_matches('+')) == sender.wa_id.as_deref();
    world.graph.sent().into_iter().filter(his).filter_map(|m| m.text).collect()
}

async fn hears(world: &World, sender: &Sender, count: usize) -> Vec<String> {
    let until = tokio::time::Instant::now() + PATIENCE;
    while told(world, sender).len() < count && tokio::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let heard = told(world, sender);
    assert_eq!(heard.len(), count, "{sender:?}: {heard:?}");
    heard
}

fn invoice(seed: u64) -> acuse_fixtures::Sample {
    generate(seed, &Spec::new(Kind::Invoice, Country::Es, Form::PdfText))
}

async fn upload(api: &Api, customer: &str, bytes: &[u8]) -> Value {
    let head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"customer_id\"\r\n\r\n{customer}\r\n--b\r\nContent-Disposition: \
         form-data; name=\"file\"; filename=\"f.pdf\"\r\nContent-Type: application/pdf\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, b"\r\n--b--\r\n"].concat();
    let request = api.request(Method::POST, "/v1/documents");
    let request = request.header("Content-Type", "multipart/form-data; boundary=b").body(body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

async fn ask_again(api: &Api, document: &str) {
    let reviews = api.list("/v1/reviews").await.unwrap();
    let review = reviews.iter().find(|r| r["document_id"] == document).expect("waits");
    let path = format!("/v1/reviews/{}/resolve", review["id"].as_str().unwrap());
    let body = json!({ "decision": "ask_again" });
    let answer = api.request(Method::POST, &path).json(&body).send().await.unwrap();
    let (status, body) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 200, "{body}");
}

/// Cases G05 and G22: what Meta withholds is asked for, and a file inside a Flow's answer is a document.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_withheld_is_asked_for_and_a_file_in_a_flow_is_taken_in() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();

    let (ana, ben) = (person(1), person(2));
    let withheld = json!({ "type": "unsupported", "unsupported": { "type": "unknown" }, "errors": [{
        "code": 131_051, "title": "Message type unknown", "message": "Message type unknown",
        "error_data": { "details": "Message type is currently not supported." } }] });
    post(&api, &world.graph.webhook_for(&[Inbound::new(ana.clone(), Said::Raw(withheld))])).await;
    hears(&world, &ana, 1).await;

    let sample = invoice(701);
    let (media, other) = (
        world.graph.upload_media(sample.bytes, "application/pdf"),
        world.graph.upload_media(invoice(702).bytes, "application/pdf"),
    );
    let files = |id: &str| json!({ "file_name": "factura.pdf", "mime_type": "application/pdf", "id": id });
    let answers = json!({ "flow_token": "t", "documentos": [files(&media), files(&other)] }).to_string();
    let flow = json!({ "type": "interactive", "interactive": { "type": "nfm_reply", "nfm_reply": {
        "name": "flow", "body": "Sent", "response_json": answers } } });
    post(&api, &world.graph.webhook_for(&[Inbound::new(ben.clone(), Said::Raw(flow))])).await;
    let ledger = api.at_rest(2, PATIENCE).await.unwrap();
    assert!(ledger.balanced && ledger.received == 2, "{ledger:?}");
    for document in documents(&api).await {
        assert_eq!(document["kind"], "invoice", "{document:#}");
    }
}

/// Cases G52 and H11: the same bill from two people, on the phone and over the API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_of_another_are_his_and_tell_him_nothing_of_the_first() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();

    let (ana, ben) = (person(1), person(2));
    post(&api, &world.invoice(&ana, 710)).await;
    api.at_rest(1, PATIENCE).await.unwrap();
    hears(&world, &ana, 1).await;
    post(&api, &world.invoice(&ben, 710)).await;
    let ledger = api.at_rest(2, PATIENCE).await.unwrap();
    assert_eq!((ledger.duplicate, ledger.in_review), (0, 2), "{ledger:?}");
    let heard = hears(&world, &ben, 1).await;
    assert!(!heard[0].contains("ya ") && !heard[0].contains("already"), "{heard:?}");

    let mut of = Vec::new();
    for name in ["A", "B"] {
        let customer = json!({ "name": name });
        let made = api.request(Method::POST, "/v1/customers").json(&customer).send().await.unwrap();
        of.push(made.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned());
    }
    let bytes = invoice(711).bytes;
    upload(&api, &of[0], &bytes).await;
    api.at_rest(3, PATIENCE).await.unwrap();
    let second = upload(&api, &of[1], &bytes).await;
    api.at_rest(4, PATIENCE).await.unwrap();
    let second = api.get(&format!("/v1/documents/{}", second["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(
        (second["status"].as_str(), second["customer_id"].as_str()),
        (Some("in_review"), Some(&*of[1]))
    );
    let reasons = second["reasons"].as_array().unwrap();
    let told = |document: &Value| {
        let reasons = document["reasons"].as_array().unwrap();
        let reason = reasons.iter().find(|r| r["code"] == "possible_duplicate");
        reason.unwrap_or_else(|| panic!("{document:#}"))["detail"]["candidates"].clone()
    };
    assert_eq!(told(&second)[0]["customer_id"], json!(of[0]), "whoever sees all is told whose: {reasons:?}");
    let args =
        ["key", "create", "bound", "--scope", "documents:read", "--scope", "ids:read", "--customer", &of[1]];
    let printed = world.place.run(&args).unwrap();
    let bound = async |path: &str| {
        let request = api.without_key(Method::GET, path).bearer_auth(printed.lines().last().unwrap());
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let id = second["id"].as_str().unwrap();
    let found = bound("/v1/reviews?reason=possible_duplicate").await;
    assert_eq!(found["data"], json!([]), "nor is it found by it");
    let silent = |document: &Value| !document.to_string().contains("possible_duplicate");
    let seen = bound(&format!("/v1/documents/{id}")).await;
    assert!(
        seen["status"] == "in_review" && silent(&seen),
        "who is bound is told that a person looks: {seen}"
    );
    for path in [format!("/v1/documents/{id}/timeline"), "/v1/reviews".to_owned(), "/v1/events".to_owned()] {
        let said = bound(&path).await;
        assert!(said["data"].as_array().is_some_and(|all| !all.is_empty()), "{said}");
        assert!(silent(&said), "{path}: {said}");
    }
}

/// Cases H14 and H22: asking again says why, and the very same file sent once more is not "already here".
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asking_again_says_why_and_the_same_file_once_more_is_seen() {
    let world = World::new().await;
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();

    let (ana, ben) = (person(1), person(2));
    let expired = generate(34, &Spec { expired: true, ..Spec::new(Kind::Id, Country::Mx, Form::Jpeg) });
    post(&api, &world.file(&ana, expired.bytes.clone(), &expired.media_type, "id.jpg")).await;
    api.at_rest(1, PATIENCE).await.unwrap();
    let first = documents(&api).await.remove(0);
    let codes: Vec<&str> =
        first["reasons"].as_array().unwrap().iter().filter_map(|r| r["code"].as_str()).collect();
    assert!(codes.contains(&"expired"), "{codes:?}");
    let before = hears(&world, &ana, 1).await;
    let id = first["id"].as_str().unwrap();
    ask_again(&api, id).await;
    let heard = hears(&world, &ana, 2).await;
    let said = heard[1].to_lowercase();
    assert!(said.contains("caduc") || said.contains("venci") || said.contains("expir"), "{before:?} {said}");
    assert!(!said.contains("dañado"), "{said}");
    // Asked once more, it is said once more.
    ask_again(&api, id).await;
    hears(&world, &ana, 3).await;

    post(&api, &world.invoice(&ben, 720)).await;
    api.at_rest(2, PATIENCE).await.unwrap();
    let all = documents(&api).await;
    let bill = all.iter().find(|d| d["kind"] == "invoice").expect("the invoice")["id"].as_str().unwrap();
    hears(&world, &ben, 1).await;
    ask_again(&api, bill).await;
    hears(&world, &ben, 2).await;
    post(&api, &world.invoice(&ben, 720)).await;
    let ledger = api.at_rest(3, PATIENCE).await.unwrap();
    assert_eq!((ledger.received, ledger.processing), (3, 0), "{ledger:?}");
    let heard = hears(&world, &ben, 3).await;
    assert!(heard[2].contains("Necesitamos otro"), "this file is not enough, and he learns it: {heard:?}");
}
