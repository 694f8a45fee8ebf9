//! Promises of a file that holds several documents.

use acuse_pipeline::{
    document::{Sha256, Status},
    fields::FieldName,
    page::cut_note,
    part::{Part, PartError},
    reading::SeenWord,
    reason::{Reason, ReasonCode},
};
use serde_json::json;
use time::Duration;

use super::{
    desk::LEASE,
    door::{Sample, received},
    given::{brought, upload},
    road::{begin, facts, field, original, reply},
};
use crate::{
    Access, Catalog, Document, DocumentFilter, DocumentId, Stage,
    customers::{NewCustomer, Upserted},
    documents::StoredPage,
    objects::ObjectKey,
    outbox::Purpose,
    reviews::{Claim, Decision, Resolution, Resolved, Review},
    split::{NoSplit, Split},
    stages::{ReadFacts, Step},
    uploads::Upload,
};

fn pages(first: u32, last: u32) -> Part {
    Part::pages(first, last).unwrap()
}

fn half(page: u32, from: f32) -> Part {
    Part::place(page, [from, 0.0, from + 0.5, 1.0]).unwrap()
}

/// What is read of so many pages of a file, or of a part of it.
fn facts_of(id: DocumentId, count: u32, part: Option<Part>) -> ReadFacts {
    let page = |n: u32| StoredPage {
        key: ObjectKey::page(id, n, &Sha256::of(&n.to_le_bytes())),
        width: 100,
        height: 140,
        changed: false,
        received: None,
    };
    ReadFacts {
        part,
        page_count: count,
        pages: (1..=count).map(page).collect(),
        thumbnail_key: Some(ObjectKey::thumbnail(id, &Sha256::of(b"small"))),
        fingerprint: None,
        words: vec![SeenWord {
            page: 1,
            text: "TOTAL".into(),
            bbox: [0.1, 0.2, 0.3, 0.25],
            confidence: 0.9,
            doubtful: Vec::new(),
        }],
        ..facts(&id.to_string())
    }
}

/// A file of this document's own bytes, at `read`.
async fn at_read(catalog: &Catalog) -> DocumentId {
    let id = received(catalog, &Sample::new()).await;
    begin(catalog, id, Stage::Fetch).await;
    assert_eq!(catalog.fetched(id, &original(id, id.to_string().as_bytes())).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Read).await;
    id
}

async fn document(catalog: &Catalog, id: DocumentId) -> Document {
    catalog.document(id).await.unwrap().unwrap()
}

/// Read, and in front of a person because it holds several documents.
async fn waiting(catalog: &Catalog, id: DocumentId, read: &ReadFacts) -> Review {
    let several = [Reason::new(ReasonCode::MultipleDocuments, "several")];
    let read = ReadFacts { findings: several.to_vec(), ..read.clone() };
    assert_eq!(catalog.read(id, &read).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Link).await;
    let told = reply(Purpose::InReview);
    assert_eq!(catalog.into_review(id, Stage::Link, &several, None, Some(&told)).await.unwrap(), Step::Taken);
    catalog.open_review_of(id).await.unwrap().expect("waits")
}

async fn split_by(catalog: &Catalog, review: &Review, seen: &Document, parts: Vec<Part>) -> Vec<DocumentId> {
    let split = Split::of_document(seen, parts).unwrap();
    let decision = Decision::Split { split, note: None };
    match catalog.resolve_review(review.id, "ana", Some(seen.version), &decision, None).await.unwrap() {
        Resolved::Split(ids) => ids,
        other => panic!("{other:?}"),
    }
}

async fn events_of(catalog: &Catalog, id: DocumentId) -> Vec<String> {
    catalog.timeline(id).await.unwrap().into_iter().map(|e| e.event).collect()
}

