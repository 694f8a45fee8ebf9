//! What landed before comes through every migration: a database of the schema as it landed first (version 3), with a
//! row of everything that was kept then, brought up to date.

use sqlx::migrate::Migrator;
use uuid::Uuid;

use acuse_pipeline::{document::Status, reason::ReasonCode};

use crate::{
    Access, Catalog, ContactId, DocumentId, ReviewId,
    catalog::Pools,
    customers::{CustomerAlias, CustomerLookup, CustomerPatch, Saving},
    events::{EventFilter, Followed},
    names::{WaitsFor, micros, now},
    outbox::NextReply,
    reviews::Resolution,
    sql::Tx,
    users::Role,
};

/// The last version of the schema that is somewhere in use.
const LANDED: i64 = 3;
/// The last one in which a contact had one task for all that waits.
const BEFORE_LINES: i64 = 38;
/// The last one in which a review did not know what it was decided together with.
const BEFORE_BATCHES: i64 = 43;
/// The last one in which one reason stood for both pauses of a number.
const BEFORE_PAUSES: i64 = 47;

/// The rows of the snapshot, for what each migration says of them.
pub(super) struct Landed {
    pub contact: ContactId,
    pub filed: DocumentId,
    pub filed_id: DocumentId,
    pub waiting: DocumentId,
    pub asked_again: DocumentId,
    pub of_another: DocumentId,
    pub open_review: ReviewId,
    pub decided_review: ReviewId,
}

/// Fills a database of the landed schema and brings it up to date. It must be empty and not migrated.
///
/// # Panics
/// When something that was there does not come through.
pub async fn upgrade(catalog: &Catalog) {
    migrate_to(catalog, LANDED).await;
    let landed = fill(catalog).await;
    migrate_to(catalog, BEFORE_LINES).await;
    let waiting = super::lines::waits_before_there_were_lines(catalog, landed.contact).await;
    migrate_to(catalog, super::matters::BEFORE_ANSWERS).await;
    let matters = super::matters::fill(catalog).await;
    migrate_to(catalog, BEFORE_BATCHES).await;
    let batch = super::abstention::decided_at_once_before(catalog, &landed).await;
    migrate_to(catalog, BEFORE_PAUSES).await;
    super::channel::paused_for_one_reason_before(catalog).await;
    migrate_to(catalog, super::people::BEFORE_IDENTITIES).await;
    let known = super::people::was_known_before(catalog).await;
    migrate_to(catalog, super::owed::BEFORE_PAYEES).await;
    let approvals = super::owed::were_approved_before(catalog, landed.asked_again).await;
    migrate_to(catalog, super::fair::BEFORE_DEADLINES).await;
    super::fair::was_to_be_fetched_before(catalog).await;
    migrate_to(catalog, super::notices::BEFORE_TIERS).await;
    super::notices::were_written_to_first_before(catalog, landed.contact).await;
    migrate_to(catalog, super::arrivals::BEFORE_ARRIVALS).await;
    let lost = super::arrivals::came_before(catalog).await;
    migrate_to(catalog, super::closed::BEFORE_LATE_LINES).await;
    super::closed::came_late_before(catalog, landed.filed).await;
    migrate_to(catalog, super::merges::BEFORE_MERGES).await;
    let merged = super::merges::were_merged_before(catalog, &landed).await;
    migrate_to(catalog, super::collect::BEFORE_LEFT).await;
    let left = super::collect::was_left_before(catalog, landed.of_another).await;
    catalog.migrate().await.expect("the landed schema is brought up to date");
    catalog.migrate().await.expect("and a second time changes nothing");
    super::closed::is_late_still(catalog, landed.filed).await;
    super::found::who_was_there_is_found(catalog, landed.contact).await;
    super::arrivals::what_came_before_is_counted(catalog, lost).await;
    super::notices::count_for_their_tier(catalog).await;
    super::fair::is_fetched_in_its_place(catalog).await;
    super::owed::say_whom_they_pay(catalog, landed.asked_again, approvals).await;
    super::channel::each_direction_has_its_own_reason_now(catalog).await;
    super::abstention::what_was_decided_at_once_says_so(catalog, &landed, batch).await;
    what_was_there_is_there(catalog, &landed).await;
    the_contract_came_through(catalog).await;
    the_desk_counts_what_waited(catalog).await;
    super::access::what_was_there_is_scored(catalog, &landed).await;
    super::lines::what_waited_stands_in_its_line(catalog, landed.contact, waiting).await;
    super::matters::came_through(catalog, &matters).await;
    the_channel_came_through(catalog, &landed).await;
    super::lists::what_was_there_is_listed(catalog).await;
    super::found::what_was_there_is_found(catalog, landed.filed).await;
    super::tallies::what_was_there_is_counted(catalog).await;
    super::feed::what_was_there_was_told(catalog, landed.waiting).await;
    super::people::is_known_still(catalog, known).await;
    super::merges::are_one_look_away(catalog, &landed, merged).await;
    super::collect::is_left_to_somebody(catalog, landed.of_another, left).await;
    columns_are_the_same_on_both(catalog).await;
}

