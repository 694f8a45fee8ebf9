//! Who sent it: names seen together belong to one contact.
//!
//! A sender may come with a phone number (`wa_id`), a business-scoped user id (`bsuid`), its parent, or none of them,
//! and WhatsApp changes them: a number change gives the person another `wa_id` and `bsuid`, and their old number may
//! one day belong to a stranger. So a `bsuid` is the stronger name. A number that comes with another `bsuid` than it
//! had has passed to another person, and goes to them; a number without one is joined to the `bsuid` it is first seen
//! with, merging the two contacts if both exist.

mod save;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use acuse_pipeline::phone;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Identity, InboundItem};
use crate::{
    error::CatalogError,
    names::{AliasKind, ContactId, cut, word},
    sql::Tx,
};

type Alias = (AliasKind, String);

/// Longest alias, characters; the table checks it too.
const ALIAS_CHARS: usize = 256;
/// Longest name of a contact, characters.
const NAME_CHARS: usize = 256;
/// Longest number of a contact, characters.
const PHONE_CHARS: usize = 64;

/// What a batch says of a contact.
#[derive(Debug, Default, Clone)]
struct Touch {
    phone: Option<String>,
    name: Option<String>,
    identity_key_hash: Option<String>,
    language: Option<String>,
    phone_number_id: Option<String>,
    /// When they last wrote to each of our numbers, by the channel's clock.
    inbound: BTreeMap<String, OffsetDateTime>,
    /// When the first message of theirs came.
    came_at: Option<OffsetDateTime>,
}

impl Touch {
    /// Name and number, as the row has them then, and when it was made.
    fn over(
        &self,
        before: Option<&(Option<String>, Option<String>, i64)>,
        at: i64,
    ) -> (Option<String>, Option<String>, i64) {
        let (name, phone, made) = before.cloned().unwrap_or((None, None, at));
        let said = |text: &Option<String>, most| text.as_deref().map(|t| cut(t, most));
        (said(&self.name, NAME_CHARS).or(name), said(&self.phone, PHONE_CHARS).or(phone), made)
    }

    fn wrote_to(&mut self, number: &str, at: OffsetDateTime) {
        let last = self.inbound.entry(cut(number, 64)).or_insert(at);
        *last = at.max(*last);
    }
}

/// The contacts of a batch, resolved in memory and written at once.
#[derive(Default)]
pub(super) struct Contacts {
    /// As the table stood.
    stored: HashMap<Alias, Uuid>,
    /// As it will stand.
    current: BTreeMap<Alias, Uuid>,
    gone: BTreeSet<Alias>,
    touched: BTreeMap<Uuid, Touch>,
    merged: BTreeMap<Uuid, Uuid>,
    /// Whose they are, of those that are somebody's.
    customers: HashMap<Uuid, Uuid>,
}

fn aliases(identity: &Identity) -> impl Iterator<Item = Alias> {
    [
        (AliasKind::Bsuid, &identity.bsuid),
        (AliasKind::WaId, &identity.wa_id),
        (AliasKind::ParentBsuid, &identity.parent_bsuid),
    ]
    .into_iter()
    .filter_map(|(kind, value)| value.as_deref().filter(|v| !v.is_empty()).map(|v| alias(kind, v)))
}

fn alias(kind: AliasKind, value: &str) -> Alias {
    (kind, cut(value, ALIAS_CHARS))
}

/// The other name of the same number, where its country has two ways to write it.
fn other_form(wa_id: &str) -> Option<Alias> {
    phone::other_form(wa_id).map(|other| alias(AliasKind::WaId, &other))
}

