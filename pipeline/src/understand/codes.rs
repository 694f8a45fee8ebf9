//! What two-dimensional codes on a page say: payment codes (EPC, Swiss QR-bill), fiscal codes (CFDI, DIAN, AFIP,
//! NFC-e), driving licences (AAMVA) and the cards of this market (`identity::codes`).

use base64::Engine;

use super::{identity, money};
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
            .or_else(|| nfe(text, &mut values))
            .or_else(|| aamva(text, &mut values))
            .or_else(|| card(&code.text, &mut values))?;
        (!values.fields.is_empty()).then_some(Code { what, fields: values.fields, payee: values.payee })
    })
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
    let total = json.get("importe").map(ToString::to_string);
    v.put_amount(FieldName::Total, total.as_deref());
    let currency = match json.get("moneda").and_then(|m| m.as_str()) {
        Some("PES") => Some("ARS"),
        Some("DOL") => Some("USD"),
        _ => None,
    };
    v.put(FieldName::Currency, currency.map(str::to_owned));
    Some("AFIP code")
}

/// Brazil's NF-e/NFC-e access key: 44 digits, the last a check digit (weights 2..9 from the right, modulo 11).
fn nfe(text: &str, v: &mut Values<'_>) -> Option<&'static str> {
    let key: String = if text.contains("://") {
        let p = query(text, "p").or_else(|| query(text, "chNFe"))?;
        p.chars().take_while(char::is_ascii_digit).collect()
    } else {
        text.to_owned()
    };
    let digits: Vec<u32> = key.chars().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
    let (last, body) = digits.split_last()?;
    (digits.len() == 44).then_some(())?;
    let sum: u32 = body.iter().rev().zip((2..=9).cycle()).map(|(d, w)| d * w).sum();
    let check = match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    (check == *last).then_some(())?;
    // cUF(2) AAMM(4) CNPJ(14) model(2) series(3) number(9) …
    v.put(FieldName::IssuerTaxId, key.get(6..20).map(str::to_owned));
    v.put(FieldName::Number, key.get(25..34).map(|n| n.trim_start_matches('0').to_owned()));
    v.put(FieldName::Currency, Some("BRL".to_owned()));
    Some("NF-e access key")
}

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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Code> {
        let symbology = "qr_code".to_owned();
        find(&[Barcode { page: 1, symbology, text: text.to_owned(), bbox: [0.0, 0.0, 1.0, 1.0] }])
    }

    fn value(code: &Code, name: FieldName) -> &str {
        code.fields.get(&name).map_or("", |f| f.value.as_str())
    }

    #[test]
    fn payment_codes() {
        let c = read("BCD\n002\n1\nSCT\nBIC\nMuster GmbH\nDE02\nEUR12.3\n\n\nR-1").expect("EPC");
        assert_eq!((value(&c, FieldName::Total), c.payee.as_deref()), ("12.30", Some("Muster GmbH")));
        assert!(!c.fields.contains_key(&FieldName::IssuerName), "the payee is not the issuer");
        let swiss = "SPC\n0200\n1\nCH44\nS\nRobert Muster AG\nGasse\n1\n2501\nBiel\nCH\n\n\n\n\n\n\n\n1949.75\nCHF\nS";
        let c = read(swiss).expect("Swiss");
        assert_eq!((value(&c, FieldName::Total), value(&c, FieldName::Currency)), ("1949.75", "CHF"));
    }

    #[test]
    fn fiscal_codes() {
        let c = read("https://verificacfdi.facturaelectronica.sat.gob.mx/default.aspx?id=5803EB8D-81CD-4557-8719-26632D2FA434&re=XAXX010101000&rr=XEXX010101000&tt=0000014300.000000&fe=rH8")
            .expect("CFDI");
        assert_eq!(
            (value(&c, FieldName::Total), value(&c, FieldName::IssuerTaxId)),
            ("14300.00", "XAXX010101000")
        );
        let c = read("https://verificacfdi.facturaelectronica.sat.gob.mx/default.aspx?id=5803EB8D-81CD-4557-8719-26632D2FA434&re=XAXX010101000&rr=XEXX010101000&tt=0000000000.500000&fe=rH8")
            .expect("CFDI");
        assert_eq!(value(&c, FieldName::Total), "0.50");
        let c = read("NumFac: A323\nFecFac: 2024-01-16\nNitFac: 700085371\nDocAdq: 800199436\nValFac: 1500000.00\nValIva: 285000.00\nValOtroIm: 0.00\nValTolFac: 1785000.00\nCUFE: ab")
            .expect("DIAN");
        assert_eq!((value(&c, FieldName::Number), value(&c, FieldName::Total)), ("A323", "1785000.00"));
        let json = r#"{"ver":1,"fecha":"2024-10-13","cuit":30000000007,"ptoVta":10,"tipoCmp":1,"nroCmp":94,"importe":12100,"moneda":"PES"}"#;
        let p = base64::engine::general_purpose::STANDARD.encode(json);
        let c = read(&format!("https://www.afip.gob.ar/fe/qr/?p={p}")).expect("AFIP");
        assert_eq!(
            (value(&c, FieldName::Number), value(&c, FieldName::Total)),
            ("00010-00000094", "12100.00")
        );
    }

    #[test]
    fn access_keys_need_their_check_digit() {
        // From the NF-e manual's own example of the check digit.
        let key = "52060433009911002506550120000007800267301615";
        let c = read(key).expect("NF-e");
        assert_eq!(
            (value(&c, FieldName::IssuerTaxId), value(&c, FieldName::Number)),
            ("33009911002506", "780")
        );
        assert!(read("52060433009911002506550120000007800267301614").is_none());
    }

    #[test]
    fn licences() {
        let text = "@\n\u{1e}\rANSI 636000090002DL00410278ZV03190008DLDAQT64235789\nDCSSAMPLE\nDACMICHAEL\nDADJOHN\nDBC1\nDBB06061986\nDBA12102024\nDCGUSA\r";
        let c = read(text).expect("AAMVA");
        assert_eq!(value(&c, FieldName::DocumentNumber), "T64235789");
        assert_eq!(value(&c, FieldName::GivenNames), "MICHAEL JOHN");
        assert_eq!(
            (value(&c, FieldName::BirthDate), value(&c, FieldName::ExpiryDate)),
            ("1986-06-06", "2024-12-10")
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,80}", head in "(BCD\n|SPC\n0200\n1\n|ANSI DAQ|NumFac|https://www.afip.gob.ar/fe/qr/\\?p=|)") {
            let _ = read(&format!("{head}{text}"));
        }
    }
}
