//! The items of a batch, sorted by what becomes of them.

use std::collections::{BTreeMap, BTreeSet};

use acuse_conversation::Intent;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{NewMessage, Placed};
use crate::{
    inbound::{Changed, InboundItem, InboundMessage, identity::Contacts},
    names::{ContactId, clean, cut},
    numbers,
    timeline::Entry,
};

/// What a batch brings. Contacts are as they were when their item was looked at; two may turn out to be one later.
#[derive(Default)]
pub(super) struct Sorted<'a> {
    pub messages: Vec<NewMessage<'a>>,
    /// What is noted of whom.
    pub told: Vec<(ContactId, Entry)>,
    /// Who wants news from which number, or no more, and since when.
    pub switched: Vec<(ContactId, &'a str, Intent, OffsetDateTime)>,
    /// How often what is to be told to somebody, by kind and detail.
    pub counted: BTreeMap<(String, String), i64>,
    /// Numbers of ours that webhooks name.
    pub named: BTreeMap<String, numbers::Seen>,
    pub changed: BTreeSet<&'a Changed>,
}

impl<'a> Sorted<'a> {
    pub(super) fn of(items: &[Placed<'a>], unread: usize, contacts: &mut Contacts) -> Self {
        let mut sorted = Self::default();
        if unread > 0 {
            sorted.counted.insert(("delivery_not_understood".to_owned(), String::new()), unread as i64);
        }
        for placed in items {
            sorted.add(*placed, contacts);
        }
        sorted
    }

    fn add(&mut self, placed: Placed<'a>, contacts: &mut Contacts) {
        match placed.item {
            InboundItem::Message(message) => self.message(placed, message, true, contacts),
            InboundItem::Echo(message) => self.message(placed, message, false, contacts),
            InboundItem::Preference { identity, phone_number_id, stop, at } => {
                let intent = if *stop { Intent::Stop } else { Intent::Start };
                if let Some(contact) = contacts.resolve(identity, phone_number_id, None) {
                    self.switched.push((contact, phone_number_id, intent, *at));
                }
            }
            InboundItem::AliasChange { old, new, at } => {
                let contact = contacts.rename(old, new);
                let detail = json!({ "kind": new.0, "old": old.1, "new": new.1 });
                let entry =
                    Entry { document: None, contact: None, at: *at, stage: None, event: "renamed", detail };
                self.told.push((contact, entry));
            }
            InboundItem::Event { field, detail, known, is_trouble, changed } => {
                self.changed.insert(changed);
                if *known && !is_trouble {
                    return;
                }
                let kind = if *known { "channel_event" } else { "unknown_field" };
                self.count(kind, &format!("{field}: {detail}"));
            }
            InboundItem::ValueError { code, message } => {
                self.count("channel_error", &format!("{code} {message}"));
            }
            InboundItem::Status(_) => {}
        }
    }

    fn message(
        &mut self,
        placed: Placed<'a>,
        message: &'a InboundMessage,
        inbound: bool,
        contacts: &mut Contacts,
    ) {
        let seen = numbers::Seen {
            token_ref: cut(placed.token_ref, 64),
            waba_id: message.waba_id.as_deref().map(|id| cut(id, 64)),
            at: placed.received_at,
        };
        self.named.insert(cut(&message.phone_number_id, 64), seen);
        let sent_at = inbound.then_some(message.sent_at);
        let contact = contacts.resolve(&message.identity, &message.phone_number_id, sent_at);
        if let Some(contact) = contact {
            contacts.came(contact, placed.received_at);
        }
        let direction = if inbound { "in" } else { "echo" };
        self.messages.push(NewMessage { placed, id: Uuid::now_v7(), contact, direction, message });
    }

    fn count(&mut self, kind: &str, detail: &str) {
        *self.counted.entry((kind.to_owned(), clean(detail))).or_default() += 1;
    }
}
