//! Promises of who turned out to be one: under whichever of their ids, it is they who are held, erased, written of and heard of.

mod before;
mod entrances;
mod erased;

use time::Duration;
use uuid::Uuid;

use super::{
    access::customer,
    door::{Sample, delivery, received},
    erasure::wish,
    road::to_link,
};
use crate::{
    Catalog, ContactId, CustomerId, DocumentId, Intake, Stage,
    customers::{Merged, Retired},
    erasure::{HoldPlaced, Retention, Wished},
    inbound::InboundItem,
    key_file::ErasedKind,
    names::{AliasKind, now},
    stages::Step,
};

pub(super) use before::{BEFORE_MERGES, are_one_look_away, were_merged_before};
pub(super) use entrances::{
    a_merge_carries_keys_and_endpoints, an_id_that_was_merged_away_stands_for_who_was_kept,
    each_document_that_a_merge_moves_is_told_once, what_is_written_meanwhile_is_moved,
    who_is_reminded_goes_by_any_of_their_ids,
};
pub(super) use erased::{
    what_is_held_becomes_nobodys_who_is_erased, who_becomes_one_with_whom_is_erased_goes_too,
};

/// What somebody sent, filed as this customer's.
async fn filed(catalog: &Catalog, sample: &Sample, whose: Option<CustomerId>) -> DocumentId {
    let document = received(catalog, sample).await;
    to_link(catalog, document, &document.to_string()).await;
    assert_eq!(catalog.filed(document, Stage::Link, whose, None).await.unwrap(), Step::Taken);
    document
}

async fn sender_of(catalog: &Catalog, document: DocumentId) -> ContactId {
    catalog.document(document).await.unwrap().unwrap().contact_id.unwrap()
}

async fn whose(catalog: &Catalog, document: DocumentId) -> Option<CustomerId> {
    catalog.document(document).await.unwrap().unwrap().customer_id
}

/// Two customers of whom the second became part of the first.
async fn merged(catalog: &Catalog) -> (CustomerId, CustomerId) {
    let (kept, gone) = (customer(catalog).await, customer(catalog).await);
    assert_eq!(catalog.merge_customers(kept, gone, "user:eva").await.unwrap(), Merged::Done(0));
    (kept, gone)
}

/// Whoever wrote under `old` says that they write under `new` from now on, which was somebody of its own until then.
async fn is_called(catalog: &Catalog, old: &Sample, new: &Sample) {
    let change = InboundItem::AliasChange {
        old: (AliasKind::WaId, old.wa_id.clone()),
        new: (AliasKind::WaId, new.wa_id.clone()),
        at: now(),
    };
    Intake::spawn(catalog.clone()).record(delivery(vec![change])).await.unwrap();
}

async fn place(catalog: &Catalog, kind: ErasedKind, id: Uuid) -> HoldPlaced {
    catalog.place_hold(kind, id, "case 7", "user:eva").await.unwrap()
}

async fn is_over(catalog: &Catalog, document: DocumentId) -> bool {
    let rules: Retention = "*.filed=1".parse().unwrap();
    catalog.due(&rules, now() + Duration::days(400), 100_000).await.unwrap().contains(&document)
}

/// Held under `subject`: neither the document nor any of these is erased, and its time does not run out.
async fn is_kept(catalog: &Catalog, document: DocumentId, kind: ErasedKind, subject: Uuid, ids: &[Uuid]) {
    let people = ids.iter().map(|id| wish(kind, *id));
    for asked in people.chain([wish(ErasedKind::Document, document.0)]) {
        let held = catalog.erase(&asked).await.unwrap();
        assert!(matches!(&held, Wished::Held(holds) if holds[0].subject == subject), "{asked:?}: {held:?}");
    }
    assert!(!is_over(catalog, document).await, "nor does its time run out");
}

/// A hold on a customer is on all of whom it became part, whether it was placed before or after, and is lifted where it was
/// placed.
pub(super) async fn a_hold_outlives_a_merge(catalog: &Catalog) {
    let (kept, gone) = (customer(catalog).await, customer(catalog).await);
    let document = filed(catalog, &Sample::new(), Some(gone)).await;
    assert!(is_over(catalog, document).await, "nothing needs it");
    assert_eq!(place(catalog, ErasedKind::Customer, gone.0).await, HoldPlaced::Placed);
    assert_eq!(catalog.merge_customers(kept, gone, "user:eva").await.unwrap(), Merged::Done(1));
    assert_eq!(whose(catalog, document).await, Some(kept));
    for _ in ["from before", "placed since"] {
        is_kept(catalog, document, ErasedKind::Customer, gone.0, &[kept.0, gone.0]).await;
        assert_eq!(catalog.delete_customer((kept, None), "user:eva").await.unwrap(), Retired::Held);
        assert!(!catalog.lift_hold(ErasedKind::Customer, kept.0, "user:eva").await.unwrap(), "none is there");
        assert!(catalog.lift_hold(ErasedKind::Customer, gone.0, "user:eva").await.unwrap());
        assert!(is_over(catalog, document).await, "once it is lifted");
        assert_eq!(place(catalog, ErasedKind::Customer, gone.0).await, HoldPlaced::Placed);
    }
    assert!(catalog.lift_hold(ErasedKind::Customer, gone.0, "user:eva").await.unwrap());
}

