//! What a sandbox key is answered: fixtures with known answers, and every problem on demand. Such a key begins with
//! [`PREFIX`] and has the scope `sandbox` alone, so that even without this room it could do nothing: no handler of a
//! document, customer or message is reached with it, and no row is read but the key's own.
//!
//! Every operation that is described is answered by what is described of it (`sample`); documents are the fixtures of
//! `fixtures.json`. A problem is had by the header `Acuse-Sandbox-Problem: NAME` at any address.

mod sample;

use std::sync::LazyLock;

use acuse_storage::keys::Scope;
use axum::{
    Json,
    extract::{FromRequestParts, MatchedPath, Query, Request, State},
    http::{Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{auth::Caller, contract::description, problem::Problem};
use crate::app::App;

/// What every sandbox key begins with.
pub const PREFIX: &str = "acuse_sandbox_";
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

/// Answers requests with a sandbox key, and lets all others pass.
pub async fn instead(State(app): State<App>, request: Request, next: Next) -> Response {
    let bearer =
        request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !bearer.split_once(' ').is_some_and(|(_, key)| key.trim().starts_with(PREFIX)) {
        return next.run(request).await;
    }
    let (mut parts, _) = request.into_parts();
    let path = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
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
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|q| q.0).unwrap_or_default();
    match answer(&parts.method, &path.unwrap_or_default(), parts.uri.path(), &query) {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

fn unknown_problem() -> Problem {
    let names: Vec<&str> = super::problems::ALL.iter().map(|kind| kind.name).collect();
    Problem::BadRequest(format!("Acuse-Sandbox-Problem: one of {}", names.join(", ")))
}

fn answer(method: &Method, path: &str, uri: &str, query: &[(String, String)]) -> Result<Response, Problem> {
    let operation = &DESCRIPTION["paths"][path][method.as_str().to_ascii_lowercase()];
    let name = operation["operationId"].as_str().ok_or(Problem::MethodNotAllowed)?;
    let id = uri.split('/').nth(3).unwrap_or_default();
    let of = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    match name {
        "listDocuments" => {
            let wanted = |d: &&Value| {
                let is_duplicate = !d["duplicate_of"].is_null();
                let by_status = of("status").is_none_or(|s| match s {
                    "duplicate" => is_duplicate,
                    s => d["status"] == s && !is_duplicate,
                });
                by_status && of("kind").is_none_or(|k| d["kind"] == k)
            };
            Ok(Json(json!({ "data": DOCUMENTS.iter().filter(wanted).collect::<Vec<_>>(), "next": null }))
                .into_response())
        }
        "getDocument" | "changeDocument" => Ok(Json(document(id)?.clone()).into_response()),
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
    use super::*;
    use crate::http::view::DOCUMENT_MEMBERS;

    #[test]
    fn the_fixtures_are_whole_documents() {
        assert!(DOCUMENTS.len() >= 6);
        for document in DOCUMENTS.iter() {
            let members: Vec<&String> = document.as_object().unwrap().keys().collect();
            let known = DOCUMENT_MEMBERS.iter().all(|m| document.get(*m).is_some());
            assert!(known && members.len() == DOCUMENT_MEMBERS.len(), "{document}");
        }
    }

    #[test]
    fn every_operation_has_an_answer() {
        let id = DOCUMENTS[0]["id"].as_str().unwrap();
        for operation in description::operations().iter().filter(|o| o.path.starts_with("/v1/")) {
            let uri = operation.path.replace("{id}", id);
            let answered = answer(&operation.method, operation.path, &uri, &[]);
            assert!(answered.unwrap().status().is_success(), "{} {}", operation.method, operation.path);
        }
        let withheld = DOCUMENTS.iter().find(|d| d["withheld"] == true).unwrap()["id"].as_str().unwrap();
        let content = "/v1/documents/{id}/content";
        let refused = answer(&Method::GET, content, &content.replace("{id}", withheld), &[]);
        assert!(matches!(refused, Err(Problem::Withheld)));
    }
}
