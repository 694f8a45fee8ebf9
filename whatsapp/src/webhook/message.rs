//! One message a person sent (or, as an echo, one the business sent from its phone).

use serde_json::Value;
use time::OffsetDateTime;

use super::{
    fields::{flag, list, number, text},
    media::{Media, MediaKind},
    meta_error::{MEDIA_DOWNLOAD_FAILED, MetaError},
    people::Person,
};

/// A message, typed as far as it is known. The item's raw JSON keeps the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Meta's id (`wamid.…`). Where it is missing: `raw-sha256:` and the hash of the raw item, so that
    /// a redelivery is still recognised.
    pub id: String,
    /// When the person sent it. `None` if absent or absurd: use the time of arrival then.
    pub sent_at: Option<OffsetDateTime>,
    /// Who sent it.
    pub sender: Person,
    /// To whom, on echoes.
    pub to: Option<Person>,
    /// The group it was sent in.
    pub group_id: Option<String>,
    /// What it answers, and whether it was forwarded.
    pub context: Option<Context>,
    /// What Meta says went wrong with it.
    pub errors: Vec<MetaError>,
    /// What it says.
    pub body: Body,
}

/// What a message refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The message quoted or answered.
    pub message_id: Option<String>,
    /// The author of that message.
    pub from: Option<String>,
    /// Forwarded at least once.
    pub forwarded: bool,
    /// Forwarded more than five times.
    pub frequently_forwarded: bool,
}

/// The content of a message, by its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Plain text.
    Text(String),
    /// A file: image, document, video, audio, sticker, or a type we do not know that carries one.
    Media(Media),
    /// An emoji on a message; `None` takes it away.
    Reaction {
        /// The message reacted to.
        message_id: Option<String>,
        /// The emoji.
        emoji: Option<String>,
    },
    /// A place. A live location has coordinates only.
    Location {
        /// Degrees north.
        latitude: Option<f64>,
        /// Degrees east.
        longitude: Option<f64>,
        /// Its name.
        name: Option<String>,
        /// Its address.
        address: Option<String>,
    },
    /// Address cards, by their formatted names.
    Contacts(Vec<String>),
    /// An answer to buttons, a list or a Flow. All absent when Meta sent the errors only.
    Interactive(Interactive),
    /// A template's quick reply.
    Button {
        /// What the template put behind the button.
        payload: Option<String>,
        /// What the button says.
        text: Option<String>,
    },
    /// Products from a catalog.
    Order {
        /// How many lines.
        items: usize,
        /// What the person wrote with it.
        text: Option<String>,
    },
    /// A notice about the person, such as a new number.
    System(System),
    /// Meta could not deliver the content (131051, 131060, 131052).
    Unsupported {
        /// What it was, when Meta says so: `edit`, `poll_creation`…
        kind: Option<String>,
    },
    /// A new version of an earlier message.
    Edit {
        /// The message edited.
        original_message_id: Option<String>,
        /// Its new content; of media, it may carry the file.
        body: Box<Body>,
    },
    /// The person deleted an earlier message.
    Revoke {
        /// The message deleted.
        original_message_id: Option<String>,
    },
    /// A type this version does not know.
    Unknown {
        /// Its name; empty when there was none.
        kind: String,
    },
}

/// An answer to an interactive message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interactive {
    /// `button_reply`, `list_reply`, `nfm_reply`…
    pub kind: Option<String>,
    /// The id we gave the choice.
    pub id: Option<String>,
    /// The title of the choice, or the name of the Flow.
    pub title: Option<String>,
    /// A Flow's answers: JSON as text, not always valid.
    pub response_json: Option<String>,
}

/// A change in who a person is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    /// `user_changed_number`, `user_changed_user_id`, `customer_identity_changed`…
    pub kind: Option<String>,
    /// The same person from now on: the new number and user id. The message's sender holds the old ones.
    pub now: Person,
    /// Meta's sentence about it.
    pub text: Option<String>,
}