impl Contacts {
    /// Reads what the catalog knows of every name in these items.
    pub(super) async fn load(tx: &mut Tx, items: &[&InboundItem]) -> Result<Self, CatalogError> {
        let mut wanted: BTreeSet<Alias> = BTreeSet::new();
        for item in items {
            match item {
                InboundItem::Message(m) | InboundItem::Echo(m) => {
                    wanted.extend(aliases(&m.identity));
                    wanted.extend(m.identity.wa_id.as_deref().and_then(other_form));
                }
                InboundItem::Preference { identity, .. } => {
                    wanted.extend(aliases(identity));
                    wanted.extend(identity.wa_id.as_deref().and_then(other_form));
                }
                InboundItem::AliasChange { old, new, .. } => {
                    wanted.extend([alias(old.0, &old.1), alias(new.0, &new.1)]);
                }
                _ => {}
            }
        }
        let wanted: Vec<Alias> = wanted.into_iter().collect();
        let rows = values!(
            tx,
            (String, String, Uuid, Option<Uuid>),
            "SELECT a.kind, a.value, a.contact_id, c.customer_id FROM contact_aliases a \
             JOIN contacts c ON c.id = a.contact_id WHERE a.contact_id IN \
             (SELECT contact_id FROM contact_aliases WHERE (kind, value) IN (VALUES ",
            2,
            "))",
            &wanted,
            |q, (kind, value)| q.bind(kind.as_str()).bind(value.as_str())
        )?;
        let mut contacts = Self::default();
        for (kind, value, contact, customer) in rows {
            let alias = (word("contact_aliases", "kind", &kind)?, value);
            contacts.customers.extend(customer.map(|customer| (contact, customer)));
            contacts.stored.insert(alias.clone(), contact);
            contacts.current.insert(alias, contact);
        }
        Ok(contacts)
    }

    /// The contact that an identity is, made if need be. `None` when it has no name at all.
    pub(super) fn resolve(
        &mut self,
        identity: &Identity,
        phone_number_id: &str,
        inbound_at: Option<OffsetDateTime>,
    ) -> Option<ContactId> {
        let names: Vec<Alias> =
            aliases(identity).filter(|(kind, _)| *kind != AliasKind::ParentBsuid).collect();
        self.meet_other_form(identity);
        let parent = aliases(identity).find(|(kind, _)| *kind == AliasKind::ParentBsuid);
        let contact = match (names.as_slice(), &parent) {
            ([], None) => return None,
            ([], Some(parent)) => self.of(parent),
            ([only], _) => self.of(only),
            ([bsuid, wa_id, ..], _) => self.both(bsuid, wa_id),
        };
        if let Some(parent) = parent {
            self.current.entry(parent).or_insert(contact);
        }
        let touch = self.touched.entry(contact).or_default();
        touch.phone = identity.wa_id.clone().or(touch.phone.take());
        touch.name = identity.name.clone().or(touch.name.take());
        touch.identity_key_hash = identity.identity_key_hash.clone().or(touch.identity_key_hash.take());
        touch.language = identity.language.clone().or(touch.language.take());
        if let Some(at) = inbound_at {
            touch.phone_number_id = Some(phone_number_id.to_owned());
            touch.wrote_to(phone_number_id, at);
        }
        Some(ContactId(contact))
    }

    /// A number whose other form is known is the same person's, unless their user ids say otherwise: one that is new joins
    /// them, and two contacts from before that was known become one.
    fn meet_other_form(&mut self, identity: &Identity) {
        let Some(wa_id) = identity.wa_id.as_deref().filter(|wa_id| !wa_id.is_empty()) else { return };
        let name = alias(AliasKind::WaId, wa_id);
        let Some(&known) = other_form(wa_id).and_then(|other| self.current.get(&other)) else { return };
        if let Some(&here) = self.current.get(&name) {
            return self.heal(here, known, identity.bsuid.as_deref());
        }
        let by_user = identity.bsuid.as_deref().map(|b| self.current.get(&alias(AliasKind::Bsuid, b)));
        if by_user.is_none_or(|by_user| by_user == Some(&known)) || !self.has_bsuid(known) {
            self.put(name, known);
        }
    }

    /// Two contacts by the two forms of one number are merged where neither their user ids nor their customers say that
    /// they are two.
    fn heal(&mut self, here: Uuid, other: Uuid, user: Option<&str>) {
        let customers = [here, other].map(|contact| self.customers.get(&contact));
        if here == other || matches!(customers, [Some(one), Some(another)] if one != another) {
            return;
        }
        let by_user = user.and_then(|user| self.current.get(&alias(AliasKind::Bsuid, user)).copied());
        let (from, into) = match (self.has_bsuid(here), self.has_bsuid(other)) {
            (true, true) => return,
            (true, false) if user.is_none() || by_user == Some(here) => (other, here),
            (false, true) if user.is_none() || by_user == Some(other) => (here, other),
            (true, false) | (false, true) => return,
            // The older one stays.
            (false, false) => (here.max(other), here.min(other)),
        };
        self.merge(from, into);
    }

