//! One form for numbers that people and networks write in two.
//!
//! WhatsApp names an Argentine mobile 549…, its owner writes 54…; a Mexican one was 521… until the 1 was dropped; a
//! Brazilian one got a ninth digit that old address books lack. Whoever compares numbers compares this form.

/// The digits of a number with country code, in the one form in which numbers are kept and compared.
#[must_use]
pub fn canonical(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).take(32).collect();
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    match (digits.len(), digits.get(..2), digits.get(2..)) {
        (13, Some("54"), Some(rest)) if rest.starts_with('9') => format!("54{}", &rest[1..]),
        (13, Some("52"), Some(rest)) if rest.starts_with('1') => format!("52{}", &rest[1..]),
        // Eight digits that begin with 6 to 9 were always a mobile's; a landline has none to add.
        (12, Some("55"), Some(rest)) if matches!(rest.as_bytes().get(2), Some(b'6'..=b'9')) => {
            format!("55{}9{}", &rest[..2], &rest[2..])
        }
        _ => digits.to_owned(),
    }
}

/// The other form in which a network may name the same number; none for most.
#[must_use]
pub fn other_form(digits: &str) -> Option<String> {
    let one = canonical(digits);
    let other = match (one.len(), one.get(..2), one.get(2..)) {
        (12, Some("54"), Some(rest)) => format!("549{rest}"),
        (12, Some("52"), Some(rest)) => format!("521{rest}"),
        (13, Some("55"), Some(rest)) if rest.as_bytes().get(2) == Some(&b'9') => {
            format!("55{}{}", &rest[..2], &rest[3..])
        }
        _ => return None,
    };
    let found = if one == digits { other } else { one };
    (canonical(&found) == canonical(digits)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_two_forms_has_another() {
        for (one, other) in [
            ("5491123456789", "541123456789"),
            ("5215512345678", "525512345678"),
            ("551187654321", "5511987654321"),
        ] {
            assert_eq!(other_form(one).as_deref(), Some(other));
            assert_eq!(other_form(other).as_deref(), Some(one));
        }
        for text in ["34600112233", "551133334444", "", "54", "5511933334444", "ñ521"] {
            assert_eq!(other_form(text), None, "{text}");
        }
    }

    #[test]
    fn two_forms_of_one_number_are_one() {
        for (a, b) in [
            ("+54 9 11 2345-6789", "541123456789"),
            ("5215512345678", "+52 55 1234 5678"),
            ("55 11 8765-4321", "5511987654321"),
            ("0034600112233", "+34 600 11 22 33"),
        ] {
            assert_eq!(canonical(a), canonical(b), "{a} and {b}");
        }
    }

    #[test]
    fn numbers_that_only_look_alike_stay_apart() {
        assert_eq!(canonical("551133334444"), "551133334444", "a landline of São Paulo");
        assert_eq!(canonical("521234567890"), "521234567890", "no 1 to drop: it is the area");
        assert_ne!(canonical("5411123456789"), canonical("541123456789"));
        for text in ["", "9", "54", "ñ521", "549"] {
            let once = canonical(text);
            assert_eq!(canonical(&once), once, "{text}");
        }
    }
}
