//! Webhooks and API calls of a working `acuse serve`: good documents alone, then the same with bombs among them.
//!
//! One run, one server, two phases. In each, `GOOD` (1,000) PDF invoices come in at `RATE` (8) a second, each as a
//! signed webhook with media to fetch; in the second phase every tenth is followed by a bomb (`BOMBS`, 100 in all):
//! a PDF that unfolds to 320 MB, a picture of 24,000 by 24,000 pixels, an LZW stream that grows a thousandfold behind
//! two filters, and one whose page never ends. Meanwhile the API is asked for a list and the ledger, ten times a
//! second. Ends when all documents are at rest, or after `PATIENCE` (900) seconds.

#![allow(missing_docs, clippy::print_stdout)]

use std::time::{Duration, Instant};

use acuse_fixtures::{
    Country, Form, Kind, Spec, generate,
    graph::{FakeGraph, Inbound, MediaType, Options, Said, Sender},
    hostile,
};
use acuse_tests::{
    bench::setting,
    stack::{ACCESS_TOKEN, APP_SECRET, Api, Place},
};
use anyhow::{Result, ensure};
use tokio::time::{MissedTickBehavior, interval};

/// One file to send.
struct Item {
    bytes: Vec<u8>,
    media_type: String,
}

fn good(seed: u64) -> Item {
    let sample = generate(seed, &Spec::new(Kind::Invoice, Country::Es, Form::PdfText));
    Item { bytes: sample.bytes, media_type: sample.media_type.to_string() }
}

/// Bomb number `n`, no two alike in their bytes: what came before is not opened again.
fn bomb(n: u64, made: &[Item]) -> Option<Item> {
    // One in twenty holds its reader until the clock stops it; the others are refused sooner.
    let (slow, quick): (Vec<&Item>, Vec<&Item>) = made.iter().partition(|item| item.bytes.len() < 10_000);
    let turn = usize::try_from(n).ok()?;
    let slow = slow.first().filter(|_| turn % 20 == 19).copied();
    let base = slow.or_else(|| quick.get(turn % quick.len().max(1)).copied())?;
    let mark = format!("bomb {n}");
    let bytes = if base.bytes.starts_with(b"%PDF") {
        // Offsets move, and every reader mends that.
        let line = base.bytes.iter().position(|b| *b == b'\n')? + 1;
        [&base.bytes[..line], format!("%{mark}\n").as_bytes(), &base.bytes[line..]].concat()
    } else {
        with_text_chunk(&base.bytes, mark.as_bytes())?
    };
    Some(Item { bytes, media_type: base.media_type.clone() })
}

/// A PNG with a `tEXt` chunk after its header; its checksum is left wrong, which readers of text chunks mend.
fn with_text_chunk(png: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let after_header = 8 + 25;
    let body = [b"Comment\0", text].concat();
    let length = u32::try_from(body.len()).ok()?.to_be_bytes();
    let chunk = [&length[..], b"tEXt", &body, &[0; 4]].concat();
    Some([png.get(..after_header)?, &chunk, png.get(after_header..)?].concat())
}

fn bombs() -> Vec<Item> {
    let wanted = ["bomb.png", "stream-bomb.pdf", "lzw-bomb.pdf", "endless-page.pdf"];
    let made = hostile().into_iter().filter(|file| wanted.contains(&file.name.as_str()));
    made.map(|file| Item { bytes: file.bytes, media_type: file.declared_type }).collect()
}

/// How long answers took, in the order they came.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn in_words(mut self) -> String {
        self.0.sort();
        let at = |share: f64| {
            let index = ((self.0.len() as f64 * share) as usize).min(self.0.len().saturating_sub(1));
            self.0.get(index).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        format!(
            "{:>5} answers, p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
            self.0.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        )
    }
}

struct Load<'a> {
    graph: &'a FakeGraph,
    api: &'a Api,
    sent: u64,
    patience: Duration,
}

