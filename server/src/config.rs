//! Configuration: flags, then the environment, then a `.env`; parsed into one struct per concern at start.
//!
//! [`Settings`] is what clap reads, all text. [`Config::try_from`] turns it into values that are known to be
//! sound, or says which variable is wrong and what to write instead. Nothing after start reads the environment.

mod erasing;

use std::{net::SocketAddr, path::PathBuf};

use acuse_conversation::Policies;
use acuse_pipeline::{document::Kind, limits::Limits};
use acuse_storage::{
    access::Rule,
    erasure::{Keep, Retention},
    fair::Quota,
};
use acuse_workers::{scan::ClamdAddress, watch::Expected};
use clap::Args;
use ipnet::IpNet;
use url::Url;

use crate::http::client_address::TrustedProxies;

/// A value that is never shown: not by `Debug`, not by `--help`, not in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value. Surrounding white space is a copying accident and goes.
    #[must_use]
    pub fn new(value: &str) -> Self {
        Self(value.trim().to_owned())
    }

    /// The value, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What was typed: flags and environment, before anything is believed.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub struct Settings {
    /// Address to listen on [default: 127.0.0.1:8080].
    #[arg(long, env = "ACUSE_LISTEN", global = true, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Address where `acuse work` answers /healthz, /readyz and /metrics [default: none].
    #[arg(long, env = "ACUSE_WORK_LISTEN", global = true, value_name = "ADDR")]
    pub work_listen: Option<String>,
    /// Address of /metrics alone; without it they are on the address of everything else [default: none].
    #[arg(long, env = "ACUSE_METRICS_LISTEN", global = true, value_name = "ADDR")]
    pub metrics_listen: Option<String>,
    /// Networks of proxies whose X-Forwarded-For is believed, comma separated [default: none].
    #[arg(long, env = "ACUSE_TRUSTED_PROXIES", global = true, value_name = "CIDRS")]
    pub trusted_proxies: Option<String>,
    /// Requests a second that each API key may send, ten times as many at once [default: 100].
    #[arg(long, env = "ACUSE_RATE_PER_SEC", global = true, value_name = "N")]
    pub rate_per_s: Option<String>,
    /// Folder of the embedded catalog and objects [default: ./data].
    #[arg(long, env = "ACUSE_DATA_DIR", global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// `postgres://…` or `sqlite:FILE` [default: SQLite in the data folder].
    #[arg(long, env = "ACUSE_DATABASE_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Endpoint of an S3 [default: one in this process, in the data folder].
    #[arg(long, env = "ACUSE_S3_ENDPOINT", global = true, value_name = "URL")]
    pub s3_endpoint: Option<String>,
    /// Bucket [default: acuse].
    #[arg(long, env = "ACUSE_S3_BUCKET", global = true, value_name = "NAME")]
    pub s3_bucket: Option<String>,
    /// Region [default: us-east-1].
    #[arg(long, env = "ACUSE_S3_REGION", global = true, value_name = "REGION")]
    pub s3_region: Option<String>,
    /// Access key of the S3.
    #[arg(long, env = "AWS_ACCESS_KEY_ID", global = true, value_name = "ID", hide_env_values = true)]
    pub aws_access_key_id: Option<String>,
    /// Secret key of the S3.
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", global = true, value_name = "SECRET", hide_env_values = true)]
    pub aws_secret_access_key: Option<String>,
    /// Session token of the S3, with temporary credentials.
    #[arg(long, env = "AWS_SESSION_TOKEN", global = true, value_name = "TOKEN", hide_env_values = true)]
    pub aws_session_token: Option<String>,
    /// App secret that signs webhooks; during rotation the new and the old, comma separated.
    #[arg(
        long,
        env = "ACUSE_WHATSAPP_APP_SECRET",
        global = true,
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub whatsapp_app_secret: Option<String>,
    /// The app secret before the last rotation.
    #[arg(
        long,
        env = "ACUSE_WHATSAPP_APP_SECRET_PREVIOUS",
        global = true,
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub whatsapp_app_secret_previous: Option<String>,
    /// Token of the webhook handshake, as entered in Meta's dashboard.
    #[arg(
        long,
        env = "ACUSE_WHATSAPP_VERIFY_TOKEN",
        global = true,
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub whatsapp_verify_token: Option<String>,
    /// Access token of the Graph API (media and messages).
    #[arg(
        long,
        env = "ACUSE_WHATSAPP_ACCESS_TOKEN",
        global = true,
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub whatsapp_access_token: Option<String>,
    /// Base of the Graph API, version included [default: Meta's].
    #[arg(long, env = "ACUSE_GRAPH_URL", global = true, value_name = "URL")]
    pub graph_url: Option<String>,
    /// Hosts media bytes may come from, comma separated; a leading dot takes subdomains
    /// [default: .fbsbx.com,.fbcdn.net and the Graph URL's own host].
    #[arg(long, env = "ACUSE_MEDIA_HOSTS", global = true, value_name = "HOSTS")]
    pub media_hosts: Option<String>,
    /// Files read at once [default: cores].
    #[arg(long, env = "ACUSE_READ_CONCURRENCY", global = true, value_name = "N")]
    pub read_concurrency: Option<String>,
    /// Folder of the OCR models [default: $XDG_DATA_HOME/acuse/models].
    #[arg(long, env = "ACUSE_MODELS_DIR", global = true, value_name = "DIR")]
    pub models_dir: Option<PathBuf>,
    /// `required`: refuse to read where the kernel cannot sandbox; `best-effort`: read with the layers it has
    /// [default: best-effort].
    #[arg(long, env = "ACUSE_SANDBOX", global = true, value_name = "POLICY")]
    pub sandbox: Option<String>,
    /// Seconds in which a decision at the desk can be taken back; what the world hears of it waits as long
    /// [default: 10].
    #[arg(long, env = "ACUSE_UNDO_SECS", global = true, value_name = "SECS")]
    pub undo_secs: Option<String>,
    /// Kinds that may be open without ids:read, comma separated [default: invoice,receipt].
    #[arg(long, env = "ACUSE_OPEN_KINDS", global = true, value_name = "KINDS")]
    pub open_kinds: Option<String>,
    /// Probability of an ID that a document must stay under to be open [default: 0.001].
    #[arg(long, env = "ACUSE_OPEN_ID_PROBABILITY", global = true, value_name = "P")]
    pub open_id_probability: Option<String>,
    /// Socket of a clamd (path or host:port) that every original must pass before it is opened [default: none].
    #[arg(long, env = "ACUSE_CLAMD", global = true, value_name = "SOCKET")]
    pub clamd: Option<String>,
    /// JSON file that says how the accounting system wants its columns, tax codes and accounts [default: none].
    #[arg(long, env = "ACUSE_EXPORT_MAPPING", global = true, value_name = "PATH")]
    pub export_mapping: Option<PathBuf>,
    /// Days for which raw webhooks, statuses and messages are kept [default: 90].
    #[arg(long, env = "ACUSE_KEEP_CHANNEL_DAYS", global = true, value_name = "DAYS")]
    pub keep_channel_days: Option<String>,
    /// File of the keys that documents are sealed by; made at first start, and never part of a backup: keep a copy
    /// elsewhere, and give every machine one [default: acuse.key in the data folder, where the objects are embedded;
    /// `none` seals nothing].
    #[arg(long, env = "ACUSE_KEY_FILE", global = true, value_name = "PATH")]
    pub key_file: Option<PathBuf>,
    /// Days after which documents are erased, by kind and by what became of them, e.g.
    /// `id.filed=365,*.rejected=90,receipt.*=3650` [default: none are].
    #[arg(long, env = "ACUSE_RETENTION", global = true, value_name = "RULES")]
    pub retention: Option<String>,
    /// What stays of a bill that is erased: `amounts` (kind, dates, currency and amounts, for the law) or `nothing`
    /// [default: amounts].
    #[arg(long, env = "ACUSE_ERASE_KEEPS", global = true, value_name = "WHAT")]
    pub erase_keeps: Option<String>,
    /// SMTP server for alerts, smtps://USER:PASSWORD@HOST or smtp://…?tls=required [default: none].
    #[arg(long, env = "ACUSE_SMTP_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Who the mail is from; by default `Acuse <acuse@localhost>`.
    #[arg(long, env = "ACUSE_SMTP_FROM", global = true, value_name = "ADDRESS")]
    pub smtp_from: Option<String>,
    /// Private networks that alerts and webhooks may reach, comma separated [default: none].
    #[arg(long, env = "ACUSE_OUTGOING_NETWORKS", global = true, value_name = "CIDRS")]
    pub outgoing_networks: Option<String>,
    /// URL that is asked every minute while all is alive, so that somebody notices when it is not [default: none].
    #[arg(long, env = "ACUSE_BEAT_URL", global = true, value_name = "URL", hide_env_values = true)]
    pub beat_url: Option<String>,
    /// Files of one sender that are read in an hour; what is beyond is kept, read later, and told of; 0 for no quota
    /// [default: 200].
    #[arg(long, env = "ACUSE_SENDER_QUOTA", global = true, value_name = "FILES")]
    pub sender_quota: Option<String>,
    /// File of policies that says how conversations are led (see conversation/src/policies.tsv); `off`: every file is
    /// answered by itself, and nothing is asked by itself [default: Acuse's own].
    #[arg(long, env = "ACUSE_POLICIES", global = true, value_name = "PATH")]
    pub policies: Option<String>,
    /// When webhooks are to be expected, e.g. `mon-sat 08:00-20:00 +02:00 3h`: silence for longer than the
    /// last part is an incident [default: never].
    #[arg(long, env = "ACUSE_EXPECT_WEBHOOKS", global = true, value_name = "HOURS")]
    pub expect_webhooks: Option<String>,
    /// Limits on one file, from `ACUSE_LIMIT_…`; `acuse doctor` prints them.
    #[arg(skip = crate::limits::given())]
    pub limits: Vec<(String, String)>,
    /// Base of an OpenTelemetry collector (HTTP/protobuf), e.g. http://localhost:4318.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", global = true, value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

