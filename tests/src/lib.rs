//! What the tests stand on: throw-away PostgreSQL and MinIO servers, and whole `acuse` processes.
//!
//! Every server is our own: a new folder, a free port, ended by its process id when the guard drops.
//! A part that this machine lacks is skipped loudly; with `CI=true` it is an error.

pub mod minio;
pub mod postgres;
pub mod process;

use std::net::TcpListener;

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
