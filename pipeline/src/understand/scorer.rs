//! A small trained scorer: a logistic regression in a text file, whose answer is a probability.
//!
//! `make train` writes the file, its recipe and its figures at its head; a line is a feature's name and its weight, parted
//! by a tab.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use crate::fields::FieldName;

/// What is known of a candidate, by name.
pub type Signs = Vec<(&'static str, f32)>;

/// One for yes, nothing for no.
#[must_use]
pub fn yes(is: bool) -> f32 {
    f32::from(u8::from(is))
}

/// The log odds of a probability that rules gave.
#[must_use]
pub fn said(probability: f32) -> f32 {
    let p = probability.clamp(0.02, 0.995);
    (p / (1.0 - p)).ln()
}

/// Weights by feature.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scorer {
    weights: HashMap<String, f32>,
}

/// A value that was found, and what speaks for it and against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// Which field of the document.
    pub name: FieldName,
    /// As it would be filed.
    pub value: String,
    /// What is known of it.
    pub signs: Signs,
    /// The most that it is believed, whatever its scorer says.
    pub most: f32,
}

impl Signed {
    /// How surely it is right, as far as it was trained; `None` where it was not.
    #[must_use]
    pub fn probability(&self, scorers: &Scorers) -> Option<f32> {
        let scorer = scorers.get(Scorers::scored(self.name)?)?;
        Some(scorer.probability(&self.signs).min(self.most))
    }
}

/// What is scored, and the weights of this build.
pub(crate) const COMMITTED: [(&str, &str); 8] = [
    ("choice", include_str!("data/weights/choice.tsv")),
    ("party", include_str!("data/weights/party.tsv")),
    ("total", include_str!("data/weights/total.tsv")),
    ("date", include_str!("data/weights/date.tsv")),
    ("number", include_str!("data/weights/number.tsv")),
    ("tax", include_str!("data/weights/tax.tsv")),
    ("currency", include_str!("data/weights/currency.tsv")),
    ("document", include_str!("data/weights/document.tsv")),
];

/// A scorer for each field of a bill, and for the whole of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scorers {
    by: BTreeMap<String, Scorer>,
}

impl Scorers {
    /// Those of this build.
    #[must_use]
    pub fn committed() -> &'static Self {
        static PARSED: LazyLock<Scorers> = LazyLock::new(|| {
            let parsed = COMMITTED.iter().filter_map(|(n, t)| Some(((*n).to_owned(), Scorer::parse(t)?)));
            Scorers { by: parsed.collect() }
        });
        &PARSED
    }

    /// What `name` is scored as: issuer and merchant are both the party.
    #[must_use]
    pub fn scored(name: FieldName) -> Option<&'static str> {
        Some(match name {
            FieldName::IssuerName | FieldName::MerchantName => "party",
            FieldName::IssueDate | FieldName::Date => "date",
            FieldName::Total => "total",
            FieldName::Number => "number",
            FieldName::Tax => "tax",
            FieldName::Currency => "currency",
            _ => return None,
        })
    }

    /// Puts another scorer in its place.
    pub fn set(&mut self, scored: &str, scorer: Scorer) {
        self.by.insert(scored.to_owned(), scorer);
    }

    /// The scorer of `scored`, where it was trained.
    #[must_use]
    pub fn get(&self, scored: &str) -> Option<&Scorer> {
        self.by.get(scored).filter(|s| !s.weights.is_empty())
    }
}

/// What rules doubt is not believed, for they know reasons that papers to learn from hardly show: a minus that may be a
/// dash.
const DOUBTED: f32 = 0.6;

/// The most that a field is believed of which rules say that it is so sure.
#[must_use]
pub fn most_by_rules(sure: f32) -> f32 {
    if sure <= DOUBTED { sure } else { MOST }
}

/// Nothing printed is surer.
const MOST: f32 = 0.995;

impl Scorer {
    /// From weights by name, `bias` among them.
    #[must_use]
    pub fn new(weights: HashMap<String, f32>) -> Self {
        Self { weights }
    }

    /// Reads a weights file; `#` begins a comment. `None` where a line is not a name and a number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let weights = crate::knowledge::lines(text).map(|line| {
            let (name, weight) = line.split_once('\t')?;
            let weight: f32 = weight.parse().ok().filter(|w: &f32| w.is_finite())?;
            Some((name.to_owned(), weight))
        });
        Some(Self { weights: weights.collect::<Option<_>>()? })
    }

    /// All weights, by name.
    #[must_use]
    pub fn weights(&self) -> BTreeMap<&str, f32> {
        self.weights.iter().map(|(name, weight)| (name.as_str(), *weight)).collect()
    }

    /// Probability of a candidate with these signs; a sign it was not trained on says nothing.
    #[must_use]
    pub fn probability(&self, signs: &[(&'static str, f32)]) -> f32 {
        1.0 / (1.0 + (-self.odds(signs)).exp())
    }

    /// Log odds of a candidate with these signs, up to what all of its rivals share.
    #[must_use]
    pub fn odds(&self, signs: &[(&'static str, f32)]) -> f32 {
        let of = |name: &str| self.weights.get(name).copied().unwrap_or_default();
        of("bias") + signs.iter().map(|(name, value)| of(name) * value).sum::<f32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_weights_parse() {
        for (name, text) in COMMITTED {
            let parsed = Scorer::parse(text).unwrap();
            assert!(text.starts_with("# ") && text.contains("# Recipe"), "{name}");
            assert_eq!(Some(&parsed), Scorers::committed().get(name), "{name}");
        }
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