/// A setting that cannot be used. `Display` says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct ConfigError {
    /// The environment variable to mend.
    pub variable: String,
    /// What is wrong and what to write.
    pub problem: String,
}

impl ConfigError {
    pub(crate) fn new(variable: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { variable: variable.into(), problem: problem.into() }
    }
}

/// All of it, sound.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where workers alone answer an operator's probes.
    pub work_listen: Option<SocketAddr>,
    /// Where `/metrics` is apart from everything else.
    pub metrics_listen: Option<SocketAddr>,
    /// Whose forwarded headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// Requests a second of each API key.
    pub rate_per_s: u32,
    /// The data folder. Not yet created.
    pub data_dir: PathBuf,
    /// The catalog.
    pub database: Database,
    /// The objects.
    pub objects: Objects,
    /// The channel.
    pub whatsapp: Whatsapp,
    /// The reader.
    pub reading: ReadSettings,
    /// How long a decision at the desk can be taken back.
    pub undo: std::time::Duration,
    /// The mapping file of exports.
    pub export_mapping: Option<PathBuf>,
    /// When a document is open that nobody decided on.
    pub open: Rule,
    /// What leaves for other people's servers.
    pub outgoing: Outgoing,
    /// Who we are to an S3.
    pub aws: Option<Aws>,
    /// Where the keys of documents are; none where objects are not sealed.
    pub key_file: Option<PathBuf>,
    /// When the time of documents is over.
    pub retention: Retention,
    /// What stays of a bill that is erased.
    pub erase_keeps: Keep,
    /// How long the channel's own rows are kept.
    pub channel_kept: std::time::Duration,
    /// Files of one sender that are read in an hour.
    pub sender_quota: Quota,
    /// How conversations are led; none: every file is answered by itself.
    pub policies: Option<Policies>,
    /// OTLP collector's base URL.
    pub otlp_endpoint: Option<Url>,
}

