//! The number by which a country knows the holder, apart from the serial of the card it is printed on.
//!
//! Spain's DNI and NIE, Chile's RUN, Colombia's NUIP, Brazil's CPF and Mexico's CURP stand in print and, but for the last,
//! in the optional data of the zone (or are its number); what the zone has in the place of the document's number is the
//! support or the serial, which no list of customers has.

use crate::{
    fields::{Field, FieldName, Fields},
    understand::{
        mrz::{Mrz, ReadZone},
        reconcile::bare,
        sheet::{Row, Sheet},
        tax_ids::checks,
    },
};

/// A printed number whose check digit is right was read right.
const CHECKED: f32 = 0.96;
/// A labelled number this sure may contradict the zone.
const CLEAR: f32 = 0.87;
/// The same of a number in a zone, all of which is checked.
const IN_ZONE: f32 = 0.99;

/// A country that numbers its people, and how the number is told.
struct Holder {
    /// ISO 3166-1 alpha-3.
    country: &'static str,
    /// Whether letters and digits, in capitals, are such a number.
    is: fn(&str) -> bool,
    /// Whether a printed word has the form, punctuation and all, that no other number has.
    printed: fn(&str) -> bool,
    /// Whether what the zone has as the document's number is the card's serial.
    serial: bool,
}

const HOLDERS: &[Holder] = &[
    Holder { country: "ESP", is: spanish, printed: |_| true, serial: true },
    Holder { country: "CHL", is: chilean, printed: |w| w.contains('-'), serial: true },
    // Without a check digit it is known by its place alone.
    Holder { country: "COL", is: colombian, printed: |_| false, serial: true },
    Holder { country: "BRA", is: brazilian, printed: |w| w.contains('-'), serial: false },
    Holder { country: "MEX", is: mexican, printed: |_| true, serial: true },
];

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// A DNI (eight digits and a letter) or a NIE (X, Y or Z, seven digits and a letter); a company's id is none.
fn spanish(bare: &str) -> bool {
    let body = bare.strip_prefix(['X', 'Y', 'Z']).map_or((bare, 8), |rest| (rest, 7));
    bare.len() == 9
        && digits(body.0) == body.1
        && bare.ends_with(|c: char| c.is_ascii_uppercase())
        && checks::nif(bare)
}

fn chilean(bare: &str) -> bool {
    (8..=9).contains(&bare.len()) && checks::rut(bare)
}

fn colombian(bare: &str) -> bool {
    (6..=10).contains(&bare.len()) && digits(bare) == bare.len()
}

fn brazilian(bare: &str) -> bool {
    bare.len() == 11 && digits(bare) == 11 && checks::cpf(bare)
}

/// Clave Única de Registro de Población: four letters, a date, sex, state, consonants, and a check digit (DOF 2021-06-18).
fn mexican(bare: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ";
    let letters: Vec<char> = bare.chars().collect();
    let shaped = letters.len() == 18
        && letters.iter().take(4).all(|c| c.is_alphabetic())
        && letters.iter().skip(4).take(6).all(char::is_ascii_digit)
        && letters.get(10).is_some_and(|c| "HMX".contains(*c));
    let value = |c: &char| ALPHABET.chars().position(|a| a == *c);
    let sum: Option<usize> =
        letters.iter().take(17).enumerate().map(|(i, c)| value(c).map(|v| v * (18 - i))).sum();
    let last = letters.last().and_then(|c| c.to_digit(10)).and_then(|d| usize::try_from(d).ok());
    shaped && sum.is_some_and(|sum| Some((10 - sum % 10) % 10) == last)
}

fn holder(country: &str) -> Option<&'static Holder> {
    HOLDERS.iter().find(|h| h.country == country)
}

/// Cards of identity and residence; a passport and a licence are known by their own number.
fn is_card(kind: Option<&Field>) -> bool {
    kind.is_some_and(|k| matches!(k.value.as_str(), "national_id" | "residence_permit"))
}

/// Whether it is a card of a country that numbers its people.
pub(super) fn is_numbered(fields: &Fields, zone: &Mrz) -> bool {
    holder(&zone.issuer).is_some() && is_card(fields.get(&FieldName::DocumentType))
}

/// The holder's number in a zone.
fn in_zone(holder: &Holder, zone: &Mrz) -> Option<String> {
    let optional = zone.optional();
    let whole = std::iter::once(zone.number.as_str()).filter(|_| !holder.serial);
    let mut numbers = whole.chain(optional.iter().map(String::as_str)).filter_map(|field| {
        let number: String = field.chars().filter(|c| *c != '<').collect();
        // Colombia fills its number up with zeros.
        let number = if holder.country == "COL" { number.trim_start_matches('0') } else { &number };
        (holder.is)(number).then(|| match (holder.country, number.char_indices().next_back()) {
            ("CHL", Some((at, check))) => format!("{}-{check}", &number[..at]),
            _ => number.to_owned(),
        })
    });
    let first = numbers.next()?;
    // Two numbers of the form, neither of them checked: which is the holder's nobody can say.
    numbers.all(|other| other == first).then_some(first)
}

/// The one number of the country's form and check that the rows print, as printed; none where they print two.
fn in_print<'a>(holder: &Holder, rows: impl Iterator<Item = &'a Row>) -> Option<(String, &'a Row)> {
    let mut found: Option<(String, &Row)> = None;
    for row in rows {
        for word in &row.words {
            let word = word.text.trim_matches(|c: char| !c.is_alphanumeric());
            let number = bare(word).to_uppercase();
            if !(holder.printed)(word) || !(holder.is)(&number) {
                continue;
            }
            match &found {
                Some((seen, _)) if bare(seen) != bare(word) => return None,
                Some(_) => {}
                None => found = Some((word.to_owned(), row)),
            }
        }
    }
    found
}