pub(super) async fn a_sure_reader_splits_a_file_once(catalog: &Catalog) {
    let id = at_read(catalog).await;
    let whole = document(catalog, id).await;
    catalog.sweep_older_than(-Duration::seconds(1)).await.unwrap();
    let before = catalog.ledger(None, None).await.unwrap();
    let split = Split::of_file(vec![pages(1, 2), pages(3, 3), pages(4, 6)], 6).unwrap();
    let (a, b) = tokio::join!(catalog.split(id, &split), catalog.split(id, &split));
    let steps = [a.unwrap(), b.unwrap()];
    assert!(steps.contains(&Step::Taken) && steps.contains(&Step::Stale), "{steps:?}");
    assert_eq!(catalog.split(id, &split).await.unwrap(), Step::Stale, "a part is not split again by itself");
    // The task that split it dies before it is done, and runs again with what it knew.
    assert_eq!(catalog.read(id, &facts_of(id, 6, None)).await.unwrap(), Step::Stale);
    let after = catalog.ledger(None, None).await.unwrap();
    assert!(after.balanced, "{after:?}");
    assert_eq!((after.received - before.received, after.processing - before.processing), (2, 2));
    let swept = catalog.sweep_older_than(-Duration::seconds(1)).await.unwrap();
    assert_eq!(swept.documents, 0, "each part has a task");

    let first = document(catalog, id).await;
    assert_eq!((first.part, first.part_of, first.message_id), (Some(pages(1, 2)), None, whole.message_id));
    let all = catalog.of_one_file(&first).await.unwrap();
    assert_eq!(all.iter().filter_map(|d| d.part).collect::<Vec<_>>(), split.parts());
    assert_eq!(catalog.of_one_file(&all[2]).await.unwrap(), all, "whichever is asked");
    for part in &all {
        assert_eq!((part.status, part.stage, part.attempts), (Status::Processing, Stage::Read, 0));
        assert_eq!((&part.original, &part.declared), (&whole.original, &whole.declared));
        assert_eq!((part.contact_id, &part.phone_number_id), (whole.contact_id, &whole.phone_number_id));
        assert_eq!((part.sent_at, part.received_at), (whole.sent_at, whole.received_at));
        assert_eq!(part.media_type, whole.media_type);
        let hash = whole.original.as_ref().unwrap().sha256;
        assert_eq!(
            catalog.earlier_with_sha256(&hash, part.id).await.unwrap().pop(),
            None,
            "of the same bytes, no resend"
        );
        assert!(
            catalog
                .media_expiring(crate::names::now() + Duration::days(30))
                .await
                .unwrap()
                .iter()
                .all(|d| d.id != part.id)
        );
    }
    assert!(all[1..].iter().all(|d| d.part_of == Some(id) && d.message_id.is_none()));
    assert_eq!(events_of(catalog, id).await, ["received", "fetched", "split"]);
    assert_eq!(events_of(catalog, all[1].id).await, ["split"]);
    told_to_followers(catalog, &all).await;

    // Each goes its own road, and is answered for itself.
    for part in &all {
        begin(catalog, part.id, Stage::Read).await;
        let mut read = facts_of(part.id, 1, part.part);
        read.fields.insert(FieldName::IssuerName, field(&id.to_string()));
        assert_eq!(
            catalog.read(part.id, &ReadFacts { part: None, ..read.clone() }).await.unwrap(),
            Step::Stale
        );
        assert_eq!(catalog.read(part.id, &read).await.unwrap(), Step::Taken);
        begin(catalog, part.id, Stage::Link).await;
        let told = reply(Purpose::Filed);
        assert_eq!(catalog.filed(part.id, Stage::Link, None, Some(&told)).await.unwrap(), Step::Taken);
        assert_eq!(catalog.replies_about(part.id).await.unwrap().len(), 1);
    }
    let end = catalog.ledger(None, None).await.unwrap();
    assert_eq!((end.filed - before.filed, end.processing + 1), (3, before.processing));
    // They say nearly the same, and are found as any two documents are.
    let third = document(catalog, all[2].id).await;
    let alike = catalog.possible_duplicates(&third).await.unwrap();
    assert!(alike.iter().any(|d| d.id == id), "{alike:?}");
}

