//! Customers, as the API and the desk find and write them.

use acuse_storage::{
    CustomerId,
    customers::{Customer, CustomerAlias, CustomerLookup, NewCustomer, TakenAlias, Upserted, name_key},
    documents::Page,
};
use axum::http::StatusCode;

use crate::{access::Caller, problem::Problem, state::App};

/// A page of the customers that exist for `caller`.
///
/// # Errors
/// When the catalog fails.
pub async fn within(
    app: &App,
    caller: &Caller,
    q: Option<&str>,
    after: Option<CustomerId>,
    limit: u32,
) -> Result<Page<Customer, CustomerId>, Problem> {
    Ok(app.catalog.customers(caller.access(), q, after, limit).await?)
}

/// What of a new customer somebody has who is called otherwise: to add them would rename that one, unasked.
///
/// # Errors
/// When the catalog fails.
pub(crate) async fn known_otherwise(app: &App, new: &NewCustomer) -> Result<Vec<TakenAlias>, Problem> {
    let is_other = |customer: &Customer| name_key(&customer.name) != name_key(&new.name);
    let mut taken = Vec::new();
    if let Some(external) = &new.external_id
        && let Some(owner) = app.catalog.customer_of_external(external).await?
        && app.catalog.customer(owner).await?.as_ref().is_some_and(is_other)
    {
        taken.push(TakenAlias { member: "external_id", value: external.clone(), owner });
    }
    let lookup = CustomerLookup {
        tax_ids: new.tax_ids.clone(),
        id_numbers: new.id_numbers.clone(),
        ..CustomerLookup::default()
    };
    if lookup == CustomerLookup::default() {
        return Ok(taken);
    }
    let given = [(CustomerAlias::TaxId, &new.tax_ids), (CustomerAlias::IdNumber, &new.id_numbers)];
    for (customer, _) in app.catalog.customers_known_by(&lookup).await? {
        let theirs = customer.aliases.iter().filter(|_| is_other(&customer)).filter(|(kind, value)| {
            given.iter().any(|(of, values)| {
                of == kind && values.iter().any(|v| kind.normalized(v).as_ref() == Some(value))
            })
        });
        let owner = customer.id;
        taken.extend(theirs.map(|(kind, value)| TakenAlias {
            member: kind.member(),
            value: value.clone(),
            owner,
        }));
    }
    Ok(taken)
}

/// Which customer was written, after what waits was matched again.
///
/// # Errors
/// 409 where something is another customer's.
pub(crate) async fn settled(app: &App, done: Upserted) -> Result<(StatusCode, CustomerId), Problem> {
    let (status, id) = match done {
        Upserted::Created(id) => (StatusCode::CREATED, id),
        Upserted::Updated(id) => (StatusCode::OK, id),
        Upserted::Taken(taken) => return Err(Problem::Taken(taken)),
    };
    let rematched = app.catalog.rematch_waiting().await?;
    tracing::info!(customer_id = %id, rematched, added = status == StatusCode::CREATED, "a customer was written");
    Ok((status, id))
}
