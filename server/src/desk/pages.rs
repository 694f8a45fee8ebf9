//! What else an operator looks at: all documents, customers, the ledger.

use acuse_pipeline::document::{Kind, Status};
use acuse_storage::{
    CustomerId,
    customers::{Customer, CustomerAlias, CustomerLookup},
    keys::Scope,
    ledger::Ledger,
    message_ledger::MessageLedger,
};
use askama::Template;
use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::{
    Frame, Shown, page,
    queue::{PAGE, Row},
    session::Person,
    words,
};
use crate::{
    access,
    app::App,
    http::{
        customers::within,
        documents::{self, Query},
        extract::{Params, time, word},
        problem::Problem,
    },
};

#[derive(Template)]
#[template(path = "documents.html")]
struct Documents {
    frame: Frame,
    q: String,
    status: String,
    kind: String,
    statuses: Vec<(&'static str, &'static str)>,
    kinds: Vec<(&'static str, &'static str)>,
    rows: Vec<Row>,
    next: Option<String>,
}

/// `GET /documents`.
pub async fn documents(State(app): State<App>, person: Person, Params(query): Params<Query>) -> Shown {
    Shown(render_documents(&app, &person, query).await)
}

async fn render_documents(app: &App, person: &Person, mut query: Query) -> Result<Response, Problem> {
    let text = |v: &Option<String>| v.clone().unwrap_or_default();
    let (q, status, kind, customer) =
        (text(&query.q), text(&query.status), text(&query.kind), text(&query.customer_id));
    query.limit = Some(PAGE);
    let found = documents::find(app, &person.caller, query).await?;
    let ids: Vec<_> = found.data.iter().map(|d| d.id).collect();
    let parties = app.catalog.parties_of(&ids).await?;
    let seen = access::list(app, &person.caller, found.data).await?;
    let now = app.catalog.now();
    let row = |d: &access::Sight| Row::of(d, parties.get(&d.id), (d.received_at, now), None);
    let rows = seen.iter().map(row).collect();
    let next = found.next.map(|id| {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("q", &q), ("status", &status), ("kind", &kind), ("customer_id", &customer)])
            .append_pair("after", &id.to_string())
            .finish();
        format!("/documents?{query}")
    });
    Ok(page(&Documents {
        frame: Frame::of(app, person, "documents").await?,
        statuses: Status::ALL.iter().map(|s| (s.as_str(), words::status(*s))).collect(),
        kinds: Kind::ALL.iter().map(|k| (k.as_str(), words::kind(Some(*k)))).collect(),
        q,
        status,
        kind,
        rows,
        next,
    }))
}

struct CustomerRow {
    id: CustomerId,
    name: String,
    phone: String,
    tax_id: String,
    email: String,
    reference: String,
}

impl From<Customer> for CustomerRow {
    fn from(c: Customer) -> Self {
        let of = |kind| {
            let all: Vec<_> = c.aliases.iter().filter(|(k, _)| *k == kind).map(|(_, v)| v.as_str()).collect();
            all.join(", ")
        };
        Self {
            id: c.id,
            phone: of(CustomerAlias::Phone),
            tax_id: of(CustomerAlias::TaxId),
            email: of(CustomerAlias::Email),
            name: c.name,
            reference: c.external_id.unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "customers.html")]
struct Customers {
    frame: Frame,
    rows: Vec<CustomerRow>,
    next: Option<String>,
}

/// Query of the customers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct After {
    after: Option<String>,
}

/// `GET /customers`.
pub async fn customers(State(app): State<App>, person: Person, Params(query): Params<After>) -> Shown {
    Shown(
        async {
            let after = word::<CustomerId>("after", query.after.as_deref())?;
            let found = within(&app, &person.caller, None, after, PAGE).await?;
            let next = found.next.map(|id| format!("/customers?after={id}"));
            let rows = found.data.into_iter().map(CustomerRow::from).collect();
            Ok(page(&Customers { frame: Frame::of(&app, &person, "customers").await?, rows, next }))
        }
        .await,
    )
}

/// One place of the ledger.
struct Part {
    label: &'static str,
    tone: &'static str,
    count: u64,
    href: String,
    /// On a scale of a thousand.
    x: u64,
    width: u64,
}

