//! Whole `acuse` processes over a chosen database and S3, the fake Graph API beside them, and the questions a test asks.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    free_port,
    process::{Guarded, Started},
};

/// App secret of every test.
pub const APP_SECRET: &str = "tests-app-secret";
/// Access token of every test.
pub const ACCESS_TOKEN: &str = "tests-access-token";
/// Verify token of every test.
pub const VERIFY_TOKEN: &str = "tests-verify-token";

/// Where an `acuse` keeps its things and whom it talks to.
#[derive(Debug, Clone)]
pub struct Place {
    /// Data folder; also holds the logs.
    pub folder: PathBuf,
    /// Where the web process listens.
    pub port: u16,
    /// Environment for every process of this place.
    pub env: Vec<(String, String)>,
    /// What was started here to listen, at which port.
    pub servers: Servers,
}

/// Ports, and what was started to listen there.
pub type Servers = Arc<Mutex<Vec<(u16, Started)>>>;

impl Place {
    /// Embedded parts in `folder`, talking to the Graph API at `graph_url`.
    ///
    /// # Errors
    /// When no port is free.
    pub fn embedded(folder: &Path, graph_url: &str) -> Result<Self> {
        let port = free_port()?;
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let env = vec![
            pair("ACUSE_LISTEN", &format!("127.0.0.1:{port}")),
            pair("ACUSE_DATA_DIR", &folder.join("data").display().to_string()),
            pair("ACUSE_WHATSAPP_APP_SECRET", APP_SECRET),
            pair("ACUSE_WHATSAPP_VERIFY_TOKEN", VERIFY_TOKEN),
            pair("ACUSE_WHATSAPP_ACCESS_TOKEN", ACCESS_TOKEN),
            pair("ACUSE_GRAPH_URL", graph_url),
            // Each file is answered by itself, at once; the tests of conversations lead them.
            pair("ACUSE_POLICIES", "off"),
            pair("RUST_LOG", "info"),
        ];
        Ok(Self { folder: folder.to_owned(), port, env, servers: Servers::default() })
    }

    /// The same over PostgreSQL and an S3 of its own.
    #[must_use]
    pub fn scaled_out(mut self, database_url: &str, s3_endpoint: &str, bucket: &str) -> Self {
        for (name, value) in [
            ("ACUSE_DATABASE_URL", database_url),
            ("ACUSE_S3_ENDPOINT", s3_endpoint),
            ("ACUSE_S3_BUCKET", bucket),
            ("ACUSE_S3_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", crate::minio::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", crate::minio::SECRET_KEY),
        ] {
            self.env.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// One more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The command `acuse ARGS…` in this place.
    ///
    /// # Errors
    /// When the binary is not built.
    pub fn command(&self, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(crate::acuse_binary()?);
        command.args(args).current_dir(&self.folder).env_clear();
        for name in ["PATH", "HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "ACUSE_MODELS_DIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.env.iter().map(|(k, v)| (k, v)));
        Ok(command)
    }

    /// Runs a command to its end; its stdout.
    ///
    /// # Errors
    /// When it fails.
    pub fn run(&self, args: &[&str]) -> Result<String> {
        let done = self.command(args)?.output()?;
        if !done.status.success() {
            bail!("acuse {args:?}: {}\n{}", done.status, String::from_utf8_lossy(&done.stderr));
        }
        Ok(String::from_utf8(done.stdout)?)
    }

    /// Starts a long-running command; its output goes to `NAME.log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, name: &str, args: &[&str]) -> Result<Guarded> {
        let log = self.folder.join(format!("{name}.log"));
        let process = Guarded::start(name, &mut self.command(args)?, &log)?;
        if args.iter().any(|arg| matches!(*arg, "serve" | "web")) {
            self.listening().push((self.port, process.started()));
        }
        Ok(process)
    }

    fn listening(&self) -> MutexGuard<'_, Vec<(u16, Started)>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer may still come from here.
    ///
    /// # Errors
    /// When all that was started to listen at its port has ended: with the last that the last one said.
    fn may_answer(&self) -> Result<()> {
        let (servers, here) = (self.listening(), self.port);
        let here: Vec<&Started> = servers.iter().filter(|(at, _)| *at == here).map(|(_, of)| of).collect();
        match here.last() {
            Some(last) if here.iter().all(|of| of.has_ended()) => bail!(last.told()),
            _ => Ok(()),
        }
    }

    /// What a process has logged so far.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default()
    }
}

/// The cookie of a person who signs in at the desk with a password.
///
/// # Errors
/// When they are not let in.
pub async fn sign_in(base: &str, user: &str, password: &str) -> Result<String> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let form = [("user", user), ("password", password)];
    let entered = http.post(format!("{base}/login")).form(&form).send().await?;
    let cookie = entered.headers().get("set-cookie").context("not signed in")?.to_str()?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

/// Longest time for one answer. A machine that does other things is slow, and what hangs hangs for longer than this.
const REQUEST: Duration = Duration::from_secs(300);
/// Longest time until a server that was just started is ready.
const READY: Duration = Duration::from_secs(300);

/// An API client with a key of its own.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Api {
    /// Makes a key with `scopes` and waits until the server is ready.
    ///
    /// # Errors
    /// When the key cannot be made, the server is not ready in time, or it has ended.
    pub async fn connect(place: &Place, scopes: &[&str]) -> Result<Self> {
        let base = format!("http://127.0.0.1:{}", place.port);
        let http = reqwest::Client::builder().timeout(REQUEST).build()?;
        wait("/readyz", READY, || async {
            let answer = http.get(format!("{base}/readyz")).send().await;
            if answer.is_ok_and(|a| a.status().is_success()) {
                return Ok(Some(()));
            }
            place.may_answer().map(|()| None)
        })
        .await?;
        // Names of keys are taken for good, and one place may be connected to again and again.
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
        let name = format!("tests-{nanos}");
        let mut args = vec!["key", "create", &name];
        for scope in scopes {
            args.extend(["--scope", scope]);
        }
        let printed = place.run(&args)?;
        let key = printed.lines().last().context("acuse key create printed nothing")?.to_owned();
        Ok(Self { http, base, key })
    }

