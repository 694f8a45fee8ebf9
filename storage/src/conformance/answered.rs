//! Promises of what is asked of somebody else only once it can no longer be taken back, and of whose that time is.

use acuse_pipeline::{
    document::Status,
    fields::{FieldName, Fields},
    reason::{Reason, ReasonCode},
};
use time::Duration;
use uuid::Uuid;

use super::{
    access::waiting as waits_as,
    answers::{last_said, offered, taps, waits, waits_for, with_keys},
    cases::{contact_of, leading, said_to},
    desk::{LEASE, waiting},
    door::{Sample, received},
    four_eyes::is_next_of,
    given::customer,
    house::rules,
    owed::{approvals_of, approve, approver, billed, gets_a_number, now_of},
    road::{field, read_as, reply},
};
use crate::{
    Catalog, CustomerId, DocumentId,
    approvals::{self, ApprovalState},
    cases::Asking,
    customers::Merged,
    names::{Stage, WaitsFor, now},
    outbox::Purpose,
    reviews::{Deciding, Decision, Reopened, Resolved, Undone, four_eyes::Scope},
    stages::Step,
    users::Role,
};

const APPROVE: Decision = Decision::Approve { customer_id: None };

fn held(who: &str, secs: i64) -> Deciding<'_> {
    Deciding { who, held_until: Some(now() + Duration::seconds(secs)), sees_ids: true, ..Deciding::default() }
}

async fn comes_to(catalog: &Catalog, id: DocumentId, total: &str) -> Decision {
    let mut fields: Fields = now_of(catalog, id).await.fields;
    fields.insert(FieldName::Total, field(total));
    Decision::Correct { kind: None, fields, customer_id: None }
}

async fn says(catalog: &Catalog, id: DocumentId, by: &Deciding<'_>, decision: &Decision) -> Resolved {
    let review = catalog.open_review_of(id).await.unwrap().expect("it waits");
    catalog.decide_review(review.id, by, decision, None).await.unwrap()
}

async fn total(catalog: &Catalog, id: DocumentId) -> String {
    now_of(catalog, id).await.fields[&FieldName::Total].value.to_string()
}

pub(super) async fn an_approver_is_asked_when_it_cannot_be_taken_back(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, number, phone) = approver(catalog).await;
    let rule = format!("approve\tinvoice\t1000 EUR\torder\t{number}\t24\t{phone}\n");
    rules(catalog, &rule).await;
    let heard = async || said_to(catalog, contact).await.len();
    let id = waits_as(catalog, &billed("Z1", "H-1", "10.00")).await;
    let before = heard().await;
    let high = comes_to(catalog, id, "5000.00").await;
    assert_eq!(says(catalog, id, &held("user:eva", 60), &high).await, Resolved::ApproverIsAsked);
    assert_eq!((heard().await, approvals_of(catalog, id).await), (before, Vec::new()), "nobody is asked yet");
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    assert!(catalog.open_review_of(id).await.unwrap().is_none(), "nor has anybody it in front of them");
    let undone = catalog.undo_decision(id, "user:eva", LEASE).await.unwrap();
    assert_eq!(undone, Undone::Done(Status::InReview));
    assert_eq!(
        (total(catalog, id).await.as_str(), waits_for(catalog, id).await),
        ("10.00", Some(WaitsFor::Reviewer))
    );
    // A zero too many that is not noticed is asked about once, when the time is over.
    assert_eq!(says(catalog, id, &held("user:eva", 0), &high).await, Resolved::ApproverIsAsked);
    assert!(catalog.end_hold(id).await.unwrap());
    assert_eq!(approvals_of(catalog, id).await, [ApprovalState::Asked]);
    assert!(last_said(catalog, contact).await.1.contains("5000,00 EUR"));
    assert!(catalog.open_review_of(id).await.unwrap().is_some_and(|review| review.claimed_by.is_none()));
    assert!(!is_next_of(catalog, id, "user:leo").await, "it waits for its approver, and is nobody's next");
    taps(catalog, &sample, &offered(catalog, contact).await[0]).await;
    assert!(is_next_of(catalog, id, "user:leo").await);
    assert_eq!(approve(catalog, id, None).await, Resolved::Done(Status::Filed));

    // What is filed and corrected to more is as it was while that can be taken back.
    gets_a_number(catalog, contact).await;
    let before = heard().await;
    let higher = comes_to(catalog, id, "9000.00").await;
    let again = catalog.decide_again(id, &held("user:eva", 60), &higher, None).await.unwrap();
    assert_eq!((again, heard().await), (Resolved::ApproverIsAsked, before));
    let undone = catalog.undo_decision(id, "user:eva", LEASE).await.unwrap();
    assert_eq!((undone, total(catalog, id).await.as_str()), (Undone::Done(Status::Filed), "5000.00"));
    catalog.decide_again(id, &held("user:eva", 0), &higher, None).await.unwrap();
    assert!(catalog.end_hold(id).await.unwrap());
    assert!(last_said(catalog, contact).await.1.contains("9000,00 EUR"));
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));

    // Where nobody has to be asked by then, the person's word is enough.
    let free = waits_as(catalog, &billed("Z1", "H-2", "10.00")).await;
    let high = comes_to(catalog, free, "6000.00").await;
    assert_eq!(says(catalog, free, &held("user:eva", 0), &high).await, Resolved::ApproverIsAsked);
    rules(catalog, "").await;
    assert!(catalog.end_hold(free).await.unwrap());
    let filed = now_of(catalog, free).await;
    assert_eq!((filed.status, filed.waits_for, filed.filed_at.is_some()), (Status::Filed, None, true));
    assert!(catalog.ledger(None, None).await.unwrap().balanced);
}

