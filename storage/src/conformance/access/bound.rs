//! Promises of who is bound: a key or a person reaches what is of theirs, in every list and by every word.

use acuse_pipeline::document::Sha256;
use uuid::Uuid;

use super::{bill, customer, waiting};
use crate::{
    Access, Catalog, CustomerId, DocumentFilter, DocumentId,
    access::{Binding, Bound, NotBound},
    conformance::door::{Sample, received},
    events::Event,
    keys::{KeyMade, Scope},
    names::WebhookId,
    reviews::ReviewFilter,
    users::Role,
    webhooks::log::{Delivery, Line},
};

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

pub(in crate::conformance) async fn who_is_bound_reaches_what_is_theirs(catalog: &Catalog) {
    let (mine, other) = (customer(catalog).await, customer(catalog).await);
    let name = Uuid::now_v7().simple().to_string();
    let hash = Sha256::of(name.as_bytes());
    let KeyMade::Made(key) = catalog.create_key(&name, &hash, &[Scope::DocumentsRead]).await.unwrap() else {
        panic!("made")
    };
    let gone = CustomerId::generate();
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
    only_theirs_is_listed(catalog, &access, (mine, other), (theirs, others)).await;

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

    a_person_is_bound_as_a_key_is(catalog, &name, mine, others).await;
}

/// Of a customer and another one, who have a document each, the lists have the one's.
async fn only_theirs_is_listed(
    catalog: &Catalog,
    access: &Access,
    (mine, other): (CustomerId, CustomerId),
    (theirs, others): (DocumentId, DocumentId),
) {
    let filter = DocumentFilter { access: access.clone(), ..DocumentFilter::default() };
    let listed = catalog.documents(&filter, None, 500).await.unwrap().data;
    assert_eq!(listed.iter().map(|d| d.id).collect::<Vec<_>>(), [theirs]);
    let filter = ReviewFilter { access: access.clone(), ..ReviewFilter::default() };
    let listed = catalog.reviews(&filter, None, 500).await.unwrap().data;
    assert_eq!(listed.iter().map(|(_, d)| d.id).collect::<Vec<_>>(), [theirs]);
    assert_eq!(catalog.ledger_for(access, None, None).await.unwrap().received, 1);
    let seen = catalog.seen_of(access, &[theirs, others]).await.unwrap();
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), [theirs]);
    let about = [Some(others.0), Some(theirs.0), Some(other.0), Some(mine.0), None];
    let sent = catalog.webhook_log_within(access, about.map(sent_about).into()).await.unwrap();
    assert_eq!(sent.iter().map(|line| line.about).collect::<Vec<_>>(), [about[1], about[3]]);
    let listed = catalog.customers(access, None, None, 10).await.unwrap().data;
    assert_eq!(listed.iter().map(|c| c.id).collect::<Vec<_>>(), [mine]);
    let sender = catalog.document(theirs).await.unwrap().unwrap().contact_id;
    let listed = catalog.contacts(access, None, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|c| Some(c.id)).collect::<Vec<_>>(), [sender], "nor others' senders");
    let asked = async |id| {
        let name = catalog.customer(id).await.unwrap().unwrap().name;
        catalog.customers(access, Some(&name), None, 10).await.unwrap().data.len()
    };
    assert_eq!((asked(mine).await, asked(other).await), (1, 0), "nor are they found by their words");
    assert!(!catalog.reaches_customer(access, other).await.unwrap());
    let waits = catalog.waiting(access).await.unwrap();
    assert!(waits.documents == 1 && waits.hidden.out_of_reach >= 1, "{waits:?}");
    let reasons = catalog.count_reasons(access).await.unwrap();
    assert!(!reasons.is_empty() && reasons.iter().all(|(_, count)| *count == 1), "{reasons:?}");
}

