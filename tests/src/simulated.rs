//! Workers by a clock of the test's own: the real jobs on a real catalog and a real S3, against a fake Graph API that
//! enforces Meta's limits, with the time that each job takes given and none of it waited for.
//!
//! Tasks leave the queue in the order in which apalis takes them. One clock a process: one simulation at a time.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration as Real, SystemTime, UNIX_EPOCH},
};

use acuse_conversation::{Policies, wording::Telling};
use acuse_fixtures::graph::{FakeGraph, Options, OtherNumber};
use acuse_pipeline::limits::Limits;
use acuse_storage::{
    CaseId, Catalog, ContactId, DocumentId, EmbeddedS3, Intake, Objects, Stage,
    fair::Quota,
    inbound::{Identity, InboundDelivery, InboundItem, InboundMedia, InboundMessage, Outcome},
    queue::{CaseTask, DocumentTask, Queue, ReplyTask},
};
use acuse_whatsapp::{Graph, GraphConfig, Secret};
use acuse_workers::{
    Env, jobs,
    sandbox::{Sandbox, SandboxConfig},
};
use anyhow::{Context, Result};
use time::{Duration, OffsetDateTime};

/// Microseconds since 1970; 0: the machine's own clock.
static NOW: AtomicI64 = AtomicI64::new(0);

/// What time it is.
#[must_use]
pub fn clock() -> OffsetDateTime {
    match NOW.load(Ordering::SeqCst) {
        0 => OffsetDateTime::now_utc(),
        micros => OffsetDateTime::UNIX_EPOCH + Duration::microseconds(micros),
    }
}

/// The same, for the fake.
#[must_use]
pub fn system_clock() -> SystemTime {
    let since = clock() - OffsetDateTime::UNIX_EPOCH;
    UNIX_EPOCH + Real::try_from(since).unwrap_or_default()
}

/// From now on it is then, to the microsecond and never earlier; `None`: as late as it is.
pub fn set_clock(at: Option<OffsetDateTime>) {
    let micros = at.map_or(0, |at| {
        let nanos = (at - OffsetDateTime::UNIX_EPOCH).whole_nanoseconds();
        // Who waits for a moment must find that it has come.
        nanos.div_euclid(1_000) + i128::from(nanos.rem_euclid(1_000) > 0)
    });
    NOW.store(i64::try_from(micros).unwrap_or_default(), Ordering::SeqCst);
}

/// The clock is one a process: whoever sets it takes a turn, and nobody else's time moves meanwhile.
pub async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// The second number, of an account and with a token of its own.
#[must_use]
pub fn second_number() -> OtherNumber {
    OtherNumber {
        phone_number_id: "700100200300401".into(),
        account_id: "900100200300401".into(),
        access_token: "EAASECONDtoken000000000000000".into(),
        display_phone_number: "15550100002".into(),
    }
}

/// Several workers on one catalog.
pub struct Simulated {
    /// One a worker.
    pub workers: Vec<Env>,
    /// Meta.
    pub graph: FakeGraph,
    /// The door.
    pub intake: Intake,
    /// The database itself, for what workers of other processes do to it.
    pub queue: sqlx::SqlitePool,
    _s3: EmbeddedS3,
    kept: tempfile::TempDir,
}

/// The reader that does what its file says; it lies beside the tests.
///
/// # Errors
/// When it is not built.
pub fn test_reader() -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    let built =
        me.parent().and_then(std::path::Path::parent).context("a build folder")?.join("acuse-test-reader");
    anyhow::ensure!(built.exists(), "{} is not built: cargo build -p acuse-workers --bins", built.display());
    Ok(built)
}