    /// `GET path`, which must answer 200 and JSON.
    ///
    /// # Errors
    /// Anything else.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.request(reqwest::Method::GET, path).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("GET {path}: {status} {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("GET {path}: {text}"))
    }

    /// A request with the key.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A stranger's request.
    pub fn without_key(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// The same server with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The same key over connections of its own.
    ///
    /// # Errors
    /// When there can be none.
    pub fn beside(&self) -> Result<Self> {
        Ok(Self { http: reqwest::Client::builder().timeout(REQUEST).build()?, ..self.clone() })
    }

    /// A signed webhook.
    pub fn signed(&self, body: Vec<u8>, signature: &str) -> reqwest::RequestBuilder {
        self.without_key(reqwest::Method::POST, "/webhooks/whatsapp")
            .header("Content-Type", "application/json")
            .header("X-Hub-Signature-256", signature)
            .body(body)
    }

    /// Posts a signed webhook; the status.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn webhook(&self, body: Vec<u8>, signature: &str) -> Result<u16> {
        Ok(self.signed(body, signature).send().await?.status().as_u16())
    }

    /// All rows of a list, following its cursor.
    ///
    /// # Errors
    /// When a page cannot be had.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let (mut rows, mut after) = (Vec::new(), None::<String>);
        loop {
            let glue = if path.contains('?') { '&' } else { '?' };
            let cursor = after.map(|a| format!("&after={a}")).unwrap_or_default();
            let mut page = self.get(&format!("{path}{glue}limit=100{cursor}")).await?;
            let Some(Value::Array(data)) = page.get_mut("data").map(Value::take) else {
                bail!("{path}: no data: {page}")
            };
            rows.extend(data);
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = Some(next.to_owned()),
                None => return Ok(rows),
            }
        }
    }

    /// The ledger, which must balance whenever it is asked.
    ///
    /// # Errors
    /// When it does not balance.
    pub async fn ledger(&self) -> Result<Ledger> {
        let told: Ledger = serde_json::from_value(self.get("/v1/ledger").await?)?;
        if !told.balanced
            || told.received != told.filed + told.in_review + told.rejected + told.duplicate + told.processing
        {
            bail!("the ledger does not balance: {told:?}");
        }
        Ok(told)
    }

    /// Waits until `received` documents are in and none is processing.
    ///
    /// # Errors
    /// When that has not happened within `patience`, or the ledger is ever out of balance.
    pub async fn at_rest(&self, received: u64, patience: Duration) -> Result<Ledger> {
        wait("the ledger at rest", patience, || async {
            let told = self.ledger().await?;
            Ok((told.received >= received && told.processing == 0).then_some(told))
        })
        .await
    }
}

/// `GET /v1/ledger`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[allow(missing_docs)]
pub struct Ledger {
    pub received: u64,
    pub filed: u64,
    pub in_review: u64,
    pub rejected: u64,
    pub duplicate: u64,
    pub processing: u64,
    pub balanced: bool,
}

/// Waits on a condition, never on the clock alone.
///
/// # Errors
/// When `ask` fails, or has not answered within `patience`.
pub async fn wait<T, F: Future<Output = Result<Option<T>>>>(
    what: &str,
    patience: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if start.elapsed() > patience {
            bail!("waited {patience:?} for {what}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
