//! Whether people look at what they confirm: how their last decisions came, and whether any of them changed something.
//! Confirmations that never change anything and come faster than one can read are an incident.

use time::{Duration, OffsetDateTime};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{at, micros},
};

/// The incident that tells of it; its subject is the person.
pub const RUBBER_STAMP: &str = "rubber_stamp";
/// Decisions that are looked at, the last ones: of so many that wait in doubt at least one is wrong.
pub const LOOKED_AT: usize = 30;
/// Nobody compares a page with what was read of it in less.
const TO_READ: Duration = Duration::seconds(3);
/// What is older says nothing of now.
const WITHIN: Duration = Duration::days(30);

/// A decision, as far as it tells of care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Made {
    at: OffsetDateTime,
    /// It filed what was proposed, as it was.
    is_plain: bool,
}

/// How somebody's last decisions came.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// Who, as the audit trail names them.
    pub person: String,
    /// Decisions that were looked at.
    pub decisions: usize,
    /// Of them, those that changed nothing of what was proposed.
    pub plain: usize,
    /// Half of them came within this many seconds of the one before; none where there are not two.
    pub between_secs: Option<f64>,
    /// Whether nothing was ever changed, faster than one can read.
    pub is_stamping: bool,
}

/// From a person's last decisions, the newest first; one more than is looked at, for the time before the oldest.
fn pace(person: &str, made: &[Made]) -> Pace {
    let looked_at = &made[..made.len().min(LOOKED_AT)];
    let plain = looked_at.iter().filter(|m| m.is_plain).count();
    let mut between: Vec<Duration> = made.windows(2).map(|pair| pair[0].at - pair[1].at).collect();
    between.truncate(LOOKED_AT);
    between.sort();
    let middle = between.get(between.len() / 2).copied();
    let enough = looked_at.len() == LOOKED_AT;
    Pace {
        person: person.to_owned(),
        decisions: looked_at.len(),
        plain,
        between_secs: middle.map(Duration::as_seconds_f64),
        is_stamping: enough && plain == looked_at.len() && middle.is_some_and(|m| m < TO_READ),
    }
}

impl Catalog {
    /// How the last decisions came of everybody who may sign in and decided something in the last month. What somebody decided
    /// on many documents at once says nothing: they were looked at together.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn paces(&self) -> Result<Vec<Pace>, CatalogError> {
        let people = self.users().await?.into_iter().filter(|user| user.disabled_at.is_none());
        let mut tx = self.reading().await?;
        let since = micros(tx.now() - WITHIN);
        let mut all = Vec::new();
        for user in people {
            let person = format!("user:{}", user.name);
            let rows = all!(
                tx,
                (i64, bool),
                "SELECT resolved_at, resolution = 'approved' AND changed IS NOT NULL AND NOT changed FROM reviews \
                 WHERE resolved_by = $1 AND resolved_at IS NOT NULL AND resolved_at >= $2 AND batch IS NULL \
                 ORDER BY resolved_at DESC, id DESC LIMIT $3",
                person.as_str(),
                since,
                LOOKED_AT as i64 + 1
            )?;
            let made = |(when, is_plain)| Ok(Made { at: at("reviews", "resolved_at", when)?, is_plain });
            let made = rows.into_iter().map(made).collect::<Result<Vec<_>, CatalogError>>()?;
            if !made.is_empty() {
                all.push(pace(&person, &made));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    /// So many, each so many milliseconds after the one before; the newest first.
    fn made(count: i64, apart_ms: i64) -> Vec<Made> {
        let start = datetime!(2026-03-01 09:00 UTC);
        let one = |n| Made { at: start + Duration::milliseconds(n * apart_ms), is_plain: true };
        (0..count).rev().map(one).collect()
    }

    #[test]
    fn many_plain_confirmations_faster_than_reading_are_stamped() {
        let stamped = pace("user:ana", &made(31, 1_200));
        assert!(stamped.is_stamping, "{stamped:?}");
        assert_eq!((stamped.decisions, stamped.plain, stamped.between_secs), (30, 30, Some(1.2)));
    }

    #[test]
    fn who_takes_their_time_or_ever_changes_something_is_not_stamping() {
        assert!(!pace("user:ana", &made(31, 5_000)).is_stamping, "slow enough to read");
        assert!(!pace("user:ana", &made(29, 100)).is_stamping, "too few to tell");
        let mut once = made(31, 100);
        once[29].is_plain = false;
        assert!(!pace("user:ana", &once).is_stamping, "one was changed");
        let mut breaks = made(31, 1_000);
        for (n, made) in breaks.iter_mut().enumerate().take(14) {
            made.at += Duration::hours(14 - n as i64);
        }
        assert!(pace("user:ana", &breaks).is_stamping, "some breaks do not hide it");
        assert_eq!(pace("user:ana", &made(1, 0)).between_secs, None);
    }
}
