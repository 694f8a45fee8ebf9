//! The proof for people: a customer and a contact, with what names them in rows of their own, of others, and of nobody.

use acuse_pipeline::{
    document::Sha256,
    linking::{Candidate, Clue, Linked},
    reason::Reason,
};
use serde_json::json;
use uuid::Uuid;

use super::{Place, behind, wish};
use crate::{
    Access, Catalog, ContactId, CustomerId, DocumentId, Stage,
    access::{Binding, NotBound},
    conformance::{
        cases::{cases_of, contact_of, leading, sends},
        channel,
        door::{Sample, received},
        given::{fresh, says},
        notices::{approved_of, in_hand, notice},
        road::{reply, to_link},
    },
    consents::{Category, Word},
    customers::{CustomerPatch, Merged, NewCustomer, Patched, Retired, Saving, Upserted},
    erasure::{Finishing, HoldPlaced, Receipt, Wished},
    events::{self, Event, EventFilter, Followed, NewEvent},
    key_file::ErasedKind,
    notices::{NewNotice, Noticed},
    outbox::Purpose,
    stages::Step,
};

/// A customer that says `needle` everywhere it can.
fn called(needle: &str) -> NewCustomer {
    let digits = Uuid::now_v7().as_u128() % 1_000_000_000;
    NewCustomer {
        external_id: Some(format!("ext-{needle}")),
        name: format!("Ana {needle}"),
        phones: vec![format!("34{digits:09}")],
        emails: vec![format!("{needle}@example.org")],
        tax_ids: vec![format!("B{needle}")],
        id_numbers: vec![format!("X{needle}")],
    }
}

async fn added(catalog: &Catalog, new: NewCustomer) -> CustomerId {
    let done = catalog.upsert_customers(&[new]).await.unwrap().remove(0);
    assert!(matches!(done, Upserted::Created(_)), "{done:?}");
    done.id().unwrap()
}

/// A document that waits, because it fits these two.
async fn waits(catalog: &Catalog, named: [(CustomerId, &str); 2]) -> DocumentId {
    let both =
        named.map(|(id, name)| Candidate { id, name: name.to_owned(), clue: Clue::Sender, score: 1.0 });
    let reasons = [Linked::Several(both.to_vec()).reason().expect("a person decides")];
    let id = received(catalog, &Sample::new()).await;
    to_link(catalog, id, &id.to_string()).await;
    let said = reply(Purpose::InReview);
    let step = catalog.into_review(id, Stage::Link, &reasons, None, Some(&said)).await.unwrap();
    assert_eq!(step, Step::Taken);
    id
}

/// Whom a document that waits fits.
async fn fits(catalog: &Catalog, id: DocumentId) -> Vec<String> {
    let reasons: Vec<Reason> = catalog.document(id).await.unwrap().unwrap().reasons;
    let list = reasons[0].detail["candidates"].as_array().unwrap();
    list.iter().map(|one| one["customer_id"].as_str().unwrap().to_owned()).collect()
}

/// What they owe and what was noted of it, the reminder that a sender of theirs got, and a receipt that may have paid it.
async fn owes(
    catalog: &Catalog,
    (customer, contact): (CustomerId, ContactId),
    receipt: DocumentId,
    needle: &str,
) {
    let mut tx = catalog.writing().await.unwrap();
    let (owed, case) = (Uuid::now_v7(), Uuid::now_v7());
    execute!(
        tx,
        "INSERT INTO obligations (id, customer_id, number, amount, currency, due, state, created_at, updated_at) \
         VALUES ($1, $2, $3, '10.00', 'EUR', '2026-01-01', 'open', 0, 0)",
        owed,
        customer.0,
        format!("F-{needle}")
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO obligation_payments (obligation_id, document_id, amount, reference, state, created_at, updated_at) \
         VALUES ($1, $2, '1.00', $3, 'refused', 0, 0)",
        owed,
        receipt.0,
        format!("REF{needle}")
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO cases (id, contact_id, phone_number_id, kind, subject, state, created_at, updated_at) \
         VALUES ($1, $2, 'ours', 'collection', $3, 'waiting', 0, 0)",
        case,
        contact.0,
        customer.to_string()
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO outbox (id, contact_id, case_id, purpose, body, language, state, created_at, updated_at) \
         VALUES ($1, $2, $3, 'collection', $4, 'es', 'delivered', 0, 0)",
        Uuid::now_v7(),
        contact.0,
        case,
        format!("F-{needle}: 10,00 EUR")
    )
    .unwrap();
    let told = json!({ "obligation_id": owed, "customer_id": customer, "number": format!("F-{needle}") });
    events::write(&mut tx, &[NewEvent { kind: "obligation.opened", document: None, data: told }])
        .await
        .unwrap();
    execute!(
        tx,
        "INSERT INTO case_notes (id, case_id, body, written_by, created_at) VALUES ($1, $2, $3, 'user:eva', 0)",
        Uuid::now_v7(),
        case,
        format!("{needle} pays on Fridays")
    )
    .unwrap();
    tx.commit().await.unwrap();
}