fn places(ledger: &Ledger) -> Vec<Part> {
    let counts = [
        ("filed", "filed", ledger.filed),
        ("in review", "in_review", ledger.in_review),
        ("rejected", "rejected", ledger.rejected),
        ("duplicate", "duplicate", ledger.duplicate),
        ("processing", "processing", ledger.processing),
    ];
    let all = ledger.received.max(1);
    let mut before = 0;
    counts
        .into_iter()
        .map(|(label, tone, count)| {
            let x = before * 1000 / all;
            before += count;
            let href = match tone {
                "in_review" => "/".to_owned(),
                "duplicate" => "/documents".to_owned(),
                status => format!("/documents?status={status}"),
            };
            Part { label, tone, count, href, x, width: before * 1000 / all - x }
        })
        .collect()
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    frame: Frame,
    received: u64,
    balanced: bool,
    parts: Vec<Part>,
    /// Of all messages; none for whoever sees a part of the documents only.
    messages: Option<MessageLedger>,
    from: String,
    to: String,
}

/// Query of the ledger.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Span {
    from: String,
    to: String,
}

/// `GET /ledger`.
pub async fn ledger(State(app): State<App>, person: Person, Params(span): Params<Span>) -> Shown {
    Shown(
        async {
            let (from, to) = (time("from", Some(&span.from))?, time("to", Some(&span.to))?);
            let ledger = app.catalog.ledger_for(person.caller.access(), from, to).await?;
            let messages = if person.caller.access().is_bound() {
                None
            } else {
                Some(app.catalog.message_ledger(app.catalog.now()).await?)
            };
            Ok(page(&LedgerPage {
                frame: Frame::of(&app, &person, "ledger").await?,
                received: ledger.received,
                balanced: ledger.balanced,
                parts: places(&ledger),
                messages,
                from: span.from,
                to: span.to,
            }))
        }
        .await,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_filled_exactly() {
        let ledger = Ledger {
            received: 7,
            filed: 3,
            in_review: 1,
            rejected: 1,
            duplicate: 1,
            processing: 1,
            balanced: true,
        };
        let parts = places(&ledger);
        assert_eq!(parts.iter().map(|p| p.width).sum::<u64>(), 1000);
        assert!(parts.windows(2).all(|w| w[0].x + w[0].width == w[1].x));
    }
}

/// A customer that a search found.
#[derive(Serialize)]
pub struct Found {
    id: String,
    name: String,
    known_by: String,
}

/// Query of a search for customers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sought {
    q: Option<String>,
}

/// Most customers of an answer.
const FOUND: u32 = 8;

/// `GET /customers/found?q=`: customers by name, phone or tax id, for whoever types one; by the number of an ID for those
/// alone who may see IDs, or whose it is would be told to whoever types it.
///
/// # Errors
/// When the catalog fails.
pub async fn customers_found(
    State(app): State<App>,
    person: Person,
    Params(sought): Params<Sought>,
) -> Result<Json<Vec<Found>>, Problem> {
    let q = sought.q.as_deref().map(str::trim).filter(|q| !q.is_empty());
    let shown = |kind: CustomerAlias| kind != CustomerAlias::IdNumber || person.caller.has(Scope::IdsRead);
    let mut found = within(&app, &person.caller, q, None, FOUND).await?.data;
    if let Some(q) = q.filter(|q| q.chars().any(|c| c.is_ascii_digit()) && !person.caller.access().is_bound())
    {
        let names = |kind: CustomerAlias| kind.normalized(q).filter(|_| shown(kind)).into_iter().collect();
        let lookup = CustomerLookup {
            phones: names(CustomerAlias::Phone),
            tax_ids: names(CustomerAlias::TaxId),
            id_numbers: names(CustomerAlias::IdNumber),
            ..CustomerLookup::default()
        };
        let known = app.catalog.customers_known_by(&lookup).await?.into_iter().map(|(customer, _)| customer);
        found.extend(known.filter(|c| !found.iter().any(|f| f.id == c.id)).collect::<Vec<_>>());
    }
    let one = |c: Customer| {
        let known = c.aliases.iter().filter(|(kind, _)| shown(*kind)).map(|(_, value)| value.as_str());
        let known: Vec<&str> = known.take(3).collect();
        Found { id: c.id.to_string(), known_by: known.join(" · "), name: c.name }
    };
    Ok(Json(found.into_iter().map(one).collect()))
}
