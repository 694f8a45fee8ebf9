//! Who sent or receives: the identities of a message or status, completed from the contacts beside it.

use serde_json::Value;

use super::fields::text;
use crate::{Bsuid, Recipient, WaId};

/// Everything a webhook says about one person. Every field may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The phone number's WhatsApp id.
    pub wa_id: Option<WaId>,
    /// The business-scoped user id.
    pub user_id: Option<Bsuid>,
    /// The same person under the parent portfolio (`US.ENT.…`).
    pub parent_user_id: Option<Bsuid>,
    /// The name of the profile, chosen by the person.
    pub name: Option<String>,
    /// The username, with its `@`.
    pub username: Option<String>,
    /// Meta's hash of the key by which their telephone is known, where it is asked to check that.
    pub identity_key_hash: Option<String>,
}

impl Person {
    /// Whether nothing identifies this person.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.wa_id.is_none() && self.user_id.is_none() && self.parent_user_id.is_none()
    }

    /// How to answer this person; the number first, as Meta prefers it.
    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        let phone = self.wa_id.clone().map(Recipient::Phone);
        phone.or_else(|| self.user_id.clone().map(Recipient::User))
    }

    /// Every identity, for an alias table: numbers and user ids never look alike.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        let ids = [self.user_id.as_ref(), self.parent_user_id.as_ref()];
        self.wa_id.iter().map(WaId::as_str).chain(ids.into_iter().flatten().map(Bsuid::as_str))
    }

    /// Reads the identity fields named; a user id that stands where the number belongs is taken as one.
    pub(super) fn read(value: &Value, number: &str, user: &str, parent: &str) -> Self {
        let id = |key: &str| text(value, key);
        Self {
            wa_id: id(number).and_then(|s| s.parse().ok()),
            user_id: id(user).or_else(|| id(number)).and_then(|s| s.parse().ok()),
            parent_user_id: id(parent).and_then(|s| s.parse().ok()),
            name: None,
            username: None,
            identity_key_hash: None,
        }
    }

    /// One entry of `contacts`.
    pub(super) fn contact(value: &Value) -> Self {
        let profile = value.get("profile").unwrap_or(&Value::Null);
        Self {
            name: text(profile, "name"),
            username: text(profile, "username").or_else(|| text(value, "username")),
            identity_key_hash: text(value, "identity_key_hash"),
            ..Self::read(value, "wa_id", "user_id", "parent_user_id")
        }
    }

    /// This person, with what the contacts of the same change add.
    pub(super) fn completed(self, contacts: &[Self]) -> Self {
        let known = contacts.iter().find(|c| self.shares_identity(c));
        let only = match contacts {
            [contact] if !self.contradicts(contact) => Some(contact),
            _ => None,
        };
        let Some(contact) = known.or(only) else { return self };
        Self {
            wa_id: self.wa_id.or_else(|| contact.wa_id.clone()),
            user_id: self.user_id.or_else(|| contact.user_id.clone()),
            parent_user_id: self.parent_user_id.or_else(|| contact.parent_user_id.clone()),
            name: contact.name.clone(),
            username: contact.username.clone(),
            identity_key_hash: contact.identity_key_hash.clone(),
        }
    }

    fn shares_identity(&self, other: &Self) -> bool {
        (self.wa_id.is_some() && self.wa_id == other.wa_id)
            || (self.user_id.is_some() && self.user_id == other.user_id)
    }

    fn contradicts(&self, other: &Self) -> bool {
        let differ = |a: Option<&str>, b: Option<&str>| a.zip(b).is_some_and(|(a, b)| a != b);
        differ(self.wa_id.as_ref().map(WaId::as_str), other.wa_id.as_ref().map(WaId::as_str))
            || differ(self.user_id.as_ref().map(Bsuid::as_str), other.user_id.as_ref().map(Bsuid::as_str))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sender(value: &Value) -> Person {
        Person::read(value, "from", "from_user_id", "from_parent_user_id")
    }

    #[test]
    fn a_user_id_in_the_place_of_the_number_is_a_user_id() {
        let person = sender(&json!({ "from": "US.4100200300" }));
        assert_eq!(person.wa_id, None);
        assert_eq!(person.recipient(), Some(Recipient::User("US.4100200300".parse().unwrap())));
    }

    #[test]
    fn contacts_complete_the_right_person_only() {
        let ana =
            Person::contact(&json!({"wa_id": "51900000001", "user_id": "PE.1", "profile": {"name": "Ana"},
            "identity_key_hash": "DF2lS5v2W6x="}));
        let eva = Person::contact(&json!({"wa_id": "51900000002", "profile": {"name": "Eva"}}));
        let both = [ana.clone(), eva];
        let from_eva = sender(&json!({"from": "51900000002"})).completed(&both);
        assert_eq!(from_eva.name.as_deref(), Some("Eva"));
        let nameless = sender(&json!({})).completed(&both);
        assert!(nameless.is_unknown(), "two candidates: neither is guessed");
        let only = sender(&json!({"from_user_id": "PE.1"})).completed(std::slice::from_ref(&ana));
        assert_eq!(only.aliases().collect::<Vec<_>>(), ["51900000001", "PE.1"]);
        assert_eq!(only.identity_key_hash.as_deref(), Some("DF2lS5v2W6x="));
        let other = sender(&json!({"from": "51900000009"})).completed(std::slice::from_ref(&ana));
        assert_eq!(other.name, None, "another number is another person");
    }
}
