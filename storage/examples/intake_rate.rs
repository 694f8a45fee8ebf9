//! How fast the door is: deliveries a second into SQLite beside plain `fdatasync`s a second on the same disk.
//!
//! `cargo run --release -p acuse-storage --features conformance --example intake_rate -- [FOLDER] [SECONDS] [SENDERS]`
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use acuse_storage::{
    Catalog, Intake,
    conformance::{Sample, delivery, photo},
    inbound::InboundItem,
};

fn fdatasyncs_per_second(folder: &Path, secs: u64) -> f64 {
    let mut file = std::fs::File::create(folder.join("fdatasync")).unwrap();
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(secs) {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let folder = args.next().unwrap_or_else(|| ".".into());
    let secs: u64 = args.next().map_or(5, |s| s.parse().expect("SECONDS is a number"));
    let senders: usize = args.next().map_or(256, |s| s.parse().expect("SENDERS is a number"));
    let folder = tempfile::tempdir_in(folder).unwrap();
    let disk = fdatasyncs_per_second(folder.path(), 2);
    let catalog = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
    let intake = Intake::spawn(catalog.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..senders {
        let (intake, stop) = (intake.clone(), stop.clone());
        tasks.spawn(async move {
            let who = Sample::new();
            let mut waits = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let message = photo(&Sample { wamid: Sample::new().wamid, ..who.clone() });
                let mut webhook = delivery(vec![InboundItem::Message(message)]);
                webhook.body = vec![b'x'; 1_100];
                let sent = Instant::now();
                intake.record(webhook).await.expect("committed");
                waits.push(sent.elapsed());
            }
            waits
        });
    }
    tokio::time::sleep(Duration::from_secs(secs)).await;
    stop.store(true, Ordering::Relaxed);
    let mut waits: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let rate = waits.len() as f64 / start.elapsed().as_secs_f64();
    waits.sort();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{rate:.0} deliveries/s (p50 {:.1} ms, p99 {:.1} ms), {disk:.0} fdatasync/s: {:.1} times; ledger {:?}",
        at(0.5),
        at(0.99),
        rate / disk,
        catalog.ledger(None, None).await.unwrap()
    );
}
