//! How fast a number sends, and how fast to one person: less after Meta refused for it, and as much as before after a while.

use acuse_whatsapp::policy::{Rate, pair_backoff};
use time::Duration;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{ContactId, OutboxId, micros, number as counted},
    numbers,
    sql::Tx,
};

/// How long a lowered rate stays before success raises it by a step.
const RATE_RESTS: Duration = Duration::seconds(10);
/// Refusals of the same burst lower the rate once.
const ONE_BURST: Duration = Duration::seconds(1);

/// How fast a number may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberRate {
    /// Messages a second that it may send now.
    pub per_s: u32,
    /// Those that it may send when nothing is refused.
    pub ceiling: u32,
}

impl Catalog {
    /// Meta says that the number sends too fast: half of its rate from now on; what that is.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn rate_lowered(&self, number: &str) -> Result<NumberRate, CatalogError> {
        const T: &str = "numbers";
        let mut tx = self.writing().await?;
        let present = tx.now();
        numbers::ensure(&mut tx, number).await?;
        execute!(
            tx,
            "UPDATE numbers SET rate_per_s = CASE WHEN rate_per_s > 1 THEN rate_per_s / 2 ELSE 1 END, \
             rate_changed_at = $2 WHERE phone_number_id = $1 AND (rate_changed_at <= $3 OR rate_changed_at > $2)",
            number,
            micros(present),
            micros(present - ONE_BURST)
        )?;
        let (per_s, ceiling) = one!(
            tx,
            (i64, i64),
            "SELECT rate_per_s, rate_ceiling FROM numbers WHERE phone_number_id = $1",
            number
        )?;
        tx.commit().await?;
        Ok(NumberRate {
            per_s: counted(T, "rate_per_s", per_s)?,
            ceiling: counted(T, "rate_ceiling", ceiling)?,
        })
    }

    /// Meta says that too much goes to this person from this number: nothing does for as long as is answered, and then
    /// as it is paid for.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn pair_refused(
        &self,
        contact: ContactId,
        number: &str,
    ) -> Result<std::time::Duration, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        // What was sent was paid for, so there is a row; unless they turned out to be another meanwhile.
        let refused = optional!(
            tx,
            (i64,),
            "UPDATE windows SET pair_refused = pair_refused + 1 WHERE contact_id = $1 AND phone_number_id = $2 \
             RETURNING pair_refused",
            contact.0,
            number
        )?;
        let before = refused.map_or(0, |(times,)| times.saturating_sub(1));
        let wait = pair_backoff(counted("windows", "pair_refused", before)?);
        execute!(
            tx,
            "UPDATE windows SET pair_paid_at = $3 WHERE contact_id = $1 AND phone_number_id = $2",
            contact.0,
            number,
            micros(Rate::PAIR.spent(present, wait))
        )?;
        tx.commit().await?;
        Ok(wait)
    }
}

/// A message was accepted: a rate that was lowered comes back step by step.
pub(crate) async fn rate_restored(tx: &mut Tx, id: OutboxId) -> Result<(), CatalogError> {
    let present = tx.now();
    execute!(
        tx,
        "UPDATE numbers SET rate_per_s = CASE WHEN rate_per_s + rate_ceiling / 8 + 1 < rate_ceiling \
           THEN rate_per_s + rate_ceiling / 8 + 1 ELSE rate_ceiling END, rate_changed_at = $2 \
         WHERE phone_number_id = (SELECT o.phone_number_id FROM outbox o WHERE o.id = $1) \
           AND rate_per_s < rate_ceiling AND (rate_changed_at <= $3 OR rate_changed_at > $2)",
        id.0,
        micros(present),
        micros(present - RATE_RESTS)
    )
    .map(drop)
}
