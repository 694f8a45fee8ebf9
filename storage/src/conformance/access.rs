//! Who may see what, on the rows themselves.

use std::collections::HashSet;

use acuse_pipeline::{
    document::{Kind, Sha256},
    fields::{FieldName, Fields},
    part::Part,
    reading::Fingerprint,
    reason::{Reason, ReasonCode},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    cases::leading,
    door::{Sample, photo, received},
    road::{begin, facts, field, original, read_as},
    upgrade::Landed,
};
use crate::{
    Access, Catalog, DocumentFilter, DocumentId, Sensitivity, Stage,
    access::{Binding, Bound, NotBound, Rule, SENSITIVITY},
    approvals::{Approving, Mode, NewApproval},
    customers::{NewCustomer, Upserted},
    documents::{DeclaredFile, StoredObject},
    events::Event,
    keys::{KeyMade, Scope},
    names::{KeyId, Source, WebhookId, now},
    objects::ObjectKey,
    reviews::{Deciding, Decision, Resolved, ReviewFilter, Table},
    split::Split,
    stages::{ReadFacts, Step},
    uploads::{Accepted, Upload},
    users::Role,
    webhooks::log::{Delivery, Line},
};

/// A document with these facts, waiting for a person.
pub(super) async fn waiting(catalog: &Catalog, facts: &ReadFacts) -> DocumentId {
    let id = received(catalog, &Sample::new()).await;
    read_as(catalog, id, id.to_string().as_bytes(), facts).await;
    let reasons = [Reason::new(ReasonCode::UnknownCustomer, "nobody")];
    assert_eq!(catalog.into_review(id, Stage::Link, &reasons, None, None).await.unwrap(), Step::Taken);
    id
}

/// Its looks are its own.
fn of_its_own() -> Option<Fingerprint> {
    Some(Fingerprint(Uuid::now_v7().as_u128() as u64 ^ Uuid::now_v7().as_u128() as u64))
}

pub(super) fn bill() -> ReadFacts {
    ReadFacts { fingerprint: of_its_own(), ..facts(&Uuid::now_v7().simple().to_string()) }
}

pub(super) fn passport(surname: &str) -> ReadFacts {
    ReadFacts {
        kind: Some(Kind::Id),
        id_probability: Some(0.99),
        fields: Fields::from([(FieldName::Surname, field(surname))]),
        text: format!("PASSPORT {surname}"),
        ..bill()
    }
}

async fn sensitivity(catalog: &Catalog, id: DocumentId) -> Sensitivity {
    catalog.document(id).await.unwrap().unwrap().sensitivity
}

pub(super) async fn doubt_withholds(catalog: &Catalog) {
    let unread = received(catalog, &Sample::new()).await;
    assert_eq!(sensitivity(catalog, unread).await, Sensitivity::Unknown, "not classified");
    let sure = waiting(catalog, &bill()).await;
    assert_eq!(sensitivity(catalog, sure).await, Sensitivity::Open);
    let misread = ReadFacts { kind: Some(Kind::Receipt), confidence: 0.48, ..bill() };
    let misread = waiting(catalog, &misread).await;
    assert_eq!(
        sensitivity(catalog, misread).await,
        Sensitivity::Unknown,
        "a passport read as a receipt at 0.48"
    );
    let perhaps = waiting(catalog, &ReadFacts { id_probability: Some(0.002), ..bill() }).await;
    assert_eq!(sensitivity(catalog, perhaps).await, Sensitivity::Unknown);
    let id = waiting(catalog, &passport("Eriksson")).await;
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Id);
    let waits = catalog.waiting(&Access::new(false)).await.unwrap();
    assert!(waits.hidden.withheld >= 3 && waits.hidden.out_of_reach == 0, "{waits:?}");
    let whole = catalog.waiting(&Access::whole()).await.unwrap();
    assert_eq!((whole.documents, whole.hidden.withheld), (waits.documents, 0));
}

async fn decide(catalog: &Catalog, id: DocumentId, sees_ids: bool, kind: Kind) -> Resolved {
    let review = catalog.open_review_of(id).await.unwrap().expect("it waits");
    let by = Deciding { who: "key:some", sees_ids, ..Deciding::default() };
    let correct = Decision::Correct { kind: Some(kind), fields: Fields::new(), customer_id: None };
    catalog.decide_review(review.id, &by, &correct, None).await.unwrap()
}

