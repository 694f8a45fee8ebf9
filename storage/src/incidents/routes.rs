//! Where incidents are told: routes by kind and severity, each to a webhook, a mailbox or a chat.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Severity;
use crate::{
    altered::{self, Altered},
    catalog::Catalog,
    error::CatalogError,
    names::{RouteId, at, cut, json, micros, number, to_json, word, words},
};

words! {
    /// How a route speaks.
    Medium, "medium" {
        /// A signed webhook (Standard Webhooks).
        Webhook = "webhook",
        /// E-mail.
        Email = "email",
        /// A URL that takes Slack's messages.
        Slack = "slack",
    }
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its id.
    pub id: RouteId,
    /// Its unique name.
    pub name: String,
    /// How it speaks.
    pub medium: Medium,
    /// A URL, or addresses of mailboxes, comma separated. A URL may hold a secret: show [`Route::place`].
    pub target: String,
    /// Which secret signs a webhook.
    pub secret_ref: Option<String>,
    /// Only these kinds; all when empty.
    pub kinds: Vec<String>,
    /// Nothing less grave.
    pub min_severity: Severity,
    /// Seconds after which an incident that nobody acknowledged is told again; 0: never.
    pub again_after_secs: u64,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Failures one after the other.
    pub failures: u32,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// Counts how often somebody silenced it or had it told again.
    pub version: i64,
}

impl Route {
    /// Where it leads, without what may be secret of it: a URL's host, or the mailboxes.
    #[must_use]
    pub fn place(&self) -> String {
        match self.medium {
            Medium::Email => self.target.clone(),
            Medium::Webhook | Medium::Slack => {
                let rest = self.target.split_once("://").map_or("", |(_, rest)| rest);
                let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
                host.rsplit('@').next().unwrap_or_default().to_owned()
            }
        }
    }
}

/// A route to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoute {
    /// Its unique name.
    pub name: String,
    /// How it speaks.
    pub medium: Medium,
    /// A URL, or addresses of mailboxes; checked by whoever sends there.
    pub target: String,
    /// Which secret signs a webhook.
    pub secret_ref: Option<String>,
    /// Only these kinds; all when empty.
    pub kinds: Vec<String>,
    /// Nothing less grave.
    pub min_severity: Severity,
    /// Seconds after which it is told again; 0: never.
    pub again_after_secs: u64,
}

/// A route in the order of [`SELECT`].
type Row =
    (Uuid, String, String, String, Option<String>, String, String, i64, bool, i64, Option<String>, i64, i64);

const SELECT: &str = "SELECT id, name, medium, target, secret_ref, kinds, min_severity, again_after_secs, enabled, \
     failures, last_error, created_at, version FROM incident_routes ORDER BY name";

/// Makes others wait who would change a route.
const HOLD: &str = "UPDATE incident_routes SET version = version WHERE id = $1 RETURNING version";

fn route(row: Row) -> Result<Route, CatalogError> {
    const T: &str = "incident_routes";
    let (
        id,
        name,
        medium,
        target,
        secret_ref,
        kinds,
        least,
        again,
        enabled,
        failures,
        last_error,
        made,
        version,
    ) = row;
    Ok(Route {
        id: RouteId(id),
        name,
        medium: word(T, "medium", &medium)?,
        target,
        secret_ref,
        kinds: json(T, "kinds", &kinds)?,
        min_severity: word(T, "min_severity", &least)?,
        again_after_secs: number(T, "again_after_secs", again)?,
        enabled,
        failures: number(T, "failures", failures)?,
        last_error,
        created_at: at(T, "created_at", made)?,
        version,
    })
}

impl Catalog {
    /// All routes, by name.
    ///
    /// # Errors
    /// When the database fails or a row is impossible.
    pub async fn incident_routes(&self) -> Result<Vec<Route>, CatalogError> {
        let mut tx = self.reading().await?;
        all!(tx, Row, SELECT)?.into_iter().map(route).collect()
    }

    /// Makes a route; `None` when its name is taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_incident_route(&self, new: &NewRoute) -> Result<Option<RouteId>, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let made = optional!(
            tx,
            (Uuid,),
            "INSERT INTO incident_routes (id, name, medium, target, secret_ref, kinds, min_severity, \
             again_after_secs, enabled, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, TRUE, $9) \
             ON CONFLICT (name) DO NOTHING RETURNING id",
            RouteId::generate().0,
            cut(&new.name, 80),
            new.medium.as_str(),
            cut(&new.target, 2_000),
            new.secret_ref.as_deref(),
            to_json("kinds", &new.kinds)?,
            new.min_severity.as_str(),
            i64::try_from(new.again_after_secs).unwrap_or(i64::MAX),
            micros(present)
        )?;
        tx.commit().await?;
        Ok(made.map(|(id,)| RouteId(id)))
    }

    /// Silences a route or has it told again: with `seen` (a version) only as it was looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enable_incident_route(
        &self,
        (id, seen): (RouteId, Option<i64>),
        enabled: bool,
    ) -> Result<Altered, CatalogError> {
        let mut tx = self.writing().await?;
        let altered = altered::held(&mut tx, HOLD, (id.0, seen)).await?;
        if altered != Altered::Done {
            return Ok(altered);
        }
        let sql = "UPDATE incident_routes SET enabled = $2, failures = 0, wait_until = 0, version = version + 1 \
             WHERE id = $1";
        execute!(tx, sql, id.0, enabled)?;
        tx.commit().await?;
        Ok(Altered::Done)
    }

    /// Takes a route away, and the record of what it was told: with `seen` (a version) only as it was looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_incident_route(
        &self,
        (id, seen): (RouteId, Option<i64>),
    ) -> Result<Altered, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let altered = altered::held(&mut tx, HOLD, (id.0, seen)).await?;
        if altered != Altered::Done {
            return Ok(altered);
        }
        execute!(tx, "DELETE FROM incident_deliveries WHERE route_id = $1", id.0)?;
        let gone =
            optional!(tx, (String,), "DELETE FROM incident_routes WHERE id = $1 RETURNING name", id.0)?;
        if let Some((name,)) = &gone {
            super::resolve(&mut tx, super::ROUTE_FAILING, Some(name), present).await?;
        }
        tx.commit().await?;
        Ok(Altered::Done)
    }

    /// Takes a route for this worker alone, for so long, if it is enabled and does not rest; whether it could.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_incident_route(&self, id: RouteId, lease: Duration) -> Result<bool, CatalogError> {
        let mut tx = self.writing().await?;
        let present = tx.now();
        let touched = execute!(
            tx,
            "UPDATE incident_routes SET lease_until = $2 \
             WHERE id = $1 AND enabled AND lease_until <= $3 AND wait_until <= $3",
            id.0,
            micros(present + lease),
            micros(present)
        )?;
        tx.commit().await?;
        Ok(touched > 0)
    }

    /// Gives a route back; it rests until then, if it is to rest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_back_incident_route(
        &self,
        id: RouteId,
        rest_until: Option<OffsetDateTime>,
    ) -> Result<(), CatalogError> {
        let mut tx = self.writing().await?;
        execute!(
            tx,
            "UPDATE incident_routes SET lease_until = 0, wait_until = COALESCE($2, wait_until) WHERE id = $1",
            id.0,
            rest_until.map(micros)
        )?;
        tx.commit().await
    }
}
