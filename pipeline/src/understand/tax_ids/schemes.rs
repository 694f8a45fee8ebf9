//! Which ids there are: their labels, their forms, and whether a value is one of them.

use std::sync::LazyLock;

use super::{checks, national::National};
use crate::knowledge;

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
    /// One that `national` judges, by its place among the rows of `data/tax_ids.tsv`.
    National(usize),
}

/// A line of `data/tax_ids.tsv`.
struct Line {
    scheme: Scheme,
    country: Option<&'static str>,
    form: Option<National>,
    sure: &'static str,
    vague: &'static str,
}

static ROWS: LazyLock<Vec<Line>> = LazyLock::new(|| {
    let lines = knowledge::lines(include_str!("../data/tax_ids.tsv"));
    lines.enumerate().filter_map(|(at, line)| row(at, line)).collect()
});

fn row(at: usize, line: &'static str) -> Option<Line> {
    let [scheme, country, lengths, before, behind, check, sure, vague] =
        line.split('\t').collect::<Vec<_>>().try_into().ok()?;
    let form = National::parse(lengths, before, behind, check);
    let country = (country != "-").then_some(country);
    Some(Line { scheme: named(scheme, at)?, country, form, sure, vague })
}

fn named(scheme: &str, at: usize) -> Option<Scheme> {
    Some(match scheme {
        "cnpj" => Scheme::Cnpj,
        "cpf" => Scheme::Cpf,
        "cuit" => Scheme::Cuit,
        "nit" => Scheme::Nit,
        "ruc" => Scheme::Ruc,
        "rut" => Scheme::Rut,
        "rfc" => Scheme::Rfc,
        "nif" => Scheme::Nif,
        "partita_iva" => Scheme::PartitaIva,
        "siret" => Scheme::Siret,
        "gstin" => Scheme::Gstin,
        "abn" => Scheme::Abn,
        "vat" => Scheme::Vat,
        "tax_id" => Scheme::TaxId,
        "national" => Scheme::National(at),
        _ => return None,
    })
}

/// The country whose ids these are, where the scheme says it.
#[must_use]
pub fn country(scheme: Scheme) -> Option<&'static str> {
    ROWS.iter().find(|row| row.scheme == scheme)?.country
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

/// Every label, in no order: the longest that stands at a place counts.
pub static LABELS: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let labels = ROWS.iter().flat_map(|row| {
        let named = |text: &'static str, sure: bool| {
            text.split("; ").filter(|l| *l != "-").map(move |label| Named { label, scheme: row.scheme, sure })
        };
        named(row.sure, true).chain(named(row.vague, false))
    });
    labels.collect()
});

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

pub(super) fn checked(fits: bool, right: bool) -> Verdict {
    match (fits, right) {
        (false, _) => Verdict::Misfit,
        (true, true) => Verdict::Right,
        (true, false) => Verdict::Wrong,
    }
}

pub(super) fn unknown(fits: bool) -> Verdict {
    if fits { Verdict::Unknown } else { Verdict::Misfit }
}

/// Letters that end an id of this scheme, where its country has such.
#[must_use]
pub fn ending(scheme: Scheme) -> Option<&'static str> {
    let Scheme::National(at) = scheme else { return None };
    ROWS.get(at)?.form.as_ref().map(National::ending).filter(|e| !e.is_empty())
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
        // "GST866012420RT0001": Canada's business number with its account.
        Scheme::TaxId if len == 15 && value.ends_with("RT0001") => {
            checked(digits == 13, checks::luhn(value.get(..9).unwrap_or_default()))
        }
        Scheme::TaxId if len == 15 && !all && value.starts_with(|c: char| c.is_ascii_digit()) => {
            judge(Scheme::Gstin, value)
        }
        Scheme::National(at) => {
            ROWS.get(at).and_then(|row| row.form.as_ref()).map_or(Verdict::Misfit, |form| form.judge(value))
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
        "DE" => checked(all && rest.len() == 9, checks::pure(rest)),
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
        "SI" => checked(all && rest.len() == 8, checks::slovene(rest)),
        "FI" | "HU" | "LU" | "MT" => unknown(all && rest.len() == 8),
        "EE" => checked(all && rest.len() == 9, checks::estonian(rest)),
        "EL" => unknown(all && rest.len() == 9),
        "HR" => checked(all && rest.len() == 11, checks::pure(rest)),
        "LV" => unknown(all && rest.len() == 11),
        "SK" => unknown(all && rest.len() == 10),
        "CZ" => unknown(all && matches!(rest.len(), 8..=10)),
        "IE" => unknown(matches!(rest.len(), 8 | 9) && digits >= 7),
        "CY" => unknown(rest.len() == 9 && digits == 8),
        "BG" | "RO" | "LT" => unknown(all && matches!(rest.len(), 6..=12)),
        "NO" => unknown(matches!(rest.len(), 9..=12) && digits >= 9),
        // British papers leave their letters out.
        _ if value.len() == 9 && value.chars().all(|c| c.is_ascii_digit()) && checks::british(value) => {
            Verdict::Right
        }
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
