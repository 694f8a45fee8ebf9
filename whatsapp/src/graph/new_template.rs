//! Templates that are handed in to Meta, which then decides on them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Call, ExampleFile, Graph, GraphError, not_understood};
use crate::template::Takes;

/// The example of a header that is a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Example {
    /// By Meta's handle of one that was uploaded.
    Handle(String),
    /// A file that is yet to be uploaded ([`Graph::upload_example`]).
    File(ExampleFile),
}

/// The header of a template as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewHeader {
    /// Words, with at most one place.
    Text {
        /// Its words.
        text: String,
        /// What may stand in its place.
        example: Option<String>,
    },
    /// A file: `IMAGE`, `VIDEO` or `DOCUMENT`.
    File {
        /// Which.
        format: String,
        /// An example of it.
        example: Example,
    },
}

/// A button of a template as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewButton {
    /// A quick reply of this title.
    Reply(String),
    /// A link of this title.
    Link {
        /// Its title.
        text: String,
        /// Where it leads, with `{{1}}` at its end where that is said with each message.
        url: String,
        /// What it may be then, whole.
        example: Option<String>,
    },
    /// A call.
    Call {
        /// Its title.
        text: String,
        /// Whom.
        phone: String,
    },
    /// It copies a code, such as this one.
    Code(String),
}

