//! What a sandbox key is answered: fixtures with known answers, and every problem on demand. Such a key begins with
//! [`PREFIX`] and has the scope `sandbox` alone, so that even without this room it could do nothing: no handler of a
//! document, customer or message is reached with it, and no row is read but the key's own.
//!
//! A request is parsed by the extractors of its handler, so that what the API refuses the sandbox refuses with the same
//! words. Every operation that is described is answered by what is described of it (`sample`); documents are the fixtures
//! of `fixtures.json`. A problem is had by the header `Acuse-Sandbox-Problem: NAME` at any address.

mod sample;

use std::sync::LazyLock;

use acuse_storage::keys::Scope;
use axum::{
    Json,
    extract::{FromRequestParts, MatchedPath, Query, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    auth::Caller,
    contract::{description, shape::Takes},
};
pub use crate::access::key::SANDBOX_PREFIX as PREFIX;
use crate::{
    etag::Precondition,
    problem::{Problem, kinds},
    state::App,
};

/// Asks for a problem.
const ASKED: &str = "acuse-sandbox-problem";

/// The documents, by what is known of them; what a fixture does not say is as in the first.
static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let said: Vec<Value> = serde_json::from_str(include_str!("fixtures.json")).unwrap_or_default();
    let first = said.first().cloned().unwrap_or_default();
    let whole = said.into_iter().map(|own| {
        let mut document = first.clone();
        for (name, value) in own.as_object().into_iter().flatten() {
            document[name] = value.clone();
        }
        document
    });
    whole.collect()
});

static DESCRIPTION: LazyLock<Value> = LazyLock::new(description::composed);

/// A request of a sandbox key: it is parsed as any other ([`tried`]), and answered without its handler.
#[derive(Debug, Clone, Copy)]
pub struct Instead {
    /// Longest file that would be taken.
    pub original_bytes: u64,
}

/// Marks requests with a sandbox key, and lets all others pass.
pub async fn instead(State(app): State<App>, request: Request, next: Next) -> Response {
    let bearer =
        request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !bearer.split_once(' ').is_some_and(|(_, key)| key.trim().starts_with(PREFIX)) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    // As any key: looked up, counted, limited.
    match Caller::from_request_parts(&mut parts, &app).await {
        Err(problem) => return problem.into_response(),
        Ok(caller) if !caller.is_sandbox() => return Problem::Unauthorized.into_response(),
        Ok(_) => {}
    }
    if let Some(name) = parts.headers.get(ASKED) {
        let found = Problem::examples().into_iter().find(|p| name.as_bytes() == p.kind().name.as_bytes());
        return found.unwrap_or_else(unknown_problem).into_response();
    }
    parts.extensions.insert(Instead { original_bytes: app.limits.original_bytes });
    next.run(Request::from_parts(parts, body)).await
}

/// Around each handler: for a sandbox key, what it takes is parsed as it parses it, and the fixtures answer.
pub async fn tried<T: Takes>(request: Request, next: Next) -> Response {
    if request.extensions().get::<Instead>().is_none() {
        return next.run(request).await;
    }
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let asked = Asked {
        method: request.method().clone(),
        path: path.unwrap_or_default(),
        uri: request.uri().clone(),
        headers: request.headers().clone(),
    };
    if let Err(problem) = T::tried(request).await {
        return problem.into_response();
    }
    answer(&asked).unwrap_or_else(IntoResponse::into_response)
}

/// What is asked, once it is parsed.
struct Asked {
    method: Method,
    /// As it is described.
    path: String,
    uri: Uri,
    headers: HeaderMap,
}

/// A body that an operation takes, as it is described; none where it takes no JSON.
#[must_use]
pub fn body_of(method: &Method, path: &str) -> Option<Value> {
    let told = &DESCRIPTION["paths"][path][method.as_str().to_ascii_lowercase()];
    told["requestBody"]["content"]["application/json"].get("example").cloned()
}

