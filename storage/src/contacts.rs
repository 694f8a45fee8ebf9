//! Contacts: the people and programs that send documents.

use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{AliasKind, ContactId, CustomerId, at, cut, maybe_at, micros, word},
    sql::Tx,
};

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

impl Contact {
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

    /// Ties a contact to the customer they always write for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_contact_customer(
        &self,
        id: ContactId,
        customer: Option<CustomerId>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        execute!(
            tx,
            "UPDATE contacts SET customer_id = $2, updated_at = $3 WHERE id = $1",
            id.0,
            customer.map(|c| c.0),
            micros(present)
        )?;
        tx.commit().await
    }
}