/// The same of a contact, with what was said to them.
pub(super) async fn a_contacts_hold_outlives_a_merge(catalog: &Catalog) {
    let samples = [Sample::new(), Sample::new()];
    let theirs = filed(catalog, &samples[0], None).await;
    let others = filed(catalog, &samples[1], None).await;
    let (gone, kept) = (sender_of(catalog, theirs).await, sender_of(catalog, others).await);
    let is_said = async || {
        // Everything is old at once.
        catalog.prune_channel(-Duration::MINUTE, 100_000).await.unwrap();
        let mut tx = catalog.reading().await.unwrap();
        let sql = "SELECT m.raw FROM messages m JOIN documents d ON d.message_id = m.id WHERE d.id = $1";
        one!(tx, (String,), sql, theirs.0).unwrap().0 != "{}"
    };
    assert_eq!(place(catalog, ErasedKind::Contact, gone.0).await, HoldPlaced::Placed);
    is_called(catalog, &samples[1], &samples[0]).await;
    assert_eq!(sender_of(catalog, theirs).await, kept, "they are one");
    is_kept(catalog, theirs, ErasedKind::Contact, gone.0, &[kept.0, gone.0]).await;
    assert!(is_said().await, "nor is it pruned");
    assert!(catalog.lift_hold(ErasedKind::Contact, gone.0, "user:eva").await.unwrap());
    assert!(is_over(catalog, theirs).await && !is_said().await, "once it is lifted");
}

/// Whoever is erased by an id that was merged away is erased, and the receipt names whom.
pub(super) async fn who_was_merged_is_erased_by_any_of_their_ids(catalog: &Catalog) {
    let (kept, gone) = merged(catalog).await;
    let document = filed(catalog, &Sample::new(), Some(kept)).await;
    let begun = catalog.erase(&wish(ErasedKind::Customer, gone.0)).await.unwrap();
    let Wished::Begun(receipt) = begun else { panic!("{begun:?}") };
    assert_eq!(receipt.subject, kept.0);
    assert!(catalog.customer(kept).await.unwrap().is_none(), "nobody is left");
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT COUNT(*) FROM documents WHERE id = $1 AND erased_at IS NOT NULL";
    assert_eq!(one!(tx, (i64,), sql, document.0).unwrap().0, 1, "nor is what was theirs");
    drop(tx);
    for id in [kept, gone] {
        let again = catalog.erase(&wish(ErasedKind::Customer, id.0)).await.unwrap();
        assert!(matches!(&again, Wished::Already(known) if known.id == receipt.id), "{again:?}");
        assert_eq!(place(catalog, ErasedKind::Customer, id.0).await, HoldPlaced::Missing);
    }
}

/// However often a contact was merged, all that it ever was goes.
pub(super) async fn who_was_merged_twice_is_erased_whole(catalog: &Catalog) {
    let samples = [Sample::new(), Sample::new(), Sample::new()];
    let mut contacts = Vec::new();
    for sample in &samples {
        let document = filed(catalog, sample, None).await;
        contacts.push(sender_of(catalog, document).await);
    }
    let [first, second, last] = contacts[..] else { panic!("three") };
    is_called(catalog, &samples[1], &samples[0]).await;
    assert_eq!(catalog.contact(first).await.unwrap().unwrap().id, second);
    is_called(catalog, &samples[2], &samples[0]).await;
    let mut tx = catalog.reading().await.unwrap();
    for id in [first, second] {
        let (into,) =
            one!(tx, (Option<Uuid>,), "SELECT merged_into FROM contacts WHERE id = $1", id.0).unwrap();
        assert_eq!(into, Some(last.0), "one look away");
    }
    drop(tx);
    let begun = catalog.erase(&wish(ErasedKind::Contact, second.0)).await.unwrap();
    assert!(matches!(&begun, Wished::Begun(receipt) if receipt.subject == last.0), "{begun:?}");
    let mut tx = catalog.reading().await.unwrap();
    let sql =
        "SELECT COUNT(*) FROM contacts WHERE id IN ($1, $2, $3) AND (name IS NOT NULL OR phone IS NOT NULL)";
    assert_eq!(one!(tx, (i64,), sql, first.0, second.0, last.0).unwrap().0, 0);
    drop(tx);
    let again = catalog.erase(&wish(ErasedKind::Contact, first.0)).await.unwrap();
    assert!(matches!(again, Wished::Already(_)), "{again:?}");
}

/// Nobody goes by an id that leads to them, and nothing that is theirs is left behind.
pub(super) async fn nobody_goes_by_the_id_of_another(catalog: &Catalog) {
    let (kept, gone) = merged(catalog).await;
    let third = customer(catalog).await;
    assert_eq!(catalog.delete_customer((gone, None), "user:eva").await.unwrap(), Retired::MergedInto(kept));
    assert_eq!(catalog.merge_customers(third, gone, "user:eva").await.unwrap(), Merged::MergedInto(kept));
    assert_eq!(catalog.merge_customers(kept, gone, "user:eva").await.unwrap(), Merged::Missing);
    assert!(catalog.customer(kept).await.unwrap().is_some_and(|customer| customer.id == kept));
    let document = filed(catalog, &Sample::new(), None).await;
    let mut tx = catalog.writing().await.unwrap();
    // As it was written under such an id before that was known.
    let sql = "UPDATE documents SET customer_id = $2 WHERE id = $1";
    execute!(tx, sql, document.0, gone.0).unwrap();
    tx.commit().await.unwrap();
    let owns = Retired::Owns { documents: 1, contacts: 0, obligations: 0 };
    assert_eq!(catalog.delete_customer((kept, None), "user:eva").await.unwrap(), owns);
    assert_eq!(catalog.merge_customers(third, kept, "user:eva").await.unwrap(), Merged::Done(1));
    assert_eq!(whose(catalog, document).await, Some(third));
    for id in [kept, gone] {
        assert_eq!(catalog.customer(id).await.unwrap().map(|customer| customer.id), Some(third));
    }
    let (alone, part) = merged(catalog).await;
    assert_eq!(catalog.delete_customer((alone, None), "user:eva").await.unwrap(), Retired::Gone);
    assert!(catalog.customer(part).await.unwrap().is_none());
}
