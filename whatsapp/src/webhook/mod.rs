//! Reading a webhook's body: leniently, item by item, losing nothing.
//!
//! [`parse`] takes the raw bytes whose signature was checked, and gives an [`Item`] for every message,
//! status, error and event in them, each with its own raw JSON, and a [`Trouble`] for whatever was not
//! understood. A bad item never takes its neighbours along; an unknown one is an item too
//! ([`Content::Unknown`]). Nothing here refuses: the caller keeps the raw delivery, commits, answers 200,
//! and raises an alert when [`Parsed::is_understood`] says no.

mod event;
mod fields;
mod media;
mod message;
mod meta_error;
mod people;
mod status;
mod walk;
mod wire;

use std::fmt;

use serde_json::value::RawValue;
use time::OffsetDateTime;

pub use event::{Event, Template};
pub(crate) use fields::sha256;
pub use media::{Media, MediaKind};
pub(crate) use message::size_bytes;
pub use message::{Attachment, Body, Context, Interactive, Message, System};
pub use meta_error::{MEDIA_DOWNLOAD_FAILED, MetaError};
pub use people::Person;
pub use status::{DeliveryState, Pricing, Status};
pub use walk::parse;

/// What one webhook body holds.
#[derive(Debug, Default)]
pub struct Parsed {
    /// In the order of the body.
    pub items: Vec<Item>,
    /// What was not understood, in the order it was met (the first 200).
    pub troubles: Vec<Trouble>,
    /// Troubles beyond those listed.
    pub troubles_left_out: usize,
}

impl Parsed {
    /// Whether everything in the body was understood; if not, somebody should look at the raw delivery.
    #[must_use]
    pub fn is_understood(&self) -> bool {
        self.troubles.is_empty() && !self.items.iter().any(Item::is_unknown)
    }

    /// The messages people sent (echoes are not among them).
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.items.iter().filter_map(|item| match &item.content {
            Content::Message(message) => Some(message),
            _ => None,
        })
    }
}

/// One thing a webhook tells.
#[derive(Debug, Clone)]
pub struct Item {
    /// Whom it concerns.
    pub origin: Origin,
    /// What it is.
    pub content: Content,
    /// Its own JSON, verbatim but for escapes no database holds (they are U+FFFD) and branches that are
    /// too deep or hold impossible numbers (null, with a trouble).
    pub raw: Box<RawValue>,
}

impl Item {
    /// Whether this version does not know what this is.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        match &self.content {
            Content::Unknown { .. } => true,
            Content::Message(message) | Content::Echo(message) => {
                matches!(message.body, Body::Unknown { .. })
            }
            Content::Status(status) => matches!(status.state, DeliveryState::Other(_)),
            _ => false,
        }
    }
}

/// Where in the business an item belongs. Always of its own change: one body may serve several numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The WhatsApp business account (`entry.id`).
    pub account_id: Option<String>,
    /// The business's number by Meta's id; messages are routed and answered by it.
    pub phone_number_id: Option<String>,
    /// The same number as people see it.
    pub display_phone_number: Option<String>,
    /// The webhook field (`messages`, `account_update`…).
    pub field: String,
    /// When Meta made the notification (`entry.time`), if it says so.
    pub notified_at: Option<OffsetDateTime>,
}

/// The content of an [`Item`].
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A person's message.
    Message(Message),
    /// A message the business sent from its phone: not inbound, opens no window, starts no job.
    Echo(Message),
    /// What became of a message we sent.
    Status(Status),
    /// An error of the number itself.
    Error(MetaError),
    /// Of the account, its templates, or a person's choices.
    Event(Event),
    /// Not known to this version; kept raw.
    Unknown {
        /// The member it was found at, or the field's name.
        what: String,
    },
}

/// Something in a body that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where: `entry[0].changes[1].messages[2]`; empty for the whole body.
    pub at: String,
    /// What.
    pub kind: TroubleKind,
}

/// What can be wrong with (a part of) a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TroubleKind {
    /// The body is no JSON: nothing was read.
    NotJson,
    /// Bytes that are no UTF-8 were replaced.
    NotUtf8,
    /// Lone surrogates or U+0000 were replaced.
    UnstorableEscape,
    /// The body is not about a WhatsApp business account.
    NotWhatsApp,
    /// Nested deeper than is read; null instead.
    TooDeep,
    /// A number out of range; null instead.
    UnreadableValue,
    /// An object was expected.
    NotAnObject,
    /// A list was expected.
    NotAList,
    /// The id is missing.
    NoId,
    /// Nothing says who sent it.
    NoSender,
    /// The time is missing or impossible.
    NoTime,
    /// The media id cannot be one.
    BadMediaId,
    /// The SHA-256 is neither base64 nor hex.
    BadSha256,
    /// More than the thousand updates Meta promises; all were read.
    ManyUpdates,
    /// More items than are read; the rest is in the raw body only.
    TooManyItems,
}

impl TroubleKind {
    /// A fixed word, for counters and rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::NotUtf8 => "not_utf8",
            Self::UnstorableEscape => "unstorable_escape",
            Self::NotWhatsApp => "not_whatsapp",
            Self::TooDeep => "too_deep",
            Self::UnreadableValue => "unreadable_value",
            Self::NotAnObject => "not_an_object",
            Self::NotAList => "not_a_list",
            Self::NoId => "no_id",
            Self::NoSender => "no_sender",
            Self::NoTime => "no_time",
            Self::BadMediaId => "bad_media_id",
            Self::BadSha256 => "bad_sha256",
            Self::ManyUpdates => "many_updates",
            Self::TooManyItems => "too_many_items",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.at.is_empty() { "body" } else { &self.at };
        write!(f, "{at}: {}", self.kind.as_str())
    }
}
