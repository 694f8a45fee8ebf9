//! How long the catalog takes for what the API asks it: each question many times, over few documents and over many, on
//! SQLite and on PostgreSQL. What counts is the last column: how much slower the many make it. Where they make an answer
//! longer too (among few documents a rare word has few rows), that is said beside it, for a row costs what it costs.
//!
//! Measured at the catalog, in one process: HTTP, JSON and the look-up of the key come on top and do not grow with the
//! documents. `COUNT` (1000000) documents beside `FEW` (10000); `ROUNDS` (1000) of each question; `ONLY` one database.

#![allow(missing_docs, clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use acuse_pipeline::{
    document::{Kind, Status},
    reason::ReasonCode,
};
use acuse_storage::{
    Access, Catalog, CustomerId, DocumentFilter, DocumentId,
    audit::AuditFilter,
    conformance::{
        BUSY_ACTOR, COMMON_ACTION, COMMON_CONTACT, COMMON_CUSTOMER, Many, RARE_ACTION, RARE_ACTOR,
        RARE_EVENT, a_customer, a_firm, a_phone, a_word,
    },
    documents::{Page, Sort},
    events::{EventFilter, Followed},
    export::{By, Span},
    names::{ContactId, Source},
    reviews::ReviewFilter,
};
use acuse_tests::{
    bench::{seeded, setting},
    postgres::Postgres,
};
use anyhow::{Context, Result};
use time::OffsetDateTime;

/// What the bound is: no slower than this many times, or within this.
const RATIO: f64 = 1.5;
const BOUND: Duration = Duration::from_millis(50);
/// Until the first rows of an export are there.
const FIRST_ROWS: Duration = Duration::from_millis(200);
/// Rows of a page of an export.
const PAGE: u32 = 1_000;

