//! Reads files as far as text and writes what was found, one JSON a file.
//!
//! `cargo run --example evidence -- MODELS OUT FOLDER…` walks the folders, writes `OUT/<path>.json` (an
//! [`acuse_pipeline::reading::Evidence`]) and skips what is there already, so that it can be stopped and resumed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use acuse_pipeline::{
    limits::Limits,
    reading::budget::Effort,
    reading::{Declared, Evidence},
    text::{self, Models, OcrOptions},
};

fn main() {
    let mut args = std::env::args().skip(1).map(PathBuf::from);
    let models = Models::load(&args.next().expect("MODELS")).expect("models");
    let out = args.next().expect("OUT");
    let options = OcrOptions {
        long_side_px: std::env::var("LONG_SIDE").ok().and_then(|s| s.parse().ok()).unwrap_or(960),
        ..OcrOptions::default()
    };
    let (mut pages, started) = (0, Instant::now());
    for root in args {
        let mut files = Vec::new();
        walk(&root, &mut files);
        files.sort();
        for file in files {
            let name = file.strip_prefix(root.parent().unwrap_or(&root)).unwrap();
            let target = out.join(format!("{}.json", name.display()));
            if target.exists() {
                continue;
            }
            let begun = Instant::now();
            match read(&file, &options, &models) {
                Ok(evidence) => {
                    pages += evidence.pages.len();
                    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
                    std::fs::write(&target, serde_json::to_vec(&evidence).unwrap()).unwrap();
                    eprintln!("{:6} ms {}", begun.elapsed().as_millis(), name.display());
                }
                Err(error) => eprintln!("   failed {}: {error}", name.display()),
            }
        }
    }
    eprintln!("{pages} pages in {:.1} s", started.elapsed().as_secs_f32());
}

fn walk(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap().flatten() {
            walk(&entry.path(), files);
        }
    } else {
        files.push(path.to_owned());
    }
}

fn read(file: &Path, options: &OcrOptions, models: &Models) -> Result<Evidence, Box<dyn std::error::Error>> {
    let limits = Limits::default();
    let bytes = std::fs::read(file)?;
    let refused = |reason: acuse_pipeline::reason::Reason| format!("{}: {}", reason.code, reason.message);
    let mut normalized =
        acuse_pipeline::reading::open(&bytes, &Declared::default(), &limits).map_err(refused)?;
    // All of a page is read, however busy the machine: evidence must not hang on the clock.
    let options = &OcrOptions { until: Some(Effort::begin().until(Duration::from_secs(600))), ..*options };
    Ok(text::gather(&mut normalized, options, &limits, models, &mut |_| ()).0)
}
