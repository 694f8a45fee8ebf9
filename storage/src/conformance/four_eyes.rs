//! Promises of four eyes: nobody is their own second, the second is blind, a third or the pair settles what differs.

use acuse_pipeline::{
    document::{Kind, Status},
    fields::{FieldName, Fields},
    reason::ReasonCode,
};
use time::Duration as Span;
use uuid::Uuid;

use super::{
    desk::{LEASE, waiting},
    road::field,
};
use crate::{
    Access, Catalog, DocumentId, ReviewId, Sensitivity,
    access::Binding,
    names::{UserId, WaitsFor, micros, now},
    reviews::{Deciding, Decision, Reopened, Resolved, ReviewFilter, Undone, four_eyes::Scope},
    users::{Change, Role, Unchanged},
};

fn comes_to(total: &str) -> Decision {
    let fields =
        Fields::from([(FieldName::Total, field(total)), (FieldName::MerchantName, field("Dos Ojos"))]);
    Decision::Correct { kind: Some(Kind::Receipt), fields, customer_id: None }
}

async fn says(catalog: &Catalog, review: ReviewId, who: &str, total: &str) -> Resolved {
    let by = Deciding { who, sees_ids: true, ..Deciding::default() };
    catalog.decide_review(review, &by, &comes_to(total), None).await.unwrap()
}

/// The same, to be taken back for a minute.
async fn says_for_now(catalog: &Catalog, id: DocumentId, who: &str, total: &str) -> Resolved {
    let review = catalog.open_review_of(id).await.unwrap().expect("it waits");
    let held_until = Some(now() + Span::MINUTE);
    let by = Deciding { who, held_until, sees_ids: true, ..Deciding::default() };
    catalog.decide_review(review.id, &by, &comes_to(total), None).await.unwrap()
}

async fn amends(catalog: &Catalog, id: DocumentId, who: &str, total: &str) -> Resolved {
    let by = Deciding { who, sees_ids: true, ..Deciding::default() };
    catalog.amend(id, &by, &comes_to(total)).await.unwrap()
}

async fn persons(catalog: &Catalog, id: DocumentId) -> Vec<String> {
    catalog.opinions_of(id).await.unwrap().into_iter().map(|opinion| opinion.person).collect()
}

/// Two persons who decide, and who did beside them and does not now; a rule for what comes to a million.
async fn a_pair(catalog: &Catalog) -> (Vec<UserId>, Uuid) {
    let unique = Uuid::now_v7().simple().to_string();
    let user =
        async |name: &str| catalog.put_user(&format!("{name}-{unique}"), "$h", Role::Reviewer).await.unwrap();
    let pair = [user("ana").await, user("ben").await];
    let shut_out = only(catalog, &pair).await;
    let scope = Scope { amount_from: Some("1000000".parse().unwrap()), ..Scope::default() };
    let rule = catalog.make_four_eyes_rule(&scope, "user:boss").await.unwrap().expect("two decide");
    (shut_out, rule)
}

async fn status(catalog: &Catalog, id: DocumentId) -> (Status, Option<WaitsFor>) {
    let document = catalog.document(id).await.unwrap().unwrap();
    (document.status, document.waits_for)
}

/// Whether work mode would give it to somebody.
pub(super) async fn is_next_of(catalog: &Catalog, id: DocumentId, who: &str) -> bool {
    let filter =
        ReviewFilter { open_to: Some(who.to_owned()), access: Access::whole(), ..ReviewFilter::default() };
    let mut after = None;
    loop {
        let page = catalog.reviews(&filter, after, 500).await.unwrap();
        if page.data.iter().any(|(_, d)| d.id == id) {
            return true;
        }
        after = page.next;
        if after.is_none() {
            return false;
        }
    }
}

/// Leaves only these to decide; who else did.
async fn only(catalog: &Catalog, these: &[UserId]) -> Vec<UserId> {
    let mut shut_out = Vec::new();
    for user in catalog.users().await.unwrap() {
        let decides = matches!(user.role, Role::Reviewer | Role::Supervisor | Role::Admin);
        if decides && user.disabled_at.is_none() && !these.contains(&user.id) {
            let mut tx = catalog.writing().await.unwrap();
            execute!(tx, "UPDATE users SET disabled_at = $2 WHERE id = $1", user.id.0, micros(now()))
                .unwrap();
            tx.commit().await.unwrap();
            shut_out.push(user.id);
        }
    }
    shut_out
}

