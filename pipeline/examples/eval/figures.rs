//! Counts over many documents, and how they are printed.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::Kind,
    fields::{Field, FieldName, Fields},
    reason::ReasonCode,
    understand::whole,
};
use serde::Serialize;

use crate::{
    legible::Legible,
    risk::{self, Curve},
    truth::{Compared, Tally, Truth, Verdict, compare, wrong},
};

/// What was made of one document.
pub struct Answer<'a> {
    /// `None` where it could not be opened.
    pub kind: Option<Kind>,
    pub confidence: f32,
    pub fields: &'a Fields,
    /// Probability that nothing of it is wrong.
    pub sure: f32,
    /// What was read of it, where that is at hand.
    pub legible: Option<&'a Legible>,
    /// Why a person must look, in order; filed when there is none.
    pub reasons: Vec<(ReasonCode, String)>,
}

/// One document, judged.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    pub path: String,
    pub subtype: String,
    pub source: String,
    pub country: String,
    pub language: String,
    /// Whether it came after the rules were written.
    pub new: bool,
    pub label: Kind,
    pub kind: Option<Kind>,
    pub confidence: f32,
    pub filed: bool,
    /// How sure of the whole document; 0 where something besides doubt holds it.
    pub sure: f32,
    /// What of it is not the paper's, were it filed as it is.
    pub wrong: Vec<&'static str>,
    pub hard: bool,
    pub fields: Vec<Compared>,
    pub reasons: Vec<String>,
    /// All that was read.
    pub read: BTreeMap<String, String>,
}

type Counts = BTreeMap<String, BTreeMap<String, usize>>;
type Fieldwise = BTreeMap<String, BTreeMap<String, Tally>>;

/// What was filed of some documents, and what of it was wrong.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Filing {
    pub documents: usize,
    /// Invoices, receipts and IDs.
    pub papers: usize,
    /// Those whose date has passed: they wait however well they are read.
    pub expired: usize,
    pub filed: usize,
    pub filed_papers: usize,
    pub wrong: usize,
    pub wrong_hard: usize,
    pub wrong_by_field: BTreeMap<String, usize>,
    pub curve: Curve,
}

impl Filing {
    fn add(&mut self, one: &Judged, expired: bool) {
        let paper = one.label != Kind::Other;
        self.documents += 1;
        self.papers += usize::from(paper && !expired);
        self.expired += usize::from(expired);
        if !expired {
            self.curve.add(one.sure, !one.wrong.is_empty(), paper);
        }
        if !one.filed {
            return;
        }
        self.filed += 1;
        self.filed_papers += usize::from(paper);
        self.wrong += usize::from(!one.wrong.is_empty());
        self.wrong_hard += usize::from(!one.wrong.is_empty() && one.hard);
        for name in &one.wrong {
            *self.wrong_by_field.entry((*name).to_owned()).or_default() += 1;
        }
    }

    fn line(&self) -> String {
        let fields: Vec<String> = self.wrong_by_field.iter().map(|(n, c)| format!("{n} {c}")).collect();
        format!(
            "filed {}/{} = {:.1} % | wrong {} {}",
            self.filed_papers,
            self.papers,
            100.0 * self.filed_papers as f64 / self.papers.max(1) as f64,
            risk::share(self.wrong, self.filed),
            fields.join(", ")
        )
    }
}

/// All of them.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// `all`, `old` and `new`, and of these by label.
    pub filing: BTreeMap<String, Filing>,
    pub kind_right: usize,
    pub filing_by_source: BTreeMap<String, Filing>,
    pub filing_by_country: BTreeMap<String, Filing>,
    pub filing_by_language: BTreeMap<String, Filing>,
    pub confusion: Counts,
    pub confusion_filed: Counts,
    pub reasons: BTreeMap<String, usize>,
    pub fields: Fieldwise,
    pub by_source: Fieldwise,
    /// By field, and by its confidence in tenths rounded down: whether the confidence keeps its word.
    pub reliability: Fieldwise,
    /// `(sure - right)²`, of fields that have a truth.
    pub brier: BTreeMap<String, (f64, usize)>,
}

