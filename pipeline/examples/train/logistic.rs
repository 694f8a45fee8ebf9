//! Two-way logistic regression with an L2 penalty, calibrated on sources it did not see, for the scorers of fields.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use acuse_pipeline::understand::scorer::{Scorer, Signs};

/// One candidate: its signs, and whether it is right.
#[derive(Clone)]
pub struct Example {
    pub source: String,
    pub signs: Signs,
    pub right: bool,
}

/// What a scorer is made of.
#[derive(Clone, Copy)]
pub struct Recipe {
    pub name: &'static str,
    /// The signs it weighs; all where empty.
    pub signs: &'static [&'static str],
    /// Of the weights of signs, which are numbers of about one.
    pub penalty: f64,
    /// Whether it grows with a sign's variance, so that what hardly varies may weigh as much as what does.
    pub by_variance: bool,
}

/// What rules say is an opinion already: it is trusted unless papers say otherwise.
const OPINIONS: [&str; 3] = ["said", "rules", "all"];
const OF_OPINIONS: f64 = 0.5;
const STEPS: usize = 25;
/// Sources are parted into so many for calibration.
pub const FOLDS: u64 = 5;

/// Which part a source belongs to; the same on every machine and in every build of one toolchain.
pub fn fold(source: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    hasher.finish() % FOLDS
}

fn names(examples: &[&Example], recipe: Recipe) -> Vec<&'static str> {
    let all = examples.iter().flat_map(|e| e.signs.iter().map(|(n, _)| *n));
    let mut names: Vec<&str> = all.filter(|n| recipe.signs.is_empty() || recipe.signs.contains(n)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Newton's method on all examples.
fn fit(examples: &[&Example], recipe: Recipe) -> BTreeMap<String, f64> {
    let names = names(examples, recipe);
    let size = names.len() + 1;
    let row = |e: &Example| {
        let of = |n: &&str| e.signs.iter().filter(|(o, _)| o == n).map(|(_, v)| f64::from(*v)).sum();
        std::iter::once(1.0).chain(names.iter().map(of)).collect::<Vec<f64>>()
    };
    let rows: Vec<(Vec<f64>, f64)> =
        examples.iter().map(|e| (row(e), f64::from(u8::from(e.right)))).collect();
    let penalty = |n: &&str| if OPINIONS.contains(n) { OF_OPINIONS } else { recipe.penalty };
    let mut penalties: Vec<f64> = std::iter::once(1e-3).chain(names.iter().map(penalty)).collect();
    if recipe.by_variance {
        let spread = variances(rows.iter().map(|(values, _)| values.as_slice()), size);
        penalties.iter_mut().zip(spread).skip(1).for_each(|(p, variance)| *p *= variance);
    }
    let mut weights = vec![0.0; size];
    for _ in 0..STEPS {
        let mut slope: Vec<f64> = weights.iter().zip(&penalties).map(|(w, p)| w * p).collect();
        let mut bend = vec![vec![0.0; size]; size];
        for (values, right) in &rows {
            let p = sigmoid(values.iter().zip(&weights).map(|(v, w)| v * w).sum());
            let (off, curve) = (p - right, (p * (1.0 - p)).max(1e-6));
            for i in (0..size).filter(|i| values[*i] != 0.0) {
                slope[i] += off * values[i];
                for j in 0..=i {
                    bend[i][j] += curve * values[i] * values[j];
                }
            }
        }
        for i in 0..size {
            bend[i][i] += penalties[i];
        }
        let step = solve(bend, slope);
        let most = step.iter().fold(0.0, |m: f64, s| m.max(s.abs()));
        weights.iter_mut().zip(&step).for_each(|(w, s)| *w -= s * (2.0 / most.max(2.0)));
        if most < 1e-6 {
            break;
        }
    }
    let named = std::iter::once("bias").chain(names).zip(weights);
    named.map(|(n, w)| (n.to_owned(), w)).collect()
}

/// The variance of each column, never nothing.
pub fn variances<'a>(rows: impl Iterator<Item = &'a [f64]>, size: usize) -> Vec<f64> {
    let (mut n, mut sums, mut squares) = (0.0, vec![0.0; size], vec![0.0; size]);
    for row in rows {
        n += 1.0;
        for (i, value) in row.iter().enumerate() {
            sums[i] += value;
            squares[i] += value * value;
        }
    }
    let n: f64 = f64::max(n, 1.0);
    sums.iter().zip(&squares).map(|(s, q)| (q / n - (s / n).powi(2)).max(1e-4)).collect()
}

fn sigmoid(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// Solves a symmetric system given by its lower half (Cholesky).
pub fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let sum = a[i][j] - (0..j).map(|k| a[i][k] * a[j][k]).sum::<f64>();
            a[i][j] = if i == j { sum.max(1e-9).sqrt() } else { sum / a[j][j] };
        }
        b[i] = (b[i] - (0..i).map(|k| a[i][k] * b[k]).sum::<f64>()) / a[i][i];
    }
    for i in (0..n).rev() {
        b[i] = (b[i] - (i + 1..n).map(|k| a[k][i] * b[k]).sum::<f64>()) / a[i][i];
    }
    b
}

fn odds(weights: &BTreeMap<String, f64>, signs: &Signs) -> f64 {
    let of = |n: &str| weights.get(n).copied().unwrap_or_default();
    of("bias") + signs.iter().map(|(n, v)| of(n) * f64::from(*v)).sum::<f64>()
}

/// A scorer whose probabilities keep their word on sources it did not see: its odds are stretched and moved (Platt) by
/// what scorers of the other folds said of each fold.
pub fn calibrated(examples: &[Example], recipe: Recipe) -> Scorer {
    let all: Vec<&Example> = examples.iter().collect();
    let mut outside: Vec<Example> = Vec::new();
    for f in 0..FOLDS {
        let (held, kept): (Vec<&Example>, Vec<&Example>) = all.iter().partition(|e| fold(&e.source) == f);
        let weights = fit(&kept, recipe);
        outside.extend(held.into_iter().map(|e| Example {
            source: e.source.clone(),
            signs: vec![("all", odds(&weights, &e.signs).clamp(-8.0, 8.0) as f32)],
            right: e.right,
        }));
    }
    let platt = fit(
        &outside.iter().collect::<Vec<_>>(),
        Recipe { name: "platt", signs: &[], penalty: 0.0, by_variance: false },
    );
    let (stretch, moved) =
        (platt.get("all").copied().unwrap_or(1.0), platt.get("bias").copied().unwrap_or(0.0));
    let weights = fit(&all, recipe).into_iter().map(|(name, weight)| {
        let moved = if name == "bias" { moved } else { 0.0 };
        (name, (weight * stretch.clamp(0.2, 1.5) + moved) as f32)
    });
    Scorer::new(weights.collect())
}
