//! Which ids there are: their labels, their forms, and whether a value is one of them.

use super::checks;

/// A country's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Brazil, firms.
    Cnpj,
    /// Brazil, persons.
    Cpf,
    /// Argentina.
    Cuit,
    /// Colombia, Guatemala.
    Nit,
    /// Peru, Ecuador.
    Ruc,
    /// Chile.
    Rut,
    /// Mexico.
    Rfc,
    /// Spain, Portugal.
    Nif,
    /// Italy.
    PartitaIva,
    /// France: SIREN or SIRET.
    Siret,
    /// India.
    Gstin,
    /// Australia.
    Abn,
    /// A European VAT id, by its country's letters.
    Vat,
    /// A number a tax office gives, without a check digit known to us.
    TaxId,
}

/// A label and its id.
pub struct Named {
    /// As [`crate::understand::letters::Letters`] reads it, blanks free.
    pub label: &'static str,
    /// What it names.
    pub scheme: Scheme,
    /// Whether the label itself says that a number follows; "VAT" alone also heads an amount.
    pub sure: bool,
}

const fn sure(label: &'static str, scheme: Scheme) -> Named {
    Named { label, scheme, sure: true }
}

const fn vague(label: &'static str, scheme: Scheme) -> Named {
    Named { label, scheme, sure: false }
}

/// Every label, in no order: the longest that stands at a place counts.
pub const LABELS: &[Named] = &[
    sure("cnpj", Scheme::Cnpj),
    sure("cnpj mf", Scheme::Cnpj),
    sure("cnpj cpf", Scheme::Cnpj),
    sure("cpf cnpj", Scheme::Cnpj),
    sure("cpf", Scheme::Cpf),
    sure("cuit", Scheme::Cuit),
    sure("cuil", Scheme::Cuit),
    sure("nit", Scheme::Nit),
    sure("ruc", Scheme::Ruc),
    sure("rut", Scheme::Rut),
    sure("rfc", Scheme::Rfc),
    sure("nif", Scheme::Nif),
    sure("cif", Scheme::Nif),
    sure("nif cif", Scheme::Nif),
    sure("cif nif", Scheme::Nif),
    sure("dni", Scheme::Nif),
    sure("dni nif", Scheme::Nif),
    sure("nie", Scheme::Nif),
    sure("nipc", Scheme::Nif),
    sure("contribuinte", Scheme::Nif),
    sure("n contribuinte", Scheme::Nif),
    sure("no contribuinte", Scheme::Nif),
    sure("contribuinte n", Scheme::Nif),
    sure("contribuinte no", Scheme::Nif),
    sure("p iva", Scheme::PartitaIva),
    sure("p iva c f", Scheme::PartitaIva),
    sure("partita iva", Scheme::PartitaIva),
    sure("partita iva e c f", Scheme::PartitaIva),
    sure("p iva e c f", Scheme::PartitaIva),
    sure("p iva cod fisc", Scheme::PartitaIva),
    sure("p iva e cod fisc", Scheme::PartitaIva),
    sure("partita iva e codice fiscale", Scheme::PartitaIva),
    sure("c f e p iva", Scheme::PartitaIva),
    sure("c f p iva", Scheme::PartitaIva),
    sure("siret", Scheme::Siret),
    sure("siren", Scheme::Siret),
    sure("siren siret", Scheme::Siret),
    sure("gstin", Scheme::Gstin),
    sure("gstin no", Scheme::Gstin),
    sure("gstin uin", Scheme::Gstin),
    sure("abn", Scheme::Abn),
    sure("ust idnr", Scheme::Vat),
    sure("ust id nr", Scheme::Vat),
    sure("ust id", Scheme::Vat),
    sure("ust ident nr", Scheme::Vat),
    sure("umsatzsteuer id", Scheme::Vat),
    sure("umsatzsteuer identifikationsnummer", Scheme::Vat),
    sure("uid", Scheme::Vat),
    sure("uid nr", Scheme::Vat),
    vague("mwst", Scheme::Vat),
    sure("mwst nr", Scheme::Vat),
    vague("vat", Scheme::Vat),
    sure("vat no", Scheme::Vat),
    sure("vat nr", Scheme::Vat),
    sure("vat number", Scheme::Vat),
    sure("vat id", Scheme::Vat),
    sure("vat id no", Scheme::Vat),
    sure("vat reg", Scheme::Vat),
    sure("vat reg no", Scheme::Vat),
    sure("vat registration", Scheme::Vat),
    sure("vat registration no", Scheme::Vat),
    sure("vat registration number", Scheme::Vat),
    sure("vat identification number", Scheme::Vat),
    vague("tva", Scheme::Vat),
    sure("no tva", Scheme::Vat),
    sure("n tva", Scheme::Vat),
    sure("no de tva", Scheme::Vat),
    sure("numero de tva", Scheme::Vat),
    sure("numero tva", Scheme::Vat),
    sure("tva intra", Scheme::Vat),
    sure("no tva intra", Scheme::Vat),
    sure("tva intracommunautaire", Scheme::Vat),
    sure("tva intra communautaire", Scheme::Vat),
    sure("no de tva intracommunautaire", Scheme::Vat),
    sure("no tva intracommunautaire", Scheme::Vat),
    sure("id tva", Scheme::Vat),
    vague("btw", Scheme::Vat),
    sure("btw nr", Scheme::Vat),
    sure("btw nummer", Scheme::Vat),
    sure("btw id", Scheme::Vat),
    sure("cvr", Scheme::Vat),
    sure("cvr nr", Scheme::Vat),
    sure("moms nr", Scheme::Vat),
    sure("org nr", Scheme::TaxId),
    vague("iva", Scheme::Vat),
    sure("gst id", Scheme::TaxId),
    sure("gst id no", Scheme::TaxId),
    sure("gst no", Scheme::TaxId),
    sure("no id gst", Scheme::TaxId),
    sure("gst number", Scheme::TaxId),
    sure("gst reg", Scheme::TaxId),
    sure("gst reg no", Scheme::TaxId),
    sure("gst registration no", Scheme::TaxId),
    sure("gst tin", Scheme::TaxId),
    vague("gst", Scheme::TaxId),
    sure("sst no", Scheme::TaxId),
    sure("sst id", Scheme::TaxId),
    sure("sst reg no", Scheme::TaxId),
    sure("hst no", Scheme::TaxId),
    sure("gst hst no", Scheme::TaxId),
    sure("tax id", Scheme::TaxId),
    sure("tax id no", Scheme::TaxId),
    sure("tax reg", Scheme::TaxId),
    sure("tax reg no", Scheme::TaxId),
    sure("tax reg id", Scheme::TaxId),
    sure("tax no", Scheme::TaxId),
    sure("tax number", Scheme::TaxId),
    sure("tax registration", Scheme::TaxId),
    sure("tax registration no", Scheme::TaxId),
    sure("federal tax id", Scheme::TaxId),
    sure("tin", Scheme::TaxId),
    sure("tin no", Scheme::TaxId),
    sure("vat tin", Scheme::TaxId),
    sure("vat tin no", Scheme::TaxId),
    sure("ein", Scheme::TaxId),
    sure("fein", Scheme::TaxId),
    sure("rif", Scheme::TaxId),
    sure("steuernummer", Scheme::TaxId),
    sure("steuer nr", Scheme::TaxId),
    sure("st nr", Scheme::TaxId),
];

