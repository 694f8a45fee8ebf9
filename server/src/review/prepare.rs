//! What was said, checked the reader's own way and put in the catalog's terms.

use acuse_pipeline::checks::{self, Warning};
use acuse_storage::{
    CatalogError, CustomerId, Document, DocumentId,
    reviews::{Deciding, Decision, Overridden},
    split::Split,
};

use super::{
    Ask, Fault, Refusal, Verdict, Whose,
    correct::corrected,
    refusal::fault,
    standing::{against, standing},
};
use crate::{
    access::{self, Caller},
    problem::Problem,
    state::App,
};

/// Longest note, characters.
const NOTE_CHARS: usize = 500;

/// Checks what was said, the reader's own way, and puts it in the catalog's terms.
pub(crate) async fn prepared<'a>(
    app: &App,
    caller: &'a Caller,
    document: &Document,
    ask: Ask,
) -> Result<(Deciding<'a>, Decision), Refusal> {
    weighed(app, caller, document, ask, true).await
}

/// The same of what is only changed: what speaks against filing the document, whatever its fields say, is asked about where
/// it is filed.
pub(crate) async fn amended<'a>(
    app: &App,
    caller: &'a Caller,
    document: &Document,
    ask: Ask,
) -> Result<(Deciding<'a>, Decision), Refusal> {
    weighed(app, caller, document, ask, false).await
}

async fn weighed<'a>(
    app: &App,
    caller: &'a Caller,
    document: &Document,
    mut ask: Ask,
    files: bool,
) -> Result<(Deciding<'a>, Decision), Refusal> {
    if let Some(of) = ask.duplicate_of {
        ask.duplicate_of = Some(first_of(app, caller, document, of).await?);
    }
    if let Whose::Customer(customer) = ask.whose {
        ask.whose = Whose::Customer(reached(app, caller, customer).await?);
    }
    let mut by = Deciding {
        who: caller.actor.as_str(),
        seen_version: ask.seen_version,
        fence: ask.fence,
        held_until: ask.held_until,
        note: noted(ask.note.as_deref()).map_err(Refusal::Faults)?,
        without_customer: ask.whose == Whose::Nobody,
        overridden: None,
        sees_ids: caller.access().sees_ids(),
        teaches: !caller.is_assistant(),
    };
    let because = noted(ask.because.as_deref()).map_err(Refusal::Faults)?;
    let against = ask.against.take();
    let decision = checked(ask, by.note.clone(), document).map_err(Refusal::Faults)?;
    let warnings = warnings(app, document, &decision, files).await?;
    // A reason is of what was in front of whoever gave it.
    let is_seen = |w: &Warning| against.as_ref().is_none_or(|seen| seen.contains(&w.name()));
    match because {
        _ if warnings.is_empty() => {}
        Some(because) if warnings.iter().all(is_seen) => {
            let checks = warnings.iter().map(ToString::to_string).collect();
            by.overridden = Some(Overridden { checks, because });
        }
        _ => return Err(Refusal::Warnings(warnings)),
    }
    Ok((by, decision))
}

/// The customer, where it exists for the caller; under whichever of their ids, so that two who mean the same say the same.
async fn reached(app: &App, caller: &Caller, id: CustomerId) -> Result<CustomerId, Problem> {
    if !app.catalog.reaches_customer(caller.access(), id).await? {
        return Err(Problem::NotFound("customer"));
    }
    app.catalog.customer(id).await?.map(|customer| customer.id).ok_or(Problem::NotFound("customer"))
}

/// The first of the documents that one is a duplicate of, which exists for the caller and is no duplicate itself.
async fn first_of(
    app: &App,
    caller: &Caller,
    document: &Document,
    of: DocumentId,
) -> Result<DocumentId, Refusal> {
    let other = access::open(app, caller, of).await?;
    let first = other.duplicate_of.unwrap_or(other.id);
    if first == document.id {
        return Err(Refusal::Faults(fault("duplicate_of: a document is no duplicate of itself")));
    }
    Ok(first)
}

