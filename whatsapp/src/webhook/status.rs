//! What became of a message we sent.

use serde_json::Value;
use time::OffsetDateTime;

use super::{
    fields::{flag, text},
    meta_error::MetaError,
    people::Person,
};

/// One status of one sent message. They come more than once and in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The id of the message sent.
    pub message_id: String,
    /// How far it came.
    pub state: DeliveryState,
    /// When.
    pub at: Option<OffsetDateTime>,
    /// To whom.
    pub recipient: Person,
    /// What we gave along when sending: the id in our outbox.
    pub callback_data: Option<String>,
    /// Why it failed.
    pub errors: Vec<MetaError>,
    /// What it cost, when said.
    pub pricing: Option<Pricing>,
}

/// How far a sent message came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryState {
    /// Left Meta.
    Sent,
    /// On the person's device. May never come: `Read` implies it.
    Delivered,
    /// Seen.
    Read,
    /// A voice message was listened to.
    Played,
    /// Will not arrive, on at least one device.
    Failed,
    /// Deleted.
    Deleted,
    /// A word this version does not know.
    Other(String),
}

/// How a message was charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pricing {
    /// Whether it cost anything.
    pub billable: bool,
    /// `service`, `utility`, `marketing`, `authentication`.
    pub category: Option<String>,
    /// `regular`, `free_customer_service`, `free_entry_point`.
    pub kind: Option<String>,
}

impl DeliveryState {
    /// Meta's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
            Self::Other(word) => word,
        }
    }

    /// Whether this state says more than `current` (`None`: only queued so far).
    ///
    /// Statuses come unordered, and one message can be both delivered and failed (several devices):
    /// delivered wins (Meta's support page), so a failure counts only while nothing has arrived.
    #[must_use]
    pub fn supersedes(&self, current: Option<&Self>) -> bool {
        match (self.rank(), current.map_or(Some(0), Self::rank)) {
            (Some(new), Some(old)) => new > old,
            _ => false,
        }
    }

    /// Later is larger; `None` for words that say nothing of delivery.
    const fn rank(&self) -> Option<u8> {
        match self {
            Self::Sent => Some(1),
            Self::Failed => Some(2),
            Self::Delivered => Some(3),
            Self::Read => Some(4),
            Self::Played => Some(5),
            Self::Deleted | Self::Other(_) => None,
        }
    }

    fn of_word(word: &str) -> Self {
        match word {
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "played" => Self::Played,
            "failed" => Self::Failed,
            "deleted" => Self::Deleted,
            _ => Self::Other(word.to_owned()),
        }
    }
}

impl Status {
    /// Reads a status; `None` without the id of the message it speaks of.
    pub(super) fn read(value: &Value, at: Option<OffsetDateTime>, contacts: &[Person]) -> Option<Self> {
        let recipient = Person::read(value, "recipient_id", "recipient_user_id", "parent_recipient_user_id");
        Some(Self {
            message_id: text(value, "id")?,
            state: DeliveryState::of_word(&text(value, "status").unwrap_or_default()),
            at,
            recipient: recipient.completed(contacts),
            callback_data: text(value, "biz_opaque_callback_data"),
            errors: MetaError::all(value),
            pricing: value.get("pricing").filter(|p| p.is_object()).map(|p| Pricing {
                billable: flag(p, "billable"),
                category: text(p, "category"),
                kind: text(p, "type"),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryState::{Delivered, Failed, Other, Played, Read, Sent};

    #[test]
    fn a_later_state_wins_whatever_the_order() {
        assert!(Sent.supersedes(None));
        assert!(Read.supersedes(Some(&Sent)));
        assert!(!Delivered.supersedes(Some(&Read)));
        assert!(Failed.supersedes(Some(&Sent)));
        assert!(!Failed.supersedes(Some(&Delivered)));
        assert!(Delivered.supersedes(Some(&Failed)));
        assert!(Played.supersedes(Some(&Read)));
        assert!(!Sent.supersedes(Some(&Sent)));
        assert!(!Other("warming".into()).supersedes(None));
    }
}
