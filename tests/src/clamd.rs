//! A throw-away `clamd` that knows one signature: the EICAR test string.
//!
//! EICAR (<https://www.eicar.org/download-anti-malware-testfile/>) is 68 harmless bytes that every scanner is meant
//! to report. No signature feed is fetched: the signature is written by hand.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::process::Guarded;

/// A running clamd on a socket of its own.
#[derive(Debug)]
pub struct Clamd {
    server: Option<Guarded>,
    folder: tempfile::TempDir,
}

/// Bytes that clamd takes of one stream.
pub const STREAM_BYTES: usize = 8 << 20;

/// The EICAR test string. In two parts, so that no scanner takes this source for the thing itself.
#[must_use]
pub fn eicar() -> Vec<u8> {
    let parts = [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];
    parts.concat().into_bytes()
}

fn binary() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places =
        std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    places.map(|p| p.join("clamd")).find(|p| p.exists())
}

impl Clamd {
    /// Starts a daemon, or says why this machine cannot and returns `None`.
    ///
    /// # Errors
    /// When clamd is here but does not start.
    pub fn start() -> Result<Option<Self>> {
        if binary().is_none() {
            crate::skip_or_fail("clamd", "no `clamd` on PATH or in /usr/sbin");
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("acuse-clamd-").tempdir()?;
        let database = folder.path().join("signatures");
        std::fs::create_dir(&database)?;
        // NAME:TARGET:OFFSET:HEX of an extended signature: any kind of file, anywhere in it.
        std::fs::write(database.join("tests.ndb"), format!("Eicar-Test:0:*:{}\n", hex::encode(eicar())))?;
        let configuration = [
            format!("LocalSocket {}", folder.path().join("clamd.sock").display()),
            format!("DatabaseDirectory {}", database.display()),
            format!("TemporaryDirectory {}", folder.path().display()),
            format!("StreamMaxLength {STREAM_BYTES}"),
            "Foreground yes".to_owned(),
            "ConcurrentDatabaseReload no".to_owned(),
        ];
        std::fs::write(folder.path().join("clamd.conf"), configuration.join("\n") + "\n")?;
        let mut this = Self { server: None, folder };
        this.restart()?;
        Ok(Some(this))
    }

    /// Its socket, as `ACUSE_CLAMD` wants it.
    #[must_use]
    pub fn socket(&self) -> String {
        self.folder.path().join("clamd.sock").display().to_string()
    }

    /// Ends the daemon; its socket's file goes too.
    pub fn stop(&mut self) {
        self.server = None;
        // clamd leaves it behind when it is killed.
        let _absent = std::fs::remove_file(self.socket());
    }

    /// Starts it again on the same socket.
    ///
    /// # Errors
    /// When it is not ready within a minute.
    pub fn restart(&mut self) -> Result<()> {
        let Some(binary) = binary() else { bail!("clamd is gone") };
        self.stop();
        let configuration = self.folder.path().join("clamd.conf");
        let mut command = Command::new(binary);
        command.arg("--config-file").arg(configuration).env_clear();
        self.server = Some(Guarded::start("clamd", &mut command, &self.log())?);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            if answers(Path::new(&self.socket())) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        bail!("clamd is not ready after 60 s: {}", std::fs::read_to_string(self.log()).unwrap_or_default())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

fn answers(socket: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket) else { return false };
    let mut answer = [0; 5];
    stream.set_read_timeout(Some(Duration::from_secs(2))).is_ok()
        && stream.write_all(b"zPING\0").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer == *b"PONG\0"
}