async fn migrate_to(catalog: &Catalog, version: i64) {
    let (queue, mut ours): (Migrator, Migrator) = match &catalog.pools {
        Pools::Sqlite { .. } => {
            (apalis_sqlite::SqliteStorage::<()>::migrations(), sqlx::migrate!("./migrations/sqlite"))
        }
        Pools::Postgres(_) => {
            (apalis_postgres::PostgresStorage::<()>::migrations(), sqlx::migrate!("./migrations/postgres"))
        }
    };
    ours.migrations = ours.migrations.iter().filter(|m| m.version <= version).cloned().collect();
    ours.dangerous_set_table_name("acuse_migrations");
    catalog.run(&queue).await.unwrap();
    catalog.run(&ours).await.unwrap();
}

/// One row of everything, written by the statements of then.
async fn fill(catalog: &Catalog) -> Landed {
    let mut tx = catalog.writing().await.unwrap();
    let t = micros(now()) - 3_600_000_000;
    let customer = Uuid::now_v7();
    execute!(
        tx,
        "INSERT INTO customers (id, external_id, name, name_key, created_at, updated_at) \
         VALUES ($1, 'C-1', 'Café Uno', 'cafe uno', $2, $2)",
        customer,
        t
    )
    .unwrap();
    for (kind, value) in [("phone", "573001112233"), ("tax_id", "9001234567")] {
        execute!(
            tx,
            "INSERT INTO customer_aliases (customer_id, kind, value) VALUES ($1, $2, $3)",
            customer,
            kind,
            value
        )
        .unwrap();
    }
    customers_that_share(&mut tx, t).await;
    let contact = ContactId::generate();
    execute!(
        tx,
        "INSERT INTO contacts (id, phone, name, language, customer_id, phone_number_id, last_inbound_at, created_at, \
         updated_at) VALUES ($1, '573001112233', 'Ana', 'es', $2, '1001', $3, $3, $3)",
        contact.0,
        customer,
        t
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO contact_aliases (kind, value, contact_id) VALUES ('wa_id', '573001112233', $1)",
        contact.0
    )
    .unwrap();
    let mut documents = Vec::new();
    for (status, kind, source_of_fields) in [
        ("filed", "invoice", "xml"),
        ("filed", "id", "mrz"),
        ("in_review", "receipt", "ocr"),
        ("rejected", "receipt", "ocr"),
    ] {
        let (message, document) = (Uuid::now_v7(), DocumentId::generate());
        execute!(
            tx,
            "INSERT INTO messages (id, contact_id, phone_number_id, wamid, direction, type, sent_at, received_at, raw) \
             VALUES ($1, $2, '1001', $3, 'in', 'image', $4, $4, '{}')",
            message,
            contact.0,
            format!("wamid.{document}"),
            t
        )
        .unwrap();
        let fields = format!(
            r#"{{"total":{{"value":"45.00","confidence":0.9,"page":1,"box":null,"source":"{source_of_fields}"}}}}"#
        );
        execute!(
            tx,
            "INSERT INTO documents (id, contact_id, message_id, source, phone_number_id, media_id, sent_at, received_at, \
             status, stage, kind, confidence, fields, customer_id, updated_at) \
             VALUES ($1, $2, $3, 'whatsapp', '1001', 'm', $4, $4, $5, 'done', $6, 0.9, $7, $8, $4)",
            document.0,
            contact.0,
            message,
            t,
            status,
            kind,
            fields,
            customer
        )
        .unwrap();
        documents.push(document);
    }
    let (filed, filed_id, waiting, asked_again) = (documents[0], documents[1], documents[2], documents[3]);
    let text = "UPDATE documents SET search = 'factura.pdf\nde café uno, 1.234,50', text = 'De Café Uno, 1.234,50', \
         declared_filename = 'factura.pdf', fields = $2 WHERE id = $1";
    let fields = r#"{"total":{"value":"45.00","confidence":0.9,"page":null,"box":null,"source":"xml"},
        "line_items":{"value":[{"description":"Rodamiento"}],"confidence":0.9,"page":null,"box":null,"source":"xml"}}"#;
    execute!(tx, text, filed.0, fields).unwrap();
    let of_another = fill_same_bytes_of_another(&mut tx, filed, customer, t).await;
    let (open_review, decided_review) = (ReviewId::generate(), ReviewId::generate());
    for (id, document, at, how) in
        [(open_review, waiting, None, None), (decided_review, asked_again, Some(t), Some("asked_again"))]
    {
        execute!(
            tx,
            "INSERT INTO reviews (id, document_id, stage, reasons, opened_at, resolved_at, resolved_by, resolution, note) \
             VALUES ($1, $2, 'link', '[]', $3, $4, 'eva', $5, 'a note')",
            id.0,
            document.0,
            t,
            at,
            how
        )
        .unwrap();
    }
    execute!(
        tx,
        "INSERT INTO outbox (id, document_id, contact_id, purpose, phone_number_id, body, language, state, created_at, \
         updated_at) VALUES ($1, $2, $3, 'filed', '1001', 'hecho', 'es', 'sent', $4, $4), \
         ($5, $6, $3, 'in_review', '1001', 'espere', 'es', 'failed', $4, $4), \
         ($7, $2, $3, 'duplicate', '1001', 'igual', 'es', 'queued', $4, $4)",
        Uuid::now_v7(),
        filed.0,
        contact.0,
        t,
        Uuid::now_v7(),
        waiting.0,
        Uuid::now_v7()
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO alerts (kind, detail, count, first_seen, last_seen) VALUES ('template_paused', 'x', 2, $1, $1)",
        t
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO events (at, kind, document_id, data) VALUES ($1, 'document.filed', $2, '{}')",
        t,
        filed.0
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO audit (at, actor, action, document_id) VALUES ($1, 'user:eva', 'view', $2)",
        t,
        filed_id.0
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO users (id, name, password_hash, role, created_at) VALUES ($1, 'eva', 'x', 'reviewer', $2)",
        Uuid::now_v7(),
        t
    )
    .unwrap();
    execute!(
        tx,
        "INSERT INTO api_keys (id, name, sha256, scopes, created_at) VALUES ($1, 'laptop', $2, '[\"documents:read\"]', $3)",
        Uuid::now_v7(),
        &[1_u8; 32][..],
        t
    )
    .unwrap();
    tx.commit().await.unwrap();
    Landed { contact, filed, filed_id, waiting, asked_again, of_another, open_review, decided_review }
}