/// A template as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTemplate {
    /// Its name: small letters, digits and `_`.
    pub name: String,
    /// Meta's language tag, e.g. `es` or `pt_BR`.
    pub language: String,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`.
    pub category: String,
    /// What stands above its text.
    pub header: Option<NewHeader>,
    /// Its text, with `{{1}}`, `{{2}}`… where something stands.
    pub body: String,
    /// What may stand there, for whoever decides on it.
    pub examples: Vec<String>,
    /// Its buttons.
    pub buttons: Vec<NewButton>,
}

impl NewHeader {
    fn component(&self) -> Value {
        let (mut header, example) = match self {
            Self::Text { text, example } => {
                let example = example.as_ref().map(|example| json!({"header_text": [example]}));
                (json!({"type": "HEADER", "format": "TEXT", "text": text}), example)
            }
            Self::File { format, example } => {
                let example = match example {
                    Example::Handle(handle) => Some(json!({"header_handle": [handle]})),
                    Example::File(_) => None,
                };
                (json!({"type": "HEADER", "format": format}), example)
            }
        };
        if let Some(example) = example {
            header["example"] = example;
        }
        header
    }
}

impl NewButton {
    fn component(&self) -> Value {
        match self {
            Self::Reply(text) => json!({"type": "QUICK_REPLY", "text": text}),
            Self::Link { text, url, example: None } => json!({"type": "URL", "text": text, "url": url}),
            Self::Link { text, url, example: Some(example) } => {
                json!({"type": "URL", "text": text, "url": url, "example": [example]})
            }
            Self::Call { text, phone } => {
                json!({"type": "PHONE_NUMBER", "text": text, "phone_number": phone})
            }
            Self::Code(example) => json!({"type": "COPY_CODE", "example": example}),
        }
    }
}

impl NewTemplate {
    fn components(&self) -> Value {
        let mut body = json!({"type": "BODY", "text": self.body});
        if !self.examples.is_empty() {
            body["example"] = json!({"body_text": [self.examples]});
        }
        let mut components: Vec<Value> = self.header.iter().map(NewHeader::component).collect();
        components.push(body);
        if !self.buttons.is_empty() {
            let buttons: Vec<Value> = self.buttons.iter().map(NewButton::component).collect();
            components.push(json!({"type": "BUTTONS", "buttons": buttons}));
        }
        components.into()
    }

    /// The file that is yet to be uploaded as the example of its header.
    #[must_use]
    pub fn example(&self) -> Option<&ExampleFile> {
        match &self.header {
            Some(NewHeader::File { example: Example::File(file), .. }) => Some(file),
            _ => None,
        }
    }

    /// The same with Meta's handle of that file.
    #[must_use]
    pub fn with_handle(&self, handle: String) -> Self {
        let mut new = self.clone();
        if let Some(NewHeader::File { example, .. }) = &mut new.header {
            *example = Example::Handle(handle);
        }
        new
    }

    /// What it takes when it is sent.
    #[must_use]
    pub fn takes(&self) -> Takes {
        Takes::of(&self.components()).unwrap_or_default()
    }

    /// What people see of it; as [`super::TemplateInfo::outline`].
    #[must_use]
    pub fn outline(&self) -> Value {
        outline(&self.components())
    }
}

/// What people see of a template's components: what Meta adds by itself, and examples, are left out.
pub(super) fn outline(components: &Value) -> Value {
    const SEEN: [&str; 5] = ["type", "format", "text", "url", "phone_number"];
    let mut seen: Vec<Value> = Vec::new();
    for component in components.as_array().into_iter().flatten() {
        let buttons = component.get("buttons").and_then(Value::as_array).into_iter().flatten();
        for part in std::iter::once(component).chain(buttons) {
            // The title of a button that copies is Meta's own.
            let copies = part.get("type").is_some_and(|kind| kind == "COPY_CODE");
            let mut members = serde_json::Map::new();
            for key in SEEN {
                if let Some(value) = part.get(key).filter(|_| !(copies && key == "text")) {
                    members.insert(key.to_owned(), value.clone());
                }
            }
            seen.push(Value::Object(members));
        }
    }
    seen.into()
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

    fn new() -> NewTemplate {
        NewTemplate {
            name: "acuse_approval".into(),
            language: "es".into(),
            category: "UTILITY".into(),
            header: None,
            body: "Se pide: {{1}} Elige.".into(),
            examples: vec!["una factura".into()],
            buttons: vec![NewButton::Reply("Aprobar".into())],
        }
    }

    #[test]
    fn a_template_is_written_as_meta_documents() {
        assert_eq!(
            new().components(),
            json!([
                {"type": "BODY", "text": "Se pide: {{1}} Elige.", "example": {"body_text": [["una factura"]]}},
                {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Aprobar"}]},
            ])
        );
        let link = NewButton::Link {
            text: "Ver".into(),
            url: "https://example.com/{{1}}".into(),
            example: Some("https://example.com/o/77".into()),
        };
        let header = NewHeader::Text { text: "Pedido {{1}}".into(), example: Some("77".into()) };
        let whole = NewTemplate {
            header: Some(header),
            buttons: vec![link, NewButton::Code("VERANO".into())],
            ..new()
        };
        assert_eq!(
            whole.components(),
            json!([
                {"type": "HEADER", "format": "TEXT", "text": "Pedido {{1}}", "example": {"header_text": ["77"]}},
                {"type": "BODY", "text": "Se pide: {{1}} Elige.", "example": {"body_text": [["una factura"]]}},
                {"type": "BUTTONS", "buttons": [
                    {"type": "URL", "text": "Ver", "url": "https://example.com/{{1}}",
                        "example": ["https://example.com/o/77"]},
                    {"type": "COPY_CODE", "example": "VERANO"}]},
            ])
        );
        assert_eq!(whole.takes().buttons, [crate::template::Button::Link, crate::template::Button::Code]);
    }

    #[test]
    fn a_file_is_handed_in_by_its_handle() {
        let file = ExampleFile::of("DOCUMENT", "a.pdf", bytes::Bytes::from_static(b"%PDF-1.7")).unwrap();
        let example = Example::File(file.clone());
        let yet =
            NewTemplate { header: Some(NewHeader::File { format: "DOCUMENT".into(), example }), ..new() };
        assert_eq!(yet.example(), Some(&file));
        let handed = yet.with_handle("4::aW".into());
        assert_eq!((handed.example(), handed.outline()), (None, yet.outline()));
        let header = json!({"type": "HEADER", "format": "DOCUMENT", "example": {"header_handle": ["4::aW"]}});
        assert_eq!(handed.components()[0], header);
        assert!(!format!("{yet:?}").contains("%PDF"));
    }

    #[test]
    fn what_meta_adds_makes_no_other_template_and_another_button_does() {
        let ours = new();
        let mut metas = ours.components();
        metas[0]["example"] = json!({"body_text": [["otra"]]});
        assert_eq!(outline(&metas), ours.outline());
        metas[1]["buttons"][0]["text"] = json!("Rechazar");
        assert_ne!(outline(&metas), ours.outline());
    }
}
