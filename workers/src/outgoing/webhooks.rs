//! Every change of a document, told to whoever asked for it. Each endpoint has its own turn: a slow one slows no
//! other. Of what is about one document the next event leaves only when the one before has arrived.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration as StdDuration, Instant},
};

use acuse_storage::{
    Access, CatalogError,
    events::Event,
    names::EndpointId,
    webhooks::{
        Endpoint, UNSIGNED,
        queue::{Due, Tried},
    },
};
use futures_util::{StreamExt, TryStreamExt, future::join_all, stream};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use super::{Answer, Outgoing, Signed, sign::Secret};
use crate::{env::Env, halt::chain};

/// How long a worker has an endpoint for itself; a turn is shorter.
const LEASE: Duration = Duration::seconds(120);
/// Longest time of a turn, but for the calls in hand.
const TURN: StdDuration = StdDuration::from_secs(60);
/// Events in hand at once, each about another document.
const AT_ONCE: usize = 8;
/// Events of one look.
const BATCH: u32 = 64;
/// An endpoint that takes nothing is asked by so many at a time.
const PROBES: u32 = 2;
/// Seconds until the next try, by tries before; the last one goes on.
const BACK_OFF: [i64; 9] = [5, 30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400];

/// When an event that was tried so often is tried next. `chance` from 0 to 1 spreads what failed together.
fn next_try(attempts: u32, now: OffsetDateTime, chance: f64) -> OffsetDateTime {
    let at = usize::try_from(attempts).unwrap_or(usize::MAX).min(BACK_OFF.len() - 1);
    now + Duration::seconds(BACK_OFF[at]) * (1.0 + 0.2 * chance)
}

/// What an endpoint gets.
#[must_use]
pub fn body(event: &Event) -> Value {
    json!({
        "type": event.kind,
        "timestamp": event.at.format(&Rfc3339).unwrap_or_default(),
        "data": {
            "document_id": event.document_id, "version": event.version, "document_kind": event.document_kind,
            "customer_id": event.customer_id, "changed": event.changed, "data": event.data,
            "cursor": event.cursor.to_string(),
        },
    })
}

/// The secrets that sign for an endpoint; a stored one that cannot be read signs nothing.
#[must_use]
pub fn secrets(endpoint: &Endpoint) -> Vec<Secret> {
    endpoint.secrets.iter().filter_map(|s| Secret::parse(s).ok()).collect()
}

/// Posts a body that is no event of the feed, so that somebody sees whether it arrives.
pub async fn test(outgoing: &Outgoing, endpoint: &Endpoint, now: OffsetDateTime) -> Answer {
    let id = format!("test_{}", uuid::Uuid::now_v7().simple());
    let timestamp = now.format(&Rfc3339).unwrap_or_default();
    let body =
        json!({ "type": "webhook.test", "timestamp": timestamp, "data": { "endpoint_id": endpoint.id } });
    let secrets = secrets(endpoint);
    let what = Signed { id: &id, at: now, body: &body.to_string(), secrets: &secrets };
    outgoing.post_signed(&endpoint.url, &what).await
}

/// The endpoints whose turn is under way in this process.
#[derive(Debug, Default)]
pub struct Turns(Mutex<HashSet<EndpointId>>);

impl Turns {
    fn begin(&self, id: EndpointId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id)
    }

    fn end(&self, id: EndpointId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// Begins the turn of every endpoint that is enabled and has none; does not wait for their ends.
///
/// # Errors
/// When the catalog fails.
pub async fn begin(env: &Arc<Env>, turns: &Arc<Turns>) -> Result<(), CatalogError> {
    if env.outgoing.is_none() {
        return Ok(());
    }
    for endpoint in env.catalog.webhook_endpoints(None).await?.into_iter().filter(|e| e.enabled) {
        if !turns.begin(endpoint.id) {
            continue;
        }
        let (env, turns) = (Arc::clone(env), Arc::clone(turns));
        tokio::spawn(async move {
            let id = endpoint.id;
            // In a task of its own, so that a panic ends this turn and not the endpoint's last.
            let ran = tokio::spawn(async move { turn(&env, &endpoint).await }).await;
            turns.end(id);
            match ran {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(endpoint_id = %id, error = chain(&error), "a webhook endpoint's turn failed");
                }
                Err(error) => tracing::error!(endpoint_id = %id, %error, "a webhook endpoint's turn broke"),
            }
        });
    }
    Ok(())
}

/// One turn of every endpoint, to its end.
///
/// # Errors
/// When the catalog fails.
pub async fn deliver(env: &Env) -> Result<(), CatalogError> {
    let endpoints = env.catalog.webhook_endpoints(None).await?;
    let turns = endpoints.iter().filter(|e| e.enabled).map(|endpoint| turn(env, endpoint));
    join_all(turns).await.into_iter().collect()
}

