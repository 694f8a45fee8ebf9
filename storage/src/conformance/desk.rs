//! Promises at the review desk and around it.

use std::time::Duration;

use acuse_pipeline::{
    document::{Kind, Sha256, Status},
    fields::{FieldName, Fields},
};
use uuid::Uuid;

use super::{
    door::{Sample, received},
    road::{field, reply, to_review},
};
use crate::{
    Access, Catalog, DocumentFilter, DocumentId, Stage,
    customers::{CustomerAlias, CustomerLookup, NewCustomer, Upserted},
    keys::{KeyMade, Scope},
    names::now,
    outbox::Purpose,
    reviews::{Claim, Deciding, Decision, Reopened, Resolved, Review, ReviewFilter},
    stages::Begun,
    users::Role,
};

pub(super) const LEASE: Duration = Duration::from_secs(60);

pub(super) async fn waiting(catalog: &Catalog) -> (DocumentId, Review) {
    let id = received(catalog, &Sample::new()).await;
    to_review(catalog, id).await;
    (id, catalog.open_review_of(id).await.unwrap().expect("waits"))
}

pub(super) async fn a_duplicate_is_taken_up_again_and_is_none(catalog: &Catalog) {
    let (first, _) = waiting(catalog).await;
    let copy = async || {
        let (id, review) = waiting(catalog).await;
        let again = Decision::Duplicate { of: first, note: None };
        let done = catalog.resolve_review(review.id, "user:ana", None, &again, None).await.unwrap();
        assert_eq!(done, Resolved::Done(Status::Filed));
        assert_eq!(catalog.document(id).await.unwrap().unwrap().duplicate_of, Some(first));
        id
    };
    let (id, until) = (copy().await, now() + time::Duration::MINUTE);
    let by = Deciding { who: "user:ben", sees_ids: true, ..Deciding::default() };
    let approve = Decision::Approve { customer_id: None };
    let amended = catalog.decide_again(id, &by, &approve, None).await.unwrap();
    assert_eq!(amended, Resolved::AlreadyResolved, "it says what the first says");
    let waits = catalog.reopen(id, "user:ben", None, "they are two", until).await.unwrap();
    let Reopened::Waits(review) = waits else { panic!("{waits:?}") };
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!((document.status, document.duplicate_of), (Status::InReview, None));
    assert!(catalog.ledger(None, None).await.unwrap().balanced);
    let done = catalog.resolve_review(review, "user:ben", None, &approve, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));

    // What answered a question is part of the document that was asked about.
    let answer = copy().await;
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET answers = duplicate_of WHERE id = $1", answer.0).unwrap();
    tx.commit().await.unwrap();
    let refused = catalog.reopen(answer, "user:ben", None, "", until).await.unwrap();
    assert_eq!(refused, Reopened::NotAtRest);
}

pub(super) async fn one_of_two_claimers_wins(catalog: &Catalog) {
    let (_, review) = waiting(catalog).await;
    let mut claims = tokio::task::JoinSet::new();
    for who in ["ana", "bea", "eva", "leo"] {
        let (catalog, id) = (catalog.clone(), review.id);
        claims.spawn(async move { (who, catalog.claim_review(id, who, LEASE).await.unwrap()) });
    }
    let all = claims.join_all().await;
    let held: Vec<_> =
        all.iter().filter(|(_, c)| matches!(c, Claim::Held { .. })).map(|(who, _)| *who).collect();
    assert_eq!(held.len(), 1, "{all:?}");
    for (_, claim) in all.iter().filter(|(who, _)| *who != held[0]) {
        assert!(matches!(claim, Claim::HeldBy { by, .. } if by == held[0]), "{claim:?}");
    }
    assert!(
        matches!(catalog.claim_review(review.id, held[0], LEASE).await.unwrap(), Claim::Held { .. }),
        "renewed"
    );
    let stranger = catalog
        .resolve_review(review.id, "stranger", None, &Decision::Reject { note: "no".into() }, None)
        .await
        .unwrap();
    assert_eq!(stranger, Resolved::HeldBy(held[0].to_owned()));
    assert!(!catalog.release_review(review.id, "stranger").await.unwrap());
    assert!(catalog.release_review(review.id, held[0]).await.unwrap());
    // A lease that ends sets the review free.
    assert!(matches!(
        catalog.claim_review(review.id, "gone", Duration::ZERO).await.unwrap(),
        Claim::Held { .. }
    ));
    assert!(matches!(catalog.claim_review(review.id, "next", LEASE).await.unwrap(), Claim::Held { .. }));
    assert_eq!(catalog.claim_review(crate::ReviewId::generate(), "x", LEASE).await.unwrap(), Claim::Missing);
}

