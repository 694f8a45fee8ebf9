//! A file that was uploaded, as a message of its own or above a question.

use serde_json::{Value, json};

use super::{
    Call, Cause, ErrorClass, FileType, Graph, GraphError,
    send::{Sent, address},
};
use crate::{MediaId, Recipient, limits};

/// A file that was uploaded for the number that sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// By the id that the upload gave.
    pub media_id: MediaId,
    /// A picture or a document.
    pub file_type: FileType,
    /// What a document is called on their telephone; a picture has no name there.
    pub filename: Option<String>,
}

impl Attached {
    /// `image` or `document`.
    pub(super) fn kind(&self) -> &'static str {
        if self.file_type.is_picture() { "image" } else { "document" }
    }

    /// As Meta wants it below [`Attached::kind`].
    pub(super) fn object(&self) -> Value {
        let mut object = json!({"id": self.media_id.as_str()});
        if let Some(name) = self.filename.as_ref().filter(|_| !self.file_type.is_picture()) {
            object["filename"] = name.chars().take(limits::FILENAME_CHARS).collect::<String>().into();
        }
        object
    }
}

/// A file to one person. It goes only inside [`crate::policy::Window`].
#[derive(Clone, PartialEq, Eq)]
pub struct FileMessage {
    /// Our number, by Meta's id: the one for which the file was uploaded.
    pub phone_number_id: String,
    /// To whom.
    pub to: Recipient,
    /// The file.
    pub file: Attached,
    /// What is said of it, up to 1024 characters; empty: nothing.
    pub caption: String,
    /// Comes back on every status: the id in our outbox; up to 512 characters.
    pub callback_data: Option<String>,
}

impl std::fmt::Debug for FileMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the caption, nor the file's name, nor the person belongs in a log.
        f.debug_struct("FileMessage")
            .field("phone_number_id", &self.phone_number_id)
            .field("callback_data", &self.callback_data)
            .finish_non_exhaustive()
    }
}

impl Graph {
    /// Sends a file.
    ///
    /// # Errors
    /// As [`Graph::send_text`].
    pub async fn send_file(&self, message: &FileMessage) -> Result<Sent, GraphError> {
        let body =
            body(message).map_err(|cause| GraphError::new(Call::Send, ErrorClass::Permanent, cause))?;
        self.send(&message.phone_number_id, &body).await
    }
}

fn body(message: &FileMessage) -> Result<Value, Cause> {
    if message.caption.chars().count() > limits::CAPTION_CHARS {
        return Err(Cause::Invalid("a caption has at most 1024 characters"));
    }
    if message.callback_data.as_ref().is_some_and(|d| d.chars().count() > limits::CALLBACK_DATA_CHARS) {
        return Err(Cause::Invalid("callback data has at most 512 characters"));
    }
    let kind = message.file.kind();
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": kind,
    });
    body[kind] = message.file.object();
    if !message.caption.is_empty() {
        body[kind]["caption"] = message.caption.as_str().into();
    }
    address(&mut body, &message.to);
    if let Some(data) = &message.callback_data {
        body["biz_opaque_callback_data"] = data.as_str().into();
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(file_type: FileType, caption: &str) -> FileMessage {
        FileMessage {
            phone_number_id: "700100200300400".into(),
            to: "15550190002".parse().unwrap(),
            file: Attached {
                media_id: "1234".parse().unwrap(),
                file_type,
                filename: Some("recibo.pdf".into()),
            },
            caption: caption.into(),
            callback_data: Some("id".into()),
        }
    }

    #[test]
    fn a_picture_and_a_document_are_written_as_meta_documents() {
        let picture = body(&message(FileType::Jpeg, "Aquí está")).unwrap();
        assert_eq!(picture["type"], "image");
        assert_eq!(picture["image"], json!({"id": "1234", "caption": "Aquí está"}));
        let document = body(&message(FileType::Pdf, "")).unwrap();
        assert_eq!(document["type"], "document");
        assert_eq!(document["document"], json!({"id": "1234", "filename": "recibo.pdf"}));
        assert_eq!(document["to"], "+15550190002");
    }

    #[test]
    fn refuses_what_meta_would_refuse() {
        assert!(body(&message(FileType::Png, &"ñ".repeat(1_024))).is_ok());
        assert!(body(&message(FileType::Png, &"ñ".repeat(1_025))).is_err());
        let debug = format!("{:?}", message(FileType::Pdf, "secreto"));
        assert!(!debug.contains("secreto") && !debug.contains("recibo") && !debug.contains("15550190002"));
    }
}
