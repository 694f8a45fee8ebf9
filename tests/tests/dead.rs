//! The beat stops with the process: somebody alive, elsewhere, says so.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::world::World;

/// A beat every minute, and some grace.
const GRACE: Duration = Duration::from_secs(75);
/// How long a beat may take to come here, where a start alone can take a minute.
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits for beats, as healthchecks.io does: who has not beaten for longer than the grace is dead.
struct Listener {
    last: Arc<Mutex<Option<Instant>>>,
    url: String,
}

impl Listener {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ping/ab12", listener.local_addr().unwrap());
        let last = Arc::new(Mutex::new(None));
        let heard = Arc::clone(&last);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = [0; 1_024];
                let read = stream.read(&mut head).await.unwrap_or(0);
                if head[..read].starts_with(b"GET /ping/ab12 ") {
                    *heard.lock().unwrap() = Some(Instant::now());
                }
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .await;
            }
        });
        Self { last, url }
    }

    fn last(&self) -> Option<Instant> {
        *self.last.lock().unwrap()
    }

    fn says_dead(&self) -> bool {
        self.last().is_none_or(|at| at.elapsed() > GRACE)
    }

    async fn hears_after(&self, than: Option<Instant>) -> Instant {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.last().filter(|at| than.is_none_or(|than| *at > than)) {
                return at;
            }
            assert!(Instant::now() < until, "no beat for {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_and_stays_dead_is_noticed() {
    let world = World::new().await;
    let listener = Listener::start().await;
    let place = world.place.clone().with("ACUSE_BEAT_URL", &listener.url);
    let place = place.with("ACUSE_OUTGOING_NETWORKS", "127.0.0.0/8");
    let mut server = place.start("serve", &["serve"]).unwrap();
    let first = listener.hears_after(None).await;
    listener.hears_after(Some(first)).await;
    assert!(!listener.says_dead(), "it beats for as long as it lives");
    server.kill_9().unwrap();
    tokio::time::sleep(GRACE + Duration::from_secs(1)).await;
    assert!(listener.says_dead(), "and no longer");
}
