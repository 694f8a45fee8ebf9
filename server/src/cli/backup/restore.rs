//! `acuse restore`: a backup is put back into an empty place. What was erased after it was made is erased anew, before
//! anything else can see it.

use std::{path::Path, process::ExitCode};

use acuse_pipeline::document::Sha256;
use acuse_storage::{
    Catalog, DocumentId, KeyFile, ObjectKey, Objects,
    erasure::Finishing,
    key_file::{Erased, ErasedKind},
    objects::ObjectError,
};
use anyhow::{Context, bail};
use clap::Args;

use super::{FORM, MANIFEST, Manifest, OBJECTS, Vault, Where, dump, files};
use crate::{
    config::{Config, Database},
    services::Services,
};

#[derive(Args)]
pub struct Restore {
    #[command(flatten)]
    source: Where,
}

impl Restore {
    pub async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let vault = self.source.open(config)?;
        let manifest = manifest(&vault, self.source.name()).await?;
        let passing = tempfile::tempdir().context("cannot make a passing folder")?;
        let kind = match config.database {
            Database::Sqlite(_) => "sqlite",
            Database::Postgres(_) => "postgres",
        };
        if kind != manifest.database {
            bail!("this backup is of {}; ACUSE_DATABASE_URL names {kind}", manifest.database);
        }
        blank(config).await?;
        let keys = keys(config, &manifest)?;
        let copy = vault.fetch(&manifest.catalog, passing.path()).await?;
        if files::hash(&copy).await? != manifest.catalog_sha256 {
            bail!("{} is not what was backed up: its SHA-256 is another", copy.display());
        }
        let erased = keys.as_ref().map(KeyFile::erasures).transpose()?.unwrap_or_default();
        forget(keys.as_ref(), &erased)?;
        let (objects, embedded) = Services::objects(config).await?;
        let objects = objects.sealed_by(keys);
        let put = put(&vault, &objects).await?;
        match &config.database {
            Database::Sqlite(path) => files::copy(&copy, path).await?,
            Database::Postgres(url) => dump::restore(url.expose(), &copy).await?,
        }
        let catalog = Services::catalog(config).await?;
        let again = catalog.erase_again(&erased).await?;
        while !catalog.finish_erasures(&objects, Finishing::default()).await?.is_empty() {}
        catalog.feed_starts_over().await?;
        let detail =
            serde_json::json!({ "made_at": manifest.made_at.unix_timestamp(), "erased_again": again });
        catalog.audit("cli", "restored", None, &detail).await?;
        let ledger = catalog.ledger(None, None).await?;
        let messages = catalog.message_ledger(catalog.now()).await?;
        let arrivals = catalog.arrival_ledger(None, None).await?;
        catalog.close().await;
        drop(embedded);
        println!(
            "restored what was there at {}: {} documents, {put} objects",
            manifest.made_at, ledger.received
        );
        if again > 0 {
            println!("{again} erasures that were made since were made again");
        }
        println!(
            "ledgers balanced: arrivals {}, documents {}, messages {}",
            arrivals.balanced, ledger.balanced, messages.balanced
        );
        println!("Followers of the feed start over. What came after that time is not in it.");
        let all = arrivals.balanced && ledger.balanced && messages.balanced;
        Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn manifest(vault: &Vault, name: &str) -> anyhow::Result<Manifest> {
    let text = vault.get(MANIFEST, None).await?;
    let text = text.with_context(|| format!("{name}: a place without {MANIFEST} is no backup"))?;
    let manifest: Manifest = serde_json::from_slice(&text).with_context(|| format!("{name}/{MANIFEST}"))?;
    if !(1..=FORM).contains(&manifest.form) {
        bail!("this backup has the form {}; this acuse reads 1 to {FORM}", manifest.form);
    }
    let plain = |name: &str| name.starts_with("catalog-") && !name.contains(['/', '\\']);
    if !plain(&manifest.catalog) {
        bail!("{name}/{MANIFEST}: {:?} is no file of a backup", manifest.catalog);
    }
    Ok(manifest)
}

/// The key file that the backup was sealed by. Without it not one document could be opened.
fn keys(config: &Config, manifest: &Manifest) -> anyhow::Result<Option<KeyFile>> {
    let Some(fingerprint) = &manifest.key_fingerprint else {
        // Of before there was one: its objects are plain, and the list of what was erased since counts all the same.
        return Ok(config.key_file.as_deref().map(KeyFile::open).transpose()?.flatten());
    };
    let path: &Path = config.key_file.as_deref().context("this backup is sealed: set ACUSE_KEY_FILE")?;
    let Some(keys) = KeyFile::open(path)? else {
        bail!(
            "this backup is sealed, and its key file (fingerprint {fingerprint}) is not at {}: put a copy of it there, \
             and of the list beside it that ends in .erased",
            path.display()
        );
    };
    if keys.fingerprint() != *fingerprint {
        bail!(
            "the key file {} is another: its fingerprint is {}, the backup's {fingerprint}",
            path.display(),
            keys.fingerprint()
        );
    }
    Ok(Some(keys))
}

/// Takes the keys of what was erased out of this copy of the key file, which may be an older one.
fn forget(keys: Option<&KeyFile>, erased: &[Erased]) -> anyhow::Result<()> {
    let documents = erased.iter().filter(|e| e.kind == ErasedKind::Document).map(|e| DocumentId(e.id));
    if let Some(keys) = keys {
        keys.forget(&documents.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Nothing is ever written over: a backup goes back into an empty place.
async fn blank(config: &Config) -> anyhow::Result<()> {
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

/// Puts every object back as it was; each must be what its name says, once it is opened. What was erased stays away.
async fn put(vault: &Vault, objects: &Objects) -> anyhow::Result<u64> {
    let mut put = 0;
    for name in vault.names(OBJECTS).await? {
        let Some(Ok(key)) = name.strip_prefix(OBJECTS).map(str::parse::<ObjectKey>) else { continue };
        let Some((hash, picture)) = key.content() else { continue };
        let Some(bytes) = vault.get(&name, None).await? else { continue };
        let bytes = bytes::Bytes::from(bytes);
        match objects.open_bytes(&key, bytes.clone()).await {
            Ok(plain) if Sha256::of(&plain) == hash => {}
            Err(ObjectError::Erased { .. }) => continue,
            Ok(_) | Err(ObjectError::Unopened { .. }) => bail!("{name} is not what was backed up"),
            Err(error) => return Err(error.into()),
        }
        let kind = if picture { "image/jpeg" } else { "application/octet-stream" };
        objects.put_stored(&key, bytes, kind).await?;
        put += 1;
    }
    Ok(put)
}
