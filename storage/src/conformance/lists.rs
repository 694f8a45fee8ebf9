//! Promises of lists: each filter and each order gives what it says, page by page, and goes by an index.

use acuse_pipeline::document::{Kind, Status};
use time::{Date, Duration, Month, OffsetDateTime};
use uuid::Uuid;

use crate::{
    Access, Catalog, DocumentFilter, DocumentId,
    documents::Sort,
    names::{ContactId, CustomerId, Source, micros, now},
    reviews::waiting,
    sql::Tx,
};

/// One row of the table, as it is put there.
#[derive(Debug, Clone)]
struct Put {
    id: Uuid,
    n: i64,
    status: Status,
    kind: Kind,
    customer: Option<Uuid>,
    contact: Option<Uuid>,
    source: Source,
    part_of: Option<Uuid>,
    duplicate_of: Option<Uuid>,
    received: i64,
    updated: i64,
    date: Option<String>,
    issuer: String,
    tax_id: String,
    number: String,
    amount: Option<i64>,
    currency: &'static str,
    is_open: bool,
}

const ROWS: i64 = 1_200;
const SECOND: i64 = 1_000_000;

fn rows(start: OffsetDateTime, customer: Uuid, contact: Uuid) -> Vec<Put> {
    let ids: Vec<Uuid> = (0..ROWS).map(|_| Uuid::now_v7()).collect();
    let every = |n: i64, of: i64, rest: i64| n % of == rest;
    let row = |(n, id): (i64, Uuid)| {
        let date = start.date() - Duration::days(n % 365);
        let duplicate = every(n, 45, 7);
        Put {
            id,
            n,
            status: if every(n, 40, 3) && !duplicate { Status::Rejected } else { Status::Filed },
            kind: if every(n, 50, 1) { Kind::Id } else { Kind::Invoice },
            customer: every(n, 60, 2).then_some(customer),
            contact: every(n, 70, 5).then_some(contact),
            source: if every(n, 80, 9) { Source::Import } else { Source::Api },
            part_of: (n == 21 || n == 22).then_some(ids[20]),
            duplicate_of: duplicate.then_some(ids[1]),
            // Two come at the same moment, and what changed last came first.
            received: micros(start) + n / 2 * SECOND,
            updated: micros(start) + (ROWS - n) * SECOND,
            date: (!every(n, 10, 0))
                .then(|| format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())),
            issuer: format!("firma {} sl", n % 100),
            tax_id: format!("b{}", n % 100),
            number: format!("f{n}"),
            amount: (!every(n, 11, 0)).then_some((n - 600) * 10_000),
            currency: if every(n, 30, 4) { "usd" } else { "eur" },
            is_open: every(n, 2, 0),
        }
    };
    (0..ROWS).zip(ids.iter().copied()).map(row).collect()
}

