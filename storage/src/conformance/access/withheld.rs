//! Promises of what is withheld: whatever may be of an ID is told only to who sees IDs, and it is no word that opens it.

use acuse_pipeline::{document::Kind, fields::Fields, part::Part, reading::Fingerprint};
use serde_json::json;
use uuid::Uuid;

use super::{bill, of_its_own, passport, waiting};
use crate::{
    Access, Catalog, DocumentFilter, DocumentId, Sensitivity, Stage,
    access::{Rule, SENSITIVITY},
    conformance::{
        door::{Sample, received},
        erasure::behind,
        road::{begin, original, read_as},
        upgrade::Landed,
    },
    events::Event,
    reviews::{Deciding, Decision, Resolved, ReviewFilter, Table},
    split::Split,
    stages::{ReadFacts, Step},
};

async fn sensitivity(catalog: &Catalog, id: DocumentId) -> Sensitivity {
    catalog.document(id).await.unwrap().unwrap().sensitivity
}

pub(in crate::conformance) async fn doubt_withholds(catalog: &Catalog) {
    let unread = received(catalog, &Sample::new()).await;
    assert_eq!(sensitivity(catalog, unread).await, Sensitivity::Unknown, "not classified");
    let sure = waiting(catalog, &bill()).await;
    assert_eq!(sensitivity(catalog, sure).await, Sensitivity::Open);
    let misread = ReadFacts { kind: Some(Kind::Receipt), confidence: 0.48, ..bill() };
    let misread = waiting(catalog, &misread).await;
    assert_eq!(
        sensitivity(catalog, misread).await,
        Sensitivity::Unknown,
        "a passport read as a receipt at 0.48"
    );
    let perhaps = waiting(catalog, &ReadFacts { id_probability: Some(0.002), ..bill() }).await;
    assert_eq!(sensitivity(catalog, perhaps).await, Sensitivity::Unknown);
    let id = waiting(catalog, &passport("Eriksson")).await;
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Id);
    let waits = catalog.waiting(&Access::new(false)).await.unwrap();
    assert!(waits.hidden.withheld >= 3 && waits.hidden.out_of_reach == 0, "{waits:?}");
    let whole = catalog.waiting(&Access::whole()).await.unwrap();
    assert_eq!((whole.documents, whole.hidden.withheld), (waits.documents, 0));
}

async fn decide(catalog: &Catalog, id: DocumentId, sees_ids: bool, kind: Kind) -> Resolved {
    let review = catalog.open_review_of(id).await.unwrap().expect("it waits");
    let by = Deciding { who: "key:some", sees_ids, ..Deciding::default() };
    let correct = Decision::Correct { kind: Some(kind), fields: Fields::new(), customer_id: None };
    catalog.decide_review(review.id, &by, &correct, None).await.unwrap()
}

pub(in crate::conformance) async fn a_word_does_not_open_an_id(catalog: &Catalog) {
    let id = waiting(catalog, &passport("Eriksson")).await;
    assert_eq!(decide(catalog, id, false, Kind::Other).await, Resolved::Withheld);
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Id, "and nothing is changed");
    assert!(catalog.open_review_of(id).await.unwrap().is_some());
    assert!(matches!(decide(catalog, id, true, Kind::Other).await, Resolved::Done(_)));
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Unknown);

    let id = waiting(catalog, &ReadFacts { confidence: 0.5, ..bill() }).await;
    assert!(matches!(decide(catalog, id, true, Kind::Receipt).await, Resolved::Done(_)));
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Open, "who sees IDs says that it is none");

    let id = waiting(catalog, &bill()).await;
    assert!(matches!(decide(catalog, id, false, Kind::Id).await, Resolved::Done(_)));
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Id, "anybody can close");
    let id = waiting(catalog, &bill()).await;
    assert!(matches!(decide(catalog, id, false, Kind::Other).await, Resolved::Done(_)));
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Unknown);
}

