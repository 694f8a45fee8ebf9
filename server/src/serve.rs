//! `acuse serve`, `web`, `work`: the long-running side.
//!
//! [`start`] opens every part, begins to listen and to work, and gives back a handle; [`run`] adds what a process
//! needs: logs of the address, signals, an exit status. On a stop, requests and jobs in hand are finished or handed
//! back; a second signal ends at once.

use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::{Arc, OnceLock},
    time::Duration,
};

use acuse_storage::{Catalog, Intake, Objects, error::Chain};
use acuse_whatsapp::{Secret as Token, signature::AppSecrets};
use acuse_workers::{Env, Lanes, scan::Scanner};
use anyhow::Context;
use axum::Router;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    access::{failed_sign_ins, login_guard::LoginGuard},
    budget::Budget,
    config::Config,
    export::{Mapping, Spool},
    front::{self, Caps},
    live::Live,
    oidc::provider::Provider,
    router::{router, worker_router},
    services::{self, Services},
    state::{App, Channel, Web},
};

/// Which side this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Web and workers.
    All,
    /// The web side.
    Web,
    /// The workers.
    Work,
}

/// Longest wait for requests and jobs in hand when stopping.
const GRACE: Duration = Duration::from_secs(30);

/// How often a machine catches up with what others erased, and how far it looks back: longer than two clocks differ. What
/// is older was caught up with at start.
const ERASED_EVERY: Duration = Duration::from_secs(15);
const ERASED_SINCE: time::Duration = time::Duration::DAY;

/// Connections at once; each is a file handle, of which many systems give a process 1,024.
const CONNECTIONS: usize = 640;
/// Of one address, unless it is a trusted proxy's.
const CONNECTIONS_OF_ADDRESS: usize = 400;

/// A running server.
pub struct Running {
    /// Where it listens; `None` for workers that were given no address.
    pub addr: Option<SocketAddr>,
    /// The web side's state, for tests.
    pub app: App,
    /// The one-time token of the first user, when there is no user yet.
    pub setup_token: Option<String>,
    stop: CancellationToken,
    web: Option<JoinHandle<std::io::Result<()>>>,
    workers: Option<JoinHandle<()>>,
    services: Services,
}

impl Running {
    /// Stops: no new requests or jobs, those in hand are finished, then every connection is closed.
    pub async fn shutdown(self) {
        self.stop.cancel();
        if let Some(web) = self.web
            && tokio::time::timeout(GRACE, web).await.is_err()
        {
            tracing::warn!("requests in hand were cut off");
        }
        if let Some(workers) = self.workers
            && tokio::time::timeout(GRACE, workers).await.is_err()
        {
            tracing::warn!("jobs in hand were cut off; others will take them over");
        }
        if tokio::time::timeout(GRACE, failed_sign_ins::tell(&self.app, true)).await.is_err() {
            tracing::warn!("some failed sign-ins are not in the trail");
        }
        drop(self.app);
        if tokio::time::timeout(GRACE, self.services.catalog.close()).await.is_err() {
            tracing::warn!("the catalog's connections were cut off");
        }
    }

    /// Ends when the web side does, which it never should.
    async fn died(&mut self) -> anyhow::Result<()> {
        match &mut self.web {
            Some(web) => web.await.context("the web side panicked")?.context("the web side ended"),
            None => std::future::pending().await,
        }
    }
}

/// Opens every part and begins.
///
/// # Errors
/// When a part cannot be had, with what to do.
pub async fn start(config: Config, role: Role) -> anyhow::Result<Running> {
    let services = Services::start(&config).await?;
    let app = web(&config, &services, role)?;
    if app.whatsapp.secrets.is_empty() && app.whatsapp.by_ref.is_empty() && role != Role::Work {
        tracing::warn!("ACUSE_WHATSAPP_APP_SECRET is not set: webhooks are answered 503 until it is");
    }
    let stop = CancellationToken::new();
    let workers = match role {
        Role::Web => None,
        Role::All | Role::Work => Some(work(&config, &services, stop.clone()).await?),
    };
    tokio::spawn(keep_keys(services.catalog.clone(), services.objects.clone(), stop.clone()));
    if role != Role::Work {
        tokio::spawn(failed_sign_ins::tell_on(app.clone(), stop.clone()));
    }
    let stopped = stop.clone();
    let mut running = Running { addr: None, app, setup_token: None, stop, web: None, workers, services };
    if let Some(at) = config.metrics_listen.filter(|_| role != Role::Work) {
        running.listen_for_metrics(at, stopped.clone()).await?;
    }
    match (role, config.work_listen) {
        (Role::All | Role::Web, _) => running.listen(config.listen, stopped).await?,
        (Role::Work, Some(at)) => running.listen_for_probes(at, stopped).await?,
        (Role::Work, None) => {}
    }
    Ok(running)
}