pub(super) async fn a_word_does_not_open_an_id(catalog: &Catalog) {
    let id = waiting(catalog, &passport("Eriksson")).await;
    assert_eq!(decide(catalog, id, false, Kind::Other).await, Resolved::Withheld);
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Id, "and nothing is changed");
    assert!(catalog.open_review_of(id).await.unwrap().is_some());
    assert!(matches!(decide(catalog, id, true, Kind::Other).await, Resolved::Done(_)));
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Unknown);

    let id = waiting(catalog, &ReadFacts { confidence: 0.5, ..bill() }).await;
    assert!(matches!(decide(catalog, id, true, Kind::Receipt).await, Resolved::Done(_)));
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Open, "who sees IDs says that it is none");

    let id = waiting(catalog, &bill()).await;
    assert!(matches!(decide(catalog, id, false, Kind::Id).await, Resolved::Done(_)));
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Id, "anybody can close");
    let id = waiting(catalog, &bill()).await;
    assert!(matches!(decide(catalog, id, false, Kind::Other).await, Resolved::Done(_)));
    assert_eq!(sensitivity(catalog, id).await, Sensitivity::Unknown);
}

pub(super) async fn what_lies_beside_an_id_is_withheld(catalog: &Catalog) {
    let looks = of_its_own();
    let earlier = waiting(catalog, &ReadFacts { fingerprint: looks, ..bill() }).await;
    assert_eq!(sensitivity(catalog, earlier).await, Sensitivity::Open);
    waiting(catalog, &ReadFacts { fingerprint: looks, ..passport("Eriksson") }).await;
    assert_eq!(sensitivity(catalog, earlier).await, Sensitivity::Unknown, "closed when the ID is read");
    let later = waiting(catalog, &ReadFacts { fingerprint: looks, ..bill() }).await;
    assert_eq!(sensitivity(catalog, later).await, Sensitivity::Unknown, "near-duplicate of an ID");
    let nearly = looks.map(|own| Fingerprint(own.0 ^ 0x0003_0003_0001_0001));
    let later = waiting(catalog, &ReadFacts { fingerprint: nearly, ..bill() }).await;
    assert_eq!(sensitivity(catalog, later).await, Sensitivity::Unknown, "six bits, some in each quarter");

    let whole = received(catalog, &Sample::new()).await;
    begin(catalog, whole, Stage::Fetch).await;
    let bytes = original(whole, whole.to_string().as_bytes());
    assert_eq!(catalog.fetched(whole, &bytes).await.unwrap(), Step::Taken);
    begin(catalog, whole, Stage::Read).await;
    let pages = vec![Part::pages(1, 1).unwrap(), Part::pages(2, 2).unwrap()];
    assert_eq!(catalog.split(whole, &Split::of_file(pages, 2).unwrap()).await.unwrap(), Step::Taken);
    let document = catalog.document(whole).await.unwrap().unwrap();
    let parts = catalog.of_one_file(&document).await.unwrap();
    let read = |part: Option<Part>, facts: ReadFacts| ReadFacts { part, ..facts };
    for (part, facts) in parts.iter().zip([bill(), passport("Eriksson")]) {
        begin(catalog, part.id, Stage::Read).await;
        assert_eq!(catalog.read(part.id, &read(part.part, facts)).await.unwrap(), Step::Taken);
    }
    assert_eq!(sensitivity(catalog, parts[0].id).await, Sensitivity::Unknown, "its original holds an ID");
    assert_eq!(sensitivity(catalog, parts[1].id).await, Sensitivity::Id);

    // Opened by a person, it tells what it says; what was said of its file may be of the ID.
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "UPDATE documents SET sensitivity = 'open' WHERE id = $1", parts[0].id.0).unwrap();
    tx.commit().await.unwrap();
    let event = Event {
        cursor: "1.1".parse().unwrap(),
        at: time::OffsetDateTime::UNIX_EPOCH,
        kind: "document.split".into(),
        document_id: Some(parts[0].id),
        version: None,
        document_kind: None,
        customer_id: None,
        changed: Vec::new(),
        data: json!({ "review_id": "r", "note": "with the passport of Eriksson" }),
    };
    let told = async |access: Access| {
        let mut told = catalog.events_within(&access, vec![event.clone()]).await.unwrap();
        told.remove(0).data
    };
    assert_eq!(told(Access::new(false)).await, json!({ "review_id": "r" }));
    assert_eq!(told(Access::whole()).await, event.data);
}

