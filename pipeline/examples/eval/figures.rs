//! Counts over many documents, and how they are printed.

use std::collections::BTreeMap;

use acuse_pipeline::{document::Kind, fields::Fields, reason::ReasonCode};
use serde::Serialize;

use crate::truth::{Compared, Tally, Truth, Verdict, compare, filed_wrong};

/// What was made of one document.
pub struct Answer<'a> {
    /// `None` where it could not be opened.
    pub kind: Option<Kind>,
    pub confidence: f32,
    pub fields: &'a Fields,
    /// Why a person must look, in order; filed when there is none.
    pub reasons: Vec<(ReasonCode, String)>,
}

/// One document, judged.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    pub path: String,
    pub subtype: String,
    pub label: Kind,
    pub kind: Option<Kind>,
    pub confidence: f32,
    pub filed: bool,
    /// Filed, and its kind or a field that counts is wrong.
    pub error: bool,
    pub hard: bool,
    pub fields: Vec<Compared>,
    pub reasons: Vec<String>,
}

type Counts = BTreeMap<String, BTreeMap<String, usize>>;
type Fieldwise = BTreeMap<String, BTreeMap<String, Tally>>;

/// All of them.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    pub documents: usize,
    /// Invoices, receipts and IDs.
    pub papers: usize,
    pub filed: usize,
    pub filed_papers: usize,
    pub errors: usize,
    /// Of the filed, those whose label nobody disputes.
    pub errors_not_hard: usize,
    pub kind_right: usize,
    /// Reviews that a passed date alone calls for.
    pub held_for_expiry_alone: usize,
    pub papers_by_kind: BTreeMap<String, usize>,
    pub filed_by_kind: BTreeMap<String, usize>,
    pub confusion: Counts,
    pub confusion_filed: Counts,
    pub reasons: BTreeMap<String, usize>,
    pub fields: BTreeMap<String, Tally>,
    pub by_source: Fieldwise,
    pub by_language: Fieldwise,
    /// Rows whose label is arguable, apart.
    pub hard: Fieldwise,
    /// By field, and by its confidence in tenths rounded down: whether the confidence keeps its word.
    pub reliability: Fieldwise,
}

impl Figures {
    /// Counts one.
    pub fn add(&mut self, truth: &Truth, answer: &Answer<'_>) -> Judged {
        let fields = compare(truth, answer.fields);
        let filed = answer.reasons.is_empty();
        let error = filed && filed_wrong(truth, answer.kind, &fields);
        let label = truth.label.to_string();
        let kind = answer.kind.map_or_else(|| "refused".to_owned(), |k| k.to_string());
        let paper = truth.label != Kind::Other;
        self.documents += 1;
        self.papers += usize::from(paper);
        self.kind_right += usize::from(kind == label);
        self.errors += usize::from(error);
        self.errors_not_hard += usize::from(error && !truth.hard());
        let count = |counts: &mut Counts| {
            *counts.entry(label.clone()).or_default().entry(kind.clone()).or_default() += 1;
        };
        count(&mut self.confusion);
        if paper {
            *self.papers_by_kind.entry(label.clone()).or_default() += 1;
        }
        if filed {
            self.filed += 1;
            self.filed_papers += usize::from(paper);
            *self.filed_by_kind.entry(label.clone()).or_default() += 1;
            count(&mut self.confusion_filed);
        } else {
            self.held_for_expiry_alone +=
                usize::from(answer.reasons.iter().all(|(code, _)| *code == ReasonCode::Expired));
        }
        for (code, _) in &answer.reasons {
            *self.reasons.entry(code.to_string()).or_default() += 1;
        }
        for Compared { name, verdict, confidence, .. } in &fields {
            if *verdict != Verdict::Silent {
                let bin = format!("{:.1}", (confidence * 10.0).floor() / 10.0);
                self.reliability.entry((*name).to_owned()).or_default().entry(bin).or_default().add(*verdict);
            }
            self.fields.entry(format!("{label} {name}")).or_default().add(*verdict);
            let language = if truth.lang.is_empty() { "?" } else { &truth.lang };
            let into = |group: &mut Fieldwise, key: &str| {
                group.entry(key.to_owned()).or_default().entry((*name).to_owned()).or_default().add(*verdict);
            };
            if truth.hard() {
                into(&mut self.hard, &label);
            } else {
                into(&mut self.by_source, &truth.source_repo);
                into(&mut self.by_language, language);
            }
        }
        Judged {
            path: truth.path.clone(),
            subtype: truth.subtype.clone(),
            label: truth.label,
            kind: answer.kind,
            confidence: answer.confidence,
            filed,
            error,
            hard: truth.hard(),
            fields,
            reasons: answer.reasons.iter().map(|(code, message)| format!("{code} ({message})")).collect(),
        }
    }

