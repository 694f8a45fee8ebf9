//! Signed webhooks from many senders against `acuse serve`, beside the disk's own `fdatasync` rate.
//!
//! Closed loop: each connection sends its next webhook when the last was acknowledged. Every webhook is one image
//! message from its own sender, so each acknowledgement stands for a committed delivery, contact, message,
//! document and task. Bounded: `SECONDS` (10) and `CONNECTIONS` (256).

#![allow(missing_docs, clippy::print_stdout)]

use std::{
    io::Write,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use acuse_tests::{
    bench::setting,
    free_port,
    process::{Guarded, healthy},
};
use anyhow::{Context, Result, bail};
use hmac::{Hmac, KeyInit, Mac};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SECRET: &str = "bench-secret";

/// Appends 4 KiB and syncs, again and again: what one writer alone could acknowledge a second.
fn fdatasync_per_second(folder: &Path, span: Duration) -> Result<f64> {
    let mut file = std::fs::File::create(folder.join("fdatasync.probe"))?;
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < span {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

fn request(n: u64, port: u16) -> Result<Vec<u8>> {
    let phone = 15_550_000_000 + n;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let body = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550100001","phone_number_id":"700100200300400"}},"contacts":[{{"profile":{{"name":"Sender {n}"}},"wa_id":"{phone}","user_id":"US.{phone}"}}],"messages":[{{"from":"{phone}","from_user_id":"US.{phone}","id":"wamid.BENCH{n:012}","timestamp":"{now}","type":"image","image":{{"mime_type":"image/jpeg","sha256":"SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=","id":"bench{n}"}}}}]}},"field":"messages"}}]}}]}}"#
    );
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    Ok(format!(
        "POST /webhooks/whatsapp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes())
}

/// Reads one answer; returns its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        let Some(head) = buffer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let length: usize = text
            .lines()
            .find_map(|l| l.strip_prefix("content-length:"))
            .map_or(Ok(0), |v| v.trim().parse())
            .context("content-length")?;
        if buffer.len() >= head + 4 + length {
            return text.get(9..12).unwrap_or_default().parse().context("status line");
        }
    }
}

async fn sender(port: u16, next: Arc<AtomicU64>, until: Instant) -> Result<(Vec<u32>, u64)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let (mut latencies, mut refused, mut buffer) = (Vec::new(), 0, Vec::with_capacity(1024));
    while Instant::now() < until {
        let bytes = request(next.fetch_add(1, Ordering::Relaxed), port)?;
        let start = Instant::now();
        stream.write_all(&bytes).await?;
        if answer(&mut stream, &mut buffer).await? == 200 {
            latencies.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            refused += 1;
        }
    }
    Ok((latencies, refused))
}

#[tokio::main]
async fn main() -> Result<()> {
    let span = Duration::from_secs(setting("SECONDS", 10)?.clamp(1, 120));
    let connections = setting("CONNECTIONS", 256)?.clamp(1, 1024);
    let binary = acuse_tests::acuse_binary()?;
    // On the disk that would hold real data, not on a memory file system.
    let folder = tempfile::Builder::new().prefix(".bench-intake-").tempdir_in(".")?;
    let port = free_port()?;
    let before = fdatasync_per_second(folder.path(), Duration::from_secs(3))?;

    let mut command = Command::new(&binary);
    command
        .arg("serve")
        .env("ACUSE_LISTEN", format!("127.0.0.1:{port}"))
        .env("ACUSE_DATA_DIR", folder.path().join("data"))
        .env("ACUSE_WHATSAPP_APP_SECRET", SECRET)
        .env("ACUSE_WHATSAPP_VERIFY_TOKEN", "bench")
        .env("ACUSE_WHATSAPP_ACCESS_TOKEN", "bench")
        // Nobody listens there: media stays unfetched, which is the worst case for the queue.
        .env("ACUSE_GRAPH_URL", format!("http://127.0.0.1:{}", free_port()?))
        .env("RUST_LOG", "warn");
    let log = folder.path().join("log");
    let mut server = Guarded::start("acuse serve", &mut command, &log)?;
    healthy(port, &server).await.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;

    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let senders: Vec<_> =
        (0..connections).map(|_| tokio::spawn(sender(port, next.clone(), start + span))).collect();
    let (mut latencies, mut refused) = (Vec::new(), 0);
    for task in senders {
        let (some, not) = task.await??;
        latencies.extend(some);
        refused += not;
    }
    let elapsed = start.elapsed().as_secs_f64();
    server.stop(Duration::from_secs(30))?;
    let after = fdatasync_per_second(folder.path(), Duration::from_secs(3))?;

    latencies.sort_unstable();
    let at = |p: usize| latencies.get((latencies.len() * p / 100).min(latencies.len().saturating_sub(1)));
    let ms = |v: Option<&u32>| v.map_or(f64::NAN, |v| f64::from(*v) / 1000.0);
    let rate = latencies.len() as f64 / elapsed;
    let disk = (before + after) / 2.0;
    println!(
        "acknowledged   {:>9.0} /s   ({} in {elapsed:.1} s, {connections} connections)",
        rate,
        latencies.len()
    );
    println!(
        "latency        p50 {:.1} ms   p99 {:.1} ms   max {:.1} ms",
        ms(at(50)),
        ms(at(99)),
        ms(latencies.last())
    );
    println!("refused        {refused:>9}");
    println!("fdatasync      {disk:>9.0} /s   (before {before:.0}, after {after:.0}, same disk)");
    println!("ratio          {:>9.1} x", rate / disk);
    Ok(())
}
