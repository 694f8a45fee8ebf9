//! An export of all there is, as csv and as jsonl, from a server of its own: rows a second, when the first row is there,
//! and how much memory the server took at most. `COUNT` (1400000) documents, of which about seven of ten are in the books;
//! `ONLY` one database; `KEEP` a folder of catalogs that were filled before.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use acuse_storage::Catalog;
use acuse_tests::{
    bench::{Ground, seeded},
    process::peak_mib,
    stack::{Api, Place},
};
use anyhow::{Context, Result, ensure};
use reqwest::Method;

const SCOPES: &[&str] = &["documents:read", "ids:read"];
/// What the bounds are.
const MEMORY_MIB: u64 = 128;
const ROWS_PER_S: f64 = 20_000.0;
const FIRST_ROW: Duration = Duration::from_millis(200);

/// One export; how many of the bounds it is beyond.
async fn export(place: &Place, database: &str, format: &str) -> Result<u32> {
    // A server of its own each: memory that was taken is not given back.
    let server = place.start("web", &["web"])?;
    let api = Api::connect(place, SCOPES).await?;
    let before = peak_mib(server.id()).context("the server's memory")?;
    let start = Instant::now();
    let mut answer = api.request(Method::GET, &format!("/v1/export?format={format}")).send().await?;
    ensure!(answer.status().is_success(), "{}", answer.status());
    let (mut first, mut lines, mut bytes) = (None, 0_u64, 0_u64);
    while let Some(piece) = answer.chunk().await? {
        first.get_or_insert_with(|| start.elapsed());
        bytes += piece.len() as u64;
        lines += piece.iter().filter(|b| **b == b'\n').count() as u64;
    }
    let (took, first) = (start.elapsed(), first.context("an empty export")?);
    // A header, or the totals.
    let rows = lines.saturating_sub(1);
    let peak = peak_mib(server.id()).context("the server's memory")?;
    let per_s = rows as f64 / took.as_secs_f64();
    println!(
        "{database:<10} {format:<6} {rows} rows, {} MiB in {took:.1?}: {per_s:.0} rows/s, first row after {first:.0?}, \
         {peak} MiB at most ({before} before)",
        bytes >> 20
    );
    Ok(u32::from(peak > MEMORY_MIB) + u32::from(per_s < ROWS_PER_S) + u32::from(first > FIRST_ROW))
}

async fn both(place: &Place, database: &str) -> Result<()> {
    let beyond = export(place, database, "csv").await? + export(place, database, "jsonl").await?;
    println!("# {database}: {beyond} beyond {MEMORY_MIB} MiB, {ROWS_PER_S} rows/s or {FIRST_ROW:?}");
    Ok(())
}

fn place(folder: &Path) -> Result<Place> {
    Ok(Place::embedded(folder, "http://127.0.0.1:9")?.with("ACUSE_RATE_PER_SEC", "100000"))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let count = std::env::var("COUNT").map_or(Ok(1_400_000), |v| v.parse()).context("COUNT")?;
    let only = std::env::var("ONLY").unwrap_or_default();
    let ground = Ground::new()?;
    let folder = ground.folder("lots")?;
    if only != "postgres" {
        let catalog = Catalog::open_sqlite(&folder.join("data/acuse.db")).await?;
        seeded(&catalog, count).await?;
        catalog.close().await;
        both(&place(&folder)?, "sqlite").await?;
    }
    if only != "sqlite"
        && let Some(postgres) = ground.postgres(&["few", "lots"])?
    {
        let url = postgres.url("lots");
        let catalog = Catalog::open(&url).await?;
        seeded(&catalog, count).await?;
        catalog.close().await;
        both(&place(&folder)?.with("ACUSE_DATABASE_URL", &url), "postgres").await?;
    }
    Ok(())
}
