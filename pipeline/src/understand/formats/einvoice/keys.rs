//! Keys that an authority has a document carry: its own numbers in a row, and a check digit over them.

/// Brazil's access key (NF-e, NFC-e, CT-e), 44 characters; the CNPJ in it may have letters since 2026.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chave {
    /// `2604`: year and month.
    pub month: String,
    /// Who issues.
    pub cnpj: String,
    /// 55 NF-e, 65 NFC-e, 57 CT-e.
    pub model: String,
    /// Without leading zeros.
    pub series: String,
    /// Without leading zeros.
    pub number: String,
}

/// Ecuador's access key, 49 digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clave {
    /// ISO 8601.
    pub day: String,
    /// `01` invoice, `04` credit note.
    pub document: String,
    /// Who issues.
    pub ruc: String,
    /// 1 for trying, 2 in earnest.
    pub environment: String,
    /// `001-001-000000123`.
    pub number: String,
}

/// What modulo 11 leaves to eleven of `text`, weighted 2 to `last` from the right. Letters count as their code less that
/// of zero, as the Receita Federal has it.
fn rest(text: &str, last: u32) -> Option<u32> {
    let values: Option<Vec<u32>> = text
        .bytes()
        .map(|b| (b.is_ascii_digit() || b.is_ascii_uppercase()).then(|| u32::from(b) - 48))
        .collect();
    let sum: u32 = values?.iter().rev().zip((2..=last).cycle()).map(|(d, w)| d * w).sum();
    Some(11 - sum % 11)
}

fn split_check(key: &str, length: usize) -> Option<(&str, u32)> {
    let right = key.len() == length && key.is_ascii();
    let (body, check) = right.then(|| key.split_at(length - 1))?;
    Some((body, check.parse().ok()?))
}

fn no_zeros(text: &str) -> String {
    let short = text.trim_start_matches('0');
    if short.is_empty() { "0" } else { short }.to_owned()
}

/// Reads an access key of Brazil; `None` where it is none, or its check digit is wrong.
#[must_use]
pub fn chave(key: &str) -> Option<Chave> {
    let (body, check) = split_check(key, 44)?;
    let made = match rest(body, 9)? {
        10 | 11 => 0,
        digit => digit,
    };
    let digits = |range| body.get(range).filter(|s: &&str| s.bytes().all(|b| b.is_ascii_digit()));
    digits(20..43)?;
    digits(0..6)?;
    (made == check).then_some(())?;
    Some(Chave {
        month: body.get(2..6)?.to_owned(),
        cnpj: body.get(6..20)?.to_owned(),
        model: body.get(20..22)?.to_owned(),
        series: no_zeros(body.get(22..25)?),
        number: no_zeros(body.get(25..34)?),
    })
}

/// Reads an access key of Ecuador; `None` where it is none, or its check digit is wrong.
#[must_use]
pub fn clave(key: &str) -> Option<Clave> {
    let (body, check) = split_check(key, 49)?;
    body.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    let made = match rest(body, 7)? {
        11 => 0,
        10 => 1,
        digit => digit,
    };
    (made == check).then_some(())?;
    let (d, m, y) = (body.get(..2)?, body.get(2..4)?, body.get(4..8)?);
    Some(Clave {
        day: super::date(&format!("{y}-{m}-{d}"))?,
        document: body.get(8..10)?.to_owned(),
        ruc: body.get(10..23)?.to_owned(),
        environment: body.get(23..24)?.to_owned(),
        number: format!("{}-{}-{}", body.get(24..27)?, body.get(27..30)?, body.get(30..39)?),
    })
}

/// A CNPJ, of digits or with letters in its first twelve places.
#[must_use]
pub fn cnpj(id: &str) -> bool {
    let id: String = id.chars().filter(|c| !matches!(c, '.' | '/' | '-' | ' ')).collect();
    let made = |n: usize| {
        let body = id.get(..n)?;
        let digit = rest(body, 9)?;
        Some(if digit > 9 { 0 } else { digit })
    };
    let said = |n: usize| id.get(n..=n).and_then(|d| d.parse::<u32>().ok());
    let all_same = id.bytes().all(|b| Some(b) == id.bytes().next());
    id.len() == 14 && !all_same && made(12).is_some() && made(12) == said(12) && made(13) == said(13)
}

/// A CNPJ or a CPF.
#[must_use]
pub fn brazilian(id: &str) -> bool {
    let digits = id.chars().filter(char::is_ascii_digit).count();
    cnpj(id) || (digits == 11 && crate::understand::tax_ids::checks::cpf(id))
}

/// A RUT as XML writes it: `97975000-5`.
#[must_use]
pub fn rut(id: &str) -> bool {
    let bare: String =
        id.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    // Who is not named is 66666666-6; foreigners are 55555555-5. Both keep their check digit.
    crate::understand::tax_ids::checks::rut(&bare) || bare.trim_start_matches('0').len() < 8
}

/// The digit that makes `body` a key of Brazil; for the tests that build some.
#[cfg(test)]
pub fn with_check(body: &str, last: u32) -> String {
    let digit = match rest(body, last).expect("digits") {
        11 => 0,
        10 if last == 7 => 1,
        10 => 0,
        digit => digit,
    };
    format!("{body}{digit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_keys_of_brazil() {
        // From the NF-e manual's own example of the check digit.
        let key = "52060433009911002506550120000007800267301615";
        let read = chave(key).expect("a key");
        assert_eq!(
            (read.cnpj.as_str(), read.number.as_str(), read.model.as_str()),
            ("33009911002506", "780", "55")
        );
        assert_eq!(chave("52060433009911002506550120000007800267301614"), None);
        assert_eq!(chave(&key[1..]), None);
        let lettered = with_check("35260712ABC34501DE3555001000000123112345678", 9);
        assert_eq!(chave(&lettered).map(|k| k.cnpj).as_deref(), Some("12ABC34501DE35"));
    }

    #[test]
    fn cnpj_with_letters() {
        // The Receita Federal's own example.
        assert!(cnpj("12.ABC.345/01DE-35") && !cnpj("12.ABC.345/01DE-36"));
        assert!(cnpj("11222333000181") && !cnpj("11222333000182") && !cnpj("00000000000000"));
        assert!(!cnpj("12ABC34501DEXX") && !cnpj("") && !cnpj("ñ2ABC34501DE35"));
        assert!(brazilian("52998224725") && !brazilian("52998224724"));
    }

    #[test]
    fn access_keys_of_ecuador() {
        let key = with_check("211020120117922611040011002001000000123123456781", 7);
        let read = clave(&key);
        assert_eq!(read.as_ref().map(|k| k.number.as_str()), Some("002-001-000000123"));
        assert_eq!(read.map(|k| k.day).as_deref(), Some("2012-10-21"));
        assert_eq!(clave(&key.replacen("21", "22", 1)), None);
    }
}
