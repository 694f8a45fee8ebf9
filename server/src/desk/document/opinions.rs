//! What others have said of a document that two persons must decide: that they did, and where they differ for whoever
//! settles it.

use std::collections::{BTreeSet, HashMap};

use acuse_pipeline::fields::FieldName;
use acuse_storage::{
    CustomerId, DocumentId,
    names::WaitsFor,
    reviews::four_eyes::{Answer, Opinion},
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::{
    labels,
    language::Tongue,
    session::Person,
    timed::{Moment, Timed},
};
use crate::{access, problem::Problem, state::App};

/// One thing that two said differently.
pub struct Difference {
    pub label: String,
    /// What either said.
    pub said: [Timed; 2],
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

/// What customers and documents are called to somebody who may know of them.
#[derive(Default)]
struct Names {
    customers: HashMap<CustomerId, String>,
    /// Also when they came: two are often called the same.
    documents: HashMap<DocumentId, (String, OffsetDateTime)>,
}

const NO_NAME: &str = "—";

/// The names of what two answers may differ in, without what is beyond the reach of whoever settles it.
async fn names(app: &App, person: &Person, said: &[Opinion]) -> Result<Names, Problem> {
    let customers: BTreeSet<CustomerId> = said.iter().filter_map(|o| o.answer.customer_id).collect();
    let documents: BTreeSet<DocumentId> = said.iter().filter_map(|o| o.answer.duplicate_of).collect();
    let ids: Vec<Uuid> = customers.iter().map(|c| c.0).chain(documents.iter().map(|d| d.0)).collect();
    let beyond = app.catalog.beyond_reach(person.caller.access(), &ids).await?;
    let mut names = Names::default();
    for id in customers.into_iter().filter(|id| !beyond.contains(&id.0)) {
        let found = app.catalog.customer(id).await?;
        names.customers.insert(id, found.map_or_else(|| id.to_string(), |customer| customer.name));
    }
    let mut firsts = Vec::new();
    for id in documents.into_iter().filter(|id| !beyond.contains(&id.0)) {
        firsts.extend(app.catalog.document(id).await?);
    }
    for seen in access::list(app, &person.caller, firsts).await? {
        let title = labels::title(seen.kind, &seen.fields);
        names.documents.insert(seen.id, (title, seen.received_at));
    }
    Ok(names)
}

fn verdict(answer: &Answer, names: &Names, tongue: Tongue) -> Timed {
    match answer.duplicate_of.map(|id| names.documents.get(&id)) {
        Some(Some((title, came))) => Timed::named(tongue, "duplicate of {}", title, Moment::minute(*came)),
        Some(None) => tongue.f("duplicate of {}", NO_NAME).into(),
        None if answer.rejects => tongue.t("rejected").to_owned().into(),
        None => tongue.t("filed").to_owned().into(),
    }
}

/// Where two answers differ; what has no name is named to nobody.
fn differences(first: &Answer, second: &Answer, called: &Names, tongue: Tongue) -> Vec<Difference> {
    let mut all = Vec::new();
    // Told apart by what they are: of two that are both beyond reach it is said that they differ.
    let mut put = |is_same: bool, label: String, first: Timed, second: Timed| {
        if !is_same {
            all.push(Difference { label, said: [first, second] });
        }
    };
    let said = |a: &Answer| verdict(a, called, tongue);
    let end = |a: &Answer| (a.duplicate_of, a.duplicate_of.is_none() && a.rejects);
    put(end(first) == end(second), "Decision".to_owned(), said(first), said(second));
    let kind = |a: &Answer| Timed::from(tongue.t(labels::kind(a.kind)).to_owned());
    put(first.kind == second.kind, "Kind".to_owned(), kind(first), kind(second));
    let called_so = |id: CustomerId| called.customers.get(&id).map_or(NO_NAME, String::as_str);
    let customer = |a: &Answer| Timed::from(a.customer_id.map_or("", called_so).to_owned());
    let is_same = first.customer_id == second.customer_id;
    put(is_same, "Customer".to_owned(), customer(first), customer(second));
    let names: BTreeSet<FieldName> = first.fields.keys().chain(second.fields.keys()).copied().collect();
    for name in names {
        let value = |a: &Answer| a.fields.get(&name).map(ToString::to_string).unwrap_or_default();
        let (one, other) = (value(first), value(second));
        put(one == other, labels::label(name.as_str()), one.into(), other.into());
    }
    all
}

/// What others have said of a document; none where nobody has said anything: what waits for whoever approves it in a chat, by its
/// amount alone, waits for no second answer. To whom the document is withheld it is told who answered, and not what.
///
/// # Errors
/// When the catalog fails.
pub async fn others(app: &App, person: &Person, document: &access::Sight) -> Result<Option<Others>, Problem> {
    let settles = document.waits_for == Some(WaitsFor::Approver);
    if !settles && document.waits_for != Some(WaitsFor::SecondReviewer) {
        return Ok(None);
    }
    let said = app.catalog.opinions_of(document.id).await?;
    if said.is_empty() {
        return Ok(None);
    }
    let name = |o: &Opinion| o.person.strip_prefix("user:").unwrap_or(&o.person).to_owned();
    let differences = match said.as_slice() {
        [first, second, ..] if settles && !document.is_withheld() => {
            let called = names(app, person, &said).await?;
            differences(&first.answer, &second.answer, &called, person.tongue)
        }
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
    use time::macros::datetime;

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
            let customers = [(mine, "Ana Bolena".to_owned())].into();
            let called = Names { customers, documents: HashMap::new() };
            let all = differences(first, second, &called, Tongue::En).into_iter();
            let text = |said: Timed| said.before + &said.after;
            all.map(|Difference { label, said: [first, second] }| (label, text(first), text(second)))
                .collect::<Vec<_>>()
        };
        let said = |label: &str, first: &str, second: &str| -> (String, String, String) {
            (label.into(), first.into(), second.into())
        };
        let decided = said("Decision", "filed", "duplicate of —");
        assert_eq!(told(&filed(mine), &again), [decided, said("Customer", "Ana Bolena", "—")]);
        let others = filed(CustomerId::generate());
        assert!(told(&filed(mine), &filed(mine)).is_empty());
        assert_eq!(told(&filed(theirs), &others).len(), 1);
    }

    #[test]
    fn when_the_other_one_came_is_a_moment_that_becomes_local() {
        let of = DocumentId::generate();
        let rejected = Answer {
            rejects: true,
            duplicate_of: None,
            kind: None,
            fields: Default::default(),
            customer_id: None,
        };
        let again = Answer { rejects: false, duplicate_of: Some(of), ..rejected.clone() };
        let came = datetime!(2026-09-01 9:30 UTC);
        let documents = [(of, ("Luz · 10 EUR".to_owned(), came))].into();
        let called = Names { customers: HashMap::new(), documents };
        let all = differences(&rejected, &again, &called, Tongue::En);
        let [Difference { said: [first, second], .. }] = all.as_slice() else { panic!("one difference") };
        assert_eq!(first, &Timed::from("rejected".to_owned()));
        assert_eq!((second.before.as_str(), second.after.as_str()), ("duplicate of Luz · 10 EUR (", ")"));
        assert_eq!(second.at, Some(Moment::minute(came)));
    }
}
