//! What happens by the clock: nothing here takes input, and all of it is safe to run twice, or in many processes.

use std::{sync::Arc, time::Duration};

use acuse_storage::{
    CatalogError,
    erasure::{Cause, EraseError, Finishing, Wish, Wished},
    key_file::ErasedKind,
    object_sweep::{Direction, Pace, SweepError},
    objects::SealError,
};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    env::Env,
    halt::chain,
    outgoing::{alerts, webhooks},
};

/// How long done tasks are kept: long enough to look at in the queue's page.
const TASKS_KEPT: Duration = Duration::from_secs(24 * 3_600);
/// How long the log of webhooks out is kept.
const WEBHOOK_LOG_KEPT: time::Duration = time::Duration::days(30);
/// Rows that one batch deletes: few, so that no webhook waits for it.
const PRUNED_AT_ONCE: u32 = 500;
/// Longest stretch of pruning; the next run goes on.
const PRUNING: Duration = Duration::from_secs(20);
/// Nothing is still being uploaded after a day.
const LEFTOVERS_KEPT: Duration = Duration::from_secs(24 * 3_600);
/// How old an object is that no row names before it goes: whoever put back an old database has a week to notice.
const UNNAMED_KEPT: time::Duration = time::Duration::DAY.saturating_mul(7);
/// Rest between two comparisons of rows and objects.
const COMPARED_EVERY: time::Duration = time::Duration::HOUR.saturating_mul(6);
/// Rows, or objects, of one page of it.
const COMPARED_AT_ONCE: u16 = 500;
/// Longest stretch of one comparison; the next run goes on.
const COMPARING: Duration = Duration::from_secs(20);
/// Longest stretch of finishing erasures, of sealing, or of retention; the next run goes on.
const ERASING: Duration = Duration::from_secs(20);
/// Documents sealed at once, and documents whose time is over that go at once: few, so that nobody waits for it.
const SEALED_AT_ONCE: u32 = 20;
const RETAINED_AT_ONCE: u32 = 50;
/// Documents scored at once.
const SCORED_AT_ONCE: u32 = 100;
/// Customers and contacts whose words are kept at once, and the longest stretch of it; the next run goes on.
const NAMED_AT_ONCE: u32 = 100;
const NAMING: Duration = Duration::from_secs(20);
/// How often all documents are counted, to verify the counts that are kept.
const COUNTED_EVERY: time::Duration = time::Duration::HOUR;
/// How long a ledger that does not balance is doubted.
const LEDGER_DOUBT: Duration = Duration::from_secs(90);
/// A document that is on its road for longer is told of by name.
const WAITS_LONG: Duration = Duration::from_secs(24 * 3_600);
/// Longest time of one run of a schedule.
const RUN_TIMEOUT: Duration = Duration::from_secs(300);

/// How often each schedule runs. Each also runs at start.
#[derive(Debug, Clone)]
pub struct Schedules {
    /// Puts a task behind every document and message that has none.
    pub sweep: Duration,
    /// How long a row must have been left alone before a sweep takes it for forgotten.
    pub idle: Duration,
    /// Raises the alarm about media that will soon be gone.
    pub deadline: Duration,
    /// Goes on with what was there before: scores documents, and keeps the words of documents and people.
    pub score: Duration,
    /// Seals the audit trail.
    pub seal: Duration,
    /// Probes what is away, and looks for documents that wait too long.
    pub parts: Duration,
    /// Looks whether what should happen does, and beats.
    pub watch: Duration,
    /// Tells the routes of incidents.
    pub alerts: Duration,
    /// Looks for changes that webhook endpoints have yet to hear of.
    pub webhooks: Duration,
    /// Deletes done tasks.
    pub vacuum: Duration,
    /// Goes on with the comparison of rows and objects.
    pub compare: Duration,
}

impl Default for Schedules {
    fn default() -> Self {
        Self {
            sweep: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            deadline: Duration::from_secs(60),
            score: Duration::from_secs(5),
            seal: Duration::from_secs(3),
            parts: Duration::from_secs(15),
            watch: Duration::from_secs(60),
            alerts: Duration::from_secs(5),
            webhooks: Duration::from_secs(1),
            vacuum: Duration::from_secs(3_600),
            compare: Duration::from_secs(60),
        }
    }
}

