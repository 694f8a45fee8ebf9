//! How long the catalog takes for what the API asks it: each question many times, of few documents and of many in turn,
//! on SQLite and on PostgreSQL. What counts is the last column: how much slower the many make it. Where they make an
//! answer longer too (a rare word has few rows among few documents), that is said beside it: a row costs what it costs.
//!
//! Measured at the catalog, in one process: HTTP, JSON and the look-up of the key come on top and do not grow with the
//! documents. `COUNT` (1000000) documents beside `FEW` (10000); `ROUNDS` (1000) of each question; `ONLY` one database; `KEEP` a
//! folder of catalogs that were filled before.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::expect_used)]

mod questions;

use std::time::{Duration, Instant};

use acuse_storage::Catalog;
use acuse_tests::bench::{
    Ground, seeded, setting,
    verdict::{Answered, BOUND, Tally, ratio},
};
use anyhow::{Context, Result};
use questions::{Question, Side, questions};

/// Until the first rows of an export are there.
const FIRST_ROWS: Duration = Duration::from_millis(200);
/// Asked first and not counted: they fill caches and prepare statements.
const WARM: u64 = 10;

/// What it took one side to answer.
#[derive(Default)]
struct Times {
    all: Vec<Duration>,
    rows: usize,
}

impl Times {
    async fn ask(&mut self, question: &Question, side: &Side, round: u64) -> Result<()> {
        let start = Instant::now();
        let rows = (question.ask)(side, round).await.with_context(|| question.name)?;
        if round >= WARM {
            self.all.push(start.elapsed());
            self.rows += rows;
        }
        Ok(())
    }

    fn at(&self, part: f64) -> Duration {
        let last = self.all.len().saturating_sub(1) as f64;
        self.all.get((last * part).round() as usize).copied().unwrap_or_default()
    }

    fn answered(&self) -> Answered {
        Answered { took: self.at(0.99), rows: self.rows as f64 / self.all.len().max(1) as f64 }
    }
}

/// Asks both sides in turn, so that whatever else the machine does falls on both.
async fn in_turn(question: &Question, few: &Side, lots: &Side, rounds: u64) -> Result<(Times, Times)> {
    let (mut less, mut more) = (Times::default(), Times::default());
    for round in 0..rounds + WARM {
        less.ask(question, few, round).await?;
        more.ask(question, lots, round).await?;
    }
    less.all.sort_unstable();
    more.all.sort_unstable();
    Ok((less, more))
}

async fn compare(database: &str, few: Side, lots: Side, rounds: u64) -> Result<()> {
    println!("{database:<10} {:<24} {:>9} {:>9} {:>9} {:>9}  p99 ratio", "", "p50", "p99", "p50", "p99");
    let mut tally = Tally::default();
    for question in questions() {
        let is_export = question.name.starts_with("export");
        let rounds = if is_export { rounds.min(200) } else { rounds };
        let (less, more) = in_turn(&question, &few, &lots, rounds).await?;
        let (fewer, all) = (less.answered(), more.answered());
        let verdict = tally.told(fewer, all, if is_export { FIRST_ROWS } else { BOUND });
        let ms = |d: Duration| format!("{:.2}ms", d.as_secs_f64() * 1e3);
        println!(
            "{database:<10} {:<24} {:>9} {:>9} {:>9} {:>9}  {:.2}{verdict}",
            question.name,
            ms(less.at(0.5)),
            ms(fewer.took),
            ms(more.at(0.5)),
            ms(all.took),
            ratio(fewer, all)
        );
    }
    println!("{}", tally.summed(database, lots.count));
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let (few, lots) = (setting("FEW", 10_000)?, setting("COUNT", 1_000_000)?);
    let rounds = setting("ROUNDS", 1_000)?;
    let only = std::env::var("ONLY").unwrap_or_default();
    let ground = Ground::new()?;
    let side = async |catalog: Catalog, count| -> Result<Side> {
        let there = seeded(&catalog, count).await?;
        Ok(Side::new(catalog, there, count))
    };
    if only != "postgres" {
        let at = |name| Ok::<_, anyhow::Error>(ground.folder(name)?.join("data/acuse.db"));
        let few = side(Catalog::open_sqlite(&at("few")?).await?, few).await?;
        let lots = side(Catalog::open_sqlite(&at("lots")?).await?, lots).await?;
        compare("sqlite", few, lots, rounds).await?;
    }
    if only != "sqlite"
        && let Some(postgres) = ground.postgres(&["few", "lots"])?
    {
        let few = side(Catalog::open(&postgres.url("few")).await?, few).await?;
        let lots = side(Catalog::open(&postgres.url("lots")).await?, lots).await?;
        compare("postgres", few, lots, rounds).await?;
    }
    Ok(())
}