impl Load<'_> {
    async fn send(&mut self, item: Item, times: &mut Times) -> Result<()> {
        self.sent += 1;
        let media_id = self.graph.upload_media(item.bytes, &item.media_type);
        let filename = Some(format!("{}.pdf", self.sent));
        let said = Said::Media { kind: MediaType::Document, media_id, caption: None, filename };
        let sender = Sender::phone(&format!("34600{:06}", self.sent % 200), "Load");
        let webhook = self.graph.webhook_for(&[Inbound::new(sender, said)]);
        let started = Instant::now();
        let status = self.api.webhook(webhook.body.to_vec(), &webhook.signature).await?;
        times.0.push(started.elapsed());
        ensure!(status == 200, "a webhook was answered {status}");
        Ok(())
    }

    /// Sends `items` at `rate` a second while the API is asked; then waits until all are at rest.
    async fn phase(&mut self, name: &str, items: Vec<Item>, rate: u64) -> Result<()> {
        let (mut webhooks, mut calls) = (Times::default(), Times::default());
        let started = Instant::now();
        let mut due = interval(Duration::from_micros(1_000_000 / rate.max(1)));
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut asks = interval(Duration::from_millis(100));
        asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut items = items.into_iter();
        let mut at_rest = true;
        loop {
            tokio::select! {
                _ = due.tick() => match items.next() {
                    Some(item) => self.send(item, &mut webhooks).await?,
                    None if self.api.ledger().await?.processing == 0 => break,
                    None => {}
                },
                _ = asks.tick() => {
                    for path in ["/v1/documents?limit=20", "/v1/ledger"] {
                        let asked = Instant::now();
                        self.api.get(path).await?;
                        calls.0.push(asked.elapsed());
                    }
                }
            }
            if started.elapsed() >= self.patience {
                at_rest = false;
                break;
            }
        }
        let fate = if at_rest { "at rest" } else { "NOT at rest" };
        println!("{name}: {fate} after {} s", started.elapsed().as_secs());
        println!("  webhooks  {}", webhooks.in_words());
        println!("  API       {}", calls.in_words());
        ensure!(at_rest, "{name}: not at rest after {:?}", self.patience);
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let (count, bomb_count) = (setting("GOOD", 1_000)?, setting("BOMBS", 100)?);
    let (rate, patience) = (setting("RATE", 8)?, Duration::from_secs(setting("PATIENCE", 900)?));
    let options = Options {
        access_token: ACCESS_TOKEN.to_owned(),
        app_secret: APP_SECRET.to_owned(),
        ..Options::default()
    };
    let graph = FakeGraph::start(options).await?;
    let folder = tempfile::Builder::new().prefix("acuse-bombs-").tempdir()?;
    let place = Place::embedded(folder.path(), &graph.url())?.with("RUST_LOG", "warn");
    let _server = place.start("serve", &["serve"])?;
    let api = Api::connect(&place, &["documents:read", "documents:write", "ids:read", "admin"]).await?;
    let made = bombs();
    ensure!(!made.is_empty(), "the fixtures have no bombs");
    let mut load = Load { graph: &graph, api: &api, sent: 0, patience };

    load.phase("good alone", (0..count).map(good).collect(), rate).await?;
    let mut mixed = Vec::new();
    for (index, item) in (count..2 * count).map(good).enumerate() {
        mixed.push(item);
        let index = index as u64;
        let due = (index + 1) * bomb_count / count.max(1) - index * bomb_count / count.max(1);
        mixed.extend((0..due).filter_map(|more| bomb(index * bomb_count / count.max(1) + more, &made)));
    }
    let all = count + mixed.len() as u64;
    load.phase("with bombs", mixed, rate).await?;

    let ledger = api.ledger().await?;
    println!("{ledger:?}");
    ensure!(ledger.received == all, "{all} were sent");
    let reviews = api.list("/v1/reviews").await?;
    let told = |code: &str| reviews.iter().filter(|r| r.to_string().contains(&format!("\"{code}\""))).count();
    println!(
        "in review as decompression_bomb {}, too_large {}",
        told("decompression_bomb"),
        told("too_large")
    );
    Ok(())
}
