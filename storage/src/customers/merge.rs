//! Two customers that become one.

use serde_json::json;
use uuid::Uuid;

use super::{
    aliases_of, lookup,
    save::{lock, settle},
};
use crate::{
    audit,
    catalog::Catalog,
    error::CatalogError,
    events::{self, NewEvent},
    merges::with_merged,
    names::{CustomerId, DocumentId, micros},
    sql::{Tx, again},
    words::CUSTOMERS,
};

/// What became of two customers that were to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// They are one, with this many documents more.
    Done(u64),
    /// One of them is not there, or they are one already.
    Missing,
    /// The one that is to go became part of this one before: whoever means that one says so.
    MergedInto(CustomerId),
    /// Both are owed by number for the same thing; somebody must say which of the two it is.
    SameObligations,
}

impl Catalog {
    /// Makes `from` part of `into`: documents, senders, what is owed, names, and whoever is bound to it move; its id and its
    /// external id lead to `into` from then on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn merge_customers(
        &self,
        into: CustomerId,
        from: CustomerId,
        actor: &str,
    ) -> Result<Merged, CatalogError> {
        // Others write of both at the same moment.
        again(|| self.try_merge(into, from, actor)).await
    }

    async fn try_merge(
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
        if kept.id == gone.id {
            return Ok(Merged::Missing);
        }
        if gone.id != from {
            return Ok(Merged::MergedInto(gone.id));
        }
        let (kept, gone) = (kept.id.0, gone.id.0);
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
        let bound = bind_to(&mut tx, kept, gone).await?;
        let detail = json!({ "customer_id": kept, "from": gone, "documents": documents, "bound": bound });
        audit::write(&mut tx, actor, "customer_merged", None, &detail).await?;
        let told = NewEvent {
            data: json!({ "customer_id": kept, "from": gone, "documents": documents }),
            ..NewEvent::of_customer("customer.merged", kept, &["documents"])
        };
        events::write(&mut tx, &[told]).await?;
        events::tell_reassigned(&mut tx, &moved).await?;
        tx.commit().await?;
        Ok(Merged::Done(documents))
    }
}

/// Moves what is `gone`'s to `kept`; which documents.
async fn move_everything(tx: &mut Tx, kept: Uuid, gone: Uuid) -> Result<Vec<DocumentId>, CatalogError> {
    let mut documents = move_rows(tx, kept, gone).await?;
    // Whoever writes of it at this moment (`merges::written_of`) is waited for, and whoever comes later finds it merged.
    let sql = tx
        .pick("SELECT id FROM customers WHERE id = $1", "SELECT id FROM customers WHERE id = $1 FOR UPDATE");
    one!(tx, (Uuid,), sql, gone)?;
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE customers SET merged_into = $1, updated_at = $3 WHERE id = $2 OR merged_into = $2",
        kept,
        gone,
        present
    )?;
    documents.extend(move_rows(tx, kept, gone).await?);
    documents.sort_unstable();
    move_names(tx, kept, gone).await?;
    CUSTOMERS.forget(tx, gone).await?;
    execute!(tx, "UPDATE customers SET updated_at = $2 WHERE id = $1", kept, present)?;
    Ok(documents)
}

/// The rows that are of `gone`, or of whoever was merged into it; which of them are documents.
async fn move_rows(tx: &mut Tx, kept: Uuid, gone: Uuid) -> Result<Vec<DocumentId>, CatalogError> {
    let present = micros(tx.now());
    let documents = all!(
        tx,
        (Uuid,),
        concat!(
            "UPDATE documents SET customer_id = $1, version = version + 1, updated_at = $3 WHERE customer_id IN ",
            with_merged!("customers", "$2"),
            " RETURNING id"
        ),
        kept,
        gone,
        present
    )?;
    execute!(
        tx,
        concat!(
            "UPDATE contacts SET customer_id = $1, updated_at = $3 WHERE customer_id IN ",
            with_merged!("customers", "$2")
        ),
        kept,
        gone,
        present
    )?;
    execute!(
        tx,
        concat!(
            "UPDATE obligations SET customer_id = $1 WHERE customer_id IN ",
            with_merged!("customers", "$2")
        ),
        kept,
        gone
    )?;
    Ok(documents.into_iter().map(|(id,)| DocumentId(id)).collect())
}

async fn move_names(tx: &mut Tx, kept: Uuid, gone: Uuid) -> Result<(), CatalogError> {
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
    settle(tx, &held).await
}

/// Whoever is bound to `gone` is bound to `kept` too: the two are one, and what was told of `gone` before stays theirs. Who
/// they are.
async fn bind_to(tx: &mut Tx, kept: Uuid, gone: Uuid) -> Result<Vec<Uuid>, CatalogError> {
    let present = micros(tx.now());
    let rows = all!(
        tx,
        (Uuid,),
        "INSERT INTO bindings (holder_id, customer_id, created_at) \
         SELECT b.holder_id, $1, $3 FROM bindings b WHERE b.customer_id = $2 \
         ON CONFLICT DO NOTHING RETURNING holder_id",
        kept,
        gone,
        present
    )?;
    Ok(rows.into_iter().map(|(holder,)| holder).collect())
}
