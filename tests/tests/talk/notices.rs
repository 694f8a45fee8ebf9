//! Notices: to whoever agreed, by a template that is filled as Meta takes it by then.

use acuse_tests::simulated::{clock, set_clock};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use time::{Duration, format_description::well_known::Rfc3339};

use super::{ANA, agrees, ends, led, words};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_goes_to_whoever_agreed() {
    let acuse = led().await;
    words(&acuse, ANA, "Gracias").await;
    let account = acuse.world.graph.options().account_id.clone();
    let template = json!({ "name": "order_sent", "language": "es", "category": "UTILITY", "status": "APPROVED",
        "components": [{ "type": "BODY", "text": "Hola {{1}}, tu pedido {{2}} salió." }] });
    acuse.world.graph.set_templates(&account, vec![template]);
    acuse_workers::watch::look(&acuse.world.workers[0]).await.unwrap();
    let notice = json!({ "to": "+34 600 000 001", "template": "order_sent", "params": ["Ana", "77"],
        "idempotency_key": "order-77" });
    let (status, refused) = acuse.send(Method::POST, "/v1/notices", Some(&notice)).await.unwrap();
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    agrees(&acuse).await;
    let (status, made) = acuse.send(Method::POST, "/v1/notices", Some(&notice)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (status, again) = acuse.send(Method::POST, "/v1/notices", Some(&notice)).await.unwrap();
    assert_eq!((status, &again["id"]), (StatusCode::OK, &made["id"]));
    acuse.run_jobs(Duration::hours(20)).await.unwrap();
    let sent = acuse.world.graph.sent().pop().unwrap();
    assert_eq!(sent.body["template"]["name"], "order_sent", "{:?}", sent.body);
    assert_eq!(sent.body["template"]["components"][0]["parameters"][1]["text"], "77");
    let path = format!("/v1/notices/{}", made["id"].as_str().unwrap());
    assert_eq!(acuse.get(&path).await.unwrap()["state"], "sent");
    ends(acuse).await;
}

/// The template of an order's news: a place in its header, two in its body, and a link that ends in something.
fn order_sent(category: &str) -> Value {
    json!({ "name": "order_sent", "language": "es", "category": category, "status": "APPROVED", "components": [
        { "type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}" },
        { "type": "BODY", "text": "Hola {{1}}, tu pedido {{2}} salió." },
        { "type": "BUTTONS", "buttons": [{ "type": "URL", "text": "Ver", "url": "https://example.com/{{1}}" }] }] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_fills_its_template_and_goes_as_what_meta_takes_it_for_by_now() {
    let acuse = led().await;
    words(&acuse, ANA, "Gracias").await;
    let account = acuse.world.graph.options().account_id.clone();
    acuse.world.graph.set_templates(&account, vec![order_sent("UTILITY")]);
    acuse_workers::watch::look(&acuse.world.workers[0]).await.unwrap();
    agrees(&acuse).await;
    let notice = |key: &str, header: Option<&str>, link: &str, not_before: Option<&str>| {
        json!({ "to": "+34 600 000 001", "template": "order_sent", "params": ["Ana", "77"], "idempotency_key": key,
            "header": header, "buttons": [link], "not_before": not_before })
    };
    for (new, says) in [
        (notice("k1", None, "o/77", None), "nothing stands there"),
        (notice("k2", Some("77"), "", None), "button 1 of that template takes what its link ends in"),
        (notice("k3", Some("77"), "o 77", None), "without spaces"),
    ] {
        let (status, refused) = acuse.send(Method::POST, "/v1/notices", Some(&new)).await.unwrap();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
        assert!(refused.to_string().contains(says), "{says}: {refused}");
    }
    let good = notice("k4", Some("77"), "o/77", None);
    let (status, made) = acuse.send(Method::POST, "/v1/notices", Some(&good)).await.unwrap();
    assert_eq!(
        (status, &made["header"], &made["buttons"]),
        (StatusCode::CREATED, &json!("77"), &json!(["o/77"]))
    );
    acuse.run_jobs(Duration::hours(20)).await.unwrap();
    let sent = acuse.world.graph.sent().pop().unwrap();
    let parts = &sent.body["template"]["components"];
    assert_eq!((&parts[0]["type"], &parts[0]["parameters"][0]["text"]), (&json!("header"), &json!("77")));
    assert_eq!(parts[1]["parameters"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&parts[2]["sub_type"], &parts[2]["index"], &parts[2]["parameters"][0]["text"]),
        (&json!("url"), &json!("0"), &json!("o/77"))
    );

    // Queued as news; by the time it is to leave, Meta takes the template for advertising.
    let later = (clock() + Duration::hours(3)).format(&Rfc3339).unwrap();
    let (status, queued) = acuse
        .send(Method::POST, "/v1/notices", Some(&notice("k5", Some("78"), "o/78", Some(&later))))
        .await
        .unwrap();
    assert_eq!(status, StatusCode::CREATED, "{queued}");
    acuse.world.graph.set_templates(&account, vec![order_sent("MARKETING")]);
    set_clock(Some(clock() + Duration::hours(2)));
    acuse_workers::watch::look(&acuse.world.workers[0]).await.unwrap();
    let before = acuse.world.graph.sent().len();
    acuse.run_jobs(Duration::hours(40)).await.unwrap();
    assert_eq!(acuse.world.graph.sent().len(), before, "to that she never agreed");
    let stands = acuse.get(&format!("/v1/notices/{}", queued["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(stands["state"], "failed", "{stands}");
    assert!(acuse.get("/v1/incidents").await.unwrap().to_string().contains("consent_missing"));
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_whose_template_is_paused_meanwhile_waits_for_it() {
    let acuse = led().await;
    words(&acuse, ANA, "Gracias").await;
    let account = acuse.world.graph.options().account_id.clone();
    let look = async || acuse_workers::watch::look(&acuse.world.workers[0]).await.unwrap();
    acuse.world.graph.set_templates(&account, vec![order_sent("UTILITY")]);
    look().await;
    agrees(&acuse).await;
    let later = (clock() + Duration::hours(3)).format(&Rfc3339).unwrap();
    let notice = json!({ "to": "+34 600 000 001", "template": "order_sent", "params": ["Ana", "77"],
        "idempotency_key": "k6", "header": "77", "buttons": ["o/77"], "not_before": later });
    let (status, queued) = acuse.send(Method::POST, "/v1/notices", Some(&notice)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{queued}");
    let path = format!("/v1/notices/{}", queued["id"].as_str().unwrap());
    let mut paused = order_sent("UTILITY");
    paused["status"] = json!("PAUSED");
    acuse.world.graph.set_templates(&account, vec![paused]);
    set_clock(Some(clock() + Duration::hours(2)));
    look().await;
    acuse.run_jobs(Duration::hours(20)).await.unwrap();
    let waits = acuse.get(&path).await.unwrap();
    // At night it waits for the day first.
    let held = [json!("template"), json!("morning")].contains(&waits["waits_for"]);
    assert!(waits["state"] == "queued" && held, "{waits}");
    assert!(acuse.world.graph.sent().is_empty());
    acuse.world.graph.set_templates(&account, vec![order_sent("UTILITY")]);
    set_clock(Some(clock() + Duration::hours(2)));
    look().await;
    acuse.run_jobs(Duration::hours(24)).await.unwrap();
    assert_eq!(acuse.get(&path).await.unwrap()["state"], "sent");
    assert_eq!(acuse.world.graph.sent().len(), 1, "once");
    ends(acuse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_whose_template_is_disabled_meanwhile_fails_for_that() {
    let acuse = led().await;
    words(&acuse, ANA, "Gracias").await;
    let account = acuse.world.graph.options().account_id.clone();
    let look = async || acuse_workers::watch::look(&acuse.world.workers[0]).await.unwrap();
    acuse.world.graph.set_templates(&account, vec![order_sent("UTILITY")]);
    look().await;
    agrees(&acuse).await;
    let later = (clock() + Duration::hours(3)).format(&Rfc3339).unwrap();
    let notice = json!({ "to": "+34 600 000 001", "template": "order_sent", "params": ["Ana", "77"],
        "idempotency_key": "k7", "header": "77", "buttons": ["o/77"], "not_before": later });
    let (status, queued) = acuse.send(Method::POST, "/v1/notices", Some(&notice)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{queued}");
    let mut disabled = order_sent("UTILITY");
    disabled["status"] = json!("DISABLED");
    acuse.world.graph.set_templates(&account, vec![disabled]);
    set_clock(Some(clock() + Duration::hours(2)));
    look().await;
    acuse.run_jobs(Duration::hours(40)).await.unwrap();
    assert!(acuse.world.graph.sent().is_empty());
    let stands = acuse.get(&format!("/v1/notices/{}", queued["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(stands["state"], "failed", "{stands}");
    assert!(stands["error"].as_str().is_some_and(|why| why.contains("template")), "{stands}");
    assert!(acuse.get("/v1/incidents").await.unwrap().to_string().contains("template_refused"));
    ends(acuse).await;
}
