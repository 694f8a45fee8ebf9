//! Promises of every other list: whatever it is asked, the database goes by an index and walks no table whole. What each
//! list reads is listened to, so that a list is explained as it is, and not as a copy of its text here would be.

#[macro_use]
mod explain;
mod counted;
mod reviews;

use acuse_conversation::Clock;
use uuid::Uuid;

use super::door::{Sample, received};
use crate::{
    Access, Catalog, DocumentFilter, DocumentId,
    access::Bound,
    approvals::ApprovalState,
    arrivals::{ArrivalPlace, Differing, lost},
    audit::AuditFilter,
    cases::CaseFilter,
    events::EventFilter,
    export::{By, Span},
    incidents::IncidentState,
    message_ledger::MessagePlace,
    names::{ContactId, CustomerId, EndpointId, KeyId, Source, now},
    notices::{NoticeFilter, NoticeState},
    obligations::{ObligationFilter, ObligationState},
    parts::Part,
    webhooks::log::Delivery,
};
use counted::counted;
use explain::goes_by;
use reviews::{reviews, tables, work};

pub(super) use explain::{LOOKS_UP, listened, plan};

/// Every list but that of documents, by each of its filters.
pub(super) async fn no_list_scans(catalog: &Catalog) {
    // Of a table that it knows to be small every plan is as good to SQLite too: one that knows nothing yet is asked.
    let folder = tempfile::tempdir().unwrap();
    let fresh = match catalog.database() {
        "sqlite" => Some(Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap()),
        _ => None,
    };
    let catalog = fresh.as_ref().unwrap_or(catalog);
    let all = &Access::whole();
    // In the heap, and none within another: together they are more than a thread's stack.
    Box::pin(who_there_is(catalog, all)).await;
    Box::pin(who_is_called_nothing_like_it(catalog, all)).await;
    Box::pin(what_came(catalog)).await;
    Box::pin(messages(catalog)).await;
    Box::pin(reviews(catalog)).await;
    Box::pin(work(catalog)).await;
    Box::pin(tables(catalog)).await;
    Box::pin(counted(catalog, all)).await;
    Box::pin(webhooks(catalog)).await;
    Box::pin(cases(catalog, all)).await;
    Box::pin(matters(catalog, all)).await;
    Box::pin(what_happened(catalog)).await;
    Box::pin(queue(catalog)).await;
    Box::pin(books(catalog)).await;
}

/// The feed, customers and contacts, and what is said to them.
async fn who_there_is(catalog: &Catalog, all: &Access) {
    let id = Uuid::now_v7();
    goes!(catalog, "PRIMARY KEY", catalog.follow(None, &EventFilter::default(), 50));
    goes!(catalog, "webhook_deliveries_log", catalog.webhook_log(EndpointId(id), None, None, 50));
    let state = Some(Delivery::Delivered);
    goes!(catalog, "webhook_deliveries_state", catalog.webhook_log(EndpointId(id), state, None, 50));
    goes!(catalog, "events_kind", catalog.follow(None, &EventFilter { kinds: kinds() }, 50));
    goes!(catalog, "customers", catalog.customers(all, None, Some(CustomerId(id)), 50));
    goes!(catalog, "contacts", catalog.contacts(all, None, Some(ContactId(id)), 50));
    let (customer, contact) = (Some(CustomerId(id)), Some(ContactId(id)));
    goes!(catalog, "customer_fts VIRTUAL TABLE INDEX", catalog.customers(all, Some("ana"), customer, 50));
    goes!(catalog, "customer_fts VIRTUAL TABLE INDEX", catalog.customers_named_like("Ana Bolena"));
    // A beginning that SQLite does not have ready is no beginning that it puts together.
    goes!(catalog, "SCAN v VIRTUAL TABLE", catalog.customers(all, Some("comercial"), customer, 50));
    goes!(catalog, "SCAN v VIRTUAL TABLE", catalog.contacts(all, Some("bautista"), contact, 50));
    let q = Some("electronica".to_owned());
    let long = DocumentFilter { q, ..DocumentFilter::default() };
    goes!(catalog, "SCAN v VIRTUAL TABLE", catalog.documents(&long, None, 50));
    goes!(catalog, "contact_fts VIRTUAL TABLE INDEX", catalog.contacts(all, Some("ana"), contact, 50));
    goes!(catalog, "contact_fts VIRTUAL TABLE INDEX", catalog.contacts(all, Some("+34 600"), None, 50));
    Box::pin(bound(catalog, (id, customer, contact))).await;
    goes!(catalog, "outbox_said", catalog.conversation(all, ContactId(id), None, None, 50));
    goes!(catalog, "customer_aliases_disputed", catalog.alias_conflicts(None, 50));
    goes!(catalog, "erasures", catalog.erasures(None, 50));
    goes!(catalog, "documents_waits_part", catalog.wake_waiting(Part::Graph, now()));
}

