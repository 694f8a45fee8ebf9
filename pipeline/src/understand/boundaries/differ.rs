//! Whether a piece of a file is a document by itself, and whether it is another than the one before it.

use crate::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
    reading::Understanding,
    understand::{
        mrz,
        proofs::vouched::Doubt,
        reconcile::{self, Agree, bare},
    },
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

/// What a piece is to the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// The same document: a page of it, a copy, the slip of the card that paid it.
    Same,
    /// Nothing says either.
    Unknown,
    /// Perhaps another, for this reason: a person looks.
    Maybe(String),
    /// Another, for this reason.
    Other(String),
}

/// Least confidence for a value to tell one document from another.
const SURE: f32 = 0.7;
/// Least confidence in the total of a document of its own.
const TOTAL: f32 = 0.6;
/// Least probability of its kind for a piece that does not say which document it is.
const KIND: f32 = 0.9;
/// Least probability of its kind for a piece that does, and for an ID that must not hide behind a bill.
const LIKELY: f32 = 0.5;
/// Minutes between a receipt and the slip of the card that paid it, at most.
const PAID: i32 = 15;

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

/// Whether this is a card, if hardly read.
#[must_use]
pub fn is_card(said: &Understanding) -> bool {
    let says = said.fields.values().any(|field| field.confidence >= SURE);
    said.kind == Kind::Id && said.confidence >= LIKELY && says
}

/// What `next` is to `first`. `strip`: it was printed below it, with no more than a band between them.
#[must_use]
pub fn relation(first: &Understanding, next: &Understanding, strip: bool) -> Relation {
    let standing = standing(next);
    match (first.kind, next.kind) {
        (_, Kind::Other) | (Kind::Other, _) => Relation::Unknown,
        (Kind::Id, Kind::Id) if standing == Standing::Nothing => Relation::Unknown,
        (Kind::Id, Kind::Id) => people(first, next),
        (Kind::Id, kind) | (_, kind @ Kind::Id) => {
            let why = format!("it reads as {} by itself", super::named(kind));
            match standing {
                Standing::Document => Relation::Other(why),
                Standing::Likely => Relation::Maybe(why),
                // Who may see bills must not see the card behind one.
                Standing::Nothing if is_card(next) => Relation::Maybe(why),
                Standing::Nothing => Relation::Unknown,
            }
        }
        _ => {
            let [paid, slip] = [first, next].map(|said| said.doubts.contains(&Doubt::Slip));
            bills(&first.fields, &next.fields, standing, paid != slip, strip)
        }
    }
}

fn agree(a: &Fields, b: &Fields, names: &[FieldName]) -> Agree {
    reconcile::agree(a, b, names, SURE)
}

/// The two sides of a card name one person, and may each have a number of their own and call the card otherwise.
fn people(first: &Understanding, next: &Understanding) -> Relation {
    use FieldName::{
        BirthDate, DocumentNumber, DocumentType, ExpiryDate, GivenNames, IssuingCountry, Surname,
    };
    let (a, b) = (&first.fields, &next.fields);
    let [surname, given, birth, number, expiry, kind, country] =
        [Surname, GivenNames, BirthDate, DocumentNumber, ExpiryDate, DocumentType, IssuingCountry]
            .map(|name| agree(a, b, &[name]));
    let zones = [a, b].iter().all(|f| f.get(&DocumentNumber).is_some_and(|f| f.source == Source::Mrz));
    let another = number == Agree::No;
    if another && zones && [surname, birth, expiry].contains(&Agree::No)
        || another && surname == Agree::No && birth == Agree::No
    {
        return Relation::Other("it is another card, with a number of its own".to_owned());
    }
    if surname == Agree::No && birth != Agree::Yes {
        return Relation::Maybe("it names another person".to_owned());
    }
    // Sisters have one surname; a date alone may be misread.
    if birth == Agree::No && (another || surname != Agree::Yes) {
        return Relation::Maybe("it names another date of birth".to_owned());
    }
    let person = surname == Agree::Yes && [birth, given].contains(&Agree::Yes);
    if person && (!another || expiry == Agree::Yes) {
        return Relation::Same;
    }
    let same = person || birth == Agree::Yes;
    if another && (zones || kind == Agree::No || country == Agree::No || !same) {
        return Relation::Maybe("it is another card, with a number of its own".to_owned());
    }
    let passport = |f: &Fields| f.get(&DocumentType).is_some_and(|f| f.value == "passport");
    let unread = next.reasons.iter().any(|r| r.detail.get("check").is_some_and(|c| c == mrz::UNREAD));
    let shared = [surname, birth, number].contains(&Agree::Yes);
    if !shared && (passport(a) && passport(b) || unread && a.values().any(|f| f.source == Source::Mrz)) {
        return Relation::Maybe("it reads as an ID by itself".to_owned());
    }
    Relation::Unknown
}

