//! The manifest's truth and what a reading is worth against it.

use std::path::Path;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields},
    understand::{mrz, sheet},
};
use serde::{Deserialize, Serialize};

use crate::legible::Legible;

/// A row of `manifest.csv`.
#[derive(Debug, Clone, Deserialize)]
pub struct Truth {
    pub path: String,
    pub label: Kind,
    pub subtype: String,
    pub source_repo: String,
    pub lang: String,
    pub gt_vendor: String,
    pub gt_date: String,
    pub gt_total: String,
    pub gt_currency: String,
    pub gt_tax_id: String,
    pub gt_invoice_no: String,
    pub gt_mrz: String,
    #[serde(default)]
    pub gt_tax: String,
    #[serde(default)]
    pub gt_origin: String,
    pub notes: String,
}

impl Truth {
    /// The label is arguable.
    pub fn hard(&self) -> bool {
        self.notes.contains("hard:")
    }

    /// Whether it came after the rules were written: its truth was read from the paper itself, or it is of a country and
    /// an origin that the first collection did not have.
    pub fn is_new(&self) -> bool {
        const READ: [&str; 5] = ["read from", "seen", "json beside", "xml beside", "text layer"];
        const LATER: [&str; 8] = [
            "Engenere/BrazilFiscalReport",
            "JuanPires9/nfcescrapper",
            "PaolaCM99/Nomina-php",
            "blackysoft/DTExml2pdf",
            "jrkaibro/notafiscal_danfe",
            "mumunha/gpt4o_example_1",
            "nelyj/FEDC",
            "reingart/pyafipws",
        ];
        READ.iter().any(|r| self.gt_origin.starts_with(r))
            || LATER.contains(&self.source_repo.as_str())
            || self.source_repo == "dudelis/k2-expenses-receipts-ocr"
    }

    /// ISO 3166 alpha-2 in capitals, where the row says it: by its language, or by its name (`…__2019_pl_…`).
    pub fn country(&self) -> String {
        let region = self.lang.split_once('-').map(|(_, region)| region.to_uppercase());
        let named = self.path.split_once("my-receipts__").and_then(|(_, name)| name.split('_').nth(1));
        region.or_else(|| named.filter(|c| c.len() == 2).map(str::to_uppercase)).unwrap_or("?".to_owned())
    }
}

/// All rows of `DATA/manifest.csv`.
pub fn manifest(data: &Path) -> Result<Vec<Truth>, csv::Error> {
    csv::Reader::from_path(data.join("manifest.csv"))?.deserialize().collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Right,
    Wrong,
    Silent,
}

/// One field against its truth.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    pub name: &'static str,
    pub verdict: Verdict,
    pub truth: String,
    pub found: String,
    pub confidence: f32,
    /// Whether the letters of the truth were read at all; `None` where nobody can say.
    pub read: Option<bool>,
}

/// Right, wrong or silent, of those that have a truth.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Tally {
    pub right: usize,
    pub wrong: usize,
    pub silent: usize,
    /// Of those not right, those whose letters were not read.
    pub unread: usize,
}

impl Tally {
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Right => self.right += 1,
            Verdict::Wrong => self.wrong += 1,
            Verdict::Silent => self.silent += 1,
        }
    }

    /// "91.0 right, 7.0 wrong of 264; 12 of 24 not right were not read".
    pub fn line(&self) -> String {
        let percent = |n: usize| 100.0 * n as f64 / self.of().max(1) as f64;
        let missed = self.wrong + self.silent;
        let (right, wrong) = (percent(self.right), percent(self.wrong));
        format!("{right:5.1} / {wrong:4.1} of {:3}; letters not read {}/{missed}", self.of(), self.unread)
    }

    pub fn of(&self) -> usize {
        self.right + self.wrong + self.silent
    }
}

