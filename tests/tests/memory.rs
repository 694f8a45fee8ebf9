//! What is decided at the desk is known of the next paper: the vendor's name, another account that holds, and whose of us
//! it is.

use std::time::Duration;

use acuse_fixtures::{Country, Form, Kind, Spec, generate};
use acuse_tests::stack::Api;
use serde_json::{Value, json};

use crate::world::{ALL, World, documents, person, post};

async fn of_file(api: &Api, name: &str) -> Value {
    let all = documents(api).await;
    let id = all.iter().find(|d| d["filename"] == name).unwrap_or_else(|| panic!("{name}"))["id"].clone();
    api.get(&format!("/v1/documents/{}", id.as_str().unwrap())).await.unwrap()
}

/// Corrects a document as a person does, with a key.
async fn correct(api: &Api, document: &Value, fields: Value) {
    let path = format!("/v1/documents/{}", document["id"].as_str().unwrap());
    let body = json!({ "fields": fields, "note": "as it is" });
    let ask =
        api.request(reqwest::Method::PATCH, &path).header("If-Match", format!("\"{}\"", document["version"]));
    let answer = ask.json(&body).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status} {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_paper_of_a_vendor_is_known() {
    let mut world = World::new().await;
    world.place = world.place.clone().with("ACUSE_UNDO_SECS", "0");
    let _server = world.place.start("serve", &["serve"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let bill = generate(77, &Spec::new(Kind::Invoice, Country::Es, Form::PdfText));
    // The same vendor's paper in other bytes, from another sender: nobody takes it for the same sender's copy.
    let send = |n: u32| {
        let bytes = [bill.bytes.clone(), format!("\n% {n}\n").into_bytes()].concat();
        world.file(&person(n), bytes, &bill.media_type, &format!("{n}.pdf"))
    };
    for n in 1..=3_u32 {
        post(&api, &send(n)).await;
        api.at_rest(u64::from(n), Duration::from_secs(60)).await.unwrap();
    }
    let read = of_file(&api, "3.pdf").await["fields"]["issuer_name"]["value"].clone();
    assert!(read.is_string(), "nothing is known yet, and it is read all the same");
    for name in ["1.pdf", "2.pdf"] {
        let document = of_file(&api, name).await;
        let reviews = api.list("/v1/reviews").await.unwrap();
        if let Some(review) = reviews.iter().find(|r| r["document_id"] == document["id"]) {
            let path = format!("/v1/reviews/{}/resolve", review["id"].as_str().unwrap());
            let body = json!({ "decision": "correct", "version": document["version"], "because": "as it is",
                "fields": { "issuer_name": "Canónica Primera" } });
            let answer = api.request(reqwest::Method::POST, &path).json(&body).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        } else {
            correct(&api, &document, json!({ "issuer_name": "Canónica Primera" })).await;
        }
    }
    post(&api, &send(4)).await;
    api.at_rest(4, Duration::from_secs(60)).await.unwrap();
    let known = of_file(&api, "4.pdf").await;
    assert_eq!(known["fields"]["issuer_name"]["value"], "Canónica Primera", "{known:#}");
    // Corrected, the first teaches another name: two that disagree vouch for nobody.
    correct(&api, &of_file(&api, "1.pdf").await, json!({ "issuer_name": "Otra Cosa" })).await;
    post(&api, &send(5)).await;
    api.at_rest(5, Duration::from_secs(60)).await.unwrap();
    assert_eq!(of_file(&api, "5.pdf").await["fields"]["issuer_name"]["value"], read);
}