async fn fill(catalog: &Catalog, start: OffsetDateTime) -> (Vec<Put>, Uuid, Uuid) {
    let (customer, contact) = (Uuid::now_v7(), Uuid::now_v7());
    let mut tx = catalog.writing().await.unwrap();
    let text =
        "INSERT INTO customers (id, name, name_key, created_at, updated_at) VALUES ($1, 'C', 'c', 1, 1)";
    execute!(tx, text, customer).unwrap();
    let text = "INSERT INTO contacts (id, name, created_at, updated_at) VALUES ($1, 'C', 1, 1)";
    execute!(tx, text, contact).unwrap();
    let all = rows(start, customer, contact);
    for row in &all {
        execute!(
            tx,
            "INSERT INTO documents (id, source, sent_at, received_at, status, stage, kind, customer_id, contact_id, \
             part_of, duplicate_of, updated_at, doc_date, issuer, issuer_tax_id, number, amount, currency, sensitivity, \
             part) VALUES ($1, $2, $3, $3, $4, 'done', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
            row.id,
            row.source.as_str(),
            row.received,
            row.status.as_str(),
            row.kind.as_str(),
            row.customer,
            row.contact,
            row.part_of,
            row.duplicate_of,
            row.updated,
            row.date.as_deref(),
            row.issuer.as_str(),
            row.tax_id.as_str(),
            row.number.as_str(),
            row.amount,
            row.currency,
            if row.is_open { "open" } else { "unknown" },
            row.part_of.map(|_| r#"{"first_page":1,"last_page":1}"#)
        )
        .unwrap();
    }
    // As PostgreSQL does by itself, and SQLite never.
    if catalog.database() == "postgres" {
        execute!(tx, "ANALYZE").unwrap();
    }
    tx.commit().await.unwrap();
    (all, customer, contact)
}

/// A filter, the rows that it is for, the index it goes by, and whether it asks what documents say.
struct Case {
    filter: DocumentFilter,
    holds: Box<dyn Fn(&Put) -> bool + Send + Sync>,
    index: &'static str,
    tells: bool,
}

fn case(
    index: &'static str,
    tells: bool,
    holds: impl Fn(&Put) -> bool + Send + Sync + 'static,
    filter: DocumentFilter,
) -> Case {
    let filter = DocumentFilter { access: Access::whole(), ..filter };
    Case { filter, holds: Box::new(holds), index, tells }
}

fn of_rows(start: OffsetDateTime, all: &[Put], customer: Uuid, contact: Uuid) -> Vec<Case> {
    let none = DocumentFilter::default;
    let (first, at) = (all[20].id, move |n: i64| start + Duration::seconds(n));
    let micros_at = move |n| micros(at(n));
    vec![
        case("documents_received", false, |_| true, none()),
        case(
            "documents_status",
            false,
            |r| r.status == Status::Rejected,
            DocumentFilter { status: Some(Status::Rejected), ..none() },
        ),
        case(
            "documents_duplicates",
            false,
            |r| r.duplicate_of.is_some(),
            DocumentFilter { duplicates: true, ..none() },
        ),
        case(
            "documents_kind",
            false,
            |r| r.kind == Kind::Id,
            DocumentFilter { kind: Some(Kind::Id), ..none() },
        ),
        case(
            "documents_customer",
            false,
            |r| r.customer.is_some(),
            DocumentFilter { customer_id: Some(CustomerId(customer)), ..none() },
        ),
        case(
            "documents_contact",
            false,
            |r| r.contact.is_some(),
            DocumentFilter { contact_id: Some(ContactId(contact)), ..none() },
        ),
        case(
            "documents_source",
            false,
            |r| r.source == Source::Import,
            DocumentFilter { source: Some(Source::Import), ..none() },
        ),
        case(
            "documents_part_of",
            false,
            move |r| r.id == first || r.part_of == Some(first),
            DocumentFilter { part_of: Some(DocumentId(first)), ..none() },
        ),
        case(
            "documents_received",
            false,
            move |r| (micros_at(100)..micros_at(110)).contains(&r.received),
            DocumentFilter { from: Some(at(100)), to: Some(at(110)), ..none() },
        ),
        case(
            "documents_updated",
            false,
            move |r| (micros_at(100)..micros_at(110)).contains(&r.updated),
            DocumentFilter {
                updated_from: Some(at(100)),
                updated_to: Some(at(110)),
                sort: Sort::UpdatedDesc,
                ..none()
            },
        ),
    ]
}

fn of_words() -> Vec<Case> {
    let none = DocumentFilter::default;
    let day = |day| Date::from_calendar_date(2026, Month::March, day).unwrap();
    let said = |text: &str| Some(text.to_owned());
    let amount = |text: &str| Some(text.parse().unwrap());
    vec![
        case(
            "documents_date",
            true,
            |r| r.date.as_deref().is_some_and(|d| ("20260303".."20260306").contains(&d)),
            DocumentFilter {
                date_from: Some(day(3)),
                date_to: Some(day(6)),
                sort: Sort::DocumentDateDesc,
                ..none()
            },
        ),
        case(
            "documents_date",
            true,
            |r| r.date.as_deref().is_some_and(|d| d < "20260102"),
            DocumentFilter { date_to: Some(day(1) - Duration::days(58)), sort: Sort::DocumentDate, ..none() },
        ),
        case(
            "documents_amount",
            true,
            |r| r.amount.is_some_and(|a| (-55_000..=120_000).contains(&a)),
            DocumentFilter {
                amount_from: amount("-5.50"),
                amount_to: amount("12"),
                sort: Sort::Amount,
                ..none()
            },
        ),
        case(
            "documents_issuer",
            true,
            |r| r.issuer.starts_with("firma 77"),
            DocumentFilter { issuer: said("FIRMA-77"), ..none() },
        ),
        case(
            "documents_issuer",
            true,
            |r| r.issuer.starts_with("firma 7"),
            DocumentFilter { issuer: said("Firma 7"), ..none() },
        ),
        case(
            "documents_tax_id",
            true,
            |r| r.tax_id == "b42",
            DocumentFilter { tax_id: said("B-42"), ..none() },
        ),
        case(
            "documents_number",
            true,
            |r| r.number == "f900",
            DocumentFilter { number: said("F 900"), ..none() },
        ),
        case(
            "documents_currency",
            true,
            |r| r.currency == "usd",
            DocumentFilter { currency: said("USD"), ..none() },
        ),
    ]
}

/// Every page of a list.
async fn listed(catalog: &Catalog, filter: &DocumentFilter) -> Vec<Uuid> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = catalog.documents(filter, after.as_ref(), 97).await.unwrap();
        all.extend(page.data.iter().map(|d| d.id.0));
        match page.next {
            Some(next) => after = Some(next.to_string().parse().expect("a cursor comes back")),
            None => return all,
        }
    }
}

