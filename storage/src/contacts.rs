//! Contacts: the people and programs that send documents.

use std::collections::{BTreeMap, BTreeSet};

use acuse_pipeline::phone;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    cases,
    catalog::Catalog,
    error::CatalogError,
    merges,
    names::{AliasKind, ContactId, CustomerId, at, cut, maybe_at, micros, word},
    sql::{Tx, again},
    words::{self, CONTACTS, Wanted},
};

pub use crate::words::CONTACT_WORDS;

/// Last digits of a number that find it.
const LAST_DIGITS: usize = 4;

/// A sender.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contact {
    /// Its id. A contact that was merged away is answered with the one it became.
    pub id: ContactId,
    /// The WhatsApp number they write from, where known.
    pub phone: Option<String>,
    /// Profile name.
    pub name: Option<String>,
    /// ISO 639-1 that they are answered in, where known.
    pub language: Option<String>,
    /// The customer they always write for, where an operator said so.
    pub customer_id: Option<CustomerId>,
    /// Our number they last wrote to.
    pub phone_number_id: Option<String>,
    /// Since when the channel says that they cannot be reached.
    pub unreachable_at: Option<OffsetDateTime>,
    /// All their names.
    pub aliases: Vec<(AliasKind, String)>,
    /// First seen.
    pub created_at: OffsetDateTime,
}

/// What is known of where a contact (an alias of a row of `contacts`) is, as SQL: the digits of their number, else the country
/// with which their user id begins, in two letters; null where the channel told neither.
macro_rules! phone_or_country {
    ($contact:literal) => {
        concat!(
            "COALESCE(",
            $contact,
            ".phone, (SELECT MIN(a.value) FROM contact_aliases a WHERE a.contact_id = ",
            $contact,
            ".id AND a.kind = 'wa_id'), (SELECT MIN(SUBSTR(a.value, 1, 2)) FROM contact_aliases a WHERE a.contact_id = ",
            $contact,
            ".id AND a.kind IN ('bsuid', 'parent_bsuid')))"
        )
    };
}
pub(crate) use phone_or_country;

impl Contact {
    /// The digits of their number, else the country with which their user id begins, in two letters; none where the channel
    /// told neither.
    #[must_use]
    pub fn phone_or_country(&self) -> Option<&str> {
        let user = self.alias(AliasKind::Bsuid).or_else(|| self.alias(AliasKind::ParentBsuid));
        let country = || user.and_then(|id| id.split_once('.')).map(|(country, _)| country);
        self.phone.as_deref().or_else(|| self.alias(AliasKind::WaId)).or_else(country)
    }

    /// Their first name of a kind.
    #[must_use]
    pub fn alias(&self, kind: AliasKind) -> Option<&str> {
        self.aliases.iter().find(|(k, _)| *k == kind).map(|(_, value)| value.as_str())
    }
}

type Row = (
    Uuid,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<Uuid>,
    Option<String>,
    Option<i64>,
    Option<Uuid>,
    i64,
);

/// What a contact is found by: the words of its name; its number from any of its digits on, in each form in which networks
/// write it.
pub(crate) fn tokens(name: Option<&str>, number: Option<&str>) -> BTreeSet<String> {
    let mut found = words::tokens(name.unwrap_or_default());
    let Some(number) = number else { return found };
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        found.extend(words::tokens(number));
        return found;
    }
    for form in phone::other_form(number).into_iter().chain([number.to_owned()]) {
        let last = form.len().saturating_sub(LAST_DIGITS);
        found.extend((0..=last).map(|from| form[from..].to_owned()).filter(|digits| !digits.is_empty()));
    }
    found
}

/// What is asked of the index of contacts: a number as it is written, or words.
pub(crate) fn wanted(q: &str) -> Option<Wanted> {
    let may_be_in_one = |c: char| c.is_ascii_digit() || c.is_whitespace() || "+-./()".contains(c);
    let digits: String = q.chars().filter(char::is_ascii_digit).take(32).collect();
    if digits.is_empty() || !q.chars().all(may_be_in_one) {
        return Wanted::of(q);
    }
    Wanted::beginning_with(&[digits.strip_prefix("00").unwrap_or(&digits)])
}

/// Name and number of some contacts, and when they came.
pub(crate) type Searched = BTreeMap<Uuid, (Option<String>, Option<String>, i64)>;

/// As they stand, and as nobody else changes them before the end of the transaction.
pub(crate) async fn searched(tx: &mut Tx, ids: &[Uuid]) -> Result<Searched, CatalogError> {
    let tail = tx.pick(") ORDER BY id", ") ORDER BY id FOR NO KEY UPDATE");
    let rows = values!(
        tx,
        (Uuid, Option<String>, Option<String>, i64),
        "SELECT id, name, phone, created_at FROM contacts WHERE id IN (VALUES ",
        1,
        tail,
        ids,
        |q, id| q.bind(*id)
    )?;
    Ok(rows.into_iter().map(|(id, name, number, made)| (id, (name, number, made))).collect())
}