/// Among more IDs than are compared nobody knows that a bill looks like none of them.
pub(super) async fn what_was_not_compared_with_each_id_is_withheld(catalog: &Catalog) {
    let looks = of_its_own().unwrap().0;
    // They share a quarter of their fingerprints, and look different.
    for other in [looks ^ 0xFFFF_0000, looks ^ 0xFFFF_0000_0000] {
        let facts = ReadFacts { fingerprint: Some(Fingerprint(other)), ..passport("Eriksson") };
        waiting(catalog, &facts).await;
    }
    let bill = || ReadFacts { fingerprint: Some(Fingerprint(looks)), ..bill() };
    let all_compared = waiting(catalog, &bill()).await;
    assert_eq!(sensitivity(catalog, all_compared).await, Sensitivity::Open);
    let hasty = catalog.clone().with_rule(Rule { most_alike: 1, ..Rule::default() });
    let one_compared = waiting(&hasty, &bill()).await;
    assert_eq!(sensitivity(catalog, one_compared).await, Sensitivity::Unknown);
}

pub(super) async fn search_does_not_tell_what_is_withheld(catalog: &Catalog) {
    let unique = Uuid::now_v7().simple().to_string();
    let mut ids = Vec::new();
    for facts in [passport(&unique), ReadFacts { text: unique.clone(), confidence: 0.48, ..bill() }] {
        ids.push(waiting(catalog, &facts).await);
    }
    for length in 4..=unique.len() {
        // Letter by letter, as one would who guesses.
        let q = |access| DocumentFilter {
            q: Some(unique[..length].to_owned()),
            access,
            ..DocumentFilter::default()
        };
        let told = catalog.documents(&q(Access::new(false)), None, 500).await.unwrap().data;
        assert!(told.iter().all(|d| d.sensitivity == Sensitivity::Open), "{}", &unique[..length]);
        let told = catalog.documents(&q(Access::whole()), None, 500).await.unwrap().data;
        assert!(told.len() >= 2);
    }
    let queued = async |access: Access| {
        let filter = ReviewFilter { access, ..ReviewFilter::default() };
        let table = Table { filter, q: Some(unique.clone()), ..Table::default() };
        let found = catalog.review_table(&table, None, 500).await.unwrap().data;
        let mut found: Vec<_> = found.into_iter().map(|(_, document)| document.id).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(queued(Access::new(false)).await, [], "nor does the queue");
    assert_eq!(queued(Access::whole()).await, ids);
    decide(catalog, ids[0], true, Kind::Id).await;
    assert_eq!(queued(Access::whole()).await, [ids[1]], "which has what waits, and no more");
}

async fn customer(catalog: &Catalog) -> crate::CustomerId {
    let name = Uuid::now_v7().simple().to_string();
    let new = NewCustomer { external_id: Some(name.clone()), name, ..NewCustomer::default() };
    let [Upserted::Created(id)] = catalog.upsert_customers(&[new]).await.unwrap()[..] else { panic!("one") };
    id
}

/// A line of an endpoint's log.
fn sent_about(about: Option<Uuid>) -> Line {
    Line {
        id: WebhookId(Uuid::now_v7()),
        r#type: "document.filed".into(),
        about,
        state: Delivery::Withheld,
        attempts: 1,
        last_status: None,
        last_error: None,
        last_attempt_at: None,
        next_attempt_at: None,
        created_at: time::OffsetDateTime::UNIX_EPOCH,
    }
}

pub(super) async fn who_is_bound_reaches_what_is_theirs(catalog: &Catalog) {
    let (mine, other) = (customer(catalog).await, customer(catalog).await);
    let name = Uuid::now_v7().simple().to_string();
    let hash = Sha256::of(name.as_bytes());
    let KeyMade::Made(key) = catalog.create_key(&name, &hash, &[Scope::DocumentsRead]).await.unwrap() else {
        panic!("made")
    };
    let gone = crate::CustomerId::generate();
    let refused = catalog.bind_key(key, &[Binding::Customer(gone)]).await.unwrap();
    assert_eq!(refused, Err(NotBound::NoCustomer(gone)));
    catalog.bind_key(key, &[Binding::Customer(mine)]).await.unwrap().unwrap();
    let (_, access) = catalog.key_with_access(&hash).await.unwrap().unwrap();
    assert!(access.is_bound() && !access.sees_ids());

    let (theirs, others) = (waiting(catalog, &bill()).await, waiting(catalog, &bill()).await);
    let mut tx = catalog.writing().await.unwrap();
    for (document, customer) in [(theirs, mine), (others, other)] {
        execute!(tx, "UPDATE documents SET customer_id = $2 WHERE id = $1", document.0, customer.0).unwrap();
    }
    tx.commit().await.unwrap();
    assert!(catalog.document_for(&access, theirs).await.unwrap().is_some());
    assert!(catalog.document_for(&access, others).await.unwrap().is_none());
    let filter = DocumentFilter { access: access.clone(), ..DocumentFilter::default() };
    let listed = catalog.documents(&filter, None, 500).await.unwrap().data;
    assert_eq!(listed.iter().map(|d| d.id).collect::<Vec<_>>(), [theirs]);
    let filter = ReviewFilter { access: access.clone(), ..ReviewFilter::default() };
    let listed = catalog.reviews(&filter, None, 500).await.unwrap().data;
    assert_eq!(listed.iter().map(|(_, d)| d.id).collect::<Vec<_>>(), [theirs]);
    assert_eq!(catalog.ledger_for(&access, None, None).await.unwrap().received, 1);
    let seen = catalog.seen_of(&access, &[theirs, others]).await.unwrap();
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [theirs]);
    let about = [Some(others.0), Some(theirs.0), Some(other.0), Some(mine.0), None];
    let sent = catalog.webhook_log_within(&access, about.map(sent_about).into()).await.unwrap();
    assert_eq!(sent.iter().map(|line| line.about).collect::<Vec<_>>(), [about[1], about[3]]);
    let listed = catalog.customers(&access, None, None, 10).await.unwrap().data;
    assert_eq!(listed.iter().map(|c| c.id).collect::<Vec<_>>(), [mine]);
    let sender = catalog.document(theirs).await.unwrap().unwrap().contact_id;
    let listed = catalog.contacts(&access, None, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|c| Some(c.id)).collect::<Vec<_>>(), [sender], "nor others' senders");
    let asked = async |id| {
        let name = catalog.customer(id).await.unwrap().unwrap().name;
        catalog.customers(&access, Some(&name), None, 10).await.unwrap().data.len()
    };
    assert_eq!((asked(mine).await, asked(other).await), (1, 0), "nor are they found by their words");
    assert!(!catalog.reaches_customer(&access, other).await.unwrap());
    let waits = catalog.waiting(&access).await.unwrap();
    assert!(waits.documents == 1 && waits.hidden.out_of_reach >= 1, "{waits:?}");
    let reasons = catalog.count_reasons(&access).await.unwrap();
    assert!(!reasons.is_empty() && reasons.iter().all(|(_, count)| *count == 1), "{reasons:?}");

    // A word for all that wait with one reason moves nobody else's.
    let reason = catalog.open_review_of(theirs).await.unwrap().unwrap().reasons[0].code;
    let version = async |id| catalog.document(id).await.unwrap().unwrap().version;
    let before = version(others).await;
    assert!(access.is_bound() && catalog.retry_all(&access, reason, "key:bound").await.unwrap() <= 1);
    assert_eq!(version(others).await, before, "it is out of reach");

    // To two kinds of thing at once narrows: no team has a case with it.
    catalog.bind_key(key, &[Binding::Customer(mine), Binding::Team("north".into())]).await.unwrap().unwrap();
    let (_, access) = catalog.key_with_access(&hash).await.unwrap().unwrap();
    assert!(catalog.document_for(&access, theirs).await.unwrap().is_none());
    catalog.bind_key(key, &[]).await.unwrap().unwrap();
    let (_, access) = catalog.key_with_access(&hash).await.unwrap().unwrap();
    assert!(catalog.document_for(&access, others).await.unwrap().is_some(), "unbound reaches all");

    let person = catalog.put_user(&name, "$argon2id$…", Role::Reviewer).await.unwrap();
    let (user, _) = catalog.user_by_name(&name).await.unwrap().unwrap();
    assert!(catalog.access_of_user(&user).await.unwrap().sees_ids());
    catalog.set_sees_ids(person, false).await.unwrap();
    catalog.bind_user(person, &[Binding::Customer(mine)]).await.unwrap().unwrap();
    let access = catalog.access_of_user(&user).await.unwrap();
    assert!(!access.sees_ids() && catalog.document_for(&access, others).await.unwrap().is_none());

    // An admin has it no otherwise.
    let boss = format!("boss-{name}");
    let id = catalog.add_user(&boss, "!", (Role::Admin, false), None).await.unwrap().unwrap();
    let (user, _) = catalog.user_by_name(&boss).await.unwrap().unwrap();
    assert!(!user.sees_ids && !catalog.access_of_user(&user).await.unwrap().sees_ids());
    catalog.set_sees_ids(id, true).await.unwrap();
    assert!(catalog.access_of_user(&user).await.unwrap().sees_ids());
}

