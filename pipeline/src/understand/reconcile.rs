//! Evidence surer than print: what XML and codes say goes over what was read from the page, and is checked against it.

use super::money;
use crate::{
    fields::{Field, FieldName, Fields, Source},
    reason::{Reason, ReasonCode},
};

/// A field of the page this sure may contradict the XML.
const CONTRADICTS: f32 = 0.85;

/// Puts `sure` over `page`. Equal values keep the place on the page; a page that clearly says something else in a sum,
/// date or number is a failed check. A number, an id or a day that is `printed` elsewhere on the page contradicts nothing.
#[must_use]
pub fn lay_over(
    page: Fields,
    sure: Fields,
    by: &str,
    printed: &dyn Fn(FieldName, &str) -> bool,
) -> (Fields, Vec<Reason>, Vec<String>) {
    let (mut reasons, mut because) = (Vec::new(), Vec::new());
    let mut fields = page;
    for (name, mut field) in sure {
        if let Some(seen) = fields.get(&name) {
            keep_sign(name, seen, &mut field);
            if same_value(name, &seen.value, &field.value) || money_back(name, &seen.value, &field.value) {
                field.page = seen.page;
                field.bbox = seen.bbox;
                because.push(format!("the page and {by} agree on {name}"));
            } else if seen.confidence >= CONTRADICTS
                && ((weighty(name) && !is_within(name, &seen.value, &field.value))
                    || (names_the_paper(name)
                        && !same_number(&seen.value, &field.value)
                        && !printed(name, &field.value)))
            {
                reasons.push(contradiction(name, seen, &field, by));
            }
        }
        fields.insert(name, field);
    }
    (fields, reasons, because)
}

/// Whether two documents say the same of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agree {
    /// One value.
    Yes,
    /// Two values, and both are sure.
    No,
    /// One of them is silent or not sure.
    Unknown,
}

/// Compares the first of these fields that each document has; less sure than `sure`, that they differ says nothing.
#[must_use]
pub fn agree(a: &Fields, b: &Fields, names: &[FieldName], sure: f32) -> Agree {
    let of = |f: &Fields| names.iter().find_map(|n| f.get(n).map(|v| (*n, v.clone())));
    let (Some((name, a)), Some((_, b))) = (of(a), of(b)) else { return Agree::Unknown };
    if same_value(name, &a.value, &b.value) {
        Agree::Yes
    } else if a.confidence >= sure && b.confidence >= sure {
        Agree::No
    } else {
        Agree::Unknown
    }
}

fn weighty(name: FieldName) -> bool {
    use FieldName::{BirthDate, DocumentNumber, ExpiryDate, GivenNames, Sex, Surname, Total, Type};
    matches!(name, Total | Type | DocumentNumber | Surname | GivenNames | BirthDate | ExpiryDate | Sex)
}

/// Whether all words of one name are in the other: a code breaks long names off, and print may leave out the second.
fn is_within(name: FieldName, a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(bare).filter(|word| !word.is_empty()).collect()
    };
    let (a, b) = (words(a), words(b));
    let held = |some: &[String], all: &[String]| {
        !some.is_empty() && some.iter().all(|word| all.iter().any(|other| other.starts_with(word.as_str())))
    };
    matches!(name, FieldName::Surname | FieldName::GivenNames) && (held(&a, &b) || held(&b, &a))
}

/// What names one paper among all: a code or an XML that says another is of another paper.
fn names_the_paper(name: FieldName) -> bool {
    matches!(
        name,
        FieldName::Number
            | FieldName::IssueDate
            | FieldName::Date
            | FieldName::IssuerTaxId
            | FieldName::MerchantTaxId
    )
}

/// Numbers are the same without their zeros in front and without a series that only one side says: `0010-00000094` and
/// `10-94`, `780` and `001/000.000.780`; ids without the country in front.
fn same_number(a: &str, b: &str) -> bool {
    let digits = |text: &str| -> Vec<String> {
        let joined = text.replace(['.', ',', ' '], "");
        let groups =
            joined.split(|c: char| !c.is_ascii_digit()).map(|g| g.trim_start_matches('0').to_owned());
        groups.filter(|g| !g.is_empty()).collect()
    };
    let (a, b) = (digits(a), digits(b));
    let whole = a.concat() == b.concat();
    !a.is_empty() && !b.is_empty() && (whole || a.ends_with(&b) || b.ends_with(&a))
}

/// Most codes say an amount and not whose it is: of the same amount the page's minus stays.
fn keep_sign(name: FieldName, page: &Field, sure: &mut Field) {
    let back = page.value.strip_prefix('-');
    if sure.source == Source::Barcode
        && name.is_amount()
        && back.is_some_and(|amount| same_value(name, amount, &sure.value))
    {
        sure.value = page.value.clone();
    }
}

/// A credit note's amount, which the page prints without a minus.
fn money_back(name: FieldName, page: &str, sure: &str) -> bool {
    name.is_amount() && sure.strip_prefix('-').is_some_and(|amount| same_value(name, page, amount))
}

fn contradiction(name: FieldName, seen: &Field, sure: &Field, by: &str) -> Reason {
    Reason::new(
        ReasonCode::ChecksFailed,
        format!("{by} says {name} {}, the page says {}.", sure.value, seen.value),
    )
    .with("check", format!("{name} of {by} = {name} of the page"))
    .with("left", sure.value.as_str())
    .with("right", seen.value.as_str())
    .about(&[name])
}

