//! Whoever is told of changes, as a process that a test can kill: a follower of the feed that goes on from the cursor it
//! kept, or a receiver of webhooks. Each writes a line for what it was told, before it does anything else with it.
//!
//! `acuse-test-told follow URL KEY TYPES FOLDER` · `acuse-test-told receive PORT SECRET FOLDER`

use std::{fs::File, io::Write, path::Path, sync::Arc, time::Duration};

use acuse_tests::told::{CURSOR, LINES, UNSIGNED, line};
use anyhow::{Context, Result, bail};
use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match args.as_slice() {
        ["follow", url, key, types, folder] => runtime.block_on(follow(url, key, types, Path::new(folder))),
        ["receive", port, secret, folder] => {
            runtime.block_on(receive(port.parse()?, secret, Path::new(folder)))
        }
        _ => bail!("follow URL KEY TYPES FOLDER, or receive PORT SECRET FOLDER"),
    }
}

/// One write a line, so that a death leaves whole lines only.
fn lines(folder: &Path) -> Result<File> {
    Ok(File::options().create(true).append(true).open(folder.join(LINES))?)
}

/// `types` as the feed takes them; empty: of all.
async fn follow(url: &str, key: &str, types: &str, folder: &Path) -> Result<()> {
    let client = reqwest::Client::new();
    let mut lines = lines(folder)?;
    let kept = folder.join(CURSOR);
    let only = if types.is_empty() { String::new() } else { format!("&types={types}") };
    loop {
        let cursor = std::fs::read_to_string(&kept).context("the cursor that was kept")?;
        let asked =
            client.get(format!("{url}/v1/events?after={cursor}&wait=1&limit=50{only}")).bearer_auth(key);
        let Ok(answer) = asked.send().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let page: Value = serde_json::from_str(&answer.error_for_status()?.text().await?)?;
        let told: String = page["data"].as_array().context("data")?.iter().filter_map(line).collect();
        lines.write_all(told.as_bytes())?;
        // It may die here, with the events dealt with and the cursor not yet kept.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let next = folder.join("next");
        std::fs::write(&next, page["next"].as_str().context("next")?)?;
        std::fs::rename(&next, &kept)?;
    }
}

async fn receive(port: u16, secret: &str, folder: &Path) -> Result<()> {
    let (lines, secret) = (Arc::new(lines(folder)?), secret.to_owned());
    let take = move |headers: HeaderMap, body: String| {
        let (lines, secret) = (Arc::clone(&lines), secret.clone());
        async move {
            let told = if is_signed(&secret, &headers, &body) {
                let event: Value = serde_json::from_str(&body).unwrap_or_default();
                line(&event["data"]).unwrap_or_default()
            } else {
                format!("{UNSIGNED}\n")
            };
            if (&*lines).write_all(told.as_bytes()).is_err() {
                return StatusCode::INTERNAL_SERVER_ERROR;
            }
            // It may die here, with the event taken and no answer given.
            tokio::time::sleep(Duration::from_millis(2)).await;
            StatusCode::NO_CONTENT
        }
    };
    // Whoever was here before may not have let go of it yet.
    let listener = loop {
        match tokio::net::TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    Ok(axum::serve(listener, Router::new().route("/hook", post(take))).await?)
}

fn is_signed(secret: &str, headers: &HeaderMap, body: &str) -> bool {
    let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let key = BASE64_STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap_or_default();
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    mac.update(format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    header("webhook-signature") == format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}
