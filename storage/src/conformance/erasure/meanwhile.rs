//! What comes to somebody between their rows and the end of their erasure.

use super::{Place, opens, wish};
use crate::{
    conformance::cases::contact_of,
    erasure::{Finishing, Wished},
    key_file::ErasedKind,
};

/// A merge that was on its way when their rows went brings a document: it goes before their erasure ends.
pub(super) async fn what_comes_before_the_end_goes_too(place: &Place<'_>) {
    let (catalog, whose, late) = (place.catalog, place.tell("2018-03").await, place.tell("2018-03").await);
    let contact = contact_of(catalog, whose.id).await;
    let begun = catalog.erase(&wish(ErasedKind::Contact, contact.0)).await.unwrap();
    let Wished::Begun(receipt) = begun else { panic!("{begun:?}") };
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET contact_id = $2 WHERE id = $1", late.id.0, contact.0).unwrap();
    tx.commit().await.unwrap();
    let finished = catalog.finish_erasures(&place.objects, Finishing::Whole).await.unwrap();
    let ended = finished.iter().find(|ended| ended.id == receipt.id).expect("it ended");
    assert_eq!((receipt.counts["documents"], ended.counts["documents"]), (1, 2), "{ended:?}");
    assert!(catalog.document(late.id).await.unwrap().unwrap().erased_at.is_some());
    assert!(!opens(place, &late).await, "nor does an older backup give it back");
}
