//! What the memory of vendors is worth: `memory DATA EVIDENCE [--leave-out [--kinds FOLDER]]`. Of every vendor with three
//! or more papers two are taught by their truth, as a person would at the desk; the others are read without and with
//! memory, with `--leave-out` each by scorers that saw none of its source. Prints how many are filed and how many of these
//! are wrong, before and after.

#![allow(missing_docs, dead_code, clippy::print_stdout, clippy::print_stderr)]

#[path = "train/choice.rs"]
mod choice;
#[path = "train/kinds.rs"]
mod kinds;
#[path = "eval/legible.rs"]
mod legible;
#[path = "train/logistic.rs"]
mod logistic;
#[path = "train/scorers.rs"]
mod scorers;
#[path = "train/signed.rs"]
mod signed;
#[path = "eval/truth.rs"]
mod truth;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use acuse_pipeline::{
    document::Kind,
    fields::{Field, FieldName, Fields, Source},
    linking::folded,
    memory::{self, Clues, Paper, Theirs},
    reading::{Evidence, Outcome, Reading},
    reason::{Reason, ReasonCode},
    understand::{model::Model, understand_by},
};
use kinds::Kinds;
use time::OffsetDateTime;
use truth::Truth;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Filed and filed wrong.
#[derive(Default)]
struct Tally {
    filed: usize,
    wrong: usize,
}

impl Tally {
    fn add(&mut self, truth: &Truth, reading: &Reading) -> bool {
        if reading.outcome != Outcome::Accepted {
            return false;
        }
        self.filed += 1;
        let compared = truth::compare(truth, &reading.fields, None);
        let wrong = truth::wrong(truth, reading.kind, &compared);
        self.wrong += usize::from(!wrong.is_empty());
        if !wrong.is_empty() {
            println!("  wrong: {} {wrong:?}", truth.path);
            for c in compared.iter().filter(|c| wrong.contains(&c.name)) {
                println!("      {}: {:?}, is {:?}", c.name, c.found, c.truth);
            }
        }
        true
    }
}

fn text(evidence: &Evidence) -> String {
    let pages = evidence.pages.iter();
    let page = |lines: Vec<&str>| lines.join("\n");
    pages.map(|p| page(p.lines.iter().map(|l| l.text.as_str()).collect())).collect::<Vec<_>>().join("\u{c}")
}

fn read(evidence: &Evidence, model: &Model) -> Reading {
    let understood = understand_by(evidence, OffsetDateTime::now_utc().date(), model);
    let plain = Reading::refused("image/jpeg", Reason::new(ReasonCode::Corrupt, ""));
    Reading {
        outcome: if understood.reasons.is_empty() { Outcome::Accepted } else { Outcome::Review },
        reasons: understood.reasons,
        kind: Some(understood.kind),
        confidence: understood.confidence,
        id_probability: understood.id_probability,
        fields: understood.fields,
        doubts: understood.doubts,
        text: text(evidence),
        ..plain
    }
}

/// What a person files: what was read, with the truth's party in its place.
fn filed(truth: &Truth, read: &Fields) -> Fields {
    let (name, id) = match truth.label {
        Kind::Invoice => (FieldName::IssuerName, FieldName::IssuerTaxId),
        _ => (FieldName::MerchantName, FieldName::MerchantTaxId),
    };
    let said = |value: &str| Field::unplaced(value.split('|').next().unwrap_or(value), 1.0, Source::Reviewer);
    let mut fields = read.clone();
    for name in
        [FieldName::IssuerName, FieldName::MerchantName, FieldName::IssuerTaxId, FieldName::MerchantTaxId]
    {
        fields.remove(&name);
    }
    fields.insert(name, said(&truth.gt_vendor));
    if !truth.gt_tax_id.is_empty() {
        fields.insert(id, said(&truth.gt_tax_id));
    }
    fields
}

fn models(truths: &[Truth], evidence: &Path, rest: &[String]) -> Result<HashMap<String, Model>, Failure> {
    let kinds = Kinds::named(rest)?;
    let documents = signed::documents(truths, evidence, &kinds)?;
    let without = scorers::without_each(&documents).into_iter().map(|(source, scorers)| {
        let mut model = kinds.of(&source).clone();
        model.scorers = scorers;
        (source, model)
    });
    Ok(without.collect())
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [data, evidence_dir, rest @ ..] = args.as_slice() else {
        return Err("memory DATA EVIDENCE [--leave-out [--kinds FOLDER]]".into());
    };
    let (truths, dir) = (truth::manifest(Path::new(data))?, Path::new(evidence_dir));
    let leave_out = rest.iter().any(|a| a == "--leave-out");
    let models = if leave_out { models(&truths, dir, rest)? } else { HashMap::new() };
    let mut vendors: BTreeMap<String, Vec<&Truth>> = BTreeMap::new();
    let bills = truths.iter().filter(|t| matches!(t.label, Kind::Invoice | Kind::Receipt));
    for truth in bills.filter(|t| !t.gt_vendor.is_empty()) {
        let name = truth.gt_vendor.split('|').next().unwrap_or_default();
        vendors.entry(folded(name)).or_default().push(truth);
    }
    vendors.retain(|_, papers| papers.len() >= 3);
    let (mut papers, mut rest) = (Vec::new(), Vec::new());
    for truths in vendors.values() {
        for (at, truth) in truths.iter().enumerate() {
            let Ok(bytes) = std::fs::read(dir.join(format!("{}.json", truth.path))) else { continue };
            let evidence: Evidence = serde_json::from_slice(&bytes)?;
            let model = models.get(&truth.source_repo).unwrap_or(Model::committed());
            let reading = read(&evidence, model);
            if at < 2 {
                let fields = filed(truth, &reading.fields);
                papers.extend(Paper::of(truth.label, &fields, &reading.text, &Theirs::default()));
            } else {
                rest.push((*truth, reading, model));
            }
        }
    }
    let (mut before, mut after) = (Tally::default(), Tally::default());
    let (mut known, mut misnamed) = (0, 0);
    for (truth, reading, model) in &mut rest {
        println!("{}: {}", truth.path, truth.gt_vendor);
        let was = before.add(truth, reading);
        let clues = Clues::of(&reading.fields, &reading.text);
        let sharing: Vec<Paper> =
            papers.iter().filter(|p| p.signs.iter().any(|s| clues.signs.contains(s))).cloned().collect();
        let recall = reading.kind.map(|kind| memory::recall(kind, &clues, &sharing)).unwrap_or_default();
        if let Some(vendor) = &recall.vendor {
            known += 1;
            let right = truth.gt_vendor.split('|').any(|name| truth::party(name, &vendor.name));
            misnamed += usize::from(!right);
            println!("  known: {} by {:?}{}", vendor.name, vendor.by, if right { "" } else { " MISNAMED" });
        }
        memory::apply(&recall, reading, &model.scorers);
        let is = after.add(truth, reading);
        if !was && is {
            println!("  now filed");
        }
    }
    println!(
        "{} vendors, {} papers taught, {} others: known {known}, misnamed {misnamed}",
        vendors.len(),
        papers.len(),
        rest.len()
    );
    println!("without memory: filed {}, wrong {}", before.filed, before.wrong);
    println!("with memory:    filed {}, wrong {}", after.filed, after.wrong);
    Ok(())
}
