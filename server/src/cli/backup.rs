//! `acuse backup` and `acuse restore`: a folder that holds one instant of the catalog and every object it names.
//!
//! A backup is taken of a running server. The catalog's instant comes first; the objects that it names never change, so
//! they are copied after it, and those of an earlier backup in the same folder are not copied again. The manifest is
//! written last: a folder without one is no backup.

mod dump;
mod files;

use std::{path::PathBuf, process::ExitCode};

use acuse_pipeline::document::Sha256;
use acuse_storage::{Catalog, ObjectKey, Objects, backup::Snapshot, objects::ObjectError};
use anyhow::{Context, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    config::{Config, Database},
    parts::Parts,
};

/// The form of the folder.
const FORM: u32 = 1;
const MANIFEST: &str = "manifest.json";

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    form: u32,
    #[serde(with = "time::serde::rfc3339")]
    made_at: OffsetDateTime,
    /// `sqlite` or `postgres`.
    database: String,
    /// The catalog's file.
    catalog: String,
    /// Of that file.
    catalog_sha256: Sha256,
    /// Objects in the folder that the catalog names.
    objects: u64,
    /// Objects that the catalog names and the store does not have.
    missing: Vec<ObjectKey>,
}

#[derive(Args)]
pub struct Backup {
    /// The folder; made when absent. One that holds an earlier backup is brought up to date.
    folder: PathBuf,
}

#[derive(Args)]
pub struct Restore {
    /// The folder of a backup.
    folder: PathBuf,
}

impl Backup {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let Parts { catalog, objects, embedded } = Parts::start(config).await?;
        files::make(&self.folder).await?;
        let made_at = OffsetDateTime::now_utc();
        let stamp = made_at.unix_timestamp_nanos();
        // Under a name of its own, so that the backup of before stays whole until this one is.
        let name = if catalog.database() == "sqlite" {
            format!("catalog-{stamp}.db")
        } else {
            format!("catalog-{stamp}.dump")
        };
        let path = self.folder.join(&name);
        if path.exists() {
            bail!("{} is there already: another backup is being made", path.display());
        }
        let (objects_kept, missing) = match &config.database {
            Database::Sqlite(_) => {
                catalog.copy_into(&path).await?;
                let copy = Catalog::connect(&format!("sqlite://{}", path.display())).await?;
                let done = self.keep(&objects, copy.snapshot().await?).await;
                copy.close().await;
                done?
            }
            Database::Postgres(url) => {
                let snapshot = catalog.snapshot().await?;
                let held = snapshot.name.clone().context("the snapshot has no name")?;
                let (dumped, kept) =
                    tokio::join!(dump::dump(url.expose(), &held, &path), self.keep(&objects, snapshot));
                dumped?;
                kept?
            }
        };
        let manifest = Manifest {
            form: FORM,
            made_at,
            database: catalog.database().to_owned(),
            catalog_sha256: files::hash(&path).await?,
            catalog: name,
            objects: objects_kept,
            missing,
        };
        files::write(&self.folder.join(MANIFEST), &serde_json::to_vec_pretty(&manifest)?).await?;
        files::drop_older(&self.folder, &manifest.catalog).await?;
        catalog.close().await;
        drop(embedded);
        println!("backed up into {}: {} objects", self.folder.display(), manifest.objects);
        if manifest.missing.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        for key in &manifest.missing {
            println!("MISSING {key}: the catalog names it and the store does not have it");
        }
        Ok(ExitCode::FAILURE)
    }

    /// Copies the objects of an instant; how many there are, and which there are not.
    async fn keep(&self, objects: &Objects, mut snapshot: Snapshot) -> anyhow::Result<(u64, Vec<ObjectKey>)> {
        let (mut kept, mut missing, mut after) = (0, Vec::new(), None);
        loop {
            let (keys, next) = snapshot.objects(after).await?;
            for key in keys {
                let path = files::of_object(&self.folder, &key);
                if path.is_file() {
                    kept += 1;
                    continue;
                }
                match objects.get_bytes(&key, MOST_BYTES).await {
                    Ok(bytes) => {
                        files::write(&path, &bytes).await?;
                        kept += 1;
                    }
                    Err(ObjectError::Missing(_)) => missing.push(key),
                    Err(error) => return Err(error).with_context(|| format!("copying {key}")),
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok((kept, missing)),
            }
        }
    }
}

