//! What is refused, and in which words. Who may not ask learns nothing else: every keyed operation of the description answers 401 without a key and 403 without
//! its scope, whatever is sent with it, and whether or not there is such a thing.

use acuse_pipeline::document::Sha256;
use acuse_server::http::sandbox;
use acuse_storage::{access::Binding, customers::NewCustomer, keys::Scope};
use acuse_tests::in_process::InProcess;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};

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

/// Of a time when a bound key could be given `admin`.
const OPERATES: &str = "acuse_a-key-with-admin-that-is-bound-to-one-customer";

/// A bound key with `admin` reaches what it is bound to, and nothing that is everybody's: no endpoint of another key, no
/// incident, no firm of ours, no month, nothing asked of no document, nobody to erase, no legal hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_bound_operates_nothing() {
    let acuse = InProcess::start().await.unwrap();
    let catalog = acuse.world.catalog();
    let ana = NewCustomer { name: "Ana".into(), external_id: Some("ana".into()), ..NewCustomer::default() };
    let hers = catalog.upsert_customers(&[ana]).await.unwrap()[0].id().unwrap();
    let (hash, to) = (Sha256::of(OPERATES.as_bytes()), [Binding::Customer(hers)]);
    let made = catalog.create_bound_key("operates", &hash, &[Scope::Admin], &to).await.unwrap();
    assert!(made.is_ok(), "{made:?}");
    let asked = async |method: Method, path: &str, body: &Value| {
        let sent = if method == Method::GET { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {OPERATES}"))
            .header(header::CONTENT_TYPE, "application/json");
        let (status, told) = acuse.ask(request.body(sent).unwrap()).await.unwrap();
        (status, serde_json::from_slice::<Value>(&told).unwrap_or_default())
    };
    let (nothing, mine) = (json!({}), json!({ "url": "https://hooks.example.com/mine" }));
    let theirs = json!({ "url": "https://hooks.example.com/theirs" });
    let (_, theirs) = acuse.send(Method::POST, "/v1/webhook-endpoints", Some(&theirs)).await.unwrap();
    let endpoint = format!("/v1/webhook-endpoints/{}", theirs["id"].as_str().unwrap());
    let (_, listed) = asked(Method::GET, "/v1/webhook-endpoints", &nothing).await;
    assert_eq!(listed["data"], json!([]));
    for (method, path, body) in [
        (Method::GET, endpoint.clone(), &nothing),
        (Method::PATCH, endpoint.clone(), &mine),
        (Method::DELETE, endpoint.clone(), &nothing),
        (Method::POST, format!("{endpoint}/rotate-secret"), &nothing),
        (Method::POST, format!("{endpoint}/replay"), &json!({ "since": "2020-01-01T00:00:00Z" })),
        (Method::GET, format!("{endpoint}/deliveries"), &nothing),
    ] {
        let (status, told) = asked(method.clone(), &path, body).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {told}");
    }
    let kept = acuse.get(&endpoint).await.unwrap();
    assert_eq!(kept["url"], json!("https://hooks.example.com/theirs"));
    let absent = "00000000-0000-7000-8000-000000000001";
    let firm = json!({ "name": "Otra S.L." });
    let yes = json!({ "version": 1, "approves": true });
    let [contact, customer] = ["contact", "customer"].map(|kind| json!({ "kind": kind, "id": absent }));
    let why = json!({ "reason": "a trial" });
    for (method, path, body) in [
        (Method::GET, "/v1/incidents".to_owned(), &nothing),
        (Method::POST, format!("/v1/incidents/{absent}/acknowledge"), &firm),
        (Method::POST, format!("/v1/incidents/{absent}/resolve"), &firm),
        (Method::GET, "/v1/incident-routes".to_owned(), &nothing),
        (Method::DELETE, format!("/v1/incident-routes/{absent}"), &firm),
        (Method::GET, "/v1/entities".to_owned(), &nothing),
        (Method::POST, "/v1/entities".to_owned(), &firm),
        (Method::POST, "/v1/periods/2019-03/close".to_owned(), &firm),
        (Method::POST, format!("/v1/cases/{absent}/decide"), &yes),
        (Method::GET, "/v1/erasures".to_owned(), &nothing),
        (Method::GET, format!("/v1/erasures/{absent}"), &nothing),
        (Method::POST, "/v1/erasures".to_owned(), &contact),
        (Method::POST, "/v1/erasures".to_owned(), &customer),
        (Method::GET, "/v1/holds".to_owned(), &nothing),
        (Method::PUT, format!("/v1/holds/contact/{absent}"), &why),
        (Method::DELETE, format!("/v1/holds/contact/{absent}"), &nothing),
    ] {
        let (status, told) = asked(method.clone(), &path, body).await;
        let problem = (status, &told["type"]);
        assert_eq!(problem, (StatusCode::FORBIDDEN, &json!("urn:acuse:problem:bound")), "{method} {path}");
    }
    let (status, made) = asked(Method::POST, "/v1/webhook-endpoints", &mine).await;
    assert_eq!(status, StatusCode::CREATED, "one of its own it may have: {made}");
    let (_, listed) = asked(Method::GET, "/v1/webhook-endpoints", &nothing).await;
    assert_eq!((&listed["data"][0]["id"], &listed["data"][1]), (&made["id"], &Value::Null), "{listed}");
    assert_eq!(asked(Method::GET, "/v1/documents", &nothing).await.0, StatusCode::OK);
}