/// How sure of a whole document whose only reason to be held is doubt.
fn sure(answer: &Answer<'_>) -> f32 {
    let only_doubt = answer.reasons.iter().all(|(code, _)| *code == ReasonCode::LowConfidence);
    if only_doubt { answer.sure } else { 0.0 }
}

/// The fields without what would be left out of a filed document for want of certainty.
fn would_be_filed(answer: &Answer<'_>) -> Fields {
    let filed = |(name, field): &(&FieldName, &Field)| {
        answer.kind.is_none_or(|kind| whole::is_filed(kind, **name, field))
    };
    answer.fields.iter().filter(filed).map(|(name, field)| (*name, field.clone())).collect()
}

impl Figures {
    /// Counts one.
    pub fn add(&mut self, truth: &Truth, answer: &Answer<'_>) -> Judged {
        let fields = compare(truth, answer.fields, answer.legible);
        let one = Judged {
            path: truth.path.clone(),
            subtype: truth.subtype.clone(),
            source: truth.source_repo.clone(),
            country: truth.country(),
            language: if truth.lang.is_empty() { "?".to_owned() } else { truth.lang.clone() },
            new: truth.is_new(),
            label: truth.label,
            kind: answer.kind,
            confidence: answer.confidence,
            filed: answer.reasons.is_empty(),
            sure: sure(answer),
            wrong: wrong(truth, answer.kind, &compare(truth, &would_be_filed(answer), None)),
            hard: truth.hard(),
            fields,
            reasons: answer.reasons.iter().map(|(code, message)| format!("{code} ({message})")).collect(),
            read: answer.fields.iter().map(|(n, f)| (n.to_string(), f.value.to_string())).collect(),
        };
        let expired = one.label == Kind::Id
            && !one.filed
            && answer.reasons.iter().all(|(code, _)| *code == ReasonCode::Expired);
        self.count_filing(&one, expired);
        self.count_kind(&one);
        for (code, _) in &answer.reasons {
            *self.reasons.entry(code.to_string()).or_default() += 1;
        }
        self.count_fields(&one);
        one
    }

    fn count_filing(&mut self, one: &Judged, expired: bool) {
        let age = if one.new { "new" } else { "old" };
        let groups = [
            "all".to_owned(),
            age.to_owned(),
            format!("{age} {}", one.label),
            if matches!(one.label, Kind::Invoice | Kind::Receipt) {
                format!("{age} bills")
            } else {
                format!("{age} no bills")
            },
        ];
        for group in groups {
            self.filing.entry(group).or_default().add(one, expired);
        }
        let (source, country) = (format!("{age} {}", one.source), format!("{age} {}", one.country));
        self.filing_by_source.entry(source).or_default().add(one, expired);
        self.filing_by_country.entry(country).or_default().add(one, expired);
        self.filing_by_language.entry(format!("{age} {}", one.language)).or_default().add(one, expired);
    }

    fn count_kind(&mut self, one: &Judged) {
        let label = one.label.to_string();
        let kind = one.kind.map_or_else(|| "refused".to_owned(), |k| k.to_string());
        self.kind_right += usize::from(kind == label);
        *self.confusion.entry(label.clone()).or_default().entry(kind.clone()).or_default() += 1;
        if one.filed {
            *self.confusion_filed.entry(label).or_default().entry(kind).or_default() += 1;
        }
    }

