//! What nobody else is left to approve: whoever has its case says yes or no, beside the question.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{desk::hidden, desk_harm::Desk};

async fn made(desk: &Desk, path: &str, body: &Value) -> Value {
    let answer = desk.api.request(Method::POST, path).json(body).send().await.unwrap();
    assert_eq!(answer.status(), 201, "{path}");
    let body = answer.text().await.unwrap();
    if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_the_case_of_an_approver_says_yes_or_no() {
    let desk = Desk::with_cases(1).await;
    let contacts = desk.api.get("/v1/contacts").await.unwrap();
    let contact = contacts["data"][0]["id"].as_str().unwrap();
    let number = desk.world.graph.options().phone_number_id.clone();
    let consent =
        json!({ "phone_number_id": number, "category": "utility", "state": "granted", "source": "form" });
    made(&desk, &format!("/v1/contacts/{contact}/consents"), &consent).await;
    let new = json!({ "question": "¿Viajamos a Lima?", "approvers": [contact], "phone_number_id": number });
    let asked = made(&desk, "/v1/approvals", &new).await;
    let cases = desk.api.get("/v1/cases?kind=approval&state=open").await.unwrap();
    let address = format!("/inbox/{}", cases["data"][0]["id"].as_str().unwrap());

    let page = desk.ana.page(&address).await;
    assert!(!page.contains("value=\"yes\""), "the approver is waited for: {page}");
    let version = hidden(&page, "version");
    let take = [("act", "take"), ("version", version.as_str()), ("back", "case")];
    assert_eq!(desk.ana.send(&address, &page, &take).await.status(), 303);
    let page = desk.ana.page(&address).await;
    assert!(page.contains("value=\"yes\"") && page.contains("value=\"no\""), "{page}");
    assert!(page.contains("<p class=\"said\">¿Viajamos a Lima?</p>"), "{page}");
    let version = hidden(&page, "version");
    let yes = [("act", "yes"), ("version", version.as_str()), ("back", "case")];
    assert_eq!(desk.ana.send(&address, &page, &yes).await.status(), 303);
    let path = format!("/v1/approvals/{}", asked["id"].as_str().unwrap());
    let decided = desk.api.get(&path).await.unwrap();
    assert_eq!(decided["state"], "approved", "{decided}");
    assert!(decided["decided_by"].is_null() && decided["decided_by_person"].is_string(), "{decided}");
    assert!(!desk.ana.page(&address).await.contains("value=\"yes\""), "it is over");
}
