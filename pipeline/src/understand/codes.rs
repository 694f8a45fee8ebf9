//! What two-dimensional codes on a page say: payment codes (EPC, Swiss QR-bill), fiscal codes (CFDI, DIAN, AFIP and those of
//! `fiscal`), driving licences (AAMVA) and the cards of this market (`identity::codes`).

mod fiscal;

use base64::Engine;

use super::{identity, money, numbers::FREIGHT, sheet::Sheet};
use crate::{
    fields::{Field, FieldName, Fields, Source},
    reading::Barcode,
};

/// What a code says.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    /// As a person calls it.
    pub what: &'static str,
    /// Its fields, each with source `barcode`.
    pub fields: Fields,
    /// Whom a payment code pays. It need not be who issued the paper: a factor, or a bank that collects, is paid too.
    pub payee: Option<String>,
}

/// The first code that we know.
#[must_use]
pub fn find(barcodes: &[Barcode]) -> Option<Code> {
    barcodes.iter().find_map(|code| {
        let mut values = Values { fields: Fields::new(), payee: None, code };
        let text = code.text.trim();
        let what = epc(text, &mut values)
            .or_else(|| swiss(text, &mut values))
            .or_else(|| cfdi(text, &mut values))
            .or_else(|| dian(text, &mut values))
            .or_else(|| afip(text, &mut values))
            .or_else(|| fiscal::read(text, &mut values))
            .or_else(|| aamva(text, &mut values))
            .or_else(|| card(&code.text, &mut values))?;
        (!values.fields.is_empty()).then_some(Code { what, fields: values.fields, payee: values.payee })
    })
}

/// What an access key says that the page prints in figures, where its check digit holds: Brazil's of 44 digits, Ecuador's of
/// 49, in groups of four, on one line or two.
#[must_use]
pub fn printed(sheet: &Sheet) -> Option<Code> {
    let freight = sheet.says(&FREIGHT);
    sheet.rows.iter().enumerate().find_map(|(at, row)| {
        let next = sheet.rows.get(at + 1).filter(|next| next.page == row.page);
        let both = next.map(|next| format!("{} {}", row.text, next.text));
        std::iter::once(row.text.clone()).chain(both).find_map(|text| {
            runs(&text).into_iter().filter(|key| !freight || fiscal::is_of_transport(key)).find_map(|key| {
                let text = key.clone();
                let code = Barcode { symbology: String::new(), text, page: row.page, bbox: row.bbox };
                let mut values = Values { fields: Fields::new(), payee: None, code: &code };
                let what = fiscal::key(&key, &mut values)?;
                values.fields.values_mut().for_each(|field| field.source = row.source);
                Some(Code { what, fields: values.fields, payee: None })
            })
        })
    })
}

/// Runs of figures in groups as long as an access key.
fn runs(text: &str) -> Vec<String> {
    let figures = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = Vec::new();
    for from in 0..words.len() {
        let mut run = String::new();
        for word in words[from..].iter().take_while(|w| figures(w)) {
            run.push_str(word);
            if run.len() >= fiscal::SHORTEST {
                found.push(run.clone());
            }
            if run.len() >= fiscal::LONGEST {
                break;
            }
        }
    }
    found
}

struct Values<'a> {
    fields: Fields,
    payee: Option<String>,
    code: &'a Barcode,
}

impl Values<'_> {
    fn put(&mut self, name: FieldName, value: Option<String>) {
        if let Some(value) = value.map(|v| v.trim().chars().take(200).collect::<String>())
            && !value.is_empty()
        {
            let (page, bbox) = (Some(self.code.page), Some(self.code.bbox));
            self.fields.insert(
                name,
                Field { value: value.into(), confidence: 0.98, page, bbox, source: Source::Barcode },
            );
        }
    }
    /// What a code that says its kind sums up to: credit notes are money back.
    fn put_bill(&mut self, bill_type: &str, total: Option<&str>, tax: Option<&str>) {
        self.put(FieldName::Type, Some(bill_type.to_owned()));
        for (name, text) in [(FieldName::Total, total), (FieldName::Tax, tax)] {
            let text = text.filter(|t| money::plain(t).is_some());
            let back = bill_type == "credit_note" && text.is_some_and(|t| !t.trim().starts_with('-'));
            let signed = text.map(|t| if back { format!("-{}", t.trim()) } else { t.to_owned() });
            self.put_amount(name, signed.as_deref());
        }
    }

    fn put_amount(&mut self, name: FieldName, text: Option<&str>) {
        self.put(name, text.and_then(money::plain).map(money::Amount::to_decimal));
    }
}

