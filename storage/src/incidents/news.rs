//! What each route has yet to hear, and what became of telling it.
//!
//! What is to be told follows from the incidents alone: whoever looks ([`Catalog::queue_incident_news`]) takes no
//! input and may look twice, for each piece of news is one row by its key.

use serde::Serialize;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Incident, ROUTE_FAILING, Severity, routes::Route};
use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{IncidentId, NewsId, RouteId, at, cut, micros, number, word, words},
    sql::Tx,
};

words! {
    /// What happened to an incident.
    What, "news" {
        /// It began.
        Opened = "opened",
        /// It goes on and nobody acknowledged it.
        Reminder = "reminder",
        /// A person knows.
        Acknowledged = "acknowledged",
        /// It is over.
        Resolved = "resolved",
        /// Nothing happened; somebody tries the route.
        Test = "test",
    }
}

/// Something that a route has yet to hear.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// Its id.
    pub id: NewsId,
    /// What happened.
    pub what: What,
    /// To which incident, as it is now.
    pub incident: Incident,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Since when it waits.
    pub since: OffsetDateTime,
}

/// When somebody heard of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// By which route.
    pub route: String,
    /// What of it.
    pub what: What,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// How long after its end an incident is still told as over.
const OVER_FOR: Duration = Duration::DAY;
/// Most news of a route in one look.
const AT_ONCE: i64 = 500;
/// Failures one after the other before a person hears of it by another way.
const FAILURES: i64 = 3;

/// The incidents that a route is for: `$1` the route, `$2` when it was made, `$3` a day ago, `$4` the present,
/// `$5` to `$7` how grave, `$8` its kinds as `,a,b,` or nothing, `$9` its name, `$10` when they are told again.
const MEANT: &str = "i.severity IN ($5, $6, $7) AND ($8 = '' OR $8 LIKE '%,' || i.kind || ',%') \
     AND NOT (i.kind = 'alert_route_failing' AND i.subject = $9)";
/// All binds of [`MEANT`] in every statement: PostgreSQL wants the type of each one that is given.
const BINDS: &str = "CAST($1 AS TEXT) = CAST($1 AS TEXT) AND $2 + $3 + $4 + $10 >= 0";
const HEARD: &str = "EXISTS (SELECT 1 FROM incident_deliveries d WHERE d.incident_id = i.id AND d.route_id = $11 \
     AND d.what = ";

/// When an incident began, and when it was over: of all that are over those of the last day are found by that alone, so
/// nothing is asked of their state, and they come in that order.
const BEGAN: &str = "i.opened_at";
const ENDED: &str = "i.resolved_at";

/// Which incidents are news of this kind for a route, those that are over by themselves.
fn sql(what: What) -> Vec<String> {
    match what {
        What::Opened => vec![
            news(&format!("i.resolved_at > $3 AND i.opened_at >= $2 AND NOT {HEARD}'opened')"), ENDED),
            news(&format!("i.state <> 'resolved' AND NOT {HEARD}'opened')"), BEGAN),
        ],
        What::Acknowledged => {
            let heard = format!("{HEARD}'opened') AND NOT {HEARD}'acknowledged')");
            vec![news(&format!("i.state = 'acknowledged' AND {heard}"), BEGAN)]
        }
        What::Resolved => {
            let heard = format!("{HEARD}'opened') AND NOT {HEARD}'resolved')");
            vec![news(&format!("i.resolved_at > $3 AND {heard}"), ENDED)]
        }
        What::Reminder => vec![news(UNHEARD, BEGAN)],
        What::Test => Vec::new(),
    }
}

/// Which incidents were last told of too long ago.
const UNHEARD: &str = "i.state = 'open' AND $10 > 0 AND (SELECT MAX(CASE WHEN d.state = 'queued' THEN $4 \
     ELSE COALESCE(d.delivered_at, d.created_at) END) FROM incident_deliveries d WHERE d.incident_id = i.id \
     AND d.route_id = $11 AND d.what IN ('opened', 'reminder')) <= $4 - $10";

