//! Bank accounts by IBAN (ISO 13616): a country, two check digits, up to thirty letters and digits.

/// The account in one piece and capitals, where its check digits hold.
#[must_use]
pub fn checked(text: &str) -> Option<String> {
    let iban: String =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).take(40).collect();
    let shape = (15..=34).contains(&iban.len())
        && iban.bytes().all(|b| b.is_ascii_alphanumeric())
        && iban.bytes().take(2).all(|b| b.is_ascii_uppercase())
        && iban.bytes().skip(2).take(2).all(|b| b.is_ascii_digit());
    (shape && remainder(&iban) == 1).then_some(iban)
}

/// Of the account with its first four characters moved behind, letters as 10 to 35, by 97 (ISO 7064).
fn remainder(iban: &str) -> u32 {
    let bytes = iban.as_bytes();
    let turned = bytes.iter().skip(4).chain(bytes.iter().take(4));
    turned.fold(0, |rest, b| match char::from(*b).to_digit(36) {
        Some(digit) if digit < 10 => (rest * 10 + digit) % 97,
        Some(letter) => (rest * 100 + letter) % 97,
        None => rest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_decide() {
        assert_eq!(checked("DE89 3704 0044 0532 0130 00").as_deref(), Some("DE89370400440532013000"));
        assert_eq!(checked("es9121000418450200051332").as_deref(), Some("ES9121000418450200051332"));
        assert_eq!(checked("DE88 3704 0044 0532 0130 00"), None);
        assert_eq!(checked("900123456"), None);
        assert_eq!(checked(""), None);
    }
}
