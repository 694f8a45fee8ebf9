//! Who we are says which way the money of a bill goes, also of what was there.

use acuse_pipeline::{
    entities::Direction,
    fields::{FieldName, Fields},
};
use uuid::Uuid;

use super::{
    access::{bill, waiting},
    channel::A_MOMENT,
    feed::changes,
    given::one_of_us,
    road::field,
};
use crate::{
    Access, Catalog, Document, DocumentFilter, DocumentId,
    entities::NewEntity,
    names::EntityId,
    reviews::{Deciding, Decision},
    stages::ReadFacts,
};

async fn now_of(catalog: &Catalog, id: DocumentId) -> Document {
    catalog.document(id).await.unwrap().unwrap()
}

async fn side(catalog: &Catalog, id: DocumentId) -> (Option<EntityId>, Option<Direction>) {
    let document = now_of(catalog, id).await;
    (document.entity_id, document.direction)
}

fn naming(name: FieldName, value: &str) -> ReadFacts {
    let mut facts = bill();
    facts.fields.insert(name, field(value));
    facts
}

pub(super) async fn who_we_are_says_which_way_money_goes(catalog: &Catalog) {
    let tax_id = format!("X{}", Uuid::now_v7().as_u128() % 1_000_000_000_000);
    let was_there = waiting(catalog, &naming(FieldName::RecipientTaxId, &tax_id)).await;
    let nobodys = waiting(catalog, &bill()).await;
    assert_eq!(side(catalog, was_there).await, (None, None), "nobody said who we are");
    let (head, before) = (catalog.feed_head().await.unwrap(), now_of(catalog, was_there).await);
    let untouched = now_of(catalog, nobodys).await;
    let us = one_of_us(catalog, &tax_id).await;
    assert!(catalog.entities().await.unwrap().contains(&us));
    while catalog.settle_entities_of_what_was_there(7).await.unwrap() {}
    assert_eq!(side(catalog, was_there).await, (Some(us.id), Some(Direction::Payable)));
    // It is a new version, and whoever follows hears of it; of what is as it was nobody hears.
    let after = now_of(catalog, was_there).await;
    assert_eq!(after.version, before.version + 1);
    assert!(after.updated_at > before.updated_at, "a list of what was updated has it");
    let amended = ("document.amended".to_owned(), vec!["direction".to_owned(), "entity_id".to_owned()]);
    assert_eq!(changes(catalog, was_there, head).await, [amended]);
    assert_eq!(now_of(catalog, nobodys).await, untouched);
    assert!(changes(catalog, nobodys, head).await.is_empty());
    assert_eq!(side(catalog, nobodys).await, (None, None));
    let receivable = waiting(catalog, &naming(FieldName::IssuerTaxId, &tax_id)).await;
    assert_eq!(side(catalog, receivable).await, (Some(us.id), Some(Direction::Receivable)));
    let listed = |direction| async move {
        let filter = DocumentFilter {
            entity_id: Some(us.id),
            direction,
            access: Access::new(true),
            ..DocumentFilter::default()
        };
        let page = catalog.documents(&filter, None, 50).await.unwrap();
        page.data.into_iter().map(|d| d.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(Some(Direction::Payable)).await, [was_there]);
    assert_eq!(listed(Some(Direction::Receivable)).await, [receivable]);
    assert_eq!(listed(None).await.len(), 2);
    // A person's correction is evidence as what was read is.
    let fields =
        Fields::from([(FieldName::RecipientName, field(&us.name)), (FieldName::Total, field("1.00"))]);
    let review = catalog.open_review_of(nobodys).await.unwrap().expect("waits");
    let by = Deciding { who: "user:ana", sees_ids: true, ..Deciding::default() };
    let correct = Decision::Correct { kind: None, fields, customer_id: None };
    catalog.decide_review(review.id, &by, &correct, None).await.unwrap();
    assert_eq!(side(catalog, nobodys).await, (Some(us.id), Some(Direction::Payable)));
    // Said anew, it is said of all that is there.
    let renamed = NewEntity { name: "Otra".into(), ..NewEntity::default() };
    assert!(catalog.save_entity(Some(us.id), &renamed, "user:ana").await.unwrap().is_some());
    while catalog.settle_entities_of_what_was_there(500).await.unwrap() {}
    assert_eq!(side(catalog, was_there).await, (None, None));
    assert_eq!(catalog.save_entity(Some(EntityId::generate()), &renamed, "user:ana").await.unwrap(), None);
}

/// A document is corrected while it is gone through whose of us it is: what it says by then counts.
pub(super) async fn what_is_corrected_meanwhile_is_not_overwritten(catalog: &Catalog) {
    let tax_id = format!("X{}", Uuid::now_v7().as_u128() % 1_000_000_000_000);
    let id = waiting(catalog, &naming(FieldName::RecipientTaxId, &tax_id)).await;
    let us = one_of_us(catalog, &tax_id).await;
    let mut busy = catalog.writing().await.unwrap();
    let nobodys = serde_json::to_string(&bill().fields).unwrap();
    execute!(busy, "UPDATE documents SET fields = $2 WHERE id = $1", id.0, nobodys.as_str()).unwrap();
    let settles = tokio::spawn({
        let catalog = catalog.clone();
        async move { while catalog.settle_entities_of_what_was_there(500).await.unwrap() {} }
    });
    tokio::time::sleep(A_MOMENT).await;
    busy.commit().await.unwrap();
    settles.await.unwrap();
    assert_eq!(side(catalog, id).await, (None, None));
    let nobody = NewEntity { name: "Otra".into(), ..NewEntity::default() };
    assert!(catalog.save_entity(Some(us.id), &nobody, "user:ana").await.unwrap().is_some());
}
