//! A person's word on what is owed: whether a receipt pays it, until when it is promised, that it is owed no more.

use serde_json::json;
use time::Date;
use uuid::Uuid;

use super::{
    payments::{Payment, refuse, settle},
    written,
};
use crate::{
    access::Access,
    audit, cases,
    catalog::Catalog,
    documents::{self, Amount},
    error::CatalogError,
    names::{ContactId, DocumentId, ObligationId, micros},
    sql::Tx,
};

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
    /// The receipt is withheld from this caller: they do not know what they decide on.
    Withheld,
    /// It is settled already.
    Over,
    /// It does not say in the obligation's currency how much was paid: whoever confirms it has to.
    NeedsAmount,
    /// It says so itself, or what was said is nothing.
    TakesNoAmount,
}

/// Whether a receipt is withheld from a caller; one that is not there is.
async fn withholds(tx: &mut Tx, access: &Access, document: DocumentId) -> Result<bool, CatalogError> {
    let receipt = documents::lookup(tx, document).await?;
    Ok(receipt.is_none_or(|receipt| access.withholds(receipt.sensitivity)))
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
        if !seen.payments.iter().any(|p| p.document_id == document) {
            return Ok(Settled::Missing);
        }
        // What became of a receipt that is withheld is not told either.
        if withholds(&mut self.reading().await?, access, document).await? {
            return Ok(Settled::Withheld);
        }
        let proposed = |p: &&Payment| p.document_id == document && p.state == "proposed";
        let Some(payment) = seen.payments.iter().find(proposed) else { return Ok(Settled::Over) };
        match verdict {
            Verdict::Pays if payment.needs_amount => return Ok(Settled::NeedsAmount),
            Verdict::PaysOf(said) if !payment.needs_amount || said <= Amount::ZERO => {
                return Ok(Settled::TakesNoAmount);
            }
            _ => {}
        }
        let mut tx = self.writing().await?;
        if withholds(&mut tx, access, document).await? {
            return Ok(Settled::Withheld);
        }
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
        let with = cases::settled(&mut tx, seen.customer_id, document).await?;
        let near = with.map_or(cases::Near::Bill(id), cases::Near::Held);
        cases::schedule(&mut tx, seen.customer_id, near).await?;
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
        cases::schedule(&mut tx, seen.customer_id, cases::Near::Bill(id)).await?;
        tx.commit().await?;
        Ok(Settled::Done)
    }
}
