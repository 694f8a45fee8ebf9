//! `make bench-cases`: how late the steps of cases are that are due, while many cases are open and webhooks come at a
//! steady rate.
//!
//! Open loop: a webhook leaves when its time has come, whether the one before was answered or not. Each is one photo of a
//! sender of its own, so each opens a case whose burst rests eight seconds later: that step is measured, by what its row
//! says. Nobody plays Meta: media stays unfetched, which is the worst case for the queue. Bounded: `OPEN` (10,000),
//! `RATE` (100 a second) and `SECONDS_LONG` (60).

#![allow(missing_docs, clippy::print_stdout)]

use std::{
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use acuse_tests::{
    bench::setting,
    free_port,
    process::{Guarded, healthy},
};
use anyhow::{Context, Result, ensure};
use hmac::{Hmac, KeyInit, Mac};
use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};
use tokio::{sync::Semaphore, time::MissedTickBehavior};
use uuid::Uuid;

const SECRET: &str = "bench-secret";
/// How long a burst rests, microseconds: `documents` in `policies.tsv`.
const RESTS: i64 = 8_000_000;
/// What is promised, microseconds.
const LATE: i64 = 2_000_000;
/// Webhooks that may wait for their answer at once.
const AT_ONCE: usize = 512;

fn micros_now() -> Result<i64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    i64::try_from(since.as_micros()).context("a clock of this age")
}

/// A signed webhook with one photo of sender `n`.
fn webhook(n: u64) -> Result<(String, String)> {
    let phone = 15_560_000_000 + n;
    let now = micros_now()? / 1_000_000;
    let body = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550100001","phone_number_id":"700100200300400"}},"contacts":[{{"profile":{{"name":"Sender {n}"}},"wa_id":"{phone}","user_id":"US.{phone}"}}],"messages":[{{"from":"{phone}","from_user_id":"US.{phone}","id":"wamid.CASES{n:012}","timestamp":"{now}","type":"image","image":{{"mime_type":"image/jpeg","sha256":"SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=","id":"cases{n}"}}}}]}},"field":"messages"}}]}}]}}"#
    );
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    Ok((format!("sha256={}", hex::encode(mac.finalize().into_bytes())), body))
}

fn acuse(binary: &Path, folder: &Path, what: &str, port: u16, graph: u16) -> Command {
    let mut command = Command::new(binary);
    command
        .arg(what)
        .env("ACUSE_LISTEN", format!("127.0.0.1:{port}"))
        .env("ACUSE_DATA_DIR", folder.join("data"))
        .env("ACUSE_WHATSAPP_APP_SECRET", SECRET)
        .env("ACUSE_WHATSAPP_VERIFY_TOKEN", "bench")
        .env("ACUSE_WHATSAPP_ACCESS_TOKEN", "bench")
        .env("ACUSE_GRAPH_URL", format!("http://127.0.0.1:{graph}"))
        .env("RUST_LOG", "warn");
    command
}

/// Questions that wait for somebody, each with a contact of its own; none is due while we look.
async fn open_cases(pool: &SqlitePool, count: u64) -> Result<()> {
    let now = micros_now()?;
    let mut tx = pool.begin().await?;
    for n in 0..count {
        let (contact, case) = (Uuid::now_v7(), Uuid::now_v7());
        sqlx::query("INSERT INTO contacts (id, phone, phone_number_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)")
            .bind(contact)
            .bind(format!("1557{n:07}"))
            .bind("700100200300400")
            .bind(now)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, expects, due_at, policy, \
             policy_version, created_at, updated_at) VALUES ($1, $2, $3, 'ask', $4, 'waiting', 'file', $5, 'ask', 1, $6, $6)",
        )
        .bind(case)
        .bind(contact)
        .bind("700100200300400")
        .bind(case.to_string())
        .bind(now + 3_600_000_000 + i64::try_from(n)?)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    }
    Ok(tx.commit().await?)
}

