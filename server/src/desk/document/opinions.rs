//! What others have said of a document that two persons must decide: that they did, and where they differ for whoever
//! settles it.

use acuse_pipeline::fields::FieldName;
use acuse_storage::{
    Document, DocumentId,
    names::WaitsFor,
    reviews::four_eyes::{Answer, Opinion},
};

use super::super::{labels, language::Tongue, session::Person};
use crate::{http::problem::Problem, state::App};

/// One thing that two said differently.
pub struct Difference {
    pub label: String,
    pub first: String,
    pub second: String,
}

/// What is known of the others' answers.
pub struct Others {
    /// Who has answered.
    pub who: Vec<String>,
    /// Where they differ; told only to whoever is to settle it.
    pub differences: Vec<Difference>,
    /// Whether this person has answered, so that somebody else is asked.
    pub is_own: bool,
}

fn verdict(answer: &Answer, tongue: Tongue) -> String {
    match answer.duplicate_of {
        Some(DocumentId(id)) => tongue.f("duplicate of {}", id),
        None if answer.rejects => tongue.t("rejected").to_owned(),
        None => tongue.t("filed").to_owned(),
    }
}

fn differences(first: &Answer, second: &Answer, tongue: Tongue) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut put = |label: String, first: String, second: String| {
        if first != second {
            all.push(Difference { label, first, second });
        }
    };
    put("Decision".to_owned(), verdict(first, tongue), verdict(second, tongue));
    let kind = |a: &Answer| tongue.t(labels::kind(a.kind)).to_owned();
    put("Kind".to_owned(), kind(first), kind(second));
    let customer = |a: &Answer| a.customer_id.map(|c| c.to_string()).unwrap_or_default();
    put("Customer".to_owned(), customer(first), customer(second));
    let names: std::collections::BTreeSet<FieldName> =
        first.fields.keys().chain(second.fields.keys()).copied().collect();
    for name in names {
        let value = |a: &Answer| a.fields.get(&name).map(ToString::to_string).unwrap_or_default();
        put(labels::label(name.as_str()), value(first), value(second));
    }
    all
}

/// What others have said of a document; none where one person's word is enough.
///
/// # Errors
/// When the catalog fails.
pub async fn others(app: &App, person: &Person, document: &Document) -> Result<Option<Others>, Problem> {
    let settles = document.waits_for == Some(WaitsFor::Approver);
    if !settles && document.waits_for != Some(WaitsFor::SecondReviewer) {
        return Ok(None);
    }
    let said = app.catalog.opinions_of(document.id).await?;
    let name = |o: &Opinion| o.person.strip_prefix("user:").unwrap_or(&o.person).to_owned();
    let differences = match said.as_slice() {
        [first, second, ..] if settles => differences(&first.answer, &second.answer, person.tongue),
        _ => Vec::new(),
    };
    Ok(Some(Others {
        who: said.iter().map(name).collect(),
        differences,
        is_own: said.iter().any(|o| o.person == person.caller.actor),
    }))
}
