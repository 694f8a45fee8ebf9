//! What speaks against filing a document is answered for, however else the document is corrected.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::{
    desk_beside::BILL,
    talk::{ANA, answer, ends, file, led},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_danger_is_answered_for_whatever_else_is_corrected() {
    let acuse = led().await;
    file(&acuse, ANA, &format!("{BILL}7\nfailed=the known account\nfailed=total")).await;
    answer(&acuse).await;
    let review = acuse.reviews().await.unwrap().remove(0);
    let path = format!("/v1/reviews/{}/resolve", review["id"].as_str().unwrap());
    // Nothing but its number and day is missing, and its total is put right.
    let fields = json!({ "number": "F-9", "date": "2024-05-03", "total": "46.00" });
    let mut body = json!({ "decision": "correct", "fields": fields });
    let (status, refused) = acuse.send(Method::POST, &path, Some(&body)).await.unwrap();
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    let told = refused.to_string();
    assert!(told.contains("the known account does not hold"), "{told}");
    assert!(!told.contains("total does not hold"), "a person says otherwise there: {told}");
    body["because"] = json!("the vendor said so on the telephone");
    let (status, done) = acuse.send(Method::POST, &path, Some(&body)).await.unwrap();
    assert_eq!((status, done["status"].as_str()), (StatusCode::OK, Some("filed")), "{done}");
    let id = review["document_id"].as_str().unwrap().parse().unwrap();
    let trail = acuse.world.catalog().audit_trail(Some(id), 100).await.unwrap();
    assert!(trail.iter().any(|e| e.detail["overridden"] == json!(["reader"])), "{trail:?}");
    ends(acuse).await;
}
