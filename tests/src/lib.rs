//! What the tests stand on: throw-away PostgreSQL and MinIO servers, and whole `acuse` processes.
//!
//! Every server is our own: a new folder, a free port, ended by its process id when the guard drops.
//! A part that this machine lacks is skipped loudly; with `CI=true` it is an error.

pub mod bench;
pub mod browser;
pub mod clamd;
pub mod collector;
pub mod in_process;
pub mod logged;
pub mod minio;
pub mod oidc;
pub mod postgres;
pub mod process;
pub mod simulated;
pub mod stack;
pub mod told;

use std::{
    net::TcpListener,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result, bail};

/// A port nobody listens on, and that nobody else will be given: each is handed out once, from below the range that
/// Linux takes for outgoing connections and for "any port" (32768 and up, `ip_local_port_range`).
///
/// # Errors
/// When none of a few hundred is free.
pub fn free_port() -> std::io::Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Test processes side by side begin at different places.
    let first = std::process::id().wrapping_mul(97);
    let mut last = None;
    for _ in 0..400 {
        let turn = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(12_000 + turn % 20_000).unwrap_or(12_000);
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| std::io::Error::other("no free port")))
}

/// Where `make test` puts the tools that it brings.
#[must_use]
pub fn cache() -> PathBuf {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from).join("acuse")
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
