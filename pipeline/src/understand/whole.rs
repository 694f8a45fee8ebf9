//! How sure a whole bill is: the probability that nothing of it that would be filed is wrong, and the least of it at
//! which it is filed.

use super::{
    classify::Classified,
    proofs::vouched::{self, Doubt},
    scorer::{Scorer, Scorers, Signs, said, yes},
};
use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
};

/// What a wrong value of makes the document wrong, besides what its kind must have.
const COUNT: [FieldName; 2] = [FieldName::Tax, FieldName::Number];

/// Least probability at which a bill is filed where none was trained.
const UNTRAINED: f32 = 0.6;

/// Whether a field would be filed: what nobody requires only where it is sure.
#[must_use]
pub fn is_filed(kind: Kind, name: FieldName, field: &Field) -> bool {
    FieldName::required(kind).contains(&name) || field.confidence >= vouched::least(name)
}

/// Of what was read, what is filed: nobody looks at it again, and what is more likely wrong than right is left out.
#[must_use]
pub fn filed(kind: Kind, mut fields: Fields) -> Fields {
    fields.retain(|name, field| is_filed(kind, *name, field));
    fields
}

/// What is known of the whole, from the probabilities of its kind and of what would be filed. What machines say is taken
/// for right: its sums and signatures were held against each other.
#[must_use]
pub fn signs(kind: Kind, confidence: f32, doubts: &[Doubt], fields: &Fields) -> Signs {
    let counts = |name: &FieldName| FieldName::required(kind).contains(name) || COUNT.contains(name);
    let printed = |field: &Field| matches!(field.source, Source::Ocr | Source::Text);
    let filed = fields.iter().filter(|(name, f)| counts(name) && printed(f) && is_filed(kind, **name, f));
    let (all, least) = filed
        .fold((confidence, confidence), |(all, least), (_, f)| (all * f.confidence, least.min(f.confidence)));
    let doubted = |doubt: Doubt| yes(doubts.contains(&doubt));
    vec![
        ("all", said(all)),
        ("kind", said(confidence)),
        ("least", least),
        ("unnamed", doubted(Doubt::Unnamed)),
        ("served", doubted(Doubt::Served)),
    ]
}

/// The probability of a whole with these signs; it is no surer than the least sure part of it.
#[must_use]
pub fn judge(signs: &Signs, scorer: Option<&Scorer>) -> f32 {
    let of = |name| signs.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
    let untrained = || 1.0 / (1.0 + (-of("all").unwrap_or_default()).exp());
    let sure = scorer.map_or_else(untrained, |s| s.probability(signs));
    sure.min(of("least").unwrap_or(1.0))
}

/// The probability that neither the kind nor any field that would be filed is wrong.
#[must_use]
pub fn probability(classified: &Classified, fields: &Fields, scorers: &Scorers) -> f32 {
    let Classified { kind, confidence, ref doubts, .. } = *classified;
    if fields.get(&FieldName::Total).is_some_and(|t| t.source == Source::Xml) {
        return confidence;
    }
    judge(&signs(kind, confidence, doubts, fields), scorers.get("document"))
}

/// The least probability at which a bill is filed, from the error that was aimed at.
#[must_use]
pub fn threshold(scorers: &Scorers) -> f32 {
    scorers.get("document").and_then(|s| s.weights().get("threshold").copied()).unwrap_or(UNTRAINED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(confidence: f32, source: Source) -> Field {
        Field::unplaced("1", confidence, source)
    }

    fn classified(confidence: f32, doubts: Vec<Doubt>) -> Classified {
        Classified { kind: Kind::Receipt, confidence, id_probability: 0.0, because: Vec::new(), doubts }
    }

    fn receipt(number: f32, source: Source) -> f32 {
        let required = FieldName::required(Kind::Receipt).iter().map(|n| (*n, field(0.98, source)));
        let fields: Fields = required.chain([(FieldName::Number, field(number, source))]).collect();
        probability(&classified(0.99, Vec::new()), &fields, Scorers::committed())
    }

    #[test]
    fn what_is_left_out_makes_nothing_doubtful() {
        let sure = receipt(0.99, Source::Ocr);
        assert!(sure > threshold(Scorers::committed()), "{sure}");
        assert!((receipt(0.5, Source::Ocr) - receipt(0.1, Source::Ocr)).abs() < 1e-6);
        assert!(receipt(0.5, Source::Ocr) >= sure);
    }

    #[test]
    fn one_doubtful_field_holds_the_whole() {
        let mut fields: Fields =
            FieldName::required(Kind::Receipt).iter().map(|n| (*n, field(0.99, Source::Ocr))).collect();
        let probable =
            |fields: &Fields, kind| probability(&classified(kind, Vec::new()), fields, Scorers::committed());
        let (all, doubted) = (probable(&fields, 0.99), probable(&fields, 0.6));
        fields.insert(FieldName::Total, field(0.7, Source::Ocr));
        let least = threshold(Scorers::committed());
        assert!(
            all >= least && doubted < least && probable(&fields, 0.99) < least,
            "{all} {doubted} {least}"
        );
    }
}
