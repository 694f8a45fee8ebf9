//! Promises of the feed about cases.

use super::{cases_of, contact_of, leading, sends, time_passes, to_link};
use crate::{
    Access, Catalog, ContactId, CustomerId, DocumentId,
    cases::{Act, Acted},
    conformance::{
        door::Sample,
        given::{bound_to, customer},
        road::reply,
    },
    events::{Event, EventCursor, EventFilter, Followed},
    names::Stage,
    outbox::Purpose,
    stages::Step,
};

/// What the feed says of a contact's cases.
async fn told(catalog: &Catalog, head: EventCursor, contact: ContactId) -> Vec<Event> {
    let kinds = ["case.opened", "case.closed"].map(str::to_owned).to_vec();
    let followed = catalog.follow(Some(head), &EventFilter { kinds }, 1000).await.unwrap();
    let Followed::Page { events, .. } = followed else { panic!("a cursor of this feed") };
    events.into_iter().filter(|event| event.data["contact_id"] == contact.to_string()).collect()
}

/// A file of somebody who writes for this customer, filed.
async fn filed_for(catalog: &Catalog, customer: CustomerId) -> (DocumentId, ContactId) {
    let document = sends(catalog, &Sample::new(), 1).await[0];
    let contact = contact_of(catalog, document).await;
    catalog.set_contact_customer(contact, Some(customer)).await.unwrap();
    to_link(catalog, document, document.to_string().as_bytes()).await;
    let said = reply(Purpose::Filed);
    let step = catalog.filed(document, Stage::Link, Some(customer), Some(&said)).await.unwrap();
    assert_eq!(step, Step::Taken);
    (document, contact)
}

/// That a case began and how it ended is told to those who follow; and of one that does not exist for them to nobody who is
/// bound.
pub(in crate::conformance) async fn who_follows_hears_how_a_case_ended(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let head = catalog.feed_head().await.unwrap();
    let (mine, other) = (customer(catalog).await, customer(catalog).await);
    let (document, contact) = filed_for(catalog, mine).await;
    let case = cases_of(catalog, contact).await[0].0;
    assert_eq!(told(catalog, head, contact).await.len(), 1, "it began");
    time_passes(catalog, contact).await;
    let events = told(catalog, head, contact).await;
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["case.opened", "case.closed"]);
    for event in &events {
        assert_eq!(
            (&event.data["case_id"], &event.data["kind"]),
            (&case.to_string().into(), &"documents".into())
        );
        assert_eq!((event.document_id, event.version), (None, None));
    }
    assert_eq!((events[1].customer_id, &events[1].data["state"]), (Some(mine), &"done".into()));
    assert!(events[0].data.get("state").is_none(), "{:?}", events[0]);

    let (theirs, others) = (bound_to(catalog, mine).await, bound_to(catalog, other).await);
    let heard = async |access: &Access| catalog.events_within(access, events.clone()).await.unwrap();
    assert_eq!(heard(&theirs).await, events, "it exists for them");
    assert_eq!(heard(&others).await, [], "and for nobody who is bound to another");
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", document.0, other.0).unwrap();
    tx.commit().await.unwrap();
    assert_eq!(heard(&theirs).await, [], "whose contact does not exist for them");
    let beyond = heard(&others).await;
    assert_eq!(beyond.len(), 2);
    assert!(
        beyond.iter().all(|event| event.customer_id.is_none()),
        "nor whom else they write for: {beyond:?}"
    );
}

/// A person ends a case, and those who follow hear it once.
pub(in crate::conformance) async fn what_a_person_ends_is_told_once(catalog: &Catalog) {
    let catalog = &leading(catalog);
    let head = catalog.feed_head().await.unwrap();
    let everything = Access::new(true);
    let (_, contact) = filed_for(catalog, customer(catalog).await).await;
    let case = cases_of(catalog, contact).await[0].0;
    let version = catalog.case(&everything, case).await.unwrap().unwrap().version;
    for (version, ends) in [(version, true), (version, false)] {
        let acted = catalog.act_on_case(&everything, case, version, "user:eva", &Act::Close).await.unwrap();
        assert_eq!(matches!(acted, Acted::Done(_)), ends, "{acted:?}");
    }
    let ended = told(catalog, head, contact).await.into_iter().filter(|event| event.kind == "case.closed");
    assert_eq!(ended.map(|event| event.data["state"].clone()).collect::<Vec<_>>(), ["done"]);
}