fn expected(all: &[Put], sort: Sort, holds: impl Fn(&Put) -> bool) -> Vec<Uuid> {
    let mut found: Vec<&Put> = all.iter().filter(|row| holds(row)).collect();
    found.sort_by_key(|row| {
        let (number, text) = match sort {
            Sort::Received | Sort::ReceivedDesc => (row.received, ""),
            Sort::Updated | Sort::UpdatedDesc => (row.updated, ""),
            Sort::DocumentDate | Sort::DocumentDateDesc => (0, row.date.as_deref().unwrap_or_default()),
            Sort::Amount | Sort::AmountDesc => (row.amount.unwrap_or(i64::MIN), ""),
        };
        (number, text, row.n)
    });
    if sort.as_str().starts_with('-') {
        found.reverse();
    }
    found.into_iter().map(|row| row.id).collect()
}

/// Runs every promise of lists on a database of their own, which must be empty.
///
/// # Panics
/// When a promise is broken.
pub async fn lists(catalog: &Catalog) {
    let start = Date::from_calendar_date(2026, Month::June, 1).unwrap().midnight().assume_utc();
    let (all, customer, contact) = fill(catalog, start).await;
    let mut cases = of_rows(start, &all, customer, contact);
    cases.extend(of_words());
    for case in &cases {
        let found = listed(catalog, &case.filter).await;
        assert!(!found.is_empty(), "{:?}", case.filter);
        assert_eq!(found, expected(&all, case.filter.sort, &case.holds), "{:?}", case.filter);
        goes_by_an_index(catalog, case).await;
        // Who may not see IDs is told the same of rows, and of words only those that are open.
        let some = DocumentFilter { access: Access::new(false), ..case.filter.clone() };
        let holds = |row: &Put| (case.holds)(row) && (!case.tells || row.is_open);
        assert_eq!(listed(catalog, &some).await, expected(&all, some.sort, holds), "{some:?}");
    }
    for sort in Sort::ALL {
        let filter = DocumentFilter { sort: *sort, access: Access::whole(), ..DocumentFilter::default() };
        assert_eq!(listed(catalog, &filter).await, expected(&all, *sort, |_| true), "{sort}");
        let plan = catalog.explained(&filter).await.unwrap();
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{sort} has no index: {plan}");
    }
    // What the only one issued whose name begins so is not gathered to be sorted.
    let issuer = Some("firma 77".to_owned());
    let theirs = DocumentFilter { issuer, access: Access::whole(), ..DocumentFilter::default() };
    let plan = catalog.explained(&theirs).await.unwrap();
    assert!(catalog.database() != "sqlite" || !plan.contains("TEMP B-TREE"), "{plan}");
    // In the heap: together with all before them they are more than a thread's stack.
    Box::pin(super::plans::no_list_scans(catalog)).await;
    Box::pin(super::sweeps::what_runs_by_the_clock_walks_no_table(catalog)).await;
}

