//! Receivers outside of us: a server that takes HTTP and answers what the test says, and a real mail server.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Came {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Came {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether this secret signed it, by the reference implementation.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let at: i64 = self.header("webhook-timestamp").parse().unwrap();
        let theirs = standardwebhooks::Webhook::new(secret).unwrap();
        let signature = theirs.sign(self.header("webhook-id"), at, self.body.as_bytes()).unwrap();
        self.header("webhook-signature").split(' ').any(|s| s == signature)
    }
}

type Answer = dyn Fn(&Came) -> (u16, Duration) + Send + Sync;

struct State {
    came: Mutex<Vec<Came>>,
    answer: Mutex<Box<Answer>>,
}

/// A server that takes HTTP.
pub struct Receiver {
    state: Arc<State>,
    pub url: String,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer: Box<Answer> = Box::new(|_| (200, Duration::ZERO));
        let state = Arc::new(State { came: Mutex::default(), answer: Mutex::new(answer) });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { while serve(&stream, &shared).await.is_some() {} });
            }
        });
        Self { state, url }
    }

    /// From now on it answers so.
    pub fn answers(&self, answer: impl Fn(&Came) -> (u16, Duration) + Send + Sync + 'static) {
        *self.state.answer.lock().unwrap() = Box::new(answer);
    }

    pub fn says(&self, status: u16) {
        self.answers(move |_| (status, Duration::ZERO));
    }

    /// All that came since the last time somebody looked.
    pub fn came(&self) -> Vec<Came> {
        std::mem::take(&mut *self.state.came.lock().unwrap())
    }
}

async fn serve(stream: &TcpStream, state: &State) -> Option<()> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut chunk = [0; 4_096];
        stream.readable().await.ok()?;
        match stream.try_read(&mut chunk) {
            Ok(0) => return None,
            Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(_) => return None,
        }
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let header = |line: &str| line.split_once(':').map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()));
    let headers: Vec<_> = lines.filter_map(header).collect();
    let length = headers.iter().find(|(n, _)| n == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
    let mut body = bytes[head + 4..].to_vec();
    while body.len() < length {
        let mut chunk = [0; 4_096];
        stream.readable().await.ok()?;
        match stream.try_read(&mut chunk) {
            Ok(0) => return None,
            Ok(n) => body.extend_from_slice(&chunk[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return None,
        }
    }
    let came = Came { path, headers, body: String::from_utf8(body).unwrap() };
    let (status, wait) = (state.answer.lock().unwrap())(&came);
    state.came.lock().unwrap().push(came);
    tokio::time::sleep(wait).await;
    // A redirect that would lead home, if anybody followed it.
    let answer = format!("HTTP/1.1 {status} Answer\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
    stream.writable().await.ok()?;
    stream.try_write(answer.as_bytes()).ok().map(drop)
}

/// A mail server, and the folder into which it delivers.
pub struct MailServer {
    process: Child,
    folder: tempfile::TempDir,
    pub url: String,
}

impl MailServer {
    /// `None` where `scripts/tools.sh test` could not install one.
    pub async fn start() -> Option<Self> {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cache")))?;
        let program = cache.join("acuse/smtp/bin/aiosmtpd");
        if !program.exists() {
            assert!(std::env::var_os("CI").is_none(), "aiosmtpd is not here");
            eprintln!("aiosmtpd is not here: mail is not tested (scripts/tools.sh test installs it)");
            return None;
        }
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command.args(["-n", "-l", &free.to_string(), "-c", "aiosmtpd.handlers.Mailbox"]);
        command.arg(folder.path().join("mail")).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let server = Self { process, folder, url: format!("smtp://{free}") };
        for _ in 0..2_400 {
            if TcpStream::connect(free).await.is_ok() {
                return Some(server);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the mail server did not start");
    }

    /// The mails that were delivered, as they are on the wire.
    pub fn mails(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.folder.path().join("mail/new")) else { return Vec::new() };
        files.map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
