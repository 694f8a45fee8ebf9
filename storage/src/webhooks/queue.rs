//! From the feed to an endpoint: what is new becomes rows, what is due is handed out, what became of it is written.

use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Filter, disable, filter_of};
use crate::{
    access::literal,
    catalog::Catalog,
    error::CatalogError,
    events::{self, Event, EventRow, Position},
    incidents,
    names::{CustomerId, EndpointId, WebhookId, cut, maybe_at, micros, number},
    sql::Tx,
};

/// Events for an endpoint did not arrive.
pub(super) const UNDELIVERED: &str = "webhook_undelivered";
/// How long one event is tried.
pub const TRIED_FOR: Duration = Duration::days(3);
/// How long an endpoint may take nothing before it is disabled.
pub const FAILING_FOR: Duration = Duration::days(5);
/// Events of one look at the feed.
const PAGE: i64 = 500;

/// An event that is due at an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// Its id: the same at each try.
    pub id: WebhookId,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried first.
    pub first_attempt_at: Option<OffsetDateTime>,
    /// What happened.
    pub event: Event,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It was taken.
    Delivered {
        /// The status.
        status: u16,
    },
    /// It was not; it is tried again then, if its time is not over.
    Failed {
        /// The status, if there was one.
        status: Option<u16>,
        /// Why.
        error: String,
        /// The next try.
        next_at: OffsetDateTime,
    },
    /// The receiver wants nothing more, ever.
    Gone,
    /// The endpoint may not know of what it is about.
    Withheld,
}

/// The place after everything that can be seen, in the feed's order.
pub(super) async fn head(tx: &mut Tx) -> Result<Position, CatalogError> {
    let sql = tx.pick(
        "SELECT epoch, tx, seq FROM events WHERE seq = (SELECT MAX(seq) FROM events)",
        "SELECT epoch, tx, seq FROM events WHERE epoch < (SELECT f.epoch FROM feed f WHERE f.id = 1) \
         OR tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint ORDER BY epoch DESC, tx DESC, seq DESC LIMIT 1",
    );
    Ok(optional!(tx, Position, sql)?.unwrap_or((-1, 0, 0)))
}

/// Kind, document, its kind and customer of an event, and its place.
type New = (i64, i64, i64, String, Option<Uuid>, Option<String>, Option<Uuid>);

/// The columns of a [`New`].
const NEW: &str = "e.epoch, e.tx, e.seq, e.kind, e.document_id, e.document_kind, e.customer_id";

/// From where to where there is something that an endpoint has not looked at. The end is asked for first: all up to it is
/// committed by then, so that nothing comes in between when the events themselves are read.
async fn unread(tx: &mut Tx, id: EndpointId) -> Result<Option<(Position, Position)>, CatalogError> {
    let end = head(tx).await?;
    let sql = "SELECT epoch, tx, seq FROM webhook_endpoints WHERE id = $1";
    let stands = optional!(tx, Position, sql, id.0)?;
    Ok(stands.filter(|from| *from < end).map(|from| (from, end)))
}

/// Which events an endpoint is for, as it stands: whoever changes that waits for this transaction, so that nothing is left
/// out by what it was for a moment ago.
async fn held_filter(tx: &mut Tx, id: EndpointId) -> Result<Option<Filter>, CatalogError> {
    let sql = tx.pick(
        "SELECT types, document_kinds, customers FROM webhook_endpoints WHERE id = $1",
        "SELECT types, document_kinds, customers FROM webhook_endpoints WHERE id = $1 FOR NO KEY UPDATE",
    );
    let Some((types, kinds, customers)) = optional!(tx, (String, String, String), sql, id.0)? else {
        return Ok(None);
    };
    let mut filter = filter_of(&types, &kinds, &customers)?;
    let kept = kept_of(tx, &filter.customers).await?;
    filter.customers.extend(kept);
    Ok(Some(filter))
}

