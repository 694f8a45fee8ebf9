//! Promises of the feed about what is owed.

use uuid::Uuid;

use super::{OURS, agrees, debtor, leading};
use crate::{
    Access, Catalog,
    conformance::{
        given::{bound_to, one_of_us},
        house::rules,
    },
    consents::Category,
    events::{Event, EventCursor, EventFilter, Followed},
    obligations::{Settled, Verdict},
};

async fn since(catalog: &Catalog, head: EventCursor) -> Vec<Event> {
    let kinds = ["obligation.held", "obligation.paid", "obligation.opened"].map(str::to_owned).to_vec();
    match catalog.follow(Some(head), &EventFilter { kinds }, 100).await.unwrap() {
        Followed::Page { events, .. } => events,
        Followed::Foreign => panic!("a cursor of this feed"),
    }
}

/// Where what is owed stands is told to those who follow, and of a customer's to nobody who is bound to another.
pub(in crate::conformance) async fn who_follows_hears_where_what_is_owed_stands(catalog: &Catalog) {
    let catalog = &leading(catalog);
    one_of_us(catalog, OURS).await;
    rules(catalog, "").await;
    let (debtor, other) = (debtor(catalog).await, debtor(catalog).await);
    agrees(catalog, debtor.contact, &debtor.number, Category::Billing).await;
    let owed = debtor.owes(catalog, "F-321", "100.00", 2).await.id;
    let head = catalog.feed_head().await.unwrap();
    let slip = debtor.pays(catalog, "100.00", &Uuid::now_v7().to_string(), "pago F-321").await;
    let settled = catalog.settle_receipt(&Access::whole(), (owed, slip), Verdict::Pays, "user:eva").await;
    assert_eq!(settled.unwrap(), Settled::Done);
    let mut tx = catalog.writing().await.unwrap();
    crate::events::tell(&mut tx, "document.in_review", slip, serde_json::json!({})).await.unwrap();
    tx.commit().await.unwrap();
    let told = since(catalog, head).await;
    let kinds: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["obligation.held", "obligation.paid", "obligation.opened"]);
    for event in &told {
        assert_eq!((event.customer_id, event.document_id), (Some(debtor.customer), None));
        assert_eq!(event.data["obligation_id"], owed.to_string());
        assert_eq!(event.data["number"], "F-321");
    }
    let theirs =
        catalog.events_within(&bound_to(catalog, debtor.customer).await, told.clone()).await.unwrap();
    assert_eq!(theirs.len(), 3);
    let others = catalog.events_within(&bound_to(catalog, other.customer).await, told).await.unwrap();
    assert_eq!(others.len(), 0);
}
