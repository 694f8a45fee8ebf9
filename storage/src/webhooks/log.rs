//! What was sent to an endpoint and how that went; and sending it again.

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    access::Access,
    catalog::Catalog,
    error::CatalogError,
    events::Position,
    names::{DocumentId, EndpointId, WebhookId, at, maybe_at, micros, number, word, words},
    sql::{Bind, Query, Tx},
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

/// How far apart the clocks of those who write events are at most, and their transactions in length: of two events whose
/// times are further apart the earlier one stands first.
const APART: Duration = Duration::minutes(10);

/// The first event since then, in the feed's order, by the index of their times. That order is not quite the one of their
/// times, so the first few minutes are looked through. Materialised, or a limit further out would lead the planner to walk
/// the whole feed.
async fn first_since(tx: &mut Tx, since: OffsetDateTime) -> Result<Option<Position>, CatalogError> {
    optional!(
        tx,
        Position,
        "WITH near AS MATERIALIZED (SELECT epoch, tx, seq FROM events \
           WHERE at >= $1 AND at <= (SELECT MIN(at) FROM events WHERE at >= $1) + $2) \
         SELECT epoch, tx, seq FROM near ORDER BY epoch, tx, seq LIMIT 1",
        micros(since),
        i64::try_from(APART.whole_microseconds()).unwrap_or(i64::MAX)
    )
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

    /// Those of these lines that are about what exists for whoever has this access: the queue of an endpoint holds all events,
    /// and what may not be told of is left out as it is sent.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn webhook_log_within(
        &self,
        access: &Access,
        lines: Vec<Line>,
    ) -> Result<Vec<Line>, CatalogError> {
        if !access.is_bound() {
            return Ok(lines);
        }
        let about: Vec<Uuid> = lines.iter().filter_map(|line| line.about).collect();
        let documents: Vec<DocumentId> = about.iter().map(|id| DocumentId(*id)).collect();
        let seen = self.seen_of(access, &documents).await?;
        let mine = self.bound_to(access, &about).await?;
        let exists = |id| seen.contains_key(&DocumentId(id)) || mine.contains(&id);
        Ok(lines.into_iter().filter(|line| line.about.is_some_and(exists)).collect())
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

    /// Moves an endpoint's cursor back before the first event since then: all of them are sent again, in order. Whether it
    /// stood behind it, or there was none.
    ///
    /// # Errors
    /// When the database fails, or takes too long.
    pub async fn replay_webhooks_since(
        &self,
        endpoint: EndpointId,
        since: OffsetDateTime,
    ) -> Result<bool, CatalogError> {
        // Events are only ever added behind, so the place is looked up before anything is written.
        let Some((epoch, of, seq)) = first_since(&mut self.searching().await?, since).await? else {
            return Ok(true);
        };
        let mut tx = self.writing().await?;
        // Numbers are whole and unique, so the place before a number is one less.
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
             WHERE d.state <> 'queued' AND d.state IN ('delivered', 'withheld') AND d.created_at < $1 LIMIT $2)",
            micros(before),
            i64::from(limit)
        )?;
        tx.commit().await?;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_time_has_its_place_in_the_feed_though_clocks_differ() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
        let minute = |n: i64| OffsetDateTime::UNIX_EPOCH + Duration::minutes(n);
        let mut tx = catalog.writing().await.unwrap();
        // By the place in the feed: the third was written by a clock that is four minutes behind.
        for at in [0, 64, 60, 65, 200] {
            let sql = "INSERT INTO events (at, kind, data) VALUES ($1, 'customer.created', '{}')";
            execute!(tx, sql, micros(minute(at))).unwrap();
        }
        for (since, place) in [(0, Some(1)), (60, Some(2)), (61, Some(2)), (66, Some(5)), (201, None)] {
            let first = first_since(&mut tx, minute(since)).await.unwrap();
            assert_eq!(first.map(|(.., seq)| seq), place, "since {since}");
        }
    }
}
