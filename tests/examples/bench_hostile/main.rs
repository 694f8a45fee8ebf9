//! `acuse read --json` over a folder of hostile files: per expected verdict right, wrong, crashed, timed out.
//!
//! `FOLDER/manifest.csv` has the columns `path`, `category`, `expected`, `reason`, `allowed` (of `accept`, `review`,
//! `reject`, split by `;`), `must_flag` and `must_decode`. The built binary reads them all in its sandbox while this
//! process watches what its parent and its children hold; then each file is opened once more, in a sandbox and in
//! this process, to say what the sandbox costs. Fails when fewer than 95 % are right, a file takes longer than 30 s,
//! the parent dies or grows by more than 64 MiB.
//!
//! The second half runs in this process, so this program is its own reader, without models: it sniffs and decodes.

#![allow(missing_docs, clippy::print_stdout)]

mod answers;
mod overhead;
mod verdict;
mod watch;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use acuse_workers::sandbox::become_reader_with;
use anyhow::{Context, Result};

use crate::{
    answers::Answer,
    verdict::{Expected, Fate},
    watch::Peaks,
};

/// Longest time of one file.
const MOST_MS: u64 = 30_000;
/// Most that the parent may grow by.
const MOST_GROWTH_BYTES: u64 = 64 << 20;

fn main() -> Result<ExitCode> {
    become_reader_with(|_| Ok(overhead::decode));
    let folder: PathBuf =
        std::env::args_os().nth(1).context("name the folder that holds manifest.csv")?.into();
    let rows = verdict::manifest(&folder)?;
    let (answers, peaks) = answers::ask(&folder, &rows)?;
    let mut good = tell(&rows, &answers);
    good &= tell_costs(&rows, &answers, peaks);
    overhead::measure(&folder, &rows, &answers)?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The table, and every file that is not right.
fn tell(rows: &[Expected], answers: &[Option<Answer>]) -> bool {
    let mut tally: BTreeMap<String, [u32; 4]> = BTreeMap::new();
    let mut sum = [0; 4];
    for (row, answer) in rows.iter().zip(answers) {
        let fate = row.judge(answer.as_ref());
        let column = fate.column();
        tally.entry(row.group()).or_default()[column] += 1;
        sum[column] += 1;
        let said = answer.as_ref().map_or_else(|| "no answer".to_owned(), Answer::in_words);
        match fate {
            Fate::Right => {}
            Fate::Wrong(why) => println!("WRONG {}: {why}: {} [{said}]", row.group(), row.path),
            Fate::Crashed => println!("CRASHED {}: {} [{said}]", row.group(), row.path),
            Fate::TimedOut => println!("TIMED OUT {}: {} [{said}]", row.group(), row.path),
        }
    }
    println!("\nright wrong crashed timed-out  category, expected verdict");
    for (group, [right, wrong, crashed, slow]) in &tally {
        println!("{right:>5} {wrong:>5} {crashed:>7} {slow:>9}  {group}");
    }
    let all: u32 = sum.iter().sum();
    let [right, wrong, crashed, slow] = sum;
    let share = 100.0 * f64::from(right) / f64::from(all.max(1));
    println!("{right:>5} {wrong:>5} {crashed:>7} {slow:>9}  all {all}: {share:.1} % right");
    right * 20 >= all * 19
}

fn tell_costs(rows: &[Expected], answers: &[Option<Answer>], peaks: Peaks) -> bool {
    let given = rows.iter().zip(answers).filter_map(|(row, answer)| Some((row, answer.as_ref()?)));
    let slowest = given.max_by_key(|(_, answer)| answer.duration_ms);
    let slowest_ms = slowest.map_or(0, |(_, answer)| answer.duration_ms);
    if let Some((row, answer)) = slowest {
        println!("\nslowest file: {} ms, {} [{}]", slowest_ms, row.path, answer.in_words());
    }
    let in_part = answers.iter().flatten().filter(|answer| answer.read_in_part()).count();
    println!("opened and shown whole, but with text left unread for want of time: {in_part}");
    let mib = |bytes: u64| bytes / (1 << 20);
    println!(
        "largest child: {} MiB resident, {} MiB of address space",
        mib(peaks.child_resident_bytes),
        mib(peaks.child_address_bytes)
    );
    println!(
        "parent: {} MiB at first, grew by {} MiB",
        mib(peaks.parent_first_bytes),
        mib(peaks.growth_bytes())
    );
    slowest_ms <= MOST_MS && peaks.growth_bytes() <= MOST_GROWTH_BYTES
}

/// A file of the folder.
fn at(folder: &Path, row: &Expected) -> PathBuf {
    folder.join(&row.path)
}
