//! Promises of words beside files: what may tell of an ID among them is told to who sees IDs alone, and goes with it.

use uuid::Uuid;

use super::{contact_of, leading, sends, writes};
use crate::{
    Access, Catalog, ContactId, DocumentId, Sensitivity, Stage,
    access::Bound,
    conformance::{
        access::{bill, customer, passport},
        door::Sample,
        erasure::wish,
        road::read_as,
    },
    erasure::Wished,
    key_file::ErasedKind,
    stages::{ReadFacts, Step},
};

/// What stands on the ID and in no other file.
const NUMBER: &str = "X1234567";

async fn is_on_timeline(catalog: &Catalog, access: &Access, id: DocumentId) -> bool {
    let entries = catalog.timeline_for(access, id).await.unwrap();
    assert!(entries.iter().any(|entry| entry.event == "said_beside"), "that something was said is told");
    format!("{entries:?}").contains(NUMBER)
}

async fn is_heard(catalog: &Catalog, access: &Access, contact: ContactId) -> bool {
    let said = catalog.conversation(access, contact, None, None, 50).await.unwrap();
    format!("{said:?}").contains(NUMBER)
}

async fn filed_as(catalog: &Catalog, id: DocumentId, facts: &ReadFacts) {
    read_as(catalog, id, id.to_string().as_bytes(), facts).await;
    assert_eq!(catalog.filed(id, Stage::Link, None, None).await.unwrap(), Step::Taken);
}

pub(in crate::conformance) async fn words_beside_an_id_are_told_and_go_with_it(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let sample = Sample::new();
    let files = sends(catalog, &sample, 2).await;
    let (receipt, id) = (files[0], files[1]);
    let contact = contact_of(catalog, receipt).await;
    writes(catalog, &sample, &format!("es el {NUMBER} y su ticket")).await;
    filed_as(catalog, receipt, &bill()).await;
    filed_as(catalog, id, &passport("Eriksson")).await;
    let open = catalog.document(receipt).await.unwrap().unwrap();
    assert_eq!(open.sensitivity, Sensitivity::Open);

    let (whole, without_ids) = (Access::whole(), Access::new(false));
    assert!(is_on_timeline(catalog, &whole, receipt).await && is_heard(catalog, &whole, contact).await);
    assert!(!is_on_timeline(catalog, &without_ids, receipt).await, "the receipt is open, the words are not");
    assert!(!is_heard(catalog, &without_ids, contact).await);
    assert!(!is_on_timeline(catalog, &bound_to_the_customer_of(catalog, receipt).await, receipt).await);

    let begun = catalog.erase(&wish(ErasedKind::Document, id.0)).await.unwrap();
    assert!(matches!(begun, Wished::Begun(_)), "{begun:?}");
    assert!(!is_on_timeline(catalog, &whole, receipt).await, "nor does what came with it say it");
    assert!(!is_heard(catalog, &whole, contact).await);
}

/// Somebody who sees IDs, of one customer alone: whose this document is, and nothing else.
async fn bound_to_the_customer_of(catalog: &Catalog, id: DocumentId) -> Access {
    let (holder, customer) = (Uuid::now_v7(), customer(catalog).await);
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", id.0, customer.0).unwrap();
    let sql = "INSERT INTO bindings (holder_id, customer_id, created_at) VALUES ($1, $2, 1)";
    execute!(tx, sql, holder, customer.0).unwrap();
    tx.commit().await.unwrap();
    Access::of(true, Some(Bound { holder, customers: true, ..Bound::default() }))
}