/// What nobody is called is looked for at as many places as a page needs, and then in the index: it costs the same however many
/// there are. SQLite walks its index by itself.
async fn who_is_called_nothing_like_it(catalog: &Catalog, all: &Access) {
    if catalog.database() == "sqlite" {
        return;
    }
    let q = Some("zzyxnobody");
    let contacts = listened(async { catalog.contacts(all, q, None, 50).await.map(drop).unwrap() }).await;
    let customers = listened(async { catalog.customers(all, q, None, 50).await.map(drop).unwrap() }).await;
    for (heard, near) in [(contacts, "LIMIT 200) s"), (customers, "LIMIT 204) s")] {
        let looks: Vec<&String> = heard.iter().filter(|text| text.contains("_fts")).collect();
        assert!(looks.len() == 2 && looks[0].contains(near), "{looks:#?}");
        assert!(looks[1].contains("WITH found AS MATERIALIZED"), "{looks:#?}");
    }
}

/// What apalis 1.0 asks of the queue's table for every task, on SQLite: each goes by the task's id or by what is due, and not
/// through all that wait or that a worker ever did. PostgreSQL counts what its tables hold.
async fn queue(catalog: &Catalog) {
    if catalog.database() != "sqlite" {
        return;
    }
    let asked = [
        // lock.sql
        "UPDATE Jobs SET status = 'Running', lock_at = strftime('%s', 'now'), lock_by = $2 \
         WHERE id IN (SELECT value FROM json_each($1)) AND (status = 'Queued' OR status = 'Pending' \
         OR (status = 'Failed' AND attempts < max_attempts))",
        // ack.sql
        "WITH j AS (SELECT value ->> 'task_id' AS task_id, value ->> 'status' AS status FROM json_each($1)) \
         UPDATE Jobs SET status = j.status, done_at = strftime('%s', 'now') FROM j \
         WHERE Jobs.id = j.task_id AND Jobs.lock_by = $2",
    ];
    for text in asked {
        let plan = plan(catalog, LOOKS_UP, text).await;
        assert!(plan.contains("sqlite_autoindex_Jobs_1 (id=?)"), "{text}\n{plan}");
    }
    // fetch_next.sql
    let next = "SELECT rowid FROM Jobs WHERE job_type = $1 AND status = 'Pending' AND lock_by IS NULL \
                AND (run_at IS NULL OR run_at <= $2) ORDER BY priority DESC, run_at ASC, id ASC LIMIT $3";
    let plan = plan(catalog, LOOKS_UP, next).await;
    assert!(plan.contains("idx_jobs_pending (job_type=?)") && !plan.contains("TEMP B-TREE"), "{plan}");
}

