//! Promises of the change feed to those who follow it.

use uuid::Uuid;

use super::{
    door::{Sample, delivery, photo},
    road::next_events,
};
use crate::{
    Catalog, Intake,
    customers::NewCustomer,
    events::{EventFilter, Followed},
    inbound::InboundItem,
};

pub(super) async fn an_event_says_what_it_is_about(catalog: &Catalog) {
    let head = catalog.feed_head().await.unwrap();
    let Followed::Page { events, next } =
        catalog.follow(Some(head), &EventFilter::default(), 10).await.unwrap()
    else {
        panic!("the head is a cursor")
    };
    assert_eq!((events.len(), next), (0, head), "nothing after the head");
    let new = NewCustomer {
        external_id: Some(Uuid::now_v7().to_string()),
        name: "Seguida".into(),
        ..NewCustomer::default()
    };
    let id = catalog.upsert_customers(std::slice::from_ref(&new)).await.unwrap()[0].id();
    catalog.upsert_customers(&[NewCustomer { name: "Otra".into(), ..new }]).await.unwrap();
    let intake = Intake::spawn(catalog.clone());
    intake.record(delivery(vec![InboundItem::Message(photo(&Sample::new()))])).await.unwrap();
    let events = next_events(catalog, &mut Some(head), 10).await;
    let told: Vec<_> = events.iter().map(|e| (e.kind.as_str(), e.customer_id)).collect();
    assert_eq!(told[..2], [("customer.created", id), ("customer.updated", id)]);
    assert_eq!(events[1].changed, ["name"]);
    let received = &events[2];
    assert_eq!((received.kind.as_str(), received.version), ("document.received", Some(0)));
    let only = EventFilter { kinds: vec!["customer.updated".into()] };
    let Followed::Page { events, next } = catalog.follow(Some(head), &only, 10).await.unwrap() else {
        panic!("a cursor of this feed")
    };
    assert_eq!(events.len(), 1);
    let Followed::Page { events, .. } =
        catalog.follow(Some(next), &EventFilter::default(), 10).await.unwrap()
    else {
        panic!("a cursor of this feed")
    };
    assert_eq!(events, [], "what the filter left out is not looked at again");
}

/// Runs last of the feed's: afterwards every cursor of before is foreign.
pub(super) async fn a_cursor_of_another_feed_is_foreign(catalog: &Catalog) {
    let mut cursor = None;
    let first = next_events(catalog, &mut cursor, 1).await.remove(0);
    let text = first.cursor.to_string();
    let (feed, rest) = text.split_once('.').unwrap();
    let (seq, mark) = rest.split_once('.').unwrap();
    let other = if mark.starts_with('0') { "1" } else { "0" };
    for never_given in [
        format!("{feed}.{seq}.{other}{}", &mark[1..]),
        format!("{feed}.999999999.{mark}"),
        format!("{mark}.{seq}.{mark}"),
        format!("0.{}", i64::MAX),
    ] {
        let followed = catalog.follow(never_given.parse().ok(), &EventFilter::default(), 10).await.unwrap();
        assert_eq!(followed, Followed::Foreign, "{never_given}");
    }
    let before = catalog.feed_head().await.unwrap();
    assert!(catalog.feed_is("elsewhere").await.unwrap(), "another cluster is noticed");
    assert!(!catalog.feed_is("elsewhere").await.unwrap(), "once");
    let followed = catalog.follow(Some(before), &EventFilter::default(), 10).await.unwrap();
    assert_eq!(followed, Followed::Foreign, "every cursor of before");
    let (mut again, mut seen) = (None, 0);
    loop {
        let page = next_events(catalog, &mut again, 500).await;
        if page.is_empty() {
            break;
        }
        seen += page.len();
    }
    assert!(seen > 100, "from the beginning it is all there, whatever its transactions are called: {seen}");
}