/// Whether two values of a field mean the same.
#[must_use]
pub fn same_value(name: FieldName, a: &str, b: &str) -> bool {
    if name.is_amount()
        && let (Some(a), Some(b)) = (money::plain(a), money::plain(b))
    {
        return a.near(b, 0);
    }
    bare(a) == bare(b)
}

/// Letters and digits only, folded: what names, numbers and ids are compared in.
#[must_use]
pub fn bare(text: &str) -> String {
    super::sheet::fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(total: &str, confidence: f32, source: Source) -> Fields {
        let bbox = (source == Source::Text).then_some([0.1, 0.2, 0.3, 0.4]);
        let field = Field { value: total.into(), confidence, page: Some(1), bbox, source };
        Fields::from([(FieldName::Total, field)])
    }

    #[test]
    fn agreement_keeps_the_place() {
        let (fields, reasons, because) = lay_over(
            fields("119.0", 0.9, Source::Text),
            fields("119.00", 0.99, Source::Xml),
            "the XML",
            NOWHERE,
        );
        let total = &fields[&FieldName::Total];
        assert_eq!((total.source, total.bbox.is_some()), (Source::Xml, true));
        assert!(reasons.is_empty() && because.len() == 1);
    }

    const NOWHERE: &dyn Fn(FieldName, &str) -> bool = &|_, _| false;

    fn one(name: FieldName, value: &str, source: Source) -> Fields {
        let field = Field::unplaced(value, 0.95, source);
        Fields::from([(name, field)])
    }

    #[test]
    fn a_code_of_another_paper_is_a_contradiction() {
        for (name, page, code, held) in [
            (FieldName::Number, "0010-00000094", "00010-00000094", false),
            (FieldName::Number, "001/000.000.780", "780", false),
            (FieldName::Number, "FT A/35", "FT A/35", false),
            (FieldName::Number, "00010-00000095", "00010-00000094", true),
            (FieldName::IssueDate, "2026-10-13", "2026-10-14", true),
            (FieldName::IssuerTaxId, "ES12345678Z", "12345678Z", false),
            (FieldName::IssuerTaxId, "11222333000181", "11444777000161", true),
            (FieldName::Total, "121.00", "12100.00", true),
            (FieldName::IssuerName, "Sol", "Luna", false),
        ] {
            let (_, reasons, _) =
                lay_over(one(name, page, Source::Ocr), one(name, code, Source::Barcode), "the code", NOWHERE);
            assert_eq!(!reasons.is_empty(), held, "{name}: {page}, {code}");
        }
    }

    #[test]
    fn a_minus_on_paper_stays_where_the_code_says_the_amount_alone() {
        let page = one(FieldName::Total, "-121.00", Source::Ocr);
        let (over, reasons, _) =
            lay_over(page.clone(), one(FieldName::Total, "121.00", Source::Barcode), "the code", NOWHERE);
        assert!(reasons.is_empty());
        assert_eq!(over[&FieldName::Total].value, "-121.00");
        let (_, reasons, _) =
            lay_over(page, one(FieldName::Total, "121.00", Source::Xml), "the XML", NOWHERE);
        assert_eq!(reasons.len(), 1, "an XML says its sign");
    }

    #[test]
    fn a_cards_code_and_its_page_say_the_same_of_its_holder_or_it_is_held() {
        let of = |name, value: &str| {
            let (page, source) = (Some(1), Source::Barcode);
            Fields::from([(name, Field { value: value.into(), confidence: 0.98, page, bbox: None, source })])
        };
        let reasons = |name, page: &str, code: &str| {
            lay_over(of(name, page), of(name, code), "the code", NOWHERE).1.len()
        };
        assert_eq!(reasons(FieldName::BirthDate, "1990-02-14", "1990-02-15"), 1);
        assert_eq!(reasons(FieldName::ExpiryDate, "2030-02-14", "2031-02-14"), 1);
        assert_eq!(reasons(FieldName::Sex, "F", "M"), 1);
        assert_eq!(reasons(FieldName::Surname, "Lago Monte", "EJEMPLO"), 1);
        assert_eq!(reasons(FieldName::Surname, "Muñoz Prueba", "MUNOZ"), 0);
        assert_eq!(reasons(FieldName::GivenNames, "Ana", "ANA MARIA"), 0);
        assert_eq!(reasons(FieldName::DocumentNumber, "52.123.456", "52123456"), 0);
        assert_eq!(reasons(FieldName::DocumentNumber, "52.123.456", "52123457"), 1);
    }

    #[test]
    fn contradiction_names_both_sides() {
        let (_, reasons, _) = lay_over(
            fields("91.00", 0.9, Source::Text),
            fields("119.00", 0.99, Source::Xml),
            "the XML",
            NOWHERE,
        );
        assert_eq!(reasons[0].code, ReasonCode::ChecksFailed);
        assert_eq!(reasons[0].fields(), [FieldName::Total], "and what it is about");
        assert_eq!(reasons[0].detail["left"], "119.00");
        assert_eq!(reasons[0].detail["right"], "91.00");
        let (_, unsure, _) = lay_over(
            fields("91.00", 0.4, Source::Text),
            fields("119.00", 0.99, Source::Xml),
            "the XML",
            NOWHERE,
        );
        assert!(unsure.is_empty());
    }
}
