//! The malware hook: every original goes through `clamd` before a decoder sees it (`ACUSE_CLAMD`).
//!
//! The protocol is clamd(8)'s `INSTREAM`: the bytes in chunks, each behind its length, an empty one at the end, and
//! one line back. Nothing the daemon says is believed beyond that line: it is capped, and a verdict that comes before
//! all bytes were sent is none. What the caller must know is why there is no verdict: the daemon is away
//! (wait for it), or it was there and gave none (try again, a few times).

use std::{io, path::PathBuf, str::FromStr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

/// Bytes of one chunk.
const CHUNK: usize = 64 << 10;
/// Longest answer, bytes: `stream: NAME FOUND`.
const ANSWER_BYTES: u64 = 4 << 10;
/// Characters kept of a signature's name or an error.
const WORD_CHARS: usize = 120;
/// Where `VERSION` and `PING` must be answered within.
const ASK: Duration = Duration::from_secs(5);

/// Where clamd listens: `LocalSocket` or `TCPSocket` of clamd.conf(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClamdAddress {
    /// A socket in the file system.
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
}

/// `ACUSE_CLAMD` is neither a path nor an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is neither the path of a socket nor host:port; write e.g. /run/clamav/clamd.ctl or 127.0.0.1:3310")]
pub struct NoAddress;

impl FromStr for ClamdAddress {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let path = text.strip_prefix("unix:").unwrap_or(text);
        if path.starts_with('/') {
            return Ok(Self::Unix(path.into()));
        }
        let (host, port) = text.strip_prefix("tcp://").unwrap_or(text).rsplit_once(':').ok_or(NoAddress)?;
        let sound =
            !host.is_empty() && !host.contains(['/', ' ']) && port.parse::<u16>().is_ok_and(|p| p > 0);
        sound.then(|| Self::Tcp(format!("{host}:{port}"))).ok_or(NoAddress)
    }
}

impl std::fmt::Display for ClamdAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => f.write_str(address),
        }
    }
}

/// What clamd says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No signature matches.
    Clean,
    /// This one does.
    Found(String),
    /// It is larger than clamd's `StreamMaxLength`, and was not scanned.
    TooLarge,
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Nobody listens.
    #[error("clamd at {0} is away")]
    Away(ClamdAddress, #[source] io::Error),
    /// It was there, and went away or fell silent before the verdict.
    #[error("clamd gave no verdict")]
    Silent(#[source] io::Error),
    /// It answered, and not with a verdict.
    #[error("clamd failed: {0}")]
    Failed(String),
    /// The file's bytes could not be had.
    #[error("taking the file's bytes")]
    Source(#[source] io::Error),
}

/// How long to wait.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For one file, from the first byte to the verdict. clamd's own `MaxScanTime` is 120 s.
    pub scan: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), scan: Duration::from_secs(150) }
    }
}

/// A clamd to ask. Each question is a connection of its own.
#[derive(Debug, Clone)]
pub struct Scanner {
    address: ClamdAddress,
    /// How long to wait.
    pub patience: Patience,
}

trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Socket for T {}

impl Scanner {
    /// The clamd at `address`.
    #[must_use]
    pub fn new(address: ClamdAddress) -> Self {
        Self { address, patience: Patience::default() }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &ClamdAddress {
        &self.address
    }

    /// Scans a file of exactly `size_bytes` from `source`.
    ///
    /// # Errors
    /// When there is no verdict: see [`ScanError`]. Then the file must not be opened.
    pub async fn scan(&self, source: impl AsyncRead + Unpin, size_bytes: u64) -> Result<Verdict, ScanError> {
        let socket = self.connect().await?;
        let asked = timeout(self.patience.scan, instream(socket, source, size_bytes));
        let silent = || ScanError::Silent(io::ErrorKind::TimedOut.into());
        verdict(&asked.await.map_err(|_| silent())??)
    }

    /// Its version, and that of its signatures: `ClamAV 1.0.9/27458/…`.
    ///
    /// # Errors
    /// When it is away or does not answer.
    pub async fn version(&self) -> Result<String, ScanError> {
        let mut socket = self.connect().await?;
        let asked = timeout(ASK, async {
            socket.write_all(b"zVERSION\0").await?;
            answer(&mut socket).await
        });
        let said =
            asked.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(ScanError::Silent)?;
        if said.starts_with("ClamAV") { Ok(word(&said)) } else { Err(ScanError::Failed(word(&said))) }
    }

    async fn connect(&self) -> Result<Box<dyn Socket>, ScanError> {
        let connecting = async {
            Ok::<Box<dyn Socket>, io::Error>(match &self.address {
                ClamdAddress::Unix(path) => Box::new(UnixStream::connect(path).await?),
                ClamdAddress::Tcp(address) => Box::new(TcpStream::connect(address.as_str()).await?),
            })
        };
        let connected = timeout(self.patience.connect, connecting).await;
        connected
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| ScanError::Away(self.address.clone(), error))
    }
}

