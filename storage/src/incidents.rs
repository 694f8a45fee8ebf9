//! What is wrong, until it is not: opened once, counted while it lasts, acknowledged by a person, resolved.
//!
//! An incident may name messages (`tell_of`): then those messages are *told*, which is the one way for a message
//! to end that neither left nor was withdrawn.

pub mod kinds;
pub mod news;
pub mod routes;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    catalog::Catalog,
    error::CatalogError,
    names::{IncidentId, OutboxId, at, cut, json, maybe_at, micros, number, word, words},
    sql::{Bind, Query, Tx},
};

words! {
    /// How grave.
    Severity, "severity" {
        /// Good to know.
        Info = "info",
        /// Somebody should look.
        Warning = "warning",
        /// Somebody must look now.
        Critical = "critical",
    }
}

words! {
    /// Where an incident stands.
    IncidentState, "incident state" {
        /// Nobody has said that they know.
        Open = "open",
        /// A person knows.
        Acknowledged = "acknowledged",
        /// It is over.
        Resolved = "resolved",
    }
}

impl Severity {
    /// How grave an incident of this kind is.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        kinds::kind(kind).severity
    }
}

/// Something that is or was wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// `message_failed`, `send_paused`, `scanner_away`, …
    pub kind: String,
    /// What it is about: a number, a message, a document.
    pub subject: String,
    /// How grave.
    pub severity: Severity,
    /// Where it stands.
    pub state: IncidentState,
    /// The particulars.
    pub detail: Value,
    /// First seen.
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
    /// Last seen.
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen_at: OffsetDateTime,
    /// Who said that they know.
    pub acked_by: Option<String>,
    /// When they said so.
    #[serde(with = "time::serde::rfc3339::option")]
    pub acked_at: Option<OffsetDateTime>,
    /// When it was over.
    #[serde(with = "time::serde::rfc3339::option")]
    pub resolved_at: Option<OffsetDateTime>,
    /// How often it was seen.
    pub count: u64,
    /// The messages that it tells of, at most [`MESSAGES`].
    pub messages: Vec<OutboxId>,
}

/// Messages shown with an incident.
pub const MESSAGES: usize = 100;
/// A route for alerts fails; its subject is the route's name.
pub const ROUTE_FAILING: &str = "alert_route_failing";
/// Longest subject, characters.
const SUBJECT_CHARS: usize = 300;
/// Most incidents of one answer.
const MOST: u32 = 500;

/// Opens an incident, or counts one that is open: each (kind, subject) is open once.
pub(crate) async fn open(
    tx: &mut Tx,
    kind: &str,
    subject: &str,
    detail: &Value,
    times: i64,
    at: OffsetDateTime,
) -> Result<Uuid, CatalogError> {
    let (id,) = one!(
        tx,
        (Uuid,),
        "INSERT INTO incidents (id, kind, subject, severity, state, detail, opened_at, last_seen_at, count) \
         VALUES ($1, $2, $3, $4, 'open', $5, $6, $6, $7) \
         ON CONFLICT (kind, subject) WHERE state <> 'resolved' DO UPDATE SET count = incidents.count + excluded.count, \
         last_seen_at = excluded.last_seen_at, detail = excluded.detail RETURNING id",
        IncidentId::generate().0,
        cut(kind, 64),
        cut(subject, SUBJECT_CHARS),
        Severity::of(kind).as_str(),
        detail.to_string(),
        micros(at),
        times
    )?;
    Ok(id)
}

/// Tells a person of a message that will not arrive by itself, and to whom it was going.
pub(crate) async fn tell_of(
    tx: &mut Tx,
    message: Uuid,
    kind: &str,
    detail: &Value,
    at: OffsetDateTime,
) -> Result<(), CatalogError> {
    let (contact,) = one!(tx, (Uuid,), "SELECT contact_id FROM outbox WHERE id = $1", message)?;
    let mut detail = detail.clone();
    if let Some(detail) = detail.as_object_mut() {
        detail.insert("contact_id".into(), Value::String(contact.to_string()));
    }
    let id = open(tx, kind, &message.to_string(), &detail, 1, at).await?;
    execute!(
        tx,
        "INSERT INTO incident_messages (incident_id, outbox_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        id,
        message
    )
    .map(drop)
}