async fn let_in(catalog: &Catalog, these: &[UserId]) {
    for id in these {
        let back = Change { disabled: Some(false), ..Change::default() };
        catalog.change_user(*id, &back).await.unwrap().unwrap();
    }
}

pub(super) async fn two_say_the_same_or_a_third_settles_it(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let user =
        async |name: &str| catalog.put_user(&format!("{name}-{unique}"), "$h", Role::Reviewer).await.unwrap();
    let ana = user("ana").await;
    let shut_out = only(catalog, &[ana]).await;
    let scope = Scope { amount_from: Some("1000000".parse().unwrap()), ..Scope::default() };
    let alone = catalog.make_four_eyes_rule(&scope, "user:boss").await.unwrap();
    assert_eq!(alone.unwrap_err().deciding, 1, "nobody could keep it");
    let narrow = user("narrow").await;
    catalog.bind_user(narrow, &[Binding::Team("north".into())]).await.unwrap().unwrap();
    let bound = catalog.make_four_eyes_rule(&scope, "user:boss").await.unwrap();
    assert_eq!(bound.unwrap_err().deciding, 1, "who is bound does not reach all that it names");
    let (_ben, eva) = (user("ben").await, user("eva").await);
    let rule = catalog.make_four_eyes_rule(&scope, "user:boss").await.unwrap().expect("three decide");
    assert!(catalog.four_eyes_rules().await.unwrap().iter().any(|r| r.id == rule && r.scope == scope));

    let (id, review) = waiting(catalog).await;
    catalog.claim_review(review.id, "user:ana", LEASE).await.unwrap();
    assert_eq!(says(catalog, review.id, "user:ana", "2000000.00").await, Resolved::AnotherIsAsked);
    assert_eq!(status(catalog, id).await, (Status::InReview, Some(WaitsFor::SecondReviewer)));
    assert!(!is_next_of(catalog, id, "user:ana").await && is_next_of(catalog, id, "user:ben").await);
    let seen = catalog.document(id).await.unwrap().unwrap();
    let total = seen.fields[&FieldName::Total].value.to_string();
    assert_eq!(total, "45.00", "the second sees what was read, and not what the first said");
    let told = format!("{:?}", catalog.timeline(id).await.unwrap());
    assert!(told.contains("answered") && !told.contains("2000000"), "{told}");
    assert_eq!(says(catalog, review.id, "user:ana", "2000000.00").await, Resolved::NotTheirOwnSecond);
    let mut tx = catalog.writing().await.unwrap();
    let forged = execute!(
        tx,
        "INSERT INTO opinions (document_id, nth, person, answer, given_at) VALUES ($1, 2, 'user:ana', '{}', 1)",
        id.0
    );
    assert!(forged.is_err(), "the database refuses it too");
    drop(tx);
    assert_eq!(says(catalog, review.id, "user:ben", "2000000.00").await, Resolved::Done(Status::Filed));

    // What is filed under a rule is not changed by one person.
    let version = catalog.document(id).await.unwrap().unwrap().version;
    let by = Deciding { who: "user:ana", seen_version: Some(version), sees_ids: true, ..Deciding::default() };
    let fields = Fields::from([(FieldName::Total, field("1.00"))]);
    let lower = Decision::Correct { kind: Some(Kind::Receipt), fields, customer_id: None };
    assert_eq!(catalog.decide_again(id, &by, &lower, None).await.unwrap(), Resolved::NeedsFourEyes);

    // They differ: a third sees both, and settles it.
    let (id, review) = waiting(catalog).await;
    says(catalog, review.id, "user:ana", "2000000.00").await;
    assert_eq!(says(catalog, review.id, "user:ben", "3000000.00").await, Resolved::AnotherIsAsked);
    assert_eq!(status(catalog, id).await.1, Some(WaitsFor::Approver));
    let both = catalog.opinions_of(id).await.unwrap();
    assert_eq!(both.iter().map(|o| o.person.as_str()).collect::<Vec<_>>(), ["user:ana", "user:ben"]);
    assert_ne!(both[0].answer, both[1].answer);
    assert_eq!(says(catalog, review.id, "user:ben", "2000000.00").await, Resolved::NotTheirOwnSecond);
    assert!(!is_next_of(catalog, id, "user:ben").await && is_next_of(catalog, id, "user:eva").await);
    assert_eq!(says(catalog, review.id, "user:eva", "3000000.00").await, Resolved::Done(Status::Filed));

    // Where there are two, either takes the other's answer.
    let (id, review) = waiting(catalog).await;
    says(catalog, review.id, "user:ana", "2000000.00").await;
    says(catalog, review.id, "user:ben", "3000000.00").await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE users SET disabled_at = 1 WHERE id = $1", eva.0).unwrap();
    tx.commit().await.unwrap();
    assert!(is_next_of(catalog, id, "user:ana").await);
    assert_eq!(says(catalog, review.id, "user:ana", "2500000.00").await, Resolved::AnotherIsAsked);
    assert_eq!(says(catalog, review.id, "user:ben", "2500000.00").await, Resolved::Done(Status::Filed));

    // Below it one is enough, and where the rule has ended.
    let (_, review) = waiting(catalog).await;
    assert_eq!(says(catalog, review.id, "user:ana", "999999.99").await, Resolved::Done(Status::Filed));
    assert!(catalog.end_four_eyes_rule(rule, "user:boss").await.unwrap());
    let (_, review) = waiting(catalog).await;
    assert_eq!(says(catalog, review.id, "user:ana", "2000000.00").await, Resolved::Done(Status::Filed));
    let off = Change { disabled: Some(true), ..Change::default() };
    catalog.change_user(narrow, &off).await.unwrap().unwrap();
    let_in(catalog, &shut_out).await;
}

