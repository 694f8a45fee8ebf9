//! What the API asks the catalog, as a table.

use std::{cell::RefCell, pin::Pin, time::Duration};

use acuse_conversation::Clock;
use acuse_pipeline::{
    document::{Kind, Status},
    reason::ReasonCode,
};
use acuse_storage::{
    Access, Catalog, CustomerId, DocumentFilter, DocumentId,
    audit::AuditFilter,
    conformance::{
        BUSY_ACTOR, COMMON_ACTION, COMMON_CONTACT, COMMON_CUSTOMER, Many, RARE_ACTION, RARE_ACTOR,
        RARE_EVENT, a_customer, a_firm, a_phone, a_tax_id, a_word,
    },
    documents::{DocumentCursor, Sort},
    events::{EventCursor, EventFilter, Followed},
    export::Span,
    names::{ContactId, Source},
    reviews::ReviewFilter,
};
use anyhow::{Context, Result};
use time::OffsetDateTime;

/// Rows of a page of a list.
const PAGE: u32 = 50;
/// Rows of a page of an export.
const EXPORT_PAGE: u32 = 1_000;

/// A catalog that is asked, and what is in it.
pub struct Side {
    pub catalog: Catalog,
    pub there: Many,
    pub count: u64,
    /// Where the last page of the list ended, and of the feed.
    page: RefCell<Option<DocumentCursor>>,
    after: RefCell<Option<EventCursor>>,
}

impl Side {
    pub const fn new(catalog: Catalog, there: Many, count: u64) -> Self {
        Self { catalog, there, count, page: RefCell::new(None), after: RefCell::new(None) }
    }

    /// The number of a document, another one each time.
    const fn some(&self, n: u64) -> u64 {
        n * 53 % self.count
    }

    /// So long ago, in documents: one comes every two minutes.
    fn ago(documents: u64) -> OffsetDateTime {
        OffsetDateTime::now_utc() - Duration::from_secs(120 * documents)
    }
}

/// How many rows an answer has; 1 where it is none of rows.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<usize>> + 'a>>;

/// How a side is asked, in so many ways.
type Ask = dyn for<'a> Fn(&'a Side, u64) -> Answer<'a>;

/// One question.
pub struct Question {
    pub name: &'static str,
    pub ask: Box<Ask>,
}

