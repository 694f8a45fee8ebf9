//! `/v1/customers`: whose the documents are.
//!
//! `POST` adds, `PUT` replaces, `PATCH` changes what it names. A phone, tax id or ID number has one owner: giving it to
//! another is answered 409 with whose it is, unless the request says `?reassign=true`. A customer to whom something
//! belongs is not deleted (409); it is merged into another, whose the documents are then. Who says with `If-Match` what they
//! saw changes that, or nothing (412).

use acuse_storage::{
    CustomerId,
    customers::{
        Customer, CustomerAlias, CustomerPatch, Merged, NewCustomer, Patched, Retired, Saving, Upserted,
    },
    keys::Scope,
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::auth::Caller;
use crate::{
    checked,
    customers::{settled, within},
    etag::{Precondition, Version},
    extract::{Body, Id, Params, cursor, limit, present},
    listing::Listing,
    problem::Problem,
    state::App,
};

/// Query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Query {
    q: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// A customer, as the API shows it.
#[derive(Debug, Serialize)]
pub struct CustomerView {
    id: CustomerId,
    external_id: Option<String>,
    name: String,
    phones: Vec<String>,
    emails: Vec<String>,
    tax_ids: Vec<String>,
    /// Withheld without `ids:read`, like the IDs they stand on.
    id_numbers: Vec<String>,
    /// Members of which something is another customer's too, and recognises neither until that is settled.
    disputed: Vec<&'static str>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
}

impl CustomerView {
    fn new(customer: Customer, caller: &Caller) -> Self {
        let all = || customer.aliases.iter().chain(&customer.disputed);
        let of = |kind| all().filter(|(k, _)| *k == kind).map(|(_, v)| v.clone()).collect();
        let mut disputed: Vec<_> = customer.disputed.iter().map(|(kind, _)| kind.member()).collect();
        disputed.dedup();
        Self {
            disputed,
            id: customer.id,
            phones: of(CustomerAlias::Phone),
            emails: of(CustomerAlias::Email),
            tax_ids: of(CustomerAlias::TaxId),
            id_numbers: if caller.has(Scope::IdsRead) { of(CustomerAlias::IdNumber) } else { Vec::new() },
            external_id: customer.external_id,
            name: customer.name,
            created_at: customer.created_at,
            updated_at: customer.updated_at,
        }
    }
}

/// `GET /v1/customers`, newest first.
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Listing<CustomerView>>, Problem> {
    caller.require_one([Scope::DocumentsRead, Scope::CustomersWrite])?;
    let after = cursor::<CustomerId>(query.after.as_deref())?;
    let page = within(&app, &caller, query.q.as_deref(), after, limit(query.limit)?).await?;
    let data = page.data.into_iter().map(|c| CustomerView::new(c, &caller)).collect();
    Ok(Json(Listing { data, next: page.next.map(|id| id.to_string()) }))
}

/// Numbers of IDs are given, matched and taken away by those alone who may see IDs: else whether a number is known, and
/// whose it is, would be told to whoever asks.
fn may_number(caller: &Caller, given: bool) -> Result<(), Problem> {
    if given { caller.require(Scope::IdsRead) } else { Ok(()) }
}

/// Query of what writes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Write {
    /// Whether a name that is somebody else's leaves them.
    reassign: bool,
}

/// How this caller writes: numbers of IDs that they cannot see they do not mean.
fn saving<'a>(caller: &'a Caller, write: &Write) -> Saving<'a> {
    let keeps: &[CustomerAlias] = if caller.has(Scope::IdsRead) { &[] } else { &[CustomerAlias::IdNumber] };
    Saving { reassign: write.reassign, keeps, ..Saving::adding(&caller.actor) }
}

/// `POST /v1/customers`: adds one (201), or brings the one with this `external_id` or tax id up to date (200), adding
/// names. Documents that wait because nobody knew whose they are are matched again.
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    Params(write): Params<Write>,
    Body(new): Body<NewCustomer>,
) -> Result<Response, Problem> {
    caller.require(Scope::CustomersWrite)?;
    may_number(&caller, !new.id_numbers.is_empty())?;
    save(&app, &caller, new, saving(&caller, &write)).await
}