pub(super) async fn a_key_is_nobody_and_one_alone_changes_nothing_of_two(catalog: &Catalog) {
    let (high, review) = waiting(catalog).await;
    assert_eq!(amends(catalog, high, "key:erp", "2000000.00").await, Resolved::Done(Status::InReview));
    let (shut_out, rule) = a_pair(catalog).await;
    let lowered = amends(catalog, high, "user:ana", "1.00").await;
    assert_eq!(lowered, Resolved::DecidedByTwo, "the rule goes by what it said before, too");
    assert_eq!(amends(catalog, high, "key:anas", "1.00").await, Resolved::DecidedByTwo);
    let total = catalog.document(high).await.unwrap().unwrap().fields[&FieldName::Total].value.to_string();
    assert_eq!(total, "2000000.00");
    let (low, _) = waiting(catalog).await;
    let raised = amends(catalog, low, "user:ana", "2000000.00").await;
    assert_eq!(raised, Resolved::DecidedByTwo, "and by what it would say");
    assert_eq!(amends(catalog, low, "user:ana", "2.00").await, Resolved::Done(Status::InReview));

    for key in ["key:anas", "mcp:anas"] {
        assert_eq!(says(catalog, review.id, key, "2000000.00").await, Resolved::NoPerson, "not the first");
    }
    assert_eq!(persons(catalog, high).await, Vec::<String>::new());
    assert_eq!(says(catalog, review.id, "user:ana", "2000000.00").await, Resolved::AnotherIsAsked);
    for key in ["key:anas", "mcp:anas"] {
        assert_eq!(says(catalog, review.id, key, "2000000.00").await, Resolved::NoPerson, "nor the second");
    }
    assert!(catalog.end_four_eyes_rule(rule, "user:boss").await.unwrap());
    let changed = amends(catalog, high, "user:ben", "2000001.00").await;
    assert_eq!(changed, Resolved::DecidedByTwo, "one has answered: the second sees what was read");
    assert_eq!(says(catalog, review.id, "user:ben", "2000000.00").await, Resolved::Done(Status::Filed));
    let_in(catalog, &shut_out).await;
}

