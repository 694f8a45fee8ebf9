//! What is written, asked and heard of by an id that was merged away.

use std::collections::BTreeSet;

use acuse_conversation::Policies;
use acuse_pipeline::document::{Sha256, Status};
use uuid::Uuid;

use super::{filed, is_called, merged, sender_of, whose};
use crate::{
    Access, Catalog, ContactId, CustomerId, DocumentFilter, DocumentId,
    access::Binding,
    conformance::{
        access::{bill, customer, waiting},
        door::Sample,
        erasure::behind,
        given::{brought, fresh, upload},
        outgoing,
        owed::approve,
    },
    customers::Merged,
    events::{Event, EventFilter, Followed},
    keys::{KeyMade, Scope},
    names::KeyId,
    obligations::{NewObligation, ObligationFilter, Owing},
    reviews::{Deciding, Decision, Resolved},
    uploads::Upload,
    webhooks::Filter,
};

async fn key(catalog: &Catalog) -> (KeyId, Sha256) {
    let name = fresh("merged");
    let hash = Sha256::of(name.as_bytes());
    let made = catalog.create_key(&name, &hash, &[Scope::DocumentsRead]).await.unwrap();
    let KeyMade::Made(id) = made else { panic!("{made:?}") };
    (id, hash)
}

async fn reach(catalog: &Catalog, hash: &Sha256) -> Access {
    catalog.key_with_access(hash).await.unwrap().unwrap().1
}

/// What is written under an id that was merged away is who was kept's: found in their lists, and within reach of their keys.
pub(in crate::conformance) async fn an_id_that_was_merged_away_stands_for_who_was_kept(catalog: &Catalog) {
    let (kept, gone) = merged(catalog).await;
    let whole = Access::whole();
    assert!(catalog.reaches_customer(&whole, gone).await.unwrap());
    let sample = Sample::new();
    let uploaded = brought(catalog, &Upload { customer_id: Some(gone), ..upload(catalog.now()) }).await;
    let linked = filed(catalog, &sample, Some(gone)).await;
    let decided = waiting(catalog, &bill()).await;
    assert_eq!(approve(catalog, decided, Some(gone)).await, Resolved::Done(Status::Filed));
    let all = BTreeSet::from([uploaded, linked, decided]);
    for id in &all {
        assert_eq!(whose(catalog, *id).await, Some(kept), "{id}");
    }
    let contact = sender_of(catalog, linked).await;
    catalog.set_contact_customer(contact, Some(gone)).await.unwrap();
    assert_eq!(catalog.contact(contact).await.unwrap().unwrap().customer_id, Some(kept));
    let (key, hash) = key(catalog).await;
    catalog.bind_key(key, &[Binding::Customer(gone)]).await.unwrap().unwrap();
    let bound = reach(catalog, &hash).await;
    for (asked, access) in [(kept, &whole), (gone, &whole), (gone, &bound)] {
        assert_eq!(listed(catalog, asked, access).await, all);
    }
    is_owed_by(catalog, kept, gone).await;
}

async fn listed(catalog: &Catalog, asked: CustomerId, access: &Access) -> BTreeSet<DocumentId> {
    let filter =
        DocumentFilter { customer_id: Some(asked), access: access.clone(), ..DocumentFilter::default() };
    let listed = catalog.documents(&filter, None, 10).await.unwrap().data;
    listed.into_iter().map(|document| document.id).collect()
}

fn owes(catalog: &Catalog, customer: CustomerId) -> NewObligation {
    NewObligation {
        customer,
        number: fresh("F-"),
        amount: "10.00".parse().unwrap(),
        currency: "EUR".into(),
        due: (catalog.now() + time::Duration::days(30)).date(),
        contact: None,
        phone_number_id: None,
        document: None,
    }
}

