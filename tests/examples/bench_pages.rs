//! How long the desk's pages take at its server, over few documents and over many in turn, on SQLite and on PostgreSQL: each
//! page asked for many times by one person who is signed in, over a connection that stays open. Where many documents make a page
//! longer too (a rare word has few rows among few of them), that is said beside it: a row costs what it costs.
//!
//! `COUNT` (1000000) documents beside `FEW` (10000), of which one in fifty waits; `ROUNDS` (200) of each page; `ONLY` one
//! database; `KEEP` a folder of catalogs that were filled before. *Fetch next* takes the most urgent one and is given back untimed, as a reviewer holds one at a time.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use acuse_storage::{
    Access, Catalog,
    conformance::{COMMON_CUSTOMER, a_customer, a_word},
    reviews::ReviewFilter,
};
use acuse_tests::{
    bench::{
        self, Ground, reviewer, setting,
        verdict::{Answered, BOUND, Tally, ratio},
    },
    process::Guarded,
    stack::{Api, Place},
};
use anyhow::{Context, Result, ensure};
use reqwest::{Client, StatusCode, redirect::Policy};

/// Asked first, and not counted: they fill caches and prepare statements.
const WARM: u64 = 5;

/// Documents that pages are about.
struct There {
    filed: Vec<String>,
    waiting: Vec<String>,
    count: u64,
}

async fn seeded(catalog: &Catalog, count: u64) -> Result<There> {
    let filed = bench::seeded(catalog, count).await?.ids.iter().map(ToString::to_string).collect();
    let all = ReviewFilter { access: Access::whole(), ..ReviewFilter::default() };
    let page = catalog.reviews(&all, None, 100).await?;
    let waiting = page.data.iter().map(|(_, document)| document.id.to_string()).collect();
    Ok(There { filed, waiting, count })
}

/// A person at the desk.
struct Reviewer {
    http: Client,
    base: String,
    cookie: String,
    csrf: String,
}

impl Reviewer {
    async fn enter(place: &Place) -> Result<Self> {
        let http = Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(60)).build()?;
        let base = format!("http://127.0.0.1:{}", place.port);
        let cookie = reviewer(place).await?;
        let mut person = Self { http, base, cookie, csrf: String::new() };
        let (_, page) = person.get("/work").await?;
        let csrf = page.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        csrf.context("a form without its token")?.0.clone_into(&mut person.csrf);
        Ok(person)
    }

    /// A page, and how long it took to its last byte.
    async fn get(&self, path: &str) -> Result<(Duration, String)> {
        let start = Instant::now();
        let answer =
            self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie).send().await?;
        let status = answer.status();
        let page = answer.text().await?;
        ensure!(status == StatusCode::OK, "{path}: {status}");
        Ok((start.elapsed(), page))
    }

    /// A form; where it leads to, and how long that took.
    async fn post(&self, path: &str, action: &str) -> Result<(Duration, String)> {
        let form = [("csrf", self.csrf.as_str()), ("action", action)];
        let start = Instant::now();
        let ask = self.http.post(format!("{}{path}", self.base)).header("cookie", &self.cookie).form(&form);
        let answer = ask.send().await?;
        let took = start.elapsed();
        ensure!(answer.status().is_redirection(), "{path}: {}", answer.status());
        let to = answer.headers().get("location").context("leads nowhere")?.to_str()?;
        Ok((took, to.to_owned()))
    }
}

/// How many rows a page shows: of a list of documents, and of its tables but for their heads.
fn rows_of(page: &str) -> usize {
    let bodies = page.split("<tbody").skip(1).filter_map(|body| body.split("</tbody>").next());
    page.matches("<a class=\"row\"").count() + bodies.map(|body| body.matches("<tr").count()).sum::<usize>()
}

/// What one side took each time it was asked, and the rows that it showed in all.
#[derive(Default)]
struct Asked {
    all: Vec<Duration>,
    rows: usize,
}

impl Asked {
    fn add(&mut self, took: Duration, rows: usize) {
        self.all.push(took);
        self.rows += rows;
    }

    fn times(mut self) -> Times {
        self.all.sort_unstable();
        let last = self.all.len().saturating_sub(1) as f64;
        let at = |part: f64| self.all.get((last * part).round() as usize).copied().unwrap_or_default();
        let rows = self.rows as f64 / self.all.len().max(1) as f64;
        Times { p50: at(0.5), p95: Answered { took: at(0.95), rows } }
    }
}

#[derive(Debug, Clone, Copy)]
struct Times {
    p50: Duration,
    p95: Answered,
}

type Address = Box<dyn Fn(u64) -> String>;

