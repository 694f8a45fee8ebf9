//! Whom our numbers wrote to first in the last day. Meta lets so many people be reached outside their 24 hours in a rolling
//! day, by the number's tier; whoever was reached once in that time may be written to again. What is beyond waits for the
//! day to pass, in the order in which it came to wait, and is never tried for Meta to refuse.
//!
//! It is counted in steps of five minutes, so that a decision reads a few rows, however many were reached. The numbers of an
//! account count together: they share what their portfolio may.

use std::collections::BTreeMap;

use acuse_whatsapp::policy::reach_of;
use time::{Duration, OffsetDateTime};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{ContactId, maybe_at, micros, number as counted},
    sql::{Tx, alone_by},
};

/// One step, microseconds.
const STEP: i64 = 300_000_000;
/// Steps of a day.
const DAY: i64 = 288;
/// Of those who wait already, so many are counted before one that comes to wait; the others wait beside it, and are decided
/// anew when their time comes. A decision reads them all, and meanwhile its number sends nothing else.
const COUNTED: i64 = 2_000;
/// One of our numbers and the others of its account.
const TOGETHER: &str = "(SELECT o.phone_number_id FROM numbers n JOIN numbers o ON o.phone_number_id = n.phone_number_id \
     OR o.waba_id = n.waba_id WHERE n.phone_number_id = $1)";

/// When a number may write to a contact first; none: it may now.
pub(super) async fn room(
    tx: &mut Tx,
    (contact, number): (ContactId, &str),
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, CatalogError> {
    let row = optional!(
        tx,
        (Option<String>, Option<String>, i64),
        "SELECT n.tier, n.waba_id, COALESCE((SELECT w.reached_at FROM windows w WHERE w.contact_id = $1 \
           AND w.phone_number_id = n.phone_number_id), 0) FROM numbers n WHERE n.phone_number_id = $2",
        contact.0,
        number
    )?;
    let Some((Some(tier), account, last)) = row else { return Ok(None) };
    let Some(most) = reach_of(&tier).and_then(|most| i64::try_from(most).ok()) else { return Ok(None) };
    if last > micros(now - Duration::DAY) {
        return Ok(None);
    }
    // The other numbers of an account take of the same room: they count when this one has, at the end of the transaction.
    // Its own row is held already, and nobody who waits here holds another's.
    if let Some(account) = &account {
        alone_by(tx, account).await?;
    }
    let text = format!(
        "SELECT s.step, CAST(SUM(s.contacts) AS BIGINT) FROM reached_steps s WHERE s.phone_number_id IN {TOGETHER} \
         AND s.step >= $2 GROUP BY s.step ORDER BY s.step LIMIT 1000"
    );
    let first = micros(now) / STEP - DAY;
    let steps = all!(tx, (i64, i64), sqlx::AssertSqlSafe(text.clone()), number, first)?;
    let reached: i64 = steps.iter().map(|(_, contacts)| contacts).sum();
    if reached < most {
        return Ok(None);
    }
    let text = format!(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM outbox h WHERE h.held_for = 'tier' AND h.state = 'queued' \
         AND h.not_before > $2 AND h.phone_number_id IN {TOGETHER} LIMIT {COUNTED}) ahead"
    );
    let (ahead,) = one!(tx, (i64,), sqlx::AssertSqlSafe(text.clone()), number, micros(now))?;
    maybe_at("reached_steps", "step", Some(free_at(&steps, most, reached - most + ahead + 1)))
}

/// When so many more may be reached (microseconds), as those who were leave the day, step by step, and others take their
/// place.
fn free_at(steps: &[(i64, i64)], most: i64, needed: i64) -> i64 {
    let leaves = |step: i64| (step + 1 + DAY).saturating_mul(STEP);
    let mut freed: i64 = 0;
    for (step, contacts) in steps {
        freed += contacts;
        if freed >= needed {
            return leaves(*step);
        }
    }
    let days = ((needed - freed).max(1) - 1) / most.max(1) + 1;
    let last = steps.last().map_or(0, |(step, _)| leaves(*step));
    last.saturating_add(days.saturating_mul(DAY).saturating_mul(STEP))
}

/// A number writes to a contact first, now. Their row in `windows` is there.
pub(super) async fn reached(
    tx: &mut Tx,
    (contact, number): (ContactId, &str),
    now: OffsetDateTime,
) -> Result<(), CatalogError> {
    let (before,) = one!(
        tx,
        (i64,),
        "SELECT reached_at FROM windows WHERE contact_id = $1 AND phone_number_id = $2",
        contact.0,
        number
    )?;
    let (was, is) = (before / STEP, micros(now) / STEP);
    execute!(
        tx,
        "UPDATE windows SET reached_at = $3 WHERE contact_id = $1 AND phone_number_id = $2",
        contact.0,
        number,
        micros(now)
    )?;
    if was == is {
        return Ok(());
    }
    execute!(
        tx,
        "UPDATE reached_steps SET contacts = contacts - 1 WHERE phone_number_id = $1 AND step = $2 AND contacts > 0",
        number,
        was
    )?;
    execute!(tx, "DELETE FROM reached_steps WHERE phone_number_id = $1 AND step < $2", number, is - 2 * DAY)?;
    execute!(
        tx,
        "INSERT INTO reached_steps (phone_number_id, step, contacts) VALUES ($1, $2, 1) \
         ON CONFLICT (phone_number_id, step) DO UPDATE SET contacts = reached_steps.contacts + 1",
        number,
        is
    )
    .map(drop)
}

impl Catalog {
    /// How many people each number, with the others of its account, wrote to first in the last day.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn numbers_reached(&self) -> Result<BTreeMap<String, u64>, CatalogError> {
        let mut tx = self.reading().await?;
        let first = micros(tx.now()) / STEP - DAY;
        let rows = all!(
            tx,
            (String, i64),
            "SELECT n.phone_number_id, CAST(SUM(s.contacts) AS BIGINT) FROM numbers n \
             JOIN numbers o ON o.phone_number_id = n.phone_number_id OR o.waba_id = n.waba_id \
             JOIN reached_steps s ON s.phone_number_id = o.phone_number_id AND s.step >= $1 \
             GROUP BY n.phone_number_id ORDER BY n.phone_number_id LIMIT 1000",
            first
        )?;
        rows.into_iter()
            .map(|(number, contacts)| Ok((number, counted("reached_steps", "contacts", contacts)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_goes_as_the_day_passes() {
        let steps = [(1_000, 2), (1_010, 3)];
        let at = |step: i64| (step + 289) * STEP;
        assert_eq!(free_at(&steps, 5, 1), at(1_000));
        assert_eq!(free_at(&steps, 5, 2), at(1_000));
        assert_eq!(free_at(&steps, 5, 3), at(1_010));
        assert_eq!(
            free_at(&steps, 5, 6),
            at(1_010) + DAY * STEP,
            "behind those who take all places once more"
        );
        assert_eq!(free_at(&steps, 5, 11), at(1_010) + 2 * DAY * STEP);
        assert!(free_at(&[], 0, i64::MAX) > 0, "nothing panics");
    }
}
