//! The jobs: one file each, and here the frame that every document job runs in.
//!
//! A task says whose turn it is; the row says what is due. [`document`] begins the attempt (which counts it, so
//! that a worker that dies is counted too), runs the stage, and writes down how it ended: moved on, in review, or
//! tried again later. It never fails: what cannot even be written down is left to the sweep.

use std::{panic::AssertUnwindSafe, time::Instant};

use acuse_conversation::wording::Telling;
use acuse_pipeline::reason::{Reason, ReasonCode};
use acuse_storage::{
    CatalogError, CustomerId, Document, DocumentId, Stage,
    numbers::{About, Direction},
    parts::Part,
    stages::{Begun, Step},
};
use acuse_whatsapp::policy::backoff;
use futures_util::FutureExt;
use tracing::Instrument;

use crate::{
    env::Env,
    halt::{Cause, Halt, Wait, chain},
    parts, told,
};

mod abstain;
mod answer;
pub mod boundary;
pub mod case;
pub mod fetch;
pub mod hold;
pub mod link;
pub mod read;
pub mod reply;

/// Media that is gone sooner than twice this is not waited for again.
const LAST_CHANCE: std::time::Duration = std::time::Duration::from_secs(5);

/// How a job ended, for metrics and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The document moved on.
    Moved,
    /// A person decides.
    Review,
    /// To be tried again.
    Retry,
    /// The channel is paused; waits for it.
    Waits,
    /// There was nothing to do: the document had moved, or is not due.
    Stale,
    /// The catalog failed; the sweep will find the document.
    Lost,
}

impl Ended {
    fn as_str(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Review => "review",
            Self::Retry => "retry",
            Self::Waits => "waits",
            Self::Stale => "stale",
            Self::Lost => "lost",
        }
    }
}

/// Runs the stage a task is for.
pub async fn document(env: &Env, stage: Stage, id: DocumentId) -> Ended {
    let span = tracing::info_span!("job", stage = stage.as_str(), document_id = %id);
    crate::trace::follow(&span, id);
    async {
        let started = Instant::now();
        let ended = run(env, stage, id).await.unwrap_or_else(|error| {
            tracing::error!(error = chain(&error), "the catalog failed; the sweep will find the document");
            Ended::Lost
        });
        measure(stage.as_str(), ended.as_str(), started);
        ended
    }
    .instrument(span)
    .await
}

/// Counts and times one job.
pub(crate) fn measure(stage: &'static str, outcome: &'static str, started: Instant) {
    let took = started.elapsed();
    metrics::counter!("acuse_jobs_total", "stage" => stage, "outcome" => outcome).increment(1);
    metrics::histogram!("acuse_job_duration_seconds", "stage" => stage).record(took.as_secs_f64());
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(outcome, duration_ms, "job ended");
}

async fn run(env: &Env, stage: Stage, id: DocumentId) -> Result<Ended, CatalogError> {
    if let Some(away) = parts::closed(env, parts::needs(env, stage)).await? {
        return Ok(waits(env.catalog.await_part(id, stage, away.part).await?));
    }
    let document = match env.catalog.begin(id, stage).await? {
        Begun::Go(document) => document,
        Begun::NotDue | Begun::Moved => return Ok(Ended::Stale),
    };
    if let Some(reason) = worn_out(env, &document, stage) {
        return review(env, &document, stage, vec![reason], None).await;
    }
    match guarded(env, stage, &document).await {
        Ok(Step::Taken) => {
            match stage {
                Stage::Fetch => boundary::pass("fetch.done"),
                Stage::Read => boundary::pass("read.done"),
                Stage::Link | Stage::Done => boundary::pass("link.done"),
            }
            Ok(Ended::Moved)
        }
        Ok(Step::Stale) => Ok(Ended::Stale),
        Err(Halt::Review(reason)) => review(env, &document, stage, vec![reason], None).await,
        Err(Halt::Retry(cause)) => retry(env, &document, stage, cause).await,
    }
}

