//! What the tests stand on: throw-away PostgreSQL and MinIO servers, and whole `acuse` processes.
//!
//! Every server is our own: a new folder, a free port, ended by its process id when the guard drops.
//! A part that this machine lacks is skipped loudly; with `CI=true` it is an error.

pub mod browser;
pub mod clamd;
pub mod collector;
pub mod minio;
pub mod postgres;
pub mod process;
pub mod stack;

use std::{net::TcpListener, path::PathBuf};

use anyhow::{Context, Result, bail};

/// A port nobody listens on right now.
///
/// # Errors
/// When the loopback interface has no free port.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Says loudly that a part is missing; with `CI=true` that is a failure.
///
/// # Panics
/// When `CI=true`: there every part is required.
#[allow(clippy::panic, clippy::print_stderr)]
pub fn skip_or_fail(part: &str, why: &str) {
    assert!(!std::env::var("CI").is_ok_and(|v| v == "true"), "{part} is required when CI=true: {why}");
    eprintln!("==== SKIPPED: {part} is not here: {why}. `make test` installs it where it can.");
}

/// The `acuse` binary of the same build: it lies beside this test's own folder.
///
/// # Errors
/// When it has not been built yet.
pub fn acuse_binary() -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    let built = me.parent().and_then(std::path::Path::parent).context("a build folder")?.join("acuse");
    if !built.exists() {
        bail!("{} is not built: run `cargo build -p acuse-server`, or `make test`", built.display());
    }
    Ok(built)
}
