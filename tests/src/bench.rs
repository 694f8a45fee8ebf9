//! What benches share: how they are set, and a catalog with many documents in it.

use std::{io::Write, process::Stdio, time::Instant};

use acuse_storage::{
    Catalog,
    conformance::{Many, many_watched},
};
use anyhow::{Context, Result, ensure};

use crate::stack::{Place, sign_in};

const PASSWORD: &str = "a long enough password";

/// A number from the environment.
///
/// # Errors
/// When it is none.
pub fn setting(name: &str, default: u64) -> Result<u64> {
    std::env::var(name).map_or(Ok(default), |v| v.parse().with_context(|| format!("{name} is not a number")))
}

/// Puts so many documents into a catalog, and tells how far it is.
pub async fn seeded(catalog: &Catalog, count: u64) -> Many {
    let (start, database) = (Instant::now(), catalog.database());
    let told = |done: u64| {
        if done.is_multiple_of(100_000) || done == count {
            eprintln!("# {database}: {done} of {count} put in {:.0?}", start.elapsed());
        }
    };
    many_watched(catalog, count, told).await
}

/// The cookie of a reviewer who is added for it, at a server that runs.
///
/// # Errors
/// When they cannot be added, or are not let in.
pub async fn reviewer(place: &Place) -> Result<String> {
    let mut adding = place.command(&["user", "add", "bench"])?.stdin(Stdio::piped()).spawn()?;
    writeln!(adding.stdin.take().context("no stdin")?, "{PASSWORD}")?;
    ensure!(adding.wait()?.success(), "no user");
    sign_in(&format!("http://127.0.0.1:{}", place.port), "bench", PASSWORD).await
}
