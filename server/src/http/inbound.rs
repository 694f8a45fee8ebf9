//! From the channel's words to the catalog's: one parsed webhook becomes one delivery with its items, in order.
//!
//! Nothing is dropped here. What the channel's reader did not understand is counted in the outcome, and the raw
//! body travels along.

use acuse_conversation::wording::Telling;
use acuse_pipeline::document::Sha256;
use acuse_storage::{
    documents::DeclaredFile,
    inbound::{
        Changed, Identity, InboundDelivery, InboundItem, InboundMedia, InboundMessage, InboundStatus, Outcome,
    },
    names::AliasKind,
};
use acuse_whatsapp::{
    signature::Matched,
    webhook::{Attachment, Body, Content, Event, Item, Message, Parsed, Person, Status},
};
use time::OffsetDateTime;

/// A verified, parsed webhook as the catalog's door takes it.
#[must_use]
pub fn delivery(
    body: Vec<u8>,
    parsed: &Parsed,
    matched: Matched,
    token_ref: &str,
    received_at: OffsetDateTime,
) -> InboundDelivery {
    let outcome = match (parsed.is_understood(), parsed.items.iter().any(|item| !item.is_unknown())) {
        (true, _) => Outcome::Understood,
        (false, true) => Outcome::Partly,
        (false, false) => Outcome::NotUnderstood,
    };
    InboundDelivery {
        body,
        signed_with: match matched {
            Matched::Current => "current".to_owned(),
            Matched::Previous => "previous".to_owned(),
        },
        token_ref: token_ref.to_owned(),
        received_at,
        items: parsed.items.iter().flat_map(|item| convert(item, received_at)).collect(),
        outcome,
    }
}

fn convert(item: &Item, received_at: OffsetDateTime) -> Vec<InboundItem> {
    match &item.content {
        Content::Message(m) => {
            let mut items = vec![InboundItem::Message(message(item, m, &m.sender, received_at))];
            items.extend(more_files(item, m, received_at));
            if let Body::System(system) = &m.body {
                let at = m.sent_at.unwrap_or(received_at);
                items.extend(renames(&m.sender, &system.now, at));
            }
            items
        }
        Content::Echo(m) => {
            let to = m.to.as_ref().unwrap_or(&m.sender);
            let mut echo = message(item, m, to, received_at);
            echo.media = None;
            vec![InboundItem::Echo(echo)]
        }
        Content::Status(s) => vec![InboundItem::Status(status(item, s, received_at))],
        Content::Error(e) => vec![InboundItem::ValueError {
            code: e.code.unwrap_or_default(),
            message: e
                .details
                .clone()
                .or_else(|| e.title.clone())
                .or_else(|| e.message.clone())
                .unwrap_or_default(),
        }],
        Content::Event(e) => event(item, e, received_at),
        Content::Unknown { what } => {
            vec![InboundItem::Event {
                field: item.origin.field.clone(),
                detail: what.clone(),
                known: false,
                is_trouble: false,
                changed: Changed::Nothing,
            }]
        }
    }
}

fn message(item: &Item, m: &Message, who: &Person, received_at: OffsetDateTime) -> InboundMessage {
    let reacted = match &m.body {
        Body::Reaction { message_id, .. } => message_id.clone(),
        Body::Edit { original_message_id, .. } | Body::Revoke { original_message_id } => {
            original_message_id.clone()
        }
        _ => None,
    };
    InboundMessage {
        identity: identity(who),
        phone_number_id: item.origin.phone_number_id.clone().unwrap_or_default(),
        waba_id: item.origin.account_id.clone(),
        wamid: m.id.clone(),
        kind: m.kind().to_owned(),
        // A clock ahead of ours would hold the 24-hour window open too long.
        sent_at: m.sent_at.unwrap_or(received_at).min(received_at),
        body: told(m),
        reply_to: reacted.or_else(|| m.context.as_ref().and_then(|c| c.message_id.clone())),
        tap: match &m.body {
            Body::Interactive(answer) => answer.id.clone(),
            Body::Button { payload, .. } => payload.clone(),
            _ => None,
        },
        media: m
            .attachment()
            .filter(|_| !is_talk(m))
            .map(|attachment| media(m, attachment))
            .or_else(|| m.flow_files().first().map(|file| media(m, Attachment::Fetch(file)))),
        answer: if is_talk(m) {
            Some(if m.kind() == "sticker" { Telling::Sticker } else { Telling::NotAFile })
        } else {
            m.is_withheld().then_some(Telling::SendNormally)
        },
        raw: item.raw.get().to_owned(),
    }
}

/// A voice note, a video or a sticker: a message, and no document.
fn is_talk(m: &Message) -> bool {
    matches!(m.kind(), "audio" | "voice" | "video" | "sticker")
}

