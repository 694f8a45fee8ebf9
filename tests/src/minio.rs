//! A throw-away MinIO server on a free port.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{free_port, process::Guarded};

/// A running MinIO with an empty disk.
#[derive(Debug)]
pub struct Minio {
    _server: Guarded,
    port: u16,
    _folder: tempfile::TempDir,
}

/// Access key of every test server.
pub const ACCESS_KEY: &str = "acuse-tests";
/// Secret key of every test server.
pub const SECRET_KEY: &str = "acuse-tests-secret";

fn binary() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(crate::cache().join("bin"))
        .chain(std::env::split_paths(&path))
        .map(|p| p.join("minio"))
        .find(|p| p.exists())
}

impl Minio {
    /// Starts a server, or says why this machine cannot and returns `None`.
    ///
    /// # Errors
    /// When MinIO is here but does not start.
    pub fn start() -> Result<Option<Self>> {
        let Some(binary) = binary() else {
            crate::skip_or_fail("MinIO", "no `minio` on PATH or in the cache folder");
            return Ok(None);
        };
        let folder = tempfile::Builder::new().prefix("acuse-minio-").tempdir_in("/tmp")?;
        let port = free_port()?;
        let server = Guarded::start(
            "MinIO",
            Command::new(binary)
                .args(["server", "--quiet", "--address", &format!("127.0.0.1:{port}")])
                .args(["--console-address", &format!("127.0.0.1:{}", free_port()?)])
                .arg(folder.path().join("disk"))
                .env_clear()
                .env("HOME", folder.path())
                .env("MINIO_ROOT_USER", ACCESS_KEY)
                .env("MINIO_ROOT_PASSWORD", SECRET_KEY)
                .env("MINIO_UPDATE", "off")
                .env("MINIO_BROWSER", "off"),
            &folder.path().join("log"),
        )?;
        let this = Self { _server: server, port, _folder: folder };
        this.wait()?;
        Ok(Some(this))
    }

    /// Its S3 endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn wait(&self) -> Result<()> {
        use std::io::{Read, Write};
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(60) {
            if let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", self.port)) {
                stream.set_read_timeout(Some(Duration::from_secs(2)))?;
                let ask = "GET /minio/health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
                let mut answer = [0_u8; 12];
                if stream.write_all(ask.as_bytes()).is_ok()
                    && stream.read_exact(&mut answer).is_ok()
                    && answer.ends_with(b"200")
                {
                    return Ok(());
                }
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("MinIO is not ready after 60 s")
    }
}
