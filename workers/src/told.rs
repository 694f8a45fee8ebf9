//! What happened to a document, and what its sender is told of it: the one place that joins the two.

use acuse_conversation::{day_of, language::Language, wording::Telling};
use acuse_pipeline::{
    document::Kind,
    reason::{Reason, ReasonCode},
};
use acuse_storage::{Catalog, CatalogError, Document, names::Source, outbox::NewReply, reviews::Decision};
use serde_json::Value;
use time::{Date, OffsetDateTime};

/// What the sender of a document is told, in their language; `None` when it has no sender to answer.
///
/// # Errors
/// When the catalog fails.
pub async fn of_document(
    catalog: &Catalog,
    document: &Document,
    telling: Telling<'_>,
) -> Result<Option<NewReply>, CatalogError> {
    Ok(sender_of(catalog, document)
        .await?
        .map(|sender| NewReply::telling(telling, sender.language, String::new())))
}

/// What the sender of a document is told who sent it before as `first`, in the very same file or not; `None` when it has no
/// sender to answer.
///
/// # Errors
/// When the catalog fails.
pub async fn of_resend(
    catalog: &Catalog,
    document: &Document,
    (first, same_file): (&Document, bool),
) -> Result<Option<NewReply>, CatalogError> {
    let Some(sender) = sender_of(catalog, document).await? else { return Ok(None) };
    let telling = Telling::Duplicate { first_on: sender.day(first.sent_at), same_file };
    Ok(Some(NewReply::telling(telling, sender.language, String::new())))
}

/// What the sender hears of a person's decision; `None` when there is nobody to answer (senders named by an API client
/// are answered by that client) or nothing to say yet.
///
/// # Errors
/// When the catalog fails.
pub async fn of_decision(
    catalog: &Catalog,
    document: &Document,
    decision: &Decision,
) -> Result<Option<NewReply>, CatalogError> {
    if document.source != Source::Whatsapp {
        return Ok(None);
    }
    let Some(sender) = sender_of(catalog, document).await? else { return Ok(None) };
    let first = match decision {
        Decision::Duplicate { of, .. } => catalog.document(*of).await?,
        _ => None,
    };
    // What somebody else sent, and when, is nothing for this one to know.
    let theirs = first.filter(|first| first.contact_id == document.contact_id);
    let again = theirs.map_or(Telling::Kept, |first| Telling::Duplicate {
        first_on: sender.day(first.sent_at),
        same_file: is_same_file(document, &first),
    });
    // Asked as often as the reviewer asks: the version that was looked at makes each another message.
    let nonce = match decision {
        Decision::AskAgain { .. } => format!("v{}", document.version),
        _ => String::new(),
    };
    Ok(decided(document, decision, again).map(|telling| NewReply::telling(telling, sender.language, nonce)))
}

/// Who is told.
struct Sender {
    /// In which we write to them.
    language: Language,
    /// Their number, or the country of their user id where none is known; empty where neither is.
    phone_or_country: String,
}

impl Sender {
    /// The day of a moment where they are.
    fn day(&self, at: OffsetDateTime) -> Date {
        day_of(&self.phone_or_country, at)
    }
}

async fn sender_of(catalog: &Catalog, document: &Document) -> Result<Option<Sender>, CatalogError> {
    let Some(contact) = document.contact_id else { return Ok(None) };
    let Some(contact) = catalog.contact(contact).await? else { return Ok(None) };
    let known = contact.phone_or_country();
    let language = Language::choose(contact.language.as_deref(), known, document.language.as_deref());
    Ok(Some(Sender { language, phone_or_country: known.unwrap_or_default().to_owned() }))
}

/// Whether two documents came in the very same file.
fn is_same_file(one: &Document, other: &Document) -> bool {
    let hash = |document: &Document| document.original.as_ref().map(|original| original.sha256);
    hash(one).is_some() && hash(one) == hash(other)
}

/// Why another is asked for, as its sender may hear it: the first reason that says more than that the reader was unsure, and
/// is never called another. That somebody else sent the same is for persons of us alone.
fn told_why(reasons: &[Reason]) -> Option<ReasonCode> {
    let codes = || reasons.iter().filter(|reason| !is_of_another(reason)).map(|reason| reason.code);
    codes().find(|code| *code != ReasonCode::LowConfidence).or_else(|| codes().next())
}

/// Whether a reason tells of what another sender sent.
fn is_of_another(reason: &Reason) -> bool {
    if reason.code != ReasonCode::PossibleDuplicate {
        return false;
    }
    let mine = reason.detail.get("contact_id");
    let mut candidates = reason.detail.get("candidates").and_then(Value::as_array).into_iter().flatten();
    candidates.any(|other| other["other_sender"] == true || other.get("contact_id") != mine)
}

/// What a decision means for the sender; `None`: nothing yet. `again`: what is said of one that came before.
fn decided<'a>(document: &'a Document, decision: &'a Decision, again: Telling<'a>) -> Option<Telling<'a>> {
    let read = document.kind.unwrap_or(Kind::Other);
    Some(match decision {
        Decision::Approve { .. } => Telling::Filed { kind: read, fields: &document.fields },
        Decision::Correct { kind, fields, .. } => Telling::Filed { kind: kind.unwrap_or(read), fields },
        Decision::AskAgain { note } => Telling::Asked { code: told_why(&document.reasons), words: note },
        Decision::Reject { .. } => Telling::Rejected,
        // Each part tells its own result in time.
        Decision::Split { .. } | Decision::Retry { .. } => return None,
        Decision::Duplicate { .. } => again,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn why_another_is_asked_for_says_nothing_of_other_senders() {
        let reason = |code| Reason::new(code, "x");
        let again = |contact: &str, other: &str| {
            reason(ReasonCode::PossibleDuplicate)
                .with("contact_id", json!(contact))
                .with("candidates", json!([{ "document_id": "d", "contact_id": other }]))
        };
        let unsure = reason(ReasonCode::LowConfidence);
        assert_eq!(told_why(&[unsure.clone(), reason(ReasonCode::Expired)]), Some(ReasonCode::Expired));
        assert_eq!(told_why(&[again("ana", "ana")]), Some(ReasonCode::PossibleDuplicate));
        assert_eq!(told_why(&[again("ana", "ben"), unsure]), Some(ReasonCode::LowConfidence));
        assert_eq!(told_why(&[again("ana", "ben")]), None);
        assert_eq!(told_why(&[]), None, "nothing is made up");
    }
}
