//! Events on their way into the feed: each is written in the transaction of the change that it tells, with what it means to
//! others.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{AMENDED, KINDS, RECEIVED};
use crate::{
    approvals,
    error::CatalogError,
    names::{DocumentId, micros},
    obligations, periods,
    sql::Tx,
};

/// One event on its way into the table.
pub(crate) struct NewEvent {
    pub kind: &'static str,
    pub document: Option<DocumentId>,
    pub data: Value,
}

impl NewEvent {
    /// A change of a customer's `members`.
    pub(crate) fn of_customer(kind: &'static str, id: Uuid, members: &[&'static str]) -> Self {
        Self { kind, document: None, data: json!({ "customer_id": id, "changed": members }) }
    }

    /// Which members changed, as the writer says: of a customer. Of a document the catalog knows ([`untold`]).
    fn said(&self) -> Vec<String> {
        let said = self.data.get("changed").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        said.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

/// Members in which a document differs from what stood when its last event was written; from now on they are told.
async fn untold(tx: &mut Tx, id: DocumentId) -> Result<Vec<String>, CatalogError> {
    let sql = "DELETE FROM document_untold WHERE document_id = $1 RETURNING member";
    let mut members: Vec<String> =
        all!(tx, (String,), sql, id.0)?.into_iter().map(|(member,)| member).collect();
    members.sort_unstable();
    Ok(members)
}

type DocumentNow = (i64, Option<String>, Option<Uuid>);

/// Puts events into the table, each with its document as it is in this transaction. A document that has just come is known
/// without asking: many come at once.
async fn put(tx: &mut Tx, events: &[NewEvent]) -> Result<(), CatalogError> {
    let (epoch,) = one!(tx, (i64,), "SELECT epoch FROM feed WHERE id = 1")?;
    let present = micros(tx.now());
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        debug_assert!(KINDS.contains(&event.kind), "{} is in no list of kinds", event.kind);
        let document: Option<DocumentNow> = match event.document {
            Some(_) if event.kind == RECEIVED => Some((0, None, None)),
            Some(id) => optional!(
                tx,
                DocumentNow,
                "SELECT version, kind, customer_id FROM documents WHERE id = $1",
                id.0
            )?,
            None => None,
        };
        let customer = event.data.get("customer_id").and_then(Value::as_str).and_then(|id| id.parse().ok());
        let customer: Option<Uuid> = document.as_ref().and_then(|d| d.2).or(customer);
        let changed = match event.document {
            Some(id) if event.kind != RECEIVED => untold(tx, id).await?,
            Some(_) => Vec::new(),
            None => event.said(),
        };
        rows.push((event, document, customer, json!(changed).to_string()));
    }
    insert!(
        tx,
        "INSERT INTO events (epoch, mark, at, kind, document_id, data, version, document_kind, customer_id, changed) \
         VALUES ",
        10,
        "",
        &rows,
        |q, (event, document, customer, changed)| q
            .bind(epoch)
            .bind(rand::random::<i64>())
            .bind(present)
            .bind(event.kind)
            .bind(event.document.map(|d| d.0))
            .bind(event.data.to_string())
            .bind(document.as_ref().map(|d| d.0))
            .bind(document.as_ref().and_then(|d| d.1.clone()))
            .bind(*customer)
            .bind(changed.clone())
    )
}

/// Writes events, with what they mean to others.
pub(crate) async fn write(tx: &mut Tx, events: &[NewEvent]) -> Result<(), CatalogError> {
    put(tx, events).await?;
    // Whatever changes a document tells it here, in its own transaction: a closed month hears of it too, and who is asked.
    for event in events.iter().filter(|e| e.kind != RECEIVED) {
        if let Some(id) = event.document {
            periods::adjust(tx, id, event.kind).await?;
            // Boxed, for what comes of it is told here too.
            Box::pin(obligations::document_changed(tx, id, event.kind)).await?;
            Box::pin(approvals::document_changed(tx, id, event.kind)).await?;
        }
    }
    Ok(())
}

pub(crate) async fn tell(
    tx: &mut Tx,
    kind: &'static str,
    document: DocumentId,
    data: Value,
) -> Result<(), CatalogError> {
    write(tx, &[NewEvent { kind, document: Some(document), data }]).await
}

/// Events of documents put at once: a power of two, which is looked up in one statement.
const CHUNK: usize = 512;

/// Of some documents those of which it is untold whose they are, and on which no decision can still be taken back: the end of
/// that tells it.
const OF_SOME: &str = "SELECT d.id FROM documents d WHERE d.id IN (VALUES ";
const REASSIGNED: &str = ") AND EXISTS (SELECT 1 FROM document_untold u WHERE u.document_id = d.id \
     AND u.member IN ('customer_id', 'entity_id', 'direction')) \
     AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.document_id = d.id)";

/// Tells of those of these documents that are somebody else's, or another firm's of ours, and of which nobody decided it one by
/// one: closed months hear of it too. What they paid and what is asked about them stands, for nobody said anything of that.
pub(crate) async fn tell_reassigned(tx: &mut Tx, documents: &[DocumentId]) -> Result<(), CatalogError> {
    for some in documents.chunks(CHUNK) {
        let rows = values!(tx, (Uuid,), OF_SOME, 1, REASSIGNED, some, |q, id| q.bind(id.0))?;
        let reassigned: HashSet<Uuid> = rows.into_iter().map(|(id,)| id).collect();
        let of_them = some.iter().filter(|id| reassigned.contains(&id.0));
        let amended = |id: &DocumentId| NewEvent { kind: AMENDED, document: Some(*id), data: json!({}) };
        let told: Vec<NewEvent> = of_them.map(amended).collect();
        put(tx, &told).await?;
        for id in told.iter().filter_map(|event| event.document) {
            periods::adjust(tx, id, AMENDED).await?;
        }
    }
    Ok(())
}
