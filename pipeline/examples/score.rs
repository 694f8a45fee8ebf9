//! The quick one of `eval`: scores understanding on stored evidence, `score DATA EVIDENCE [--json OUT] [--misses]`.
//!
//! `DATA/manifest.csv` names the documents and their truth; `EVIDENCE/<path>.json` holds what was read of each (see the
//! `evidence` example). No decoding, no OCR: a second for a few hundred documents.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

#[path = "eval/figures.rs"]
mod figures;
#[path = "eval/truth.rs"]
mod truth;

use std::path::Path;

use acuse_pipeline::{limits::Limits, reading::Evidence, understand::understand};
use figures::{Answer, Figures};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [data, evidence_dir, rest @ ..] = args.as_slice() else {
        return Err("score DATA EVIDENCE [--json OUT] [--misses]".into());
    };
    let misses = rest.iter().any(|a| a == "--misses");
    let mut figures = Figures::default();
    let mut all = Vec::new();
    for truth in truth::manifest(Path::new(data))? {
        let Ok(bytes) = std::fs::read(Path::new(evidence_dir).join(format!("{}.json", truth.path))) else {
            eprintln!("no evidence for {}", truth.path);
            continue;
        };
        let evidence: Evidence = serde_json::from_slice(&bytes)?;
        let understood = understand(&evidence, &Limits::default());
        let judged = figures.add(
            &truth,
            &Answer {
                kind: Some(understood.kind),
                confidence: understood.confidence,
                fields: &understood.fields,
                reasons: understood.reasons.iter().map(|r| (r.code, r.message.clone())).collect(),
            },
        );
        if misses && judged.miss() {
            println!("{}", judged.headline());
            judged.details().iter().for_each(|line| println!("    {line}"));
        }
        all.push(judged);
    }
    figures.print();
    if let Some(at) = rest.iter().position(|a| a == "--json")
        && let Some(out) = rest.get(at + 1)
    {
        std::fs::write(
            out,
            serde_json::to_vec_pretty(&serde_json::json!({ "figures": figures, "documents": all }))?,
        )?;
    }
    Ok(())
}
