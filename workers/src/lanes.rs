//! The lanes: apalis workers that take tasks off the queue and hand them to the jobs.
//!
//! Each lane is its own worker with its own concurrency, so that downloads do not wait behind readers. A lane
//! whose database failed is started again. A lane takes one task at a time off the queue: with more in its buffer,
//! apalis 1.0 neither says that it lives nor hears what is done until the buffer is empty, and others would take
//! its tasks for orphaned.

use std::{sync::Arc, time::Duration};

use acuse_storage::{
    Stage,
    queue::{Backend, CaseTask, DocumentTask, LaneConfig, Queue, ReplyTask, TASK_VERSION},
};
use apalis::prelude::{BackendExt, BackoffConfig, Data, WorkerBuilder, WorkerBuilderExt, WorkerError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    env::Env,
    jobs,
    schedules::{self, Schedules},
};

/// How the lanes run.
#[derive(Debug, Clone)]
pub struct Lanes {
    /// Downloads at once.
    pub fetches: usize,
    /// Documents read at once (`ACUSE_READ_CONCURRENCY`).
    pub reads: usize,
    /// Decisions at once.
    pub links: usize,
    /// Contacts answered at once.
    pub replies: usize,
    /// How often a lane looks for tasks while there are some; it looks less often, down to [`Lanes::poll_idle`],
    /// while there are none.
    pub poll: Duration,
    /// How often an idle lane looks.
    pub poll_idle: Duration,
    /// How often a lane says that it lives. Whole seconds.
    pub heartbeat: Duration,
    /// Heartbeats missed before another worker takes over its tasks.
    pub missed_heartbeats: usize,
    /// How long jobs in hand may go on after a stop is asked for; what is not done then is handed back by its
    /// missed heartbeats.
    pub grace: Duration,
    /// What happens by the clock.
    pub schedules: Schedules,
}

impl Lanes {
    /// For so many readers at once.
    #[must_use]
    pub fn new(reads: usize) -> Self {
        let queue = LaneConfig::default();
        Self {
            fetches: 16,
            reads: reads.max(1),
            links: 4,
            replies: 8,
            poll: Duration::from_millis(50),
            poll_idle: Duration::from_millis(500),
            heartbeat: queue.heartbeat,
            missed_heartbeats: queue.missed_heartbeats,
            grace: Duration::from_secs(20),
            schedules: Schedules::default(),
        }
    }
}

/// Works until `stop` is cancelled and the jobs in hand are done, or the grace is over.
pub async fn run(env: Arc<Env>, lanes: Lanes, stop: CancellationToken) {
    let tracker = TaskTracker::new();
    for queue in Queue::ALL {
        tracker.spawn(keep_running(*queue, Arc::clone(&env), lanes.clone(), stop.clone()));
    }
    tracker.spawn(schedules::run(Arc::clone(&env), lanes.schedules.clone(), stop.clone()));
    tracker.close();
    stop.cancelled().await;
    if tokio::time::timeout(lanes.grace, tracker.wait()).await.is_err() {
        let grace_secs = lanes.grace.as_secs();
        tracing::warn!(grace_secs, "jobs in hand did not end in time; others will take them over");
    }
}

/// Starts a lane again and again until it is told to stop.
async fn keep_running(queue: Queue, env: Arc<Env>, lanes: Lanes, stop: CancellationToken) {
    let mut pause = Duration::from_millis(200);
    while !stop.is_cancelled() {
        let started = std::time::Instant::now();
        // In a task of its own, so that a panic of the queue's ends the lane and not its keeper.
        let lane = tokio::spawn(work(queue, Arc::clone(&env), lanes.clone(), stop.clone()));
        let abort = lane.abort_handle();
        let ended = tokio::select! {
            ended = lane => ended,
            () = async { stop.cancelled().await; tokio::time::sleep(lanes.grace).await } => {
                abort.abort();
                return;
            }
        };
        match ended {
            Ok(Ok(())) if stop.is_cancelled() => return,
            Ok(Ok(())) => tracing::warn!(lane = queue.as_str(), "the lane ended by itself; it starts again"),
            Ok(Err(error)) => {
                tracing::error!(lane = queue.as_str(), %error, "the lane failed; it starts again");
            }
            Err(error) => tracing::error!(lane = queue.as_str(), %error, "the lane broke; it starts again"),
        }
        if started.elapsed() > Duration::from_secs(60) {
            pause = Duration::from_millis(200);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(15)),
        }
    }
}