/// What of a filed document is not the paper's: its kind, or one of the fields in `COUNTS`. Empty where it is right.
pub fn wrong(truth: &Truth, kind: Option<Kind>, compared: &[Compared]) -> Vec<&'static str> {
    const COUNTS: [&str; 7] = ["vendor", "total", "tax", "date", "number", "currency", "mrz"];
    let fields = compared.iter().filter(|c| COUNTS.contains(&c.name) && c.verdict == Verdict::Wrong);
    let kind = (kind != Some(truth.label)).then_some("kind");
    kind.into_iter().chain(fields.map(|c| c.name)).collect()
}

fn bare(text: &str) -> String {
    sheet::fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn cents(text: &str) -> Option<i64> {
    text.replace(',', "").parse::<f64>().ok().map(|v| (v * 100.0).round() as i64)
}

/// A party is the paper's when it is one of its names to the letter, or one with more or less behind or before it: a
/// legal form, a branch.
pub fn party(truth: &str, found: &str) -> bool {
    let (t, f) = (bare(truth), bare(found));
    if t == f {
        return true;
    }
    let (short, long) = if t.len() < f.len() { (&t, &f) } else { (&f, &t) };
    short.chars().count() >= 4 && (long.starts_with(short.as_str()) || long.ends_with(short.as_str()))
}

fn exact(truth: &str, found: &str) -> bool {
    bare(truth) == bare(found)
}

fn money(truth: &str, found: &str) -> bool {
    cents(truth).is_some() && cents(truth) == cents(found)
}

/// The truth may lack the prefix of a country.
fn id(truth: &str, found: &str) -> bool {
    let (truth, found) = (bare(truth), bare(found));
    truth == found || found.ends_with(&truth) && truth.len() >= 7
}

fn zone_number(lines: &str) -> Option<String> {
    let lines: Vec<&str> = lines.split("\\n").collect();
    let zone = mrz::parse_lines(&lines)?;
    Some(format!("{} {}", zone.number, zone.surname))
}

/// Every field that has a truth.
pub fn compare(truth: &Truth, fields: &Fields, read: Option<&Legible>) -> Vec<Compared> {
    use FieldName::*;
    let field = |names: &[FieldName]| names.iter().find_map(|n| fields.get(n));
    let mut out = Vec::new();
    let mut put = |name, names: &[FieldName], truth: &str, same: fn(&str, &str) -> bool| {
        if truth.is_empty() {
            return;
        }
        let found = field(names);
        let verdict = match found {
            None => Verdict::Silent,
            Some(f) if truth.split('|').any(|t| same(t, &f.value)) => Verdict::Right,
            Some(_) => Verdict::Wrong,
        };
        let (found, confidence) = found.map_or((String::new(), 0.0), |f| (f.value.to_string(), f.confidence));
        let read = read.and_then(|read| match name {
            "total" | "tax" => Some(read.says_amount(truth)),
            "date" => Some(read.says_date(truth)),
            "currency" => None,
            _ => Some(read.says(truth)),
        });
        out.push(Compared { name, verdict, truth: truth.to_owned(), found, confidence, read });
    };
    put("total", &[Total], &truth.gt_total, money);
    put("date", &[Date, IssueDate], &truth.gt_date, exact);
    put("vendor", &[MerchantName, IssuerName], &truth.gt_vendor, party);
    put("tax", &[Tax], &truth.gt_tax, money);
    put("currency", &[Currency], &truth.gt_currency, exact);
    put("tax_id", &[MerchantTaxId, IssuerTaxId], &truth.gt_tax_id, id);
    put("number", &[Number], &truth.gt_invoice_no, exact);
    if let Some(zone) = zone_number(&truth.gt_mrz) {
        let number = field(&[DocumentNumber]);
        let surname = field(&[Surname]).map_or("", |f| f.value.as_str());
        let found = number.map(|n| format!("{} {surname}", n.value));
        let verdict = match &found {
            None => Verdict::Silent,
            Some(found) if exact(&zone, found) => Verdict::Right,
            Some(_) => Verdict::Wrong,
        };
        out.push(Compared {
            name: "mrz",
            verdict,
            truth: zone,
            found: found.unwrap_or_default(),
            confidence: number.map_or(0.0, |n| n.confidence),
            read: None,
        });
    }
    out
}
