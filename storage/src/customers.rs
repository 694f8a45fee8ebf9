//! Customers: whose the documents are, and by which names they are recognised.

mod known;
mod merge;
mod patch;
mod place;
mod retire;
mod save;

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

pub use merge::Merged;
pub use patch::CustomerPatch;
pub use retire::{AliasConflict, ConflictCursor, Retired};
pub use save::{Patched, Saving, TakenAlias, Upserted};

use crate::{
    access::Access,
    catalog::{BUDGET, Catalog},
    documents::Page,
    erasure::erased,
    error::CatalogError,
    events,
    key_file::ErasedKind,
    names::{CustomerId, DocumentId, Stage, at, cut, micros, word, words},
    sql::Tx,
    stages::push_stage,
    timeline,
    words::{CUSTOMERS, Listing, Wanted},
};

pub use crate::words::CUSTOMER_WORDS;
pub(crate) use save::LOCK;

words! {
    /// A kind of name that a customer is recognised by.
    CustomerAlias, "customer alias" {
        /// Digits only, in the one form of [`acuse_pipeline::phone`].
        Phone = "phone",
        /// Lower case.
        Email = "email",
        /// Letters and digits, upper case.
        TaxId = "tax_id",
        /// Letters and digits, upper case.
        IdNumber = "id_number",
    }
}

impl CustomerAlias {
    /// The form in which names of this kind are kept and compared; `None` when nothing of it is left.
    #[must_use]
    pub fn normalized(self, value: &str) -> Option<String> {
        let kept: String = match self {
            Self::Phone => acuse_pipeline::phone::canonical(value),
            Self::Email => value.trim().chars().flat_map(char::to_lowercase).take(254).collect(),
            Self::TaxId | Self::IdNumber => {
                value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).take(64).collect()
            }
        };
        (!kept.is_empty() && !value.contains('\0')).then_some(kept)
    }

    /// Whether a name of this kind recognises one customer only; an e-mail address may be several people's.
    #[must_use]
    pub fn is_strong(self) -> bool {
        self != Self::Email
    }

    /// The member of a customer that lists these.
    #[must_use]
    pub fn member(self) -> &'static str {
        match self {
            Self::Phone => "phones",
            Self::Email => "emails",
            Self::TaxId => "tax_ids",
            Self::IdNumber => "id_numbers",
        }
    }
}

/// What is said of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewCustomer {
    /// The integrator's own id for them; unique.
    pub external_id: Option<String>,
    /// Their name.
    pub name: String,
    /// Phone numbers, with country code.
    pub phones: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// Tax ids.
    pub tax_ids: Vec<String>,
    /// Numbers of ID documents.
    pub id_numbers: Vec<String>,
}

impl NewCustomer {
    /// What they are recognised by, each once, in the form in which it is kept.
    pub(crate) fn aliases(&self) -> Vec<(CustomerAlias, String)> {
        let lists = [
            (CustomerAlias::Phone, &self.phones),
            (CustomerAlias::Email, &self.emails),
            (CustomerAlias::TaxId, &self.tax_ids),
            (CustomerAlias::IdNumber, &self.id_numbers),
        ];
        let mut all: Vec<_> = lists
            .into_iter()
            .flat_map(|(kind, list)| list.iter().filter_map(move |v| kind.normalized(v).map(|v| (kind, v))))
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// The integrator's own id for them.
    pub external_id: Option<String>,
    /// Their name.
    pub name: String,
    /// What they are recognised by, normalized.
    pub aliases: Vec<(CustomerAlias, String)>,
    /// What they share with somebody else, and are not recognised by until one of them gives it up.
    pub disputed: Vec<(CustomerAlias, String)>,
    /// When they were added.
    pub created_at: OffsetDateTime,
    /// When they last changed.
    pub updated_at: OffsetDateTime,
}

/// What a document says of whose it may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerLookup {
    /// The sender's number.
    pub phones: Vec<String>,
    /// Tax ids on the document.
    pub tax_ids: Vec<String>,
    /// Numbers of an ID.
    pub id_numbers: Vec<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
}

