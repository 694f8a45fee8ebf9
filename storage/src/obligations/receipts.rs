//! Receipts that pay what is owed. A filed one is held against what its customer owes; within all guards it settles by
//! itself, else it is proposed to a person, who confirms or refuses it. A receipt that is reopened, corrected, rejected or
//! erased takes its payments back, in the transaction that changes it.

use acuse_conversation::{Doubt, Owed, Slip, pays};
use acuse_pipeline::{
    fields::{FieldName, Fields},
    reading::Fingerprint,
};
use serde::Serialize;
use serde_json::json;
use time::Date;
use uuid::Uuid;

use super::{Open, amount, day_of, open_of, to_text, written};
use crate::{
    access::{Access, Sensitivity},
    audit, cases,
    catalog::Catalog,
    documents::{Amount, look_alikes},
    error::CatalogError,
    house,
    names::{ContactId, CustomerId, DocumentId, ObligationId, json as parsed, micros, to_json},
    sql::{Tx, alone_by},
};

/// A receipt that pays an obligation, or may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// The receipt.
    pub document_id: DocumentId,
    /// How much of it goes there, in the obligation's currency; nothing while nobody said what it comes to there.
    pub amount: String,
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

/// A person's word on a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It pays all that it was proposed for.
    Pays,
    /// It pays so much of this obligation, in its currency; of others it was proposed for nothing is said.
    PaysOf(Amount),
    /// It pays nothing of it.
    Refused,
}

/// What became of a person's word on an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is done.
    Done,
    /// There is no such obligation, or nothing to decide there, for this caller.
    Missing,
    /// It is settled already.
    Over,
    /// It does not say in the obligation's currency how much was paid: whoever confirms it has to.
    NeedsAmount,
    /// It says so itself, or what was said is nothing.
    TakesNoAmount,
}

type PaymentRow = (Uuid, String, String, String, Option<String>, Option<i64>, Option<String>, String);

