//! The tools: operations of the API that only read, with the parameters that the description gives them.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::router;

/// Which operations, each with what is always asked in its query.
const READS: &[(&str, &[(&str, &str)])] = &[
    ("listDocuments", &[]),
    ("getDocument", &[]),
    ("getDocumentTimeline", &[]),
    ("getDocumentContent", &[("variant", "text")]),
    ("listReviews", &[]),
    ("listCustomers", &[]),
    ("getCustomer", &[]),
    ("listContacts", &[]),
    ("getContact", &[]),
    ("listContactMessages", &[]),
    ("getLedger", &[]),
    ("getMessageLedger", &[]),
    ("listEvents", &[]),
    ("listIncidents", &[]),
    ("exportBooks", &[("format", "totals")]),
    ("listPeriods", &[]),
    ("getPeriod", &[]),
];

/// What an assistant never asks for: links to content, and answers that are held back.
const NOT_OFFERED: &[&str] = &["presign", "page", "wait", "mapped"];

struct Read {
    name: &'static str,
    path: String,
    says: String,
    fixed: &'static [(&'static str, &'static str)],
    /// Name, place, schema, whether it must be said.
    parameters: Vec<(String, String, Value, bool)>,
}

/// All of them.
pub struct Tools(Vec<Read>);

/// A schema with what it refers to in its place: an assistant gets no components.
fn whole(description: &Value, schema: &Value, says: &Value) -> Value {
    let mut schema = match schema["$ref"].as_str() {
        Some(target) => description.pointer(target.trim_start_matches('#')).cloned().unwrap_or_default(),
        None => schema.clone(),
    };
    if says.is_string() {
        schema["description"] = says.clone();
    }
    schema
}

impl Tools {
    /// Read off the description.
    #[must_use]
    pub fn described() -> Self {
        let description = router::description();
        let mut found = Vec::new();
        for (path, ways) in description["paths"].as_object().into_iter().flat_map(Map::iter) {
            let told = &ways["get"];
            let Some((name, fixed)) = READS.iter().find(|(name, _)| told["operationId"] == *name) else {
                continue;
            };
            let parameters = told["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.filter(|p| p["in"] == "query" || p["in"] == "path").filter_map(|p| {
                let name = p["name"].as_str()?.to_owned();
                let is_fixed = fixed.iter().any(|(fixed, _)| *fixed == name);
                let schema = whole(&description, &p["schema"], &p["description"]);
                let place = p["in"].as_str()?.to_owned();
                let offered = !is_fixed && !NOT_OFFERED.contains(&name.as_str());
                offered.then_some((name, place, schema, p["required"] == true))
            });
            let summary = told["summary"].as_str().unwrap_or_default();
            let says = format!("{summary}. {}", told["description"].as_str().unwrap_or_default());
            let parameters = parameters.collect();
            found.push(Read { name, path: path.clone(), says, fixed, parameters });
        }
        Self(found)
    }

    /// As they are listed.
    #[must_use]
    pub fn listed(&self) -> Vec<Tool> {
        self.0.iter().map(Read::listed).collect()
    }

    /// Where a tool asks, with what it is given.
    ///
    /// # Errors
    /// Why it cannot be asked.
    pub fn uri(&self, name: &str, given: &Value) -> Result<String, String> {
        let read =
            self.0.iter().find(|r| r.name == name).ok_or_else(|| format!("there is no tool {name:?}"))?;
        read.uri(given)
    }
}

impl Read {
    fn listed(&self) -> Tool {
        let properties: Map<String, Value> =
            self.parameters.iter().map(|(name, _, schema, _)| (name.clone(), schema.clone())).collect();
        let required: Vec<&str> =
            self.parameters.iter().filter(|(.., must)| *must).map(|(name, ..)| name.as_str()).collect();
        let schema = json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        });
        let schema: JsonObject = schema.as_object().cloned().unwrap_or_default();
        let mut tool = Tool::new(self.name, self.says.clone(), Arc::new(schema));
        tool.annotations =
            Some(ToolAnnotations::from_raw(None, Some(true), Some(false), Some(true), Some(false)));
        tool
    }

    fn uri(&self, given: &Value) -> Result<String, String> {
        let given = given.as_object().ok_or("arguments are an object")?;
        let mut path = self.path.clone();
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.fixed);
        for (name, value) in given {
            let known = self.parameters.iter().find(|(known, ..)| known == name);
            let (_, place, ..) = known.ok_or_else(|| format!("{name:?} is no parameter of this tool"))?;
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => return Err(format!("{name}: a text, a number or a truth value")),
            };
            if place == "path" {
                // Ids and months alone: nothing that could lead to another address.
                if text.is_empty() || !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
                    return Err(format!("{name}: not an id"));
                }
                path = path.replace(&format!("{{{name}}}"), &text);
            } else {
                query.append_pair(name, &text);
            }
        }
        if path.contains('{') {
            return Err("the id is missing".to_owned());
        }
        let query = query.finish();
        Ok(if query.is_empty() { path } else { format!("{path}?{query}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_is_an_operation_that_reads_and_leads_nowhere_else() {
        let tools = Tools::described();
        assert_eq!(tools.0.len(), READS.len());
        let id = json!({ "id": "0197-aa", "fields": "id" });
        assert_eq!(tools.uri("getDocument", &id).unwrap(), "/v1/documents/0197-aa?fields=id");
        let totals = tools.uri("exportBooks", &json!({ "from": "2026-01-01" })).unwrap();
        assert_eq!(totals, "/v1/export?format=totals&from=2026-01-01");
        for (name, given) in [
            ("getDocument", json!({ "id": "../reviews" })),
            ("getDocument", json!({})),
            ("getDocumentContent", json!({ "id": "a", "variant": "original" })),
            ("getDocumentContent", json!({ "id": "a", "presign": true })),
            ("exportBooks", json!({ "format": "csv" })),
            ("resolveReview", json!({ "id": "a" })),
            ("listDocuments", json!({ "q": { "a": 1 } })),
        ] {
            assert!(tools.uri(name, &given).is_err(), "{name} {given}");
        }
    }
}
