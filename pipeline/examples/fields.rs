//! Trains the scorers of a bill's fields and of the whole bill: `fields DATA EVIDENCE [--kinds FOLDER] [--write FOLDER]`.
//!
//! Each bill of `DATA/manifest.csv` gives one example for each field that it shows and of which the truth is known: the
//! signs of what was found, and whether it is the paper's. Every figure it prints is of scorers that saw nothing of the
//! paper's source.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

#[path = "train/choice.rs"]
mod choice;
#[path = "train/kinds.rs"]
mod kinds;
#[path = "eval/legible.rs"]
#[allow(dead_code)]
mod legible;
#[path = "train/logistic.rs"]
mod logistic;
#[path = "train/scorers.rs"]
mod scorers;
#[path = "train/signed.rs"]
mod signed;
#[path = "eval/truth.rs"]
#[allow(dead_code)]
mod truth;

use std::{collections::HashMap, error::Error, fmt::Write, fs, path::Path};

use acuse_pipeline::understand::scorer::{Scorer, Scorers};
use kinds::Kinds;
use logistic::{Example, Recipe};
use scorers::{DOCUMENT, RECIPES, TARGET, of_whole, train, without_each};
use signed::Document;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [data, evidence, rest @ ..] = args.as_slice() else {
        return Err("fields DATA EVIDENCE [--kinds FOLDER] [--write FOLDER]".into());
    };
    let truths = truth::manifest(Path::new(data))?;
    let documents = signed::documents(&truths, Path::new(evidence), &Kinds::named(rest)?)?;
    let without = without_each(&documents);
    let all = train(&documents.iter().collect::<Vec<_>>());
    let taken = documents.iter().filter(|d| d.has_party()).filter_map(|d| {
        let (_, right) = choice::party(d, without.get(&d.truth.source_repo)?)?;
        Some((right, d.of_party.iter().any(|right| *right)))
    });
    let (right, there, of) = taken.fold((0, 0, 0), |(right, there, of), (is, was)| {
        (right + usize::from(is), there + usize::from(was), of + 1)
    });
    let chosen = format!(
        "{right} of {of} taken right, each by what saw nothing of its source; among the candidates {there}"
    );
    println!("choice: {chosen}");
    if let Some(at) = rest.iter().position(|a| a == "--write") {
        let folder = rest.get(at + 1).ok_or("--write FOLDER")?;
        let scorer = all.get(choice::CHOICE).ok_or("no scorer")?;
        fs::write(Path::new(folder).join("choice.tsv"), choice_file(scorer, &chosen))?;
    }
    for recipe in RECIPES.iter().chain([&DOCUMENT]) {
        let figures = figures(&documents, recipe, &without);
        print!("{}: {figures}", recipe.name);
        if let Some(at) = rest.iter().position(|a| a == "--write") {
            let folder = rest.get(at + 1).ok_or("--write FOLDER")?;
            let scorer = all.get(recipe.name).ok_or("no scorer")?;
            let out = Path::new(folder).join(format!("{}.tsv", recipe.name));
            fs::write(&out, weights_file(scorer, recipe, &figures))?;
            println!("wrote {}", out.display());
        }
    }
    Ok(())
}

/// How probabilities keep their word on sources that were left out.
fn figures(documents: &[Document], recipe: &Recipe, without: &HashMap<String, Scorers>) -> String {
    let documents: Vec<&Document> = documents.iter().collect();
    let examples: Vec<Example> = if recipe.name == DOCUMENT.name {
        let of = |d: &&Document| of_whole(d, without.get(&d.truth.source_repo)?);
        documents.iter().filter_map(of).collect()
    } else {
        match recipe.name {
            "party" => choice::examples(&documents),
            name => signed::examples(&documents, name),
        }
    };
    let judge = |e: &Example| {
        let scorer = without.get(&e.source).and_then(|s| s.get(recipe.name));
        scorer.map_or(0.5, |s| s.probability(&e.signs))
    };
    let judged: Vec<(f32, bool)> = examples.iter().map(|e| (judge(e), e.right)).collect();
    let right = judged.iter().filter(|(_, r)| *r).count();
    let brier: f32 = judged.iter().map(|(p, r)| (p - f32::from(u8::from(*r))).powi(2)).sum();
    let mut out = String::new();
    let of = judged.len();
    let brier = brier / of.max(1) as f32;
    let _ = writeln!(
        out,
        "{right} of {of} right, each judged by what saw nothing of its source; Brier {brier:.4}"
    );
    for bin in
        [(0.0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.98), (0.98, 1.01)]
    {
        let inside: Vec<_> = judged.iter().filter(|(p, _)| (bin.0..bin.1).contains(p)).collect();
        let n = inside.len();
        if n > 0 {
            let said = inside.iter().map(|(p, _)| p).sum::<f32>() / n as f32;
            let right = inside.iter().filter(|(_, r)| *r).count() as f32 / n as f32;
            let _ = writeln!(out, "  said {said:.3}, right {right:.3} of {n}");
        }
    }
    out
}

fn choice_file(scorer: &Scorer, figures: &str) -> String {
    let mut out = String::from("# Weights of the scorer: choice; `make train` writes this file.\n");
    let _ = writeln!(
        out,
        "# Recipe: conditional logit over the names of each bill (Newton), L2 penalty {}.",
        choice::PENALTY
    );
    let _ = writeln!(out, "#   {figures}\n# sign\tweight");
    for (name, weight) in scorer.weights() {
        let _ = writeln!(out, "{name}\t{weight:.4}");
    }
    out
}

fn weights_file(scorer: &Scorer, recipe: &Recipe, figures: &str) -> String {
    let mut out = format!("# Weights of the scorer: {}; `make train` writes this file.\n", recipe.name);
    let _ = writeln!(
        out,
        "# Recipe: logistic regression (Newton), L2 penalty {}{}, odds stretched and moved (Platt) by what scorers of other \
         sources say.",
        recipe.penalty,
        if recipe.by_variance { " by variance" } else { "" }
    );
    if recipe.name == DOCUMENT.name {
        let _ = writeln!(
            out,
            "#   The threshold is where the documents filed would hold {TARGET} wrong ones, as they are judged."
        );
    }
    figures.lines().for_each(|line| {
        let _ = writeln!(out, "#   {line}");
    });
    let _ = writeln!(out, "# sign\tweight");
    for (name, weight) in scorer.weights() {
        let _ = writeln!(out, "{name}\t{weight:.4}");
    }
    out
}