/// What a value is to its scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Not of its form.
    Misfit,
    /// Of its form, but the check digit is wrong.
    Wrong,
    /// Of its form; there is no check digit that we know.
    Unknown,
    /// The check digit is right.
    Right,
}

fn checked(fits: bool, right: bool) -> Verdict {
    match (fits, right) {
        (false, _) => Verdict::Misfit,
        (true, true) => Verdict::Right,
        (true, false) => Verdict::Wrong,
    }
}

fn unknown(fits: bool) -> Verdict {
    if fits { Verdict::Unknown } else { Verdict::Misfit }
}

/// Judges a squeezed, upper-case value.
#[must_use]
pub fn judge(scheme: Scheme, value: &str) -> Verdict {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let len = value.chars().count();
    let all = digits == len;
    match scheme {
        Scheme::Cnpj if len == 11 => checked(all, checks::cpf(value)),
        Scheme::Cnpj => checked(all && len == 14, checks::cnpj(value)),
        Scheme::Cpf => checked(all && len == 11, checks::cpf(value)),
        Scheme::Cuit => checked(all && len == 11, checks::cuit(value)),
        Scheme::Nit => match len {
            9 => unknown(all),
            10 => checked(all, checks::nit(value)),
            6..=8 => checked(digits + 1 >= len, checks::guatemalan(value)),
            _ => Verdict::Misfit,
        },
        Scheme::Ruc => checked(all && matches!(len, 11 | 13), checks::ruc(value)),
        Scheme::Rut => checked(matches!(len, 8 | 9) && digits + 1 >= len, checks::rut(value)),
        Scheme::Rfc => checked(matches!(len, 12 | 13) && digits >= 6, checks::rfc(value)),
        Scheme::Nif => {
            match value.strip_prefix("ES").or_else(|| value.strip_prefix("PT")).filter(|v| v.len() == 9) {
                Some(rest) => judge(Scheme::Nif, rest),
                None => checked(len == 9 && digits >= 7, checks::nif(value)),
            }
        }
        Scheme::PartitaIva => {
            let value = value.strip_prefix("IT").unwrap_or(value);
            checked(value.len() == 11 && value.chars().all(|c| c.is_ascii_digit()), checks::italian(value))
        }
        Scheme::Siret => checked(all && matches!(len, 9 | 14), checks::luhn(value)),
        Scheme::Gstin => checked(len == 15 && digits >= 5, checks::gstin(value)),
        Scheme::Abn => checked(all && len == 11, checks::abn(value)),
        Scheme::Vat => vat(value),
        Scheme::TaxId if len == 15 && !all && value.starts_with(|c: char| c.is_ascii_digit()) => {
            judge(Scheme::Gstin, value)
        }
        Scheme::TaxId => unknown((8..=15).contains(&len) && digits >= 6 && digits * 3 >= len * 2),
    }
}

