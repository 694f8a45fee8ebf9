//! A small trained scorer: a logistic regression in a text file, whose answer is a probability.
//!
//! `make train` writes the file, its recipe and its figures at its head; a line is a feature's name and its weight, parted
//! by a tab.

use std::{collections::HashMap, sync::LazyLock};

/// What is known of a candidate, by name.
pub type Signs = Vec<(&'static str, f32)>;

/// Weights by feature.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scorer {
    weights: HashMap<String, f32>,
}

impl Scorer {
    /// Of the party that issued a bill, as part of this build.
    #[must_use]
    pub fn party() -> &'static Self {
        static COMMITTED: LazyLock<Scorer> =
            LazyLock::new(|| Scorer::parse(include_str!("data/weights/party.tsv")).unwrap_or_default());
        &COMMITTED
    }

    /// From weights by name, `bias` among them.
    #[must_use]
    pub fn new(weights: HashMap<String, f32>) -> Self {
        Self { weights }
    }

    /// Reads a weights file; `#` begins a comment. `None` where a line is not a name and a number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
        let weights = lines.map(|line| {
            let (name, weight) = line.split_once('\t')?;
            let weight: f32 = weight.parse().ok().filter(|w: &f32| w.is_finite())?;
            Some((name.to_owned(), weight))
        });
        Some(Self { weights: weights.collect::<Option<_>>()? })
    }

    /// All weights, by name.
    #[must_use]
    pub fn weights(&self) -> std::collections::BTreeMap<&str, f32> {
        self.weights.iter().map(|(name, weight)| (name.as_str(), *weight)).collect()
    }

    /// Probability of a candidate with these signs; a sign it was not trained on says nothing.
    #[must_use]
    pub fn probability(&self, signs: &[(&'static str, f32)]) -> f32 {
        let of = |name: &str| self.weights.get(name).copied().unwrap_or_default();
        let odds = of("bias") + signs.iter().map(|(name, value)| of(name) * value).sum::<f32>();
        1.0 / (1.0 + (-odds).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_weights_parse() {
        let text = include_str!("data/weights/party.tsv");
        assert_eq!(Scorer::parse(text).as_ref(), Some(Scorer::party()));
        assert!(text.starts_with('#') && Scorer::party() != &Scorer::default());
    }

    #[test]
    fn a_broken_file_is_none() {
        assert_eq!(Scorer::parse("bias\tNaN\n"), None);
        assert_eq!(Scorer::parse("bias 1\n"), None);
        let scorer = Scorer::parse("# head\nbias\t-2\nlabel\t5\n").unwrap();
        assert!(scorer.probability(&[("label", 1.0), ("unheard of", 9.0)]) > 0.9);
        assert!(scorer.probability(&[]) < 0.2);
    }
}