/// The files of a Flow's answer beyond the first, each as a message of its own: a message is one document's.
fn more_files(item: &Item, m: &Message, received_at: OffsetDateTime) -> Vec<InboundItem> {
    let files = m.flow_files();
    let others = (2..).zip(files.iter().skip(1));
    others
        .map(|(n, file)| {
            let whole = message(item, m, &m.sender, received_at);
            InboundItem::Message(InboundMessage {
                wamid: format!("{}#{n}", whole.wamid),
                media: Some(media(m, Attachment::Fetch(file))),
                ..whole
            })
        })
        .collect()
}

fn identity(person: &Person) -> Identity {
    Identity {
        wa_id: person.wa_id.as_ref().map(ToString::to_string),
        bsuid: person.user_id.as_ref().map(ToString::to_string),
        parent_bsuid: person.parent_user_id.as_ref().map(ToString::to_string),
        name: person.name.clone(),
        identity_key_hash: person.identity_key_hash.clone(),
        language: None,
    }
}

/// What the timeline shows of a message.
fn told(m: &Message) -> Option<String> {
    if let Some(text) = m.text() {
        return Some(text.to_owned());
    }
    match &m.body {
        Body::Reaction { emoji, .. } => emoji.clone(),
        Body::Location { name, address, .. } => name.clone().or_else(|| address.clone()),
        Body::Contacts(names) => Some(names.join(", ")),
        Body::Interactive(answer) => answer.title.clone(),
        Body::Button { text, .. } | Body::Order { text, .. } => text.clone(),
        Body::System(system) => system.text.clone(),
        _ => None,
    }
}

fn media(m: &Message, attachment: Attachment<'_>) -> InboundMedia {
    let over_quota = Some(Telling::ManyFiles);
    match attachment {
        Attachment::Fetch(media) => InboundMedia {
            media_id: media.id.as_ref().map(ToString::to_string),
            declared: DeclaredFile {
                media_type: media.mime_type.clone(),
                filename: media.filename.clone(),
                caption: media.caption.clone(),
                sha256: media.sha256.map(Sha256),
            },
            error: None,
            over_quota,
        },
        Attachment::Unavailable { code, .. } => {
            let words = m.errors.first().and_then(|e| e.details.clone().or_else(|| e.title.clone()));
            let words = words.unwrap_or_else(|| "the channel has no file for this message".to_owned());
            let error = code.map_or_else(|| words.clone(), |code| format!("{code}: {words}"));
            InboundMedia { media_id: None, declared: DeclaredFile::default(), error: Some(error), over_quota }
        }
    }
}

fn status(item: &Item, s: &Status, received_at: OffsetDateTime) -> InboundStatus {
    let error = s.errors.first();
    InboundStatus {
        wamid: s.message_id.clone(),
        status: s.state.as_str().to_owned(),
        recipient: s.recipient.aliases().next().unwrap_or_default().to_owned(),
        at: s.at.unwrap_or(received_at),
        callback: s.callback_data.clone(),
        error_code: error.and_then(|e| e.code),
        error: error.and_then(|e| e.details.clone().or_else(|| e.title.clone())),
        raw: item.raw.get().to_owned(),
    }
}

/// The names a person no longer goes by, each with its successor.
fn renames(old: &Person, now: &Person, at: OffsetDateTime) -> Vec<InboundItem> {
    let pairs = [
        (
            AliasKind::WaId,
            old.wa_id.as_ref().map(ToString::to_string),
            now.wa_id.as_ref().map(ToString::to_string),
        ),
        (
            AliasKind::Bsuid,
            old.user_id.as_ref().map(ToString::to_string),
            now.user_id.as_ref().map(ToString::to_string),
        ),
    ];
    pairs
        .into_iter()
        .filter_map(|(kind, old, new)| match (old, new) {
            (Some(old), Some(new)) if old != new => {
                Some(InboundItem::AliasChange { old: (kind, old), new: (kind, new), at })
            }
            _ => None,
        })
        .collect()
}

fn event(item: &Item, e: &Event, received_at: OffsetDateTime) -> Vec<InboundItem> {
    let mut items = vec![InboundItem::Event {
        field: item.origin.field.clone(),
        detail: in_words(e),
        known: true,
        is_trouble: e.is_alarming(),
        changed: changed(item, e),
    }];
    if let Event::UserIdChanged { previous: Some(old), current: Some(new), at, .. } = e {
        items.push(InboundItem::AliasChange {
            old: (AliasKind::Bsuid, old.to_string()),
            new: (AliasKind::Bsuid, new.to_string()),
            at: at.unwrap_or(received_at),
        });
    }
    if let Event::Preference { person, value, at, .. } = e {
        let stop = match value.as_deref() {
            Some("stop") => Some(true),
            Some("resume") => Some(false),
            _ => None,
        };
        items.extend(stop.map(|stop| InboundItem::Preference {
            identity: identity(person),
            phone_number_id: item.origin.phone_number_id.clone().unwrap_or_default(),
            stop,
            at: at.unwrap_or(received_at),
        }));
    }
    items
}

