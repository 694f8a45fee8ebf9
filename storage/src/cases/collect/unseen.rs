//! Receipts that may pay what is owed and that no case shows: what they hold is reminded of no more, and what another one has
//! paid since was paid twice, so a person has to see them. A case begins with whoever is known of the customer's, for a person
//! alone; where nobody is, an incident says so.

use std::collections::BTreeSet;

use acuse_conversation::{Event, Kind};
use serde_json::json;
use uuid::Uuid;

use super::{About, Matter, OPEN, find_or_open, happens, hold_contact};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    incidents,
    names::{ContactId, CustomerId},
    sql::Tx,
};

/// A receipt may pay what a customer owes, and there is nobody of theirs with whom a case could begin; its subject is the
/// customer.
pub const UNSEEN: &str = "receipt_unseen";

/// Customers of whose debts receipts hold something.
pub(super) async fn holding(tx: &mut Tx) -> Result<Vec<Uuid>, CatalogError> {
    let rows = all!(tx, (Uuid,), "SELECT DISTINCT customer_id FROM obligations WHERE state = 'held'")?;
    Ok(rows.into_iter().map(|(customer,)| customer).collect())
}

/// With whom a case may begin that only a person has: who agreed to be reminded, else anybody of the customer's who has
/// written to us.
async fn anybody(tx: &mut Tx, customer: CustomerId) -> Result<Option<(ContactId, String)>, CatalogError> {
    let matter = Matter::of(tx, customer).await?;
    let held = matter.all.iter().zip(&matter.billed).filter(|(open, _)| !open.is_open).map(|(_, whom)| whom);
    if let Some(billed) = held.chain(&matter.billed).flatten().next() {
        return Ok(Some(billed.clone()));
    }
    let row = optional!(
        tx,
        (Uuid, String),
        "SELECT id, phone_number_id FROM contacts WHERE customer_id = $1 AND merged_into IS NULL \
         AND phone_number_id IS NOT NULL ORDER BY id LIMIT 1",
        customer.0
    )?;
    Ok(row.map(|(contact, number)| (ContactId(contact), number)))
}

/// The receipts that may pay what a customer owes, or what another one has paid since, and that no open case shows.
pub(super) async fn receipts(tx: &mut Tx, customer: CustomerId) -> Result<Vec<Uuid>, CatalogError> {
    let text = format!(
        "SELECT DISTINCT p.document_id FROM obligations o JOIN obligation_payments p ON p.obligation_id = o.id \
         WHERE o.customer_id = $1 AND o.state IN ('held', 'paid') AND p.state = 'proposed' AND NOT EXISTS (SELECT 1 \
           FROM case_documents d JOIN cases c ON c.id = d.case_id WHERE d.document_id = p.document_id \
           AND d.role = 'receipt' AND c.kind = 'collection' AND c.state IN {OPEN}) ORDER BY p.document_id LIMIT 100"
    );
    let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()), customer.0)?;
    Ok(rows.into_iter().map(|(document,)| document).collect())
}

/// Shows a person the receipts of a customer's that no open case shows; whether one does now.
pub(super) async fn show(tx: &mut Tx, customer: CustomerId) -> Result<bool, CatalogError> {
    let receipts = receipts(tx, customer).await?;
    if receipts.is_empty() {
        return Ok(true);
    }
    let Some((contact, number)) = anybody(tx, customer).await? else {
        let (detail, present) = (json!({ "customer_id": customer, "receipts": receipts.len() }), tx.now());
        incidents::open(tx, UNSEEN, &customer.to_string(), &detail, 1, present).await?;
        return Ok(false);
    };
    hold_contact(tx, contact).await?;
    let subject = customer.0.to_string();
    let about = About { contact, phone_number_id: &number, kind: Kind::Collection, subject: &subject };
    let held = find_or_open(tx, about).await?;
    for document in receipts {
        execute!(
            tx,
            "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'receipt') ON CONFLICT DO NOTHING",
            held.id.0,
            document
        )?;
    }
    happens(tx, held, Uuid::now_v7(), Event::ReceiptMatched { is_sure: false }).await?;
    Ok(true)
}

impl Catalog {
    /// Belt and braces: whatever ended their cases, of these customers' receipts a person knows.
    pub(super) async fn show_unseen(&self, customers: &[Uuid]) -> Result<(), CatalogError> {
        let told = incidents::subjects(&mut self.reading().await?, UNSEEN).await?;
        // Of what was told it is looked whether it is so still, also where nothing is held any more.
        let told_of = told.iter().filter_map(|subject| subject.parse().ok());
        let all: BTreeSet<Uuid> = customers.iter().copied().chain(told_of).collect();
        let mut unseen = Vec::new();
        for customer in all {
            let customer = CustomerId(customer);
            let mut tx = self.writing().await?;
            if !show(&mut tx, customer).await? {
                unseen.push(customer.to_string());
            }
            tx.commit().await?;
        }
        if !told.is_empty() {
            let unseen: Vec<&str> = unseen.iter().map(String::as_str).collect();
            self.resolve_incidents_beside(UNSEEN, &unseen).await?;
        }
        Ok(())
    }
}
