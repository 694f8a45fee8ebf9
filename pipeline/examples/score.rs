//! The quick one of `eval`: scores understanding on stored evidence, `score DATA EVIDENCE [--leave-out [--kinds FOLDER]]
//! [--json OUT] [--plot PAGE] [--misses]`. With `--leave-out` each document is judged by scorers, and with `--kinds` by a
//! classifier, that were trained without any of its source.
//!
//! `DATA/manifest.csv` names the documents and their truth; `EVIDENCE/<path>.json` holds what was read of each (see the
//! `evidence` example). No decoding, no OCR: seconds for a few hundred documents.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

#[path = "train/choice.rs"]
mod choice;
#[path = "eval/figures.rs"]
mod figures;
#[path = "train/kinds.rs"]
mod kinds;
#[path = "eval/legible.rs"]
mod legible;
#[path = "train/logistic.rs"]
mod logistic;
#[path = "eval/plot.rs"]
mod plot;
#[path = "eval/risk.rs"]
mod risk;
#[path = "train/scorers.rs"]
mod scorers;
#[path = "train/signed.rs"]
#[allow(dead_code)]
mod signed;
#[path = "eval/truth.rs"]
mod truth;

use std::{collections::HashMap, path::Path};

use acuse_pipeline::{
    reading::{Evidence, Understanding},
    understand::{model::Model, understand_by},
};
use figures::{Answer, Figures};
use kinds::Kinds;
use legible::Legible;
use time::OffsetDateTime;
use truth::Truth;

struct Read {
    truth: Truth,
    understood: Understanding,
    legible: Legible,
}

/// A model for each source; the committed one for the rest.
type Models = HashMap<String, Model>;

fn read(
    truths: &[Truth],
    evidence_dir: &Path,
    models: &Models,
) -> Result<Vec<Read>, Box<dyn std::error::Error + Send + Sync>> {
    let today = OffsetDateTime::now_utc().date();
    let one = |truth: &Truth| {
        let Ok(bytes) = std::fs::read(evidence_dir.join(format!("{}.json", truth.path))) else {
            eprintln!("no evidence for {}", truth.path);
            return Ok(None);
        };
        let evidence: Evidence = serde_json::from_slice(&bytes)?;
        let model = models.get(&truth.source_repo).unwrap_or(Model::committed());
        let understood = understand_by(&evidence, today, model);
        Ok(Some(Read { truth: truth.clone(), understood, legible: Legible::of(&evidence) }))
    };
    truths.iter().filter_map(|t| one(t).transpose()).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [data, evidence_dir, rest @ ..] = args.as_slice() else {
        return Err(
            "score DATA EVIDENCE [--leave-out [--kinds FOLDER]] [--json OUT] [--plot PAGE] [--misses]".into(),
        );
    };
    let misses = rest.iter().any(|a| a == "--misses");
    let truths = truth::manifest(Path::new(data))?;
    let mut models = Models::new();
    if rest.iter().any(|a| a == "--leave-out") {
        let kinds = Kinds::named(rest)?;
        let documents = signed::documents(&truths, Path::new(evidence_dir), &kinds)?;
        for (source, scorers) in scorers::without_each(&documents) {
            let mut model = kinds.of(&source).clone();
            model.scorers = scorers;
            models.insert(source, model);
        }
    }
    let threads = std::thread::available_parallelism()?.get();
    let parts: Vec<&[Truth]> = truths.chunks(truths.len().div_ceil(threads).max(1)).collect();
    let read = std::thread::scope(|scope| {
        let running: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(|| read(part, Path::new(evidence_dir), &models)))
            .collect();
        running
            .into_iter()
            .map(|r| r.join().map_err(|_| "a document panicked")?)
            .collect::<Result<Vec<_>, _>>()
    })?;
    let mut figures = Figures::default();
    let mut all = Vec::new();
    for Read { truth, understood, legible } in read.iter().flatten() {
        let judged = figures.add(
            truth,
            &Answer {
                kind: Some(understood.kind),
                confidence: understood.confidence,
                fields: &understood.fields,
                sure: understood.whole.unwrap_or_default(),
                legible: Some(legible),
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
    if let Some(at) = rest.iter().position(|a| a == "--plot")
        && let Some(out) = rest.get(at + 1)
    {
        std::fs::write(out, plot::page(&figures))?;
    }
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