/// The sender of an upload under this name, by a key or by nobody's.
async fn uploaded(
    catalog: &Catalog,
    key: Option<KeyId>,
    sender: &str,
    customer: crate::CustomerId,
) -> crate::ContactId {
    let id = DocumentId::generate();
    let hash = Sha256::of(id.to_string().as_bytes());
    let upload = Upload {
        id,
        source: Source::Api,
        key,
        sender: Some(sender.to_owned()),
        customer_id: Some(customer),
        declared: DeclaredFile::default(),
        original: StoredObject { key: ObjectKey::original(id, &hash), sha256: hash, size_bytes: 7 },
        received_at: now(),
    };
    assert_eq!(catalog.accept_upload(&upload, None).await.unwrap(), Accepted::New(id));
    catalog.document(id).await.unwrap().unwrap().contact_id.expect("it has a sender")
}

/// A key that is bound to one customer, what is theirs, and what is not.
pub(super) struct BoundKey {
    name: String,
    key: KeyId,
    pub(super) access: Access,
    pub(super) mine: crate::CustomerId,
    pub(super) other: crate::CustomerId,
    /// A document of theirs, whose sender writes for the other one.
    pub(super) theirs: DocumentId,
    sender: crate::ContactId,
    /// Who sent a document of the other one.
    stranger: crate::ContactId,
}