/// The feed names the split, and each new document as one that came.
async fn told_to_followers(catalog: &Catalog, all: &[Document]) {
    let (mut told, mut cursor) = (Vec::new(), None);
    loop {
        let page = super::road::next_events(catalog, &mut cursor, 1000).await;
        if page.is_empty() {
            break;
        }
        told.extend(page);
    }
    let about = |id: DocumentId, kind: &str| {
        told.iter().find(|e| e.document_id == Some(id) && e.kind == kind).map(|e| e.data.clone())
    };
    let split = about(all[0].id, "document.split").expect("the split");
    assert_eq!(split["parts"][2]["document_id"], serde_json::json!(all[2].id));
    assert_eq!(split["parts"][2]["first_page"], 4);
    for part in &all[1..] {
        let data = about(part.id, "document.received").expect("came");
        assert_eq!(data["part_of"], serde_json::json!(all[0].id));
    }
}

pub(super) async fn a_file_sent_again_is_linked_to_its_first_part(catalog: &Catalog) {
    let earlier = at_read(catalog).await;
    let id = at_read(catalog).await;
    let hash = document(catalog, id).await.original.unwrap().sha256;
    let split = Split::of_file(vec![pages(1, 1), pages(2, 2)], 2).unwrap();
    assert_eq!(catalog.split(id, &split).await.unwrap(), Step::Taken);
    let again = received(catalog, &Sample::new()).await;
    let found = catalog.earlier_with_sha256(&hash, again).await.unwrap().first().map(|d| d.id);
    assert_eq!(found, Some(id));
    // Also when what the first part says had come before.
    begin(catalog, id, Stage::Read).await;
    assert_eq!(catalog.read(id, &facts_of(id, 1, Some(pages(1, 1)))).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Link).await;
    assert_eq!(catalog.duplicate_of(id, Stage::Link, earlier, None, None).await.unwrap(), Step::Taken);
    let found = catalog.earlier_with_sha256(&hash, again).await.unwrap().first().map(|d| d.id);
    assert_eq!(found, Some(id), "and never to a later part");
    begin(catalog, again, Stage::Fetch).await;
    let fetched = original(again, id.to_string().as_bytes());
    let step = catalog.duplicate_of(again, Stage::Fetch, id, Some(&fetched), None).await.unwrap();
    assert_eq!(step, Step::Taken);
    assert!(catalog.ledger(None, None).await.unwrap().balanced);
}

pub(super) async fn a_person_splits_what_waits(catalog: &Catalog) {
    let id = at_read(catalog).await;
    let review = waiting(catalog, id, &facts_of(id, 3, None)).await;
    let seen = document(catalog, id).await;
    let before = catalog.ledger(None, None).await.unwrap();
    assert!(matches!(catalog.claim_review(review.id, "ana", LEASE).await.unwrap(), Claim::Held { .. }));
    let split =
        Split::of_document(&seen, vec![pages(1, 1), pages(2, 2), half(3, 0.0), half(3, 0.5)]).unwrap();
    let decision = Decision::Split { split, note: Some("three bills".into()) };
    let resolve = async |who: &str, version: i64| {
        catalog.resolve_review(review.id, who, Some(version), &decision, None).await.unwrap()
    };
    assert_eq!(resolve("bea", seen.version).await, Resolved::HeldBy("ana".into()));
    assert_eq!(resolve("ana", seen.version - 1).await, Resolved::Changed(seen.version));
    assert_eq!(document(catalog, id).await, seen, "a refused decision changes nothing");
    let Resolved::Split(ids) = resolve("ana", seen.version).await else { panic!("split") };
    assert_eq!(resolve("ana", seen.version).await, Resolved::AlreadyResolved);
    assert_eq!((ids.len(), ids[0]), (4, id));
    let after = catalog.ledger(None, None).await.unwrap();
    assert!(after.balanced, "{after:?}");
    assert_eq!(after.received - before.received, 3);
    assert_eq!((before.in_review - after.in_review, after.processing - before.processing), (1, 4));
    let resolved = catalog.review(review.id).await.unwrap().unwrap();
    assert_eq!(
        (resolved.resolution, resolved.note.as_deref()),
        (Some(Resolution::Split), Some("three bills"))
    );
    assert!(catalog.audit_trail(Some(id), 10).await.unwrap().iter().any(|e| e.action == "split"));

    let first = document(catalog, id).await;
    assert!(first.fields.is_empty() && first.pages.is_empty() && first.findings.is_empty());
    assert!(first.reasons.is_empty() && first.notes.is_empty() && first.thumbnail_key.is_none());
    assert_eq!((first.kind, first.page_count, first.fingerprint), (None, None, None));
    assert_eq!(catalog.document_text(id).await.unwrap(), None);
    assert!(catalog.page_words(id).await.unwrap().is_empty(), "nor the words of the other documents");
    let q = DocumentFilter {
        q: Some(format!("Factura {id}")),
        access: Access::whole(),
        ..DocumentFilter::default()
    };
    assert!(
        catalog.documents(&q, None, 5).await.unwrap().data.is_empty(),
        "what the whole said is not found"
    );
    assert!(catalog.possible_duplicates(&seen).await.unwrap().iter().all(|d| !ids.contains(&d.id)));

    // Two of them wait again: their sender has heard already that someone looks.
    for part in &ids[..2] {
        let part = begin(catalog, *part, Stage::Read).await;
        waiting(catalog, part.id, &facts_of(part.id, 1, part.part)).await;
    }
    assert_eq!(catalog.replies_about(id).await.unwrap().len(), 1);
    assert_eq!(catalog.replies_about(ids[1]).await.unwrap().len(), 0);
}

