//! A file that a person of us sends in a case is withheld with what the case is about; and what is no file is not sent.

use acuse_pipeline::document::Sha256;
use acuse_server::cases::file::BODY_BYTES;
use acuse_storage::{Access, DocumentId, keys::Scope, names::AttachmentId};
use acuse_tests::in_process::InProcess;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use time::Duration;

use super::clean;
use crate::{
    desk_beside::reviewer,
    talk::{ANA, answer, ends, file, led},
};

/// A key that reads conversations, and sees no ID.
const NARROW: &str = "acuse_a-key-that-may-not-see-what-is-withheld";
const PDF: &[u8] = b"%PDF-1.4\n%%EOF\n";

async fn seen_by_narrow(acuse: &InProcess, path: &str) -> String {
    let request =
        Request::get(path).header(header::AUTHORIZATION, format!("Bearer {NARROW}")).body(Body::empty());
    let (status, body) = acuse.ask(request.unwrap()).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{path}");
    String::from_utf8(body).unwrap()
}

fn reply(case: &Value, content: &str) -> Value {
    let file = json!({ "name": "secretfile.pdf", "content": content });
    json!({ "version": case["version"], "text": "Para ZEEDLEMANN.", "file": file })
}

/// Who looks at it there is in the trail of what it was sent beside; for who may not, it is not there.
async fn at_the_desk(acuse: &InProcess, file: AttachmentId, beside: DocumentId) {
    for (name, sees_ids, status) in [("sees", true, StatusCode::OK), ("blind", false, StatusCode::NOT_FOUND)]
    {
        let cookie = reviewer(acuse, name, sees_ids).await;
        let request = Request::get(format!("/files/{file}")).header(header::COOKIE, cookie);
        let (answered, headers, bytes) = acuse.answer(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!((answered, bytes == PDF), (status, sees_ids), "{name}");
        assert!(!sees_ids || headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        let trail = acuse.world.catalog().audit_trail(Some(beside), 100).await.unwrap();
        let looked = trail.iter().any(|e| e.action == "view_id" && e.actor == format!("user:{name}"));
        assert_eq!(looked, sees_ids, "{name}: {trail:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_sent_beside_what_may_be_an_id_is_told_to_nobody_without_the_right() {
    let acuse = led().await;
    let scopes = [Scope::MessagesRead, Scope::DocumentsRead];
    let catalog = acuse.world.catalog();
    catalog.create_key("narrow", &Sha256::of(NARROW.as_bytes()), &scopes).await.unwrap();
    // Nobody vouches that what cannot be read is no ID.
    file(&acuse, ANA, "unreadable\nfirst").await;
    acuse.run_jobs(Duration::minutes(6)).await.unwrap();
    let cases = acuse.get("/v1/cases?state=open&kind=ask").await.unwrap();
    let case = &cases["data"][0];
    let path = format!("/v1/cases/{}/reply", case["id"].as_str().unwrap());
    let before = acuse.world.graph.sent().len();
    for (content, status) in [
        (BASE64_STANDARD.encode(b"GIF89a"), StatusCode::UNPROCESSABLE_ENTITY),
        (BASE64_STANDARD.encode([PDF, b"PK\x03\x04".as_slice()].concat()), StatusCode::UNPROCESSABLE_ENTITY),
        ("no Base64".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        (String::new(), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let (answered, told) = acuse.send(Method::POST, &path, Some(&reply(case, &content))).await.unwrap();
        assert_eq!(answered, status, "{content}: {told}");
    }
    let long = reply(case, &"A".repeat(BODY_BYTES));
    let (status, told) = acuse.send(Method::POST, &path, Some(&long)).await.unwrap();
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{told}");
    assert!(told.to_string().contains(&BODY_BYTES.to_string()), "and says how much it may be: {told}");
    let whole = BASE64_STANDARD.encode(PDF);
    let (status, told) = acuse.send(Method::POST, &path, Some(&reply(case, &whole))).await.unwrap();
    assert_eq!(status, StatusCode::OK, "{told}");
    let late = acuse.send(Method::POST, &path, Some(&reply(case, &whole))).await.unwrap();
    assert_eq!(late.0, StatusCode::CONFLICT, "it moved meanwhile");
    let sent = answer(&acuse).await;
    assert_eq!(acuse.world.graph.sent().len(), before + 1);
    assert_eq!(sent.body["document"]["filename"], "secretfile.pdf");
    assert_eq!(sent.body["document"]["caption"], "Para ZEEDLEMANN.");

    let messages = format!("/v1/contacts/{}/messages", case["contact_id"].as_str().unwrap());
    let seen = acuse.get(&messages).await.unwrap();
    let of_file = seen["data"].as_array().unwrap().iter().find(|said| !said["file"].is_null()).unwrap();
    assert_eq!((&of_file["type"], &of_file["file"]["filename"]), (&json!("media"), &json!("secretfile.pdf")));
    clean(&seen_by_narrow(&acuse, &messages).await, &messages);
    let id: AttachmentId = of_file["file"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(catalog.sent_file(&Access::new(false), id).await.unwrap(), None);
    let (kept, _) = catalog.sent_file(&Access::whole(), id).await.unwrap().expect("with the right");
    assert_eq!(kept.sha256, Sha256::of(PDF));
    at_the_desk(&acuse, id, case["subject"].as_str().unwrap().parse().unwrap()).await;
    ends(acuse).await;
}