async fn is_owed_by(catalog: &Catalog, kept: CustomerId, gone: CustomerId) {
    let catalog = &catalog.clone().with_policies(Some(Policies::ours().unwrap()));
    let added = catalog.add_obligation(&Access::whole(), &owes(catalog, gone), "key:erp").await.unwrap();
    let Owing::Added(owed) = added else { panic!("{added:?}") };
    assert_eq!(owed.customer_id, kept);
    for asked in [kept, gone] {
        let filter = ObligationFilter { customer: Some(asked), ..ObligationFilter::default() };
        let found = catalog.obligations(&Access::whole(), &filter, 10).await.unwrap();
        assert_eq!(found.iter().map(|o| o.id).collect::<Vec<_>>(), [owed.id]);
    }
    catalog.cancel_obligation(&Access::whole(), owed.id, "a gift", "user:eva").await.unwrap();
}

/// Who is reminded of what is owed is named by any of their ids.
pub(in crate::conformance) async fn who_is_reminded_goes_by_any_of_their_ids(catalog: &Catalog) {
    let led = &catalog.clone().with_policies(Some(Policies::ours().unwrap()));
    let (whose, samples) = (customer(catalog).await, [Sample::new(), Sample::new()]);
    let theirs = filed(catalog, &samples[0], Some(whose)).await;
    let others = filed(catalog, &samples[1], Some(whose)).await;
    let (gone, kept) = (sender_of(catalog, theirs).await, sender_of(catalog, others).await);
    is_called(catalog, &samples[1], &samples[0]).await;
    catalog.set_contact_customer(kept, Some(whose)).await.unwrap();
    for named in [gone, kept] {
        let new = NewObligation { contact: Some(named), ..owes(catalog, whose) };
        let added = led.add_obligation(&Access::whole(), &new, "key:erp").await.unwrap();
        let Owing::Added(owed) = added else { panic!("{added:?}") };
        let mut tx = catalog.reading().await.unwrap();
        let sql = "SELECT contact_id FROM obligations WHERE id = $1";
        assert_eq!(one!(tx, (Option<Uuid>,), sql, owed.id.0).unwrap().0, Some(kept.0));
        drop(tx);
        led.cancel_obligation(&Access::whole(), owed.id, "a gift", "user:eva").await.unwrap();
    }
    let nobody = NewObligation { contact: Some(ContactId(Uuid::now_v7())), ..owes(catalog, whose) };
    let added = led.add_obligation(&Access::whole(), &nobody, "key:erp").await.unwrap();
    assert!(matches!(added, Owing::NoContact), "{added:?}");
}

/// What is written under an id while it is merged away is not left behind.
pub(in crate::conformance) async fn what_is_written_meanwhile_is_moved(catalog: &Catalog) {
    for _ in 0..3 {
        let (kept, gone) = (customer(catalog).await, customer(catalog).await);
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let of = Upload { customer_id: Some(gone), ..upload(catalog.now()) };
            let catalog = catalog.clone();
            writers.spawn(async move { brought(&catalog, &of).await });
        }
        let merged = catalog.merge_customers(kept, gone, "user:eva").await.unwrap();
        assert!(matches!(merged, Merged::Done(_)), "{merged:?}");
        while let Some(written) = writers.join_next().await {
            assert_eq!(whose(catalog, written.unwrap()).await, Some(kept));
        }
    }
}

