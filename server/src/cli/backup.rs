//! `acuse backup` and `acuse restore`: a folder, or a place in an S3, that holds one instant of the catalog and every
//! object it names, as the store has them: sealed.
//!
//! A backup is taken of a running server. The catalog's instant comes first; the objects that it names never change, so
//! they are copied after it, and those of an earlier backup in the same place are not copied again. The manifest is
//! written last: a place without one is no backup. Then goes what this instant does not name: what was erased leaves its
//! backups too.
//!
//! The key file is in no backup. A restore wants the catalog's, and first applies the list beside it of what was erased.

mod dump;
mod files;
mod restore;
mod vault;

use std::{collections::HashSet, path::Path, process::ExitCode};

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Catalog, ObjectKey, Objects,
    backup::Snapshot,
    objects::{ObjectError, is_sealed},
};
use anyhow::{Context, bail};
use clap::Args;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    config::{Config, Database},
    services::Services,
};

pub use restore::Restore;
use vault::{OBJECTS, Vault, Where};

/// The form of a backup. The first had objects as they came.
const FORM: u32 = 2;
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
    /// Of the key file that the objects are sealed by.
    #[serde(default)]
    key_fingerprint: Option<String>,
}

#[derive(Args)]
pub struct Backup {
    #[command(flatten)]
    target: Where,
}

/// What was copied.
#[derive(Default)]
struct Kept {
    /// Hashes of the names of all that the instant names: of a million objects the names themselves would be long.
    names: HashSet<[u8; 16]>,
    missing: Vec<ObjectKey>,
}

fn short(name: &str) -> [u8; 16] {
    let hash = Sha256::of(name.as_bytes()).0;
    hash.first_chunk().copied().unwrap_or_default()
}

impl Backup {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let Services { catalog, objects, embedded } = Services::start(config).await?;
        let vault = self.target.open(config)?;
        vault.ensure().await?;
        let passing = tempfile::tempdir().context("cannot make a passing folder")?;
        let made_at = catalog.now();
        let stamp = made_at.unix_timestamp_nanos();
        // Under a name of its own, so that the backup of before stays whole until this one is.
        let name = if catalog.database() == "sqlite" {
            format!("catalog-{stamp}.db")
        } else {
            format!("catalog-{stamp}.dump")
        };
        let path = vault.local(&name, passing.path());
        if path.exists() {
            bail!("{} is there already: another backup is being made", path.display());
        }
        let kept = copy(&config.database, (&catalog, &objects), &vault, &path).await?;
        vault.put_local(&name, &path).await?;
        let manifest = Manifest {
            form: FORM,
            made_at,
            database: catalog.database().to_owned(),
            catalog_sha256: files::hash(&path).await?,
            catalog: name,
            objects: (kept.names.len() - kept.missing.len()) as u64,
            missing: kept.missing,
            key_fingerprint: catalog.key_fingerprint().await?,
        };
        vault.put(MANIFEST, serde_json::to_vec_pretty(&manifest)?).await?;
        drop_older(&vault, &manifest.catalog, &kept.names).await?;
        catalog.close().await;
        drop(embedded);
        Ok(self.tell(config, &manifest))
    }

    /// Says what was backed up, and what was not.
    fn tell(&self, config: &Config, manifest: &Manifest) -> ExitCode {
        println!("backed up into {}: {} objects", self.target.name(), manifest.objects);
        if let Some(path) = &config.key_file {
            println!(
                "The key file {} is not in it: keep a copy of it, and of {0}.erased, elsewhere.",
                path.display()
            );
        }
        if manifest.missing.is_empty() {
            return ExitCode::SUCCESS;
        }
        for key in &manifest.missing {
            println!("MISSING {key}: the catalog names it and the store does not have it");
        }
        ExitCode::FAILURE
    }
}

/// Copies an instant: the catalog's file to `path`, and the objects that it names into the vault.
async fn copy(
    database: &Database,
    (catalog, objects): (&Catalog, &Objects),
    vault: &Vault,
    path: &Path,
) -> anyhow::Result<Kept> {
    match database {
        Database::Sqlite(_) => {
            catalog.copy_into(path).await?;
            let copy = Catalog::connect(&format!("sqlite://{}", path.display())).await?;
            let mut snapshot = copy.snapshot().await?;
            let done = keep(vault, objects, &mut snapshot).await;
            drop(snapshot);
            copy.close().await;
            done
        }
        Database::Postgres(url) => {
            let mut snapshot = catalog.snapshot().await?;
            let held = snapshot.name.clone().context("the snapshot has no name")?;
            let objects = keep(vault, objects, &mut snapshot);
            let (dumped, kept) = tokio::join!(dump::dump(url.expose(), &held, path), objects);
            // Held to here: few objects are copied before the dump has begun.
            drop(snapshot);
            dumped?;
            kept
        }
    }
}

/// Copies the objects of an instant, as the store has them.
async fn keep(vault: &Vault, objects: &Objects, snapshot: &mut Snapshot) -> anyhow::Result<Kept> {
    let (mut kept, mut after) = (Kept::default(), None);
    loop {
        let (keys, next) = snapshot.objects(after).await?;
        for key in keys {
            let name = format!("{OBJECTS}{key}");
            kept.names.insert(short(&name));
            // A copy from before the key file is made anew, now that the store has it sealed.
            let there = vault.get(&name, Some(HEAD_BYTES)).await?;
            if there.is_some_and(|head| objects.keys().is_none() || is_sealed(&head)) {
                continue;
            }
            match stored(objects, &key).await {
                Ok(bytes) => vault.put(&name, bytes).await?,
                Err(ObjectError::Missing(_)) => kept.missing.push(key),
                Err(error) => return Err(error).with_context(|| format!("copying {key}")),
            }
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(kept),
        }
    }
}

async fn stored(objects: &Objects, key: &ObjectKey) -> Result<Vec<u8>, ObjectError> {
    let (length, mut flow) = objects.get_stored(key).await?;
    if length > MOST_BYTES {
        return Err(ObjectError::TooLarge { limit: MOST_BYTES });
    }
    let mut all = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    while let Some(bytes) = flow.next().await.transpose()? {
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}

/// Takes away the catalogs of earlier backups, now that there is a newer one, and objects that it does not name.
async fn drop_older(vault: &Vault, newest: &str, named: &HashSet<[u8; 16]>) -> anyhow::Result<()> {
    for name in vault.names("catalog-").await? {
        if name != newest {
            vault.delete(&name).await?;
        }
    }
    for name in vault.names(OBJECTS).await? {
        if !named.contains(&short(&name)) {
            vault.delete(&name).await?;
        }
    }
    Ok(())
}

/// Larger than any object that is taken in, and than what sealing adds.
const MOST_BYTES: u64 = 1 << 30;
/// What tells a sealed object from a plain one.
const HEAD_BYTES: u64 = 32;
