//! `PATCH /v1/documents/{id}`: what is said of a document is changed, as a new version, also of what is filed.

use acuse_pipeline::document::Kind;
use acuse_storage::{
    DocumentId,
    keys::Scope,
    reviews::{Deciding, Resolved},
};
use axum::{Extension, Json, extract::State, http::HeaderMap};
use serde::Deserialize;

use super::{auth::Caller, representation::DocumentView};
use crate::{
    access,
    etag::{Precondition, Version},
    extract::{Body, Id},
    problem::Problem,
    review::{Ask, NewFields, Refusal, Verdict, Whose, amended, told, values},
    state::App,
};

/// Body of the change: what it does not name stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    #[serde(default)]
    kind: Option<Kind>,
    /// Name to new value; `null` takes a field away.
    #[serde(default)]
    fields: NewFields,
    /// Whose it is; `null` makes it nobody's.
    #[serde(default)]
    customer_id: Whose,
    /// Why it is changed.
    note: String,
    /// Why it is changed against the warnings that an earlier try was answered with.
    #[serde(default)]
    because: Option<String>,
    /// Which of them it is said against, by the names of that answer; all that there are where nobody says which.
    #[serde(default)]
    overrides: Option<Vec<String>>,
}

/// `PATCH /v1/documents/{id}` with `If-Match`.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<DocumentId>,
    headers: HeaderMap,
    Body(body): Body<Change>,
) -> Result<(Extension<Version>, Json<DocumentView>), Problem> {
    caller.require(Scope::ReviewsWrite)?;
    let seen = Precondition::of(&headers)?;
    if body.note.trim().is_empty() {
        return Err(Problem::Unprocessable("note: say why it is changed".to_owned()));
    }
    if body.kind.is_none() && body.fields.is_empty() && body.customer_id == Whose::Keep {
        return Err(Problem::Unprocessable("say what to change: kind, fields or customer_id".to_owned()));
    }
    let ask = Ask {
        kind: body.kind,
        fields: values(body.fields)?,
        whose: body.customer_id,
        note: Some(body.note),
        seen_version: seen.version(),
        because: body.because,
        against: body.overrides,
        ..Ask::of(Verdict::Correct)
    };
    amend(&app, &caller, id, ask).await?;
    let seen = access::look(&app, &caller, id, "fields").await?;
    Ok((Extension(Version(seen.version)), Json(DocumentView::new(seen))))
}

/// Changes what is said of a document that is filed or waits, without deciding on it. The sender is told nothing.
async fn amend(app: &App, caller: &Caller, id: DocumentId, ask: Ask) -> Result<(), Refusal> {
    let document = access::open(app, caller, id).await?;
    let stale = |version| Refusal::Problem(Problem::Stale { what: "document", version });
    if ask.seen_version.is_some_and(|seen| seen != document.version) {
        return Err(stale(document.version));
    }
    let (by, correct) = amended(app, caller, &document, ask).await?;
    // What was checked is what is changed.
    let by = Deciding { seen_version: Some(document.version), ..by };
    match app.catalog.amend(id, &by, &correct).await? {
        Resolved::Changed(version) => Err(stale(version)),
        Resolved::AlreadyResolved => {
            let how = "only what is filed or waits is changed; reopen what is rejected, and change the first of duplicates";
            Err(Problem::Conflict(how.to_owned()).into())
        }
        Resolved::Missing => Err(Problem::NotFound("document").into()),
        other => Ok(told(other).map(drop)?),
    }
}
