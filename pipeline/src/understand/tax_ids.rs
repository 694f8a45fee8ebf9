//! Tax identification numbers with their check digits.

use super::sheet::Sheet;
use crate::fields::PageBox;

/// A tax id found in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct TaxId {
    /// Without blanks, dots and dashes; upper case.
    pub value: String,
    /// `ES NIF`, `MX RFC`, `EU VAT`, …
    pub scheme: &'static str,
    /// Whether its check digit is right; `None` where the scheme has none that we know.
    pub checked: Option<bool>,
    /// One-based page.
    pub page: u32,
    /// On the upright page.
    pub bbox: PageBox,
    /// The row it stands on.
    pub row: usize,
}

type Check = fn(&str) -> bool;

/// Labels, folded, with the scheme and its check.
const SCHEMES: &[(&[&str], &str, Check, usize, usize)] = &[
    (&["cnpj"], "BR CNPJ", cnpj, 14, 14),
    (&["cpf"], "BR CPF", cpf, 11, 11),
    (&["cuit"], "AR CUIT", cuit, 11, 11),
    (&["nit"], "CO NIT", nit, 9, 10),
    (&["ruc", "r.u.c", "r.u.c."], "PE RUC", ruc, 11, 13),
    (&["rut", "r.u.t", "r.u.t."], "CL RUT", rut, 8, 9),
    (&["rfc", "r.f.c", "r.f.c."], "MX RFC", rfc, 12, 13),
    (
        &[
            "nif",
            "n.i.f",
            "n.i.f.",
            "cif",
            "c.i.f",
            "c.i.f.",
            "nif/cif",
            "cif/nif",
            "dni",
            "nie",
            "contribuinte",
            "nipc",
            "nif:",
        ],
        "NIF",
        nif,
        9,
        9,
    ),
    (&["p.iva", "p. iva", "partita iva", "p.i.", "p iva", "piva"], "IT VAT", italian, 11, 11),
    (&["siret"], "FR SIRET", luhn, 14, 14),
    (&["gstin"], "IN GSTIN", always, 15, 15),
    (
        &[
            "ust-idnr",
            "ust-id",
            "ust.-id",
            "ust-id-nr",
            "ust-idnr.",
            "ust.id",
            "ustid",
            "uid",
            "vat",
            "vat no",
            "vat number",
            "vat id",
            "vat reg",
            "tva",
            "btw",
            "cvr",
            "vat registration",
            "n tva",
            "tva intra",
            "btw nummer",
            "vat registration no",
            "iva",
        ],
        "VAT",
        vat,
        8,
        14,
    ),
    (
        &[
            "gst",
            "gst id",
            "gst no",
            "gst reg",
            "gst reg no",
            "tax id",
            "tax reg",
            "tin",
            "ein",
            "abn",
            "tax reg id",
            "steuernummer",
            "st.-nr",
            "steuer-nr",
            "rif",
            "tax no",
            "tax registration",
        ],
        "TAX ID",
        always,
        9,
        15,
    ),
];

fn always(_: &str) -> bool {
    true
}

fn digits(s: &str) -> Vec<u32> {
    s.chars().filter_map(|c| c.to_digit(10)).collect()
}

fn weighted(d: &[u32], weights: &[u32]) -> u32 {
    d.iter().zip(weights).map(|(a, b)| a * b).sum()
}

/// Receita Federal: two digits, modulo 11.
fn cnpj(s: &str) -> bool {
    let d = digits(s);
    let check = |n: usize| {
        let weights: Vec<u32> = (0..n).rev().map(|i| u32::try_from(i % 8).unwrap_or(0) + 2).collect();
        let r = weighted(d.get(..n).unwrap_or_default(), &weights) % 11;
        if r < 2 { 0 } else { 11 - r }
    };
    d.len() == 14 && d[12] == check(12) && d[13] == check(13)
}

/// Receita Federal: two digits, modulo 11.
fn cpf(s: &str) -> bool {
    let d = digits(s);
    let check = |n: usize| {
        let weights: Vec<u32> = (2..=u32::try_from(n).unwrap_or(0) + 1).rev().collect();
        let r = weighted(d.get(..n).unwrap_or_default(), &weights) * 10 % 11;
        if r == 10 { 0 } else { r }
    };
    d.len() == 11 && d.windows(2).any(|w| w[0] != w[1]) && d[9] == check(9) && d[10] == check(10)
}