/// The stage, with an end to its time, and a panic of ours turned into one more attempt.
async fn guarded(env: &Env, stage: Stage, document: &Document) -> Result<Step, Halt> {
    let step = async {
        match stage {
            Stage::Fetch => fetch::fetch(env, document).await,
            Stage::Read => read::read(env, document).await,
            Stage::Link => link::link(env, document).await,
            Stage::Done => Ok(Step::Stale),
        }
    };
    let caught = AssertUnwindSafe(step).catch_unwind();
    match tokio::time::timeout(env.policy.job_timeout, caught).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_panic)) => Err(Halt::Retry(Cause::backoff(format!("a bug: the {stage} job panicked")))),
        Err(_) => {
            let secs = env.policy.job_timeout.as_secs();
            Err(Halt::Retry(Cause::backoff(format!("the {stage} job did not end within {secs} s"))))
        }
    }
}

/// Writes down that the world failed: later, or, when the attempts are spent, in front of a person.
async fn retry(env: &Env, document: &Document, stage: Stage, cause: Cause) -> Result<Ended, CatalogError> {
    tracing::warn!(cause = cause.what, attempts = document.attempts, "to be tried again");
    let wait = match &cause.wait {
        Wait::PauseToken(why) | Wait::PauseNumber(why) => {
            let number = document.phone_number_id.as_deref().unwrap_or_default();
            let whole_token = matches!(cause.wait, Wait::PauseToken(_));
            let about = if whole_token { About::TokenOf(number) } else { About::Number(number) };
            env.catalog.pause(about, Direction::Fetch, why, env.now()).await?;
            return postpone(env, document, stage, &cause, None).await;
        }
        Wait::Paused(until) => return postpone(env, document, stage, &cause, Some(*until)).await,
        // Nobody listened there: whatever is found now, the document had no part in it.
        Wait::ScannerAway => {
            return match parts::blame(env, Part::Scanner).await? {
                Some(_) => wait_for(env, document, stage, &cause, Part::Scanner).await,
                None => postpone(env, document, stage, &cause, None).await,
            };
        }
        // What failed was the database, and it answers again: the document had no part in it.
        Wait::Part(Part::Database) => return postpone(env, document, stage, &cause, None).await,
        Wait::Part(part) => match parts::blame(env, *part).await? {
            Some(_) => return wait_for(env, document, stage, &cause, *part).await,
            None => by_attempts(env, document, stage),
        },
        Wait::AtLeast(wait) => *wait,
        Wait::Backoff => by_attempts(env, document, stage),
    };
    let at = before_it_is_gone(env, document, stage, env.after(wait));
    if let Some(reason) = spent(env, document, stage, &cause, at) {
        return review(env, document, stage, vec![reason], None).await;
    }
    Ok(match env.catalog.retry(document.id, stage, &cause.what, at).await? {
        Step::Taken => Ended::Retry,
        Step::Stale => Ended::Stale,
    })
}

fn by_attempts(env: &Env, document: &Document, stage: Stage) -> std::time::Duration {
    let ceiling = if stage == Stage::Fetch { env.policy.fetch_ceiling } else { env.policy.ceiling };
    let wait = backoff(document.attempts.saturating_sub(1), ceiling, rand::random());
    // Of what is gone in minutes, no wait sleeps through the end: each is at most half of what is left.
    let left = document.media_deadline.filter(|_| stage == Stage::Fetch).map(|deadline| deadline - env.now());
    match left.and_then(|left| std::time::Duration::try_from(left / 2).ok()) {
        Some(half) if half >= LAST_CHANCE => wait.min(half),
        _ => wait,
    }
}

/// No wait, whoever asked for it, outlasts the media while there is time for one more attempt.
fn before_it_is_gone(
    env: &Env,
    document: &Document,
    stage: Stage,
    at: time::OffsetDateTime,
) -> time::OffsetDateTime {
    acuse_storage::parts::before_it_is_gone(
        at,
        document.media_deadline.filter(|_| stage == Stage::Fetch),
        env.now(),
    )
}

fn waits(step: Step) -> Ended {
    match step {
        Step::Taken => Ended::Waits,
        Step::Stale => Ended::Stale,
    }
}

