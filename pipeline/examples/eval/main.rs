//! Scores the whole reader: `eval DATA [--copies] [--every N] [--only TEXT] [--threads N] [--models DIR] [--cache DIR]
//! [--out DIR]`; `make eval` calls it.
//!
//! The road of a row of `DATA/manifest.csv`: [`copies`] → [`reader`] (evidence kept by content) → [`truth`] →
//! [`figures`]. `OUT/eval.json` holds everything, `OUT/eval.html` the picture of every miss. With `--copies` each
//! picture is also read as WhatsApp recompresses it and turned by 90, 180 and 270 degrees; `--every N` takes only each
//! N-th row. [`boundaries`] puts two documents in one file. A filed document counts as an error when its kind, party,
//! total, tax, date, number, currency or zone is not the paper's.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod boundaries;
mod copies;
mod figures;
mod legible;
mod page;
mod reader;
mod risk;
mod truth;

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use acuse_pipeline::{document::Kind, fields::Fields, reading::Understanding};
use boundaries::Several;
use copies::Copy;
use figures::{Answer, Figures, Judged};
use reader::{Reader, Seen};
use truth::Truth;

struct Done {
    row: usize,
    copy: Copy,
    seen: Seen,
    understood: Option<Understanding>,
    understand_ms: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let data = PathBuf::from(args.first().filter(|a| !a.starts_with("--")).ok_or("eval DATA [--copies] …")?);
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|at| args.get(at + 1));
    let home = |variable: &str, below: &str| {
        env::var_os(variable)
            .map_or_else(|| PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(below), PathBuf::from)
    };
    let default_models = env::var_os("ACUSE_MODELS_DIR")
        .map_or_else(|| home("XDG_DATA_HOME", ".local/share").join("acuse/models"), PathBuf::from);
    let models = option("--models").map_or(default_models, PathBuf::from);
    let cache =
        option("--cache").map_or_else(|| home("XDG_CACHE_HOME", ".cache").join("acuse/eval"), PathBuf::from);
    let out = option("--out").map_or_else(|| PathBuf::from("target/eval"), PathBuf::from);
    let every: usize = option("--every").map_or(Ok(1), |n| n.parse())?;
    let threads: usize = option("--threads").map_or(Ok(2), |n| n.parse())?;
    let copies = if args.iter().any(|a| a == "--copies") { &Copy::ALL[..] } else { &Copy::ALL[..1] };
    let rows: Vec<Truth> = truth::manifest(&data)?
        .into_iter()
        .step_by(every.max(1))
        .filter(|t| option("--only").is_none_or(|only| t.path.contains(only.as_str())))
        .collect();

    let done = read_all(&data, &rows, copies, threads, &Reader::new(&models, &cache)?)?;
    let mut scored = BTreeMap::new();
    let mut misses = Vec::new();
    for &copy in copies {
        let mut figures = Figures::default();
        let mut judged = Vec::new();
        for done in done.iter().filter(|d| d.copy == copy) {
            let one = judge(&rows[done.row], done, &mut figures);
            if let (Seen::Opened(opened), true) = (&done.seen, copy == Copy::Original && one.miss()) {
                misses.push((one.clone(), opened.thumbnail.clone()));
            }
            judged.push(one);
        }
        println!("\n== {}", copy.name());
        figures.print();
        scored.insert(copy.name(), (figures, judged));
    }
    let several = several_in_one(&rows, &done);
    println!("\n{several}");
    let times = times(&done);
    println!("\n{times}");
    fs::create_dir_all(&out)?;
    let json = serde_json::json!({ "copies": scored, "several": several, "times": times });
    fs::write(out.join("eval.json"), serde_json::to_vec_pretty(&json)?)?;
    let pictures = misses.iter().map(|(judged, thumbnail)| (judged, thumbnail.as_slice()));
    fs::write(out.join("eval.html"), page::page(&times, pictures))?;
    println!("wrote {0}/eval.json and {0}/eval.html", out.display());
    Ok(())
}