/// The file of `first` once more, from somebody else: it was linked to the first, with his customer.
async fn fill_same_bytes_of_another(tx: &mut Tx, first: DocumentId, customer: Uuid, t: i64) -> DocumentId {
    let (contact, document) = (Uuid::now_v7(), DocumentId::generate());
    execute!(tx, "INSERT INTO contacts (id, created_at, updated_at) VALUES ($1, $2, $2)", contact, t)
        .unwrap();
    execute!(
        tx,
        "INSERT INTO documents (id, contact_id, source, sent_at, received_at, status, stage, customer_id, duplicate_of, \
         filed_at, updated_at) VALUES ($1, $2, 'whatsapp', $3, $3, 'filed', 'done', $4, $5, $3, $3)",
        document.0,
        contact,
        t,
        customer,
        first.0
    )
    .unwrap();
    execute!(
        tx,
        "UPDATE documents SET original_key = $4, original_sha256 = $3, original_bytes = 1 WHERE id IN ($1, $2)",
        first.0,
        document.0,
        &[7_u8; 32][..],
        format!("incoming/{first}")
    )
    .unwrap();
    document
}

async fn what_was_there_is_there(catalog: &Catalog, landed: &Landed) {
    for id in [landed.filed, landed.filed_id, landed.waiting, landed.asked_again] {
        assert!(catalog.document(id).await.unwrap().is_some(), "{id} came through");
    }
    assert_eq!(
        catalog.document(landed.filed).await.unwrap().unwrap().contact_id,
        Some(landed.contact),
        "and is still its sender's"
    );
    let kept = catalog.review(landed.decided_review).await.unwrap().unwrap();
    assert_eq!((kept.resolution, kept.note.as_deref()), (Some(Resolution::AskedAgain), Some("a note")));
    assert_eq!(catalog.open_review_of(landed.waiting).await.unwrap().map(|r| r.id), Some(landed.open_review));
    assert!(catalog.ledger(None, None).await.unwrap().balanced);
    let mut tx = catalog.reading().await.unwrap();
    let (waits,) =
        one!(tx, (i64,), "SELECT COUNT(*) FROM documents WHERE status = 'in_review' AND waits_for IS NULL")
            .unwrap();
    assert_eq!(waits, 0, "what is in review waits for somebody");
}

