//! Promises of measured filing: what is filed by itself is sampled by chance, answered once, and outside the ledger.

use std::collections::BTreeMap;

use acuse_pipeline::{
    document::{Kind, Status},
    fields::FieldName,
};

use super::{
    desk::LEASE,
    door::{Sample, received},
    road::{field, to_link},
};
use crate::{
    Access, Catalog, DocumentId,
    names::Stage,
    quality::{Answered, Differing, Drawn, Measured},
    reviews::{Deciding, Decision, Resolved, Undone},
    stages::Step,
};

async fn files_itself(catalog: &Catalog) -> DocumentId {
    let id = received(catalog, &Sample::new()).await;
    to_link(catalog, id, &id.to_string()).await;
    assert_eq!(catalog.filed(id, Stage::Link, None, None).await.unwrap(), Step::Taken);
    id
}

/// The sample that somebody takes.
pub(super) async fn claimed(catalog: &Catalog, who: &str) -> Option<Drawn> {
    catalog.claim_quality_check(&Access::whole(), who, LEASE).await.unwrap()
}

async fn measured(catalog: &Catalog) -> Measured {
    let all = catalog.quality().await.unwrap();
    let none = Measured { kind: Kind::Invoice, checked: 0, wrong: 0, unreadable: 0, waiting: 0 };
    all.into_iter().find(|m| m.kind == Kind::Invoice).unwrap_or(none)
}

pub(super) async fn what_is_filed_by_itself_is_sampled_blind(catalog: &Catalog) {
    let before = measured(catalog).await;
    let ledger = catalog.ledger(None, None).await.unwrap();
    catalog.set_quality_share(Kind::Invoice, 0, "user:boss").await.unwrap();
    files_itself(catalog).await;
    assert_eq!(measured(catalog).await.waiting, before.waiting, "none is drawn");
    catalog.set_quality_share(Kind::Invoice, 1_000_000, "user:boss").await.unwrap();
    assert_eq!(catalog.quality_share(Kind::Invoice).await.unwrap(), 1_000_000);
    let (first, second) = (files_itself(catalog).await, files_itself(catalog).await);
    assert_eq!(measured(catalog).await.waiting, before.waiting + 2);
    let after = catalog.ledger(None, None).await.unwrap();
    assert_eq!((after.filed - ledger.filed, after.in_review), (3, ledger.in_review), "they stay filed");

    let mut drawn = Vec::new();
    while let Some(check) = claimed(catalog, "user:ana").await {
        let agrees = check.document_id != second;
        let answer = BTreeMap::from([("total", "1.00".to_owned())]);
        let kept = catalog.answer_quality_check(check.id, "user:ana", agrees, &answer).await.unwrap();
        assert_eq!(kept, Answered::Kept);
        let again = catalog.answer_quality_check(check.id, "user:ben", true, &answer).await.unwrap();
        assert_eq!(again, Answered::Already, "it is answered once");
        assert_eq!(catalog.quality_check(check.id).await.unwrap(), None);
        drawn.push(check.document_id);
    }
    assert!(drawn.contains(&first) && drawn.contains(&second));
    let now = measured(catalog).await;
    assert_eq!((now.wrong - before.wrong, now.waiting), (1, 0));
    assert!(now.checked >= before.checked + 2);
    let (low, high) = now.interval().unwrap();
    let share = now.wrong as f64 / now.checked as f64;
    assert!(low < share && share < high, "{low} {share} {high}");
    let trail = catalog.audit_trail(Some(second), 10).await.unwrap();
    assert!(trail.iter().any(|e| e.action == "checked_blind" && e.actor == "user:ana"), "{trail:?}");

    // What somebody has taken up since it was drawn is not asked meanwhile.
    let third = files_itself(catalog).await;
    let version = catalog.document(third).await.unwrap().unwrap().version;
    let until = crate::names::now() + time::Duration::MINUTE;
    catalog.reopen(third, "user:ana", Some(version), "look", until).await.unwrap();
    assert_eq!(catalog.document(third).await.unwrap().unwrap().status, Status::InReview);
    assert_eq!(measured(catalog).await.waiting, 0);
    catalog.set_quality_share(Kind::Invoice, 0, "user:boss").await.unwrap();
}