/// Keeps the words of contacts of which something else is said now than `before`.
pub(crate) async fn keep_words(tx: &mut Tx, before: &Searched, now: &Searched) -> Result<(), CatalogError> {
    let mut new = Vec::new();
    for (id, said) in now.iter().filter(|(id, said)| before.get(*id) != Some(*said)) {
        let (name, number, made) = said;
        let tokens = tokens(name.as_deref(), number.as_deref());
        if before.contains_key(id) {
            CONTACTS.keep(tx, (*id, *made), &tokens).await?;
        } else {
            new.push(((*id, *made), tokens));
        }
    }
    CONTACTS.keep_new(tx, &new).await
}

/// The contact of an alias, made if need be. For uploads; webhooks resolve in batches.
pub(crate) async fn of_alias(tx: &mut Tx, kind: AliasKind, value: &str) -> Result<ContactId, CatalogError> {
    let value = cut(value, 256);
    let made = ContactId::generate();
    let present = micros(tx.now());
    execute!(tx, "INSERT INTO contacts (id, created_at, updated_at) VALUES ($1, $2, $2)", made.0, present)?;
    let (contact,) = one!(
        tx,
        (Uuid,),
        "INSERT INTO contact_aliases (kind, value, contact_id) VALUES ($1, $2, $3) \
         ON CONFLICT (kind, value) DO UPDATE SET contact_id = contact_aliases.contact_id RETURNING contact_id",
        kind.as_str(),
        value.as_str(),
        made.0
    )?;
    if contact != made.0 {
        execute!(tx, "DELETE FROM contacts WHERE id = $1", made.0)?;
    }
    Ok(ContactId(contact))
}

impl Catalog {
    /// The contact; one that was merged away is followed.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn contact(&self, id: ContactId) -> Result<Option<Contact>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut wanted = id.0;
        // A chain of merges is short; a longer one is a broken row.
        for _ in 0..16 {
            let row = optional!(
                tx,
                Row,
                "SELECT id, phone, name, language, customer_id, phone_number_id, unreachable_at, merged_into, \
                 created_at FROM contacts WHERE id = $1",
                wanted
            )?;
            let Some((id, phone, name, language, customer, number_id, unreachable, merged, created)) = row
            else {
                return Ok(None);
            };
            if let Some(into) = merged {
                wanted = into;
                continue;
            }
            let aliases = all!(
                tx,
                (String, String),
                "SELECT kind, value FROM contact_aliases WHERE contact_id = $1 ORDER BY kind, value LIMIT 100",
                id
            )?
            .into_iter()
            .map(|(kind, value)| Ok((word("contact_aliases", "kind", &kind)?, value)))
            .collect::<Result<_, CatalogError>>()?;
            return Ok(Some(Contact {
                id: ContactId(id),
                phone,
                name,
                language,
                customer_id: customer.map(CustomerId),
                phone_number_id: number_id,
                unreachable_at: maybe_at("contacts", "unreachable_at", unreachable)?,
                aliases,
                created_at: at("contacts", "created_at", created)?,
            }));
        }
        Err(CatalogError::ImpossibleRow {
            table: "contacts",
            column: "merged_into",
            why: "the merges run in a circle".to_owned(),
        })
    }

    /// Remembers the language a contact is answered in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_contact_language(&self, id: ContactId, language: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        execute!(
            tx,
            "UPDATE contacts SET language = $2, updated_at = $3 WHERE id = $1",
            id.0,
            cut(language, 16),
            micros(present)
        )?;
        tx.commit().await
    }

    /// Ties a contact to the customer they always write for, of whose debts they hear from now on where they agreed to.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn set_contact_customer(
        &self,
        id: ContactId,
        customer: Option<CustomerId>,
    ) -> Result<(), CatalogError> {
        again(|| self.try_set_contact_customer(id, customer)).await
    }

    async fn try_set_contact_customer(
        &self,
        id: ContactId,
        customer: Option<CustomerId>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let customer = merges::maybe_written_of(&mut tx, customer).await?;
        let present = tx.now();
        execute!(
            tx,
            "UPDATE contacts SET customer_id = $2, updated_at = $3 WHERE id = $1",
            id.0,
            customer.map(|c| c.0),
            micros(present)
        )?;
        if let Some(customer) = customer {
            cases::schedule(&mut tx, customer, cases::Near::Contact(id)).await?;
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_kept_from_each_of_its_digits_in_both_its_forms() {
        let found = tokens(Some("José Pérez"), Some("5215512345678"));
        for token in ["jose", "perez", "5215512345678", "525512345678", "5512345678", "5678"] {
            assert!(found.contains(token), "{token}: {found:?}");
        }
        assert!(!found.contains("678") && tokens(None, Some("")).is_empty() && tokens(None, None).is_empty());
        assert_eq!(tokens(None, Some("112")), BTreeSet::from(["112".to_owned()]));
        assert!(tokens(None, Some("34ab")).contains("34ab"));
    }
}
