//! The description and the router are held to each other, both ways.

use std::collections::BTreeSet;

use super::*;

/// Other names of a member, which older clients send and nobody is told of.
const ALIASES: &[&str] = &["action", "resolution"];

fn resolved<'a>(whole: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(target) => whole.pointer(target.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

fn told<'a>(whole: &'a Value, operation: &Operation) -> &'a Value {
    &whole["paths"][operation.path][operation.method.as_str().to_ascii_lowercase()]
}

fn parameters(told: &Value, place: &str) -> BTreeSet<String> {
    let all = told["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|p| p["in"] == place).map(|p| p["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_route_is_described_and_every_description_is_routed() {
    let whole = composed();
    let routed: BTreeSet<String> = operations()
        .iter()
        .map(|o| format!("{} {}", o.method.as_str().to_ascii_lowercase(), o.path))
        .collect();
    let described: BTreeSet<String> = whole["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, ways)| ways.as_object().unwrap().keys().map(move |m| format!("{m} {path}")))
        .collect();
    let differ: Vec<_> = routed.symmetric_difference(&described).collect();
    assert!(differ.is_empty() && routed.len() > 45, "{differ:?}");
}

#[test]
fn what_a_handler_takes_is_what_is_described() {
    let whole = composed();
    for operation in operations().iter().filter(|o| o.path.starts_with("/v1/")) {
        let (told, name) = (told(&whole, operation), format!("{} {}", operation.method, operation.path));
        let query: BTreeSet<String> = operation.shape.query.iter().cloned().collect();
        assert_eq!(query, parameters(told, "query"), "{name}: query");
        let path: BTreeSet<String> = operation
            .path
            .split('{')
            .skip(1)
            .filter_map(|p| p.split('}').next())
            .map(str::to_owned)
            .collect();
        assert_eq!(path, parameters(told, "path"), "{name}: path");
        assert_eq!(operation.shape.path, !path.is_empty(), "{name}: path");
        let schema = &told["requestBody"]["content"]["application/json"]["schema"];
        let schema = resolved(&whole, schema);
        let described: BTreeSet<&str> =
            schema["properties"].as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
        let body: BTreeSet<&str> =
            operation.shape.body.iter().map(String::as_str).filter(|m| !ALIASES.contains(m)).collect();
        assert_eq!(body, described, "{name}: body");
        let keyed = told["security"].as_array().is_some_and(|s| !s.is_empty());
        assert_eq!(operation.shape.keyed, keyed, "{name}: key");
    }
}

#[test]
fn every_operation_has_a_name_and_every_reference_leads_somewhere() {
    fn walk(whole: &Value, value: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                    assert!(
                        whole.pointer(target.trim_start_matches('#')).is_some(),
                        "{target} leads nowhere"
                    );
                }
                members.values().for_each(|v| walk(whole, v));
            }
            Value::Array(items) => items.iter().for_each(|v| walk(whole, v)),
            _ => {}
        }
    }
    let whole = composed();
    walk(&whole, &whole);
    let mut names = BTreeSet::new();
    for operation in operations() {
        let told = told(&whole, &operation);
        let name = told["operationId"].as_str().unwrap_or_else(|| panic!("{}: no name", operation.path));
        assert!(names.insert(name.to_owned()), "{name}: twice");
        let says = told["summary"].as_str().is_some_and(|s| !s.is_empty());
        assert!(says && !told["tags"][0].as_str().unwrap().is_empty(), "{name}");
        assert!(told["responses"].as_object().unwrap().keys().any(|s| s.starts_with(['2', '3'])), "{name}");
    }
}

#[test]
fn every_schema_of_the_words_is_used_and_none_hides_one_of_the_code() {
    let (words, whole): (Value, _) = (serde_json::from_str(WORDS).unwrap(), composed());
    let text = whole.to_string();
    for name in whole["components"]["schemas"].as_object().unwrap().keys() {
        let used = text.contains(&format!("\"#/components/schemas/{name}\""));
        assert!(used || name == "Scope", "{name} is used nowhere");
    }
    for name in lists::schemas().keys() {
        assert!(words["components"]["schemas"].get(name).is_none(), "{name} is said twice");
    }
}

#[test]
fn every_body_and_every_answer_has_an_example() {
    let whole = composed();
    let mut named = BTreeSet::new();
    for operation in operations().iter().filter(|o| o.path.starts_with("/v1/")) {
        let (told, name) = (told(&whole, operation), format!("{} {}", operation.method, operation.path));
        let body = &told["requestBody"]["content"]["application/json"];
        if let Some(members) = body["example"].as_object() {
            named.insert(told["operationId"].as_str().unwrap());
            let unknown: Vec<_> = members.keys().filter(|m| !operation.shape.body.contains(m)).collect();
            assert!(unknown.is_empty(), "{name}: {unknown:?}");
        }
        assert_eq!(body.is_object(), body["example"].is_object(), "{name}: its body");
        for (status, answer) in told["responses"].as_object().unwrap() {
            let content = &answer["content"]["application/json"];
            assert!(content.is_null() || !content["example"].is_null(), "{name} {status}");
        }
    }
    let known: BTreeSet<&str> = BODIES.keys().map(String::as_str).collect();
    assert_eq!(known, named);
}

/// As `etag::named` does it, so it is said, of every JSON answer.
#[test]
fn every_question_says_how_its_answer_is_named() {
    let whole = composed();
    let asked = operations().into_iter().filter(|o| o.path.starts_with("/v1/"));
    let mut questions = 0;
    for operation in asked.filter(|o| o.method == Method::GET || o.method == Method::PATCH) {
        let (told, name) = (told(&whole, &operation), format!("{} {}", operation.method, operation.path));
        let good = &told["responses"]["200"];
        if good["content"]["application/json"].is_null() {
            continue;
        }
        assert!(good["headers"]["ETag"].is_object(), "{name}");
        if operation.method == Method::GET {
            questions += 1;
            assert!(told["responses"]["304"].is_object(), "{name}");
            assert!(parameters(told, "header").contains("If-None-Match"), "{name}");
        }
    }
    assert!(questions > 25, "{questions}");
}