/// A message arrived after all: what told of it alone is over.
pub(crate) async fn arrived_after_all(
    tx: &mut Tx,
    message: Uuid,
    at: OffsetDateTime,
) -> Result<(), CatalogError> {
    execute!(
        tx,
        "UPDATE incidents SET state = 'resolved', resolved_at = $2 WHERE state <> 'resolved' AND subject = $3 \
         AND id IN (SELECT m.incident_id FROM incident_messages m WHERE m.outbox_id = $1)",
        message,
        micros(at),
        message.to_string()
    )
    .map(drop)
}

/// What the open incidents of a kind are about, at most a thousand of them.
pub(crate) async fn subjects(tx: &mut Tx, kind: &str) -> Result<Vec<String>, CatalogError> {
    let sql = "SELECT subject FROM incidents WHERE kind = $1 AND state <> 'resolved' LIMIT 1000";
    Ok(all!(tx, (String,), sql, kind)?.into_iter().map(|(subject,)| subject).collect())
}

/// Ends the open incidents of a kind that are about none of these; how many.
pub(crate) async fn resolve_beside(tx: &mut Tx, kind: &str, beside: &[&str]) -> Result<u64, CatalogError> {
    let present = tx.now();
    let (open, mut ended) = (subjects(tx, kind).await?, 0);
    for subject in open.iter().filter(|subject| !beside.contains(&subject.as_str())) {
        ended += resolve(tx, kind, Some(subject), present).await?;
    }
    Ok(ended)
}

/// Ends all open incidents of a kind, or the one of a subject; how many.
pub(crate) async fn resolve(
    tx: &mut Tx,
    kind: &str,
    subject: Option<&str>,
    at: OffsetDateTime,
) -> Result<u64, CatalogError> {
    execute!(
        tx,
        "UPDATE incidents SET state = 'resolved', resolved_at = $3 WHERE kind = $1 AND state <> 'resolved' \
         AND ($2 IS NULL OR subject = $2)",
        kind,
        subject.map(|s| cut(s, SUBJECT_CHARS)),
        micros(at)
    )
}

/// What became of what a person said of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acknowledged {
    /// Noted.
    Done,
    /// It is over already.
    Resolved,
    /// There is no such incident.
    Missing,
}

type Row =
    (Uuid, String, String, String, String, String, i64, i64, Option<String>, Option<i64>, Option<i64>, i64);

fn parsed(row: Row, messages: Vec<OutboxId>) -> Result<Incident, CatalogError> {
    const T: &str = "incidents";
    let (id, kind, subject, severity, state, detail, opened, seen, acked_by, acked, resolved, count) = row;
    Ok(Incident {
        id: IncidentId(id),
        kind,
        subject,
        severity: word(T, "severity", &severity)?,
        state: word(T, "state", &state)?,
        detail: json(T, "detail", &detail)?,
        opened_at: at(T, "opened_at", opened)?,
        last_seen_at: at(T, "last_seen_at", seen)?,
        acked_by,
        acked_at: maybe_at(T, "acked_at", acked)?,
        resolved_at: maybe_at(T, "resolved_at", resolved)?,
        count: number(T, "count", count)?,
        messages,
    })
}

const COLUMNS: &str = "id, kind, subject, severity, state, detail, opened_at, last_seen_at, acked_by, acked_at, \
     resolved_at, count";

/// Why nothing was changed: it is over already, or there is none.
async fn untouched(tx: &mut Tx, id: IncidentId) -> Result<Acknowledged, CatalogError> {
    let found = optional!(tx, (Uuid,), "SELECT id FROM incidents WHERE id = $1", id.0)?;
    Ok(if found.is_some() { Acknowledged::Resolved } else { Acknowledged::Missing })
}

async fn with_messages(tx: &mut Tx, row: Row) -> Result<Incident, CatalogError> {
    let named = all!(
        tx,
        (Uuid,),
        "SELECT outbox_id FROM incident_messages WHERE incident_id = $1 ORDER BY outbox_id LIMIT 100",
        row.0
    )?;
    parsed(row, named.into_iter().map(|(id,)| OutboxId(id)).collect())
}

/// An incident that there is.
pub(crate) async fn by_id(tx: &mut Tx, id: IncidentId) -> Result<Incident, CatalogError> {
    let text = format!("SELECT {COLUMNS} FROM incidents WHERE id = $1");
    let row = one!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?;
    with_messages(tx, row).await
}

