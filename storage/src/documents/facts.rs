//! Where a field's value comes from: the rule and the version of the reader that found it, its text as the page has it,
//! and who put another in its place, when and of what.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::Kind,
    engine,
    fields::{Field, FieldName, Fields, PageBox, Value},
    reading::SeenWord,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The proof of one field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldFact {
    /// Which rule of the reader found the value; `reviewer` where a person put it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Which reader: [`engine::version`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<String>,
    /// The value's text as the page has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printed: Option<String>,
    /// Who put this value in the place of another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<String>,
    /// When.
    #[serde(with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub corrected_at: Option<OffsetDateTime>,
    /// Of what; none where there was no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_from: Option<Value>,
}

/// The proofs of a document's fields, by name. One without its field is of a value that a person took out.
pub type FieldFacts = BTreeMap<FieldName, FieldFact>;

/// Longest text as printed, characters.
const PRINTED_CHARS: usize = 500;

/// What the reader itself can say of what it found.
pub(crate) fn as_read(kind: Option<Kind>, fields: &Fields, words: &[SeenWord]) -> FieldFacts {
    let kind = kind.unwrap_or(Kind::Other);
    let fact = |name: FieldName, field: &Field| FieldFact {
        rule: Some(engine::rule(kind, name, field.source).to_owned()),
        engine_version: Some(engine::version().to_owned()),
        printed: field.page.zip(field.bbox).and_then(|(page, place)| printed(page, place, words)),
        ..FieldFact::default()
    };
    fields.iter().map(|(name, field)| (*name, fact(*name, field))).collect()
}

/// The words whose middle lies in a place, in their order on the page.
fn printed(page: u32, [x0, y0, x1, y1]: PageBox, words: &[SeenWord]) -> Option<String> {
    let within = |word: &&SeenWord| {
        let [left, top, right, bottom] = word.bbox;
        let (x, y) = (f32::midpoint(left, right), f32::midpoint(top, bottom));
        word.page == page && x >= x0 && x <= x1 && y >= y0 && y <= y1
    };
    let text = words.iter().filter(within).map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let text: String = text.chars().filter(|c| *c != '\0').take(PRINTED_CHARS).collect();
    (!text.is_empty()).then_some(text)
}

/// The proofs after a person's decision: of what was changed, who did it, when, and of what.
pub(crate) fn as_corrected(
    was: (&Fields, &FieldFacts),
    fields: &Fields,
    by: &str,
    at: OffsetDateTime,
) -> FieldFacts {
    let (old, facts) = was;
    let mut after = facts.clone();
    for name in FieldName::ALL {
        let value = |fields: &Fields| fields.get(name).map(|f| f.value.clone());
        let (before, now) = (value(old), value(fields));
        if before != now {
            let fact = FieldFact {
                rule: now.is_some().then(|| "reviewer".to_owned()),
                corrected_by: Some(by.to_owned()),
                corrected_at: Some(at),
                corrected_from: before,
                ..FieldFact::default()
            };
            after.insert(*name, fact);
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use acuse_pipeline::fields::Source;
    use time::macros::datetime;

    use super::*;

    fn field(value: &str) -> Field {
        let place = Some([0.1, 0.1, 0.5, 0.2]);
        Field { value: value.into(), confidence: 0.9, page: Some(1), bbox: place, source: Source::Ocr }
    }

    #[test]
    fn what_was_read_is_told_as_printed_and_what_was_corrected_by_whom() {
        let word = |text: &str, x: f32, page| SeenWord {
            page,
            text: text.to_owned(),
            bbox: [x, 0.12, x + 0.1, 0.18],
            confidence: 0.9,
            doubtful: Vec::new(),
        };
        let words =
            [word("1.234,50", 0.1, 1), word("€", 0.3, 1), word("elsewhere", 0.7, 1), word("x", 0.2, 2)];
        let read = Fields::from([(FieldName::Total, field("1234.50")), (FieldName::Number, field("F-1"))]);
        let facts = as_read(Some(Kind::Invoice), &read, &words);
        let total = &facts[&FieldName::Total];
        assert_eq!((total.printed.as_deref(), total.rule.as_deref()), (Some("1.234,50 €"), Some("amounts")));
        assert_eq!(total.engine_version.as_deref(), Some(engine::version()));

        let at = datetime!(2026-03-02 10:00 UTC);
        let mut right = read.clone();
        right.insert(FieldName::Total, field("1243.50"));
        right.insert(FieldName::Currency, field("EUR"));
        right.remove(&FieldName::Number);
        let after = as_corrected((&read, &facts), &right, "user:ana", at);
        let total = &after[&FieldName::Total];
        assert_eq!(total.corrected_from, Some("1234.50".into()));
        assert_eq!((total.corrected_by.as_deref(), total.corrected_at), (Some("user:ana"), Some(at)));
        assert_eq!((total.rule.as_deref(), &total.engine_version), (Some("reviewer"), &None));
        assert_eq!(after[&FieldName::Currency].corrected_from, None, "there was none");
        assert_eq!(after[&FieldName::Number].corrected_from, Some("F-1".into()), "taken out");
        assert_eq!(as_corrected((&read, &facts), &read, "user:ana", at), facts, "nothing was changed");
    }
}