pub(super) async fn bound_key(catalog: &Catalog) -> BoundKey {
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
pub(super) async fn who_is_bound_learns_of_nobody_else(catalog: &Catalog) {
    let BoundKey { access, mine, other, theirs, sender, .. } = bound_key(catalog).await;
    catalog.note(theirs, Stage::Link, "linked", json!({ "customer_id": other })).await.unwrap();
    let (before, deleted) = (waiting(catalog, &bill()).await, crate::CustomerId::generate());
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
pub(super) async fn who_is_bound_reaches_nobody_else(catalog: &Catalog) {
    let BoundKey { name, key, access, mine, other, theirs, sender, stranger } = bound_key(catalog).await;
    // A case with a document that is nobody's yet reaches past what is theirs.
    let (case, nobodys) = (crate::CaseId::generate(), waiting(catalog, &bill()).await);
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

/// Who is bound to firms of ours lists those whose papers the firms have, page by page, each once.
pub(super) async fn who_is_bound_to_firms_lists_whose_papers_they_have(catalog: &Catalog) {
    let holder = Uuid::now_v7();
    let firms = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let (mut customers, mut papers) = (Vec::new(), Vec::new());
    let mut tx = catalog.writing().await.unwrap();
    for firm in firms {
        let sql = "INSERT INTO entities (id, name, created_at, updated_at) VALUES ($1, $2, 1, 1)";
        execute!(tx, sql, firm, firm.to_string()).unwrap();
    }
    tx.commit().await.unwrap();
    for _ in 0..4 {
        customers.push(customer(catalog).await);
    }
    // The third customer has papers of both firms, and the second two of one; the last one's are of another firm.
    for (firm, whose) in [(0, 0), (1, 1), (1, 1), (0, 2), (1, 2), (2, 3)] {
        let document = received(catalog, &Sample::new()).await;
        let contact = catalog.document(document).await.unwrap().unwrap().contact_id.unwrap();
        papers.push((firm, contact));
        let mut tx = catalog.writing().await.unwrap();
        let sql = "UPDATE documents SET entity_id = $2, customer_id = $3 WHERE id = $1";
        execute!(tx, sql, document.0, firms[firm], customers[whose].0).unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = catalog.writing().await.unwrap();
    for firm in &firms[..2] {
        let sql = "INSERT INTO bindings (holder_id, entity_id, created_at) VALUES ($1, $2, 1)";
        execute!(tx, sql, holder, *firm).unwrap();
    }
    tx.commit().await.unwrap();
    let access = Access::of(true, Some(Bound { holder, entities: true, ..Bound::default() }));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.customers(&access, None, after, 1).await.unwrap();
        seen.extend(page.data.iter().map(|c| c.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [customers[2], customers[1], customers[0]], "the latest first");
    let mut expected: Vec<_> = papers.iter().filter(|(firm, _)| *firm < 2).map(|(_, c)| *c).collect();
    expected.sort();
    expected.dedup();
    expected.reverse();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.contacts(&access, None, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page.iter().map(|c| c.id));
    }
    assert_eq!(seen, expected);
    let name = catalog.customer(customers[3]).await.unwrap().unwrap().name;
    let found = catalog.customers(&access, Some(&name), None, 10).await.unwrap().data;
    assert!(found.is_empty(), "nor by their words: {found:?}");
    // Who we are is another promise's.
    let mut tx = catalog.writing().await.unwrap();
    for firm in firms {
        execute!(tx, "UPDATE documents SET entity_id = NULL WHERE entity_id = $1", firm).unwrap();
        execute!(tx, "DELETE FROM bindings WHERE entity_id = $1", firm).unwrap();
        execute!(tx, "DELETE FROM entities WHERE id = $1", firm).unwrap();
    }
    tx.commit().await.unwrap();
}

pub(super) async fn a_page_of_views_is_audited(catalog: &Catalog) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(received(catalog, &Sample::new()).await);
    }
    catalog.audit_views("key:page", "list", &ids).await.unwrap();
    let mut written = Vec::new();
    for id in &ids {
        let trail = catalog.audit_trail(Some(*id), 10).await.unwrap();
        let view = trail.iter().find(|e| e.action == "view_id").expect("each has its line");
        written.push((view.at, view.actor.clone()));
    }
    assert!(written.iter().all(|line| *line == written[0]), "one transaction, one time: {written:?}");
    catalog.audit_views("key:page", "list", &[]).await.unwrap();
}

/// Of what was there: filed bills that came as XML are open, IDs are IDs, the rest is scored in steps.
pub(super) async fn what_was_there_is_scored(catalog: &Catalog, landed: &Landed) {
    assert_eq!(sensitivity(catalog, landed.filed).await, Sensitivity::Open);
    assert_eq!(sensitivity(catalog, landed.filed_id).await, Sensitivity::Id);
    assert_eq!(sensitivity(catalog, landed.waiting).await, Sensitivity::Unknown);
    let mut tx = catalog.writing().await.unwrap();
    let receipt = "PANADERIA EL SOL\nCalle Mayor 3, Sevilla\nTel: 954 000 111\nFactura simplificada 00412\n\
        12/03/2024 10:31\n2 BARRA RUSTICA 2,40\n1 CAFE CON LECHE 1,60\nTOTAL 4,00\nEFECTIVO 5,00\nCAMBIO 1,00\n\
        Gracias por su visita";
    execute!(tx, "UPDATE documents SET text = $2 WHERE id = $1", landed.waiting.0, receipt).unwrap();
    tx.commit().await.unwrap();
    let before = catalog.backfill(SENSITIVITY).await.unwrap().expect("there is something to do");
    assert_eq!((before.done, before.total, before.finished), (0, 2, false));
    assert!(catalog.score_what_was_there(1).await.unwrap(), "one at a time");
    let between = catalog.backfill(SENSITIVITY).await.unwrap().unwrap();
    assert_eq!((between.done, between.finished), (1, false), "it can end here and go on later");
    while catalog.score_what_was_there(1).await.unwrap() {}
    assert!(!catalog.score_what_was_there(1).await.unwrap(), "and once over, nothing is done");
    let after = catalog.backfill(SENSITIVITY).await.unwrap().unwrap();
    assert_eq!((after.done, after.total, after.finished), (2, 2, true));
    assert_eq!(
        sensitivity(catalog, landed.waiting).await,
        Sensitivity::Open,
        "its text speaks for a receipt"
    );
    assert_eq!(
        sensitivity(catalog, landed.asked_again).await,
        Sensitivity::Unknown,
        "of no text nobody knows"
    );
}
