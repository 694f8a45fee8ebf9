//! A contact or a customer, made nobody, once their documents are erased.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    Counts, Receipt, holds,
    rows::{
        CONTACTS, CUSTOMERS, DELIVERIES_OF_OWED, LEFT_OF_CONTACT, LEFT_OF_CUSTOMER, NOTICES, OF_CONTACT,
        OF_CUSTOMER, OF_OWED, OWED,
    },
};
use crate::{
    attachments, cases,
    catalog::Catalog,
    customers,
    documents::like,
    error::CatalogError,
    events::{self, NewEvent},
    key_file::ErasedKind,
    merges::with_merged,
    names::{ContactId, micros},
    sql::{self, Bind, Tx},
    words,
};

/// A name that is shorter stands in too many words to be looked for.
const SHORTEST: usize = 5;

fn statement(tx: &Tx, sql: &str, whom: &str) -> String {
    sql.replace('@', whom).replace('#', tx.pick("hex(id)", "id::text"))
}

/// Whoever writes a customer meanwhile is waited for, and finds it erased or is erased with it.
pub(super) async fn alone(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<(), CatalogError> {
    match kind {
        ErasedKind::Customer => sql::alone(tx, customers::LOCK).await,
        ErasedKind::Contact => cases::hold_contact(tx, ContactId(id)).await,
        ErasedKind::Document => Ok(()),
    }
}

/// Whether a row of somebody who was erased says something still, or again.
pub(super) async fn is_left(tx: &mut Tx, kind: ErasedKind, id: Uuid) -> Result<bool, CatalogError> {
    let (left, whom) = match kind {
        ErasedKind::Document => return Ok(false),
        ErasedKind::Contact => (LEFT_OF_CONTACT, CONTACTS),
        ErasedKind::Customer => (LEFT_OF_CUSTOMER, CUSTOMERS),
    };
    let text = statement(tx, left, whom);
    Ok(optional!(tx, (i32,), sqlx::AssertSqlSafe(text.clone()), id)?.is_some())
}

/// Whom an erasure is of: the person, and those merged into them, in order.
pub(super) async fn ids(tx: &mut Tx, kind: ErasedKind, subject: Uuid) -> Result<Vec<Uuid>, CatalogError> {
    let sql = match kind {
        ErasedKind::Document => return Ok(Vec::new()),
        ErasedKind::Contact => {
            concat!("SELECT p.id FROM contacts p WHERE p.id IN ", with_merged!("contacts", "$1"))
        }
        ErasedKind::Customer => {
            concat!("SELECT p.id FROM customers p WHERE p.id IN ", with_merged!("customers", "$1"))
        }
    };
    let mut ids: Vec<Uuid> = all!(tx, (Uuid,), sql, subject)?.into_iter().map(|(id,)| id).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// All that they are called, and their ids.
pub(super) async fn names(tx: &mut Tx, kind: ErasedKind, subject: Uuid) -> Result<Vec<String>, CatalogError> {
    let (known_by, whom) = match kind {
        ErasedKind::Document => return Ok(Vec::new()),
        ErasedKind::Contact => (
            "SELECT value FROM contact_aliases WHERE contact_id IN @ \
             UNION SELECT name FROM contacts WHERE id IN @ AND name IS NOT NULL",
            CONTACTS,
        ),
        ErasedKind::Customer => (
            "SELECT value FROM customer_aliases WHERE customer_id IN @ UNION SELECT name FROM customers WHERE id IN @ \
             UNION SELECT external_id FROM customers WHERE id IN @ AND external_id IS NOT NULL",
            CUSTOMERS,
        ),
    };
    let text = known_by.replace('@', whom);
    let names = all!(tx, (String,), sqlx::AssertSqlSafe(text.clone()), subject)?;
    let ids = ids(tx, kind, subject).await?;
    Ok(names.into_iter().map(|(name,)| name).chain(ids.iter().map(Uuid::to_string)).collect())
}

pub(super) async fn erase(tx: &mut Tx, receipt: &Receipt, counts: &mut Counts) -> Result<(), CatalogError> {
    let (rows, whom, index) = match receipt.kind {
        ErasedKind::Document => return Ok(()),
        ErasedKind::Contact => (OF_CONTACT, CONTACTS, &words::CONTACTS),
        ErasedKind::Customer => (OF_CUSTOMER, CUSTOMERS, &words::CUSTOMERS),
    };
    let subject = receipt.subject;
    let names = names(tx, receipt.kind, subject).await?;
    if receipt.kind == ErasedKind::Contact {
        let text = statement(tx, NOTICES, whom);
        counts.add("notices", execute!(tx, sqlx::AssertSqlSafe(text.clone()), subject)?);
        counts.add("deliveries", empty_deliveries(tx, subject).await?);
        counts.add("attachments", attachments::forget_of_contact(tx, subject, receipt.id).await?);
        cases::tell_erased(tx, &format!("contact_id IN {CONTACTS}"), Bind::Id(subject)).await?;
    }
    for (what, sql) in rows {
        let text = statement(tx, sql, whom);
        counts.add(what, execute!(tx, sqlx::AssertSqlSafe(text.clone()), subject)?);
    }
    if receipt.kind == ErasedKind::Customer {
        for id in ids(tx, receipt.kind, subject).await? {
            forget_owed(tx, id, counts).await?;
        }
    }
    index.forget_all(tx, whom, subject).await?;
    for id in ids(tx, receipt.kind, subject).await? {
        holds::forget(tx, receipt.kind, id).await?;
    }
    for name in names.iter().filter(|name| name.chars().count() >= SHORTEST) {
        counts.add("audit_details", forget_details(tx, name).await?);
    }
    let present = micros(tx.now());
    if receipt.kind == ErasedKind::Customer {
        execute!(tx, "UPDATE customers SET updated_at = $2 WHERE id = $1", subject, present)?;
        events::write(tx, &[NewEvent::of_customer("customer.deleted", subject, &[])]).await?;
    }
    Ok(())
}

/// What was said to whoever was reminded of what a customer owed, and noted on it.
async fn forget_owed(tx: &mut Tx, customer: Uuid, counts: &mut Counts) -> Result<(), CatalogError> {
    let subject = customer.to_string();
    let text = DELIVERIES_OF_OWED.replace('@', OWED);
    let emptied = execute!(tx, sqlx::AssertSqlSafe(text.clone()), subject.as_str(), &[][..] as &[u8])?;
    counts.add("deliveries", emptied);
    cases::tell_erased(tx, &format!("id IN {OWED}"), Bind::text(&subject)).await?;
    for (what, sql) in OF_OWED {
        let text = sql.replace('@', OWED);
        counts.add(what, execute!(tx, sqlx::AssertSqlSafe(text.clone()), subject.as_str())?);
    }
    Ok(())
}

async fn empty_deliveries(tx: &mut Tx, contact: Uuid) -> Result<u64, CatalogError> {
    let text = format!(
        "UPDATE deliveries SET body = $2 WHERE id IN (SELECT delivery_id FROM messages WHERE contact_id IN {CONTACTS})"
    );
    execute!(tx, sqlx::AssertSqlSafe(text.clone()), contact, &[][..] as &[u8])
}

/// The particulars of the audit trail that quote a name. Their lines and their hashes stay in the chain.
async fn forget_details(tx: &mut Tx, name: &str) -> Result<u64, CatalogError> {
    let exact: String = name
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '!').then_some('!').into_iter().chain([c]))
        .collect();
    execute!(
        tx,
        "DELETE FROM audit_details WHERE LOWER(detail) LIKE $1 ESCAPE '!' OR detail LIKE $2 ESCAPE '!'",
        like(name),
        format!("%{exact}%")
    )
}

/// A message's id at the channel, in which Meta writes its sender's number, tells a webhook that is sent again from a new
/// one; Meta sends again for a week.
const SENT_AGAIN: Duration = Duration::days(8);

impl Catalog {
    /// Takes the channel's ids out of the messages of erased contacts, once no webhook can name them any more; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_message_ids(&self, present: OffsetDateTime) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let id = tx.pick("hex(id)", "id::text");
        let erased = "SELECT c.id FROM contacts c JOIN erasures e ON e.kind = 'contact' \
             AND (e.subject = c.id OR e.subject = c.merged_into)";
        let before = micros(present - SENT_AGAIN);
        let mut forgotten = 0;
        for (table, at) in [("messages", "received_at"), ("outbox", "created_at")] {
            let text = format!(
                "UPDATE {table} SET wamid = 'erased.' || {id} WHERE contact_id IN ({erased}) AND {at} < $1 \
                 AND wamid NOT LIKE 'erased.%'"
            );
            forgotten += execute!(tx, sqlx::AssertSqlSafe(text.clone()), before)?;
        }
        tx.commit().await?;
        Ok(forgotten)
    }
}
