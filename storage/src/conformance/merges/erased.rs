//! Contacts who turn out to be one while one of them is being erased.

use uuid::Uuid;

use super::{filed, is_called, place, sender_of};
use crate::{
    Catalog, ContactId, DocumentId,
    conformance::{door::Sample, erasure::wish},
    erasure::{HoldPlaced, Wished},
    key_file::ErasedKind,
};

/// An erasure that was cut off before its first row.
async fn begun(catalog: &Catalog, contact: ContactId) -> Uuid {
    let id = Uuid::now_v7();
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "INSERT INTO erasures (id, kind, subject, cause, erased_by, at, counts) \
         VALUES ($1, 'contact', $2, 'request', 'user:eva', 1, $3)",
        id,
        contact.0,
        r#"{"keep":"amounts","whole_file":false,"rows_done":false,"went":{}}"#
    )
    .unwrap();
    tx.commit().await.unwrap();
    id
}

async fn is_erased(catalog: &Catalog, document: DocumentId) -> bool {
    catalog.document(document).await.unwrap().unwrap().erased_at.is_some()
}

/// Two contacts with a document each: what the one sends, the other turns out to have sent.
async fn two(catalog: &Catalog) -> ([Sample; 2], [DocumentId; 2], [ContactId; 2]) {
    let samples = [Sample::new(), Sample::new()];
    let mut documents = Vec::new();
    for sample in &samples {
        documents.push(filed(catalog, sample, None).await);
    }
    let [theirs, others] = documents[..] else { panic!("two") };
    let contacts = [sender_of(catalog, theirs).await, sender_of(catalog, others).await];
    (samples, [theirs, others], contacts)
}

/// Whichever of the two is being erased, all that they are goes.
pub(in crate::conformance) async fn who_becomes_one_with_whom_is_erased_goes_too(catalog: &Catalog) {
    for erased_is_kept in [false, true] {
        let (samples, documents, [gone, kept]) = two(catalog).await;
        let erasure = begun(catalog, if erased_is_kept { kept } else { gone }).await;
        is_called(catalog, &samples[1], &samples[0]).await;
        let receipt = catalog.go_on(erasure).await.unwrap();
        assert_eq!((receipt.id, receipt.subject), (erasure, kept.0), "they are one");
        for document in documents {
            assert!(is_erased(catalog, document).await, "{erased_is_kept}: {documents:?}");
        }
        for id in [gone, kept] {
            let again = catalog.erase(&wish(ErasedKind::Contact, id.0)).await.unwrap();
            assert!(matches!(&again, Wished::Already(known) if known.id == erasure), "{again:?}");
        }
    }
}

/// What a hold keeps of one of the two is not erased with the other: they stay two.
pub(in crate::conformance) async fn what_is_held_becomes_nobodys_who_is_erased(catalog: &Catalog) {
    for held_is_kept in [false, true] {
        let (samples, documents, contacts) = two(catalog).await;
        let (held, erased) = if held_is_kept { (1, 0) } else { (0, 1) };
        let whose = contacts[held];
        assert_eq!(place(catalog, ErasedKind::Contact, whose.0).await, HoldPlaced::Placed);
        let erasure = begun(catalog, contacts[erased]).await;
        is_called(catalog, &samples[1], &samples[0]).await;
        let receipt = catalog.go_on(erasure).await.unwrap();
        assert_eq!(receipt.subject, contacts[erased].0);
        assert!(is_erased(catalog, documents[erased]).await && !is_erased(catalog, documents[held]).await);
        assert_eq!(sender_of(catalog, documents[held]).await, whose);
        assert!(catalog.lift_hold(ErasedKind::Contact, whose.0, "user:eva").await.unwrap());
    }
}