fn news(which: &str, order: &str) -> String {
    format!(
        "SELECT i.id, (SELECT COUNT(*) FROM incident_deliveries d WHERE d.incident_id = i.id AND d.route_id = $11 \
         AND d.what = 'reminder') FROM incidents i WHERE {which} AND {MEANT} AND {BINDS} \
         ORDER BY {order}, i.id LIMIT {AT_ONCE}"
    )
}

async fn queue(tx: &mut Tx, route: &Route, what: What, present: OffsetDateTime) -> Result<u64, CatalogError> {
    let mut queued = 0;
    for sql in sql(what) {
        queued += queue_these(tx, route, (what, sql), present).await?;
    }
    Ok(queued)
}

async fn queue_these(
    tx: &mut Tx,
    route: &Route,
    (what, sql): (What, String),
    present: OffsetDateTime,
) -> Result<u64, CatalogError> {
    let grave = |n: usize| Severity::ALL.get(n).filter(|s| **s >= route.min_severity).map(|s| s.as_str());
    let kinds = if route.kinds.is_empty() { String::new() } else { format!(",{},", route.kinds.join(",")) };
    let again = i64::try_from(route.again_after_secs).unwrap_or(0).saturating_mul(1_000_000);
    let found = all!(
        tx,
        (Uuid, i64),
        sqlx::AssertSqlSafe(sql.clone()),
        route.id.to_string(),
        micros(route.created_at),
        micros(present - OVER_FOR),
        micros(present),
        grave(0).unwrap_or_default(),
        grave(1).unwrap_or_default(),
        grave(2).unwrap_or_default(),
        kinds.as_str(),
        route.name.as_str(),
        again,
        route.id.0
    )?;
    let rows: Vec<(Uuid, i64)> = found
        .into_iter()
        .map(|(incident, reminders)| (incident, if what == What::Reminder { reminders + 1 } else { 0 }))
        .collect();
    insert!(
        tx,
        "INSERT INTO incident_deliveries (id, route_id, incident_id, what, nth, state, created_at) VALUES ",
        7,
        " ON CONFLICT DO NOTHING",
        &rows,
        |q, (incident, nth)| q
            .bind(NewsId::generate().0)
            .bind(route.id.0)
            .bind(*incident)
            .bind(what.as_str())
            .bind(*nth)
            .bind("queued")
            .bind(micros(present))
    )?;
    Ok(rows.len() as u64)
}

type Row = (Uuid, String, i64, i64, Uuid);

