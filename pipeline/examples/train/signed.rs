//! What was found on bills whose truth is known, with its signs.

use std::{fs, path::Path};

use acuse_pipeline::{
    document::Kind,
    fields::{Field, Source},
    reading::{Evidence, Understanding},
    understand::{model::Model, scorer::Scorers, understand_by},
};
use time::OffsetDateTime;

use crate::{
    legible::Legible,
    logistic::Example,
    truth::{Compared, Truth, Verdict, compare},
};

/// One document of which anything was read.
#[allow(dead_code)]
pub struct Document {
    pub truth: Truth,
    pub evidence: Evidence,
    pub understood: Understanding,
    pub compared: Vec<Compared>,
}

/// All documents of the manifest, understood by `model`.
pub fn documents(
    truths: &[Truth],
    evidence: &Path,
    model: &Model,
) -> Result<Vec<Document>, serde_json::Error> {
    let today = OffsetDateTime::now_utc().date();
    let mut documents = Vec::new();
    for truth in truths {
        let Ok(bytes) = fs::read(evidence.join(format!("{}.json", truth.path))) else { continue };
        let evidence: Evidence = serde_json::from_slice(&bytes)?;
        let understood = understand_by(&evidence, today, model);
        let compared = compare(truth, &understood.fields, None::<&Legible>);
        documents.push(Document { truth: truth.clone(), evidence, understood, compared });
    }
    Ok(documents)
}

/// What a field is called in the truth.
pub fn told(scored: &str) -> &str {
    if scored == "party" { "vendor" } else { scored }
}

/// The examples of one scorer: of each bill the value found, its signs, and whether it is the paper's.
pub fn examples(documents: &[&Document], scored: &str) -> Vec<Example> {
    let bill = |d: &&Document| matches!(d.truth.label, Kind::Invoice | Kind::Receipt);
    let one = |d: &Document| {
        let signed = d.understood.signs.iter().find(|s| Scorers::scored(s.name) == Some(scored))?;
        let compared = d.compared.iter().find(|c| c.name == told(scored))?;
        // What an XML or a code says in its stead says nothing of it.
        let printed = |f: &Field| f.value == signed.value && matches!(f.source, Source::Ocr | Source::Text);
        let own = d.understood.fields.get(&signed.name).is_some_and(printed);
        let right = compared.verdict == Verdict::Right;
        own.then(|| Example { source: d.truth.source_repo.clone(), signs: signed.signs.clone(), right })
    };
    documents.iter().copied().filter(bill).filter_map(one).collect()
}