async fn goes_by_an_index(catalog: &Catalog, case: &Case) {
    let plan = catalog.explained(&case.filter).await.unwrap();
    // Copies are few: a small table may be asked by their own index.
    let copies = case.filter.duplicates && plan.contains("documents_copies");
    let goes = plan.contains(case.index) || copies;
    assert!(goes, "{:?} does not go by {}: {plan}", case.filter, case.index);
    assert!(!plan.contains("Seq Scan") && !plan.lines().any(|line| line == "SCAN d"), "{plan}");
}

/// What lists look at is filled for every document that was there.
pub(super) async fn what_was_there_is_listed(catalog: &Catalog) {
    let mut tx = catalog.reading().await.unwrap();
    let text = "SELECT COUNT(*), COUNT(amount) FROM documents WHERE fields LIKE '%\"45.00\"%'";
    let (all, filled) = one!(tx, (i64, i64), text).unwrap();
    assert!(all > 0 && filled == all, "{filled} of {all}");
}

/// What of reviews and their documents stands beside, for the queue's filters and counts, is as they are, whatever became of
/// them; where a count is not, somebody hears, and it is right again.
pub(super) async fn the_queue_stands_in_its_places(catalog: &Catalog) {
    the_queue_knows_its_places(&mut catalog.reading().await.unwrap()).await;
    let all = Access::whole();
    let counts = async || (catalog.waiting(&all).await.unwrap(), catalog.count_reasons(&all).await.unwrap());
    let before = counts().await;
    catalog.add_up_waiting().await.unwrap();
    assert_eq!(counts().await, before, "whoever counted");
    let mut tx = catalog.writing().await.unwrap();
    let text = "UPDATE waiting_tallies SET count = count + 2 WHERE lane = 0 AND value IN ('open', 'unknown_customer')";
    assert_eq!(execute!(tx, text).unwrap(), 2);
    tx.commit().await.unwrap();
    assert_ne!(counts().await, before, "they can come out false");
    let parted = catalog.verify_tallies(Duration::ZERO).await.unwrap();
    let told = parted.iter().filter(|wrong| wrong.place.starts_with("waiting: "));
    let told: Vec<_> = told.map(|wrong| (wrong.place.as_str(), wrong.missing)).collect();
    assert_eq!(told, [("waiting: unknown_customer", -2), ("waiting: open", -2)]);
    assert_eq!(counts().await, before, "and are right again");
    assert!(catalog.resolve_incidents("counts_parted", None).await.unwrap() >= 1);
    the_ages_are_of_all_that_waits(catalog).await;
}