/// The web side's state on these services.
fn web(config: &Config, services: &Services, role: Role) -> anyhow::Result<App> {
    let intake = Intake::spawn_with(services.catalog.clone(), config.sender_quota);
    Ok(App::new(Web {
        catalog: services.catalog.clone(),
        objects: services.objects.clone(),
        intake,
        whatsapp: Channel {
            secrets: AppSecrets::new(config.whatsapp.app_secrets.iter().map(|s| Token::new(s.expose()))),
            by_ref: services::secrets_by_ref(),
            verify_token: Token::new(config.whatsapp.verify_token.as_ref().map_or("", |t| t.expose())),
        },
        limits: config.reading.limits.clone(),
        scans: config.reading.clamd.is_some(),
        undo: config.undo,
        keep: config.erase_keeps,
        mapping: config.export_mapping.as_deref().map(Mapping::read).transpose()?.map(Arc::new),
        exports: Spool::new(config.data_dir.join("tmp")),
        metrics: recorder()?,
        budget: Budget::new(
            config.trusted_proxies.clone(),
            config.rate_per_s,
            config.metrics_listen.is_some() && role != Role::Work,
        ),
        outgoing: Arc::new(services::outgoing(&config.outgoing)?),
        login: LoginGuard::default(),
        oidc: config
            .oidc
            .clone()
            .map(Provider::new)
            .transpose()
            .context("cannot speak to the identity provider")?,
        live: Live::default(),
    }))
}

/// The web side's state for a process that listens to assistants alone. The objects end with what is returned beside it.
///
/// # Errors
/// When a part cannot be had, with what to do.
pub async fn for_assistants(config: &Config) -> anyhow::Result<(App, Services)> {
    let services = Services::start(config).await?;
    let app = web(config, &services, Role::Web)?;
    Ok((app, services))
}

/// Takes out of this machine's copy of the key file what another machine erased.
async fn keep_keys(catalog: Catalog, objects: Objects, stop: CancellationToken) {
    let Some(keys) = objects.keys() else { return };
    let mut ticks = tokio::time::interval(ERASED_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let since = catalog.now() - ERASED_SINCE;
        match catalog.forget_erased(keys, since).await {
            Ok(0) => {}
            Ok(forgotten) => {
                tracing::info!(forgotten, "took the keys of erased documents out of the key file");
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "the key file keeps what was erased; tried again");
            }
        }
    }
}

async fn work(
    config: &Config,
    services: &Services,
    stop: CancellationToken,
) -> anyhow::Result<JoinHandle<()>> {
    let sandbox = services::sandbox(&config.reading).await.context("cannot start the readers")?;
    let graph = services::graph(&config.whatsapp)?;
    if graph.is_none() {
        tracing::warn!(
            "ACUSE_WHATSAPP_ACCESS_TOKEN is not set: media is not fetched and nobody is answered until it is"
        );
    }
    let mut env = Env::new(services.catalog.clone(), services.objects.clone(), sandbox, graph);
    env.graphs = services::graphs(&config.whatsapp)?;
    env.outgoing = Some(Arc::new(services::outgoing(&config.outgoing)?));
    env.watch.beat_url = config.outgoing.beat_url.as_ref().map(|u| u.expose().to_owned());
    env.watch.expected = config.outgoing.expect_webhooks.clone();
    env.watch.folder = config.data_dir.clone();
    env.policy.channel_kept = config.channel_kept;
    env.policy.retention = config.retention.clone();
    env.policy.erasure_keeps = config.erase_keeps;
    env.scanner = config.reading.clamd.clone().map(Scanner::new);
    Ok(tokio::spawn(acuse_workers::run(Arc::new(env), Lanes::new(config.reading.concurrency), stop)))
}