pub(super) async fn an_answer_is_taken_back_and_given_again(catalog: &Catalog) {
    let (shut_out, rule) = a_pair(catalog).await;
    let (id, review) = waiting(catalog).await;
    let before = status(catalog, id).await;
    // The first answer is nobody's to go on from while it can be taken back.
    assert_eq!(says_for_now(catalog, id, "user:ana", "2000000.00").await, Resolved::AnotherIsAsked);
    assert_eq!(status(catalog, id).await, (Status::InReview, Some(WaitsFor::SecondReviewer)));
    assert!(
        catalog.open_review_of(id).await.unwrap().is_none() && !is_next_of(catalog, id, "user:ben").await
    );
    assert_eq!(says(catalog, review.id, "user:ben", "2000000.00").await, Resolved::AlreadyResolved);
    let held = catalog.held_by("user:ana").await.unwrap().expect("it can be taken back");
    assert_eq!((held.document_id, held.resolution.as_str()), (id, "answered"));
    let undone = catalog.undo_decision(id, "user:ana", LEASE).await.unwrap();
    assert_eq!((undone, status(catalog, id).await), (Undone::Done(Status::InReview), before));
    assert_eq!(persons(catalog, id).await, Vec::<String>::new());

    let review = catalog.open_review_of(id).await.unwrap().expect("in front of her again");
    assert_eq!(review.claimed_by.as_deref(), Some("user:ana"));
    assert_eq!(says(catalog, review.id, "user:ana", "2000000.00").await, Resolved::AnotherIsAsked);
    assert_eq!(says(catalog, review.id, "user:ben", "3000000.00").await, Resolved::AnotherIsAsked);
    // She takes his answer, takes that back, and says again what she had said: her place is free.
    assert_eq!(says_for_now(catalog, id, "user:ana", "3000000.00").await, Resolved::Done(Status::Filed));
    let undone = catalog.undo_decision(id, "user:ana", LEASE).await.unwrap();
    assert_eq!(undone, Undone::Done(Status::InReview));
    assert_eq!(persons(catalog, id).await, ["user:ben"]);
    let review = catalog.open_review_of(id).await.unwrap().unwrap();
    assert_eq!(says(catalog, review.id, "user:ana", "2000000.00").await, Resolved::AnotherIsAsked);
    assert_eq!(persons(catalog, id).await, ["user:ana", "user:ben"]);
    assert_eq!(says(catalog, review.id, "user:ben", "2000000.00").await, Resolved::Done(Status::Filed));
    assert!(catalog.end_four_eyes_rule(rule, "user:boss").await.unwrap());
    let_in(catalog, &shut_out).await;
}

pub(super) async fn what_waited_for_a_reason_is_under_its_rule_when_it_rests(catalog: &Catalog) {
    let (shut_out, much) = a_pair(catalog).await;
    assert!(catalog.end_four_eyes_rule(much, "user:boss").await.unwrap());
    let of = |reason| Scope {
        reason: Some(reason),
        amount_from: Some("1000000".parse().unwrap()),
        ..Scope::default()
    };
    let make = async |scope: &Scope| catalog.make_four_eyes_rule(scope, "user:boss").await.unwrap();
    let rules = [make(&of(ReasonCode::UnknownCustomer)).await, make(&of(ReasonCode::Malware)).await];
    let (id, review) = waiting(catalog).await;
    assert_eq!(says(catalog, review.id, "user:ana", "2000000.00").await, Resolved::AnotherIsAsked);
    // Whose it is may be known by now: what she said of it is not dropped for that.
    catalog.rematch_waiting().await.unwrap();
    assert_eq!(status(catalog, id).await, (Status::InReview, Some(WaitsFor::SecondReviewer)));
    assert_eq!(says(catalog, review.id, "user:ben", "2000000.00").await, Resolved::Done(Status::Filed));
    assert_eq!(catalog.document(id).await.unwrap().unwrap().reasons, [], "it waits for nothing any more");
    assert_eq!(amends(catalog, id, "user:ana", "9000000.00").await, Resolved::NeedsFourEyes);

    // Taken up again, it is for two as before.
    let until = now() + Span::MINUTE;
    let again = catalog.reopen(id, "user:ana", None, "it is more", until).await.unwrap();
    let Reopened::Waits(review) = again else { panic!("{again:?}") };
    assert_eq!(says(catalog, review, "user:ana", "9000000.00").await, Resolved::AnotherIsAsked);
    assert_eq!(says(catalog, review, "user:ben", "9000000.00").await, Resolved::Done(Status::Filed));
    for rule in rules {
        assert!(catalog.end_four_eyes_rule(rule.expect("two decide"), "user:boss").await.unwrap());
    }
    assert_eq!(amends(catalog, id, "user:ana", "3000000.00").await, Resolved::Done(Status::Filed));
    let_in(catalog, &shut_out).await;
}