/// Puts the holder's number in the place of the card's on cards whose country has one, by print alone. A labelled number
/// that is none of the holder's is the support's; the holder's is then not known.
pub(super) fn by_print(fields: &mut Fields, sheet: &Sheet) {
    let country = fields.get(&FieldName::IssuingCountry).map(|f| f.value.to_string()).unwrap_or_default();
    let Some(holder) = holder(&country).filter(|_| is_card(fields.get(&FieldName::DocumentType))) else {
        return;
    };
    let labelled = fields.get(&FieldName::DocumentNumber).cloned();
    let own = labelled.as_ref().is_some_and(|l| (holder.is)(&bare(&l.value).to_uppercase()));
    let Some((number, row)) = in_print(holder, sheet.rows.iter()) else {
        if !own && serial_of(holder, labelled.as_ref()) {
            put_support(fields, labelled);
            fields.remove(&FieldName::DocumentNumber);
        }
        return;
    };
    if own && labelled.as_ref().is_some_and(|l| bare(&l.value) == bare(&number)) {
        return;
    }
    if serial_of(holder, labelled.as_ref()) {
        put_support(fields, labelled);
    }
    let (page, bbox) = (Some(row.page), Some(row.bbox));
    let confidence = CHECKED.min(row.confidence.max(0.5));
    let field = Field { value: number.into(), confidence, page, bbox, source: row.source };
    fields.insert(FieldName::DocumentNumber, field);
}

/// Whether a labelled number that is not the holder's has the form of a card's serial: Spain's has three letters and six
/// digits, Chile's nine digits. Any other may be the holder's misread.
fn serial_of(holder: &Holder, labelled: Option<&Field>) -> bool {
    let Some(number) = labelled.map(|l| bare(&l.value).to_uppercase()) else { return false };
    match holder.country {
        "ESP" => {
            number.len() == 9 && number.starts_with(|c: char| c.is_ascii_alphabetic()) && digits(&number) == 6
        }
        "CHL" => number.len() == 9 && digits(&number) == 9,
        _ => false,
    }
}

fn put_support(fields: &mut Fields, number: Option<Field>) {
    if let Some(number) = number {
        fields.insert(FieldName::SupportNumber, number);
    }
}

/// The same for a card with a zone, whose `fields` have what the zone has as the document's number. What zone and print
/// say of the holder's number and contradict each other in is given back; `labelled` is the number as the print labels it.
pub(super) fn by_zone(
    fields: &mut Fields,
    found: &ReadZone,
    rows: &[&Row],
    labelled: Option<&Field>,
) -> Option<(FieldName, String, String)> {
    let holder = holder(&found.mrz.issuer)?;
    let serial = fields.remove(&FieldName::DocumentNumber)?;
    let zone = in_zone(holder, &found.mrz);
    let print = in_print(holder, rows.iter().copied());
    let number = match (&zone, &print) {
        (Some(zone), _) => Field { value: zone.as_str().into(), confidence: IN_ZONE, ..serial.clone() },
        (None, Some((number, row))) => Field {
            value: number.as_str().into(),
            confidence: CHECKED,
            page: Some(row.page),
            bbox: Some(row.bbox),
            source: row.source,
        },
        (None, None) => {
            put_serial(fields, holder, serial);
            return None;
        }
    };
    let printed = print.map(|(print, _)| print).or_else(|| labelled.and_then(|l| said(holder, l, &serial)));
    let against = zone.zip(printed).filter(|(zone, print)| bare(zone) != bare(print));
    if bare(&number.value) != bare(&serial.value) {
        put_serial(fields, holder, serial);
    }
    fields.insert(FieldName::DocumentNumber, number);
    against.map(|(zone, print)| (FieldName::DocumentNumber, zone, print))
}

/// What a clear label calls the number, where it has the holder's form and is not the card's own.
fn said(holder: &Holder, labelled: &Field, serial: &Field) -> Option<String> {
    let number = bare(&labelled.value).to_uppercase();
    let clear = labelled.bbox.is_some() && labelled.confidence >= CLEAR;
    (clear && (holder.is)(&number) && number != bare(&serial.value).to_uppercase())
        .then(|| labelled.value.to_string())
}

fn put_serial(fields: &mut Fields, holder: &Holder, serial: Field) {
    if holder.serial {
        fields.insert(FieldName::SupportNumber, serial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_and_numbers_of_cards() {
        let cases: &[(&str, &str, bool)] = &[
            ("ESP", "12345678Z", true),
            ("ESP", "X1234567L", true),
            ("ESP", "BAA000589", false),
            ("ESP", "12345678A", false),
            ("ESP", "B12345674", false),
            ("CHL", "123456785", true),
            ("CHL", "123456789", false),
            ("BRA", "11144477735", true),
            ("BRA", "11144477734", false),
            ("MEX", "GOMC900514HDFMRR03", false),
            ("MEX", "RSLNEV90050409M100", false),
            ("COL", "1000222333", true),
        ];
        for (country, number, is) in cases {
            assert_eq!((holder(country).unwrap().is)(number), *is, "{country} {number}");
        }
    }
}
