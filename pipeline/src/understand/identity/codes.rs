//! What the codes on the cards of this market say: the old Colombian cédula (PDF417), the Argentine DNI (PDF417), the
//! Chilean cédula (QR).
//!
//! None has a check digit of its own but Chile's, so that a text is one of them only where all its parts have their form.

use time::{Date, Month};

use crate::{
    fields::FieldName,
    understand::{dates::iso, tax_ids::checks},
};

/// What a card's code says, and whose it is.
pub(in crate::understand) struct Card {
    pub what: &'static str,
    pub fields: Vec<(FieldName, String)>,
}

/// The card whose code says `text`.
pub(in crate::understand) fn read(text: &str) -> Option<Card> {
    colombian(text).or_else(|| argentine(text)).or_else(|| chilean(text))
}

/// Fields of fixed width behind the words `PubDSK_`, filled up with NUL or blanks; after them a fingerprint.
fn colombian(text: &str) -> Option<Card> {
    let characters: Vec<char> = text.chars().take(170).collect();
    let field = |range: std::ops::Range<usize>| -> Option<String> {
        let text: String = characters.get(range)?.iter().collect();
        Some(text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).to_owned())
    };
    field(0..40)?.contains("PubDSK_").then_some(())?;
    let number = field(48..58)?;
    let number = number.trim_start_matches('0');
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    (digits && (6..=10).contains(&number.len())).then_some(())?;
    let surname = joined(&[field(58..80)?, field(81..104)?])?;
    let given_names = joined(&[field(104..127)?, field(127..150)?])?;
    let sex = sex(&field(151..152)?)?;
    let born = day(&field(152..156)?, &field(156..158)?, &field(158..160)?)?;
    Some(Card {
        what: "identity code (Colombian cédula)",
        fields: vec![
            (FieldName::DocumentType, "national_id".to_owned()),
            (FieldName::DocumentNumber, number.to_owned()),
            (FieldName::IssuingCountry, "COL".to_owned()),
            (FieldName::Surname, surname),
            (FieldName::GivenNames, given_names),
            (FieldName::BirthDate, born),
            (FieldName::Sex, sex.to_owned()),
        ],
    })
}

/// Procedure, surname, names, sex, number, copy, born, issued, parted by `@`.
fn argentine(text: &str) -> Option<Card> {
    let parts: Vec<&str> = text.trim().split('@').map(str::trim).collect();
    let [procedure, surname, names, said, number, copy, born, issued, ..] = parts[..] else { return None };
    let digits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let letter = copy.len() == 1 && copy.bytes().all(|b| b.is_ascii_uppercase());
    (digits(procedure, 9..=11) && digits(number, 7..=8) && letter).then_some(())?;
    let written = |text: &str| match text.split('/').collect::<Vec<_>>()[..] {
        [d, m, y] => day(y, m, d),
        _ => None,
    };
    written(issued)?;
    Some(Card {
        what: "identity code (Argentine DNI)",
        fields: vec![
            (FieldName::DocumentType, "national_id".to_owned()),
            (FieldName::DocumentNumber, number.to_owned()),
            (FieldName::SupportNumber, procedure.to_owned()),
            (FieldName::IssuingCountry, "ARG".to_owned()),
            (FieldName::Surname, joined(&[surname.to_owned()])?),
            (FieldName::GivenNames, joined(&[names.to_owned()])?),
            (FieldName::BirthDate, written(born)?),
            (FieldName::Sex, sex(said)?.to_owned()),
        ],
    })
}

/// The civil registry's address that tells whether a card is valid: `RUN`, `type`, `serial`, `mrz`.
fn chilean(text: &str) -> Option<Card> {
    let (host, query) = text.trim().split_once('?')?;
    host.to_ascii_lowercase().contains("registrocivil.cl/").then_some(())?;
    let value = |key: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value).next()
    };
    value("type").is_some_and(|kind| kind.to_ascii_uppercase().starts_with("CEDULA")).then_some(())?;
    let run = value("RUN")?.to_ascii_uppercase();
    let bare: String = run.chars().filter(char::is_ascii_alphanumeric).collect();
    ((8..=9).contains(&bare.len()) && checks::rut(&bare)).then_some(())?;
    let (body, check) = bare.split_at(bare.len() - 1);
    let serial = value("serial").filter(|serial| serial.bytes().all(|b| b.is_ascii_alphanumeric()))?;
    Some(Card {
        what: "identity code (Chilean cédula)",
        fields: vec![
            (FieldName::DocumentType, "national_id".to_owned()),
            (FieldName::DocumentNumber, format!("{body}-{check}")),
            (FieldName::SupportNumber, serial.to_owned()),
            (FieldName::IssuingCountry, "CHL".to_owned()),
        ],
    })
}

