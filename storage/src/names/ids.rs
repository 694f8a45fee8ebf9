//! Ids: UUIDv7, each of its own type, so that one is never taken for another.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new UUIDv7.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }
    )+};
}

ids! {
    /// A person or program that sends documents.
    ContactId,
    /// Someone the documents belong to.
    CustomerId,
    /// A message of the channel.
    MessageId,
    /// One time that a document waits for a person.
    ReviewId,
    /// One message that Acuse sends.
    OutboxId,
    /// A file that messages of ours bring.
    AttachmentId,
    /// One open matter between a contact and one of our numbers.
    CaseId,
    /// A decision that somebody is asked for.
    ApprovalId,
    /// Something that is owed to us.
    ObligationId,
    /// One piece of news that we send.
    NoticeId,
    /// One of the firms that we are.
    EntityId,
    /// Something that is wrong, until it is not.
    IncidentId,
    /// A place where incidents are told.
    RouteId,
    /// Something that such a place has yet to hear.
    NewsId,
    /// A place that is told of every change of a document.
    EndpointId,
    /// One change on its way to such a place.
    WebhookId,
    /// An API key.
    KeyId,
    /// A person who reviews.
    UserId,
}