    fn of(&mut self, name: &Alias) -> Uuid {
        if let Some(&known) = self.current.get(name) {
            return known;
        }
        let made = Uuid::now_v7();
        self.put(name.clone(), made);
        self.touched.entry(made).or_default();
        made
    }

    fn both(&mut self, bsuid: &Alias, wa_id: &Alias) -> Uuid {
        let by_bsuid = self.current.get(bsuid).copied();
        let by_number = self.current.get(wa_id).copied();
        match (by_bsuid, by_number) {
            (Some(one), Some(same)) if one == same => one,
            (Some(one), Some(other)) if self.has_bsuid(other) => {
                self.put(wa_id.clone(), one);
                one
            }
            (Some(one), Some(other)) => {
                self.merge(other, one);
                one
            }
            (Some(one), None) => {
                self.put(wa_id.clone(), one);
                one
            }
            (None, Some(other)) if !self.has_bsuid(other) => {
                self.put(bsuid.clone(), other);
                other
            }
            (None, _) => {
                let made = self.of(bsuid);
                self.put(wa_id.clone(), made);
                made
            }
        }
    }

    fn has_bsuid(&self, contact: Uuid) -> bool {
        self.current.iter().any(|((kind, _), c)| *kind == AliasKind::Bsuid && *c == contact)
    }

    fn put(&mut self, alias: Alias, contact: Uuid) {
        self.gone.remove(&alias);
        self.current.insert(alias, contact);
    }

    fn merge(&mut self, from: Uuid, into: Uuid) {
        for contact in self.current.values_mut().filter(|c| **c == from) {
            *contact = into;
        }
        self.merged.insert(from, into);
        if let Some(customer) = self.customers.remove(&from) {
            self.customers.entry(into).or_insert(customer);
        }
        if let Some(touch) = self.touched.remove(&from) {
            let kept = self.touched.entry(into).or_default();
            kept.phone = kept.phone.take().or(touch.phone);
            kept.name = kept.name.take().or(touch.name);
            kept.identity_key_hash = kept.identity_key_hash.take().or(touch.identity_key_hash);
            kept.language = kept.language.take().or(touch.language);
            kept.phone_number_id = kept.phone_number_id.take().or(touch.phone_number_id);
            kept.came_at = [kept.came_at, touch.came_at].into_iter().flatten().min();
            for (number, at) in touch.inbound {
                kept.wrote_to(&number, at);
            }
        }
    }

    /// A person goes by another name now. The old one is free again: it may come back as a stranger's.
    pub(super) fn rename(&mut self, old: &Alias, new: &Alias) -> ContactId {
        let (old, new) = (alias(old.0, &old.1), alias(new.0, &new.1));
        let known = self.current.get(&old).copied();
        let contact = match (known, self.current.get(&new).copied()) {
            (Some(one), Some(other)) if one != other => {
                // The new name was seen before its announcement: those are the same person.
                self.merge(other, one);
                one
            }
            (Some(one), _) => one,
            (None, _) => self.of(&new),
        };
        if old != new && known.is_some() {
            self.current.remove(&old);
            self.gone.insert(old);
        }
        if new.0 == AliasKind::WaId {
            self.touched.entry(contact).or_default().phone = Some(new.1.clone());
        }
        self.put(new, contact);
        ContactId(contact)
    }

