//! All of Acuse in the test's own process: the router without a socket, the jobs one at a time, the clock the test's.
//!
//! A test says what happens and asks what became of it; nothing is waited for. A harness that is dropped while a task is
//! left in the queue fails the test: what nobody ran, nobody tested.

use std::sync::Arc;

use acuse_conversation::Policies;
use acuse_fixtures::graph::SignedWebhook;
use acuse_pipeline::{document::Sha256, limits::Limits};
use acuse_server::{
    access::login_guard::LoginGuard,
    budget::Budget,
    client_address::TrustedProxies,
    export::Spool,
    live::Live,
    router::router,
    state::{App, Channel, Web},
};
use acuse_storage::{erasure::Keep, fair::Quota, keys::Scope, queue::Queue};
use acuse_whatsapp::{Secret, signature::AppSecrets};
use acuse_workers::outgoing::{Outgoing, OutgoingConfig};
use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use time::Duration;
use tower::ServiceExt;

use crate::simulated::{Simulated, clock, set_clock, turn};

/// The key of the harness, which may everything.
const KEY: &str = "acuse_the-key-of-a-harness-in-this-process";
/// Largest answer that is read, bytes.
const ANSWER: usize = 16 << 20;
/// So many tasks one after the other, and something runs in circles.
const TASKS: usize = 10_000;

/// Acuse in this process.
pub struct InProcess {
    /// Its workers, and Meta.
    pub world: Simulated,
    router: Router,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

impl InProcess {
    /// One worker and the web side on a fresh SQLite, at the present time, which then stands still.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start() -> Result<Self> {
        Self::led(None).await
    }

    /// The same, whose conversations are led by these policies.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn led(policies: Option<Policies>) -> Result<Self> {
        let turn = turn().await;
        set_clock(None);
        let world = Simulated::led(1, Quota::NONE, policies).await?;
        // After the ledger of the messages has begun: what came before it is not counted.
        set_clock(Some(clock()));
        let env = world.workers.first().context("a worker")?;
        env.catalog.create_key("harness", &Sha256::of(KEY.as_bytes()), Scope::ALL).await?;
        let app = App::new(Web {
            catalog: env.catalog.clone(),
            objects: env.objects.clone(),
            intake: world.intake.clone(),
            whatsapp: Channel {
                secrets: AppSecrets::new([Secret::new(&world.graph.options().app_secret)]),
                by_ref: Vec::new(),
                verify_token: Secret::new("harness"),
            },
            limits: Limits::default(),
            scans: false,
            undo: std::time::Duration::ZERO,
            mapping: None,
            exports: Spool::new(std::env::temp_dir().join("acuse-exports")),
            metrics: PrometheusBuilder::new().build_recorder().handle(),
            budget: Budget::new(TrustedProxies::default(), 100_000, false),
            keep: Keep::Amounts,
            outgoing: Arc::new(Outgoing::new(OutgoingConfig::default())?),
            login: LoginGuard::default(),
            oidc: None,
            live: Live::default(),
        });
        Ok(Self { world, router: router(app), _turn: turn })
    }

    /// Posts a signed webhook; the status.
    ///
    /// # Errors
    /// When the request cannot be made.
    pub async fn webhook(&self, webhook: &SignedWebhook) -> Result<StatusCode> {
        let request = Request::post("/webhooks/whatsapp")
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Hub-Signature-256", webhook.signature.as_str())
            .body(Body::from(webhook.body.to_vec()))?;
        Ok(self.ask(request).await?.0)
    }

    /// `GET path` with the key; must answer 2xx and JSON.
    ///
    /// # Errors
    /// Anything else.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let (status, answer) = self.send(Method::GET, path, None).await?;
        ensure!(status.is_success(), "GET {path}: {status} {answer}");
        Ok(answer)
    }

    /// Any request with the key and perhaps a body; the status and the JSON.
    ///
    /// # Errors
    /// When the request cannot be made or the answer is no JSON.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {KEY}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?;
        let (status, bytes) = self.ask(request).await?;
        let answer = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        Ok((status, answer))
    }

    /// Any request as it is; the status and the body.
    ///
    /// # Errors
    /// When the answer cannot be read.
    pub async fn ask(&self, request: Request<Body>) -> Result<(StatusCode, Vec<u8>)> {
        let (status, _, body) = self.answer(request).await?;
        Ok((status, body))
    }

    /// The same, with what the headers say.
    ///
    /// # Errors
    /// When the answer cannot be read.
    pub async fn answer(&self, request: Request<Body>) -> Result<(StatusCode, HeaderMap, Vec<u8>)> {
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        Ok((parts.status, parts.headers, to_bytes(body, ANSWER).await?.to_vec()))
    }

    /// Runs what is due and, moving the clock, what becomes due, until nothing is left or the time is over.
    ///
    /// # Errors
    /// When the database fails, or the tasks find no end.
    pub async fn run_jobs(&self, within: Duration) -> Result<()> {
        let until = clock() + within;
        for _ in 0..TASKS {
            let mut task = None;
            for queue in Queue::ALL {
                if task.is_none() {
                    task = self.world.take(*queue).await?;
                }
            }
            match (task, self.world.next_due().await?) {
                (Some(task), _) => self.world.run(0, &task).await?,
                (None, Some(due)) if due <= until => set_clock(Some(due.max(clock()))),
                (None, _) => return Ok(()),
            }
        }
        anyhow::bail!("{TASKS} tasks, and still one")
    }

    /// The documents that wait for a person.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn reviews(&self) -> Result<Vec<Value>> {
        Ok(self.get("/v1/reviews?limit=100").await?["data"].as_array().cloned().unwrap_or_default())
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        set_clock(None);
        if std::thread::panicking() {
            return;
        }
        let left = left_behind(self.world.queue.clone());
        assert_eq!(left.as_ref().ok().map(Vec::is_empty), Some(true), "tasks are left behind: {left:?}");
    }
}

/// The lanes of the tasks that nobody ran. Asked in a thread of its own: whoever drops waits for no future.
fn left_behind(queue: sqlx::SqlitePool) -> Result<Vec<String>> {
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sql = "SELECT job_type FROM Jobs WHERE status = 'Pending'";
        Ok(runtime.block_on(sqlx::query_scalar(sql).fetch_all(&queue))?)
    });
    asked.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the thread that asks panicked")))
}
