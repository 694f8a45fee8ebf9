//! What a person writes in a case: free words while the window is open, or at any time by a template that Meta approved, to
//! whoever agreed. Who writes holds the case from then on.

use acuse_conversation::Event;
use acuse_whatsapp::{policy::Window, template::Given};
use time::Duration;
use uuid::Uuid;

use super::{
    Held, happens,
    inbox::{Acted, answered, assign},
    speak,
};
use crate::{
    access::Access,
    accounts,
    attachments::{self, NewFile},
    consents::{self, Category, Word},
    dispatch, erasure,
    error::CatalogError,
    key_file::ErasedKind,
    names::OutboxId,
    outbox::{self, NewReply, Payload, Purpose, Saying, Shape},
    sql::Tx,
};

/// How long a template is worth sending that a person chose.
const WORTH: Duration = Duration::DAY;

/// By which template a person writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templated {
    /// Its name.
    pub name: String,
    /// In which of its languages; none: theirs.
    pub language: Option<String>,
    /// What stands for `{{1}}`, `{{2}}`… in it.
    pub params: Vec<String>,
    /// What stands in its header: words; or the id of a document of ours, a link (https) to its file or Meta's id of one,
    /// and the file beside the template where there is none.
    pub header: Option<String>,
    /// What its buttons take, in their order; empty where one takes nothing.
    pub buttons: Vec<String>,
}

/// Free words and a file, or why they would not arrive.
pub(super) async fn words(
    tx: &mut Tx,
    held: Held,
    who: &str,
    (text, language): (&str, &str),
    file: Option<&NewFile>,
) -> Result<Option<Acted>, CatalogError> {
    let last = outbox::last_inbound(tx, held.contact, &held.phone_number_id).await?;
    if !Window::at(last, tx.now()).is_open() {
        return Ok(Some(Acted::WindowClosed));
    }
    let mut shape = Shape::default();
    if let Some(file) = file {
        shape.attachment = Some(attachments::of_person(tx, file).await?);
    }
    leaves(tx, held, who, said(text, language), None, &shape).await.map(|()| None)
}

/// A template, or why it may not go.
pub(super) async fn template(
    tx: &mut Tx,
    held: Held,
    (access, who): (&Access, &str),
    by: &Templated,
) -> Result<Option<Acted>, CatalogError> {
    let number = held.phone_number_id.clone();
    let language = match &by.language {
        Some(language) => language.clone(),
        None => speak::person(tx, held.contact).await?.language.as_str().to_owned(),
    };
    let Some(approved) = accounts::approved(tx, &number, &by.name, &language).await? else {
        return Ok(Some(Acted::NoTemplate));
    };
    let header = by.header.as_deref();
    let given = Given { header, body: &by.params, buttons: &by.buttons, ..Given::default() };
    let which = (number.as_str(), by.name.as_str(), &approved);
    let file = match attachments::of_header(tx, access, which, given).await? {
        Ok(file) => file,
        Err(unfit) => return Ok(Some(Acted::Unfit(unfit))),
    };
    let category = approved.category;
    let is_nobody = erasure::is_erased(tx, ErasedKind::Contact, held.contact.0).await?;
    if is_nobody || consents::latest(tx, held.contact, &number, category).await? != Some(Word::Granted) {
        return Ok(Some(Acted::NoConsent));
    }
    // It would wait for them until nobody needs it: who writes hears it now.
    if dispatch::is_unconfirmed(tx, held.contact).await? {
        return Ok(Some(Acted::Unconfirmed));
    }
    let payload = Payload {
        named: Some(by.name.clone()),
        parameters: by.params.clone(),
        header: by.header.clone().filter(|_| file.is_none()),
        buttons: by.buttons.clone(),
        ..Payload::default()
    };
    let expires_at = Some(tx.now().saturating_add(WORTH));
    let shape = Shape { payload, attachment: file, expires_at, ..Shape::default() };
    let reply = said(&by.params.join(" · "), &language);
    leaves(tx, held, who, reply, Some(category), &shape).await.map(|()| None)
}

fn said(text: &str, language: &str) -> NewReply {
    NewReply {
        purpose: Purpose::Reply,
        body: text.to_owned(),
        language: language.to_owned(),
        nonce: OutboxId::generate().to_string(),
    }
}

async fn leaves(
    tx: &mut Tx,
    held: Held,
    who: &str,
    reply: NewReply,
    category: Option<Category>,
    shape: &Shape,
) -> Result<(), CatalogError> {
    let (id, number) = (held.id, held.phone_number_id.clone());
    let saying = Saying {
        document: None,
        case: Some(id),
        contact: held.contact,
        phone_number_id: Some(&number),
        category: category.map(Category::as_str),
    };
    outbox::queue_as(tx, saying, &reply, shape).await?;
    happens(tx, held, Uuid::now_v7(), Event::AgentTook).await?;
    assign(tx, id, Some(who), None).await?;
    answered(tx, id).await
}