/// What leaves: alerts, webhooks, the beat.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Private networks that may be reached.
    pub networks: Vec<IpNet>,
    /// The SMTP server. The URL may hold a password.
    pub smtp_url: Option<Secret>,
    /// The sender of mail.
    pub smtp_from: Option<String>,
    /// Who notices when we are dead. The URL is a secret of theirs.
    pub beat_url: Option<Secret>,
    /// When webhooks are to be expected.
    pub expect_webhooks: Option<Expected>,
}

/// Which catalog.
#[derive(Debug, Clone)]
pub enum Database {
    /// A file of our own.
    Sqlite(PathBuf),
    /// A server. The URL holds a password.
    Postgres(Secret),
}

/// Which S3.
#[derive(Debug, Clone)]
pub enum Objects {
    /// In this process, under this folder.
    Embedded(PathBuf),
    /// A server of its own.
    Remote(RemoteObjects),
}

/// AWS's own credential variables.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Access key.
    pub access_key_id: Secret,
    /// Secret key.
    pub secret_access_key: Secret,
    /// With temporary credentials.
    pub session_token: Option<Secret>,
}

/// An S3 that others run.
#[derive(Debug, Clone)]
pub struct RemoteObjects {
    /// Base URL.
    pub endpoint: Url,
    /// Bucket; created at start if missing.
    pub bucket: String,
    /// Region.
    pub region: String,
    /// Access key.
    pub access_key_id: Secret,
    /// Secret key.
    pub secret_access_key: Secret,
    /// With temporary credentials.
    pub session_token: Option<Secret>,
}

