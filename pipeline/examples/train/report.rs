//! What cross-validation showed, in words and in the head of the weights.

use std::fmt::Write;

use acuse_pipeline::{document::Kind, reading::Understanding, understand::model::KINDS};

use crate::{
    Known, PENALTY,
    fit::Weights,
    truth::{compare, wrong},
};

/// Confusion, reliability and what would be filed, every document judged by weights that never saw it.
pub fn figures(known: &[Known], understood: &[Understanding], temperature: f32) -> String {
    let mut out = String::new();
    let pairs = || known.iter().zip(understood);
    let right = pairs().filter(|(k, u)| k.truth.label == u.kind).count();
    let _ = writeln!(out, "kind right {right}/{}, temperature {temperature:.2}", known.len());
    let _ = writeln!(out, "{:>10}{}", "truth", KINDS.map(|k| format!("{:>9}", k.to_string())).concat());
    for truth in KINDS {
        let cells = KINDS.map(|said| {
            let n = pairs().filter(|(k, u)| k.truth.label == truth && u.kind == said).count();
            format!("{n:>9}")
        });
        let _ = writeln!(out, "{:>10}{}", truth.to_string(), cells.concat());
    }
    let _ = writeln!(out, "reliability: probability said, documents, right");
    for bin in [(0.0, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.98), (0.98, 1.01)] {
        let inside: Vec<_> = pairs().filter(|(_, u)| (bin.0..bin.1).contains(&u.confidence)).collect();
        let right = inside.iter().filter(|(k, u)| k.truth.label == u.kind).count();
        let said: f32 = inside.iter().map(|(_, u)| u.confidence).sum::<f32>() / inside.len().max(1) as f32;
        let share = right as f32 / inside.len().max(1) as f32;
        let _ = writeln!(out, "  {said:.3} {:>4} {share:.3}", inside.len());
    }
    let _ = writeln!(out, "wrongly taken for a paper, or for another:");
    let mut wrong: Vec<_> =
        pairs().filter(|(k, u)| k.truth.label != u.kind && u.kind != Kind::Other).collect();
    wrong.sort_by(|a, b| b.1.confidence.total_cmp(&a.1.confidence));
    for (k, u) in &wrong {
        let hard = if k.truth.hard() { " hard" } else { "" };
        let _ = writeln!(out, "  {:.3} {} as {}{hard}", u.confidence, k.truth.label, u.kind);
        if std::env::var_os("NAMES").is_some() {
            println!("  {:.3} {} as {}", u.confidence, k.truth.path, u.kind);
        }
    }
    for kind in [Kind::Invoice, Kind::Receipt, Kind::Id] {
        let _ = writeln!(out, "{}", filed(kind, &pairs().collect::<Vec<_>>()));
    }
    out
}

fn filed(kind: Kind, pairs: &[(&Known, &Understanding)]) -> String {
    let papers = pairs.iter().filter(|(k, _)| k.truth.label == kind).count();
    let filed: Vec<_> = pairs.iter().filter(|(_, u)| u.kind == kind && u.reasons.is_empty()).collect();
    let errors = filed
        .iter()
        .filter(|(k, u)| !wrong(&k.truth, Some(u.kind), &compare(&k.truth, &u.fields, None)).is_empty())
        .count();
    format!("filed as {kind}: {} of {papers}, wrong {errors}", filed.len())
}

/// The weights with their recipe. `made_of`: real documents, and drawn and invented ones.
pub fn weights_file(
    weights: &Weights,
    names: &[String],
    temperature: f32,
    figures: &str,
    made_of: (usize, usize),
) -> String {
    let mut out = String::from("# Weights of the classifier; `make train` writes this file.\n");
    let (real, made) = made_of;
    let _ = writeln!(
        out,
        "# Recipe: multinomial logistic regression, L2 penalty {PENALTY}, on {real} documents (each also worn three\n\
         # times) and {made} drawn and invented ones; scores divided by the temperature {temperature:.2}.\n\
         # Ten-fold cross-validation, whole sources held out:"
    );
    for line in figures.lines() {
        let _ = writeln!(out, "#   {line}");
    }
    let _ = writeln!(out, "# feature\t{}", KINDS.map(|k| k.to_string()).join("\t"));
    for (name, weights) in names.iter().zip(weights) {
        let cells = weights.map(|w| format!("{:.3}", w / temperature));
        let _ = writeln!(out, "{name}\t{}", cells.join("\t"));
    }
    out
}
