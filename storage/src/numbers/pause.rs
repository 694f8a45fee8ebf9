//! Pauses of a number: by direction, and ended by the thing that failed.
//!
//! What may not be sent may still be fetched. A pause is about one number, or about all that use one token. When its
//! probe is due, one fetch or one send goes through ([`Catalog::may_go`]); it succeeds and the direction is open again,
//! or it fails and the next probe comes later; where nothing waits that could go, the watch asks ([`super::idle`]). Meta
//! takes calls and then refuses the message by a status: a pause that a status opened proves nothing ended by a call that
//! was taken, and ends when a message that went later is delivered.

use serde::Serialize;
use time::OffsetDateTime;

use super::{ensure, probe::gap};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    incidents,
    names::{cut, maybe_at, micros, words},
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
    pub(super) fn incident(self) -> &'static str {
        match self {
            Self::Fetch => "fetch_paused",
            Self::Send => "send_paused",
        }
    }
}

/// Why a direction of a number is paused, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// Why, as it was said first.
    pub reason: String,
    /// Since when, where that was written down.
    pub since: Option<OffsetDateTime>,
}

impl Pause {
    pub(super) fn of(
        is_paused: bool,
        reason: Option<String>,
        since: Option<i64>,
    ) -> Result<Option<Self>, CatalogError> {
        let since = maybe_at("numbers", "since", since)?;
        Ok(is_paused.then(|| Self { reason: reason.unwrap_or_default(), since }))
    }
}

/// Whose trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About<'a> {
    /// This number's: what it is billed, what it sent, a lock.
    Number(&'a str),
    /// What this number may do at all: a permission that is missing, or its registration.
    PermissionOf(&'a str),
    /// That of the token which this number uses, and so of all that use it.
    TokenOf(&'a str),
}

/// How it was heard that sending does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    InCall,
    ByStatus,
}

/// A message was delivered. If it left when its number's sending was paused by a status already, that is over.
pub(crate) async fn delivered(tx: &mut Tx, message: uuid::Uuid) -> Result<(), CatalogError> {
    let present = tx.now();
    let proven = optional!(
        tx,
        (String,),
        "SELECT n.phone_number_id FROM outbox o JOIN numbers n ON n.phone_number_id = o.phone_number_id \
         WHERE o.id = $1 AND n.send_paused AND n.send_needs_delivery \
         AND o.sent_at > COALESCE(n.send_since, n.since)",
        message
    )?;
    if let Some((number,)) = proven {
        resume(tx, &number, Direction::Send, present).await?;
    }
    Ok(())
}

pub(super) async fn resume(
    tx: &mut Tx,
    number: &str,
    direction: Direction,
    present: OffsetDateTime,
) -> Result<bool, CatalogError> {
    let touched = execute!(
        tx,
        match direction {
            Direction::Fetch =>
                "UPDATE numbers SET fetch_paused = FALSE, fetch_probe_at = NULL, fetch_probes = 0, \
                 fetch_reason = NULL, fetch_since = NULL WHERE phone_number_id = $1 AND fetch_paused",
            Direction::Send =>
                "UPDATE numbers SET send_paused = FALSE, send_probe_at = NULL, send_probes = 0, send_reason = NULL, \
                 send_since = NULL, send_needs_delivery = FALSE, send_by_token = FALSE, send_by_mark = FALSE \
                 WHERE phone_number_id = $1 AND send_paused",
        },
        number
    )?;
    if touched == 1 {
        incidents::resolve(tx, direction.incident(), Some(number), present).await?;
    }
    Ok(touched == 1)
}

/// What these numbers are stays as it is read until the end of the transaction; SQLite has one writer anyway.
pub(super) async fn hold(tx: &mut Tx, number: &str, whole_token: bool) -> Result<(), CatalogError> {
    let sql = tx.pick(
        "SELECT 1 WHERE $1 = '' AND $2",
        "SELECT phone_number_id FROM numbers WHERE phone_number_id = $1 OR ($2 AND token_ref = (SELECT t.token_ref \
         FROM numbers t WHERE t.phone_number_id = $1)) ORDER BY phone_number_id FOR UPDATE",
    );
    execute!(tx, sql, number, whole_token).map(drop)
}

async fn pause(
    tx: &mut Tx,
    about: About<'_>,
    (direction, heard): (Direction, Heard),
    reason: &str,
    present: OffsetDateTime,
) -> Result<(), CatalogError> {
    let (number, whole_token) = match about {
        About::Number(number) | About::PermissionOf(number) => (number, false),
        About::TokenOf(number) => (number, true),
    };
    ensure(tx, number).await?;
    hold(tx, number, whole_token).await?;
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
                    "UPDATE numbers SET fetch_reason = CASE WHEN $4 THEN fetch_reason ELSE $2 END, \
                         fetch_since = CASE WHEN $4 THEN fetch_since ELSE $3 END, fetch_paused = TRUE, fetch_probe_at = $5 \
                         WHERE phone_number_id = $1",
                Direction::Send =>
                    "UPDATE numbers SET send_reason = CASE WHEN $4 THEN send_reason ELSE $2 END, \
                         send_since = CASE WHEN $4 THEN send_since ELSE $3 END, send_paused = TRUE, send_probe_at = $5 \
                         WHERE phone_number_id = $1",
            },
            paused.as_str(),
            cut(reason, 500),
            micros(present),
            was,
            micros(next)
        )?;
        if direction == Direction::Send {
            ended_by(tx, &paused, Ends::of(about, heard), was).await?;
        }
        tell(tx, &paused, direction, reason, present).await?;
    }
    Ok(())
}