pub(super) async fn decisions_are_made_once(catalog: &Catalog) {
    let (id, review) = waiting(catalog).await;
    let version = catalog.document(id).await.unwrap().unwrap().version;
    let approve = Decision::Approve { customer_id: None };
    let stale = catalog.resolve_review(review.id, "ana", Some(version - 1), &approve, None).await.unwrap();
    assert_eq!(stale, Resolved::Changed(version));
    let told = reply(Purpose::Filed);
    let (a, b) = tokio::join!(
        catalog.resolve_review(review.id, "ana", Some(version), &approve, Some(&told)),
        catalog.resolve_review(review.id, "bea", Some(version), &approve, Some(&told))
    );
    let all = [a.unwrap(), b.unwrap()];
    assert!(
        all.contains(&Resolved::Done(Status::Filed)) && all.contains(&Resolved::AlreadyResolved),
        "{all:?}"
    );
    assert_eq!(catalog.replies_about(id).await.unwrap().len(), 2, "in review, then filed");
    assert!(catalog.audit_trail(Some(id), 10).await.unwrap().iter().any(|e| e.action == "approved"));

    let (id, review) = waiting(catalog).await;
    let unique = Uuid::now_v7().simple().to_string();
    let fields = Fields::from([(FieldName::MerchantName, field(&unique))]);
    let correct = Decision::Correct { kind: Some(Kind::Receipt), fields: fields.clone(), customer_id: None };
    let done = catalog.resolve_review(review.id, "ana", None, &correct, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!((document.kind, &document.fields), (Some(Kind::Receipt), &fields));
    assert!(document.reasons.is_empty());
    let q = DocumentFilter {
        q: Some(unique.to_uppercase()),
        access: Access::whole(),
        ..DocumentFilter::default()
    };
    assert_eq!(catalog.documents(&q, None, 10).await.unwrap().data.len(), 1, "search finds the correction");

    let (id, review) = waiting(catalog).await;
    let again = Decision::AskAgain { note: "blurred".into() };
    let told = reply(Purpose::SendAgain);
    let done = catalog.resolve_review(review.id, "ana", None, &again, Some(&told)).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::InReview));
    assert_eq!(catalog.document(id).await.unwrap().unwrap().status, Status::InReview);
    assert_eq!(catalog.review(review.id).await.unwrap().unwrap().note.as_deref(), Some("blurred"));
}

pub(super) async fn a_new_customer_wakes_what_waits(catalog: &Catalog) {
    let (id, review) = waiting(catalog).await;
    let (held, held_review) = waiting(catalog).await;
    assert!(matches!(catalog.claim_review(held_review.id, "ana", LEASE).await.unwrap(), Claim::Held { .. }));
    let unique = Uuid::now_v7().simple().to_string();
    let new = NewCustomer {
        external_id: Some(format!("ext-{unique}")),
        name: format!("Panadería {unique} S.L."),
        tax_ids: vec![format!("b-{unique}")],
        phones: vec!["+34 600 11 22 33".into()],
        ..NewCustomer::default()
    };
    let created = catalog.upsert_customers(std::slice::from_ref(&new)).await.unwrap();
    let Upserted::Created(customer) = created[0] else { panic!("{created:?}") };
    assert_eq!(
        catalog.upsert_customers(std::slice::from_ref(&new)).await.unwrap(),
        [Upserted::Updated(customer)]
    );
    let by_tax = NewCustomer { external_id: None, ..new.clone() };
    assert_eq!(catalog.upsert_customers(&[by_tax]).await.unwrap(), [Upserted::Updated(customer)]);
    assert!(catalog.rematch_waiting().await.unwrap() >= 1);
    assert_eq!(catalog.rematch_waiting().await.unwrap(), 0, "safe to run twice");
    let document = catalog.document(id).await.unwrap().unwrap();
    assert_eq!((document.status, document.stage), (Status::Processing, Stage::Link));
    assert!(catalog.review(review.id).await.unwrap().unwrap().resolved_at.is_some());
    assert_eq!(
        catalog.document(held).await.unwrap().unwrap().status,
        Status::InReview,
        "a reviewer holds it"
    );
    assert!(matches!(catalog.begin(id, Stage::Link).await.unwrap(), Begun::Go(_)));
    let lookup = CustomerLookup { tax_ids: vec![format!("B {unique}")], ..CustomerLookup::default() };
    let known = catalog.customers_known_by(&lookup).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].0.id, known[0].1.as_slice()), (customer, [CustomerAlias::TaxId].as_slice()));
    let named = catalog.customers_named_like(&format!("PANADERIA {unique}, SL")).await.unwrap();
    assert_eq!(named.len(), 1);
    assert_eq!(catalog.customers_known_by(&CustomerLookup::default()).await.unwrap(), []);
    let reply = crate::stages::Step::Taken;
    assert_eq!(catalog.filed(id, Stage::Link, Some(customer), None).await.unwrap(), reply);
    let theirs = DocumentFilter { customer_id: Some(customer), ..DocumentFilter::default() };
    assert_eq!(catalog.documents(&theirs, None, 5).await.unwrap().data.len(), 1);
}

