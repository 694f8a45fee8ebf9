//! What benches share: how they are set, and a catalog with many documents in it.

pub mod verdict;

use std::{io::Write, path::PathBuf, process::Stdio, time::Instant};

use acuse_storage::{
    Catalog,
    conformance::{Many, many_before, many_watched},
};
use anyhow::{Context, Result, ensure};

use crate::{
    postgres::Postgres,
    stack::{Place, sign_in},
};

const PASSWORD: &str = "a long enough password";

/// A number from the environment.
///
/// # Errors
/// When it is none.
pub fn setting(name: &str, default: u64) -> Result<u64> {
    std::env::var(name).map_or(Ok(default), |v| v.parse().with_context(|| format!("{name} is not a number")))
}

/// Where catalogs are filled: in a folder that goes at the end, or in the one that `KEEP` names, which another bench uses
/// again instead of filling a million anew.
#[derive(Debug)]
pub struct Ground {
    root: PathBuf,
    kept: bool,
    _gone: Option<tempfile::TempDir>,
}

impl Ground {
    /// # Errors
    /// When there can be no folder.
    pub fn new() -> Result<Self> {
        if let Some(root) = std::env::var_os("KEEP").map(PathBuf::from) {
            std::fs::create_dir_all(&root)?;
            return Ok(Self { root, kept: true, _gone: None });
        }
        let gone = tempfile::tempdir()?;
        Ok(Self { root: gone.path().to_owned(), kept: false, _gone: Some(gone) })
    }

    /// The folder of a server of this name, with one for its data.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.root.join(name);
        std::fs::create_dir_all(folder.join("data"))?;
        Ok(folder)
    }

    /// A cluster with databases of these names.
    ///
    /// # Errors
    /// When it does not start.
    pub fn postgres(&self, names: &[&str]) -> Result<Option<Postgres>> {
        let folder = self.kept.then(|| self.root.join("pg"));
        let is_new = !folder.as_ref().is_some_and(|f| f.exists());
        let postgres = Postgres::start_in(folder.as_deref())?;
        if let Some(postgres) = postgres.as_ref().filter(|_| is_new) {
            names.iter().try_for_each(|name| postgres.create_database(name))?;
        }
        Ok(postgres)
    }
}

/// Puts so many documents into a catalog that is empty, and tells how far it is.
///
/// # Errors
/// When there are others already.
pub async fn seeded(catalog: &Catalog, count: u64) -> Result<Many> {
    if let Some((there, many)) = many_before(catalog).await {
        ensure!(there == count, "{there} documents were kept, not {count}");
        return Ok(many);
    }
    let (start, database) = (Instant::now(), catalog.database());
    let told = |done: u64| {
        if done.is_multiple_of(100_000) || done == count {
            eprintln!("# {database}: {done} of {count} put in {:.0?}", start.elapsed());
        }
    };
    Ok(many_watched(catalog, count, told).await)
}

/// The cookie of a reviewer who is added for it, at a server that runs.
///
/// # Errors
/// When they cannot be added, or are not let in.
pub async fn reviewer(place: &Place) -> Result<String> {
    // A name of its own: a kept catalog has those of the runs before.
    let name = format!("bench{}", place.port);
    let mut adding = place.command(&["user", "add", &name])?.stdin(Stdio::piped()).spawn()?;
    writeln!(adding.stdin.take().context("no stdin")?, "{PASSWORD}")?;
    ensure!(adding.wait()?.success(), "no user");
    sign_in(&format!("http://127.0.0.1:{}", place.port), &name, PASSWORD).await
}
