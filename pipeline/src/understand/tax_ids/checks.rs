//! Check digits of tax ids, each as its authority defines it.

fn digits(s: &str) -> Vec<u32> {
    s.chars().filter_map(|c| c.to_digit(10)).collect()
}

fn weighted(d: &[u32], weights: &[u32]) -> u32 {
    d.iter().zip(weights).map(|(a, b)| a * b).sum()
}

/// Receita Federal: two digits, modulo 11.
pub fn cnpj(s: &str) -> bool {
    let d = digits(s);
    let check = |n: usize| {
        let weights: Vec<u32> = (0..n).rev().map(|i| u32::try_from(i % 8).unwrap_or(0) + 2).collect();
        let r = weighted(d.get(..n).unwrap_or_default(), &weights) % 11;
        if r < 2 { 0 } else { 11 - r }
    };
    d.len() == 14 && d[12] == check(12) && d[13] == check(13)
}

/// Receita Federal: two digits, modulo 11.
pub fn cpf(s: &str) -> bool {
    let d = digits(s);
    let check = |n: usize| {
        let weights: Vec<u32> = (2..=u32::try_from(n).unwrap_or(0) + 1).rev().collect();
        let r = weighted(d.get(..n).unwrap_or_default(), &weights) * 10 % 11;
        if r == 10 { 0 } else { r }
    };
    d.len() == 11 && d.windows(2).any(|w| w[0] != w[1]) && d[9] == check(9) && d[10] == check(10)
}