pub(super) async fn lists_page_and_filter(catalog: &Catalog) {
    let (_, unclaimed) = waiting(catalog).await;
    let all = DocumentFilter::default();
    let mut after = None;
    let mut ids = Vec::new();
    loop {
        let page = catalog.documents(&all, after.as_ref(), 7).await.unwrap();
        ids.extend(page.data.iter().map(|d| (d.received_at, d.id)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let ledger = catalog.ledger(None, None).await.unwrap();
    assert_eq!(ids.len() as u64, ledger.received);
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first, each once");
    for (status, count) in [
        (Status::Filed, ledger.filed),
        (Status::InReview, ledger.in_review),
        (Status::Rejected, ledger.rejected),
    ] {
        let only = DocumentFilter { status: Some(status), ..DocumentFilter::default() };
        let page = catalog.documents(&only, None, 500).await.unwrap();
        assert_eq!(page.data.len() as u64, count, "a list of {status} is as long as the ledger says");
    }
    let wild = DocumentFilter { q: Some("%_!".into()), ..DocumentFilter::default() };
    assert!(catalog.documents(&wild, None, 5).await.unwrap().data.is_empty(), "wildcards are plain text");
    let page = catalog.reviews(&ReviewFilter::default(), None, 500).await.unwrap();
    assert_eq!(page.data.len() as u64, ledger.in_review);
    assert!(page.data.iter().all(|(r, d)| r.document_id == d.id && d.status == Status::InReview));
    let mine = ReviewFilter { claimed_by: Some("nobody at all".into()), ..ReviewFilter::default() };
    assert!(catalog.reviews(&mine, None, 5).await.unwrap().data.is_empty());
    let unknown = ReviewFilter {
        reason: Some(acuse_pipeline::reason::ReasonCode::UnknownCustomer),
        unclaimed: true,
        ..ReviewFilter::default()
    };
    let free = catalog.reviews(&unknown, None, 500).await.unwrap().data;
    assert!(
        free.iter().any(|(r, _)| r.id == unclaimed.id) && free.iter().all(|(r, _)| r.claimed_by.is_none())
    );
    let future = DocumentFilter { from: Some(now() + time::Duration::days(1)), ..DocumentFilter::default() };
    assert!(catalog.documents(&future, None, 5).await.unwrap().data.is_empty());
    assert_eq!(catalog.ledger(future.from, None).await.unwrap().received, 0);
}

pub(super) async fn keys_people_and_pauses(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let hash = Sha256::of(unique.as_bytes());
    let made = catalog.create_key(&unique, &hash, &[Scope::DocumentsRead]).await.unwrap();
    assert!(matches!(made, KeyMade::Made(_)));
    let other = Sha256::of(b"other");
    assert_eq!(catalog.create_key(&unique, &other, &[]).await.unwrap(), KeyMade::NameTaken);
    let key = catalog.key_by_hash(&hash).await.unwrap().expect("valid");
    assert!(key.grants(Scope::DocumentsRead) && !key.grants(Scope::IdsRead));
    assert!(catalog.revoke_key(&unique).await.unwrap());
    assert_eq!(catalog.key_by_hash(&hash).await.unwrap(), None);

    let user = catalog.put_user(&unique, "$argon2id$…", Role::Reviewer).await.unwrap();
    catalog
        .open_session(&hash, (user, crate::users::Way::Password), LEASE, ("a browser", "203.0.113.9"))
        .await
        .unwrap();
    assert_eq!(catalog.session(&hash).await.unwrap().map(|u| u.id), Some(user));
    assert_eq!(catalog.put_user(&unique, "$new", Role::Admin).await.unwrap(), user);
    assert_eq!(catalog.session(&hash).await.unwrap(), None, "a new password ends sessions");
    let (found, password) = catalog.user_by_name(&unique).await.unwrap().unwrap();
    assert_eq!((found.role, password.as_str()), (Role::Admin, "$new"));
}
