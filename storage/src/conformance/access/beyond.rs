//! Promises of what lies beyond reach: nothing is told of it, and nobody is brought into it, written to there or noted on.

use std::collections::HashSet;

use acuse_pipeline::document::Sha256;
use serde_json::json;
use uuid::Uuid;

use super::{bill, customer, waiting};
use crate::{
    Access, CaseId, Catalog, ContactId, CustomerId, DocumentId, Stage,
    access::Binding,
    approvals::{Approving, Mode, NewApproval},
    conformance::{
        cases::leading,
        door::{Sample, photo},
        given::{brought, upload},
    },
    events::Event,
    keys::{KeyMade, Scope},
    names::{KeyId, now},
    uploads::Upload,
};

/// The sender of an upload under this name, by a key or by nobody's.
async fn uploaded(catalog: &Catalog, key: Option<KeyId>, sender: &str, customer: CustomerId) -> ContactId {
    let of = Upload { key, sender: Some(sender.to_owned()), customer_id: Some(customer), ..upload(now()) };
    let id = brought(catalog, &of).await;
    catalog.document(id).await.unwrap().unwrap().contact_id.expect("it has a sender")
}

/// A key that is bound to one customer, what is theirs, and what is not.
pub(in crate::conformance) struct BoundKey {
    name: String,
    key: KeyId,
    pub(in crate::conformance) access: Access,
    pub(in crate::conformance) mine: CustomerId,
    pub(in crate::conformance) other: CustomerId,
    /// A document of theirs, whose sender writes for the other one.
    pub(in crate::conformance) theirs: DocumentId,
    sender: ContactId,
    /// Who sent a document of the other one.
    stranger: ContactId,
}

pub(in crate::conformance) async fn bound_key(catalog: &Catalog) -> BoundKey {
    let (mine, other) = (customer(catalog).await, customer(catalog).await);
    let name = Uuid::now_v7().simple().to_string();
    let hash = Sha256::of(name.as_bytes());
    let to = [Binding::Customer(mine)];
    let made = catalog.create_bound_key(&name, &hash, &[Scope::DocumentsWrite], &to).await.unwrap().unwrap();
    let KeyMade::Made(key) = made else { panic!("{made:?}") };
    let (_, access) = catalog.key_with_access(&hash).await.unwrap().unwrap();
    let (theirs, others) = (waiting(catalog, &bill()).await, waiting(catalog, &bill()).await);
    let sender_of = async |id| catalog.document(id).await.unwrap().unwrap().contact_id.unwrap();
    let (sender, stranger) = (sender_of(theirs).await, sender_of(others).await);
    let mut tx = catalog.writing().await.unwrap();
    for (document, customer) in [(theirs, mine), (others, other)] {
        execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", document.0, customer.0).unwrap();
    }
    execute!(tx, "UPDATE contacts SET customer_id = $2 WHERE id = $1", sender.0, other.0).unwrap();
    tx.commit().await.unwrap();
    BoundKey { name, key, access, mine, other, theirs, sender, stranger }
}

/// What is told of a document or a contact names no customer beyond reach, nor one that was deleted, nor a document.
pub(in crate::conformance) async fn who_is_bound_learns_of_nobody_else(catalog: &Catalog) {
    let BoundKey { access, mine, other, theirs, sender, .. } = bound_key(catalog).await;
    catalog.note(theirs, Stage::Link, "linked", json!({ "customer_id": other })).await.unwrap();
    let (before, deleted) = (waiting(catalog, &bill()).await, CustomerId::generate());
    let all = [theirs.0, before.0, mine.0, other.0, deleted.0];
    let beyond = catalog.beyond_reach(&access, &all).await.unwrap();
    assert_eq!(beyond, HashSet::from([before.0, other.0, deleted.0]));
    assert!(catalog.beyond_reach(&Access::new(false), &all).await.unwrap().is_empty());
    let event = Event {
        cursor: "1.1".parse().unwrap(),
        at: time::OffsetDateTime::UNIX_EPOCH,
        kind: "document.corrected".into(),
        document_id: Some(theirs),
        version: None,
        document_kind: None,
        customer_id: Some(other),
        changed: Vec::new(),
        data: json!({
            "customer_id": other, "duplicate_of": before, "reasons": ["possible_duplicate", "expired"],
        }),
    };
    let old = Event {
        customer_id: Some(deleted),
        data: json!({ "customer_id": deleted, "by": "key:a" }),
        ..event.clone()
    };
    for (access, whose) in [(&access, None), (&Access::whole(), Some(other))] {
        let listed = catalog.contacts(access, None, None, 500).await.unwrap();
        let listed = listed.into_iter().find(|c| c.id == sender).expect("they are there");
        assert_eq!(listed.customer_id, whose);
        let told = catalog.events_within(access, vec![event.clone()]).await.unwrap().remove(0);
        assert_eq!(told.customer_id, whose);
        let data = if whose.is_some() { event.data.clone() } else { json!({ "reasons": ["expired"] }) };
        assert_eq!(told.data, data);
        let told = catalog.events_within(access, vec![old.clone()]).await.unwrap().remove(0);
        assert_eq!(told.customer_id, whose.map(|_| deleted));
        assert_eq!(told.data.get("customer_id").is_some(), whose.is_some(), "{}", told.data);
        let timeline = catalog.timeline_for(access, theirs).await.unwrap();
        let timeline = serde_json::to_string(&timeline).unwrap();
        assert_eq!(timeline.contains(&other.to_string()), whose.is_some(), "{timeline}");
    }
}

/// Nobody is brought into reach, written to beyond it, or noted on.
pub(in crate::conformance) async fn who_is_bound_reaches_nobody_else(catalog: &Catalog) {
    let BoundKey { name, key, access, mine, other, theirs, sender, stranger } = bound_key(catalog).await;
    // A case with a document that is nobody's yet reaches past what is theirs.
    let (case, nobodys) = (CaseId::generate(), waiting(catalog, &bill()).await);
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO cases (id, contact_id, phone_number_id, kind, state, created_at, updated_at, closed_at) \
         VALUES ($1, $2, '1', 'documents', 'done', 1, 1, 1)";
    execute!(tx, sql, case.0, sender.0).unwrap();
    tx.commit().await.unwrap();
    for (document, may) in [(theirs, true), (nobodys, false)] {
        let mut tx = catalog.writing().await.unwrap();
        let sql = "INSERT INTO case_documents (case_id, document_id, role) VALUES ($1, $2, 'came')";
        execute!(tx, sql, case.0, document.0).unwrap();
        tx.commit().await.unwrap();
        let noted = catalog.note_on_case(&access, case, "key:bound", "a note").await.unwrap();
        assert_eq!(noted.is_some(), may);
    }

    let asked = NewApproval {
        document: Some(theirs),
        question: "?".into(),
        approvers: vec![stranger],
        mode: Mode::Order,
        phone_number_id: photo(&Sample::new()).phone_number_id,
        due_at: None,
    };
    let became = leading(catalog).ask_for_approval(&access, &asked, "key:bound").await.unwrap();
    assert_eq!(became, Approving::NoContact(stranger));

    let theirs = uploaded(catalog, None, &name, other).await;
    let own = uploaded(catalog, Some(key), &name, mine).await;
    assert_ne!(own, theirs, "a name brings nobody into reach");
    assert!(!catalog.reaches_contact(&access, theirs).await.unwrap());
    assert_eq!(uploaded(catalog, Some(key), &name, mine).await, own, "and stays one sender's");
}
