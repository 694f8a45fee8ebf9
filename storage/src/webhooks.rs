//! Webhooks out. An endpoint is a cursor of the change feed and a URL. Events that it is for become rows beside the
//! cursor ([`log`]), one a delivery: what fails waits there, and holds back later events of its own document only.
//!
//! The cursor is a place in the feed's order, kept in the database whose feed it is, so that a restored database
//! brings its endpoints back to where they were.

pub mod log;
pub mod queue;

use acuse_pipeline::document::Kind;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    altered::{self, Altered},
    catalog::Catalog,
    error::CatalogError,
    incidents,
    names::{CustomerId, EndpointId, KeyId, at, cut, json, maybe_at, micros, to_json},
    sql::{Bind, Query, Tx},
};

/// How long the old secret signs beside the new one.
pub const SECRET_OVERLAP: Duration = Duration::DAY;
/// Endpoints of one installation.
pub const MOST_ENDPOINTS: i64 = 50;
/// An endpoint was disabled.
const DISABLED: &str = "webhook_disabled";
/// None of an endpoint's secrets can be opened: what is for it is held, for nothing would sign it.
pub const UNSIGNED: &str = "webhook_unsigned";

/// Which events an endpoint is for; all where a list is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Types of events ([`crate::events::KINDS`]).
    pub types: Vec<String>,
    /// Kinds of documents.
    pub document_kinds: Vec<Kind>,
    /// Customers.
    pub customers: Vec<CustomerId>,
}

/// Somebody's server that is told of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where it is.
    pub url: String,
    /// What its owner calls it.
    pub description: String,
    /// What signs, the current secret first, then the old one while it still does; none where no key file at hand opens
    /// them, and then nothing leaves for it.
    pub secrets: Vec<String>,
    /// Which events it is for.
    pub filter: Filter,
    /// Whose rights it has.
    pub key_id: KeyId,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Why it is not.
    pub disabled_reason: Option<String>,
    /// Since when it takes nothing.
    pub failing_since: Option<OffsetDateTime>,
    /// Since when there is one.
    pub created_at: OffsetDateTime,
    /// Counts what is changed of the above by somebody, or by its being disabled.
    pub version: i64,
}

/// An endpoint to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// Where it is; checked by the caller.
    pub url: String,
    /// What its owner calls it.
    pub description: String,
    /// What signs.
    pub secret: String,
    /// Which events it is for.
    pub filter: Filter,
    /// Whose rights it has.
    pub key_id: KeyId,
}

/// What of an endpoint is to be another; `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointChange {
    /// Where it is.
    pub url: Option<String>,
    /// What its owner calls it.
    pub description: Option<String>,
    /// Which events it is for.
    pub filter: Option<Filter>,
    /// Whether it is told anything.
    pub enabled: Option<bool>,
}

type Row = (
    Uuid,
    String,
    String,
    String,
    Option<String>,
    Option<i64>,
    String,
    String,
    String,
    Uuid,
    bool,
    Option<String>,
    Option<i64>,
    i64,
    i64,
);

const COLUMNS: &str = "id, url, description, secret, previous_secret, previous_until, types, document_kinds, customers, \
     key_id, enabled, disabled_reason, failing_since, created_at, version";

/// Makes others wait who would change an endpoint.
const HOLD: &str = "UPDATE webhook_endpoints SET version = version WHERE id = $1 RETURNING version";

/// Table of the endpoints.
const T: &str = "webhook_endpoints";

/// Which events an endpoint is for, by its columns.
fn filter_of(types: &str, kinds: &str, customers: &str) -> Result<Filter, CatalogError> {
    Ok(Filter {
        types: json(T, "types", types)?,
        document_kinds: json(T, "document_kinds", kinds)?,
        customers: json(T, "customers", customers)?,
    })
}

fn endpoint(catalog: &Catalog, row: Row, present: OffsetDateTime) -> Result<Endpoint, CatalogError> {
    let (
        id,
        url,
        description,
        secret,
        previous,
        until,
        types,
        kinds,
        customers,
        key,
        enabled,
        why,
        failing,
        made,
        version,
    ) = row;
    let old = previous.filter(|_| until.is_some_and(|until| until > micros(present)));
    Ok(Endpoint {
        id: EndpointId(id),
        url,
        description,
        secrets: std::iter::once(secret)
            .chain(old)
            .filter_map(|kept| catalog.opened_secret(&id.to_string(), &kept))
            .collect(),
        filter: filter_of(&types, &kinds, &customers)?,
        key_id: KeyId(key),
        enabled,
        disabled_reason: why,
        failing_since: maybe_at(T, "failing_since", failing)?,
        created_at: at(T, "created_at", made)?,
        version,
    })
}