/// A customer with a tax id that is another's too, and with a phone in both its forms.
async fn customers_that_share(tx: &mut Tx, t: i64) {
    let id = Uuid::now_v7();
    execute!(
        tx,
        "INSERT INTO customers (id, external_id, name, name_key, created_at, updated_at) \
         VALUES ($1, 'C-2', 'Café Dos', 'cafe dos', $2, $2)",
        id,
        t
    )
    .unwrap();
    for (kind, value) in [
        ("phone", "5215512345678"),
        ("phone", "525512345678"),
        ("phone", "551187654321"),
        ("tax_id", "9001234567"),
        ("email", "a@example.com"),
    ] {
        execute!(
            tx,
            "INSERT INTO customer_aliases (customer_id, kind, value) VALUES ($1, $2, $3)",
            id,
            kind,
            value
        )
        .unwrap();
    }
}

/// A name that two shared is in dispute, and settled when one gives it up; phones have one form; old cursors hold.
async fn the_contract_came_through(catalog: &Catalog) {
    let conflicts = catalog.alias_conflicts(None, 100).await.unwrap().data;
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    assert_eq!((conflicts[0].kind, conflicts[0].customers.len()), (CustomerAlias::TaxId, 2));
    let by_tax = CustomerLookup { tax_ids: vec!["900123456-7".into()], ..CustomerLookup::default() };
    assert_eq!(catalog.customers_known_by(&by_tax).await.unwrap(), [], "it recognises nobody");
    let by_phone = CustomerLookup {
        phones: vec!["+52 1 55 1234 5678".into(), "5511987654321".into()],
        ..CustomerLookup::default()
    };
    let known = catalog.customers_known_by(&by_phone).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].0.name, "Café Dos");
    let none = CustomerPatch { tax_ids: Some(Vec::new()), ..CustomerPatch::default() };
    catalog.patch_customer((known[0].0.id, None), none, &Saving::adding("eva")).await.unwrap();
    assert_eq!(catalog.alias_conflicts(None, 100).await.unwrap().data, []);
    let settled = catalog.customers_known_by(&by_tax).await.unwrap();
    assert_eq!(settled.len(), 1, "the other has it alone now");
    assert_eq!(settled[0].0.name, "Café Uno");
    let mut tx = catalog.reading().await.unwrap();
    let (of, seq) = one!(tx, (i64, i64), "SELECT tx, seq FROM events ORDER BY seq LIMIT 1").unwrap();
    drop(tx);
    let follow = async |cursor: String| {
        catalog.follow(Some(cursor.parse().unwrap()), &EventFilter::default(), 10).await.unwrap()
    };
    assert!(matches!(follow(format!("{of}.{seq}")).await, Followed::Page { .. }), "a cursor of before");
    assert_eq!(follow(format!("{of}.{}", seq + 1)).await, Followed::Foreign, "what came later has a name");
}

