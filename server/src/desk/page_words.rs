//! The words of a document's pages where they stand, for whoever points at them to fill a field.

use acuse_pipeline::reading::SeenWord;
use acuse_storage::DocumentId;
use axum::{Json, extract::State};

use super::session::Person;
use crate::{
    access::{self, quarantine},
    extract::Id,
    problem::Problem,
    state::App,
};

/// `GET /documents/{id}/words`: what the pages say goes to whom the pages go.
///
/// # Errors
/// 404 and 403 as of the pages.
pub async fn show(
    State(app): State<App>,
    person: Person,
    Id(id): Id<DocumentId>,
) -> Result<Json<Vec<SeenWord>>, Problem> {
    let document = access::open(&app, &person.caller, id).await?;
    quarantine::pass(&app, &person.caller, &document).await?;
    access::showing(&app, &person.caller, std::slice::from_ref(&document)).await?;
    Ok(Json(app.catalog.page_words(id).await?))
}
