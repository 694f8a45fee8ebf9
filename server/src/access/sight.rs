//! A document as far as somebody may see it.

use std::ops::Deref;

use acuse_pipeline::{document::Kind, fields::Fields, reason::Reason};
use acuse_storage::{Document, DocumentId, Sensitivity, documents::DeclaredFile};

use super::{Caller, candidates::Reached};

/// A document as far as somebody may see it. It reads as the row does; what is withheld is not in it.
#[derive(Debug, Clone)]
pub struct Sight {
    document: Document,
    withheld: bool,
    unnamed: bool,
    size_bytes: Option<u64>,
    is_bound: bool,
    /// Of whom reasons name, those that exist for a caller who is bound.
    reached: Option<Reached>,
}

impl Deref for Sight {
    type Target = Document;
    fn deref(&self) -> &Document {
        &self.document
    }
}

impl Sight {
    /// `document` as `caller` may see it. Writes no audit: see [`look`](super::look).
    #[must_use]
    pub fn of(document: Document, caller: &Caller) -> Self {
        let withheld = caller.is_withheld(&document);
        let unnamed = caller.is_name_withheld(&document);
        Self::cut(document, caller, withheld, unnamed)
    }

    /// The same for a line of a list at the desk, where no ID is quoted to anybody.
    pub(super) fn in_list(document: Document, caller: &Caller) -> Self {
        let id = document.kind == Some(Kind::Id) || document.sensitivity == Sensitivity::Id;
        if id { Self::cut(document, caller, true, true) } else { Self::of(document, caller) }
    }

    fn cut(mut document: Document, caller: &Caller, withheld: bool, unnamed: bool) -> Self {
        let size_bytes = document.original.as_ref().map(|o| o.size_bytes);
        if unnamed {
            let media_type = document.declared.media_type.take();
            document.declared = DeclaredFile { media_type, ..DeclaredFile::default() };
        }
        if withheld {
            document.fields = Fields::new();
            document.field_facts.clear();
            document.notes.clear();
            document.findings.clear();
            document.reasons = codes(document.reasons);
            document.original = None;
            document.pages.clear();
            document.thumbnail_key = None;
            document.fingerprint = None;
            document.direction = None;
        }
        let is_bound = caller.access().is_bound();
        Self { document, withheld, unnamed, size_bytes, is_bound, reached: None }
    }

    /// Its reasons name nobody but these from now on.
    pub(super) fn within(&mut self, reached: Reached) {
        self.document.reasons = reached.left(std::mem::take(&mut self.document.reasons));
        self.reached = Some(reached);
    }

    /// Whether what it says and shows is kept from the caller.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.withheld
    }

    /// Whether what was said and done of its whole file is kept from the caller: of a part it may tell of an ID beside it.
    #[must_use]
    pub fn is_file_withheld(&self) -> bool {
        self.unnamed
    }

    /// The original's length, which says nothing.
    #[must_use]
    pub fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    /// Of which document it is a duplicate, where that one exists for the caller; that it is one the row says to everybody.
    #[must_use]
    pub fn first(&self) -> Option<DocumentId> {
        self.document.duplicate_of.filter(|id| self.is_named(*id))
    }

    /// The first document of its file, where that one exists for the caller.
    #[must_use]
    pub fn part_of(&self) -> Option<DocumentId> {
        self.document.part_of.filter(|id| self.is_named(*id))
    }

    /// Whether it may be said that there is this other document. Of who is bound nothing is known before it is asked.
    fn is_named(&self, id: DocumentId) -> bool {
        match &self.reached {
            Some(reached) => reached.has_document(id),
            None => !self.is_bound,
        }
    }

    /// These reasons as far as the caller may have them.
    #[must_use]
    pub fn reasons(&self, all: Vec<Reason>) -> Vec<Reason> {
        let all = if self.withheld { codes(all) } else { all };
        match &self.reached {
            Some(reached) => reached.left(all),
            None => all,
        }
    }

    /// Whether it is shown though others may not see it: that goes into the audit trail.
    pub(super) fn is_to_audit(&self) -> bool {
        !self.withheld && self.document.sensitivity != Sensitivity::Open
    }
}

/// The particulars of a reason can quote an ID ("birth date 1990-01-02 is not 1990-02-01"): only the code stays.
fn codes(reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.into_iter().map(|r| Reason::new(r.code, "The particulars need the scope ids:read.")).collect()
}
