//! Who there is to talk to, over which of our numbers, and what they agreed to.

use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    access::Access,
    catalog::{BUDGET, Catalog},
    contacts,
    error::CatalogError,
    names::{ContactId, CustomerId, at, maybe_at},
    sql::Tx,
    words::{CONTACTS, Listing},
};

/// A contact in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Which one.
    pub id: ContactId,
    /// Profile name.
    pub name: Option<String>,
    /// WhatsApp number.
    pub phone: Option<String>,
    /// The customer they always write for.
    pub customer_id: Option<CustomerId>,
    /// Their last message.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_message_at: Option<OffsetDateTime>,
    /// First seen.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// Meta's 24 hours with one of our numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Our number.
    pub phone_number_id: String,
    /// Their last message to it.
    #[serde(with = "time::serde::rfc3339")]
    pub last_inbound_at: OffsetDateTime,
}

/// What a contact agreed to, or no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consent {
    /// Our number.
    pub phone_number_id: String,
    /// `marketing`, `utility`, `privacy`, `billing`.
    pub category: String,
    /// `granted`, `withdrawn`, `told`.
    pub state: String,
    /// How we know.
    pub source: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// The contacts (under `c`) that exist for this reader: all, or those of whom a document does.
pub(crate) fn reach(access: &Access, tx: &Tx) -> String {
    if !access.is_bound() {
        return "1 = 1".to_owned();
    }
    let of = access.reach(tx, "d");
    format!("EXISTS (SELECT 1 FROM documents d WHERE d.contact_id = c.id AND {of})")
}

impl Catalog {
    /// Contacts, the latest seen first, those after `after`; only those whose name has all words of `q`, in any order, each by
    /// its beginning, or whose number has its digits.
    ///
    /// # Errors
    /// [`CatalogError::Unindexed`] while their index is being built and they are too many to be looked through; when the
    /// database fails, takes too long, or a row is impossible.
    pub async fn contacts(
        &self,
        access: &Access,
        q: Option<&str>,
        after: Option<ContactId>,
        limit: u32,
    ) -> Result<Vec<Listed>, CatalogError> {
        const T: &str = "contacts";
        let mut tx = self.searching().await?;
        let wanted = match q.map(str::trim).filter(|q| !q.is_empty()) {
            Some(q) => match contacts::wanted(q) {
                None => return Ok(Vec::new()),
                wanted => wanted,
            },
            None => None,
        };
        // For whom they write is named where that customer exists for the reader.
        let select = format!(
            "c.id, c.name, c.phone, (SELECT k.id FROM customers k WHERE k.id = c.customer_id AND {}), \
             (SELECT MAX(m.sent_at) FROM messages m WHERE m.contact_id = c.id), c.created_at",
            access.reach_customers(&tx, "k")
        );
        let listing = Listing {
            select: &select,
            conditions: vec!["c.merged_into IS NULL".to_owned()],
            reach: reach(access, &tx),
            access,
            wanted,
            after: after.map(|a| a.0),
            most: i64::from(limit.min(500)),
            budget: BUDGET,
        };
        type Found = (Uuid, Option<String>, Option<String>, Option<Uuid>, Option<i64>, i64);
        let rows: Vec<Found> = CONTACTS.page(&mut tx, &listing).await?;
        rows.into_iter()
            .map(|(id, name, phone, customer, last, created)| {
                Ok(Listed {
                    id: ContactId(id),
                    name,
                    phone,
                    customer_id: customer.map(CustomerId),
                    last_message_at: maybe_at(T, "sent_at", last)?,
                    created_at: at(T, "created_at", created)?,
                })
            })
            .collect()
    }

    /// Whether a contact exists for this reader.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reaches_contact(&self, access: &Access, id: ContactId) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        let text = format!("SELECT c.id FROM contacts c WHERE c.id = $1 AND {}", reach(access, &tx));
        Ok(optional!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), id.0)?.is_some())
    }

    /// The windows that a contact has with our numbers.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn windows_of(&self, contact: ContactId) -> Result<Vec<Window>, CatalogError> {
        let mut tx = self.reading().await?;
        let sql = "SELECT phone_number_id, last_inbound_at FROM windows WHERE contact_id = $1 AND last_inbound_at > 0 \
             ORDER BY phone_number_id";
        all!(tx, (String, i64), sql, contact.0)?
            .into_iter()
            .map(|(phone_number_id, last)| {
                Ok(Window { phone_number_id, last_inbound_at: at("windows", "last_inbound_at", last)? })
            })
            .collect()
    }

    /// What a contact agreed to, the latest first; at most 100.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn consents_of(&self, contact: ContactId) -> Result<Vec<Consent>, CatalogError> {
        let mut tx = self.reading().await?;
        let sql = "SELECT phone_number_id, category, state, source, at FROM consents WHERE contact_id = $1 \
             ORDER BY seq DESC LIMIT 100";
        all!(tx, (String, String, String, String, i64), sql, contact.0)?
            .into_iter()
            .map(|(phone_number_id, category, state, source, when)| {
                Ok(Consent { phone_number_id, category, state, source, at: at("consents", "at", when)? })
            })
            .collect()
    }
}
