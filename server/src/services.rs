//! The services a command needs, opened as the configuration says: catalog, objects, readers, Graph clients, the way out.

use std::{collections::BTreeMap, path::Path};

use acuse_storage::{Catalog, EmbeddedS3, KeyFile, Objects, S3Config, objects::Credentials};
use acuse_whatsapp::{Graph, GraphConfig, Secret as Token, signature::AppSecrets};
use acuse_workers::{
    outgoing::{Outgoing, OutgoingConfig, sign::Secret as Signing},
    sandbox::{Sandbox, SandboxConfig, Strictness},
};
use anyhow::Context;

use crate::config::{self, Config, Database, ReadSettings, Whatsapp};

/// Rows and files.
pub struct Services {
    /// Rows and queue.
    pub catalog: Catalog,
    /// Files.
    pub objects: Objects,
    /// The S3 in this process; it ends when this is dropped.
    pub embedded: Option<EmbeddedS3>,
}

impl Services {
    /// Opens both, making tables and bucket where they are missing.
    ///
    /// # Errors
    /// When one cannot be had, with what to do.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        let catalog = Self::catalog(config).await?;
        let keys = Self::keys(config, &catalog).await?;
        let (objects, embedded) = Self::objects(config).await?;
        Ok(Self { catalog, objects: objects.sealed_by(keys), embedded })
    }

    /// The key file by which objects are sealed; none where they are not.
    ///
    /// # Errors
    /// When it is not the catalog's, with what to do.
    pub async fn keys(config: &Config, catalog: &Catalog) -> anyhow::Result<Option<KeyFile>> {
        if let Some(folder) = config.key_file.as_deref().and_then(Path::parent) {
            private_folder(folder).await?;
        }
        Ok(catalog.open_key_file(config.key_file.as_deref()).await?)
    }

    /// The catalog alone, its tables up to date.
    ///
    /// # Errors
    /// When it cannot be opened, with what to do.
    pub async fn catalog(config: &Config) -> anyhow::Result<Catalog> {
        let opened = match &config.database {
            Database::Sqlite(path) => {
                private_folder(path.parent().unwrap_or(Path::new("."))).await?;
                Catalog::open_sqlite(path).await
            }
            Database::Postgres(url) => Catalog::open(url.expose()).await,
        };
        Ok(opened?
            .with_rule(config.open.clone())
            .with_policies(config.policies.clone())
            .with_sent_life(config.sent_life))
    }

    /// The objects alone, their bucket there, as the store has them: nothing is sealed or opened.
    ///
    /// # Errors
    /// When they cannot be reached, with what to do.
    pub async fn objects(config: &Config) -> anyhow::Result<(Objects, Option<EmbeddedS3>)> {
        let (s3, embedded) = match &config.objects {
            config::Objects::Embedded(folder) => {
                private_folder(folder).await?;
                let embedded = EmbeddedS3::start(folder).await.context("cannot start the embedded S3")?;
                (embedded.config("acuse"), Some(embedded))
            }
            config::Objects::Remote(remote) => {
                let credentials =
                    Credentials::new(remote.access_key_id.expose(), remote.secret_access_key.expose())
                        .with_session_token(remote.session_token.as_ref().map(|t| t.expose().to_owned()));
                let config = S3Config {
                    endpoint: Some(remote.endpoint.as_str().trim_end_matches('/').to_owned()),
                    bucket: remote.bucket.clone(),
                    region: remote.region.clone(),
                    credentials,
                };
                (config, None)
            }
        };
        let mut objects = Objects::connect(&s3);
        if embedded.is_some() {
            objects = objects.within_this_process();
        }
        objects.ensure_bucket().await?;
        Ok((objects, embedded))
    }
}