/// Names with a blank between; `None` where there is none or something in them is no letter.
fn joined(names: &[String]) -> Option<String> {
    let letters = |c: char| c.is_alphabetic() || matches!(c, ' ' | '\'' | '-' | '.');
    let joined = names.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>().join(" ");
    (!joined.is_empty() && joined.chars().all(letters)).then_some(joined)
}

fn sex(said: &str) -> Option<&'static str> {
    match said {
        "M" => Some("M"),
        "F" => Some("F"),
        "X" => Some("X"),
        _ => None,
    }
}

fn day(year: &str, month: &str, day: &str) -> Option<String> {
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let year = year.parse().ok().filter(|year| (1880..2100).contains(year))?;
    Some(iso(Date::from_calendar_date(year, month, day.parse().ok()?).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of an old cédula's code: fields of fixed width, NUL behind each.
    fn cedula(number: &str, sex: &str, born: &str) -> String {
        let mut text = format!("{:\0<24}{:\0<24}", "0212345678", "PubDSK_1");
        text += &format!("{number:0>10}");
        text += &format!("{:\0<23}{:\0<23}", "EJEMPLO", "PRUEBA");
        text += &format!("{:\0<23}{:\0<23}", "ANA", "MARIA");
        text + &format!("\0{sex}{born}11001O+") + &"\u{8f}\u{1}".repeat(100)
    }

    fn said(text: &str) -> Vec<(FieldName, String)> {
        read(text).map(|card| card.fields).unwrap_or_default()
    }

    fn value(text: &str, name: FieldName) -> String {
        said(text).into_iter().find(|(n, _)| *n == name).map(|(_, value)| value).unwrap_or_default()
    }

    #[test]
    fn the_old_colombian_cedula() {
        let text = cedula("52123456", "F", "19900214");
        assert_eq!(value(&text, FieldName::DocumentNumber), "52123456");
        assert_eq!(value(&text, FieldName::Surname), "EJEMPLO PRUEBA");
        assert_eq!(value(&text, FieldName::GivenNames), "ANA MARIA");
        assert_eq!(value(&text, FieldName::BirthDate), "1990-02-14");
        assert_eq!(value(&text, FieldName::Sex), "F");
        for wrong in [
            cedula("52123456", "?", "19900214"),
            cedula("52123456", "F", "19900231"),
            cedula("521234A6", "F", "19900214"),
            cedula("52123456", "F", "19900214").replace("PubDSK", "Other"),
            "PubDSK_1".to_owned(),
        ] {
            assert!(said(&wrong).is_empty(), "{wrong:?}");
        }
    }

    #[test]
    fn the_argentine_dni() {
        let text = "00123456789@EJEMPLO@ANA MARIA@F@12345678@A@14/02/1990@01/03/2020@201";
        assert_eq!(value(text, FieldName::DocumentNumber), "12345678");
        assert_eq!(value(text, FieldName::SupportNumber), "00123456789");
        assert_eq!(value(text, FieldName::BirthDate), "1990-02-14");
        assert!(said("00123456789@EJEMPLO@ANA@F@1234@A@14/02/1990@01/03/2020").is_empty());
        assert!(said("ana@example.org").is_empty());
    }

    #[test]
    fn the_chilean_cedula() {
        let at = "https://portal.sidiv.registrocivil.cl/docstatus";
        let text = format!("{at}?RUN=12345678-5&type=CEDULA&serial=123456789&mrz=1234567890");
        assert_eq!(value(&text, FieldName::DocumentNumber), "12345678-5");
        assert_eq!(value(&text, FieldName::SupportNumber), "123456789");
        let wrong = text.replace("12345678-5", "12345678-6");
        assert!(said(&wrong).is_empty(), "its check digit is wrong");
        assert!(said("https://registrocivil.cl.example.org?RUN=12345678-5&type=CEDULA&serial=1").is_empty());
    }
}