/// A document that was sent with a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Attachment<'a> {
    /// To be fetched by its id ([`Media::id`] is present).
    Fetch(&'a Media),
    /// The person sent a file, and Meta has none for us.
    Unavailable {
        /// What it was, when known.
        kind: Option<&'a MediaKind>,
        /// The first error code Meta gave, usually 131052.
        code: Option<i64>,
    },
}

impl Message {
    /// The document in this message, which must be accounted for; `None` for text, stickers, reactions…
    #[must_use]
    pub fn attachment(&self) -> Option<Attachment<'_>> {
        let (body, edited) = match &self.body {
            Body::Edit { body, .. } => (body.as_ref(), true),
            body => (body, false),
        };
        let code = self.errors.first().and_then(|e| e.code);
        match body {
            Body::Media(media) if media.kind == MediaKind::Sticker => None,
            Body::Media(media) if media.id.is_some() => Some(Attachment::Fetch(media)),
            // The new caption of a file that came before brings no file.
            Body::Media(_) if edited => None,
            Body::Media(media) => Some(Attachment::Unavailable { kind: Some(&media.kind), code }),
            Body::Unsupported { .. } | Body::Unknown { .. }
                if self.errors.iter().any(|e| e.code == Some(MEDIA_DOWNLOAD_FAILED)) =>
            {
                Some(Attachment::Unavailable { kind: None, code: Some(MEDIA_DOWNLOAD_FAILED) })
            }
            _ => None,
        }
    }

    /// The files in a Flow's answer: its `response_json` carries them by media id, at any depth.
    #[must_use]
    pub fn flow_files(&self) -> Vec<Media> {
        let Body::Interactive(Interactive { response_json: Some(json), .. }) = &self.body else {
            return Vec::new();
        };
        let mut files = Vec::new();
        if let Ok(answers) = serde_json::from_str::<Value>(json) {
            collect_files(&answers, 0, &mut files);
        }
        files
    }

    /// Whether Meta withholds what was sent (a photo to be viewed once, for instance): it may have been a document.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        let Body::Unsupported { kind } = &self.body else { return false };
        let unnamed = kind.as_deref().is_none_or(|kind| matches!(kind, "" | "unknown" | "view_once"));
        unnamed
            && self.errors.iter().any(|e| matches!(e.code, Some(131_051 | 131_060)))
            && self.attachment().is_none()
    }

    /// What the person wrote: the text, or the caption of the file.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Body::Text(text) => Some(text),
            Body::Media(media) => media.caption.as_deref(),
            Body::Edit { body, .. } => match body.as_ref() {
                Body::Text(text) => Some(text),
                Body::Media(media) => media.caption.as_deref(),
                _ => None,
            },
            _ => None,
        }
    }

    /// The type's name, for counting and for the timeline.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.body.kind()
    }
}

impl Body {
    /// The type's name, for counting and for the timeline.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Text(_) => "text",
            Self::Media(media) => media.kind.as_str(),
            Self::Reaction { .. } => "reaction",
            Self::Location { .. } => "location",
            Self::Contacts(_) => "contacts",
            Self::Interactive(_) => "interactive",
            Self::Button { .. } => "button",
            Self::Order { .. } => "order",
            Self::System(_) => "system",
            Self::Unsupported { .. } => "unsupported",
            Self::Edit { .. } => "edit",
            Self::Revoke { .. } => "revoke",
            Self::Unknown { kind } => kind,
        }
    }

    /// Reads a message's content by its type; without a type, by the object that is there.
    pub(super) fn read(message: &Value, within_edit: bool) -> Self {
        let kind = text(message, "type").or_else(|| kind_by_shape(message)).unwrap_or_default();
        let part = message.get(&kind).unwrap_or(&Value::Null);
        match kind.as_str() {
            "text" => Self::Text(text(part, "body").unwrap_or_default()),
            "reaction" => Self::Reaction { message_id: text(part, "message_id"), emoji: text(part, "emoji") },
            "location" => Self::Location {
                latitude: part.get("latitude").and_then(Value::as_f64),
                longitude: part.get("longitude").and_then(Value::as_f64),
                name: text(part, "name"),
                address: text(part, "address"),
            },
            "contacts" => Self::Contacts(list(message, "contacts").iter().map(card_name).collect()),
            "interactive" => Self::Interactive(interactive(part)),
            "button" => Self::Button { payload: text(part, "payload"), text: text(part, "text") },
            "order" => Self::Order { items: list(part, "product_items").len(), text: text(part, "text") },
            "system" => Self::System(system(part)),
            "unsupported" => Self::Unsupported { kind: text(part, "type") },
            "edit" if !within_edit => Self::Edit {
                original_message_id: text(part, "original_message_id"),
                body: Box::new(Self::read(part.get("message").unwrap_or(&Value::Null), true)),
            },
            "revoke" => Self::Revoke { original_message_id: text(part, "original_message_id") },
            _ => match MediaKind::of_type(&kind) {
                Some(media) => Self::Media(Media::read(media, part)),
                // A type that is new, yet carries a file: the file counts more than its name.
                None if text(part, "id").is_some() && text(part, "mime_type").is_some() => {
                    Self::Media(Media::read(MediaKind::Other(kind), part))
                }
                None => Self::Unknown { kind },
            },
        }
    }
}

