//! Check digits of the numbers that countries give their people.

use crate::{
    fields::{FieldName, Fields, Source},
    understand::tax_ids::checks,
};

/// A number whose check digit is right was read right.
const CHECKED: f32 = 0.96;
/// Less sure than this, a number was doubted by those who read it.
const DOUBTED: f32 = 0.6;

/// A rule that a number must keep, and whether it does.
struct Rule {
    name: &'static str,
    holds: bool,
    /// By a check digit.
    proves: bool,
}

/// The rule for a printed number of this country and type, where there is one.
fn rule(country: &str, kind: &str, number: &str) -> Option<Rule> {
    let bare: String = number.chars().filter(char::is_ascii_alphanumeric).collect();
    let digits = bare.chars().filter(char::is_ascii_digit).count();
    match (country, kind) {
        ("IND", "national_id") if bare.len() == 12 && digits == 12 => {
            Some(Rule { name: "the check digit of an Aadhaar number", holds: aadhaar(&bare), proves: true })
        }
        ("USA", "social_security") if bare.len() == 9 && digits == 9 => Some(Rule {
            name: "the ranges of social security numbers",
            holds: social_security(&bare),
            proves: false,
        }),
        ("ESP", _) if spanish(&bare) => {
            Some(Rule { name: "the letter of a DNI or NIE", holds: checks::nif(&bare), proves: true })
        }
        ("CHL", _) if number.contains('-') && (8..=9).contains(&bare.len()) => {
            Some(Rule { name: "the check digit of a RUN", holds: checks::rut(&bare), proves: true })
        }
        ("BRA", _) if bare.len() == 11 && digits == 11 && number.contains('-') => {
            Some(Rule { name: "the check digits of a CPF", holds: checks::cpf(&bare), proves: true })
        }
        _ => None,
    }
}

/// Eight digits, or X, Y or Z and seven, and a letter.
fn spanish(bare: &str) -> bool {
    let (head, letter) = bare.split_at(bare.len().saturating_sub(1));
    let body = head.strip_prefix(['X', 'Y', 'Z']).map_or((head, 8), |rest| (rest, 7));
    letter.chars().all(|c| c.is_ascii_uppercase())
        && body.0.len() == body.1
        && body.0.chars().all(|c| c.is_ascii_digit())
}

/// Verhoeff's check digit (UIDAI); the first digit is 2 at least.
fn aadhaar(digits: &str) -> bool {
    digits.starts_with(|c: char| ('2'..='9').contains(&c)) && verhoeff(digits)
}

/// J. Verhoeff, Error Detecting Decimal Codes, 1969: a walk through the dihedral group of order ten.
fn verhoeff(digits: &str) -> bool {
    const SHIFT: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let times = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let shifted = |digit: u32, place: usize| {
        (0..place % 8).fold(digit, |d, _| SHIFT.get(d as usize).copied().unwrap_or_default())
    };
    digits
        .chars()
        .rev()
        .enumerate()
        .try_fold(0, |sum, (place, c)| Some(times(sum, shifted(c.to_digit(10)?, place))))
        == Some(0)
}

/// The Social Security Administration never gave area 000, 666 or 900 and more, group 00 or serial 0000 (20 CFR 422.103).
fn social_security(digits: &str) -> bool {
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    !matches!(part(0..3), "000" | "666") && part(0..3) < "900" && part(3..5) != "00" && part(5..9) != "0000"
}

/// Raises a printed number that keeps its country's rule; otherwise the rule and the number that breaks it.
#[must_use]
pub fn checked(fields: &mut Fields) -> Option<(&'static str, String)> {
    let value = |name| fields.get(&name).map(|f| f.value.to_string()).unwrap_or_default();
    let (country, kind) = (value(FieldName::IssuingCountry), value(FieldName::DocumentType));
    let number = fields.get_mut(&FieldName::DocumentNumber).filter(|f| f.source != Source::Mrz)?;
    let rule = rule(&country, &kind, &number.value)?;
    if rule.holds {
        // A range is kept by most misreadings too: it does not vouch for what OCR doubted.
        if rule.proves || number.confidence >= DOUBTED {
            number.confidence = number.confidence.max(CHECKED);
        }
        return None;
    }
    number.confidence = number.confidence.min(0.6);
    Some((rule.name, number.value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verhoeffs_own_example() {
        // 236 has the check digit 3.
        assert!(verhoeff("2363") && !verhoeff("2364") && !verhoeff("3263"));
        assert!(!aadhaar("100000000000"));
    }

    #[test]
    fn spanish_letters() {
        let holds = |n: &str| rule("ESP", "national_id", n).map(|r| r.holds);
        assert_eq!(holds("12345678Z"), Some(true));
        assert_eq!(holds("12345678-A"), Some(false));
        assert_eq!(holds("X1234567L"), Some(true));
        assert_eq!(holds("BAA000589"), None);
    }

    #[test]
    fn never_issued_social_security_numbers() {
        assert!(
            social_security("219099999") && !social_security("000123456") && !social_security("987654321")
        );
        assert!(!social_security("666123456") && !social_security("219009999"));
    }
}
