//! Whether a bill is as sure as is asked of it here, beside what the reader asks itself.

use acuse_pipeline::{
    document::Kind,
    fields::FieldName,
    reading::{Outcome, Reading},
    reason::{Reason, ReasonCode},
    understand::{classify::Classified, scorer::Scorers, whole},
};
use acuse_storage::abstention::{WHOLE_PPM, ppm};
use serde_json::{Map, Value};

/// Which bill it is, and the probability that nothing of it that would be filed is wrong; none of what is no bill.
pub(super) fn sure(reading: &Reading) -> Option<(Kind, f64)> {
    let kind = reading.kind.filter(|kind| matches!(kind, Kind::Invoice | Kind::Receipt))?;
    let classified = Classified {
        kind,
        confidence: reading.confidence,
        id_probability: reading.id_probability.unwrap_or(1.0),
        because: Vec::new(),
        doubts: reading.doubts.clone(),
    };
    let sure = whole::probability(&classified, &reading.fields, Scorers::committed());
    Some((kind, f64::from(sure)))
}

/// Puts it in front of a person where less than `least_ppm` millionths are sure, with what is least sure of it.
pub(super) fn hold(reading: &mut Reading, kind: Kind, sure: f64, least_ppm: u32) {
    if ppm(sure) >= least_ppm {
        return;
    }
    let read = |name: &FieldName| {
        let field = reading.fields.get(name)?;
        Some((name.as_str(), f64::from(field.confidence)))
    };
    let parts = FieldName::required(kind).iter().filter_map(read);
    let parts = parts.chain([("kind", f64::from(reading.confidence))]);
    let mut doubts: Map<String, Value> = parts
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(name, p)| (name.to_owned(), p.into()))
        .into_iter()
        .collect();
    doubts.insert("document".to_owned(), sure.into());
    let least = f64::from(least_ppm) / f64::from(WHOLE_PPM);
    let message =
        format!("It is less sure as a whole ({sure:.3}) than is asked of its kind here ({least:.3}).");
    let reason =
        Reason::new(ReasonCode::LowConfidence, message).with("confidence", doubts).with("asked", least);
    reading.reasons.push(reason);
    reading.outcome = Outcome::Review;
}

#[cfg(test)]
mod tests {
    use acuse_pipeline::fields::{Field, Fields, Source};

    use super::*;

    fn receipt(total: f32) -> Reading {
        let field = |confidence| Field::unplaced("1", confidence, Source::Ocr);
        let mut fields: Fields =
            FieldName::required(Kind::Receipt).iter().map(|name| (*name, field(0.99))).collect();
        fields.insert(FieldName::Total, field(total));
        Reading {
            outcome: Outcome::Accepted,
            reasons: Vec::new(),
            kind: Some(Kind::Receipt),
            confidence: 0.99,
            fields,
            ..Reading::refused("image/jpeg", Reason::new(ReasonCode::Corrupt, "none"))
        }
    }

    #[test]
    fn what_is_less_sure_than_asked_waits_with_what_is_least_sure() {
        let mut reading = receipt(0.95);
        let (kind, sure) = sure(&reading).unwrap();
        assert!((0.8..0.96).contains(&sure), "{sure}");
        hold(&mut reading, kind, sure, ppm(sure));
        assert_eq!(reading.outcome, Outcome::Accepted, "as sure as asked");
        hold(&mut reading, kind, sure, ppm(sure) + 1);
        assert_eq!(reading.outcome, Outcome::Review);
        let doubts = reading.reasons[0].detail["confidence"].as_object().unwrap();
        assert!(
            doubts.len() == 2 && doubts.contains_key("document") && doubts.contains_key("total"),
            "{doubts:?}"
        );
        assert!(reading.reasons[0].detail["asked"].as_f64().unwrap() > sure);
    }

    #[test]
    fn only_a_bill_has_a_probability_as_a_whole() {
        let mut card = receipt(0.99);
        card.kind = Some(Kind::Id);
        assert_eq!(sure(&card), None);
        assert_eq!(sure(&Reading { kind: None, ..card }), None);
    }
}
