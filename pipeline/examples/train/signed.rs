//! What was found on bills whose truth is known, with its signs.

use std::{fs, path::Path};

use acuse_pipeline::{
    document::Kind,
    fields::FieldName,
    fields::{Field, Source},
    reading::{Evidence, Understanding},
    understand::{parties::Options, scorer::Scorers, sheet::Sheet, tax_ids, understand_by},
};
use time::OffsetDateTime;

use crate::{
    kinds::Kinds,
    legible::Legible,
    logistic::Example,
    truth::{self, Compared, Truth, Verdict, compare},
};

/// One document of which anything was read.
#[allow(dead_code)]
pub struct Document {
    pub truth: Truth,
    pub evidence: Evidence,
    pub understood: Understanding,
    pub compared: Vec<Compared>,
    /// Every name that may be the party's.
    pub options: Options,
    /// Of each, whether it is.
    pub of_party: Vec<bool>,
}

impl Document {
    /// The field that names the party of its kind as it was read.
    pub fn party_field(&self) -> Option<FieldName> {
        match self.understood.kind {
            Kind::Invoice => Some(FieldName::IssuerName),
            Kind::Receipt => Some(FieldName::MerchantName),
            _ => None,
        }
    }

    /// Whether it is a bill whose party is known and was read from print.
    pub fn has_party(&self) -> bool {
        let printed = |f: &Field| matches!(f.source, Source::Ocr | Source::Text);
        let field = self.party_field().and_then(|name| self.understood.fields.get(&name));
        matches!(self.truth.label, Kind::Invoice | Kind::Receipt)
            && !self.truth.gt_vendor.is_empty()
            && field.is_none_or(printed)
    }

    /// Whether a name is the party's.
    pub fn is_party(&self, name: &str) -> bool {
        self.truth.gt_vendor.split('|').any(|t| truth::party(t, name))
    }
}

/// All documents of the manifest, each understood by a classifier that saw nothing of its source.
pub fn documents(
    truths: &[Truth],
    evidence: &Path,
    kinds: &Kinds,
) -> Result<Vec<Document>, serde_json::Error> {
    let today = OffsetDateTime::now_utc().date();
    let mut documents = Vec::new();
    for truth in truths {
        let Ok(bytes) = fs::read(evidence.join(format!("{}.json", truth.path))) else { continue };
        let evidence: Evidence = serde_json::from_slice(&bytes)?;
        let understood = understand_by(&evidence, today, kinds.of(&truth.source_repo));
        let compared = compare(truth, &understood.fields, None::<&Legible>);
        let sheet = Sheet::of(&evidence);
        let invoice = match understood.kind {
            Kind::Receipt => false,
            kind => kind == Kind::Invoice || truth.label == Kind::Invoice,
        };
        let options = Options::of(&sheet, &tax_ids::tax_ids(&sheet), invoice);
        let mut document =
            Document { truth: truth.clone(), evidence, understood, compared, options, of_party: Vec::new() };
        if !truth.gt_vendor.is_empty() {
            document.of_party = document.options.iter().map(|n| document.is_party(&n.name)).collect();
        }
        documents.push(document);
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
