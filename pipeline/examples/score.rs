//! Scores understanding against a manifest's truth, on stored evidence: `score DATA EVIDENCE [--json OUT] [--misses]`.
//!
//! `DATA/manifest.csv` names the documents and their truth; `EVIDENCE/<path>.json` holds what was read of each. A filed
//! document counts as an error when its kind is wrong, or when its total, date, number or tax id has a truth and
//! differs from it, or when its zone's number does. The error is errors over filed; coverage is filed over all
//! invoices, receipts and IDs.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr)]

use std::{collections::BTreeMap, path::Path};

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields},
    limits::Limits,
    reading::{Evidence, Understanding},
    reason::ReasonCode,
    understand::{mrz, sheet, understand},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
struct Truth {
    path: String,
    label: String,
    subtype: String,
    lang: String,
    gt_vendor: String,
    gt_date: String,
    gt_total: String,
    gt_currency: String,
    gt_tax_id: String,
    gt_invoice_no: String,
    gt_mrz: String,
    notes: String,
}

/// Right, wrong or silent, of those that have a truth.
#[derive(Debug, Default, Clone, Serialize)]
struct Tally {
    right: usize,
    wrong: usize,
    silent: usize,
}

impl Tally {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Right => self.right += 1,
            Verdict::Wrong => self.wrong += 1,
            Verdict::Silent => self.silent += 1,
        }
    }
    fn of(&self) -> usize {
        self.right + self.wrong + self.silent
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    Right,
    Wrong,
    Silent,
}

#[derive(Debug, Default, Serialize)]
struct Score {
    documents: usize,
    papers: usize,
    filed: usize,
    filed_by_kind: BTreeMap<String, usize>,
    filed_papers: usize,
    held_only_for_expiry: usize,
    errors: usize,
    kind_right: usize,
    fields: BTreeMap<String, Tally>,
    fields_by_language: BTreeMap<String, BTreeMap<String, Tally>>,
    confusion: BTreeMap<String, BTreeMap<String, usize>>,
    confusion_filed: BTreeMap<String, BTreeMap<String, usize>>,
    reasons: BTreeMap<String, usize>,
}

