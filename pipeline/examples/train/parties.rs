//! The parties found on bills whose issuer is known, with their signs.

use std::{fs, path::Path};

use acuse_pipeline::{
    document::Kind,
    reading::Evidence,
    understand::{parties, sheet::Sheet},
};

use crate::{
    logistic::Example,
    truth::{Truth, party},
};

/// One for each bill of which anything was read.
pub fn examples(truths: &[Truth], evidence: &Path) -> Result<Vec<Example>, serde_json::Error> {
    let mut examples = Vec::new();
    for truth in truths.iter().filter(|t| !t.gt_vendor.is_empty()) {
        let Ok(bytes) = fs::read(evidence.join(format!("{}.json", truth.path))) else { continue };
        let evidence: Evidence = serde_json::from_slice(&bytes)?;
        let sheet = Sheet::of(&evidence);
        let found = match truth.label {
            Kind::Invoice => parties::issuer(&sheet),
            Kind::Receipt => parties::merchant(&sheet),
            _ => None,
        };
        let Some(found) = found else { continue };
        let right = truth.gt_vendor.split('|').any(|t| party(t, &found.name));
        examples.push(Example { source: truth.source_repo.clone(), signs: found.signs, right });
    }
    Ok(examples)
}