async fn turn(env: &Env, endpoint: &Endpoint) -> Result<(), CatalogError> {
    let Some(outgoing) = &env.outgoing else { return Ok(()) };
    if secrets(endpoint).is_empty() {
        return hold(env, endpoint).await;
    }
    let is_new = env.catalog.queue_webhooks(endpoint.id).await?;
    if !is_new && env.catalog.due_webhooks(endpoint.id, 1).await?.is_empty() {
        return Ok(());
    }
    if !env.catalog.take_webhook_endpoint(endpoint.id, LEASE).await? {
        return Ok(());
    }
    let went = speak(env, outgoing, endpoint.id).await;
    env.catalog.give_back_webhook_endpoint(endpoint.id).await?;
    went
}

/// Leaves an endpoint for which nothing signs as it is: its cursor stands and no try is counted, so that all of it leaves
/// when its secret opens again. [`crate::watch`] ends the incident then.
async fn hold(env: &Env, endpoint: &Endpoint) -> Result<(), CatalogError> {
    if env.catalog.webhook_unsigned_since(endpoint.id).await?.is_some() {
        return Ok(());
    }
    tracing::error!(endpoint_id = %endpoint.id, "nothing opens the endpoint's secret: its events are held");
    let detail = json!({ "what": format!("{}: nothing opens its secret", endpoint.url) });
    env.catalog.open_incident(UNSIGNED, &endpoint.id.to_string(), &detail).await.map(drop)
}

/// Sends what is due, until nothing is or the turn is over.
async fn speak(env: &Env, outgoing: &Outgoing, id: EndpointId) -> Result<(), CatalogError> {
    let started = Instant::now();
    while started.elapsed() < TURN {
        // Read anew each time: its owner may have changed it, or it was disabled.
        let Some(endpoint) = env.catalog.webhook_endpoint(id).await?.filter(|e| e.enabled) else {
            return Ok(());
        };
        if secrets(&endpoint).is_empty() {
            return hold(env, &endpoint).await;
        }
        let access = match env.catalog.access_of_key(endpoint.key_id).await? {
            Some((key, access)) if key.revoked_at.is_none() => access,
            _ => return env.catalog.disable_webhook_endpoint(id, "the key that made it is void").await,
        };
        let more = env.catalog.queue_webhooks(endpoint.id).await?;
        let many = if endpoint.failing_since.is_some() { PROBES } else { BATCH };
        let due = env.catalog.due_webhooks(id, many).await?;
        if due.is_empty() && !more {
            return Ok(());
        }
        let probed = endpoint.failing_since.is_some() && !due.is_empty();
        let tries = due.into_iter().map(|due| attempt(env, outgoing, &endpoint, &access, due));
        let taken: Vec<bool> = stream::iter(tries).buffer_unordered(AT_ONCE).try_collect().await?;
        if probed && !taken.contains(&true) {
            // It is still away: the others keep their tries for when it is back.
            return Ok(());
        }
    }
    Ok(())
}

/// Sends one event and writes down what became of it; whether it is dealt with.
async fn attempt(
    env: &Env,
    outgoing: &Outgoing,
    endpoint: &Endpoint,
    access: &Access,
    due: Due,
) -> Result<bool, CatalogError> {
    let seen = env.catalog.events_within(access, vec![due.event.clone()]).await?;
    let tried = match seen.first() {
        None => Tried::Withheld,
        Some(event) => {
            let (id, secrets) = (format!("msg_{}", due.id.0.simple()), secrets(endpoint));
            let what = Signed { id: &id, at: env.now(), body: &body(event).to_string(), secrets: &secrets };
            let answer = outgoing.post_signed(&endpoint.url, &what).await;
            match &answer {
                Answer::Taken(status) => Tried::Delivered { status: *status },
                Answer::Gone => Tried::Gone,
                Answer::Refused(_) | Answer::Unreachable(_) => Tried::Failed {
                    status: answer.status(),
                    error: answer.failure().unwrap_or_default(),
                    next_at: next_try(due.attempts, env.now(), rand::random::<f64>()),
                },
            }
        }
    };
    let outcome = match &tried {
        Tried::Delivered { .. } => "delivered",
        Tried::Failed { .. } => "failed",
        Tried::Gone => "gone",
        Tried::Withheld => "withheld",
    };
    metrics::counter!("acuse_webhooks_sent_total", "outcome" => outcome).increment(1);
    env.catalog.webhook_tried(endpoint.id, &due, &tried).await?;
    Ok(matches!(tried, Tried::Delivered { .. } | Tried::Withheld))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn tries_come_less_and_less_often() {
        let now = datetime!(2026-05-03 10:00 UTC);
        assert_eq!(next_try(0, now, 0.0), now + Duration::seconds(5));
        assert_eq!(next_try(0, now, 1.0), now + Duration::seconds(6));
        assert_eq!(next_try(1_000, now, 0.0), now + Duration::hours(4));
        assert!(BACK_OFF.is_sorted());
    }
}