pub(super) async fn a_part_of_a_part_and_what_is_no_split(catalog: &Catalog) {
    let id = at_read(catalog).await;
    let split = Split::of_file(vec![pages(1, 2), pages(3, 5)], 5).unwrap();
    assert_eq!(catalog.split(id, &split).await.unwrap(), Step::Taken);
    let later = catalog.of_one_file(&document(catalog, id).await).await.unwrap()[1].clone();
    assert_eq!(Split::of_document(&later, vec![pages(1, 1), pages(2, 3)]), Err(NoSplit::NoPages), "unread");
    begin(catalog, later.id, Stage::Read).await;
    let review = waiting(catalog, later.id, &facts_of(later.id, 3, later.part)).await;
    let seen = document(catalog, later.id).await;
    let ids = split_by(catalog, &review, &seen, vec![pages(1, 2), half(3, 0.0), half(3, 0.5)]).await;
    let all = catalog.of_one_file(&seen).await.unwrap();
    let parts: Vec<_> = all.iter().filter_map(|d| d.part).collect();
    assert_eq!(parts, [pages(1, 2), pages(3, 4), half(5, 0.0), half(5, 0.5)], "pages of the file");
    assert!(all[1..].iter().all(|d| d.part_of == Some(id)), "all of the first");
    assert_eq!(ids[0], later.id);

    let cut = begin(catalog, ids[2], Stage::Read).await;
    waiting(catalog, cut.id, &facts_of(cut.id, 1, cut.part)).await;
    let cut = document(catalog, cut.id).await;
    assert_eq!(Split::of_document(&cut, vec![half(1, 0.0), half(1, 0.5)]), Err(NoSplit::CutOut));
    let plain = Document { findings: Vec::new(), ..seen.clone() };
    let boxes = vec![pages(1, 2), half(3, 0.0), half(3, 0.5)];
    assert!(
        Split::of_document(&plain, boxes.clone()).is_ok(),
        "nobody found several, and it is shown as it came"
    );
    let mut levelled = plain.clone();
    levelled.pages[2].changed = true;
    assert_eq!(Split::of_document(&levelled, boxes), Err(NoSplit::Boxes), "it is not shown as it came");
    a_photo_is_split_where_it_is_drawn_on(&levelled);
    let out = Split::of_document(&plain, vec![pages(1, 2)]);
    assert_eq!(out, Err(NoSplit::Parts(PartError::Count)));
    let out = Split::of_document(&plain, vec![pages(1, 2), pages(3, 4)]);
    assert_eq!(out, Err(NoSplit::Parts(PartError::NoSuchPage { page: 4, of: 3 })));
    let vast = Split::of_file(vec![pages(1, 1), pages(2, u32::MAX)], u32::MAX);
    assert_eq!(vast, Err(NoSplit::TooManyPages), "a reader's word is not counted up to");
}