/// What is no id at all is not found, like one that is not there, whatever bytes it is made of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_ids_are_not_found_in_json() {
    let acuse = InProcess::start().await.unwrap();
    let whole: Value = acuse.get("/openapi.json").await.unwrap();
    let mut walked = 0;
    for (path, ways) in whole["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains('{')) {
        for method in ways.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            for odd in ["%FF", "%00", "%C3%28", "..%2F", "a%0Ab", "%F0%9F%A7%BE", "%"] {
                let parts: Vec<&str> =
                    path.split('/').map(|part| if part.starts_with('{') { odd } else { part }).collect();
                let address = parts.join("/");
                let body = sandbox::body_of(&method, path).unwrap_or_else(|| json!({}));
                let sent = acuse.send(method.clone(), &address, Some(&body)).await;
                let (status, told) = sent.unwrap_or_else(|error| panic!("{method} {address}: {error}"));
                // A reference of the integrator's own may be made of anything that is a text.
                let own = path.contains("{ref}") && status.is_success();
                let named = told["type"].as_str().is_some_and(|t| t.starts_with("urn:acuse:problem:"));
                assert!(own || status.is_client_error() && named, "{method} {address}: {status} {told}");
            }
            walked += 1;
        }
    }
    assert!(walked > 30, "{walked}");
}

/// What the API refuses the sandbox refuses, in the same words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_key_is_refused_what_any_key_is() {
    let acuse = InProcess::start().await.unwrap();
    let catalog = &acuse.world.workers[0].catalog;
    let key = format!("{}for-trying-out", sandbox::PREFIX);
    catalog.create_key("sandbox", &Sha256::of(key.as_bytes()), &[Scope::Sandbox]).await.unwrap();
    let first = "/v1/documents/00000000-0000-7000-8000-000000000001";
    for (method, address, body) in [
        (Method::GET, "/v1/documents?nobody_knows=1".to_owned(), json!({})),
        (Method::GET, "/v1/documents?status=".to_owned(), json!({})),
        (Method::GET, "/v1/documents/no-id".to_owned(), json!({})),
        (Method::GET, "/v1/export?form=csv".to_owned(), json!({})),
        (Method::POST, "/v1/customers".to_owned(), json!({ "name": "Ana", "taxId": "B1" })),
        (Method::POST, "/v1/customers".to_owned(), json!({ "name": 7 })),
        (Method::POST, "/v1/documents".to_owned(), json!({ "uri": "https://example.com/a.pdf" })),
        (Method::PUT, "/v1/holds/house/00000000-0000-7000-8000-000000000001".to_owned(), json!({})),
        (Method::PATCH, first.to_owned(), json!({ "notes": "so" })),
        (Method::DELETE, "/v1/ledger".to_owned(), json!({})),
    ] {
        let request = Request::builder()
            .method(&method)
            .uri(&address)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        let (tried, told) = acuse.ask(request.unwrap()).await.unwrap();
        let told: Value = serde_json::from_slice(&told).unwrap();
        let (status, real) = acuse.send(method.clone(), &address, Some(&body)).await.unwrap();
        assert!(status.is_client_error(), "{method} {address}: {status}");
        assert_eq!((tried, &told["detail"]), (status, &real["detail"]), "{method} {address}");
    }
}