/// Into whom some of these were merged: what happens to them is told under that id since.
async fn kept_of(tx: &mut Tx, customers: &[CustomerId]) -> Result<Vec<CustomerId>, CatalogError> {
    let mut kept = Vec::new();
    for some in customers.chunks(500) {
        let list = some.iter().map(|id| literal(tx, id.0)).collect::<Vec<_>>().join(", ");
        let text =
            format!("SELECT merged_into FROM customers WHERE id IN ({list}) AND merged_into IS NOT NULL");
        let rows = all!(tx, (Uuid,), sqlx::AssertSqlSafe(text.clone()))?;
        kept.extend(rows.into_iter().map(|(id,)| CustomerId(id)));
    }
    Ok(kept)
}

fn is_for(filter: &Filter, new: &New) -> bool {
    let kind = new.5.as_deref();
    let has = |ids: &[CustomerId]| new.6.is_some_and(|id| ids.iter().any(|c| c.0 == id));
    (filter.types.is_empty() || filter.types.contains(&new.3))
        && (filter.document_kinds.is_empty()
            || filter.document_kinds.iter().any(|k| Some(k.as_str()) == kind))
        && (filter.customers.is_empty() || has(&filter.customers))
}

/// A delivery, and its event.
#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    attempts: i64,
    first_attempt_at: Option<i64>,
    #[sqlx(flatten)]
    event: EventRow,
}

impl Catalog {
    /// Writes down the next events that an endpoint is for and moves its cursor past them; whether there may be more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn queue_webhooks(&self, id: EndpointId) -> Result<bool, CatalogError> {
        let mut tx = self.reading().await?;
        if unread(&mut tx, id).await?.is_none() {
            return Ok(false);
        }
        drop(tx);
        let mut tx = self.writing().await?;
        let present = tx.now();
        let Some(filter) = held_filter(&mut tx, id).await? else { return Ok(false) };
        let Some((from, end)) = unread(&mut tx, id).await? else { return Ok(false) };
        let feed = events::feed(&mut tx).await?;
        let page: Vec<New> =
            events::next(&mut tx, NEW, &feed, (from, Some(end)), &filter.types, PAGE).await?;
        let more = page.len() as i64 == PAGE;
        // What the types leave out needs no second look.
        let to = page.last().filter(|_| more).map_or(end, |last| (last.0, last.1, last.2));
        let wanted: Vec<&New> = page.iter().filter(|new| is_for(&filter, new)).collect();
        insert!(
            tx,
            "INSERT INTO webhook_deliveries (id, endpoint_id, epoch, tx, seq, about, type, state, next_attempt_at, \
             created_at) VALUES ",
            10,
            " ON CONFLICT (endpoint_id, epoch, tx, seq) DO UPDATE SET state = 'queued', attempts = 0, \
             first_attempt_at = NULL, next_attempt_at = excluded.next_attempt_at",
            &wanted,
            |q, new| q
                .bind(WebhookId::generate().0)
                .bind(id.0)
                .bind(new.0)
                .bind(new.1)
                .bind(new.2)
                .bind(new.4.or(new.6))
                .bind(new.3.as_str())
                .bind("queued")
                .bind(micros(present))
                .bind(micros(present))
        )?;
        let moved = execute!(
            tx,
            "UPDATE webhook_endpoints SET epoch = $2, tx = $3, seq = $4 \
             WHERE id = $1 AND (epoch, tx, seq) = ($5, $6, $7)",
            id.0,
            to.0,
            to.1,
            to.2,
            from.0,
            from.1,
            from.2
        )?;
        if moved == 0 {
            // It was put elsewhere meanwhile, to send something again: it is looked at from there.
            return Ok(true);
        }
        tx.commit().await?;
        Ok(more)
    }

    /// What is due at an endpoint, at most `limit`: of what is about the same document only the first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn due_webhooks(&self, id: EndpointId, limit: u32) -> Result<Vec<Due>, CatalogError> {
        const T: &str = "webhook_deliveries";
        let mut tx = self.reading().await?;
        let present = tx.now();
        let feed = events::feed(&mut tx).await?;
        // One pass over what waits: asked of each whether another is before it, a planner without figures of its own looks
        // through all of them for each.
        let rows = all!(
            tx,
            DueRow,
            "SELECT d.id, d.attempts, d.first_attempt_at, e.seq, e.mark, e.at, e.kind, e.document_id, e.version, \
               e.document_kind, e.customer_id, e.changed, e.data \
             FROM (SELECT h.id, h.about, h.attempts, h.first_attempt_at, h.next_attempt_at, h.epoch, h.tx, h.seq, \
               ROW_NUMBER() OVER (PARTITION BY h.about ORDER BY h.epoch, h.tx, h.seq) AS place \
               FROM webhook_deliveries h WHERE h.endpoint_id = $1 AND h.state = 'queued') d \
             JOIN events e ON e.seq = d.seq WHERE (d.place = 1 OR d.about IS NULL) AND d.next_attempt_at <= $2 \
             ORDER BY d.next_attempt_at, d.epoch, d.tx, d.seq LIMIT $3",
            id.0,
            micros(present),
            i64::from(limit)
        )?;
        let due = rows.into_iter().map(|row| {
            Ok(Due {
                id: WebhookId(row.id),
                attempts: number(T, "attempts", row.attempts)?,
                first_attempt_at: maybe_at(T, "first_attempt_at", row.first_attempt_at)?,
                event: events::event(&feed, row.event)?,
            })
        });
        due.collect()
    }

    /// Writes down what became of a try, and what follows of it for the endpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_tried(&self, of: EndpointId, due: &Due, tried: &Tried) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let (state, status, error, next_at) = match tried {
            Tried::Delivered { status } => ("delivered", Some(*status), None, present),
            Tried::Withheld => ("withheld", None, None, present),
            Tried::Gone => ("queued", Some(410), Some("the receiver answered 410"), present),
            Tried::Failed { status, error, next_at } => {
                let over = due.first_attempt_at.is_some_and(|first| present - first >= TRIED_FOR);
                (if over { "undelivered" } else { "queued" }, *status, Some(error.as_str()), *next_at)
            }
        };
        execute!(
            tx,
            "UPDATE webhook_deliveries SET state = $2, attempts = attempts + 1, last_status = $3, last_error = $4, \
             next_attempt_at = $5, first_attempt_at = COALESCE(first_attempt_at, $6), last_attempt_at = $6 \
             WHERE id = $1 AND state = 'queued'",
            due.id.0,
            state,
            status.map(i64::from),
            error.map(|e| cut(e, 300)),
            micros(next_at),
            micros(present)
        )?;
        match tried {
            Tried::Delivered { .. } => taken(&mut tx, of, present).await?,
            Tried::Gone => disable(&mut tx, of, "the receiver answered 410", present).await?,
            Tried::Failed { .. } => failing(&mut tx, of, state == "undelivered", present).await?,
            Tried::Withheld => {}
        }
        tx.commit().await
    }
}

