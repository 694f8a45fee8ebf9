//! The numbers we serve, one row each, made when a webhook first names it.
//!
//! A pause has a direction: what may not be sent may still be fetched. It is about one number, or about all that use
//! one token. A pause is ended by the thing that failed: when its probe is due, one fetch or one send goes through
//! ([`Catalog::may_go`]); it succeeds and the direction is open again, or it fails and the next probe comes later.

mod removal;

use std::collections::BTreeMap;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

pub use removal::Removed;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    incidents,
    names::{clean, cut, maybe_at, micros, words},
    sql::Tx,
};

words! {
    /// What a number does for us.
    Direction, "direction" {
        /// Files that people sent come in.
        Fetch = "fetch",
        /// Messages go out.
        Send = "send",
    }
}

impl Direction {
    fn incident(self) -> &'static str {
        match self {
            Self::Fetch => "fetch_paused",
            Self::Send => "send_paused",
        }
    }
}

/// One of our numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Number {
    /// Meta's id of it.
    pub phone_number_id: String,
    /// Meta's business account (WABA) that it belongs to, once a webhook has said so.
    pub waba_id: Option<String>,
    /// The number, as people see it.
    pub display_number: Option<String>,
    /// Meta's word on it: `CONNECTED`, `FLAGGED`, `RESTRICTED`, …
    pub status: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: Option<String>,
    /// How many people it may write to first in a day, e.g. `TIER_10K`.
    pub tier: Option<String>,
    /// How long Meta keeps the media that comes to it: a week, an hour where it uses No Storage.
    #[serde(skip)]
    pub media_retention: Duration,
    /// Which token it uses; never the token.
    pub token_ref: String,
    /// Whether nothing is fetched for it.
    pub fetch_paused: bool,
    /// Whether nothing is sent from it.
    pub send_paused: bool,
    /// Why, of the latest pause.
    pub reason: Option<String>,
    /// Since when it is paused.
    pub since: Option<OffsetDateTime>,
    /// When it last brought a webhook.
    pub last_webhook_at: Option<OffsetDateTime>,
}

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