/// What of a month is missing: of what waits, what it could be, and not all; of the decisions on hold, their documents, and
/// not all documents for the few that are on hold. So it was while there was none when the tables were last looked at, so
/// this comes last.
async fn books(catalog: &Catalog) {
    let (all, some) = (&Access::whole(), &Access::new(false));
    // Of ten documents of nobody it would be as good to look at each.
    let customer_id = Some(CustomerId(Uuid::now_v7()));
    let theirs = DocumentFilter { customer_id, access: some.clone(), ..DocumentFilter::default() };
    goes!(catalog, "sqlite_autoindex_holds_1 (document_id=?)", catalog.sums_of(&theirs));
    let filed = DocumentFilter { held: Some(false), ..theirs };
    goes!(catalog, "sqlite_autoindex_holds_1 (document_id=?)", catalog.documents(&filed, None, 50));
    if catalog.database() == "sqlite" {
        for _ in 0..10 {
            received(catalog, &Sample::new()).await;
        }
        let mut tx = catalog.writing().await.unwrap();
        execute!(tx, "ANALYZE").unwrap();
        tx.commit().await.unwrap();
    }
    let missing = async |access: &Access, by: By| {
        let (from, to) = (Some(now().date()), now().date().next_day());
        let span = match by {
            By::IssueDate => Span::dated(from, to),
            By::Received => Span::received(from, to, &Clock::default()),
        };
        catalog.books().await?.missing(access, span).await
    };
    goes!(catalog, "documents_books_waiting_dated (doc_date>? AND doc_date<?)", missing(all, By::IssueDate));
    goes!(catalog, "documents_books_waiting (received_at>?", missing(all, By::IssueDate));
    goes!(catalog, "documents_books_doubted (received_at>?", missing(all, By::IssueDate));
    goes!(catalog, "documents_books_undated (kind=?", missing(some, By::IssueDate));
    goes!(catalog, "documents_books_withheld (received_at>?", missing(some, By::IssueDate));
    goes!(catalog, "documents_books_waiting (received_at>? AND received_at<?)", missing(all, By::Received));
    goes!(catalog, "documents_books_doubted (received_at>? AND received_at<?)", missing(all, By::Received));
}

/// The first ledger, and what of a day is lost.
async fn what_came(catalog: &Catalog) {
    goes!(catalog, "arrival_totals USING PRIMARY KEY", catalog.arrivals(None, None));
    let day = time::OffsetDateTime::UNIX_EPOCH;
    goes!(catalog, "arrivals USING PRIMARY KEY", catalog.arrivals(Some(day), None));
    let of = async |source| {
        let mut tx = catalog.reading().await.unwrap();
        let place = Differing { day: 7, number: "1".to_owned(), source, missing: 1 };
        lost::of_place(&mut tx, &place, &lost::Asked::LATEST).await
    };
    goes!(catalog, "messages_files", of(Source::Whatsapp));
    goes!(catalog, "events_at", of(Source::Api));
    let all = (None, None);
    goes!(catalog, "documents_received (", catalog.arrived(ArrivalPlace::Documents, all, None, 50));
    goes!(catalog, "documents_answering (", catalog.arrived(ArrivalPlace::Answers, all, None, 50));
    goes!(catalog, "messages_others (", catalog.arrived(ArrivalPlace::NotDocuments, all, None, 50));
    goes!(catalog, "arrivals USING PRIMARY KEY", catalog.arrived(ArrivalPlace::Lost, all, None, 50));
    for index in ["messages_files (", "messages_others (", "documents_source (source=?"] {
        let listed = async { catalog.arrived(ArrivalPlace::Files, all, None, 50).await.map(drop).unwrap() };
        goes_by(catalog, LOOKS_UP, (index, "all that came"), listed).await;
    }
    goes!(catalog, "messages_others (", catalog.arrivals_let_go(Some(day), None));
}