impl Catalog {
    /// Opens an incident or counts one that is open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_incident(
        &self,
        kind: &str,
        subject: &str,
        detail: &Value,
    ) -> Result<IncidentId, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let id = open(&mut tx, kind, subject, detail, 1, present).await?;
        tx.commit().await?;
        Ok(IncidentId(id))
    }

    /// Ends all open incidents of a kind, or the one about `subject`; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resolve_incidents(&self, kind: &str, subject: Option<&str>) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let ended = resolve(&mut tx, kind, subject, present).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends the open incidents of a kind that are about none of these; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resolve_incidents_beside(&self, kind: &str, subjects: &[&str]) -> Result<u64, CatalogError> {
        let mut tx = self.writing().await?;
        let ended = resolve_beside(&mut tx, kind, subjects).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// A person knows of it, and from now on it is theirs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn acknowledge_incident(
        &self,
        id: IncidentId,
        who: &str,
        at: OffsetDateTime,
    ) -> Result<Acknowledged, CatalogError> {
        let mut tx = self.writing().await?;
        let touched = execute!(
            tx,
            "UPDATE incidents SET state = 'acknowledged', acked_by = $2, acked_at = $3 \
             WHERE id = $1 AND state <> 'resolved'",
            id.0,
            cut(who, 200),
            micros(at)
        )?;
        if touched == 1 {
            tx.commit().await?;
            return Ok(Acknowledged::Done);
        }
        untouched(&mut tx, id).await
    }

    /// A person says that it is over. The messages that only it told of are settled with it: they count as withdrawn.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle_incident(
        &self,
        id: IncidentId,
        who: &str,
        at: OffsetDateTime,
    ) -> Result<Acknowledged, CatalogError> {
        let mut tx = self.writing().await?;
        let touched = execute!(
            tx,
            "UPDATE incidents SET state = 'resolved', resolved_at = $3, acked_by = COALESCE(acked_by, $2), \
             acked_at = COALESCE(acked_at, $3) WHERE id = $1 AND state <> 'resolved'",
            id.0,
            cut(who, 200),
            micros(at)
        )?;
        if touched == 0 {
            return untouched(&mut tx, id).await;
        }
        execute!(
            tx,
            "UPDATE outbox SET state = 'withdrawn', updated_at = $2 \
             WHERE (state IN ('failed', 'window_closed') OR (state = 'queued' AND held_for = 'stop')) \
             AND id IN (SELECT m.outbox_id FROM incident_messages m WHERE m.incident_id = $1) \
             AND NOT EXISTS (SELECT 1 FROM incident_messages o JOIN incidents i ON i.id = o.incident_id \
               WHERE o.outbox_id = outbox.id AND i.state <> 'resolved')",
            id.0,
            micros(at)
        )?;
        tx.commit().await?;
        Ok(Acknowledged::Done)
    }

    /// Incidents, the oldest first, those after `after`; only of one state if one is named, else all that are not
    /// over.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn incidents(
        &self,
        state: Option<IncidentState>,
        after: Option<IncidentId>,
        limit: u32,
    ) -> Result<Vec<Incident>, CatalogError> {
        let mut tx = self.reading().await?;
        let mut query = Query::default();
        match state {
            Some(state) => query.holds("i.state =", Some(Bind::text(state.as_str()))),
            None => query.and("i.state <> 'resolved'"),
        }
        if let Some(after) = after {
            let id = query.bind(Bind::Id(after.0));
            query.and(format!(
                "(i.opened_at, i.id) > (SELECT a.opened_at, a.id FROM incidents a WHERE a.id = {id})"
            ));
        }
        let text = format!(
            "SELECT i.id, i.kind, i.subject, i.severity, i.state, i.detail, i.opened_at, i.last_seen_at, i.acked_by, \
             i.acked_at, i.resolved_at, i.count FROM incidents i WHERE {} ORDER BY i.opened_at, i.id LIMIT {}",
            query.all(),
            limit.min(MOST)
        );
        let rows = all_of!(tx, Row, text, query.binds)?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            found.push(with_messages(&mut tx, row).await?);
        }
        Ok(found)
    }

    /// How many incidents are not over, by kind.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn incidents_by_kind(&self) -> Result<Vec<(String, u64)>, CatalogError> {
        let mut tx = self.reading().await?;
        all!(
            tx,
            (String, i64),
            "SELECT kind, COUNT(*) FROM incidents WHERE state <> 'resolved' GROUP BY kind ORDER BY kind"
        )?
        .into_iter()
        .map(|(kind, count)| Ok((kind, number("incidents", "count", count)?)))
        .collect()
    }
}
