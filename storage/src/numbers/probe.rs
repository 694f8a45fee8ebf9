//! Probes of a pause: which of those that would go is one, when the next is due, and what becomes of the pause by it.

use time::{Duration, OffsetDateTime};

use super::{
    Direction,
    pause::{hold, resume, tell},
};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{maybe_at, micros},
    sql::Tx,
};

/// Whether something may be fetched for a number, or sent from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// It may.
    Go,
    /// It is paused, and this one is the probe: how it ends decides.
    Probe,
    /// It is paused; look again then.
    NotBefore(OffsetDateTime),
}

/// First wait before a pause is probed; it doubles with each probe that fails.
const FIRST_PROBE: Duration = Duration::minutes(1);
/// Longest wait between two probes.
pub(super) const LAST_PROBE: Duration = Duration::hours(1);
/// Looks of others at a paused number while its probe is under way.
const PROBE_TAKES: Duration = Duration::minutes(2);

pub(super) fn gap(probes: i64) -> Duration {
    let doublings = u32::try_from(probes.clamp(0, 10)).unwrap_or(10);
    (FIRST_PROBE * 2_i32.pow(doublings)).min(LAST_PROBE)
}

/// When a probe is due: one that is further away than any gap was set by a clock that has gone back since.
pub(crate) fn probe_due(probe_at: Option<OffsetDateTime>, present: OffsetDateTime) -> OffsetDateTime {
    probe_at.filter(|at| *at <= present.saturating_add(LAST_PROBE)).unwrap_or(present)
}

/// A send goes out as the probe of its number's pause: no other is it meanwhile.
pub(crate) async fn probing(tx: &mut Tx, number: &str) -> Result<(), CatalogError> {
    let next = tx.now().saturating_add(PROBE_TAKES);
    execute!(
        tx,
        "UPDATE numbers SET send_probe_at = $2, send_probes = send_probes + 1 WHERE phone_number_id = $1",
        number,
        micros(next)
    )
    .map(drop)
}

impl Catalog {
    /// The probe of a number's pause failed, and says nothing of other numbers: the next one comes later.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn still_paused(
        &self,
        number: &str,
        direction: Direction,
        reason: &str,
        present: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        hold(&mut tx, number, false).await?;
        let probes = optional!(
            tx,
            (i64,),
            match direction {
                Direction::Fetch =>
                    "SELECT fetch_probes FROM numbers WHERE phone_number_id = $1 AND fetch_paused",
                Direction::Send =>
                    "SELECT send_probes FROM numbers WHERE phone_number_id = $1 AND send_paused",
            },
            number
        )?;
        let Some((probes,)) = probes else { return Ok(()) };
        execute!(
            tx,
            match direction {
                Direction::Fetch => "UPDATE numbers SET fetch_probe_at = $2 WHERE phone_number_id = $1",
                Direction::Send => "UPDATE numbers SET send_probe_at = $2 WHERE phone_number_id = $1",
            },
            number,
            micros(present.saturating_add(gap(probes)))
        )?;
        tell(&mut tx, number, direction, reason, present).await?;
        tx.commit().await
    }

    /// Whether one may go. Of those that ask when a probe is due, one is told to be it.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn may_go(
        &self,
        number: &str,
        direction: Direction,
        present: OffsetDateTime,
    ) -> Result<May, CatalogError> {
        let due = {
            let mut tx = self.reading().await?;
            optional!(
                tx,
                (Option<i64>,),
                match direction {
                    Direction::Fetch =>
                        "SELECT fetch_probe_at FROM numbers WHERE phone_number_id = $1 AND fetch_paused",
                    Direction::Send =>
                        "SELECT send_probe_at FROM numbers WHERE phone_number_id = $1 AND send_paused",
                },
                number
            )?
        };
        let Some((due,)) = due else { return Ok(May::Go) };
        let due = probe_due(maybe_at("numbers", "probe_at", due)?, present);
        if due > present {
            return Ok(May::NotBefore(due));
        }
        let mut tx = self.writing().await?;
        let next = present.saturating_add(PROBE_TAKES);
        let mine = execute!(
            tx,
            match direction {
                Direction::Fetch =>
                    "UPDATE numbers SET fetch_probe_at = $3, fetch_probes = fetch_probes + 1 \
                     WHERE phone_number_id = $1 AND fetch_paused \
                     AND (COALESCE(fetch_probe_at, 0) <= $2 OR fetch_probe_at > $4)",
                Direction::Send =>
                    "UPDATE numbers SET send_probe_at = $3, send_probes = send_probes + 1 \
                     WHERE phone_number_id = $1 AND send_paused \
                     AND (COALESCE(send_probe_at, 0) <= $2 OR send_probe_at > $4)",
            },
            number,
            micros(present),
            micros(next),
            micros(present.saturating_add(LAST_PROBE))
        )?;
        tx.commit().await?;
        Ok(if mine == 1 { May::Probe } else { May::NotBefore(next) })
    }

    /// What closed a number's sending works again, as Meta says when it is asked: sending is open, where nothing else closes it
    /// by now. A token that sees the number is proof of the token alone; `by_mark`, a message that could be marked as read
    /// once more, of a permission and the registration too. Whether it is open again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn taken_again(
        &self,
        number: &str,
        by_mark: bool,
        present: OffsetDateTime,
    ) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        hold(&mut tx, number, false).await?;
        let (closed_by_it,) = one!(
            tx,
            (i64,),
            "SELECT COUNT(*) FROM numbers WHERE phone_number_id = $1 AND send_paused \
             AND (send_by_token OR ($2 AND send_by_mark)) AND NOT send_needs_delivery",
            number,
            by_mark
        )?;
        let is_open = closed_by_it > 0 && resume(&mut tx, number, Direction::Send, present).await?;
        tx.commit().await?;
        Ok(is_open)
    }

    /// The channel took the message that probed a number's sending: it is open again; or, where a status had paused
    /// it, the next probe comes after a wait that grows until one is delivered. Whether it is open again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn probe_taken(&self, number: &str, present: OffsetDateTime) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        hold(&mut tx, number, false).await?;
        let row = optional!(
            tx,
            (i64,),
            "SELECT send_probes FROM numbers WHERE phone_number_id = $1 AND send_paused AND send_needs_delivery",
            number
        )?;
        let is_open = match row {
            Some((probes,)) => {
                let next = present.saturating_add(gap(probes));
                execute!(
                    tx,
                    "UPDATE numbers SET send_probe_at = $2 WHERE phone_number_id = $1",
                    number,
                    micros(next)
                )?;
                false
            }
            None => resume(&mut tx, number, Direction::Send, present).await?,
        };
        tx.commit().await?;
        Ok(is_open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_grow_to_an_hour_and_no_further() {
        let gaps: Vec<i64> = (0..9).map(|n| gap(n).whole_minutes()).collect();
        assert_eq!(gaps, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
}
