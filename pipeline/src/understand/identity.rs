//! Identity documents without a readable zone: fields behind their printed labels.

use super::{
    dates::{Order, dates, iso},
    mrz,
    sheet::{Sheet, find_phrase, fold, has_phrase},
};
use crate::fields::{Field, FieldName, Fields, PageBox, Source};

/// Words that only identity documents say, folded.
pub const ID_WORDS: &[&str] = &[
    "passport",
    "pasaporte",
    "passaporte",
    "passeport",
    "reisepass",
    "passaporto",
    "identity card",
    "identification card",
    "id card",
    "identity",
    "documento nacional de identidad",
    "cedula de ciudadania",
    "cedula de identidad",
    "carteira de identidade",
    "cartao de cidadao",
    "carte nationale d'identite",
    "carta d'identita",
    "personalausweis",
    "driver license",
    "driver's license",
    "drivers license",
    "driving licence",
    "driver licence",
    "permiso de conducir",
    "permis de conduire",
    "licencia de conducir",
    "carteira nacional de habilitacao",
    "fuhrerschein",
    "patente di guida",
    "date of birth",
    "fecha de nacimiento",
    "data de nascimento",
    "date de naissance",
    "geburtsdatum",
    "data di nascita",
    "nationality",
    "nacionalidad",
    "nacionalidade",
    "nationalite",
    "staatsangehorigkeit",
    "cittadinanza",
    "place of birth",
    "lugar de nacimiento",
    "social security",
    "permanent resident",
    "aadhaar",
    "government of india",
    "credencial para votar",
    "instituto nacional electoral",
    "curp",
    "registro geral",
    "dob",
    "sex",
    "sexo",
    "surname",
    "given names",
    "apellidos",
    "prenoms",
    "eyes",
    "hgt",
    "iss",
    "endorsements",
    "republic",
    "republica",
    "residence permit",
    "carta di identita",
    "uscis",
    "voter",
    "permis",
    "dl",
    "duplicata",
    "signature",
    "authority",
];

/// Type of document, by its words, surest first.
const TYPES: &[(&str, &[&str])] = &[
    (
        "driver_license",
        &[
            "driver license",
            "driver's license",
            "drivers license",
            "driving licence",
            "driver licence",
            "permiso de conducir",
            "permis de conduire",
            "licencia de conducir",
            "licencia de conduccion",
            "carteira nacional de habilitacao",
            "carta de conducao",
            "fuhrerschein",
            "patente di guida",
            "endorsements",
            "dl no",
            "driver",
        ],
    ),
    ("passport", &["passport", "pasaporte", "passaporte", "passeport", "reisepass", "passaporto"]),
    (
        "residence_permit",
        &[
            "permanent resident",
            "residence permit",
            "permiso de residencia",
            "titre de sejour",
            "aufenthaltstitel",
            "autorizacao de residencia",
        ],
    ),
    ("social_security", &["social security"]),
    (
        "national_id",
        &[
            "identity card",
            "identification card",
            "id card",
            "documento nacional de identidad",
            "cedula",
            "carteira de identidade",
            "cartao de cidadao",
            "identite",
            "carta d'identita",
            "carta di identita",
            "personalausweis",
            "aadhaar",
            "government of india",
            "credencial para votar",
            "registro geral",
            "dni",
            "identidad",
            "identidade",
            "identity",
            "id",
        ],
    ),
];

type Labels = &'static [&'static str];
const SURNAME: Labels = &[
    "surname",
    "apellidos",
    "apellido",
    "sobrenome",
    "apelidos",
    "apelido",
    "nom/surname",
    "last name",
    "cognome",
    "nachname",
    "family name",
    "name/nachname",
    "nom",
    "ln",
    "familienname",
];
const GIVEN: Labels = &[
    "given names",
    "given name",
    "given names/prenoms",
    "nombres",
    "nombre",
    "nomes proprios",
    "nomes",
    "first name",
    "prenoms",
    "prenom",
    "prenom(s)",
    "vornamen",
    "vorname",
    "nome",
    "fn",
    "forenames",
];
const NUMBER: Labels = &[
    "passport no",
    "passport number",
    "document no",
    "document number",
    "card number",
    "id number",
    "license no",
    "licence no",
    "license number",
    "dl no",
    "dln",
    "dl",
    "pasaporte no",
    "numero de documento",
    "num. documento",
    "no. documento",
    "dni num",
    "idesp",
    "num soporte",
    "dni",
    "cedula no",
    "numero",
    "no. de documento",
    "n. documento",
    "registro geral",
    "rg",
    "uscis#",
    "uscis",
    "numero do documento",
    "clave de elector",
    "lic. no",
    "lic#",
    "nuip",
    "carte n",
    "carta n",
    "carte nationale d'identite n",
    "no",
    "4d",
    "4d.",
    "n",
    "n°",
    "nº",
];
const BIRTH: Labels = &[
    "date of birth",
    "fecha de nacimiento",
    "data de nascimento",
    "date de naissance",
    "birth date",
    "dob",
    "geburtsdatum",
    "data di nascita",
    "nacimiento",
    "nascimento",
    "geburtstag",
    "nato il",
    "birth",
    "ne(e) le",
    "ne le",
    "fec. nac",
];
const EXPIRY: Labels = &[
    "date of expiry",
    "expiry date",
    "expiration date",
    "expiration",
    "fecha de caducidad",
    "fecha de vencimiento",
    "fecha de expiracion",
    "valido hasta",
    "validez",
    "data de validade",
    "validade",
    "date d'expiration",
    "gultig bis",
    "scadenza",
    "expires",
    "exp",
    "card expires",
    "valid until",
    "vigencia",
    "valid thru",
    "caducidad",
    "4b",
    "4b.",
];