/// A bill has one number, one issuer, one total and one date, on however many pages. `with_slip`: one of the two is the slip
/// of a card, and the other is not; `strip`: one stands right below the other.
fn bills(a: &Fields, b: &Fields, standing: Standing, with_slip: bool, strip: bool) -> Relation {
    use FieldName::{Currency, Date, IssueDate, IssuerTaxId, MerchantTaxId, Number, Total};
    let number = numbers(agree(a, b, &[Number]), a, b);
    let total = agree(a, b, &[Total]);
    let date = agree(a, b, &[IssueDate, Date]);
    let time = times(a, b);
    let tax_id = agree(a, b, &[MerchantTaxId, IssuerTaxId]);
    let parties = if tax_id == Agree::Unknown { parties(a, b) } else { tax_id };
    let differ: Vec<&str> = [
        (number, "a number"),
        (total, "a total"),
        (parties, "an issuer"),
        (date, "a date"),
        (time, "a time"),
        (agree(a, b, &[Currency]), "a currency"),
    ]
    .into_iter()
    .filter_map(|(agree, what)| (agree == Agree::No).then_some(what))
    .collect();
    let why = || format!("it has {} of its own", differ.join(" and "));
    let document = standing == Standing::Document;
    if number == Agree::Yes {
        // A credit note may bear the number of what it takes back.
        let other = total == Agree::No && date == Agree::No;
        return if other { Relation::Maybe(why()) } else { Relation::Same };
    }
    if total == Agree::Yes && date != Agree::No && time != Agree::No {
        // A copy, or the slip of the card that paid it, which may name a bank, counts its slips and leaves day and hour to
        // the bill; a bill with a number of its own a person looks at. The foot of a strip repeats sum and day under
        // whatever stands over them: there a name alone, without its id, makes no other shop.
        let foot = strip && date == Agree::Yes && tax_id != Agree::No;
        let same = with_slip || number != Agree::No && (parties != Agree::No || time == Agree::Yes || foot);
        return if same { Relation::Same } else { Relation::Maybe(why()) };
    }
    if document && total != Agree::Yes && differ.len() >= 2 {
        return Relation::Other(why());
    }
    let own = match standing {
        // The same fare twice a day, the same rent each month.
        Standing::Document => {
            number == Agree::No || date == Agree::No || time == Agree::No && total == Agree::Yes
        }
        // The first page of the next bill, whose total is on its second.
        Standing::Likely => number == Agree::No || parties == Agree::No && differ.len() >= 2,
        Standing::Nothing => number == Agree::No,
    };
    if own { Relation::Maybe(why()) } else { Relation::Unknown }
}

/// Whether the numbers differ by more than one misread character.
fn numbers(agree: Agree, a: &Fields, b: &Fields) -> Agree {
    let number = |f: &Fields| f.get(&FieldName::Number).map(|f| bare(&f.value)).unwrap_or_default();
    match agree {
        Agree::No if strsim::levenshtein(&number(a), &number(b)) <= 1 => Agree::Unknown,
        agree => agree,
    }
}

