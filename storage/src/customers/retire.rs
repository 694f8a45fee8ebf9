//! Customers that go: deleted, or merged into another. And the names that two of them still dispute.

use serde_json::json;
use uuid::Uuid;

use super::{
    CustomerAlias, aliases_of, lookup,
    save::{lock, settle},
};
use crate::{
    audit,
    catalog::Catalog,
    documents::Page,
    error::CatalogError,
    events::{self, NewEvent},
    names::{CustomerId, DocumentId, micros, number, word},
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

/// What became of two customers that were to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// They are one, with this many documents more.
    Done(u64),
    /// One of them is not there, or they are one already.
    Missing,
    /// Both are owed by number for the same thing; somebody must say which of the two it is.
    SameObligations,
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

async fn count_of(tx: &mut Tx, sql: &'static str, id: Uuid) -> Result<u64, CatalogError> {
    let (count,) = one!(tx, (i64,), sql, id)?;
    number("customers", "count", count)
}

impl Catalog {
    /// Deletes a customer to whom nothing belongs. Documents are never left without the customer they were filed
    /// under: one that has some is merged into another, or erased on purpose.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_customer(&self, id: CustomerId, actor: &str) -> Result<Retired, CatalogError> {
        let mut tx = self.writing().await?;
        lock(&mut tx).await?;
        let Some(customer) = lookup(&mut tx, id).await? else { return Ok(Retired::Missing) };
        let id = customer.id.0;
        let documents =
            count_of(&mut tx, "SELECT COUNT(*) FROM documents WHERE customer_id = $1", id).await?;
        let contacts = count_of(&mut tx, "SELECT COUNT(*) FROM contacts WHERE customer_id = $1", id).await?;
        let obligations =
            count_of(&mut tx, "SELECT COUNT(*) FROM obligations WHERE customer_id = $1", id).await?;
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

    /// Makes `from` part of `into`: documents, senders, what is owed and names move; its external id leads to `into`
    /// from then on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn merge_customers(
        &self,
        into: CustomerId,
        from: CustomerId,
        actor: &str,
    ) -> Result<Merged, CatalogError> {
        let mut tx = self.writing().await?;
        lock(&mut tx).await?;
        let (Some(kept), Some(gone)) = (lookup(&mut tx, into).await?, lookup(&mut tx, from).await?) else {
            return Ok(Merged::Missing);
        };
        let (kept, gone) = (kept.id.0, gone.id.0);
        if kept == gone {
            return Ok(Merged::Missing);
        }
        let (same,) = one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM obligations a JOIN obligations b ON b.number = a.number \
             WHERE a.customer_id = $1 AND b.customer_id = $2",
            kept,
            gone
        )?;
        if same > 0 {
            return Ok(Merged::SameObligations);
        }
        let moved = move_everything(&mut tx, kept, gone).await?;
        let documents = moved.len() as u64;
        let detail = json!({ "customer_id": kept, "from": gone, "documents": documents });
        audit::write(&mut tx, actor, "customer_merged", None, &detail).await?;
        let told =
            NewEvent { data: detail, ..NewEvent::of_customer("customer.merged", kept, &["documents"]) };
        events::write(&mut tx, &[told]).await?;
        events::tell_reassigned(&mut tx, &moved).await?;
        tx.commit().await?;
        Ok(Merged::Done(documents))
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

/// Moves what is `gone`'s to `kept`; which documents.
async fn move_everything(tx: &mut Tx, kept: Uuid, gone: Uuid) -> Result<Vec<DocumentId>, CatalogError> {
    let present = micros(tx.now());
    let documents = all!(
        tx,
        (Uuid,),
        "UPDATE documents SET customer_id = $1, version = version + 1, updated_at = $3 WHERE customer_id = $2 \
         RETURNING id",
        kept,
        gone,
        present
    )?;
    execute!(
        tx,
        "UPDATE contacts SET customer_id = $1, updated_at = $3 WHERE customer_id = $2",
        kept,
        gone,
        present
    )?;
    execute!(tx, "UPDATE obligations SET customer_id = $1 WHERE customer_id = $2", kept, gone)?;
    let held: Vec<_> = aliases_of(tx, gone).await?.into_iter().map(|(k, v, _)| (k, v)).collect();
    execute!(tx, "DELETE FROM customer_aliases WHERE customer_id = $1", gone)?;
    // Still in dispute with somebody else: as it was. With each other alone: settled.
    for (kind, value) in &held {
        execute!(
            tx,
            "INSERT INTO customer_aliases (kind, value, customer_id, disputed) \
             SELECT $1, $2, $3, EXISTS (SELECT 1 FROM customer_aliases o WHERE o.kind = $1 AND o.value = $2 \
               AND o.customer_id <> $3 AND $1 <> 'email') WHERE true \
             ON CONFLICT (kind, value, customer_id) DO NOTHING",
            kind.as_str(),
            value.as_str(),
            kept
        )?;
    }
    settle(tx, &held).await?;
    CUSTOMERS.forget(tx, gone).await?;
    execute!(tx, "UPDATE customers SET merged_into = $1 WHERE merged_into = $2", kept, gone)?;
    execute!(
        tx,
        "UPDATE customers SET merged_into = $1, updated_at = $3 WHERE id = $2",
        kept,
        gone,
        present
    )?;
    execute!(tx, "UPDATE customers SET updated_at = $2 WHERE id = $1", kept, present)?;
    let mut documents: Vec<DocumentId> = documents.into_iter().map(|(id,)| DocumentId(id)).collect();
    documents.sort_unstable();
    Ok(documents)
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