/// Posts at a steady rate; how many were taken, and how many were not.
async fn post(port: u16, rate: u64, span: Duration) -> Result<(u64, u64)> {
    let (client, url) = (reqwest::Client::new(), format!("http://127.0.0.1:{port}/webhooks/whatsapp"));
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / rate as f64));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (start, mut n, mut posted) = (Instant::now(), 0, Vec::new());
    while start.elapsed() < span {
        ticks.tick().await;
        let (signature, body) = webhook(n)?;
        let request = client.post(&url).header("X-Hub-Signature-256", signature).body(body);
        let request = request.header("Content-Type", "application/json");
        let place = places.clone().acquire_owned().await?;
        posted.push(tokio::spawn(async move {
            let answer = request.send().await;
            drop(place);
            answer.is_ok_and(|answer| answer.status().is_success())
        }));
        n += 1;
    }
    let (mut taken, mut not) = (0, 0);
    for one in posted {
        if one.await? { taken += 1 } else { not += 1 }
    }
    Ok((taken, not))
}

/// By how much each burst's step was later than its time, microseconds, sorted; and how many have yet to be taken.
async fn lateness(pool: &SqlitePool) -> Result<(Vec<i64>, u64)> {
    let sql = "SELECT state, updated_at - created_at FROM cases WHERE kind = 'documents'";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(pool).await?;
    let waiting = rows.iter().filter(|(state, _)| state == "gathering").count();
    let mut late: Vec<i64> =
        rows.iter().filter(|(state, _)| state != "gathering").map(|(_, took)| took - RESTS).collect();
    late.sort_unstable();
    Ok((late, waiting as u64))
}

fn at(sorted: &[i64], per_thousand: usize) -> f64 {
    let place = (sorted.len() * per_thousand / 1_000).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default() as f64 / 1_000_000.0
}

#[tokio::main]
async fn main() -> Result<()> {
    let open = setting("OPEN", 10_000)?.clamp(1, 1_000_000);
    let rate = setting("RATE", 100)?.clamp(1, 1_000);
    let span = Duration::from_secs(setting("SECONDS_LONG", 60)?.clamp(1, 600));
    let binary = acuse_tests::acuse_binary()?;
    // On the disk that would hold real data, not on a memory file system.
    let folder = tempfile::Builder::new().prefix(".bench-cases-").tempdir_in(".")?;
    let (port, graph) = (free_port()?, free_port()?);
    let migrated = acuse(&binary, folder.path(), "migrate", port, graph).output()?;
    ensure!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    let file = folder.path().join("data").join("acuse.db");
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file)).await?;
    open_cases(&pool, open).await?;

    let log = folder.path().join("log");
    let mut server =
        Guarded::start("acuse serve", &mut acuse(&binary, folder.path(), "serve", port, graph), &log)?;
    healthy(port, &server).await.with_context(|| std::fs::read_to_string(&log).unwrap_or_default())?;
    let (taken, not) = post(port, rate, span).await?;
    // The last burst rests, and as long again for what is late.
    let patience = Instant::now();
    let (late, waiting) = loop {
        let (late, waiting) = lateness(&pool).await?;
        if waiting == 0 || patience.elapsed() > Duration::from_secs(60) {
            break (late, waiting);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    pool.close().await;
    server.stop(Duration::from_secs(30))?;
    println!(
        "{open} open cases, {taken} webhooks in {} s ({} not taken): {} steps were due, late by {:.2} s at p50, \
         {:.2} s at p99, {:.2} s at most; {waiting} never came",
        span.as_secs(),
        not,
        late.len(),
        at(&late, 500),
        at(&late, 990),
        at(&late, 1_000)
    );
    ensure!(not == 0 && waiting == 0, "every webhook is taken, and every step that is due comes");
    ensure!(at(&late, 990) * 1_000_000.0 <= LATE as f64, "p99 is over 2 s");
    Ok(())
}
