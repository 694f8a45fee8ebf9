//! Customers at the desk, searched; one of them is [`one`]'s matter.

pub mod one;

use acuse_storage::{
    CustomerId,
    customers::{Customer, CustomerAlias, CustomerLookup, name_key},
    documents::Page,
    keys::Scope,
};
use askama::Template;
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::{Frame, Shown, page, queue::PAGE, session::Person};
use crate::{
    access::Caller,
    customers::within,
    extract::{Params, word},
    problem::Problem,
    state::App,
};

/// Most customers of an answer to whoever types one.
const FOUND: u32 = 8;

/// Whoever decides whose documents are may say who there is; not whoever sees some of them only.
fn may_write(caller: &Caller) -> Result<(), Problem> {
    if caller.access().is_bound() { Err(Problem::Bound) } else { caller.require(Scope::ReviewsWrite) }
}

/// Customers by name; and by a phone, an e-mail address, a tax id or, for whoever may see IDs, the number of one, each whole.
async fn sought(
    app: &App,
    caller: &Caller,
    q: Option<&str>,
    after: Option<CustomerId>,
    most: u32,
) -> Result<Page<Customer, CustomerId>, Problem> {
    let q = q.map(str::trim).filter(|q| !q.is_empty());
    let mut found = within(app, caller, q, after, most).await?;
    let is_number = |q: &&str| q.contains(|c: char| c.is_ascii_digit() || c == '@');
    let is_first = after.is_none() && !caller.access().is_bound();
    let Some(q) = q.filter(is_number).filter(|_| is_first) else { return Ok(found) };
    let names = |kind: CustomerAlias| kind.normalized(q).into_iter().collect();
    let lookup = CustomerLookup {
        phones: names(CustomerAlias::Phone),
        tax_ids: names(CustomerAlias::TaxId),
        emails: names(CustomerAlias::Email),
        id_numbers: if caller.has(Scope::IdsRead) { names(CustomerAlias::IdNumber) } else { Vec::new() },
    };
    let known = app.catalog.customers_known_by(&lookup).await?.into_iter().map(|(customer, _)| customer);
    let more: Vec<_> = known.filter(|c| !found.data.iter().any(|f| f.id == c.id)).collect();
    found.data.extend(more);
    Ok(found)
}

/// Whom somebody may mean by what they typed, by id and name: of several, the one who is called exactly so.
///
/// # Errors
/// When the catalog fails.
pub(super) async fn named(app: &App, caller: &Caller, typed: &str) -> Result<Vec<(String, String)>, Problem> {
    let found = sought(app, caller, Some(typed), None, FOUND).await?.data;
    let exactly: Vec<&Customer> = found.iter().filter(|c| name_key(&c.name) == name_key(typed)).collect();
    let some = match exactly.as_slice() {
        [one] => vec![*one],
        _ => found.iter().collect(),
    };
    Ok(some.into_iter().map(|customer| (customer.id.to_string(), customer.name.clone())).collect())
}

/// A customer as a line.
struct Line {
    id: CustomerId,
    name: String,
    phone: String,
    tax_id: String,
    email: String,
    reference: String,
}

/// All names of a kind that a customer has, disputed ones too.
fn names(customer: &Customer, kind: CustomerAlias) -> Vec<&str> {
    let all = customer.aliases.iter().chain(&customer.disputed);
    all.filter(|(k, _)| *k == kind).map(|(_, value)| value.as_str()).collect()
}

impl From<Customer> for Line {
    fn from(customer: Customer) -> Self {
        let of = |kind| names(&customer, kind).join(", ");
        Self {
            id: customer.id,
            phone: of(CustomerAlias::Phone),
            tax_id: of(CustomerAlias::TaxId),
            email: of(CustomerAlias::Email),
            reference: customer.external_id.clone().unwrap_or_default(),
            name: customer.name.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "customers.html")]
struct Customers {
    frame: Frame,
    q: String,
    rows: Vec<Line>,
    next: Option<String>,
    may_write: bool,
}

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sought {
    q: String,
    after: Option<String>,
}

/// `GET /customers`.
pub async fn list(State(app): State<App>, person: Person, Params(query): Params<Sought>) -> Shown {
    Shown(
        async {
            let after = word::<CustomerId>("after", query.after.as_deref())?;
            let found = sought(&app, &person.caller, Some(&query.q), after, PAGE).await?;
            let next = found.next.map(|id| {
                let pairs = [("q", query.q.clone()), ("after", id.to_string())];
                let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                format!("/customers?{text}")
            });
            Ok(page(&Customers {
                frame: Frame::of(&app, &person, "customers").await?,
                rows: found.data.into_iter().map(Line::from).collect(),
                may_write: may_write(&person.caller).is_ok(),
                q: query.q,
                next,
            }))
        }
        .await,
    )
}

/// A customer that a search found.
#[derive(Serialize)]
pub struct Found {
    id: String,
    name: String,
    known_by: String,
}

impl Found {
    fn of(customer: Customer, caller: &Caller) -> Self {
        let told = |kind: CustomerAlias| kind != CustomerAlias::IdNumber || caller.has(Scope::IdsRead);
        let known = customer.aliases.iter().filter(|(kind, _)| told(*kind)).map(|(_, value)| value.as_str());
        let known: Vec<&str> = known.take(3).collect();
        Self { id: customer.id.to_string(), known_by: known.join(" · "), name: customer.name }
    }
}

/// `GET /customers/found?q=`: for whoever types one.
///
/// # Errors
/// When the catalog fails.
pub async fn found(
    State(app): State<App>,
    person: Person,
    Params(query): Params<Sought>,
) -> Result<Json<Vec<Found>>, Problem> {
    let found = sought(&app, &person.caller, Some(&query.q), None, FOUND).await?.data;
    Ok(Json(found.into_iter().map(|customer| Found::of(customer, &person.caller)).collect()))
}