fn question(name: &'static str, ask: impl for<'a> Fn(&'a Side, u64) -> Answer<'a> + 'static) -> Question {
    Question { name, ask: Box::new(ask) }
}

/// All of them.
pub fn questions() -> Vec<Question> {
    [documents(), found(), figures(), reviews(), people(), trail(), exports()].into_iter().flatten().collect()
}

/// What anybody with a key asks.
fn none() -> DocumentFilter {
    DocumentFilter { access: Access::new(false), ..DocumentFilter::default() }
}

fn list(name: &'static str, filter: impl Fn(&Side, u64) -> DocumentFilter + 'static) -> Question {
    question(name, move |side, n| {
        let filter = filter(side, n);
        Box::pin(async move { Ok(side.catalog.documents(&filter, None, PAGE).await?.data.len()) })
    })
}

/// One document, and lists by each filter.
fn documents() -> Vec<Question> {
    vec![
        question("get", |side, n| {
            let id = DocumentId(side.there.ids[n as usize % side.there.ids.len()]);
            Box::pin(async move {
                side.catalog.document_for(&Access::new(false), id).await?.context("it is there")?;
                Ok(1)
            })
        }),
        list("list", |_, _| none()),
        question("next page", |side, _| {
            Box::pin(async move {
                let after = side.page.borrow().clone();
                let page = side.catalog.documents(&DocumentFilter::default(), after.as_ref(), PAGE).await?;
                side.page.replace(page.next);
                Ok(page.data.len())
            })
        }),
        list("status filed", |_, _| DocumentFilter { status: Some(Status::Filed), ..none() }),
        list("status rejected", |_, _| DocumentFilter { status: Some(Status::Rejected), ..none() }),
        list("duplicates", |_, _| DocumentFilter { duplicates: true, ..none() }),
        list("kind", |_, _| DocumentFilter { kind: Some(Kind::Id), ..none() }),
        list("customer", |side, _| DocumentFilter {
            customer_id: Some(CustomerId(side.there.customer)),
            ..none()
        }),
        list("contact", |side, _| DocumentFilter {
            contact_id: Some(ContactId(side.there.contact)),
            ..none()
        }),
        list("source", |_, _| DocumentFilter { source: Some(Source::Import), ..none() }),
        list("part of", |side, n| DocumentFilter {
            part_of: Some(DocumentId(side.there.ids[n as usize % side.there.ids.len()])),
            ..none()
        }),
        list("received", |side, n| {
            let to = side.some(n) * 9 / 10;
            DocumentFilter { from: Some(Side::ago(to + 1_440)), to: Some(Side::ago(to)), ..none() }
        }),
        list("updated", |side, n| DocumentFilter {
            updated_from: Some(Side::ago(side.some(n) / 2 + 100)),
            sort: Sort::Updated,
            ..none()
        }),
        list("document date", |side, n| {
            let day = Side::ago(side.some(n) * 4 / 5 + 800).date();
            DocumentFilter {
                date_from: Some(day),
                date_to: day.next_day(),
                sort: Sort::DocumentDate,
                ..none()
            }
        }),
        list("currency", |_, _| DocumentFilter { currency: Some("USD".to_owned()), ..none() }),
        list("sort by amount", |_, _| DocumentFilter { sort: Sort::AmountDesc, ..none() }),
    ]
}

/// By what stands on the paper.
fn found() -> Vec<Question> {
    let q = |name, q: fn(&Side, u64) -> String| {
        list(name, move |s, n| DocumentFilter { q: Some(q(s, n)), ..none() })
    };
    vec![
        list("issuer", |side, n| DocumentFilter { issuer: Some(a_firm(side.some(n))), ..none() }),
        list("tax id", |side, n| DocumentFilter { tax_id: Some(a_tax_id(side.some(n))), ..none() }),
        list("number", |side, n| DocumentFilter { number: Some(format!("F-{:07}", side.some(n))), ..none() }),
        list("amount range", |side, n| {
            // Of amounts up to 900 as many as fill a page, whichever there are.
            let from = n * 4 % 800;
            let amount = |n: u64| n.to_string().parse().ok();
            let width = (200_000 / side.count).max(1);
            DocumentFilter {
                amount_from: amount(from),
                amount_to: amount(from + width),
                sort: Sort::Amount,
                ..none()
            }
        }),
        q("q: one document", |side, n| format!("F{:07}", side.some(n))),
        q("q: two words", |_, n| format!("{} {}", a_word(n * 3), a_word(n * 7 + 1))),
        q("q: an amount", |_, n| format!("{},{:02}", n * 29 % 9_000, n * 29 % 100)),
        q("q: in every one", |_, _| "factura".to_owned()),
        list("q: what is not there", |_, n| DocumentFilter {
            access: Access::whole(),
            q: Some(format!("zzyx{n}")),
            ..none()
        }),
    ]
}

/// The ledger, the feed, and what `/metrics` asks.
fn figures() -> Vec<Question> {
    vec![
        question("ledger", |side, _| {
            Box::pin(async move { side.catalog.ledger(None, None).await.map(|_| 1).map_err(Into::into) })
        }),
        question("ledger of a span", |side, n| {
            let to = side.some(n) / 2;
            Box::pin(async move {
                let (from, to) = (Some(Side::ago(to + 4_000)), Some(Side::ago(to)));
                side.catalog.ledger(from, to).await.map(|_| 1).map_err(Into::into)
            })
        }),
        question("feed", |side, _| {
            Box::pin(async move {
                let after = *side.after.borrow();
                let followed = side.catalog.follow(after, &EventFilter::default(), PAGE).await?;
                let Followed::Page { events, next } = followed else {
                    anyhow::bail!("a cursor of this feed");
                };
                // From the start again, before it waits at its head.
                side.after.replace((!events.is_empty()).then_some(next));
                Ok(events.len())
            })
        }),
        question("feed: rare types", |side, _| {
            Box::pin(async move {
                let rare = EventFilter { kinds: vec![RARE_EVENT.to_owned()] };
                match side.catalog.follow(None, &rare, PAGE).await? {
                    Followed::Page { events, .. } => Ok(events.len()),
                    _ => anyhow::bail!("the start of this feed"),
                }
            })
        }),
        question("metrics", |side, _| {
            Box::pin(async move {
                side.catalog.lanes().await?;
                side.catalog.ledger(None, None).await?;
                side.catalog.numbers().await?;
                side.catalog.alerts(false).await?;
                side.catalog.incidents_by_kind().await?;
                side.catalog.message_ledger(OffsetDateTime::now_utc()).await?;
                Ok(1)
            })
        }),
    ]
}

/// The queue by each of its filters.
fn reviews() -> Vec<Question> {
    let of = || ReviewFilter { access: Access::new(false), ..ReviewFilter::default() };
    let queue = |name, filter: ReviewFilter| {
        question(name, move |side, _| {
            let filter = filter.clone();
            Box::pin(async move { Ok(side.catalog.reviews(&filter, None, PAGE).await?.data.len()) })
        })
    };
    let reason = |reason| ReviewFilter { reason: Some(reason), ..of() };
    vec![
        queue("reviews", of()),
        queue("reviews: common reason", reason(ReasonCode::UnknownCustomer)),
        queue("reviews: rare reason", reason(ReasonCode::Malware)),
        queue("reviews: nobody's reason", reason(ReasonCode::Encrypted)),
        queue("reviews: kind", ReviewFilter { kind: Some(Kind::Id), ..of() }),
        queue("reviews: held", ReviewFilter { claimed_by: Some(BUSY_ACTOR.to_owned()), ..of() }),
    ]
}

/// Customers and contacts, by what many and by what few are called.
fn people() -> Vec<Question> {
    let customers = |name, q: fn(&Side, u64) -> Option<String>| {
        question(name, move |side, n| {
            let q = q(side, n);
            Box::pin(async move {
                let access = Access::new(false);
                Ok(side.catalog.customers(&access, q.as_deref(), None, PAGE).await?.data.len())
            })
        })
    };
    let contacts = |name, q: fn(&Side, u64) -> Option<String>| {
        question(name, move |side, n| {
            let q = q(side, n);
            Box::pin(async move {
                Ok(side.catalog.contacts(&Access::new(false), q.as_deref(), None, PAGE).await?.len())
            })
        })
    };
    vec![
        customers("customers", |_, _| None),
        customers("customers q: common", |_, _| Some(COMMON_CUSTOMER.to_owned())),
        customers("customers q: rare", |side, n| Some(a_customer(side.some(n)))),
        customers("customers q: not there", |_, n| Some(format!("zzyx{n}"))),
        contacts("contacts", |_, _| None),
        contacts("contacts q: common", |_, _| Some(COMMON_CONTACT.to_owned())),
        contacts("contacts q: number", |side, n| Some(a_phone(side.some(n)))),
        contacts("contacts q: not there", |_, n| Some(format!("zzyx{n}"))),
    ]
}

/// The trail: by text, and by who together with what or when.
fn trail() -> Vec<Question> {
    let audit = |name, filter: fn(&Side) -> AuditFilter| {
        question(name, move |side, _| {
            let filter = filter(side);
            Box::pin(async move { Ok(side.catalog.search_audit(&filter, None, PAGE).await?.len()) })
        })
    };
    fn q(text: &str) -> AuditFilter {
        AuditFilter { q: Some(text.to_owned()), ..AuditFilter::default() }
    }
    fn of(actor: Option<&str>, action: Option<&str>) -> AuditFilter {
        AuditFilter {
            actor: actor.map(str::to_owned),
            action: action.map(str::to_owned),
            ..AuditFilter::default()
        }
    }
    vec![
        audit("audit", |_| AuditFilter::default()),
        audit("audit q: common", |_| q("revisora")),
        audit("audit q: rare", |_| q("auditora")),
        audit("audit q: not there", |_| q("zzyx")),
        audit("audit: rare of busy", |_| of(Some(BUSY_ACTOR), Some(RARE_ACTION))),
        audit("audit: common of rare", |_| of(Some(RARE_ACTOR), Some(COMMON_ACTION))),
        // Half of it came before: a page is full, however few there are.
        audit("audit: who and when", |side| AuditFilter {
            to: Some(Side::ago(side.count / 2)),
            ..of(Some(BUSY_ACTOR), None)
        }),
        audit("audit: what and when", |_| AuditFilter {
            from: Some(Side::ago(21_600)),
            ..of(None, Some(RARE_ACTION))
        }),
    ]
}

/// The first rows of an export, and what its period still misses.
fn exports() -> Vec<Question> {
    let export = |name, span: Span| {
        question(name, move |side, _| {
            Box::pin(async move {
                let mut books = side.catalog.books().await?;
                Ok(books.page(&Access::new(false), span, None, EXPORT_PAGE).await?.0.len())
            })
        })
    };
    vec![
        export("export by date", Span::dated(None, None)),
        export("export by arrival", Span::received(None, None, &Clock::default())),
        question("export: what is missing", |side, n| {
            Box::pin(async move {
                let to = Side::ago(side.some(n) / 4).date();
                let from = Some(to - time::Duration::days(7));
                let span = Span::dated(from, Some(to));
                side.catalog.books().await?.missing(&Access::new(false), span).await?;
                Ok(1)
            })
        }),
    ]
}
