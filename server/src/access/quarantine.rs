//! Whose content is kept back: malware, and, where a scanner is configured, what it has not passed.
//!
//! Decided from the rows each time, so that no decision of a reviewer and no duplicate leads around it.

use acuse_pipeline::reason::{Reason, ReasonCode};
use acuse_storage::{Document, keys::Scope};
use acuse_workers::jobs::read::UNSCANNED;
use serde_json::json;

use super::Caller;
use crate::{problem::Problem, state::App};

/// Whether the content of a document is only for an operator.
///
/// # Errors
/// When the catalog fails.
pub async fn is_held(app: &App, document: &Document) -> Result<bool, Problem> {
    // The same bytes were judged once, as the first of them; a duplicate in other bytes was judged itself.
    let first = match document.duplicate_of {
        Some(first) => app.catalog.document(first).await?,
        None => None,
    };
    let bytes = |d: &Document| d.original.as_ref().map(|o| o.sha256);
    let first = first.filter(|first| bytes(first) == bytes(document));
    if holds(first.as_ref().unwrap_or(document), app.scans) {
        return Ok(true);
    }
    let Some(hash) = bytes(document) else { return Ok(false) };
    // What was linked as a duplicate was not judged itself, and may be none any more: the same bytes are as dangerous.
    let alike = app.catalog.suspected_with_sha256(&hash, document.id, UNSCANNED).await?;
    if alike.iter().any(is_found_in) {
        return Ok(true);
    }
    // Erased, the first of them says no more what was found in it.
    Ok(document.page_count.is_none() && app.catalog.was_linked_to_erased(document.id).await?)
}

/// Whether malware was found in a document, or nobody could look.
fn is_found_in(document: &Document) -> bool {
    document.findings.iter().chain(&document.reasons).any(is_dangerous)
}

fn is_dangerous(reason: &Reason) -> bool {
    reason.code == ReasonCode::Malware || reason.detail.get(UNSCANNED).is_some_and(|v| v == true)
}

/// A document that `read` has been through has a page count, be it 0; it gets there only past the scanner.
fn holds(document: &Document, scans: bool) -> bool {
    is_found_in(document) || scans && document.page_count.is_none()
}

/// Lets `caller` at the content of `document`, or not.
///
/// # Errors
/// 403 for a document in quarantine, without the scope `admin`; when the catalog fails.
pub async fn pass(app: &App, caller: &Caller, document: &Document) -> Result<(), Problem> {
    if !is_held(app, document).await? {
        return Ok(());
    }
    caller.require(Scope::Admin)?;
    app.catalog.audit(&caller.actor, "view_quarantined", Some(document.id), &json!({})).await?;
    Ok(())
}