/// A text as it is kept: none where it says nothing.
pub(super) fn noted(text: Option<&str>) -> Result<Option<String>, Vec<Fault>> {
    let text = text.map(str::trim).filter(|t| !t.is_empty());
    if text.is_some_and(|t| t.chars().count() > NOTE_CHARS) {
        return Err(fault(format!("note: at most {NOTE_CHARS} characters")));
    }
    Ok(text.map(str::to_owned))
}

/// Whether something speaks against filing it as it stands.
///
/// # Errors
/// When the catalog fails.
pub(crate) async fn is_warned(app: &App, document: &Document) -> Result<bool, CatalogError> {
    let as_it_stands = Decision::Approve { customer_id: None };
    Ok(!warnings(app, document, &as_it_stands, true).await?.is_empty())
}

/// What speaks against saying so of it; where that `files` it, what the reader saw, too.
async fn warnings(
    app: &App,
    document: &Document,
    decision: &Decision,
    files: bool,
) -> Result<Vec<Warning>, CatalogError> {
    let (kind, fields) = match decision {
        Decision::Approve { .. } => (document.kind, &document.fields),
        Decision::Correct { kind, fields, .. } => (kind.or(document.kind), fields),
        _ => return Ok(Vec::new()),
    };
    let mut found = Vec::new();
    if let Some(kind) = kind {
        let text = app.catalog.document_text(document.id).await?.unwrap_or_default();
        found = checks::warnings(kind, fields, &text, app.catalog.now().date());
    }
    if files {
        found.extend(standing(against(document), &document.fields, fields));
    }
    Ok(found)
}

fn checked(ask: Ask, note: Option<String>, document: &Document) -> Result<Decision, Vec<Fault>> {
    if ask.parts.is_some() && ask.verdict != Verdict::Split {
        return Err(fault("parts: only with the decision split"));
    }
    let customer_id = match ask.whose {
        Whose::Customer(id) => Some(id),
        Whose::Keep | Whose::Nobody => None,
    };
    match ask.verdict {
        Verdict::Split if !ask.fields.is_empty() || ask.kind.is_some() || customer_id.is_some() => {
            Err(fault("split says only which parts it has; each of them is then read by itself"))
        }
        Verdict::Split => {
            let parts = ask
                .parts
                .ok_or_else(|| fault("parts: say which pages, or which places on a page, are a document"))?;
            let split = Split::of_document(document, parts).map_err(|error| fault(error.to_string()))?;
            Ok(Decision::Split { split, note })
        }
        Verdict::Approve if !ask.fields.is_empty() || ask.kind.is_some_and(|k| Some(k) != document.kind) => {
            Err(fault("approve files it as it was read; to change fields or kind use correct"))
        }
        Verdict::Approve if document.kind.is_none() => {
            Err(fault("nobody knows what it is: use correct with a kind, reject or ask_again"))
        }
        Verdict::Approve => Ok(Decision::Approve { customer_id }),
        Verdict::Correct => {
            let kind = ask.kind.or(document.kind).ok_or_else(|| fault("kind: say what it is"))?;
            let fields = corrected(kind, &document.fields, ask.fields)?;
            Ok(Decision::Correct { kind: Some(kind), fields, customer_id })
        }
        Verdict::Reject => {
            Ok(Decision::Reject { note: note.ok_or_else(|| fault("note: say why it is rejected"))? })
        }
        Verdict::Retry => Ok(Decision::Retry { note }),
        Verdict::Duplicate => {
            let of = ask.duplicate_of.ok_or_else(|| fault("duplicate_of: say which document it is again"))?;
            Ok(Decision::Duplicate { of, note })
        }
        Verdict::AskAgain => Ok(Decision::AskAgain { note: note.unwrap_or_default() }),
        Verdict::Reopen | Verdict::Undo => Err(fault("only of what is decided")),
        Verdict::Postpone | Verdict::Assign => Err(fault("postpone and assign decide nothing")),
    }
}