impl Simulated {
    /// So many workers on a fresh SQLite.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn new(workers: usize, quota: Quota) -> Result<Self> {
        Self::led(workers, quota, None).await
    }

    /// The same, whose conversations are led by these policies and whose secrets are sealed by a key file.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn led(workers: usize, quota: Quota, policies: Option<Policies>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("acuse.db");
        let second = second_number();
        let options = Options {
            more_numbers: vec![second.clone()],
            limits: true,
            clock: Some(system_clock),
            ..Options::default()
        };
        let graph = FakeGraph::start(options).await?;
        let s3 = EmbeddedS3::start(&folder.path().join("objects")).await?;
        let objects = Objects::connect(&s3.config("acuse"));
        objects.ensure_bucket().await?;
        let client = |token: &str| {
            let mut config = GraphConfig::new(Secret::new(token));
            config.url = graph.url();
            Graph::new(config)
        };
        let mut envs = Vec::new();
        for _ in 0..workers {
            let catalog =
                Catalog::open_sqlite(&file).await?.with_clock(clock).with_policies(policies.clone());
            if policies.is_some() {
                catalog.open_key_file(Some(&folder.path().join("acuse.key"))).await?;
            }
            let sandbox =
                SandboxConfig { program: test_reader()?, ..SandboxConfig::new(Limits::default(), 1) };
            let sandbox = Sandbox::start(sandbox).await?;
            let first = client(&graph.options().access_token)?;
            let mut env = Env::new(catalog, objects.clone(), sandbox, Some(first)).with_clock(clock);
            env.graphs.insert("second".into(), client(&second.access_token)?);
            envs.push(env);
        }
        let catalog = &envs.first().context("a worker")?.catalog;
        catalog.set_token_ref(&second.phone_number_id, "second").await?;
        let intake = Intake::spawn_with(catalog.clone(), quota);
        let queue = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await?;
        Ok(Self { workers: envs, graph, intake, queue, _s3: s3, kept: folder })
    }

    /// The folder of its database, objects and key file.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.kept.path()
    }

    /// The catalog.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.workers[0].catalog
    }

    /// Somebody sends a file to a number.
    ///
    /// # Errors
    /// When it is not committed.
    pub async fn sends(&self, who: &str, number: &str, file: &str) -> Result<DocumentId> {
        let media_id = self.graph.upload_media(file.as_bytes().to_vec(), "image/jpeg");
        let id = DocumentId::generate();
        let message = InboundMessage {
            answer: None,
            identity: Identity { wa_id: Some(who.to_owned()), ..Identity::default() },
            phone_number_id: number.to_owned(),
            waba_id: None,
            wamid: format!("wamid.{id}"),
            kind: "image".into(),
            sent_at: clock(),
            body: None,
            reply_to: None,
            tap: None,
            media: Some(InboundMedia {
                media_id: Some(media_id),
                over_quota: Some(Telling::ManyFiles),
                ..InboundMedia::default()
            }),
            raw: "{}".into(),
        };
        let delivery = InboundDelivery {
            token_ref: "default".into(),
            body: b"{}".to_vec(),
            signed_with: "current".into(),
            received_at: clock(),
            items: vec![InboundItem::Message(message)],
            outcome: Outcome::Understood,
        };
        let recorded = self.intake.record(delivery).await?;
        recorded.new_documents.first().copied().context("a file is a document")
    }

    /// Takes the next task that is due off a lane.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take(&self, queue: Queue) -> Result<Option<Task>> {
        let row: Option<(String, Vec<u8>)> = sqlx::query_as(
            "UPDATE Jobs SET status = 'Running' WHERE id = (SELECT id FROM Jobs WHERE job_type = $1 \
             AND status = 'Pending' AND run_at <= $2 ORDER BY priority DESC, run_at, id LIMIT 1) RETURNING id, job",
        )
        .bind(queue.as_str())
        .bind(clock().unix_timestamp())
        .fetch_optional(&self.queue)
        .await?;
        let Some((id, job)) = row else { return Ok(None) };
        let turn = match queue {
            Queue::Reply => Turn::Contact(serde_json::from_slice::<ReplyTask>(&job)?.contact_id),
            Queue::Case => Turn::Case(serde_json::from_slice::<CaseTask>(&job)?.case_id),
            _ => Turn::Document(serde_json::from_slice::<DocumentTask>(&job)?.document_id),
        };
        Ok(Some(Task { id, queue, turn }))
    }

    /// A worker does a task, and it is done.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn run(&self, worker: usize, task: &Task) -> Result<()> {
        let env = &self.workers[worker % self.workers.len()];
        match (task.turn, task.queue) {
            (Turn::Contact(contact), _) => drop(jobs::reply::reply_to(env, contact).await),
            (Turn::Case(id), _) => drop(jobs::case::case(env, id).await),
            (Turn::Document(id), Queue::Hold) => drop(jobs::hold::hold(env, id).await),
            (Turn::Document(id), Queue::Fetch) => drop(jobs::document(env, Stage::Fetch, id).await),
            (Turn::Document(id), Queue::Read) => drop(jobs::document(env, Stage::Read, id).await),
            (Turn::Document(id), _) => drop(jobs::document(env, Stage::Link, id).await),
        }
        sqlx::query("DELETE FROM Jobs WHERE id = $1").bind(&task.id).execute(&self.queue).await?;
        Ok(())
    }

    /// When the next task that is not due yet will be.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_due(&self) -> Result<Option<OffsetDateTime>> {
        let (next,): (Option<i64>,) =
            sqlx::query_as("SELECT MIN(run_at) FROM Jobs WHERE status = 'Pending' AND run_at > $1")
                .bind(clock().unix_timestamp())
                .fetch_one(&self.queue)
                .await?;
        Ok(next.and_then(|secs| OffsetDateTime::from_unix_timestamp(secs).ok()))
    }
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Document(DocumentId),
    Contact(ContactId),
    Case(CaseId),
}

/// A task in hand.
#[derive(Debug, Clone)]
pub struct Task {
    id: String,
    queue: Queue,
    turn: Turn,
}

impl Task {
    /// Of which lane.
    #[must_use]
    pub fn queue(&self) -> Queue {
        self.queue
    }
}