pub(super) async fn of_nobody_stays_of_nobody_until_it_is_approved(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, _, number, phone) = approver(catalog).await;
    rules(catalog, &format!("approve\tinvoice\t1000 EUR\torder\t{number}\t24\t{phone}\n")).await;
    let id = waits_as(catalog, &billed("Z1", "N-1", "5000.00")).await;
    let theirs = customer(catalog).await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", id.0, theirs.0).unwrap();
    tx.commit().await.unwrap();
    let by = Deciding { who: "user:eva", without_customer: true, sees_ids: true, ..Deciding::default() };
    assert_eq!(says(catalog, id, &by, &APPROVE).await, Resolved::ApproverIsAsked);
    assert_eq!(now_of(catalog, id).await.customer_id, None);
    // What is changed while it waits for its approver is approved as changed, or not filed.
    let higher = comes_to(catalog, id, "9000.00").await;
    let by = Deciding { who: "user:eva", sees_ids: true, ..Deciding::default() };
    assert_eq!(catalog.amend(id, &by, &higher).await.unwrap(), Resolved::Done(Status::InReview));
    assert_eq!(says(catalog, id, &by, &APPROVE).await, Resolved::ApproverIsAsked);
    assert_eq!(approvals_of(catalog, id).await.len(), 2, "that of less says nothing of it");
    rules(catalog, "").await;
}

pub(super) async fn what_is_said_otherwise_once_it_was_settled_begins_anew(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (_, _, number, phone) = approver(catalog).await;
    rules(catalog, &format!("approve\tinvoice\t1000 EUR\torder\t{number}\t24\t{phone}\n")).await;
    let unique = Uuid::now_v7().simple();
    for name in ["ana", "ben", "eva"] {
        catalog.put_user(&format!("{name}-{unique}"), "$h", Role::Reviewer).await.unwrap();
    }
    let scope = Scope { amount_from: Some("1000000".parse().unwrap()), ..Scope::default() };
    let rule = catalog.make_four_eyes_rule(&scope, "user:boss").await.unwrap().expect("three decide");
    let id = waits_as(catalog, &billed("Z1", "S-1", "10.00")).await;
    let [two, three, four] = [2, 3, 4].map(|million| format!("{million}000000.00"));
    let said = async |who: &'static str, amount: &str| {
        let by = Deciding { who, sees_ids: true, ..Deciding::default() };
        says(catalog, id, &by, &comes_to(catalog, id, amount).await).await
    };
    assert_eq!(said("user:ana", &two).await, Resolved::AnotherIsAsked);
    assert_eq!(said("user:ben", &three).await, Resolved::AnotherIsAsked);
    assert_eq!(said("user:eva", &three).await, Resolved::ApproverIsAsked, "a third settles it");
    assert_eq!(said("user:leo", &three).await, Resolved::ApproverIsAsked, "which stands");
    assert_eq!(said("user:leo", &four).await, Resolved::AnotherIsAsked, "and is not for one to change");
    let opinions = catalog.opinions_of(id).await.unwrap();
    assert_eq!(opinions.iter().map(|o| o.person.as_str()).collect::<Vec<_>>(), ["user:leo"]);
    assert_eq!(said("user:ana", &four).await, Resolved::ApproverIsAsked);
    assert!(catalog.end_four_eyes_rule(rule, "user:boss").await.unwrap());
    rules(catalog, "").await;
}