impl Place<'_> {
    /// Erases somebody to the end.
    pub(super) async fn erases(&self, kind: ErasedKind, id: Uuid) -> Receipt {
        let begun = self.catalog.erase(&wish(kind, id)).await.unwrap();
        let Wished::Begun(receipt) = begun else { panic!("{begun:?}") };
        self.catalog.finish_erasures(&self.objects, Finishing::Whole).await.unwrap();
        receipt
    }

    async fn is_erased(&self, kind: ErasedKind, id: Uuid) {
        let again = self.catalog.erase(&wish(kind, id)).await.unwrap();
        assert!(matches!(again, Wished::Already(_)), "{again:?}");
        let held = self.catalog.place_hold(kind, id, "case 7", "user:eva").await.unwrap();
        assert_eq!(held, HoldPlaced::Missing, "there is nobody to keep");
    }

    pub(super) async fn says(&self, needle: &str, columns: &[&str]) {
        let found = self.in_rows(needle).await;
        for column in columns {
            assert!(found.iter().any(|f| f == column), "{column} says it before: {found:?}");
        }
    }
}

/// A customer goes with all that others' rows say of it, and nobody writes to it again.
pub(super) async fn a_customer_goes_whole(place: &Place<'_>) {
    let (catalog, needle) = (place.catalog, fresh("zyx"));
    let id = added(catalog, called(&needle)).await;
    let old = NewCustomer {
        external_id: Some(format!("old-{needle}")),
        name: format!("Beata {needle}"),
        ..NewCustomer::default()
    };
    let merged = added(catalog, old).await;
    assert_eq!(catalog.merge_customers(id, merged, "eva").await.unwrap(), Merged::Done(0));
    let other = added(catalog, NewCustomer { name: fresh("otra"), ..NewCustomer::default() }).await;
    let name = format!("Ana {needle}");
    let fitted = [(id, name.as_str()), (other, "Otra")];
    let over = waits(catalog, fitted).await;
    catalog.rematch_waiting().await.unwrap();
    let waiting = waits(catalog, fitted).await;
    let sender = contact_of(catalog, waiting).await;
    catalog.set_contact_customer(sender, Some(id)).await.unwrap();
    owes(catalog, (id, sender), over, &needle).await;
    assert!(catalog.save_view("user:eva", "hers", &format!("q=ana+{needle}")).await.unwrap());
    assert!(catalog.save_view("user:eva", "others", "q=ana+maria").await.unwrap());
    let before = [
        "customers.name",
        "customers.external_id",
        "customer_aliases.value",
        "customers found",
        "documents.reasons",
        "reviews.reasons",
        "obligations.number",
        "events.data",
        "obligation_payments.reference",
        "outbox.body",
        "case_notes.body",
        "saved_views.query",
    ];
    place.says(&needle, &before).await;

    let receipt = place.erases(ErasedKind::Customer, id.0).await;
    assert_eq!((receipt.counts["candidates"], receipt.counts["saved_views"]), (2, 1), "{receipt:?}");
    assert_eq!(place.leftovers(&needle).await, Vec::<String>::new(), "nowhere after");
    let listed = place.objects.keys().unwrap().erasures().unwrap();
    for gone in [id, merged] {
        let is_listed = listed.iter().any(|e| e.kind == ErasedKind::Customer && e.id == gone.0);
        assert!(is_listed, "a copy of before they were merged has both");
    }
    assert_eq!(fits(catalog, waiting).await, [other.to_string()], "who was erased is no candidate");
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT state, amount FROM obligations WHERE customer_id = $1";
    let owed = one!(tx, (String, String), sql, id.0).unwrap();
    assert_eq!(owed, ("cancelled".to_owned(), "10.00".to_owned()), "nobody is reminded, and the sum stays");
    drop(tx);
    nobody_writes_to(place, (id, merged), other).await;
    is_erased_again(place, id, other).await;
    let anew = catalog.upsert_customers(&[called(&needle)]).await.unwrap().remove(0);
    assert!(matches!(anew, Upserted::Created(new) if new != id), "its external id is nobody's: {anew:?}");
}

