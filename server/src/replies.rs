//! What a sender hears of a person's decision.

use acuse_pipeline::wording::{Language, Telling};
use acuse_pipeline::{document::Kind, reason::ReasonCode};
use acuse_storage::{
    Catalog, CatalogError, Document,
    names::Source,
    outbox::{NewReply, Purpose},
    reviews::Decision,
};

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
    Ok(compose(document, decision, language))
}

fn compose(document: &Document, decision: &Decision, language: Language) -> Option<NewReply> {
    let read = document.kind.unwrap_or(Kind::Other);
    let (purpose, telling) = match decision {
        Decision::Approve { .. } => (Purpose::Filed, Telling::Filed { kind: read, fields: &document.fields }),
        Decision::Correct { kind, fields, .. } => {
            (Purpose::Filed, Telling::Filed { kind: kind.unwrap_or(read), fields })
        }
        Decision::AskAgain { .. } => {
            // The reason the sender can mend, if there is one; otherwise that it cannot be read.
            let told =
                document.reasons.iter().map(|r| r.code).find(|code| *code != ReasonCode::LowConfidence);
            (Purpose::SendAgain, Telling::SendAgain(told.unwrap_or(ReasonCode::Unreadable)))
        }
        Decision::Reject { .. } => (Purpose::Rejected, Telling::Rejected),
        // Each part tells its own result in time.
        Decision::Split { .. } => return None,
    };
    Some(NewReply { purpose, body: telling.text(language), language: language.as_str().to_owned() })
}
