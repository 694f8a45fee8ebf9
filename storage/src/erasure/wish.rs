//! A wish to erase, and what became of it.

use uuid::Uuid;

use super::{Hold, Receipt};
use crate::{
    key_file::ErasedKind,
    names::{DocumentId, words},
};

words! {
    /// Why something is erased.
    Cause, "cause of an erasure" {
        /// Somebody asked for it.
        Request = "request",
        /// Its time was over.
        Retention = "retention",
        /// It had been erased before the backup that was put back was made good.
        Restore = "restore",
    }
}

words! {
    /// What may stay of a bill, for the law, once nobody is named in it.
    Keep, "what an erasure keeps" {
        /// Kind, dates, currency and amounts.
        Amounts = "amounts",
        /// Nothing but when it came and what became of it.
        Nothing = "nothing",
    }
}

/// A wish to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What is erased.
    pub kind: ErasedKind,
    /// Which.
    pub id: Uuid,
    /// Why.
    pub cause: Cause,
    /// Whose hand it is, as the audit trail names them.
    pub by: String,
    /// What stays of a bill.
    pub keep: Keep,
    /// Whether documents that came in one file with it go too: the file is one, and holds all of them.
    pub whole_file: bool,
    /// The version of a document as it was seen: what changed since stays as it is. None where nobody says.
    pub seen_version: Option<i64>,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq)]
pub enum Wished {
    /// Its rows say nothing any more; keys and objects follow with [`Catalog::finish_erasures`](crate::Catalog::finish_erasures).
    Begun(Receipt),
    /// It was erased before.
    Already(Receipt),
    /// There is no such thing.
    Missing,
    /// The document changed since it was seen; its version now.
    Changed(i64),
    /// A legal hold is on it, or on something that would go with it.
    Held(Vec<Hold>),
    /// So many other documents are in the same files, and nobody said to erase them too.
    WithOthers(Vec<DocumentId>),
}
