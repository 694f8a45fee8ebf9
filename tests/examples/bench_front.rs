//! What others can take from Meta's webhooks: their times, and `/readyz`'s, while 5,000 connections send half a request, 150
//! files of 7 MB come at once, 100,000 bad keys are tried, and ten clients search for what is not there.
//!
//! Open loop: a webhook every `EVERY_MS` (20), whatever became of the last. Bounded: each trouble lasts as long as it
//! takes, at most `SECONDS` (30). `DOCUMENTS` (20000) lie in the catalog. Loopback only; needs 12,000 file handles.
//!
//! Who asks has a thread and connections of its own: what troubles the server is not to keep it from looking at the clock.
//! It asks again for nothing, and of what failed it is said when, after how long, and why.

#![allow(missing_docs, clippy::print_stdout)]

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use acuse_storage::{Catalog, conformance::many};
use acuse_tests::{
    bench::setting,
    process::peak_mib,
    stack::{APP_SECRET, Api, Place},
};
use anyhow::Result;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    runtime::{Handle, Runtime},
    task::JoinSet,
    time::{interval, timeout},
};

const SCOPES: &[&str] = &["documents:read", "documents:write"];
/// What the bounds are.
const WEBHOOK_P99: Duration = Duration::from_millis(100);
const MEMORY_MIB: u64 = 512;

/// A signed text message of sender `n`.
fn webhook(n: u64) -> Result<(Vec<u8>, String)> {
    let phone = 15_550_000_000 + n;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let body =
        serde_json::json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550100001", "phone_number_id": "700100200300400" },
            "contacts": [{ "profile": { "name": format!("Sender {n}") }, "wa_id": phone.to_string() }],
            "messages": [{ "from": phone.to_string(), "id": format!("wamid.FRONT{n:012}"),
                "timestamp": now.to_string(), "type": "text", "text": { "body": "hello" } }],
        },
    }] }] })
        .to_string()
        .into_bytes();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(APP_SECRET.as_bytes())?;
    mac.update(&body);
    Ok((body, format!("sha256={}", hex::encode(mac.finalize().into_bytes()))))
}

/// Most failures that are told in full.
const TOLD: usize = 20;

/// Times of what is asked while something else goes on, and what became of what failed.
struct Times {
    begun: Instant,
    webhooks: Mutex<Vec<Duration>>,
    ready: Mutex<Vec<Duration>>,
    failed: Mutex<Vec<String>>,
}

impl Times {
    fn begin() -> Self {
        Self {
            begun: Instant::now(),
            webhooks: Mutex::default(),
            ready: Mutex::default(),
            failed: Mutex::default(),
        }
    }

    /// Asks, and notes how long that took among `times`.
    async fn ask(&self, what: &str, request: RequestBuilder, times: &Mutex<Vec<Duration>>) {
        let start = Instant::now();
        let answered = answered(request).await;
        let took = start.elapsed();
        times.lock().unwrap_or_else(PoisonError::into_inner).push(took);
        if let Err(why) = answered {
            let at = start.duration_since(self.begun);
            let told = format!("{what} at {at:.3?}, after {took:.1?}: {why:#}");
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        }
    }
}

/// Asks for a 200; anything else is an error that says what it was.
async fn answered(request: RequestBuilder) -> Result<()> {
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    anyhow::ensure!(status == 200, "{status} {text}");
    Ok(())
}

fn percentiles(times: &Mutex<Vec<Duration>>) -> Result<[Duration; 3]> {
    let mut all = times.lock().map_err(|_| anyhow::anyhow!("poisoned"))?.clone();
    all.sort_unstable();
    anyhow::ensure!(!all.is_empty(), "nothing was measured");
    let at = |part: f64| all[((all.len() - 1) as f64 * part).round() as usize];
    Ok([at(0.0), at(0.5), at(0.99)])
}

/// Asks on and on, on a thread of its own, until it is aborted.
fn asking(
    on: &Handle,
    api: &Api,
    every: Duration,
    times: &Arc<Times>,
    count: &Arc<AtomicU64>,
) -> JoinSet<Result<()>> {
    let mut set = JoinSet::new();
    let (api, times, count) = (api.clone(), times.clone(), count.clone());
    set.spawn_on(
        async move {
            let mut ticks = interval(every);
            let mut asked = JoinSet::new();
            loop {
                ticks.tick().await;
                let n = count.fetch_add(1, Ordering::Relaxed);
                let (api, times) = (api.clone(), times.clone());
                asked.spawn(async move {
                    let (body, signature) = webhook(n)?;
                    times.ask("webhook", api.signed(body, &signature), &times.webhooks).await;
                    times.ask("readyz", api.without_key(Method::GET, "/readyz"), &times.ready).await;
                    anyhow::Ok(())
                });
                while asked.try_join_next().is_some() {}
            }
        },
        on,
    );
    set
}