/// Each document that a merge moves is told of once, in their order; of what is decided and can still be taken back, the end of
/// that tells.
pub(in crate::conformance) async fn each_document_that_a_merge_moves_is_told_once(catalog: &Catalog) {
    let (kept, gone) = (customer(catalog).await, customer(catalog).await);
    let mut moved = Vec::new();
    for _ in 0..3 {
        moved.push(filed(catalog, &Sample::new(), Some(gone)).await);
    }
    let decided = waiting(catalog, &bill()).await;
    let review = catalog.open_review_of(decided).await.unwrap().expect("it waits");
    let held_until = Some(catalog.now() + time::Duration::HOUR);
    let by = Deciding { who: "user:merging", sees_ids: true, held_until, ..Deciding::default() };
    let approve = Decision::Approve { customer_id: Some(gone) };
    let done = catalog.decide_review(review.id, &by, &approve, None).await.unwrap();
    assert_eq!(done, Resolved::Done(Status::Filed));
    let head = catalog.feed_head().await.unwrap();
    assert_eq!(catalog.merge_customers(kept, gone, "user:eva").await.unwrap(), Merged::Done(4));
    let filter = EventFilter { kinds: vec!["document.amended".to_owned()] };
    let Followed::Page { events, .. } = catalog.follow(Some(head), &filter, 100).await.unwrap() else {
        panic!("ours")
    };
    moved.sort_unstable();
    let told: Vec<DocumentId> = events.iter().filter_map(|event| event.document_id).collect();
    assert_eq!(told, moved);
    assert!(events.iter().all(|event| event.customer_id == Some(kept)), "{events:?}");
    behind(catalog, "UPDATE holds SET held_until = 1 WHERE document_id = $1".to_owned(), decided.0).await;
    assert!(catalog.end_hold(decided).await.unwrap());
}

/// Of all merges that the feed tells of, those into this customer.
async fn told(catalog: &Catalog, kept: CustomerId) -> Vec<Event> {
    let filter = EventFilter { kinds: vec!["customer.merged".to_owned()] };
    let Followed::Page { events, .. } = catalog.follow(None, &filter, 1_000).await.unwrap() else {
        panic!("ours")
    };
    events.into_iter().filter(|event| event.customer_id == Some(kept)).collect()
}

/// Whoever is bound to who goes is bound to who stays, and an endpoint that is for who goes hears of both.
pub(in crate::conformance) async fn a_merge_carries_keys_and_endpoints(catalog: &Catalog) {
    let (kept, gone) = (customer(catalog).await, customer(catalog).await);
    let ((id, hash), (other, others)) = (key(catalog).await, key(catalog).await);
    catalog.bind_key(id, &[Binding::Customer(gone)]).await.unwrap().unwrap();
    catalog.bind_key(other, &[Binding::Customer(kept)]).await.unwrap().unwrap();
    let theirs = filed(catalog, &Sample::new(), Some(gone)).await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let filter = Filter { customers: vec![gone], ..Filter::default() };
    let endpoint = outgoing::endpoint(catalog, secret, filter).await;
    assert_eq!(catalog.merge_customers(kept, gone, "user:eva").await.unwrap(), Merged::Done(1));
    let later = filed(catalog, &Sample::new(), Some(kept)).await;
    for hash in [hash, others] {
        let access = reach(catalog, &hash).await;
        for document in [theirs, later] {
            assert!(catalog.document_for(&access, document).await.unwrap().is_some());
        }
        assert_eq!(catalog.bound_customers(&access, 2).await.unwrap(), [kept], "they are one");
        let heard = catalog.events_within(&access, told(catalog, kept).await).await.unwrap();
        assert_eq!(heard.len(), 1, "they are told of it");
    }
    while catalog.queue_webhooks(endpoint).await.unwrap() {}
    let due = catalog.due_webhooks(endpoint, 100).await.unwrap();
    let about = |kind: &str, document: Option<DocumentId>| {
        due.iter().any(|one| one.event.kind == kind && one.event.document_id == document)
    };
    assert!(about("customer.merged", None) && about("document.filed", Some(later)), "{due:?}");
    catalog.remove_webhook_endpoint((endpoint, None)).await.unwrap();
    is_audited(catalog, kept, id.0).await;
}

async fn is_audited(catalog: &Catalog, kept: CustomerId, holder: Uuid) {
    let trail = catalog.audit_trail(None, 1_000).await.unwrap();
    let of = |value: &serde_json::Value| value["customer_id"] == kept.to_string();
    let line = trail.iter().find(|line| line.action == "customer_merged" && of(&line.detail));
    let bound = &line.expect("it is in the trail").detail["bound"];
    assert_eq!(bound, &serde_json::json!([holder]), "with whom it bound");
}