/// Runs all schedules until told to stop.
pub(crate) async fn run(env: Arc<Env>, schedules: Schedules, stop: CancellationToken) {
    let turns = Arc::default();
    tokio::join!(
        every("sweep", schedules.sweep, &stop, || sweep(&env, schedules.idle)),
        every("deadline", schedules.deadline, &stop, || deadline(&env)),
        every("score", schedules.score, &stop, || score(&env)),
        every("name", schedules.score, &stop, || name(&env)),
        every("seal", schedules.seal, &stop, || seal(&env)),
        every("vacuum", schedules.vacuum, &stop, || vacuum(&env)),
        every("prune", schedules.vacuum, &stop, || prune(&env)),
        every("erase", schedules.sweep, &stop, || erase(&env)),
        every("retain", schedules.vacuum, &stop, || retain(&env)),
        every("compare", schedules.compare, &stop, || compare(&env)),
        every("messages", schedules.sweep, &stop, || messages(&env)),
        every("parts", schedules.parts, &stop, || parts(&env)),
        every("watch", schedules.watch, &stop, || crate::watch::look_here(&env)),
        every("watch_afar", schedules.watch, &stop, || crate::watch::look_afar(&env)),
        every("webhooks", schedules.webhooks, &stop, || webhooks::begin(&env, &turns)),
        every("alerts", schedules.alerts, &stop, || alerts::tell(&env)),
    );
}

