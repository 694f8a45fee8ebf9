//! Configuration: flags, then the environment, then a `.env`; parsed into one struct per concern at start.
//!
//! [`Settings`] is what clap reads, all text. [`Config::try_from`] turns it into values that are known to be
//! sound, or says which variable is wrong and what to write instead. Nothing after start reads the environment.

mod erasing;
mod oidc;
mod parsed;
mod settings;

use std::{net::SocketAddr, path::PathBuf};

use acuse_conversation::Policies;
use acuse_pipeline::limits::Limits;
use acuse_storage::{
    access::Rule,
    erasure::{Keep, Retention},
    fair::Quota,
};
use acuse_workers::{scan::ClamdAddress, watch::Expected};
use ipnet::IpNet;
use url::Url;

pub(crate) use oidc::is_safe;
pub use oidc::{Oidc, OidcSettings};
pub use settings::Settings;

use crate::client_address::TrustedProxies;
use parsed::{
    address, channel_kept, confirm, database, given, http_url, objects, open_rule, outgoing, policies,
    reading, secret, sender_quota, undo, whatsapp,
};

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
    /// How long a message that was sent waits for its delivery before a person is told.
    pub sent_life: std::time::Duration,
    /// Files of one sender that are read in an hour.
    pub sender_quota: Quota,
    /// How conversations are led; none: every file is answered by itself.
    pub policies: Option<Policies>,
    /// Where people may sign in beside here.
    pub oidc: Option<Oidc>,
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
            sent_life: confirm(s.confirm_hours.as_deref())?,
            sender_quota: sender_quota(s.sender_quota.as_deref())?,
            policies: policies(s.policies.as_deref(), s.privacy_notice.as_deref(), s.desk_url.as_deref())?,
            aws: erasing::aws(&s),
            key_file: erasing::key_file(&s, &data_dir),
            retention: erasing::retention(&s)?,
            erase_keeps: erasing::keeps(&s)?,
            oidc: oidc::oidc(&s.oidc)?,
            otlp_endpoint: given(s.otlp_endpoint.as_deref())
                .map(|v| http_url("OTEL_EXPORTER_OTLP_ENDPOINT", v))
                .transpose()?,
            data_dir,
        })
    }
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
        assert_eq!(c.sent_life, std::time::Duration::from_secs(72 * 3_600));
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
            config(|s| s.confirm_hours = Some("0".into())).unwrap_err(),
            config(|s| s.confirm_hours = Some("721".into())).unwrap_err(),
            config(|s| s.confirm_hours = Some("3 days".into())).unwrap_err(),
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
            "ACUSE_CONFIRM_HOURS",
            "ACUSE_CONFIRM_HOURS",
            "ACUSE_CONFIRM_HOURS",
        ];
        assert_eq!(names, expected);
        assert!(wrong.iter().all(|e| !e.to_string().contains("hush")));
    }
}
