//! Runs intake over a folder of hostile files and prints right and wrong per kind of verdict.
//!
//! `cargo run -p acuse-pipeline --example hostile -- FOLDER` where `FOLDER/manifest.csv` has the columns `path`,
//! `category`, `expected`, `reason`, `allowed` (of `accept`, `review`, `reject`, split by `;`), `must_flag` and
//! `must_decode`. In this process, so run it under `ulimit -v`; the whole reader in its sandbox is measured by
//! `make bench-hostile`. Opening a file counts as `accept` or `review` (what it says is not looked at here), a
//! refusal as `reject` or `review`.

use std::{collections::BTreeMap, env, fs, path::Path, process::ExitCode, time::Instant};

use acuse_pipeline::{
    intake,
    limits::Limits,
    reading::{Declared, Normalized},
    reason::{Reason, ReasonCode},
};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let folder = env::args().nth(1).ok_or("give the folder that holds manifest.csv")?;
    let only = env::args().nth(2);
    let limits = Limits::default();
    std::panic::set_hook(Box::new(|_| {}));
    let mut tally: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut slowest = (0, String::new());
    for row in csv::Reader::from_path(Path::new(&folder).join("manifest.csv"))?.deserialize() {
        let row: BTreeMap<String, String> = row?;
        let of = |key: &str| row.get(key).map_or("", String::as_str);
        if only.as_deref().is_some_and(|only| !of("path").contains(only)) {
            continue;
        }
        let bytes = fs::read(Path::new(&folder).join(of("path")))?;
        let started = Instant::now();
        let outcome = intake::sniff(&bytes, &Declared::default(), &limits)
            .and_then(|sniffed| intake::normalize(sniffed, &bytes, &limits));
        let took = started.elapsed().as_millis();
        if took > slowest.0 {
            slowest = (took, of("path").to_owned());
        }
        let verdict = judge(&outcome, of("allowed"), of("must_flag"), of("must_decode") == "1");
        let kind = format!("{} {} {}", of("category"), of("expected"), of("reason"));
        let entry = tally.entry(kind.clone()).or_default();
        match verdict {
            Ok(()) => entry.0 += 1,
            Err(why) => {
                entry.1 += 1;
                println!("WRONG {kind}: {why}: {} [{}]", of("path"), told(&outcome));
            }
        }
        if only.is_some() || env::var_os("VERBOSE").is_some() {
            println!("{took:>6} ms {} [{}] expected {kind}", of("path"), told(&outcome));
        }
    }
    let (mut right, mut wrong) = (0, 0);
    for (kind, (good, bad)) in &tally {
        println!("{good:>4} right {bad:>3} wrong  {kind}");
        right += good;
        wrong += bad;
    }
    println!("{right} right, {wrong} wrong; slowest {} ms: {}", slowest.0, slowest.1);
    Ok(if wrong * 20 > right + wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn judge(
    outcome: &Result<Normalized, Reason>,
    allowed: &str,
    must_flag: &str,
    must_decode: bool,
) -> Result<(), &'static str> {
    let allows = |word: &str| allowed.split(';').any(|a| a == word);
    match outcome {
        Ok(opened) => {
            let flagged = opened.reasons.iter().any(|r| r.code == ReasonCode::ActiveContent);
            if !must_flag.is_empty() && !flagged {
                return Err("active content was not found");
            }
            if !allows("accept") && !allows("review") {
                return Err("should have been refused");
            }
            if must_decode && opened.reasons.iter().any(|r| r.code == ReasonCode::Corrupt) {
                return Err("another decoder opens all of it");
            }
            Ok(())
        }
        Err(_) if !allows("reject") && !allows("review") => Err("should not have been refused"),
        Err(reason) if must_decode && reason.code == ReasonCode::Corrupt => Err("another decoder opens it"),
        Err(_) => Ok(()),
    }
}

fn told(outcome: &Result<Normalized, Reason>) -> String {
    let code =
        |reason: &Reason| format!("{}: {} {:?}", reason.code, reason.message, reason.detail.get("error"));
    match outcome {
        Err(reason) => format!("refused {}", code(reason)),
        Ok(opened) => {
            let sizes: Vec<_> = opened.pages.iter().take(3).map(|p| p.rgb.dimensions()).collect();
            let reasons: Vec<_> = opened.reasons.iter().map(code).collect();
            format!(
                "{} {} pages {sizes:?} {reasons:?} {:?}",
                opened.media_type, opened.page_count, opened.notes
            )
        }
    }
}
