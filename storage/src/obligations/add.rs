//! What is owed to us is handed in, once for each number of a customer's bills, and is reminded of from then on.

use serde_json::json;
use time::Date;

use super::{Obligation, Row, bills, columns, obligation, payments, to_text, written};
use crate::{
    access::Access,
    audit, cases,
    catalog::Catalog,
    conversation,
    documents::Amount,
    error::CatalogError,
    key_file::ErasedKind,
    merges,
    names::{ContactId, CustomerId, DocumentId, ObligationId, cut, micros},
    sql::{Tx, again},
};

/// Something that is owed to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObligation {
    /// Who owes it.
    pub customer: CustomerId,
    /// The number of its bill.
    pub number: String,
    /// How much.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
    /// When it is due.
    pub due: Date,
    /// Who is reminded; none: whoever of the customer agreed to be.
    pub contact: Option<ContactId>,
    /// From which of our numbers; none: that of the firm that is owed, where it has one, else whichever they wrote to last.
    pub phone_number_id: Option<String>,
    /// The bill of ours, where it was filed.
    pub document: Option<DocumentId>,
}

/// What became of an obligation that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owing {
    /// It is owed from now on.
    Added(Box<Obligation>),
    /// The customer has one of that number already, and it is this one.
    Before(Box<Obligation>),
    /// The customer has another one of that number.
    Differs,
    /// There is no such customer for this caller.
    NoCustomer,
    /// There is no such contact.
    NoContact,
    /// The document is no filed bill of ours that a customer owes.
    NotReceivable,
    /// Conversations are not led: nobody would be reminded.
    NotLed,
}

impl Catalog {
    /// Hands an obligation in: it is reminded of from now on, by stages.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn add_obligation(
        &self,
        access: &Access,
        new: &NewObligation,
        who: &str,
    ) -> Result<Owing, CatalogError> {
        if !self.reaches_customer(access, new.customer).await? {
            return Ok(Owing::NoCustomer);
        }
        again(|| self.try_add(access, new, who)).await
    }

    async fn try_add(&self, access: &Access, new: &NewObligation, who: &str) -> Result<Owing, CatalogError> {
        let mut tx = self.writing().await?;
        let customer = merges::written_of(&mut tx, new.customer).await?;
        let contact = match new.contact {
            Some(id) => Some(ContactId(merges::stands_for(&mut tx, ErasedKind::Contact, id.0).await?)),
            None => None,
        };
        let new = &NewObligation { customer, contact, ..new.clone() };
        if let Some(refused) = refused(&mut tx, access, new).await? {
            return Ok(refused);
        }
        let bill = cut(&new.number, 200);
        let before = by_number(&mut tx, access, (new.customer, bill.as_str())).await?;
        if let Some(before) = before {
            // Of what is withheld it is not said whether it was guessed: it has neither for this caller.
            let same = before.amount.as_deref() == Some(to_text(new.amount.0).as_str())
                && before.currency.as_deref() == Some(new.currency.as_str());
            return Ok(if same { Owing::Before(Box::new(before)) } else { Owing::Differs });
        }
        let ours = match &new.phone_number_id {
            Some(number) => Some(number.clone()),
            None => {
                let creditor = bills::creditor(&mut tx, new.document).await?;
                bills::number_of(&mut tx, creditor).await?
            }
        };
        let present = tx.now();
        let id = ObligationId::generate();
        execute!(
            tx,
            "INSERT INTO obligations (id, customer_id, number, amount, currency, due, state, created_at, updated_at, \
             contact_id, phone_number_id, document_id, made_by) \
             VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $7, $8, $9, $10, $11)",
            id.0,
            new.customer.0,
            bill.as_str(),
            to_text(new.amount.0),
            cut(&new.currency, 3),
            written(new.due),
            micros(present),
            new.contact.map(|c| c.0),
            ours.as_deref(),
            new.document.map(|d| d.0),
            cut(who, 200)
        )?;
        audit::write(&mut tx, who, "obligation_added", None, &json!({ "obligation_id": id })).await?;
        cases::schedule(&mut tx, new.customer, cases::Near::Bill(id)).await?;
        let added = by_number(&mut tx, access, (new.customer, bill.as_str())).await?;
        tx.commit().await?;
        added.map(|added| Owing::Added(Box::new(added))).ok_or(CatalogError::Missing { what: "obligation" })
    }
}

/// Why it is not taken in, where that is so.
async fn refused(tx: &mut Tx, access: &Access, new: &NewObligation) -> Result<Option<Owing>, CatalogError> {
    if tx.policies().is_none() {
        return Ok(Some(Owing::NotLed));
    }
    if let Some(document) = new.document
        && !is_receivable(tx, document, new.customer).await?
    {
        return Ok(Some(Owing::NotReceivable));
    }
    let Some(contact) = new.contact else { return Ok(None) };
    // Somebody of the customer, who may not have sent anything yet, or who exists for the caller.
    let text = format!(
        "SELECT COUNT(*) FROM contacts c WHERE c.id = $1 AND c.merged_into IS NULL \
         AND (c.customer_id = $2 OR {})",
        conversation::reach(access, tx)
    );
    let (known,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), contact.0, new.customer.0)?;
    Ok((known == 0).then_some(Owing::NoContact))
}

/// What a customer owes by this number of a bill.
async fn by_number(
    tx: &mut Tx,
    access: &Access,
    (customer, bill): (CustomerId, &str),
) -> Result<Option<Obligation>, CatalogError> {
    let columns = columns(tx, access);
    let text = format!("SELECT {columns} FROM obligations o WHERE o.customer_id = $1 AND o.number = $2");
    let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), customer.0, bill)?;
    match row {
        Some(row) => {
            let known = payments::known_of(tx, access, row.0).await?;
            obligation(row, known).map(Some)
        }
        None => Ok(None),
    }
}

/// Whether a document is a filed bill of ours that this customer owes.
async fn is_receivable(
    tx: &mut Tx,
    document: DocumentId,
    customer: CustomerId,
) -> Result<bool, CatalogError> {
    let (found,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM documents WHERE id = $1 AND status = 'filed' AND duplicate_of IS NULL \
         AND kind = 'invoice' AND direction = 'receivable' AND customer_id = $2",
        document.0,
        customer.0
    )?;
    Ok(found > 0)
}