async fn nobody_writes_to(place: &Place<'_>, (id, merged): (CustomerId, CustomerId), other: CustomerId) {
    let (catalog, all) = (place.catalog, Access::whole());
    for gone in [id, merged] {
        assert_eq!(catalog.customer(gone).await.unwrap(), None);
        assert!(!catalog.reaches_customer(&all, gone).await.unwrap());
        let patch = CustomerPatch {
            name: Some("Ana".into()),
            phones: Some(vec!["34600000000".into()]),
            ..CustomerPatch::default()
        };
        let patched = catalog.patch_customer((gone, None), patch, &Saving::adding("eva")).await.unwrap();
        assert_eq!(patched, Patched::Missing);
        for (into, from) in [(gone, other), (other, gone)] {
            assert_eq!(catalog.merge_customers(into, from, "eva").await.unwrap(), Merged::Missing);
        }
        assert_eq!(catalog.delete_customer((gone, None), "eva").await.unwrap(), Retired::Missing);
        let bound = catalog.can_bind(&[Binding::Customer(gone)]).await.unwrap();
        assert_eq!(bound, Err(NotBound::NoCustomer(gone)));
    }
    let listed = catalog.customers(&all, None, None, 500).await.unwrap().data;
    assert!(listed.iter().any(|c| c.id == other) && listed.iter().all(|c| c.id != id && c.id != merged));
    place.is_erased(ErasedKind::Customer, id.0).await;
}

/// What was written to it all the same is erased again, and a document that was matched while it went names it no more.
async fn is_erased_again(place: &Place<'_>, id: CustomerId, other: CustomerId) {
    let (catalog, needle) = (place.catalog, fresh("zyx"));
    behind(catalog, format!("UPDATE customers SET name = 'Ana {needle}' WHERE id = $1"), id.0).await;
    place.says(&needle, &["customers.name"]).await;
    place.erases(ErasedKind::Customer, id.0).await;
    assert_eq!(place.leftovers(&needle).await, Vec::<String>::new());
    place.is_erased(ErasedKind::Customer, id.0).await;
    let late = waits(catalog, [(id, needle.as_str()), (other, "Otra")]).await;
    assert_eq!(fits(catalog, late).await, [other.to_string()]);
    assert_eq!(place.in_rows(&needle).await, Vec::<String>::new());
}

async fn hands_in(catalog: &Catalog, new: &NewNotice) -> Noticed {
    let all = catalog.queue_notices(&Access::new(true), std::slice::from_ref(new), None, "key:shop").await;
    all.unwrap().remove(0)
}

/// Of what was typed on another device statuses come too, and no message of ours is theirs.
async fn was_typed_elsewhere(catalog: &Catalog, contact: ContactId, needle: &str) {
    let status = format!(
        "INSERT INTO message_statuses (wamid, status, recipient, rank, at, raw) \
         SELECT m.wamid, 'delivered', '', 3, 0, '{{\"to\":\"{needle}\"}}' FROM messages m WHERE m.contact_id = $1"
    );
    behind(catalog, status, contact.0).await;
}