/// The WhatsApp Cloud API. Anything absent turns that part off, and `doctor` says so.
#[derive(Debug, Clone)]
pub struct Whatsapp {
    /// Secrets a webhook may be signed with, the current one first. Empty: webhooks answer 503.
    pub app_secrets: Vec<Secret>,
    /// For the handshake.
    pub verify_token: Option<Secret>,
    /// For media and messages.
    pub access_token: Option<Secret>,
    /// Base with version, without a trailing slash; `None` is Meta's.
    pub graph_url: Option<Url>,
    /// Hosts media may come from beyond the defaults; `None` keeps the defaults.
    pub media_hosts: Option<Vec<String>>,
}

/// How files are read.
#[derive(Debug, Clone)]
pub struct ReadSettings {
    /// At once, at least 1.
    pub concurrency: usize,
    /// OCR models.
    pub models_dir: PathBuf,
    /// Whether a kernel without sandbox layers is an error.
    pub sandbox_required: bool,
    /// Caps on one file.
    pub limits: Limits,
    /// The malware scanner.
    pub clamd: Option<ClamdAddress>,
}

impl TryFrom<Settings> for Config {
    type Error = ConfigError;

    fn try_from(s: Settings) -> Result<Self, ConfigError> {
        let data_dir = s.data_dir.clone().unwrap_or_else(|| PathBuf::from("data"));
        Ok(Self {
            listen: address("ACUSE_LISTEN", given(s.listen.as_deref()).unwrap_or("127.0.0.1:8080"))?,
            work_listen: given(s.work_listen.as_deref())
                .map(|v| address("ACUSE_WORK_LISTEN", v))
                .transpose()?,
            metrics_listen: given(s.metrics_listen.as_deref())
                .map(|v| address("ACUSE_METRICS_LISTEN", v))
                .transpose()?,
            trusted_proxies: TrustedProxies::parse(s.trusted_proxies.as_deref().unwrap_or_default())
                .map_err(|e| ConfigError::new("ACUSE_TRUSTED_PROXIES", e.to_string()))?,
            rate_per_s: given(s.rate_per_s.as_deref()).map_or(Ok(100), |v| {
                v.parse().ok().filter(|n| (1..=100_000).contains(n)).ok_or_else(|| {
                    ConfigError::new("ACUSE_RATE_PER_SEC", format!("{v:?} is not a number from 1 to 100000"))
                })
            })?,
            database: database(s.database_url.as_deref(), &data_dir)?,
            objects: objects(&s, &data_dir)?,
            whatsapp: whatsapp(&s)?,
            reading: reading(&s)?,
            undo: undo(s.undo_secs.as_deref())?,
            export_mapping: s.export_mapping.clone(),
            open: open_rule(&s)?,
            outgoing: outgoing(&s)?,
            channel_kept: channel_kept(s.keep_channel_days.as_deref())?,
            sender_quota: sender_quota(s.sender_quota.as_deref())?,
            policies: policies(s.policies.as_deref())?,
            aws: erasing::aws(&s),
            key_file: erasing::key_file(&s, &data_dir),
            retention: erasing::retention(&s)?,
            erase_keeps: erasing::keeps(&s)?,
            otlp_endpoint: given(s.otlp_endpoint.as_deref())
                .map(|v| http_url("OTEL_EXPORTER_OTLP_ENDPOINT", v))
                .transpose()?,
            data_dir,
        })
    }
}

