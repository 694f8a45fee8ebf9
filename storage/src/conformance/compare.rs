//! Promises of the comparison of rows and objects.

use bytes::Bytes;
use time::Duration;

use acuse_pipeline::document::Sha256;

use super::{
    erasure::behind,
    given::{brought, upload},
};
use crate::{
    Catalog, DocumentId, Objects, StoredObject,
    documents::StoredPage,
    object_sweep::{Direction, MISSING, ObjectSweep, Pace, UNNAMED},
    objects::ObjectKey,
    uploads::Upload,
};

/// What was put a moment ago counts as old, and a pass follows on another; pages are so short that there are several.
fn at_once() -> Pace {
    let present = crate::names::now() + Duration::seconds(10);
    Pace { age: Duration::ZERO, rest: Duration::ZERO, page: 3, present }
}

async fn compared(catalog: &Catalog, objects: &Objects, direction: Direction, pace: Pace) -> ObjectSweep {
    let mut pages = 0;
    while catalog.compare_objects(objects, direction, pace).await.unwrap() {
        pages += 1;
        assert!(pages < 1_000, "it comes to an end");
    }
    let sweeps = catalog.object_sweeps().await.unwrap();
    sweeps.into_iter().find(|sweep| sweep.direction == direction).expect("it is recorded")
}

async fn put(objects: &Objects, key: &ObjectKey) {
    objects.put_bytes(key, Bytes::from_static(b"bytes"), "application/octet-stream").await.unwrap();
}

/// A document whose original is there.
pub(super) async fn named(catalog: &Catalog, objects: &Objects) -> StoredObject {
    let (new, sha256) = (upload(crate::names::now()), Sha256::of(b"bytes"));
    let original = StoredObject { key: ObjectKey::original(new.id, &sha256), sha256, size_bytes: 5 };
    put(objects, &original.key).await;
    brought(catalog, &Upload { original: original.clone(), ..new }).await;
    original
}

async fn there(objects: &Objects, keys: &[ObjectKey]) -> usize {
    let mut there = 0;
    for key in keys {
        there += usize::from(objects.head(key).await.unwrap().is_some());
    }
    there
}

/// Runs every promise about what rows and objects say of one another; both must be empty.
///
/// # Panics
/// When a promise is broken.
pub async fn compare(catalog: &Catalog, objects: &Objects) {
    objects.ensure_bucket().await.unwrap();
    let mut kept = Vec::new();
    for _ in 0..5 {
        kept.push(named(catalog, objects).await.key);
    }
    what_no_row_names_goes(catalog, objects, &kept).await;
    what_is_missing_is_told(catalog, objects, &kept).await;
    a_page_names_what_it_was_cut_out_of(catalog, objects, &kept[4]).await;
    a_store_that_is_not_known_is_left_alone(catalog, objects, &kept).await;
}

async fn what_no_row_names_goes(catalog: &Catalog, objects: &Objects, kept: &[ObjectKey]) {
    let hash = Sha256::of(b"bytes");
    let mut unnamed = Vec::new();
    for _ in 0..3 {
        let id = DocumentId::generate();
        unnamed.extend([ObjectKey::original(id, &hash), ObjectKey::page(id, 1, &hash)]);
    }
    for key in &unnamed {
        put(objects, key).await;
    }
    // Of a document that is on its road: the next step may name it.
    let moving = ObjectKey::page(kept[0].document().unwrap(), 1, &hash);
    put(objects, &moving).await;
    let day = Pace { age: Duration::DAY, ..at_once() };
    let sweep = compared(catalog, objects, Direction::Objects, day).await;
    assert_eq!(
        (sweep.looked_at, sweep.found, sweep.deleted),
        (12, 0, 0),
        "an upload in flight has no row yet"
    );
    // A process that ends in the middle goes on where it stood.
    assert!(catalog.compare_objects(objects, Direction::Objects, at_once()).await.unwrap());
    let sweep = compared(catalog, objects, Direction::Objects, at_once()).await;
    assert_eq!((sweep.looked_at, sweep.found, sweep.deleted), (12, 6, 6));
    assert_eq!(there(objects, &unnamed).await, 0);
    assert_eq!(there(objects, kept).await + there(objects, &[moving]).await, 6);
    let resting = Pace { rest: Duration::HOUR, present: sweep.ended_at.unwrap(), ..at_once() };
    assert!(!catalog.compare_objects(objects, Direction::Objects, resting).await.unwrap());
    assert_eq!(catalog.object_sweeps().await.unwrap(), [sweep], "nothing was done");
}