pub(super) async fn an_approvers_yes_is_no_second_persons(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, number, phone) = approver(catalog).await;
    rules(catalog, &format!("approve\tinvoice\t1000 EUR\torder\t{number}\t24\t{phone}\n")).await;
    let unique = Uuid::now_v7().simple();
    for name in ["ana", "ben"] {
        catalog.put_user(&format!("{name}-{unique}"), "$h", Role::Reviewer).await.unwrap();
    }
    let scope = Scope { amount_from: Some("1000000".parse().unwrap()), ..Scope::default() };
    let rule = catalog.make_four_eyes_rule(&scope, "user:boss").await.unwrap().expect("two decide");
    // It waits for its approver and nothing else, and somebody looks at it meanwhile.
    let id = received(catalog, &Sample::new()).await;
    read_as(catalog, id, id.to_string().as_bytes(), &billed("Z1", "Y-1", "1500000.00")).await;
    let (why, told) = ([approvals::reason()], reply(Purpose::InReview));
    let step = catalog.into_review(id, Stage::Link, &why, None, Some(&told)).await.unwrap();
    assert_eq!((step, approvals_of(catalog, id).await), (Step::Taken, vec![ApprovalState::Asked]));
    let lower = comes_to(catalog, id, "1200000.00").await;
    let by = |who| Deciding { who, sees_ids: true, ..Deciding::default() };
    assert_eq!(says(catalog, id, &by("user:ana"), &lower).await, Resolved::AnotherIsAsked);
    taps(catalog, &sample, &offered(catalog, contact).await[0]).await;
    assert_eq!(approvals_of(catalog, id).await, [ApprovalState::Approved]);
    let waits = now_of(catalog, id).await;
    assert_eq!((waits.status, waits.waits_for), (Status::InReview, Some(WaitsFor::SecondReviewer)));
    assert_eq!(says(catalog, id, &by("user:ben"), &lower).await, Resolved::Done(Status::Filed));
    assert_eq!(total(catalog, id).await, "1200000.00");
    assert!(catalog.end_four_eyes_rule(rule, "user:boss").await.unwrap());
    rules(catalog, "").await;
}

/// Two persons differ while an approver is asked: whoever settles it is waited for still.
pub(super) async fn an_approvers_yes_settles_no_difference(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let (sample, contact, number, phone) = approver(catalog).await;
    rules(catalog, &format!("approve\tinvoice\t1000 EUR\torder\t{number}\t24\t{phone}\n")).await;
    let unique = Uuid::now_v7().simple();
    for name in ["ana", "ben"] {
        catalog.put_user(&format!("{name}-{unique}"), "$h", Role::Reviewer).await.unwrap();
    }
    let scope = Scope { amount_from: Some("1000000".parse().unwrap()), ..Scope::default() };
    let rule = catalog.make_four_eyes_rule(&scope, "user:boss").await.unwrap().expect("two decide");
    let id = received(catalog, &Sample::new()).await;
    read_as(catalog, id, id.to_string().as_bytes(), &billed("Z1", "Y-2", "1500000.00")).await;
    let (why, told) = ([approvals::reason()], reply(Purpose::InReview));
    let step = catalog.into_review(id, Stage::Link, &why, None, Some(&told)).await.unwrap();
    assert_eq!((step, approvals_of(catalog, id).await), (Step::Taken, vec![ApprovalState::Asked]));
    let by = |who| Deciding { who, sees_ids: true, ..Deciding::default() };
    let lower = comes_to(catalog, id, "1200000.00").await;
    assert_eq!(says(catalog, id, &by("user:ana"), &lower).await, Resolved::AnotherIsAsked);
    let lowest = comes_to(catalog, id, "1100000.00").await;
    says(catalog, id, &by("user:ben"), &lowest).await;
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Approver));
    taps(catalog, &sample, &offered(catalog, contact).await[0]).await;
    assert_eq!(approvals_of(catalog, id).await, [ApprovalState::Approved]);
    let waits = now_of(catalog, id).await;
    assert_eq!((waits.status, waits.waits_for), (Status::InReview, Some(WaitsFor::Approver)));
    assert_eq!(says(catalog, id, &by("user:eva"), &lower).await, Resolved::Done(Status::Filed));
    assert!(catalog.end_four_eyes_rule(rule, "user:boss").await.unwrap());
    rules(catalog, "").await;
}