/// AFIP: weights 5432765432, modulo 11.
pub fn cuit(s: &str) -> bool {
    let d = digits(s);
    if d.len() != 11 {
        return false;
    }
    let r = 11 - weighted(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    d[10]
        == if r == 11 {
            0
        } else if r == 10 {
            9
        } else {
            r
        }
}

/// DIAN: primes as weights, modulo 11.
pub fn nit(s: &str) -> bool {
    let d = digits(s);
    if d.len() != 10 {
        return false;
    }
    let body: Vec<u32> = d[..9].iter().rev().copied().collect();
    let r = weighted(&body, &[3, 7, 13, 17, 19, 23, 29, 37, 41]) % 11;
    d[9] == if r > 1 { 11 - r } else { r }
}

/// SUNAT (11 digits): weights 5432765432, modulo 11. Ecuador's 13 digits end in 001.
pub fn ruc(s: &str) -> bool {
    let d = digits(s);
    match d.len() {
        11 => (11 - weighted(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10 == d[10],
        13 => s.ends_with("001"),
        _ => false,
    }
}

/// Servicio de Impuestos Internos: weights 2..7 from the right, modulo 11, K for ten.
pub fn rut(s: &str) -> bool {
    let Some((body, check)) = s.char_indices().next_back().map(|(i, c)| (&s[..i], c)) else { return false };
    let d: Vec<u32> = digits(body).into_iter().rev().collect();
    if !(7..=8).contains(&d.len()) || d.len() != body.len() {
        return false;
    }
    let r = 11 - weighted(&d, &[2, 3, 4, 5, 6, 7, 2, 3]) % 11;
    match r {
        11 => check == '0',
        10 => check == 'K',
        n => check.to_digit(10) == Some(n),
    }
}

/// SAT: three or four letters, a date, three characters; the last checks the others (Anexo 20).
pub fn rfc(s: &str) -> bool {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
    let padded = if s.chars().count() == 12 { format!(" {s}") } else { s.to_owned() };
    let values: Option<Vec<u32>> = padded
        .chars()
        .map(|c| ALPHABET.chars().position(|a| a == c).and_then(|p| u32::try_from(p).ok()))
        .collect();
    let Some(values) = values else { return false };
    if values.len() != 13 {
        return false;
    }
    let sum: u32 = values[..12].iter().zip((2..=13).rev()).map(|(v, w)| v * w).sum();
    let expected = match 11 - sum % 11 {
        11 => '0',
        10 => 'A',
        n => char::from_digit(n, 10).unwrap_or('0'),
    };
    let date: Vec<char> = padded.chars().skip(4).take(6).collect();
    date.iter().all(char::is_ascii_digit) && padded.ends_with(expected)
}

/// Spain (DNI, NIE, CIF) or Portugal (nine digits).
pub fn nif(s: &str) -> bool {
    const LETTERS: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let Some(first) = s.chars().next() else { return false };
    let last = s.chars().next_back().unwrap_or(' ');
    if s.len() != 9 || !s.is_ascii() {
        return false;
    }
    let personal = |number: &str| {
        number.parse::<usize>().is_ok_and(|n| LETTERS.get(n % 23).is_some_and(|l| char::from(*l) == last))
    };
    if first.is_ascii_digit() && last.is_ascii_alphabetic() {
        return personal(&s[..8]);
    }
    if let Some(lead) = "XYZ".find(first) {
        return personal(&format!("{lead}{}", &s[1..8]));
    }
    if first.is_ascii_alphabetic() {
        let d = digits(&s[1..8]);
        if d.len() != 7 {
            return false;
        }
        let even: u32 = d.iter().skip(1).step_by(2).sum();
        let odd: u32 = d.iter().step_by(2).map(|x| x * 2 / 10 + x * 2 % 10).sum();
        let check = (10 - (even + odd) % 10) % 10;
        return last.to_digit(10) == Some(check) || "JABCDEFGHI".chars().nth(check as usize) == Some(last);
    }
    portuguese(s)
}

/// Autoridade Tributária: weights 9..2, modulo 11.
pub fn portuguese(s: &str) -> bool {
    let d = digits(s);
    if d.len() != 9 || s.len() != 9 {
        return false;
    }
    let r = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    d[8] == if r < 2 { 0 } else { 11 - r }
}

/// The last digit makes the sum of the digits, every second doubled, a multiple of ten.
pub fn luhn(s: &str) -> bool {
    let sum: u32 = digits(s)
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { *d })
        .sum();
    sum.is_multiple_of(10)
}

/// Agenzia delle Entrate: Luhn over eleven digits.
pub fn italian(s: &str) -> bool {
    s.len() == 11 && luhn(s)
}

/// ISO 7064 MOD 11,10: Germany's and Croatia's.
pub fn pure(s: &str) -> bool {
    let d = digits(s);
    let Some((check, body)) = d.split_last() else { return false };
    let product = body.iter().fold(10, |product, x| {
        let sum = (x + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    body.len() >= 2 && (11 - product) % 10 == *check
}

/// The last digit is the rest of the weighted sum of the others, or what is wanting of it to the modulus; ten is nothing.
pub fn weighted_check(s: &str, weights: &[u32], modulus: u32, wanting: bool) -> bool {
    let d = digits(s);
    let Some((check, body)) = d.split_last() else { return false };
    let rest = weighted(body, weights) % modulus;
    let rest = if wanting { (modulus - rest) % modulus } else { rest };
    body.len() == weights.len() && rest % 10 == *check && !(wanting && rest == 10)
}

/// Estonia's KMKR: weights 37137137, modulo 10.
pub fn estonian(s: &str) -> bool {
    weighted_check(s, &[3, 7, 1, 3, 7, 1, 3, 7], 10, true)
}

/// Slovenia: weights 8 to 2, modulo 11.
pub fn slovene(s: &str) -> bool {
    weighted_check(s, &[8, 7, 6, 5, 4, 3, 2], 11, true)
}

/// France: the key of a VAT id is (12 + 3 × (SIREN mod 97)) mod 97; the SIREN itself is Luhn.
pub fn french(s: &str) -> bool {
    let (Some(key), Some(siren)) = (s.get(..2), s.get(2..)) else { return false };
    let (Ok(key), Ok(number)) = (key.parse::<u32>(), siren.parse::<u32>()) else { return false };
    siren.len() == 9 && (12 + 3 * (number % 97)) % 97 == key
}

/// Netherlands: nine digits modulo 11, `B`, two digits; since 2020 modulo 97 over the letters as numbers.
pub fn dutch(s: &str) -> bool {
    let Some((body, tail)) = s.split_at_checked(9) else { return false };
    let d = digits(body);
    if d.len() != 9 || tail.len() != 3 || !tail.starts_with('B') {
        return false;
    }
    let old = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8];
    let spelled = format!("NL{s}").chars().fold(0u64, |n, c| match c.to_digit(36) {
        Some(v) if v > 9 => (n * 100 + u64::from(v)) % 97,
        Some(v) => (n * 10 + u64::from(v)) % 97,
        None => n,
    });
    old || spelled == 1
}

/// Belgium: the last two digits are 97 less the others modulo 97.
pub fn belgian(s: &str) -> bool {
    let (Some(Ok(body)), Some(Ok(check))) =
        (s.get(..8).map(str::parse::<u64>), s.get(8..10).map(str::parse::<u64>))
    else {
        return false;
    };
    s.len() == 10 && 97 - body % 97 == check
}

/// United Kingdom: weights 8..2 and the last two digits, modulo 97, or 55 more.
pub fn british(s: &str) -> bool {
    let d = digits(s);
    if !matches!(d.len(), 9 | 12) {
        return false;
    }
    let sum = weighted(&d[..7], &[8, 7, 6, 5, 4, 3, 2]) + d[7] * 10 + d[8];
    sum.is_multiple_of(97) || (sum + 55).is_multiple_of(97)
}

/// Poland: weights 6 5 7 2 3 4 5 6 7, modulo 11.
pub fn polish(s: &str) -> bool {
    let d = digits(s);
    d.len() == 10 && weighted(&d[..9], &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9]
}

/// Austria: `U` and eight digits, Luhn with four added.
pub fn austrian(s: &str) -> bool {
    let d = digits(s.strip_prefix('U').unwrap_or_default());
    if d.len() != 8 {
        return false;
    }
    let sum: u32 =
        d[..7].iter().enumerate().map(|(i, x)| if i % 2 == 1 { x * 2 / 10 + x * 2 % 10 } else { *x }).sum();
    (106 - sum) % 10 == d[7]
}

/// Denmark: weights 2 7 6 5 4 3 2 1, modulo 11.
pub fn danish(s: &str) -> bool {
    let d = digits(s);
    d.len() == 8 && weighted(&d, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

/// Switzerland: weights 5 4 3 2 7 6 5 4, modulo 11.
pub fn swiss(s: &str) -> bool {
    let d = digits(s);
    d.len() == 9 && (11 - weighted(&d[..8], &[5, 4, 3, 2, 7, 6, 5, 4]) % 11) % 11 == d[8]
}

/// India: fifteen characters in base 36, every second doubled; the last checks the others.
pub fn gstin(s: &str) -> bool {
    let values: Option<Vec<u32>> = s.chars().map(|c| c.to_digit(36)).collect();
    let Some(values) = values.filter(|v| v.len() == 15) else { return false };
    let sum: u32 = values[..14]
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let product = v * if i % 2 == 0 { 1 } else { 2 };
            product / 36 + product % 36
        })
        .sum();
    (36 - sum % 36) % 36 == values[14]
}

/// Australia: one less in the first digit, weights 10 1 3 5 … 19, modulo 89.
pub fn abn(s: &str) -> bool {
    let mut d = digits(s);
    if d.len() != 11 || d[0] == 0 {
        return false;
    }
    d[0] -= 1;
    weighted(&d, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]).is_multiple_of(89)
}

/// Guatemala: the last character (K for ten) makes the weighted sum a multiple of eleven.
pub fn guatemalan(s: &str) -> bool {
    let Some((body, check)) = s.char_indices().next_back().map(|(i, c)| (&s[..i], c)) else { return false };
    let d: Vec<u32> = digits(body).into_iter().rev().collect();
    if !(4..=8).contains(&d.len()) || d.len() != body.len() {
        return false;
    }
    let sum: u32 = d.iter().zip(2..).map(|(x, w)| x * w).sum();
    match (11 - sum % 11) % 11 {
        10 => check == 'K',
        n => check.to_digit(10) == Some(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        assert!(cnpj("11222333000181") && !cnpj("11222333000182"));
        assert!(cpf("52998224725") && !cpf("52998224724") && !cpf("11111111111"));
        assert!(cuit("20267565393") && !cuit("20267565394"));
        assert!(rut("123456785") && !rut("123456786"));
        assert!(nif("12345678Z") && !nif("12345678A") && nif("X1234567L") && nif("A58818501"));
        assert!(portuguese("123456789") && !portuguese("123456780"));
        assert!(pure("136695976") && !pure("136695975") && estonian("101571629") && slovene("92473717"));
        assert!(italian("00743110157") && !italian("00743110158"));
        assert!(nit("8001972684") && !nit("8001972685"));
        assert!(ruc("20100070970") && !ruc("20100070971"));
        assert!(rfc("GODE561231GR8") && !rfc("GODE561231GR9"));
        assert!(french("83404833048") && !french("84404833048"));
        assert!(dutch("004495445B01") && !dutch("004495446B01") && dutch("000099998B57"));
        assert!(belgian("0403019261") && !belgian("0403019262"));
        assert!(british("980780684") && !british("980780685"));
        assert!(polish("5260001246") && !polish("5260001247"));
        assert!(austrian("U13585627") && !austrian("U13585626"));
        assert!(danish("13585628") && !danish("13585627"));
        assert!(swiss("100155212") && !swiss("100155213"));
        assert!(gstin("27AAPFU0939F1ZV") && !gstin("27AAPFU0939F1ZW"));
        assert!(abn("51824753556") && !abn("51824753557"));
    }
}