/// How old what waits is: each counted by its age, and those of over a week by what is left.
async fn the_ages_are_of_all_that_waits(catalog: &Catalog) {
    let ages = async || {
        let present = now();
        let seen = catalog.throughput(&Access::whole(), present - Duration::DAY, present).await.unwrap();
        seen.waiting
    };
    let mut tx = catalog.reading().await.unwrap();
    let text = "SELECT id, opened_at FROM reviews WHERE resolved_at IS NULL ORDER BY opened_at DESC LIMIT 1";
    let (id, opened) = one!(tx, (Uuid, i64), text).unwrap();
    let (open,) = one!(tx, (i64,), "SELECT COUNT(*) FROM reviews WHERE resolved_at IS NULL").unwrap();
    drop(tx);
    let before = ages().await;
    assert_eq!(before.iter().sum::<u64>(), u64::try_from(open).unwrap());
    let opens = async |at: i64| {
        let mut tx = catalog.writing().await.unwrap();
        execute!(tx, "UPDATE reviews SET opened_at = $2 WHERE id = $1", id, at).unwrap();
        tx.commit().await.unwrap();
    };
    opens(opened - 9 * crate::tallies::DAY).await;
    let [.., older] = ages().await;
    assert_eq!(older, before[before.len() - 1] + 1, "it waits for over a week");
    opens(opened).await;
}

pub(super) async fn the_queue_knows_its_places(tx: &mut Tx) {
    let count = "SELECT COUNT(*) FROM review_reasons x JOIN reviews r ON r.id = x.review_id \
         WHERE x.due_at <> r.due_at OR x.opened_at <> r.opened_at OR x.is_open <> (r.resolved_at IS NULL)";
    let (reasons,) = one!(tx, (i64,), count).unwrap();
    let count = "SELECT COUNT(*) FROM reviews r JOIN documents d ON d.id = r.document_id \
         WHERE COALESCE(r.kind, '') <> COALESCE(d.kind, '') OR COALESCE(r.sensitivity, '') <> d.sensitivity";
    let (kinds,) = one!(tx, (i64,), count).unwrap();
    let count = "SELECT COUNT(*) FROM reviews r JOIN documents d ON d.id = r.document_id \
         WHERE r.resolved_at IS NULL AND d.status <> 'in_review'";
    let (elsewhere,) = one!(tx, (i64,), count).unwrap();
    assert_eq!((reasons, kinds, elsewhere), (0, 0, 0), "reasons, kinds, and what waits but is not in review");
    let count = "SELECT COUNT(*) FROM reviews r JOIN documents d ON d.id = r.document_id \
         LEFT JOIN customers c ON c.id = d.customer_id LEFT JOIN contacts k ON k.id = d.contact_id \
         WHERE r.amount IS DISTINCT FROM CASE WHEN r.resolved_at IS NULL AND d.sensitivity = 'open' THEN d.amount END \
         OR r.party IS DISTINCT FROM CASE WHEN r.resolved_at IS NULL AND d.sensitivity = 'open' THEN NULLIF(d.issuer, '') END \
         OR r.customer IS DISTINCT FROM CASE WHEN r.resolved_at IS NULL THEN c.name_key END \
         OR r.sender IS DISTINCT FROM CASE WHEN r.resolved_at IS NULL THEN LOWER(COALESCE(k.name, k.phone)) END \
         OR r.phone IS DISTINCT FROM CASE WHEN r.resolved_at IS NULL THEN k.phone END";
    let (orders,) = one!(tx, (i64,), count).unwrap();
    let count = "SELECT COUNT(*) FROM review_reasons x JOIN reviews r ON r.id = x.review_id \
         WHERE x.kind IS DISTINCT FROM r.kind OR x.amount IS DISTINCT FROM r.amount OR x.party IS DISTINCT FROM r.party \
         OR x.customer IS DISTINCT FROM r.customer OR x.sender IS DISTINCT FROM r.sender";
    let (of_reasons,) = one!(tx, (i64,), count).unwrap();
    assert_eq!(
        (orders, of_reasons),
        (0, 0),
        "what the queue is sorted by, and none of it once it waits no more"
    );
    let (open,) = one!(tx, (i64,), "SELECT COUNT(*) FROM review_reasons WHERE is_open").unwrap();
    assert!(open > 0);
    let wrong = waiting::miscounted(tx).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}