/// The second ledger: messages whose time is over, however many, are not looked at, nor one that is told of but by its incident;
/// neither where they are counted nor where they are listed.
async fn messages(catalog: &Catalog) {
    let places: [(MessagePlace, &[&str]); 5] = [
        (MessagePlace::Queued, &["outbox_created (created_at>? AND created_at<?)"]),
        (MessagePlace::Delivered, &["outbox_delivered ("]),
        (MessagePlace::OnItsWay, &["outbox_contact", "outbox_sent (sent_at>?)"]),
        (MessagePlace::Told, &["incidents_waiting"]),
        (MessagePlace::Withdrawn, &["outbox_withdrawn ("]),
    ];
    for (place, indexes) in places {
        let what = format!("messages: {place}");
        for index in indexes {
            let listed = async { catalog.counted_messages(place, now(), None, 50).await.map(drop).unwrap() };
            let plans = goes_by(catalog, LOOKS_UP, (*index, what.as_str()), listed).await;
            let is_of_ends = place != MessagePlace::OnItsWay && place != MessagePlace::Told;
            assert!(is_of_ends || !plans.contains("outbox_open"), "{what}:\n{plans}");
        }
    }
    if catalog.database() != "sqlite" {
        return;
    }
    let heard = listened(async { catalog.message_ledger(now()).await.map(drop).unwrap() }).await;
    let text = heard.iter().find(|text| text.contains("message_tallies")).expect("it is asked");
    let plan = plan(catalog, LOOKS_UP, text).await;
    for index in ["outbox_contact", "outbox_sent (sent_at>?)", "incidents_waiting"] {
        assert!(plan.contains(index), "{index}:\n{plan}");
    }
    assert!(!plan.contains("outbox_open"), "{plan}");
}

/// Whoever sees the papers of a firm or of a customer only: from one whose they are to the next.
async fn bound(
    catalog: &Catalog,
    (holder, customer, contact): (Uuid, Option<CustomerId>, Option<ContactId>),
) {
    let firm = Access::of(true, Some(Bound { holder, entities: true, ..Bound::default() }));
    goes!(catalog, "documents_entity_customer (entity_id=?", catalog.customers(&firm, None, None, 50));
    goes!(catalog, "documents_entity_customer (entity_id=?", catalog.customers(&firm, None, customer, 50));
    goes!(catalog, "documents_entity_contact (entity_id=?", catalog.contacts(&firm, None, contact, 50));
    let theirs = Access::of(true, Some(Bound { holder, customers: true, ..Bound::default() }));
    goes!(catalog, "documents_customer_contact (customer_id=?", catalog.contacts(&theirs, None, contact, 50));
    goes!(catalog, "customers", catalog.customers(&theirs, None, customer, 50));
}

async fn webhooks(catalog: &Catalog) {
    goes!(catalog, "webhook_endpoints_listed", catalog.webhook_endpoints(None));
    goes!(catalog, "webhook_endpoints_key", catalog.webhook_endpoints(Some(KeyId(Uuid::now_v7()))));
    let id = EndpointId(Uuid::now_v7());
    goes!(catalog, "events_at (at>? AND at<?)", catalog.replay_webhooks_since(id, now()));
}

fn kinds() -> Vec<String> {
    ["document.filed", "customer.merged"].map(str::to_owned).to_vec()
}

async fn cases(catalog: &Catalog, all: &Access) {
    let none = CaseFilter::default;
    goes!(catalog, "cases_due_first", catalog.cases(all, &none(), 50));
    let open = CaseFilter { state: Some("open".to_owned()), ..none() };
    goes!(catalog, "cases_due_first", catalog.cases(all, &open, 50));
    let over = CaseFilter { state: Some("done".to_owned()), ..none() };
    goes!(catalog, "cases_over", catalog.cases(all, &over, 50));
    let contact = Some(ContactId(Uuid::now_v7()));
    let any = CaseFilter { state: Some("any".to_owned()), contact, ..none() };
    goes!(catalog, "cases_contact", catalog.cases(all, &any, 50));
}