/// Larger than any object that is taken in.
const MOST_BYTES: u64 = 1 << 30;

impl Restore {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let manifest = self.manifest().await?;
        let copy = self.folder.join(&manifest.catalog);
        let kind = match config.database {
            Database::Sqlite(_) => "sqlite",
            Database::Postgres(_) => "postgres",
        };
        if kind != manifest.database {
            bail!("this backup is of {}; ACUSE_DATABASE_URL names {kind}", manifest.database);
        }
        if files::hash(&copy).await? != manifest.catalog_sha256 {
            bail!("{} is not what was backed up: its SHA-256 is another", copy.display());
        }
        self.blank(config).await?;
        let (objects, embedded) = Parts::objects(config).await?;
        let put = self.put(&objects).await?;
        match &config.database {
            Database::Sqlite(path) => files::copy(&copy, path).await?,
            Database::Postgres(url) => dump::restore(url.expose(), &copy).await?,
        }
        let catalog = Parts::catalog(config).await?;
        catalog.feed_starts_over().await?;
        catalog
            .audit(
                "cli",
                "restored",
                None,
                &serde_json::json!({ "made_at": manifest.made_at.unix_timestamp() }),
            )
            .await?;
        let ledger = catalog.ledger(None, None).await?;
        let messages = catalog.message_ledger(OffsetDateTime::now_utc()).await?;
        catalog.close().await;
        drop(embedded);
        println!(
            "restored what was there at {}: {} documents, {put} objects",
            manifest.made_at, ledger.received
        );
        println!("ledgers balanced: documents {}, messages {}", ledger.balanced, messages.balanced);
        println!("Followers of the feed start over. What came after that time is not in it.");
        Ok(if ledger.balanced && messages.balanced { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn manifest(&self) -> anyhow::Result<Manifest> {
        let path = self.folder.join(MANIFEST);
        let text = tokio::fs::read(&path)
            .await
            .with_context(|| format!("{}: a folder without it is no backup", path.display()))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
        if manifest.form != FORM {
            bail!("this backup has the form {}; this acuse reads {FORM}", manifest.form);
        }
        let plain = |name: &str| name.starts_with("catalog-") && !name.contains(['/', '\\']);
        if !plain(&manifest.catalog) {
            bail!("{}: {:?} is no file of a backup", path.display(), manifest.catalog);
        }
        Ok(manifest)
    }

    /// Nothing is ever written over: a backup goes back into an empty place.
    async fn blank(&self, config: &Config) -> anyhow::Result<()> {
        match &config.database {
            Database::Sqlite(path) if path.exists() => {
                bail!("{} is there: restore into an empty data folder", path.display())
            }
            Database::Sqlite(_) => Ok(()),
            Database::Postgres(url) => {
                let catalog = Catalog::connect(url.expose()).await?;
                let blank = catalog.is_blank().await?;
                catalog.close().await;
                if blank { Ok(()) } else { bail!("the database is not empty: restore into an empty one") }
            }
        }
    }

    /// Puts every object back; each must be what its name says.
    async fn put(&self, objects: &Objects) -> anyhow::Result<u64> {
        let mut put = 0;
        for (key, path) in files::objects(&self.folder).await? {
            let bytes = tokio::fs::read(&path).await.with_context(|| format!("{}", path.display()))?;
            let Some((hash, picture)) = key.content() else { continue };
            if Sha256::of(&bytes) != hash {
                bail!("{} is not what was backed up", path.display());
            }
            let kind = if picture { "image/jpeg" } else { "application/octet-stream" };
            objects.put_bytes(&key, bytes.into(), kind).await?;
            put += 1;
        }
        Ok(put)
    }
}
