//! The fields of a document after a person's correction, or as another kind.

use std::collections::BTreeMap;

use acuse_pipeline::{
    checks,
    document::Kind,
    fields::{Field, FieldName, Fields, Source, Value},
};

use super::Fault;

/// A name that another kind has for the same thing.
#[must_use]
pub fn alike(name: FieldName) -> FieldName {
    use FieldName::{Date, IssueDate, IssuerName, IssuerTaxId, MerchantName, MerchantTaxId};
    match name {
        IssuerName => MerchantName,
        MerchantName => IssuerName,
        IssuerTaxId => MerchantTaxId,
        MerchantTaxId => IssuerTaxId,
        IssueDate => Date,
        Date => IssueDate,
        same => same,
    }
}

/// What was read, as a document of this kind has it: values that both kinds have stay, under the name of the new one.
#[must_use]
pub fn carried(kind: Kind, read: &Fields) -> Fields {
    let known = FieldName::of(kind);
    let value = |name: &FieldName| read.get(name).or_else(|| read.get(&alike(*name)));
    known.iter().filter_map(|name| Some((*name, value(name)?.clone()))).collect()
}

/// The fields after a correction: those named change (and are the reviewer's), others of the kind stay.
pub(super) fn corrected(
    kind: Kind,
    read: &Fields,
    changes: BTreeMap<FieldName, Option<Value>>,
) -> Result<Fields, Vec<Fault>> {
    let known = FieldName::of(kind);
    let mut fields = carried(kind, read);
    let mut faults = Vec::new();
    for (name, value) in changes {
        let field = Some(name);
        if !known.contains(&name) {
            faults.push(Fault { field, message: format!("a document of kind {kind} has no such field") });
            continue;
        }
        let said = match value {
            Some(Value::Text(text)) if text.trim().is_empty() => None,
            Some(Value::List(entries)) if entries.is_empty() => None,
            said => said,
        };
        let Some(said) = said else {
            fields.remove(&name);
            continue;
        };
        let is_same = |value: &Value| fields.get(&name).is_some_and(|f| f.value == *value);
        if is_same(&said) {
            continue;
        }
        match kept(kind, name, said) {
            Err(message) => faults.push(Fault { field, message }),
            Ok(value) if is_same(&value) => {}
            Ok(value) => {
                let source = Source::Reviewer;
                fields.insert(name, Field::unplaced(value, 1.0, source));
            }
        }
    }
    if faults.is_empty() { Ok(fields) } else { Err(faults) }
}

/// A value in the form that its field keeps.
fn kept(kind: Kind, name: FieldName, said: Value) -> Result<Value, String> {
    match said {
        Value::Text(text) if !name.is_list() => checks::typed(kind, name, text.trim()).map(Value::Text),
        Value::List(entries) if name.is_list() => checks::typed_list(name, entries).map(Value::List),
        Value::Text(_) => Err("write a list of entries".to_owned()),
        Value::List(_) => Err("write one value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Fields {
        let (page, bbox) = (Some(1), Some([0.1, 0.1, 0.2, 0.2]));
        let field = |value: &str| Field { page, bbox, ..Field::unplaced(value, 0.6, Source::Ocr) };
        [(FieldName::Total, field("45.00")), (FieldName::MerchantName, field("Mercado"))].into()
    }

    #[test]
    fn a_correction_changes_what_it_names_and_keeps_the_rest() {
        let changes =
            [(FieldName::Total, Some("54.00".into())), (FieldName::Currency, Some("eur".into()))].into();
        let fields = corrected(Kind::Receipt, &read(), changes).unwrap();
        assert_eq!(fields[&FieldName::Total].source, Source::Reviewer);
        assert_eq!(fields[&FieldName::Currency].value, "EUR");
        assert_eq!(fields[&FieldName::MerchantName].source, Source::Ocr);
    }

    #[test]
    fn another_kind_keeps_what_both_have() {
        let fields = corrected(Kind::Invoice, &read(), BTreeMap::new()).unwrap();
        assert_eq!(
            fields[&FieldName::IssuerName].value,
            "Mercado",
            "under the name that an invoice has for it"
        );
        assert_eq!(fields[&FieldName::Total].source, Source::Ocr);
    }

    #[test]
    fn every_fault_is_told_at_its_field() {
        let changes =
            [(FieldName::Total, Some("ten".into())), (FieldName::Currency, Some("ZZZ".into()))].into();
        let faults = corrected(Kind::Receipt, &read(), changes).unwrap_err();
        let at: Vec<_> = faults.iter().filter_map(|f| f.field).collect();
        assert_eq!(at, [FieldName::Currency, FieldName::Total]);
        let typed = [(FieldName::Total, Some("1.234,5 €".into()))].into();
        assert_eq!(corrected(Kind::Receipt, &read(), typed).unwrap()[&FieldName::Total].value, "1234.50");
    }

    #[test]
    fn null_takes_a_field_away_and_another_kind_drops_what_it_lacks() {
        let fields = corrected(Kind::Receipt, &read(), [(FieldName::Total, None)].into()).unwrap();
        assert!(!fields.contains_key(&FieldName::Total));
        let fields = corrected(Kind::Invoice, &read(), BTreeMap::new()).unwrap();
        assert!(fields.contains_key(&FieldName::Total) && !fields.contains_key(&FieldName::MerchantName));
    }

    #[test]
    fn values_in_another_form_are_refused_with_the_form() {
        for (name, bad) in [
            (FieldName::Total, "1.234"),
            (FieldName::Total, "."),
            (FieldName::Date, "05/06/2026"),
            (FieldName::Currency, "$"),
            (FieldName::Surname, "Pérez"),
        ] {
            assert!(
                corrected(Kind::Receipt, &read(), [(name, Some(bad.into()))].into()).is_err(),
                "{name} {bad}"
            );
        }
    }
}