impl Catalog {
    /// Writes down what each route has yet to hear; how much is new.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn queue_incident_news(&self) -> Result<u64, CatalogError> {
        let mut queued = 0;
        for route in self.incident_routes().await?.iter().filter(|r| r.enabled) {
            let mut tx = self.writing().await?;
            let present = tx.now();
            for what in [What::Opened, What::Acknowledged, What::Resolved, What::Reminder] {
                queued += queue(&mut tx, route, what, present).await?;
            }
            tx.commit().await?;
        }
        Ok(queued)
    }

    /// What a route has yet to hear, the oldest first, at most 500.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn incident_news(&self, route: RouteId) -> Result<Vec<News>, CatalogError> {
        const T: &str = "incident_deliveries";
        let mut tx = self.reading().await?;
        let rows = all!(
            tx,
            Row,
            "SELECT id, what, attempts, created_at, incident_id FROM incident_deliveries \
             WHERE route_id = $1 AND state = 'queued' AND incident_id IS NOT NULL ORDER BY created_at, id LIMIT $2",
            route.0,
            AT_ONCE
        )?;
        let mut news = Vec::with_capacity(rows.len());
        for (id, what, attempts, since, incident) in rows {
            news.push(News {
                id: NewsId(id),
                what: word(T, "what", &what)?,
                incident: super::by_id(&mut tx, IncidentId(incident)).await?,
                attempts: number(T, "attempts", attempts)?,
                since: at(T, "created_at", since)?,
            });
        }
        Ok(news)
    }

    /// How many messages left by a route since then, and when the last one did.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn incident_messages_since(
        &self,
        route: RouteId,
        since: OffsetDateTime,
    ) -> Result<(u32, Option<OffsetDateTime>), CatalogError> {
        let mut tx = self.reading().await?;
        let (count, last) = one!(
            tx,
            (i64, Option<i64>),
            "SELECT COUNT(DISTINCT message), MAX(delivered_at) FROM incident_deliveries \
             WHERE route_id = $1 AND state = 'delivered' AND delivered_at > $2 AND what <> 'test'",
            route.0,
            micros(since)
        )?;
        const T: &str = "incident_deliveries";
        Ok((number(T, "message", count)?, crate::names::maybe_at(T, "delivered_at", last)?))
    }

    /// A route heard these, in one message.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_news_told(
        &self,
        route: &Route,
        news: &[NewsId],
        message: &str,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        for id in news {
            execute!(
                tx,
                "UPDATE incident_deliveries SET state = 'delivered', delivered_at = $2, message = $3, error = NULL \
                 WHERE id = $1 AND state = 'queued'",
                id.0,
                micros(present),
                message
            )?;
        }
        works(&mut tx, route, present).await?;
        tx.commit().await
    }

    /// A route could not be told these; it rests until then. After some failures an incident says so, which leaves by
    /// the other routes. What was tried in vain for a day is given up: it stands on the incident's page.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_news_failed(
        &self,
        route: &Route,
        news: &[NewsId],
        error: &str,
        rest_until: OffsetDateTime,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let error = cut(error, 300);
        for id in news {
            execute!(
                tx,
                "UPDATE incident_deliveries SET attempts = attempts + 1, error = $2, \
                 state = CASE WHEN created_at < $3 THEN 'failed' ELSE state END WHERE id = $1 AND state = 'queued'",
                id.0,
                error.as_str(),
                micros(present - OVER_FOR)
            )?;
        }
        let (failures,) = one!(
            tx,
            (i64,),
            "UPDATE incident_routes SET failures = failures + 1, last_error = $2, wait_until = $3 \
             WHERE id = $1 RETURNING failures",
            route.id.0,
            error.as_str(),
            micros(rest_until)
        )?;
        if failures >= FAILURES {
            let detail = json!({ "error": error, "medium": route.medium, "failures": failures });
            super::open(&mut tx, ROUTE_FAILING, &route.name, &detail, 1, present).await?;
        }
        tx.commit().await
    }

    /// Records that somebody tried a route, and how that went.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_route_tested(
        &self,
        route: &Route,
        message: &str,
        error: Option<&str>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        execute!(
            tx,
            "INSERT INTO incident_deliveries (id, route_id, what, state, attempts, error, message, created_at, \
             delivered_at) VALUES ($1, $2, 'test', $3, 1, $4, $5, $6, $7)",
            NewsId::generate().0,
            route.id.0,
            if error.is_none() { "delivered" } else { "failed" },
            error.map(|e| cut(e, 300)),
            message,
            micros(present),
            error.is_none().then(|| micros(present))
        )?;
        if error.is_none() {
            works(&mut tx, route, present).await?;
        }
        tx.commit().await
    }

    /// Who heard of an incident, and when; at most 100.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn incident_told(&self, id: IncidentId) -> Result<Vec<Told>, CatalogError> {
        let mut tx = self.reading().await?;
        all!(
            tx,
            (String, String, i64),
            "SELECT r.name, d.what, d.delivered_at FROM incident_deliveries d JOIN incident_routes r \
             ON r.id = d.route_id WHERE d.incident_id = $1 AND d.state = 'delivered' ORDER BY d.delivered_at, d.id LIMIT 100",
            id.0
        )?
        .into_iter()
        .map(|(route, what, when)| {
            const T: &str = "incident_deliveries";
            Ok(Told { route, what: word(T, "what", &what)?, at: at(T, "delivered_at", when)? })
        })
        .collect()
    }
}

/// A route works: what told of its failing is over.
async fn works(tx: &mut Tx, route: &Route, present: OffsetDateTime) -> Result<(), CatalogError> {
    let sql = "UPDATE incident_routes SET failures = 0, wait_until = 0, last_error = NULL WHERE id = $1";
    execute!(tx, sql, route.id.0)?;
    super::resolve(tx, ROUTE_FAILING, Some(&route.name), present).await.map(drop)
}
