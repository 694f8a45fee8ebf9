//! Templates that are handed in to Meta, which then decides on them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Call, Graph, GraphError, not_understood};

/// A template as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTemplate {
    /// Its name: small letters, digits and `_`.
    pub name: String,
    /// Meta's language tag, e.g. `es` or `pt_BR`.
    pub language: String,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`.
    pub category: String,
    /// Its text, with `{{1}}`, `{{2}}`… where something stands.
    pub body: String,
    /// What may stand there, for whoever decides on it.
    pub examples: Vec<String>,
    /// Titles of its quick replies.
    pub buttons: Vec<String>,
}

impl NewTemplate {
    fn components(&self) -> Value {
        let mut body = json!({"type": "BODY", "text": self.body});
        if !self.examples.is_empty() {
            body["example"] = json!({"body_text": [self.examples]});
        }
        let mut components = vec![body];
        if !self.buttons.is_empty() {
            let button = |text: &String| json!({"type": "QUICK_REPLY", "text": text});
            let buttons: Vec<Value> = self.buttons.iter().map(button).collect();
            components.push(json!({"type": "BUTTONS", "buttons": buttons}));
        }
        components.into()
    }
}

impl Graph {
    /// Hands a template in to an account (WABA); Meta's word on it for now.
    ///
    /// # Errors
    /// By class, when Meta refuses or cannot be asked.
    pub async fn create_template(&self, waba_id: &str, new: &NewTemplate) -> Result<String, GraphError> {
        let body = json!({
            "name": new.name, "language": new.language, "category": new.category,
            "components": new.components(),
        });
        let request = self.request(Method::POST, [waba_id, "message_templates"]).json(&body);
        let answer = self.call(Call::Probe, request).await?;
        let status = answer.get("status").and_then(Value::as_str).map(str::to_owned);
        status.ok_or_else(|| not_understood(Call::Probe, "no status"))
    }

    /// Hands another text in for a template that there is.
    ///
    /// # Errors
    /// As [`Graph::create_template`].
    pub async fn edit_template(&self, template_id: &str, new: &NewTemplate) -> Result<(), GraphError> {
        let body = json!({ "category": new.category, "components": new.components() });
        let request = self.request(Method::POST, [template_id]).json(&body);
        self.call(Call::Probe, request).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_written_as_meta_documents() {
        let new = NewTemplate {
            name: "acuse_approval".into(),
            language: "es".into(),
            category: "UTILITY".into(),
            body: "Se pide: {{1}} Elige.".into(),
            examples: vec!["una factura".into()],
            buttons: vec!["Aprobar".into()],
        };
        assert_eq!(
            new.components(),
            json!([
                {"type": "BODY", "text": "Se pide: {{1}} Elige.", "example": {"body_text": [["una factura"]]}},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Aprobar"}]},
            ])
        );
    }
}
