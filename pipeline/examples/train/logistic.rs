//! Two-way logistic regression with an L2 penalty, for the scorers of fields.

use std::collections::HashMap;

use acuse_pipeline::understand::scorer::{Scorer, Signs};

/// One candidate: its signs, and whether it is right.
#[derive(Clone)]
pub struct Example {
    pub source: String,
    pub signs: Signs,
    pub right: bool,
}

/// Signs are numbers of about one, so one penalty fits all; the bias is free.
const PENALTY: f64 = 1.0;
const STEPS: i32 = 600;
const RATE: f64 = 0.05;

/// Adam over all examples; the same on every machine.
pub fn fit<'a>(examples: impl Iterator<Item = &'a Example>) -> Scorer {
    let examples: Vec<&Example> = examples.collect();
    let mut names: Vec<&str> = examples.iter().flat_map(|e| e.signs.iter().map(|(n, _)| *n)).collect();
    names.sort_unstable();
    names.dedup();
    let index: HashMap<&str, usize> = names.iter().enumerate().map(|(i, n)| (*n, i + 1)).collect();
    let rows: Vec<(Vec<(usize, f64)>, f64)> = examples
        .iter()
        .map(|e| {
            let values = e.signs.iter().filter_map(|(n, v)| Some((*index.get(n)?, f64::from(*v))));
            (std::iter::once((0, 1.0)).chain(values).collect(), f64::from(u8::from(e.right)))
        })
        .collect();
    let (size, of) = (names.len() + 1, rows.len().max(1) as f64);
    let (mut weights, mut first, mut second) = (vec![0.0; size], vec![0.0; size], vec![0.0; size]);
    for step in 1..=STEPS {
        let mut slope: Vec<f64> = weights.iter().map(|w: &f64| w * PENALTY / of).collect();
        slope[0] = 0.0;
        for (values, right) in &rows {
            let odds: f64 = values.iter().map(|(i, v)| weights[*i] * v).sum();
            let off = (1.0 / (1.0 + (-odds).exp()) - right) / of;
            values.iter().for_each(|(i, v)| slope[*i] += off * v);
        }
        let rate = RATE * (1.0 - 0.9 * f64::from(step) / f64::from(STEPS));
        for i in 0..size {
            first[i] = 0.9 * first[i] + 0.1 * slope[i];
            second[i] = 0.999 * second[i] + 0.001 * slope[i] * slope[i];
            let (m, v) = (first[i] / (1.0 - 0.9_f64.powi(step)), second[i] / (1.0 - 0.999_f64.powi(step)));
            weights[i] -= rate * m / (v.sqrt() + 1e-8);
        }
    }
    let named = std::iter::once("bias").chain(names).zip(weights);
    Scorer::new(named.map(|(n, w)| (n.to_owned(), w as f32)).collect())
}

/// A scorer for each source that saw nothing of it.
pub fn without_each(examples: &[Example]) -> HashMap<String, Scorer> {
    let mut sources: Vec<&str> = examples.iter().map(|e| e.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let fitted = sources.into_iter().map(|s| (s.to_owned(), fit(examples.iter().filter(|e| e.source != s))));
    fitted.collect()
}
