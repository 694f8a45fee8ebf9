//! A throw-away PostgreSQL cluster on a free port, never the machine's own.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{free_port, process::Guarded};

/// A running cluster with an empty database `acuse`.
#[derive(Debug)]
pub struct Postgres {
    server: Guarded,
    port: u16,
    bin: PathBuf,
    account: Option<(u32, u32)>,
    folder: PathBuf,
    /// The folder goes with it; none where it is kept.
    _gone: Option<tempfile::TempDir>,
}

/// The newest `initdb` of the machine, Debian's folders first.
fn bin_folder() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("bin"))
        .filter(|p| p.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|p| p.join("initdb").exists() && p.join("postgres").exists())
    })
}

/// PostgreSQL refuses to run as root; Debian's package brings the account `postgres`.
fn account() -> Result<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let passwd = std::fs::read_to_string("/etc/passwd")?;
    for name in ["postgres", "nobody"] {
        let Some(line) = passwd.lines().find(|l| l.split(':').next() == Some(name)) else { continue };
        let mut ids = line.split(':').skip(2).map(str::parse::<u32>);
        if let (Some(Ok(uid)), Some(Ok(gid))) = (ids.next(), ids.next()) {
            return Ok(Some((uid, gid)));
        }
    }
    bail!("PostgreSQL does not run as root and there is no account `postgres` or `nobody`")
}

impl Postgres {
    /// Starts a cluster, or says why this machine cannot and returns `None`.
    ///
    /// # Errors
    /// When PostgreSQL is here but does not start.
    pub fn start() -> Result<Option<Self>> {
        Self::start_in(None)
    }

    /// The same; in a folder that is kept, with what is in it where it was here before.
    ///
    /// # Errors
    /// When PostgreSQL is here but does not start.
    pub fn start_in(kept: Option<&Path>) -> Result<Option<Self>> {
        let Some(bin) = bin_folder() else {
            crate::skip_or_fail("PostgreSQL", "no initdb under /usr/lib/postgresql or on PATH");
            return Ok(None);
        };
        let (folder, gone) = match kept {
            Some(folder) => (folder.to_owned(), None),
            None => {
                let gone = tempfile::Builder::new().prefix("acuse-pg-").tempdir_in("/tmp")?;
                (gone.path().to_owned(), Some(gone))
            }
        };
        let account = account()?;
        let is_new = !folder.join("data").exists();
        if is_new {
            std::fs::create_dir_all(&folder)?;
            initdb(&bin, account, &folder)?;
        } else {
            let _ = std::fs::remove_file(folder.join("data/postmaster.pid"));
        }
        let port = free_port()?;
        let server = Self::serve(&bin, account, &folder, port)?;
        let this = Self { server, port, bin, account, folder, _gone: gone };
        this.wait()?;
        if is_new {
            this.create_database("acuse")?;
        }
        Ok(Some(this))
    }

    fn serve(bin: &Path, account: Option<(u32, u32)>, folder: &Path, port: u16) -> Result<Guarded> {
        let mut command = Command::new(bin.join("postgres"));
        command.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"]);
        // What is killed here is a process, which takes nothing from the system's memory: no disk is waited for.
        command.arg(folder).args(["-c", "max_connections=200", "-c", "fsync=off"]);
        Guarded::start(
            "PostgreSQL",
            &mut as_account(command, account, folder),
            &Path::new("/tmp").join(format!("acuse-pg-{port}.log")),
        )
    }

    /// Makes an empty database, so that tests in one cluster do not meet.
    ///
    /// # Errors
    /// When `createdb` fails.
    pub fn create_database(&self, name: &str) -> Result<()> {
        let made = as_account(Command::new(self.bin.join("createdb")), self.account, &self.folder)
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "acuse", name])
            .output()?;
        if !made.status.success() {
            bail!("createdb {name}: {}", String::from_utf8_lossy(&made.stderr));
        }
        Ok(())
    }

    /// What `pg_dump` says of a database, as SQL.
    ///
    /// # Errors
    /// When it fails.
    pub fn dump(&self, database: &str) -> Result<Vec<u8>> {
        let dumped = Command::new(self.bin.join("pg_dump"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "acuse", database])
            .output()?;
        if !dumped.status.success() {
            bail!("pg_dump {database}: {}", String::from_utf8_lossy(&dumped.stderr));
        }
        Ok(dumped.stdout)
    }

    /// Feeds SQL to `psql`, which must take all of it.
    ///
    /// # Errors
    /// When it does not.
    pub fn psql(&self, database: &str, sql: &[u8]) -> Result<()> {
        let mut file = tempfile::tempfile()?;
        std::io::Write::write_all(&mut file, sql)?;
        std::io::Seek::rewind(&mut file)?;
        let done = Command::new(self.bin.join("psql"))
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-U", "acuse", database])
            .stdin(file)
            .output()?;
        if !done.status.success() {
            bail!("psql {database}: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(())
    }

    /// The URL of a database in this cluster.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://acuse@127.0.0.1:{}/{database}", self.port)
    }

    /// Kills the server without ceremony and starts it again on the same data.
    ///
    /// # Errors
    /// When it does not come back.
    pub fn crash_and_restart(&mut self) -> Result<()> {
        self.server.kill_9()?;
        let _ = std::fs::remove_file(self.folder.join("data/postmaster.pid"));
        self.server = Self::serve(&self.bin, self.account, &self.folder, self.port)?;
        self.wait()
    }

    fn wait(&self) -> Result<()> {
        let start = Instant::now();
        loop {
            let ready = Command::new(self.bin.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "acuse"])
                .status()?;
            if ready.success() {
                return Ok(());
            }
            if start.elapsed() > Duration::from_secs(60) {
                bail!("PostgreSQL is not ready after 60 s");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn initdb(bin: &Path, account: Option<(u32, u32)>, folder: &Path) -> Result<()> {
    if let Some((uid, gid)) = account {
        std::os::unix::fs::chown(folder, Some(uid), Some(gid))?;
    }
    let init = as_account(Command::new(bin.join("initdb")), account, folder)
        .args(["-A", "trust", "-U", "acuse", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(folder.join("data"))
        .output()
        .context("running initdb")?;
    if !init.status.success() {
        bail!("initdb: {}", String::from_utf8_lossy(&init.stderr));
    }
    Ok(())
}

fn as_account(mut command: Command, account: Option<(u32, u32)>, folder: &Path) -> Command {
    if let Some((uid, gid)) = account {
        command.uid(uid).gid(gid);
    }
    command.current_dir(folder);
    command
}
