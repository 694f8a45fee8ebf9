//! What may be decided, by whom, and what becomes of it.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::Fields,
};
use time::OffsetDateTime;

use crate::{
    names::{CustomerId, DocumentId},
    split::Split,
};

/// What a person decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// File it as it was read, for this customer if one is named.
    Approve {
        /// Whose it is, when the reviewer says so.
        customer_id: Option<CustomerId>,
    },
    /// File it with these fields (and kind), which replace what was read.
    Correct {
        /// What it is, when the reader was wrong.
        kind: Option<Kind>,
        /// All its fields.
        fields: Fields,
        /// Whose it is, when the reviewer says so.
        customer_id: Option<CustomerId>,
    },
    /// Refuse it.
    Reject {
        /// Why, for the timeline.
        note: String,
    },
    /// Ask the sender for a better one. It stays in review, and waits for the sender.
    AskAgain {
        /// What the sender is told, in the reviewer's words; empty for the sentence of the reason.
        note: String,
    },
    /// It is another one that came again: linked to that, kept, and told.
    Duplicate {
        /// The first of them, which is no duplicate itself.
        of: DocumentId,
        /// Why, for the timeline.
        note: Option<String>,
    },
    /// What failed was ours: let it go round again.
    Retry {
        /// Why, for the timeline.
        note: Option<String>,
    },
    /// It is several documents: each is read by itself.
    Split {
        /// Which.
        split: Split,
        /// Why, for the timeline.
        note: Option<String>,
    },
}

/// Who decides, what they looked at, and what else they said.
#[derive(Debug, Clone, Default)]
pub struct Deciding<'a> {
    /// As the audit trail names them.
    pub who: &'a str,
    /// The document's version that they looked at.
    pub seen_version: Option<i64>,
    /// Whether they have the right to see IDs: without it, what is withheld is not theirs to decide on.
    pub sees_ids: bool,
    /// Which holder of the review they were; a later one's work is not overwritten.
    pub fence: Option<i64>,
    /// Until when the decision can be taken back; at once for good without.
    pub held_until: Option<OffsetDateTime>,
    /// What they wrote beside it.
    pub note: Option<String>,
    /// Whether it is to be nobody's.
    pub without_customer: bool,
    /// Whether they are a person, of whose decisions memory learns; see [`crate::vendors`].
    pub teaches: bool,
    /// The warnings they decided against, on purpose.
    pub overridden: Option<Overridden>,
}

/// Warnings that a person decided against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overridden {
    /// Each by its check, and its field where it is at one: `sum total`.
    pub checks: Vec<String>,
    /// Why they were not heeded.
    pub because: String,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Done; the document has this status now.
    Done(Status),
    /// Its parts are on the road; their ids, the document's own first.
    Split(Vec<DocumentId>),
    /// Someone else holds the review.
    HeldBy(String),
    /// The lease had ended, and someone else has had the review since.
    LeaseLost,
    /// The document changed since the reviewer looked at it; its version now.
    Changed(i64),
    /// It was decided before.
    AlreadyResolved,
    /// It is or may be an ID, which they may not see.
    Withheld,
    /// A rule wants four eyes: what they said is kept, and somebody else is asked.
    AnotherIsAsked,
    /// They gave an answer already: another person gives the next.
    NotTheirOwnSecond,
    /// A rule wants four eyes, which a document at rest has only when it is reopened.
    NeedsFourEyes,
    /// A rule wants two persons, and who decides is a key, of whom nobody knows which person uses it.
    NoPerson,
    /// A rule wants two persons for this document, which waits: it is changed by what they decide.
    DecidedByTwo,
    /// Somebody else decided it a moment ago and can take that back for so many seconds more.
    StillHeld {
        /// Seconds, one at the least.
        secs: u64,
    },
    /// It comes to more than is filed without an approval: what they said is kept, and an approver is asked; what was at rest
    /// waits again.
    ApproverIsAsked,
    /// There is no such review.
    Missing,
}