/// `PUT /v1/customers/by-external-id/{ref}`: the customer is as the body says, and nothing else; added if need be, but not
/// where `If-Match` says that somebody is there.
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    Id(external): Id<String>,
    Params(write): Params<Write>,
    headers: HeaderMap,
    Body(mut new): Body<NewCustomer>,
) -> Result<Response, Problem> {
    caller.require(Scope::CustomersWrite)?;
    // `*` too is of whoever is there (RFC 9110, 13.1.1).
    let is_there = headers.contains_key(header::IF_MATCH);
    let seen = Precondition::if_given(&headers)?.changed_at();
    may_number(&caller, !new.id_numbers.is_empty())?;
    if new.external_id.as_ref().is_some_and(|said| *said != external) {
        return Err(Problem::Unprocessable("external_id: another one than in the address".to_owned()));
    }
    new.external_id = Some(external);
    let saving = Saving { replace: true, ..saving(&caller, &write) };
    if !is_there {
        return save(&app, &caller, new, saving).await;
    }
    let new = as_kept(new)?;
    match app.catalog.save_customer_seen(seen, &new, &saving).await? {
        Patched::Saved(done) => written(&app, &caller, done).await,
        Patched::Changed | Patched::Missing => {
            let external = new.external_id.as_deref().unwrap_or_default();
            Err(stale(&app, app.catalog.customer_of_external(external).await?).await?)
        }
    }
}

/// What was seen is not what is there; of one that is not there any more (or known by another name) there is no version.
async fn stale(app: &App, id: Option<CustomerId>) -> Result<Problem, Problem> {
    let customer = match id {
        Some(id) => app.catalog.customer(id).await?,
        None => None,
    };
    let version = customer.map_or(0, |customer| Version::of_change(customer.updated_at).0);
    Ok(Problem::Stale { what: "customer", version })
}

/// # Errors
/// 422 for what no customer is.
fn as_kept(mut new: NewCustomer) -> Result<NewCustomer, Problem> {
    checked::customer(&new).map_err(Problem::Unprocessable)?;
    new.external_id = new.external_id.map(|e| e.trim().to_owned());
    Ok(new)
}

async fn save(app: &App, caller: &Caller, new: NewCustomer, saving: Saving<'_>) -> Result<Response, Problem> {
    let new = as_kept(new)?;
    let mut done = app.catalog.save_customers(std::slice::from_ref(&new), &saving).await?;
    let done = done.pop().ok_or_else(|| anyhow::anyhow!("a customer was neither added nor found"))?;
    written(app, caller, done).await
}

/// The answer to a write.
async fn written(app: &App, caller: &Caller, done: Upserted) -> Result<Response, Problem> {
    let (status, id) = settled(app, done).await?;
    let customer = app.catalog.customer(id).await?.ok_or(Problem::NotFound("customer"))?;
    Ok((status, shown(customer, caller)).into_response())
}

/// A customer, named by what it is now.
fn shown(customer: Customer, caller: &Caller) -> (Extension<Version>, Json<CustomerView>) {
    let version = Version::of_change(customer.updated_at);
    (Extension(version), Json(CustomerView::new(customer, caller)))
}

/// `GET /v1/customers/{id}`; one that was merged into another is answered with that.
pub async fn show(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<CustomerId>,
) -> Result<(Extension<Version>, Json<CustomerView>), Problem> {
    caller.require_one([Scope::DocumentsRead, Scope::CustomersWrite])?;
    if caller.access().is_bound() && !app.catalog.reaches_customer(caller.access(), id).await? {
        return Err(Problem::NotFound("customer"));
    }
    let customer = app.catalog.customer(id).await?.ok_or(Problem::NotFound("customer"))?;
    Ok(shown(customer, &caller))
}

/// What is to change; what is absent stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    name: Option<String>,
    #[serde(deserialize_with = "present")]
    external_id: Option<Option<String>>,
    phones: Option<Vec<String>>,
    emails: Option<Vec<String>>,
    tax_ids: Option<Vec<String>>,
    id_numbers: Option<Vec<String>>,
}

/// `PATCH /v1/customers/{id}`: a list that is given replaces the one there was; with `If-Match` only as it was seen.
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<CustomerId>,
    Params(write): Params<Write>,
    headers: HeaderMap,
    Body(change): Body<Change>,
) -> Result<Response, Problem> {
    caller.require(Scope::CustomersWrite)?;
    let seen = Precondition::if_given(&headers)?.changed_at();
    may_number(&caller, change.id_numbers.is_some())?;
    let said = NewCustomer {
        external_id: change.external_id.clone().flatten(),
        name: change.name.clone().unwrap_or_else(|| "as it is".to_owned()),
        phones: change.phones.clone().unwrap_or_default(),
        emails: change.emails.clone().unwrap_or_default(),
        tax_ids: change.tax_ids.clone().unwrap_or_default(),
        id_numbers: change.id_numbers.clone().unwrap_or_default(),
    };
    checked::customer(&said).map_err(Problem::Unprocessable)?;
    let patch = CustomerPatch {
        name: change.name,
        external_id: change.external_id.map(|e| e.map(|e| e.trim().to_owned())),
        phones: change.phones,
        emails: change.emails,
        tax_ids: change.tax_ids,
        id_numbers: change.id_numbers,
    };
    match app.catalog.patch_customer((id, seen), patch, &saving(&caller, &write)).await? {
        Patched::Saved(done) => written(&app, &caller, done).await,
        Patched::Changed => Err(stale(&app, Some(id)).await?),
        Patched::Missing => Err(Problem::NotFound("customer")),
    }
}

