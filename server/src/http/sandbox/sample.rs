//! An answer or a body made of what is described: always the same, and always valid.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::problem::Problem;

/// Deepest schema that is followed.
pub(super) const DEPTH: usize = 24;

/// The good answer of an operation.
pub(super) fn of(whole: &Value, operation: &Value) -> Result<Response, Problem> {
    let answers = operation["responses"].as_object().into_iter().flat_map(Map::iter);
    let mut good = answers.filter(|(status, _)| status.starts_with('2'));
    let (status, told) = good.next().ok_or(Problem::NotFound("answer"))?;
    let status = status
        .parse()
        .map_err(|_| Problem::NotFound("answer"))
        .and_then(|n: u16| StatusCode::from_u16(n).map_err(|_| Problem::NotFound("answer")))?;
    let content = told["content"].as_object();
    let Some((media, told)) =
        content.and_then(|c| c.get_key_value("application/json").or_else(|| c.iter().next()))
    else {
        return Ok(status.into_response());
    };
    let body = match media.as_str() {
        "application/json" => value(whole, &told["schema"], DEPTH).to_string(),
        _ => "sandbox\n".to_owned(),
    };
    let mut response = (status, body).into_response();
    if let Ok(media) = HeaderValue::from_str(media) {
        response.headers_mut().insert(header::CONTENT_TYPE, media);
    }
    Ok(response)
}

/// A value that the schema allows.
pub(super) fn value(whole: &Value, schema: &Value, depth: usize) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let deeper = |schema: &Value| value(whole, schema, depth - 1);
    if let Some(target) = schema["$ref"].as_str() {
        return whole.pointer(target.trim_start_matches('#')).map(deeper).unwrap_or_default();
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(only) = schema.get("const") {
        return only.clone();
    }
    if let Some(all) = schema["allOf"].as_array() {
        let mut joined = Map::new();
        for one in all.iter().map(deeper).chain([plain(whole, schema, depth)]) {
            joined.extend(one.as_object().cloned().unwrap_or_default());
        }
        return joined.into();
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(first) = schema[key].get(0) {
            return deeper(first);
        }
    }
    plain(whole, schema, depth)
}

fn plain(whole: &Value, schema: &Value, depth: usize) -> Value {
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    };
    match (kind, schema["format"].as_str().unwrap_or_default()) {
        ("string", "uuid") => json!("00000000-0000-7000-8000-000000000001"),
        ("string", "date-time") => json!("2026-01-02T03:04:05Z"),
        ("string", "date") => json!("2026-01-02"),
        ("string", _) => json!("sandbox"),
        ("integer" | "number", _) => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        ("boolean", _) => json!(true),
        ("array", _) => {
            let count = schema["minItems"].as_u64().unwrap_or(1).min(8);
            (0..count).map(|_| value(whole, &schema["items"], depth - 1)).collect()
        }
        ("object", _) => {
            let members = schema["properties"].as_object().into_iter().flat_map(Map::iter);
            members.map(|(name, schema)| (name.clone(), value(whole, schema, depth - 1))).collect()
        }
        _ => Value::Null,
    }
}