async fn taken(tx: &mut Tx, of: EndpointId, present: OffsetDateTime) -> Result<(), CatalogError> {
    let sql = "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL";
    if execute!(tx, sql, of.0)? > 0 {
        // It is back. What never got as far as an answer failed for its absence, and need not wait longer for it.
        execute!(
            tx,
            "UPDATE webhook_deliveries SET next_attempt_at = $2 WHERE endpoint_id = $1 AND state = 'queued' \
             AND next_attempt_at > $2 AND last_status IS NULL",
            of.0,
            micros(present)
        )?;
    }
    let lost = "SELECT id FROM webhook_deliveries WHERE endpoint_id = $1 AND state = 'undelivered' LIMIT 1";
    if optional!(tx, (Uuid,), lost, of.0)?.is_none() {
        incidents::resolve(tx, UNDELIVERED, Some(&of.to_string()), present).await?;
    }
    Ok(())
}

async fn failing(
    tx: &mut Tx,
    of: EndpointId,
    undelivered: bool,
    present: OffsetDateTime,
) -> Result<(), CatalogError> {
    if undelivered {
        incidents::open(tx, UNDELIVERED, &of.to_string(), &json!({}), 1, present).await?;
    }
    let (since,) = one!(
        tx,
        (i64,),
        "UPDATE webhook_endpoints SET failing_since = COALESCE(failing_since, $2) WHERE id = $1 RETURNING failing_since",
        of.0,
        micros(present)
    )?;
    if since <= micros(present - FAILING_FOR) {
        disable(tx, of, "nothing was taken for five days", present).await?;
    }
    Ok(())
}
