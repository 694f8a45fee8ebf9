//! The file in a message. Its type, name and caption are the sender's words, not facts.

use serde_json::Value;

use super::fields::{flag, sha256, text};
use crate::MediaId;

/// What Meta says of a file. `mime_type` and `filename` are under the sender's control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The message type it came as.
    pub kind: MediaKind,
    /// By which it is fetched, for seven days. Absent when Meta has no file for us.
    pub id: Option<MediaId>,
    /// With parameters, such as `audio/ogg; codecs=opus`.
    pub mime_type: Option<String>,
    /// What the bytes must hash to.
    pub sha256: Option<[u8; 32]>,
    /// What was written below it.
    pub caption: Option<String>,
    /// The name of the file (documents only, and not always).
    pub filename: Option<String>,
    /// Where its bytes are for some minutes; not on every webhook, so never relied on.
    pub url: Option<String>,
    /// Recorded in the chat.
    pub voice: bool,
}

/// The message types that carry a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture, compressed by the sender's phone.
    Image,
    /// A file of any type.
    Document,
    /// A film.
    Video,
    /// A sound, or a voice note.
    Audio,
    /// A sticker: never a document.
    Sticker,
    /// A type this version does not know, that carries a file.
    Other(String),
}

impl MediaKind {
    /// Meta's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Image => "image",
            Self::Document => "document",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Sticker => "sticker",
            Self::Other(kind) => kind,
        }
    }

    pub(super) fn of_type(kind: &str) -> Option<Self> {
        Some(match kind {
            "image" => Self::Image,
            "document" => Self::Document,
            "video" => Self::Video,
            // `voice` was a type of its own before it became a flag.
            "audio" | "voice" => Self::Audio,
            "sticker" => Self::Sticker,
            _ => return None,
        })
    }
}

impl Media {
    pub(super) fn read(kind: MediaKind, part: &Value) -> Self {
        Self {
            id: text(part, "id").and_then(|s| s.parse().ok()),
            mime_type: text(part, "mime_type"),
            sha256: text(part, "sha256").and_then(|s| sha256(&s)),
            caption: text(part, "caption"),
            filename: text(part, "filename"),
            url: text(part, "url"),
            voice: flag(part, "voice"),
            kind,
        }
    }
}
