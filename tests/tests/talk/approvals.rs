//! What somebody is asked to approve, by the clock: reminders, their end, and who decides then.

use acuse_pipeline::document::Sha256;
use acuse_storage::{access::Binding, customers::NewCustomer, keys::Scope};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use time::Duration;

use super::{EVA, agrees, answer, buttons, ends, file, led, taps, words};
use crate::desk_beside::BILL;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_last_reminder_the_buttons_count_still_and_a_person_decides_too() {
    let acuse = led().await;
    let number = acuse.world.graph.options().phone_number_id.clone();
    words(&acuse, EVA, "Gracias").await;
    acuse.run_jobs(Duration::minutes(1)).await.unwrap();
    agrees(&acuse).await;
    let eva = acuse.get("/v1/contacts").await.unwrap()["data"][0]["id"].clone();
    for she_taps in [true, false] {
        // Her window is open.
        words(&acuse, EVA, "Gracias").await;
        let new = json!({ "question": "¿Viajamos?", "approvers": [eva], "phone_number_id": number });
        let (status, asked) = acuse.send(Method::POST, "/v1/approvals", Some(&new)).await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{asked}");
        let path = format!("/v1/approvals/{}", asked["id"].as_str().unwrap());
        acuse.run_jobs(Duration::minutes(6)).await.unwrap();
        let sent = acuse.world.graph.sent();
        let offered = sent.iter().rev().map(buttons).find(|all| !all.is_empty()).expect("she is asked");
        assert_eq!(acuse.get(&path).await.unwrap()["left_at"], json!(null), "she is waited for");
        acuse.run_jobs(Duration::hours(30)).await.unwrap();

        let left = acuse.get(&path).await.unwrap();
        assert!(left["state"] == "asked" && left["left_at"].is_string(), "{left}");
        let cases = acuse.get("/v1/cases?kind=approval").await.unwrap();
        let case = cases["data"][0].clone();
        assert_eq!(case["state"], "human", "{cases}");
        if she_taps {
            taps(&acuse, EVA, &offered[0]).await;
        } else {
            let decide = format!("/v1/cases/{}/decide", case["id"].as_str().unwrap());
            let no = json!({ "version": case["version"], "approves": false });
            assert_eq!(acuse.send(Method::POST, &decide, Some(&no)).await.unwrap().0, StatusCode::OK);
            let again = acuse.send(Method::POST, &decide, Some(&no)).await.unwrap();
            assert_eq!(again.0, StatusCode::CONFLICT, "it is over: {}", again.1);
        }
        acuse.run_jobs(Duration::minutes(1)).await.unwrap();
        let decided = acuse.get(&path).await.unwrap();
        let state = if she_taps { "approved" } else { "refused" };
        assert_eq!(decided["state"], state, "{decided}");
        assert_eq!(decided["decided_by"].is_null(), !she_taps);
        assert_eq!(decided["decided_by_person"].is_null(), she_taps);
        let cases = acuse.get("/v1/cases?kind=approval").await.unwrap();
        assert_eq!(cases["data"], json!([]), "nobody has it any more");
    }
    ends(acuse).await;
}

/// Decides and writes, of one customer alone.
const BOUND: &str = "acuse_a-key-that-decides-and-writes-of-one-customer";

/// Who is bound to the customer of whom an approver sends papers has their conversation; what they are asked of no document does
/// not exist for them, so they neither say yes to it nor end it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_bound_says_nothing_in_an_approvers_place() {
    let acuse = led().await;
    file(&acuse, EVA, &format!("{BILL}7")).await;
    answer(&acuse).await;
    agrees(&acuse).await;
    let catalog = acuse.world.catalog();
    let new = NewCustomer { name: "Luna".into(), external_id: Some("luna".into()), ..NewCustomer::default() };
    let luna = catalog.upsert_customers(&[new]).await.unwrap()[0].id().unwrap();
    let sql = "UPDATE documents SET customer_id = (SELECT id FROM customers WHERE external_id = 'luna')";
    sqlx::query(sql).execute(&acuse.world.queue).await.unwrap();
    let scopes = [Scope::MessagesRead, Scope::MessagesWrite, Scope::ReviewsWrite];
    let (hash, to) = (Sha256::of(BOUND.as_bytes()), [Binding::Customer(luna)]);
    let made = catalog.create_bound_key("bound", &hash, &scopes, &to).await.unwrap();
    assert!(made.is_ok(), "{made:?}");

    let eva = acuse.get("/v1/contacts").await.unwrap()["data"][0]["id"].clone();
    let number = acuse.world.graph.options().phone_number_id.clone();
    let new = json!({ "question": "¿Viajamos?", "approvers": [eva], "phone_number_id": number });
    let (status, asked) = acuse.send(Method::POST, "/v1/approvals", Some(&new)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{asked}");
    let case = acuse.get("/v1/cases?kind=approval&state=open").await.unwrap()["data"][0].clone();
    let path = format!("/v1/cases/{}", case["id"].as_str().unwrap());
    let does = async |what: &str, body: &Value| {
        let request = Request::post(format!("{path}/{what}"))
            .header(header::AUTHORIZATION, format!("Bearer {BOUND}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        let (status, told) = acuse.ask(request.unwrap()).await.unwrap();
        (status, serde_json::from_slice::<Value>(&told).unwrap())
    };
    let take = json!({ "version": case["version"], "assignee": "key:bound" });
    let (status, taken) = does("assign", &take).await;
    assert_eq!(status, StatusCode::OK, "they have the conversation: {taken}");
    let left = format!("/v1/approvals/{}", asked["id"].as_str().unwrap());
    assert!(acuse.get(&left).await.unwrap()["left_at"].is_string(), "a person may say it");
    for (what, body) in [
        ("decide", json!({ "version": taken["version"], "approves": true })),
        ("close", json!({ "version": taken["version"] })),
    ] {
        let (status, told) = does(what, &body).await;
        let problem = (status, &told["type"]);
        assert_eq!(problem, (StatusCode::FORBIDDEN, &json!("urn:acuse:problem:bound")), "{what}");
        assert_eq!(acuse.get(&left).await.unwrap()["state"], "asked", "{what}");
    }
    ends(acuse).await;
}
