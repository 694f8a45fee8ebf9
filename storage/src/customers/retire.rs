//! Customers that are deleted, and the names that two of them still dispute.

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    CustomerAlias, aliases_of, lookup,
    save::{lock, settle},
};
use crate::{
    audit,
    catalog::Catalog,
    documents::Page,
    erasure,
    error::CatalogError,
    events::{self, NewEvent},
    key_file::ErasedKind,
    merges::with_merged,
    names::{CustomerId, number, word},
    sql::{Bind, Query, Tx},
    words::CUSTOMERS,
};

/// What became of a customer that was to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// It is gone, with the names it was recognised by.
    Gone,
    /// There is none.
    Missing,
    /// It stays: it changed since it was looked at.
    Changed,
    /// It became part of this one: whoever means that one says so.
    MergedInto(CustomerId),
    /// It stays: it is under a legal hold.
    Held,
    /// It stays: this much is theirs.
    Owns {
        /// Documents.
        documents: u64,
        /// Senders who always write for them.
        contacts: u64,
        /// What they owe.
        obligations: u64,
    },
}

/// A name that several customers have: it recognises none of them until one alone has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasConflict {
    /// Its kind.
    pub kind: CustomerAlias,
    /// As it is kept.
    pub value: String,
    /// Who have it, with their names.
    pub customers: Vec<(CustomerId, String)>,
}

/// A place among the names in dispute: behind this one, as this customer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictCursor {
    kind: CustomerAlias,
    customer: CustomerId,
    value: String,
}

impl ConflictCursor {
    /// All that it says; a caller carries it sealed ([`Catalog::sealed_place`]).
    pub(super) fn text(&self) -> String {
        let Self { kind, customer, value } = self;
        format!("{kind} {customer} {value}")
    }

    pub(super) fn of_text(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (kind, customer, value) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { kind: kind.parse().ok()?, customer: customer.parse().ok()?, value: value.to_owned() })
    }
}

/// How many rows of a table are a customer's, or of those who were merged into them.
async fn count_of(tx: &mut Tx, table: &str, id: Uuid) -> Result<u64, CatalogError> {
    let text =
        format!("SELECT COUNT(*) FROM {table} WHERE customer_id IN {}", with_merged!("customers", "$1"));
    let (count,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), id)?;
    number("customers", "count", count)
}

impl Catalog {
    /// Deletes a customer to whom nothing belongs. Documents are never left without the customer they were filed
    /// under: one that has some is merged into another, or erased on purpose. With `seen` (when they had last changed) only
    /// as they were looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_customer(
        &self,
        (id, seen): (CustomerId, Option<OffsetDateTime>),
        actor: &str,
    ) -> Result<Retired, CatalogError> {
        let mut tx = self.writing().await?;
        lock(&mut tx).await?;
        let Some(customer) = lookup(&mut tx, id).await? else { return Ok(Retired::Missing) };
        if customer.id != id {
            return Ok(Retired::MergedInto(customer.id));
        }
        if seen.is_some_and(|seen| seen != customer.updated_at) {
            return Ok(Retired::Changed);
        }
        let id = id.0;
        if erasure::is_held(&mut tx, ErasedKind::Customer, id).await? {
            return Ok(Retired::Held);
        }
        let documents = count_of(&mut tx, "documents", id).await?;
        let contacts = count_of(&mut tx, "contacts", id).await?;
        let obligations = count_of(&mut tx, "obligations", id).await?;
        if documents + contacts + obligations > 0 {
            return Ok(Retired::Owns { documents, contacts, obligations });
        }
        let held: Vec<_> = aliases_of(&mut tx, id).await?.into_iter().map(|(k, v, _)| (k, v)).collect();
        execute!(tx, "DELETE FROM customer_aliases WHERE customer_id = $1", id)?;
        settle(&mut tx, &held).await?;
        CUSTOMERS.forget(&mut tx, id).await?;
        execute!(tx, "DELETE FROM customers WHERE merged_into = $1", id)?;
        execute!(tx, "DELETE FROM customers WHERE id = $1", id)?;
        audit::write(&mut tx, actor, "customer_deleted", None, &json!({ "customer_id": id })).await?;
        events::write(&mut tx, &[NewEvent::of_customer("customer.deleted", id, &[])]).await?;
        tx.commit().await?;
        Ok(Retired::Gone)
    }

    /// Names that several customers have, which recognise nobody until that is settled: a page of so many customers, after
    /// the place where the page before ended. A name whose customers are on several pages is on each of them.
    ///
    /// # Errors
    /// When the database fails, takes too long, or a row is impossible.
    pub async fn alias_conflicts(
        &self,
        after: Option<&ConflictCursor>,
        limit: u32,
    ) -> Result<Page<AliasConflict, ConflictCursor>, CatalogError> {
        let mut tx = self.searching().await?;
        let limit = limit.clamp(1, 500) as usize;
        let mut query = Query::default();
        query.and("a.disputed");
        if let Some(ConflictCursor { kind, customer, value }) = after {
            let place = [Bind::text(kind.as_str()), Bind::text(value), Bind::Id(customer.0)];
            let place = place.map(|bind| query.bind(bind)).join(", ");
            query.and(format!("(a.kind, a.value, a.customer_id) > ({place})"));
        }
        let text = format!(
            "SELECT a.kind, a.value, c.id, c.name FROM customer_aliases a JOIN customers c ON c.id = a.customer_id \
             WHERE {} ORDER BY a.kind, a.value, a.customer_id LIMIT {}",
            query.all(),
            limit + 1
        );
        let mut rows = all_of!(tx, (String, String, Uuid, String), text, query.binds)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let mut data: Vec<AliasConflict> = Vec::new();
        let mut last = None;
        for (kind, value, id, name) in rows {
            let kind: CustomerAlias = word("customer_aliases", "kind", &kind)?;
            last = Some(ConflictCursor { kind, customer: CustomerId(id), value: value.clone() });
            match data.last_mut() {
                Some(last) if last.kind == kind && last.value == value => {
                    last.customers.push((CustomerId(id), name));
                }
                _ => data.push(AliasConflict { kind, value, customers: vec![(CustomerId(id), name)] }),
            }
        }
        Ok(Page { data, next: last.filter(|_| more) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_among_the_conflicts_comes_back_and_no_other_text_is_one() {
        for value in ["B12345678", "A 1  2", ""] {
            let customer = CustomerId(Uuid::now_v7());
            let place = ConflictCursor { kind: CustomerAlias::TaxId, customer, value: value.to_owned() };
            assert_eq!(ConflictCursor::of_text(&place.text()), Some(place));
        }
        let id = Uuid::now_v7();
        for not in [format!("tax_id {id}"), format!("name {id} x"), "phone x 1".to_owned(), String::new()] {
            assert_eq!(ConflictCursor::of_text(&not), None, "{not}");
        }
    }
}
