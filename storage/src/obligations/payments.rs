//! What receipts pay of what is owed, a row for each receipt and obligation: it is proposed, then confirmed or refused, and
//! undone with its receipt. With every row of it the obligation is stated anew.

use std::collections::BTreeMap;

use acuse_conversation::Doubt;
use serde::Serialize;
use uuid::Uuid;

use super::{Open, amount, moved, to_text};
use crate::{
    access::{Access, Sensitivity},
    cases,
    documents::Amount,
    error::CatalogError,
    names::{CustomerId, DocumentId, ObligationId, json as parsed, micros, to_json, word},
    sql::Tx,
};

/// A receipt that pays an obligation, or may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// The receipt.
    pub document_id: DocumentId,
    /// How much of it goes there, in the obligation's currency; nothing while nobody said what it comes to there. Absent where
    /// the receipt is withheld from the reader: it is a part of what that says.
    pub amount: Option<String>,
    /// What the receipt says was paid, a decimal with a point; none where it says none, or is not for everybody's eyes.
    pub came_amount: Option<String>,
    /// In which currency, likewise.
    pub came_currency: Option<String>,
    /// `proposed`, `confirmed`, `refused`, `undone`.
    pub state: String,
    /// Why a person looks: `payee`, `reference`, `amount`, `currency`, `ambiguous`, `cap`.
    pub doubts: Vec<String>,
    /// Whether who confirms it has to say how much of the obligation it pays.
    pub needs_amount: bool,
    /// Who confirmed or refused it; none: it settled by itself, or nobody has.
    pub decided_by: Option<String>,
}

type PaymentRow = (Uuid, String, String, String, Option<String>, Option<i64>, Option<String>, String);

/// What a reader may know of the payments of an obligation.
pub(super) struct Known {
    pub payments: Vec<Payment>,
    /// Whether they may be told what is paid in all.
    pub is_sum_told: bool,
}

/// What a reader may know of the payments of an obligation.
pub(super) async fn known_of(tx: &mut Tx, access: &Access, obligation: Uuid) -> Result<Known, CatalogError> {
    let payments = payments_of(tx, access, obligation).await?;
    Ok(Known { payments, is_sum_told: is_sum_told(tx, access, obligation).await? })
}

/// Whether nothing that is paid was paid by a receipt whose amount this reader may not have.
async fn is_sum_told(tx: &mut Tx, access: &Access, obligation: Uuid) -> Result<bool, CatalogError> {
    if access.sees_all() {
        return Ok(true);
    }
    let text = format!(
        "SELECT COUNT(*) FROM obligation_payments p JOIN documents d ON d.id = p.document_id \
         WHERE p.obligation_id = $1 AND p.state = 'confirmed' AND ({} AND {}) IS NOT TRUE",
        access.reach(tx, "d"),
        access.told("d")
    );
    let (hidden,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), obligation)?;
    Ok(hidden == 0)
}

/// The first 100 that exist for this reader.
async fn payments_of(tx: &mut Tx, access: &Access, obligation: Uuid) -> Result<Vec<Payment>, CatalogError> {
    let text = format!(
        "SELECT p.document_id, p.amount, p.state, p.doubts, p.decided_by, d.amount, d.currency, d.sensitivity \
         FROM obligation_payments p JOIN documents d ON d.id = p.document_id WHERE p.obligation_id = $1 \
         AND {} ORDER BY p.created_at, p.document_id LIMIT 100",
        access.reach(tx, "d")
    );
    let rows = all!(tx, PaymentRow, sqlx::AssertSqlSafe(text.clone()), obligation)?;
    let mut payments = Vec::with_capacity(rows.len());
    for (document, share, state, doubts, decided_by, came, currency, sensitivity) in rows {
        let is_open = sensitivity == Sensitivity::Open.as_str();
        let needs_amount = state == "proposed" && is_unsaid(tx, DocumentId(document)).await?;
        payments.push(Payment {
            document_id: DocumentId(document),
            amount: Some(share).filter(|_| is_open || access.sees_ids()),
            came_amount: came.filter(|_| is_open).map(to_text),
            came_currency: currency.filter(|_| is_open).map(|currency| currency.to_uppercase()),
            state,
            doubts: parsed("obligation_payments", "doubts", &doubts)?,
            needs_amount,
            decided_by,
        });
    }
    Ok(payments)
}

/// Whether nobody has said what a proposed receipt comes to in the currency of what it may pay: it was proposed for
/// nothing of any.
async fn is_unsaid(tx: &mut Tx, document: DocumentId) -> Result<bool, CatalogError> {
    let shares = all!(
        tx,
        (String,),
        "SELECT amount FROM obligation_payments WHERE document_id = $1 AND state = 'proposed'",
        document.0
    )?;
    for (share,) in shares {
        if amount("amount", &share)? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A receipt that pays something.
pub(super) struct Matched<'a> {
    pub document: DocumentId,
    pub reference: Option<&'a str>,
    /// Ten-thousandths of the currency of what it may pay.
    pub paid: i64,
}

/// Writes down what a receipt may pay, and holds the reminders of it.
pub(super) async fn propose(
    tx: &mut Tx,
    what: &Matched<'_>,
    which: &[&Open],
    doubts: &[Doubt],
) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    let doubts: Vec<&str> = doubts.iter().map(|doubt| doubt.as_str()).collect();
    let mut left = what.paid;
    for open in which {
        let share = open.left.min(left).max(0);
        left -= share;
        execute!(
            tx,
            "INSERT INTO obligation_payments (obligation_id, document_id, amount, reference, state, doubts, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, 'proposed', $5, $6, $6) \
             ON CONFLICT (obligation_id, document_id) DO UPDATE SET amount = excluded.amount, \
               reference = excluded.reference, state = 'proposed', doubts = excluded.doubts, decided_by = NULL, \
               updated_at = excluded.updated_at",
            open.id.0,
            what.document.0,
            to_text(share),
            what.reference,
            to_json("doubts", &doubts)?,
            present
        )?;
        execute!(
            tx,
            "UPDATE obligations SET state = 'held', updated_at = $2 WHERE id = $1",
            open.id.0,
            present
        )?;
    }
    Ok(())
}