fn undo(value: Option<&str>) -> Result<std::time::Duration, ConfigError> {
    let secs: u64 = match given(value) {
        None => 10,
        Some(text) => text.parse().ok().filter(|secs| *secs <= 3_600).ok_or_else(|| {
            ConfigError::new("ACUSE_UNDO_SECS", "must be from 0 (no taking back) to 3600 seconds")
        })?,
    };
    Ok(std::time::Duration::from_secs(secs))
}

fn sender_quota(value: Option<&str>) -> Result<Quota, ConfigError> {
    let Some(value) = given(value) else { return Ok(Quota::default()) };
    let files_per_hour = value.parse().map_err(|_| {
        ConfigError::new("ACUSE_SENDER_QUOTA", "write how many files an hour, e.g. 200; 0 for no quota")
    })?;
    Ok(Quota { files_per_hour })
}

fn policies(value: Option<&str>) -> Result<Option<Policies>, ConfigError> {
    let wrong = |problem: String| ConfigError::new("ACUSE_POLICIES", problem);
    match given(value) {
        Some("off") => Ok(None),
        None => Policies::ours().map(Some).map_err(|e| wrong(e.to_string())),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot read {path}: {e}")))?;
            Policies::read(&text).map(Some).map_err(|e| wrong(e.to_string()))
        }
    }
}

/// Longer than the week for which Meta sends a webhook again: its rows tell that it came before.
fn channel_kept(value: Option<&str>) -> Result<std::time::Duration, ConfigError> {
    let days: u64 = given(value).map_or(Ok(90), |text| {
        text.parse().ok().filter(|days| (8..=36_500).contains(days)).ok_or_else(|| {
            ConfigError::new("ACUSE_KEEP_CHANNEL_DAYS", format!("{text:?} is not a number from 8 to 36500"))
        })
    })?;
    Ok(std::time::Duration::from_secs(days * 24 * 3_600))
}

/// What leaves for other people's servers.
fn outgoing(s: &Settings) -> Result<Outgoing, ConfigError> {
    let networks = given(s.outgoing_networks.as_deref()).unwrap_or_default().split(',').map(str::trim);
    let networks = networks.filter(|n| !n.is_empty()).map(|text| {
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        net.map_err(|_| {
            let problem = format!("{text:?} is no network; write e.g. 10.0.0.0/8,192.168.1.5");
            ConfigError::new("ACUSE_OUTGOING_NETWORKS", problem)
        })
    });
    let beat = given(s.beat_url.as_deref()).map(|v| http_url("ACUSE_BEAT_URL", v)).transpose()?;
    let expect = given(s.expect_webhooks.as_deref())
        .map(|v| v.parse::<Expected>().map_err(|e| ConfigError::new("ACUSE_EXPECT_WEBHOOKS", e.to_string())));
    Ok(Outgoing {
        networks: networks.collect::<Result<_, _>>()?,
        smtp_url: secret(s.smtp_url.as_ref()),
        smtp_from: given(s.smtp_from.as_deref()).map(str::to_owned),
        beat_url: beat.map(|url| Secret::new(url.as_str())),
        expect_webhooks: expect.transpose()?,
    })
}

/// When a document is open that nobody decided on.
fn open_rule(s: &Settings) -> Result<Rule, ConfigError> {
    let mut rule = Rule::default();
    if let Some(text) = given(s.open_kinds.as_deref()) {
        let kinds = text.split(',').map(str::trim).filter(|k| !k.is_empty()).map(str::parse::<Kind>);
        let kinds: Vec<Kind> = kinds
            .collect::<Result<_, _>>()
            .map_err(|e| ConfigError::new("ACUSE_OPEN_KINDS", format!("{e}; write invoice,receipt")))?;
        if kinds.contains(&Kind::Id) {
            return Err(ConfigError::new("ACUSE_OPEN_KINDS", "an ID is never open".to_owned()));
        }
        rule.kinds = kinds;
    }
    if let Some(text) = given(s.open_id_probability.as_deref()) {
        let sound = text.parse::<f64>().ok().filter(|p| (0.0..=1.0).contains(p));
        rule.most_id_probability = sound.ok_or_else(|| {
            ConfigError::new("ACUSE_OPEN_ID_PROBABILITY", format!("{text:?} is no number from 0 to 1"))
        })?;
    }
    Ok(rule)
}

/// An empty variable is an unset one: compose files write `X=` for "nothing".
fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|v| !v.is_empty())
}

