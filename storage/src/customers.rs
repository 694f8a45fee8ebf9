//! Customers: whose the documents are, and by which names they are recognised.

use serde::{Deserialize, Serialize};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    documents::Page,
    error::CatalogError,
    events::{self, NewEvent},
    names::{CustomerId, DocumentId, Stage, at, clean_maybe, cut, micros, now, word, words},
    sql::Tx,
    stages::push_stage,
    timeline,
};

words! {
    /// A kind of name that a customer is recognised by.
    CustomerAlias, "customer alias" {
        /// Digits only.
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
            Self::Phone => {
                let digits: String = value.chars().filter(char::is_ascii_digit).take(32).collect();
                digits.strip_prefix("00").map(str::to_owned).unwrap_or(digits)
            }
            Self::Email => value.trim().chars().flat_map(char::to_lowercase).take(254).collect(),
            Self::TaxId | Self::IdNumber => {
                value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).take(64).collect()
            }
        };
        (!kept.is_empty() && !kept.contains('\0')).then_some(kept)
    }
}

/// What is said of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    fn aliases(&self) -> Vec<(CustomerAlias, String)> {
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
    /// When they were added.
    pub created_at: OffsetDateTime,
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

/// Whether a customer was added or brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    /// Added.
    Created(CustomerId),
    /// Was there; now as said.
    Updated(CustomerId),
}

impl Upserted {
    /// Which customer.
    #[must_use]
    pub fn id(self) -> CustomerId {
        match self {
            Self::Created(id) | Self::Updated(id) => id,
        }
    }
}

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

type Row = (Uuid, Option<String>, String, i64);