/// A contact goes with its notices, one that arrived and one that did not, and with what the feed told of them.
pub(super) async fn a_contact_goes_with_its_notices(place: &Place<'_>) {
    let (catalog, needle, sample) = (&leading(place.catalog), fresh("zyx"), Sample::new());
    let head = catalog.feed_head().await.unwrap();
    let document = sends(catalog, &sample, 1).await[0];
    let contact = contact_of(catalog, document).await;
    let case = cases_of(catalog, contact).await[0].0;
    let number = catalog.document(document).await.unwrap().unwrap().phone_number_id.unwrap();
    says(catalog, contact, &number, (Category::Utility, Word::Granted)).await;
    approved_of(catalog, (&number, &format!("waba-{number}")), "order_sent", "APPROVED").await;
    let of = |key: &str| NewNotice {
        params: vec![needle.clone(), "77".into()],
        ..notice(contact, &format!("{key}-{needle}@example.org"))
    };
    assert!(matches!(hands_in(catalog, &of("one")).await, Noticed::Queued(_)));
    let (message, wamid) = (in_hand(catalog, contact).await, format!("wamid.{}", Uuid::now_v7()));
    catalog.reply_sent(message.id, &wamid).await.unwrap();
    channel::status(catalog, &wamid, None, "delivered", None).await;
    assert!(matches!(hands_in(catalog, &of("two")).await, Noticed::Queued(_)));
    let message = in_hand(catalog, contact).await;
    catalog.reply_failed(message.id, "message_failed", &format!("no such number {needle}")).await.unwrap();
    came_raw(catalog, &format!("{{\"recipient_id\":\"{}\",\"said\":\"{needle}\"}}", sample.wa_id)).await;
    was_typed_elsewhere(catalog, contact, &needle).await;
    let before = [
        "notices.params",
        "notices.client_key",
        "notices.idempotency_key",
        "notices.error",
        "events.data",
        "incidents.detail",
        "outbox.payload",
        "outbox.error",
        "message_statuses.raw",
        "deliveries.body",
    ];
    place.says(&needle, &before).await;

    place.erases(ErasedKind::Contact, contact.0).await;
    assert_eq!(place.leftovers(&needle).await, Vec::<String>::new(), "nowhere after");
    assert!(!place.in_rows(&sample.wa_id).await.contains(&"deliveries.body".to_owned()));
    what_is_told_later_names_nobody(catalog, &wamid).await;
    let filter = EventFilter { kinds: ["case.opened", "case.closed"].map(str::to_owned).to_vec() };
    let Followed::Page { events, .. } = catalog.follow(Some(head), &filter, 1_000).await.unwrap() else {
        panic!("ours")
    };
    let said = |name: &str| events.iter().any(|e| e.data[name] == contact.to_string());
    assert!(!said("contact_id"), "{events:?}");
    let ended = |e: &&Event| e.data["case_id"] == case.to_string() && e.data["state"] == "stopped";
    assert_eq!(
        events.iter().filter(ended).count(),
        1,
        "that it ended is told, and not with whom: {events:?}"
    );
    let filter = EventFilter { kinds: ["notice.read", "notice.failed"].map(str::to_owned).to_vec() };
    let Followed::Page { events, .. } = catalog.follow(None, &filter, 1_000).await.unwrap() else {
        panic!("ours")
    };
    let of_them = events.iter().filter(|e| e.data["contact_id"] == contact.to_string());
    let keys: Vec<&str> = of_them.map(|e| e.data["idempotency_key"].as_str().unwrap()).collect();
    assert!(keys.len() == 1 && keys[0].starts_with("erased."), "by no name of the client's: {keys:?}");
    assert_eq!(hands_in(catalog, &of("three")).await, Noticed::NoContact);
    place.is_erased(ErasedKind::Contact, contact.0).await;
    let again = fresh("zyx");
    behind(catalog, format!("UPDATE contacts SET name = 'Ana {again}' WHERE id = $1"), contact.0).await;
    place.erases(ErasedKind::Contact, contact.0).await;
    assert_eq!(place.leftovers(&again).await, Vec::<String>::new(), "what was filled again");
}

/// A status that Meta sends of a message when its contact is erased.
async fn what_is_told_later_names_nobody(catalog: &Catalog, wamid: &str) {
    let raw = async || {
        let mut tx = catalog.reading().await.unwrap();
        one!(tx, (i64,), "SELECT COUNT(*) FROM deliveries WHERE length(body) > 0").unwrap().0
    };
    let before = raw().await;
    channel::status(catalog, wamid, None, "read", None).await;
    assert_eq!(raw().await, before, "nor is it kept as it came");
    let mut tx = catalog.reading().await.unwrap();
    let sql = "SELECT COUNT(*) FROM message_statuses WHERE wamid = $1";
    assert_eq!(one!(tx, (i64,), sql, wamid).unwrap().0, 0, "it names whom it was sent to");
}

/// A webhook of which no message was made: of a status, in which stands to whom it went.
async fn came_raw(catalog: &Catalog, body: &str) {
    let mut tx = catalog.writing().await.unwrap();
    execute!(
        tx,
        "INSERT INTO deliveries (id, received_at, signed_with, outcome, sha256, body) \
         VALUES ($1, 0, 'current', 'understood', $2, $3)",
        Uuid::now_v7(),
        Sha256::of(body.as_bytes()).0.to_vec(),
        body.as_bytes()
    )
    .unwrap();
    tx.commit().await.unwrap();
}