/// AFIP: weights 5432765432, modulo 11.
fn cuit(s: &str) -> bool {
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

/// DIAN: primes as weights, modulo 11; nine digits without the check digit are accepted as they are.
fn nit(s: &str) -> bool {
    let d = digits(s);
    if d.len() == 9 {
        return true;
    }
    if d.len() != 10 {
        return false;
    }
    let body: Vec<u32> = d[..9].iter().rev().copied().collect();
    let r = weighted(&body, &[3, 7, 13, 17, 19, 23, 29, 37, 41]) % 11;
    d[9] == if r > 1 { 11 - r } else { r }
}

/// SUNAT (11 digits): weights 5432765432, modulo 11. Ecuador's 13 digits end in 001.
fn ruc(s: &str) -> bool {
    let d = digits(s);
    match d.len() {
        11 => (11 - weighted(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10 == d[10],
        13 => s.ends_with("001"),
        _ => false,
    }
}

/// Servicio de Impuestos Internos: weights 2..7 from the right, modulo 11, K for ten.
fn rut(s: &str) -> bool {
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
fn rfc(s: &str) -> bool {
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
fn nif(s: &str) -> bool {
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
fn portuguese(s: &str) -> bool {
    let d = digits(s);
    if d.len() != 9 || s.len() != 9 {
        return false;
    }
    let r = weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    d[8] == if r < 2 { 0 } else { 11 - r }
}

fn luhn(s: &str) -> bool {
    let sum: u32 = digits(s)
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { *d })
        .sum();
    sum.is_multiple_of(10)
}

/// Agenzia delle Entrate: Luhn over eleven digits.
fn italian(s: &str) -> bool {
    s.len() == 11 && luhn(s)
}

/// Germany: ISO 7064 MOD 11,10.
fn german(s: &str) -> bool {
    let d = digits(s);
    if d.len() != 9 {
        return false;
    }
    let mut product = 10;
    for x in &d[..8] {
        let sum = (x + product) % 10;
        product = (if sum == 0 { 10 } else { sum }) * 2 % 11;
    }
    (11 - product) % 10 == d[8]
}

/// A European VAT id by its country's form; a check digit where we know it.
fn vat(s: &str) -> bool {
    let Some((country, rest)) = s.split_at_checked(2) else { return false };
    match country {
        "DE" => german(rest),
        "ES" => nif(rest),
        "PT" => portuguese(rest),
        "IT" => italian(rest),
        "FR" => rest.len() == 11 && luhn(rest.get(2..).unwrap_or_default()),
        _ => rest.len() >= 6,
    }
}

/// Runs of characters that can be an id, without blanks, dots and dashes.
fn clean(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric() || *c == '&').flat_map(char::to_uppercase).collect()
}

/// The id behind a label: the next one to four words, joined until the length fits.
fn behind(rest: &str, most: usize, least: usize, check: Check) -> Option<(String, bool)> {
    let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    let mut best: Option<(String, bool)> = None;
    let mut joined = String::new();
    for (n, word) in rest.split_whitespace().take(6).enumerate() {
        if n == 0
            && [
                "no",
                "no.",
                "nr",
                "nr.",
                "number",
                "id",
                "n",
                "num",
                "reg",
                "registration",
                "nummer",
                "idnr",
                "#",
            ]
            .contains(&word.to_lowercase().trim_end_matches(':'))
        {
            continue;
        }
        joined.push_str(&clean(word));
        let len = joined.chars().count();
        if len > most {
            break;
        }
        if len >= least && joined.chars().filter(char::is_ascii_digit).count() * 2 >= len {
            let right = check(&joined);
            if right || best.is_none() {
                best = Some((joined.clone(), right));
            }
            if right {
                break;
            }
        }
    }
    best
}

/// Every labelled tax id, in reading order, and unlabelled European VAT ids whose check digit is right.
#[must_use]
pub fn tax_ids(sheet: &Sheet) -> Vec<TaxId> {
    let mut found: Vec<TaxId> = Vec::new();
    for (i, row) in sheet.rows.iter().enumerate() {
        for cell in &row.cells {
            let mut hits: Vec<TaxId> = Vec::new();
            for (labels, scheme, check, least, most) in SCHEMES {
                let Some((at, len)) = labels
                    .iter()
                    .filter_map(|l| super::sheet::find_phrase(&row.folded, l).map(|at| (at, l.len())))
                    .max_by_key(|(_, len)| *len)
                else {
                    continue;
                };
                let Some(rest) = row.folded.get(at + len..) else { continue };
                let Some((value, right)) = behind(rest, *most, *least, *check) else { continue };
                let known = !std::ptr::fn_addr_eq(*check, always as Check);
                let checked = if known { Some(right) } else { None };
                hits.push(TaxId { value, scheme, checked, page: row.page, bbox: cell.bbox, row: i });
            }
            hits.extend(bare(cell.text.as_str()).map(|value| TaxId {
                value,
                scheme: "VAT",
                checked: Some(true),
                page: row.page,
                bbox: cell.bbox,
                row: i,
            }));
            hits.sort_by_key(|h| match h.checked {
                Some(true) => 0,
                None => 1,
                Some(false) => 2,
            });
            if let Some(best) = hits.into_iter().next()
                && !found.iter().any(|f| f.value == best.value || f.row == best.row)
            {
                found.push(best);
            }
        }
    }
    found
}

/// An unlabelled id that proves itself: `DE123456788`, `B12345674`, a CNPJ in its own punctuation.
fn bare(text: &str) -> Option<String> {
    text.split_whitespace().find_map(|word| {
        let id = clean(word);
        let european = id.len() >= 10
            && id.starts_with(['D', 'E', 'P', 'I', 'F'])
            && id.get(..2).is_some_and(|c| c.chars().all(|c| c.is_ascii_alphabetic()));
        let strong = european && matches!(id.get(..2), Some("DE" | "ES" | "PT" | "IT" | "FR")) && vat(&id);
        let spanish = id.len() == 9 && id.starts_with(|c: char| c.is_ascii_alphabetic()) && nif(&id);
        let brazilian = word.contains('/') && word.contains('-') && cnpj(&id);
        (strong || spanish || brazilian).then_some(id)
    })
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
        assert!(german("136695976") && !german("136695975"));
        assert!(italian("00743110157") && !italian("00743110158"));
        assert!(nit("8001972684") && !nit("8001972685"));
        assert!(ruc("20100070970") && !ruc("20100070971"));
        assert!(rfc("GODE561231GR8") && !rfc("GODE561231GR9"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(id in "\\PC{0,16}") {
            for (_, _, check, ..) in SCHEMES {
                let _ = check(&id);
            }
            let _ = behind(&id, 14, 8, vat);
            let _ = bare(&id);
        }
    }
}
