//! Which of several names is the party: a conditional logit (McFadden, 1974) over the candidates of each bill.

use std::{collections::HashMap, sync::OnceLock};

use acuse_pipeline::understand::scorer::{Scorer, Scorers, Signed, Signs};

use crate::{
    logistic::{Example, FOLDS, fold, solve, variances},
    signed::Document,
};

/// Its name among the scorers.
pub const CHOICE: &str = "choice";
/// L2, times the variance of each sign.
pub const PENALTY: f64 = 40.0;
/// Newton's steps from nothing, and from weights that all papers gave: the sum has one least place, so that where it is
/// begun says nothing of what is found.
const STEPS: usize = 10;
const STEPS_ON: usize = 4;
static BEGUN: OnceLock<Scorer> = OnceLock::new();
/// Candidates beyond so many, by rules, teach nothing.
const MOST: usize = 14;

/// The names of a bill, and which of them are its party's.
struct Ballot<'a> {
    options: Vec<(&'a Signs, bool)>,
}

fn ballot(document: &Document) -> Option<Ballot<'_>> {
    let options =
        document.options.iter().zip(&document.of_party).map(|(named, right)| (&named.signs, *right));
    let kept: Vec<_> =
        options.enumerate().filter(|(n, (_, right))| *n < MOST || *right).map(|(_, o)| o).collect();
    let right = kept.iter().filter(|(_, right)| *right).count();
    (right > 0 && right < kept.len()).then_some(Ballot { options: kept })
}

/// Where later choosers of nearly the same papers begin.
pub fn begin(documents: &[&Document]) {
    let _ = BEGUN.set(chooser(documents));
}

/// The scorer that takes the right name most surely, fitted by Newton's method; the right ones of a ballot share its vote.
pub fn chooser(documents: &[&Document]) -> Scorer {
    let ballots: Vec<Ballot<'_>> = documents.iter().filter_map(|d| ballot(d)).collect();
    let mut names: Vec<&str> =
        ballots.iter().flat_map(|b| &b.options).flat_map(|(s, _)| s.iter().map(|x| x.0)).collect();
    names.sort_unstable();
    names.dedup();
    let at: HashMap<&str, usize> = names.iter().enumerate().map(|(n, name)| (*name, n)).collect();
    let dense = |signs: &Signs| {
        let mut row = vec![0.0; names.len()];
        signs.iter().filter_map(|(n, v)| Some((at.get(n)?, v))).for_each(|(n, v)| row[*n] = f64::from(*v));
        row
    };
    let rows: Vec<Vec<(Vec<f64>, bool)>> =
        ballots.iter().map(|b| b.options.iter().map(|(s, right)| (dense(s), *right)).collect()).collect();
    let begun = BEGUN.get().map(Scorer::weights).unwrap_or_default();
    let mut weights: Vec<f64> = names.iter().map(|n| begun.get(n).map_or(0.0, |w| f64::from(*w))).collect();
    let spread = variances(rows.iter().flatten().map(|(x, _)| x.as_slice()), names.len());
    for _ in 0..if begun.is_empty() { STEPS } else { STEPS_ON } {
        let (mut slope, mut bend) = (vec![0.0; names.len()], vec![vec![0.0; names.len()]; names.len()]);
        rows.iter().for_each(|options| step(options, &weights, &mut slope, &mut bend));
        for i in 0..names.len() {
            slope[i] += PENALTY * spread[i] * weights[i];
            bend[i][i] += PENALTY * spread[i];
        }
        let moved = solve(bend, slope);
        let most = moved.iter().fold(0.0, |m: f64, s| m.max(s.abs()));
        weights.iter_mut().zip(&moved).for_each(|(w, s)| *w -= s * (2.0 / most.max(2.0)));
    }
    Scorer::new(names.iter().zip(weights).map(|(n, w)| ((*n).to_owned(), w as f32)).collect())
}

/// Adds what one ballot says of the slope and its change.
fn step(options: &[(Vec<f64>, bool)], weights: &[f64], slope: &mut [f64], bend: &mut [Vec<f64>]) {
    let odds: Vec<f64> =
        options.iter().map(|(x, _)| x.iter().zip(weights).map(|(a, b)| a * b).sum()).collect();
    let most = odds.iter().fold(f64::MIN, |m, o| m.max(*o));
    let shares: Vec<f64> = odds.iter().map(|o| (o - most).exp()).collect();
    let all: f64 = shares.iter().sum();
    let right: f64 = shares.iter().zip(options).filter(|(_, o)| o.1).map(|(s, _)| s).sum();
    let mut mean = vec![0.0; weights.len()];
    for ((x, is), share) in options.iter().zip(&shares) {
        let p = share / all;
        let q = if *is { share / right } else { 0.0 };
        for i in (0..x.len()).filter(|i| x[*i] != 0.0) {
            mean[i] += p * x[i];
            slope[i] += (p - q) * x[i];
            (0..=i).for_each(|j| bend[i][j] += p * x[i] * x[j]);
        }
    }
    for i in (0..mean.len()).filter(|i| mean[*i] != 0.0) {
        (0..=i).for_each(|j| bend[i][j] -= mean[i] * mean[j]);
    }
}

/// The party of a bill as these scorers take it.
pub fn party(document: &Document, scorers: &Scorers) -> Option<(Signed, bool)> {
    let named = document.options.best(scorers)?;
    let right = document.is_party(&named.name);
    let (most, name) = (named.most(), document.party_field()?);
    Some((Signed { name, value: named.name, signs: named.signs, most }, right))
}

/// Examples of the party's scorer: of each bill the name taken by a chooser that saw nothing of its source.
pub fn examples(documents: &[&Document]) -> Vec<Example> {
    let mut out = Vec::new();
    for f in 0..FOLDS {
        let (held, kept): (Vec<&Document>, Vec<&Document>) =
            documents.iter().partition(|d| fold(&d.truth.source_repo) == f);
        let mut scorers = Scorers::default();
        scorers.set(CHOICE, chooser(&kept));
        out.extend(held.into_iter().filter(|d| d.has_party()).filter_map(|d| {
            let (signed, right) = party(d, &scorers)?;
            Some(Example { source: d.truth.source_repo.clone(), signs: signed.signs, right })
        }));
    }
    out
}
