//! Where a backup lies: a folder, or a place in an S3. Under the same names in both.

use std::path::{Path, PathBuf};

use acuse_storage::{
    S3Config,
    objects::{Credentials, Vault as Bucket},
};
use anyhow::{Context, bail};
use clap::Args;
use tokio::io::AsyncReadExt;

use super::files;
use crate::config::{Config, Objects};

/// What a backup's objects are under.
pub(super) const OBJECTS: &str = "objects/";

#[derive(Args)]
pub struct Where {
    /// A folder, or `s3://BUCKET/PREFIX`. A folder is made when absent; what holds an earlier backup is brought up to
    /// date.
    #[arg(value_name = "DIR|s3://BUCKET/PREFIX")]
    target: String,
    /// Endpoint of the S3 of the backup [default: ACUSE_S3_ENDPOINT, else AWS].
    #[arg(long, env = "ACUSE_BACKUP_S3_ENDPOINT", value_name = "URL")]
    endpoint: Option<String>,
    /// Its region [default: ACUSE_S3_REGION, else us-east-1].
    #[arg(long, env = "ACUSE_BACKUP_S3_REGION", value_name = "REGION")]
    region: Option<String>,
}

/// Where a backup lies.
pub(super) enum Vault {
    Folder(PathBuf),
    Bucket(Bucket),
}

impl Where {
    /// As it was typed.
    pub(super) fn name(&self) -> &str {
        &self.target
    }

    /// Opens it; nothing is made yet.
    pub(super) fn open(&self, config: &Config) -> anyhow::Result<Vault> {
        let Some(place) = self.target.strip_prefix("s3://") else {
            return Ok(Vault::Folder(PathBuf::from(&self.target)));
        };
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            bail!("{}: write s3://BUCKET/PREFIX", self.target);
        }
        let store = match &config.objects {
            Objects::Remote(remote) => Some(remote),
            Objects::Embedded(_) => None,
        };
        if store.is_some_and(|store| store.bucket == bucket) && prefix.trim_matches('/').is_empty() {
            bail!("that is the bucket of the documents themselves: name a prefix, or better another bucket");
        }
        let known = config.aws.as_ref().context("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")?;
        let credentials = Credentials::new(known.access_key_id.expose(), known.secret_access_key.expose())
            .with_session_token(known.session_token.as_ref().map(|t| t.expose().to_owned()));
        let endpoint = self.endpoint.clone().or_else(|| store.map(|s| s.endpoint.to_string()));
        let s3 = S3Config {
            endpoint: endpoint.map(|e| e.trim_end_matches('/').to_owned()),
            bucket: bucket.to_owned(),
            region: self
                .region
                .clone()
                .or_else(|| store.map(|s| s.region.clone()))
                .unwrap_or("us-east-1".to_owned()),
            credentials,
        };
        Ok(Vault::Bucket(Bucket::connect(&s3, prefix)))
    }
}

impl Vault {
    pub(super) async fn ensure(&self) -> anyhow::Result<()> {
        match self {
            Self::Folder(folder) => files::make(folder).await,
            Self::Bucket(bucket) => Ok(bucket.ensure().await?),
        }
    }

    /// A file that is written here and then put into the backup; in a folder it is there already.
    pub(super) fn local(&self, name: &str, passing: &Path) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(name),
            Self::Bucket(_) => passing.join(name),
        }
    }

    pub(super) async fn put_local(&self, name: &str, path: &Path) -> anyhow::Result<()> {
        match self {
            Self::Folder(_) => Ok(()),
            Self::Bucket(bucket) => Ok(bucket.put_file(name, path).await?),
        }
    }

    /// Fetches a file to where it can be read.
    pub(super) async fn fetch(&self, name: &str, passing: &Path) -> anyhow::Result<PathBuf> {
        let path = self.local(name, passing);
        if let Self::Bucket(bucket) = self {
            bucket.get_file(name, &path).await?;
        }
        Ok(path)
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> anyhow::Result<()> {
        match self {
            Self::Folder(folder) => files::write(&folder.join(name), &bytes).await,
            Self::Bucket(bucket) => Ok(bucket.put(name, bytes.into()).await?),
        }
    }

    /// The first bytes of a file, or all of them; none where it is not there.
    pub(super) async fn get(&self, name: &str, most: Option<u64>) -> anyhow::Result<Option<Vec<u8>>> {
        let folder = match self {
            Self::Bucket(bucket) => return Ok(bucket.get(name, most).await?.map(|bytes| bytes.to_vec())),
            Self::Folder(folder) => folder,
        };
        let path = folder.join(name);
        let file = match tokio::fs::File::open(&path).await {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let mut bytes = Vec::new();
        file.take(most.unwrap_or(u64::MAX)).read_to_end(&mut bytes).await?;
        Ok(Some(bytes))
    }

    /// Every name that begins like this.
    pub(super) async fn names(&self, begin: &str) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Folder(folder) => files::names(folder, begin).await,
            Self::Bucket(bucket) => {
                let (mut all, mut after) = (Vec::new(), String::new());
                loop {
                    let (names, more) = bucket.names(begin, &after).await?;
                    after = names.last().cloned().unwrap_or_default();
                    all.extend(names);
                    if !more || after.is_empty() {
                        return Ok(all);
                    }
                }
            }
        }
    }

    pub(super) async fn delete(&self, name: &str) -> anyhow::Result<()> {
        match self {
            Self::Folder(folder) => Ok(tokio::fs::remove_file(folder.join(name)).await?),
            Self::Bucket(bucket) => Ok(bucket.delete(name).await?),
        }
    }
}
