//! Trains the scorer of parties: `party DATA EVIDENCE [--write WEIGHTS]`.
//!
//! Each bill of `DATA/manifest.csv` whose issuer is known gives one example: the signs of the party that was found, and
//! whether it is the paper's. Every figure it prints is of scorers that saw nothing of the paper's source.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

#[path = "eval/legible.rs"]
#[allow(dead_code)]
mod legible;
#[path = "train/logistic.rs"]
mod logistic;
#[path = "train/parties.rs"]
mod parties;
#[path = "eval/truth.rs"]
#[allow(dead_code)]
mod truth;

use std::{error::Error, fmt::Write, fs, path::Path};

use acuse_pipeline::understand::scorer::Scorer;
use logistic::{Example, fit, without_each};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [data, evidence, rest @ ..] = args.as_slice() else {
        return Err("party DATA EVIDENCE [--write WEIGHTS]".into());
    };
    let examples = parties::examples(&truth::manifest(Path::new(data))?, Path::new(evidence))?;
    let figures = figures(&examples);
    print!("{figures}");
    if let Some(at) = rest.iter().position(|a| a == "--write") {
        let out = rest.get(at + 1).ok_or("--write WEIGHTS")?;
        fs::write(out, weights_file(&examples, &figures))?;
        println!("wrote {out}");
    }
    Ok(())
}

/// How probabilities keep their word on sources that were left out.
fn figures(examples: &[Example]) -> String {
    let scorers = without_each(examples);
    let none = Scorer::default();
    let mut judged: Vec<(f32, bool)> = examples
        .iter()
        .map(|e| (scorers.get(&e.source).unwrap_or(&none).probability(&e.signs), e.right))
        .collect();
    judged.sort_by(|a, b| b.0.total_cmp(&a.0));
    let right = judged.iter().filter(|(_, r)| *r).count();
    let brier: f32 = judged.iter().map(|(p, r)| (p - f32::from(u8::from(*r))).powi(2)).sum();
    let mut out = String::new();
    let (all, sources) = (judged.len(), scorers.len());
    let _ = writeln!(
        out,
        "{right} of {all} parties right, {sources} sources, each judged by what saw none of it"
    );
    let _ = writeln!(out, "Brier {:.4}", brier / all.max(1) as f32);
    for bin in [(0.0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 1.01)] {
        let inside: Vec<_> = judged.iter().filter(|(p, _)| (bin.0..bin.1).contains(p)).collect();
        let n = inside.len();
        let said = inside.iter().map(|(p, _)| p).sum::<f32>() / n.max(1) as f32;
        let right = inside.iter().filter(|(_, r)| *r).count() as f32 / n.max(1) as f32;
        let _ = writeln!(out, "  said {said:.3}, right {right:.3} of {n}");
    }
    out
}

fn weights_file(examples: &[Example], figures: &str) -> String {
    let mut out = String::from("# Weights of the scorer of parties; `make train` writes this file.\n");
    let _ = writeln!(
        out,
        "# Recipe: logistic regression, L2 penalty, on the party found on each of {} bills whose issuer is known.",
        examples.len()
    );
    figures.lines().for_each(|line| {
        let _ = writeln!(out, "#   {line}");
    });
    let _ = writeln!(out, "# sign\tweight");
    let scorer = fit(examples.iter());
    for (name, weight) in scorer.weights() {
        let _ = writeln!(out, "{name}\t{weight:.4}");
    }
    out
}