async fn slow_connections(port: u16, most: Duration) -> Result<String> {
    let mut held = Vec::new();
    let start = Instant::now();
    while held.len() < 5_000 && start.elapsed() < most {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).await?;
        // It may be closed again already, to make room.
        let _ = socket.write_all(b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nX-Half: ").await;
        held.push(socket);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    Ok(format!("{} connections", held.len()))
}

async fn large_files(api: &Api, most: Duration) -> Result<String> {
    let mut body =
        b"--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n".to_vec();
    body.resize(body.len() + (7 << 20), 7);
    body.extend_from_slice(b"\r\n--part--\r\n");
    let body = bytes_of(body);
    let mut uploads = JoinSet::new();
    for _ in 0..150 {
        let request = api.request(Method::POST, "/v1/documents");
        let request = request.header("Content-Type", "multipart/form-data; boundary=part").body(body);
        uploads.spawn(async move { request.send().await.map(|a| a.status().as_u16()) });
    }
    let mut kept = 0;
    let all = async {
        while let Some(answer) = uploads.join_next().await {
            kept += u32::from(matches!(answer, Ok(Ok(201))));
        }
    };
    let _ = timeout(most, all).await;
    Ok(format!("{kept} of 150 kept, the others told to come back"))
}

/// One copy for all requests.
fn bytes_of(body: Vec<u8>) -> &'static [u8] {
    Box::leak(body.into_boxed_slice())
}

async fn bad_keys(api: &Api, most: Duration) -> Result<String> {
    let next = Arc::new(AtomicU64::new(0));
    let mut triers = JoinSet::new();
    for _ in 0..64 {
        let (api, next) = (api.clone(), next.clone());
        triers.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= 100_000 {
                    return;
                }
                let tried = api.without_key(Method::GET, "/v1/ledger").bearer_auth(format!("acuse_{n:064}"));
                let _ = tried.send().await;
            }
        });
    }
    let _ = timeout(most, async { while triers.join_next().await.is_some() {} }).await;
    Ok(format!("{} keys", next.load(Ordering::Relaxed).min(100_000)))
}

async fn searches(api: &Api, most: Duration) -> Result<String> {
    let count = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for client in 0..10 {
        let (api, count) = (api.clone(), count.clone());
        clients.spawn(async move {
            loop {
                let n = count.fetch_add(1, Ordering::Relaxed);
                let _ = api.request(Method::GET, &format!("/v1/documents?q=zzyx{client}q{n}")).send().await;
            }
        });
    }
    tokio::time::sleep(most.min(Duration::from_secs(10))).await;
    Ok(format!("{} searches", count.load(Ordering::Relaxed)))
}

async fn seeded(folder: &Path, documents: u64) -> Result<()> {
    std::fs::create_dir_all(folder.join("data"))?;
    let catalog = Catalog::open_sqlite(&folder.join("data/acuse.db")).await?;
    many(&catalog, documents).await;
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let most = Duration::from_secs(setting("SECONDS", 30)?);
    let every = Duration::from_millis(setting("EVERY_MS", 20)?.max(1));
    let folder = tempfile::tempdir()?;
    seeded(folder.path(), setting("DOCUMENTS", 20_000)?).await?;
    let place = Place::embedded(folder.path(), "http://127.0.0.1:9")?;
    let server = place.start("web", &["web"])?;
    let api = Api::connect(&place, SCOPES).await?;
    let count = Arc::new(AtomicU64::new(0));
    // It ends with the process: a runtime cannot be dropped within another.
    let clock = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let clock: &Runtime = Box::leak(Box::new(clock));
    let asks = api.beside()?;
    println!("{:<34} {:>9} {:>9} {:>9} | {:>9} {:>9} | failed", "", "min", "p50", "p99", "readyz", "p99");
    let mut beyond = 0;
    for trouble in ["nothing else", "slow connections", "large files", "bad keys", "searches"] {
        let times = Arc::new(Times::begin());
        let mut asking = asking(clock.handle(), &asks, every, &times, &count);
        let what = match trouble {
            "slow connections" => slow_connections(place.port, most).await?,
            "large files" => large_files(&api, most).await?,
            "bad keys" => bad_keys(&api, most).await?,
            "searches" => searches(&api, most).await?,
            _ => {
                tokio::time::sleep(Duration::from_secs(5)).await;
                String::from("five seconds")
            }
        };
        asking.shutdown().await;
        let ([min, p50, p99], [_, ready, ready_p99]) =
            (percentiles(&times.webhooks)?, percentiles(&times.ready)?);
        let ms = |d: Duration| format!("{:.1}ms", d.as_secs_f64() * 1e3);
        let failures = times.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let failed = failures.len();
        let name = format!("{trouble}: {what}");
        let (min, p50, told) = (ms(min), ms(p50), ms(p99));
        println!("{name:<34} {min:>9} {p50:>9} {told:>9} | {:>9} {:>9} | {failed}", ms(ready), ms(ready_p99));
        failures.iter().take(TOLD).for_each(|told| println!("    {told}"));
        beyond += u32::from(p99 > WEBHOOK_P99);
    }
    let peak = peak_mib(server.id()).unwrap_or_default();
    println!("# {beyond} beyond {WEBHOOK_P99:?}; {peak} MiB at most, of {MEMORY_MIB}");
    Ok(())
}
