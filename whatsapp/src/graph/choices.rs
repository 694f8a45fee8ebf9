//! A text with choices, as buttons while they are few and as a list when they are more.

use serde_json::{Value, json};

use super::{
    Attached, Call, Cause, ErrorClass, Graph, GraphError,
    send::{Sent, address},
};
use crate::{Recipient, limits};

/// Most choices on buttons, and in a list.
const BUTTONS: usize = 3;
const ROWS: usize = 10;
/// Longest title on a button and on a row, characters.
const BUTTON_CHARS: usize = 20;
const ROW_CHARS: usize = 24;
/// Longest text above choices, characters.
const BODY_CHARS: usize = 1_024;
/// Longest payload of a row, characters; a button takes more.
const PAYLOAD_CHARS: usize = 200;

/// A text with choices to one person. It goes only inside [`crate::policy::Window`].
#[derive(Clone, PartialEq, Eq)]
pub struct ChoiceMessage {
    /// Our number, by Meta's id.
    pub phone_number_id: String,
    /// To whom.
    pub to: Recipient,
    /// What stands above the text; with buttons only, for a list takes none.
    pub header: Option<Attached>,
    /// What is asked; 1 to 1024 characters.
    pub body: String,
    /// Payload and title of each choice, 1 to 10; titles of at most 20 characters are shown whole.
    pub choices: Vec<(String, String)>,
    /// What opens the list, where there are more than three.
    pub open: String,
    /// Meta's hash of the key by which they are known: of a telephone with another, Meta refuses it (137000).
    pub identity_key_hash: Option<String>,
    /// Comes back on every status: the id in our outbox; up to 512 characters.
    pub callback_data: Option<String>,
}

impl std::fmt::Debug for ChoiceMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the text nor the person belongs in a log.
        f.debug_struct("ChoiceMessage")
            .field("phone_number_id", &self.phone_number_id)
            .field("choices", &self.choices.len())
            .field("callback_data", &self.callback_data)
            .finish_non_exhaustive()
    }
}

impl Graph {
    /// Sends a text with choices.
    ///
    /// # Errors
    /// As [`Graph::send_text`].
    pub async fn send_choices(&self, message: &ChoiceMessage) -> Result<Sent, GraphError> {
        let body =
            body(message).map_err(|cause| GraphError::new(Call::Send, ErrorClass::Permanent, cause))?;
        self.send(&message.phone_number_id, &body).await
    }
}

fn body(message: &ChoiceMessage) -> Result<Value, Cause> {
    let chars = message.body.chars().count();
    if chars == 0 || chars > BODY_CHARS {
        return Err(Cause::Invalid("a text with choices has 1 to 1024 characters"));
    }
    if message.choices.is_empty() || message.choices.len() > ROWS {
        return Err(Cause::Invalid("there are 1 to 10 choices"));
    }
    if message.choices.iter().any(|(payload, _)| payload.chars().count() > PAYLOAD_CHARS) {
        return Err(Cause::Invalid("a payload has at most 200 characters"));
    }
    if message.callback_data.as_ref().is_some_and(|d| d.chars().count() > limits::CALLBACK_DATA_CHARS) {
        return Err(Cause::Invalid("callback data has at most 512 characters"));
    }
    if message.header.is_some() && message.choices.len() > BUTTONS {
        return Err(Cause::Invalid("a file stands above buttons, not above a list"));
    }
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let (kind, action) = if message.choices.len() <= BUTTONS {
        let button = |(id, title): &(String, String)| json!({"type": "reply", "reply": {"id": id, "title": cut(title, BUTTON_CHARS)}});
        ("button", json!({"buttons": message.choices.iter().map(button).collect::<Vec<_>>()}))
    } else {
        let row = |(id, title): &(String, String)| json!({"id": id, "title": cut(title, ROW_CHARS)});
        let rows: Vec<Value> = message.choices.iter().map(row).collect();
        ("list", json!({"button": cut(&message.open, BUTTON_CHARS), "sections": [{"rows": rows}]}))
    };
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": "interactive",
        "interactive": {"type": kind, "body": {"text": message.body}, "action": action},
    });
    if let Some(file) = &message.header {
        let mut header = json!({"type": file.kind()});
        header[file.kind()] = file.object();
        body["interactive"]["header"] = header;
    }
    address(&mut body, &message.to);
    if let Some(hash) = &message.identity_key_hash {
        body["recipient_identity_key_hash"] = hash.as_str().into();
    }
    if let Some(data) = &message.callback_data {
        body["biz_opaque_callback_data"] = data.as_str().into();
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::FileType;

    fn message(choices: usize) -> ChoiceMessage {
        ChoiceMessage {
            phone_number_id: "700100200300400".into(),
            to: "15550190002".parse().unwrap(),
            header: None,
            body: "¿Cuál de las dos?".into(),
            choices: (0..choices)
                .map(|n| (format!("acuse:{n}"), format!("Opción número {n}, la larga")))
                .collect(),
            open: "Elegir".into(),
            identity_key_hash: None,
            callback_data: Some("id".into()),
        }
    }

    #[test]
    fn few_choices_are_buttons_and_more_are_a_list() {
        let buttons = body(&message(3)).unwrap();
        let first = &buttons["interactive"]["action"]["buttons"][0];
        assert_eq!(
            first,
            &json!({"type": "reply", "reply": {"id": "acuse:0", "title": "Opción número 0, la "}})
        );
        let list = body(&message(4)).unwrap();
        assert_eq!((&list["type"], &list["interactive"]["type"]), (&json!("interactive"), &json!("list")));
        assert_eq!(list["interactive"]["action"]["sections"][0]["rows"][3]["id"], "acuse:3");
        assert_eq!(list["interactive"]["action"]["button"], "Elegir");
    }

    #[test]
    fn a_file_stands_above_buttons_and_never_above_a_list() {
        let file = |file_type| Attached {
            media_id: "1234".parse().unwrap(),
            file_type,
            filename: Some("factura.pdf".into()),
        };
        let with = |file_type, choices| ChoiceMessage { header: Some(file(file_type)), ..message(choices) };
        let picture = body(&with(FileType::Jpeg, 2)).unwrap();
        assert_eq!(picture["interactive"]["header"], json!({"type": "image", "image": {"id": "1234"}}));
        let document = body(&with(FileType::Pdf, 2)).unwrap();
        assert_eq!(
            document["interactive"]["header"],
            json!({"type": "document", "document": {"id": "1234", "filename": "factura.pdf"}})
        );
        assert!(body(&message(2)).unwrap()["interactive"].get("header").is_none());
        assert!(body(&with(FileType::Jpeg, 4)).is_err());
    }

    #[test]
    fn refuses_what_meta_would_refuse() {
        assert!(body(&message(0)).is_err() && body(&message(11)).is_err());
        assert!(body(&ChoiceMessage { body: "ñ".repeat(1_025), ..message(1) }).is_err());
        assert!(body(&message(1)).unwrap().get("recipient_identity_key_hash").is_none());
        let bound = body(&ChoiceMessage { identity_key_hash: Some("DF2l=".into()), ..message(1) }).unwrap();
        assert_eq!(bound["recipient_identity_key_hash"], "DF2l=");
        let long = vec![("x".repeat(201), "a".into())];
        assert!(body(&ChoiceMessage { choices: long, ..message(1) }).is_err());
        assert!(!format!("{:?}", message(2)).contains("Cuál"));
    }
}