pub(super) async fn a_sample_is_one_persons_at_a_time_and_may_be_unreadable(catalog: &Catalog) {
    catalog.set_quality_share(Kind::Invoice, 1_000_000, "user:boss").await.unwrap();
    let drawn = [files_itself(catalog).await, files_itself(catalog).await];
    let before = measured(catalog).await;
    let (ana, ben) = tokio::join!(claimed(catalog, "user:ana"), claimed(catalog, "user:ben"));
    let (ana, ben) = (ana.expect("one each"), ben.expect("one each"));
    assert_ne!(ana.id, ben.id, "nobody looks at what another has");
    assert!(drawn.contains(&ana.document_id) && drawn.contains(&ben.document_id));
    assert_eq!(claimed(catalog, "user:ana").await.map(|c| c.id), Some(ana.id), "their own once more");
    assert_eq!(claimed(catalog, "user:eva").await, None);
    assert!(!catalog.has_quality_check(&Access::whole(), "user:eva").await.unwrap());
    assert!(catalog.has_quality_check(&Access::whole(), "user:ana").await.unwrap());
    let held = catalog.quality_check(ben.id).await.unwrap().and_then(|check| check.held_by);
    assert_eq!(held.as_deref(), Some("user:ben"));
    let nothing = BTreeMap::new();
    let taken = catalog.answer_quality_check(ben.id, "user:ana", true, &nothing).await.unwrap();
    assert_eq!(taken, Answered::HeldBy("user:ben".into()));

    // Nobody can read it: it measures nothing, and is told.
    assert_eq!(catalog.give_up_quality_check(ben.id, "user:ben").await.unwrap(), Answered::Kept);
    let after = measured(catalog).await;
    assert_eq!((after.checked, after.wrong), (before.checked, before.wrong));
    assert_eq!((after.unreadable, after.waiting), (before.unreadable + 1, before.waiting - 1));
    assert_eq!(catalog.document(ben.document_id).await.unwrap().unwrap().status, Status::Filed);

    // Who has gone leaves it to the next.
    let gone = catalog.claim_quality_check(&Access::whole(), "user:ana", std::time::Duration::ZERO).await;
    assert_eq!(gone.unwrap().map(|c| c.id), Some(ana.id));
    assert_eq!(claimed(catalog, "user:eva").await.map(|c| c.id), Some(ana.id));
    let late = catalog.answer_quality_check(ana.id, "user:ana", true, &nothing).await.unwrap();
    assert_eq!(late, Answered::HeldBy("user:eva".into()));
    let kept = catalog.answer_quality_check(ana.id, "user:eva", true, &nothing).await.unwrap();
    assert_eq!(kept, Answered::Kept);
    catalog.set_quality_share(Kind::Invoice, 0, "user:boss").await.unwrap();
}

/// Decides what was filed by itself once more.
async fn again(catalog: &Catalog, id: DocumentId, held_secs: Option<i64>, total: &str) {
    let document = catalog.document(id).await.unwrap().unwrap();
    let mut fields = document.fields;
    fields.insert(FieldName::Total, field(total));
    let held_until = held_secs.map(|secs| crate::names::now() + time::Duration::seconds(secs));
    let by = Deciding { who: "user:ana", sees_ids: true, teaches: true, held_until, ..Deciding::default() };
    let correct = Decision::Correct { kind: document.kind, fields, customer_id: None };
    let done = catalog.decide_again(id, &by, &correct, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));
}

