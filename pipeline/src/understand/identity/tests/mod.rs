//! Invented documents laid out like real ones.

mod cards;
mod holder;

use super::*;
use crate::{
    reading::{Evidence, Line, PageText, Word},
    understand::mrz::{self, Mrz},
};

const TODAY: Date = time::macros::date!(2026 - 01 - 01);
const HEIGHT: f32 = 0.03;

/// One entry a line: runs of text and where each begins, a character 0.012 of the page wide.
fn sheet(rows: &[&[(f32, &str)]]) -> Sheet {
    let mut lines = Vec::new();
    for (n, runs) in rows.iter().enumerate() {
        let y = 0.05 + n as f32 * 0.045;
        let mut words = Vec::new();
        for (x, text) in *runs {
            let mut at = *x;
            for word in text.split(' ') {
                let width = word.chars().count() as f32 * 0.012;
                let bbox = [at, y, at + width, y + HEIGHT];
                words.push(Word { text: word.to_owned(), bbox, confidence: 1.0, doubtful: Vec::new() });
                at += width + 0.008;
            }
        }
        let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        lines.push(Line { text, bbox: [0.0, y, 1.0, y + HEIGHT], confidence: 1.0, words });
    }
    let page =
        PageText { number: 1, source: Source::Ocr, aspect: 1.6, lines, quarter_turns: 0, sharpness: None };
    Sheet::of(&Evidence { pages: vec![page], ..Evidence::default() })
}

fn read(rows: &[&[(f32, &str)]]) -> Fields {
    from_labels(&sheet(rows), Order::Unknown, TODAY)
}

#[track_caller]
fn says(fields: &Fields, name: FieldName, value: &str) {
    assert_eq!(fields.get(&name).map(|f| f.value.as_str()), Some(value), "{name}");
}

#[test]
fn an_american_licence_by_its_numbers() {
    let fields = read(&[
        &[(0.1, "OREGON"), (0.5, "DRIVER LICENSE")],
        &[(0.35, "4dLIC#QX40731B"), (0.7, "9CLASS C")],
        &[(0.35, "1DOE")],
        &[(0.35, "2 JANE Q")],
        &[(0.35, "8 12 ELM STREET APT 5")],
        &[(0.35, "3 DOB 02/03/1990"), (0.7, "4aISS05/06/2023")],
        &[(0.35, "15 SEX F"), (0.55, "18 EYES BRO")],
        &[(0.7, "4b EXP"), (0.85, "5 DD")],
        &[(0.7, "02/03/2031"), (0.85, "AB1234567")],
    ]);
    for (name, value) in [
        (FieldName::DocumentType, "driver_license"),
        (FieldName::DocumentNumber, "QX40731B"),
        (FieldName::Surname, "DOE"),
        (FieldName::GivenNames, "JANE Q"),
        (FieldName::BirthDate, "1990-02-03"),
        (FieldName::ExpiryDate, "2031-02-03"),
        (FieldName::Sex, "F"),
        (FieldName::IssuingCountry, "USA"),
    ] {
        says(&fields, name, value);
    }
    assert!(fields[&FieldName::DocumentNumber].confidence >= 0.9);
}

#[test]
fn a_surname_without_its_number_stands_right_over_the_given_names() {
    let licence = |surname: f32| {
        read(&[
            &[(0.1, "OREGON"), (0.5, "DRIVER LICENSE")],
            &[(surname, "DOE")],
            &[(0.35, "2 JANE")],
            &[(0.35, "15-400-1234")],
        ])
    };
    let fields = licence(0.37);
    says(&fields, FieldName::Surname, "DOE");
    assert!(fields[&FieldName::Surname].confidence >= 0.9);
    // Not in its column it may be anything.
    let fields = licence(0.42);
    says(&fields, FieldName::Surname, "DOE");
    assert!(fields[&FieldName::Surname].confidence < 0.9);
    // A line of the card is nobody's name.
    let title = read(&[&[(0.1, "OREGON")], &[(0.37, "DRIVER LICENSE")], &[(0.35, "2 JANE")]]);
    assert_eq!(title.get(&FieldName::Surname), None);
}

