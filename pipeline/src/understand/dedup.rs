//! The same document again, by what it says: party, date, total, number.

use super::reconcile::{self, Agree, bare};
use crate::fields::{FieldName, Fields};

/// Whether two documents of one kind are the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Same {
    /// Party, number, date and total all agree: the same paper photographed twice.
    Certain,
    /// Enough agrees that a person should look at both.
    Likely,
    /// A number, date, time, total or party that both are sure of differs.
    Different,
    /// Too little is known of one of them.
    Unknown,
}

impl Same {
    /// As a reviewer's list names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Different => "different",
            Self::Unknown => "unknown",
        }
    }
}

/// Compares the fields of two documents of the same kind.
///
/// Certain needs a printed number: two coffees at the same bar on one day cost the same. Anything that
/// clearly differs (both sure, not equal) makes it `Different`.
#[must_use]
pub fn compare(a: &Fields, b: &Fields) -> Same {
    use FieldName::*;
    let id = agree(a, b, &[DocumentNumber]);
    if id != Agree::Unknown {
        let person = agree(a, b, &[Surname]);
        return match (id, person) {
            (Agree::Yes, Agree::Yes) => Same::Certain,
            (Agree::Yes, Agree::Unknown) => Same::Likely,
            _ => Same::Different,
        };
    }
    let total = agree(a, b, &[Total]);
    let date = agree(a, b, &[Date, IssueDate]);
    let number = agree(a, b, &[Number]);
    let time = agree(a, b, &[Time]);
    let party = party(a, b);
    let all = [total, date, number, time, party];
    if all.contains(&Agree::No) {
        return Same::Different;
    }
    match (party, number, date, total, time) {
        (Agree::Yes, Agree::Yes, Agree::Yes, Agree::Yes, _) => Same::Certain,
        (Agree::Yes, Agree::Yes, _, Agree::Yes, _) | (Agree::Yes, _, Agree::Yes, Agree::Yes, _) => {
            Same::Likely
        }
        (_, Agree::Yes, Agree::Yes, Agree::Yes, _) | (_, _, Agree::Yes, Agree::Yes, Agree::Yes) => {
            Same::Likely
        }
        _ => Same::Unknown,
    }
}

/// A field less sure than this may be a misreading: that it differs says nothing.
const SURE: f32 = 0.8;

fn agree(a: &Fields, b: &Fields, names: &[FieldName]) -> Agree {
    reconcile::agree(a, b, names, SURE)
}

/// The party by tax id where both have one, else by name, which OCR may spell differently.
fn party(a: &Fields, b: &Fields) -> Agree {
    use FieldName::*;
    let id = agree(a, b, &[MerchantTaxId, IssuerTaxId]);
    if id == Agree::Yes {
        return id;
    }
    let name = |f: &Fields| [MerchantName, IssuerName].iter().find_map(|n| f.get(n)).map(|f| bare(&f.value));
    match (name(a), name(b)) {
        (Some(a), Some(b)) if strsim::normalized_levenshtein(&a, &b) >= 0.85 => Agree::Yes,
        (Some(a), Some(b)) if strsim::normalized_levenshtein(&a, &b) < 0.4 => Agree::No,
        _ => Agree::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::{Field, Source};

    fn receipt(values: &[(FieldName, &str)]) -> Fields {
        values.iter().map(|(n, v)| (*n, Field::unplaced(*v, 0.95, Source::Ocr))).collect()
    }

    #[test]
    fn tells_the_same_from_the_similar() {
        use FieldName::*;
        let base = [(MerchantName, "Café Sol"), (Date, "2024-05-01"), (Total, "4.80"), (Number, "A-17")];
        let one = receipt(&base);
        assert_eq!(compare(&one, &one), Same::Certain);
        let misspelt = receipt(&[(MerchantName, "CAFE S0L"), base[1], (Total, "4.8"), base[3]]);
        assert_eq!(compare(&one, &misspelt), Same::Certain);
        assert_eq!(compare(&one, &receipt(&base[..3])), Same::Likely);
        let next = receipt(&[base[0], base[1], base[2], (Number, "A-18")]);
        assert_eq!(compare(&one, &next), Same::Different);
        assert_eq!(compare(&one, &Fields::new()), Same::Unknown);
        assert_eq!(compare(&Fields::new(), &Fields::new()), Same::Unknown);
    }

    #[test]
    fn two_bills_on_one_form_are_not_one_unless_a_misreading_parts_them() {
        use FieldName::*;
        let bill = |number: &str, total: &str| receipt(&[(Number, number), (Total, total)]);
        assert_eq!(compare(&bill("F-1", "10.00"), &bill("F-2", "10.00")), Same::Different);
        assert_eq!(compare(&bill("F-1", "10.00"), &bill("F-1", "11.00")), Same::Different);
        assert_ne!(compare(&bill("F-1", "10.00"), &bill("f 1", "10.0")), Same::Different);
        let mut unsure = bill("F-7", "10.00");
        unsure.values_mut().for_each(|f| f.confidence = 0.5);
        assert_eq!(compare(&bill("F-1", "10.00"), &unsure), Same::Unknown);
    }

    #[test]
    fn ids_go_by_number_and_name() {
        use FieldName::*;
        let id = receipt(&[(DocumentNumber, "L898902C3"), (Surname, "ERIKSSON")]);
        let other = receipt(&[(DocumentNumber, "L898902C3"), (Surname, "SMITH")]);
        assert_eq!(compare(&id, &id), Same::Certain);
        assert_eq!(compare(&id, &other), Same::Different);
    }
}
