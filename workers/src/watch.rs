//! What is looked at every minute: whether what should happen does. `acuse doctor` looks by the same code.
//!
//! Each check is a [`Finding`]; a bad one is an incident of its kind until it is good again. When the checks of what is
//! here have run, the beat goes out: somebody alive, elsewhere, notices when it does not. What must be asked of others
//! ([`look_afar`]) runs beside it, so that one of them who hangs does not silence it.

pub mod channel;
mod hours;
mod pauses;

use std::{
    path::PathBuf,
    sync::{MutexGuard, PoisonError},
};

use acuse_storage::{
    Catalog, CatalogError,
    parts::Part,
    reviews::pace::{Pace, RUBBER_STAMP},
    webhooks::{Endpoint, UNSIGNED},
};
use serde_json::json;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

pub use hours::{Expected, NotHours};

use crate::{
    env::Env,
    halt::chain,
    outgoing::{Answer, webhooks},
    parts,
};

/// Below this much free space the data folder is about to fail, bytes.
const FREE_BYTES: u64 = 1 << 30;
/// So much must be free again before that is over, so that it does not come and go with every file, bytes.
const FREE_AGAIN_BYTES: u64 = FREE_BYTES + FREE_BYTES / 4;
/// A task that is due for longer, seconds, has nobody to run it: its lane stands still.
const STUCK_SECS: u32 = 600;
/// A living worker says so every few seconds.
const WORKER_SILENT: Duration = Duration::minutes(2);
/// The beat is not heard.
const BEAT_FAILING: &str = "beat_failing";
/// No webhook comes for one of our numbers.
const SILENT: &str = "webhooks_silent";

/// What is watched, beside what is in the catalog.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Asked each minute while all is alive. It may hold a secret.
    pub beat_url: Option<String>,
    /// When webhooks are to be expected.
    pub expected: Option<Expected>,
    /// The data folder.
    pub folder: PathBuf,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind of the incident that it is when it is bad.
    pub kind: &'static str,
    /// About what.
    pub subject: String,
    /// Whether it is bad.
    pub is_bad: bool,
    /// In words.
    pub what: String,
}

impl Finding {
    fn new(kind: &'static str, subject: impl Into<String>, is_bad: bool, what: String) -> Self {
        Self { kind, subject: subject.into(), is_bad, what }
    }
}

/// Runs the checks that need nothing but the catalog and the disk.
///
/// # Errors
/// When the catalog fails.
pub async fn findings(
    catalog: &Catalog,
    watch: &Watch,
    now: OffsetDateTime,
) -> Result<Vec<Finding>, CatalogError> {
    let mut found = Vec::new();
    for lane in catalog.lanes().await? {
        let what = format!("{}: {} waiting, oldest {} s", lane.queue, lane.depth, lane.oldest_age_secs);
        // What waits behind others of its own sender may wait long while the lane moves.
        let is_bad = lane.oldest_age_secs > u64::from(STUCK_SECS)
            && !catalog.lane_moved_since(lane.queue, now - Duration::seconds(i64::from(STUCK_SECS))).await?;
        found.push(Finding::new("lane_stands_still", lane.queue.as_str(), is_bad, what));
    }
    if let Some(expected) = &watch.expected {
        found.extend(webhooks_come(catalog, expected, now).await?);
    }
    found.extend(workers(catalog, now).await?);
    found.push(held(catalog, now).await?);
    found.extend(stamped(catalog).await?);
    let open = catalog.incidents_by_kind().await?;
    found.extend(disk(watch, open.iter().any(|(kind, _)| kind == "disk_low")));
    for endpoint in catalog.webhook_endpoints(None).await?.into_iter().filter(|e| e.enabled) {
        let failing = endpoint.failing_since.filter(|since| now - *since > Duration::HOUR);
        let what = match failing {
            Some(since) => format!("{}: takes nothing for {} h", endpoint.url, (now - since).whole_hours()),
            None => format!("{}: takes what it gets", endpoint.url),
        };
        found.push(Finding::new("webhook_failing", endpoint.id.to_string(), failing.is_some(), what));
        found.push(signs(catalog, &endpoint, now).await?);
    }
    Ok(found)
}

