//! Chromium without a window, for the pages.

use std::{path::Path, process::Command};

use anyhow::Result;

/// The browser of this machine; without one, the test is skipped loudly, or fails under `CI`.
#[must_use]
pub fn chromium() -> Option<&'static str> {
    let found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let found = found.into_iter().find(|p| Path::new(p).exists());
    if found.is_none() {
        crate::skip_or_fail("Chromium", "no /usr/bin/chromium");
    }
    found
}

/// The page at `url` after its scripts have run for `budget_ms` of its own time.
///
/// # Errors
/// When the browser cannot be started.
pub fn page(chromium: &str, url: &str, budget_ms: u32) -> Result<String> {
    let profile = tempfile::tempdir()?;
    let seen = Command::new("timeout")
        .arg("60")
        .arg(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--virtual-time-budget={budget_ms}"))
        .arg("--dump-dom")
        .arg(url)
        .output()?;
    Ok(String::from_utf8_lossy(&seen.stdout).into_owned())
}
