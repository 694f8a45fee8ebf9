//! Where it goes on once something is decided: to the next document of what is shown.

use acuse_storage::{
    DocumentId,
    reviews::{Claim, Review},
};

use crate::{
    desk::{queue_view::QueueView, session::Person, typed::Typed},
    review::{LEASE, Refusal},
    state::App,
};

/// What is shown next to a document before it is decided: what it is sorted by may be another thing afterwards. In the queue's
/// own order nothing of it changes.
pub(super) async fn beside(
    app: &App,
    person: &Person,
    review: &Review,
    typed: &Typed,
) -> Result<Option<DocumentId>, Refusal> {
    let shown = QueueView::typed(typed).open_to(person);
    if shown.is_queue() {
        return Ok(None);
    }
    Ok(app.catalog.neighbour(&shown, review, true).await?)
}

/// The one beside, or the next document of what is shown that nobody else holds, taken. Where it is the last, that is free
/// again, and the queue says so; where it waits no more, it is the queue.
pub(super) async fn onward(
    app: &App,
    person: &Person,
    from: &Review,
    typed: &Typed,
    beside: Option<DocumentId>,
) -> Result<String, Refusal> {
    let view = QueueView::typed(typed);
    let actor = &person.caller.actor;
    let next = match taken(app, actor, beside).await? {
        None => app.catalog.claim_next(&view.table(person), Some(from.id), actor, LEASE).await?,
        taken => taken,
    };
    let only = view.query();
    match next {
        Some(id) if id == from.document_id => {
            app.catalog.release_review(from.id, actor).await?;
            Ok(format!("/{only}{}said=last", if only.is_empty() { '?' } else { '&' }))
        }
        Some(id) => Ok(format!("/documents/{id}{only}")),
        None => Ok(format!("/{only}")),
    }
}

/// A document that still waits, taken unless somebody was quicker.
async fn taken(app: &App, who: &str, id: Option<DocumentId>) -> Result<Option<DocumentId>, Refusal> {
    let Some(id) = id else { return Ok(None) };
    let Some(review) = app.catalog.open_review_of(id).await? else { return Ok(None) };
    let claim = app.catalog.claim_review(review.id, who, LEASE).await?;
    Ok(matches!(claim, Claim::Held { .. }).then_some(id))
}
