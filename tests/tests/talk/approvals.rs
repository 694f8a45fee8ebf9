//! What somebody is asked to approve, by the clock: reminders, their end, and who decides then.

use axum::http::{Method, StatusCode};
use serde_json::json;
use time::Duration;

use super::{EVA, agrees, buttons, ends, led, taps, words};

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
