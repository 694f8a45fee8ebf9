//! Who we are says which way the money of a bill goes, also of what was there.

use acuse_pipeline::{
    entities::Direction,
    fields::{FieldName, Fields},
};
use uuid::Uuid;

use super::{
    access::{bill, waiting},
    given::one_of_us,
    road::field,
};
use crate::{
    Access, Catalog, DocumentFilter, DocumentId,
    entities::NewEntity,
    names::EntityId,
    reviews::{Deciding, Decision},
    stages::ReadFacts,
};

async fn side(catalog: &Catalog, id: DocumentId) -> (Option<EntityId>, Option<Direction>) {
    let document = catalog.document(id).await.unwrap().unwrap();
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
    let us = one_of_us(catalog, &tax_id).await;
    assert!(catalog.entities().await.unwrap().contains(&us));
    while catalog.settle_entities_of_what_was_there(7).await.unwrap() {}
    assert_eq!(side(catalog, was_there).await, (Some(us.id), Some(Direction::Payable)));
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