async fn matters(catalog: &Catalog, all: &Access) {
    let id = Uuid::now_v7();
    let of = NoticeFilter::default;
    goes!(catalog, "notices_batch", catalog.notices(all, &NoticeFilter { batch: Some(id), ..of() }, 50));
    let state = NoticeState::ALL.first().copied();
    goes!(catalog, "notices_state", catalog.notices(all, &NoticeFilter { state, ..of() }, 50));
    let contact = Some(ContactId(id));
    goes!(catalog, "notices_contact", catalog.notices(all, &NoticeFilter { contact, ..of() }, 50));
    let of = ObligationFilter::default;
    let customer = Some(CustomerId(id));
    goes!(catalog, "obligations_", catalog.obligations(all, &ObligationFilter { customer, ..of() }, 50));
    let state = ObligationState::ALL.first().copied();
    goes!(catalog, "obligations_state", catalog.obligations(all, &ObligationFilter { state, ..of() }, 50));
    let state = ApprovalState::ALL.first().copied();
    goes!(catalog, "approvals_state", catalog.approvals(all, (state, None), None, 50));
    let document = Some(DocumentId(id));
    goes!(catalog, "approvals_document", catalog.approvals(all, (None, document), None, 50));
}

async fn what_happened(catalog: &Catalog) {
    goes!(catalog, "incidents_waiting", catalog.incidents(None, None, 50));
    goes!(catalog, "incidents_state", catalog.incidents(Some(IncidentState::Resolved), None, 50));
    let of = AuditFilter::default;
    // The first page of all is the end of the table itself.
    goes!(catalog, "PRIMARY KEY", catalog.search_audit(&of(), Some(i64::MAX), 50));
    let actor = Some("user:ana".to_owned());
    goes!(catalog, "audit_actor (", catalog.search_audit(&AuditFilter { actor, ..of() }, None, 50));
    combined(catalog).await;
    catalog.audit("user:ana", "viewed", None, &serde_json::json!({})).await.unwrap();
    let time = AuditFilter { from: Some(now()), to: Some(now()), ..of() };
    goes!(catalog, "audit_at", catalog.search_audit(&time, Some(1), 50));
    let q = Some("e".to_owned());
    goes!(catalog, "audit_actor", catalog.search_audit(&AuditFilter { q: q.clone(), ..of() }, None, 50));
    goes!(catalog, "audit_action", catalog.search_audit(&AuditFilter { q, ..of() }, None, 50));
    let q = Some(Uuid::now_v7().to_string());
    goes!(catalog, "audit_document", catalog.search_audit(&AuditFilter { q, ..of() }, None, 50));
    let action = Some("view".to_owned());
    goes!(catalog, "audit_action", catalog.search_audit(&AuditFilter { action, ..of() }, None, 50));
    let document_id = Some(DocumentId(Uuid::now_v7()));
    goes!(catalog, "audit_document", catalog.search_audit(&AuditFilter { document_id, ..of() }, None, 50));
    goes!(catalog, "audit_document", catalog.audit_trail(document_id, 50));
}

/// The trail, asked for several things at once: lines of somebody busy that are rare are not looked for one by one.
async fn combined(catalog: &Catalog) {
    let of = AuditFilter::default;
    let (actor, action) = (Some("user:ana".to_owned()), Some("viewed".to_owned()));
    let both = AuditFilter { actor: actor.clone(), action: action.clone(), ..of() };
    goes!(catalog, "audit_actor_action (actor=? AND action=?", catalog.search_audit(&both, None, 50));
    let days = AuditFilter { from: Some(now()), to: Some(now()), ..of() };
    let theirs = AuditFilter { actor, ..days.clone() };
    goes!(catalog, "audit_actor (actor=? AND at>? AND at<?)", catalog.search_audit(&theirs, None, 50));
    let such = AuditFilter { action, ..days.clone() };
    goes!(catalog, "audit_action (action=? AND at>? AND at<?)", catalog.search_audit(&such, None, 50));
    let all = AuditFilter { from: days.from, to: days.to, ..both };
    goes!(catalog, " AND at>? AND at<?)", catalog.search_audit(&all, None, 50));
}
