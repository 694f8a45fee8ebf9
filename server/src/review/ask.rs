//! What a person says of a document, unchecked, and what became of it.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Value},
    part::Part,
};
use acuse_storage::{CustomerId, DocumentId};
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;

/// What a person can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// File it as it was read.
    Approve,
    /// File it with other fields or as another kind.
    Correct,
    /// Refuse it.
    Reject,
    /// Refuse it and ask for a better one.
    AskAgain,
    /// It is several documents.
    Split,
    /// Take up again what is filed or rejected.
    Reopen,
    /// Take the decision back, while it can be.
    Undo,
    /// What failed was ours: it goes round again.
    Retry,
    /// It is another one come again.
    Duplicate,
    /// Nobody is given it as the next until then.
    Postpone,
    /// It is somebody else's to decide.
    Assign,
}

/// Whose a document is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// Whose it is now.
    #[default]
    Keep,
    /// Nobody's.
    Nobody,
    /// This customer's.
    Customer(CustomerId),
}

/// As a body says it: `null` is nobody's, and what it does not name stays.
impl<'de> Deserialize<'de> for Whose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<CustomerId>::deserialize(deserializer)?.map_or(Self::Nobody, Self::Customer))
    }
}

/// A decision as asked for, unchecked.
#[derive(Debug)]
pub struct Ask {
    /// What.
    pub verdict: Verdict,
    /// What it is, when the reader was wrong.
    pub kind: Option<Kind>,
    /// New values as typed; `None` takes a field away.
    pub fields: BTreeMap<FieldName, Option<Value>>,
    /// Whose it is.
    pub whose: Whose,
    /// Why.
    pub note: Option<String>,
    /// The version that the person looked at.
    pub seen_version: Option<i64>,
    /// The documents that it is, when it is several.
    pub parts: Option<Vec<Part>>,
    /// Why it is filed against the warnings.
    pub because: Option<String>,
    /// The warnings that were in front of them when they said why, by [`Warning::name`]; none where nobody says which, as a
    /// program need not: then it is said against all, and the trail names them.
    ///
    /// [`Warning::name`]: acuse_pipeline::checks::Warning::name
    pub against: Option<Vec<String>>,
    /// Which holder of the review they were.
    pub fence: Option<i64>,
    /// Until when it can be taken back.
    pub held_until: Option<OffsetDateTime>,
    /// Which document it is, come again.
    pub duplicate_of: Option<DocumentId>,
    /// What the sender is told, word for word, in place of the sentence of the decision.
    pub message: Option<String>,
}

impl Ask {
    /// The verdict alone: nothing is changed and nothing said with it.
    #[must_use]
    pub fn of(verdict: Verdict) -> Self {
        Self {
            verdict,
            kind: None,
            fields: BTreeMap::new(),
            whose: Whose::Keep,
            note: None,
            seen_version: None,
            parts: None,
            because: None,
            against: None,
            fence: None,
            held_until: None,
            duplicate_of: None,
            message: None,
        }
    }
}

/// What became of a decision.
#[derive(Debug, Serialize)]
pub struct Decided {
    /// Where the document stands now.
    pub status: Status,
    /// The documents that it was split into, the first under the id of the whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentId>,
    /// Who is asked before it is done; the document's `waits_for` says so too.
    #[serde(skip)]
    pub asked: Option<Asked>,
}

/// Who is asked before a decision is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Another person.
    Person,
    /// Whoever approves what comes to so much.
    Approver,
}

impl Decided {
    /// It waits in front of somebody.
    #[must_use]
    pub fn waiting(asked: Option<Asked>) -> Self {
        Self { status: Status::InReview, documents: Vec::new(), asked }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        customer_id: Whose,
    }

    #[test]
    fn whose_it_is_stays_unless_a_body_names_it() {
        let whose = |text: &str| serde_json::from_str::<Body>(text).map(|body| body.customer_id);
        let id = CustomerId::generate();
        assert_eq!(whose("{}").unwrap(), Whose::Keep);
        assert_eq!(whose(r#"{"customer_id":null}"#).unwrap(), Whose::Nobody);
        assert_eq!(whose(&format!(r#"{{"customer_id":"{id}"}}"#)).unwrap(), Whose::Customer(id));
        assert!(whose(r#"{"customer_id":"of nobody"}"#).is_err());
    }
}
