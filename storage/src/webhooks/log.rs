//! What was sent to an endpoint and how that went; and sending it again.

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{EndpointId, WebhookId, at, maybe_at, micros, number, word, words},
    sql::{Bind, Query},
};

words! {
    /// Where an event for an endpoint is.
    Delivery, "webhook delivery state" {
        /// It waits for its turn or its next try.
        Queued = "queued",
        /// The endpoint has it.
        Delivered = "delivered",
        /// It was tried for three days.
        Undelivered = "undelivered",
        /// The endpoint may not know of what it is about.
        Withheld = "withheld",
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The `webhook-id`, without its prefix.
    pub id: WebhookId,
    /// The event's type.
    pub r#type: String,
    /// The document or customer that it is about.
    pub about: Option<Uuid>,
    /// Where it is.
    pub state: Delivery,
    /// How often it was tried.
    pub attempts: u32,
    /// The last status.
    pub last_status: Option<u16>,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was tried last.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_attempt_at: Option<OffsetDateTime>,
    /// When it is tried next.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_attempt_at: Option<OffsetDateTime>,
    /// Since when it waits.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

type Row = (Uuid, String, Option<Uuid>, String, i64, Option<i64>, Option<String>, Option<i64>, i64, i64);

fn line(row: Row) -> Result<Line, CatalogError> {
    const T: &str = "webhook_deliveries";
    let (id, kind, about, state, attempts, status, error, last, next, created) = row;
    let state: Delivery = word(T, "state", &state)?;
    let next = Some(next).filter(|_| state == Delivery::Queued);
    Ok(Line {
        id: WebhookId(id),
        r#type: kind,
        about,
        state,
        attempts: number(T, "attempts", attempts)?,
        last_status: status.map(|s| number(T, "last_status", s)).transpose()?,
        last_error: error,
        last_attempt_at: maybe_at(T, "last_attempt_at", last)?,
        next_attempt_at: maybe_at(T, "next_attempt_at", next)?,
        created_at: at(T, "created_at", created)?,
    })
}

impl Catalog {
    /// The log of an endpoint, the latest first, those before `after`; only of one state if one is named.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn webhook_log(
        &self,
        endpoint: EndpointId,
        state: Option<Delivery>,
        after: Option<WebhookId>,
        limit: u32,
    ) -> Result<Vec<Line>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut query = Query::default();
        query.holds("endpoint_id =", Some(Bind::Id(endpoint.0)));
        query.holds("state =", state.map(|s| Bind::text(s.as_str())));
        // Ids grow with time.
        query.holds("id <", after.map(|a| Bind::Id(a.0)));
        let text = format!(
            "SELECT id, type, about, state, attempts, last_status, last_error, last_attempt_at, next_attempt_at, \
             created_at FROM webhook_deliveries WHERE {} ORDER BY id DESC LIMIT {}",
            query.all(),
            limit.min(500)
        );
        all_of!(tx, Row, text, query.binds)?.into_iter().map(line).collect()
    }

    /// Sends one event again, by the same id; whether there is such a one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replay_webhook(&self, endpoint: EndpointId, id: WebhookId) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let touched = execute!(
            tx,
            "UPDATE webhook_deliveries SET state = 'queued', attempts = 0, first_attempt_at = NULL, \
             next_attempt_at = $3 WHERE endpoint_id = $1 AND id = $2",
            endpoint.0,
            id.0,
            micros(present)
        )?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// Moves an endpoint's cursor back before the first event since then: all of them are sent again, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replay_webhooks_since(
        &self,
        endpoint: EndpointId,
        since: OffsetDateTime,
    ) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let first = optional!(
            tx,
            (i64, i64, i64),
            "SELECT epoch, tx, seq FROM events WHERE at >= $1 ORDER BY epoch, tx, seq LIMIT 1",
            micros(since)
        )?;
        // Numbers are whole and unique, so the place before a number is one less.
        let Some((epoch, of, seq)) = first else { return Ok(true) };
        let touched = execute!(
            tx,
            "UPDATE webhook_endpoints SET epoch = $2, tx = $3, seq = $4 \
             WHERE id = $1 AND (epoch, tx, seq) > ($2, $3, $4)",
            endpoint.0,
            epoch,
            of,
            seq - 1
        )?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// Forgets what was sent longer ago than `age`, at most `limit` lines; how many. What waits or is undelivered
    /// stays.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_webhook_log(&self, age: Duration, limit: u32) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let before = tx.now() - age;
        let gone = execute!(
            tx,
            "DELETE FROM webhook_deliveries WHERE id IN (SELECT d.id FROM webhook_deliveries d \
             WHERE d.state IN ('delivered', 'withheld') AND d.created_at < $1 LIMIT $2)",
            micros(before),
            i64::from(limit)
        )?;
        tx.commit().await?;
        Ok(gone)
    }
}
