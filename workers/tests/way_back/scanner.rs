//! A scanner that answers and finds nothing lets no document through, and is one incident until it finds again.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use acuse_storage::{Stage, parts::Part};
use acuse_workers::{
    parts,
    scan::{ClamdAddress, Scanner},
    watch,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    outages::minutes,
    world::{World, pass},
};

const RECEIPT: &str = "receipt\nmerchant_name=Bar Sol\ndate=2026-05-03\ntotal=45.00\ncurrency=EUR";

/// A clamd that has lost its signatures while it is blind: it tells its version all the same.
#[derive(Default)]
struct Eyes {
    blind: AtomicBool,
    /// How often it was shown what it must know.
    shown: AtomicUsize,
}

async fn clamd() -> (Scanner, Arc<Eyes>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let theirs = Arc::new(Eyes::default());
    let eyes = Arc::clone(&theirs);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&eyes)));
        }
    });
    (Scanner::new(ClamdAddress::Tcp(address)), theirs)
}

async fn answer(mut stream: TcpStream, eyes: Arc<Eyes>) -> io::Result<()> {
    let mut command = Vec::new();
    loop {
        match stream.read_u8().await? {
            0 => break,
            byte => command.push(byte),
        }
    }
    if command == *b"zVERSION" {
        return stream.write_all(b"ClamAV 1.0.9\0").await;
    }
    let mut whole = Vec::new();
    loop {
        let length = stream.read_u32().await?;
        if length == 0 {
            break;
        }
        let mut chunk = vec![0; length as usize];
        stream.read_exact(&mut chunk).await?;
        whole.extend(chunk);
    }
    let known = String::from_utf8_lossy(&whole).contains("EICAR-STANDARD-ANTIVIRUS");
    eyes.shown.fetch_add(usize::from(known), Ordering::SeqCst);
    let finds = known && !eyes.blind.load(Ordering::SeqCst);
    let said = if finds { &b"stream: Eicar-Test FOUND\0"[..] } else { &b"stream: OK\0"[..] };
    stream.write_all(said).await
}

#[tokio::test]
async fn a_scanner_that_finds_nothing_is_away_until_it_finds_again() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let is_up =
        || measured.render().lines().find_map(|l| l.strip_prefix("acuse_scanner_up ").map(str::to_owned));
    let mut world = World::new().await;
    let (scanner, eyes) = clamd().await;
    world.env.scanner = Some(scanner.clone());
    let before = world.sends(RECEIPT).await;
    minutes(&world, 1, &[before]).await;
    let stage = async |id| world.env.catalog.document(id).await.unwrap().unwrap().stage;
    assert_eq!(stage(before).await, Stage::Done, "it sees");

    let shown = eyes.shown.load(Ordering::SeqCst);
    watch::look(&world.env).await.unwrap();
    assert_eq!(eyes.shown.load(Ordering::SeqCst), shown + 1, "a minute's look shows it once");
    assert_eq!(is_up().as_deref(), Some("1"));
    eyes.blind.store(true, Ordering::SeqCst);
    assert!(scanner.version().await.is_ok() && parts::knows_eicar(&scanner).await.is_err());
    watch::look_afar(&world.env).await.unwrap();
    assert_eq!(is_up().as_deref(), Some("0"));
    let id = world.sends(&format!("{RECEIPT}\nnumber=1")).await;
    for _ in 0..10 {
        minutes(&world, 2, &[id]).await;
        watch::look_afar(&world.env).await.unwrap();
        let away = world.env.catalog.parts_away().await.unwrap();
        assert!(
            away.iter().any(|away| away.part == Part::Scanner),
            "what its probe took away, its version does not bring back"
        );
    }
    assert_eq!(stage(id).await, Stage::Read, "nothing passes unseen");
    let document = world.env.catalog.document(id).await.unwrap().unwrap();
    assert!(document.attempts <= 1, "and no attempt is burnt: {document:?}");
    let all = world.env.catalog.incidents(None, None, 500).await.unwrap();
    assert_eq!(all.iter().filter(|i| i.kind == "scanner_away").count(), 1, "{all:?}");

    eyes.blind.store(false, Ordering::SeqCst);
    pass(Duration::minutes(6));
    minutes(&world, 10, &[id]).await;
    assert_eq!(stage(id).await, Stage::Done);
    assert_eq!(is_up().as_deref(), Some("1"), "also where nobody asked but the probe that ended it");
    let open = world.env.catalog.incidents(None, None, 500).await.unwrap();
    assert!(open.iter().all(|i| i.kind != "scanner_away"), "{open:?}");
}

#[tokio::test]
async fn a_scanner_that_nobody_runs_is_one_incident_and_no_attempt() {
    let mut world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    world.env.scanner = Some(Scanner::new(ClamdAddress::Tcp(address)));
    let id = world.sends(RECEIPT).await;
    minutes(&world, 10, &[id]).await;
    let document = world.env.catalog.document(id).await.unwrap().unwrap();
    assert!(document.stage == Stage::Read && document.attempts <= 1, "{document:?}");
    let open = world.env.catalog.incidents(None, None, 500).await.unwrap();
    assert_eq!(open.iter().filter(|i| i.kind == "scanner_away").count(), 1);
}
