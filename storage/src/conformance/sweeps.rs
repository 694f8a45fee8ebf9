//! Promises of what runs by the clock: nothing of it walks a table that grows, and least of all in SQLite's only writer. There
//! nobody tells the planner how much there is of anything, so a catalog that knows nothing is asked; what each call does,
//! writing too, is listened to. The verification of the counts alone walks on purpose, once an hour.

use acuse_conversation::Policies;
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use super::{
    door::{Sample, received},
    erasure::wish,
    outgoing,
    plans::{LOOKS_UP, listened, plan},
};
use crate::{
    Catalog, CustomerId, Objects,
    access::SENSITIVITY,
    cases::UNBILLED,
    erasure::{Finishing, Retention},
    key_file::ErasedKind,
    names::now,
    numbers::{About, Direction},
    object_sweep::{Direction as Compared, Pace},
    objects::{Credentials, S3Config},
    queue::Queue,
    webhooks::Filter,
};

/// Tables with a row, or more, for each document, message, person or decision.
const GROWING: &[&str] = &[
    "Jobs",
    "approvals",
    "attachments",
    "audit",
    "audit_details",
    "case_documents",
    "case_messages",
    "cases",
    "choices",
    "consents",
    "contact_aliases",
    "contacts",
    "customer_aliases",
    "customers",
    "deliveries",
    "document_versions",
    "documents",
    "erasures",
    "events",
    "idempotency_keys",
    "incident_deliveries",
    "incident_messages",
    "incidents",
    "message_statuses",
    "messages",
    "notices",
    "obligations",
    "outbox",
    "page_words",
    "reply_lines",
    "review_reasons",
    "reviews",
    "timeline",
    "vendor_papers",
    "vendor_signs",
    "webhook_deliveries",
    "windows",
];

/// Whether a line of a statement's plan goes through rows of a table that grows. What it finds by an id are few, unless it is
/// an endpoint's, which may be that of everything.
fn walks(line: &str, text: &str) -> bool {
    let of = line.strip_prefix("SCAN ").or_else(|| line.strip_prefix("SEARCH "));
    let Some(alias) = of.and_then(|of| of.split(' ').next()) else { return false };
    let is_of = |table: &&str| {
        alias == *table
            || [" ", " AS "].iter().any(|between| text.contains(&format!(" {table}{between}{alias}")))
    };
    let is_end = line.starts_with("SEARCH ") && !line.contains(" USING ");
    let is_by_id = line.replace("endpoint_id=?", "").contains("id=?");
    !is_end && !is_by_id && GROWING.iter().any(is_of)
}

/// What a call asks goes by ids, and by what is named in `only`, as SQLite says it.
async fn goes_only(catalog: &Catalog, only: &[&str], what: &str, call: impl Future<Output = ()>) {
    let heard = listened(call).await;
    let asks = ["SELECT", "WITH", "UPDATE", "DELETE"];
    for text in heard.iter().filter(|text| asks.iter().any(|word| text.starts_with(word))) {
        let plan = plan(catalog, LOOKS_UP, text).await;
        let walk =
            plan.lines().find(|line| walks(line, text) && only.iter().all(|named| !line.contains(named)));
        assert!(walk.is_none(), "{what} walks a table ({walk:?}):\n{text}\n{plan}");
    }
    assert!(!heard.is_empty(), "{what} asks nothing");
}

macro_rules! only {
    ($catalog:ident, [$($named:literal),* $(,)?], $call:expr) => {
        goes_only($catalog, &[$($named),*], stringify!($call), async { $call.await.map(drop).unwrap() }).await;
    };
}

