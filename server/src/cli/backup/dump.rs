//! PostgreSQL's own tools, which know best how its data leaves and comes back.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{io::AsyncReadExt, process::Command};
use url::Url;

/// Longest time of a dump or of its way back.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// A tool on `PATH`, or the newest that Debian keeps beside the servers.
fn tool(name: &str) -> PathBuf {
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).map(|folder| folder.join(name)).collect::<Vec<_>>());
    let mut beside: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin").join(name))
        .collect();
    beside.sort();
    // A server's own tool is never older than the server.
    let found = beside.into_iter().rev().chain(on_path).find(|path| path.is_file());
    found.unwrap_or_else(|| PathBuf::from(name))
}

/// The command with its database; the password goes by the environment, never among arguments that anybody may list.
fn command(name: &str, url: &str) -> anyhow::Result<Command> {
    let mut url = Url::parse(url).context("ACUSE_DATABASE_URL")?;
    let mut command = Command::new(tool(name));
    if let Some(password) = url.password().map(str::to_owned) {
        let decoded = percent_decoded(&password);
        // A URL that has a password has a host, so it can be taken away.
        let _ = url.set_password(None);
        command.env("PGPASSWORD", decoded);
    }
    command.arg("--dbname").arg(url.as_str()).stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    Ok(command)
}

fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("p={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

async fn done(name: &str, mut command: Command) -> anyhow::Result<()> {
    let mut child = command
        .spawn()
        .with_context(|| format!("{name} cannot be started: install PostgreSQL's client tools"))?;
    let mut said = Vec::new();
    let ended = tokio::time::timeout(LONGEST, async {
        if let Some(out) = child.stderr.take() {
            // What it says is kept to a cap; the rest is read, so that it never waits for us.
            let mut capped = out.take(1 << 16);
            let _ = capped.read_to_end(&mut said).await;
            let mut rest = capped.into_inner();
            let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
        }
        child.wait().await
    });
    let status = ended.await.with_context(|| format!("{name} took longer than a day"))??;
    if !status.success() {
        bail!("{name}: {status}\n{}", String::from_utf8_lossy(&said));
    }
    Ok(())
}

/// Writes a database as it is in a snapshot that somebody holds open.
pub(super) async fn dump(url: &str, snapshot: &str, to: &Path) -> anyhow::Result<()> {
    let mut command = command("pg_dump", url)?;
    command
        .args(["--format=custom", "--no-owner", "--no-privileges", "--snapshot", snapshot, "--file"])
        .arg(to);
    done("pg_dump", command).await
}

/// Puts it into an empty database, whole or not at all.
pub(super) async fn restore(url: &str, from: &Path) -> anyhow::Result<()> {
    let mut command = command("pg_restore", url)?;
    command.args(["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]).arg(from);
    done("pg_restore", command).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_among_the_arguments() {
        let made = command("pg_dump", "postgres://eva:s%40cret+1@db:5432/acuse").unwrap();
        let shown = format!("{:?}", made.as_std().get_args().collect::<Vec<_>>());
        assert!(!shown.contains("cret") && shown.contains("eva@db"), "{shown}");
        let password = made.as_std().get_envs().find(|(name, _)| *name == "PGPASSWORD").unwrap().1;
        assert_eq!(password.unwrap(), "s@cret+1");
    }
}
