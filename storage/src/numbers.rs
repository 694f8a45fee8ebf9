//! The numbers we serve, one row each, made when a webhook first names it.
//!
//! Each has its token, its rate, what Meta says of it, and whether it is paused.

mod idle;
mod pause;
mod probe;
mod removal;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use time::{Duration, OffsetDateTime};

pub use idle::IdlePause;
pub(crate) use pause::delivered;
pub use pause::{About, Direction, Pause};
pub use probe::May;
pub(crate) use probe::{probe_due, probing};
pub use removal::Removed;
pub use waiting::Waiting;

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
    /// Why nothing is fetched for it, while nothing is.
    pub fetch_pause: Option<Pause>,
    /// Why nothing is sent from it, while nothing is.
    pub send_pause: Option<Pause>,
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

#[derive(sqlx::FromRow)]
struct Row {
    phone_number_id: String,
    token_ref: String,
    fetch_paused: bool,
    fetch_reason: Option<String>,
    fetch_since: Option<i64>,
    send_paused: bool,
    send_reason: Option<String>,
    send_since: Option<i64>,
    last_webhook_at: Option<i64>,
    waba_id: Option<String>,
    display_number: Option<String>,
    status: Option<String>,
    quality: Option<String>,
    tier: Option<String>,
    media_retention_secs: i64,
}

impl TryFrom<Row> for Number {
    type Error = CatalogError;

    fn try_from(row: Row) -> Result<Self, CatalogError> {
        Ok(Self {
            phone_number_id: row.phone_number_id,
            waba_id: row.waba_id,
            display_number: row.display_number,
            status: row.status,
            quality: row.quality,
            tier: row.tier,
            media_retention: Duration::seconds(row.media_retention_secs),
            token_ref: row.token_ref,
            fetch_pause: Pause::of(row.fetch_paused, row.fetch_reason, row.fetch_since)?,
            send_pause: Pause::of(row.send_paused, row.send_reason, row.send_since)?,
            last_webhook_at: maybe_at("numbers", "last_webhook_at", row.last_webhook_at)?,
        })
    }
}

impl Number {
    /// Its pauses, by what is paused.
    pub fn pauses(&self) -> impl Iterator<Item = (Direction, &Pause)> {
        let both = [(Direction::Fetch, &self.fetch_pause), (Direction::Send, &self.send_pause)];
        both.into_iter().filter_map(|(direction, pause)| Some((direction, pause.as_ref()?)))
    }
}

impl Catalog {
    /// Our numbers.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn numbers(&self) -> Result<Vec<Number>, CatalogError> {
        let mut tx = self.reading().await?;
        // What a worker of the version before pauses has one reason for both.
        all!(
            tx,
            Row,
            "SELECT phone_number_id, token_ref, fetch_paused, COALESCE(fetch_reason, reason) AS fetch_reason, \
             COALESCE(fetch_since, since) AS fetch_since, send_paused, COALESCE(send_reason, reason) AS send_reason, \
             COALESCE(send_since, since) AS send_since, last_webhook_at, waba_id, display_number, status, quality, \
             tier, media_retention_secs FROM numbers ORDER BY phone_number_id LIMIT 1000"
        )?
        .into_iter()
        .map(Number::try_from)
        .collect()
    }

    /// The numbers with a pause.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn paused_numbers(&self) -> Result<Vec<Number>, CatalogError> {
        let mut numbers = self.numbers().await?;
        numbers.retain(|n| n.pauses().next().is_some());
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