pub(super) async fn what_was_put_right_before_its_check_was_filed_wrong(catalog: &Catalog) {
    catalog.set_quality_share(Kind::Invoice, 1_000_000, "user:boss").await.unwrap();
    let before = measured(catalog).await;
    let (wrong, right) = (files_itself(catalog).await, files_itself(catalog).await);
    let total = catalog.document(right).await.unwrap().unwrap().fields[&FieldName::Total].value.to_string();
    again(catalog, wrong, Some(60), "123.45").await;
    assert_eq!(catalog.undo_decision(wrong, "user:ana", LEASE).await.unwrap(), Undone::Done(Status::Filed));
    let back = measured(catalog).await;
    assert_eq!((back.wrong, back.waiting), (before.wrong, before.waiting + 2), "it was never found");
    again(catalog, wrong, None, "123.45").await;
    let now = measured(catalog).await;
    assert_eq!((now.checked, now.wrong), (before.checked + 1, before.wrong + 1), "found, and counted");
    again(catalog, wrong, None, "123.46").await;
    assert_eq!(measured(catalog).await.wrong, now.wrong, "once");

    // What is let stand is still to be checked blind.
    again(catalog, right, None, &total).await;
    let after = measured(catalog).await;
    assert_eq!((after.checked, after.waiting), (now.checked, before.waiting + 1));
    let mut drawn = claimed(catalog, "user:eva").await.expect("it waits");
    while drawn.document_id != right {
        catalog.give_up_quality_check(drawn.id, "user:eva").await.unwrap();
        drawn = claimed(catalog, "user:eva").await.expect("it waits");
    }
    let answered = catalog.answer_quality_check(drawn.id, "user:eva", true, &BTreeMap::new()).await.unwrap();
    assert_eq!(answered, Answered::Kept);

    // Put right while it waits, and accepted as it then is, it was filed wrong all the same.
    let amended = files_itself(catalog).await;
    let until = crate::names::now() + time::Duration::MINUTE;
    catalog.reopen(amended, "user:ana", None, "look", until).await.unwrap();
    let document = catalog.document(amended).await.unwrap().unwrap();
    let mut fields = document.fields;
    fields.insert(FieldName::Total, field("321.00"));
    let by = Deciding { who: "user:ana", sees_ids: true, teaches: true, ..Deciding::default() };
    let correct = Decision::Correct { kind: document.kind, fields, customer_id: None };
    let so_far = measured(catalog).await.wrong;
    let done = catalog.amend(amended, &by, &correct).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::InReview));
    let review = catalog.open_review_of(amended).await.unwrap().unwrap();
    let approve = Decision::Approve { customer_id: None };
    let done = catalog.decide_review(review.id, &by, &approve, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));
    assert_eq!(measured(catalog).await.wrong, so_far + 1);
    catalog.set_quality_share(Kind::Invoice, 0, "user:boss").await.unwrap();
}

/// The sample of a document, which somebody takes; whatever waits before it they cannot read.
async fn takes(catalog: &Catalog, who: &str, id: DocumentId) -> Drawn {
    loop {
        let drawn = claimed(catalog, who).await.expect("it waits");
        if drawn.document_id == id {
            return drawn;
        }
        catalog.give_up_quality_check(drawn.id, who).await.unwrap();
    }
}

pub(super) async fn what_differs_counts_with_its_reopening_or_not_at_all(catalog: &Catalog) {
    catalog.set_quality_share(Kind::Invoice, 1_000_000, "user:boss").await.unwrap();
    let id = files_itself(catalog).await;
    let drawn = takes(catalog, "user:eva", id).await;
    let counted = async || {
        let now = measured(catalog).await;
        (now.checked, now.wrong)
    };
    let before = counted().await;
    let answer = BTreeMap::from([("total", "1.00".to_owned())]);
    let draft = vec![("total".to_owned(), "1.00".to_owned())];
    let until = crate::names::now() + time::Duration::MINUTE;
    let said = Differing { answer: &answer, draft: &draft, why: "another total", until };
    let differs = async |drawn: &Drawn, who: &str| {
        let answered = catalog.differ_from_filed(drawn, who, said).await.unwrap();
        let status = catalog.document(id).await.unwrap().unwrap().status;
        let typed = catalog.draft(id, who).await.unwrap().map(|draft| draft.form);
        (answered, status, typed)
    };
    // Somebody else decides it meanwhile, and may take that back.
    again(catalog, id, Some(60), "123.45").await;
    assert_eq!(differs(&drawn, "user:eva").await, (Answered::Changed, Status::Filed, None));
    assert_eq!(counted().await, before, "nothing counts that is not put right");
    assert_eq!(catalog.undo_decision(id, "user:ana", LEASE).await.unwrap(), Undone::Done(Status::Filed));

    let drawn = takes(catalog, "user:eva", id).await;
    let held = Answered::HeldBy("user:eva".into());
    assert_eq!(differs(&drawn, "user:ben").await, (held, Status::Filed, None));
    assert_eq!(counted().await, before, "nor is anything put right that does not count");
    let kept = differs(&drawn, "user:eva").await;
    assert_eq!(kept, (Answered::Kept, Status::InReview, Some(draft.clone())));
    assert_eq!(counted().await, (before.0 + 1, before.1 + 1));
    let review = catalog.open_review_of(id).await.unwrap().expect("it waits");
    assert_eq!(review.claimed_by.as_deref(), Some("user:eva"));
    assert_eq!(differs(&drawn, "user:ben").await.0, Answered::Already);
    assert_eq!(counted().await, (before.0 + 1, before.1 + 1), "once");
    catalog.set_quality_share(Kind::Invoice, 0, "user:boss").await.unwrap();
}