fn secret(value: Option<&String>) -> Option<Secret> {
    given(value.map(String::as_str)).map(Secret::new)
}

fn address(variable: &'static str, value: &str) -> Result<SocketAddr, ConfigError> {
    value.parse().map_err(|_| {
        ConfigError::new(variable, format!("{value:?} is not an address; write e.g. 127.0.0.1:8080"))
    })
}

fn http_url(variable: &'static str, value: &str) -> Result<Url, ConfigError> {
    match Url::parse(value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Ok(url),
        _ => Err(ConfigError::new(variable, "is not an http or https URL; write e.g. http://127.0.0.1:9000")),
    }
}

fn database(value: Option<&str>, data_dir: &std::path::Path) -> Result<Database, ConfigError> {
    let Some(value) = given(value) else { return Ok(Database::Sqlite(data_dir.join("acuse.db"))) };
    if value.starts_with("postgres://") || value.starts_with("postgresql://") {
        return Ok(Database::Postgres(Secret::new(value)));
    }
    // The value may hold a password even when its scheme is wrong, so it is not repeated.
    let path =
        value.strip_prefix("sqlite://").or_else(|| value.strip_prefix("sqlite:")).ok_or_else(|| {
            ConfigError::new(
                "ACUSE_DATABASE_URL",
                "must start with postgres:// or sqlite: (or be unset for the data folder)",
            )
        })?;
    let path = path.split('?').next().unwrap_or_default();
    if path.is_empty() || path == ":memory:" {
        return Err(ConfigError::new(
            "ACUSE_DATABASE_URL",
            "names no file; the catalog must outlive the process",
        ));
    }
    Ok(Database::Sqlite(PathBuf::from(path)))
}

fn objects(s: &Settings, data_dir: &std::path::Path) -> Result<Objects, ConfigError> {
    let Some(endpoint) = given(s.s3_endpoint.as_deref()) else {
        return Ok(Objects::Embedded(data_dir.join("objects")));
    };
    let needed = |variable, value: Option<&String>| {
        secret(value).ok_or_else(|| ConfigError::new(variable, "is needed with ACUSE_S3_ENDPOINT"))
    };
    Ok(Objects::Remote(RemoteObjects {
        endpoint: http_url("ACUSE_S3_ENDPOINT", endpoint)?,
        bucket: given(s.s3_bucket.as_deref()).unwrap_or("acuse").to_owned(),
        region: given(s.s3_region.as_deref()).unwrap_or("us-east-1").to_owned(),
        access_key_id: needed("AWS_ACCESS_KEY_ID", s.aws_access_key_id.as_ref())?,
        secret_access_key: needed("AWS_SECRET_ACCESS_KEY", s.aws_secret_access_key.as_ref())?,
        session_token: secret(s.aws_session_token.as_ref()),
    }))
}

fn whatsapp(s: &Settings) -> Result<Whatsapp, ConfigError> {
    let list = |v: &Option<String>| -> Vec<String> {
        let text = v.as_deref().unwrap_or_default();
        text.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
    };
    let mut secrets = list(&s.whatsapp_app_secret);
    secrets.extend(list(&s.whatsapp_app_secret_previous));
    let hosts = list(&s.media_hosts);
    if let Some(bad) = hosts.iter().find(|h| h.contains('/') || h.contains('*') || h.contains(' ')) {
        let problem = format!("{bad:?} is not a host; write e.g. lookaside.fbsbx.com or .fbcdn.net");
        return Err(ConfigError::new("ACUSE_MEDIA_HOSTS", problem));
    }
    Ok(Whatsapp {
        app_secrets: secrets.iter().map(|v| Secret::new(v)).collect(),
        verify_token: secret(s.whatsapp_verify_token.as_ref()),
        access_token: secret(s.whatsapp_access_token.as_ref()),
        graph_url: given(s.graph_url.as_deref()).map(|v| http_url("ACUSE_GRAPH_URL", v)).transpose()?,
        media_hosts: (!hosts.is_empty()).then_some(hosts),
    })
}