/// Files of one Flow's answer, and how deep they may lie in it: far more than any Flow has.
const FLOW_FILES: usize = 30;
const FLOW_DEPTH: usize = 8;

fn collect_files(value: &Value, depth: usize, files: &mut Vec<Media>) {
    if depth > FLOW_DEPTH || files.len() >= FLOW_FILES {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_files(item, depth + 1, files)),
        Value::Object(fields) => {
            if text(value, "mime_type").is_some() {
                let mut file = Media::read(MediaKind::Document, value);
                file.id =
                    file.id.or_else(|| value.get("id").and_then(Value::as_i64)?.to_string().parse().ok());
                file.filename = file.filename.or_else(|| text(value, "file_name"));
                if file.id.is_some() {
                    files.push(file);
                    return;
                }
            }
            fields.values().for_each(|field| collect_files(field, depth + 1, files));
        }
        _ => {}
    }
}

/// The known object in a message whose `type` is missing.
fn kind_by_shape(message: &Value) -> Option<String> {
    const KNOWN: [&str; 17] = [
        "text",
        "image",
        "document",
        "video",
        "audio",
        "voice",
        "sticker",
        "reaction",
        "location",
        "contacts",
        "interactive",
        "button",
        "order",
        "system",
        "edit",
        "revoke",
        "unsupported",
    ];
    KNOWN.iter().find(|k| message.get(**k).is_some_and(|v| !v.is_null())).map(|k| (*k).to_owned())
}

fn card_name(card: &Value) -> String {
    let name = card.get("name").unwrap_or(&Value::Null);
    text(name, "formatted_name").or_else(|| text(name, "first_name")).unwrap_or_default()
}

fn interactive(part: &Value) -> Interactive {
    let kind = text(part, "type");
    let reply = kind.as_deref().and_then(|k| part.get(k)).unwrap_or(&Value::Null);
    Interactive {
        id: text(reply, "id"),
        title: text(reply, "title").or_else(|| text(reply, "name")),
        response_json: text(reply, "response_json"),
        kind,
    }
}

fn system(part: &Value) -> System {
    let mut now = Person::read(part, "wa_id", "user_id", "parent_user_id");
    if now.wa_id.is_none() {
        // Webhooks of older versions.
        now.wa_id = text(part, "new_wa_id").and_then(|s| s.parse().ok());
    }
    System { kind: text(part, "type"), now, text: text(part, "body") }
}

pub(super) fn context(message: &Value) -> Option<Context> {
    let context = message.get("context").filter(|c| c.is_object())?;
    Some(Context {
        message_id: text(context, "id").or_else(|| text(context, "message_id")),
        from: text(context, "from"),
        forwarded: flag(context, "forwarded") || flag(context, "frequently_forwarded"),
        frequently_forwarded: flag(context, "frequently_forwarded"),
    })
}

/// Reads the size Meta gives as a number or as text.
pub(crate) fn size_bytes(value: &Value, key: &str) -> Option<u64> {
    number(value, key).and_then(|n| n.try_into().ok())
}