async fn the_desk_counts_what_waited(catalog: &Catalog) {
    let mut tx = catalog.reading().await.unwrap();
    let (missing,) = one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM reviews r WHERE r.resolved_at IS NULL AND r.reasons <> '[]' \
         AND NOT EXISTS (SELECT 1 FROM review_reasons x WHERE x.review_id = r.id)"
    )
    .unwrap();
    assert_eq!(missing, 0, "every open review is counted by its reasons");
    let (otherwise,) =
        one!(tx, (i64,), "SELECT COUNT(*) FROM reviews WHERE due_at <> opened_at + 86400000000").unwrap();
    assert_eq!(otherwise, 0, "what waited is due within the day that was promised");
    super::lists::the_queue_knows_its_places(&mut tx).await;
    drop(tx);
    let (eva, _) = catalog.user_by_name("eva").await.unwrap().expect("she came through");
    assert_eq!((eva.role, eva.sees_ids, eva.disabled_at), (Role::Reviewer, true, None));
    assert_eq!(
        catalog.waiting(&Access::whole()).await.unwrap().documents,
        catalog.ledger(None, None).await.unwrap().in_review
    );
}

/// Windows, numbers, what was asked for, the same bytes of two senders, and what was never sent.
async fn the_channel_came_through(catalog: &Catalog, landed: &Landed) {
    let inbound = catalog.last_inbound(landed.contact, "1001").await.unwrap();
    assert!(inbound.is_some(), "the window counts from the messages that came");
    assert_eq!(catalog.numbers().await.unwrap().len(), 1);
    let asked = catalog.document(landed.asked_again).await.unwrap().unwrap();
    assert_eq!((asked.status, asked.waits_for), (Status::InReview, Some(WaitsFor::Sender)));
    assert!(catalog.open_review_of(landed.asked_again).await.unwrap().is_some());
    let cases = super::cases::cases_of(catalog, landed.contact).await;
    let asks: Vec<_> = cases.iter().map(|case| (case.1.as_str(), case.2.as_str())).collect();
    assert_eq!(asks, [("ask", "waiting")], "who is awaited has a case");
    let other = catalog.document(landed.of_another).await.unwrap().unwrap();
    assert_eq!((other.status, other.waits_for), (Status::InReview, Some(WaitsFor::Reviewer)));
    assert_eq!(
        (other.duplicate_of, other.customer_id),
        (None, None),
        "not the first sender's, nor his customer's"
    );
    let review = catalog.open_review_of(landed.of_another).await.unwrap().unwrap();
    assert_eq!(review.reasons[0].code, ReasonCode::PossibleDuplicate);
    assert!(format!("{:?}", review.reasons).contains(&landed.filed.to_string()), "{:?}", review.reasons);
    let incidents = catalog.incidents(None, None, 100).await.unwrap();
    let unsent: Vec<_> = incidents.iter().filter(|i| i.kind == "messages_left_unsent").collect();
    assert_eq!((unsent.len(), unsent[0].messages.len()), (1, 2), "one incident lists what was never sent");
    assert!(incidents.iter().any(|i| i.kind == "template_paused" && i.count == 2), "alerts are incidents");
    let lease = std::time::Duration::from_secs(60);
    assert_eq!(
        super::road::next_of(catalog, landed.contact, lease).await,
        NextReply::Empty,
        "nothing old is sent"
    );
    let ledger = catalog.message_ledger(now()).await.unwrap();
    assert_eq!((ledger.queued, ledger.balanced), (0, true), "{ledger:?}");
}

/// The columns of every table of ours, written down once for both databases: the two folders cannot drift apart.
async fn columns_are_the_same_on_both(catalog: &Catalog) {
    let mut tx = catalog.reading().await.unwrap();
    let sql = tx.pick(
        "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '%\\_fts%' ESCAPE '\\' ORDER BY 1, 2",
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%\\_fts%' \
         ORDER BY 1, 2",
    );
    let rows = all!(tx, (String, String), sql).unwrap();
    let have: std::collections::BTreeSet<String> = rows
        .into_iter()
        .filter(|(table, _)| !NOT_OURS.contains(&table.as_str()))
        .map(|(table, column)| format!("{table}.{column}"))
        .collect();
    let want: std::collections::BTreeSet<String> =
        include_str!("columns.txt").lines().map(str::to_owned).collect();
    let differ: Vec<_> = have.symmetric_difference(&want).collect();
    assert!(differ.is_empty(), "columns.txt and {} differ in {differ:?}", catalog.database());
}

/// Tables of the queue and of the two migrators.
const NOT_OURS: &[&str] = &["Jobs", "Workers", "jobs", "workers", "_sqlx_migrations", "acuse_migrations"];