    /// For a terminal.
    pub fn print(&self) {
        let share = |a: usize, b: usize| 100.0 * a as f64 / b.max(1) as f64;
        println!("documents {}", self.documents);
        println!("kind right {:.1} %", share(self.kind_right, self.documents));
        let by_kind: Vec<String> = self
            .papers_by_kind
            .iter()
            .map(|(kind, all)| format!("{kind} {}/{all}", self.filed_by_kind.get(kind).unwrap_or(&0)))
            .collect();
        let coverage = share(self.filed_papers, self.papers);
        println!("coverage {}/{} = {coverage:.1} % ({})", self.filed_papers, self.papers, by_kind.join(", "));
        println!("held for expiry alone {}", self.held_for_expiry_alone);
        let hard = self.errors - self.errors_not_hard;
        println!(
            "error among filed {}/{} = {:.2} % ({hard} of them hard)",
            self.errors,
            self.filed,
            share(self.errors, self.filed)
        );
        table("confusion, everything said", &self.confusion);
        table("confusion, filed only", &self.confusion_filed);
        println!("reasons {:?}", self.reasons);
        for (name, t) in &self.fields {
            println!(
                "{name:>20} {}/{} = {:.1} % ({} wrong)",
                t.right,
                t.of(),
                share(t.right, t.of()),
                t.wrong
            );
        }
        for (title, groups) in [
            ("by source", &self.by_source),
            ("by language", &self.by_language),
            ("hard, by label", &self.hard),
            ("right of said, by confidence from", &self.reliability),
        ] {
            println!("{title}");
            for (group, fields) in groups {
                let all: Vec<String> =
                    fields.iter().map(|(n, t)| format!("{n} {}/{}", t.right, t.of())).collect();
                println!("  {group:<52} {}", all.join(", "));
            }
        }
    }
}

fn table(title: &str, counts: &Counts) {
    let mut said: Vec<&String> = counts.values().flat_map(BTreeMap::keys).collect();
    said.sort();
    said.dedup();
    println!("{title:>28} |{}", said.iter().map(|s| format!("{s:>9}")).collect::<String>());
    for (truth, row) in counts {
        let cells: String = said.iter().map(|s| format!("{:>9}", row.get(*s).unwrap_or(&0))).collect();
        println!("{truth:>28} |{cells}");
    }
}

impl Judged {
    /// A wrong kind or field, or a paper that is not filed.
    pub fn miss(&self) -> bool {
        let wrong = self.fields.iter().any(|c| c.verdict != Verdict::Right);
        self.error || self.kind != Some(self.label) || wrong || (!self.filed && self.label != Kind::Other)
    }

    /// `FILED WRONG`, `filed` or `held`, and what was taken for what.
    pub fn headline(&self) -> String {
        let fate = match (self.error, self.filed) {
            (true, _) => "FILED WRONG",
            (_, true) => "filed",
            _ => "held",
        };
        let kind = self.kind.map_or_else(|| "refused".to_owned(), |k| k.to_string());
        let hard = if self.hard { " [hard]" } else { "" };
        format!("{fate} {}->{kind} {:.2} {}{hard} {}", self.label, self.confidence, self.path, self.subtype)
    }

    /// Wrong and silent fields, then the reasons.
    pub fn details(&self) -> Vec<String> {
        let fields = self.fields.iter().filter(|c| c.verdict != Verdict::Right);
        let fields =
            fields.map(|c| format!("{}: {:?} ({:.2}) for {:?}", c.name, c.found, c.confidence, c.truth));
        fields.chain(self.reasons.iter().cloned()).collect()
    }
}
