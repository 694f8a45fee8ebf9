//! The manifest's truth and what a reading is worth against it.

use std::path::Path;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields},
    understand::{mrz, sheet},
};
use serde::{Deserialize, Serialize};

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
    pub notes: String,
}

impl Truth {
    /// The label is arguable.
    pub fn hard(&self) -> bool {
        self.notes.starts_with("hard:")
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
}

/// Right, wrong or silent, of those that have a truth.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Tally {
    pub right: usize,
    pub wrong: usize,
    pub silent: usize,
}

impl Tally {
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Right => self.right += 1,
            Verdict::Wrong => self.wrong += 1,
            Verdict::Silent => self.silent += 1,
        }
    }

    pub fn of(&self) -> usize {
        self.right + self.wrong + self.silent
    }
}

/// Whether a filed document is an error: its kind is wrong, or an amount, date, number or tax id is. A name is
/// compared to the letter and a currency often has no truth: they are counted apart.
pub fn filed_wrong(truth: &Truth, kind: Option<Kind>, compared: &[Compared]) -> bool {
    let counts = |name: &str| !matches!(name, "vendor" | "currency");
    kind != Some(truth.label) || compared.iter().any(|c| counts(c.name) && c.verdict == Verdict::Wrong)
}

fn bare(text: &str) -> String {
    sheet::fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn cents(text: &str) -> Option<i64> {
    text.replace(',', "").parse::<f64>().ok().map(|v| (v * 100.0).round() as i64)
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
pub fn compare(truth: &Truth, fields: &Fields) -> Vec<Compared> {
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
        out.push(Compared { name, verdict, truth: truth.to_owned(), found, confidence });
    };
    put("total", &[Total], &truth.gt_total, money);
    put("date", &[Date, IssueDate], &truth.gt_date, exact);
    put("vendor", &[MerchantName, IssuerName], &truth.gt_vendor, exact);
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
        });
    }
    out
}