    /// The contact that an id resolved earlier in the batch stands for now.
    pub(super) fn settled(&self, contact: ContactId) -> ContactId {
        let mut id = contact.0;
        while let Some(&into) = self.merged.get(&id) {
            id = into;
        }
        ContactId(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(wa_id: &str, bsuid: &str) -> Identity {
        let some = |s: &str| (!s.is_empty()).then(|| s.to_owned());
        Identity { wa_id: some(wa_id), bsuid: some(bsuid), ..Identity::default() }
    }

    fn seen(contacts: &mut Contacts, wa_id: &str, bsuid: &str) -> Option<ContactId> {
        contacts.resolve(&who(wa_id, bsuid), "1", None)
    }

    #[test]
    fn names_seen_together_are_one_contact() {
        let mut c = Contacts::default();
        let phone = seen(&mut c, "34600", "");
        assert_eq!(seen(&mut c, "34600", "ES.1"), phone);
        assert_eq!(seen(&mut c, "", "ES.1"), phone);
        assert_eq!(seen(&mut c, "", ""), None);
    }

    #[test]
    fn two_contacts_that_turn_out_one_are_merged() {
        let mut c = Contacts::default();
        let (phone, user) = (seen(&mut c, "34600", ""), seen(&mut c, "", "ES.1"));
        assert_ne!(phone, user);
        let joined = seen(&mut c, "34600", "ES.1");
        assert_eq!(joined, user);
        assert_eq!(phone.map(|p| c.settled(p)), user);
    }

    #[test]
    fn two_forms_that_stand_apart_become_one_unless_users_or_customers_differ() {
        const FORMS: [&str; 2] = ["551187654321", "5511987654321"];
        let (old, new) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let apart = |users: &[(&str, Uuid)], customers: &[(Uuid, Uuid)]| {
            let mut c = Contacts::default();
            c.put((AliasKind::WaId, FORMS[0].to_owned()), old);
            c.put((AliasKind::WaId, FORMS[1].to_owned()), new);
            for (user, contact) in users {
                c.put((AliasKind::Bsuid, (*user).to_owned()), *contact);
            }
            c.customers.extend(customers.iter().copied());
            c
        };
        let of = |contact: Uuid| Some(ContactId(contact));
        let (one, another) = (Uuid::from_u128(8), Uuid::from_u128(9));
        for form in FORMS {
            assert_eq!(seen(&mut apart(&[], &[]), form, ""), of(old), "the older one stays");
            assert_eq!(seen(&mut apart(&[], &[(new, one)]), form, ""), of(old), "and is the customer's");
            assert_eq!(seen(&mut apart(&[("BR.1", new)], &[]), form, ""), of(new), "who has a user id stays");
        }
        let mut c = apart(&[], &[]);
        assert_eq!(seen(&mut c, FORMS[1], "BR.1"), of(old));
        assert_eq!((seen(&mut c, FORMS[0], ""), c.settled(ContactId(new))), (of(old), ContactId(old)));
        assert_eq!(seen(&mut apart(&[("BR.1", new)], &[]), FORMS[1], "BR.1"), of(new));
        // Two people, or two customers: nothing is merged.
        for mut c in [apart(&[("BR.1", new), ("BR.2", old)], &[]), apart(&[], &[(old, one), (new, another)])]
        {
            assert_eq!((seen(&mut c, FORMS[0], ""), seen(&mut c, FORMS[1], "")), (of(old), of(new)));
        }
        let mut c = apart(&[("BR.1", new)], &[]);
        assert_ne!(seen(&mut c, FORMS[0], "BR.2"), of(new), "another user id is another person");
        assert!(c.merged.is_empty());
    }

    #[test]
    fn a_number_with_another_bsuid_has_passed_to_a_stranger() {
        let mut c = Contacts::default();
        let before = seen(&mut c, "34600", "ES.1");
        let after = seen(&mut c, "34600", "ES.2");
        assert_ne!(before, after);
        assert_eq!(seen(&mut c, "34600", ""), after);
        assert_eq!(seen(&mut c, "", "ES.1"), before);
    }

    #[test]
    fn a_rename_keeps_the_contact_and_frees_the_old_name() {
        let mut c = Contacts::default();
        let person = seen(&mut c, "34600", "ES.1");
        let old = (AliasKind::WaId, "34600".to_owned());
        let new = (AliasKind::WaId, "34700".to_owned());
        assert_eq!(Some(c.rename(&old, &new)), person);
        assert_eq!(seen(&mut c, "34700", ""), person);
        assert_ne!(seen(&mut c, "34600", ""), person);
    }
}
