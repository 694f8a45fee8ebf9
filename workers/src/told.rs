//! What happened to a document, and what its sender is told of it: the one place that joins the two.

use acuse_conversation::{day_of_phone, language::Language, wording::Telling};
use acuse_pipeline::{document::Kind, reason::ReasonCode};
use acuse_storage::{
    Catalog, CatalogError, Document,
    names::{AliasKind, Source},
    outbox::{NewReply, Purpose},
    reviews::Decision,
};
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
    Ok(sender_of(catalog, document).await?.map(|sender| reply(telling, sender.language, String::new())))
}

/// What the sender of a document is told whose bytes came before as `first`; `None` when it has no sender to answer.
///
/// # Errors
/// When the catalog fails.
pub async fn of_resend(
    catalog: &Catalog,
    document: &Document,
    first: &Document,
) -> Result<Option<NewReply>, CatalogError> {
    let Some(sender) = sender_of(catalog, document).await? else { return Ok(None) };
    let telling = Telling::Duplicate { first_on: sender.day(first.sent_at) };
    Ok(Some(reply(telling, sender.language, String::new())))
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
        Decision::Duplicate { of, .. } => catalog.document(*of).await?.map(|first| first.sent_at),
        _ => None,
    };
    let first_on = sender.day(first.unwrap_or(document.sent_at));
    // Asked as often as the reviewer asks: the version that was looked at makes each another message.
    let nonce = match decision {
        Decision::AskAgain { .. } => format!("v{}", document.version),
        _ => String::new(),
    };
    Ok(decided(document, decision, first_on).map(|telling| reply(telling, sender.language, nonce)))
}

/// What somebody of this WhatsApp id hears before anything is read.
#[must_use]
pub fn at_once(wa_id: Option<&str>, telling: Telling<'_>) -> NewReply {
    reply(telling, Language::choose(None, wa_id, None), String::new())
}

/// Who is told.
struct Sender {
    /// In which we write to them.
    language: Language,
    /// Their number; empty where none is known.
    digits: String,
}

impl Sender {
    /// The day of a moment where they are.
    fn day(&self, at: OffsetDateTime) -> Date {
        day_of_phone(&self.digits, at)
    }
}

async fn sender_of(catalog: &Catalog, document: &Document) -> Result<Option<Sender>, CatalogError> {
    let Some(contact) = document.contact_id else { return Ok(None) };
    let Some(contact) = catalog.contact(contact).await? else { return Ok(None) };
    let phone = contact.phone.as_deref().or_else(|| contact.alias(AliasKind::WaId));
    let language = Language::choose(contact.language.as_deref(), phone, document.language.as_deref());
    Ok(Some(Sender { language, digits: phone.unwrap_or_default().to_owned() }))
}

/// What a decision means for the sender; `None`: nothing yet.
fn decided<'a>(document: &'a Document, decision: &'a Decision, first_on: Date) -> Option<Telling<'a>> {
    let read = document.kind.unwrap_or(Kind::Other);
    Some(match decision {
        Decision::Approve { .. } => Telling::Filed { kind: read, fields: &document.fields },
        Decision::Correct { kind, fields, .. } => Telling::Filed { kind: kind.unwrap_or(read), fields },
        Decision::AskAgain { note } => {
            // The first reason that says more than that the reader was unsure; it is never called another.
            let codes = || document.reasons.iter().map(|r| r.code);
            let told = codes().find(|code| *code != ReasonCode::LowConfidence).or_else(|| codes().next());
            Telling::Asked { code: told.unwrap_or(ReasonCode::Unreadable), words: note }
        }
        Decision::Reject { .. } => Telling::Rejected,
        // Each part tells its own result in time.
        Decision::Split { .. } | Decision::Retry { .. } => return None,
        Decision::Duplicate { .. } => Telling::Duplicate { first_on },
    })
}

fn reply(telling: Telling<'_>, language: Language, nonce: String) -> NewReply {
    let purpose = match telling {
        Telling::Filed { .. } => Purpose::Filed,
        Telling::InReview | Telling::NoText => Purpose::InReview,
        Telling::SendAgain(_) | Telling::Needs(_) | Telling::WrongPassword | Telling::Asked { .. } => {
            Purpose::SendAgain
        }
        Telling::SameAgain => Purpose::SameAgain,
        Telling::SendNormally => Purpose::SendNormally,
        Telling::ManyFiles => Purpose::ManyFiles,
        Telling::NotAFile => Purpose::NotAFile,
        Telling::Duplicate { .. } => Purpose::Duplicate,
        Telling::Rejected => Purpose::Rejected,
    };
    NewReply { purpose, body: telling.text(language), language: language.as_str().to_owned(), nonce }
}