pub(in crate::conformance) async fn what_lies_beside_an_id_is_withheld(catalog: &Catalog) {
    let looks = of_its_own();
    let earlier = waiting(catalog, &ReadFacts { fingerprint: looks, ..bill() }).await;
    assert_eq!(sensitivity(catalog, earlier).await, Sensitivity::Open);
    waiting(catalog, &ReadFacts { fingerprint: looks, ..passport("Eriksson") }).await;
    assert_eq!(sensitivity(catalog, earlier).await, Sensitivity::Unknown, "closed when the ID is read");
    let later = waiting(catalog, &ReadFacts { fingerprint: looks, ..bill() }).await;
    assert_eq!(sensitivity(catalog, later).await, Sensitivity::Unknown, "near-duplicate of an ID");
    let nearly = looks.map(|own| Fingerprint(own.0 ^ 0x0003_0003_0001_0001));
    let later = waiting(catalog, &ReadFacts { fingerprint: nearly, ..bill() }).await;
    assert_eq!(sensitivity(catalog, later).await, Sensitivity::Unknown, "six bits, some in each quarter");

    let whole = received(catalog, &Sample::new()).await;
    begin(catalog, whole, Stage::Fetch).await;
    let bytes = original(whole, whole.to_string().as_bytes());
    assert_eq!(catalog.fetched(whole, &bytes).await.unwrap(), Step::Taken);
    begin(catalog, whole, Stage::Read).await;
    let pages = vec![Part::pages(1, 1).unwrap(), Part::pages(2, 2).unwrap()];
    assert_eq!(catalog.split(whole, &Split::of_file(pages, 2).unwrap()).await.unwrap(), Step::Taken);
    let document = catalog.document(whole).await.unwrap().unwrap();
    let parts = catalog.of_one_file(&document).await.unwrap();
    let read = |part: Option<Part>, facts: ReadFacts| ReadFacts { part, ..facts };
    for (part, facts) in parts.iter().zip([bill(), passport("Eriksson")]) {
        begin(catalog, part.id, Stage::Read).await;
        assert_eq!(catalog.read(part.id, &read(part.part, facts)).await.unwrap(), Step::Taken);
    }
    assert_eq!(sensitivity(catalog, parts[0].id).await, Sensitivity::Unknown, "its original holds an ID");
    assert_eq!(sensitivity(catalog, parts[1].id).await, Sensitivity::Id);

    // Opened by a person, it tells what it says; what was said of its file may be of the ID.
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET sensitivity = 'open' WHERE id = $1", parts[0].id.0).unwrap();
    tx.commit().await.unwrap();
    let event = Event {
        cursor: "1.1".parse().unwrap(),
        at: time::OffsetDateTime::UNIX_EPOCH,
        kind: "document.split".into(),
        document_id: Some(parts[0].id),
        version: None,
        document_kind: None,
        customer_id: None,
        changed: Vec::new(),
        data: json!({ "review_id": "r", "note": "with the passport of Eriksson" }),
    };
    let told = async |access: Access| {
        let mut told = catalog.events_within(&access, vec![event.clone()]).await.unwrap();
        told.remove(0).data
    };
    assert_eq!(told(Access::new(false)).await, json!({ "review_id": "r" }));
    assert_eq!(told(Access::whole()).await, event.data);
}

/// Among more IDs than are compared nobody knows that a bill looks like none of them.
pub(in crate::conformance) async fn what_was_not_compared_with_each_id_is_withheld(catalog: &Catalog) {
    let looks = of_its_own().unwrap().0;
    // They share a quarter of their fingerprints, and look different.
    for other in [looks ^ 0xFFFF_0000, looks ^ 0xFFFF_0000_0000] {
        let facts = ReadFacts { fingerprint: Some(Fingerprint(other)), ..passport("Eriksson") };
        waiting(catalog, &facts).await;
    }
    let bill = || ReadFacts { fingerprint: Some(Fingerprint(looks)), ..bill() };
    let all_compared = waiting(catalog, &bill()).await;
    assert_eq!(sensitivity(catalog, all_compared).await, Sensitivity::Open);
    let hasty = catalog.clone().with_rule(Rule { most_alike: 1, ..Rule::default() });
    let one_compared = waiting(&hasty, &bill()).await;
    assert_eq!(sensitivity(catalog, one_compared).await, Sensitivity::Unknown);
}

