//! Scores understanding against a manifest's truth, on stored evidence: `score DATA EVIDENCE [--json OUT] [--misses]`.
//!
//! `DATA/manifest.csv` names the documents and their truth; `EVIDENCE/<path>.json` holds what was read of each. A filed
//! document counts as an error when its kind is wrong, or when its total, date, number or tax id has a truth and
//! differs from it, or when its zone's number does. The error is errors over filed; coverage is filed over all
//! invoices, receipts and IDs.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

#[path = "eval/truth.rs"]
#[allow(dead_code)]
mod truth;

use std::{collections::BTreeMap, path::Path};

use acuse_pipeline::{
    document::Kind,
    limits::Limits,
    reading::{Evidence, Understanding},
    reason::ReasonCode,
    understand::understand,
};
use serde::Serialize;
use truth::{Compared, Tally, Truth, Verdict, compare, filed_wrong, manifest};

#[derive(Debug, Default, Serialize)]
struct Score {
    documents: usize,
    papers: usize,
    filed: usize,
    filed_by_kind: BTreeMap<String, usize>,
    filed_papers: usize,
    held_only_for_expiry: usize,
    errors: usize,
    kind_right: usize,
    fields: BTreeMap<String, Tally>,
    fields_by_language: BTreeMap<String, BTreeMap<String, Tally>>,
    confusion: BTreeMap<String, BTreeMap<String, usize>>,
    confusion_filed: BTreeMap<String, BTreeMap<String, usize>>,
    reasons: BTreeMap<String, usize>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [data, evidence_dir, rest @ ..] = args.as_slice() else {
        return Err("score DATA EVIDENCE [--json OUT] [--misses]".into());
    };
    let misses = rest.iter().any(|a| a == "--misses");
    let mut score = Score::default();
    let mut absent = 0;
    for truth in manifest(Path::new(data))? {
        let Ok(bytes) = std::fs::read(Path::new(evidence_dir).join(format!("{}.json", truth.path))) else {
            absent += 1;
            continue;
        };
        let evidence: Evidence = serde_json::from_slice(&bytes)?;
        tally(&truth, &understand(&evidence, &Limits::default()), misses, &mut score);
    }
    print(&score, absent);
    if let Some(at) = rest.iter().position(|a| a == "--json")
        && let Some(out) = rest.get(at + 1)
    {
        std::fs::write(out, serde_json::to_vec_pretty(&score)?)?;
    }
    Ok(())
}

fn tally(truth: &Truth, u: &Understanding, misses: bool, score: &mut Score) {
    let label = truth.label;
    let filed = u.reasons.is_empty();
    score.documents += 1;
    score.papers += usize::from(label != Kind::Other);
    score.kind_right += usize::from(label == u.kind);
    *score.confusion.entry(label.to_string()).or_default().entry(u.kind.to_string()).or_default() += 1;
    for r in &u.reasons {
        *score.reasons.entry(r.code.to_string()).or_default() += 1;
    }
    let compared = compare(truth, &u.fields);
    for Compared { name, verdict, .. } in &compared {
        score.fields.entry(format!("{label} {name}")).or_default().add(*verdict);
        let lang = if truth.lang.is_empty() { "?" } else { &truth.lang };
        let by = score.fields_by_language.entry(lang.to_owned()).or_default();
        by.entry((*name).to_owned()).or_default().add(*verdict);
    }
    let error = filed_wrong(truth, Some(u.kind), &compared);
    if filed {
        score.filed += 1;
        score.filed_papers += usize::from(label != Kind::Other);
        *score.filed_by_kind.entry(label.to_string()).or_default() += 1;
        score.errors += usize::from(error);
        let filed_as = score.confusion_filed.entry(label.to_string()).or_default();
        *filed_as.entry(u.kind.to_string()).or_default() += 1;
    } else if u.reasons.iter().all(|r| r.code == ReasonCode::Expired) {
        score.held_only_for_expiry += 1;
    }
    if misses {
        tell_misses(truth, u, label, filed && error, filed, &compared);
    }
}

fn tell_misses(
    truth: &Truth,
    u: &Understanding,
    label: Kind,
    error: bool,
    filed: bool,
    compared: &[Compared],
) {
    let wrong: Vec<String> = compared
        .iter()
        .filter(|c| c.verdict != Verdict::Right)
        .map(|c| format!("{}: {:?} ({:.2}) for {:?}", c.name, c.found, c.confidence, c.truth))
        .collect();
    let why: Vec<String> = u.reasons.iter().map(|r| format!("{} ({})", r.code, r.message)).collect();
    if error || label != u.kind || !wrong.is_empty() || (!filed && label != Kind::Other) {
        let flag = if error {
            "FILED WRONG"
        } else if filed {
            "filed"
        } else {
            "held"
        };
        let hard = if truth.hard() { " [hard]" } else { "" };
        println!("{flag} {label}->{} {:.2} {}{hard} {}", u.kind, u.confidence, truth.path, truth.subtype);
        for line in wrong.iter().chain(&why) {
            println!("    {line}");
        }
    }
}

fn print(score: &Score, absent: usize) {
    let share = |a: usize, b: usize| 100.0 * a as f64 / b.max(1) as f64;
    println!("documents {} (no evidence for {absent})", score.documents);
    println!("kind right {:.1} %", share(score.kind_right, score.documents));
    println!(
        "coverage {}/{} = {:.1} %",
        score.filed_papers,
        score.papers,
        share(score.filed_papers, score.papers)
    );
    println!("held for expiry alone {}", score.held_only_for_expiry);
    println!(
        "error among filed {}/{} = {:.2} %",
        score.errors,
        score.filed,
        share(score.errors, score.filed)
    );
    println!("filed by kind {:?}", score.filed_by_kind);
    println!("confusion {:?}", score.confusion);
    println!("confusion, filed {:?}", score.confusion_filed);
    println!("reasons {:?}", score.reasons);
    for (name, t) in &score.fields {
        println!("{name:>20} {}/{} = {:.1} % ({} wrong)", t.right, t.of(), share(t.right, t.of()), t.wrong);
    }
    for (lang, fields) in &score.fields_by_language {
        let all: Vec<String> = fields.iter().map(|(n, t)| format!("{n} {}/{}", t.right, t.of())).collect();
        println!("{lang:>10} {}", all.join(", "));
    }
}