/// Whether each of our numbers still brings webhooks: where none has ever come, none is missed.
async fn webhooks_come(
    catalog: &Catalog,
    expected: &Expected,
    now: OffsetDateTime,
) -> Result<Vec<Finding>, CatalogError> {
    let mut found = Vec::new();
    for number in catalog.numbers().await? {
        let Some(last) = number.last_webhook_at else { continue };
        let id = number.phone_number_id.as_str();
        let shown = number.display_number.as_deref().unwrap_or(id);
        let (is_silent, minutes) = (expected.is_silent(last, now), (now - last).whole_minutes());
        let what = if is_silent {
            format!("number {shown}: no webhook for {minutes} min, too long in business hours")
        } else {
            format!("number {shown}: the last webhook came {minutes} min ago")
        };
        found.push(Finding::new(SILENT, id, is_silent, what));
    }
    if found.is_empty() {
        found.push(Finding::new(SILENT, "", false, "no webhook has ever come".to_owned()));
    }
    Ok(found)
}

/// Whether anything signs for an endpoint; since when not, where somebody saw it before.
async fn signs(catalog: &Catalog, endpoint: &Endpoint, now: OffsetDateTime) -> Result<Finding, CatalogError> {
    let holds = webhooks::secrets(endpoint).is_empty();
    let what = if holds {
        let since = catalog.webhook_unsigned_since(endpoint.id).await?.unwrap_or(now);
        let since = since.format(&Rfc3339).unwrap_or_default();
        format!("{}: nothing opens its secret since {since}; its events are held", endpoint.url)
    } else {
        format!("{}: what leaves for it is signed", endpoint.url)
    };
    Ok(Finding::new(UNSIGNED, endpoint.id.to_string(), holds, what))
}

/// Where no worker has ever been, none is missed.
async fn workers(catalog: &Catalog, now: OffsetDateTime) -> Result<Option<Finding>, CatalogError> {
    let Some(seen) = catalog.worker_seen_at().await? else { return Ok(None) };
    let ago = (now - seen).whole_seconds();
    let what = format!("a worker said {ago} s ago that it lives");
    Ok(Some(Finding::new("workers_silent", "", now - seen > WORKER_SILENT, what)))
}

async fn held(catalog: &Catalog, now: OffsetDateTime) -> Result<Finding, CatalogError> {
    let count = catalog.messages_held_since(now - Duration::HOUR).await?;
    let what = format!("{count} messages wait for longer than an hour");
    Ok(Finding::new("messages_held", "", count > 0, what))
}

/// Who confirms without reading.
async fn stamped(catalog: &Catalog) -> Result<Vec<Finding>, CatalogError> {
    let stamping = catalog.paces().await?.into_iter().filter(|pace| pace.is_stamping);
    let told = |pace: Pace| {
        let between = pace.between_secs.unwrap_or_default();
        let what = format!(
            "{}: of the last {} decisions {} changed nothing, {between:.1} s apart",
            pace.person, pace.decisions, pace.plain
        );
        Finding::new(RUBBER_STAMP, pace.person, true, what)
    };
    Ok(stamping.map(told).collect())
}

/// Whether too little is free, where it was too little before or not.
fn is_low(free: u64, was_low: bool) -> bool {
    free < if was_low { FREE_AGAIN_BYTES } else { FREE_BYTES }
}

fn disk(watch: &Watch, was_low: bool) -> Option<Finding> {
    let there = watch.folder.ancestors().find(|p| p.is_dir())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let what = format!("{} MB free in {}", free >> 20, there.display());
    Some(Finding::new("disk_low", "", is_low(free, was_low), what))
}

/// Every check, one after the other; the lanes run the two halves side by side.
///
/// # Errors
/// When the catalog fails.
pub async fn look(env: &Env) -> Result<(), CatalogError> {
    look_here(env).await?;
    look_afar(env).await
}