fn reading(s: &Settings) -> Result<ReadSettings, ConfigError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let concurrency = match given(s.read_concurrency.as_deref()) {
        None => cores,
        Some(v) => v.parse().ok().filter(|n| (1..=256).contains(n)).ok_or_else(|| {
            ConfigError::new("ACUSE_READ_CONCURRENCY", format!("{v:?} is not a number from 1 to 256"))
        })?,
    };
    let sandbox_required = match given(s.sandbox.as_deref()) {
        None | Some("best-effort") => false,
        Some("required") => true,
        Some(v) => {
            return Err(ConfigError::new(
                "ACUSE_SANDBOX",
                format!("{v:?} is neither required nor best-effort"),
            ));
        }
    };
    Ok(ReadSettings {
        concurrency,
        models_dir: s.models_dir.clone().unwrap_or_else(default_models_dir),
        sandbox_required,
        limits: crate::limits::parse(&s.limits)?,
        clamd: given(s.clamd.as_deref())
            .map(|v| v.parse().map_err(|e| ConfigError::new("ACUSE_CLAMD", format!("{v:?} {e}"))))
            .transpose()?,
    })
}

/// `$XDG_DATA_HOME/acuse/models`, where `make models` puts them (XDG Base Directory Specification 0.8).
fn default_models_dir() -> PathBuf {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("."))
        .join("acuse/models")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: impl FnOnce(&mut Settings)) -> Result<Config, ConfigError> {
        let mut settings = Settings::default();
        change(&mut settings);
        Config::try_from(settings)
    }

    #[test]
    fn nothing_set_is_the_embedded_default() {
        let c = config(|_| {}).unwrap();
        assert_eq!(c.listen, "127.0.0.1:8080".parse().unwrap());
        assert!(matches!(c.database, Database::Sqlite(p) if *p == *"data/acuse.db"));
        assert!(matches!(c.objects, Objects::Embedded(p) if *p == *"data/objects"));
        assert!(c.whatsapp.app_secrets.is_empty());
    }

    #[test]
    fn two_app_secrets_during_rotation_either_way() {
        let comma = config(|s| s.whatsapp_app_secret = Some("new, old".into())).unwrap();
        let two = config(|s| {
            s.whatsapp_app_secret = Some("new".into());
            s.whatsapp_app_secret_previous = Some("old".into());
        })
        .unwrap();
        assert_eq!(comma.whatsapp.app_secrets, two.whatsapp.app_secrets);
        assert_eq!(two.whatsapp.app_secrets.len(), 2);
    }

    #[test]
    fn secrets_do_not_show_in_debug() {
        let c = config(|s| {
            s.whatsapp_app_secret = Some("hush-secret".into());
            s.whatsapp_access_token = Some("hush-token".into());
            s.database_url = Some("postgres://u:hush-password@h/db".into());
            s.s3_endpoint = Some("http://127.0.0.1:9000".into());
            s.aws_access_key_id = Some("hush-id".into());
            s.aws_secret_access_key = Some("hush-key".into());
        })
        .unwrap();
        assert!(!format!("{c:?}").contains("hush"), "{c:?}");
    }

    #[test]
    fn a_wrong_value_names_its_variable_and_not_a_secret() {
        let wrong = [
            config(|s| s.listen = Some("here".into())).unwrap_err(),
            config(|s| s.database_url = Some("mysql://u:hush@h/db".into())).unwrap_err(),
            config(|s| s.s3_endpoint = Some("http://127.0.0.1:9000".into())).unwrap_err(),
            config(|s| s.read_concurrency = Some("0".into())).unwrap_err(),
            config(|s| s.sandbox = Some("off".into())).unwrap_err(),
            config(|s| s.media_hosts = Some("https://x/".into())).unwrap_err(),
            config(|s| s.graph_url = Some("ftp://x".into())).unwrap_err(),
            config(|s| s.clamd = Some("clamd".into())).unwrap_err(),
        ];
        let names: Vec<_> = wrong.iter().map(|e| e.variable.as_str()).collect();
        let expected = [
            "ACUSE_LISTEN",
            "ACUSE_DATABASE_URL",
            "AWS_ACCESS_KEY_ID",
            "ACUSE_READ_CONCURRENCY",
            "ACUSE_SANDBOX",
            "ACUSE_MEDIA_HOSTS",
            "ACUSE_GRAPH_URL",
            "ACUSE_CLAMD",
        ];
        assert_eq!(names, expected);
        assert!(wrong.iter().all(|e| !e.to_string().contains("hush")));
    }
}
