//! Deciding, for a key that has `reviews:mcp` of its own (`admin` does not bring it): one document, in the version that
//! was looked at, with a note. Only what is `open` for everybody: an assistant lowers no sensitivity, takes no kind
//! away, files nothing against a warning, and is nobody's second pair of eyes.

use std::sync::Arc;

use acuse_storage::{ReviewId, names::WaitsFor};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ask::{Answer, Key};
use crate::{
    problem::Problem,
    review::{self, Decide},
    state::App,
};

/// What it is called.
pub const NAME: &str = "decide";

/// What an assistant may say.
const VERDICTS: &[&str] = &["approve", "correct", "reject"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    review_id: String,
    version: i64,
    decision: String,
    #[serde(default)]
    fields: Map<String, Value>,
    note: String,
}

/// As it is listed to whoever may use it.
#[must_use]
pub fn tool() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "review_id": { "type": "string", "format": "uuid", "description": "Of listReviews." },
            "version": { "type": "integer", "description": "The document's version that you looked at." },
            "decision": { "type": "string", "enum": VERDICTS },
            "fields": { "type": "object", "description": "With correct: name to new text." },
            "note": { "type": "string", "description": "Why, for people." },
        },
        "required": ["review_id", "version", "decision", "note"],
        "additionalProperties": false,
    });
    let schema: JsonObject = schema.as_object().cloned().unwrap_or_default();
    let says = "Decide on one document. Only when the person you work for asked for it.";
    let mut tool = Tool::new(NAME, says, Arc::new(schema));
    tool.annotations =
        Some(ToolAnnotations::from_raw(None, Some(false), Some(true), Some(false), Some(false)));
    tool
}

/// Whether a key may.
pub async fn may(app: &App, key: &Key) -> bool {
    match key.caller(app).await {
        Ok(caller) => caller.as_assistant().is_ok(),
        Err(_) => false,
    }
}

/// Decides.
pub async fn run(app: &App, key: &Key, given: &Value) -> Answer {
    match decide(app, key, given).await {
        Ok(body) => Answer { is_good: true, body },
        Err(problem) => {
            problem.log();
            Answer::refused(&problem)
        }
    }
}

async fn decide(app: &App, key: &Key, given: &Value) -> Result<Value, Problem> {
    let caller = key.caller(app).await?.as_assistant()?;
    let given: Given =
        serde_json::from_value(given.clone()).map_err(|e| Problem::BadRequest(e.to_string()))?;
    if !VERDICTS.contains(&given.decision.as_str()) {
        return Err(Problem::BadRequest(format!("decision: an assistant says {}", VERDICTS.join(", "))));
    }
    if given.note.trim().is_empty() {
        return Err(Problem::BadRequest("note: say why".to_owned()));
    }
    let id: ReviewId =
        given.review_id.parse().map_err(|_| Problem::BadRequest("review_id: not an id".to_owned()))?;
    // Only what is open to everybody: `of` refuses what is withheld from a caller who sees no IDs.
    let (_, document) = review::of(app, &caller, id).await?;
    if document.waits_for != Some(WaitsFor::Reviewer) && document.waits_for.is_some() {
        return Err(Problem::Conflict("this waits for a person, not for an assistant".to_owned()));
    }
    let mut said = json!({ "decision": given.decision, "version": given.version, "note": given.note });
    if !given.fields.is_empty() {
        said["fields"] = Value::Object(given.fields);
    }
    let body: Decide = serde_json::from_value(said).map_err(|e| Problem::BadRequest(e.to_string()))?;
    let decided = review::resolve(app, &caller, id, body).await?;
    serde_json::to_value(decided).map_err(|e| Problem::Internal(e.into()))
}