/// Disables an endpoint and says so.
async fn disable(
    tx: &mut Tx,
    id: EndpointId,
    why: &str,
    present: OffsetDateTime,
) -> Result<(), CatalogError> {
    let sql = "UPDATE webhook_endpoints SET enabled = FALSE, disabled_reason = $2, version = version + 1 \
         WHERE id = $1 AND enabled";
    if execute!(tx, sql, id.0, cut(why, 300))? == 0 {
        return Ok(());
    }
    incidents::resolve(tx, UNSIGNED, Some(&id.to_string()), present).await?;
    incidents::open(tx, DISABLED, &id.to_string(), &json!({ "reason": why }), 1, present).await.map(drop)
}

impl Catalog {
    /// All endpoints, or those of one key, the oldest first.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn webhook_endpoints(&self, of: Option<KeyId>) -> Result<Vec<Endpoint>, CatalogError> {
        let mut tx = self.reading().await?;
        let present = tx.now();
        let mut query = Query::default();
        query.holds("key_id =", of.map(|key| Bind::Id(key.0)));
        let text =
            format!("SELECT {COLUMNS} FROM webhook_endpoints WHERE {} ORDER BY created_at, id", query.all());
        let rows = all_of!(tx, Row, text, query.binds)?;
        rows.into_iter().map(|row| endpoint(self, row, present)).collect()
    }

    /// An endpoint.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn webhook_endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, CatalogError> {
        let mut tx = self.reading().await?;
        let present = tx.now();
        let text = format!("SELECT {COLUMNS} FROM webhook_endpoints WHERE id = $1");
        let row = optional!(tx, Row, sqlx::AssertSqlSafe(text.clone()), id.0)?;
        row.map(|row| endpoint(self, row, present)).transpose()
    }

    /// Makes an endpoint, which is told of everything from now on; `None` when there are too many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_webhook_endpoint(&self, new: &NewEndpoint) -> Result<Option<EndpointId>, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let (there,) = one!(tx, (i64,), "SELECT COUNT(*) FROM webhook_endpoints")?;
        if there >= MOST_ENDPOINTS {
            return Ok(None);
        }
        let (epoch, of, seq) = queue::head(&mut tx).await?;
        let id = EndpointId::generate();
        execute!(
            tx,
            "INSERT INTO webhook_endpoints (id, url, description, secret, types, document_kinds, customers, key_id, \
             epoch, tx, seq, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            id.0,
            cut(&new.url, 2_000),
            cut(&new.description, 300),
            self.sealed_secret(&id.to_string(), &new.secret)?,
            to_json("types", &new.filter.types)?,
            to_json("document_kinds", &new.filter.document_kinds)?,
            to_json("customers", &new.filter.customers)?,
            new.key_id.0,
            epoch,
            of,
            seq,
            micros(present)
        )?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Changes an endpoint: with `seen` (a version) only as it was looked at. Enabled again, it goes on where it stood.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change_webhook_endpoint(
        &self,
        (id, seen): (EndpointId, Option<i64>),
        change: &EndpointChange,
    ) -> Result<Altered, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let altered = altered::held(&mut tx, HOLD, (id.0, seen)).await?;
        if altered != Altered::Done {
            return Ok(altered);
        }
        let filter = change.filter.as_ref();
        let types = filter.map(|f| to_json("types", &f.types)).transpose()?;
        let kinds = filter.map(|f| to_json("document_kinds", &f.document_kinds)).transpose()?;
        let customers = filter.map(|f| to_json("customers", &f.customers)).transpose()?;
        execute!(
            tx,
            "UPDATE webhook_endpoints SET url = COALESCE($2, url), description = COALESCE($3, description), \
             types = COALESCE($4, types), document_kinds = COALESCE($5, document_kinds), \
             customers = COALESCE($6, customers), enabled = COALESCE($7, enabled), version = version + 1 \
             WHERE id = $1",
            id.0,
            change.url.as_deref().map(|u| cut(u, 2_000)),
            change.description.as_deref().map(|d| cut(d, 300)),
            types,
            kinds,
            customers,
            change.enabled
        )?;
        if change.enabled == Some(false) {
            incidents::resolve(&mut tx, UNSIGNED, Some(&id.to_string()), present).await?;
        }
        if change.enabled == Some(true) {
            execute!(
                tx,
                "UPDATE webhook_endpoints SET disabled_reason = NULL, failing_since = NULL WHERE id = $1",
                id.0
            )?;
            let sql = "UPDATE webhook_deliveries SET next_attempt_at = $2, first_attempt_at = NULL \
                 WHERE endpoint_id = $1 AND state = 'queued'";
            execute!(tx, sql, id.0, micros(present))?;
            incidents::resolve(&mut tx, DISABLED, Some(&id.to_string()), present).await?;
        }
        tx.commit().await?;
        Ok(Altered::Done)
    }

    /// Gives an endpoint another secret; the old one signs too for a day. Whether there is such an endpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rotate_webhook_secret(&self, id: EndpointId, secret: &str) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let until = tx.now() + SECRET_OVERLAP;
        let touched = execute!(
            tx,
            "UPDATE webhook_endpoints SET previous_secret = secret, previous_until = $3, secret = $2 WHERE id = $1",
            id.0,
            self.sealed_secret(&id.to_string(), secret)?,
            micros(until)
        )?;
        incidents::resolve(&mut tx, UNSIGNED, Some(&id.to_string()), until - SECRET_OVERLAP).await?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// Since when nothing opens an endpoint's secrets, where that is known.
    ///
    /// # Errors
    /// When the database fails or the row is impossible.
    pub async fn webhook_unsigned_since(
        &self,
        id: EndpointId,
    ) -> Result<Option<OffsetDateTime>, CatalogError> {
        let mut tx = self.reading().await?;
        let sql = "SELECT opened_at FROM incidents WHERE kind = $1 AND subject = $2 AND state <> 'resolved'";
        let row = optional!(tx, (i64,), sql, UNSIGNED, id.to_string())?;
        row.map(|(opened,)| at("incidents", "opened_at", opened)).transpose()
    }

    /// Takes an endpoint away, and its log: with `seen` (a version) only as it was looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_webhook_endpoint(
        &self,
        (id, seen): (EndpointId, Option<i64>),
    ) -> Result<Altered, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let altered = altered::held(&mut tx, HOLD, (id.0, seen)).await?;
        if altered != Altered::Done {
            return Ok(altered);
        }
        execute!(tx, "DELETE FROM webhook_deliveries WHERE endpoint_id = $1", id.0)?;
        execute!(tx, "DELETE FROM webhook_endpoints WHERE id = $1", id.0)?;
        for kind in [DISABLED, UNSIGNED, queue::UNDELIVERED] {
            incidents::resolve(&mut tx, kind, Some(&id.to_string()), present).await?;
        }
        tx.commit().await?;
        Ok(Altered::Done)
    }

    /// Takes an endpoint for this worker alone, for so long; whether it could.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_webhook_endpoint(&self, id: EndpointId, lease: Duration) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let touched = execute!(
            tx,
            "UPDATE webhook_endpoints SET lease_until = $2 WHERE id = $1 AND enabled AND lease_until <= $3",
            id.0,
            micros(present + lease),
            micros(present)
        )?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// Gives an endpoint back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_back_webhook_endpoint(&self, id: EndpointId) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(tx, "UPDATE webhook_endpoints SET lease_until = 0 WHERE id = $1", id.0)?;
        tx.commit().await
    }

    /// Ends what told of endpoints that take nothing and are gone, disabled or well since; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_webhook_failing(&self) -> Result<u64, CatalogError> {
        let endpoints = self.webhook_endpoints(None).await?;
        let failing = endpoints.iter().filter(|e| e.enabled && e.failing_since.is_some());
        let live: Vec<String> = failing.map(|e| e.id.to_string()).collect();
        let live: Vec<&str> = live.iter().map(String::as_str).collect();
        self.resolve_incidents_beside("webhook_failing", &live).await
    }

    /// Disables an endpoint; an incident says so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable_webhook_endpoint(&self, id: EndpointId, why: &str) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        disable(&mut tx, id, why, present).await?;
        tx.commit().await
    }
}
