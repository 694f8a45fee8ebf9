//! Sending: a text to a person, and the read receipt.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Call, Cause, ErrorClass, Graph, GraphError, not_understood};
use crate::{Recipient, WaId, limits, template::Filled};

/// A text to one person. Free text goes only inside [`crate::policy::Window`].
#[derive(Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// Our number, by Meta's id: the one the person wrote to.
    pub phone_number_id: String,
    /// To whom.
    pub to: Recipient,
    /// What; 1 to 4096 characters.
    pub body: String,
    /// The message this quotes.
    pub reply_to: Option<String>,
    /// Comes back on every status: the id in our outbox; up to 512 characters.
    pub callback_data: Option<String>,
}

impl std::fmt::Debug for TextMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the text nor the person belongs in a log.
        f.debug_struct("TextMessage")
            .field("phone_number_id", &self.phone_number_id)
            .field("callback_data", &self.callback_data)
            .finish_non_exhaustive()
    }
}

/// An approved template to one person, which may go when the window is closed.
#[derive(Clone, PartialEq, Eq)]
pub struct TemplateMessage {
    /// Our number, by Meta's id.
    pub phone_number_id: String,
    /// To whom.
    pub to: Recipient,
    /// The template's name.
    pub name: String,
    /// Its language, as Meta writes it (`es`, `en_US`).
    pub language: String,
    /// What stands in it.
    pub filled: Filled,
    /// Comes back on every status: the id in our outbox; up to 512 characters.
    pub callback_data: Option<String>,
}

impl std::fmt::Debug for TemplateMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the text nor the person belongs in a log.
        f.debug_struct("TemplateMessage")
            .field("phone_number_id", &self.phone_number_id)
            .field("name", &self.name)
            .field("callback_data", &self.callback_data)
            .finish_non_exhaustive()
    }
}

/// Meta took a message: accepted, not yet delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its id; statuses come under it.
    pub message_id: String,
    /// The number Meta will use, which may differ from the one given (Brazil, Mexico).
    pub wa_id: Option<WaId>,
    /// `accepted`, or `held_for_quality_assessment`: it may still be dropped.
    pub state: Option<String>,
}

impl Sent {
    /// Whether Meta holds it back until it has seen how others of its template are received; it may drop it then.
    #[must_use]
    pub fn is_assessed(&self) -> bool {
        self.state.as_deref() == Some("held_for_quality_assessment")
    }
}

impl Graph {
    /// Sends a text.
    ///
    /// # Errors
    /// By class. [`ErrorClass::Unknown`] means it may have been sent: Meta knows no idempotency key.
    pub async fn send_text(&self, message: &TextMessage) -> Result<Sent, GraphError> {
        let body =
            text_body(message).map_err(|cause| GraphError::new(Call::Send, ErrorClass::Permanent, cause))?;
        self.send(&message.phone_number_id, &body).await
    }

    /// Sends a template.
    ///
    /// # Errors
    /// As [`Graph::send_text`].
    pub async fn send_template(&self, message: &TemplateMessage) -> Result<Sent, GraphError> {
        self.send(&message.phone_number_id, &template_body(message)).await
    }

    pub(super) async fn send(&self, phone_number_id: &str, body: &Value) -> Result<Sent, GraphError> {
        let request = self.request(Method::POST, [phone_number_id, "messages"]).json(body);
        let answer = self.call(Call::Send, request).await?;
        let text = |path: &str| answer.pointer(path).and_then(Value::as_str).map(str::to_owned);
        Ok(Sent {
            message_id: text("/messages/0/id").ok_or_else(|| not_understood(Call::Send, "no message id"))?,
            wa_id: text("/contacts/0/wa_id").and_then(|id| id.parse().ok()),
            state: text("/messages/0/message_status"),
        })
    }