async fn every<F>(name: &'static str, period: Duration, stop: &CancellationToken, mut job: impl FnMut() -> F)
where
    F: Future<Output = Result<(), CatalogError>>,
{
    let mut ticks = interval(period.max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let outcome = match tokio::time::timeout(RUN_TIMEOUT, job()).await {
            Ok(Ok(())) => "done",
            Ok(Err(error)) => {
                tracing::error!(schedule = name, error = chain(&error), "a schedule failed; it runs again");
                "failed"
            }
            Err(_) => {
                tracing::error!(schedule = name, timeout_secs = RUN_TIMEOUT.as_secs(), "a schedule hung");
                "timed_out"
            }
        };
        metrics::counter!("acuse_schedules_total", "schedule" => name, "outcome" => outcome).increment(1);
    }
}

/// Belt and braces: whatever is not at rest has a task, the counts are what is there, and something stands for all that came.
///
/// # Errors
/// When the catalog fails.
pub async fn sweep(env: &Env, idle: Duration) -> Result<(), CatalogError> {
    let idle = time::Duration::try_from(idle).unwrap_or(time::Duration::MINUTE);
    env.catalog.forget_passwords(env.now()).await?;
    let unanswered = env.catalog.end_unanswered().await?;
    if unanswered > 0 {
        tracing::info!(unanswered, "what senders were asked for did not come; a person sees it again");
    }
    let swept = env.catalog.sweep_older_than(idle).await?;
    for wrong in env.catalog.verify_tallies(COUNTED_EVERY).await? {
        let day = wrong.day.map(|day| day.date().to_string());
        tracing::error!(day, place = wrong.place, missing = wrong.missing, "a count was wrong");
    }
    let arrivals = env.catalog.watch_arrivals().await?.sums;
    if !arrivals.balanced {
        tracing::error!(?arrivals, "files came, and nothing stands for them");
    }
    if swept.documents + swept.lines + swept.holds + swept.cases > 0 {
        tracing::warn!(
            documents = swept.documents,
            lines = swept.lines,
            holds = swept.holds,
            cases = swept.cases,
            "found work that no task was behind"
        );
        metrics::counter!("acuse_swept_total").increment(swept.documents + swept.lines + swept.holds);
    }
    Ok(())
}

/// Media that is still not fetched when most of its time is over will soon be gone. An operator must look.
///
/// # Errors
/// When the catalog fails.
pub async fn deadline(env: &Env) -> Result<(), CatalogError> {
    let expiring = env.catalog.media_expiring(env.now()).await?;
    metrics::gauge!("acuse_media_expiring").set(f64::from(u32::try_from(expiring.len()).unwrap_or(u32::MAX)));
    let ids: Vec<String> = expiring.iter().map(|document| document.id.to_string()).collect();
    let still: Vec<&str> = ids.iter().map(String::as_str).collect();
    env.catalog.resolve_incidents_beside("media_expiring", &still).await?;
    for document in &expiring {
        tracing::error!(document_id = %document.id, attempts = document.attempts, "its media will soon be gone");
        env.catalog.alert("media_expiring", &document.id.to_string()).await?;
    }
    Ok(())
}

/// The next documents that were there before sensitivity was, and before their words were kept: a few at a time, so that nobody waits for it.
///
/// # Errors
/// When the catalog fails.
pub async fn score(env: &Env) -> Result<(), CatalogError> {
    env.catalog.score_what_was_there(SCORED_AT_ONCE).await.map(drop)?;
    env.catalog.keep_words_of_what_was_there(SCORED_AT_ONCE).await.map(drop)?;
    env.catalog.keep_words_of_lines(SCORED_AT_ONCE).await.map(drop)?;
    env.catalog.settle_entities_of_what_was_there(SCORED_AT_ONCE).await.map(drop)?;
    env.catalog.learn_of_what_was_there(SCORED_AT_ONCE).await.map(drop)
}

/// Keeps the words of customers and contacts that were there before they had an index, for a while: few at a time, so that
/// nobody waits for it, and one after the other, for until it is over whoever looks for one of them looks through all.
///
/// # Errors
/// When the catalog fails.
pub async fn name(env: &Env) -> Result<(), CatalogError> {
    let started = std::time::Instant::now();
    while started.elapsed() < NAMING && env.catalog.keep_words_of_who_was_there(NAMED_AT_ONCE).await? {}
    Ok(())
}

/// Seals what the audit trail has gained: one sealer at a time, whoever runs this.
///
/// # Errors
/// When the catalog fails.
pub async fn seal(env: &Env) -> Result<(), CatalogError> {
    while env.catalog.seal_audit(env.now()).await? > 0 {}
    Ok(())
}

/// Deletes tasks that were done a day ago, and what uploads that were cut off a day ago left behind.
///
/// # Errors
/// When the catalog fails.
pub async fn vacuum(env: &Env) -> Result<(), CatalogError> {
    let tasks = env.catalog.vacuum_tasks(TASKS_KEPT).await?;
    if tasks > 0 {
        tracing::info!(tasks, "deleted done tasks");
    }
    env.catalog.prune_webhook_log(WEBHOOK_LOG_KEPT, PRUNED_AT_ONCE).await?;
    match env.objects.delete_leftovers(LEFTOVERS_KEPT).await {
        Ok(0) => {}
        Ok(leftovers) => tracing::info!(leftovers, "deleted what cut-off uploads left"),
        Err(error) => tracing::warn!(error = chain(&error), "cannot look for leftovers; the next run will"),
    }
    Ok(())
}

/// Prunes the channel's own rows and the keys of requests whose time is over, batch by batch.
///
/// # Errors
/// When the catalog fails.
pub async fn prune(env: &Env) -> Result<(), CatalogError> {
    let age = time::Duration::try_from(env.policy.channel_kept).unwrap_or(time::Duration::MAX);
    let started = std::time::Instant::now();
    while started.elapsed() < PRUNING {
        let pruned = env.catalog.prune_channel(age, PRUNED_AT_ONCE).await?;
        if pruned.total() == 0 {
            break;
        }
        tracing::info!(?pruned, "the time of some rows of the channel was over");
    }
    while started.elapsed() < PRUNING {
        if env.catalog.prune_idempotency_keys(PRUNED_AT_ONCE).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Finishes erasures that were cut off, and seals what was there before the key file.
///
/// # Errors
/// When the catalog fails.
pub async fn erase(env: &Env) -> Result<(), CatalogError> {
    let started = std::time::Instant::now();
    loop {
        match env.catalog.finish_erasures(&env.objects, Finishing::default()).await {
            Ok(finished) if finished.is_empty() => break,
            Ok(finished) => tracing::info!(finished = finished.len(), "finished erasures"),
            Err(EraseError::Catalog(error)) => return Err(error),
            Err(error) => {
                tracing::error!(error = chain(&error), "cannot finish an erasure; the next run will");
                break;
            }
        }
        if started.elapsed() > ERASING {
            break;
        }
    }
    while started.elapsed() < ERASING {
        match env.catalog.seal_what_was_there(&env.objects, SEALED_AT_ONCE).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(SealError::Catalog(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(error = chain(&error), "cannot seal what was there; the next run will");
                break;
            }
        }
    }
    Ok(())
}

/// Erases documents whose time is over, batch by batch.
///
/// # Errors
/// When the catalog fails.
pub async fn retain(env: &Env) -> Result<(), CatalogError> {
    env.catalog.forget_message_ids(env.now()).await?;
    let started = std::time::Instant::now();
    while started.elapsed() < ERASING {
        let due = env.catalog.due(&env.policy.retention, env.now(), RETAINED_AT_ONCE).await?;
        if due.is_empty() {
            break;
        }
        let mut begun = 0;
        for id in due {
            let wish = Wish {
                kind: ErasedKind::Document,
                id: id.0,
                cause: Cause::Retention,
                by: "retention".to_owned(),
                keep: env.policy.erasure_keeps,
                // The time of all of them is over.
                whole_file: true,
                seen_version: None,
            };
            begun += usize::from(matches!(env.catalog.erase(&wish).await?, Wished::Begun(_)));
        }
        tracing::info!(documents = begun, "the time of some documents was over");
        erase(env).await?;
        if begun == 0 {
            break;
        }
    }
    Ok(())
}

/// Goes on comparing rows and objects, both ways, for a while.
///
/// # Errors
/// When the catalog fails.
pub async fn compare(env: &Env) -> Result<(), CatalogError> {
    let pace = Pace { age: UNNAMED_KEPT, rest: COMPARED_EVERY, page: COMPARED_AT_ONCE, present: env.now() };
    for direction in Direction::ALL {
        let started = std::time::Instant::now();
        loop {
            match env.catalog.compare_objects(&env.objects, *direction, pace).await {
                Ok(true) if started.elapsed() < COMPARING => {}
                Ok(_) => break,
                Err(SweepError::Catalog(error)) => return Err(error),
                Err(error) => {
                    tracing::warn!(
                        error = chain(&error),
                        "cannot compare rows and objects; the next run will"
                    );
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Tells a person of messages whose delivery nobody confirmed, and counts the ledger of the messages: it alarms when
/// it does not balance twice in a row, for a message on its way to its task is no trouble.
///
/// # Errors
/// When the catalog fails.
pub async fn messages(env: &Env) -> Result<(), CatalogError> {
    let told = env.catalog.tell_unconfirmed(env.now()).await?;
    if told > 0 {
        tracing::error!(told, "the delivery of messages was not confirmed");
    }
    let paused = env.catalog.paused_numbers().await?.len();
    metrics::gauge!("acuse_numbers_paused").set(f64::from(u32::try_from(paused).unwrap_or(u32::MAX)));
    let ledger = env.catalog.message_ledger(env.now()).await?;
    if ledger.balanced {
        return env.catalog.resolve_incidents("message_ledger_unbalanced", None).await.map(drop);
    }
    // The sweep may be about to put a task back.
    tokio::time::sleep(LEDGER_DOUBT).await;
    let ledger = env.catalog.message_ledger(env.now()).await?;
    if !ledger.balanced {
        tracing::error!(?ledger, "the ledger of the messages does not balance");
        let detail = serde_json::to_value(ledger).unwrap_or_default();
        env.catalog.open_incident("message_ledger_unbalanced", "", &detail).await?;
    }
    Ok(())
}

/// Probes what is away, and tells a person of every document that waits longer than a day.
///
/// # Errors
/// When the catalog fails.
pub async fn parts(env: &Env) -> Result<(), CatalogError> {
    crate::parts::look(env).await?;
    let waiting =
        env.catalog.tell_of_waiting(time::Duration::try_from(WAITS_LONG).unwrap_or_default()).await?;
    metrics::gauge!("acuse_documents_waiting_long")
        .set(f64::from(u32::try_from(waiting).unwrap_or(u32::MAX)));
    Ok(())
}