/// What ends a pause of sending, beside a message that goes.
#[derive(Debug, Clone, Copy)]
struct Ends {
    /// No call that is taken, but a delivery.
    with_delivery: bool,
    /// A token that is taken again.
    by_token: bool,
    /// Whatever needs what sending needs, and changes nothing for anybody.
    by_mark: bool,
}

impl Ends {
    fn of(about: About<'_>, heard: Heard) -> Self {
        let in_call = heard == Heard::InCall;
        Self {
            with_delivery: !in_call,
            by_token: in_call && matches!(about, About::TokenOf(_)),
            by_mark: in_call && !matches!(about, About::Number(_)),
        }
    }
}

/// Keeps what ends a pause of sending: a delivery, where a status opened it at any time; a question for the token, or a mark,
/// where it was nothing but what those prove all the while; else a message that goes.
async fn ended_by(tx: &mut Tx, number: &str, ends: Ends, was: bool) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE numbers SET send_needs_delivery = (send_needs_delivery OR $2), \
         send_by_token = ($3 AND (send_by_token OR NOT $5)), send_by_mark = ($4 AND (send_by_mark OR NOT $5)) \
         WHERE phone_number_id = $1",
        number,
        ends.with_delivery,
        ends.by_token,
        ends.by_mark,
        was
    )
    .map(drop)
}

/// Opens a pause's incident, or counts it, with what it takes to end it.
pub(super) async fn tell(
    tx: &mut Tx,
    number: &str,
    direction: Direction,
    reason: &str,
    present: OffsetDateTime,
) -> Result<(), CatalogError> {
    let (with_delivery, by_token, by_mark) = one!(
        tx,
        (bool, bool, bool),
        "SELECT send_needs_delivery, send_by_token, send_by_mark FROM numbers WHERE phone_number_id = $1",
        number
    )?;
    let ends_with = match direction {
        Direction::Fetch => "an answer to a question by its token",
        Direction::Send if with_delivery => "a message that is delivered",
        Direction::Send if by_token => "a token that is taken again",
        Direction::Send if by_mark => {
            "a message that goes, or one of before that may be marked as read once more"
        }
        Direction::Send => "a message that goes",
    };
    let detail = serde_json::json!({ "reason": cut(reason, 500), "ends_with": ends_with });
    incidents::open(tx, direction.incident(), number, &detail, 1, present).await.map(drop)
}

impl Catalog {
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
        pause(&mut tx, about, (direction, Heard::InCall), reason, present).await?;
        tx.commit().await
    }

    /// Pauses sending because a status said that what was taken had failed: it ends with a delivery.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pause_by_status(
        &self,
        about: About<'_>,
        reason: &str,
        present: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        pause(&mut tx, about, (Direction::Send, Heard::ByStatus), reason, present).await?;
        tx.commit().await
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
        let was_paused = resume(&mut tx, number, direction, present).await?;
        tx.commit().await?;
        Ok(was_paused)
    }
}
