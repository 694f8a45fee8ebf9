//! Who waits for whom: steps of one contact come one after the other, in every process.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::approve;
use crate::{
    documents,
    error::CatalogError,
    names::{CaseId, ContactId, DocumentId},
    sql::Tx,
};

/// Makes other transactions on this contact's cases wait for this one.
pub(crate) async fn hold_contact(tx: &mut Tx, contact: ContactId) -> Result<(), CatalogError> {
    execute!(tx, "UPDATE contacts SET updated_at = updated_at WHERE id = $1", contact.0).map(drop)
}

/// The same by one of their cases.
pub(super) async fn hold_contact_of(tx: &mut Tx, id: CaseId) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE contacts SET updated_at = updated_at WHERE id = (SELECT c.contact_id FROM cases c WHERE c.id = $1)",
        id.0
    )
    .map(drop)
}

/// The same of a document that waits for somebody: its contact's cases and those of whoever is asked about it come first,
/// then the document itself.
pub(crate) async fn hold_document(tx: &mut Tx, id: DocumentId) -> Result<(), CatalogError> {
    hold_document_for(tx, id, &[]).await
}

/// The same for whoever is to be asked about it.
pub(crate) async fn hold_document_for(
    tx: &mut Tx,
    id: DocumentId,
    asked: &[ContactId],
) -> Result<(), CatalogError> {
    let sender = optional!(tx, (Option<Uuid>,), "SELECT contact_id FROM documents WHERE id = $1", id.0)?;
    let mut whom: BTreeSet<Uuid> = asked.iter().map(|contact| contact.0).collect();
    whom.extend(sender.and_then(|(sender,)| sender));
    whom.extend(approve::asked_about(tx, id).await?);
    // In one order, so that of two documents neither waits for the other.
    let whom: Vec<ContactId> = whom.into_iter().map(ContactId).collect();
    hold_contacts(tx, &whom).await?;
    documents::hold(tx, id).await
}

/// Holds these contacts, in the order in which everybody does.
pub(crate) async fn hold_contacts(tx: &mut Tx, whom: &[ContactId]) -> Result<(), CatalogError> {
    let whom: BTreeSet<Uuid> = whom.iter().map(|contact| contact.0).collect();
    for contact in whom {
        hold_contact(tx, ContactId(contact)).await?;
    }
    Ok(())
}