/// Sends the bytes and takes the answer, which may come early (too large).
async fn instream(
    socket: Box<dyn Socket>,
    source: impl AsyncRead + Unpin,
    size_bytes: u64,
) -> Result<String, ScanError> {
    let (mut from, mut to) = tokio::io::split(socket);
    let sending = send(&mut to, source, size_bytes);
    let answering = answer(&mut from);
    tokio::pin!(sending, answering);
    tokio::select! {
        biased;
        early = &mut answering => {
            let said = early.map_err(ScanError::Silent)?;
            // Only a refusal can be known before the end.
            if said.ends_with("ERROR") { Ok(said) } else { Err(ScanError::Failed("it answered too early".into())) }
        }
        sent = &mut sending => match sent {
            Err(ScanError::Source(error)) => Err(ScanError::Source(error)),
            Ok(()) => answering.await.map_err(ScanError::Silent),
            // It closed on us: its last words may say why.
            Err(broken) => answering.await.map_err(|_| broken),
        },
    }
}

async fn send(
    to: &mut (impl AsyncWrite + Unpin),
    source: impl AsyncRead + Unpin,
    size_bytes: u64,
) -> Result<(), ScanError> {
    to.write_all(b"zINSTREAM\0").await.map_err(ScanError::Silent)?;
    let mut source = source.take(size_bytes);
    let mut left = size_bytes;
    let mut chunk = vec![0; CHUNK];
    while left > 0 {
        let got = source.read(&mut chunk).await.map_err(ScanError::Source)?;
        let Some(bytes) = chunk.get(..got).filter(|bytes| !bytes.is_empty()) else {
            return Err(ScanError::Source(io::ErrorKind::UnexpectedEof.into()));
        };
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
        to.write_all(&length).await.map_err(ScanError::Silent)?;
        to.write_all(bytes).await.map_err(ScanError::Silent)?;
        left = left.saturating_sub(bytes.len() as u64);
    }
    to.write_all(&[0; 4]).await.map_err(ScanError::Silent)?;
    to.flush().await.map_err(ScanError::Silent)
}

/// One line, up to its zero byte or the end.
async fn answer(from: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut said = Vec::new();
    let mut from = from.take(ANSWER_BYTES);
    let mut chunk = [0; 512];
    while !said.contains(&0) {
        let got = from.read(&mut chunk).await?;
        if got == 0 {
            break;
        }
        said.extend_from_slice(chunk.get(..got).unwrap_or_default());
    }
    let line = said.split(|b| *b == 0).next().unwrap_or_default();
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(line).trim().to_owned())
}

fn verdict(said: &str) -> Result<Verdict, ScanError> {
    let of_stream = said.strip_prefix("stream: ").unwrap_or_default();
    match of_stream.strip_suffix(" FOUND") {
        Some(name) if !name.is_empty() => Ok(Verdict::Found(word(name))),
        _ if of_stream == "OK" => Ok(Verdict::Clean),
        _ if said.contains("size limit exceeded") => Ok(Verdict::TooLarge),
        _ => Err(ScanError::Failed(word(said))),
    }
}

/// What may be shown and logged of another program's words.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(WORD_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_paths_or_hosts_with_ports() {
        let parsed = |text: &str| text.parse::<ClamdAddress>();
        assert_eq!(parsed("/run/clamd.ctl"), Ok(ClamdAddress::Unix("/run/clamd.ctl".into())));
        assert_eq!(parsed("unix:/run/clamd.ctl"), Ok(ClamdAddress::Unix("/run/clamd.ctl".into())));
        assert_eq!(parsed("localhost:3310"), Ok(ClamdAddress::Tcp("localhost:3310".into())));
        assert_eq!(parsed("tcp://[::1]:3310"), Ok(ClamdAddress::Tcp("[::1]:3310".into())));
        for wrong in
            ["", "clamd", "localhost", "localhost:", ":3310", "localhost:0", "http://x/y:1", "run/clamd"]
        {
            assert_eq!(parsed(wrong), Err(NoAddress), "{wrong}");
        }
    }

    #[test]
    fn only_the_agreed_words_are_a_verdict() {
        assert_eq!(verdict("stream: OK").expect("clean"), Verdict::Clean);
        let found = verdict("stream: Eicar-Test.UNOFFICIAL FOUND").expect("found");
        assert_eq!(found, Verdict::Found("Eicar-Test.UNOFFICIAL".into()));
        assert_eq!(verdict("INSTREAM size limit exceeded. ERROR").expect("a verdict"), Verdict::TooLarge);
        for none in
            ["", "OK", "stream: ", "stream: OKAY", "stream:  FOUND", "UNKNOWN COMMAND", "stream: x ERROR"]
        {
            assert!(matches!(verdict(none), Err(ScanError::Failed(_))), "{none}");
        }
        let long = format!("stream: {}\u{1b}[31m FOUND", "x".repeat(500));
        let Verdict::Found(name) = verdict(&long).expect("found") else { panic!("not found") };
        assert_eq!(name.len(), WORD_CHARS);
    }
}