    fn count_fields(&mut self, one: &Judged) {
        let age = if one.new { "new" } else { "old" };
        for Compared { name, verdict, confidence, read, .. } in &one.fields {
            let right = *verdict == Verdict::Right;
            if *verdict != Verdict::Silent {
                let bin = format!("{:.1}", (confidence * 10.0).floor() / 10.0);
                self.reliability.entry((*name).to_owned()).or_default().entry(bin).or_default().add(*verdict);
                let (sum, n) = self.brier.entry((*name).to_owned()).or_default();
                *sum += f64::from(confidence - f32::from(u8::from(right))).powi(2);
                *n += 1;
            }
            let into = |group: &mut Fieldwise, key: String| {
                let tally = group.entry(key).or_default().entry((*name).to_owned()).or_default();
                tally.add(*verdict);
                tally.unread += usize::from(!right && *read == Some(false));
            };
            into(&mut self.fields, format!("{age} bills"));
            into(&mut self.by_source, format!("{age} {}", one.source));
        }
    }

    /// For a terminal.
    pub fn print(&self) {
        let all = self.filing.get("all").cloned().unwrap_or_default();
        println!("documents {}, kind right {}", all.documents, risk::share(self.kind_right, all.documents));
        println!("papers of which the date has passed, counted apart: {}", all.expired);
        for (group, filing) in &self.filing {
            println!("{group:>14}: {}", filing.line());
        }
        for group in ["old bills", "new bills", "old", "new"] {
            if let Some(filing) = self.filing.get(group) {
                println!("{group:>14}: {}", filing.curve.line());
            }
        }
        table("confusion, everything said", &self.confusion);
        table("confusion, filed only", &self.confusion_filed);
        println!("reasons {:?}", self.reasons);
        for (title, groups) in [
            (
                "fields: right / wrong / silent, and of those not right the letters were not read",
                &self.fields,
            ),
            ("right of said, by confidence from", &self.reliability),
        ] {
            println!("{title}");
            for (group, fields) in groups {
                for (name, t) in fields {
                    println!("  {group:>10} {name:<9} {}", t.line());
                }
            }
        }
        let brier = self.brier.iter().map(|(n, (sum, of))| format!("{n} {:.3}", sum / (*of).max(1) as f64));
        println!("Brier: {}", brier.collect::<Vec<_>>().join(", "));
        for (title, groups) in [
            ("by source", &self.filing_by_source),
            ("by country", &self.filing_by_country),
            ("by language", &self.filing_by_language),
        ] {
            println!("{title}");
            for (group, filing) in groups {
                println!("  {group:<52} {}", filing.line());
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
    /// Wrong if filed, or a paper that is not filed.
    pub fn miss(&self) -> bool {
        let wrong = self.fields.iter().any(|c| c.verdict != Verdict::Right);
        wrong || self.kind != Some(self.label) || (!self.filed && self.label != Kind::Other)
    }

    /// `FILED WRONG`, `filed` or `held`, and what was taken for what.
    pub fn headline(&self) -> String {
        let fate = match (self.filed, self.wrong.is_empty()) {
            (true, false) => "FILED WRONG",
            (true, true) => "filed",
            (false, false) => "held, wrong",
            (false, true) => "held, right",
        };
        let kind = self.kind.map_or_else(|| "refused".to_owned(), |k| k.to_string());
        let (hard, age) = (if self.hard { " [hard]" } else { "" }, if self.new { "new" } else { "old" });
        let wrong = if self.wrong.is_empty() { String::new() } else { format!(" {:?}", self.wrong) };
        format!(
            "{fate}{wrong} {:.2} {age} {}->{kind} {:.2} {}{hard} {}",
            self.sure, self.label, self.confidence, self.path, self.subtype
        )
    }

    /// Wrong and silent fields, then the reasons.
    pub fn details(&self) -> Vec<String> {
        let fields = self.fields.iter().filter(|c| c.verdict != Verdict::Right);
        let fields = fields.map(|c| {
            let unread = if c.read == Some(false) { ", letters not read" } else { "" };
            format!("{}: {:?} ({:.2}) for {:?}{unread}", c.name, c.found, c.confidence, c.truth)
        });
        fields.chain(self.reasons.iter().cloned()).collect()
    }
}