/// A folder that only we may look into: it holds people's documents.
async fn private_folder(folder: &Path) -> anyhow::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await.with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// The pool of confined readers.
///
/// # Errors
/// When a reader cannot be started (a model is missing, a layer is required that the kernel lacks).
pub async fn sandbox(reading: &ReadSettings) -> anyhow::Result<Sandbox> {
    let mut config = SandboxConfig::new(reading.limits.clone(), reading.concurrency);
    config.strictness = if reading.sandbox_required { Strictness::Required } else { Strictness::BestEffort };
    config.models_dir = Some(reading.models_dir.clone());
    Ok(Sandbox::start(config).await?)
}

/// The Graph clients of the tokens by reference, `ACUSE_WHATSAPP_TOKEN_{REF}`. References are in lower case.
///
/// # Errors
/// When a token or the URL cannot be used.
pub fn graphs(whatsapp: &Whatsapp) -> anyhow::Result<BTreeMap<String, Graph>> {
    let mut graphs = BTreeMap::new();
    for (name, token) in std::env::vars_os() {
        let (Some(name), Some(token)) = (name.to_str(), token.to_str()) else { continue };
        let Some(token_ref) = name.strip_prefix("ACUSE_WHATSAPP_TOKEN_").filter(|r| !r.is_empty()) else {
            continue;
        };
        let mut config = GraphConfig::new(Token::new(token));
        if let Some(url) = &whatsapp.graph_url {
            config.url = url.as_str().to_owned();
        }
        config.media_hosts = whatsapp.media_hosts.clone().unwrap_or_default();
        let graph = Graph::new(config).with_context(|| format!("the token of {name}"))?;
        graphs.insert(token_ref.to_ascii_lowercase(), graph);
    }
    Ok(graphs)
}

/// The app secrets by reference, `ACUSE_WHATSAPP_SECRET_{REF}`: what one of them signed is of the token of the same
/// reference. References are in lower case.
#[must_use]
pub fn secrets_by_ref() -> Vec<(String, AppSecrets)> {
    std::env::vars_os()
        .filter_map(|(name, secret)| {
            let token_ref = name.to_str()?.strip_prefix("ACUSE_WHATSAPP_SECRET_")?.to_ascii_lowercase();
            let secrets = AppSecrets::from_list(secret.to_str()?);
            (!token_ref.is_empty() && !secrets.is_empty()).then_some((token_ref, secrets))
        })
        .collect()
}

/// The way to other people's servers. The secrets that sign alerts are `ACUSE_ALERT_SECRET_{REF}`; references are in
/// lower case.
///
/// # Errors
/// When a setting cannot be used.
pub fn outgoing(config: &config::Outgoing) -> anyhow::Result<Outgoing> {
    let mut secrets = BTreeMap::new();
    for (name, text) in std::env::vars_os() {
        let (Some(name), Some(text)) = (name.to_str(), text.to_str()) else { continue };
        let Some(reference) = name.strip_prefix("ACUSE_ALERT_SECRET_").filter(|r| !r.is_empty()) else {
            continue;
        };
        let secret = Signing::parse(text).with_context(|| name.to_owned())?;
        secrets.insert(reference.to_ascii_lowercase(), secret);
    }
    Ok(Outgoing::new(OutgoingConfig {
        networks: config.networks.clone(),
        smtp_url: config.smtp_url.as_ref().map(|u| u.expose().to_owned()),
        mail_from: config.smtp_from.clone(),
        secrets,
    })?)
}

/// The Graph client; `None` without an access token.
///
/// # Errors
/// When the token or the URL cannot be used.
pub fn graph(whatsapp: &Whatsapp) -> anyhow::Result<Option<Graph>> {
    let Some(token) = &whatsapp.access_token else { return Ok(None) };
    let mut config = GraphConfig::new(Token::new(token.expose()));
    if let Some(url) = &whatsapp.graph_url {
        config.url = url.as_str().to_owned();
    }
    config.media_hosts = whatsapp.media_hosts.clone().unwrap_or_default();
    Ok(Some(Graph::new(config)?))
}