fn field(value: String, confidence: f32, page: u32, bbox: PageBox, source: Source) -> Field {
    Field { value, confidence, page: Some(page), bbox: Some(bbox), source }
}

/// The fields of a zone whose every check digit is right.
#[must_use]
pub fn from_zone(found: &mrz::Found) -> Fields {
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

/// The text behind or under the first of `labels`.
fn behind(
    sheet: &Sheet,
    labels: Labels,
    fits: impl Fn(&str) -> Option<String>,
) -> Option<(String, u32, PageBox)> {
    for label in labels {
        for (i, row) in sheet.rows.iter().enumerate() {
            for (n, cell) in row.cells.iter().enumerate() {
                let Some(at) = find_phrase(&cell.folded, label) else { continue };
                if label.len() <= 3 && at > 3 {
                    continue;
                }
                let skip = cell.folded[..at + label.len()].chars().count();
                let rest: String = cell.text.chars().skip(skip).collect();
                if let Some(value) = fits(&rest) {
                    return Some((value, row.page, cell.bbox));
                }
                if let Some(right) = row.cells.get(n + 1)
                    && let Some(value) = fits(&right.text)
                {
                    return Some((value, row.page, right.bbox));
                }
                let below =
                    sheet.rows.iter().skip(i + 1).take(2).filter(|r| r.page == row.page).find_map(|r| {
                        let near = r
                            .cells
                            .iter()
                            .find(|c| c.bbox[0] < cell.bbox[2] + 0.05 && c.bbox[2] > cell.bbox[0] - 0.02)?;
                        fits(&near.text).map(|v| (v, r.page, near.bbox))
                    });
                if below.is_some() {
                    return below;
                }
            }
        }
    }
    None
}

fn name_like(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| !c.is_alphabetic());
    let folded = fold(text);
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let good = (2..=60).contains(&letters)
        && text.chars().all(|c| c.is_alphabetic() || " -'.,".contains(c))
        && !ID_WORDS.iter().chain(SURNAME).chain(GIVEN).any(|w| w.len() > 2 && has_phrase(&folded, w));
    good.then(|| text.trim_end_matches([',', '.']).to_owned())
}

fn number_like(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let skip = ["no", "n", "num", "number", "numero"];
    let word = text
        .split_whitespace()
        .find(|w| !skip.contains(&fold(w).trim_matches(|c: char| !c.is_alphanumeric())))?;
    let value = word.trim_matches(|c: char| !c.is_alphanumeric());
    let digits = value.chars().filter(char::is_ascii_digit).count();
    (digits >= 4
        && value.len() <= 20
        && value.chars().all(|c| c.is_alphanumeric() || "-./".contains(c))
        && dates(&fold(value), Order::DayFirst).is_empty())
    .then(|| value.to_owned())
}

/// Fields behind printed labels: a person should look at these unless they are very clear.
#[must_use]
pub fn from_labels(sheet: &Sheet, order: Order) -> Fields {
    let mut fields = Fields::new();
    let source = sheet.rows.first().map_or(Source::Ocr, |r| r.source);
    let mut put = |name, found: Option<(String, u32, PageBox)>, confidence| {
        if let Some((value, page, bbox)) = found {
            fields.insert(name, field(value, confidence, page, bbox, source));
        }
    };
    let kind = TYPES.iter().find(|(_, words)| sheet.says(words));
    put(FieldName::DocumentType, kind.map(|(k, _)| ((*k).to_owned(), 1, [0.0, 0.0, 1.0, 1.0])), 0.9);
    let day = |text: &str| {
        dates(&fold(text), order)
            .first()
            .filter(|d| d.other.is_none() || order != Order::Unknown)
            .map(|d| iso(d.date))
    };
    put(FieldName::DocumentNumber, behind(sheet, NUMBER, number_like), 0.75);
    put(FieldName::Surname, behind(sheet, SURNAME, name_like), 0.75);
    put(FieldName::GivenNames, behind(sheet, GIVEN, name_like), 0.75);
    put(FieldName::BirthDate, behind(sheet, BIRTH, day), 0.85);
    put(FieldName::ExpiryDate, behind(sheet, EXPIRY, day), 0.85);
    let sex = |text: &str| {
        let word = text.split(|c: char| !c.is_alphanumeric()).find(|w| !w.is_empty())?.to_uppercase();
        match word.as_str() {
            "M" | "MALE" | "MASCULINO" | "HOMBRE" => Some("M".to_owned()),
            "F" | "FEMALE" | "FEMENINO" | "FEMININO" | "MUJER" => Some("F".to_owned()),
            _ => None,
        }
    };
    put(FieldName::Sex, behind(sheet, &["sex", "sexo", "sexe", "geschlecht", "sesso", "15"], sex), 0.85);
    fields
}
