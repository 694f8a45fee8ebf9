//! What the sandbox costs: each file opened in a warm reader and in this process, one after the other.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use acuse_pipeline::{
    intake,
    limits::Limits,
    reading::{Declared, Reading},
    reason::{Reason, ReasonCode},
};
use acuse_workers::sandbox::{Sandbox, SandboxConfig};
use anyhow::{Context, Result};

use crate::{answers::Answer, at, verdict::Expected};

/// Files that take longer than this would only measure the decoder's own scatter.
const QUICK: Duration = Duration::from_secs(1);

/// The reader of this program: sniffs and decodes, and answers without pictures.
pub fn decode(bytes: &[u8], declared: &Declared, limits: &Limits, tell: &mut dyn FnMut(&str)) -> Reading {
    tell("decode");
    let opened = intake::sniff(bytes, declared, limits).and_then(|s| intake::normalize(s, bytes, limits));
    let reason = opened.err().unwrap_or_else(|| Reason::new(ReasonCode::NotADocument, "Opened."));
    Reading::refused("application/octet-stream", reason)
}

/// Prints the median and the ninth decile of the difference.
pub fn measure(folder: &Path, rows: &[Expected], answers: &[Option<Answer>]) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let limits = Limits::default();
    let sandbox = runtime
        .block_on(Sandbox::start(SandboxConfig::new(limits.clone(), 1)))
        .context("starting a sandbox of our own")?;
    let (mut overheads, mut inside, mut outside) = (Vec::new(), Duration::ZERO, Duration::ZERO);
    for (row, answer) in rows.iter().zip(answers) {
        // What killed a reader would kill us.
        if answer.as_ref().is_none_or(Answer::killed) {
            continue;
        }
        let bytes = std::fs::read(at(folder, row))?;
        let declared = Declared::default();
        let size = bytes.len() as u64;
        let read = || runtime.block_on(sandbox.read(bytes.as_slice(), size, &declared));
        let here = timed(|| drop(decode(&bytes, &declared, &limits, &mut |_| ())));
        if here > QUICK {
            continue;
        }
        // Twice each: the first run also warms what both share (pages of the file, of the allocator).
        timed(|| drop(read()));
        let there = timed(|| drop(read()));
        let here = timed(|| drop(decode(&bytes, &declared, &limits, &mut |_| ())));
        inside += there;
        outside += here;
        overheads.push(there.as_secs_f64() * 1e3 - here.as_secs_f64() * 1e3);
    }
    overheads.sort_by(f64::total_cmp);
    let at =
        |share: f64| overheads.get((overheads.len() as f64 * share) as usize).copied().unwrap_or_default();
    println!(
        "overhead of a warm reader over decoding in-process, {} files: median {:.2} ms, 9 of 10 under {:.2} ms; \
         in all {} ms against {} ms",
        overheads.len(),
        at(0.5),
        at(0.9),
        inside.as_millis(),
        outside.as_millis(),
    );
    Ok(())
}

fn timed(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}