/// Waits for a part that is away, without burning an attempt. Nobody need ask for it: whoever probes it wakes all that wait
/// ([`parts::look`]). Should nobody, they come by themselves, hours later and far from each other.
async fn wait_for(
    env: &Env,
    document: &Document,
    stage: Stage,
    cause: &Cause,
    part: Part,
) -> Result<Ended, CatalogError> {
    Ok(waits(env.catalog.wait_for_part(document.id, stage, (part, cause.what.as_str())).await?))
}

/// Waits for the number, or for what failed once, without burning an attempt, spread out so that not all come back at once.
async fn postpone(
    env: &Env,
    document: &Document,
    stage: Stage,
    cause: &Cause,
    until: Option<time::OffsetDateTime>,
) -> Result<Ended, CatalogError> {
    let at = match until {
        // Spread by a tenth of the wait, for nobody knows better than who named the time.
        Some(until) => {
            let wait = (until - env.now()).max(time::Duration::SECOND);
            until.saturating_add(wait * (rand::random::<f64>() / 10.0))
        }
        None => env.after(env.policy.probe_every.mul_f64(1.0 + rand::random::<f64>())),
    };
    // A pause may be over long before its next probe.
    let at = before_it_is_gone(env, document, stage, at);
    Ok(waits(env.catalog.postpone(document.id, stage, &cause.what, at).await?))
}

/// The reason not even to begin: every attempt so far was counted, and none came back to say how it ended. Whoever
/// had it in hand died of it, or with it; the next one shall not.
fn worn_out(env: &Env, document: &Document, stage: Stage) -> Option<Reason> {
    let fetchable =
        stage == Stage::Fetch && document.media_deadline.is_some_and(|deadline| env.now() < deadline);
    (document.attempts > env.policy.attempts && !fetchable).then(|| {
        let message = "The worker that had it in hand died each time.";
        Reason::new(ReasonCode::RetriesExhausted, message).with("attempts", document.attempts)
    })
}

/// The reason to stop trying, if it is time. A fetch goes on for as long as its media id will live.
fn spent(
    env: &Env,
    document: &Document,
    stage: Stage,
    cause: &Cause,
    next: time::OffsetDateTime,
) -> Option<Reason> {
    let told = |code, message: &str| {
        Reason::new(code, message).with("attempts", document.attempts).with("last_error", cause.what.as_str())
    };
    if stage == Stage::Fetch && document.media_deadline.is_some_and(|deadline| next >= deadline) {
        let message = "The file could not be fetched from WhatsApp before its id expired.";
        return Some(told(ReasonCode::MediaUnavailable, message));
    }
    let unlimited = stage == Stage::Fetch && document.media_deadline.is_some() && !cause.hopeless;
    (!unlimited && document.attempts >= env.policy.attempts).then(|| {
        told(ReasonCode::RetriesExhausted, "We tried several times and something of ours kept failing.")
    })
}

/// Puts the document in front of a person, and tells its sender.
pub(crate) async fn review(
    env: &Env,
    document: &Document,
    stage: Stage,
    reasons: Vec<Reason>,
    customer: Option<CustomerId>,
) -> Result<Ended, CatalogError> {
    let telling = match Telling::of_reasons(&reasons) {
        Telling::SendAgain(_) | Telling::Needs(_) | Telling::WrongPassword
            if asked_enough(env, document).await? =>
        {
            Telling::InReview
        }
        telling => telling,
    };
    let reply = told::of_document(&env.catalog, document, telling).await?;
    Ok(match env.catalog.into_review(document.id, stage, &reasons, customer, reply.as_ref()).await? {
        Step::Taken => Ended::Review,
        Step::Stale => Ended::Stale,
    })
}

/// Whether its sender was asked for another so often that a person looks now.
async fn asked_enough(env: &Env, document: &Document) -> Result<bool, CatalogError> {
    let timeline = env.catalog.timeline(document.id).await?;
    let asked = timeline.iter().filter(|entry| entry.event == "asked").count();
    Ok(u32::try_from(asked).is_ok_and(|asked| asked >= acuse_conversation::MOST_ASKS))
}