/// Whether the times lie further apart than a bill and its payment.
fn times(a: &Fields, b: &Fields) -> Agree {
    let minutes = |f: &Fields| {
        let time = f.get(&FieldName::Time).filter(|f| f.confidence >= SURE)?;
        let (hours, rest) = time.value.split_once(':')?;
        Some(hours.parse::<i32>().ok()? * 60 + rest.get(..2)?.parse::<i32>().ok()?)
    };
    match (minutes(a), minutes(b)) {
        (Some(a), Some(b)) if (a - b).abs() > PAID => Agree::No,
        (Some(_), Some(_)) => Agree::Yes,
        _ => Agree::Unknown,
    }
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
    let mut required = FieldName::required(first.kind).iter();
    let whole = required.all(|name| a.get(name).is_some_and(|f| f.confidence >= SURE));
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
        (Some(a), Some(b)) => match strsim::normalized_levenshtein(&a, &b) {
            near if near >= 0.85 => Agree::Yes,
            far if far < 0.4 => Agree::No,
            _ => Agree::Unknown,
        },
        _ => Agree::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill(number: &str, time: &str) -> Fields {
        let field = |value: &str| Field::unplaced(value, 0.95, Source::Ocr);
        [
            (FieldName::Number, number),
            (FieldName::Total, "13.75"),
            (FieldName::Date, "2024-05-14"),
            (FieldName::Time, time),
        ]
        .into_iter()
        .map(|(name, value)| (name, field(value)))
        .collect()
    }

    #[test]
    fn a_slip_has_a_number_of_its_own_and_is_the_bills() {
        let (paid, mut slip) = (bill("100050367", "17:45"), bill("3904", "17:47"));
        let relation = |slip: &Fields, with_slip| bills(&paid, slip, Standing::Document, with_slip, false);
        assert_eq!(relation(&slip, true), Relation::Same);
        assert!(matches!(relation(&slip, false), Relation::Maybe(_)), "two bills of one sum");
        assert!(matches!(relation(&bill("3904", "21:10"), true), Relation::Maybe(_)), "hours later");
        slip.remove(&FieldName::Time);
        slip.remove(&FieldName::Date);
        assert_eq!(relation(&slip, true), Relation::Same, "the bill says when");
        assert!(matches!(relation(&slip, false), Relation::Maybe(_)), "no slip, and a number of its own");
        slip.insert(FieldName::Total, Field::unplaced("31.40", 0.95, Source::Ocr));
        assert_ne!(relation(&slip, true), Relation::Same, "it paid another bill");
    }

    #[test]
    fn the_foot_of_a_strip_has_its_sum_and_day_and_no_shop_of_its_own() {
        let part = |name: &str, id: Option<&str>| {
            let mut fields = bill("", "");
            fields.remove(&FieldName::Number);
            fields.remove(&FieldName::Time);
            fields.insert(FieldName::MerchantName, Field::unplaced(name, 0.9, Source::Ocr));
            if let Some(id) = id {
                fields.insert(FieldName::MerchantTaxId, Field::unplaced(id, 0.95, Source::Ocr));
            }
            fields
        };
        let head = part("Molino Azul", Some("B12345674"));
        let relation = |foot: &Fields, strip| bills(&head, foot, Standing::Document, false, strip);
        let foot = part("Factura original", None);
        assert_eq!(relation(&foot, true), Relation::Same);
        assert!(matches!(relation(&foot, false), Relation::Maybe(_)), "side by side, or on the next page");
        let other = part("Quincalla Norte", Some("B87654321"));
        assert!(matches!(relation(&other, true), Relation::Maybe(_)), "an id of its own");
        let mut undated = part("Quincalla Norte", None);
        undated.remove(&FieldName::Date);
        assert!(matches!(relation(&undated, true), Relation::Maybe(_)), "nothing says that it is of the day");
    }
}
