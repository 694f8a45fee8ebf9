//! What a sender hears of a person's decision.

use acuse_pipeline::wording::{Language, Telling};
use acuse_pipeline::{document::Kind, reason::ReasonCode};
use acuse_storage::{
    Catalog, CatalogError, Document,
    names::Source,
    outbox::{NewReply, Purpose},
    reviews::Decision,
};
use time::OffsetDateTime;

/// The message for a decision, in the sender's language; `None` when there is nobody to answer (senders named by
/// an API client are answered by that client) or nothing to say yet.
///
/// # Errors
/// When the catalog fails.
pub async fn to_decision(
    catalog: &Catalog,
    document: &Document,
    decision: &Decision,
) -> Result<Option<NewReply>, CatalogError> {
    let Some(contact) = document.contact_id.filter(|_| document.source == Source::Whatsapp) else {
        return Ok(None);
    };
    let Some(contact) = catalog.contact(contact).await? else { return Ok(None) };
    let language =
        Language::choose(contact.language.as_deref(), contact.phone.as_deref(), document.language.as_deref());
    let first_on = match decision {
        Decision::Duplicate { of, .. } => catalog.document(*of).await?.map(|first| first.sent_at),
        _ => None,
    };
    Ok(compose(document, decision, language, first_on))
}

fn compose(
    document: &Document,
    decision: &Decision,
    language: Language,
    first_on: Option<OffsetDateTime>,
) -> Option<NewReply> {
    let read = document.kind.unwrap_or(Kind::Other);
    let (purpose, telling) = match decision {
        Decision::Approve { .. } => (Purpose::Filed, Telling::Filed { kind: read, fields: &document.fields }),
        Decision::Correct { kind, fields, .. } => {
            (Purpose::Filed, Telling::Filed { kind: kind.unwrap_or(read), fields })
        }
        Decision::AskAgain { note } => {
            // The first reason that says more than that the reader was unsure; it is never called another.
            let codes = || document.reasons.iter().map(|r| r.code);
            let told = codes().find(|code| *code != ReasonCode::LowConfidence).or_else(|| codes().next());
            (Purpose::SendAgain, Telling::Asked { code: told.unwrap_or(ReasonCode::Unreadable), words: note })
        }
        Decision::Reject { .. } => (Purpose::Rejected, Telling::Rejected),
        // Each part tells its own result in time.
        Decision::Split { .. } | Decision::Retry { .. } => return None,
        Decision::Duplicate { .. } => {
            (Purpose::Duplicate, Telling::Duplicate { first_on: first_on.unwrap_or(document.sent_at).date() })
        }
    };
    // Asked as often as the reviewer asks: the version that was looked at makes each another message.
    let nonce = match decision {
        Decision::AskAgain { .. } => format!("v{}", document.version),
        _ => String::new(),
    };
    Some(NewReply { purpose, body: telling.text(language), language: language.as_str().to_owned(), nonce })
}