pub(super) async fn where_it_may_be_an_id_only_who_sees_them_counts(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let add = async |name: &str, sees_ids: bool| {
        let name = format!("{name}-{unique}");
        catalog.add_user(&name, "!", (Role::Reviewer, sees_ids), None).await.unwrap().expect("a new name")
    };
    let (ana, ben) = (add("ana", true).await, add("ben", false).await);
    let shut_out = only(catalog, &[ana, ben]).await;
    let make = async |scope: &Scope| catalog.make_four_eyes_rule(scope, "user:boss").await.unwrap();
    let of = |kind| Scope { kind, ..Scope::default() };
    for kind in [Some(Kind::Id), None] {
        let few = make(&of(kind)).await.unwrap_err();
        assert_eq!((few.deciding, few.of_ids), (1, true), "{kind:?}: the second could not open it");
    }
    let bills = make(&of(Some(Kind::Invoice))).await.expect("both decide bills");
    assert!(catalog.end_four_eyes_rule(bills, "user:boss").await.unwrap());

    let eva = add("eva", true).await;
    let much = Scope { amount_from: Some("1000000".parse().unwrap()), ..Scope::default() };
    let rules = [make(&of(Some(Kind::Id))).await.expect("two see IDs"), make(&much).await.expect("two")];
    let off = Change { disabled: Some(true), ..Change::default() };
    let blind = Change { sees_ids: Some(false), ..Change::default() };
    let elsewhere = Change { role: Some(Role::Finance), ..Change::default() };
    for change in [&off, &blind, &elsewhere] {
        let refused = catalog.change_user(eva, change).await.unwrap();
        assert_eq!(refused, Err(Unchanged::FourEyes), "nobody would be her second");
    }
    assert!(catalog.change_user(ben, &off).await.unwrap().is_ok(), "he keeps neither rule");
    let_in(catalog, &[ben]).await;
    assert_eq!(catalog.four_eyes_left().await.unwrap(), 0);
    let gone = only(catalog, &[ana, ben]).await;
    assert_eq!(catalog.four_eyes_left().await.unwrap(), rules.len(), "whoever looks is told");
    let_in(catalog, &gone).await;

    // Three decide, and two of them may: they settle it between them.
    let (id, review) = waiting(catalog).await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET sensitivity = 'unknown' WHERE id = $1", id.0).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(catalog.document(id).await.unwrap().unwrap().sensitivity, Sensitivity::Unknown);
    let (ana, eva) = (format!("user:ana-{unique}"), format!("user:eva-{unique}"));
    assert_eq!(says(catalog, review.id, &ana, "2000000.00").await, Resolved::AnotherIsAsked);
    assert_eq!(says(catalog, review.id, &eva, "3000000.00").await, Resolved::AnotherIsAsked);
    assert_eq!(status(catalog, id).await, (Status::InReview, Some(WaitsFor::Approver)));
    assert!(is_next_of(catalog, id, &ana).await && is_next_of(catalog, id, &eva).await);
    assert_eq!(says(catalog, review.id, &ana, "3000000.00").await, Resolved::Done(Status::Filed));
    for rule in rules {
        assert!(catalog.end_four_eyes_rule(rule, "user:boss").await.unwrap());
    }
    let_in(catalog, &shut_out).await;
}

/// Who has answered is not asked once more, and it is not for them whoever hands it to them: while there is somebody else.
pub(super) async fn who_has_answered_is_asked_no_more(catalog: &Catalog) {
    let (shut_out, rule) = a_pair(catalog).await;
    let (id, review) = waiting(catalog).await;
    let is_for_others = async |who: &str| {
        let document = catalog.document(id).await.unwrap().unwrap();
        let is_so = catalog.is_for_others(&document, who).await.unwrap();
        assert_eq!(is_so, !is_next_of(catalog, id, who).await, "as the queue has it: {who}");
        is_so
    };
    assert!(!is_for_others("user:ana").await);
    assert_eq!(says(catalog, review.id, "user:ana", "2000000.00").await, Resolved::AnotherIsAsked);
    assert!(is_for_others("user:ana").await && !is_for_others("user:ben").await);
    assert_eq!(says(catalog, review.id, "user:ben", "3000000.00").await, Resolved::AnotherIsAsked);
    assert!(!is_for_others("user:ana").await && !is_for_others("user:ben").await, "the two settle it");
    let name = format!("eva-{}", Uuid::now_v7().simple());
    let eva = catalog.put_user(&name, "$h", Role::Reviewer).await.unwrap();
    assert!(is_for_others("user:ana").await && is_for_others("user:ben").await, "a third does");
    assert!(!is_for_others("user:eva").await);
    assert_eq!(says(catalog, review.id, "user:eva", "3000000.00").await, Resolved::Done(Status::Filed));
    assert!(catalog.end_four_eyes_rule(rule, "user:boss").await.unwrap());
    let off = Change { disabled: Some(true), ..Change::default() };
    catalog.change_user(eva, &off).await.unwrap().unwrap();
    let_in(catalog, &shut_out).await;
}
