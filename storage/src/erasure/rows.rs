//! The rows of a contact and of a customer, as statements: what empties them, each under what it is called in a receipt, and
//! what asks whether one of them says something still. `@` stands for the person and those merged into them, `#` for a row's
//! own id as text.

use crate::merges::with_merged;

pub(super) const CONTACTS: &str = with_merged!("contacts", "$1");
pub(super) const CUSTOMERS: &str = with_merged!("customers", "$1");

/// Before whatever else moves their messages, and with it writes an event: that one is to find no name of the client's.
pub(super) const NOTICES: &str = "UPDATE notices SET params = '[]', header = NULL, buttons = '[]', client_key = NULL, \
     idempotency_key = 'erased.' || #, error = NULL, \
     state = CASE WHEN state = 'queued' THEN 'withdrawn' ELSE state END WHERE contact_id IN @";

/// Statuses go by the messages they are of, ours or typed on another device, so they go before these.
pub(super) const OF_CONTACT: &[(&str, &str)] = &[
    (
        "statuses",
        "DELETE FROM message_statuses WHERE wamid IN \
        (SELECT wamid FROM outbox WHERE contact_id IN @ AND wamid IS NOT NULL \
        UNION SELECT wamid FROM messages WHERE contact_id IN @)",
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
    (
        "incidents",
        "UPDATE incidents SET detail = '{}' WHERE id IN (SELECT incident_id FROM incident_messages WHERE outbox_id IN \
        (SELECT id FROM outbox WHERE contact_id IN @))",
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
    ("names", "DELETE FROM contact_aliases WHERE contact_id IN @"),
    (
        "contacts",
        "UPDATE contacts SET phone = NULL, name = NULL, language = NULL, identity_key_hash = NULL WHERE id IN @",
    ),
    // Behind its contact: whoever writes a note meanwhile holds that row.
    ("notes", "DELETE FROM case_notes WHERE case_id IN (SELECT id FROM cases WHERE contact_id IN @)"),
];

/// A row for each that says something of an erased contact.
pub(super) const LEFT_OF_CONTACT: &str = "SELECT 1 FROM contacts WHERE id IN @ \
       AND (phone IS NOT NULL OR name IS NOT NULL OR language IS NOT NULL OR identity_key_hash IS NOT NULL) \
     UNION ALL SELECT 1 FROM contact_aliases WHERE contact_id IN @ \
     UNION ALL SELECT 1 FROM messages WHERE contact_id IN @ AND (body IS NOT NULL OR raw <> '{}') \
     UNION ALL SELECT 1 FROM outbox WHERE contact_id IN @ AND (body <> '' OR payload <> '{}' OR error IS NOT NULL) \
     UNION ALL SELECT 1 FROM notices WHERE contact_id IN @ AND (params <> '[]' OR header IS NOT NULL \
       OR client_key IS NOT NULL OR error IS NOT NULL) \
     UNION ALL SELECT 1 FROM case_notes WHERE case_id IN (SELECT id FROM cases WHERE contact_id IN @) LIMIT 1";

/// Senders first: whoever steps one of their cases holds that row. Of what was owed amounts and dates stay, and nobody is
/// reminded of it any more.
pub(super) const OF_CUSTOMER: &[(&str, &str)] = &[
    ("contacts", "UPDATE contacts SET customer_id = NULL WHERE customer_id IN @"),
    ("names", "DELETE FROM customer_aliases WHERE customer_id IN @"),
    (
        "payments",
        "UPDATE obligation_payments SET reference = NULL WHERE reference IS NOT NULL \
        AND obligation_id IN (SELECT id FROM obligations WHERE customer_id IN @)",
    ),
    (
        "obligations",
        "UPDATE obligations SET number = #, promised_for = NULL, \
        state = CASE WHEN state IN ('open', 'held') THEN 'cancelled' ELSE state END WHERE customer_id IN @",
    ),
    ("customers", "UPDATE customers SET name = '', name_key = '', external_id = NULL WHERE id IN @"),
];

/// A row for each that says something of an erased customer.
pub(super) const LEFT_OF_CUSTOMER: &str = "SELECT 1 FROM customers WHERE id IN @ AND (name <> '' OR external_id IS NOT NULL) \
     UNION ALL SELECT 1 FROM customer_aliases WHERE customer_id IN @ \
     UNION ALL SELECT 1 FROM contacts WHERE customer_id IN @ \
     UNION ALL SELECT 1 FROM obligations WHERE customer_id IN @ AND number <> # LIMIT 1";

/// The raw deliveries of what was answered in the cases of what a customer owes; `$2` is nothing. `@` stands for those cases,
/// by the customer's id as text.
pub(super) const DELIVERIES_OF_OWED: &str = "UPDATE deliveries SET body = $2 WHERE id IN (SELECT m.delivery_id \
     FROM messages m JOIN case_messages cm ON cm.message_id = m.id WHERE cm.case_id IN @)";

/// What was said in those cases, which names what is owed.
pub(super) const OF_OWED: &[(&str, &str)] = &[
    (
        "statuses",
        "UPDATE message_statuses SET raw = '{}', error = NULL WHERE wamid IN (SELECT wamid FROM outbox \
        WHERE COALESCE(case_id, document_id) IN @ AND wamid IS NOT NULL)",
    ),
    (
        "messages",
        "UPDATE messages SET body = NULL, raw = '{}', delivery_id = NULL \
        WHERE id IN (SELECT message_id FROM case_messages WHERE case_id IN @)",
    ),
    (
        "sent_messages",
        "UPDATE outbox SET body = '', payload = '{}', error = NULL, next_attempt_at = NULL, lease_until = NULL, \
        state = CASE WHEN state IN ('queued', 'refused') THEN 'withdrawn' ELSE state END \
        WHERE COALESCE(case_id, document_id) IN @",
    ),
    (
        "incidents",
        "UPDATE incidents SET detail = '{}' WHERE id IN (SELECT incident_id FROM incident_messages WHERE outbox_id IN \
        (SELECT id FROM outbox WHERE COALESCE(case_id, document_id) IN @))",
    ),
    ("choices", "UPDATE choices SET options = '[]' WHERE case_id IN @"),
    (
        "cases",
        "UPDATE cases SET nod = NULL, memory = '{}', due_at = NULL, task_id = NULL, closed_at = updated_at, \
        answer_by = NULL, escalated_at = NULL, \
        state = CASE WHEN state IN ('gathering', 'working', 'waiting', 'human') THEN 'stopped' ELSE state END WHERE id IN @",
    ),
    ("notes", "DELETE FROM case_notes WHERE case_id IN @"),
];

/// The cases of what a customer owes.
pub(super) const OWED: &str = "(SELECT k.id FROM cases k WHERE k.kind = 'collection' AND k.subject = $1)";
