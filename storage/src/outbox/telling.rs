//! What became of what somebody sent, as a message to them.

use acuse_conversation::{language::Language, wording::Telling};

use super::{NewReply, Purpose};

impl NewReply {
    /// What they are told, in their language.
    #[must_use]
    pub fn telling(telling: Telling<'_>, language: Language, nonce: String) -> Self {
        let purpose = match telling {
            Telling::Filed { .. } => Purpose::Filed,
            Telling::InReview | Telling::NoText => Purpose::InReview,
            Telling::SendAgain(_) | Telling::Needs(_) | Telling::WrongPassword | Telling::Asked { .. } => {
                Purpose::SendAgain
            }
            Telling::SameAgain => Purpose::SameAgain,
            Telling::SendNormally => Purpose::SendNormally,
            Telling::ManyFiles => Purpose::ManyFiles,
            Telling::NotAFile | Telling::Sticker => Purpose::NotAFile,
            Telling::Duplicate { .. } | Telling::Kept => Purpose::Duplicate,
            Telling::Rejected => Purpose::Rejected,
        };
        Self { purpose, body: telling.text(language), language: language.as_str().to_owned(), nonce }
    }
}
