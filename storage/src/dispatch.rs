//! What stands before every send: the facts it is decided on, and the mark that it is about to leave.
//!
//! Both are one transaction under the number's lock, so that any number of workers pay into the same buckets and count whom
//! they reach. From the mark on, a worker that dies leaves a message that may have left; before it, one that waits as it was.

mod facts;
mod rates;
mod reach;

use time::OffsetDateTime;

pub(crate) use facts::is_unconfirmed;
pub use facts::{Facts, Usable, in_header, stands_in, templates_of};
pub use rates::NumberRate;
pub(crate) use rates::rate_restored;

use crate::{
    catalog::Catalog,
    consents,
    error::CatalogError,
    names::{clean, micros, to_json},
    numbers,
    outbox::{Line, OutboxMessage, Payload, Wait, wake},
    sql::Tx,
};

/// What a message that goes costs, and how it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// When what the number sent is paid for, this one included.
    pub number: OffsetDateTime,
    /// When what the contact was sent is paid for, this one included.
    pub pair: OffsetDateTime,
    /// It is the probe of the number's pause.
    pub probe: bool,
    /// The template it goes by, and its language.
    pub template: Option<(String, String)>,
    /// It goes outside the contact's 24 hours, and counts for the number's tier.
    pub reaches: bool,
}

impl Catalog {
    /// Lets `decide` say what becomes of a message, on facts that nobody changes meanwhile. If it says that the
    /// message goes, it is marked as leaving in the same commit, and counted. `None`: it is no longer waiting.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn dispatch<V>(
        &self,
        message: &OutboxMessage,
        number: &str,
        decide: impl FnOnce(&Facts) -> (V, Option<Paid>),
    ) -> Result<Option<V>, CatalogError> {
        let mut tx = self.writing().await?;
        let facts = facts::gather(&mut tx, message, number).await?;
        let (verdict, paid) = decide(&facts);
        if let Some(paid) = paid {
            if !leaving(&mut tx, message, number, &paid).await? {
                return Ok(None);
            }
            pay(&mut tx, message, number, &paid).await?;
            if message.phone_number_id.as_deref() != Some(number) {
                // It stands in another line from now on, which has a task as every line has in which something waits.
                let line = Line { contact: message.contact_id, number: number.to_owned() };
                wake(&mut tx, &line, Wait::None).await?;
            }
        }
        tx.commit().await?;
        Ok(Some(verdict))
    }

    /// A template was refused for good, or paused until then: it stands in for nothing meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn template_refused(
        &self,
        number: &str,
        (name, language): &(String, String),
        why: &str,
        until: Option<OffsetDateTime>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "UPDATE templates SET status = CASE WHEN $5 IS NULL THEN 'BLOCKED' ELSE status END, \
             paused_until = $5, rejected_reason = $4 WHERE name = $2 AND language = $3 \
             AND waba_id = COALESCE((SELECT n.waba_id FROM numbers n WHERE n.phone_number_id = $1), waba_id)",
            number,
            name.as_str(),
            language.as_str(),
            clean(why),
            until.map(micros)
        )?;
        tx.commit().await
    }

    /// The contact does not want messages of this category from this number: it holds until they say otherwise, and what we
    /// began of our own accord ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn consent_withdrawn(
        &self,
        message: &OutboxMessage,
        number: &str,
        category: &str,
        source: &str,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        consents::refused(&mut tx, (message.contact_id, number), category, source).await?;
        tx.commit().await
    }
}

/// Marks a message as leaving, if it still waits.
async fn leaving(
    tx: &mut Tx,
    message: &OutboxMessage,
    number: &str,
    paid: &Paid,
) -> Result<bool, CatalogError> {
    // A status that is faster than the answer is of this try: the id of an earlier one must not stand in its way.
    let payload =
        to_json("a payload", &Payload { template: paid.template.clone(), ..message.payload.clone() })?;
    let present = tx.now();
    let marked = execute!(
        tx,
        "UPDATE outbox SET state = 'sending', attempts = attempts + 1, phone_number_id = $2, payload = $3, \
         wamid = NULL, sent_at = NULL, next_attempt_at = NULL, held_for = NULL, updated_at = $4 WHERE id = $1 AND state = 'queued'",
        message.id.0,
        number,
        payload,
        micros(present)
    )?;
    Ok(marked == 1)
}

async fn pay(tx: &mut Tx, message: &OutboxMessage, number: &str, paid: &Paid) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE numbers SET rate_paid_at = $2 WHERE phone_number_id = $1",
        number,
        micros(paid.number)
    )?;
    let present = tx.now();
    // Whoever never wrote to this number has no window, and all the same a limit. What was refused before counts no more
    // once all was paid for.
    execute!(
        tx,
        "INSERT INTO windows (contact_id, phone_number_id, last_inbound_at, pair_paid_at) VALUES ($1, $2, 0, $3) \
         ON CONFLICT (contact_id, phone_number_id) DO UPDATE SET pair_paid_at = excluded.pair_paid_at, \
         pair_refused = CASE WHEN windows.pair_paid_at <= $4 THEN 0 ELSE windows.pair_refused END",
        message.contact_id.0,
        number,
        micros(paid.pair),
        micros(present)
    )?;
    if paid.reaches {
        reach::reached(tx, (message.contact_id, number), present).await?;
    }
    if paid.probe { numbers::probing(tx, number).await } else { Ok(()) }
}
