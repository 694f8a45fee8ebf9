//! The walk through the envelope: entries, their changes, and what each change holds.

use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::{
    Body, Content, Event, Item, Media, Message, MetaError, Origin, Parsed, Person, Status, TroubleKind,
    fields::{stamp, text},
    message,
    wire::{self, Members, Troubles},
};
use crate::limits::{WEBHOOK_ITEMS_CAP, WEBHOOK_UPDATES};

/// Reads a webhook's body. Never fails: what is not understood is an unknown item or a trouble.
#[must_use]
pub fn parse(body: &[u8]) -> Parsed {
    let mut walk = Walk::default();
    let text = wire::text(body, &mut walk.troubles);
    match serde_json::from_str::<&RawValue>(&text) {
        Ok(root) => walk.root(root),
        Err(_) => walk.troubles.note("", TroubleKind::NotJson),
    }
    if walk.items.len() > WEBHOOK_UPDATES {
        walk.troubles.note("", TroubleKind::ManyUpdates);
    }
    Parsed { items: walk.items, troubles: walk.troubles.list, troubles_left_out: walk.troubles.left_out }
}

#[derive(Default)]
struct Walk {
    items: Vec<Item>,
    troubles: Troubles,
    full: bool,
}

/// What a change says to each of its items.
struct Change<'a> {
    origin: &'a Origin,
    contacts: &'a [Person],
}

impl Walk {
    fn root(&mut self, raw: &RawValue) {
        let Some(root) = wire::members(raw) else { return self.troubles.note("", TroubleKind::NotAnObject) };
        if self.text_at(&root, "object").as_deref() != Some("whatsapp_business_account") {
            self.troubles.note("object", TroubleKind::NotWhatsApp);
        }
        match root.get("entry") {
            Some(entries) => {
                for (n, entry) in self.list(entries, "entry").into_iter().enumerate() {
                    self.entry(entry, &format!("entry[{n}]"));
                }
            }
            // The test button of Meta's dashboard has sent a bare change.
            None if root.contains_key("value") => self.change(raw, &Origin::default(), "change"),
            None => self.push(&Origin::default(), Content::Unknown { what: "body".into() }, raw),
        }
    }

    fn entry(&mut self, raw: &RawValue, at: &str) {
        let Some(entry) = wire::members(raw) else {
            self.troubles.note(at, TroubleKind::NotAnObject);
            return self.push(&Origin::default(), Content::Unknown { what: "entry".into() }, raw);
        };
        let notified_at = entry.get("time").and_then(|raw| {
            let time = wire::value(raw, at, &mut self.troubles);
            super::fields::moment(&time)
        });
        let origin = Origin { account_id: self.text_at(&entry, "id"), notified_at, ..Origin::default() };
        let Some(changes) = entry.get("changes") else {
            return self.push(&origin, Content::Unknown { what: "entry".into() }, raw);
        };
        for (n, change) in self.list(changes, at).into_iter().enumerate() {
            self.change(change, &origin, &format!("{at}.changes[{n}]"));
        }
    }

    fn change(&mut self, raw: &RawValue, of_entry: &Origin, at: &str) {
        let Some(change) = wire::members(raw) else {
            self.troubles.note(at, TroubleKind::NotAnObject);
            return self.push(of_entry, Content::Unknown { what: "change".into() }, raw);
        };
        let mut origin =
            Origin { field: self.text_at(&change, "field").unwrap_or_default(), ..of_entry.clone() };
        let Some((value_raw, members)) = change.get("value").and_then(|v| Some((*v, wire::members(v)?)))
        else {
            self.troubles.note(at, TroubleKind::NotAnObject);
            let what = origin.field.clone();
            return self.push(&origin, Content::Unknown { what }, raw);
        };
        if let Some(metadata) = members.get("metadata").and_then(|m| wire::members(m)) {
            origin.phone_number_id = self.text_at(&metadata, "phone_number_id");
            origin.display_phone_number = self.text_at(&metadata, "display_phone_number");
        }
        let contacts = self.contacts(&members, at);
        let change = Change { origin: &origin, contacts: &contacts };
        if !self.collections(&change, &members, at) {
            self.event(&origin, value_raw, at);
        }
    }

    /// Reads every known list of a change; `false` if it holds none, so that it is an event by itself.
    fn collections(&mut self, change: &Change<'_>, members: &Members<'_>, at: &str) -> bool {
        const KNOWN: [&str; 6] =
            ["messages", "message_echoes", "statuses", "errors", "user_preferences", "user_id_update"];
        if !KNOWN.iter().any(|known| members.contains_key(*known)) {
            return false;
        }
        for (key, raw) in members {
            match key.as_str() {
                "messaging_product" | "metadata" | "contacts" => {}
                known if KNOWN.contains(&known) => {
                    for (n, element) in self.list(raw, at).into_iter().enumerate() {
                        self.element(change, known, element, &format!("{at}.{known}[{n}]"));
                    }
                }
                // A scalar beside them is a detail; a new list or object may be news.
                other if raw.get().starts_with(['[', '{']) => {
                    self.push(change.origin, Content::Unknown { what: other.to_owned() }, raw);
                }
                _ => {}
            }
        }
        true
    }