/// An identity card's code.
fn card(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let card = identity::codes::read(text)?;
    card.fields.into_iter().for_each(|(name, value)| v.put(name, Some(value)));
    Some(card.what)
}

/// EPC069-12, "GiroCode": lines; amount as `EUR12.30`.
fn epc(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let ["BCD", _, _, "SCT", _, name, _, amount, ..] = lines.as_slice() else { return None };
    v.payee = Some((*name).to_owned());
    let amount = amount.strip_prefix("EUR")?;
    v.put_amount(FieldName::Total, Some(amount));
    v.put(FieldName::Currency, Some("EUR".to_owned()));
    Some("EPC payment code")
}

/// Swiss Implementation Guidelines QR-bill 2.x: 31 lines and more.
fn swiss(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let ["SPC", version, "1", ..] = lines.as_slice() else { return None };
    version.starts_with("02").then_some(())?;
    let currency = *lines.get(19)?;
    matches!(currency, "CHF" | "EUR").then_some(())?;
    v.payee = lines.get(5).map(|s| (*s).to_owned());
    v.put_amount(FieldName::Total, lines.get(18).copied());
    v.put(FieldName::Currency, Some(currency.to_owned()));
    Some("Swiss QR-bill")
}

fn query<'a>(url: &'a str, key: &str) -> Option<&'a str> {
    let query = url.split_once('?')?.1;
    query.split('&').filter_map(|p| p.split_once('=')).find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|p| p.1)
}

/// The SAT's verification address: `id` (UUID), `re` and `rr` (RFCs), `tt` (total).
fn cfdi(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    text.to_ascii_lowercase().contains("facturaelectronica.sat.gob.mx").then_some(())?;
    let id = query(text, "id")?;
    (id.len() == 36).then_some(())?;
    v.put(FieldName::IssuerTaxId, query(text, "re").map(|s| s.replace("%26", "&").replace("%C3%91", "Ñ")));
    v.put(FieldName::RecipientTaxId, query(text, "rr").map(|s| s.replace("%26", "&").replace("%C3%91", "Ñ")));
    v.put_amount(
        FieldName::Total,
        query(text, "tt")
            .map(|t| t.trim_start_matches('0'))
            .map(|t| if t.starts_with('.') { format!("0{t}") } else { t.to_owned() })
            .as_deref(),
    );
    Some("CFDI verification code")
}

/// Colombia's DIAN, Anexo técnico 1.8/1.9: `NumFac: …`, `FecFac: …`, one a line or parted by blanks.
fn dian(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let value = |keys: &[&str]| {
        keys.iter().find_map(|key| {
            let rest = text.split_once(key)?.1.trim_start_matches([':', '=', ' ']);
            rest.split(|c: char| c.is_whitespace() || c == '|')
                .next()
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
        })
    };
    let number = value(&["NumFac", "NumDS", "NumDoc"])?;
    let total = value(&["ValTolFac", "ValTotFac", "ValTot", "ValTolDS"]);
    v.put(FieldName::Number, Some(number));
    v.put(FieldName::IssueDate, value(&["FecFac", "FecDS", "FecDoc"]).filter(|d| d.len() == 10));
    v.put(FieldName::IssuerTaxId, value(&["NitFac", "NitOFE", "NumSNO"]));
    v.put(FieldName::RecipientTaxId, value(&["DocAdq", "NumAdq"]));
    v.put_amount(FieldName::Total, total.as_deref());
    v.put_amount(FieldName::Tax, value(&["ValIva"]).as_deref());
    Some("DIAN code")
}

