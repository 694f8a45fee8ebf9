//! A contact or a customer, made nobody, once their documents are erased.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Counts, Receipt};
use crate::{
    attachments,
    catalog::Catalog,
    documents::like,
    error::CatalogError,
    events::{self, NewEvent},
    key_file::ErasedKind,
    names::micros,
    sql::Tx,
    words,
};

const CONTACTS: &str = "(SELECT c.id FROM contacts c WHERE c.id = $1 OR c.merged_into = $1)";
const CUSTOMERS: &str = "(SELECT c.id FROM customers c WHERE c.id = $1 OR c.merged_into = $1)";

/// Rows of a contact, each under what it is called in a receipt. `@` stands for the contact and those merged into it.
/// Statuses go by the messages they are of, so they go before these.
const OF_CONTACT: &[(&str, &str)] = &[
    (
        "statuses",
        "DELETE FROM message_statuses WHERE wamid IN \
        (SELECT wamid FROM outbox WHERE contact_id IN @ AND wamid IS NOT NULL)",
    ),
    (
        "messages",
        "UPDATE messages SET body = NULL, raw = '{}', delivery_id = NULL, reply_to = NULL WHERE contact_id IN @",
    ),
    (
        "sent_messages",
        "UPDATE outbox SET body = '', payload = '{}', error = NULL, next_attempt_at = NULL, \
        lease_until = NULL, \
        state = CASE WHEN state IN ('queued', 'refused') THEN 'withdrawn' ELSE state END WHERE contact_id IN @",
    ),
    ("timeline", "UPDATE timeline SET detail = '{}' WHERE contact_id IN @"),
    ("windows", "DELETE FROM windows WHERE contact_id IN @"),
    (
        "cases",
        "UPDATE cases SET nod = NULL, memory = '{}', due_at = NULL, task_id = NULL, closed_at = updated_at, \
        answer_by = NULL, escalated_at = NULL, state = CASE WHEN state IN ('gathering', 'working', 'waiting', 'human') THEN 'stopped' ELSE state END \
        WHERE contact_id IN @",
    ),
    ("passwords", "DELETE FROM case_secrets WHERE case_id IN (SELECT id FROM cases WHERE contact_id IN @)"),
    ("choices", "UPDATE choices SET options = '[]', identity_key_hash = NULL WHERE contact_id IN @"),
    ("consents", "UPDATE consents SET source = '', text_version = NULL WHERE contact_id IN @"),
    ("notices", "UPDATE notices SET params = '[]', header = NULL, buttons = '[]' WHERE contact_id IN @"),
    ("names", "DELETE FROM contact_aliases WHERE contact_id IN @"),
    (
        "contacts",
        "UPDATE contacts SET phone = NULL, name = NULL, language = NULL, identity_key_hash = NULL WHERE id IN @",
    ),
    // Behind its contact: whoever writes a note meanwhile holds that row.
    ("notes", "DELETE FROM case_notes WHERE case_id IN (SELECT id FROM cases WHERE contact_id IN @)"),
];

const OF_CUSTOMER: &[(&str, &str)] = &[
    ("names", "DELETE FROM customer_aliases WHERE customer_id IN @"),
    ("obligations", "UPDATE obligations SET number = # WHERE customer_id IN @"),
    ("contacts", "UPDATE contacts SET customer_id = NULL WHERE customer_id IN @"),
    ("customers", "UPDATE customers SET name = '', name_key = '', external_id = NULL WHERE id IN @"),
];

/// A name that is shorter stands in too many words to be looked for.
const SHORTEST: usize = 5;

pub(super) async fn erase(tx: &mut Tx, receipt: &Receipt, counts: &mut Counts) -> Result<(), CatalogError> {
    let (rows, whom, index, known_by) = match receipt.kind {
        ErasedKind::Document => return Ok(()),
        ErasedKind::Contact => (
            OF_CONTACT,
            CONTACTS,
            &words::CONTACTS,
            "SELECT value FROM contact_aliases WHERE contact_id IN @ \
             UNION SELECT name FROM contacts WHERE id IN @ AND name IS NOT NULL",
        ),
        ErasedKind::Customer => (
            OF_CUSTOMER,
            CUSTOMERS,
            &words::CUSTOMERS,
            "SELECT value FROM customer_aliases WHERE customer_id IN @ UNION SELECT name FROM customers WHERE id IN @ \
             UNION SELECT external_id FROM customers WHERE id IN @ AND external_id IS NOT NULL",
        ),
    };
    let subject = receipt.subject;
    let text = known_by.replace('@', whom);
    let names = all!(tx, (String,), sqlx::AssertSqlSafe(text.clone()), subject)?;
    if receipt.kind == ErasedKind::Contact {
        counts.add("deliveries", empty_deliveries(tx, subject).await?);
        counts.add("attachments", attachments::forget_of_contact(tx, subject, receipt.id).await?);
    }
    for (what, sql) in rows {
        let text = sql.replace('@', whom).replace('#', tx.pick("hex(id)", "id::text"));
        counts.add(what, execute!(tx, sqlx::AssertSqlSafe(text.clone()), subject)?);
    }
    index.forget_all(tx, whom, subject).await?;
    let names = names.into_iter().map(|(name,)| name).chain([subject.to_string()]);
    for name in names.filter(|name| name.chars().count() >= SHORTEST) {
        counts.add("audit_details", forget_details(tx, &name).await?);
    }
    let present = micros(tx.now());
    if receipt.kind == ErasedKind::Customer {
        execute!(tx, "UPDATE customers SET updated_at = $2 WHERE id = $1", subject, present)?;
        events::write(tx, &[NewEvent::of_customer("customer.deleted", subject, &[])]).await?;
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