fn pages(there: &There) -> Vec<(&'static str, Address)> {
    let of = |ids: &[String]| {
        let ids = ids.to_vec();
        move |n: u64| format!("/documents/{}", ids[n as usize % ids.len()])
    };
    let (count, fixed) =
        (there.count, |path: &'static str| -> Address { Box::new(move |_| path.to_owned()) });
    vec![
        ("queue", fixed("/")),
        ("queue: by reason", fixed("/?reason=unknown_customer")),
        ("queue: by kind", fixed("/?kind=receipt")),
        ("queue: by amount", fixed("/?sort=-amount")),
        ("queue: by party", fixed("/?sort=party")),
        ("queue: mine", fixed("/?who=mine")),
        ("queue: search", Box::new(|n| format!("/?q={}", a_word(n * 3)))),
        ("work", fixed("/work")),
        ("document that waits", Box::new(of(&there.waiting))),
        ("document that is filed", Box::new(of(&there.filed))),
        ("documents", fixed("/documents")),
        ("search: one", Box::new(move |n| format!("/documents?q=F{:07}", n * 53 % count))),
        ("search: two words", Box::new(|n| format!("/documents?q={}+{}", a_word(n * 3), a_word(n * 7 + 1)))),
        ("search: not there", Box::new(|n| format!("/documents?q=zzyx{n}"))),
        ("customers", fixed("/customers")),
        ("customers: common word", Box::new(|_| format!("/customers?q={COMMON_CUSTOMER}"))),
        (
            "customers: one",
            Box::new(move |n| format!("/customers?q={}", a_customer(n * 53 % count).replace(' ', "+"))),
        ),
        ("ledger", fixed("/ledger")),
    ]
}

/// A server that runs over a catalog, and who asks it.
struct Side {
    there: There,
    person: Reviewer,
    _server: Guarded,
}

impl Side {
    /// Fills a catalog and starts a server over it.
    async fn start(folder: &Path, url: Option<&str>, count: u64) -> Result<Self> {
        let mut place = Place::embedded(folder, "http://127.0.0.1:9")?;
        let catalog = match url {
            Some(url) => {
                place = place.with("ACUSE_DATABASE_URL", url);
                Catalog::open(url).await?
            }
            None => Catalog::open_sqlite(&folder.join("data/acuse.db")).await?,
        };
        let there = seeded(&catalog, count).await?;
        catalog.close().await;
        let server = place.start("web", &["web"])?;
        // Answers once it is ready.
        Api::connect(&place, &["documents:read"]).await?;
        let person = Reviewer::enter(&place).await?;
        Ok(Self { there, person, _server: server })
    }

    /// What it takes to fetch the next one; it is given back untimed.
    async fn fetch_next(&self) -> Result<Duration> {
        let (took, to) = self.person.post("/work", "").await?;
        ensure!(to.starts_with("/documents/"), "nothing was fetched: {to}");
        self.person.post(&to.replace("/documents/", "/review/"), "release").await?;
        Ok(took)
    }
}

/// Asks both sides in turn, so that whatever else the machine does falls on both.
async fn measured(few: &Side, lots: &Side, rounds: u64) -> Result<Found> {
    let mut found = Vec::new();
    for ((name, less), (_, more)) in pages(&few.there).into_iter().zip(pages(&lots.there)) {
        let mut both = [Asked::default(), Asked::default()];
        for n in 0..rounds + WARM {
            for (all, side, address) in [(0, few, less(n)), (1, lots, more(n))] {
                let (took, page) = side.person.get(&address).await.with_context(|| name.to_owned())?;
                if n >= WARM {
                    both[all].add(took, rows_of(&page));
                }
            }
        }
        found.push((name, both.map(Asked::times)));
    }
    let mut both = [Asked::default(), Asked::default()];
    for n in 0..rounds + WARM {
        for (all, side) in [(0, few), (1, lots)] {
            let took = side.fetch_next().await?;
            if n >= WARM {
                both[all].add(took, 1);
            }
        }
    }
    found.push(("fetch next", both.map(Asked::times)));
    Ok(found)
}

/// Of few documents and of many.
type Found = Vec<(&'static str, [Times; 2])>;

fn compare(database: &str, found: Found, count: u64) {
    println!("{database:<10} {:<24} {:>9} {:>9} {:>9} {:>9}  p95 ratio", "", "p50", "p95", "p50", "p95");
    let mut tally = Tally::default();
    for (name, [less, more]) in found {
        let verdict = tally.told(less.p95, more.p95, BOUND);
        let ms = |d: Duration| format!("{:.2}ms", d.as_secs_f64() * 1e3);
        println!(
            "{database:<10} {name:<24} {:>9} {:>9} {:>9} {:>9}  {:.2}{verdict}",
            ms(less.p50),
            ms(less.p95.took),
            ms(more.p50),
            ms(more.p95.took),
            ratio(less.p95, more.p95)
        );
    }
    println!("{}", tally.summed(database, count));
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let (lots, few) = (setting("COUNT", 1_000_000)?, setting("FEW", 10_000)?);
    let rounds = setting("ROUNDS", 200)?;
    let only = std::env::var("ONLY").unwrap_or_default();
    let ground = Ground::new()?;
    if only != "postgres" {
        let less = Side::start(&ground.folder("few")?, None, few).await?;
        let more = Side::start(&ground.folder("lots")?, None, lots).await?;
        compare("sqlite", measured(&less, &more, rounds).await?, lots);
    }
    if only != "sqlite"
        && let Some(postgres) = ground.postgres(&["few", "lots"])?
    {
        let less = Side::start(&ground.folder("few")?, Some(&postgres.url("few")), few).await?;
        let more = Side::start(&ground.folder("lots")?, Some(&postgres.url("lots")), lots).await?;
        compare("postgres", measured(&less, &more, rounds).await?, lots);
    }
    Ok(())
}
