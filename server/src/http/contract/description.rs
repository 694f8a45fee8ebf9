//! `/openapi.json`: the words of `openapi.json`, joined with what the code knows.

use std::sync::LazyLock;

use axum::{http::header, response::IntoResponse};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{lists, routes::Operation};
use crate::{
    http::sandbox,
    problem::{Problem, kinds},
};

/// Summaries, descriptions and what answers look like. What a status above 400 says is made here.
const WORDS: &str = include_str!("../../../openapi.json");

/// What anybody with a key may be answered at any address.
const WITH_A_KEY: &[StatusCode] = &[
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// A body for each operation that takes one, by its name.
static BODIES: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

static SERVED: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string_pretty(&composed()).unwrap_or_default());

/// `GET /openapi.json`.
pub async fn serve() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], SERVED.as_str())
}

/// All operations that are described: every address for programs.
#[must_use]
pub fn operations() -> Vec<Operation> {
    let all =
        [crate::router::api(0), crate::router::open(), crate::router::alive(), crate::router::measured()];
    all.iter().flat_map(|routes| routes.operations().to_vec()).collect()
}

/// The whole description.
#[must_use]
pub fn composed() -> Value {
    let mut whole: Value = serde_json::from_str(WORDS).unwrap_or_default();
    if let Some(schemas) = whole.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.extend(lists::schemas());
    }
    whole["components"]["responses"] = responses();
    for operation in operations() {
        let method = operation.method.as_str().to_ascii_lowercase();
        if let Some(told) = whole["paths"][operation.path].get_mut(&method).and_then(Value::as_object_mut) {
            complete(told, &operation);
        }
    }
    let examples: Vec<(String, Value)> = operations().iter().flat_map(|o| answers(&whole, o)).collect();
    for (place, example) in examples {
        if let Some(content) = whole.pointer_mut(&place) {
            content["example"] = example;
        }
    }
    whole
}

/// An example of each good JSON answer of an operation, and where it stands: as the sandbox answers.
fn answers(whole: &Value, operation: &Operation) -> Vec<(String, Value)> {
    let method = operation.method.as_str().to_ascii_lowercase();
    let told = &whole["paths"][operation.path][&method];
    let name = told["operationId"].as_str().unwrap_or_default();
    let good =
        told["responses"].as_object().into_iter().flatten().filter(|(status, _)| status.starts_with('2'));
    let shown = good.filter_map(|(status, answer)| {
        let schema = answer["content"]["application/json"].get("schema")?;
        let place =
            ["paths", operation.path, &*method, "responses", status.as_str(), "content", "application/json"];
        let place: Vec<String> = place.iter().map(|step| step.replace('/', "~1")).collect();
        Some((format!("/{}", place.join("/")), sandbox::example(whole, name, schema)))
    });
    shown.collect()
}

/// What follows from the handler: its problems, its group, and that it asks for a key.
fn complete(told: &mut Map<String, Value>, operation: &Operation) {
    let group = operation.path.trim_start_matches("/v1").split('/').nth(1).unwrap_or_default();
    told.entry("tags").or_insert_with(|| json!([group]));
    if operation.shape.keyed {
        told.entry("security").or_insert_with(|| json!([{ "key": [] }]));
    }
    let example = told.get("operationId").and_then(Value::as_str).and_then(|name| BODIES.get(name));
    if let Some(example) = example
        && let Some(body) =
            told.get_mut("requestBody").and_then(|b| b.pointer_mut("/content/application~1json"))
    {
        body["example"] = example.clone();
    }
    named(told, operation);
    let Some(answers) = told.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for status in WITH_A_KEY.iter().filter(|_| operation.shape.keyed) {
        answers.entry(status.as_str()).or_insert_with(|| json!({}));
    }
    if !(operation.shape.query.is_empty() && operation.shape.body.is_empty()) {
        // Not as described, or so and still not to be done.
        for status in ["400", "422"] {
            answers.entry(status).or_insert_with(|| json!({}));
        }
    }
    if !operation.shape.body.is_empty() {
        answers.entry("415").or_insert_with(|| json!({}));
    }
    for (status, answer) in answers.iter_mut() {
        if answer.as_object().is_some_and(Map::is_empty) {
            *answer = json!({ "$ref": format!("#/components/responses/Problem{status}") });
        }
    }
}

/// Every JSON answer to a question or a change under `/v1` is named, and what was asked is left out where the caller has it
/// already (`etag::named`).
fn named(told: &mut Map<String, Value>, operation: &Operation) {
    let is_question = operation.method == Method::GET;
    if !operation.path.starts_with("/v1/") || !(is_question || operation.method == Method::PATCH) {
        return;
    }
    let Some(answers) = told.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let good = answers.get_mut("200").filter(|good| good.pointer("/content/application~1json").is_some());
    let Some(good) = good else { return };
    if good.pointer("/headers/ETag").is_none() {
        good["headers"]["ETag"] =
            json!({ "schema": { "type": "string" }, "description": "Names what is answered." });
    }
    if !is_question {
        return;
    }
    let had = "As the caller has it (If-None-Match)";
    answers.entry("304").or_insert_with(|| json!({ "description": had }));
    let parameters = told.entry("parameters").or_insert_with(|| json!([]));
    if let Some(parameters) = parameters.as_array_mut()
        && !parameters.iter().any(|p| p["name"] == "If-None-Match")
    {
        parameters.push(json!({
            "name": "If-None-Match",
            "in": "header",
            "schema": { "type": "string" },
            "description": "The ETag of an earlier answer: 304 where nothing changed.",
        }));
    }
}

/// An answer for each status that a problem can have, with all its types and an example of each.
fn responses() -> Value {
    let mut all = Map::new();
    for kind in kinds::ALL {
        let status = kind.status.as_str();
        let of_status: Vec<_> = kinds::ALL.iter().filter(|k| k.status == kind.status).collect();
        let says: Vec<String> =
            of_status.iter().map(|k| format!("`{}`: {} {}", k.name, k.meaning, k.remedy)).collect();
        let types: Vec<String> = of_status.iter().map(|k| k.uri()).collect();
        let examples: Map<String, Value> = Problem::examples()
            .iter()
            .filter(|p| p.status() == kind.status)
            .map(|p| (p.kind().name.to_owned(), json!({ "value": p.example() })))
            .collect();
        let mut answer = json!({
            "description": says.join("\n\n"),
            "content": { "application/problem+json": {
                "schema": { "allOf": [
                    { "$ref": "#/components/schemas/Problem" },
                    { "properties": { "type": { "enum": types }, "status": { "const": kind.status.as_u16() } } },
                ] },
                "examples": examples,
            } },
        });
        if let Some(headers) = headers(kind.status) {
            answer["headers"] = headers;
        }
        all.insert(format!("Problem{status}"), answer);
    }
    Value::Object(all)
}

fn headers(status: StatusCode) -> Option<Value> {
    let number = |says: &str| json!({ "description": says, "schema": { "type": "integer", "minimum": 0 } });
    let after = number("Seconds until it is worth trying again");
    match status {
        StatusCode::TOO_MANY_REQUESTS => Some(json!({
            "Retry-After": after,
            "RateLimit-Limit": number("Requests that the key may send at once"),
            "RateLimit-Remaining": number("What is left of them"),
            "RateLimit-Reset": number("Seconds until all of them are there again"),
        })),
        StatusCode::RANGE_NOT_SATISFIABLE => Some(json!({
            "Content-Range": { "description": "How many bytes there are: `bytes */1234`", "schema": { "type": "string" } },
        })),
        StatusCode::SERVICE_UNAVAILABLE => Some(json!({ "Retry-After": after })),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