/// What of ours an event makes stale.
fn changed(item: &Item, e: &Event) -> Changed {
    match e {
        Event::TemplateStatus { .. }
        | Event::TemplateQuality { .. }
        | Event::TemplateCategory { .. }
        | Event::TemplateComponents { .. } => {
            item.origin.account_id.clone().map_or(Changed::Nothing, Changed::Templates)
        }
        Event::PhoneQuality { .. }
        | Event::PhoneName { .. }
        | Event::Capability { .. }
        | Event::Account { .. } => Changed::Account,
        Event::Preference { .. } | Event::UserIdChanged { .. } => Changed::Nothing,
    }
}

fn in_words(e: &Event) -> String {
    let some = |v: &Option<String>| v.clone().unwrap_or_else(|| "?".to_owned());
    match e {
        Event::TemplateStatus { template, event, reason } => {
            format!("template {} {event} {}", some(&template.name), reason.clone().unwrap_or_default())
        }
        Event::TemplateQuality { template, current, .. } => {
            format!("template {} is {}", some(&template.name), some(current))
        }
        Event::TemplateCategory { template, current, .. } => {
            format!("template {} is now {}", some(&template.name), some(current))
        }
        Event::TemplateComponents { template } => format!("template {} was edited", some(&template.name)),
        Event::PhoneQuality { display_phone_number, event, limit } => {
            format!(
                "number {} {} {}",
                some(display_phone_number),
                some(event),
                limit.clone().unwrap_or_default()
            )
        }
        Event::PhoneName { display_phone_number, decision } => {
            format!("name of {} {}", some(display_phone_number), some(decision))
        }
        Event::Capability { daily_conversations, .. } => {
            format!("may write to {} people first", daily_conversations.unwrap_or_default())
        }
        Event::Account { event } => some(event),
        // Who is not said: alerts are for operators, and a person's choices are in the raw delivery.
        Event::Preference { category, value, .. } => format!("{} {}", some(category), some(value)),
        Event::UserIdChanged { .. } => "a person's user id changed".to_owned(),
    }
    .trim()
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> InboundDelivery {
        let path = format!("{}/../fixtures/webhooks/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let body = std::fs::read(path).unwrap();
        let parsed = acuse_whatsapp::webhook::parse(&body);
        delivery(body, &parsed, Matched::Current, "default", time::macros::datetime!(2026-09-01 12:00 UTC))
    }

    fn documents(delivery: &InboundDelivery) -> usize {
        let media = |i: &&InboundItem| matches!(i, InboundItem::Message(m) if m.media.is_some());
        delivery.items.iter().filter(media).count()
    }

    #[test]
    fn media_is_a_document_also_when_it_cannot_be_had() {
        for (name, expected) in
            [("image", 1), ("document", 1), ("video", 0), ("audio-voice", 0), ("sticker", 0)]
        {
            assert_eq!(documents(&read(name)), expected, "{name}");
        }
        let lost = read("media-unavailable");
        let InboundItem::Message(m) = &lost.items[0] else { panic!("{:?}", lost.items) };
        let media = m.media.as_ref().unwrap();
        assert!(media.media_id.is_none() && media.error.as_deref().unwrap().starts_with("131052"));
    }

    #[test]
    fn what_is_no_document_is_answered_at_once() {
        for (name, is_sticker) in [("video", false), ("audio-voice", false), ("sticker", true)] {
            let talk = read(name);
            let InboundItem::Message(m) = &talk.items[0] else { panic!("{:?}", talk.items) };
            let told = if is_sticker { "Some(Sticker)" } else { "Some(NotAFile)" };
            assert_eq!(format!("{:?}", m.answer), told, "{name}");
        }
    }

    #[test]
    fn texts_reactions_and_echoes_are_no_documents() {
        for name in
            ["text", "reaction-and-removal", "message-echo", "location", "contacts", "order", "button"]
        {
            let delivery = read(name);
            assert_eq!(documents(&delivery), 0, "{name}");
            assert_eq!(delivery.outcome, Outcome::Understood, "{name}");
        }
    }

    #[test]
    fn a_number_change_renames_the_contact() {
        let delivery = read("system-number-change");
        assert!(
            delivery.items.iter().any(|i| matches!(i, InboundItem::AliasChange { .. })),
            "{:?}",
            delivery.items
        );
    }

    #[test]
    fn every_example_gives_at_least_one_item_and_keeps_its_body() {
        let folder = format!("{}/../fixtures/webhooks", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let delivery = read(path.file_stem().unwrap().to_str().unwrap());
            assert!(!delivery.items.is_empty(), "{path:?}");
            assert_eq!(delivery.body, std::fs::read(&path).unwrap());
        }
    }
}
