//! The numbers we serve, one row each, made when a webhook first names it.
//!
//! Each has its token, its rate, what Meta says of it, and whether it is paused.

mod pause;
mod removal;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::{Duration, OffsetDateTime};

pub use pause::{About, Direction, May};
pub(crate) use pause::{delivered, probe_due, probing};
pub use removal::Removed;
pub use waiting::{Pause, Waiting};

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{clean, cut, maybe_at, micros},
    sql::Tx,
};

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

/// Statuses came for these numbers: that is a webhook too. Once a minute at most, for there are three to a message.
pub(crate) async fn heard_of(tx: &mut Tx, numbers: &BTreeSet<String>) -> Result<(), CatalogError> {
    let present = tx.now();
    for number in numbers.iter().filter(|number| !number.is_empty()) {
        execute!(
            tx,
            "UPDATE numbers SET last_webhook_at = $2 WHERE phone_number_id = $1 \
             AND (last_webhook_at IS NULL OR last_webhook_at < $3)",
            number.as_str(),
            micros(present),
            micros(present - Duration::MINUTE)
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

    /// Makes a number known, of an account and with a token; whether it was not known yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_number(
        &self,
        number: &str,
        account: &str,
        token_ref: &str,
    ) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let added = execute!(
            tx,
            "INSERT INTO numbers (phone_number_id, waba_id, token_ref) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            clean(number),
            cut(account, 64),
            cut(token_ref, 64)
        )?;
        tx.commit().await?;
        Ok(added == 1)
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
}
