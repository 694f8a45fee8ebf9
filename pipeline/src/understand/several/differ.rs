//! Whether a piece of a file is a document by itself, and whether it is another than the one before it.

use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
    reading::Understanding,
    understand::surer::{bare, same_value},
};

/// What a piece is by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It says which document it is.
    Document,
    /// It reads like a document, though not which.
    Likely,
    /// Terms, an empty back, a picture: it goes with what came before.
    Nothing,
}

/// Least confidence for a value to tell one document from another.
const SURE: f32 = 0.7;
/// Least confidence in the total of a document of its own.
const TOTAL: f32 = 0.6;
/// Least probability of its kind for a piece that does not say which document it is.
const KIND: f32 = 0.9;

/// Least probability of its kind for a piece that does.
const LIKELY: f32 = 0.6;

/// What this piece is by itself.
#[must_use]
pub fn standing(said: &Understanding) -> Standing {
    let has = |name, least| said.fields.get(&name).is_some_and(|f: &Field| f.confidence >= least);
    let one_of = |names: &[FieldName], least| names.iter().any(|name| has(*name, least));
    let document = match said.kind {
        Kind::Invoice | Kind::Receipt => {
            has(FieldName::Total, TOTAL)
                && one_of(&[FieldName::Date, FieldName::IssueDate, FieldName::Number, FieldName::Time], TOTAL)
        }
        Kind::Id => {
            let known = [FieldName::DocumentNumber, FieldName::Surname, FieldName::BirthDate];
            known.into_iter().filter(|name| has(*name, SURE)).count() >= 2
        }
        Kind::Other => return Standing::Nothing,
    };
    if document && said.confidence >= LIKELY {
        Standing::Document
    } else if said.confidence >= KIND {
        Standing::Likely
    } else {
        Standing::Nothing
    }
}

/// Why `next` is another document than `first`; `None` where it may be the same, or a page of it.
#[must_use]
pub fn apart(first: &Understanding, next: &Understanding) -> Option<String> {
    match (first.kind, next.kind, standing(next)) {
        (_, _, Standing::Nothing) => None,
        (Kind::Id, Kind::Id, _) => people(&first.fields, &next.fields),
        (Kind::Id, kind, _) | (_, kind @ Kind::Id, _) => {
            Some(format!("it reads as {} by itself", super::named(kind)))
        }
        (_, _, standing) => bills(&first.fields, &next.fields, standing),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agree {
    Yes,
    No,
    Unknown,
}

fn agree(a: &Fields, b: &Fields, names: &[FieldName]) -> Agree {
    let of = |f: &Fields| names.iter().find_map(|n| f.get(n).map(|v| (*n, v.clone())));
    let (Some((name, a)), Some((_, b))) = (of(a), of(b)) else { return Agree::Unknown };
    if same_value(name, &a.value, &b.value) {
        Agree::Yes
    } else if a.confidence >= SURE && b.confidence >= SURE {
        Agree::No
    } else {
        Agree::Unknown
    }
}

/// The two sides of a card name one person, and may each have a number of their own.
fn people(a: &Fields, b: &Fields) -> Option<String> {
    use FieldName::{BirthDate, DocumentNumber, DocumentType, IssuingCountry, Surname};
    let [surname, birth, number, kind, country] =
        [Surname, BirthDate, DocumentNumber, DocumentType, IssuingCountry].map(|name| agree(a, b, &[name]));
    if surname == Agree::No && birth != Agree::Yes {
        return Some("it names another person".to_owned());
    }
    // Sisters have one surname; a date alone may be misread.
    if birth == Agree::No && (number == Agree::No || surname != Agree::Yes) {
        return Some("it names another date of birth".to_owned());
    }
    let zones = [a, b].iter().all(|f| f.get(&DocumentNumber).is_some_and(|f| f.source == Source::Mrz));
    let other = zones || kind == Agree::No || country == Agree::No;
    let same = surname == Agree::Yes || birth == Agree::Yes;
    (number == Agree::No && (other || !same))
        .then(|| "it is another card, with a number of its own".to_owned())
}

/// A bill has one number, one issuer, one total and one date, on however many pages.
fn bills(a: &Fields, b: &Fields, standing: Standing) -> Option<String> {
    use FieldName::{Currency, Date, IssueDate, IssuerTaxId, MerchantTaxId, Number, Time, Total};
    let number = agree(a, b, &[Number]);
    let total = agree(a, b, &[Total]);
    let tax_id = agree(a, b, &[MerchantTaxId, IssuerTaxId]);
    let parties = if tax_id == Agree::Unknown { parties(a, b) } else { tax_id };
    if number == Agree::Yes {
        return None;
    }
    // A page that names another document only refers to it; one with a total, or from another issuer, is it.
    if number == Agree::No && (standing == Standing::Document || parties == Agree::No) {
        let value = b.get(&Number).map(|f| f.value.as_str()).unwrap_or_default();
        return Some(format!("it has a number of its own, {value}"));
    }
    let date = agree(a, b, &[IssueDate, Date]);
    if total == Agree::Yes && date != Agree::No {
        // A copy, or the slip of the card that paid it.
        return None;
    }
    let differ: Vec<&str> = [
        (total, "a total"),
        (parties, "an issuer"),
        (date, "a date"),
        (agree(a, b, &[Time]), "a time"),
        (agree(a, b, &[Currency]), "a currency"),
    ]
    .into_iter()
    .filter_map(|(agree, what)| (agree == Agree::No).then_some(what))
    .collect();
    let enough = differ.len() >= 2 && (standing == Standing::Document || parties == Agree::No);
    enough.then(|| format!("it has {} of its own", differ.join(" and ")))
}

/// Why a page that reads like a bill, though not which, does not go with the bill before it: that one is whole, and
/// nothing says that this is more of it.
#[must_use]
pub fn alone(first: &Understanding, next: &Understanding) -> Option<String> {
    use FieldName::{Date, IssueDate, IssuerTaxId, MerchantTaxId, Number, Total};
    let bills = [first, next].iter().all(|said| matches!(said.kind, Kind::Invoice | Kind::Receipt));
    if !bills || standing(next) != Standing::Likely {
        return None;
    }
    let (a, b) = (&first.fields, &next.fields);
    let required = FieldName::required(first.kind).iter();
    let whole = required.into_iter().all(|name| a.get(name).is_some_and(|f| f.confidence >= SURE));
    let same = [&[Number][..], &[Total], &[IssueDate, Date], &[MerchantTaxId, IssuerTaxId]];
    let shared = same.iter().any(|names| agree(a, b, names) == Agree::Yes) || parties(a, b) == Agree::Yes;
    (whole && !shared).then(|| "it reads as a document by itself".to_owned())
}

/// Names of the issuers: OCR spells one in several ways.
fn parties(a: &Fields, b: &Fields) -> Agree {
    let name = |f: &Fields| {
        let known = [FieldName::MerchantName, FieldName::IssuerName].iter().find_map(|n| f.get(n));
        known.filter(|f| f.confidence >= SURE).map(|f| bare(&f.value))
    };
    match (name(a), name(b)) {
        (Some(a), Some(b)) if strsim::normalized_levenshtein(&a, &b) < 0.4 => Agree::No,
        (Some(_), Some(_)) => Agree::Yes,
        _ => Agree::Unknown,
    }
}