/// What the catalog and the disk tell; incidents open and end by what is found. Then the beat. That the database was away
/// can be written down only when it is back: the first look after tells of it, the next one ends it.
///
/// # Errors
/// When the catalog fails: then nothing beats.
pub async fn look_here(env: &Env) -> Result<(), CatalogError> {
    let looked = all_here(env).await;
    if let Err(error) = &looked
        && (error.is_unavailable() || env.catalog.ping().await.is_err())
    {
        tracing::error!(error = chain(error), "the database does not answer");
        away_since(env).get_or_insert(env.now());
    }
    looked
}

/// Since when the database has not answered.
fn away_since(env: &Env) -> MutexGuard<'_, Option<OffsetDateTime>> {
    env.database_away.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn database(env: &Env) -> Result<(), CatalogError> {
    let kind = Part::Database.incident();
    let since = *away_since(env);
    let Some(since) = since else { return env.catalog.resolve_incidents(kind, None).await.map(drop) };
    let minutes = (env.now() - since).whole_minutes();
    tracing::error!(minutes, "the database was away");
    let what = json!({ "what": format!("it was away for {minutes} min; webhooks were answered 503") });
    env.catalog.open_incident(kind, "", &what).await?;
    *away_since(env) = None;
    Ok(())
}

async fn all_here(env: &Env) -> Result<(), CatalogError> {
    database(env).await?;
    let found = findings(&env.catalog, &env.watch, env.now()).await?;
    for finding in &found {
        settle(env, finding).await?;
    }
    // A number that is no more has no finding, and its silence is no trouble.
    let numbers: Vec<&str> = found.iter().filter(|f| f.kind == SILENT).map(|f| f.subject.as_str()).collect();
    env.catalog.resolve_incidents_beside(SILENT, &numbers).await?;
    // Who is shut out or decides no more confirms nothing either.
    let stamping = found.iter().filter(|f| f.kind == RUBBER_STAMP).map(|f| f.subject.as_str());
    env.catalog.resolve_incidents_beside(RUBBER_STAMP, &stamping.collect::<Vec<_>>()).await?;
    env.catalog.end_webhook_failing().await?;
    env.catalog.end_over_quota().await?;
    beat(env).await
}

/// What others tell: Meta of the channel, and the parts of something known to be good.
///
/// # Errors
/// When the catalog fails.
pub async fn look_afar(env: &Env) -> Result<(), CatalogError> {
    channel::look(env).await?;
    pauses::look(env).await?;
    for part in [Part::Objects, Part::Reader, Part::Scanner] {
        parts::notice(env, part).await?;
    }
    Ok(())
}

async fn settle(env: &Env, finding: &Finding) -> Result<(), CatalogError> {
    if finding.is_bad {
        tracing::error!(kind = finding.kind, what = finding.what, "something stands still");
        let detail = json!({ "what": finding.what });
        env.catalog.open_incident(finding.kind, &finding.subject, &detail).await.map(drop)
    } else {
        env.catalog.resolve_incidents(finding.kind, Some(&finding.subject)).await.map(drop)
    }
}

/// Says that we live. Only a process whose checks of what is here ran gets here, so a dead or hung one is silent.
async fn beat(env: &Env) -> Result<(), CatalogError> {
    let (Some(url), Some(outgoing)) = (&env.watch.beat_url, &env.outgoing) else { return Ok(()) };
    let answer = match url.parse() {
        Ok(url) => outgoing.get(&url).await,
        Err(error) => Answer::Unreachable(chain(&error)),
    };
    match answer.failure() {
        None => env.catalog.resolve_incidents(BEAT_FAILING, None).await.map(drop),
        Some(why) => {
            tracing::warn!(error = why, "the beat was not heard");
            env.catalog.open_incident(BEAT_FAILING, "", &json!({ "why": why })).await.map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_almost_full_does_not_come_and_go() {
        let mut is_open = false;
        let seen = [1_100, 1_000, 1_030, 1_000, 1_200, 1_300, 1_100].map(|mb: u64| {
            is_open = is_low(mb << 20, is_open);
            is_open
        });
        assert_eq!(seen, [false, true, true, true, true, false, false]);
    }
}