#[test]
fn a_european_licence_by_its_numbers() {
    let fields = read(&[
        &[(0.3, "PERMISO DE CONDUCIR"), (0.6, "REINO DE ESPAÑA")],
        &[(0.35, "1. PEREZ")],
        &[(0.35, "2. ANA")],
        &[(0.35, "3. 04.05.1980 LUGO")],
        &[(0.35, "4a.01.02.2020"), (0.7, "4c.27/00")],
        &[(0.35, "4b31.01.2030"), (0.7, "4d.11111111H")],
        &[(0.35, "5.11111111-H")],
        &[(0.35, "9.AM/B")],
    ]);
    says(&fields, FieldName::Surname, "PEREZ");
    says(&fields, FieldName::DocumentNumber, "11111111-H");
    says(&fields, FieldName::BirthDate, "1980-05-04");
    says(&fields, FieldName::ExpiryDate, "2030-01-31");
    says(&fields, FieldName::IssuingCountry, "ESP");
}

#[test]
fn labels_in_columns_with_their_values_below() {
    let fields = read(&[
        &[(0.1, "UNITED STATES OF AMERICA")],
        &[(0.1, "PASSPORT CARD")],
        &[(0.3, "Surname / Nom / Apellidos")],
        &[(0.3, "WINTER")],
        &[(0.3, "Given Names / Prénoms / Wombres")],
        &[(0.3, "ALEX MAY")],
        &[(0.3, "Issued On"), (0.6, "Expires On")],
        &[(0.3, "30 NOV 2021"), (0.6, "29 NOV 2031")],
        &[(0.3, "Sex"), (0.4, "Date ofbith"), (0.7, "Passport Card no.")],
        &[(0.3, "F"), (0.4, "1 JAN 1981"), (0.7, "C04110077")],
    ]);
    says(&fields, FieldName::Surname, "WINTER");
    says(&fields, FieldName::GivenNames, "ALEX MAY");
    says(&fields, FieldName::ExpiryDate, "2031-11-29");
    says(&fields, FieldName::BirthDate, "1981-01-01");
    says(&fields, FieldName::DocumentNumber, "C04110077");
    says(&fields, FieldName::Sex, "F");
    assert!(fields[&FieldName::BirthDate].confidence < fields[&FieldName::ExpiryDate].confidence);
}

#[test]
fn two_surnames_on_two_lines_and_dates_with_blanks() {
    let fields = read(&[
        &[(0.1, "ESPAÑA DOCUMENTO NACIONAL DE IDENTIDAD")],
        &[(0.4, "APELLIDOS")],
        &[(0.4, "LAGO")],
        &[(0.4, "MONTE")],
        &[(0.4, "NOMBRE")],
        &[(0.4, "IRIS")],
        &[(0.4, "SEXO"), (0.5, "NACIONALIDAD"), (0.7, "FECHA DE NACIMIENTO")],
        &[(0.4, "F"), (0.5, "ESP"), (0.7, "01 02 1990")],
        &[(0.4, "NUM SOPORTE"), (0.7, "VALIDO HASTA")],
        &[(0.4, "BAA000589"), (0.7, "03 04 2032")],
        &[(0.1, "DNI 12345678Z")],
    ]);
    says(&fields, FieldName::Surname, "LAGO MONTE");
    says(&fields, FieldName::GivenNames, "IRIS");
    says(&fields, FieldName::BirthDate, "1990-02-01");
    says(&fields, FieldName::ExpiryDate, "2032-04-03");
    says(&fields, FieldName::Nationality, "ESP");
}

