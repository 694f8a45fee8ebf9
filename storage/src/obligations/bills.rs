//! Bills of ours that are owed because they were filed, where the house's rules say so ([`acuse_conversation::House`]).
//! What is owed follows its bill, in the transaction that changes it: corrected with it, withdrawn when it is reopened,
//! rejected, linked to another or erased, and owed again when it is filed again. What was paid stays paid.

use acuse_conversation::Sum;
use acuse_pipeline::fields::{FieldName, Fields};
use serde_json::json;
use time::Date;
use uuid::Uuid;

use super::{ObligationState, day_of, moved, payments::paid_of, to_text, written};
use crate::{
    cases,
    error::CatalogError,
    house,
    names::{CustomerId, DocumentId, ObligationId, Stage, cut, json as parsed, micros, word},
    sql::Tx,
    timeline,
};

/// A bill of ours as it is owed.
struct Bill {
    customer: Uuid,
    number: String,
    sum: Sum,
    due: Date,
    entity: Option<Uuid>,
}

/// What is owed by a bill already.
struct Known {
    id: Uuid,
    customer: Uuid,
    state: ObligationState,
    is_withdrawn: bool,
}

/// A document changed: what is owed by it follows.
pub(super) async fn follow(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    let known = owed_by(tx, document).await?;
    let bill = bill(tx, document).await?;
    let (was, is) = (known.as_ref().map(|known| known.customer), bill.as_ref().map(|bill| bill.customer));
    match (known, bill) {
        (None, None) => return Ok(()),
        (None, Some(bill)) => add(tx, document, &bill).await?,
        (Some(known), Some(bill)) => adjust(tx, document, &known, &bill).await?,
        (Some(known), None) => withdraw(tx, document, &known).await?,
    }
    let near = owed_by(tx, document).await?;
    let near = near.map_or(cases::Near::Nobody, |owed| cases::Near::Bill(ObligationId(owed.id)));
    let mut whose: Vec<Uuid> = was.into_iter().chain(is).collect();
    whose.dedup();
    for customer in whose {
        cases::schedule(tx, CustomerId(customer), near).await?;
    }
    Ok(())
}

/// A bill is another firm's of ours by now, or its money goes the other way, for it was said anew who we are: what is owed by
/// it follows. Nothing begins to be owed by that: a bill may have been paid long ago.
pub(crate) async fn reassigned(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    if owed_by(tx, document).await?.is_some() { follow(tx, document).await } else { Ok(()) }
}

async fn owed_by(tx: &mut Tx, document: DocumentId) -> Result<Option<Known>, CatalogError> {
    let row = optional!(
        tx,
        (Uuid, Uuid, String, Option<i64>),
        "SELECT id, customer_id, state, withdrawn_at FROM obligations WHERE document_id = $1 AND by_rule",
        document.0
    )?;
    row.map(|(id, customer, state, withdrawn)| {
        let state = word("obligations", "state", &state)?;
        Ok(Known { id, customer, state, is_withdrawn: withdrawn.is_some() })
    })
    .transpose()
}

type BillRow = (Option<Uuid>, Option<String>, Option<i64>, Option<String>, String, Option<Uuid>, i64);

/// What a document owes us as it stands: nothing unless it is a filed bill of ours, of a customer, and a rule says so.
async fn bill(tx: &mut Tx, document: DocumentId) -> Result<Option<Bill>, CatalogError> {
    let row = optional!(
        tx,
        BillRow,
        "SELECT customer_id, number, amount, currency, fields, entity_id, received_at FROM documents \
         WHERE id = $1 AND status = 'filed' AND duplicate_of IS NULL AND erased_at IS NULL AND kind = 'invoice' \
           AND direction = 'receivable' AND entity_id IS NOT NULL",
        document.0
    )?;
    let Some((Some(customer), Some(number), Some(owed), Some(currency), fields, entity, received)) = row
    else {
        return Ok(None);
    };
    let fields: Fields = parsed("documents", "fields", &fields)?;
    let on = |name| fields.get(&name).and_then(|field| day_of(field.value.as_str()));
    let came = crate::names::at("documents", "received_at", received)?.date();
    let issued = on(FieldName::IssueDate).or(on(FieldName::Date)).unwrap_or(came);
    let due = on(FieldName::DueDate);
    let sum = Sum { amount: owed, currency: currency.to_uppercase() };
    let number = fields.get(&FieldName::Number).map_or(number, |field| field.value.as_str().to_owned());
    let due = house::rules(tx).await?.owed_on(&sum, issued, due);
    Ok(due.map(|due| Bill { customer, number: cut(&number, 200), sum, due, entity }))
}

/// Another obligation of the customer's has this number: a person handed it in, or it is of another bill.
async fn is_taken(tx: &mut Tx, bill: &Bill, but: Uuid) -> Result<bool, CatalogError> {
    let (taken,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM obligations WHERE customer_id = $1 AND number = $2 AND id <> $3",
        bill.customer,
        bill.number.as_str(),
        but
    )?;
    Ok(taken > 0)
}

