//! A child process that ends with its guard.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::stack::wait;

/// How much of its log a process that has ended is told with, bytes.
const LAST_WORDS: usize = 2_000;

/// A process that was started, for those who wait for it and do not own it.
#[derive(Debug, Clone)]
pub struct Started {
    name: String,
    pid: u32,
    log: PathBuf,
}

impl Started {
    /// Whether it has ended, be it that nobody has asked it yet how. Where there is no `/proc` that is not known.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", self.pid)) else {
            return Path::new("/proc/self/status").exists();
        };
        status.lines().any(|line| line.starts_with("State:") && line.contains('Z'))
    }

    /// That it has ended, and the last that it said.
    #[must_use]
    pub fn told(&self) -> String {
        let said = std::fs::read(&self.log).unwrap_or_default();
        let last = said.get(said.len().saturating_sub(LAST_WORDS)..).unwrap_or_default();
        format!("{} has ended: {}", self.name, String::from_utf8_lossy(last).trim_end())
    }
}

/// A running child. Dropping it kills it.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Guarded {
    /// Starts `command` with its output in `log`.
    ///
    /// # Errors
    /// When the program cannot be started or the log cannot be written.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let out = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let err = out.try_clone()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self { child, name: name.to_owned(), log: log.to_owned() })
    }

    /// It as those see it who wait for it.
    #[must_use]
    pub fn started(&self) -> Started {
        Started { name: self.name.clone(), pid: self.child.id(), log: self.log.clone() }
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and how.
    ///
    /// # Errors
    /// When the process cannot be asked.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// `kill -9`, and waits for the end.
    ///
    /// # Errors
    /// When the process cannot be signalled.
    pub fn kill_9(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop (SIGTERM) and waits.
    ///
    /// # Errors
    /// When it has not ended after `patience`.
    pub fn stop(&mut self, patience: Duration) -> Result<ExitStatus> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("process id")?;
        kill_process(pid, Signal::TERM)?;
        self.wait(patience)
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// When it has not ended after `patience`.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if start.elapsed() > patience {
                bail!("{} has not ended after {patience:?}", self.name);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Waits until this `acuse serve` or `acuse web` at this port of loopback is healthy.
///
/// # Errors
/// When it is not after a minute, or has ended.
pub async fn healthy(port: u16, server: &Guarded) -> Result<()> {
    let started = server.started();
    let asked = || async {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}/healthz")).await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(Some(()));
        }
        if started.has_ended() { Err(anyhow!(started.told())) } else { Ok(None) }
    };
    wait("acuse to be healthy", Duration::from_secs(60), asked).await
}

/// The most memory that a process has had at once, MiB.
#[must_use]
pub fn peak_mib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
