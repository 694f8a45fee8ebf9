//! What a caller is shown of a document: the one way from a row to an answer, for the API and the desk.
//!
//! [`look`] and [`look_at`] ask the catalog's predicate whether the document exists for the caller, write into the audit
//! trail that they are shown what others may not see (a page in one transaction, before anything is said), and take away
//! what is withheld. What comes out is a [`Sight`]: whoever renders one cannot tell more than it holds.

use std::ops::Deref;

use acuse_pipeline::{document::Kind, fields::Fields, reason::Reason};
use acuse_storage::{Document, DocumentId, Sensitivity, documents::DeclaredFile};

use crate::{
    http::{auth::Caller, problem::Problem},
    state::App,
};

/// A document as far as somebody may see it. It reads as the row does; what is withheld is not in it.
#[derive(Debug, Clone)]
pub struct Sight {
    document: Document,
    withheld: bool,
    size_bytes: Option<u64>,
}

impl Deref for Sight {
    type Target = Document;
    fn deref(&self) -> &Document {
        &self.document
    }
}

impl Sight {
    /// `document` as `caller` may see it. Writes no audit: see [`look`].
    #[must_use]
    pub fn of(document: Document, caller: &Caller) -> Self {
        let withheld = caller.is_withheld(&document);
        let unnamed = caller.is_name_withheld(&document);
        Self::cut(document, withheld, unnamed)
    }

    /// The same for a line of a list at the desk, where no ID is quoted to anybody.
    fn in_list(document: Document, caller: &Caller) -> Self {
        let id = document.kind == Some(Kind::Id) || document.sensitivity == Sensitivity::Id;
        if id { Self::cut(document, true, true) } else { Self::of(document, caller) }
    }

    fn cut(mut document: Document, withheld: bool, unnamed: bool) -> Self {
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
        Self { document, withheld, size_bytes }
    }

    /// Whether what it says and shows is kept from the caller.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.withheld
    }

    /// The original's length, which says nothing.
    #[must_use]
    pub fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    /// These reasons as far as the caller may have them.
    #[must_use]
    pub fn reasons(&self, all: Vec<Reason>) -> Vec<Reason> {
        if self.withheld { codes(all) } else { all }
    }

    /// Whether it is shown though others may not see it: that goes into the audit trail.
    fn is_to_audit(&self) -> bool {
        !self.withheld && self.document.sensitivity != Sensitivity::Open
    }
}

/// The particulars of a reason can quote an ID ("birth date 1990-01-02 is not 1990-02-01"): only the code stays.
fn codes(reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.into_iter().map(|r| Reason::new(r.code, "The particulars need the scope ids:read.")).collect()
}

/// The document as its row stands, if it exists for `caller`.
///
/// # Errors
/// 404 where it does not.
pub async fn reach(app: &App, caller: &Caller, id: DocumentId) -> Result<Document, Problem> {
    app.catalog.document_for(caller.access(), id).await?.ok_or(Problem::NotFound("document"))
}

/// The document as far as `caller` may see it; `what` says in the audit trail how they saw it.
///
/// # Errors
/// 404 where it does not exist for them; when the audit trail cannot be written, for then nothing may be shown.
pub async fn look(app: &App, caller: &Caller, id: DocumentId, what: &str) -> Result<Sight, Problem> {
    let document = reach(app, caller, id).await?;
    let sight = Sight::of(document, caller);
    audited(app, caller, what, std::slice::from_ref(&sight)).await?;
    Ok(sight)
}

/// A page of documents, which the catalog found within the caller's reach.
///
/// # Errors
/// When the audit trail cannot be written.
pub async fn look_at(
    app: &App,
    caller: &Caller,
    documents: Vec<Document>,
    what: &str,
) -> Result<Vec<Sight>, Problem> {
    let sights: Vec<Sight> = documents.into_iter().map(|d| Sight::of(d, caller)).collect();
    audited(app, caller, what, &sights).await?;
    Ok(sights)
}

/// The same for the lines of a list at the desk, which quote no ID.
///
/// # Errors
/// When the audit trail cannot be written.
pub async fn list(app: &App, caller: &Caller, documents: Vec<Document>) -> Result<Vec<Sight>, Problem> {
    let sights: Vec<Sight> = documents.into_iter().map(|d| Sight::in_list(d, caller)).collect();
    audited(app, caller, "desk_list", &sights).await?;
    Ok(sights)
}

async fn audited(app: &App, caller: &Caller, what: &str, sights: &[Sight]) -> Result<(), Problem> {
    let shown: Vec<DocumentId> = sights.iter().filter(|s| s.is_to_audit()).map(|s| s.id).collect();
    Ok(app.catalog.audit_views(&caller.actor, what, &shown).await?)
}

/// The document whose content `caller` asks for, all of it; the view is written down by [`showing`] once it is sure that
/// there is something to show.
///
/// # Errors
/// 404 where it does not exist for them, 403 where it is withheld.
pub async fn open(app: &App, caller: &Caller, id: DocumentId) -> Result<Document, Problem> {
    let document = reach(app, caller, id).await?;
    permit(caller, &document)?;
    Ok(document)
}

/// Writes down that `caller` is shown the content of these documents.
///
/// # Errors
/// When the audit trail cannot be written.
pub async fn showing(app: &App, caller: &Caller, documents: &[Document]) -> Result<(), Problem> {
    let sensitive = documents.iter().filter(|d| d.sensitivity != Sensitivity::Open);
    let shown: Vec<DocumentId> = sensitive.map(|d| d.id).collect();
    Ok(app.catalog.audit_views(&caller.actor, "content", &shown).await?)
}

/// Lets `caller` at what a document says and shows, or decide on it.
///
/// # Errors
/// 403 where it is withheld from them.
pub fn permit(caller: &Caller, document: &Document) -> Result<(), Problem> {
    if caller.is_withheld(document) { Err(Problem::Withheld) } else { Ok(()) }
}
