//! Ids, closed lists of words, and the conversions between rows and types that every noun shares.

use std::{fmt, str::FromStr};

pub use acuse_pipeline::document::DocumentId;
use acuse_pipeline::document::{Sha256, UnknownWord};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::CatalogError;

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
    /// One open matter between a contact and one of our numbers.
    CaseId,
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

macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The fixed word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
        impl std::str::FromStr for $name {
            type Err = acuse_pipeline::document::UnknownWord;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                match s {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(acuse_pipeline::document::UnknownWord { what: $what, word: s.chars().take(64).collect() }),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Where on its road a document is; what the next task does.
    Stage, "stage" {
        /// Download the media and keep the original.
        Fetch = "fetch",
        /// Understand it.
        Read = "read",
        /// Find its customer and decide.
        Link = "link",
        /// At rest: filed, in review, rejected or a duplicate.
        Done = "done",
    }
}

words! {
    /// How a document came.
    Source, "source" {
        /// A message.
        Whatsapp = "whatsapp",
        /// `POST /v1/documents`.
        Api = "api",
        /// `acuse import`.
        Import = "import",
    }
}

words! {
    /// For whom a document in review waits.
    WaitsFor, "waits for" {
        /// A person who reviews.
        Reviewer = "reviewer",
        /// A second person, after the first.
        SecondReviewer = "second_reviewer",
        /// Who may approve it.
        Approver = "approver",
        /// Who sent it: another file was asked for.
        Sender = "sender",
        /// Whose it is.
        Customer = "customer",
    }
}

words! {
    /// What kind of name a contact goes by.
    AliasKind, "contact alias" {
        /// WhatsApp id: a phone number, digits only, verbatim.
        WaId = "wa_id",
        /// Business-scoped user id.
        Bsuid = "bsuid",
        /// Parent business-scoped user id.
        ParentBsuid = "parent_bsuid",
        /// A sender named by an API client.
        Api = "api",
    }
}

/// Now by the machine's clock, cut to the microseconds that a row keeps: what a catalog goes by unless it is given
/// another clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the machine is asked")]
pub fn now() -> OffsetDateTime {
    kept(OffsetDateTime::now_utc())
}

/// A time cut to the microseconds that a row keeps.
pub(crate) fn kept(at: OffsetDateTime) -> OffsetDateTime {
    at_or_epoch(micros(at))
}

/// Microseconds since 1970, as rows keep time. Saturates far outside any real date.
pub(crate) fn micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

fn at_or_epoch(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A time out of a row.
pub(crate) fn at(
    table: &'static str,
    column: &'static str,
    micros: i64,
) -> Result<OffsetDateTime, CatalogError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .map_err(|error| CatalogError::ImpossibleRow { table, column, why: error.to_string() })
}

/// An optional time out of a row.
pub(crate) fn maybe_at(
    table: &'static str,
    column: &'static str,
    micros: Option<i64>,
) -> Result<Option<OffsetDateTime>, CatalogError> {
    micros.map(|m| at(table, column, m)).transpose()
}

/// A word of a closed list out of a row.
pub(crate) fn word<T: FromStr<Err = UnknownWord>>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, CatalogError> {
    text.parse().map_err(|error: UnknownWord| CatalogError::ImpossibleRow {
        table,
        column,
        why: error.to_string(),
    })
}

/// JSON out of a row.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    column: &'static str,
    text: &str,
) -> Result<T, CatalogError> {
    serde_json::from_str(text).map_err(|error| CatalogError::ImpossibleRow {
        table,
        column,
        why: error.to_string(),
    })
}

/// A count or size out of a row.
pub(crate) fn number<T: TryFrom<i64>>(
    table: &'static str,
    column: &'static str,
    value: i64,
) -> Result<T, CatalogError> {
    T::try_from(value).map_err(|_| CatalogError::ImpossibleRow {
        table,
        column,
        why: format!("{value} is out of range"),
    })
}

/// A hash out of a row.
pub(crate) fn sha256(
    table: &'static str,
    column: &'static str,
    bytes: &[u8],
) -> Result<Sha256, CatalogError> {
    bytes.try_into().map(Sha256).map_err(|_| CatalogError::ImpossibleRow {
        table,
        column,
        why: format!("{} bytes are no SHA-256", bytes.len()),
    })
}

/// A value of ours as JSON text for a row.
pub(crate) fn to_json<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<String, CatalogError> {
    serde_json::to_string(value).map_err(|source| CatalogError::Encode { what, source })
}

/// Text from outside, made fit for a row: PostgreSQL refuses NUL in text.
pub(crate) fn clean(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

/// [`clean`] for what may be absent.
pub(crate) fn clean_maybe(text: Option<&str>) -> Option<String> {
    text.map(clean)
}

/// At most `most` characters of `text`.
pub(crate) fn cut(text: &str, most: usize) -> String {
    clean(&text.chars().take(most).collect::<String>())
}
