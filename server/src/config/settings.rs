//! What clap reads: flags and environment, all text.

use std::path::PathBuf;

use clap::Args;

use super::OidcSettings;

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
    /// Hours after which a message that was sent and whose delivery nobody confirmed is told of [default: 72].
    #[arg(long, env = "ACUSE_CONFIRM_HOURS", global = true, value_name = "HOURS")]
    pub confirm_hours: Option<String>,
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
    /// File of the privacy notice that whoever writes for the first time gets, a line a language (see docs/whatsapp.md);
    /// with it, identity documents from Colombia and Brazil are read only once their sender agreed [default: none].
    #[arg(long, env = "ACUSE_PRIVACY_NOTICE", global = true, value_name = "PATH")]
    pub privacy_notice: Option<String>,
    /// Where people open the desk, e.g. `https://desk.example.com`: an approver who is asked about a document that is not
    /// shown in the chat gets its address [default: none; they look for it at the desk].
    #[arg(long, env = "ACUSE_DESK_URL", global = true, value_name = "URL")]
    pub desk_url: Option<String>,
    /// When webhooks are to be expected, e.g. `mon-sat 08:00-20:00 Europe/Madrid 3h` (or `+02:00` in the place of the
    /// place): silence for longer than the last part is an incident [default: never].
    #[arg(long, env = "ACUSE_EXPECT_WEBHOOKS", global = true, value_name = "HOURS")]
    pub expect_webhooks: Option<String>,
    /// The identity provider.
    #[command(flatten)]
    pub oidc: OidcSettings,
    /// Limits on one file, from `ACUSE_LIMIT_…`; `acuse doctor` prints them.
    #[arg(skip = crate::limits::given())]
    pub limits: Vec<(String, String)>,
    /// Base of an OpenTelemetry collector (HTTP/protobuf), e.g. http://localhost:4318.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", global = true, value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}