/// One question, asked in so many ways.
type Question = (&'static str, Box<dyn Fn(u64) -> DocumentFilter>);

fn lists(there: &Many, count: u64) -> Vec<Question> {
    let none = || DocumentFilter { access: Access::new(false), ..DocumentFilter::default() };
    let text = |text: String| Some(text);
    let ago = |minutes: u64| OffsetDateTime::now_utc() - Duration::from_secs(60 * minutes);
    let (customer, contact, ids) = (CustomerId(there.customer), ContactId(there.contact), there.ids.clone());
    let whole = move || DocumentFilter { access: Access::whole(), ..none() };
    vec![
        ("list", Box::new(move |_| none())),
        ("status filed", Box::new(move |_| DocumentFilter { status: Some(Status::Filed), ..none() })),
        ("status rejected", Box::new(move |_| DocumentFilter { status: Some(Status::Rejected), ..none() })),
        ("duplicates", Box::new(move |_| DocumentFilter { duplicates: true, ..none() })),
        ("kind", Box::new(move |_| DocumentFilter { kind: Some(Kind::Id), ..none() })),
        ("customer", Box::new(move |_| DocumentFilter { customer_id: Some(customer), ..none() })),
        ("contact", Box::new(move |_| DocumentFilter { contact_id: Some(contact), ..none() })),
        ("source", Box::new(move |_| DocumentFilter { source: Some(Source::Import), ..none() })),
        (
            "part of",
            Box::new(move |n| DocumentFilter {
                part_of: Some(DocumentId(ids[n as usize % ids.len()])),
                ..none()
            }),
        ),
        (
            "received",
            Box::new(move |n| {
                let from = n * 7 % count * 2;
                DocumentFilter { from: Some(ago(from + 2_880)), to: Some(ago(from)), ..none() }
            }),
        ),
        (
            "updated",
            Box::new(move |n| DocumentFilter {
                updated_from: Some(ago(n * 11)),
                sort: Sort::Updated,
                ..none()
            }),
        ),
        (
            "document date",
            Box::new(move |n| {
                let day = ago(n * 31 % count * 2).date();
                DocumentFilter {
                    date_from: Some(day),
                    date_to: day.next_day(),
                    sort: Sort::DocumentDate,
                    ..none()
                }
            }),
        ),
        ("issuer", Box::new(move |n| DocumentFilter { issuer: text(a_firm(n * 13)), ..none() })),
        (
            "tax id",
            Box::new(move |n| DocumentFilter { tax_id: text(format!("B-{:08}", n * 7 % 2_000)), ..none() }),
        ),
        (
            "number",
            Box::new(move |n| DocumentFilter { number: text(format!("F-{:07}", n * 53 % count)), ..none() }),
        ),
        (
            "amount range",
            Box::new(move |n| {
                let from = n * 4 % 900;
                let amount = |n: u64| n.to_string().parse().ok();
                DocumentFilter {
                    amount_from: amount(from),
                    amount_to: amount(from + 1),
                    sort: Sort::Amount,
                    ..none()
                }
            }),
        ),
        ("currency", Box::new(move |_| DocumentFilter { currency: text("USD".to_owned()), ..none() })),
        ("sort by amount", Box::new(move |_| DocumentFilter { sort: Sort::AmountDesc, ..none() })),
        (
            "q: one document",
            Box::new(move |n| DocumentFilter { q: text(format!("F{:07}", n * 53 % count)), ..none() }),
        ),
        (
            "q: two words",
            Box::new(move |n| DocumentFilter {
                q: text(format!("{} {}", a_word(n * 3), a_word(n * 7 + 1))),
                ..none()
            }),
        ),
        (
            "q: an amount",
            Box::new(move |n| DocumentFilter {
                q: text(format!("{},{:02}", n * 29 % 9_000, n * 29 % 100)),
                ..none()
            }),
        ),
        ("q: in every one", Box::new(move |_| DocumentFilter { q: text("factura".to_owned()), ..none() })),
        (
            "q: what is not there",
            Box::new(move |n| DocumentFilter { q: text(format!("zzyx{n}")), ..whole() }),
        ),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Times {
    p50: Duration,
    p99: Duration,
    /// Rows of an answer, at the mean; 1 where it has none.
    rows: f64,
}

fn times(mut all: Vec<Duration>, rows: usize) -> Times {
    all.sort_unstable();
    let at = |part: f64| all[((all.len() - 1) as f64 * part).round() as usize];
    Times { p50: at(0.5), p99: at(0.99), rows: rows as f64 / all.len() as f64 }
}

/// An answer, and how many rows it has.
trait Rows {
    fn rows(&self) -> usize {
        1
    }
}

impl Rows for () {}

impl<T, C> Rows for Page<T, C> {
    fn rows(&self) -> usize {
        self.data.len()
    }
}

impl<T> Rows for Vec<T> {
    fn rows(&self) -> usize {
        self.len()
    }
}

impl Rows for Followed {
    fn rows(&self) -> usize {
        match self {
            Self::Page { events, .. } => events.len(),
            _ => 0,
        }
    }
}

macro_rules! measured {
    ($rounds:expr, |$n:ident| $ask:expr) => {{
        let (mut all, mut rows) = (Vec::new(), 0);
        for round in 0..$rounds + 10 {
            let $n = round;
            let start = Instant::now();
            let answer = $ask;
            // The first ones fill caches and prepare statements.
            if round >= 10 {
                all.push(start.elapsed());
                rows += Rows::rows(&answer);
            }
        }
        times(all, rows)
    }};
}

async fn measure(catalog: &Catalog, count: u64, rounds: u64) -> Result<Vec<(&'static str, Times)>> {
    let there = seeded(catalog, count).await;
    let mut found = Vec::new();
    let ids = &there.ids;
    let get = measured!(rounds, |n| {
        let id = DocumentId(ids[n as usize % ids.len()]);
        catalog.document_for(&Access::new(false), id).await?.context("it is there")?;
    });
    found.push(("get", get));
    for (name, filter) in lists(&there, count) {
        found.push((name, measured!(rounds, |n| catalog.documents(&filter(n), None, 50).await?)));
    }
    let mut page = catalog.documents(&DocumentFilter::default(), None, 50).await?.next;
    let next = measured!(rounds, |_n| {
        page = catalog.documents(&DocumentFilter::default(), page.as_ref(), 50).await?.next;
    });
    found.push(("next page", next));
    found.push((
        "ledger",
        measured!(rounds, |_n| {
            let _ = catalog.ledger(None, None).await?;
        }),
    ));
    let from = |n: u64| Some(OffsetDateTime::now_utc() - Duration::from_secs(n * 3_600 + 777));
    found.push((
        "ledger of a span",
        measured!(rounds, |n| {
            let _ = catalog.ledger(from(n + 700), from(n)).await?;
        }),
    ));
    let mut after = None;
    let feed = measured!(rounds, |_n| {
        let Followed::Page { next, .. } = catalog.follow(after, &EventFilter::default(), 50).await? else {
            anyhow::bail!("a cursor of this feed");
        };
        after = Some(next);
    });
    found.push(("feed", feed));
    reviews(catalog, rounds, &mut found).await?;
    people(catalog, count, rounds, &mut found).await?;
    trail(catalog, count, rounds, &mut found).await?;
    found.push(("metrics", measured!(rounds, |_n| metrics(catalog).await?)));
    for (name, by) in [("export by date", By::IssueDate), ("export by arrival", By::Received)] {
        let span = Span { by, from: None, to: None };
        let first = measured!(rounds.min(200), |_n| {
            catalog.books().await?.page(&Access::new(false), span, None, PAGE).await?;
        });
        found.push((name, first));
    }
    let month = |n: u64| {
        let to = (OffsetDateTime::now_utc() - Duration::from_secs(n * 86_400)).date();
        Span { by: By::IssueDate, from: Some(to - time::Duration::days(30)), to: Some(to) }
    };
    let missing = measured!(rounds.min(200), |n| {
        let _ = catalog.books().await?.missing(&Access::new(false), month(n)).await?;
    });
    found.push(("export: what is missing", missing));
    Ok(found)
}

/// The feed's rare events, and the queue by each of its filters.
async fn reviews(catalog: &Catalog, rounds: u64, found: &mut Vec<(&'static str, Times)>) -> Result<()> {
    let rare = EventFilter { kinds: vec![RARE_EVENT.to_owned()] };
    found.push(("feed: rare types", measured!(rounds, |_n| catalog.follow(None, &rare, 50).await?)));
    let of = || ReviewFilter { access: Access::new(false), ..ReviewFilter::default() };
    let reason = |reason| ReviewFilter { reason: Some(reason), ..of() };
    for (name, filter) in [
        ("reviews", of()),
        ("reviews: common reason", reason(ReasonCode::UnknownCustomer)),
        ("reviews: rare reason", reason(ReasonCode::Malware)),
        ("reviews: nobody's reason", reason(ReasonCode::Encrypted)),
        ("reviews: kind", ReviewFilter { kind: Some(Kind::Id), ..of() }),
        ("reviews: held", ReviewFilter { claimed_by: Some(BUSY_ACTOR.to_owned()), ..of() }),
    ] {
        found.push((name, measured!(rounds, |_n| catalog.reviews(&filter, None, 50).await?)));
    }
    Ok(())
}

/// Customers and contacts, by what many and by what few are called.
async fn people(
    catalog: &Catalog,
    count: u64,
    rounds: u64,
    found: &mut Vec<(&'static str, Times)>,
) -> Result<()> {
    let access = Access::new(false);
    type Words = Box<dyn Fn(u64) -> Option<String>>;
    let words: [(&str, &str, Words); 8] = [
        ("customers", "", Box::new(|_| None)),
        ("customers q: common", "", Box::new(|_| Some(COMMON_CUSTOMER.to_owned()))),
        ("customers q: rare", "", Box::new(move |n| Some(a_customer(n * 53 % count)))),
        ("customers q: not there", "", Box::new(|n| Some(format!("zzyx{n}")))),
        ("", "contacts", Box::new(|_| None)),
        ("", "contacts q: common", Box::new(|_| Some(COMMON_CONTACT.to_owned()))),
        ("", "contacts q: number", Box::new(move |n| Some(a_phone(n * 53 % count)))),
        ("", "contacts q: not there", Box::new(|n| Some(format!("zzyx{n}")))),
    ];
    for (customers, contacts, q) in words {
        if contacts.is_empty() {
            let ask = measured!(rounds, |n| catalog.customers(&access, q(n).as_deref(), None, 50).await?);
            found.push((customers, ask));
        } else {
            let ask = measured!(rounds, |n| catalog.contacts(&access, q(n).as_deref(), None, 50).await?);
            found.push((contacts, ask));
        }
    }
    Ok(())
}

/// The trail: by text, and by who together with what or when.
async fn trail(
    catalog: &Catalog,
    count: u64,
    rounds: u64,
    found: &mut Vec<(&'static str, Times)>,
) -> Result<()> {
    let of = AuditFilter::default;
    let some = |text: &str| Some(text.to_owned());
    let q = |text: &str| AuditFilter { q: some(text), ..of() };
    let month_ago = OffsetDateTime::now_utc() - Duration::from_secs(30 * 86_400);
    // Half of it came before: a page is full, however few there are.
    let half_ago = OffsetDateTime::now_utc() - Duration::from_secs(60 * count);
    for (name, filter) in [
        ("audit", of()),
        ("audit q: common", q("revisora")),
        ("audit q: rare", q("auditora")),
        ("audit q: not there", q("zzyx")),
        ("audit: rare of busy", AuditFilter { actor: some(BUSY_ACTOR), action: some(RARE_ACTION), ..of() }),
        (
            "audit: common of rare",
            AuditFilter { actor: some(RARE_ACTOR), action: some(COMMON_ACTION), ..of() },
        ),
        ("audit: who and when", AuditFilter { actor: some(BUSY_ACTOR), to: Some(half_ago), ..of() }),
        ("audit: what and when", AuditFilter { action: some(RARE_ACTION), from: Some(month_ago), ..of() }),
    ] {
        found.push((name, measured!(rounds, |_n| catalog.search_audit(&filter, None, 50).await?)));
    }
    Ok(())
}

/// What `/metrics` asks.
async fn metrics(catalog: &Catalog) -> Result<()> {
    catalog.lanes().await?;
    catalog.ledger(None, None).await?;
    catalog.numbers().await?;
    catalog.alerts(false).await?;
    catalog.incidents_by_kind().await?;
    catalog.message_ledger(OffsetDateTime::now_utc()).await?;
    Ok(())
}

async fn compare(database: &str, few: &Catalog, lots: &Catalog, count: u64, rounds: u64) -> Result<()> {
    let less = measure(few, setting("FEW", 10_000)?, rounds).await?;
    let more = measure(lots, count, rounds).await?;
    println!("{database:<10} {:<22} {:>9} {:>9} {:>9} {:>9}  p99 ratio", "", "p50", "p99", "p50", "p99");
    let (mut beyond, mut longer) = (0, 0);
    for ((name, less), (_, more)) in less.into_iter().zip(more) {
        let ratio = more.p99.as_secs_f64() / less.p99.as_secs_f64();
        let bound = if name.starts_with("export") { FIRST_ROWS } else { BOUND };
        let times_rows = more.rows / less.rows.max(0.01);
        let is_longer = times_rows > RATIO && more.p99 <= bound;
        let verdict = match ratio <= RATIO && more.p99 <= bound {
            true => String::new(),
            false if is_longer => format!("  {:.1} rows for {:.1}", more.rows, less.rows),
            false => "  beyond the bound".to_owned(),
        };
        longer += u32::from(!verdict.is_empty() && is_longer);
        beyond += u32::from(!verdict.is_empty() && !is_longer);
        let ms = |d: Duration| format!("{:.2}ms", d.as_secs_f64() * 1e3);
        println!(
            "{database:<10} {name:<22} {:>9} {:>9} {:>9} {:>9}  {ratio:.2}{verdict}",
            ms(less.p50),
            ms(less.p99),
            ms(more.p50),
            ms(more.p99)
        );
    }
    println!(
        "# {database}: {beyond} beyond {RATIO} times or {BOUND:?} at {count}; {longer} with longer answers"
    );
    Ok(())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let (count, rounds) = (setting("COUNT", 1_000_000)?, setting("ROUNDS", 1_000)?);
    let only = std::env::var("ONLY").unwrap_or_default();
    if only != "postgres" {
        let folder = tempfile::tempdir()?;
        let few = Catalog::open_sqlite(&folder.path().join("few.db")).await?;
        let lots = Catalog::open_sqlite(&folder.path().join("lots.db")).await?;
        compare("sqlite", &few, &lots, count, rounds).await?;
    }
    if only != "sqlite"
        && let Some(postgres) = Postgres::start()?
    {
        postgres.psql("acuse", b"CREATE DATABASE few;")?;
        postgres.psql("acuse", b"CREATE DATABASE lots;")?;
        let few = Catalog::open(&postgres.url("few")).await?;
        let lots = Catalog::open(&postgres.url("lots")).await?;
        compare("postgres", &few, &lots, count, rounds).await?;
    }
    Ok(())
}