/// One worker on one lane, for either database.
macro_rules! work_on {
    ($backend:expr, $name:expr, $concurrency:expr, $data:expr, $handler:ident, $lanes:expr, $stop:expr) => {{
        let idle = BackoffConfig::new($lanes.poll_idle).with_jitter(0.2);
        WorkerBuilder::new($name)
            .backend($backend.poll_with_backoff($lanes.poll, idle))
            .concurrency($concurrency)
            .data($data)
            .build($handler)
            .run_until(async move {
                $stop.cancelled().await;
                Ok::<(), WorkerError>(())
            })
            .await
    }};
}

async fn work(queue: Queue, env: Arc<Env>, lanes: Lanes, stop: CancellationToken) -> Result<(), WorkerError> {
    let config =
        LaneConfig { batch_size: 1, heartbeat: lanes.heartbeat, missed_heartbeats: lanes.missed_heartbeats };
    // A name of its own each time: the queue refuses one that lived a moment ago.
    let name = format!("{queue}-{}", uuid::Uuid::now_v7());
    let (stage, concurrency) = match queue {
        Queue::Fetch => (Stage::Fetch, lanes.fetches),
        Queue::Read => (Stage::Read, lanes.reads),
        Queue::Link => (Stage::Link, lanes.links),
        Queue::Hold => {
            return match env.catalog.backend::<DocumentTask>(queue, &config) {
                Backend::Sqlite(b) => work_on!(b, name, lanes.links, env, end_hold, lanes, stop),
                Backend::Postgres(b) => work_on!(b, name, lanes.links, env, end_hold, lanes, stop),
            };
        }
        Queue::Case => {
            return match env.catalog.backend::<CaseTask>(queue, &config) {
                Backend::Sqlite(b) => work_on!(b, name, lanes.links, env, step_case, lanes, stop),
                Backend::Postgres(b) => work_on!(b, name, lanes.links, env, step_case, lanes, stop),
            };
        }
        Queue::Reply => {
            return match env.catalog.backend::<ReplyTask>(queue, &config) {
                Backend::Sqlite(b) => work_on!(b, name, lanes.replies, env, answer, lanes, stop),
                Backend::Postgres(b) => work_on!(b, name, lanes.replies, env, answer, lanes, stop),
            };
        }
    };
    let hand = Hand { env: Arc::clone(&env), stage };
    match env.catalog.backend::<DocumentTask>(queue, &config) {
        Backend::Sqlite(b) => work_on!(b, name, concurrency, hand, advance, lanes, stop),
        Backend::Postgres(b) => work_on!(b, name, concurrency, hand, advance, lanes, stop),
    }
}

/// What a document lane's handler needs.
#[derive(Clone)]
struct Hand {
    env: Arc<Env>,
    stage: Stage,
}

/// Always done, for the queue: how it ended is in our own rows, and what the queue calls failed comes back at once.
async fn advance(task: DocumentTask, hand: Data<Hand>) {
    if task.version > TASK_VERSION {
        return newer(task.version);
    }
    let _ended = jobs::document(&hand.env, hand.stage, task.document_id).await;
}

async fn answer(task: ReplyTask, env: Data<Arc<Env>>) {
    if task.version > TASK_VERSION {
        return newer(task.version);
    }
    let _ended = match task.line() {
        Some(line) => jobs::reply::reply(&env, &line).await,
        None => jobs::reply::reply_to(&env, task.contact_id).await,
    };
}

async fn end_hold(task: DocumentTask, env: Data<Arc<Env>>) {
    if task.version > TASK_VERSION {
        return newer(task.version);
    }
    let _ended = jobs::hold::hold(&env, task.document_id).await;
}

async fn step_case(task: CaseTask, env: Data<Arc<Env>>) {
    if task.version > TASK_VERSION {
        return newer(task.version);
    }
    let _ended = jobs::case::case(&env, task.case_id).await;
}

/// A task of a newer Acuse is not understood here; the sweep puts one of our version behind the same row.
fn newer(version: u32) {
    tracing::warn!(
        version,
        ours = TASK_VERSION,
        "a newer Acuse pushed this task; bring this worker up to date"
    );
}