/// Whose trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About<'a> {
    /// This number's.
    Number(&'a str),
    /// That of the token which this number uses, and so of all that use it.
    TokenOf(&'a str),
}

/// First wait before a pause is probed; it doubles with each probe that fails.
const FIRST_PROBE: Duration = Duration::minutes(1);
/// Longest wait between two probes.
const LAST_PROBE: Duration = Duration::hours(1);
/// Looks of others at a paused number while its probe is under way.
const PROBE_TAKES: Duration = Duration::minutes(2);

fn gap(probes: i64) -> Duration {
    let doublings = u32::try_from(probes.clamp(0, 10)).unwrap_or(10);
    (FIRST_PROBE * 2_i32.pow(doublings)).min(LAST_PROBE)
}

/// What a webhook says of the number that it came for.
pub(crate) struct Seen {
    pub token_ref: String,
    pub waba_id: Option<String>,
    pub at: OffsetDateTime,
}

/// Makes the rows of numbers that webhooks name, and remembers when they last did and whose they are.
pub(crate) async fn seen(tx: &mut Tx, numbers: &BTreeMap<String, Seen>) -> Result<(), CatalogError> {
    for (number, seen) in numbers.iter().filter(|(number, _)| !number.is_empty()) {
        execute!(
            tx,
            "INSERT INTO numbers (phone_number_id, token_ref, last_webhook_at, waba_id) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (phone_number_id) DO UPDATE SET last_webhook_at = excluded.last_webhook_at, \
             waba_id = COALESCE(excluded.waba_id, numbers.waba_id) \
             WHERE numbers.last_webhook_at IS NULL OR numbers.last_webhook_at < excluded.last_webhook_at",
            clean(number),
            seen.token_ref.as_str(),
            micros(seen.at),
            seen.waba_id.as_deref()
        )?;
    }
    Ok(())
}

/// How long Meta keeps the media of a webhook (since October 2025; it was 30 days before).
pub(crate) const MEDIA_KEPT: Duration = Duration::days(7);

/// The numbers whose media Meta keeps for another time than a week.
pub(crate) async fn retentions(tx: &mut Tx) -> Result<BTreeMap<String, Duration>, CatalogError> {
    let rows = all!(
        tx,
        (String, i64),
        "SELECT phone_number_id, media_retention_secs FROM numbers WHERE media_retention_secs <> 604800 LIMIT 1000"
    )?;
    Ok(rows.into_iter().map(|(number, secs)| (number, Duration::seconds(secs))).collect())
}

/// Makes the row of a number that nobody named before.
pub(crate) async fn ensure(tx: &mut Tx, number: &str) -> Result<(), CatalogError> {
    execute!(tx, "INSERT INTO numbers (phone_number_id) VALUES ($1) ON CONFLICT DO NOTHING", clean(number))
        .map(drop)
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

type Word = Option<String>;
type Row =
    (String, String, bool, bool, Option<String>, Option<i64>, Option<i64>, Word, Word, Word, Word, Word, i64);

impl Catalog {
    /// Our numbers.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn numbers(&self) -> Result<Vec<Number>, CatalogError> {
        const T: &str = "numbers";
        let mut tx = self.reading().await?;
        all!(
            tx,
            Row,
            "SELECT phone_number_id, token_ref, fetch_paused, send_paused, reason, since, last_webhook_at, waba_id, \
             display_number, status, quality, tier, media_retention_secs FROM numbers ORDER BY phone_number_id LIMIT 1000"
        )?
        .into_iter()
        .map(|row| {
            let (phone_number_id, token_ref, fetch_paused, send_paused, reason, since, last, waba, ..) = row;
            let (display_number, status, quality, tier) = (row.8, row.9, row.10, row.11);
            Ok(Number {
                phone_number_id,
                waba_id: waba,
                display_number,
                status,
                quality,
                tier,
                media_retention: Duration::seconds(row.12),
                token_ref,
                fetch_paused,
                send_paused,
                reason,
                since: maybe_at(T, "since", since)?,
                last_webhook_at: maybe_at(T, "last_webhook_at", last)?,
            })
        })
        .collect()
    }

    /// The numbers with a pause.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn paused_numbers(&self) -> Result<Vec<Number>, CatalogError> {
        let mut numbers = self.numbers().await?;
        numbers.retain(|n| n.fetch_paused || n.send_paused);
        Ok(numbers)
    }

    /// The reference of the token that a number uses.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn token_ref(&self, number: &str) -> Result<String, CatalogError> {
        let mut tx = self.reading().await?;
        let row =
            optional!(tx, (String,), "SELECT token_ref FROM numbers WHERE phone_number_id = $1", number)?;
        Ok(row.map_or_else(|| "default".to_owned(), |(token_ref,)| token_ref))
    }

    /// Says how long Meta keeps the media that comes to a number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_media_retention(
        &self,
        number: &str,
        kept: std::time::Duration,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "INSERT INTO numbers (phone_number_id, media_retention_secs) VALUES ($1, $2) \
             ON CONFLICT (phone_number_id) DO UPDATE SET media_retention_secs = excluded.media_retention_secs",
            clean(number),
            i64::try_from(kept.as_secs()).unwrap_or(i64::MAX)
        )?;
        tx.commit().await
    }

    /// Says which token a number uses.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_token_ref(&self, number: &str, token_ref: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "INSERT INTO numbers (phone_number_id, token_ref) VALUES ($1, $2) \
             ON CONFLICT (phone_number_id) DO UPDATE SET token_ref = excluded.token_ref",
            clean(number),
            cut(token_ref, 64)
        )?;
        tx.commit().await
    }

    /// Pauses one direction of a number, or of all numbers of its token, and opens an incident each. The first reason
    /// and time stay while it lasts; a probe that failed makes the next one wait longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pause(
        &self,
        about: About<'_>,
        direction: Direction,
        reason: &str,
        present: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let (number, whole_token) = match about {
            About::Number(number) => (number, false),
            About::TokenOf(number) => (number, true),
        };
        ensure(&mut tx, number).await?;
        let rows = all!(
            tx,
            (String, bool, i64, i64),
            match direction {
                Direction::Fetch =>
                    "SELECT phone_number_id, fetch_paused, fetch_probes, COALESCE(fetch_probe_at, 0) FROM numbers \
                     WHERE phone_number_id = $1 OR ($2 AND token_ref = (SELECT t.token_ref FROM numbers t \
                     WHERE t.phone_number_id = $1)) ORDER BY phone_number_id",
                Direction::Send =>
                    "SELECT phone_number_id, send_paused, send_probes, COALESCE(send_probe_at, 0) FROM numbers \
                     WHERE phone_number_id = $1 OR ($2 AND token_ref = (SELECT t.token_ref FROM numbers t \
                     WHERE t.phone_number_id = $1)) ORDER BY phone_number_id",
            },
            number,
            whole_token
        )?;
        for (paused, was, probes, _) in rows {
            let next = present.saturating_add(gap(probes));
            execute!(
                tx,
                match direction {
                    Direction::Fetch =>
                        "UPDATE numbers SET reason = CASE WHEN $4 THEN reason ELSE $2 END, \
                         since = CASE WHEN $4 THEN since ELSE $3 END, fetch_paused = TRUE, fetch_probe_at = $5 \
                         WHERE phone_number_id = $1",
                    Direction::Send =>
                        "UPDATE numbers SET reason = CASE WHEN $4 THEN reason ELSE $2 END, \
                         since = CASE WHEN $4 THEN since ELSE $3 END, send_paused = TRUE, send_probe_at = $5 \
                         WHERE phone_number_id = $1",
                },
                paused.as_str(),
                cut(reason, 500),
                micros(present),
                was,
                micros(next)
            )?;
            let detail = serde_json::json!({ "reason": cut(reason, 500) });
            incidents::open(&mut tx, direction.incident(), &paused, &detail, 1, present).await?;
        }
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
        let due = maybe_at("numbers", "probe_at", due)?.unwrap_or(present);
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
                     WHERE phone_number_id = $1 AND fetch_paused AND COALESCE(fetch_probe_at, 0) <= $2",
                Direction::Send =>
                    "UPDATE numbers SET send_probe_at = $3, send_probes = send_probes + 1 \
                     WHERE phone_number_id = $1 AND send_paused AND COALESCE(send_probe_at, 0) <= $2",
            },
            number,
            micros(present),
            micros(next)
        )?;
        tx.commit().await?;
        Ok(if mine == 1 { May::Probe } else { May::NotBefore(next) })
    }

    /// The thing that failed works again: a direction of a number is open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resume(
        &self,
        number: &str,
        direction: Direction,
        present: OffsetDateTime,
    ) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let touched = execute!(
            tx,
            match direction {
                Direction::Fetch =>
                    "UPDATE numbers SET fetch_paused = FALSE, fetch_probe_at = NULL, fetch_probes = 0, \
                     reason = CASE WHEN send_paused THEN reason END, since = CASE WHEN send_paused THEN since END \
                     WHERE phone_number_id = $1 AND fetch_paused",
                Direction::Send =>
                    "UPDATE numbers SET send_paused = FALSE, send_probe_at = NULL, send_probes = 0, \
                     reason = CASE WHEN fetch_paused THEN reason END, since = CASE WHEN fetch_paused THEN since END \
                     WHERE phone_number_id = $1 AND send_paused",
            },
            number
        )?;
        if touched == 1 {
            incidents::resolve(&mut tx, direction.incident(), Some(number), present).await?;
        }
        tx.commit().await?;
        Ok(touched == 1)
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