pub(super) async fn payments_of(tx: &mut Tx, obligation: Uuid) -> Result<Vec<Payment>, CatalogError> {
    let rows = all!(
        tx,
        PaymentRow,
        "SELECT p.document_id, p.amount, p.state, p.doubts, p.decided_by, d.amount, d.currency, d.sensitivity \
         FROM obligation_payments p JOIN documents d ON d.id = p.document_id WHERE p.obligation_id = $1 \
         ORDER BY p.created_at, p.document_id LIMIT 100",
        obligation
    )?;
    let mut payments = Vec::with_capacity(rows.len());
    for (document, share, state, doubts, decided_by, came, currency, sensitivity) in rows {
        let is_open = sensitivity == Sensitivity::Open.as_str();
        let needs_amount = state == "proposed" && is_unsaid(tx, DocumentId(document)).await?;
        payments.push(Payment {
            document_id: DocumentId(document),
            amount: share,
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

/// A document changed: what it paid is taken back where it no longer stands, and one that was filed may pay something.
pub(crate) async fn document_changed(
    tx: &mut Tx,
    document: DocumentId,
    kind: &str,
) -> Result<(), CatalogError> {
    let stands = matches!(kind, "document.filed" | "document.corrected");
    let leaves = matches!(
        kind,
        "document.in_review"
            | "document.rejected"
            | "document.duplicate"
            | "document.erased"
            | "document.processing"
            | "document.split"
            | "document.corrected"
            | "document.amended"
    );
    if leaves {
        take_back(tx, document).await?;
    }
    if leaves || stands {
        super::bills::follow(tx, document).await?;
    }
    if stands && tx.policies().is_some() {
        match_receipt(tx, document).await?;
    }
    Ok(())
}

type Receipt = (
    Option<Uuid>,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
    String,
);

async fn match_receipt(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    let row = optional!(
        tx,
        Receipt,
        "SELECT customer_id, contact_id, phone_number_id, text, amount, currency, issuer_tax_id, fields \
         FROM documents WHERE id = $1 AND status = 'filed' AND duplicate_of IS NULL AND kind = 'receipt' \
           AND source = 'whatsapp'",
        document.0
    )?;
    let Some((Some(customer), contact, number, text, paid, currency, payee, fields)) = row else {
        return Ok(());
    };
    let customer = CustomerId(customer);
    let owed = open_of(tx, customer).await?;
    if owed.is_empty() {
        return Ok(());
    }
    let fields: Fields = parsed("documents", "fields", &fields)?;
    let said = |name| fields.get(&name).map(|field| field.value.as_str().to_owned());
    let reference = said(FieldName::Number).map(|r| plain(&r)).filter(|r| !r.is_empty());
    let mut words = text.unwrap_or_default();
    words.extend(said(FieldName::Number).map(|n| format!(" {n}")));
    let currency = currency.map(|c| c.to_uppercase()).filter(|c| !c.is_empty());
    let slip = Slip {
        amount: paid,
        currency: currency.as_deref(),
        text: &words,
        day: said(FieldName::Date).or(said(FieldName::IssueDate)).and_then(|on| day_of(&on)),
        payee_is_ours: is_ours(tx, payee.as_deref(), &words).await?,
        reference_is_new: is_new(tx, document, reference.as_deref()).await?,
    };
    let list: Vec<Owed<'_>> = owed
        .iter()
        .map(|o| Owed { number: &o.number, left: o.left, currency: &o.currency, due: o.due })
        .collect();
    let rules = house::rules(tx).await?.collecting();
    let cap = slip.currency.map_or(0, |currency| rules.cap(currency));
    let found = pays(&slip, &list, cap);
    let which: Vec<&Open> = found.pays.iter().filter_map(|place| owed.get(*place)).collect();
    if which.is_empty() {
        return Ok(());
    }
    let sender = contact.map(ContactId).zip(number.as_deref());
    // What it comes to in another currency nobody but a person says.
    let is_comparable = !found.doubts.contains(&Doubt::Currency);
    let paid = paid.filter(|_| is_comparable).unwrap_or_default();
    let what = Matched { document, reference: reference.as_deref(), paid };
    propose(tx, &what, &which, &found.doubts).await?;
    let is_sure = found.doubts.is_empty();
    let whom = cases::matched(tx, customer, sender, (document.0, is_sure)).await?;
    if is_sure {
        let numbers = settle(tx, document, None, None).await?;
        if let Some((contact, number)) = whom {
            cases::thank(tx, (contact, &number), document.0.to_string(), &numbers).await?;
        }
        cases::schedule(tx, customer).await?;
    }
    Ok(())
}

/// Letters and figures alone, in one form.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// Whether what was paid went to one of us: by the payee's tax id, or to an account of ours that the paper names.
async fn is_ours(tx: &mut Tx, payee: Option<&str>, words: &str) -> Result<bool, CatalogError> {
    let rows = all!(tx, (String, String), "SELECT tax_ids, accounts FROM entities ORDER BY id LIMIT 1000")?;
    let words = plain(words);
    let payee = payee.map(plain);
    for (tax_ids, accounts) in rows {
        let tax_ids: Vec<String> = parsed("entities", "tax_ids", &tax_ids)?;
        let accounts: Vec<String> = parsed("entities", "accounts", &accounts)?;
        let by_tax_id =
            tax_ids.iter().map(|id| plain(id)).any(|id| !id.is_empty() && Some(&id) == payee.as_ref());
        // A short account stands in too many numbers.
        let by_account = accounts.iter().map(|a| plain(a)).any(|a| a.len() >= 8 && words.contains(&a));
        if by_tax_id || by_account {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a receipt has a reference that paid nothing yet, and is no picture of one that did, whoever sent that.
async fn is_new(tx: &mut Tx, document: DocumentId, reference: Option<&str>) -> Result<bool, CatalogError> {
    let Some(reference) = reference else { return Ok(false) };
    // Of two that come with one reference at once, the second finds what the first has done.
    alone_by(tx, &format!("reference {reference}")).await?;
    let (used,) = one!(
        tx,
        (i64,),
        "SELECT (SELECT COUNT(*) FROM obligation_payments p WHERE p.reference = $1 AND p.document_id <> $2 \
           AND p.state IN ('proposed', 'confirmed')) \
         + (SELECT COUNT(*) FROM documents d JOIN documents e ON e.id <> d.id AND e.part IS NULL AND d.part IS NULL \
             AND (e.original_sha256 = d.original_sha256 OR e.fingerprint = d.fingerprint) \
            WHERE d.id = $2 AND e.status <> 'rejected')",
        reference,
        document.0
    )?;
    Ok(used == 0 && !looks_used(tx, document).await?)
}

/// Whether its picture is nearly that of a receipt which paid something, or may have, whoever sent that.
async fn looks_used(tx: &mut Tx, document: DocumentId) -> Result<bool, CatalogError> {
    let (own,) = one!(tx, (Option<i64>,), "SELECT fingerprint FROM documents WHERE id = $1", document.0)?;
    let Some(own) = own else { return Ok(false) };
    for other in look_alikes(tx, document, Fingerprint(own.cast_unsigned())).await? {
        let (used,) = one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM obligation_payments WHERE document_id = $1 AND state IN ('proposed', 'confirmed')",
            other.0
        )?;
        if used > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A receipt that pays something.
struct Matched<'a> {
    document: DocumentId,
    reference: Option<&'a str>,
    /// Ten-thousandths of the currency of what it may pay.
    paid: i64,
}

/// Writes down what a receipt may pay, and holds the reminders of it.
async fn propose(
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
async fn settle(
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
    let (owed,) = one!(tx, (String,), "SELECT amount FROM obligations WHERE id = $1", id)?;
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
    )
    .map(drop)
}

/// A person says that a receipt pays; whoever sent it is thanked.
async fn confirm(
    tx: &mut Tx,
    document: DocumentId,
    one: Option<(ObligationId, Amount)>,
    who: &str,
) -> Result<(), CatalogError> {
    let numbers = settle(tx, document, one, Some(who)).await?;
    let row = optional!(
        tx,
        (Option<Uuid>, Option<String>),
        "SELECT contact_id, phone_number_id FROM documents WHERE id = $1",
        document.0
    )?;
    let Some((Some(contact), Some(number))) = row else { return Ok(()) };
    // Of one receipt that pays several one by one, for each.
    let nonce = one.map_or_else(|| document.to_string(), |(one, _)| format!("{document} {one}"));
    cases::thank(tx, (ContactId(contact), &number), nonce, &numbers).await
}

/// What a receipt was proposed to pay it does not.
async fn refuse(tx: &mut Tx, document: DocumentId, who: &str) -> Result<(), CatalogError> {
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

/// What a receipt paid, or might have, is owed as before.
async fn take_back(tx: &mut Tx, document: DocumentId) -> Result<(), CatalogError> {
    let rows = all!(
        tx,
        (Uuid, Uuid),
        "SELECT o.id, o.customer_id FROM obligation_payments p JOIN obligations o ON o.id = p.obligation_id \
         WHERE p.document_id = $1 AND p.state IN ('proposed', 'confirmed') ORDER BY o.id",
        document.0
    )?;
    let present = micros(tx.now());
    let mut customers = std::collections::BTreeSet::new();
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
        customers.insert(customer);
    }
    for customer in customers {
        cases::schedule(tx, CustomerId(customer)).await?;
    }
    Ok(())
}

impl Catalog {
    /// A person says that a receipt pays what it was proposed for, or that it does not. One that is in another currency, or
    /// says no amount, pays of one obligation what they say, in its currency.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn settle_receipt(
        &self,
        access: &Access,
        (id, document): (ObligationId, DocumentId),
        verdict: Verdict,
        who: &str,
    ) -> Result<Settled, CatalogError> {
        let Some(seen) = self.obligation(access, id).await? else { return Ok(Settled::Missing) };
        let proposed = |p: &&Payment| p.document_id == document && p.state == "proposed";
        let Some(payment) = seen.payments.iter().find(proposed) else {
            let known = seen.payments.iter().any(|p| p.document_id == document);
            return Ok(if known { Settled::Over } else { Settled::Missing });
        };
        match verdict {
            Verdict::Pays if payment.needs_amount => return Ok(Settled::NeedsAmount),
            Verdict::PaysOf(said) if !payment.needs_amount || said <= Amount::ZERO => {
                return Ok(Settled::TakesNoAmount);
            }
            _ => {}
        }
        let mut tx = self.writing().await?;
        // Of two who decide at once, one finds it settled.
        let present = micros(tx.now());
        let mine = execute!(
            tx,
            "UPDATE obligation_payments SET updated_at = $3 WHERE obligation_id = $1 AND document_id = $2 \
             AND state = 'proposed'",
            id.0,
            document.0,
            present
        )?;
        if mine != 1 {
            return Ok(Settled::Over);
        }
        match verdict {
            Verdict::Pays => confirm(&mut tx, document, None, who).await?,
            Verdict::PaysOf(said) => confirm(&mut tx, document, Some((id, said)), who).await?,
            Verdict::Refused => refuse(&mut tx, document, who).await?,
        }
        let detail = json!({ "obligation_id": id, "pays": verdict != Verdict::Refused });
        audit::write(&mut tx, who, "receipt_settled", Some(document), &detail).await?;
        cases::settled(&mut tx, seen.customer_id).await?;
        cases::schedule(&mut tx, seen.customer_id).await?;
        tx.commit().await?;
        Ok(Settled::Done)
    }

    /// A person writes down until when a debtor promised to pay; none: no more.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn promised(
        &self,
        access: &Access,
        id: ObligationId,
        until: Option<Date>,
        who: &str,
    ) -> Result<Settled, CatalogError> {
        let until = until.map(written);
        let sql = "UPDATE obligations SET promised_for = $2, updated_at = $3 WHERE id = $1 AND state IN ('open', 'held')";
        self.change(access, id, (sql, until.as_deref()), (who, "obligation_promised")).await
    }

    /// What is owed no more.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn cancel_obligation(
        &self,
        access: &Access,
        id: ObligationId,
        why: &str,
        who: &str,
    ) -> Result<Settled, CatalogError> {
        let sql = "UPDATE obligations SET state = CASE WHEN $2 IS NULL THEN state ELSE 'cancelled' END, updated_at = $3 \
             WHERE id = $1 AND state IN ('open', 'held')";
        self.change(access, id, (sql, Some(why)), (who, "obligation_cancelled")).await
    }

    async fn change(
        &self,
        access: &Access,
        id: ObligationId,
        (sql, value): (&'static str, Option<&str>),
        (who, action): (&str, &str),
    ) -> Result<Settled, CatalogError> {
        let Some(seen) = self.obligation(access, id).await? else { return Ok(Settled::Missing) };
        let mut tx = self.writing().await?;
        let present = micros(tx.now());
        if execute!(tx, sql, id.0, value, present)? != 1 {
            return Ok(Settled::Over);
        }
        let detail = json!({ "obligation_id": id, "said": value });
        audit::write(&mut tx, who, action, None, &detail).await?;
        cases::schedule(&mut tx, seen.customer_id).await?;
        tx.commit().await?;
        Ok(Settled::Done)
    }
}