impl Running {
    /// The web side.
    async fn listen(&mut self, at: SocketAddr, stopped: CancellationToken) -> anyhow::Result<()> {
        let listener = bind("ACUSE_LISTEN", at).await?;
        if self.app.catalog.users().await?.is_empty() {
            self.setup_token = Some(self.app.login.open_setup());
        }
        self.serve(listener, router(self.app.clone()), stopped)
    }

    /// What an operator's probes ask of workers.
    async fn listen_for_probes(&mut self, at: SocketAddr, stopped: CancellationToken) -> anyhow::Result<()> {
        let listener = bind("ACUSE_WORK_LISTEN", at).await?;
        self.serve(listener, worker_router(self.app.clone()), stopped)
    }

    /// What is measured, where only the operator's own network reaches.
    async fn listen_for_metrics(&mut self, at: SocketAddr, stopped: CancellationToken) -> anyhow::Result<()> {
        let listener = bind("ACUSE_METRICS_LISTEN", at).await?;
        let caps = Caps { total: 64, of_address: 64, trusted: self.app.budget.trusted.clone() };
        tokio::spawn(front::serve(listener, worker_router(self.app.clone()), caps, stopped));
        Ok(())
    }

    fn serve(
        &mut self,
        listener: TcpListener,
        router: Router,
        stopped: CancellationToken,
    ) -> anyhow::Result<()> {
        self.addr = Some(listener.local_addr().context("cannot tell the address")?);
        let caps = Caps {
            total: CONNECTIONS,
            of_address: CONNECTIONS_OF_ADDRESS,
            trusted: self.app.budget.trusted.clone(),
        };
        let (app, over) = (self.app.clone(), stopped.clone());
        // What is told as it changes never ends by itself.
        tokio::spawn(async move {
            over.cancelled().await;
            app.live.end();
        });
        self.web = Some(tokio::spawn(front::serve(listener, router, caps, stopped)));
        Ok(())
    }
}

async fn bind(variable: &'static str, at: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.with_context(|| format!("cannot listen on {at} ({variable})"))
}

/// The recorder of this process; a test process starts several servers and shares it.
fn recorder() -> anyhow::Result<PrometheusHandle> {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];
    let built = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &seconds)
        .context("cannot set the buckets")?
        .build_recorder();
    let handle = built.handle();
    // Another thread may have been quicker; its recorder is as good.
    let _ = metrics::set_global_recorder(built);
    Ok(RECORDER.get_or_init(|| handle).clone())
}

/// Runs until a signal.
///
/// # Errors
/// When a part cannot be had, or the web side ends by itself.
pub async fn run(config: Config, role: Role) -> anyhow::Result<ExitCode> {
    let running = start(config, role).await?;
    match running.addr {
        Some(addr) => tracing::info!(%addr, role = ?role, "listening on http://{addr}"),
        None => tracing::info!(role = ?role, "working"),
    }
    if let (Some(addr), Some(token)) = (running.addr, &running.setup_token) {
        // Not through the log, which may be kept: whoever reads this line becomes the first user.
        eprintln!("No user yet. Open http://{addr}/setup?token={token} to create the first one.");
    }
    until_signal(running).await
}

/// Keeps running until SIGINT or SIGTERM, then stops gracefully.
///
/// # Errors
/// When the web side ends by itself.
pub async fn until_signal(mut running: Running) -> anyhow::Result<ExitCode> {
    tokio::select! {
        signal = signal() => tracing::info!(signal, "stopping; a second signal ends at once"),
        died = running.died() => return died.map(|()| ExitCode::FAILURE),
    }
    tokio::select! {
        () = running.shutdown() => {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        signal = signal() => {
            tracing::warn!(signal, "ended at once");
            std::process::exit(130);
        }
    }
}

/// Waits for SIGINT or SIGTERM.
pub(crate) async fn signal() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::error!("cannot listen for signals");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}
