//! Who may see what, on the rows themselves: what may be of an ID is withheld, who is bound reaches what is theirs, and what
//! lies beyond that does not exist for them.

mod beyond;
mod bound;
mod owed;
mod withheld;

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields},
    reading::Fingerprint,
    reason::{Reason, ReasonCode},
};
use uuid::Uuid;

use super::{
    door::{Sample, received},
    road::{facts, field, read_as},
};
use crate::{
    Catalog, CustomerId, DocumentId, Stage,
    customers::{NewCustomer, Upserted},
    stages::{ReadFacts, Step},
};

pub(super) use beyond::{
    BoundKey, bound_key, who_is_bound_learns_of_nobody_else, who_is_bound_reaches_nobody_else,
};
pub(super) use bound::{
    who_is_bound_reaches_what_is_theirs, who_is_bound_to_firms_lists_whose_papers_they_have,
    who_is_bound_to_many_hears_of_each,
};
pub(super) use owed::{
    what_is_handed_in_is_told_whatever_its_bill_is, what_is_owed_by_a_withheld_bill_is_told_with_the_right,
};
pub(super) use withheld::{
    a_word_does_not_open_an_id, doubt_withholds, search_does_not_tell_what_is_withheld,
    what_lies_beside_an_id_is_withheld, what_was_not_compared_with_each_id_is_withheld,
    what_was_read_as_an_id_is_opened_by_no_second_look, what_was_read_beside_an_id_is_compared_again_at_rest,
    what_was_there_is_scored,
};

/// A document with these facts, waiting for a person.
pub(super) async fn waiting(catalog: &Catalog, facts: &ReadFacts) -> DocumentId {
    let id = received(catalog, &Sample::new()).await;
    read_as(catalog, id, id.to_string().as_bytes(), facts).await;
    let reasons = [Reason::new(ReasonCode::UnknownCustomer, "nobody")];
    assert_eq!(catalog.into_review(id, Stage::Link, &reasons, None, None).await.unwrap(), Step::Taken);
    id
}

/// Its looks are its own: all of its bits by chance, or one in a hundred is nearly alike to some ID.
fn of_its_own() -> Option<Fingerprint> {
    Some(Fingerprint(rand::random()))
}

pub(super) fn bill() -> ReadFacts {
    ReadFacts { fingerprint: of_its_own(), ..facts(&Uuid::now_v7().simple().to_string()) }
}

pub(super) fn passport(surname: &str) -> ReadFacts {
    ReadFacts {
        kind: Some(Kind::Id),
        id_probability: Some(0.99),
        fields: Fields::from([(FieldName::Surname, field(surname))]),
        text: format!("PASSPORT {surname}"),
        ..bill()
    }
}

pub(super) async fn customer(catalog: &Catalog) -> CustomerId {
    let name = Uuid::now_v7().simple().to_string();
    let new = NewCustomer { external_id: Some(name.clone()), name, ..NewCustomer::default() };
    let [Upserted::Created(id)] = catalog.upsert_customers(&[new]).await.unwrap()[..] else { panic!("one") };
    id
}

pub(super) async fn a_page_of_views_is_audited(catalog: &Catalog) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(received(catalog, &Sample::new()).await);
    }
    catalog.audit_views("key:page", "list", &ids).await.unwrap();
    let mut written = Vec::new();
    for id in &ids {
        let trail = catalog.audit_trail(Some(*id), 10).await.unwrap();
        let view = trail.iter().find(|e| e.action == "view_id").expect("each has its line");
        written.push((view.at, view.actor.clone()));
    }
    assert!(written.iter().all(|line| *line == written[0]), "one transaction, one time: {written:?}");
    catalog.audit_views("key:page", "list", &[]).await.unwrap();
}