/// On PostgreSQL two that are read at the same moment do not see each other: each has committed by the time it comes to rest.
pub(in crate::conformance) async fn what_was_read_beside_an_id_is_compared_again_at_rest(catalog: &Catalog) {
    let looks = of_its_own();
    let mut alike = Vec::new();
    for _ in 0..2 {
        let id = received(catalog, &Sample::new()).await;
        let facts = ReadFacts { fingerprint: looks, ..bill() };
        read_as(catalog, id, id.to_string().as_bytes(), &facts).await;
        alike.push(id);
    }
    waiting(catalog, &ReadFacts { fingerprint: looks, ..passport("Eriksson") }).await;
    for id in &alike {
        let sql = "UPDATE documents SET sensitivity = 'open' WHERE id = $1".to_owned();
        behind(catalog, sql, id.0).await;
    }
    assert_eq!(catalog.filed(alike[0], Stage::Link, None, None).await.unwrap(), Step::Taken);
    let step = catalog.into_review(alike[1], Stage::Link, &[], None, None).await.unwrap();
    assert_eq!(step, Step::Taken);
    for id in alike {
        assert_eq!(sensitivity(catalog, id).await, Sensitivity::Unknown);
    }
}

pub(in crate::conformance) async fn search_does_not_tell_what_is_withheld(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let mut ids = Vec::new();
    for facts in [passport(&unique), ReadFacts { text: unique.clone(), confidence: 0.48, ..bill() }] {
        ids.push(waiting(catalog, &facts).await);
    }
    for length in 4..=unique.len() {
        // Letter by letter, as one would who guesses.
        let q = |access| DocumentFilter {
            q: Some(unique[..length].to_owned()),
            access,
            ..DocumentFilter::default()
        };
        let told = catalog.documents(&q(Access::new(false)), None, 500).await.unwrap().data;
        assert!(told.iter().all(|d| d.sensitivity == Sensitivity::Open), "{}", &unique[..length]);
        let told = catalog.documents(&q(Access::whole()), None, 500).await.unwrap().data;
        assert!(told.len() >= 2);
    }
    let queued = async |access: Access| {
        let filter = ReviewFilter { access, ..ReviewFilter::default() };
        let table = Table { filter, q: Some(unique.clone()), ..Table::default() };
        let found = catalog.review_table(&table, None, 500).await.unwrap().data;
        let mut found: Vec<_> = found.into_iter().map(|(_, document)| document.id).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(queued(Access::new(false)).await, [], "nor does the queue");
    assert_eq!(queued(Access::whole()).await, ids);
    decide(catalog, ids[0], true, Kind::Id).await;
    assert_eq!(queued(Access::whole()).await, [ids[1]], "which has what waits, and no more");
}

/// Of what was there: filed bills that came as XML are open, IDs are IDs, the rest is scored in steps.
pub(in crate::conformance) async fn what_was_there_is_scored(catalog: &Catalog, landed: &Landed) {
    assert_eq!(sensitivity(catalog, landed.filed).await, Sensitivity::Open);
    assert_eq!(sensitivity(catalog, landed.filed_id).await, Sensitivity::Id);
    assert_eq!(sensitivity(catalog, landed.waiting).await, Sensitivity::Unknown);
    let mut tx = catalog.writing().await.unwrap();
    let receipt = "PANADERIA EL SOL\nCalle Mayor 3, Sevilla\nTel: 954 000 111\nFactura simplificada 00412\n\
        12/03/2024 10:31\n2 BARRA RUSTICA 2,40\n1 CAFE CON LECHE 1,60\nTOTAL 4,00\nEFECTIVO 5,00\nCAMBIO 1,00\n\
        Gracias por su visita";
    execute!(tx, "UPDATE documents SET text = $2 WHERE id = $1", landed.waiting.0, receipt).unwrap();
    tx.commit().await.unwrap();
    let before = catalog.backfill(SENSITIVITY).await.unwrap().expect("there is something to do");
    assert_eq!((before.done, before.total, before.finished), (0, 2, false));
    assert!(catalog.score_what_was_there(1).await.unwrap(), "one at a time");
    let between = catalog.backfill(SENSITIVITY).await.unwrap().unwrap();
    assert_eq!((between.done, between.finished), (1, false), "it can end here and go on later");
    while catalog.score_what_was_there(1).await.unwrap() {}
    assert!(!catalog.score_what_was_there(1).await.unwrap(), "and once over, nothing is done");
    let after = catalog.backfill(SENSITIVITY).await.unwrap().unwrap();
    assert_eq!((after.done, after.total, after.finished), (2, 2, true));
    assert_eq!(
        sensitivity(catalog, landed.waiting).await,
        Sensitivity::Open,
        "its text speaks for a receipt"
    );
    assert_eq!(
        sensitivity(catalog, landed.asked_again).await,
        Sensitivity::Unknown,
        "of no text nobody knows"
    );
}
