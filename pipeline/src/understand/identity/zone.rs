//! What a machine readable zone says, laid over the printed fields and checked against them.

use super::holder;
use crate::{
    fields::{Field, FieldName, Fields, PageBox, Source},
    understand::{
        dates::{Order, dates, iso},
        mrz,
        reconcile::bare,
        sheet::{Row, Sheet, fold},
    },
};

/// A printed value this sure may contradict the zone.
const CONTRADICTS: f32 = 0.87;

fn field(value: String, confidence: f32, page: u32, bbox: PageBox, source: Source) -> Field {
    Field { value: value.into(), confidence, page: Some(page), bbox: Some(bbox), source }
}

/// The fields of a zone whose every check digit is right.
#[must_use]
pub fn from_zone(found: &mrz::ReadZone) -> Fields {
    let zone = &found.mrz;
    let mut fields = Fields::new();
    let kind = match zone.code.chars().next() {
        Some('P') => "passport",
        Some('V') => "visa",
        Some('D') => "driver_license",
        _ if zone.code == "IR" || zone.code == "AR" => "residence_permit",
        _ => "national_id",
    };
    let mut put = |name, value: &str, confidence| {
        if !value.is_empty() {
            fields.insert(name, field(value.to_owned(), confidence, found.page, found.bbox, Source::Mrz));
        }
    };
    put(FieldName::DocumentType, kind, 0.98);
    put(FieldName::DocumentNumber, &zone.number, 0.99);
    put(FieldName::IssuingCountry, &zone.issuer, 0.97);
    put(FieldName::Nationality, &zone.nationality, 0.97);
    // Names have no check digit.
    put(FieldName::Surname, &zone.surname, 0.95);
    put(FieldName::GivenNames, &zone.given_names, 0.94);
    put(FieldName::BirthDate, zone.birth_date.as_deref().unwrap_or_default(), 0.99);
    put(FieldName::ExpiryDate, zone.expiry_date.as_deref().unwrap_or_default(), 0.99);
    put(FieldName::Sex, &zone.sex.map(String::from).unwrap_or_default(), 0.97);
    fields
}

/// The fields of a zone over those of the labels, with the reasons why the two do not go together.
#[must_use]
pub fn with_zone(
    page: Fields,
    found: &mrz::ReadZone,
    sheet: &Sheet,
) -> (Fields, Vec<(FieldName, String, String)>) {
    let mut fields = page;
    let labelled = fields.get(&FieldName::DocumentNumber).cloned();
    let mut against = Vec::new();
    for (name, mut sure) in from_zone(found) {
        if matches!(name, FieldName::Surname | FieldName::GivenNames) {
            sure.confidence = name_confidence(&sure.value, found, sheet);
        }
        let seen = fields.get(&name).filter(|f| f.bbox.is_some());
        if let Some(seen) = seen
            && seen.confidence >= CONTRADICTS
            && contradict(name, &seen.value, &sure.value, found, sheet)
        {
            against.push((name, sure.value.to_string(), seen.value.to_string()));
        }
        fields.insert(name, sure);
    }
    let card = found.mrz.lines.len() == 3;
    let rows: Vec<&Row> = printed_rows(found, sheet).collect();
    if card && holder::is_numbered(&fields, &found.mrz) {
        // The zone's number is the card's, the printed one the holder's.
        against.retain(|(name, ..)| *name != FieldName::DocumentNumber);
        against.extend(holder::by_zone(&mut fields, found, &rows, labelled.as_ref()));
    }
    (fields, against)
}

/// Whether a printed value says something else than the zone's, which nothing else on the page says.
fn contradict(name: FieldName, seen: &str, sure: &str, found: &mrz::ReadZone, sheet: &Sheet) -> bool {
    match name {
        FieldName::BirthDate | FieldName::ExpiryDate | FieldName::DocumentNumber => {
            bare(seen) != bare(sure) && !stands_printed(sure, found, sheet)
        }
        FieldName::Surname | FieldName::GivenNames => !same_name(seen, sure) && !shown(sure, found, sheet),
        // X stands for what a zone does not say; Mexico prints H and M (mujer) on some papers, M and F on others.
        FieldName::Sex => seen != sure && sure != "X" && found.mrz.issuer != "MEX",
        _ => false,
    }
}

/// Whether a name is the zone's, which may spell a letter out, leave it bare or break off.
fn same_name(printed: &str, zone: &str) -> bool {
    let squeezed = |text: String| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    let zone = squeezed(fold(zone));
    let spelt = |text: &str| text.split(' ').map(spelt_out).collect::<String>();
    [squeezed(fold(printed)), squeezed(spelt(printed))]
        .iter()
        .any(|p| *p == zone || (zone.len() >= 8 && p.starts_with(&zone)))
}

/// Whether the page shows the value outside its zone.
fn stands_printed(value: &str, found: &mrz::ReadZone, sheet: &Sheet) -> bool {
    let date = value.len() == 10 && value.as_bytes().get(4) == Some(&b'-');
    printed_rows(found, sheet).any(|row| {
        if date {
            [Order::DayFirst, Order::MonthFirst]
                .into_iter()
                .any(|order| dates(&row.folded, order).iter().any(|d| iso(d.date) == value))
        } else {
            bare(&row.folded).contains(&bare(value))
        }
    })
}

fn printed_rows<'a>(found: &'a mrz::ReadZone, sheet: &'a Sheet) -> impl Iterator<Item = &'a Row> {
    let zone = found.bbox;
    sheet.rows.iter().filter(move |r| {
        let middle = (r.bbox[1] + r.bbox[3]) / 2.0;
        r.page != found.page || middle < zone[1] || middle > zone[3]
    })
}

/// Names have no check digit: they are sure when the page prints them, too.
fn name_confidence(name: &str, found: &mrz::ReadZone, sheet: &Sheet) -> f32 {
    let all = shown(name, found, sheet);
    match (all, found.mrz.tidy_names) {
        (true, true) => 0.98,
        (true, false) => 0.93,
        (false, true) => 0.9,
        (false, false) => 0.6,
    }
}

/// Whether the page prints every word of a name outside its zone.
fn shown(name: &str, found: &mrz::ReadZone, sheet: &Sheet) -> bool {
    let printed: Vec<String> = printed_rows(found, sheet)
        .flat_map(|r| r.text.split(|c: char| !c.is_alphabetic()))
        .flat_map(|word| [fold(word), spelt_out(word)])
        .collect();
    let shown = |word: &str| {
        let word = fold(word);
        printed
            .iter()
            .any(|p| *p == word || (found.mrz.lines.len() == 1 && word.len() >= 7 && p.starts_with(&word)))
    };
    name.split(' ').all(shown)
}

/// As a zone writes what it has no letter for (9303-3 §6): Ü is UE, ß is SS, Ñ may be NXX.
fn spelt_out(word: &str) -> String {
    const SPELT: &[(char, &str)] =
        &[('ä', "ae"), ('ö', "oe"), ('ø', "oe"), ('ü', "ue"), ('å', "aa"), ('æ', "ae"), ('ñ', "nxx")];
    let spelt = word.to_lowercase();
    fold(&SPELT.iter().fold(spelt, |text, (letter, as_)| text.replace(*letter, as_)).replace('ß', "ss"))
}