/// Which firm of ours is owed what is handed in: that of its bill, else the only one that there is.
pub(super) async fn creditor(
    tx: &mut Tx,
    document: Option<DocumentId>,
) -> Result<Option<Uuid>, CatalogError> {
    if let Some(document) = document {
        let sql = "SELECT entity_id FROM documents WHERE id = $1 AND entity_id IS NOT NULL";
        if let Some((entity,)) = optional!(tx, (Uuid,), sql, document.0)? {
            return Ok(Some(entity));
        }
    }
    let ours = all!(tx, (Uuid,), "SELECT id FROM entities ORDER BY id LIMIT 2")?;
    Ok(match ours.as_slice() {
        [(only,)] => Some(*only),
        _ => None,
    })
}

/// From which of our numbers its debtor is reminded: the first of the firm's that is owed.
pub(super) async fn number_of(tx: &mut Tx, entity: Option<Uuid>) -> Result<Option<String>, CatalogError> {
    let Some(entity) = entity else { return Ok(None) };
    let row = optional!(tx, (String,), "SELECT phone_number_ids FROM entities WHERE id = $1", entity)?;
    let Some((numbers,)) = row else { return Ok(None) };
    Ok(parsed::<Vec<String>>("entities", "phone_number_ids", &numbers)?.into_iter().next())
}

async fn add(tx: &mut Tx, document: DocumentId, bill: &Bill) -> Result<(), CatalogError> {
    let (handed_in,) =
        one!(tx, (i64,), "SELECT COUNT(*) FROM obligations WHERE document_id = $1", document.0)?;
    let id = ObligationId::generate();
    if handed_in > 0 || is_taken(tx, bill, id.0).await? {
        return Ok(());
    }
    let number = number_of(tx, bill.entity).await?;
    let present = tx.now();
    execute!(
        tx,
        "INSERT INTO obligations (id, customer_id, number, amount, currency, due, state, created_at, updated_at, \
         phone_number_id, document_id, entity_id, made_by, by_rule) \
         VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $7, $8, $9, $10, 'rule', TRUE)",
        id.0,
        bill.customer,
        bill.number.as_str(),
        to_text(bill.sum.amount),
        cut(&bill.sum.currency, 3),
        written(bill.due),
        micros(present),
        number.as_deref(),
        document.0,
        bill.entity
    )?;
    timeline::note(tx, document, Stage::Done, "owed", json!({ "obligation_id": id })).await
}

async fn adjust(tx: &mut Tx, document: DocumentId, known: &Known, bill: &Bill) -> Result<(), CatalogError> {
    if is_taken(tx, bill, known.id).await? {
        return withdraw(tx, document, known).await;
    }
    let present = tx.now();
    // Held while it is counted: its receipts may have paid more than it came to before.
    let sql = "UPDATE obligations SET updated_at = $2 WHERE id = $1";
    execute!(tx, sql, known.id, micros(present))?;
    let paid = paid_of(tx, known.id, bill.sum.amount).await?;
    let number = number_of(tx, bill.entity).await?;
    let state = match known.state {
        // A person said that it is owed no more.
        ObligationState::Cancelled if !known.is_withdrawn => ObligationState::Cancelled,
        _ if paid >= bill.sum.amount => ObligationState::Paid,
        ObligationState::Held if known.customer == bill.customer => ObligationState::Held,
        _ => ObligationState::Open,
    };
    execute!(
        tx,
        "UPDATE obligations SET customer_id = $2, number = $3, amount = $4, currency = $5, due = $6, state = $7, \
         entity_id = $8, withdrawn_at = NULL, updated_at = $9, paid = $10, phone_number_id = $11 WHERE id = $1",
        known.id,
        bill.customer,
        bill.number.as_str(),
        to_text(bill.sum.amount),
        cut(&bill.sum.currency, 3),
        written(bill.due),
        state.as_str(),
        bill.entity,
        micros(present),
        to_text(paid),
        number.as_deref()
    )?;
    moved(tx, known.id, known.state).await
}

/// It is owed no more, until its bill is filed again. What a receipt was proposed to pay of it is nothing now.
async fn withdraw(tx: &mut Tx, document: DocumentId, known: &Known) -> Result<(), CatalogError> {
    if known.state == ObligationState::Cancelled {
        return Ok(());
    }
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE obligations SET state = 'cancelled', withdrawn_at = $2, updated_at = $2 WHERE id = $1",
        known.id,
        present
    )?;
    execute!(
        tx,
        "UPDATE obligation_payments SET state = 'undone', updated_at = $2 WHERE obligation_id = $1 AND state = 'proposed'",
        known.id,
        present
    )?;
    let detail = json!({ "obligation_id": ObligationId(known.id) });
    timeline::note(tx, document, Stage::Done, "owed_no_more", detail).await
}
