//! Where what was said to a debtor tells of a bill that is not for everybody's eyes.

use uuid::Uuid;

use crate::{
    access::{Access, literal},
    error::CatalogError,
    names::ContactId,
    sql::Tx,
};

/// What is said of bills (of a message under `o`): it names their numbers, sums and days.
pub(super) const OF_BILLS: &str = "o.purpose IN ('collection', 'paid')";

/// Whether what was said to a contact of bills is kept from this reader: one that is owed by a rule says what its document
/// does, and a text does not say of which it was.
pub(super) async fn is_withheld(
    tx: &mut Tx,
    access: &Access,
    contact: ContactId,
) -> Result<bool, CatalogError> {
    if access.sees_ids() {
        return Ok(false);
    }
    let debtors = debtors(tx, contact).await?;
    if debtors.is_empty() {
        return Ok(false);
    }
    let list = debtors.iter().map(|id| literal(tx, *id)).collect::<Vec<_>>().join(", ");
    let text = format!(
        "SELECT 1 FROM obligations b JOIN documents x ON x.id = b.document_id \
         WHERE b.customer_id IN (SELECT COALESCE(k.merged_into, k.id) FROM customers k WHERE k.id IN ({list})) \
         AND b.by_rule AND NOT ({}) LIMIT 1",
        access.told("x")
    );
    Ok(optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()))?.is_some())
}

/// Of which customers' bills a contact was told: theirs, of whom a case with them was, or whose receipt they sent.
async fn debtors(tx: &mut Tx, contact: ContactId) -> Result<Vec<Uuid>, CatalogError> {
    let theirs = all!(
        tx,
        (Uuid,),
        "SELECT c.customer_id FROM contacts c WHERE c.id = $1 AND c.customer_id IS NOT NULL \
         UNION SELECT o.customer_id FROM documents d JOIN obligation_payments p ON p.document_id = d.id \
         JOIN obligations o ON o.id = p.obligation_id WHERE d.contact_id = $1",
        contact.0
    )?;
    let sql = "SELECT DISTINCT subject FROM cases WHERE contact_id = $1 AND kind = 'collection'";
    let subjects = all!(tx, (String,), sql, contact.0)?;
    let of_cases = subjects.iter().filter_map(|(subject,)| subject.parse::<Uuid>().ok());
    Ok(theirs.into_iter().map(|(id,)| id).chain(of_cases).collect())
}
