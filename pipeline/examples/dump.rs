//! Dump.
#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr, dead_code)]
#[path = "eval/legible.rs"]
mod legible;
#[path = "train/logistic.rs"]
mod logistic;
#[path = "train/signed.rs"]
mod signed;
#[path = "eval/truth.rs"]
mod truth;
use acuse_pipeline::{
    document::Kind,
    understand::{model::Model, parties, sheet::Sheet, tax_ids},
};
use std::{error::Error, path::Path};
fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let docs =
        signed::documents(&truth::manifest(Path::new(&args[0]))?, Path::new(&args[1]), Model::committed())?;
    for d in docs {
        let sheet = Sheet::of(&d.evidence);
        let ids = tax_ids::tax_ids(&sheet);
        let invoice = d.understood.kind == Kind::Invoice
            || (d.understood.kind != Kind::Receipt && d.truth.label == Kind::Invoice);
        let cands: Vec<_> = if d.truth.gt_vendor.is_empty() {
            vec![]
        } else {
            parties::candidates_of(&sheet, &ids, invoice).into_iter().map(|n| {
            let right = d.truth.gt_vendor.split('|').any(|t| truth::party(t, &n.name));
            serde_json::json!({"name": n.name, "score": n.confidence, "right": right, "signs": n.signs, "bbox": n.bbox})
        }).collect()
        };
        let signs: Vec<_> = d
            .understood
            .signs
            .iter()
            .map(|s| serde_json::json!({"name": s.name, "value": s.value, "signs": s.signs}))
            .collect();
        println!(
            "{}",
            serde_json::json!({
                "path": d.truth.path, "source": d.truth.source_repo, "label": d.truth.label, "new": d.truth.is_new(), "hard": d.truth.hard(),
                "country": d.truth.country(), "lang": d.truth.lang,
                "kind": d.understood.kind, "kind_conf": d.understood.confidence, "compared": d.compared, "fields": d.understood.fields,
                "reasons": d.understood.reasons, "because": d.understood.because, "signs": signs, "candidates": cands, "language": d.understood.language,
                "gt_vendor": d.truth.gt_vendor, "wrong": truth::wrong(&d.truth, Some(d.understood.kind), &d.compared),
            })
        );
    }
    Ok(())
}
