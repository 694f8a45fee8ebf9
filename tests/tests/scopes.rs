//! Who may not ask learns nothing else: every keyed operation of the description answers 401 without a key and 403 without
//! its scope, whatever is sent with it, and whether or not there is such a thing.

use acuse_pipeline::document::Sha256;
use acuse_storage::keys::Scope;
use acuse_tests::in_process::InProcess;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::Value;

/// Sees IDs and nothing that they could be of: no operation is satisfied with it.
const NARROW: &str = "acuse_a-key-that-suffices-for-nothing";

/// What may be wrong with a request beside who sends it: a media type and a body.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("application/json", b"{}".to_vec()),
        ("application/json", b"{{{".to_vec()),
        ("application/json", b"{\"nobody_knows\":1}".to_vec()),
        ("text/plain", b"words".to_vec()),
        ("multipart/form-data; boundary=x", b"no part".to_vec()),
        ("application/json", vec![b' '; 2 << 20]),
    ]
}

fn addresses(path: &str) -> Vec<String> {
    let with = |id: &str| {
        let mut parts: Vec<String> = Vec::new();
        for part in path.split('/') {
            parts.push(if part.starts_with('{') { id.to_owned() } else { part.to_owned() });
        }
        parts.join("/")
    };
    let (absent, odd) = (with("00000000-0000-7000-8000-000000000001"), with("no%20id"));
    vec![format!("{absent}?nobody_knows=1&limit=x"), absent, odd]
}

async fn status(
    acuse: &InProcess,
    method: &Method,
    address: &str,
    key: Option<&str>,
    sent: &(&str, Vec<u8>),
) -> StatusCode {
    let mut request = Request::builder().method(method).uri(address).header(header::CONTENT_TYPE, sent.0);
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let body = if *method == Method::GET { Vec::new() } else { sent.1.clone() };
    acuse.ask(request.body(Body::from(body)).unwrap()).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scope_is_looked_at_before_anything_else() {
    let acuse = InProcess::start().await.unwrap();
    let catalog = &acuse.world.workers[0].catalog;
    catalog.create_key("narrow", &Sha256::of(NARROW.as_bytes()), &[Scope::IdsRead]).await.unwrap();
    let whole: Value = acuse.get("/openapi.json").await.unwrap();
    let mut walked = 0;
    for (path, ways) in whole["paths"].as_object().unwrap() {
        for (method, told) in ways.as_object().unwrap() {
            if told["security"].as_array().is_none_or(Vec::is_empty) {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            for address in addresses(path) {
                for sent in bodies() {
                    let what = format!("{method} {address} with {} bytes of {}", sent.1.len(), sent.0);
                    assert_eq!(status(&acuse, &method, &address, None, &sent).await, 401, "{what}");
                    assert_eq!(status(&acuse, &method, &address, Some(NARROW), &sent).await, 403, "{what}");
                }
            }
            walked += 1;
        }
    }
    assert!(walked > 55, "{walked}");
}