/// What an operation answers, for its description.
pub(super) fn example(whole: &Value, operation: &str, schema: &Value) -> Value {
    match operation {
        "getDocument" | "changeDocument" | "sendDocument" => DOCUMENTS[0].clone(),
        "listDocuments" => json!({ "data": [DOCUMENTS[0]], "next": null }),
        _ => sample::value(whole, schema, sample::DEPTH),
    }
}

fn unknown_problem() -> Problem {
    let names: Vec<&str> = kinds::ALL.iter().map(|kind| kind.name).collect();
    Problem::BadRequest(format!("Acuse-Sandbox-Problem: one of {}", names.join(", ")))
}

fn answer(asked: &Asked) -> Result<Response, Problem> {
    let operation = &DESCRIPTION["paths"][&asked.path][asked.method.as_str().to_ascii_lowercase()];
    let name = operation["operationId"].as_str().ok_or(Problem::MethodNotAllowed)?;
    let id = asked.uri.path().split('/').nth(3).unwrap_or_default();
    let query = Query::<Vec<(String, String)>>::try_from_uri(&asked.uri).map(|q| q.0).unwrap_or_default();
    let of = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    match name {
        "listDocuments" => {
            let wanted = |d: &&Value| {
                let is_duplicate = d["is_duplicate"] == true;
                let by_status = of("status").is_none_or(|s| match s {
                    "duplicate" => is_duplicate,
                    s => d["status"] == s && !is_duplicate,
                });
                by_status && of("kind").is_none_or(|k| d["kind"] == k)
            };
            Ok(Json(json!({ "data": DOCUMENTS.iter().filter(wanted).collect::<Vec<_>>(), "next": null }))
                .into_response())
        }
        "changeDocument" => {
            Precondition::of(&asked.headers)?;
            Ok(Json(document(id)?.clone()).into_response())
        }
        "getDocument" => Ok(Json(document(id)?.clone()).into_response()),
        "sendDocument" => Ok((StatusCode::CREATED, Json(DOCUMENTS[0].clone())).into_response()),
        "getDocumentTimeline" | "getDocumentContent" => {
            let found = document(id)?;
            if found["withheld"] == true && name == "getDocumentContent" {
                return Err(Problem::Withheld);
            }
            sample::of(&DESCRIPTION, operation)
        }
        _ => sample::of(&DESCRIPTION, operation),
    }
}

fn document(id: &str) -> Result<&'static Value, Problem> {
    DOCUMENTS.iter().find(|d| d["id"] == id).ok_or(Problem::NotFound("document"))
}

impl Caller {
    /// Whether the key is for trying out, and for nothing else.
    fn is_sandbox(&self) -> bool {
        self.has_only(Scope::Sandbox)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::http::representation::DOCUMENT_MEMBERS;

    #[test]
    fn the_fixtures_are_whole_documents() {
        assert!(DOCUMENTS.len() >= 6);
        for document in DOCUMENTS.iter() {
            let members: Vec<&String> = document.as_object().unwrap().keys().collect();
            let known = DOCUMENT_MEMBERS.iter().all(|m| document.get(*m).is_some());
            assert!(known && members.len() == DOCUMENT_MEMBERS.len(), "{document}");
        }
    }

    fn asked(method: &Method, path: &str, uri: &str) -> Asked {
        let headers = HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static("*"))]);
        Asked { method: method.clone(), path: path.to_owned(), uri: uri.parse().unwrap(), headers }
    }

    #[test]
    fn every_operation_has_an_answer() {
        let id = DOCUMENTS[0]["id"].as_str().unwrap();
        for operation in description::operations().iter().filter(|o| o.path.starts_with("/v1/")) {
            let uri = operation.path.replace("{id}", id).replace(['{', '}'], "");
            let answered = answer(&asked(&operation.method, operation.path, &uri));
            assert!(answered.unwrap().status().is_success(), "{} {}", operation.method, operation.path);
        }
        let withheld = DOCUMENTS.iter().find(|d| d["withheld"] == true).unwrap()["id"].as_str().unwrap();
        let content = "/v1/documents/{id}/content";
        let refused = answer(&asked(&Method::GET, content, &content.replace("{id}", withheld)));
        assert!(matches!(refused, Err(Problem::Withheld)));
    }
}