/// Argentina's AFIP/ARCA, RG 4892/2020: base64 of a JSON object in `p`.
fn afip(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    (lower.contains("afip.gob.ar/fe/qr") || lower.contains("arca.gob.ar/fe/qr")).then_some(())?;
    let p = query(text, "p")?.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/");
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    );
    let json: serde_json::Value = serde_json::from_slice(&lenient.decode(p).ok()?).ok()?;
    let number = |key: &str| json.get(key).and_then(serde_json::Value::as_u64);
    v.put(FieldName::IssueDate, json.get("fecha").and_then(|d| d.as_str()).map(str::to_owned));
    v.put(FieldName::IssuerTaxId, number("cuit").map(|n| n.to_string()));
    if let (Some(point), Some(n)) = (number("ptoVta"), number("nroCmp")) {
        v.put(FieldName::Number, Some(format!("{point:05}-{n:08}")));
    }
    let total = json.get("importe").map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned));
    match number("tipoCmp").and_then(|code| AFIP_TYPES.iter().find(|row| row.1.contains(&code))) {
        Some((bill_type, _)) => v.put_bill(bill_type, total.as_deref(), None),
        None => v.put_amount(FieldName::Total, total.as_deref()),
    }
    let currency = match json.get("moneda").and_then(|m| m.as_str()) {
        Some("PES") => Some("ARS"),
        Some("DOL") => Some("USD"),
        _ => None,
    };
    v.put(FieldName::Currency, currency.map(str::to_owned));
    Some("AFIP code")
}

/// `tipoCmp` by what it is; the others (receipts, exports, settlements) say it on their paper.
const AFIP_TYPES: &[(&str, &[u64])] = &[
    ("invoice", &[1, 6, 11, 19, 51, 201, 206, 211]),
    ("debit_note", &[2, 7, 12, 20, 52, 202, 207, 212]),
    ("credit_note", &[3, 8, 13, 21, 53, 203, 208, 213]),
];

/// AAMVA DL/ID Card Design Standard, annex D: PDF417 with three-letter elements, one a line.
fn aamva(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    text.contains("ANSI ").then_some(())?;
    let element = |code: &str| {
        text.split(['\n', '\r', '\u{1e}']).find_map(|line| {
            let line = line.strip_prefix("DL").filter(|_| line.starts_with("DLD")).unwrap_or(line);
            // The first element follows the subfile's header on the same line.
            let at = if line.starts_with(code) {
                Some(0)
            } else {
                line.rfind(&format!("DL{code}")).map(|i| i + 2)
            };
            at.and_then(|at| line.get(at + code.len()..))
                .map(|s| s.trim().to_owned())
                .filter(|s| !s.is_empty())
        })
    };
    let country = element("DCG").filter(|c| c == "USA" || c == "CAN");
    // The United States write MMDDCCYY, Canada CCYYMMDD.
    let date = |code: &str| {
        let d = element(code)?;
        let ccyy_first = country.as_deref() == Some("CAN");
        let (y, m, day) = if ccyy_first {
            (d.get(0..4)?, d.get(4..6)?, d.get(6..8)?)
        } else {
            (d.get(4..8)?, d.get(0..2)?, d.get(2..4)?)
        };
        let month = time::Month::try_from(m.parse::<u8>().ok()?).ok()?;
        time::Date::from_calendar_date(y.parse().ok()?, month, day.parse().ok()?).ok()?;
        Some(format!("{y}-{m}-{day}"))
    };
    v.put(FieldName::DocumentNumber, Some(element("DAQ")?));
    v.put(FieldName::DocumentType, Some("driver_license".to_owned()));
    v.put(FieldName::Surname, element("DCS").or_else(|| element("DAB")));
    let middle = element("DAD").filter(|m| m != "NONE").map_or(String::new(), |m| format!(" {m}"));
    v.put(FieldName::GivenNames, element("DAC").or_else(|| element("DCT")).map(|g| g + &middle));
    v.put(FieldName::BirthDate, date("DBB"));
    v.put(FieldName::ExpiryDate, date("DBA"));
    let sex = match element("DBC").as_deref() {
        Some("1") => Some("M"),
        Some("2") => Some("F"),
        Some("9") => Some("X"),
        _ => None,
    };
    v.put(FieldName::Sex, sex.map(str::to_owned));
    v.put(FieldName::IssuingCountry, country);
    Some("AAMVA licence code")
}

#[cfg(test)]
mod tests;
