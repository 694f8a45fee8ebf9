//! The one way from a row to an answer, for the API and the desk: whether the document exists for whoever asks, written into
//! the trail that they are shown what others may not see, and without what is withheld.

use acuse_storage::{Document, DocumentId, Sensitivity};

use super::{Caller, Sight, candidates::Reached};
use crate::{problem::Problem, state::App};

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
    let mut sight = Sight::of(document, caller);
    within_reach(app, caller, std::slice::from_mut(&mut sight)).await?;
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
    let mut sights: Vec<Sight> = documents.into_iter().map(|d| Sight::of(d, caller)).collect();
    within_reach(app, caller, &mut sights).await?;
    audited(app, caller, what, &sights).await?;
    Ok(sights)
}

/// The same for the lines of a list at the desk, which quote no ID.
///
/// # Errors
/// When the audit trail cannot be written.
pub async fn list(app: &App, caller: &Caller, documents: Vec<Document>) -> Result<Vec<Sight>, Problem> {
    let mut sights: Vec<Sight> = documents.into_iter().map(|d| Sight::in_list(d, caller)).collect();
    within_reach(app, caller, &mut sights).await?;
    audited(app, caller, "desk_list", &sights).await?;
    Ok(sights)
}

/// Neither a reason nor a duplicate names what does not exist for a caller who is bound.
async fn within_reach(app: &App, caller: &Caller, sights: &mut [Sight]) -> Result<(), Problem> {
    if !caller.access().is_bound() {
        return Ok(());
    }
    let reached = Reached::by(app, caller, sights).await?;
    sights.iter_mut().for_each(|sight| sight.within(reached.clone()));
    Ok(())
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

/// Writes down that `caller` is shown words which may quote these documents; `what` says in which.
///
/// # Errors
/// When the audit trail cannot be written.
pub async fn quoting(
    app: &App,
    caller: &Caller,
    what: &str,
    documents: &[DocumentId],
) -> Result<(), Problem> {
    // To anybody else such words are not shown.
    if !caller.access().sees_ids() {
        return Ok(());
    }
    let told = app.catalog.told_of(caller.access(), documents).await?;
    let sensitive = told.into_iter().filter(|(_, sensitivity)| *sensitivity != Sensitivity::Open);
    let shown: Vec<DocumentId> = sensitive.map(|(id, _)| id).collect();
    Ok(app.catalog.audit_views(&caller.actor, what, &shown).await?)
}

/// Lets `caller` at what a document says and shows, or decide on it.
///
/// # Errors
/// 403 where it is withheld from them.
pub fn permit(caller: &Caller, document: &Document) -> Result<(), Problem> {
    if caller.is_withheld(document) { Err(Problem::Withheld) } else { Ok(()) }
}
