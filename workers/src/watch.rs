//! What is looked at every minute: whether what should happen does. `acuse doctor` looks by the same code.
//!
//! Each check is a [`Finding`]; a bad one is an incident of its kind until it is good again. When the checks of what is
//! here have run, the beat goes out: somebody alive, elsewhere, notices when it does not. What must be asked of others
//! ([`look_afar`]) runs beside it, so that one of them who hangs does not silence it.

pub mod channel;
mod pauses;

use std::{
    fmt,
    path::PathBuf,
    str::FromStr,
    sync::{MutexGuard, PoisonError},
};

use acuse_conversation::{Clock, Summer};
use acuse_storage::{
    Catalog, CatalogError,
    parts::Part,
    reviews::pace::{Pace, RUBBER_STAMP},
    webhooks::{Endpoint, UNSIGNED},
};
use serde_json::json;
use time::{Duration, OffsetDateTime, Time, Weekday, format_description::well_known::Rfc3339};

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

/// When webhooks are to be expected, e.g. `mon-sat 08:00-20:00 Europe/Madrid 3h`; `+02:00` in the place of the place
/// stands still when its clocks change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    first: Weekday,
    last: Weekday,
    /// Minutes of the day.
    opens: u16,
    closes: u16,
    clock: Clock,
    silence: Duration,
}

/// Hours that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write days, hours, time zone and how long may pass without a webhook, e.g. mon-sat 08:00-20:00 Europe/Madrid 3h; \
     an offset from UTC such as +02:00 is taken too"
)]
pub struct NotHours;

fn weekday(text: &str) -> Option<Weekday> {
    let mut day = Weekday::Monday;
    for word in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] {
        if word.eq_ignore_ascii_case(text) {
            return Some(day);
        }
        day = day.next();
    }
    None
}

/// Minutes of a day.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let time = Time::from_hms(hours.parse().ok()?, minutes.parse().ok()?, 0).ok()?;
    Some(u16::from(time.hour()) * 60 + u16::from(time.minute()))
}

/// `Europe/Madrid`, or `+02:00`.
fn clock(text: &str) -> Option<Clock> {
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (_, Some(rest)) => (-1, rest),
        _ => return Clock::of_zone(text),
    };
    let minutes = sign * i32::from(minute(rest)?);
    Some(Clock::Offset { minutes, summer: Summer::None })
}

impl FromStr for Expected {
    type Err = NotHours;
    fn from_str(text: &str) -> Result<Self, NotHours> {
        let read = || {
            let mut words = text.split_whitespace();
            let (first, last) = words.next()?.split_once('-')?;
            let (opens, closes) = words.next()?.split_once('-')?;
            let clock = clock(words.next()?)?;
            let hours: i64 = words.next()?.strip_suffix('h')?.parse().ok()?;
            let hours = Some(hours).filter(|h| (1..=168).contains(h) && words.next().is_none())?;
            let (opens, closes) = (minute(opens)?, minute(closes)?);
            let (first, last) = (weekday(first)?, weekday(last)?);
            let silence = Duration::hours(hours);
            (opens < closes).then_some(Self { first, last, opens, closes, clock, silence })
        };
        read().ok_or(NotHours)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}, {} h at most", self.first, self.last, self.silence.whole_hours())
    }
}

impl Expected {
    /// Whether it has been silent for too long: only open hours count, those of several days together, so that a silence
    /// may be longer than a day. It lasts through the night.
    #[must_use]
    pub fn is_silent(&self, last: OffsetDateTime, now: OffsetDateTime) -> bool {
        let first = self.clock.there(last).date();
        let mut open = Duration::ZERO;
        let mut day = self.clock.there(now).date();
        // Backwards, and no further than it takes.
        while open <= self.silence && day >= first {
            if self.works_on(day.weekday()) {
                let (opens, closes) =
                    (self.clock.moment(day, self.opens), self.clock.moment(day, self.closes));
                open += (closes.min(now) - opens.max(last)).max(Duration::ZERO);
            }
            let Some(before) = day.previous_day() else { break };
            day = before;
        }
        open > self.silence
    }

