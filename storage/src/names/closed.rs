//! Closed lists of words, as rows and the API write them.

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

#[cfg(test)]
mod tests {
    use crate::{
        access::Sensitivity,
        incidents::IncidentState,
        names::{Stage, WaitsFor},
        outbox::OutboxState,
        reviews::Resolution,
        webhooks::log::Delivery,
    };

    /// The page that walks every state of every row.
    const PAGE: &str = include_str!("../../../DATA_MODEL.md");

    #[test]
    fn the_data_model_names_every_table_and_every_state() {
        let tables =
            include_str!("../conformance/columns.txt").lines().filter_map(|line| line.split('.').next());
        let words = [
            acuse_pipeline::document::Status::ALL.iter().map(ToString::to_string).collect::<Vec<_>>(),
            Stage::ALL.iter().map(ToString::to_string).collect(),
            WaitsFor::ALL.iter().map(ToString::to_string).collect(),
            Sensitivity::ALL.iter().map(ToString::to_string).collect(),
            Resolution::ALL.iter().map(ToString::to_string).collect(),
            OutboxState::ALL.iter().map(ToString::to_string).collect(),
            Delivery::ALL.iter().map(ToString::to_string).collect(),
            IncidentState::ALL.iter().map(ToString::to_string).collect(),
        ];
        let named = tables.map(str::to_owned).chain(words.concat());
        let left_out: std::collections::BTreeSet<_> =
            named.filter(|n| !PAGE.contains(&format!("`{n}`"))).collect();
        assert!(left_out.is_empty(), "DATA_MODEL.md is without {left_out:?}");
    }
}