async fn what_is_missing_is_told(catalog: &Catalog, objects: &Objects, kept: &[ObjectKey]) {
    let sweep = compared(catalog, objects, Direction::Rows, at_once()).await;
    assert_eq!((sweep.looked_at, sweep.found), (5, 0));
    let (gone, id) = (&kept[3], kept[3].document().unwrap());
    objects.delete(gone).await.unwrap();
    for _ in 0..2 {
        let sweep = compared(catalog, objects, Direction::Rows, at_once()).await;
        assert_eq!((sweep.looked_at, sweep.found), (5, 1));
    }
    let told = catalog.incidents(None, None, 100).await.unwrap();
    let told: Vec<_> = told.iter().filter(|i| i.kind == MISSING).collect();
    assert_eq!((told.len(), told[0].subject.as_str(), told[0].count), (1, id.to_string().as_str(), 2));
    assert_eq!(told[0].detail["missing"][0], "original");
    let timeline = catalog.timeline(id).await.unwrap();
    assert_eq!(
        timeline.iter().filter(|entry| entry.event == MISSING).count(),
        1,
        "once, on the document itself"
    );
    put(objects, gone).await;
    compared(catalog, objects, Direction::Rows, at_once()).await;
    let told = catalog.incidents(None, None, 100).await.unwrap();
    assert!(told.iter().all(|i| i.kind != MISSING), "it is back: {told:?}");
}

/// Both pictures of a page that was cut are kept, missed and copied.
async fn a_page_names_what_it_was_cut_out_of(catalog: &Catalog, objects: &Objects, original: &ObjectKey) {
    let (id, hash) = (original.document().unwrap(), Sha256::of(b"bytes"));
    let received = Some(ObjectKey::received(id, 1, &hash));
    let page =
        StoredPage { key: ObjectKey::page(id, 1, &hash), width: 10, height: 10, changed: true, received };
    let pages = serde_json::to_string(std::slice::from_ref(&page)).unwrap();
    let keys: Vec<ObjectKey> = page.keys().collect();
    for key in &keys {
        put(objects, key).await;
    }
    let rests = "UPDATE documents SET status = 'rejected', stage = 'done'";
    behind(catalog, format!("{rests}, pages = '{pages}' WHERE id = $1"), id.0).await;
    compared(catalog, objects, Direction::Objects, at_once()).await;
    assert_eq!(there(objects, &keys).await, 2, "a row names them");
    let mut snapshot = catalog.snapshot().await.unwrap();
    let (named, _) = snapshot.objects(None).await.unwrap();
    drop(snapshot);
    assert!(keys.iter().all(|key| named.contains(key)), "a backup takes both: {named:?}");
    objects.delete(&keys[1]).await.unwrap();
    let sweep = compared(catalog, objects, Direction::Rows, at_once()).await;
    assert_eq!(sweep.found, 1);
    let told = catalog.incidents(None, None, 100).await.unwrap();
    let told = told.iter().find(|incident| incident.kind == MISSING).expect("it is told");
    assert_eq!(told.detail["missing"], serde_json::json!(["page 1 as it came"]));
    put(objects, &keys[1]).await;
    compared(catalog, objects, Direction::Rows, at_once()).await;
}

/// More than an accident leaves behind: then it is the database that is wrong.
async fn a_store_that_is_not_known_is_left_alone(catalog: &Catalog, objects: &Objects, kept: &[ObjectKey]) {
    let unknown: Vec<ObjectKey> =
        (0..201).map(|_| ObjectKey::original(DocumentId::generate(), &Sha256::of(b"bytes"))).collect();
    for key in &unknown {
        put(objects, key).await;
    }
    let pace = Pace { page: 100, ..at_once() };
    let sweep = compared(catalog, objects, Direction::Objects, pace).await;
    assert_eq!((sweep.found, sweep.deleted, sweep.deletes), (201, 0, false));
    assert_eq!(there(objects, &unknown).await, 201);
    let is_open = |told: &[crate::incidents::Incident]| told.iter().any(|i| i.kind == UNNAMED);
    assert!(is_open(&catalog.incidents(None, None, 100).await.unwrap()));
    objects.delete(&unknown[0]).await.unwrap();
    let sweep = compared(catalog, objects, Direction::Objects, pace).await;
    assert_eq!((sweep.found, sweep.deleted), (200, 200));
    assert!(!is_open(&catalog.incidents(None, None, 100).await.unwrap()));
    assert_eq!(there(objects, kept).await, kept.len());
}