    fn works_on(&self, day: Weekday) -> bool {
        let number = |day: Weekday| day.number_days_from_monday();
        let (first, last, day) = (number(self.first), number(self.last), number(day));
        if first <= last { (first..=last).contains(&day) } else { day >= first || day <= last }
    }
}

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
    use time::macros::datetime;

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

    #[test]
    fn silence_counts_in_business_hours_only() {
        let hours: Expected = "mon-fri 08:00-18:00 +02:00 3h".parse().unwrap();
        let friday_evening = datetime!(2026-05-01 17:55 +2);
        // A Saturday, and a Monday before and after five minutes of Friday and three hours of it.
        assert!(!hours.is_silent(friday_evening, datetime!(2026-05-02 12:00 +2)));
        assert!(!hours.is_silent(friday_evening, datetime!(2026-05-04 10:55 +2)));
        assert!(hours.is_silent(friday_evening, datetime!(2026-05-04 08:56 UTC)));
        assert!(
            hours.is_silent(friday_evening, datetime!(2026-05-04 23:00 +2)),
            "it lasts through the night"
        );
        assert!(
            !hours.is_silent(datetime!(2026-05-04 23:00 +2), datetime!(2026-05-04 22:00 +2)),
            "a clock gone back"
        );
    }

    #[test]
    fn a_silence_longer_than_a_day_is_open_counts_on_the_next() {
        let hours: Expected = "mon-fri 08:00-18:00 +02:00 24h".parse().unwrap();
        // An hour of Thursday, ten of Friday, ten of Monday, and of Tuesday three and more.
        let thursday = datetime!(2026-04-30 17:00 +2);
        assert!(!hours.is_silent(thursday, datetime!(2026-05-04 23:59 +2)));
        assert!(!hours.is_silent(thursday, datetime!(2026-05-05 11:00 +2)));
        assert!(hours.is_silent(thursday, datetime!(2026-05-05 11:01 +2)));
    }

    #[test]
    fn silence_follows_the_clocks_of_the_place() {
        let hours: Expected = "mon-fri 08:00-18:00 Europe/Madrid 3h".parse().unwrap();
        // On Friday it is winter and on Monday summer: eight o'clock is seven UTC, and then six.
        let friday = datetime!(2026-03-27 17:00 UTC);
        assert!(!hours.is_silent(friday, datetime!(2026-03-30 09:00 UTC)), "three hours of Monday");
        assert!(hours.is_silent(friday, datetime!(2026-03-30 09:01 UTC)));
        let fixed: Expected = "mon-fri 08:00-18:00 +01:00 3h".parse().unwrap();
        assert!(!fixed.is_silent(friday, datetime!(2026-03-30 09:59 UTC)), "an hour late, as it was");
        // And back: on Monday it is winter again.
        let friday = datetime!(2026-10-23 16:00 UTC);
        assert!(!hours.is_silent(friday, datetime!(2026-10-26 10:00 UTC)));
        assert!(hours.is_silent(friday, datetime!(2026-10-26 10:01 UTC)));
        // A day of 23 hours and one of 25.
        let always: Expected = "mon-sun 00:00-23:59 Europe/Madrid 24h".parse().unwrap();
        let saturday = datetime!(2026-03-28 23:00 UTC);
        assert!(!always.is_silent(saturday, datetime!(2026-03-29 22:00 UTC)));
        assert!(always.is_silent(saturday, datetime!(2026-03-29 23:03 UTC)));
    }

    #[test]
    fn hours_are_read_or_refused() {
        for good in [
            "sat-mon 00:00-23:59 -05:30 1h",
            "mon-sat 08:00-20:00 +02:00 3h",
            "mon-fri 08:00-18:00 Europe/Madrid 3h",
            "mon-fri 08:00-18:00 America/Argentina/Buenos_Aires 3h",
        ] {
            assert!(good.parse::<Expected>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "mon 08:00-18:00 +02:00 3h",
            "mon-fri 18:00-08:00 +02:00 3h",
            "mon-fri 8-18 +02:00 3h",
            "mon-fri 08:00-18:00 Europe/Atlantis 3h",
            "mon-fri 08:00-18:00 +25:00 3h",
            "mon-fri 08:00-18:00 +02:00 0h",
            "mon-fri 08:00-18:00 +02:00 3h x",
        ] {
            assert_eq!(bad.parse::<Expected>(), Err(NotHours), "{bad}");
        }
    }
}
