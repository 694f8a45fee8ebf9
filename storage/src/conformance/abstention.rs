//! Promises of measured abstention: how sure the reader was, what became of it and what a person found are one curve; a
//! threshold is set and taken back; who confirms without reading is told apart.

use acuse_pipeline::{
    document::Kind,
    fields::{FieldName, Fields},
    reason::{Reason, ReasonCode},
};
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use super::{
    desk::{LEASE, waiting},
    door::{Sample, received},
    quality::claimed,
    road::{begin, facts, field, original},
    upgrade::Landed,
};
use crate::{
    Catalog, DocumentId, ReviewId,
    abstention::{
        curve::{Outcomes, Risk},
        shipped_ppm,
    },
    names::{Stage, now},
    reviews::{Deciding, Decision, Resolved, Undone},
    stages::{ReadFacts, Step},
    users::Role,
};

fn said(total: &str) -> Fields {
    Fields::from([
        (FieldName::MerchantName, field("Horno Dos, S.L.")),
        (FieldName::Date, field("2026-03-01")),
        (FieldName::Total, field(total)),
        (FieldName::Currency, field("EUR")),
    ])
}

/// A receipt at `link`, of which the reader was so sure.
async fn read_as(catalog: &Catalog, sure: f64) -> DocumentId {
    let id = received(catalog, &Sample::new()).await;
    begin(catalog, id, Stage::Fetch).await;
    let fetched = original(id, id.to_string().as_bytes());
    assert_eq!(catalog.fetched(id, &fetched).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Read).await;
    let plain = facts(&id.to_string());
    let receipt = ReadFacts {
        kind: Some(Kind::Receipt),
        sure: Some(sure),
        fields: said("45.00"),
        fingerprint: None,
        ..plain
    };
    assert_eq!(catalog.read(id, &receipt).await.unwrap(), Step::Taken);
    begin(catalog, id, Stage::Link).await;
    id
}

/// One in front of a person, for this reason.
async fn held(catalog: &Catalog, sure: f64, reason: Reason) -> (DocumentId, ReviewId) {
    let id = read_as(catalog, sure).await;
    assert_eq!(catalog.into_review(id, Stage::Link, &[reason], None, None).await.unwrap(), Step::Taken);
    (id, catalog.open_review_of(id).await.unwrap().expect("waits").id)
}

async fn doubted(catalog: &Catalog, sure: f64) -> (DocumentId, ReviewId) {
    let doubts = json!({ "document": sure, "total": 0.8 });
    let doubt = Reason::new(ReasonCode::LowConfidence, "Not sure enough.").with("confidence", doubts);
    held(catalog, sure, doubt).await
}

fn by(who: &str) -> Deciding<'_> {
    Deciding { who, sees_ids: true, teaches: true, ..Deciding::default() }
}

async fn decides(catalog: &Catalog, review: ReviewId, by: &Deciding<'_>, decision: &Decision) {
    let done = catalog.decide_review(review, by, decision, None).await.unwrap();
    assert!(matches!(done, Resolved::Done(_)), "{done:?}");
}

fn corrected(total: &str) -> Decision {
    Decision::Correct { kind: Some(Kind::Receipt), fields: said(total), customer_id: None }
}

/// Two are filed by themselves, both are checked, and one of them is wrong.
async fn two_are_filed(catalog: &Catalog) {
    catalog.set_quality_share(Kind::Receipt, 1_000_000, "user:boss").await.unwrap();
    for (sure, agrees) in [(0.95, true), (0.9, false)] {
        let id = read_as(catalog, sure).await;
        assert_eq!(catalog.filed(id, Stage::Link, None, None).await.unwrap(), Step::Taken);
        let check = claimed(catalog, "user:ana").await.expect("drawn");
        assert_eq!(check.document_id, id);
        catalog.answer_quality_check(check.id, "user:ana", agrees, &[].into()).await.unwrap();
    }
    catalog.set_quality_share(Kind::Receipt, 0, "user:boss").await.unwrap();
}