/// Every row and copy, on all threads; answers in the order of the rows.
fn read_all(
    data: &Path,
    rows: &[Truth],
    copies: &[Copy],
    threads: usize,
    reader: &Reader,
) -> Result<Vec<Done>, Box<dyn Error>> {
    let tasks: Vec<(usize, Copy)> =
        copies.iter().flat_map(|copy| (0..rows.len()).map(move |row| (row, *copy))).collect();
    let (next, done, started) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Instant::now());
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(&(row, copy)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match read_one(data, &rows[row], row, copy, reader) {
                        Ok(one) => done.lock().map(|mut d| d.extend(one)).unwrap_or_default(),
                        Err(error) => {
                            failed
                                .lock()
                                .map(|mut f| *f = Some(format!("{}: {error}", rows[row].path)))
                                .unwrap_or_default();
                        }
                    }
                    let at = next.load(Ordering::Relaxed).min(tasks.len());
                    eprint!("\r{at}/{} read, {:.0} s ", tasks.len(), started.elapsed().as_secs_f32());
                }
            });
        }
    });
    eprintln!();
    if let Some(failed) = failed.into_inner().unwrap_or_default() {
        return Err(failed.into());
    }
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|d: &Done| (d.copy, d.row));
    Ok(done)
}

fn read_one(
    data: &Path,
    truth: &Truth,
    row: usize,
    copy: Copy,
    reader: &Reader,
) -> std::io::Result<Option<Done>> {
    let bytes = fs::read(data.join(&truth.path))?;
    let started = Instant::now();
    let Some((seen, understood)) = reader.read(&bytes, copy)? else { return Ok(None) };
    let spent: u64 = match &seen {
        Seen::Opened(opened) => opened.timings.iter().map(|t| t.duration_ms).sum(),
        Seen::Refused(_) => 0,
    };
    // What a first run did besides the stages it timed; nearly all of a later run.
    let understand_ms = (started.elapsed().as_secs_f64() * 1_000.0 - spent as f64).max(0.0);
    Ok(Some(Done { row, copy, seen, understood, understand_ms }))
}

fn judge(truth: &Truth, done: &Done, figures: &mut Figures) -> Judged {
    let none = Fields::new();
    let mut reasons = match &done.seen {
        Seen::Refused(reason) => vec![(reason.code, reason.message.clone())],
        Seen::Opened(opened) => opened.reasons.iter().map(|r| (r.code, r.message.clone())).collect(),
    };
    let understood = done.understood.as_ref();
    reasons.extend(understood.into_iter().flat_map(|u| &u.reasons).map(|r| (r.code, r.message.clone())));
    let legible = match &done.seen {
        Seen::Opened(opened) => Some(legible::Legible::of(opened.evidence())),
        Seen::Refused(_) => None,
    };
    let answer = Answer {
        sure: understood.and_then(|u| u.whole).unwrap_or_default(),
        legible: legible.as_ref(),
        kind: understood.map(|u| u.kind),
        confidence: understood.map_or(0.0, |u| u.confidence),
        fields: understood.map_or(&none, |u| &u.fields),
        reasons,
    };
    figures.add(truth, &answer)
}

/// The invoices, receipts and IDs, two in one file; those with XML speak for all their pages and are left out.
fn several_in_one(rows: &[Truth], done: &[Done]) -> Several {
    let papers = done.iter().filter(|d| d.copy == Copy::Original && rows[d.row].label != Kind::Other);
    let read = papers.filter_map(|done| match &done.seen {
        Seen::Opened(opened) if opened.evidence().attachments.is_empty() => {
            Some((rows[done.row].path.as_str(), opened.evidence()))
        }
        _ => None,
    });
    Several::of(&read.collect::<Vec<_>>())
}

/// Seconds a page by stage, as they were when the page was first read, and this process's peak of memory.
fn times(done: &[Done]) -> String {
    let (mut stages, mut pages): (BTreeMap<&str, u64>, usize) = (BTreeMap::new(), 0);
    for done in done {
        if let Seen::Opened(opened) = &done.seen {
            pages += opened.pages();
            for time in &opened.timings {
                *stages.entry(time.stage.as_str()).or_default() += time.duration_ms;
            }
        }
    }
    let a_page = |ms: f64| format!("{:.3}", ms / 1_000.0 / pages.max(1) as f64);
    let rest: f64 = done.iter().map(|d| d.understand_ms).sum();
    let by_stage: Vec<String> =
        stages.iter().map(|(stage, ms)| format!("{stage} {}", a_page(*ms as f64))).collect();
    let peak = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = peak.lines().find_map(|l| l.strip_prefix("VmHWM:")).map_or("unknown", str::trim).to_owned();
    format!(
        "{pages} pages; seconds a page: {}, understand and the rest {}\npeak memory of this process, all threads: {peak}",
        by_stage.join(", "),
        a_page(rest)
    )
}