/// How often a batch of documents that others change too is tried again.
const REMATCH_TRIES: u32 = 20;

/// A name as it is compared: words of letters and digits, lower case, single spaces.
#[must_use]
pub fn name_key(name: &str) -> String {
    let spaced: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .flat_map(char::to_lowercase)
        .collect();
    cut(&spaced.split_whitespace().collect::<Vec<_>>().join(" "), 256)
}

type Row = (Uuid, Option<String>, String, i64, i64);
/// The columns of one, of `customers c`.
const LISTED: &str = "c.id, c.external_id, c.name, c.created_at, c.updated_at";

/// A page's rows with their names.
async fn with_aliases(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<Customer>, CatalogError> {
    let mut customers = Vec::with_capacity(rows.len());
    for (id, external_id, name, created, updated) in rows {
        let held = aliases_of(tx, id).await?;
        let (disputed, aliases) = held.into_iter().partition::<Vec<_>, _>(|(.., disputed)| *disputed);
        let plain = |list: Vec<(CustomerAlias, String, bool)>| {
            list.into_iter().map(|(kind, value, _)| (kind, value)).collect()
        };
        customers.push(Customer {
            id: CustomerId(id),
            external_id,
            name,
            aliases: plain(aliases),
            disputed: plain(disputed),
            created_at: at("customers", "created_at", created)?,
            updated_at: at("customers", "updated_at", updated)?,
        });
    }
    Ok(customers)
}

/// The names of a customer, and whether each is in dispute.
pub(crate) async fn aliases_of(
    tx: &mut Tx,
    id: Uuid,
) -> Result<Vec<(CustomerAlias, String, bool)>, CatalogError> {
    all!(
        tx,
        (String, String, bool),
        "SELECT kind, value, disputed FROM customer_aliases WHERE customer_id = $1 ORDER BY kind, value LIMIT 1000",
        id
    )?
    .into_iter()
    .map(|(kind, value, disputed)| Ok((word("customer_aliases", "kind", &kind)?, value, disputed)))
    .collect()
}

/// SQL that holds for a customer `c` that was not erased, nor is being.
fn is_there() -> String {
    format!("NOT {}", erased(ErasedKind::Customer, "c"))
}

/// The customer; one that was merged into another is followed there. One that was erased is not there any more.
pub(crate) async fn lookup(tx: &mut Tx, id: CustomerId) -> Result<Option<Customer>, CatalogError> {
    let text = format!(
        "SELECT {LISTED} FROM customers c \
         WHERE c.id = (SELECT COALESCE(merged_into, id) FROM customers WHERE id = $1) AND {}",
        is_there()
    );
    let rows = all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?;
    Ok(with_aliases(tx, rows).await?.pop())
}

impl Catalog {
    /// The customer; one that was merged into another is answered with that, and of one that was erased there is none.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn customer(&self, id: CustomerId) -> Result<Option<Customer>, CatalogError> {
        let mut tx = self.reading().await?;
        lookup(&mut tx, id).await
    }

    /// Customers that exist for a caller, newest first, after the cursor (the last id of the page before); those whose name
    /// has all words of `q`, in any order, each by its beginning.
    ///
    /// # Errors
    /// [`CatalogError::Unindexed`] while their index is being built and they are too many to be looked through; when the
    /// database fails, takes too long, or a row is impossible.
    pub async fn customers(
        &self,
        access: &Access,
        q: Option<&str>,
        after: Option<CustomerId>,
        limit: u32,
    ) -> Result<Page<Customer, CustomerId>, CatalogError> {
        let mut tx = self.searching().await?;
        let limit = limit.clamp(1, 500) as usize;
        let wanted = match q.map(str::trim).filter(|q| !q.is_empty()) {
            Some(q) => match Wanted::of(q) {
                None => return Ok(Page { data: Vec::new(), next: None }),
                wanted => wanted,
            },
            None => None,
        };
        let listing = Listing {
            select: LISTED,
            conditions: vec!["c.merged_into IS NULL".to_owned(), is_there()],
            reach: access.reach_customers(&tx, "c"),
            access,
            wanted,
            after: after.map(|a| a.0),
            most: limit as i64 + 1,
            budget: BUDGET,
        };
        let mut rows: Vec<Row> = CUSTOMERS.page(&mut tx, &listing).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let data = with_aliases(&mut tx, rows).await?;
        let next = if more { data.last().map(|c| c.id) } else { None };
        Ok(Page { data, next })
    }

    /// Customers known by one of these names, each with the kinds that matched; a name in dispute finds nobody. At
    /// most 50.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn customers_known_by(
        &self,
        lookup: &CustomerLookup,
    ) -> Result<Vec<(Customer, Vec<CustomerAlias>)>, CatalogError> {
        let wanted = NewCustomer {
            phones: lookup.phones.clone(),
            emails: lookup.emails.clone(),
            tax_ids: lookup.tax_ids.clone(),
            id_numbers: lookup.id_numbers.clone(),
            ..NewCustomer::default()
        }
        .aliases();
        let mut tx = self.reading().await?;
        let rows = values!(
            tx,
            (Uuid, String),
            "SELECT customer_id, kind FROM customer_aliases WHERE NOT disputed AND (kind, value) IN (VALUES ",
            2,
            ") ORDER BY customer_id LIMIT 200",
            &wanted,
            |q, (kind, value)| q.bind(kind.as_str()).bind(value.as_str())
        )?;
        let mut matched: std::collections::BTreeMap<Uuid, Vec<CustomerAlias>> =
            std::collections::BTreeMap::new();
        for (id, kind) in rows {
            let kind = word("customer_aliases", "kind", &kind)?;
            let kinds = matched.entry(id).or_default();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let mut found = Vec::new();
        let text = format!("SELECT {LISTED} FROM customers c WHERE c.id = $1 AND {}", is_there());
        for (id, kinds) in matched.into_iter().take(50) {
            let rows = all!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id)?;
            found.extend(with_aliases(&mut tx, rows).await?.pop().map(|c| (c, kinds)));
        }
        Ok(found)
    }

    /// Customers whose name has one of the two longest words of `name`, or one that begins with it: for the caller to score.
    /// At most 50, the oldest first.
    ///
    /// # Errors
    /// [`CatalogError::Unindexed`] while their index is being built and they are too many to be looked through; when the
    /// database fails or a row is impossible.
    pub async fn customers_named_like(&self, name: &str) -> Result<Vec<Customer>, CatalogError> {
        let key = name_key(name);
        let mut longest: Vec<&str> = key.split(' ').filter(|w| w.chars().count() >= 3).collect();
        longest.sort_by_key(|w| std::cmp::Reverse(w.chars().count()));
        longest.truncate(2);
        let Some(wanted) = Wanted::beginning_with(&longest) else { return Ok(Vec::new()) };
        let listing = Listing {
            select: LISTED,
            conditions: vec!["c.merged_into IS NULL".to_owned(), is_there()],
            reach: "1 = 1".to_owned(),
            access: &Access::whole(),
            wanted: Some(wanted),
            after: None,
            most: 50,
            budget: BUDGET,
        };
        let mut tx = self.reading().await?;
        let rows: Vec<Row> = CUSTOMERS.oldest(&mut tx, &listing).await?;
        with_aliases(&mut tx, rows).await
    }

    /// Sends documents that wait because nobody knew whose they are through `link` again; how many. One that a
    /// reviewer holds stays with them. Safe to run at any time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rematch_waiting(&self) -> Result<u64, CatalogError> {
        let (mut done, mut tries) = (0, 0);
        loop {
            let batch = match self.rematch_some().await {
                // Another request matches the same documents again: what it leaves is for the next round.
                Err(error) if error.is_contention() && tries < REMATCH_TRIES => {
                    tries += 1;
                    continue;
                }
                other => other?,
            };
            done += batch;
            if batch == 0 {
                return Ok(done);
            }
        }
    }

    async fn rematch_some(&self) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        // The documents before their reviews, and in their order, as everywhere. What a person has said of one is not dropped:
        // it is not filed as it was read, nor without the other who is asked.
        let sql = tx.pick(
            "SELECT d.id FROM documents d JOIN reviews r ON r.document_id = d.id \
             WHERE d.awaits_customer AND d.status = 'in_review' AND r.resolved_at IS NULL \
               AND (r.claimed_by IS NULL OR r.claim_expires_at <= $1) \
               AND NOT EXISTS (SELECT 1 FROM opinions o WHERE o.document_id = d.id) ORDER BY d.id LIMIT 200",
            "SELECT d.id FROM documents d JOIN reviews r ON r.document_id = d.id \
             WHERE d.awaits_customer AND d.status = 'in_review' AND r.resolved_at IS NULL \
               AND (r.claimed_by IS NULL OR r.claim_expires_at <= $1) \
               AND NOT EXISTS (SELECT 1 FROM opinions o WHERE o.document_id = d.id) ORDER BY d.id LIMIT 200 \
             FOR NO KEY UPDATE OF d",
        );
        let rows = all!(tx, (Uuid,), sql, present)?;
        let mut done = 0;
        for (document,) in &rows {
            let id = DocumentId(*document);
            // Somebody may have said something while their document was waited for.
            let free = execute!(
                tx,
                "UPDATE reviews SET resolved_at = $2, resolved_by = 'acuse', resolution = 'rematched' \
                 WHERE document_id = $1 AND resolved_at IS NULL AND (claimed_by IS NULL OR claim_expires_at <= $2) \
                   AND NOT EXISTS (SELECT 1 FROM opinions o WHERE o.document_id = $1)",
                id.0,
                present
            )?;
            if free == 0 {
                continue;
            }
            let moved = execute!(
                tx,
                "UPDATE documents SET status = 'processing', stage = 'link', attempts = 0, next_attempt_at = NULL, \
                 reasons = '[]', awaits_customer = FALSE, waits_for = NULL, version = version + 1, updated_at = $2 \
                 WHERE id = $1 AND status = 'in_review'",
                id.0,
                present
            )?;
            if moved == 1 {
                done += 1;
                timeline::note(&mut tx, id, Stage::Link, "rematched", json!({})).await?;
                events::tell(&mut tx, "document.processing", id, json!({})).await?;
                push_stage(&mut tx, id, Stage::Link, None).await?;
            }
        }
        tx.commit().await?;
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_customer_are_kept_in_one_form() {
        assert_eq!(CustomerAlias::Phone.normalized("+34 600-11 22 33").as_deref(), Some("34600112233"));
        assert_eq!(CustomerAlias::Phone.normalized("0034600112233").as_deref(), Some("34600112233"));
        assert_eq!(CustomerAlias::TaxId.normalized("b-12.345.678").as_deref(), Some("B12345678"));
        assert_eq!(CustomerAlias::Email.normalized(" Ana@Example.COM ").as_deref(), Some("ana@example.com"));
        assert_eq!(CustomerAlias::Phone.normalized("n/a"), None);
        assert_eq!(CustomerAlias::Phone.normalized("57300\u{0}1112233"), None, "not without its NUL");
        assert_eq!(
            CustomerAlias::Phone.normalized("+54 9 11 2345 6789"),
            CustomerAlias::Phone.normalized("541123456789")
        );
        assert_eq!(name_key("  José  Pérez, S.L. "), "josé pérez s l");
    }
}
