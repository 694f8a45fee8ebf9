//! What others have said of a document that two persons must decide: that they did, and where they differ for whoever
//! settles it.

use std::collections::{BTreeSet, HashSet};

use acuse_pipeline::fields::FieldName;
use acuse_storage::{
    Document, DocumentId,
    names::WaitsFor,
    reviews::four_eyes::{Answer, Opinion},
};
use uuid::Uuid;

use super::super::{labels, language::Tongue, session::Person};
use crate::{problem::Problem, state::App};

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

/// An id as it is named to somebody who may know of it.
fn known(id: Uuid, beyond: &HashSet<Uuid>) -> String {
    if beyond.contains(&id) { "—".to_owned() } else { id.to_string() }
}

fn verdict(answer: &Answer, beyond: &HashSet<Uuid>, tongue: Tongue) -> String {
    match answer.duplicate_of {
        Some(DocumentId(id)) => tongue.f("duplicate of {}", known(id, beyond)),
        None if answer.rejects => tongue.t("rejected").to_owned(),
        None => tongue.t("filed").to_owned(),
    }
}

/// Where two answers differ, without what is beyond the reach of whoever settles it.
fn differences(first: &Answer, second: &Answer, beyond: &HashSet<Uuid>, tongue: Tongue) -> Vec<Difference> {
    let mut all = Vec::new();
    // Told apart by what they are: of two that are both beyond reach it is said that they differ.
    let mut put = |is_same: bool, label: String, first: String, second: String| {
        if !is_same {
            all.push(Difference { label, first, second });
        }
    };
    let said = |a: &Answer| verdict(a, beyond, tongue);
    let end = |a: &Answer| (a.duplicate_of, a.duplicate_of.is_none() && a.rejects);
    put(end(first) == end(second), "Decision".to_owned(), said(first), said(second));
    let kind = |a: &Answer| tongue.t(labels::kind(a.kind)).to_owned();
    put(first.kind == second.kind, "Kind".to_owned(), kind(first), kind(second));
    let customer = |a: &Answer| a.customer_id.map(|c| known(c.0, beyond)).unwrap_or_default();
    let is_same = first.customer_id == second.customer_id;
    put(is_same, "Customer".to_owned(), customer(first), customer(second));
    let names: BTreeSet<FieldName> = first.fields.keys().chain(second.fields.keys()).copied().collect();
    for name in names {
        let value = |a: &Answer| a.fields.get(&name).map(ToString::to_string).unwrap_or_default();
        let (one, other) = (value(first), value(second));
        put(one == other, labels::label(name.as_str()), one, other);
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
    let ids =
        said.iter().flat_map(|o| [o.answer.duplicate_of.map(|d| d.0), o.answer.customer_id.map(|c| c.0)]);
    let ids: Vec<Uuid> = ids.flatten().collect();
    let beyond = app.catalog.beyond_reach(person.caller.access(), &ids).await?;
    let differences = match said.as_slice() {
        [first, second, ..] if settles => differences(&first.answer, &second.answer, &beyond, person.tongue),
        _ => Vec::new(),
    };
    Ok(Some(Others {
        who: said.iter().map(name).collect(),
        differences,
        is_own: said.iter().any(|o| o.person == person.caller.actor),
    }))
}

#[cfg(test)]
mod tests {
    use acuse_storage::CustomerId;

    use super::*;

    #[test]
    fn what_is_beyond_reach_differs_without_a_name() {
        let (mine, before, theirs) = (CustomerId::generate(), DocumentId::generate(), CustomerId::generate());
        let filed = |customer_id| Answer {
            rejects: false,
            duplicate_of: None,
            kind: None,
            fields: Default::default(),
            customer_id: Some(customer_id),
        };
        let again = Answer { duplicate_of: Some(before), ..filed(theirs) };
        let told = |first: &Answer, second: &Answer| {
            let beyond = HashSet::from([before.0, theirs.0]);
            let all = differences(first, second, &beyond, Tongue::En);
            all.into_iter().map(|d| (d.label, d.first, d.second)).collect::<Vec<_>>()
        };
        let said = |label: &str, first: &str, second: &str| -> (String, String, String) {
            (label.into(), first.into(), second.into())
        };
        let decided = said("Decision", "filed", "duplicate of —");
        assert_eq!(told(&filed(mine), &again), [decided, said("Customer", &mine.to_string(), "—")]);
        let others = filed(CustomerId::generate());
        assert!(told(&filed(mine), &filed(mine)).is_empty());
        assert_eq!(told(&filed(theirs), &others).len(), 1);
    }
}