    fn element(&mut self, change: &Change<'_>, collection: &str, raw: &RawValue, at: &str) {
        if self.is_full() {
            return;
        }
        let troubles_before = self.troubles.list.len() + self.troubles.left_out;
        let value = wire::value(raw, at, &mut self.troubles);
        let changed = self.troubles.list.len() + self.troubles.left_out > troubles_before;
        let unknown = || Content::Unknown { what: collection.to_owned() };
        let content = if !value.is_object() {
            self.troubles.note(at, TroubleKind::NotAnObject);
            unknown()
        } else {
            match collection {
                "messages" if !change.origin.field.ends_with("message_echoes") => {
                    Content::Message(self.message(&value, raw, change, at))
                }
                "messages" | "message_echoes" => Content::Echo(self.message(&value, raw, change, at)),
                "statuses" => {
                    let time = self.time(&value, at);
                    match Status::read(&value, time, change.contacts) {
                        Some(status) => Content::Status(status),
                        None => {
                            self.troubles.note(at, TroubleKind::NoId);
                            unknown()
                        }
                    }
                }
                "errors" => Content::Error(MetaError::read(&value)),
                "user_preferences" => Content::Event(Event::preference(&value, change.contacts)),
                _ => Content::Event(Event::user_id_changed(&value)),
            }
        };
        let raw = if changed { serde_json::value::to_raw_value(&value).ok() } else { None }
            .unwrap_or_else(|| raw.to_owned());
        self.items.push(Item { origin: change.origin.clone(), content, raw });
    }

    fn message(&mut self, value: &Value, raw: &RawValue, change: &Change<'_>, at: &str) -> Message {
        let id = text(value, "id").unwrap_or_else(|| {
            self.troubles.note(at, TroubleKind::NoId);
            format!("raw-sha256:{}", hex::encode(Sha256::digest(raw.get())))
        });
        let sent_at = self.time(value, at);
        let mut sender = Person::read(value, "from", "from_user_id", "from_parent_user_id");
        // In an echo the contacts are those it was sent to.
        let to = (value.get("to").is_some() || value.get("to_user_id").is_some())
            .then(|| Person::read(value, "to", "to_user_id", "to_parent_user_id").completed(change.contacts));
        if to.is_none() {
            sender = sender.completed(change.contacts);
        }
        if sender.is_unknown() {
            self.troubles.note(at, TroubleKind::NoSender);
        }
        let body = Body::read(value, false);
        if let Body::Media(media) = &body {
            self.check_media(value, media, at);
        }
        Message {
            id,
            sent_at,
            sender,
            to,
            group_id: text(value, "group_id"),
            context: message::context(value),
            errors: MetaError::all(value),
            body,
        }
    }

    /// Notes what the media object says and we could not read.
    fn check_media(&mut self, value: &Value, media: &Media, at: &str) {
        let said = |key: &str| {
            let kind = text(value, "type").unwrap_or_else(|| media.kind.as_str().to_owned());
            value.get(&kind).is_some_and(|part| text(part, key).is_some())
        };
        if media.id.is_none() && said("id") {
            self.troubles.note(at, TroubleKind::BadMediaId);
        }
        if media.sha256.is_none() && said("sha256") {
            self.troubles.note(at, TroubleKind::BadSha256);
        }
    }

    fn event(&mut self, origin: &Origin, raw: &RawValue, at: &str) {
        let value = wire::value(raw, at, &mut self.troubles);
        let content = Event::read(&origin.field, &value)
            .map_or_else(|| Content::Unknown { what: origin.field.clone() }, Content::Event);
        match serde_json::value::to_raw_value(&value) {
            // The value is written anew only where it had to be changed.
            Ok(written) if serde_json::from_str::<Value>(raw.get()).is_err() => {
                self.push(origin, content, &written);
            }
            _ => self.push(origin, content, raw),
        }
    }

    fn contacts(&mut self, members: &Members<'_>, at: &str) -> Vec<Person> {
        let Some(raw) = members.get("contacts") else { return Vec::new() };
        let contacts = self.list(raw, at);
        // As many as updates: each message is matched against all of them.
        contacts
            .into_iter()
            .take(WEBHOOK_UPDATES)
            .map(|c| Person::contact(&wire::value(c, at, &mut self.troubles)))
            .collect()
    }

    fn time(&mut self, value: &Value, at: &str) -> Option<OffsetDateTime> {
        let time = stamp(value, "timestamp").ok().flatten();
        if time.is_none() {
            self.troubles.note(at, TroubleKind::NoTime);
        }
        time
    }

    /// The elements of a list; a single object in its place is taken as a list of one.
    fn list<'r>(&mut self, raw: &'r RawValue, at: &str) -> Vec<&'r RawValue> {
        if let Some(elements) = wire::elements(raw) {
            return elements;
        }
        if raw.get() == "null" {
            return Vec::new();
        }
        self.troubles.note(at, TroubleKind::NotAList);
        vec![raw]
    }

    fn text_at(&mut self, members: &Members<'_>, key: &str) -> Option<String> {
        let value = wire::value(members.get(key)?, key, &mut self.troubles);
        match value {
            Value::String(s) if !s.is_empty() => Some(s),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        }
    }

    fn push(&mut self, origin: &Origin, content: Content, raw: &RawValue) {
        if !self.is_full() {
            self.items.push(Item { origin: origin.clone(), content, raw: raw.to_owned() });
        }
    }

    fn is_full(&mut self) -> bool {
        let full = self.items.len() >= WEBHOOK_ITEMS_CAP;
        if full && !self.full {
            self.full = true;
            self.troubles.note("", TroubleKind::TooManyItems);
        }
        full
    }
}
