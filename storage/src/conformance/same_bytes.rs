//! Promises of files that came twice: what was found in the bytes is in each of them, whatever becomes of the others.

use acuse_pipeline::reason::{Reason, ReasonCode};
use time::Duration;
use uuid::Uuid;

use super::{
    door::{Sample, received},
    erasure::wish,
    road::{begin, original},
};
use crate::{
    Catalog, DocumentId, Stage, erasure::Wished, key_file::ErasedKind, names::now, reviews::Reopened,
    stages::Step,
};

/// A file in which malware was found, and the same one again, which was linked to it as it came; and their bytes.
async fn twice(catalog: &Catalog) -> (DocumentId, DocumentId, Vec<u8>) {
    let (first, second) = (received(catalog, &Sample::new()).await, received(catalog, &Sample::new()).await);
    let bytes = Uuid::now_v7().to_string().into_bytes();
    begin(catalog, first, Stage::Fetch).await;
    assert_eq!(catalog.fetched(first, &original(first, &bytes)).await.unwrap(), Step::Taken);
    begin(catalog, first, Stage::Read).await;
    let found = [Reason::new(ReasonCode::Malware, "it carries malware")];
    assert_eq!(catalog.into_review(first, Stage::Read, &found, None, None).await.unwrap(), Step::Taken);
    begin(catalog, second, Stage::Fetch).await;
    let fetched = original(second, &bytes);
    let linked = catalog.duplicate_of(second, Stage::Fetch, first, Some(&fetched), None).await.unwrap();
    assert_eq!(linked, Step::Taken);
    (first, second, bytes)
}

async fn taken_up(catalog: &Catalog, id: DocumentId) {
    let waits = catalog.reopen(id, "user:ben", None, "they are two", now() + Duration::MINUTE).await.unwrap();
    assert!(matches!(waits, Reopened::Waits(_)), "{waits:?}");
    assert_eq!(catalog.document(id).await.unwrap().unwrap().duplicate_of, None);
}

pub(super) async fn what_was_found_in_one_is_in_each(catalog: &Catalog) {
    let (first, second, bytes) = twice(catalog).await;
    let hash = original(second, &bytes).original.sha256;
    let suspected = async |but: DocumentId| {
        let all = catalog.suspected_with_sha256(&hash, but, "unscanned").await.unwrap();
        all.into_iter().map(|document| document.id).collect::<Vec<_>>()
    };
    assert_eq!(suspected(second).await, [first]);
    assert_eq!(suspected(first).await, [], "the second says nothing of itself");
    taken_up(catalog, second).await;
    assert_eq!(suspected(second).await, [first], "a duplicate no more, in the same bytes");
    assert!(!catalog.was_linked_to_erased(second).await.unwrap());
}

pub(super) async fn what_an_erased_one_was_nobody_knows(catalog: &Catalog) {
    let ((first, second, _), (other, again, _)) = (twice(catalog).await, twice(catalog).await);
    for gone in [first, other] {
        let begun = catalog.erase(&wish(ErasedKind::Document, gone.0)).await.unwrap();
        assert!(matches!(begun, Wished::Begun(_)), "{begun:?}");
    }
    assert!(catalog.was_linked_to_erased(second).await.unwrap());
    taken_up(catalog, again).await;
    assert!(catalog.was_linked_to_erased(again).await.unwrap(), "also where it is a duplicate no more");
    assert_eq!(catalog.document(again).await.unwrap().unwrap().page_count, None, "it was never read itself");
    let alone = received(catalog, &Sample::new()).await;
    assert!(!catalog.was_linked_to_erased(alone).await.unwrap());
}
