//! What both clients are made of.

use serde_json::{Map, Value};

/// All of it.
pub(super) struct Api {
    /// Name and schema, by name.
    pub(super) schemas: Vec<(String, Value)>,
    /// What is called, in the order of the description.
    pub(super) calls: Vec<Call>,
}

/// A body.
pub(super) enum Sent {
    Nothing,
    Json {
        schema: Value,
        required: bool,
    },
    /// Text of this media type, as it is.
    Text(String),
    File,
}

/// An answer.
#[derive(PartialEq)]
pub(super) enum Got {
    Nothing,
    Json(Value),
    Bytes,
}

/// One parameter.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) schema: Value,
    pub(super) required: bool,
}

/// One method of the client.
pub(super) struct Call {
    pub(super) name: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) in_path: Vec<String>,
    pub(super) query: Vec<Parameter>,
    pub(super) headers: Vec<Parameter>,
    pub(super) sent: Sent,
    pub(super) got: Got,
}

/// What HTTP itself is for; a client that wants it uses HTTP.
const NOT_OFFERED: &[&str] = &["If-None-Match", "Range", "If-Range"];

fn parameters(told: &Value, place: &str) -> Vec<Parameter> {
    let all = told["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_place = all.iter().filter(|p| p["in"] == place);
    let each = of_place.map(|p| Parameter {
        name: p["name"].as_str().unwrap_or_default().to_owned(),
        schema: p["schema"].clone(),
        required: p["required"] == true,
    });
    each.filter(|p| !NOT_OFFERED.contains(&p.name.as_str())).collect()
}

fn sent(told: &Value) -> Sent {
    let content = &told["requestBody"]["content"];
    match &content["application/json"]["schema"] {
        _ if content["multipart/form-data"].is_object() => Sent::File,
        Value::Null => match content.as_object().and_then(|all| all.keys().next()) {
            Some(media) => Sent::Text(media.clone()),
            None => Sent::Nothing,
        },
        schema => Sent::Json { schema: schema.clone(), required: told["requestBody"]["required"] == true },
    }
}

fn got(told: &Value) -> Got {
    let good = told["responses"].as_object().into_iter().flat_map(Map::iter);
    let bodies =
        good.filter(|(status, _)| status.starts_with('2')).filter_map(|(_, a)| a["content"].as_object());
    let mut found = Got::Nothing;
    for (media, body) in bodies.flat_map(Map::iter) {
        match (media.as_str(), &found) {
            ("application/json", Got::Nothing) => found = Got::Json(body["schema"].clone()),
            ("application/json", Got::Json(_)) => {}
            _ => return Got::Bytes,
        }
    }
    found
}

impl Api {
    pub(super) fn of(whole: &Value) -> Self {
        let schemas = whole["components"]["schemas"].as_object().into_iter().flat_map(Map::iter);
        let mut calls = Vec::new();
        for (path, ways) in whole["paths"].as_object().into_iter().flat_map(Map::iter) {
            if !path.starts_with("/v1/") {
                continue;
            }
            for (method, told) in ways.as_object().into_iter().flat_map(Map::iter) {
                calls.push(Call {
                    name: told["operationId"].as_str().unwrap_or_default().to_owned(),
                    method: method.to_ascii_uppercase(),
                    path: path.clone(),
                    summary: told["summary"].as_str().unwrap_or_default().to_owned(),
                    in_path: parameters(told, "path").into_iter().map(|p| p.name).collect(),
                    query: parameters(told, "query"),
                    headers: parameters(told, "header"),
                    sent: sent(told),
                    got: got(told),
                });
            }
        }
        Self { schemas: schemas.map(|(name, schema)| (name.clone(), schema.clone())).collect(), calls }
    }
}

impl Call {
    /// Whether it answers a page of a list that goes on at `next`, and may be asked for all of it.
    pub(super) fn is_list(&self) -> bool {
        self.name != "listEvents" && self.query.iter().any(|p| p.name == "after")
    }
}

/// `listDocuments` as `list_documents`; `If-Match` as `if_match`.
pub(super) fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c {
            'A'..='Z' => {
                if !out.is_empty() && !out.ends_with('_') {
                    out.push('_');
                }
                out.push(c.to_ascii_lowercase());
            }
            '-' | '.' => out.push('_'),
            other => out.push(other),
        }
    }
    out
}

/// The choices of a union. With `fields=` an answer has some members of a document alone; a client's type is the whole
/// one, of which the caller knows what was asked for.
pub(super) fn choices(schema: &Value) -> Option<Vec<Value>> {
    let any = ["oneOf", "anyOf"].iter().find_map(|key| schema[*key].as_array())?;
    Some(any.iter().filter(|one| referred(one) != Some("DocumentMembers")).cloned().collect())
}

/// The name that a reference leads to.
pub(super) fn referred(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|target| target.rsplit('/').next())
}