/// `DELETE /v1/customers/{id}`: 204, unless something is theirs; with `If-Match` only as they were seen.
pub async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<CustomerId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    caller.require(Scope::CustomersWrite)?;
    let seen = Precondition::if_given(&headers)?.changed_at();
    match app.catalog.delete_customer((id, seen), &caller.actor).await? {
        Retired::Gone => Ok(StatusCode::NO_CONTENT),
        Retired::Changed => Err(stale(&app, Some(id)).await?),
        Retired::Missing => Err(Problem::NotFound("customer")),
        Retired::MergedInto(kept) => Err(part_of(kept)),
        Retired::Held => Err(Problem::Conflict("a legal hold forbids it (GET /v1/holds)".to_owned())),
        Retired::Owns { documents, contacts, obligations } => Err(Problem::Conflict(format!(
            "{documents} documents, {contacts} senders and {obligations} obligations are theirs; merge them into \
             another customer (POST /v1/customers/{{id}}/merge), which keeps what was filed"
        ))),
    }
}

/// Nobody goes by an id that leads to them.
fn part_of(kept: CustomerId) -> Problem {
    Problem::Conflict(format!("it became part of customer {kept}; say that id if it is meant"))
}

/// Which customer goes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    from: CustomerId,
}

/// `POST /v1/customers/{id}/merge`: `from` becomes part of this one, with all that is theirs.
pub async fn merge(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<CustomerId>,
    Body(merge): Body<Merge>,
) -> Result<Response, Problem> {
    caller.require(Scope::CustomersWrite)?;
    match app.catalog.merge_customers(id, merge.from, &caller.actor).await? {
        Merged::Done(documents) => {
            tracing::info!(customer_id = %id, documents, "two customers are one");
            written(&app, &caller, Upserted::Updated(id)).await
        }
        Merged::Missing => Err(Problem::NotFound("customer, or they are one already")),
        Merged::MergedInto(kept) => Err(part_of(kept)),
        Merged::SameObligations => Err(Problem::Conflict(
            "both have an obligation of the same number; settle one of the two first".to_owned(),
        )),
    }
}

/// A name that several customers have.
#[derive(Debug, Serialize)]
pub struct ConflictView {
    member: &'static str,
    /// Withheld for ID numbers without `ids:read`.
    value: Option<String>,
    customers: Vec<SharerView>,
}

#[derive(Debug, Serialize)]
struct SharerView {
    id: CustomerId,
    name: String,
}

/// Query of the conflicts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Conflicts {
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /v1/customers/conflicts`: names that recognise nobody because several customers have them. Settled by changing
/// or merging one of them.
pub async fn conflicts(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Conflicts>,
) -> Result<Json<Listing<ConflictView>>, Problem> {
    caller.require_one([Scope::DocumentsRead, Scope::CustomersWrite])?;
    if caller.access().is_bound() {
        return Err(Problem::Bound);
    }
    let after = match query.after.as_deref().map(str::trim).filter(|after| !after.is_empty()) {
        Some(after) => Some(app.catalog.opened_place(after).await?.ok_or_else(|| {
            Problem::Unprocessable("after: pass the `next` of the page before, unchanged".to_owned())
        })?),
        None => None,
    };
    let page = app.catalog.alias_conflicts(after.as_ref(), limit(query.limit)?).await?;
    let shown = |kind| kind != CustomerAlias::IdNumber || caller.has(Scope::IdsRead);
    let data = page.data.into_iter().map(|c| ConflictView {
        member: c.kind.member(),
        value: Some(c.value).filter(|_| shown(c.kind)),
        customers: c.customers.into_iter().map(|(id, name)| SharerView { id, name }).collect(),
    });
    // It names the last name of the page, which the page itself may withhold.
    let next = match page.next {
        Some(place) => Some(app.catalog.sealed_place(&place).await?),
        None => None,
    };
    Ok(Json(Listing { data: data.collect(), next }))
}
