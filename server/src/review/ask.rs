//! What a person says of a document, unchecked, and what became of it.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Value},
    part::Part,
};
use acuse_storage::{CustomerId, DocumentId};
use serde::{Deserialize, Serialize};
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
    /// Which holder of the review they were.
    pub fence: Option<i64>,
    /// Until when it can be taken back.
    pub held_until: Option<OffsetDateTime>,
    /// Which document it is, come again.
    pub duplicate_of: Option<DocumentId>,
    /// What the sender is told, word for word, in place of the sentence of the decision.
    pub message: Option<String>,
}

/// What became of a decision.
#[derive(Debug, Serialize)]
pub struct Decided {
    /// Where the document stands now.
    pub status: Status,
    /// The documents that it was split into, the first under the id of the whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentId>,
}
