//! Multinomial logistic regression with an L2 penalty, and its temperature.

use acuse_pipeline::understand::model::softmax;

/// One document as the regression sees it.
#[derive(Clone)]
pub struct Row {
    /// Feature by index, without the bias.
    pub values: Vec<(usize, f32)>,
    /// Index into `KINDS`.
    pub label: usize,
    /// How much it counts.
    pub weight: f32,
}

/// Weights by feature index; index 0 is the bias.
pub type Weights = Vec<[f32; 4]>;

const STEPS: i32 = 500;
const RATE: f32 = 0.05;

/// Minimises the weighted log loss plus `penalty`/2 · |w|² (the bias is free) with Adam over all rows.
pub fn fit(rows: &[Row], features: usize, penalty: f32) -> Weights {
    let mut weights: Weights = vec![[0.0; 4]; features];
    let (mut first, mut second) = (weights.clone(), weights.clone());
    let total: f32 = rows.iter().map(|r| r.weight).sum();
    for step in 1..=STEPS {
        let mut slope: Weights = weights.iter().map(|w| w.map(|w| w * penalty / total)).collect();
        slope[0] = [0.0; 4];
        for row in rows {
            let mut off = softmax(scores(&weights, row));
            off[row.label] -= 1.0;
            let off = off.map(|o| o * row.weight / total);
            for (at, value) in std::iter::once(&(0, 1.0)).chain(&row.values) {
                (0..4).for_each(|k| slope[*at][k] += off[k] * value);
            }
        }
        let rate = RATE * (1.0 - 0.9 * step as f32 / STEPS as f32);
        for at in 0..features {
            for k in 0..4 {
                let s = slope[at][k];
                first[at][k] = 0.9 * first[at][k] + 0.1 * s;
                second[at][k] = 0.999 * second[at][k] + 0.001 * s * s;
                let (m, v) =
                    (first[at][k] / (1.0 - 0.9_f32.powi(step)), second[at][k] / (1.0 - 0.999_f32.powi(step)));
                weights[at][k] -= rate * m / (v.sqrt() + 1e-8);
            }
        }
    }
    weights
}

/// Before the softmax.
pub fn scores(weights: &Weights, row: &Row) -> [f32; 4] {
    let mut scores = weights[0];
    for (at, value) in &row.values {
        (0..4).for_each(|k| scores[k] += weights[*at][k] * value);
    }
    scores
}

/// The divisor of the scores at which their log loss is least, over held-out rows.
pub fn temperature(held_out: &[([f32; 4], usize)]) -> f32 {
    let loss = |t: f32| -> f32 {
        held_out.iter().map(|(s, label)| -softmax(s.map(|s| s / t))[*label].max(1e-9).ln()).sum()
    };
    let tried = (10..=60).map(|t| t as f32 / 20.0);
    tried.min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0)
}
