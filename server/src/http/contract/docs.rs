//! `/docs`: the description for people, in the binary; and `/problems`, a page for each kind of problem. Nothing is
//! loaded from anywhere else, and nothing runs.

use std::sync::LazyLock;

use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::description;
use crate::{
    extract::Id,
    problem::{
        Problem,
        kinds::{self, Kind},
    },
};

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One method of one address, as it is read.
struct Entry {
    id: String,
    method: String,
    path: String,
    summary: String,
    says: String,
    scopes: String,
    parameters: Vec<Parameter>,
    bodies: Vec<Shown>,
    answers: Vec<Shown>,
}

struct Parameter {
    name: String,
    place: String,
    required: bool,
    r#type: String,
    says: String,
}

/// A body or an answer: what it is called, what is said of it, its schema.
struct Shown {
    name: String,
    says: String,
    schema: String,
}

struct Group {
    name: String,
    entries: Vec<Entry>,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Docs {
    says: String,
    groups: Vec<Group>,
    schemas: Vec<Shown>,
    problems: &'static [&'static Kind],
}

#[derive(Template)]
#[template(path = "problems.html")]
struct Problems<'a> {
    problems: &'a [Page],
}

struct Page {
    kind: &'static Kind,
    example: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn pretty(value: &Value) -> String {
    if value.is_null() { String::new() } else { serde_json::to_string_pretty(value).unwrap_or_default() }
}

/// A type in a word: what it refers to, or what it is.
fn short(schema: &Value) -> String {
    match (schema["$ref"].as_str(), &schema["type"]) {
        (Some(target), _) => target.rsplit('/').next().unwrap_or_default().to_owned(),
        (None, Value::String(kind)) => match schema["format"].as_str() {
            Some(format) => format!("{kind}, {format}"),
            None => kind.clone(),
        },
        _ => String::new(),
    }
}

fn contents(content: &Value, name: &str, says: &str) -> Vec<Shown> {
    let of_type = |(media, told): (&String, &Value)| Shown {
        name: format!("{name} {media}").trim().to_owned(),
        says: says.to_owned(),
        schema: match short(&told["schema"]) {
            named if told["schema"]["$ref"].is_string() => named,
            _ => pretty(&told["schema"]),
        },
    };
    content.as_object().into_iter().flat_map(Map::iter).map(of_type).collect()
}

fn answer(status: &str, told: &Value) -> Vec<Shown> {
    if let Some(target) = told["$ref"].as_str() {
        let says = format!("A problem ({})", target.rsplit('/').next().unwrap_or_default());
        return vec![Shown { name: status.to_owned(), says, schema: String::new() }];
    }
    let says = text(&told["description"]);
    let all = contents(&told["content"], status, &says);
    if all.is_empty() { vec![Shown { name: status.to_owned(), says, schema: String::new() }] } else { all }
}

fn entry(method: &str, path: &str, told: &Value) -> Entry {
    let parameters = told["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let scopes: Vec<String> = told["security"][0]["key"].as_array().into_iter().flatten().map(text).collect();
    Entry {
        id: text(&told["operationId"]),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: text(&told["summary"]),
        says: text(&told["description"]),
        scopes: scopes.join(", "),
        parameters: parameters
            .iter()
            .map(|p| Parameter {
                name: text(&p["name"]),
                place: text(&p["in"]),
                required: p["required"] == true,
                r#type: short(&p["schema"]),
                says: text(&p["description"]),
            })
            .collect(),
        bodies: contents(&told["requestBody"]["content"], "", ""),
        answers: told["responses"]
            .as_object()
            .into_iter()
            .flat_map(Map::iter)
            .flat_map(|(status, told)| answer(status, told))
            .collect(),
    }
}

fn groups(whole: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (path, ways) in whole["paths"].as_object().into_iter().flat_map(Map::iter) {
        for (method, told) in ways.as_object().into_iter().flat_map(Map::iter) {
            let name = text(&told["tags"][0]);
            let entry = entry(method, path, told);
            match groups.iter_mut().find(|g| g.name == name) {
                Some(group) => group.entries.push(entry),
                None => groups.push(Group { name, entries: vec![entry] }),
            }
        }
    }
    groups
}

static DOCS: LazyLock<String> = LazyLock::new(|| {
    let whole = description::composed();
    let schemas = whole["components"]["schemas"].as_object().into_iter().flat_map(Map::iter);
    let page = Docs {
        says: text(&whole["info"]["description"]),
        groups: groups(&whole),
        schemas: schemas
            .map(|(name, schema)| Shown {
                name: name.clone(),
                says: text(&schema["description"]),
                schema: pretty(schema),
            })
            .collect(),
        problems: kinds::ALL,
    };
    page.render().unwrap_or_default()
});

fn page(html: String) -> Response {
    let mut response = Html(html).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn rendered(pages: &[Page]) -> Result<Response, Problem> {
    let html = Problems { problems: pages }.render();
    Ok(page(html.map_err(|error| Problem::Internal(error.into()))?))
}

fn of(problem: &Problem) -> Page {
    Page { kind: problem.kind(), example: pretty(&problem.example()) }
}

/// `GET /docs`.
pub async fn index() -> Response {
    page(DOCS.clone())
}

/// `GET /problems`: all kinds.
///
/// # Errors
/// When the page cannot be made, which would be ours.
pub async fn problems() -> Result<Response, Problem> {
    rendered(&Problem::examples().iter().map(of).collect::<Vec<_>>())
}

/// `GET /problems/{name}`: one kind.
///
/// # Errors
/// 404 for a name that no kind has.
pub async fn problem(Id(name): Id<String>) -> Result<Response, Problem> {
    let found = Problem::examples().iter().find(|p| p.kind().name == name).map(of);
    rendered(&[found.ok_or(Problem::NotFound("kind of problem"))?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_described_is_on_the_page() {
        for operation in description::operations() {
            assert!(DOCS.contains(operation.path), "{}", operation.path);
        }
        assert!(!DOCS.contains("http://") && !DOCS.contains("<script"), "nothing comes from elsewhere");
    }
}
