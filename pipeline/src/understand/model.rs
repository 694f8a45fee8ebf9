//! The trained weights of [`super::classify`]: a multinomial logistic regression in a small text file.
//!
//! `make train` writes the file, its recipe and its cross-validated figures at its head; a line is a feature's name and
//! its weight for each kind, parted by tabs. The temperature is already in the weights.

use std::{collections::HashMap, sync::LazyLock};

use super::scorer::Scorers;
use crate::document::Kind;

/// The order of the weights in a line.
pub const KINDS: [Kind; 4] = [Kind::Invoice, Kind::Receipt, Kind::Id, Kind::Other];

/// The weights of this build.
pub(crate) const COMMITTED: &str = include_str!("kinds.tsv");

/// Weights by feature.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    weights: HashMap<String, [f32; 4]>,
    /// Of the fields of a bill, and of the whole.
    pub scorers: Scorers,
}

/// A line of a weights file that is none.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the weights is not a name and four numbers")]
pub struct WeightsError {
    line: usize,
}

impl Model {
    /// The model that is part of this build.
    #[must_use]
    pub fn committed() -> &'static Self {
        static PARSED: LazyLock<Model> = LazyLock::new(|| Model::parse(COMMITTED).unwrap_or_default());
        &PARSED
    }

    /// From weights by name, `bias` among them.
    #[must_use]
    pub fn new(weights: HashMap<String, [f32; 4]>) -> Self {
        Self { weights, scorers: Scorers::committed().clone() }
    }

    /// Reads a weights file; `#` begins a comment.
    ///
    /// # Errors
    /// [`WeightsError`] for a line that is no comment and not a name with four numbers.
    pub fn parse(text: &str) -> Result<Self, WeightsError> {
        let mut weights = HashMap::new();
        for (at, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || WeightsError { line: at + 1 };
            let mut parts = line.split('\t');
            let name = parts.next().filter(|n| !n.is_empty()).ok_or_else(wrong)?;
            let mut four = [0.0; 4];
            for weight in &mut four {
                let number: f32 = parts.next().and_then(|p| p.parse().ok()).ok_or_else(wrong)?;
                *weight = Some(number).filter(|n| n.is_finite()).ok_or_else(wrong)?;
            }
            weights.insert(name.to_owned(), four);
        }
        Ok(Self::new(weights))
    }

    /// The weights of a feature; nothing for one the model was not trained on.
    #[must_use]
    pub fn of(&self, feature: &str) -> [f32; 4] {
        self.weights.get(feature).copied().unwrap_or_default()
    }

    /// Probabilities in the order of [`KINDS`].
    #[must_use]
    pub fn probabilities<'a>(&self, features: impl IntoIterator<Item = (&'a str, f32)>) -> [f32; 4] {
        let mut scores = self.of("bias");
        for (name, value) in features {
            for (score, weight) in scores.iter_mut().zip(self.of(name)) {
                *score += weight * value;
            }
        }
        softmax(scores)
    }
}

/// Exponentials over their sum.
#[must_use]
pub fn softmax(scores: [f32; 4]) -> [f32; 4] {
    let best = scores.into_iter().fold(f32::MIN, f32::max);
    let powers = scores.map(|s| (s - best).exp());
    let sum: f32 = powers.iter().sum();
    powers.map(|p| p / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_weights_parse_and_know_every_feature() {
        let model = Model::parse(COMMITTED).unwrap();
        assert_eq!(&model, Model::committed());
        let unknown: Vec<String> =
            super::super::features::names().into_iter().filter(|n| !model.weights.contains_key(n)).collect();
        assert!(unknown.is_empty(), "train again: no weights for {unknown:?}");
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = Model::parse("# head\nbias\t1\t2\t3\t4\nwords\t1\t2\tNaN\t4\n").unwrap_err();
        assert_eq!(error.line, 3);
        assert_eq!(Model::parse("bias\t1\n").unwrap_err().line, 1);
    }

    #[test]
    fn weights_make_probabilities() {
        let model = Model::parse("bias\t0\t0\t0\t0\nzone\t0\t0\t5\t0\n").unwrap();
        let [_, _, id, other] = model.probabilities([("zone", 1.0), ("unheard of", 9.0)]);
        assert!(id > 0.95 && other < 0.02);
    }
}