pub(super) async fn nobody_ends_the_time_of_another(catalog: &Catalog) {
    let (id, _) = waiting(catalog).await;
    assert_eq!(says(catalog, id, &held("user:ana", 60), &APPROVE).await, Resolved::Done(Status::Filed));
    let events = async || catalog.timeline(id).await.unwrap().len();
    let (told, until) = (events().await, now() + Duration::MINUTE);
    let within = |secs: u64| (1..=61).contains(&secs);
    let reopened = catalog.reopen(id, "user:ben", None, "", until).await.unwrap();
    assert!(matches!(reopened, Reopened::StillHeld { secs } if within(secs)), "{reopened:?}");
    let lower = comes_to(catalog, id, "1.00").await;
    for who in ["user:ben", "key:erp"] {
        let by = Deciding { who, sees_ids: true, ..Deciding::default() };
        for resolved in [
            catalog.decide_again(id, &by, &lower, None).await.unwrap(),
            catalog.amend(id, &by, &lower).await.unwrap(),
        ] {
            assert!(matches!(resolved, Resolved::StillHeld { secs } if within(secs)), "{resolved:?}");
        }
    }
    assert!(catalog.held_until(id).await.unwrap().is_some());
    assert_eq!(events().await, told);
    let undone = catalog.undo_decision(id, "user:ana", LEASE).await.unwrap();
    assert_eq!(undone, Undone::Done(Status::InReview), "it was hers");
    // Her own she may end herself.
    assert_eq!(says(catalog, id, &held("user:ana", 60), &APPROVE).await, Resolved::Done(Status::Filed));
    let reopened = catalog.reopen(id, "user:ana", None, "", until).await.unwrap();
    assert!(matches!(reopened, Reopened::Waits(_)), "{reopened:?}");
    assert_eq!(catalog.held_until(id).await.unwrap(), None);
}

/// A document of this customer that waits.
async fn of(catalog: &Catalog, theirs: CustomerId) -> DocumentId {
    let (id, _) = waiting(catalog).await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", id.0, theirs.0).unwrap();
    tx.commit().await.unwrap();
    id
}

pub(super) async fn a_merge_takes_no_way_back(catalog: &Catalog) {
    let (into, from) = (customer(catalog).await, customer(catalog).await);
    let (given, theirs) = (waiting(catalog).await.0, of(catalog, from).await);
    let to = |customer| Decision::Approve { customer_id: Some(customer) };
    for (id, customer) in [(given, from), (theirs, into)] {
        let done = says(catalog, id, &held("user:ana", 60), &to(customer)).await;
        assert_eq!(done, Resolved::Done(Status::Filed));
    }
    assert_eq!(catalog.merge_customers(into, from, "user:boss").await.unwrap(), Merged::Done(1));
    for (id, was) in [(given, None), (theirs, Some(into))] {
        let undone = catalog.undo_decision(id, "user:ana", LEASE).await.unwrap();
        assert_eq!(undone, Undone::Done(Status::InReview));
        assert_eq!(now_of(catalog, id).await.customer_id, was, "whose it was, by the name they go by now");
    }
}

pub(super) async fn a_password_is_asked_for_when_it_cannot_be_taken_back(catalog: &Catalog) {
    let catalog = &with_keys(catalog);
    let sample = Sample::new();
    let id = waits(catalog, &sample, Reason::new(ReasonCode::UnknownCustomer, "")).await;
    let contact = contact_of(catalog, id).await;
    let heard = async || said_to(catalog, contact).await.len();
    let (before, review) = (heard().await, catalog.open_review_of(id).await.unwrap().unwrap());
    let ask = async |secs: i64| {
        let review = catalog.open_review_of(id).await.unwrap().unwrap();
        catalog.ask_password_later(review.id, &held("user:ana", secs)).await.unwrap()
    };
    assert_eq!(ask(60).await, Ok(()));
    assert_eq!((heard().await, waits_for(catalog, id).await), (before, Some(WaitsFor::Reviewer)));
    let late = catalog.ask_password_later(review.id, &held("user:ben", 60)).await.unwrap();
    assert_eq!(late, Err(Asking::NotInReview), "it is hers");
    let undone = catalog.undo_decision(id, "user:ana", LEASE).await.unwrap();
    assert_eq!((undone, heard().await), (Undone::Done(Status::InReview), before));
    assert_eq!(ask(0).await, Ok(()));
    assert!(catalog.end_hold(id).await.unwrap());
    let (purpose, text) = last_said(catalog, contact).await;
    assert!(purpose == "question" && text.contains("contraseña"), "{purpose}: {text}");
    assert_eq!(waits_for(catalog, id).await, Some(WaitsFor::Sender));
    assert!(catalog.open_review_of(id).await.unwrap().is_some_and(|review| review.claimed_by.is_none()));
}