    /// Shows the person two blue ticks, and, with `typing`, that an answer is being written (until it
    /// comes, 25 seconds at most).
    ///
    /// # Errors
    /// By class; nothing depends on it, so it is not worth a retry.
    pub async fn mark_read(
        &self,
        phone_number_id: &str,
        message_id: &str,
        typing: bool,
    ) -> Result<(), GraphError> {
        let mut body = json!({"messaging_product": "whatsapp", "status": "read", "message_id": message_id});
        if typing {
            body["typing_indicator"] = json!({"type": "text"});
        }
        let request = self.request(Method::POST, [phone_number_id, "messages"]).json(&body);
        self.call(Call::MarkRead, request).await.map(drop)
    }
}

fn text_body(message: &TextMessage) -> Result<Value, Cause> {
    let chars = message.body.chars().count();
    if chars == 0 || chars > limits::TEXT_CHARS {
        return Err(Cause::Invalid("a text has 1 to 4096 characters"));
    }
    if message.callback_data.as_ref().is_some_and(|d| d.chars().count() > limits::CALLBACK_DATA_CHARS) {
        return Err(Cause::Invalid("callback data has at most 512 characters"));
    }
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "text",
        "text": {"preview_url": false, "body": message.body},
    });
    address(&mut body, &message.to);
    if let Some(message_id) = &message.reply_to {
        body["context"] = json!({"message_id": message_id});
    }
    if let Some(data) = &message.callback_data {
        body["biz_opaque_callback_data"] = data.as_str().into();
    }
    Ok(body)
}

pub(super) fn address(body: &mut Value, to: &Recipient) {
    match to {
        Recipient::Phone(phone) => body["to"] = phone.e164().into(),
        Recipient::User(user) => body["recipient"] = user.as_str().into(),
    }
}

fn template_body(message: &TemplateMessage) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "template",
        "template": {"name": message.name, "language": {"code": message.language}},
    });
    if !message.filled.parts().is_empty() {
        body["template"]["components"] = message.filled.parts().into();
    }
    address(&mut body, &message.to);
    if let Some(data) = &message.callback_data {
        body["biz_opaque_callback_data"] = data.as_str().into();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_says_its_text_on_one_line() {
        let body = template_body(&TemplateMessage {
            phone_number_id: "700100200300400".into(),
            to: "15550190002".parse().unwrap(),
            name: "acuse_filed".into(),
            language: "es".into(),
            filled: Filled::plain(&["Archivado:\n\n  45,00 EUR".into()], &["acuse:1".into()]).unwrap(),
            callback_data: Some("id".into()),
        });
        assert_eq!(body["template"]["components"][0]["parameters"][0]["text"], "Archivado: 45,00 EUR");
        assert_eq!((&body["type"], &body["to"]), (&json!("template"), &json!("+15550190002")));
        assert_eq!(body["template"]["components"][1]["parameters"][0]["payload"], "acuse:1");
    }

    fn message(to: &str, body: &str) -> TextMessage {
        TextMessage {
            phone_number_id: "700100200300400".into(),
            to: to.parse().unwrap(),
            body: body.into(),
            reply_to: Some("wamid.HBgLMTU1NTAxOTAwMDIVAgASGBQ01EXAMPLE0000000000A==".into()),
            callback_data: Some("outbox:01J9EXAMPLE".into()),
        }
    }

    #[test]
    fn writes_what_meta_documents() {
        let documented: Value =
            serde_json::from_str(include_str!("../../../fixtures/api/send-text.json")).unwrap();
        assert_eq!(text_body(&message("15550190002", "Recibimos tu documento ✔")).unwrap(), documented);
    }

    #[test]
    fn a_user_id_is_a_recipient_not_a_to() {
        let body = text_body(&message("US.4100200300400500600", "hola")).unwrap();
        assert_eq!(body["recipient"], "US.4100200300400500600");
        assert_eq!(body.get("to"), None);
    }

    #[test]
    fn refuses_what_meta_would_refuse() {
        assert!(text_body(&message("15550190002", "")).is_err());
        assert!(text_body(&message("15550190002", &"ñ".repeat(4096))).is_ok());
        assert!(text_body(&message("15550190002", &"ñ".repeat(4097))).is_err());
        let debug = format!("{:?}", message("15550190002", "secreto"));
        assert!(!debug.contains("secreto") && !debug.contains("15550190002"));
    }
}
