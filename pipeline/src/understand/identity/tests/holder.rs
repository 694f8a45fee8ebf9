//! The holder's number and the card's, and what print and zone say against each other.

use super::*;
use crate::understand::mrz::check_digit;

/// A card of three lines whose check digits are right.
fn td1(head: &str, number: &str, optional: [&str; 2], names: &str) -> [String; 3] {
    let digit = |s: &str| check_digit(s).unwrap();
    let first = format!("{head}{number}{}{:<15}", digit(number), optional[0]).replace(' ', "<");
    let second = format!("9002144F3401011{}{:<11}", &head[2..], optional[1]).replace(' ', "<");
    let whole = format!("{}{}{}{}", &first[5..30], &second[0..7], &second[8..15], &second[18..29]);
    let second = format!("{second}{}", digit(&whole));
    [first, second, format!("{names:<30}").replace(' ', "<")]
}

fn card(printed: &[&[(f32, &str)]], zone: &[String; 3]) -> (Fields, Vec<FieldName>) {
    let lines: Vec<[(f32, &str); 1]> = zone.iter().map(|l| [(0.05, l.as_str())]).collect();
    let mut all: Vec<&[(f32, &str)]> = printed.to_vec();
    all.extend(lines.iter().map(|l| &l[..]));
    let sheet = sheet(&all);
    let mrz::Zone::Read(found) = mrz::find(&sheet, TODAY) else { panic!("the zone was not read") };
    let printed = from_labels(&sheet, Order::DayFirst, TODAY);
    let (fields, against) = with_zone(printed, &found, &sheet);
    (fields, against.into_iter().map(|(name, ..)| name).collect())
}

fn value(fields: &Fields, name: FieldName) -> &str {
    fields.get(&name).map_or("", |f| f.value.as_str())
}

#[test]
fn the_holders_number_is_in_the_optional_data() {
    let names = "EJEMPLO<PRUEBA<<ANA";
    let cases: &[(&str, &str, [&str; 2], &str, &str)] = &[
        ("IDESP", "BAA000589", ["12345678Z", ""], "12345678Z", "BAA000589"),
        ("IRESP", "E12345678", ["X1234567L", ""], "X1234567L", "E12345678"),
        ("INCHL", "123456789", ["", "12345678<5"], "12345678-5", "123456789"),
        ("ICCOL", "000123456", ["", "1000222333"], "1000222333", "000123456"),
        ("ICCOL", "000123456", ["", "0052123456"], "52123456", "000123456"),
        // No such number is in it: the serial is none.
        ("IDESP", "BAA000589", ["", ""], "", "BAA000589"),
        ("INCHL", "123456789", ["", ""], "", "123456789"),
        ("IDMEX", "123456789", ["", ""], "", "123456789"),
        // A number of whose country nothing is known stays.
        ("IDFRA", "X4RTBPFW4", ["", ""], "X4RTBPFW4", ""),
    ];
    for (head, number, optional, holder, support) in cases {
        let (fields, against) = card(&[], &td1(head, number, *optional, names));
        let read = (value(&fields, FieldName::DocumentNumber), value(&fields, FieldName::SupportNumber));
        assert_eq!(read, (*holder, *support), "{head}");
        assert_eq!(against, [], "{head}");
    }
}

#[test]
fn a_colombian_number_is_held_against_its_label() {
    let zone = td1("ICCOL", "000123456", ["", "1000222333"], "EJEMPLO<PRUEBA<<ANA");
    let with = |number: &'static str| {
        card(&[&[(0.1, "REPUBLICA DE COLOMBIA")], &[(0.1, "NUIP")], &[(0.1, number)]], &zone)
    };
    let (fields, against) = with("1.000.222.333");
    assert_eq!((value(&fields, FieldName::DocumentNumber), against), ("1000222333", Vec::new()));
    assert_eq!(with("1.000.222.338").1, [FieldName::DocumentNumber]);
    let two = td1("ICCOL", "000123456", ["52123456", "1000222333"], "EJEMPLO<PRUEBA<<ANA");
    assert_eq!(value(&card(&[], &two).0, FieldName::DocumentNumber), "", "one of two is nobody's");
}

#[test]
fn print_and_zone_agree_on_the_number_or_it_is_held() {
    let zone = td1("IDESP", "BAA000589", ["12345678Z", ""], "EJEMPLO<PRUEBA<<ANA");
    assert_eq!(card(&[&[(0.1, "DNI 12345678Z")]], &zone).1, []);
    assert_eq!(card(&[&[(0.1, "DNI 87654321X")]], &zone).1, [FieldName::DocumentNumber]);
    let bare = td1("IDESP", "BAA000589", ["", ""], "EJEMPLO<PRUEBA<<ANA");
    let (fields, _) = card(&[&[(0.1, "DNI 12345678Z")]], &bare);
    assert_eq!(value(&fields, FieldName::DocumentNumber), "12345678Z");
}

#[test]
fn print_and_zone_that_differ_in_name_date_or_sex() {
    let zone = td1("IDESP", "BAA000589", ["12345678Z", ""], "MUÑOZ<PRUEBA<<ANA".replace('Ñ', "NXX").as_str());
    let front = |surname: &'static str, given: &'static str, born: &'static str, sex: &'static str| {
        let lines: Vec<[(f32, &str); 1]> = [
            "ESPAÑA DOCUMENTO NACIONAL DE IDENTIDAD",
            "APELLIDOS",
            surname,
            "NOMBRE",
            given,
            "SEXO",
            sex,
            "FECHA DE NACIMIENTO",
            born,
            "DNI 12345678Z",
        ]
        .map(|l| [(0.1, l)])
        .to_vec();
        card(&lines.iter().map(|l| &l[..]).collect::<Vec<_>>(), &zone).1
    };
    assert_eq!(front("MUÑOZ PRUEBA", "ANA", "14 02 1990", "F"), []);
    assert_eq!(front("LAGO MONTE", "ANA", "14 02 1990", "F"), [FieldName::Surname]);
    assert_eq!(front("MUÑOZ PRUEBA", "EVA", "14 02 1990", "F"), [FieldName::GivenNames]);
    assert_eq!(front("MUÑOZ PRUEBA", "ANA", "15 02 1990", "F"), [FieldName::BirthDate]);
    assert_eq!(front("MUÑOZ PRUEBA", "ANA", "14 02 1990", "M"), [FieldName::Sex]);
}

#[test]
fn a_support_number_alone_is_nobodys() {
    let front = |number: &str| {
        from_labels(
            &sheet(&[
                &[(0.1, "ESPAÑA DOCUMENTO NACIONAL DE IDENTIDAD")],
                &[(0.4, "APELLIDOS")],
                &[(0.4, "LAGO MONTE")],
                &[(0.4, "NUM DOCUMENTO")],
                &[(0.4, number)],
            ]),
            Order::DayFirst,
            TODAY,
        )
    };
    let fields = front("BAA000589");
    assert_eq!(fields.get(&FieldName::DocumentNumber), None);
    assert_eq!(value(&fields, FieldName::SupportNumber), "BAA000589");
    assert_eq!(value(&front("12345678Z"), FieldName::DocumentNumber), "12345678Z");
}