async fn with_aliases(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<Customer>, CatalogError> {
    let mut customers = Vec::with_capacity(rows.len());
    for (id, external_id, name, created) in rows {
        let aliases = all!(
            tx,
            (String, String),
            "SELECT kind, value FROM customer_aliases WHERE customer_id = $1 ORDER BY kind, value LIMIT 500",
            id
        )?
        .into_iter()
        .map(|(kind, value)| Ok((word("customer_aliases", "kind", &kind)?, value)))
        .collect::<Result<_, CatalogError>>()?;
        let created_at = at("customers", "created_at", created)?;
        customers.push(Customer { id: CustomerId(id), external_id, name, aliases, created_at });
    }
    Ok(customers)
}

/// The customer that this one is already, by external id, else by a tax id.
async fn known(tx: &mut Tx, new: &NewCustomer) -> Result<Option<Uuid>, CatalogError> {
    if let Some(external) = &new.external_id {
        let row =
            optional!(tx, (Uuid,), "SELECT id FROM customers WHERE external_id = $1", external.as_str())?;
        return Ok(row.map(|(id,)| id));
    }
    for (kind, value) in new.aliases().iter().filter(|(kind, _)| *kind == CustomerAlias::TaxId) {
        let row = optional!(
            tx,
            (Uuid,),
            "SELECT customer_id FROM customer_aliases WHERE kind = $1 AND value = $2 ORDER BY customer_id LIMIT 1",
            kind.as_str(),
            value.as_str()
        )?;
        if let Some((id,)) = row {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

async fn save(tx: &mut Tx, new: &NewCustomer) -> Result<Upserted, CatalogError> {
    let present = micros(now());
    let (name, key) = (cut(new.name.trim(), 256), name_key(&new.name));
    let external = clean_maybe(new.external_id.as_deref()).map(|e| cut(&e, 256));
    let known = known(tx, new).await?;
    let id = known.unwrap_or_else(|| CustomerId::generate().0);
    if known.is_some() {
        execute!(
            tx,
            "UPDATE customers SET name = $2, name_key = $3, external_id = COALESCE($4, external_id), updated_at = $5 \
             WHERE id = $1",
            id,
            name,
            key,
            external,
            present
        )?;
    } else {
        execute!(
            tx,
            "INSERT INTO customers (id, external_id, name, name_key, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $5)",
            id,
            external,
            name,
            key,
            present
        )?;
    }
    let aliases = new.aliases();
    insert!(
        tx,
        "INSERT INTO customer_aliases (kind, value, customer_id) VALUES ",
        3,
        " ON CONFLICT (kind, value, customer_id) DO NOTHING",
        &aliases,
        |q, (kind, value)| q.bind(kind.as_str()).bind(value.as_str()).bind(id)
    )?;
    let kind = if known.is_some() { "customer.updated" } else { "customer.created" };
    events::write(tx, &[NewEvent { kind, document: None, data: json!({ "customer_id": id }) }]).await?;
    let id = CustomerId(id);
    Ok(if known.is_some() { Upserted::Updated(id) } else { Upserted::Created(id) })
}

impl Catalog {
    /// Adds customers, or brings those up to date that are known by external id (or, without one, by a tax id); all
    /// or none. Call [`Catalog::rematch_waiting`] afterwards.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn upsert_customers(&self, customers: &[NewCustomer]) -> Result<Vec<Upserted>, CatalogError> {
        let mut tx = self.writing().await?;
        let mut done = Vec::with_capacity(customers.len());
        for new in customers {
            done.push(save(&mut tx, new).await?);
        }
        tx.commit().await?;
        Ok(done)
    }

    /// The customer.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn customer(&self, id: CustomerId) -> Result<Option<Customer>, CatalogError> {
        let mut tx = self.reading().await?;
        let rows =
            all!(tx, Row, "SELECT id, external_id, name, created_at FROM customers WHERE id = $1", id.0)?;
        Ok(with_aliases(&mut tx, rows).await?.pop())
    }

    /// Customers, newest first, whose name holds `q`, after the cursor (the last id of the page before).
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn customers(
        &self,
        q: Option<&str>,
        after: Option<CustomerId>,
        limit: u32,
    ) -> Result<Page<Customer, CustomerId>, CatalogError> {
        let mut tx = self.reading().await?;
        let limit = i64::from(limit.clamp(1, 500));
        let pattern = q.map(name_key).filter(|k| !k.is_empty()).map(|k| crate::documents::like(&k));
        let mut rows = all!(
            tx,
            Row,
            "SELECT id, external_id, name, created_at FROM customers \
             WHERE ($1 IS NULL OR name_key LIKE $1 ESCAPE '!') AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            pattern.as_deref(),
            after.map(|a| a.0),
            limit + 1
        )?;
        let more = rows.len() as i64 > limit;
        rows.truncate(limit as usize);
        let data = with_aliases(&mut tx, rows).await?;
        let next = if more { data.last().map(|c| c.id) } else { None };
        Ok(Page { data, next })
    }

    /// Customers known by one of these names, each with the kinds that matched. At most 50.
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
            "SELECT customer_id, kind FROM customer_aliases WHERE (kind, value) IN (VALUES ",
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
        for (id, kinds) in matched.into_iter().take(50) {
            let rows =
                all!(tx, Row, "SELECT id, external_id, name, created_at FROM customers WHERE id = $1", id)?;
            found.extend(with_aliases(&mut tx, rows).await?.pop().map(|c| (c, kinds)));
        }
        Ok(found)
    }

    /// Customers whose name shares one of the two longest words of `name`: for the caller to score. At most 50.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn customers_named_like(&self, name: &str) -> Result<Vec<Customer>, CatalogError> {
        let key = name_key(name);
        let mut words: Vec<&str> = key.split(' ').filter(|w| w.chars().count() >= 3).collect();
        words.sort_by_key(|w| std::cmp::Reverse(w.chars().count()));
        let mut patterns = words.iter().take(2).map(|w| crate::documents::like(w));
        let Some(first) = patterns.next() else { return Ok(Vec::new()) };
        let second = patterns.next();
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            Row,
            "SELECT id, external_id, name, created_at FROM customers \
             WHERE name_key LIKE $1 ESCAPE '!' OR ($2 IS NOT NULL AND name_key LIKE $2 ESCAPE '!') \
             ORDER BY id LIMIT 50",
            first.as_str(),
            second.as_deref()
        )?;
        with_aliases(&mut tx, rows).await
    }

    /// Sends documents that wait because nobody knew whose they are through `link` again; how many. One that a
    /// reviewer holds stays with them. Safe to run at any time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rematch_waiting(&self) -> Result<u64, CatalogError> {
        let mut done = 0;
        loop {
            let batch = self.rematch_some().await?;
            done += batch;
            if batch == 0 {
                return Ok(done);
            }
        }
    }

    async fn rematch_some(&self) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let present = micros(now());
        let rows = all!(
            tx,
            (Uuid,),
            "UPDATE reviews SET resolved_at = $1, resolved_by = 'acuse', resolution = 'rematched' WHERE id IN \
             (SELECT r.id FROM reviews r JOIN documents d ON d.id = r.document_id \
              WHERE d.awaits_customer AND d.status = 'in_review' AND r.resolved_at IS NULL \
                AND (r.claimed_by IS NULL OR r.claim_expires_at <= $1) ORDER BY r.id LIMIT 200) \
             AND resolved_at IS NULL AND (claimed_by IS NULL OR claim_expires_at <= $1) RETURNING document_id",
            present
        )?;
        let mut done = 0;
        for (document,) in &rows {
            let id = DocumentId(*document);
            let moved = execute!(
                tx,
                "UPDATE documents SET status = 'processing', stage = 'link', attempts = 0, next_attempt_at = NULL, \
                 reasons = '[]', awaits_customer = FALSE, version = version + 1, updated_at = $2 \
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
        assert_eq!(name_key("  José  Pérez, S.L. "), "josé pérez s l");
    }
}
