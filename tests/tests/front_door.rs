//! The front door holds: whoever sends half a request, tries keys, sends files at once or searches for what is not there
//! takes nothing from the others.

use std::{
    collections::BTreeMap,
    sync::LazyLock,
    time::{Duration, Instant},
};

use acuse_tests::stack::Api;
use reqwest::Method;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};

use crate::world::{ALL, World, person, post};

/// Longest time for a webhook's answer here: an unoptimized build on a machine that does other things. Who waits behind
/// half a request waits for longer.
const SOON: Duration = Duration::from_secs(20);
/// The same while a gigabyte of files is being sent, which on two busy cores takes minutes.
const NOT_AFTER_ALL: Duration = Duration::from_secs(60);
/// Files and connections that many systems give a process.
const HANDLES: u64 = 1024;
/// What is sent many times at once.
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut body =
        b"--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n".to_vec();
    body.resize(body.len() + (7 << 20), 7);
    body.extend_from_slice(b"\r\n--part--\r\n");
    body
});

/// A connection that has sent this much and sends no more.
async fn half(world: &World, sent: &str) -> TcpStream {
    let mut socket = TcpStream::connect(("127.0.0.1", world.place.port)).await.unwrap();
    // It may be closed again already, to make room.
    let _ = socket.write_all(sent.as_bytes()).await;
    socket
}

async fn webhook_is_answered(world: &World, api: &Api, seed: u32) {
    webhook_is_answered_within(SOON, world, api, seed).await;
}

async fn webhook_is_answered_within(most: Duration, world: &World, api: &Api, seed: u32) {
    let started = Instant::now();
    post(api, &world.invoice(&person(seed), u64::from(seed))).await;
    assert!(started.elapsed() < most, "{seed}: {:?}", started.elapsed());
}

/// Half-sent heads and bodies do not keep webhooks out, and keys that are tried in vain are soon not looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_sent_requests_and_bad_keys_take_nothing_away() {
    let metrics = acuse_tests::free_port().unwrap();
    let mut world = World::new().await;
    world.place = world.place.with("ACUSE_METRICS_LISTEN", &format!("127.0.0.1:{metrics}"));
    let serve = world.place.start("serve", &["web"]).unwrap();
    let limit = Rlimit { current: Some(HANDLES), maximum: Some(HANDLES) };
    prlimit(Pid::from_raw(serve.id() as i32), Resource::Nofile, limit).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let mut slow = Vec::new();
    for n in 0..1100 {
        slow.push(half(&world, "POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nX-Half: ").await);
        if n % 220 == 219 {
            webhook_is_answered(&world, &api, n).await;
        }
    }
    slow.clear();
    for n in 2000..2350 {
        let sent = "POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n{\"object\":";
        slow.push(half(&world, sent).await);
        if n % 50 == 49 {
            webhook_is_answered(&world, &api, n).await;
        }
    }
    keys_are_counted(&world, &api).await;
    assert_eq!(api.without_key(Method::GET, "/metrics").send().await.unwrap().status(), 404);
    let text =
        reqwest::get(format!("http://127.0.0.1:{metrics}/metrics")).await.unwrap().text().await.unwrap();
    assert!(text.contains("acuse_queue_depth"), "{text}");
    assert!(text.contains("acuse_connections_closed_for_others_total"), "{text}");
}

async fn keys_are_counted(world: &World, api: &Api) {
    let good = api.request(Method::GET, "/v1/ledger").send().await.unwrap();
    assert!(good.headers().contains_key("ratelimit-remaining"), "{:?}", good.headers());
    let mut answers = BTreeMap::new();
    for n in 0..60 {
        // What cannot be understood does not make a key known, and the operator's pages are no way around.
        let path = ["/v1/ledger", "/v1/documents?none=1", "/board/"][n % 3];
        let tried = api.without_key(Method::GET, path).bearer_auth(format!("acuse_{n:064}"));
        // Whoever asks directly writes what they like here; it is not believed.
        let answer = tried.header("X-Forwarded-For", format!("10.0.0.{n}")).send().await.unwrap();
        if answer.status() == 429 {
            assert!(answer.headers().contains_key("retry-after"));
        }
        *answers.entry(answer.status().as_u16()).or_insert(0) += 1;
    }
    assert_eq!(answers.keys().copied().collect::<Vec<_>>(), [401, 429], "{answers:?}");
    assert!(answers[&401] <= 30 && answers[&429] >= 30, "{answers:?}");
    assert!(api.get("/v1/ledger").await.is_ok(), "a good key of the same address goes on");
    // So does one that was never seen before, as soon as it is known that it is good.
    let new = Api::connect(&world.place, &["documents:read"]).await.unwrap();
    let mut status = 429;
    for _ in 0..20 {
        status = new.request(Method::GET, "/v1/ledger").send().await.unwrap().status().as_u16();
        if status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    assert_eq!(status, 200);
    let bad = api.without_key(Method::GET, "/v1/ledger").bearer_auth("acuse_still-bad").send().await.unwrap();
    assert_eq!(bad.status(), 429, "and its address is no better for it");
    webhook_is_answered(world, api, 3000).await;
}

/// The most memory a process ever had, in MiB.
fn peak_mib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1024)
}

/// Whoever still sends when it is refused may see the connection close before the answer (RFC 9112, 9.6).
const CUT: (u16, bool) = (0, false);

/// 150 files of 7 MB at once come in one after the other, and nobody else waits for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_files_at_once_do_not_fill_the_memory() {
    let world = World::new().await;
    let serve = world.place.start("serve", &["web"]).unwrap();
    let api = Api::connect(&world.place, ALL).await.unwrap();
    let mut uploads = JoinSet::new();
    for _ in 0..150 {
        let request = api
            .request(Method::POST, "/v1/documents")
            .header("Content-Type", "multipart/form-data; boundary=part")
            .body(FILE.as_slice());
        uploads.spawn(async move {
            let Ok(answer) = request.send().await else { return CUT };
            let again = answer.headers().contains_key("retry-after");
            (answer.status().as_u16(), again)
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    webhook_is_answered_within(NOT_AFTER_ALL, &world, &api, 1).await;
    let mut answers = BTreeMap::new();
    while let Some(answer) = uploads.join_next().await {
        *answers.entry(answer.unwrap()).or_insert(0) += 1;
    }
    // Kept, or told to come back.
    let kept = answers.remove(&(201, false)).unwrap_or_default();
    let told = answers.remove(&(503, true)).unwrap_or_default();
    let cut = answers.remove(&CUT).unwrap_or_default();
    assert!(answers.is_empty() && kept > 0, "{kept} kept, {told} told, others {answers:?}");
    assert!(cut <= told, "most of whom are refused hear why: {told} told, {cut} cut");
    let Some(peak) = peak_mib(serve.id()) else { return };
    println!("{kept} kept, {told} told, {peak} MiB");
    assert!(peak < 512, "{peak} MiB, {kept} kept");
}