/// All that the schedules and the watch ask of the catalog.
pub(super) async fn what_runs_by_the_clock_walks_no_table(catalog: &Catalog) {
    // PostgreSQL counts what its tables hold.
    if catalog.database() != "sqlite" {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fresh = Catalog::open_sqlite(&folder.path().join("acuse.db")).await.unwrap();
    let fresh = &fresh.with_policies(Some(Policies::ours().unwrap()));
    stores(fresh).await;
    received(fresh, &Sample::new()).await;
    sweep(fresh).await;
    owing(fresh).await;
    before(fresh).await;
    pruning(fresh).await;
    watch(fresh).await;
    telling(fresh).await;
    erasing(fresh).await;
}

/// What goes to the store too: nothing is to be done there yet.
async fn stores(catalog: &Catalog) {
    let nowhere = S3Config {
        endpoint: Some("http://127.0.0.1:9".to_owned()),
        bucket: "none".to_owned(),
        region: "us-east-1".to_owned(),
        credentials: Credentials::new("nobody", "nothing"),
    };
    let objects = &Objects::connect(&nowhere);
    let pace = Pace { age: Duration::DAY, rest: Duration::HOUR, page: 500, present: now() };
    only!(catalog, ["erasures_open"], catalog.finish_erasures(objects, Finishing::Whole));
    only!(
        catalog,
        ["sqlite_autoindex_documents_1 (id>?", "incidents_live"],
        catalog.compare_objects(objects, Compared::Rows, pace)
    );
}

async fn sweep(catalog: &Catalog) {
    only!(catalog, [], catalog.forget_passwords(now()));
    // Of what waits for a person.
    only!(catalog, ["documents_status (status=?"], catalog.end_unanswered());
    only!(
        catalog,
        [
            "documents_moving (stage=?",
            "SCAN o USING INDEX outbox_contact",
            "cases_due (",
            "cases_answer_by",
            "cases_collecting",
            "obligations_state (state=?",
            // Those that are asked still.
            "approvals_state (state=?)",
            "incidents_live",
        ],
        catalog.sweep_older_than(Duration::ZERO)
    );
    only!(catalog, ["incidents_live"], catalog.watch_arrivals());
    only!(catalog, ["documents_backlog (stage=?"], catalog.media_expiring(now()));
    only!(catalog, ["outbox_sent (sent_at<?)"], catalog.tell_unconfirmed(now()));
    only!(
        catalog,
        ["SCAN o USING INDEX outbox_contact", "outbox_sent (sent_at>?)", "incidents_waiting"],
        catalog.message_ledger(now())
    );
    only!(catalog, ["documents_backlog (stage=?", "incidents_live"], catalog.tell_of_waiting(Duration::ZERO));
    only!(catalog, ["audit_unsealed"], catalog.seal_audit(now()));
}

/// Of who owes something it is asked, each minute, whom of theirs may be reminded of it.
async fn owing(catalog: &Catalog) {
    let customer = CustomerId::generate();
    let mut tx = catalog.writing().await.unwrap();
    let sql =
        "INSERT INTO customers (id, name, name_key, created_at, updated_at) VALUES ($1, 'Ana', 'ana', 0, 0)";
    execute!(tx, sql, customer.0).unwrap();
    let sql = "INSERT INTO obligations (id, customer_id, number, amount, currency, due, state, created_at, updated_at) \
         VALUES ($1, $1, 'F-1', '5', 'EUR', '2020-01-01', 'open', 0, 0)";
    execute!(tx, sql, customer.0).unwrap();
    tx.commit().await.unwrap();
    only!(
        catalog,
        ["cases_collecting", "cases_collections (subject=?", "obligations_state (state=?", "incidents_live"],
        catalog.look_for_unbilled()
    );
    assert_eq!(catalog.resolve_incidents(UNBILLED, Some(&customer.to_string())).await.unwrap(), 1);
}

/// What goes on with what was there before: from where it ended last.
async fn before(catalog: &Catalog) {
    let mut tx = catalog.writing().await.unwrap();
    let sql = "INSERT INTO backfills (name, upto_id, total) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING";
    execute!(tx, sql, SENSITIVITY, Uuid::max()).unwrap();
    tx.commit().await.unwrap();
    only!(catalog, ["documents_1 (id>? AND id<?)"], catalog.score_what_was_there(100));
    only!(catalog, [], catalog.keep_words_of_what_was_there(100));
    only!(catalog, [], catalog.keep_words_of_lines(100));
    only!(catalog, [], catalog.settle_entities_of_what_was_there(100));
    only!(catalog, [], catalog.learn_of_what_was_there(100));
    only!(catalog, [], catalog.keep_words_of_who_was_there(100));
}

async fn pruning(catalog: &Catalog) {
    only!(
        catalog,
        ["idx_jobs_completed_done_at (status=?"],
        catalog.vacuum_tasks(std::time::Duration::from_secs(3_600))
    );
    only!(catalog, ["webhook_deliveries_old"], catalog.prune_webhook_log(Duration::DAY, 500));
    only!(
        catalog,
        [
            "outbox_created (created_at<?)",
            "message_statuses_at",
            "messages_kept",
            "deliveries_received",
            "attachments_created",
            "documents_part_of (part_of=?)",
            "incidents_live",
            "contacts_merged (merged_into=?)",
            "customers_merged (merged_into=?)",
        ],
        catalog.prune_channel(Duration::DAY, 500)
    );
    only!(catalog, ["idempotency_keys_created"], catalog.prune_idempotency_keys(500));
}

async fn watch(catalog: &Catalog) {
    only!(catalog, ["idx_jobs_status_run_at (status=?"], catalog.lanes());
    only!(
        catalog,
        ["idx_jobs_completed_done_at (status=? AND done_at>?)"],
        catalog.lane_moved_since(Queue::Read, now())
    );
    only!(catalog, [], catalog.worker_seen_at());
    only!(catalog, ["outbox_open (created_at<?)"], catalog.messages_held_since(now()));
    only!(catalog, [], catalog.paces());
    only!(catalog, ["incidents_live"], catalog.incidents_by_kind());
    only!(catalog, ["incidents_live"], catalog.end_webhook_failing());
    only!(catalog, ["incidents_live"], catalog.end_over_quota());
    only!(catalog, ["incidents_live"], catalog.resolve_incidents("webhooks_silent", Some("1")));
    only!(catalog, [], catalog.take_channel_check());
    only!(catalog, [], catalog.take_template_syncs());
    only!(catalog, [], catalog.our_templates());
    only!(catalog, [], catalog.parts_away());
    for direction in [Direction::Fetch, Direction::Send] {
        catalog.pause(About::TokenOf("106540352242922"), direction, "190", now()).await.unwrap();
    }
    only!(
        catalog,
        // Seldom: of a pause that stands, at growing gaps, and by nobody who writes.
        ["documents_backlog (stage=?", "SCAN o USING INDEX outbox_contact", "SCAN windows"],
        catalog.idle_pauses(now() + Duration::minutes(5))
    );
    only!(
        catalog,
        ["documents_backlog (stage=?", "SCAN o USING INDEX outbox_contact"],
        catalog.numbers_waiting()
    );
}

/// What is told to webhooks, and of incidents to their routes.
async fn telling(catalog: &Catalog) {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let endpoint = outgoing::endpoint(catalog, secret, Filter::default()).await;
    received(catalog, &Sample::new()).await;
    only!(catalog, ["INTEGER PRIMARY KEY (rowid>"], catalog.queue_webhooks(endpoint));
    only!(catalog, ["webhook_deliveries_about (endpoint_id=?)"], catalog.due_webhooks(endpoint, 1));
    only!(catalog, ["incidents_live"], catalog.webhook_unsigned_since(endpoint));
    let route = catalog.add_incident_route(&outgoing::route("sweeps", Vec::new())).await.unwrap().unwrap();
    catalog.open_incident("disk_low", "", &json!({})).await.unwrap();
    only!(
        catalog,
        // Those that a person has, and those that nobody has: none that is over.
        [
            "incidents_ended (resolved_at>?)",
            "SCAN i USING INDEX incidents_waiting",
            "incidents_state (state=?"
        ],
        catalog.queue_incident_news()
    );
    only!(catalog, [], catalog.incident_news(route));
    only!(catalog, [], catalog.incident_messages_since(route, now()));
}

/// Retention, of a document, and what is asked for ever after of people who are erased.
async fn erasing(catalog: &Catalog) {
    let id = received(catalog, &Sample::new()).await;
    let contact = catalog.document(id).await.unwrap().unwrap().contact_id.unwrap();
    let rules: Retention = "id.filed=1,*.rejected=10".parse().unwrap();
    only!(
        catalog,
        [
            "documents_whole (received_at<?)",
            "documents_part_of (part_of=?)",
            "documents_copies (duplicate_of=?)",
            "webhook_deliveries_of (about=?)",
            "contacts_merged (merged_into=?)",
            "customers_merged (merged_into=?)",
        ],
        catalog.due(&rules, now(), 50)
    );
    let erased = [
        "documents_part_of (part_of=?)",
        "contacts_merged (merged_into=?)",
        "customers_merged (merged_into=?)",
        "outbox_key (<expr>=?",
        "cases_approval_of (<expr>=?",
        "incidents_about (subject=?)",
        "incidents_live",
        "webhook_deliveries_of (about=?)",
        "erasures_subject (subject=?",
        "audit_unsealed",
        // Of a person who asked for it: they are looked for by name in all that was written down of anybody.
        "SCAN audit_details",
        "SCAN choices",
        // And by their number and their id in what names them and is nobody's, a page at a time.
        "sqlite_autoindex_deliveries_1 (id>?",
        "events USING INTEGER PRIMARY KEY (rowid>?",
    ];
    for (kind, id) in [(ErasedKind::Document, id.0), (ErasedKind::Contact, contact.0)] {
        let wished = wish(kind, id);
        let erase = async { catalog.erase(&wished).await.map(drop).unwrap() };
        goes_only(catalog, &erased, &format!("erasing a {kind}"), erase).await;
    }
    only!(catalog, ["erasures_people", "contacts_merged (merged_into=?)"], catalog.forget_message_ids(now()));
}
