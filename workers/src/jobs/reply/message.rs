//! A message as Graph takes it: from which number, to whom, and in its shape.

use acuse_conversation::{language::Language, said};
use acuse_storage::{
    contacts::Contact,
    names::AliasKind,
    outbox::{MessageKind, OutboxMessage},
};
use acuse_whatsapp::{
    Recipient,
    graph::{Attached, ChoiceMessage, FileMessage, TemplateMessage, TextMessage},
    template::Takes,
};

use crate::dispatch::{How, filled};

/// A message on its way out.
pub(super) struct Leaving<'a> {
    pub number: &'a str,
    pub to: Recipient,
    pub how: How,
    /// What it brings, where it goes as it is or in the header of the template that it names.
    pub file: Option<Attached>,
    pub probe: bool,
    /// What its template takes, where Meta told.
    pub takes: Option<Takes>,
}

pub(super) fn text(message: &OutboxMessage, leaving: &Leaving<'_>) -> TextMessage {
    TextMessage {
        phone_number_id: leaving.number.to_owned(),
        to: leaving.to.clone(),
        body: message.body.clone(),
        reply_to: None,
        callback_data: Some(message.id.to_string()),
    }
}

pub(super) fn with_file(message: &OutboxMessage, leaving: &Leaving<'_>, file: &Attached) -> FileMessage {
    FileMessage {
        phone_number_id: leaving.number.to_owned(),
        to: leaving.to.clone(),
        file: file.clone(),
        caption: message.body.clone(),
        callback_data: Some(message.id.to_string()),
    }
}

pub(super) fn choices(message: &OutboxMessage, leaving: &Leaving<'_>) -> ChoiceMessage {
    let language = Language::of_tag(&message.language).unwrap_or(Language::Es);
    ChoiceMessage {
        phone_number_id: leaving.number.to_owned(),
        to: leaving.to.clone(),
        header: leaving.file.clone(),
        body: message.body.clone(),
        choices: message.payload.choices.clone(),
        open: said::choose(language),
        identity_key_hash: message.payload.identity_key_hash.clone(),
        callback_data: Some(message.id.to_string()),
    }
}

pub(super) fn template(
    message: &OutboxMessage,
    leaving: &Leaving<'_>,
    name: &str,
    language: &str,
) -> TemplateMessage {
    TemplateMessage {
        phone_number_id: leaving.number.to_owned(),
        to: leaving.to.clone(),
        name: name.to_owned(),
        language: language.to_owned(),
        // That it fits was looked at when it was let go.
        filled: filled(message, leaving.takes.as_ref(), leaving.file.as_ref()).unwrap_or_default(),
        callback_data: Some(message.id.to_string()),
    }
}

/// From which number and to whom: from the number the person wrote to, to the name they write under.
pub(super) fn addressed(
    message: &OutboxMessage,
    contact: &Contact,
) -> Result<(String, Recipient), &'static str> {
    if message.kind == MessageKind::Media && message.attachment_id.is_none() {
        return Err("the file that it was to bring is not known");
    }
    let number = message.phone_number_id.clone().or_else(|| contact.phone_number_id.clone());
    // A number that is not theirs any more is somebody else's.
    let is_theirs = |phone: &&str| {
        let same = |(kind, name): &(AliasKind, String)| *kind == AliasKind::WaId && name == phone;
        contact.aliases.is_empty() || contact.aliases.iter().any(same)
    };
    let names = [
        // The form under which they wrote last comes before others that they are known by.
        contact.phone.as_deref().filter(is_theirs),
        contact.alias(AliasKind::WaId),
        contact.alias(AliasKind::Bsuid),
        contact.alias(AliasKind::ParentBsuid),
    ];
    let to = names.into_iter().flatten().find_map(|name| name.parse::<Recipient>().ok());
    let number = number.ok_or("none of our numbers is known to have received them")?;
    Ok((number, to.ok_or("the contact has neither a number nor a user id")?))
}