#[test]
fn the_old_colombian_card_prints_its_labels_under_the_values() {
    let fields = read(&[
        &[(0.1, "REPUBLICA DE COLOMBIA")],
        &[(0.1, "CEDULA DE CIUDADANIA")],
        &[(0.1, "NUMERO 1.000.222.333")],
        &[(0.1, "RIOS LUNA")],
        &[(0.1, "APELLIDOS")],
        &[(0.1, "EVA MARIA")],
        &[(0.1, "NOMBRES")],
    ]);
    says(&fields, FieldName::Surname, "RIOS LUNA");
    says(&fields, FieldName::GivenNames, "EVA MARIA");
    says(&fields, FieldName::DocumentNumber, "1.000.222.333");
}

#[test]
fn whole_names_are_split_without_being_believed() {
    let fields = read(&[
        &[(0.1, "CARTEIRA NACIONAL DE HABILITAÇÃO")],
        &[(0.1, "NOME")],
        &[(0.1, "RUI BRITO SILVA")],
        &[(0.1, "VALIDADE"), (0.5, "Nº REGISTRO")],
        &[(0.1, "10/11/2031"), (0.5, "01234567890")],
    ]);
    says(&fields, FieldName::Surname, "SILVA");
    says(&fields, FieldName::DocumentNumber, "01234567890");
    assert!(fields[&FieldName::Surname].confidence < 0.9);
}

fn zone(lines: &[&str], surname: &str, tidy_names: bool) -> mrz::ReadZone {
    let mrz = Mrz {
        lines: lines.iter().map(|l| (*l).to_owned()).collect(),
        code: "P".into(),
        issuer: "UTO".into(),
        number: "L898902C3".into(),
        nationality: "UTO".into(),
        surname: surname.into(),
        given_names: "ANNA".into(),
        tidy_names,
        birth_date: Some("1974-08-12".into()),
        sex: Some('F'),
        expiry_date: Some("2032-04-15".into()),
    };
    mrz::ReadZone { mrz, page: 1, bbox: [0.0, 0.9, 1.0, 0.99] }
}

#[test]
fn a_zone_is_checked_against_the_page() {
    let page = |expiry| {
        sheet(&[
            &[(0.1, "PASSPORT")],
            &[(0.1, "Surname: Müller")],
            &[(0.1, "Given names: Anna")],
            &[(0.1, "Date of expiry: "), (0.4, expiry)],
        ])
    };
    let check = |sheet: &Sheet, zone: &mrz::ReadZone| {
        with_zone(from_labels(sheet, Order::Unknown, TODAY), zone, sheet)
    };
    let good = page("15 APR 2032");
    let (fields, against) = check(&good, &zone(&["", ""], "MUELLER", true));
    assert!(against.is_empty());
    assert_eq!(fields[&FieldName::Surname].value, "MUELLER");
    assert!(fields[&FieldName::Surname].confidence > 0.95);
    let (fields, _) = check(&good, &zone(&["", ""], "MUELLERANNA", false));
    assert!(fields[&FieldName::Surname].confidence < 0.9);
    // A filler read as a letter makes a name that is nearly on the page.
    let (fields, _) = check(&good, &zone(&["", ""], "MUELLERC", false));
    assert!(fields[&FieldName::Surname].confidence < 0.9);
    let (_, against) = check(&page("15 APR 2037"), &zone(&["", ""], "MUELLER", true));
    assert_eq!(against, [(FieldName::ExpiryDate, "2032-04-15".to_owned(), "2037-04-15".to_owned())]);
}

proptest::proptest! {
    #[test]
    fn never_panics(words in proptest::collection::vec("\\PC{0,12}|4b|1|Surname/Nom|EXP01/02/2030", 0..40)) {
        let rows: Vec<Vec<(f32, &str)>> = words.chunks(4).map(|c| c.iter().enumerate().map(|(i, w)| (0.2 * i as f32, w.as_str())).collect()).collect();
        let rows: Vec<&[(f32, &str)]> = rows.iter().map(Vec::as_slice).collect();
        let mut with_title: Vec<&[(f32, &str)]> = vec![&[(0.1, "DRIVER LICENSE OREGON")]];
        with_title.extend(rows);
        let _ = read(&with_title);
    }
}
