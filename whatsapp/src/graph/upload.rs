//! Uploading a file that a message is to bring. The id that Meta gives it is good for messages of the same number, for
//! [`limits::UPLOAD_LIFE`].

use bytes::Bytes;
use reqwest::{Method, header};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Call, Cause, ErrorClass, Graph, GraphError, not_understood};
use crate::{MediaId, limits};

/// The types of files that we send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileType {
    /// A picture.
    Jpeg,
    /// A picture.
    Png,
    /// A document.
    Pdf,
}

impl FileType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Pdf];

    /// Its MIME type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    /// The type that is written so.
    #[must_use]
    pub fn of_mime(mime: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.mime() == mime)
    }

    /// What these bytes begin as; whether all of them are that is for others to say.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let begins: [(&[u8], Self); 3] =
            [(b"\xff\xd8\xff", Self::Jpeg), (b"\x89PNG\r\n\x1a\n", Self::Png), (b"%PDF-", Self::Pdf)];
        begins.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| kind)
    }

    /// Whether it is shown as a picture; else as a document, by its name.
    #[must_use]
    pub fn is_picture(self) -> bool {
        self != Self::Pdf
    }

    /// How many bytes of it are sent at most.
    #[must_use]
    pub fn most_bytes(self) -> u64 {
        if self.is_picture() { limits::IMAGE_BYTES } else { limits::DOCUMENT_BYTES }
    }

    /// What its name ends in.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }
}

/// A file to upload.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    /// For messages of this number, by Meta's id.
    pub phone_number_id: String,
    /// Its type.
    pub file_type: FileType,
    /// Its bytes; at most [`FileType::most_bytes`].
    pub bytes: Bytes,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("phone_number_id", &self.phone_number_id)
            .field("file_type", &self.file_type)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

impl Graph {
    /// Uploads a file; the id by which messages of its number bring it. Done twice it costs nothing but bytes.
    ///
    /// # Errors
    /// By class; [`ErrorClass::MediaTooLarge`] when it is larger than is sent, and [`ErrorClass::Permanent`] or
    /// [`ErrorClass::OutboundMedia`] when Meta does not take it.
    pub async fn upload(&self, file: &Upload) -> Result<MediaId, GraphError> {
        let limit_bytes = file.file_type.most_bytes();
        if file.bytes.len() as u64 > limit_bytes {
            let cause = Cause::TooLarge { limit_bytes };
            return Err(GraphError::new(Call::Upload, ErrorClass::MediaTooLarge, cause));
        }
        let (content_type, body) = form(file);
        let request = self.request(Method::POST, [file.phone_number_id.as_str(), "media"]);
        let request = request.header(header::CONTENT_TYPE, content_type).body(body);
        let answer = self.call_within(self.config.upload_timeout, Call::Upload, request).await?;
        let id = answer.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        id.ok_or_else(|| not_understood(Call::Upload, "no media id"))
    }
}

/// The form, and what it is; its edge is a hash of the file, which does not stand in the file itself.
fn form(file: &Upload) -> (String, Vec<u8>) {
    let edge = format!("acuse-{}", hex::encode(Sha256::digest(&file.bytes)));
    let (mime, name) = (file.file_type.mime(), file.file_type.extension());
    let text = |name: &str, value: &str| {
        format!("--{edge}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let mut body = text("messaging_product", "whatsapp");
    body.push_str(&text("type", mime));
    body.push_str(&format!(
        "--{edge}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file.{name}\"\r\n\
         Content-Type: {mime}\r\n\r\n"
    ));
    let mut body = body.into_bytes();
    body.extend_from_slice(&file.bytes);
    body.extend_from_slice(format!("\r\n--{edge}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={edge}"), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_what_the_bytes_begin_as() {
        assert_eq!(FileType::of_bytes(b"\xff\xd8\xff\xe0"), Some(FileType::Jpeg));
        assert_eq!(FileType::of_bytes(b"\x89PNG\r\n\x1a\n.."), Some(FileType::Png));
        assert_eq!(FileType::of_bytes(b"%PDF-1.7"), Some(FileType::Pdf));
        for other in [&b""[..], b"GIF89a", b" %PDF-1.7", b"<html>"] {
            assert_eq!(FileType::of_bytes(other), None);
        }
        for kind in FileType::ALL {
            assert_eq!(FileType::of_mime(kind.mime()), Some(kind));
        }
        assert_eq!(FileType::of_mime("image/webp"), None);
    }

    #[test]
    fn the_form_says_what_meta_asks_for() {
        let file = Upload {
            phone_number_id: "700100200300400".into(),
            file_type: FileType::Pdf,
            bytes: Bytes::from_static(b"%PDF-1.7"),
        };
        let (content_type, body) = form(&file);
        let edge = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"), "{body}");
        assert!(body.contains("name=\"type\"\r\n\r\napplication/pdf\r\n"), "{body}");
        assert!(body.contains("Content-Type: application/pdf\r\n\r\n%PDF-1.7\r\n"), "{body}");
        assert!(body.ends_with(&format!("--{edge}--\r\n")), "{body}");
        assert!(!format!("{file:?}").contains("%PDF"), "no bytes in a log");
    }
}
