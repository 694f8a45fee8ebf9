//! Codes that a tax office has on every bill: Spain's VeriFactu and TicketBAI, Portugal's, Brazil's NFC-e, Chile's stamp,
//! Peru's and Ecuador's.

use super::{Values, query};
use crate::{fields::FieldName, understand::formats::einvoice::keys};

/// Reads any of them; `None` where it is none.
pub(super) fn read(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    verifactu(text, v)
        .or_else(|| ticketbai(text, v))
        .or_else(|| portugal(text, v))
        .or_else(|| brazil(text, v))
        .or_else(|| chile(text, v))
        .or_else(|| peru(text, v))
        .or_else(|| ecuador(text, v))
}

/// `%2F` and its like; what is no such code stays.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let code = behind.get(..2).and_then(|c| std::str::from_utf8(c).ok());
        match code.filter(|_| first == b'%').and_then(|c| u8::from_str_radix(c, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A day by its year, month and day.
fn day(y: &str, m: &str, d: &str) -> Option<String> {
    let month = time::Month::try_from(m.parse::<u8>().ok()?).ok()?;
    time::Date::from_calendar_date(y.parse().ok()?, month, d.parse().ok()?).ok()?;
    Some(format!("{y}-{m:0>2}-{d:0>2}"))
}

/// Spain, Orden HAC/1177/2024: `nif`, `numserie`, `fecha` (DD-MM-AAAA), `importe` with its sign.
fn verifactu(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let host = lower.strip_prefix("https://")?.split('/').next()?;
    (host.ends_with("agenciatributaria.gob.es") || host.ends_with("aeat.es")).then_some(())?;
    lower.contains("validarqr").then_some(())?;
    v.put(FieldName::IssuerTaxId, query(text, "nif").map(unescaped));
    v.put(FieldName::Number, query(text, "numserie").map(unescaped));
    let said = query(text, "fecha").map(unescaped)?;
    if let [d, m, y] = said.split(['-', '/']).collect::<Vec<_>>().as_slice() {
        v.put(FieldName::IssueDate, day(y, m, d));
    }
    v.put_amount(FieldName::Total, query(text, "importe"));
    v.put(FieldName::Currency, Some("EUR".to_owned()));
    Some("VeriFactu code")
}

/// The Basque Country: `id=TBAI-{NIF}-{DDMMAA}-…`, series `s`, number `nf`, amount `i`.
fn ticketbai(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let id = query(text, "id").map(unescaped)?;
    let parts: Vec<&str> = id.split('-').collect();
    let ["TBAI", nif, date, _, ..] = parts.as_slice() else { return None };
    v.put(FieldName::IssuerTaxId, Some((*nif).to_owned()));
    if date.len() == 6 && date.is_ascii() {
        let (d, m, y) = (date.get(..2)?, date.get(2..4)?, date.get(4..6)?);
        v.put(FieldName::IssueDate, day(&format!("20{y}"), m, d));
    }
    let number = [query(text, "s").map(unescaped), query(text, "nf").map(unescaped)];
    let number: Vec<String> = number.into_iter().flatten().filter(|n| !n.is_empty()).collect();
    v.put(FieldName::Number, Some(number.join("-")));
    v.put_amount(FieldName::Total, query(text, "i"));
    v.put(FieldName::Currency, Some("EUR".to_owned()));
    Some("TicketBAI code")
}

/// Portugal, Portaria 195/2020: `A:` issuer, `B:` buyer, `D:` kind, `F:` day, `G:` number, `N:` taxes, `O:` total.
fn portugal(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    text.starts_with("A:").then_some(())?;
    let value =
        |key: &str| text.split('*').filter_map(|p| p.split_once(':')).find(|(k, _)| *k == key).map(|p| p.1);
    let (date, kind) = (value("F").filter(|d| d.len() == 8 && d.is_ascii())?, value("D")?);
    v.put(FieldName::IssuerTaxId, value("A").map(str::to_owned));
    // 999999990 is whoever buys.
    v.put(FieldName::RecipientTaxId, value("B").filter(|b| *b != "999999990").map(str::to_owned));
    v.put(FieldName::IssueDate, day(date.get(..4)?, date.get(4..6)?, date.get(6..8)?));
    v.put(FieldName::Number, value("G").map(str::to_owned));
    let bill_type = match kind {
        "FT" | "FS" | "FR" => "invoice",
        "NC" => "credit_note",
        "ND" => "debit_note",
        _ => return Some("Portugal's code"),
    };
    v.put_bill(bill_type, value("O"), value("N"));
    v.put(FieldName::Currency, Some("EUR".to_owned()));
    Some("Portugal's code")
}

/// Brazil's NFC-e beside its access key: offline ones say day and total (`chave|2|1|dd|total|…`), old ones `vNF`.
fn brazil(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let (key, parts) = match query(text, "p").map(unescaped) {
        Some(p) => {
            let parts: Vec<String> = p.split('|').map(str::to_owned).collect();
            (parts.first()?.clone(), parts)
        }
        None if text.contains("://") => {
            (["chNFe", "chCTe", "chave"].iter().find_map(|k| query(text, k))?.to_owned(), Vec::new())
        }
        None => (text.chars().filter(|c| !c.is_whitespace()).take(60).collect(), Vec::new()),
    };
    let key = key.to_ascii_uppercase();
    let said = keys::chave(key.trim_start_matches("NFE").trim_start_matches("CTE"))?;
    v.put(FieldName::IssuerTaxId, Some(said.cnpj.clone()).filter(|id| keys::cnpj(id)));
    v.put(FieldName::Number, Some(said.number.clone()));
    v.put(FieldName::Currency, Some("BRL".to_owned()));
    if let [_, _, _, on, total, _, ..] = parts.as_slice()
        && on.len() == 2
    {
        let (y, m) = (said.month.get(..2)?, said.month.get(2..)?);
        v.put(FieldName::IssueDate, day(&format!("20{y}"), m, on));
        v.put_amount(FieldName::Total, Some(total));
    }
    v.put_amount(FieldName::Total, query(text, "vNF"));
    Some("NF-e access key")
}

/// Digits of the shortest access key and of the longest.
pub(super) const SHORTEST: usize = 44;
pub(super) const LONGEST: usize = 49;
/// States by IBGE's codes, and models of electronic papers that have a key (Ajuste SINIEF 07/05).
const STATES: std::ops::RangeInclusive<u32> = 11..=53;
const MODELS: [&str; 9] = ["55", "57", "58", "59", "62", "63", "65", "66", "67"];

/// Whether an access key in figures is a note of transport's (CT-e, CT-e OS), or none of Brazil's.
pub(super) fn is_of_transport(key: &str) -> bool {
    key.len() != SHORTEST || matches!(key.get(20..22), Some("57" | "67"))
}

/// An access key in figures, of Brazil or Ecuador.
pub(super) fn key(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    if text.len() == LONGEST {
        return ecuador(text, v);
    }
    let said = keys::chave(text)?;
    let state = text.get(..2)?.parse::<u32>().ok().filter(|s| STATES.contains(s));
    let month = said.month.get(2..)?.parse::<u32>().ok().filter(|m| (1..=12).contains(m));
    (state.is_some() && month.is_some() && MODELS.contains(&said.model.as_str())).then_some(())?;
    brazil(text, v)
}

/// Chile's stamp (TED) as PDF417: a small XML.
fn chile(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    text.contains("<TED").then_some(())?;
    let value = |tag: &str| {
        let rest = text.split_once(&format!("<{tag}>"))?.1;
        rest.split_once(&format!("</{tag}>")).map(|(value, _)| value.trim())
    };
    let (kind, issuer) = (value("TD")?, value("RE")?);
    v.put(FieldName::IssuerTaxId, Some(issuer.to_owned()));
    v.put(FieldName::RecipientTaxId, value("RR").filter(|r| *r != "66666666-6").map(str::to_owned));
    v.put(FieldName::Number, value("F").map(str::to_owned));
    v.put(FieldName::IssueDate, value("FE").filter(|d| d.len() == 10).map(str::to_owned));
    let bill_type = match kind {
        "33" | "34" | "39" | "41" | "46" | "110" => "invoice",
        "61" | "112" => "credit_note",
        "56" | "111" => "debit_note",
        // Goods that move: worth something, and no bill.
        _ => return Some("SII stamp"),
    };
    v.put_bill(bill_type, value("MNT"), None);
    if !matches!(kind, "110" | "111" | "112") {
        v.put(FieldName::Currency, Some("CLP".to_owned()));
    }
    Some("SII stamp")
}

/// Peru, SUNAT: `RUC|type|series|number|IGV|total|date|buyer's type|buyer's id|…`.
fn peru(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let parts: Vec<&str> = text.split('|').map(str::trim).collect();
    let [ruc, kind, series, number, tax, total, date, rest @ ..] = parts.as_slice() else { return None };
    (ruc.len() == 11 && crate::understand::tax_ids::checks::ruc(ruc)).then_some(())?;
    (series.len() == 4 && number.bytes().all(|b| b.is_ascii_digit())).then_some(())?;
    let bill_type = match *kind {
        "01" | "03" => "invoice",
        "07" => "credit_note",
        "08" => "debit_note",
        _ => return None,
    };
    v.put(FieldName::IssuerTaxId, Some((*ruc).to_owned()));
    v.put(FieldName::Number, Some(format!("{series}-{number}")));
    let said: Vec<&str> = date.split(['-', '/']).collect();
    v.put(
        FieldName::IssueDate,
        match said.as_slice() {
            [y, m, d] if y.len() == 4 => day(y, m, d),
            [d, m, y] if y.len() == 4 => day(y, m, d),
            _ => None,
        },
    );
    let buyer = rest.get(1).filter(|id| id.len() == 11 && rest.first() == Some(&"6"));
    v.put(FieldName::RecipientTaxId, buyer.map(|id| (*id).to_owned()));
    v.put_bill(bill_type, Some(total), Some(tax));
    Some("SUNAT code")
}

/// Ecuador's access key of 49 digits, as Code 128 or QR.
fn ecuador(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let key = keys::clave(text.trim())?;
    v.put(FieldName::IssuerTaxId, Some(key.ruc));
    v.put(FieldName::Number, Some(key.number));
    v.put(FieldName::IssueDate, Some(key.day));
    Some("SRI access key")
}