/// A photo that was read as one, out of which its page was cut: it is drawn on as it came.
fn a_photo_is_split_where_it_is_drawn_on(read: &Document) {
    let came = |from: f32| -> Part {
        let said = json!({ "first_page": 1, "box": [from, 0.0, from + 0.5, 1.0], "as_it_came": true });
        serde_json::from_value(said).unwrap()
    };
    let drawn = vec![came(0.0), came(0.5)];
    let media_type = |name: &str| Some(name.to_owned());
    let mut photo = Document {
        part: None,
        page_count: Some(1),
        media_type: media_type("image/jpeg"),
        findings: Vec::new(),
        ..read.clone()
    };
    photo.pages.truncate(1);
    photo.pages[0].changed = true;
    assert_eq!(Split::of_document(&photo, drawn.clone()).unwrap().parts(), drawn);
    let halves = vec![half(1, 0.0), half(1, 0.5)];
    assert_eq!(Split::of_document(&photo, halves), Err(NoSplit::Boxes), "of the page, which lies otherwise");
    let mut scan = Document { media_type: media_type("application/pdf"), ..photo };
    assert_eq!(Split::of_document(&scan, drawn.clone()), Err(NoSplit::NoPicture));
    scan.pages[0].received = Some(ObjectKey::received(scan.id, 1, &Sha256::of(b"as it lay")));
    assert_eq!(Split::of_document(&scan, drawn.clone()).unwrap().parts(), drawn, "turned or set level");
    scan.notes = vec![cut_note(1)];
    assert_eq!(Split::of_document(&scan, drawn), Err(NoSplit::NoPicture), "it was drawn upright");
}

pub(super) async fn whose_it_is_stays_only_where_it_was_said(catalog: &Catalog) {
    let new = NewCustomer { name: Sample::new().wamid, ..NewCustomer::default() };
    let Upserted::Created(customer) = catalog.upsert_customers(&[new]).await.unwrap()[0] else {
        panic!("new")
    };
    // A client of the API says whose a file is: so it is for each document in it.
    let said = Upload { customer_id: Some(customer), ..upload(crate::names::now()) };
    let id = brought(catalog, &said).await;
    begin(catalog, id, Stage::Read).await;
    let split = Split::of_file(vec![pages(1, 1), pages(2, 2)], 2).unwrap();
    assert_eq!(catalog.split(id, &split).await.unwrap(), Step::Taken);
    let all = catalog.of_one_file(&document(catalog, id).await).await.unwrap();
    assert!(all.iter().all(|d| d.customer_id == Some(customer)), "{all:?}");
    // What `link` made of the whole says nothing of its parts.
    let id = at_read(catalog).await;
    assert_eq!(catalog.read(id, &facts_of(id, 2, None)).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Link).await;
    catalog.note(id, Stage::Link, "linked", serde_json::json!({})).await.unwrap();
    let several = [Reason::new(ReasonCode::MultipleDocuments, "several")];
    let step = catalog.into_review(id, Stage::Link, &several, Some(customer), None).await.unwrap();
    assert_eq!(step, Step::Taken);
    let review = catalog.open_review_of(id).await.unwrap().expect("waits");
    let seen = document(catalog, id).await;
    assert_eq!(seen.customer_id, Some(customer));
    split_by(catalog, &review, &seen, vec![pages(1, 1), pages(2, 2)]).await;
    let all = catalog.of_one_file(&seen).await.unwrap();
    assert!(all.len() == 2 && all.iter().all(|d| d.customer_id.is_none()), "{all:?}");
}
