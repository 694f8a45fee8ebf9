//! `/v1/documents`: what came, what it says, what happened to it.

use acuse_storage::{DocumentId, keys::Scope};
use axum::{Extension, Json, extract::State};
use serde::Deserialize;

use super::{
    auth::Caller,
    representation::{DocumentView, EntryView, Members, Told},
};
use crate::{
    access,
    documents::{Query, find},
    etag::Version,
    extract::{Id, Params},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// `GET /v1/documents`.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<Told>>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let members = Members::of(query.fields.as_deref())?;
    let page = find(&app, &caller, query).await?;
    let seen = access::look_at(&app, &caller, page.data, "list").await?;
    let data = seen
        .into_iter()
        .map(|seen| members.of_document(DocumentView::new(seen)))
        .collect::<Result<_, _>>()?;
    Ok(Json(Listing { data, next: page.next.map(|id| id.to_string()) }))
}

/// Query of one document.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shown {
    fields: Option<String>,
}

/// `GET /v1/documents/{id}`.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DocumentId>,
    Params(query): Params<Shown>,
) -> Result<(Extension<Version>, Json<Told>), Problem> {
    caller.require(Scope::DocumentsRead)?;
    let members = Members::of(query.fields.as_deref())?;
    let seen = access::look(&app, &caller, id, "fields").await?;
    let version = Version(seen.version);
    Ok((Extension(version), Json(members.of_document(DocumentView::new(seen))?)))
}

/// `GET /v1/documents/{id}/timeline`, oldest first.
pub async fn timeline(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DocumentId>,
) -> Result<Json<Listing<EntryView>>, Problem> {
    caller.require(Scope::DocumentsRead)?;
    let withheld = access::look(&app, &caller, id, "timeline").await?.is_file_withheld();
    let entries = app.catalog.timeline_for(caller.access(), id).await?;
    Ok(Json(Listing { data: entries.into_iter().map(|e| EntryView::new(e, withheld)).collect(), next: None }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn members_are_those_that_are_described() {
        let described = crate::http::contract::description::composed();
        let properties = described["components"]["schemas"]["Document"]["properties"].as_object().unwrap();
        let described: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        assert_eq!(described, crate::http::representation::DOCUMENT_MEMBERS.iter().copied().collect());
        assert!(Members::of(Some("id, status,fields")).is_ok() && Members::of(Some(" ")).is_ok());
        assert!(matches!(Members::of(Some("id,surname")), Err(Problem::Unprocessable(_))));
    }
}
