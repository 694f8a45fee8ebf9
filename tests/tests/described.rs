//! What is answered is what is described: every answer of a walk over the API, on both databases, is held to the served
//! description, and a member that it does not name fails.

use std::collections::BTreeSet;

use acuse_server::http::sandbox;
use acuse_storage::Catalog;
use acuse_tests::stack::{Api, Place};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    withheld::{OPEN, bill, passport, read, sent},
    world::{ALL, Alone},
};

/// The description with every object closed: a member that it does not name is a failure here, and only here, for
/// clients are to bear new ones.
fn closed(mut whole: Value) -> Value {
    fn close(value: &mut Value, composed: bool) {
        match value {
            Value::Object(members) => {
                let joins = ["allOf", "anyOf", "oneOf"].iter().any(|k| members.contains_key(*k));
                let is_schema = members.contains_key("properties") && members.get("type").is_some();
                if is_schema && !composed && !joins && !members.contains_key("additionalProperties") {
                    members.insert("additionalProperties".to_owned(), json!(false));
                }
                for (name, member) in members.iter_mut() {
                    close(member, ["allOf", "anyOf", "oneOf"].contains(&name.as_str()));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| close(item, composed)),
            _ => {}
        }
    }
    // Nothing here asks with `fields=`: every document is a whole one.
    whole["components"]["schemas"]["DocumentMembers"] = json!(false);
    // What others are made of stays open: a branch knows only its own members.
    for (name, schema) in whole["components"]["schemas"].as_object_mut().unwrap() {
        if !["Field", "Problem"].contains(&name.as_str()) {
            close(schema, false);
        }
    }
    close(&mut whole["paths"], false);
    whole
}

struct Contract {
    whole: Value,
    seen: BTreeSet<String>,
}

impl Contract {
    async fn of(api: &Api) -> Self {
        Self { whole: closed(api.get("/openapi.json").await.unwrap()), seen: BTreeSet::new() }
    }

    fn answer(&self, method: &Method, path: &str, status: u16) -> &Value {
        let told = &self.whole["paths"][path][method.as_str().to_ascii_lowercase()];
        let answer = &told["responses"][status.to_string()];
        assert!(answer.is_object(), "{method} {path} answers {status}, which is not described");
        match answer["$ref"].as_str() {
            Some(target) => self.whole.pointer(target.trim_start_matches('#')).unwrap(),
            None => answer,
        }
    }

    /// Asks, and holds the answer to what is described of `path`; the body.
    async fn ask(&mut self, request: reqwest::RequestBuilder, path: &str) -> (u16, Value) {
        let (client, request) = request.build_split();
        let request = request.unwrap();
        let method = request.method().clone();
        let answer = client.execute(request).await.unwrap();
        let status = answer.status().as_u16();
        let media = answer.headers().get("content-type").map(|t| t.to_str().unwrap().to_owned());
        let text = answer.text().await.unwrap();
        let told = self.answer(&method, path, status);
        let media = media.unwrap_or_default();
        let media = media.split(';').next().unwrap();
        if !text.is_empty() {
            assert!(told["content"][media].is_object(), "{method} {path} {status}: {media} is not described");
        }
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        if media.ends_with("json") {
            let mut schema = told["content"][media]["schema"].clone();
            schema["components"] = self.whole["components"].clone();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let wrong: Vec<String> =
                validator.iter_errors(&value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
            assert!(wrong.is_empty(), "{method} {path} {status}: {wrong:#?}\n{value:#}");
        }
        self.seen.insert(format!("{method} {path}"));
        (status, value)
    }

    async fn get(&mut self, api: &Api, path: &str, address: &str) -> Value {
        let (status, value) = self.ask(api.request(Method::GET, address), path).await;
        assert_eq!(status, 200, "{address}: {value}");
        value
    }

    async fn send(&mut self, api: &Api, method: Method, path: &str, id: &str, body: Value) -> (u16, Value) {
        let address = path.replace("{id}", id).replace("{ref}", id).replace("{month}", id);
        self.ask(api.request(method, &address).json(&body), path).await
    }

    /// Whoever saw it as it never was does not take it away.
    async fn stale(&mut self, api: &Api, path: &str, id: &str) {
        let request = api.request(Method::DELETE, &path.replace("{id}", id)).header("If-Match", "\"0-00\"");
        assert_eq!(self.ask(request, path).await.0, 412, "{path}");
    }
}

async fn documents(contract: &mut Contract, api: &Api, catalog: &Catalog) {
    let id = sent(api, "passport").await;
    read(catalog, id, &passport(1)).await;
    let open = sent(api, "open").await;
    read(catalog, open, &bill(2)).await;
    sent(api, "unread").await;
    for query in ["", "?kind=id", "?q=zeed", "?status=duplicate"] {
        contract.get(api, "/v1/documents", &format!("/v1/documents{query}")).await;
    }
    for id in [id, open] {
        contract.get(api, "/v1/documents/{id}", &format!("/v1/documents/{id}")).await;
        contract.get(api, "/v1/documents/{id}/timeline", &format!("/v1/documents/{id}/timeline")).await;
        contract.get(api, "/v1/documents/{id}/content", &format!("/v1/documents/{id}/content")).await;
    }
    let reviews = contract.get(api, "/v1/reviews", "/v1/reviews").await;
    let review = reviews["data"][0]["id"].as_str().unwrap().to_owned();
    contract.send(api, Method::POST, "/v1/reviews/{id}/claim", &review, json!({})).await;
    contract.send(api, Method::POST, "/v1/reviews/{id}/release", &review, json!({})).await;
    let bad = json!({ "decision": "correct", "fields": { "surname": "X", "birth_date": "1991-02-31" } });
    contract.send(api, Method::POST, "/v1/reviews/{id}/resolve", &review, bad).await;
    let decision = json!({ "decision": "reject", "note": "no" });
    let path = "/v1/reviews/{id}/resolve";
    let stale = api.request(Method::POST, &path.replace("{id}", &review)).header("If-Match", "\"0-00\"");
    assert_eq!(contract.ask(stale.json(&decision), path).await.0, 412, "it was seen otherwise");
    let (status, told) =
        contract.send(api, Method::POST, "/v1/reviews/{id}/resolve", &review, decision).await;
    assert_eq!(status, 200, "{told}");
    let change = json!({ "note": "so", "fields": { "total": "5.00" }, "because": "seen" });
    let address = format!("/v1/documents/{open}");
    let request = api.request(Method::PATCH, &address).header("If-Match", "*").json(&change);
    contract.ask(request, "/v1/documents/{id}").await;
    let without = api.request(Method::PATCH, &address).json(&change);
    assert_eq!(contract.ask(without, "/v1/documents/{id}").await.0, 428);
}

async fn customers(contract: &mut Contract, api: &Api) {
    let ana = json!({ "name": "Ana", "external_id": "C-1", "phones": ["+34 600 11 22 33"] });
    let (_, first) = contract.send(api, Method::POST, "/v1/customers", "", ana).await;
    let eva = json!({ "name": "Eva", "phones": ["+34 600 11 22 33"] });
    let put = "/v1/customers/by-external-id/{ref}";
    let (status, _) = contract.send(api, Method::PUT, put, "C-2", eva).await;
    assert_eq!(status, 409);
    let (_, second) = contract.send(api, Method::PUT, put, "C-2", json!({ "name": "Eva" })).await;
    let (first, second) = (first["id"].as_str().unwrap(), second["id"].as_str().unwrap());
    contract.get(api, "/v1/customers", "/v1/customers?q=ana").await;
    contract.get(api, "/v1/customers/conflicts", "/v1/customers/conflicts?limit=1").await;
    contract.get(api, "/v1/customers/{id}", &format!("/v1/customers/{first}")).await;
    let emails = json!({ "emails": ["a@x.com"] });
    contract.send(api, Method::PATCH, "/v1/customers/{id}", first, emails).await;
    let merge = json!({ "from": second });
    contract.send(api, Method::POST, "/v1/customers/{id}/merge", first, merge).await;
    contract.stale(api, "/v1/customers/{id}", first).await;
    contract.send(api, Method::DELETE, "/v1/customers/{id}", first, json!({})).await;
}

async fn what_is_told(contract: &mut Contract, api: &Api) {
    let new = json!({ "name": "books", "medium": "slack", "target": "https://hooks.slack.com/services/a" });
    let (_, route) = contract.send(api, Method::POST, "/v1/incident-routes", "", new).await;
    let route = route["id"].as_str().unwrap_or_else(|| panic!("{route}"));
    let silent = json!({ "enabled": false });
    let path = "/v1/incident-routes/{id}";
    contract.send(api, Method::PATCH, path, route, silent).await;
    contract.get(api, path, &path.replace("{id}", route)).await;
    contract.stale(api, path, route).await;
    contract.get(api, "/v1/incident-routes", "/v1/incident-routes").await;
    let us = json!({ "name": "Nuestra S.L.", "tax_ids": ["B12345674"], "phone_number_ids": ["n1"] });
    let (status, us) = contract.send(api, Method::POST, "/v1/entities", "", us).await;
    assert_eq!(status, 201, "{us}");
    let renamed = json!({ "id": us["id"], "name": "Otra S.L." });
    assert_eq!(contract.send(api, Method::POST, "/v1/entities", "", renamed).await.0, 200);
    contract.send(api, Method::POST, "/v1/entities", "", json!({ "name": " " })).await;
    contract.get(api, "/v1/entities", "/v1/entities").await;
    contract.get(api, "/v1/documents", "/v1/documents?direction=payable").await;
    contract.send(api, Method::DELETE, "/v1/incident-routes/{id}", route, json!({})).await;
    let new = json!({ "url": "https://hooks.example.com/acuse" });
    let (_, endpoint) = contract.send(api, Method::POST, "/v1/webhook-endpoints", "", new).await;
    let endpoint = endpoint["id"].as_str().unwrap_or_else(|| panic!("{endpoint}"));
    let path = "/v1/webhook-endpoints/{id}";
    contract.send(api, Method::PATCH, path, endpoint, json!({ "description": "x" })).await;
    contract.stale(api, path, endpoint).await;
    contract.get(api, path, &path.replace("{id}", endpoint)).await;
    contract.get(api, "/v1/webhook-endpoints", "/v1/webhook-endpoints").await;
    contract.send(api, Method::POST, &format!("{path}/rotate-secret"), endpoint, json!({})).await;
    let since = json!({ "since": "2026-01-01T00:00:00Z" });
    contract.send(api, Method::POST, &format!("{path}/replay"), endpoint, since).await;
    let log = format!("{path}/deliveries");
    contract.get(api, &log, &log.replace("{id}", endpoint)).await;
    contract.send(api, Method::DELETE, path, endpoint, json!({})).await;
    for path in ["/v1/incidents", "/v1/contacts", "/v1/ledger", "/v1/ledger/messages", "/v1/events"] {
        contract.get(api, path, path).await;
    }
}

async fn books(contract: &mut Contract, api: &Api) {
    for format in ["csv", "xlsx", "ubl", "totals"] {
        contract.get(api, "/v1/export", &format!("/v1/export?format={format}")).await;
    }
    let close = "/v1/periods/{month}/close?despite_missing=true";
    let address = close.replace("{month}", "2021-03");
    let request = api.request(Method::POST, &address);
    let (status, told) = contract.ask(request, "/v1/periods/{month}/close").await;
    assert_eq!(status, 201, "{told}");
    contract.get(api, "/v1/periods", "/v1/periods").await;
    contract.get(api, "/v1/periods/{month}", "/v1/periods/2021-03").await;
}

/// The fixtures are as described too: every operation of a sandbox key, and every problem.
async fn the_sandbox(contract: &mut Contract, place: &Place) {
    let api = Api::connect(place, &["sandbox"]).await.unwrap();
    let operations: Vec<(String, String)> = contract.whole["paths"]
        .as_object()
        .unwrap()
        .iter()
        // A link is followed with no key, a sandbox's neither.
        .filter(|(path, _)| path.starts_with("/v1/") && *path != "/v1/links/{link}")
        .flat_map(|(path, ways)| ways.as_object().unwrap().keys().map(|m| (m.to_uppercase(), path.clone())))
        .collect();
    for (method, path) in operations {
        let address =
            path.replace("{id}", "00000000-0000-7000-8000-000000000001").replace("{month}", "2026-01");
        let address = address.replace("{kind}", "document").replace("{ref}", "C-1");
        let method: Method = method.parse().unwrap();
        // It is parsed as any other request: only what the API would take is answered.
        let body = sandbox::body_of(&method, &path).unwrap_or_else(|| json!({}));
        let request = api.request(method.clone(), &address).header("If-Match", "*").json(&body);
        let (status, told) = contract.ask(request, &path).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {told}");
    }
    let listed = api.get("/v1/documents").await.unwrap().to_string();
    assert!(!listed.contains(OPEN) && listed.contains("Suministros Ejemplo"), "fixtures alone: {listed}");
    let known = contract.whole["components"]["schemas"]["ProblemType"]["enum"].as_array().unwrap().clone();
    for kind in known {
        let name = kind.as_str().unwrap().rsplit(':').next().unwrap();
        let request = api.request(Method::GET, "/v1/documents").header("Acuse-Sandbox-Problem", name);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!((&told["type"], &told["status"]), (&kind, &json!(status)), "{told}");
    }
}

async fn everything_is_as_described(place: &Place, catalog: &Catalog) {
    let _server = place.start("web", &["web"]).unwrap();
    let api = Api::connect(place, ALL).await.unwrap();
    let mut contract = Contract::of(&api).await;
    documents(&mut contract, &api, catalog).await;
    customers(&mut contract, &api).await;
    what_is_told(&mut contract, &api).await;
    books(&mut contract, &api).await;
    for path in ["/openapi.json", "/docs", "/problems", "/readyz", "/healthz", "/metrics"] {
        contract.get(&api, path, path).await;
    }
    the_sandbox(&mut contract, place).await;
    let narrow = Api::connect(place, &["customers:write"]).await.unwrap();
    assert_eq!(contract.ask(narrow.request(Method::GET, "/v1/documents"), "/v1/documents").await.0, 403);
    let stranger = api.without_key(Method::GET, "/v1/ledger");
    assert_eq!(contract.ask(stranger, "/v1/ledger").await.0, 401);
    let (status, problem) = contract.ask(api.request(Method::GET, "/v1/events?after=x"), "/v1/events").await;
    assert_eq!(status, 410);
    let page = problem["help"].as_str().unwrap();
    let page = api.request(Method::GET, page).send().await.unwrap();
    assert_eq!(page.status(), 200, "each problem has its page");
    assert!(page.text().await.unwrap().contains("foreign_cursor"));
    assert!(contract.seen.len() >= 44, "{}: {:?}", contract.seen.len(), contract.seen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_is_described_on_sqlite() {
    let alone = Alone::on_sqlite().await;
    everything_is_as_described(&alone.place, &alone.catalog).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_is_described_on_postgresql() {
    let Some(alone) = Alone::on_postgresql().await else { return };
    everything_is_as_described(&alone.place, &alone.catalog).await;
}