/// A VAT id by its country's letters; without them, by its length alone.
fn vat(value: &str) -> Verdict {
    let Some((country, rest)) = value.split_at_checked(2) else { return Verdict::Misfit };
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let all = digits == rest.len();
    match country {
        "DE" => checked(all && rest.len() == 9, checks::german(rest)),
        "ES" => checked(rest.len() == 9 && digits >= 7, checks::nif(rest)),
        "PT" => checked(all && rest.len() == 9, checks::portuguese(rest)),
        "IT" => checked(all && rest.len() == 11, checks::italian(rest)),
        "FR" => checked(rest.len() == 11 && digits >= 9, checks::french(rest)),
        "NL" => checked(rest.len() == 12 && rest.chars().nth(9) == Some('B'), checks::dutch(rest)),
        "BE" => checked(all && rest.len() == 10, checks::belgian(rest)),
        "GB" | "XI" => checked(all && matches!(rest.len(), 9 | 12), checks::british(rest)),
        "PL" => checked(all && rest.len() == 10, checks::polish(rest)),
        "AT" => checked(rest.len() == 9 && rest.starts_with('U'), checks::austrian(rest)),
        "DK" => checked(all && rest.len() == 8, checks::danish(rest)),
        "CH" => {
            let number: String = rest.trim_start_matches('E').chars().take(9).collect();
            checked(rest.starts_with('E') && matches!(rest.len(), 10..=14), checks::swiss(&number))
        }
        "SE" => checked(all && rest.len() == 12, rest.get(..10).is_some_and(checks::luhn)),
        "FI" | "HU" | "LU" | "MT" | "SI" => unknown(all && rest.len() == 8),
        "EE" | "EL" => unknown(all && rest.len() == 9),
        "HR" | "LV" => unknown(all && rest.len() == 11),
        "SK" => unknown(all && rest.len() == 10),
        "CZ" => unknown(all && matches!(rest.len(), 8..=10)),
        "IE" => unknown(matches!(rest.len(), 8 | 9) && digits >= 7),
        "CY" => unknown(rest.len() == 9 && digits == 8),
        "BG" | "RO" | "LT" => unknown(all && matches!(rest.len(), 6..=12)),
        "NO" => unknown(matches!(rest.len(), 9..=12) && digits >= 9),
        _ if value.chars().all(|c| c.is_ascii_digit()) => unknown((7..=14).contains(&value.len())),
        _ => Verdict::Misfit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        assert_eq!(judge(Scheme::Vat, "DE136695976"), Verdict::Right);
        assert_eq!(judge(Scheme::Vat, "DE136695975"), Verdict::Wrong);
        assert_eq!(judge(Scheme::Vat, "GB1234567"), Verdict::Misfit);
        assert_eq!(judge(Scheme::Nif, "B1234567"), Verdict::Misfit);
        assert_eq!(judge(Scheme::TaxId, "000123456789"), Verdict::Unknown);
        assert_eq!(judge(Scheme::TaxId, "27AAPFU0939F1ZV"), Verdict::Right);
    }
}