/// What a receipt was proposed to pay is paid, all of it or so much of one; the numbers of the bills.
pub(super) async fn settle(
    tx: &mut Tx,
    document: DocumentId,
    one: Option<(ObligationId, Amount)>,
    who: Option<&str>,
) -> Result<Vec<String>, CatalogError> {
    let present = micros(tx.now());
    let rows = all!(
        tx,
        (Uuid, String),
        "SELECT o.id, o.number FROM obligation_payments p JOIN obligations o ON o.id = p.obligation_id \
         WHERE p.document_id = $1 AND p.state = 'proposed' ORDER BY o.id",
        document.0
    )?;
    let mut numbers = Vec::with_capacity(rows.len());
    for (id, bill) in rows.into_iter().filter(|(id, _)| one.is_none_or(|(one, _)| one.0 == *id)) {
        execute!(
            tx,
            "UPDATE obligation_payments SET state = 'confirmed', decided_by = $3, updated_at = $4, \
             amount = COALESCE($5, amount) WHERE obligation_id = $1 AND document_id = $2",
            id,
            document.0,
            who,
            present,
            one.map(|(_, said)| to_text(said.0))
        )?;
        restate(tx, id).await?;
        numbers.push(bill);
    }
    Ok(numbers)
}

/// How much of an obligation of so much its confirmed receipts pay: each its own share, and together never more than is
/// owed. The caller holds the obligation, so that of two at once neither is forgotten.
pub(super) async fn paid_of(tx: &mut Tx, id: Uuid, owed: i64) -> Result<i64, CatalogError> {
    let shares = all!(
        tx,
        (String,),
        "SELECT amount FROM obligation_payments WHERE obligation_id = $1 AND state = 'confirmed'",
        id
    )?;
    let mut paid = 0_i64;
    for (share,) in shares {
        paid = paid.saturating_add(amount("amount", &share)?);
    }
    Ok(paid.min(owed.max(0)))
}

/// Where an obligation stands by its receipts: paid, held by one that still may pay it, or owed.
async fn restate(tx: &mut Tx, id: Uuid) -> Result<(), CatalogError> {
    let present = micros(tx.now());
    // Held from here on: whoever settles another receipt of it waits, and counts this one.
    let sql = "UPDATE obligations SET updated_at = $2 WHERE id = $1";
    execute!(tx, sql, id, present)?;
    let (owed, before) =
        one!(tx, (String, String), "SELECT amount, state FROM obligations WHERE id = $1", id)?;
    let owed = amount("amount", &owed)?;
    let paid = paid_of(tx, id, owed).await?;
    execute!(
        tx,
        "UPDATE obligations SET paid = $2, state = CASE WHEN state = 'cancelled' THEN state \
           WHEN $3 THEN 'paid' WHEN EXISTS (SELECT 1 FROM obligation_payments p \
             WHERE p.obligation_id = obligations.id AND p.state = 'proposed') THEN 'held' ELSE 'open' END WHERE id = $1",
        id,
        to_text(paid),
        paid >= owed
    )?;
    moved(tx, id, word("obligations", "state", &before)?).await
}

/// What a receipt was proposed to pay it does not.
pub(super) async fn refuse(tx: &mut Tx, document: DocumentId, who: &str) -> Result<(), CatalogError> {
    let rows = all!(
        tx,
        (Uuid,),
        "SELECT obligation_id FROM obligation_payments WHERE document_id = $1 AND state = 'proposed' \
         ORDER BY obligation_id",
        document.0
    )?;
    let present = micros(tx.now());
    execute!(
        tx,
        "UPDATE obligation_payments SET state = 'refused', decided_by = $2, updated_at = $3 \
         WHERE document_id = $1 AND state = 'proposed'",
        document.0,
        who,
        present
    )?;
    for (id,) in rows {
        restate(tx, id).await?;
    }
    Ok(())
}

/// What a receipt might have paid is owed as before, and what it paid where `paid` says so.
pub(super) async fn take_back(tx: &mut Tx, document: DocumentId, paid: bool) -> Result<(), CatalogError> {
    let rows = all!(
        tx,
        (Uuid, Uuid),
        "SELECT o.id, o.customer_id FROM obligation_payments p JOIN obligations o ON o.id = p.obligation_id \
         WHERE p.document_id = $1 AND (p.state = 'proposed' OR (p.state = 'confirmed' AND $2)) ORDER BY o.id",
        document.0,
        paid
    )?;
    let present = micros(tx.now());
    let mut customers = BTreeMap::new();
    for (id, customer) in rows {
        execute!(
            tx,
            "UPDATE obligation_payments SET state = 'undone', updated_at = $3 \
             WHERE obligation_id = $1 AND document_id = $2",
            id,
            document.0,
            present
        )?;
        restate(tx, id).await?;
        customers.insert(customer, ObligationId(id));
    }
    for (customer, bill) in customers {
        cases::schedule(tx, CustomerId(customer), cases::Near::Bill(bill)).await?;
    }
    Ok(())
}