pub(super) async fn what_was_found_of_what_was_doubted_is_a_curve(catalog: &Catalog) {
    let outcomes = async || catalog.filing_outcomes(Kind::Receipt).await.unwrap();
    assert_eq!(outcomes().await, Outcomes::default());
    two_are_filed(catalog).await;
    let (approve, ana) = (Decision::Approve { customer_id: None }, by("user:ana"));
    // Written otherwise it says the same; another total does not; what is refused must not be filed.
    let reject = Decision::Reject { note: "none of ours".into() };
    for decision in [&approve, &corrected("45"), &corrected("46.00"), &reject] {
        let (_, review) = doubted(catalog, 0.7).await;
        decides(catalog, review, &ana, decision).await;
    }
    // What a machine decides says nothing, nor what was taken back, nor what something else held.
    let (_, review) = doubted(catalog, 0.6).await;
    decides(catalog, review, &Deciding { teaches: false, ..by("mcp:assistant") }, &approve).await;
    let (undone, review) = doubted(catalog, 0.7).await;
    let held_until = Some(now() + Duration::MINUTE);
    decides(catalog, review, &Deciding { held_until, ..ana.clone() }, &corrected("99.00")).await;
    assert!(matches!(catalog.undo_decision(undone, "user:ana", LEASE).await.unwrap(), Undone::Done(_)));
    let unknown = Reason::new(ReasonCode::UnknownCustomer, "nobody known");
    let (_, review) = held(catalog, 0.99, unknown).await;
    decides(catalog, review, &ana, &corrected("1.00")).await;

    let found = outcomes().await;
    assert_eq!((found.bills(), found.answers()), (9, (2, 4)), "{found:?}");
    let curve = found.curve();
    assert_eq!(curve.iter().map(|p| p.mille).collect::<Vec<_>>(), [600, 700, 900, 950], "{curve:?}");
    let of_nine: Vec<_> = curve.iter().map(|p| (p.coverage * 9.0).round() as u64).collect();
    assert_eq!(of_nine, [8, 7, 2, 1], "what something else held is filed at no threshold");
    let Risk { share, checked, wrong, .. } = curve[1].risk.expect("both were looked at");
    assert_eq!((checked, wrong), (6, 3));
    assert!((share - 0.5).abs() < 1e-9, "one of two, and two of four: {share}");
    // What was put right before it was accepted stays found wrong.
    let (id, review) = doubted(catalog, 0.7).await;
    decides(catalog, review, &ana, &corrected("47.00")).await;
    let until = now() + Duration::MINUTE;
    let version = catalog.document(id).await.unwrap().unwrap().version;
    catalog.reopen(id, "user:ana", Some(version), "look", until).await.unwrap();
    let again = catalog.open_review_of(id).await.unwrap().unwrap().id;
    decides(catalog, again, &ana, &approve).await;
    assert_eq!(outcomes().await.at(700).unwrap().risk.map(|r| (r.checked, r.wrong)), Some((7, 4)));
}