/// A person by the name of a key, and an admin beside them.
async fn a_person_is_bound_as_a_key_is(catalog: &Catalog, name: &str, mine: CustomerId, others: DocumentId) {
    let person = catalog.put_user(name, "$argon2id$…", Role::Reviewer).await.unwrap();
    let (user, _) = catalog.user_by_name(name).await.unwrap().unwrap();
    assert!(catalog.access_of_user(&user).await.unwrap().sees_ids());
    catalog.set_sees_ids(person, false).await.unwrap();
    catalog.bind_user(person, &[Binding::Customer(mine)]).await.unwrap().unwrap();
    let access = catalog.access_of_user(&user).await.unwrap();
    assert!(!access.sees_ids() && catalog.document_for(&access, others).await.unwrap().is_none());
    let (theirs, north) = (Binding::Customer(mine), Binding::Team("north".into()));
    let is_bound_as = async |to: &[Binding]| catalog.is_bound_as(person, to).await.unwrap();
    assert!(is_bound_as(&[theirs.clone(), theirs.clone()]).await, "to exactly these");
    assert!(!is_bound_as(&[]).await && !is_bound_as(&[theirs, north]).await);

    // An admin has it no otherwise.
    let boss = format!("boss-{name}");
    let id = catalog.add_user(&boss, "!", (Role::Admin, false), None).await.unwrap().unwrap();
    let (user, _) = catalog.user_by_name(&boss).await.unwrap().unwrap();
    assert!(!user.sees_ids && !catalog.access_of_user(&user).await.unwrap().sees_ids());
    catalog.set_sees_ids(id, true).await.unwrap();
    assert!(catalog.access_of_user(&user).await.unwrap().sees_ids());
}

/// However many customers somebody is bound to, they hear of the last of them, and are not taken for who has one alone.
pub(in crate::conformance) async fn who_is_bound_to_many_hears_of_each(catalog: &Catalog) {
    let holder = Uuid::now_v7();
    let customers: Vec<CustomerId> = (0..1_100).map(|_| CustomerId::generate()).collect();
    let mut tx = catalog.writing().await.unwrap();
    for customer in &customers {
        let sql =
            "INSERT INTO customers (id, name, name_key, created_at, updated_at) VALUES ($1, 'x', 'x', 1, 1)";
        execute!(tx, sql, customer.0).unwrap();
        let sql = "INSERT INTO bindings (holder_id, customer_id, created_at) VALUES ($1, $2, 1)";
        execute!(tx, sql, holder, customer.0).unwrap();
    }
    tx.commit().await.unwrap();
    let access = Access::of(false, Some(Bound { holder, customers: true, ..Bound::default() }));
    let (last, other) = (*customers.iter().max().unwrap(), customer(catalog).await);
    let event = |of: CustomerId| Event {
        cursor: "1.1".parse().unwrap(),
        at: time::OffsetDateTime::UNIX_EPOCH,
        kind: "customer.updated".into(),
        document_id: None,
        version: None,
        document_kind: None,
        customer_id: Some(of),
        changed: Vec::new(),
        data: serde_json::json!({}),
    };
    let told = catalog.events_within(&access, vec![event(last), event(other)]).await.unwrap();
    assert_eq!(told.iter().map(|event| event.customer_id).collect::<Vec<_>>(), [Some(last)]);
    let about = vec![sent_about(Some(last.0)), sent_about(Some(other.0))];
    let sent = catalog.webhook_log_within(&access, about).await.unwrap();
    assert_eq!(sent.iter().map(|line| line.about).collect::<Vec<_>>(), [Some(last.0)]);
    assert_eq!(catalog.bound_customers(&access, 2).await.unwrap().len(), 2);
    let mut tx = catalog.writing().await.unwrap();
    execute!(tx, "DELETE FROM bindings WHERE holder_id = $1", holder).unwrap();
    execute!(tx, "DELETE FROM customers WHERE name = 'x' AND created_at = 1").unwrap();
    tx.commit().await.unwrap();
}

/// Who is bound to firms of ours lists those whose papers the firms have, page by page, each once.
pub(in crate::conformance) async fn who_is_bound_to_firms_lists_whose_papers_they_have(catalog: &Catalog) {
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
    forget(catalog, &firms).await;
}

/// Who we are is another promise's.
async fn forget(catalog: &Catalog, firms: &[Uuid]) {
    let mut tx = catalog.writing().await.unwrap();
    for firm in firms {
        execute!(tx, "UPDATE documents SET entity_id = NULL WHERE entity_id = $1", *firm).unwrap();
        execute!(tx, "DELETE FROM bindings WHERE entity_id = $1", *firm).unwrap();
        execute!(tx, "DELETE FROM entities WHERE id = $1", *firm).unwrap();
    }
    tx.commit().await.unwrap();
}
