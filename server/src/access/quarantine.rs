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
    Ok(holds(first.as_ref().unwrap_or(document), app.scans))
}

/// A document that `read` has been through has a page count, be it 0; it gets there only past the scanner.
fn holds(document: &Document, scans: bool) -> bool {
    let dangerous = |reason: &Reason| {
        reason.code == ReasonCode::Malware || reason.detail.get(UNSCANNED).is_some_and(|v| v == true)
    };
    let passed = document.page_count.is_some() && !document.findings.iter().any(dangerous);
    document.findings.iter().chain(&document.reasons).any(dangerous) || scans && !passed
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