fn bare(text: &str) -> String {
    sheet::fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

fn cents(text: &str) -> Option<i64> {
    text.replace(',', "").parse::<f64>().ok().map(|v| (v * 100.0).round() as i64)
}

/// One field's verdict; `None` when there is no truth.
fn verdict(truth: &str, found: Option<&str>, same: impl Fn(&str, &str) -> bool) -> Option<Verdict> {
    if truth.is_empty() {
        return None;
    }
    Some(match found {
        None => Verdict::Silent,
        Some(found) if truth.split('|').any(|t| same(t, found)) => Verdict::Right,
        Some(_) => Verdict::Wrong,
    })
}

fn zone_number(lines: &str) -> Option<(String, String)> {
    let lines: Vec<&str> = lines.split("\\n").collect();
    let evidence = mrz::parse_lines(&lines)?;
    Some((evidence.number, evidence.surname))
}

fn value(fields: &Fields, names: &[FieldName]) -> Option<String> {
    names.iter().find_map(|n| fields.get(n)).map(|f| f.value.clone())
}

fn verdicts(truth: &Truth, u: &Understanding) -> Vec<(&'static str, Verdict, String, String)> {
    use FieldName::*;
    let exact = |a: &str, b: &str| bare(a) == bare(b);
    let money = |a: &str, b: &str| cents(a).is_some() && cents(a) == cents(b);
    let id = |a: &str, b: &str| bare(a) == bare(b) || bare(b).ends_with(&bare(a)) && bare(a).len() >= 7;
    let mut out = Vec::new();
    let mut put = |name, truth: &str, found: Option<String>, v: Option<Verdict>| {
        if let Some(v) = v {
            out.push((name, v, truth.to_owned(), found.unwrap_or_default()));
        }
    };
    let f = |names: &[FieldName]| value(&u.fields, names);
    let total = f(&[Total]);
    put("total", &truth.gt_total, total.clone(), verdict(&truth.gt_total, total.as_deref(), money));
    let date = f(&[Date, IssueDate]);
    put("date", &truth.gt_date, date.clone(), verdict(&truth.gt_date, date.as_deref(), exact));
    let vendor = f(&[MerchantName, IssuerName]);
    put("vendor", &truth.gt_vendor, vendor.clone(), verdict(&truth.gt_vendor, vendor.as_deref(), exact));
    let currency = f(&[Currency]);
    put(
        "currency",
        &truth.gt_currency,
        currency.clone(),
        verdict(&truth.gt_currency, currency.as_deref(), exact),
    );
    let tax_id = f(&[MerchantTaxId, IssuerTaxId]);
    put("tax_id", &truth.gt_tax_id, tax_id.clone(), verdict(&truth.gt_tax_id, tax_id.as_deref(), id));
    let number = f(&[Number]);
    put(
        "number",
        &truth.gt_invoice_no,
        number.clone(),
        verdict(&truth.gt_invoice_no, number.as_deref(), exact),
    );
    if let Some((number, surname)) = zone_number(&truth.gt_mrz) {
        let both = f(&[DocumentNumber]).map(|n| format!("{n} {}", f(&[Surname]).unwrap_or_default()));
        let truth = format!("{number} {surname}");
        put("mrz", &truth, both.clone(), verdict(&truth, both.as_deref(), exact));
    }
    out
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [data, evidence_dir, rest @ ..] = args.as_slice() else {
        return Err("score DATA EVIDENCE [--json OUT] [--misses]".into());
    };
    let misses = rest.iter().any(|a| a == "--misses");
    let mut score = Score::default();
    let mut absent = 0;
    let mut manifest = csv::Reader::from_path(Path::new(data).join("manifest.csv"))?;
    for truth in manifest.deserialize() {
        let truth: Truth = truth?;
        let Ok(bytes) = std::fs::read(Path::new(evidence_dir).join(format!("{}.json", truth.path))) else {
            absent += 1;
            continue;
        };
        let evidence: Evidence = serde_json::from_slice(&bytes)?;
        tally(&truth, &understand(&evidence, &Limits::default()), misses, &mut score);
    }
    print(&score, absent);
    if let Some(at) = rest.iter().position(|a| a == "--json")
        && let Some(out) = rest.get(at + 1)
    {
        std::fs::write(out, serde_json::to_vec_pretty(&score)?)?;
    }
    Ok(())
}

fn tally(truth: &Truth, u: &Understanding, misses: bool, score: &mut Score) {
    let label: Kind = match truth.label.parse() {
        Ok(kind) => kind,
        Err(e) => return eprintln!("{}: {e}", truth.path),
    };
    let filed = u.reasons.is_empty();
    score.documents += 1;
    score.papers += usize::from(label != Kind::Other);
    score.kind_right += usize::from(label == u.kind);
    *score.confusion.entry(label.to_string()).or_default().entry(u.kind.to_string()).or_default() += 1;
    for r in &u.reasons {
        *score.reasons.entry(r.code.to_string()).or_default() += 1;
    }
    let verdicts = verdicts(truth, u);
    for (name, v, ..) in &verdicts {
        score.fields.entry(format!("{label} {name}")).or_default().add(*v);
        let lang = if truth.lang.is_empty() { "?" } else { &truth.lang };
        let by = score.fields_by_language.entry(lang.to_owned()).or_default();
        by.entry((*name).to_owned()).or_default().add(*v);
    }
    let lied = |name: &str| !matches!(name, "vendor" | "currency");
    let error = label != u.kind || verdicts.iter().any(|(n, v, ..)| lied(n) && *v == Verdict::Wrong);
    if filed {
        score.filed += 1;
        score.filed_papers += usize::from(label != Kind::Other);
        *score.filed_by_kind.entry(label.to_string()).or_default() += 1;
        score.errors += usize::from(error);
        let filed_as = score.confusion_filed.entry(label.to_string()).or_default();
        *filed_as.entry(u.kind.to_string()).or_default() += 1;
    } else if u.reasons.iter().all(|r| r.code == ReasonCode::Expired) {
        score.held_only_for_expiry += 1;
    }
    if misses {
        tell_misses(truth, u, label, filed && error, filed, &verdicts);
    }
}

fn tell_misses(
    truth: &Truth,
    u: &Understanding,
    label: Kind,
    error: bool,
    filed: bool,
    verdicts: &[(&'static str, Verdict, String, String)],
) {
    let wrong: Vec<String> = verdicts
        .iter()
        .filter(|(_, v, ..)| *v != Verdict::Right)
        .map(|(n, _, t, f)| {
            let confidence = u.fields.iter().find(|(_, x)| x.value == *f).map_or(0.0, |(_, x)| x.confidence);
            format!("{n}: {f:?} ({confidence:.2}) for {t:?}")
        })
        .collect();
    let why: Vec<String> = u.reasons.iter().map(|r| format!("{} ({})", r.code, r.message)).collect();
    if error || label != u.kind || !wrong.is_empty() || (!filed && label != Kind::Other) {
        let flag = if error {
            "FILED WRONG"
        } else if filed {
            "filed"
        } else {
            "held"
        };
        let hard = if truth.notes.starts_with("hard:") { " [hard]" } else { "" };
        println!("{flag} {label}->{} {:.2} {}{hard} {}", u.kind, u.confidence, truth.path, truth.subtype);
        for line in wrong.iter().chain(&why) {
            println!("    {line}");
        }
    }
}

fn print(score: &Score, absent: usize) {
    let share = |a: usize, b: usize| 100.0 * a as f64 / b.max(1) as f64;
    println!("documents {} (no evidence for {absent})", score.documents);
    println!("kind right {:.1} %", share(score.kind_right, score.documents));
    println!(
        "coverage {}/{} = {:.1} %",
        score.filed_papers,
        score.papers,
        share(score.filed_papers, score.papers)
    );
    println!("held for expiry alone {}", score.held_only_for_expiry);
    println!(
        "error among filed {}/{} = {:.2} %",
        score.errors,
        score.filed,
        share(score.errors, score.filed)
    );
    println!("filed by kind {:?}", score.filed_by_kind);
    println!("confusion {:?}", score.confusion);
    println!("confusion, filed {:?}", score.confusion_filed);
    println!("reasons {:?}", score.reasons);
    for (name, t) in &score.fields {
        println!("{name:>20} {}/{} = {:.1} % ({} wrong)", t.right, t.of(), share(t.right, t.of()), t.wrong);
    }
    for (lang, fields) in &score.fields_by_language {
        let all: Vec<String> = fields.iter().map(|(n, t)| format!("{n} {}/{}", t.right, t.of())).collect();
        println!("{lang:>10} {}", all.join(", "));
    }
}