pub(super) async fn a_threshold_is_set_and_taken_back(catalog: &Catalog) {
    let stands = async || catalog.filing_threshold(Kind::Receipt).await.unwrap().map(|t| t.least_ppm);
    assert_eq!(stands().await, None, "what the reader ships with");
    let set = async |least| {
        catalog.set_filing_threshold(Kind::Receipt, (least, 10_000), "user:boss").await.unwrap()
    };
    let (first, second) = (set(970_000).await, set(990_000).await);
    assert_eq!(stands().await, Some(990_000));
    assert_eq!(catalog.filing_threshold(Kind::Invoice).await.unwrap(), None, "of its kind only");
    let undo = async |id| catalog.undo_filing_threshold(Kind::Receipt, id, "user:boss").await.unwrap();
    assert!(!undo(first).await && !undo(Uuid::now_v7()).await, "another one stands");
    assert!(undo(second).await && !undo(second).await, "once");
    assert_eq!(stands().await, Some(970_000), "what stood before it stands again");
    assert!(undo(first).await);
    assert_eq!(stands().await, None);
    let trail = catalog.audit_trail(None, 100).await.unwrap();
    let of = |action: &str| {
        let mine = trail.iter().filter(|e| e.action == action && e.actor == "user:boss");
        mine.map(|e| e.detail["threshold_ppm"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        of("filing_threshold_set"),
        [json!({ "from": 970_000, "to": 990_000 }), json!({ "from": shipped_ppm(), "to": 970_000 })]
    );
    assert_eq!(of("filing_threshold_undone")[0], json!({ "from": 970_000, "to": shipped_ppm() }));
}

pub(super) async fn who_confirms_without_reading_is_told_apart(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    for name in ["fast", "many"] {
        catalog.put_user(&format!("{name}-{unique}"), "$h", Role::Reviewer).await.unwrap();
    }
    let (fast, many) = (format!("user:fast-{unique}"), format!("user:many-{unique}"));
    let pace = async |who: &str| catalog.paces().await.unwrap().into_iter().find(|p| p.person == who);
    assert_eq!(pace(&fast).await, None);
    let mut waits = Vec::new();
    for _ in 0..31 {
        waits.push(waiting(catalog).await.1.id);
    }
    let approve = Decision::Approve { customer_id: None };
    for review in &waits {
        decides(catalog, *review, &by(&fast), &approve).await;
    }
    let stamped = pace(&fast).await.expect("decided");
    assert!(stamped.is_stamping && stamped.plain == 30, "{stamped:?}");
    let (_, review) = waiting(catalog).await;
    let change = Decision::Correct { kind: None, fields: said("3.00"), customer_id: None };
    decides(catalog, review.id, &by(&fast), &change).await;
    let careful = pace(&fast).await.unwrap();
    assert!(!careful.is_stamping && careful.plain == 29, "{careful:?}");
    // What was looked at together says nothing of how fast somebody reads.
    let (id, review) = waiting(catalog).await;
    let held_until = Some(now() + Duration::MINUTE);
    decides(catalog, review.id, &Deciding { held_until, ..by(&many) }, &approve).await;
    assert!(pace(&many).await.is_some());
    catalog.name_batch(Uuid::now_v7(), &many, &[id]).await.unwrap();
    assert_eq!(pace(&many).await, None);
    catalog.undo_decision(id, &many, LEASE).await.unwrap();
}

/// A decision that is held, made together with others, in the schema of before; which they are.
pub(super) async fn decided_at_once_before(catalog: &Catalog, landed: &Landed) -> Uuid {
    let batch = Uuid::now_v7();
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "INSERT INTO holds (document_id, review_id, decided_by, held_until, document_version, was, effects, batch) \
         VALUES ($1, $2, 'user:eva', 0, 1, '{}', '{}', $3)",
        landed.asked_again.0,
        landed.decided_review.0,
        batch
    )
    .unwrap();
    tx.commit().await.unwrap();
    batch
}

/// The review knows it, and that of others nothing is known.
pub(super) async fn what_was_decided_at_once_says_so(catalog: &Catalog, landed: &Landed, batch: Uuid) {
    let mut tx = catalog.writing().await.unwrap();
    let rows =
        all!(tx, (Uuid, Option<Uuid>, Option<bool>), "SELECT id, batch, changed FROM reviews").unwrap();
    assert!(rows.contains(&(landed.decided_review.0, Some(batch), None)), "{rows:?}");
    assert!(rows.contains(&(landed.open_review.0, None, None)), "{rows:?}");
    execute!(tx, "DELETE FROM holds WHERE batch = $1", batch).unwrap();
    tx.commit().await.unwrap();
}
